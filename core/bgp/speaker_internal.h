// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The living parts of the speaker and who owns whom:
 *
 *   speaker  owns peers, a RIB for each family, the listeners, one idle handle (work in slices) and one timer
 *            (deadlines)
 *   peer     owns one session for good (main) and, while two connections compete, a second one; and, while
 *            Established, an adj-out for each family of it
 *   session  is RFC 4271's state machine; owns a connection while there is one
 *   connection  is a TCP socket with its buffers; it outlives its session for a moment to deliver a
 * NOTIFICATION
 *
 * Nothing long is ever done where it arises: it is left to be done, speaker_kick() is called, and
 * speaker_slice() does a few milliseconds of it per turn of the loop, in fair shares.
 */
#ifndef TWINSPAN_BGP_SPEAKER_INTERNAL_H
#define TWINSPAN_BGP_SPEAKER_INTERNAL_H

#include "core/bgp/policy_internal.h"
#include "core/bgp/session_internal.h"

#define INPUT_CHUNK 65536          /* read at once; no more is read while so much waits */
#define OUTPUT_MOST (512u * 1024)  /* no more UPDATEs are made while so much waits to be sent to a peer */
#define OUTPUT_LEAST (64u * 1024)  /* the same where there are many peers, */
#define OUTPUT_ALL (16384u * 1024) /* so that not more than this waits for all of them */
#define SLICE_US 2000              /* the speaker's share of one turn of the loop */

/* --- dynamic.c --------------------------------------------------------------------------------- */

/** The addresses that a peer's connections come from; returns how many, 1 or 2. */
size_t peer_addresses(const struct bgp_peer *peer, struct ip_prefix out[2]);
/** The peer whose range has an address; NULL: none. */
struct bgp_peer *dynamic_find(struct bgp_speaker *speaker, const struct ip_address *remote,
			      const struct ip_address *local);
/** A connection from the range of a peer. Takes the socket. */
void dynamic_accept(struct bgp_peer *template, int fd, const struct ip_address *remote,
		    const struct ip_address *local);
/** How many came by it, and are there. */
uint32_t dynamic_count(const struct bgp_peer *template);
/** Ends their sessions; `removed`: the peer with the range goes too. */
void dynamic_end_all(struct bgp_peer *template, const struct bgp_error *error, bool removed);
void dynamic_configure_all(struct bgp_peer *template, const struct bgp_peer_config *config);
/** Removes those whose session is over. */
void dynamic_dismiss(struct bgp_speaker *speaker);

/* --- limits.c ---------------------------------------------------------------------------------- */

struct adj_out;

/** Called for each prefix that was taken. False: the session must end with `error`. */
bool limits_allow(struct bgp_peer *peer, enum bgp_family family, struct bgp_error *error);
/** The peer has so many paths of that prefix that one more was not taken: says so, once in a session. */
void limits_tell_paths(struct bgp_peer *peer, const struct rib *rib, const struct nlri *nlri);
/** Whether one prefix more may be advertised. */
bool limits_allow_out(struct bgp_peer *peer, struct adj_out *out);
/** True once when prefixes were kept back and there is room now. */
bool limits_make_room(const struct bgp_peer *peer, struct adj_out *out);

/* --- next_hops.c ------------------------------------------------------------------------------- */

/** PATH_USABLE, or why a path of the peer's is not (RFC 4271, 9.1.2.1). Follows the next hop from now on
 * where it matters. */
enum path_verdict next_hop_verdict(const struct bgp_peer *peer, const struct bgp_attributes *attributes);
/** Judges a path anew, whose next hop may be reached otherwise. */
void next_hop_look_again(struct bgp_speaker *speaker, struct rib *rib, uint32_t path);
/** The same of all paths, in slices. */
void next_hops_look_again(struct bgp_speaker *speaker);

/* --- role.c ------------------------------------------------------------------------------------ */

