// SPDX-License-Identifier: GPL-2.0-or-later
/* What is made from a row of the command table: its usage, the reading of its words, near names. See
 * commands.h. */
#include "core/control/commands.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/base/text.h"

static const char *const roles[] = {
    [COMMAND_VIEWER] = "viewer",
    [COMMAND_OPERATOR] = "operator",
    [COMMAND_ADMIN] = "admin",
};

const char *
command_role_name(enum command_role role)
{
	return roles[role];
}

bool
command_role_parse(const char *name, enum command_role *out)
{
	for (size_t i = 0; i < COUNT_OF(roles); i++) {
		if (strcmp(roles[i], name) == 0) {
			*out = (enum command_role)i;
			return true;
		}
	}
	return false;
}

const char *
command_nearest(const char *word)
{
	const char *names[256];
	size_t count, used = 0;
	const struct command *rows = command_table(&count);

	for (size_t i = 0; i < count && used < COUNT_OF(names) - 1; i++)
		names[used++] = rows[i].name;
	names[used] = NULL;
	return text_nearest(word, names);
}

bool
command_in_console(const struct command *command)
{
	return command->place != COMMAND_LOCAL || command->keys != NULL;
}

bool
command_takes_many(const struct command_argument *argument)
{
	return argument->kind == COMMAND_ARGUMENT_FIELDS || argument->kind == COMMAND_ARGUMENT_CONNECTIONS;
}

/* --- usage ------------------------------------------------------------------------------------- */

struct out {
	char *at;
	size_t size, used;
};

static void
put(struct out *out, const char *text)
{
	size_t length = strlen(text);

	if (out->used + length >= out->size)
		length = out->size - out->used - 1;
	memcpy(out->at + out->used, text, length);
	out->used += length;
	out->at[out->used] = '\0';
}

const char *
command_usage(const struct command *command, char *out, size_t size)
{
	struct out text = {.at = out, .size = size};

	if (size == 0)
		return out;
	put(&text, command->name);
	for (size_t i = 0; i < COMMAND_ARGUMENTS && command->arguments[i].name != NULL; i++) {
		const struct command_argument *argument = &command->arguments[i];
		char upper[32];
		size_t at = 0;

		for (; argument->name[at] != '\0' && at < sizeof(upper) - 1; at++)
			upper[at] = (char)toupper((unsigned char)argument->name[at]);
		upper[at] = '\0';
		put(&text, argument->optional ? " [" : " ");
		put(&text, upper);
		put(&text, argument->optional ? "]" : "");
		put(&text, argument->kind == COMMAND_ARGUMENT_CONNECTIONS ? "..." : "");
	}
	for (size_t i = 0; i < COMMAND_OPTIONS && command->options[i].name != NULL; i++) {
		put(&text, " [");
		put(&text, command->options[i].name);
		if (command->options[i].value != NULL) {
			put(&text, " ");
			put(&text, command->options[i].value);
		}
		put(&text, "]");
	}
	return out;
}

const char *
command_option_key(const struct command_option *option, char *out, size_t size)
{
	snprintf(out, size, "%s", option->name + strspn(option->name, "-"));
	for (char *at = out; *at != '\0'; at++) {
		if (*at == '-')
			*at = '_';
	}
	return out;
}

/* --- words ------------------------------------------------------------------------------------- */

/* The option that a word names ("--name", "--name=value", "-n"), or NULL; `*value` is what stands behind the
 * "=". */
static const struct command_option *
find_option(const struct command *command, const char *word, const char **value)
{
	size_t length = strcspn(word, "=");

	*value = word[length] == '=' ? word + length + 1 : NULL;
	for (size_t i = 0; i < COMMAND_OPTIONS && command->options[i].name != NULL; i++) {
		const struct command_option *option = &command->options[i];

		if (strlen(option->name) == length && strncmp(option->name, word, length) == 0)
			return option;
		if (option->letter != 0 && length == 2 && word[0] == '-' && word[1] == option->letter)
			return option;
	}
	return NULL;
}

static bool
unknown_option(const struct command *command, const char *word, struct error *err)
{
	const char *names[COMMAND_OPTIONS + 1] = {NULL}, *near;
	char clean[64];

	for (size_t i = 0; i < COMMAND_OPTIONS && command->options[i].name != NULL; i++)
		names[i] = command->options[i].name;
	near = text_nearest(word, names);
	text_clean(clean, sizeof(clean), word);
	if (near != NULL)
		return error_set(err, "'%s' has no option '%s' (did you mean '%s'?)", command->name, clean,
				 near);
	return error_set(err, "'%s' has no option '%s'", command->name, clean);
}

static bool
set_text(json_t *arguments, const char *key, const char *text, struct error *err)
{
	char clean[64];

	if (json_object_set_new(arguments, key, json_string(text)) != 0)
		return error_set(err, "'%s' is not UTF-8", text_clean(clean, sizeof(clean), text));
	return true;
}

/* A further word of an argument that takes many. */
static bool
add_text(json_t *arguments, const char *key, const char *text, struct error *err)
{
	const char *before = json_string_value(json_object_get(arguments, key));
	char joined[1024];

	if ((size_t)snprintf(joined, sizeof(joined), "%s %s", before, text) >= sizeof(joined))
		return error_set(err, "that is too much for one line");
	return set_text(arguments, key, joined, err);
}

