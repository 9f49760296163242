// SPDX-License-Identifier: GPL-2.0-or-later
/* The page of what the other side has to configure. The exporters themselves are tested beside their plugins.
 */
#include <unistd.h>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/text.h"
#include "tests/console/configuration.h"

static void
list_formats(struct text_list *out)
{
	text_list_add(out, "bird");
	text_list_add(out, "swanctl");
}

/* The text of a format; the configuration has to come from the gateway, whole. */
static bool
write_export(const char *format, const char *configuration, const char *names, char **text, struct error *err)
{
	if (strcmp(configuration, first_text) != 0)
		return error_set(err, "another configuration");
	if (strcmp(names, "nowhere") == 0)
		return error_set(err, "there is no connection or tunnel 'nowhere'");
	*text = text_format("# made for %s\nconnections {\n    %s-of-%s {\n    }\n}\n", names, format, names);
	return true;
}

static const struct console_export export = {.formats = list_formats, .write = write_export};

static struct world *
open_export(void)
{
	return open_with(&(struct screen_options){.rows = 24, .cols = 80, .export = &export});
}

static void
its_key_shows_one_format_after_the_other_of_the_selected_row(void **state)
{
	struct world *world = open_export();

	screen_type(world, "M");
	screen_wait(world, "export bird → the other side of aws-paris");
	screen_wait(world, "bird-of-aws-paris {");
	screen_golden(world, "export-80x24");
	assert_int_not_equal(screen_colour(world, "# made for"), screen_colour(world, "connections {"));
	screen_type(world, "M");
	screen_wait(world, "    swanctl-of-aws-paris {");
	screen_wait(world, "export swanctl → the other side of aws-paris");
	screen_type(world, "M");
	screen_wait(world, "bird-of-aws-paris {");
	screen_type(world, "\x1b");
	screen_wait_gone(world, "bird-of-aws-paris");
	/* Of a tunnel's row it is its connection. */
	screen_type(world, "2");
	screen_wait(world, "aws-paris/2");
	screen_type(world, "M");
	screen_wait(world, "bird-of-aws-paris {");
	finish_config(world);
}

static void
it_is_typed_with_a_format_and_names(void **state)
{
	struct world *world = open_export();

	screen_type(world, ":export swanctl plant aws-paris/1\r");
	screen_wait(world, "swanctl-of-plant aws-paris/1 {");
	screen_type(world, ":export cisco\r");
	screen_wait(world, "no format to export to is called 'cisco'");
	screen_type(world, ":export bird nowhere\r");
	screen_wait(world, "there is no connection or tunnel 'nowhere'");
	screen_type(world, ":export bird --inline-secrets\r");
	screen_wait(world, "a gateway gives no secret to a console");
	screen_type(world, ":export\r");
	screen_wait(world, "'export' needs a format");
	finish_config(world);
}

static void
save_writes_its_text_to_a_new_file(void **state)
{
	struct world *world = open_export();
	char *path = text_format("%s/other.conf", world_folder(world)), *got;
	size_t length;

	screen_type(world, "M");
	screen_wait(world, "bird-of-aws-paris {");
	screen_type(world, ":save other.conf\r");
	screen_wait(world, "written to other.conf");
	got = file_read(path, 1000, &length, NULL);
	assert_non_null(got);
	assert_string_equal(got, "# made for aws-paris\nconnections {\n    bird-of-aws-paris {\n    }\n}\n");
	free(got);
	screen_type(world, ":save other.conf\r");
	screen_wait(world, "other.conf exists");
	assert_int_equal(unlink(path), 0);
	free(path);
	finish_config(world);
}

static void
a_page_may_close_before_the_gateway_answers(void **state)
{
	struct world *world = open_export();

	for (int i = 0; i < 20; i++)
		screen_type(world, "M\x7f");
	screen_type(world, "2");
	screen_wait(world, "aws-paris/2");
	assert_false(screen_has(world, "bird-of"));
	finish_config(world);
}

static void
without_exporters_that_is_said(void **state)
{
	struct world *world = open_sized(24, 80);

	screen_type(world, ":export bird aws-paris\r");
	screen_wait(world, "nothing can be exported here");
	finish_config(world);
}

TEST_MAIN(IN_SCRATCH(its_key_shows_one_format_after_the_other_of_the_selected_row),
	  IN_SCRATCH(it_is_typed_with_a_format_and_names), IN_SCRATCH(save_writes_its_text_to_a_new_file),
	  IN_SCRATCH(a_page_may_close_before_the_gateway_answers), IN_SCRATCH(without_exporters_that_is_said))
