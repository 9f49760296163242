// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What leaves the console: the screen in files, rows in files, the clipboard, one look without a terminal.
 * Files are written to the console's own folder and read back here.
 */
#include "tests/console/harness.h"

#include <errno.h>
#include <glob.h>
#include <locale.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/text.h"
#include "tests/console/world.h"
#include "tui/canvas.h"
#include "tui/output/clipboard.h"
#include "tui/output/dump.h"

static const struct screen_options wide = {.rows = 36, .cols = 120};

static char *
path_of(const struct world *world, const char *name)
{
	return text_format("%s/%s", world_folder(world), name);
}

/* The text of a file. Returns new, or NULL where there is none. */
static char *
read_file(const char *path)
{
	FILE *file = fopen(path, "r");
	char *text;
	size_t got;

	if (file == NULL)
		return NULL;
	text = memory_zeroed(1 << 20, 1);
	got = fread(text, 1, (1 << 20) - 1, file);
	text[got] = '\0';
	fclose(file);
	return text;
}

/* The text of a file of the console's folder, which is removed. */
static char *
take_file(const struct world *world, const char *name)
{
	char *path = path_of(world, name), *text = read_file(path);

	assert_non_null(text);
	assert_int_equal(unlink(path), 0);
	free(path);
	return text;
}

static size_t
line_count(const char *text)
{
	size_t count = 0;

	for (; *text != '\0'; text++)
		count += *text == '\n';
	return count;
}

static void
assert_has(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("'%s' is not in:\n%s", part, text);
}

static void
assert_has_not(const char *text, const char *part)
{
	if (strstr(text, part) != NULL)
		fail_msg("'%s' is in:\n%s", part, text);
}

/* --- dump ------------------------------------------------------------------------------------------ */

static void
the_screen_is_written_as_text_without_the_prompt(void **state)
{
	struct world *world = screen_open_live(&wide);
	char *text;

	screen_type(world, ":dump screen.txt\r");
	screen_wait(world, "screen written to screen.txt");
	text = take_file(world, "screen.txt");
	assert_int_equal(line_count(text), 36);
	assert_has(text, " lyon  customer");
	assert_has(text, "═1═");
	assert_has(text, "no answer from 198.51.100.9");
	assert_has_not(text, ":dump");
	assert_has_not(text, "\033");
	assert_has_not(text, " \n");
	free(text);
	screen_finish(world);
}

static void
a_file_that_exists_is_never_written_over(void **state)
{
	struct world *world = screen_open_live(&wide);
	char *path = path_of(world, "mine.txt"), *text;
	FILE *file = fopen(path, "w");

	fputs("precious\n", file);
	fclose(file);
	screen_type(world, ":dump mine.txt\r");
	screen_wait(world, "mine.txt exists already, and is left as it is");
	screen_type(world, ":save mine.txt\r");
	screen_wait_gone(world, "screen written");
	screen_type(world, ":dump /nonexistent/x.svg\r");
	screen_wait(world, "cannot write /nonexistent/x.svg: No such file or directory");
	screen_type(world, ":dump /dev/full.png\r");
	screen_wait(world, "the file's ending says how it is written: .txt, .ans or .svg");
	text = take_file(world, "mine.txt");
	assert_string_equal(text, "precious\n");
	free(text);
	free(path);
	screen_finish(world);
}

/* The text of the one file whose name fits, which is removed. */
static char *
take_file_like(const struct world *world, const char *like)
{
	char *pattern = path_of(world, like), *text;
	glob_t found;

	assert_int_equal(glob(pattern, 0, NULL, &found), 0);
	assert_int_equal(found.gl_pathc, 1);
	text = read_file(found.gl_pathv[0]);
	assert_int_equal(unlink(found.gl_pathv[0]), 0);
	globfree(&found);
	free(pattern);
	return text;
}

static void
the_key_chooses_a_name_that_says_what_it_is(void **state)
{
	struct world *world = screen_open_live(&wide);
	char *text;

	screen_type(world, "2W");
	screen_wait(world, "screen written to twinspan-lyon-tunnels-");
	text = take_file_like(world, "twinspan-lyon-tunnels-*.txt");
	assert_has(text, "4 tunnels");
	free(text);
	screen_finish(world);
}

