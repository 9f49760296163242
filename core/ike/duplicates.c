// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A second IKE_SA of a tunnel: what it does to the first is the tunnel's ike.unique. charon's own way with
 * them (ike_sa_manager's check_uniqueness) only does INITIAL_CONTACT (RFC 7296 2.4) for us, where that does
 * not cross an SA of ours: it takes any second one of the same address for a reauthentication, which it never
 * refuses and for which it lets the first stand for ten seconds, and where both sides began at once each end
 * deletes the one that the other keeps.
 *
 * - keep: the peer's second one is refused once it is authenticated. Not where it is made with the next
 * pre-shared key (rotation.c); nor in IKEv1 from the same address, where a second one is how the first is
 * rekeyed. The first one is asked for a sign of life: a peer that lost its state without saying so is let in
 * a few seconds later.
 * - replace: the first goes once the second has a child, and what was sent by the first has had time to
 * arrive.
 * - never: both stay, and packets leave by the newer child.
 * - All but never: where two that both carry a child are still there after a while (both sides began at once,
 * or the peer lost its state) one goes: of two that each side began, as old as each other, the one with the
 * lower initiator's SPI stays, which both ends see alike; else the newer, which is what a stock charon leaves
 * after ten seconds. It has so long to end the one that it chooses by its own rule, so two begun at once are
 * left alone for longer where the peer has not said that it chooses as we do (vendor_ids.c). The one to keep
 * has to give a sign of life first, or the other is asked.
 */
#include "core/ike/ike_internal.h"

#define DUPLICATE_PATIENCE (3 * USEC_PER_SEC)
#define CROSSED_PATIENCE (12 * USEC_PER_SEC)
#define SAME_AGE (5 * USEC_PER_SEC)
#define UNDER_WAY (USEC_PER_SEC / 2) /* packets by the former SA */

static bool
stands(const struct track *track)
{
	return track->established && track->state == IKE_ESTABLISHED && !track->ours_to_close;
}

static bool
made_by_next_key(const struct track *track)
{
	return track->rotation || track->made_with == KEY_NEXT || track->verified_with == KEY_NEXT;
}

/* Was it begun while the other was? Ours that is not established yet may be in the next moment, before charon
 * acts on what its peer says. */
static bool
crosses(const struct track *other, const struct track *track)
{
	if (other == track || other->ours_to_close ||
	    (other->state != IKE_CONNECTING && other->state != IKE_ESTABLISHED))
		return false;
	return other->established ? other->established_at >= track->begun : other->initiator;
}

bool
duplicates_crossed(const struct track *track)
{
	const struct track *other = track->tunnel && !track->initiator ? track->tunnel->tracks : NULL;

	while (other && !crosses(other, track))
		other = other->sibling;
	return other != NULL;
}

bool
duplicates_admit(struct ike *ike, struct track *track)
{
	struct track *first = track->tunnel ? track->tunnel->tracks : NULL;
	char peer[IP_ADDRESS_TEXT];

	if (!first || track->initiator || track->tunnel->unique != IKE_UNIQUE_KEEP || made_by_next_key(track))
		return true;
	while (first && (first == track || !first->established || first->ours_to_close ||
			 first->state == IKE_DELETING ||
			 (track->v1 && ip_address_equal(&first->remote, &track->remote))))
		first = first->sibling;
	if (!first)
		return true;
	report_failure(ike, track, FAILURE_DUPLICATE, NULL, NULL,
		       "%s asks for a second IKE SA, and ike.unique keeps the first",
		       report_peer(track, peer));
	supervise_doubt(first);
	return false;
}

/* Each side's own, begun at once. */
static bool
crossed(const struct track *a, const struct track *b)
{
	usec_t apart = a->established_at - b->established_at;

	return a->initiator != b->initiator && apart < SAME_AGE && apart > -SAME_AGE;
}

static usec_t
patience(const struct track *track)
{
	for (const struct track *other = track->tunnel->tracks; other; other = other->sibling)
		if (other != track && stands(other) && crossed(track, other))
			return track->peer_agrees && other->peer_agrees ? DUPLICATE_PATIENCE
									: CROSSED_PATIENCE;
	return DUPLICATE_PATIENCE;
}

static bool
may_be_kept(const struct track *track, usec_t now)
{
	return stands(track) && track->installed && now - track->established_at >= patience(track);
}

/* Which of two both ends would keep. */
static struct track *
better(struct track *a, struct track *b)
{
	if (a->doubtful != b->doubtful)
		return a->doubtful ? b : a;
	if (crossed(a, b))
		return a->initiator_spi < b->initiator_spi ? a : b;
	return a->established_at > b->established_at ? a : b;
}

static bool
replaces(const struct track *second, const struct track *first, usec_t now)
{
	return stands(first) && stands(second) && !crossed(first, second) && second->installed &&
	       second->established_at > first->established_at && now - second->established_at >= UNDER_WAY;
}

static void
replace(struct tunnel *tunnel, usec_t now)
{
	for (struct track *second = tunnel->tracks; second; second = second->sibling)
		for (struct track *first = tunnel->tracks; first; first = first->sibling)
			if (replaces(second, first, now))
				track_close(first, DEED_DELETE);
}

void
duplicates_thin_out(struct tunnel *tunnel, usec_t now)
{
	struct track *keep = NULL;
	unsigned count = 0;

	if (tunnel->unique == IKE_UNIQUE_REPLACE)
		replace(tunnel, now);
	for (struct track *track = tunnel->tracks; track; track = track->sibling) {
		if (!may_be_kept(track, now))
			continue;
		count++;
		keep = keep ? better(keep, track) : track;
	}
	if (count < 2 || (tunnel->unique == IKE_UNIQUE_NEVER && !made_by_next_key(keep)))
		return;
	if (!keep->probed) {
		keep->probed = now;
		job_sa(keep->unique_id, DEED_PROBE);
		return;
	}
	if (keep->heard < keep->probed) {
		keep->doubtful = now - keep->probed >= DUPLICATE_PATIENCE;
		return;
	}
	keep->doubtful = false;
	for (struct track *track = tunnel->tracks; track; track = track->sibling) {
		if (track == keep || !may_be_kept(track, now))
			continue;
		track_close(track, track->doubtful ? DEED_DESTROY : DEED_DELETE);
	}
	keep->probed = 0;
}
