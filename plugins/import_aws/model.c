// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the three readers fill. Every value comes through aws_set() as text and is checked there.
 */
#include "plugins/import_aws/import_aws.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SECRET_MOST 255

/* --- errors and findings ------------------------------------------------------------------------------ */

bool
aws_fail(struct aws_reading *reading, unsigned line, const char *format, ...)
{
	size_t used = 0;
	va_list args;

	if (reading->failed)
		return false;
	reading->failed = true;
	reading->why->line = line;
	if (reading->within != NULL)
		used =
		    (size_t)snprintf(reading->why->text, sizeof(reading->why->text), "%s: ", reading->within);
	va_start(args, format);
	vsnprintf(reading->why->text + used, sizeof(reading->why->text) - used, format, args);
	va_end(args);
	return false;
}

void
aws_note(struct aws_findings *findings, unsigned line, const char *format, ...)
{
	struct import_finding *finding;
	va_list args;

	if (findings->count == AWS_FINDINGS_MOST)
		return;
	if (findings->count == AWS_FINDINGS_MOST - 1)
		format = "there is more to say than is said here";
	findings->items = memory_resize(findings->items, (findings->count + 1) * sizeof(*findings->items));
	finding = &findings->items[findings->count++];
	finding->line = line;
	va_start(args, format);
	vsnprintf(finding->text, sizeof(finding->text), format, args);
	va_end(args);
}

/* --- making ------------------------------------------------------------------------------------------- */

struct aws_connection *
aws_add_connection(struct aws_reading *reading, unsigned line)
{
	struct import_file *file = reading->file;

	if (file->count == AWS_CONNECTIONS_MOST) {
		aws_fail(reading, line, "there are more than %d connections", AWS_CONNECTIONS_MOST);
		return NULL;
	}
	file->connections = memory_resize(file->connections, (file->count + 1) * sizeof(*file->connections));
	file->connections[file->count] = (struct aws_connection){.line = line};
	return &file->connections[file->count++];
}

struct aws_tunnel *
aws_add_tunnel(struct aws_reading *reading, struct aws_connection *connection, unsigned line)
{
	struct aws_tunnel *tunnel;

	if (connection->tunnel_count == AWS_TUNNELS) {
		aws_fail(reading, line, "a connection has two tunnels at most, and here is a third one");
		return NULL;
	}
	tunnel = &connection->tunnels[connection->tunnel_count++];
	*tunnel = (struct aws_tunnel){.line = line};
	return tunnel;
}

void
aws_connection_clear(struct aws_connection *connection)
{
	for (size_t i = 0; i < connection->tunnel_count; i++) {
		char *psk = connection->tunnels[i].psk;

		if (psk != NULL)
			memory_wipe_free(psk, strlen(psk));
	}
	free(connection->id);
	free(connection->tag);
	free(connection->name);
	free(connection->customer_gateway);
	free(connection->gateway);
	free(connection->networks.items);
	free(connection->routes.items);
	free(connection->local_ts.items);
	free(connection->remote_ts.items);
	*connection = (struct aws_connection){0};
}

/* --- values ------------------------------------------------------------------------------------------- */

static bool
set_text(struct aws_reading *reading, char **target, const char *text, const char *what, unsigned line)
{
	if (strlen(text) > 255)
		return aws_fail(reading, line, "%s is longer than 255 bytes", what);
	free(*target);
	*target = text_copy(text);
	return true;
}

static bool
set_address(struct aws_reading *reading, struct ip_address *target, const char *text, const char *what,
	    unsigned line)
{
	struct ip_address got;

	if (!ip_address_parse(text, &got) ||
	    (got.family == AF_INET && (got.bytes[0] == 0 || got.bytes[0] >= 224)) ||
	    (got.family == AF_INET6 && got.bytes[0] == 0xff))
		return aws_fail(reading, line, "%s must be the address of a host, not %s", what,
				text_quoted(text));
	*target = got;
	return true;
}

