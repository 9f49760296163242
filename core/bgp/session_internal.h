// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A session from its socket upwards: what the socket is set to, the connection with its buffers, the state
 * machine, OPEN and UPDATEs. Who owns whom is in speaker_internal.h, which brings this one along.
 */
#ifndef TWINSPAN_BGP_SESSION_INTERNAL_H
#define TWINSPAN_BGP_SESSION_INTERNAL_H

#include "core/bgp/rib_internal.h"

struct session;

/* --- socket.c ---------------------------------------------------------------------------------- */

void socket_number(int fd, int level, int option, int value);
/** Binds a socket to the peer's interface, if it has one. False with errno set. */
bool socket_bind_interface(int fd, const struct bgp_peer_config *config);
/** All that the peer's socket is to have. False with errno set where the interface or the key can't be had.
 */
bool socket_prepare(int fd, const struct bgp_peer_config *config, bool accepted);
void socket_prepare_listener(int fd, uint8_t family);
/** The key (RFC 2385) for connections from there; a length of 0 takes it away. False with errno set. */
bool listeners_set_key(struct bgp_speaker *speaker, const struct ip_prefix *from, const uint8_t *password,
		       size_t length);

/* --- drops.c ----------------------------------------------------------------------------------- */

/* Segments that the kernel dropped before any session saw them, of the whole network namespace. */
struct drops {
	uint64_t key_missing, key_unexpected, key_wrong, distant;
};
/** As it is, or was a fraction of a second ago. */
struct drops drops_read(struct bgp_speaker *speaker);
/** What has probably kept a session from coming up since `before`, which becomes what it is now. False:
 * nothing that shows. */
bool drops_tell(const struct bgp_peer *peer, struct drops *before, char *text, size_t size);
/** Over how many hops an accepted connection's first segment came at most, if it left with a TTL of 255 as
 * RFC 5082 has it; 1: from next door, 0: not known. To be asked once. */
int drops_hops(int fd);

/* --- transport.c ------------------------------------------------------------------------------- */

struct connection {
	uv_poll_t poll;
	struct bgp_speaker *speaker;
	struct session *session; /* NULL: lingering */
	struct connection *next; /* of the speaker's */
	int fd, events;
	bool connecting, closing;
	bool readable;    /* something is to be read */
	bool blocked;     /* the socket takes nothing at present */
	bool ended;       /* the other side closed, or an error: said once its last input is worked off */
	int error_number; /* of the end; 0: closed in order */
	struct buffer in, out;
	usec_t linger_until;
};

/** Begins to connect. NULL: it failed at once, `error_number` says why. */
struct connection *connection_connect(struct session *session, int *error_number);
/** Takes an accepted socket. */
struct connection *connection_adopt(struct session *session, int fd);
/** True where the peer has closed its side; what it said last, a NOTIFICATION perhaps, is then in `in`. */
bool connection_peer_closed(struct connection *connection);
/** Takes an accepted socket, to say why it is not wanted. */
void connection_refuse(struct bgp_speaker *speaker, int fd, uint8_t subcode);
/** Sends some of what is in `out`. True: the socket would take more. */
bool connection_flush(struct connection *connection);
/** Reads a chunk, if there is something to read and room for it. */
void connection_read(struct connection *connection);
/** Reads again after input was worked off. */
void connection_poll(struct connection *connection);
/** Drops it at once, or where `linger` delivers what is in `out` and waits a moment for the other side to
 * close. */
void connection_close(struct connection *connection, bool linger);
/** The same, at the end of the speaker: sends what can be sent now. */
void connection_finish(struct connection *connection);
bool listeners_open(struct bgp_speaker *speaker, struct error *err);
void listeners_close(struct bgp_speaker *speaker);

/* --- fsm.c, session.c, update.c ---------------------------------------------------------------- */

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

/* Prefixes of an UPDATE that were not got to yet; see update_rest.c. */
struct update_rest {
	enum bgp_family family;
	uint8_t *bytes;
	size_t length;                     /* 0: none */
	struct bgp_attributes *attributes; /* a reference; NULL: the prefixes are withdrawn */
	struct attribute_table *table;
};

