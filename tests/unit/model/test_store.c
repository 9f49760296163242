// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/model.h"
#include "tests/unit/test.h"

static const struct model_shape *
tunnel_shape(void)
{
	return model_kind_info(MODEL_KIND_TUNNEL)->shape;
}

static uint64_t
bit(const char *field)
{
	return UINT64_C(1) << model_field_find(tunnel_shape(), field);
}

static uint64_t
put_tunnel(struct model_store *store, const char *name, const char *state, uint64_t rx)
{
	struct model_tunnel *tunnel = model_row_new(MODEL_KIND_TUNNEL);
	uint64_t changed;

	model_set(&tunnel->name, name);
	model_set(&tunnel->state, state);
	tunnel->rx_bytes = rx;
	changed = model_store_put(store, MODEL_KIND_TUNNEL, tunnel);
	model_row_free(MODEL_KIND_TUNNEL, tunnel);
	return changed;
}

/* A reader: a store of its own that takes changes, some at a time, through JSON as on the wire. */
struct copy {
	struct model_store *store;
	struct model_cursor cursor;
	size_t budget, visits;
	uint64_t last_version;
	uint64_t last_fields;
	bool ordered;
};

static bool
take(void *context, const struct model_change *change)
{
	struct copy *copy = context;
	const struct model_kind_info *info = model_kind_info(change->kind);

	if (change->version <= copy->last_version)
		copy->ordered = false;
	copy->last_version = change->version;
	copy->last_fields = change->fields;
	copy->visits++;
	if (change->row == NULL) {
		model_store_remove(copy->store, change->kind, change->key);
	} else if (change->kind == MODEL_KIND_EVENT) {
		model_store_event_mirror(copy->store, change->row);
	} else {
		void *row = model_row_new(change->kind);
		json_t *json = model_row_to_json(info->shape, change->row, change->fields | 1);
		uint64_t seen;

		assert_true(model_row_from_json(info->shape, row, json, &seen, NULL));
		model_store_merge(copy->store, change->kind, row, seen);
		json_decref(json);
		model_row_free(change->kind, row);
	}
	return copy->budget == 0 || --copy->budget != 0;
}

static void
assert_same(const struct model_store *a, const struct model_store *b)
{
	assert_int_equal(model_store_count(a, MODEL_KIND_TUNNEL), model_store_count(b, MODEL_KIND_TUNNEL));
	for (size_t i = 0; i < model_store_count(a, MODEL_KIND_TUNNEL); i++) {
		const struct model_tunnel *row = model_store_at(a, MODEL_KIND_TUNNEL, i);
		const struct model_tunnel *other = model_store_get(b, MODEL_KIND_TUNNEL, row->name);

		assert_non_null(other);
		assert_true(model_row_diff(tunnel_shape(), row, other) == 0);
	}
}

static void
a_put_row_is_found_by_key_and_by_place(void **state)
{
	struct model_store *store = model_store_new();
	const struct model_tunnel *tunnel;

	assert_true(put_tunnel(store, "b/1", "up", 1) == model_fields_all(tunnel_shape()));
	put_tunnel(store, "a/1", "up", 1);
	assert_int_equal(model_store_count(store, MODEL_KIND_TUNNEL), 2);
	tunnel = model_store_at(store, MODEL_KIND_TUNNEL, 0);
	assert_string_equal(tunnel->name, "b/1");
	tunnel = model_store_get(store, MODEL_KIND_TUNNEL, "a/1");
	assert_string_equal(tunnel->name, "a/1");
	assert_null(model_store_get(store, MODEL_KIND_TUNNEL, "c/1"));
	assert_null(model_store_at(store, MODEL_KIND_TUNNEL, 2));
	model_store_free(store);
}

static void
an_equal_put_changes_nothing(void **state)
{
	struct model_store *store = model_store_new();
	uint64_t version;

	put_tunnel(store, "a/1", "up", 1);
	version = model_store_version(store);
	assert_true(put_tunnel(store, "a/1", "up", 1) == 0);
	assert_true(model_store_version(store) == version);
	assert_true(put_tunnel(store, "a/1", "up", 2) == bit("rx_bytes"));
	assert_true(model_store_version(store) == version + 1);
	model_store_free(store);
}

