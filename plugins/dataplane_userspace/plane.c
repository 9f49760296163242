// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The userspace data plane's front: opens and closes it all, and lists the operations that the gateway calls.
 * What happens to packets is told in userspace.h, encrypt.c and decrypt.c.
 */
#include "plugins/dataplane_userspace/userspace.h"
#include "core/plugin.h"

#include <errno.h>
#include <linux/capability.h>
#include <openssl/crypto.h>
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

static bool
userspace_probe(struct error *err)
{
	return capabilities_probe(err) && tun_probe(err);
}

/* --- open and close ---------------------------------------------------------------------------- */

struct dataplane *
plane_create(const struct dataplane_options *options, const struct dataplane_host *host)
{
	struct dataplane *plane = aligned_alloc(_Alignof(struct dataplane), sizeof(*plane));

	if (plane == NULL)
		return NULL;
	memset(plane, 0, sizeof(*plane));
	memset(plane->sockets.fd, -1, sizeof(plane->sockets.fd));
	plane->host = *host;
	snprintf(plane->prefix, sizeof(plane->prefix), "%s",
		 options->interface_prefix != NULL ? options->interface_prefix : "ts");
	plane->decrypt.plane = plane;
	plane->decrypt.epoll = plane->decrypt.wake = -1;
	pthread_mutex_init(&plane->mutex, NULL);
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
}

void
plane_free(struct dataplane *plane)
{
	plane_tunnels_close(plane);
	sockets_close(&plane->sockets);
	for (unsigned i = 0; i < plane->encrypt_count; i++)
		worker_close(&plane->encrypt[i]);
	worker_close(&plane->decrypt);
	pthread_mutex_destroy(&plane->mutex);
	free(plane);
}

static bool
worker_open(struct worker *worker, struct dataplane *plane, struct error *err)
{
	worker->plane = plane;
	worker->epoll = epoll_create1(EPOLL_CLOEXEC);
	worker->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (worker->epoll < 0 || worker->wake < 0)
		return error_set(err, "can't make an event descriptor: %s", strerror(errno));
	return true;
}

static bool
start_decrypt(struct dataplane *plane, struct error *err)
{
	if (!worker_open(&plane->decrypt, plane, err) || !decrypt_open(&plane->decrypt, err))
		return false;
	for (uint64_t which = 0; which < SOCKET_KINDS * 2; which++) {
		struct epoll_event event = {.events = EPOLLIN, .data.u64 = which};
		int fd = plane->sockets.fd[which / 2][which % 2];

		if (fd >= 0 && epoll_ctl(plane->decrypt.epoll, EPOLL_CTL_ADD, fd, &event) < 0)
			return error_set(err, "can't watch a socket: %s", strerror(errno));
	}
	return worker_start(&plane->decrypt, plane, decrypt_run, err);
}

static bool
start_encrypt(struct dataplane *plane, unsigned count, struct error *err)
{
	for (unsigned i = 0; i < count; i++) {
		plane->encrypt_count = i + 1;
		if (!worker_open(&plane->encrypt[i], plane, err) || !encrypt_open(&plane->encrypt[i], err) ||
		    !worker_start(&plane->encrypt[i], plane, encrypt_run, err))
			return false;
	}
	return true;
}

/* One tunnel has one encrypt worker, so several only help where several tunnels are busy. */
static unsigned
worker_count(unsigned wanted)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	if (wanted == 0)
		wanted = cores > 2 ? (unsigned)cores / 2 : 1;
	return wanted > ENCRYPT_WORKERS_MAX ? ENCRYPT_WORKERS_MAX : wanted;
}

static void
stop_workers(struct dataplane *plane)
{
	atomic_store(&plane->stopping, true);
	for (unsigned i = 0; i < plane->encrypt_count; i++)
		worker_stop(&plane->encrypt[i]);
	worker_stop(&plane->decrypt);
}

static void
userspace_close(struct dataplane *plane)
{
	if (plane == NULL)
		return;
	stop_workers(plane);
	plane_free(plane);
}

static struct dataplane *
userspace_open(const struct dataplane_options *options, const struct dataplane_host *host, struct error *err)
{
	struct dataplane *plane;
	uint32_t group;

	if (!capabilities_probe(err))
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
	if (sockets_open(&plane->sockets, &options->local, err) && start_decrypt(plane, err) &&
	    start_encrypt(plane, worker_count(options->workers), err))
		return plane;
	userspace_close(plane);
	return NULL;
}

static void
userspace_report(struct dataplane *plane, struct dataplane_report *out)
{
	snprintf(out->text, sizeof(out->text),
		 "userspace: TUN, batches of %d (recvmmsg, sendmmsg), %s, %u encrypt + 1 decrypt threads, %s "
		 "outside",
		 BATCH_PACKETS, OpenSSL_version(OPENSSL_VERSION), plane->encrypt_count,
		 plane->sockets.fd[SOCKET_NATT][0] < 0   ? "IPv6"
		 : plane->sockets.fd[SOCKET_NATT][1] < 0 ? "IPv4"
							 : "IPv4 and IPv6");
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
    .probe = userspace_probe,
    .open = userspace_open,
    .close = userspace_close,
    .report = userspace_report,
    .tunnel_add = plane_tunnel_add,
    .tunnel_remove = plane_tunnel_remove,
    .tunnel_counters = plane_tunnel_counters,
    .tunnel_renew = plane_tunnel_renew,
    .tunnel_silence = plane_tunnel_silence,
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
