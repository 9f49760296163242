// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a panel is: something that draws a part of the model into an area, has a selection, and understands
 * the console's commands of moving and filtering. A panel knows the scene (the copy of the model, the time,
 * how graphs look), never the terminal or the app, so it can be drawn in a test.
 */
#ifndef TWINSPAN_TUI_PANEL_H
#define TWINSPAN_TUI_PANEL_H

#include "core/control/client.h"
#include "core/control/commands.h"
#include "core/model/model.h"
#include "tui/canvas.h"
#include "tui/past.h"
#include "tui/widgets/graph.h"
#include "tui/widgets/marks.h"

/* What an event said that stays true for a while. */
struct past_trouble {
	uint64_t sequence;
	usec_t at, until; /* wall clock */
	char text[200];
};

struct settings;
struct fleet;

struct scene {
	struct control_client *client; /* for pages of the large kinds; NULL: they stay empty */
	struct model_store *store;     /* the copy */
	struct history *history;
	struct past *past;               /* who asks for what was before; NULL: nobody */
	enum history_span span;          /* that the graphs show */
	const struct settings *settings; /* NULL: none */
	struct fleet *fleet;             /* all gateways; NULL: only this one */
	size_t site;                     /* which of them this is */
	struct past_trouble journal,
	    busy; /* kept by attention.c, which has looked at events up to `events_seen` */
	uint64_t events_seen;
	enum graph_style graph;
	usec_t now;                                   /* wall clock, one for a whole frame */
	void (*changed)(void *context);               /* a panel asks to be drawn again */
	void (*say)(void *context, const char *text); /* a warning for the line of messages; may be NULL */
	void *context;
};

struct panel;
struct table;

struct panel_ops {
	const char *name;     /* as in the command table's `panels` */
	const char *title;    /* in the line of tabs */
	enum model_kind kind; /* `:show KIND` opens it */
	bool tab;             /* always among the tabs */
	bool fleet;           /* it shows all sites, not only the one that one is at */
	const void *setup;    /* what a family of panels needs beyond this table */
	struct panel *(*open)(const struct panel_ops *ops, struct scene *scene);
	void (*close)(struct panel *panel);
	void (*draw)(struct panel *panel, const struct area *area);
	/** A console command with its first argument (or NULL). False where it means nothing to this panel.
	 */
	bool (*command)(struct panel *panel, const char *command, const char *argument);
	/** The selected row, borrowed until the next change; NULL where there is none. */
	const void *(*selected)(struct panel *panel, enum model_kind *kind);
	/** Selects by key; false where it isn't there. */
	bool (*select)(struct panel *panel, const char *key);
	/** "" shows all again. False with `err` where the text is no filter. */
	bool (*filter)(struct panel *panel, const char *text, struct error *err);
	/** "3 of 12 tunnels", for the line of tabs. */
	void (*status)(struct panel *panel, char *out, size_t size);
	/** The keys of the marked rows; may be NULL, or return NULL, where nothing can be marked. */
	struct marks *(*marks)(struct panel *panel);
	/**
	 * To the row of that number, from 1. False with `err` where there is no such row, as far as that is
	 * known at once. NULL: there are no rows.
	 */
	bool (*row)(struct panel *panel, uint64_t number, struct error *err);
	/** The panel's table, where it is one: for whoever arranges columns and order; may be NULL. */
	struct table *(*table)(struct panel *panel);
	/** Of a panel without a table: the names of its orders, the natural one first; may be NULL. */
	const char *const *orders;
	/** Orders by one of them, NULL: by the next one; false where it is none of them. */
	bool (*sort)(struct panel *panel, const char *order, bool descending);
	/** The order's name, borrowed, and whether it is turned around. */
	const char *(*sorted)(struct panel *panel, bool *descending);
	/** Once a second while it is on screen; may be NULL. */
	void (*tick)(struct panel *panel);
};

struct panel {
	const struct panel_ops *ops;
	struct scene *scene;
	char filter[128];
	bool anywhere; /* a page on all sites: it has something to show before the one that one is at is
			  reached */
};

/** All panels with a place of their own, tabs first; NULL-terminated. */
extern const struct panel_ops *const panels[];
/** The panel that shows a kind. */
const struct panel_ops *panel_of_kind(enum model_kind kind);

/** All that is known of one row; `row` is copied. Its commands are those of the panel of that kind. */
struct panel *panel_detail(struct scene *scene, enum model_kind kind, const void *row);

/** The kind of the rows that an argument names by their keys; false where it names none. */
bool panel_argument_kind(enum command_argument_kind argument, enum model_kind *out);
/**
 * The name by which a row answers to an argument of a command: a tunnel's row gives its own name, its
 * connection's and its peer's. NULL where it has none. Borrowed from the row or the store.
 */
const char *panel_argument(const struct model_store *store, enum model_kind kind, const void *row,
			   enum command_argument_kind argument);

#endif