static void
a_merge_leaves_other_fields_alone(void **state)
{
	struct model_store *store = model_store_new();
	struct model_tunnel *tunnel = model_row_new(MODEL_KIND_TUNNEL);
	const struct model_tunnel *got;

	put_tunnel(store, "a/1", "up", 1);
	model_set(&tunnel->name, "a/1");
	tunnel->rx_bytes = 9;
	assert_true(model_store_merge(store, MODEL_KIND_TUNNEL, tunnel, bit("rx_bytes")) == bit("rx_bytes"));
	got = model_store_get(store, MODEL_KIND_TUNNEL, "a/1");
	assert_string_equal(got->state, "up");
	assert_true(got->rx_bytes == 9);
	model_set(&tunnel->name, "new/1");
	model_store_merge(store, MODEL_KIND_TUNNEL, tunnel, bit("rx_bytes"));
	got = model_store_get(store, MODEL_KIND_TUNNEL, "new/1");
	assert_string_equal(got->name, "new/1");
	model_row_free(MODEL_KIND_TUNNEL, tunnel);
	model_store_free(store);
}

static void
rows_keep_their_order_when_one_in_the_middle_goes(void **state)
{
	struct model_store *store = model_store_new();
	const struct model_tunnel *tunnel;

	put_tunnel(store, "a", "up", 1);
	put_tunnel(store, "b", "up", 1);
	put_tunnel(store, "c", "up", 1);
	assert_true(model_store_remove(store, MODEL_KIND_TUNNEL, "b"));
	assert_false(model_store_remove(store, MODEL_KIND_TUNNEL, "b"));
	tunnel = model_store_at(store, MODEL_KIND_TUNNEL, 1);
	assert_string_equal(tunnel->name, "c");
	assert_true(model_store_remove(store, MODEL_KIND_TUNNEL, "c"));
	assert_int_equal(model_store_count(store, MODEL_KIND_TUNNEL), 1);
	model_store_free(store);
}

static void
a_reader_gets_only_what_changed_since_its_version(void **state)
{
	struct model_store *store = model_store_new();
	struct copy copy = {.store = model_store_new(), .ordered = true};
	uint64_t version;
	bool restart;

	put_tunnel(store, "a", "up", 1);
	put_tunnel(store, "b", "up", 1);
	version = model_store_changes(store, 0, &restart, take, &copy);
	assert_int_equal(copy.visits, 2);
	assert_same(store, copy.store);
	put_tunnel(store, "a", "up", 2);
	put_tunnel(store, "a", "down", 2);
	version = model_store_changes(store, version, &restart, take, &copy);
	assert_int_equal(copy.visits, 3);
	assert_true(copy.last_fields == (bit("rx_bytes") | bit("state")));
	assert_same(store, copy.store);
	assert_true(version == model_store_version(store));
	assert_true(model_store_changes(store, version, &restart, take, &copy) == version);
	assert_int_equal(copy.visits, 3);
	model_store_free(store);
	model_store_free(copy.store);
}

static void
changes_come_in_the_order_of_their_versions(void **state)
{
	struct model_store *store = model_store_new();
	struct copy copy = {.store = model_store_new(), .ordered = true};
	bool restart;

	put_tunnel(store, "gone", "up", 1);
	model_store_changes(store, 0, &restart, take, &copy);
	copy.visits = 0;
	put_tunnel(store, "a", "up", 1);
	model_store_log(store, "info", "x", "a", "first");
	put_tunnel(store, "b", "up", 1);
	model_store_remove(store, MODEL_KIND_TUNNEL, "gone");
	put_tunnel(store, "a", "down", 1);
	model_store_log(store, "info", "x", "a", "second");
	model_store_changes(store, 1, &restart, take, &copy);
	assert_int_equal(copy.visits, 5);
	assert_true(copy.ordered);
	assert_same(store, copy.store);
	assert_int_equal(model_store_count(copy.store, MODEL_KIND_EVENT), 2);
	model_store_free(store);
	model_store_free(copy.store);
}

