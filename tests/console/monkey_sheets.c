// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The monkey at the sheets that stand before what is dangerous. It reads them from the screen, as a person
 * does: where [ Cancel ] stands, which button is in brackets, what must be typed. A press of the button in
 * focus is the only thing that gives the gateway leave to take a dangerous command (monkey_gateway.c counts
 * what came without). And no button ever has the focus where nothing was typed that goes there.
 *
 * To be sure that the screen is what the typed keys made of it, a signal for a new size of the window is sent
 * once all of them were read: the console draws everything anew, after them and from the top, so the screen
 * is whole when its last line is there.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/text.h"
#include "tests/console/monkey.h"

#define CLEAR "\x1b[2J"
#define SHORTEST 100 /* us */
#define LONGEST 2000
#define TRIES 12 /* looks until a sheet has its answers: one for each marked row, and some */
#define LIVE_PATIENCE (6 * USEC_PER_SEC) /* the console's longest pause between two tries, and some */
#define LATE (200 * USEC_PER_MS)         /* for a request whose button was pressed */

/* --- looking
 * --------------------------------------------------------------------------------------------------- */

static bool
redrawn(const struct monkey *m, size_t mark)
{
	const char *bytes = screen_written(m->world);

	return bytes != NULL && screen_bytes(m->world) > mark && strstr(bytes + mark, CLEAR) != NULL;
}

void
monkey_settle(struct monkey *m)
{
	usec_t end = clock_monotonic() + MONKEY_PATIENCE;
	useconds_t wait = SHORTEST;
	size_t mark;

	while (screen_unread(m->world) > 0 && clock_monotonic() < end) {
		usleep(wait); /* nothing tells that they were read */
		wait = wait < LONGEST ? wait * 2 : wait;
		monkey_turn(m, false);
	}
	monkey_turn(m, false);
	if (screen_ended(m->world))
		return;
	mark = screen_bytes(m->world);
	screen_signal(m->world, SIGWINCH);
	while (!screen_ended(m->world) && !(redrawn(m, mark) && monkey_footer_there(m)) &&
	       clock_monotonic() < end)
		monkey_turn(m, true);
	monkey_turn(m, false); /* what it sent before it drew */
	if (!screen_ended(m->world) && clock_monotonic() >= end)
		monkey_fail(m, "%s",
			    screen_unread(m->world) > 0 ? "it takes no keys"
			    : redrawn(m, mark)          ? "it shows no footer"
							: "it does not draw");
}

/* "switch over", "down 3", "drain all the same": the command of a button's word, and what stands behind. */
static const struct command *
command_of(const char *label, const char **rest)
{
	size_t count;
	const struct command *table = command_table(&count);

	for (size_t i = 0; i < count; i++) {
		const char *word = table[i].label != NULL ? table[i].label : table[i].name;
		size_t length = strlen(word);

		if (table[i].dangerous && strncmp(label, word, length) == 0 && label[length] == ' ') {
			*rest = label + length;
			return &table[i];
		}
	}
	return NULL;
}

static int
column_of(const char *text, const char *at)
{
	int col = 0;

	for (const char *p = text; p < at; p++)
		col += ((unsigned char)*p & 0xc0) != 0x80;
	return col;
}

/* What stands right of Cancel. */
static bool
read_action(const char *text, const char *at, struct sight *out)
{
	const char *rest = at, *end;

	at += strspn(at, " ]");
	out->focus = at[0] == '[';
	at += out->focus ? 2 : 0;
	out->command = command_of(at, &rest);
	if (out->command == NULL && strncmp(at, "force", 5) != 0)
		return false;
	out->count = out->command != NULL && strtoul(rest, NULL, 10) > 0 ? strtoul(rest, NULL, 10) : 1;
	end = strstr(at, out->focus ? " ]" : "  ");
	snprintf(out->label, sizeof(out->label), "%.*s", (int)(end != NULL ? end - at : 0), at);
	out->action_col = column_of(text, at);
	out->action = true;
	return true;
}

