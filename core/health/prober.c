// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The probes' thread. It waits in one epoll for answers and for the next deadline; everything else it does
 * under the mutex, as do the doors, but for sending a question, which takes the kernel some time: many may be
 * due at once. Before anything is counted as lost the answers that wait are read: after
 * a while in which this process did not run, only what is really missing is missing.
 */
#include "core/health/prober.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/base/processor.h"
#include "core/base/text.h"

#define EVENTS 64
#define WAKE_ID UINT32_MAX

struct asker {
	uint32_t id;
	const struct probe_ops *ops;
	struct probe *probe;
	struct probing probing;
};

/* What is looked through whenever the thread wakes: beside each other, and no more than that. */
struct place {
	usec_t deadline;
	uint32_t id;
	struct asker *asker;
};

struct news {
	uint32_t id;
	unsigned changes;
	enum health_verdict verdict;
};

struct prober {
	struct prober_options options;
	uv_async_t told;
	bool closing;
	pthread_t thread;
	pthread_mutex_t mutex;
	int epoll, wake;
	/* under the mutex */
	bool stop;
	struct place *places;
	size_t count, room;
	unsigned changes;     /* of the places */
	struct asker *asking; /* whose question is leaving; NULL: nobody's */
	pthread_cond_t left;  /* it has */
	struct news *news;
	size_t news_count, news_room;
};

/* --- telling the gateway ----------------------------------------------------------------------- */

static void
note(struct prober *prober, const struct asker *asker, unsigned changes)
{
	if (changes == 0)
		return;
	if (prober->news_count == prober->news_room) {
		prober->news_room = prober->news_room != 0 ? prober->news_room * 2 : 16;
		prober->news = memory_resize(prober->news, prober->news_room * sizeof(*prober->news));
	}
	prober->news[prober->news_count++] =
	    (struct news){.id = asker->id, .changes = changes, .verdict = asker->probing.verdict};
	uv_async_send(&prober->told);
}

/* One at a time, since a callback may remove probes. */
static void
tell(uv_async_t *async)
{
	struct prober *prober = async->data;

	while (!prober->closing) {
		struct news news;

		pthread_mutex_lock(&prober->mutex);
		if (prober->news_count == 0) {
			pthread_mutex_unlock(&prober->mutex);
			return;
		}
		news = prober->news[0];
		prober->news_count--;
		memmove(prober->news, prober->news + 1, prober->news_count * sizeof(*prober->news));
		pthread_mutex_unlock(&prober->mutex);
		if ((news.changes & PROBING_VERDICT) != 0)
			prober->options.verdict(prober->options.context, news.id, news.verdict);
		if ((news.changes & (PROBING_HURRY_ANSWERED | PROBING_HURRY_UNANSWERED)) != 0)
			prober->options.hurried(prober->options.context, news.id,
						(news.changes & PROBING_HURRY_ANSWERED) != 0);
	}
}

/* --- the thread -------------------------------------------------------------------------------- */

static struct place *
place_of(struct prober *prober, uint32_t id)
{
	for (size_t i = 0; i < prober->count; i++) {
		if (prober->places[i].id == id)
			return &prober->places[i];
	}
	return NULL;
}

/* After whatever may have changed it. */
static void
note_deadline(struct place *place)
{
	place->deadline = probing_deadline(&place->asker->probing);
}

static void
read_answers(struct prober *prober, struct asker *asker)
{
	struct probe_answer answer;

	while (asker->ops->take(asker->probe, &answer))
		note(prober, asker,
		     probing_answer(&asker->probing, answer.number, answer.rtt_us, clock_monotonic()));
}

/* Without the mutex; the asker stays until the question has left. */
static void
ask(struct prober *prober, struct asker *asker, uint32_t number)
{
	prober->asking = asker;
	pthread_mutex_unlock(&prober->mutex);
	/* A question that can't leave is one without an answer. */
	asker->ops->send(asker->probe, number, NULL);
	pthread_mutex_lock(&prober->mutex);
	prober->asking = NULL;
	pthread_cond_signal(&prober->left);
}

static void
serve(struct prober *prober, struct asker *asker, usec_t now)
{
	uint32_t number;

	read_answers(prober, asker);
	note(prober, asker, probing_tick(&asker->probing, now));
	if (probing_ask(&asker->probing, now, &number))
		ask(prober, asker, number);
}