static void
a_row_that_went_and_came_back_is_new_to_a_reader(void **state)
{
	struct model_store *store = model_store_new();
	struct copy copy = {.store = model_store_new()};
	uint64_t version;
	bool restart;

	put_tunnel(store, "a", "up", 1);
	version = model_store_changes(store, 0, &restart, take, &copy);
	model_store_remove(store, MODEL_KIND_TUNNEL, "a");
	put_tunnel(store, "a", "up", MODEL_UINT_UNSET);
	model_store_changes(store, version, &restart, take, &copy);
	assert_true(copy.last_fields == model_fields_all(tunnel_shape()));
	assert_same(store, copy.store);
	model_store_free(store);
	model_store_free(copy.store);
}

static void
a_reader_older_than_the_remembered_removals_begins_anew(void **state)
{
	struct model_store *store = model_store_new();
	struct copy copy = {.store = model_store_new()};
	struct model_cursor old;
	uint64_t version;
	bool restart;

	put_tunnel(store, "a", "up", 1);
	version = model_store_changes(store, 0, &restart, take, &copy);
	assert_true(model_store_follow(store, &copy.cursor, &restart, take, &copy));
	old = copy.cursor;
	for (int i = 0; i < 5000; i++) {
		put_tunnel(store, "short", "up", 1);
		model_store_remove(store, MODEL_KIND_TUNNEL, "short");
	}
	copy.visits = 0;
	assert_true(model_store_changes(store, version, &restart, take, &copy) == version);
	assert_true(restart);
	assert_int_equal(copy.visits, 0);
	assert_false(model_store_follow(store, &old, &restart, take, &copy));
	assert_true(restart);
	assert_true(model_store_follow(store, &old, &restart, take, &copy));
	assert_false(restart);
	assert_int_equal(copy.visits, 1);
	model_store_free(store);
	model_store_free(copy.store);
}

static void
a_snapshot_has_the_order_in_which_rows_were_made(void **state)
{
	struct model_store *store = model_store_new();
	struct copy copy = {.store = model_store_new()};
	const struct model_tunnel *tunnel;
	bool restart;

	put_tunnel(store, "a", "up", 1);
	put_tunnel(store, "b", "up", 1);
	put_tunnel(store, "a", "down", 1);
	assert_true(model_store_follow(store, &copy.cursor, &restart, take, &copy));
	tunnel = model_store_at(copy.store, MODEL_KIND_TUNNEL, 0);
	assert_string_equal(tunnel->name, "a");
	model_store_free(store);
	model_store_free(copy.store);
}

/* The case for which a cursor has two versions: a row that was not reached changes again and moves behind. */
static void
a_reader_that_stops_on_the_way_loses_no_field(void **state)
{
	struct model_store *store = model_store_new();
	struct copy copy = {.store = model_store_new()};
	bool restart;

	put_tunnel(store, "a", "up", 1);
	put_tunnel(store, "b", "up", 1);
	assert_true(model_store_follow(store, &copy.cursor, &restart, take, &copy));
	put_tunnel(store, "b", "down", 1);
	put_tunnel(store, "a", "up", 2);
	put_tunnel(store, "b", "down", 2);
	copy.budget = 1;
	assert_false(model_store_follow(store, &copy.cursor, &restart, take, &copy));
	copy.budget = 0;
	assert_true(model_store_follow(store, &copy.cursor, &restart, take, &copy));
	assert_same(store, copy.store);
	model_store_free(store);
	model_store_free(copy.store);
}

static void
slow_readers_end_with_a_true_copy_whatever_happens_meanwhile(void **state)
{
	for (unsigned seed = 1; seed <= 20; seed++) {
		struct model_store *store = model_store_new();
		struct copy copy = {.store = model_store_new()};
		bool restart, done = false;

		srand(seed);
		for (int step = 0; step < 3000; step++) {
			char name[8];

			snprintf(name, sizeof(name), "t%d", rand() % 40);
			if (rand() % 5 == 0)
				model_store_remove(store, MODEL_KIND_TUNNEL, name);
			else
				put_tunnel(store, name, rand() % 2 ? "up" : "down", (uint64_t)(rand() % 3));
			if (rand() % 3 == 0) {
				copy.budget = 1 + (size_t)(rand() % 4);
				model_store_follow(store, &copy.cursor, &restart, take, &copy);
			}
		}
		while (!done) {
			copy.budget = 3;
			done = model_store_follow(store, &copy.cursor, &restart, take, &copy);
		}
		assert_same(store, copy.store);
		model_store_free(store);
		model_store_free(copy.store);
	}
}

