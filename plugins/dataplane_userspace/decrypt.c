// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ESP -> TUN. The decrypt worker waits for the outside sockets, takes up to BATCH_PACKETS messages by one
 * recvmmsg and sorts them: all of UDP 500 is IKE; on UDP 4500 four zero bytes mark IKE (RFC 3948 2.2), a
 * single 0xff is a NAT keepalive (2.3), the rest is ESP, as is all of protocol 50. ESP is opened in the
 * receive buffer and written to the TUN device of the SA's tunnel. IKE's messages are handed on after the
 * batch, outside of its section.
 *
 * ESP is taken both ways, encapsulated or not, whatever the SA sends by (RFC 7296 2.23).
 */
#include "plugins/dataplane_userspace/userspace.h"
#include "core/base/buffer.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum {
	MESSAGE = 65536 + 64, /* a whole datagram, protocol 50 with its IPv4 header */
	CONTROL = 128,
	MOVED_INTERVAL_S = 1, /* tell of one SA's new source at most this often */
	KEEPALIVE = 0xff,
};

struct decrypt_state {
	uint8_t *arena; /* BATCH_PACKETS times MESSAGE */
	struct sockaddr_storage from[BATCH_PACKETS];
	_Alignas(size_t) uint8_t control[BATCH_PACKETS][CONTROL];
	struct iovec parts[BATCH_PACKETS];
	struct mmsghdr messages[BATCH_PACKETS];
	unsigned ike_count;
	struct ike {
		unsigned message;
		const uint8_t *bytes;
		size_t length;
	} ike[BATCH_PACKETS];
};

bool
decrypt_open(struct worker *worker, struct error *err)
{
	struct decrypt_state *state = calloc(1, sizeof(*state));

	if (state == NULL || (state->arena = malloc((size_t)BATCH_PACKETS * MESSAGE)) == NULL) {
		free(state);
		return error_set(err, "out of memory");
	}
	for (unsigned i = 0; i < BATCH_PACKETS; i++)
		state->parts[i] = (struct iovec){state->arena + (size_t)i * MESSAGE, MESSAGE};
	worker->decrypt = state;
	return true;
}

void
decrypt_close(struct worker *worker)
{
	if (worker->decrypt != NULL)
		free(worker->decrypt->arena);
	free(worker->decrypt);
	worker->decrypt = NULL;
}

static bool
same_source(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
	const struct sockaddr_in *a4 = (const void *)a, *b4 = (const void *)b;
	const struct sockaddr_in6 *a6 = (const void *)a, *b6 = (const void *)b;

	if (a->ss_family != b->ss_family)
		return false;
	if (a->ss_family == AF_INET)
		return a4->sin_port == b4->sin_port && a4->sin_addr.s_addr == b4->sin_addr.s_addr;
	return a6->sin6_port == b6->sin6_port && memcmp(&a6->sin6_addr, &b6->sin6_addr, 16) == 0;
}

/*
 * The packet is authentic and the newest: where it came from is where the peer is. Only the newest, so that a
 * packet that took a detour does not bring an old address back.
 */
static void
notice_source(struct worker *worker, struct sa *sa, const struct sockaddr_storage *from, usec_t now)
{
	const struct path *path = atomic_load(&sa->path);
	struct notice notice = {.kind = NOTICE_MOVED, .spi = sa->spi};

	if (!path->encapsulated || same_source(from, &path->remote))
		return;
	if (sa->moved_told != 0 && now - sa->moved_told < MOVED_INTERVAL_S * USEC_PER_SEC)
		return;
	if (ip_address_from_sockaddr((const struct sockaddr *)from, &notice.address, &notice.port) &&
	    worker_notice(worker, &notice))
		sa->moved_told = now;
}

static struct sa *
find(struct dataplane *plane, const uint8_t *packet, size_t length)
{
	struct reader r = reader_over(packet, length);
	uint32_t spi = reader_u32(&r);
	struct sa *sa = atomic_load(&plane->inbound[spi % INBOUND_SLOTS]);

	return sa != NULL && sa->spi == spi ? sa : NULL;
}

/* An opened packet: into the tunnel's device. */
static enum drop
deliver(struct worker *worker, struct sa *sa, const struct opened *opened, usec_t now)
{
	struct counters *rx = &sa->tunnel->rx;

	worker_sa_used(worker, sa, 1, opened->length, now);
	if (write(sa->tunnel->fd, opened->bytes, opened->length) != (ssize_t)opened->length)
		return DROP_QUEUE;
	counter_add(&rx->packets, 1);
	counter_add(&rx->bytes, opened->length);
	atomic_store_explicit(&rx->last, (uint64_t)now, memory_order_relaxed);
	return DROP_NONE;
}

