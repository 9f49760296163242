// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The command line as a script sees it: words in, stdout, stderr and exit code out. Each run is a process of
 * its own; the gateway that it talks to is the store and server of this one.
 */
#include <fcntl.h>
#include <sys/wait.h>

#include "core/model/history.h"
#include "tests/unit/control/harness.h"
#include "tui/cli.h"

struct run {
	pid_t pid;
	int out, err, in; /* in: our end of its stdin where that is a pipe, else -1 */
	bool ended;
	int exit_code;
	char output[1000000], errors[4000];
};

/* --- parts that stand in for the program's ----------------------------------------------------- */

static int
fake_gateway(const char *config, const char *socket, const char *state_dir, int verbose)
{
	printf("gateway %s %s %s %d\n", config, socket, state_dir, verbose);
	return 0;
}

static int
fake_check(const char *file)
{
	printf("check %s\n", file);
	return 1;
}

static int
fake_import(const struct cli_import *import)
{
	printf("import %s %s %s %s %d %d\n", import->format, import->file,
	       import->connection != NULL ? import->connection : "-",
	       import->name != NULL ? import->name : "-", import->connection_only, import->inline_secrets);
	return 0;
}

static int
fake_lab(bool headless, bool keep, int (*console)(void *context, const char *socket), void *context)
{
	printf("lab %d %d\n", headless, keep);
	return headless ? 0 : console(context, "/lab/socket");
}

static int
fake_console(const struct console_options *options)
{
	printf("console %s", options->socket);
	if (options->theme != NULL || options->colours != NULL || options->settings != NULL)
		printf(" %s %s %s", options->theme, options->colours, options->settings);
	printf("%s%s\n", options->ascii ? " ascii" : "", options->mouse ? " mouse" : "");
	return 0;
}

static int
fake_once(const struct console_options *options, const struct console_once *once)
{
	printf("once %s %s %s %s %dx%d\n", options->socket, once->panel != NULL ? once->panel : "-",
	       once->name != NULL ? once->name : "-", once->filter != NULL ? once->filter : "-", once->cols,
	       once->rows);
	return 0;
}

static const struct cli_parts parts = {.gateway = fake_gateway,
				       .check = fake_check,
				       .import = fake_import,
				       .lab = fake_lab,
				       .console = fake_console,
				       .once = fake_once,
				       .default_config = "/default.yaml",
				       .default_socket = "/default.sock",
				       .default_state_dir = "/default/state"};

/* --- running ----------------------------------------------------------------------------------- */

static int
temporary_file(void)
{
	char path[] = "/tmp/twinspan-test-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	unlink(path);
	return fd;
}

/* Ends a forked process without what the test program does at its end. */
static void
end_with(int exit_code)
{
	fflush(NULL);
	_exit(exit_code);
}

/* Starts the command line; "S" among the words stands for the harness's socket. */
static struct run *
start_with(struct harness *h, bool piped, const char *const *words)
{
	struct run *run = memory_zeroed(1, sizeof(*run));
	char *argv[16] = {(char *)"twinspan"};
	int argc = 1;

	for (; words[argc - 1] != NULL; argc++)
		argv[argc] = strcmp(words[argc - 1], "S") == 0 ? h->socket : (char *)words[argc - 1];
	int ends[2] = {-1, -1};

	run->out = temporary_file();
	run->err = temporary_file();
	if (piped)
		assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	run->in = ends[1];
	fflush(NULL);
	run->pid = fork();
	if (run->pid == 0) {
		if (piped)
			dup2(ends[0], STDIN_FILENO);
		close(ends[1]); /* or it would never see the end */
		dup2(run->out, STDOUT_FILENO);
		dup2(run->err, STDERR_FILENO);
		end_with(cli_run(&parts, argc, argv));
	}
	if (piped)
		close(ends[0]);
	return run;
}

static struct run *
start(struct harness *h, const char *const *words)
{
	return start_with(h, false, words);
}

static void
look(struct run *run)
{
	ssize_t got = pread(run->out, run->output, sizeof(run->output) - 1, 0);
	int status;

	run->output[got > 0 ? got : 0] = '\0';
	got = pread(run->err, run->errors, sizeof(run->errors) - 1, 0);
	run->errors[got > 0 ? got : 0] = '\0';
	if (!run->ended && waitpid(run->pid, &status, WNOHANG) == run->pid) {
		run->ended = true;
		run->exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
		look(run);
	}
}

