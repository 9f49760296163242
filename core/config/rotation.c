// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The next secret of a tunnel, in a file beside that of its present one: written whole or not at all, and put
 * in its place by one rename. A gateway that ends anywhere between starts with both, or with the new one.
 */
#include "core/config/config_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

char *
config_next_path(const char *path)
{
	return text_format("%s.next", path);
}

static bool
write_whole(int fd, const uint8_t *secret, size_t length)
{
	return write(fd, secret, length) == (ssize_t)length && write(fd, "\n", 1) == 1 && fsync(fd) == 0;
}

/* So that the name lasts too. */
static void
sync_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder = slash != NULL ? text_format("%.*s", (int)(slash - path + 1), path) : text_copy(".");
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0) {
		fsync(fd);
		close(fd);
	}
	free(folder);
}

bool
config_next_write(const char *path, const uint8_t *secret, size_t length, struct error *err)
{
	char *next = config_next_path(path), *new = text_format("%s.next.new", path);
	bool good = false;
	int fd;

	unlink(new); /* of one that ended while writing */
	fd = open(new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		error_set(err, "%s can't be made: %s", new, strerror(errno));
	else if (!write_whole(fd, secret, length) || rename(new, next) != 0)
		error_set(err, "%s can't be written: %s", next, strerror(errno));
	else
		good = true;
	if (fd >= 0)
		close(fd);
	if (fd >= 0 && !good)
		unlink(new);
	if (good)
		sync_folder(path);
	free(next);
	free(new);
	return good;
}

bool
config_next_take(const char *path, struct error *err)
{
	char *next = config_next_path(path);
	bool good = rename(next, path) == 0;

	if (good)
		sync_folder(path);
	else
		error_set(err, "%s can't take the place of %s: %s", next, path, strerror(errno));
	free(next);
	return good;
}

bool
config_next_remove(const char *path, struct error *err)
{
	char *next = config_next_path(path);
	bool good = unlink(next) == 0 || errno == ENOENT;

	if (good)
		sync_folder(path);
	else
		error_set(err, "%s can't be removed: %s", next, strerror(errno));
	free(next);
	return good;
}

void
config_tunnel_set_next(struct config_tunnel *tunnel, const uint8_t *secret, size_t length)
{
	memory_wipe_free(tunnel->psk_next, tunnel->psk_next_length);
	tunnel->psk_next = NULL;
	tunnel->psk_next_length = length;
	if (length == 0)
		return;
	tunnel->psk_next = memory_zeroed(length, 1);
	memcpy(tunnel->psk_next, secret, length);
}

void
config_tunnel_take_next(struct config_tunnel *tunnel)
{
	memory_wipe_free(tunnel->psk, tunnel->psk_length);
	tunnel->psk = tunnel->psk_next;
	tunnel->psk_length = tunnel->psk_next_length;
	tunnel->psk_next = NULL;
	tunnel->psk_next_length = 0;
}
