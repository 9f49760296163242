// SPDX-License-Identifier: GPL-2.0-or-later
/* See pair.h. Set-up is by ip(8), as an administrator would. */
#include "tests/unit/plugins/pair.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <sched.h>
#include <unistd.h>

void
pair_at(const struct pair *pair, int side)
{
	assert_int_equal(setns(pair->side[side].namespace, CLONE_NEWNET), 0);
}

void
pair_command(const struct pair *pair, int side, const char *format, ...)
{
	char command[512];
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	pair_at(pair, side);
	if (system(command) != 0)
		fail_msg("failed: %s", command);
}

/* --- what the host hears ----------------------------------------------------------------------- */

static void
on_ike(void *context, const struct ip_address *from, uint16_t from_port, const struct ip_address *to,
       uint16_t to_port, const uint8_t *message, size_t length)
{
	struct heard *heard = context;

	pthread_mutex_lock(&heard->mutex);
	heard->from = *from;
	heard->to = *to;
	heard->from_port = from_port;
	heard->to_port = to_port;
	heard->length = length < sizeof(heard->message) ? length : sizeof(heard->message);
	memcpy(heard->message, message, heard->length);
	heard->ike_messages++;
	pthread_mutex_unlock(&heard->mutex);
}

static void
on_limit(void *context, uint32_t spi, const struct ip_address *destination, bool hard)
{
	struct heard *heard = context;

	pthread_mutex_lock(&heard->mutex);
	if (hard)
		heard->hard++;
	else
		heard->soft++;
	pthread_mutex_unlock(&heard->mutex);
}

static void
on_moved(void *context, uint32_t spi, const struct ip_address *from, uint16_t from_port)
{
	struct heard *heard = context;

	pthread_mutex_lock(&heard->mutex);
	heard->from = *from;
	heard->from_port = from_port;
	heard->moved++;
	pthread_mutex_unlock(&heard->mutex);
}

/* --- set-up ------------------------------------------------------------------------------------ */

static bool
side_open(struct pair *pair, int i, char *why, size_t size)
{
	struct side *side = &pair->side[i];
	struct dataplane_host host = {&side->heard, on_ike, on_limit, on_moved};
	struct dataplane_options options = {.interface_prefix = "pl",
					    .workers = pair->workers != 0 ? pair->workers : 2,
					    .without = pair->without};
	struct error err;

	pthread_mutex_init(&side->heard.mutex, NULL);
	side->outside = ip_address_v4(0xc0000201u + (uint32_t)i); /* 192.0.2.1, 192.0.2.2 */
	pair_command(pair, i,
		     "ip link set lo up && ip addr add 192.0.2.%d/24 dev veth%d && "
		     "ip addr add fd00:2::%d/64 dev veth%d nodad && ip link set veth%d up",
		     i + 1, i, i + 1, i, i);
	side->plane = userspace_ops.open(&options, &host, &err);
	if (side->plane == NULL)
		snprintf(why, size, "%s", err.text);
	return side->plane != NULL;
}

bool
pair_open(struct pair *pair, char *why, size_t size)
{
	struct error err;

	*pair = (struct pair){.before = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC),
			      .without = pair->without,
			      .workers = pair->workers};
	for (int i = 0; i < 2; i++) {
		if (unshare(CLONE_NEWNET) < 0) {
			snprintf(why, size, "no network namespace: %s", strerror(errno));
			return false;
		}
		/* the thread's own: /proc/self is the main thread's */
		pair->side[i].namespace = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	}
	if (!userspace_ops.probe(&err)) {
		snprintf(why, size, "%s", err.text);
		return false;
	}
	if (system("ip link help >/dev/null 2>&1; test $? -ne 127") != 0) {
		snprintf(why, size, "no ip(8) here");
		return false;
	}
	pair_command(pair, 0, "ip link add veth0 type veth peer name veth1 netns /proc/%d/fd/%d", getpid(),
		     pair->side[1].namespace);
	return side_open(pair, 0, why, size) && side_open(pair, 1, why, size);
}

void
pair_close(struct pair *pair)
{
	for (int i = 0; i < 2; i++) {
		if (pair->side[i].plane != NULL) {
			pair_at(pair, i);
			userspace_ops.close(pair->side[i].plane);
		}
		pair->side[i].plane = NULL;
		if (pair->side[i].namespace > 0)
			close(pair->side[i].namespace);
	}
	setns(pair->before, CLONE_NEWNET);
	close(pair->before);
}

/* --- SAs --------------------------------------------------------------------------------------- */

uint32_t
pair_spi(const struct pair_sa *want, int from)
{
	/* distinct low halves; the tunnels belong to different workers */
	return 0xc0000000u | want->generation << 11 | (uint32_t)from << 10 | want->tunnel;
}

static struct ip_address
outside(const struct pair_sa *want, int side)
{
	struct ip_address address = {0};

	assert_true(ip_address_parse(want->ipv6 ? side ? "fd00:2::2" : "fd00:2::1"
				     : side     ? "192.0.2.2"
						: "192.0.2.1",
				     &address));
	return address;
}

