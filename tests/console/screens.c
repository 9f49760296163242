// SPDX-License-Identifier: GPL-2.0-or-later
/* See screens.h. */
#include "tests/console/screens.h"

#include "core/base/text.h"

#define MARGIN 3
#define PATIENCE (60 * USEC_PER_SEC)
#define ROWS 50
#define CONTRAST 4.0 /* what the themes are held to where their colours are approximated */

static const int sizes[][2] = {{20, 60}, {24, 80}, {36, 120}, {50, 200}};

const struct tier
    tier_24_bits = {.name = "24 bits", .colours = "24bit", .writes = "38;2;", .never = {"38;5;"}},
    tier_256 = {.name = "256 colours", .colours = "256", .writes = "38;5;", .never = {"8;2;"}},
    tier_16 = {.name = "16 colours", .colours = "16", .writes = "\x1b[3", .never = {"8;5;", "8;2;"}},
    tier_mono = {.name = "no colours", .mono = true, .never = {"8;5;", "8;2;"}},
    tier_ascii = {
	.name = "ASCII", .colours = "16", .ascii = true, .writes = "\x1b[3", .never = {"8;5;", "8;2;"}};

/* A screen that is looked at. */
struct look {
	struct world *world;
	const struct place *place;
	const struct tier *tier;
	int rows, cols;
	char text[ROWS][4096];
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

static bool
is_there(const struct look *look, const char *text)
{
	for (int row = 0; row < look->rows; row++) {
		if (strstr(look->text[row], text) != NULL)
			return true;
	}
	return false;
}

static int
columns_of(const char *text)
{
	int count = 0;

	for (; *text != '\0'; text++)
		count += ((unsigned char)*text & 0xc0) != 0x80;
	return count;
}

static bool
header_says_whose_gateway_it_is(const struct look *look)
{
	return strstr(look->text[0], "lyon") != NULL;
}

static bool
header_says_how_fresh_it_is(const struct look *look)
{
	static const char *const words[] = {"live", "PAUSED", "STALE"};

	return has_any(look->text[0], words, COUNT_OF(words));
}

/* Also the sign that the screen was drawn at this size. */
static bool
header_is_as_wide_as_the_window(const struct look *look)
{
	return columns_of(look->text[0]) >= look->cols - 2;
}

static bool
footer_has_keys(const struct look *look)
{
	static const char *const words[] = {"leave", "Esc", "Enter", "close", "cancel"};

	return has_any(look->text[look->rows - 1], words, COUNT_OF(words));
}

static bool
what_belongs_there_is_there(const struct look *look)
{
	for (size_t i = 0; i < COUNT_OF(look->place->all) && look->place->all[i] != NULL; i++) {
		if (!is_there(look, look->place->all[i]))
			return false;
	}
	return true;
}

/* From the corner at the top left: the sides go down without a gap to two corners below. */
static bool
box_is_closed(const struct look *look, int row, int col)
{
	int right = col + 1;

	while (right < look->cols && screen_character(look->world, row, right) != 0x2510) /* ┐ */
		right++;
	for (int at = row + 1; at < look->rows && right < look->cols; at++) {
		uint32_t one = screen_character(look->world, at, col),
			 other = screen_character(look->world, at, right);

		if (one == 0x2514) /* └ */
			return other == 0x2518;
		if ((one != 0x2502 && one != 0x251c) || (other != 0x2502 && other != 0x2524)) /* │├ │┤ */
			return false;
	}
	return false;
}

static bool
boxes_are_closed(const struct look *look)
{
	for (int row = 0; row < look->rows; row++) {
		for (int col = 0; col < look->cols; col++) {
			if (screen_character(look->world, row, col) == 0x250c &&
			    !box_is_closed(look, row, col))
				return false;
		}
	}
	return true;
}

/* Behind the mark of a state comes its word, or what it is the state of. */
static bool
marks_have_words(const struct look *look)
{
	static const char *const marks[] = {"●", "✕", "◌", "○"};

	for (int row = 0; row < look->rows && !look->place->form; row++) {
		for (size_t i = 0; i < COUNT_OF(marks); i++) {
			for (const char *at = look->text[row]; (at = strstr(at, marks[i])) != NULL;) {
				size_t blanks;

				at += strlen(marks[i]);
				blanks = strspn(at, " ");
				if (blanks == 0 || blanks > 3 || at[blanks] == '\0')
					return false;
			}
		}
	}
	return true;
}

static bool
selection_is_seen(const struct look *look)
{
	if (!look->place->selection)
		return true;
	for (int row = 0; row < look->rows; row++) {
		if (look->text[row][0] == '>' || strstr(look->text[row], "| >") != NULL ||
		    strstr(look->text[row], "▸") != NULL)
			return true;
	}
	return false;
}

static bool
ascii_is_ascii(const struct look *look)
{
	return !look->tier->ascii || screen_is_ascii(look->world);
}

static bool
colours_are_there_or_not(const struct look *look)
{
	return screen_is_coloured(look->world) == !look->tier->mono;
}

static bool
text_differs_from_its_ground(const struct look *look)
{
	return screen_lowest_contrast(look->world) >= CONTRAST;
}

static bool
nothing_is_beyond_the_edges(const struct look *look)
{
	return screen_margin_is_blank(look->world);
}

static const struct {
	bool (*holds)(const struct look *look);
	const char *otherwise;
} rules[] = {{header_says_whose_gateway_it_is, "the header does not say whose gateway it is"},
	     {header_says_how_fresh_it_is, "the header does not say how fresh it is"},
	     {header_is_as_wide_as_the_window, "the header does not reach the window's edge"},
	     {footer_has_keys, "the footer has no keys"},
	     {what_belongs_there_is_there, "what belongs there at every size is not there, or is cut"},
	     {boxes_are_closed, "a box has a gap"},
	     {marks_have_words, "a mark stands without a word"},
	     {selection_is_seen, "the selected row is not seen"},
	     {ascii_is_ascii, "there is a character beyond ASCII"},
	     {colours_are_there_or_not, "there is a colour where there is none, or none where there are"},
	     {text_differs_from_its_ground, "text can't be told from its ground"},
	     {nothing_is_beyond_the_edges, "something is written beyond the edges"}};

/* NULL where all holds, else what doesn't. */
static const char *
what_is_wrong(struct look *look)
{
	for (int row = 0; row < look->rows; row++)
		screen_row(look->world, row, look->text[row], sizeof(look->text[row]));
	for (size_t i = 0; i < COUNT_OF(rules); i++) {
		if (!rules[i].holds(look))
			return rules[i].otherwise;
	}
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
	static struct look look;
	usec_t end = clock_monotonic() + PATIENCE;
	const char *wrong;

	look.world = world;
	look.place = place;
	look.tier = tier;
	look.rows = rows;
	look.cols = cols;
	screen_resize(world, rows, cols);
	do {
		quiet(world);
		wrong = what_is_wrong(&look);
	} while (wrong != NULL && clock_monotonic() < end && !screen_ended(world));
	if (wrong == NULL)
		return;
	screen_print(world);
	fail_msg("'%s' (%s) at %dx%d, %s: %s", place->keys != NULL ? place->keys : "",
		 place->sign != NULL ? place->sign : "", cols, rows, tier->name, wrong);
}

void
screens_go(struct world *world, const char *keys, const char *sign)
{
	screen_type(world, keys);
	screen_wait(world, sign);
}

void
screens_at_80x24(const char *keys, const char *sign, const char *golden)
{
	struct world *world = world_new();

	screen_open(world, &(struct screen_options){.rows = 24, .cols = 80});
	screen_wait(world, "min ago");
	screens_go(world, keys, sign);
	screen_golden(world, golden);
	screen_finish(world);
}

static void
go_to(struct world *world, const struct place *place)
{
	screen_resize(world, 36, 120);
	if (!place->on) {
		screens_go(world, "1g", "both spans up");
		quiet(world); /* nothing of the place before is left */
	}
	if (place->keys != NULL)
		screen_type(world, place->keys);
	if (place->sign != NULL)
		screen_wait(world, place->sign);
	if (place->reach != NULL)
		place->reach(world);
}

static void
leave(struct world *world, const struct place *place)
{
	for (const char *key = place->leave; key != NULL && *key != '\0'; key++)
		screen_type(world, (char[]){*key, '\0'});
	if (place->leave != NULL)
		screen_wait_gone(world, place->all[0]);
	if (place->left != NULL)
		place->left(world);
}

static void
assert_colours_of_the_tier(struct world *world, const struct tier *tier)
{
	if (tier->writes != NULL && !screen_wrote(world, tier->writes))
		fail_msg("%s: no colour of the tier was written", tier->name);
	for (size_t i = 0; i < COUNT_OF(tier->never) && tier->never[i] != NULL; i++) {
		if (screen_wrote(world, tier->never[i]))
			fail_msg("%s: '%s' was written", tier->name, tier->never[i]);
	}
}

void
screens_tour(const struct tour *tour, const struct tier *tier)
{
	struct screen_options options = {.rows = 36,
					 .cols = 120,
					 .colours = tier->colours,
					 .settings = tour->settings,
					 .ascii = tier->ascii,
					 .mono = tier->mono,
					 .margin = MARGIN};
	struct world *world = world_new_silent();

	if (tour->prepare != NULL)
		tour->prepare(world);
	world_serve(world);
	screen_open(world, &options);
	screen_wait(world, tier->ascii ? "* live" : "● live");
	for (size_t i = 0; i < tour->count; i++) {
		go_to(world, &tour->places[i]);
		for (size_t s = 0; s < COUNT_OF(sizes); s++)
			look_at(world, &tour->places[i], tier, sizes[s][0], sizes[s][1]);
		leave(world, &tour->places[i]);
	}
	assert_colours_of_the_tier(world, tier);
	screen_finish(world);
}
