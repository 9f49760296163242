// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tunnels: an interface each, and the table by id. Their SAs and policies are charon's; here they are only
 * removed, where somebody left them.
 *
 * Silence (for drills) is a queueing discipline that drops what leaves before it reaches the interface, and
 * policies that refuse what came in. The interface counts that all the same: the figures stand still
 * meanwhile (counters.c).
 */
#include "plugins/dataplane_kernel/kernel.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tunnel *
plane_tunnel(struct dataplane *plane, uint32_t id)
{
	return id < TUNNEL_SLOTS ? plane->tunnels[id] : NULL;
}

/* --- interfaces -------------------------------------------------------------------------------- */

static const char *
kind_of(const struct dataplane *plane, const struct tunnel *tunnel)
{
	if (!plane->vti)
		return "xfrm";
	return tunnel->local.family == AF_INET6 || tunnel->remote.family == AF_INET6 ? "vti6" : "vti";
}

static bool
explain(const struct dataplane *plane, const struct tunnel *tunnel, int code, struct error *err)
{
	const char *words = plane->route.reason.text;

	if (code == -EEXIST)
		return error_set(err,
				 "can't make interface %s: one of that name or with interface_id %u is there "
				 "already",
				 tunnel->name, tunnel->tie.id);
	return error_set(err, "can't make interface %s (%s): %s%s%s", tunnel->name, kind_of(plane, tunnel),
			 strerror(-code), words[0] != '\0' ? ": " : "", words);
}

static bool
make_interface(struct dataplane *plane, struct tunnel *tunnel, struct error *err)
{
	struct link_wish wish = {
	    .name = tunnel->name,
	    .kind = kind_of(plane, tunnel),
	    .tie_id = tunnel->tie.id,
	    .local = tunnel->local,
	    .remote = tunnel->remote,
	};
	int result = link_create(&plane->route, &wish);

	if (result != 0)
		return explain(plane, tunnel, result, err);
	tunnel->ifindex = (int)if_nametoindex(tunnel->name);
	result = link_finish(&plane->route, tunnel->ifindex, tunnel->id, tunnel->mtu, plane->group);
	if (result == 0)
		return true;
	error_set(err, "can't bring %s up with MTU %u: %s%s%s", tunnel->name, tunnel->mtu, strerror(-result),
		  plane->route.reason.text[0] != '\0' ? ": " : "", plane->route.reason.text);
	link_remove(&plane->route, tunnel->ifindex);
	return false;
}

/* A VTI gets what comes from its remote to its local address. */
static bool
check_vti(const struct dataplane *plane, const struct tunnel *tunnel, struct error *err)
{
	if (!ip_address_is_set(&tunnel->remote))
		return error_set(err,
				 "%s needs a remote address: this kernel, without XFRM interfaces, knows "
				 "tunnels by it (VTI); dataplane: userspace does without",
				 tunnel->name);
	for (uint32_t id = 1; id <= plane->highest; id++) {
		const struct tunnel *other = plane->tunnels[id];

		if (other != NULL && ip_address_equal(&other->local, &tunnel->local) &&
		    ip_address_equal(&other->remote, &tunnel->remote))
			return error_set(err,
					 "%s has the same outside addresses as %s, and this kernel, without "
					 "XFRM interfaces, can't tell them apart (VTI): use dataplane: "
					 "userspace",
					 tunnel->name, other->name);
	}
	return true;
}

static void
tunnel_free(struct tunnel *tunnel)
{
	free(tunnel->sas);
	free(tunnel);
}

static bool
add(struct dataplane *plane, struct tunnel *tunnel, struct error *err)
{
	if (plane->tunnels[tunnel->id] != NULL)
		return error_set(err, "tunnel %u exists already", tunnel->id);
	if (plane->vti && !check_vti(plane, tunnel, err))
		return false;
	if (!make_interface(plane, tunnel, err))
		return false;
	tie_clear(&plane->xfrm, &tunnel->tie, tunnel->id);
	plane->tunnels[tunnel->id] = tunnel;
	if (tunnel->id > plane->highest)
		plane->highest = tunnel->id;
	return true;
}

bool
plane_tunnel_add(struct dataplane *plane, const struct dataplane_tunnel *wanted, char interface[16],
		 struct error *err)
{
	struct tunnel *tunnel;
	char name[IFNAMSIZ];
	int length;
	bool good;

	if (wanted->id == 0 || wanted->id >= TUNNEL_SLOTS)
		return error_set(err, "tunnel id %u is out of range (1 to %d)", wanted->id, TUNNEL_SLOTS - 1);
	length = wanted->name != NULL ? snprintf(name, sizeof(name), "%s", wanted->name)
				      : snprintf(name, sizeof(name), "%s%u", plane->prefix, wanted->id);
	if ((size_t)length >= sizeof(name))
		return error_set(err, "the interface name %s is longer than 15 characters", name);
	tunnel = calloc(1, sizeof(*tunnel));
	if (tunnel == NULL)
		return error_set(err, "out of memory");
	own_init(&tunnel->own);
	tunnel->id = wanted->id;
	tunnel->mtu = wanted->mtu;
	tunnel->tie = (struct tie){.id = wanted->interface_id, .mark = plane->vti};
	tunnel->local = wanted->local;
	tunnel->remote = wanted->remote;
	memcpy(tunnel->name, name, sizeof(tunnel->name));
	pthread_mutex_lock(&plane->mutex);
	good = add(plane, tunnel, err);
	pthread_mutex_unlock(&plane->mutex);
	if (!good) {
		tunnel_free(tunnel);
		return false;
	}
	memcpy(interface, name, sizeof(name));
	return true;
}

