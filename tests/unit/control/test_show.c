// SPDX-License-Identifier: GPL-2.0-or-later
/* What `show` prints, watched or not; one look at a panel; and the console without a screen. */
#include "core/model/history.h"
#include "tests/unit/control/cli_run.h"

static void
json_is_an_array_of_objects_and_one_object_for_the_gateway(void **state)
{
	struct harness *h = some_gateway();
	struct run *run = RUN(h, "-s", "S", "show", "tunnels", "--json");
	json_t *json = json_loads(run->output, 0, NULL);

	assert_int_equal(json_array_size(json), 2);
	assert_string_equal(json_string_value(json_object_get(json_array_get(json, 0), "name")), "b/1");
	json_decref(json);
	finish(run);
	run = RUN(h, "-s", "S", "show", "gateway", "--json");
	json = json_loads(run->output, 0, NULL);
	assert_int_equal(json_integer_value(json_object_get(json, "asn")), 65010);
	json_decref(json);
	finish(run);
	run = RUN(h, "-s", "S", "show", "events", "--json");
	json = json_loads(run->output, 0, NULL);
	assert_string_equal(json_string_value(json_object_get(json_array_get(json, 0), "text")),
			    "up at last");
	json_decref(json);
	finish(run);
	assert_prints(RUN(h, "-s", "S", "show", "sites", "--json"), "[]\n");
	assert_prints(RUN(h, "-s", "S", "show", "received", "--json"), "[]\n");
	harness_free(h);
}

static void
large_kinds_stream_page_by_page(void **state)
{
	struct harness *h = some_gateway();
	struct run *run = RUN(h, "-s", "S", "show", "routes", "--json");
	json_t *json = json_loads(run->output, 0, NULL);

	assert_int_equal(json_array_size(json), 1200);
	json_decref(json);
	finish(run);
	run = RUN(h, "-s", "S", "show", "routes");
	assert_int_equal(line_count(run->output), 1201);
	finish(run);
	run = RUN(h, "-s", "S", "show", "routes", "a/1", "--filter", "source:bgp");
	assert_int_equal(line_count(run->output), 601);
	finish(run);
	assert_refused(RUN(h, "-s", "S", "show", "routes", "192.0.2.0/24"), 1, "192.0.2.0/24");
	harness_free(h);
}

static void
a_name_and_a_filter_choose_rows(void **state)
{
	struct harness *h = some_gateway();
	struct run *run = RUN(h, "-s", "S", "show", "tunnels", "--filter", "state:down", "--json");
	json_t *json = json_loads(run->output, 0, NULL);

	assert_int_equal(json_array_size(json), 1);
	json_decref(json);
	finish(run);
	run = RUN(h, "-s", "S", "show", "tunnel", "b/1");
	assert_int_equal(run->exit_code, 0);
	assert_non_null(strstr(run->output, "State"));
	assert_null(strstr(run->output, "a/1"));
	finish(run);
	assert_refused(RUN(h, "-s", "S", "show", "tunnels", "c/1"), 1, "no tunnel is called 'c/1'");
	assert_refused(RUN(h, "-s", "S", "show", "tunnels", "c\x1b[2J"), 1, "'c?[2J'");
	harness_free(h);
}

static void
tables_have_a_title_line_and_fit_the_rows(void **state)
{
	struct harness *h = some_gateway();
	struct run *run = RUN(h, "-s", "S", "show", "tunnels");

	assert_int_equal(line_count(run->output), 3);
	assert_memory_equal(run->output, "Tunnel  State", 13);
	for (const char *line = run->output; *line != '\0'; line = strchr(line, '\n') + 1)
		assert_true(strcspn(line, "\n") <= 80);
	finish(run);
	harness_free(h);
}

