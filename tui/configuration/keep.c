// SPDX-License-Identifier: GPL-2.0-or-later
/* Where a text goes that was edited and not applied: a private file that is found again. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tui/configuration/configuration_internal.h"

/* Makes each folder of a path, but for the last name. */
static void
make_folders(const char *path)
{
	char copy[512];

	snprintf(copy, sizeof(copy), "%s", path);
	for (char *slash = strchr(copy + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(copy, 0700);
		*slash = '/';
	}
}

/* The I-th file of this second; the folder is XDG's for state (basedir-spec 0.8). */
static void
path_of(char *out, size_t size, const char *stamp, unsigned i)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	char number[16] = "";

	if (i != 0)
		snprintf(number, sizeof(number), "-%u", i);
	if (state != NULL && state[0] == '/')
		snprintf(out, size, "%s/twinspan/edited-%s%s.yaml", state, stamp, number);
	else
		snprintf(out, size, "%s/.local/state/twinspan/edited-%s%s.yaml",
			 home != NULL && home[0] == '/' ? home : "/tmp", stamp, number);
}

bool
keep_text(const char *text, char *path, size_t size, struct error *err)
{
	size_t length = strlen(text), done = 0;
	time_t now = time(NULL);
	struct tm parts;
	char stamp[32];
	int fd = -1;

	localtime_r(&now, &parts);
	strftime(stamp, sizeof(stamp), "%Y%m%d-%H%M%S", &parts);
	for (unsigned i = 0; i < 100 && fd < 0; i++) {
		path_of(path, size, stamp, i);
		make_folders(path);
		fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (fd < 0 && errno != EEXIST)
			break;
	}
	while (fd >= 0 && done < length) {
		ssize_t wrote = write(fd, text + done, length - done);

		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote < 0)
			break;
		done += (size_t)wrote;
	}
	if (fd < 0 || done < length)
		error_set(err, "%s can't be written: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return fd >= 0 && done == length;
}