/* Milliseconds to wait, rounded up. */
static int
serve_all(struct prober *prober)
{
	usec_t next = INT64_MAX, now = clock_monotonic();

	for (size_t i = 0; i < prober->count; i++) {
		unsigned changes = prober->changes;

		if (prober->places[i].deadline <= now) {
			serve(prober, prober->places[i].asker, now);
			if (prober->changes != changes || prober->stop)
				return 0; /* others are in their places */
			note_deadline(&prober->places[i]);
		}
		next = prober->places[i].deadline < next ? prober->places[i].deadline : next;
	}
	if (next == INT64_MAX)
		return -1;
	now = clock_monotonic();
	return next <= now                        ? 0
	       : next - now > 3600 * USEC_PER_SEC ? 3600000
						  : (int)((next - now + 999) / 1000);
}

static void *
run(void *context)
{
	struct prober *prober = context;
	struct epoll_event events[EVENTS];
	struct sched_param priority = {.sched_priority = 1};
	int wait = -1;

	pthread_setschedparam(pthread_self(), SCHED_RR, &priority);
	processor_keep_off_bulk();
	for (;;) {
		int count = epoll_wait(prober->epoll, events, EVENTS, wait);
		uint64_t ignored;

		pthread_mutex_lock(&prober->mutex);
		if (prober->stop)
			break;
		for (int i = 0; i < count; i++) {
			struct place *place = place_of(prober, events[i].data.u32);

			if (place != NULL) {
				read_answers(prober, place->asker);
				note_deadline(place);
			} else if (events[i].data.u32 == WAKE_ID &&
				   read(prober->wake, &ignored, sizeof(ignored)) < 0) {
				continue; /* somebody else's wake-up was read with it */
			}
		}
		wait = serve_all(prober);
		pthread_mutex_unlock(&prober->mutex);
	}
	pthread_mutex_unlock(&prober->mutex);
	return NULL;
}

static void
wake(struct prober *prober)
{
	const uint64_t one = 1;

	if (write(prober->wake, &one, sizeof(one)) < 0)
		return; /* full: it is awake */
}

/* --- opening and closing ----------------------------------------------------------------------- */

static void
free_closed(uv_handle_t *handle)
{
	struct prober *prober = handle->data;

	free(prober->news);
	free(prober->places);
	free(prober);
}

static void
release(struct prober *prober)
{
	if (prober->epoll >= 0)
		close(prober->epoll);
	if (prober->wake >= 0)
		close(prober->wake);
	pthread_cond_destroy(&prober->left);
	pthread_mutex_destroy(&prober->mutex);
	uv_close((uv_handle_t *)&prober->told, free_closed);
}

static bool
open_waiting(struct prober *prober, struct error *err)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u32 = WAKE_ID};

	prober->epoll = epoll_create1(EPOLL_CLOEXEC);
	prober->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (prober->epoll < 0 || prober->wake < 0 ||
	    epoll_ctl(prober->epoll, EPOLL_CTL_ADD, prober->wake, &event) != 0)
		return error_set(err, "probes can't be watched: %s", strerror(errno));
	return true;
}

static bool
start_thread(struct prober *prober, struct error *err)
{
	sigset_t all, before;
	int code;

	/* Signals are the gateway's business. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	code = pthread_create(&prober->thread, NULL, run, prober);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return code == 0 || error_set(err, "the probes' thread can't be started: %s", strerror(code));
}

struct prober *
prober_open(uv_loop_t *loop, const struct prober_options *options, struct error *err)
{
	struct prober *prober = memory_zeroed(1, sizeof(*prober));
	pthread_mutexattr_t lending;

	prober->options = *options;
	prober->told.data = prober;
	prober->epoll = prober->wake = -1;
	uv_async_init(loop, &prober->told, tell);
	uv_unref((uv_handle_t *)&prober->told);
	/* Its holder gets the thread's priority, so that nobody's interruption stalls the questions. */
	pthread_mutexattr_init(&lending);
	pthread_mutexattr_setprotocol(&lending, PTHREAD_PRIO_INHERIT);
	pthread_mutex_init(&prober->mutex, &lending);
	pthread_mutexattr_destroy(&lending);
	pthread_cond_init(&prober->left, NULL);
	if (open_waiting(prober, err) && start_thread(prober, err))
		return prober;
	release(prober);
	return NULL;
}

