// SPDX-License-Identifier: GPL-2.0-or-later
/* The thread that hands batches to the kernel: several wait for it, and come back in their order. */
#include "core/routing/routing_internal.h"

#include "core/base/text.h"
#include "tests/unit/routing/kernel.h"

#define MESSAGES 300 /* of a batch */
#define GIVEN (SENDER_BATCHES + 2)

static struct sender *sender;
static struct netlink_batch *batch;
static struct operation *operations;
static struct {
	uint32_t number; /* of the batch */
	unsigned refused;
	bool last;
} done[GIVEN];
static unsigned done_count;

static void
on_done(struct routing *none, const struct sent *sent)
{
	uv_sleep(2); /* longer than a turn has time for */
	assert_true(sent->known);
	assert_int_equal(sent->count, MESSAGES);
	done[done_count].number = sent->operations[0].target;
	done[done_count].last = sent->last;
	for (unsigned i = 0; i < sent->count; i++)
		done[done_count].refused += sent->operations[i].error != 0;
	done_count++;
}

/* Floors that are not there yet, or by odd numbers the end of those that the batch before has laid. */
static void
give(uint32_t number)
{
	netlink_batch_start(batch, NULL);
	for (unsigned i = 0; i < MESSAGES; i++) {
		struct ip_prefix to = {ip_address_v4(0x1e000000u + i), 32};
		void *room = netlink_batch_room(batch);

		operations[i] = (struct operation){.target = number};
		netlink_batch_add(batch, number % 2 ? message_delete(room, &to, ROUTING_FLOOR_METRIC)
						    : message_floor(room, &to, NLM_F_CREATE | NLM_F_EXCL));
	}
	sender_give(sender, &batch, &operations, 0);
}

/* The loop doesn't turn meanwhile, so the thread has all that it takes; each batch needs the one before it.
 */
static void
some_batches_wait_and_go_in_their_order(void **state)
{
	uv_loop_t own;
	struct error err;

	SKIP_IF_NEEDED();
	uv_loop_init(&own);
	batch = memory_zeroed(1, sizeof(*batch));
	operations = memory_zeroed(NETLINK_BATCH, sizeof(*operations));
	sender = sender_open(&own, on_done, NULL, &err);
	assert_non_null(sender);
	assert_false(sender_busy(sender));
	for (uint32_t i = 0; i < SENDER_BATCHES; i++) {
		assert_true(sender_takes(sender));
		give(i);
	}
	assert_false(sender_takes(sender));
	assert_int_equal(done_count, 0);
	uv_sleep(50); /* all of them may be done by now: they are written down in as many turns */
	for (unsigned turns = 0; sender_busy(sender); turns++) {
		uv_run(&own, UV_RUN_ONCE);
		assert_true(done_count <= turns + 1);
	}
	assert_int_equal(done_count, SENDER_BATCHES);
	for (uint32_t i = SENDER_BATCHES; i < GIVEN; i++)
		give(i);
	sender_wait(sender);
	assert_true(sender_takes(sender));
	assert_int_equal(done_count, GIVEN);
	for (uint32_t i = 0; i < GIVEN; i++) {
		assert_int_equal(done[i].number, i);
		assert_int_equal(done[i].refused, 0);
		assert_int_equal(done[i].last, i + 1 == SENDER_BATCHES || i + 1 == GIVEN);
	}
	sender_close(sender);
	uv_run(&own, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&own), 0);
	free(batch);
	free(operations);
}

/* A turn of the loop gives as much as the thread takes, and has the next batch ready. */
static void
a_turn_leaves_the_thread_with_work(void **state)
{
	const unsigned many = 2 * SENDER_BATCHES * NETLINK_BATCH;
	struct routing_candidate candidate = {.source = ROUTING_BGP, .discard = ROUTING_DISCARD_BLACKHOLE};

	SKIP_IF_NEEDED();
	for (unsigned i = 0; i < many; i++) {
		struct ip_prefix at = {ip_address_v4(0x0b000000u + (i << 8)), 24};

		routing_offer(routing, &at, &candidate);
	}
	assert_int_equal(sync_work(routing, LIMIT), SYNC_WAITING);
	assert_false(sender_takes(routing->sender));
	assert_in_range(routing->batch->count, NETLINK_BATCH - 1, NETLINK_BATCH);
	assert_in_range(routing->queue_length, 1, many - SENDER_BATCHES * (NETLINK_BATCH - 1));
	UNTIL(routing_pending(routing) == 0);
	assert_true(installed("11.0.0.0/24"));
	assert_int_equal(ip_count("route show proto %d type blackhole", ROUTING_PROTOCOL), many);
}

KERNEL_TEST_MAIN(cmocka_unit_test(some_batches_wait_and_go_in_their_order),
		 CASE(a_turn_leaves_the_thread_with_work))
