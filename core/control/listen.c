// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Taking the place of the control socket. Whether somebody serves it is found by connecting: a socket file
 * that is left over from a crash refuses. Two gateways that start at the same moment are kept apart by a lock
 * on the folder, held from the look until we listen.
 */
#include "core/control/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 128

bool
control_listen_path_fits(const char *path, struct error *err)
{
	struct sockaddr_un address;

	if (*path == '\0')
		return error_set(err, "the path of the control socket is empty");
	if (strlen(path) >= sizeof(address.sun_path))
		return error_set(err, "%s: a socket's path has at most %zu bytes", path,
				 sizeof(address.sun_path) - 1);
	return true;
}

/* Makes the folder of `path` with all above it. */
static bool
make_folder(const char *path, struct error *err)
{
	char folder[sizeof(((struct sockaddr_un *)0)->sun_path)];

	snprintf(folder, sizeof(folder), "%s", path);
	for (char *slash = strchr(folder + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(folder, 0755) == 0)
			chmod(folder, 0755); /* whatever the umask says: viewers have to get in */
		else if (errno != EEXIST)
			return error_set(err, "cannot make the folder %s: %s", folder, strerror(errno));
		*slash = '/';
	}
	return true;
}

/* An open, locked folder of `path`, or -1. */
static int
lock_folder(const char *path, struct error *err)
{
	char folder[sizeof(((struct sockaddr_un *)0)->sun_path)];
	char *slash;
	int fd;

	snprintf(folder, sizeof(folder), "%s", path);
	slash = strrchr(folder, '/');
	if (slash == NULL)
		snprintf(folder, sizeof(folder), ".");
	else
		slash[slash == folder] = '\0';
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || flock(fd, LOCK_EX) != 0) {
		error_set(err, "cannot open the folder %s: %s", folder, strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	return fd;
}

/* Somebody answered: who? */
static bool
served(int fd, const char *path, struct error *err)
{
	struct ucred other = {0};
	socklen_t length = sizeof(other);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &other, &length) == 0 && other.pid > 0)
		return error_set(err, "another gateway (pid %d) serves %s", (int)other.pid, path);
	return error_set(err, "another gateway serves %s", path);
}

/* Makes sure that nothing is at `path`; false where it is not ours to take. */
static bool
clear_place(const char *path, struct error *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct stat info;
	int fd, error = 0;
	bool clear;

	if (lstat(path, &info) != 0)
		return errno == ENOENT || error_set(err, "%s: %s", path, strerror(errno));
	if (!S_ISSOCK(info.st_mode))
		return error_set(err, "%s is there and is not a socket", path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return error_set(err, "cannot make a socket: %s", strerror(errno));
	strcpy(address.sun_path, path); /* control_listen_path_fits() */
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
		error = errno;
	if (error == 0 || error == EAGAIN)
		clear = served(fd, path, err);
	else if (error != ECONNREFUSED)
		clear = error_set(err, "%s: %s", path, strerror(error));
	else
		clear = unlink(path) == 0 || error_set(err, "cannot replace %s: %s", path, strerror(errno));
	close(fd);
	return clear;
}

bool
control_listen_on(uv_pipe_t *pipe, const char *path, uv_connection_cb on_connection, struct error *err)
{
	int lock, failed = 0;
	bool clear;

	if (!control_listen_path_fits(path, err) || !make_folder(path, err) ||
	    (lock = lock_folder(path, err)) < 0)
		return false;
	clear = clear_place(path, err);
	if (clear) {
		failed = uv_pipe_bind(pipe, path);
		if (failed == 0 && chmod(path, 0666) != 0)
			failed = uv_translate_sys_error(errno);
		if (failed == 0)
			failed = uv_listen((uv_stream_t *)pipe, BACKLOG, on_connection);
	}
	close(lock);
	if (failed != 0)
		return error_set(err, "cannot listen on %s: %s", path, uv_strerror(failed));
	return clear;
}
