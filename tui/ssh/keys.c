// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which keys a server is offered, and in which order. It ends a login after a few wrong ones (six, as sshd
 * comes), and an agent may have many more: so first come those of the agent's that belong to the host's key
 * files, then these files, then what else the agent has (unless it is told that no others count, as with
 * OpenSSH's IdentitiesOnly), and last files of which nobody knows the public half without their passphrase.
 * None is offered twice.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "tui/ssh/configured.h"
#include "tui/ssh/login.h"
#include "tui/ssh/tokens.h"

#define LOOK_EVERY_MS 200
#define LATER (-100) /* beside SSH_AUTH_: not to be told without its passphrase */

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

static bool
decided(int result)
{
	return result == SSH_AUTH_SUCCESS || result == SSH_AUTH_PARTIAL || result == SSH_AUTH_ERROR;
}

/*
 * Asks the server and waits for its answer. libssh, where it waits itself, does not see that a server has
 * hung up after the last of too many keys, and stays for as long as it is allowed to.
 */
static int
ask_server(struct login *login, int (*ask)(ssh_session session, const char *user, const ssh_key key),
	   const ssh_key key)
{
	usec_t end = clock_monotonic() + SSH_PATIENCE_S * USEC_PER_SEC;
	int result;

	ssh_set_blocking(login->session, 0);
	while ((result = ask(login->session, NULL, key)) == SSH_AUTH_AGAIN) {
		struct pollfd wait = {.fd = ssh_get_fd(login->session), .events = POLLIN};

		login->unanswered = clock_monotonic() > end;
		if (!ssh_is_connected(login->session) || ssh_link_abandoned(login->link) || login->unanswered)
			break;
		poll(&wait, 1, LOOK_EVERY_MS);
	}
	ssh_set_blocking(login->session, 1);
	return result == SSH_AUTH_AGAIN || !ssh_is_connected(login->session) ? SSH_AUTH_ERROR : result;
}

static int
ask_agent(ssh_session session, const char *user, const ssh_key key)
{
	(void)key; /* it is the one that the agent shows */
	return ssh_userauth_agent(session, user);
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
	for (int tries = 0; result != SSH_OK && result != SSH_EOF && tries < LOGIN_TRIES; tries++) {
		if (!login_ask(login, SSH_QUESTION_SECRET, text, "", secret))
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

/* The public half of a key file, or the certificate beside it. NULL where there is none, or none that can be
 * read: OpenSSH's own format has it unlocked within the private one. */
static ssh_key
public_of(const char *path, bool certificate)
{
	char other[600];
	ssh_key key = NULL;

	snprintf(other, sizeof(other), "%s%s.pub", path, certificate ? "-cert" : "");
	if (certificate)
		return access(other, R_OK) == 0 && ssh_pki_import_cert_file(other, &key) == SSH_OK ? key
												   : NULL;
	if (access(other, R_OK) == 0 && ssh_pki_import_pubkey_file(other, &key) == SSH_OK)
		return key;
	return ssh_pki_import_pubkey_file(path, &key) == SSH_OK ? key : NULL;
}

/* As it stands in a .pub file. New; NULL for none. */
static char *
text_of(const ssh_key key)
{
	char *text = NULL;

	return key != NULL && ssh_pki_export_pubkey_base64(key, &text) == SSH_OK ? text : NULL;
}

static bool
was_offered(const struct login *login, const ssh_key public)
{
	char *text = text_of(public);
	bool offered = text != NULL && login->agent != NULL && agent_has(login->agent, text);

	ssh_string_free_char(text);
	return offered;
}

/* The server is asked first whether the public half (or its certificate) would do: nobody types a passphrase
 * in vain. */
static int
offer(struct login *login, const char *path, ssh_key public, bool certificate)
{
	ssh_key private;
	int result = ask_server(login, ssh_userauth_try_publickey, public);

	if (result != SSH_AUTH_SUCCESS)
		return result;
	private = read_wanted(login, path);
	result = SSH_AUTH_DENIED;
	if (private != NULL && (!certificate || ssh_pki_copy_cert_to_privkey(public, private) == SSH_OK)) {
		result = ask_server(login, ssh_userauth_publickey, private);
		note_key(login, private);
	}
	ssh_key_free(private);
	return result;
}

/* A key whose public half nobody knows. */
static int
try_private_alone(struct login *login, const char *path, bool may_ask)
{
	ssh_key private = NULL;
	int result = SSH_AUTH_DENIED;

	if (!may_ask && ssh_pki_import_privkey_file(path, NULL, NULL, NULL, &private) != SSH_OK)
		return LATER;
	if (private == NULL)
	private = read_private(login, path);
	if (private == NULL)
		return result;
	result = ask_server(login, ssh_userauth_publickey, private);
	if (result == SSH_AUTH_SUCCESS || result == SSH_AUTH_PARTIAL)
		note_key(login, private);
	ssh_key_free(private);
	return result;
}

/* A file that only says which of the agent's keys is meant. */
static bool
is_public_file(const char *path)
{
	size_t length = strlen(path);

	return length > 4 && strcmp(path + length - 4, ".pub") == 0;
}

static int
try_path(struct login *login, const char *path)
{
	ssh_key public;
	int result = SSH_AUTH_DENIED;

	if (access(path, R_OK) != 0 || is_public_file(path))
		return result;
	public = public_of(path, true);
	if (public != NULL && !was_offered(login, public))
		result = offer(login, path, public, true);
	ssh_key_free(public);
	if (decided(result))
		return result;
	public = public_of(path, false);
	if (public == NULL)
		return try_private_alone(login, path, false);
	if (!was_offered(login, public))
		result = offer(login, path, public, false);
	ssh_key_free(public);
	return result;
}

/* --- which ------------------------------------------------------------------------------------- */

static void
add_usual(const char *folder, struct text_list *files)
{
	static const char *const usual[] = {"id_ed25519", "id_ecdsa", "id_rsa"};
	char path[600];

	for (size_t i = 0; i < COUNT_OF(usual); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, usual[i]);
		if (!text_list_has(files, path))
			text_list_add(files, path);
	}
}

/* Their public halves and certificates. */
static void
list_texts(const struct text_list *files, struct text_list *texts)
{
	for (size_t i = 0; i < files->count; i++) {
		for (int certificate = 1; certificate >= 0; certificate--) {
			ssh_key key = public_of(files->items[i], certificate);
			char *text = text_of(key);

			if (text != NULL)
				text_list_add(texts, text);
			ssh_string_free_char(text);
			ssh_key_free(key);
		}
	}
}

static bool
only_these(const struct login *login)
{
	struct ssh_fault fault = {0};
	char word[16];
	bool said = ssh_configured(ssh_link_stop(login->link), "IdentitiesOnly", word, sizeof(word), &fault);

	return ssh_link_identities_only(login->link) || fault.error.text[0] != '\0' ||
	       (said && (strcasecmp(word, "yes") == 0 || strcasecmp(word, "true") == 0));
}

/* --- the agent --------------------------------------------------------------------------------- */

static void
on_sign(void *context, const char *fingerprint)
{
	ssh_link_key(context, fingerprint);
}

/* Its socket, as ssh_config(5) has it: IdentityAgent, else SSH_AUTH_SOCK. "" for none. */
static void
agent_path(const struct login *login, char *out, size_t size)
{
	const struct ssh_stop *stop = ssh_link_stop(login->link);
	struct ssh_fault fault = {0};
	struct ssh_tokens tokens;
	char word[256];
	const char *path = NULL;
	bool said = ssh_configured(stop, "IdentityAgent", word, sizeof(word), &fault);

	if (fault.error.text[0] != '\0')
		path = NULL; /* which one is not known */
	else if (!said || strcmp(word, "SSH_AUTH_SOCK") == 0)
		path = getenv("SSH_AUTH_SOCK");
	else if (word[0] == '$')
		path = getenv(word[1] == '{' ? strtok(word + 2, "}") : word + 1);
	else if (strcmp(word, "none") != 0)
		path = word;
	out[0] = '\0';
	if (path == NULL)
		return;
	ssh_tokens_tell(&tokens, stop, login->session, NULL);
	ssh_tokens_put(&tokens, path, out, size);
}

static void
open_agent(struct login *login)
{
	char path[512];
	int end;

	agent_path(login, path, sizeof(path));
	if (login->agent != NULL || path[0] == '\0')
		return;
	login->agent = agent_open(path, &end, on_sign, login->link);
	if (login->agent != NULL)
		ssh_set_agent_socket(login->session, end);
}

/* One key at a time: libssh would go on with the next one after the server has hung up. */
static int
try_agent(struct login *login, const struct text_list *texts, bool among)
{
	int result = SSH_AUTH_DENIED;

	for (bool begins = true;
	     login->agent != NULL && !decided(result) && agent_show_next(login->agent, texts, among, begins);
	     begins = false) {
		result = ask_server(login, ask_agent, NULL);
		if (result == SSH_AUTH_ERROR && ssh_is_connected(login->session) && !login->unanswered)
			result = SSH_AUTH_DENIED; /* an agent that does not sign */
	}
	return result;
}

/* --- the whole --------------------------------------------------------------------------------- */

int
login_with_keys(struct login *login)
{
	struct text_list files = {0}, texts = {0}, later = {0};
	bool only = only_these(login), said;
	char folder[512];
	int result;

	ssh_folder(folder, sizeof(folder));
	said = ssh_identities(ssh_link_stop(login->link), login->session, &files);
	if (!said)
		add_usual(folder, &files);
	list_texts(&files, &texts);
	open_agent(login);
	result = try_agent(login, &texts, true);
	for (size_t i = 0; i < files.count && !decided(result); i++) {
		result = try_path(login, files.items[i]);
		if (result == LATER)
			text_list_add(&later, files.items[i]);
	}
	if (!decided(result) && !only)
		result = try_agent(login, &texts, false);
	for (size_t i = 0; i < later.count && !decided(result); i++)
		result = try_private_alone(login, later.items[i], true);
	text_list_free(&files);
	text_list_free(&texts);
	text_list_free(&later);
	return result == LATER ? SSH_AUTH_DENIED : result;
}
