// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The one schema table: every object and field that the world can see, named once. From it come the structs
 * below, JSON in and out, deltas, the console's columns and the reference in the documentation.
 * A new field is one line here.
 *
 *   F(TYPE, name, unit, title, help)       a field
 *   S(shape, name, title, help)            a nested object of another shape
 *
 * TYPE        C type               unset (null in JSON)
 *   STR       char *, owned        NULL
 *   UINT      uint64_t             MODEL_UINT_UNSET
 *   REAL      double               NaN
 *   BOOL      bool                 -
 *   TIME      usec_t, wall clock   0
 *   LIST      struct text_list     - (an empty array)
 *   MAP       struct model_map     - (an empty object of strings)
 *   nested    struct by value      .set == false
 * unit: "" where there is none, else one of MODEL_UNITS.
 */
#ifndef TWINSPAN_MODEL_SCHEMA_H
#define TWINSPAN_MODEL_SCHEMA_H

/* clang-format off */

/*
 * Units: X(name, what it is of). A FIGURE changes while nothing happens: it counts or measures traffic. A VALUE
 * changes when something does. A LIST of unit asn holds AS numbers, which are numbers in JSON.
 */
#define MODEL_UNITS(X) \
	X(bytes,    FIGURE) /* octets */ \
	X(bps,      FIGURE) /* bits a second */ \
	X(packets,  FIGURE) \
	X(messages, FIGURE) \
	X(ms,       FIGURE) \
	X(percent,  FIGURE) \
	X(moving,   FIGURE) /* a time that whatever is heard puts off */ \
	X(s,        VALUE)  /* as negotiated, or as a row's own span */ \
	X(asn,      VALUE) \
	X(id,       VALUE)  /* a number that names something rather than counting it */

#define MODEL_GATEWAY(F, S) \
	F(STR,  name,              "",  "Name",        "the gateway's name") \
	F(STR,  role,              "",  "Role",        "customer or hub") \
	F(UINT, asn,               "",  "AS",          "the gateway's autonomous system number") \
	F(STR,  router_id,         "",  "Router ID",   "the BGP identifier (RFC 4271 4.2)") \
	F(STR,  version,           "",  "Version",     "the program's version") \
	F(STR,  dataplane,         "",  "Data plane",  "kernel or userspace") \
	F(STR,  dataplane_reason,  "",  "Chosen as",   "why this data plane is in use") \
	F(STR,  dataplane_report,  "",  "Packets by",  "fast paths, library and threads of the data plane, and what it counts that belongs to no tunnel") \
	F(UINT, sas,               "",  "SAs",         "security associations in the data plane, each direction by itself") \
	F(UINT, unknown_spi,       "packets", "Unknown SPI", "packets that came in and belong to no security association, so to no tunnel") \
	F(STR,  outside,           "",  "Outside",     "the address that IKE binds to") \
	F(TIME, started_at,        "",  "Started",     "when the gateway started") \
	F(UINT, connections_up,    "",  "Up",          "connections with a tunnel that can carry traffic") \
	F(UINT, connections_total, "",  "Connections", "configured connections") \
	F(UINT, rx_bps,            "bps", "In",        "rate of all tunnels, inwards") \
	F(UINT, tx_bps,            "bps", "Out",       "rate of all tunnels, outwards") \
	F(LIST, networks,          "",  "Networks",    "what this side has") \
	F(REAL, longest_turn_ms,   "ms", "Longest turn", "for how long the gateway was ever busy with one thing, since it started") \
	F(STR,  config_file,          "", "Configuration", "the file that the configuration was read from") \
	F(TIME, config_loaded_at,     "", "Loaded",     "when the running configuration was taken over") \
	F(UINT, reloads,              "", "Reloads",    "changes of the configuration since the gateway started") \
	F(TIME, config_confirm_until, "", "Goes back at", "when the last change turns back by itself unless it is kept") \
	F(LIST, host_warnings,     "",  "Host",        "settings of this machine that drop traffic of the tunnels, with what mends them")

#define MODEL_LAST_FAILOVER(F, S) \
	F(TIME, at,        "",   "At",     "when traffic moved") \
	F(STR,  from,      "",   "From",   "the tunnel that carried before") \
	F(STR,  to,        "",   "To",     "the tunnel that carries now") \
	F(STR,  cause,     "",   "Cause",  "what moved it, in words") \
	F(REAL, outage_ms, "ms", "Outage", "longest gap measured on the data plane")

