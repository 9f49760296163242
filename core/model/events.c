// SPDX-License-Identifier: GPL-2.0-or-later
/* The store's ring of events: the last ones stay, each with its sequence and its version. */
#include "core/model/store_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct model_shape *
event_shape(void)
{
	return model_kind_info(MODEL_KIND_EVENT)->shape;
}

/* The place of the next event; the oldest gives way. Until it is full the ring is a plain array that grows.
 */
static struct store_event *
next_place(struct model_store *store)
{
	if (store->event_count == STORE_EVENTS) {
		struct store_event *oldest = &store->events[store->event_first];

		model_row_clear(event_shape(), &oldest->event);
		store->weight -= oldest->weight;
		store->event_first = (store->event_first + 1) % STORE_EVENTS;
		return oldest;
	}
	if (store->event_count == store->event_size) {
		store->event_size = store->event_size != 0 ? store->event_size * 2 : 32;
		if (store->event_size > STORE_EVENTS)
			store->event_size = STORE_EVENTS;
		store->events = memory_resize(store->events, store->event_size * sizeof(*store->events));
	}
	return &store->events[store->event_count++];
}

/* Copies the event to the end and tells the watchers. */
static void
append(struct model_store *store, const struct model_event *event, uint64_t sequence)
{
	size_t weight = store->limit != 0 ? model_row_weight(event_shape(), event) : 0;
	struct store_event *place;

	if (store_refuses(store, weight))
		return;
	place = next_place(store);
	place->weight = weight;
	store->weight += weight;
	model_row_copy(event_shape(), &place->event, event);
	place->event.sequence = store->event_sequence = sequence;
	if (place->event.at == 0)
		place->event.at = clock_wall();
	place->version = ++store->version;
	store_tell_changed(store, MODEL_KIND_EVENT, &place->event, model_fields_all(event_shape()));
}

uint64_t
model_store_event(struct model_store *store, const struct model_event *event)
{
	uint64_t sequence = store->event_sequence + 1;

	append(store, event, sequence);
	return sequence;
}

void
model_store_event_mirror(struct model_store *store, const struct model_event *event)
{
	if (event->sequence == MODEL_UINT_UNSET || event->sequence <= store->event_sequence)
		return;
	append(store, event, event->sequence);
}

void
model_store_log(struct model_store *store, const char *severity, const char *kind, const char *subject,
		const char *format, ...)
{
	struct model_event event;
	va_list args;

	model_row_init(event_shape(), &event);
	model_set(&event.severity, severity);
	model_set(&event.kind, kind);
	model_set(&event.subject, subject);
	va_start(args, format);
	if (vasprintf(&event.text, format, args) < 0)
		event.text = NULL;
	va_end(args);
	model_store_event(store, &event);
	model_row_clear(event_shape(), &event);
}

void
model_store_forget_events(struct model_store *store)
{
	for (size_t i = 0; i < store->event_count; i++) {
		struct store_event *event = &store->events[(store->event_first + i) % STORE_EVENTS];

		model_row_clear(event_shape(), &event->event);
		store->weight -= event->weight;
	}
	if (store->event_count > 0)
		store->version++; /* who keeps pointers to them has to look again */
	store->event_first = store->event_count = 0;
	store->event_sequence = 0;
}

void
store_free_events(struct model_store *store)
{
	model_store_forget_events(store);
	FREE_AND_NULL(store->events);
	store->event_size = 0;
}
