// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The userspace data plane's front: opens and closes it all, and lists the operations that the gateway calls.
 * What happens to packets is told in userspace.h, encrypt.c and decrypt.c.
 */
#include "plugins/dataplane_userspace/userspace.h"
#include "core/plugin.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

/* --- what the machine allows ------------------------------------------------------------------- */

static bool
have_capability(unsigned capability)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {0};

	if (syscall(SYS_capget, &header, data) < 0)
		return true; /* can't tell: the attempt itself will */
	return (data[capability / 32].effective >> capability % 32 & 1) != 0;
}

static bool
capabilities_probe(struct error *err)
{
	static const struct {
		unsigned capability;
		const char *name, *what;
	} needed[] = {
	    {CAP_NET_ADMIN, "CAP_NET_ADMIN", "makes the tunnels' interfaces"},
	    {CAP_NET_RAW, "CAP_NET_RAW", "opens the ESP socket"},
	};

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (!have_capability(needed[i].capability))
			return error_set(err, "the gateway lacks %s, which %s: run it as root or grant it",
					 needed[i].name, needed[i].what);
	return true;
}

static enum dataplane_fit
userspace_probe(struct error *why)
{
	if (!capabilities_probe(why) || !tun_probe(NULL, why))
		return DATAPLANE_UNFIT;
	error_set(why, "there are TUN devices");
	return DATAPLANE_FIT;
}

/* --- open and close ---------------------------------------------------------------------------- */

static void
seat(struct dataplane *plane, struct worker workers[WORKERS_MAX])
{
	for (unsigned i = 0; i < WORKERS_MAX; i++) {
		workers[i].plane = plane;
		workers[i].index = i;
		workers[i].peers = workers;
		workers[i].peer_count = 1;
		workers[i].epoll = workers[i].wake = -1;
	}
}

struct dataplane *
plane_create(const struct dataplane_options *options, const struct dataplane_host *host)
{
	struct dataplane *plane = aligned_alloc(_Alignof(struct dataplane), sizeof(*plane));

	if (plane == NULL)
		return NULL;
	memset(plane, 0, sizeof(*plane));
	memset(plane->sockets.fd, -1, sizeof(plane->sockets.fd));
	memset(plane->watch.fd, -1, sizeof(plane->watch.fd));
	plane->host = *host;
	snprintf(plane->prefix, sizeof(plane->prefix), "%s",
		 options->interface_prefix != NULL ? options->interface_prefix : "ts");
	memset(plane->more, -1, sizeof(plane->more));
	seat(plane, plane->encrypt);
	seat(plane, plane->decrypt);
	plane->decrypt_count = 1;
	pthread_mutex_init(&plane->mutex, NULL);
	pthread_cond_init(&plane->devices.wake, NULL);
	return plane;
}

static void
worker_close(struct worker *worker)
{
	if (worker->wake >= 0)
		close(worker->wake);
	if (worker->epoll >= 0)
		close(worker->epoll);
	encrypt_close(worker);
	decrypt_close(worker);
	jobs_free(worker->jobs);
}

void
plane_free(struct dataplane *plane)
{
	plane_tunnels_close(plane);
	sockets_close(&plane->sockets);
	for (unsigned i = 0; i < WORKERS_MAX - 1; i++)
		sockets_close(&plane->more[i]);
	path_watch_close(&plane->watch);
	for (unsigned i = 0; i < plane->encrypt_count; i++)
		worker_close(&plane->encrypt[i]);
	for (unsigned i = 0; i < plane->decrypt_count; i++)
		worker_close(&plane->decrypt[i]);
	free(plane->devices.table);
	pthread_cond_destroy(&plane->devices.wake);
	pthread_mutex_destroy(&plane->mutex);
	free(plane);
}

void
plane_set_workers(struct dataplane *plane, unsigned count)
{
	plane->encrypt_count = plane->decrypt_count = count;
	for (unsigned i = 0; i < count; i++)
		plane->encrypt[i].peer_count = plane->decrypt[i].peer_count = count;
}

static bool
worker_open(struct worker *worker, struct error *err)
{
	worker->epoll = epoll_create1(EPOLL_CLOEXEC);
	worker->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (worker->epoll < 0 || worker->wake < 0)
		return error_set(err, "can't make an event descriptor: %s", strerror(errno));
	return true;
}

