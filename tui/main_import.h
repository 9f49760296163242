// SPDX-License-Identifier: GPL-2.0-or-later
/* The files of other products, for the console's form; see main_import.c. */
#ifndef TWINSPAN_TUI_MAIN_IMPORT_H
#define TWINSPAN_TUI_MAIN_IMPORT_H

#include "tui/console.h"

extern const struct console_import main_import;

#endif
