// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A tunnel's figures. Packets and bytes are the interface's, read whenever somebody asks: they go on through
 * rekeys, as SAs' figures don't. Why packets were dropped is known to the SAs; one thread reads all of them
 * once a second and adds up what each has more than before. What an SA counted in the last second before it
 * went is not seen.
 *
 * The interface counts errors by their kind (net/xfrm/xfrm_interface.c): outbound without an SA as a carrier
 * error, one that is longer than the SA's path allows as an error of no other kind, one that a lower queue
 * refused as aborted; inbound errors are those that the SA counted (replay, ICV), and the rest of what failed
 * after its SA was found. A packet that fits no inbound policy is counted for the whole network namespace
 * only: DATAPLANE_NOT_COUNTED here, and told by the plane's report.
 *
 * The kernel keeps no time of the last packet: it is the time of the reading that first saw it. Users'
 * packets are the interface's less our own (own.c), and never fewer than before: the two are not read at
 * once.
 */
#include "plugins/dataplane_kernel/kernel.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/file.h"
#include "core/base/text.h"

#define EVERY_US USEC_PER_SEC
#define XFRM_STAT "/proc/net/xfrm_stat"
#define XFRM_STAT_BYTES 8192

static uint64_t
less(uint64_t from, uint64_t what)
{
	return from > what ? from - what : 0;
}

/* For want of an SA, or by a lower queue. What is too long is users' mostly. */
uint64_t
tunnel_refused(const struct tunnel *tunnel)
{
	return tunnel->now.tx_carrier_errors + tunnel->now.collisions + tunnel->now.tx_aborted_errors;
}

static void
count_users(struct tunnel *tunnel, uint64_t at)
{
	const struct rtnl_link_stats64 *in = tunnel->silent ? &tunnel->hidden : &tunnel->now;
	uint64_t rx, tx;

	own_read(&tunnel->own, tunnel->silent, tunnel_refused(tunnel));
	rx = less(tunnel->kept.rx_packets + in->rx_packets, tunnel->own.rx);
	tx = less(tunnel->kept.tx_packets + tunnel->now.tx_packets, tunnel->own.tx);
	if (rx > tunnel->rx_user) {
		tunnel->rx_user = rx;
		tunnel->last_rx_user = at;
	}
	if (tx > tunnel->tx_user)
		tunnel->tx_user = tx;
}

void
tunnel_read(struct dataplane *plane, struct tunnel *tunnel)
{
	struct rtnl_link_stats64 now = tunnel->now;
	uint64_t at = (uint64_t)clock_monotonic();

	if (link_statistics(&plane->route, tunnel->ifindex, &now) != 0)
		return; /* somebody removed it: the last figures stand */
	if (now.rx_packets > tunnel->now.rx_packets && !tunnel->silent)
		tunnel->last_rx = at;
	if (now.tx_packets > tunnel->now.tx_packets)
		tunnel->last_tx = at;
	tunnel->now = now;
	count_users(tunnel, at);
}

/* For whoever looks at the tunnel they were sent just now. */
uint64_t
tunnel_vanished(struct dataplane *plane, struct tunnel *tunnel)
{
	uint64_t now = link_vanished(&plane->route, tunnel->ifindex);

	if (now > tunnel->vanished) {
		tunnel->vanished = now;
		tunnel->last_tx = (uint64_t)clock_monotonic();
	}
	return tunnel->vanished;
}

static uint64_t
too_big(const struct rtnl_link_stats64 *now)
{
	return less(now->tx_errors, now->tx_carrier_errors + now->collisions + now->tx_aborted_errors);
}

