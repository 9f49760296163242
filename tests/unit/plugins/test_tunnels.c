// SPDX-License-Identifier: GPL-2.0-or-later
/* The whole plane with real devices and sockets: two gateways in two namespaces, two tunnels with 0/0 at
 * once. */
#include "core/base/text.h"
#include "tests/unit/plugins/pair.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <unistd.h>

#define AES_GCM 20
#define CHACHA20 28

static struct pair pair;
static char skip_reason[600];

static struct pair_sa
plain(uint32_t tunnel)
{
	return (struct pair_sa){
	    .tunnel = tunnel, .encapsulated = true, .encryption = AES_GCM, .key_length = 36};
}

static int
open_pair(void **state)
{
	if (pair_open(&pair, skip_reason, sizeof(skip_reason)))
		return 0;
	print_message("# skipped: %s\n", skip_reason);
	return 0;
}

static int
close_pair(void **state)
{
	pair_close(&pair);
	return 0;
}

#define NEEDS_PAIR() \
	do { \
		if (skip_reason[0] != '\0') \
			skip(); \
	} while (0)

static struct dataplane_counters
counters(int side, uint32_t tunnel)
{
	struct dataplane_counters c;

	assert_true(userspace_ops.tunnel_counters(pair.side[side].plane, tunnel, &c));
	return c;
}

/* After each test. */
static int
remove_tunnels(void **state)
{
	if (skip_reason[0] != '\0')
		return 0;
	for (int side = 0; side < 2; side++) {
		if (pair.side[side].plane == NULL)
			continue;
		pair_at(&pair, side);
		for (uint32_t tunnel = 1; tunnel <= PAIR_TUNNELS; tunnel++)
			userspace_ops.tunnel_remove(pair.side[side].plane, tunnel);
	}
	return 0;
}

/* Pings both tunnels; each must carry its own packets and nothing may be dropped. */
static void
check_two_tunnels(struct pair_sa first, struct pair_sa second)
{
	first.tunnel = 1;
	second.tunnel = 2;
	pair_tunnel(&pair, &first);
	pair_tunnel(&pair, &second);
	for (uint16_t i = 1; i <= 5; i++) {
		assert_true(pair_ping(&pair, 1, i));
		assert_true(pair_ping(&pair, 2, i));
	}
	for (int side = 0; side < 2; side++) {
		for (uint32_t tunnel = 1; tunnel <= 2; tunnel++) {
			struct dataplane_counters c;

			/* counted just after the packet is on its way */
			assert_true(PAIR_WAIT(counters(side, tunnel).tx_packets == 5 &&
					      counters(side, tunnel).rx_packets == 5));
			c = counters(side, tunnel);
			assert_int_equal(c.rx_bytes, 5 * 84);
			assert_int_equal(c.tx_bytes, 5 * 84);
			assert_true(c.last_rx != 0 && c.last_tx != 0);
			assert_int_equal(c.drops.authentication + c.drops.replay + c.drops.malformed +
					     c.drops.selector + c.drops.too_big + c.drops.queue +
					     c.drops.no_sa,
					 0);
		}
	}
}

static void
two_tunnels_with_open_selectors_carry_at_once_encapsulated_in_udp(void **state)
{
	NEEDS_PAIR();
	check_two_tunnels(plain(1), plain(2));
}

static void
two_tunnels_carry_at_once_as_protocol_50(void **state)
{
	struct pair_sa raw = plain(1), raw128 = plain(2);

	NEEDS_PAIR();
	raw.encapsulated = raw128.encapsulated = false;
	raw128.key_length = 20;
	check_two_tunnels(raw, raw128);
}

static void
extended_sequence_numbers_and_chacha20_carry(void **state)
{
	struct pair_sa extended = plain(1), chacha = plain(2);

	NEEDS_PAIR();
	extended.extended = true;
	extended.key_length = 28;
	chacha.encryption = CHACHA20;
	check_two_tunnels(extended, chacha);
}

