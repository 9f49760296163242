// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A BGP-4 speaker (RFC 4271): sessions, the routes they bring, the choice between them, and what is told to
 * others. It does not touch the kernel's table: it tells which path is best for a prefix, and the gateway
 * hands that on.
 *
 * Peers belong to a group (the connection; 0 for a peer of its own) and are a member of it (the tunnel's
 * number - 1). For each change of a prefix the speaker says which members of the winning group also have it,
 * so that routing can point the prefix at the group and failover can move a whole group by one indirection.
 *
 * Policy by connection role: a peer without networks or a role gets nothing (RFC 8212); see struct
 * bgp_peer_config.
 */
#ifndef TWINSPAN_BGP_BGP_H
#define TWINSPAN_BGP_BGP_H

#include <uv.h>

#include "core/base/address.h"
#include "core/base/clock.h"
#include "core/base/error.h"

struct bgp_speaker;
struct bgp_peer;

enum bgp_state { BGP_IDLE, BGP_CONNECT, BGP_ACTIVE, BGP_OPENSENT, BGP_OPENCONFIRM, BGP_ESTABLISHED };
/** RFC 4271's names: "Idle" to "Established". */
const char *bgp_state_name(enum bgp_state state);

enum bgp_origin { BGP_ORIGIN_IGP, BGP_ORIGIN_EGP, BGP_ORIGIN_INCOMPLETE };

struct bgp_peer_config {
	const char *name;        /* copied */
	struct ip_address local; /* none: the system's choice */
	struct ip_address remote;
	uint16_t port;                  /* 0: 179 */
	const char *interface;          /* bind the connection to it (SO_BINDTODEVICE); may be NULL */
	uint32_t local_asn, remote_asn; /* equal: iBGP */
	uint32_t hold_s,
	    keepalive_s;          /* offered hold time; keepalive is at most a third of the negotiated one */
	uint32_t max_prefixes;    /* 0: no limit; one more draws NOTIFICATION 6/1 */
	bool passive;             /* only listen */
	uint32_t listen_first_ms; /* after a start or a loss only listen for so long, then connect too (0: at
				     once) */
	bool multihop;          /* the peer may be more than one hop away (eBGP otherwise sends with TTL 1) */
	uint32_t group, member; /* see above; group 0: none */
	bool export_networks;   /* tell it the locally originated networks */
	bool export_peers;      /* tell it what peers of no group brought (the site's core router) */
	bool export_groups;     /* tell it what other groups brought (a hub; the site's core router) */
	uint32_t local_preference; /* given to its routes; iBGP: kept as received */
	uint32_t med_out;          /* MED sent; UINT32_MAX: none */
};

struct bgp_attributes; /* interned; compare by pointer */

/** One path to a prefix. Borrowed: valid only during the call that hands it out. */
struct bgp_path {
	struct ip_prefix prefix;
	const struct bgp_peer *peer; /* NULL: originated here */
	const struct bgp_attributes *attributes;
	struct ip_address next_hop;
	uint32_t local_preference, med; /* med: 0 where absent; see has_med */
	bool has_med, best, accepted;
	enum bgp_origin origin;
	const char *reason; /* why best or not: "best: lower MED (100 against 200)" */
};

/** A prefix's choice changed. */
struct bgp_change {
	struct ip_prefix prefix;
	const struct bgp_path *best; /* NULL: none is left */
	uint32_t group;              /* of the best path's peer; 0: none */
	uint32_t members;            /* bit per member of that group with a usable path for the prefix */
	/* The same of the group that has the best path of the others: it can carry at once where the first
	 * one no longer can, before the decision on each prefix is made anew (0: there is none). */
	uint32_t backup_group, backup_members;
};

struct bgp_peer_status {
	const char *name;
	enum bgp_state state;
	bool shut_down;
	uint32_t local_asn, remote_asn, remote_router_id;
	struct ip_address local, remote;
	usec_t established_at;        /* monotonic; 0: not */
	uint32_t hold_s, keepalive_s; /* negotiated; 0 unless established */
	uint64_t received, accepted, advertised;
	uint32_t max_prefixes; /* 0: no limit */
	uint32_t local_preference, med_out;
	bool graceful_shutdown;       /* what it is told carries the community (RFC 8326) */
	const char *capabilities[16]; /* both sides have them: "multiprotocol-ipv4", "four-octet-as",
					 "route-refresh" */
	size_t capability_count;
	uint64_t messages_in, messages_out, flaps;
	struct {
		bool set, received;
		uint8_t code, subcode;
		char text[256];
		usec_t at; /* monotonic */
	} last_error;
};

