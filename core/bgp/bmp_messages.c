// SPDX-License-Identifier: GPL-2.0-or-later
/* BMP's messages (RFC 7854, 4). AS paths are told with numbers of four octets, whatever the session has, but
 * in UPDATEs that are passed on as they were sent: these have flag A (4.2) where the session has two. */
#include "core/bgp/bmp_internal.h"

#include <string.h>
#include <sys/socket.h>

enum { TLV_DESCRIPTION = 1, TLV_NAME = 2 };
enum { TLV_TABLE_NAME = 3 };                /* of a Peer Up (RFC 9069, 5.2.1) */
enum { PEER_GLOBAL = 0, PEER_LOC_RIB = 3 }; /* types of peers (RFC 7854, 4.2; RFC 9069, 4.1) */
/* 4.8: gauges of 64 bits; 15 and 17: RFC 8671, 6.2. */
enum {
	GAUGE_ADJ_IN = 7,
	GAUGE_LOC_RIB = 8,
	GAUGE_ADJ_IN_OF = 9,
	GAUGE_LOC_RIB_OF = 10,
	GAUGE_ADJ_OUT = 15,
	GAUGE_ADJ_OUT_OF = 17
};

void
bmp_begin(struct writer *w, enum bmp_type type)
{
	writer_u8(w, 3);
	writer_u32(w, 0);
	writer_u8(w, (uint8_t)type);
}

void
bmp_end(struct writer *w)
{
	uint32_t length = (uint32_t)writer_length(w);

	writer_patch_u16(w, 1, (uint16_t)(length >> 16));
	writer_patch_u16(w, 3, (uint16_t)length);
}

/* 16 octets; IPv4 in the last four. */
static void
write_address(struct writer *w, const struct ip_address *address)
{
	static const uint8_t none[12];

	if (address->family != AF_INET6)
		writer_bytes(w, none, sizeof(none));
	writer_bytes(w, address->bytes, address->family == AF_INET6 ? 16 : 4);
}

uint8_t
bmp_view_flags(enum bgp_view view)
{
	static const uint8_t flags[BGP_VIEW_COUNT] = {
	    [BGP_VIEW_IN_POST] = BMP_FLAG_L,
	    [BGP_VIEW_OUT_PRE] = BMP_FLAG_O,
	    [BGP_VIEW_OUT_POST] = BMP_FLAG_O | BMP_FLAG_L,
	};

	return flags[view];
}

void
bmp_write_peer(struct writer *w, const struct bgp_speaker *speaker, const struct bgp_peer *peer,
	       uint8_t flags)
{
	static const struct ip_address nobody = {.family = AF_INET};
	usec_t now = clock_wall();

	writer_u8(w, peer != NULL ? PEER_GLOBAL : PEER_LOC_RIB);
	writer_u8(w, peer != NULL && peer->config.remote.family == AF_INET6 ? flags | BMP_FLAG_V : flags);
	writer_u64(w, 0); /* of the global instance */
	write_address(w, peer != NULL ? &peer->config.remote : &nobody);
	writer_u32(w, peer != NULL ? peer->config.remote_asn : speaker->config.asn);
	writer_u32(w, peer != NULL ? peer_known(peer, 0)->identifier : speaker->config.router_id);
	writer_u32(w, (uint32_t)(now / USEC_PER_SEC));
	writer_u32(w, (uint32_t)(now % USEC_PER_SEC));
}

static void
write_text(struct writer *w, uint16_t type, const char *text)
{
	size_t length = strnlen(text, 255);

	writer_u16(w, type);
	writer_u16(w, (uint16_t)length);
	writer_bytes(w, text, length);
}

void
bmp_write_initiation(struct writer *w, const char *name, const char *description)
{
	bmp_begin(w, BMP_INITIATION);
	write_text(w, TLV_DESCRIPTION, description);
	write_text(w, TLV_NAME, name);
	bmp_end(w);
}

void
bmp_write_termination(struct writer *w)
{
	bmp_begin(w, BMP_TERMINATION);
	writer_u16(w, 1);
	writer_u16(w, 2);
	writer_u16(w, 0); /* administratively closed */
	bmp_end(w);
}

static uint16_t
port_of(int fd, int (*name)(int fd, struct sockaddr *address, socklen_t *length))
{
	struct sockaddr_storage storage = {0};
	socklen_t length = sizeof(storage);

	if (name(fd, (struct sockaddr *)&storage, &length) != 0)
		return 0;
	/* Both families have it in the same place. */
	return ntohs(((const struct sockaddr_in *)(const void *)&storage)->sin_port);
}

void
bmp_write_peer_up(struct writer *w, const struct bgp_peer *peer)
{
	const struct session *session = peer->main;
	int fd = session->connection != NULL ? session->connection->fd : -1;

	bmp_begin(w, BMP_PEER_UP);
	bmp_write_peer(w, peer->speaker, peer, 0);
	write_address(w, &session->local);
	writer_u16(w, port_of(fd, getsockname));
	writer_u16(w, port_of(fd, getpeername));
	writer_bytes(w, session->sent_open.bytes, session->sent_open.length);
	writer_bytes(w, session->received_open.bytes, session->received_open.length);
	bmp_end(w);
}

/* An OPEN as it would be if the table were spoken of: both families, AS numbers of four octets (RFC
 * 9069, 5.1). */
