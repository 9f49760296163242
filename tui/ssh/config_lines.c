// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reads a configuration of ssh's, with all that it includes, and keeps the lines that count for one host, so
 * that neither we nor libssh, which is given them, have to ask again which they are. What is included counts
 * where it is included, and a Host or Match of an included file ends with that file.
 */
#include "tui/ssh/config_lines.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "tui/ssh/configured.h"
#include "tui/ssh/tokens.h"

struct reading {
	struct ssh_config_reader reader;
	FILE *out;
	size_t files;
	struct ssh_fault fault;
};

/* A file that is being read. */
struct file {
	const char *folder;
	int depth;
};

static void read_text(struct reading *reading, const char *text, const struct file *file);

static bool
failed(const struct reading *reading)
{
	return reading->fault.error.text[0] != '\0';
}

/* --- words ------------------------------------------------------------------------------------- */

const char *
ssh_config_is_line(const char *line, const char *word)
{
	size_t length = strlen(word);

	line += strspn(line, " \t");
	return strncasecmp(line, word, length) == 0 && line[length] != '\0' &&
		       strchr(" \t=\"", line[length]) != NULL
		   ? line + length
		   : NULL;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\f';
}

static void
skip_blanks(const char **at, const char *end)
{
	while (*at < end && is_blank(**at))
		(*at)++;
}

bool
ssh_config_word(const char **at, const char *end, bool equals, char *out, size_t size)
{
	size_t length = 0;
	bool quoted = false;

	skip_blanks(at, end);
	if (*at < end && **at == '=') {
		(*at)++;
		skip_blanks(at, end);
	}
	if (*at >= end || **at == '#')
		return false;
	for (; *at < end && (quoted || (!is_blank(**at) && !(equals && **at == '='))); (*at)++) {
		if (**at == '"')
			quoted = !quoted;
		else if (length + 1 < size)
			out[length++] = **at;
	}
	out[length] = '\0';
	return true;
}

/* --- what is included -------------------------------------------------------------------------- */

static void
include_file(struct reading *reading, const struct file *file, const char *path)
{
	char *text = ssh_config_read(path, &reading->fault);

	if (text != NULL && file->depth == SSH_CONFIG_DEPTH)
		ssh_fault_set(&reading->fault, true, "%.300s: files include each other more than %d deep",
			      path, SSH_CONFIG_DEPTH);
	else if (text != NULL && reading->files == SSH_CONFIG_FILES)
		ssh_fault_set(&reading->fault, true,
			      "%.300s: there are more than %d files with those included", path,
			      SSH_CONFIG_FILES);
	else if (text != NULL)
		read_text(reading, text, &(struct file){.folder = file->folder, .depth = file->depth + 1});
	free(text);
}

/* May a folder be passed over? */
static int
on_folder(const char *path, int number)
{
	(void)path;
	return !ssh_config_may_lack(number);
}

static void
include_pattern(struct reading *reading, const struct file *file, const char *word)
{
	bool below_home = word[0] == '~' && word[1] == '/';
	char home[512], *path;
	glob_t found = {0};
	int result;

	ssh_tokens_home(home, sizeof(home));
	path = text_format("%s%s%s",
			   word[0] == '/' ? ""
			   : below_home   ? home
					  : file->folder,
			   word[0] == '/' || below_home ? "" : "/", word + (below_home ? 1 : 0));
	result = glob(path, 0, on_folder, &found);
	if (result != 0 && result != GLOB_NOMATCH)
		ssh_fault_set(&reading->fault, false, "%.300s: the files of that name can't be looked for",
			      path);
	for (size_t i = 0; result == 0 && i < found.gl_pathc && !failed(reading); i++)
		include_file(reading, file, found.gl_pathv[i]);
	globfree(&found);
	free(path);
}

static void
include(struct reading *reading, const struct file *file, const char *words, const char *end)
{
	char word[1025];

	while (!failed(reading) && ssh_config_word(&words, end, false, word, sizeof(word))) {
		if (strlen(word) + 1 == sizeof(word))
			ssh_fault_set(&reading->fault, true, "%.64s...: that path is too long", word);
		else if (word[0] != '\0')
			include_pattern(reading, file, word);
	}
}

/* --- the lines --------------------------------------------------------------------------------- */

static void
take_line(struct reading *reading, const struct file *file, const char *line, const char *end, bool *counts)
{
	const char *hosts = ssh_config_is_line(line, "Host"), *match = ssh_config_is_line(line, "Match"),
		   *files = ssh_config_is_line(line, "Include");

	if (hosts != NULL) {
		*counts = ssh_config_host_counts(&reading->reader, hosts, end);
	} else if (match != NULL) {
		*counts = ssh_config_match_counts(&reading->reader, match, end, &reading->fault);
	} else if (*counts && files != NULL) {
		include(reading, file, files, end);
	} else if (*counts) {
		fprintf(reading->out, "%.*s\n", (int)(end - line), line);
		ssh_config_reader_heed(&reading->reader, line, end);
	}
}

static void
read_text(struct reading *reading, const char *text, const struct file *file)
{
	bool counts = true;

	reading->files++;
	while (*text != '\0' && !failed(reading)) {
		size_t length = strcspn(text, "\n");

		take_line(reading, file, text, text + length, &counts);
		text += length + (text[length] == '\n' ? 1 : 0);
	}
}

/* The user's, or the system's. One that is there and can't be used is an error. */
static void
read_file(struct reading *reading, const char *folder, const char *name)
{
	char path[600], *text;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (access(path, F_OK) != 0)
		return;
	reading->files = 0;
	text = ssh_config_read(path, &reading->fault);
	if (text == NULL && !failed(reading))
		ssh_fault_set(&reading->fault, true, "%s", strerror(errno));
	if (text != NULL)
		read_text(reading, text, &(struct file){.folder = folder});
	if (failed(reading))
		error_prefix(&reading->fault.error, "%s can't be read", path);
	free(text);
}

static void
read_files(struct reading *reading)
{
	char folder[512];

	ssh_folder(folder, sizeof(folder));
	read_file(reading, folder, "config");
	if (!failed(reading))
		read_file(reading, "/etc/ssh", "ssh_config");
}

char *
ssh_config_lines(const struct ssh_stop *stop, struct ssh_fault *fault)
{
	struct reading reading = {0};
	char *lines = NULL;
	size_t length = 0;

	ssh_config_reader_begin(&reading.reader, stop);
	reading.out = open_memstream(&lines, &length);
	if (reading.out == NULL)
		abort(); /* out of memory */
	read_files(&reading);
	if (reading.reader.wants_final && !failed(&reading)) {
		reading.reader.final = true;
		read_files(&reading);
	}
	fclose(reading.out);
	if (!failed(&reading))
		return lines;
	*fault = reading.fault;
	free(lines);
	return NULL;
}
