// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sessions over real sockets: one engine with both sides of a line that is the loopback of a network
 * namespace of the test's own, which ends with the process. Skipped where namespaces can't be made.
 */
#include "tests/unit/test.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "core/base/text.h"
#include "core/bfd/bfd_internal.h"

static uv_loop_t loop;
static bool isolated;

static struct {
	unsigned changes;
	struct bfd_status last;
} told[4];

static void
changed(void *context, uint32_t id, const struct bfd_status *status)
{
	told[id].changes++;
	told[id].last = *status;
}

static bool
set_loopback(bool up)
{
	struct ifreq request = {.ifr_name = "lo"};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	bool good = fd >= 0 && ioctl(fd, SIOCGIFFLAGS, &request) == 0;

	if (up)
		request.ifr_flags |= IFF_UP;
	else
		request.ifr_flags &= (short)~IFF_UP;
	good = good && ioctl(fd, SIOCSIFFLAGS, &request) == 0;
	close(fd);
	return good;
}

static int
isolate(void **state)
{
	isolated =
	    (unshare(CLONE_NEWNET) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0) && set_loopback(true);
	return uv_loop_init(&loop);
}

static int
end(void **state)
{
	return uv_loop_close(&loop);
}

static void
tick(uv_timer_t *timer)
{
}

/* Turns the loop until `done` says so; a test that waits for ten seconds has failed. */
static bool
wait_until(bool (*done)(void *context), void *context)
{
	usec_t begun = clock_monotonic();
	uv_timer_t timer;

	uv_timer_init(&loop, &timer);
	uv_timer_start(&timer, tick, 1, 1);
	while (!done(context) && clock_monotonic() - begun < 10 * USEC_PER_SEC)
		uv_run(&loop, UV_RUN_ONCE);
	uv_close((uv_handle_t *)&timer, NULL);
	uv_run(&loop, UV_RUN_NOWAIT);
	return done(context);
}

static bool
both_up(void *bfd)
{
	struct bfd_status status;

	return told[1].last.state == BFD_UP && told[2].last.state == BFD_UP &&
	       bfd_session_status(bfd, 1, &status) && status.transmit_us < USEC_PER_SEC &&
	       bfd_session_status(bfd, 2, &status) && status.transmit_us < USEC_PER_SEC;
}

static bool
both_down(void *bfd)
{
	return told[1].last.state == BFD_DOWN && told[2].last.state == BFD_DOWN;
}

static bool
second_down(void *bfd)
{
	return told[2].last.state == BFD_DOWN;
}

static struct bfd *
open_engine(void)
{
	const struct bfd_options options = {.changed = changed};
	struct error err = {0};
	struct bfd *bfd;

	if (!isolated)
		skip();
	memset(told, 0, sizeof(told));
	bfd = bfd_open(&loop, &options, &err);
	assert_string_equal(err.text, "");
	assert_non_null(bfd);
	return bfd;
}

static void
close_engine(struct bfd *bfd)
{
	bfd_close(bfd);
	uv_run(&loop, UV_RUN_DEFAULT);
}

/* Sides 1 and 2 of a line; `device` may be NULL. */
static void
add_pair(struct bfd *bfd, const char *one, const char *two, const char *device, uint32_t interval_ms)
{
	struct bfd_session_config config = {.interface = device, .interval_ms = interval_ms, .multiplier = 3};
	struct error err = {0};

	assert_true(ip_address_parse(one, &config.local));
	assert_true(ip_address_parse(two, &config.remote));
	assert_true(bfd_session_add(bfd, 1, &config, &err));
	assert_true(ip_address_parse(two, &config.local));
	assert_true(ip_address_parse(one, &config.remote));
	assert_true(bfd_session_add(bfd, 2, &config, &err));
}

static void
two_sessions_come_up_over_udp(void **state)
{
	struct bfd *bfd = open_engine();
	struct bfd_status status;

	add_pair(bfd, "127.0.0.1", "127.0.0.2", "lo", 20);
	assert_true(wait_until(both_up, bfd));
	assert_true(bfd_session_status(bfd, 1, &status));
	assert_int_equal(status.transmit_us, 20000);
	assert_int_equal(status.multiplier, 3);
	assert_true(status.packets_in > 0 && status.packets_out > 0);
	assert_false(bfd_session_status(bfd, 9, &status));
	close_engine(bfd);
}

