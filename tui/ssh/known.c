// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * known_hosts, read as ssh reads it: of several files, with patterns, exceptions, hashes, marks and ports,
 * and past what can't be read. libssh gives up a file at a line of the host that it can't read (then a
 * changed key would look like one that is not known yet), takes "!host" for a match, and knows every host
 * where
 * ~/.ssh/config has `StrictHostKeyChecking no`; so it decides nothing here. It is only given the lines of the
 * host, by which it asks for keys of the kinds that are known.
 */
#include "tui/ssh/known.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tui/ssh/configured.h"
#include "tui/ssh/pattern.h"

/* A line: whose key, and which. */
struct entry {
	const char *mark, *hosts, *type, *key; /* mark: "" for none */
};

/* A NUL ends it, as it does for ssh. */
static bool
split_line(char *line, struct entry *entry)
{
	char *next = NULL, *word = strtok_r(line, " \t\r\n", &next);

	if (word == NULL || word[0] == '#')
		return false;
	entry->mark = word[0] == '@' ? word : "";
	entry->hosts = word[0] == '@' ? strtok_r(NULL, " \t\r\n", &next) : word;
	entry->type = strtok_r(NULL, " \t\r\n", &next);
	entry->key = strtok_r(NULL, " \t\r\n", &next);
	return entry->key != NULL;
}

/* "|1|salt|hash": HMAC-SHA1 of the name, both in base64. */
static bool
hash_matches(const char *hosts, const char *name)
{
	static const char magic[] = "|1|";
	unsigned char salt[48], hash[EVP_MAX_MD_SIZE], text[2 * EVP_MAX_MD_SIZE];
	const char *at = hosts + sizeof(magic) - 1, *bar;
	unsigned length = 0;
	int salted;

	if (strncmp(hosts, magic, sizeof(magic) - 1) != 0 || (bar = strchr(at, '|')) == NULL ||
	    bar - at > 60 || (salted = EVP_DecodeBlock(salt, (const unsigned char *)at, (int)(bar - at))) < 3)
		return false;
	for (const char *c = bar; c > at && c[-1] == '='; c--)
		salted--;
	return salted > 0 &&
	       HMAC(EVP_sha1(), salt, salted, (const unsigned char *)name, strlen(name), hash, &length) !=
		   NULL &&
	       EVP_EncodeBlock(text, hash, (int)length) > 0 && strcmp((const char *)text, bar + 1) == 0;
}

/* The same the other way, with a salt of its own (`ssh-keygen -H`). */
static bool
hash_name(const char *name, char *out, size_t size)
{
	unsigned char salt[20], hash[EVP_MAX_MD_SIZE], salt_text[32], text[2 * EVP_MAX_MD_SIZE];
	unsigned length = 0;
	bool good = RAND_bytes(salt, sizeof(salt)) == 1 &&
		    HMAC(EVP_sha1(), salt, sizeof(salt), (const unsigned char *)name, strlen(name), hash,
			 &length) != NULL;

	if (good) {
		EVP_EncodeBlock(salt_text, salt, sizeof(salt));
		EVP_EncodeBlock(text, hash, (int)length);
		snprintf(out, size, "|1|%s|%s", (const char *)salt_text, (const char *)text);
	}
	return good;
}

static bool
hosts_have(const char *hosts, const char *name)
{
	if (name[0] == '\0')
		return false;
	return hosts[0] == '|' ? hash_matches(hosts, name) : ssh_pattern_list_has(hosts, name, true);
}

/* --- the files ----------------------------------------------------------------------------------- */

/* Is a file of which nothing can be read for that error not to be taken for an empty one? */
static bool
hides_lines(int number)
{
	return number == EMFILE || number == ENFILE || number == ENOMEM || number == EIO;
}

/* Calls `each` for every line of a file until it says false. One that is not there has none; `fault` is set
 * for one that has lines that can't be read. */
static void
read_lines(const char *path, bool (*each)(void *context, const struct entry *entry), void *context,
	   struct ssh_fault *fault)
{
	FILE *in = fopen(path, "re");
	char *line = NULL;
	size_t room = 0;
	struct entry entry;
	bool more = in != NULL, hidden = in == NULL && hides_lines(errno);

	while (more && getline(&line, &room, in) > 0)
		more = !split_line(line, &entry) || each(context, &entry);
	hidden = hidden || (more && !feof(in) && hides_lines(errno));
	if (hidden)
		ssh_fault_set(fault, false, "%.300s can't be read: %s: every host is refused", path,
			      strerror(errno));
	free(line);
	if (in != NULL)
		fclose(in);
}

/* --- for libssh ---------------------------------------------------------------------------------- */

struct writing {
	const char *name;  /* what is looked for */
	const char *named; /* what libssh calls it */
	int fd;
	size_t count;
};

