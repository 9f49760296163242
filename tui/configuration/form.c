// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A form: fields under each other, the one in focus with a word of help at the foot. A field is checked when
 * it is left, and says what is wrong beside itself; nobody is held in a field, but the form is not taken
 * while one is wrong. Fields that mean nothing for what was chosen are not there. It scrolls where it is too
 * long.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/secret.h"
#include "tui/configuration/configuration_internal.h"

#define LABEL 17
#define WIDEST 92
#define FOOT 5 /* a rule, three lines of help, the buttons */

struct form_field *
form_field(struct form *form, const char *key)
{
	for (size_t i = 0; i < form->count; i++) {
		if (strcmp(form->fields[i].key, key) == 0)
			return &form->fields[i];
	}
	return NULL;
}

const char *
form_text(const struct form *form, const char *key)
{
	const struct form_field *field = form_field((struct form *)form, key);

	return field != NULL ? field->input.text : "";
}

const char *
form_choice(const struct form *form, const char *key)
{
	const struct form_field *field = form_field((struct form *)form, key);

	return field != NULL && field->choices != NULL ? field->choices[field->choice] : "";
}

void
form_wipe(struct form *form)
{
	for (size_t i = 0; i < form->count; i++)
		explicit_bzero(&form->fields[i].input, sizeof(form->fields[i].input));
}

static bool
is_shown(const struct form *form, size_t i)
{
	return i == form->count || form->fields[i].shown == NULL || form->fields[i].shown(form);
}

/* --- checking ------------------------------------------------------------------------------------ */

static bool
check_field(struct form *form, struct form_field *field)
{
	field->problem[0] = '\0';
	return field->kind == FORM_CHOICE || field->check == NULL ||
	       field->check(form, field->input.text, field->problem);
}

bool
form_check(struct form *form)
{
	size_t bad = form->count;

	for (size_t i = form->count; i-- > 0;) {
		form->fields[i].visited = true;
		if (is_shown(form, i) && !check_field(form, &form->fields[i]))
			bad = i;
	}
	if (bad < form->count)
		form->focus = bad;
	return bad == form->count;
}

static void
leave(struct form *form)
{
	struct form_field *field = &form->fields[form->focus];

	if (form->focus == form->count)
		return;
	if (field->left != NULL)
		field->left(form);
	field->visited = true;
	for (size_t i = 0; i < form->count; i++) { /* others may depend on it */
		if (form->fields[i].visited && is_shown(form, i))
			check_field(form, &form->fields[i]);
	}
}

static void
go(struct form *form, int step)
{
	size_t next = form->focus;

	leave(form);
	do {
		if (step < 0 && next == 0)
			return;
		if (step > 0 && next == form->count)
			return;
		next += (size_t)step;
	} while (!is_shown(form, next));
	form->focus = next;
	form->button = 0;
}

/* --- drawing ------------------------------------------------------------------------------------- */

static void
value_text(const struct form_field *field, bool focus, char *out, size_t size)
{
	const char *text = field->input.text;

	if (field->kind == FORM_CHOICE) {
		snprintf(out, size, focus ? "< %s >" : "%s", field->choices[field->choice]);
	} else if (field->kind == FORM_SECRET && !field->plain) {
		size_t length = strlen(text) < size ? strlen(text) : size - 1;

		memset(out, '*', length);
		out[length] = '\0';
	} else {
		snprintf(out, size, "%s", text);
	}
}

static void
draw_input(const struct form_field *field, const struct area *area, int row, const char *text)
{
	struct input copy = field->input;
	struct area part = area_part(area, row, LABEL + 2, 1, area->cols - LABEL - 2);

	if (field->kind == FORM_SECRET && !field->plain)
		snprintf(copy.text, sizeof(copy.text), "%.*s", INPUT_TEXT - 1, text);
	input_draw(&copy, &part, 0, "");
	explicit_bzero(&copy, sizeof(copy));
}