static void
finish(struct run *run)
{
	if (!run->ended) {
		kill(run->pid, SIGKILL);
		waitpid(run->pid, NULL, 0);
	}
	close(run->out);
	close(run->err);
	if (run->in >= 0)
		close(run->in);
	free(run);
}

#define RUN(h, ...) run_to_end(h, (const char *const[]){__VA_ARGS__, NULL})

static struct run *
run_to_end(struct harness *h, const char *const *words)
{
	struct run *run = start(h, words);

	WAIT_FOR(h, (look(run), run->ended));
	return run;
}

static size_t
line_count(const char *text)
{
	size_t count = 0;

	for (; *text != '\0'; text++)
		count += *text == '\n';
	return count;
}

/* One line on stderr that says `says`, and that exit code. */
static void
assert_refused(struct run *run, int exit_code, const char *says)
{
	if (run->exit_code != exit_code)
		fail_msg("exit code %d instead of %d: %s%s", run->exit_code, exit_code, run->output,
			 run->errors);
	if (strstr(run->errors, says) == NULL)
		fail_msg("'%s' does not say '%s'", run->errors, says);
	assert_int_equal(line_count(run->errors), 1);
	assert_string_equal(run->output, "");
	finish(run);
}

static void
assert_prints(struct run *run, const char *output)
{
	assert_string_equal(run->errors, "");
	assert_string_equal(run->output, output);
	assert_int_equal(run->exit_code, 0);
	finish(run);
}

static void
do_it(void *context, struct control_request *request)
{
	const char *tunnel = control_request_text(request, "tunnel");

	if (tunnel != NULL && strcmp(tunnel, "none") == 0)
		control_request_fail(request, "no tunnel is called 'none'");
	else
		control_request_done(request, json_pack("{s:[s,s]}", "lines", "first", "second"), "done%s",
				     control_request_flag(request, "dry_run") ? " dry" : "");
}

/* A gateway with two tunnels, an event and some routes. */
static bool
provide_routes(void *context, const struct model_query *query)
{
	struct model_filter *filter = model_filter_parse(query->filter, NULL);
	struct model_route *route = model_row_new(MODEL_KIND_ROUTE);
	size_t given = 0, total = *(size_t *)context, i;
	bool go_on = true;

	for (i = 0; i < total && go_on && given < query->limit; i++) {
		char key[128];

		model_set_format(&route->prefix, "10.%03zu.%03zu.0/24", i / 250, i % 250);
		model_set(&route->source, i % 2 ? "bgp" : "static");
		model_set(&route->tunnel, i % 2 ? "a/1" : "a/2");
		model_row_key(model_kind_info(MODEL_KIND_ROUTE), route, key, sizeof(key));
		if (query->after != NULL && strcmp(key, query->after) <= 0)
			continue;
		if (!model_filter_match(filter, model_kind_info(MODEL_KIND_ROUTE)->shape, route))
			continue;
		given++;
		go_on = query->row(query->context, route);
	}
	model_filter_free(filter);
	model_row_free(MODEL_KIND_ROUTE, route);
	return i == total;
}

/* Two connections in two months. */
static bool
provide_usage(void *context, const struct model_query *query)
{
	static const struct {
		const char *connection;
		usec_t from;
	} rows[] = {{"a", 1793491200 * USEC_PER_SEC}, /* 2026-11 */
		    {"a", 1796083200 * USEC_PER_SEC}, /* 2026-12 */
		    {"b", 1796083200 * USEC_PER_SEC}};
	struct model_filter *filter = model_filter_parse(query->filter, NULL);

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct model_usage *row = model_row_new(MODEL_KIND_USAGE);

		model_set(&row->connection, rows[i].connection);
		row->from = rows[i].from;
		row->connection_hours = 1.5;
		if (model_filter_match(filter, model_kind_info(MODEL_KIND_USAGE)->shape, row))
			query->row(query->context, row);
		model_row_free(MODEL_KIND_USAGE, row);
	}
	model_filter_free(filter);
	return true;
}

static size_t route_total;

