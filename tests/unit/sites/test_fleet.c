// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a fleet says of its sites. Nobody answers here: what gateways would have sent is put into the copies
 * that the fleet has of them.
 */
#include "tui/sites/fleet.h"

#include "core/base/clock.h"
#include "tests/unit/sites/no_way.h"
#include "tests/unit/test.h"

#define MOST 16

/* --- sites that nothing comes of --------------------------------------------------------------- */

static void
no_matter(void *context, size_t site)
{
}

struct world {
	uv_loop_t loop;
	struct settings_site sites[2];
	struct settings settings;
	struct fleet *fleet;
	struct fleet_trouble troubles[MOST];
	size_t all, lines;
	usec_t now;
};

static void
put_gateway(struct model_store *store, const char *name)
{
	struct model_gateway *row = model_row_new(MODEL_KIND_GATEWAY);

	model_set(&row->name, name);
	model_store_put(store, MODEL_KIND_GATEWAY, row);
	model_row_free(MODEL_KIND_GATEWAY, row);
}

static struct world *
world_new(void)
{
	static const char *const names[] = {"lyon", "nantes"};
	struct world *world = memory_zeroed(1, sizeof(*world));
	const struct fleet_options options = {
	    .no_home = true, .transport_to = no_way_to, .callbacks = {.state = no_matter}};

	uv_loop_init(&world->loop);
	world->now = clock_wall() / USEC_PER_SEC * USEC_PER_SEC + 9 * USEC_PER_SEC / 10;
	world->settings = (struct settings){.sites = world->sites, .site_count = COUNT_OF(world->sites)};
	for (size_t i = 0; i < COUNT_OF(names); i++)
		snprintf(world->sites[i].name, sizeof(world->sites[i].name), "%s", names[i]);
	world->fleet = fleet_new(&world->loop, &world->settings, &options, NULL);
	fleet_begin(world->fleet);
	for (size_t i = 0; i < COUNT_OF(names); i++)
		put_gateway(fleet_at(world->fleet, i + 1)->scene.store, names[i]);
	return world;
}

static void
world_free(struct world *world)
{
	fleet_close(world->fleet);
	uv_run(&world->loop, UV_RUN_DEFAULT);
	fleet_free(world->fleet);
	assert_int_equal(uv_loop_close(&world->loop), 0);
	free(world);
}

static struct model_store *
store_of(struct world *world, const char *site)
{
	return fleet_at(world->fleet, fleet_find(world->fleet, site))->scene.store;
}

static void
put_down(struct model_store *store, unsigned number)
{
	struct model_connection *row = model_row_new(MODEL_KIND_CONNECTION);

	model_set_format(&row->name, "c%03u", number);
	model_set(&row->state, "down");
	model_store_put(store, MODEL_KIND_CONNECTION, row);
	model_row_free(MODEL_KIND_CONNECTION, row);
}

/* A session of its own that is not up: less urgent than what is down. */
static void
put_idle(struct model_store *store, const char *name)
{
	struct model_peer *row = model_row_new(MODEL_KIND_PEER);

	model_set(&row->name, name);
	model_set(&row->state, "Idle");
	model_store_put(store, MODEL_KIND_PEER, row);
	model_row_free(MODEL_KIND_PEER, row);
}

static void
look(struct world *world, size_t most)
{
	memset(world->troubles, 0, sizeof(world->troubles));
	fleet_refresh(world->fleet, world->now);
	world->all = fleet_troubles(world->fleet, world->troubles, most, &world->lines);
}

/* "lyon: c001 is down …" begins the line. */
static void
assert_line(const struct world *world, size_t line, const char *site, const char *text)
{
	const struct fleet_trouble *it = &world->troubles[line];

	assert_string_equal(fleet_at(world->fleet, it->site)->name, site);
	if (strncmp(it->text, text, strlen(text)) != 0)
		fail_msg("line %zu is '%s', not '%s'", line, it->text, text);
}

/* --- the tests --------------------------------------------------------------------------------- */

static void
a_site_with_thousands_of_alarms_leaves_room_for_the_others(void **state)
{
	struct world *world = world_new();

	for (unsigned i = 0; i < 3000; i++)
		put_down(store_of(world, "lyon"), i);
	put_idle(store_of(world, "nantes"), "route-server");
	look(world, MOST);
	assert_int_equal(world->all, 3001);
	assert_int_equal(world->lines, FLEET_WORST + 1);
	for (size_t i = 0; i + 1 < FLEET_WORST; i++)
		assert_line(world, i, "lyon", "c00");
	assert_line(world, FLEET_WORST - 1, "lyon", "and 2997 more there");
	assert_int_equal(world->troubles[FLEET_WORST - 1].count, 2997);
	assert_line(world, FLEET_WORST, "nantes", "route-server: BGP is Idle");
	look(world, 2); /* the most urgent, however few lines there are */
	assert_int_equal(world->lines, FLEET_WORST + 1);
	assert_line(world, 0, "lyon", "c000");
	assert_line(world, 1, "lyon", "c001");
	world_free(world);
}

static void
as_many_alarms_as_there_are_lines_are_all_said(void **state)
{
	struct world *world = world_new();

	for (unsigned i = 0; i < FLEET_WORST; i++)
		put_down(store_of(world, "nantes"), i);
	look(world, MOST);
	assert_int_equal(world->all, FLEET_WORST);
	assert_line(world, FLEET_WORST - 1, "nantes", "c003 is down");
	assert_int_equal(world->troubles[FLEET_WORST - 1].count, 1);
	world_free(world);
}

static void
what_needs_a_person_is_renewed_when_rows_change_and_with_time(void **state)
{
	struct world *world = world_new();
	const struct fleet_site *lyon = fleet_at(world->fleet, fleet_find(world->fleet, "lyon"));
	usec_t first = world->now;

	put_down(lyon->scene.store, 1);
	look(world, MOST);
	assert_int_equal(world->all, 1);
	assert_int_equal(lyon->needs.looked_at, first);
	world->now +=
	    USEC_PER_SEC / 4; /* another second, and nothing has changed: it is not looked through */
	look(world, MOST);
	assert_int_equal(lyon->needs.looked_at, first);
	put_down(lyon->scene.store, 2);
	look(world, MOST);
	assert_int_equal(world->all, 2);
	assert_int_equal(lyon->needs.looked_at, world->now);
	world->now += USEC_PER_SEC; /* ages go on */
	look(world, MOST);
	assert_int_equal(lyon->needs.looked_at, world->now);
	model_store_remove(lyon->scene.store, MODEL_KIND_CONNECTION, "c001");
	model_store_remove(lyon->scene.store, MODEL_KIND_CONNECTION, "c002");
	look(world, MOST);
	assert_int_equal(world->all, 0);
	assert_int_equal(world->lines, 0);
	world_free(world);
}

TEST_MAIN(cmocka_unit_test(a_site_with_thousands_of_alarms_leaves_room_for_the_others),
	  cmocka_unit_test(as_many_alarms_as_there_are_lines_are_all_said),
	  cmocka_unit_test(what_needs_a_person_is_renewed_when_rows_change_and_with_time))
