// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What sessions hear, written down as MRT's BGP4MP (RFC 6396, 4.4): messages as they came, before anything is
 * made of them, and changes of state. The subtype says of how many octets AS numbers are in the messages.
 *
 * A disk that does not keep up costs records, never the loop: what does not fit into the buffer is counted,
 * and told.
 */
#include "core/bgp/mrt_internal.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"

#define WAIT_MOST (16u * 1024 * 1024) /* octets that may wait for the disk */
#define WRITE_FROM (256u * 1024)      /* that are written at once; fewer within a second */
#define TICK_MS 1000

struct mrt_log {
	struct bgp_speaker *speaker;
	struct mrt_file *file;
	uv_timer_t timer;
	char *path;
	uint32_t rotate_s, keep;
	usec_t rotate_at; /* 0: never */
	bool failing;     /* and it was said */
	uint64_t lost, lost_told;
};

/* --- records ----------------------------------------------------------------------------------- */

static uint16_t
narrow(uint32_t asn)
{
	return (uint16_t)(asn > UINT16_MAX ? BGP_AS_TRANS : asn);
}

/* RFC 6396, 4.4.1 to 4.4.4: who spoke to whom. A session that has no connection yet has no address of its
 * own. */
static void
write_ends(struct writer *w, const struct session *session, bool wide)
{
	const struct bgp_peer_config *config = &session->peer->config;
	uint8_t family = config->remote.family;
	struct ip_address local = session->local.family == family  ? session->local
				  : config->local.family == family ? config->local
								   : (struct ip_address){.family = family};

	if (wide) {
		writer_u32(w, config->remote_asn);
		writer_u32(w, config->local_asn);
	} else {
		writer_u16(w, narrow(config->remote_asn));
		writer_u16(w, narrow(config->local_asn));
	}
	writer_u16(w, 0); /* index of an interface: unknown */
	writer_u16(w, family == AF_INET6 ? 2 : 1);
	writer_bytes(w, config->remote.bytes, ip_family_bytes(family));
	writer_bytes(w, local.bytes, ip_family_bytes(family));
}

static void
flush(struct mrt_log *log, size_t least)
{
	if (!log->file->busy && log->file->filling.length >= least)
		mrt_file_do(log->file, log->failing ? MRT_APPEND : MRT_WRITE);
}

/* Room for a record; false: it is lost. */
static bool
make_room(struct mrt_log *log, size_t size, struct writer *w)
{
	uint8_t *at = NULL;

	if (log->file->filling.length + size <= WAIT_MOST)
		at = buffer_reserve(&log->file->filling, size);
	if (at == NULL)
		log->lost++;
	else
		*w = writer_over(at, size);
	return at != NULL;
}

static void
finish(struct mrt_log *log, struct writer *w)
{
	if (w->failed)
		return;
	mrt_end(w);
	buffer_added(&log->file->filling, writer_length(w));
	flush(log, WRITE_FROM);
}

#define ENDS_MOST 44

/* The families of an UPDATE's prefixes, as BGP_FAMILY_BIT() of each. */
static unsigned
families_of(struct reader body)
{
	struct reader withdrawn = reader_sub(&body, reader_u16(&body));
	struct reader attributes = reader_sub(&body, reader_u16(&body));
	unsigned families = reader_left(&withdrawn) + reader_left(&body) != 0 ? BGP_FAMILY_BIT(BGP_IPV4) : 0;
	enum bgp_family family;

	while (reader_left(&attributes) != 0) {
		uint8_t flags = reader_u8(&attributes), type = reader_u8(&attributes);
		size_t length = flags & FLAG_EXTENDED ? reader_u16(&attributes) : reader_u8(&attributes);
		struct reader value = reader_sub(&attributes, length);
		uint16_t afi = reader_u16(&value);

		if ((type == ATTRIBUTE_MP_REACH || type == ATTRIBUTE_MP_UNREACH) &&
		    family_of(afi, reader_u8(&value), &family))
			families |= BGP_FAMILY_BIT(family);
	}
	return families;
}

