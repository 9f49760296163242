// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The speaker's turns of work.
 *
 * A turn (speaker_slice) is two milliseconds of: input of the peers in rotation, so that none starves;
 * changes of prefixes handed on; UPDATEs made, and sent; and the rounds that clear away and reconsider. It
 * runs from an idle handle, which is on only while there is work; sockets and timers of everybody are served
 * between two turns. A socket that is ready is only marked there, for the next turn, since hundreds of them
 * may be ready at once.
 */
#include "core/bgp/bmp_internal.h"
#include "core/bgp/chronicle_internal.h"
#include "core/bgp/mrt_internal.h"
#include "core/bgp/origin_internal.h"

#define INPUT_US 1000            /* of a turn, for one peer's input */
#define DELIVER_AT_ONCE 16       /* prefixes between two looks at the clock */
#define FLUSH_LEAST (16u * 1024) /* octets that are sent at once while more are being made */

static void speaker_slice(uv_idle_t *idle);
static void on_timer(uv_timer_t *timer);

/* --- telling the world ------------------------------------------------------------------------- */

/* One prefix from the queue of changes: to the gateway, and into the list that peers follow. */
static void
deliver(struct bgp_speaker *speaker, enum bgp_family family, uint32_t index)
{
	const struct bgp_events *events = &speaker->config.events;
	struct rib *rib = &speaker->ribs[family];
	struct net *net = rib_net(rib, index);
	const struct path *best = rib_best_now(rib, net);
	bool export = (net->flags & NET_EXPORT) != 0, export_paths = (net->flags & NET_EXPORT_PATHS) != 0;
	char reason[200];
	struct bgp_path view;
	struct bgp_change change = {.prefix = rib_prefix(rib, net)};

	net->flags &= (uint8_t) ~(NET_CHANGED | NET_EXPORT | NET_EXPORT_PATHS);
	if (export && speaker->aggregates != NULL)
		aggregates_changed(speaker, rib, index, best);
	if (export && speaker->watches != NULL)
		conditions_changed(speaker, rib, index, best);
	if (events->route_changed != NULL) {
		if (best != NULL) {
			/* Most have one path: no need to write that out each time. */
			bool only = rib_path(rib, net->paths)->next == 0;

			view = path_view(speaker, rib, net, best, only ? NULL : reason, sizeof(reason));
			if (only)
				view.reason = "best: the only path";
			change.best = &view;
			change.members = rib_members(rib, net, &change.group);
			change.backup_members = rib_backup_members(rib, net, &change.backup_group);
		}
		events->route_changed(events->context, &change);
	}
	if (export && speaker->bmp != NULL)
		bmp_best(speaker, rib, net, best);
	if (export)
		changes_add(rib, index);
	/* A best path that changed before there was somebody who is told all paths is one of these, too. */
	if (export_paths || export)
		changes_add_paths(rib, index);
	rib_net_tidy(rib, index);
}

static bool
changes_wait(const struct bgp_speaker *speaker)
{
	for (unsigned f = 0; f < BGP_FAMILY_COUNT; f++) {
		if (speaker->ribs[f].changed.count != 0)
			return true;
	}
	return false;
}

/* In turn, a few of a family at a time. */
static bool
deliver_some(struct bgp_speaker *speaker, usec_t deadline)
{
	while (changes_wait(speaker)) {
		struct fifo *changed = &speaker->ribs[speaker->family_turn].changed;

		for (unsigned i = 0; i < DELIVER_AT_ONCE && changed->count != 0; i++)
			deliver(speaker, speaker->family_turn, fifo_pop(changed));
		speaker->family_turn = (speaker->family_turn + 1) % BGP_FAMILY_COUNT;
		if (clock_monotonic() >= deadline)
			break;
	}
	return changes_wait(speaker);
}

