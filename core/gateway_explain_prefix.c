// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Explains where packets to an address or a prefix go: the longest match among ours, the paths to it with the
 * reasons of the choice, and what the kernel does with it now.
 */
#include "core/base/buffer.h"
#include "core/gateway_explain_internal.h"
#include "core/gateway_bgp_internal.h"
#include "core/gateway_operator_internal.h"

#include <stdio.h>
#include <string.h>

struct paths {
	struct account *account;
	json_t *rows;
};

#define PATHS_SAID 8 /* of a prefix */

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
	return json_pack("{s:s, s:s, s:b, s:s, s:o, s:s, s:I, s:o, s:o, s:o}", "from", from, "next_hop", hop,
			 "best", path->best, "reason", path->reason, "as_path", as_path, "origin",
			 bgp_origin_name(path->origin), "local_pref", (json_int_t)path->local_preference,
			 "med", path->has_med ? json_integer(path->med) : json_null(), "communities",
			 communities, "path_id",
			 path->has_path_id ? json_integer(path->path_id) : json_null());
}

/* Adds a community by its name, where it has one. */
static void
append_community(void *context, const char *text)
{
	struct writer *w = context;
	char named[POLICY_COMMUNITY_TEXT];
	struct policy_community community;

	if (policy_community_parse(text, false, &community, NULL))
		text = policy_community_format(&community, named);
	writer_u8(w, ' ');
	writer_bytes(w, text, strlen(text));
}

/* As many as one line holds. */
static void
explain_communities(struct account *account, const struct bgp_path *path)
{
	char line[400];
	struct writer w = writer_over(line, sizeof(line));

	if (path->attributes != NULL)
		bgp_attributes_communities(path->attributes, append_community, &w);
	if (writer_length(&w) != 0)
		explain_say(account, "        communities%.*s%s", (int)writer_length(&w), line,
			    w.failed ? " ..." : "");
}

/* Which rules of import the path met, and what they did. */
static void
explain_import(struct account *account, const struct bgp_path *path, json_t *row)
{
	struct text_list before = {0};
	char rules[400], was[500] = "";
	const char *met = gateway_rules_of_received(path, rules, sizeof(rules));
	json_t *list;

	if (met == NULL)
		return;
	list = json_array();
	gateway_policy_before(path, &before);
	for (size_t i = 0; i < before.count; i++) {
		size_t used = strlen(was);

		snprintf(was + used, sizeof(was) - used, "%s%s", used != 0 ? ", " : "; it came with ",
			 before.items[i]);
		json_array_append_new(list, json_string(before.items[i]));
	}
	explain_say(account, "        import: rule%s %s%s", strchr(met, ',') != NULL ? "s" : "", met, was);
	json_object_set_new(row, "rules", json_string(met));
	json_object_set_new(row, "before", list);
	text_list_free(&before);
}

/* What the rules of export of all who have some say of the prefix. */
struct exports {
	struct account *account;
	const struct ip_prefix *prefix;
	json_t *rows;
};

/* The best path, or the one that is advertised by an identifier. */
static void
explain_export_of(struct exports *exports, struct bgp_peer *peer, uint32_t path_id)
{
	struct bgp_peer_status status;
	struct policy_verdict verdict = {0};
	const struct policy *policy;
	const uint64_t *matched;
	char rules[400] = "", set[400], id[32] = "";
	bool told;

	policy = bgp_peer_policy(peer, POLICY_EXPORT, &matched);
	if (!bgp_policy_export_verdict(peer, exports->prefix, path_id, &verdict, &told) &&
	    (path_id == 0 || !told))
		return;
	bgp_peer_status(peer, &status);
	if (path_id != 0)
		snprintf(id, sizeof(id), " by path id %u", path_id);
	if (policy == NULL) {
		explain_say(exports->account, "    told to %s%s", status.name, id);
		json_array_append_new(exports->rows,
				      json_pack("{s:s, s:b, s:s, s:I}", "peer", status.name, "told", told,
						"rules", "", "path_id", (json_int_t)path_id));
		return;
	}
	gateway_rules_text(policy, &verdict, rules, sizeof(rules));
	set[0] = '\0';
	for (size_t i = 0; told && i < policy->count; i++) {
		size_t used = strlen(set);

		if (verdict.applied >> i & 1 && policy_change_any(&policy->rules[i].set)) {
			snprintf(set + used, sizeof(set) - used, "%s", used != 0 ? "; " : ": ");
			used = strlen(set);
			policy_change_text(&policy->rules[i].set, set + used, sizeof(set) - used);
		}
	}
	if (rules[0] == '\0')
		explain_say(exports->account, "    told to %s%s: no rule of export meets it", status.name,
			    id);
	else
		explain_say(exports->account, "    %s %s%s: rule%s %s%s", told ? "told to" : "not told to",
			    status.name, id, strchr(rules, ',') != NULL ? "s" : "", rules,
			    told ? set : ", which denies it");
	json_array_append_new(exports->rows, json_pack("{s:s, s:b, s:s, s:o}", "peer", status.name, "told",
						       told, "rules", rules, "path_id",
						       path_id != 0 ? json_integer(path_id) : json_null()));
}

