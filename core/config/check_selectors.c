// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a tunnel is negotiated for (RFC 7296 2.9), against what it has to carry: packets that its selectors
 * don't hold are dropped at either end, those of BGP and of health probes too.
 */
#include "core/config/config_internal.h"

/* What core/ike hands to a data plane of a child SA. */
#define SELECTORS_MOST 32

/* One side's. None given: 0.0.0.0/0, and ::/0 where the tunnel has an IPv6 address inside. */
struct side {
	const struct config_prefixes *given;
	size_t count; /* of those given, that are negotiated */
	bool ipv4, ipv6;
	struct position at;
};

/* Quick mode takes one a side (RFC 2409 5.5): whoever begins proposes the first. */
static struct side
side_of(const struct config_tunnel *tunnel, const struct config_prefixes *given, struct position at)
{
	bool one = tunnel->ike.version == 1 && tunnel->start == CONFIG_START_INITIATE;

	return (struct side){
	    .given = given,
	    .count = one && given->count > 1 ? 1 : given->count,
	    .ipv4 = given->count == 0,
	    .ipv6 = given->count == 0 && !one && ip_address_is_set(&tunnel->inside[1].address),
	    .at = at,
	};
}

static bool
covers(const struct side *side, const struct ip_prefix *prefix)
{
	for (size_t i = 0; i < side->count; i++) {
		if (ip_prefix_covers(&side->given->items[i], prefix))
			return true;
	}
	return prefix->address.family == AF_INET ? side->ipv4 : side->ipv6;
}

static bool
holds(const struct side *side, const struct ip_address *address)
{
	struct ip_prefix host = {*address, (uint8_t)ip_family_bits(address->family)};

	return covers(side, &host);
}

/* What they are, for the beginning of a sentence. */
static const char *
name_of(const struct side *side)
{
	return side->given->count != 0 ? "these selectors don't"
	       : side->ipv6            ? "0.0.0.0/0 and ::/0, this tunnel's selectors, don't"
			    : "0.0.0.0/0, this tunnel's only selector without 'selectors', doesn't";
}

static void
check_address(struct reading *reading, const struct side *side, const struct ip_address *address,
	      const char *what)
{
	char text[IP_ADDRESS_TEXT];

	if (ip_address_is_set(address) && !holds(side, address))
		finding_warning(reading->findings, side->at,
				"%s hold %s, %s: its packets don't go through the tunnel", name_of(side),
				ip_address_format(address, text), what);
}

static void
check_count(struct reading *reading, const struct side *side, const char *key)
{
	char text[IP_PREFIX_TEXT];

	if (side->given->count > SELECTORS_MOST)
		finding_error(reading->findings, side->at,
			      "'%s' has %zu selectors: %d at most; a wider prefix can stand for several", key,
			      side->given->count, SELECTORS_MOST);
	else if (side->given->count > side->count)
		finding_warning(reading->findings, side->at,
				"IKE version 1 negotiates one selector a side: of '%s' only %s is asked for",
				key, ip_prefix_format(&side->given->items[0], text));
}

void
check_selectors(struct reading *reading, const struct config_connection *connection,
		const struct config_tunnel *tunnel, const struct given *given, struct position at)
{
	const struct config_selectors *selectors = &tunnel->selectors;
	const struct config_health *health = &tunnel->health;
	const struct side local = side_of(tunnel, &selectors->local,
					  given_at(given, SECTION_SELECTORS, "local", at)),
			  remote = side_of(tunnel, &selectors->remote,
					   given_at(given, SECTION_SELECTORS, "remote", at));
	unsigned family = ip_address_is_set(&tunnel->inside[0].address) ? 0 : 1;
	bool dynamic = connection->routing == CONFIG_ROUTING_DYNAMIC;
	char text[IP_PREFIX_TEXT];

	check_count(reading, &local, "local");
	check_count(reading, &remote, "remote");
	if (dynamic) {
		check_address(reading, &local, &tunnel->inside[family].address, "this side of BGP");
		check_address(reading, &remote, &tunnel->inside_remote[family], "the other side of BGP");
	}
	if (health->enabled && (!dynamic || ip_address_is_set(&health->target)))
		check_address(reading, &remote,
			      ip_address_is_set(&health->target) ? &health->target
								 : &tunnel->inside_remote[family],
			      "which health probes ask");
	for (size_t i = 0; !dynamic && i < connection->routes.count; i++) {
		if (covers(&remote, &connection->routes.items[i]))
			continue;
		finding_warning(reading->findings, remote.at,
				"%s hold the route %s: what it leads into the tunnel is dropped",
				name_of(&remote), ip_prefix_format(&connection->routes.items[i], text));
	}
}
