// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tunnels whose interface somebody else removed (`ip link del`, a network manager that tidies up). Routing
 * notices; the data plane makes the interface anew under its name, with its SAs; here it gets its addresses
 * back, and whoever was bound to the old one is bound to the new one: the BGP session, BFD (by itself), the
 * probe. It takes some milliseconds. Where it can't be done the tunnel carries nothing, and it is tried once
 * a second.
 */
#include "core/gateway_internal.h"

#include <net/if.h>
#include <string.h>

void
gateway_interface_tell(const struct gateway_tunnel *tunnel)
{
	const struct config_tunnel *config = tunnel->config;
	struct dataplane_inside inside = {
	    .mtu = (uint32_t)tunnel->row.mtu,
	    .path = tunnel->mtu.path,
	    .fragments = config->mtu != 0,
	    .address = {config->inside[0].address, config->inside[1].address},
	    .peer = {config->inside_remote[0], config->inside_remote[1], config->health.target},
	};

	if (tunnel->gateway->plane_ops->tunnel_inside != NULL)
		tunnel->gateway->plane_ops->tunnel_inside(tunnel->gateway->plane, config->id, &inside);
}

bool
gateway_interface_address(struct gateway_tunnel *tunnel, struct error *err)
{
	const struct config_tunnel *config = tunnel->config;

	routing_interface_loosen(tunnel->interface);
	for (unsigned i = 0; i < 2; i++) {
		if (!ip_address_is_set(&config->inside[i].address))
			routing_interface_clear(tunnel->gateway->routing, tunnel->interface,
						i == 0 ? AF_INET : AF_INET6);
		else if (!routing_interface_set(tunnel->gateway->routing, tunnel->interface,
						&config->inside[i], (uint32_t)tunnel->row.mtu, err))
			return error_prefix(err, "%s", config->name);
	}
	gateway_interface_tell(tunnel);
	return true;
}

/* Where it was made anew and only its addresses are missing, that much is done. */
static bool
renew(struct gateway_tunnel *tunnel, struct error *err)
{
	const struct gateway *gateway = tunnel->gateway;

	if (gateway->plane_ops->tunnel_renew == NULL)
		return error_set(err, "the data plane %s can't make an interface anew",
				 gateway->plane_ops->name);
	if (!tunnel->interface_bare || if_nametoindex(tunnel->interface) == 0)
		tunnel->interface_bare = gateway->plane_ops->tunnel_renew(gateway->plane, tunnel->config->id,
									  (uint32_t)tunnel->row.mtu, err);
	if (!tunnel->interface_bare || !gateway_interface_address(tunnel, err))
		return false;
	tunnel->interface_bare = false;
	return true;
}

static void
try_again(struct gateway_tunnel *tunnel)
{
	bool first = !tunnel->interface_lost;
	struct error err;

	tunnel->interface_lost = !renew(tunnel, &err);
	if (!tunnel->interface_lost) {
		gateway_liveness_rebind(tunnel);
		if (tunnel->peer != NULL)
			bgp_peer_rebind(tunnel->peer);
		gateway_event(tunnel->gateway, "warning", "interface.restored", tunnel->config->name,
			      "somebody removed the interface %s; it was made anew", tunnel->interface);
	} else if (first) {
		gateway_event(tunnel->gateway, "error", "interface.lost", tunnel->config->name,
			      "somebody removed the interface %s, and it can't be made anew: %s",
			      tunnel->interface, err.text);
	}
	gateway_tunnel_judge(tunnel, tunnel->interface_lost ? "its interface is gone"
							    : "its interface was made anew");
	gateway_tunnel_publish(tunnel);
	gateway_connection_publish(tunnel->connection);
}

void
gateway_on_interface_lost(void *context, const char *interface)
{
	struct gateway *gateway = context;

	for (size_t i = 0; i < gateway->tunnel_count && !gateway->stopping; i++) {
		if (strcmp(gateway->tunnels[i]->interface, interface) == 0)
			try_again(gateway->tunnels[i]);
	}
}

void
gateway_interfaces_tick(struct gateway *gateway)
{
	for (size_t i = 0; i < gateway->tunnel_count; i++) {
		if (gateway->tunnels[i]->interface_lost)
			try_again(gateway->tunnels[i]);
	}
}
