// SPDX-License-Identifier: GPL-2.0-or-later
/* What the overview, events, usage, sites and gateway panels say, and that they say all of it on every
 * screen. */
#include <inttypes.h>

#include "core/base/clock.h"
#include "tests/console/harness.h"

static const struct screen_options low = {.rows = 20, .cols = 60}, usual = {.rows = 24, .cols = 80},
				   wide = {.rows = 36, .cols = 120}, large = {.rows = 50, .cols = 200};

#define MINUTE (60 * USEC_PER_SEC)

/* --- tabs
 * ----------------------------------------------------------------------------------------------------- */

static void
every_panel_has_its_digit_and_the_active_one_is_always_named(void **state)
{
	static const char *const names[] = {"Overview",   "Tunnels", "Peers", "Routes", "Received",
					    "Advertised", "Events",  "Usage", "Sites"};
	struct world *world = screen_open_live(&low);

	for (int i = 0; i < 9; i++) {
		char key[2] = {(char)('1' + i), '\0'};

		screen_type(world, key);
		screen_wait_row(world, names[i], i == 0 ? "Tun" : "Ove");
	}
	screen_finish(world);
	world = screen_open_live(&usual);
	assert_true(screen_has(world, "Overview Tunnels Peers Routes"));
	screen_resize(world, 36, 120);
	screen_wait(world, "1 Overview  2 Tunnels  3 Peers  4 Routes  5 Received  6 Advertised  7 Events");
	screen_resize(world, 36, 160);
	screen_wait(world, "8 Usage  9 Sites");
	screen_finish(world);
}

/* --- the overview
 * --------------------------------------------------------------------------------------------- */

static void
put_waiting(struct world *world)
{
	struct model_connection *c = world_take(world, MODEL_KIND_CONNECTION, "aws-paris");

	c->confirm_until = clock_wall() + 40 * MINUTE + 30 * USEC_PER_SEC;
	world_put(world, MODEL_KIND_CONNECTION, c);
}

static void
put_held(struct world *world)
{
	struct model_tunnel *t = world_take(world, MODEL_KIND_TUNNEL, "aws-paris/2");

	t->held_until = clock_wall() + 20 * MINUTE + 30 * USEC_PER_SEC;
	world_put(world, MODEL_KIND_TUNNEL, t);
}

static void
put_lossy(struct world *world)
{
	struct model_tunnel *t = world_take(world, MODEL_KIND_TUNNEL, "plant/1");

	t->loss_percent = 7.5;
	world_put(world, MODEL_KIND_TUNNEL, t);
}

static void
put_idle_core(struct world *world)
{
	struct model_peer *p = world_take(world, MODEL_KIND_PEER, "core");

	model_set(&p->state, "Idle");
	p->last_error.set = true;
	model_set(&p->last_error.text, "hold timer expired");
	world_put(world, MODEL_KIND_PEER, p);
}

static void
put_near_limit(struct world *world)
{
	struct model_peer *p = world_take(world, MODEL_KIND_PEER, "aws-paris/1");

	p->received = 75;
	p->max_prefixes = 100;
	world_put(world, MODEL_KIND_PEER, p);
}

static struct world *
world_of_trouble(void)
{
	struct world *world = world_new();

	put_waiting(world);
	put_held(world);
	put_lossy(world);
	put_idle_core(world);
	put_near_limit(world);
	model_store_log(world_store(world), "error", "journal.failing", "lyon",
			"events can't be written: no space left");
	model_store_log(world_store(world), "warning", "gateway.busy", "lyon",
			"busy for 0.4 s with one thing");
	return world;
}

static void
all_trouble_is_said_the_most_urgent_first(void **state)
{
	struct world *world = world_of_trouble();

	screen_open(world, &large);
	screen_wait(world, "! gateway: busy for 0.4 s");
	screen_golden(world, "trouble-200x50");
	screen_resize(world, 36, 120);
	screen_golden(world, "trouble-120x36");
	screen_resize(world, 24, 80);
	screen_golden(world, "trouble-80x24");
	screen_resize(world, 20, 60);
	screen_golden(world, "trouble-60x20");
	screen_finish(world);
}

