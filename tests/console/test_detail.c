// SPDX-License-Identifier: GPL-2.0-or-later
/* The detail view: every field of every kind, its past as charts, what hangs together with it. */
#include "tests/console/harness.h"
#include "tui/panels/detail_internal.h"

static const struct screen_options small = {.rows = 24, .cols = 80}, wide = {.rows = 36, .cols = 120},
				   huge = {.rows = 50, .cols = 200}, tiny = {.rows = 20, .cols = 60};

static struct world *
open_tunnel(const struct screen_options *options)
{
	struct world *world = screen_open_live(options);

	screen_type(world, "2\r");
	screen_wait(world, "tunnel → ");
	return world;
}

/* What matters most stands in the first lines, the graphs have figures, and the newest event is below. */
static void
a_tunnels_detail_has_state_first_and_charts_with_figures(void **state)
{
	struct world *world = open_tunnel(&small);

	screen_wait_row(world, "═1═ aws-paris/1", "carries");
	screen_wait_row(world, "in 88.1 Mb/s", "RTT 11.2 ms");
	screen_wait_row(world, "88.1<88.1<88.1", "0.0<0.0<0.0");
	screen_wait_row(world, "4 min ago", "now");
	screen_wait(world, "Established with 169.254.44.241");
	screen_golden(world, "detail-80x24");
	screen_finish(world);
}

static void
it_fits_a_small_and_fills_a_large_screen(void **state)
{
	struct world *world = open_tunnel(&tiny);

	screen_wait(world, "88.1<88.1<88.1");
	screen_golden(world, "detail-60x20");
	screen_finish(world);
	world = open_tunnel(&wide);
	screen_wait(world, "88.1 < 88.1 < 88.1");
	screen_golden(world, "detail-120x36");
	screen_finish(world);
	world = open_tunnel(&huge);
	screen_wait(world, "min 88.1  avg 88.1  max 88.1 Mb/s");
	screen_golden(world, "detail-200x50");
	screen_finish(world);
}

static void
a_tunnel_that_is_down_says_why_before_all_else(void **state)
{
	struct world *world = screen_open_live(&small);

	screen_type(world, "2G\r");
	screen_wait(world, "! no answer from 198.51.100.9");
	screen_wait(world, "the other side must allow UDP 500 and 4500");
	screen_wait_row(world, "✕ down  4 min", "12 tries · next in 30 min");
	screen_golden(world, "detail-down-80x24");
	screen_finish(world);
}

/* Opens plant/2 after it could not agree with its peer. */
static struct world *
open_mismatch(const struct screen_options *options)
{
	struct world *world = screen_open_live(options);
	struct model_tunnel *t = world_take(world, MODEL_KIND_TUNNEL, "plant/2");

	model_set(&t->last_error.code, "no_proposal_chosen");
	model_set(
	    &t->last_error.text,
	    "none of the IKE proposals of 198.51.100.9 is configured here: aes256gcm16-prfsha384-modp2048");
	model_set(&t->last_error.hint, "only the DH group differs: add aes256gcm16-prfsha384-modp2048 to "
				       "ike.proposals here, or give the other side ecp384 as DH group");
	model_set(&t->last_error.ours, "aes256gcm16-prfsha384-ecp384");
	model_set(&t->last_error.theirs, "aes256gcm16-prfsha384-modp2048, aes256-sha256-modp2048");
	text_list_free(&t->last_error.evidence);
	text_list_add(&t->last_error.evidence, "DH group: we ecp384, they modp2048");
	world_put(world, MODEL_KIND_TUNNEL, t);
	screen_type(world, "2G\r");
	screen_wait_row(world, "This side", "The other side");
	return world;
}

static void
a_failed_negotiation_has_both_sides_beside_each_other(void **state)
{
	static const struct {
		const struct screen_options *options;
		const char *golden;
	} cases[] = {{&small, "detail-failed-80x24"},
		     {&tiny, "detail-failed-60x20"},
		     {&wide, "detail-failed-120x36"},
		     {&huge, "detail-failed-200x50"}};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct world *world = open_mismatch(cases[i].options);

		screen_wait(world, "DH group: we ecp384, they modp2048");
		if (cases[i].options == &huge) { /* all of it stands on top: once is enough */
			screen_wait_row(world, "Code", "no_proposal_chosen");
			assert_false(screen_has(world, "What to do"));
		}
		screen_golden(world, cases[i].golden);
		screen_finish(world);
	}
}

/* The seconds that stand behind "Child rekey  in HH:MM:SS". */
static unsigned
rekey_in(struct world *world)
{
	unsigned hours, minutes, seconds;
	char text[512];
	int row, col;

	assert_true(screen_find(world, "Child rekey", &row, &col));
	screen_row(world, row, text, sizeof(text));
	assert_int_equal(sscanf(strstr(text, "Child rekey") + 11, " in %u:%u:%u", &hours, &minutes, &seconds),
			 3);
	return (hours * 60 + minutes) * 60 + seconds;
}

