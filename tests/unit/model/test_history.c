// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/history_internal.h"

#include "tests/unit/test.h"

#define MONOTONIC (1000 * USEC_PER_SEC)
#define WALL (1795748400 * USEC_PER_SEC) /* 2026-11-27T03:00:00Z */

_Static_assert(ALL_SERIES * sizeof(struct series) + sizeof(struct subject) + 64 <= 8192,
	       "a tunnel with its session stays below 8 KB");

/* A gateway or a console with a history, and its clocks. */
struct keeper {
	struct model_store *store;
	struct history *history;
	usec_t monotonic, wall;
};

static void
keeper_open(struct keeper *k)
{
	*k = (struct keeper){model_store_new(), history_new(), MONOTONIC, WALL};
}

static void
keeper_close(struct keeper *k)
{
	history_free(k->history);
	model_store_free(k->store);
}

static void
put_tunnel(struct keeper *k, const char *name, uint64_t in, double rtt)
{
	struct model_tunnel *t = model_row_new(MODEL_KIND_TUNNEL);

	model_set(&t->name, name);
	t->rx_bps = in;
	t->tx_bps = in != MODEL_UINT_UNSET ? 0 : in;
	t->rtt_ms = rtt;
	model_store_put(k->store, MODEL_KIND_TUNNEL, t);
	model_row_free(MODEL_KIND_TUNNEL, t);
}

static void
put_session(struct keeper *k, const char *name, const char *state)
{
	struct model_peer *p = model_row_new(MODEL_KIND_PEER);

	model_set(&p->name, name);
	model_set(&p->state, state);
	p->received = 14;
	p->accepted = 12;
	model_store_put(k->store, MODEL_KIND_PEER, p);
	model_row_free(MODEL_KIND_PEER, p);
}

static void
sample(struct keeper *k)
{
	history_sample(k->history, k->store, k->monotonic, k->wall);
}

static void
pass(struct keeper *k, usec_t time)
{
	k->monotonic += time;
	k->wall += time;
}

/* A second with that rate. */
static void
second(struct keeper *k, uint64_t in)
{
	put_tunnel(k, "plant/1", in, 8.1);
	sample(k);
	pass(k, USEC_PER_SEC);
}

static float
newest(const struct keeper *k, enum history_span span, enum history_series series, const char *name)
{
	float value;

	history_read(k->history, span, series, name, 1, 1, &value);
	return value;
}

static bool
about(float value, double wanted)
{
	return fabs((double)value - wanted) <= wanted / 500;
}

/* How many of a span's samples are known. */
static size_t
count_known(const struct keeper *k, enum history_span span, const char *name)
{
	float values[HISTORY_SAMPLES];
	size_t count = 0;

	history_read(k->history, span, HISTORY_IN, name, 1, history_resolutions[span].samples, values);
	for (size_t i = 0; i < history_resolutions[span].samples; i++)
		count += !isnan(values[i]);
	return count;
}

/* --- samples ----------------------------------------------------------------------------------- */

/* A sample is two bytes: what comes out is within a thousandth of what went in, and nothing stays nothing. */
static void
each_series_is_kept_closely(void **state)
{
	static const uint64_t rates[] = {0, 1, 1234, 88100000, 400000000000};
	struct keeper k;

	(void)state;
	keeper_open(&k);
	for (size_t i = 0; i < COUNT_OF(rates); i++) {
		second(&k, rates[i]);
		assert_true(fabsf(newest(&k, HISTORY_MINUTES, HISTORY_IN, "plant/1") - (float)rates[i]) <=
			    (float)rates[i] / 1000);
		assert_true(newest(&k, HISTORY_MINUTES, HISTORY_OUT, "plant/1") == 0);
		assert_true(about(newest(&k, HISTORY_MINUTES, HISTORY_RTT, "plant/1"), 8.1));
		assert_true(isnan(newest(&k, HISTORY_MINUTES, HISTORY_LOSS, "plant/1")));
	}
	keeper_close(&k);
}

static void
sessions_are_kept_beside_tunnels_of_the_same_name(void **state)
{
	struct keeper k;

	(void)state;
	keeper_open(&k);
	put_tunnel(&k, "paris/1", 1000, 8);
	put_session(&k, "paris/1", "Established");
	put_session(&k, "core", "Idle");
	sample(&k);
	assert_true(about(newest(&k, HISTORY_MINUTES, HISTORY_RECEIVED, "paris/1"), 14));
	assert_true(about(newest(&k, HISTORY_MINUTES, HISTORY_ESTABLISHED, "paris/1"), 1));
	assert_true(about(newest(&k, HISTORY_MINUTES, HISTORY_IN, "paris/1"), 1000));
	assert_true(newest(&k, HISTORY_MINUTES, HISTORY_ESTABLISHED, "core") == 0);
	assert_true(isnan(newest(&k, HISTORY_MINUTES, HISTORY_IN, "core")));
	keeper_close(&k);
}

