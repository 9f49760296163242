// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * All is read: the connections get their names, what follows from what is there is worked out, and what
 * can't be used ends the reading.
 */
#include "plugins/import_aws/import_aws.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NAME_MOST 40
#define HOLD_DEFAULT 30
#define ASN_CUSTOMER 65000 /* AWS's default for a customer gateway, and for its own side */
#define ASN_AWS 64512

/* --- names -------------------------------------------------------------------------------------------- */

static const char name_letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";

bool
aws_is_name(const char *text)
{
	return *text != '\0' && strlen(text) <= NAME_MOST && strspn(text, name_letters) == strlen(text) &&
	       strchr("._-", *text) == NULL && strcasecmp(text, "null") != 0;
}

/* What can be kept of a text as a name; NULL where that is nothing. Returns new. */
static char *
make_name(const char *text)
{
	char name[NAME_MOST + 1];
	size_t used = 0;

	for (; text != NULL && *text != '\0' && used < NAME_MOST; text++) {
		bool known = strchr(name_letters, *text) != NULL;
		char c = known ? *text : '-';

		if (used == 0 ? strchr("._-", c) != NULL : !known && name[used - 1] == '-')
			continue;
		name[used++] = c;
	}
	while (used != 0 && name[used - 1] == '-')
		used--;
	name[used] = '\0';
	return aws_is_name(name) ? text_copy(name) : NULL;
}

static bool
name_is_taken(const struct import_file *file, size_t before, const char *name)
{
	for (size_t i = 0; i < before; i++) {
		if (strcmp(file->connections[i].name, name) == 0)
			return true;
	}
	return false;
}

static void
give_name(struct import_file *file, size_t index)
{
	struct aws_connection *connection = &file->connections[index];
	char *base = make_name(connection->tag);

	if (base == NULL)
		base = make_name(connection->id);
	if (base == NULL)
		base = text_copy("aws");
	connection->name = text_copy(base);
	for (unsigned n = 2; name_is_taken(file, index, connection->name); n++) {
		free(connection->name);
		connection->name = text_format("%.*s-%u", NAME_MOST - 5, base, n);
	}
	free(base);
}

/* --- what follows ------------------------------------------------------------------------------------- */

static void
decide_routing(struct import_file *file, struct aws_connection *connection)
{
	bool bgp = false;

	for (size_t i = 0; i < connection->tunnel_count; i++)
		bgp |= connection->tunnels[i].peer_asn != 0 || connection->tunnels[i].asn != 0;
	if (!connection->routing_known)
		connection->is_static = !bgp;
	if (connection->is_static || bgp)
		return;
	aws_note(
	    &file->findings, connection->line,
	    "connection %s: the AS numbers are not in the file: AWS's defaults are taken, %d here and %d "
	    "there",
	    text_quoted(connection->name), ASN_CUSTOMER, ASN_AWS);
}

/* Both tunnels have one pair of AS numbers; a hold time is always written. */
static bool
complete_bgp(struct aws_reading *reading, struct aws_connection *connection)
{
	uint32_t asn = 0, peer_asn = 0;

	for (size_t i = 0; i < connection->tunnel_count; i++) {
		struct aws_tunnel *tunnel = &connection->tunnels[i];

		if ((asn != 0 && tunnel->asn != 0 && tunnel->asn != asn) ||
		    (peer_asn != 0 && tunnel->peer_asn != 0 && tunnel->peer_asn != peer_asn))
			return aws_fail(reading, tunnel->line,
					"the two tunnels of a connection have different AS numbers");
		asn = tunnel->asn != 0 ? tunnel->asn : asn;
		peer_asn = tunnel->peer_asn != 0 ? tunnel->peer_asn : peer_asn;
	}
	for (size_t i = 0; i < connection->tunnel_count; i++) {
		struct aws_tunnel *tunnel = &connection->tunnels[i];

		tunnel->asn = asn != 0 ? asn : ASN_CUSTOMER;
		tunnel->peer_asn = peer_asn != 0 ? peer_asn : ASN_AWS;
		if (!tunnel->has_hold)
			tunnel->hold_s = HOLD_DEFAULT;
		tunnel->has_hold = true;
		if (tunnel->hold_s == 1 || tunnel->hold_s == 2)
			return aws_fail(reading, tunnel->line,
					"the hold time must be 0 or at least 3 s, not %u s", tunnel->hold_s);
		if (!ip_address_is_set(&tunnel->inside))
			return aws_fail(
			    reading, tunnel->line,
			    "a tunnel has no inside address, which BGP needs; a newer file or the "
			    "output of `aws ec2 describe-vpn-connections` has it");
	}
	return true;
}

