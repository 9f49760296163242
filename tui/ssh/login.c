// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who we are: the agent's keys, then key files with their certificates, then what is typed
 * (keyboard-interactive, password). Servers may want several of them, one after the other.
 */
#include "tui/ssh/ssh_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MOST_STEPS 8 /* methods one after the other, and rounds of questions */
#define MOST_TRIES 3 /* of a passphrase, password */

struct login {
	struct ssh_link *link;
	ssh_session session;
	char name[160];
	bool asked_in_vain; /* a person was asked and said nothing */
	char locked[256];   /* a key file that would have let us in, had its passphrase been known */
};

static bool
ask(struct login *login, enum ssh_question_kind kind, const char *text, char *out)
{
	struct ssh_question question = {.kind = kind};

	text_clean(question.text, sizeof(question.text), text);
	if (ssh_link_ask(login->link, &question, out))
		return true;
	login->asked_in_vain = true;
	return false;
}

static void
note_key(struct login *login, const ssh_key key)
{
	unsigned char *hash = NULL;
	size_t length = 0;
	char *print;

	if (ssh_get_publickey_hash(key, SSH_PUBLICKEY_HASH_SHA256, &hash, &length) != 0)
		return;
	print = ssh_get_fingerprint_hash(SSH_PUBLICKEY_HASH_SHA256, hash, length);
	if (print != NULL)
		ssh_link_key(login->link, print);
	ssh_string_free_char(print);
	ssh_clean_pubkey_hash(&hash);
}

/* --- key files --------------------------------------------------------------------------------- */

/* A private key; asked for its passphrase where it has one. NULL where it can't be used. */
static ssh_key
read_private(struct login *login, const char *path)
{
	ssh_key key = NULL;
	char text[320], secret[SSH_TEXT];
	int result = ssh_pki_import_privkey_file(path, NULL, NULL, NULL, &key);

	snprintf(text, sizeof(text), "passphrase of %s", path);
	for (int tries = 0; result != SSH_OK && result != SSH_EOF && tries < MOST_TRIES; tries++) {
		if (!ask(login, SSH_QUESTION_SECRET, text, secret))
			return NULL;
		result = ssh_pki_import_privkey_file(path, secret, NULL, NULL, &key);
		explicit_bzero(secret, sizeof(secret));
		snprintf(text, sizeof(text), "wrong; passphrase of %s", path);
	}
	return result == SSH_OK ? key : NULL;
}

/* The same for a key that the server would take. */
static ssh_key
read_wanted(struct login *login, const char *path)
{
	ssh_key key = read_private(login, path);

	if (key == NULL)
		text_clean(login->locked, sizeof(login->locked), path);
	return key;
}

/* The server is asked first whether the public half (or its certificate) would do: nobody types a passphrase
 * in vain.
 */
static int
try_file(struct login *login, const char *path, bool certificate)
{
	char other[600];
	ssh_key public = NULL, private;
	int result;

	snprintf(other, sizeof(other), "%s%s.pub", path, certificate ? "-cert" : "");
	if (access(path, R_OK) != 0 || access(other, R_OK) != 0)
		return certificate || access(path, R_OK) != 0 ? SSH_AUTH_DENIED : -2;
	if ((certificate ? ssh_pki_import_cert_file(other, &public)
			 : ssh_pki_import_pubkey_file(other, &public)) != SSH_OK)
		return SSH_AUTH_DENIED;
	result = ssh_userauth_try_publickey(login->session, NULL, public);
	if (result == SSH_AUTH_SUCCESS) {
		private = read_wanted(login, path);
		result = SSH_AUTH_DENIED;
		if (private != NULL &&
		    (!certificate || ssh_pki_copy_cert_to_privkey(public, private) == SSH_OK)) {
			result = ssh_userauth_publickey(login->session, NULL, private);
			note_key(login, private);
		}
		ssh_key_free(private);
	}
	ssh_key_free(public);
	return result;
}

/* A key without its public half beside it. */
static int
try_private_alone(struct login *login, const char *path)
{
	ssh_key private = read_private(login, path);
	int result = SSH_AUTH_DENIED;

	if (private == NULL)
		return result;
	result = ssh_userauth_publickey(login->session, NULL, private);
	if (result == SSH_AUTH_SUCCESS || result == SSH_AUTH_PARTIAL)
		note_key(login, private);
	ssh_key_free(private);
	return result;
}

static bool
decided(int result)
{
	return result == SSH_AUTH_SUCCESS || result == SSH_AUTH_PARTIAL || result == SSH_AUTH_ERROR;
}

