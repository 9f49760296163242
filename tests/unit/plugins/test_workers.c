// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Four workers in each direction, with the kernel: who gets which datagrams, what stays in order, and that
 * nothing is lost or wrong while SAs and tunnels come and go. Whole transfers by TCP are test_pipeline.c's.
 */
#include "tests/unit/plugins/pair.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <netinet/udp.h>
#include <unistd.h>

enum { WORKERS = 4, PORT = 5004 };

static struct pair pair;

static void
open_pair(unsigned without)
{
	char why[600];

	pair = (struct pair){.without = without, .workers = WORKERS};
	if (pair_open(&pair, why, sizeof(why)))
		return;
	print_message("# skipped: %s\n", why);
	pair_close(&pair);
	skip();
}

static struct dataplane *
plane(int side)
{
	return pair.side[side].plane;
}

static struct pair_sa
plain(uint32_t tunnel)
{
	return (struct pair_sa){.tunnel = tunnel, .encapsulated = true, .encryption = 20, .key_length = 36};
}

/* AES-CBC-256 with HMAC-SHA2-512-256: so much work that others are sure to help. */
static struct pair_sa
heavy(uint32_t tunnel)
{
	struct pair_sa sa = plain(tunnel);

	sa.encryption = 12;
	sa.key_length = 32;
	sa.integrity = 14;
	sa.integrity_key_length = 64;
	return sa;
}

static struct dataplane_counters
counters(int side, uint32_t tunnel)
{
	struct dataplane_counters c;

	assert_true(userspace_ops.tunnel_counters(plane(side), tunnel, &c));
	return c;
}

static uint64_t
drops(const struct dataplane_counters *c)
{
	return c->drops.authentication + c->drops.replay + c->drops.malformed + c->drops.selector +
	       c->drops.no_sa + c->drops.too_big + c->drops.queue;
}

static uint64_t
helped(const struct worker *workers)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < WORKERS; i++)
		sum += counter_read(&workers[i].jobs->helped);
	return sum;
}

/* --- who gets what ----------------------------------------------------------------------------- */

/* Pings by SAs of every worker; which of them had batches is told by their sections. */
static void
each_gets_its_own(struct pair_sa sa)
{
	open_pair(0);
	assert_true(plane(0)->steered && plane(1)->steered);
	for (sa.tunnel = 1; sa.tunnel <= WORKERS; sa.tunnel++) {
		uint64_t before[WORKERS], after;
		unsigned owner;

		pair_tunnel(&pair, &sa);
		owner = plane_owner(plane(1), pair_spi(&sa, 0));
		for (unsigned i = 0; i < WORKERS; i++)
			before[i] = atomic_load(&plane(1)->decrypt[i].section);
		for (uint16_t n = 0; n < 10; n++)
			assert_true(pair_ping(&pair, sa.tunnel, n));
		for (unsigned i = 0; i < WORKERS; i++) {
			after = atomic_load(&plane(1)->decrypt[i].section);
			if (i == owner) /* an answer may be here before the section is left */
				assert_true(after >= before[i] + 2 * 10 - 1);
			else
				assert_int_equal(after, before[i]);
		}
	}
	pair_close(&pair);
}

static void
the_kernel_steers_udp_to_the_worker_that_owns_the_sa(void **state)
{
	each_gets_its_own(plain(1));
}

static void
the_kernel_steers_udp_over_ipv6_to_the_worker_that_owns_the_sa(void **state)
{
	struct pair_sa sa = plain(1);

	sa.ipv6 = true;
	each_gets_its_own(sa);
}

static void
the_kernel_steers_protocol_50_to_the_worker_that_owns_the_sa(void **state)
{
	struct pair_sa sa = plain(1);

	sa.encapsulated = false;
	each_gets_its_own(sa);
	sa.ipv6 = true;
	each_gets_its_own(sa);
}