enum drop
decrypt_packet(struct worker *worker, uint8_t *packet, size_t length, const struct sockaddr_storage *from,
	       bool encapsulated, usec_t now)
{
	struct sa *sa = find(worker->plane, packet, length);
	struct opened opened;
	enum drop drop;

	if (sa == NULL) {
		counter_add(&worker->plane->unknown_spi, 1);
		return DROP_NO_SA;
	}
	if (atomic_load_explicit(&sa->tunnel->silent, memory_order_relaxed))
		return DROP_SILENTLY;
	if (sa_spent(sa)) {
		drop = DROP_NO_SA;
	} else {
		drop = esp_open(sa, packet, length, &opened);
		if (encapsulated && opened.newest)
			notice_source(worker, sa, from, now);
		if (opened.lost != 0)
			counter_add(&sa->tunnel->rx.lost, (uint64_t)opened.lost);
		if (drop == DROP_NONE)
			drop = deliver(worker, sa, &opened, now);
	}
	if (drop != DROP_NONE && drop < DROP_KINDS)
		counter_add(&sa->tunnel->rx.drops[drop], 1);
	return drop;
}

static void
keep_ike(struct decrypt_state *state, unsigned message, const uint8_t *bytes, size_t length)
{
	state->ike[state->ike_count++] = (struct ike){message, bytes, length};
}

/* A datagram of UDP 4500. */
static void
sort_natt(struct worker *worker, unsigned i, uint8_t *bytes, size_t length, usec_t now)
{
	struct reader r = reader_over(bytes, length);

	if (length == 1 && bytes[0] == KEEPALIVE)
		return;
	if (reader_u32(&r) == 0) {
		if (!r.failed && reader_left(&r) != 0)
			keep_ike(worker->decrypt, i, r.at, reader_left(&r));
		return;
	}
	decrypt_packet(worker, bytes, length, &worker->decrypt->from[i], true, now);
}

/* A message of the raw socket: for IPv4 it starts with the IP header. */
static void
sort_esp(struct worker *worker, unsigned i, uint8_t *bytes, size_t length, uint8_t family, usec_t now)
{
	size_t header = 0;

	if (family == AF_INET)
		header = length != 0 ? (size_t)(bytes[0] & 15) * 4 : 0;
	if (header <= length)
		decrypt_packet(worker, bytes + header, length - header, &worker->decrypt->from[i], false,
			       now);
}

static void
sort_batch(struct worker *worker, int kind, uint8_t family, unsigned count, usec_t now)
{
	struct decrypt_state *state = worker->decrypt;

	state->ike_count = 0;
	for (unsigned i = 0; i < count; i++) {
		uint8_t *bytes = state->parts[i].iov_base;
		size_t length = state->messages[i].msg_len;

		if (kind == SOCKET_ESP)
			sort_esp(worker, i, bytes, length, family, now);
		else if (kind == SOCKET_NATT)
			sort_natt(worker, i, bytes, length, now);
		else if (length != 0)
			keep_ike(state, i, bytes, length);
	}
}

/* Outside of the section: the host may take its time, and may call back into the plane. */
static void
hand_on_ike(struct worker *worker, int kind)
{
	const struct dataplane_host *host = &worker->plane->host;
	struct decrypt_state *state = worker->decrypt;

	for (unsigned i = 0; i < state->ike_count; i++) {
		const struct ike *ike = &state->ike[i];
		struct ip_address from, to;
		uint16_t port;

		socket_destination(&state->messages[ike->message].msg_hdr, &to);
		if (host->ike_message != NULL &&
		    ip_address_from_sockaddr((struct sockaddr *)&state->from[ike->message], &from, &port))
			host->ike_message(host->context, &from, port, &to,
					  kind == SOCKET_NATT ? NATT_PORT : IKE_PORT, ike->bytes,
					  ike->length);
	}
}

static unsigned
receive(struct decrypt_state *state, int fd)
{
	int got;

	for (unsigned i = 0; i < BATCH_PACKETS; i++) {
		state->messages[i].msg_hdr = (struct msghdr){
		    .msg_name = &state->from[i],
		    .msg_namelen = sizeof(state->from[i]),
		    .msg_iov = &state->parts[i],
		    .msg_iovlen = 1,
		    .msg_control = state->control[i],
		    .msg_controllen = CONTROL,
		};
	}
	got = recvmmsg(fd, state->messages, BATCH_PACKETS, MSG_DONTWAIT, NULL);
	return got > 0 ? (unsigned)got : 0;
}

void *
decrypt_run(void *argument)
{
	struct worker *worker = argument;
	struct dataplane *plane = worker->plane;
	struct epoll_event events[SOCKET_KINDS * 2 + 1];

	while (!atomic_load(&plane->stopping)) {
		int ready = epoll_wait(worker->epoll, events, SOCKET_KINDS * 2 + 1, -1);

		for (int i = 0; i < ready; i++) {
			uint64_t which = events[i].data.u64;
			unsigned count;

			if (which >= SOCKET_KINDS * 2)
				continue;
			count = receive(worker->decrypt, plane->sockets.fd[which / 2][which % 2]);
			worker_enter(worker);
			sort_batch(worker, (int)(which / 2), which % 2 != 0 ? AF_INET6 : AF_INET, count,
				   clock_monotonic());
			worker_leave(worker);
			hand_on_ike(worker, (int)(which / 2));
		}
		worker_tell(worker);
	}
	return NULL;
}
