// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Probes what a tunnel's path takes (core/health/mtu_probing.h has the rules), since many networks drop what
 * is too long and say nothing; AWS's do. An echo of the length in question goes through the tunnel to the
 * peer's inside address, by the tunnel's interface as anybody's packet would, so it is the same for every
 * data plane: the packet outside is as long as one of that length becomes, and must not be cut.
 *
 * When: as soon as the tunnel is up, and when the path's end has moved, or more may pass than was known
 * (an interface outside grew, a router's word was forgotten). Every ten minutes where the path is known to
 * take less than it might, or the peer answered nothing (PMTU_RAISE_TIMER, RFC 8899 5.1.1). And while long
 * packets leave, twice a minute, whether the present length still passes (CONFIRMATION_TIMER): a path that
 * shrinks without a word eats just those. A tunnel that is idle is not probed: who sends nothing loses
 * nothing, and the first second with long packets after a pause brings the test.
 *
 * Echoes that are longer than the interface's MTU: it is raised for the moment of sending, which is a system
 * call that does not wait; the loop's thread sets it back before anything else is done here.
 *
 * TWINSPAN_MTU_RAISE and TWINSPAN_MTU_CONFIRM in the gateway's environment are the two timers in seconds.
 */
#include "core/gateway_mtu_internal.h"

#include <stdlib.h>
#include <string.h>

enum {
	SERVE_MS = 20, /* while something is probed */
	RAISE_S = 600, /* RFC 8899 5.1.1 */
	CONFIRM_S = 30,
	MOST_S = 86400,
	SMALL = 64,      /* what BFD, BGP's keepalives and our small echoes are about, in bytes */
	AFTERWARDS_S = 3 /* our own echoes may still have been refused */
};

/* --- timers ------------------------------------------------------------------------------------ */

static usec_t
seconds_of(const char *variable, long usual)
{
	const char *text = getenv(variable);
	char *end;
	long seconds = text != NULL ? strtol(text, &end, 10) : 0;

	if (text == NULL || *end != '\0' || seconds < 1 || seconds > MOST_S)
		seconds = usual;
	return (usec_t)seconds * USEC_PER_SEC;
}

void
gateway_mtu_probe_bounds(const struct config_tunnel *config, uint32_t *base, uint32_t *least)
{
	/* RFC 8899 5.1.2: BASE_PLPMTU and MIN_PLPMTU; RFC 791 3.1, RFC 8200 5 */
	enum { BASE_V4 = 1200, LEAST_V4 = 576, LEAST_V6 = 1280 };
	const struct ip_address *outside =
	    ip_address_is_set(&config->remote) ? &config->remote : &config->local;
	bool v6 = outside->family == AF_INET6;

	*base = config_inner_mtu_within(config, v6 ? LEAST_V6 : BASE_V4);
	*least = config_inner_mtu_within(config, v6 ? LEAST_V6 : LEAST_V4);
}

uint32_t
gateway_mtu_black_hole(const struct gateway_tunnel *tunnel)
{
	const struct mtu_probing *probing = &tunnel->mtu.probing;

	return tunnel->config->mtu == 0 && probing->limit < probing->most ? probing->hole : 0;
}

bool
gateway_mtu_probe_idle(const struct gateway_tunnel *tunnel, usec_t now)
{
	return tunnel->mtu.probe == NULL && now - tunnel->mtu.tested_at > AFTERWARDS_S * USEC_PER_SEC;
}

/* --- one that is under way --------------------------------------------------------------------- */

static void
end(struct gateway_tunnel *tunnel)
{
	if (tunnel->mtu.probe == NULL)
		return;
	tunnel->gateway->echo->close(tunnel->mtu.probe);
	tunnel->mtu.probe = NULL;
}

static void
send_try(struct gateway_tunnel *tunnel, const struct mtu_probing_try *try)
{
	struct gateway *gateway = tunnel->gateway;
	bool raise = try->size > tunnel->row.mtu;

	/* One that can't leave is one without an answer. */
	if (raise)
		routing_interface_mtu(gateway->routing, tunnel->interface, try->size);
	if (try->size != 0)
		gateway->echo->send_whole(tunnel->mtu.probe, try->number, try->size, NULL);
	if (raise)
		routing_interface_mtu(gateway->routing, tunnel->interface, (uint32_t)tunnel->row.mtu);
	gateway->echo->send(tunnel->mtu.probe, try->small, NULL);
}

/* What waits is read before anything is judged: we may come late. */
static void
serve(struct gateway_tunnel *tunnel)
{
	struct gateway_mtu *mtu = &tunnel->mtu;
	usec_t now = clock_monotonic();
	uint32_t limit = mtu->probing.limit;
	struct probe_answer answer;
	struct mtu_probing_try try;

	while (tunnel->gateway->echo->take(mtu->probe, &answer))
		mtu_probing_answer(&mtu->probing, answer.number, now);
	if (mtu_probing_ask(&mtu->probing, now, &try))
		send_try(tunnel, &try);
	mtu->searching |= mtu->probing.phase == MTU_PROBING_SEARCHING;
	if (!mtu_probing_active(&mtu->probing)) {
		mtu->tested_at = now;
		if (mtu->searching)
			mtu->searched_at = now;
		end(tunnel);
	}
	if (mtu->probing.limit != limit) {
		gateway_mtu_tick(tunnel);
		gateway_tunnel_publish(tunnel);
	}
}

static void
on_probing(uv_timer_t *timer)
{
	struct gateway *gateway = timer->data;
	bool any = false;

	for (size_t i = 0; i < gateway->tunnel_count; i++) {
		if (gateway->tunnels[i]->mtu.probe == NULL)
			continue;
		serve(gateway->tunnels[i]);
		any = true;
	}
	if (!any)
		uv_timer_stop(timer);
}

/* --- when -------------------------------------------------------------------------------------- */

static bool
can_probe(const struct gateway_tunnel *tunnel)
{
	const struct config_tunnel *config = tunnel->config;

	return tunnel->live && !tunnel->interface_lost && config->mtu == 0 && tunnel->gateway->echo != NULL &&
	       !tunnel->gateway->stopping;
}

static bool
open_probe(struct gateway_tunnel *tunnel)
{
	const struct config_tunnel *config = tunnel->config;
	unsigned family = ip_address_is_set(&config->inside[0].address) ? 0 : 1;
	struct probe_target target = {.interface = tunnel->interface,
				      .local = config->inside[family].address,
				      .remote = config->inside_remote[family]};

	if (tunnel->mtu.probe == NULL && ip_address_is_set(&target.remote))
		tunnel->mtu.probe = tunnel->gateway->echo->open(&target, NULL);
	if (tunnel->mtu.probe != NULL && !uv_is_active((uv_handle_t *)&tunnel->gateway->probing))
		uv_timer_start(&tunnel->gateway->probing, on_probing, 0, SERVE_MS);
	return tunnel->mtu.probe != NULL;
}

/* `renew`: the path may be another one. */
static void
search(struct gateway_tunnel *tunnel, bool renew, usec_t now)
{
	struct gateway_mtu *mtu = &tunnel->mtu;

	mtu->wanted = false;
	mtu->excess = 0;
	mtu->tested_at = mtu->searched_at = now;
	snprintf(mtu->remote, sizeof(mtu->remote), "%s",
		 tunnel->row.remote != NULL ? tunnel->row.remote : "");
	if (!open_probe(tunnel))
		return;
	mtu->searching = true;
	if (renew)
		mtu_probing_renew(&mtu->probing, now);
	else
		mtu_probing_start(&mtu->probing, now);
}

static void
confirm(struct gateway_tunnel *tunnel, usec_t now)
{
	tunnel->mtu.excess = 0;
	tunnel->mtu.tested_at = now;
	if (!open_probe(tunnel))
		return;
	tunnel->mtu.searching = false;
	mtu_probing_confirm(&tunnel->mtu.probing, now);
}

void
gateway_mtu_probe_up(struct gateway_tunnel *tunnel)
{
	if (can_probe(tunnel))
		search(tunnel, true, clock_monotonic());
}

void
gateway_mtu_probe_down(struct gateway_tunnel *tunnel)
{
	mtu_probing_stop(&tunnel->mtu.probing);
	end(tunnel);
}

/*
 * Counts the long packets that left in the last second. Counters tell the packets and bytes of all: what is
 * above that many small ones. Of that an eighth is forgotten each second, and it takes more than two long
 * packets: the answer to a probe of the peer's is one, and must not bring a probe of ours, which the peer
 * would answer, for ever.
 */
static void
count_long_packets(struct gateway_tunnel *tunnel, usec_t now)
{
	struct gateway_mtu *mtu = &tunnel->mtu;
	uint64_t small = (tunnel->counters.tx_packets - mtu->tx_packets) * SMALL,
		 bytes = tunnel->counters.tx_bytes - mtu->tx_bytes;

	mtu->tx_packets = tunnel->counters.tx_packets;
	mtu->tx_bytes = tunnel->counters.tx_bytes;
	mtu->excess -= mtu->excess / 8;
	if (bytes > small && gateway_mtu_probe_idle(tunnel, now)) /* not our own */
		mtu->excess += bytes - small;
}

static bool
carries_long_packets(const struct gateway_tunnel *tunnel)
{
	return tunnel->mtu.excess > tunnel->row.mtu * 5 / 2;
}

static bool
has_moved(const struct gateway_tunnel *tunnel)
{
	return tunnel->row.remote != NULL && strcmp(tunnel->row.remote, tunnel->mtu.remote) != 0;
}

/* The probe that watches the tunnel had an answer since the path was probed in vain. */
static bool
has_answered(const struct gateway_tunnel *tunnel)
{
	struct prober_status status;

	return prober_status(tunnel->gateway->prober, tunnel->config->id, &status) &&
	       status.answer_at > tunnel->mtu.searched_at;
}

void
gateway_mtu_probe_tick(struct gateway_tunnel *tunnel)
{
	struct gateway_mtu *mtu = &tunnel->mtu;
	usec_t now = clock_monotonic(), raise = tunnel->gateway->mtu_timers.raise,
	       again = tunnel->gateway->mtu_timers.confirm;

	count_long_packets(tunnel, now);
	if (!can_probe(tunnel)) {
		gateway_mtu_probe_down(tunnel);
		return;
	}
	if (mtu->wanted || has_moved(tunnel)) {
		search(tunnel, has_moved(tunnel), now);
		return;
	}
	if (mtu->probe != NULL)
		return;
	if (mtu->probing.limit < mtu->probing.most && now - mtu->searched_at >= raise)
		search(tunnel, false, now);
	else if (mtu->probing.result <= MTU_PROBING_SILENT &&
		 now - mtu->searched_at >= (has_answered(tunnel) ? again : raise))
		search(tunnel, false, now);
	else if (mtu->probing.result > MTU_PROBING_SILENT && carries_long_packets(tunnel) &&
		 now - mtu->tested_at >= again)
		confirm(tunnel, now);
}

/* --- life -------------------------------------------------------------------------------------- */

void
gateway_mtu_probe_open(struct gateway *gateway)
{
	uv_timer_init(&gateway->loop, &gateway->probing);
	gateway->probing.data = gateway;
	gateway->mtu_timers.raise = seconds_of("TWINSPAN_MTU_RAISE", RAISE_S);
	gateway->mtu_timers.confirm = seconds_of("TWINSPAN_MTU_CONFIRM", CONFIRM_S);
}

void
gateway_mtu_probe_close(struct gateway *gateway)
{
	uv_close((uv_handle_t *)&gateway->probing, NULL);
}
