// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A tunnel's next pre-shared key. The gateway makes one, or a person types the one that the other side has
 * chosen, masked unless it is to be seen; where one waits to be used already, it can be forgotten again. The
 * secret goes to the gateway as the command's content: it is in no history, message or title.
 */
#include <stdio.h>
#include <string.h>

#include "core/base/secret.h"
#include "tui/sheets/sheets.h"

#define LABEL 14

enum way { WAY_FORGET, WAY_GENERATE, WAY_TYPE };

static const struct {
	const char *label, *action, *text;
} ways[] = {
    [WAY_FORGET] = {"Forget", "forget it", "the next secret is dropped; the present one stays as it is"},
    [WAY_GENERATE] =
	{"Generate", "rotate",
	 "the gateway makes one and keeps it in FILE.next beside the present one; take it to the "
	 "other side from there"},
    [WAY_TYPE] = {"Type it", "rotate", "the one that the other side has or will get"},
};

static const struct model_tunnel *
tunnel_of(const struct sheet *sheet)
{
	const char *name = sheet_argument(sheet, "tunnel");

	return name != NULL ? model_store_get(sheet->app->scene.store, MODEL_KIND_TUNNEL, name) : NULL;
}

static bool
under_way(const struct sheet *sheet)
{
	const struct model_tunnel *tunnel = tunnel_of(sheet);

	return tunnel != NULL && tunnel->rotating_since != 0;
}

static int
first_way(const struct sheet *sheet)
{
	return under_way(sheet) ? WAY_FORGET : WAY_GENERATE;
}

bool
rotate_asks(const struct command *command, const json_t *arguments)
{
	static const char *const said[] = {"secret", "generate", "cancel"};

	for (size_t i = 0; i < COUNT_OF(said); i++) {
		if (json_object_get(arguments, said[i]) != NULL)
			return false;
	}
	return strcmp(command->name, "rotate") == 0;
}

bool
rotate_begin(struct sheet *sheet)
{
	const struct model_tunnel *tunnel = tunnel_of(sheet);
	const char *name = sheet_argument(sheet, "tunnel");

	if (tunnel == NULL) {
		app_say(sheet->app, ROLE_bad, "there is no tunnel '%s'", name != NULL ? name : "");
		return false;
	}
	if (tunnel->certificate_subject != NULL) {
		app_say(sheet->app, ROLE_warning, "%s authenticates by a certificate: it has no secret",
			tunnel->name);
		return false;
	}
	snprintf(sheet->dialog.title, sizeof(sheet->dialog.title), "The next pre-shared key of %s",
		 tunnel->name);
	sheet->dialog.masked = true;
	sheet->way = first_way(sheet);
	return true;
}

/* --- drawing ------------------------------------------------------------------------------------- */

static void
write_way(const struct sheet *sheet, struct draft *body, enum way way)
{
	bool chosen = (int)way == sheet->way;
	const char *text = ways[way].text, *trouble = secret_trouble(sheet->dialog.input.text);

	draft_line(body);
	draft_put(body, 0, 0, ROLE_accent, chosen ? "▸" : " ");
	draft_put(body, 2, LABEL - 3, chosen ? ROLE_title : ROLE_text, ways[way].label);
	if (chosen && way == WAY_TYPE && trouble != NULL)
		text = trouble;
	draft_wrap(body, LABEL, true, chosen ? ROLE_text : ROLE_dim, text);
}

static void
ask(struct sheet *sheet, struct draft *body)
{
	const struct model_tunnel *tunnel = tunnel_of(sheet);
	char span[FORMAT_TEXT], text[400];

	if (sheet->way < first_way(sheet)) { /* it has worked, or was forgotten, meanwhile */
		sheet->way = first_way(sheet);
		sheet->dialog.action_focus = false; /* who was about to forget one doesn't make one */
	}
	if (under_way(sheet)) {
		snprintf(text, sizeof(text), "A next secret has been waiting for %s: %s.",
			 format_since(sheet->app->scene.now, tunnel->rotating_since, span),
			 tunnel->rotation != NULL ? tunnel->rotation : "it has not worked yet");
		draft_wrap(body, 0, false, ROLE_attention, text);
		draft_gap(body);
	}
	draft_wrap(body, 0, false, ROLE_text,
		   "Both secrets are accepted until the next one has worked; then it takes the place of the "
		   "present one. Nothing goes down.");
	draft_gap(body);
	for (int way = first_way(sheet); way <= WAY_TYPE; way++)
		write_way(sheet, body, (enum way)way);
	if (sheet->way == WAY_TYPE)
		draft_gap(body);
	snprintf(sheet->dialog.wanted, sizeof(sheet->dialog.wanted), "%s",
		 sheet->way == WAY_TYPE ? "next secret" : "");
	snprintf(sheet->dialog.action, sizeof(sheet->dialog.action), "%s", ways[sheet->way].action);
	if (sheet->way == WAY_TYPE && secret_trouble(sheet->dialog.input.text) != NULL)
		sheet->dialog.action_off = true;
}

/* --- keys ---------------------------------------------------------------------------------------- */

static void
make(struct sheet *sheet)
{
	char text[SECRET_MADE + 1];

	if (!secret_make(text))
		return;
	input_set(&sheet->dialog.input, text);
	sheet->dialog.masked = false; /* the other side has to get it */
	explicit_bzero(text, sizeof(text));
}

static bool
ask_key(struct sheet *sheet, key_code key)
{
	bool typing = sheet->way == WAY_TYPE;

	if (key == KEYS_UP || (!typing && key == 'k'))
		sheet->way -= sheet->way > first_way(sheet);
	else if (key == KEYS_DOWN || (!typing && key == 'j'))
		sheet->way += sheet->way < WAY_TYPE;
	else if (typing && key == KEYS_CONTROL + 'g')
		make(sheet);
	else if (typing && key == KEYS_CONTROL + 't')
		sheet->dialog.masked = !sheet->dialog.masked;
	else
		return false;
	return true;
}

static const char *const *
hints(const struct sheet *sheet)
{
	static const char *const choose[] = {"↑ ↓", "which",  "Tab", "to the button", "Enter", "press",
					     "Esc", "cancel", NULL},
				 *const type[] = {"↑ ↓", "which",         "C-g", "make one", "C-t", "show it",
						  "Tab", "to the button", "Esc", "cancel",   NULL};

	return sheet->way == WAY_TYPE ? type : choose;
}

static void
take(struct sheet *sheet)
{
	if (sheet->way == WAY_TYPE)
		json_object_set_new(sheet->arguments, "secret", json_string(sheet->dialog.input.text));
	else
		json_object_set_new(sheet->arguments, sheet->way == WAY_GENERATE ? "generate" : "cancel",
				    json_true());
}

const struct sheet_ops sheet_rotate_ops = {.ask = ask, .ask_key = ask_key, .take = take, .hints = hints};
