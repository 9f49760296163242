// SPDX-License-Identifier: GPL-2.0-or-later
/* See cli_run.h. */
#include "tests/unit/control/cli_run.h"

#include <fcntl.h>
#include <sys/wait.h>

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
fake_export(const struct cli_export *export)
{
	printf("export %s %s %s %d\n", export->format, export->names != NULL ? export->names : "-",
	       export->config, export->inline_secrets);
	return 0;
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

struct cli_parts parts = {.gateway = fake_gateway,
			  .check = fake_check,
			  .import = fake_import,
			  .export = fake_export,
			  .lab = fake_lab,
			  .console = fake_console,
			  .once = fake_once,
			  .default_config = "/default.yaml",
			  .default_socket = "/default.sock",
			  .default_state_dir = "/default/state"};

/* --- running ----------------------------------------------------------------------------------- */

int
temporary_file(void)
{
	char path[] = "/tmp/twinspan-test-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	unlink(path);
	return fd;
}

void
end_with(int exit_code)
{
	fflush(NULL);
	_exit(exit_code);
}

/* Begins a session, whose first terminal is then its own. */
static void
take_terminal(int terminal)
{
	int ours;

	setsid();
	if (terminal < 0)
		return;
	ours = open(ptsname(terminal), O_RDWR);
	if (ours < 0)
		end_with(99);
	close(terminal);
}

static int
new_terminal(void)
{
	int terminal = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);

	assert_true(terminal >= 0);
	assert_int_equal(grantpt(terminal), 0);
	assert_int_equal(unlockpt(terminal), 0);
	return terminal;
}

struct run *
start_with(struct harness *h, enum run_where where, const char *const *words)
{
	struct run *run = memory_zeroed(1, sizeof(*run));
	char *argv[16] = {(char *)"twinspan"};
	int argc = 1, ends[2] = {-1, -1};

	for (; words[argc - 1] != NULL; argc++)
		argv[argc] = strcmp(words[argc - 1], "S") == 0 ? h->socket : (char *)words[argc - 1];
	run->out = temporary_file();
	run->err = temporary_file();
	if (where == RUN_PIPED)
		assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	run->in = where == RUN_ON_TERMINAL ? new_terminal() : ends[1];
	fflush(NULL);
	run->pid = fork();
	if (run->pid == 0) {
		if (where == RUN_ALONE || where == RUN_ON_TERMINAL)
			take_terminal(run->in);
		if (where == RUN_PIPED)
			dup2(ends[0], STDIN_FILENO);
		close(ends[1]); /* or it would never see the end */
		dup2(run->out, STDOUT_FILENO);
		dup2(run->err, STDERR_FILENO);
		end_with(cli_run(&parts, argc, argv));
	}
	if (ends[0] >= 0)
		close(ends[0]);
	return run;
}

void
type_line(struct run *run, const char *line)
{
	assert_int_equal(write(run->in, line, strlen(line)), (ssize_t)strlen(line));
}

struct run *
start(struct harness *h, const char *const *words)
{
	return start_with(h, RUN_HERE, words);
}

void
look(struct run *run)
{
	ssize_t got = pread(run->out, run->output, sizeof(run->output) - 1, 0);
	int status;

	run->output[got > 0 ? got : 0] = '\0';
	got = pread(run->err, run->errors, sizeof(run->errors) - 1, 0);
	run->errors[got > 0 ? got : 0] = '\0';
	if (run->in >= 0) /* of a pipe's end that is for writing nothing comes */
		got = read(run->in, run->asked + strlen(run->asked),
			   sizeof(run->asked) - strlen(run->asked) - 1);
	if (!run->ended && waitpid(run->pid, &status, WNOHANG) == run->pid) {
		run->ended = true;
		run->exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
		look(run);
	}
}

void
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

struct run *
run_to_end(struct harness *h, const char *const *words)
{
	struct run *run = start(h, words);

	WAIT_FOR(h, (look(run), run->ended));
	return run;
}

size_t
line_count(const char *text)
{
	size_t count = 0;

	for (; *text != '\0'; text++)
		count += *text == '\n';
	return count;
}

void
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

void
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

size_t route_total;

struct harness *
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
