// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The kernel's data plane, its front: opens and closes it all, and lists the operations that the gateway
 * calls. What it does is told in kernel.h.
 */
#include "core/plugin.h"
#include "plugins/dataplane_kernel/kernel.h"

#include <inttypes.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/*
 * Linux takes 4096 (XFRMA_REPLAY_ESN_MAX), a bit each; but strongSwan's kernel-netlink writes a request into
 * 1024 bytes, of which so many bits leave too few for AES-256 with HMAC-SHA2-512 in UDP.
 */
#define REPLAY_WINDOW_MOST 2048

static enum dataplane_fit
probe(struct error *why)
{
	return kernel_probe(NULL, why);
}

static void
plane_close(struct dataplane *plane)
{
	if (plane == NULL)
		return;
	counters_stop(plane);
	plane_tunnels_close(plane);
	netlink_close(&plane->route);
	netlink_close(&plane->xfrm);
	netlink_close(&plane->counter_xfrm);
	netlink_close(&plane->remover_route);
	netlink_close(&plane->remover_xfrm);
	netlink_close(&plane->netfilter);
	pthread_mutex_destroy(&plane->removing);
	pthread_mutex_destroy(&plane->mutex);
	free(plane);
}

static bool
open_sockets(struct dataplane *plane, struct error *err)
{
	return netlink_open(&plane->route, NETLINK_ROUTE, err) &&
	       netlink_open(&plane->xfrm, NETLINK_XFRM, err) &&
	       netlink_open(&plane->counter_xfrm, NETLINK_XFRM, err) &&
	       netlink_open(&plane->remover_route, NETLINK_ROUTE, err) &&
	       netlink_open(&plane->remover_xfrm, NETLINK_XFRM, err);
}

static struct dataplane *
plane_open(const struct dataplane_options *options, const struct dataplane_host *host, struct error *err)
{
	struct dataplane *plane;
	uint32_t group;
	bool vti;

	/* Also before anything of an earlier run is touched: it may still run. */
	if (kernel_probe(&vti, err) == DATAPLANE_UNFIT || !ports_probe(err))
		return NULL;
	if (strlen(options->interface_prefix) >= sizeof(plane->prefix)) {
		error_set(err, "interface prefix '%s' is longer than %zu characters",
			  options->interface_prefix, sizeof(plane->prefix) - 1);
		return NULL;
	}
	plane = calloc(1, sizeof(*plane));
	if (plane == NULL) {
		error_set(err, "out of memory");
		return NULL;
	}
	plane->route.fd = plane->xfrm.fd = plane->counter_xfrm.fd = -1;
	plane->remover_route.fd = plane->remover_xfrm.fd = plane->netfilter.fd = -1;
	plane->vti = vti;
	plane->interface_ids = options->interface_ids;
	snprintf(plane->prefix, sizeof(plane->prefix), "%s", options->interface_prefix);
	pthread_mutex_init(&plane->mutex, NULL);
	pthread_mutex_init(&plane->removing, NULL);
	/* A device group that nobody else has: its interfaces are removed in one go. */
	if (getrandom(&group, sizeof(group), 0) == (ssize_t)sizeof(group))
		plane->group = (group & INT32_MAX) | 1 << 30;
	if (!open_sockets(plane, err)) {
		plane_close(plane);
		return NULL;
	}
	plane->cleared = leftovers_clear(&plane->route, &plane->xfrm, plane->interface_ids);
	clamp_open(&plane->netfilter, plane->group, &plane->unclamped);
	machine_read(&plane->machine_at_start);
	plane->machine = plane->machine_at_start;
	if (counters_start(plane, err))
		return plane;
	plane_close(plane);
	return NULL;
}

static unsigned
clear_of_killed_run(const struct dataplane_options *options)
{
	struct netlink route, xfrm;
	unsigned count = 0;

	if (!netlink_open(&route, NETLINK_ROUTE, NULL))
		return 0;
	/* A kernel without XFRM has nothing of it. */
	if (netlink_open(&xfrm, NETLINK_XFRM, NULL)) {
		count = leftovers_clear(&route, &xfrm, options->interface_ids);
		netlink_close(&xfrm);
	}
	netlink_close(&route);
	return count;
}

static void
report(struct dataplane *plane, struct dataplane_report *out)
{
	struct machine_counters now, then;
	char cleared[64] = "", unclamped[80] = "";

	out->sas = 0;
	pthread_mutex_lock(&plane->mutex);
	now = plane->machine;
	then = plane->machine_at_start;
	for (uint32_t id = 1; id <= plane->highest; id++)
		out->sas += plane->tunnels[id] != NULL ? plane->tunnels[id]->sa_count : 0;
	pthread_mutex_unlock(&plane->mutex);
	if (plane->cleared != 0)
		snprintf(cleared, sizeof(cleared), "; %u interfaces of a killed run cleared", plane->cleared);
	if (plane->unclamped.text[0] != '\0')
		snprintf(unclamped, sizeof(unclamped), "; no MSS clamp: %.60s", plane->unclamped.text);
	snprintf(out->text, sizeof(out->text),
		 "kernel: %s%s%s; not a tunnel's: %" PRIu64 " packets against selectors, %" PRIu64
		 " other errors",
		 plane->vti ? "VTI interfaces, SAs by mark" : "XFRM interfaces, SAs by if_id", cleared,
		 unclamped, now.selector - then.selector, now.other - then.other);
	out->unknown_spi = now.no_sa - then.no_sa;
}

const struct dataplane_ops kernel_ops = {
    .name = "kernel",
    .kernel_sas = true,
    .replay_window_most = REPLAY_WINDOW_MOST,
    .probe = probe,
    .open = plane_open,
    .clear = clear_of_killed_run,
    .close = plane_close,
    .report = report,
    .tunnel_add = plane_tunnel_add,
    .tunnel_kernel_sa = plane_tunnel_kernel_sa,
    .tunnel_renew = plane_tunnel_renew,
    .tunnel_remove = plane_tunnel_remove,
    .tunnel_counters = plane_tunnel_counters,
    .tunnel_silence = plane_tunnel_silence,
    .tunnel_inside = plane_tunnel_inside,
};

extern const struct twinspan_plugin twinspan_plugin;

TWINSPAN_PLUGIN_EXPORT const struct twinspan_plugin twinspan_plugin = {
    .abi = TWINSPAN_PLUGIN_ABI,
    .kind = TWINSPAN_PLUGIN_DATAPLANE,
    .name = "dataplane_kernel",
    .version = TWINSPAN_VERSION,
    .description = "The kernel's ESP with an XFRM interface for each tunnel",
    .ops = &kernel_ops,
};
