// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * IKE by libcharon, embedded: the only folder that includes strongSwan's headers. Tunnels go in, events come
 * out on the loop's thread, live figures can be read at any time without waiting for charon.
 *
 * charon's own threads negotiate; its kernel-ipsec and socket are adaptors of ours that hand SAs and IKE
 * messages to the data plane (core/dataplane.h). See the notes at the head of ike.c for the rules that
 * strongSwan 5.9.8 sets.
 */
#ifndef TWINSPAN_IKE_IKE_H
#define TWINSPAN_IKE_IKE_H

#include <uv.h>

#include "core/base/address.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/dataplane.h"

struct ike;

/* What a tunnel asks of IKE. All pointers are borrowed during ike_tunnel_add, which copies. */
struct ike_tunnel {
	uint32_t id;                      /* also the reqid; the dataplane's tunnel id */
	const char *name;                 /* "aws-paris/1" */
	struct ip_address local, remote;  /* none: any */
	const char *local_id, *remote_id; /* identities; NULL: any for the remote one */
	const uint8_t *psk;
	size_t psk_length;
	unsigned version; /* 1 or 2 */
	const struct text_list *ike_proposals, *esp_proposals;
	uint32_t ike_lifetime_s, esp_lifetime_s, replay_window;
	uint32_t dpd_interval_s, dpd_timeout_s;
	bool dpd_restart; /* after a dead peer: try again at once */
	bool initiate;    /* false: wait for the peer */
	bool down;        /* stays down until ike_tunnel_up, as after ike_tunnel_down */
	int encap;        /* 0 auto, 1 always, -1 never */
	bool inside_v6;   /* selectors ::/0 beside 0.0.0.0/0 */
};

enum ike_event_kind {
	IKE_EVENT_CONNECTING, /* a negotiation began */
	IKE_EVENT_IKE_UP,
	IKE_EVENT_CHILD_UP,   /* the tunnel can carry traffic */
	IKE_EVENT_CHILD_DOWN, /* no child SA is left */
	IKE_EVENT_IKE_DOWN,
	IKE_EVENT_IKE_REKEYED,
	IKE_EVENT_CHILD_REKEYED,
	IKE_EVENT_RETRANSMIT, /* no answer yet: `count` tries */
	IKE_EVENT_FAILED,     /* `code`, `text`, `hint` say why */
	IKE_EVENT_PEER_DEAD,  /* dead-peer detection gave up */
	IKE_EVENT_LOG,        /* a line of charon's log, `level` 0-4 */
};

struct ike_event {
	enum ike_event_kind kind;
	usec_t at;       /* monotonic */
	uint32_t tunnel; /* 0: not known (a log line of no tunnel, an unknown peer) */
	unsigned count;
	int level;
	/* Stable words for FAILED: no_answer, no_proposal_chosen, authentication_failed, ts_unacceptable,
	 * invalid_ke, peer_unreachable, no_matching_tunnel, internal. PEER_DEAD has no_answer. */
	char code[32];
	char text[256], hint[256];
	bool by_peer; /* CHILD_DOWN, IKE_DOWN: the peer sent a Delete */
};

/** Live figures of one tunnel, as of `at`. */
struct ike_status {
	usec_t at;
	char ike_state[24]; /* "ESTABLISHED", "CONNECTING", ... or "" */
	char child_state[24];
	bool ike_up, child_up;
	unsigned version;
	bool nat, encap;
	struct ip_address local, remote;
	uint16_t remote_port;
	char local_id[128], remote_id[128];
	char ike_proposal[128], esp_proposal[128];
	usec_t established_at, rekey_at, child_rekey_at; /* monotonic; 0: none */
	uint32_t spi_in, spi_out;
	usec_t last_inbound; /* monotonic, of the IKE SA */
	unsigned tries;      /* packets sent in the negotiation under way; 0: none */
	usec_t next_try_at;  /* monotonic; 0: none planned */
};

struct ike_options {
	const struct dataplane_ops *ops;
	struct dataplane *plane;
	/** Called on the loop's thread. */
	void (*event)(void *context, const struct ike_event *event);
	void *context;
	int log_level; /* charon's, -1 to 2; 1 shows what an operator wants. Higher levels would print
			  secrets: cut to 2. */
};

/**
 * Checks that libstrongswan and libcharon as installed have the layout that this program was built for. Safe
 * before ike_open; a mismatch is a clear error and never a crash.
 */
bool ike_check_layout(struct error *err);

/**
 * Starts charon in this process. One at a time. NULL with `err` where plugins or libraries don't fit. The
 * plane is opened before and closed after; the door's functions are called from the loop's thread.
 */
struct ike *ike_open(uv_loop_t *loop, const struct ike_options *options, struct error *err);
/**
 * Sends Deletes, stops charon (20-250 ms), frees all. NULL is fine. No event comes any more. The loop is not
 * run: its owner runs it once more before closing it, as for every handle.
 */
void ike_close(struct ike *ike);

/**
 * From the plane's threads: hands IKE messages and limits to charon. These are struct dataplane_host's
 * callbacks. There is one charon in a process, so that `ike` is not looked at: the plane, which is opened
 * first, may be given NULL. Calls before ike_open and after ike_close are dropped.
 */
void ike_plane_message(void *ike, const struct ip_address *from, uint16_t from_port,
		       const struct ip_address *to, uint16_t to_port, const uint8_t *message, size_t length);
void ike_plane_sa_limit(void *ike, uint32_t spi, const struct ip_address *destination, bool hard);
void ike_plane_source_moved(void *ike, uint32_t spi, const struct ip_address *from, uint16_t from_port);

/** Adds a tunnel. With `initiate` it starts at once and is tried for ever with backoff until ike_tunnel_down.
 */
bool ike_tunnel_add(struct ike *ike, const struct ike_tunnel *tunnel, struct error *err);
/** Closes the tunnel's SAs (Delete to the peer) and forgets it; no event of it comes any more, so that its id
 * may be given again at once. */
void ike_tunnel_remove(struct ike *ike, uint32_t tunnel);
/** Asynchronous; the outcome comes as events. `up` also makes a responder with a known remote try once. */
void ike_tunnel_up(struct ike *ike, uint32_t tunnel);
/** Closes the SAs and stays down (an initiator does not retry, a responder refuses) until ike_tunnel_up. */
void ike_tunnel_down(struct ike *ike, uint32_t tunnel);
/** Rekeys the child SA and then the IKE SA. False where there is none. */
bool ike_tunnel_rekey(struct ike *ike, uint32_t tunnel);
/**
 * Something else says that the peer is dead (BFD, a probe, traffic): asks it at once, by an empty
 * INFORMATIONAL. No answer within a few seconds, nor any ESP packet: it is dead, as by dead-peer detection
 * (IKE_EVENT_PEER_DEAD) but without waiting for its timers. An answer changes nothing. May be called as often
 * as one likes: it is asked every two seconds at most.
 */
void ike_tunnel_probe(struct ike *ike, uint32_t tunnel);
/** The figures as last collected (a job in charon's threads refreshes them once a second and on events). */
bool ike_tunnel_status(struct ike *ike, uint32_t tunnel, struct ike_status *out);

#endif
