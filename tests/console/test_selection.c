// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Between the frame that a person sees and the key that they press rows come, go and change places. What a
 * key acts on is the row that was drawn as the selected one, or nothing. Here somebody looks, moves, filters
 * and presses at random, while a gateway's rows change at random.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "tests/unit/test.h"
#include "tui/panels/panels.h"
#include "tui/widgets/table.h"

#define MOST_ROWS 24

struct person {
	struct model_store *store;
	struct scene scene;
	struct canvas canvas;
	struct panel *panel;
	struct model_filter *filter;
	char
	    seen[256]; /* the key of the row that was drawn as the selected one; "": they have chosen since */
	size_t pressed, missed;
};

static void
on_changed(void *context)
{
	(void)context;
}

static void
person_open(struct person *p, const struct panel_ops *ops)
{
	*p = (struct person){.store = model_store_new()};
	p->scene = (struct scene){
	    .store = p->store, .history = history_new(), .now = clock_wall(), .changed = on_changed};
	p->panel = ops->open(ops, &p->scene);
}

static void
person_close(struct person *p)
{
	p->panel->ops->close(p->panel);
	model_filter_free(p->filter);
	canvas_free(&p->canvas);
	history_free(p->scene.history);
	model_store_free(p->store);
}

/* --- the gateway ------------------------------------------------------------------------------- */

static void
put_connection(struct person *p, int number)
{
	struct model_connection *row = model_row_new(MODEL_KIND_CONNECTION);

	model_set_format(&row->name, "c%d", number);
	model_set(&row->state, rand() % 2 == 0 ? "up" : "down");
	model_store_put(p->store, MODEL_KIND_CONNECTION, row);
	model_row_free(MODEL_KIND_CONNECTION, row);
}

static void
put_tunnel(struct person *p, int number)
{
	struct model_tunnel *row = model_row_new(MODEL_KIND_TUNNEL);

	model_set_format(&row->name, "c%d/%d", number / 2, number % 2 + 1);
	model_set_format(&row->connection, "c%d", number / 2);
	model_set(&row->state, rand() % 2 == 0 ? "up" : "down");
	row->rx_bps = (uint64_t)(rand() % 5);
	model_store_put(p->store, MODEL_KIND_TUNNEL, row);
	model_row_free(MODEL_KIND_TUNNEL, row);
}

static void
change(struct person *p)
{
	int number = rand() % MOST_ROWS;
	char key[32];

	switch (rand() % 6) {
	case 0:
		snprintf(key, sizeof(key), "c%d/%d", number / 2, number % 2 + 1);
		model_store_remove(p->store, MODEL_KIND_TUNNEL, key);
		break;
	case 1:
		snprintf(key, sizeof(key), "c%d", number / 2);
		model_store_remove(p->store, MODEL_KIND_CONNECTION, key);
		break;
	case 2:
		put_connection(p, number / 2);
		break;
	case 3:
		model_store_log(p->store, "notice", "test", "c0", "number %d", number);
		break;
	default:
		put_tunnel(p, number);
	}
}

/* --- the person -------------------------------------------------------------------------------- */

/* The row that a key would act on; its key goes to `out`, "" for none. */
static void
selected(struct person *p, char *out, size_t size)
{
	enum model_kind kind = p->panel->ops->kind;
	const void *row = p->panel->ops->selected(p->panel, &kind);

	out[0] = '\0';
	if (row != NULL)
		model_row_key(model_kind_info(kind), row, out, size);
}

static void
look(struct person *p)
{
	struct area area;

	canvas_resize(&p->canvas, 3 + rand() % 12, 80);
	area = canvas_area(&p->canvas);
	p->panel->ops->draw(p->panel, &area);
	selected(p, p->seen, sizeof(p->seen));
}

static void
press(struct person *p)
{
	char key[256];

	selected(p, key, sizeof(key));
	p->pressed++;
	p->missed += key[0] == '\0';
	if (p->seen[0] != '\0' && key[0] != '\0' && strcmp(key, p->seen) != 0)
		fail_msg("%s: a key acts on %s, where %s was seen", p->panel->ops->name, key, p->seen);
}

static void
choose(struct person *p)
{
	static const char *const motions[] = {"row-down", "row-up",    "page-down",
					      "page-up",  "first-row", "last-row"};
	static const char *const filters[] = {"", "state:up", "state:down", ""};

	p->seen[0] = '\0';
	if (rand() % 4 == 0)
		assert_true(
		    p->panel->ops->filter(p->panel, filters[(size_t)rand() % COUNT_OF(filters)], NULL));
	else
		p->panel->ops->command(p->panel, motions[(size_t)rand() % COUNT_OF(motions)], NULL);
}

static void
go_on(struct person *p)
{
	switch (rand() % 8) {
	case 0:
		choose(p);
		break;
	case 1:
	case 2:
		look(p);
		break;
	case 3:
	case 4:
		press(p);
		break;
	default:
		change(p);
	}
}

