// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tunnels: one TUN device each, and the table by id. The id is the slot, so a worker that wakes up for a
 * descriptor finds the tunnel, or finds that it is gone, by one load.
 *
 * Removing one TUN device takes the kernel some 20 ms, and one after the other for many: at close they go as
 * a device group in one request. Devices are not persistent: when the process dies they are gone.
 */
#include "plugins/dataplane_userspace/userspace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

static _Atomic uint64_t serials;

struct tunnel *
tunnel_create(uint32_t id, int fd, const char *name)
{
	/* its counters want cache lines of their own */
	struct tunnel *tunnel = aligned_alloc(_Alignof(struct tunnel), sizeof(*tunnel));

	if (tunnel == NULL)
		return NULL;
	memset(tunnel, 0, sizeof(*tunnel));
	tunnel->serial = atomic_fetch_add(&serials, 1);
	tunnel->id = id;
	tunnel->fd = fd;
	snprintf(tunnel->name, sizeof(tunnel->name), "%s", name);
	return tunnel;
}

static void
tunnel_free(struct tunnel *tunnel)
{
	free(atomic_load(&tunnel->inside));
	close(tunnel->fd);
	free(tunnel);
}

bool
plane_tunnel_publish(struct dataplane *plane, struct tunnel *tunnel, struct error *err)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = tunnel->id};
	bool fits;

	pthread_mutex_lock(&plane->mutex);
	fits =
	    tunnel->id != 0 && tunnel->id < TUNNEL_SLOTS && atomic_load(&plane->tunnels[tunnel->id]) == NULL;
	if (fits) {
		if (plane->encrypt_count != 0)
			tunnel->worker = &plane->encrypt[tunnel->id % plane->encrypt_count];
		plane_device_begins(plane, tunnel);
		atomic_store(&plane->tunnels[tunnel->id], tunnel);
	}
	pthread_mutex_unlock(&plane->mutex);
	if (!fits)
		return error_set(err, "tunnel %u exists already", tunnel->id);
	if (tunnel->worker != NULL)
		epoll_ctl(tunnel->worker->epoll, EPOLL_CTL_ADD, tunnel->fd, &event);
	return true;
}

bool
plane_tunnel_add(struct dataplane *plane, const struct dataplane_tunnel *wanted, char interface[16],
		 struct error *err)
{
	uint32_t id = wanted->id;
	char name[16];
	int length;
	struct tunnel *tunnel;
	int fd;

	if (id == 0 || id >= TUNNEL_SLOTS)
		return error_set(err, "tunnel id %u is out of range (1 to %d)", id, TUNNEL_SLOTS - 1);
	length = wanted->name != NULL ? snprintf(name, sizeof(name), "%s", wanted->name)
				      : snprintf(name, sizeof(name), "%s%u", plane->prefix, id);
	if ((size_t)length >= sizeof(name))
		return error_set(err, "the interface name %s is longer than 15 characters", name);
	fd = tun_open(name, wanted->mtu, plane->group, plane->paths.tun, err);
	if (fd < 0)
		return false;
	tunnel = tunnel_create(id, fd, name);
	if (tunnel == NULL) {
		close(fd);
		return error_set(err, "out of memory");
	}
	tunnel->offload = plane->paths.tun;
	atomic_store(&tunnel->mtu, wanted->mtu);
	if (!plane_tunnel_publish(plane, tunnel, err)) {
		tunnel_free(tunnel);
		return false;
	}
	memcpy(interface, tunnel->name, sizeof(tunnel->name));
	return true;
}

/*
 * The new device's file takes the place of the old one under the same descriptor, so that no worker has to be
 * told. One that has just failed to read the old one stops watching the descriptor (encrypt.c): only when
 * none can do so any more is it watched again.
 */
bool
plane_tunnel_renew(struct dataplane *plane, uint32_t id, uint32_t mtu, struct error *err)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = id};
	struct tunnel *tunnel = id < TUNNEL_SLOTS ? atomic_load(&plane->tunnels[id]) : NULL;
	int fd;
	bool good;

	if (tunnel == NULL)
		return error_set(err, "there is no tunnel %u", id);
	fd = tun_open(tunnel->name, mtu, plane->group, tunnel->offload, err);
	if (fd < 0)
		return false;
	good = dup3(fd, tunnel->fd, O_CLOEXEC) >= 0;
	if (!good)
		error_set(err, "can't take %s over: %s", tunnel->name, strerror(errno));
	close(fd);
	pthread_mutex_lock(&plane->mutex);
	if (good)
		plane_device_begins(plane, tunnel);
	pthread_mutex_unlock(&plane->mutex);
	workers_quiesce(plane);
	if (good && tunnel->worker != NULL)
		epoll_ctl(tunnel->worker->epoll, EPOLL_CTL_ADD, tunnel->fd, &event);
	return good;
}