static void
watching_prints_rows_and_then_a_line_for_each_change(void **state)
{
	struct harness *h = some_gateway();
	struct run *run =
	    start(h, (const char *const[]){"-s", "S", "show", "tunnels", "--json", "--watch", NULL});
	json_t *json;
	char *last;

	WAIT_FOR(h, (look(run), line_count(run->output) == 2));
	put_tunnel(h->store, "a/1", "up", 9);
	WAIT_FOR(h, (look(run), line_count(run->output) == 3));
	last = strrchr(run->output, '{');
	while (last > run->output && last[-1] != '\n')
		last--;
	json = json_loads(last, 0, NULL);
	assert_string_equal(json_string_value(json_object_get(json, "name")), "a/1");
	assert_int_equal(json_integer_value(json_object_get(json, "rx_bytes")), 9);
	json_decref(json);
	model_store_remove(h->store, MODEL_KIND_TUNNEL, "b/1");
	WAIT_FOR(h, (look(run), line_count(run->output) == 4));
	assert_non_null(strstr(run->output, "\"removed\":true"));
	harness_stop_serving(h);
	WAIT_FOR(h, (look(run), run->ended));
	assert_int_equal(run->exit_code, 3);
	finish(run);
	harness_free(h);
}

static void
watching_a_large_kind_shows_single_changes(void **state)
{
	struct harness *h = some_gateway();
	struct model_route *route = model_row_new(MODEL_KIND_ROUTE);
	struct run *run;

	route_total = 3;
	run = start(h, (const char *const[]){"-s", "S", "show", "routes", "--watch", "--json", NULL});
	WAIT_FOR(h, (look(run), line_count(run->output) == 3));
	model_set(&route->prefix, "192.0.2.0/24");
	model_store_paged_changed(h->store, MODEL_KIND_ROUTE, route, false);
	WAIT_FOR(h, (look(run), line_count(run->output) == 4));
	assert_non_null(strstr(run->output, "192.0.2.0/24"));
	finish(run);
	model_row_free(MODEL_KIND_ROUTE, route);
	harness_free(h);
}

static void
a_reader_that_leaves_ends_it_quietly(void **state)
{
	struct harness *h = some_gateway();
	struct run *run;
	int ends[2], saved;

	route_total = 60000;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	run = memory_zeroed(1, sizeof(*run));
	run->in = -1;
	run->out = dup(ends[1]);
	run->err = temporary_file();
	fflush(NULL);
	saved = run->out;
	run->pid = fork();
	if (run->pid == 0) {
		char *argv[] = {(char *)"twinspan", (char *)"-s",     h->socket,
				(char *)"show",     (char *)"routes", NULL};

		close(ends[0]);
		dup2(saved, STDOUT_FILENO);
		dup2(run->err, STDERR_FILENO);
		end_with(cli_run(&parts, 5, argv));
	}
	close(ends[1]);
	close(saved);
	close(ends[0]);
	run->out = temporary_file();
	WAIT_FOR(h, (look(run), run->ended));
	assert_int_equal(run->exit_code, 0);
	assert_string_equal(run->errors, "");
	finish(run);
	harness_free(h);
}

static void
usage_is_shown_for_a_month(void **state)
{
	struct harness *h = some_gateway();
	struct run *run;

	setenv("TZ", "XYZ5", 1);
	run = RUN(h, "-s", "S", "show", "usage", "--month", "2026-12");

	assert_int_equal(run->exit_code, 0);
	assert_int_equal(line_count(run->output), 3); /* the head and two rows */
	finish(run);
	run = RUN(h, "-s", "S", "show", "usage", "a", "--month", "2026-12");
	assert_int_equal(line_count(run->output), 2);
	assert_non_null(strstr(run->output, "2026-12-01")); /* in UTC, whatever the time zone */
	finish(run);
	run = RUN(h, "-s", "S", "show", "usage");
	assert_int_equal(line_count(run->output), 4);
	finish(run);
	assert_prints(RUN(h, "-s", "S", "show", "usage", "--month", "2026-10", "--json"), "[]\n");
	assert_refused(RUN(h, "-s", "S", "show", "usage", "--month", "2026-13"), 2,
		       "--month wants a month such as 2026-11, not '2026-13'");
	assert_refused(RUN(h, "-s", "S", "show", "usage", "--month", "26-1"), 2, "--month wants a month");
	assert_refused(RUN(h, "-s", "S", "show", "peers", "--month", "2026-12"), 2,
		       "--month is for usage only, not for peers");
	unsetenv("TZ");
	harness_free(h);
}

