// SPDX-License-Identifier: GPL-2.0-or-later
/* Tiers of colour, what a terminal says of its background, themes, and how production looks. */
#include <sys/stat.h>
#include <unistd.h>

#include "tests/console/harness.h"
#include "tui/theme.h"

#define QUESTION "\x1b]11;?\x1b\\"

static struct theme
theme_of(const char *name)
{
	char path[4096];
	struct theme theme;
	struct error err = {""};

	snprintf(path, sizeof(path), "%s/themes/%s.yaml", TEST_SOURCE, name);
	if (!theme_load(path, &theme, &err))
		fail_msg("%s", err.text);
	return theme;
}

static int
good_of(const char *name)
{
	return (int)theme_of(name).roles[ROLE_good].fg.rgb;
}

/* --- tiers ------------------------------------------------------------------------------------------ */

static const struct {
	int rows, cols;
	const char *golden;
} sizes[] = {{20, 60, "overview-60x20"},
	     {24, 80, "overview-80x24"},
	     {36, 120, "overview-120x36"},
	     {50, 200, "overview-200x50"}};

/* The same words at every size, whatever the colours; the screen is resized from one to the next. */
static struct world *
open_and_resize(const struct screen_options *options)
{
	struct world *world = screen_open_live(options);

	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		screen_resize(world, sizes[i].rows, sizes[i].cols);
		screen_golden(world, sizes[i].golden);
	}
	return world;
}

static void
direct_colours_are_those_of_the_theme(void **state)
{
	struct theme dark = theme_of("dark");
	struct world *world =
	    open_and_resize(&(struct screen_options){.rows = 20, .cols = 60, .colorterm = "truecolor"});

	assert_int_equal(screen_colour(world, "Established"), dark.roles[ROLE_good].fg.rgb);
	assert_int_equal(screen_colour(world, "✕ down"), dark.roles[ROLE_bad].fg.rgb);
	assert_int_equal(screen_background(world, "lyon"), dark.roles[ROLE_header].bg.rgb);
	assert_int_equal(screen_background(world, "both spans up"), dark.roles[ROLE_selection].bg.rgb);
	assert_int_equal(screen_background(world, "Established"), -1); /* the terminal's own */
	screen_finish(world);
}

static void
where_there_are_256_the_nearest_is_taken(void **state)
{
	char code[32];
	struct world *world = open_and_resize(&(struct screen_options){.rows = 20, .cols = 60});

	snprintf(code, sizeof(code), "38;5;%d", theme_nearest_256((uint32_t)good_of("dark")));
	assert_true(screen_wrote(world, code));
	assert_false(screen_wrote(world, "38;2;"));
	screen_finish(world);
}

static void
where_there_are_16_the_named_one_is_taken(void **state)
{
	struct world *world =
	    open_and_resize(&(struct screen_options){.rows = 20, .cols = 60, .colours = "16"});

	assert_true(screen_wrote(world, "\x1b[32m"));
	assert_false(screen_wrote(world, "38;5;"));
	assert_int_not_equal(screen_colour(world, "Established"), screen_colour(world, "✕ down"));
	/* on the selected row one colour that can be read on its ground */
	screen_type(world, "3");
	screen_wait_row(world, "▸", "Established");
	screen_type(world, "k");
	assert_int_equal(screen_colour(world, "Established"), screen_colour(world, "▸"));
	screen_finish(world);
}

static void
without_colours_the_words_are_the_same(void **state)
{
	struct world *world =
	    open_and_resize(&(struct screen_options){.rows = 20, .cols = 60, .colours = "none"});

	assert_int_equal(screen_colour(world, "Established"), -1);
	assert_int_equal(screen_colour(world, "✕ down"), -1);
	assert_true(screen_reversed(world, "both spans up"));
	assert_false(screen_wrote(world, "38;5;"));
	screen_finish(world);
}

