// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Our own restart (RFC 4724, 4.1, the "restarting speaker"; RFC 8538). Peers that were asked to keep our
 * paths have them as stale ones, and go on sending us what they always sent. They are told nothing, not even
 * End-of-RIB, until each of them has told all that it has: before that we would choose among less than we had
 * and they would drop what we only have not learned again yet.
 *
 * A peer has its restart time to be back, and from then on its stale time to tell all (the deferral timer).
 * Who of a range of addresses will come nobody knows: for the range its restart time is waited, and each that
 * comes has its own time to tell all. Not waited for is who says nothing of graceful restart, who has
 * restarted itself, who is shut down, and a family that is not spoken any more. Who has nothing of us is told
 * at once, as after any other start: peers that were not asked to keep anything, and all of a family that was
 * not forwarded, whose paths a helper drops as soon as it has our OPEN (4.2).
 *
 * What the kernel has of an earlier run is not known here: the gateway says whether it was forwarded by all
 * the time, and hears when all has been said (settled).
 */
#include "core/bgp/speaker_internal.h"

#include "core/base/text.h"

#define RESTART_S 120
#define STALE_S 360

static uint32_t
restart_time(const struct bgp_peer *peer)
{
	return peer->config.restart_s != 0 ? peer->config.restart_s : RESTART_S;
}

/* Until then a peer is to be back, and we are restarting. */
static usec_t
back_until(const struct bgp_peer *peer)
{
	return peer->speaker->opened_at + (usec_t)restart_time(peer) * USEC_PER_SEC;
}

uint32_t
restart_stale_time(const struct bgp_peer *peer)
{
	return peer->config.stale_s != 0 ? peer->config.stale_s : STALE_S;
}

static unsigned
as_capabilities(unsigned families)
{
	return (families & BGP_FAMILY_BIT(BGP_IPV4) ? (unsigned)CAPABILITY_IPV4 : 0) |
	       (families & BGP_FAMILY_BIT(BGP_IPV6) ? (unsigned)CAPABILITY_IPV6 : 0);
}

struct bgp_restart
deferral_offer(const struct bgp_peer *peer)
{
	const struct bgp_speaker_config *config = &peer->speaker->config;
	struct bgp_restart offer = {.notification = true};

	/* No family: its paths are kept for the peer's restarts, nothing is to be kept for ours. */
	if (peer->config.graceful_restart != BGP_GRACEFUL_YES)
		return offer;
	offer.time_s = (uint16_t)restart_time(peer);
	offer.families = as_capabilities(peer_families(peer));
	/* Where only the session was lost, nothing else was. */
	offer.restarting = config->restarted && !peer->was_up && clock_monotonic() < back_until(peer);
	if (peer->was_up)
		offer.forwarding = offer.families;
	else if (config->restarted)
		offer.forwarding = offer.families & as_capabilities(config->forwarding);
	return offer;
}

bool
deferral_keeps(const struct session *s)
{
	return s->state == BGP_ESTABLISHED && s->peer->config.graceful_restart == BGP_GRACEFUL_YES &&
	       s->common & CAPABILITY_RESTART;
}

void
deferral_peer_added(struct bgp_peer *peer)
{
	if (!peer->speaker->deferring || peer->config.graceful_restart != BGP_GRACEFUL_YES)
		return;
	/* One that is added later, or comes by a range of addresses, has no more time than others. */
	peer->awaited_until = back_until(peer);
	if (clock_monotonic() >= peer->awaited_until)
		return;
	peer->awaited = peer_families(peer);
	speaker_alarm(peer->speaker, peer->awaited_until);
}

void
deferral_forget(struct bgp_peer *peer)
{
	peer->awaited = 0;
	speaker_kick(peer->speaker);
}

void
deferral_session_up(const struct session *s)
{
	struct bgp_peer *peer = s->peer;
	bool first = !peer->was_up;

	peer->was_up = true;
	if (peer->awaited == 0)
		return;
	peer->awaited &= s->families;
	if (!(s->common & CAPABILITY_RESTART) || s->theirs.restart.restarting)
		deferral_forget(peer);
	/* One whose session comes and goes has no more time than others. */
	if (!first)
		return;
	peer->awaited_until = clock_monotonic() + (usec_t)restart_stale_time(peer) * USEC_PER_SEC;
	speaker_alarm(peer->speaker, peer->awaited_until);
}

void
deferral_end_of_rib(const struct session *s, enum bgp_family family)
{
	s->peer->awaited &= ~BGP_FAMILY_BIT(family);
	speaker_kick(s->peer->speaker);
}

bool
deferral_holds(const struct bgp_peer *peer, enum bgp_family family)
{
	const struct bgp_speaker *speaker = peer->speaker;

	return speaker->deferring && speaker->config.forwarding & BGP_FAMILY_BIT(family) &&
	       deferral_keeps(peer->main);
}

usec_t
deferral_timer(struct bgp_peer *peer, usec_t now)
{
	if (peer->awaited == 0)
		return 0;
	if (now < peer->awaited_until)
		return peer->awaited_until;
	if (!peer->config.dynamic)
		peer_event(peer, "warning", "peer.restart",
			   "after our restart the peer %s in time: it is not waited for any longer",
			   peer_established(peer) != NULL ? "has not told all its paths" : "is not back");
	deferral_forget(peer);
	return 0;
}

/* When the last one's time is up that is waited for; 0: none is. */
static usec_t
awaited_until(const struct bgp_speaker *speaker)
{
	usec_t last = 0;

	for (const struct bgp_peer *peer = speaker->peers; peer != NULL; peer = peer->next) {
		if (peer->awaited != 0 && !peer->removed && peer->awaited_until > last)
			last = peer->awaited_until;
	}
	return last;
}

usec_t
deferral_until(const struct bgp_peer *peer)
{
	for (unsigned f = 0; f < BGP_FAMILY_COUNT; f++) {
		if (peer->out[f] != NULL && deferral_holds(peer, f))
			return awaited_until(peer->speaker);
	}
	return 0;
}

void
deferral_work(struct bgp_speaker *speaker, bool waits)
{
	const struct bgp_events *events = &speaker->config.events;

	if (waits)
		return;
	if (speaker->deferring && awaited_until(speaker) == 0) {
		speaker->deferring = false;
		speaker->settling = true;
		for (struct bgp_peer *peer = speaker->peers; peer != NULL; peer = peer->next)
			peer_touch(peer, true);
	}
	if (!speaker->settling)
		return;
	speaker->settling = false;
	if (events->settled != NULL)
		events->settled(events->context);
}
