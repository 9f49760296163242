// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Cryptography on several threads for one tunnel; see parallel.h. A job is free, posted, taken, done; who
 * turns "posted" to "taken" by compare-and-swap does it, so the owner never waits for a helper that did not
 * come: it does the job itself. It waits only for one that has begun.
 *
 * Helpers are the next HELPERS workers behind the owner, so that an SA needs contexts for these alone, and
 * each helper knows whose it is by its distance.
 */
#include "plugins/dataplane_userspace/userspace.h"

#include <sched.h>
#include <stdlib.h>

enum {
	FREE,
	POSTED,
	TAKEN,
	DONE,
	WORTH_IT = 2, /* jobs under way, from which on somebody is woken to help */
	LOOKS = 200,  /* for more to do, after the last one that was helped with: some 10 us */
	SPINS = 1000, /* before the processor is left to others */
};

struct jobs *
jobs_create(void)
{
	struct jobs *jobs = aligned_alloc(_Alignof(struct jobs), sizeof(*jobs));

	if (jobs == NULL)
		return NULL;
	atomic_init(&jobs->first, 0);
	atomic_init(&jobs->end, 0);
	atomic_init(&jobs->helped, 0);
	for (unsigned i = 0; i < JOBS; i++)
		atomic_init(&jobs->ring[i].state, FREE);
	return jobs;
}

void
jobs_free(struct jobs *jobs)
{
	free(jobs);
}

static void
relax(unsigned spins)
{
	if (spins >= SPINS) {
		sched_yield();
		return;
	}
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#endif
}

static void
work(const struct job *job, void *context)
{
	struct sa *sa = job->sa;
	struct suite_packet *packets = ((struct job *)job)->packets;

	if (sa->inbound)
		sa->suite->ops->open(context, packets, job->count);
	else
		sa->suite->ops->seal(context, packets, job->count);
}

static bool
take(struct job *job)
{
	int state = POSTED;

	return atomic_compare_exchange_strong_explicit(&job->state, &state, TAKEN, memory_order_acquire,
						       memory_order_relaxed);
}

static unsigned
helpers_of(const struct worker *worker)
{
	unsigned others = worker->peer_count > 1 ? worker->peer_count - 1 : 0;

	return others < HELPERS ? others : HELPERS;
}

/* The jobs of the worker that stands so many places before this one. */
static struct jobs *
before(const struct worker *worker, unsigned distance)
{
	return worker->peers[(worker->index + worker->peer_count - distance) % worker->peer_count].jobs;
}

bool
jobs_waiting(const struct worker *worker)
{
	for (unsigned distance = 1; distance <= helpers_of(worker); distance++) {
		const struct jobs *jobs = before(worker, distance);
		uint32_t n = atomic_load_explicit(&jobs->first, memory_order_acquire);
		uint32_t end = atomic_load_explicit(&jobs->end, memory_order_acquire);

		for (; n != end; n++)
			if (atomic_load_explicit(&jobs->ring[n % JOBS].state, memory_order_relaxed) == POSTED)
				return true;
	}
	return false;
}

struct job *
jobs_next(struct worker *worker)
{
	struct jobs *jobs = worker->jobs;
	uint32_t first = atomic_load_explicit(&jobs->first, memory_order_relaxed);
	uint32_t end = atomic_load_explicit(&jobs->end, memory_order_relaxed);

	if (first == end && worker->peer_count <= 1) { /* nobody looks: the same, for the cache's sake */
		atomic_store_explicit(&jobs->first, 0, memory_order_relaxed);
		atomic_store_explicit(&jobs->end, 0, memory_order_relaxed);
		return &jobs->ring[0];
	}
	return end - first < JOBS ? &jobs->ring[end % JOBS] : NULL;
}

static void
wake_helper(struct worker *worker)
{
	for (unsigned i = 1; i <= helpers_of(worker); i++) {
		struct worker *helper = &worker->peers[(worker->index + i) % worker->peer_count];

		if (atomic_load_explicit(&helper->asleep, memory_order_relaxed)) {
			worker_wake(helper);
			return;
		}
	}
}

void
jobs_post(struct worker *worker)
{
	struct jobs *jobs = worker->jobs;
	uint32_t end = atomic_load_explicit(&jobs->end, memory_order_relaxed);

	atomic_store_explicit(&jobs->ring[end % JOBS].state, POSTED, memory_order_release);
	atomic_store_explicit(&jobs->end, ++end, memory_order_release);
	if (end - atomic_load_explicit(&jobs->first, memory_order_relaxed) >= WORTH_IT)
		wake_helper(worker);
}

struct job *
jobs_end(struct worker *worker)
{
	struct jobs *jobs = worker->jobs;
	uint32_t first = atomic_load_explicit(&jobs->first, memory_order_relaxed);
	struct job *job = &jobs->ring[first % JOBS];

	if (take(job))
		work(job, job->sa->context);
	else
		for (unsigned spins = 0; atomic_load_explicit(&job->state, memory_order_acquire) != DONE;
		     spins++)
			relax(spins);
	atomic_store_explicit(&job->state, FREE, memory_order_relaxed);
	atomic_store_explicit(&jobs->first, first + 1, memory_order_release);
	return job;
}

/* One job of the worker that stands so many places before this one. */
static bool
help(struct worker *worker, unsigned distance)
{
	struct jobs *jobs = before(worker, distance);
	uint32_t first = atomic_load_explicit(&jobs->first, memory_order_acquire);
	uint32_t end = atomic_load_explicit(&jobs->end, memory_order_acquire);

	for (; first != end; first++) {
		struct job *job = &jobs->ring[first % JOBS];

		if (!take(job))
			continue;
		work(job, job->sa->suite->ops->for_all ? job->sa->context : job->sa->spare[distance - 1]);
		atomic_store_explicit(&job->state, DONE, memory_order_release);
		counter_add(&worker->jobs->helped, 1);
		return true;
	}
	return false;
}

bool
jobs_help(struct worker *worker)
{
	for (unsigned distance = 1; distance <= helpers_of(worker); distance++)
		if (help(worker, distance))
			return true;
	return false;
}

void
jobs_help_on(struct worker *worker)
{
	if (!jobs_help(worker))
		return;
	for (unsigned looks = 0; looks < LOOKS && !jobs_waiting(worker); looks++)
		relax(0);
}