static void
tunnels_carry_over_ipv6_outside(void **state)
{
	struct pair_sa udp = plain(1), raw = plain(2);

	NEEDS_PAIR();
	udp.ipv6 = raw.ipv6 = true;
	raw.encapsulated = false;
	check_two_tunnels(udp, raw);
}

/* --- rekeying under traffic -------------------------------------------------------------------- */

#define RATE 1000
#define REKEYS 12

struct stream {
	int from, to;
	atomic_bool stop;
	atomic_uint sent, received, wrong;
	pthread_t sender, receiver;
};

/* A thousand numbered packets a second. */
static void *
send_stream(void *argument)
{
	struct stream *stream = argument;
	struct ip_address inside = pair_inside(1, 1);
	struct sockaddr_storage to;
	socklen_t length = ip_address_to_sockaddr(&inside, 5001, &to);
	usec_t next = clock_monotonic();

	while (!atomic_load(&stream->stop)) {
		uint32_t number = atomic_load(&stream->sent);
		uint8_t packet[200];

		memset(packet, (int)number, sizeof(packet));
		memcpy(packet, &number, sizeof(number));
		if (sendto(stream->from, packet, sizeof(packet), 0, (struct sockaddr *)&to, length) ==
		    sizeof(packet))
			atomic_fetch_add(&stream->sent, 1);
		next += USEC_PER_SEC / RATE;
		if (next > clock_monotonic())
			usleep((useconds_t)(next - clock_monotonic()));
	}
	return NULL;
}

static void *
receive_stream(void *argument)
{
	struct stream *stream = argument;
	uint8_t packet[2048], want[200];
	uint32_t number;

	for (;;) {
		struct pollfd wait = {.fd = stream->to, .events = POLLIN};

		if (poll(&wait, 1, 100) <= 0) {
			if (atomic_load(&stream->stop))
				return NULL;
			continue;
		}
		if (recv(stream->to, packet, sizeof(packet), 0) != sizeof(want)) {
			atomic_fetch_add(&stream->wrong, 1);
			continue;
		}
		memcpy(&number, packet, sizeof(number));
		memset(want, (int)number, sizeof(want));
		memcpy(want, &number, sizeof(number));
		if (memcmp(packet, want, sizeof(want)) != 0)
			atomic_fetch_add(&stream->wrong, 1);
		atomic_fetch_add(&stream->received, 1);
	}
}

static uint64_t
inbound_packets(int side, const struct pair_sa *sa)
{
	struct ip_address destination = pair.side[side].outside;
	uint64_t packets = 0;

	userspace_ops.sa_query(pair.side[side].plane, pair_spi(sa, !side), &destination, NULL, &packets,
			       NULL);
	return packets;
}

/* As IKE does it: both inbound SAs, then the initiator's outbound, the responder's, and the old ones go at
 * last. */
static void
rekey(const struct pair_sa *old, const struct pair_sa *new)
{
	struct error err;

	assert_true(pair_sa_add(&pair, 1, 0, new, &err));
	assert_true(pair_sa_add(&pair, 0, 1, new, &err));
	assert_true(pair_sa_add(&pair, 0, 0, new, &err));
	assert_true(PAIR_WAIT(inbound_packets(1, new) > 20));
	assert_true(pair_sa_add(&pair, 1, 1, new, &err));
	for (int side = 0; side < 2; side++)
		for (int from = 0; from < 2; from++)
			pair_sa_remove(&pair, side, from, old);
}