/* Of the SA at one side for packets that side `from` sends; `key` gets its keys and is borrowed. */
static struct dataplane_sa
description(int at, int from, const struct pair_sa *want, uint8_t key[64])
{
	uint16_t port = want->encapsulated ? NATT_PORT : 0;
	uint32_t spi = pair_spi(want, from);

	for (size_t i = 0; i < 64; i++)
		key[i] = (uint8_t)(spi >> (i % 4 * 8)) ^ (uint8_t)(i * 37);
	return (struct dataplane_sa){
	    .tunnel = want->tunnel,
	    .spi = spi,
	    .inbound = at != from,
	    .source = outside(want, from),
	    .destination = outside(want, !from),
	    .source_port = port,
	    .destination_port = port,
	    .encapsulated = want->encapsulated,
	    .extended_sequence = want->extended,
	    .replay_window = 1024,
	    .algorithms = {want->encryption, key, want->key_length, want->integrity, key,
			   want->integrity_key_length},
	    .soft_packets = want->soft_packets,
	    .hard_packets = want->hard_packets,
	};
}

bool
pair_sa_add(struct pair *pair, int at, int from, const struct pair_sa *want, struct error *err)
{
	uint8_t key[64];
	struct dataplane_sa sa = description(at, from, want, key);

	return userspace_ops.sa_add(pair->side[at].plane, &sa, err);
}

bool
pair_sa_update(struct pair *pair, int at, int from, const struct pair_sa *want)
{
	uint8_t key[64];
	struct dataplane_sa moved = description(at, from, want, key);

	return userspace_ops.sa_update(pair->side[at].plane, moved.spi, &moved.destination, &moved);
}

void
pair_sa_remove(struct pair *pair, int at, int from, const struct pair_sa *want)
{
	struct ip_address destination = outside(want, !from);

	userspace_ops.sa_remove(pair->side[at].plane, pair_spi(want, from), &destination);
}

struct ip_address
pair_inside(uint32_t tunnel, int side)
{
	return ip_address_v4(10u << 24 | 99u << 16 | tunnel << 8 | (uint32_t)(side + 1));
}

void
pair_tunnel(struct pair *pair, const struct pair_sa *want)
{
	struct error err;

	for (int i = 0; i < 2; i++) {
		char name[16];

		pair_at(pair, i);
		if (!userspace_ops.tunnel_add(pair->side[i].plane,
					      &(struct dataplane_tunnel){.id = want->tunnel, .mtu = 1400},
					      name, &err))
			fail_msg("tunnel_add: %s", err.text);
		pair_command(pair, i, "ip addr add 10.99.%u.%d/30 dev %s", want->tunnel, i + 1, name);
		for (int from = 0; from < 2; from++)
			if (!pair_sa_add(pair, i, from, want, &err))
				fail_msg("sa_add: %s", err.text);
	}
}

/* --- traffic ----------------------------------------------------------------------------------- */

int
pair_socket(const struct pair *pair, int side, uint32_t tunnel, uint16_t port)
{
	struct ip_address inside = pair_inside(tunnel, side);
	struct sockaddr_storage address;
	socklen_t length = ip_address_to_sockaddr(&inside, port, &address);
	int size = 4 << 20, fd;

	pair_at(pair, side);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	assert_int_equal(bind(fd, (struct sockaddr *)&address, length), 0);
	return fd;
}

static uint16_t
checksum(const uint8_t *bytes, size_t length)
{
	uint32_t sum = 0;

	for (size_t i = 0; i + 1 < length; i += 2)
		sum += (uint32_t)bytes[i] << 8 | bytes[i + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t) ~(sum + (sum >> 16));
}

bool
pair_ping(const struct pair *pair, uint32_t tunnel, uint16_t sequence)
{
	struct ip_address inside = pair_inside(tunnel, 1);
	struct sockaddr_storage to;
	socklen_t length = ip_address_to_sockaddr(&inside, 0, &to);
	uint8_t request[64] = {ICMP_ECHO, 0, 0, 0, 0x12, 0x34, (uint8_t)(sequence >> 8), (uint8_t)sequence},
		answer[256];
	uint16_t sum = checksum(request, sizeof(request));
	usec_t until = clock_monotonic() + 5 * USEC_PER_SEC;
	bool answered = false;
	int fd;

	request[2] = (uint8_t)(sum >> 8);
	request[3] = (uint8_t)sum;
	pair_at(pair, 0);
	fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP);
	assert_true(fd >= 0);
	assert_true(sendto(fd, request, sizeof(request), 0, (struct sockaddr *)&to, length) > 0);
	while (!answered && clock_monotonic() < until) {
		struct pollfd wait = {.fd = fd, .events = POLLIN};

		if (poll(&wait, 1, 100) > 0 &&
		    recv(fd, answer, sizeof(answer), 0) == 20 + (ssize_t)sizeof(request))
			answered = answer[20] == ICMP_ECHOREPLY && memcmp(answer + 24, request + 4, 60) == 0;
	}
	close(fd);
	return answered;
}