bool
plane_tunnel_kernel_sa(struct dataplane *plane, uint32_t id, struct dataplane_kernel_sa *out)
{
	const struct tunnel *tunnel;

	pthread_mutex_lock(&plane->mutex);
	tunnel = plane_tunnel(plane, id);
	if (tunnel != NULL)
		*out = (struct dataplane_kernel_sa){
		    .interface_id = tunnel->tie.mark ? 0 : tunnel->tie.id,
		    .mark = tunnel->tie.mark ? tunnel->tie.id : 0,
		};
	pthread_mutex_unlock(&plane->mutex);
	return tunnel != NULL;
}

bool
plane_tunnel_renew(struct dataplane *plane, uint32_t id, uint32_t mtu, struct error *err)
{
	struct tunnel *tunnel;
	bool good = false;

	pthread_mutex_lock(&plane->mutex);
	tunnel = plane_tunnel(plane, id);
	if (tunnel == NULL) {
		error_set(err, "there is no tunnel %u", id);
	} else {
		tunnel->mtu = mtu;
		good = make_interface(plane, tunnel, err);
	}
	if (good) {
		tunnel_keep_figures(tunnel);
		own_watch(&tunnel->own, &plane->idle, tunnel->ifindex, tunnel_refused(tunnel));
		if (tunnel->silent)
			link_silence(&plane->route, tunnel->ifindex, true);
	}
	pthread_mutex_unlock(&plane->mutex);
	return good;
}

/* The kernel takes its time, in which the loop asks for the counters of others. */
void
plane_tunnel_remove(struct dataplane *plane, uint32_t id)
{
	struct tunnel *tunnel;

	pthread_mutex_lock(&plane->mutex);
	tunnel = plane_tunnel(plane, id);
	if (tunnel != NULL) {
		plane->tunnels[id] = NULL;
		own_leave(&tunnel->own, &plane->idle);
	}
	pthread_mutex_unlock(&plane->mutex);
	if (tunnel == NULL)
		return;
	pthread_mutex_lock(&plane->removing);
	tie_clear(&plane->remover_xfrm, &tunnel->tie, 0);
	link_remove(&plane->remover_route, tunnel->ifindex);
	pthread_mutex_unlock(&plane->removing);
	tunnel_free(tunnel);
}

void
plane_tunnels_close(struct dataplane *plane)
{
	bool any = false;

	for (uint32_t id = 1; id <= plane->highest; id++) {
		if (plane->tunnels[id] == NULL)
			continue;
		any = true;
		if (plane->tunnels[id]->silent)
			tie_block(&plane->xfrm, &plane->tunnels[id]->tie, false);
		own_leave(&plane->tunnels[id]->own, &plane->idle);
		tunnel_free(plane->tunnels[id]);
		plane->tunnels[id] = NULL;
	}
	if (any)
		link_remove_group(&plane->route, plane->group);
	own_idle_close(&plane->idle);
}

void
plane_tunnel_inside(struct dataplane *plane, uint32_t id, const struct dataplane_inside *inside)
{
	struct tunnel *tunnel;

	pthread_mutex_lock(&plane->mutex);
	tunnel = plane_tunnel(plane, id);
	if (tunnel != NULL && (memcmp(tunnel->own.address, inside->address, sizeof(inside->address)) != 0 ||
			       memcmp(tunnel->own.peer, inside->peer, sizeof(inside->peer)) != 0)) {
		memcpy(tunnel->own.address, inside->address, sizeof(inside->address));
		memcpy(tunnel->own.peer, inside->peer, sizeof(inside->peer));
		own_watch(&tunnel->own, &plane->idle, tunnel->ifindex, tunnel_refused(tunnel));
	}
	pthread_mutex_unlock(&plane->mutex);
}

/* --- silence ----------------------------------------------------------------------------------- */

void
plane_tunnel_silence(struct dataplane *plane, uint32_t id, bool silent)
{
	struct tunnel *tunnel;
	uint64_t vanished;

	pthread_mutex_lock(&plane->mutex);
	tunnel = plane_tunnel(plane, id);
	if (tunnel != NULL && tunnel->silent != silent) {
		tunnel_read(plane, tunnel);
		if (silent) {
			tunnel->hidden = tunnel->now;
		} else {
			/* What was hidden stays hidden, and what vanished was sent. */
			tunnel->kept.rx_packets -= tunnel->now.rx_packets - tunnel->hidden.rx_packets;
			tunnel->kept.rx_bytes -= tunnel->now.rx_bytes - tunnel->hidden.rx_bytes;
			vanished = tunnel_vanished(plane, tunnel);
			tunnel->kept.tx_packets += vanished;
			tunnel->own.tx += vanished; /* whose they were is not known */
			tunnel->vanished = 0;
		}
		link_silence(&plane->route, tunnel->ifindex, silent);
		tie_block(&plane->xfrm, &tunnel->tie, silent);
		tunnel->silent = silent;
	}
	pthread_mutex_unlock(&plane->mutex);
}
