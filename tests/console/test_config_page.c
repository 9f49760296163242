// SPDX-License-Identifier: GPL-2.0-or-later
/* The page with the configuration that runs. */
#include <sys/stat.h>
#include <unistd.h>

#include "tests/console/configuration.h"

static void
the_page_shows_what_runs(void **state)
{
	static const int sizes[][2] = {{20, 60}, {24, 80}, {36, 120}};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		struct world *world = open_sized(sizes[i][0], sizes[i][1]);
		char name[64];

		screen_type(world, "V");
		screen_wait(world, "/etc/twinspan/gateway.yaml");
		screen_wait(world, "# Lyon's gateway");
		screen_wait(world, "********");
		snprintf(name, sizeof(name), "configuration-%dx%d", sizes[i][1], sizes[i][0]);
		screen_golden(world, name);
		assert_int_not_equal(screen_colour(world, "role:"), screen_colour(world, "customer"));
		assert_int_not_equal(screen_colour(world, "# Lyon"), screen_colour(world, "customer"));
		finish_config(world);
	}
}

static void
a_search_goes_from_place_to_place(void **state)
{
	struct world *world;

	(void)state;
	for (int i = 0; i < 200; i++)
		strcat(canned.text, i == 150 ? "# the second aws-paris\n" : "# more\n");
	world = open_sized(24, 80);
	screen_type(world, ":view-configuration\r");
	screen_wait(world, "lines 1-");
	screen_type(world, "/AWS-paris");
	screen_wait(world, "match 1 of 3");
	screen_type(world, "\r");
	screen_type(world, "nn");
	screen_wait(world, "match 3 of 3");
	screen_wait(world, "# the second aws-paris");
	screen_type(world, "p");
	screen_wait(world, "match 2 of 3");
	screen_wait(world, "psk/aws-paris-2");
	screen_type(world, "/\x15nowhere");
	screen_wait(world, "no line has 'nowhere'");
	screen_type(world, "\x1b");
	screen_wait(world, "lines");
	screen_type(world, "G");
	screen_wait_gone(world, "# Lyon's gateway");
	finish_config(world);
}

static void
a_file_that_differs_and_a_reload_are_said(void **state)
{
	struct world *world;

	(void)state;
	canned.differs = true;
	world = open_sized(24, 80);
	screen_type(world, "V");
	screen_wait(world, "the file on the disk differs from what runs");
	canned.differs = false;
	take(canned.text, sizeof(canned.text), "# another one\n");
	set_confirm(&canned, 0); /* the row says that it was loaded again */
	screen_wait(world, "# another one");
	screen_wait_gone(world, "differs");
	finish_config(world);
}

static void
a_viewer_sees_it_and_is_told_why_no_more(void **state)
{
	const struct screen_options options = {.rows = 24, .cols = 80, .user = 65534};
	struct world *world;

	(void)state;
	if (geteuid() != 0)
		skip(); /* only root can be somebody else */
	world = world_new_silent();
	chmod(world_folder(world), 0755);
	configuration_handle(world);
	world_serve(world);
	screen_open(world, &options);
	screen_wait(world, "═1═");
	screen_type(world, "V");
	screen_wait(world, "# Lyon's gateway");
	screen_type(world, "e");
	screen_wait(world, "edit is off: your role here is viewer, it needs admin");
	screen_type(world, "N");
	screen_wait(world, "new-connection is off: your role here is viewer");
	screen_type(world, "K");
	screen_wait(world, "keep-configuration is not permitted");
	finish_config(world);
}

TEST_MAIN(IN_SCRATCH(the_page_shows_what_runs), IN_SCRATCH(a_search_goes_from_place_to_place),
	  IN_SCRATCH(a_file_that_differs_and_a_reload_are_said),
	  IN_SCRATCH(a_viewer_sees_it_and_is_told_why_no_more))