static void
events_get_a_sequence_and_a_time_and_the_oldest_give_way(void **state)
{
	struct model_store *store = model_store_new();
	const struct model_event *event;

	for (int i = 0; i < 10500; i++)
		model_store_log(store, "info", "test", "subject", "event %d", i);
	assert_int_equal(model_store_count(store, MODEL_KIND_EVENT), 10000);
	event = model_store_at(store, MODEL_KIND_EVENT, 0);
	assert_true(event->sequence == 501 && event->at != 0);
	assert_string_equal(event->text, "event 500");
	event = model_store_get(store, MODEL_KIND_EVENT, "10500");
	assert_string_equal(event->text, "event 10499");
	assert_null(model_store_get(store, MODEL_KIND_EVENT, "500"));
	model_store_free(store);
}

static void
a_mirror_keeps_sequences_and_ignores_repeats(void **state)
{
	struct model_store *store = model_store_new();
	struct model_event *event = model_row_new(MODEL_KIND_EVENT);

	event->sequence = 41;
	model_store_event_mirror(store, event);
	model_store_event_mirror(store, event);
	event->sequence = 40;
	model_store_event_mirror(store, event);
	assert_int_equal(model_store_count(store, MODEL_KIND_EVENT), 1);
	model_store_forget_events(store);
	model_store_event_mirror(store, event);
	assert_int_equal(model_store_count(store, MODEL_KIND_EVENT), 1);
	assert_true(((const struct model_event *)model_store_at(store, MODEL_KIND_EVENT, 0))->sequence == 40);
	model_row_free(MODEL_KIND_EVENT, event);
	model_store_free(store);
}

struct watcher {
	struct model_watch watch;
	struct model_store *store;
	int changed, removed, paged;
	uint64_t fields;
	bool leaves;
};

static void
on_changed(void *context, enum model_kind kind, const void *row, uint64_t fields)
{
	struct watcher *watcher = context;

	watcher->changed++;
	watcher->fields = fields;
	if (watcher->leaves)
		model_store_unwatch(watcher->store, &watcher->watch);
}

static void
on_removed(void *context, enum model_kind kind, const void *row)
{
	struct watcher *watcher = context;

	assert_string_equal(((const struct model_tunnel *)row)->name, "a");
	watcher->removed++;
}

static void
on_paged(void *context, enum model_kind kind, const void *row, bool gone)
{
	((struct watcher *)context)->paged++;
}

static struct watcher *
add_watcher(struct model_store *store, struct watcher *watcher)
{
	watcher->store = store;
	watcher->watch.changed = on_changed;
	watcher->watch.removed = on_removed;
	watcher->watch.paged = on_paged;
	watcher->watch.context = watcher;
	model_store_watch(store, &watcher->watch);
	return watcher;
}

static void
watchers_are_told_at_once_and_may_leave_while_told(void **state)
{
	struct model_store *store = model_store_new();
	struct watcher first = {.leaves = true}, second = {0};

	add_watcher(store, &first);
	add_watcher(store, &second);
	put_tunnel(store, "a", "up", 1);
	put_tunnel(store, "a", "up", 1);
	put_tunnel(store, "a", "up", 2);
	assert_int_equal(first.changed, 1);
	assert_int_equal(second.changed, 2);
	assert_true(second.fields == bit("rx_bytes"));
	model_store_remove(store, MODEL_KIND_TUNNEL, "a");
	assert_int_equal(first.removed, 0);
	assert_int_equal(second.removed, 1);
	model_store_free(store);
}

