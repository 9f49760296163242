// SPDX-License-Identifier: GPL-2.0-or-later
/* The kernel's plane tells the gateways' own packets from users': on a veth, in a network namespace. */
#include "plugins/dataplane_kernel/kernel.h"
#include "tests/unit/test.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* The kernel lets packets through a moment after it has set an interface up. */
static bool
runs(const char *interface)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = {0};

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", interface);
	for (int i = 0; i < 1000 && !(request.ifr_flags & IFF_RUNNING); i++) {
		usleep(5000);
		assert_int_equal(ioctl(fd, SIOCGIFFLAGS, &request), 0);
	}
	close(fd);
	return (request.ifr_flags & IFF_RUNNING) != 0;
}

static void
set_up(void)
{
	assert_int_equal(system("ip link set near up && ip link set far up"), 0);
	assert_true(runs("near") && runs("far"));
}

#define NEEDS_NAMESPACE() \
	do { \
		if (unshare(CLONE_NEWNET) != 0 || system("ip link add near type veth peer name far") != 0) \
			skip(); \
		set_up(); \
	} while (0)

static struct ip_address
address(const char *text)
{
	struct ip_address out;

	assert_true(ip_address_parse(text, &out));
	return out;
}

/* An IP packet of headers only. */
static void
send_packets(const char *interface, const char *from, const char *to, int count)
{
	struct ip_address source = address(from), destination = address(to);
	bool v6 = source.family == AF_INET6;
	uint8_t packet[100] = {v6 ? 0x60 : 0x45};
	struct sockaddr_ll at = {.sll_family = AF_PACKET,
				 .sll_protocol = htons(v6 ? ETH_P_IPV6 : ETH_P_IP),
				 .sll_ifindex = (int)if_nametoindex(interface),
				 .sll_halen = ETH_ALEN,
				 .sll_addr = {2, 0, 0, 0, 0, 1}};
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	size_t size = ip_family_bytes(source.family);

	memcpy(packet + (v6 ? 8 : 12), source.bytes, size);
	memcpy(packet + (v6 ? 8 : 12) + size, destination.bytes, size);
	for (int i = 0; i < count; i++)
		assert_int_equal(sendto(fd, packet, sizeof(packet), 0, (struct sockaddr *)&at, sizeof(at)),
				 sizeof(packet));
	close(fd);
}

/* What is sent arrives within a softirq, at once; but nobody promises that. */
static bool
reads(struct own *own, uint64_t rx, uint64_t tx)
{
	for (int i = 0; i < 200 && (own->rx < rx || own->tx < tx); i++) {
		usleep(5000);
		own_read(own, false, 0);
	}
	return own->rx == rx && own->tx == tx;
}

static void
packets_between_the_ends_are_counted_by_direction(void **state)
{
	struct own_idle idle = {0};
	struct own own;

	NEEDS_NAMESPACE();
	own_init(&own);
	own.address[0] = address("169.254.10.2");
	own.address[1] = address("fd00::2");
	own.peer[0] = address("169.254.10.1");
	own.peer[1] = address("fd00::1");
	own.peer[2] = address("10.1.0.10");
	own_watch(&own, &idle, (int)if_nametoindex("near"), 0);
	assert_true(own.in >= 0 && own.out >= 0);
	send_packets("far", "169.254.10.1", "169.254.10.2", 3);
	send_packets("far", "10.1.0.10", "169.254.10.2", 20);
	send_packets("far", "fd00::1", "fd00::2", 300); /* more than there is room for */
	send_packets("far", "10.1.0.10", "192.168.0.1", 7);
	send_packets("far", "169.254.10.1", "169.254.10.3", 7);
	send_packets("far", "fd00::1", "fd00::3", 7);
	send_packets("far", "fd00::3", "fd00::2", 7);
	assert_true(reads(&own, 323, 0));
	send_packets("near", "169.254.10.2", "169.254.10.1", 5);
	send_packets("near", "fd00::2", "fd00::1", 6);
	send_packets("near", "169.254.10.2", "10.1.0.11", 7);
	assert_true(reads(&own, 323, 11));
	own_leave(&own, &idle);
	own_idle_close(&idle);
}