#define MODEL_MOVE(F, S) \
	F(STR,  kind,           "",        "Kind",        "switchover, drain, undrain or failover") \
	F(STR,  from,           "",        "From",        "the tunnel that traffic leaves") \
	F(STR,  to,             "",        "To",          "the tunnel that traffic goes to; null where there is none") \
	F(STR,  phase,          "",        "Phase",       "moving, ours_moved (theirs not yet), done or failed") \
	F(TIME, began_at,       "",        "Began",       "") \
	F(TIME, ours_at,        "",        "Ours moved",  "when what we send went by the new tunnel") \
	F(TIME, theirs_at,      "",        "Theirs moved", "when what the other side sends came by the new tunnel") \
	F(REAL, ours_percent,   "percent", "Ours",        "share of our traffic on the new tunnel now; null without traffic") \
	F(REAL, theirs_percent, "percent", "Theirs",      "share of the other side's traffic on the new tunnel now; null without traffic") \
	F(UINT, rx_packets,     "packets", "Packets in",  "received on both tunnels since it began") \
	F(UINT, tx_packets,     "packets", "Packets out", "sent on both tunnels since it began") \
	F(UINT, rx_lost,        "packets", "Lost in",     "of those that the other side sent, packets that did not come; what it did not get can't be seen from here") \
	F(TIME, done_at,        "",        "Done",        "when it was over") \
	F(REAL, took_ms,        "ms",      "Took",        "until the last traffic had moved; so far, while it is under way") \
	F(REAL, outage_ms,      "ms",      "Outage",      "longest gap between received packets; so far, while it is under way") \
	F(STR,  result,         "",        "Result",      "how it ended, in words")

#define MODEL_CONNECTION(F, S) \
	F(STR,  name,                "",    "Connection", "the connection's name") \
	F(STR,  routing,             "",    "Routing",    "dynamic or static") \
	F(STR,  mode,                "",    "Mode",       "active_passive or active_active") \
	F(STR,  state,               "",    "State",      "up, degraded, down or disabled") \
	F(LIST, active,              "",    "Active",     "the tunnels that carry traffic") \
	F(BOOL, pinned,              "",    "Pinned",     "an operator chose the tunnel; auto gives the choice back") \
	F(STR,  preferred,           "",    "Preferred",  "the tunnel that the configuration prefers (prefer), or null") \
	F(BOOL, moving,              "",    "Moving",     "a switchover is under way") \
	F(TIME, confirm_until,       "",    "Confirm by", "when what an operator did turns back by itself unless it is confirmed") \
	F(STR,  unconfirmed,         "",    "Unconfirmed", "what that is: switchover, drain of aws/1, down of aws/1; null for nothing") \
	F(UINT, tunnels_up,          "",    "Up",         "tunnels that can carry traffic") \
	F(UINT, tunnels_total,       "",    "Tunnels",    "configured tunnels") \
	F(UINT, failovers,           "",    "Failovers",  "moves since the gateway started") \
	S(last_failover, last_failover,     "Last move",  "the last move of traffic") \
	S(move, move,                       "Move",       "the move under way, or the last one, as it was watched") \
	F(UINT, remote_asn,          "",    "Remote AS",  "the other side's AS") \
	F(UINT, prefixes_received,   "",    "Received",   "prefixes that stand after policy, over both tunnels once") \
	F(UINT, prefixes_advertised, "",    "Advertised", "prefixes advertised over the active tunnel") \
	F(UINT, rx_bps,              "bps", "In",         "rate inwards") \
	F(UINT, tx_bps,              "bps", "Out",        "rate outwards") \
	F(STR,  attention,           "",    "Attention",  "what needs a person, in words; null when all is well") \
	F(STR,  last_event,          "",    "Last event", "text of the last event of this connection or its tunnels") \
	F(TIME, last_event_at,       "",    "Event at",   "when that was")

#define MODEL_TUNNEL_ERROR(F, S) \
	F(STR,  code, "", "Code", "a stable word, such as no_answer or authentication_failed") \
	F(STR,  text, "", "What", "what happened") \
	F(STR,  hint, "", "What to do", "what to do about it") \
	F(STR,  ours, "", "Ours", "what this side had: proposals, identity and kind of key, or traffic selectors") \
	F(STR,  theirs, "", "Theirs", "what the other side had, as far as it is known") \
	F(LIST, evidence, "", "Evidence", "what differs, what was answered, which way packets go") \
	F(TIME, at,   "", "At", "when it happened last")

#define MODEL_TUNNEL_DROPS(F, S) \
	F(UINT, no_sa,          "packets", "No SA",          "packets without a security association") \
	F(UINT, replay,         "packets", "Replay",         "outside the replay window or seen before (RFC 4303 3.4.3)") \
	F(UINT, authentication, "packets", "Authentication", "integrity check failed") \
	F(UINT, malformed,      "packets", "Malformed",      "too short or badly padded") \
	F(UINT, selector,       "packets", "Selector",       "inner packets outside the child SA's selectors") \
	F(UINT, too_big,        "packets", "Too big",        "larger than the path takes") \
	F(UINT, queue,          "packets", "Queue",          "dropped by queueing")

