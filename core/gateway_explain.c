// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Explains which way traffic goes and why.
 *
 * A tunnel is looked at from the ground up: underlay, IKE, child SA, traffic, BGP, routes. The first layer
 * that fails is the answer, since nothing above can work without it; for it a probable cause and what to do
 * are named, on which side. A connection is its tunnels and why one of them carries; an address or a prefix
 * is the longest match among ours, the paths to it with the reasons of the choice, and what the kernel does
 * with it now.
 *
 * The answer is lines for people and the same as objects.
 */
#include "core/gateway_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Packets go out and none comes in for so long: nothing comes back. BGP alone is heard more often. */
#define ONE_WAY_AFTER (20 * USEC_PER_SEC)

enum layer_state { LAYER_OK, LAYER_WARNING, LAYER_FAILED, LAYER_UNKNOWN };

static const struct {
	const char *mark, *word;
} layer_states[] = {
    [LAYER_OK] = {"●", "ok"},
    [LAYER_WARNING] = {"!", "warning"},
    [LAYER_FAILED] = {"✕", "failed"},
    [LAYER_UNKNOWN] = {"·", "unknown"},
};

/* An explanation while it is made. */
struct account {
	struct gateway *gateway;
	json_t *lines, *layers;
	bool failed;        /* a layer did: those above are not looked at */
	usec_t since, seen; /* wall clock, of the next layer: how long it is so, when it was last heard of */
	char first[32], cause[400], remedy[400];
	char summary[600]; /* one line, for who has no room for more */
};

