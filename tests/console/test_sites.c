// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The list of sites and the way to one, without any SSH: what is said of sites that are not reached, what is
 * kept in console.yaml, and that one finds back. Port 1 of this machine answers nobody.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/console/harness.h"

#define TWO_SITES \
	"# mine\nsites:\n  - {name: nantes, host: \"root@127.0.0.1:1\", production: true, group: plants, " \
	"identities_only: true}\n" \
	"  - {name: brest, host: \"root@127.0.0.1:1\"}\ntheme: dark\n"

static const struct screen_options usual = {.rows = 24, .cols = 80, .settings = TWO_SITES},
				   wide = {.rows = 36, .cols = 120, .settings = TWO_SITES};

static void
hold_it(void *context, struct control_request *request)
{
	*(struct control_request **)context = request;
}

/* console.yaml as it is now. */
static const char *
settings_now(struct world *world)
{
	static char text[4096];
	char path[512];
	size_t got;
	FILE *file;

	snprintf(path, sizeof(path), "%s/.config/twinspan/console.yaml", world_folder(world));
	file = fopen(path, "r");
	assert_non_null(file);
	got = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[got] = '\0';
	return text;
}

/* As by a gateway of another version. */
static void
what_a_gateway_does_not_count_is_no_number(void **state)
{
	struct world *world = world_new();
	const struct model_gateway *old = model_store_at(world_store(world), MODEL_KIND_GATEWAY, 0);
	struct model_gateway *gateway = model_row_new(MODEL_KIND_GATEWAY);

	(void)state;
	model_row_copy(model_kind_info(MODEL_KIND_GATEWAY)->shape, gateway, old);
	gateway->connections_up = MODEL_UINT_UNSET;
	model_store_put(world_store(world), MODEL_KIND_GATEWAY, gateway);
	model_row_free(MODEL_KIND_GATEWAY, gateway);
	screen_open_until_live(world, &usual);
	screen_type(world, "9");
	screen_wait_row(world, "lyon", "live");
	assert_false(screen_has(world, "1844674"));
	screen_finish(world);
}

static void
sites_stand_beside_this_gateway(void **state)
{
	static const struct {
		int rows, cols;
		const char *golden;
	} all[] = {{20, 60, "sites-60x20"},
		   {24, 80, "sites-80x24"},
		   {36, 120, "sites-120x36"},
		   {50, 200, "sites-200x50"}};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(all); i++) {
		const struct screen_options options = {
		    .rows = all[i].rows, .cols = all[i].cols, .settings = TWO_SITES};
		struct world *world = screen_open_live(&options);

		/* by hand, so that no attempt is under way */
		screen_type(world, "9:disconnect nantes\r");
		screen_wait_row(world, "nantes", "off");
		screen_type(world, ":disconnect brest\r");
		screen_wait_row(world, "brest", "off");
		screen_golden(world, all[i].golden);
		screen_finish(world);
	}
}

/* Its row has another key then. */
static void
this_gateway_stays_the_first_when_it_says_its_name(void **state)
{
	struct world *world = world_new_silent();
	int here, there, col;

	(void)state;
	screen_open(world, &usual);
	screen_type(world, "9");
	screen_wait_row(world, "▸", "○ none");
	screen_wait_row(world, "brest", "✕ unreached");
	world_serve(world);
	screen_wait_row(world, "lyon", "● live");
	assert_true(screen_has(world, "▸ lyon"));
	assert_true(screen_find(world, "▸ lyon", &here, &col));
	assert_true(screen_find(world, "  nantes", &there, &col));
	assert_true(here < there);
	screen_finish(world);
}

static void
why_a_site_is_not_reached_is_said(void **state)
{
	struct world *world = screen_open_live(&wide);

	(void)state;
	screen_type(world, "9");
	screen_wait_row(world, "brest", "✕ unreached");
	screen_wait_row(world, "brest", "Connection refused");
	screen_wait_row(world, "lyon", "● live");
	world_stop_serving(world);
	screen_wait_row(world, "lyon", "? stale");
	screen_finish(world);
}

static void
a_site_that_is_not_reached_can_be_gone_to_and_left(void **state)
{
	struct world *world = screen_open_live(&usual);

	(void)state;
	screen_type(world, "9j\r");
	screen_wait(world, "⇄ nantes");
	screen_wait(world, "nantes is not reached");
	screen_wait(world, "PRODUCTION");
	screen_type(world, "2"); /* any panel is that site's, and has nothing */
	screen_wait(world, "nantes is not reached");
	screen_type(world, "H");
	screen_wait_row(world, "▸ nantes", "PRODUCTION");
	screen_wait_gone(world, "⇄");
	screen_type(world, "1");
	screen_wait(world, "aws-paris/1"); /* home is as it was */
	screen_finish(world);
}