static void
the_prompt_offers_the_forms_that_a_file_can_have(void **state)
{
	struct world *world = screen_open_live(&wide);

	screen_type(world, ":dump shot");
	screen_wait(world, "shot.txt  shot.ans  shot.ansi  shot.svg");
	screen_type(world, "\x1b");
	screen_wait_gone(world, "shot.txt");
	screen_type(world, ":save ");
	screen_wait(world, "rows.txt  rows.json  rows.jsonl");
	screen_finish(world);
}

static void
a_paused_screen_can_be_written(void **state)
{
	struct world *world = screen_open_live(&wide);
	char *text;

	screen_type(world, "z");
	screen_wait(world, "PAUSED");
	world_move(world_store(world));
	screen_wait_gone(world, ", 0 changes"); /* it came, behind the still picture */
	screen_type(world, "W");
	screen_wait(world, "screen written to twinspan-lyon-overview-");
	text = take_file_like(world, "twinspan-lyon-overview-*.txt");
	assert_has(text, "═1═  aws-paris/1"); /* what was seen, not what came after */
	assert_has(text, "PAUSED");
	free(text);
	screen_finish(world);
}

/* Takes the SGR sequences out of a text. */
static void
strip(char *text)
{
	char *to = text;

	while (*text != '\0') {
		if (text[0] == '\033' && text[1] == '[') {
			text += 2 + strspn(text + 2, "0123456789;");
			assert_int_equal(*text++, 'm');
		} else {
			*to++ = *text++;
		}
	}
	*to = '\0';
}

static void
ansi_is_the_text_in_the_terminals_own_colours(void **state)
{
	static const struct screen_options mono = {.rows = 36, .cols = 120, .no_color = "1"};
	struct world *world = screen_open_live(&wide);
	char *colours;

	screen_type(world, ":dump screen.ans\r");
	screen_wait(world, "screen written to screen.ans");
	colours = take_file(world, "screen.ans");
	assert_has(colours, "38;5;"); /* xterm-256color */
	assert_has_not(colours, "38;2;");
	strip(colours);
	assert_has(colours, " ═1═  aws-paris/1");
	free(colours);
	screen_finish(world);
	world = screen_open_live(&mono);
	screen_type(world, ":dump screen.ansi\r");
	screen_wait(world, "screen written to screen.ansi");
	colours = take_file(world, "screen.ansi");
	assert_has(colours, "\033[0;1m");
	assert_has_not(colours, ";38;");
	assert_has_not(colours, ";3");
	free(colours);
	screen_finish(world);
}

/* A parser that is no friend of ours reads it. */
static void
assert_well_formed(const char *path)
{
	char *command = text_format(
	    "python3 -c 'import sys, xml.etree.ElementTree as t; t.parse(sys.argv[1])' '%s'", path);

	assert_int_equal(system(command), 0);
	free(command);
}

static void
an_svg_is_well_formed_and_has_the_themes_ground(void **state)
{
	static const struct screen_options light = {.rows = 36, .cols = 120, .theme = "light"};
	struct world *world = screen_open_live(&light);
	char *path = path_of(world, "screen.svg"), *text;

	screen_type(world, ":dump screen.svg\r");
	screen_wait(world, "screen written to screen.svg");
	assert_well_formed(path);
	text = take_file(world, "screen.svg");
	assert_has(text, "<title>twinspan overview</title>");
	assert_has(text, "height=\"100%\" fill=\"#fbfaf7\"");
	assert_has(text, ">aws-paris</text>");
	free(text);
	free(path);
	screen_finish(world);
}

struct picture {
	const struct canvas *canvas;
	struct dump dump;
};

static void
write_picture(FILE *out, void *context)
{
	struct picture *picture = context;

	dump_write(out, picture->canvas, &picture->dump);
}