static void
single_changes_of_large_kinds_reach_only_who_asked(void **state)
{
	struct model_store *store = model_store_new();
	struct watcher asks = {0}, other = {0};
	struct model_route *route = model_row_new(MODEL_KIND_ROUTE);

	add_watcher(store, &other);
	assert_false(model_store_paged_watched(store, MODEL_KIND_ROUTE));
	add_watcher(store, &asks)->watch.paged_kinds = UINT64_C(1) << MODEL_KIND_ROUTE;
	assert_true(model_store_paged_watched(store, MODEL_KIND_ROUTE));
	assert_false(model_store_paged_watched(store, MODEL_KIND_RECEIVED));
	model_store_paged_changed(store, MODEL_KIND_ROUTE, route, false);
	assert_int_equal(asks.paged, 1);
	assert_int_equal(other.paged, 0);
	model_row_free(MODEL_KIND_ROUTE, route);
	model_store_free(store);
}

struct page {
	char names[16][16];
	size_t count;
};

static bool
add_name(void *context, const void *row)
{
	struct page *page = context;

	snprintf(page->names[page->count++], 16, "%s", ((const struct model_tunnel *)row)->name);
	return true;
}

static void
stored_rows_are_handed_out_in_pages_by_key(void **state)
{
	struct model_store *store = model_store_new();
	struct page page = {.count = 0};
	struct model_query query = {.limit = 2, .row = add_name, .context = &page};
	bool complete = true;

	put_tunnel(store, "c", "up", 1);
	put_tunnel(store, "a", "up", 1);
	put_tunnel(store, "b", "down", 1);
	put_tunnel(store, "d", "up", 1);
	query.filter = "state:up";
	assert_true(model_store_query(store, MODEL_KIND_TUNNEL, &query, &complete));
	assert_false(complete);
	assert_int_equal(page.count, 2);
	assert_string_equal(page.names[1], "c");
	query.after = "c";
	assert_true(model_store_query(store, MODEL_KIND_TUNNEL, &query, &complete));
	assert_true(complete);
	assert_int_equal(page.count, 3);
	assert_string_equal(page.names[2], "d");
	assert_false(model_store_query(store, MODEL_KIND_ROUTE, &query, &complete));
	model_store_free(store);
}

static void
a_cleared_store_tells_of_each_row(void **state)
{
	struct model_store *store = model_store_new();
	struct watcher watcher = {0};

	put_tunnel(store, "a", "up", 1);
	model_store_log(store, "info", "x", "y", "z");
	add_watcher(store, &watcher);
	model_store_clear(store);
	assert_int_equal(watcher.removed, 1);
	assert_int_equal(model_store_count(store, MODEL_KIND_TUNNEL), 0);
	assert_int_equal(model_store_count(store, MODEL_KIND_EVENT), 0);
	model_store_free(store);
}

static void
a_limited_store_refuses_what_is_too_much_and_says_so(void **state)
{
	struct model_store *store = model_store_new();
	char name[16];

	model_store_set_limit(store, 100000);
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "t%d", i);
		put_tunnel(store, name, "up", 1);
	}
	assert_true(model_store_refused(store));
	assert_in_range(model_store_count(store, MODEL_KIND_TUNNEL), 20, 200);
	while (model_store_count(store, MODEL_KIND_TUNNEL) != 0) {
		const struct model_tunnel *first = model_store_at(store, MODEL_KIND_TUNNEL, 0);

		model_store_remove(store, MODEL_KIND_TUNNEL, first->name);
	}
	model_store_set_limit(store, 100000);
	for (int i = 0; i < 10000; i++)
		model_store_log(store, "info", "x", "y", "an event of some length, number %d", i);
	assert_true(model_store_refused(store));
	assert_in_range(model_store_count(store, MODEL_KIND_EVENT), 100, 2000);
	model_store_free(store);
}

struct walked {
	uint64_t sequences[16];
	size_t count, most;
};

static bool
walk_event(void *context, const void *row)
{
	struct walked *walked = context;

	walked->sequences[walked->count++] = ((const struct model_event *)row)->sequence;
	return true;
}

/* Has the events 1 to 4, which the ring no longer has. */
static bool
give_older(void *context, const struct model_query *query)
{
	uint64_t before = 0;

	*(unsigned *)context += 1;
	assert_true(text_parse_number(query->after, 1000, &before));
	for (uint64_t i = before - 1; i >= 1; i--) {
		struct model_event event = {.sequence = i};

		if (query->limit + i == before - 1)
			return false;
		query->row(query->context, &event);
	}
	return true;
}

