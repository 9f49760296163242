// SPDX-License-Identifier: GPL-2.0-or-later
/* Threads of this room. */
#ifndef TWINSPAN_TUI_SSH_THREAD_H
#define TWINSPAN_TUI_SSH_THREAD_H

#include <stdbool.h>

/** A thread that ends by itself and that nobody waits for. False where there can't be one. */
bool ssh_thread_start(void (*run)(void *argument), void *argument);

#endif