#define MODEL_TUNNEL(F, S) \
	F(STR,  name,           "",    "Tunnel",       "the full name, connection/1 or connection/2") \
	F(STR,  connection,     "",    "Connection",   "the connection it belongs to") \
	F(STR,  state,          "",    "State",        "disabled, idle, connecting, up, draining or down") \
	F(BOOL, active,         "",    "Active",       "it carries the connection's traffic") \
	F(STR,  interface,      "",    "Interface",    "the network interface of the tunnel") \
	F(STR,  local,          "",    "Local",        "outside address of this side") \
	F(STR,  remote,         "",    "Remote",       "outside address of the other side") \
	F(STR,  inside_local,   "",    "Inside",       "inside address of this side") \
	F(STR,  inside_remote,  "",    "Inside peer",  "inside address of the other side") \
	F(STR,  local_id,       "",    "Local ID",     "IKE identity of this side") \
	F(STR,  remote_id,      "",    "Remote ID",    "IKE identity of the other side") \
	F(STR,  authentication, "",    "Authentication",   "how this side proves its identity: pre-shared key or certificate") \
	F(STR,  certificate_subject, "", "Certificate",  "whose this side's certificate is: its subject (RFC 5280 4.1.2.6)") \
	F(STR,  certificate_issuer,  "", "Issued by",    "the subject of the CA that signed it") \
	F(TIME, certificate_not_after, "", "Valid until", "when it ends (RFC 5280 4.1.2.5)") \
	F(STR,  ike_state,      "",    "IKE",          "state of the IKE SA, in strongSwan's words") \
	F(STR,  child_state,    "",    "Child SA",     "state of the child SA") \
	F(UINT, ike_version,    "",    "IKE version",  "1 or 2") \
	F(STR,  ike_proposal,   "",    "IKE suite",    "the negotiated IKE proposal") \
	F(STR,  esp_proposal,   "",    "ESP suite",    "the negotiated ESP proposal") \
	F(BOOL, nat,            "",    "NAT",          "a NAT lies between the two sides") \
	F(STR,  nat_side,       "",    "Behind NAT",   "who is: here, there or both; null without NAT") \
	F(BOOL, encap,          "",    "Encap",        "ESP is carried in UDP 4500 (RFC 3948)") \
	F(STR,  spi_in,         "",    "SPI in",       "of the newest inbound SA, in hex") \
	F(STR,  spi_out,        "",    "SPI out",      "of the newest outbound SA, in hex") \
	F(LIST, local_selectors,  "",  "Local TS",     "traffic selectors of the child SA, this side's (RFC 7296 2.9)") \
	F(LIST, remote_selectors, "",  "Remote TS",    "the other side's") \
	F(UINT, mtu,            "",    "MTU",          "largest inner packet") \
	F(STR,  mtu_reason,     "",    "MTU from",     "how that came about") \
	F(TIME, established_at, "",    "Up since",     "when the tunnel came up") \
	F(TIME, rekey_at,       "",    "Rekey at",     "when the IKE SA is rekeyed") \
	F(TIME, child_rekey_at, "",    "Child rekey",  "when the child SA is rekeyed") \
	F(TIME, dpd_at,         "moving", "DPD at",       "when the other side is asked for a sign of life, unless one comes before") \
	F(UINT, rekeys,         "",    "Rekeys",       "rekeys of IKE and child SAs since it came up") \
	F(TIME, down_since,     "",    "Down since",   "when it went down") \
	F(UINT, tries,          "",    "Tries",        "attempts since it was last up") \
	F(TIME, next_try_at,    "",    "Next try",     "when it is tried again") \
	F(TIME, rotating_since, "",    "Key rotates",  "since when it has a next secret that has not worked yet (rotate)") \
	F(STR,  rotation,       "",    "Rotation",     "what became of the next secret so far") \
	F(UINT, rx_bytes,       "bytes", "In",         "inner bytes received") \
	F(UINT, tx_bytes,       "bytes", "Out",        "inner bytes sent") \
	F(UINT, rx_packets,     "packets", "Packets in",   "inner packets received") \
	F(UINT, tx_packets,     "packets", "Packets out",  "inner packets sent") \
	F(UINT, rx_lost,        "packets", "Lost in",      "packets the other side sent that did not come, by ESP's sequence numbers; null where the data plane doesn't count them") \
	F(UINT, rx_bps,         "bps", "Rate in",      "bits a second over the last second") \
	F(UINT, tx_bps,         "bps", "Rate out",     "bits a second over the last second") \
	F(REAL, rtt_ms,         "ms",  "RTT",          "round-trip time to the other side's inside address") \
	F(REAL, jitter_ms,      "ms",  "Jitter",       "difference between one round-trip time and the next, over the last minute") \
	F(REAL, loss_percent,   "percent", "Loss",     "of the probes of the last minute") \
	F(STR,  health,         "",    "Health",       "ok, suspect, failed or unknown") \
	F(STR,  health_reason,  "",    "Evidence",     "what the verdict rests on") \
	F(TIME, held_until,     "",    "Held until",   "when a tunnel that failed too often may carry again") \
	F(STR,  peer,           "",    "Peer",         "the BGP session that rides it") \
	S(tunnel_drops, drops,         "Drops",        "dropped packets by reason") \
	S(tunnel_error, last_error,    "Last error",   "the last failure and what to do about it")

