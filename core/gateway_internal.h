// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What all of the gateway's own files share: the gateway itself, its connections and tunnels, and what keeps
 * them. gateway.c opens and closes the rooms; gateway_ike.c and gateway_tunnels.c turn what IKE and the data
 * plane tell into the state of tunnels and connections; gateway_turns.c measures the loop; gateway_usage.c
 * counts what is used. The rest is beside it: gateway_bgp_internal.h (prefixes and sessions),
 * gateway_operator_internal.h (what operators do), gateway_configure_internal.h (another configuration while
 * all of it runs), gateway_mtu_internal.h (what a path takes).
 */
#ifndef TWINSPAN_GATEWAY_INTERNAL_H
#define TWINSPAN_GATEWAY_INTERNAL_H

#include <stdatomic.h>
#include <uv.h>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/prefix_set.h"
#include "core/base/text.h"
#include "core/bfd/bfd.h"
#include "core/bgp/bgp.h"
#include "core/config/config.h"
#include "core/control/server.h"
#include "core/dataplane.h"
#include "core/failover/failover.h"
#include "core/gateway.h"
#include "core/health/damping.h"
#include "core/health/health.h"
#include "core/health/mtu_probing.h"
#include "core/health/prober.h"
#include "core/health/traffic.h"
#include "core/ike/ike.h"
#include "core/journal/journal.h"
#include "core/journal/usage.h"
#include "core/model/history.h"
#include "core/model/model.h"
#include "core/plugins.h"
#include "core/routing/routing.h"

struct gateway;
struct gateway_connection;

/* What an operator says of a tunnel and what holds over restarts. */
enum gateway_kept { GATEWAY_DISABLED, GATEWAY_DRAINED, GATEWAY_PINNED, GATEWAY_KEPT_KINDS };

/* What operators do that can turn back by itself. */
enum gateway_deed {
	GATEWAY_NOTHING,
	GATEWAY_DOWN,
	GATEWAY_DISABLE,
	GATEWAY_DRAIN,
	GATEWAY_SWITCHOVER,
};

/* A tunnel's deed that waits for its confirmation (gateway_waiting.c). */
struct gateway_waiting {
	enum gateway_deed deed; /* GATEWAY_NOTHING: none waits */
	unsigned seconds;       /* as asked */
	usec_t due, until;      /* when it turns back: monotonic, wall clock */
	bool warned;
	bool carried, was_drained; /* the tunnel, when it began */
	usec_t returning; /* monotonic: it turned back then, and gets its traffic when it can; 0: no */
};

/* An operator's deed whose beginning is due in a moment: whoever asked, by the path that it moves, has been
 * answered already. */
struct gateway_intent {
	enum gateway_deed deed; /* GATEWAY_NOTHING: none */
	int member;             /* of the connection; -1: a switchover to the other one */
	unsigned seconds;       /* until it turns back; 0: it stays */
	bool force;
	usec_t due; /* monotonic */
	char who[CONTROL_WHO];
};

/* What a tunnel's path takes: gateway_mtu.c, and gateway_mtu_probe.c, which probes it. */
struct gateway_mtu {
	uint32_t outside; /* MTU of the interface that its packets leave by; 0: not known */
	char outside_interface[16];
	usec_t outside_asked; /* when that was looked up */
	uint32_t path; /* that probing found, where the interface has more (IPv6 inside); 0: it has not */
	struct mtu_probing probing;
	struct probe *probe;           /* open while one is under way */
	bool wanted;                   /* something about the path has changed: probe it anew */
	char remote[IP_ADDRESS_TEXT];  /* the path's end, as last probed */
	bool searching;                /* what is under way is a search, or has become one */
	usec_t searched_at, tested_at; /* when one last ended; when a search or a test of the MTU did */
	uint64_t excess;               /* bytes in long packets that left of late */
	uint64_t tx_packets, tx_bytes; /* as of the last second */
};