static void
sites_are_added_and_taken_out(void **state)
{
	struct world *world = screen_open_live(&usual);

	(void)state;
	screen_type(world, "9:add-site lille root@127.0.0.1:1 --group plants\r");
	screen_wait_row(world, "lille", "✕ unreached");
	assert_non_null(strstr(settings_now(world), "# mine\n"));
	assert_non_null(
	    strstr(settings_now(world), "{name: \"lille\", host: \"root@127.0.0.1:1\", group: \"plants\"}"));
	assert_non_null(strstr(settings_now(world), "production: yes, identities_only: yes"));
	screen_type(world, "+"); /* the words are typed behind it */
	screen_wait(world, ":add-site");
	screen_type(world, "arras root@127.0.0.1:1\r");
	screen_wait_row(world, "arras", "✕ unreached");
	screen_type(world, ":add-site lille x\r");
	screen_wait(world, "two sites are called 'lille'");
	screen_type(world, ":add-site all x\r");
	screen_wait(world, "no site can be called 'all'");
	screen_type(world, ":add-site metz root@host:99999\r");
	screen_wait(world, "a port is a number");
	screen_type(world, ":remove-site brest\r");
	screen_wait(world, "brest is taken out");
	assert_null(strstr(settings_now(world), "brest"));
	screen_wait_gone(world, "▸ brest");
	screen_type(world, ":remove-site nowhere\r");
	screen_wait(world, "no site is called 'nowhere'");
	screen_finish(world);
}

/* The one that one is at has another place in the list then. */
static void
who_takes_a_site_out_stays_where_they_are(void **state)
{
	struct world *world = screen_open_live(&usual);

	(void)state;
	screen_type(world, "9");
	screen_wait_row(world, "brest", "✕ unreached");
	screen_type(world, ":enter-site brest\r");
	screen_wait(world, "⇄ brest");
	screen_type(world, ":remove-site nantes\r");
	screen_wait(world, "nantes is taken out");
	screen_type(world, ":add-site lille root@127.0.0.1:1 --production\r");
	screen_wait(world, "lille is added");
	screen_wait(world, "⇄ brest");
	assert_false(screen_has(world, "PRODUCTION"));
	screen_type(world, ":remove-site brest\r");
	screen_wait(world, "you are there: go back first");
	screen_type(world, "H");
	screen_wait_row(world, "▸ brest", "✕ unreached");
	screen_finish(world);
}

static void
a_command_goes_to_the_marked_sites(void **state)
{
	struct world *world = screen_open_live(&wide);

	(void)state;
	screen_type(world, "9*");
	screen_wait(world, "3 marked");
	screen_type(world, ":drain plant/1\r");
	screen_wait(world, "drain plant/1 on 3 sites");
	screen_wait_row(world, "nantes", "the site is not reached");
	screen_wait(world, "2 refused or not reached");
	screen_type(world, "\r"); /* Cancel has the focus */
	screen_wait_gone(world, "not reached: left out");
	assert_int_equal(world_commands(world, "plant/1 done"), 0);
	screen_type(world, ":drain plant/1\r");
	screen_wait(world, "drain 1");
	screen_type(world, "1\t\r");
	screen_wait(world, "1 of 3 done");
	world_wait_command(world, "plant/1 done");
	screen_finish(world);
}

static void
where_no_site_is_selected_a_command_goes_to_none(void **state)
{
	struct world *world = screen_open_live(&wide);

	(void)state;
	screen_type(world, "9/nowhere\r");
	screen_wait(world, "nothing matches the filter");
	screen_type(world, ":rekey plant/1\r");
	screen_wait(world, "rekey was not sent: no site is selected");
	screen_type(world, "\x1b");
	screen_wait_row(world, "▸ lyon", "● live");
	screen_type(world, "*/nowhere\r"); /* the marked ones are meant, whatever is shown */
	screen_wait(world, "3 marked");
	screen_type(world, ":rekey plant/1\r");
	screen_wait(world, "rekey plant/1 on 3 sites");
	assert_int_equal(world_commands(world, "plant/1 done"), 0);
	screen_finish(world);
}

/* It is told, and whose it is; nothing of it is opened among another gateway's panels. */
static void
what_is_answered_when_one_is_elsewhere_says_whose_it_is(void **state)
{
	struct world *world = screen_open_live(&wide);
	struct control_request *held = NULL;

	(void)state;
	world_handle(world, "explain", hold_it, &held);
	world_hold(world, true);
	screen_type(world, "jr");
	world_wait_command(world, "aws-paris/1 done");
	screen_type(world, "e");
	screen_wait(world, "explain aws-paris/1 …");
	while (held == NULL)
		world_turn(world);
	screen_type(world, ":enter-site nantes\r");
	screen_wait(world, "⇄ nantes");
	world_hold(world, false);
	screen_wait(world, "✓ rekey aws-paris/1 on lyon: asked");
	control_request_done(held, json_pack("{s:[s, s]}", "lines", "a first line", "a second line"),
			     "in short");
	screen_wait(world, "✓ explain aws-paris/1 on lyon: in short");
	assert_false(screen_has(world, "a second line"));
	screen_finish(world);
}