void
tunnel_keep_figures(struct tunnel *tunnel)
{
	const struct rtnl_link_stats64 *rx = tunnel->silent ? &tunnel->hidden : &tunnel->now;
	struct dataplane_counters *kept = &tunnel->kept;

	kept->rx_packets += rx->rx_packets;
	kept->rx_bytes += rx->rx_bytes;
	kept->tx_packets += tunnel->now.tx_packets;
	kept->tx_bytes += tunnel->now.tx_bytes;
	kept->drops.no_sa += tunnel->now.tx_carrier_errors + tunnel->now.collisions;
	kept->drops.too_big += too_big(&tunnel->now);
	kept->drops.queue += tunnel->now.tx_aborted_errors;
	tunnel->errors_kept += tunnel->now.rx_errors;
	kept->tx_packets += tunnel->vanished;
	tunnel->own.tx += tunnel->vanished; /* whose they were is not known */
	tunnel->vanished = 0;
	tunnel->now = tunnel->hidden = (struct rtnl_link_stats64){0};
}

bool
plane_tunnel_counters(struct dataplane *plane, uint32_t id, struct dataplane_counters *out)
{
	const struct rtnl_link_stats64 *rx;
	struct tunnel *tunnel;

	pthread_mutex_lock(&plane->mutex);
	tunnel = plane_tunnel(plane, id);
	if (tunnel != NULL) {
		tunnel_read(plane, tunnel);
		rx = tunnel->silent ? &tunnel->hidden : &tunnel->now;
		*out = tunnel->kept;
		out->rx_packets += rx->rx_packets;
		out->rx_bytes += rx->rx_bytes;
		out->tx_packets += tunnel->now.tx_packets;
		out->tx_bytes += tunnel->now.tx_bytes;
		if (tunnel->silent)
			out->tx_packets += tunnel_vanished(plane, tunnel);
		out->last_rx = tunnel->last_rx;
		out->last_tx = tunnel->last_tx;
		out->rx_user = tunnel->rx_user;
		out->tx_user = tunnel->tx_user;
		out->last_rx_user = tunnel->last_rx_user;
		out->rx_lost = tunnel->lost > 0 ? (uint64_t)tunnel->lost : 0;
		out->drops.no_sa += tunnel->now.tx_carrier_errors + tunnel->now.collisions;
		out->drops.too_big += too_big(&tunnel->now);
		out->drops.queue += tunnel->now.tx_aborted_errors;
		out->drops.replay = tunnel->replayed;
		out->drops.authentication = tunnel->forged;
		out->drops.malformed = tunnel->malformed;
		out->drops.selector = DATAPLANE_NOT_COUNTED;
	}
	pthread_mutex_unlock(&plane->mutex);
	return tunnel != NULL;
}

/* --- the SAs' figures -------------------------------------------------------------------------- */

static struct sa_figures *
figures_of(struct tunnel *tunnel, const struct sa_seen *sa)
{
	for (size_t i = 0; i < tunnel->sa_count; i++)
		if (tunnel->sas[i].spi == sa->spi &&
		    memcmp(&tunnel->sas[i].destination, &sa->destination, sizeof(sa->destination)) == 0)
			return &tunnel->sas[i];
	tunnel->sas = memory_resize(tunnel->sas, (tunnel->sa_count + 1) * sizeof(*tunnel->sas));
	tunnel->sas[tunnel->sa_count] = (struct sa_figures){.spi = sa->spi, .destination = sa->destination};
	return &tunnel->sas[tunnel->sa_count++];
}

static void
sa_visit(void *context, const struct nlmsghdr *message)
{
	struct dataplane *plane = context;
	struct sa_figures *figures;
	struct tunnel *tunnel;
	struct sa_seen sa;
	int64_t lost;

	if (!message_read_sa(message, &sa))
		return;
	pthread_mutex_lock(&plane->mutex);
	tunnel = plane_tunnel(plane, sa.reqid);
	if (tunnel != NULL && tunnel->tie.id == (tunnel->tie.mark ? sa.mark.v : sa.if_id)) {
		figures = figures_of(tunnel, &sa);
		lost = sa.sequence != 0 ? (int64_t)(sa.sequence - sa.packets) : 0;
		tunnel->replayed += sa.replayed - figures->replayed;
		tunnel->forged += sa.forged - figures->forged;
		tunnel->lost += lost - figures->lost;
		*figures = (struct sa_figures){sa.spi, sa.destination, sa.replayed, sa.forged, lost, true};
	}
	pthread_mutex_unlock(&plane->mutex);
}

