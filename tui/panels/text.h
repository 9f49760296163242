// SPDX-License-Identifier: GPL-2.0-or-later
/* A page of text on top of the other panels: an explanation, a report, a configuration, a log. */
#ifndef TWINSPAN_TUI_PANELS_TEXT_H
#define TWINSPAN_TUI_PANELS_TEXT_H

#include <stdio.h>

#include "tui/panel.h"

struct text_page;

/* A line in parts: label and mark stand still at the left, the text wraps beside them, the tail follows it
 * (on a line of its own where there is no room). NULL for what isn't there. */
struct text_row {
	const char *label, *mark, *text, *tail;
	int label_cols, mark_cols; /* the room of both, a blank behind them included */
	enum theme_role mark_role, role, tail_role;
};

/* What keeps a page true while it is open. */
struct text_source {
	void (*tick)(struct panel *panel, void *context); /* once a second while it is on screen */
	void (*close)(void *context);
};

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
void text_panel_row(struct panel *panel, const struct text_row *row);
/** What stands at the right of the title: how old the page is. */
void text_panel_note(struct panel *panel, enum theme_role role, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/** Its title stands in a rule and its lines begin right under it: a part of another panel. */
void text_panel_compact(struct panel *panel);
/** Another title. */
void text_panel_title(struct panel *panel, const char *title);
/** `source` is borrowed for good; `context` is given back to its close. */
void text_panel_source(struct panel *panel, const struct text_source *source, void *context);
/** The context of a page that comes from `source`; NULL for any other panel. */
void *text_panel_context(const struct panel *panel, const struct text_source *source);
/** Its lines that the filter leaves, as they were given, unbroken. Returns how many. */
size_t text_panel_write(const struct panel *panel, FILE *out);
/** Empties it, to be filled anew; the place that was scrolled to stays. */
void text_panel_clear(struct panel *panel);
bool is_text_panel(const struct panel *panel);

#endif
