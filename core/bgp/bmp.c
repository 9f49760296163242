// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Collectors, and the connections to them (RFC 7854, 3). A collector that connects is told who this is, which
 * sessions are up, then in slices all that their peers have told; from then on, and for prefixes that this
 * first dump has passed already, each change as it comes.
 *
 * What waits for a collector is bounded: one that does not keep up loses its connection, and with the next
 * one is told all again. Sessions and the loop never wait for it.
 */
#include "core/bgp/bmp_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"

#define WAIT_MOST (32u * 1024 * 1024) /* octets that may wait for a collector */
#define SEND_MOST (256u * 1024)       /* a message before these is sent at once */
#define GREETING_MOST 1024u           /* two texts of 255 octets, and what is around them */
#define RETRY_LEAST_MS 1000u
#define RETRY_MOST_MS 60000u

static void attempt(uv_timer_t *timer);

/* --- its end ----------------------------------------------------------------------------------- */

static void
free_collector(struct collector *c)
{
	for (unsigned i = 0; i < COUNT_OF(c->packs); i++)
		free(c->packs[i]);
	buffer_free(&c->filling);
	buffer_free(&c->sent);
	free((char *)c->config.name);
	free((char *)c->config.system);
	free((char *)c->config.description);
	free(c);
}

static void
handle_closed(struct collector *c)
{
	struct bgp_speaker *speaker = c->speaker;

	if (--c->handles == 0 && c->removed)
		free_collector(c);
	speaker_handle_closed(speaker);
}

static void
on_timer_closed(uv_handle_t *handle)
{
	handle_closed(handle->data);
}

static void
on_tcp_closed(uv_handle_t *handle)
{
	struct collector *c = handle->data;

	c->open = c->closing = false;
	buffer_free(&c->sent);
	if (!c->removed)
		uv_timer_start(&c->timer, attempt, c->wait_ms, 0);
	handle_closed(c);
}

static void
drop_packs(struct collector *c)
{
	for (unsigned i = 0; i < COUNT_OF(c->packs); i++) {
		struct bmp_pack *pack = c->packs[i];

		if (pack == NULL || !pack->begun)
			continue;
		attributes_release(&c->speaker->attributes, pack->attributes);
		pack->attributes = NULL;
		pack->begun = false;
	}
}

/* Closes the connection; unless it was removed, another attempt follows. */
static void
hang_up(struct collector *c, const char *why)
{
	if (!c->open || c->closing)
		return;
	if (c->up) {
		speaker_event(c->speaker, "warning", "collector.down", "collector %s: %s", c->config.name,
			      why);
	} else if (strcmp(c->failure, why) != 0) {
		speaker_event(c->speaker, "warning", "collector.down", "collector %s can't be reached: %s",
			      c->config.name, why);
	}
	snprintf(c->failure, sizeof(c->failure), "%s", why);
	/* A connection that lasted is followed by another one soon. */
	if (c->up && clock_monotonic() - c->up_at > (usec_t)RETRY_MOST_MS * USEC_PER_MS)
		c->wait_ms = 0;
	c->wait_ms = c->wait_ms == 0 ? RETRY_LEAST_MS : 2 * c->wait_ms;
	if (c->wait_ms > RETRY_MOST_MS)
		c->wait_ms = RETRY_MOST_MS;
	c->down_at = clock_monotonic();
	c->up = c->lost = false;
	c->dump = (struct bmp_dump){0};
	drop_packs(c);
	buffer_free(&c->filling);
	uv_timer_stop(&c->timer);
	c->closing = true;
	uv_close((uv_handle_t *)&c->tcp, on_tcp_closed);
}

/* --- sending ----------------------------------------------------------------------------------- */

void
bmp_send(struct collector *c, const struct writer *w)
{
	if (w->failed || !c->up || c->lost)
		return;
	if (c->filling.length + writer_length(w) > WAIT_MOST ||
	    !buffer_append(&c->filling, w->start, writer_length(w))) {
		c->lost = true;
		return;
	}
	c->messages++;
	c->bytes += writer_length(w);
}

static void on_written(uv_write_t *request, int status);

static void
flush(struct collector *c)
{
	struct buffer empty = {0};
	uv_buf_t out;

	for (unsigned i = 0; i < COUNT_OF(c->packs); i++) {
		if (c->packs[i] != NULL)
			bmp_pack_flush(c, c->packs[i]);
	}
	if (!c->up || c->busy || c->filling.length == 0)
		return;
	c->sent = c->filling;
	c->filling = empty;
	out = uv_buf_init((char *)c->sent.data + c->sent.start, (unsigned)c->sent.length);
	c->busy = true;
	c->writing.data = c;
	if (uv_write(&c->writing, (uv_stream_t *)&c->tcp, &out, 1, on_written) != 0) {
		c->busy = false;
		hang_up(c, "it can't be written to");
	}
}

