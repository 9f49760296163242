// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The key map. There is no second list of bindings: the command table's `keys` and `panels` are read each
 * time a key comes (a few dozen short rows, a few microseconds), and checked for collisions once, at start.
 * What a person's settings say of a command's keys stands beside its row and counts instead.
 */
#include "tui/keys.h"

#include <stdio.h>
#include <string.h>
#include <wchar.h>

#include "core/base/text.h"
#include "tui/canvas.h"

static const struct {
	const char *name;
	key_code code;
} names[] = {
    {"Enter", KEYS_ENTER},
    {"Escape", KEYS_ESCAPE},
    {"Tab", KEYS_TAB},
    {"S-Tab", KEYS_BACK_TAB},
    {"Backspace", KEYS_BACKSPACE},
    {"Delete", KEYS_DELETE},
    {"Insert", KEYS_INSERT},
    {"Up", KEYS_UP},
    {"Down", KEYS_DOWN},
    {"Left", KEYS_LEFT},
    {"Right", KEYS_RIGHT},
    {"Home", KEYS_HOME},
    {"End", KEYS_END},
    {"PageUp", KEYS_PAGE_UP},
    {"PageDown", KEYS_PAGE_DOWN},
    {"Space", ' '},
};

key_code
keys_parse(const char *name)
{
	const char *rest = name;
	uint64_t number;
	char32_t c;

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		if (strcmp(names[i].name, name) == 0)
			return names[i].code;
	}
	if (name[0] == 'F' && text_parse_number(name + 1, 12, &number) && number >= 1)
		return (key_code)(KEYS_F1 + number - 1);
	if (strncmp(name, "C-", 2) == 0 && name[2] >= 'a' && name[2] <= 'z' && name[3] == '\0')
		return KEYS_CONTROL + (key_code)name[2];
	c = text_next(&rest);
	return *rest == '\0' ? c : 0;
}

const char *
keys_name(key_code key, char *out, size_t size)
{
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		if (names[i].code == key) {
			snprintf(out, size, "%s", names[i].name);
			return out;
		}
	}
	if (key >= KEYS_F1 && key <= KEYS_F12)
		snprintf(out, size, "F%u", key - KEYS_F1 + 1);
	else if (key > KEYS_CONTROL)
		snprintf(out, size, "C-%c", (char)(key - KEYS_CONTROL));
	else
		snprintf(out, size, "%lc", (wint_t)key);
	return out;
}

#define COMMANDS_MOST 160

/* By the command's place in the table: the keys that a person gave it. */
static struct {
	bool set;
	char keys[96]; /* "" for none */
} bound[COMMANDS_MOST];

/* Its place in the table; one past the last that can be bound for a row of another table (a test's). */
static size_t
place_of(const struct command *command)
{
	size_t count;
	const struct command *table = command_table(&count);

	return command >= table && command < table + count && (size_t)(command - table) < COMMANDS_MOST
		   ? (size_t)(command - table)
		   : COMMANDS_MOST;
}

void
keys_bind(const struct command *command, const char *keys)
{
	size_t place = place_of(command);

	if (place == COMMANDS_MOST)
		return;
	bound[place].set = true;
	snprintf(bound[place].keys, sizeof(bound[place].keys), "%s", keys != NULL ? keys : "");
}

void
keys_reset(void)
{
	memset(bound, 0, sizeof(bound));
}

const char *
keys_text(const struct command *command)
{
	size_t place = place_of(command);

	if (place == COMMANDS_MOST || !bound[place].set)
		return command->keys;
	return bound[place].keys[0] != '\0' ? bound[place].keys : NULL;
}

/* The i-th word of a list separated by blanks; false past the last. */
static bool
word_at(const char *list, int i, char *out, size_t size)
{
	size_t length;

	for (; list != NULL; i--) {
		list += strspn(list, " ");
		length = strcspn(list, " ");
		if (length == 0)
			return false;
		if (i == 0) {
			snprintf(out, size, "%.*s", (int)length, list);
			return true;
		}
		list += length;
	}
	return false;
}

key_code
keys_of(const struct command *command, int i)
{
	char word[16];

	return word_at(keys_text(command), i, word, sizeof(word)) ? keys_parse(word) : 0;
}

bool
keys_count_on(const struct command *command, const char *panel)
{
	char word[32];

	if (command->panels == NULL)
		return true;
	for (int i = 0; word_at(command->panels, i, word, sizeof(word)); i++) {
		if (strcmp(word, panel) == 0)
			return true;
	}
	return false;
}

static bool
has_key(const struct command *command, key_code key)
{
	key_code mine;

	for (int i = 0; (mine = keys_of(command, i)) != 0; i++) {
		if (mine == key)
			return true;
	}
	return false;
}

const struct command *
keys_find(const char *panel, key_code key)
{
	size_t count;
	const struct command *table = command_table(&count), *everywhere = NULL;

	for (size_t i = 0; i < count; i++) {
		if (!has_key(&table[i], key))
			continue;
		if (table[i].panels == NULL)
			everywhere = &table[i];
		else if (keys_count_on(&table[i], panel))
			return &table[i];
	}
	return everywhere;
}

/* Two commands meet where one panel knows both; a key for all panels meets only others for all. */
static bool
meet(const struct command *a, const struct command *b)
{
	char word[32];

	if ((a->panels == NULL) != (b->panels == NULL))
		return false;
	if (a->panels == NULL)
		return true;
	for (int i = 0; word_at(a->panels, i, word, sizeof(word)); i++) {
		if (keys_count_on(b, word))
			return true;
	}
	return false;
}

bool
keys_check(const struct command *table, size_t count, struct error *err)
{
	char word[32];

	for (size_t i = 0; i < count; i++) {
		for (int k = 0; word_at(keys_text(&table[i]), k, word, sizeof(word)); k++) {
			key_code key = keys_parse(word);

			if (key == 0)
				return error_set(err, "command %s: '%s' is no key", table[i].name, word);
			for (size_t j = 0; j < i; j++) {
				if (has_key(&table[j], key) && meet(&table[i], &table[j]))
					return error_set(err, "key %s is taken twice, by %s and by %s", word,
							 table[j].name, table[i].name);
			}
		}
	}
	return true;
}