static void
what_is_too_short_for_an_spi_comes_to_the_first_and_is_counted(void **state)
{
	static const uint8_t bytes[8] = {1, 2, 3, 4, 5, 6, 7, 8};
	const struct {
		int family;
		const char *to;
	} ways[] = {{AF_INET, "192.0.2.2"}, {AF_INET6, "fd00:2::2"}};

	open_pair(0);
	assert_true(plane(1)->steered);
	pair_at(&pair, 0);
	for (unsigned i = 0; i < 2; i++) {
		int fd = socket(ways[i].family, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ESP);
		struct sockaddr_storage at;
		struct ip_address to;
		socklen_t size;

		assert_true(ip_address_parse(ways[i].to, &to));
		size = ip_address_to_sockaddr(&to, 0, &at);
		for (size_t length = 1; length < sizeof(bytes); length++)
			assert_int_equal(sendto(fd, bytes, length, 0, (struct sockaddr *)&at, size), length);
		close(fd);
	}
	assert_true(PAIR_WAIT(atomic_load(&plane(1)->unknown_spi) == 2 * 7));
	pair_close(&pair);
}

static void
without_steering_the_first_worker_receives_all_and_gives_to_each_its_own(void **state)
{
	struct pair_sa sa = plain(1);
	struct dataplane_report report;

	open_pair(DATAPLANE_STEERING);
	userspace_ops.report(plane(0), &report);
	assert_non_null(strstr(report.text, "4 encrypt + 4 decrypt threads (the first sorts)"));
	for (sa.tunnel = 1; sa.tunnel <= WORKERS; sa.tunnel++) {
		unsigned owner = plane_owner(plane(1), pair_spi(&sa, 0));
		uint64_t before = atomic_load(&plane(1)->decrypt[owner].section);
		uint64_t first = atomic_load(&plane(1)->decrypt[0].section);

		sa.encapsulated = sa.tunnel % 2 != 0;
		pair_tunnel(&pair, &sa);
		for (uint16_t n = 0; n < 10; n++)
			assert_true(pair_ping(&pair, sa.tunnel, n));
		assert_true(atomic_load(&plane(1)->decrypt[owner].section) >= before + 2 * 10 - 1);
		assert_true(atomic_load(&plane(1)->decrypt[0].section) >= first + 2 * 10 - 1);
		assert_true(PAIR_WAIT(counters(1, sa.tunnel).rx_packets == 10));
	}
	pair_close(&pair);
}

/* With SO_REUSEPORT's groups a second program could share the port without a word. */
static void
a_port_with_several_sockets_is_busy_for_others(void **state)
{
	struct dataplane_options options = {.interface_prefix = "pl", .workers = WORKERS};
	struct dataplane_host host = {0};
	struct error err;

	open_pair(0);
	pair_at(&pair, 0);
	assert_null(userspace_ops.open(&options, &host, &err));
	assert_non_null(strstr(err.text, "is in use"));
	pair_close(&pair);
}

/* --- one tunnel by all ------------------------------------------------------------------------- */

enum { DATAGRAM = 1300, SEGMENTS = 40, SENDS = 10, BURST = SEGMENTS * SENDS };

/* A burst of numbered datagrams, as super-packets, and that all of it arrives in order. */
static void
burst(int out, int in, const struct sockaddr_storage *to, socklen_t to_length, uint32_t first)
{
	static uint8_t super[SEGMENTS * DATAGRAM];
	uint8_t got[DATAGRAM];

	for (uint32_t s = 0; s < SENDS; s++) {
		for (uint32_t i = 0; i < SEGMENTS; i++) {
			uint32_t number = first + s * SEGMENTS + i;

			memset(super + i * DATAGRAM, (int)number, DATAGRAM);
			memcpy(super + i * DATAGRAM, &number, sizeof(number));
		}
		assert_int_equal(sendto(out, super, sizeof(super), 0, (const struct sockaddr *)to, to_length),
				 sizeof(super));
	}
	for (uint32_t i = 0; i < BURST; i++) {
		uint32_t number;

		assert_int_equal(recv(in, got, sizeof(got), 0), DATAGRAM);
		memcpy(&number, got, sizeof(number));
		assert_int_equal(number, first + i);
		for (size_t b = sizeof(number); b < DATAGRAM; b++)
			assert_int_equal(got[b], number & 0xff);
	}
}

