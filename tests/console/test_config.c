// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The configuration on screen: the page, a person's editor (scripts that do what people and editors do), the
 * gateway's answers (canned here), and the form for a new connection.
 */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/text.h"
#include "tests/console/harness.h"

#define BYTES 65536

/* --- a gateway with a configuration --------------------------------------------------------------- */

static const char first_text[] =
    "# Lyon's gateway\n"
    "gateway:\n"
    "  name: lyon\n"
    "  role: customer\n"
    "  asn: 65010\n"
    "\n"
    "connections:\n"
    "  - name: aws-paris   # both of them\n"
    "    peer_asn: 64512\n"
    "    tunnels:\n"
    "      - {remote: 203.0.113.17, inside: 169.254.44.242/30, psk: ********}\n"
    "      - {remote: 203.0.113.201, inside: 169.254.44.246/30, psk_file: psk/aws-paris-2}\n";

struct canned {
	struct world *world;
	char text[BYTES], hash[17];
	bool exact; /* the gateway says the text byte by byte too */
	bool differs, refuses_line, refuses_apply, guarded;
	/* What was asked last: */
	char file[BYTES], secrets[1024], confirm[16], base[32];
	bool append, force;
	size_t dry, applied, kept;
};

static struct canned canned;
static char scratch[64]; /* scripts, what they leave, the private files */

static json_t *
lines_of(const char *text)
{
	json_t *lines = json_array();

	while (*text != '\0') {
		size_t length = strcspn(text, "\n");

		json_array_append_new(lines, json_stringn(text, length));
		text += length + (text[length] == '\n');
	}
	return lines;
}

static void
on_configuration(void *context, struct control_request *request)
{
	struct canned *c = context;
	char *exact = c->exact ? text_escape(c->text, strlen(c->text)) : NULL;

	control_request_done(request,
			     json_pack("{s:s, s:s, s:b, s:o, s:s*}", "file", "/etc/twinspan/gateway.yaml",
				       "hash", c->hash, "changed_on_disk", c->differs, "lines",
				       lines_of(c->text), "exact", exact),
			     "%s", "");
	free(exact);
}

static void
set_confirm(struct canned *c, usec_t until)
{
	struct model_gateway *row = model_row_new(MODEL_KIND_GATEWAY);
	const struct model_gateway *now = model_store_at(world_store(c->world), MODEL_KIND_GATEWAY, 0);

	model_row_copy(model_kind_info(MODEL_KIND_GATEWAY)->shape, row, now);
	row->config_confirm_until = until;
	row->config_loaded_at = clock_wall();
	model_store_put(world_store(c->world), MODEL_KIND_GATEWAY, row);
	model_row_free(MODEL_KIND_GATEWAY, row);
}

static void
take(char *to, size_t size, const char *text)
{
	snprintf(to, size, "%s", text != NULL ? text : "");
}

static void
on_configure(void *context, struct control_request *request)
{
	struct canned *c = context;
	bool dry = control_request_flag(request, "dry_run");

	take(c->file, sizeof(c->file), control_request_text(request, "file"));
	take(c->secrets, sizeof(c->secrets), control_request_text(request, "secrets"));
	take(c->confirm, sizeof(c->confirm), control_request_text(request, "confirm_within"));
	take(c->base, sizeof(c->base), control_request_text(request, "base"));
	c->append = control_request_flag(request, "append");
	c->force = control_request_flag(request, "force");
	c->dry += dry;
	if (strcmp(c->base, c->hash) != 0) {
		control_request_refuse(request, json_pack("{s:b}", "changed_on_disk", 1),
				       "/etc/twinspan/gateway.yaml is not the one that you began with");
	} else if (strstr(c->file, "asn: wrong") != NULL) {
		control_request_refuse(request,
				       json_pack("{s:[s,s]}", "lines",
						 "/etc/twinspan/gateway.yaml:5:8: 'wrong' is no number",
						 "/etc/twinspan/gateway.yaml:9:5: unknown key 'peer_as'"),
				       "2 errors");
	} else if (c->guarded && !c->force) {
		control_request_refuse(
		    request, json_pack("{s:s}", "force", "own_path"),
		    "you reach this gateway through aws-paris/1 (from 192.0.2.7), and this "
		    "change would cut your own connection; --force does it all the same");
	} else if (c->refuses_apply && !dry) {
		control_request_fail(request, "a drill is under way; wait until it is done");
	} else {
		c->applied += !dry;
		if (!dry && c->confirm[0] != '\0')
			set_confirm(c, clock_wall() + 60 * USEC_PER_SEC);
		if (!dry)
			take(c->text, sizeof(c->text), c->file);
		control_request_done(request,
				     json_pack("{s:b, s:[s,s], s:[s]}", "applied", !dry, "lines",
					       "aws-paris/1: esp lifetime 1h, was 2h: dialled anew",
					       "would go down: aws-paris/1", "drops", "aws-paris/1"),
				     dry ? "/etc/twinspan/gateway.yaml: 1 change would be applied"
					 : "/etc/twinspan/gateway.yaml: 1 change applied");
	}
}

