// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What `aws ec2 describe-vpn-connections` (or create-vpn-connection) prints. Addresses, AS numbers and
 * secrets are in the XML that each connection holds as a string; the real options of the tunnels, of which
 * the XML has only the least, are in Options.TunnelOptions. The order of the tunnels differs between the two:
 * they are joined by AWS's outside address (EC2 API reference, VpnConnection, TunnelOption).
 *
 * jansson builds the whole tree, so the file's depth and number of values are counted before it may.
 */
#include "plugins/import_aws/import_aws.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MOST 32
#define VALUES_MOST 1000000

/* --- before jansson ----------------------------------------------------------------------------------- */

static bool
is_bounded(struct aws_reading *reading, const char *bytes, size_t length)
{
	unsigned depth = 0, values = 0, line = 1;
	bool in_string = false;

	for (size_t i = 0; i < length; i++) {
		char c = bytes[i];

		line += c == '\n';
		if (in_string) {
			if (c == '\\')
				i++;
			in_string = c != '"';
		} else if (c == '"') {
			in_string = true;
		} else if (c == '{' || c == '[') {
			values++;
			if (++depth > DEPTH_MOST)
				return aws_fail(reading, line, "the JSON is nested more than %d deep",
						DEPTH_MOST);
		} else if ((c == '}' || c == ']') && depth != 0) {
			depth--;
		} else if (c == ',' && ++values > VALUES_MOST) {
			return aws_fail(reading, line, "the JSON has more than %d values", VALUES_MOST);
		}
	}
	return true;
}

/* --- values ------------------------------------------------------------------------------------------- */

/* Where one is in the file, for messages: jansson keeps no lines. */
struct place {
	struct aws_reading *reading;
	struct aws_connection *connection;
	struct aws_tunnel *tunnel;
};

static bool
set_value(const struct place *place, enum aws_field field, const json_t *value)
{
	char number[24];

	if (value == NULL || json_is_null(value))
		return true;
	if (json_is_string(value))
		return aws_set(place->reading, place->connection, place->tunnel, field,
			       json_string_value(value), 0);
	if (json_is_integer(value)) {
		snprintf(number, sizeof(number), "%lld", (long long)json_integer_value(value));
		return aws_set(place->reading, place->connection, place->tunnel, field, number, 0);
	}
	return aws_fail(place->reading, 0, "a text or a number is wanted where something else stands");
}

/* [{"Value": "AES256"}, ...]. Of another shape it must not pass for absent: that is whatever AWS has. */
static bool
set_values(const struct place *place, enum aws_field field, const json_t *list, const char *name)
{
	bool good = list == NULL || json_is_null(list) || json_is_array(list);

	for (size_t i = 0; i < json_array_size(list) && good; i++) {
		const json_t *value = json_object_get(json_array_get(list, i), "Value");

		good = value != NULL && !json_is_null(value);
		if (good && !set_value(place, field, value))
			return false;
	}
	return good || aws_fail(place->reading, 0, "%s must be a list such as [{\"Value\": ...}]", name);
}

static const struct {
	const char *key;
	enum aws_field field;
	bool list;
} tunnel_keys[] = {
    {"PreSharedKey", AWS_PSK, false},
    {"TunnelInsideCidr", AWS_INSIDE_CIDR, false},
    {"TunnelInsideIpv6Cidr", AWS_INSIDE_CIDR_V6, false},
    {"Phase1LifetimeSeconds", AWS_IKE_LIFETIME, false},
    {"Phase2LifetimeSeconds", AWS_ESP_LIFETIME, false},
    {"RekeyMarginTimeSeconds", AWS_REKEY_MARGIN, false},
    {"RekeyFuzzPercentage", AWS_REKEY_FUZZ, false},
    {"ReplayWindowSize", AWS_REPLAY_WINDOW, false},
    {"DpdTimeoutSeconds", AWS_DPD_TIMEOUT, false},
    {"DPDTimeoutSeconds", AWS_DPD_TIMEOUT, false},
    {"IkeVersions", AWS_IKE_VERSION, true},
    {"IKEVersions", AWS_IKE_VERSION, true},
    {"Phase1EncryptionAlgorithms", AWS_IKE_ENCRYPTION, true},
    {"Phase1IntegrityAlgorithms", AWS_IKE_INTEGRITY, true},
    {"Phase1DHGroupNumbers", AWS_IKE_GROUP, true},
    {"Phase2EncryptionAlgorithms", AWS_ESP_ENCRYPTION, true},
    {"Phase2IntegrityAlgorithms", AWS_ESP_INTEGRITY, true},
    {"Phase2DHGroupNumbers", AWS_ESP_GROUP, true},
};

