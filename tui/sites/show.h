// SPDX-License-Identifier: GPL-2.0-or-later
/* `show` on several sites from the console: one table of all their rows, as `twinspan --on … show` prints it.
 */
#ifndef TWINSPAN_TUI_SITES_SHOW_H
#define TWINSPAN_TUI_SITES_SHOW_H

#include "tui/app.h"

/** Opens a page on the sites of these rows (keys of the fleet's list, copied); `arguments` are show's,
 * borrowed. What is wrong with them is said instead. */
void show_on_sites(struct app *app, const json_t *arguments, const struct text_list *sites);

#endif
