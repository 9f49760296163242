// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sealing and sending. What the device gave is cut into packets straight into the send buffer, each with room
 * for what ESP puts around it and the next right behind; then all are sealed in place, and runs of equal
 * length leave by one send each (UDP_SEGMENT; Linux, Documentation/networking/segmentation-offloads.rst).
 * Where the kernel has no such thing, or a path refuses it (a device without checksum offload: EIO; a
 * datagram that has to be fragmented: EINVAL), every packet is a message of one sendmmsg.
 *
 * One batch is of one SA, and all of it goes whole or not at all, or all of it may be cut on its way. Where
 * others help (parallel.h) it holds several loads, each as much as one that is sealed and sent at once
 * elsewhere: a load that is full gets its sequence numbers and is posted to be sealed while the next is
 * filled, and all are sent in their order.
 */
#include "plugins/dataplane_userspace/userspace.h"

#include <errno.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

enum {
	LOADS = 4,
	PACKETS = 256,  /* of a load */
	ENOUGH = 49152, /* bytes that are worth a send */
	ARENA =         /* of a load */
	GSO_BYTES_MOST + SUPER_MAX + SUPER_HEADERS + ESP_HEAD_ROOM + ESP_TAIL_ROOM,
	CONTROL =
	    CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(uint16_t)) + CMSG_SPACE(sizeof(int)),
	SEND_WAIT_MS = 10, /* for room in the socket's buffer, a few times before packets are dropped */
	SEND_TRIES = 10,
	GSO_AGAIN_S = 10,       /* after a refusal, try UDP_SEGMENT again */
	ANSWERS_A_SECOND = 100, /* of "too big", a tunnel */
	ANSWERS_AT_ONCE = 20,
};

/* Packets of one message. */
struct run {
	unsigned first, count;
};

struct batch {
	struct tunnel *tunnel; /* while count is not 0 */
	struct sa *sa;
	bool pieces;            /* they may be cut on their way */
	unsigned count, posted; /* packets; those of loads that were posted */
	size_t used, begun;     /* of the arena; where the load that is being filled begins */
	unsigned load_count;
	struct run loads[LOADS]; /* posted */
	uint8_t *packets[LOADS * PACKETS];
	size_t inner[LOADS * PACKETS], sealed[LOADS * PACKETS]; /* lengths */
	uint8_t tos[LOADS * PACKETS];                           /* outside */
	bool own_now, own[LOADS * PACKETS]; /* as of policy_own: what is being taken; each packet */
	struct run runs[PACKETS];
	struct iovec parts[PACKETS];
	struct mmsghdr messages[PACKETS];
	_Alignas(size_t) uint8_t control[PACKETS][CONTROL];
	uint8_t arena[LOADS * ARENA];
	uint8_t whole[SUPER_MAX + SUPER_HEADERS]; /* a packet that the path does not take */
};

struct batch *
batch_create(void)
{
	return calloc(1, sizeof(struct batch));
}

void
batch_free(struct batch *batch)
{
	free(batch);
}

/* A silenced tunnel is like a line that was cut: for us the packets were sent. */
static void
count_lost(struct tunnel *tunnel, struct segmenter *s, const uint8_t *packet, usec_t now)
{
	size_t packets = segment_left(s);

	counter_add(&tunnel->tx.packets, packets);
	if (!policy_own(atomic_load(&tunnel->inside), packet, false))
		counter_add(&tunnel->tx.user, packets);
	counter_add(&tunnel->tx.bytes, s->length + (packets - 1) * s->headers);
	atomic_store_explicit(&tunnel->tx.last, (uint64_t)now, memory_order_relaxed);
}

static void
count_drops(struct tunnel *tunnel, enum drop drop, size_t count)
{
	if (drop < DROP_KINDS)
		counter_add(&tunnel->tx.drops[drop], count);
}

static void
count_sent(struct worker *worker, struct batch *batch, const struct run *runs, unsigned count, usec_t now)
{
	struct counters *tx = &batch->tunnel->tx;
	unsigned packets = 0, user = 0;
	uint64_t bytes = 0;

	for (unsigned r = 0; r < count; r++) {
		for (unsigned i = 0; i < runs[r].count; i++) {
			bytes += batch->inner[runs[r].first + i];
			user += !batch->own[runs[r].first + i];
		}
		packets += runs[r].count;
	}
	counter_add(&tx->packets, packets);
	counter_add(&tx->user, user);
	counter_add(&tx->bytes, bytes);
	atomic_store_explicit(&tx->last, (uint64_t)now, memory_order_relaxed);
	worker_sa_used(worker, batch->sa, packets, bytes, now);
}