struct gateway_tunnel {
	struct gateway *gateway;
	struct gateway_connection *connection;
	const struct config_tunnel *config;
	unsigned member; /* of the connection: 0 or 1 */
	char interface[16];
	bool disabled;  /* an operator took it down */
	bool goes_down; /* an operator takes it down, and its traffic moves before */
	unsigned kept;  /* what of it holds over restarts, bits of enum gateway_kept: `disable`, not `down` */
	bool child_up;  /* packets can flow */
	bool interface_lost; /* somebody removed its interface, and it could not be made anew */
	bool interface_bare; /* or it was, and could not be given its addresses */
	bool ever_up;
	bool failed;       /* what was tried last failed; of a tunnel that is down: not merely connecting */
	bool child_failed; /* ... after IKE was agreed: by its child SA */
	struct bgp_peer *peer; /* NULL with static routing */
	struct health *health;
	struct ip_address guarded; /* the peer's outside address that routing keeps outside; none: not yet */
	bool able;                 /* it could carry: up, its session Established, not found dead */
	struct gateway_waiting waiting;
	/* Of gateway_liveness.c: */
	bool live;      /* it is watched */
	bool held_back; /* by damping */
	bool excused;   /* an operator makes it fail now: that is no flapping */
	struct damping damping;
	enum bfd_state bfd_state;
	const struct probe_ops *probe; /* NULL: none is at hand */
	struct traffic traffic;
	usec_t poked_at; /* when its BGP session was last made to speak, as the only witness; 0: not */
	struct dataplane_counters counters; /* as of the last second */
	usec_t counted_at;
	/* Of gateway_certificates.c: how near its end was told, and of which end (wall clock). */
	unsigned certificate_told;
	usec_t certificate_told_of;
	struct gateway_mtu mtu;
	struct model_tunnel row; /* what the world sees; put into the store after each change */
};

/* By which tunnels most of a connection's traffic leaves and comes back. */
struct gateway_ways {
	uint64_t rx_packets[FAILOVER_MEMBERS], tx_packets[FAILOVER_MEMBERS]; /* as of the last second */
	unsigned seconds; /* for so long it has been otherwise than `asymmetric` says */
	bool asymmetric;
	int out, in;
};

/* What BGP has taught over a connection (gateway_protect.c). Where a reload takes the connection away, it
 * stays for as long as that lasts. */
struct gateway_learned {
	uint64_t prefixes;      /* that routing has by BGP over it */
	struct prefix_set held; /* prefixes that are kept unreachable while the connection is down */
};

struct gateway_connection {
	struct gateway *gateway;
	const struct config_connection *config;
	uint32_t group; /* from 1 */
	struct failover *failover;
	struct gateway_tunnel *tunnels;
	unsigned tunnel_count;
	struct gateway_learned learned;
	struct usage_connection *usage; /* NULL: not counted */
	bool available;                 /* as the usage has it */
	bool pin_unkept;                /* the pin could not be written down */
	struct gateway_ways ways;
	usec_t settled_at; /* when held prefixes that did not come back are let go; 0: nothing waits */
	bool leaving;      /* it is being removed */
	struct gateway_intent intent;
	struct model_connection row;
};

/* How long turns of the loop take. */
struct gateway_turns {
	uv_prepare_t prepare;
	usec_t ended_at;          /* of the last one; 0: none yet */
	usec_t waited, processor; /* as of then: the loop's idle time and the thread's processor time */
	usec_t longest;
	usec_t told_at, told; /* when and how bad the last one was that was told */
};

/* A configuration as text, secrets and all: wiped when it is let go. */
struct gateway_source {
	char *text;
	size_t length;
};

