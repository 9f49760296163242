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
 * bgp_peer_config. Within that, rules (core/policy/) say of each peer and direction what is let through and
 * with which attributes.
 */
#ifndef TWINSPAN_BGP_BGP_H
#define TWINSPAN_BGP_BGP_H

#include <uv.h>

#include "core/base/address.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/policy/policy.h"

struct bgp_speaker;
struct bgp_peer;

enum bgp_state { BGP_IDLE, BGP_CONNECT, BGP_ACTIVE, BGP_OPENSENT, BGP_OPENCONFIRM, BGP_ESTABLISHED };
/** RFC 4271's names: "Idle" to "Established". */
const char *bgp_state_name(enum bgp_state state);

/** Address families (RFC 4760), unicast each. */
enum bgp_family { BGP_IPV4, BGP_IPV6, BGP_FAMILY_COUNT };
#define BGP_FAMILY_BIT(family) (1u << (family)) /* in a set of families */

/** What this side is to the peer (RFC 9234, 4.1). */
enum bgp_role {
	BGP_ROLE_NONE,
	BGP_ROLE_PROVIDER,
	BGP_ROLE_RS,
	BGP_ROLE_RS_CLIENT,
	BGP_ROLE_CUSTOMER,
	BGP_ROLE_PEER
};
/** "provider", "rs", "rs-client", "customer", "peer"; "none". */
const char *bgp_role_name(enum bgp_role role);

/** What is done about a prefix more than a limit allows. RESTART: Cease 6/1, and another attempt later; STOP:
 * Cease 6/1, and none until the peer is reset. */
enum bgp_limit_action { BGP_LIMIT_RESTART, BGP_LIMIT_STOP, BGP_LIMIT_WARN };

enum bgp_origin { BGP_ORIGIN_IGP, BGP_ORIGIN_EGP, BGP_ORIGIN_INCOMPLETE };

/* RFC 4724, RFC 8538. HELPER: its paths are kept while it restarts. YES: so are, it is asked, ours while we
 * do. */
enum bgp_graceful { BGP_GRACEFUL_NO, BGP_GRACEFUL_HELPER, BGP_GRACEFUL_YES };
#define BGP_RESTART_MOST_S 4095

#define BGP_PASSWORD_MOST 80
#define BGP_ADD_PATH_ALL 64 /* paths of a prefix: the most that are told, and taken from a peer */

