// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From what entries should be to what the kernel has. Entries that differ wait in a queue; a turn of the loop
 * makes a batch of netlink messages of them. What an entry has in the kernel is only written down when the
 * answer is there.
 *
 * A few messages are sent at once. Many go to a thread (sender.c), because the kernel may take its time:
 * while its trie of a large table grows it waits for all processors (synchronize_net), tens of milliseconds
 * during which no keepalive would be sent. It takes one batch after the other, so that all changes reach the
 * kernel in their order, and a few full ones wait for it; an entry is in one of them at a time.
 *
 * For each prefix there are at most two routes: the one that carries (ROUTING_METRIC) and the floor. The
 * floor is laid before the other is taken away, and taken away after it, so that the prefix is never without
 * both in between.
 *
 * A change that concerns many prefixes (a connection lost its last tunnel) starts a scan: the table is walked
 * in slices and what differs is queued.
 */
#include "core/routing/routing_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"

#define SCAN_CHUNK 1024

/* So few messages are handed over at once, without the thread. */
#define FEW 16

/* With so many prefixes waiting the thread is given a processor of its own. */
#define CROWD 4096

/* One entry has two messages at most. */
#define ENTRY_MESSAGES 2

void
sync_queue(struct routing *routing, struct entry *entry)
{
	if (entry->queued)
		return;
	entry->queued = true;
	entry->next = NULL;
	routing_wake(routing);
	if (routing->queue_tail != NULL)
		routing->queue_tail->next = entry;
	else
		routing->queue_head = entry;
	routing->queue_tail = entry;
	routing->queue_length++;
}

static struct entry *
queue_take(struct routing *routing)
{
	struct entry *entry = routing->queue_head;

	if (entry == NULL)
		return NULL;
	routing->queue_head = entry->next;
	if (routing->queue_head == NULL)
		routing->queue_tail = NULL;
	routing->queue_length--;
	entry->next = NULL;
	entry->queued = false;
	return entry;
}

void
sync_rescan(struct routing *routing)
{
	routing_wake(routing);
	routing->scan_again = routing->scanning;
	if (routing->scanning)
		return;
	routing->scanning = true;
	routing->scan_started = false;
}

/* Of what an earlier run left, that which nobody has offered as it is. */
static void
settle(struct routing *routing, struct entry *entry)
{
	bool counted = routing->targets[entry->target].kind == TARGET_GATEWAY;
	bool swept = entry_disown(routing, entry);

	routing->swept += counted && swept && !entry_has_candidate(entry);
}

/* Queues what differs among the next entries. True at the end of the table. */
static bool
scan_step(struct routing *routing)
{
	struct table_walk walk;
	struct entry *entry = NULL;

	table_walk_start(&walk, &routing->table, routing->scan_started ? &routing->scan_after : NULL);
	for (unsigned i = 0; i < SCAN_CHUNK; i++) {
		struct wish wish;

		entry = table_next(&walk);
		if (entry == NULL)
			return true;
		if (entry->stale && !routing->holding)
			settle(routing, entry);
		wish = entry_wish(routing, entry);
		/* What is on its way may be what was wished before: it is looked at again when it is there.
		 */
		if (wish.target != entry->target || wish.floor != entry->floor || entry->replace ||
		    entry->in_flight)
			sync_queue(routing, entry);
	}
	routing->scan_after = entry->node.prefix;
	routing->scan_started = true;
	return false;
}

static void
add_operation(struct routing *routing, struct entry *entry, enum operation_kind kind, uint32_t target,
	      struct nlmsghdr *message)
{
	routing->operations[routing->batch->count] = (struct operation){entry, target, 0, kind};
	entry->in_flight = true;
	if (kind == OPERATION_ROUTE_DELETE || kind == OPERATION_FLOOR_DELETE ||
	    message->nlmsg_flags & NLM_F_REPLACE)
		routing->batch_gone++;
	if (target != 0)
		routing->targets[target].refs++; /* it must not be removed under the message */
	netlink_batch_add(routing->batch, message);
}

static void
add_route(struct routing *routing, struct entry *entry, uint32_t target)
{
	struct target *to = &routing->targets[target];
	uint16_t flags = entry_actual(routing, entry) != 0 || entry->replace ? NLM_F_CREATE | NLM_F_REPLACE
									     : NLM_F_CREATE | NLM_F_EXCL;

	if (!target_install(routing, to)) {
		entry->failed = (uint8_t)to->refused;
		return;
	}
	add_operation(
	    routing, entry, OPERATION_ROUTE, target,
	    message_route(netlink_batch_room(routing->batch), routing, &entry->node.prefix, target, flags));
}

