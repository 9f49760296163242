// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The living parts of the speaker and who owns whom:
 *
 *   speaker  owns peers, the RIB, the listeners, one idle handle (work in slices) and one timer (deadlines)
 *   peer     owns one session for good (main) and, while two connections compete, a second one; and, while
 *            Established, its adj-out
 *   session  is RFC 4271's state machine; owns a connection while there is one
 *   connection  is a TCP socket with its buffers; it outlives its session for a moment to deliver a
 * NOTIFICATION
 *
 * Nothing long is ever done where it arises: it is left to be done, speaker_kick() is called, and
 * speaker_slice() does a few milliseconds of it per turn of the loop, in fair shares.
 */
#ifndef TWINSPAN_BGP_SPEAKER_INTERNAL_H
#define TWINSPAN_BGP_SPEAKER_INTERNAL_H

#include "core/bgp/rib_internal.h"

#define INPUT_CHUNK 65536         /* read at once; no more is read while so much waits */
#define OUTPUT_MOST (512u * 1024) /* no more UPDATEs are made while so much waits to be sent */
#define SLICE_US 3000             /* the speaker's share of one turn of the loop */

struct session;

/* --- transport.c ------------------------------------------------------------------------------- */

struct connection {
	uv_poll_t poll;
	struct bgp_speaker *speaker;
	struct session *session; /* NULL: lingering */
	struct connection *next; /* of the speaker's */
	int fd, events;
	bool connecting, closing;
	bool ended;       /* the other side closed, or an error: said once its last input is worked off */
	int error_number; /* of the end; 0: closed in order */
	struct buffer in, out;
	usec_t linger_until;
};

/** Binds a socket to the peer's interface, if it has one. False with errno set. */
bool connection_bind(int fd, const struct bgp_peer_config *config);
/** Begins to connect. NULL: it failed at once, `error_number` says why. */
struct connection *connection_connect(struct session *session, int *error_number);
/** Takes an accepted socket. */
struct connection *connection_adopt(struct session *session, int fd);
/** Takes an accepted socket, to say why it is not wanted. */
/** True where the peer has closed its side; what it said last, a NOTIFICATION perhaps, is then in `in`. */
bool connection_peer_closed(struct connection *connection);
void connection_refuse(struct bgp_speaker *speaker, int fd, uint8_t subcode);
/** Sends what is in `out` as far as possible. */
void connection_flush(struct connection *connection);
/** Reads again after input was worked off. */
void connection_poll(struct connection *connection);
/** Drops it at once, or where `linger` delivers what is in `out` and waits a moment for the other side to
 * close. */
void connection_close(struct connection *connection, bool linger);
/** The same, at the end of the speaker: sends what can be sent now. */
void connection_finish(struct connection *connection);
bool listeners_open(struct bgp_speaker *speaker, struct error *err);
void listeners_close(struct bgp_speaker *speaker);

/* --- fsm.c, session.c -------------------------------------------------------------------------- */

/* RFC 4271, 8.1, those that exist here. */
enum fsm_event {
	EVENT_START,           /* 1, 3 */
	EVENT_STOP,            /* 2, 8 */
	EVENT_RETRY_TIMER,     /* 9 */
	EVENT_HOLD_TIMER,      /* 10 */
	EVENT_KEEPALIVE_TIMER, /* 11 */
	EVENT_IDLE_TIMER,      /* 13 */
	EVENT_TCP_UP,          /* 16 */
	EVENT_TCP_ACCEPTED,    /* 17 */
	EVENT_TCP_FAIL,        /* 18 */
	EVENT_OPEN,            /* 19 */
	EVENT_BAD_MESSAGE,     /* 21, 22, 28 */
	EVENT_NOTIFICATION,    /* 24, 25 */
	EVENT_KEEPALIVE,       /* 26 */
	EVENT_UPDATE,          /* 27 */
	EVENT_REFRESH,         /* RFC 2918 */
	EVENT_COUNT,
};