static void
stays_in_order(unsigned without, struct pair_sa sa)
{
	struct ip_address inside = pair_inside(1, 1);
	struct timeval patience = {.tv_sec = 10};
	struct sockaddr_storage to;
	socklen_t length = ip_address_to_sockaddr(&inside, PORT, &to);
	int out, in, size = DATAGRAM;
	uint32_t sent = 0;

	open_pair(without);
	pair_tunnel(&pair, &sa);
	out = pair_socket(&pair, 0, 1, PORT);
	in = pair_socket(&pair, 1, 1, PORT);
	setsockopt(in, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	assert_int_equal(setsockopt(out, SOL_UDP, UDP_SEGMENT, &size, sizeof(size)), 0);
	while (sent < 50 * BURST || helped(plane(0)->encrypt) < 20 || helped(plane(1)->decrypt) < 20) {
		burst(out, in, &to, length, sent);
		sent += BURST;
	}
	assert_true(PAIR_WAIT(counters(1, 1).rx_packets == sent));
	for (int side = 0; side < 2; side++) {
		struct dataplane_counters c = counters(side, 1);

		assert_int_equal(drops(&c) + c.rx_lost, 0);
	}
	print_message("# %u datagrams in order; others helped with %lu jobs of sealing, %lu of opening\n",
		      sent, helped(plane(0)->encrypt), helped(plane(1)->decrypt));
	close(out);
	close(in);
	pair_close(&pair);
}

static void
one_tunnels_packets_stay_in_order_where_all_help(void **state)
{
	stays_in_order(0, heavy(1));
}

static void
one_tunnels_packets_stay_in_order_without_offloads_and_steering(void **state)
{
	struct pair_sa sa = heavy(1);

	sa.extended = true;
	stays_in_order(DATAPLANE_UDP_GSO | DATAPLANE_UDP_GRO | DATAPLANE_STEERING, sa);
}

/* --- changes under way ------------------------------------------------------------------------- */

enum { TUNNELS = 3 };

struct talker {
	int fd;
	struct sockaddr_storage to;
	socklen_t length;
	atomic_bool *stop;
	pthread_t thread;
};

/* Datagrams in super-packets, nearly as many as go. */
static void *
talk(void *argument)
{
	static const uint8_t super[SEGMENTS * DATAGRAM];
	struct talker *talker = argument;

	while (!atomic_load(talker->stop)) {
		sendto(talker->fd, super, sizeof(super), MSG_DONTWAIT, (struct sockaddr *)&talker->to,
		       talker->length);
		usleep(500);
	}
	return NULL;
}

static void
talk_start(struct talker *talker, uint32_t tunnel, atomic_bool *stop)
{
	struct ip_address inside = pair_inside(tunnel, 1);
	int size = DATAGRAM;

	talker->stop = stop;
	talker->length = ip_address_to_sockaddr(&inside, PORT, &talker->to);
	talker->fd = pair_socket(&pair, 0, tunnel, PORT);
	assert_int_equal(setsockopt(talker->fd, SOL_UDP, UDP_SEGMENT, &size, sizeof(size)), 0);
	pthread_create(&talker->thread, NULL, talk, talker);
}

static bool
carries(const struct pair_sa *sa)
{
	return counter_read(&plane_inbound(plane(1), pair_spi(sa, 0))->packets) != 0;
}

/* The SAs of both sides and directions, as IKE does it: the old go when the new ones carry. */
static void
rekey(struct pair_sa *sa)
{
	struct pair_sa old = *sa;
	struct error err;

	sa->generation++;
	for (int side = 1; side >= 0; side--)
		for (int from = 0; from < 2; from++)
			assert_true(pair_sa_add(&pair, side, from, sa, &err));
	assert_true(PAIR_WAIT(carries(sa)));
	for (int side = 0; side < 2; side++)
		for (int from = 0; from < 2; from++)
			pair_sa_remove(&pair, side, from, &old);
}

static void
make_anew(struct pair_sa *sa)
{
	struct error err;
	char name[16];

	pair_at(&pair, 1);
	userspace_ops.tunnel_remove(plane(1), sa->tunnel);
	assert_true(userspace_ops.tunnel_add(
	    plane(1), &(struct dataplane_tunnel){.id = sa->tunnel, .mtu = 1400}, name, &err));
	for (int from = 0; from < 2; from++)
		assert_true(pair_sa_add(&pair, 1, from, sa, &err));
}

static void
may_change(unsigned without)
{
	struct pair_sa sas[TUNNELS];
	struct talker talkers[TUNNELS];
	atomic_bool stop = false;
	usec_t until = clock_monotonic() + USEC_PER_SEC;
	unsigned rounds = 0;

	open_pair(without);
	for (uint32_t i = 0; i < TUNNELS; i++) {
		sas[i] = i == 0 ? plain(1) : heavy(i + 1);
		sas[i].encapsulated = i != 2;
		pair_tunnel(&pair, &sas[i]);
		talk_start(&talkers[i], i + 1, &stop);
	}
	for (; clock_monotonic() < until || rounds < 20; rounds++) {
		for (unsigned i = 0; i < TUNNELS; i++)
			rekey(&sas[i]);
		if (rounds % 10 == 5)
			make_anew(&sas[0]);
	}
	atomic_store(&stop, true);
	for (unsigned i = 0; i < TUNNELS; i++) {
		struct dataplane_counters c = counters(1, i + 1);

		pthread_join(talkers[i].thread, NULL);
		close(talkers[i].fd);
		assert_int_equal(c.drops.authentication + c.drops.replay + c.drops.malformed, 0);
	}
	pair_command(&pair, 1, "ip addr replace 10.99.1.2/30 dev pl1");
	for (uint32_t tunnel = 1; tunnel <= TUNNELS; tunnel++)
		assert_true(
		    PAIR_WAIT(pair_ping(&pair, tunnel, 1))); /* a device may still be full, and drop one */
	print_message("# %u rounds of rekeys\n", rounds);
	pair_close(&pair);
}

static void
sas_and_tunnels_may_change_while_all_work(void **state)
{
	may_change(0);
}

static void
sas_and_tunnels_may_change_while_the_first_sorts(void **state)
{
	may_change(DATAPLANE_STEERING);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_kernel_steers_udp_to_the_worker_that_owns_the_sa),
	    cmocka_unit_test(the_kernel_steers_udp_over_ipv6_to_the_worker_that_owns_the_sa),
	    cmocka_unit_test(the_kernel_steers_protocol_50_to_the_worker_that_owns_the_sa),
	    cmocka_unit_test(what_is_too_short_for_an_spi_comes_to_the_first_and_is_counted),
	    cmocka_unit_test(without_steering_the_first_worker_receives_all_and_gives_to_each_its_own),
	    cmocka_unit_test(a_port_with_several_sockets_is_busy_for_others),
	    cmocka_unit_test(one_tunnels_packets_stay_in_order_where_all_help),
	    cmocka_unit_test(one_tunnels_packets_stay_in_order_without_offloads_and_steering),
	    cmocka_unit_test(sas_and_tunnels_may_change_while_all_work),
	    cmocka_unit_test(sas_and_tunnels_may_change_while_the_first_sorts),
	};

	alarm(120); /* a failed assertion may leave threads behind: end at last */
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
