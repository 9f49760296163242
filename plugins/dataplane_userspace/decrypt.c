// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ESP -> TUN. A decrypt worker waits for its outside sockets, takes what is there by one recvmmsg and sorts
 * it: all of UDP 500 is IKE; on UDP 4500 four zero bytes mark IKE (RFC 3948 2.2), a single 0xff is a NAT
 * keepalive (2.3), the rest is ESP, as is all of protocol 50. With UDP_GRO a message is many datagrams of one
 * sender, all of one length but the last. ESP of its own SAs goes to rows.c; of another worker's, and IKE,
 * which is the first worker's, into that one's inbox (parallel.h). IKE's messages are handed on after the
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
	KEEPALIVE = 0xff,
	AT_ONCE = 131072, /* bytes of one receive, so that they are still in the cache when they are opened */
	AT_ONCE_BY_MANY = 524288, /* where others help to open them */
	MESSAGES_LEAST = 2,
	MESSAGES_MOST = 32, /* where each may hold 64 KB */
	PARCELS = 64,       /* of the inbox before the sockets are looked at again */
	HOLD_US = 500000,   /* how long packets wait for their keys */
	HOLD_LOOK_MS = 5,   /* and how often is looked whether these have come */
};

struct decrypt_state {
	uint8_t *arena; /* BATCH_PACKETS times MESSAGE */
	struct sockaddr_storage from[BATCH_PACKETS];
	_Alignas(size_t) uint8_t control[BATCH_PACKETS][CONTROL];
	struct iovec parts[BATCH_PACKETS];
	struct mmsghdr messages[BATCH_PACKETS];
	size_t average[SOCKET_KINDS]; /* length of a message, of the last receive */
	struct hold *hold;
	uint32_t gave; /* a bit for each worker that was given parcels */
	unsigned ike_count;
	struct ike {
		struct arrival arrival;
		const uint8_t *bytes;
		size_t length;
	} ike[BATCH_PACKETS];
};

bool
decrypt_open(struct worker *worker, struct error *err)
{
	struct decrypt_state *state = calloc(1, sizeof(*state));
	bool several = worker->peer_count > 1;

	worker->decrypt = state;
	worker->jobs = jobs_create();
	worker->rows = rows_create(several ? JOBS : 1);
	if (several)
		worker->inbox = inbox_create();
	if (state == NULL || worker->jobs == NULL || worker->rows == NULL ||
	    (several && worker->inbox == NULL) ||
	    (state->arena = hot_create((size_t)BATCH_PACKETS * MESSAGE)) == NULL ||
	    (state->hold = hold_create()) == NULL)
		return error_set(err, "out of memory");
	for (unsigned i = 0; i < BATCH_PACKETS; i++)
		state->parts[i] = (struct iovec){state->arena + (size_t)i * MESSAGE, MESSAGE};
	return true;
}

void
decrypt_close(struct worker *worker)
{
	rows_free(worker->rows);
	inbox_free(worker->inbox);
	worker->rows = NULL;
	worker->inbox = NULL;
	if (worker->decrypt == NULL)
		return;
	hot_free(worker->decrypt->arena);
	hold_free(worker->decrypt->hold);
	free(worker->decrypt);
	worker->decrypt = NULL;
}

/* --- packets ----------------------------------------------------------------------------------- */

/* Was the SPI given out, but not its keys? */
static bool
expected(struct dataplane *plane, uint32_t spi)
{
	return spi != 0 &&
	       atomic_load_explicit(&plane->spi_reserved[spi % INBOUND_SLOTS], memory_order_relaxed) == spi &&
	       atomic_load(&plane->inbound[spi % INBOUND_SLOTS]) == NULL;
}

/* A packet of this worker's. */
static enum drop
take(struct worker *worker, const struct arrival *arrival, uint8_t *packet, size_t length, usec_t now)
{
	enum drop drop = rows_add(worker, arrival, packet, length, now);
	struct reader r = reader_over(packet, length);

	if (drop != DROP_NO_SA)
		return drop;
	if (expected(worker->plane, reader_u32(&r)) &&
	    hold_keep(worker->decrypt->hold, packet, length, arrival->from, arrival->encapsulated,
		      arrival->tos, now))
		return DROP_SILENTLY;
	counter_share(&worker->plane->unknown_spi, 1);
	return DROP_NO_SA;
}

/* A packet that comes alone. */
static enum drop
open_one(struct worker *worker, const struct arrival *arrival, uint8_t *packet, size_t length, usec_t now)
{
	enum drop drop = take(worker, arrival, packet, length, now);

	if (drop != DROP_NONE)
		return drop;
	rows_flush(worker, now);
	return rows_last(worker->rows);
}

enum drop
decrypt_packet(struct worker *worker, uint8_t *packet, size_t length, const struct sockaddr_storage *from,
	       bool encapsulated, usec_t now)
{
	struct arrival arrival = {.from = from, .encapsulated = encapsulated};

	return open_one(worker, &arrival, packet, length, now);
}

/* IKE adds the inbound SA first: an answer that came before the outbound one would be lost. */
static bool
answerable(const struct sa *sa)
{
	return atomic_load(&sa->tunnel->outbound) != NULL;
}