/** Whether a path that the peer told is a route leak (RFC 9234, 5); to be asked after role_mark_in(). */
bool role_leaks_in(const struct bgp_peer *peer, const struct bgp_attributes *attributes);
/** Marks what the peer told by its role. */
void role_mark_in(const struct bgp_peer *peer, struct attribute_set *set);
/** Whether telling the peer a path would be a leak; marks what it is told. */
bool role_leaks_out(const struct bgp_peer *peer, const struct bgp_attributes *attributes);
void role_mark_out(const struct bgp_peer *peer, struct attribute_set *set);

/* --- restart.c --------------------------------------------------------------------------------- */

/** Whether the peer's paths may be kept when the session ends in that way. */
bool restart_is_graceful(const struct session *session, enum session_loss loss);
/** It has ended in such a way. / The peer is Established again. */
void restart_session_lost(const struct session *session);
void restart_session_up(const struct session *session);
void restart_end_of_rib(struct session *session, enum bgp_family family);
/** The marks of an enhanced route refresh (RFC 7313). */
void restart_refresh_begins(const struct session *session, enum bgp_family family);
void restart_refresh_ends(const struct session *session, enum bgp_family family);
/** What was known of the family is gone, and nothing more of it comes: nothing is waited for. */
void restart_family_gone(struct bgp_peer *peer, enum bgp_family family);
/** The peer's paths are not kept any longer: something says that it is down. */
void restart_abandon(struct bgp_peer *peer);
/** Ends what is overdue; returns the next deadline (0: none). */
usec_t restart_timer(struct bgp_peer *peer, usec_t now);

/* --- deferral.c -------------------------------------------------------------------------------- */

/** What the peer is told of our own restarts. */
struct bgp_restart deferral_offer(const struct bgp_peer *peer);
/** How long a side that is back may take to tell all, in seconds. */
uint32_t restart_stale_time(const struct bgp_peer *peer);
/** Whether a session that stands can be left without a word: the peer keeps our paths. */
bool deferral_keeps(const struct session *session);
/** A peer was added: is it waited for? */
void deferral_peer_added(struct bgp_peer *peer);
/** It is Established / has told all of a family / is not to be waited for any longer. */
void deferral_session_up(const struct session *session);
void deferral_end_of_rib(const struct session *session, enum bgp_family family);
void deferral_forget(struct bgp_peer *peer);
/** Whether nothing of a family may be told to an Established peer yet. */
bool deferral_holds(const struct bgp_peer *peer, enum bgp_family family);
/** Until when at most, as things stand; 0: it may. */
usec_t deferral_until(const struct bgp_peer *peer);
/** As restart_timer(). */
usec_t deferral_timer(struct bgp_peer *peer, usec_t now);
/** The part of it that is done in the speaker's turns; `waits`: changes have not all been handed on, and what
 * follows from them is not known. */
void deferral_work(struct bgp_speaker *speaker, bool waits);

/* --- adj_out.c --------------------------------------------------------------------------------- */

/* What a peer was told of one family. */
struct adj_out {
	struct adj_out *next;         /* among those that are to be freed */
	struct rib *rib;              /* of the family */
	struct changes_cursor cursor; /* changes that it was told of */
	struct order *order;          /* of a walk over all prefixes; NULL: none under way */
	struct order_place place;     /* of the walk */
	struct vector advertised;     /* bits by prefix number */
	struct adj_paths *paths;      /* instead of these where several paths of a prefix are told */
	uint64_t count;               /* advertised; of several paths each */
	bool end_of_rib;              /* to be sent when the walk is through */
	bool end_of_refresh;          /* the same of the mark that ends an enhanced refresh (RFC 7313) */
	bool near_limit, kept_back, said_kept_back; /* see limits.c */
};