/**
 * All are called from the loop. They may read, walk, and change preferences and MEDs; what starts, ends, adds
 * or removes a session may be called from peer_changed, peer_event, med_changed and route_changed, not from
 * the two for rows.
 */
struct bgp_events {
	void *context;
	/** State, counters or the last error of a session changed (counters: at most ten times a second). */
	void (*peer_changed)(void *context, struct bgp_peer *peer);
	/** A line for the operators: severity is "info", "notice", "warning" or "error". */
	void (*peer_event)(void *context, struct bgp_peer *peer, const char *severity, const char *kind,
			   const char *text);
	/** Called for each prefix whose best path, set of members or backup changed, in slices of a few
	 * milliseconds. */
	void (*route_changed)(void *context, const struct bgp_change *change);
	/** One row of adj-in or adj-out changed; may be NULL; only called while watched (bgp_speaker_watch).
	 */
	void (*received_changed)(void *context, struct bgp_peer *peer, const struct bgp_path *path,
				 bool gone);
	void (*advertised_changed)(void *context, struct bgp_peer *peer, const struct bgp_path *path,
				   bool gone);
	/** The lowest MED among a peer's accepted routes changed (UINT32_MAX: it has none). Failover follows
	 * it. */
	void (*med_changed)(void *context, struct bgp_peer *peer, uint32_t lowest_med);
	/** A peer advertises something that is accepted, or nothing (any more). May be NULL. */
	void (*teaches_changed)(void *context, struct bgp_peer *peer, bool teaches);
	/** All that a peer tells carries GRACEFUL_SHUTDOWN (RFC 8326): it drains this session; or no longer.
	 */
	void (*graceful_changed)(void *context, struct bgp_peer *peer, bool graceful);
};

struct bgp_speaker_config {
	uint32_t asn;
	uint32_t router_id; /* host order, never 0 */
	uint16_t port;      /* to listen on; 0: 179 */
	struct bgp_events events;
};

/** Listens on all addresses (a busy port is an error). NULL on failure. */
struct bgp_speaker *bgp_speaker_open(uv_loop_t *loop, const struct bgp_speaker_config *config,
				     struct error *err);
/** Sends NOTIFICATION 6/3 (Peer De-configured) or 6/2 to all, closes, frees. The loop must run afterwards
 * once. */
void bgp_speaker_close(struct bgp_speaker *speaker);

/** Adds a session; it starts when bgp_peer_start is called. The peer is owned by the speaker. */
struct bgp_peer *bgp_peer_add(struct bgp_speaker *speaker, const struct bgp_peer_config *config,
			      struct error *err);
void bgp_peer_remove(struct bgp_peer *peer);
struct bgp_peer *bgp_peer_find(struct bgp_speaker *speaker, const char *name);
void bgp_peer_status(const struct bgp_peer *peer, struct bgp_peer_status *out);
uint32_t bgp_peer_group(const struct bgp_peer *peer);
uint32_t bgp_peer_member(const struct bgp_peer *peer);

/** ManualStart / the path to the peer is there: connects and listens. */
void bgp_peer_start(struct bgp_peer *peer);
/** The path to the peer went (its tunnel is down): closes without waiting for the hold timer; goes to Idle.
 */
void bgp_peer_stop(struct bgp_peer *peer, const char *why);
/** Sends a KEEPALIVE now, which the peer's TCP acknowledges: to see whether it is reached. False where the
 * session is not Established. Not to be called more than once a second (RFC 4271 4.4). */
bool bgp_peer_poke(struct bgp_peer *peer);
/** The peer's interface was made anew under its name: its session goes on by the new one. False where that
 * can't be, or where there is no session. */