void
decrypt_held(struct worker *worker, usec_t now)
{
	struct hold *hold = worker->decrypt->hold;
	struct held held;
	unsigned n = 0;

	while (hold_at(hold, n, &held)) {
		struct reader r = reader_over(held.bytes, held.length);
		uint32_t spi = reader_u32(&r);
		struct sa *sa = plane_inbound(worker->plane, spi);
		bool waits = now - held.since < HOLD_US;

		if (sa != NULL && (answerable(sa) || !waits)) {
			struct arrival arrival = {
			    .from = held.from, .encapsulated = held.encapsulated, .tos = held.tos};

			open_one(worker, &arrival, held.bytes, held.length, now);
		} else if (waits && (sa != NULL || expected(worker->plane, spi))) {
			n++;
			continue;
		} else {
			counter_share(&worker->plane->unknown_spi, 1);
		}
		hold_remove(hold, n);
	}
}

/* --- sorting ----------------------------------------------------------------------------------- */

static void
keep_ike(struct decrypt_state *state, const struct arrival *arrival, const uint8_t *bytes, size_t length)
{
	if (state->ike_count < BATCH_PACKETS)
		state->ike[state->ike_count++] = (struct ike){*arrival, bytes, length};
}

/* Whose a datagram is. What has no SPI, and IKE, is the first worker's. */
static struct worker *
owner_of(struct worker *worker, const uint8_t *bytes, size_t length)
{
	struct reader r = reader_over(bytes, length);

	return &worker->peers[plane_owner(worker->plane, reader_u32(&r))];
}

/* A parcel that its owner has no room for. */
static void
drop_parcel(struct worker *worker, const uint8_t *bytes, size_t length, size_t size)
{
	struct reader r = reader_over(bytes, length);
	struct sa *sa = plane_inbound(worker->plane, reader_u32(&r));

	counter_share(sa != NULL ? &sa->tunnel->rx.drops[DROP_QUEUE] : &worker->plane->unknown_spi,
		      (length + size - 1) / size);
}

static void
hand_over(struct worker *worker, struct worker *owner, const struct arrival *arrival, const uint8_t *bytes,
	  size_t length, size_t size)
{
	struct parcel *parcel = inbox_room(owner->inbox, length);

	if (parcel == NULL) {
		drop_parcel(worker, bytes, length, size);
		return;
	}
	parcel->from = *arrival->from;
	socket_destination(arrival->message, &parcel->to);
	parcel->encapsulated = arrival->encapsulated;
	parcel->tos = arrival->tos;
	parcel->length = length;
	parcel->size = size;
	memcpy(parcel->bytes, bytes, length);
	inbox_put(owner->inbox, parcel);
	worker->decrypt->gave |= 1u << owner->index;
}

/* One datagram of this worker's, of UDP 4500 or protocol 50. */
static void
sort_datagram(struct worker *worker, const struct arrival *arrival, uint8_t *bytes, size_t length, usec_t now)
{
	struct reader r = reader_over(bytes, length);

	if (arrival->encapsulated && length == 1 && bytes[0] == KEEPALIVE)
		return;
	if (arrival->encapsulated && reader_u32(&r) == 0 && !r.failed) {
		if (reader_left(&r) != 0)
			keep_ike(worker->decrypt, arrival, r.at, reader_left(&r));
		return;
	}
	take(worker, arrival, bytes, length, now);
}

/* Datagrams of one length, but the last, which may be shorter. Those in a row that are another worker's are
 * handed over together. */
static void
sort_datagrams(struct worker *worker, const struct arrival *arrival, uint8_t *bytes, size_t length,
	       size_t size, usec_t now)
{
	while (length != 0) {
		struct worker *owner =
		    worker->inbox != NULL ? owner_of(worker, bytes, length < size ? length : size) : worker;
		size_t end = length < size ? length : size;

		if (owner == worker) {
			sort_datagram(worker, arrival, bytes, end, now);
		} else {
			while (end < length && owner_of(worker, bytes + end,
							length - end < size ? length - end : size) == owner)
				end += length - end < size ? length - end : size;
			hand_over(worker, owner, arrival, bytes, end, size);
		}
		bytes += end;
		length -= end;
	}
}

/* A message of the raw socket: for IPv4 it starts with the IP header. */
static void
sort_esp(struct worker *worker, const struct arrival *arrival, uint8_t *bytes, size_t length, uint8_t family,
	 usec_t now)
{
	size_t header = 0;

	if (family == AF_INET)
		header = length != 0 ? (size_t)(bytes[0] & 15) * 4 : 0;
	if (header <= length)
		sort_datagrams(worker, arrival, bytes + header, length - header, length, now);
}

