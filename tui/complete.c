// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Completion. The words before the last one decide what it can be: nothing before it, a command; a word that
 * begins with a dash, one of the command's options; else the command's next argument, whose kind says where
 * names come from.
 */
#include "tui/complete.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/paths.h"
#include "tui/output/dump.h"
#include "tui/output/rows_out.h"
#include "tui/panel.h"
#include "tui/theme.h"

#define WORDS 16

static void
offer(struct completion *c, const char *word, const char *start)
{
	if (word != NULL && c->words.count < COMPLETE_MOST && strncmp(word, start, strlen(start)) == 0 &&
	    !text_list_has(&c->words, word))
		text_list_add(&c->words, word);
}

static void
offer_commands(struct completion *c, const char *start)
{
	size_t count;
	const struct command *table = command_table(&count);

	for (size_t i = 0; i < count; i++) {
		if (command_in_console(&table[i]))
			offer(c, table[i].name, start);
	}
}

static void
offer_options(struct completion *c, const struct command *command, const char *start)
{
	for (size_t i = 0; i < COMMAND_OPTIONS && command->options[i].name != NULL; i++)
		offer(c, command->options[i].name, start);
}

static void
offer_names(struct completion *c, const struct model_store *store, enum model_kind kind, const char *start)
{
	size_t count = model_store_count(store, kind);
	char key[256];

	for (size_t i = 0; i < count; i++)
		offer(c,
		      model_row_key(model_kind_info(kind), model_store_at(store, kind, i), key, sizeof(key)),
		      start);
}

/* Only the tunnels of one connection. */
static void
offer_tunnels_of(struct completion *c, const struct model_store *store, const char *connection,
		 const char *start)
{
	size_t count = model_store_count(store, MODEL_KIND_TUNNEL);

	for (size_t i = 0; i < count; i++) {
		const struct model_tunnel *tunnel = model_store_at(store, MODEL_KIND_TUNNEL, i);

		if (tunnel->connection != NULL && strcmp(tunnel->connection, connection) == 0)
			offer(c, tunnel->name, start);
	}
}

static void
offer_themes(struct completion *c, const char *start)
{
	struct text_list names = {0};

	theme_names(&names);
	for (size_t i = 0; i < names.count; i++)
		offer(c, names.items[i], start);
	text_list_free(&names);
}

static void
offer_formats(struct completion *c, const char *start)
{
	struct text_list formats = {0};

	paths_formats("export_", &formats);
	for (size_t i = 0; i < formats.count; i++)
		offer(c, formats.items[i], start);
	text_list_free(&formats);
}

static void
offer_argument(struct completion *c, const struct model_store *store, enum command_argument_kind kind,
	       const char *start)
{
	enum model_kind rows;

	if (panel_argument_kind(kind, &rows)) {
		offer_names(c, store, rows, start);
		return;
	}
	switch (kind) {
	case COMMAND_ARGUMENT_TARGET:
	case COMMAND_ARGUMENT_CONNECTIONS:
	case COMMAND_ARGUMENT_SUBJECT:
		offer_names(c, store, MODEL_KIND_CONNECTION, start);
		offer_names(c, store, MODEL_KIND_TUNNEL, start);
		if (kind == COMMAND_ARGUMENT_SUBJECT)
			offer_names(c, store, MODEL_KIND_PEER, start);
		break;
	case COMMAND_ARGUMENT_FORMAT:
		offer_formats(c, start);
		break;
	case COMMAND_ARGUMENT_THEME:
		offer_themes(c, start);
		break;
	case COMMAND_ARGUMENT_KIND:
		for (int i = 0; i < MODEL_KIND_COUNT; i++)
			offer(c, model_kind_info((enum model_kind)i)->plural, start);
		break;
	default:
		break;
	}
}

/* A file that is to be made: its ending says how it is written. */
static void
offer_new_file(struct completion *c, const struct command *command, const char *start)
{
	bool screen = strcmp(command->name, "dump") == 0;
	const char *stem = start[0] != '\0' ? start : screen ? "screen" : "rows", *ending;
	char *name;

	if (strchr(start, '.') != NULL)
		stem = "";
	for (size_t i = 0; stem[0] != '\0' && (ending = screen ? dump_ending(i) : save_ending(i)) != NULL;
	     i++) {
		name = text_format("%s%s", stem, ending);
		offer(c, name, start);
		free(name);
	}
}