#define MODEL_PEER_BFD(F, S) \
	F(STR,  state,       "",   "State",      "RFC 5880's word: AdminDown, Down, Init or Up") \
	F(UINT, interval_ms, "ms", "Interval",   "the negotiated interval") \
	F(UINT, multiplier,  "",   "Multiplier", "missed packets until down")

#define MODEL_PEER_ERROR(F, S) \
	F(UINT, code,      "", "Code",      "NOTIFICATION error code (RFC 4271 4.5)") \
	F(UINT, subcode,   "", "Subcode",   "its subcode") \
	F(STR,  direction, "", "Direction", "sent or received") \
	F(STR,  text,      "", "Text",      "the code in words, with the peer's message (RFC 9003)") \
	F(STR,  data,      "", "Data",      "what the NOTIFICATION says more, its first octets in hex; null for nothing") \
	F(TIME, at,        "", "At",        "when")

/* The types of RFC 4271 4.1, and RFC 2918. */
#define MODEL_PEER_MESSAGES(F, S) \
	F(UINT, open,         "messages", "OPEN",          "") \
	F(UINT, update,       "messages", "UPDATE",        "") \
	F(UINT, notification, "messages", "NOTIFICATION",  "") \
	F(UINT, keepalive,    "messages", "KEEPALIVE",     "") \
	F(UINT, refresh,      "messages", "ROUTE-REFRESH", "")

#define MODEL_PEER(F, S) \
	F(STR,  name,              "",  "Peer",       "the session's name: that of its tunnel, or of the configured peer") \
	F(STR,  tunnel,            "",  "Tunnel",     "the tunnel it rides, null for a peer of its own") \
	F(UINT, local_asn,         "",  "Local AS",   "") \
	F(UINT, remote_asn,        "",  "Remote AS",  "") \
	F(STR,  local_address,     "",  "Local",      "") \
	F(STR,  remote_address,    "",  "Remote",     "its address; the range of those that come by themselves, or any") \
	F(STR,  remote_router_id,  "",  "Router ID",  "the peer's BGP identifier") \
	F(STR,  role,              "",  "Role",       "what this side is to the peer (RFC 9234): provider, customer, peer, rs or rs-client") \
	F(STR,  remote_role,       "",  "Peer's role", "the same as the peer says it") \
	F(UINT, neighbours,        "",  "Neighbours", "those that have come from its range; null for a peer with one address") \
	F(STR,  state,             "",  "State",      "Idle, Connect, Active, OpenSent, OpenConfirm or Established (RFC 4271 8.2.2)") \
	F(BOOL, shut_down,         "",  "Shut down",  "held down by an operator") \
	F(BOOL, stopped,           "",  "Stopped",    "held down since a limit was passed (max_prefixes: action: stop); reset lets it go") \
	F(TIME, restart_until,     "",  "Restarts until", "its session was lost, and its paths are kept until then (RFC 4724); null otherwise") \
	F(TIME, deferred_until,    "",  "Deferred until", "since the gateway's restart peers that keep its paths are waited for, and this one is told nothing until then at most (RFC 4724 4.1); null otherwise") \
	F(TIME, established_at,    "",  "Since",      "when it became Established") \
	F(UINT, hold_seconds,      "s", "Hold",       "negotiated hold time") \
	F(UINT, keepalive_seconds, "s", "Keepalive",  "negotiated keepalive time") \
	F(UINT, received,          "",  "Received",   "prefixes in adj-in") \
	F(UINT, accepted,          "",  "Accepted",   "of those, prefixes that policy accepted") \
	F(UINT, max_prefixes,      "",  "Limit",      "received prefixes of each family at most (max_prefixes); null for no limit") \
	F(UINT, advertised,        "",  "Advertised", "prefixes in adj-out") \
	F(UINT, max_prefixes_out,  "",  "Limit out",  "advertised prefixes at most (max_prefixes); more are kept back; null for no limit") \
	F(UINT, local_preference,  "",  "Loc pref",   "local preference given to its routes") \
	F(UINT, med_out,           "",  "MED out",    "MED sent to it") \
	F(LIST, capabilities,      "",  "Capabilities", "capabilities that both sides have (RFC 5492)") \
	F(LIST, families,          "",  "Families",     "address families whose routes are exchanged: ipv4, ipv6") \
	F(UINT, messages_in,       "messages", "Messages in",  "BGP messages received") \
	F(UINT, messages_out,      "messages", "Messages out", "BGP messages sent") \
	S(peer_messages, messages_received, "Received by type", "BGP messages received, by type") \
	S(peer_messages, messages_sent,     "Sent by type", "BGP messages sent, by type") \
	F(UINT, malformed,         "",  "Malformed",    "UPDATEs that were treated as withdrawals, or lost an attribute (RFC 7606)") \
	F(UINT, treated_as_withdraw, "", "As withdrawn", "of these, UPDATEs that were treated as withdrawals of their prefixes (RFC 7606 2)") \
	F(UINT, attributes_discarded, "", "Discards", "of these, UPDATEs that lost an attribute (RFC 7606 2)") \
	F(UINT, errors,            "",  "Errors",       "NOTIFICATIONs of an error, sent or received: all but Cease (RFC 4271 6)") \
	F(UINT, input_bytes,       "bytes", "Input queue", "received and not worked off yet") \
	F(UINT, output_bytes,      "bytes", "Output queue", "made and not sent yet") \
	F(UINT, pending,           "",  "Pending",  "prefixes to be looked at for what it is told") \
	F(UINT, flaps,             "",  "Flaps",        "times that it left Established") \
	S(peer_bfd, bfd,                "BFD",          "the BFD session, null where there is none") \
	S(peer_error, last_error,       "Last error",   "the last NOTIFICATION sent or received, or what else ended it") \
	S(peer_error, last_in,          "Last received", "the last NOTIFICATION received") \
	S(peer_error, last_out,         "Last sent",     "the last NOTIFICATION sent")

