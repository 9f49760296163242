// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a tunnel is negotiated for (RFC 7296 2.9), against what it has to carry: packets that its selectors
 * don't hold are dropped at either end, those of BGP and of health probes too.
 */
#include "core/config/config_internal.h"

/* No selectors are everything. */
static bool
holds(const struct config_prefixes *selectors, const struct ip_address *address)
{
	for (size_t i = 0; i < selectors->count; i++) {
		if (ip_prefix_contains(&selectors->items[i], address))
			return true;
	}
	return selectors->count == 0;
}

static bool
covers(const struct config_prefixes *selectors, const struct ip_prefix *prefix)
{
	for (size_t i = 0; i < selectors->count; i++) {
		if (ip_prefix_covers(&selectors->items[i], prefix))
			return true;
	}
	return selectors->count == 0;
}

static void
check_address(struct reading *reading, const struct config_prefixes *selectors,
	      const struct ip_address *address, const char *what, struct position at)
{
	char text[IP_ADDRESS_TEXT];

	if (ip_address_is_set(address) && !holds(selectors, address))
		finding_warning(reading->findings, at,
				"these selectors don't hold %s, %s: its packets don't go through the tunnel",
				ip_address_format(address, text), what);
}

void
check_selectors(struct reading *reading, const struct config_connection *connection,
		const struct config_tunnel *tunnel, const struct given *given, struct position at)
{
	const struct config_selectors *selectors = &tunnel->selectors;
	struct position local = given_at(given, SECTION_SELECTORS, "local", at),
			remote = given_at(given, SECTION_SELECTORS, "remote", at);
	unsigned family = ip_address_is_set(&tunnel->inside[0].address) ? 0 : 1;
	char text[IP_PREFIX_TEXT];

	if (connection->routing == CONFIG_ROUTING_DYNAMIC) {
		check_address(reading, &selectors->local, &tunnel->inside[family].address, "this side of BGP",
			      local);
		check_address(reading, &selectors->remote, &tunnel->inside_remote[family],
			      "the other side of BGP", remote);
	} else if (tunnel->health.enabled) {
		check_address(reading, &selectors->remote,
			      ip_address_is_set(&tunnel->health.target) ? &tunnel->health.target
									: &tunnel->inside_remote[family],
			      "which health probes ask", remote);
	}
	for (size_t i = 0; connection->routing == CONFIG_ROUTING_STATIC && i < connection->routes.count;
	     i++) {
		if (covers(&selectors->remote, &connection->routes.items[i]))
			continue;
		finding_warning(
		    reading->findings, remote,
		    "these selectors don't hold the route %s: what it leads into the tunnel is dropped",
		    ip_prefix_format(&connection->routes.items[i], text));
	}
}
