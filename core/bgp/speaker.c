// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The speaker: its life, from its opening until its last handle is closed, and what it says of itself and of
 * rows to those who watch. Its work is done in turns: see speaker_turns.c.
 */
#include "core/bgp/bmp_internal.h"
#include "core/bgp/chronicle_internal.h"
#include "core/bgp/mrt_internal.h"
#include "core/bgp/origin_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/text.h"

void
speaker_event(struct bgp_speaker *speaker, const char *severity, const char *kind, const char *format, ...)
{
	const struct bgp_events *events = &speaker->config.events;
	char text[512], clean[512];
	va_list args;

	if (events->speaker_event == NULL)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	events->speaker_event(events->context, severity, kind, text_clean(clean, sizeof(clean), text));
}

static void
on_reconsider(void *context, struct rib *rib, uint32_t path)
{
	import_again(speaker_peer_of(context, rib_path(rib, path)->peer), rib, path);
}

static void
on_look_again(void *context, struct rib *rib, uint32_t path)
{
	next_hop_look_again(context, rib, path);
}

static void
on_unfollow(void *context, const struct ip_address *next_hop)
{
	const struct bgp_events *events = &((struct bgp_speaker *)context)->config.events;

	if (events->next_hop_unfollow != NULL)
		events->next_hop_unfollow(events->context, next_hop);
}

static void
on_row(void *context, struct rib *rib, const struct net *net, const struct path *path, bool gone)
{
	struct bgp_speaker *speaker = context;
	char reason[200];
	struct bgp_path view;

	if (speaker->bmp != NULL)
		bmp_row(speaker, rib, net, path, gone);
	if (!speaker->watch_received || speaker->config.events.received_changed == NULL)
		return;
	view = path_view(speaker, rib, net, path, gone ? NULL : reason, sizeof(reason));
	if (view.peer != NULL && !view.peer->removed)
		speaker->config.events.received_changed(speaker->config.events.context,
							(struct bgp_peer *)view.peer, &view, gone);
}

struct bgp_speaker *
bgp_speaker_open(uv_loop_t *loop, const struct bgp_speaker_config *config, struct error *err)
{
	struct bgp_speaker *speaker = memory_zeroed(1, sizeof(*speaker));
	struct attribute_set set = {.present = HAS_ORIGIN | HAS_AS_PATH, .origin = BGP_ORIGIN_IGP};

	speaker->loop = loop;
	speaker->config = *config;
	speaker->deferring = config->restarted;
	speaker->opened_at = clock_monotonic();
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
	attribute_table_init(&speaker->attributes);
	speaker->attributes.next_hops.unfollow = on_unfollow;
	speaker->attributes.next_hops.context = speaker;
	speaker->chronicle = chronicle_new();
	for (unsigned f = 0; f < BGP_FAMILY_COUNT; f++) {
		rib_init(&speaker->ribs[f], f == BGP_IPV4 ? AF_INET : AF_INET6, &speaker->attributes);
		speaker->ribs[f].context = speaker;
		speaker->ribs[f].chronicle = speaker->chronicle;
		speaker->ribs[f].reconsider = on_reconsider;
		speaker->ribs[f].look_again = on_look_again;
	}
	speaker->local_attributes = attributes_intern(&speaker->attributes, &set);
	uv_idle_init(loop, &speaker->idle);
	uv_timer_init(loop, &speaker->timer);
	speaker->idle.data = speaker->timer.data = speaker;
	speaker->handles += 2;
	if (speaker->deferring)
		speaker_kick(speaker);
	return speaker;
}

static void
free_speaker(struct bgp_speaker *speaker)
{
	struct bgp_peer *next;

	adj_out_reap(speaker);
	for (struct bgp_peer *peer = speaker->peers; peer != NULL; peer = next) {
		next = peer->next;
		peer_free(peer);
	}
	aggregates_free(speaker);
	attributes_release(&speaker->attributes, speaker->local_attributes);
	for (unsigned f = 0; f < BGP_FAMILY_COUNT; f++)
		rib_free(&speaker->ribs[f]);
	attribute_table_free(&speaker->attributes);
	chronicle_free(speaker->chronicle);
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
	bgp_speaker_watch(speaker, false, false);
	bgp_error_set(&error, BGP_ERROR_CEASE, CEASE_SHUTDOWN, NULL, 0, "the speaker ends");
	for (struct bgp_peer *peer = speaker->peers; peer != NULL; peer = peer->next) {
		struct session_end end = {.send = &error, .stay = true, .quiet = true};

		if (peer->second != NULL)
			session_end(peer->second, &end);
		if (speaker->leaving && deferral_keeps(peer->main))
			end.send = NULL;
		session_end(peer->main, &end);
	}
	while (speaker->connections != NULL)
		connection_finish(speaker->connections);
	listeners_close(speaker);
	bmp_stop(speaker);
	mrt_dump_stop(speaker);
	mrt_log_stop(speaker);
	uv_close((uv_handle_t *)&speaker->idle, on_handle_closed);
	uv_close((uv_handle_t *)&speaker->timer, on_handle_closed);
}

void
bgp_speaker_leave(struct bgp_speaker *speaker)
{
	if (speaker != NULL)
		speaker->leaving = true;
	bgp_speaker_close(speaker);
}

void
bgp_speaker_watch(struct bgp_speaker *speaker, bool received, bool advertised)
{
	speaker->watch_received = received;
	speaker->watch_advertised = advertised;
	speaker_watch_rows(speaker);
}

void
speaker_watch_rows(struct bgp_speaker *speaker)
{
	bool told = speaker->watch_received && speaker->config.events.received_changed != NULL;

	for (unsigned f = 0; f < BGP_FAMILY_COUNT; f++)
		speaker->ribs[f].row_changed = told || speaker->bmp != NULL ? on_row : NULL;
}
