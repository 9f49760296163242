// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * BMP, version 3 (RFC 7854): what peers tell, told on to collectors; what they are told (RFC 8671), and what
 * was chosen (RFC 9069). bmp.c has the collectors and their connections, bmp_tell.c what they are told and
 * when, bmp_rows.c how paths are packed into messages, bmp_messages.c the bytes.
 */
#ifndef TWINSPAN_BGP_BMP_INTERNAL_H
#define TWINSPAN_BGP_BMP_INTERNAL_H

#include "core/bgp/speaker_internal.h"

enum bmp_type {
	BMP_ROUTE_MONITORING,
	BMP_STATISTICS,
	BMP_PEER_DOWN,
	BMP_PEER_UP,
	BMP_INITIATION,
	BMP_TERMINATION,
};
#define BMP_COMMON_HEADER 6
#define BMP_PEER_HEADER 42

/* RFC 7854, 4.9. */
enum { BMP_DOWN_NOTIFIED = 1, BMP_DOWN_SILENT, BMP_DOWN_BY_PEER, BMP_DOWN_LOST };

/* --- bmp_messages.c ---------------------------------------------------------------------------- */

void bmp_begin(struct writer *w, enum bmp_type type);
/** Sets the length of the message that the writer holds. */
void bmp_end(struct writer *w);
/* Flags of the header that names a peer (RFC 7854, 4.2; RFC 8671, 4). */
enum { BMP_FLAG_V = 0x80, BMP_FLAG_L = 0x40, BMP_FLAG_A = 0x20, BMP_FLAG_O = 0x10 };
/** The flags by which a view is told. */
uint8_t bmp_view_flags(enum bgp_view view);
/** That header. `peer` NULL: it is about the Loc-RIB (RFC 9069, 4.1). */
void bmp_write_peer(struct writer *w, const struct bgp_speaker *speaker, const struct bgp_peer *peer,
		    uint8_t flags);
void bmp_write_initiation(struct writer *w, const char *name, const char *description);
void bmp_write_termination(struct writer *w);
/** Of a peer whose session is Established. */
void bmp_write_peer_up(struct writer *w, const struct bgp_peer *peer);
void bmp_write_peer_down(struct writer *w, const struct bgp_peer *peer, const struct session_end *end);
void bmp_write_statistics(struct writer *w, const struct bgp_peer *peer);
/** RFC 9069, 5.1 and 5.5: the Loc-RIB as if it were a peer. */
void bmp_write_loc_rib_up(struct writer *w, const struct bgp_speaker *speaker);
void bmp_write_loc_rib_statistics(struct writer *w, const struct bgp_speaker *speaker);
/** `peer` NULL: of the Loc-RIB. */
void bmp_write_end_of_rib(struct writer *w, const struct bgp_speaker *speaker, const struct bgp_peer *peer,
			  enum bgp_family family, enum bgp_view view);

/* --- bmp_rows.c -------------------------------------------------------------------------------- */

/* A Route Monitoring message that more prefixes may go into: those of one peer, with the same attributes. */
struct bmp_pack {
	enum bgp_view view;
	bool begun;                  /* prefixes are in it */
	const struct bgp_peer *peer; /* NULL: the Loc-RIB */
	enum bgp_family family;
	struct bgp_attributes *attributes; /* a reference; NULL: withdrawn */
	bool fields;                       /* prefixes stand in the UPDATE's own fields */
	size_t update, part;               /* where the UPDATE begins, and the part with its prefixes */
	size_t section_length;
	struct writer w;
	uint8_t section[BGP_MESSAGE_EXTENDED];
	uint8_t room[BMP_COMMON_HEADER + BMP_PEER_HEADER + BGP_MESSAGE_EXTENDED];
};

struct collector;

/** Ends the message, and hands it to the collector. */
void bmp_pack_flush(struct collector *collector, struct bmp_pack *pack);
enum bmp_news { BMP_FIRST, BMP_CHANGED, BMP_GONE };
/** Tells a collector of a path, in the views that it has. FIRST: it was told nothing of it before. */
void bmp_tell_path(struct collector *collector, const struct rib *rib, const struct net *net,
		   const struct path *path, enum bmp_news news);
