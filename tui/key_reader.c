// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Keys from bytes; see key_reader.h. The grammar is ECMA-48's (control sequences 5.4, control strings 5.6)
 * with xterm's SS3 keys and SGR mouse reports. A sequence without a name is swallowed whole, so that its
 * letters can't act as keys.
 */
#include "tui/key_reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "tui/canvas.h"

#define ESC 0x1b
#define BELL 0x07
/* Of this file only: the marks around a paste. */
#define KEYS_PASTE_BEGIN (KEYS_PASTED + 1)
#define KEYS_PASTE_END (KEYS_PASTED + 2)

/* In both modes of the cursor keys. */
static const struct {
	const char *bytes;
	key_code key;
} usual[] = {
    {"\033[A", KEYS_UP},           {"\033OA", KEYS_UP},      {"\033[B", KEYS_DOWN},
    {"\033OB", KEYS_DOWN},         {"\033[C", KEYS_RIGHT},   {"\033OC", KEYS_RIGHT},
    {"\033[D", KEYS_LEFT},         {"\033OD", KEYS_LEFT},    {"\033[H", KEYS_HOME},
    {"\033OH", KEYS_HOME},         {"\033[1~", KEYS_HOME},   {"\033[F", KEYS_END},
    {"\033OF", KEYS_END},          {"\033[4~", KEYS_END},    {"\033[Z", KEYS_BACK_TAB},
    {"\033[2~", KEYS_INSERT},      {"\033[3~", KEYS_DELETE}, {"\033[5~", KEYS_PAGE_UP},
    {"\033[6~", KEYS_PAGE_DOWN},   {"\033OM", KEYS_ENTER},   {"\033[200~", KEYS_PASTE_BEGIN},
    {"\033[201~", KEYS_PASTE_END},
};

static const struct {
	unsigned char byte;
	key_code key;
} control[] = {
    {'\r', KEYS_ENTER}, {'\n', KEYS_ENTER}, {'\t', KEYS_TAB}, {0x7f, KEYS_BACKSPACE}, {'\b', KEYS_BACKSPACE}};

void
key_reader_name(struct key_reader *reader, const char *bytes, key_code key)
{
	size_t length = strlen(bytes);

	if (length == 0 || length >= sizeof(reader->names[0].bytes) || reader->name_count == KEY_READER_NAMES)
		return;
	memcpy(reader->names[reader->name_count].bytes, bytes, length + 1);
	reader->names[reader->name_count++].key = key;
}

void
key_reader_open(struct key_reader *reader)
{
	*reader = (struct key_reader){0};
	for (size_t i = 0; i < COUNT_OF(usual); i++)
		key_reader_name(reader, usual[i].bytes, usual[i].key);
}

void
key_reader_feed(struct key_reader *reader, const void *bytes, size_t count)
{
	size_t room = sizeof(reader->bytes) - reader->count;

	count = count < room ? count : room;
	memcpy(reader->bytes + reader->count, bytes, count);
	reader->count += count;
}

void
key_reader_forget(struct key_reader *reader)
{
	reader->count = 0;
}

static void
drop(struct key_reader *reader, size_t count)
{
	reader->count -= count;
	memmove(reader->bytes, reader->bytes + count, reader->count);
}

/* A key that took `count` bytes. */
static enum key_reader_kind
give(struct key_reader *reader, size_t count, key_code key, struct key_reader_event *out)
{
	drop(reader, count);
	out->key = key;
	return KEY_READER_KEY;
}

/* One of the named sequences? INCOMPLETE where it may become one. */
static enum key_reader_kind
named(struct key_reader *reader, struct key_reader_event *out)
{
	enum key_reader_kind found = KEY_READER_NOTHING;
	size_t longest = 0;

	for (size_t i = 0; i < reader->name_count; i++) {
		size_t length = strlen(reader->names[i].bytes);
		size_t both = length < reader->count ? length : reader->count;

		if (memcmp(reader->names[i].bytes, reader->bytes, both) != 0)
			continue;
		if (both < length && found != KEY_READER_KEY)
			found = KEY_READER_INCOMPLETE;
		if (both == length && length > longest) {
			found = KEY_READER_KEY;
			longest = length;
			out->key = reader->names[i].key;
		}
	}
	if (found == KEY_READER_KEY)
		drop(reader, longest);
	return found;
}