/* "169.254.44.242/30" or without the length, which then comes alone or is the usual one. */
static bool
set_inside(struct aws_reading *reading, struct aws_tunnel *tunnel, struct ip_address *target,
	   const char *text, const char *what, unsigned line)
{
	struct ip_prefix got;

	if (!ip_prefix_parse(text, &got) ||
	    (strchr(text, '/') != NULL && got.length >= ip_family_bits(got.address.family)))
		return aws_fail(reading, line, "%s must be an address with its length, not %s", what,
				text_quoted(text));
	if (strchr(text, '/') != NULL)
		tunnel->inside_length = got.length;
	*target = got.address;
	return true;
}

/* Of a /30 or a /126 AWS has the first host, the customer gateway the second. */
static bool
set_inside_cidr(struct aws_reading *reading, struct aws_tunnel *tunnel, const char *text, unsigned line)
{
	struct ip_prefix got, network;
	uint32_t first;

	if (!ip_prefix_parse(text, &got) || got.address.family != AF_INET || got.length != AWS_INSIDE_V4)
		return aws_fail(reading, line, "a tunnel's inside network must be an IPv4 /30, not %s",
				text_quoted(text));
	if (ip_address_is_set(&tunnel->inside))
		return true; /* who has which address is known better */
	network = ip_prefix_network(&got);
	first = ip_address_to_v4(&network.address);
	tunnel->inside_aws = ip_address_v4(first + 1);
	tunnel->inside = ip_address_v4(first + 2);
	tunnel->inside_length = AWS_INSIDE_V4;
	return true;
}

static bool
set_inside_cidr_v6(struct aws_reading *reading, struct aws_tunnel *tunnel, const char *text, unsigned line)
{
	struct ip_prefix got;

	if (!ip_prefix_parse(text, &got) || got.address.family != AF_INET6 || got.length != AWS_INSIDE_V6)
		return aws_fail(reading, line, "a tunnel's inside network must be an IPv6 /126, not %s",
				text_quoted(text));
	got = ip_prefix_network(&got);
	got.address.bytes[ip_family_bytes(AF_INET6) - 1] += 2;
	tunnel->inside_v6 = got.address;
	return true;
}

/* A number, with its unit or without ("28800 seconds"). */
static bool
set_number(struct aws_reading *reading, uint32_t *target, const char *text, uint64_t least, uint64_t most,
	   const char *what, unsigned line)
{
	char digits[24];
	size_t length = strspn(text, "0123456789");
	uint64_t got;

	snprintf(digits, sizeof(digits), "%.*s", length < sizeof(digits) ? (int)length : 0, text);
	if (!text_parse_number(digits, UINT64_MAX, &got) ||
	    (text[length] != '\0' && !isspace((unsigned char)text[length])))
		return aws_fail(reading, line, "%s must be a number, not %s", what, text_quoted(text));
	if (got < least || got > most)
		return aws_fail(reading, line, "%s is out of range: %llu to %llu, not %s", what,
				(unsigned long long)least, (unsigned long long)most, text_quoted(text));
	*target = (uint32_t)got;
	return true;
}

static bool
set_psk(struct aws_reading *reading, struct aws_tunnel *tunnel, const char *text, unsigned line)
{
	if (strlen(text) > SECRET_MOST)
		return aws_fail(reading, line, "the pre-shared key is longer than %d bytes", SECRET_MOST);
	for (const char *at = text; *at != '\0'; at++) {
		if (*at < 0x21 || *at > 0x7e)
			return aws_fail(
			    reading, line,
			    "the pre-shared key has a space, a control byte or what is not ASCII");
	}
	/* Keys have letters, digits, dots and underscores: this names where AWS keeps one. */
	if (strncmp(text, "arn:", strlen("arn:")) == 0)
		return true;
	if (tunnel->psk != NULL && strcmp(tunnel->psk, text) != 0)
		return aws_fail(reading, line, "there are two different pre-shared keys for one tunnel");
	if (tunnel->psk == NULL)
		tunnel->psk = text_copy(text);
	return true;
}

