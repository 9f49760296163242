// SPDX-License-Identifier: GPL-2.0-or-later
/* The configuration in a person's editor (scripts that do what people and editors do), and what the gateway
 * says of the change. */
#include <signal.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/text.h"
#include "tests/console/configuration.h"

static void
a_change_is_checked_shown_applied_and_kept(void **state)
{
	static const int sizes[][2] = {{20, 60}, {24, 80}, {36, 120}};
	char expected[BYTES], name[64];
	char *at;

	(void)state;
	use_editor("sed -i 's/64512/64513/' \"$1\"");
	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		struct world *world;

		take(canned.text, sizeof(canned.text), first_text);
		take(expected, sizeof(expected), first_text);
		at = strstr(expected, "64512");
		memcpy(at, "64513", 5);
		canned.dry = canned.applied = canned.kept = 0;
		world = open_sized(sizes[i][0], sizes[i][1]);
		screen_type(world, "Ve");
		screen_wait(world, "[ Cancel ]");
		screen_wait(world, "+     peer_asn: 64513");
		screen_wait(world, "-     peer_asn: 64512");
		assert_int_not_equal(screen_colour(world, "+     peer"), screen_colour(world, "-     peer"));
		snprintf(name, sizeof(name), "configuration-review-%dx%d", sizes[i][1], sizes[i][0]);
		screen_golden(world, name);
		assert_int_equal(canned.applied, 0);
		assert_string_equal(canned.file, expected);
		assert_string_equal(canned.base, canned.hash);
		screen_type(world, "\t");
		screen_wait(world, "[ Apply ]");
		screen_type(world, "\r");
		wait_until(world, &canned.applied, 1);
		assert_string_equal(canned.confirm, "60");
		assert_string_equal(canned.file, expected);
		screen_wait(world, "K keeps it");
		screen_type(world, "2"); /* also on another panel */
		screen_wait(world, "K keeps it");
		screen_type(world, "e");
		screen_type(world, "K");
		wait_until(world, &canned.kept, 1);
		screen_wait_gone(world, "K keeps it");
		assert_null(kept_text());
		finish_config(world);
	}
}

static void
cancel_has_the_focus_and_loses_nothing(void **state)
{
	struct world *world;

	(void)state;
	use_editor("sed -i 's/64512/64513/' \"$1\"");
	world = open_sized(24, 80);
	screen_type(world, ":edit\r");
	screen_wait(world, "[ Cancel ]");
	screen_type(world, "\r");
	screen_wait(world, "nothing was changed; your text is in");
	assert_int_equal(canned.applied, 0);
	assert_non_null(strstr(kept_text(), "64513"));
	finish_config(world);
}

static void
the_time_until_it_goes_back_can_be_chosen(void **state)
{
	struct world *world;

	(void)state;
	use_editor("sed -i 's/64512/64513/' \"$1\"");
	world = open_sized(24, 80);
	screen_type(world, ":edit\r");
	screen_wait(world, "within [ 60 s ]");
	screen_type(world, "t");
	screen_wait(world, "within [ 300 s ]");
	screen_type(world, "t");
	screen_wait(world, "It stays");
	screen_type(world, "\t\r");
	wait_until(world, &canned.applied, 1);
	assert_string_equal(canned.confirm, "0");
	finish_config(world);
}

static void
an_editor_that_changes_nothing_or_fails_changes_nothing(void **state)
{
	static const struct {
		const char *script, *says;
	} editors[] = {{"exit 0", "nothing was changed"},
		       {"exit 1", "the editor failed (exit code 1): nothing was changed"},
		       {"kill -KILL $$", "the editor was killed (Killed): nothing was changed"},
		       {"rm \"$1\"", "nothing was changed: the file is gone"},
		       {"printf 'a\\n\\000' >>\"$1\"", "line 14 has a byte 0x00"},
		       {"head -c 1000001 /dev/zero | tr '\\0' '#' >\"$1\"", "at most 1,000,000 bytes"}};
	struct world *world = NULL;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(editors); i++) {
		use_editor(editors[i].script);
		world = open_sized(24, 80);
		screen_type(world, ":edit\r");
		screen_wait(world, editors[i].says);
		screen_wait(world, "═1═"); /* the screen is back */
		assert_int_equal(canned.dry, 0);
		finish_config(world);
	}
}