/* What is known of a peer, of all families together. */
static struct rib_peer
known_of(const struct bgp_peer *peer)
{
	struct rib_peer all = *peer_known(peer, 0);

	for (unsigned f = 1; f < BGP_FAMILY_COUNT; f++) {
		const struct rib_peer *known = peer_known(peer, f);

		all.accepted += known->accepted;
		all.graceful += known->graceful;
		all.med_stale = all.med_stale || known->med_stale;
		all.med_scanning = all.med_scanning || known->med_scanning;
		if (known->lowest_med < all.lowest_med)
			all.lowest_med = known->lowest_med;
	}
	return all;
}

/* A peer drains its session from when all accepted paths carry the community until one doesn't, or none is
 * left. */
static void
tell_graceful(struct bgp_speaker *speaker, struct bgp_peer *peer, const struct rib_peer *known)
{
	bool graceful = known->accepted != 0 && known->graceful == known->accepted;

	if (graceful == peer->reported_graceful)
		return;
	peer->reported_graceful = graceful;
	if (speaker->config.events.graceful_changed != NULL)
		speaker->config.events.graceful_changed(speaker->config.events.context, peer, graceful);
}

static void
tell_teaches(struct bgp_speaker *speaker, struct bgp_peer *peer, const struct rib_peer *known)
{
	bool teaches = known->accepted != 0;

	if (teaches == peer->reported_teaches)
		return;
	peer->reported_teaches = teaches;
	if (speaker->config.events.teaches_changed != NULL)
		speaker->config.events.teaches_changed(speaker->config.events.context, peer, teaches);
}

/* States at once, lowest MEDs once a turn. */
static void
tell_peers(struct bgp_speaker *speaker)
{
	const struct bgp_events *events = &speaker->config.events;

	for (struct bgp_peer *peer = speaker->peers, *next; peer != NULL; peer = next) {
		struct rib_peer known = known_of(peer);

		next = peer->next;
		if (peer->removed)
			continue;
		if (peer->tell_now) {
			peer->tell_now = peer->tell_soon = false;
			if (events->peer_changed != NULL)
				events->peer_changed(events->context, peer);
		}
		if (known.lowest_med != peer->reported_med && !known.med_stale && !known.med_scanning) {
			peer->reported_med = known.lowest_med;
			if (events->med_changed != NULL)
				events->med_changed(events->context, peer, known.lowest_med);
		}
		tell_teaches(speaker, peer, &known);
		tell_graceful(speaker, peer, &known);
	}
}

/* --- turns ------------------------------------------------------------------------------------- */

void
speaker_kick(struct bgp_speaker *speaker)
{
	if (speaker->idling || speaker->closing)
		return;
	speaker->idling = true;
	uv_idle_start(&speaker->idle, speaker_slice);
}

static bool
input_of(struct session *session, usec_t deadline)
{
	struct connection *c = session != NULL ? session->connection : NULL;

	if (c == NULL)
		return false;
	connection_read(c);
	return (c->in.length != 0 || c->ended || update_rest_waits(session)) &&
	       session_input(session, deadline);
}

/* Input of all peers, beginning with the one whose turn it is. */
static bool
input_all(struct bgp_speaker *speaker, usec_t deadline)
{
	struct bgp_peer *first = speaker->input_turn != NULL ? speaker->input_turn : speaker->peers,
			*peer = first;
	bool more = false;

	if (peer == NULL)
		return false;
	do {
		usec_t now = clock_monotonic(), limit = now + INPUT_US < deadline ? now + INPUT_US : deadline;

		if (now >= deadline) {
			speaker->input_turn = peer;
			return true;
		}
		more = input_of(peer->main, limit) || more;
		more = input_of(peer->second, limit) || more;
		peer = peer->next != NULL ? peer->next : speaker->peers;
	} while (peer != first);
	speaker->input_turn = first->next;
	return more;
}

/* How much may wait for each peer. */
static void
share_out(struct bgp_speaker *speaker)
{
	uint32_t sessions = 1, share;

	for (const struct bgp_peer *peer = speaker->peers; peer != NULL; peer = peer->next)
		sessions += peer_established(peer) != NULL;
	share = OUTPUT_ALL / sessions;
	speaker->output_most = share < OUTPUT_LEAST  ? OUTPUT_LEAST
			       : share > OUTPUT_MOST ? OUTPUT_MOST
						     : share;
}