static bool
read_buttons(const char *text, struct sight *out)
{
	const char *cancel = strstr(text, "Cancel"), *apply = strstr(text, "[ Apply ]");

	*out = (struct sight){0};
	if (strstr(text, "[ Close ]") != NULL) {
		out->open = true;
	} else if (cancel != NULL && apply != NULL) { /* the review of a configuration */
		*out = (struct sight){.open = true, .action = true, .focus = true, .count = 1};
		out->command = command_find("configure");
		snprintf(out->label, sizeof(out->label), "Apply");
	} else if (cancel != NULL && read_action(text, cancel + 6, out)) {
		out->open = true;
		out->cancel_col = column_of(text, cancel);
	}
	return out->open;
}

static struct sight
read_screen(struct monkey *m)
{
	struct sight sight = {0};
	char text[2048];

	for (int row = m->rows - 1; row >= 0; row--) {
		screen_row(m->world, row, text, sizeof(text) - 1);
		strcat(text, " "); /* a label's end, also at the screen's edge */
		if (read_buttons(text, &sight)) {
			sight.row = row;
			return sight;
		}
	}
	return (struct sight){0};
}

/* A leave that was not used: the sheet asks again, or is gone; one that still works through its rows keeps
 * it. */
static void
end_leave(struct monkey *m, const struct sight *sight)
{
	usec_t end = clock_monotonic() + LATE;

	if (sight->open && !sight->action)
		return;
	if (m->leave.count + m->leave.back > 0)
		m->silent_until = 0;
	for (int i = 0; i < 3 && m->leave.back > 0; i++)
		monkey_turn(m, false);
	while (!sight->open && m->serving && m->leave.count > 0 && clock_monotonic() < end)
		monkey_turn(m, true);
	m->leave.count = m->leave.back = 0;
}

struct sight
monkey_look(struct monkey *m)
{
	struct sight sight, before = m->sight;

	monkey_settle(m);
	if (screen_ended(m->world))
		return (struct sight){0};
	sight = read_screen(m);
	if (sight.focus && m->moved == 0 && !(before.focus && strcmp(before.label, sight.label) == 0))
		monkey_fail(m, "'%s' has the focus, and nobody went there", sight.label);
	end_leave(m, &sight);
	m->moved = 0;
	m->sight = sight;
	return sight;
}

/* --- opening
 * --------------------------------------------------------------------------------------------------- */

/* Keys that open a sheet on their last one; first the row is gone to. */
static const char *const by_keys[] = {"1g s",  "1gj d", "1gj D",  "1gj U", "1gj x", "1G d",
				      "2g d",  "2g s",  "2gj D",  "2g U",  "3g x",  "3g X",
				      "3gj s", "2g**d", "2gj**D", "3g**X"};
static const char *const by_words[] = {"switchover aws-paris",
				       "switchover aws-paris --confirm-within 30",
				       "down plant/2",
				       "down aws-paris/1 --force",
				       "disable plant/1",
				       "drain aws-paris/1",
				       "undrain aws-paris/1",
				       "drill aws-paris",
				       "drill plant --force",
				       "reset aws-paris/1",
				       "reset core --soft",
				       "shutdown aws-paris/1 --message bye",
				       "withdraw 10.20.0.0/16",
				       "reload",
				       "reload --confirm-within 60"};

static bool
row_begins(struct monkey *m, int row, const char *text)
{
	char line[2048];

	if (row < 0)
		return false;
	screen_row(m->world, row, line, sizeof(line));
	return strncmp(line, text, strlen(text)) == 0;
}

static bool
prompt_there(struct monkey *m)
{
	monkey_settle(m);
	return !screen_ended(m->world) &&
	       (row_begins(m, m->rows - 2, ":") || row_begins(m, m->rows - 2, " :"));
}

