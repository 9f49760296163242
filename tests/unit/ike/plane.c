// SPDX-License-Identifier: GPL-2.0-or-later
/* See plane.h. One thread reads both sockets; SAs are a list under a mutex. */
#include "tests/unit/ike/plane.h"

#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/text.h"
#include "core/ike/ike.h"

struct kept {
	struct kept *next;
	struct dataplane_sa sa;
	uint64_t digest;
};

struct dataplane {
	pthread_mutex_t lock;
	pthread_t thread;
	int sockets[2], stop[2];
	_Atomic unsigned silent; /* 1: on all ports, else on that one */
	_Atomic bool refuse;
	_Atomic unsigned slow_ms;
	uint32_t spis[4096], next_spi;
	unsigned reserved;
	struct kept *sas; /* newest first */
};

static const uint16_t ports[] = {500, 4500};

static int
open_socket(uint16_t port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
	int on = 1, fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	close(fd);
	return -1;
}

static void
take_message(struct dataplane *plane, int which)
{
	uint8_t bytes[65536], control[256];
	struct sockaddr_in from;
	struct iovec part = {bytes, sizeof(bytes)};
	struct msghdr header = {.msg_name = &from,
				.msg_namelen = sizeof(from),
				.msg_iov = &part,
				.msg_iovlen = 1,
				.msg_control = control,
				.msg_controllen = sizeof(control)};
	ssize_t length = recvmsg(plane->sockets[which], &header, MSG_DONTWAIT);
	struct ip_address source, destination = {0};
	uint16_t port;
	size_t skip = which ? 4 : 0;

	if (length <= (ssize_t)skip || plane->silent == 1 || (which && plane->silent == 4500) ||
	    (which && memcmp(bytes, "\0\0\0\0", 4) != 0))
		return;
	for (struct cmsghdr *item = CMSG_FIRSTHDR(&header); item; item = CMSG_NXTHDR(&header, item))
		if (item->cmsg_level == IPPROTO_IP && item->cmsg_type == IP_PKTINFO)
			destination =
			    ip_address_v4(ntohl(((struct in_pktinfo *)CMSG_DATA(item))->ipi_addr.s_addr));
	ip_address_from_sockaddr((struct sockaddr *)&from, &source, &port);
	ike_plane_message(NULL, &source, port, &destination, ports[which], bytes + skip,
			  (size_t)length - skip);
}

static void *
run(void *data)
{
	struct dataplane *plane = data;

	for (;;) {
		struct pollfd fds[] = {{plane->sockets[0], POLLIN, 0},
				       {plane->sockets[1], POLLIN, 0},
				       {plane->stop[0], POLLIN, 0}};

		if (poll(fds, 3, -1) < 0)
			continue;
		if (fds[2].revents)
			return NULL;
		for (int i = 0; i < 2; i++)
			if (fds[i].revents)
				take_message(plane, i);
	}
}

struct dataplane *
test_plane_open(struct error *err)
{
	struct dataplane *plane = memory_zeroed(1, sizeof(*plane));

	pthread_mutex_init(&plane->lock, NULL);
	/* A restarted end must not hand out what its past life did. */
	plane->next_spi = 0x1000 + ((uint32_t)getpid() << 12);
	for (int i = 0; i < 2; i++) {
		plane->sockets[i] = open_socket(ports[i]);
		if (plane->sockets[i] < 0) {
			error_set(err, "can't bind UDP %u", ports[i]);
			return NULL;
		}
	}
	if (pipe(plane->stop) < 0 || pthread_create(&plane->thread, NULL, run, plane) != 0) {
		error_set(err, "no thread");
		return NULL;
	}
	return plane;
}

void
test_plane_close(struct dataplane *plane)
{
	struct kept *next;

	close(plane->stop[1]);
	pthread_join(plane->thread, NULL);
	close(plane->stop[0]);
	for (int i = 0; i < 2; i++)
		close(plane->sockets[i]);
	for (; plane->sas; plane->sas = next) {
		next = plane->sas->next;
		free(plane->sas);
	}
	free(plane);
}

static uint32_t
spi_allocate(struct dataplane *plane)
{
	uint32_t spi;

	pthread_mutex_lock(&plane->lock);
	spi = ++plane->next_spi;
	plane->spis[spi % 4096] = spi;
	plane->reserved++;
	pthread_mutex_unlock(&plane->lock);
	return spi;
}

static void
release(struct dataplane *plane, uint32_t spi)
{
	if (plane->spis[spi % 4096] != spi)
		return;
	plane->spis[spi % 4096] = 0;
	plane->reserved--;
}

static void
mix(uint64_t *digest, const void *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		*digest = (*digest ^ ((const uint8_t *)bytes)[i]) * 0x100000001b3;
}

static uint64_t
digest_of(const struct dataplane_sa *sa)
{
	uint64_t digest = 0xcbf29ce484222325;

	mix(&digest, &sa->spi, sizeof(sa->spi));
	mix(&digest, &sa->source, sizeof(sa->source));
	mix(&digest, &sa->destination, sizeof(sa->destination));
	mix(&digest, &sa->encapsulated, sizeof(sa->encapsulated));
	mix(&digest, &sa->algorithms.encryption, sizeof(sa->algorithms.encryption));
	mix(&digest, sa->algorithms.encryption_key, sa->algorithms.encryption_key_length);
	mix(&digest, &sa->algorithms.integrity, sizeof(sa->algorithms.integrity));
	mix(&digest, sa->algorithms.integrity_key, sa->algorithms.integrity_key_length);
	for (size_t i = 0; i < sa->source_selector_count; i++)
		mix(&digest, &sa->source_selectors[i], sizeof(sa->source_selectors[i]));
	return digest;
}