static void
what_is_over_is_no_longer_said(void **state)
{
	struct world *world = world_of_trouble();

	screen_open(world, &large);
	screen_wait(world, "! journal: events can't be written");
	model_store_log(world_store(world), "notice", "journal.recovered", "lyon",
			"events are written again");
	screen_wait_gone(world, "! journal:");
	screen_wait(world, "! gateway: busy");
	screen_finish(world);
}

static void
all_well_is_quiet(void **state)
{
	struct world *world = screen_open_live(&usual);
	struct model_connection *c = world_take(world, MODEL_KIND_CONNECTION, "plant");
	struct model_tunnel *t = world_take(world, MODEL_KIND_TUNNEL, "plant/2");

	model_set(&c->attention, NULL);
	model_set(&c->state, "up");
	c->tunnels_up = 2;
	model_set(&t->state, "up");
	model_set(&t->health, "ok");
	t->established_at = clock_wall() - MINUTE;
	t->down_since = t->next_try_at = 0;
	world_put(world, MODEL_KIND_TUNNEL, t);
	world_put(world, MODEL_KIND_CONNECTION, c);
	screen_wait(world, "● nothing to do");
	world_stop_serving(world);
	screen_wait(world, "? nothing to do, as last heard");
	screen_type(world, "!");
	screen_wait(world, "nothing needs a person");
	screen_finish(world);
}

static void
a_key_goes_from_one_trouble_to_the_next(void **state)
{
	struct world *world = world_of_trouble();

	screen_open_until_live(world, &wide);
	/* the first line is selected already, and it waits for its confirmation: on to the next */
	screen_type(world, "!");
	screen_wait(world, "2 of 8: plant/2 down 4 min");
	screen_wait_row(world, "▸", "╌2╌");
	screen_type(world, "!");
	screen_wait(world, "3 of 8: core: BGP is Idle: hold timer expired");
	screen_wait_row(world, "▸", "10.20.0.254");
	screen_type(world, "!");
	screen_wait(world, "4 of 8: aws-paris/2 held back 20 min");
	screen_wait_row(world, "▸", "─2─");
	screen_type(world, "!!!");
	screen_wait(world, "7 of 8: journal:");
	screen_wait_row(world, "▸", "journal.failing");
	screen_finish(world);
}

static void
bgp_down_on_a_tunnel_that_is_up_is_said(void **state)
{
	struct world *world = screen_open_live(&wide);
	struct model_peer *p = world_take(world, MODEL_KIND_PEER, "aws-paris/2");

	model_set(&p->state, "Active");
	world_put(world, MODEL_KIND_PEER, p);
	screen_wait(world, "! aws-paris/2: BGP is Active while the tunnel is up");
	screen_finish(world);
}

static void
a_connections_state_is_in_words(void **state)
{
	struct world *world = screen_open_live(&usual);
	struct model_connection *c = world_take(world, MODEL_KIND_CONNECTION, "aws-paris");
	struct model_tunnel *t = world_take(world, MODEL_KIND_TUNNEL, "aws-paris/2");

	c->pinned = true;
	model_set(&c->preferred, "aws-paris/1");
	model_set(&t->state, "draining");
	world_put(world, MODEL_KIND_CONNECTION, c);
	world_put(world, MODEL_KIND_TUNNEL, t);
	screen_wait_row(world, "▸aws-paris", "both spans up · pinned");
	screen_wait_row(world, "≈2≈", "draining");
	screen_resize(world, 36, 120);
	screen_wait_row(world, "▸aws-paris", "dynamic · active/passive · prefers 1");
	screen_finish(world);
}

static void
put_connection(struct world *world, const char *name, const char *how, uint64_t bps)
{
	struct model_connection *c = world_take(world, MODEL_KIND_CONNECTION, "aws-paris");

	model_set(&c->name, name);
	model_set(&c->state, how);
	c->rx_bps = bps;
	c->last_failover.set = false;
	world_put(world, MODEL_KIND_CONNECTION, c);
}

