// SPDX-License-Identifier: GPL-2.0-or-later
/* A page of text on top of the other panels: an explanation, a report, a configuration, a log. */
#ifndef TWINSPAN_TUI_PANELS_TEXT_H
#define TWINSPAN_TUI_PANELS_TEXT_H

#include "tui/panel.h"

struct text_page;

/**
 * A panel that shows lines; scrolled by the commands of moving, searched by `filter` (lines with that text).
 * `kind` and `name` (NULL for none) say which row it is about, so that the keys of that row's panel count
 * here.
 */
struct panel *text_panel(struct scene *scene, const char *title, enum model_kind kind, const char *name);
/** Adds lines: `text` is broken at newlines and, drawn, at blanks; tabs stand for eight columns. Control
 * bytes are cleaned away. */
void text_panel_add(struct panel *panel, enum theme_role role, const char *text);
void text_panel_print(struct panel *panel, enum theme_role role, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/** Empties it, to be filled anew; the place that was scrolled to stays. */
void text_panel_clear(struct panel *panel);
bool is_text_panel(const struct panel *panel);

#endif