static void
svg_draws_dots_and_blocks_and_escapes_the_rest(void **state)
{
	struct canvas canvas = {0};
	struct theme theme;
	struct error err = {""};
	struct picture picture = {.canvas = &canvas, .dump = {.format = DUMP_SVG, .tier = TIER_DIRECT}};
	char path[] = "/tmp/twinspan-svg-XXXXXX", *text;
	struct area area;

	setlocale(LC_ALL, "C.UTF-8");
	assert_true(theme_load(TEST_SOURCE "/themes/dark.yaml", &theme, &err));
	picture.dump.theme = &theme;
	canvas_resize(&canvas, 3, 30);
	area = canvas_area(&canvas);
	area_text(&area, 0, 0, ROLE_graph, "⣿⠁█▄");
	area_text(&area, 1, 0, ROLE_bad, "<&>\"' \uFFFE e\u0301 漢");
	assert_int_equal(close(mkstemp(path)), 0);
	assert_int_equal(unlink(path), 0);
	assert_true(dump_new_file(path, write_picture, &picture, &err));
	assert_well_formed(path);
	text = read_file(path);
	assert_has(text, "&lt;&amp;&gt;");
	assert_has(text, "漢");
	assert_has_not(text, "\uFFFE");
	assert_has_not(text, "⣿");
	/* 8 dots, 1 dot, 2 blocks, all in one path */
	assert_has(text, "<path fill=");
	{
		size_t shapes = 0;

		for (const char *at = strstr(text, " d=\""); *at != '\0' && *at != '>'; at++)
			shapes += *at == 'z';
		assert_int_equal(shapes, 11);
	}
	assert_false(dump_new_file(path, write_picture, &picture, &err));
	assert_has(err.text, "exists already");
	assert_int_equal(unlink(path), 0);
	free(text);
	canvas_free(&canvas);
}

/* --- save ------------------------------------------------------------------------------------------ */

static void
events_are_saved_as_shown(void **state)
{
	struct world *world = screen_open_live(&wide);
	char *text;

	screen_type(world, ":show events --filter subject:plant\r");
	screen_wait(world, "2 shown");
	screen_type(world, ":save events.txt\r");
	screen_wait(world, "2 events written to events.txt");
	text = take_file(world, "events.txt");
	assert_int_equal(line_count(text), 3); /* with its titles */
	assert_has(text, "down: no answer from 198.51.100.9");
	assert_has_not(text, "aws-paris");
	free(text);
	screen_type(world, ":save events.json\r");
	screen_wait(world, "2 events written to events.json");
	text = take_file(world, "events.json");
	assert_int_equal(line_count(text), 2);
	assert_has(text, "\"kind\":\"ike.retransmit\"");
	free(text);
	/* from a severity on, and without what has come since the list stands still */
	screen_type(world, "\x1b");
	screen_wait_gone(world, "2 shown");
	screen_type(world, "vv");
	screen_wait(world, "warning+");
	screen_type(world, "f");
	screen_wait(world, "standing still");
	model_store_log(world_store(world), "error", "test", "core", "came since");
	screen_wait(world, "1 new above");
	screen_type(world, ":save warnings.json\r");
	screen_wait(world, "written to warnings.json");
	text = take_file(world, "warnings.json");
	assert_has(text, "\"severity\":\"error\"");
	assert_has_not(text, "\"severity\":\"info\"");
	assert_has_not(text, "came since");
	free(text);
	screen_finish(world);
}

static void
routes_are_not_saved_but_show_is_named(void **state)
{
	struct world *world = screen_open_live(&wide);

	screen_type(world, ":show routes\r");
	screen_wait(world, "10.50.0.0/24");
	screen_type(world, ":save routes.txt\r");
	screen_wait(world, "routes stay on the gateway: 'twinspan show routes");
	screen_finish(world);
}

/* --- copy ------------------------------------------------------------------------------------------ */

static void
copying_takes_more_each_time(void **state)
{
	struct world *world = screen_open_live(&wide);

	screen_type(world, "2");
	screen_wait(world, "4 tunnels");
	assert_false(screen_wrote(world, "]52;"));
	screen_type(world, "y");
	screen_wait(world, "copied aws-paris/1 (again: the whole row)");
	assert_true(screen_wrote(world, "\033]52;c;YXdzLXBhcmlzLzE=\a"));
	screen_type(world, "jy"); /* another row: its name first */
	screen_wait(world, "copied aws-paris/2 (again: the whole row)");
	screen_type(world, "y");
	screen_wait(world, "copied the tunnel in full");
	assert_true(screen_wrote(world, "\033]52;c;VHVubmVs")); /* "Tunnel" */
	screen_type(world, "y");
	screen_wait(world, "copied the tunnel as JSON");
	assert_true(screen_wrote(world, "\033]52;c;eyJuYW1lIjoi")); /* {"name":" */
	screen_type(world, "y");
	screen_wait(world, "copied the screen as text");
	screen_finish(world);
}

