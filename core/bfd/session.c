// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sessions in BFD's thread: packets from and to their sockets, their timers, their places in the tables.
 *
 * When the machine is stopped for a while (a busy host, a suspended guest) timers are late and the peer's
 * packets wait in the socket. Before a session is declared dead the sockets are therefore emptied: only then
 * is silence silence.
 */
#include "core/bfd/engine.h"

#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/text.h"

#define SESSIONS_MOST 65535
/* Timers count whole milliseconds: what is due within the one that runs is done now, since waiting for the
 * next would make every detection that much later than it was agreed. */
#define TIMER_GRAIN_US 1000
#define REOPEN_US USEC_PER_SEC

static uint32_t
random_number(void)
{
	static _Thread_local uint32_t pool[64];
	static _Thread_local size_t left;

	if (left == 0) {
		if (getrandom(pool, sizeof(pool), 0) != (ssize_t)sizeof(pool))
			return (uint32_t)clock_monotonic() * 2654435761u;
		left = COUNT_OF(pool);
	}
	return pool[--left];
}

void
engine_status(const struct session *session, struct bfd_status *out)
{
	const struct bfd_machine *m = &session->machine;

	*out = (struct bfd_status){
	    .state = m->state,
	    .remote_state = m->remote_state,
	    .diagnostic = m->diagnostic,
	    .remote_diagnostic = m->remote_diagnostic,
	    .since = m->since,
	    .transmit_us = bfd_machine_transmit_interval(m),
	    .detection_us = bfd_machine_detection_time(m),
	    .multiplier = m->remote_multiplier,
	    .packets_in = session->packets_in,
	    .packets_out = session->packets_out,
	    .flaps = m->flaps,
	};
}

static void
queue_change(struct session *session)
{
	struct bfd *bfd = session->bfd;
	struct change *change;

	if (bfd->change_count == bfd->change_room) {
		bfd->change_room = bfd->change_room != 0 ? bfd->change_room * 2 : 16;
		bfd->changes = memory_resize(bfd->changes, bfd->change_room * sizeof(*bfd->changes));
	}
	change = &bfd->changes[bfd->change_count++];
	change->id = session->id;
	engine_status(session, &change->status);
	uv_async_send(&bfd->told);
}

/* On the gateway's thread: changes are taken one at a time, since a callback may remove sessions. */
struct session **
engine_place(struct bfd *bfd, uint32_t id)
{
	struct session **place = &bfd->buckets[id % BUCKETS];

	while (*place != NULL && (*place)->id != id)
		place = &(*place)->next;
	return place;
}

/* A tunnel's interface may have been made anew under the same name: the socket is bound to the old one. */
static void
reopen(struct session *session, usec_t now)
{
	if (session->fd >= 0)
		close(session->fd);
	session->fd = bfd_socket_send(&session->config, NULL);
	session->opened_at = now;
	session->interface =
	    session->config.interface != NULL ? if_nametoindex(session->config.interface) : 0;
}

static void
transmit(struct session *session, bool final, usec_t now)
{
	uint8_t bytes[BFD_PACKET_SIZE];
	struct writer w = writer_over(bytes, sizeof(bytes));
	struct bfd_packet packet;

	bfd_machine_packet(&session->machine, final, &packet);
	bfd_packet_write(&w, &packet);
	if (session->fd < 0 && now - session->opened_at >= REOPEN_US)
		reopen(session, now);
	if (session->fd >= 0) {
		ssize_t sent = send(session->fd, bytes, writer_length(&w), 0);

		/* ECONNREFUSED tells of an earlier packet: nobody listens there yet. */
		if (sent < 0 && errno == ECONNREFUSED)
			sent = send(session->fd, bytes, writer_length(&w), 0);
		if (sent >= 0) {
			session->packets_out++;
		} else if (errno == ENODEV || errno == ENXIO || errno == EADDRNOTAVAIL) {
			close(session->fd);
			session->fd = -1;
		}
	}
	if (!final)
		bfd_machine_sent(&session->machine, now);
}

static void on_timer(uv_timer_t *timer);

static void
arm(struct session *session)
{
	usec_t deadline = bfd_machine_deadline(&session->machine), now;

	/* A deadline that moved away is found when the timer fires: one start of a timer a packet is saved.
	 */
	if (deadline == INT64_MAX || deadline >= session->armed)
		return;
	session->armed = deadline;
	now = clock_monotonic();
	uv_update_time(&session->bfd->loop);
	uv_timer_start(&session->timer, on_timer, deadline > now ? (uint64_t)(deadline - now) / 1000 : 0, 0);
}

void
engine_act(struct session *session, unsigned actions, usec_t now)
{
	if ((actions & BFD_SEND_FINAL) != 0)
		transmit(session, true, now);
	if ((actions & BFD_SEND) != 0)
		transmit(session, false, now);
	if ((actions & BFD_CHANGED) != 0)
		queue_change(session);
	arm(session);
}

/* --- what comes in ---------------------------------------------------------------------------- */

static bool
is_from_peer(struct session *session, const struct bfd_datagram *datagram)
{
	if (!ip_address_equal(&datagram->from, &session->config.remote))
		return false;
	if (session->config.interface == NULL || session->interface == datagram->interface)
		return true;
	session->interface = if_nametoindex(session->config.interface);
	return session->interface == datagram->interface;
}