static ssh_key
import(const struct entry *entry)
{
	enum ssh_keytypes_e type = ssh_key_type_from_name(entry->type);
	ssh_key key = NULL;

	return type != SSH_KEYTYPE_UNKNOWN && ssh_pki_import_pubkey_base64(entry->key, type, &key) == SSH_OK
		   ? key
		   : NULL;
}

static bool
write_entry(void *context, const struct entry *entry)
{
	struct writing *writing = context;
	ssh_key key;

	if (entry->mark[0] != '\0' || !hosts_have(entry->hosts, writing->name) ||
	    (key = import(entry)) == NULL)
		return true;
	ssh_key_free(key);
	writing->count++;
	return dprintf(writing->fd, "%s %s %s\n", writing->named, entry->type, entry->key) > 0;
}

static void
tell_libssh(struct ssh_known *known, ssh_session session)
{
	char host[256], named[300], path[64];
	unsigned port;
	struct writing writing = {.named = named, .name = known->name};

	known->lines = writing.fd = memfd_create("known_hosts", MFD_CLOEXEC);
	if (writing.fd < 0) {
		ssh_fault_set(&known->fault, false, "known_hosts can't be copied: %s", strerror(errno));
		return;
	}
	ssh_hop_address(session, host, sizeof(host), &port);
	if (port == 22)
		snprintf(named, sizeof(named), "%s", host);
	else
		snprintf(named, sizeof(named), "[%s]:%u", host, port);
	for (size_t i = 0; i < known->files.count; i++)
		read_lines(known->files.items[i], write_entry, &writing, &known->fault);
	writing.name = known->without_port;
	for (size_t i = 0; i < known->files.count && writing.count == 0; i++)
		read_lines(known->files.items[i], write_entry, &writing, &known->fault);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", known->lines);
	ssh_options_set(session, SSH_OPTIONS_KNOWNHOSTS, path);
	ssh_options_set(session, SSH_OPTIONS_GLOBAL_KNOWNHOSTS, "/dev/null");
}

void
ssh_known_open(struct ssh_known *known, const struct ssh_stop *stop, ssh_session session)
{
	char host[256], alias[256], word[16];
	unsigned port;

	memset(known, 0, sizeof(*known));
	ssh_hop_address(session, host, sizeof(host), &port);
	for (char *c = host; *c != '\0'; c++)
		*c = (char)tolower((unsigned char)*c);
	if (ssh_configured(stop, "HostKeyAlias", alias, sizeof(alias), &known->fault)) {
		snprintf(known->name, sizeof(known->name), "%s", alias);
	} else if (port == 22) {
		snprintf(known->name, sizeof(known->name), "%s", host);
	} else {
		snprintf(known->name, sizeof(known->name), "[%s]:%u", host, port);
		snprintf(known->without_port, sizeof(known->without_port), "%s", host);
	}
	known->hashed = ssh_configured(stop, "HashKnownHosts", word, sizeof(word), &known->fault) &&
			(strcasecmp(word, "yes") == 0 || strcasecmp(word, "true") == 0);
	ssh_known_find_files(known, stop, session, alias[0] != '\0' ? alias : stop->host);
	tell_libssh(known, session);
}

void
ssh_known_close(struct ssh_known *known)
{
	text_list_free(&known->files);
	text_list_free(&known->revoked);
	if (known->lines >= 0)
		close(known->lines);
	known->lines = -1;
}

/* --- what is known ------------------------------------------------------------------------------- */

struct looking {
	const struct ssh_known *known;
	ssh_key key;
	const char *text; /* its base64 */
	bool this, other, without_port, revoked, authority;
};

static bool
look_at_entry(void *context, const struct entry *entry)
{
	struct looking *looking = context;
	bool same = looking->text != NULL && strcmp(entry->key, looking->text) == 0;
	ssh_key key;

	if (strcmp(entry->mark, "@revoked") == 0) {
		/* whatever its hosts: who has lost a key has lost it */
		looking->revoked = looking->revoked || same;
	} else if (entry->mark[0] != '\0') {
		looking->authority = looking->authority || (strcmp(entry->mark, "@cert-authority") == 0 &&
							    hosts_have(entry->hosts, looking->known->name));
	} else if (!hosts_have(entry->hosts, looking->known->name)) {
		looking->without_port =
		    looking->without_port || (same && hosts_have(entry->hosts, looking->known->without_port));
	} else if ((key = import(entry)) != NULL) {
		same = looking->key != NULL && ssh_key_cmp(key, looking->key, SSH_KEY_CMP_PUBLIC) == 0;
		looking->this = looking->this || same;
		looking->other = looking->other || !same;
		ssh_key_free(key);
	}
	return true;
}

