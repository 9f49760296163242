// SPDX-License-Identifier: GPL-2.0-or-later
/* The parts of the console that need no terminal: canvas, theme, keys, completion, figures, graphs, tables.
 */
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <unistd.h>

#include "core/control/commands.h"
#include "tests/console/world.h"
#include "tests/unit/test.h"
#include "tui/canvas.h"
#include "tui/complete.h"
#include "tui/format.h"
#include "core/model/history.h"
#include "tui/widgets/chart.h"
#include "tui/keys.h"
#include "tui/panel.h"
#include "tui/theme.h"
#include "tui/widgets/dialog.h"
#include "tui/widgets/input.h"
#include "tui/widgets/table.h"

/* --- canvas
 * --------------------------------------------------------------------------------------------------- */

static const char *
row(struct canvas *canvas, int i)
{
	static char text[1024];

	return canvas_row_text(canvas, i, text, sizeof(text));
}

static void
what_lies_outside_an_area_is_not_drawn(void **state)
{
	struct canvas canvas = {0};
	struct area all, part;

	canvas_resize(&canvas, 3, 10);
	all = canvas_area(&canvas);
	part = area_part(&all, 1, 2, 1, 4);
	area_text(&part, 0, 0, ROLE_text, "abcdefgh");
	area_text(&part, 1, 0, ROLE_text, "below");
	area_text(&part, -1, 0, ROLE_text, "above");
	area_text(&part, 0, -2, ROLE_text, "left");
	assert_string_equal(row(&canvas, 0), "");
	assert_string_equal(row(&canvas, 1), "  ftcd");
	assert_string_equal(row(&canvas, 2), "");
	part = area_part(&all, -5, -5, 100, 100);
	assert_int_equal(part.rows, 3);
	assert_int_equal(part.cols, 10);
	canvas_free(&canvas);
}

static void
a_field_is_cut_with_an_ellipsis_and_padded(void **state)
{
	struct canvas canvas = {0};
	struct area all;

	canvas_resize(&canvas, 3, 12);
	all = canvas_area(&canvas);
	assert_int_equal(area_field(&all, 0, 0, 6, false, ROLE_text, "aws-paris/1"), 6);
	area_field(&all, 1, 0, 6, true, ROLE_text, "12");
	area_field(&all, 2, 0, 5, false, ROLE_text, "日本語");
	assert_string_equal(row(&canvas, 0), "aws-p…");
	assert_string_equal(row(&canvas, 1), "    12");
	assert_string_equal(row(&canvas, 2), "日本…");
	canvas_free(&canvas);
}

static void
half_a_wide_character_is_a_blank(void **state)
{
	struct canvas canvas = {0};
	struct area all;

	canvas_resize(&canvas, 1, 5);
	all = canvas_area(&canvas);
	area_text(&all, 0, 0, ROLE_text, "日本語"); /* the third has room for one half only */
	assert_string_equal(row(&canvas, 0), "日本");
	area_text(&all, 0, 1, ROLE_text, "x");
	assert_string_equal(row(&canvas, 0), " x本");
	area_text(&all, 0, 2, ROLE_text, "y");
	assert_string_equal(row(&canvas, 0), " xy");
	canvas_free(&canvas);
}

static void
lines_break_at_blanks(void **state)
{
	const char *text = "12 prefixes move from one to the other";
	char line[64];

	assert_true(text_line(&text, 12, line, sizeof(line)));
	assert_string_equal(line, "12 prefixes");
	assert_true(text_line(&text, 12, line, sizeof(line)));
	assert_string_equal(line, "move from");
	text = "unbreakable";
	assert_true(text_line(&text, 5, line, sizeof(line)));
	assert_string_equal(line, "unbre");
	assert_true(text_line(&text, 50, line, sizeof(line)));
	assert_string_equal(line, "akable");
	assert_false(text_line(&text, 50, line, sizeof(line)));
	text = "no room for it";
	assert_false(text_line(&text, 0, line, sizeof(line)));
	assert_string_equal(text, "");
}

