// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Inside the overview:
 *
 *   overview.c         which lines there are, in which order, and which of them is selected
 *   overview_draw.c    how they are drawn, and what stands around them
 *   overview_words.c   what is said of a connection
 */
#ifndef TWINSPAN_TUI_PANELS_OVERVIEW_INTERNAL_H
#define TWINSPAN_TUI_PANELS_OVERVIEW_INTERNAL_H

#include "tui/panel.h"
#include "tui/panels/attention.h"
#include "tui/widgets/table.h"

/* A line that can be selected: a connection (tunnel == NULL) or one of its tunnels. */
struct item {
	const struct model_connection *connection;
	const struct model_tunnel *tunnel;
};

enum overview_order { OVERVIEW_CONFIGURED, OVERVIEW_NAME, OVERVIEW_STATE, OVERVIEW_RATE, OVERVIEW_ORDERS };

struct overview {
	struct panel panel;
	struct model_filter *filter;
	struct item *items;
	size_t count, capacity, connections;    /* of `items`; those that pass the filter */
	const struct model_connection **sorted; /* room for all connections */
	enum overview_order order;
	bool descending;
	bool dirty;
	uint64_t version;
	size_t selected, top, page;
	char key[256];   /* of the selected line */
	char shown[256]; /* of the one that was drawn as that; "": a person has chosen since */
	struct marks marks;
	struct table_column measured[TABLE_COLUMNS + 1]; /* as of version `measured_at` of the store */
	uint64_t measured_at;
	struct attention attention;
	uint64_t attention_version; /* of the store, and the second, as of which it was collected */
	usec_t attention_second;
};

/** What needs a person, as of this second. */
const struct attention *overview_attention(struct overview *o);
/** The key of a line: the tunnel's or the connection's name. */
const char *overview_item_key(const struct item *item);
/** Keeps the selected line on screen. */
void overview_scroll(struct overview *o);

/* --- overview_draw.c --- */
void overview_draw(struct overview *o, const struct area *area);

/* --- overview_words.c --- */
/** "both spans up · pinned", "on one span · 2 down 4 min". */
void overview_say_state(const struct scene *scene, const struct model_connection *connection, char *out,
			size_t size);
/** "last move 3 d ago, 118 ms"; "" where there was none. */
void overview_say_last_move(const struct scene *scene, const struct model_connection *connection, char *out,
			    size_t size);
/** "dynamic · active/passive · prefers 1". */
void overview_say_kind(const struct model_connection *connection, char *out, size_t size);

#endif
