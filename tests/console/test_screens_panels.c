// SPDX-License-Identifier: GPL-2.0-or-later
/* Panels, details, explanations and what can stand over them without a frame, as screens.h looks at them. */
#include "tests/console/screens.h"

#include "tests/console/world.h"

static void
log_long_event(struct world *world)
{
	char text[400];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (size_t i = 9; i < sizeof(text); i += 10)
		text[i - 1] = ' ';
	model_store_log(world_store(world), "warning", "tunnel.down", "plant/2", "%s", text);
	screens_go(world, "7g\r", "Severity");
}

static void
wait_for_confirmation(struct world *world)
{
	world_wait(world_store(world), "plant", 300);
	screen_wait(world, "! plant goes back in");
}

static void
wait_no_more(struct world *world)
{
	world_wait(world_store(world), "plant", 0);
	screen_wait_gone(world, "! plant goes back in");
}

static void
go_away(struct world *world)
{
	world_stop_serving(world);
	screen_wait(world, "STALE");
}

static void
come_back(struct world *world)
{
	world_serve(world);
	screen_wait_gone(world, "STALE");
}

static const struct place places[] = {
    {.sign = "aws-paris/2", .selection = true, .all = {"Overview", "aws-paris"}},
    {.keys = "2", .sign = "4 tunnels", .selection = true, .all = {"Tunnels", "aws-paris/1", "plant/2"}},
    {.keys = "3", .sign = "3 peers", .selection = true, .all = {"Peers", "aws-paris/1", "core"}},
    {.keys = "4", .sign = "10.50.1.0/24", .selection = true, .all = {"Routes", "10.50.1.0/24"}},
    {.keys = "5", .sign = "overlaps our own", .selection = true, .all = {"Received", "10.50.1.0/24"}},
    {.keys = "6", .sign = "10.20.0.0/16", .selection = true, .all = {"Advertised", "10.20.0.0/16"}},
    {.keys = "7", .sign = "retransmit", .selection = true, .all = {"Events"}},
    {.keys = "8", .sign = "Usage", .all = {"Usage"}},
    {.keys = "9", .sign = "Sites", .all = {"Sites", "nantes"}},
    {.keys = ":show gateway\r", .sign = "Router ID", .all = {"65010"}},
    {.keys = ":show plugins\r", .sign = "Plugins", .all = {"Plugins"}},
    {.keys = "\r", .sign = "Last move", .all = {"aws-paris"}},
    {.keys = "2\r", .sign = "IKE suite", .all = {"aws-paris/1", "carries"}},
    {.keys = "2jjj\r", .sign = "12 tries", .all = {"plant/2", "no answer"}},
    {.keys = "3\r", .sign = "Remote AS", .all = {"aws-paris/1", "Established"}},
    {.keys = "4\r", .sign = "Loc pref", .all = {"10.50.0.0/24"}},
    {.keys = "5\r", .sign = "Loc pref", .all = {"10.50."}},
    {.keys = "6\r", .sign = "10.20.0.0/16", .all = {"10.20.0.0/16"}},
    {.keys = "7\r", .sign = "Severity", .all = {"Severity"}},
    {.keys = "7", .sign = "retransmit", .all = {"Severity"}, .reach = log_long_event},
    {.keys = ":explain plant/2\r", .sign = "first failing layer", .all = {"first failing layer", "UDP 500"}},
    {.keys = ":explain aws-paris\r", .sign = "stands by", .all = {"aws-paris/1"}},
    {.keys = ":explain 10.50.3.4\r", .sign = "never in the clear", .all = {"10.50."}},
    {.keys =
	 ":explain a-name-that-is-much-too-long-for-any-line-of-the-window-and-for-two-of-sixty-columns\r",
     .sign = "is no address",
     .selection = true,
     .all = {"or connection"}},
    {.keys = "2*", .sign = "4 marked", .leave = "\x1b", .selection = true, .all = {"4 marked"}},
    {.keys = "2/state:down\r",
     .sign = "1 of 4",
     .leave = "\x1b",
     .selection = true,
     .all = {"1 of 4", "plant/2"}},
    {.keys = "2/nothing-has-this\r", .sign = "0 of 4", .leave = "\x1b", .all = {"0 of 4"}},
    {.keys = "2",
     .sign = "4 tunnels",
     .selection = true,
     .all = {"! plant goes back in"},
     .reach = wait_for_confirmation,
     .left = wait_no_more},
    {.keys = "z", .sign = "paused", .leave = "z", .selection = true, .all = {"PAUSED"}},
    {.sign = "aws-paris/2", .all = {"STALE"}, .reach = go_away, .left = come_back},
};

static const struct tour tour = {.places = places,
				 .count = COUNT_OF(places),
				 .settings =
				     "sites:\n  - {name: nantes, host: root@192.0.2.20, production: true}\n"};

TESTS_IN_ALL_TIERS

static void
panels_at_80x24(void **state)
{
	screens_at_80x24("5", "10.50.1.0/24", "received-80x24");
	screens_at_80x24(":show plugins\r", "Plugins", "plugins-80x24");
}

TEST_MAIN(cmocka_unit_test(panels_at_80x24), cmocka_unit_test(in_24_bits), cmocka_unit_test(in_256_colours),
	  cmocka_unit_test(in_16_colours), cmocka_unit_test(without_colours), cmocka_unit_test(in_ascii))