struct fsm_input {
	struct reader body; /* of the message */
	const struct bgp_error
	    *error;       /* BAD_MESSAGE, STOP: what to send; NULL in STOP: drop without a word */
	int error_number; /* TCP_FAIL */
	int fd;           /* TCP_ACCEPTED */
};

struct session {
	struct bgp_peer *peer;
	enum bgp_state state;
	struct connection *connection;
	bool outgoing;
	struct ip_address local;                                   /* this end of the connection */
	usec_t retry_at, hold_at, keepalive_at, idle_at, stuck_at; /* deadlines; 0: not running */
	uint64_t sent_mark;
	struct bgp_open theirs;
	unsigned common; /* capabilities that both have */
	uint32_t hold_s, keepalive_s;
	bool four_octet;
	struct {
		struct bgp_attributes *attributes;
		enum path_verdict verdict;
		size_t length;
		uint8_t raw[BGP_MESSAGE_MOST];
	} last; /* the attributes of the last UPDATE: the next one often has the same */
};

void session_event(struct session *session, enum fsm_event event, const struct fsm_input *input);
/** What has come in, until `deadline`. True: more waits. */
bool session_input(struct session *session, usec_t deadline);
/** Fires the timers that are due and returns the next deadline (0: none). */
usec_t session_timers(struct session *session, usec_t now);

struct session *session_new(struct bgp_peer *peer);
void session_free(struct session *session);
/** Room for a message at the end of the connection's output; call session_sent with its length. */
struct writer session_writer(struct session *session);
void session_sent(struct session *session, const struct writer *w);
void session_send_open(struct session *session);
void session_send_keepalive(struct session *session);
/** The configured interval changed while the session stands. */
void session_set_keepalive(struct session *session);
/** How a session ends: what is sent (NULL: nothing), what was received, how long the peer is left alone. */
struct session_end {
	const struct bgp_error *send;
	const char *why; /* for the event, where nothing was sent or received */
	uint8_t received_code, received_subcode;
	const char *received_text;
	bool penalty; /* wait before the next attempt */
	bool stay;    /* Idle until started again */
	bool quiet;   /* no event: it lost a collision */
	uint32_t least_wait_s;
};
void session_end(struct session *session, const struct session_end *end);
/** Checks the peer's OPEN (RFC 4271, 6.2) and takes over what is negotiated. */
bool session_take_open(struct session *session, struct reader body, struct bgp_error *error);
void session_establish(struct session *session);
/** False: the session must be reset with `error`. */
bool session_take_update(struct session *session, struct reader body, struct bgp_error *error);
void session_take_refresh(struct session *session, struct reader body);
void session_forget_last(struct session *session);

/* --- adj_out.c --------------------------------------------------------------------------------- */

struct adj_out {
	struct adj_out *next;             /* among those that are to be freed */
	struct fifo pending;              /* prefixes to look at again */
	struct vector queued, advertised; /* bits by prefix number */
	uint64_t count;                   /* advertised */
	uint32_t dump_at;                 /* next prefix of a walk over all; 0: none under way */
	bool end_of_rib;                  /* to be sent when the walk is through */
};

struct adj_out *adj_out_new(void);
/** Gives it up; its queue is emptied in slices. */
/* With the session all that was told is gone: says so to those who watch. */
void adj_out_tell_gone(struct bgp_peer *peer);
void adj_out_detach(struct bgp_speaker *speaker, struct adj_out *out);
/** Looks at all prefixes again: a new session, a refresh, another MED. */
void adj_out_dump(struct bgp_peer *peer);
/** A prefix's best path changed. */
void adj_out_changed(struct bgp_peer *peer, uint32_t net, const struct path *best);
/** Makes UPDATEs until `deadline`. True: more could be done now. */
bool adj_out_work(struct bgp_peer *peer, usec_t deadline);
/** A slice of freeing. True: more is left. */
bool adj_out_reap(struct bgp_speaker *speaker, usec_t deadline);
void adj_out_free_all(struct bgp_speaker *speaker);
/** Whether and as what a path is told to a peer (policy of struct bgp_peer_config). */
bool export_allowed(const struct bgp_peer *peer, const struct path *path);
bool export_set(const struct bgp_peer *peer, const struct path *path, struct attribute_set *out);