/* Groups of samples keep their members as time goes on; the youngest fills up. */
static void
samples_are_gathered_in_groups_that_stand_still(void **state)
{
	struct keeper k;
	float values[4];

	(void)state;
	keeper_open(&k);
	for (uint64_t i = 1; i <= 5; i++)
		second(&k, i * 1000);
	history_read(k.history, HISTORY_MINUTES, HISTORY_IN, "plant/1", 2, 4, values); /* 1 2 | 3 4 | 5 */
	assert_true(isnan(values[0]) && about(values[1], 1500) && about(values[2], 3500) &&
		    about(values[3], 5000));
	second(&k, 7000);
	history_read(k.history, HISTORY_MINUTES, HISTORY_IN, "plant/1", 2, 4, values); /* 1 2 | 3 4 | 5 7 */
	assert_true(isnan(values[0]) && about(values[1], 1500) && about(values[2], 3500) &&
		    about(values[3], 6000));
	keeper_close(&k);
}

static void
the_ring_turns_and_keeps_the_newest(void **state)
{
	struct keeper k;
	float values[HISTORY_SAMPLES];

	(void)state;
	keeper_open(&k);
	for (uint64_t i = 1; i <= 700; i++)
		second(&k, i * 1000);
	history_read(k.history, HISTORY_MINUTES, HISTORY_IN, "plant/1", 1, HISTORY_SAMPLES, values);
	for (size_t i = 0; i < HISTORY_SAMPLES; i++)
		assert_true(about(values[i], 1000.0 * (double)(700 - HISTORY_SAMPLES + 1 + i)));
	keeper_close(&k);
}

static void
minutes_and_quarters_are_means_of_what_is_known(void **state)
{
	struct keeper k;
	float values[3];

	(void)state;
	keeper_open(&k);
	for (uint64_t i = 0; i < 130; i++) {
		/* the first minute is 1000 where it is known at all, the second 3000 */
		second(&k, i < 60 ? i % 2 == 0 ? 1000 : MODEL_UINT_UNSET : i < 120 ? 3000 : 5000);
	}
	history_read(k.history, HISTORY_HOURS, HISTORY_IN, "plant/1", 1, 3, values);
	assert_true(about(values[0], 1000) && about(values[1], 3000) && about(values[2], 5000));
	/* of 100 known seconds: 30 of 1000, 60 of 3000, 10 of 5000 */
	assert_true(about(newest(&k, HISTORY_DAY, HISTORY_IN, "plant/1"), 2600));
	keeper_close(&k);
}

static void
a_day_goes_round(void **state)
{
	struct keeper k;

	(void)state;
	keeper_open(&k);
	put_tunnel(&k, "plant/1", 1000, 8);
	for (int i = 0; i < 30 * 3600; i += 2) { /* as a busy machine may sample */
		sample(&k);
		pass(&k, 2 * USEC_PER_SEC);
	}
	assert_int_equal(count_known(&k, HISTORY_MINUTES, "plant/1"), 240);
	assert_int_equal(count_known(&k, HISTORY_HOURS, "plant/1"), 180);
	assert_int_equal(count_known(&k, HISTORY_DAY, "plant/1"), 96);
	keeper_close(&k);
}

/* --- time -------------------------------------------------------------------------------------- */

static void
what_was_not_sampled_is_a_gap_and_no_zero(void **state)
{
	struct keeper k;
	float values[12];

	(void)state;
	keeper_open(&k);
	for (int i = 0; i < 60; i++)
		second(&k, 1000);
	pass(&k, 10 * 60 * USEC_PER_SEC);
	second(&k, 2000);
	history_read(k.history, HISTORY_HOURS, HISTORY_IN, "plant/1", 1, 12, values);
	assert_true(about(values[0], 1000) && about(values[11], 2000));
	for (int i = 1; i < 11; i++)
		assert_true(isnan(values[i]));
	assert_int_equal(count_known(&k, HISTORY_MINUTES, "plant/1"), 1);
	history_gap(k.history, k.monotonic, k.wall);
	assert_true(isnan(newest(&k, HISTORY_MINUTES, HISTORY_IN, "plant/1")));
	pass(&k, USEC_PER_SEC);
	second(&k, 2000); /* what a gap said is not overwritten */
	history_read(k.history, HISTORY_MINUTES, HISTORY_IN, "plant/1", 1, 3, values);
	assert_true(about(values[0], 2000) && isnan(values[1]) && about(values[2], 2000));
	keeper_close(&k);
}

