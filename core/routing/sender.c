// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A thread that hands batches of netlink messages to the kernel and collects the answers, so that the loop
 * never waits for a large table. It has a socket of its own and sees nothing but the batches: two semaphores
 * pass them there and back in their order, and an async handle wakes the loop. Whoever can't go back to the
 * loop first waits for the same semaphore.
 *
 * A few batches may wait for it: a turn of the loop that reads UPDATEs lasts as long as the kernel takes for
 * one or two, and in that time the thread must not run out of work.
 *
 * It takes away no faster than the kernel can clear up. What a route leaves behind is freed when a grace
 * period of RCU is over, in the softirq of whoever happens to send a packet then. Hundreds of thousands at
 * once held a sendto() for 120 ms, long enough for a peer's BFD to give the tunnel up. So after every few
 * thousand routes that went or were replaced the thread waits for a grace period (membarrier(2), its global
 * command). New routes leave only what the kernel's trie outgrew, and for that the kernel waits by itself
 * (net.ipv4.fib_sync_mem): with and without such waits a real-time thread on the same processor was late
 * alike, while a million routes took five times as long.
 */
#include "core/routing/routing_internal.h"

#include <linux/membarrier.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/processor.h"
#include "core/base/text.h"

/* After so many routes that went the kernel is given the time to clear up. */
#define PACE 4096

/* So long a turn writes down what became of batches, before the next one is left to another. */
#define FINISH_US 500

/* A batch on its way. The thread's between `given` and `sent`, the loop's before and after. */
struct parcel {
	struct sent sent;
	struct netlink_batch *batch;
	unsigned gone; /* messages in it that take away */
};

struct sender {
	struct routing *routing;
	void (*done)(struct routing *routing, const struct sent *sent);
	struct netlink netlink;
	uv_thread_t thread;
	uv_sem_t given, sent, ready;
	uv_async_t *async;
	bool quit, crowding;     /* the loop's own view */
	int number;              /* of the thread */
	unsigned first, waiting; /* the loop's: the oldest parcel, and how many there are from it on */
	struct parcel parcels[SENDER_BATCHES];
};

static void
operation_failed(void *context, unsigned index, int error)
{
	struct operation *operations = context;

	operations[index].error = -error;
}

/* Waits for a grace period. A kernel without membarrier refuses it: then it is as fast as it gets. */
static void
let_kernel_clear_up(void)
{
	syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
}

static void
run(void *context)
{
	struct sender *sender = context;
	unsigned gone = 0;

	processor_keep_to_bulk();
	sender->number = processor_thread();
	uv_sem_post(&sender->ready);
	for (unsigned next = 0;; next = (next + 1) % SENDER_BATCHES) {
		struct parcel *parcel = &sender->parcels[next];

		uv_sem_wait(&sender->given);
		if (sender->quit)
			return;
		gone += parcel->gone;
		parcel->sent.known =
		    netlink_batch_send(parcel->batch, operation_failed, parcel->sent.operations);
		parcel->sent.reason = sender->netlink.reason;
		uv_sem_post(&sender->sent);
		uv_async_send(sender->async);
		if (gone >= PACE) {
			let_kernel_clear_up();
			gone = 0;
		}
	}
}

/* The parcel's room is free again when what became of it is written down. */
static void
finish(struct sender *sender)
{
	struct sent *sent = &sender->parcels[sender->first].sent;

	sent->last = sender->waiting == 1;
	sender->done(sender->routing, sent);
	sender->first = (sender->first + 1) % SENDER_BATCHES;
	sender->waiting--;
}

/* As many in a turn as there is time for: two thousand routes that went are work of a millisecond. */
static void
on_async(uv_async_t *async)
{
	struct sender *sender = async->data;
	usec_t until = clock_monotonic() + FINISH_US;

	while (sender != NULL && sender->waiting != 0 && uv_sem_trywait(&sender->sent) == 0) {
		finish(sender);
		if (clock_monotonic() >= until) {
			uv_async_send(async);
			return;
		}
	}
}

void
sender_give(struct sender *sender, struct netlink_batch **batch, struct operation **operations, unsigned gone)
{
	struct parcel *parcel = &sender->parcels[(sender->first + sender->waiting) % SENDER_BATCHES];
	struct netlink_batch *empty = parcel->batch;
	struct operation *unused = parcel->sent.operations;

	parcel->batch = *batch;
	parcel->batch->netlink = &sender->netlink;
	parcel->sent.operations = *operations;
	parcel->sent.count = parcel->batch->count;
	parcel->gone = gone;
	*batch = empty;
	*operations = unused;
	sender->waiting++;
	uv_sem_post(&sender->given);
}

void
sender_crowd(struct sender *sender, bool crowd)
{
	if (sender == NULL || sender->crowding == crowd)
		return;
	sender->crowding = crowd;
	processor_clear_bulk(crowd, sender->number);
}

bool
sender_busy(const struct sender *sender)
{
	return sender != NULL && sender->waiting != 0;
}

bool
sender_takes(const struct sender *sender)
{
	return sender->waiting < SENDER_BATCHES;
}

void
sender_wait(struct sender *sender)
{
	while (sender->waiting != 0) {
		uv_sem_wait(&sender->sent);
		finish(sender);
	}
}

uint32_t
sender_port(const struct sender *sender)
{
	return sender->netlink.port;
}

static void
free_handle(uv_handle_t *handle)
{
	free(handle);
}

/* Signals are the loop's business: the thread blocks all. */
static int
start_thread(struct sender *sender)
{
	sigset_t all, before;
	int result;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	result = uv_thread_create(&sender->thread, run, sender);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return result;
}

struct sender *
sender_open(uv_loop_t *loop, void (*done)(struct routing *routing, const struct sent *sent),
	    struct routing *routing, struct error *err)
{
	struct sender *sender = memory_zeroed(1, sizeof(*sender));
	int result;

	sender->routing = routing;
	sender->done = done;
	if (!netlink_open(&sender->netlink, NETLINK_ROUTE, err)) {
		free(sender);
		return NULL;
	}
	for (unsigned i = 0; i < SENDER_BATCHES; i++) {
		sender->parcels[i].batch = memory_zeroed(1, sizeof(*sender->parcels[i].batch));
		sender->parcels[i].sent.operations = memory_zeroed(NETLINK_BATCH, sizeof(struct operation));
	}
	sender->async = memory_zeroed(1, sizeof(*sender->async));
	sender->async->data = sender;
	uv_sem_init(&sender->given, 0);
	uv_sem_init(&sender->sent, 0);
	uv_sem_init(&sender->ready, 0);
	uv_async_init(loop, sender->async, on_async);
	result = start_thread(sender);
	if (result == 0) {
		uv_sem_wait(&sender->ready);
		return sender;
	}
	error_set(err, "routing: can't start a thread: %s", uv_strerror(result));
	sender->quit = true;
	sender_close(sender);
	return NULL;
}

void
sender_close(struct sender *sender)
{
	if (sender == NULL)
		return;
	if (!sender->quit) {
		sender_crowd(sender, false);
		sender->quit = true;
		uv_sem_post(&sender->given);
		uv_thread_join(&sender->thread);
	}
	sender->async->data = NULL;
	uv_close((uv_handle_t *)sender->async, free_handle);
	uv_sem_destroy(&sender->given);
	uv_sem_destroy(&sender->sent);
	uv_sem_destroy(&sender->ready);
	netlink_close(&sender->netlink);
	for (unsigned i = 0; i < SENDER_BATCHES; i++) {
		free(sender->parcels[i].batch);
		free(sender->parcels[i].sent.operations);
	}
	free(sender);
}
