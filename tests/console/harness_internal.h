// SPDX-License-Identifier: GPL-2.0-or-later
/* What the files of the harness share: one world, and the few steps that they take in each other's name. */
#ifndef TWINSPAN_TESTS_CONSOLE_HARNESS_INTERNAL_H
#define TWINSPAN_TESTS_CONSOLE_HARNESS_INTERNAL_H

#include <sys/types.h>
#include <uv.h>
#include <vterm.h>

#include "core/base/clock.h"
#include "core/base/text.h"
#include "tests/console/harness.h"

/* How long anything is waited for: a test that waits this long has failed. */
#define PATIENCE (60 * USEC_PER_SEC)

struct world {
	uv_loop_t loop;
	struct model_store *store;
	struct control_server *server;
	char folder[64], socket[128];
	struct text_list commands;
	bool holds, guarded, own_path;
	char fails[64];
	struct control_request *held;
	pid_t child;
	int fd, status;
	bool ended, judged; /* the child; its end was looked at */
	VTerm *vterm;
	VTermScreen *screen;
	int rows, cols, margin;
	char *bytes; /* all that the console wrote */
	size_t byte_count;
	usec_t wrote; /* when the last bytes came */
	struct {
		const char *command;
		control_handler handler;
		void *context;
	} handlers[64]; /* of tests with answers of their own */
	size_t handler_count;
};

/** Reads what the console has written, looks whether it has ended. */
void screen_take_in(struct world *world);
/** Turns until nothing has come for a moment: a frame comes in several reads, its top can be new while its
 * bottom is old. */
void screen_settle(struct world *world);

#endif