struct session {
	struct bgp_peer *peer;
	enum bgp_state state;
	struct connection *connection;
	bool outgoing;
	struct ip_address local;      /* this end of the connection */
	struct ip_address link_local; /* told beside a next hop of ours; unset: not (link_local.c) */
	usec_t retry_at, hold_at, keepalive_at, idle_at, stuck_at; /* deadlines; 0: not running */
	uint64_t sent_mark;
	struct bgp_open theirs;
	unsigned common;   /* capabilities that both have */
	unsigned families; /* that both speak: BGP_FAMILY_BIT() of each */
	unsigned disabled; /* of these: what the peer says of it is ignored (RFC 7606, 2) */
	unsigned told_all; /* of these the End-of-RIB came (RFC 4724, 2) */
	/* Of these prefixes have path identifiers (RFC 7911): in what comes, in what goes. */
	unsigned add_path_in, add_path_out;
	struct bgp_framing_rules framing; /* of what comes in */
	uint16_t message_most;            /* of what goes out, in octets */
	struct drops drops;               /* as they were when it was last looked at them */
	uint32_t hold_s, keepalive_s;
	bool four_octet;
	struct octets sent_open, received_open; /* whole messages */
	struct {
		struct bgp_attributes *attributes;
		enum path_verdict verdict;
		bool multiprotocol; /* `raw` ends with the next hop of its MP_REACH_NLRI */
		size_t length;
		uint8_t raw[BGP_MESSAGE_MOST];
	} last;                  /* the attributes of the last UPDATE: the next one often has the same */
	struct update_rest rest; /* of the last UPDATE */
};

/* How an UPDATE's prefixes get on. */
struct pace {
	const struct rib *rib;
	unsigned taken;
	uint32_t looks; /* rib->looks when the clock was looked at last */
	usec_t until;   /* 0: the clock was not looked at yet */
};

struct pace update_begin(const struct rib *rib);
/** One more is done. Whether those that are left shall wait. */
bool update_late(struct pace *pace);
/** Keeps those prefixes, and takes a reference to their attributes (NULL: they are withdrawn); the next
 * session_take_update goes on with them. */
void update_rest_keep(struct session *session, enum bgp_family family, struct reader prefixes,
		      struct bgp_attributes *attributes);
bool update_rest_waits(const struct session *session);
void update_rest_free(struct update_rest *rest);

void session_event(struct session *session, enum fsm_event event, const struct fsm_input *input);
/** What is left of the last UPDATE, until `deadline`. False: the session ended by it. */
bool session_take_rest(struct session *session, usec_t deadline);
/** What has come in, until `deadline`. True: more waits. */
bool session_input(struct session *session, usec_t deadline);
/** Fires the timers that are due and returns the next deadline (0: none). */
usec_t session_timers(struct session *session, usec_t now);

struct session *session_new(struct bgp_peer *peer);
void session_free(struct session *session);
/** Room for a message at the end of the connection's output; call session_sent with its length. */
struct writer session_writer(struct session *session);
void session_sent(struct session *session, const struct writer *w);
/* What was lost with a session, and so whether its paths may be kept (RFC 4724, 4.2; RFC 8538, 3). */
enum session_loss {
	LOSS_ALL,          /* it was meant to end */
	LOSS_TCP,          /* the connection broke, without a word */
	LOSS_NOTIFICATION, /* an error was told, or the hold timer ran out */
};
/** How a session ends: what is sent (NULL: nothing), what was received, how long the peer is left alone. */
struct session_end {
	const struct bgp_error *send;
	const char *why; /* for the event, where nothing was sent or received */
	uint8_t received_code, received_subcode;
	const char *received_text;
	struct reader received_data;
	bool penalty; /* wait before the next attempt */
	bool stay;    /* Idle until started again */
	bool quiet;   /* no event: it lost a collision */
	enum session_loss loss;
	uint32_t least_wait_s, exact_wait_s; /* exact: just that long, whatever was before; 0: not */
};
void session_end(struct session *session, const struct session_end *end);
/** False: the session must be reset with `error`. */
bool session_take_update(struct session *session, struct reader body, struct bgp_error *error);
void session_take_refresh(struct session *session, struct reader body);
void session_forget_last(struct session *session);

/* --- handshake.c ------------------------------------------------------------------------------- */

void session_send_open(struct session *session);
void session_send_keepalive(struct session *session);
/** The configured interval changed while the session stands. */
void session_set_keepalive(struct session *session);
/** Checks the peer's OPEN (RFC 4271, 6.2) and takes over what is negotiated. */
bool session_take_open(struct session *session, struct reader body, struct bgp_error *error);
void session_establish(struct session *session);

/** The role that the peer said, if any. */
enum bgp_role session_role(const struct session *session);

/* --- link_local.c ------------------------------------------------------------------------------ */

/** Whether the peer is on one link with us, and if so which link-local address is ours there. */
void link_local_learn(struct session *session);

#endif