static void
in_ascii_there_is_no_other_character(void **state)
{
	struct world *world = world_new();

	screen_open(world, &(struct screen_options){.rows = 20, .cols = 60, .ascii = true});
	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		screen_resize(world, sizes[i].rows, sizes[i].cols);
		screen_wait(world, "* live");
		screen_wait_row(world, "=1=", "carries");
		screen_wait_row(world, ".2.", "x down");
		assert_true(screen_is_ascii(world));
	}
	screen_finish(world);
}

static void
a_flag_gives_colours_that_the_description_lacks(void **state)
{
	struct world *world = screen_open_live(
	    &(struct screen_options){.rows = 24, .cols = 80, .term = "vt100", .colours = "24bit"});

	assert_int_equal(screen_colour(world, "Established"), good_of("dark"));
	screen_close(world);
	/* NO_COLOR is a wish for all programs, the flag one for this */
	screen_open(world, &(struct screen_options){
			       .rows = 24, .cols = 80, .term = "xterm", .colours = "256", .no_color = "1"});
	screen_wait(world, "● live");
	screen_wait(world, "Established");
	assert_true(screen_wrote(world, "38;5;"));
	screen_finish(world);
}

static void
the_settings_can_say_how_many_colours(void **state)
{
	struct world *world = screen_open_live(&(struct screen_options){
	    .rows = 24, .cols = 80, .settings = "colours: 24bit\nascii: no\n", .no_color = "1"});

	assert_int_equal(screen_colour(world, "Established"), good_of("dark"));
	screen_finish(world);
}

static void
colorterm_is_believed_only_where_it_can_be_true(void **state)
{
	static const struct {
		const char *term;
		bool direct, some;
	} terms[] = {{"xterm", true, true},
		     {"tmux-256color", true, true},
		     {"screen-256color", false, true},
		     {"linux", false, true},
		     {"vt100", false, false}};
	struct world *world = world_new();

	for (size_t i = 0; i < COUNT_OF(terms); i++) {
		screen_open(world,
			    &(struct screen_options){
				.rows = 24, .cols = 80, .term = terms[i].term, .colorterm = "truecolor"});
		screen_wait(world, "● live");
		screen_wait(world, "Established");
		assert_int_equal(screen_wrote(world, "38;2;"), terms[i].direct);
		assert_int_equal(screen_colour(world, "Established") != -1, terms[i].some);
		screen_close(world);
	}
	world_free(world);
}

static void
a_terminal_that_can_not_be_used_is_said_clearly(void **state)
{
	static const struct {
		const char *term, *words;
	} terms[] = {{"nosuchterm", "'nosuchterm' (TERM) is not known on this machine"},
		     {"dumb", "'dumb' (TERM) can't be drawn on"},
		     {"", "TERM is not set"}};
	struct world *world = world_new();

	for (size_t i = 0; i < COUNT_OF(terms); i++) {
		screen_open(world, &(struct screen_options){.rows = 24, .cols = 180, .term = terms[i].term});
		screen_wait(world, terms[i].words);
		assert_int_equal(screen_exit(world), 2);
		screen_close(world);
	}
	screen_open(world, &(struct screen_options){.rows = 24, .cols = 180, .colours = "many"});
	screen_wait(world, "--colours takes auto, 24bit, 256, 16 or none");
	assert_int_equal(screen_exit(world), 2);
	screen_finish(world);
}

/* --- the background --------------------------------------------------------------------------------- */

static void
the_terminals_answer_chooses_light_or_dark(void **state)
{
	struct world *world = screen_open_live(
	    &(struct screen_options){.rows = 24, .cols = 80, .no_theme = true, .colorterm = "truecolor"});

	assert_int_equal(screen_colour(world, "Established"), good_of("dark"));
	assert_true(screen_wrote(world, QUESTION));
	screen_type(world, "\x1b]11;rgb:fbfb/fafa/f7f7\x1b\\");
	screen_wait_colour(world, "Established", good_of("dark"));
	assert_int_equal(screen_colour(world, "Established"), good_of("light"));
	assert_false(screen_has(world, "this is where you came in")); /* no ']' was pressed */
	/* once: whoever has chosen since is not overruled */
	screen_type(world, ":theme dark\r");
	screen_wait_colour(world, "Established", good_of("light"));
	screen_type(world, "\x1b]11;rgb:ffff/ffff/ffff\x1b\\?");
	screen_wait(world, "Keys in Overview");
	screen_type(world, "\x1b");
	screen_wait_gone(world, "Keys in Overview");
	assert_int_equal(screen_colour(world, "Established"), good_of("dark"));
	screen_finish(world);
}