static void
on_written(uv_write_t *request, int status)
{
	struct collector *c = request->data;

	c->busy = false;
	buffer_free(&c->sent);
	if (status == UV_ECANCELED)
		return;
	if (status != 0) {
		hang_up(c, uv_strerror(status));
		return;
	}
	speaker_kick(c->speaker);
}

/* What was made is sent with the speaker's next turn; most of it is together then. */
void
bmp_send_message(struct collector *c, const struct writer *w)
{
	for (unsigned i = 0; i < COUNT_OF(c->packs); i++) {
		if (c->packs[i] != NULL)
			bmp_pack_flush(c, c->packs[i]);
	}
	bmp_send(c, w);
	speaker_kick(c->speaker);
}

bool
bmp_work(struct bgp_speaker *speaker, usec_t deadline)
{
	bool more = false;

	if (speaker->bmp == NULL)
		return false;
	for (struct collector *c = speaker->bmp->first; c != NULL; c = c->next) {
		bool left =
		    c->dump.under_way && (clock_monotonic() >= deadline || bmp_dump_some(c, deadline));

		if (c->lost)
			hang_up(c, "it does not keep up; it will be told all again");
		flush(c);
		more = more || (c->up && left);
	}
	return more;
}

/* --- connecting -------------------------------------------------------------------------------- */

static void
on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer)
{
	/* A collector has nothing to say (RFC 7854, 3.2). */
	if (count < 0)
		hang_up(stream->data, count == UV_EOF ? "it closed the connection" : uv_strerror((int)count));
}

static void
give_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
	static char ignored[4096];

	*out = uv_buf_init(ignored, sizeof(ignored));
}

static void
tell_statistics(uv_timer_t *timer)
{
	bmp_tell_statistics(timer->data);
}

static void
greet(struct collector *c)
{
	uint8_t room[GREETING_MOST];
	struct writer w = writer_over(room, sizeof(room));
	uint64_t every_ms = (uint64_t)c->config.statistics_s * 1000;

	c->up = true;
	c->up_at = clock_monotonic();
	c->connections++;
	speaker_event(c->speaker, "notice", "collector.up", "collector %s: connected", c->config.name);
	bmp_write_initiation(&w, c->config.system, c->config.description);
	bmp_send_message(c, &w);
	bmp_tell_all_up(c);
	uv_timer_stop(&c->timer);
	if (every_ms != 0)
		uv_timer_start(&c->timer, tell_statistics, every_ms, every_ms);
}

static void
on_connected(uv_connect_t *request, int status)
{
	struct collector *c = request->data;

	if (status == UV_ECANCELED)
		return;
	if (status != 0) {
		hang_up(c, uv_strerror(status));
		return;
	}
	uv_tcp_keepalive(&c->tcp, 1, 60);
	uv_read_start((uv_stream_t *)&c->tcp, give_buffer, on_read);
	greet(c);
}

static void
too_long(uv_timer_t *timer)
{
	hang_up(timer->data, "no answer");
}

static void
attempt(uv_timer_t *timer)
{
	struct collector *c = timer->data;
	struct sockaddr_storage to, from;
	int status;

	ip_address_to_sockaddr(&c->config.remote, c->config.port, &to);
	ip_address_to_sockaddr(&c->config.local, 0, &from);
	uv_tcp_init(c->speaker->loop, &c->tcp);
	c->tcp.data = c->connecting.data = c;
	c->open = true;
	c->handles++;
	c->speaker->handles++;
	status =
	    ip_address_is_set(&c->config.local) ? uv_tcp_bind(&c->tcp, (const struct sockaddr *)&from, 0) : 0;
	if (status == 0)
		status = uv_tcp_connect(&c->connecting, &c->tcp, (const struct sockaddr *)&to, on_connected);
	if (status != 0)
		hang_up(c, uv_strerror(status));
	else
		uv_timer_start(&c->timer, too_long, 10000, 0);
}

/* --- the list ---------------------------------------------------------------------------------- */