static void
a_rekey_counts_down(void **state)
{
	struct world *world = open_tunnel(&wide);
	usec_t from = clock_monotonic(), took;
	unsigned first, left;

	screen_wait_row(world, "Child rekey", "in 00:");
	first = rekey_in(world);
	assert_in_range(first, 1, 40 * 60 + 30); /* as the world has it */
	do {
		world_turn(world);
		left = rekey_in(world);
		took = clock_monotonic() - from;
	} while (left + 2 > first && took < 30 * USEC_PER_SEC);
	assert_in_range(first - left, 2, took / USEC_PER_SEC + 2);
	screen_finish(world);
}

static void
enter_unfolds_the_events_and_folds_them_again(void **state)
{
	struct world *world = open_tunnel(&small);

	screen_type(world, "\r");
	screen_wait_gone(world, "min ago");
	screen_wait(world, "sending DPD request");
	screen_type(world, "\r");
	screen_wait(world, "min ago");
	screen_type(world, "\x1b");
	screen_wait(world, "4 tunnels");
	screen_finish(world);
}

static void
a_peers_detail_has_its_prefixes_as_charts(void **state)
{
	struct world *world = screen_open_live(&wide);

	screen_type(world, "3\r");
	screen_wait_row(world, "received 14", "accepted 12");
	screen_wait_row(world, "state Established", "accepted 12");
	screen_wait_row(world, "12  avg 12  max 12", "no change");
	screen_golden(world, "detail-peer-120x36");
	screen_finish(world);
}

/* Messages by type, queues, the last NOTIFICATION each way with its data, and that its paths are kept. */
static void
a_peers_detail_has_messages_queues_and_both_last_notifications(void **state)
{
	struct world *world = screen_open_live(&huge);
	struct model_peer *p = world_take(world, MODEL_KIND_PEER, "aws-paris/1");
	struct model_peer_messages counts = {
	    .set = true, .open = 2, .update = 1402, .notification = 1, .keepalive = 86017, .refresh = 3};

	p->messages_received = p->messages_sent = counts;
	p->messages_sent.update = 7;
	p->messages_in = 87425;
	p->messages_out = 86030;
	p->malformed = 4;
	p->treated_as_withdraw = 3;
	p->attributes_discarded = 1;
	p->errors = 2;
	p->input_bytes = 65536;
	p->output_bytes = 4096;
	p->pending = 812;
	p->max_prefixes_out = 100;
	model_set(&p->role, "customer");
	model_set(&p->remote_role, "provider");
	p->restart_until = clock_wall() + 90 * USEC_PER_SEC;
	p->last_in.set = p->last_out.set = true;
	p->last_in.code = p->last_out.code = 6;
	p->last_in.subcode = 2;
	p->last_out.subcode = 1;
	model_set(&p->last_in.direction, "received");
	model_set(&p->last_out.direction, "sent");
	model_set(&p->last_in.text, "Cease: Administrative Shutdown \"new line card\"");
	model_set(&p->last_out.text, "Cease: Maximum Number of Prefixes Reached (limit 100)");
	model_set(&p->last_out.data, "00010100000064");
	p->last_in.at = p->last_out.at = clock_wall() - 3600 * USEC_PER_SEC;
	world_put(world, MODEL_KIND_PEER, p);
	screen_type(world, "3\r");
	screen_wait(world, "86,017");
	screen_wait(world, "00010100000064");
	screen_wait_row(world, "Restarts until", "in 00:0");
	screen_golden(world, "detail-peer-200x50");
	screen_finish(world);
}

/* The chart of a session that left Established says so. */
static void
a_change_of_a_sessions_state_is_counted(void **state)
{
	struct world *world = screen_open_live(&wide);
	struct model_peer *p = world_take(world, MODEL_KIND_PEER, "aws-paris/1");

	screen_type(world, "3\r");
	screen_wait_row(world, "12  avg 12  max 12", "no change");
	world_turn_for(world, 2 * USEC_PER_SEC); /* a whole second as Established is known */
	model_set(&p->state, "Idle");
	world_put(world, MODEL_KIND_PEER, p);
	screen_wait(world, "1 change");
	screen_finish(world);
}

static void
a_connections_detail_sums_its_tunnels(void **state)
{
	struct world *world = screen_open_live(&small);

	screen_type(world, "\r");
	screen_wait(world, "connection → aws-paris");
	screen_wait(world, "min 88.1  avg 88.1  max 88.1 Mb/s");
	screen_golden(world, "detail-connection-80x24");
	screen_finish(world);
}