static void
what_silence_hides_is_not_counted_and_another_interface_goes_on(void **state)
{
	struct own_idle idle = {0};
	struct own own;

	NEEDS_NAMESPACE();
	own_init(&own);
	own_watch(&own, &idle, (int)if_nametoindex("near"), 0); /* of no addresses: nothing to look for */
	assert_true(own.in < 0 && own.out < 0);
	own.address[0] = address("169.254.10.2");
	own.peer[0] = address("169.254.10.1");
	own_watch(&own, &idle, (int)if_nametoindex("near"), 0);
	send_packets("far", "169.254.10.1", "169.254.10.2", 3);
	assert_true(reads(&own, 3, 0));
	send_packets("far", "169.254.10.1", "169.254.10.2", 4);
	send_packets("near", "169.254.10.2", "169.254.10.1", 2);
	usleep(50000);
	own_read(&own, true, 0);
	assert_int_equal(own.rx, 3);
	assert_int_equal(own.tx, 2);
	assert_int_equal(system("ip link del near && ip link add near type veth peer name far"), 0);
	set_up();
	own_watch(&own, &idle, (int)if_nametoindex("near"), 0);
	send_packets("far", "169.254.10.1", "169.254.10.2", 5);
	assert_true(reads(&own, 8, 2));
	own_leave(&own, &idle);
	own_idle_close(&idle);
}

static ino_t
inode(int fd)
{
	struct stat status;

	assert_int_equal(fstat(fd, &status), 0);
	return status.st_ino;
}

/* Closing one takes the kernel many milliseconds. */
static void
sockets_are_kept_for_other_addresses_interfaces_and_tunnels(void **state)
{
	struct own_idle idle = {0};
	struct own own, next;
	ino_t in, out;

	NEEDS_NAMESPACE();
	own_init(&own);
	own.address[0] = address("169.254.10.2");
	own.peer[0] = address("169.254.10.1");
	own_watch(&own, &idle, (int)if_nametoindex("near"), 0);
	in = inode(own.in);
	out = inode(own.out);
	own.address[0] = address("169.254.20.2");
	own.peer[0] = address("169.254.20.1");
	own_watch(&own, &idle, (int)if_nametoindex("near"), 0);
	assert_int_equal(inode(own.in), in);
	assert_int_equal(inode(own.out), out);
	send_packets("far", "169.254.10.1", "169.254.10.2", 7);
	send_packets("far", "169.254.20.1", "169.254.20.2", 3);
	send_packets("near", "169.254.20.2", "169.254.20.1", 2);
	assert_true(reads(&own, 3, 2));
	/* what comes and is not asked for any more is none of the next tunnel's */
	send_packets("far", "169.254.20.1", "169.254.20.2", 4);
	assert_int_equal(system("ip link del near && ip link add near type veth peer name far"), 0);
	set_up();
	own_leave(&own, &idle);
	assert_true(own.in < 0 && own.out < 0);
	assert_int_equal(idle.count, 2);
	own_init(&next);
	next.address[0] = address("169.254.30.2");
	next.peer[0] = address("169.254.30.1");
	own_watch(&next, &idle, (int)if_nametoindex("near"), 0);
	assert_int_equal(idle.count, 0);
	assert_true(inode(next.in) == in || inode(next.in) == out);
	assert_true(inode(next.out) == in || inode(next.out) == out);
	own_read(&next, false, 0);
	assert_int_equal(next.rx + next.tx, 0);
	/* each for its direction, whichever it was before */
	send_packets("far", "169.254.30.1", "169.254.30.2", 5);
	send_packets("near", "169.254.30.2", "169.254.30.1", 6);
	send_packets("near", "169.254.30.1", "169.254.30.2", 7);
	assert_true(reads(&next, 5, 6));
	own_leave(&next, &idle);
	own_idle_close(&idle);
}