/* --- sending ----------------------------------------------------------------------------------- */

/* Packets that lie behind each other, all of one TOS, and of one length but the last, which may be shorter.
 */
static struct run
run_from(const struct batch *batch, unsigned first, unsigned end, bool gso)
{
	struct run run = {.first = first, .count = 1};
	size_t size = batch->sealed[first], total = size;

	if (!gso)
		return run;
	while (first + run.count < end && run.count < GSO_SEGMENTS_MOST) {
		size_t next = batch->sealed[first + run.count];

		if (next > size || batch->tos[first + run.count] != batch->tos[first] ||
		    total + next > GSO_BYTES_MOST ||
		    batch->packets[first + run.count] != batch->packets[first] + total)
			break;
		total += next;
		run.count++;
		if (next < size)
			break;
	}
	return run;
}

/* Appends a control message; returns where the next one goes. */
static size_t
add_control(uint8_t control[CONTROL], size_t at, int level, int type, const void *value, size_t size)
{
	struct cmsghdr header = {CMSG_LEN(size), level, type};

	memset(control + at, 0, CMSG_SPACE(size));
	memcpy(control + at, &header, sizeof(header));
	memcpy(control + at + CMSG_LEN(0), value, size);
	return at + CMSG_SPACE(size);
}

/* The path's control messages, the TOS, and with several packets how long each is. */
static size_t
write_control(const struct path *path, const struct run *run, size_t size, int tos, uint8_t control[CONTROL])
{
	bool ipv6 = path->remote.ss_family == AF_INET6;
	uint16_t segment = (uint16_t)size;
	size_t at = path->control_length;

	memcpy(control, path->control, at);
	if (tos != 0)
		at = add_control(control, at, ipv6 ? IPPROTO_IPV6 : IPPROTO_IP, ipv6 ? IPV6_TCLASS : IP_TOS,
				 &tos, sizeof(tos));
	if (run->count > 1)
		at = add_control(control, at, SOL_UDP, UDP_SEGMENT, &segment, sizeof(segment));
	return at;
}

/* Makes the messages of the packets [first, end); returns how many. */
static unsigned
make_messages(struct batch *batch, const struct path *path, unsigned first, unsigned end, bool gso)
{
	unsigned count = 0;

	while (first < end) {
		struct run run = run_from(batch, first, end, gso);
		uint8_t *last = batch->packets[first + run.count - 1];
		size_t length = (size_t)(last - batch->packets[first]) + batch->sealed[first + run.count - 1];
		size_t control =
		    write_control(path, &run, batch->sealed[first], batch->tos[first], batch->control[count]);

		batch->runs[count] = run;
		batch->parts[count] = (struct iovec){batch->packets[first], length};
		batch->messages[count].msg_hdr = (struct msghdr){
		    .msg_name = (void *)&path->remote,
		    .msg_namelen = path->remote_length,
		    .msg_iov = &batch->parts[count],
		    .msg_iovlen = 1,
		    .msg_control = control != 0 ? batch->control[count] : NULL,
		    .msg_controllen = control,
		};
		first += run.count;
		count++;
	}
	return count;
}

