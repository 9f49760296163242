// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From charon's threads to the loop: a bounded list of events and an uv_async_t. Bursts happen (a thousand
 * tunnels coming up write fifty lines each), so log lines give way first; what they lost is counted and told
 * in one line. Other events have four times the room and are lost only if the loop stands still.
 */
#include "core/ike/ike_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_LINES 2048
#define MOST_EVENTS 8192

struct queued_event {
	struct queued_event *next;
	struct ike_event event;
	struct ike_failure failure[]; /* one where the event has it */
};

static struct queued_event *
take_all(struct event_queue *queue, unsigned *lost_lines)
{
	struct queued_event *head;

	pthread_mutex_lock(&queue->lock);
	head = queue->head;
	*lost_lines = queue->lost_lines;
	queue->head = NULL;
	queue->tail = &queue->head;
	queue->count = 0;
	queue->lost_lines = 0;
	pthread_mutex_unlock(&queue->lock);
	return head;
}

static void
deliver(uv_async_t *wake)
{
	struct ike *ike = wake->data;
	unsigned lost;
	struct queued_event *item, *next;

	if (!ike)
		return;
	for (item = take_all(&ike->queue, &lost); item; item = next) {
		next = item->next;
		/* The callback may close us: then `wake` has lost its data and the rest is dropped. */
		if (wake->data)
			ike->options.event(ike->options.context, &item->event);
		free(item);
	}
	if (lost && wake->data) {
		struct ike_event event = {
		    .kind = IKE_EVENT_LOG, .at = clock_monotonic(), .level = 1, .count = lost};

		snprintf(event.text, sizeof(event.text), "%u line%s of the IKE log %s dropped", lost,
			 PLURAL(lost, "s"), lost == 1 ? "was" : "were");
		ike->options.event(ike->options.context, &event);
	}
}

bool
events_open(struct event_queue *queue, uv_loop_t *loop, struct ike *ike, struct error *err)
{
	int status;

	pthread_mutex_init(&queue->lock, NULL);
	queue->tail = &queue->head;
	queue->wake = memory_zeroed(1, sizeof(*queue->wake));
	status = uv_async_init(loop, queue->wake, deliver);
	if (status < 0) {
		FREE_AND_NULL(queue->wake);
		return error_set(err, "can't wake the loop for IKE: %s", uv_strerror(status));
	}
	queue->wake->data = ike;
	return true;
}

static void
free_wake(uv_handle_t *handle)
{
	free(handle);
}

void
events_close(struct event_queue *queue)
{
	unsigned lost;
	struct queued_event *item, *next;

	if (queue->wake) {
		queue->wake->data = NULL;
		uv_close((uv_handle_t *)queue->wake, free_wake);
		queue->wake = NULL;
	}
	for (item = take_all(queue, &lost); item; item = next) {
		next = item->next;
		free(item);
	}
	pthread_mutex_destroy(&queue->lock);
}

void
events_forget(struct ike *ike, uint32_t tunnel)
{
	struct event_queue *queue = &ike->queue;
	struct queued_event **at;

	pthread_mutex_lock(&queue->lock);
	for (at = &queue->head; *at;) {
		struct queued_event *item = *at;

		if (item->event.tunnel != tunnel || item->event.kind == IKE_EVENT_LOG) {
			at = &item->next;
			continue;
		}
		*at = item->next;
		queue->count--;
		free(item);
	}
	queue->tail = at;
	pthread_mutex_unlock(&queue->lock);
}

void
events_post(struct ike *ike, const struct ike_event *event)
{
	struct event_queue *queue = &ike->queue;
	struct queued_event *item = malloc(sizeof(*item) + (event->failure ? sizeof(item->failure[0]) : 0));
	bool room;

	if (!item)
		return;
	item->next = NULL;
	item->event = *event;
	if (event->failure) {
		item->failure[0] = *event->failure;
		item->event.failure = item->failure;
	}
	if (!item->event.at)
		item->event.at = clock_monotonic();
	pthread_mutex_lock(&queue->lock);
	room = queue->count < (event->kind == IKE_EVENT_LOG ? MOST_LINES : MOST_EVENTS);
	if (room) {
		*queue->tail = item;
		queue->tail = &item->next;
		/* Only the first of a batch wakes: the loop takes all there is. */
		if (queue->count++ == 0)
			uv_async_send(queue->wake);
	} else {
		queue->lost_lines += event->kind == IKE_EVENT_LOG;
		free(item);
	}
	pthread_mutex_unlock(&queue->lock);
}