static void
without_an_answer_colorfgbg_counts(void **state)
{
	struct world *world = screen_open_live(&(struct screen_options){
	    .rows = 24, .cols = 80, .no_theme = true, .colorfgbg = "0;15", .colorterm = "truecolor"});

	assert_int_equal(screen_colour(world, "Established"), good_of("light"));
	screen_finish(world);
}

static void
nobody_is_asked_who_would_print_the_question(void **state)
{
	static const struct screen_options silent[] = {
	    {.rows = 24, .cols = 80, .no_theme = true, .term = "linux"},
	    {.rows = 24, .cols = 80, .no_theme = true, .term = "vt100"},
	    {.rows = 24, .cols = 80, .no_theme = true, .term = "screen"},
	    {.rows = 24, .cols = 80, .no_theme = true, .no_color = "1"},
	    {.rows = 24, .cols = 80, .no_theme = true, .settings = "theme: light\n"},
	    {.rows = 24, .cols = 80}};
	struct world *world = world_new();

	for (size_t i = 0; i < COUNT_OF(silent); i++) {
		screen_open(world, &silent[i]);
		screen_wait(world, "● live");
		screen_type(world, "?");
		screen_wait(world, "Keys in Overview");
		assert_false(screen_wrote(world, "\x1b]11"));
		screen_close(world);
	}
	world_free(world);
}

/* --- themes ----------------------------------------------------------------------------------------- */

static void
own_path(const struct world *world, const char *file, char *out, size_t size)
{
	snprintf(out, size, "%s/.config/twinspan/%s", world_folder(world), file);
}

static void
themes_are_switched_live_and_kept(void **state)
{
	struct world *world = screen_open_live(&(struct screen_options){
	    .rows = 24, .cols = 120, .colorterm = "truecolor", .settings = "# mine\nmouse: no\n"});
	char path[512], text[512] = "";
	FILE *file;

	screen_type(world, ":theme colourb");
	screen_wait_row(world, ":theme colourb", "colourblind-dark  colourblind-light");
	screen_type(world, "\tl\t\r");
	screen_wait_colour(world, "Established", good_of("dark"));
	assert_int_equal(screen_colour(world, "Established"), good_of("colourblind-light"));
	screen_type(world, "\x1bOQ"); /* F2 */
	screen_wait(world, "theme contrast (3 of 9)");
	assert_int_equal(screen_colour(world, "Established"), good_of("contrast"));
	screen_type(world, ":theme --save\r");
	screen_wait(world, "theme contrast is kept in");
	own_path(world, "console.yaml", path, sizeof(path));
	file = fopen(path, "re");
	assert_non_null(file);
	assert_true(fread(text, 1, sizeof(text) - 1, file) > 0);
	fclose(file);
	assert_string_equal(text, "# mine\nmouse: no\ntheme: \"contrast\"\n");
	screen_finish(world);
}

