// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The kernel's table is what a simple model says: candidates, failover, connections and links change at
 * random, and others meddle.
 */
#include <stdlib.h>
#include <unistd.h>

#include "core/base/text.h"
#include "tests/unit/lines.h"
#include "tests/unit/routing/kernel.h"

enum { GROUPS = 2, LINKS = 3, SOURCES = 4 };
enum kind { NONE, TUNNELS, HOP, BLACKHOLE, AGGREGATE };

static const char *const prefixes[] = {"10.0.0.0/8",     "10.1.0.0/16",   "10.1.1.0/24",
				       "10.1.2.0/24",    "10.2.0.0/16",   "10.2.3.0/24",
				       "203.0.113.0/24", "2001:db8::/32", "2001:db8:1::/48"};
enum { PREFIXES = COUNT_OF(prefixes) };

static struct {
	struct {
		enum kind kind;
		uint32_t group, members, backup, backup_members;
		unsigned hop;
	} candidates[PREFIXES][SOURCES];
	bool there[GROUPS + 1], running[LINKS];
	uint32_t active[GROUPS + 1], usable[GROUPS + 1];
	bool plain; /* without nexthop objects: of IPv6 one device carries */
} m;

static uint64_t seed;
static int up0; /* the link beside the tunnels */

static uint32_t
any(uint32_t below)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(seed >> 33) % below;
}

/* --- the model --------------------------------------------------------------------------------- */

/* Links of the members that carry. */
static uint32_t
carriers(uint32_t group, uint32_t members)
{
	uint32_t live = 0;

	if (group == 0 || !m.there[group])
		return 0;
	for (unsigned i = 0; i < (group == 1 ? 2u : 1u); i++)
		live |= m.running[group == 1 ? i : 2] ? 1u << i : 0;
	live &= members;
	live &= live & m.active[group] ? m.active[group] : m.usable[group];
	return group == 1 ? live : live << 2;
}

/* "ts1 ts2", "192.0.2.1", "blackhole"; "": it leads nowhere. */
static void
way_of(unsigned number, unsigned source, char out[64])
{
	enum kind kind = m.candidates[number][source].kind;
	uint32_t links = 0;

	out[0] = '\0';
	if (kind == BLACKHOLE)
		strcpy(out, "blackhole");
	else if (kind == HOP)
		snprintf(out, 64, "192.0.2.%u", 1 + m.candidates[number][source].hop);
	else if (kind == TUNNELS && source != ROUTING_PROTECT)
		links = carriers(m.candidates[number][source].group, m.candidates[number][source].members);
	/* What a connection taught that is gone is held unreachable, whoever could stand in. */
	if (kind == TUNNELS && source == ROUTING_BGP && links == 0 &&
	    m.there[m.candidates[number][source].group])
		links = carriers(m.candidates[number][source].backup,
				 m.candidates[number][source].backup_members);
	for (unsigned i = 0; i < LINKS; i++) {
		if (links & 1u << i && !(out[0] != '\0' && m.plain && strchr(prefixes[number], ':') != NULL))
			snprintf(out + strlen(out), 64 - strlen(out), "%sts%u", out[0] != '\0' ? " " : "",
				 i + 1);
	}
}

static void
expect_prefix(struct lines *lines, unsigned number)
{
	bool floor = m.candidates[number][ROUTING_PROTECT].kind != NONE;
	char way[64] = "";

	for (unsigned source = ROUTING_STATIC; source <= ROUTING_PROTECT; source++) {
		enum kind kind = m.candidates[number][source].kind;

		floor = floor || kind == TUNNELS || kind == AGGREGATE;
		if (way[0] == '\0')
			way_of(number, source, way);
	}
	if (way[0] != '\0')
		lines_add(lines, text_format("%s %s", prefixes[number], way));
	if (floor)
		lines_add(lines, text_format("%s floor", prefixes[number]));
}

/* --- what is so -------------------------------------------------------------------------------- */

