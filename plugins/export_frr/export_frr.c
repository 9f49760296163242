// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What an FRR on the other side needs, as vtysh takes it and frr.conf has it: a neighbour for each tunnel of
 * a connection with BGP, static routes with a distance for one without (FRR's documentation, "BGP", "STATIC",
 * "BFD"). An instance of bgpd has one AS number: connections that expect different ones are different
 * routers.
 */
#include "plugins/export_frr/export_frr.h"

#include <string.h>

#define DISTANCE 10 /* of the first tunnel's static route; the second has twice that */

static unsigned
family_of(const struct export_tunnel *tunnel)
{
	return ip_address_is_set(&tunnel->inside[0].address) ? 0 : 1;
}

static const char *
neighbor_of(const struct export_tunnel *tunnel, char out[IP_ADDRESS_TEXT])
{
	return ip_address_format(&tunnel->inside_remote[family_of(tunnel)], out);
}

static const char *const protocols[] = {"ip", "ipv6"};

static bool
is_of(const struct ip_prefix *prefix, unsigned family)
{
	return prefix->address.family == (family == 0 ? AF_INET : AF_INET6);
}

static bool
exchanges(const struct export_connection *connection, unsigned family)
{
	for (size_t t = 0; t < connection->tunnel_count; t++) {
		if (connection->tunnels[t].exchanges[family])
			return connection->dynamic;
	}
	return false;
}

/* --- static routes, BFD
 * ------------------------------------------------------------------------------------- */

static void
put_routes(FILE *out, const struct export_connection *connection, const struct export_tunnel *tunnel)
{
	char text[IP_PREFIX_TEXT], via[IP_ADDRESS_TEXT];

	fprintf(out, "! %s\n", tunnel->name);
	for (size_t i = 0; i < connection->peer_networks.count; i++) {
		const struct ip_prefix *prefix = &connection->peer_networks.items[i];
		unsigned family = is_of(prefix, 0) ? 0 : 1;

		fprintf(out, "%s route %s ", protocols[family], ip_prefix_format(prefix, text));
		if (ip_address_is_set(&tunnel->inside_remote[family]))
			fprintf(out, "%s %u\n", ip_address_format(&tunnel->inside_remote[family], via),
				DISTANCE * tunnel->number);
		else
			fprintf(out, "xfrm%u %u\n", tunnel->id, DISTANCE * tunnel->number);
	}
}

static void
put_static(struct export_output *output, const struct export_view *view,
	   const struct export_connection *connection)
{
	for (size_t t = 0; t < connection->tunnel_count; t++)
		put_routes(output->out, connection, &connection->tunnels[t]);
	if (connection->peer_networks.count == 0)
		output->note(output, "%s has no 'networks': the routes to it are missing", view->gateway);
	else
		output->note(
		    output,
		    "%s: a static route stays when its tunnel is down, unless the interface goes with it",
		    connection->name);
}

/* FRR takes the peer of a session with ttl-security for one that is many hops away, also for BFD (RFC 5883),
 * where this side speaks RFC 5881: then BFD is configured by itself. */
static bool
bfd_is_apart(const struct export_tunnel *tunnel)
{
	return tunnel->bfd && tunnel->ttl_security;
}

static void
put_bfd(struct export_output *output, const struct export_tunnel *tunnel)
{
	char peer[IP_ADDRESS_TEXT], local[IP_ADDRESS_TEXT];
	FILE *out = output->out;

	fprintf(out,
		"bfd\n profile %s\n  detect-multiplier %u\n  receive-interval %u\n  transmit-interval %u\n "
		"exit\n",
		tunnel->label, tunnel->bfd_multiplier, tunnel->bfd_interval_ms, tunnel->bfd_interval_ms);
	if (bfd_is_apart(tunnel)) {
		fprintf(out, " peer %s local-address %s\n  profile %s\n exit\n", neighbor_of(tunnel, peer),
			ip_address_format(&tunnel->inside[family_of(tunnel)].address, local), tunnel->label);
		output->note(output,
			     "%s: with ttl-security FRR can't end the session by BFD itself: this side does, "
			     "and there the hold time has to pass where it can't say so",
			     tunnel->name);
	}
	fputs("exit\n!\n", out);
}

/* --- BGP
 * ---------------------------------------------------------------------------------------------------- */

static void
put_password(struct export_output *output, const struct export_tunnel *tunnel, const char *neighbor)
{
	const uint8_t *password = tunnel->bgp_password;
	bool fits = password != NULL && export_is_text(password, tunnel->bgp_password_length) &&
		    memchr(password, ' ', tunnel->bgp_password_length) == NULL; /* it is a word */

	if (!tunnel->bgp_signed)
		return;
	if (fits) {
		fprintf(output->out, " neighbor %s password %.*s\n", neighbor,
			(int)tunnel->bgp_password_length, (const char *)password);
		return;
	}
	fprintf(output->out, " ! neighbor %s password ...   (that of %s's session)\n", neighbor,
		tunnel->name);
	output->note(output,
		     password != NULL ? "%s: FRR has no way to write its BGP password: it needs another one"
				      : "%s: the BGP password is not in it: write it where it says so",
		     tunnel->name);
}

