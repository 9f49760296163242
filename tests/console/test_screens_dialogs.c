// SPDX-License-Identifier: GPL-2.0-or-later
/* Help, the lines one types in, and all that asks or tells in a frame, as screens.h looks at them. */
#include "tests/console/screens.h"

#include "tests/console/world.h"

/* --- what goes on ------------------------------------------------------------------------------------- */

static void
drill(struct world *world)
{
	screens_go(world, "\t\r", "Outage");
}

static void
move(struct world *world)
{
	world_hold(world, true);
	screens_go(world, "\t", "[ switch over ]");
	screens_go(world, "\r", "nothing has moved yet");
	world_move_step(world_store(world), &(struct world_step){"ours_moved", 100, 74, 900, 3});
	screen_wait(world, "74 %");
}

static void
arrive(struct world *world)
{
	world_move_step(world_store(world), &(struct world_step){"done", 100, 100, 1821, 3});
	world_wait(world_store(world), "aws-paris", 300);
	screen_wait(world, "3 of 1,824 packets lost");
	screen_wait(world, "c confirm (");
}

static void
have_moved(struct world *world)
{
	world_wait(world_store(world), "aws-paris", 0);
	world_hold(world, false);
	screen_wait(world, "longest gap 11 ms");
}

/* --- several at once --------------------------------------------------------------------------------- */

static void
fail_one(struct world *world)
{
	world_fail_at(world, "aws-paris/2");
	screens_go(world, "2*r", "At the first failure: stop.");
	screens_go(world, "\r", "1 failed, 2 not sent");
}

static void
fail_none(struct world *world)
{
	world_fail_at(world, "");
	screens_go(world, "2", "4 tunnels");
}

static void
guard(struct world *world)
{
	world_guard(world, true);
	screens_go(world, "2d", "[ Cancel ]");
}

static void
guard_no_more(struct world *world)
{
	world_guard(world, false);
}

static const struct place places[] = {
    {.keys = "?", .sign = "Keys in", .leave = "\x1b", .all = {"Help", "Keys in", "close"}},
    {.keys = "2?", .sign = "Keys in", .leave = "\x1b", .all = {"Help", "Keys in", "close"}},
    {.keys = "?/rekey", .sign = "Help /rekey", .leave = "\x1b\x1b", .all = {"Help /rekey"}},
    {.keys = ":show ", .sign = "connections", .leave = "\x1b", .all = {":show", "connections"}},
    {.keys = ":", .sign = "switchover", .leave = "\x1b", .all = {"switchover", ":"}},
    {.keys = ":switchover ", .sign = "aws-paris", .leave = "\x1b", .all = {":switchover", "aws-paris"}},
    {.keys = "2/state:", .sign = "state:up", .leave = "\x1b", .all = {"/state:", "state:up"}},
    {.keys = "2/rtt_ms:>",
     .sign = "a number belongs",
     .leave = "\x1b",
     .all = {"/rtt_ms:>", "a number belongs"}},
    {.keys = "w", .sign = "an address or a prefix", .leave = "\x1b", .all = {"Where does it go?"}},
    {.keys = "w10.50.3.4",
     .sign = "the next shorter",
     .leave = "\x1b",
     .all = {"Where does it go?", "10.50.3.4"}},
    {.keys = "2,", .sign = "Columns", .leave = "\x1b", .all = {"Columns", "[x] Tunnel"}},
    {.keys = "s",
     .sign = "MED 100/200 becomes",
     .leave = "\x1b",
     .all = {"[ Cancel ]", "switch over ", "carries now", "There"}},
    {.keys = "2d", .sign = "[ Cancel ]", .leave = "\x1b", .all = {"[ Cancel ]", "down ", "aws-paris/1"}},
    {.keys = "2D", .sign = "[ Cancel ]", .leave = "\x1b", .all = {"[ Cancel ]", "drain ", "aws-paris/1"}},
    {.keys = "2U", .sign = "[ Cancel ]", .leave = "\x1b", .all = {"[ Cancel ]", "undrain ", "aws-paris/1"}},
    {.keys = "3x", .sign = "[ Cancel ]", .leave = "\x1b", .all = {"[ Cancel ]", "reset ", "aws-paris/1"}},
    {.keys = "3X", .sign = "[ Cancel ]", .leave = "\x1b", .all = {"[ Cancel ]", "shut down ", "aws-paris/1"}},
    {.keys = ":drill aws-paris\r",
     .sign = "[ Cancel ]",
     .leave = "\x1b",
     .all = {"[ Cancel ]", "drill ", "aws-paris"}},
    {.keys = ":withdraw 10.20.0.0/16\r",
     .sign = "[ Cancel ]",
     .leave = "\x1b",
     .all = {"[ Cancel ]", "withdraw ", "10.20.0.0/16"}},
    {.keys = "2*d",
     .sign = "to go on",
     .leave = "\x1b\x1b",
     .selection = true,
     .all = {"[ Cancel ]", "down 4", "to go on"}},
    {.keys = "2*r",
     .sign = "At the first failure",
     .leave = "\x1b\x1b",
     .selection = true,
     .all = {"rekey 4", "At the first failure"}},
    {.leave = "\x1b\x1b", .all = {"[ Close ]", "1 failed"}, .reach = fail_one, .left = fail_none},
    {.leave = "\x1b", .all = {"[ Cancel ]"}, .reach = guard, .left = guard_no_more},
    {.keys = ":drill aws-paris\r", .sign = "[ Cancel ]", .all = {"Outage"}, .reach = drill},
    {.keys = "s", .sign = "MED 100/200 becomes", .all = {"our traffic is on 2", "74 %"}, .reach = move},
    {.on = true,
     .leave = "\x1b",
     .all = {"c confirm (", "z go back now", "1,824"},
     .reach = arrive,
     .left = have_moved},
};

static const struct tour tour = {.places = places, .count = COUNT_OF(places)};

TESTS_IN_ALL_TIERS

static void
sheets_at_80x24(void **state)
{
	screens_at_80x24("2d", "[ Cancel ]", "sheet-down-80x24");
	screens_at_80x24("2*d", "to go on", "sheet-bulk-80x24");
}

TEST_MAIN(cmocka_unit_test(sheets_at_80x24), cmocka_unit_test(in_24_bits), cmocka_unit_test(in_256_colours),
	  cmocka_unit_test(in_16_colours), cmocka_unit_test(without_colours), cmocka_unit_test(in_ascii))
