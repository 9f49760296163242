// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `--on SITE`: the command line on a gateway elsewhere. What SSH has to ask is asked on the terminal, not on
 * stdin, which may be a file; without a terminal the answer is no.
 */
#include "tui/cli_internal.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "tui/settings.h"
#include "tui/sites/reach.h"

/* Reads a line from the terminal. False for its end. */
static bool
read_line(int terminal, bool shown, char *out, size_t size)
{
	struct termios before, silent;
	bool known = tcgetattr(terminal, &before) == 0;
	ssize_t got;

	if (known && !shown) {
		silent = before;
		silent.c_lflag &= ~(tcflag_t)ECHO;
		tcsetattr(terminal, TCSAFLUSH, &silent);
	}
	got = read(terminal, out, size - 1);
	if (known && !shown) {
		tcsetattr(terminal, TCSAFLUSH, &before);
		dprintf(terminal, "\n");
	}
	if (got <= 0)
		return false;
	out[got] = '\0';
	out[strcspn(out, "\r\n")] = '\0';
	return true;
}

static void
on_ask(void *context, struct ssh_site *site, const struct ssh_question *question)
{
	int terminal = open("/dev/tty", O_RDWR | O_CLOEXEC);
	char answer[1024];
	bool given = false;

	(void)context;
	if (terminal >= 0 && question->kind == SSH_QUESTION_HOST_KEY) {
		dprintf(terminal, "%s: %s.\nIt shows %s\nIs that the right one? Type 'yes' to take it: ",
			question->site, question->text, question->detail);
		given = read_line(terminal, true, answer, sizeof(answer)) && strcmp(answer, "yes") == 0;
	} else if (terminal >= 0) {
		dprintf(terminal, "%s: %s: ", question->site, question->text);
		given = read_line(terminal, question->kind == SSH_QUESTION_TEXT, answer, sizeof(answer));
	}
	if (terminal >= 0)
		close(terminal);
	ssh_site_answer(site, given ? answer : NULL);
	explicit_bzero(answer, sizeof(answer));
}

static int
unknown_site(const struct settings *settings, const char *name)
{
	const char *names[256] = {NULL}, *near;
	char clean[64];

	for (size_t i = 0; i < settings->site_count && i + 1 < COUNT_OF(names); i++)
		names[i] = settings->sites[i].name;
	text_clean(clean, sizeof(clean), name);
	near = text_nearest(name, names);
	if (near != NULL)
		return cli_fail(CONTROL_EXIT_USAGE, "no site is called '%s' (did you mean '%s'?)", clean,
				near);
	return cli_fail(CONTROL_EXIT_USAGE, "no site is called '%s' in %s", clean, settings->path);
}

int
cli_on_open(struct cli *cli, const char *names)
{
	struct settings settings;
	struct error err = {""};
	const struct settings_site *site;
	int code = CONTROL_EXIT_DONE;

	if (!settings_load(&settings, cli->console->settings, &err))
		return cli_fail(CONTROL_EXIT_USAGE, "%s", err.text);
	site = settings_site(&settings, names);
	if (site == NULL)
		code = unknown_site(&settings, names);
	else
		cli->site = sites_reach(site, &(struct ssh_asker){.ask = on_ask});
	settings_free(&settings);
	return code;
}

void
cli_on_close(struct cli *cli)
{
	ssh_site_free(cli->site);
	cli->site = NULL;
}

void
cli_client_options(const struct cli *cli, struct control_client_options *out)
{
	out->socket = cli->socket;
	out->transport = cli->site != NULL ? ssh_site_transport(cli->site) : NULL;
}
