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
#include "core/base/buffer.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/dataplane.h"

struct ike;

enum ike_dpd_action {
	IKE_DPD_RESTART, /* close a dead peer's SAs and try again at once */
	IKE_DPD_CLEAR,   /* close them and try again with backoff */
	IKE_DPD_NONE,    /* say so and leave them */
};

/* What a second IKE SA between the same identities does to the first one. */
enum ike_unique {
	IKE_UNIQUE_CONTACT, /* replaces it where it says INITIAL_CONTACT (RFC 7296 2.4) */
	IKE_UNIQUE_REPLACE, /* replaces it */
	IKE_UNIQUE_KEEP,    /* is refused where it doesn't say INITIAL_CONTACT */
	IKE_UNIQUE_NEVER,   /* stands beside it, whatever it says */
};

/* What authentication by certificates takes; all as DER (X.509, PKCS #8, RFC 5280). */
struct ike_certificate {
	struct octets certificate, key;
	const struct octets *chain, *authorities,
	    *crls; /* intermediate CAs to send; whom the peer's certificate
		      has to come from; those CAs' revocation lists */
	size_t chain_count, authority_count, crl_count;
	/* Two SHA-256, of all but the CRLs and of those. Tunnels with equal ones share what is loaded. */
	uint8_t digest[64];
};

/* What a tunnel asks of IKE. All pointers are borrowed during ike_tunnel_add, which copies. */
struct ike_tunnel {
	uint32_t id;                      /* also the reqid; the dataplane's tunnel id */
	const char *name;                 /* "aws-paris/1" */
	struct ip_address local, remote;  /* none: any */
	const char *local_id, *remote_id; /* identities; NULL: any for the remote one, the certificate's
					     subject or the address for the local one */
	const uint8_t *psk, *next_psk;    /* next_psk: see ike_tunnel_next_key(); NULL: none */
	size_t psk_length, next_psk_length;
	const struct ike_certificate *certificate; /* instead of the secret */
	unsigned version;                          /* 1 or 2; 0: either, and 2 to begin with */
	const struct text_list *ike_proposals, *esp_proposals;
	uint32_t ike_lifetime_s, esp_lifetime_s, replay_window;
	uint32_t dpd_interval_s, dpd_timeout_s;
	enum ike_dpd_action dpd_action;
	uint32_t rekey_margin_s, rekey_fuzz; /* before the end of a lifetime; percent of that at random; 0
						margin: a tenth of the lifetime */
	const struct ip_prefix *local_selectors, *remote_selectors; /* none: everything */
	size_t local_selector_count, remote_selector_count;
	int fragmentation; /* of IKE messages: 0 where the peer knows it, 1 always, -1 never */
	enum ike_unique unique;
	bool initiate; /* false: wait for the peer */
	bool down;     /* stays down until ike_tunnel_up, as after ike_tunnel_down */
	int encap;     /* 0 auto, 1 always, -1 never */
	int offload;   /* of the kernel's SAs to the network card: 0 no, 1 yes, 2 where it can */
	uint64_t esp_lifetime_bytes, esp_lifetime_packets; /* a child SA ends after so many; 0: no limit */
	bool inside_v6; /* where no selectors are given: ::/0 beside 0.0.0.0/0 */
};

enum ike_event_kind {
	IKE_EVENT_CONNECTING, /* a negotiation began */
	IKE_EVENT_IKE_UP,
	IKE_EVENT_CHILD_UP,   /* the tunnel can carry traffic */
	IKE_EVENT_CHILD_DOWN, /* no child SA is left */
	IKE_EVENT_IKE_DOWN,
	IKE_EVENT_IKE_REKEYED,
	IKE_EVENT_CHILD_REKEYED,
	IKE_EVENT_RETRANSMIT,  /* no answer yet: `count` tries */
	IKE_EVENT_FAILED,      /* `code`, `text`, `hint` say why */
	IKE_EVENT_PEER_DEAD,   /* dead-peer detection gave up */
	IKE_EVENT_PEER_ALIVE,  /* where its SAs were kept (IKE_DPD_NONE): it gives a sign of life again */
	IKE_EVENT_KEY_TAKEN,   /* the next key has worked: it is the tunnel's key now, the former one is
				  forgotten */
	IKE_EVENT_KEY_REFUSED, /* the peer did not take the next key yet: `text` says how; the tunnel goes on
				*/
	IKE_EVENT_LOG,         /* a line of charon's log, `level` 0-4 */
};