/* Three days of two months. */
static bool
provide_days(void *context, const struct model_query *query)
{
	static const usec_t from[] = {1795996800 * USEC_PER_SEC,  /* 2026-11-30 */
				      1796083200 * USEC_PER_SEC,  /* 2026-12-01 */
				      1796169600 * USEC_PER_SEC}; /* 2026-12-02 */
	struct model_filter *filter = model_filter_parse(query->filter, NULL);

	for (size_t i = 0; i < COUNT_OF(from); i++) {
		struct model_usage_day *row = model_row_new(MODEL_KIND_USAGE_DAY);

		model_set(&row->connection, i < 2 ? "a" : "b");
		row->from = from[i];
		row->connection_hours = 1.5;
		if (model_filter_match(filter, model_kind_info(MODEL_KIND_USAGE_DAY)->shape, row))
			query->row(query->context, row);
		model_row_free(MODEL_KIND_USAGE_DAY, row);
	}
	model_filter_free(filter);
	return true;
}

static void
usage_is_shown_by_day(void **state)
{
	struct harness *h = some_gateway();
	struct run *run;

	setenv("TZ", "XYZ5", 1);
	model_store_set_provider(h->store, MODEL_KIND_USAGE_DAY, provide_days, NULL);
	run = RUN(h, "-s", "S", "show", "usage", "--by", "day");
	assert_int_equal(line_count(run->output), 4);
	assert_non_null(strstr(run->output, "2026-12-02"));
	finish(run);
	run = RUN(h, "-s", "S", "show", "usage", "a", "--by", "day", "--month", "2026-12");
	assert_int_equal(line_count(run->output), 2);
	assert_non_null(strstr(run->output, "2026-12-01"));
	finish(run);
	run = RUN(h, "-s", "S", "show", "usage", "--by", "month");
	assert_int_equal(line_count(run->output), 4);
	assert_null(strstr(run->output, "2026-12-02"));
	finish(run);
	assert_prints(RUN(h, "-s", "S", "show", "usage", "b", "--by", "day", "--json"),
		      "[\n{\"connection\":\"b\",\"from\":\"2026-12-02T00:00:00.000Z\",\"to\":null,"
		      "\"connection_hours\":1.5,\"rx_bytes\":null,\"tx_bytes\":null,\"amount\":null,"
		      "\"currency\":null}\n]\n");
	assert_refused(RUN(h, "-s", "S", "show", "usage", "--by", "year"), 2,
		       "usage is shown by month or day, not by 'year'");
	assert_refused(RUN(h, "-s", "S", "show", "peers", "--by", "day"), 2,
		       "--by is for usage and history only, not for peers");
	unsetenv("TZ");
	harness_free(h);
}

static void
put_rate(struct model_store *store, const char *name)
{
	struct model_tunnel *tunnel = model_row_new(MODEL_KIND_TUNNEL);

	model_set(&tunnel->name, name);
	tunnel->rx_bps = 88100000;
	model_store_put(store, MODEL_KIND_TUNNEL, tunnel);
	model_row_free(MODEL_KIND_TUNNEL, tunnel);
}

/* Two hours of a/1, half a minute in them not known, and of a peer with signs in its name. */
static struct history *
some_history(void)
{
	struct model_store *store = model_store_new();
	struct history *history = history_new();
	struct model_peer *peer = model_row_new(MODEL_KIND_PEER);
	usec_t wall = 1795748400 * USEC_PER_SEC; /* 2026-11-27T03:00:00Z */

	put_rate(store, "a/1");
	put_rate(store, "a-b/1");
	model_set(&peer->name, "c.d+");
	peer->received = 7;
	model_store_put(store, MODEL_KIND_PEER, peer);
	model_row_free(MODEL_KIND_PEER, peer);
	for (int i = 0; i < 7200; i++) {
		if (i < 7100 || i >= 7130)
			history_sample(history, store, (i + 10) * USEC_PER_SEC, wall + i * USEC_PER_SEC);
	}
	model_store_free(store);
	return history;
}

