// SPDX-License-Identifier: GPL-2.0-or-later
/* What the other side has to configure, for the console; see main_export.c. */
#ifndef TWINSPAN_TUI_MAIN_EXPORT_H
#define TWINSPAN_TUI_MAIN_EXPORT_H

#include "tui/console.h"

extern const struct console_export main_export;

#endif