static void
on_reload(void *context, struct control_request *request)
{
	struct canned *c = context;

	c->kept += control_request_flag(request, "keep");
	set_confirm(c, 0);
	control_request_done(request, NULL, "the configuration stays as it is now");
}

/* --- the world ------------------------------------------------------------------------------------ */

static const char *
in_scratch(const char *name)
{
	static char paths[4][256];
	static unsigned next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", scratch, name);
	return path;
}

static void
write_file(const char *name, const char *text, mode_t mode)
{
	FILE *file = fopen(in_scratch(name), "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	chmod(in_scratch(name), mode);
}

static void
use_editor(const char *script)
{
	char text[1024];

	snprintf(text, sizeof(text), "#!/bin/sh\ncd %s || exit 9\n%s\n", scratch, script);
	write_file("editor", text, 0700);
	setenv("VISUAL", in_scratch("editor"), 1);
}

static int
make_scratch(void **state)
{
	(void)state;
	snprintf(scratch, sizeof(scratch), "/tmp/twinspan-config-XXXXXX");
	assert_non_null(mkdtemp(scratch));
	mkdir(in_scratch("run"), 0700);
	setenv("XDG_RUNTIME_DIR", in_scratch("run"), 1);
	setenv("XDG_STATE_HOME", in_scratch("state"), 1);
	canned = (struct canned){.hash = "5f0e5f0e5f0e5f0e"};
	take(canned.text, sizeof(canned.text), first_text);
	return 0;
}

/* Files and folders of ours, two deep. */
static void
empty(const char *folder, unsigned depth)
{
	DIR *dir = opendir(folder);
	const struct dirent *entry;
	char path[512];

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		snprintf(path, sizeof(path), "%.200s/%.200s", folder, entry->d_name);
		if (unlink(path) != 0 && depth > 0)
			empty(path, depth - 1);
	}
	if (dir != NULL)
		closedir(dir);
	rmdir(folder);
}

static int
remove_scratch(void **state)
{
	(void)state;
	empty(scratch, 3);
	return access(scratch, F_OK) == 0;
}

static size_t
entries(const char *name)
{
	DIR *dir = opendir(in_scratch(name));
	const struct dirent *entry;
	size_t count = 0;

	while (dir != NULL && (entry = readdir(dir)) != NULL)
		count += entry->d_name[0] != '.';
	if (dir != NULL)
		closedir(dir);
	return count;
}

/* The text that was kept, which is the only one; NULL where there is none. */
static const char *
kept_text(void)
{
	static char text[BYTES];
	DIR *dir = opendir(in_scratch("state/twinspan"));
	const struct dirent *entry;
	char path[600] = "";
	struct stat status;
	FILE *file;

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] != '.')
			snprintf(path, sizeof(path), "%s/state/twinspan/%.200s", scratch, entry->d_name);
	}
	if (dir != NULL)
		closedir(dir);
	if (path[0] == '\0')
		return NULL;
	assert_int_equal(entries("state/twinspan"), 1);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
	file = fopen(path, "r");
	assert_non_null(file);
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	fclose(file);
	return text;
}

static struct world *
open_with(const struct screen_options *options)
{
	struct world *world = world_new_silent();

	canned.world = world;
	world_handle(world, "configuration", on_configuration, &canned);
	world_handle(world, "configure", on_configure, &canned);
	world_handle(world, "reload", on_reload, &canned);
	world_serve(world);
	screen_open(world, options);
	screen_wait(world, "● live");
	screen_wait(world, "═1═");
	return world;
}

static struct world *
open_sized(int rows, int cols)
{
	const struct screen_options options = {.rows = rows, .cols = cols};

	return open_with(&options);
}

static void
finish(struct world *world)
{
	screen_close(world);
	world_free(world);
	assert_int_equal(entries("run"), 0); /* nothing of a private file is left */
}

static void
wait_until(struct world *world, const size_t *count, size_t is)
{
	usec_t end = clock_monotonic() + 30 * USEC_PER_SEC;

	while (*count < is && clock_monotonic() < end)
		world_turn(world);
	assert_int_equal(*count, is);
}

static void
wait_file(struct world *world, const char *name)
{
	usec_t end = clock_monotonic() + 30 * USEC_PER_SEC;

	while (access(in_scratch(name), F_OK) != 0 && clock_monotonic() < end)
		world_turn(world);
	assert_int_equal(access(in_scratch(name), F_OK), 0);
}

/* --- the page ------------------------------------------------------------------------------------- */

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
		finish(world);
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
	finish(world);
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
	finish(world);
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
	canned.world = world;
	chmod(world_folder(world), 0755);
	world_handle(world, "configuration", on_configuration, &canned);
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
	finish(world);
}

/* --- the editor ----------------------------------------------------------------------------------- */

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
		finish(world);
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
	finish(world);
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
	assert_string_equal(canned.confirm, "");
	finish(world);
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
		finish(world);
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
	finish(world);
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
	finish(world);
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
	finish(world);
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
	finish(world);
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
	finish(world);
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
	finish(world);
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
	finish(world);
}