static void
set_algorithm(struct aws_reading *reading, uint32_t *bits, enum aws_kind kind, const char *text,
	      unsigned line)
{
	static const char *const what[] = {"encryption", "integrity", "DH group"};
	uint32_t bit = aws_algorithm(kind, text);

	if (bit == 0)
		aws_note(&reading->file->findings, line, "unknown %s %s: left out", what[kind],
			 text_quoted(text));
	*bits |= bit;
}

static bool
add_prefix(struct aws_reading *reading, struct aws_prefixes *list, const char *text, unsigned line)
{
	struct ip_prefix got;

	if (!ip_prefix_parse(text, &got) ||
	    got.address.bytes[0] >= (got.address.family == AF_INET ? 224 : 255))
		return aws_fail(reading, line, "a network must be written as 10.20.0.0/16, not %s",
				text_quoted(text));
	got = ip_prefix_network(&got);
	if (got.length == 0)
		return true; /* everything: AWS's way to say nothing */
	for (size_t i = 0; i < list->count; i++) {
		if (ip_prefix_equal(&list->items[i], &got))
			return true;
	}
	if (list->count == AWS_PREFIXES_MOST)
		return aws_fail(reading, line, "a connection has more than %d networks", AWS_PREFIXES_MOST);
	list->items = memory_resize(list->items, (list->count + 1) * sizeof(*list->items));
	list->items[list->count++] = got;
	return true;
}

static bool
set_connection(struct aws_reading *reading, struct aws_connection *connection, enum aws_field field,
	       const char *text, unsigned line)
{
	switch (field) {
	case AWS_ID:
		return set_text(reading, &connection->id, text, "the connection's id", line);
	case AWS_TAG:
		return set_text(reading, &connection->tag, text, "the Name tag", line);
	case AWS_CUSTOMER_GATEWAY:
		return set_text(reading, &connection->customer_gateway, text, "the customer gateway's id",
				line);
	case AWS_GATEWAY:
		return set_text(reading, &connection->gateway, text, "the gateway's id", line);
	case AWS_NETWORK:
		return add_prefix(reading, &connection->networks, text, line);
	case AWS_LOCAL_TS:
		return add_prefix(reading, &connection->networks, text, line) &&
		       add_prefix(reading, &connection->local_ts, text, line);
	case AWS_REMOTE_TS:
		return add_prefix(reading, &connection->routes, text, line) &&
		       add_prefix(reading, &connection->remote_ts, text, line);
	default: /* AWS_ATTRIBUTES */
		if (strcasestr(text, "NoBGP") != NULL)
			connection->is_static = connection->routing_known = true;
		return true;
	}
}

static bool
set_phase(struct aws_reading *reading, struct aws_tunnel *tunnel, enum aws_field field, const char *text,
	  unsigned line)
{
	struct aws_phase *phase = field < AWS_ESP_ENCRYPTION ? &tunnel->ike : &tunnel->esp;

	switch (field) {
	case AWS_IKE_ENCRYPTION:
	case AWS_ESP_ENCRYPTION:
		set_algorithm(reading, &phase->encryption, AWS_ENCRYPTION, text, line);
		return true;
	case AWS_IKE_INTEGRITY:
	case AWS_ESP_INTEGRITY:
		set_algorithm(reading, &phase->integrity, AWS_INTEGRITY, text, line);
		return true;
	case AWS_IKE_GROUP:
	case AWS_ESP_GROUP:
		set_algorithm(reading, &phase->groups, AWS_GROUP, text, line);
		return true;
	case AWS_IKE_LIFETIME:
		return set_number(reading, &phase->lifetime_s, text, 900, 28800, "the lifetime of IKE", line);
	default: /* AWS_ESP_LIFETIME */
		return set_number(reading, &phase->lifetime_s, text, 900, 3600, "the lifetime of ESP", line);
	}
}

