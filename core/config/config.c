// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The doors of the room: a file into memory, its tree read by the schema, rules applied, all or nothing
 * handed out.
 *
 * What a tunnel inherits is made by copying: the schema's defaults, then `defaults:`, are read into one
 * struct, which every connection copies and changes, which every tunnel copies and changes. So each value of
 * the file is read once, and a fault in `defaults` is reported once. What stood where is copied alongside
 * (struct given).
 */
#include "core/config/config_internal.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/file.h"

#define FILE_MOST 10000000
#define TUNNELS_MOST 2

static const struct position whole_file = {1, 1};

/* --- inheritance ------------------------------------------------------------------------------ */

static void
prefixes_copy(struct config_prefixes *to, const struct config_prefixes *from)
{
	*to = (struct config_prefixes){.count = from->count};
	if (from->count == 0)
		return;
	to->items = memory_zeroed(from->count, sizeof(*to->items));
	memcpy(to->items, from->items, from->count * sizeof(*to->items));
}

static void
tunnel_free(struct config_tunnel *tunnel)
{
	free(tunnel->name);
	free(tunnel->interface);
	free(tunnel->local_id);
	free(tunnel->remote_id);
	memory_wipe_free(tunnel->psk, tunnel->psk_length);
	memory_wipe_free(tunnel->psk_next, tunnel->psk_next_length);
	free(tunnel->psk_file);
	text_list_free(&tunnel->ike.proposals);
	text_list_free(&tunnel->esp.proposals);
	certificate_names_free(&tunnel->certificate);
	config_credentials_release(tunnel->credentials);
	free(tunnel->selectors.local.items);
	free(tunnel->selectors.remote.items);
	free(tunnel->health.probe);
	policy_release(tunnel->bgp.import);
	policy_release(tunnel->bgp.export);
	policy_conditions_release(tunnel->bgp.advertise);
	memory_wipe_free(tunnel->bgp.password, tunnel->bgp.password_length);
	*tunnel = (struct config_tunnel){0};
}

/* A deep copy of the settings; a tunnel's own members are still unset there. */
static void
tunnel_inherit(struct config_tunnel *to, const struct config_tunnel *from)
{
	*to = *from;
	text_list_copy(&to->ike.proposals, &from->ike.proposals);
	text_list_copy(&to->esp.proposals, &from->esp.proposals);
	prefixes_copy(&to->selectors.local, &from->selectors.local);
	prefixes_copy(&to->selectors.remote, &from->selectors.remote);
	certificate_names_copy(&to->certificate, &from->certificate);
	to->health.probe = text_copy(from->health.probe);
	policy_hold(to->bgp.import);
	policy_hold(to->bgp.export);
	policy_conditions_hold(to->bgp.advertise);
}

/* --- the parts of the file -------------------------------------------------------------------- */

/* The list under a key of the top level; NULL where there is none. */
static const struct node *
find_list(struct reading *reading, const struct node *map, const char *key)
{
	const struct node_entry *entry = map_find(map, key);

	if (entry == NULL || node_is_null(entry->value))
		return NULL;
	if (entry->value->kind == NODE_LIST)
		return entry->value;
	finding_error(reading->findings, entry->value->at, "'%s' must be a list, not %s", key,
		      node_kind_name(entry->value));
	return NULL;
}

static bool
is_map(struct reading *reading, const struct node *node, const char *what)
{
	if (node->kind == NODE_MAP)
		return true;
	finding_error(reading->findings, node->at, "%s must be a map of keys and values, not %s", what,
		      node_kind_name(node));
	return false;
}

static void
read_tunnel(struct reading *reading, struct config_connection *connection, const struct node *node,
	    const struct config_tunnel *inherited, const struct given *inherited_given, uint32_t id)
{
	struct config_tunnel *tunnel = &connection->tunnels[connection->tunnel_count++];
	struct given given = *inherited_given;
	struct scope scope = {.sections = IN(SECTION_TUNNEL) | IN(SECTION_SETTINGS), .given = &given};

	tunnel_inherit(tunnel, inherited);
	tunnel->id = id;
	tunnel->number = (unsigned)connection->tunnel_count;
	tunnel->name =
	    text_format("%s/%u", connection->name != NULL ? connection->name : "?", tunnel->number);
	if (!is_map(reading, node, "a tunnel"))
		return;
	scope.object[SECTION_TUNNEL] = scope.object[SECTION_SETTINGS] = tunnel;
	read_map(reading, node, &scope, "a tunnel");
	certificate_inherit(&tunnel->certificate, &given, inherited_given);
	secret_read(reading, &given, inherited_given, node->at, tunnel);
	password_inherit(&given, inherited_given);
	password_read(reading, &given, &tunnel->bgp);
	check_tunnel(reading, connection, tunnel, &given, node->at);
	unique_tunnel(reading->unique, tunnel, &given, node->at);
}

