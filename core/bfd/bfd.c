// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The thread in which BFD lives, and the doors.
 *
 * The thread runs a uv loop of its own: two listening sockets and a timer a session. The doors make their
 * changes in the thread too (a command is handed over and waited for: microseconds), since uv's handles
 * belong to one thread; what is only read is read under the mutex. The mutex lends its holder's priority, so
 * that a gateway's thread that was interrupted while it held it cannot stall the packets; the thread asks for
 * a real-time priority and goes on without.
 *
 * When the machine is stopped for a while (a busy host, a suspended guest) timers are late and the peer's
 * packets wait in the socket. Before a session is declared dead the sockets are therefore emptied: only then
 * is silence silence.
 */
#include "core/bfd/bfd_internal.h"

#include <errno.h>
#include <net/if.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/text.h"

#define BUCKETS 1024
#define SESSIONS_MOST 65535
#define REOPEN_US USEC_PER_SEC

struct session {
	struct bfd *bfd;
	uint32_t id;
	struct session *next; /* of the same bucket */
	struct bfd_machine machine;
	struct bfd_session_config config; /* interface: owned */
	unsigned interface;               /* index; 0: any, or not there now */
	int fd;                           /* -1: to be opened again */
	usec_t opened_at;
	uv_timer_t timer;
	usec_t armed; /* what the timer waits for; INT64_MAX: nothing */
	uint64_t packets_in, packets_out;
};

struct change {
	uint32_t id;
	struct bfd_status status;
};

/* What a door wants done in the thread. */
struct command {
	void (*run)(struct bfd *bfd, struct command *command);
	uint32_t id;
	const struct bfd_session_config *config;
	uint32_t interval_ms, multiplier;
	bool hold, done, good;
	struct error *err;
};

struct bfd {
	/* The gateway's side. */
	struct bfd_options options;
	uv_async_t told;
	bool closing;

	/* The thread's side, all of it under the mutex. */
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t answered;
	uv_loop_t loop;
	uv_async_t wake;
	uv_poll_t polls[2];
	int sockets[2]; /* IPv4, IPv6; -1: this host has none */
	struct command *command;
	struct session *buckets[BUCKETS];
	struct session **slots; /* by the low 16 bits of our discriminator */
	size_t slot_count;
	struct change *changes;
	size_t change_count, change_room;
};

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

/* --- telling the gateway
 * ------------------------------------------------------------------------------------- */

static void
fill_status(const struct session *session, struct bfd_status *out)
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
	fill_status(session, &change->status);
	uv_async_send(&bfd->told);
}

/* On the gateway's thread: changes are taken one at a time, since a callback may remove sessions. */
static void
tell_changes(uv_async_t *async)
{
	struct bfd *bfd = async->data;

	while (!bfd->closing) {
		struct change change;

		pthread_mutex_lock(&bfd->mutex);
		if (bfd->change_count == 0) {
			pthread_mutex_unlock(&bfd->mutex);
			return;
		}
		change = bfd->changes[0];
		bfd->change_count--;
		memmove(bfd->changes, bfd->changes + 1, bfd->change_count * sizeof(*bfd->changes));
		pthread_mutex_unlock(&bfd->mutex);
		if (bfd->options.changed != NULL)
			bfd->options.changed(bfd->options.context, change.id, &change.status);
	}
}

/* --- sessions
 * ------------------------------------------------------------------------------------------------ */

static struct session **
find_place(struct bfd *bfd, uint32_t id)
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
	uv_timer_start(&session->timer, on_timer,
		       deadline > now ? (uint64_t)(deadline - now + 999) / 1000 : 0, 0);
}

static void
act(struct session *session, unsigned actions, usec_t now)
{
	if ((actions & BFD_SEND_FINAL) != 0)
		transmit(session, true, now);
	if ((actions & BFD_SEND) != 0)
		transmit(session, false, now);
	if ((actions & BFD_CHANGED) != 0)
		queue_change(session);
	arm(session);
}

/* --- what comes in
 * ------------------------------------------------------------------------------------------- */

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
	act(session, bfd_machine_receive(&session->machine, &packet, now), now);
}

static void
empty_sockets(struct bfd *bfd)
{
	struct bfd_datagram datagram;

	for (unsigned i = 0; i < 2; i++) {
		while (bfd->sockets[i] >= 0 && bfd_socket_read(bfd->sockets[i], &datagram))
			receive(bfd, &datagram);
	}
}

static void
on_readable(uv_poll_t *poll, int status, int events)
{
	struct bfd *bfd = poll->data;

	pthread_mutex_lock(&bfd->mutex);
	empty_sockets(bfd);
	pthread_mutex_unlock(&bfd->mutex);
}