static int
try_path(struct login *login, const char *path)
{
	int result = try_file(login, path, true);

	if (!decided(result))
		result = try_file(login, path, false);
	return result == -2 ? try_private_alone(login, path) : result;
}

/* Those that ~/.ssh/config names: all that it names for the host, else what libssh knows of it and the files
 * that it includes. */
static int
try_configured(struct login *login, const char *folder, struct text_list *tried)
{
	char path[600], *one = NULL;
	int result = SSH_AUTH_DENIED;

	ssh_identities(ssh_link_stop(login->link), tried);
	if (ssh_options_get(login->session, SSH_OPTIONS_IDENTITY, &one) == SSH_OK && one != NULL) {
		if (strncmp(one, "%d/", 3) == 0)
			snprintf(path, sizeof(path), "%s/%s", folder, one + 3);
		else
			snprintf(path, sizeof(path), "%s", one);
		if (!text_list_has(tried, path))
			text_list_add(tried, path);
	}
	ssh_string_free_char(one);
	for (size_t i = 0; i < tried->count && !decided(result); i++)
		result = try_path(login, tried->items[i]);
	return result;
}

static int
try_keys(struct login *login)
{
	static const char *const usual[] = {"id_ed25519", "id_ecdsa", "id_rsa"};
	struct text_list tried = {0};
	char folder[512], path[600];
	int result = SSH_AUTH_DENIED;

	if (getenv("SSH_AUTH_SOCK") != NULL)
		result = ssh_userauth_agent(login->session, NULL);
	if (decided(result) && result != SSH_AUTH_ERROR)
		return result;
	ssh_folder(folder, sizeof(folder));
	result = try_configured(login, folder, &tried);
	for (size_t i = 0; i < COUNT_OF(usual) && !decided(result); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, usual[i]);
		if (!text_list_has(&tried, path))
			result = try_path(login, path);
	}
	text_list_free(&tried);
	return result;
}

/* --- what is typed ----------------------------------------------------------------------------- */

/* "root@192.0.2.10 asks: Password", with what the server says of it. */
static bool
answer_prompt(struct login *login, unsigned index)
{
	char echo = 0, text[256], secret[SSH_TEXT];
	const char *prompt = ssh_userauth_kbdint_getprompt(login->session, index, &echo);
	size_t length = prompt != NULL ? strlen(prompt) : 0;
	bool good;

	while (length > 0 && strchr(": \t\r\n", prompt[length - 1]) != NULL)
		length--; /* who asks puts a colon of its own */
	snprintf(text, sizeof(text), "%s asks: %.*s", login->name, (int)(length < 200 ? length : 200),
		 length > 0 ? prompt : "");
	if (!ask(login, echo ? SSH_QUESTION_TEXT : SSH_QUESTION_SECRET, text, secret))
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
		result = ssh_userauth_kbdint(login->session, NULL, NULL);
	}
	return result;
}

static int
try_interactive(struct login *login)
{
	int result = SSH_AUTH_DENIED;
	bool asked = true;

	for (int tries = 0; result == SSH_AUTH_DENIED && asked && !login->asked_in_vain && tries < MOST_TRIES;
	     tries++) {
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
	for (int tries = 0; result == SSH_AUTH_DENIED && tries < MOST_TRIES; tries++) {
		if (!ask(login, SSH_QUESTION_SECRET, text, secret))
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
		result = try_keys(login);
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

bool
ssh_login(struct ssh_link *link, ssh_session session, struct ssh_fault *fault)
{
	struct login login = {.link = link, .session = session};
	char wanted[96];
	int methods = 0, result = ssh_userauth_none(session, NULL);

	ssh_hop_name(session, login.name, sizeof(login.name));
	for (int step = 0; (result == SSH_AUTH_DENIED || result == SSH_AUTH_PARTIAL) && step < MOST_STEPS;
	     step++) {
		methods = ssh_userauth_list(session, NULL);
		result = try_all(&login, methods);
		if (result != SSH_AUTH_PARTIAL)
			break;
	}
	if (result == SSH_AUTH_SUCCESS)
		return true;
	name_methods(methods, wanted, sizeof(wanted));
	if (result == SSH_AUTH_ERROR)
		return ssh_fault_set(fault, false, "ssh to %s: %s", login.name, ssh_get_error(session));
	if (login.locked[0] != '\0')
		return ssh_fault_set(fault, true, "%s would take the key %s, whose passphrase is not known",
				     login.name, login.locked);
	return ssh_fault_set(fault, true, "%s lets none of our keys in (it takes: %s)%s", login.name, wanted,
			     getenv("SSH_AUTH_SOCK") == NULL ? "; no agent runs here (SSH_AUTH_SOCK)" : "");
}
