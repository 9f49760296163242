// SPDX-License-Identifier: GPL-2.0-or-later
/* The line editor. Text is UTF-8; the cursor only ever stands between two characters. */
#include "tui/widgets/input.h"

#include <stdio.h>
#include <string.h>

#include "core/base/text.h"

void
input_set(struct input *input, const char *text)
{
	text_clean(input->text, sizeof(input->text), text);
	input->cursor = strlen(input->text);
}

void
input_mask(struct input *input)
{
	memset(input->text, '*', strlen(input->text));
}

static bool
continues(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

static size_t
before(const struct input *input, size_t at)
{
	if (at > 0)
		at--;
	while (at > 0 && continues(input->text[at]))
		at--;
	return at;
}

static size_t
after(const struct input *input, size_t at)
{
	if (input->text[at] != '\0')
		at++;
	while (continues(input->text[at]))
		at++;
	return at;
}

static void
erase(struct input *input, size_t from, size_t to)
{
	memmove(input->text + from, input->text + to, strlen(input->text + to) + 1);
	input->cursor = from;
}

static void
insert(struct input *input, key_code c)
{
	char bytes[8];
	size_t length, all = strlen(input->text);

	if (c < 0x80) {
		bytes[0] = (char)c;
		length = 1;
	} else if (c < 0x800) {
		bytes[0] = (char)(0xc0 | c >> 6);
		bytes[1] = (char)(0x80 | (c & 0x3f));
		length = 2;
	} else if (c < 0x10000) {
		bytes[0] = (char)(0xe0 | c >> 12);
		bytes[1] = (char)(0x80 | (c >> 6 & 0x3f));
		bytes[2] = (char)(0x80 | (c & 0x3f));
		length = 3;
	} else {
		bytes[0] = (char)(0xf0 | c >> 18);
		bytes[1] = (char)(0x80 | (c >> 12 & 0x3f));
		bytes[2] = (char)(0x80 | (c >> 6 & 0x3f));
		bytes[3] = (char)(0x80 | (c & 0x3f));
		length = 4;
	}
	if (all + length >= sizeof(input->text))
		return;
	memmove(input->text + input->cursor + length, input->text + input->cursor, all - input->cursor + 1);
	memcpy(input->text + input->cursor, bytes, length);
	input->cursor += length;
}

static size_t
word_before(const struct input *input)
{
	size_t at = input->cursor;

	while (at > 0 && input->text[at - 1] == ' ')
		at--;
	while (at > 0 && input->text[at - 1] != ' ')
		at--;
	return at;
}

bool
input_key(struct input *input, key_code key)
{
	size_t end = strlen(input->text);

	switch (key) {
	case KEYS_LEFT:
		input->cursor = before(input, input->cursor);
		return true;
	case KEYS_RIGHT:
		input->cursor = after(input, input->cursor);
		return true;
	case KEYS_HOME:
	case KEYS_CONTROL + 'a':
		input->cursor = 0;
		return true;
	case KEYS_END:
	case KEYS_CONTROL + 'e':
		input->cursor = end;
		return true;
	case KEYS_BACKSPACE:
		erase(input, before(input, input->cursor), input->cursor);
		return true;
	case KEYS_DELETE:
	case KEYS_CONTROL + 'd':
		erase(input, input->cursor, after(input, input->cursor));
		return true;
	case KEYS_CONTROL + 'u':
		erase(input, 0, input->cursor);
		return true;
	case KEYS_CONTROL + 'k':
		erase(input, input->cursor, end);
		return true;
	case KEYS_CONTROL + 'w':
		erase(input, word_before(input), input->cursor);
		return true;
	default:
		if (key < ' ' || key >= KEYS_SPECIAL || key == 0x7f)
			return false;
		insert(input, key);
		return true;
	}
}

int
input_draw(const struct input *input, const struct area *area, int row, const char *lead)
{
	int start = area_text(area, row, 0, ROLE_key, lead), room = area->cols - start - 1, end;
	struct area part = area_part(area, row, start, 1, area->cols - start);
	char head[INPUT_TEXT];
	const char *from = input->text;
	int columns;

	snprintf(head, sizeof(head), "%.*s", (int)input->cursor, input->text);
	columns = text_columns(head);
	while (columns > room && *from != '\0') {
		text_next(&from);
		columns = text_columns(head + (from - input->text));
	}
	end = area_text(&part, 0, 0, ROLE_text, from);
	area_cursor(&part, 0, columns);
	return start + end;
}
