// SPDX-License-Identifier: GPL-2.0-or-later
/* The form for a new connection, by hand and from a file. */
#include <unistd.h>

#include "core/base/text.h"
#include "tests/console/configuration.h"

static void
a_connection_by_hand(void **state)
{
	static const int sizes[][2] = {{20, 60}, {24, 80}, {36, 120}};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		struct world *world = open_sized(sizes[i][0], sizes[i][1]);
		char name[64];

		canned.dry = canned.applied = 0;
		take(canned.text, sizeof(canned.text), first_text);
		screen_type(world, "V"); /* under it what stands still, for the goldens */
		screen_wait(world, "# Lyon's gateway");
		screen_type(world, "N");
		screen_wait(world, "New connection");
		screen_type(world, "\t"); /* by hand; nothing else is offered here */
		screen_type(world, "azure\t\t65515\t10.60.0.0/16 10.61.0.0/16\t");
		screen_type(world, " \t\t203.0.113.33\t169.254.21.2/30\tsesame_one.f3Xq81\t");
		screen_type(world, "203.0.113.34\t169.254.21.6/30\t");
		screen_wait(world, "2: secret");
		screen_type(world, "sesame_two.f3Xq81");
		screen_wait(world, "*****************");
		assert_false(screen_has(world, "sesame"));
		snprintf(name, sizeof(name), "form-%dx%d", sizes[i][1], sizes[i][0]);
		screen_golden(world, name);
		screen_type(world, "\t");
		screen_wait(world, "[ Check it ]");
		screen_type(world, "\r");
		screen_wait(world, "Add this connection");
		wait_until(world, &canned.dry, 1);
		assert_true(canned.append);
		assert_string_equal(
		    canned.file,
		    "  - name: azure\n    routing: dynamic\n    peer_asn: 65515\n    protect: [10.60.0.0/16, "
		    "10.61.0.0/16]\n"
		    "    health: {probe: icmp, interval: 500ms, fail: 3, recover: 5}\n    tunnels:\n"
		    "      - {remote: 203.0.113.33, inside: 169.254.21.2/30, psk_file: psk/azure-1}\n"
		    "      - {remote: 203.0.113.34, inside: 169.254.21.6/30, psk_file: psk/azure-2}\n");
		assert_string_equal(canned.secrets,
				    "psk/azure-1 sesame_one.f3Xq81\npsk/azure-2 sesame_two.f3Xq81\n");
		assert_false(screen_has(world, "sesame"));
		snprintf(name, sizeof(name), "form-review-%dx%d", sizes[i][1], sizes[i][0]);
		screen_golden(world, name);
		screen_type(world, "\r"); /* Cancel: back to what was typed */
		screen_wait(world, "2: secret");
		screen_type(world, "\r");
		screen_wait(world, "Add this connection");
		screen_type(world, "\t");
		screen_wait(world, "[ Apply ]");
		screen_type(world, "\r");
		wait_until(world, &canned.applied, 1);
		assert_string_equal(canned.confirm, "60");
		screen_wait(world, "K keeps it");
		finish_config(world);
	}
}

static void
each_field_says_what_is_wrong(void **state)
{
	struct world *world = open_sized(36, 120);

	(void)state;
	screen_type(world, "N");
	screen_wait(world, "Left and Right choose");
	screen_type(world, "\taws-paris\t");
	screen_wait(world, "there is a connection of that name");
	screen_type(world, " \t"); /* static */
	screen_wait_row(world, "Routes", "");
	screen_type(world, "10.60.0.1/16\t");
	screen_wait(world, "do you mean 10.60.0.0/16?");
	screen_type(world, "10.60/16\t");
	screen_wait(world, "'10.60/16' is no prefix");
	screen_type(world, "\t\tnowhere.example\t");
	screen_wait(world, "an address such as 203.0.113.17");
	screen_type(world, "169.254.21.4/30\t");
	screen_wait(world, "one of the two hosts of a /30");
	screen_type(world, "short\t");
	screen_wait(world, "at least 8 characters");
	screen_type(world, "\t");
	screen_wait(world, "[ Check it ]");
	screen_type(world, "\r"); /* goes to the first that is wrong */
	screen_wait_row(world, "▸", "Name");
	assert_int_equal(canned.dry, 0);
	screen_type(world, "-2");
	screen_wait_gone(world, "there is a connection of that name");
	screen_type(world, "\x1b");
	screen_wait(world, "N opens it again");
	screen_type(world, "N");
	screen_wait(world, "aws-paris-2");
	screen_type(world, "\x1b");
	finish_config(world);
}

static void
a_secret_can_be_made_and_shown(void **state)
{
	struct world *world = open_sized(36, 120);

	(void)state;
	screen_type(world, "N");
	screen_wait(world, "New connection");
	screen_type(world, "\x1b[B\x1b[B\x1b[B\x1b[B\x1b[B\x1b[B\x1b[B\x1b[B\x1b[B");
	screen_wait_row(world, "▸", "1: secret");
	screen_type(world, "\x07");
	screen_wait_gone(world, "at least 8");
	assert_false(screen_has(world, "********"));
	screen_type(world, "\x14");
	screen_wait(world, "********************************");
	screen_type(world, "\x1b");
	finish_config(world);
}

