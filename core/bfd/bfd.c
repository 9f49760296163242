// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The thread in which BFD lives, and the doors.
 *
 * The thread runs a uv loop of its own: two listening sockets and a timer a session. The doors make their
 * changes in the thread too (a command is handed over and waited for: microseconds), since uv's handles
 * belong to one thread; what is only read is read under the mutex. The mutex lends its holder's priority, so
 * that a gateway's thread that was interrupted while it held it cannot stall the packets; the thread asks for
 * a real-time priority and goes on without. It is woken by an eventfd, not by uv_async_send: that one marks
 * its handle as busy, wakes, and then takes the mark away, while uv's side spins until the mark is gone. With
 * the priority of this thread the spinning keeps the sender off its processor, for a second, until the kernel
 * takes pity (sched_rt_runtime_us), and with it whatever else was to run there.
 */
#include "core/bfd/engine.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/base/processor.h"
#include "core/base/text.h"

/* --- telling the gateway ---------------------------------------------------------------------- */

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

/* --- commands, in the thread and under the mutex ---------------------------------------------- */

static void
on_readable(uv_poll_t *poll, int status, int events)
{
	struct bfd *bfd = poll->data;

	pthread_mutex_lock(&bfd->mutex);
	engine_receive(bfd);
	pthread_mutex_unlock(&bfd->mutex);
}

static void
run_add(struct bfd *bfd, struct command *command)
{
	command->good = engine_start(bfd, command->id, command->config, command->err);
}

static void
run_remove(struct bfd *bfd, struct command *command)
{
	struct session **place = engine_place(bfd, command->id);

	if (*place != NULL)
		engine_end(bfd, place);
}

static void
run_change(struct bfd *bfd, struct command *command)
{
	struct session *session = *engine_place(bfd, command->id);
	usec_t now = clock_monotonic();

	if (session != NULL)
		engine_act(
		    session,
		    bfd_machine_change(&session->machine, command->interval_ms, command->multiplier, now),
		    now);
}

static void
run_hold(struct bfd *bfd, struct command *command)
{
	struct session *session = *engine_place(bfd, command->id);
	usec_t now = clock_monotonic();

	if (session != NULL)
		engine_act(session, bfd_machine_hold(&session->machine, command->hold, now), now);
}

static void
close_handles(struct bfd *bfd)
{
	for (unsigned i = 0; i < 2; i++) {
		if (bfd->sockets[i] >= 0)
			uv_close((uv_handle_t *)&bfd->polls[i], NULL);
	}
	uv_close((uv_handle_t *)&bfd->waking, NULL);
}

static void
run_stop(struct bfd *bfd, struct command *command)
{
	for (size_t i = 0; i < BUCKETS; i++) {
		while (bfd->buckets[i] != NULL)
			engine_end(bfd, &bfd->buckets[i]);
	}
	close_handles(bfd);
}

static void
on_wake(uv_poll_t *poll, int status, int events)
{
	struct bfd *bfd = poll->data;
	uint64_t ignored;

	if (read(bfd->wake, &ignored, sizeof(ignored)) < 0)
		return;
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
	const uint64_t one = 1;

	pthread_mutex_lock(&bfd->mutex);
	bfd->command = command;
	if (write(bfd->wake, &one, sizeof(one)) < 0)
		abort(); /* there is one command at a time: it can't be full */
	while (!command->done)
		pthread_cond_wait(&bfd->answered, &bfd->mutex);
	bfd->command = NULL;
	pthread_mutex_unlock(&bfd->mutex);
	return command->good;
}

/* --- opening and closing ---------------------------------------------------------------------- */

static void *
run_loop(void *context)
{
	struct bfd *bfd = context;
	struct sched_param priority = {.sched_priority = 1};

	pthread_setschedparam(pthread_self(), SCHED_RR, &priority);
	processor_keep_off_bulk();
	uv_run(&bfd->loop, UV_RUN_DEFAULT);
	return NULL;
}

static bool
open_wake(struct bfd *bfd, struct error *err)
{
	bfd->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (bfd->wake < 0 || uv_poll_init(&bfd->loop, &bfd->waking, bfd->wake) != 0) {
		if (bfd->wake >= 0)
			close(bfd->wake);
		return error_set(err, "BFD's thread can't be woken: %s", strerror(errno));
	}
	bfd->waking.data = bfd;
	uv_poll_start(&bfd->waking, UV_READABLE, on_wake);
	return true;
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
	close(bfd->wake);
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
	bfd->told.data = bfd;
	if (uv_loop_init(&bfd->loop) != 0) {
		free(bfd);
		error_set(err, "BFD's loop can't be made");
		return NULL;
	}
	if (!open_wake(bfd, err)) {
		uv_loop_close(&bfd->loop);
		free(bfd);
		return NULL;
	}
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

/* --- the other doors -------------------------------------------------------------------------- */

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
	session = *engine_place(bfd, id);
	if (session != NULL)
		engine_status(session, out);
	pthread_mutex_unlock(&bfd->mutex);
	return session != NULL;
}
