// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Keys by name and by code, and the key map that the command table makes. A name is a character ("s", "?") or
 * one of Enter, Escape, Tab, S-Tab, Backspace, Delete, Insert, Space, Up, Down, Left, Right, Home, End,
 * PageUp, PageDown, F1 to F12, or C-letter.
 */
#ifndef TWINSPAN_TUI_KEYS_H
#define TWINSPAN_TUI_KEYS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/error.h"
#include "core/control/commands.h"

typedef uint32_t key_code; /* a character, or one of below; 0: none */

enum {
	KEYS_SPECIAL = 0x110000, /* beyond all characters */
	KEYS_ENTER = KEYS_SPECIAL,
	KEYS_ESCAPE,
	KEYS_TAB,
	KEYS_BACK_TAB,
	KEYS_BACKSPACE,
	KEYS_DELETE,
	KEYS_INSERT,
	KEYS_UP,
	KEYS_DOWN,
	KEYS_LEFT,
	KEYS_RIGHT,
	KEYS_HOME,
	KEYS_END,
	KEYS_PAGE_UP,
	KEYS_PAGE_DOWN,
	KEYS_F1,
	KEYS_F12 = KEYS_F1 + 11,
	KEYS_UNKNOWN,            /* a key that we have no name for: bound to nothing */
	KEYS_MOUSE,              /* something of the mouse: terminal_mouse says what */
	KEYS_PANEL,              /* only in zones of the screen: + the number of a tab */
	KEYS_CONTROL = 0x200000, /* + 'a' to 'z' */
	KEYS_PASTED = 0x400000   /* + a character that was pasted, not typed: text, never a command */
};

/** The code of a name; 0 for what is no key. */
key_code keys_parse(const char *name);
/** The name of a code, as keys_parse takes it. Returns `out`. */
const char *keys_name(key_code key, char *out, size_t size);

/** The keys that count for a command, separated by blanks; NULL for none: a person's, else the table's. */
const char *keys_text(const struct command *command);
/** Gives a command of the table other keys (names of keys, separated by blanks; NULL or "": none). */
void keys_bind(const struct command *command, const char *keys);
/** Back to the table's keys. */
void keys_reset(void);
/** The i-th key of a command as a code; 0 past the last. */
key_code keys_of(const struct command *command, int i);
/** Whether the command's keys count on that panel. */
bool keys_count_on(const struct command *command, const char *panel);
/** The command that a key means on a panel; NULL for none. One that names the panel goes before one for all.
 */
const struct command *keys_find(const char *panel, key_code key);
/** Refuses names that are no key, and one key for two commands on one panel. */
bool keys_check(const struct command *table, size_t count, struct error *err);

#endif