/* --- tunnels ------------------------------------------------------------------------------------------ */

/* The tunnel that ends at this address of AWS's; a new one where the XML had none at all. */
static struct aws_tunnel *
find_tunnel(struct aws_reading *reading, struct aws_connection *connection, const json_t *outside,
	    bool has_xml)
{
	struct place place = {reading, connection, NULL};
	const char *text = json_string_value(outside);
	struct ip_address address;

	if (text == NULL) {
		aws_note(&reading->file->findings, 0,
			 "connection %s: the options of a tunnel are left out: without OutsideIpAddress it "
			 "is not known of which",
			 text_quoted(connection->id != NULL ? connection->id : "?"));
		return NULL;
	}
	if (!ip_address_parse(text, &address)) {
		aws_fail(reading, 0, "OutsideIpAddress must be an address, not %s", text_quoted(text));
		return NULL;
	}
	for (size_t i = 0; i < connection->tunnel_count; i++) {
		if (ip_address_equal(&connection->tunnels[i].remote, &address))
			return &connection->tunnels[i];
	}
	if (has_xml) {
		aws_note(&reading->file->findings, 0,
			 "connection %s: the options of a tunnel to %s are left out: its configuration has "
			 "no such tunnel",
			 text_quoted(connection->id != NULL ? connection->id : "?"), text_quoted(text));
		return NULL;
	}
	place.tunnel = aws_add_tunnel(reading, connection, 0);
	return place.tunnel != NULL && set_value(&place, AWS_REMOTE, outside) ? place.tunnel : NULL;
}

static bool
read_tunnel(struct aws_reading *reading, struct aws_connection *connection, const json_t *options,
	    bool has_xml)
{
	struct aws_tunnel *tunnel =
	    find_tunnel(reading, connection, json_object_get(options, "OutsideIpAddress"), has_xml);
	struct place place = {reading, connection, tunnel};
	const char *action = json_string_value(json_object_get(options, "StartupAction"));

	if (tunnel == NULL)
		return !reading->failed;
	/* The sample's suite and version give way to what really counts. */
	tunnel->options = true;
	tunnel->ikev1 = tunnel->ikev2 = false;
	tunnel->ike = (struct aws_phase){.lifetime_s = tunnel->ike.lifetime_s};
	tunnel->esp = (struct aws_phase){.lifetime_s = tunnel->esp.lifetime_s};
	tunnel->starts = action != NULL && strcmp(action, "start") == 0;
	for (size_t i = 0; i < COUNT_OF(tunnel_keys); i++) {
		const json_t *value = json_object_get(options, tunnel_keys[i].key);

		if (!(tunnel_keys[i].list
			  ? set_values(&place, tunnel_keys[i].field, value, tunnel_keys[i].key)
			  : set_value(&place, tunnel_keys[i].field, value)))
			return false;
	}
	return true;
}

static void
read_certificates(struct aws_connection *connection, const json_t *telemetry)
{
	for (size_t i = 0; i < json_array_size(telemetry); i++) {
		const json_t *one = json_array_get(telemetry, i);
		const char *text = json_string_value(json_object_get(one, "OutsideIpAddress"));
		struct ip_address address;

		if (json_string_length(json_object_get(one, "CertificateArn")) == 0 || text == NULL ||
		    !ip_address_parse(text, &address))
			continue;
		for (size_t t = 0; t < connection->tunnel_count; t++)
			connection->tunnels[t].certificate |=
			    ip_address_equal(&connection->tunnels[t].remote, &address);
	}
}

