// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Keeps tunnels up that should be, and lets go of SAs whose peer is gone. The one mechanism for it: charon
 * itself retransmits for ever (ike.c) and never restarts anything, because its limits are one setting for all
 * tunnels.
 *
 * - A negotiation in which the peer has not said a word for CONNECT_SILENCE ends as no_answer.
 * - An established IKE_SA is dead when a request of ours is outstanding and nothing authentic came, neither
 * IKE nor ESP, for the tunnel's dpd_timeout. charon sends the requests: its own dead-peer detection after
 * dpd_interval of silence.
 * In IKEv1 we send them: charon would not repeat them, and would act by itself.
 * - Where BFD, a probe or traffic says that the peer is dead it is asked at once, and DOUBT_PATIENCE without
 * an answer (some four packets) is enough: a peer that was restarted has no such SA and will never answer.
 * - An SA of IKEv1 whose peer is there, but never ends an exchange, goes: who answers by Quick Mode's second
 * message waits for the third (RFC 2409 5.5), and a peer that has sent it now and then in vain may send it no
 * more. It has no child SA then, or packets come by none. One that has a child is given longer: an idle
 * tunnel hears nothing either, and the child is good until its lifetime ends.
 * - The same of IKEv2 where the peer asks us things and answers none of ours (it has lost count of the
 * messages, or can't read what was asked): it is alive, and the SA is of no use.
 * - An SA that has lost its child is asked for another. Where that is refused, or does not come, the SA goes,
 * and the tunnel begins anew: a peer may take by IKE_AUTH what it refuses by CREATE_CHILD_SA, which names a
 * group of its own (RFC 7296 1.2, 1.3), or none at all there (NO_ADDITIONAL_SAS, 1.3.1 and 4).
 * - An SA that waits for the answer to its Delete goes after DELETE_PATIENCE.
 * - Of two IKE_SAs of one tunnel that both carry a child one is given up: duplicates.c.
 * - After an end the next try comes by backoff_delay. No more than FRESH_LIMIT negotiations that have not yet
 * had to retransmit run at once, so that a thousand tunnels don't time one another out.
 */
#include "core/ike/ike_internal.h"

#include <stdio.h>
#include <stdlib.h>

#include <processing/jobs/callback_job.h>

#define TICK_MS 250
#define CONNECT_SILENCE (12 * USEC_PER_SEC)
#define CHILD_PATIENCE (15 * USEC_PER_SEC)
#define DELETE_PATIENCE (5 * USEC_PER_SEC)
#define REKEYED_PATIENCE (30 * USEC_PER_SEC)
#define DOUBT_PATIENCE (5 * USEC_PER_SEC)
#define DOUBT_PAUSE (2 * USEC_PER_SEC) /* an SA that answered is asked again after this */
#define DEAD_WITHOUT_SETTING_S 165     /* what charon's own retransmissions would take */
#define ASK_PAUSE (4 * USEC_PER_SEC)
#define UNFINISHED_SENDS 5                     /* once more, of a message that ought to be answered: 12 s */
#define UNFINISHED_SENDS_CARRYING 15           /* of an SA with a child: 52 s */
#define UNANSWERED_SENDS 43                    /* of IKEv2, in 165 s: what charon itself would wait */
#define UNFINISHED_SILENCE (10 * USEC_PER_SEC) /* of ESP; and of IKE no longer than that */
#define FRESH_LIMIT 64
#define FRESH_AGE (2 * USEC_PER_SEC)

/* --- when to try
 * ----------------------------------------------------------------------------------------------- */

void
supervise_ended(struct ike *ike, struct tunnel *tunnel, bool failed)
{
	if (failed)
		tunnel->once = false;
	if (!(tunnel->wanted || tunnel->once) || ike->closing)
		return;
	if (tunnel->next_try_at)
		return;
	tunnel->failures = failed ? tunnel->failures + 1 : tunnel->failures;
	tunnel->next_try_at = clock_monotonic() + backoff_delay(tunnel->failures, (uint32_t)random());
	if (tunnel->failures == 0)
		supervise_soon(ike);
}

struct outlook {
	bool negotiating;
	uint32_t childless; /* an established IKE_SA without a child; 0: none */
};

static struct outlook
look(const struct tunnel *tunnel, usec_t now)
{
	struct outlook out = {0};

	for (const struct track *track = tunnel->tracks; track; track = track->sibling) {
		if (track->ours_to_close || track->state == IKE_DELETING)
			continue;
		if (track->state == IKE_CONNECTING || track->state == IKE_CREATED)
			out.negotiating = true;
		else if (track->established && !track->carried &&
			 now - track->established_at < CHILD_PATIENCE)
			out.negotiating = true; /* its first child is on the way, or its end */
		else if (track->established && track->state == IKE_ESTABLISHED)
			out.childless = track->unique_id;
	}
	return out;
}

static bool
is_due(const struct tunnel *tunnel, usec_t now)
{
	if (!(tunnel->wanted || tunnel->once) || tunnel->child_count || tunnel->starting)
		return false;
	return tunnel->next_try_at && tunnel->next_try_at <= now;
}

static unsigned
count_fresh(struct ike *ike, usec_t now)
{
	unsigned fresh = 0;

	for (struct tunnel *tunnel = tunnel_next(ike, NULL); tunnel; tunnel = tunnel_next(ike, tunnel)) {
		fresh += tunnel->starting;
		for (const struct track *track = tunnel->tracks; track; track = track->sibling)
			fresh += track->initiator && track->state == IKE_CONNECTING && track->sent < 3 &&
				 now - track->begun < FRESH_AGE;
	}
	return fresh;
}

static void
start_due(struct ike *ike, usec_t now)
{
	unsigned fresh = count_fresh(ike, now);

	ike->held_back = false;
	for (struct tunnel *tunnel = tunnel_next(ike, NULL); tunnel; tunnel = tunnel_next(ike, tunnel)) {
		struct outlook outlook;

		if (fresh >= FRESH_LIMIT) {
			ike->held_back = true;
			return;
		}
		if (rotation_is_due(tunnel, now)) {
			tunnel->rotate_at = 0;
			job_rotate(ike, tunnel);
			fresh++;
		}
		if (!is_due(tunnel, now))
			continue;
		outlook = look(tunnel, now);
		if (outlook.negotiating)
			continue;
		tunnel->next_try_at = 0;
		job_initiate(ike, tunnel, outlook.childless);
		fresh++;
	}
}

static job_requeue_t
pump(void *data)
{
	struct ike *ike = data;

	pthread_mutex_lock(&ike->lock);
	ike->pump_queued = false;
	start_due(ike, clock_monotonic());
	pthread_mutex_unlock(&ike->lock);
	return JOB_REQUEUE_NONE;
}

void
supervise_soon(struct ike *ike)
{
	if (ike->pump_queued || ike->closing)
		return;
	ike->pump_queued = true;
	lib->processor->queue_job(lib->processor, (job_t *)callback_job_create(pump, ike, NULL, NULL));
}

void
supervise_next(struct ike *ike)
{
	if (ike->held_back)
		supervise_soon(ike);
}

/* --- what has waited too long
 * ---------------------------------------------------------------------------------- */

static usec_t
last_sign(const struct track *track)
{
	return track->traffic > track->heard ? track->traffic : track->heard;
}

static bool
is_dead(const struct track *track, usec_t now)
{
	uint32_t limit = track->tunnel && track->tunnel->dpd_timeout_s ? track->tunnel->dpd_timeout_s
								       : DEAD_WITHOUT_SETTING_S;

	if (!track->established || !track->retransmits)
		return false;
	if (track->doubted > last_sign(track) && now - track->doubted >= DOUBT_PATIENCE)
		return true;
	return now - last_sign(track) >= (usec_t)limit * USEC_PER_SEC;
}

static void
note_asked(struct track *track, usec_t now)
{
	track->asked = now;
	track->retransmits += track->v1;
}

void
supervise_doubt(struct track *track)
{
	usec_t now = clock_monotonic();

	if (!track->established || track->state != IKE_ESTABLISHED || track->ours_to_close)
		return;
	if (track->doubted && (track->doubted > last_sign(track) || now - track->doubted < DOUBT_PAUSE))
		return; /* it is being asked, or has just answered */
	track->doubted = now;
	if (!track->retransmits)
		job_sa(track->unique_id, DEED_PROBE);
	note_asked(track, now);
}

/* Sent so many times, and no packet has come by ESP, although the peer says other things. */
static bool
is_in_vain(const struct track *track, unsigned again, unsigned enough)
{
	usec_t now = clock_monotonic();

	return again >= enough && now - track->heard < UNFINISHED_SILENCE &&
	       now - track->traffic >= UNFINISHED_SILENCE;
}

/* In IKEv2 all that we ask waits for this answer (RFC 7296 2.3): the SA does nothing any more. */
static void
supervise_unanswered(struct ike *ike, struct track *track, unsigned again)
{
	char peer[IP_ADDRESS_TEXT];

	if (!track->established || (track->state != IKE_ESTABLISHED && track->state != IKE_REKEYING) ||
	    track->ours_to_close || (track->tunnel && track->tunnel->dpd_action == IKE_DPD_NONE))
		return;
	if (!is_in_vain(track, again, UNANSWERED_SENDS))
		return;
	report_failure(
	    ike, track, FAILURE_UNFINISHED, NULL, NULL,
	    "%s is there, but does not answer a request: sent %u times, and no packet came meanwhile",
	    report_peer(track, peer), again + 1);
	track_close(track, DEED_DESTROY);
}

void
supervise_unfinished(struct ike *ike, struct track *track, unsigned again)
{
	unsigned enough = track->installed ? UNFINISHED_SENDS_CARRYING : UNFINISHED_SENDS;
	char peer[IP_ADDRESS_TEXT];

	if (!track->v1) {
		supervise_unanswered(ike, track, again);
		return;
	}
	if (!track->established || track->state != IKE_ESTABLISHED || track->ours_to_close)
		return;
	if (!is_in_vain(track, again, enough))
		return;
	report_failure(
	    ike, track, FAILURE_UNFINISHED, NULL, NULL,
	    "%s is there, but does not end a negotiation: sent %u times, and no packet came meanwhile",
	    report_peer(track, peer), again + 1);
	/* Its end is ours and so no failure: the next try would come at once, and so on for ever. */
	if (track->tunnel && !track->carried)
		track->tunnel->failures++;
	track_close(track, DEED_DELETE);
}

void
supervise_refused(struct ike *ike, struct track *track)
{
	if (!track->child_asked || !track->tunnel || track->tunnel->child_count || track->ours_to_close)
		return;
	track->child_asked = 0;
	supervise_ended(ike, track->tunnel, true);
	track_close(track, DEED_DELETE);
}

/* IKEv1's R-U-THERE (RFC 3706) is never sent again by itself. Of a tunnel of either version we ask in both.
 */
static void
ask(struct track *track, usec_t now)
{
	usec_t last = track->asked > last_sign(track) ? track->asked : last_sign(track);
	usec_t pause = track->doubted > last_sign(track) ? USEC_PER_SEC
		       : track->retransmits              ? ASK_PAUSE
					    : (usec_t)track->tunnel->dpd_interval_s * USEC_PER_SEC;

	if (!track->tunnel->dpd_interval_s || now - last < pause || (!track->v1 && track->retransmits))
		return;
	note_asked(track, now);
	job_sa(track->unique_id, DEED_PROBE);
}

/* Where both sides began at once, the peer may have let go of one of the two without a word: the tunnel goes
 * on by the other. */
static bool
another_carries(const struct track *track, usec_t now)
{
	const struct track *other = track->tunnel ? track->tunnel->tracks : NULL;

	while (other && (other == track || other->ours_to_close || other->state != IKE_ESTABLISHED ||
			 !other->installed || is_dead(other, now) || last_sign(other) <= last_sign(track)))
		other = other->sibling;
	return other != NULL;
}

static void
bury(struct ike *ike, struct track *track, usec_t now)
{
	struct ike_event event = {.kind = IKE_EVENT_PEER_DEAD};
	char peer[IP_ADDRESS_TEXT], silence[32];
	struct tunnel *tunnel = track->tunnel;
	bool leave = tunnel && tunnel->dpd_action == IKE_DPD_NONE;

	if (another_carries(track, now)) {
		track_close(track, DEED_DESTROY);
		return;
	}
	if (leave && track->told_dead > last_sign(track))
		return;
	track->told_dead = now;
	clock_format_span(now - last_sign(track), silence, sizeof(silence));
	ip_address_format(&track->remote, peer);
	snprintf(event.text, sizeof(event.text), "%s is silent for %s: %u requests without an answer", peer,
		 silence, track->retransmits + !track->v1);
	snprintf(event.hint, sizeof(event.hint), "%s", failure_hint(FAILURE_NO_ANSWER));
	snprintf(event.code, sizeof(event.code), "%s", failure_code(FAILURE_NO_ANSWER));
	event.tunnel = tunnel ? tunnel->id : 0;
	event.count = track->retransmits;
	events_post(ike, &event);
	if (leave)
		return;
	if (tunnel && tunnel->dpd_action == IKE_DPD_CLEAR && tunnel->failures == 0)
		tunnel->failures = 1;
	if (tunnel)
		tunnel->buried = tunnel->child_count ? now : 0;
	track_close(track, DEED_DESTROY);
}

/* Of one whose silence was told and borne. */
static void
note_life(struct ike *ike, struct track *track)
{
	if (!track->told_dead || last_sign(track) <= track->told_dead)
		return;
	track->told_dead = 0;
	if (track->tunnel)
		events_post(ike,
			    &(struct ike_event){.kind = IKE_EVENT_PEER_ALIVE, .tunnel = track->tunnel->id});
}

static void
judge(struct ike *ike, struct track *track, usec_t now)
{
	if (track->closing) {
		/* A Delete has to queue behind a request that is never answered. */
		if (now - track->closing >= DELETE_PATIENCE)
			track_close(track, DEED_DESTROY);
		return;
	}
	switch (track->state) {
	case IKE_CONNECTING:
		if (!track->initiator || track->established || now - track->heard < CONNECT_SILENCE)
			return;
		if (track->failure == FAILURE_NONE)
			track->failure = FAILURE_NO_ANSWER;
		job_sa(track->unique_id, DEED_DESTROY);
		track->heard = now; /* asked once is enough */
		return;
	case IKE_DELETING:
		if (now - track->state_since < DELETE_PATIENCE)
			return;
		break;
	case IKE_REKEYED:
		if (now - track->state_since < REKEYED_PATIENCE)
			return;
		break;
	default:
		note_life(ike, track);
		if (is_dead(track, now))
			bury(ike, track, now);
		else if (track->child_asked && now - track->child_asked >= CHILD_PATIENCE &&
			 !track->retransmits)
			supervise_refused(ike, track);
		else if (track->tunnel && track->tunnel->version != 2 && track->state == IKE_ESTABLISHED)
			ask(track, now);
		return;
	}
	track->state_since = now;
	job_sa(track->unique_id, DEED_DESTROY);
}

/* --- the clock
 * ------------------------------------------------------------------------------------------------- */

static job_requeue_t
tick(void *data)
{
	struct ike *ike = data;
	usec_t now = clock_monotonic();

	pthread_mutex_lock(&ike->lock);
	for (unsigned bucket = 0; bucket < BUCKETS; bucket++)
		for (struct track *track = ike->tracks[bucket]; track; track = track->next)
			judge(ike, track, now);
	start_due(ike, now);
	pthread_mutex_unlock(&ike->lock);
	return JOB_RESCHEDULE_MS(TICK_MS);
}

static job_requeue_t
collect(void *data)
{
	struct ike *ike = data;
	usec_t now;

	status_collect(ike);
	now = clock_monotonic();
	pthread_mutex_lock(&ike->lock);
	for (struct tunnel *tunnel = tunnel_next(ike, NULL); tunnel; tunnel = tunnel_next(ike, tunnel))
		if (tunnel->established > 1)
			duplicates_thin_out(tunnel, now);
	pthread_mutex_unlock(&ike->lock);
	return JOB_RESCHEDULE(1);
}

void
supervisor_start(struct ike *ike)
{
	lib->scheduler->schedule_job_ms(lib->scheduler, (job_t *)callback_job_create(tick, ike, NULL, NULL),
					TICK_MS);
	lib->scheduler->schedule_job(lib->scheduler, (job_t *)callback_job_create(collect, ike, NULL, NULL),
				     1);
}