/* 6.8.6: by our discriminator, or by where it came from while the peer does not know that yet. */
static struct session *
find_session(struct bfd *bfd, const struct bfd_packet *packet, const struct bfd_datagram *datagram)
{
	size_t slot = packet->your_discriminator & 0xffff;
	struct session *session;

	if (packet->your_discriminator != 0) {
		session = slot < bfd->slot_count ? bfd->slots[slot] : NULL;
		if (session == NULL || session->machine.local_discriminator != packet->your_discriminator)
			return NULL;
		return is_from_peer(session, datagram) ? session : NULL;
	}
	for (size_t i = 0; i < bfd->slot_count; i++) {
		if (bfd->slots[i] != NULL && is_from_peer(bfd->slots[i], datagram))
			return bfd->slots[i];
	}
	return NULL;
}

static void
receive(struct bfd *bfd, const struct bfd_datagram *datagram)
{
	struct reader r = reader_over(datagram->bytes, datagram->length);
	struct bfd_packet packet;
	struct session *session;
	usec_t now;

	/* RFC 5881 5: what is not from the next hop is not looked at. */
	if (datagram->ttl != 255 || bfd_packet_read(&r, &packet) != NULL)
		return;
	session = find_session(bfd, &packet, datagram);
	if (session == NULL)
		return;
	session->packets_in++;
	now = clock_monotonic();
	engine_act(session, bfd_machine_receive(&session->machine, &packet, now), now);
}

void
engine_receive(struct bfd *bfd)
{
	struct bfd_datagram datagram;

	for (unsigned i = 0; i < 2; i++) {
		while (bfd->sockets[i] >= 0 && bfd_socket_read(bfd->sockets[i], &datagram))
			receive(bfd, &datagram);
	}
}

static void
on_timer(uv_timer_t *timer)
{
	struct session *session = timer->data;
	struct bfd *bfd = session->bfd;
	usec_t now, late;

	pthread_mutex_lock(&bfd->mutex);
	late = clock_monotonic() - session->armed;
	session->armed = INT64_MAX;
	if (session->machine.detect_at != 0 && clock_monotonic() >= session->machine.detect_at)
		engine_receive(bfd);
	bfd_machine_forgive(&session->machine, late);
	now = clock_monotonic() + TIMER_GRAIN_US;
	engine_act(session, bfd_machine_tick(&session->machine, now), now);
	pthread_mutex_unlock(&bfd->mutex);
}

/* --- beginning and end ------------------------------------------------------------------------ */

static void
free_session(uv_handle_t *timer)
{
	struct session *session = timer->data;

	free((char *)session->config.interface);
	free(session);
}

/* A free slot gives the discriminator its low half; the high half makes it hard to guess and new each time.
 */
static bool
take_slot(struct bfd *bfd, struct session *session, uint32_t *discriminator)
{
	size_t slot = 0;

	while (slot < bfd->slot_count && bfd->slots[slot] != NULL)
		slot++;
	if (slot >= SESSIONS_MOST)
		return false;
	if (slot == bfd->slot_count) {
		size_t count = bfd->slot_count != 0 ? bfd->slot_count * 2 : 16;

		bfd->slots = memory_resize(bfd->slots, count * sizeof(struct session *));
		memset(bfd->slots + bfd->slot_count, 0, (count - bfd->slot_count) * sizeof(struct session *));
		bfd->slot_count = count;
	}
	bfd->slots[slot] = session;
	*discriminator = (random_number() | 1) << 16 | (uint32_t)slot;
	return true;
}

bool
engine_start(struct bfd *bfd, uint32_t id, const struct bfd_session_config *config, struct error *err)
{
	struct session **place = engine_place(bfd, id), *session;
	uint32_t discriminator;
	usec_t now = clock_monotonic();
	int fd;

	if (*place != NULL) {
		error_set(err, "there is a BFD session %u already", id);
		return false;
	}
	fd = bfd_socket_send(config, err);
	if (fd < 0)
		return false;
	session = memory_zeroed(1, sizeof(*session));
	if (!take_slot(bfd, session, &discriminator)) {
		error_set(err, "too many BFD sessions");
		close(fd);
		free(session);
		return false;
	}
	session->bfd = bfd;
	session->id = id;
	session->config = *config;
	session->config.interface = text_copy(config->interface);
	session->interface = config->interface != NULL ? if_nametoindex(config->interface) : 0;
	session->fd = fd;
	session->armed = INT64_MAX;
	session->timer.data = session;
	uv_timer_init(&bfd->loop, &session->timer);
	bfd_machine_init(&session->machine, config, discriminator, random_number, now);
	*place = session;
	arm(session);
	return true;
}

void
engine_end(struct bfd *bfd, struct session **place)
{
	struct session *session = *place;
	usec_t now = clock_monotonic();
	size_t kept = 0;

	bfd_machine_hold(&session->machine, true, now);
	if (session->machine.remote_discriminator != 0)
		transmit(session, false, now);
	*place = session->next;
	bfd->slots[session->machine.local_discriminator & 0xffff] = NULL;
	for (size_t i = 0; i < bfd->change_count; i++) {
		if (bfd->changes[i].id != session->id)
			bfd->changes[kept++] = bfd->changes[i];
	}
	bfd->change_count = kept;
	if (session->fd >= 0)
		close(session->fd);
	uv_close((uv_handle_t *)&session->timer, free_session);
}
