// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A tunnel's MTU and how it came about: what the configuration says, or what its ESP proposals leave of the
 * 1500 bytes that a path is taken to have; less where the interface that its packets leave by takes less, or
 * a router on the path says so (RFC 1191, RFC 8201; the data plane listens, tunnel_path), or probing finds
 * out (gateway_mtu_probe.c). The tunnel's interface has this MTU, so the kernel tells senders and cuts what
 * may be cut.
 *
 * An `mtu` of the configuration is the operator's word: it is not probed, and outer packets may be cut.
 *
 * IPv6 needs 1280 (RFC 8200 5): the kernel takes it off an interface that has less. Where a path takes less
 * than that, a tunnel with IPv6 inside keeps 1280, and what is longer outside goes in fragments.
 */
#include "core/gateway_mtu_internal.h"

#include <inttypes.h>
#include <string.h>

enum { LEAST_IPV6 = 1280, LEAST_OUTER = 576, ASK_EVERY_S = 10 };

/* A peer that is routed into a tunnel is another trouble (explain tells it), and its MTU would feed on
 * itself. */
static bool
is_tunnel(const struct gateway *gateway, const char *interface)
{
	for (size_t i = 0; i < gateway->tunnel_count; i++)
		if (strcmp(gateway->tunnels[i]->interface, interface) == 0)
			return true;
	return false;
}

/*
 * Of the interface, not of the route: what the kernel has learnt of a path it learns from whoever can forge
 * an ICMP message, while the plane looks at the SPI.
 */
static void
look_outside(struct gateway_tunnel *tunnel, usec_t now)
{
	struct routing_way way;

	struct gateway_mtu *mtu = &tunnel->mtu;

	if (mtu->outside_asked != 0 && now - mtu->outside_asked < ASK_EVERY_S * USEC_PER_SEC)
		return;
	mtu->outside_asked = now;
	mtu->outside = 0;
	if (!ip_address_is_set(&tunnel->config->remote) ||
	    !routing_underlay(tunnel->gateway->routing, &tunnel->config->remote, &way) ||
	    way.interface[0] == '\0' || is_tunnel(tunnel->gateway, way.interface))
		return;
	memcpy(mtu->outside_interface, way.interface, sizeof(mtu->outside_interface));
	mtu->outside = routing_mtu_of_interface(way.interface);
}

static void
say(struct gateway_tunnel *tunnel, const char *reason)
{
	if (tunnel->row.mtu_reason == NULL || strcmp(tunnel->row.mtu_reason, reason) != 0)
		model_set(&tunnel->row.mtu_reason, reason);
}

/* Takes what is less. False where it is not. */
static bool
lower(uint32_t *mtu, uint32_t to, const struct config_tunnel *config)
{
	if (ip_address_is_set(&config->inside[1].address) && to < LEAST_IPV6)
		to = LEAST_IPV6;
	if (to >= *mtu)
		return false;
	*mtu = to;
	return true;
}

/* Without probing: the configuration, the interface outside, routers. */
static uint32_t
told(struct gateway_tunnel *tunnel, char *reason, size_t size)
{
	const struct config_tunnel *config = tunnel->config;
	const struct gateway *gateway = tunnel->gateway;
	struct gateway_mtu *mtu = &tunnel->mtu;
	uint32_t inner = config_inner_mtu(config);
	struct dataplane_path path = {0};
	char from[IP_ADDRESS_TEXT];
	bool router;

	router = gateway->plane_ops->tunnel_path != NULL &&
		 gateway->plane_ops->tunnel_path(gateway->plane, config->id, &path);
	/* The interface outside has changed; or it is not the one that we think: probing finds out. */
	if (path.refused && gateway_mtu_probe_idle(tunnel, clock_monotonic())) {
		mtu->outside_asked = 0;
		mtu->wanted = true;
	}
	look_outside(tunnel, clock_monotonic());
	if (config->mtu != 0)
		snprintf(reason, size, "the configuration");
	else
		snprintf(reason, size, "the ESP proposals, with %d bytes outside", CONFIG_OUTER_MTU);
	/* An operator who says more than the interface takes wants outer fragments. */
	if (config->mtu == 0 && mtu->outside >= LEAST_OUTER &&
	    lower(&inner, config_inner_mtu_within(config, mtu->outside), config))
		snprintf(reason, size, "%s, which takes %" PRIu32 " bytes outside", mtu->outside_interface,
			 mtu->outside);
	if (router && lower(&inner, path.mtu, config))
		snprintf(reason, size, "ICMP from %s: the path takes %" PRIu32 " bytes outside",
			 ip_address_format(&path.from, from), path.outer);
	return inner;
}

