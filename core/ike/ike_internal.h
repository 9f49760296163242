// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the files of this room share. `struct ike` exists once while charon runs.
 *
 * Threads and locks. charon's sixteen threads call the listener, the back end, the kernel and socket
 * adaptors; the loop's thread calls the door; the data plane's threads call ike_plane_*. One mutex,
 * ike->lock, guards tunnels and tracks. It is held for moments and never while calling into charon (but for
 * taking references and queueing jobs), because charon calls us with its own locks held. Order: ike->lock,
 * then the job queue's or the event queue's.
 */
#ifndef TWINSPAN_IKE_IKE_INTERNAL_H
#define TWINSPAN_IKE_IKE_INTERNAL_H

#include <pthread.h>

#include <daemon.h>
#include <library.h>
#include <sa/child_sa.h>
#include <sa/ike_sa.h>

#include "core/ike/failure.h"
#include "core/ike/ike.h"

#define MOST_CHILDREN 16
#define BUCKETS 256
#define DELETE_REKEYED_DELAY_S 5
#define MOST_STRANGERS 32

struct tunnel;
struct credentials;

/* One IKE_SA that charon told us of, by its unique id. */
struct track {
	struct track *next;    /* in its bucket */
	struct track *sibling; /* of the same tunnel */
	struct tunnel *tunnel; /* NULL: not known (yet, or any more) */
	peer_cfg_t *peer;      /* compared only, never followed */
	uint32_t unique_id;
	bool initiator, established, ours_to_close, peer_deletes, reported, carried;
	/* Where the tunnel has two keys: which one made our AUTH, and which verified the peer's. */
	enum key_choice { KEY_NONE, KEY_PRESENT, KEY_NEXT } made_with, verified_with;
	bool rotation;          /* it is there to try the next key, beside one that carries */
	bool doubtful;          /* a duplicate that gave no sign of life when asked */
	bool peer_agrees;       /* on which of two SAs stays that both sides began */
	bool rekey_after_child; /* IKEv1: when its child SA is rekeyed it is itself */
	ike_sa_state_t state;
	usec_t begun, state_since, established_at;
	usec_t heard;   /* last authentic message of the peer */
	usec_t traffic; /* last authentic ESP packet, as last collected */
	usec_t closing; /* since when we want it gone; 0: we don't */
	usec_t probed;  /* when a duplicate was asked for a sign of life; 0: not */
	usec_t
	    child_asked; /* when a child that the tunnel lacks was asked for by this SA; 0: not, or it came */
	usec_t told_dead; /* when its silence was reported, where dpd_action leaves it; 0: never */
	usec_t doubted;   /* when it was last asked because something else says that it is dead; 0: never */
	uint64_t initiator_spi;
	unsigned retransmits;         /* of the request that is outstanding; 0: none */
	unsigned sent;                /* packets of the negotiation under way */
	uint16_t sent_to, heard_from; /* the peer's ports of its last messages; 0: none */
	unsigned installed;           /* child SAs, as last collected */
	bool described;               /* its texts are in the snapshot, as of this state and child: */
	ike_sa_state_t described_state;
	uint32_t described_child;
	struct ip_address remote;
	enum failure failure;  /* first cause */
	uint16_t wanted_group; /* that the peer asked for with INVALID_KE_PAYLOAD (RFC 7296 1.2); 0: none */
	char *offered;         /* the peer's proposals as charon's log had them, or NULL */
	char evidence[200];    /* charon's own words, the last that tell a cause */
	bool v1;               /* IKE version 1 */
	usec_t asked;          /* v1: when the last R-U-THERE was sent */
	enum failure certificate_failure; /* of a certificate that the peer showed; NONE: all was well */
	char certificate_text[200];
};

struct tunnel {
	struct tunnel *next_by_id, *next_by_peer;
	struct track *tracks;
	uint32_t id;
	char *name;
	char *ike_key; /* equal for tunnels whose ike_cfg_t are alike */
	struct ip_address local, remote;
	identification_t *local_id, *remote_id; /* NULL: the address, any */
	peer_cfg_t *peer;
	child_cfg_t *child;
	/* Either a secret, */
	shared_key_t *key, *next_key;    /* next_key: see ike_tunnel_next_key; NULL: none */
	usec_t rotate_at;                /* when next_key is tried while the tunnel is up; 0: it isn't */
	unsigned refusals;               /* of next_key by the peer, in a row */
	bool next_turn;                  /* the next negotiation from nothing is made with next_key */
	struct credentials *credentials; /* or a certificate and what goes with it */
	unsigned version;
	uint32_t dpd_interval_s, dpd_timeout_s;
	enum ike_dpd_action dpd_action;
	enum ike_unique unique;
	bool initiate;
	int encap;