static void
rekeys_under_a_thousand_packets_a_second_lose_none(void **state)
{
	struct pair_sa old = plain(1), new;
	struct stream stream = {0};
	struct dataplane_counters c;

	NEEDS_PAIR();
	pair_tunnel(&pair, &old);
	stream.from = pair_socket(&pair, 0, 1, 5001);
	stream.to = pair_socket(&pair, 1, 1, 5001);
	pthread_create(&stream.receiver, NULL, receive_stream, &stream);
	pthread_create(&stream.sender, NULL, send_stream, &stream);
	for (unsigned i = 1; i <= REKEYS; i++, old = new) {
		new = old;
		new.generation = i;
		new.encapsulated = i % 3 != 0;
		rekey(&old, &new);
		assert_true(pair_ping(&pair, 1, (uint16_t)i)); /* the way back works as well */
	}
	assert_true(PAIR_WAIT(atomic_load(&stream.sent) >= RATE));
	atomic_store(&stream.stop, true);
	pthread_join(stream.sender, NULL);
	assert_true(PAIR_WAIT(atomic_load(&stream.received) == atomic_load(&stream.sent)));
	pthread_join(stream.receiver, NULL);
	assert_int_equal(atomic_load(&stream.wrong), 0);
	c = counters(1, 1);
	assert_int_equal(c.drops.no_sa + c.drops.replay + c.drops.authentication, 0);
	assert_int_equal(atomic_load(&pair.side[1].plane->unknown_spi), 0);
	print_message("# %u packets over %d rekeys, none lost\n", atomic_load(&stream.sent), REKEYS);
	close(stream.from);
	close(stream.to);
}

/* --- content ----------------------------------------------------------------------------------- */

static void
datagrams_of_random_sizes_up_to_64_kilobytes_arrive_intact(void **state)
{
	static uint8_t sent[65507], got[65536];
	struct pair_sa raw = plain(2), udp = plain(1);
	uint32_t random = 12345;

	NEEDS_PAIR();
	raw.encapsulated = false;
	pair_tunnel(&pair, &udp);
	pair_tunnel(&pair, &raw);
	for (uint32_t tunnel = 1; tunnel <= 2; tunnel++) {
		struct ip_address inside = pair_inside(tunnel, 1);
		struct sockaddr_storage to;
		socklen_t length = ip_address_to_sockaddr(&inside, 5002, &to);
		int from = pair_socket(&pair, 0, tunnel, 5002), at = pair_socket(&pair, 1, tunnel, 5002);

		for (int i = 0; i < 200; i++) {
			size_t size =
			    i == 0 ? sizeof(sent) : (random >> 8) % (i % 2 != 0 ? 1600 : sizeof(sent));
			struct pollfd wait = {.fd = at, .events = POLLIN};

			for (size_t k = 0; k < size; k++)
				sent[k] = (uint8_t)((random = random * 1664525 + 1013904223) >> 24);
			assert_int_equal(sendto(from, sent, size, 0, (struct sockaddr *)&to, length), size);
			assert_int_equal(poll(&wait, 1, 5000), 1);
			assert_int_equal(recv(at, got, sizeof(got), 0), size);
			assert_memory_equal(got, sent, size);
		}
		close(from);
		close(at);
	}
}

static void
large_mtus_of_the_operator_are_carried_by_outer_fragments(void **state)
{
	struct dataplane_inside fixed = {.mtu = 9000, .fragments = true};

	NEEDS_PAIR();
	for (unsigned way = 0; way < 4; way++) {
		static uint8_t sent[8900], got[9000];
		struct ip_address inside = pair_inside(1, 1);
		struct pair_sa sa = plain(1);
		struct sockaddr_storage to;
		socklen_t length = ip_address_to_sockaddr(&inside, 5003, &to);
		struct pollfd wait = {.events = POLLIN};
		int from;

		sa.encapsulated = way % 2 != 0;
		sa.ipv6 = way / 2 != 0;
		pair_tunnel(&pair, &sa);
		for (int side = 0; side < 2; side++) {
			pair_command(&pair, side, "ip link set pl1 mtu 9000");
			userspace_ops.tunnel_inside(pair.side[side].plane, 1, &fixed);
		}
		from = pair_socket(&pair, 0, 1, 5003);
		wait.fd = pair_socket(&pair, 1, 1, 5003);
		assert_int_equal(sendto(from, sent, sizeof(sent), 0, (struct sockaddr *)&to, length),
				 sizeof(sent));
		assert_int_equal(poll(&wait, 1, 5000), 1);
		assert_int_equal(recv(wait.fd, got, sizeof(got), 0), sizeof(sent));
		assert_true(PAIR_WAIT(counters(1, 1).rx_packets == 1));
		close(from);
		close(wait.fd);
		remove_tunnels(NULL);
	}
}

