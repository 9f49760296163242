// SPDX-License-Identifier: GPL-2.0-or-later
/* The TCP probe, against sockets on loopback. */
#include "core/plugin.h"
#include "core/probe.h"
#include "core/base/clock.h"
#include "tests/unit/test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

extern const struct twinspan_plugin twinspan_plugin;

#define LOOPBACK 0x7f000001

static const struct probe_ops *
ops(void)
{
	return twinspan_plugin.ops;
}

/* A socket that listens on any port. */
static int
listen_to(struct sockaddr_in *at)
{
	socklen_t length = sizeof(*at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	*at = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(LOOPBACK)};
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)at, sizeof(*at)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)at, &length), 0);
	assert_int_equal(listen(fd, 0), 0);
	return fd;
}

static struct probe *
open_probe(const struct sockaddr_in *at)
{
	struct probe_target target = {.remote = ip_address_v4(LOOPBACK), .port = ntohs(at->sin_port)};
	struct probe *probe = ops()->open(&target, NULL);

	assert_non_null(probe);
	return probe;
}

/* The next answer; false where none comes in time. */
static bool
answer(struct probe *probe, int patience_ms, struct probe_answer *out)
{
	struct pollfd wait = {.fd = ops()->descriptor(probe), .events = POLLIN};

	return poll(&wait, 1, patience_ms) == 1 && ops()->take(probe, out);
}

static void
a_connection_and_a_refusal_are_answers(void **state)
{
	struct probe_answer got;
	struct sockaddr_in at;
	int fd = listen_to(&at);
	struct probe *probe = open_probe(&at);

	assert_true(ops()->send(probe, 7, NULL));
	assert_true(answer(probe, 5000, &got));
	assert_int_equal(got.number, 7);
	assert_true(got.rtt_us < 5 * USEC_PER_SEC);
	close(fd);
	assert_true(ops()->send(probe, 8, NULL));
	assert_true(answer(probe, 5000, &got));
	assert_int_equal(got.number, 8);
	assert_true(got.rtt_us < 5 * USEC_PER_SEC);
	ops()->close(probe);
}

/* A server whose queue is full drops the SYN; the kernel sends it again a second later. */
static void
what_is_answered_at_the_second_attempt_has_no_round_trip_time(void **state)
{
	enum { WAITING = 2 };
	struct probe_answer got;
	struct sockaddr_in at;
	int fd = listen_to(&at), waiting[WAITING], taken;
	struct probe *probe = open_probe(&at);

	for (unsigned i = 0; i < WAITING; i++) {
		waiting[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		connect(waiting[i], (struct sockaddr *)&at, sizeof(at));
	}
	assert_true(ops()->send(probe, 1, NULL));
	assert_false(answer(probe, 300, &got));
	while ((taken = accept4(fd, NULL, NULL, SOCK_CLOEXEC)) >= 0)
		close(taken);
	for (unsigned i = 0; i < WAITING; i++)
		close(waiting[i]);
	assert_true(answer(probe, 10000, &got));
	assert_int_equal(got.number, 1);
	assert_true(got.rtt_us == PROBE_RTT_UNKNOWN);
	ops()->close(probe);
	close(fd);
}

TEST_MAIN(cmocka_unit_test(a_connection_and_a_refusal_are_answers),
	  cmocka_unit_test(what_is_answered_at_the_second_attempt_has_no_round_trip_time))
