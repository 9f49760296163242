// SPDX-License-Identifier: GPL-2.0-or-later
/* What of ssh's configuration counts for a host (config_lines.c, config_match.c). */
#ifndef TWINSPAN_TUI_SSH_CONFIG_LINES_H
#define TWINSPAN_TUI_SSH_CONFIG_LINES_H

#include "tui/ssh/ssh_internal.h"

#define SSH_CONFIG_FILES 1024 /* that one may consist of, all in all */
#define SSH_CONFIG_DEPTH 16   /* of files that include each other: ssh's */

/* The lines of ~/.ssh/config, and of the system's behind them, that count for a stop, in the order in which
 * they are read: without Host, Match and Include. Returns new; NULL with `fault` where anything could not be
 * read: what is left out might be what forbids something. Files that are not there, and included ones that
 * we may not read, are passed over. */
char *ssh_config_lines(const struct ssh_stop *stop, struct ssh_fault *fault);

/* Does the line begin with that option's name, in whatever case? Then what stands behind it, else NULL. */
const char *ssh_config_is_line(const char *line, const char *word);
/* The next word before `end`, without its quotes; false for none, or a comment. `equals`: a "=" ends it, as a
 * blank does. What does not fit is cut. */
bool ssh_config_word(const char **at, const char *end, bool equals, char *out, size_t size);

/* --- config_match.c ---------------------------------------------------------------------------- */

/* Whom a configuration is read for, and what it has said of that so far. */
struct ssh_config_reader {
	const struct ssh_stop *stop;
	char host[256]; /* HostName's, else as it was typed */
	char user[256]; /* who logs in there */
	char local[256];
	bool host_said, user_said;
	bool final;       /* it is read a second time, which `Match final` asks for */
	bool wants_final; /* such a line was met */
};

void ssh_config_reader_begin(struct ssh_config_reader *reader, const struct ssh_stop *stop);
/* A line that counts: what it says of host and user is what the next Match goes by. */
void ssh_config_reader_heed(struct ssh_config_reader *reader, const char *line, const char *end);
/* Do the lines behind "Host WORDS" count? */
bool ssh_config_host_counts(const struct ssh_config_reader *reader, const char *words, const char *end);
/* And those behind "Match WORDS"? False with `fault` where that can't be told. */
bool ssh_config_match_counts(struct ssh_config_reader *reader, const char *words, const char *end,
			     struct ssh_fault *fault);

#endif