static void
what_a_failing_editor_wrote_is_not_lost(void **state)
{
	struct world *world;

	(void)state;
	use_editor("sed -i 's/64512/64513/' \"$1\"; kill -SEGV $$");
	world = open_sized(24, 80);
	screen_type(world, ":edit\r");
	screen_wait(world, "The editor ended badly");
	screen_wait(world, "Segmentation fault");
	assert_non_null(strstr(kept_text(), "64513"));
	assert_int_equal(canned.dry, 0);
	screen_type(world, "\t");
	screen_wait(world, "[ Use it ]");
	screen_type(world, "\r");
	screen_wait(world, "+     peer_asn: 64513");
	finish_config(world);
}

static void
no_byte_of_a_file_is_lost_or_changed(void **state)
{
	static const char windows[] = "\xef\xbb\xbf# Lyon\r\ngateway:\r\n  name: lyon\t# n\xc3\xa4he\r\n\r\n"
				      "connections:\r\n  - name: a\\b\r\n    peer_asn: 64512\t# theirs";
	char expected[BYTES];
	struct world *world;

	(void)state;
	canned.exact = true;
	take(canned.text, sizeof(canned.text), windows);
	take(expected, sizeof(expected), windows);
	memcpy(strstr(expected, "64512"), "64513", 5);
	use_editor("cp \"$1\" seen; sed -i 's/64512/64513/' \"$1\"");
	world = open_sized(36, 100);
	screen_type(world, "Ve");
	screen_wait(world, "-     peer_asn: 64512^I# theirs");
	screen_wait(world, "+     peer_asn: 64513^I# theirs");
	assert_string_equal(canned.file, expected);
	assert_false(screen_has(world, "last line"));
	screen_type(world, "\r");
	screen_wait(world, "nothing was changed");
	use_editor("sed -i 's/\\r$//' \"$1\"; echo >>\"$1\""); /* what an editor does unasked is seen */
	screen_type(world, "e");
	screen_wait(world, "- gateway:^M");
	screen_wait(world, "+ gateway:");
	screen_wait(world, "The last line gets a line end.");
	screen_type(world, "\r");
	screen_wait_gone(world, "The last line");
	finish_config(world);
}

static void
bytes_that_are_no_text_are_named_with_their_line(void **state)
{
	struct world *world;

	(void)state;
	use_editor("if grep -q caf \"$1\"; then sed -i '/caf/d;s/64512/64513/' \"$1\"; "
		   "else printf '# caf\\351\\n' >>\"$1\"; fi");
	world = open_sized(24, 80);
	screen_type(world, ":edit\r");
	screen_wait(world, "/etc/twinspan/gateway.yaml:13:6: not UTF-8 text (byte 0xe9)");
	screen_wait_row(world, "13", "# caf?");
	assert_int_equal(canned.dry, 0); /* it was not sent */
	screen_wait(world, "[ Edit again ]");
	screen_type(world, "\r"); /* with what was typed */
	screen_wait(world, "+     peer_asn: 64513");
	screen_type(world, "\r");
	screen_wait(world, "nothing was changed");
	finish_config(world);
}

static void
without_an_editor_it_says_so(void **state)
{
	struct world *world;
	char *before = text_copy(getenv("PATH"));

	(void)state;
	setenv("VISUAL", " ", 1);
	unsetenv("EDITOR");
	setenv("PATH", in_scratch("run"), 1);
	world = open_sized(24, 80);
	screen_type(world, ":edit\r");
	screen_wait(world, "there is no editor: set VISUAL or EDITOR");
	finish_config(world);
	setenv("PATH", before, 1);
	free(before);
}

