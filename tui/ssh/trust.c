// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Is the host the one that we mean? Its key has to stand in known_hosts (the user's or the system's). One
 * that is not known is shown and asked about once; another one than the known is refused, whatever anybody
 * says.
 */
#include "tui/ssh/known.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static pthread_mutex_t file = PTHREAD_MUTEX_INITIALIZER; /* of known_hosts: attempts run side by side */

/* "ED25519 key SHA256:…" */
static bool
describe(ssh_key key, char *out, size_t size)
{
	unsigned char *hash = NULL;
	char *print = NULL;
	size_t length = 0;
	bool good = ssh_get_publickey_hash(key, SSH_PUBLICKEY_HASH_SHA256, &hash, &length) == 0 &&
		    (print = ssh_get_fingerprint_hash(SSH_PUBLICKEY_HASH_SHA256, hash, length)) != NULL;

	if (good)
		snprintf(out, size, "%s %s", ssh_key_type_to_char(ssh_key_type(key)), print);
	ssh_string_free_char(print);
	ssh_clean_pubkey_hash(&hash);
	return good;
}

static bool
remember(const struct ssh_known *known, ssh_key key, struct ssh_fault *fault)
{
	char folder[512];
	struct error err;
	bool written;

	ssh_folder(folder, sizeof(folder));
	mkdir(folder, 0700); /* where there is none */
	pthread_mutex_lock(&file);
	written = ssh_known_add(known, key, &err);
	pthread_mutex_unlock(&file);
	return written || ssh_fault_set(fault, true, "the host key of %s can't be written down: %s",
					known->name, err.text);
}

/* How ssh is made to ask about it: a site's name is none of its words. */
static const char *
asking(const struct ssh_stop *stop, char *out, size_t size)
{
	char port[16] = "";

	if (stop->port != 0 && stop->port != 22)
		snprintf(port, sizeof(port), "-p %u ", stop->port);
	snprintf(out, size, "ssh %s%s%s%.200s", port, stop->user != NULL ? stop->user : "",
		 stop->user != NULL ? "@" : "", stop->host);
	return out;
}

static bool
ask(struct ssh_link *link, const struct ssh_known *known, ssh_key key, const char *described,
    struct ssh_fault *fault)
{
	struct ssh_question question = {.kind = SSH_QUESTION_HOST_KEY};
	const char *authority =
	    ssh_known_has_authority(known) /* OpenSSH might not ask; libssh has no certificates of hosts */
		? "; its authority in known_hosts (@cert-authority) can't vouch for it here"
		: "";
	char command[400];

	snprintf(question.text, sizeof(question.text), "the host key of %.120s is not known%s", known->name,
		 authority);
	snprintf(question.detail, sizeof(question.detail), "%s", described);
	if (ssh_link_ask(link, &question, NULL))
		return remember(known, key, fault);
	if (authority[0] != '\0')
		return ssh_fault_set(
		    fault, true,
		    "the host key of %s is not known (%s) and was not taken%s; the console asks for it",
		    known->name, described, authority);
	return ssh_fault_set(
	    fault, true,
	    "the host key of %s is not known (%s) and was not taken; '%s' or the console asks for it",
	    known->name, described, asking(ssh_link_stop(link), command, sizeof(command)));
}

/* What makes ssh-keygen forget a key of that file's. */
static const char *
forgetting(const struct ssh_known *known, const char *path, char *out, size_t size)
{
	char folder[512], usual[600];

	ssh_folder(folder, sizeof(folder));
	snprintf(usual, sizeof(usual), "%s/known_hosts", folder);
	if (strcmp(path, usual) == 0)
		snprintf(out, size, "ssh-keygen -R '%s'", known->name);
	else
		snprintf(out, size, "ssh-keygen -f '%s' -R '%s'", path, known->name);
	return out;
}

static bool
trust(struct ssh_link *link, const struct ssh_known *known, ssh_key key, struct ssh_fault *fault)
{
	char described[128] = "", command[1200];
	const char *path;
	enum ssh_known_as as;

	if (!describe(key, described, sizeof(described)))
		return ssh_fault_set(fault, false, "%s shows no host key that can be read", known->name);
	pthread_mutex_lock(&file);
	as = ssh_known_as(known, key, &path, fault);
	pthread_mutex_unlock(&file);
	switch (as) {
	case SSH_KNOWN_AS_THIS:
		return true;
	case SSH_KNOWN_AS_NOBODY:
		return ask(link, known, key, described, fault);
	case SSH_KNOWN_AS_REVOKED:
		return ssh_fault_set(fault, true, "the host key of %s (%s) is revoked: refused", known->name,
				     described);
	case SSH_KNOWN_UNREADABLE:
		return false;
	case SSH_KNOWN_AS_OTHER:
		break;
	}
	return ssh_fault_set(
	    fault, true,
	    "the host key of %s has changed: refused. It shows %s, which is not the known one. Where "
	    "that is expected: %s",
	    known->name, described, forgetting(known, path, command, sizeof(command)));
}

bool
ssh_trust(struct ssh_link *link, ssh_session session, const struct ssh_known *known, struct ssh_fault *fault)
{
	ssh_key key = NULL;
	bool good;

	if (ssh_get_server_publickey(session, &key) != SSH_OK)
		return ssh_fault_set(fault, false, "%s shows no host key that can be read", known->name);
	good = trust(link, known, key, fault);
	ssh_key_free(key);
	return good;
}
