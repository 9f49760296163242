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
#define MOST_STRANGERS 32

struct tunnel;

/* One IKE_SA that charon told us of, by its unique id. */
struct track {
	struct track *next;    /* in its bucket */
	struct track *sibling; /* of the same tunnel */
	struct tunnel *tunnel; /* NULL: not known (yet, or any more) */
	peer_cfg_t *peer;      /* compared only, never followed */
	uint32_t unique_id;
	bool initiator, established, ours_to_close, peer_deletes, reported, carried;
	bool doubtful; /* a duplicate that gave no sign of life when asked */
	ike_sa_state_t state;
	usec_t begun, state_since, established_at;
	usec_t heard;   /* last authentic message of the peer */
	usec_t traffic; /* last authentic ESP packet, as last collected */
	usec_t closing; /* since when we want it gone; 0: we don't */
	usec_t probed;  /* when a duplicate was asked for a sign of life; 0: not */
	usec_t doubted; /* when it was last asked because something else says that it is dead; 0: never */
	uint64_t initiator_spi;
	unsigned retransmits; /* of the request that is outstanding; 0: none */
	unsigned sent;        /* packets of the negotiation under way */
	unsigned installed;   /* child SAs, as last collected */
	bool described;       /* its texts are in the snapshot, as of this state and child: */
	ike_sa_state_t described_state;
	uint32_t described_child;
	struct ip_address remote;
	enum failure failure; /* first cause */
	char evidence[200];   /* charon's own words, the last that tell a cause */
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
	shared_key_t *key;
	unsigned version;
	uint32_t dpd_interval_s, dpd_timeout_s;
	bool dpd_restart, initiate;
	int encap;

	bool wanted;  /* an initiator that is to be up */
	bool once;    /* a responder's single try */
	bool refused; /* taken down by the operator */

	uint32_t children[MOST_CHILDREN]; /* unique ids of the child SAs that carry traffic */
	unsigned child_count, established;
	usec_t child_up_since, ike_up_since;
	unsigned failures;
	usec_t next_try_at;              /* 0: none planned */
	bool starting;                   /* a start is queued in charon */
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
	unsigned tunnel_count;
	bool pump_queued;
	struct {
		struct ip_address address;
		usec_t at;
	} strangers[MOST_STRANGERS]; /* peers without a tunnel that were told of lately */
	bool closing;

	bool library, daemon; /* what close has to undo */
	backend_t backend;
	credential_set_t credentials;
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

/* --- registry.c: all with ike->lock held --- */
struct tunnel *tunnel_find(struct ike *ike, uint32_t id);
struct tunnel *tunnel_of_peer(struct ike *ike, peer_cfg_t *peer);
struct tunnel *tunnel_of_sa(struct ike *ike, ike_sa_t *sa);
void tunnel_insert(struct ike *ike, struct tunnel *tunnel);
void tunnel_take_out(struct ike *ike, struct tunnel *tunnel);
void tunnel_free(struct tunnel *tunnel);
/** The tunnel after `tunnel` (NULL: the first), in no order that matters. */
struct tunnel *tunnel_next(struct ike *ike, struct tunnel *tunnel);
struct track *track_find(struct ike *ike, uint32_t unique_id);
/** Finds or makes the SA's track and sees whose it is by now. */
struct track *track_of(struct ike *ike, ike_sa_t *sa);
void track_free(struct ike *ike, struct track *track);
void tunnel_child_add(struct ike *ike, struct tunnel *tunnel, uint32_t child);
/** True where it was the last one. */
bool tunnel_child_drop(struct tunnel *tunnel, uint32_t child);
void track_set_established(struct ike *ike, struct track *track, bool established, bool edge);

/* --- configs.c --- */
/** Builds charon's configuration of a tunnel. NULL with `err` for proposals or identities that charon can't
 * read. */
struct tunnel *tunnel_build(struct ike *ike, const struct ike_tunnel *from, struct error *err);
void configs_init(struct ike *ike);

/* --- listener.c --- */
void listener_init(struct ike *ike);
/** Reports why a negotiation failed, once for each IKE_SA; with ike->lock held. */
void report_failure(struct ike *ike, struct track *track, enum failure failure, const char *format, ...);

/* --- supervisor.c --- */
void supervisor_start(struct ike *ike);
/** Decides when the next try is, after a negotiation ended or the last child SA went; with ike->lock held. */
void supervise_ended(struct ike *ike, struct tunnel *tunnel, bool failed);
/** Asks the peer of an established SA for a sign of life, and soon believes it dead without one; with
 * ike->lock held. */
void supervise_doubt(struct track *track);
/** Lets charon start what is due, now; with ike->lock held. */
void supervise_soon(struct ike *ike);

/* --- jobs.c: what charon's threads do for us; all return at once and may be called with ike->lock held ---
 */
enum sa_deed {
	DEED_DELETE,  /* with a Delete, and wait for its answer */
	DEED_DESTROY, /* one Delete sent, then gone */
	DEED_REKEY,   /* child SAs, then the IKE_SA */
	DEED_PROBE,   /* an empty INFORMATIONAL */
};
void job_sa(uint32_t unique_id, enum sa_deed deed);
/** We want this SA gone, and won't call its end a failure; with ike->lock held. */
void track_close(struct track *track, enum sa_deed deed);
void job_initiate(struct ike *ike, struct tunnel *tunnel, uint32_t existing);

/* --- status.c --- */
/** Reads an SA that this thread has checked out into its tunnel's snapshot; without ike->lock. */
void status_capture(struct ike *ike, ike_sa_t *sa, child_sa_t *newest);
/** One walk over all IKE_SAs. */
void status_collect(struct ike *ike);

/* --- kernel_adaptor.c, socket_adaptor.c --- */
void kernel_adaptor_register(struct ike *ike);
void kernel_adaptor_forget(void);
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