static void
errors_stand_with_their_lines_and_can_be_mended(void **state)
{
	struct world *world;

	(void)state;
	use_editor(
	    "if grep -q wrong \"$1\"; then sed -i 's/wrong/65011/' \"$1\"; else sed -i 's/65010/wrong/' "
	    "\"$1\"; fi");
	world = open_sized(24, 80);
	screen_type(world, "V");
	screen_wait(world, "# Lyon's gateway");
	screen_type(world, "e");
	screen_wait(world, "refused: nothing was changed");
	screen_wait(world, ":5:8: 'wrong' is no number");
	screen_wait(world, "5    asn: wrong");
	screen_wait(world, ":9:5: unknown key 'peer_as'");
	screen_golden(world, "configuration-errors-80x24");
	screen_type(world, "\r"); /* edit again, with what was typed */
	screen_wait(world, "+   asn: 65011");
	screen_type(world, "\x1b");
	screen_wait(world, "nothing was changed");
	finish_config(world);
}

static void
a_refusal_to_apply_keeps_the_text(void **state)
{
	struct world *world;

	(void)state;
	canned.refuses_apply = true;
	use_editor("sed -i 's/64512/64513/' \"$1\"");
	world = open_sized(24, 80);
	screen_type(world, ":edit\r");
	screen_wait(world, "[ Cancel ]");
	screen_type(world, "\t\r");
	screen_wait(world, "a drill is under way");
	screen_wait(world, "Your text is kept in");
	assert_non_null(strstr(kept_text(), "64513"));
	finish_config(world);
}

static void
what_would_cut_ones_own_way_is_asked_a_second_time(void **state)
{
	struct world *world;

	(void)state;
	use_editor("sed -i 's/64512/64513/' \"$1\"");
	canned.guarded = true;
	world = open_sized(24, 80);
	screen_type(world, "Ve");
	screen_wait(world, "This would cut your own way to the gateway.");
	screen_wait(world, "[ Edit again ]");
	screen_golden(world, "configuration-force-80x24");
	screen_type(world, "\t");
	screen_wait(world, "[ Force … ]");
	screen_type(world, "\r");
	screen_wait(world, "By --force");
	screen_wait(world, "[ Cancel ]"); /* the second question, with what changes */
	screen_wait(world, "+     peer_asn: 64513");
	assert_true(canned.force);
	assert_int_equal(canned.applied, 0);
	screen_golden(world, "configuration-forced-80x24");
	screen_type(world, "\r"); /* Cancel: the next change is asked about anew */
	screen_wait(world, "nothing was changed");
	screen_type(world, "e");
	screen_wait(world, "[ Edit again ]");
	assert_false(canned.force);
	screen_type(world, "\t\r");
	screen_wait(world, "By --force");
	screen_type(world, "\t");
	screen_wait(world, "[ Force it ]");
	screen_type(world, "\r");
	wait_until(world, &canned.applied, 1);
	assert_true(canned.force);
	assert_string_equal(canned.confirm, "60");
	finish_config(world);
}

static void
somebody_elses_change_is_not_written_over(void **state)
{
	struct world *world;

	(void)state;
	use_editor("touch begun; " WAIT_FOR("go") "; sed -i 's/64512/64513/' \"$1\"");
	world = open_sized(24, 80);
	screen_type(world, ":edit\r");
	wait_file(world, "begun");
	take(canned.hash, sizeof(canned.hash), "0000111122223333");
	strcat(canned.text, "# theirs\n");
	write_file("go", "", 0600);
	screen_wait(world, "Somebody else changed the file");
	assert_non_null(strstr(kept_text(), "64513"));
	screen_type(world, "\r");
	screen_wait(world, "+     peer_asn: 64513"); /* of the new text */
	assert_non_null(strstr(canned.file, "# theirs"));
	assert_string_equal(canned.base, "0000111122223333");
	finish_config(world);
}

