// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Every panel, page, dialog and line, at every size and in every tier of colours: not what they say (the
 * goldens tell that) but what must hold for all of them. Whose gateway it is stands above and what can be
 * pressed below; buttons are whole; one sees what is selected; a state's mark has its word beside it; ASCII
 * is ASCII, and no colour is none; nothing is written beyond the window's edges (the terminal is larger than
 * the console knows).
 */
#include "tests/console/harness.h"

#include "core/base/clock.h"
#include "core/base/text.h"

#define MARGIN 3
#define PATIENCE (15 * USEC_PER_SEC)

/* Where one can be: how to get there from the overview, what stands there at 120x36, how to leave. */
static const struct place {
	const char *keys, *sign, *leave;
	bool selection;
} places[] = {
    {"", "aws-paris/2", "", true},
    {"2", "4 tunnels", "", true},
    {"3", "3 peers", "", true},
    {"4", "10.50.1.0/24", "", true},
    {"5", "overlaps our own", "", true},
    {"6", "10.20.0.0/16", "", true},
    {"7", "retransmit", "", true},
    {":show usage\r", "Usage", "", false},
    {":show sites\r", "Sites", "", false},
    {":show gateway\r", "Router ID", "", false},
    {":show plugins\r", "Plugins", "", false},
    {"\r", "Last move", "", false},
    {"2\r", "IKE suite", "", false},
    {"2jjj\r", "12 tries", "", false},
    {"3\r", "Remote AS", "", false},
    {"4\r", "Loc pref", "", false},
    {"7\r", "Severity", "", false},
    {":explain plant/2\r", "first failing layer", "", false},
    {":explain 10.50.3.4\r", "never in the clear", "", false},
    {"?", "Keys in", "\x1b", false},
    {"2?", "Keys in", "\x1b", false},
    {":show ", "connections", "\x1b", false},
    {":", "switchover", "\x1b", false},
    {"2/state:", "state:up", "\x1b", false},
    {"w10.50.3.4", "the next shorter", "\x1b", false},
    {"2,", "Columns", "\x1b", false},
    {"s", "Cancel", "\x1b", false},
    {"2d", "Cancel", "\x1b", false},
    {"2D", "Cancel", "\x1b", false},
    {"3x", "Cancel", "\x1b", false},
    {"3X", "Cancel", "\x1b", false},
    {":drill aws-paris\r", "Cancel", "\x1b", false},
    {"2*d", "to go on", "\x1b", true},
    {"z", "paused", "z", true},
};

static const int all_sizes[][2] = {{20, 60}, {24, 80}, {36, 120}, {50, 200}},
		 two_sizes[][2] = {{24, 80}, {50, 200}};

struct tier {
	const char *colours;
	bool ascii, mono;
	const int (*sizes)[2];
	size_t size_count;
};

/* --- what must hold
 * --------------------------------------------------------------------------------------------- */

static bool
has_any(const char *text, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (strstr(text, words[i]) != NULL)
			return true;
	}
	return false;
}

/* "[ Cancel" without its other end. */
static bool
buttons_are_whole(const char *text)
{
	const char *button = strstr(text, "[ ");

	return button == NULL || strstr(button, " ]") != NULL;
}

/* Behind the mark of a state comes its word, or what it is the state of. */
static bool
marks_have_words(const char *text)
{
	static const char *const marks[] = {"●", "✕", "◌", "○"};

	for (size_t i = 0; i < COUNT_OF(marks); i++) {
		for (const char *at = text; (at = strstr(at, marks[i])) != NULL;) {
			size_t blanks;

			at += strlen(marks[i]);
			blanks = strspn(at, " ");
			if (blanks == 0 || blanks > 3 || at[blanks] == '\0')
				return false;
		}
	}
	return true;
}

/* NULL where all holds, else what doesn't. */
static const char *
what_is_wrong(struct world *world, const struct place *place, const struct tier *tier, int rows)
{
	static const char *const footers[] = {"leave", "Esc", "Enter", "close", "cancel"};
	char text[4096];
	bool selected = false;

	screen_row(world, 0, text, sizeof(text));
	if (strstr(text, "lyon") == NULL)
		return "the header does not say whose gateway it is";
	screen_row(world, rows - 1, text, sizeof(text));
	if (!has_any(text, footers, COUNT_OF(footers)))
		return "the footer has no keys";
	for (int row = 0; row < rows; row++) {
		screen_row(world, row, text, sizeof(text));
		if (place->leave[0] == '\x1b' && place->sign[0] == 'C' && !buttons_are_whole(text))
			return "a button is cut off";
		if (!tier->ascii && !marks_have_words(text))
			return "a mark stands without a word";
		selected = selected || text[0] == '>' || strstr(text, "▸") != NULL;
	}
	if (place->selection && !selected)
		return "the selected row is not seen";
	if (tier->ascii && !screen_is_ascii(world))
		return "there is a character beyond ASCII";
	if (tier->mono && screen_is_coloured(world))
		return "there is a colour";
	if (!screen_margin_is_blank(world))
		return "something is written beyond the edges";
	return NULL;
}