static void
read_tunnels(struct reading *reading, struct config_connection *connection, const struct node *map,
	     const struct config_tunnel *inherited, const struct given *given, uint32_t *next_id)
{
	const struct node *list = find_list(reading, map, "tunnels");

	if (list == NULL || list->count == 0) {
		const struct node_entry *entry = map_find(map, "tunnels");

		if (entry != NULL && (list != NULL || node_is_null(entry->value)))
			finding_error(reading->findings, entry->value->at,
				      "a connection needs one or two tunnels");
		return;
	}
	if (list->count > TUNNELS_MOST)
		finding_error(reading->findings, list->items[TUNNELS_MOST]->at,
			      "a connection has at most two tunnels, not %zu", list->count);
	connection->tunnels = memory_zeroed(TUNNELS_MOST, sizeof(*connection->tunnels));
	for (size_t i = 0; i < list->count && i < TUNNELS_MOST; i++)
		read_tunnel(reading, connection, list->items[i], inherited, given, (*next_id)++);
}

static void
read_connection(struct reading *reading, const struct node *node, const struct config_tunnel *defaults,
		const struct given *defaults_given, uint32_t *next_id)
{
	struct config_connection *connection =
	    &reading->config->connections[reading->config->connection_count++];
	struct config_tunnel inherited;
	struct given given = *defaults_given;
	struct scope scope = {.sections = IN(SECTION_CONNECTION) | IN(SECTION_SETTINGS), .given = &given};

	read_fallbacks(reading, SECTION_CONNECTION, connection);
	if (!is_map(reading, node, "a connection"))
		return;
	tunnel_inherit(&inherited, defaults);
	scope.object[SECTION_CONNECTION] = connection;
	scope.object[SECTION_SETTINGS] = &inherited;
	read_map(reading, node, &scope, "a connection");
	certificate_inherit(&inherited.certificate, &given, defaults_given);
	password_inherit(&given, defaults_given);
	read_tunnels(reading, connection, node, &inherited, &given, next_id);
	tunnel_free(&inherited);
	check_connection(reading, connection, &given, node->at);
	unique_connection(reading->unique, connection, &given, node->at);
}

/* What rules name, before any rule. */
static void
read_sets(struct reading *reading, const struct node *root)
{
	const struct node_entry *entry = map_find(root, "sets");
	struct given given = {0};
	struct scope scope = {.sections = IN(SECTION_SETS), .given = &given};

	scope.object[SECTION_SETS] = reading->config;
	if (entry != NULL)
		read_map(reading, entry->value, &scope, "sets");
}

static void
read_connections(struct reading *reading, const struct node *root)
{
	const struct node *list = find_list(reading, root, "connections");
	const struct node_entry *entry = map_find(root, "defaults");
	struct config_tunnel defaults = {0};
	struct given given = {0};
	struct scope scope = {.sections = IN(SECTION_SETTINGS), .given = &given};
	uint32_t next_id = 1;

	read_fallbacks(reading, SECTION_SETTINGS, &defaults);
	scope.object[SECTION_SETTINGS] = &defaults;
	if (entry != NULL)
		read_map(reading, entry->value, &scope, "defaults");
	if (list != NULL && list->count != 0) {
		reading->config->connections =
		    memory_zeroed(list->count, sizeof(*reading->config->connections));
		for (size_t i = 0; i < list->count; i++)
			read_connection(reading, list->items[i], &defaults, &given, &next_id);
	}
	tunnel_free(&defaults);
}

static void
read_peers(struct reading *reading, const struct node *root)
{
	const struct node *list = find_list(reading, root, "peers");
	struct config *config = reading->config;

	if (list == NULL || list->count == 0)
		return;
	config->peers = memory_zeroed(list->count, sizeof(*config->peers));
	for (size_t i = 0; i < list->count; i++) {
		struct config_peer *peer = &config->peers[config->peer_count++];
		struct given given = {0};
		struct scope scope = {.sections = IN(SECTION_PEER), .given = &given};

		read_fallbacks(reading, SECTION_PEER, peer);
		if (!is_map(reading, list->items[i], "a peer"))
			continue;
		scope.object[SECTION_PEER] = peer;
		read_map(reading, list->items[i], &scope, "a peer");
		password_read(reading, &given, &peer->bgp);
		check_peer(reading, peer, &given, list->items[i]->at);
		unique_peer(reading->unique, peer, &given, list->items[i]->at);
	}
}