void
plane_tunnel_remove(struct dataplane *plane, uint32_t id)
{
	struct tunnel *tunnel;
	struct sa *sas = NULL;

	if (id >= TUNNEL_SLOTS)
		return;
	pthread_mutex_lock(&plane->mutex);
	tunnel = atomic_exchange(&plane->tunnels[id], NULL);
	if (tunnel != NULL)
		sas = plane_sas_unlink(plane, tunnel);
	pthread_mutex_unlock(&plane->mutex);
	if (tunnel == NULL)
		return;
	if (tunnel->worker != NULL)
		epoll_ctl(tunnel->worker->epoll, EPOLL_CTL_DEL, tunnel->fd, NULL);
	workers_quiesce(plane);
	sa_list_free(sas);
	tunnel_free(tunnel);
}

bool
plane_tunnel_counters(struct dataplane *plane, uint32_t id, struct dataplane_counters *out)
{
	struct tunnel *tunnel = NULL;

	pthread_mutex_lock(&plane->mutex);
	if (id < TUNNEL_SLOTS)
		tunnel = atomic_load(&plane->tunnels[id]);
	if (tunnel != NULL) {
		plane_take_device_drops(plane, tunnel);
		counters_sum(&tunnel->rx, &tunnel->tx, out);
		out->drops.queue += tunnel->device.sum;
	}
	pthread_mutex_unlock(&plane->mutex);
	return tunnel != NULL;
}

void
plane_tunnel_silence(struct dataplane *plane, uint32_t id, bool silent)
{
	struct tunnel *tunnel = NULL;

	pthread_mutex_lock(&plane->mutex);
	if (id < TUNNEL_SLOTS)
		tunnel = atomic_load(&plane->tunnels[id]);
	if (tunnel != NULL)
		atomic_store(&tunnel->silent, silent);
	pthread_mutex_unlock(&plane->mutex);
}

/* Frees what no worker can look at any more. Under the mutex. */
static void
free_replaced(struct dataplane *plane)
{
	struct inside **at = &plane->replaced;

	while (*at != NULL) {
		struct inside *old = *at;

		if (workers_passed(plane, old->noted)) {
			*at = old->next;
			free(old);
		} else {
			at = &old->next;
		}
	}
}

/* The loop calls it, and a worker may stay in its section for long (batch.c waits for room outside): what is
 * replaced is freed by a later call. */
void
plane_tunnel_inside(struct dataplane *plane, uint32_t id, const struct dataplane_inside *wanted)
{
	struct inside *fresh = calloc(1, sizeof(*fresh)), *old = fresh;
	struct tunnel *tunnel = NULL;

	if (fresh != NULL) {
		memcpy(fresh->address, wanted->address, sizeof(fresh->address));
		memcpy(fresh->peer, wanted->peer, sizeof(fresh->peer));
	}
	pthread_mutex_lock(&plane->mutex);
	if (id < TUNNEL_SLOTS)
		tunnel = atomic_load(&plane->tunnels[id]);
	if (tunnel != NULL) {
		atomic_store(&tunnel->mtu, wanted->mtu);
		atomic_store(&tunnel->probed_mtu, wanted->path);
		atomic_store(&tunnel->fragments, wanted->fragments);
		old = atomic_exchange(&tunnel->inside, fresh);
	}
	if (old != NULL) {
		workers_note(plane, old->noted);
		old->next = plane->replaced;
		plane->replaced = old;
	}
	free_replaced(plane);
	pthread_mutex_unlock(&plane->mutex);
}

/* Of two limits the tighter; 0 is none. */
static uint32_t
tighter(uint32_t a, uint32_t b)
{
	return a != 0 && (b == 0 || a < b) ? a : b;
}

uint32_t
tunnel_path(const struct tunnel *tunnel)
{
	return tighter(atomic_load_explicit(&tunnel->path_mtu, memory_order_relaxed),
		       atomic_load_explicit(&tunnel->probed_mtu, memory_order_relaxed));
}

uint32_t
tunnel_fits(const struct tunnel *tunnel)
{
	return tighter(tunnel_path(tunnel), atomic_load_explicit(&tunnel->mtu, memory_order_relaxed));
}

uint32_t
tunnel_path_limit(const struct tunnel *tunnel, const uint8_t *packet)
{
	uint32_t path = tunnel_path(tunnel);

	return path != 0 && path < IPV6_LEAST && packet[0] >> 4 == 6 ? IPV6_LEAST : path;
}

void
plane_tunnels_close(struct dataplane *plane)
{
	bool group_removed = false;

	for (struct inside *old = plane->replaced, *next; old != NULL; old = next) {
		next = old->next;
		free(old);
	}
	plane->replaced = NULL;
	for (uint32_t id = 0; id < TUNNEL_SLOTS; id++) {
		struct tunnel *tunnel = atomic_exchange(&plane->tunnels[id], NULL);

		if (tunnel == NULL)
			continue;
		if (!group_removed && plane->group != 0)
			tun_remove_group(plane->group);
		group_removed = true;
		sa_list_free(plane_sas_unlink(plane, tunnel));
		tunnel_free(tunnel);
	}
}
