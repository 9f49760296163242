// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A thread that hands batches of netlink messages to the kernel and collects the answers, so that the loop
 * never waits for a large table. It has a socket of its own and sees nothing but the batch: two semaphores
 * pass one batch there and back, and an async handle wakes the loop. Whoever can't go back to the loop first
 * waits for the same semaphore.
 *
 * It goes no faster than the kernel can clear up. What a route or a node of the trie leaves behind is freed
 * when a grace period of RCU is over, in the softirq of whoever happens to send a packet then. Hundreds of
 * thousands at once held a sendto() for 120 ms, long enough for a peer's BFD to give the tunnel up. So after
 * every few thousand messages the thread waits for a grace period (membarrier(2), its global command).
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

/* After so many messages the kernel is given the time to clear up. */
#define PACE 4096

struct sender {
	struct routing *routing;
	void (*done)(struct routing *routing, bool known);
	struct netlink netlink;
	uv_thread_t thread;
	uv_sem_t given, sent, ready;
	uv_async_t *async;
	bool busy, quit, crowding; /* the loop's own view */
	int number;                /* of the thread */
	bool known;                /* written by the thread before `sent` */
	unsigned count;
	struct netlink_batch *batch;
	struct operation *operations;
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
	unsigned sent = 0;

	processor_keep_to_bulk();
	sender->number = processor_thread();
	uv_sem_post(&sender->ready);
	for (;;) {
		uv_sem_wait(&sender->given);
		if (sender->quit)
			return;
		sent += sender->batch->count;
		sender->known = netlink_batch_send(sender->batch, operation_failed, sender->operations);
		uv_sem_post(&sender->sent);
		uv_async_send(sender->async);
		if (sent >= PACE) {
			let_kernel_clear_up();
			sent = 0;
		}
	}
}

static void
finish(struct sender *sender)
{
	sender->busy = false;
	sender->done(sender->routing, sender->known);
}

static void
on_async(uv_async_t *async)
{
	struct sender *sender = async->data;

	if (sender != NULL && sender->busy && uv_sem_trywait(&sender->sent) == 0)
		finish(sender);
}

void
sender_give(struct sender *sender, struct netlink_batch **batch, struct operation **operations)
{
	struct netlink_batch *empty = sender->batch;
	struct operation *unused = sender->operations;

	sender->batch = *batch;
	sender->batch->netlink = &sender->netlink;
	sender->operations = *operations;
	sender->count = sender->batch->count;
	*batch = empty;
	*operations = unused;
	sender->busy = true;
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
	return sender != NULL && sender->busy;
}

void
sender_wait(struct sender *sender)
{
	uv_sem_wait(&sender->sent);
	finish(sender);
}

struct netlink *
sender_netlink(struct sender *sender)
{
	return &sender->netlink;
}

struct operation *
sender_operations(struct sender *sender, unsigned *count)
{
	*count = sender->count;
	return sender->operations;
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
sender_open(uv_loop_t *loop, void (*done)(struct routing *routing, bool known), struct routing *routing,
	    struct error *err)
{
	struct sender *sender = memory_zeroed(1, sizeof(*sender));
	int result;

	sender->routing = routing;
	sender->done = done;
	if (!netlink_open(&sender->netlink, err)) {
		free(sender);
		return NULL;
	}
	sender->batch = memory_zeroed(1, sizeof(*sender->batch));
	sender->operations = memory_zeroed(NETLINK_BATCH, sizeof(*sender->operations));
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
	free(sender->batch);
	free(sender->operations);
	free(sender);
}
