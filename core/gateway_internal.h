// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the gateway's own files share. gateway.c opens and closes the rooms; gateway_tunnels.c turns what IKE
 * and the data plane tell into the state of tunnels and connections; gateway_routes.c carries prefixes from
 * BGP to routing; gateway_tables.c hands out the large tables; gateway_turns.c
 * measures the loop; gateway_usage.c counts what is used; gateway_commands.c answers the operators;
 * gateway_operator.c and gateway_switchover.c do what they want, and gateway_waiting.c turns it back where
 * nobody confirms it;
 * gateway_reload.c changes the configuration while all of it runs, by gateway_plan.c (what has to be done)
 * and gateway_apply.c (doing it).
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
	uint32_t *doomed; /* ids of removed tunnels whose interfaces still have to go (gateway_apply.c) */
	size_t doomed_count;
	uv_timer_t clearing;
	uint32_t last_group; /* groups are never given twice: paths of a removed one may still be known */
	struct gateway_drill *drill;   /* the one under way, or NULL */
	struct gateway_source source;  /* the text that `config` was read from */
	struct gateway_reload *reload; /* gateway_reload.c */
	struct model_gateway row;
	struct model_watch watch; /* events on their way to the log and the journal */
	bool unconfirmed;         /* it started with the configuration before an unconfirmed one */
	bool remembering; /* events of earlier runs are being read: neither news nor to be written again */
	bool stopping;
};

/* gateway_tunnels.c */
/** Makes a connection with its interfaces, failover and group (0: a new one) and adds it to the gateway, also
 * where it fails: it is then to be removed as one that stands. */
bool gateway_connection_open(struct gateway *gateway, const struct config_connection *config, uint32_t group,
			     struct error *err);
/** Takes it out of the gateway and frees it: what others hold of it (failover, liveness) has ended. */
void gateway_connection_free(struct gateway_connection *connection);
/** The interface's addresses and MTU, as the configuration has them now. */
bool gateway_tunnel_set_interface(struct gateway_tunnel *tunnel, struct error *err);
/** Hands the tunnel to IKE: from here on packets leave. */
bool gateway_tunnel_dial(struct gateway_tunnel *tunnel, struct error *err);
/** Its SAs are closed (Delete) and forgotten; routes, session and liveness know it first. */
void gateway_tunnel_hang_up(struct gateway_tunnel *tunnel, const char *cause);
/** The row's fields that come from the configuration. */
void gateway_tunnel_describe(struct gateway_tunnel *tunnel);
void gateway_connection_describe(struct gateway_connection *connection);
/** By its id; NULL for one that was removed. */
struct gateway_tunnel *gateway_tunnel_by_id(const struct gateway *gateway, uint32_t id);
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

/** The peer's outside address, as the configuration has it now, is kept outside of the tunnels. */
void gateway_tunnel_guard(struct gateway_tunnel *tunnel);
/** Adds the tunnel's session, and guards the peer's outside address. */
bool gateway_tunnel_open_peer(struct gateway_tunnel *tunnel, struct error *err);
/** The opposite; the peer is told (Cease 6/3). */
void gateway_tunnel_close_peer(struct gateway_tunnel *tunnel);
/** A session that rides no tunnel: added and started; removed. */
bool gateway_own_peer_open(struct gateway *gateway, const struct config_peer *config, struct error *err);
void gateway_own_peer_close(struct gateway *gateway, const char *name);
/** The prefixes that the configurations name: those of `before` that are not in the present one go, those of
 * the present one are offered; what stays is not touched. `before` may be NULL. */
void gateway_routes_configure(struct gateway *gateway, const struct config *before);
/** Lets go what was held unreachable for a connection that goes. */
void gateway_routes_release(struct gateway_connection *connection);
/** Shows the tunnel's session anew, if it has one. */
void gateway_peer_publish(struct gateway_tunnel *tunnel);

/* gateway_liveness.c */
bool gateway_liveness_open(struct gateway *gateway, struct error *err);
void gateway_liveness_close(struct gateway *gateway);
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
/* --- gateway_events.c --- */
/** Lets consoles go back into the journal. */
void gateway_events_open(struct gateway *gateway);

char *gateway_usage_attention(const struct gateway_connection *connection);

/* gateway_commands.c */
void gateway_commands_register(struct gateway *gateway);
/** The object that the request's "tunnel" or "connection" names, or NULL after the request was answered with
 * the nearest known name. */
struct gateway_tunnel *gateway_asked_tunnel(struct gateway *gateway, struct control_request *request);
struct gateway_connection *gateway_asked_connection(struct gateway *gateway, struct control_request *request);

/* gateway_operator.c: up, down, enable, disable, drain, undrain */
void gateway_operator_register(struct gateway *gateway);
/** What an operator wants done. With a request that is answered when it is done; without one whoever asked
 * has been answered, and what goes wrong is an event. */