static void
trouble_can_be_brought_to_the_top_and_the_selection_stays(void **state)
{
	struct world *world = world_new();
	char name[16];

	for (int i = 1; i <= 30; i++) {
		snprintf(name, sizeof(name), "shop-%d", i);
		put_connection(world, name, i == 30 ? "down" : "up", 1000 * (uint64_t)i);
	}
	screen_open(world, &usual);
	screen_wait(world, "32 connections");
	screen_type(world, "j");
	screen_wait_row(world, "▸", "═1═");
	assert_false(screen_has(world, "shop-30  "));
	screen_type(world, ":sort state\r");
	screen_wait(world, "32 connections by state");
	screen_wait_row(world, "▸", "aws-paris/1");
	screen_type(world, "g");
	screen_wait_row(world, "▸", "shop-30");
	screen_type(world, "o");
	screen_wait(world, "by rate");
	screen_type(world, "g");
	screen_wait_row(world, "▸", "aws-paris");
	screen_type(world, "oo");
	screen_wait(world, "by name");
	screen_type(world, "O");
	screen_wait(world, "by name, reversed");
	screen_type(world, "g");
	screen_wait_row(world, "▸", "shop-30");
	screen_resize(world, 50, 200);
	screen_golden(world, "overview-many-200x50");
	screen_finish(world);
}

static void
one_connection_uses_the_room(void **state)
{
	struct world *world = world_new();

	model_store_remove(world_store(world), MODEL_KIND_CONNECTION, "plant");
	model_store_remove(world_store(world), MODEL_KIND_TUNNEL, "plant/1");
	model_store_remove(world_store(world), MODEL_KIND_TUNNEL, "plant/2");
	screen_open(world, &wide);
	screen_wait(world, "═1═");
	screen_wait(world, "RTT 1 11.2 ms");
	screen_golden(world, "overview-one-120x36");
	screen_finish(world);
}

/* --- events
 * --------------------------------------------------------------------------------------------------- */

static void
log_events(struct world *world, int count, const char *severity)
{
	static int number;

	for (int i = 0; i < count; i++)
		model_store_log(world_store(world), severity, "peer.prefixes", "aws-paris/1", "line %d of %s",
				++number, severity);
}

static void
events_stand_still_and_say_how_many_are_new(void **state)
{
	struct world *world = screen_open_live(&wide);

	screen_type(world, "7");
	screen_wait(world, "following");
	log_events(world, 1, "info");
	screen_wait(world, "line 1 of info");
	screen_type(world, "f");
	screen_wait(world, "standing still");
	log_events(world, 3, "info");
	screen_wait(world, "3 new above");
	assert_false(screen_has(world, "line 4 of info"));
	/* the filter works on what stands there, and counts by itself */
	screen_type(world, "/severity:notice\r");
	screen_wait(world, "standing still");
	screen_wait(world, "moved from aws-paris/2");
	screen_wait_gone(world, "line 1 of info");
	log_events(world, 2, "notice");
	screen_wait(world, "2 new above");
	assert_false(screen_has(world, "line 5 of notice"));
	screen_type(world, "f");
	screen_wait(world, "line 6 of notice");
	screen_wait(world, "following");
	/* going down is enough to make it stand */
	screen_type(world, "j");
	screen_wait(world, "standing still");
	log_events(world, 1, "notice");
	screen_wait(world, "1 new above");
	screen_type(world, "g");
	screen_wait(world, "line 7 of notice");
	screen_finish(world);
}

static void
events_from_a_severity_on(void **state)
{
	struct world *world = screen_open_live(&wide);

	screen_type(world, "7");
	screen_wait(world, "Established with");
	screen_type(world, "v");
	screen_wait(world, "notice+");
	screen_wait_gone(world, "Established with");
	screen_wait(world, "moved from");
	screen_type(world, "v");
	screen_wait(world, "warning+");
	screen_wait_gone(world, "moved from");
	screen_wait(world, "retransmit 12");
	screen_type(world, "v");
	screen_wait(world, "errors");
	screen_wait_gone(world, "retransmit 12");
	screen_wait(world, "down: no answer");
	screen_type(world, "v");
	screen_wait_gone(world, "errors");
	screen_wait(world, "Established with");
	screen_finish(world);
}

