// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Threads and their sections. A section is entered before a batch looks anything up and left after its last
 * use of what it found. `section` counts both, so it is odd inside.
 *
 * Why this is enough: the writer stores NULL (or a newer pointer) and then reads `section`; the worker raises
 * `section` and then reads pointers; all of it sequentially consistent. So either the worker sees the new
 * pointer, or the writer sees the worker inside and waits until the count has moved on.
 */
#include "plugins/dataplane_userspace/userspace.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define WAKE UINT64_MAX

void
worker_enter(struct worker *worker)
{
	atomic_fetch_add(&worker->section, 1);
}

void
worker_leave(struct worker *worker)
{
	atomic_fetch_add(&worker->section, 1);
}

static void
wait_for(struct worker *worker)
{
	static const struct timespec nap = {.tv_nsec = 20000};
	uint64_t seen = atomic_load(&worker->section);

	for (int i = 0; seen % 2 != 0 && atomic_load(&worker->section) == seen; i++) {
		if (i < 10)
			sched_yield();
		else
			nanosleep(&nap, NULL);
	}
}

void
workers_quiesce(struct dataplane *plane)
{
	for (unsigned i = 0; i < plane->encrypt_count; i++)
		wait_for(&plane->encrypt[i]);
	for (unsigned i = 0; i < plane->decrypt_count; i++)
		wait_for(&plane->decrypt[i]);
}

void
workers_note(struct dataplane *plane, uint64_t noted[2 * WORKERS_MAX])
{
	for (unsigned i = 0; i < plane->encrypt_count; i++)
		noted[i] = atomic_load(&plane->encrypt[i].section);
	for (unsigned i = 0; i < plane->decrypt_count; i++)
		noted[WORKERS_MAX + i] = atomic_load(&plane->decrypt[i].section);
}

static bool
has_passed(struct worker *worker, uint64_t noted)
{
	return noted % 2 == 0 || atomic_load(&worker->section) != noted;
}

bool
workers_passed(struct dataplane *plane, const uint64_t noted[2 * WORKERS_MAX])
{
	bool all = true;

	for (unsigned i = 0; i < plane->encrypt_count; i++)
		all = all && has_passed(&plane->encrypt[i], noted[i]);
	for (unsigned i = 0; i < plane->decrypt_count; i++)
		all = all && has_passed(&plane->decrypt[i], noted[WORKERS_MAX + i]);
	return all;
}

int
thread_start(pthread_t *thread, void *(*run)(void *), void *argument)
{
	sigset_t all, before;
	int result;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	result = pthread_create(thread, NULL, run, argument);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return result;
}

bool
worker_start(struct worker *worker, struct dataplane *plane, void *(*run)(void *), struct error *err)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = WAKE};
	int result;

	worker->plane = plane;
	if (epoll_ctl(worker->epoll, EPOLL_CTL_ADD, worker->wake, &event) < 0)
		return error_set(err, "can't watch a descriptor: %s", strerror(errno));
	result = thread_start(&worker->thread, run, worker);
	if (result != 0)
		return error_set(err, "can't start a data plane thread: %s", strerror(result));
	worker->started = true;
	return true;
}

static void
signal_event(struct worker *worker)
{
	uint64_t one = 1;

	while (write(worker->wake, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

void
worker_wake(struct worker *worker)
{
	if (atomic_exchange(&worker->asleep, false))
		signal_event(worker);
}

static bool
has_more(const struct worker *worker)
{
	return (worker->inbox != NULL && inbox_has(worker->inbox)) || jobs_waiting(worker);
}

/* Who gives it something does so before he looks whether it sleeps, and it says that it sleeps before it
 * looks whether there is something; both by an exchange, so one of the two sees the other. */
int
worker_wait(struct worker *worker, struct epoll_event *events, int most, int timeout)
{
	int ready, kept = 0;
	uint64_t count;

	atomic_exchange(&worker->asleep, true);
	ready = epoll_wait(worker->epoll, events, most, has_more(worker) ? 0 : timeout);
	atomic_store_explicit(&worker->asleep, false, memory_order_relaxed);
	for (int i = 0; i < ready; i++) {
		if (events[i].data.u64 != WAKE)
			events[kept++] = events[i];
		else
			while (read(worker->wake, &count, sizeof(count)) < 0 && errno == EINTR)
				;
	}
	return kept;
}

void
worker_stop(struct worker *worker)
{
	if (!worker->started)
		return;
	signal_event(worker);
	pthread_join(worker->thread, NULL);
	worker->started = false;
}

bool
worker_notice(struct worker *worker, const struct notice *notice)
{
	if (worker->notice_count == NOTICES_MAX)
		return false;
	worker->notices[worker->notice_count++] = *notice;
	return true;
}

void
worker_tell(struct worker *worker)
{
	const struct dataplane_host *host = &worker->plane->host;

	for (unsigned i = 0; i < worker->notice_count; i++) {
		const struct notice *n = &worker->notices[i];

		if (n->kind == NOTICE_MOVED) {
			if (host->sa_source_moved != NULL)
				host->sa_source_moved(host->context, n->spi, &n->address, n->port);
		} else if (host->sa_limit != NULL) {
			host->sa_limit(host->context, n->spi, &n->address, n->kind == NOTICE_HARD);
		}
	}
	worker->notice_count = 0;
}

static bool
tell_limit(struct worker *worker, struct sa *sa, bool hard)
{
	return worker_notice(worker, &(struct notice){
					 .kind = hard ? NOTICE_HARD : NOTICE_SOFT,
					 .spi = sa->spi,
					 .address = atomic_load(&sa->path)->destination,
				     });
}

static bool
reached(uint64_t value, uint64_t limit)
{
	return limit != 0 && value >= limit;
}

bool
sa_spent(const struct sa *sa)
{
	return reached(counter_read(&sa->packets), sa->hard_packets) ||
	       reached(counter_read(&sa->bytes), sa->hard_bytes);
}

void
worker_sa_ended(struct worker *worker, struct sa *sa)
{
	if (!sa->hard_told)
		sa->hard_told = tell_limit(worker, sa, true);
}

/* An SA whose numbers run out asks for its successor while a sixteenth of them is left. */
static bool
numbers_low(const struct sa *sa)
{
	uint64_t end = sa_sequence_end(sa), last = sa->inbound ? sa->replay.top : counter_read(&sa->sequence);

	return last >= end - end / 16;
}

void
worker_sa_used(struct worker *worker, struct sa *sa, unsigned packets, uint64_t bytes, usec_t now)
{
	counter_add(&sa->packets, packets);
	counter_add(&sa->bytes, bytes);
	atomic_store_explicit(&sa->last, (uint64_t)now, memory_order_relaxed);
	if (sa_spent(sa))
		worker_sa_ended(worker, sa);
	if (!sa->soft_told && (reached(counter_read(&sa->packets), sa->soft_packets) ||
			       reached(counter_read(&sa->bytes), sa->soft_bytes) || numbers_low(sa)))
		sa->soft_told = tell_limit(worker, sa, false);
}