/* The sockets of all decrypt workers. */
static void
share_sockets(struct dataplane *plane, const struct dataplane_options *options)
{
	unsigned more = plane->decrypt_count - 1;

	plane->steered = (more == 0 || (options->without & DATAPLANE_STEERING) == 0) &&
			 sockets_steer(&plane->sockets, plane->more, more, &options->local);
	for (unsigned i = 0; i <= more; i++) {
		struct worker *worker = &plane->decrypt[i];

		worker->sockets = i == 0 ? &plane->sockets : &plane->more[i - 1];
		sockets_probe(worker->sockets, &plane->paths);
	}
}

static bool
watch_sockets(struct worker *worker, struct error *err)
{
	for (uint64_t which = 0; which < SOCKET_RECEIVING * 2; which++) {
		struct epoll_event event = {.events = EPOLLIN, .data.u64 = which};
		int fd = worker->sockets->fd[which / 2][which % 2];

		if (fd >= 0 && epoll_ctl(worker->epoll, EPOLL_CTL_ADD, fd, &event) < 0)
			return error_set(err, "can't watch a socket: %s", strerror(errno));
	}
	return true;
}

/* All are opened before the first starts, which may have something for any other. */
static bool
start_workers(struct dataplane *plane, const struct dataplane_options *options, unsigned count,
	      struct error *err)
{
	plane_set_workers(plane, count);
	share_sockets(plane, options);
	for (unsigned i = 0; i < count; i++) {
		struct worker *in = &plane->decrypt[i], *out = &plane->encrypt[i];

		if (!worker_open(in, err) || !decrypt_open(in, err) || !watch_sockets(in, err) ||
		    !worker_open(out, err) || !encrypt_open(out, err))
			return false;
	}
	for (unsigned i = 0; i < count; i++)
		if (!worker_start(&plane->decrypt[i], plane, decrypt_run, err) ||
		    !worker_start(&plane->encrypt[i], plane, encrypt_run, err))
			return false;
	return true;
}

/* In each direction. A tunnel has one worker of its own and the help of others only for its cryptography.
 * Half of the cores: the other half is for the other direction, and for what the packets are for. */
static unsigned
worker_count(unsigned wanted)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	if (wanted == 0)
		wanted = cores > 2 ? (unsigned)cores / 2 : 1;
	return wanted > WORKERS_MAX ? WORKERS_MAX : wanted;
}

static void
stop_workers(struct dataplane *plane)
{
	atomic_store(&plane->stopping, true);
	for (unsigned i = 0; i < plane->encrypt_count; i++)
		worker_stop(&plane->encrypt[i]);
	for (unsigned i = 0; i < plane->decrypt_count; i++)
		worker_stop(&plane->decrypt[i]);
}

static void
userspace_close(struct dataplane *plane)
{
	if (plane == NULL)
		return;
	device_reader_stop(plane);
	stop_workers(plane);
	plane_free(plane);
}

static struct fast_paths
paths_wanted(unsigned without)
{
	return (struct fast_paths){
	    .tun = (without & DATAPLANE_TUN_TSO) != 0   ? TUN_PLAIN
		   : (without & DATAPLANE_TUN_USO) != 0 ? TUN_TSO
							: TUN_USO,
	    .udp_gso = (without & DATAPLANE_UDP_GSO) == 0,
	    .udp_gro = (without & DATAPLANE_UDP_GRO) == 0,
	};
}

static struct dataplane *
userspace_open(const struct dataplane_options *options, const struct dataplane_host *host, struct error *err)
{
	struct dataplane *plane;
	uint32_t group;

	if (!capabilities_probe(err) || !suites_use(getenv("TWINSPAN_CRYPTO"), err))
		return NULL;
	if (options->interface_prefix != NULL && strlen(options->interface_prefix) > 10) {
		error_set(err, "interface prefix '%s' is longer than 10 characters",
			  options->interface_prefix);
		return NULL;
	}
	plane = plane_create(options, host);
	if (plane == NULL) {
		error_set(err, "out of memory");
		return NULL;
	}
	/* a device group that nobody else has: its devices are removed in one go */
	if (getrandom(&group, sizeof(group), 0) == (ssize_t)sizeof(group))
		plane->group = (group & INT32_MAX) | 1 << 30;
	plane->paths = paths_wanted(options->without);
	if (tun_probe(&plane->paths.tun, err) && sockets_open(&plane->sockets, &options->local, err) &&
	    path_watch_open(&plane->watch, err) &&
	    start_workers(plane, options, worker_count(options->workers), err) &&
	    device_reader_start(plane, err))
		return plane;
	userspace_close(plane);
	return NULL;
}