struct bgp_peer_config {
	const char *name;        /* copied */
	struct ip_address local; /* none: the system's choice */
	struct ip_address remote;
	/* Instead of `remote`: all that connect from these addresses (family AF_UNSPEC: from any),
	 * `most_peers` of them at once (0: any number). Each is a peer of its own, called NAME@ADDRESS, as
	 * long as its session lasts. */
	bool dynamic;
	struct ip_prefix range;
	uint32_t most_peers;
	uint16_t port;                  /* 0: 179 */
	const char *interface;          /* bind the connection to it (SO_BINDTODEVICE); may be NULL */
	uint32_t local_asn, remote_asn; /* equal: iBGP */
	const uint32_t *asns;           /* the AS numbers that it may have, where remote_asn is 0; copied */
	size_t asn_count;
	unsigned families; /* to speak, as BGP_FAMILY_BIT() of each; 0: that of `remote` */
	/* This end's own addresses, the next hop of what is told of each family. None: the session's, where
	 * it is of that family; without either only IPv4 can be told, over IPv6 (RFC 8950). */
	struct ip_address next_hop[BGP_FAMILY_COUNT];
	uint32_t hold_s,
	    keepalive_s;      /* offered hold time; keepalive is at most a third of the negotiated one */
	uint32_t send_hold_s; /* the session ends when the peer takes nothing for so long (RFC 9687); 0: eight
				 minutes, or twice the hold time; none where that is 0 */
	uint32_t max_prefixes;              /* accepted ones of a family; 0: no limit */
	uint32_t max_prefixes_out;          /* advertised ones of a family; more are kept back; 0: no limit */
	uint32_t limit_warn;                /* percent of a limit from which on there is a warning; 0: 75 */
	enum bgp_limit_action limit_action; /* for max_prefixes */
	uint32_t limit_restart_s; /* RESTART: the peer is not heard for so long; 0: it is tried again in a
				     minute, then less often, and heard at once */
	enum bgp_role role;       /* eBGP only */
	bool role_strict;         /* a peer that says no role is refused */
	enum bgp_graceful graceful_restart;
	uint32_t restart_s; /* it is told that we are back in so many seconds; 0: 120 */
	uint32_t stale_s;   /* a side that is back may take so long to tell all its paths; 0: 360 */
	/* Several paths of a prefix (RFC 7911): what comes, and so many of the best ones told; 0: one without
	 * an identifier; BGP_ADD_PATH_ALL. Each where the peer has the other end of it. */
	bool add_path_receive;
	uint32_t add_path_send;
	bool passive;              /* only listen */
	uint32_t listen_first_ms;  /* after a start or a loss only listen for so long, then connect too (0: at
				      once) */
	uint8_t multihop;          /* hops that the peer may be away; 0: one for eBGP, any number for iBGP */
	uint8_t ttl_security;      /* RFC 5082: what has come over more hops than that is dropped; 0: off */
	uint16_t tcp_mss;          /* largest segment sent, in octets; 0: the system's choice */
	const uint8_t *password;   /* RFC 2385: both sides sign their segments by it; copied */
	size_t password_length;    /* 0: none; at most BGP_PASSWORD_MOST */
	uint32_t group, member;    /* see above; group 0: none */
	bool export_networks;      /* tell it the locally originated networks */
	bool export_peers;         /* tell it what peers of no group brought (the site's core router) */
	bool export_groups;        /* tell it what other groups brought (a hub; the site's core router) */
	uint32_t local_preference; /* given to its routes; iBGP: kept as received */
	uint32_t med_out;          /* MED sent; UINT32_MAX: none */
	struct policy *policy[2];  /* by enum policy_direction; NULL: no rules. The peer takes references */
	struct policy_conditions *conditions; /* of what it is told; NULL: none. Likewise */
	struct bgp_habits {
		uint32_t allow_as_in;   /* its paths may hold our own AS number so many times */
		bool as_override;       /* its AS number in what it is told becomes ours */
		bool remove_private_as; /* private AS numbers (RFC 6996) are taken out of what it is told */
		bool keep_next_hop; /* iBGP: the next hop of what came from other ASes is told as it came */
		bool default_originate; /* it is told a default route, whether we have one or not */
		bool reflector_client;  /* iBGP: what other internal peers bring is told to it (RFC 4456) */
		/* Its routes with BLACKHOLE (RFC 7999) are to be discarded, where they are so long at least;
		 * shorter ones are not accepted. 0: the community means nothing. */
		uint8_t blackhole_from[BGP_FAMILY_COUNT];
	} habits;
};

struct bgp_attributes; /* interned; compare by pointer */