static void
try(const struct panel_ops *ops, const char *sort)
{
	struct person p;
	struct error err;

	person_open(&p, ops);
	if (sort != NULL)
		assert_true(table_sort(p.panel->ops->table(p.panel), sort, false, &err));
	for (unsigned seed = 1; seed <= 20; seed++) {
		srand(seed);
		for (int i = 0; i < 1000; i++)
			go_on(&p);
	}
	assert_in_range(p.pressed, 1000, SIZE_MAX);
	assert_in_range(p.missed, 1, p.pressed / 2);
	person_close(&p);
}

static void
a_key_acts_on_the_tunnel_that_is_seen_selected(void **state)
{
	(void)state;
	try(&panel_tunnels, NULL);
	try(&panel_tunnels, "rx_bps");
}

static void
a_key_acts_on_the_line_of_the_overview_that_is_seen_selected(void **state)
{
	(void)state;
	try(&panel_overview, NULL);
}

/* It follows: the newest one takes the first place. */
static void
a_key_acts_on_the_event_that_is_seen_selected(void **state)
{
	struct person p;
	char key[256];

	(void)state;
	person_open(&p, &panel_events);
	model_store_log(p.store, "notice", "test", "c0", "the first");
	look(&p);
	model_store_log(p.store, "notice", "test", "c1", "the second");
	selected(&p, key, sizeof(key));
	assert_string_equal(key, p.seen);
	look(&p);
	selected(&p, key, sizeof(key));
	assert_string_equal(key, "2");
	for (unsigned seed = 1; seed <= 5; seed++) {
		srand(seed);
		for (int i = 0; i < 1000; i++)
			go_on(&p);
	}
	person_close(&p);
}

/* A gateway that was started again counts its events anew. */
static void
events_of_an_earlier_run_are_not_shown_without_what_they_said(void **state)
{
	struct person p;

	(void)state;
	person_open(&p, &panel_events);
	for (int i = 0; i < 3; i++)
		model_store_log(p.store, "notice", "test", "c0", "of the first run");
	look(&p);
	assert_string_equal(p.seen, "3");
	model_store_forget_events(p.store);
	look(&p);
	assert_string_equal(p.seen, "");
	model_store_log(p.store, "notice", "test", "c0", "of the second run");
	look(&p);
	assert_string_equal(p.seen, "1");
	person_close(&p);
}

static void
a_list_that_stands_still_does_so_for_another_run_too(void **state)
{
	struct person p;
	char status[160];

	(void)state;
	person_open(&p, &panel_events);
	for (int i = 0; i < 5; i++)
		model_store_log(p.store, "notice", "test", "c0", "of the first run");
	look(&p);
	p.panel->ops->command(p.panel, "follow", NULL); /* no longer */
	model_store_forget_events(p.store);
	model_store_log(p.store, "notice", "test", "c0", "of the second run");
	look(&p);
	assert_string_equal(p.seen, "1");
	model_store_log(p.store, "notice", "test", "c0", "came since");
	look(&p);
	assert_string_equal(p.seen, "1");
	p.panel->ops->status(p.panel, status, sizeof(status));
	assert_string_equal(status, "1 new above");
	person_close(&p);
}

/* Never the row that has come into its place. */
static void
a_mark_is_set_on_the_row_that_is_seen_selected(void **state)
{
	static const struct panel_ops *const both[] = {&panel_tunnels, &panel_overview};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(both); i++) {
		struct person p;

		person_open(&p, both[i]);
		put_connection(&p, 0);
		for (int number = 0; number < 2; number++)
			put_tunnel(&p, number);
		assert_true(p.panel->ops->select(p.panel, "c0/1"));
		look(&p);
		assert_string_equal(p.seen, "c0/1");
		model_store_remove(p.store, MODEL_KIND_TUNNEL, "c0/1");
		p.panel->ops->command(p.panel, "mark", NULL);
		assert_int_equal(p.panel->ops->marks(p.panel)->keys.count, 0);
		look(&p);
		assert_string_equal(p.seen, "c0/2");
		p.panel->ops->command(p.panel, "mark", NULL);
		assert_true(marks_has(p.panel->ops->marks(p.panel), "c0/2"));
		person_close(&p);
	}
}

TEST_MAIN(cmocka_unit_test(a_key_acts_on_the_tunnel_that_is_seen_selected),
	  cmocka_unit_test(a_key_acts_on_the_line_of_the_overview_that_is_seen_selected),
	  cmocka_unit_test(a_key_acts_on_the_event_that_is_seen_selected),
	  cmocka_unit_test(events_of_an_earlier_run_are_not_shown_without_what_they_said),
	  cmocka_unit_test(a_list_that_stands_still_does_so_for_another_run_too),
	  cmocka_unit_test(a_mark_is_set_on_the_row_that_is_seen_selected))