struct gateway {
	uv_loop_t loop;
	uv_signal_t signals[3];
	uv_timer_t second;  /* the tick that reads counters */
	uv_timer_t looking; /* for silence on the tunnels */
	size_t looked_at;   /* how many were, in all */
	uv_timer_t probing; /* of paths: it runs while one is probed */
	struct {
		usec_t raise, confirm; /* see gateway_mtu_probe.c */
	} mtu_timers;
	const struct probe_ops *echo; /* ICMP's probe; NULL: it is not at hand */
	struct gateway_turns turns;
	const struct gateway_options *options;
	struct config *config;
	struct model_store *store;
	struct control_server *server;
	struct history *history; /* the rates of the last day, for graphs */
	struct journal *journal;
	struct usage *usage;
	const struct dataplane_ops *plane_ops;
	struct dataplane *plane;
	usec_t unknown_spi_at;     /* monotonic: when its packets of no SA last grew in number; 0: never */
	_Atomic(struct ike *) ike; /* read by the plane's threads */
	struct routing *routing;
	struct bgp_speaker *bgp;
	struct bfd *bfd; /* NULL: no tunnel wants it */
	struct prober *prober;
	/* Both in no order that matters: reload adds and removes. */
	struct gateway_connection **connections;
	size_t connection_count;
	struct gateway_tunnel **tunnels;
	size_t tunnel_count;
	struct gateway_tunnel **tunnel_ids; /* by id - 1; NULL: free */
	size_t tunnel_id_room;
	/* Removed tunnels whose interfaces still have to go, in the order in which they do
	 * (gateway_heritage.c). */
	struct gateway_doomed {
		uint32_t id;
		bool awaited; /* by what is to be made in its place */
	} * doomed;
	size_t doomed_count;
	uv_work_t clearing;  /* removes that of `cleared` */
	uint32_t cleared;    /* 0: none */
	uint32_t last_group; /* groups are never given twice: paths of a removed one may still be known */
	struct gateway_drill *drill;   /* the one under way, or NULL */
	struct gateway_source source;  /* the text that `config` was read from */
	struct gateway_reload *reload; /* gateway_reload.c */
	struct model_gateway row;
	struct model_watch watch; /* events on their way to the log and the journal */
	bool host_looking;        /* a thread looks at this machine (gateway_host.c) */
	bool host_again;          /* and is to do so again */
	unsigned seconds;         /* ticks of `second` so far */
	bool unconfirmed;         /* it started with the configuration before an unconfirmed one */
	bool remembering; /* events of earlier runs are being read: neither news nor to be written again */
	bool stopping;
	bool leaving; /* stopping: another run follows at once (gateway_restart.c) */
	struct gateway_restart {
		bool happened;                /* an earlier run ended a moment ago, and its peers wait */
		struct routing_census former; /* what it had in the kernel */
		int file;                     /* the record of this run; -1: none */
		bool untold;                  /* that it can't be written has been told */
	} restart;
	struct {
		bool watched;  /* somebody is told of changes of prefixes as they come */
		uint64_t told; /* the number of the last one */
	} changes;
};

/* --- gateway_ike.c --- */

/** struct ike_options' callback; context: the gateway. */
void gateway_on_ike(void *context, const struct ike_event *event);
/** Takes IKE's figures into the tunnel's row, which is not put into the store. */
void gateway_tunnel_read_ike(struct gateway_tunnel *tunnel);
/** Its child SA is gone: routes, session and liveness know it, and it is told. Nothing where it was down. */
void gateway_tunnel_went_down(struct gateway_tunnel *tunnel, const char *cause);
/** What was before says nothing of the try that comes. */
void gateway_tunnel_begin_anew(struct gateway_tunnel *tunnel);
/** Tells failover anew whether the tunnel can carry traffic. */
void gateway_tunnel_judge(struct gateway_tunnel *tunnel, const char *cause);

/* --- gateway_plane.c --- */

/** Opens the plane that the configuration asks for, or with "auto" the first that works here. */
bool gateway_plane_open(struct gateway *gateway, struct error *err);
/** Takes what the data plane tells of itself into the gateway's row, which is not put into the store. */
void gateway_plane_read(struct gateway *gateway);

