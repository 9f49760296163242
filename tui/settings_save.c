// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Saving settings: the file is taken as text; the parts `theme` and `panels` at its top level are cut out,
 * from their key to the next line that is not theirs, and what is true now is put in their place. The result
 * must be readable again before it replaces the file.
 */
#include "tui/settings_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tui/yaml_file.h"

/* --- what the file says now ---------------------------------------------------------------------- */

/* The whole file as text, new; empty where there is none. NULL with `err`. */
static char *
read_text(const char *path, struct error *err)
{
	char bytes[4096], *text = NULL;
	size_t got, length = 0;
	FILE *file = fopen(path, "re"), *out;

	if (file == NULL && errno != ENOENT && errno != ENOTDIR) {
		error_set(err, "%s: %m", path);
		return NULL;
	}
	out = open_memstream(&text, &length);
	while (file != NULL && (got = fread(bytes, 1, sizeof(bytes), file)) > 0)
		fwrite(bytes, 1, got, out);
	if (file != NULL)
		fclose(file);
	fclose(out);
	return text;
}

/* Is this line the beginning of that part? */
static bool
begins(const char *line, const char *part)
{
	size_t length = strlen(part);

	return strncmp(line, part, length) == 0 && line[length] == ':';
}

/* A line that goes on with what stands above it. */
static bool
goes_on(const char *line)
{
	return line[0] == ' ' || line[0] == '\t' || line[0] == '-' || line[0] == '}' || line[0] == ']';
}

/* The text without a part: from its key to the next line that is not within it. */
static void
cut_part(char *text, const char *part)
{
	char *line = text, *end;

	while (*line != '\0' && !begins(line, part))
		line += strcspn(line, "\n") + (line[strcspn(line, "\n")] != '\0');
	if (*line == '\0')
		return;
	end = line;
	do {
		end += strcspn(end, "\n");
		end += *end != '\0';
	} while (*end != '\0' && goes_on(end));
	memmove(line, end, strlen(end) + 1);
}

/* --- what is true now ---------------------------------------------------------------------------- */

static void
write_panel(FILE *out, const struct settings_panel *panel)
{
	const char *between = "";

	if (panel->columns.count == 0 && panel->sort[0] == '\0')
		return;
	fprintf(out, "  %s: {", panel->name);
	if (panel->columns.count > 0) {
		fprintf(out, "columns: [");
		for (size_t i = 0; i < panel->columns.count; i++)
			fprintf(out, "%s%s", i > 0 ? ", " : "", panel->columns.items[i]);
		fprintf(out, "]");
		between = ", ";
	}
	if (panel->sort[0] != '\0')
		fprintf(out, "%ssort: %s, descending: %s", between, panel->sort,
			panel->descending ? "yes" : "no");
	fprintf(out, "}\n");
}

static void
write_parts(FILE *out, const struct settings *settings)
{
	bool any = false;

	if (settings->theme[0] != '\0')
		fprintf(out, "theme: \"%s\"\n", settings->theme);
	for (size_t i = 0; i < settings->panel_count; i++)
		any = any || settings->panels[i].columns.count > 0 || settings->panels[i].sort[0] != '\0';
	if (any)
		fprintf(out, "panels:\n");
	for (size_t i = 0; i < settings->panel_count; i++)
		write_panel(out, &settings->panels[i]);
	if (settings->sites_changed)
		settings_write_sites(out, settings);
}

/* --- replacing the file -------------------------------------------------------------------------- */

static bool
make_folders(const char *path, struct error *err)
{
	char folder[512];

	snprintf(folder, sizeof(folder), "%s", path);
	for (char *slash = strchr(folder + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(folder, 0700) != 0 && errno != EEXIST)
			return error_set(err, "%s: %m", folder);
		*slash = '/';
	}
	return true;
}

static bool
write_whole(int fd, const char *text)
{
	size_t length = strlen(text), done = 0;

	while (done < length) {
		ssize_t n = write(fd, text + done, length - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		done += (size_t)n;
	}
	return fsync(fd) == 0;
}

static bool
any_pair(struct yaml_file *r, yaml_node_t *key, yaml_node_t *value, void *out)
{
	(void)r;
	(void)key;
	(void)value;
	(void)out;
	return true;
}

static bool
replace(const char *path, const char *text, struct error *err)
{
	char temporary[600], *real = realpath(path, NULL);
	const char *target = real != NULL ? real : path; /* a link into somebody's dotfiles stays one */
	struct stat now;
	bool had = stat(target, &now) == 0, good;
	int fd;

	snprintf(temporary, sizeof(temporary), "%s.%d.new", target, (int)getpid());
	fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	good = fd >= 0 && (!had || fchmod(fd, now.st_mode & 0777) == 0) && write_whole(fd, text);
	if (!good)
		error_set(err, "%s: %m", temporary);
	if (fd >= 0)
		close(fd);
	if (good && !yaml_file_read(temporary, "the settings", any_pair, NULL, err) && errno != ENODATA)
		good = error_set(err,
				 "%s can't be changed by the console as it is written; write 'theme' and "
				 "'panels' as blocks at its left edge",
				 path);
	if (good && rename(temporary, target) != 0)
		good = error_set(err, "%s: %m", target);
	if (!good && fd >= 0)
		unlink(temporary);
	free(real);
	return good;
}

/* Is it all in one pair of braces? Then its parts are no lines that could be taken out and put anew. */
static bool
in_braces(const char *text)
{
	text += strspn(text, " \t\r\n");
	while (*text == '#' || strncmp(text, "---", 3) == 0) {
		text += strcspn(text, "\n");
		text += strspn(text, " \t\r\n");
	}
	return *text == '{';
}

bool
settings_save(const struct settings *settings, struct error *err)
{
	char *before, *after = NULL;
	size_t length;
	FILE *out;
	bool good;

	if (!make_folders(settings->path, err) || (before = read_text(settings->path, err)) == NULL)
		return false;
	if (in_braces(before)) {
		free(before);
		return error_set(err,
				 "%s is left as it is, being all in one pair of braces: write its keys on "
				 "lines of their own",
				 settings->path);
	}
	cut_part(before, "theme");
	cut_part(before, "panels");
	if (settings->sites_changed)
		cut_part(before, "sites");
	out = open_memstream(&after, &length);
	fprintf(out, "%s%s", before, before[0] != '\0' && before[strlen(before) - 1] != '\n' ? "\n" : "");
	write_parts(out, settings);
	fclose(out);
	good = replace(settings->path, after, err);
	free(before);
	free(after);
	return good;
}
