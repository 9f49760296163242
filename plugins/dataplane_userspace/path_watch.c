// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What routers say of the paths. A raw socket of each family gets a copy of every "too big" that comes to
 * this machine; those that give back the SPI of an outbound SA of ours, on its way to where it is sent, lower
 * what the SA's tunnel takes. An SPI is 32 bits that only the two gateways and those on the path know: who
 * can't see the packets can't shrink the tunnel.
 *
 * This is the control side's: the gateway asks once a second (plane_tunnel_path). Not by IP_RECVERR on the
 * sockets that send: with it any forged ICMP error makes the next send fail.
 *
 * After ten minutes it is forgotten: the path may have become better (RFC 1191 6.3).
 */
#include "plugins/dataplane_userspace/userspace.h"

#include <errno.h>
#include <linux/icmp.h>
#include <netinet/icmp6.h>
#include <string.h>
#include <unistd.h>

enum {
	FORGET_AFTER_S = 600,
	HEAR_EVERY_MS = 500,
	MESSAGES = 256, /* at once, so that a flood does not keep us */
	MESSAGE = 1500, /* bytes of one that are looked at */
	LEAST_V4 = 576, /* what every host takes (RFC 791 3.1); who says less wants us to crawl */
	LEAST_V6 = 1280,
};

bool
path_watch_open(struct path_watch *watch, struct error *err)
{
	struct icmp_filter v4 = {.data = ~(1U << ICMP_DEST_UNREACH)};
	struct icmp6_filter v6;

	watch->fd[0] = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_ICMP);
	if (watch->fd[0] < 0)
		return error_set(err, "can't listen to ICMP: %s", strerror(errno));
	setsockopt(watch->fd[0], SOL_RAW, ICMP_FILTER, &v4, sizeof(v4));
	/* a machine may have no IPv6 */
	watch->fd[1] = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_ICMPV6);
	ICMP6_FILTER_SETBLOCKALL(&v6);
	ICMP6_FILTER_SETPASS(ICMP6_PACKET_TOO_BIG, &v6);
	if (watch->fd[1] >= 0)
		setsockopt(watch->fd[1], IPPROTO_ICMPV6, ICMP6_FILTER, &v6, sizeof(v6));
	return true;
}

void
path_watch_close(struct path_watch *watch)
{
	for (int f = 0; f < 2; f++) {
		if (watch->fd[f] >= 0)
			close(watch->fd[f]);
		watch->fd[f] = -1;
	}
}

/* Under the plane's mutex. */
static void
believe(struct dataplane *plane, const struct path_error *error, const struct ip_address *from, usec_t now)
{
	const struct sa *sa = plane_sa_find(plane, error->spi, &error->remote);
	uint32_t least = error->remote.family == AF_INET6 ? LEAST_V6 : LEAST_V4;
	struct path_state *path;

	if (sa == NULL || sa->inbound || error->mtu < least)
		return;
	path = &sa->tunnel->path;
	if (path->outer != 0 && path->outer < error->mtu)
		return;
	*path =
	    (struct path_state){.outer = error->mtu, .remote = error->remote, .from = *from, .since = now};
}

static void
hear(struct dataplane *plane, usec_t now)
{
	uint8_t message[MESSAGE];

	for (int f = 0; f < 2; f++) {
		for (int i = 0; i < MESSAGES && plane->watch.fd[f] >= 0; i++) {
			struct sockaddr_storage sender;
			socklen_t size = sizeof(sender);
			ssize_t got = recvfrom(plane->watch.fd[f], message, sizeof(message), 0,
					       (struct sockaddr *)&sender, &size);
			struct path_error error;
			struct ip_address from;

			if (got < 0)
				break;
			if (path_error_read(f != 0 ? AF_INET6 : AF_INET, message, (size_t)got, &error) &&
			    ip_address_from_sockaddr((struct sockaddr *)&sender, &from, NULL))
				believe(plane, &error, &from, now);
		}
	}
}

/* What is known of the path, as inner bytes for the SA that carries now; 0: nothing. */
static uint32_t
inner_limit(struct tunnel *tunnel, usec_t now)
{
	const struct sa *sa = tunnel->sas[0];
	const struct path *path = sa != NULL ? atomic_load(&sa->path) : NULL;
	struct path_state *state = &tunnel->path;

	if (state->outer != 0 && (now - state->since > FORGET_AFTER_S * USEC_PER_SEC ||
				  (path != NULL && !ip_address_equal(&path->destination, &state->remote))))
		*state = (struct path_state){0};
	if (state->outer == 0 || path == NULL)
		return 0;
	return path_inner_mtu(sa->suite, state->remote.family, path->encapsulated, state->outer);
}

bool
plane_tunnel_path(struct dataplane *plane, uint32_t id, struct dataplane_path *out)
{
	usec_t now = clock_monotonic();
	struct tunnel *tunnel;

	*out = (struct dataplane_path){0};
	pthread_mutex_lock(&plane->mutex);
	if (now - plane->watch.heard >= HEAR_EVERY_MS * 1000) {
		hear(plane, now);
		plane->watch.heard = now;
	}
	tunnel = id < TUNNEL_SLOTS ? atomic_load(&plane->tunnels[id]) : NULL;
	if (tunnel != NULL) {
		out->mtu = inner_limit(tunnel, now);
		out->outer = tunnel->path.outer;
		out->from = tunnel->path.from;
		out->refused = atomic_exchange(&tunnel->refused, false);
		atomic_store_explicit(&tunnel->path_mtu, out->mtu, memory_order_relaxed);
	}
	pthread_mutex_unlock(&plane->mutex);
	return out->mtu != 0;
}