static void
add(struct bgp_speaker *speaker, const struct bgp_collector_config *config)
{
	struct collector *c = memory_zeroed(1, sizeof(*c)), **link = &speaker->bmp->first;

	c->speaker = speaker;
	c->config = *config;
	c->config.name = text_copy(config->name);
	c->config.system = text_copy(config->system);
	c->config.description = text_copy(config->description);
	for (unsigned i = 0; i < COUNT_OF(c->packs); i++) {
		if (!(config->views & 1u << i))
			continue;
		c->packs[i] = memory_zeroed(1, sizeof(*c->packs[i]));
		c->packs[i]->view = i;
	}
	uv_timer_init(speaker->loop, &c->timer);
	c->timer.data = c;
	c->handles++;
	speaker->handles++;
	while (*link != NULL)
		link = &(*link)->next;
	*link = c;
	uv_timer_start(&c->timer, attempt, 0, 0);
}

/* Takes its leave of it as far as that goes without waiting. */
static void
take_leave(struct collector *c)
{
	uint8_t room[GREETING_MOST];
	struct writer w = writer_over(room, sizeof(room));
	uv_buf_t out;

	if (!c->up || c->busy)
		return;
	bmp_write_termination(&w);
	bmp_send_message(c, &w);
	out = uv_buf_init((char *)c->filling.data + c->filling.start, (unsigned)c->filling.length);
	/* What does not go at once is lost with the connection. */
	(void)uv_try_write((uv_stream_t *)&c->tcp, &out, 1);
}

static void
remove_collector(struct bgp_speaker *speaker, struct collector *c)
{
	struct collector **link = &speaker->bmp->first;

	while (*link != c)
		link = &(*link)->next;
	*link = c->next;
	take_leave(c);
	c->removed = true;
	c->up = false;
	drop_packs(c);
	if (c->open && !c->closing) {
		c->closing = true;
		uv_close((uv_handle_t *)&c->tcp, on_tcp_closed);
	}
	uv_close((uv_handle_t *)&c->timer, on_timer_closed);
}

static bool
is_same(const struct bgp_collector_config *a, const struct bgp_collector_config *b)
{
	return strcmp(a->name, b->name) == 0 && strcmp(a->system, b->system) == 0 &&
	       ip_address_equal(&a->remote, &b->remote) && ip_address_equal(&a->local, &b->local) &&
	       a->port == b->port && a->statistics_s == b->statistics_s && a->views == b->views;
}

static bool
is_in(const struct bgp_collector_config *config, const struct bgp_collector_config *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (is_same(config, &list[i]))
			return true;
	}
	return false;
}

void
bgp_collectors_set(struct bgp_speaker *speaker, const struct bgp_collector_config *list, size_t count)
{
	if (count != 0 && speaker->bmp == NULL)
		speaker->bmp = memory_zeroed(1, sizeof(*speaker->bmp));
	if (speaker->bmp == NULL)
		return;
	for (struct collector *c = speaker->bmp->first, *next; c != NULL; c = next) {
		next = c->next;
		if (!is_in(&c->config, list, count))
			remove_collector(speaker, c);
	}
	for (size_t i = 0; i < count; i++) {
		bool known = false;

		for (const struct collector *c = speaker->bmp->first; c != NULL; c = c->next)
			known = known || is_same(&c->config, &list[i]);
		if (!known)
			add(speaker, &list[i]);
	}
	if (count == 0) {
		free(speaker->bmp);
		speaker->bmp = NULL;
	}
	speaker_watch_rows(speaker);
}

void
bmp_stop(struct bgp_speaker *speaker)
{
	bgp_collectors_set(speaker, NULL, 0);
}

/* --- for the world ----------------------------------------------------------------------------- */

const char *
bgp_view_name(enum bgp_view view)
{
	static const char *const names[BGP_VIEW_COUNT] = {
	    [BGP_VIEW_IN_PRE] = "pre-policy",      [BGP_VIEW_IN_POST] = "post-policy",
	    [BGP_VIEW_OUT_PRE] = "out-pre-policy", [BGP_VIEW_OUT_POST] = "out-post-policy",
	    [BGP_VIEW_LOC_RIB] = "loc-rib",
	};

	return names[view];
}

void
bgp_walk_collectors(const struct bgp_speaker *speaker,
		    void (*visit)(void *context, const struct bgp_collector_status *status), void *context)
{
	for (const struct collector *c = speaker->bmp != NULL ? speaker->bmp->first : NULL; c != NULL;
	     c = c->next) {
		struct bgp_collector_status status = {
		    .name = c->config.name,
		    .port = c->config.port,
		    .views = c->config.views,
		    .connected = c->up,
		    .connecting = !c->up && c->open && !c->closing,
		    .dumping = c->dump.under_way,
		    .since = c->up ? c->up_at : c->down_at,
		    .messages = c->messages,
		    .bytes = c->bytes,
		    .queue_bytes = c->filling.length + (c->busy ? c->sent.length : 0),
		    .connections = c->connections,
		    .failure = c->failure,
		};

		visit(context, &status);
	}
}
