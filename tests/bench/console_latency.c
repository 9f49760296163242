// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How long a person waits for the console: from a key to the drawn screen, from the start to the first full
 * screen, and how many bytes a second it writes when nothing happens. The console runs on a pseudo terminal
 * of 120x36 against a real control server with 1,000 tunnels; a key is drawn when no byte has come for 15 ms
 * after it, and its time is that of the last byte.
 *
 *   console_latency [--smoke]        with --smoke only a few keys
 */
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#include "core/base/clock.h"
#include "core/base/text.h"
#include "core/control/server.h"
#include "tests/console/world.h"
#include "tui/console.h"

#define CONNECTIONS 500
#define KEYS 500
#define SMOKE_KEYS 20
#define QUIET_MS 15
#define LIVE "live"

static char folder[64], socket_path[128];

static void
add_connections(struct model_store *store)
{
	for (int i = 0; i < CONNECTIONS; i++) {
		struct model_connection *c = model_row_new(MODEL_KIND_CONNECTION);

		model_set_format(&c->name, "site-%03d", i);
		model_set(&c->routing, "static");
		model_set(&c->mode, "active_passive");
		model_set(&c->state, "up");
		c->tunnels_up = c->tunnels_total = 2;
		model_store_put(store, MODEL_KIND_CONNECTION, c);
		for (int n = 1; n <= 2; n++) {
			struct model_tunnel *t = model_row_new(MODEL_KIND_TUNNEL);

			model_set_format(&t->name, "%s/%d", c->name, n);
			model_set(&t->connection, c->name);
			model_set(&t->state, "up");
			t->active = n == 1;
			model_set_format(&t->remote, "198.18.%d.%d", i / 250, i % 250);
			t->rx_bps = (uint64_t)i * 1000;
			t->tx_bps = (uint64_t)i * 100;
			t->rtt_ms = i / 10.0;
			model_store_put(store, MODEL_KIND_TUNNEL, t);
			model_row_free(MODEL_KIND_TUNNEL, t);
		}
		model_row_free(MODEL_KIND_CONNECTION, c);
	}
}

static pid_t
start_gateway(void)
{
	pid_t pid = fork();
	uv_loop_t loop;
	struct model_store *store;
	struct error err;

	if (pid != 0)
		return pid;
	uv_loop_init(&loop);
	store = model_store_new();
	world_fill(store);
	add_connections(store);
	if (control_server_open(&loop, socket_path, store, &err) == NULL) {
		fprintf(stderr, "%s\n", err.text);
		_exit(1);
	}
	uv_run(&loop, UV_RUN_DEFAULT);
	_exit(0);
}

static pid_t
start_console(int *fd)
{
	struct winsize size = {.ws_row = 36, .ws_col = 120};
	const struct console_options options = {.socket = socket_path,
						.theme = TEST_SOURCE "/themes/dark.yaml"};
	pid_t pid = forkpty(fd, NULL, NULL, &size);

	if (pid != 0)
		return pid;
	setenv("TERM", "xterm-256color", 1);
	setenv("LC_ALL", "C.UTF-8", 1);
	_exit(console_run(&options));
}

/* Reads until nothing comes for `quiet_ms`; returns the bytes, and the time of the last of them. */
static size_t
drain(int fd, int quiet_ms, usec_t *last, const char *until)
{
	static char bytes[1 << 16];
	struct pollfd poller = {.fd = fd, .events = POLLIN};
	size_t all = 0;

	while (poll(&poller, 1, quiet_ms) > 0) {
		ssize_t got = read(fd, bytes, sizeof(bytes) - 1);

		if (got <= 0)
			break;
		*last = clock_monotonic();
		all += (size_t)got;
		bytes[got] = '\0';
		if (until != NULL && strstr(bytes, until) != NULL)
			break;
	}
	return all;
}

static int
compare(const void *a, const void *b)
{
	usec_t x = *(const usec_t *)a, y = *(const usec_t *)b;

	return x < y ? -1 : x > y;
}

static void
measure_keys(int fd, const char *what, const char *keys, int count)
{
	usec_t *times = memory_zeroed((size_t)count, sizeof(*times)), last = 0;
	size_t length = strlen(keys);

	for (int i = 0; i < count; i++) {
		usec_t start = clock_monotonic();

		last = start;
		if (write(fd, &keys[(size_t)i % length], 1) != 1)
			break;
		drain(fd, QUIET_MS, &last, NULL);
		times[i] = last - start;
	}
	qsort(times, (size_t)count, sizeof(*times), compare);
	printf("console key to screen, %-22s median %5lld us  p99 %5lld us  (%d keys, %d tunnels, 120x36)\n",
	       what, (long long)times[count / 2], (long long)times[count * 99 / 100], count, CONNECTIONS * 2);
	free(times);
}

int
main(int argc, char **argv)
{
	bool smoke = argc > 1 && strcmp(argv[1], "--smoke") == 0;
	int fd, keys = smoke ? SMOKE_KEYS : KEYS, idle_seconds = smoke ? 1 : 5;
	usec_t start, last = 0, end;
	size_t idle = 0;
	pid_t gateway, console;

	if (argc > 1 && !smoke) {
		fprintf(stderr, "usage: console_latency [--smoke]\n");
		return 2;
	}
	snprintf(folder, sizeof(folder), "/tmp/twinspan-latency-XXXXXX");
	if (mkdtemp(folder) == NULL)
		return 1;
	snprintf(socket_path, sizeof(socket_path), "%s/control.sock", folder);
	gateway = start_gateway();
	while (access(socket_path, F_OK) != 0 && waitpid(gateway, NULL, WNOHANG) == 0)
		usleep(1000);
	start = clock_monotonic();
	console = start_console(&fd);
	drain(fd, 5000, &last, LIVE);
	drain(fd, 60, &last, NULL);
	printf("console start to full screen %lld us\n", (long long)(last - start));
	measure_keys(fd, "overview, a row down", "j", keys);
	if (write(fd, "2", 1) == 1)
		drain(fd, 100, &last, NULL);
	measure_keys(fd, "tunnels, pages", "\x06\x02", keys);
	measure_keys(fd, "panel to panel", "1234567", keys);
	if (write(fd, "1", 1) == 1)
		drain(fd, 100, &last, NULL);
	for (end = clock_monotonic() + idle_seconds * USEC_PER_SEC; clock_monotonic() < end;)
		idle += drain(fd, 100, &last, NULL);
	printf("console bytes a second when idle %zu\n", idle / (size_t)idle_seconds);
	if (write(fd, "q", 1) == 1)
		drain(fd, 100, &last, NULL);
	close(fd);
	waitpid(console, NULL, 0);
	kill(gateway, SIGTERM);
	waitpid(gateway, NULL, 0);
	unlink(socket_path);
	rmdir(folder);
	return 0;
}
