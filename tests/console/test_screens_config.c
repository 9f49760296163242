// SPDX-License-Identifier: GPL-2.0-or-later
/* The configuration's page, what comes after the editor, and the form for a new connection, as screens.h
 * looks at them. */
#include <unistd.h>

#include "tests/console/configuration.h"
#include "tests/console/screens.h"

#define CHANGE "sed -i 's/64512/64513/' \"$1\""
#define HELD "touch begun; " WAIT_FOR("go") "; "

/* The page is under all of it: its text stands still. */
static void
page(struct world *world)
{
	screens_go(world, "V", "# Lyon's gateway");
}

static void
search(struct world *world)
{
	page(world);
	screens_go(world, "/remote", "match 1 of 2");
}

static void
edit(struct world *world, const char *script, const char *sign)
{
	use_editor(script);
	page(world);
	screens_go(world, "e", sign);
}

static void
change(struct world *world)
{
	edit(world, CHANGE, "+     peer_asn: 64513");
}

static void
mistake(struct world *world)
{
	edit(world, "sed -i 's/65010/wrong/' \"$1\"", ":5:8: 'wrong' is no number");
}

static void
killed(struct world *world)
{
	edit(world, CHANGE "; kill -SEGV $$", "The editor ended badly");
}

static void
refused_in_the_end(struct world *world)
{
	canned.refuses_apply = true;
	edit(world, CHANGE, "[ Cancel ]");
	screens_go(world, "\t\r", "a drill is under way");
	canned.refuses_apply = false;
}

static void
changed_by_others(struct world *world)
{
	edit(world, CHANGE, "+     peer_asn: 64513");
	take(canned.hash, sizeof(canned.hash), "0000111122223333");
	screens_go(world, "\t\r", "Somebody else changed the file");
}

static void
without_a_gateway(struct world *world)
{
	use_editor(HELD CHANGE);
	page(world);
	screen_type(world, "e");
	wait_file(world, "begun");
	world_stop_serving(world);
	write_file("go", "", 0600);
	screen_wait(world, "The gateway does not answer");
}

static void
with_one_again(struct world *world)
{
	world_serve(world);
	screen_wait(world, "live");
	unlink(in_scratch("begun"));
	unlink(in_scratch("go"));
}

static void
applied(struct world *world)
{
	canned.applied = 0;
	edit(world, CHANGE, "[ Cancel ]");
	screens_go(world, "\t", "[ Apply ]");
	screen_type(world, "\r");
	wait_until(world, &canned.applied, 1);
	screen_wait(world, "K keeps it");
}

static void
kept(struct world *world)
{
	canned.kept = 0;
	screen_type(world, "K");
	wait_until(world, &canned.kept, 1);
	screen_wait_gone(world, "K keeps it");
	take(canned.text, sizeof(canned.text), first_text);
}

/* --- the form ------------------------------------------------------------------------------------------ */

/* Whatever was typed before is still there. */
static void
form(struct world *world)
{
	page(world);
	screens_go(world, "N", "New connection");
}

static void
form_filled(struct world *world)
{
	form(world);
	screen_type(world, "\t\x15"
			   "azure\t\t\x15"
			   "65515\t\x15"
			   "10.60.0.0/16\t");
	screen_type(world, " \t\t203.0.113.33\t169.254.21.2/30\tsesame_one.f3Xq81\t");
	screen_type(world, "203.0.113.34\t169.254.21.6/30\tsesame_two.f3Xq81\t");
	screen_wait(world, "[ Check it ]");
}

static void
form_review(struct world *world)
{
	screens_go(world, "\r", "Add this connection");
}

/* In the last field, where the form is opened again. */
static void
form_mistake(struct world *world)
{
	form(world);
	screens_go(world, "\x1b[A\x15short\t", "at least 8 characters");
	screen_type(world, "\x1b[A");
}

static const struct place places[] = {
    {.keys = "V", .sign = "# Lyon's gateway", .all = {"/etc/twinspan/gateway.yaml", "name: lyon"}},
    {.leave = "\x1b", .all = {"/remote", "match 1 of 2"}, .reach = search},
    {.keys = ":reload\r", .sign = "[ Cancel ]", .leave = "\x1b", .all = {"[ Cancel ]", "reload "}},
    {.leave = "\x1b",
     .all = {"Change the configuration", "[ Cancel ]", "Apply ", "peer_asn: 64513"},
     .reach = change},
    {.leave = "\x1b",
     .all = {"[ Edit again ]", "Drop it ", "'wrong' is no number", "asn: wrong"},
     .reach = mistake},
    {.leave = "\x1b", .all = {"The editor ended badly", "Use it "}, .reach = killed},
    {.leave = "\x1b", .all = {"a drill is under way", "Your text is kept in"}, .reach = refused_in_the_end},
    {.leave = "\x1b", .all = {"Somebody else changed the file"}, .reach = changed_by_others},
    {.leave = "\x1b",
     .all = {"The gateway does not answer"},
     .reach = without_a_gateway,
     .left = with_one_again},
    {.all = {"K keeps it"}, .reach = applied},
    {.on = true, .keys = "2", .sign = "4 tunnels", .selection = true, .all = {"K keeps it"}, .left = kept},
    {.leave = "\x1b", .selection = true, .all = {"New connection"}, .reach = form},
    {.all = {"[ Check it ]"}, .reach = form_filled},
    {.on = true,
     .leave = "\x1b\x1b",
     .all = {"Add this connection", "[ Cancel ]", "Apply ", "name: azure"},
     .reach = form_review},
    {.leave = "\x1b",
     .selection = true,
     .form = true,
     .all = {"New connection", "at least 8 characters"},
     .reach = form_mistake},
};

/* The console inherits which editor it is; what that does changes from place to place. */
static void
prepare(struct world *world)
{
	use_editor("exit 0");
	configuration_handle(world);
}

static const struct tour tour = {.places = places, .count = COUNT_OF(places), .prepare = prepare};

TESTS_IN_ALL_TIERS

TEST_MAIN(IN_SCRATCH(in_24_bits), IN_SCRATCH(in_256_colours), IN_SCRATCH(in_16_colours),
	  IN_SCRATCH(without_colours), IN_SCRATCH(in_ascii))