/* Forgets those that are gone. */
static void
forget(struct tunnel *tunnel)
{
	size_t count = 0;

	for (size_t i = 0; i < tunnel->sa_count; i++) {
		if (!tunnel->sas[i].seen)
			continue;
		tunnel->sas[count] = tunnel->sas[i];
		tunnel->sas[count++].seen = false;
	}
	tunnel->sa_count = count;
}

/* Before the SAs, so that an error that both count is never taken for one of another kind. */
static void
read_errors(struct dataplane *plane)
{
	for (uint32_t id = 1; id <= plane->highest; id++) {
		struct tunnel *tunnel;

		pthread_mutex_lock(&plane->mutex);
		tunnel = plane->tunnels[id];
		if (tunnel != NULL) {
			tunnel_read(plane, tunnel);
			tunnel->errors = tunnel->errors_kept + tunnel->now.rx_errors;
		}
		pthread_mutex_unlock(&plane->mutex);
	}
}

static void
add_up(struct dataplane *plane)
{
	pthread_mutex_lock(&plane->mutex);
	for (uint32_t id = 1; id <= plane->highest; id++) {
		struct tunnel *tunnel = plane->tunnels[id];
		uint64_t rest;

		if (tunnel == NULL)
			continue;
		rest = less(tunnel->errors, tunnel->replayed + tunnel->forged);
		if (rest > tunnel->malformed)
			tunnel->malformed = rest;
		forget(tunnel);
	}
	pthread_mutex_unlock(&plane->mutex);
}

bool
machine_read(struct machine_counters *out)
{
	size_t length;
	char *text = file_read(XFRM_STAT, XFRM_STAT_BYTES, &length, NULL);

	if (text == NULL)
		return false;
	machine_counters_read(text, out);
	free(text);
	return true;
}

static void
collect(struct dataplane *plane)
{
	_Alignas(uint64_t) uint8_t buffer[REQUEST_BYTES];
	struct machine_counters machine;

	read_errors(plane);
	if (netlink_dump(&plane->counter_xfrm,
			 netlink_message(buffer, XFRM_MSG_GETSA, 0, sizeof(struct xfrm_usersa_id)), sa_visit,
			 plane) == 0)
		add_up(plane);
	if (!machine_read(&machine))
		return;
	pthread_mutex_lock(&plane->mutex);
	plane->machine = machine;
	pthread_mutex_unlock(&plane->mutex);
}

static void *
run(void *data)
{
	struct dataplane *plane = data;

	pthread_mutex_lock(&plane->mutex);
	while (!plane->stopping) {
		usec_t next = clock_monotonic() + EVERY_US;
		struct timespec until = {next / USEC_PER_SEC, next % USEC_PER_SEC * 1000};

		pthread_cond_timedwait(&plane->wake, &plane->mutex, &until);
		if (plane->stopping)
			break;
		pthread_mutex_unlock(&plane->mutex);
		collect(plane);
		pthread_mutex_lock(&plane->mutex);
	}
	pthread_mutex_unlock(&plane->mutex);
	return NULL;
}

bool
counters_start(struct dataplane *plane, struct error *err)
{
	pthread_condattr_t attributes;
	sigset_t all, before;
	int result;

	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&plane->wake, &attributes);
	pthread_condattr_destroy(&attributes);
	/* Signals are for the loop's thread. */
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	result = pthread_create(&plane->counter, NULL, run, plane);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	plane->counting = result == 0;
	return result == 0 || error_set(err, "can't start a thread: %s", strerror(result));
}

void
counters_stop(struct dataplane *plane)
{
	if (!plane->counting)
		return;
	pthread_mutex_lock(&plane->mutex);
	plane->stopping = true;
	pthread_cond_signal(&plane->wake);
	pthread_mutex_unlock(&plane->mutex);
	pthread_join(plane->counter, NULL);
	pthread_cond_destroy(&plane->wake);
	plane->counting = false;
}
