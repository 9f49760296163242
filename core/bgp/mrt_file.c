// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A file that the loop fills and a thread writes. There are two buffers: the loop adds to one while the
 * thread writes the other. A job is one turn of the thread, and only one is under way.
 */
#include "core/bgp/mrt_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/text.h"

#define FLAGS (O_WRONLY | O_CLOEXEC | O_NOFOLLOW)
#define MODE 0640

struct mrt_file *
mrt_file_new(struct bgp_speaker *speaker, const char *path, unsigned keep, void (*ready)(void *context),
	     void *context)
{
	struct mrt_file *file = memory_zeroed(1, sizeof(*file));

	file->speaker = speaker;
	file->path = text_copy(path);
	file->part = text_format("%s.part", path);
	file->keep = keep;
	file->fd = -1;
	file->ready = ready;
	file->context = context;
	return file;
}

static void
free_file(struct mrt_file *file)
{
	if (file->fd >= 0)
		close(file->fd);
	buffer_free(&file->filling);
	buffer_free(&file->writing);
	free(file->path);
	free(file->part);
	free(file);
}

/* --- in the thread ----------------------------------------------------------------------------- */

static bool
fail(struct mrt_file *file, const char *path, const char *what)
{
	snprintf(file->failure, sizeof(file->failure), "%.120s %s: %s", path, what, strerror(errno));
	return false;
}

static bool
open_file(struct mrt_file *file, const char *path, int flags)
{
	file->fd = open(path, FLAGS | flags, MODE);
	return file->fd >= 0 || fail(file, path, "can't be opened");
}

static bool
close_file(struct mrt_file *file)
{
	int fd = file->fd;

	file->fd = -1;
	return fd < 0 || close(fd) == 0 || fail(file, file->path, "can't be written");
}

/* All of it or nothing: half a record would make what follows unreadable. */
static bool
write_waiting(struct mrt_file *file)
{
	off_t before = file->fd >= 0 ? lseek(file->fd, 0, SEEK_END) : 0;

	while (file->writing.length != 0 && file->fd >= 0) {
		ssize_t written = write(file->fd, buffer_head(&file->writing), file->writing.length);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0) {
			fail(file, file->path, "can't be written");
			if (before >= 0 && ftruncate(file->fd, before) != 0)
				close_file(file);
			return false;
		}
		buffer_consume(&file->writing, (size_t)written);
	}
	return true;
}

static void
shift(const struct mrt_file *file)
{
	for (unsigned i = file->keep; i > 0; i--) {
		char *from = i == 1 ? text_copy(file->path) : text_format("%s.%u", file->path, i - 1);
		char *to = text_format("%s.%u", file->path, i);

		/* Where there is none yet, there is nothing to move. */
		rename(from, to);
		free(from);
		free(to);
	}
	if (file->keep == 0)
		unlink(file->path);
}

static void
publish(struct mrt_file *file)
{
	if (fsync(file->fd) != 0) {
		fail(file, file->path, "can't be written");
		return;
	}
	if (!close_file(file))
		return;
	if (renameat2(AT_FDCWD, file->part, AT_FDCWD, file->path, RENAME_NOREPLACE) != 0) {
		fail(file, file->path, "can't be made");
		return;
	}
	file->made = false;
}

static void
work(uv_work_t *request)
{
	struct mrt_file *file = request->data;
	bool wrote = file->job == MRT_APPEND || write_waiting(file);

	switch (file->job) {
	case MRT_CREATE:
		file->made = open_file(file, file->part, O_CREAT | O_EXCL);
		break;
	case MRT_APPEND:
		close_file(file);
		if (open_file(file, file->path, O_CREAT | O_APPEND))
			write_waiting(file);
		break;
	case MRT_WRITE:
		break;
	case MRT_ROTATE:
		close_file(file);
		shift(file);
		open_file(file, file->path, O_CREAT | O_APPEND);
		break;
	case MRT_PUBLISH:
		if (wrote)
			publish(file);
		break;
	case MRT_ABANDON:
		close_file(file);
		if (file->made)
			unlink(file->part);
		file->made = false;
		break;
	case MRT_CLOSE:
		close_file(file);
		break;
	}
}

/* --- in the loop ------------------------------------------------------------------------------- */

static void
worked(uv_work_t *request, int status)
{
	struct mrt_file *file = request->data;
	struct bgp_speaker *speaker = file->speaker;

	file->busy = false;
	buffer_free(&file->writing);
	if (!file->ending)
		file->ready(file->context);
	else if (file->job != file->last)
		mrt_file_do(file, file->last);
	else
		free_file(file);
	speaker_handle_closed(speaker);
}

void
mrt_file_do(struct mrt_file *file, enum mrt_job job)
{
	struct buffer empty = {0};

	file->writing = file->filling;
	file->filling = empty;
	file->failure[0] = '\0';
	file->job = job;
	file->busy = true;
	file->work.data = file;
	/* The speaker stays until it is done. */
	file->speaker->handles++;
	uv_queue_work(file->speaker->loop, &file->work, work, worked);
}

void
mrt_file_end(struct mrt_file *file, enum mrt_job last)
{
	file->ending = true;
	file->last = last;
	if (!file->busy)
		mrt_file_do(file, last);
}