static void
show_is_one_table_of_the_marked_sites(void **state)
{
	struct world *world = screen_open_live(&wide);
	char path[600], line[200] = "";
	FILE *saved;

	(void)state;
	screen_type(world, "9");
	screen_wait_row(world, "brest", "unreached");
	screen_type(world, "*");
	screen_wait(world, "3 marked");
	screen_type(world, ":show tunnels plant\r");
	screen_wait(world, "show tunnels plant → 3 sites");
	screen_wait(world, "1 of 3 answered, 2 tunnels");
	screen_wait_row(world, "Site    Tunnel", "State");
	screen_wait_row(world, "lyon    plant/1", "up");
	screen_wait_row(world, "lyon    plant/2", "down");
	screen_wait_row(world, "nantes  ", "the site is not reached");
	screen_wait_row(world, "brest   ", "the site is not reached");
	assert_false(screen_has(world, "aws-paris/1"));
	snprintf(path, sizeof(path), "%s/page.txt", world_folder(world));
	screen_type(world, "/lyon\r:save ");
	screen_type(world, path);
	screen_type(world, "\r");
	screen_wait(world, "2 lines written to");
	saved = fopen(path, "r");
	assert_non_null(saved);
	assert_non_null(fgets(line, sizeof(line), saved));
	fclose(saved);
	assert_memory_equal(line, "lyon    plant/1", strlen("lyon    plant/1"));
	screen_type(world, "\x1b");
	screen_wait(world, "brest   ");
	screen_type(world, "\x1b");
	screen_wait_gone(world, "show tunnels plant");
	screen_type(world, ":show routes --filter in:10.0.0.0/8\r");
	screen_wait_row(world, "lyon    10.", "bgp");
	screen_type(world, "\x1b");
	screen_wait_gone(world, "show routes");
	screen_type(world, ":show weather\r");
	screen_wait(world, "there is no kind 'weather'");
	screen_type(world, ":show routes --filter sourc:bgp\r");
	screen_wait(world, "'source'");
	screen_finish(world);
}

static void
sites_are_filtered_and_sorted_as_any_rows(void **state)
{
	struct world *world = screen_open_live(&wide);

	(void)state;
	screen_type(world, "9/group:plants\r");
	screen_wait_gone(world, "brest");
	screen_wait(world, "nantes");
	screen_type(world, "\x1b");
	screen_wait(world, "brest");
	screen_type(world, ":sort name\r:reverse\r");
	screen_wait_row(world, "▸", "nantes"); /* the selection stays with its row */
	screen_type(world, ":sort none\r");    /* a column without a title is not meant by nothing */
	screen_wait(world, "in the natural order");
	screen_finish(world);
}

static void
anything_is_found_on_all_sites(void **state)
{
	struct world *world = screen_open_live(&wide);

	(void)state;
	screen_type(world, ":find name:plant/2\r");
	screen_wait(world, "find → name:plant/2");
	screen_wait_row(world, "lyon", "tunnel      plant/2");
	assert_false(screen_has(world, "tunnel      plant/1"));
	screen_type(world, "\x1b");
	screen_wait_gone(world, "find →");
	screen_type(world, ":find nowhere-at-all\r");
	screen_wait(world, "nothing on any site matches");
	world_stop_serving(world);
	screen_wait(world, "STALE");
	screen_type(world, "\x1b");
	screen_wait_gone(world, "find →");
	screen_type(world, ":find name:plant/2\r");
	screen_wait_row(world, "tunnel      plant/2", "as last heard");
	screen_finish(world);
}

TEST_MAIN(cmocka_unit_test(sites_stand_beside_this_gateway),
	  cmocka_unit_test(what_a_gateway_does_not_count_is_no_number),
	  cmocka_unit_test(this_gateway_stays_the_first_when_it_says_its_name),
	  cmocka_unit_test(why_a_site_is_not_reached_is_said),
	  cmocka_unit_test(a_site_that_is_not_reached_can_be_gone_to_and_left),
	  cmocka_unit_test(sites_are_added_and_taken_out),
	  cmocka_unit_test(who_takes_a_site_out_stays_where_they_are),
	  cmocka_unit_test(a_command_goes_to_the_marked_sites),
	  cmocka_unit_test(where_no_site_is_selected_a_command_goes_to_none),
	  cmocka_unit_test(what_is_answered_when_one_is_elsewhere_says_whose_it_is),
	  cmocka_unit_test(show_is_one_table_of_the_marked_sites),
	  cmocka_unit_test(sites_are_filtered_and_sorted_as_any_rows),
	  cmocka_unit_test(anything_is_found_on_all_sites))
