// SPDX-License-Identifier: GPL-2.0-or-later
/* What the network outside does to the plane's packets, with real sockets and devices: routers that mark
 * congestion, and routers that say what they take. */
#include "core/base/buffer.h"
#include "core/base/text.h"
#include "tests/unit/plugins/pair.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

enum { NOT_ECT = 0, ECT_0 = 2, CE = 3, MTU = 1400 };

static struct pair pair;
static char skip_reason[600];

static int
open_pair(void **state)
{
	if (!pair_open(&pair, skip_reason, sizeof(skip_reason)))
		print_message("# skipped: %s\n", skip_reason);
	return 0;
}

static int
close_pair(void **state)
{
	pair_close(&pair);
	return 0;
}

static int
remove_tunnels(void **state)
{
	for (int side = 0; side < 2 && skip_reason[0] == '\0'; side++) {
		pair_at(&pair, side);
		for (uint32_t tunnel = 1; tunnel <= PAIR_TUNNELS; tunnel++)
			userspace_ops.tunnel_remove(pair.side[side].plane, tunnel);
	}
	return 0;
}

static void
open_tunnel(struct pair_sa *sa, bool encapsulated, bool ipv6)
{
	if (skip_reason[0] != '\0')
		skip();
	*sa = (struct pair_sa){
	    .tunnel = 1, .encapsulated = encapsulated, .ipv6 = ipv6, .encryption = 20, .key_length = 36};
	pair_tunnel(&pair, sa);
}

static struct dataplane_counters
counters(int side)
{
	struct dataplane_counters c;

	assert_true(userspace_ops.tunnel_counters(pair.side[side].plane, 1, &c));
	return c;
}

/* --- congestion -------------------------------------------------------------------------------- */