static void
ticks_that_drift_leave_no_gap(void **state)
{
	struct keeper k;

	(void)state;
	keeper_open(&k);
	for (int i = 0; i < 2000; i++) {
		second(&k, 1000);
		pass(&k, 3 * USEC_PER_MS);
		if (i >= HISTORY_SAMPLES)
			assert_int_equal(count_known(&k, HISTORY_MINUTES, "plant/1"), HISTORY_SAMPLES);
	}
	keeper_close(&k);
}

struct rows {
	size_t count, stop_after;
	char keys[2000][64];
	usec_t first_at, last_at;
	uint64_t last_age;
	struct model_history *last;
};

static bool
take_row(void *context, const void *row)
{
	const struct model_history *h = row;
	struct rows *rows = context;

	assert_true(rows->count < COUNT_OF(rows->keys));
	model_row_key(model_kind_info(MODEL_KIND_HISTORY), row, rows->keys[rows->count++], 64);
	rows->first_at = rows->count == 1 ? h->at : rows->first_at;
	rows->last_at = h->at;
	rows->last_age = h->age_seconds;
	if (rows->last != NULL) {
		model_row_clear(model_kind_info(MODEL_KIND_HISTORY)->shape, rows->last);
		model_row_copy(model_kind_info(MODEL_KIND_HISTORY)->shape, rows->last, row);
	}
	return true;
}

static bool
ask(struct keeper *k, const char *filter, const char *after, size_t limit, bool backwards, struct rows *rows)
{
	const struct model_query query = {.filter = filter,
					  .after = after,
					  .limit = limit,
					  .row = take_row,
					  .context = rows,
					  .backwards = backwards};
	bool complete = false;

	history_provide(k->history, k->store);
	assert_true(model_store_query(k->store, MODEL_KIND_HISTORY, &query, &complete));
	return complete;
}

/* The graph goes on as if nothing had been, and all times are told as the clock now says. */
static void
a_step_of_the_wall_clock_moves_times_and_tears_nothing(void **state)
{
	static struct rows rows;
	struct keeper k;

	(void)state;
	keeper_open(&k);
	for (int i = 0; i < 100; i++)
		second(&k, 1000);
	k.wall -= 3600 * USEC_PER_SEC;
	for (int i = 0; i < 100; i++)
		second(&k, 1000);
	assert_int_equal(count_known(&k, HISTORY_MINUTES, "plant/1"), 200);
	assert_true(ask(&k, "seconds=1", NULL, 1000, false, &rows));
	assert_int_equal(rows.count, 200);
	assert_int_equal(rows.first_at, WALL - 3600 * USEC_PER_SEC);
	assert_int_equal(rows.last_at, WALL + (199 - 3600) * USEC_PER_SEC);
	keeper_close(&k);
}

static void
minutes_begin_where_the_wall_clocks_do(void **state)
{
	static struct rows rows;
	struct keeper k;

	(void)state;
	keeper_open(&k);
	pass(&k, 40 * USEC_PER_SEC); /* 03:00:40 */
	for (int i = 0; i < 90; i++)
		second(&k, 1000);
	assert_true(ask(&k, "seconds=60", NULL, 10, false, &rows));
	assert_int_equal(rows.count, 3);
	assert_int_equal(rows.first_at, WALL);
	assert_int_equal(rows.last_at, WALL + 120 * USEC_PER_SEC);
	assert_int_equal(rows.last_age, 9);
	keeper_close(&k);
}

/* --- rows -------------------------------------------------------------------------------------- */

