// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A frame is one write. ncurses flushes behind each motion of the cursor: a full screen would go out in a
 * hundred pieces, each of which costs a system call here and there and may be shown by itself. So ncurses has
 * a descriptor of its own for the terminal, and while it draws, that descriptor is a file in memory.
 *
 * Only while it draws: modes are set and asked for through the same descriptor. The handler of fatal signals
 * writes to standard output, which is the terminal at all times.
 */
#include "tui/terminal_internal.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/base/text.h"

#define FIRST_FREE 3

FILE *
frame_open(struct frame_output *frame)
{
	*frame = (struct frame_output){.memory = memfd_create("frame", MFD_CLOEXEC)};
	frame->descriptor = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, FIRST_FREE);
	if (frame->descriptor >= 0)
		frame->file = fdopen(frame->descriptor, "w");
	return frame->file;
}

void
frame_close(struct frame_output *frame)
{
	if (frame->file != NULL)
		fclose(frame->file);
	else if (frame->descriptor >= 0)
		close(frame->descriptor);
	if (frame->memory >= 0)
		close(frame->memory);
	free(frame->bytes);
	*frame = (struct frame_output){.memory = -1, .descriptor = -1};
}

void
frame_begin(struct frame_output *frame)
{
	frame->drawing = frame->memory >= 0 && lseek(frame->memory, 0, SEEK_SET) == 0 &&
			 dup3(frame->memory, frame->descriptor, O_CLOEXEC) >= 0;
}

void
frame_end(struct terminal *terminal)
{
	struct frame_output *frame = &terminal->frame;
	off_t length;
	ssize_t got;

	if (!frame->drawing)
		return;
	frame->drawing = false;
	dup3(STDOUT_FILENO, frame->descriptor, O_CLOEXEC);
	length = lseek(frame->memory, 0, SEEK_CUR);
	if (length <= 0)
		return;
	if ((size_t)length > frame->size) {
		frame->size = (size_t)length * 2;
		frame->bytes = memory_resize(frame->bytes, frame->size);
	}
	got = pread(frame->memory, frame->bytes, (size_t)length, 0);
	terminal_send(terminal, frame->bytes, got > 0 ? (size_t)got : 0);
}