static void
put_neighbor(struct export_output *output, const struct export_tunnel *tunnel)
{
	FILE *out = output->out;
	char text[IP_ADDRESS_TEXT], local[IP_ADDRESS_TEXT];

	neighbor_of(tunnel, text);
	fprintf(out, " neighbor %s remote-as %u\n neighbor %s description %s\n", text, tunnel->peer_asn, text,
		tunnel->name);
	fprintf(out, " neighbor %s update-source %s\n neighbor %s timers %u %u\n", text,
		ip_address_format(&tunnel->inside[family_of(tunnel)].address, local), text,
		tunnel->keepalive_s, tunnel->hold_s);
	if (family_of(tunnel) == 1 && tunnel->exchanges[0])
		fprintf(out, " neighbor %s capability extended-nexthop\n", text);
	if (tunnel->ttl_security)
		fprintf(out, " neighbor %s ttl-security hops 1\n", text);
	if (tunnel->bgp_role != NULL)
		fprintf(out, " neighbor %s local-role %s\n", text, tunnel->bgp_role);
	put_password(output, tunnel, text);
	if (tunnel->bfd && !bfd_is_apart(tunnel))
		fprintf(out, " neighbor %s bfd\n neighbor %s bfd profile %s\n", text, text, tunnel->label);
}

static void
put_family(FILE *out, const struct export_connection *connection, const struct export_tunnel *tunnel)
{
	char text[IP_ADDRESS_TEXT];

	neighbor_of(tunnel, text);
	fprintf(out, "  neighbor %s activate\n", text);
	if (connection->max_prefixes != 0)
		fprintf(out, "  neighbor %s maximum-prefix-out %u\n", text, connection->max_prefixes);
	fprintf(out, "  neighbor %s prefix-list %s-networks out\n", text, connection->name);
}

/* What this side announces over a connection, and nothing else. */
static void
put_list(FILE *out, const struct export_connection *connection, unsigned family)
{
	char text[IP_PREFIX_TEXT];
	unsigned sequence = 5;

	if (!exchanges(connection, family))
		return;
	for (size_t i = 0; i < connection->networks.count; i++) {
		if (!is_of(&connection->networks.items[i], family))
			continue;
		fprintf(out, "%s prefix-list %s-networks seq %u permit %s\n", protocols[family],
			connection->name, sequence, ip_prefix_format(&connection->networks.items[i], text));
		sequence += 5;
	}
	fprintf(out, "%s prefix-list %s-networks seq %u deny any\n!\n", protocols[family], connection->name,
		sequence);
}

/* Two connections may have a network in common; FRR takes one line twice. */
static void
put_networks(FILE *out, const struct export_connection *connection, unsigned family)
{
	char text[IP_PREFIX_TEXT];

	for (size_t i = 0; i < connection->networks.count; i++) {
		if (is_of(&connection->networks.items[i], family))
			fprintf(out, "  network %s\n",
				ip_prefix_format(&connection->networks.items[i], text));
	}
}

static void
put_families(FILE *out, const struct export_view *view, unsigned family)
{
	bool any = false;

	for (size_t i = 0; i < view->count; i++)
		any |= exchanges(&view->connections[i], family);
	if (!any)
		return;
	fprintf(out, " !\n address-family %s unicast\n", family == 0 ? "ipv4" : "ipv6");
	for (size_t i = 0; i < view->count; i++) {
		const struct export_connection *connection = &view->connections[i];

		if (exchanges(connection, family))
			put_networks(out, connection, family);
		for (size_t t = 0; connection->dynamic && t < connection->tunnel_count; t++) {
			if (connection->tunnels[t].exchanges[family])
				put_family(out, connection, &connection->tunnels[t]);
		}
	}
	fputs(" exit-address-family\n", out);
}

static void
put_router(struct export_output *output, const struct export_view *view,
	   const struct export_connection *first)
{
	char text[IP_ADDRESS_TEXT];
	FILE *out = output->out;

	fprintf(out, "router bgp %u\n", first->asn);
	if (first->tunnels[0].local.family == AF_INET)
		fprintf(out, " bgp router-id %s\n", ip_address_format(&first->tunnels[0].local, text));
	else
		fputs(" ! bgp router-id 192.0.2.1: an IPv4 address of this router's own\n", out);
	fputs(" no bgp ebgp-requires-policy\n no bgp network import-check\n no bgp default ipv4-unicast\n",
	      out);
	for (size_t i = 0; i < view->count; i++) {
		for (size_t t = 0; view->connections[i].dynamic && t < view->connections[i].tunnel_count; t++)
			put_neighbor(output, &view->connections[i].tunnels[t]);
	}
	for (unsigned f = 0; f < 2; f++)
		put_families(out, view, f);
	fputs("exit\n!\n", out);
}

static void
put_dynamic(struct export_output *output, const struct export_view *view,
	    const struct export_connection *connection)
{
	for (unsigned f = 0; f < 2; f++)
		put_list(output->out, connection, f);
	for (size_t t = 0; t < connection->tunnel_count; t++) {
		if (connection->tunnels[t].bfd)
			put_bfd(output, &connection->tunnels[t]);
	}
	if (connection->networks.count == 0)
		output->note(output,
			     "%s does not say which networks are on this side of %s ('protect'): add them",
			     view->gateway, connection->name);
}

static bool
write_frr(const struct export_view *view, struct export_output *output)
{
	const struct export_connection *first = NULL;

	for (size_t i = 0; i < view->count; i++) {
		const struct export_connection *connection = &view->connections[i];

		if (connection->dynamic && first != NULL && connection->asn != first->asn) {
			snprintf(
			    output->why, sizeof(output->why),
			    "%.60s expects AS number %u and %.60s %u: these are different routers, and a "
			    "configuration of FRR is one router's; name the connections of one",
			    first->name, first->asn, connection->name, connection->asn);
			return false;
		}
		if (connection->dynamic && first == NULL)
			first = connection;
	}
	fputs("!\n", output->out);
	for (size_t i = 0; i < view->count; i++) {
		if (view->connections[i].dynamic)
			put_dynamic(output, view, &view->connections[i]);
		else
			put_static(output, view, &view->connections[i]);
	}
	if (first != NULL)
		put_router(output, view, first);
	return true;
}

const struct export_ops frr_export_ops = {.format = "frr", .comment = "!", .write = write_frr};
