// SPDX-License-Identifier: GPL-2.0-or-later
/* See configuration.h. */
#include "tests/console/configuration.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "tests/console/world.h"

/* --- a gateway with a configuration --------------------------------------------------------------- */

const char first_text[] =
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

struct canned canned;
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

void
set_confirm(struct canned *c, usec_t until)
{
	struct model_gateway *row = world_take(c->world, MODEL_KIND_GATEWAY, NULL);

	row->config_confirm_until = until;
	row->config_loaded_at = clock_wall();
	world_put(c->world, MODEL_KIND_GATEWAY, row);
}

void
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

/* --- the test's folder ---------------------------------------------------------------------------- */

const char *
in_scratch(const char *name)
{
	static char paths[4][256];
	static unsigned next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", scratch, name);
	return path;
}

void
write_file(const char *name, const char *text, mode_t mode)
{
	FILE *file = fopen(in_scratch(name), "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	chmod(in_scratch(name), mode);
}

void
use_editor(const char *script)
{
	char text[1024];

	snprintf(text, sizeof(text), "#!/bin/sh\ncd %s || exit 9\n%s\n", scratch, script);
	write_file("editor", text, 0700);
	setenv("VISUAL", in_scratch("editor"), 1);
}

int
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

int
remove_scratch(void **state)
{
	(void)state;
	empty(scratch, 3);
	return access(scratch, F_OK) == 0;
}

size_t
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

const char *
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

/* --- the console ---------------------------------------------------------------------------------- */

void
configuration_handle(struct world *world)
{
	canned.world = world;
	world_handle(world, "configuration", on_configuration, &canned);
	world_handle(world, "configure", on_configure, &canned);
	world_handle(world, "reload", on_reload, &canned);
}

struct world *
open_with(const struct screen_options *options)
{
	struct world *world = world_new_silent();

	configuration_handle(world);
	world_serve(world);
	screen_open_until_live(world, options);
	return world;
}

struct world *
open_sized(int rows, int cols)
{
	const struct screen_options options = {.rows = rows, .cols = cols};

	return open_with(&options);
}

void
finish_config(struct world *world)
{
	screen_finish(world);
	assert_int_equal(entries("run"), 0); /* nothing of a private file is left */
}

void
wait_until(struct world *world, const size_t *count, size_t is)
{
	usec_t end = clock_monotonic() + 30 * USEC_PER_SEC;

	while (*count < is && clock_monotonic() < end)
		world_turn(world);
	assert_int_equal(*count, is);
}

void
wait_file(struct world *world, const char *name)
{
	usec_t end = clock_monotonic() + 30 * USEC_PER_SEC;

	while (access(in_scratch(name), F_OK) != 0 && clock_monotonic() < end)
		world_turn(world);
	assert_int_equal(access(in_scratch(name), F_OK), 0);
}