static void
events_are_walked_backwards_beyond_the_ring(void **state)
{
	struct model_store *store = model_store_new();
	struct walked walked = {0};
	struct model_query query = {
	    .backwards = true, .limit = 3, .row = walk_event, .context = &walked, .filter = "!kind=b"};
	struct model_event event;
	unsigned asked = 0;
	bool complete;

	for (uint64_t i = 5; i <= 10; i++) {
		model_row_init(model_kind_info(MODEL_KIND_EVENT)->shape, &event);
		event.sequence = i;
		model_set(&event.kind, i == 9 ? "b" : "a");
		model_store_event_mirror(store, &event);
		model_row_clear(model_kind_info(MODEL_KIND_EVENT)->shape, &event);
	}
	model_store_set_provider(store, MODEL_KIND_EVENT, give_older, &asked);
	assert_true(model_store_query(store, MODEL_KIND_EVENT, &query, &complete));
	assert_false(complete);
	assert_int_equal(walked.count, 3);
	assert_int_equal(walked.sequences[0], 10);
	assert_int_equal(walked.sequences[2], 7);
	assert_int_equal(asked, 0); /* the ring was enough */
	walked.count = 0;
	query.after = "7";
	assert_true(model_store_query(store, MODEL_KIND_EVENT, &query, &complete));
	assert_int_equal(walked.count, 3);
	assert_int_equal(walked.sequences[0], 6);
	assert_int_equal(walked.sequences[1], 5);
	assert_int_equal(walked.sequences[2], 4);
	assert_int_equal(asked, 1);
	assert_false(complete);
	walked.count = 0;
	query.after = "4";
	assert_true(model_store_query(store, MODEL_KIND_EVENT, &query, &complete));
	assert_int_equal(walked.count, 3);
	assert_int_equal(walked.sequences[2], 1);
	assert_true(complete);
	/* forwards the ring is all there is */
	walked.count = 0;
	query.after = NULL;
	query.backwards = false;
	query.limit = 16;
	assert_true(model_store_query(store, MODEL_KIND_EVENT, &query, &complete));
	assert_int_equal(walked.count, 5);
	assert_int_equal(walked.sequences[0], 5);
	model_store_free(store);
}

TEST_MAIN(cmocka_unit_test(events_are_walked_backwards_beyond_the_ring),
	  cmocka_unit_test(a_limited_store_refuses_what_is_too_much_and_says_so),
	  cmocka_unit_test(a_put_row_is_found_by_key_and_by_place),
	  cmocka_unit_test(an_equal_put_changes_nothing), cmocka_unit_test(a_merge_leaves_other_fields_alone),
	  cmocka_unit_test(rows_keep_their_order_when_one_in_the_middle_goes),
	  cmocka_unit_test(a_reader_gets_only_what_changed_since_its_version),
	  cmocka_unit_test(changes_come_in_the_order_of_their_versions),
	  cmocka_unit_test(a_row_that_went_and_came_back_is_new_to_a_reader),
	  cmocka_unit_test(a_reader_older_than_the_remembered_removals_begins_anew),
	  cmocka_unit_test(a_snapshot_has_the_order_in_which_rows_were_made),
	  cmocka_unit_test(a_reader_that_stops_on_the_way_loses_no_field),
	  cmocka_unit_test(slow_readers_end_with_a_true_copy_whatever_happens_meanwhile),
	  cmocka_unit_test(events_get_a_sequence_and_a_time_and_the_oldest_give_way),
	  cmocka_unit_test(a_mirror_keeps_sequences_and_ignores_repeats),
	  cmocka_unit_test(watchers_are_told_at_once_and_may_leave_while_told),
	  cmocka_unit_test(single_changes_of_large_kinds_reach_only_who_asked),
	  cmocka_unit_test(stored_rows_are_handed_out_in_pages_by_key),
	  cmocka_unit_test(a_cleared_store_tells_of_each_row))