static void
a_routes_detail_has_all_paths_and_why_each_is_not_best(void **state)
{
	struct world *world = screen_open_live(&small);

	screen_type(world, "4");
	screen_wait_row(world, "▸", "10.50.0.0/24");
	screen_type(world, "\r");
	screen_wait(world, "All paths to 10.50.0.0/24");
	screen_wait_row(world, "● best", "by aws-paris/1");
	screen_wait_row(world, "· other", "by aws-paris/2");
	screen_wait(world, "MED 200 · AS path 64512");
	screen_golden(world, "detail-route-80x24");
	screen_type(world, "T");
	screen_wait_row(world, "▸", "aws-paris/1");
	screen_wait(world, "› Tunnels");
	screen_finish(world);
}

static void
a_received_prefix_has_them_too(void **state)
{
	struct world *world = screen_open_live(&wide);

	screen_type(world, "5");
	screen_wait_row(world, "▸", "10.50.0.0/24");
	screen_type(world, "\r");
	screen_wait_row(world, "● best", "by aws-paris/1");
	screen_golden(world, "detail-received-120x36");
	screen_finish(world);
}

static void
an_events_detail_has_its_fields_and_the_log_around_it(void **state)
{
	struct world *world = screen_open_live(&small);
	struct model_event *e = model_row_new(MODEL_KIND_EVENT);

	e->at = clock_wall() - 30 * 60 * USEC_PER_SEC;
	model_set(&e->severity, "warning");
	model_set(&e->kind, "tunnel.down");
	model_set(&e->subject, "aws-paris/1");
	model_set(&e->text, "down: dead peer");
	model_map_add(&e->fields, "reason", "dpd timeout");
	model_map_add(&e->fields, "tries", "5");
	model_store_event(world_store(world), e);
	model_row_free(MODEL_KIND_EVENT, e);
	model_store_log(world_store(world), "debug", "ike.log", "aws-paris/1",
			"giving up after 5 retransmits");
	screen_type(world, ":show events\r");
	screen_wait(world, "following");
	screen_type(world, "i"); /* IKE's log too */
	screen_wait(world, "giving up after 5 retransmits");
	screen_type(world, "j");
	screen_wait_row(world, "▸", "dead peer");
	screen_type(world, "\r");
	screen_wait_row(world, "reason", "dpd timeout");
	screen_wait(world, "sending DPD request");
	screen_wait(world, "giving up after 5 retransmits");
	screen_golden(world, "detail-event-80x24");
	screen_type(world, "P");
	screen_wait(world, "Peers");
	screen_wait_row(world, "▸", "aws-paris/1");
	screen_finish(world);
}

/* Jumps that need not the subject alone: all letters lead somewhere from a row of every panel. */
static void
jumps_lead_on_from_received_prefixes_and_details(void **state)
{
	struct world *world = screen_open_live(&wide);

	screen_type(world, "5");
	screen_wait_row(world, "▸", "10.50.0.0/24");
	screen_type(world, "\rE");
	screen_wait(world, "/subject:aws-paris/1");
	screen_wait_row(world, "▸", "aws-paris/1");
	screen_type(world, "jI");
	screen_wait(world, "/peer:aws-paris/1");
	screen_wait_row(world, "▸", "10.50.0.0/24");
	screen_type(world, "R");
	screen_wait(world, "/tunnel:aws-paris/1");
	screen_wait_row(world, "▸", "10.50.0.0/24");
	screen_type(world, "A");
	screen_wait_row(world, "▸", "10.20.0.0/16");
	screen_type(world, "C");
	screen_wait(world, "› Overview");
	screen_finish(world);
}

/* --- every field ---------------------------------------------------------------------------------- */

static json_t *
sample_row(const struct model_shape *shape)
{
	json_t *row = json_object();

	for (size_t i = 0; i < shape->count; i++) {
		const struct model_field *field = &shape->fields[i];
		json_t *value = field->type == MODEL_STR    ? json_sprintf("is %s", field->name)
				: field->type == MODEL_UINT ? json_integer(4711)
				: field->type == MODEL_REAL ? json_real(1.5)
				: field->type == MODEL_BOOL ? json_true()
				: field->type == MODEL_TIME ? json_string("2026-01-02T03:04:05Z")
				: field->type == MODEL_LIST ? json_pack("[s]", "an item")
				: field->type == MODEL_MAP  ? json_pack("{s:s}", "detail", "of the map")
							    : sample_row(field->sub);

		json_object_set_new(row, field->name, value);
	}
	return row;
}

static size_t
lines_with(const struct fields *fields, const char *label)
{
	size_t count = 0;

	for (size_t i = 0; i < fields->count; i++)
		count += strcmp(fields->lines[i].label, label) == 0;
	return count;
}