	bool wanted;  /* an initiator that is to be up */
	bool once;    /* a responder's single try */
	bool refused; /* taken down by the operator */

	uint32_t children[MOST_CHILDREN]; /* unique ids of the child SAs that carry traffic */
	unsigned child_count, established;
	usec_t child_up_since, ike_up_since;
	char *offered[2]; /* the peer's proposals for IKE and ESP as it last asked with them, or NULL */
	unsigned failures;
	usec_t next_try_at; /* 0: none planned */
	usec_t buried;      /* when its peer was told dead: children that it had count as gone; 0: not */
	bool twin;          /* another tunnel has its identities, as of that many changes */
	unsigned twin_looked_for;
	bool starting;    /* a start is queued in charon */
	bool rekey_again; /* asked for while an IKE_SA is being rekeyed: the next one is, too */
	uint32_t shown_ike, shown_child; /* the SAs in `status` */
	struct ike_status status;
};

struct event_queue {
	pthread_mutex_t lock;
	struct queued_event *head, **tail;
	unsigned count, lost_lines;
	uv_async_t *wake;
	bool closed;
};

struct ike {
	struct ike_options options;
	struct event_queue queue;

	pthread_mutex_t lock;
	struct tunnel *by_id[BUCKETS], *by_peer[BUCKETS];
	struct track *tracks[BUCKETS];
	struct credentials *certificates; /* all that tunnels have, each once */
	unsigned certificate_marks;
	unsigned tunnel_count;
	unsigned tunnel_changes; /* tunnels that came and went */
	bool pump_queued;
	bool held_back; /* tunnels that are due wait for others to come to their end */
	struct {
		struct ip_address address;
		usec_t at;
	} strangers[MOST_STRANGERS]; /* peers without a tunnel that were told of lately */
	bool closing;

	bool library, daemon; /* what close has to undo */
	backend_t backend;
	credential_set_t credential_set;
	listener_t listener;
	logger_t logger;
	bool backend_added, credentials_added;
};

/* --- events.c --- */
bool events_open(struct event_queue *queue, uv_loop_t *loop, struct ike *ike, struct error *err);
void events_close(struct event_queue *queue);
/** From any thread: copies and wakes the loop. Log lines are the first to be dropped, and counted. */
void events_post(struct ike *ike, const struct ike_event *event);
/** Drops what waits to be told of a tunnel, but lines of the log. */
void events_forget(struct ike *ike, uint32_t tunnel);

/* --- registry.c: all but tunnel_free with ike->lock held --- */
struct tunnel *tunnel_find(struct ike *ike, uint32_t id);
struct tunnel *tunnel_of_peer(struct ike *ike, peer_cfg_t *peer);
struct tunnel *tunnel_of_sa(struct ike *ike, ike_sa_t *sa);
/* Whether its configuration has these two addresses, or takes any. */
bool tunnel_is_between(const struct tunnel *tunnel, const struct ip_address *local,
		       const struct ip_address *remote);
void tunnel_insert(struct ike *ike, struct tunnel *tunnel);
void tunnel_take_out(struct ike *ike, struct tunnel *tunnel);
void tunnel_free(struct ike *ike, struct tunnel *tunnel);
/** The tunnel after `tunnel` (NULL: the first), in no order that matters. */
struct tunnel *tunnel_next(struct ike *ike, struct tunnel *tunnel);
struct track *track_find(struct ike *ike, uint32_t unique_id);
/** Finds or makes the SA's track and sees whose it is by now. */
struct track *track_of(struct ike *ike, ike_sa_t *sa);
void track_free(struct ike *ike, struct track *track);
void tunnel_child_add(struct ike *ike, struct tunnel *tunnel, uint32_t child);
/** True where it was the last one. */
bool tunnel_child_drop(struct tunnel *tunnel, uint32_t child);
/** What was last read of an SA: where its tunnel counts as dead, and this SA carries and its peer was heard
 * since, the tunnel is said to be up. Its child may have come before the other SA was found dead. */
void tunnel_revive(struct ike *ike, const struct track *track);
void track_set_established(struct ike *ike, struct track *track, bool established, bool edge);

/* --- configs.c --- */
/** Builds charon's configuration of a tunnel. NULL with `err` for proposals or identities that charon can't
 * read. */
struct tunnel *tunnel_build(struct ike *ike, const struct ike_tunnel *from, struct error *err);
/** Do a tunnel's outside addresses fit those of an SA (NULL: not known)? */
bool tunnel_may_be_between(const struct tunnel *tunnel, host_t *local, host_t *remote);
/** Does another tunnel have the same pair of identities? With ike->lock held. */
bool tunnel_has_twin(struct ike *ike, struct tunnel *of);
void configs_init(struct ike *ike);

