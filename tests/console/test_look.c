// SPDX-License-Identifier: GPL-2.0-or-later
/* How the console looks and feels: tiers of colour, themes, the mouse, production, pause, and what all of it
 * costs in bytes. */
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "tests/console/harness.h"
#include "tui/theme.h"

#define MOUSE_ON "\x1b[?1000h\x1b[?1006h"
#define MOUSE_OFF "\x1b[?1006l\x1b[?1000l"
#define QUESTION "\x1b]11;?\x1b\\"
#define LEAVE "\x1b[?1049l" /* rmcup: back to the shell's screen */

static const struct screen_options small = {.rows = 24, .cols = 80}, wide = {.rows = 36, .cols = 120};

static void
turn_for(struct world *world, usec_t time)
{
	usec_t end = clock_monotonic() + time;

	while (clock_monotonic() < end)
		world_turn(world);
}

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

/* --- the mouse -------------------------------------------------------------------------------------- */

/* The button goes down on a place that counts from 1, as terminals do. */
static void
click(struct world *world, int row, int col)
{
	char report[64];

	snprintf(report, sizeof(report), "\x1b[<0;%d;%dM\x1b[<0;%d;%dm", col, row, col, row);
	screen_type(world, report);
}

static void
the_mouse_is_off_until_it_is_asked_for(void **state)
{
	struct world *world = screen_open_live(&small);

	assert_false(screen_wrote(world, "1000h"));
	screen_type(world, "m");
	screen_wait(world, "Shift selects text");
	screen_wait_row(world, "lyon", "mouse");
	assert_true(screen_wrote(world, MOUSE_ON));
	screen_type(world, "m");
	screen_wait(world, "mouse off");
	assert_true(screen_wrote(world, MOUSE_OFF));
	screen_finish(world);
}

static void
clicks_choose_tabs_rows_and_keys(void **state)
{
	struct world *world =
	    screen_open_live(&(struct screen_options){.rows = 24, .cols = 80, .mouse = true});

	click(world, 2, 13); /* Tunnels */
	screen_wait(world, "4 tunnels");
	click(world, 6, 20); /* the third row */
	screen_wait_row(world, "▸", "plant/1");
	click(world, 4, 20);
	screen_wait_row(world, "▸", "aws-paris/1");
	click(world, 20, 20); /* below the last row: nothing */
	screen_type(world, "j");
	screen_wait_row(world, "▸", "aws-paris/2");
	screen_type(world, "k");
	screen_wait_row(world, "▸", "aws-paris/1");
	screen_type(world, "\x1b[<65;20;5M"); /* the wheel */
	screen_wait_row(world, "▸", "plant/2");
	screen_type(world, "\x1b[<64;20;5M");
	screen_wait_row(world, "▸", "aws-paris/1");
	click(world, 5, 20);
	click(world, 5, 20);
	screen_wait(world, "tunnel → ");
	screen_wait(world, "aws-paris/2");
	screen_type(world, "\x1b");
	screen_wait(world, "4 tunnels");
	click(world, 24, 2); /* "s switch over" */
	screen_wait(world, "[ Cancel ]");
	screen_finish(world);
}

static void
in_the_overview_graphs_belong_to_their_connection(void **state)
{
	struct world *world =
	    screen_open_live(&(struct screen_options){.rows = 24, .cols = 80, .mouse = true});

	screen_wait(world, "4 min ago");
	click(world, 7, 20);
	screen_wait_row(world, "▸", "aws-paris/2");
	click(world, 9, 20); /* the graph under it */
	screen_wait_row(world, "▸", "aws-paris/2");
	click(world, 23, 20); /* an event */
	click(world, 24, 77); /* "q leave", and its end */
	assert_int_equal(screen_exit(world), 0);
	screen_finish(world);
}

static void
a_dangerous_button_takes_two_clicks(void **state)
{
	struct world *world =
	    screen_open_live(&(struct screen_options){.rows = 24, .cols = 80, .mouse = true});
	int row, col;

	screen_type(world, "s");
	screen_wait(world, "MED 100/200 becomes");
	screen_wait(world, "switch over  ");
	assert_true(screen_find(world, "[ Cancel ]", &row, &col));
	click(world, row + 1, col + 16);
	screen_wait(world, "[ switch over ]");
	assert_int_equal(world_commands(world, "aws-paris done"), 0);
	click(world, row + 1, col + 3); /* Cancel cancels at once */
	screen_wait_gone(world, "switch over ]");
	assert_int_equal(world_commands(world, "aws-paris done"), 0);
	screen_finish(world);
}