/* --- speaker.c, peer.c ------------------------------------------------------------------------- */

struct bgp_peer {
	struct bgp_speaker *speaker;
	struct bgp_peer *next;
	struct bgp_peer_config config; /* names are owned */
	uint16_t index;                /* in the RIB */
	bool wanted, shut_down, removed;
	bool graceful_shutdown; /* what is told carries the community (RFC 8326) */
	bool reported_graceful; /* what it tells does, as the world knows */
	bool reported_teaches;  /* it tells something that is accepted, as the world knows */
	bool plain_open;        /* the other side knows no capabilities */
	struct session *main, *second;
	struct adj_out *out;        /* while Established */
	uint32_t wait_ms, retry_ms; /* the last ones, growing */
	bool listened;              /* the peer had its time to connect first (listen_first_ms) */
	usec_t established_at;
	uint64_t messages_in, messages_out, flaps;
	uint32_t reported_med;
	enum bgp_state reported_state;
	bool tell_now, tell_soon; /* peer_changed is due: at once, or with the next tick */
	usec_t told_at;
	uint8_t last_code, last_subcode;
	bool last_set, last_received;
	char last_text[256];
	usec_t last_at;
	bool near_limit;     /* three quarters of max_prefixes were reached, and it was said */
	usec_t malformed_at; /* the last event about it, and what was not told since */
	uint32_t malformed_untold;
};

struct bgp_speaker {
	uv_loop_t *loop;
	struct bgp_speaker_config config;
	struct rib rib;
	struct bgp_peer *peers, **peers_tail;
	struct connection *connections;
	struct adj_out *detached;
	uv_idle_t idle;
	uv_timer_t timer;
	uv_poll_t listeners[2];
	int listener_fds[2];
	unsigned handles; /* not yet closed */
	usec_t alarm_at;
	bool closing, idling;
	bool watch_received, watch_advertised;
	struct bgp_attributes *local_attributes;
	struct bgp_peer *input_turn, *output_turn; /* who is first in the next slice */
	struct vector scratch;                     /* of adj_out.c */
	struct vector by_index;                    /* peers by their number in the RIB */
};

/** There is work: run slices until it is done. */
void speaker_kick(struct bgp_speaker *speaker);
/** Look at deadlines at that time at the latest. */
void speaker_alarm(struct bgp_speaker *speaker, usec_t at);
/** A handle has closed; frees the speaker after the last one. */
void speaker_handle_closed(struct bgp_speaker *speaker);

void peer_event(struct bgp_peer *peer, const char *severity, const char *kind, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/** The state that the world sees: that of the session that is farther. */
enum bgp_state peer_state(const struct bgp_peer *peer);
struct session *peer_established(const struct bgp_peer *peer);
void peer_touch(struct bgp_peer *peer, bool now);
bool peer_internal(const struct bgp_peer *peer);
void peer_record_error(struct bgp_peer *peer, bool received, uint8_t code, uint8_t subcode, const char *text);
void peer_free(struct bgp_peer *peer);
/** A connection came in from a peer's address. Takes the socket. */
void peer_accept(struct bgp_peer *peer, int fd, const struct ip_address *local);
/** What a path looks like to the world. `reason` holds the text. */
struct bgp_path path_view(struct bgp_speaker *speaker, const struct net *net, const struct path *path,
			  char *reason, size_t size);
struct bgp_peer *speaker_peer_of(const struct bgp_speaker *speaker, uint16_t index);
/** An exported path as the world sees it; attributes must be freed. */
struct bgp_path export_view(const struct bgp_peer *peer, const struct net *net, const struct path *path,
			    struct bgp_attributes **attributes);

#endif