static bool
is_live(struct monkey *m)
{
	char line[2048];

	screen_row(m->world, 0, line, sizeof(line));
	return strstr(line, "live") != NULL;
}

/* Nothing is open, the window has room for a sheet, the gateway is there. */
static bool
prepare(struct monkey *m)
{
	usec_t end = clock_monotonic() + LIVE_PATIENCE;

	m->silent_until = 0;
	gateway_serve(m);
	if (monkey_chance(m, 3) == 0)
		gateway_restore(m);
	for (int i = 0; i < 2 && !screen_ended(m->world); i++)
		monkey_escape(m);
	if (!screen_ended(m->world) && (m->rows < 20 || m->cols < 60))
		monkey_resize(m, 20 + (int)monkey_chance(m, 30), 60 + (int)monkey_chance(m, 90));
	while (!screen_ended(m->world) && !is_live(m) && clock_monotonic() < end)
		monkey_turn(m, true);
	return !screen_ended(m->world) && is_live(m) && !monkey_look(m).open && !screen_ended(m->world);
}

/* Types what opens a sheet; one whose gateway does not answer yet is waited for. */
static struct sight
open_sheet(struct monkey *m)
{
	bool words = m->temper != NO_ENTER && monkey_chance(m, 3) != 0;
	const char *text = words ? PICK(m, by_words) : PICK(m, by_keys);
	struct sight sight = {0};

	if (words) {
		monkey_type(m, ":", 1);
		if (!prompt_there(m))
			return sight;
	}
	for (const char *p = text; *p != '\0'; p++) {
		if (words || *p != ' ')
			monkey_type(m, p, 1);
	}
	if (words)
		monkey_type(m, "\r", 1);
	for (int i = 0; i < TRIES && !screen_ended(m->world) && !sight.action; i++) {
		sight = monkey_look(m);
		if (!sight.open)
			break;
		gateway_answer_held(m);
		monkey_turn(m, false);
	}
	return sight;
}

/* --- what can be done with one
 * --------------------------------------------------------------------------------- */

static void
click(struct monkey *m, int row, int col)
{
	char bytes[32];
	int length = snprintf(bytes, sizeof(bytes), "\x1b[<0;%d;%dM", col + 1, row + 1);

	monkey_type(m, bytes, (size_t)length);
}

static void
type_text(struct monkey *m, const char *keys)
{
	monkey_type(m, keys, strlen(keys));
}

/* "type lyon to go on: ". */
static void
type_what_must_be(struct monkey *m)
{
	static const char lead[] = "type ", tail[] = " to go on: ";
	char line[2048];

	for (int row = m->sight.row - 1; row >= 0; row--) {
		const char *at, *end;

		screen_row(m->world, row, line, sizeof(line));
		at = strstr(line, lead);
		end = at != NULL ? strstr(at, tail) : NULL;
		if (end == NULL)
			continue;
		at += sizeof(lead) - 1;
		monkey_type(m, at, (size_t)(end - at));
		return;
	}
}

/* The focus goes to the button, in one of the ways there are. */
static struct sight
go_to_button(struct monkey *m, const struct sight *sight)
{
	static const char *const ways[] = {"\t", "\x1b[Z", "\x1b[C", "\x1b[D", "\x1bOC", "\t\t\t"};

	if (monkey_chance(m, 4) == 0)
		click(m, sight->row, sight->action_col);
	else
		type_text(m, PICK(m, ways));
	return monkey_look(m);
}

static void
press_button(struct monkey *m, const struct sight *sight)
{
	static const char *const ways[] = {"\r", "\n", "\x1bOM", "\r\r"};

	if (monkey_chance(m, 4) == 0)
		click(m, sight->row, sight->action_col);
	else
		type_text(m, PICK(m, ways));
}