static void
marked_rows_are_copied_together(void **state)
{
	struct world *world = screen_open_live(&wide);

	screen_type(world, "2");
	screen_wait(world, "4 tunnels");
	screen_type(world, "  ");
	screen_wait(world, "2 marked");
	screen_type(world, "y");
	screen_wait(world, "copied 2 tunnels");
	/* "aws-paris/1\naws-paris/2" */
	assert_true(screen_wrote(world, "\033]52;c;YXdzLXBhcmlzLzEKYXdzLXBhcmlzLzI=\a"));
	screen_finish(world);
}

static void
a_field_is_copied_by_its_name(void **state)
{
	static const struct screen_options tmux = {
	    .rows = 36, .cols = 120, .tmux = "/tmp/tmux-0/default,1,0"};
	struct world *world = screen_open_live(&tmux);

	screen_type(world, "2:copy remote\r");
	screen_wait(world, "copied 203.0.113.17");
	assert_true(screen_wrote(world, "\033Ptmux;\033\033]52;c;MjAzLjAuMTEzLjE3\a\033\\"));
	screen_type(world, ":copy nonsense\r");
	screen_wait(world, "no field is called 'nonsense'");
	screen_finish(world);
}

static void
the_clipboard_has_a_limit_and_paths(void **state)
{
	struct error err = {""};
	char *text = memory_zeroed(60001, 1), *bytes;

	bytes = clipboard_bytes("a", CLIPBOARD_DIRECT, &err);
	assert_string_equal(bytes, "\033]52;c;YQ==\a");
	free(bytes);
	bytes = clipboard_bytes("", CLIPBOARD_DIRECT, &err);
	assert_string_equal(bytes, "\033]52;c;\a");
	free(bytes);
	memset(text, 'x', 55500);
	bytes = clipboard_bytes(text, CLIPBOARD_SCREEN, &err);
	assert_non_null(bytes);
	/* screen takes no string of more than 768 bytes */
	for (char *piece = bytes; *piece != '\0'; piece = strstr(piece, "\033\\") + 2) {
		assert_memory_equal(piece, "\033P", 2);
		assert_true(strstr(piece, "\033\\") - piece < 768);
	}
	free(bytes);
	memset(text, 'x', 60000);
	assert_null(clipboard_bytes(text, CLIPBOARD_DIRECT, &err));
	assert_has(err.text, "60000 bytes are too much");
	free(text);
}

/* --- one look -------------------------------------------------------------------------------------- */

/* Runs to the end with stdout in a file. Returns its text. */
static char *
look_once(struct world *world, const struct console_once *once, int exit_code)
{
	struct screen_options options = {.rows = 24, .cols = 80, .output = "out.txt", .once = once};
	char *text;

	screen_open(world, &options);
	assert_int_equal(screen_exit(world), exit_code);
	text = take_file(world, "out.txt");
	screen_close(world);
	return text;
}

static void
without_a_terminal_the_whole_overview_is_printed(void **state)
{
	struct world *world = world_new();
	char *text = look_once(world, NULL, 0);

	assert_has(text, " lyon  customer");
	assert_has(text, "═1═  aws-paris/1");
	assert_has(text, "no answer from 198.51.100.9");
	assert_has(text, "Established with 169.254.44.241"); /* the events too, below 24 rows */
	assert_has_not(text, "\033");
	assert_has_not(text, "▸");
	assert_has_not(text, "q leave");
	free(text);
	world_free(world);
}

static void
every_panel_can_be_printed(void **state)
{
	static const struct {
		const char *panel, *text;
	} panels[] = {{"overview", "═1═"},
		      {"connections", "═1═"},
		      {"tunnels", "plant/2"},
		      {"peers", "169.254.44.241"},
		      {"routes", "10.50.199.0/24"},
		      {"received", "overlaps our own"},
		      {"advertised", "10.20.0.0/16"},
		      {"events", "retransmit 12"},
		      {"gateway", "AS65010"},
		      {"usage", "lyon"},
		      {"plugins", "lyon"}};
	struct world *world = world_new();

	for (size_t i = 0; i < COUNT_OF(panels); i++) {
		const struct console_once once = {.panel = panels[i].panel};
		char *text = look_once(world, &once, 0);

		assert_has(text, panels[i].text);
		free(text);
	}
	world_free(world);
}