static bool
set_tunnel(struct aws_reading *reading, struct aws_tunnel *tunnel, enum aws_field field, const char *text,
	   unsigned line)
{
	switch (field) {
	case AWS_OUTSIDE:
		return set_address(reading, &tunnel->outside, text, "the customer gateway's outside address",
				   line);
	case AWS_REMOTE:
		return set_address(reading, &tunnel->remote, text, "AWS's outside address", line);
	case AWS_INSIDE:
		return set_inside(reading, tunnel, &tunnel->inside, text,
				  "the customer gateway's inside address", line);
	case AWS_INSIDE_AWS:
		return set_inside(reading, tunnel, &tunnel->inside_aws, text, "AWS's inside address", line);
	case AWS_INSIDE_LENGTH:
		return set_number(reading, &tunnel->inside_length, text, 1, 127,
				  "the length of the inside network", line);
	case AWS_INSIDE_CIDR:
		return set_inside_cidr(reading, tunnel, text, line);
	case AWS_INSIDE_CIDR_V6:
		return set_inside_cidr_v6(reading, tunnel, text, line);
	case AWS_ASN:
		return set_number(reading, &tunnel->asn, text, 1, UINT32_MAX - 1,
				  "the customer gateway's AS number", line);
	case AWS_PEER_ASN:
		return set_number(reading, &tunnel->peer_asn, text, 1, UINT32_MAX - 1, "AWS's AS number",
				  line);
	case AWS_HOLD:
		tunnel->has_hold = true;
		return set_number(reading, &tunnel->hold_s, text, 0, 65535, "the hold time", line);
	case AWS_PSK:
		return set_psk(reading, tunnel, text, line);
	case AWS_IKE_VERSION:
		tunnel->ikev1 |= strchr(text, '1') != NULL;
		tunnel->ikev2 |= strchr(text, '2') != NULL;
		return true;
	case AWS_DPD_INTERVAL:
		return set_number(reading, &tunnel->dpd_interval_s, text, 1, 3600, "the DPD interval", line);
	case AWS_DPD_RETRIES:
		return set_number(reading, &tunnel->dpd_retries, text, 1, 100, "the DPD retries", line);
	case AWS_DPD_TIMEOUT:
		return set_number(reading, &tunnel->dpd_timeout_s, text, 2, 86400, "the DPD timeout", line);
	case AWS_REPLAY_WINDOW:
		return set_number(reading, &tunnel->replay_window, text, 64, 2048, "the replay window", line);
	case AWS_REKEY_MARGIN:
		return set_number(reading, &tunnel->rekey_margin_s, text, 60, 1800, "the rekey margin", line);
	case AWS_REKEY_FUZZ:
		tunnel->has_fuzz = true;
		return set_number(reading, &tunnel->rekey_fuzz, text, 0, 100, "the rekey fuzz", line);
	default:
		return set_phase(reading, tunnel, field, text, line);
	}
}

bool
aws_set(struct aws_reading *reading, struct aws_connection *connection, struct aws_tunnel *tunnel,
	enum aws_field field, const char *text, unsigned line)
{
	bool of_connection = field <= AWS_ATTRIBUTES || field >= AWS_TAG, good;
	size_t length;
	char *copy;

	text += strspn(text, " \t\r\n");
	length = strlen(text);
	while (length != 0 && strchr(" \t\r\n", text[length - 1]) != NULL)
		length--;
	if (length == 0 || (!of_connection && tunnel == NULL))
		return true;
	copy = memory_zeroed(length + 1, 1);
	memcpy(copy, text, length);
	good = of_connection ? set_connection(reading, connection, field, copy, line)
			     : set_tunnel(reading, tunnel, field, copy, line);
	memory_wipe_free(copy, length);
	return good;
}
