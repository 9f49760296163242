// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The way to a gateway over SSH (libssh): a transport for a control client, which runs `twinspan bridge` on
 * the far side. libssh waits where it talks, so each attempt has a thread of its own, which joins the channel
 * to a socket pair; the loop only ever sees its end of that. What only a person can decide or knows (an
 * unknown host key, a passphrase) is asked through functions of who opened the site, on the loop's thread.
 * Sites behind one jump host share its session.
 *
 * Everything of ~/.ssh that OpenSSH would heed counts here as far as libssh can: config, known_hosts, keys,
 * certificates, the agent. The folder is that of HOME.
 */
#ifndef TWINSPAN_TUI_SSH_H
#define TWINSPAN_TUI_SSH_H

#include <stdbool.h>

#include "core/base/text.h"
#include "core/control/transport.h"

struct ssh_site;

/* Where a site is; all text is copied. */
struct ssh_target {
	const char *name;              /* for people */
	const char *host;              /* as in ~/.ssh/config, or an address */
	const char *user;              /* NULL: ~/.ssh/config's, else the caller's own name */
	unsigned port;                 /* 0: ~/.ssh/config's, else 22 */
	const struct text_list *jumps; /* "user@host:port", nearest first; NULL or empty: ~/.ssh/config's */
	const char *command;           /* NULL: "twinspan bridge" */
	const char *role;              /* what the session is limited to; NULL: nothing */
	bool compress;
	bool identities_only; /* no key of the agent's but those of the host's key files (ssh_config(5)) */
};

/* How far the last attempt came. */
enum ssh_trouble {
	SSH_TROUBLE_NONE,     /* the far side's command ran */
	SSH_TROUBLE_WAY,      /* not yet there, or the host was not reached */
	SSH_TROUBLE_HOST_KEY, /* its key is not the known one, or none is known */
	SSH_TROUBLE_LOGIN     /* it doesn't let us in */
};

enum ssh_question_kind {
	SSH_QUESTION_HOST_KEY, /* yes or no: take the key into known_hosts? */
	SSH_QUESTION_SECRET,   /* a passphrase, password or code: not to be shown */
	SSH_QUESTION_TEXT      /* an answer that may be shown (keyboard-interactive) */
};

#define SSH_QUESTION_DETAIL 640 /* bytes: a menu of ways to be called back */

struct ssh_question {
	enum ssh_question_kind kind;
	char site[64];
	char text[256]; /* "the host key of 192.0.2.10 is not known", "Passphrase of /home/a/.ssh/id_ed25519"
			 */
	char detail[SSH_QUESTION_DETAIL]; /* the key's type and fingerprint, what the server says; "" for none
					   */
};

/* Who answers. Called on the loop's thread; none from within an ssh_ function. */
struct ssh_asker {
	void *context;
	/** Is to be answered, now or later, by ssh_site_answer(). */
	void (*ask)(void *context, struct ssh_site *site, const struct ssh_question *question);
	/** The question is withdrawn: its connection is gone. */
	void (*withdraw)(void *context, struct ssh_site *site);
};

/** `asker` may be NULL: then whatever would be asked is refused. */
struct ssh_site *ssh_site_new(const struct ssh_target *target, const struct ssh_asker *asker);
/** After its client was closed. Threads that still wait for the network end by themselves. */
void ssh_site_free(struct ssh_site *site);
/** For control_client_options; belongs to the site. */
const struct control_transport *ssh_site_transport(struct ssh_site *site);
/** NULL: no, or not known. A text is copied, and wiped after its use. */
void ssh_site_answer(struct ssh_site *site, const char *text);
/** How far the last attempt came that opened or failed. */
enum ssh_trouble ssh_site_trouble(const struct ssh_site *site);
/** What the present attempt is about, "asks for the host key"; "" where there is none. Copied into `out`. */
const char *ssh_site_phase(struct ssh_site *site, char *out, size_t size);

/** Splits "user@host:port", "[2001:db8::1]:22", "host". Texts are new (NULL: not given). False with `err`. */
struct error;
bool ssh_parse_address(const char *text, char **user, char **host, unsigned *port, struct error *err);

#endif