static void
draw_field(const struct form *form, const struct area *area, int row, size_t i)
{
	const struct form_field *field = &form->fields[i];
	bool focus = i == form->focus;
	char text[INPUT_TEXT + 8];
	int col;

	value_text(field, focus, text, sizeof(text));
	area_text(area, row, 0, focus ? ROLE_accent : ROLE_dim, focus ? "▸" : " ");
	area_field(area, row, 1, LABEL, false, focus ? ROLE_title : ROLE_heading, field->label);
	if (focus && field->kind != FORM_CHOICE) {
		draw_input(field, area, row, text);
		col = LABEL + 3 + text_columns(text);
	} else {
		col = area_text(area, row, LABEL + 2, ROLE_text, text);
	}
	if (field->problem[0] != '\0' && col + 3 < area->cols) {
		char problem[FORM_PROBLEM + 8];

		snprintf(problem, sizeof(problem), "✕ %s", focus ? "" : field->problem);
		area_field(area, row, col + 1, area->cols - col - 1, false, ROLE_bad, problem);
	}
	explicit_bzero(text, sizeof(text));
}

/* What the field in focus wants, and what is wrong with it. */
static void
draw_help(const struct form *form, const struct area *area)
{
	const struct form_field *field = &form->fields[form->focus];
	int rows = 0;

	area_repeat(area, 0, 0, area->cols, ROLE_border, U'─');
	if (form->focus == form->count) {
		area_wrap(area, 1, 0, area->cols, 3, ROLE_dim,
			  "The gateway checks it first and says what would happen; nothing changes yet.");
		return;
	}
	if (field->problem[0] != '\0') {
		char text[FORM_PROBLEM + 8];

		snprintf(text, sizeof(text), "✕ %s", field->problem);
		rows = area_wrap(area, 1, 0, area->cols, 2, ROLE_bad, text);
	}
	if (rows < 3)
		area_wrap(area, 1 + rows, 0, area->cols, 3 - rows, ROLE_dim, field->help);
}

static void
draw_buttons(const struct form *form, const struct area *line)
{
	bool on = form->focus == form->count;
	int col = line->cols - 24;

	col = area_text(line, 0, col, on && form->button == 1 ? ROLE_focus : ROLE_button,
			on && form->button == 1 ? "[ Cancel ]" : "  Cancel  ");
	area_text(line, 0, col + 1, on && form->button == 0 ? ROLE_focus : ROLE_button,
		  on && form->button == 0 ? "[ Check it ]" : "  Check it  ");
}

void
form_draw(struct form *form, const struct area *area)
{
	int cols = area->cols - 2 < WIDEST ? area->cols - 2 : WIDEST, rows = 0, row = 0, at = 0;
	struct area box, body, foot;

	for (size_t i = 0; i < form->count; i++) {
		rows += is_shown(form, i);
		at += i < form->focus && is_shown(form, i);
	}
	rows = rows + FOOT + 2 < area->rows ? rows + FOOT + 2 : area->rows;
	box = area_part(area, (area->rows - rows) / 2, (area->cols - cols) / 2, rows, cols);
	box.ground = GROUND_DIALOG;
	box.dimmed = false;
	area_frame(&box, ROLE_border, form->title);
	body = area_part(&box, 1, 2, rows - FOOT - 2, cols - 4);
	foot = area_part(&box, rows - FOOT - 1, 2, FOOT, cols - 4);
	if (form->focus < form->count && at < (int)form->top)
		form->top = (size_t)at;
	if (at - (int)form->top >= body.rows)
		form->top = (size_t)(at - body.rows + (form->focus < form->count));
	for (size_t i = 0; i < form->count; i++) {
		if (!is_shown(form, i))
			continue;
		if (row >= (int)form->top)
			draw_field(form, &body, row - (int)form->top, i);
		row++;
	}
	if (form->top > 0)
		area_text(&box, 0, box.cols - 9, ROLE_dim, " more ▲ ");
	draw_help(form, &foot);
	if (row - (int)form->top > body.rows)
		area_text(&foot, 0, foot.cols - 7, ROLE_dim, " more ▼ ");
	body = area_part(&foot, FOOT - 1, 0, 1, foot.cols);
	draw_buttons(form, &body);
}

/* --- keys ---------------------------------------------------------------------------------------- */