static void
sort_batch(struct worker *worker, int kind, uint8_t family, unsigned count, usec_t now)
{
	struct decrypt_state *state = worker->decrypt;

	for (unsigned i = 0; i < count; i++) {
		uint8_t *bytes = state->parts[i].iov_base;
		size_t length = state->messages[i].msg_len;
		struct msghdr *message = &state->messages[i].msg_hdr;
		struct arrival arrival = {
		    .from = &state->from[i],
		    .message = message,
		    .encapsulated = kind == SOCKET_NATT,
		    .tos = socket_tos(message),
		};

		if (kind == SOCKET_ESP)
			sort_esp(worker, &arrival, bytes, length, family, now);
		else if (kind == SOCKET_NATT)
			sort_datagrams(worker, &arrival, bytes, length, socket_segment_size(message, length),
				       now);
		else if (length != 0)
			keep_ike(state, &arrival, bytes, length);
	}
	rows_flush(worker, now);
}

/* Those who were given parcels get to know of it. */
static void
wake_owners(struct worker *worker)
{
	for (unsigned i = 0; worker->decrypt->gave != 0; i++) {
		if ((worker->decrypt->gave & 1u << i) != 0)
			worker_wake(&worker->peers[i]);
		worker->decrypt->gave &= ~(1u << i);
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

		if (ike->arrival.message != NULL)
			socket_destination(ike->arrival.message, &to);
		else
			to = *ike->arrival.to;
		if (host->ike_message != NULL &&
		    ip_address_from_sockaddr((const struct sockaddr *)ike->arrival.from, &from, &port))
			host->ike_message(host->context, &from, port, &to,
					  kind == SOCKET_NATT ? NATT_PORT : IKE_PORT, ike->bytes,
					  ike->length);
	}
	state->ike_count = 0;
}

/* How many messages to ask for: with UDP_GRO they may be long. */
static unsigned
messages_wanted(const struct worker *worker, int kind, bool gro)
{
	size_t at_once = worker->peer_count > 1 ? AT_ONCE_BY_MANY : AT_ONCE;
	size_t wanted = at_once / (worker->decrypt->average[kind] + 1);

	if (!gro)
		return BATCH_PACKETS;
	return wanted < MESSAGES_LEAST  ? MESSAGES_LEAST
	       : wanted > MESSAGES_MOST ? MESSAGES_MOST
					: (unsigned)wanted;
}

static unsigned
receive(struct decrypt_state *state, int kind, int fd, unsigned most)
{
	size_t bytes = 0;
	int got;

	for (unsigned i = 0; i < most; i++) {
		state->messages[i].msg_hdr = (struct msghdr){
		    .msg_name = &state->from[i],
		    .msg_namelen = sizeof(state->from[i]),
		    .msg_iov = &state->parts[i],
		    .msg_iovlen = 1,
		    .msg_control = state->control[i],
		    .msg_controllen = CONTROL,
		};
	}
	got = recvmmsg(fd, state->messages, most, MSG_DONTWAIT, NULL);
	if (got <= 0)
		return 0;
	for (int i = 0; i < got; i++)
		bytes += state->messages[i].msg_len;
	state->average[kind] = bytes / (size_t)got;
	return (unsigned)got;
}

void
decrypt_serve(struct worker *worker, int kind, uint8_t family)
{
	bool gro = kind == SOCKET_NATT && worker->plane->paths.udp_gro;
	unsigned count = receive(worker->decrypt, kind, worker->sockets->fd[kind][family_index(family)],
				 messages_wanted(worker, kind, gro));

	worker_enter(worker);
	sort_batch(worker, kind, family, count, clock_monotonic());
	worker_leave(worker);
	wake_owners(worker);
	hand_on_ike(worker, kind);
}

void
decrypt_inbox(struct worker *worker, usec_t now)
{
	struct parcel *parcel;

	if (!inbox_has(worker->inbox))
		return;
	worker_enter(worker);
	for (unsigned i = 0; i < PARCELS && (parcel = inbox_take(worker->inbox)) != NULL; i++) {
		struct arrival arrival = {
		    .from = &parcel->from,
		    .to = &parcel->to,
		    .encapsulated = parcel->encapsulated,
		    .tos = parcel->tos,
		};

		sort_datagrams(worker, &arrival, parcel->bytes, parcel->length, parcel->size, now);
	}
	rows_flush(worker, now);
	worker_leave(worker);
	hand_on_ike(worker, SOCKET_NATT);
	inbox_release(worker->inbox);
}

void *
decrypt_run(void *argument)
{
	struct worker *worker = argument;
	struct dataplane *plane = worker->plane;
	struct epoll_event events[SOCKET_RECEIVING * 2 + 1];

	while (!atomic_load(&plane->stopping)) {
		int timeout = hold_empty(worker->decrypt->hold) ? -1 : HOLD_LOOK_MS;
		int ready = worker_wait(worker, events, SOCKET_RECEIVING * 2 + 1, timeout);

		if (timeout >= 0) {
			worker_enter(worker);
			decrypt_held(worker, clock_monotonic());
			worker_leave(worker);
		}
		for (int i = 0; i < ready; i++) {
			uint64_t which = events[i].data.u64;

			decrypt_serve(worker, (int)(which / 2), which % 2 != 0 ? AF_INET6 : AF_INET);
		}
		if (worker->inbox != NULL)
			decrypt_inbox(worker, clock_monotonic());
		worker_tell(worker);
		jobs_help_on(worker);
	}
	return NULL;
}
