// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The operator's clipboard, reached through the terminal (OSC 52, xterm's control sequences), so that it
 * works over SSH too. It is only ever written, never asked for.
 */
#ifndef TWINSPAN_TUI_OUTPUT_CLIPBOARD_H
#define TWINSPAN_TUI_OUTPUT_CLIPBOARD_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/error.h"

/* What stands between us and the terminal, and must be told to hand the sequence on. */
enum clipboard_path { CLIPBOARD_DIRECT, CLIPBOARD_TMUX, CLIPBOARD_SCREEN };

/** By the environment: TMUX, or STY of GNU screen. */
enum clipboard_path clipboard_path_here(void);
/**
 * The bytes that put the text into the clipboard. Returns new, or NULL with `err` where the text is longer
 * than terminals take (74,000 bytes encoded, of which xterm's limit is the lowest).
 */
char *clipboard_bytes(const char *text, enum clipboard_path path, struct error *err);

#endif