static void
a_broken_theme_is_said_and_the_old_one_stays(void **state)
{
	struct world *world = screen_open_live(&(struct screen_options){
	    .rows = 24, .cols = 180, .colorterm = "truecolor", .settings = "mouse: no\n"});
	char folder[512], path[512];
	FILE *file;

	own_path(world, "themes", folder, sizeof(folder));
	mkdir(folder, 0700);
	own_path(world, "themes/broken.yaml", path, sizeof(path));
	file = fopen(path, "we");
	assert_non_null(file);
	fputs("name: broken\nroles:\n  good: {fg: gren}\n", file);
	fclose(file);
	screen_type(world, ":theme broken\r");
	screen_wait(world, "broken.yaml:3:14: unknown colour 'gren' (did you mean 'green'?)");
	assert_int_equal(screen_colour(world, "Established"), good_of("dark"));
	screen_close(world);
	/* nor does it keep one from one's gateway at the start */
	screen_open(world, &(struct screen_options){.rows = 24,
						    .cols = 180,
						    .no_theme = true,
						    .colorterm = "truecolor",
						    .settings = "theme: broken\n"});
	screen_wait(world, "broken.yaml:3:14: unknown colour 'gren'");
	screen_wait(world, "● live");
	assert_int_equal(screen_colour(world, "Established"), good_of("dark"));
	unlink(path);
	rmdir(folder);
	screen_finish(world);
}

/* --- production ------------------------------------------------------------------------------------- */

static const char production[] = "sites: [{name: lyon, production: true}]\n";

static void
production_looks_different_in_every_tier(void **state)
{
	static const char *const tiers[] = {"24bit", "256", "16"};
	static const int widths[] = {20, 40, 60, 80, 120, 200};
	struct world *world, *other = world_new();
	int plain[COUNT_OF(tiers)];

	for (size_t i = 0; i < COUNT_OF(tiers); i++) {
		screen_open(other, &(struct screen_options){.rows = 24, .cols = 80, .colours = tiers[i]});
		screen_wait(other, "● live");
		screen_wait(other, "lyon");
		plain[i] = screen_background(other, "lyon");
		assert_false(screen_has(other, "PROD"));
		screen_close(other);
	}
	world_free(other);
	world = world_new();
	for (size_t i = 0; i < COUNT_OF(tiers); i++) {
		screen_open(world, &(struct screen_options){
				       .rows = 24, .cols = 80, .colours = tiers[i], .settings = production});
		screen_wait(world, "● live");
		screen_wait_row(world, "PRODUCTION", "lyon");
		assert_int_not_equal(screen_background(world, "PRODUCTION"), plain[i]);
		assert_int_not_equal(screen_background(world, "● live"), plain[i]);
		for (size_t w = 0; w < COUNT_OF(widths); w++) {
			screen_resize(world, 24, widths[w]);
			screen_wait_row(world, widths[w] >= 40 ? "PRODUCTION" : "PROD", "● live");
		}
		screen_close(world);
	}
	screen_open(world, &(struct screen_options){
			       .rows = 24, .cols = 80, .colours = "none", .settings = production});
	screen_wait(world, "● live");
	screen_wait_row(world, "PRODUCTION", "lyon");
	assert_true(screen_reversed(world, "PRODUCTION"));
	screen_finish(world);
}

TEST_MAIN(cmocka_unit_test(direct_colours_are_those_of_the_theme),
	  cmocka_unit_test(where_there_are_256_the_nearest_is_taken),
	  cmocka_unit_test(where_there_are_16_the_named_one_is_taken),
	  cmocka_unit_test(without_colours_the_words_are_the_same),
	  cmocka_unit_test(in_ascii_there_is_no_other_character),
	  cmocka_unit_test(a_flag_gives_colours_that_the_description_lacks),
	  cmocka_unit_test(the_settings_can_say_how_many_colours),
	  cmocka_unit_test(colorterm_is_believed_only_where_it_can_be_true),
	  cmocka_unit_test(a_terminal_that_can_not_be_used_is_said_clearly),
	  cmocka_unit_test(the_terminals_answer_chooses_light_or_dark),
	  cmocka_unit_test(without_an_answer_colorfgbg_counts),
	  cmocka_unit_test(nobody_is_asked_who_would_print_the_question),
	  cmocka_unit_test(themes_are_switched_live_and_kept),
	  cmocka_unit_test(a_broken_theme_is_said_and_the_old_one_stays),
	  cmocka_unit_test(production_looks_different_in_every_tier))
