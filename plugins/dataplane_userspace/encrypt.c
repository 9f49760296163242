// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * TUN -> ESP. An encrypt worker waits for its tunnels' devices; one that is readable gives up to
 * BATCH_PACKETS packets, which are read behind each other into one arena with room in front for the ESP
 * header and behind for the trailer, sealed in place, and sent by one sendmmsg. One tunnel's batch has one
 * SA, so sequence numbers are reserved once.
 */
#include "plugins/dataplane_userspace/userspace.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
	SLOT = ESP_HEAD_ROOM + PACKET_MAX + ESP_TAIL_ROOM,
	EVENTS = 64,
	SEND_WAIT_MS = 10, /* for room in the socket's buffer, a few times before packets are dropped */
	SEND_TRIES = 10,
};

struct encrypt_state {
	uint8_t *arena; /* BATCH_PACKETS times SLOT, of which mostly little is touched */
	uint8_t *packets[BATCH_PACKETS];
	size_t inner[BATCH_PACKETS]; /* lengths */
	struct iovec parts[BATCH_PACKETS];
	struct mmsghdr messages[BATCH_PACKETS];
};

bool
encrypt_open(struct worker *worker, struct error *err)
{
	struct encrypt_state *state = calloc(1, sizeof(*state));

	if (state == NULL || (state->arena = malloc((size_t)BATCH_PACKETS * SLOT)) == NULL) {
		free(state);
		return error_set(err, "out of memory");
	}
	worker->encrypt = state;
	return true;
}

void
encrypt_close(struct worker *worker)
{
	if (worker->encrypt != NULL)
		free(worker->encrypt->arena);
	free(worker->encrypt);
	worker->encrypt = NULL;
}

static void
count_drop(struct tunnel *tunnel, enum drop drop)
{
	if (drop < DROP_KINDS)
		counter_add(&tunnel->tx.drops[drop], 1);
}

/* A silenced tunnel is like a line that was cut: for us the packet was sent. */
static void
count_lost(struct tunnel *tunnel, size_t length)
{
	counter_add(&tunnel->tx.packets, 1);
	counter_add(&tunnel->tx.bytes, length);
	atomic_store_explicit(&tunnel->tx.last, (uint64_t)clock_monotonic(), memory_order_relaxed);
}

/* May this packet of the TUN device go out by this SA? */
static enum drop
admit(const struct sa *sa, const uint8_t *packet, size_t length)
{
	struct inner inner;

	if (sa == NULL)
		return DROP_NO_SA;
	if (!inner_parse(packet, length, &inner) || inner.length != length)
		return DROP_MALFORMED;
	if (!selectors_match(&sa->source, inner.family, inner.source) ||
	    !selectors_match(&sa->destination, inner.family, inner.destination))
		return DROP_SELECTOR;
	return DROP_NONE;
}

/* Somebody removed the device behind our back: its descriptor would wake the worker for ever. */
static void
forsake(struct tunnel *tunnel)
{
	if (tunnel->worker != NULL)
		epoll_ctl(tunnel->worker->epoll, EPOLL_CTL_DEL, tunnel->fd, NULL);
}

/* Reads what is there, up to a batch; returns how many packets may go out by the SA. `more`: there may be
 * others. */
static unsigned
read_batch(struct encrypt_state *state, struct tunnel *tunnel, const struct sa *sa)
{
	bool silent = atomic_load_explicit(&tunnel->silent, memory_order_relaxed);
	size_t head = sa != NULL ? esp_head(sa) : ESP_HEAD_ROOM, used = 0;
	unsigned count = 0;

	for (int i = 0; i < BATCH_PACKETS; i++) {
		uint8_t *packet = state->arena + used;
		ssize_t got = read(tunnel->fd, packet + head, PACKET_MAX);
		enum drop drop;

		if (got <= 0) {
			if (got < 0 && errno != EAGAIN && errno != EINTR)
				forsake(tunnel);
			break;
		}
		if (silent) {
			count_lost(tunnel, (size_t)got);
			continue;
		}
		drop = admit(sa, packet + head, (size_t)got);
		if (drop != DROP_NONE) {
			count_drop(tunnel, drop);
			continue;
		}
		state->packets[count] = packet;
		state->inner[count++] = (size_t)got;
		used += (ESP_HEAD_ROOM + (size_t)got + ESP_TAIL_ROOM + 15) & ~(size_t)15;
	}
	return count;
}