static bool
explain_export(void *context, struct bgp_peer *peer)
{
	struct exports *exports = context;
	uint32_t ids[8];
	size_t count = bgp_advertised_ids(peer, exports->prefix, ids, COUNT_OF(ids));

	if (count == 0)
		explain_export_of(exports, peer, 0);
	for (size_t i = 0; i < count; i++)
		explain_export_of(exports, peer, ids[i]);
	return json_array_size(exports->rows) < 16;
}

/* What it is told only while other routes are there, or are not. */
static bool
explain_condition(void *context, struct bgp_peer *peer)
{
	struct exports *exports = context;
	struct bgp_peer_status status;
	char text[400];
	bool held;

	if (!bgp_peer_conditions(peer, exports->prefix, &held, text, sizeof(text)))
		return true;
	bgp_peer_status(peer, &status);
	explain_say(exports->account, "    %s %s: only %s", held ? "may be told to" : "not told to",
		    status.name, text);
	json_array_append_new(exports->rows, json_pack("{s:s, s:s, s:b}", "peer", status.name, "condition",
						       text, "held", held));
	return json_array_size(exports->rows) < 16;
}

/* Where any peer has conditions, or rules of export. */
static void
explain_exports(struct account *account, const struct ip_prefix *prefix, json_t *match)
{
	struct exports exports = {account, prefix, json_array()},
		       conditions = {account, prefix, json_array()};

	bgp_walk_peers(account->gateway->bgp, explain_condition, &conditions);
	if (json_array_size(conditions.rows) != 0)
		json_object_set(match, "conditions", conditions.rows);
	json_decref(conditions.rows);
	bgp_walk_peers(account->gateway->bgp, explain_export, &exports);
	if (json_array_size(exports.rows) != 0)
		json_object_set(match, "exports", exports.rows);
	json_decref(exports.rows);
}

static void
say_path(void *context, const struct bgp_path *path)
{
	struct paths *paths = context;
	struct bgp_peer_status status = {.name = "this gateway"};
	char hop[IP_ADDRESS_TEXT] = "", id[32] = "";
	json_t *row;

	if (path->peer != NULL)
		bgp_peer_status(path->peer, &status);
	if (ip_address_is_set(&path->next_hop))
		ip_address_format(&path->next_hop, hop);
	if (path->has_path_id)
		snprintf(id, sizeof(id), " (path id %u)", path->path_id);
	explain_say(paths->account, "    %s by %s%s%s%s: %s", path->best ? "*" : " ", status.name, id,
		    hop[0] != '\0' ? " via " : "", hop, path->reason);
	row = path_row(path, status.name, hop);
	if (path->best && path->suppressed_by.address.family != AF_UNSPEC) {
		char by[IP_PREFIX_TEXT];

		ip_prefix_format(&path->suppressed_by, by);
		explain_say(paths->account, "        suppressed by %s: that is told in its place", by);
		json_object_set_new(row, "suppressed_by", json_string(by));
	}
	explain_communities(paths->account, path);
	explain_import(paths->account, path, row);
	json_array_append_new(paths->rows, row);
}