/* Takes the option at words[*i]; `*i` moves on over its value. */
static bool
take_option(const struct command *command, int count, const char *const *words, int *i, json_t *arguments,
	    struct error *err)
{
	const char *value;
	const struct command_option *option = find_option(command, words[*i], &value);
	char key[64];

	if (option == NULL)
		return unknown_option(command, words[*i], err);
	command_option_key(option, key, sizeof(key));
	if (option->value == NULL) {
		if (value != NULL)
			return error_set(err, "%s takes no value", option->name);
		json_object_set_new(arguments, key, json_true());
		return true;
	}
	if (value == NULL) {
		if (*i + 1 >= count)
			return error_set(err, "%s needs %s", option->name, option->value);
		value = words[++*i];
	}
	return set_text(arguments, key, value, err);
}

/* Where it is no text that a message can carry; `length` where all of it is. */
static size_t
first_bad_byte(const char *text, size_t length)
{
	size_t good = text_utf8_until(text, length);
	const char *zero = memchr(text, '\0', good);

	return zero != NULL ? (size_t)(zero - text) : good;
}

static size_t
line_of(const char *text, size_t at)
{
	size_t line = 1;

	for (size_t i = 0; i < at; i++)
		line += text[i] == '\n';
	return line;
}

bool
command_reads_input(const struct command *command, int count, const char *const *words)
{
	bool takes = false;

	for (int i = 0; i < COMMAND_ARGUMENTS && command->arguments[i].name != NULL; i++)
		takes |= command->arguments[i].kind == COMMAND_ARGUMENT_CONTENT;
	for (int i = 0; i < count && takes; i++) {
		if (strcmp(words[i], "-") == 0)
			return true;
	}
	return false;
}

/* The content of a file, for an argument that is one. */
static bool
set_content(json_t *arguments, const char *key, const char *path, struct error *err)
{
	bool standard = strcmp(path, "-") == 0;
	FILE *file = standard ? stdin : fopen(path, "re");
	char *text, clean[256];
	size_t length, bad;
	bool good = true;

	text_clean(clean, sizeof(clean), path);
	if (file == NULL)
		return error_set(err, "%s can't be read: %s", clean, strerror(errno));
	text = memory_zeroed(COMMAND_CONTENT_MOST + 1, 1);
	length = fread(text, 1, COMMAND_CONTENT_MOST + 1, file);
	if (ferror(file))
		good = error_set(err, "%s can't be read: %s", clean, strerror(errno));
	else if (length > COMMAND_CONTENT_MOST)
		good = error_set(err, "%s is larger than %d bytes, which is the most that can be sent", clean,
				 COMMAND_CONTENT_MOST);
	else if ((bad = first_bad_byte(text, length)) < length)
		good = error_set(err, "%s:%zu: not UTF-8 text (byte 0x%02x): save the file as UTF-8", clean,
				 line_of(text, bad), (unsigned char)text[bad]);
	else
		json_object_set_new(arguments, key, json_stringn(text, length));
	memory_wipe_free(text, length);
	if (!standard)
		fclose(file);
	return good;
}

static bool
set_argument(json_t *arguments, const struct command_argument *argument, const char *word, struct error *err)
{
	return argument->kind == COMMAND_ARGUMENT_CONTENT ? set_content(arguments, argument->name, word, err)
							  : set_text(arguments, argument->name, word, err);
}

static bool
usage_error(const struct command *command, const char *what, struct error *err)
{
	char usage[256];

	return error_set(err, "%s; usage: %s", what, command_usage(command, usage, sizeof(usage)));
}

static bool
take_words(const struct command *command, int count, const char *const *words, json_t *arguments,
	   struct error *err)
{
	size_t given = 0;
	bool options = true;

	for (int i = 0; i < count; i++) {
		if (options && strcmp(words[i], "--") == 0) {
			options = false;
		} else if (options && words[i][0] == '-' && words[i][1] != '\0') {
			if (!take_option(command, count, words, &i, arguments, err))
				return false;
		} else if (given > 0 && command_takes_many(&command->arguments[given - 1])) {
			if (!add_text(arguments, command->arguments[given - 1].name, words[i], err))
				return false;
		} else if (given == COMMAND_ARGUMENTS || command->arguments[given].name == NULL) {
			char clean[64], what[96];

			snprintf(what, sizeof(what), "'%s' is too much",
				 text_clean(clean, sizeof(clean), words[i]));
			return usage_error(command, what, err);
		} else if (!set_argument(arguments, &command->arguments[given++], words[i], err)) {
			return false;
		}
	}
	if (given < COMMAND_ARGUMENTS && command->arguments[given].name != NULL &&
	    !command->arguments[given].optional) {
		char what[96];

		snprintf(what, sizeof(what), "'%s' needs a %s", command->name,
			 command->arguments[given].name);
		return usage_error(command, what, err);
	}
	return true;
}

json_t *
command_parse(const struct command *command, int count, const char *const *words, struct error *err)
{
	json_t *arguments = json_object();

	if (take_words(command, count, words, arguments, err))
		return arguments;
	json_decref(arguments);
	return NULL;
}