static void
what_has_no_room_for_all_lines_ends_in_an_ellipsis(void **state)
{
	static const char text[] = "12 prefixes move from one to the other";
	struct canvas canvas = {0};
	struct area all;

	canvas_resize(&canvas, 4, 12);
	all = canvas_area(&canvas);
	assert_int_equal(area_wrap(&all, 0, 0, 12, 0, ROLE_text, text), 4);
	assert_string_equal(row(&canvas, 0), "");
	assert_int_equal(area_wrap(&all, 0, 0, 12, 2, ROLE_text, text), 2);
	assert_string_equal(row(&canvas, 1), "move from…");
	assert_string_equal(row(&canvas, 2), "");
	assert_int_equal(area_wrap(&all, 2, 0, 11, 1, ROLE_text, text), 1);
	assert_string_equal(row(&canvas, 2), "12 prefixe…");
	assert_int_equal(area_wrap(&all, 0, 0, 12, 9, ROLE_text, text), 4);
	assert_string_equal(row(&canvas, 3), "other");
	canvas_free(&canvas);
}

static void
one_next_try_is_told_and_it_is_the_true_one(void **state)
{
	struct model_tunnel *tunnel = model_row_new(MODEL_KIND_TUNNEL);
	const usec_t now = 1700000000 * USEC_PER_SEC;
	char text[256];

	tunnel->last_error.set = true;
	model_set(&tunnel->last_error.text, "192.0.2.9 does not answer: 6 packets sent, next try in 35 s");
	tunnel->next_try_at = now + 12 * USEC_PER_SEC;
	assert_string_equal(tunnel_trouble(tunnel, now, text, sizeof(text)),
			    "192.0.2.9 does not answer: 6 packets sent; next in 12 s");
	tunnel->next_try_at = now - USEC_PER_SEC; /* under way */
	assert_string_equal(tunnel_trouble(tunnel, now, text, sizeof(text)),
			    "192.0.2.9 does not answer: 6 packets sent");
	model_row_free(MODEL_KIND_TUNNEL, tunnel);
}

static void
bytes_that_are_no_utf8_are_marked(void **state)
{
	const char *text = "\xff\xc3(\xe2\x82";

	assert_int_equal(text_next(&text), 0xfffd);
	assert_int_equal(text_next(&text), 0xfffd);
	assert_int_equal(text_next(&text), '(');
	assert_int_equal(text_next(&text), 0xfffd);
	assert_int_equal(text_next(&text), 0xfffd);
	assert_int_equal(text_next(&text), 0);
}

/* --- themes
 * --------------------------------------------------------------------------------------------------- */

static void
check_theme_error(const char *text, const char *expected)
{
	char path[] = "/tmp/twinspan-theme-XXXXXX";
	struct theme theme;
	struct error err = {""};
	int fd = mkstemp(path);

	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	assert_false(theme_load(path, &theme, &err));
	unlink(path);
	if (strstr(err.text, expected) == NULL)
		fail_msg("'%s' lacks '%s'", err.text, expected);
}

static void
a_slip_in_a_theme_is_said_with_its_line(void **state)
{
	check_theme_error("name: x\nroles:\n  goood: {fg: red}\n",
			  ":3:3: unknown role 'goood' (did you mean 'good'?)");
	check_theme_error("nam: x\n", ":1:1: unknown key 'nam' (did you mean 'name'?)");
	check_theme_error("roles:\n  good: {fg: rde}\n", ":2:14: unknown colour");
	check_theme_error("roles:\n  good: {fg: \"#12345\"}\n", ":2:14: a colour is written \"#rrggbb\"");
	check_theme_error("roles: {good: {bold: perhaps}}\n", "true or false");
	check_theme_error("roles: [\n", ":");
	check_theme_error("", "empty");
}

/* --- keys
 * ----------------------------------------------------------------------------------------------------- */

static void
the_command_tables_keys_do_not_collide(void **state)
{
	size_t count;
	const struct command *table = command_table(&count);
	struct error err = {""};

	if (!keys_check(table, count, &err))
		fail_msg("%s", err.text);
}

