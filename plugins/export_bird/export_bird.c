// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a BIRD 2 on the other side needs: a whole bird.conf, whose first part is for a router that has none
 * yet. A connection with BGP is a session for each tunnel, which announces what stands in one static protocol
 * and nothing else; one without is a static route for each tunnel, the second with a lower preference (BIRD
 * User's Guide, "BGP", "Static", "BFD").
 */
#include "plugins/export_bird/export_bird.h"

#include <string.h>

#define PREFERENCE 200 /* BIRD's own of static routes */

/* BIRD takes letters, digits, '_', and between apostrophes also '-' and '.': a label has no others. */
#define NAME "'%s'"

static unsigned
family_of(const struct export_tunnel *tunnel)
{
	return ip_address_is_set(&tunnel->inside[0].address) ? 0 : 1;
}

static const char *const channels[] = {"ipv4", "ipv6"};
/* IPv6 has protocols of its own, with this behind their names. */
static const char *const suffixes[] = {"", "-ipv6"};

static bool
is_of(const struct ip_prefix *prefix, unsigned family)
{
	return prefix->address.family == (family == 0 ? AF_INET : AF_INET6);
}

static bool
have(const struct export_prefixes *prefixes, unsigned family)
{
	for (size_t i = 0; i < prefixes->count; i++) {
		if (is_of(&prefixes->items[i], family))
			return true;
	}
	return false;
}

/* Whether routes of a family go over the connection. */
static bool
carries(const struct export_connection *connection, unsigned family)
{
	bool exchanged = false;

	for (size_t t = 0; t < connection->tunnel_count; t++)
		exchanged |= connection->tunnels[t].exchanges[family];
	return connection->dynamic ? exchanged : have(&connection->peer_networks, family);
}

/* --- the router -------------------------------------------------------------------------------------------
 */

static const struct ip_address *
router_id(const struct export_view *view)
{
	for (size_t i = 0; i < view->count; i++) {
		for (size_t t = 0; t < view->connections[i].tunnel_count; t++) {
			if (view->connections[i].tunnels[t].local.family == AF_INET)
				return &view->connections[i].tunnels[t].local;
		}
	}
	return NULL;
}

/* Into the kernel goes what BGP learns and the static routes to this side, not what is only announced. */
static void
put_kernel(FILE *out, const struct export_view *view, unsigned family)
{
	fprintf(out,
		"protocol kernel {\n    %s {\n        import none;\n        export filter {\n"
		"            if source = RTS_BGP then accept;\n",
		channels[family]);
	for (size_t i = 0; i < view->count; i++) {
		const struct export_connection *connection = &view->connections[i];

		for (size_t t = 0; !connection->dynamic && t < connection->tunnel_count; t++)
			fprintf(out, "            if proto = \"%s%s\" then accept;\n",
				connection->tunnels[t].label, suffixes[family]);
	}
	fputs("            reject;\n        };\n    };\n}\n", out);
}

static void
put_router(FILE *out, const struct export_view *view)
{
	const struct ip_address *id = router_id(view);
	bool bfd = false, ipv6 = false;
	char text[IP_ADDRESS_TEXT];

	for (size_t i = 0; i < view->count; i++) {
		for (size_t t = 0; t < view->connections[i].tunnel_count; t++)
			bfd |= view->connections[i].tunnels[t].bfd;
		ipv6 |= carries(&view->connections[i], 1);
	}
	fputs(
	    "#\n# From here to the next line like this: leave out what a configuration has already. ------\n",
	    out);
	if (id != NULL)
		fprintf(out, "router id %s;\n", ip_address_format(id, text));
	else
		fputs("# router id 192.0.2.1;   # an IPv4 address of this router's own\n", out);
	fputs("protocol device {\n}\n", out);
	put_kernel(out, view, 0);
	if (ipv6)
		put_kernel(out, view, 1);
	if (bfd)
		fputs("protocol bfd {\n}\n", out);
	fputs(
	    "# ------------------------------------------------------------------------------------------\n",
	    out);
}

/* --- BGP --------------------------------------------------------------------------------------------------
 */

static void
put_networks(struct export_output *output, const struct export_view *view,
	     const struct export_connection *connection, unsigned family)
{
	static const char *const examples[] = {"10.50.0.0/16", "2001:db8:50::/48"};
	char text[IP_PREFIX_TEXT];
	FILE *out = output->out;

	if (!carries(connection, family))
		return;
	fprintf(out,
		"\n# What this side announces to %s over %s.\nprotocol static '%s-networks%s' {\n    %s;\n",
		view->gateway, connection->name, connection->name, suffixes[family], channels[family]);
	for (size_t i = 0; i < connection->networks.count; i++) {
		if (is_of(&connection->networks.items[i], family))
			fprintf(out, "    route %s unreachable;\n",
				ip_prefix_format(&connection->networks.items[i], text));
	}
	if (!have(&connection->networks, family))
		fprintf(out, "    # route %s unreachable;\n", examples[family]);
	fputs("}\n", out);
}

/* The routes of a family. Over a session of the other one a next hop has to be named, or may be of that one
 * (RFC 8950). */
static void
put_channel(FILE *out, const struct export_connection *connection, const struct export_tunnel *tunnel,
	    unsigned family)
{
	char text[IP_PREFIX_TEXT];
	bool first = true;

	if (!tunnel->exchanges[family])
		return;
	fprintf(out, "    %s {\n        import all;", channels[family]);
	for (size_t i = 0; i < connection->peer_networks.count; i++) {
		if (!is_of(&connection->peer_networks.items[i], family))
			continue;
		fprintf(out, "%s%s", first ? "   # expected: " : ", ",
			ip_prefix_format(&connection->peer_networks.items[i], text));
		first = false;
	}
	fprintf(out, "\n        export where proto = \"%s-networks%s\";\n        next hop self;\n",
		connection->name, suffixes[family]);
	if (family == 1 && family_of(tunnel) == 0)
		fprintf(out, "        next hop address %s;\n",
			ip_address_format(&tunnel->inside[1].address, text));
	if (family == 0 && family_of(tunnel) == 1)
		fputs("        extended next hop on;\n", out);
	if (connection->max_prefixes != 0)
		fprintf(out, "        export limit %u action block;   # the other side takes no more\n",
			connection->max_prefixes);
	fputs("    };\n", out);
}

/* A text of BIRD's has no way to write its own end. */
static void
put_password(struct export_output *output, const struct export_tunnel *tunnel)
{
	const uint8_t *password = tunnel->bgp_password;
	bool fits = password != NULL && export_is_text(password, tunnel->bgp_password_length) &&
		    memchr(password, '"', tunnel->bgp_password_length) == NULL;

	if (!tunnel->bgp_signed)
		return;
	if (fits) {
		fprintf(output->out, "    password \"%.*s\";\n", (int)tunnel->bgp_password_length,
			(const char *)password);
		return;
	}
	fprintf(output->out, "    # password \"...\";   # that of %s's session\n", tunnel->name);
	output->note(output,
		     password != NULL ? "%s: BIRD has no way to write its BGP password: it needs another one"
				      : "%s: the BGP password is not in it: write it where it says so",
		     tunnel->name);
}

static void
put_role(FILE *out, const char *role)
{
	if (role == NULL)
		return;
	fputs("    local role ", out);
	for (; *role != '\0'; role++)
		fputc(*role == '-' ? '_' : *role, out);
	fputs(";\n", out);
}

static void
put_session(struct export_output *output, const struct export_connection *connection,
	    const struct export_tunnel *tunnel)
{
	unsigned family = family_of(tunnel);
	FILE *out = output->out;
	char local[IP_ADDRESS_TEXT], remote[IP_ADDRESS_TEXT];

	fprintf(out,
		"\nprotocol bgp " NAME
		" {\n    description \"%s\";\n    local %s as %u;\n    neighbor %s as %u;\n",
		tunnel->label, tunnel->name, ip_address_format(&tunnel->inside[family].address, local),
		connection->asn, ip_address_format(&tunnel->inside_remote[family], remote), tunnel->peer_asn);
	fprintf(out, "    hold time %u;\n", tunnel->hold_s);
	if (tunnel->hold_s != 0)
		fprintf(out, "    keepalive time %u;\n", tunnel->keepalive_s);
	if (tunnel->bfd)
		fprintf(out, "    bfd {\n        interval %u ms;\n        multiplier %u;\n    };\n",
			tunnel->bfd_interval_ms, tunnel->bfd_multiplier);
	fputs("    direct;\n", out);
	if (tunnel->ttl_security)
		fputs("    ttl security on;\n", out);
	put_role(out, tunnel->bgp_role);
	put_password(output, tunnel);
	for (unsigned f = 0; f < 2; f++)
		put_channel(out, connection, tunnel, f);
	fputs("}\n", out);
}

static void
put_dynamic(struct export_output *output, const struct export_view *view,
	    const struct export_connection *connection)
{
	for (unsigned f = 0; f < 2; f++)
		put_networks(output, view, connection, f);
	if (connection->networks.count == 0)
		output->note(output,
			     "%s does not say which networks are on this side of %s ('protect'): add them",
			     view->gateway, connection->name);
	for (size_t t = 0; t < connection->tunnel_count; t++)
		put_session(output, connection, &connection->tunnels[t]);
}

/* --- static routes ----------------------------------------------------------------------------------------
 */

static void
put_routes(FILE *out, const struct export_connection *connection, const struct export_tunnel *tunnel,
	   unsigned family)
{
	char text[IP_PREFIX_TEXT], via[IP_ADDRESS_TEXT];
	bool inside = ip_address_is_set(&tunnel->inside_remote[family]);

	if (family == 1 && !carries(connection, family))
		return;
	fprintf(out, "\nprotocol static '%s%s' {\n    %s {\n        preference %u;\n    };\n", tunnel->label,
		suffixes[family], channels[family], PREFERENCE - tunnel->number);
	for (size_t i = 0; i < connection->peer_networks.count; i++) {
		const struct ip_prefix *prefix = &connection->peer_networks.items[i];

		if (!is_of(prefix, family))
			continue;
		fprintf(out, "    route %s via ", ip_prefix_format(prefix, text));
		if (inside)
			fprintf(out, "%s%s;\n", ip_address_format(&tunnel->inside_remote[family], via),
				tunnel->bfd ? " bfd" : "");
		else
			fprintf(out, "\"xfrm%u\";   # the tunnel's interface\n", tunnel->id);
	}
	fputs("}\n", out);
}

static void
put_static(struct export_output *output, const struct export_view *view,
	   const struct export_connection *connection)
{
	bool bfd = true;

	for (size_t t = 0; t < connection->tunnel_count; t++) {
		for (unsigned f = 0; f < 2; f++)
			put_routes(output->out, connection, &connection->tunnels[t], f);
		bfd &= connection->tunnels[t].bfd;
	}
	if (connection->peer_networks.count == 0)
		output->note(output, "%s has no 'networks': the routes to it are missing", view->gateway);
	else if (!bfd)
		output->note(
		    output,
		    "%s: a static route stays when its tunnel is down, unless the interface goes with it",
		    connection->name);
}

static bool
write_bird(const struct export_view *view, struct export_output *output)
{
	put_router(output->out, view);
	if (router_id(view) == NULL)
		output->note(output, "no IPv4 outside address of this side is known: choose a router id");
	for (size_t i = 0; i < view->count; i++) {
		if (view->connections[i].dynamic)
			put_dynamic(output, view, &view->connections[i]);
		else
			put_static(output, view, &view->connections[i]);
	}
	return true;
}

const struct export_ops bird_export_ops = {.format = "bird", .comment = "#", .write = write_bird};