static void
write_table_open(struct writer *w, const struct bgp_speaker *speaker)
{
	struct bgp_open open = {
	    .asn = speaker->config.asn,
	    .identifier = speaker->config.router_id,
	    .capabilities = CAPABILITY_IPV4 | CAPABILITY_IPV6 | CAPABILITY_FOUR_OCTET,
	};

	bgp_open_write(w, &open);
}

void
bmp_write_loc_rib_up(struct writer *w, const struct bgp_speaker *speaker)
{
	static const struct ip_address nobody = {.family = AF_INET};

	bmp_begin(w, BMP_PEER_UP);
	bmp_write_peer(w, speaker, NULL, 0);
	write_address(w, &nobody);
	writer_u32(w, 0); /* no ports */
	write_table_open(w, speaker);
	write_table_open(w, speaker);
	write_text(w, TLV_TABLE_NAME, "global");
	bmp_end(w);
}

/* A NOTIFICATION of the peer's; a hard reset's stands for itself, unwrapped. */
static void
write_received(struct writer *w, const struct session_end *end)
{
	size_t begin = writer_length(w);

	bgp_message_begin(w, BGP_NOTIFICATION);
	writer_u8(w, end->received_code);
	writer_u8(w, end->received_subcode);
	writer_bytes(w, end->received_data.at, reader_left(&end->received_data));
	bgp_message_end(w, begin);
}

void
bmp_write_peer_down(struct writer *w, const struct bgp_peer *peer, const struct session_end *end)
{
	bmp_begin(w, BMP_PEER_DOWN);
	bmp_write_peer(w, peer->speaker, peer, 0);
	if (end->received_text != NULL) {
		writer_u8(w, BMP_DOWN_BY_PEER);
		write_received(w, end);
	} else if (end->send != NULL) {
		writer_u8(w, BMP_DOWN_NOTIFIED);
		bgp_notification_write(w, end->send);
	} else if (end->loss == LOSS_TCP) {
		writer_u8(w, BMP_DOWN_LOST);
	} else {
		writer_u8(w, BMP_DOWN_SILENT);
		writer_u16(w, 8); /* RFC 4271, 8.1.2: AutomaticStop */
	}
	bmp_end(w);
}

static void
write_gauge(struct writer *w, uint16_t type, uint64_t value)
{
	writer_u16(w, type);
	writer_u16(w, 8);
	writer_u64(w, value);
}

static void
write_gauge_of(struct writer *w, uint16_t type, enum bgp_family family, uint64_t value)
{
	writer_u16(w, type);
	writer_u16(w, 11);
	writer_u16(w, family_afi(family));
	writer_u8(w, 1); /* unicast */
	writer_u64(w, value);
}

static uint64_t
advertised_of(const struct bgp_peer *peer, enum bgp_family family)
{
	return peer->out[family] != NULL ? peer->out[family]->count : 0;
}

void
bmp_write_statistics(struct writer *w, const struct bgp_peer *peer)
{
	uint64_t received = 0, advertised = 0;

	for (unsigned f = 0; f < BGP_FAMILY_COUNT; f++) {
		received += peer_known(peer, f)->received;
		advertised += advertised_of(peer, f);
	}
	bmp_begin(w, BMP_STATISTICS);
	bmp_write_peer(w, peer->speaker, peer, 0);
	writer_u32(w, 2 + 2 * BGP_FAMILY_COUNT);
	write_gauge(w, GAUGE_ADJ_IN, received);
	for (unsigned f = 0; f < BGP_FAMILY_COUNT; f++)
		write_gauge_of(w, GAUGE_ADJ_IN_OF, f, peer_known(peer, f)->received);
	write_gauge(w, GAUGE_ADJ_OUT, advertised);
	for (unsigned f = 0; f < BGP_FAMILY_COUNT; f++)
		write_gauge_of(w, GAUGE_ADJ_OUT_OF, f, advertised_of(peer, f));
	bmp_end(w);
}

void
bmp_write_loc_rib_statistics(struct writer *w, const struct bgp_speaker *speaker)
{
	uint64_t all = 0;

	bmp_begin(w, BMP_STATISTICS);
	bmp_write_peer(w, speaker, NULL, 0);
	writer_u32(w, 1 + BGP_FAMILY_COUNT);
	for (unsigned f = 0; f < BGP_FAMILY_COUNT; f++) {
		all += speaker->ribs[f].chosen;
		write_gauge_of(w, GAUGE_LOC_RIB_OF, f, speaker->ribs[f].chosen);
	}
	write_gauge(w, GAUGE_LOC_RIB, all);
	bmp_end(w);
}

void
bmp_write_end_of_rib(struct writer *w, const struct bgp_speaker *speaker, const struct bgp_peer *peer,
		     enum bgp_family family, enum bgp_view view)
{
	size_t update;

	bmp_begin(w, BMP_ROUTE_MONITORING);
	bmp_write_peer(w, speaker, peer, bmp_view_flags(view));
	update = writer_length(w);
	bgp_message_begin(w, BGP_UPDATE);
	writer_u32(w, 0);
	if (family != BGP_IPV4) {
		size_t part = multiprotocol_begin(w, family, NULL);

		multiprotocol_end(w, part);
		writer_patch_u16(w, update + BGP_HEADER + 2, (uint16_t)(writer_length(w) - part));
	}
	bgp_message_end(w, update);
	bmp_end(w);
}