static void
on_timer(uv_timer_t *timer)
{
	struct session *session = timer->data;
	struct bfd *bfd = session->bfd;
	usec_t now;

	pthread_mutex_lock(&bfd->mutex);
	session->armed = INT64_MAX;
	if (session->machine.detect_at != 0 && clock_monotonic() >= session->machine.detect_at)
		empty_sockets(bfd);
	now = clock_monotonic();
	act(session, bfd_machine_tick(&session->machine, now), now);
	pthread_mutex_unlock(&bfd->mutex);
}

/* --- commands, in the thread and under the mutex
 * ------------------------------------------------------------- */

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

static void
run_add(struct bfd *bfd, struct command *command)
{
	const struct bfd_session_config *config = command->config;
	struct session **place = find_place(bfd, command->id), *session;
	uint32_t discriminator;
	usec_t now = clock_monotonic();
	int fd;

	if (*place != NULL) {
		error_set(command->err, "there is a BFD session %u already", command->id);
		return;
	}
	fd = bfd_socket_send(config, command->err);
	if (fd < 0)
		return;
	session = memory_zeroed(1, sizeof(*session));
	if (!take_slot(bfd, session, &discriminator)) {
		error_set(command->err, "too many BFD sessions");
		close(fd);
		free(session);
		return;
	}
	session->bfd = bfd;
	session->id = command->id;
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
	command->good = true;
}

static void
remove_session(struct bfd *bfd, struct session **place)
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

static void
run_remove(struct bfd *bfd, struct command *command)
{
	struct session **place = find_place(bfd, command->id);

	if (*place != NULL)
		remove_session(bfd, place);
}

static void
run_change(struct bfd *bfd, struct command *command)
{
	struct session *session = *find_place(bfd, command->id);
	usec_t now = clock_monotonic();

	if (session != NULL)
		act(session,
		    bfd_machine_change(&session->machine, command->interval_ms, command->multiplier, now),
		    now);
}

static void
run_hold(struct bfd *bfd, struct command *command)
{
	struct session *session = *find_place(bfd, command->id);
	usec_t now = clock_monotonic();

	if (session != NULL)
		act(session, bfd_machine_hold(&session->machine, command->hold, now), now);
}

static void
close_handles(struct bfd *bfd)
{
	for (unsigned i = 0; i < 2; i++) {
		if (bfd->sockets[i] >= 0)
			uv_close((uv_handle_t *)&bfd->polls[i], NULL);
	}
	uv_close((uv_handle_t *)&bfd->wake, NULL);
}

static void
run_stop(struct bfd *bfd, struct command *command)
{
	for (size_t i = 0; i < BUCKETS; i++) {
		while (bfd->buckets[i] != NULL)
			remove_session(bfd, &bfd->buckets[i]);
	}
	close_handles(bfd);
}

static void
on_wake(uv_async_t *wake)
{
	struct bfd *bfd = wake->data;

	pthread_mutex_lock(&bfd->mutex);
	if (bfd->command != NULL && !bfd->command->done) {
		bfd->command->run(bfd, bfd->command);
		bfd->command->done = true;
		pthread_cond_signal(&bfd->answered);
	}
	pthread_mutex_unlock(&bfd->mutex);
}

/* Hands a command to the thread and waits until it is done. */
static bool
command_run(struct bfd *bfd, struct command *command)
{
	pthread_mutex_lock(&bfd->mutex);
	bfd->command = command;
	uv_async_send(&bfd->wake);
	while (!command->done)
		pthread_cond_wait(&bfd->answered, &bfd->mutex);
	bfd->command = NULL;
	pthread_mutex_unlock(&bfd->mutex);
	return command->good;
}

/* --- opening and closing
 * ------------------------------------------------------------------------------------- */

static void *
run_loop(void *context)
{
	struct bfd *bfd = context;
	struct sched_param priority = {.sched_priority = 1};

	pthread_setschedparam(pthread_self(), SCHED_RR, &priority);
	uv_run(&bfd->loop, UV_RUN_DEFAULT);
	return NULL;
}

static bool
open_sockets(struct bfd *bfd, struct error *err)
{
	struct error v6 = {0};

	bfd->sockets[0] = bfd_socket_listen(AF_INET, err);
	/* Without IPv6 in the kernel there are no IPv6 peers either. */
	bfd->sockets[1] = bfd->sockets[0] >= 0 ? bfd_socket_listen(AF_INET6, &v6) : -1;
	for (unsigned i = 0; i < 2 && bfd->sockets[0] >= 0; i++) {
		if (bfd->sockets[i] < 0)
			continue;
		uv_poll_init(&bfd->loop, &bfd->polls[i], bfd->sockets[i]);
		bfd->polls[i].data = bfd;
		uv_poll_start(&bfd->polls[i], UV_READABLE, on_readable);
	}
	return bfd->sockets[0] >= 0;
}