/** One path to a prefix. Borrowed: valid only during the call that hands it out. */
struct bgp_path {
	struct ip_prefix prefix;
	const struct bgp_peer *peer; /* NULL: originated here */
	const struct bgp_attributes *attributes;
	const struct bgp_attributes *received; /* as it came, where rules of import changed it; else NULL */
	bool ruled;                            /* the rules of import were asked, if there are any */
	struct ip_address next_hop;
	uint32_t local_preference, med; /* med: 0 where absent; see has_med */
	bool has_med, best, accepted;
	bool has_path_id; /* the session has identifiers of paths for this family (RFC 7911) */
	uint32_t path_id; /* as received; of what is advertised as sent */
	enum bgp_origin origin;
	bool discard;                   /* what goes there is to be dropped (RFC 7999) */
	uint64_t aggregates;            /* so many routes it is the aggregate of; 0: it is none */
	struct ip_prefix suppressed_by; /* an aggregate is told in its place; of no family: none is */
	const char *reason;             /* why best or not: "best: lower MED (100 against 200)" */
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

/* BGP's types of messages, less OPEN's place: counters by them. */
enum bgp_message_kind {
	BGP_KIND_OPEN,
	BGP_KIND_UPDATE,
	BGP_KIND_NOTIFICATION,
	BGP_KIND_KEEPALIVE,
	BGP_KIND_REFRESH,
	BGP_KIND_COUNT
};

#define BGP_ERROR_DATA 64

/** A NOTIFICATION that was sent or received, or another end of a session (code 0). */
struct bgp_peer_error {
	bool set, received;
	uint8_t code, subcode;
	char text[256];
	uint8_t data[BGP_ERROR_DATA]; /* the first octets of it */
	uint16_t data_length;         /* of all */
	usec_t at;                    /* monotonic */
};

struct bgp_peer_status {
	const char *name;
	enum bgp_state state;
	bool shut_down;
	bool stopped;          /* by a limit, until it is reset */
	bool restarting;       /* its session was lost, its paths are kept for now */
	bool clearing;         /* paths went with a session, and route_changed has not told of all of them
				  yet: another session may stand by then */
	usec_t restart_until;  /* monotonic; with restarting */
	usec_t deferred_until; /* monotonic: after our restart it is told nothing until then, or until all
				  have told all; 0: it is */
	enum bgp_role role, remote_role; /* remote_role: as it said; NONE: it did not */
	bool dynamic;                    /* it came by itself, by a peer with a range */
	bool template;                   /* it has a range, and so many peers came by it */
	struct ip_prefix range;          /* with template; of no family: any address */
	uint32_t neighbours;
	uint32_t local_asn, remote_asn, remote_router_id;
	struct ip_address local, remote;
	usec_t established_at;                   /* monotonic; 0: not */
	uint32_t hold_s, keepalive_s;            /* negotiated; 0 unless established */
	uint64_t received, accepted, advertised; /* of all families */
	struct {
		bool spoken,
		    disabled; /* disabled: what the peer says of it could not be read (RFC 7606, 2) */
		uint64_t received, accepted, advertised;
	} families[BGP_FAMILY_COUNT];
	uint32_t max_prefixes, max_prefixes_out; /* of each family; 0: no limit */
	uint32_t local_preference, med_out;
	bool graceful_shutdown;       /* what it is told carries the community (RFC 8326) */
	const char *capabilities[20]; /* both sides have them: "multiprotocol-ipv4", "multiprotocol-ipv6",
					 "extended-next-hop", "four-octet-as", "route-refresh"; and what the
					 two do with several paths, by family: "add-path-in-ipv4" */
	size_t capability_count;
	uint64_t messages_in, messages_out, flaps;
	uint64_t received_of[BGP_KIND_COUNT], sent_of[BGP_KIND_COUNT];
	/* UPDATEs that were treated as withdrawals, or lost an attribute; NOTIFICATIONs both ways, less
	 * Cease. */
	uint64_t treated_as_withdraw, attributes_discarded, errors;
	/* Octets that wait to be worked off, and to be sent; prefixes to be looked at for what is told. */
	uint64_t input_bytes, output_bytes, pending;
	struct bgp_peer_error last_error, last_in, last_out; /* the last of all; the last NOTIFICATIONs */
};

/* How a next hop is reached: not at all; by a router of a link of ours; on such a link. UNKNOWN: it can't be
 * followed, and is not unfollowed; it counts as reached. */
enum bgp_reach { BGP_REACH_NONE, BGP_REACH_FAR, BGP_REACH_LINK, BGP_REACH_UNKNOWN };

/**
 * All are called from the loop. They may read, walk, and change preferences and MEDs; what starts, ends, adds
 * or removes a session may be called from peer_changed, peer_event, med_changed and route_changed, not from
 * the two for rows.
 */
struct bgp_events {
	void *context;
	/** State, counters or the last error of a session changed (counters: at most ten times a second). */
	void (*peer_changed)(void *context, struct bgp_peer *peer);
	/** A peer that came by itself goes: its session is over. It is gone after the call. May be NULL. */
	void (*peer_gone)(void *context, struct bgp_peer *peer);
	/** A line for the operators: severity is "info", "notice", "warning" or "error". */
	void (*peer_event)(void *context, struct bgp_peer *peer, const char *severity, const char *kind,
			   const char *text);
	/** The same of what concerns no peer: a file, a collector. */
	void (*speaker_event)(void *context, const char *severity, const char *kind, const char *text);
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
	/**
	 * A path outside of the tunnels names a next hop that is not its peer's own address: says how it is
	 * reached. Changes are told with bgp_next_hop_changed() until it is unfollowed. May be NULL: all can
	 * be.
	 */
	enum bgp_reach (*next_hop_follow)(void *context, const struct ip_address *next_hop);
	void (*next_hop_unfollow)(void *context, const struct ip_address *next_hop);
	/** After a restart (struct bgp_speaker_config): all that was waited for has been told by
	 * route_changed. Called once. May be NULL. */
	void (*settled)(void *context);
};

struct bgp_speaker_config {
	uint32_t asn;
	uint32_t router_id;  /* host order, never 0 */
	uint32_t cluster_id; /* of route reflection (RFC 4456, 7), host order; 0: the router id */
	uint16_t port;       /* to listen on; 0: 179 */
	/* An earlier run ended a moment ago without a word to the peers that keep our paths meanwhile
	 * (BGP_GRACEFUL_YES). They are told nothing before all of them have told all that they have, or their
	 * time is up (RFC 4724, 4.1). */
	bool restarted;
	unsigned forwarding; /* with it: families that were forwarded all the time, BGP_FAMILY_BIT() of each
			      */
	struct bgp_events events;
};

/** Listens on all addresses (a busy port is an error). NULL on failure. */
struct bgp_speaker *bgp_speaker_open(uv_loop_t *loop, const struct bgp_speaker_config *config,
				     struct error *err);
/** Sends NOTIFICATION 6/3 (Peer De-configured) or 6/2 to all, closes, frees. The loop must run afterwards
 * once. */
void bgp_speaker_close(struct bgp_speaker *speaker);
/** The same for another run that follows at once: peers that keep our paths meanwhile are told nothing, their
 * connections just end. */
void bgp_speaker_leave(struct bgp_speaker *speaker);

/** A next hop that is followed is reached otherwise: the paths that name it are judged anew, in slices. */
void bgp_next_hop_changed(struct bgp_speaker *speaker, const struct ip_address *next_hop,
			  enum bgp_reach reach);

/** Adds a session; it starts when bgp_peer_start is called. The peer is owned by the speaker. */
struct bgp_peer *bgp_peer_add(struct bgp_speaker *speaker, const struct bgp_peer_config *config,
			      struct error *err);
/** Ends its session (Cease 6/3), and those of neighbours that came by its range. Its paths go in slices, then
 * it is freed; it is not to be used after this. */
void bgp_peer_remove(struct bgp_peer *peer);
/** By its configured name, or NAME@ADDRESS of one that came by a range; NULL for none. Borrowed. */
struct bgp_peer *bgp_peer_find(struct bgp_speaker *speaker, const char *name);
/** Copies how it stands; the name is borrowed, as long as the peer is there. */
void bgp_peer_status(const struct bgp_peer *peer, struct bgp_peer_status *out);
/** As in its configuration: the connection's group and the tunnel's place in it; group 0: no tunnel. */
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
 * Takes over all of `config` that can change while the peer stays: not its name, addresses, AS numbers, group
 * and what it is told. The session that stands keeps what was negotiated, and sends KEEPALIVEs at the new
 * interval; a limit of prefixes that is passed already counts from the next prefix on; what else there is,
 * the next connection has.
 */
bool bgp_peer_configure(struct bgp_peer *peer, const struct bgp_peer_config *config, struct error *err);
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

/* --- rules ------------------------------------------------------------------------------------- */

/**
 * Other rules (NULL: none), of which references are taken. What changes is applied to all that the peer has
 * told and is told, in slices and without a reset; counters of a direction whose rules changed begin anew.
 */
void bgp_peer_set_policy(struct bgp_peer *peer, struct policy *import, struct policy *export);
/** The same for the rest of what is done with its paths. Where what comes in would be judged otherwise, the
 * peer is asked for it again (RFC 2918). */
void bgp_peer_set_habits(struct bgp_peer *peer, const struct bgp_habits *habits);
/** The rules of a peer, NULL: none. `matched`: so many routes met each of them, and behind the rules those
 * that none ended. Both borrowed. */
const struct policy *bgp_peer_policy(const struct bgp_peer *peer, enum policy_direction direction,
				     const uint64_t **matched);
/** What rules, which need not be those of its peer, say of a path that was received. False: they are not
 * asked. */
bool bgp_policy_import_verdict(const struct bgp_path *path, const struct policy *policy,
			       struct policy_verdict *out);
/** What the peer's rules of export say of the best path to exactly this prefix, or of the one that is
 * advertised by `path_id` (0: the best). False: they are not asked, or there are none. `told`: whether the
 * peer is told of it in the end. */
bool bgp_policy_export_verdict(struct bgp_peer *peer, const struct ip_prefix *prefix, uint32_t path_id,
			       struct policy_verdict *out, bool *told);
/** The identifiers by which paths of exactly this prefix are advertised to a peer that takes several (RFC
 * 7911), at most so many. Returns how many; 0 also where it takes one. */
size_t bgp_advertised_ids(const struct bgp_peer *peer, const struct ip_prefix *prefix, uint32_t *ids,
			  size_t most);

/** What telling a peer the best path to exactly this prefix hangs on: "while prefix 192.0.2.0/24, unless
 * …". False: on no condition. `held`: they hold. */
bool bgp_peer_conditions(const struct bgp_peer *peer, const struct ip_prefix *prefix, bool *held, char *out,
			 size_t size);

/* What other rules would make of a route that has been told. */
enum bgp_preview_change { BGP_PREVIEW_DENIED, BGP_PREVIEW_ACCEPTED, BGP_PREVIEW_CHANGED };

/**
 * Compares what the peer's rules of a direction make of all that it told, or is told, with what `policy`
 * (NULL: no rules) would; nothing is changed. Calls `tell` for each prefix with a difference, until `until`
 * (monotonic). Returns how many were looked at; `all` says how many there are.
 */
uint64_t bgp_policy_preview(struct bgp_peer *peer, enum policy_direction direction,
			    const struct policy *policy, usec_t until,
			    void (*tell)(void *context, const struct ip_prefix *prefix,
					 enum bgp_preview_change change),
			    void *context, uint64_t *all);

/** A destination of unicast: nothing within 0.0.0.0/8, loopback or multicast; of IPv6 neither what is
 * link-local, unspecified or a mapped IPv4 address. What covers these, such as a default route, is one. */
bool bgp_prefix_usable(const struct ip_prefix *prefix);
/** Originates or withdraws a network of either family. False where it was so already. */
bool bgp_network_add(struct bgp_speaker *speaker, const struct ip_prefix *prefix);
bool bgp_network_remove(struct bgp_speaker *speaker, const struct ip_prefix *prefix);

/** A prefix told for all that lie within it, as long as there is one (RFC 4271, 9.2.2.2). */
struct bgp_aggregate {
	struct ip_prefix prefix;
	bool summary_only; /* those that lie within it are told to nobody */
	bool as_set;       /* with an AS_SET (which RFC 9774 advises against) and all communities */
	uint64_t others;   /* so many routes lie within it that the speaker does not know: static ones */
};

/** These are the aggregates from now on, of either family. What changes by it does so in slices; one that
 * stays as it was is not touched. A network of the same prefix stands before an aggregate. */
void bgp_aggregates_set(struct bgp_speaker *speaker, const struct bgp_aggregate *list, size_t count);

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
/** The same of exactly this prefix: at most `most` paths, behind those that are accepted the others. Returns
 * how many there are beside them. */
size_t bgp_walk_prefix_all(struct bgp_speaker *speaker, const struct ip_prefix *prefix, size_t most,
			   void (*visit)(void *context, const struct bgp_path *path), void *context);
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
/* A change of a path in the past, or, without a prefix, a mass of them: what one thing did to a whole table.
 * Borrowed. */
struct bgp_record {
	uint64_t number;         /* rises with each */
	usec_t at;               /* monotonic */
	struct ip_prefix prefix; /* of no family: many */
	uint64_t count, kept;    /* of a mass: so many, of which so many have a record of their own; else 1 */
	const char *cause;       /* "announced", "withdrawn", "malformed", "session", "stale", "rules",
				   "preference",       "next-hop" */
	const char *peer;        /* whose path it was */
	uint32_t path_id; /* by which identifier, where it tells several of a prefix (RFC 7911); 0: none */
	const char *best, *before; /* whose is the best one since, and was; NULL: there is none */
	const char *step;          /* what the choice rests on (RFC 4271, 9.1.2.2); NULL without `best` */
	bool known, has_med;       /* known: the next four are */
	uint32_t as_hops, origin_as, med, local_preference;
	const char *text; /* all of that, for people */
};

/** How far back the records go; monotonic. */
struct bgp_record_span {
	usec_t singles; /* changes by UPDATEs while a session stood are all there from then on */
	usec_t masses;  /* those of whole tables, from then on */
	uint64_t count; /* records that there are, about */
};

/** Walks over the records in the order of their numbers, beyond `after`; backwards: before it, the last first
 * (0: from the end). `visit` returns false to stop. */
void bgp_walk_history(const struct bgp_speaker *speaker, uint64_t after, bool backwards,
		      bool (*visit)(void *context, const struct bgp_record *record), void *context);
/** How far back the records go. */
void bgp_history_span(const struct bgp_speaker *speaker, struct bgp_record_span *out);
/**
 * The last records of exactly this prefix, the newest first, and those of masses that may have had it without
 * a record of its own: of peers that had or have a path to it.
 */
void bgp_walk_prefix_history(struct bgp_speaker *speaker, const struct ip_prefix *prefix,
			     bool (*visit)(void *context, const struct bgp_record *record), void *context);
/** Whether single changes of adj-in and adj-out are wanted. */
void bgp_speaker_watch(struct bgp_speaker *speaker, bool received, bool advertised);

/* --- for other programs ------------------------------------------------------------------------ */

struct bgp_dump_result {
	const char *failure; /* NULL: the file is there, whole */
	uint64_t prefixes, paths;
};

/**
 * Writes the table, all usable paths of both families, to a file in MRT's format TABLE_DUMP_V2 (RFC 6396). It
 * is made in slices, and the disk is waited for by another thread. `path` appears when it is whole, and
 * nothing that stands there is replaced. `done` is called once from the loop, at the latest when the speaker
 * is closed. False where it can't begin.
 */
bool bgp_table_dump(struct bgp_speaker *speaker, const char *path,
		    void (*done)(void *context, const struct bgp_dump_result *result), void *context,
		    struct error *err);

struct bgp_updates_config {
	const char *path;  /* copied; NULL: none is kept */
	uint32_t rotate_s; /* after so long PATH becomes PATH.1; 0: never */
	uint32_t keep;     /* so many of those */
};

/** From now on all messages that come in, less KEEPALIVEs, and all changes of state are added to a file in
 * MRT's format BGP4MP. The same configuration again changes nothing. */
void bgp_updates_keep(struct bgp_speaker *speaker, const struct bgp_updates_config *config);

/* Tables that a collector can be told: what each peer tells and is told, before the rules of import or export
 * and after them (RFC 7854, 5; RFC 8671, 5), and what was chosen of it (RFC 9069). */
enum bgp_view {
	BGP_VIEW_IN_PRE,
	BGP_VIEW_IN_POST,
	BGP_VIEW_OUT_PRE,
	BGP_VIEW_OUT_POST,
	BGP_VIEW_LOC_RIB,
	BGP_VIEW_COUNT
};
/** As the configuration names them: "pre-policy", "out-post-policy", "loc-rib". */
const char *bgp_view_name(enum bgp_view view);

/* A program that is told by BMP (RFC 7854). */
struct bgp_collector_config {
	const char *name;                 /* copied, as the next two */
	const char *system, *description; /* what it is told of this system */
	struct ip_address remote, local;  /* local: none: the system's choice */
	uint16_t port;
	unsigned views;        /* bits by enum bgp_view */
	uint32_t statistics_s; /* from one Statistics Report to the next; 0: none */
};

/** These are the collectors from now on: connections to those that were there already stay. */
void bgp_collectors_set(struct bgp_speaker *speaker, const struct bgp_collector_config *list, size_t count);

struct bgp_collector_status {
	const char *name;
	uint16_t port;
	unsigned views;
	bool connected, connecting;
	bool dumping; /* it is being told what stood when it connected */
	usec_t since; /* monotonic; of the connection, or of its loss; 0: there was none */
	uint64_t messages, bytes, queue_bytes; /* sent over all connections; waiting now */
	uint64_t connections;
	const char *failure; /* why the last one ended, or can't be made; "" for nothing */
};

/** All collectors, in the order of the configuration; the status is borrowed. */
void bgp_walk_collectors(const struct bgp_speaker *speaker,
			 void (*visit)(void *context, const struct bgp_collector_status *status),
			 void *context);

/** The AS path as text, one item a segment or AS ("65010", "{1 2}"); calls `item` for each, nearest first. */
void bgp_attributes_as_path(const struct bgp_attributes *attributes,
			    void (*item)(void *context, const char *text), void *context);
/** Standard communities ("65000:1") and then large ones ("65000:1:2", RFC 8092), in the same way. */
void bgp_attributes_communities(const struct bgp_attributes *attributes,
				void (*item)(void *context, const char *text), void *context);
/** The other attributes that rules can change in the same way: one item, or none where it is absent. The
 * local preference is the one that is in the attributes: a rule's, or an internal peer's. */
void bgp_attributes_med(const struct bgp_attributes *attributes,
			void (*item)(void *context, const char *text), void *context);
void bgp_attributes_local_preference(const struct bgp_attributes *attributes,
				     void (*item)(void *context, const char *text), void *context);
void bgp_attributes_next_hop(const struct bgp_attributes *attributes,
			     void (*item)(void *context, const char *text), void *context);
void bgp_attributes_origin(const struct bgp_attributes *attributes,
			   void (*item)(void *context, const char *text), void *context);
/** "igp", "egp" or "incomplete". */
const char *bgp_origin_name(enum bgp_origin origin);

#endif
