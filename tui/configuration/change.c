// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A change of the configuration on its way, from the wish to the gateway:
 *
 *   fetch (the file as it is on the gateway's disk, secrets masked, and its hash)
 *     -> the editor, or the form -> configure --dry-run -> errors: edit again, or drop
 *                                                       -> the review: the diff, and what would happen
 *     -> configure --confirm-within -> the countdown, everywhere, until K or the gateway's return
 *
 * Each answer carries the number of the step that asked, since a person may have gone on meanwhile. What was
 * edited and can't be applied now is kept in a file at once, whatever the person does next.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/control/protocol.h"
#include "tui/configuration/configuration_internal.h"
#include "tui/format.h"

#define CONTEXT_LINES 3

static const char *const deed_names[] = {
    [DEED_DROP] = "Drop it", [DEED_AGAIN] = "Edit again", [DEED_CHECK] = "Try again",
    [DEED_APPLY] = "Apply",  [DEED_CANCEL] = "Cancel",    [DEED_FETCH] = "Edit the new text",
    [DEED_FORCE] = "Force …"};

static const unsigned waits[CHANGE_WAITS] = {60, 300,
					     0}; /* seconds until it goes back by itself; 0: it stays */

struct asked {
	struct configuring *c;
	unsigned number;
	void (*take)(struct configuring *c, const struct control_reply *reply);
};

void
change_wipe(char **text)
{
	if (*text != NULL)
		memory_wipe_free(*text, strlen(*text));
	*text = NULL;
}

void
change_step(struct configuring *c, enum step step)
{
	c->step = step;
	c->number++;
	change_surface(c);
	app_changed(c->app);
}

void
change_show_form(struct configuring *c, bool open)
{
	c->form_open = open;
	change_surface(c);
}

/* --- asking the gateway -------------------------------------------------------------------------- */

static void
on_reply(void *context, const struct control_reply *reply)
{
	struct asked *asked = context;

	if (!asked->c->waiting_closed && asked->number == asked->c->number) {
		asked->c->app->message.text[0] = '\0'; /* that it is under way */
		asked->take(asked->c, reply);
	}
	free(asked);
}

static void
ask(struct configuring *c, const char *command, json_t *arguments,
    void (*take)(struct configuring *c, const struct control_reply *reply))
{
	struct asked *asked = memory_zeroed(1, sizeof(*asked));

	*asked = (struct asked){.c = c, .number = c->number, .take = take};
	control_client_command(c->app->client, command, arguments, on_reply, asked);
}

const char *
change_words(const struct control_reply *reply)
{
	return reply->text != NULL && reply->text[0] != '\0' ? reply->text : "the gateway did not say why";
}

/* --- keeping ------------------------------------------------------------------------------------- */

/* The edited text goes into a file that is named, once; a form stays open instead. */
void
change_keep(struct configuring *c)
{
	struct error err = {""};

	if (c->by_form || c->text == NULL || c->kept[0] != '\0')
		return;
	if (!keep_text(c->text, c->kept, sizeof(c->kept), &err)) {
		c->kept[0] = '\0';
		app_say(c->app, ROLE_bad, "%s", err.text);
	}
}

void
change_forget(struct configuring *c)
{
	change_wipe(&c->base);
	change_wipe(&c->text);
	change_wipe(&c->secrets);
	change_wipe(&c->notes);
	c->kept[0] = '\0';
	c->force = false;
	review_free(&c->review);
	change_step(c, STEP_NONE);
}

void
change_drop(struct configuring *c)
{
	if (c->by_form) {
		change_forget(c);
		change_show_form(c, true);
		return;
	}
	if (c->kept[0] != '\0')
		app_say(c->app, ROLE_text, "nothing was changed; your text is in %s", c->kept);
	else
		app_say(c->app, ROLE_text, "nothing was changed");
	change_forget(c);
}

/* --- reviews ------------------------------------------------------------------------------------- */

static void
buttons(struct configuring *c, const char *title, enum deed first, enum deed second)
{
	review_begin(&c->review, title, deed_names[first], deed_names[second], NULL);
	c->deeds[0] = first;
	c->deeds[1] = second;
	if (c->by_form && first == DEED_AGAIN)
		c->review.buttons[0] = "Back to the form";
}

static void
say_kept(struct configuring *c)
{
	if (c->kept[0] == '\0')
		return;
	review_add(&c->review, ROLE_text, "");
	review_print(&c->review, ROLE_accent, "Your text is kept in %s", c->kept);
}

static void
add_lines(struct configuring *c, enum theme_role role, const json_t *lines)
{
	const json_t *line;
	size_t i;

	json_array_foreach (lines, i, line)
		review_add(&c->review, role, json_string_value(line) != NULL ? json_string_value(line) : "");
}

/* Errors come as "FILE:LINE:COLUMN: text": the line itself is shown under each. */
static void
add_error(struct configuring *c, const char *error)
{
	size_t length = strlen(c->file);
	const char *text = c->text;
	char *end;
	unsigned long line;

	review_add(&c->review, ROLE_bad, error);
	if (c->by_form || length == 0 || strncmp(error, c->file, length) != 0 || error[length] != ':')
		return;
	line = strtoul(error + length + 1, &end, 10);
	for (unsigned long i = 1; text != NULL && i < line && *text != '\0'; i++) {
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
	if (*end == ':' && line > 0 && text != NULL && *text != '\0')
		review_print(&c->review, ROLE_text, "%7lu  %.*s", line, (int)strcspn(text, "\n"), text);
}

/* Refused for a reason that --force would overcome: nothing of it is done before a second question. */
static void
advise(struct configuring *c, const struct control_reply *reply, const char *why)
{
	const char *against, *question;

	sheet_force_words(why, &against, &question);
	buttons(c, "The gateway refuses it: nothing was changed", DEED_AGAIN, DEED_FORCE);
	c->review.buttons[2] = deed_names[DEED_DROP];
	c->deeds[2] = DEED_DROP;
	review_add(&c->review, ROLE_bad, against);
	review_add(&c->review, ROLE_text, "");
	review_print(&c->review, ROLE_text, "%s", change_words(reply));
	review_add(&c->review, ROLE_text, "");
	review_add(&c->review, ROLE_warning, question);
}

static void
trouble(struct configuring *c, const struct control_reply *reply)
{
	const char *unforced = json_string_value(json_object_get(reply->result, "force"));
	const json_t *lines = json_object_get(reply->result, "lines"), *line;
	size_t i;

	change_step(c, STEP_TROUBLE);
	if (reply->exit_code == CONTROL_EXIT_NO_GATEWAY) {
		change_keep(c);
		buttons(c, "The gateway does not answer", DEED_CHECK, DEED_DROP);
		review_print(&c->review, ROLE_bad, "%s", change_words(reply));
		review_add(&c->review, ROLE_text, "");
		review_add(&c->review, ROLE_text, "Nothing is lost: try again when it is back.");
	} else if (json_is_true(json_object_get(reply->result, "changed_on_disk"))) {
		change_keep(c);
		buttons(c, "Somebody else changed the file", DEED_FETCH, DEED_DROP);
		if (c->by_form) {
			c->deeds[0] = DEED_CHECK;
			c->review.buttons[0] = deed_names[DEED_CHECK];
		}
		review_print(&c->review, ROLE_warning, "%s", change_words(reply));
	} else if (unforced != NULL && !c->force) {
		advise(c, reply, unforced);
	} else {
		buttons(c,
			c->by_form ? "The gateway refuses it"
				   : "The configuration is refused: nothing was changed",
			DEED_AGAIN, DEED_DROP);
		if (json_array_size(lines) == 0)
			add_error(c, change_words(reply));
		json_array_foreach (lines, i, line)
			add_error(c, json_string_value(line) != NULL ? json_string_value(line) : "");
		if (c->by_form) {
			review_add(&c->review, ROLE_text, "");
			review_add(&c->review, ROLE_dim, c->text);
		}
	}
	say_kept(c);
}

void
change_say_wait(struct configuring *c)
{
	const struct command *keep_it = command_find("keep-configuration");
	unsigned seconds = waits[c->wait];

	if (seconds == 0)
		snprintf(c->review.foot, sizeof(c->review.foot), "It stays: it does not go back by itself");
	else
		snprintf(c->review.foot, sizeof(c->review.foot),
			 "Goes back by itself unless kept (%s) within [ %u s ]",
			 keys_text(keep_it) != NULL ? keys_text(keep_it) : keep_it->name, seconds);
	c->review.foot_role = seconds == 0 ? ROLE_warning : ROLE_text;
}

static bool
ends_line(const char *text)
{
	return *text == '\0' || text[strlen(text) - 1] == '\n';
}

static void
show_diff(struct configuring *c)
{
	const char *before = c->by_form ? "" : c->base;
	struct diff diff = {0};

	diff_make(before, c->text, CONTEXT_LINES, &diff);
	review_print(&c->review, ROLE_heading, c->by_form ? "comes behind the connections of %s" : "%s",
		     c->file);
	review_add_diff(&c->review, &diff);
	if (!c->by_form && ends_line(before) != ends_line(c->text))
		review_add(&c->review, ROLE_warning,
			   ends_line(before) ? "      The last line has no line end any more."
					     : "      The last line gets a line end.");
	diff_free(&diff);
}

/* The gateway would do it: what differs, and what that means line by line. */
static void
take_dry_run(struct configuring *c, const struct control_reply *reply)
{
	const json_t *drops = json_object_get(reply->result, "drops");

	if (!reply->ok) {
		trouble(c, reply);
		return;
	}
	change_step(c, STEP_REVIEW);
	buttons(c, c->by_form ? "Add this connection" : "Change the configuration", DEED_CANCEL, DEED_APPLY);
	if (c->force) {
		c->review.buttons[1] = "Force it";
		review_add(&c->review, ROLE_bad, "✕ By --force, against the gateway's advice.");
		review_add(&c->review, ROLE_text, "");
	}
	review_print(&c->review, json_array_size(drops) > 0 ? ROLE_warning : ROLE_text, "%s",
		     change_words(reply));
	add_lines(c, ROLE_text, json_object_get(reply->result, "lines"));
	review_add(&c->review, ROLE_text, "");
	if (c->notes != NULL && c->notes[0] != '\0') {
		review_add(&c->review, ROLE_heading, "remarks on the file");
		review_add(&c->review, ROLE_warning, c->notes);
		review_add(&c->review, ROLE_text, "");
	}
	show_diff(c);
	change_say_wait(c);
}

/* --- sending ------------------------------------------------------------------------------------- */

static json_t *
arguments_of(const struct configuring *c, bool dry)
{
	json_t *arguments = json_pack("{s:s, s:s}", "file", c->text, "base", c->hash);
	char seconds[16];

	if (c->by_form)
		json_object_set_new(arguments, "append", json_true());
	if (c->secrets != NULL && c->secrets[0] != '\0')
		json_object_set_new(arguments, "secrets", json_string(c->secrets));
	if (dry)
		json_object_set_new(arguments, "dry_run", json_true());
	if (c->force)
		json_object_set_new(arguments, "force", json_true());
	snprintf(seconds, sizeof(seconds), "%u", waits[c->wait]);
	if (!dry) /* also that it stays: on one's own path it would turn back otherwise */
		json_object_set_new(arguments, "confirm_within", json_string(seconds));
	return arguments;
}

/* What was edited is no text: it can't be sent, and the line is named as the gateway names one. */
static void
refuse_bytes(struct configuring *c, size_t at)
{
	unsigned line = 1, column = 1;
	char error[600];

	for (size_t i = 0; i < at; i++) {
		if (c->text[i] == '\n')
			line++, column = 1;
		else
			column += ((unsigned char)c->text[i] & 0xc0) != 0x80;
	}
	snprintf(error, sizeof(error), "%s:%u:%u: not UTF-8 text (byte 0x%02x): save the file as UTF-8",
		 c->file, line, column, (unsigned char)c->text[at]);
	change_step(c, STEP_TROUBLE);
	buttons(c, "The configuration is refused: nothing was changed", DEED_AGAIN, DEED_DROP);
	add_error(c, error);
}

void
change_check(struct configuring *c)
{
	size_t length = strlen(c->text), text = text_utf8_until(c->text, length);

	if (text < length) {
		refuse_bytes(c, text);
		return;
	}
	change_step(c, STEP_CHECKING);
	app_say(c->app, ROLE_dim, "the gateway checks it …");
	ask(c, "configure", arguments_of(c, true), take_dry_run);
}

static void
take_applied(struct configuring *c, const struct control_reply *reply)
{
	char text[400];

	if (!reply->ok) {
		change_keep(c);
		trouble(c, reply);
		return;
	}
	text_clean(text, sizeof(text), change_words(reply));
	if (waits[c->wait] != 0) /* that it turns back is said by the countdown */
		text[strcspn(text, ";")] = '\0';
	app_answer(c->app, ROLE_good, "✓", "configure", text);
	if (c->by_form) {
		new_connection_close(c->form);
		c->form = NULL;
	}
	change_forget(c);
}

void
change_apply(struct configuring *c)
{
	change_step(c, STEP_APPLYING);
	app_say(c->app, ROLE_dim, "the gateway applies it …");
	ask(c, "configure", arguments_of(c, false), take_applied);
}

/* --- the editor ---------------------------------------------------------------------------------- */

/* The editor left nothing that can be sent. */
static void
not_taken(struct configuring *c, const struct editor_end *end)
{
	if (end->kept[0] == '\0') {
		app_say(c->app, ROLE_bad, "nothing was changed: %s", end->why);
		change_forget(c);
		return;
	}
	change_wipe(&c->text);
	snprintf(c->kept, sizeof(c->kept), "%s", end->kept);
	change_step(c, STEP_TROUBLE);
	review_begin(&c->review, "The text can't be taken: nothing was changed", "Close", NULL, NULL);
	c->deeds[0] = DEED_DROP;
	review_add(&c->review, ROLE_bad, end->why);
	say_kept(c);
}

static void
edited(void *context, struct editor_end *end)
{
	struct configuring *c = context;
	const char *from = c->text != NULL ? c->text : c->base;
	char how[64] = "";
	bool same = end->text != NULL && strcmp(end->text, from) == 0;

	c->editor = NULL;
	app_take_terminal(c->app);
	if (end->signal != 0)
		snprintf(how, sizeof(how), "the editor was killed (%s)", strsignal(end->signal));
	else if (end->exit_code != 0)
		snprintf(how, sizeof(how), "the editor failed (exit code %d)", end->exit_code);
	if (end->text == NULL) {
		not_taken(c, end);
		return;
	}
	if (same && strcmp(end->text, c->base) == 0) {
		memory_wipe_free(end->text, end->length);
		app_say(c->app, how[0] != '\0' ? ROLE_bad : ROLE_text, "%s%snothing was changed", how,
			how[0] != '\0' ? ": " : "");
		change_forget(c);
		return;
	}
	change_wipe(&c->text);
	c->text = end->text;
	c->kept[0] = '\0';
	c->force = false; /* it was said of another text */
	if (how[0] == '\0') {
		change_check(c);
		return;
	}
	change_keep(c);
	change_step(c, STEP_TROUBLE);
	buttons(c, "The editor ended badly", DEED_AGAIN, DEED_CHECK);
	review_print(&c->review, ROLE_bad, "%s, but the file has another text than before.", how);
	c->review.buttons[1] = "Use it";
	c->review.buttons[2] = deed_names[DEED_DROP];
	c->deeds[2] = DEED_DROP;
	say_kept(c);
}

static const char *
name_of_file(const struct configuring *c)
{
	const char *slash = strrchr(c->file, '/'), *name = slash != NULL ? slash + 1 : c->file;

	return name[0] != '\0' && name[0] != '.' ? name : "gateway.yaml";
}

void
change_edit(struct configuring *c)
{
	char command[900];
	struct error err = {""};

	review_free(&c->review);
	if (!editor_find(command, sizeof(command), &err)) {
		app_say(c->app, ROLE_bad, "%s", err.text);
		change_forget(c);
		return;
	}
	change_step(c, STEP_EDITOR);
	app_leave_terminal(c->app);
	c->editor = editor_start(&c->app->loop, command, name_of_file(c), c->text != NULL ? c->text : c->base,
				 edited, c, &err);
	if (c->editor != NULL)
		return;
	app_take_terminal(c->app);
	change_keep(c);
	app_say(c->app, ROLE_bad, "%s", err.text);
	change_forget(c);
}

/* --- fetching ------------------------------------------------------------------------------------ */

static char *
text_of_lines(const json_t *lines)
{
	size_t size = 1, used = 0, i;
	const json_t *line;
	char *text;

	json_array_foreach (lines, i, line)
		size += json_string_length(line) + 1;
	text = memory_zeroed(size, 1);
	json_array_foreach (lines, i, line) {
		size_t length = json_string_length(line);

		if (length > 0)
			memcpy(text + used, json_string_value(line), length);
		used += length;
		text[used++] = '\n';
	}
	return text;
}

/* The file as it is; from a gateway of another version perhaps only its lines. */
static char *
text_of_answer(const json_t *result)
{
	const char *exact = json_string_value(json_object_get(result, "exact"));
	size_t length;
	char *text = exact != NULL ? text_unescape(exact, &length) : NULL;

	return text != NULL ? text : text_of_lines(json_object_get(result, "lines"));
}

static void
take_file(struct configuring *c, const struct control_reply *reply)
{
	const char *file = json_string_value(json_object_get(reply->result, "file"));
	const char *hash = json_string_value(json_object_get(reply->result, "hash"));

	if (!reply->ok || hash == NULL) {
		if (c->by_form || c->text != NULL) {
			trouble(c, reply);
			return;
		}
		app_say(c->app, ROLE_bad, "%s", change_words(reply));
		change_forget(c);
		return;
	}
	text_clean(c->file, sizeof(c->file), file != NULL ? file : "");
	snprintf(c->hash, sizeof(c->hash), "%s", hash);
	change_wipe(&c->base);
	c->base = text_of_answer(reply->result);
	if (c->by_form)
		change_check(c);
	else
		change_edit(c);
}

void
change_fetch(struct configuring *c)
{
	change_step(c, STEP_FETCHING);
	app_say(c->app, ROLE_dim, "asking the gateway for its file …");
	ask(c, "configuration", json_pack("{s:b}", "on_disk", 1), take_file);
}