static void
ikes_own_log_is_shown_on_demand(void **state)
{
	struct world *world = screen_open_live(&wide);

	model_store_log(world_store(world), "debug", "ike.log", "plant/2", "[IKE] sending keep alive");
	log_events(world, 1, "notice");
	screen_type(world, "7");
	screen_wait(world, "of notice");
	assert_false(screen_has(world, "keep alive"));
	screen_type(world, "i");
	screen_wait(world, "keep alive");
	screen_wait(world, "IKE");
	screen_type(world, "i");
	screen_wait_gone(world, "keep alive");
	/* whoever asks for it by name gets it */
	screen_type(world, "/kind:ike.log\r");
	screen_wait(world, "keep alive");
	screen_finish(world);
}

static void
events_by_their_age(void **state)
{
	struct world *world = screen_open_live(&wide);
	struct model_event *event = model_row_new(MODEL_KIND_EVENT);

	model_set(&event->severity, "info");
	model_set(&event->kind, "tunnel.up");
	model_set(&event->text, "long ago");
	event->at = clock_wall() - 60 * MINUTE;
	model_store_event(world_store(world), event);
	model_row_free(MODEL_KIND_EVENT, event);
	log_events(world, 1, "info");
	screen_type(world, "7");
	screen_wait(world, "long ago");
	screen_type(world, "/at:<10m\r");
	screen_wait_gone(world, "long ago");
	screen_wait(world, "of info");
	screen_finish(world);
}

#define PAST_FIRST 1000 /* sequence of the oldest event that the console is sent */
#define PAST_OLDER 450  /* how many the journal has before it */

/* What a journal has: every tenth is a warning. */
static bool
give_older(void *context, const struct model_query *query)
{
	struct model_filter *filter = model_filter_parse(query->filter, NULL);
	const struct model_shape *shape = model_kind_info(MODEL_KIND_EVENT)->shape;
	uint64_t before = PAST_FIRST;
	size_t given = 0;
	bool all = true;

	if (query->after != NULL)
		text_parse_number(query->after, UINT64_MAX, &before);
	for (uint64_t i = before - 1; i >= PAST_FIRST - PAST_OLDER && all; i--) {
		struct model_event *event = model_row_new(MODEL_KIND_EVENT);

		event->sequence = i;
		event->at = clock_wall() - 60 * MINUTE;
		model_set(&event->severity, i % 10 == 0 ? "warning" : "info");
		model_set(&event->kind, "tunnel.up");
		model_set(&event->subject, "plant/1");
		model_set_format(&event->text, "old event %" PRIu64, i);
		if (model_filter_match(filter, shape, event)) {
			all = given++ < query->limit && query->row(query->context, event);
		}
		model_row_free(MODEL_KIND_EVENT, event);
	}
	model_filter_free(filter);
	return all;
}

/* What a gateway that has a journal holds itself. */
static void
hold_thirty(struct world *world, uint64_t first)
{
	struct model_event *event = model_row_new(MODEL_KIND_EVENT);

	model_store_forget_events(world_store(world));
	for (uint64_t i = first; i < first + 30; i++) {
		event->sequence = i;
		event->at = clock_wall() - MINUTE;
		model_set(&event->severity, "info");
		model_set(&event->kind, "tunnel.up");
		model_set_format(&event->text, "sent event %" PRIu64, i);
		model_store_event_mirror(world_store(world), event);
	}
	model_row_free(MODEL_KIND_EVENT, event);
}