static void
the_mouse_is_let_go_at_the_end_whatever_it_is(void **state)
{
	struct world *world =
	    screen_open_live(&(struct screen_options){.rows = 24, .cols = 80, .settings = "mouse: yes\n"});

	assert_true(screen_wrote(world, MOUSE_ON));
	assert_false(screen_wrote(world, MOUSE_OFF));
	screen_type(world, "q");
	assert_int_equal(screen_exit(world), 0);
	assert_true(screen_wrote(world, MOUSE_OFF));
	screen_close(world);
	screen_open(world, &(struct screen_options){.rows = 24, .cols = 80, .mouse = true});
	screen_wait(world, "● live");
	screen_signal(world, SIGSEGV);
	assert_int_not_equal(screen_exit(world), 0);
	assert_true(screen_wrote(world, MOUSE_OFF));
	assert_true(screen_wrote(world, LEAVE));
	screen_finish(world);
}

static void
a_suspended_console_lets_the_mouse_go_and_takes_it_again(void **state)
{
	struct world *world =
	    screen_open_live(&(struct screen_options){.rows = 24, .cols = 80, .mouse = true});
	usec_t end = clock_monotonic() + 30 * USEC_PER_SEC;
	size_t before;

	screen_type(world, "\x1a");
	while (!screen_wrote(world, LEAVE) && clock_monotonic() < end)
		world_turn(world);
	assert_true(screen_wrote(world, MOUSE_OFF));
	before = screen_bytes(world);
	while (screen_bytes(world) < before + 500 && clock_monotonic() < end) {
		screen_signal(world, SIGCONT); /* one that comes before it has stopped is lost */
		turn_for(world, 100 * USEC_PER_MS);
	}
	click(world, 2, 13);
	screen_wait(world, "4 tunnels");
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

/* --- pause ------------------------------------------------------------------------------------------ */

static void
set_rtt(struct world *world, const char *name, double rtt)
{
	const struct model_shape *shape = model_kind_info(MODEL_KIND_TUNNEL)->shape;
	struct model_tunnel *t = model_row_new(MODEL_KIND_TUNNEL);

	model_row_clear(shape, t);
	model_row_copy(shape, t, model_store_get(world_store(world), MODEL_KIND_TUNNEL, name));
	t->rtt_ms = rtt;
	model_store_put(world_store(world), MODEL_KIND_TUNNEL, t);
	model_row_free(MODEL_KIND_TUNNEL, t);
}

static void
a_paused_screen_stands_while_data_goes_on(void **state)
{
	struct world *world = screen_open_live(&wide);

	screen_type(world, "z");
	screen_wait_row(world, "lyon", "PAUSED");
	screen_wait(world, "z shows the present");
	set_rtt(world, "aws-paris/1", 77.7);
	model_store_log(world_store(world), "info", "test", "core", "something new");
	screen_wait_row(world, "PAUSED", "2 changes");
	screen_wait(world, "1 event since");
	assert_false(screen_has(world, "77.7 ms"));
	assert_false(screen_has(world, "something new"));
	screen_wait(world, "PAUSED 2 s"); /* it is no frozen program */
	screen_type(world, "z");
	screen_wait(world, "77.7 ms");
	screen_wait_gone(world, "PAUSED");
	screen_wait(world, "something new");
	screen_finish(world);
}

static void
moving_shows_the_present_and_moves(void **state)
{
	struct world *world = screen_open_live(&wide);

	screen_type(world, "2");
	screen_wait_row(world, "▸", "aws-paris/1");
	screen_type(world, "z");
	screen_wait(world, "PAUSED");
	set_rtt(world, "aws-paris/1", 77.7);
	screen_type(world, "j");
	screen_wait_gone(world, "PAUSED");
	screen_wait_row(world, "▸", "aws-paris/2");
	screen_wait(world, "77.7 ms");
	screen_finish(world);
}

static void
nothing_is_sent_from_a_paused_screen(void **state)
{
	struct world *world = screen_open_live(&wide);

	screen_type(world, "2z");
	screen_wait(world, "PAUSED");
	screen_type(world, "r");
	screen_wait(world, "rekey was not sent");
	screen_wait_gone(world, "PAUSED");
	assert_int_equal(world_commands(world, "aws-paris/1 done"), 0);
	screen_type(world, "r");
	screen_wait(world, "asked");
	assert_int_equal(world_commands(world, "aws-paris/1 done"), 1);
	screen_finish(world);
}

static void
a_paused_screen_says_that_the_gateway_is_gone(void **state)
{
	struct world *world = screen_open_live(&small);

	screen_type(world, "z");
	screen_wait(world, "PAUSED");
	world_stop_serving(world);
	screen_wait_row(world, "PAUSED", "STALE");
	screen_resize(world, 20, 60);
	screen_wait_row(world, "PAUSED", "STALE");
	screen_wait(world, "aws-paris");
	screen_finish(world);
}

/* --- sizes ------------------------------------------------------------------------------------------ */

static void
the_state_is_seen_at_any_size(void **state)
{
	static const int tiny[][2] = {{3, 10}, {1, 20}, {4, 40}, {7, 30}, {8, 30}, {10, 10}, {24, 80}};
	static const char *const keys[] = {"z", "m", "?", "/a", ":theme "};

	for (size_t k = 0; k < COUNT_OF(keys); k++) {
		struct world *world = screen_open_live(
		    &(struct screen_options){.rows = 24, .cols = 80, .settings = production});

		screen_type(world, keys[k]);
		for (size_t i = 0; i < COUNT_OF(tiny); i++) {
			screen_resize(world, tiny[i][0], tiny[i][1]);
			screen_wait(world, "live");
		}
		screen_type(world, "\x1b");
		screen_finish(world);
	}
}

static void
a_low_screen_keeps_its_rows_for_the_panel(void **state)
{
	struct world *world = screen_open_live(&(struct screen_options){.rows = 6, .cols = 60});

	assert_false(screen_has(world, "Tunnels"));
	assert_true(screen_has(world, "carries"));
	screen_type(world, ":");
	screen_wait(world, "switchover");
	screen_type(world, "\x1b");
	screen_wait(world, "q leave");
	screen_finish(world);
}

/* --- help ------------------------------------------------------------------------------------------- */

static void
help_is_searched_and_shows_a_persons_own_keys(void **state)
{
	struct world *world = screen_open_live(
	    &(struct screen_options){.rows = 24, .cols = 80, .settings = "keys: {rekey: F5}\n"});

	screen_type(world, "?");
	screen_wait(world, "Keys in Overview");
	screen_type(world, "/REKEY");
	screen_wait(world, "Help /REKEY");
	screen_wait_row(world, "F5", "rekey a tunnel's SAs");
	screen_wait_row(world, "rekey TUNNEL", "rekey a tunnel's SAs");
	assert_false(screen_has(world, "Keys everywhere"));
	screen_type(world, "\r");
	screen_wait(world, "/ search");
	screen_type(world, "\x1b");
	screen_wait_row(world, "F5", "losing a packet");
	screen_wait(world, "mark the row");
	screen_type(world, "/nosuchword");
	screen_wait(world, "nothing here has that");
	screen_type(world, "\x1b");
	screen_wait_gone(world, "nosuchword");
	screen_wait(world, "Keys in Overview");
	screen_type(world, "?");
	screen_wait_gone(world, "Keys in Overview");
	screen_finish(world);
}

static void
help_has_two_columns_where_there_is_room(void **state)
{
	struct world *world = screen_open_live(&(struct screen_options){.rows = 50, .cols = 200});

	screen_type(world, "?");
	screen_wait_row(world, "Keys in Overview", "Commands, after ':'");
	screen_resize(world, 36, 120);
	screen_wait(world, "Keys in Overview");
	screen_wait_gone(world, "Commands, after ':'");
	screen_finish(world);
}

/* --- bytes ------------------------------------------------------------------------------------------ */

/* The bytes of each of some seconds in which nothing happens, the least of them: a busy machine makes two
 * seconds one. */
static size_t
least_idle(struct world *world, int seconds)
{
	size_t least = SIZE_MAX;

	for (int i = 0; i < seconds; i++) {
		size_t before;

		while (clock_wall() % USEC_PER_SEC < 500 * USEC_PER_MS)
			turn_for(world, 10 * USEC_PER_MS);
		before = screen_bytes(world);
		turn_for(world, USEC_PER_SEC);
		least = screen_bytes(world) - before < least ? screen_bytes(world) - before : least;
	}
	return least;
}

static void
an_idle_screen_costs_few_bytes(void **state)
{
	static const struct screen_options all[] = {{.rows = 24, .cols = 80},
						    {.rows = 36, .cols = 120},
						    {.rows = 50, .cols = 200, .colorterm = "truecolor"}};
	struct world *world = world_new();

	for (size_t i = 0; i < COUNT_OF(all); i++) {
		size_t bytes;

		screen_open_until_live(world, &all[i]);
		bytes = least_idle(world, 4); /* charts move every few seconds */
		print_message("# overview at %dx%d: %zu bytes a second\n", all[i].cols, all[i].rows, bytes);
		assert_in_range(bytes, 1, 400); /* its graphs fill up */
		screen_type(world, "3");
		screen_wait(world, "3 peers");
		bytes = least_idle(world, 2);
		print_message("# idle at %dx%d: %zu bytes a second\n", all[i].cols, all[i].rows, bytes);
		assert_in_range(bytes, 1, 200);
		screen_close(world);
	}
	world_free(world);
}

static void
a_changed_number_costs_few_bytes(void **state)
{
	struct world *world = screen_open_live(&wide);
	size_t least = SIZE_MAX;

	screen_type(world, "2");
	screen_wait(world, "4 tunnels");
	for (int i = 0; i < 5; i++) {
		size_t before;
		char text[16];

		while (clock_wall() % USEC_PER_SEC > 500 * USEC_PER_MS)
			turn_for(world, 10 * USEC_PER_MS);
		before = screen_bytes(world);
		snprintf(text, sizeof(text), "1%d.5 ms", i + 2);
		set_rtt(world, "aws-paris/1", 12.5 + i);
		screen_wait(world, text);
		least = screen_bytes(world) - before < least ? screen_bytes(world) - before : least;
	}
	print_message("# one changed number: %zu bytes\n", least);
	assert_in_range(least, 1, 64);
	screen_finish(world);
}

static void
escape_acts_within_its_delay(void **state)
{
	struct world *world = screen_open_live(&small);
	usec_t least = USEC_PER_SEC, start;

	for (int i = 0; i < 5; i++) {
		screen_type(world, "?");
		screen_wait(world, "Keys in Overview");
		start = clock_monotonic();
		screen_type(world, "\x1b");
		screen_wait_gone(world, "Keys in Overview");
		least = clock_monotonic() - start < least ? clock_monotonic() - start : least;
	}
	/* screen_type itself waits 60 ms for it; ncurses' own delay would be a second */
	assert_in_range(least, 0, 500 * USEC_PER_MS);
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
	  cmocka_unit_test(the_mouse_is_off_until_it_is_asked_for),
	  cmocka_unit_test(clicks_choose_tabs_rows_and_keys),
	  cmocka_unit_test(in_the_overview_graphs_belong_to_their_connection),
	  cmocka_unit_test(a_dangerous_button_takes_two_clicks),
	  cmocka_unit_test(the_mouse_is_let_go_at_the_end_whatever_it_is),
	  cmocka_unit_test(a_suspended_console_lets_the_mouse_go_and_takes_it_again),
	  cmocka_unit_test(production_looks_different_in_every_tier),
	  cmocka_unit_test(a_paused_screen_stands_while_data_goes_on),
	  cmocka_unit_test(moving_shows_the_present_and_moves),
	  cmocka_unit_test(nothing_is_sent_from_a_paused_screen),
	  cmocka_unit_test(a_paused_screen_says_that_the_gateway_is_gone),
	  cmocka_unit_test(the_state_is_seen_at_any_size),
	  cmocka_unit_test(a_low_screen_keeps_its_rows_for_the_panel),
	  cmocka_unit_test(help_is_searched_and_shows_a_persons_own_keys),
	  cmocka_unit_test(help_has_two_columns_where_there_is_room),
	  cmocka_unit_test(an_idle_screen_costs_few_bytes),
	  cmocka_unit_test(a_changed_number_costs_few_bytes), cmocka_unit_test(escape_acts_within_its_delay))