struct gateway_order {
	struct gateway_connection *connection;
	int member; /* -1: a switchover to the other one */
	enum gateway_deed deed;
	unsigned seconds; /* until it turns back unless it is confirmed; 0: it stays */
	bool force;
	const char *who;
	struct control_request *request; /* may be NULL */
};
/** Does it: to a tunnel. / It could not be done. / Answers (NULL: nobody) how it went, and that it turns back
 * after `seconds` unless the connection `name` is confirmed; 0: it doesn't. */
void gateway_order_tunnel(const struct gateway_order *order);
void gateway_order_fail(const struct gateway_order *order, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void gateway_order_moved(struct control_request *request, const struct failover_result *result,
			 unsigned seconds, const char *name);
/** GRACEFUL_SHUTDOWN on what the tunnel's peer is told, or no longer. */
void gateway_announce_leaving(struct gateway_tunnel *tunnel, bool leaving);

/* gateway_switchover.c: switchover, confirm, auto */
void gateway_switchover_register(struct gateway *gateway);
void gateway_order_switchover(const struct gateway_order *order);

/* gateway_waiting.c */
#define GATEWAY_OWN_PATH_S 60 /* unless --confirm-within says otherwise: on one's own path */
#define GATEWAY_UNSAID (-1)
/** Seconds of --confirm-within, GATEWAY_UNSAID where it was not given; false after the request was answered.
 */
bool gateway_asked_seconds(struct control_request *request, int *seconds);
/** Those seconds, or what holds without them. */
unsigned gateway_seconds(int asked, bool own_path);
const char *gateway_deed_name(enum gateway_deed deed);
/** The tunnel's deed has begun: it turns back unless it is confirmed. */
void gateway_waiting_begin(struct gateway_tunnel *tunnel, enum gateway_deed deed, unsigned seconds,
			   bool carried);
/** Nothing waits any more: an operator undid it, or it could not be done. */
void gateway_waiting_forget(struct gateway_tunnel *tunnel);
/** What waits of all the connection's tunnels stays. Returns how many those were; -1 with `err` where it
 * can't be written down: then that goes on to wait. */
int gateway_waiting_confirm(struct gateway_connection *connection, const char *who, struct error *err);
/** What turns back first: until when (wall clock), and what it is ("down of aws/1"), new. 0: nothing waits.
 */
usec_t gateway_waiting_first(const struct gateway_connection *connection, char **what);
/** Answers whoever stands on the connection, and has the order begin when the answer has left. */
void gateway_intend(const struct gateway_order *order, const char *warning);
/** Why nothing else can be done to the connection (tunnel, where it is not NULL) now; false where it can. */
bool gateway_waiting_objects(const struct gateway_connection *connection, const struct gateway_tunnel *tunnel,
			     struct error *err);
/** Once a second: what is due begins, or turns back. */
void gateway_waiting_tick(struct gateway *gateway);
/** The gateway stops: what waits is as before when it starts again. */
void gateway_waiting_close(struct gateway *gateway);

/* gateway_move.c */
/** struct failover_actions' `progress`; context: the connection. */
void gateway_move_publish(void *context);

/* gateway_drill.c */
void gateway_drill_register(struct gateway *gateway);
/** Ends a drill that is under way: its tunnel passes packets again. */
void gateway_drill_close(struct gateway *gateway);

/* gateway_drills.c: the reports of drills, kept in the state folder */
/** A time in UTC, as strftime(3) formats it. */
void gateway_drill_time(usec_t wall, const char *format, char *out, size_t size);
/** "the other tunnel took over", and the like. */
const char *gateway_drill_result(bool noticed, bool moved);
/** Writes a report. Returns its path, new, or NULL (said by an event) where it could not be written. */
char *gateway_drill_keep(struct gateway *gateway, const char *connection, usec_t wall, const json_t *report);
/** The newest kept drills of a connection, the newest first, each with its time, result and outage. New. */
json_t *gateway_drills_earlier(const struct gateway *gateway, const char *connection);
/** The same as lines of a report. */
void gateway_drills_add_lines(json_t *lines, const json_t *earlier);

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
/** What becomes of that path. */
enum gateway_own {
	GATEWAY_OWN_STAYS,
	GATEWAY_OWN_MOVES, /* there is another way for it */
	GATEWAY_OWN_CUT,
};
/** ... where the tunnel is taken away; `moves`: its traffic can go by another tunnel. */
enum gateway_own gateway_own_path(const struct gateway_tunnel *tunnel, const struct gateway_path *path,
				  bool moves);
/** "you reach this gateway through aws (from 10.50.0.10): it turns back in 60 s unless 'twinspan confirm aws'
 * comes"; with `keep` instead of that. 0 seconds: "... and it does not turn back". Returns new. */
char *gateway_own_warning(const struct gateway_path *path, unsigned seconds, const char *keep);
/** What is said to who would be cut off; `name`: the tunnel or NULL, `deed`: "to take it down". */
void gateway_own_refusal(const struct gateway_path *path, const char *name, const char *deed,
			 struct error *err);
/** The request is refused where it would cut the path of whoever asks and "force" was not given. */
bool gateway_guard(struct gateway_tunnel *tunnel, struct control_request *request,
		   const struct gateway_path *path, enum gateway_own own, const char *deed);

/* gateway_dry_run.c */
/** What a planned move comes to, as an object; see the file's head. Returns new. */
json_t *gateway_dry_run(const struct gateway_connection *connection, const struct failover_plan *plan,
			const struct gateway_path *path);
/** Appends a text, cleaned of control bytes, to an array. */
void gateway_add_line(json_t *lines, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** The result of a refusal that --force would overcome. Returns new. */
json_t *gateway_unforced(const char *why);

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

/* gateway_reload.c */
/** How a reload is asked for. Texts are borrowed; the source and the secrets are taken. */
struct gateway_reload_wish {
	struct control_request *request; /* answered when it is done; NULL: by a signal, or by the gateway */
	const char *who;
	struct gateway_source source;
	struct config_secrets secrets; /* for files beside that text */
	bool configure;                /* the source is a new text for the file */
	bool dry_run, force;
	int confirm_s; /* 0: it stays; GATEWAY_UNSAID: unless it touches the path of who asks */
};
void gateway_reload_open(struct gateway *gateway);
/** Ends what is under way; a change that waits for its confirmation is turned back in the file. */
void gateway_reload_close(struct gateway *gateway);
/** Reads and checks, and then does all of it or nothing. */
void gateway_reload(struct gateway *gateway, struct gateway_reload_wish *wish);
/** SIGHUP. */
void gateway_reload_file(struct gateway *gateway);
/** A reload has begun and is not done. */
bool gateway_reload_busy(const struct gateway *gateway);
/** Ends the wait for a confirmation. False with `err` where none waits. */
bool gateway_reload_keep(struct gateway *gateway, const char *who, struct error *err);
void gateway_source_free(struct gateway_source *source);

/* gateway_unconfirmed.c */
/** Writes down that `now` is not confirmed yet, and that `former` is in force when the gateway starts before
 * it is. `wrote`: the file was written for it, and goes back too. */
bool gateway_unconfirmed_write(const struct gateway *gateway, const struct gateway_source *former,
			       const struct gateway_source *now, bool wrote, struct error *err);
/** It is confirmed, or gone. */
void gateway_unconfirmed_remove(struct gateway *gateway);
/** At the start: is what stands in the file the text that was not confirmed? Then `former` is the one before
 * (new; with the file put back where it was written for that text). */
bool gateway_unconfirmed_read(const struct gateway_options *options, struct gateway_source *former);

/* gateway_plan.c */
/** What a change of the configuration asks of the gateway's objects. */
struct gateway_plan {
	struct config_diff diff;
	struct text_list lines;   /* what changes, for people, one line each */
	struct text_list drops;   /* tunnels and sessions that go down by it */
	struct text_list refused; /* what can't change while the gateway runs */
	struct text_list remade;  /* connections and own peers that are made anew */
	struct text_list dialled, redone,
	    restarted; /* tunnels: IKE only; session and all; the session only */
};
void gateway_plan_make(struct gateway *gateway, const struct config *after, struct gateway_plan *plan);
void gateway_plan_free(struct gateway_plan *plan);
/** What becomes of the way by which whoever asks reaches this gateway: it may move where anything of its
 * connection changes, or what is told of this side's networks. */
enum gateway_own gateway_plan_own(const struct gateway_plan *plan, const struct config *after,
				  const struct gateway_path *path);

/* gateway_apply.c */
/** Takes away what goes: the peers are told, the SAs are closed. Interfaces stay until gateway_apply. */
void gateway_apply_begin(struct gateway *gateway, const struct gateway_plan *plan, const char *cause);
/** The rest: `after` becomes the gateway's configuration, and its former one is returned. False: something
 * could not be made; the state is then in between, and `after` is in force all the same. */
bool gateway_apply(struct gateway *gateway, const struct gateway_plan *plan, struct config *after,
		   struct config **before, struct error *err);

/* gateway_configure.c */
/** reload, configuration, configure */
void gateway_configure_register(struct gateway *gateway);
/** A short digest that is equal for equal texts, within one run of the gateway; says nothing of the text. */
void gateway_source_digest(const struct gateway_source *source, char out[17]);
/** Reads the file as it is now. */
bool gateway_source_read(const char *file, struct gateway_source *out, struct error *err);
/** Puts a text in the place of the file, whole or not at all, with its mode and owner; what was there stays
 * beside it as FILE.previous. */
bool gateway_source_write(const char *file, const struct gateway_source *source, struct error *err);

/* gateway.c */
/** Puts the configuration's networks into the gateway's row. */
void gateway_show_networks(struct gateway *gateway);
void gateway_event(struct gateway *gateway, const char *severity, const char *kind, const char *subject,
		   const char *format, ...) __attribute__((format(printf, 5, 6)));
/** An event with details: names and values alternate, ended by NULL. */
void gateway_event_fields(struct gateway *gateway, const char *severity, const char *kind,
			  const char *subject, const char *const *fields, const char *format, ...)
    __attribute__((format(printf, 6, 7)));

#endif
