// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Whole transfers through two planes, by every set of fast paths, under rekeys at full speed, and over a line
 * that loses, doubles, reorders and damages. What arrives is compared byte by byte. PIPELINE_MEGABYTES in the
 * environment makes the transfers longer.
 */
#include "tests/unit/plugins/pair.h"
#include "tests/unit/test.h"

#include <netinet/tcp.h>
#include <poll.h>
#include <unistd.h>

enum { PORT = 5201, FORWARDER = 6000, CHUNK = 65536 };

static struct pair pair;
static char skip_reason[600];

static int
open_pair(unsigned without)
{
	pair.without = without;
	if (!pair_open(&pair, skip_reason, sizeof(skip_reason)))
		print_message("# skipped: %s\n", skip_reason);
	return skip_reason[0] == '\0';
}

static struct pair_sa
plain(void)
{
	return (struct pair_sa){.tunnel = 1, .encapsulated = true, .encryption = 20, .key_length = 36};
}

static size_t
megabytes(size_t usual)
{
	const char *wanted = getenv("PIPELINE_MEGABYTES");

	return (wanted != NULL ? strtoul(wanted, NULL, 10) : usual) * 1000000;
}

/* --- a stream of numbers ----------------------------------------------------------------------- */

struct numbers {
	uint64_t state;
};

static void
numbers_fill(struct numbers *numbers, uint64_t *words, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		numbers->state = numbers->state * 6364136223846793005u + 1442695040888963407u;
		words[i] = numbers->state;
	}
}

struct transfer {
	int from; /* the side that sends */
	size_t length;
	int out, in; /* sockets */
	atomic_bool wrong, done;
	size_t sent, received;
	pthread_t sender, receiver;
};

static void *
send_all(void *argument)
{
	static _Thread_local uint64_t words[CHUNK / 8];
	struct transfer *t = argument;
	struct numbers numbers = {1};

	while (t->sent < t->length) {
		size_t at = 0;

		numbers_fill(&numbers, words, CHUNK / 8);
		while (at < CHUNK) {
			ssize_t n = send(t->out, (uint8_t *)words + at, CHUNK - at, MSG_NOSIGNAL);

			if (n <= 0) {
				atomic_store(&t->wrong, true);
				return NULL;
			}
			at += (size_t)n;
		}
		t->sent += CHUNK;
	}
	shutdown(t->out, SHUT_WR);
	return NULL;
}

static void *
receive_all(void *argument)
{
	static _Thread_local uint64_t want[CHUNK / 8], got[CHUNK / 8];
	struct transfer *t = argument;
	struct numbers numbers = {1};

	for (;;) {
		size_t at = 0;
		ssize_t n = 1;

		while (at < CHUNK && (n = recv(t->in, (uint8_t *)got + at, CHUNK - at, 0)) > 0)
			at += (size_t)n;
		numbers_fill(&numbers, want, CHUNK / 8);
		if (memcmp(want, got, at) != 0)
			atomic_store(&t->wrong, true);
		t->received += at;
		if (n <= 0)
			break;
	}
	atomic_store(&t->done, true);
	return NULL;
}

/* A TCP socket at a side, by cubic: what the machine has as its default may depend on timers more. */
static int
tcp_socket(int side, uint16_t port, struct ip_address *address)
{
	struct sockaddr_storage at;
	struct timeval patience = {.tv_sec = 60};
	socklen_t length;
	int fd, one = 1;

	*address = pair_inside(1, side);
	length = ip_address_to_sockaddr(address, port, &at);
	pair_at(&pair, side);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "cubic", 5);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, length), 0);
	return fd;
}

static void
transfer_start(struct transfer *t, int from, size_t length)
{
	struct ip_address us, them;
	struct sockaddr_storage to;
	int listening = tcp_socket(!from, PORT, &them);
	socklen_t to_length = ip_address_to_sockaddr(&them, PORT, &to);

	*t = (struct transfer){.from = from, .length = length};
	assert_int_equal(listen(listening, 1), 0);
	t->out = tcp_socket(from, 0, &us);
	assert_int_equal(connect(t->out, (struct sockaddr *)&to, to_length), 0);
	t->in = accept(listening, NULL, NULL);
	assert_true(t->in >= 0);
	close(listening);
	pthread_create(&t->receiver, NULL, receive_all, t);
	pthread_create(&t->sender, NULL, send_all, t);
}

static void
transfer_end(struct transfer *t)
{
	pthread_join(t->sender, NULL);
	pthread_join(t->receiver, NULL);
	close(t->out);
	close(t->in);
	assert_false(atomic_load(&t->wrong));
	assert_int_equal(t->received, t->sent);
	assert_true(t->sent >= t->length);
}

static struct dataplane_counters
counters(int side)
{
	struct dataplane_counters c;

	assert_true(userspace_ops.tunnel_counters(pair.side[side].plane, 1, &c));
	return c;
}