#define MODEL_ROUTE(F, S) \
	F(STR,  prefix,      "", "Prefix",      "") \
	F(BOOL, best,        "", "Best",        "chosen for its prefix") \
	F(BOOL, installed,   "", "Installed",   "in the kernel's table") \
	F(STR,  source,      "", "Source",      "bgp, static, connected or aggregate") \
	F(STR,  connection,  "", "Connection",  "") \
	F(STR,  tunnel,      "", "Tunnel",      "") \
	F(STR,  next_hop,    "", "Next hop",    "") \
	F(UINT, path_id,     "", "Path id",     "of several paths of one prefix (RFC 7911, bgp.add_path), as received; null where there are none") \
	F(LIST, as_path,     "asn", "AS path",     "nearest AS first; sets as {1 2}") \
	F(STR,  origin,      "", "Origin",      "igp, egp or incomplete") \
	F(UINT, med,         "", "MED",         "") \
	F(UINT, local_pref,  "", "Loc pref",    "") \
	F(LIST, communities, "", "Communities", "as A:B, large ones as A:B:C; 65535:65281 is no-export, 65535:0 graceful-shutdown") \
	F(STR,  reason,      "", "Reason",      "why best, or why not")

#define MODEL_RECEIVED(F, S) \
	F(STR,  peer,        "", "Peer",        "") \
	F(STR,  prefix,      "", "Prefix",      "") \
	F(STR,  next_hop,    "", "Next hop",    "") \
	F(UINT, path_id,     "", "Path id",     "of several paths of one prefix (RFC 7911, bgp.add_path), as received; null where there are none") \
	F(LIST, as_path,     "asn", "AS path",     "") \
	F(STR,  origin,      "", "Origin",      "") \
	F(UINT, med,         "", "MED",         "") \
	F(UINT, local_pref,  "", "Loc pref",    "") \
	F(LIST, communities, "", "Communities", "") \
	F(BOOL, accepted,    "", "Accepted",    "policy let it in") \
	F(STR,  reason,      "", "Reason",      "why it was refused; null where it was not") \
	F(STR,  rules,       "", "Rules",       "rules of import that it met, by number and name; null for none") \
	F(LIST, before,      "", "Before",      "what came, where rules changed it: med 100, as_path 64512, local_pref -")

#define MODEL_ADVERTISED(F, S) \
	F(STR,  peer,        "", "Peer",        "") \
	F(STR,  prefix,      "", "Prefix",      "") \
	F(STR,  next_hop,    "", "Next hop",    "") \
	F(UINT, path_id,     "", "Path id",     "of several paths of one prefix (RFC 7911, bgp.add_path), as sent; null where there are none") \
	F(LIST, as_path,     "asn", "AS path",     "") \
	F(STR,  origin,      "", "Origin",      "") \
	F(UINT, med,         "", "MED",         "") \
	F(UINT, local_pref,  "", "Loc pref",    "") \
	F(LIST, communities, "", "Communities", "") \
	F(STR,  rules,       "", "Rules",       "rules of export that it met, by number and name; null for none") \
	F(STR,  condition,   "", "Condition",   "what telling it hangs on, as \"while prefix 192.0.2.0/24\"; null for nothing")