/* The fields of that title in a shape and those nested in it. */
static size_t
fields_with(const struct model_shape *shape, const char *title)
{
	size_t count = 0;

	for (size_t i = 0; i < shape->count; i++) {
		const struct model_field *field = &shape->fields[i];

		if (field->type != MODEL_SUB)
			count += strcmp(field->title, title) == 0;
		else
			count += fields_with(field->sub, title);
	}
	return count;
}

static bool
has_value(const struct fields *fields, const char *value)
{
	for (size_t i = 0; i < fields->count; i++) {
		if (strcmp(fields->lines[i].value, value) == 0)
			return true;
	}
	return false;
}

static void
expect_all(const struct fields *fields, const struct model_shape *whole, const struct model_shape *shape)
{
	for (size_t i = 0; i < shape->count; i++) {
		const struct model_field *field = &shape->fields[i];
		char value[128];

		if (field->type == MODEL_SUB) {
			expect_all(fields, whole, field->sub);
			continue;
		}
		if (lines_with(fields, field->title) < fields_with(whole, field->title))
			fail_msg("%s.%s is missing", shape->name, field->name);
		snprintf(value, sizeof(value), "is %s", field->name);
		if (field->type == MODEL_STR && !has_value(fields, value))
			fail_msg("the value of %s.%s is missing", shape->name, field->name);
	}
}

static void
every_field_of_every_kind_is_there(void **state)
{
	static const int widths[] = {60, 80, 120, 200};
	struct fields fields = {.lines = memory_zeroed(FIELDS_MOST, sizeof(*fields.lines))};
	struct scene scene = {.store = model_store_new(), .now = clock_wall()};

	for (int k = 0; k < MODEL_KIND_COUNT; k++) {
		const struct model_shape *shape = model_kind_info((enum model_kind)k)->shape;
		void *row = model_row_new((enum model_kind)k);
		json_t *json = sample_row(shape);
		struct error err = {0};

		if (!model_row_from_json(shape, row, json, NULL, &err))
			fail_msg("%s: %s", shape->name, err.text);
		for (size_t w = 0; w < COUNT_OF(widths); w++) {
			fields_make(&fields, &scene, (enum model_kind)k, row, widths[w], false);
			expect_all(&fields, shape, shape);
			for (size_t i = 0; i < fields.count; i++) {
				assert_true(fields.lines[i].column < fields.columns);
				assert_true((size_t)fields.lines[i].row < fields.height);
			}
		}
		json_decref(json);
		model_row_free((enum model_kind)k, row);
	}
	free(fields.lines);
	model_store_free(scene.store);
}

static void
the_schemas_groups_come_in_the_order_of_their_ranks(void **state)
{
	struct fields fields = {.lines = memory_zeroed(FIELDS_MOST, sizeof(*fields.lines))};
	struct scene scene = {.store = model_store_new(), .now = clock_wall()};
	void *row = model_row_new(MODEL_KIND_TUNNEL);
	static const char *const order[] = {"State", "Health and peer", "IKE and ESP",
					    "Times", "Traffic",         "Addresses"};
	size_t next = 0;

	fields_make(&fields, &scene, MODEL_KIND_TUNNEL, row, 60, false);
	for (size_t i = 0; i < fields.count; i++) {
		if (next < COUNT_OF(order) && fields.lines[i].role == ROLE_heading &&
		    strcmp(fields.lines[i].label, order[next]) == 0)
			next++;
	}
	assert_int_equal(next, COUNT_OF(order));
	model_row_free(MODEL_KIND_TUNNEL, row);
	free(fields.lines);
	model_store_free(scene.store);
}

TEST_MAIN(cmocka_unit_test(every_field_of_every_kind_is_there),
	  cmocka_unit_test(the_schemas_groups_come_in_the_order_of_their_ranks),
	  cmocka_unit_test(a_tunnels_detail_has_state_first_and_charts_with_figures),
	  cmocka_unit_test(it_fits_a_small_and_fills_a_large_screen),
	  cmocka_unit_test(a_tunnel_that_is_down_says_why_before_all_else),
	  cmocka_unit_test(a_failed_negotiation_has_both_sides_beside_each_other),
	  cmocka_unit_test(a_rekey_counts_down),
	  cmocka_unit_test(enter_unfolds_the_events_and_folds_them_again),
	  cmocka_unit_test(a_peers_detail_has_its_prefixes_as_charts),
	  cmocka_unit_test(a_peers_detail_has_messages_queues_and_both_last_notifications),
	  cmocka_unit_test(a_change_of_a_sessions_state_is_counted),
	  cmocka_unit_test(a_connections_detail_sums_its_tunnels),
	  cmocka_unit_test(a_routes_detail_has_all_paths_and_why_each_is_not_best),
	  cmocka_unit_test(a_received_prefix_has_them_too),
	  cmocka_unit_test(an_events_detail_has_its_fields_and_the_log_around_it),
	  cmocka_unit_test(jumps_lead_on_from_received_prefixes_and_details))