/* Sends a datagram with this TOS through the tunnel; the TOS that it comes with, -1 where it does not. */
static int
carry(int from, int at, int tos)
{
	struct ip_address inside = pair_inside(1, 1);
	struct sockaddr_storage to;
	socklen_t length = ip_address_to_sockaddr(&inside, 5004, &to);
	_Alignas(size_t) uint8_t control[64];
	uint8_t bytes[64] = {1};
	struct iovec part = {bytes, sizeof(bytes)};
	struct msghdr message = {
	    .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
	uint64_t lost = counters(1).drops.queue;

	assert_int_equal(setsockopt(from, IPPROTO_IP, IP_TOS, &tos, sizeof(tos)), 0);
	assert_int_equal(sendto(from, bytes, sizeof(bytes), 0, (struct sockaddr *)&to, length),
			 sizeof(bytes));
	assert_true(PAIR_WAIT(poll(&(struct pollfd){.fd = at, .events = POLLIN}, 1, 0) == 1 ||
			      counters(1).drops.queue == lost + 1));
	return recvmsg(at, &message, MSG_DONTWAIT) > 0 ? socket_tos(&message) : -1;
}

static void
a_mark_of_congestion_outside_reaches_who_understands_it(void **state)
{
	enum { AF = 0x88 }; /* a DSCP, which outside is what it is inside and stays so */

	if (system("command -v nft >/dev/null") != 0)
		skip();
	for (int ipv6 = 0; ipv6 < 2; ipv6++) {
		for (int udp = 0; udp < 2; udp++) {
			struct pair_sa sa;
			int from, at, on = 1;

			open_tunnel(&sa, udp, ipv6);
			from = pair_socket(&pair, 0, 1, 5004);
			at = pair_socket(&pair, 1, 1, 5004);
			setsockopt(at, IPPROTO_IP, IP_RECVTOS, &on, sizeof(on));
			assert_int_equal(carry(from, at, AF | ECT_0), AF | ECT_0);
			/* a router in between, and it sees the DSCP */
			pair_command(
			    &pair, 1,
			    "nft add table inet router && nft add chain inet router in '{ type filter hook "
			    "prerouting priority -300; }' && nft add rule inet router in meta iif veth1 %s "
			    "dscp af41 %s ecn set ce",
			    ipv6 ? "ip6" : "ip", ipv6 ? "ip6" : "ip");
			assert_int_equal(carry(from, at, AF | ECT_0), AF | CE);
			assert_int_equal(carry(from, at, AF | CE), AF | CE);
			/* who does not understand it learns of it by the loss */
			assert_int_equal(carry(from, at, AF | NOT_ECT), -1);
			assert_int_equal(counters(1).drops.queue, 1);
			pair_command(&pair, 1, "nft delete table inet router");
			close(from);
			close(at);
			remove_tunnels(NULL);
		}
	}
}

/* --- routers that take less --------------------------------------------------------------------- */

/* From side 1's machine to side 0's: "too big", with a packet of side 0's as the tunnel sends it. */
static void
say_too_big(const struct pair_sa *sa, uint32_t spi, uint32_t mtu)
{
	uint8_t message[128] = {0}, *quoted = message + 8;
	size_t header = sa->ipv6 ? 40 : 20, length = 8 + header + (sa->encapsulated ? 8 : 0) + 8;
	struct writer w = writer_over(message, sizeof(message));
	struct ip_address ends[2];
	struct sockaddr_storage to;
	socklen_t size;
	int fd;

	for (int i = 0; i < 2; i++)
		assert_true(ip_address_parse(sa->ipv6 ? i ? "fd00:2::2" : "fd00:2::1"
					     : i      ? "192.0.2.2"
						      : "192.0.2.1",
					     &ends[i]));
	writer_u16(&w, sa->ipv6 ? 0x0200 : 0x0304);
	writer_u16(&w, 0);
	writer_u32(&w, mtu);
	quoted[0] = sa->ipv6 ? 0x60 : 0x45;
	quoted[sa->ipv6 ? 6 : 9] = sa->encapsulated ? 17 : 50;
	memcpy(quoted + (sa->ipv6 ? 8 : 12), ends[0].bytes, sa->ipv6 ? 16 : 4);
	memcpy(quoted + (sa->ipv6 ? 24 : 16), ends[1].bytes, sa->ipv6 ? 16 : 4);
	if (sa->encapsulated)
		memcpy(quoted + header, (uint8_t[]){4500 >> 8, 4500 & 255, 4500 >> 8, 4500 & 255}, 4);
	w = writer_over(message + length - 8, 8);
	writer_u32(&w, spi);
	writer_u32(&w, 1);
	if (!sa->ipv6) /* of ICMPv6 the kernel makes the checksum */
		checksum_store(message + 2, checksum_add(0, message, length));
	pair_at(&pair, 1);
	fd = socket(sa->ipv6 ? AF_INET6 : AF_INET, SOCK_RAW | SOCK_CLOEXEC,
		    sa->ipv6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
	assert_true(fd >= 0);
	size = ip_address_to_sockaddr(&ends[0], 0, &to);
	assert_int_equal(sendto(fd, message, length, 0, (struct sockaddr *)&to, size), length);
	close(fd);
}

static uint32_t
path_says(struct dataplane_path *path)
{
	userspace_ops.tunnel_path(pair.side[0].plane, 1, path);
	return path->outer;
}

static void
a_router_that_quotes_our_spi_is_believed(void **state)
{
	for (int ipv6 = 0; ipv6 < 2; ipv6++) {
		for (int udp = 0; udp < 2; udp++) {
			struct dataplane_path path;
			struct ip_address router;
			struct pair_sa sa;

			open_tunnel(&sa, udp, ipv6);
			assert_true(ip_address_parse(ipv6 ? "fd00:2::2" : "192.0.2.2", &router));
			/* forged, absurd, of the other direction; then, behind them, a true one */
			say_too_big(&sa, pair_spi(&sa, 0) ^ 1 << 20, 1320);
			say_too_big(&sa, pair_spi(&sa, 1), 1320);
			say_too_big(&sa, pair_spi(&sa, 0), ipv6 ? 1279 : 575);
			say_too_big(&sa, pair_spi(&sa, 0), 1380);
			say_too_big(&sa, pair_spi(&sa, 0), 1390); /* more is no news */
			assert_true(PAIR_WAIT(path_says(&path) != 0));
			assert_int_equal(path.outer, 1380);
			assert_int_equal(path.mtu,
					 path_inner_mtu(suite_at(2), ipv6 ? AF_INET6 : AF_INET, udp, 1380));
			assert_true(ip_address_equal(&path.from, &router));
			/* less is */
			say_too_big(&sa, pair_spi(&sa, 0), 1340);
			assert_true(PAIR_WAIT(path_says(&path) != 1380));
			assert_int_equal(path.outer, 1340);
			remove_tunnels(NULL);
		}
	}
}

static ssize_t
arrives(int at, uint8_t *bytes, size_t size)
{
	return poll(&(struct pollfd){.fd = at, .events = POLLIN}, 1, 5000) == 1 ? recv(at, bytes, size, 0)
										: -1;
}

static void
who_sends_too_much_for_the_path_is_told(void **state)
{
	struct dataplane_inside inside = {.mtu = MTU, .address = {pair_inside(1, 0)}};
	struct ip_address far = pair_inside(1, 1);
	int from, at, df = IP_PMTUDISC_DO, mtu;
	static uint8_t bytes[1372];
	struct sockaddr_storage to;
	struct dataplane_path path;
	struct pair_sa sa;
	socklen_t size = sizeof(mtu), length = ip_address_to_sockaddr(&far, 5005, &to);

	open_tunnel(&sa, true, false);
	from = pair_socket(&pair, 0, 1, 5005);
	at = pair_socket(&pair, 1, 1, 5005);
	userspace_ops.tunnel_inside(pair.side[0].plane, 1, &inside);
	assert_int_equal(setsockopt(from, IPPROTO_IP, IP_MTU_DISCOVER, &df, sizeof(df)), 0);
	assert_int_equal(connect(from, (struct sockaddr *)&to, length), 0);
	say_too_big(&sa, pair_spi(&sa, 0), 1300);
	assert_true(PAIR_WAIT(path_says(&path) == 1300));
	/* as long as the device takes, longer than the path does */
	assert_int_equal(send(from, bytes, sizeof(bytes), 0), sizeof(bytes));
	assert_true(PAIR_WAIT(getsockopt(from, IPPROTO_IP, IP_MTU, &mtu, &size) == 0 && mtu < MTU));
	assert_int_equal(mtu, path.mtu);
	assert_int_equal(counters(0).drops.too_big, 1);
	/* what fits arrives, and without DF all of it, in pieces */
	while (send(from, bytes, path.mtu - 28, 0) < 0)
		assert_int_equal(errno, EMSGSIZE); /* the error is told once */
	assert_int_equal(arrives(at, bytes, sizeof(bytes)), path.mtu - 28);
	df = IP_PMTUDISC_INTERFACE; /* the device's MTU, no DF */
	assert_int_equal(setsockopt(from, IPPROTO_IP, IP_MTU_DISCOVER, &df, sizeof(df)), 0);
	assert_int_equal(send(from, bytes, sizeof(bytes), 0), sizeof(bytes));
	assert_int_equal(arrives(at, bytes, sizeof(bytes)), sizeof(bytes));
	assert_int_equal(counters(0).drops.too_big, 1);
	close(from);
	close(at);
}

/* --- whole or in pieces ------------------------------------------------------------------------- */

/* The flags and the fragment offset of the next packet from side 0 that a raw socket of side 1 gets. */
static unsigned
cut_word(int raw)
{
	uint8_t bytes[2048];

	return arrives(raw, bytes, sizeof(bytes)) > 20 ? (unsigned)bytes[6] << 8 | bytes[7] : UINT32_MAX;
}

static void
esp_goes_whole_and_in_pieces_where_the_operator_fixed_the_mtu(void **state)
{
	enum { DF = 0x4000 };

	for (int udp = 0; udp < 2; udp++) {
		struct dataplane_inside inside = {.mtu = MTU};
		struct dataplane_path path;
		static uint8_t bytes[1372];
		struct pair_sa sa;
		int from, at, raw;

		open_tunnel(&sa, udp, false);
		from = pair_socket(&pair, 0, 1, 5006);
		at = pair_socket(&pair, 1, 1, 5006);
		pair_at(&pair, 1);
		for (int pieces = 0; pieces < 2; pieces++) {
			struct ip_address far = pair_inside(1, 1);
			struct sockaddr_storage to;
			socklen_t length = ip_address_to_sockaddr(&far, 5006, &to);
			uint64_t before = counters(0).drops.too_big;

			inside.fragments = pieces;
			userspace_ops.tunnel_inside(pair.side[0].plane, 1, &inside);
			pair_at(&pair, 1);
			raw = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, udp ? IPPROTO_UDP : IPPROTO_ESP);
			assert_true(raw >= 0);
			assert_int_equal(sendto(from, bytes, 100, 0, (struct sockaddr *)&to, length), 100);
			assert_int_equal(arrives(at, bytes, sizeof(bytes)), 100);
			assert_int_equal(cut_word(raw), pieces ? 0 : DF);
			close(raw);
			/* longer than the device outside takes */
			path_says(&path);
			pair_command(&pair, 0, "ip link set veth0 mtu 1300");
			assert_int_equal(sendto(from, bytes, 1372, 0, (struct sockaddr *)&to, length), 1372);
			if (pieces)
				assert_int_equal(arrives(at, bytes, sizeof(bytes)), 1372);
			else
				assert_true(PAIR_WAIT(counters(0).drops.too_big == before + 1));
			path_says(&path);
			assert_true(path.refused == !pieces);
			path_says(&path);
			assert_false(path.refused); /* that is told once */
			pair_command(&pair, 0, "ip link set veth0 mtu 1500");
		}
		close(from);
		close(at);
		remove_tunnels(NULL);
	}
}

static void
long_messages_of_ike_arrive_in_pieces_from_either_port(void **state)
{
	if (skip_reason[0] != '\0')
		skip();
	for (int ipv6 = 0; ipv6 < 2; ipv6++) {
		for (int natt = 0; natt < 2; natt++) {
			static const uint8_t message[4000] = {1};
			struct heard *heard = &pair.side[1].heard;
			struct ip_address ends[2];
			unsigned before = heard->ike_messages;
			uint16_t port = natt ? 4500 : 500;

			for (int i = 0; i < 2; i++)
				assert_true(ip_address_parse(ipv6 ? i ? "fd00:2::2" : "fd00:2::1"
							     : i  ? "192.0.2.2"
								  : "192.0.2.1",
							     &ends[i]));
			pair_at(&pair, 0);
			assert_true(userspace_ops.ike_send(pair.side[0].plane, &ends[0], port, &ends[1], port,
							   message, sizeof(message)));
			assert_true(PAIR_WAIT(heard->ike_messages == before + 1));
			assert_true(ip_address_equal(&heard->from, &ends[0]));
			assert_int_equal(heard->from_port, port);
		}
	}
}

#define WITH_PAIR(test) cmocka_unit_test_teardown(test, remove_tunnels)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_PAIR(a_mark_of_congestion_outside_reaches_who_understands_it),
	    WITH_PAIR(a_router_that_quotes_our_spi_is_believed),
	    WITH_PAIR(who_sends_too_much_for_the_path_is_told),
	    WITH_PAIR(esp_goes_whole_and_in_pieces_where_the_operator_fixed_the_mtu),
	    WITH_PAIR(long_messages_of_ike_arrive_in_pieces_from_either_port),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, open_pair, close_pair);
}