/* The first of the prefix's paths. Returns how many there are beside them. */
static size_t
say_paths(struct paths *paths, const struct ip_prefix *prefix)
{
	size_t more = bgp_walk_prefix_all(paths->account->gateway->bgp, prefix, PATHS_SAID, say_path, paths);

	if (more != 0)
		explain_say(paths->account, "      and %zu more path%s", more, PLURAL(more, "s"));
	return more;
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
	size_t more;

	ip_prefix_format(prefix, text);
	explain_say(account, "  %-18s %s%s%s: %s%s", text, source_name(state->best),
		    connection != NULL ? ", " : "", connection != NULL ? connection : "", state->reason,
		    state->installed ? "; in the kernel" : "");
	more = say_paths(&paths, prefix);
	if (state->best == ROUTING_PROTECT)
		explain_say(account,
			    "    nothing can carry it now: it is unreachable, so that it does not leave in "
			    "the clear");
	json_array_append_new(matches, json_pack("{s:s, s:s, s:s*, s:b, s:s, s:o, s:I}", "prefix", text,
						 "source", source_name(state->best), "connection", connection,
						 "installed", state->installed, "reason", state->reason,
						 "paths", paths.rows, "more_paths", (json_int_t)more));
	explain_exports(account, prefix, json_array_get(matches, json_array_size(matches) - 1));
	explain_changes(account, prefix, json_array_get(matches, json_array_size(matches) - 1));
}

/* A prefix that BGP knows and this gateway does not route: its own networks, or a route server's table. */
static bool
explain_unrouted(struct account *account, const struct ip_prefix *prefix, json_t *matches)
{
	struct paths paths = {.account = account, .rows = json_array()};
	size_t title = json_array_size(account->lines);
	char text[IP_PREFIX_TEXT], line[200];
	size_t more;

	explain_say(account, "%s", ""); /* its place; the paths follow it */
	more = say_paths(&paths, prefix);
	if (json_array_size(paths.rows) == 0) {
		json_array_remove(account->lines, title);
		json_decref(paths.rows);
		return false;
	}
	snprintf(line, sizeof(line), "  %-18s BGP: known to BGP; not routed by this gateway",
		 ip_prefix_format(prefix, text));
	json_array_set_new(account->lines, title, json_string(line));
	json_array_append_new(matches,
			      json_pack("{s:s, s:s, s:b, s:s, s:o, s:I}", "prefix", text, "source", "BGP",
					"installed", 0, "reason", "known to BGP; not routed by this gateway",
					"paths", paths.rows, "more_paths", (json_int_t)more));
	explain_exports(account, prefix, json_array_get(matches, json_array_size(matches) - 1));
	explain_changes(account, prefix, json_array_get(matches, json_array_size(matches) - 1));
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
		explain_say(account, "  The kernel refuses it: no route, or held unreachable.");
		snprintf(account->summary, sizeof(account->summary), "%s is unreachable", shown);
		json_object_set_new(result, "kernel", json_string("unreachable"));
		return;
	}
	tunnel = explain_tunnel_of_interface(account->gateway, way.interface);
	if (way.local)
		explain_say(account, "  The kernel takes it itself: it is an address of this machine.");
	else if (tunnel != NULL)
		explain_say(account, "  The kernel sends it into %s (%s).", tunnel->config->name,
			    way.interface);
	else
		explain_say(account, "  The kernel sends it %s, outside of the tunnels.",
			    gateway_way_text(&way, by, sizeof(by)));
	snprintf(account->summary, sizeof(account->summary), "%s %s%s", shown,
		 way.local        ? "is this machine's own"
		 : tunnel != NULL ? "goes into "
				  : "goes outside of the tunnels, ",
		 way.local        ? ""
		 : tunnel != NULL ? tunnel->config->name
				  : gateway_way_text(&way, by, sizeof(by)));
	json_object_set_new(result, "kernel", json_string(way.local ? "local" : way.interface));
	json_object_set_new(result, "tunnel",
			    tunnel != NULL ? json_string(tunnel->config->name) : json_null());
}

void
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

	explain_say(account, "Where does %s go?",
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
			explain_say(account, "  not used, for %s is longer:", first);
		explain_match(account, &shorter, &state, matches);
		if (first == NULL)
			first = json_string_value(
			    json_object_get(json_array_get(matches, json_array_size(matches) - 1), "prefix"));
	}
	if (first == NULL) {
		explain_say(account, "  No prefix of this gateway holds it.");
		explain_changes(account, &at, result); /* there may have been one */
	}
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
			explain_say(
			    account,
			    "  Protected by %s (%s): never sent in the clear, also while the connection is "
			    "down.",
			    config->name, ip_prefix_format(&config->protect.items[k], text));
			json_array_append_new(
			    guards, json_pack("{s:s, s:s}", "connection", config->name, "prefix", text));
		}
	}
	json_object_set_new(result, "protected", guards);
}