static void
free_closed(uv_handle_t *handle)
{
	struct bfd *bfd = handle->data;

	free(bfd->changes);
	free(bfd->slots);
	free(bfd);
}

/* The thread is not running (any more). */
static void
release(struct bfd *bfd)
{
	uv_run(&bfd->loop, UV_RUN_DEFAULT);
	uv_loop_close(&bfd->loop);
	for (unsigned i = 0; i < 2; i++) {
		if (bfd->sockets[i] >= 0)
			close(bfd->sockets[i]);
	}
	pthread_cond_destroy(&bfd->answered);
	pthread_mutex_destroy(&bfd->mutex);
	uv_close((uv_handle_t *)&bfd->told, free_closed);
}

static bool
start_thread(struct bfd *bfd, struct error *err)
{
	sigset_t all, before;
	int code;

	/* Signals are the gateway's business. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	code = pthread_create(&bfd->thread, NULL, run_loop, bfd);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return code == 0 || error_set(err, "BFD's thread can't be started: %s", strerror(code));
}

struct bfd *
bfd_open(uv_loop_t *loop, const struct bfd_options *options, struct error *err)
{
	struct bfd *bfd = memory_zeroed(1, sizeof(*bfd));
	pthread_mutexattr_t lending;

	bfd->options = *options;
	bfd->sockets[0] = bfd->sockets[1] = -1;
	bfd->told.data = bfd->wake.data = bfd;
	if (uv_loop_init(&bfd->loop) != 0) {
		free(bfd);
		error_set(err, "BFD's loop can't be made");
		return NULL;
	}
	uv_async_init(&bfd->loop, &bfd->wake, on_wake);
	uv_async_init(loop, &bfd->told, tell_changes);
	uv_unref((uv_handle_t *)&bfd->told);
	pthread_mutexattr_init(&lending);
	pthread_mutexattr_setprotocol(&lending, PTHREAD_PRIO_INHERIT);
	pthread_mutex_init(&bfd->mutex, &lending);
	pthread_mutexattr_destroy(&lending);
	pthread_cond_init(&bfd->answered, NULL);
	if (!open_sockets(bfd, err) || !start_thread(bfd, err)) {
		close_handles(bfd);
		release(bfd);
		return NULL;
	}
	return bfd;
}

void
bfd_close(struct bfd *bfd)
{
	struct command stop = {.run = run_stop};

	if (bfd == NULL)
		return;
	command_run(bfd, &stop);
	pthread_join(bfd->thread, NULL);
	bfd->closing = true;
	release(bfd);
}

/* --- the other doors
 * ----------------------------------------------------------------------------------------- */

static bool
config_is_good(const struct bfd_session_config *config, struct error *err)
{
	char text[IP_ADDRESS_TEXT];

	if (!ip_address_is_set(&config->remote))
		return error_set(err, "a BFD session needs the peer's address");
	if (ip_address_is_set(&config->local) && config->local.family != config->remote.family)
		return error_set(err, "the BFD session to %s has a local address of another family",
				 ip_address_format(&config->remote, text));
	if (config->interval_ms < 1 || config->interval_ms > 60000 || config->multiplier < 1 ||
	    config->multiplier > 255)
		return error_set(err, "the BFD session to %s has an interval or multiplier out of range",
				 ip_address_format(&config->remote, text));
	return true;
}

bool
bfd_session_add(struct bfd *bfd, uint32_t id, const struct bfd_session_config *config, struct error *err)
{
	struct command add = {.run = run_add, .id = id, .config = config, .err = err};

	return config_is_good(config, err) && command_run(bfd, &add);
}

void
bfd_session_remove(struct bfd *bfd, uint32_t id)
{
	struct command command = {.run = run_remove, .id = id};

	command_run(bfd, &command);
}

void
bfd_session_change(struct bfd *bfd, uint32_t id, uint32_t interval_ms, uint32_t multiplier)
{
	struct command command = {
	    .run = run_change, .id = id, .interval_ms = interval_ms, .multiplier = multiplier};

	if (interval_ms >= 1 && interval_ms <= 60000 && multiplier >= 1 && multiplier <= 255)
		command_run(bfd, &command);
}

void
bfd_session_hold(struct bfd *bfd, uint32_t id, bool hold)
{
	struct command command = {.run = run_hold, .id = id, .hold = hold};

	command_run(bfd, &command);
}

bool
bfd_session_status(struct bfd *bfd, uint32_t id, struct bfd_status *out)
{
	const struct session *session;

	pthread_mutex_lock(&bfd->mutex);
	session = *find_place(bfd, id);
	if (session != NULL)
		fill_status(session, out);
	pthread_mutex_unlock(&bfd->mutex);
	return session != NULL;
}