static void
colliding_keys_are_found(void **state)
{
	const struct command twice[] = {{.name = "one", .keys = "a F5", .panels = "peers"},
					{.name = "two", .keys = "F5", .panels = "tunnels peers"}};
	const struct command apart[] = {{.name = "one", .keys = "a", .panels = "peers"},
					{.name = "two", .keys = "a", .panels = "tunnels"},
					{.name = "three", .keys = "a"}};
	const struct command wrong[] = {{.name = "one", .keys = "Entre"}};
	struct error err;

	assert_false(keys_check(twice, 2, &err));
	assert_string_equal(err.text, "key F5 is taken twice, by one and by two");
	assert_true(keys_check(apart, 3, &err));
	assert_false(keys_check(wrong, 1, &err));
}

static void
keys_have_one_name_each(void **state)
{
	static const char *const names[] = {"s", "?", "Enter", "S-Tab", "F1", "F12", "C-l", "PageUp", "é"};
	char name[16];

	for (size_t i = 0; i < COUNT_OF(names); i++)
		assert_string_equal(keys_name(keys_parse(names[i]), name, sizeof(name)), names[i]);
	assert_int_equal(keys_parse("F13"), 0);
	assert_int_equal(keys_parse("ab"), 0);
}

/* --- prompt
 * --------------------------------------------------------------------------------------------------- */

static void
check_completion(const struct model_store *store, const char *text, const char *words)
{
	struct completion completion;
	char all[1024] = "";

	completion_make(store, MODEL_KIND_TUNNEL, text, &completion);
	for (size_t i = 0; i < completion.words.count; i++)
		snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s%s", i > 0 ? " " : "",
			 completion.words.items[i]);
	assert_string_equal(all, words);
	completion_free(&completion);
}

static void
completion_knows_what_can_follow(void **state)
{
	struct model_store *store = model_store_new();

	world_fill(store);
	check_completion(store, "sort rtt", "rtt_ms");
	check_completion(store, "exp", "explain export");
	check_completion(store, "export ", "aws-cli bird frr swanctl");
	check_completion(store, "export aws", "aws-cli");
	check_completion(store, "export bird aws-paris/1 pl", "plant plant/1 plant/2");
	check_completion(store, "import ", "");
	check_completion(store, "columns name rx_b", "rx_bytes rx_bps");
	check_completion(store, "columns last_error.h", "last_error.hint");
	check_completion(store, "re", "rekey reset reload reverse remove-site redraw");
	check_completion(store, "switchover ", "aws-paris plant");
	check_completion(store, "switchover p", "plant");
	check_completion(store, "switchover plant ", "plant/1 plant/2");
	check_completion(store, "switchover plant --", "--dry-run --confirm-within --back");
	check_completion(store, "up aws-paris/", "aws-paris/1 aws-paris/2");
	check_completion(store, "reset c", "core");
	check_completion(store, "show ro", "routes");
	check_completion(store, "show connections ", "aws-paris plant");
	check_completion(store, "nonsense ", "");
	check_completion(store, "gatew", "");
	model_store_free(store);
}

static void
quotes_hold_words_together(void **state)
{
	char buffer[64];
	const char *words[4];

	assert_int_equal(
	    words_split("  shutdown aws/1 --message \"back at 9\" x y", buffer, sizeof(buffer), words, 4), 4);
	assert_string_equal(words[0], "shutdown");
	assert_string_equal(words[3], "back at 9");
	assert_int_equal(words_split("", buffer, sizeof(buffer), words, 4), 0);
}