/** Makes one for each family that the session of the peer has, and looks at all prefixes. */
void adj_out_open(struct bgp_peer *peer, const struct session *session);
/** With the session all that was told is gone: says so to those who watch. */
void adj_out_close(struct bgp_peer *peer);
/** Looks at all prefixes again, of all families: another MED, say. / Of one: a refresh. */
void adj_out_dump(struct bgp_peer *peer);
void adj_out_dump_family(struct bgp_peer *peer, enum bgp_family family);
/** The peer asks for all of a family again; between marks where both speak RFC 7313. */
void adj_out_refresh(struct bgp_peer *peer, enum bgp_family family);
/** Prefixes that may have to be told yet: so many at most. */
uint64_t adj_out_pending(const struct adj_out *out);
/** Makes UPDATEs until `deadline`, for the peer and those who are to be told the same. True: more could be
 * done now. They are not sent yet. */
bool adj_out_work(struct bgp_peer *peer, usec_t deadline);
/** Whether there is something to make UPDATEs of, and room for them. */
bool adj_out_waits(const struct bgp_peer *peer);
/** The identifiers by which paths of a prefix were told: `place` begins as 0; 0: there are no more. */
uint32_t adj_paths_next(const struct adj_paths *paths, uint32_t net, uint32_t *place);
/** The same from the last one to the first. */
uint32_t adj_paths_previous(const struct adj_paths *paths, uint32_t net, uint32_t *place);
/** The path that is told by an identifier; NULL: none may be told by it (any longer). */
const struct path *adj_paths_path(const struct bgp_peer *peer, const struct rib *rib, const struct net *net,
				  uint32_t id);
void adj_paths_free(struct adj_paths *paths);
/** Another number of paths of a prefix is to be told from now on. */
void adj_out_limit_paths(struct bgp_peer *peer, uint32_t most);
/** Frees what sessions that ended have left. */
void adj_out_reap(struct bgp_speaker *speaker);
/* export.c */
/** Whether its routes stand in the UPDATE's own fields, which have room for IPv4 with its next hop only. */
bool export_in_fields(const struct bgp_peer *peer, enum bgp_family family);
/** The link-local address that goes with a next hop; NULL: none does. */
const struct ip_address *export_link_local(const struct bgp_peer *peer, enum bgp_family family,
					   const struct ip_address *next_hop);
/** Whether a path may be told to a peer (the roles of struct bgp_peer_config). */
bool export_allowed(const struct bgp_peer *peer, const struct rib *rib, const struct path *path);
/** The two parts of that: whether it came from there (split horizon: never back to where it came from, by
 * whichever of a connection's tunnels), and what is the same for all peers of export_same(). */
bool export_returns(const struct bgp_peer *peer, const struct rib *rib, const struct path *path);
bool export_permits(const struct bgp_peer *peer, const struct rib *rib, const struct path *path);
/** And whether it is told for now: neither suppressed by an aggregate nor withheld by a condition. */
bool export_offers(const struct bgp_peer *peer, const struct rib *rib, const struct net *net,
		   const struct path *path);
/** Whether two peers with sessions are told the same in the same words, but for what came from them. */
bool export_same(const struct bgp_peer *a, const struct bgp_peer *b, enum bgp_family family);
/** What it is told for a prefix whose best path is `best` (NULL: there is none); NULL: nothing. */
const struct path *export_path(const struct bgp_peer *peer, const struct rib *rib, const struct net *net,
			       const struct path *best);
/** Whether it is reflected (RFC 4456): what it is told as depends on who brought it. */
bool export_reflects(const struct bgp_peer *peer, const struct rib *rib, const struct path *path);
/** What the peer's rules say of it then. */
struct policy_verdict export_verdict(const struct bgp_peer *peer, const struct rib *rib,
				     const struct net *net, const struct path *path);
/** As what it is told, where rules of export applied. False: it can't be. */
bool export_set(const struct bgp_peer *peer, const struct rib *rib, const struct path *path, uint64_t applied,
		struct attribute_set *out);

/* --- speaker.c, speaker_turns.c, networks.c, path_view.c, peer.c, peer_accept.c ---------------- */

