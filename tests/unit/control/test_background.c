// SPDX-License-Identifier: GPL-2.0-or-later
/* The gateway that the console starts behind it. */
#include "tests/unit/control/cli_run.h"

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
	    cmocka_unit_test(the_console_starts_a_gateway_once_and_leaves_it_running),
	    cmocka_unit_test(why_a_gateway_did_not_start_is_shown)};

	if (argc > 1 && strcmp(argv[1], "gateway") == 0)
		return play_gateway(argc, argv);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