static bool
output_all(struct bgp_speaker *speaker, usec_t deadline)
{
	struct bgp_peer *first = speaker->output_turn != NULL ? speaker->output_turn : speaker->peers,
			*peer = first;
	bool more = false;

	if (peer == NULL)
		return false;
	share_out(speaker);
	do {
		if (peer_established(peer) != NULL && adj_out_waits(peer)) {
			more = adj_out_work(peer, deadline) || more;
			if (clock_monotonic() >= deadline) {
				speaker->output_turn = peer->next;
				return true;
			}
		}
		peer = peer->next != NULL ? peer->next : speaker->peers;
	} while (peer != first);
	return more;
}

/* Whether there is enough to send to a peer. */
static bool
sends(const struct bgp_peer *peer)
{
	const struct connection *c = peer->main->connection;

	if (c == NULL || c->connecting || c->ended || c->blocked || c->out.length == 0)
		return false;
	return c->out.length >= FLUSH_LEAST || !adj_out_waits(peer);
}

/* Output of all peers, beginning with the one whose turn it is. */
static bool
flush_all(struct bgp_speaker *speaker, usec_t deadline)
{
	struct bgp_peer *first = speaker->flush_turn != NULL ? speaker->flush_turn : speaker->peers,
			*peer = first;
	bool more = false;

	if (peer == NULL)
		return false;
	do {
		if (sends(peer)) {
			more = connection_flush(peer->main->connection) || more;
			more = more || adj_out_waits(peer); /* there is room again */
			if (clock_monotonic() >= deadline) {
				speaker->flush_turn = peer->next;
				return true;
			}
		}
		peer = peer->next != NULL ? peer->next : speaker->peers;
	} while (peer != first);
	return more;
}

static bool
sweeping(const struct bgp_speaker *speaker)
{
	for (unsigned f = 0; f < BGP_FAMILY_COUNT; f++) {
		if (rib_sweeping(&speaker->ribs[f]))
			return true;
	}
	return false;
}

/* The rounds of all families, for a while; where there is nothing else to do, until the deadline, but no
 * longer than until something is to be told: the first changes after a session's end shall not wait for more
 * of them. */
static bool
work_on_ribs(struct bgp_speaker *speaker, bool busy, usec_t deadline)
{
	usec_t until = clock_monotonic() + SLICE_US / 6;
	bool more = false;

	for (unsigned f = 0; f < BGP_FAMILY_COUNT; f++)
		more = rib_work(&speaker->ribs[f], until) || more;
	if (more && !busy && !changes_wait(speaker)) {
		more = false;
		for (unsigned f = 0; f < BGP_FAMILY_COUNT; f++)
			more = rib_work(&speaker->ribs[f], deadline) || more;
	}
	for (unsigned f = 0; f < BGP_FAMILY_COUNT; f++)
		more = changes_trim(&speaker->ribs[f], busy ? until : deadline) || more;
	return more;
}

static usec_t
ribs_due(const struct bgp_speaker *speaker)
{
	usec_t due = 0;

	for (unsigned f = 0; f < BGP_FAMILY_COUNT; f++) {
		usec_t at = rib_due(&speaker->ribs[f]);

		due = due == 0 || (at != 0 && at < due) ? at : due;
	}
	return due;
}

/* Frees removed peers of whom no path is left. */
static void
forget_removed(struct bgp_speaker *speaker)
{
	struct bgp_peer **link = &speaker->peers;

	while (*link != NULL) {
		struct bgp_peer *peer = *link;

		if (!peer->removed || sweeping(speaker)) {
			link = &peer->next;
			continue;
		}
		*link = peer->next;
		for (unsigned f = 0; f < BGP_FAMILY_COUNT; f++)
			rib_peer_give(&speaker->ribs[f], peer->index);
		speaker->input_turn = speaker->output_turn = speaker->flush_turn = NULL;
		peer_free(peer);
	}
	speaker->peers_tail = link;
}

