// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The speaker: its life, its turns of work, and its walks.
 *
 * A turn (speaker_slice) is three milliseconds of: input of the peers in rotation, so that none starves;
 * changes of prefixes handed on; UPDATEs made; and the rounds that clear away and reconsider. It runs from an
 * idle handle, which is on only while there is work; sockets and timers of everybody are served between two
 * turns.
 */
#include "core/bgp/speaker_internal.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"

#define INPUT_US 1000 /* of a turn, for one peer's input */

static void speaker_slice(uv_idle_t *idle);
static void on_timer(uv_timer_t *timer);

/* --- telling the world ------------------------------------------------------------------------- */

struct bgp_peer *
speaker_peer_of(const struct bgp_speaker *speaker, uint16_t index)
{
	return index == RIB_LOCAL ? NULL : ((struct bgp_peer **)speaker->by_index.items)[index];
}

struct bgp_path
path_view(struct bgp_speaker *speaker, const struct net *net, const struct path *path, char *reason,
	  size_t size)
{
	struct rib *rib = &speaker->rib;
	struct bgp_path view = {
	    .prefix = rib_prefix(rib, net),
	    .peer = speaker_peer_of(speaker, path->peer),
	    .attributes = path->attributes,
	    .next_hop = attributes_next_hop(path->attributes),
	    .local_preference = path_local_preference(rib, path),
	    .med = path->attributes->med,
	    .has_med = (path->attributes->present & HAS_MED) != 0,
	    .best = path == rib_best(rib, net),
	    .accepted = path->verdict == PATH_USABLE,
	    .origin = path->attributes->origin,
	    .reason = reason,
	};

	if (reason != NULL)
		decision_reason(rib, net, path, reason, size);
	else
		view.reason = "";
	return view;
}

struct bgp_path
export_view(const struct bgp_peer *peer, const struct net *net, const struct path *path,
	    struct bgp_attributes **attributes)
{
	struct attribute_set set;
	struct bgp_path view = {.prefix = rib_prefix(&peer->speaker->rib, net), .peer = peer, .reason = ""};

	*attributes = NULL;
	if (!export_set(peer, path, &set))
		return view;
	*attributes = attributes_copy(&set);
	view.attributes = *attributes;
	view.next_hop = set.next_hop;
	view.local_preference = set.present & HAS_LOCAL_PREF ? set.local_pref : 0;
	view.has_med = (set.present & HAS_MED) != 0;
	view.med = view.has_med ? set.med : 0;
	view.origin = set.origin;
	view.best = view.accepted = true;
	return view;
}

static void
on_row(void *context, const struct net *net, const struct path *path, bool gone)
{
	struct bgp_speaker *speaker = context;
	char reason[200];
	struct bgp_path view = path_view(speaker, net, path, gone ? NULL : reason, sizeof(reason));

	if (view.peer != NULL && !view.peer->removed)
		speaker->config.events.received_changed(speaker->config.events.context,
							(struct bgp_peer *)view.peer, &view, gone);
}

/* One prefix from the queue of changes: to the gateway, and into the queues of the peers. */
static void
deliver(struct bgp_speaker *speaker, uint32_t index)
{
	const struct bgp_events *events = &speaker->config.events;
	struct rib *rib = &speaker->rib;
	struct net *net = rib_net(rib, index);
	const struct path *best = rib_best_now(rib, net);
	bool export = (net->flags & NET_EXPORT) != 0;
	char reason[200];
	struct bgp_path view;
	struct bgp_change change = {.prefix = rib_prefix(rib, net)};

	net->flags &= (uint8_t) ~(NET_CHANGED | NET_EXPORT);
	if (events->route_changed != NULL) {
		if (best != NULL) {
			/* Most have one path: no need to write that out each time. */
			bool only = rib_path(rib, net->paths)->next == 0;

			view = path_view(speaker, net, best, only ? NULL : reason, sizeof(reason));
			if (only)
				view.reason = "best: the only path";
			change.best = &view;
			change.members = rib_members(rib, net, &change.group);
			change.backup_members = rib_backup_members(rib, net, &change.backup_group);
		}
		events->route_changed(events->context, &change);
	}
	for (struct bgp_peer *peer = speaker->peers; export && peer != NULL; peer = peer->next) {
		if (peer->out != NULL)
			adj_out_changed(peer, index, best);
	}
	rib_net_tidy(rib, index);
}