/* --- IKE --------------------------------------------------------------------------------------- */

static unsigned
heard_messages(int side)
{
	struct heard *heard = &pair.side[side].heard;
	unsigned count;

	pthread_mutex_lock(&heard->mutex);
	count = heard->ike_messages;
	pthread_mutex_unlock(&heard->mutex);
	return count;
}

static void
check_ike_message(uint16_t port, bool ipv6)
{
	struct ip_address ends[2];
	static const uint8_t message[] = "an IKE message, or what looks like one";
	struct heard *heard = &pair.side[1].heard;
	unsigned before = heard_messages(1);

	for (int i = 0; i < 2; i++)
		ip_address_parse(ipv6 ? i ? "fd00:2::2" : "fd00:2::1"
				 : i  ? "192.0.2.2"
				      : "192.0.2.1",
				 &ends[i]);
	/* what is no IKE must not arrive as such */
	assert_true(userspace_ops.keepalive_send(pair.side[0].plane, &ends[0], &ends[1], NATT_PORT));
	assert_true(userspace_ops.ike_send(pair.side[0].plane, &ends[0], port, &ends[1], port, message,
					   sizeof(message)));
	assert_true(PAIR_WAIT(heard_messages(1) == before + 1));
	assert_int_equal(heard->length, sizeof(message));
	assert_memory_equal(heard->message, message, sizeof(message));
	assert_true(ip_address_equal(&heard->from, &ends[0]));
	assert_true(ip_address_equal(&heard->to, &ends[1]));
	assert_int_equal(heard->from_port, port);
	assert_int_equal(heard->to_port, port);
}

static void
ike_messages_go_both_ports_and_come_without_the_marker(void **state)
{
	NEEDS_PAIR();
	check_ike_message(IKE_PORT, false);
	check_ike_message(NATT_PORT, false);
	check_ike_message(IKE_PORT, true);
	check_ike_message(NATT_PORT, true);
}

static void
replies_leave_from_the_address_that_was_asked(void **state)
{
	static const uint8_t message[] = "hello";
	struct ip_address second, peer = pair.side[0].outside;

	NEEDS_PAIR();
	pair_command(&pair, 1, "ip addr add 192.0.2.77/24 dev veth1");
	assert_true(ip_address_parse("192.0.2.77", &second));
	assert_true(
	    userspace_ops.ike_send(pair.side[1].plane, &second, IKE_PORT, &peer, IKE_PORT, message, 5));
	assert_true(PAIR_WAIT(heard_messages(0) != 0));
	assert_true(ip_address_equal(&pair.side[0].heard.from, &second));
	/* an address that is not ours can't be left from */
	assert_true(ip_address_parse("192.0.2.78", &second));
	assert_false(
	    userspace_ops.ike_send(pair.side[1].plane, &second, IKE_PORT, &peer, IKE_PORT, message, 5));
}

/* --- life and death ---------------------------------------------------------------------------- */

static void
a_busy_port_is_named_in_the_error(void **state)
{
	struct dataplane_host host = {0};
	struct dataplane_options options = {.interface_prefix = "zz"};
	struct error err;

	NEEDS_PAIR();
	pair_at(&pair, 0);
	assert_null(userspace_ops.open(&options, &host, &err));
	assert_non_null(strstr(err.text, "UDP port 500 is in use"));
	assert_non_null(strstr(err.text, "another IKE daemon"));
}

