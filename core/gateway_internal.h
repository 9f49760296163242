// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the gateway's own files share. gateway.c opens and closes the rooms; gateway_tunnels.c turns what IKE
 * and the data plane tell into the state of tunnels and connections; gateway_routes.c carries prefixes from
 * BGP to routing; gateway_tables.c hands out the large tables; gateway_turns.c
 * measures the loop; gateway_usage.c counts what is used; gateway_commands.c answers the operators.
 */
#ifndef TWINSPAN_GATEWAY_INTERNAL_H
#define TWINSPAN_GATEWAY_INTERNAL_H

#include <stdatomic.h>
#include <uv.h>

#include "core/base/clock.h"
#include "core/base/log.h"
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
#include "core/health/prober.h"
#include "core/health/traffic.h"
#include "core/ike/ike.h"
#include "core/journal/journal.h"
#include "core/journal/usage.h"
#include "core/model/model.h"
#include "core/plugins.h"
#include "core/routing/routing.h"

struct gateway;
struct gateway_connection;

/* What an operator says of a tunnel and what holds over restarts. */
enum gateway_kept { GATEWAY_DISABLED, GATEWAY_DRAINED, GATEWAY_PINNED, GATEWAY_KEPT_KINDS };

struct gateway_tunnel {
	struct gateway *gateway;
	struct gateway_connection *connection;
	const struct config_tunnel *config;
	unsigned member; /* of the connection: 0 or 1 */
	char interface[16];
	bool disabled; /* an operator took it down */
	unsigned kept; /* what of it holds over restarts, bits of enum gateway_kept: `disable`, not `down` */
	bool child_up; /* packets can flow */
	bool interface_lost; /* somebody removed its interface, and it could not be made anew */
	bool ever_up;
	bool failed;           /* the last try failed: it is down, not merely connecting */
	struct bgp_peer *peer; /* NULL with static routing */
	struct health *health;
	bool able; /* it could carry: up, its session Established, not found dead */
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
	struct model_tunnel row; /* what the world sees; put into the store after each change */
};

/* By which tunnels most of a connection's traffic leaves and comes back. */
struct gateway_ways {
	uint64_t rx_packets[FAILOVER_MEMBERS], tx_packets[FAILOVER_MEMBERS]; /* as of the last second */
	unsigned seconds; /* for so long it has been otherwise than `asymmetric` says */
	bool asymmetric;
	int out, in;
};