static bool
deliver_some(struct bgp_speaker *speaker, usec_t deadline)
{
	for (unsigned i = 1; speaker->rib.changed.count != 0; i++) {
		deliver(speaker, fifo_pop(&speaker->rib.changed));
		if (i % 64 == 0 && clock_monotonic() >= deadline)
			break;
	}
	return speaker->rib.changed.count != 0;
}

/* A peer drains its session from when all accepted paths carry the community until one doesn't, or none is
 * left. */
static void
tell_graceful(struct bgp_speaker *speaker, struct bgp_peer *peer)
{
	const struct rib_peer *known = rib_peer(&speaker->rib, peer->index);
	bool graceful = known->accepted != 0 && known->graceful == known->accepted;

	if (graceful == peer->reported_graceful)
		return;
	peer->reported_graceful = graceful;
	if (speaker->config.events.graceful_changed != NULL)
		speaker->config.events.graceful_changed(speaker->config.events.context, peer, graceful);
}

static void
tell_teaches(struct bgp_speaker *speaker, struct bgp_peer *peer)
{
	bool teaches = rib_peer(&speaker->rib, peer->index)->accepted != 0;

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
		uint32_t lowest = rib_peer(&speaker->rib, peer->index)->lowest_med;

		next = peer->next;
		if (peer->removed)
			continue;
		if (peer->tell_now) {
			peer->tell_now = peer->tell_soon = false;
			if (events->peer_changed != NULL)
				events->peer_changed(events->context, peer);
		}
		if (lowest != peer->reported_med && !rib_peer(&speaker->rib, peer->index)->med_stale &&
		    !rib_peer(&speaker->rib, peer->index)->med_scanning) {
			peer->reported_med = lowest;
			if (events->med_changed != NULL)
				events->med_changed(events->context, peer, lowest);
		}
		tell_teaches(speaker, peer);
		tell_graceful(speaker, peer);
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
	if (session == NULL || session->connection == NULL ||
	    (session->connection->in.length == 0 && !session->connection->ended))
		return false;
	return session_input(session, deadline);
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

static bool
output_all(struct bgp_speaker *speaker, usec_t deadline)
{
	struct bgp_peer *first = speaker->output_turn != NULL ? speaker->output_turn : speaker->peers,
			*peer = first;
	bool more = false;

	if (peer == NULL)
		return false;
	do {
		if (peer->out != NULL) {
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

/* Frees removed peers of whom no path is left. */
static void
forget_removed(struct bgp_speaker *speaker)
{
	struct bgp_peer **link = &speaker->peers;

	while (*link != NULL) {
		struct bgp_peer *peer = *link;

		if (!peer->removed || rib_sweeping(&speaker->rib)) {
			link = &peer->next;
			continue;
		}
		*link = peer->next;
		rib_peer_give(&speaker->rib, peer->index);
		speaker->input_turn = speaker->output_turn = NULL;
		peer_free(peer);
	}
	speaker->peers_tail = link;
}

static void
speaker_slice(uv_idle_t *idle)
{
	struct bgp_speaker *speaker = idle->data;
	usec_t now = clock_monotonic(), deadline = now + SLICE_US, due;
	bool more;

	tell_peers(speaker);
	more = input_all(speaker, now + SLICE_US / 2);
	more = deliver_some(speaker, now + SLICE_US * 2 / 3) || more;
	more = output_all(speaker, deadline - SLICE_US / 10) || more;
	more = rib_work(&speaker->rib, more ? clock_monotonic() + SLICE_US / 6 : deadline) || more;
	more = adj_out_reap(speaker, deadline) || more;
	more = speaker->rib.changed.count != 0 || more;
	forget_removed(speaker);
	tell_peers(speaker);
	due = rib_due(&speaker->rib);
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
	if (rib_due(&speaker->rib) != 0)
		speaker_kick(speaker);
}

/* --- life -------------------------------------------------------------------------------------- */

struct bgp_speaker *
bgp_speaker_open(uv_loop_t *loop, const struct bgp_speaker_config *config, struct error *err)
{
	struct bgp_speaker *speaker = memory_zeroed(1, sizeof(*speaker));
	struct attribute_set set = {.present = HAS_ORIGIN | HAS_AS_PATH, .origin = BGP_ORIGIN_IGP};

	speaker->loop = loop;
	speaker->config = *config;
	speaker->peers_tail = &speaker->peers;
	if (config->router_id == 0) {
		error_set(err, "BGP needs a router id that is not 0.0.0.0");
		free(speaker);
		return NULL;
	}
	if (!listeners_open(speaker, err)) {
		free(speaker);
		return NULL;
	}
	rib_init(&speaker->rib, AF_INET);
	speaker->rib.context = speaker;
	speaker->local_attributes = attributes_intern(&speaker->rib.attributes, &set);
	uv_idle_init(loop, &speaker->idle);
	uv_timer_init(loop, &speaker->timer);
	speaker->idle.data = speaker->timer.data = speaker;
	speaker->handles += 2;
	return speaker;
}

static void
free_speaker(struct bgp_speaker *speaker)
{
	struct bgp_peer *next;

	adj_out_free_all(speaker);
	for (struct bgp_peer *peer = speaker->peers; peer != NULL; peer = next) {
		next = peer->next;
		peer_free(peer);
	}
	attributes_release(&speaker->rib.attributes, speaker->local_attributes);
	rib_free(&speaker->rib);
	vector_free(&speaker->scratch);
	vector_free(&speaker->by_index);
	free(speaker);
}

void
speaker_handle_closed(struct bgp_speaker *speaker)
{
	if (--speaker->handles == 0 && speaker->closing)
		free_speaker(speaker);
}

static void
on_handle_closed(uv_handle_t *handle)
{
	speaker_handle_closed(handle->data);
}

void
bgp_speaker_close(struct bgp_speaker *speaker)
{
	struct bgp_error error;

	if (speaker == NULL || speaker->closing)
		return;
	speaker->closing = true;
	speaker->config.events = (struct bgp_events){0};
	speaker->rib.row_changed = NULL;
	bgp_error_set(&error, BGP_ERROR_CEASE, CEASE_SHUTDOWN, NULL, 0, "the speaker ends");
	for (struct bgp_peer *peer = speaker->peers; peer != NULL; peer = peer->next) {
		struct session_end end = {.send = &error, .stay = true, .quiet = true};

		if (peer->second != NULL)
			session_end(peer->second, &end);
		session_end(peer->main, &end);
	}
	while (speaker->connections != NULL)
		connection_finish(speaker->connections);
	listeners_close(speaker);
	uv_close((uv_handle_t *)&speaker->idle, on_handle_closed);
	uv_close((uv_handle_t *)&speaker->timer, on_handle_closed);
}

void
bgp_speaker_watch(struct bgp_speaker *speaker, bool received, bool advertised)
{
	speaker->watch_received = received;
	speaker->watch_advertised = advertised;
	speaker->rib.row_changed =
	    received && speaker->config.events.received_changed != NULL ? on_row : NULL;
}

/* --- networks ---------------------------------------------------------------------------------- */

bool
bgp_prefix_usable(const struct ip_prefix *prefix)
{
	return prefix->address.family == AF_INET && bgp_destination(prefix->address.bytes, prefix->length);
}

bool
bgp_network_add(struct bgp_speaker *speaker, const struct ip_prefix *prefix)
{
	struct ip_prefix network = ip_prefix_network(prefix);
	struct rib *rib = &speaker->rib;
	uint32_t index;

	if (network.address.family != rib->family)
		return false;
	index = trie_get(&rib->trie, network.address.bytes, network.length);
	for (uint32_t at = index != 0 ? rib_net(rib, index)->paths : 0; at != 0;
	     at = rib_path(rib, at)->next) {
		if (rib_path(rib, at)->peer == RIB_LOCAL)
			return false;
	}
	rib_announce(rib, RIB_LOCAL, network.address.bytes, network.length, speaker->local_attributes,
		     PATH_USABLE);
	speaker_kick(speaker);
	return true;
}

bool
bgp_network_remove(struct bgp_speaker *speaker, const struct ip_prefix *prefix)
{
	struct ip_prefix network = ip_prefix_network(prefix);

	speaker_kick(speaker);
	return network.address.family == speaker->rib.family &&
	       rib_withdraw(&speaker->rib, RIB_LOCAL, network.address.bytes, network.length);
}
