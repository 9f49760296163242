// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who we are: keys (keys.c), then what is typed (keyboard-interactive, password). Servers may want several of
 * them, one after the other.
 */
#include "tui/ssh/login.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MOST_STEPS 8 /* methods one after the other, and rounds of questions */

bool
login_ask(struct login *login, enum ssh_question_kind kind, const char *text, const char *detail, char *out)
{
	struct ssh_question question = {.kind = kind};

	text_clean(question.text, sizeof(question.text), text);
	text_clean(question.detail, sizeof(question.detail), detail);
	if (ssh_link_ask(login->link, &question, out))
		return true;
	login->asked_in_vain = true;
	return false;
}

/* --- what is typed ----------------------------------------------------------------------------- */

/* Adds the lines of a text, without blank ones, as one: "Duo login for ann; 1. Push; 2. Call". */
static void
add_lines(char *out, size_t size, const char *text, size_t length)
{
	const char *end = text + length;

	while (text < end) {
		size_t line = (size_t)(end - text), at = strlen(out);

		for (size_t i = 0; i < line; i++) {
			if (text[i] == '\n' || text[i] == '\r')
				line = i;
		}
		if (strspn(text, " \t") < line)
			snprintf(out + at, size - at, "%s%.*s", at > 0 ? "; " : "", (int)line, text);
		text += line + 1;
	}
}

/* "root@192.0.2.10 asks: Password", with what the server says of it. */
static bool
answer_prompt(struct login *login, unsigned index)
{
	char echo = 0, text[256], said[SSH_QUESTION_DETAIL] = "", secret[SSH_TEXT];
	const char *prompt = ssh_userauth_kbdint_getprompt(login->session, index, &echo),
		   *instruction = ssh_userauth_kbdint_getinstruction(login->session), *line;
	size_t length = prompt != NULL ? strlen(prompt) : 0;
	bool good;

	while (length > 0 && strchr(": \t\r\n", prompt[length - 1]) != NULL)
		length--; /* who asks puts a colon of its own */
	for (line = prompt + length; length > 0 && line > prompt && line[-1] != '\n' && line[-1] != '\r';)
		line--;
	if (instruction != NULL)
		add_lines(said, sizeof(said), instruction, strlen(instruction));
	if (length > 0)
		add_lines(said, sizeof(said), prompt, (size_t)(line - prompt));
	length = length > 0 ? (size_t)(prompt + length - line) : 0;
	snprintf(text, sizeof(text), "%s%s asks: %.*s", login->denied ? "wrong; " : "", login->name,
		 (int)(length < 200 ? length : 200), length > 0 ? line : "");
	if (!login_ask(login, echo ? SSH_QUESTION_TEXT : SSH_QUESTION_SECRET, text, said, secret))
		return false;
	good = ssh_userauth_kbdint_setanswer(login->session, index, secret) >= 0;
	explicit_bzero(secret, sizeof(secret));
	return good;
}

/* One time through the server's questions. `*asked`: there were some. */
static int
try_questions(struct login *login, bool *asked)
{
	int result = ssh_userauth_kbdint(login->session, NULL, NULL);

	for (int rounds = 0; result == SSH_AUTH_INFO && rounds < MOST_STEPS; rounds++) {
		int prompts = ssh_userauth_kbdint_getnprompts(login->session);

		for (int i = 0; i < prompts; i++) {
			*asked = true;
			if (!answer_prompt(login, (unsigned)i))
				return SSH_AUTH_DENIED;
		}
		login->denied = false;
		result = ssh_userauth_kbdint(login->session, NULL, NULL);
	}
	login->denied = *asked && result == SSH_AUTH_DENIED;
	return result;
}

static int
try_interactive(struct login *login)
{
	int result = SSH_AUTH_DENIED;
	bool asked = true;

	for (int tries = 0;
	     result == SSH_AUTH_DENIED && asked && !login->asked_in_vain && tries < LOGIN_TRIES; tries++) {
		asked = false;
		result = try_questions(login, &asked);
	}
	return result;
}