static void
the_line_editor_works_on_characters(void **state)
{
	struct input input;

	input_set(&input, "né");
	input_key(&input, KEYS_LEFT);
	input_key(&input, 'x');
	assert_string_equal(input.text, "nxé");
	input_key(&input, KEYS_END);
	input_key(&input, KEYS_BACKSPACE);
	assert_string_equal(input.text, "nx");
	input_key(&input, 0x65e5);
	assert_string_equal(input.text, "nx日");
	input_key(&input, KEYS_CONTROL + 'w');
	assert_string_equal(input.text, "");
	for (int i = 0; i < 1000; i++)
		input_key(&input, 0x65e5);
	assert_true(strlen(input.text) < INPUT_TEXT);
}

/* --- figures
 * -------------------------------------------------------------------------------------------------- */

static void
rates_keep_their_width(void **state)
{
	static const uint64_t rates[] = {
	    0, 1, 999, 1000, 88100000, 999949999, 999950000, 12345678901, MODEL_UINT_UNSET};
	char text[FORMAT_TEXT];

	for (size_t i = 0; i < COUNT_OF(rates); i++)
		assert_int_equal(text_columns(format_rate(rates[i], text)), 10);
	assert_string_equal(format_rate(88100000, text), " 88.1 Mb/s");
	assert_string_equal(format_rate(999950000, text), "  1.0 Gb/s");
	assert_string_equal(format_count(1234567, text), "1,234,567");
	assert_string_equal(format_ms(11.24, text), "11.2 ms");
	assert_string_equal(format_ms(118, text), "118 ms");
	assert_string_equal(format_ms(0.051, text), "0.05 ms");
	assert_string_equal(format_ms(NAN, text), FORMAT_NONE);
	assert_string_equal(format_ms(-1e308, text), FORMAT_NONE);
	assert_string_equal(format_ms(INFINITY, text), FORMAT_NONE);
	assert_string_equal(format_percent(-1, text), FORMAT_NONE);
	assert_string_equal(format_percent(1e300, text), FORMAT_NONE);
	assert_string_equal(format_percent(100, text), "100.0 %");
	assert_string_equal(format_since(1000 * USEC_PER_SEC, 760 * USEC_PER_SEC, text), "4 min");
	assert_string_equal(format_since(1000 * USEC_PER_SEC, 0, text), FORMAT_NONE);
	assert_string_equal(format_until(1000 * USEC_PER_SEC, 1008 * USEC_PER_SEC, text), "8 s");
	assert_string_equal(format_until(1000 * USEC_PER_SEC, 900 * USEC_PER_SEC, text), "now");
}

static void
a_tunnels_mark_says_what_it_does(void **state)
{
	static const struct {
		const char *state, *mark;
		bool active;
	} marks[] = {{"up", "═1═", true},
		     {"up", "─1─", false},
		     {"down", "╌1╌", false},
		     {"draining", "≈1≈", true},
		     {"connecting", "╌1╌", true}};
	struct model_tunnel *t = model_row_new(MODEL_KIND_TUNNEL);
	enum theme_role role;
	char mark[16];

	model_set(&t->name, "a/1");
	for (size_t i = 0; i < COUNT_OF(marks); i++) {
		model_set(&t->state, marks[i].state);
		t->active = marks[i].active;
		assert_string_equal(tunnel_mark(t, mark, &role), marks[i].mark);
	}
	model_row_free(MODEL_KIND_TUNNEL, t);
}

static void
a_graph_fills_from_the_foot(void **state)
{
	const float samples[] = {NAN, NAN, 0, 50, 100, 25};
	struct canvas canvas = {0};
	struct area all;

	assert_true(graph_top(88.1f) == 100 && graph_top(100) == 100 && graph_top(101) == 200);
	assert_true(graph_top(0) == 0 && graph_top(NAN) == 0);
	canvas_resize(&canvas, 1, 3);
	all = canvas_area(&canvas);
	assert_int_equal(graph_samples(GRAPH_BRAILLE, 3), 6);
	graph_draw(&all, GRAPH_BRAILLE, ROLE_graph, samples, 6, 100);
	assert_string_equal(row(&canvas, 0), "⢀⣠⣇");
	graph_draw(&all, GRAPH_ASCII, ROLE_graph, samples + 3, 3, 100);
	assert_string_equal(row(&canvas, 0), ".|_");
	graph_draw(&all, GRAPH_BLOCKS, ROLE_graph, samples + 3, 3, 100);
	assert_string_equal(row(&canvas, 0), "▄█▂");
	canvas_free(&canvas);
}