static void
what_is_gone_is_forgotten(void **state)
{
	static struct rows rows;
	struct keeper k;

	(void)state;
	keeper_open(&k);
	put_tunnel(&k, "a/1", 1, 1);
	put_tunnel(&k, "a/2", 1, 1);
	put_session(&k, "a/1", "Established");
	sample(&k);
	model_store_remove(k.store, MODEL_KIND_TUNNEL, "a/1");
	model_store_remove(k.store, MODEL_KIND_TUNNEL, "a/2");
	pass(&k, USEC_PER_SEC);
	sample(&k);
	assert_true(isnan(newest(&k, HISTORY_MINUTES, HISTORY_IN, "a/1")));
	assert_true(about(newest(&k, HISTORY_MINUTES, HISTORY_RECEIVED, "a/1"), 14));
	assert_null(history_find(k.history, "a/2"));
	assert_true(ask(&k, "name=a/2", NULL, 10, false, &rows));
	assert_int_equal(rows.count, 0);
	keeper_close(&k);
}

/* Three tunnels, put in no order, with 70 samples of 1 s, 2 of a minute and 1 of a quarter each. */
static void
fill(struct keeper *k)
{
	keeper_open(k);
	put_tunnel(k, "b/1", 3000, NAN);
	put_tunnel(k, "a-b/1", 2000, NAN);
	put_tunnel(k, "a/1", 1000, NAN);
	for (int i = 0; i < 70; i++) {
		sample(k);
		pass(k, USEC_PER_SEC);
	}
}

static void
rows_come_page_by_page_in_the_order_of_their_keys_both_ways(void **state)
{
	static struct rows all, pages, back;
	struct keeper k;

	(void)state;
	fill(&k);
	memset(&pages, 0, sizeof(pages));
	assert_true(ask(&k, NULL, NULL, 2000, false, &all));
	assert_int_equal(all.count, 3 * 73);
	for (size_t i = 1; i < all.count; i++)
		assert_true(strcmp(all.keys[i - 1], all.keys[i]) < 0);
	while (!ask(&k, NULL, pages.count > 0 ? pages.keys[pages.count - 1] : NULL, 7, false, &pages))
		;
	assert_int_equal(pages.count, all.count);
	while (!ask(&k, NULL, back.count > 0 ? back.keys[back.count - 1] : NULL, 11, true, &back))
		;
	assert_int_equal(back.count, all.count);
	for (size_t i = 0; i < all.count; i++) {
		assert_string_equal(pages.keys[i], all.keys[i]);
		assert_string_equal(back.keys[all.count - 1 - i], all.keys[i]);
	}
	keeper_close(&k);
}

static void
a_filter_finds_one_tunnels_span_and_moments(void **state)
{
	static struct rows rows, none, moments;
	struct keeper k;

	(void)state;
	fill(&k);
	put_tunnel(&k, "a/1", 9000, 250);
	sample(&k);
	assert_true(ask(&k, "name=A/1 seconds=60", NULL, 100, false, &rows));
	assert_int_equal(rows.count, 2);
	assert_memory_equal(rows.keys[0], "a/1 60 2026-11-27T03:00:00", 25);
	assert_true(ask(&k, "name=a/1 seconds=2", NULL, 100, false, &none));
	assert_int_equal(none.count, 0);
	assert_true(ask(&k, "seconds=1 rtt_ms>200", NULL, 100, false, &moments));
	assert_int_equal(moments.count, 1);
	assert_memory_equal(moments.keys[0], "a/1 1 2026-11-27T03:01:10", 25);
	keeper_close(&k);
}

/* A second of a quarter of an hour without the session shows, and all of it is 100. */
static void
a_session_that_broke_for_a_second_shows(void **state)
{
	struct model_history *row = model_row_new(MODEL_KIND_HISTORY);
	struct rows *rows = memory_zeroed(1, sizeof(*rows));
	struct keeper k;

	(void)state;
	keeper_open(&k);
	rows->last = row;
	for (int i = 0; i < 1800; i++) {
		put_session(&k, "core", i == 1000 ? "Idle" : "Established");
		sample(&k);
		pass(&k, USEC_PER_SEC);
		if (i == 899) {
			assert_true(ask(&k, "seconds=900", NULL, 10, false, rows));
			assert_true(row->established_percent == 100);
		}
	}
	assert_true(ask(&k, "seconds=900", NULL, 10, false, rows));
	assert_true(row->established_percent > 99.8 && row->established_percent < 99.95);
	assert_true(newest(&k, HISTORY_DAY, HISTORY_ESTABLISHED, "core") < HISTORY_ALL);
	assert_int_equal(row->received, 14);
	free(rows);
	model_row_free(MODEL_KIND_HISTORY, row);
	keeper_close(&k);
}

