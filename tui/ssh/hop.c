// SPDX-License-Identifier: GPL-2.0-or-later
/* One SSH session: its options, its connection, its end. */
#include "tui/ssh/ssh_internal.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tui/ssh/config_lines.h"
#include "tui/ssh/configured.h"
#include "tui/ssh/known.h"

void
ssh_folder(char *out, size_t size)
{
	const char *home = getenv("HOME");
	const struct passwd *user;

	if (home == NULL || home[0] != '/') {
		user = getpwuid(getuid());
		home = user != NULL ? user->pw_dir : "";
	}
	snprintf(out, size, "%s/.ssh", home);
}

static bool
read_config(ssh_session session, const struct ssh_stop *stop, struct ssh_fault *fault)
{
	char *lines = ssh_config_lines(stop, fault);
	bool good = lines != NULL && ssh_config_give(session, lines, fault);

	if (lines != NULL && !good)
		error_prefix(&fault->error, "the configuration of ssh can't be read");
	free(lines);
	return good;
}

static bool
configure(ssh_session session, const struct ssh_stop *stop, bool compress, struct ssh_fault *fault)
{
	char folder[512];
	long patience = SSH_PATIENCE_S;
	int on = 1, off = 0;

	ssh_folder(folder, sizeof(folder));
	ssh_options_set(session, SSH_OPTIONS_SSH_DIR, folder);
	ssh_options_set(session, SSH_OPTIONS_PROCESS_CONFIG,
			&off); /* read below: libssh looks in passwd's home */
	ssh_options_set(session, SSH_OPTIONS_TIMEOUT, &patience);
	ssh_options_set(session, SSH_OPTIONS_NODELAY, &on);
	if (ssh_options_set(session, SSH_OPTIONS_HOST, stop->host) != SSH_OK)
		return ssh_fault_set(fault, true, "%s is no host", stop->host);
	/* what is said here comes first, as with OpenSSH: the file does not overwrite it */
	if (stop->user != NULL)
		ssh_options_set(session, SSH_OPTIONS_USER, stop->user);
	if (stop->port != 0)
		ssh_options_set(session, SSH_OPTIONS_PORT, &stop->port);
	if (compress)
		ssh_options_set(session, SSH_OPTIONS_COMPRESSION, "yes");
	if (!read_config(session, stop, fault))
		return false;
	if (stop->user != NULL)
		ssh_options_set(session, SSH_OPTIONS_USER, stop->user);
	if (stop->port != 0)
		ssh_options_set(session, SSH_OPTIONS_PORT, &stop->port);
	ssh_options_set(session, SSH_OPTIONS_STRICTHOSTKEYCHECK, &on); /* whatever the file has */
	return true;
}

ssh_session
ssh_hop_new(const struct ssh_stop *stop, bool compress, struct ssh_fault *fault)
{
	ssh_session session = ssh_new();

	if (session == NULL) {
		ssh_fault_set(fault, false, "no memory for an SSH session");
		return NULL;
	}
	if (configure(session, stop, compress, fault))
		return session;
	ssh_free(session);
	return NULL;
}

const char *
ssh_hop_name(ssh_session session, char *out, size_t size)
{
	char *host = NULL, *user = NULL;
	unsigned port = 22;

	ssh_options_get(session, SSH_OPTIONS_HOST, &host);
	ssh_options_get(session, SSH_OPTIONS_USER, &user);
	ssh_options_get_port(session, &port);
	snprintf(out, size, "%s%s%s", user != NULL ? user : "", user != NULL ? "@" : "",
		 host != NULL ? host : "?");
	if (port != 22)
		snprintf(out + strlen(out), size - strlen(out), " port %u", port);
	ssh_string_free_char(host);
	ssh_string_free_char(user);
	return out;
}

void
ssh_hop_address(ssh_session session, char *host, size_t size, unsigned *port)
{
	char *known = NULL;

	*port = 22;
	ssh_options_get(session, SSH_OPTIONS_HOST, &known);
	ssh_options_get_port(session, port);
	snprintf(host, size, "%s", known != NULL ? known : "");
	ssh_string_free_char(known);
}

/* Has ~/.ssh/config a command that makes the connection? Where it only goes through other hosts, those stand
 * before this one on the way, which has a socket then. */
static bool
has_proxy_command(ssh_session session)
{
	char *command = NULL;
	bool has = ssh_options_get(session, SSH_OPTIONS_PROXYCOMMAND, &command) == SSH_OK &&
		   command != NULL && command[0] != '\0' && strcmp(command, "none") != 0;

	ssh_string_free_char(command);
	return has;
}

static bool
dial(struct ssh_link *link, ssh_session session, int *fd, struct ssh_fault *fault)
{
	char host[256];
	unsigned port;

	if (has_proxy_command(session))
		return true;
	ssh_hop_address(session, host, sizeof(host), &port);
	*fd = ssh_route_dial(link, host, port, fault);
	return *fd >= 0;
}

/* Connects, and looks at whom it has. */
static bool
meet(struct ssh_link *link, ssh_session session, const char *name, struct ssh_fault *fault)
{
	struct ssh_known known;
	bool good;

	ssh_known_open(&known, ssh_link_stop(link), session);
	good = ssh_connect(session) == SSH_OK;
	/* libssh reads it again when keys are exchanged anew: by then that descriptor is another file's */
	ssh_options_set(session, SSH_OPTIONS_KNOWNHOSTS, "/dev/null");
	if (!good) {
		ssh_fault_set(fault, false, "ssh to %s: %s", name, ssh_get_error(session));
	} else {
		ssh_link_phase(link, "checking the key of %s", name);
		good = ssh_trust(link, session, &known, fault);
		if (!good)
			fault->trouble = SSH_TROUBLE_HOST_KEY;
	}
	ssh_known_close(&known);
	return good;
}

bool
ssh_hop_open(struct ssh_link *link, ssh_session session, int fd, struct ssh_fault *fault)
{
	char name[160];

	ssh_hop_name(session, name, sizeof(name));
	ssh_link_phase(link, "connecting to %s", name);
	if (fd < 0 && !dial(link, session, &fd, fault))
		return false;
	if (fd >= 0)
		ssh_options_set(session, SSH_OPTIONS_FD, &fd);
	if (!meet(link, session, name, fault))
		return false;
	ssh_link_phase(link, "logging in at %s", name);
	if (ssh_login(link, session, fault))
		return true;
	fault->trouble = fault->lasting ? SSH_TROUBLE_LOGIN : SSH_TROUBLE_WAY;
	return false;
}

void
ssh_hop_free(ssh_session session)
{
	if (session == NULL)
		return;
	ssh_disconnect(session);
	ssh_free(session);
}
