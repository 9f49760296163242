// SPDX-License-Identifier: GPL-2.0-or-later
/* Prefixes and sessions: what the gateway's files for BGP, its rules, the large tables, records and restarts
 * have for the others. */
#ifndef TWINSPAN_GATEWAY_BGP_INTERNAL_H
#define TWINSPAN_GATEWAY_BGP_INTERNAL_H

#include "core/gateway_internal.h"

struct gateway_plan;

/* --- gateway_routes.c --- */

bool gateway_bgp_open(struct gateway *gateway, struct error *err);
bool gateway_routes_open(struct gateway *gateway, struct error *err);
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
/** The prefixes that the present configuration names are offered, and networks told to peers; those that only
 * `before` (may be NULL) has are told no longer. What stays is not touched. */
void gateway_routes_configure(struct gateway *gateway, const struct config *before);
/** What only `before` named for its connections is withdrawn: routes and floors. */
void gateway_routes_forget(struct gateway *gateway, const struct config *before);
/** The prefixes that the configuration names for a connection, and those that it holds. */
void gateway_routes_offer(struct gateway_connection *connection);
/** Shows the tunnel's session anew, if it has one. */
void gateway_peer_publish(struct gateway_tunnel *tunnel);

/* --- gateway_protect.c --- */

/** What BGP has taught over the connection of a group, also of one that a reload under way has taken away;
 * NULL for none. */
struct gateway_learned *gateway_learned_of(struct gateway *gateway, uint32_t group);
/** BGP has lost the prefix, which the group's connection taught: it is held unreachable, unless a session of
 * that connection stands. */
void gateway_protect(struct gateway *gateway, uint32_t group, const struct ip_prefix *prefix);
/** Lets go what is held, but for what another connection wants unreachable too. */
void gateway_protect_end(struct gateway *gateway, struct gateway_learned *learned);
/** The same with floors that the configuration no longer names. */
void gateway_protect_unnamed(struct gateway *gateway, const struct config_prefixes *prefixes);
/** The same for connections that learned them before a reload gave them static routing: no session of theirs
 * will say that they are back. */
void gateway_protect_end_static(struct gateway *gateway);
/** Once a second: held prefixes of connections that came back. */
void gateway_protect_tick(struct gateway *gateway);

/* --- gateway_sessions.c --- */

/** What `bgp:` says of a session; of a peer of its own with that, who it is. Borrows the password and the
 * numbers. */
void gateway_session_options(struct bgp_peer_config *peer, const struct config_bgp *config);
/** The AS number that a session has on this side. */
uint32_t gateway_local_asn(const struct gateway *gateway, const struct config_bgp *config);
void gateway_peer_options(struct bgp_peer_config *peer, const struct config_peer *config);
/** The fields of a row that tell of limits, restarts, messages, queues and errors. */
void gateway_session_fill(struct model_peer *row, const struct bgp_peer_status *status);

/* --- gateway_policy.c --- */

/** Hands out the rows of `show policy`. */
void gateway_policy_open(struct gateway *gateway);
/** "1 (lan), 3": the rules of a verdict. Returns `out`. */
const char *gateway_rules_text(const struct policy *policy, const struct policy_verdict *verdict, char *out,
			       size_t size);
/** The same of a path that a peer told. NULL: it met none. */
const char *gateway_rules_of_received(const struct bgp_path *path, char *out, size_t size);
/** And of what is told to a peer. */
const char *gateway_rules_of_advertised(struct bgp_peer *peer, const struct bgp_path *path, char *out,
					size_t size);
/** Adds what came otherwise than rules of import left it: "med 100", "communities -". */
void gateway_policy_before(const struct bgp_path *path, struct text_list *out);
/** Adds lines on what the other rules of a plan would change, of as many prefixes as there is time for. */
void gateway_policy_preview(struct gateway *gateway, const struct config *after,
			    const struct gateway_plan *plan, struct text_list *lines);

/* --- gateway_tables.c --- */

void gateway_tables_open(struct gateway *gateway);
/** struct bgp_events' callbacks for those who watch adj-in and adj-out. */
void gateway_on_received(void *context, struct bgp_peer *peer, const struct bgp_path *path, bool gone);
void gateway_on_advertised(void *context, struct bgp_peer *peer, const struct bgp_path *path, bool gone);
/** struct routing_options' `changed`: tells those who watch routes what stands for the prefix now. */
void gateway_on_route(void *context, const struct ip_prefix *prefix);

/* --- gateway_changes.c --- */

/** Hands out the rows of `show changes`. */
void gateway_changes_open(struct gateway *gateway);
/** Somebody watches rows, or nobody any more. */
void gateway_changes_interest(struct gateway *gateway);
/** Once a second: tells those who watch what has changed since. */
void gateway_changes_tick(struct gateway *gateway);

/* --- gateway_records.c --- */

/** For struct bgp_events: what concerns no peer. */
void gateway_on_speaker_event(void *context, const char *severity, const char *kind, const char *text);
/** Collectors and the file of updates become those of the present configuration. */
void gateway_records_configure(struct gateway *gateway);
/** Once a second: the rows of collectors. */
void gateway_records_tick(struct gateway *gateway);
void gateway_records_register(struct gateway *gateway);

/* --- gateway_restart.c --- */

/** Looks for what an earlier run left; before the rooms are opened that take it over. */
void gateway_restart_open(struct gateway *gateway);
/** Families that were forwarded all the time since the earlier run, BGP_FAMILY_BIT() of each; once routing is
 * open. */
unsigned gateway_restart_forwarding(struct gateway *gateway);
/** Writes down that this run goes on, for the next one. */
void gateway_restart_tick(struct gateway *gateway);
/** struct routing_options' `reach_changed`: for BGP. */
void gateway_on_reach_changed(void *context, const struct ip_address *next_hop, enum routing_reach reach);
/** bgp_events' settled. */
void gateway_on_settled(void *context);
/** Closes routing, and takes the record away unless another run follows. */
void gateway_restart_close(struct gateway *gateway);
/** `twinspan stop`. */
void gateway_restart_register(struct gateway *gateway);

#endif