static void
a_row_a_filter_and_a_size_are_taken(void **state)
{
	static const struct console_once row = {.panel = "tunnels", .name = "aws-paris/1"},
					 filter = {.panel = "tunnels", .filter = "state:down"},
					 size = {.panel = "tunnels", .cols = 60, .rows = 4},
					 large = {.panel = "routes"};
	struct world *world = world_new();
	char *text = look_once(world, &row, 0);

	assert_has(text, "AES_GCM_16_256/ECP_384");
	free(text);
	text = look_once(world, &filter, 0);
	assert_has(text, "plant/2");
	assert_has_not(text, "aws-paris/1");
	free(text);
	text = look_once(world, &size, 0);
	assert_int_equal(line_count(text), 4);
	free(text);
	text = look_once(world, &large, 0); /* 1,000 of them */
	assert_has(text, "… and more: 'twinspan show routes' prints all");
	free(text);
	world_free(world);
}

static void
what_can_not_be_printed_has_its_code(void **state)
{
	static const struct console_once nothing = {.panel = "tunels"},
					 nobody = {.panel = "tunnels", .name = "plant/3"},
					 bad = {.panel = "tunnels", .filter = "nofield:1"}, fine = {0};
	struct world *world = world_new();

	free(look_once(world, &nothing, 2));
	free(look_once(world, &nobody, 1));
	free(look_once(world, &bad, 2));
	world_stop_serving(world);
	free(look_once(world, &fine, 3));
	world_free(world);
}

static void
a_terminal_gets_colours(void **state)
{
	static const struct console_once once = {.panel = "tunnels"};
	static const struct screen_options terminal = {.rows = 24, .cols = 80, .once = &once};
	struct world *world = world_new();

	screen_open(world, &terminal);
	assert_int_equal(screen_exit(world), 0);
	assert_true(screen_wrote(world, "38;5;"));
	assert_true(screen_wrote(world, "═1═"));
	assert_false(screen_wrote(world, "\033[?1049h")); /* the screen is left as it was */
	screen_finish(world);
}

static void
a_reader_that_left_had_enough(void **state)
{
	static const struct console_once once = {.panel = "routes"};
	static const struct screen_options left = {
	    .rows = 24, .cols = 160, .output_closed = true, .once = &once};
	struct world *world = world_new();

	screen_open(world, &left);
	assert_int_equal(screen_exit(world), 0);
	assert_false(screen_wrote(world, "twinspan:"));
	screen_finish(world);
}

static void
a_full_disk_is_an_error(void **state)
{
	static const struct console_once once = {0};
	static const struct screen_options full = {
	    .rows = 24, .cols = 160, .output = "/dev/full", .once = &once};
	struct world *world = world_new();

	screen_open(world, &full);
	assert_int_equal(screen_exit(world), 1);
	assert_true(screen_wrote(world, "cannot write: No space left on device"));
	screen_finish(world);
}

TEST_MAIN(cmocka_unit_test(the_screen_is_written_as_text_without_the_prompt),
	  cmocka_unit_test(a_file_that_exists_is_never_written_over),
	  cmocka_unit_test(the_key_chooses_a_name_that_says_what_it_is),
	  cmocka_unit_test(the_prompt_offers_the_forms_that_a_file_can_have),
	  cmocka_unit_test(a_paused_screen_can_be_written),
	  cmocka_unit_test(ansi_is_the_text_in_the_terminals_own_colours),
	  cmocka_unit_test(an_svg_is_well_formed_and_has_the_themes_ground),
	  cmocka_unit_test(svg_draws_dots_and_blocks_and_escapes_the_rest),
	  cmocka_unit_test(events_are_saved_as_shown),
	  cmocka_unit_test(routes_are_not_saved_but_show_is_named),
	  cmocka_unit_test(copying_takes_more_each_time), cmocka_unit_test(marked_rows_are_copied_together),
	  cmocka_unit_test(a_field_is_copied_by_its_name),
	  cmocka_unit_test(the_clipboard_has_a_limit_and_paths),
	  cmocka_unit_test(without_a_terminal_the_whole_overview_is_printed),
	  cmocka_unit_test(every_panel_can_be_printed), cmocka_unit_test(a_row_a_filter_and_a_size_are_taken),
	  cmocka_unit_test(what_can_not_be_printed_has_its_code), cmocka_unit_test(a_terminal_gets_colours),
	  cmocka_unit_test(a_reader_that_left_had_enough), cmocka_unit_test(a_full_disk_is_an_error))