/* --- gateway_tunnels.c --- */

/** Sets a field of a row to the address, "any" where it is none. */
void gateway_set_address(char **field, const struct ip_address *address);
/** Makes a connection with its interfaces, failover and group (0: a new one) and adds it to the gateway, also
 * where it fails: it is then to be removed as one that stands. `standing` (NULL: none): for each tunnel the
 * interface that the data plane has for it already, or ""; what is taken becomes "". */
bool gateway_connection_open(struct gateway *gateway, const struct config_connection *config, uint32_t group,
			     char (*standing)[16], struct error *err);
/** Takes it out of the gateway and frees it: what others hold of it (failover, liveness) has ended. */
void gateway_connection_free(struct gateway_connection *connection);
/** The interface's addresses and MTU, as the configuration has them now. */
bool gateway_tunnel_set_interface(struct gateway_tunnel *tunnel, struct error *err);
/** The row's fields that come from the configuration. */
void gateway_tunnel_describe(struct gateway_tunnel *tunnel);
void gateway_connection_describe(struct gateway_connection *connection);
/** By its id; NULL for one that was removed. */
struct gateway_tunnel *gateway_tunnel_by_id(const struct gateway *gateway, uint32_t id);
/** Once a second: counters, rates, figures of IKE, rows. */
void gateway_tick(struct gateway *gateway);
void gateway_tunnel_publish(struct gateway_tunnel *tunnel);
void gateway_connection_publish(struct gateway_connection *connection);
void gateway_publish(struct gateway *gateway);
struct gateway_tunnel *gateway_tunnel_find(const struct gateway *gateway, const char *name);
struct gateway_connection *gateway_connection_find(struct gateway *gateway, const char *name);

/* --- gateway_dial.c --- */

/** Hands the tunnel to IKE: from here on packets leave. */
bool gateway_tunnel_dial(struct gateway_tunnel *tunnel, struct error *err);
/** Takes over the revocation lists that the configuration has now. Nothing goes down. */
bool gateway_tunnel_certify(struct gateway_tunnel *tunnel, struct error *err);
/** Its SAs are closed (Delete) and forgotten; routes, session and liveness know it first. */
void gateway_tunnel_hang_up(struct gateway_tunnel *tunnel, const char *cause);
/** Brings up or takes down by an operator's word. */
void gateway_tunnel_enable(struct gateway_tunnel *tunnel);
void gateway_tunnel_disable(struct gateway_tunnel *tunnel);

/* --- gateway_liveness.c --- */

bool gateway_liveness_open(struct gateway *gateway, struct error *err);
void gateway_liveness_close(struct gateway *gateway);
/** Are there the plugin of the tunnel's probe, and BFD's port where it is wanted first? Changes nothing. */
bool gateway_liveness_could(const struct gateway *gateway, const struct config_tunnel *config,
			    struct error *err);
/** Loads the tunnel's probe and starts BFD's engine where it is wanted first; `probe` may be NULL. */
bool gateway_liveness_ready(struct gateway *gateway, const struct config_tunnel *config,
			    const struct probe_ops **probe, struct error *err);
/** The tunnel's configuration of BFD (then it was `before`) or of its probe is another. */
void gateway_liveness_change(struct gateway_tunnel *tunnel, const struct config_bfd *before, bool bfd,
			     bool probe);
/** Packets can flow: BFD and probes begin. / No longer: they end. */
void gateway_liveness_up(struct gateway_tunnel *tunnel);
void gateway_liveness_down(struct gateway_tunnel *tunnel);
/** The tunnel's interface was made anew: what was bound to the old one is bound to it. */
void gateway_liveness_rebind(struct gateway_tunnel *tunnel);
/** Once a second: round-trip time, jitter, loss; the end of damping. */
void gateway_liveness_tick(struct gateway_tunnel *tunnel);
/** Neither BFD nor a probe found it dead. */
bool gateway_liveness_allows(const struct gateway_tunnel *tunnel);
void gateway_liveness_fill_peer(const struct gateway_tunnel *tunnel, struct model_peer *row);