/* Extremes of single seconds count, also where the graph shows means of several. */
static void
a_chart_names_its_extremes_scale_and_time(void **state)
{
	struct canvas canvas = {0};
	struct area all;
	float seconds[HISTORY_SAMPLES], samples[HISTORY_SAMPLES];
	struct chart chart = {
	    .title = "RTT", .unit = CHART_MS, .role = ROLE_graph, .now = 12, .all = seconds};
	struct history *history = history_new();
	struct chart_scale scale = chart_scale(GRAPH_BRAILLE, history, HISTORY_MINUTES, 38);
	size_t shown = scale.count * scale.step;

	for (size_t i = 0; i < HISTORY_SAMPLES; i++)
		seconds[i] = samples[i] = 10;
	seconds[HISTORY_SAMPLES - 2] = 50;
	seconds[HISTORY_SAMPLES - 7] = 2;
	seconds[0] = 1000; /* further back than is shown */
	assert_true(shown < HISTORY_SAMPLES && shown > HISTORY_SAMPLES - 30);
	canvas_resize(&canvas, 5, 38);
	canvas_clear(&canvas);
	all = canvas_area(&canvas);
	chart_draw(&all, GRAPH_BRAILLE, &chart, &scale, samples);
	assert_string_equal(row(&canvas, 0), "RTT 12.0 ms                up to 10 ms");
	assert_string_equal(row(&canvas, 3), "min 2.0  avg 10.1  max 50.0 ms");
	assert_string_equal(row(&canvas, 4), "4 min ago ──────────────────────── now");
	for (size_t i = 0; i < HISTORY_SAMPLES; i++)
		seconds[i] = samples[i] = NAN;
	chart.now = NAN;
	canvas_clear(&canvas);
	chart_draw(&all, GRAPH_BRAILLE, &chart, &scale, samples);
	assert_string_equal(row(&canvas, 3), "not known");
	canvas_free(&canvas);
	history_free(history);
}

/* All of a graph is written to the terminal when it moves: that is not every second, whatever it shows. */
static void
a_graph_moves_by_whole_cells_and_then_stands_still(void **state)
{
	static const int widths[] = {17, 38, 60, 100};
	struct model_store *store = model_store_new();
	struct model_tunnel *tunnel = model_row_new(MODEL_KIND_TUNNEL);
	struct chart chart = {.title = "RTT", .unit = CHART_MS, .role = ROLE_graph, .now = 12};

	model_set(&tunnel->name, "plant/1");
	for (size_t w = 0; w < COUNT_OF(widths); w++) {
		struct history *history = history_new();
		struct canvas canvas = {0};
		struct cell before[100];
		int moves = 0, dots = 0;

		canvas_resize(&canvas, 4, widths[w]);
		for (int second = 0; second < HISTORY_SAMPLES + 120; second++) {
			float samples[HISTORY_SAMPLES], each[HISTORY_SAMPLES];
			struct area all = canvas_area(&canvas);
			struct chart_scale scale;
			int differ = 0;

			tunnel->rtt_ms = 1 + second / 2 * 7919 % 97; /* no two cells are alike */
			model_store_put(store, MODEL_KIND_TUNNEL, tunnel);
			history_sample(history, store, (usec_t)(1000 + second) * USEC_PER_SEC,
				       (usec_t)(5000 + second) * USEC_PER_SEC);
			scale = chart_scale(GRAPH_BRAILLE, history, HISTORY_MINUTES, widths[w]);
			history_read(history, HISTORY_MINUTES, HISTORY_RTT, "plant/1", scale.step,
				     scale.count - scale.ahead, samples);
			history_read(history, HISTORY_MINUTES, HISTORY_RTT, "plant/1", 1, HISTORY_SAMPLES,
				     each);
			chart.all = each;
			canvas_clear(&canvas);
			chart_draw(&all, GRAPH_BRAILLE, &chart, &scale, samples);
			for (int col = 0; col < widths[w]; col++) {
				const struct cell *now = &canvas.cells[widths[w] + col];

				differ += memcmp(now, &before[col], sizeof(*now)) != 0;
				before[col] = *now;
			}
			if (second >= HISTORY_SAMPLES) {
				moves += differ > 3;
				dots += differ > 0;
			}
		}
		assert_in_range(moves, 120 / 30, 120 / 15);
		assert_true(dots > moves); /* what is new is seen at once */
		canvas_free(&canvas);
		history_free(history);
	}
	model_row_free(MODEL_KIND_TUNNEL, tunnel);
	model_store_free(store);
}