static void
history_is_shown_by_minute_second_or_quarter(void **state)
{
	struct harness *h = some_gateway();
	struct history *history = some_history();
	struct run *run;

	history_provide(history, h->store);
	run = RUN(h, "-s", "S", "show", "history", "a/1");
	assert_int_equal(line_count(run->output), 121);
	finish(run);
	run = RUN(h, "-s", "S", "show", "history", "a/1", "--by", "quarter-hour");
	assert_int_equal(line_count(run->output), 9);
	finish(run);
	run = RUN(h, "-s", "S", "show", "history", "a/1", "--by", "second");
	assert_int_equal(line_count(run->output), 1 + 240 - 30);
	finish(run);
	run = RUN(h, "-s", "S", "show", "history", "a", "--json"); /* the connection's, not those of a-b */
	assert_int_equal(line_count(run->output), 2 + 120);
	assert_non_null(strstr(run->output, "{\"name\":\"a/1\",\"seconds\":60,\"at\":"
					    "\"2026-11-27T04:59:00.000Z\",\"age_seconds\":59,"
					    "\"rx_bps\":"));
	finish(run);
	run = RUN(h, "-s", "S", "show", "history", "c.d+");
	assert_int_equal(line_count(run->output), 121);
	finish(run);
	assert_refused(RUN(h, "-s", "S", "show", "history", "--by", "day"), 2,
		       "history is shown by second, minute or quarter-hour, not by 'day'");
	assert_refused(RUN(h, "-s", "S", "show", "history", "nobody/1"), 1, "there is nothing of 'nobody/1'");
	harness_free(h);
	history_free(history);
}

/* --- one look, the plain mode ------------------------------------------------------------------- */

static void
one_look_takes_a_panel_a_row_a_filter_and_a_size(void **state)
{
	struct harness *h = some_gateway();

	assert_prints(RUN(h, "--once", "-s", "x"), "once x - - - 0x0\n");
	assert_prints(RUN(h, "-s", "x", "--once", "tunnels", "a/1"), "once x tunnels a/1 - 0x0\n");
	assert_prints(RUN(h, "-s", "x", "--once", "gateway"), "once x gateway - - 0x0\n"); /* runs none */
	assert_prints(RUN(h, "-s", "x", "--once", "events", "--filter", "subject:a", "--size", "120x36"),
		      "once x events - subject:a 120x36\n");
	/* a command of the gateway prints once anyway */
	assert_prints(RUN(h, "-s", "S", "--once", "up", "a/1"), "done\nfirst\nsecond\n");
	assert_refused(RUN(h, "--once", "tunnels", "--size", "120"), 2, "--size wants columns and rows");
	assert_refused(RUN(h, "--once", "tunnels", "--size", "5x5000"), 2, "--size wants columns and rows");
	assert_refused(RUN(h, "--once", "tunnels", "a", "b"), 2, "'b' is one word too many");
	assert_refused(RUN(h, "--once", "tunnels", "--fast"), 2, "no option is called '--fast'");
	assert_refused(RUN(h, "--size", "80x24"), 2, "--size goes with --once");
	harness_free(h);
}

static void
the_plain_mode_tells_changes_in_words(void **state)
{
	struct harness *h = some_gateway();
	struct run *run = start_with(h, RUN_PIPED, (const char *const[]){"-s", "S", "--plain", NULL});
	size_t lines;

	WAIT_FOR(h, (look(run), strstr(run->output, "q leaves.")));
	assert_non_null(strstr(run->output, " gateway lyon: AS 65010."));
	lines = line_count(run->output);
	put_tunnel(h->store, "a/1", "down", 999); /* only a counter */
	put_tunnel(h->store, "a/1", "up", 999);
	WAIT_FOR(h, (look(run), strstr(run->output, " tunnel a/1: state up, was down.\n")));
	assert_int_equal(line_count(run->output), lines + 1);
	put_tunnel(h->store, "c/1", "connecting", 0);
	WAIT_FOR(h, (look(run), strstr(run->output, " tunnel c/1 is new: state connecting.\n")));
	model_store_remove(h->store, MODEL_KIND_TUNNEL, "c/1");
	WAIT_FOR(h, (look(run), strstr(run->output, " tunnel c/1 is gone.\n")));
	model_store_log(h->store, "info", "tunnel.up", "b/1", "nobody needs that");
	model_store_log(h->store, "warning", "traffic.asymmetric", "b", "comes back\x1b[2J by another");
	WAIT_FOR(h, (look(run), strstr(run->output, " warning b: comes back?[2J by another\n")));
	assert_null(strstr(run->output, "nobody needs that"));
	assert_null(strstr(run->output, "\x1b"));
	harness_stop_serving(h);
	WAIT_FOR(h, (look(run), strstr(run->output, "The gateway is gone: ")));
	harness_serve(h);
	WAIT_FOR(h, (look(run), strstr(run->output, "The gateway is back.\n")));
	type_line(run, "q\n");
	WAIT_FOR(h, (look(run), run->ended));
	assert_int_equal(run->exit_code, 0);
	assert_string_equal(run->errors, "");
	finish(run);
	harness_free(h);
}

