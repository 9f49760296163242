// SPDX-License-Identifier: GPL-2.0-or-later
/* What lies over the panel and has all keys while it is open: the chooser of columns, "where does it go?". */
#ifndef TWINSPAN_TUI_OVERLAY_H
#define TWINSPAN_TUI_OVERLAY_H

#include "tui/canvas.h"
#include "tui/keys.h"

struct app;
struct overlay;

struct overlay_ops {
	/** Draws it over the body (between the tabs and the line of messages). */
	void (*draw)(struct overlay *overlay, const struct area *body);
	/** False: it is done and to be closed. */
	bool (*key)(struct overlay *overlay, key_code key);
	void (*close)(struct overlay *overlay);
	/** Once a second; may be NULL. */
	void (*tick)(struct overlay *overlay);
	const char *const *hints; /* key, word, key, word, ..., NULL: for the footer */
};

struct overlay {
	const struct overlay_ops *ops;
	struct app *app;
};

/** Puts it over the panel; takes it. Another one that is open is closed. */
void overlay_open(struct app *app, struct overlay *overlay);
void overlay_close(struct app *app);

/* --- arrange.c: columns and order --------------------------------------------------------------- */

struct panel;

/** Gives a panel that was just opened the columns and the order that the settings have for it. */
void arrange_panel(struct app *app, struct panel *panel);
/** Carries out "columns", "sort" or "reverse"; false for another command. `words` may be NULL. */
bool arrange_command(struct app *app, const char *command, const char *words);

/* --- where.c ------------------------------------------------------------------------------------ */

/** Opens the question where an address goes; NULL: it is still to be typed. */
void where_open(struct app *app, const char *address);

#endif