static void
see_route(struct lines *lines, json_t *row)
{
	const char *to = json_string_value(json_object_get(row, "dst"));
	const char *type = json_string_value(json_object_get(row, "type"));
	const char *dev = json_string_value(json_object_get(row, "dev"));
	const char *gateway = json_string_value(json_object_get(row, "gateway"));
	json_t *hops = json_object_get(row, "nexthops"), *hop;
	char way[64] = "";
	size_t i;

	if (to == NULL)
		return;
	if (json_integer_value(json_object_get(row, "metric")) == (json_int_t)ROUTING_FLOOR_METRIC) {
		lines_add(lines,
			  text_format("%s %s", to,
				      type != NULL && strcmp(type, "unreachable") == 0 ? "floor" : "?"));
		return;
	}
	json_array_foreach (hops, i, hop)
		snprintf(way + strlen(way), sizeof(way) - strlen(way), "%s%s", i != 0 ? " " : "",
			 json_string_value(json_object_get(hop, "dev")));
	if (type != NULL && strcmp(type, "unicast") != 0)
		snprintf(way, sizeof(way), "%s", type);
	else if (gateway != NULL || way[0] == '\0')
		snprintf(way, sizeof(way), "%s", gateway != NULL ? gateway : dev != NULL ? dev : "?");
	lines_add(lines, text_format("%s %s", to, way));
}

static bool
is_as_expected(bool tell)
{
	struct lines is = {0}, wanted = {0};
	bool right;

	for (unsigned family = 4; family <= 6; family += 2) {
		json_t *rows = ip_json("-%u route show protocol %d", family, ROUTING_PROTOCOL), *row;
		size_t i;

		json_array_foreach (rows, i, row)
			see_route(&is, row);
		json_decref(rows);
	}
	for (unsigned number = 0; number < PREFIXES; number++)
		expect_prefix(&wanted, number);
	lines_sort(&is);
	lines_sort(&wanted);
	right = is.count == wanted.count;
	for (size_t i = 0; right && i < is.count; i++)
		right = strcmp(is.items[i], wanted.items[i]) == 0;
	for (size_t i = 0; !right && tell && i < is.count; i++)
		print_message("# is: %s\n", is.items[i]);
	for (size_t i = 0; !right && tell && i < wanted.count; i++)
		print_message("# wanted: %s\n", wanted.items[i]);
	lines_free(&is);
	lines_free(&wanted);
	return right;
}

/* --- what happens ------------------------------------------------------------------------------ */

static void
change_candidate(void)
{
	unsigned number = any(PREFIXES), source = ROUTING_STATIC + any(3);
	bool v6 = strchr(prefixes[number], ':') != NULL;
	struct routing_candidate offered = {.source = source};
	struct ip_prefix wanted = prefix(prefixes[number]);
	enum kind kind = any(3) == 0 ? NONE : source != ROUTING_BGP || any(2) == 0 ? TUNNELS : HOP + any(3);

	if (kind == HOP && v6)
		kind = TUNNELS;
	memset(&m.candidates[number][source], 0, sizeof(m.candidates[number][source]));
	m.candidates[number][source].kind = kind;
	if (kind == NONE) {
		routing_withdraw(routing, &wanted, source);
		return;
	}
	if (kind == TUNNELS) {
		uint32_t group = 1 + any(GROUPS);

		offered.group = m.candidates[number][source].group = group;
		if (source != ROUTING_PROTECT)
			offered.members = m.candidates[number][source].members = group == 1 ? 1 + any(3) : 1;
		if (source == ROUTING_BGP && any(2) == 0) {
			offered.backup_group = m.candidates[number][source].backup = 3 - group;
			offered.backup_members = m.candidates[number][source].backup_members =
			    group == 2 ? 1 + any(3) : 1;
		}
	} else if (kind == HOP) {
		char text[32];

		m.candidates[number][source].hop = any(2);
		snprintf(text, sizeof(text), "192.0.2.%u", 1 + m.candidates[number][source].hop);
		offered.next_hop = address(text);
	} else {
		offered.discard = kind == BLACKHOLE ? ROUTING_DISCARD_BLACKHOLE : ROUTING_DISCARD_AGGREGATE;
	}
	routing_offer(routing, &wanted, &offered);
}

static void
add(uint32_t group)
{
	const char *const interfaces[] = {"ts1", "ts2", "ts3"};

	assert_true(routing_group_add(routing, group, group == 1 ? "one" : "two",
				      interfaces + (group == 1 ? 0 : 2), group == 1 ? 2 : 1, NULL));
	m.there[group] = true;
	m.active[group] = m.usable[group] = 0;
}

static void
change_group(void)
{
	uint32_t group = 1 + any(GROUPS);

	if (!m.there[group]) {
		add(group);
	} else if (any(8) == 0) {
		routing_group_remove(routing, group);
		m.there[group] = false;
		return;
	}
	m.usable[group] = any(group == 1 ? 4 : 2);
	m.active[group] = any(2) == 0 ? m.usable[group] : m.usable[group] & 1;
	routing_group_set(routing, group, m.active[group], m.usable[group]);
}