/* What probing has to say, behind what is known without. */
static void
add_probed(const struct gateway_tunnel *tunnel, uint32_t most, char *reason, size_t size)
{
	const struct mtu_probing *probing = &tunnel->mtu.probing;
	size_t used = strlen(reason);

	if (probing->limit < most && probing->result == MTU_PROBING_NONE_FITS)
		snprintf(reason, size, "probed: even packets of %" PRIu32 " bytes vanish on the path",
			 probing->least);
	else if (probing->limit < most && probing->result == MTU_PROBING_UNKNOWN)
		snprintf(reason, size, "probing: packets of %" PRIu32 " bytes vanish on the path",
			 gateway_mtu_black_hole(tunnel));
	else if (probing->limit < most)
		snprintf(reason, size, "probed: packets of %" PRIu32 " bytes and more vanish on the path",
			 gateway_mtu_black_hole(tunnel));
	else if (probing->result == MTU_PROBING_FOUND)
		snprintf(reason + used, size - used, "; probed");
	else if (probing->result == MTU_PROBING_SILENT)
		snprintf(reason + used, size - used, "; not probed: the peer answers no echo");
}

void
gateway_mtu_work_out(struct gateway_tunnel *tunnel)
{
	const struct config_tunnel *config = tunnel->config;
	struct gateway_mtu *mtu = &tunnel->mtu;
	uint32_t most, base, least, inner;
	char reason[200];

	inner = most = told(tunnel, reason, sizeof(reason));
	mtu->path = 0;
	if (config->mtu != 0) {
		mtu->wanted = true; /* once that is no more */
	} else {
		gateway_mtu_probe_bounds(config, &base, &least);
		if (mtu->probing.most == 0)
			mtu_probing_init(&mtu->probing, most, base, least);
		else if (mtu_probing_bound(&mtu->probing, most, base, least))
			mtu->wanted = true; /* more may pass than was known */
		lower(&inner, mtu->probing.limit, config);
		if (mtu->probing.limit < inner)
			mtu->path = mtu->probing.limit;
		add_probed(tunnel, most, reason, sizeof(reason));
	}
	tunnel->row.mtu = inner;
	say(tunnel, reason);
}

void
gateway_mtu_tick(struct gateway_tunnel *tunnel)
{
	uint64_t before = tunnel->row.mtu;
	uint32_t path = tunnel->mtu.path;
	struct error err;

	gateway_mtu_work_out(tunnel);
	if ((tunnel->row.mtu == before && tunnel->mtu.path == path) || tunnel->interface_lost)
		return;
	if (!gateway_interface_address(tunnel, &err))
		gateway_event(tunnel->gateway, "error", "tunnel.mtu", tunnel->config->name, "%s", err.text);
	else if (tunnel->row.mtu != before)
		gateway_event(tunnel->gateway, tunnel->row.mtu < before ? "warning" : "info", "tunnel.mtu",
			      tunnel->config->name,
			      "takes packets of %" PRIu64 " bytes instead of %" PRIu64 ": %s",
			      tunnel->row.mtu, before, tunnel->row.mtu_reason);
}