static bool
first_up(void *bfd)
{
	return told[1].last.state == BFD_UP;
}

static void
ipv6_works_too(void **state)
{
	struct bfd *bfd = open_engine();
	struct bfd_session_config config = {.interface = "lo", .interval_ms = 20, .multiplier = 3};

	/* The loopback has one IPv6 address: the session talks with itself. */
	assert_true(ip_address_parse("::1", &config.local));
	config.remote = config.local;
	assert_true(bfd_session_add(bfd, 1, &config, NULL));
	assert_true(wait_until(first_up, bfd));
	close_engine(bfd);
}

static void
a_cut_line_is_noticed_within_the_detection_time(void **state)
{
	struct bfd *bfd = open_engine();
	unsigned flaps;
	usec_t cut;

	add_pair(bfd, "127.0.0.1", "127.0.0.2", "lo", 20);
	assert_true(wait_until(both_up, bfd));
	flaps = told[1].last.flaps;
	cut = clock_monotonic();
	assert_true(set_loopback(false));
	assert_true(wait_until(both_down, bfd));
	print_message("# 20 ms x 3: down after %.1f ms\n", (double)(told[1].last.since - cut) / 1000);
	assert_int_equal(told[1].last.diagnostic, BFD_DIAGNOSTIC_EXPIRED);
	assert_int_equal(told[1].last.flaps, flaps + 1);
	assert_true(set_loopback(true));
	assert_true(wait_until(both_up, bfd));
	close_engine(bfd);
}

static void
a_busy_loop_loses_no_session(void **state)
{
	struct bfd *bfd = open_engine();
	struct bfd_status one, two;
	usec_t begun;

	add_pair(bfd, "127.0.0.1", "127.0.0.2", "lo", 100);
	assert_true(wait_until(both_up, bfd));
	/* The gateway's thread computes and doesn't turn its loop, for five detection times. */
	for (begun = clock_monotonic(); clock_monotonic() - begun < 1500 * USEC_PER_MS;)
		;
	assert_true(bfd_session_status(bfd, 1, &one));
	assert_true(bfd_session_status(bfd, 2, &two));
	assert_int_equal(one.state, BFD_UP);
	assert_int_equal(two.state, BFD_UP);
	assert_int_equal(one.flaps + two.flaps, 0);
	close_engine(bfd);
}

/* This process's time on the processor, of all its threads. */
static usec_t
processor(void)
{
	struct timespec time;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return (usec_t)time.tv_sec * USEC_PER_SEC + time.tv_nsec / 1000;
}

/* On one processor a thread of real-time priority must not wait for one that it keeps from running. Waiting
 * like that it spins, until the kernel stops it after 950 ms: what counts is this process's time on the
 * processor, which stands still while other programs have it. */
static void
a_command_on_one_processor_takes_no_time(void **state)
{
	const unsigned commands = 5000;
	cpu_set_t all, one;
	struct bfd *bfd;
	usec_t longest = 0;

	assert_int_equal(sched_getaffinity(0, sizeof(all), &all), 0);
	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
	bfd = open_engine();
	add_pair(bfd, "127.0.0.1", "127.0.0.2", "lo", 100);
	for (unsigned i = 0; i < commands; i++) {
		usec_t begun = processor(), took;

		bfd_session_change(bfd, 1, 100 + i % 2, 3);
		took = processor() - begun;
		longest = took > longest ? took : longest;
	}
	print_message("# the longest of %u commands: %.1f ms of the processor\n", commands,
		      (double)longest / 1000);
	close_engine(bfd);
	assert_int_equal(sched_setaffinity(0, sizeof(all), &all), 0);
	assert_true(longest < 500 * USEC_PER_MS);
}

static void
removing_a_session_tells_the_peer(void **state)
{
	struct bfd *bfd = open_engine();

	add_pair(bfd, "127.0.0.1", "127.0.0.2", NULL, 1000);
	assert_true(wait_until(first_up, bfd));
	bfd_session_remove(bfd, 1);
	assert_true(wait_until(second_down, bfd));
	assert_int_equal(told[2].last.diagnostic, BFD_DIAGNOSTIC_NEIGHBOR_DOWN);
	assert_int_equal(told[2].last.remote_state, BFD_ADMIN_DOWN);
	close_engine(bfd);
}