static void
all_sockets_are_closed_in_the_end(void **state)
{
	enum { COUNT = 150 }; /* more than are closed at once */
	struct own_idle idle = {0};
	static struct own own[COUNT];
	int fds[2 * COUNT];

	NEEDS_NAMESPACE();
	for (unsigned i = 0; i < COUNT; i++) {
		own_init(&own[i]);
		own[i].address[0] = address("169.254.10.2");
		own[i].peer[0] = address("169.254.10.1");
		own_watch(&own[i], &idle, (int)if_nametoindex("near"), 0);
		fds[2 * i] = own[i].in;
		fds[2 * i + 1] = own[i].out;
		assert_true(own[i].in >= 0 && own[i].out >= 0);
	}
	for (unsigned i = 0; i < COUNT; i++)
		own_leave(&own[i], &idle);
	assert_int_equal(idle.count, 2 * COUNT);
	own_idle_close(&idle);
	assert_int_equal(idle.count, 0);
	for (unsigned i = 0; i < 2 * COUNT; i++)
		assert_int_equal(fcntl(fds[i], F_GETFD), -1);
}

/* A tunnel without a way out refuses what it is sent, as one without SAs does. */
static void
what_the_interface_refuses_was_not_sent(void **state)
{
	struct dataplane plane = {0};
	struct own_idle idle = {0};
	struct tunnel tunnel = {0};
	struct error err;

	NEEDS_NAMESPACE();
	if (system("ip link add refuses type vxlan id 5 local 192.0.2.1 remote 192.0.2.2 dstport 4789") != 0)
		skip();
	assert_int_equal(system("ip link set refuses addrgenmode none && ip link set refuses up"), 0);
	assert_true(netlink_open(&plane.route, NETLINK_ROUTE, &err));
	tunnel.ifindex = (int)if_nametoindex("refuses");
	own_init(&tunnel.own);
	tunnel.own.address[0] = address("169.254.10.2");
	tunnel.own.peer[0] = address("169.254.10.1");
	own_watch(&tunnel.own, &idle, tunnel.ifindex, 0);
	send_packets("refuses", "169.254.10.2", "169.254.10.1", 50);
	send_packets("refuses", "10.2.0.1", "10.1.0.1", 20);
	for (int i = 0; i < 200 && tunnel_refused(&tunnel) < 70; i++) {
		usleep(5000);
		tunnel_read(&plane, &tunnel);
	}
	assert_int_equal(tunnel_refused(&tunnel), 70);
	assert_int_equal(tunnel.own.tx, 0);
	assert_int_equal(tunnel.tx_user, 0);
	/* With a way out it counts on from there. */
	assert_int_equal(system("ip address add 192.0.2.1/24 dev near && "
				"ip neighbour add 192.0.2.2 lladdr 02:00:00:00:00:02 dev near"),
			 0);
	send_packets("refuses", "169.254.10.2", "169.254.10.1", 3);
	send_packets("refuses", "10.2.0.1", "10.1.0.1", 7);
	for (int i = 0; i < 200 && tunnel.now.tx_packets < 10; i++) {
		usleep(5000);
		tunnel_read(&plane, &tunnel);
	}
	assert_int_equal(tunnel.now.tx_packets, 10);
	assert_int_equal(tunnel.own.tx, 3);
	assert_int_equal(tunnel.tx_user, 7);
	own_leave(&tunnel.own, &idle);
	own_idle_close(&idle);
	netlink_close(&plane.route);
}

TEST_MAIN(cmocka_unit_test(packets_between_the_ends_are_counted_by_direction),
	  cmocka_unit_test(what_silence_hides_is_not_counted_and_another_interface_goes_on),
	  cmocka_unit_test(sockets_are_kept_for_other_addresses_interfaces_and_tunnels),
	  cmocka_unit_test(all_sockets_are_closed_in_the_end),
	  cmocka_unit_test(what_the_interface_refuses_was_not_sent))
