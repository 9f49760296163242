// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Questions of the command line. They are asked on the terminal, not on stdin, which may be a file; without a
 * terminal the answer is no. One is asked at a time, and the loop waits for the answer, so that nothing is
 * printed into it; the connections themselves are made by threads, which go on meanwhile.
 */
#include "tui/cli_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* The last passphrase: one key file lets into many sites, and is asked for once. */
static char known_file[256], known_secret[1024];

static volatile sig_atomic_t interrupted;

static void
on_signal(int number)
{
	interrupted = number;
}

/* Reads a line. False for its end, or a signal. */
static bool
read_text(int terminal, char *out, size_t size)
{
	ssize_t got = read(terminal, out, size - 1);

	out[got > 0 ? got : 0] = '\0';
	out[strcspn(out, "\r\n")] = '\0';
	return got > 0;
}

/* Reads a line that is not shown. Who interrupts it gets the terminal back as it was. */
static bool
read_hidden(int terminal, char *out, size_t size)
{
	static const int ends[] = {SIGINT, SIGTERM, SIGQUIT, SIGHUP};
	struct sigaction ours = {.sa_handler = on_signal}, before[COUNT_OF(ends)];
	struct termios shown, silent;
	bool known = tcgetattr(terminal, &shown) == 0, given;

	interrupted = 0;
	for (size_t i = 0; i < COUNT_OF(ends); i++)
		sigaction(ends[i], &ours, &before[i]);
	if (known) {
		silent = shown;
		silent.c_lflag &= ~(tcflag_t)ECHO;
		tcsetattr(terminal, TCSAFLUSH, &silent);
	}
	given = read_text(terminal, out, size);
	if (known)
		tcsetattr(terminal, TCSAFLUSH, &shown);
	dprintf(terminal, "\n");
	for (size_t i = 0; i < COUNT_OF(ends); i++)
		sigaction(ends[i], &before[i], NULL);
	if (interrupted != 0)
		raise(interrupted);
	return given;
}

static int
open_terminal(void)
{
	return open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
}

bool
cli_can_ask(void)
{
	int terminal = open_terminal();

	if (terminal >= 0)
		close(terminal);
	return terminal >= 0;
}

bool
cli_ask_for(const char *wanted, const char *format, ...)
{
	int terminal = open_terminal();
	char answer[256];
	va_list args;
	bool right;

	if (terminal < 0)
		return false;
	fflush(NULL);
	va_start(args, format);
	vdprintf(terminal, format, args);
	va_end(args);
	right = read_text(terminal, answer, sizeof(answer)) && strcmp(answer, wanted) == 0;
	close(terminal);
	return right;
}

/* --- what SSH asks ------------------------------------------------------------------------------------ */

/*
 * The file whose passphrase is wanted; NULL where something else is. What a server asks begins with its name
 * ("root@192.0.2.10 asks: …", "wrong; root@…"): none of them gets a passphrase by asking in these words.
 */
static const char *
passphrase_file(const struct ssh_question *question, bool *again)
{
	static const char first[] = "passphrase of ", second[] = "wrong; passphrase of ";

	if (question->kind != SSH_QUESTION_SECRET)
		return NULL;
	*again = strncmp(question->text, second, strlen(second)) == 0;
	if (*again)
		return question->text + strlen(second);
	return strncmp(question->text, first, strlen(first)) == 0 ? question->text + strlen(first) : NULL;
}

static void
remember(const struct ssh_question *question, const char *answer)
{
	bool again;
	const char *file = passphrase_file(question, &again);

	if (file == NULL)
		return;
	snprintf(known_file, sizeof(known_file), "%s", file);
	snprintf(known_secret, sizeof(known_secret), "%s", answer);
}

/* What was typed for that file already, unless that was wrong. */
static const char *
remembered(const struct ssh_question *question)
{
	bool again;
	const char *file = passphrase_file(question, &again);

	return file != NULL && !again && strcmp(file, known_file) == 0 ? known_secret : NULL;
}

void
cli_ask_forget(void)
{
	explicit_bzero(known_secret, sizeof(known_secret));
	known_file[0] = '\0';
}

static bool
ask(int terminal, const struct ssh_question *question, char *answer, size_t size)
{
	if (question->kind == SSH_QUESTION_HOST_KEY) {
		dprintf(terminal, "%s: %s.\nIt shows %s\nIs that the right one? Type 'yes' to take it: ",
			question->site, question->text, question->detail);
		return read_text(terminal, answer, size) && strcmp(answer, "yes") == 0;
	}
	if (question->detail[0] != '\0')
		dprintf(terminal, "%s: %s\n", question->site, question->detail);
	dprintf(terminal, "%s: %s: ", question->site, question->text);
	return question->kind == SSH_QUESTION_TEXT ? read_text(terminal, answer, size)
						   : read_hidden(terminal, answer, size);
}

static void
on_ask(void *context, struct ssh_site *site, const struct ssh_question *question)
{
	char answer[1024] = "";
	int terminal;
	bool given;

	(void)context;
	if (remembered(question) != NULL) {
		ssh_site_answer(site, remembered(question));
		return;
	}
	terminal = open_terminal();
	fflush(NULL);
	given = terminal >= 0 && ask(terminal, question, answer, sizeof(answer));
	if (terminal >= 0)
		close(terminal);
	if (given)
		remember(question, answer);
	ssh_site_answer(site, given ? answer : NULL);
	explicit_bzero(answer, sizeof(answer));
}

const struct ssh_asker cli_asker = {.ask = on_ask};