static void say(struct account *account, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void
say(struct account *account, const char *format, ...)
{
	char text[600], clean[600];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	json_array_append_new(account->lines, json_string(text_clean(clean, sizeof(clean), text)));
}

/* Adds a time to an answer; 0 adds nothing. */
static void
add_time(json_t *object, const char *name, usec_t wall)
{
	char text[CLOCK_TEXT];

	if (wall != 0)
		json_object_set_new(object, name, json_string(clock_format(wall, text)));
}

static usec_t
wall_of(usec_t monotonic)
{
	return monotonic != 0 ? clock_wall() - (clock_monotonic() - monotonic) : 0;
}

/* One layer. The first that fails is remembered; `cause` and `remedy` are then taken. */
static void
layer(struct account *account, const char *name, enum layer_state state, const char *text, const char *cause,
      const char *remedy)
{
	bool first = state == LAYER_FAILED && !account->failed;
	char clean[500];
	json_t *row = json_pack("{s:s, s:s, s:s}", "layer", name, "state", layer_states[state].word, "text",
				text_clean(clean, sizeof(clean), text));

	add_time(row, "since", account->since);
	add_time(row, "seen", account->seen);
	account->since = account->seen = 0;
	say(account, "  %-10s %s%s%s%s", name, layer_states[state].mark, text[0] != '\0' ? " " : "", text,
	    first ? "   <- first failing layer" : "");
	json_array_append_new(account->layers, row);
	if (!first)
		return;
	account->failed = true;
	snprintf(account->first, sizeof(account->first), "%s", name);
	text_clean(account->cause, sizeof(account->cause), cause != NULL ? cause : text);
	text_clean(account->remedy, sizeof(account->remedy), remedy != NULL ? remedy : "");
}

static const char *
ago(usec_t monotonic, char *out, size_t size)
{
	double seconds = (double)(clock_monotonic() - monotonic) / USEC_PER_SEC;

	if (monotonic == 0)
		snprintf(out, size, "never");
	else if (seconds < 10)
		snprintf(out, size, "%.1f s ago", seconds);
	else if (seconds < 600)
		snprintf(out, size, "%.0f s ago", seconds);
	else
		snprintf(out, size, "%.0f min ago", seconds / 60);
	return out;
}

static const char *
way_text(const struct routing_way *way, char *out, size_t size)
{
	char gateway[IP_ADDRESS_TEXT];

	snprintf(out, size, "by %s%s%s", way->interface[0] != '\0' ? way->interface : "an unnamed link",
		 ip_address_is_set(&way->gateway) ? " via " : "",
		 ip_address_is_set(&way->gateway) ? ip_address_format(&way->gateway, gateway) : "");
	return out;
}

static const struct gateway_tunnel *
tunnel_of_interface(const struct gateway *gateway, const char *interface)
{
	for (size_t i = 0; i < gateway->tunnel_count; i++) {
		if (interface[0] != '\0' && strcmp(gateway->tunnels[i]->interface, interface) == 0)
			return gateway->tunnels[i];
	}
	return NULL;
}

/* --- a tunnel's layers ------------------------------------------------------------------------- */

static void
layer_underlay(struct account *account, const struct gateway_tunnel *tunnel)
{
	const struct ip_address *remote = &tunnel->config->remote;
	const struct gateway_tunnel *inside;
	char address[IP_ADDRESS_TEXT], by[80], text[200], remedy[300];
	struct routing_way way;

	if (!ip_address_is_set(remote)) {
		layer(account, "underlay", LAYER_UNKNOWN, "the other side may come from any address", NULL,
		      NULL);
		return;
	}
	ip_address_format(remote, address);
	account->seen = clock_wall(); /* the kernel is asked now */
	if (!routing_underlay(account->gateway->routing, remote, &way)) {
		snprintf(text, sizeof(text), "the kernel has no route to %s", address);
		snprintf(remedy, sizeof(remedy),
			 "Here: give this machine a route to %s, a default route for example; see 'ip route "
			 "get %s'.",
			 address, address);
		layer(account, "underlay", LAYER_FAILED, text,
		      "This machine can't reach the other side's address.", remedy);
		return;
	}
	inside = tunnel_of_interface(account->gateway, way.interface);
	snprintf(text, sizeof(text), "%s %s", address, way_text(&way, by, sizeof(by)));
	if (inside != NULL) {
		snprintf(remedy, sizeof(remedy), "Here: add a host route to %s outside of the tunnels.",
			 address);
		layer(account, "underlay", LAYER_FAILED, text,
		      "The other side's outside address is routed into a tunnel.", remedy);
		return;
	}
	layer(account, "underlay", LAYER_OK, text, NULL, NULL);
}

static void
layer_ike(struct account *account, const struct gateway_tunnel *tunnel)
{
	const struct model_tunnel *row = &tunnel->row;
	const struct model_tunnel_error *error = &row->last_error;
	const char *name = tunnel->config->name;
	char text[400], remedy[300];

	account->since = row->ike_state != NULL && strcmp(row->ike_state, "ESTABLISHED") == 0
			     ? row->established_at
			     : row->down_since;
	if (tunnel->disabled) {
		snprintf(remedy, sizeof(remedy), "Here: 'twinspan %s %s' brings it back.",
			 gateway_is_kept(tunnel, GATEWAY_DISABLED) ? "enable" : "up", name);
		layer(account, "IKE", LAYER_FAILED, "taken down by an operator",
		      "An operator took the tunnel down; nothing is broken.", remedy);
	} else if (row->ike_state != NULL && strcmp(row->ike_state, "ESTABLISHED") == 0) {
		snprintf(text, sizeof(text), "IKEv%" PRIu64 " is established, %s%s", row->ike_version,
			 row->ike_proposal != NULL ? row->ike_proposal : "",
			 row->nat ? ", through a NAT" : "");
		layer(account, "IKE", LAYER_OK, text, NULL, NULL);
	} else if (error->set) {
		snprintf(text, sizeof(text), "%s (%" PRIu64 " %s)",
			 error->text != NULL ? error->text : "failed", row->tries,
			 row->tries == 1 ? "try" : "tries");
		snprintf(remedy, sizeof(remedy), "%s", error->hint != NULL ? error->hint : "");
		layer(account, "IKE", LAYER_FAILED, text, error->text, remedy);
	} else if (tunnel->config->start == CONFIG_START_RESPOND && row->tries == 0) {
		layer(account, "IKE", LAYER_FAILED, "waits for the other side, which has not called yet",
		      "The tunnel is configured to respond, and the other side has not begun.",
		      "On the other side: start the tunnel. Here: 'start: initiate' calls it instead.");
	} else {
		layer(account, "IKE", LAYER_FAILED, "is being negotiated", "The negotiation is under way.",
		      "Wait a few seconds and ask again.");
	}
}

static void
layer_child(struct account *account, const struct gateway_tunnel *tunnel)
{
	const struct model_tunnel *row = &tunnel->row;
	char text[300];

	account->since = tunnel->child_up ? row->established_at : row->down_since;
	if (tunnel->child_up) {
		snprintf(text, sizeof(text), "up, %s, SPI %s in, %s out%s",
			 row->esp_proposal != NULL ? row->esp_proposal : "?",
			 row->spi_in != NULL ? row->spi_in : "?", row->spi_out != NULL ? row->spi_out : "?",
			 row->encap ? ", in UDP" : "");
		layer(account, "child SA", LAYER_OK, text, NULL, NULL);
		return;
	}
	layer(account, "child SA", LAYER_FAILED, row->last_error.set ? row->last_error.text : "there is none",
	      "IKE is up, but both sides did not agree on the child SA: its proposals or traffic selectors.",
	      row->last_error.set && row->last_error.hint != NULL
		  ? row->last_error.hint
		  : "On both sides: the same ESP proposal and PFS group, and selectors 0.0.0.0/0.");
}

static uint64_t
count_drops(const struct dataplane_counters *now)
{
	return now->drops.no_sa + now->drops.replay + now->drops.authentication + now->drops.malformed +
	       now->drops.selector + now->drops.too_big + now->drops.queue;
}

static void
layer_traffic(struct account *account, const struct gateway_tunnel *tunnel)
{
	const struct gateway *gateway = account->gateway;
	struct dataplane_counters now = {0};
	char in[40], out[40], text[300], drops[120] = "";
	bool one_way;

	gateway->plane_ops->tunnel_counters(gateway->plane, tunnel->config->id, &now);
	if (count_drops(&now) != 0)
		snprintf(drops, sizeof(drops),
			 "; dropped: %" PRIu64 " (%" PRIu64 " authentication, %" PRIu64 " replay, %" PRIu64
			 " too big)",
			 count_drops(&now), now.drops.authentication, now.drops.replay, now.drops.too_big);
	snprintf(text, sizeof(text), "in %" PRIu64 " packet%s, last %s; out %" PRIu64 ", last %s%s",
		 now.rx_packets, PLURAL(now.rx_packets, "s"), ago((usec_t)now.last_rx, in, sizeof(in)),
		 now.tx_packets, ago((usec_t)now.last_tx, out, sizeof(out)), drops);
	one_way = now.last_tx != 0 && clock_monotonic() - (usec_t)now.last_tx < ONE_WAY_AFTER &&
		  clock_monotonic() - (usec_t)now.last_rx > ONE_WAY_AFTER;
	if (one_way && now.drops.authentication != 0)
		layer(
		    account, "traffic", LAYER_FAILED, text,
		    "Packets come in and fail their integrity check: the two sides don't have the same keys.",
		    "Here: 'twinspan rekey' makes new ones. If it comes back, compare both sides' ESP "
		    "proposals.");
	else if (one_way)
		layer(account, "traffic", LAYER_FAILED, text,
		      "Packets go out and none comes in: a filter drops ESP, or the other side sends "
		      "elsewhere.",
		      "On the way: allow ESP (protocol 50) and UDP 4500 in both directions. On the other "
		      "side: look "
		      "whether its packets for us leave by this tunnel.");
	else
		layer(account, "traffic", count_drops(&now) != 0 ? LAYER_WARNING : LAYER_OK, text, NULL,
		      NULL);
}

/* Every source of evidence that has a say, with its verdict and how long it has said so. */
static void
list_evidence(const struct gateway_tunnel *tunnel, char *out, size_t size)
{
	size_t used = 0;

	out[0] = '\0';
	for (enum health_source source = 0; source < HEALTH_SOURCES && used < size; source++) {
		enum health_verdict verdict;
		const char *said;
		char since[40];
		usec_t at;

		if (!health_source_says(tunnel->health, source, &verdict, &said, &at) ||
		    verdict == HEALTH_UNKNOWN)
			continue;
		used += (size_t)snprintf(out + used, size - used, "%s%s %s (%s, %s)", used != 0 ? ", " : "",
					 health_source_name(source), health_verdict_name(verdict), said,
					 ago(at, since, sizeof(since)));
	}
	if (used == 0)
		snprintf(out, size, "nothing is known yet");
}

/* The fused verdict. What IKE or BGP say is their own layers' business: it fails by BFD and probes. */
static void
layer_health(struct account *account, const struct gateway_tunnel *tunnel)
{
	const char *evidence = NULL;
	char list[440], text[500];
	enum health_verdict verdict = health_verdict(tunnel->health, &evidence, NULL);

	list_evidence(tunnel, list, sizeof(list));
	snprintf(text, sizeof(text), "%s: %s", health_verdict_name(verdict), list);
	if (!gateway_liveness_allows(tunnel))
		layer(
		    account, "health", LAYER_FAILED, text, evidence,
		    "On the way and on the other side: packets inside this tunnel are lost; look whether its "
		    "replies use this tunnel.");
	else
		layer(account, "health", verdict == HEALTH_OK ? LAYER_OK : LAYER_WARNING, text, NULL, NULL);
}

/* What a NOTIFICATION most likely means (RFC 4271 4.5, RFC 4486). Subcode 255: any. */
static const struct {
	uint8_t code, subcode;
	const char *cause, *remedy;
} notifications[] = {
    {2, 2, "The AS numbers don't agree.",
     "Here: peer_asn and gateway.asn. On the other side: the AS that it expects of us."},
    {2, 3, "Both sides use the same BGP identifier.", "Here: give gateway.router_id another value."},
    {2, 6, "The hold time is not acceptable.", "On both sides: a hold time of 0 or at least 3 s."},
    {4, 255, "Nothing was heard for the hold time: packets are lost, or the other side hangs.",
     "Look at the traffic above: does anything come in? On the other side: is its BGP running?"},
    {6, 1, "More prefixes came than allowed.",
     "Here: bgp.max_prefixes; or fewer prefixes on the side that advertises. Then 'twinspan reset'."},
    {6, 2, "The session was shut down by an operator.",
     "On the side that did: 'twinspan start', or its like."},
    {6, 3, "The other side has no such peer any more.", "On the other side: configure the session again."},
    {6, 5, "The other side refuses the connection: it has no such peer, or not with this address.",
     "On the other side: a peer with our inside address and AS."},
};

static void
layer_bgp(struct account *account, const struct gateway_tunnel *tunnel)
{
	struct bgp_peer_status status;
	char text[400], shown[IP_ADDRESS_TEXT], remedy[300];
	const char *cause = NULL, *todo = NULL;

	if (tunnel->peer == NULL) {
		layer(account, "BGP", LAYER_UNKNOWN, "static routing: none", NULL, NULL);
		return;
	}
	bgp_peer_status(tunnel->peer, &status);
	account->since = wall_of(status.established_at);
	if (status.state == BGP_ESTABLISHED) {
		snprintf(text, sizeof(text), "Established, %" PRIu64 " received, %" PRIu64 " advertised%s",
			 status.received, status.advertised,
			 status.graceful_shutdown ? ", with GRACEFUL_SHUTDOWN" : "");
		layer(account, "BGP", LAYER_OK, text, NULL, NULL);
		return;
	}
	for (size_t i = 0; status.last_error.set && cause == NULL && i < COUNT_OF(notifications); i++) {
		if (notifications[i].code != status.last_error.code ||
		    (notifications[i].subcode != 255 &&
		     notifications[i].subcode != status.last_error.subcode))
			continue;
		cause = notifications[i].cause;
		todo = notifications[i].remedy;
	}
	if (status.shut_down) {
		cause = "An operator shut the session down here.";
		snprintf(remedy, sizeof(remedy), "Here: 'twinspan start %s'.", status.name);
		todo = remedy;
	} else if (cause == NULL) {
		snprintf(remedy, sizeof(remedy),
			 "On the other side: BGP must listen on its inside address %s, with us as AS %u; no "
			 "filter may "
			 "drop TCP 179.",
			 ip_address_format(&status.remote, shown), status.local_asn);
		cause = "The other side does not answer on TCP 179.";
		todo = remedy;
	}
	snprintf(text, sizeof(text), "%s%s%s", bgp_state_name(status.state),
		 status.last_error.set ? ": " : "", status.last_error.set ? status.last_error.text : "");
	layer(account, "BGP", LAYER_FAILED, text, cause, todo);
}

static void
layer_routes(struct account *account, const struct gateway_tunnel *tunnel)
{
	const struct gateway_connection *connection = tunnel->connection;
	uint64_t count = connection->config->routing == CONFIG_ROUTING_DYNAMIC
			     ? connection->prefixes
			     : connection->config->routes.count;
	struct failover_status status;
	uint32_t bit = 1u << tunnel->member;
	const char *evidence = NULL;
	char text[200];

	failover_status(connection->failover, &status);
	account->since = status.last.set ? status.last.at : 0;
	snprintf(text, sizeof(text), "%s for %" PRIu64 " prefix%s%s%s",
		 status.active & bit    ? "carries"
		 : status.drained & bit ? "drained by an operator, not used"
		 : status.leaving & bit ? "drained by the other side, not used"
		 : status.usable & bit  ? "stands by"
					: "not usable",
		 count, PLURAL(count, "es"), status.pinned ? "; pinned to " : "",
		 status.pinned ? connection->tunnels[status.pinned_member].config->name : "");
	if ((status.usable & bit) == 0 && tunnel->held_back)
		layer(account, "routes", LAYER_FAILED, text,
		      "The tunnel came and went too often and is held back until it has been quiet for a "
		      "while.",
		      "Here: find what makes it flap ('twinspan show events'); 'twinspan auto' lets it carry "
		      "at once.");
	else if ((status.usable & bit) == 0)
		layer(account, "routes", LAYER_FAILED, text,
		      health_verdict(tunnel->health, &evidence, NULL) == HEALTH_FAILED && evidence != NULL
			  ? evidence
			  : "The tunnel is not judged usable yet.",
		      "Wait a few seconds and ask again.");
	else if (count == 0)
		layer(account, "routes", LAYER_FAILED, text, "The other side has advertised no prefix.",
		      "On the other side: advertise what lies behind it.");
	else
		layer(account, "routes", LAYER_OK, text, NULL, NULL);
}

static void
explain_layers(struct account *account, const struct gateway_tunnel *tunnel)
{
	static void (*const layers[])(struct account *, const struct gateway_tunnel *) = {
	    layer_underlay, layer_ike, layer_child, layer_traffic, layer_health, layer_bgp, layer_routes,
	};
	static const char *const names[] = {"underlay", "IKE", "child SA", "traffic",
					    "health",   "BGP", "routes"};

	for (size_t i = 0; i < COUNT_OF(layers); i++) {
		if (account->failed)
			layer(account, names[i], LAYER_UNKNOWN, "", NULL, NULL);
		else
			layers[i](account, tunnel);
	}
	if (!account->failed)
		return;
	say(account, "Most likely: %s", account->cause);
	if (account->remedy[0] != '\0')
		say(account, "%s", account->remedy);
}

static void
summarize(struct account *account, const char *name, const char *otherwise)
{
	if (account->failed)
		snprintf(account->summary, sizeof(account->summary), "%s: %s fails: %s", name, account->first,
			 account->cause);
	else
		snprintf(account->summary, sizeof(account->summary), "%s %s", name, otherwise);
}

static void
explain_tunnel(struct account *account, const struct gateway_tunnel *tunnel)
{
	size_t title = json_array_size(account->lines);
	char text[200];

	say(account, "%s", tunnel->config->name);
	explain_layers(account, tunnel);
	if (account->failed)
		snprintf(text, sizeof(text), "Why can't %s carry?", tunnel->config->name);
	else
		snprintf(text, sizeof(text), "%s can carry: every layer is fine.", tunnel->config->name);
	json_array_set_new(account->lines, title, json_string(text));
	summarize(account, tunnel->config->name, "is fine on every layer");
}

/* --- a connection ------------------------------------------------------------------------------ */

/* What a tunnel does for its connection now. */
static const char *
part_of(const struct failover_status *status, unsigned member)
{
	uint32_t bit = 1u << member;

	return status->active & bit    ? "carries"
	       : status->drained & bit ? "is drained by an operator"
	       : status->leaving & bit ? "is drained by the other side"
	       : status->usable & bit  ? "stands by"
				       : "is not usable";
}

/* Why the member carries, or what keeps it from it; "" where there is nothing to say. */
static void
explain_member(const struct gateway_tunnel *tunnel, const struct failover_status *status, char *out,
	       size_t size)
{
	const struct config_connection *config = tunnel->connection->config;
	int at = (int)tunnel->member;
	uint32_t bit = 1u << tunnel->member;
	double wait = (double)status->hold_down_left / USEC_PER_SEC;

	out[0] = '\0';
	if (tunnel->held_back)
		snprintf(out, size,
			 ": it failed too often and is held back for %.0f s more ('auto' lets it go)",
			 (double)damping_left(&tunnel->damping, clock_monotonic()) / USEC_PER_SEC);
	else if (!(status->active & bit))
		snprintf(out, size, "%s%s%s", status->untaught & bit ? ": its peer advertises nothing" : "",
			 status->pinned_member == at ? "; an operator pinned the traffic to it" : "",
			 status->preferred_member == at ? "; the configuration prefers it" : "");
	else if (status->pinned_member == at)
		snprintf(out, size, ": an operator pinned it");
	else if ((status->usable & ~status->drained & ~status->untaught) == bit)
		snprintf(out, size, ": no other is usable");
	else if (config->mode == CONFIG_MODE_ACTIVE_ACTIVE)
		snprintf(out, size, ": all usable tunnels do");
	else if (status->preferred_member == at)
		snprintf(out, size, ": the configuration prefers it");
	else if (config->routing == CONFIG_ROUTING_STATIC)
		snprintf(out, size, ": the other side sends by it, or it carried before");
	else
		snprintf(out, size, ": by the other side's MED, or because it carried before");
	if (status->preferred_member == at && wait > 0 && !(status->active & bit))
		snprintf(out + strlen(out), size - strlen(out), " and carries again in %.0f s", wait);
}

static void
explain_choice(struct account *account, const struct gateway_connection *connection, json_t *result)
{
	const char *name = connection->config->name;
	json_t *tunnels = json_array();
	struct failover_status status;
	char why[200], *waits;
	usec_t until;

	failover_status(connection->failover, &status);
	if (status.active == 0)
		say(account,
		    "%s carries nothing: no tunnel is usable. Its prefixes are unreachable, not in the "
		    "clear.",
		    name);
	for (unsigned i = 0; i < connection->tunnel_count; i++) {
		const char *tunnel = connection->tunnels[i].config->name, *part = part_of(&status, i);

		explain_member(&connection->tunnels[i], &status, why, sizeof(why));
		say(account, "  %-16s %s%s", tunnel, part, why);
		json_array_append_new(
		    tunnels, json_pack("{s:s, s:s, s:b, s:b, s:s}", "tunnel", tunnel, "part", part, "active",
				       (status.active & 1u << i) != 0, "usable",
				       (status.usable & 1u << i) != 0, "reason", why + strspn(why, ":; ")));
	}
	json_object_set_new(result, "tunnels", tunnels);
	json_object_set_new(result, "last_move",
			    status.last.set ? json_string(status.last.cause) : json_null());
	if (status.last.set)
		add_time(result, "last_move_at", status.last.at);
	until = gateway_waiting_first(connection, &waits);
	add_time(result, "confirm_until", until);
	if (until != 0)
		say(account, "  A %s waits for its confirmation for %.0f s more: 'twinspan confirm %s'.",
		    waits, (double)(until - clock_wall()) / USEC_PER_SEC, name);
	free(waits);
	if (status.last.set)
		say(account, "  Last move: %s", status.last.cause);
}

static void
explain_connection(struct account *account, const struct gateway_connection *connection, json_t *result)
{
	struct failover_status status;

	say(account, "Which tunnel of %s carries, and why?", connection->config->name);
	explain_choice(account, connection, result);
	failover_status(connection->failover, &status);
	for (unsigned i = 0; i < connection->tunnel_count; i++) {
		if ((status.usable & 1u << i) != 0 || account->failed)
			continue;
		say(account, "Why can't %s carry?", connection->tunnels[i].config->name);
		json_object_set_new(result, "layers_of", json_string(connection->tunnels[i].config->name));
		explain_layers(account, &connection->tunnels[i]);
	}
	summarize(account, connection->config->name, "can carry by all of its tunnels");
}

/* --- an address or a prefix -------------------------------------------------------------------- */

struct paths {
	struct account *account;
	json_t *rows;
	unsigned count;
};

static void
append_text(void *context, const char *text)
{
	json_array_append_new(context, json_string(text));
}

/* A path with what was compared to choose between it and others. */
static json_t *
path_row(const struct bgp_path *path, const char *from, const char *hop)
{
	json_t *as_path = json_array(), *communities = json_array();

	if (path->attributes != NULL) {
		bgp_attributes_as_path(path->attributes, append_text, as_path);
		bgp_attributes_communities(path->attributes, append_text, communities);
	}
	return json_pack("{s:s, s:s, s:b, s:s, s:o, s:s, s:I, s:o, s:o}", "from", from, "next_hop", hop,
			 "best", path->best, "reason", path->reason, "as_path", as_path, "origin",
			 bgp_origin_name(path->origin), "local_pref", (json_int_t)path->local_preference,
			 "med", path->has_med ? json_integer(path->med) : json_null(), "communities",
			 communities);
}

static bool
say_path(void *context, const struct bgp_path *path)
{
	struct paths *paths = context;
	struct bgp_peer_status status = {.name = "this gateway"};
	char hop[IP_ADDRESS_TEXT] = "";

	if (path->peer != NULL)
		bgp_peer_status(path->peer, &status);
	if (ip_address_is_set(&path->next_hop))
		ip_address_format(&path->next_hop, hop);
	say(paths->account, "    %s by %s%s%s: %s", path->best ? "*" : " ", status.name,
	    hop[0] != '\0' ? " via " : "", hop, path->reason);
	json_array_append_new(paths->rows, path_row(path, status.name, hop));
	return ++paths->count < 8;
}

static const char *
source_name(enum routing_source source)
{
	return source == ROUTING_CONNECTED ? "connected"
	       : source == ROUTING_STATIC  ? "static"
	       : source == ROUTING_BGP     ? "BGP"
					   : "protected";
}

/* One prefix with a candidate: who has it, what the kernel does with it. */
static void
explain_match(struct account *account, const struct ip_prefix *prefix, const struct routing_state *state,
	      json_t *matches)
{
	struct gateway *gateway = account->gateway;
	const struct gateway_connection *of = gateway_connection_of_group(gateway, state->candidate.group);
	const char *connection = of != NULL ? of->config->name : NULL;
	struct paths paths = {.account = account, .rows = json_array()};
	char text[IP_PREFIX_TEXT];

	ip_prefix_format(prefix, text);
	say(account, "  %-18s %s%s%s: %s%s", text, source_name(state->best), connection != NULL ? ", " : "",
	    connection != NULL ? connection : "", state->reason, state->installed ? "; in the kernel" : "");
	bgp_walk_prefix(gateway->bgp, prefix, say_path, &paths);
	if (state->best == ROUTING_PROTECT)
		say(account, "    nothing can carry it now: it is unreachable, so that it does not leave in "
			     "the clear");
	json_array_append_new(matches,
			      json_pack("{s:s, s:s, s:s*, s:b, s:s, s:o}", "prefix", text, "source",
					source_name(state->best), "connection", connection, "installed",
					state->installed, "reason", state->reason, "paths", paths.rows));
}

/* A prefix that BGP knows and this gateway does not route: its own networks, or a route server's table. */
static bool
explain_unrouted(struct account *account, const struct ip_prefix *prefix, json_t *matches)
{
	struct paths paths = {.account = account, .rows = json_array()};
	size_t title = json_array_size(account->lines);
	char text[IP_PREFIX_TEXT], line[200];

	say(account, "%s", ""); /* its place; the paths follow it */
	bgp_walk_prefix(account->gateway->bgp, prefix, say_path, &paths);
	if (paths.count == 0) {
		json_array_remove(account->lines, title);
		json_decref(paths.rows);
		return false;
	}
	snprintf(line, sizeof(line), "  %-18s BGP: known to BGP; not routed by this gateway",
		 ip_prefix_format(prefix, text));
	json_array_set_new(account->lines, title, json_string(line));
	json_array_append_new(
	    matches, json_pack("{s:s, s:s, s:b, s:s, s:o}", "prefix", text, "source", "BGP", "installed", 0,
			       "reason", "known to BGP; not routed by this gateway", "paths", paths.rows));
	return true;
}

static void
explain_kernel(struct account *account, const struct ip_address *address, json_t *result)
{
	const struct gateway_tunnel *tunnel;
	struct routing_way way;
	char by[80], shown[IP_ADDRESS_TEXT];

	ip_address_format(address, shown);
	if (!routing_underlay(account->gateway->routing, address, &way)) {
		say(account, "  The kernel refuses it: no route, or held unreachable.");
		snprintf(account->summary, sizeof(account->summary), "%s is unreachable", shown);
		json_object_set_new(result, "kernel", json_string("unreachable"));
		return;
	}
	tunnel = tunnel_of_interface(account->gateway, way.interface);
	if (way.local)
		say(account, "  The kernel takes it itself: it is an address of this machine.");
	else if (tunnel != NULL)
		say(account, "  The kernel sends it into %s (%s).", tunnel->config->name, way.interface);
	else
		say(account, "  The kernel sends it %s, outside of the tunnels.",
		    way_text(&way, by, sizeof(by)));
	snprintf(account->summary, sizeof(account->summary), "%s %s%s", shown,
		 way.local        ? "is this machine's own"
		 : tunnel != NULL ? "goes into "
				  : "goes outside of the tunnels, ",
		 way.local        ? ""
		 : tunnel != NULL ? tunnel->config->name
				  : way_text(&way, by, sizeof(by)));
	json_object_set_new(result, "kernel", json_string(way.local ? "local" : way.interface));
	json_object_set_new(result, "tunnel",
			    tunnel != NULL ? json_string(tunnel->config->name) : json_null());
}

static void
explain_prefix(struct account *account, const struct ip_prefix *target, json_t *result)
{
	struct gateway *gateway = account->gateway;
	struct ip_prefix at = ip_prefix_network(target);
	char text[IP_PREFIX_TEXT];
	json_t *matches = json_array(), *protects = json_array();
	struct routing_state state;
	json_t *guards = json_array();
	const char *first = NULL;
	bool host = target->length == ip_family_bits(target->address.family);

	say(account, "Where does %s go?",
	    host ? ip_address_format(&target->address, text) : ip_prefix_format(&at, text));
	for (int length = at.length; length >= 0; length--) {
		struct ip_prefix shorter = {target->address, (uint8_t)length};

		shorter = ip_prefix_network(&shorter);
		if (!routing_lookup(gateway->routing, &shorter, &state)) {
			if (length == at.length && explain_unrouted(account, &shorter, matches))
				first =
				    json_string_value(json_object_get(json_array_get(matches, 0), "prefix"));
			continue;
		}
		if (first != NULL)
			say(account, "  not used, for %s is longer:", first);
		explain_match(account, &shorter, &state, matches);
		if (first == NULL)
			first = json_string_value(
			    json_object_get(json_array_get(matches, json_array_size(matches) - 1), "prefix"));
	}
	if (first == NULL)
		say(account, "  No prefix of this gateway holds it.");
	json_object_set_new(result, "matches", matches);
	json_object_set_new(result, "protected", protects);
	explain_kernel(account, &at.address, result);
	for (size_t i = 0; i < gateway->connection_count; i++) {
		const struct config_connection *config = gateway->connections[i]->config;

		for (size_t k = 0; k < config->protect.count; k++) {
			if (!ip_prefix_covers(&config->protect.items[k], &at))
				continue;
			json_array_append_new(protects,
					      json_pack("{s:s, s:s}", "connection", config->name, "prefix",
							ip_prefix_format(&config->protect.items[k], text)));
			say(account,
			    "  Protected by %s (%s): never sent in the clear, also while the connection is "
			    "down.",
			    config->name, ip_prefix_format(&config->protect.items[k], text));
			json_array_append_new(
			    guards, json_pack("{s:s, s:s}", "connection", config->name, "prefix", text));
		}
	}
	json_object_set_new(result, "protected", guards);
}

/* --- the command ------------------------------------------------------------------------------- */

/* What the word names, or false where it is none of ours. */
static bool
explain_target(struct account *account, const char *target, json_t *result)
{
	const struct gateway_tunnel *tunnel = gateway_tunnel_find(account->gateway, target);
	const struct gateway_connection *connection = gateway_connection_find(account->gateway, target);
	struct ip_prefix prefix;

	if (tunnel != NULL) {
		json_object_set_new(result, "layers_of", json_string(target));
		explain_tunnel(account, tunnel);
	} else if (connection != NULL) {
		explain_connection(account, connection, result);
	} else if (ip_address_parse(target, &prefix.address) && ip_address_is_set(&prefix.address)) {
		prefix.length = (uint8_t)ip_family_bits(prefix.address.family);
		explain_prefix(account, &prefix, result);
	} else if (ip_prefix_parse(target, &prefix)) {
		explain_prefix(account, &prefix, result);
	} else {
		return false;
	}
	return true;
}

static void
refuse_unknown(struct gateway *gateway, struct control_request *request, const char *target)
{
	const char **names =
	    memory_zeroed(gateway->tunnel_count + gateway->connection_count + 1, sizeof(*names));
	size_t used = 0;
	const char *near;

	for (size_t i = 0; i < gateway->connection_count; i++)
		names[used++] = gateway->connections[i]->config->name;
	for (size_t i = 0; i < gateway->tunnel_count; i++)
		names[used++] = gateway->tunnels[i]->config->name;
	near = text_nearest(target, names);
	control_request_fail(request, "'%s' is no address, prefix, tunnel or connection%s%s%s", target,
			     near != NULL ? " (did you mean '" : "", near != NULL ? near : "",
			     near != NULL ? "'?)" : "");
	free(names);
}

static void
do_explain(void *context, struct control_request *request)
{
	struct gateway *gateway = context;
	const char *target = control_request_text(request, "target");
	struct account account = {.gateway = gateway, .lines = json_array(), .layers = json_array()};
	json_t *result = json_object();

	if (!explain_target(&account, target, result)) {
		refuse_unknown(gateway, request, target);
		json_decref(account.lines);
		json_decref(account.layers);
		json_decref(result);
		return;
	}
	json_object_set_new(result, "target", json_string(target));
	if (json_array_size(account.layers) != 0)
		json_object_set(result, "layers", account.layers);
	json_object_set_new(result, "failing", account.failed ? json_string(account.first) : json_null());
	json_object_set_new(result, "cause", account.failed ? json_string(account.cause) : json_null());
	json_object_set_new(result, "remedy", account.failed ? json_string(account.remedy) : json_null());
	json_object_set_new(result, "lines", account.lines);
	json_decref(account.layers);
	control_request_done(request, result, "%s", account.summary);
}

void
gateway_explain_register(struct gateway *gateway)
{
	control_server_handle(gateway->server, "explain", do_explain, gateway);
}