/* A console that is sent thirty events; what is older is its gateway's. */
static struct world *
open_with_a_past(void)
{
	struct world *world = world_new();

	hold_thirty(world, PAST_FIRST);
	model_store_set_provider(world_store(world), MODEL_KIND_EVENT, give_older, NULL);
	screen_open(world, &wide);
	screen_wait(world, "● live");
	screen_type(world, "7");
	screen_wait(world, "following");
	screen_wait(world, "sent event 1029");
	return world;
}

static void
events_before_those_that_were_sent_come_from_the_gateway(void **state)
{
	struct world *world = open_with_a_past();

	screen_type(world, "\x1b[6~");
	screen_wait(world, "old event 999");
	/* to the very end, page by page */
	screen_type(world, "G");
	screen_wait_row(world, "▸", "old event 550");
	/* conditions are the gateway's too */
	screen_type(world, "vvG");
	screen_wait(world, "warning+");
	screen_wait_row(world, "▸", "old event 550");
	screen_wait(world, "old event 560");
	assert_false(screen_has(world, "old event 551"));
	screen_type(world, "/\"event 777\"\r");
	screen_wait(world, "nothing matches");
	screen_type(world, "vvG");
	screen_wait(world, "old event 777");
	screen_finish(world);
}

static void
older_events_are_asked_for_again_when_the_gateway_is_back(void **state)
{
	struct world *world = open_with_a_past();
	usec_t end = clock_monotonic() + USEC_PER_SEC / 5;

	screen_type(world, "G");
	while (clock_monotonic() < end)
		screen_turn(world); /* the question is on its way, and nobody reads it */
	world_stop_serving(world);
	screen_wait(world, "STALE");
	assert_false(screen_has(world, "old event"));
	world_serve(world);
	screen_wait(world, "● live");
	screen_type(world, "G");
	screen_wait_row(world, "▸", "old event 550");
	screen_finish(world);
}

/* More than a console is sent when it comes back: the list goes on without a hole. */
static void
events_of_a_long_loss_are_asked_for(void **state)
{
	struct world *world = open_with_a_past();

	screen_type(world, "G");
	screen_wait_row(world, "▸", "old event 550");
	world_stop_serving(world);
	screen_wait(world, "STALE");
	hold_thirty(world, PAST_FIRST + 500);
	world_serve(world);
	screen_wait(world, "● live");
	screen_type(world, "g");
	screen_wait(world, "sent event 1529");
	screen_type(world, "\x1b[6~\x1b[6~");
	screen_wait(world, "sent event 1500");
	screen_wait(world, "old event 1499");
	screen_type(world, "G");
	screen_wait_row(world, "▸", "old event 550");
	screen_finish(world);
}

static void
events_on_every_screen(void **state)
{
	struct world *world = screen_open_live(&low);

	screen_type(world, "7");
	screen_wait(world, "following");
	screen_golden(world, "events-60x20");
	screen_resize(world, 50, 200);
	screen_golden(world, "events-200x50");
	screen_type(world, "\r");
	screen_wait(world, "event →");
	screen_finish(world);
}

/* --- usage
 * ---------------------------------------------------------------------------------------------------- */

/* The first moment of a month, `back` months before this one. */
static usec_t
month_start(int back)
{
	time_t now = (time_t)(clock_wall() / USEC_PER_SEC);
	struct tm tm;

	gmtime_r(&now, &tm);
	tm = (struct tm){.tm_year = tm.tm_year, .tm_mon = tm.tm_mon - back, .tm_mday = 1};
	return (usec_t)timegm(&tm) * USEC_PER_SEC;
}

static bool
give_usage(void *context, const struct model_query *query)
{
	static const char *const names[] = {"aws-paris", "plant"};

	for (int i = 0; i < 4 && query->after == NULL; i++) {
		struct model_usage *u = model_row_new(MODEL_KIND_USAGE);

		model_set(&u->connection, names[i / 2]);
		u->from = month_start(1 - i % 2);
		u->to = month_start(-(i % 2));
		u->connection_hours = i % 2 ? 10.25 : 720;
		u->rx_bytes = 1000000000ULL * (uint64_t)(i + 1);
		u->tx_bytes = 1000000ULL * (uint64_t)(i + 1);
		u->amount = i % 2 ? 0.5125 : 36;
		model_set(&u->currency, "USD");
		query->row(query->context, u);
		model_row_free(MODEL_KIND_USAGE, u);
	}
	return true;
}