/* Sends messages, as many as go; returns how many did. `problem`: why the next one did not, or 0. */
static unsigned
send_messages(int fd, struct mmsghdr *messages, unsigned count, int *problem)
{
	unsigned done = 0;
	int tries = 0;

	*problem = 0;
	while (done < count) {
		struct pollfd room = {.fd = fd, .events = POLLOUT};
		int sent = sendmmsg(fd, messages + done, count - done, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (sent > 0) {
			done += (unsigned)sent;
		} else if (errno == EINTR) {
			continue;
		} else if ((errno == EAGAIN || errno == ENOBUFS) && tries++ < SEND_TRIES) {
			poll(&room, 1, SEND_WAIT_MS);
		} else {
			*problem = errno;
			break;
		}
	}
	return done;
}

static bool
gso_refused(int problem)
{
	return problem == EIO || problem == EINVAL || problem == EOPNOTSUPP || problem == EMSGSIZE;
}

/* Sends the sealed packets [first, end) by one way or the other. */
static void
send_packets(struct worker *worker, struct batch *batch, const struct path *path, unsigned first,
	     unsigned end, usec_t now)
{
	const struct sockets *sockets = &worker->plane->sockets;
	int kind = path->encapsulated ? SOCKET_NATT : SOCKET_ESP;
	uint8_t family = (uint8_t)path->remote.ss_family;
	int in_pieces = socket_to_send(sockets, kind, family, true, path->control_length != 0);
	int fd = batch->pieces ? in_pieces : socket_to_send(sockets, kind, family, false, true);
	bool gso = path->encapsulated && worker->plane->paths.udp_gso &&
		   (batch->sa->gso_refused == 0 || now - batch->sa->gso_refused > GSO_AGAIN_S * USEC_PER_SEC);

	while (first < end) {
		unsigned count = make_messages(batch, path, first, end, gso), done;
		struct run *stuck;
		int problem;

		done = send_messages(fd, batch->messages, count, &problem);
		count_sent(worker, batch, batch->runs, done, now);
		if (done == count)
			return;
		stuck = &batch->runs[done];
		first = stuck->first;
		if (stuck->count > 1 && gso_refused(problem)) {
			batch->sa->gso_refused = now;
			gso = false;
			continue;
		}
		if (problem == EMSGSIZE && fd != in_pieces &&
		    atomic_load_explicit(&batch->tunnel->fragments, memory_order_relaxed)) {
			fd = in_pieces;
			continue;
		}
		count_drops(batch->tunnel, problem == EMSGSIZE ? DROP_TOO_BIG : DROP_QUEUE, stuck->count);
		if (problem == EMSGSIZE)
			atomic_store_explicit(&batch->tunnel->refused, true, memory_order_relaxed);
		first += stuck->count;
	}
}

/* --- sealing ----------------------------------------------------------------------------------- */

/* Gives the load its sequence numbers, and posts it to be sealed. */
static void
post(struct worker *worker, struct batch *batch)
{
	unsigned first = batch->posted, count = batch->count - first;
	uint64_t number;
	unsigned usable = sa_reserve(batch->sa, count, &number);

	if (usable < count) {
		count_drops(batch->tunnel, DROP_NO_SA, count - usable);
		worker_sa_ended(worker, batch->sa);
	}
	for (unsigned i = 0; i < usable; i += BATCH_PACKETS) {
		struct job *job = jobs_next(worker); /* there are enough for all loads */

		job->sa = batch->sa;
		job->count = usable - i < BATCH_PACKETS ? usable - i : BATCH_PACKETS;
		esp_seal_begin(batch->sa, batch->packets + first + i, batch->inner + first + i, job->count,
			       number + i, job->packets);
		jobs_post(worker);
	}
	batch->loads[batch->load_count++] = (struct run){first, usable};
	batch->posted = batch->count;
	batch->begun = batch->used;
}

/* Sees that a load is sealed. What the library refused is left out; returns how many packets there are then.
 */
static unsigned
seal(struct worker *worker, struct batch *batch, const struct run *load)
{
	unsigned good = load->first;
	const struct job *job = NULL;

	for (unsigned i = 0; i < load->count; i++) {
		unsigned from = load->first + i;
		size_t sealed;

		if (i % BATCH_PACKETS == 0)
			job = jobs_end(worker);
		sealed = esp_sealed(batch->sa, &job->packets[i % BATCH_PACKETS]);
		if (sealed == 0) {
			count_drops(batch->tunnel, DROP_MALFORMED, 1);
			continue;
		}
		batch->packets[good] = batch->packets[from];
		batch->inner[good] = batch->inner[from];
		batch->tos[good] = batch->tos[from];
		batch->own[good] = batch->own[from];
		batch->sealed[good++] = sealed;
	}
	return good - load->first;
}

void
batch_flush(struct worker *worker, struct batch *batch, usec_t now)
{
	if (batch->count == 0)
		return;
	if (batch->count != batch->posted)
		post(worker, batch);
	for (unsigned n = 0; n < batch->load_count; n++) {
		const struct run *load = &batch->loads[n];
		unsigned count = seal(worker, batch, load);

		send_packets(worker, batch, atomic_load(&batch->sa->path), load->first, load->first + count,
			     now);
	}
	batch->count = batch->posted = batch->load_count = 0;
	batch->used = batch->begun = 0;
}

/* The load is full, or has to leave before the next packet; it may be empty as well. */
static void
turn(struct worker *worker, struct batch *batch, usec_t now)
{
	if (batch->count == batch->posted)
		return;
	if (worker->peer_count > 1 && batch->load_count + 1 < LOADS)
		post(worker, batch);
	else
		batch_flush(worker, batch, now);
}

/* Where the next packet goes, of up to `most` bytes; what is there leaves if they don't fit into one send. */
static uint8_t *
next_place(struct worker *worker, struct batch *batch, size_t most, usec_t now)
{
	if (batch->count - batch->posted == PACKETS ||
	    batch->used - batch->begun + esp_sealed_length(batch->sa, most) > GSO_BYTES_MOST)
		turn(worker, batch, now);
	return batch->arena + batch->used + esp_head(batch->sa);
}

/* Takes the packet that was written to next_place. */
static void
append(struct batch *batch, size_t length)
{
	uint8_t *packet = batch->arena + batch->used;

	batch->packets[batch->count] = packet;
	batch->tos[batch->count] = tos_outward(packet_tos(packet + esp_head(batch->sa)));
	batch->own[batch->count] = batch->own_now;
	batch->inner[batch->count++] = length;
	batch->used += esp_sealed_length(batch->sa, length);
}

/* Tells who sent the packet, where there is somebody to be told. */
static void
answer_too_big(struct tunnel *tunnel, const uint8_t *packet, size_t length, uint32_t mtu, usec_t now)
{
	const struct inside *inside = atomic_load(&tunnel->inside);
	uint8_t answer[TOO_BIG_MOST];
	size_t size;

	if (inside == NULL || !rate_limit_take(&tunnel->answers, now, ANSWERS_A_SECOND, ANSWERS_AT_ONCE))
		return;
	size = too_big_answer(packet, length, mtu, &inside->address[packet[0] >> 4 == 6], answer);
	if (size != 0)
		delivery_write(tunnel, answer, size);
}

/* Packets that are longer than the path takes: in pieces where that is allowed, else they are dropped. */
static void
add_too_big(struct worker *worker, struct batch *batch, struct segmenter *s, uint32_t limit, usec_t now)
{
	size_t length, piece;

	while ((length = segment_length(s)) != 0) {
		struct fragments fragments;

		segment_write(s, batch->whole);
		if (length > limit && !fragments_begin(&fragments, batch->whole, length, limit)) {
			count_drops(batch->tunnel, DROP_TOO_BIG, 1);
			answer_too_big(batch->tunnel, batch->whole, length, limit, now);
		} else if (length > limit) {
			while ((piece = fragments_next(&fragments, next_place(worker, batch, limit, now))) !=
			       0)
				append(batch, piece);
		} else {
			memcpy(next_place(worker, batch, length, now), batch->whole, length);
			append(batch, length);
		}
	}
}

/* Over IPv6 routers cut nothing; what the device outside does not take is sent in pieces then (send_packets).
 */
static bool
may_be_cut(const struct tunnel *tunnel, const struct sa *sa)
{
	return atomic_load_explicit(&tunnel->fragments, memory_order_relaxed) && sa != NULL &&
	       atomic_load(&sa->path)->remote.ss_family == AF_INET;
}

void
batch_add(struct worker *worker, struct batch *batch, struct tunnel *tunnel,
	  const struct virtio_net_hdr *header, uint8_t *packet, size_t length, usec_t now)
{
	struct sa *sa = atomic_load(&tunnel->outbound);
	uint32_t limit = tunnel_path_limit(tunnel, packet), path = tunnel_path(tunnel);
	bool pieces = may_be_cut(tunnel, sa);
	struct segmenter s;
	enum drop drop;

	if (!segment_begin(&s, header, packet, length)) {
		count_drops(tunnel, DROP_MALFORMED, 1);
		return;
	}
	if (atomic_load_explicit(&tunnel->silent, memory_order_relaxed)) {
		count_lost(tunnel, &s, packet, now);
		return;
	}
	if (path != 0 && segment_length(&s) > path) {
		if (policy_probe(atomic_load(&tunnel->inside), packet, length))
			limit = 0;
		else if (path < IPV6_LEAST && packet[0] >> 4 == 6)
			pieces = true; /* nobody may be told less */
	}
	if (batch->count != 0 && (batch->sa != sa || batch->pieces != pieces))
		batch_flush(worker, batch, now);
	drop = policy_out(sa != NULL && !sa_spent(sa) ? sa : NULL, packet, length);
	if (drop != DROP_NONE) {
		count_drops(tunnel, drop, segment_left(&s));
		return;
	}
	batch->tunnel = tunnel;
	batch->sa = sa;
	batch->pieces = pieces;
	batch->own_now = policy_own(atomic_load(&tunnel->inside), packet, false);
	mss_clamp(packet, length, tunnel_fits(tunnel), false);
	if (limit != 0 && segment_length(&s) > limit)
		add_too_big(worker, batch, &s, limit, now);
	/* rather a send of its own than two halves */
	if (batch->used - batch->begun + segment_left(&s) * esp_sealed_length(sa, segment_length(&s)) >
	    GSO_BYTES_MOST)
		turn(worker, batch, now);
	while ((length = segment_length(&s)) != 0) {
		segment_write(&s, next_place(worker, batch, length, now));
		append(batch, length);
	}
	if (batch->used - batch->begun >= ENOUGH)
		turn(worker, batch, now);
}