static void
speaker_slice(uv_idle_t *idle)
{
	struct bgp_speaker *speaker = idle->data;
	usec_t now = clock_monotonic(), deadline = now + SLICE_US, due;
	bool more, waits;

	chronicle_tick(speaker->chronicle, now);
	tell_peers(speaker);
	more = input_all(speaker, now + SLICE_US / 2);
	waits = deliver_some(speaker, now + SLICE_US * 2 / 3);
	waits = aggregates_work(speaker, now + SLICE_US * 2 / 3) || waits;
	waits = conditions_work(speaker, now + SLICE_US * 2 / 3) || waits || changes_wait(speaker);
	deferral_work(speaker, waits);
	more = output_all(speaker, now + SLICE_US * 3 / 4) || more || waits;
	more = flush_all(speaker, deadline - SLICE_US / 10) || more;
	more = work_on_ribs(speaker, more, deadline) || more;
	adj_out_reap(speaker);
	more = bmp_work(speaker, more ? clock_monotonic() + SLICE_US / 6 : deadline) || more;
	more = mrt_dump_work(speaker, more ? clock_monotonic() + SLICE_US / 6 : deadline) || more;
	more = changes_wait(speaker) || more;
	for (unsigned f = 0; f < BGP_FAMILY_COUNT; f++)
		rib_clear_up(&speaker->ribs[f]);
	dynamic_dismiss(speaker);
	forget_removed(speaker);
	tell_peers(speaker);
	due = ribs_due(speaker);
	if (due != 0)
		speaker_alarm(speaker, due);
	if (!more && speaker->idling) {
		speaker->idling = false;
		uv_idle_stop(&speaker->idle);
	}
}

void
speaker_alarm(struct bgp_speaker *speaker, usec_t at)
{
	usec_t now = clock_monotonic();

	if (speaker->closing || (speaker->alarm_at != 0 && speaker->alarm_at <= at))
		return;
	speaker->alarm_at = at;
	uv_update_time(speaker->loop);
	uv_timer_start(&speaker->timer, on_timer,
		       at <= now ? 0 : (uint64_t)((at - now + USEC_PER_MS - 1) / USEC_PER_MS), 0);
}

static void
alarm_sooner(struct bgp_speaker *speaker, usec_t at)
{
	if (at != 0)
		speaker_alarm(speaker, at);
}

static void
linger_over(struct bgp_speaker *speaker, usec_t now)
{
	for (struct connection *c = speaker->connections, *next; c != NULL; c = next) {
		next = c->next;
		if (c->session != NULL)
			continue;
		if (now >= c->linger_until)
			connection_close(c, false);
		else
			speaker_alarm(speaker, c->linger_until);
	}
}

static void
on_timer(uv_timer_t *timer)
{
	struct bgp_speaker *speaker = timer->data;
	const struct bgp_events *events = &speaker->config.events;
	usec_t now = clock_monotonic();

	speaker->alarm_at = 0;
	for (struct bgp_peer *peer = speaker->peers; peer != NULL; peer = peer->next) {
		alarm_sooner(speaker, session_timers(peer->main, now));
		alarm_sooner(speaker, restart_timer(peer, now));
		alarm_sooner(speaker, deferral_timer(peer, now));
		if (peer->second != NULL)
			alarm_sooner(speaker, session_timers(peer->second, now));
	}
	for (struct bgp_peer *peer = speaker->peers; peer != NULL; peer = peer->next) {
		if (!peer->tell_soon || peer->removed)
			continue;
		if (now - peer->told_at < 100 * USEC_PER_MS) {
			speaker_alarm(speaker, peer->told_at + 100 * USEC_PER_MS);
			continue;
		}
		peer->tell_soon = false;
		peer->told_at = now;
		if (events->peer_changed != NULL)
			events->peer_changed(events->context, peer);
	}
	linger_over(speaker, now);
	if (ribs_due(speaker) != 0)
		speaker_kick(speaker);
}