struct gateway_connection {
	struct gateway *gateway;
	const struct config_connection *config;
	uint32_t group; /* from 1 */
	struct failover *failover;
	struct gateway_tunnel *tunnels;
	unsigned tunnel_count;
	uint64_t prefixes;      /* that routing has by BGP over it */
	struct ip_prefix *held; /* learned prefixes that are kept unreachable while the connection is down */
	size_t held_count, held_size;
	struct usage_connection *usage; /* NULL: not counted */
	bool available;                 /* as the usage has it */
	bool pin_unkept;                /* the pin could not be written down */
	struct gateway_ways ways;
	usec_t settled_at; /* when held prefixes that did not come back are let go; 0: nothing waits */
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

struct gateway {
	uv_loop_t loop;
	uv_signal_t signals[3];
	uv_timer_t second;  /* the tick that reads counters */
	uv_timer_t looking; /* for silence on the tunnels */
	struct gateway_turns turns;
	const struct gateway_options *options;
	struct config *config;
	struct model_store *store;
	struct control_server *server;
	struct journal *journal;
	struct usage *usage;
	const struct dataplane_ops *plane_ops;
	struct dataplane *plane;
	_Atomic(struct ike *) ike; /* read by the plane's threads */
	struct routing *routing;
	struct bgp_speaker *bgp;
	struct bfd *bfd; /* NULL: no tunnel wants it */
	struct prober *prober;
	struct gateway_connection *connections;
	size_t connection_count;
	struct gateway_tunnel **tunnels; /* by tunnel id - 1 */
	size_t tunnel_count;
	struct gateway_drill *drill; /* the one under way, or NULL */
	struct model_gateway row;
	struct model_watch watch; /* events on their way to the log and the journal */
	bool remembering; /* events of earlier runs are being read: neither news nor to be written again */
	bool stopping;
};

/* gateway_tunnels.c */
void gateway_tunnel_init(struct gateway *gateway, struct gateway_connection *connection, unsigned member);
void gateway_tunnel_clear(struct gateway_tunnel *tunnel);
bool gateway_connection_init(struct gateway *gateway, size_t index, struct error *err);
void gateway_connection_clear(struct gateway_connection *connection);
/** struct ike_options' callback; context: the gateway. */
void gateway_on_ike(void *context, const struct ike_event *event);
/** Once a second: counters, rates, figures of IKE, rows. */
void gateway_tick(struct gateway *gateway);
void gateway_tunnel_publish(struct gateway_tunnel *tunnel);
void gateway_connection_publish(struct gateway_connection *connection);
void gateway_publish(struct gateway *gateway);
/** Tells failover anew whether the tunnel can carry traffic. */
void gateway_tunnel_judge(struct gateway_tunnel *tunnel, const char *cause);
struct gateway_tunnel *gateway_tunnel_find(struct gateway *gateway, const char *name);
struct gateway_connection *gateway_connection_find(struct gateway *gateway, const char *name);
/** Brings up or takes down by an operator's word. */
void gateway_tunnel_enable(struct gateway_tunnel *tunnel);
void gateway_tunnel_disable(struct gateway_tunnel *tunnel);

/* gateway_routes.c */
bool gateway_bgp_open(struct gateway *gateway, struct error *err);
bool gateway_routes_open(struct gateway *gateway, struct error *err);
/** Once a second: held prefixes of connections that came back. */
void gateway_routes_tick(struct gateway *gateway);
/** The connection that a BGP or routing group stands for; NULL for none. */
struct gateway_connection *gateway_connection_of_group(struct gateway *gateway, uint32_t group);
/** The tunnel that a session rides; NULL for a peer of its own, or no peer. */
struct gateway_tunnel *gateway_tunnel_of_peer(struct gateway *gateway, const struct bgp_peer *peer);

/** Shows the tunnel's session anew, if it has one. */
void gateway_peer_publish(struct gateway_tunnel *tunnel);

/* gateway_liveness.c */
bool gateway_liveness_open(struct gateway *gateway, struct error *err);
void gateway_liveness_close(struct gateway *gateway);
/** Packets can flow: BFD and probes begin. / No longer: they end. */
void gateway_liveness_up(struct gateway_tunnel *tunnel);
void gateway_liveness_down(struct gateway_tunnel *tunnel);
/** The tunnel's interface was made anew: what was bound to the old one is bound to it. */
void gateway_liveness_rebind(struct gateway_tunnel *tunnel);
/** Once a second: round-trip time, jitter, loss; the end of damping. */
void gateway_liveness_tick(struct gateway_tunnel *tunnel);
/** Neither BFD nor a probe found it dead. */
bool gateway_liveness_allows(const struct gateway_tunnel *tunnel);
/** Tells failover that the tunnel is able to carry, or no longer; one that flaps is held back. */
void gateway_liveness_offer(struct gateway_tunnel *tunnel, bool able, const char *cause);
/** What follows is an operator's doing and not held against the tunnel (NULL is fine). */
void gateway_liveness_excuse(struct gateway_tunnel *tunnel);
/** Lets tunnels go that are held back. True if any was. */
bool gateway_liveness_auto(struct gateway_connection *connection);
void gateway_liveness_fill_peer(const struct gateway_tunnel *tunnel, struct model_peer *row);

/* gateway_tables.c */
void gateway_tables_open(struct gateway *gateway);
/** struct bgp_events' callbacks for those who watch adj-in and adj-out. */
void gateway_on_received(void *context, struct bgp_peer *peer, const struct bgp_path *path, bool gone);
void gateway_on_advertised(void *context, struct bgp_peer *peer, const struct bgp_path *path, bool gone);
/** struct routing_options' `changed`: tells those who watch routes what stands for the prefix now. */
void gateway_on_route(void *context, const struct ip_prefix *prefix);

/* gateway_turns.c */
/** With the loop; then, when all is open, the measuring begins; before the loop is closed. */
void gateway_turns_open(struct gateway *gateway);
void gateway_turns_start(struct gateway *gateway);
void gateway_turns_close(struct gateway *gateway);

/* gateway_usage.c */
void gateway_usage_open(struct gateway *gateway);
/** Writes what was counted; the journal and the data plane must still be open. */
void gateway_usage_close(struct gateway *gateway);
/** Something about the connection's tunnels changed: what was until now is counted as it was. */
void gateway_usage_note(struct gateway_connection *connection);
/** Once a second, after gateway_tick(). */
void gateway_usage_tick(struct gateway *gateway);
/** What is wrong with the ways that the connection's traffic takes, new, or NULL. */
char *gateway_usage_attention(const struct gateway_connection *connection);

/* gateway_commands.c */
void gateway_commands_register(struct gateway *gateway);
/** The object that the request's "tunnel" or "connection" names, or NULL after the request was answered with
 * the nearest known name. */
struct gateway_tunnel *gateway_asked_tunnel(struct gateway *gateway, struct control_request *request);
struct gateway_connection *gateway_asked_connection(struct gateway *gateway, struct control_request *request);

/* gateway_operator.c: up, down, enable, disable, switchover, confirm, auto, drain, undrain */
void gateway_operator_register(struct gateway *gateway);

/* gateway_drill.c */
void gateway_drill_register(struct gateway *gateway);
/** Ends a drill that is under way: its tunnel passes packets again. */
void gateway_drill_close(struct gateway *gateway);

/* gateway_explain.c */
void gateway_explain_register(struct gateway *gateway);

/* gateway_guard.c */
/** How whoever asks reaches this gateway: by which connection, and by which of its tunnels. */
struct gateway_path {
	struct gateway_connection *connection; /* NULL: by none of ours, or not known */
	int member;                            /* to a tunnel's inside address: only by that one; else -1 */
	char via[IP_ADDRESS_TEXT];
};
struct gateway_path gateway_path_of(struct gateway *gateway, const struct control_request *request);
/**
 * Would the loss of the tunnel cut the path of whoever asks? Then, unless "force" was given, the request is
 * answered and this is false. `moves`: the traffic goes to another usable tunnel.
 */
bool gateway_guard(struct gateway_tunnel *tunnel, struct control_request *request, const char *deed,
		   bool moves);

/* gateway_interfaces.c */
/** Gives the tunnel's interface its inside addresses and its MTU. */
bool gateway_interface_address(struct gateway_tunnel *tunnel, struct error *err);
/** struct routing_options' `interface_lost`. */
void gateway_on_interface_lost(void *context, const char *interface);
/** Once a second: interfaces that could not be made anew. */
void gateway_interfaces_tick(struct gateway *gateway);

/* gateway_kept.c */
/** Brings back what was said of tunnels in an earlier run; before they are handed to IKE. */
void gateway_kept_load(struct gateway *gateway);
bool gateway_is_kept(const struct gateway_tunnel *tunnel, enum gateway_kept kind);
/** Remembers it of the tunnel, or no longer. On false nothing has changed. */
bool gateway_keep(struct gateway_tunnel *tunnel, enum gateway_kept kind, bool kept, struct error *err);
/** Remembers where the connection's traffic is pinned now. A switchover that waits for its confirmation is
 * not remembered yet. */
void gateway_keep_pin(struct gateway_connection *connection);

/* gateway.c */
void gateway_event(struct gateway *gateway, const char *severity, const char *kind, const char *subject,
		   const char *format, ...) __attribute__((format(printf, 5, 6)));
/** An event with details: names and values alternate, ended by NULL. */
void gateway_event_fields(struct gateway *gateway, const char *severity, const char *kind,
			  const char *subject, const char *const *fields, const char *format, ...)
    __attribute__((format(printf, 6, 7)));

#endif
