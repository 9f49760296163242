// SPDX-License-Identifier: GPL-2.0-or-later
/* What known_hosts knows of a host (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT). */
#ifndef TWINSPAN_TUI_SSH_KNOWN_H
#define TWINSPAN_TUI_SSH_KNOWN_H

#include "tui/ssh/ssh_internal.h"

enum ssh_known_as {
	SSH_KNOWN_AS_THIS,    /* by this key */
	SSH_KNOWN_AS_OTHER,   /* by others only */
	SSH_KNOWN_AS_NOBODY,  /* by none */
	SSH_KNOWN_AS_REVOKED, /* whoever shows this key is not to be trusted */
	SSH_KNOWN_UNREADABLE  /* what counts (a list of what is revoked) can't be read: nobody is trusted */
};

/* The files that count for a host, the user's first, and what it is called in them. */
struct ssh_known {
	char name[300];         /* "host", "[host]:2222", a HostKeyAlias */
	char without_port[256]; /* "host" where the name has its port too, else "" */
	struct text_list files, revoked;
	size_t users;           /* how many of the files are the user's */
	bool hashed;            /* whether names are written hashed (HashKnownHosts) */
	int lines;              /* a file of the lines that are this host's, for libssh; -1 for none */
	struct ssh_fault fault; /* why it is not known which files count; "" for nothing */
};

/* Finds the files of a session that has its options; libssh then prefers keys of the known kinds. To be
 * closed. */
void ssh_known_open(struct ssh_known *known, const struct ssh_stop *stop, ssh_session session);
void ssh_known_close(struct ssh_known *known);

/* known_files.c: the files alone. `alias`: what the host is called in their names (%k). */
void ssh_known_find_files(struct ssh_known *known, const struct ssh_stop *stop, ssh_session session,
			  const char *alias);

/* Reads the files anew. `file`, if not NULL, is set to the one that has another key; borrowed. `fault` is set
 * for SSH_KNOWN_UNREADABLE. */
enum ssh_known_as ssh_known_as(const struct ssh_known *known, ssh_key key, const char **file,
			       struct ssh_fault *fault);
/* Is there an authority that may vouch for it (@cert-authority)? */
bool ssh_known_has_authority(const struct ssh_known *known);
/* Writes the key into the first of the user's files; nowhere, which is good, where ~/.ssh/config wants none
 * (`UserKnownHostsFile none`): the key is taken for this connection. False with `err`. */
bool ssh_known_add(const struct ssh_known *known, ssh_key key, struct error *err);

#endif
