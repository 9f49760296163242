// SPDX-License-Identifier: GPL-2.0-or-later
/* Files; see file.h. */
#include "core/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/base/text.h"

#define FILES_WANTED 65536 /* each tunnel, each site has several */

void
file_allow_many(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur >= FILES_WANTED)
		return;
	files.rlim_cur = files.rlim_max < FILES_WANTED ? files.rlim_max : FILES_WANTED;
	setrlimit(RLIMIT_NOFILE, &files);
}

char *
file_read(const char *path, size_t most, size_t *length, struct error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	size_t room = 0;
	char *text = NULL;

	*length = 0;
	if (fd < 0) {
		error_set(err, "can't be opened: %s", strerror(errno));
		return NULL;
	}
	for (;;) {
		ssize_t got;

		if (*length == room) {
			char *larger;

			/* Not realloc: it would leave secrets behind in freed memory. */
			room = room != 0 ? room * 4 : 65536;
			larger = memory_zeroed(room + 1, 1);
			if (*length != 0)
				memcpy(larger, text, *length);
			memory_wipe_free(text, *length);
			text = larger;
		}
		got = read(fd, text + *length, room - *length);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			error_set(err, "can't be read: %s", strerror(errno));
			memory_wipe_free(text, *length);
			text = NULL;
			break;
		}
		*length += (size_t)got;
		if (*length > most)
			*length = most + 1;
		if (got == 0 || *length > most)
			break;
	}
	close(fd);
	return text;
}