static void
read_root(struct reading *reading, const struct node *root)
{
	struct given top = {0}, given = {0};
	struct scope file = {.sections = IN(SECTION_FILE), .given = &top};
	struct scope gateway = {.sections = IN(SECTION_GATEWAY), .given = &given};
	const struct node_entry *entry;

	if (root == NULL || node_is_null(root)) {
		finding_error(reading->findings, whole_file,
			      "the file is empty: a configuration begins with 'gateway:'");
		return;
	}
	if (root->kind != NODE_MAP) {
		finding_error(reading->findings, root->at,
			      "a configuration is a map that begins with 'gateway:', not %s",
			      node_kind_name(root));
		return;
	}
	read_map(reading, root, &file, "the configuration");
	read_fallbacks(reading, SECTION_GATEWAY, reading->config);
	gateway.object[SECTION_GATEWAY] = reading->config;
	entry = map_find(root, "gateway");
	if (entry != NULL)
		read_map(reading, entry->value, &gateway, "gateway");
	read_sets(reading, root);
	read_connections(reading, root);
	read_peers(reading, root);
	if (entry != NULL)
		check_gateway(reading, &given, entry->key->at);
	unique_check(reading->unique, reading->config, &given, reading->findings);
}

/* --- the doors -------------------------------------------------------------------------------- */

static struct config *
parse(struct reading reading, const char *file, const char *text, size_t length)
{
	struct config_findings *findings = reading.findings;
	size_t before = findings->errors;
	struct tree tree;
	bool failed;

	if (length > FILE_MOST) {
		finding_error(findings, whole_file, "the file is larger than 10 MB");
		return NULL;
	}
	reading.config = memory_zeroed(1, sizeof(*reading.config));
	reading.config->file = text_copy(file);
	reading.unique = unique_new();
	if (tree_parse(&tree, text, length, findings))
		read_root(&reading, tree.root);
	unique_free(reading.unique);
	certificates_free(&reading);
	sets_free(&reading);
	tree_free(&tree);
	failed = findings->errors != before;
	findings_sort(findings);
	if (failed) {
		config_free(reading.config);
		return NULL;
	}
	return reading.config;
}

struct config *
config_parse_with(const char *file, const char *text, size_t length, struct config_secrets *secrets,
		  struct config_findings *findings)
{
	return parse((struct reading){.findings = findings, .secrets = secrets}, file, text, length);
}

struct config *
config_parse_public(const char *file, const char *text, size_t length, struct config_findings *findings)
{
	return parse((struct reading){.findings = findings, .no_secrets = true}, file, text, length);
}

struct config *
config_parse(const char *file, const char *text, size_t length, struct config_findings *findings)
{
	return config_parse_with(file, text, length, NULL, findings);
}

/* At most FILE_MOST + 1 bytes, so that one too many is seen. */
char *
config_read(const char *file, size_t *length, struct config_findings *findings)
{
	struct error err = {""};
	char *text = file_read(file, FILE_MOST, length, &err);

	if (text == NULL)
		finding_error(findings, whole_file, "%s", err.text);
	return text;
}

struct config *
config_load(const char *file, struct config_findings *findings)
{
	size_t length;
	char *text = config_read(file, &length, findings);
	struct config *config = NULL;

	if (text != NULL)
		config = config_parse(file, text, length, findings);
	memory_wipe_free(text, length);
	return config;
}

void
config_free(struct config *config)
{
	if (config == NULL)
		return;
	for (size_t i = 0; i < config->connection_count; i++) {
		struct config_connection *connection = &config->connections[i];

		for (size_t j = 0; j < connection->tunnel_count; j++)
			tunnel_free(&connection->tunnels[j]);
		free(connection->tunnels);
		free(connection->name);
		free(connection->routes.items);
		free(connection->protect.items);
	}
	for (size_t i = 0; i < config->peer_count; i++) {
		struct config_peer *peer = &config->peers[i];

		free(peer->name);
		free(peer->asns.items);
		memory_wipe_free(peer->bgp.password, peer->bgp.password_length);
		policy_release(peer->bgp.import);
		policy_release(peer->bgp.export);
		policy_conditions_release(peer->bgp.advertise);
	}
	free(config->connections);
	free(config->peers);
	free(config->networks.items);
	free(config->aggregates.items);
	free(config->mrt.updates);
	free(config->bmp.collectors.items);
	free(config->name);
	free(config->file);
	free(config);
}

const char *
config_role_name(enum config_role role)
{
	return role == CONFIG_ROLE_HUB ? "hub" : "customer";
}

const char *
config_routing_name(enum config_routing routing)
{
	return routing == CONFIG_ROUTING_STATIC ? "static" : "dynamic";
}

const char *
config_mode_name(enum config_mode mode)
{
	return mode == CONFIG_MODE_ACTIVE_ACTIVE ? "active_active" : "active_passive";
}