struct bgp_peer {
	struct bgp_speaker *speaker;
	struct bgp_peer *next;
	struct bgp_peer_config config; /* names are owned */
	struct peer_rules *rules[2];   /* by enum policy_direction; NULL: none */
	uint16_t index;                /* in each RIB */
	bool wanted, shut_down, removed;
	bool graceful_shutdown; /* what is told carries the community (RFC 8326) */
	bool reported_graceful; /* what it tells does, as the world knows */
	bool reported_teaches;  /* it tells something that is accepted, as the world knows */
	bool plain_open;        /* the other side knows no capabilities */
	struct session *main, *second;
	struct adj_out *out[BGP_FAMILY_COUNT]; /* while Established; NULL: that family is not spoken */
	unsigned family_turn;                  /* whose UPDATEs are made first */
	uint32_t wait_ms, retry_ms;            /* the last ones, growing */
	bool listened;                         /* the peer had its time to connect first (listen_first_ms) */
	usec_t established_at;
	uint64_t received_of[BGP_KIND_COUNT], sent_of[BGP_KIND_COUNT], flaps, errors;
	uint64_t treated_as_withdraw, attributes_discarded;
	uint32_t reported_med;
	enum bgp_state reported_state;
	bool tell_now, tell_soon; /* peer_changed is due: at once, or with the next tick */
	usec_t told_at;
	struct bgp_peer_error last, last_in, last_out;
	bool near_limit[BGP_FAMILY_COUNT], over_limit[BGP_FAMILY_COUNT]; /* and it was said */
	bool said_paths;           /* that it tells too many paths of one prefix, in this session */
	bool stopped;              /* by a limit, until somebody resets it */
	usec_t refused_until;      /* by a limit: it is not heard before */
	bool restarting;           /* the session was lost, and paths of it are kept */
	usec_t stale_until;        /* until then what is stale is; 0: nothing is */
	unsigned refreshing;       /* families that it tells anew: BGP_FAMILY_BIT() of each */
	bool was_up;               /* since we run */
	unsigned awaited;          /* after our restart: families that it has not told all of yet */
	usec_t awaited_until;      /* with awaited */
	struct bgp_peer *template; /* the peer with a range that it came by; NULL: it is configured */
	usec_t malformed_at;       /* the last event about it, and what was not told since */
	uint32_t malformed_untold;
	/* Of each of its conditions, and NULL; see condition.c. */
	struct condition_watch **watches;
};

struct bgp_speaker {
	uv_loop_t *loop;
	struct bgp_speaker_config config;
	struct attribute_table attributes; /* of all families */
	struct rib ribs[BGP_FAMILY_COUNT];
	enum bgp_family family_turn; /* whose changes are handed on next */
	struct bgp_peer *peers, **peers_tail;
	struct connection *connections;
	struct adj_out *detached;
	uv_idle_t idle;
	uv_timer_t timer;
	uv_poll_t listeners[2];
	int listener_fds[2];
	unsigned handles; /* not yet closed */
	usec_t alarm_at;
	bool closing, idling, leaving; /* leaving: another run follows at once */
	bool deferring, settling;      /* since our restart: see deferral.c */
	usec_t opened_at;
	bool watch_received, watch_advertised;
	struct bgp_attributes *local_attributes;
	struct bgp_peer *input_turn, *output_turn, *flush_turn; /* who is first in the next slice */
	uint32_t output_most;                                   /* between OUTPUT_LEAST and OUTPUT_MOST */
	struct vector scratch;                                  /* of adj_out.c */
	struct vector by_index;                                 /* peers by their number in the RIB */
	struct chronicle *chronicle;                            /* what happened to prefixes lately */
	struct mrt_dump *dump;                                  /* under way; see mrt_internal.h */
	struct mrt_log *log;                                    /* NULL: what comes in is not written down */
	struct bmp *bmp;                                        /* NULL: nobody is told; see bmp_internal.h */
	struct aggregates *aggregates;   /* NULL: there are none; see origin_internal.h */
	struct condition_watch *watches; /* what conditions wait for; likewise */
	struct drops drops;              /* as read at drops_at */
	usec_t drops_at;
	usec_t stranger_at; /* the last event about one, and what was not told since */
	struct ip_address stranger;
	uint32_t strangers_untold;
};