static void
userspace_report(struct dataplane *plane, struct dataplane_report *out)
{
	char crypto[64];
	static const char *const tun[] = {
	    [TUN_PLAIN] = "single packets", [TUN_TSO] = "TSO", [TUN_USO] = "TSO, USO"};

	snprintf(out->text, sizeof(out->text),
		 "TUN %s; UDP %s, %s; %s; %u encrypt + %u decrypt threads%s; %s outside",
		 tun[plane->paths.tun], plane->paths.udp_gso ? "GSO" : "sendmmsg",
		 plane->paths.udp_gro ? "GRO" : "recvmmsg", suites_describe(crypto, sizeof(crypto)),
		 plane->encrypt_count, plane->decrypt_count, plane->steered ? "" : " (the first sorts)",
		 plane->sockets.fd[SOCKET_NATT][0] < 0   ? "IPv6"
		 : plane->sockets.fd[SOCKET_NATT][1] < 0 ? "IPv4"
							 : "IPv4 and IPv6");
	out->sas = atomic_load(&plane->sa_count);
	out->unknown_spi = atomic_load(&plane->unknown_spi);
}

/* --- IKE's packets ----------------------------------------------------------------------------- */

static bool
userspace_ike_send(struct dataplane *plane, const struct ip_address *from, uint16_t from_port,
		   const struct ip_address *to, uint16_t to_port, const uint8_t *message, size_t length)
{
	static const uint8_t marker[4];
	struct iovec parts[] = {{(void *)marker, sizeof(marker)}, {(void *)message, length}};

	if (from_port == NATT_PORT)
		return sockets_send(&plane->sockets, SOCKET_NATT, from, to, to_port, parts, 2);
	return sockets_send(&plane->sockets, SOCKET_IKE, from, to, to_port, parts + 1, 1);
}

static bool
userspace_keepalive_send(struct dataplane *plane, const struct ip_address *from, const struct ip_address *to,
			 uint16_t to_port)
{
	static const uint8_t keepalive[1] = {0xff};
	struct iovec part = {(void *)keepalive, sizeof(keepalive)};

	return sockets_send(&plane->sockets, SOCKET_NATT, from, to, to_port, &part, 1);
}

const struct dataplane_ops userspace_ops = {
    .name = "userspace",
    .kernel_sas = false,
    .replay_window_most = REPLAY_WINDOW_MAX,
    .prefers_udp = true,
    .probe = userspace_probe,
    .open = userspace_open,
    .close = userspace_close,
    .report = userspace_report,
    .tunnel_add = plane_tunnel_add,
    .tunnel_remove = plane_tunnel_remove,
    .tunnel_counters = plane_tunnel_counters,
    .tunnel_renew = plane_tunnel_renew,
    .tunnel_silence = plane_tunnel_silence,
    .tunnel_inside = plane_tunnel_inside,
    .tunnel_path = plane_tunnel_path,
    .spi_allocate = plane_spi_allocate,
    .sa_add = plane_sa_add,
    .sa_update = plane_sa_update,
    .sa_query = plane_sa_query,
    .sa_remove = plane_sa_remove,
    .ike_send = userspace_ike_send,
    .keepalive_send = userspace_keepalive_send,
};

extern const struct twinspan_plugin twinspan_plugin;

TWINSPAN_PLUGIN_EXPORT const struct twinspan_plugin twinspan_plugin = {
    .abi = TWINSPAN_PLUGIN_ABI,
    .kind = TWINSPAN_PLUGIN_DATAPLANE,
    .name = "dataplane_userspace",
    .version = TWINSPAN_VERSION,
    .description = "ESP and tunnel interfaces in this process, for machines whose kernel has no ESP",
    .ops = &userspace_ops,
};
