// SPDX-License-Identifier: GPL-2.0-or-later
/* One SSH session: its options, its connection, its end. */
#include "tui/ssh/ssh_internal.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

/* A file that is there and can't be used is an error; one that isn't there is none. */
static bool
read_config(ssh_session session, const char *path, struct ssh_fault *fault)
{
	if (access(path, F_OK) != 0 || ssh_options_parse_config(session, path) == SSH_OK)
		return true;
	return ssh_fault_set(fault, true, "%s can't be read: %s", path, ssh_get_error(session));
}

static bool
configure(ssh_session session, const struct ssh_stop *stop, bool compress, struct ssh_fault *fault)
{
	char folder[512], path[600];
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
	snprintf(path, sizeof(path), "%s/config", folder);
	if (!read_config(session, path, fault) || !read_config(session, "/etc/ssh/ssh_config", fault))
		return false;
	if (stop->user != NULL)
		ssh_options_set(session, SSH_OPTIONS_USER, stop->user);
	if (stop->port != 0)
		ssh_options_set(session, SSH_OPTIONS_PORT, &stop->port);
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
	if (ssh_connect(session) != SSH_OK)
		return ssh_fault_set(fault, false, "ssh to %s: %s", name, ssh_get_error(session));
	ssh_link_phase(link, "checking the key of %s", name);
	if (!ssh_trust(link, session, fault)) {
		fault->trouble = SSH_TROUBLE_HOST_KEY;
		return false;
	}
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