static void
change_link(void)
{
	unsigned link = any(LINKS);

	m.running[link] = !m.running[link];
	ip("link set ts%u %s", link + 1, m.running[link] ? "up" : "down");
}

static void
meddle(void)
{
	static const char *const commands[] = {"ip nexthop flush", "ip route flush protocol 116",
					       "ip -6 route flush protocol 116",
					       "ip route flush protocol 116 type unreachable"};
	char command[100];

	snprintf(command, sizeof(command), "%s >/dev/null 2>&1", commands[any(COUNT_OF(commands))]);
	if (system(command) != 0)
		return; /* there was none */
}

static void
happen(unsigned outside)
{
	if (outside != 0 && any(outside) == 0) {
		any(2) == 0 ? change_link() : meddle();
	} else if (any(4) == 0) {
		change_group();
	} else {
		change_candidate();
	}
	for (unsigned turns = any(3); turns != 0; turns--)
		turn();
}

static void
begin(unsigned world, bool plain)
{
	seed = world;
	memset(&m, 0, sizeof(m));
	m.plain = plain;
	if (plain) {
		close_room();
		open_with((struct routing_options){.install = true, .plain_routes = true});
	}
	for (unsigned i = 0; i < LINKS; i++)
		m.running[i] = true;
	up0 = tun_open("up0");
	assert_true(up0 >= 0);
	ip("link set up0 up");
	ip("address add 192.0.2.9/24 dev up0");
	add(1);
	add(2);
}

static unsigned
number_of(const char *variable, unsigned usual)
{
	const char *text = getenv(variable);

	return text != NULL ? (unsigned)atoi(text) : usual;
}

/* Nobody else touches anything: as soon as nothing waits, all is as it should be. */
static void
go_by_wishes(unsigned world, bool plain)
{
	unsigned steps = number_of("TWINSPAN_STEPS", 40);

	begin(number_of("TWINSPAN_SEED", world), plain);
	for (unsigned step = 0; step < steps; step++) {
		happen(0);
		if (step % 10 != 9)
			continue;
		UNTIL(routing_pending(routing) == 0);
		if (!is_as_expected(true))
			fail_msg("step %u: the kernel has something else", step);
	}
	assert_false(had_event("restored"));
	close(up0);
}

static void
what_is_wished_for_is_in_the_kernel_when_nothing_waits(void **state)
{
	SKIP_IF_NEEDED();
	go_by_wishes(1, false);
}

static void
so_it_is_without_nexthop_objects(void **state)
{
	SKIP_IF_NEEDED();
	go_by_wishes(14, true);
}

static void
what_others_do_is_mended(void **state)
{
	unsigned steps = number_of("TWINSPAN_STEPS", 10);

	SKIP_IF_NEEDED();
	begin(number_of("TWINSPAN_SEED", 2), false);
	for (unsigned step = 0; step < steps; step++) {
		usec_t since = clock_monotonic();

		happen(5);
		if (step % 10 != 9)
			continue;
		while (!is_as_expected(false) && clock_monotonic() - since < LIMIT)
			turn();
		if (!is_as_expected(true))
			fail_msg("step %u: the kernel has something else", step);
	}
	close(up0);
}

/* The next run takes over what this one leaves, and is told something else of it. */
static void
so_it_is_after_restarts(void **state)
{
	unsigned runs = number_of("TWINSPAN_STEPS", 1);

	SKIP_IF_NEEDED();
	begin(number_of("TWINSPAN_SEED", 3), false);
	for (unsigned run = 0; run < runs; run++) {
		usec_t since;

		for (unsigned step = 0; step < 30; step++)
			happen(0);
		routing_leave(routing);
		while (uv_run(&loop, UV_RUN_NOWAIT) != 0)
			;
		memset(m.candidates, 0, sizeof(m.candidates));
		open_with((struct routing_options){.install = true, .keep = true, .leftover_hold_ms = 100});
		add(1);
		add(2);
		for (unsigned step = 0; step < 15; step++)
			happen(0);
		routing_settle(routing);
		since = clock_monotonic();
		while (!is_as_expected(false) && clock_monotonic() - since < LIMIT)
			turn();
		if (!is_as_expected(true))
			fail_msg("run %u: the kernel has something else", run);
	}
	close(up0);
}

KERNEL_TEST_MAIN(CASE(what_is_wished_for_is_in_the_kernel_when_nothing_waits),
		 CASE(so_it_is_without_nexthop_objects), CASE(what_others_do_is_mended),
		 CASE(so_it_is_after_restarts))