static int
try_password(struct login *login)
{
	char text[256], secret[SSH_TEXT];
	int result = SSH_AUTH_DENIED;

	snprintf(text, sizeof(text), "password of %s", login->name);
	for (int tries = 0; result == SSH_AUTH_DENIED && tries < LOGIN_TRIES; tries++) {
		if (!login_ask(login, SSH_QUESTION_SECRET, text, "", secret))
			return SSH_AUTH_DENIED;
		result = ssh_userauth_password(login->session, NULL, secret);
		explicit_bzero(secret, sizeof(secret));
		snprintf(text, sizeof(text), "wrong; password of %s", login->name);
	}
	return result;
}

/* --- the whole --------------------------------------------------------------------------------- */

static int
try_all(struct login *login, int methods)
{
	int result = SSH_AUTH_DENIED;

	if ((methods & SSH_AUTH_METHOD_PUBLICKEY) != 0)
		result = login_with_keys(login);
	if (result == SSH_AUTH_DENIED && (methods & SSH_AUTH_METHOD_INTERACTIVE) != 0 &&
	    !login->asked_in_vain)
		result = try_interactive(login);
	if (result == SSH_AUTH_DENIED && (methods & SSH_AUTH_METHOD_PASSWORD) != 0 && !login->asked_in_vain)
		result = try_password(login);
	return result;
}

static void
name_methods(int methods, char *out, size_t size)
{
	static const struct {
		int bit;
		const char *name;
	} names[] = {{SSH_AUTH_METHOD_PUBLICKEY, "a key"},
		     {SSH_AUTH_METHOD_INTERACTIVE, "answers typed by hand"},
		     {SSH_AUTH_METHOD_PASSWORD, "a password"}};

	out[0] = '\0';
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		if ((methods & names[i].bit) != 0)
			snprintf(out + strlen(out), size - strlen(out), "%s%s", out[0] != '\0' ? ", " : "",
				 names[i].name);
	}
}

/* Why it came to nothing. */
static bool
explain(const struct login *login, int result, int methods, struct ssh_fault *fault)
{
	const char *why = ssh_get_error(login->session);
	char wanted[96];

	name_methods(methods, wanted, sizeof(wanted));
	if (result == SSH_AUTH_ERROR && strstr(why, "Too many authentication failures") != NULL)
		return ssh_fault_set(fault, true,
				     "%s ended the login: too many wrong keys. Name its key (IdentityFile in "
				     "~/.ssh/config) and no "
				     "others (identities_only: yes for the site, or IdentitiesOnly yes)",
				     login->name);
	if (result == SSH_AUTH_ERROR)
		return ssh_fault_set(fault, false, "ssh to %s: %s", login->name,
				     login->unanswered ? "it does not answer" : why);
	if (login->locked[0] != '\0')
		return ssh_fault_set(fault, true, "%s would take the key %s, whose passphrase is not known",
				     login->name, login->locked);
	return ssh_fault_set(fault, true, "%s lets none of our keys in (it takes: %s)%s", login->name, wanted,
			     login->agent == NULL && getenv("SSH_AUTH_SOCK") == NULL
				 ? "; no agent runs here (SSH_AUTH_SOCK)"
				 : "");
}

bool
ssh_login(struct ssh_link *link, ssh_session session, struct ssh_fault *fault)
{
	struct login login = {.link = link, .session = session};
	int methods = 0, result = ssh_userauth_none(session, NULL);
	bool in;

	ssh_link_key(link, ""); /* a jump host's is not the site's */
	ssh_hop_name(session, login.name, sizeof(login.name));
	for (int step = 0; (result == SSH_AUTH_DENIED || result == SSH_AUTH_PARTIAL) && step < MOST_STEPS;
	     step++) {
		methods = ssh_userauth_list(session, NULL);
		result = try_all(&login, methods);
		if (result != SSH_AUTH_PARTIAL)
			break;
	}
	in = result == SSH_AUTH_SUCCESS || explain(&login, result, methods, fault);
	agent_close(login.agent);
	return in;
}