/* --- going everywhere
 * ------------------------------------------------------------------------------------------- */

/* All keys were read, and nothing more is drawn. */
static void
quiet(struct world *world)
{
	size_t before;

	do {
		before = screen_bytes(world);
		world_turn(world);
		world_turn(world);
	} while (screen_unread(world) > 0 || screen_bytes(world) != before);
}

static void
look_at(struct world *world, const struct place *place, const struct tier *tier, int rows, int cols)
{
	usec_t end = clock_monotonic() + PATIENCE;
	const char *wrong;

	screen_resize(world, rows, cols);
	do {
		quiet(world);
		wrong = what_is_wrong(world, place, tier, rows);
	} while (wrong != NULL && clock_monotonic() < end && !screen_ended(world));
	if (wrong == NULL)
		return;
	screen_print(world);
	fail_msg("'%s' at %dx%d: %s", place->keys, cols, rows, wrong);
}

static void
go_everywhere(const struct tier *tier)
{
	struct screen_options options = {.rows = 36,
					 .cols = 120,
					 .colours = tier->colours,
					 .ascii = tier->ascii,
					 .mono = tier->mono,
					 .margin = MARGIN};
	struct world *world = world_new();
	const char *live = tier->ascii ? "* live" : "● live";

	screen_open(world, &options);
	screen_wait(world, live);
	for (size_t i = 0; i < COUNT_OF(places); i++) {
		screen_resize(world, 36, 120);
		screen_type(world, "1g");
		screen_wait(world, "both spans up");
		if (places[i].keys[0] != '\0')
			screen_type(world, places[i].keys);
		screen_wait(world, places[i].sign);
		for (size_t s = 0; s < tier->size_count; s++)
			look_at(world, &places[i], tier, tier->sizes[s][0], tier->sizes[s][1]);
		if (places[i].leave[0] != '\0')
			screen_type(world, places[i].leave);
	}
	screen_finish(world);
}

static void
in_24_bits(void **state)
{
	go_everywhere(&(struct tier){"24bit", false, false, all_sizes, COUNT_OF(all_sizes)});
}

static void
in_256_colours(void **state)
{
	go_everywhere(&(struct tier){"256", false, false, two_sizes, COUNT_OF(two_sizes)});
}

static void
in_16_colours(void **state)
{
	go_everywhere(&(struct tier){"16", false, false, two_sizes, COUNT_OF(two_sizes)});
}

static void
without_colours(void **state)
{
	go_everywhere(&(struct tier){NULL, false, true, all_sizes, COUNT_OF(all_sizes)});
}

static void
in_ascii(void **state)
{
	go_everywhere(&(struct tier){"16", true, false, all_sizes, COUNT_OF(all_sizes)});
}

/* --- what no other test has a picture of
 * -------------------------------------------------------------------------- */

static void
look(const char *keys, const char *sign, const char *golden)
{
	struct world *world = world_new();

	screen_open(world, &(struct screen_options){.rows = 24, .cols = 80});
	screen_wait(world, "min ago");
	screen_type(world, keys);
	screen_wait(world, sign);
	screen_golden(world, golden);
	screen_finish(world);
}

static void
panels_at_80x24(void **state)
{
	look("5", "10.50.1.0/24", "received-80x24");
	look(":show plugins\r", "Plugins", "plugins-80x24");
}

static void
sheets_at_80x24(void **state)
{
	look("2d", "[ Cancel ]", "sheet-down-80x24");
	look("2*d", "to go on", "sheet-bulk-80x24");
}

TEST_MAIN(cmocka_unit_test(panels_at_80x24), cmocka_unit_test(sheets_at_80x24), cmocka_unit_test(in_24_bits),
	  cmocka_unit_test(in_256_colours), cmocka_unit_test(in_16_colours),
	  cmocka_unit_test(without_colours), cmocka_unit_test(in_ascii))