static bool
complete_tunnel(struct aws_reading *reading, struct aws_tunnel *tunnel)
{
	struct ip_prefix aws;
	struct ip_address other;
	int family;

	if (!ip_address_is_set(&tunnel->remote))
		return aws_fail(reading, tunnel->line,
				"a tunnel has no outside address of AWS's virtual private gateway");
	/* One network of IPv6 is the inside one; beside one of IPv4 it is the second. It may have been told
	 * of twice, by the XML and by the options. */
	if (ip_address_is_set(&tunnel->inside) && tunnel->inside.family == AF_INET6)
		tunnel->inside_v6 = (struct ip_address){0};
	if (ip_address_is_set(&tunnel->inside_v6) && !ip_address_is_set(&tunnel->inside)) {
		tunnel->inside = tunnel->inside_v6;
		tunnel->inside_v6 = (struct ip_address){0};
		tunnel->inside_length = AWS_INSIDE_V6;
	}
	family = ip_address_is_set(&tunnel->inside) ? tunnel->inside.family : tunnel->inside_aws.family;
	if (tunnel->inside_length == 0)
		tunnel->inside_length = family == AF_INET6 ? AWS_INSIDE_V6 : AWS_INSIDE_V4;
	if (family != AF_UNSPEC && (tunnel->inside_length >= ip_family_bits(family) ||
				    (family == AF_INET6 && tunnel->inside_length < AWS_INSIDE_V6)))
		return aws_fail(reading, tunnel->line,
				"a tunnel's inside address has the length /%u: AWS's have "
				"/30 (IPv4) or /126 (IPv6)",
				tunnel->inside_length);
	aws = (struct ip_prefix){tunnel->inside_aws, (uint8_t)tunnel->inside_length};
	if (!ip_address_is_set(&tunnel->inside) && ip_address_is_set(&tunnel->inside_aws) &&
	    ip_prefix_other_host(&aws, &other))
		tunnel->inside = other;
	if (tunnel->dpd_interval_s == 0)
		tunnel->dpd_interval_s = 10;
	if (tunnel->dpd_timeout_s == 0)
		tunnel->dpd_timeout_s =
		    tunnel->dpd_interval_s * (tunnel->dpd_retries != 0 ? tunnel->dpd_retries : 3);
	if (tunnel->dpd_interval_s >= tunnel->dpd_timeout_s)
		tunnel->dpd_interval_s = tunnel->dpd_timeout_s > 3 ? tunnel->dpd_timeout_s / 3 : 1;
	if (tunnel->ike.lifetime_s != 0 && tunnel->esp.lifetime_s >= tunnel->ike.lifetime_s)
		return aws_fail(reading, tunnel->line,
				"the lifetime of ESP (%u s) must be shorter than that of IKE (%u s)",
				tunnel->esp.lifetime_s, tunnel->ike.lifetime_s);
	if (tunnel->rekey_margin_s > (tunnel->esp.lifetime_s != 0 ? tunnel->esp.lifetime_s : 3600) / 2)
		return aws_fail(reading, tunnel->line,
				"the rekey margin (%u s) must be 60 s to half of the lifetime of ESP",
				tunnel->rekey_margin_s);
	return true;
}

bool
aws_finish(struct aws_reading *reading)
{
	struct import_file *file = reading->file;

	if (file->count == 0)
		return aws_fail(reading, 0, "there is no VPN connection in it");
	for (size_t i = 0; i < file->count; i++) {
		struct aws_connection *connection = &file->connections[i];

		give_name(file, i);
		if (connection->tunnel_count == 0)
			return aws_fail(reading, connection->line, "connection %s has no tunnels",
					text_quoted(connection->name));
		for (size_t t = 0; t < connection->tunnel_count; t++) {
			if (!complete_tunnel(reading, &connection->tunnels[t]))
				return false;
		}
		decide_routing(file, connection);
		for (size_t t = 0; t < connection->tunnel_count && connection->is_static; t++)
			connection->tunnels[t].has_hold = false;
		if (!connection->is_static && !complete_bgp(reading, connection))
			return false;
	}
	return true;
}