/* The loop must not wait for half a million rows: a query stops in time and says where it is. */
static void
a_query_stops_in_time_and_goes_on_there(void **state)
{
	static struct rows rows, all;
	struct keeper k;
	char reached[MODEL_REACHED] = "", key[MODEL_REACHED];
	struct model_query query = {.filter = "tx_bps<10",
				    .limit = 1000,
				    .row = take_row,
				    .context = &rows,
				    .until = 1,
				    .reached = reached};
	bool complete = false;
	int slices = 0;

	(void)state;
	fill(&k);
	history_provide(k.history, k.store);
	do {
		reached[0] = '\0';
		model_store_query(k.store, MODEL_KIND_HISTORY, &query, &complete);
		snprintf(key, sizeof(key), "%s", reached);
		query.after = key;
		slices++;
	} while (reached[0] != '\0');
	assert_true(complete && slices > 2);
	assert_true(ask(&k, NULL, NULL, 2000, false, &all));
	assert_int_equal(rows.count, all.count);
	keeper_close(&k);
}

struct told {
	size_t seconds, minutes;
};

static void
on_told(void *context, enum model_kind kind, const void *row, bool gone)
{
	struct told *told = context;
	const struct model_history *h = row;

	assert_true(kind == MODEL_KIND_HISTORY && !gone && h->name != NULL);
	told->seconds += h->seconds == 1;
	if (h->seconds == 60) {
		assert_int_equal(h->at, WALL);
		told->minutes++;
	}
}

static void
who_watches_is_told_each_second_and_each_minute_that_is_over(void **state)
{
	struct told told = {0};
	struct model_watch watch = {
	    .paged = on_told, .paged_kinds = UINT64_C(1) << MODEL_KIND_HISTORY, .context = &told};
	struct keeper k;

	(void)state;
	keeper_open(&k);
	model_store_watch(k.store, &watch);
	put_tunnel(&k, "a/1", 1, 1);
	put_tunnel(&k, "b/1", 1, 1);
	for (int i = 0; i < 61; i++) {
		sample(&k);
		history_tell(k.history, k.store);
		pass(&k, USEC_PER_SEC);
	}
	assert_int_equal(told.seconds, 2 * 61);
	assert_int_equal(told.minutes, 2);
	model_store_unwatch(k.store, &watch);
	keeper_close(&k);
}

/* --- a console --------------------------------------------------------------------------------- */

static bool
merge_row(void *context, const void *row)
{
	history_merge(context, row);
	return true;
}

static void
merge(struct keeper *console, struct keeper *gateway)
{
	const struct model_query query = {
	    .filter = "name=plant/1", .limit = 2000, .row = merge_row, .context = console->history};

	history_provide(gateway->history, gateway->store);
	model_store_query(gateway->store, MODEL_KIND_HISTORY, &query, NULL);
}

/* Its clocks are others, by an odd number of seconds, and it has seen but the last moments. */
static void
a_console_takes_over_what_was_before(void **state)
{
	struct keeper gateway, console;
	float theirs[HISTORY_SAMPLES], ours[HISTORY_SAMPLES];

	(void)state;
	keeper_open(&gateway);
	keeper_open(&console);
	console.wall += 12345 * USEC_PER_SEC;
	for (uint64_t i = 0; i < 3600; i++)
		second(&gateway, 1000000 + i * 1000);
	put_tunnel(&console, "plant/1", 1000000 + 3599 * 1000, 8.1);
	sample(&console);
	merge(&console, &gateway);
	history_read(gateway.history, HISTORY_MINUTES, HISTORY_IN, "plant/1", 1, 240, theirs);
	history_read(console.history, HISTORY_MINUTES, HISTORY_IN, "plant/1", 1, 240, ours);
	for (size_t i = 0; i < 240; i++)
		assert_true(about(ours[i], (double)theirs[i]));
	assert_int_equal(count_known(&console, HISTORY_HOURS, "plant/1"), 60);
	history_read(gateway.history, HISTORY_HOURS, HISTORY_IN, "plant/1", 1, 60, theirs);
	history_read(console.history, HISTORY_HOURS, HISTORY_IN, "plant/1", 1, 60, ours);
	for (size_t i = 0; i < 60; i++) /* a minute further at most */
		assert_true(fabsf(ours[i] - theirs[i]) < 61000);
	/* 3600 s are four quarters, and those are the console's present one and three before it */
	assert_int_equal(count_known(&console, HISTORY_DAY, "plant/1"), 4);
	keeper_close(&console);
	keeper_close(&gateway);
}