static void
a_certificate_stands_for_both_tunnels_and_asks_for_no_secret(void **state)
{
	struct world *world = open_sized(36, 120);

	(void)state;
	canned.dry = 0;
	take(canned.text, sizeof(canned.text), first_text);
	screen_type(world, "N");
	screen_wait(world, "New connection");
	screen_type(world, "\tazure\t\t65515\t\t\t");
	screen_wait_row(world, "▸", "Authentication");
	screen_type(world, " \t");
	screen_wait_row(world, "▸", "Certificate");
	assert_false(screen_has(world, "1: secret"));
	screen_type(world, "lyon}.pem\t");
	screen_wait(world, "letters, digits and . _ / + @ - only");
	screen_type(world, "\x1b[A\x15"
			   "certs/lyon.pem\tcerts/lyon.key\tcerts/ca.pem\t");
	screen_type(world, "203.0.113.33\t169.254.21.2/30\t203.0.113.34\t169.254.21.6/30");
	screen_golden(world, "form-certificate-120x36");
	screen_type(world, "\t");
	screen_wait(world, "[ Check it ]");
	screen_type(world, "\r");
	wait_until(world, &canned.dry, 1);
	assert_string_equal(
	    canned.file,
	    "  - name: azure\n    routing: dynamic\n    peer_asn: 65515\n"
	    "    certificate: {file: \"certs/lyon.pem\", key: \"certs/lyon.key\", ca: \"certs/ca.pem\"}\n"
	    "    tunnels:\n      - {remote: 203.0.113.33, inside: 169.254.21.2/30}\n"
	    "      - {remote: 203.0.113.34, inside: 169.254.21.6/30}\n");
	assert_string_equal(canned.secrets, "");
	screen_type(world, "\x1b");
	screen_wait(world, "Peer's CA");
	screen_type(world, "\x1b");
	finish_config(world);
}

/* --- the form, from a file ------------------------------------------------------------------------ */

static void *
open_import(const char *format, const char *file, struct error *err)
{
	static int opened;

	if (strcmp(format, "aws") != 0 || access(file, R_OK) != 0) {
		error_set(err, "%s: can't be read", file);
		return NULL;
	}
	return &opened;
}

static void
close_import(void *import)
{
	(void)import;
}

static size_t
count_import(const void *import)
{
	(void)import;
	return 2;
}

static void
describe_import(const void *import, size_t index, struct console_import_item *out)
{
	(void)import;
	*out = (struct console_import_item){.dynamic = index == 0, .tunnels = 2};
	snprintf(out->id, sizeof(out->id), "vpn-%zu", index + 1);
	snprintf(out->name, sizeof(out->name), "vpn-%zu", index + 1);
}

static bool
write_import(const void *import, size_t index, const char *name, char **yaml, char **secrets, char **notes,
	     struct error *err)
{
	(void)import;
	(void)err;
	*yaml = text_format(
	    "  # vpn-%zu\n  - name: %s\n    routing: static\n    tunnels:\n      - remote: 192.0.2.1\n",
	    index + 1, name);
	*secrets = text_format("psk/%s-1 sesame_one\n", name);
	*notes = text_copy("line 3: AWS's file has no routes\n");
	return true;
}

static const struct console_import import = {.open = open_import,
					     .close = close_import,
					     .count = count_import,
					     .describe = describe_import,
					     .write = write_import};

static void
a_connection_of_a_file_is_chosen_and_named(void **state)
{
	const struct screen_options options = {.rows = 24, .cols = 80, .import = &import};
	struct world *world;
	char path[256];
	FILE *file;

	(void)state;
	world = open_with(&options);
	snprintf(path, sizeof(path), "%s/vpn-0123.xml", world_folder(world)); /* where the console runs */
	file = fopen(path, "w");
	assert_non_null(file);
	fclose(file);
	screen_type(world, "V");
	screen_wait(world, "# Lyon's gateway");
	screen_type(world, "N");
	screen_wait(world, "by hand");
	screen_type(world, " \t");
	screen_wait(world, "AWS file");
	screen_type(world, "missing\t");
	screen_wait(world, "missing: can't be read");
	screen_type(world, "\x1b[A\x15"
			   "vpn-0");
	screen_type(world, "\t"); /* completes */
	screen_wait(world, "vpn-0123.xml");
	screen_type(world, "\t");
	screen_wait(world, "vpn-1  BGP, 2 tunnels");
	screen_type(world, "\x1b[C");
	screen_wait(world, "vpn-2  static, 2 tunnels");
	screen_golden(world, "form-file-80x24");
	screen_type(world, "\t");
	screen_wait_row(world, "Name", "vpn-2");
	screen_type(world, "\x15"
			   "plant-9\t10.9.0.0/16\t\t\t\r");
	screen_wait(world, "Add this connection");
	screen_wait(world, "AWS's file has no routes");
	assert_string_equal(
	    canned.file,
	    "  # vpn-2\n  - name: plant-9\n    routing: static\n    routes: [10.9.0.0/16]\n    tunnels:\n"
	    "      - remote: 192.0.2.1\n");
	assert_string_equal(canned.secrets, "psk/plant-9-1 sesame_one\n");
	screen_type(world, "\x1b");
	screen_wait_row(world, "Name", "plant-9");
	screen_type(world, "\x1b");
	unlink(path);
	finish_config(world);
}

TEST_MAIN(IN_SCRATCH(a_connection_by_hand), IN_SCRATCH(each_field_says_what_is_wrong),
	  IN_SCRATCH(a_certificate_stands_for_both_tunnels_and_asks_for_no_secret),
	  IN_SCRATCH(a_secret_can_be_made_and_shown), IN_SCRATCH(a_connection_of_a_file_is_chosen_and_named))