static void
end_asker(struct asker *asker)
{
	asker->ops->close(asker->probe);
	free(asker);
}

void
prober_close(struct prober *prober)
{
	if (prober == NULL)
		return;
	pthread_mutex_lock(&prober->mutex);
	prober->stop = true;
	pthread_mutex_unlock(&prober->mutex);
	wake(prober);
	pthread_join(prober->thread, NULL);
	prober->closing = true;
	for (size_t i = 0; i < prober->count; i++)
		end_asker(prober->places[i].asker);
	release(prober);
}

/* --- the other doors --------------------------------------------------------------------------- */

static bool
add(struct prober *prober, struct asker *asker, struct error *err)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u32 = asker->id};

	if (epoll_ctl(prober->epoll, EPOLL_CTL_ADD, asker->ops->descriptor(asker->probe), &event) != 0)
		return error_set(err, "a probe can't be watched: %s", strerror(errno));
	if (prober->count == prober->room) {
		prober->room = prober->room != 0 ? prober->room * 2 : 16;
		prober->places = memory_resize(prober->places, prober->room * sizeof(*prober->places));
	}
	prober->places[prober->count] = (struct place){.id = asker->id, .asker = asker};
	note_deadline(&prober->places[prober->count++]);
	prober->changes++;
	return true;
}

bool
prober_add(struct prober *prober, uint32_t id, const struct prober_config *config, struct error *err)
{
	struct probe *probe = config->ops->open(&config->target, err);
	struct asker *asker;
	bool good;

	if (probe == NULL)
		return false;
	prober_remove(prober, id);
	asker = memory_zeroed(1, sizeof(*asker));
	*asker = (struct asker){.id = id, .ops = config->ops, .probe = probe};
	probing_init(&asker->probing, config->interval_ms, config->fail, config->recover, clock_monotonic());
	pthread_mutex_lock(&prober->mutex);
	good = add(prober, asker, err);
	pthread_mutex_unlock(&prober->mutex);
	if (good)
		wake(prober);
	else
		end_asker(asker);
	return good;
}

void
prober_remove(struct prober *prober, uint32_t id)
{
	struct asker *asker = NULL;
	struct place *place;
	size_t kept = 0;

	pthread_mutex_lock(&prober->mutex);
	place = place_of(prober, id);
	if (place != NULL) {
		asker = place->asker;
		*place = prober->places[--prober->count];
		prober->changes++;
		epoll_ctl(prober->epoll, EPOLL_CTL_DEL, asker->ops->descriptor(asker->probe), NULL);
	}
	for (size_t i = 0; i < prober->news_count; i++) {
		if (prober->news[i].id != id)
			prober->news[kept++] = prober->news[i];
	}
	prober->news_count = kept;
	while (asker != NULL && prober->asking == asker)
		pthread_cond_wait(&prober->left, &prober->mutex);
	pthread_mutex_unlock(&prober->mutex);
	if (asker != NULL)
		end_asker(asker);
}

bool
prober_hurry(struct prober *prober, uint32_t id, uint32_t count, uint32_t spacing_ms)
{
	struct place *place;

	pthread_mutex_lock(&prober->mutex);
	place = place_of(prober, id);
	if (place != NULL) {
		probing_hurry(&place->asker->probing, count, spacing_ms, clock_monotonic());
		note_deadline(place);
	}
	pthread_mutex_unlock(&prober->mutex);
	if (place != NULL)
		wake(prober);
	return place != NULL;
}

bool
prober_status(struct prober *prober, uint32_t id, struct prober_status *out)
{
	struct place *place;

	pthread_mutex_lock(&prober->mutex);
	place = place_of(prober, id);
	if (place != NULL) {
		const struct probing *probing = &place->asker->probing;

		probing_figures(probing, clock_monotonic(), &out->figures);
		out->verdict = probing->verdict;
		out->hits = probing->hits;
		out->answered = probing->answered;
		out->answer_at = probing->answer_at;
	}
	pthread_mutex_unlock(&prober->mutex);
	return place != NULL;
}