static void
usage_adds_up_this_month(void **state)
{
	static const struct screen_options *const all[] = {&low, &usual, &wide, &large};
	char month[16];
	time_t from;
	struct tm tm;

	from = (time_t)(month_start(0) / USEC_PER_SEC);
	gmtime_r(&from, &tm);
	strftime(month, sizeof(month), "%Y-%m so far", &tm);
	for (size_t i = 0; i < COUNT_OF(all); i++) {
		struct world *world = world_new();

		model_store_set_provider(world_store(world), MODEL_KIND_USAGE, give_usage, NULL);
		screen_open(world, all[i]);
		screen_wait(world, "● live");
		screen_type(world, "8");
		/* 10.25 h of each; 2 and 4 GB; the months before don't count */
		screen_wait_row(world, month, "2 connections · 20.50 h");
		screen_wait_row(world, "720.00 h", "1.0 MB");
		if (all[i]->cols >= 80) {
			assert_true(screen_has(world, "in 6.0 GB · out 6.0 MB · 1.02 USD") ||
				    screen_has(world, "in 6.0 GB · out 6.0 MB · 1.03 USD"));
			screen_wait_row(world, "plant", "36.00 USD");
		}
		screen_finish(world);
	}
}

/* Three days of the month before, of the connection that was asked for. */
static bool
give_days(void *context, const struct model_query *query)
{
	const struct model_kind_info *info = model_kind_info(MODEL_KIND_USAGE_DAY);
	struct model_filter *filter = model_filter_parse(query->filter, NULL);

	(void)context;
	for (int i = 0; i < 6; i++) {
		struct model_usage_day *d = model_row_new(MODEL_KIND_USAGE_DAY);

		model_set(&d->connection, i < 3 ? "aws-paris" : "plant");
		d->from = month_start(1) + i % 3 * 24 * 3600 * USEC_PER_SEC;
		d->connection_hours = 21.5 + i;
		d->rx_bytes = d->tx_bytes = 1000000000ULL << i;
		d->amount = 1.25 * i;
		model_set(&d->currency, "USD");
		if (model_filter_match(filter, info->shape, d))
			query->row(query->context, d);
		model_row_free(MODEL_KIND_USAGE_DAY, d);
	}
	model_filter_free(filter);
	return true;
}

/* As no gateway of ours counts, but one elsewhere may say. */
static bool
give_endless_days(void *context, const struct model_query *query)
{
	struct model_usage_day *d = model_row_new(MODEL_KIND_USAGE_DAY);

	(void)context;
	model_set(&d->connection, "aws-paris");
	d->from = month_start(1);
	d->connection_hours = d->amount = 1e308;
	d->rx_bytes = d->tx_bytes = UINT64_MAX - 1;
	model_set(&d->currency, "USD");
	query->row(query->context, d);
	model_row_free(MODEL_KIND_USAGE_DAY, d);
	return true;
}

static void
a_day_of_any_length_is_shown(void **state)
{
	struct world *world = world_new();

	model_store_set_provider(world_store(world), MODEL_KIND_USAGE, give_usage, NULL);
	model_store_set_provider(world_store(world), MODEL_KIND_USAGE_DAY, give_endless_days, NULL);
	screen_open(world, &wide);
	screen_wait(world, "● live");
	screen_type(world, "8");
	screen_wait(world, "720.00 h");
	screen_type(world, "g\r");
	screen_wait_row(world, "-01 ", "10000000000000000");
	screen_finish(world);
}