/* "<0;12;7M": button, column, row; M is pressed, m let go. */
static bool
read_mouse(const char *text, char last, struct mouse_event *out)
{
	unsigned button, col, row;

	if (sscanf(text, "<%u;%u;%u", &button, &col, &row) != 3 || col == 0 || row == 0 || col > 9999 ||
	    row > 9999)
		return false;
	out->row = (int)row - 1;
	out->col = (int)col - 1;
	/* bit 5: moved; bits 2 to 4: Shift, Alt, Control */
	button &= ~0x1cU;
	out->button = last != 'M'    ? MOUSE_OTHER
		      : button == 0  ? MOUSE_LEFT
		      : button == 64 ? MOUSE_WHEEL_UP
		      : button == 65 ? MOUSE_WHEEL_DOWN
				     : MOUSE_OTHER;
	return true;
}

/* ESC [ … final byte. */
static enum key_reader_kind
control_sequence(struct key_reader *reader, struct key_reader_event *out)
{
	char text[64];
	size_t end = 2;

	while (end < reader->count && (reader->bytes[end] < 0x40 || reader->bytes[end] > 0x7e)) {
		if (reader->bytes[end] == ESC) /* torn: what follows is another */
			return give(reader, end, KEYS_UNKNOWN, out);
		end++;
	}
	if (end == reader->count)
		return KEY_READER_INCOMPLETE;
	snprintf(text, sizeof(text), "%.*s", (int)(end - 2), (const char *)reader->bytes + 2);
	if (text[0] == '<' && read_mouse(text, (char)reader->bytes[end], &out->mouse)) {
		drop(reader, end + 1);
		return KEY_READER_MOUSE;
	}
	return give(reader, end + 1, KEYS_UNKNOWN, out);
}

/* "11;rgb:14/17/1c" with 1 to 4 digits of each colour (xterm's XParseColor form). */
static bool
read_background(const char *text, uint32_t *out)
{
	static const char begin[] = "11;rgb:";
	uint32_t rgb = 0;

	if (strncmp(text, begin, sizeof(begin) - 1) != 0)
		return false;
	text += sizeof(begin) - 1;
	for (int i = 0; i < 3; i++) {
		size_t digits = strspn(text, "0123456789abcdefABCDEF");
		unsigned long most = (1UL << (4 * digits % 32)) - 1;

		if (digits < 1 || digits > 4 || text[digits] != (i < 2 ? '/' : '\0'))
			return false;
		rgb = rgb << 8 | (uint32_t)((strtoul(text, NULL, 16) * 255 + most / 2) / most);
		text += digits + 1;
	}
	*out = rgb;
	return true;
}

/* The rest of a control string after `start` bytes, up to BEL or ESC \. */
static enum key_reader_kind
control_string(struct key_reader *reader, size_t start, bool command, struct key_reader_event *out)
{
	char text[64];
	size_t end = start, length;

	while (end < reader->count && reader->bytes[end] != BELL && reader->bytes[end] != ESC)
		end++;
	if (end == reader->count || (reader->bytes[end] == ESC && end + 1 == reader->count))
		return KEY_READER_INCOMPLETE;
	length = end - start;
	snprintf(text, sizeof(text), "%.*s", (int)(length < 63 ? length : 63),
		 (const char *)reader->bytes + start);
	/* another ESC than that of ESC \ begins something new */
	end += reader->bytes[end] == BELL ? 1 : reader->bytes[end + 1] == '\\' ? 2 : 0;
	drop(reader, end);
	if (command && read_background(text, &out->background))
		return KEY_READER_BACKGROUND;
	out->key = KEYS_UNKNOWN;
	return KEY_READER_KEY;
}