static void
a_gateway_that_goes_meanwhile_is_waited_for(void **state)
{
	struct world *world;

	(void)state;
	use_editor("touch begun; " WAIT_FOR("go") "; sed -i 's/64512/64513/' \"$1\"");
	world = open_sized(24, 80);
	screen_type(world, ":edit\r");
	wait_file(world, "begun");
	world_stop_serving(world);
	write_file("go", "", 0600);
	screen_wait(world, "The gateway does not answer");
	screen_wait(world, "Your text is kept in");
	assert_non_null(strstr(kept_text(), "64513"));
	screen_type(world, "\r");
	screen_wait(world, "no gateway is connected yet");
	world_serve(world);
	screen_wait(world, "● live");
	screen_type(world, "\r");
	screen_wait(world, "+     peer_asn: 64513");
	finish_config(world);
}

static void
the_editor_has_the_terminal_for_itself(void **state)
{
	struct world *world;

	(void)state;
	use_editor("printf EDITING; touch begun; " WAIT_FOR("go") "; printf EDITED");
	world = open_sized(24, 80);
	screen_type(world, ":edit\r");
	wait_file(world, "begun");
	screen_resize(world, 36, 120);
	model_store_log(world_store(world), "info", "test", "core", "something new");
	screen_signal(world, SIGINT);              /* Ctrl-C is the editor's */
	world_turn_for(world, 1200 * USEC_PER_MS); /* a second's tick has had its chance */
	write_file("go", "", 0600);
	screen_wait(world, "nothing was changed");
	assert_true(screen_wrote(world, "EDITINGEDITED"));
	screen_wait(world, "AS65010 · 192.0.2.10"); /* the new size is drawn */
	finish_config(world);
}

static void
the_private_file_is_private_and_goes_with_the_console(void **state)
{
	static const int signals[] = {SIGTERM, SIGHUP, SIGABRT};
	struct world *world;
	char line[128], go[16], script[512];
	FILE *file;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(signals); i++) {
		/* one that outlives its console ends by a file of its own, which stays */
		snprintf(go, sizeof(go), "go%zu", i);
		snprintf(
		    script, sizeof(script),
		    "trap '' HUP; stat -c '%%a' \"$1\" \"${1%%/*}\" >modes; touch begun; " WAIT_FOR("%s"),
		    go);
		use_editor(script);
		world = open_sized(24, 80);
		screen_type(world, ":edit\r");
		wait_file(world, "begun");
		assert_int_equal(entries("run"), 1);
		file = fopen(in_scratch("modes"), "r");
		assert_non_null(file);
		assert_non_null(fgets(line, sizeof(line), file));
		assert_string_equal(line, "600\n");
		assert_non_null(fgets(line, sizeof(line), file));
		assert_string_equal(line, "700\n");
		fclose(file);
		screen_signal(world, signals[i]);
		if (signals[i] == SIGABRT)
			assert_int_not_equal(screen_exit(world), 0);
		else
			assert_int_equal(screen_exit(world), 0);
		write_file(go, "", 0600);
		finish_config(world);
		unlink(in_scratch("begun"));
	}
}

TEST_MAIN(IN_SCRATCH(a_change_is_checked_shown_applied_and_kept),
	  IN_SCRATCH(cancel_has_the_focus_and_loses_nothing),
	  IN_SCRATCH(the_time_until_it_goes_back_can_be_chosen),
	  IN_SCRATCH(an_editor_that_changes_nothing_or_fails_changes_nothing),
	  IN_SCRATCH(what_a_failing_editor_wrote_is_not_lost), IN_SCRATCH(without_an_editor_it_says_so),
	  IN_SCRATCH(no_byte_of_a_file_is_lost_or_changed),
	  IN_SCRATCH(bytes_that_are_no_text_are_named_with_their_line),
	  IN_SCRATCH(what_would_cut_ones_own_way_is_asked_a_second_time),
	  IN_SCRATCH(errors_stand_with_their_lines_and_can_be_mended),
	  IN_SCRATCH(a_refusal_to_apply_keeps_the_text),
	  IN_SCRATCH(somebody_elses_change_is_not_written_over),
	  IN_SCRATCH(a_gateway_that_goes_meanwhile_is_waited_for),
	  IN_SCRATCH(the_editor_has_the_terminal_for_itself),
	  IN_SCRATCH(the_private_file_is_private_and_goes_with_the_console))
