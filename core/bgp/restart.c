// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Paths that are kept though they were not said (again) yet: of a peer whose session was lost while it
 * restarts (RFC 4724, 4.2, the "receiving speaker"; RFC 8538), and of one that says everything anew (RFC
 * 7313, 4).
 *
 * Both are the same to the RIB: what stands becomes stale, what is said again is fresh, and at a mark
 * (End-of-RIB, or the end of the refresh) or when time is up, what is still stale goes. Stale paths are as
 * good as others until then; whoever knows better, BFD or an operator, ends the session without grace, or
 * calls restart_abandon(). Our own restart is deferral.c's.
 */
#include "core/bgp/bmp_internal.h"
#include "core/bgp/chronicle_internal.h"

/* The bit of the capability by which the peer speaks of a family. */
static unsigned
capability_of(enum bgp_family family)
{
	return family == BGP_IPV6 ? CAPABILITY_IPV6 : CAPABILITY_IPV4;
}

static bool
any_stale(const struct bgp_peer *peer)
{
	for (unsigned f = 0; f < BGP_FAMILY_COUNT; f++) {
		if (rib_peer_has_stale(&peer->speaker->ribs[f], peer->index))
			return true;
	}
	return false;
}

static void
set_deadline(struct bgp_peer *peer, uint32_t seconds)
{
	peer->stale_until = clock_monotonic() + (usec_t)seconds * USEC_PER_SEC;
	speaker_alarm(peer->speaker, peer->stale_until);
}

bool
restart_is_graceful(const struct session *s, enum session_loss loss)
{
	const struct bgp_restart *restart = &s->theirs.restart;

	if (!(s->common & CAPABILITY_RESTART) || s->peer->template != NULL || restart->families == 0 ||
	    restart->time_s == 0)
		return false;
	return loss == LOSS_TCP || (loss == LOSS_NOTIFICATION && restart->notification);
}

void
restart_session_lost(const struct session *s)
{
	struct bgp_peer *peer = s->peer;

	for (unsigned f = 0; f < BGP_FAMILY_COUNT; f++) {
		struct rib *rib = &peer->speaker->ribs[f];

		if (s->families & BGP_FAMILY_BIT(f) && s->theirs.restart.families & capability_of(f))
			rib_peer_restarts(rib, peer->index);
		else
			rib_peer_down(rib, peer->index);
	}
	if (!any_stale(peer))
		return;
	peer->restarting = true;
	set_deadline(peer, s->theirs.restart.time_s);
	peer_event(peer, "notice", "peer.restart",
		   "the peer may restart gracefully: its paths are kept for %u s", s->theirs.restart.time_s);
}

void
restart_session_up(const struct session *s)
{
	const struct bgp_restart *restart = &s->theirs.restart;
	struct bgp_peer *peer = s->peer;
	bool kept = false;

	if (!peer->restarting)
		return;
	peer->restarting = false;
	for (unsigned f = 0; f < BGP_FAMILY_COUNT; f++) {
		bool goes_on = s->common & CAPABILITY_RESTART && s->families & BGP_FAMILY_BIT(f) &&
			       restart->forwarding & capability_of(f);

		/* RFC 4724, 4.2: a family that it did not go on forwarding, or says nothing of, at once. */
		if (!goes_on)
			rib_peer_down(&peer->speaker->ribs[f], peer->index);
		kept = kept || goes_on;
	}
	if (kept && any_stale(peer))
		set_deadline(peer, restart_stale_time(peer));
	else
		peer->stale_until = 0;
}

/* What is stale of a family goes; the last of them is the end of it all. */
static void
expire(struct bgp_peer *peer, enum bgp_family family)
{
	rib_peer_expire(&peer->speaker->ribs[family], peer->index);
	if (!any_stale(peer))
		peer->stale_until = 0;
	speaker_kick(peer->speaker);
}

void
restart_end_of_rib(struct session *s, enum bgp_family family)
{
	struct bgp_peer *peer = s->peer;

	s->told_all |= BGP_FAMILY_BIT(family);
	deferral_end_of_rib(s, family);
	chronicle_table_ends(&peer->speaker->ribs[family], peer->index);
	if (peer->speaker->bmp != NULL)
		bmp_end_of_rib(peer, family);
	/* Not that of a refresh under way, which has a mark of its own. */
	if (peer->refreshing & BGP_FAMILY_BIT(family) ||
	    !rib_peer_has_stale(&peer->speaker->ribs[family], peer->index))
		return;
	expire(peer, family);
	peer_event(peer, "info", "peer.restart", "the peer has restarted and told all its paths");
}

void
restart_refresh_begins(const struct session *s, enum bgp_family family)
{
	struct bgp_peer *peer = s->peer;

	/* RFC 7313, 4.2: of a peer that restarts gracefully the End-of-RIB comes first. */
	if (s->theirs.capabilities & CAPABILITY_RESTART && !(s->told_all & BGP_FAMILY_BIT(family)))
		return;
	if (!rib_peer_refreshes(&peer->speaker->ribs[family], peer->index))
		return;
	peer->refreshing |= BGP_FAMILY_BIT(family);
	set_deadline(peer, restart_stale_time(peer));
}

void
restart_refresh_ends(const struct session *s, enum bgp_family family)
{
	/* RFC 7313, 4.2: an end without a beginning may be ignored. */
	if (!(s->peer->refreshing & BGP_FAMILY_BIT(family)))
		return;
	s->peer->refreshing &= ~BGP_FAMILY_BIT(family);
	expire(s->peer, family);
}

void
restart_family_gone(struct bgp_peer *peer, enum bgp_family family)
{
	peer->refreshing &= ~BGP_FAMILY_BIT(family);
	if (!any_stale(peer))
		peer->stale_until = 0;
}

void
restart_abandon(struct bgp_peer *peer)
{
	if (!peer->restarting)
		return;
	peer->restarting = false;
	peer->stale_until = 0;
	for (unsigned f = 0; f < BGP_FAMILY_COUNT; f++)
		rib_peer_down(&peer->speaker->ribs[f], peer->index);
	speaker_kick(peer->speaker);
	peer_touch(peer, true);
}

usec_t
restart_timer(struct bgp_peer *peer, usec_t now)
{
	if (peer->stale_until == 0 || now < peer->stale_until)
		return peer->stale_until;
	if (peer->restarting) {
		peer_event(peer, "warning", "peer.restart",
			   "the peer is not back in time: its paths are gone");
		restart_abandon(peer);
		return 0;
	}
	peer_event(peer, "warning", "peer.restart",
		   "the peer has not told all its paths in time: those not told again are gone");
	peer->stale_until = 0;
	peer->refreshing = 0;
	for (unsigned f = 0; f < BGP_FAMILY_COUNT; f++)
		rib_peer_expire(&peer->speaker->ribs[f], peer->index);
	speaker_kick(peer->speaker);
	return 0;
}