/* Also the last row of a peer and direction, without a name: what no rule ended. */
#define MODEL_POLICY(F, S) \
	F(STR,  peer,      "", "Peer",      "") \
	F(STR,  direction, "", "Direction", "import or export") \
	F(UINT, rule,      "", "Rule",      "its number, from 1") \
	F(STR,  name,      "", "Name",      "") \
	F(STR,  match,     "", "Match",     "all of it has to hold; any: of all routes") \
	F(STR,  changes,   "", "Set",       "what it changes") \
	F(STR,  action,    "", "Action",    "accept, deny or next") \
	F(UINT, matched,   "", "Matched",   "routes that met it, counted each time that they were looked at, since the rules are as they are")

/* What happened to a path, or (without a prefix) one thing that happened to many. */
#define MODEL_ROUTE_CHANGE(F, S) \
	F(UINT, number,     "id", "#",          "rises with every change of a run") \
	F(TIME, at,         "", "At",         "") \
	F(STR,  prefix,     "", "Prefix",     "null: of many, see count") \
	F(UINT, count,      "", "Paths",      "so many paths changed at once; 1 where there is a prefix") \
	F(UINT, kept,       "", "Kept",       "so many of them have a row of their own") \
	F(STR,  cause,      "", "Cause",      "announced, withdrawn, malformed, session, stale, rules or preference") \
	F(STR,  text,       "", "What",       "all of it, for people") \
	F(STR,  peer,       "", "Peer",       "whose path it was") \
	F(UINT, path_id,    "id", "Path id",  "of several paths of one peer (RFC 7911), as received; null where there are none") \
	F(STR,  best,       "", "Best",       "whose path is the best since then; null: none is left") \
	F(STR,  before,     "", "Before",     "whose path was the best before") \
	F(STR,  step,       "", "Decided by", "what that choice rests on (RFC 4271 9.1.2.2)") \
	F(UINT, as_hops,    "", "AS hops",    "length of the AS path") \
	F(UINT, origin_as,  "asn", "Origin AS",  "the last AS of the path") \
	F(UINT, med,        "", "MED",        "") \
	F(UINT, local_pref, "", "Loc pref",   "")

#define MODEL_COLLECTOR(F, S) \
	F(STR,  name,        "",  "Collector",  "its address") \
	F(UINT, port,        "id", "Port",       "") \
	F(STR,  state,       "",  "State",      "connected, connecting or waiting for the next attempt") \
	F(TIME, since,       "",  "Since",      "when the connection came up, or was lost") \
	F(LIST, views,       "",  "Views",      "what it is told (views)") \
	F(BOOL, dumping,     "",  "Dumping",    "it is being told what stood when it connected") \
	F(UINT, messages,    "messages", "Messages", "BMP messages sent, over all connections") \
	F(UINT, bytes,       "bytes", "Sent",   "octets of them") \
	F(UINT, queue_bytes, "bytes", "Queue",  "octets that wait to be sent") \
	F(UINT, connections, "",  "Connections", "so many times it was connected") \
	F(STR,  last_error,  "",  "Last error", "why the last connection ended, or can't be made")

#define MODEL_EVENT(F, S) \
	F(UINT, sequence, "", "#",        "rises by one with every event of a run") \
	F(TIME, at,       "", "At",       "") \
	F(STR,  severity, "", "Severity", "debug, info, notice, warning or error") \
	F(STR,  kind,     "", "Kind",     "what happened: tunnel.up, peer.down, failover, ...") \
	F(STR,  subject,  "", "Subject",  "the object's name") \
	F(STR,  text,     "", "Text",     "one line for people") \
	F(MAP,  fields,   "", "Fields",   "details by name, as text")

/* Of a month, or of a day. */
#define MODEL_USAGE(F, S) \
	F(STR,  connection,       "", "Connection", "") \
	F(TIME, from,             "", "From",       "") \
	F(TIME, to,               "", "To",         "") \
	F(REAL, connection_hours, "", "Hours",      "hours provisioned and available, both tunnels included") \
	F(UINT, rx_bytes,         "bytes", "In",    "") \
	F(UINT, tx_bytes,         "bytes", "Out",   "") \
	F(REAL, amount,           "", "Amount",     "") \
	F(STR,  currency,         "", "Currency",   "")