static void
somebody_elses_change_is_not_written_over(void **state)
{
	struct world *world;

	(void)state;
	use_editor("touch begun; while [ ! -e go ]; do sleep 0.02; done; sed -i 's/64512/64513/' \"$1\"");
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
	finish(world);
}

static void
a_gateway_that_goes_meanwhile_is_waited_for(void **state)
{
	struct world *world;

	(void)state;
	use_editor("touch begun; while [ ! -e go ]; do sleep 0.02; done; sed -i 's/64512/64513/' \"$1\"");
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
	finish(world);
}

static void
the_editor_has_the_terminal_for_itself(void **state)
{
	struct world *world;
	usec_t end;

	(void)state;
	use_editor("printf EDITING; touch begun; while [ ! -e go ]; do sleep 0.02; done; printf EDITED");
	world = open_sized(24, 80);
	screen_type(world, ":edit\r");
	wait_file(world, "begun");
	screen_resize(world, 36, 120);
	model_store_log(world_store(world), "info", "test", "core", "something new");
	screen_signal(world, SIGINT);                 /* Ctrl-C is the editor's */
	end = clock_monotonic() + 1200 * USEC_PER_MS; /* a second's tick has had its chance */
	while (clock_monotonic() < end)
		world_turn(world);
	write_file("go", "", 0600);
	screen_wait(world, "nothing was changed");
	assert_true(screen_wrote(world, "EDITINGEDITED"));
	screen_wait(world, "AS65010 · 192.0.2.10"); /* the new size is drawn */
	finish(world);
}

static void
the_private_file_is_private_and_goes_with_the_console(void **state)
{
	static const int signals[] = {SIGTERM, SIGHUP, SIGABRT};
	struct world *world;
	char line[128];
	FILE *file;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(signals); i++) {
		use_editor("trap '' HUP; stat -c '%a' \"$1\" \"${1%/*}\" >modes; touch begun; while [ ! -e "
			   "go ]; do sleep "
			   "0.02; done");
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
		write_file("go", "", 0600);
		finish(world);
		unlink(in_scratch("begun"));
		unlink(in_scratch("go"));
	}
}

/* --- the form ------------------------------------------------------------------------------------- */

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
		screen_type(world, " \t203.0.113.33\t169.254.21.2/30\tsesame_one.f3Xq81\t");
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
		finish(world);
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
	screen_type(world, "\tnowhere.example\t");
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
	finish(world);
}

static void
a_secret_can_be_made_and_shown(void **state)
{
	struct world *world = open_sized(36, 120);

	(void)state;
	screen_type(world, "N");
	screen_wait(world, "New connection");
	screen_type(world, "\x1b[B\x1b[B\x1b[B\x1b[B\x1b[B\x1b[B\x1b[B\x1b[B");
	screen_wait_row(world, "▸", "1: secret");
	screen_type(world, "\x07");
	screen_wait_gone(world, "at least 8");
	assert_false(screen_has(world, "********"));
	screen_type(world, "\x14");
	screen_wait(world, "********************************");
	screen_type(world, "\x1b");
	finish(world);
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
	finish(world);
}

#define IN_SCRATCH(test) cmocka_unit_test_setup_teardown(test, make_scratch, remove_scratch)

TEST_MAIN(IN_SCRATCH(the_page_shows_what_runs), IN_SCRATCH(a_search_goes_from_place_to_place),
	  IN_SCRATCH(a_file_that_differs_and_a_reload_are_said),
	  IN_SCRATCH(a_viewer_sees_it_and_is_told_why_no_more),
	  IN_SCRATCH(a_change_is_checked_shown_applied_and_kept),
	  IN_SCRATCH(cancel_has_the_focus_and_loses_nothing),
	  IN_SCRATCH(the_time_until_it_goes_back_can_be_chosen),
	  IN_SCRATCH(an_editor_that_changes_nothing_or_fails_changes_nothing),
	  IN_SCRATCH(what_a_failing_editor_wrote_is_not_lost), IN_SCRATCH(without_an_editor_it_says_so),
	  IN_SCRATCH(no_byte_of_a_file_is_lost_or_changed),
	  IN_SCRATCH(bytes_that_are_no_text_are_named_with_their_line),
	  IN_SCRATCH(errors_stand_with_their_lines_and_can_be_mended),
	  IN_SCRATCH(a_refusal_to_apply_keeps_the_text),
	  IN_SCRATCH(what_would_cut_ones_own_way_is_asked_a_second_time),
	  IN_SCRATCH(somebody_elses_change_is_not_written_over),
	  IN_SCRATCH(a_gateway_that_goes_meanwhile_is_waited_for),
	  IN_SCRATCH(the_editor_has_the_terminal_for_itself),
	  IN_SCRATCH(the_private_file_is_private_and_goes_with_the_console), IN_SCRATCH(a_connection_by_hand),
	  IN_SCRATCH(each_field_says_what_is_wrong), IN_SCRATCH(a_secret_can_be_made_and_shown),
	  IN_SCRATCH(a_connection_of_a_file_is_chosen_and_named))
