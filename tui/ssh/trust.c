// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Is the host the one that we mean? Its key has to stand in known_hosts (the user's or the system's). One
 * that is not known is shown and asked about once; another one than the known is refused, whatever anybody
 * says.
 */
#include "tui/ssh/ssh_internal.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static pthread_mutex_t file = PTHREAD_MUTEX_INITIALIZER; /* of known_hosts: attempts run side by side */

/* A line "@revoked HOSTS TYPE KEY" of known_hosts (sshd(8)), which libssh passes over. Whatever its hosts:
 * who has lost a key has lost it. */
static bool
names_revoked(char *line, const char *key)
{
	char *next = NULL, *word = strtok_r(line, " \t\r\n", &next);

	if (word == NULL || strcmp(word, "@revoked") != 0)
		return false;
	while ((word = strtok_r(NULL, " \t\r\n", &next)) != NULL) {
		if (strcmp(word, key) == 0)
			return true;
	}
	return false;
}

static bool
file_revokes(const char *path, const char *key)
{
	FILE *in = fopen(path, "re");
	char *line = NULL;
	size_t room = 0;
	bool found = false;

	while (in != NULL && !found && getline(&line, &room, in) > 0)
		found = names_revoked(line, key);
	free(line);
	if (in != NULL)
		fclose(in);
	return found;
}

static bool
is_revoked(ssh_session session)
{
	char folder[512], path[600], *text = NULL;
	ssh_key key = NULL;
	bool revoked = false;

	ssh_folder(folder, sizeof(folder));
	snprintf(path, sizeof(path), "%s/known_hosts", folder);
	if (ssh_get_server_publickey(session, &key) == SSH_OK &&
	    ssh_pki_export_pubkey_base64(key, &text) == SSH_OK)
		revoked = file_revokes(path, text) || file_revokes("/etc/ssh/ssh_known_hosts", text);
	ssh_string_free_char(text);
	ssh_key_free(key);
	return revoked;
}

/* "ED25519 key SHA256:…" */
static bool
describe(ssh_session session, char *out, size_t size)
{
	ssh_key key = NULL;
	unsigned char *hash = NULL;
	char *print = NULL;
	size_t length = 0;
	bool good = ssh_get_server_publickey(session, &key) == SSH_OK &&
		    ssh_get_publickey_hash(key, SSH_PUBLICKEY_HASH_SHA256, &hash, &length) == 0 &&
		    (print = ssh_get_fingerprint_hash(SSH_PUBLICKEY_HASH_SHA256, hash, length)) != NULL;

	if (good)
		snprintf(out, size, "%s %s", ssh_key_type_to_char(ssh_key_type(key)), print);
	ssh_string_free_char(print);
	ssh_clean_pubkey_hash(&hash);
	ssh_key_free(key);
	return good;
}

/* As it stands in known_hosts: "host", "[host]:2222". */
static void
known_name(ssh_session session, char *out, size_t size)
{
	char *host = NULL;
	unsigned port = 22;

	ssh_options_get(session, SSH_OPTIONS_HOST, &host);
	ssh_options_get_port(session, &port);
	if (port == 22)
		snprintf(out, size, "%s", host != NULL ? host : "?");
	else
		snprintf(out, size, "[%s]:%u", host != NULL ? host : "?", port);
	ssh_string_free_char(host);
}

static bool
remember(ssh_session session, const char *name, struct ssh_fault *fault)
{
	char folder[512];
	bool written;

	ssh_folder(folder, sizeof(folder));
	mkdir(folder, 0700); /* where there is none */
	pthread_mutex_lock(&file);
	written = ssh_session_update_known_hosts(session) == SSH_OK;
	pthread_mutex_unlock(&file);
	return written ||
	       ssh_fault_set(fault, true, "the host key of %s can't be written to %s/known_hosts: %s", name,
			     folder, ssh_get_error(session));
}

static bool
ask(struct ssh_link *link, ssh_session session, const char *name, const char *key, struct ssh_fault *fault)
{
	struct ssh_question question = {.kind = SSH_QUESTION_HOST_KEY};

	snprintf(question.text, sizeof(question.text), "the host key of %s is not known", name);
	snprintf(question.detail, sizeof(question.detail), "%s", key);
	if (ssh_link_ask(link, &question, NULL))
		return remember(session, name, fault);
	return ssh_fault_set(
	    fault, true,
	    "the host key of %s is not known (%s) and was not taken; 'ssh %s' or the console asks for it",
	    name, key, ssh_link_name(link));
}

bool
ssh_trust(struct ssh_link *link, ssh_session session, struct ssh_fault *fault)
{
	enum ssh_known_hosts_e known;
	char name[160], key[128] = "";
	bool revoked;

	known_name(session, name, sizeof(name));
	if (!describe(session, key, sizeof(key)))
		return ssh_fault_set(fault, false, "%s shows no host key that can be read", name);
	pthread_mutex_lock(&file);
	known = ssh_session_is_known_server(session);
	revoked = is_revoked(session);
	pthread_mutex_unlock(&file);
	if (revoked)
		return ssh_fault_set(fault, true, "the host key of %s (%s) is revoked: refused", name, key);
	switch (known) {
	case SSH_KNOWN_HOSTS_OK:
		return true;
	case SSH_KNOWN_HOSTS_UNKNOWN:
	case SSH_KNOWN_HOSTS_NOT_FOUND:
		return ask(link, session, name, key, fault);
	case SSH_KNOWN_HOSTS_CHANGED:
	case SSH_KNOWN_HOSTS_OTHER:
		return ssh_fault_set(
		    fault, true,
		    "the host key of %s has changed: refused. It shows %s, which is not the known one. Where "
		    "that is expected: ssh-keygen -R '%s'",
		    name, key, name);
	case SSH_KNOWN_HOSTS_ERROR:
		break;
	}
	return ssh_fault_set(fault, false, "the host key of %s can't be looked up: %s", name,
			     ssh_get_error(session));
}
