// SPDX-License-Identifier: GPL-2.0-or-later
/* Bytes of a terminal into keys, reports of the mouse and the colour of the background. */
#include <locale.h>

#include "core/base/text.h"
#include "tests/unit/test.h"
#include "tui/key_reader.h"

/* All that comes of some bytes: "Up", "j", "?" for a key without a name, "<3,4" for a click, "#rrggbb", and
 * "…" where the rest is waited for. */
static const char *
read_all(struct key_reader *reader, const char *bytes, size_t count, bool final)
{
	static char text[4096];
	struct key_reader_event event;
	enum key_reader_kind kind;
	size_t used = 0;
	char name[16];

	text[0] = '\0';
	key_reader_feed(reader, bytes, count);
	while ((kind = key_reader_next(reader, final, &event)) != KEY_READER_NOTHING) {
		const char *gap = used > 0 ? " " : "";

		assert_true(used + 40 < sizeof(text));
		if (kind == KEY_READER_INCOMPLETE) {
			snprintf(text + used, sizeof(text) - used, "%s…", gap);
			break;
		}
		if (kind == KEY_READER_MOUSE)
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s%d,%d", gap,
						 event.mouse.button == MOUSE_LEFT         ? "<"
						 : event.mouse.button == MOUSE_WHEEL_UP   ? "^"
						 : event.mouse.button == MOUSE_WHEEL_DOWN ? "v"
											  : "-",
						 event.mouse.row, event.mouse.col);
		else if (kind == KEY_READER_BACKGROUND)
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s#%06x", gap,
						 event.background);
		else if (event.key >= KEYS_PASTED)
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s'%c'", gap,
						 (char)(event.key - KEYS_PASTED));
		else
			used += (size_t)snprintf(
			    text + used, sizeof(text) - used, "%s%s", gap,
			    event.key == KEYS_UNKNOWN ? "?" : keys_name(event.key, name, sizeof(name)));
	}
	return text;
}

static void
check(const char *bytes, bool final, const char *expected)
{
	struct key_reader reader;

	setlocale(LC_ALL, "C.UTF-8"); /* for the names of characters */
	key_reader_open(&reader);
	key_reader_name(&reader, "\033[[A", KEYS_F1); /* the Linux console's */
	assert_string_equal(read_all(&reader, bytes, strlen(bytes), final), expected);
}

static void
keys_come_out_of_their_bytes(void **state)
{
	check("jG\r\t\x7f\x03", false, "j G Enter Tab Backspace C-c");
	check("\033[A\033OB\033[5~\033[Z\033[[Aj", false, "Up Down PageUp S-Tab F1 j");
	check("\033", false, "…");
	check("\033", true, "Escape");
	check("\033\033[A", false, "Escape Up");
	check("\033s\033[99;7sx\033[1;5Cx\033OPx", false, "? ? x ? x ? x");
}

static void
a_sequence_in_pieces_stays_one(void **state)
{
	static const char all[] = "\033[A\033[<0;3;4M\033]11;rgb:1414/1717/1c1c\033\\\033[5~";
	struct key_reader reader;
	char text[256] = "";

	key_reader_open(&reader);
	for (size_t i = 0; i < sizeof(all) - 1; i++) {
		const char *got = read_all(&reader, all + i, 1, false);

		if (strcmp(got, "…") != 0)
			snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s ", got);
	}
	assert_string_equal(text, "Up <3,2 #14171c PageUp ");
	/* the wait for the rest ends, the rest comes still */
	assert_string_equal(read_all(&reader, "\033[", 2, true), "…");
	assert_string_equal(read_all(&reader, "6~", 2, true), "PageDown");
}

static void
the_mouse_tells_buttons_and_places(void **state)
{
	check("\033[<0;1;1M\033[<0;1;1m\033[<2;5;6M\033[<64;7;8M\033[<65;200;50M", false,
	      "<0,0 -0,0 -5,4 ^7,6 v49,199");
	check("\033[<32;1;1M", false, "-0,0"); /* a drag */
	check("\033[<0;0;1M\033[<0;1M\033[<M", false, "? ? ?");
}