/* What is known of both sides when a negotiation failed; "" where nothing is. */
#define IKE_SIDE 320
struct ike_failure {
	char ours[IKE_SIDE], theirs[IKE_SIDE]; /* proposals, identities with the kind of key, or selectors */
	char evidence[640];                    /* lines: what differs, what the peer answered */
	bool child;                            /* IKE was agreed, the child SA was not */
};

struct ike_event {
	enum ike_event_kind kind;
	usec_t at;       /* monotonic */
	uint32_t tunnel; /* 0: not known (a log line of no tunnel, an unknown peer) */
	unsigned count;
	int level;
	/* Stable words for FAILED: no_answer, no_proposal_chosen, authentication_failed, certificate_expired,
	 * certificate_untrusted, certificate_revoked, certificate_identity, ts_unacceptable, invalid_ke,
	 * peer_unreachable, duplicate_refused, no_matching_tunnel, version_mismatch, closed_by_peer,
	 * internal. PEER_DEAD has no_answer. */
	char code[32];
	char text[256], hint[256];
	const struct ike_failure
	    *failure; /* FAILED: borrowed while the event is told; NULL: no more is known */
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
	bool nat_here, nat_there; /* who is behind it; a NAT that one of us pretends to get UDP is none */
	char authentication[24];  /* how we prove who we are: "pre-shared key" or "certificate" */
	char local_selectors[IKE_SIDE], remote_selectors[IKE_SIDE]; /* of the child SA, with blanks between */
	struct ip_address local, remote;
	uint16_t remote_port;
	char local_id[128], remote_id[128];
	char ike_proposal[128], esp_proposal[128];
	usec_t established_at, rekey_at, child_rekey_at; /* monotonic; 0: none */
	uint32_t spi_in, spi_out;
	usec_t last_inbound; /* monotonic, of the IKE SA */
	usec_t dpd_at;  /* monotonic: when the peer is asked for a sign of life unless one comes; 0: not */
	unsigned tries; /* packets sent in the negotiation under way; 0: none */
	usec_t next_try_at; /* monotonic; 0: none planned */
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
/** Exchanges the revocation lists of a tunnel with a certificate, from its next authentication on:
 * certificate, key and CAs must be what they were. False with `err` for lists that charon can't read. */
bool ike_tunnel_certify(struct ike *ike, uint32_t tunnel, const struct ike_certificate *certificate,
			struct error *err);
/** Asynchronous; the outcome comes as events. `up` also makes a responder with a known remote try once. */
void ike_tunnel_up(struct ike *ike, uint32_t tunnel);
/** Closes the SAs and stays down (an initiator does not retry, a responder refuses) until ike_tunnel_up. */
void ike_tunnel_down(struct ike *ike, uint32_t tunnel);
/**
 * A key that is to take the place of the tunnel's: from now on the peer may use either. Where this side
 * initiates it is tried at once by a second IKE SA beside the one that carries, and again from time to time
 * until the peer has it too; the tunnel stays up meanwhile. Once it has worked (RFC 7296 2.15: an AUTH made
 * with it was accepted, or the peer made its own with it) it is the tunnel's key: IKE_EVENT_KEY_TAKEN. In
 * IKEv1, where a responder has to choose before it knows anything, tries alternate between the two. NULL: it
 * is forgotten. The same key again changes nothing. `key` is copied.
 */
void ike_tunnel_next_key(struct ike *ike, uint32_t tunnel, const uint8_t *key, size_t length);
/** Rekeys the child SA and then the IKE SA; where that is under way already, once more when it is done. False
 * where there is none. */
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
