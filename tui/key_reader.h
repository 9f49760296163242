// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a terminal sends, byte by byte, into what it means: keys, clicks of the mouse (SGR 1006), the answer
 * to the question for its background (OSC 11). It knows no terminal, so that every sequence, also one that
 * comes in pieces, can be tested.
 */
#ifndef TWINSPAN_TUI_KEY_READER_H
#define TWINSPAN_TUI_KEY_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tui/keys.h"

#define KEY_READER_BYTES 512
#define KEY_READER_NAMES 48

enum key_reader_kind {
	KEY_READER_NOTHING,    /* no byte is left */
	KEY_READER_INCOMPLETE, /* the rest may be on its way */
	KEY_READER_KEY,
	KEY_READER_MOUSE,
	KEY_READER_BACKGROUND
};

enum mouse_button { MOUSE_OTHER, MOUSE_LEFT, MOUSE_WHEEL_UP, MOUSE_WHEEL_DOWN };

struct mouse_event {
	enum mouse_button button; /* MOUSE_OTHER: another button, a release, a drag */
	int row, col;             /* from 0 */
};

struct key_reader_event {
	key_code key; /* KEYS_UNKNOWN for a sequence without a name; pasted characters with KEYS_PASTED */
	struct mouse_event mouse;
	uint32_t background; /* 0xrrggbb */
};

struct key_reader {
	unsigned char bytes[KEY_READER_BYTES];
	size_t count;
	bool awaits_background; /* the terminal was asked: its answer may even come torn behind its ESC */
	bool after_escape;      /* the last key was an ESC that nothing followed in time */
	bool pasting;           /* between the marks of a bracketed paste (xterm's mode 2004) */
	struct {
		char bytes[16];
		key_code key;
	} names[KEY_READER_NAMES]; /* sequences by the terminal's description */
	size_t name_count;
};

/** With what most terminals send for the usual keys, whatever their description says. */
void key_reader_open(struct key_reader *reader);
/** A sequence from the terminal's description; what is too long is left out. */
void key_reader_name(struct key_reader *reader, const char *bytes, key_code key);
/** Adds bytes; what is more than the buffer holds is dropped. */
void key_reader_feed(struct key_reader *reader, const void *bytes, size_t count);
/**
 * The next meaning. `final`: nothing more came in time, so a lone ESC is a key (a longer sequence stays
 * incomplete).
 */
enum key_reader_kind key_reader_next(struct key_reader *reader, bool final, struct key_reader_event *out);
/** Forgets what is incomplete. */
void key_reader_forget(struct key_reader *reader);

#endif