static void
a_packet_from_afar_is_ignored(void **state)
{
	struct bfd *bfd = open_engine();
	struct bfd_session_config config = {.interval_ms = 1000, .multiplier = 3, .passive = true};
	struct sockaddr_in from = {.sin_family = AF_INET}, to = from;
	uint8_t bytes[BFD_PACKET_SIZE];
	struct writer w = writer_over(bytes, sizeof(bytes));
	const struct bfd_packet packet = {.state = BFD_DOWN,
					  .multiplier = 3,
					  .my_discriminator = 77,
					  .desired_min_tx = 1000000,
					  .required_min_rx = 1000000};
	struct bfd_status status;
	int fd = socket(AF_INET, SOCK_DGRAM, 0), ttl;

	assert_true(ip_address_parse("127.0.0.1", &config.local));
	assert_true(ip_address_parse("127.0.0.9", &config.remote));
	assert_true(bfd_session_add(bfd, 1, &config, NULL));
	bfd_packet_write(&w, &packet);
	inet_pton(AF_INET, "127.0.0.9", &from.sin_addr);
	inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
	to.sin_port = htons(BFD_PORT);
	assert_int_equal(bind(fd, (struct sockaddr *)&from, sizeof(from)), 0);
	ttl = 254;
	assert_int_equal(setsockopt(fd, IPPROTO_IP, IP_TTL, &ttl, sizeof(ttl)), 0);
	assert_int_equal(sendto(fd, bytes, sizeof(bytes), 0, (struct sockaddr *)&to, sizeof(to)),
			 sizeof(bytes));
	ttl = 255;
	assert_int_equal(setsockopt(fd, IPPROTO_IP, IP_TTL, &ttl, sizeof(ttl)), 0);
	assert_int_equal(sendto(fd, bytes, sizeof(bytes), 0, (struct sockaddr *)&to, sizeof(to)),
			 sizeof(bytes));
	/* The second one counts; packets of one socket stay in order, so the first was seen before it. */
	do
		assert_true(bfd_session_status(bfd, 1, &status));
	while (status.state != BFD_INIT);
	assert_int_equal(status.packets_in, 1);
	close(fd);
	close_engine(bfd);
}

static void
bad_sessions_are_refused(void **state)
{
	struct bfd *bfd = open_engine();
	struct bfd_session_config config = {.interval_ms = 50, .multiplier = 3};
	struct error err;

	assert_false(bfd_session_add(bfd, 1, &config, &err));
	assert_string_equal(err.text, "a BFD session needs the peer's address");
	assert_true(ip_address_parse("127.0.0.2", &config.remote));
	config.interface = "nowhere";
	assert_false(bfd_session_add(bfd, 1, &config, &err));
	assert_string_equal(err.text, "no BFD packets can be sent to 127.0.0.2 by nowhere: No such device");
	config.interface = NULL;
	assert_true(bfd_session_add(bfd, 1, &config, &err));
	assert_false(bfd_session_add(bfd, 1, &config, &err));
	config.multiplier = 0;
	assert_false(bfd_session_add(bfd, 2, &config, &err));
	close_engine(bfd);
}

static void
a_second_engine_finds_the_port_taken(void **state)
{
	struct bfd *bfd = open_engine();
	const struct bfd_options options = {.changed = changed};
	struct error err;

	assert_null(bfd_open(&loop, &options, &err));
	assert_non_null(strstr(err.text, "UDP port 3784 (BFD) can't be opened"));
	err.text[0] = '\0';
	assert_false(bfd_port_is_free(&err));
	assert_non_null(strstr(err.text, "UDP port 3784 (BFD) can't be opened"));
	close_engine(bfd);
	assert_true(bfd_port_is_free(&err));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(two_sessions_come_up_over_udp),
	    cmocka_unit_test(ipv6_works_too),
	    cmocka_unit_test(a_cut_line_is_noticed_within_the_detection_time),
	    cmocka_unit_test(a_busy_loop_loses_no_session),
	    cmocka_unit_test(a_command_on_one_processor_takes_no_time),
	    cmocka_unit_test(removing_a_session_tells_the_peer),
	    cmocka_unit_test(a_packet_from_afar_is_ignored),
	    cmocka_unit_test(bad_sessions_are_refused),
	    cmocka_unit_test(a_second_engine_finds_the_port_taken),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, isolate, end);
}