static struct harness *
some_gateway(void)
{
	struct harness *h = harness_new();
	struct model_gateway *gateway = model_row_new(MODEL_KIND_GATEWAY);

	model_set(&gateway->name, "lyon");
	gateway->asn = 65010;
	model_store_put(h->store, MODEL_KIND_GATEWAY, gateway);
	model_row_free(MODEL_KIND_GATEWAY, gateway);
	put_tunnel(h->store, "b/1", "up", 1);
	put_tunnel(h->store, "a/1", "down", 1);
	model_store_log(h->store, "info", "tunnel.up", "b/1", "up at last");
	route_total = 1200;
	model_store_set_provider(h->store, MODEL_KIND_ROUTE, provide_routes, &route_total);
	model_store_set_provider(h->store, MODEL_KIND_USAGE, provide_usage, NULL);
	harness_serve(h);
	control_server_handle(h->server, "switchover", do_it, NULL);
	control_server_handle(h->server, "up", do_it, NULL);
	return h;
}

/* --- tests ------------------------------------------------------------------------------------- */

static void
wrong_words_end_with_2_and_one_line(void **state)
{
	struct harness *h = harness_new();

	assert_refused(RUN(h, "swichover", "a"), 2, "did you mean 'switchover'");
	assert_refused(RUN(h, "xylophone"), 2, "no command is called 'xylophone'");
	assert_refused(RUN(h, "a\x1b[2Jb"), 2, "'a?[2Jb'");
	assert_refused(RUN(h, "switchover"), 2, "usage: switchover CONNECTION");
	assert_refused(RUN(h, "up", "a/1", "b/1"), 2, "usage: up TUNNEL");
	assert_refused(RUN(h, "up", "a/1", "--fast"), 2, "no option '--fast'");
	assert_refused(RUN(h, "quit"), 2, "console only");
	assert_refused(RUN(h, "--colour"), 2, "no option is called '--colour'");
	assert_refused(RUN(h, "show"), 2, "usage: show KIND");
	assert_refused(RUN(h, "show", "tunels"), 2, "did you mean 'tunnels'");
	assert_refused(RUN(h, "show", "tunnels", "--filter", "stat:up"), 2, "did you mean 'state'");
	assert_refused(RUN(h, "-s"), 2, "--socket needs a value");
	assert_refused(RUN(h, "help", "upp"), 2, "did you mean");
	harness_free(h);
}

static void
without_a_gateway_the_code_is_3(void **state)
{
	struct harness *h = harness_new();

	assert_refused(RUN(h, "-s", "S", "show", "tunnels"), 3, "no gateway answers on");
	assert_refused(RUN(h, "-s", "S", "show", "routes", "--json"), 3, "no gateway answers on");
	assert_refused(RUN(h, "-s", "S", "up", "a/1"), 3, "no gateway answers on");
	setenv("TWINSPAN_SOCKET", h->socket, 1);
	assert_refused(RUN(h, "up", "a/1"), 3, h->socket);
	unsetenv("TWINSPAN_SOCKET");
	assert_refused(RUN(h, "up", "a/1"), 3, "/default.sock");
	harness_free(h);
}

static void
commands_print_their_answer_or_fail_with_1(void **state)
{
	struct harness *h = some_gateway();

	assert_prints(RUN(h, "-s", "S", "up", "a/1"), "done\nfirst\nsecond\n");
	assert_prints(RUN(h, "switchover", "--dry-run", "-s", "S", "a"), "done dry\nfirst\nsecond\n");
	assert_prints(RUN(h, "switchover", "a", "--socket=S", "--dry-run", "--socket", "S"),
		      "done dry\nfirst\nsecond\n");
	assert_refused(RUN(h, "-s", "S", "up", "none"), 1, "no tunnel is called 'none'");
	assert_refused(RUN(h, "-s", "S", "down", "a/1"), 1, "can't do 'down'");
	harness_free(h);
}

static void
who_may_not_act_gets_4(void **state)
{
	struct harness *h;

	if (geteuid() != 0) {
		skip();
		return;
	}
	h = some_gateway();
	assert_int_equal(seteuid(65534), 0);
	struct run *run = start(h, (const char *const[]){"-s", "S", "up", "a/1", NULL});
	assert_int_equal(seteuid(0), 0);
	WAIT_FOR(h, (look(run), run->ended));
	assert_refused(run, 4, "not permitted");
	harness_free(h);
}