/* RevokedHostKeys: a list of keys, one a line. A KRL can't be read here. */
static enum ssh_known_as
look_at_revoked(const char *path, const char *text, struct ssh_fault *fault)
{
	static const char krl[] = "SSHKRL\n";
	FILE *in = fopen(path, "re");
	char *line = NULL, *next, *word;
	size_t room = 0;
	bool passing = in == NULL && hides_lines(errno);
	enum ssh_known_as as = in == NULL ? SSH_KNOWN_UNREADABLE : SSH_KNOWN_AS_NOBODY;

	while (as == SSH_KNOWN_AS_NOBODY && getline(&line, &room, in) > 0) {
		if (strncmp(line, krl, sizeof(krl) - 1) == 0)
			as = SSH_KNOWN_UNREADABLE;
		for (word = strtok_r(line, " \t\r\n", &next); word != NULL;
		     word = strtok_r(NULL, " \t\r\n", &next)) {
			if (strcmp(word, text) == 0)
				as = SSH_KNOWN_AS_REVOKED;
		}
	}
	if (as == SSH_KNOWN_AS_NOBODY && !feof(in))
		as = SSH_KNOWN_UNREADABLE; /* what stands behind an error counts, too */
	if (as == SSH_KNOWN_UNREADABLE)
		ssh_fault_set(fault, !passing,
			      "%.300s (RevokedHostKeys of ~/.ssh/config) can't be read as a list of keys: "
			      "every host is refused",
			      path);
	free(line);
	if (in != NULL)
		fclose(in);
	return as;
}

/* Which of what was found counts. */
static enum ssh_known_as
weigh(const struct looking *looking)
{
	return looking->revoked        ? SSH_KNOWN_AS_REVOKED
	       : looking->this         ? SSH_KNOWN_AS_THIS
	       : looking->other        ? SSH_KNOWN_AS_OTHER
	       : looking->without_port ? SSH_KNOWN_AS_THIS
				       : SSH_KNOWN_AS_NOBODY;
}

enum ssh_known_as
ssh_known_as(const struct ssh_known *known, ssh_key key, const char **file, struct ssh_fault *fault)
{
	struct looking looking = {.known = known, .key = key};
	struct ssh_fault why = known->fault;
	char *text = NULL;
	const char *at = "";
	enum ssh_known_as as = SSH_KNOWN_AS_NOBODY;

	if (ssh_pki_export_pubkey_base64(key, &text) != SSH_OK)
		return SSH_KNOWN_AS_REVOKED;
	looking.text = text;
	if (why.error.text[0] != '\0')
		as = SSH_KNOWN_UNREADABLE;
	for (size_t i = 0; i < known->revoked.count && as == SSH_KNOWN_AS_NOBODY; i++) {
		at = known->revoked.items[i];
		as = look_at_revoked(at, text, &why);
	}
	for (size_t i = 0; i < known->files.count; i++) {
		bool other = looking.other;

		read_lines(known->files.items[i], look_at_entry, &looking, &why);
		if (looking.other && !other)
			at = known->files.items[i];
	}
	ssh_string_free_char(text);
	if (file != NULL)
		*file = at;
	if (as == SSH_KNOWN_AS_NOBODY)
		as = why.error.text[0] == '\0' ? weigh(&looking) : SSH_KNOWN_UNREADABLE;
	if (as == SSH_KNOWN_UNREADABLE)
		*fault = why;
	return as;
}

bool
ssh_known_has_authority(const struct ssh_known *known)
{
	struct looking looking = {.known = known};
	struct ssh_fault fault = {0};

	for (size_t i = 0; i < known->files.count; i++)
		read_lines(known->files.items[i], look_at_entry, &looking, &fault);
	return looking.authority;
}

/* Does a line have to be ended first? */
static bool
ends_within_a_line(int fd)
{
	off_t end = lseek(fd, 0, SEEK_END);
	char last;

	return end > 0 && pread(fd, &last, 1, end - 1) == 1 && last != '\n';
}

bool
ssh_known_add(const struct ssh_known *known, ssh_key key, struct error *err)
{
	const char *path = known->users > 0 ? known->files.items[0] : NULL;
	char *text = NULL, name[sizeof(known->name)];
	int fd;
	bool good;

	if (path == NULL)
		return true;
	snprintf(name, sizeof(name), "%s", known->name);
	if (known->hashed && !hash_name(known->name, name, sizeof(name)))
		return error_set(err, "%s: the name can't be hashed", path);
	fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	good = fd >= 0 && ssh_pki_export_pubkey_base64(key, &text) == SSH_OK &&
	       dprintf(fd, "%s%s %s %s\n", ends_within_a_line(fd) ? "\n" : "", name,
		       ssh_key_type_to_char(ssh_key_type(key)), text) > 0;
	if (!good)
		error_set(err, "%s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	ssh_string_free_char(text);
	return good;
}