/* --- tables and dialogs
 * --------------------------------------------------------------------------------------- */

static void
columns_give_way_by_rank(void **state)
{
	static const struct table_column columns[] = {{.title = "a", .width = 4},
						      {.title = "b", .width = 4, .rank = 2},
						      {.title = "c", .width = 4, .rank = 1, .most = 9},
						      {0}};
	struct table_layout layout;

	table_fit(columns, 16, 2, &layout);
	assert_int_equal(layout.count, 3);
	assert_int_equal(layout.slots[2].left, 12);
	table_fit(columns, 15, 2, &layout);
	assert_int_equal(layout.count, 2);
	assert_string_equal(layout.slots[1].column->title, "c");
	assert_int_equal(layout.slots[1].width, 9);
	table_fit(columns, 1, 2, &layout);
	assert_int_equal(layout.count, 1);
}

static void
columns_give_way_to_one_that_needs_room(void **state)
{
	static const struct table_column columns[] = {{.title = "a", .width = 4},
						      {.title = "b", .width = 4, .rank = 1},
						      {.title = "c", .width = 4, .roomy = 8, .most = 100},
						      {0}};
	struct table_layout layout;

	table_fit(columns, 20, 2, &layout);
	assert_int_equal(layout.count, 3);
	assert_int_equal(layout.slots[2].width, 8);
	table_fit(columns, 19, 2, &layout);
	assert_int_equal(layout.count, 2);
	assert_int_equal(layout.slots[1].width, 13);
	table_fit(columns, 10, 2, &layout); /* it has no right to the room */
	assert_int_equal(layout.count, 2);
	assert_int_equal(layout.slots[1].width, 4);
}

static void
text_cell(const struct table_context *context, const void *text, struct table_cell *out)
{
	(void)context;
	snprintf(out->text, sizeof(out->text), "%s", (const char *)text);
}

static void
a_tunnels_number_stays_where_its_name_is_cut(void **state)
{
	static const struct {
		const char *text, *shown;
	} cases[] = {
	    {"aws-paris/1", "aws-paris/1"},          {"berlin-logistics/2", "berlin-lo…/2"},
	    {"berlin-logistics/12", "berlin-l…/12"}, {"日本語日本語日本語/2", "日本語日…/2"},
	    {"berlin-logistics", "berlin-logi…"},    {"berlin/logistics-of-all-kinds", "berlin/logi…"},
	    {"b/logistic-abcd", "b/logistic-…"},     {"////////////////", "//////////…/"}};
	static const struct table_column columns[] = {
	    {.title = "a", .width = 12, .ends = true, .cell = text_cell}, {0}};
	const struct table_context context = {0};
	struct canvas canvas = {0};
	struct table_layout layout;
	struct area all;

	canvas_resize(&canvas, 1, 12);
	all = canvas_area(&canvas);
	table_fit(columns, 12, 2, &layout);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		table_draw_row(&all, 0, &layout, &context, NULL, cases[i].text);
		assert_string_equal(row(&canvas, 0), cases[i].shown);
	}
	canvas_free(&canvas);
}