#define MODEL_HISTORY(F, S) \
	F(STR,  name,         "",    "Name",     "a tunnel, or a BGP session") \
	F(UINT, seconds,      "s",   "Seconds",  "what the row sums up: 1, 60 or 900 seconds; its values are means of what is known of them") \
	F(TIME, at,           "",    "At",       "when that began") \
	F(UINT, age_seconds,  "s",   "Age",      "for how long it has been then, whatever the clocks say") \
	F(UINT, rx_bps,       "bps", "In",       "rate inwards") \
	F(UINT, tx_bps,       "bps", "Out",      "rate outwards") \
	F(REAL, rtt_ms,       "ms",  "RTT",      "round-trip time") \
	F(REAL, loss_percent, "percent", "Loss", "of the probes") \
	F(UINT, received,     "",    "Received", "prefixes in adj-in") \
	F(UINT, accepted,     "",    "Accepted", "of those, prefixes that policy accepted") \
	F(REAL, established_percent, "percent", "Established", "for how much of it the BGP session was Established")

#define MODEL_SITE(F, S) \
	F(STR,  name,              "",    "Site",        "its name in console.yaml") \
	F(STR,  host,              "",    "Host",        "where SSH goes; null for the gateway here") \
	F(STR,  group,             "",    "Group",       "the group that it belongs to") \
	F(STR,  state,             "",    "State",       "live, reading, connecting, asks, stale or off; why not: host key, login, unreachable, no gateway, or refused by us") \
	F(STR,  why,               "",    "Because",     "why there is no connection, or what it waits for") \
	F(BOOL, here,              "",    "Here",        "the gateway that the console was opened on") \
	F(BOOL, production,        "",    "Production",  "its name is asked for before what is dangerous") \
	F(UINT, connections_up,    "",    "Up",          "connections with a tunnel that can carry traffic") \
	F(UINT, connections_total, "",    "Connections", "configured connections") \
	F(UINT, alarms,            "",    "Alarms",      "what needs a person there") \
	F(STR,  attention,         "",    "Needs",       "the most urgent of that, in words") \
	F(UINT, rx_bps,            "bps", "In",          "rate of all its tunnels, inwards") \
	F(UINT, tx_bps,            "bps", "Out",         "rate of all its tunnels, outwards") \
	F(REAL, rtt_ms,            "ms",  "RTT",         "from a request to its answer, over SSH") \
	F(TIME, heard_at,          "",    "Heard",       "when something was last heard from it") \
	F(TIME, started_at,        "",    "Started",     "when its gateway started") \
	F(STR,  role,              "",    "Role",        "what we may do there: viewer, operator or admin") \
	F(STR,  version,           "",    "Version",     "of its program")

#define MODEL_PLUGIN(F, S) \
	F(STR,  name,        "", "Plugin",      "") \
	F(STR,  kind,        "", "Kind",        "dataplane, probe, ...") \
	F(STR,  version,     "", "Version",     "") \
	F(STR,  path,        "", "Path",        "") \
	F(STR,  state,       "", "State",       "in use, available or failed") \
	F(STR,  description, "", "Description", "")

/* Nested shapes: X(struct name, MACRO). They come before the kinds that hold them. */
#define MODEL_SHAPES(X) \
	X(last_failover, MODEL_LAST_FAILOVER) \
	X(move,          MODEL_MOVE) \
	X(tunnel_error,  MODEL_TUNNEL_ERROR) \
	X(tunnel_drops,  MODEL_TUNNEL_DROPS) \
	X(peer_bfd,      MODEL_PEER_BFD) \
	X(peer_messages, MODEL_PEER_MESSAGES) \
	X(peer_error,    MODEL_PEER_ERROR)

/*
 * Kinds: X(struct name, MACRO, CONSTANT, plural as in "twinspan show", stored, key fields).
 * stored: STORED rows live in the store and reach clients as deltas; PAGED kinds may have millions of rows, which
 * stay where they are and are fetched page by page from a provider; LOG is the ring of events.
 * The key fields, joined, name a row within its kind.
 */
#define MODEL_KINDS(X) \
	X(gateway,    MODEL_GATEWAY,    GATEWAY,    "gateway",     STORED, "name") \
	X(connection, MODEL_CONNECTION, CONNECTION, "connections", STORED, "name") \
	X(tunnel,     MODEL_TUNNEL,     TUNNEL,     "tunnels",     STORED, "name") \
	X(peer,       MODEL_PEER,       PEER,       "peers",       STORED, "name") \
	X(route,      MODEL_ROUTE,      ROUTE,      "routes",      PAGED,  "prefix source tunnel next_hop path_id") \
	X(received,   MODEL_RECEIVED,   RECEIVED,   "received",    PAGED,  "peer prefix path_id") \
	X(advertised, MODEL_ADVERTISED, ADVERTISED, "advertised",  PAGED,  "peer prefix path_id") \
	X(policy,     MODEL_POLICY,     POLICY,     "policy",      PAGED,  "peer direction rule") \
	X(route_change, MODEL_ROUTE_CHANGE, ROUTE_CHANGE,     "changes",     PAGED,  "number") \
	X(collector,  MODEL_COLLECTOR,  COLLECTOR,  "collectors",  STORED, "name") \
	X(event,      MODEL_EVENT,      EVENT,      "events",      LOG,    "sequence") \
	X(usage,      MODEL_USAGE,      USAGE,      "usage",       PAGED,  "connection from") \
	X(usage_day,  MODEL_USAGE,      USAGE_DAY,  "usage_days",  PAGED,  "connection from") \
	X(history,    MODEL_HISTORY,    HISTORY,    "history",     PAGED,  "name seconds at") \
	X(site,       MODEL_SITE,       SITE,       "sites",       STORED, "name") \
	X(plugin,     MODEL_PLUGIN,     PLUGIN,     "plugins",     STORED, "name")