/* Adds what the entry needs to the batch; there is room. True where it needs something. */
static bool
add_entry(struct routing *routing, struct entry *entry)
{
	struct wish wish = entry_wish(routing, entry);
	struct netlink_batch *batch = routing->batch;
	const struct ip_prefix *prefix = &entry->node.prefix;
	unsigned before = batch->count;
	uint32_t actual = entry_actual(routing, entry);

	if (wish.floor && !entry->floor)
		add_operation(routing, entry, OPERATION_FLOOR, 0,
			      message_floor(netlink_batch_room(batch), prefix, NLM_F_CREATE | NLM_F_EXCL));
	if (wish.target != 0 && (wish.target != actual || entry->replace))
		add_route(routing, entry, wish.target);
	else if (wish.target == 0 && (actual != 0 || entry->replace))
		add_operation(routing, entry, OPERATION_ROUTE_DELETE, 0,
			      message_delete(netlink_batch_room(batch), prefix, ROUTING_METRIC));
	else if (wish.target == 0 && entry->target != 0)
		entry_set_target(routing, entry, 0); /* the kernel dropped it by itself */
	if (!wish.floor && entry->floor)
		add_operation(routing, entry, OPERATION_FLOOR_DELETE, 0,
			      message_delete(netlink_batch_room(batch), prefix, ROUTING_FLOOR_METRIC));
	return batch->count > before;
}

static void
operation_failed(void *context, unsigned index, int error)
{
	struct operation *operations = context;

	operations[index].error = -error;
}

static void
report_failure(struct routing *routing, const struct entry *entry, int error, const char *reason)
{
	char text[IP_PREFIX_TEXT];

	ip_prefix_format(&entry->node.prefix, text);
	if (error == EEXIST) {
		routing_event(
		    routing, "warning", "route.conflict", text,
		    "another program has a route to %s with our metric %d; ours stands back until it is gone",
		    text, ROUTING_METRIC);
		return;
	}
	routing_event(routing, "warning", "route.failed", text, "the kernel refused the route to %s: %s%s%s",
		      text, strerror(error), reason[0] ? ": " : "", reason);
}

static void
finish_route(struct routing *routing, struct entry *entry, const struct operation *operation,
	     const char *reason)
{
	entry->replace = false;
	if (operation->error != 0) {
		/* The old route, where there was one, still stands, unless it had gone. */
		if (operation->error == EEXIST || operation->error == ENOENT)
			entry_set_target(routing, entry, 0);
		if (operation->error == EEXIST)
			audit_start(routing); /* it may be one of ours */
		if (entry->failed != operation->error)
			report_failure(routing, entry, operation->error, reason);
		entry->failed = (uint8_t)operation->error;
		return;
	}
	entry->failed = 0;
	entry_set_target(routing, entry, operation->target);
}

static void
finish_entry(struct routing *routing, struct entry *entry)
{
	char text[IP_PREFIX_TEXT];

	if (entry->restored && entry->failed == 0 && entry->floor_failed == 0) {
		ip_prefix_format(&entry->node.prefix, text);
		routing_event(routing, "warning", "route.restored", text,
			      "the route to %s was taken out of the kernel's table or changed there; it has "
			      "been put back",
			      text);
	}
	entry->restored = false;
	routing_entry_changed(routing, entry);
	routing_entry_release(routing, entry);
}

static void
finish_operation(struct routing *routing, const struct operation *operation, const char *reason)
{
	struct entry *entry = operation->entry;
	bool gone = operation->error == 0 || operation->error == ESRCH || operation->error == ENOENT;

	switch (operation->kind) {
	case OPERATION_ROUTE:
		finish_route(routing, entry, operation, reason);
		break;
	case OPERATION_ROUTE_DELETE:
		entry->replace = false;
		if (gone) {
			entry->failed = 0;
			entry_set_target(routing, entry, 0);
		} else {
			entry->failed = (uint8_t)operation->error;
		}
		break;
	case OPERATION_FLOOR:
		/* One that is there already is ours from before, or as good as ours. */
		entry->floor = operation->error == 0 || operation->error == EEXIST;
		if (operation->error != 0 && operation->error != EEXIST &&
		    entry->floor_failed != operation->error)
			report_failure(routing, entry, operation->error, reason);
		entry->floor_failed = entry->floor ? 0 : (uint8_t)operation->error;
		break;
	case OPERATION_FLOOR_DELETE:
		entry->floor = !gone;
		entry->floor_failed = gone ? 0 : (uint8_t)operation->error;
		break;
	}
	if (audit_running(routing))
		entry->seen = entry->floor_seen = true;
}

static void
finish_all(struct routing *routing, const struct operation *operations, unsigned count, bool known,
	   const char *reason)
{
	if (!known)
		audit_start(routing);
	for (unsigned i = 0; i < count; i++) {
		const struct operation *operation = &operations[i];

		operation->entry->in_flight = false;
		finish_operation(routing, operation, reason);
		if (operation->target != 0)
			target_drop(routing, operation->target);
		if (i + 1 == count || operations[i + 1].entry != operation->entry)
			finish_entry(routing, operation->entry);
	}
}