/* --- connections -------------------------------------------------------------------------------------- */

static bool
read_connection_xml(struct aws_reading *reading, const json_t *xml)
{
	struct import_finding why = {0};
	struct aws_reading inner = {.file = reading->file, .why = &why};

	if (aws_read_xml(&inner, json_string_value(xml), json_string_length(xml)))
		return true;
	/* The line is one of the XML's, not of the file's. */
	return aws_fail(reading, 0, "line %u of its CustomerGatewayConfiguration: %s", why.line, why.text);
}

/* What was deleted is still listed for a while: a connection, a static route. */
static bool
is_deleted(const json_t *value)
{
	const char *state = json_string_value(json_object_get(value, "State"));

	return state != NULL && (strcmp(state, "deleted") == 0 || strcmp(state, "deleting") == 0);
}

static bool
read_routes(const struct place *place, const json_t *routes)
{
	for (size_t i = 0; i < json_array_size(routes); i++) {
		const json_t *route = json_array_get(routes, i);

		if (!is_deleted(route) &&
		    !set_value(place, AWS_NETWORK, json_object_get(route, "DestinationCidrBlock")))
			return false;
	}
	return true;
}

static bool
read_options(const struct place *place, const json_t *connection)
{
	const json_t *options = json_object_get(connection, "Options");
	const json_t *only = json_object_get(options, "StaticRoutesOnly");
	const json_t *tags = json_object_get(connection, "Tags");

	if (json_is_boolean(only)) {
		place->connection->is_static = json_is_true(only);
		place->connection->routing_known = true;
	}
	for (size_t i = 0; i < json_array_size(tags); i++) {
		const json_t *tag = json_array_get(tags, i);
		const char *key = json_string_value(json_object_get(tag, "Key"));

		if (key != NULL && strcmp(key, "Name") == 0 &&
		    !set_value(place, AWS_TAG, json_object_get(tag, "Value")))
			return false;
	}
	/* Seen from AWS: "local" is the customer's side, and so are the static routes. */
	return set_value(place, AWS_ID, json_object_get(connection, "VpnConnectionId")) &&
	       set_value(place, AWS_CUSTOMER_GATEWAY, json_object_get(connection, "CustomerGatewayId")) &&
	       set_value(place, AWS_GATEWAY, json_object_get(connection, "VpnGatewayId")) &&
	       set_value(place, AWS_GATEWAY, json_object_get(connection, "TransitGatewayId")) &&
	       set_value(place, AWS_LOCAL_TS, json_object_get(options, "LocalIpv4NetworkCidr")) &&
	       set_value(place, AWS_LOCAL_TS, json_object_get(options, "LocalIpv6NetworkCidr")) &&
	       set_value(place, AWS_REMOTE_TS, json_object_get(options, "RemoteIpv4NetworkCidr")) &&
	       set_value(place, AWS_REMOTE_TS, json_object_get(options, "RemoteIpv6NetworkCidr")) &&
	       read_routes(place, json_object_get(connection, "Routes"));
}

static bool
is_gone(struct aws_reading *reading, const json_t *value, const char *id)
{
	if (!is_deleted(value))
		return false;
	aws_note(&reading->file->findings, 0, "connection %s is %s: left out", text_quoted(id),
		 json_string_value(json_object_get(value, "State")));
	return true;
}

/* What is there and is something else than AWS prints must not pass for what is absent. */
static bool
is_shaped(struct aws_reading *reading, const json_t *connection)
{
	const json_t *options = json_object_get(connection, "Options");
	const json_t *tunnels = json_object_get(options, "TunnelOptions");
	const json_t *xml = json_object_get(connection, "CustomerGatewayConfiguration");

	if (options != NULL && !json_is_null(options) && !json_is_object(options))
		return aws_fail(reading, 0, "Options must be a JSON object");
	if (tunnels != NULL && !json_is_null(tunnels) && !json_is_array(tunnels))
		return aws_fail(reading, 0, "TunnelOptions must be a list");
	for (size_t i = 0; i < json_array_size(tunnels); i++) {
		if (!json_is_object(json_array_get(tunnels, i)))
			return aws_fail(reading, 0, "TunnelOptions must be a list of JSON objects");
	}
	if (xml != NULL && !json_is_null(xml) && !json_is_string(xml))
		return aws_fail(reading, 0, "CustomerGatewayConfiguration must be a text");
	return true;
}

