// SPDX-License-Identifier: GPL-2.0-or-later
/* Goldens: whole screens in files, without what differs from run to run. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/console/harness_internal.h"

#define TEXT 65536

static bool
is_clock(const char *p)
{
	static const char shape[] = "dd:dd:dd";

	for (size_t i = 0; i < sizeof(shape) - 1; i++) {
		if (shape[i] == 'd' ? p[i] < '0' || p[i] > '9' : p[i] != shape[i])
			return false;
	}
	return true;
}

/* A time at the left edge of which a box leaves the first digits. */
static void
blank_cut_clock(char *text)
{
	size_t digits = strspn(text + 1, "0123456789:");

	if (text[0] == ' ' && digits > 0 && (unsigned char)text[1 + digits] == 0xe2 &&
	    (unsigned char)text[2 + digits] == 0x94)
		memset(text + 1, 'h', digits);
}

/* "20 s ago" is "nn s ago": some seconds later, on a busy machine, it is not the same. */
static void
blank_ages(char *text)
{
	static const char after[] = " s ago";

	for (char *at = text; (at = strstr(at, after)) != NULL; at++) {
		for (char *p = at; p > text && p[-1] >= '0' && p[-1] <= '9'; p--)
			p[-1] = 'n';
	}
}

/* Blanks what differs from run to run: times of day, dates before them, ages in seconds, braille. */
static void
normalise(char *text)
{
	size_t to = 0, end = 0;

	blank_cut_clock(text);
	blank_ages(text);
	for (char *p = text; *p != '\0';) {
		if (is_clock(p)) {
			memcpy(p, "hh:mm:ss", 8);
			if (to >= 7 && text[to - 1] == ' ' && text[to - 4] == ' ' && text[to - 2] >= '0' &&
			    text[to - 2] <= '9')
				memcpy(text + to - 7, "Mon dd ", 7);
			for (int i = 0; i < 8; i++)
				text[to++] = *p++;
		} else if ((unsigned char)p[0] == 0xe2 &&
			   ((unsigned char)p[1] >= 0xa0 && (unsigned char)p[1] <= 0xa3)) {
			text[to++] = ' ';
			p += 3;
		} else {
			text[to++] = *p++;
		}
	}
	for (size_t i = 0; i < to; i++)
		end = text[i] != ' ' ? i + 1 : end;
	text[end] = '\0';
}

static void
whole_text(struct world *world, char *out, size_t size)
{
	char row[4096];
	size_t used = 0;

	for (int r = 0; r < world->rows; r++) {
		screen_row(world, r, row, sizeof(row));
		normalise(row);
		used += (size_t)snprintf(out + used, size - used, "%s\n", row);
	}
}

static bool
read_golden(const char *path, char *out, size_t size)
{
	FILE *file = fopen(path, "re");
	size_t got;

	if (file == NULL)
		return false;
	got = fread(out, 1, size - 1, file);
	out[got] = '\0';
	fclose(file);
	return true;
}

void
screen_golden(struct world *world, const char *name)
{
	char path[4096], *is = memory_zeroed(1, TEXT), *should = memory_zeroed(1, TEXT);
	usec_t end = clock_monotonic() + PATIENCE / 4;
	FILE *file;

	snprintf(path, sizeof(path), "%s/tests/console/golden/%s.txt", TEST_SOURCE, name);
	if (getenv("GENERATE") != NULL) {
		end = clock_monotonic() + 300 * USEC_PER_MS;
		while (clock_monotonic() < end)
			world_turn(world);
		whole_text(world, is, TEXT);
		file = fopen(path, "we");
		assert_non_null(file);
		fputs(is, file);
		fclose(file);
	} else {
		if (!read_golden(path, should, TEXT))
			fail_msg("no golden %s: make it with GENERATE=1", path);
		do {
			world_turn(world);
			whole_text(world, is, TEXT);
		} while (strcmp(is, should) != 0 && clock_monotonic() < end);
		if (strcmp(is, should) != 0) {
			fprintf(stderr, "# is:\n%s# should be (%s):\n%s", is, name, should);
			fail_msg("the screen differs from golden %s", name);
		}
	}
	free(is);
	free(should);
}