static enum key_reader_kind
escape(struct key_reader *reader, bool final, struct key_reader_event *out)
{
	enum key_reader_kind kind;

	if (reader->count == 1) {
		if (!final)
			return KEY_READER_INCOMPLETE;
		give(reader, 1, KEYS_ESCAPE, out);
		reader->after_escape = true;
		return KEY_READER_KEY;
	}
	if (reader->bytes[1] == ESC)
		return give(reader, 1, KEYS_ESCAPE, out);
	kind = named(reader, out);
	if (kind == KEY_READER_KEY || (kind == KEY_READER_INCOMPLETE && !final))
		return kind;
	switch (reader->bytes[1]) {
	case '[':
		return control_sequence(reader, out);
	case 'O':
		return reader->count < 3 ? KEY_READER_INCOMPLETE : give(reader, 3, KEYS_UNKNOWN, out);
	case ']':
		return control_string(reader, 2, true, out);
	case 'P':
	case 'X':
	case '^':
	case '_':
		return control_string(reader, 2, false, out);
	default: /* Alt with a key */
		return give(reader, 2, KEYS_UNKNOWN, out);
	}
}

/* A character of UTF-8, perhaps in pieces. */
static enum key_reader_kind
character(struct key_reader *reader, bool final, struct key_reader_event *out)
{
	unsigned char first = reader->bytes[0];
	size_t need = first < 0xc2 || first > 0xf4 ? 1 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
	char text[5] = "";
	const char *at = text;
	char32_t c;

	for (size_t i = 1; i < need && i < reader->count; i++) {
		if ((reader->bytes[i] & 0xc0) != 0x80)
			need = i; /* broken off: nothing to wait for */
	}
	if (reader->count < need && !final)
		return KEY_READER_INCOMPLETE;
	memcpy(text, reader->bytes, need < reader->count ? need : reader->count);
	c = text_next(&at);
	return give(reader, at > text ? (size_t)(at - text) : 1, c == 0xfffd ? KEYS_UNKNOWN : c, out);
}

static key_code
control_key(unsigned char byte)
{
	for (size_t i = 0; i < COUNT_OF(control); i++) {
		if (control[i].byte == byte)
			return control[i].key;
	}
	return byte >= 1 && byte <= 26 ? KEYS_CONTROL + 'a' + byte - 1 : KEYS_UNKNOWN;
}

/*
 * Bracketed paste: what stands between the two marks is text. Only its characters are told, marked as pasted;
 * line breaks and whatever else would act as a key are not.
 */
static void
mark_paste(struct key_reader *reader, struct key_reader_event *out)
{
	if (out->key == KEYS_PASTE_BEGIN || out->key == KEYS_PASTE_END) {
		reader->pasting = out->key == KEYS_PASTE_BEGIN;
		out->key = KEYS_UNKNOWN;
	} else if (reader->pasting && out->key == KEYS_ESCAPE) {
		reader->pasting = false; /* the mark of the end was lost: a person's Escape leads out */
	} else if (reader->pasting) {
		out->key = out->key < KEYS_SPECIAL ? out->key | KEYS_PASTED : KEYS_UNKNOWN;
	}
}

enum key_reader_kind
key_reader_next(struct key_reader *reader, bool final, struct key_reader_event *out)
{
	bool torn = reader->after_escape && reader->awaits_background;
	enum key_reader_kind kind;

	if (reader->count == 0)
		return KEY_READER_NOTHING;
	/* the answer's ESC came alone, and so late that it was taken for the key */
	if (torn && reader->bytes[0] == ']' && (reader->count == 1 ? !final : reader->bytes[1] == '1')) {
		kind = reader->count == 1 ? KEY_READER_INCOMPLETE : control_string(reader, 1, true, out);
	} else {
		reader->after_escape = false;
		if (reader->bytes[0] == ESC)
			kind = escape(reader, final, out);
		else if (reader->bytes[0] < 0x20 || reader->bytes[0] == 0x7f)
			kind = give(reader, 1, control_key(reader->bytes[0]), out);
		else
			kind = character(reader, final, out);
	}
	if (kind == KEY_READER_BACKGROUND)
		reader->awaits_background = false;
	if (kind == KEY_READER_KEY)
		mark_paste(reader, out);
	/* no sequence of sense is as long as that */
	if (kind == KEY_READER_INCOMPLETE && reader->count == sizeof(reader->bytes)) {
		key_reader_forget(reader);
		return KEY_READER_NOTHING;
	}
	return kind;
}
