// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The configuration on screen: the page that shows it (page.c), its way through an editor (editor.c) and the
 * gateway's checks to a review with a diff (change.c, review.c, diff.c), and the guided form for a new
 * connection (new_connection.c on form.c). Nothing is ever lost on that way: a text that was edited and is
 * not applied is kept in a file that is named.
 *
 * What stands over the panel (the review, the form) is an overlay.
 */
#ifndef TWINSPAN_TUI_CONFIGURATION_H
#define TWINSPAN_TUI_CONFIGURATION_H

#include "tui/app.h"

/** Carries out a command of the console that is about the configuration; false for another command. */
bool configuration_command(struct app *app, const char *command);
/** The editor has the terminal: nobody may write to it. */
bool configuration_away(const struct app *app);
/** Something of it is on its way: an editor, a check, a review. */
bool configuration_under_way(const struct app *app);
/** "configuration goes back in 42 s: K keeps it"; false where no change waits for that. */
bool configuration_waits(const struct app *app, char *out, size_t size);
/** Ends the editor, and keeps what was edited; before the terminal is closed. */
void configuration_close(struct app *app);

/** `export` with the arguments of its row: opens the page of what the other side has to configure, of the
 * selected row where none is named; on that page another format. */
void export_run(struct app *app, const json_t *arguments);
/** The format that its key shows next. Returns `out`, or NULL where nothing can be exported. */
const char *export_next_format(struct app *app, char *out, size_t size);
/** The text of that page where it is on top, else NULL; borrowed. */
const char *export_text(struct app *app);

/** The page: a panel for app_push_panel(). */
struct panel *configuration_page(struct scene *scene);
bool is_configuration_page(const struct panel *panel);

#endif
