// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * OSC 52 and its wrappings; see clipboard.h. tmux takes the sequence itself where its set-clipboard is on,
 * and hands on what stands in a DCS that begins with "tmux;", with each ESC doubled, where its
 * allow-passthrough is: nobody can see from here which, so both are sent. GNU screen hands on any DCS, but
 * takes no string of more than 768 bytes, so that one is sent in pieces.
 */
#include "tui/output/clipboard.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"

#define MOST_ENCODED 74000
#define SCREEN_PIECE 700

enum clipboard_path
clipboard_path_here(void)
{
	const char *tmux = getenv("TMUX"), *screen = getenv("STY");

	if (tmux != NULL && tmux[0] != '\0')
		return CLIPBOARD_TMUX;
	return screen != NULL && screen[0] != '\0' ? CLIPBOARD_SCREEN : CLIPBOARD_DIRECT;
}

/* RFC 4648, section 4. `out` has room for 4 bytes for each 3, and a NUL. */
static void
base64(const char *text, size_t length, char *out)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *in = (const unsigned char *)text;

	for (size_t i = 0; i < length; i += 3) {
		size_t left = length - i;
		uint32_t bits = (uint32_t)in[i] << 16 | (left > 1 ? (uint32_t)in[i + 1] << 8 : 0) |
				(left > 2 ? in[i + 2] : 0U);

		*out++ = digits[bits >> 18];
		*out++ = digits[bits >> 12 & 63];
		*out++ = left > 1 ? digits[bits >> 6 & 63] : '=';
		*out++ = left > 2 ? digits[bits & 63] : '=';
	}
	*out = '\0';
}

/* The sequence in as many DCS as it takes; ESC may not end one and begin the next, so BEL ends the OSC. */
static char *
wrap_for_screen(const char *sequence)
{
	size_t length = strlen(sequence), pieces = length / SCREEN_PIECE + 1;
	char *out = memory_zeroed(length + pieces * 4 + 1, 1), *at = out;

	for (size_t done = 0; done < length;) {
		size_t piece = length - done < SCREEN_PIECE ? length - done : SCREEN_PIECE;

		at = stpcpy(at, "\033P");
		memcpy(at, sequence + done, piece);
		at = stpcpy(at + piece, "\033\\");
		done += piece;
	}
	return out;
}

char *
clipboard_bytes(const char *text, enum clipboard_path path, struct error *err)
{
	size_t length = strlen(text), encoded = (length + 2) / 3 * 4;
	char *digits, *sequence, *out;

	if (encoded > MOST_ENCODED) {
		error_set(err,
			  "%zu bytes are too much for a terminal's clipboard; 'save' or 'dump' writes a file",
			  length);
		return NULL;
	}
	digits = memory_zeroed(encoded + 1, 1);
	base64(text, length, digits);
	sequence = text_format("\033]52;c;%s\a", digits);
	free(digits);
	if (path == CLIPBOARD_DIRECT)
		return sequence;
	out = path == CLIPBOARD_TMUX ? text_format("%s\033Ptmux;\033%s\033\\", sequence, sequence)
				     : wrap_for_screen(sequence);
	free(sequence);
	return out;
}