static void
a_taken_interface_name_is_an_error_and_not_taken_over(void **state)
{
	char name[16];
	struct error err;

	NEEDS_PAIR();
	pair_command(&pair, 0, "ip tuntap add pl1 mode tun");
	assert_false(userspace_ops.tunnel_add(pair.side[0].plane,
					      &(struct dataplane_tunnel){.id = 1, .mtu = 1400}, name, &err));
	assert_non_null(strstr(err.text, "pl1"));
	pair_command(&pair, 0, "ip link del pl1");
	assert_false(userspace_ops.tunnel_add(pair.side[0].plane,
					      &(struct dataplane_tunnel){.id = 2, .mtu = 10}, name, &err));
	assert_non_null(strstr(err.text, "MTU 10"));
	assert_int_equal(if_nametoindex("pl2"), 0);
}

static void
an_interface_comes_up_without_addresses_and_goes_with_its_tunnel(void **state)
{
	struct error err;
	char name[16];

	NEEDS_PAIR();
	pair_at(&pair, 0);
	assert_true(userspace_ops.tunnel_add(pair.side[0].plane,
					     &(struct dataplane_tunnel){.id = 1, .mtu = 1387}, name, &err));
	assert_string_equal(name, "pl1");
	pair_command(&pair, 0,
		     "ip link show pl1 | grep -q 'UP.*mtu 1387' && test -z \"$(ip -o addr show pl1)\"");
	userspace_ops.tunnel_remove(pair.side[0].plane, 1);
	assert_int_equal(if_nametoindex("pl1"), 0);
}

/* Batches that the encrypt workers of a side have handled. */
static uint64_t
batches(int side)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < pair.side[side].plane->encrypt_count; i++)
		sum += atomic_load(&pair.side[side].plane->encrypt[i].section);
	return sum;
}

/* The workers rest: no batch for a tenth of a second. */
static bool
at_rest(int side)
{
	uint64_t before = batches(side);

	usleep(100000);
	return batches(side) == before;
}

static void
an_interface_that_others_take_down_or_remove_makes_no_worker_spin(void **state)
{
	struct pair_sa sa = plain(1);

	NEEDS_PAIR();
	pair_tunnel(&pair, &sa);
	pair_command(&pair, 0, "ip link set pl1 down");
	assert_true(PAIR_WAIT(at_rest(0)));
	pair_command(&pair, 0, "ip link set pl1 up");
	assert_true(pair_ping(&pair, 1, 1));
	pair_command(&pair, 0, "ip link del pl1");
	assert_true(PAIR_WAIT(at_rest(0)));
}

/* Everything that a worker can find is taken away and put back while it works. */
static void
sas_and_tunnels_may_change_under_full_traffic(void **state)
{
	struct pair_sa sa = plain(1);
	struct ip_address inside = pair_inside(1, 1);
	struct sockaddr_storage to;
	socklen_t length = ip_address_to_sockaddr(&inside, 5004, &to);
	usec_t until = clock_monotonic() + USEC_PER_SEC;
	unsigned rounds = 0;
	int from;

	NEEDS_PAIR();
	pair_tunnel(&pair, &sa);
	from = pair_socket(&pair, 0, 1, 5004);
	for (; clock_monotonic() < until; rounds++) {
		struct pair_sa next = sa;
		struct error err;
		uint8_t packet[1000] = {0};

		for (int i = 0; i < 50; i++)
			sendto(from, packet, sizeof(packet), MSG_DONTWAIT, (struct sockaddr *)&to, length);
		next.generation = rounds % 1000 + 1;
		for (int side = 0; side < 2; side++) {
			for (int sender = 0; sender < 2; sender++) {
				assert_true(pair_sa_add(&pair, side, sender, &next, &err));
				pair_sa_remove(&pair, side, sender, &sa);
			}
		}
		if (rounds % 50 == 49) {
			char name[16];

			pair_at(&pair, 1);
			userspace_ops.tunnel_remove(pair.side[1].plane, 1);
			assert_true(userspace_ops.tunnel_add(pair.side[1].plane,
							     &(struct dataplane_tunnel){.id = 1, .mtu = 1400},
							     name, &err));
			for (int sender = 0; sender < 2; sender++)
				assert_true(pair_sa_add(&pair, 1, sender, &next, &err));
		}
		sa = next;
	}
	assert_true(rounds > 10);
	pair_command(&pair, 1, "ip addr replace 10.99.1.2/30 dev pl1");
	assert_true(PAIR_WAIT(pair_ping(&pair, 1, 1))); /* the device may still be full, and drop one */
	close(from);
}

