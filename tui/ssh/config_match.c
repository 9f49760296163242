// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Host and Match lines, as ssh has them (ssh_config(5), and what `ssh -G` of OpenSSH 9.2 prints). libssh 0.10
 * takes them differently: its Host is compared with what HostName has said, not with what was typed, so that
 * of two blocks for one alias the second one is lost; it passes over originalhost and takes final and
 * canonical for said. So it is not asked; but for the commands of `Match exec`, which it runs.
 */
#include "tui/ssh/config_lines.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "tui/ssh/configured.h"
#include "tui/ssh/pattern.h"

#define MOST_WORD 1024

void
ssh_config_reader_begin(struct ssh_config_reader *reader, const struct ssh_stop *stop)
{
	struct passwd entry, *found = NULL;
	char texts[4096];

	memset(reader, 0, sizeof(*reader));
	reader->stop = stop;
	if (getpwuid_r(getuid(), &entry, texts, sizeof(texts), &found) == 0 && found != NULL)
		snprintf(reader->local, sizeof(reader->local), "%s", entry.pw_name);
	snprintf(reader->host, sizeof(reader->host), "%s", stop->host);
	snprintf(reader->user, sizeof(reader->user), "%s", stop->user != NULL ? stop->user : reader->local);
	reader->user_said = stop->user != NULL;
}

/* HostName's tokens: %h is what was typed. */
static void
take_host(struct ssh_config_reader *reader, const char *word)
{
	size_t length = 0;

	reader->host[0] = '\0';
	for (const char *c = word; *c != '\0' && length + 1 < sizeof(reader->host); c++) {
		bool token = c[0] == '%' && (c[1] == 'h' || c[1] == '%');

		if (token && c[1] == 'h')
			snprintf(reader->host + length, sizeof(reader->host) - length, "%s",
				 reader->stop->host);
		else
			snprintf(reader->host + length, sizeof(reader->host) - length, "%c", *c);
		length += strlen(reader->host + length);
		c += token;
	}
}

void
ssh_config_reader_heed(struct ssh_config_reader *reader, const char *line, const char *end)
{
	const char *host = ssh_config_is_line(line, "HostName"), *user = ssh_config_is_line(line, "User");
	char word[256];

	if (host != NULL && !reader->host_said && ssh_config_word(&host, end, false, word, sizeof(word))) {
		reader->host_said = true;
		take_host(reader, word);
	}
	if (user != NULL && !reader->user_said && ssh_config_word(&user, end, false, word, sizeof(word))) {
		reader->user_said = true;
		snprintf(reader->user, sizeof(reader->user), "%s", word);
	}
}

bool
ssh_config_host_counts(const struct ssh_config_reader *reader, const char *words, const char *end)
{
	char word[MOST_WORD];
	bool counts = false;

	while (ssh_config_word(&words, end, false, word, sizeof(word))) {
		bool except = word[0] == '!';

		if (!ssh_pattern_matches(word + (except ? 1 : 0), word + strlen(word), reader->stop->host,
					 false))
			continue;
		if (except)
			return false;
		counts = true;
	}
	return counts;
}

/* Runs a command as libssh does. `words`: as they stand in the line. */
static bool
command_succeeds(const struct ssh_config_reader *reader, const char *words, const char *end,
		 struct ssh_fault *fault)
{
	ssh_session session = ssh_config_session(reader->stop);
	char *value = NULL, *text;
	bool succeeds;

	if (session == NULL)
		return ssh_fault_set(fault, false, "no memory for an SSH session");
	text = text_format("HostName %s\nUser \"%s\"\nMatch exec %.*s\n" SSH_CONFIG_STAND_IN " yes\n",
			   reader->host, reader->user, (int)(end - words), words);
	succeeds = ssh_config_give(session, text, fault) &&
		   ssh_options_get(session, SSH_OPTIONS_GLOBAL_KNOWNHOSTS, &value) == SSH_OK && value != NULL;
	ssh_string_free_char(value);
	free(text);
	ssh_free(session);
	return succeeds;
}

/* What the patterns of a criterion are compared with, NULL for none that is known; `*fold`: in whatever case.
 */
static const char *
compared(const struct ssh_config_reader *reader, const char *criterion, bool *fold)
{
	const struct {
		const char *criterion, *text;
		bool fold;
	} all[] = {
	    {"host", reader->host, true},
	    {"originalhost", reader->stop->host, true},
	    {"user", reader->user, false},
	    {"localuser", reader->local, false},
	};

	for (size_t i = 0; i < COUNT_OF(all); i++) {
		if (strcasecmp(all[i].criterion, criterion) == 0) {
			*fold = all[i].fold;
			return all[i].text;
		}
	}
	return NULL;
}

bool
ssh_config_match_counts(struct ssh_config_reader *reader, const char *words, const char *end,
			struct ssh_fault *fault)
{
	char criterion[64], word[MOST_WORD];
	bool counts = true, holds, negated, some = false, fold = false;

	for (; ssh_config_word(&words, end, true, criterion, sizeof(criterion)); some = true) {
		const char *name = criterion, *from = words, *text;
		bool runs;

		negated = name[0] == '!';
		name += negated ? 1 : 0;
		runs = strcasecmp(name, "exec") == 0;
		text = compared(reader, name, &fold);
		if (strcasecmp(name, "all") == 0) {
			holds = true;
		} else if (strcasecmp(name, "final") == 0 || strcasecmp(name, "canonical") == 0) {
			reader->wants_final = reader->wants_final || strcasecmp(name, "final") == 0;
			holds = reader->final;
		} else if (text == NULL && !runs) {
			return ssh_fault_set(fault, true, "'Match %s' is not known here", name);
		} else {
			if (!ssh_config_word(&words, end, true, word, sizeof(word)))
				return ssh_fault_set(fault, true, "'Match %s' is followed by nothing", name);
			if (!runs && strlen(word) + 1 == sizeof(word))
				return ssh_fault_set(fault, true, "'Match %s' is followed by too much", name);
			/* as with ssh, no command runs for lines that don't count anyway */
			holds = !runs    ? ssh_pattern_list_has(word, text, fold)
				: counts ? command_succeeds(reader, from, words, fault)
					 : negated;
		}
		if (fault->error.text[0] != '\0')
			return false;
		counts = counts && holds != negated;
	}
	return some ? counts : ssh_fault_set(fault, true, "'Match' is followed by nothing");
}