static void
the_answer_of_the_terminal_is_never_keys(void **state)
{
	struct key_reader reader;

	check("\033]11;rgb:ff/ff/ff\007j", false, "#ffffff j");
	check("\033]11;rgb:fff/000/f/\007\033]11;rgb:12345/0/0\007\033]11;red\007j", false, "? ? ? j");
	check("\033P>|xterm(372)\033\\j", false, "? j");
	/* its ESC came alone, and so late that it was a key already */
	key_reader_open(&reader);
	reader.awaits_background = true;
	assert_string_equal(read_all(&reader, "\033", 1, true), "Escape");
	assert_string_equal(read_all(&reader, "]", 1, false), "…");
	assert_string_equal(read_all(&reader, "11;rgb:00/00/00\033\\d", 18, false), "#000000 d");
	/* who asked nothing gets keys */
	assert_string_equal(read_all(&reader, "\033", 1, true), "Escape");
	assert_string_equal(read_all(&reader, "]1", 2, false), "] 1");
}

static void
characters_come_whole_or_not_at_all(void **state)
{
	check("é日\xff\x80(", false, "é 日 ? ? (");
	check("\xc3(j", false, "? ( j");
	check("\xe6\x97", false, "…");
	check("\xe6\x97", true, "? ?");
}

static void
endless_sequences_are_dropped(void **state)
{
	struct key_reader reader;
	char bytes[3000];

	memset(bytes, '1', sizeof(bytes));
	memcpy(bytes, "\033]", 2);
	key_reader_open(&reader);
	key_reader_feed(&reader, bytes, sizeof(bytes));
	assert_int_equal(key_reader_next(&reader, false, &(struct key_reader_event){0}), KEY_READER_NOTHING);
	assert_string_equal(read_all(&reader, "j", 1, false), "j");
}

static void
any_bytes_come_to_an_end(void **state)
{
	struct key_reader reader;
	uint32_t seed = 1;

	key_reader_open(&reader);
	for (int i = 0; i < 200000; i++) {
		static const char often[] = "\033[]O<;M11rgb:/\007\\";
		struct key_reader_event event;
		char byte;

		seed = seed * 1664525 + 1013904223;
		byte = seed >> 31 ? often[(seed >> 16) % (sizeof(often) - 1)] : (char)(seed >> 16);
		key_reader_feed(&reader, &byte, 1);
		for (int k = 0; k < KEY_READER_BYTES; k++) {
			enum key_reader_kind kind = key_reader_next(&reader, seed >> 30 == 1, &event);

			if (kind == KEY_READER_NOTHING || kind == KEY_READER_INCOMPLETE)
				break;
			assert_true(k < KEY_READER_BYTES - 1);
		}
	}
}

static void
what_is_pasted_is_text_and_no_key(void **state)
{
	check("a\033[200~sx\ry\033[A\tz\003\033[201~b", false, "a ? 's' 'x' ? 'y' ? ? 'z' ? ? b");
	check("\033[200~\033[200~q\033[201~q", false, "? ? 'q' ? q");
	check("\033[20", false, "…");
	/* where the end is lost, Escape is a way out */
	check("\033[200~q\033", true, "? 'q' Escape");
}

TEST_MAIN(cmocka_unit_test(what_is_pasted_is_text_and_no_key), cmocka_unit_test(keys_come_out_of_their_bytes),
	  cmocka_unit_test(a_sequence_in_pieces_stays_one),
	  cmocka_unit_test(the_mouse_tells_buttons_and_places),
	  cmocka_unit_test(the_answer_of_the_terminal_is_never_keys),
	  cmocka_unit_test(characters_come_whole_or_not_at_all),
	  cmocka_unit_test(endless_sequences_are_dropped), cmocka_unit_test(any_bytes_come_to_an_end))