/* --- fast paths -------------------------------------------------------------------------------- */

static void
both_ways(unsigned without, struct pair_sa sa)
{
	struct dataplane_report report;
	struct transfer t;

	if (!open_pair(without))
		skip();
	pair_tunnel(&pair, &sa);
	userspace_ops.report(pair.side[0].plane, &report);
	print_message("# %s\n", report.text);
	for (int from = 0; from < 2; from++) {
		transfer_start(&t, from, megabytes(30));
		transfer_end(&t);
	}
	for (int side = 0; side < 2; side++) {
		struct dataplane_counters c = counters(side);

		assert_int_equal(c.drops.authentication + c.drops.replay + c.drops.malformed +
				     c.drops.selector + c.drops.no_sa + c.drops.too_big,
				 0);
		assert_true(c.rx_bytes > megabytes(30));
		assert_true(c.rx_bytes / c.rx_packets <= 1400); /* packets are counted, not super-packets */
	}
	pair_close(&pair);
}

static void
transfers_arrive_with_all_fast_paths(void **state)
{
	both_ways(0, plain());
}

static void
transfers_arrive_without_uso_and_gro(void **state)
{
	both_ways(DATAPLANE_TUN_USO | DATAPLANE_UDP_GRO, plain());
}

static void
transfers_arrive_without_gso(void **state)
{
	both_ways(DATAPLANE_UDP_GSO, plain());
}

static void
transfers_arrive_without_any_fast_path(void **state)
{
	both_ways(DATAPLANE_TUN_TSO | DATAPLANE_UDP_GSO | DATAPLANE_UDP_GRO, plain());
}

static void
transfers_arrive_as_protocol_50(void **state)
{
	struct pair_sa raw = plain();

	raw.encapsulated = false; /* protocol 50 knows no GSO and no GRO */
	both_ways(0, raw);
}

static void
transfers_arrive_over_ipv6_with_cbc_and_extended_numbers(void **state)
{
	struct pair_sa sa = plain();

	sa.ipv6 = sa.extended = true;
	sa.encryption = 12;
	sa.key_length = 32;
	sa.integrity = 12;
	sa.integrity_key_length = 32;
	both_ways(0, sa);
}

/* --- rekeys ------------------------------------------------------------------------------------ */

static void
rekeys_at_full_speed_lose_nothing(void **state)
{
	struct pair_sa old = plain(), new = old;
	struct transfer t;
	unsigned rekeys = 0;
	struct error err;

	if (!open_pair(0))
		skip();
	pair_tunnel(&pair, &old);
	transfer_start(&t, 0, megabytes(300) < 300000000 ? 300000000 : megabytes(300));
	while (!atomic_load(&t.done) && rekeys < 28) {
		new.generation++;
		assert_true(pair_sa_add(&pair, 1, 0, &new, &err));
		assert_true(pair_sa_add(&pair, 0, 1, &new, &err));
		assert_true(pair_sa_add(&pair, 0, 0, &new, &err));
		assert_true(pair_sa_add(&pair, 1, 1, &new, &err));
		usleep(100000); /* what is on its way by the old ones arrives, of a thread that has to wait
				   too */
		for (int side = 0; side < 2; side++)
			for (int from = 0; from < 2; from++)
				pair_sa_remove(&pair, side, from, &old);
		old = new;
		rekeys++;
	}
	transfer_end(&t);
	assert_true(rekeys > 2);
	for (int side = 0; side < 2; side++) {
		struct dataplane_counters c = counters(side);

		assert_int_equal(c.rx_lost, 0);
		assert_int_equal(c.drops.no_sa + c.drops.replay + c.drops.authentication, 0);
		assert_int_equal(atomic_load(&pair.side[side].plane->unknown_spi), 0);
	}
	print_message("# %u rekeys in %zu MB, none lost\n", rekeys, t.sent / 1000000);
	pair_close(&pair);
}

/* --- a bad line -------------------------------------------------------------------------------- */

struct line {
	int fd, to;
	atomic_bool stop;
	unsigned carried, lost, doubled, late, damaged;
	pthread_t thread;
	uint64_t dice;
};

static bool
one_in(struct line *line, unsigned sides)
{
	line->dice = line->dice * 6364136223846793005u + 1442695040888963407u;
	return (line->dice >> 33) % sides == 0;
}