static void
local_commands_reach_their_parts(void **state)
{
	struct harness *h = harness_new();
	struct run *run;

	assert_prints(RUN(h, "gateway"), "gateway /default.yaml /default.sock /default/state 0\n");
	assert_prints(RUN(h, "gateway", "-c", "f", "--state-dir", "d", "-s", "s", "-v"), "gateway f s d 1\n");
	assert_prints(RUN(h, "lab", "--headless"), "lab 1 0\n");
	assert_prints(RUN(h, "lab", "--keep"), "lab 0 1\nconsole /lab/socket\n");
	assert_prints(RUN(h, "-s", "x"), "console x\n");
	assert_prints(
	    RUN(h, "--theme", "light", "--colours=256", "-s", "x", "--settings", "f", "--ascii", "--mouse"),
	    "console x light 256 f ascii mouse\n");
	assert_prints(RUN(h, "lab", "--mouse"), "lab 0 0\nconsole /lab/socket mouse\n");
	assert_refused(RUN(h, "show", "tunnels", "--mouse"), 2, "--mouse is an option of the console");
	assert_refused(RUN(h, "--theme"), 2, "--theme needs a value");
	assert_refused(RUN(h, "--ascii=yes"), 2, "--ascii takes no value");
	assert_prints(RUN(h, "import", "aws", "f"), "import aws f - - 0 0\n");
	assert_prints(RUN(h, "import", "aws", "f", "--connection", "vpn-1", "--name=n", "--connection-only",
			  "--inline-secrets"),
		      "import aws f vpn-1 n 1 1\n");
	run = RUN(h, "check", "file");
	assert_int_equal(run->exit_code, 1);
	assert_string_equal(run->output, "check file\n");
	finish(run);
	harness_free(h);
}

static void
help_and_version_are_printed(void **state)
{
	struct harness *h = harness_new();
	struct run *run = RUN(h, "--help");

	assert_int_equal(run->exit_code, 0);
	assert_non_null(strstr(run->output, "switchover CONNECTION [TUNNEL]"));
	assert_null(strstr(run->output, "next-panel"));
	assert_non_null(strstr(run->output, "--colours HOW"));
	finish(run);
	run = RUN(h, "switchover", "--help");
	assert_int_equal(run->exit_code, 0);
	assert_non_null(strstr(run->output, "usage: twinspan switchover CONNECTION"));
	assert_non_null(strstr(run->output, "--dry-run"));
	finish(run);
	run = RUN(h, "help", "show");
	assert_non_null(strstr(run->output, "Kinds: gateway connections tunnels"));
	finish(run);
	assert_prints(RUN(h, "--version"), "twinspan " TWINSPAN_VERSION "\n");
	harness_free(h);
}

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
type_line(struct run *run, const char *line)
{
	assert_int_equal(write(run->in, line, strlen(line)), (ssize_t)strlen(line));
}