/** The RIB of an address's family; NULL where there is none (AF_UNSPEC). */
static inline struct rib *
speaker_rib(struct bgp_speaker *speaker, uint8_t family)
{
	return family == AF_INET    ? &speaker->ribs[BGP_IPV4]
	       : family == AF_INET6 ? &speaker->ribs[BGP_IPV6]
				    : NULL;
}

static inline uint32_t
speaker_cluster_id(const struct bgp_speaker *speaker)
{
	return speaker->config.cluster_id != 0 ? speaker->config.cluster_id : speaker->config.router_id;
}

/** What the decision of a family knows of a peer. */
static inline struct rib_peer *
peer_known(const struct bgp_peer *peer, enum bgp_family family)
{
	return rib_peer(&peer->speaker->ribs[family], peer->index);
}

/** A peer is to be told a default route (struct bgp_habits): there is one to be told. */
void speaker_need_default(struct bgp_speaker *speaker);
/** What is originated here for a prefix in network form; NULL: nothing. */
const struct path *speaker_local_path(const struct rib *rib, const struct ip_prefix *network);
/** Originates a prefix, and no longer. Attributes are borrowed. */
void speaker_originate(struct bgp_speaker *speaker, struct rib *rib, const struct ip_prefix *network,
		       struct bgp_attributes *attributes, enum path_verdict verdict);
void speaker_retire(struct bgp_speaker *speaker, struct rib *rib, const struct ip_prefix *network);
/** There is work: run slices until it is done. */
void speaker_kick(struct bgp_speaker *speaker);
/** Look at deadlines at that time at the latest. */
void speaker_alarm(struct bgp_speaker *speaker, usec_t at);
/** Whether changes of rows are wanted may have changed. */
void speaker_watch_rows(struct bgp_speaker *speaker);
/** A handle has closed; frees the speaker after the last one. */
void speaker_handle_closed(struct bgp_speaker *speaker);

void speaker_event(struct bgp_speaker *speaker, const char *severity, const char *kind, const char *format,
		   ...) __attribute__((format(printf, 4, 5)));
void peer_event(struct bgp_peer *peer, const char *severity, const char *kind, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/** The state that the world sees: that of the session that is farther. */
enum bgp_state peer_state(const struct bgp_peer *peer);
struct session *peer_established(const struct bgp_peer *peer);
void peer_touch(struct bgp_peer *peer, bool now);
bool peer_internal(const struct bgp_peer *peer);
/** What is to be spoken with it, as BGP_FAMILY_BIT() of each. */
unsigned peer_families(const struct bgp_peer *peer);
/** `data`: of the NOTIFICATION; an empty one where there was none (code 0). */
void peer_record_error(struct bgp_peer *peer, bool received, uint8_t code, uint8_t subcode, const char *text,
		       struct reader data);
/** Whether the peer may have that AS number, and to fix it for one of several. */
bool peer_has_asn(const struct bgp_peer *peer, uint32_t asn);
void peer_set_asn(struct bgp_peer *peer, uint32_t asn);
void peer_free(struct bgp_peer *peer);
/** A connection came in from a peer's address. Takes the socket. */
void peer_accept(struct bgp_peer *peer, int fd, const struct ip_address *local);
/** Walks over all prefixes. True: to the end; false: `each` returned false, or the time ran out. */
bool speaker_walk_nets(struct bgp_speaker *speaker, struct bgp_walk *how,
		       bool (*each)(void *context, struct rib *rib, const struct net *net), void *context);
/** What a path looks like to the world. `reason` holds the text. */
struct bgp_path path_view(struct bgp_speaker *speaker, struct rib *rib, const struct net *net,
			  const struct path *path, char *reason, size_t size);
struct bgp_peer *speaker_peer_of(const struct bgp_speaker *speaker, uint16_t index);
/** An exported path as the world sees it; attributes must be freed. */
struct bgp_path export_view(const struct bgp_peer *peer, const struct rib *rib, const struct net *net,
			    const struct path *path, struct bgp_attributes **attributes);

#endif