/* --- credentials.c --- */
/** Those that are loaded under the same digest, or new; to be let go of by credentials_put. NULL with `err`
 * for what charon can't read. Takes ike->lock. */
struct credentials *credentials_get(struct ike *ike, const struct ike_certificate *from, struct error *err);
/** NULL is fine. Takes ike->lock. */
void credentials_put(struct ike *ike, struct credentials *credentials);
/** Our own; borrowed. */
certificate_t *credentials_certificate(const struct credentials *credentials);
/** The local certificate, or the CAs of which one has to vouch for the peer's, as rules of `auth`. */
void credentials_constrain(const struct credentials *credentials, auth_cfg_t *auth, bool local);
void credentials_init(struct ike *ike);

/* --- shared_keys.c --- */
enumerator_t *shared_keys_enumerate(credential_set_t *this, shared_key_type_t type, identification_t *me,
				    identification_t *other);

/* --- listener.c --- */
void listener_init(struct ike *ike);

/* --- listener_log.c --- */
void listener_log_init(struct ike *ike);

/* --- reports.c: why a negotiation failed; all with ike->lock held --- */
/** Posts the failure, once for each IKE_SA. `known` may be NULL; `hint` NULL or "": the failure's own. */
void report_failure(struct ike *ike, struct track *track, enum failure failure,
		    const struct ike_failure *known, const char *hint, const char *format, ...);
/** The peer's address, or "the peer". */
const char *report_peer(const struct track *track, char out[IP_ADDRESS_TEXT]);
/** No proposal is in common. `listed`: the peer's, in charon's words, where it asked; NULL where it refused
 * ours. */
void report_proposals(struct ike *ike, struct track *track, ike_sa_t *sa, bool child, const char *listed);
/** We could not verify the peer (`here`), or it refused us. */
void report_authentication(struct ike *ike, struct track *track, ike_sa_t *sa, bool here);
/** IKEv1: a message that can't be decrypted while the pre-shared keys are tried for the first time. */
void report_undecipherable(struct ike *ike, struct track *track, ike_sa_t *sa);
/** `theirs`: "ours as they see them === theirs"; NULL where the peer refused with the notification `answer`.
 */
void report_selectors(struct ike *ike, struct track *track, const char *theirs, const char *answer);
/** IKEv1: the peer refused by a notification, of which charon raises no alert. */
void report_notify(struct ike *ike, struct track *track, ike_sa_t *sa, enum failure failure);
/** A negotiation ended without an SA: says why, unless that was said. */
void report_end(struct ike *ike, struct track *track);
/** "pre-shared key" or "certificate": how a side proves who it is; "" where it is not known. */
const char *authentication_of(peer_cfg_t *peer, bool local);

/* --- rotation.c: all with ike->lock held --- */
/** The SA is established: has the next key worked by it? */
void rotation_established(struct ike *ike, struct track *track);
/** An SA that was to try the next key ended without being established. */
void rotation_ended(struct ike *ike, struct track *track);
/** What was due could not be begun: the tunnel has just lost its child. It is due again soon. */
void rotation_put_off(struct tunnel *tunnel);
bool rotation_is_due(const struct tunnel *tunnel, usec_t now);
/** Which key makes our AUTH of this SA. */
enum key_choice rotation_choose(struct tunnel *tunnel, struct track *track);

/* --- vendor_ids.c: what gateways of ours tell one another; without ike->lock --- */

/** A plain message on its way: says ours, or hears the peer's, in each side's first. */
void vendor_ids_note(ike_sa_t *sa, message_t *message, bool incoming);
/** Has the peer told its source, and was it right? Then no NAT lies before it, whatever was detected. */
bool vendor_ids_true_source(ike_sa_t *sa);
/** Does the peer choose of two SAs begun at once as we do (duplicates.c)? */
bool vendor_ids_keeps_lower_spi(ike_sa_t *sa);

/* --- certificate_failure.c: all with ike->lock held --- */
/** Notes what charon finds wrong with a certificate, for when it refuses the peer for it. */
void note_certificate(struct track *track, alert_t alert, certificate_t *certificate);
/** Reports that charon refused the peer because of its certificate. False: that was not the reason. */
bool report_certificate(struct ike *ike, struct track *track, const struct ike_failure *known,
			const char *peer);
/** Reports that the peer refused ours. `them`: whom we asked for, or "%any". False: the tunnel has none. */
bool report_certificate_refused(struct ike *ike, struct track *track, const struct ike_failure *known,
				const char *peer, const char *us, const char *them);

/* --- duplicates.c: a tunnel's second IKE_SA; all with ike->lock held --- */
/** May an SA be established, whose peer has just shown who it is? False is told as a failure. */
bool duplicates_admit(struct ike *ike, struct track *track);
/** Was another SA of the tunnel established while this one, which the peer began, was negotiated? Then the
 * peer has that one too, whatever its INITIAL_CONTACT says. */