/* Each of one view, and of no effect for a collector that has not that one: */
/** The Loc-RIB: the best path; NULL: there is none. */
void bmp_tell_best(struct collector *collector, const struct rib *rib, const struct net *net,
		   const struct path *best);
/** What the peer may be told before the rules of export are asked; NULL: nothing. */
void bmp_tell_permitted(struct collector *collector, const struct bgp_peer *peer, const struct rib *rib,
			const struct net *net, const struct path *path);
/** What it has been told, as it was told; `id` as there, NULL where the session has none. */
void bmp_tell_advertised(struct collector *collector, const struct bgp_peer *peer, const struct rib *rib,
			 const struct net *net, const struct path *path, const uint32_t *id);
/** An UPDATE that it is told just now. */
void bmp_tell_sent(struct collector *collector, const struct session *session, const struct writer *update);

/* --- bmp.c ------------------------------------------------------------------------------------- */

/* What stood when a collector connected, on its way to it. */
struct bmp_dump {
	bool under_way, going; /* going: `reached` is set */
	bool again;            /* the collector may have been told of what lies ahead */
	struct ip_prefix reached;
	bool outwards; /* what was received is through; now what `peer` is told */
	uint16_t peer;
};

struct collector {
	struct collector *next;
	struct bgp_speaker *speaker;
	struct bgp_collector_config config; /* texts are owned */
	uv_tcp_t tcp;
	uv_timer_t timer; /* another attempt; statistics */
	uv_connect_t connecting;
	uv_write_t writing;
	bool open, up, closing, removed; /* open: `tcp` is a handle */
	unsigned handles;
	bool busy, lost; /* a write is under way; too much waited */
	struct buffer filling, sent;
	struct bmp_pack *packs[BGP_VIEW_COUNT]; /* NULL: it has not that view */
	struct bmp_dump dump;
	uint32_t wait_ms;
	usec_t up_at, down_at;
	uint64_t messages, bytes, connections;
	char failure[160];
};

struct bmp {
	struct collector *first;
};

/** Adds a whole message to what a collector is sent. */
void bmp_send(struct collector *collector, const struct writer *w);
/** The same behind all that was begun; it goes with the speaker's next turn. */
void bmp_send_message(struct collector *collector, const struct writer *w);

/* From the speaker; only where speaker->bmp is set. */
void bmp_peer_up(const struct bgp_peer *peer);
void bmp_peer_down(const struct bgp_peer *peer, const struct session_end *end);
void bmp_end_of_rib(const struct bgp_peer *peer, enum bgp_family family);
void bmp_row(struct bgp_speaker *speaker, const struct rib *rib, const struct net *net,
	     const struct path *path, bool gone);
/** The best path of a prefix is another one; NULL: none is left. */
void bmp_best(struct bgp_speaker *speaker, const struct rib *rib, const struct net *net,
	      const struct path *best);
/** The rules of export are asked whether a peer is told a path; NULL: there is nothing to tell. */
void bmp_may_tell(const struct bgp_peer *peer, const struct rib *rib, const struct net *net,
		  const struct path *path);
/** An UPDATE goes to the peer. */
void bmp_sent(const struct session *session, const struct writer *update);
/** Whether any collector is told that view now. Without speaker->bmp: false. */
bool bmp_wants(const struct bgp_speaker *speaker, enum bgp_view view);
/** A slice of the first dumps, and sends what waits. True: more can be done now. */
bool bmp_work(struct bgp_speaker *speaker, usec_t deadline);
void bmp_stop(struct bgp_speaker *speaker);

/* --- bmp_tell.c -------------------------------------------------------------------------------- */

/** To a collector that has connected: the sessions that are up; all else follows in slices. */
void bmp_tell_all_up(struct collector *collector);
/** A slice of that. True: more can be done now. */
bool bmp_dump_some(struct collector *collector, usec_t deadline);
void bmp_tell_statistics(struct collector *collector);

#endif