static void
generate(struct form_field *field)
{
	char text[SECRET_MADE + 1];

	if (!secret_make(text))
		return;
	input_set(&field->input, text);
	field->plain = true; /* the other side has to get it */
	explicit_bzero(text, sizeof(text));
}

/* Goes on with the names in a folder as far as they agree; false where that adds nothing. */
static bool
complete_path(struct form_field *field)
{
	const char *text = field->input.text, *slash = strrchr(text, '/');
	size_t lead = slash != NULL ? (size_t)(slash - text) + 1 : 0, typed = strlen(text + lead), count = 0;
	char folder[INPUT_TEXT], common[256] = "", whole[INPUT_TEXT * 2], full[INPUT_TEXT * 3];
	const char *home = getenv("HOME");
	const struct dirent *entry;
	struct stat status;
	DIR *dir;

	snprintf(folder, sizeof(folder), "%.*s", (int)lead, text);
	if (strncmp(folder, "~/", 2) == 0 && home != NULL)
		snprintf(full, sizeof(full), "%s/%s", home, folder + 2);
	else
		snprintf(full, sizeof(full), "%s", lead > 0 ? folder : ".");
	dir = opendir(full);
	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		size_t same = 0;

		if (strncmp(entry->d_name, text + lead, typed) != 0 ||
		    (typed == 0 && entry->d_name[0] == '.'))
			continue;
		if (count++ == 0)
			snprintf(common, sizeof(common), "%s", entry->d_name);
		while (common[same] != '\0' && common[same] == entry->d_name[same])
			same++;
		common[same] = '\0';
	}
	if (dir != NULL)
		closedir(dir);
	snprintf(whole, sizeof(whole), "%s%s", folder, common);
	snprintf(full + strlen(full), sizeof(full) - strlen(full), "/%s", common);
	if (count == 1 && stat(full, &status) == 0 && S_ISDIR(status.st_mode))
		snprintf(whole + strlen(whole), sizeof(whole) - strlen(whole), "/");
	if (count == 0 || strlen(whole) <= strlen(text) || strlen(whole) >= INPUT_TEXT)
		return false;
	input_set(&field->input, whole);
	return true;
}

static void
choose(struct form *form, struct form_field *field, int step)
{
	size_t count = 0;

	while (field->choices[count] != NULL)
		count++;
	field->choice = (field->choice + count + (size_t)step) % count;
	if (field->left != NULL)
		field->left(form);
}

static bool
field_key(struct form *form, struct form_field *field, key_code key)
{
	if (field->kind == FORM_CHOICE) {
		if (key != KEYS_LEFT && key != KEYS_RIGHT && key != ' ')
			return false;
		choose(form, field, key == KEYS_LEFT ? -1 : 1);
		return true;
	}
	if (field->kind == FORM_SECRET && key == KEYS_CONTROL + 'g')
		generate(field);
	else if (field->kind == FORM_SECRET && key == KEYS_CONTROL + 't')
		field->plain = !field->plain;
	else if (field->kind == FORM_PATH && key == KEYS_TAB && complete_path(field))
		;
	else if (!input_key(&field->input, key))
		return false;
	if (field->problem[0] != '\0')
		check_field(form, field); /* it goes away as soon as it is right */
	return true;
}

enum form_answer
form_key(struct form *form, key_code key)
{
	bool buttons = form->focus == form->count;

	if (key == KEYS_ESCAPE || key == KEYS_CONTROL + 'c')
		return FORM_LEAVE;
	if (buttons && key == KEYS_ENTER) {
		if (form->button == 1)
			return FORM_LEAVE;
		return form_check(form) ? FORM_GO : FORM_STAYS;
	}
	if (buttons && (key == KEYS_LEFT || key == KEYS_RIGHT || key == KEYS_TAB)) {
		form->button = !form->button;
		return FORM_STAYS;
	}
	if (!buttons && field_key(form, &form->fields[form->focus], key))
		return FORM_STAYS;
	if (key == KEYS_DOWN || key == KEYS_TAB || key == KEYS_ENTER || key == KEYS_PAGE_DOWN)
		go(form, 1);
	else if (key == KEYS_UP || key == KEYS_BACK_TAB || key == KEYS_PAGE_UP)
		go(form, -1);
	return FORM_STAYS;
}
