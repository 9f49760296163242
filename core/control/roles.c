// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who may do what: the kernel says who connected (unix(7): SO_PEERCRED and SO_PEERGROUPS, both as they were
 * when the client connected, so that nothing it does afterwards counts). Root administers, and so does the
 * user that the gateway itself runs as; the group "twinspan" operates; everybody else views.
 */
#include "core/control/server_internal.h"

#include <grp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define OPERATORS "twinspan"
#define MOST_GROUPS 1024

enum command_role
control_role_of(uid_t user, const gid_t *groups, size_t count, gid_t operators)
{
	if (user == 0 || user == geteuid())
		return COMMAND_ADMIN;
	for (size_t i = 0; i < count && operators != (gid_t)-1; i++) {
		if (groups[i] == operators)
			return COMMAND_OPERATOR;
	}
	return COMMAND_VIEWER;
}

/* The group's number, -1 where the system has no such group. Asked anew each time: it may be made later. */
static gid_t
operators_group(void)
{
	char space[4096];
	struct group group, *found = NULL;

	if (getgrnam_r(OPERATORS, &group, space, sizeof(space), &found) != 0 || found == NULL)
		return (gid_t)-1;
	return found->gr_gid;
}

enum command_role
control_role_of_socket(int fd, char *who, size_t size)
{
	struct ucred user;
	socklen_t length = sizeof(user);
	gid_t groups[MOST_GROUPS];
	size_t count = 1;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &user, &length) != 0) {
		snprintf(who, size, "unknown");
		return COMMAND_VIEWER;
	}
	if (user.uid == 0)
		snprintf(who, size, "root");
	else
		snprintf(who, size, "uid %u", (unsigned)user.uid);
	groups[0] = user.gid;
#ifdef SO_PEERGROUPS
	length = sizeof(groups) - sizeof(groups[0]);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups + 1, &length) == 0)
		count += length / sizeof(groups[0]);
#endif
	return control_role_of(user.uid, groups, count, operators_group());
}