/* Each with a bar: the fullest day's is the longest, and another connection's days are not among them. */
static void
a_month_of_usage_shows_its_days(void **state)
{
	static const struct screen_options *const all[] = {&low, &usual, &wide, &large};

	for (size_t i = 0; i < COUNT_OF(all); i++) {
		struct world *world = world_new();

		model_store_set_provider(world_store(world), MODEL_KIND_USAGE, give_usage, NULL);
		model_store_set_provider(world_store(world), MODEL_KIND_USAGE_DAY, give_days, NULL);
		screen_open(world, all[i]);
		screen_wait(world, "● live");
		screen_type(world, "8");
		screen_wait(world, "720.00 h");
		screen_type(world, "g\r");
		screen_wait(world, "By day");
		screen_wait_row(world, "-01 ", "21.50 h   in    1.0 GB   out    1.0 GB");
		screen_wait_row(world, "-03 ", "23.50 h   in    4.0 GB   out    4.0 GB");
		assert_false(screen_has(world, "24.50 h"));
		if (all[i]->cols >= 80) {
			screen_wait_row(world, "-03 ", "2.50 USD  ██████");
			screen_wait_row(world, "-02 ", "1.25 USD  ███");
		}
		screen_finish(world);
	}
}

/* --- sites and the gateway
 * ------------------------------------------------------------------------------------ */

static void
the_gateway_is_one_page(void **state)
{
	struct world *world = screen_open_live(&usual);

	screen_type(world, ":show gateway\r");
	screen_wait(world, "Router ID");
	screen_wait(world, "12 d ago");
	screen_type(world, "1");
	screen_wait(world, "═1═");
	screen_finish(world);
}

/* --- peers and tunnels
 * ---------------------------------------------------------------------------------------- */

static void
peers_and_tunnels_say_what_one_wants_to_know(void **state)
{
	struct world *world = screen_open_live(&usual);
	struct model_peer *p = world_take(world, MODEL_KIND_PEER, "aws-paris/1");

	p->bfd.set = true;
	model_set(&p->bfd.state, "Up");
	p->received = 75;
	p->max_prefixes = 100;
	world_put(world, MODEL_KIND_PEER, p);
	screen_type(world, "3");
	screen_wait_row(world, "aws-paris/1", "75 of 100");
	screen_resize(world, 36, 120);
	screen_wait_row(world, "aws-paris/1", "  Up");
	screen_resize(world, 50, 200);
	screen_type(world, "2");
	screen_wait(world, "4 tunnels");
	screen_wait_row(world, "aws-paris/1", "  Up");
	screen_wait_row(world, "plant/2", "no answer from 198.51.100.9");
	screen_finish(world);
}

TEST_MAIN(cmocka_unit_test(every_panel_has_its_digit_and_the_active_one_is_always_named),
	  cmocka_unit_test(all_trouble_is_said_the_most_urgent_first),
	  cmocka_unit_test(what_is_over_is_no_longer_said), cmocka_unit_test(all_well_is_quiet),
	  cmocka_unit_test(a_key_goes_from_one_trouble_to_the_next),
	  cmocka_unit_test(bgp_down_on_a_tunnel_that_is_up_is_said),
	  cmocka_unit_test(a_connections_state_is_in_words),
	  cmocka_unit_test(trouble_can_be_brought_to_the_top_and_the_selection_stays),
	  cmocka_unit_test(one_connection_uses_the_room),
	  cmocka_unit_test(events_stand_still_and_say_how_many_are_new),
	  cmocka_unit_test(events_from_a_severity_on), cmocka_unit_test(ikes_own_log_is_shown_on_demand),
	  cmocka_unit_test(events_by_their_age),
	  cmocka_unit_test(older_events_are_asked_for_again_when_the_gateway_is_back),
	  cmocka_unit_test(events_of_a_long_loss_are_asked_for),
	  cmocka_unit_test(events_before_those_that_were_sent_come_from_the_gateway),
	  cmocka_unit_test(events_on_every_screen), cmocka_unit_test(usage_adds_up_this_month),
	  cmocka_unit_test(a_month_of_usage_shows_its_days), cmocka_unit_test(a_day_of_any_length_is_shown),
	  cmocka_unit_test(the_gateway_is_one_page),
	  cmocka_unit_test(peers_and_tunnels_say_what_one_wants_to_know))