/* Fields of the rows that are shown; members of a nested one once its name and the dot are there. */
static void
offer_fields(struct completion *c, enum model_kind shown, const char *start)
{
	const struct model_shape *shape = model_kind_info(shown)->shape;
	char path[128];

	for (size_t i = 0; i < shape->count; i++) {
		const struct model_field *field = &shape->fields[i];

		if (field->sub == NULL)
			offer(c, field->name, start);
		for (size_t k = 0; field->sub != NULL && k < field->sub->count; k++) {
			snprintf(path, sizeof(path), "%s.%s", field->name, field->sub->fields[k].name);
			offer(c, path, start);
		}
	}
}

/* What rows can be ordered by: fields, or the orders that the panel has of its own. */
static void
offer_orders(struct completion *c, enum model_kind shown, const char *start)
{
	const struct panel_ops *ops = panel_of_kind(shown);

	if (ops->orders == NULL)
		offer_fields(c, shown, start);
	for (size_t i = 0; ops->orders != NULL && ops->orders[i] != NULL; i++)
		offer(c, ops->orders[i], start);
}

/* `words` are complete; `start` begins the next one. */
static void
offer_after(struct completion *c, const struct model_store *store, enum model_kind shown, int count,
	    const char *const *words, const char *start)
{
	const struct command *command = command_find(words[0]);
	const struct model_kind_info *kind;
	int arguments = 0;

	if (command == NULL || !command_in_console(command))
		return;
	if (start[0] == '-') {
		offer_options(c, command, start);
		return;
	}
	for (int i = 1; i < count; i++)
		arguments += words[i][0] != '-';
	if (arguments >= COMMAND_ARGUMENTS && command_takes_many(&command->arguments[COMMAND_ARGUMENTS - 1]))
		arguments = COMMAND_ARGUMENTS - 1;
	/* after a kind comes the name of a row of that kind */
	if (arguments == 1 && command->arguments[0].kind == COMMAND_ARGUMENT_KIND) {
		kind = model_kind_find(words[1]);
		if (kind != NULL && kind->storage == MODEL_STORED)
			offer_names(c, store, kind->kind, start);
	} else if (arguments == 1 && command->arguments[0].kind == COMMAND_ARGUMENT_CONNECTION &&
		   command->arguments[1].kind == COMMAND_ARGUMENT_TUNNEL) {
		offer_tunnels_of(c, store, words[1], start);
	} else if (arguments < COMMAND_ARGUMENTS &&
		   command->arguments[arguments].kind == COMMAND_ARGUMENT_FILE) {
		offer_new_file(c, command, start);
	} else if (command->arguments[0].kind == COMMAND_ARGUMENT_FIELDS) {
		offer_fields(c, shown, start);
	} else if (arguments == 0 && command->arguments[0].kind == COMMAND_ARGUMENT_FIELD) {
		offer_orders(c, shown, start);
	} else if (arguments < COMMAND_ARGUMENTS) {
		offer_argument(c, store, command->arguments[arguments].kind, start);
	}
}

void
completion_make(const struct model_store *store, enum model_kind shown, const char *text,
		struct completion *out)
{
	char buffer[512];
	const char *words[WORDS], *start = strrchr(text, ' ');
	int count = words_split(text, buffer, sizeof(buffer), words, WORDS);

	*out = (struct completion){0};
	start = start != NULL ? start + 1 : text;
	out->start = (size_t)(start - text);
	if (*start != '\0')
		count--;
	if (count <= 0)
		offer_commands(out, start);
	else
		offer_after(out, store, shown, count, words, start);
}

void
completion_free(struct completion *completion)
{
	text_list_free(&completion->words);
}

const char *
completion_common(const struct completion *completion, char *out, size_t size)
{
	snprintf(out, size, "%s", completion->words.count > 0 ? completion->words.items[0] : "");
	for (size_t i = 1; i < completion->words.count; i++) {
		const char *word = completion->words.items[i];
		size_t same = 0;

		while (out[same] != '\0' && out[same] == word[same])
			same++;
		out[same] = '\0';
	}
	return out;
}