/* Nothing of it may come to the gateway, and the sheet is gone. */
static void
cancel(struct monkey *m, const struct sight *sight)
{
	size_t before = m->dangerous;
	bool open;

	switch (m->temper == NO_ENTER ? 3 + monkey_chance(m, 4) : monkey_chance(m, 7)) {
	case 0: /* right after it opened */
		type_text(m, "\r");
		break;
	case 1:
		click(m, sight->row, sight->cancel_col);
		break;
	case 2:
		type_text(m, m->temper == NO_BUTTON ? "\n" : "\t\t\r");
		break;
	case 3:
		type_text(m, "\x03");
		break;
	case 4:
		type_text(m, "j+k-");
		monkey_escape(m);
		break;
	case 5:
		if (m->temper != NO_BUTTON)
			go_to_button(m, sight);
		monkey_escape(m);
		break;
	default:
		monkey_escape(m);
	}
	open = monkey_look(m).open;
	if (m->dangerous != before)
		monkey_fail(m, "'%s' was cancelled, and %s was sent", sight->label, m->sent);
	if (open)
		monkey_fail(m, "the sheet of '%s' does not close", sight->label);
	m->cancelled++;
}

/* The button is pressed while no gateway is there: nothing is sent then, nor when it is back. */
static void
press_while_gone(struct monkey *m)
{
	size_t before = m->dangerous;
	struct sight sight;

	gateway_stop(m);
	sight = monkey_look(m);
	if (sight.focus)
		press_button(m, &sight);
	monkey_look(m);
	gateway_serve(m);
	for (int i = 0; i < 5; i++)
		monkey_turn(m, false);
	if (m->dangerous != before)
		monkey_fail(m, "%s was sent to a gateway that was away", m->sent);
}

/* The command must come, once: and for several, one at least (each waits for the answer before it). */
static void
expect_it(struct monkey *m, const struct sight *sight)
{
	size_t which = command_index(sight->command), before = m->came[which];
	usec_t end = clock_monotonic() + MONKEY_PATIENCE;

	press_button(m, sight);
	while (!screen_ended(m->world) && m->came[which] == before && clock_monotonic() < end) {
		if (monkey_look(m).focus)
			return; /* not ready: what must be typed was not, or the gateway is just away */
	}
	if (screen_ended(m->world))
		return;
	if (m->came[which] == before)
		monkey_fail(m, "'%s' was pressed, and nothing came", sight->label);
	m->confirmed++;
	m->confirmed_of[which]++;
}

/* To the button and on it, once or, where the gateway asks whether by force, twice. */
static void
confirm(struct monkey *m)
{
	for (int question = 0; question < 2 && !screen_ended(m->world); question++) {
		struct sight sight = m->sight;

		if (!sight.action || sight.focus)
			return;
		type_what_must_be(m);
		sight = go_to_button(m, &sight);
		if (monkey_chance(m, 6) == 0) {
			monkey_resize(m, 20 + (int)monkey_chance(m, 30), 60 + (int)monkey_chance(m, 90));
			sight = monkey_look(m);
		}
		if (!sight.focus)
			return;
		if (monkey_chance(m, 12) == 0) {
			press_while_gone(m);
			return;
		}
		if (sight.command != NULL)
			expect_it(m, &sight);
		else
			press_button(m, &sight);
		gateway_answer_held(m);
		monkey_look(m);
		if (monkey_chance(m, 4) == 0)
			type_text(m, "z");
	}
}

void
monkey_visit_sheet(struct monkey *m)
{
	struct sight sight;

	if (m->temper == BLIND || !prepare(m))
		return;
	sight = open_sheet(m);
	if (screen_ended(m->world) || !sight.action) {
		monkey_escape(m);
		return;
	}
	m->opened++;
	if (m->temper == WATCHED && monkey_chance(m, 3) != 0)
		confirm(m);
	else
		cancel(m, &sight);
	for (int i = 0; i < TRIES && !screen_ended(m->world) && monkey_look(m).open; i++) {
		gateway_answer_held(m);
		monkey_escape(m);
	}
}