static void
the_plain_mode_tells_changes_in_words(void **state)
{
	struct harness *h = some_gateway();
	struct run *run = start_with(h, true, (const char *const[]){"-s", "S", "--plain", NULL});
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
	struct run *run = start_with(h, true, (const char *const[]){"-s", "S", "--plain", NULL});

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
	    start_with(h, true, (const char *const[]){"-s", "S", "--plain", "--interval", "1", NULL});

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

/* --- what shells and man read ------------------------------------------------------------------- */

/* Runs a program on the text; false where it is not installed. Its output must be empty. */
static void
assert_accepts(const char *command, const char *text)
{
	FILE *program = popen(command, "w");

	assert_non_null(program);
	fputs(text, program);
	assert_int_equal(pclose(program), 0);
}

/* Takes the backslashes off dashes, as troff does. */
static void
undo_dashes(char *text)
{
	char *to = text;

	for (; *text != '\0'; text++) {
		if (text[0] != '\\' || text[1] != '-')
			*to++ = *text;
	}
	*to = '\0';
}

static void
the_manual_has_every_command_and_option(void **state)
{
	struct harness *h = harness_new();
	struct run *run = RUN(h, "manual");
	size_t count;
	const struct command *table = command_table(&count);

	assert_int_equal(run->exit_code, 0);
	undo_dashes(run->output);
	for (size_t i = 0; i < count; i++) {
		char usage[256];

		command_usage(&table[i], usage, sizeof(usage));
		if (strstr(run->output, usage) == NULL || strstr(run->output, table[i].help) == NULL)
			fail_msg("'%s' is not in the manual", usage);
		for (int o = 0; o < COMMAND_OPTIONS && table[i].options[o].name != NULL; o++) {
			if (strstr(run->output, table[i].options[o].help) == NULL)
				fail_msg("'%s' is not in the manual", table[i].options[o].name);
		}
	}
	assert_non_null(strstr(run->output, "\\fB--once\\fR"));
	assert_non_null(strstr(run->output, ".SH EXIT STATUS"));
	finish(run);
	harness_free(h);
}

static void
groff_finds_nothing_wrong_with_the_manual(void **state)
{
	struct harness *h;
	struct run *run;

	if (access("/usr/bin/groff", X_OK) != 0) {
		print_message("groff is not installed\n");
		skip();
	}
	h = harness_new();
	run = RUN(h, "manual");
	assert_accepts("test -z \"$(groff -man -ww -Tutf8 -z 2>&1)\"", run->output);
	finish(run);
	harness_free(h);
}

static void
completion_offers_commands_options_kinds_and_names(void **state)
{
	static const char tests[] =
	    "\ntwinspan() { printf 'Tunnel State\\nb/1 up\\na/1 down\\n'; }\n"
	    "t() { local want=\"$1\"; shift; COMP_WORDS=(twinspan \"$@\"); COMP_CWORD=$#; COMPREPLY=(); "
	    "_twinspan;\n"
	    "\t[[ \"${COMPREPLY[*]}\" == \"$want\" ]] || { echo \"$*: ${COMPREPLY[*]}\" >&2; exit 1; }; }\n"
	    "t switchover sw\n"
	    "t 'routes received' show r\n"
	    "t 'b/1 a/1' up ''\n"
	    "t 'b/1 a/1' -s x show tunnels ''\n"
	    "t --dry-run switchover --d\n"
	    "t --once --onc\n"
	    "t '' --theme ''\n"
	    "t '' up a/1 ''\n"
	    "t 'bash zsh' completion ''\n";
	struct harness *h = harness_new();
	struct run *run = RUN(h, "completion", "bash");
	char *script = text_format("%s%s", run->output, tests);
	size_t count;
	const struct command *table = command_table(&count);

	for (size_t i = 0; i < count; i++) {
		char *line = text_format("\t%s:-*) words=", table[i].name);

		if ((strstr(run->output, line) != NULL) != (table[i].place != COMMAND_CONSOLE))
			fail_msg("'%s' is not where it should be in the completion", table[i].name);
		free(line);
	}
	assert_accepts("bash --norc --noprofile -s", script);
	free(script);
	finish(run);
	assert_refused(RUN(h, "completion", "csh"), 2, "completion is for bash and zsh, not for 'csh'");
	harness_free(h);
}

/* --- the gateway behind the console ------------------------------------------------------------ */

/*
 * The command line starts its own program again; for a test that is the test program. It plays a gateway
 * whose configuration is the name of what it does: serve, or fail with a reason.
 */
static int
play_gateway(int argc, char **argv)
{
	const char *config = NULL, *path = NULL;
	struct model_store *store = model_store_new();
	struct error err = {""};
	uv_loop_t loop;

	for (int i = 2; i + 1 < argc; i++) {
		if (strcmp(argv[i], "-c") == 0)
			config = argv[i + 1];
		if (strcmp(argv[i], "-s") == 0)
			path = argv[i + 1];
	}
	if (config == NULL || path == NULL || strstr(config, "bad") != NULL) {
		fprintf(stderr, "%s:3:7: unknown key 'pears'\x1b[2J\n", config);
		return 1;
	}
	uv_loop_init(&loop);
	alarm(30); /* whatever happens to the test */
	if (control_server_open(&loop, path, store, &err) == NULL)
		return 1;
	uv_run(&loop, UV_RUN_DEFAULT);
	return 0;
}

/* The process that serves the harness's socket, 0 where nobody does. */
static pid_t
serving_process(struct harness *h)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct ucred other = {0};
	socklen_t length = sizeof(other);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", h->socket);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &other, &length);
	close(fd);
	return other.pid;
}

static char *
make_file(struct harness *h, const char *name)
{
	char *path = text_format("%s/%s", h->folder, name);

	fclose(fopen(path, "w"));
	return path;
}