static bool
read_one(struct aws_reading *reading, const json_t *value)
{
	const json_t *xml = json_object_get(value, "CustomerGatewayConfiguration");
	const json_t *options = json_object_get(json_object_get(value, "Options"), "TunnelOptions");
	const char *id = json_string_value(json_object_get(value, "VpnConnectionId"));
	bool has_xml = json_string_length(xml) != 0;
	size_t before = reading->file->count;
	struct place place = {.reading = reading};

	id = id != NULL ? id : "?";
	if (is_gone(reading, value, id))
		return true;
	if (!is_shaped(reading, value))
		return false;
	if (has_xml && !read_connection_xml(reading, xml))
		return false;
	if (!has_xml && aws_add_connection(reading, 0) == NULL)
		return false;
	if (reading->file->count != before + 1)
		return aws_fail(reading, 0, "its CustomerGatewayConfiguration holds %zu connections, not one",
				reading->file->count - before);
	place.connection = &reading->file->connections[before];
	place.connection->line = 0;
	for (size_t i = 0; i < place.connection->tunnel_count; i++)
		place.connection->tunnels[i].line = 0;
	if (!read_options(&place, value))
		return false;
	for (size_t i = 0; i < json_array_size(options); i++) {
		if (!read_tunnel(reading, place.connection, json_array_get(options, i), has_xml))
			return false;
	}
	read_certificates(place.connection, json_object_get(value, "VgwTelemetry"));
	return true;
}

static bool
read_connection(struct aws_reading *reading, const json_t *value)
{
	const char *id = json_string_value(json_object_get(value, "VpnConnectionId"));
	char within[110];
	bool good;

	if (!json_is_object(value))
		return aws_fail(reading, 0, "a VPN connection must be a JSON object");
	snprintf(within, sizeof(within), "connection %s", text_quoted(id != NULL ? id : "?"));
	reading->within = within;
	good = read_one(reading, value);
	reading->within = NULL;
	return good;
}

static bool
read_root(struct aws_reading *reading, const json_t *root)
{
	const json_t *list = json_is_array(root) ? root : json_object_get(root, "VpnConnections");
	const json_t *one = json_object_get(root, "VpnConnection");

	if (one == NULL && (json_object_get(root, "VpnConnectionId") != NULL ||
			    json_object_get(root, "CustomerGatewayConfiguration") != NULL))
		one = root;
	if (one != NULL)
		return read_connection(reading, one);
	if (!json_is_array(list))
		return aws_fail(reading, 0,
				"it is not what `aws ec2 describe-vpn-connections` prints: there is no "
				"'VpnConnections'");
	for (size_t i = 0; i < json_array_size(list); i++) {
		if (!read_connection(reading, json_array_get(list, i)))
			return false;
	}
	return true;
}

bool
aws_read_json(struct aws_reading *reading, const char *bytes, size_t length)
{
	json_error_t error;
	char clean[sizeof(error.text)];
	json_t *root;
	bool good;

	if (!is_bounded(reading, bytes, length))
		return false;
	root = json_loadb(bytes, length, JSON_REJECT_DUPLICATES, &error);
	if (root == NULL) {
		const char *near = strstr(error.text, " near '");

		/* What stands near it may be a secret. */
		error.text[near != NULL ? (size_t)(near - error.text) : strlen(error.text)] = '\0';
		return aws_fail(reading, error.line > 0 ? (unsigned)error.line : 0,
				"it is not valid JSON: %s", text_clean(clean, sizeof(clean), error.text));
	}
	good = read_root(reading, root);
	json_decref(root);
	return good;
}