void
mrt_log_message(const struct session *session, uint8_t type, struct reader body)
{
	struct mrt_log *log = session->peer->speaker->log;
	size_t length = BGP_HEADER + reader_left(&body);
	/* Only UPDATEs have AS numbers whose length the subtype has to tell. */
	bool wide = session->four_octet || type != BGP_UPDATE;
	bool ids =
	    type == BGP_UPDATE && session->add_path_in != 0 && session->add_path_in & families_of(body);
	struct writer w;

	if (type == BGP_KEEPALIVE || !make_room(log, MRT_HEADER + ENDS_MOST + length, &w))
		return;
	mrt_begin(&w, MRT_BGP4MP,
		  wide  ? ids ? MRT_MESSAGE_AS4_ADDPATH : MRT_MESSAGE_AS4
		  : ids ? MRT_MESSAGE_ADDPATH
			: MRT_MESSAGE);
	write_ends(&w, session, wide);
	for (unsigned i = 0; i < 16; i++)
		writer_u8(&w, 0xff);
	writer_u16(&w, (uint16_t)length);
	writer_u8(&w, type);
	writer_bytes(&w, body.at, reader_left(&body));
	finish(log, &w);
}

/* Its numbers are those of RFC 4271's order, from 1. */
void
mrt_log_state(const struct session *session, enum bgp_state before, enum bgp_state after)
{
	struct mrt_log *log = session->peer->speaker->log;
	struct writer w;

	if (before == after || !make_room(log, MRT_HEADER + ENDS_MOST + 4, &w))
		return;
	mrt_begin(&w, MRT_BGP4MP, MRT_STATE_CHANGE_AS4);
	write_ends(&w, session, true);
	writer_u16(&w, (uint16_t)(before + 1));
	writer_u16(&w, (uint16_t)(after + 1));
	finish(log, &w);
}

/* --- its course -------------------------------------------------------------------------------- */

static void
on_ready(void *context)
{
	struct mrt_log *log = context;
	bool failed = log->file->failure[0] != '\0';

	if (failed && !log->failing)
		speaker_event(log->speaker, "warning", "mrt.failed", "updates are not written down: %s",
			      log->file->failure);
	else if (!failed && log->failing)
		speaker_event(log->speaker, "notice", "mrt.written", "updates are written to %s again",
			      log->path);
	log->failing = failed;
}

static void
on_tick(uv_timer_t *timer)
{
	struct mrt_log *log = timer->data;

	if (log->lost != log->lost_told) {
		speaker_event(log->speaker, "warning", "mrt.lost",
			      "%llu messages were not written to %s: the disk does not keep up",
			      (unsigned long long)(log->lost - log->lost_told), log->path);
		log->lost_told = log->lost;
	}
	if (log->rotate_at == 0 || clock_monotonic() < log->rotate_at || log->file->busy) {
		flush(log, 1);
		return;
	}
	log->rotate_at += (usec_t)log->rotate_s * USEC_PER_SEC;
	mrt_file_do(log->file, MRT_ROTATE);
}

static void
on_timer_closed(uv_handle_t *handle)
{
	struct mrt_log *log = handle->data;
	struct bgp_speaker *speaker = log->speaker;

	free(log->path);
	free(log);
	speaker_handle_closed(speaker);
}

void
mrt_log_stop(struct bgp_speaker *speaker)
{
	struct mrt_log *log = speaker->log;

	if (log == NULL)
		return;
	speaker->log = NULL;
	mrt_file_end(log->file, MRT_CLOSE);
	uv_close((uv_handle_t *)&log->timer, on_timer_closed);
}

static bool
is_same(const struct mrt_log *log, const struct bgp_updates_config *config)
{
	return config->path != NULL && strcmp(log->path, config->path) == 0 &&
	       log->rotate_s == config->rotate_s && log->keep == config->keep;
}

void
bgp_updates_keep(struct bgp_speaker *speaker, const struct bgp_updates_config *config)
{
	struct mrt_log *log;

	if (speaker->log != NULL && is_same(speaker->log, config))
		return;
	mrt_log_stop(speaker);
	if (config->path == NULL)
		return;
	log = memory_zeroed(1, sizeof(*log));
	log->speaker = speaker;
	log->path = text_copy(config->path);
	log->rotate_s = config->rotate_s;
	log->keep = config->keep;
	log->rotate_at =
	    config->rotate_s != 0 ? clock_monotonic() + (usec_t)config->rotate_s * USEC_PER_SEC : 0;
	uv_timer_init(speaker->loop, &log->timer);
	log->timer.data = log;
	speaker->handles++;
	log->file = mrt_file_new(speaker, config->path, config->keep, on_ready, log);
	speaker->log = log;
	mrt_file_do(log->file, MRT_APPEND);
	uv_timer_start(&log->timer, on_tick, TICK_MS, TICK_MS);
}