/* Seals the first `count` packets of the batch and makes their messages. Returns how many came of it. */
static unsigned
seal_batch(struct encrypt_state *state, struct sa *sa, const struct path *path, unsigned count,
	   uint64_t first)
{
	unsigned sealed = 0;

	for (unsigned i = 0; i < count; i++) {
		size_t length = esp_seal(sa, state->packets[i], state->inner[i], first + i);

		if (length == 0) {
			count_drop(sa->tunnel, DROP_MALFORMED);
			continue;
		}
		state->inner[sealed] = state->inner[i];
		state->parts[sealed] = (struct iovec){state->packets[i], length};
		state->messages[sealed].msg_hdr = (struct msghdr){
		    .msg_name = (void *)&path->remote,
		    .msg_namelen = path->remote_length,
		    .msg_iov = &state->parts[sealed],
		    .msg_iovlen = 1,
		    .msg_control = path->control_length != 0 ? (void *)path->control : NULL,
		    .msg_controllen = path->control_length,
		};
		sealed++;
	}
	return sealed;
}

static void
count_sent(struct worker *worker, struct sa *sa, const size_t *inner, unsigned count, usec_t now)
{
	struct counters *tx = &sa->tunnel->tx;
	uint64_t bytes = 0;

	for (unsigned i = 0; i < count; i++)
		bytes += inner[i];
	counter_add(&tx->packets, count);
	counter_add(&tx->bytes, bytes);
	atomic_store_explicit(&tx->last, (uint64_t)now, memory_order_relaxed);
	worker_sa_used(worker, sa, count, bytes, now);
}

static void
send_batch(struct worker *worker, struct sa *sa, const struct path *path, unsigned count, usec_t now)
{
	struct encrypt_state *state = worker->encrypt;
	int fd = worker->plane->sockets.fd[path->encapsulated ? SOCKET_NATT : SOCKET_ESP]
					  [family_index((uint8_t)path->remote.ss_family)];
	unsigned done = 0;
	int tries = 0;

	while (done < count) {
		int sent = sendmmsg(fd, state->messages + done, count - done, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (sent > 0) {
			count_sent(worker, sa, state->inner + done, (unsigned)sent, now);
			done += (unsigned)sent;
		} else if (errno == EINTR) {
			continue;
		} else if ((errno == EAGAIN || errno == ENOBUFS) && tries++ < SEND_TRIES) {
			struct pollfd room = {.fd = fd, .events = POLLOUT};

			poll(&room, 1, SEND_WAIT_MS);
		} else {
			count_drop(sa->tunnel, errno == EMSGSIZE ? DROP_TOO_BIG : DROP_QUEUE);
			done++;
		}
	}
}

void
encrypt_batch(struct worker *worker, struct tunnel *tunnel, usec_t now)
{
	struct sa *sa = atomic_load(&tunnel->outbound);
	const struct path *path;
	unsigned count, usable;
	uint64_t first;

	if (sa != NULL && sa_spent(sa))
		sa = NULL;
	count = read_batch(worker->encrypt, tunnel, sa);
	if (count == 0)
		return;
	usable = sa_reserve(sa, count, &first);
	if (usable < count) {
		counter_add(&tunnel->tx.drops[DROP_NO_SA], count - usable);
		worker_sa_ended(worker, sa);
	}
	path = atomic_load(&sa->path);
	send_batch(worker, sa, path, seal_batch(worker->encrypt, sa, path, usable, first), now);
}

void *
encrypt_run(void *argument)
{
	struct worker *worker = argument;
	struct dataplane *plane = worker->plane;
	struct epoll_event events[EVENTS];

	while (!atomic_load(&plane->stopping)) {
		int ready = epoll_wait(worker->epoll, events, EVENTS, -1);
		usec_t now = clock_monotonic();

		for (int i = 0; i < ready; i++) {
			struct tunnel *tunnel;

			if (events[i].data.u64 >= TUNNEL_SLOTS)
				continue;
			worker_enter(worker);
			tunnel = atomic_load(&plane->tunnels[events[i].data.u64]);
			if (tunnel != NULL)
				encrypt_batch(worker, tunnel, now);
			worker_leave(worker);
		}
		worker_tell(worker);
	}
	return NULL;
}