bool bgp_peer_rebind(struct bgp_peer *peer);
/** An operator's shutdown (Cease 6/2 with a message, RFC 9003) and its end. It outlasts start and stop. */
void bgp_peer_shutdown(struct bgp_peer *peer, const char *message);
void bgp_peer_enable(struct bgp_peer *peer);
/**
 * Other limits than the peer was added with. The next OPEN offers the hold time; the session that stands
 * keeps the one that was negotiated, and sends KEEPALIVEs at the new interval. A limit of prefixes that is
 * passed already closes the session with the next prefix.
 */
void bgp_peer_set_limits(struct bgp_peer *peer, uint32_t hold_s, uint32_t keepalive_s, uint32_t max_prefixes);
/** Hard: Cease 6/4 and an immediate restart. Soft: ROUTE-REFRESH in, re-advertise out. Clears any wait. */
void bgp_peer_reset(struct bgp_peer *peer, bool soft);
/** New preference for its routes, new MED for what it is told; both are applied in slices without a reset. */
void bgp_peer_set_preference(struct bgp_peer *peer, uint32_t local_preference);
void bgp_peer_set_med(struct bgp_peer *peer, uint32_t med_out);
/**
 * Adds GRACEFUL_SHUTDOWN (65535:0, RFC 8326) to all that an eBGP peer is told, or takes it away: it is asked
 * to leave this session's paths while they still carry. In slices, without a reset; it outlasts sessions.
 * What comes in with the community has local preference 0.
 */
void bgp_peer_set_graceful_shutdown(struct bgp_peer *peer, bool on);

/** A destination of unicast: nothing within 0.0.0.0/8, loopback or multicast. What covers these, such as a
 * default route, is one. */
bool bgp_prefix_usable(const struct ip_prefix *prefix);
/** Originates or withdraws a network. False where it was so already, and for IPv6, which is not spoken yet.
 */
bool bgp_network_add(struct bgp_speaker *speaker, const struct ip_prefix *prefix);
bool bgp_network_remove(struct bgp_speaker *speaker, const struct ip_prefix *prefix);

/** From where a walk goes, which way, and for how long. */
struct bgp_walk {
	const struct ip_prefix *from; /* NULL: from the end that it starts at; borrowed */
	bool with;                    /* begins with the prefix `from` itself, else beyond it */
	bool backwards;
	usec_t until;             /* monotonic; 0: as long as it takes */
	bool ran_out;             /* the time was up; to go on beyond `reached` */
	struct ip_prefix reached; /* whose paths were all visited, or passed over */
};

/**
 * Walks in prefix order (NULL: all, forwards); `visit` returns false to stop. Paths of a prefix: best first,
 * backwards the best last. Received and advertised: of one peer.
 */
void bgp_walk_paths(struct bgp_speaker *speaker, struct bgp_walk *walk,
		    bool (*visit)(void *context, const struct bgp_path *path), void *context);
/** The paths of exactly this prefix, the best first: what to show again after route_changed. */
void bgp_walk_prefix(struct bgp_speaker *speaker, const struct ip_prefix *prefix,
		     bool (*visit)(void *context, const struct bgp_path *path), void *context);
void bgp_walk_received(struct bgp_peer *peer, struct bgp_walk *walk,
		       bool (*visit)(void *context, const struct bgp_path *path), void *context);
void bgp_walk_advertised(struct bgp_peer *peer, struct bgp_walk *walk,
			 bool (*visit)(void *context, const struct bgp_path *path), void *context);
/** So many paths bgp_walk_paths visits in all. */
uint64_t bgp_path_count(const struct bgp_speaker *speaker);
/** All peers, in the order of adding. */
void bgp_walk_peers(struct bgp_speaker *speaker, bool (*visit)(void *context, struct bgp_peer *peer),
		    void *context);
/** Whether single changes of adj-in and adj-out are wanted. */
void bgp_speaker_watch(struct bgp_speaker *speaker, bool received, bool advertised);

/** The AS path as text, one item a segment or AS ("65010", "{1 2}"); calls `item` for each, nearest first. */
void bgp_attributes_as_path(const struct bgp_attributes *attributes,
			    void (*item)(void *context, const char *text), void *context);
void bgp_attributes_communities(const struct bgp_attributes *attributes,
				void (*item)(void *context, const char *text), void *context);
const char *bgp_origin_name(enum bgp_origin origin);

#endif