/* --- gateway_damping.c --- */

/** Tells failover that the tunnel is able to carry, or no longer; one that flaps is held back. */
void gateway_liveness_offer(struct gateway_tunnel *tunnel, bool able, const char *cause);
/** What follows is an operator's doing and not held against the tunnel (NULL is fine). */
void gateway_liveness_excuse(struct gateway_tunnel *tunnel);
/** Lets tunnels go that are held back. True if any was. */
bool gateway_liveness_auto(struct gateway_connection *connection);

/* --- gateway_turns.c --- */

/** With the loop; then, when all is open, the measuring begins; before the loop is closed. */
void gateway_turns_open(struct gateway *gateway);
void gateway_turns_start(struct gateway *gateway);
void gateway_turns_close(struct gateway *gateway);

/* --- gateway_usage.c --- */

void gateway_usage_open(struct gateway *gateway);
/** Begins to count a connection; ends it. */
void gateway_usage_begin(struct gateway_connection *connection);
void gateway_usage_end(struct gateway_connection *connection);
/** Writes what was counted; the journal and the data plane must still be open. */
void gateway_usage_close(struct gateway *gateway);
/** Something about the connection's tunnels changed: what was until now is counted as it was. */
void gateway_usage_note(struct gateway_connection *connection);
/** Once a second, after gateway_tick(). */
void gateway_usage_tick(struct gateway *gateway);
/** What is wrong with the ways that the connection's traffic takes, new, or NULL. */
char *gateway_usage_attention(const struct gateway_connection *connection);

/* --- gateway_events.c --- */

/** Lets consoles go back into the journal. */
void gateway_events_open(struct gateway *gateway);

/* --- gateway_interfaces.c --- */

/** Gives the tunnel's interface its inside addresses and its MTU. */
bool gateway_interface_address(struct gateway_tunnel *tunnel, struct error *err);
/** Tells the data plane of the interface's MTU and addresses, and whom the gateway speaks with by it. */
void gateway_interface_tell(const struct gateway_tunnel *tunnel);
/** struct routing_options' `interface_lost`. */
void gateway_on_interface_lost(void *context, const char *interface);
/** Once a second: interfaces that could not be made anew. */
void gateway_interfaces_tick(struct gateway *gateway);

/* --- gateway_heritage.c --- */

/** The gateway stops: waits for an interface that is just being removed. The others go with the data plane.
 */
void gateway_interfaces_close(struct gateway *gateway);

/* --- gateway_host.c --- */

typedef void (*gateway_host_say)(void *context, const char *text);
/** Says what of this machine's settings would drop the configuration's traffic, where it is for this machine.
 */
void gateway_host_look(const struct config *config, gateway_host_say say, void *context);
/** Looks again: the gateway's row has what would drop the traffic now, and what is new or gone is an event.
 */
void gateway_host_watch(struct gateway *gateway);

/* --- gateway_certificates.c --- */

/** Tells of our certificates that have ended or soon will, each time that an end has come nearer. */
void gateway_certificates_look(struct gateway *gateway);

/* --- gateway.c --- */

/** Puts the configuration's networks into the gateway's row. */
void gateway_show_networks(struct gateway *gateway);
void gateway_event(struct gateway *gateway, const char *severity, const char *kind, const char *subject,
		   const char *format, ...) __attribute__((format(printf, 5, 6)));
/** An event with details: names and values alternate, ended by NULL. */
void gateway_event_fields(struct gateway *gateway, const char *severity, const char *kind,
			  const char *subject, const char *const *fields, const char *format, ...)
    __attribute__((format(printf, 6, 7)));

#endif