static void
the_present_minute_goes_on_from_what_the_gateway_knows_of_it(void **state)
{
	struct keeper gateway, console;

	(void)state;
	keeper_open(&gateway);
	keeper_open(&console);
	for (int i = 0; i < 50; i++)
		second(&gateway, 1000);
	pass(&console, 49 * USEC_PER_SEC);
	second(&console, 1000);
	merge(&console, &gateway);
	for (int i = 0; i < 10; i++)
		second(&console, 7000);
	assert_true(about(newest(&console, HISTORY_HOURS, HISTORY_IN, "plant/1"), 2000));
	keeper_close(&console);
	keeper_close(&gateway);
}

/* The gateway was started anew: the console knows more than it, and keeps that. */
static void
what_the_gateway_does_not_know_stays(void **state)
{
	struct keeper gateway, console;
	float values[10];

	(void)state;
	keeper_open(&console);
	for (int i = 0; i < 5; i++)
		second(&console, 1000);
	pass(&console, 3 * USEC_PER_SEC); /* it was down */
	keeper_open(&gateway);
	second(&gateway, 2000);
	second(&gateway, 2000);
	pass(&console, USEC_PER_SEC);
	put_tunnel(&console, "plant/1", 2000, 8);
	sample(&console);
	merge(&console, &gateway);
	history_read(console.history, HISTORY_MINUTES, HISTORY_IN, "plant/1", 1, 10, values);
	for (int i = 0; i < 10; i++) {
		if (i < 5)
			assert_true(about(values[i], 1000));
		else if (i < 8)
			assert_true(isnan(values[i]));
		else
			assert_true(about(values[i], 2000));
	}
	keeper_close(&console);
	keeper_close(&gateway);
}

static void
rows_that_can_not_be_are_passed_over(void **state)
{
	struct keeper k;
	struct model_history *row = model_row_new(MODEL_KIND_HISTORY);

	(void)state;
	keeper_open(&k);
	row->rx_bps = 5000;
	history_merge(k.history, row); /* nothing began, no name */
	sample(&k);
	history_merge(k.history, row);
	model_set(&row->name, "plant/1");
	history_merge(k.history, row); /* no seconds, no age */
	row->seconds = 7;
	row->age_seconds = 1;
	history_merge(k.history, row);
	row->seconds = 1;
	row->age_seconds = UINT64_MAX - 1;
	history_merge(k.history, row);
	row->age_seconds = 240;
	history_merge(k.history, row);
	assert_null(history_find(k.history, "plant/1"));
	row->age_seconds = 239;
	row->rtt_ms = INFINITY;
	row->loss_percent = -1;
	history_merge(k.history, row);
	assert_int_equal(count_known(&k, HISTORY_MINUTES, "plant/1"), 1);
	model_row_free(MODEL_KIND_HISTORY, row);
	keeper_close(&k);
}

TEST_MAIN(cmocka_unit_test(each_series_is_kept_closely),
	  cmocka_unit_test(sessions_are_kept_beside_tunnels_of_the_same_name),
	  cmocka_unit_test(samples_are_gathered_in_groups_that_stand_still),
	  cmocka_unit_test(the_ring_turns_and_keeps_the_newest),
	  cmocka_unit_test(minutes_and_quarters_are_means_of_what_is_known),
	  cmocka_unit_test(a_day_goes_round), cmocka_unit_test(what_was_not_sampled_is_a_gap_and_no_zero),
	  cmocka_unit_test(ticks_that_drift_leave_no_gap),
	  cmocka_unit_test(a_step_of_the_wall_clock_moves_times_and_tears_nothing),
	  cmocka_unit_test(minutes_begin_where_the_wall_clocks_do),
	  cmocka_unit_test(what_is_gone_is_forgotten),
	  cmocka_unit_test(rows_come_page_by_page_in_the_order_of_their_keys_both_ways),
	  cmocka_unit_test(a_filter_finds_one_tunnels_span_and_moments),
	  cmocka_unit_test(a_session_that_broke_for_a_second_shows),
	  cmocka_unit_test(a_query_stops_in_time_and_goes_on_there),
	  cmocka_unit_test(who_watches_is_told_each_second_and_each_minute_that_is_over),
	  cmocka_unit_test(a_console_takes_over_what_was_before),
	  cmocka_unit_test(the_present_minute_goes_on_from_what_the_gateway_knows_of_it),
	  cmocka_unit_test(what_the_gateway_does_not_know_stays),
	  cmocka_unit_test(rows_that_can_not_be_are_passed_over))