#define MANY 200

static void
closing_removes_many_interfaces_at_once(void **state)
{
	struct dataplane_host host = {0};
	struct dataplane_options options = {.interface_prefix = "pl"};
	struct dataplane *plane;
	char name[16];
	struct error err;
	usec_t began;

	NEEDS_PAIR();
	pair_at(&pair, 0);
	userspace_ops.close(pair.side[0].plane);
	plane = userspace_ops.open(&options, &host, &err);
	assert_non_null(plane);
	pair.side[0].plane = NULL;
	for (uint32_t id = 1; id <= MANY; id++)
		assert_true(userspace_ops.tunnel_add(plane, &(struct dataplane_tunnel){.id = id, .mtu = 1400},
						     name, &err));
	assert_int_not_equal(if_nametoindex("pl200"), 0);
	began = clock_monotonic();
	userspace_ops.close(plane);
	print_message("# %d interfaces removed in %lld ms\n", MANY,
		      (long long)(clock_monotonic() - began) / 1000);
	for (unsigned id = 1; id <= MANY; id++) {
		snprintf(name, sizeof(name), "pl%u", id);
		assert_int_equal(if_nametoindex(name), 0);
	}
	assert_int_not_equal(if_nametoindex("veth0"), 0);
}

static void
a_removed_interface_made_anew_carries_by_the_same_sas(void **state)
{
	struct pair_sa first = plain(1), second = plain(2);
	struct error err;

	NEEDS_PAIR();
	pair_tunnel(&pair, &first);
	pair_tunnel(&pair, &second);
	assert_true(pair_ping(&pair, 1, 1));
	pair_at(&pair, 0);
	assert_false(userspace_ops.tunnel_renew(pair.side[0].plane, 1, 1400, &err)); /* it is there */
	assert_non_null(strstr(err.text, "does one of that name exist already"));
	assert_false(userspace_ops.tunnel_renew(pair.side[0].plane, 3, 1400, &err));
	for (uint16_t i = 2; i < 12; i++) {
		pair_command(&pair, 0, "ip link del pl1");
		pair_at(&pair, 0);
		assert_true(userspace_ops.tunnel_renew(pair.side[0].plane, 1, 1400, &err));
		pair_command(&pair, 0, "ip addr add 10.99.1.1/30 dev pl1");
		assert_true(pair_ping(&pair, 1, i));
		assert_true(pair_ping(&pair, 2, i));
	}
	assert_true(PAIR_WAIT(counters(0, 1).rx_packets == 11)); /* counted on from before */
}

/* --- what the devices drop (proc(5), /proc/net/dev) ---------------------------------------------- */

static void
a_devices_drops_are_the_twelfth_number_of_its_line(void **state)
{
	static const struct {
		const char *line, *name;
		uint64_t dropped;
	} cases[] = {
	    {"   ts1: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n", "ts1", 12},
	    {"eth0.7:1 2 3 4 5 6 7 8 9 10 11 18446744073709551615 0 0 0 0", "eth0.7", UINT64_MAX},
	    {"Inter-|   Receive                    |  Transmit\n", NULL, 0},
	    {" face |bytes packets errs: drop\n", NULL, 0},
	    {"ts1: 1 2 3 4 5 6 7 8 9 10 11\n", NULL, 0},
	    {"ts1:\n", NULL, 0},
	    {":", NULL, 0},
	    {"", NULL, 0},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char line[128];
		const char *name = NULL;
		uint64_t dropped = 0;

		snprintf(line, sizeof(line), "%s", cases[i].line);
		assert_int_equal(device_drops_read(line, &name, &dropped), cases[i].name != NULL);
		if (cases[i].name != NULL) {
			assert_string_equal(name, cases[i].name);
			assert_int_equal(dropped, cases[i].dropped);
		}
	}
}