static void
the_console_starts_a_gateway_once_and_leaves_it_running(void **state)
{
	struct harness *h = harness_new();
	char *config = make_file(h, "good.yaml"), *state_dir = text_format("%s/state/deep", h->folder);
	char *log = text_format("%s/gateway.log", state_dir), *middle = text_format("%s/state", h->folder);
	struct run *run = RUN(h, "-c", config, "-s", "S", "--state-dir", state_dir);
	pid_t gateway = serving_process(h);
	char expected[200];

	snprintf(expected, sizeof(expected), "console %s\n", h->socket);
	assert_int_equal(run->exit_code, 0);
	assert_string_equal(run->output, expected);
	assert_non_null(strstr(run->errors, "starting the gateway"));
	finish(run);
	assert_true(gateway > 0);
	assert_prints(RUN(h, "-c", config, "-s", "S", "--state-dir", state_dir), expected);
	assert_int_equal(serving_process(h), gateway);
	assert_int_equal(kill(gateway, SIGKILL), 0);
	WAIT_FOR(h, serving_process(h) == 0);
	assert_int_equal(unlink(h->socket), 0);
	assert_int_equal(unlink(log), 0);
	assert_int_equal(unlink(config), 0);
	rmdir(state_dir);
	rmdir(middle);
	free(config);
	free(state_dir);
	free(log);
	free(middle);
	harness_free(h);
}

static void
why_a_gateway_did_not_start_is_shown(void **state)
{
	struct harness *h = harness_new();
	char *config = make_file(h, "bad.yaml"), *log = text_format("%s/gateway.log", h->folder);
	struct run *run = RUN(h, "-c", config, "-s", "S", "--state-dir", h->folder);

	assert_int_equal(run->exit_code, 1);
	assert_string_equal(run->output, "");
	assert_non_null(strstr(run->errors, "bad.yaml:3:7: unknown key 'pears'?[2J\n"));
	assert_non_null(strstr(run->errors, log));
	finish(run);
	assert_refused(RUN(h, "-c", "/nonexistent.yaml", "-s", "S", "--state-dir", h->folder), 1,
		       "/nonexistent.yaml: No such file");
	assert_int_equal(unlink(log), 0);
	assert_int_equal(unlink(config), 0);
	free(config);
	free(log);
	harness_free(h);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(wrong_words_end_with_2_and_one_line),
	    cmocka_unit_test(without_a_gateway_the_code_is_3),
	    cmocka_unit_test(commands_print_their_answer_or_fail_with_1),
	    cmocka_unit_test(who_may_not_act_gets_4),
	    cmocka_unit_test(local_commands_reach_their_parts),
	    cmocka_unit_test(help_and_version_are_printed),
	    cmocka_unit_test(json_is_an_array_of_objects_and_one_object_for_the_gateway),
	    cmocka_unit_test(large_kinds_stream_page_by_page),
	    cmocka_unit_test(a_name_and_a_filter_choose_rows),
	    cmocka_unit_test(tables_have_a_title_line_and_fit_the_rows),
	    cmocka_unit_test(watching_prints_rows_and_then_a_line_for_each_change),
	    cmocka_unit_test(watching_a_large_kind_shows_single_changes),
	    cmocka_unit_test(a_reader_that_leaves_ends_it_quietly),
	    cmocka_unit_test(usage_is_shown_for_a_month),
	    cmocka_unit_test(usage_is_shown_by_day),
	    cmocka_unit_test(history_is_shown_by_minute_second_or_quarter),
	    cmocka_unit_test(one_look_takes_a_panel_a_row_a_filter_and_a_size),
	    cmocka_unit_test(the_plain_mode_tells_changes_in_words),
	    cmocka_unit_test(the_plain_mode_takes_commands_and_asks_before_what_is_dangerous),
	    cmocka_unit_test(the_plain_mode_tells_rates_as_often_as_asked),
	    cmocka_unit_test(the_manual_has_every_command_and_option),
	    cmocka_unit_test(groff_finds_nothing_wrong_with_the_manual),
	    cmocka_unit_test(completion_offers_commands_options_kinds_and_names),
	    cmocka_unit_test(the_console_starts_a_gateway_once_and_leaves_it_running),
	    cmocka_unit_test(why_a_gateway_did_not_start_is_shown)};

	if (argc > 1 && strcmp(argv[1], "gateway") == 0)
		return play_gateway(argc, argv);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