static bool
sa_add(struct dataplane *plane, const struct dataplane_sa *sa, struct error *err)
{
	struct kept *kept;

	if (plane->refuse)
		return error_set(err, "refused by the test");
	kept = memory_zeroed(1, sizeof(*kept));
	kept->sa = *sa;
	kept->digest = digest_of(sa);
	kept->sa.algorithms.encryption_key = kept->sa.algorithms.integrity_key = NULL;
	kept->sa.source_selectors = kept->sa.destination_selectors = NULL;
	pthread_mutex_lock(&plane->lock);
	release(plane, sa->spi);
	kept->next = plane->sas;
	plane->sas = kept;
	pthread_mutex_unlock(&plane->lock);
	return true;
}

static bool
sa_update(struct dataplane *plane, uint32_t spi, const struct ip_address *destination,
	  const struct dataplane_sa *moved)
{
	bool found = false;

	pthread_mutex_lock(&plane->lock);
	for (struct kept *kept = plane->sas; kept && !found; kept = kept->next) {
		if (kept->sa.spi != spi || !ip_address_equal(&kept->sa.destination, destination))
			continue;
		kept->sa.source = moved->source;
		kept->sa.destination = moved->destination;
		kept->sa.source_port = moved->source_port;
		kept->sa.destination_port = moved->destination_port;
		kept->sa.encapsulated = moved->encapsulated;
		found = true;
	}
	pthread_mutex_unlock(&plane->lock);
	return found;
}

static bool
sa_query(struct dataplane *plane, uint32_t spi, const struct ip_address *destination, uint64_t *bytes,
	 uint64_t *packets, uint64_t *last_used_monotonic_us)
{
	*bytes = *packets = *last_used_monotonic_us = 0;
	return true;
}

static void
sa_remove(struct dataplane *plane, uint32_t spi, const struct ip_address *destination)
{
	usleep(plane->slow_ms * 1000);
	pthread_mutex_lock(&plane->lock);
	release(plane, spi);
	for (struct kept **at = &plane->sas; *at; at = &(*at)->next) {
		struct kept *kept = *at;

		if (kept->sa.spi != spi || !ip_address_equal(&kept->sa.destination, destination))
			continue;
		*at = kept->next;
		free(kept);
		break;
	}
	pthread_mutex_unlock(&plane->lock);
}

static bool
ike_send(struct dataplane *plane, const struct ip_address *from, uint16_t from_port,
	 const struct ip_address *to, uint16_t to_port, const uint8_t *message, size_t length)
{
	uint8_t control[CMSG_SPACE(sizeof(struct in_pktinfo))] = {0};
	struct sockaddr_storage address;
	socklen_t size = ip_address_to_sockaddr(to, to_port, &address);
	int which = from_port == 4500;
	struct iovec parts[] = {{(void *)"\0\0\0\0", which ? 4 : 0}, {(void *)message, length}};
	struct msghdr header = {.msg_name = &address,
				.msg_namelen = size,
				.msg_iov = parts,
				.msg_iovlen = 2,
				.msg_control = control,
				.msg_controllen = sizeof(control)};
	struct cmsghdr *item = CMSG_FIRSTHDR(&header);

	if (plane->silent == 1)
		return true;
	item->cmsg_level = IPPROTO_IP;
	item->cmsg_type = IP_PKTINFO;
	item->cmsg_len = CMSG_LEN(sizeof(struct in_pktinfo));
	((struct in_pktinfo *)CMSG_DATA(item))->ipi_spec_dst.s_addr = htonl(ip_address_to_v4(from));
	return sendmsg(plane->sockets[which], &header, 0) >= 0;
}

static bool
keepalive_send(struct dataplane *plane, const struct ip_address *from, const struct ip_address *to,
	       uint16_t to_port)
{
	return true;
}

const struct dataplane_ops test_plane_ops = {
    .name = "test",
    .spi_allocate = spi_allocate,
    .sa_add = sa_add,
    .sa_update = sa_update,
    .sa_query = sa_query,
    .sa_remove = sa_remove,
    .ike_send = ike_send,
    .keepalive_send = keepalive_send,
};

unsigned
test_plane_sas(struct dataplane *plane, uint32_t tunnel, bool inbound, struct dataplane_sa *last)
{
	unsigned count = 0;

	pthread_mutex_lock(&plane->lock);
	for (struct kept *kept = plane->sas; kept; kept = kept->next)
		if ((!tunnel || kept->sa.tunnel == tunnel) && kept->sa.inbound == inbound && count++ == 0 &&
		    last)
			*last = kept->sa;
	pthread_mutex_unlock(&plane->lock);
	return count;
}

unsigned
test_plane_reserved(struct dataplane *plane)
{
	unsigned reserved;

	pthread_mutex_lock(&plane->lock);
	reserved = plane->reserved;
	pthread_mutex_unlock(&plane->lock);
	return reserved;
}

uint64_t
test_plane_digest(struct dataplane *plane, uint32_t tunnel, bool inbound)
{
	uint64_t digest = 0;

	pthread_mutex_lock(&plane->lock);
	for (struct kept *kept = plane->sas; kept && !digest; kept = kept->next)
		if (kept->sa.tunnel == tunnel && kept->sa.inbound == inbound)
			digest = kept->digest;
	pthread_mutex_unlock(&plane->lock);
	return digest;
}

void
test_plane_silence(struct dataplane *plane, unsigned silent)
{
	plane->silent = silent;
}

void
test_plane_slow(struct dataplane *plane, unsigned ms)
{
	plane->slow_ms = ms;
}

void
test_plane_refuse(struct dataplane *plane, bool refuse)
{
	plane->refuse = refuse;
}