/* Carries datagrams from its own port to the plane's, badly. */
static void *
carry(void *argument)
{
	static uint8_t datagram[PACKET_MAX], kept[PACKET_MAX];
	struct line *line = argument;
	ssize_t kept_length = 0;

	while (!atomic_load(&line->stop)) {
		struct pollfd wait = {.fd = line->fd, .events = POLLIN};
		ssize_t length;

		if (poll(&wait, 1, 50) <= 0)
			continue;
		length = recv(line->fd, datagram, sizeof(datagram), 0);
		if (length <= 0)
			continue;
		line->carried++;
		if (one_in(line, 300)) {
			line->lost++;
			continue;
		}
		if (kept_length == 0 && one_in(line, 200)) {
			memcpy(kept, datagram, (size_t)length);
			kept_length = length;
			line->late++;
			continue;
		}
		if (one_in(line, 300)) {
			datagram[(line->dice >> 40) % (size_t)length] ^=
			    (uint8_t)(1 << (line->dice >> 60 & 7));
			line->damaged++;
		}
		send(line->to, datagram, (size_t)length, 0);
		if (one_in(line, 200)) {
			send(line->to, datagram, (size_t)length, 0);
			line->doubled++;
		}
		if (kept_length != 0 && one_in(line, 5)) {
			send(line->to, kept, (size_t)kept_length, 0);
			kept_length = 0;
		}
	}
	return NULL;
}

static int
udp_at(int side, uint16_t port)
{
	struct sockaddr_storage at;
	socklen_t length = ip_address_to_sockaddr(&pair.side[side].outside, port, &at);
	int size = 4 << 20, fd;

	pair_at(&pair, side);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	assert_int_equal(bind(fd, (struct sockaddr *)&at, length), 0);
	return fd;
}

/* Puts itself between: what the other side sends to this one goes to the line's port first. */
static void
line_open(struct line *line, const struct pair_sa *sa, int side)
{
	struct dataplane_sa moved = {.source = pair.side[!side].outside,
				     .destination = pair.side[side].outside,
				     .source_port = NATT_PORT,
				     .destination_port = FORWARDER,
				     .encapsulated = true};
	struct sockaddr_storage plane;
	socklen_t length = ip_address_to_sockaddr(&pair.side[side].outside, NATT_PORT, &plane);

	*line = (struct line){.fd = udp_at(side, FORWARDER), .to = udp_at(side, 0), .dice = 7};
	assert_int_equal(connect(line->to, (struct sockaddr *)&plane, length), 0);
	assert_true(
	    userspace_ops.sa_update(pair.side[!side].plane, pair_spi(sa, !side), &moved.destination, &moved));
	pthread_create(&line->thread, NULL, carry, line);
}

static void
line_close(struct line *line)
{
	atomic_store(&line->stop, true);
	pthread_join(line->thread, NULL);
	close(line->fd);
	close(line->to);
}

static void
nothing_wrong_is_delivered_over_a_bad_line(void **state)
{
	struct pair_sa sa = plain();
	struct dataplane_counters c;
	struct transfer t;
	struct line line;

	if (!open_pair(0))
		skip();
	pair_tunnel(&pair, &sa);
	line_open(&line, &sa, 1);
	for (int from = 0; from < 2; from++) {
		transfer_start(&t, from, megabytes(20));
		transfer_end(&t);
	}
	line_close(&line);
	c = counters(1);
	print_message(
	    "# %u datagrams: %u lost, %u doubled, %u late, %u damaged; dropped: %lu replayed, %lu not "
	    "authentic\n",
	    line.carried, line.lost, line.doubled, line.late, line.damaged, c.drops.replay,
	    c.drops.authentication);
	assert_true(line.lost > 5 && line.doubled > 5 && line.late > 5 && line.damaged > 5);
	assert_true(c.drops.replay >= line.doubled / 2);
	assert_true(c.drops.authentication != 0);
	/* a damaged SPI is nobody's, a damaged number a replay or not authentic */
	assert_true(c.drops.authentication + c.drops.replay + atomic_load(&pair.side[1].plane->unknown_spi) >=
		    line.damaged + line.doubled / 2);
	pair_close(&pair);
}

static void
devices_are_told_how_long_a_super_packet_may_be(void **state)
{
	struct pair_sa sa = plain();

	if (!open_pair(0))
		skip();
	pair_tunnel(&pair, &sa);
	for (int side = 0; side < 2; side++)
		pair_command(&pair, side, "ip -d link show dev pl1 | grep -q 'gso_max_size %d '",
			     TUN_SUPER_MOST);
	pair_close(&pair);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(transfers_arrive_with_all_fast_paths),
	    cmocka_unit_test(transfers_arrive_without_uso_and_gro),
	    cmocka_unit_test(transfers_arrive_without_gso),
	    cmocka_unit_test(transfers_arrive_without_any_fast_path),
	    cmocka_unit_test(transfers_arrive_as_protocol_50),
	    cmocka_unit_test(transfers_arrive_over_ipv6_with_cbc_and_extended_numbers),
	    cmocka_unit_test(rekeys_at_full_speed_lose_nothing),
	    cmocka_unit_test(nothing_wrong_is_delivered_over_a_bad_line),
	    cmocka_unit_test(devices_are_told_how_long_a_super_packet_may_be),
	};

	alarm(500); /* a failed assertion may leave threads behind: end at last */
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