bool duplicates_crossed(const struct track *track);
/** Lets go of former SAs as the tunnel says, and of all but one that have stood beside one another for a
 * while; to be called every second. */
void duplicates_thin_out(struct tunnel *tunnel, usec_t now);

/* --- supervisor.c --- */
void supervisor_start(struct ike *ike);
/** Decides when the next try is, after a negotiation ended or the last child SA went; with ike->lock held. */
void supervise_ended(struct ike *ike, struct tunnel *tunnel, bool failed);
/** Asks the peer of an established SA for a sign of life, and soon believes it dead without one; with
 * ike->lock held. */
void supervise_doubt(struct track *track);
/** A message of the SA was sent so many times again: it is let go where its peer is there, but never ends
 * that exchange. */
void supervise_unfinished(struct ike *ike, struct track *track, unsigned again);
/** What the SA was asked for, a child for a tunnel without one, was refused by either side: another SA is
 * tried; with ike->lock held. */
void supervise_refused(struct ike *ike, struct track *track);
/** A negotiation came to its end: lets charon start what waits for that; with ike->lock held. */
void supervise_next(struct ike *ike);
/** Lets charon start what is due, now; with ike->lock held. */
void supervise_soon(struct ike *ike);

/* --- jobs.c: what charon's threads do for us; all return at once and may be called with ike->lock held ---
 */
enum sa_deed {
	DEED_DELETE,  /* with a Delete, and wait for its answer */
	DEED_DESTROY, /* one Delete sent, then gone */
	DEED_REKEY,   /* child SAs, then the IKE_SA */
	DEED_REKEY_IKE,
	DEED_PROBE, /* an empty INFORMATIONAL */
};
void job_sa(uint32_t unique_id, enum sa_deed deed);
/** We want this SA gone, and won't call its end a failure; with ike->lock held. */
void track_close(struct track *track, enum sa_deed deed);
/** IKEv1's old child SA after its rekeying, a moment later: the peer's packets by it are still under way.
 * Called with the IKE_SA checked out. */
void job_delete_rekeyed(ike_sa_t *sa, child_sa_t *old);
/** A child SA that is deleted and still open for what is under way: makes sure that it goes after its time.
 * charon's own job for that is lost where the IKE_SA is being rekeyed at the very moment, and the SA would
 * stay until its lifetime ends. */
void job_destroy_replaced(child_sa_t *child);
void job_initiate(struct ike *ike, struct tunnel *tunnel, uint32_t existing);
/** A second IKE_SA, made with the next key. */
void job_rotate(struct ike *ike, struct tunnel *tunnel);

/* --- status.c --- */
/* What an SA says, on its way into its tunnel's snapshot. */
struct seen {
	uint32_t unique_id, child_id;
	ike_sa_state_t state;
	struct ike_status status;
	usec_t traffic;
	unsigned installed;
};

/** Reads an SA that this thread has checked out, and one of its children (may be NULL); without ike->lock. */
void status_read(struct seen *out, ike_sa_t *sa, child_sa_t *newest);
/** Into the snapshot of its tunnel, where it has one; with ike->lock. */
void status_store(struct ike *ike, const struct seen *seen);
/** One walk over all IKE_SAs. */
void status_collect(struct ike *ike);

/* --- kernel_adaptor.c, socket_adaptor.c --- */
void kernel_adaptor_register(struct ike *ike);
void kernel_adaptor_forget(void);
/** When the last authentic packet came in by a child SA, monotonic; 0: none came. In microseconds, where
 * charon's get_usestats knows seconds. The IKE_SA is checked out, or in a walk. */
usec_t kernel_adaptor_last_inbound(ike_sa_t *sa, child_sa_t *child);
void kernel_adaptor_limit(uint32_t spi, const struct ip_address *destination, bool hard);
void kernel_adaptor_moved(uint32_t spi, const struct ip_address *from, uint16_t from_port);
void socket_adaptor_register(struct ike *ike);
void socket_adaptor_message(const struct ip_address *from, uint16_t from_port, const struct ip_address *to,
			    uint16_t to_port, const uint8_t *message, size_t length);

/* --- layout.c --- */
/** After libcharon_init: the pointers of the live objects lead into the libraries. */
bool layout_check_running(struct error *err);

/* --- ike.c --- */
/** The one that runs, or NULL. Kept by charon's threads only while they run. */
extern struct ike *the_ike;

/** host_t and chunk_t to our addresses. A wildcard becomes none. */
struct ip_address address_of_host(host_t *host);
struct ip_address address_of_chunk(chunk_t chunk);
host_t *host_of_address(const struct ip_address *address, uint16_t port);

#endif