static void
the_drops_of_a_device_made_anew_are_added(void **state)
{
	struct device_drops drops = {0};

	device_drops_count(&drops, 5);
	device_drops_count(&drops, 7);
	device_drops_count(&drops, 7);
	assert_int_equal(drops.sum, 7);
	device_drops_count(&drops, 3);
	assert_int_equal(drops.sum, 10);
}

/* How often this thread has read from a file; the question costs the same each time. */
static unsigned long
reads(void)
{
	char text[512] = "", *at;
	int fd = open("/proc/thread-self/io", O_RDONLY | O_CLOEXEC);

	if (fd >= 0) {
		assert_true(read(fd, text, sizeof(text) - 1) > 0);
		close(fd);
	}
	at = strstr(text, "syscr: ");
	return at != NULL ? strtoul(at + strlen("syscr: "), NULL, 10) : 0;
}

static void
who_asks_for_counters_reads_no_file(void **state)
{
	struct pair_sa sa = plain(1);
	unsigned long cost = reads(), before;
	usec_t until;

	NEEDS_PAIR();
	if (cost == 0) {
		print_message("this kernel does not count what is read (/proc/thread-self/io)\n");
		skip();
	}
	cost = reads() - cost;
	pair_tunnel(&pair, &sa);
	until = clock_monotonic() + 5 * USEC_PER_SEC / 4; /* the devices are read once a second */
	while (clock_monotonic() < until) {
		before = reads();
		counters(0, 1);
		assert_int_equal(reads() - before, cost);
		usleep(20000);
	}
}

#define WITH_PAIR(test) cmocka_unit_test_teardown(test, remove_tunnels)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_PAIR(two_tunnels_with_open_selectors_carry_at_once_encapsulated_in_udp),
	    WITH_PAIR(two_tunnels_carry_at_once_as_protocol_50),
	    WITH_PAIR(extended_sequence_numbers_and_chacha20_carry),
	    WITH_PAIR(tunnels_carry_over_ipv6_outside),
	    WITH_PAIR(rekeys_under_a_thousand_packets_a_second_lose_none),
	    WITH_PAIR(datagrams_of_random_sizes_up_to_64_kilobytes_arrive_intact),
	    WITH_PAIR(large_mtus_of_the_operator_are_carried_by_outer_fragments),
	    WITH_PAIR(ike_messages_go_both_ports_and_come_without_the_marker),
	    WITH_PAIR(replies_leave_from_the_address_that_was_asked),
	    WITH_PAIR(a_busy_port_is_named_in_the_error),
	    WITH_PAIR(a_taken_interface_name_is_an_error_and_not_taken_over),
	    WITH_PAIR(an_interface_comes_up_without_addresses_and_goes_with_its_tunnel),
	    WITH_PAIR(an_interface_that_others_take_down_or_remove_makes_no_worker_spin),
	    WITH_PAIR(a_removed_interface_made_anew_carries_by_the_same_sas),
	    WITH_PAIR(sas_and_tunnels_may_change_under_full_traffic),
	    cmocka_unit_test(a_devices_drops_are_the_twelfth_number_of_its_line),
	    cmocka_unit_test(the_drops_of_a_device_made_anew_are_added),
	    WITH_PAIR(who_asks_for_counters_reads_no_file),
	    WITH_PAIR(closing_removes_many_interfaces_at_once)};

	alarm(120); /* a failed assertion may leave threads behind: end at last */
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, open_pair, close_pair);
}