static void
cancel_has_the_focus_of_a_dialog(void **state)
{
	struct dialog dialog = {.action = "switch over"};

	assert_int_equal(dialog_key(&dialog, KEYS_ENTER), DIALOG_CANCEL);
	assert_int_equal(dialog_key(&dialog, 'y'), DIALOG_STAYS);
	assert_int_equal(dialog_key(&dialog, 's'), DIALOG_STAYS);
	assert_int_equal(dialog_key(&dialog, KEYS_TAB), DIALOG_STAYS);
	assert_int_equal(dialog_key(&dialog, KEYS_ENTER), DIALOG_DO);
	assert_int_equal(dialog_key(&dialog, KEYS_ESCAPE), DIALOG_CANCEL);
	dialog.action[0] = '\0'; /* refused: nothing to do but close */
	assert_int_equal(dialog_key(&dialog, KEYS_ENTER), DIALOG_CANCEL);
}

static void
what_must_be_typed_holds_the_button(void **state)
{
	struct dialog dialog = {.action = "down", .must_type = "lyon-2"};
	static const char wrong[] = "lyonq", right[] = "lyon-2";

	assert_int_equal(dialog_key(&dialog, KEYS_TAB), DIALOG_STAYS);
	assert_int_equal(dialog_key(&dialog, KEYS_ENTER), DIALOG_STAYS);
	for (size_t i = 0; wrong[i] != '\0'; i++) /* letters are text here, q and l too */
		assert_int_equal(dialog_key(&dialog, (key_code)wrong[i]), DIALOG_STAYS);
	assert_true(dialog.action_focus);
	assert_int_equal(dialog_key(&dialog, KEYS_ENTER), DIALOG_STAYS);
	input_set(&dialog.input, "");
	for (size_t i = 0; right[i] != '\0'; i++)
		dialog_key(&dialog, (key_code)right[i]);
	assert_true(dialog_ready(&dialog));
	assert_int_equal(dialog_key(&dialog, KEYS_ENTER), DIALOG_DO);
	dialog.action_off = true; /* the gateway is gone */
	assert_int_equal(dialog_key(&dialog, KEYS_ENTER), DIALOG_STAYS);
}

static bool
canvas_has(const struct canvas *canvas, const char *text)
{
	char row[1024];

	for (int i = 0; i < canvas->rows; i++) {
		if (strstr(canvas_row_text(canvas, i, row, sizeof(row)), text) != NULL)
			return true;
	}
	return false;
}

static void
a_long_dialog_scrolls_and_keeps_its_foot_and_buttons(void **state)
{
	struct dialog dialog = {.action = "down", .must_type = "3"};
	struct canvas canvas = {0};
	struct area screen;

	canvas_resize(&canvas, 12, 60);
	screen = canvas_area(&canvas);
	draft_begin(&dialog.body, dialog_cols(&screen));
	draft_begin(&dialog.foot, dialog_cols(&screen));
	for (int i = 1; i <= 30; i++) {
		draft_line(&dialog.body);
		draft_print(&dialog.body, 0, ROLE_text, "line %d.", i);
		draft_gap(&dialog.body);
	}
	draft_line(&dialog.foot);
	draft_put(&dialog.foot, 0, 0, ROLE_text, "the foot");
	dialog_draw(&dialog, &screen);
	assert_true(canvas_has(&canvas, "line 1."));
	assert_true(canvas_has(&canvas, "line 7.")); /* the gaps went first */
	assert_false(canvas_has(&canvas, "line 8."));
	assert_true(canvas_has(&canvas, "7 of 30 lines"));
	assert_true(canvas_has(&canvas, " type 3 to go on: "));
	dialog_key(&dialog, KEYS_TAB);
	dialog_key(&dialog, KEYS_ENTER);
	dialog_draw(&dialog, &screen);
	assert_true(canvas_has(&canvas, "✕ first type 3 to go on: "));
	dialog_key(&dialog, '2');
	dialog_draw(&dialog, &screen);
	assert_false(canvas_has(&canvas, "✕"));
	dialog_key(&dialog, KEYS_ENTER);
	dialog_draw(&dialog, &screen);
	assert_true(canvas_has(&canvas, "✕ that is not it: type 3 to go on: 2"));
	dialog_key(&dialog, KEYS_TAB);
	for (int i = 0; i < 40; i++)
		dialog_key(&dialog, KEYS_DOWN);
	canvas_clear(&canvas);
	dialog_draw(&dialog, &screen);
	assert_true(canvas_has(&canvas, "line 30."));
	assert_false(canvas_has(&canvas, "line 23."));
	for (int rows = 1; rows <= 12; rows++) {
		canvas_resize(&canvas, rows, 60);
		screen = canvas_area(&canvas);
		dialog_draw(&dialog, &screen);
		assert_true(rows < 5 || canvas_has(&canvas, "[ Cancel ]"));
		assert_true(rows < 6 || canvas_has(&canvas, "type 3 to go on"));
		assert_true(rows < 8 || canvas_has(&canvas, "the foot"));
	}
	dialog_free(&dialog);
	canvas_free(&canvas);
}