/*
 * Groups of fields, for who shows a whole row: X(shape, first field, rank, heading). A group reaches up to the
 * next one; the lower its rank, the sooner it is read. A nested object is a group of its own.
 */
#define MODEL_GROUPS(X) \
	X(gateway,    name,           0, "Gateway") \
	X(gateway,    dataplane,      2, "Data plane") \
	X(gateway,    outside,        1, "Running") \
	X(gateway,    rx_bps,         3, "Traffic") \
	X(gateway,    networks,       4, "Behind it") \
	X(connection, name,           0, "State") \
	X(connection, failovers,      3, "Moves") \
	X(connection, last_failover,  2, "Last move") \
	X(connection, remote_asn,     4, "Prefixes") \
	X(connection, rx_bps,         5, "Traffic") \
	X(connection, attention,      1, "Attention") \
	X(tunnel,     name,           0, "State") \
	X(tunnel,     interface,      6, "Addresses") \
	X(tunnel,     local_id,       3, "IKE and ESP") \
	X(tunnel,     established_at, 4, "Times") \
	X(tunnel,     rx_bytes,       5, "Traffic") \
	X(tunnel,     rtt_ms,         1, "Health and peer") \
	X(tunnel,     drops,          7, "Drops") \
	X(tunnel,     last_error,     2, "Last error") \
	X(peer,       name,           2, "Session") \
	X(peer,       state,          0, "State") \
	X(peer,       hold_seconds,   5, "Timers") \
	X(peer,       received,       3, "Prefixes") \
	X(peer,       capabilities,   6, "Messages") \
	X(peer,       messages_received, 8, "Received by type") \
	X(peer,       messages_sent,  9, "Sent by type") \
	X(peer,       malformed,      7, "Queues and faults") \
	X(peer,       bfd,            4, "BFD") \
	X(peer,       last_error,     1, "Last error") \
	X(peer,       last_in,        10, "Last received") \
	X(peer,       last_out,       11, "Last sent") \
	X(route,      prefix,         0, "Route") \
	X(route,      as_path,        2, "Attributes") \
	X(route,      reason,         1, "Choice") \
	X(received,   peer,           0, "Prefix") \
	X(received,   as_path,        2, "Attributes") \
	X(received,   accepted,       1, "Policy") \
	X(advertised, peer,           0, "Prefix") \
	X(advertised, as_path,        1, "Attributes") \
	X(policy,     peer,           0, "Rule") \
	X(route_change, number,         0, "Change") \
	X(route_change, peer,           1, "Choice") \
	X(route_change, as_hops,        2, "Attributes") \
	X(collector,  name,           0, "Collector") \
	X(collector,  messages,       1, "Sent") \
	X(collector,  last_error,     2, "Last error") \
	X(event,      sequence,       0, "Event")

/*
 * Fields that most rows have nothing in, because they belong to something that is seldom under way or seldom
 * configured: X(shape, field). Who shows a whole row leaves them out where they are unset.
 */
#define MODEL_SELDOM(X) \
	X(gateway,    config_confirm_until) \
	X(gateway,    host_warnings) \
	X(connection, confirm_until) \
	X(connection, unconfirmed) \
	X(peer,       restart_until) \
	X(peer,       deferred_until) \
	X(peer,       role) \
	X(peer,       remote_role) \
	X(peer,       neighbours) \
	X(peer,       max_prefixes_out) \
	X(peer,       messages_received) \
	X(peer,       messages_sent) \
	X(peer,       last_in) \
	X(peer,       last_out) \
	X(route,      path_id) \
	X(route_change, path_id) \
	X(received,   path_id) \
	X(advertised, path_id) \
	X(received,   rules) \
	X(received,   before) \
	X(advertised, rules) \
	X(advertised, condition) \
	X(tunnel,     certificate_subject) \
	X(tunnel,     certificate_issuer) \
	X(tunnel,     certificate_not_after) \
	X(tunnel,     nat_side) \
	X(tunnel,     rotating_since) \
	X(tunnel,     rotation) \
	X(tunnel,     held_until)

/* clang-format on */

#endif