static void
the_plain_mode_takes_commands_and_asks_before_what_is_dangerous(void **state)
{
	struct harness *h = some_gateway();
	struct run *run = start_with(h, RUN_PIPED, (const char *const[]){"-s", "S", "--plain", NULL});

	WAIT_FOR(h, (look(run), strstr(run->output, "q leaves.")));
	type_line(run, "show tunnels\n");
	WAIT_FOR(h, (look(run), strstr(run->output, "\nb/1     up")));
	type_line(run, "up a/1\n");
	WAIT_FOR(h, (look(run), strstr(run->output, "\ndone\nfirst\nsecond\n")));
	type_line(run, "switchover a\n");
	WAIT_FOR(h, (look(run), strstr(run->output, "\ndone dry\nfirst\nsecond\n") &&
				    strstr(run->output, " switchover: type yes to do it")));
	type_line(run, "no\n");
	WAIT_FOR(h, (look(run), strstr(run->output, "Nothing was done.")));
	assert_null(strstr(strstr(run->output, "type yes"), "\ndone\n"));
	type_line(run, "switchover a\nyes\n");
	WAIT_FOR(h, (look(run), strstr(strstr(run->output, "type yes"), "\ndone\nfirst\nsecond\n")));
	type_line(run, "tunels\nswichover a\n");
	WAIT_FOR(h, (look(run),
		     strstr(run->output, "There is no command 'swichover'; did you mean 'switchover'?")));
	type_line(run, "help\n");
	WAIT_FOR(h, (look(run), strstr(run->output, "switchover CONNECTION [TUNNEL] [--dry-run]")));
	close(run->in); /* the end of input ends it */
	run->in = -1;
	WAIT_FOR(h, (look(run), run->ended));
	assert_int_equal(run->exit_code, 0);
	finish(run);
	assert_refused(RUN(h, "--plain", "tunnels"), 2, "'tunnels' is one word too many");
	assert_refused(RUN(h, "--plain", "--interval", "0"), 2, "--interval wants seconds");
	assert_refused(RUN(h, "--interval", "3"), 2, "--interval goes with --plain");
	harness_free(h);
}

static void
the_plain_mode_tells_rates_as_often_as_asked(void **state)
{
	struct harness *h = some_gateway();
	struct model_gateway *gateway = model_row_new(MODEL_KIND_GATEWAY);
	struct run *run =
	    start_with(h, RUN_PIPED, (const char *const[]){"-s", "S", "--plain", "--interval", "1", NULL});

	WAIT_FOR(h, (look(run), strstr(run->output, "q leaves.")));
	model_set(&gateway->name, "lyon");
	gateway->asn = 65010;
	gateway->rx_bps = 88100000;
	model_store_put(h->store, MODEL_KIND_GATEWAY, gateway);
	model_row_free(MODEL_KIND_GATEWAY, gateway);
	WAIT_FOR(h, (look(run), strstr(run->output, " gateway lyon: in 88.1 Mb/s.\n")));
	finish(run);
	harness_free(h);
}

TEST_MAIN(cmocka_unit_test(json_is_an_array_of_objects_and_one_object_for_the_gateway),
	  cmocka_unit_test(large_kinds_stream_page_by_page),
	  cmocka_unit_test(a_name_and_a_filter_choose_rows),
	  cmocka_unit_test(tables_have_a_title_line_and_fit_the_rows),
	  cmocka_unit_test(watching_prints_rows_and_then_a_line_for_each_change),
	  cmocka_unit_test(watching_a_large_kind_shows_single_changes),
	  cmocka_unit_test(a_reader_that_leaves_ends_it_quietly),
	  cmocka_unit_test(usage_is_shown_for_a_month), cmocka_unit_test(usage_is_shown_by_day),
	  cmocka_unit_test(history_is_shown_by_minute_second_or_quarter),
	  cmocka_unit_test(one_look_takes_a_panel_a_row_a_filter_and_a_size),
	  cmocka_unit_test(the_plain_mode_tells_changes_in_words),
	  cmocka_unit_test(the_plain_mode_takes_commands_and_asks_before_what_is_dangerous),
	  cmocka_unit_test(the_plain_mode_tells_rates_as_often_as_asked))