static void
every_panel_draws_at_every_size(void **state)
{
	struct model_store *store = model_store_new();
	struct history *history = history_new();
	struct scene scene = {.store = store, .history = history, .now = clock_wall()};
	struct canvas canvas = {0};

	world_fill(store);
	history_sample(history, store, clock_monotonic(), clock_wall());
	for (size_t i = 0; panels[i] != NULL; i++) {
		struct panel *panel = panels[i]->open(panels[i], &scene);

		for (int rows = 1; rows < 60; rows += 3) {
			for (int cols = 1; cols < 220; cols += 7) {
				struct area all;

				canvas_resize(&canvas, rows, cols);
				all = canvas_area(&canvas);
				panel->ops->draw(panel, &all);
				panel->ops->command(panel, "row-down", NULL);
				panel->ops->command(panel, "page-up", NULL);
			}
		}
		panel->ops->close(panel);
	}
	canvas_free(&canvas);
	history_free(history);
	model_store_free(store);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_lies_outside_an_area_is_not_drawn),
	    cmocka_unit_test(a_field_is_cut_with_an_ellipsis_and_padded),
	    cmocka_unit_test(half_a_wide_character_is_a_blank),
	    cmocka_unit_test(lines_break_at_blanks),
	    cmocka_unit_test(what_has_no_room_for_all_lines_ends_in_an_ellipsis),
	    cmocka_unit_test(one_next_try_is_told_and_it_is_the_true_one),
	    cmocka_unit_test(bytes_that_are_no_utf8_are_marked),
	    cmocka_unit_test(a_slip_in_a_theme_is_said_with_its_line),
	    cmocka_unit_test(the_command_tables_keys_do_not_collide),
	    cmocka_unit_test(colliding_keys_are_found),
	    cmocka_unit_test(keys_have_one_name_each),
	    cmocka_unit_test(completion_knows_what_can_follow),
	    cmocka_unit_test(quotes_hold_words_together),
	    cmocka_unit_test(the_line_editor_works_on_characters),
	    cmocka_unit_test(rates_keep_their_width),
	    cmocka_unit_test(a_tunnels_mark_says_what_it_does),
	    cmocka_unit_test(a_graph_fills_from_the_foot),
	    cmocka_unit_test(a_chart_names_its_extremes_scale_and_time),
	    cmocka_unit_test(a_graph_moves_by_whole_cells_and_then_stands_still),
	    cmocka_unit_test(columns_give_way_by_rank),
	    cmocka_unit_test(columns_give_way_to_one_that_needs_room),
	    cmocka_unit_test(a_tunnels_number_stays_where_its_name_is_cut),
	    cmocka_unit_test(cancel_has_the_focus_of_a_dialog),
	    cmocka_unit_test(what_must_be_typed_holds_the_button),
	    cmocka_unit_test(a_long_dialog_scrolls_and_keeps_its_foot_and_buttons),
	    cmocka_unit_test(every_panel_draws_at_every_size)};

	setlocale(LC_ALL, "C.UTF-8");
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