static void
batch_begin(struct routing *routing)
{
	netlink_batch_start(routing->batch, &routing->netlink);
	routing->batch_gone = 0;
}

static void
give_batch(struct routing *routing)
{
	routing->changes++;
	if (routing->queue_length > CROWD)
		sender_crowd(routing->sender, true);
	sender_give(routing->sender, &routing->batch, &routing->operations, routing->batch_gone);
	batch_begin(routing);
}

/* The thread has something to do meanwhile. */
static void
on_sent(struct routing *routing, const struct sent *sent)
{
	if (routing->batch->count > 0 && sent->last)
		give_batch(routing);
	finish_all(routing, sent->operations, sent->count, sent->known, sent->reason.text);
	routing_wake(routing);
}

/* At once where it is little, or where the caller can't wait; else by the thread, which has nothing to do. */
static void
send_batch(struct routing *routing, bool at_once)
{
	unsigned count = routing->batch->count;
	bool known;

	if (count == 0)
		return;
	if (!at_once && (count > FEW || routing->queue_head != NULL)) {
		give_batch(routing);
		return;
	}
	routing->changes++;
	known = netlink_batch_send(routing->batch, operation_failed, routing->operations);
	batch_begin(routing);
	finish_all(routing, routing->operations, count, known, routing->netlink.reason.text);
}

static bool
batch_has_room(const struct netlink_batch *batch)
{
	return batch->count + ENTRY_MESSAGES <= NETLINK_BATCH &&
	       batch->used + ENTRY_MESSAGES * NETLINK_MESSAGE <= sizeof(batch->bytes);
}

/* Up to an entry that is in a batch under way: what the kernel has of it is not known yet. */
static void
fill_batch(struct routing *routing)
{
	while (batch_has_room(routing->batch) && routing->queue_head != NULL &&
	       !routing->queue_head->in_flight) {
		struct entry *entry = queue_take(routing);

		if (!add_entry(routing, entry))
			finish_entry(routing, entry);
	}
}

static void
scan(struct routing *routing)
{
	if (!routing->scanning || !scan_step(routing))
		return;
	routing->scanning = routing->scan_again;
	routing->scan_again = false;
	routing->scan_started = false;
	if (!routing->settling || routing->scanning)
		return;
	routing->settling = false;
	routing_event(
	    routing, "info", "route.settled", "",
	    "the kernel's routes agree with what the peers told after the restart: of %zu that were "
	    "kept, %zu %s removed",
	    routing->kept[0] + routing->kept[1], routing->swept, routing->swept == 1 ? "was" : "were");
}

/* Full batches are given as far as the sender takes them; less than a full one when it has nothing to do. */
static void
hand_over(struct routing *routing, bool at_once)
{
	fill_batch(routing);
	if (!sender_busy(routing->sender)) {
		send_batch(routing, at_once);
		fill_batch(routing);
	} else if (!batch_has_room(routing->batch) && sender_takes(routing->sender)) {
		give_batch(routing);
		fill_batch(routing);
	}
}

/* Nothing more can be done before the sender is done with something. */
static bool
must_wait(const struct routing *routing)
{
	const struct sender *sender = routing->sender;

	return sender_busy(sender) && (batch_has_room(routing->batch) || !sender_takes(sender));
}

enum sync_state
sync_work(struct routing *routing, usec_t limit)
{
	usec_t until = clock_monotonic() + limit;

	do {
		if (limit == 0)
			sender_wait(routing->sender);
		hand_over(routing, limit == 0);
		if (limit > 0 && must_wait(routing) && !routing->scanning)
			return SYNC_WAITING;
		scan(routing);
		if (routing->queue_head == NULL && routing->batch->count == 0 && !routing->scanning &&
		    !sender_busy(routing->sender))
			return SYNC_SETTLED;
	} while (limit == 0 || clock_monotonic() < until);
	return SYNC_MORE;
}

bool
sync_open(struct routing *routing, struct error *err)
{
	routing->batch = memory_zeroed(1, sizeof(*routing->batch));
	routing->urgent = memory_zeroed(1, sizeof(*routing->urgent));
	routing->operations = memory_zeroed(NETLINK_BATCH, sizeof(*routing->operations));
	batch_begin(routing);
	routing->sender = sender_open(routing->loop, on_sent, routing, err);
	return routing->sender != NULL;
}

void
sync_close(struct routing *routing)
{
	if (routing->sender != NULL)
		sender_wait(routing->sender);
	sender_close(routing->sender);
	routing->sender = NULL;
	free(routing->batch);
	free(routing->urgent);
	free(routing->operations);
}
