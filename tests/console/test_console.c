// SPDX-License-Identifier: GPL-2.0-or-later
/* What a person sees and does on the console. */
#include <signal.h>

#include "tests/console/harness.h"

static void
the_overview_is_whole_at_80x24(void **state)
{
	struct world *world = world_new();

	screen_open(world, &(struct screen_options){.rows = 24, .cols = 80});
	screen_wait(world, "● live");
	screen_wait(world, "aws-paris/1");
	screen_golden(world, "overview-80x24");
	screen_close(world);
	world_free(world);
}

TEST_MAIN(cmocka_unit_test(the_overview_is_whole_at_80x24))
