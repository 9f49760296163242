// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The overview: every connection as two spans to one shore. A connection takes a line of its own (how it
 * stands, in words) and one line for each tunnel; the selection walks over both. Above them stands what needs
 * a person, below them the last events.
 *
 * The lines are an index that is made anew when something changed: the connections that pass the filter, in
 * the order that was chosen, each followed by its tunnels. The selection is a name, so it stays where the
 * order changes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/format.h"
#include "tui/panels/overview_internal.h"
#include "tui/panels/panels.h"
#include "tui/widgets/table.h"

/* --- the lines
 * ------------------------------------------------------------------------------------------------ */

const char *
overview_item_key(const struct item *item)
{
	return item->tunnel != NULL ? item->tunnel->name : item->connection->name;
}

static bool
passes(const struct overview *o, const struct model_connection *connection,
       const struct model_tunnel *const *tunnels, size_t count)
{
	if (o->filter == NULL ||
	    model_filter_match(o->filter, model_kind_info(MODEL_KIND_CONNECTION)->shape, connection))
		return true;
	for (size_t i = 0; i < count; i++) {
		if (model_filter_match(o->filter, model_kind_info(MODEL_KIND_TUNNEL)->shape, tunnels[i]))
			return true;
	}
	return false;
}

/* How urgently a connection wants to be seen, the most urgent first. */
static int
rank(const struct model_connection *connection)
{
	static const char *const states[] = {"down", "degraded", "up", "disabled"};

	if (connection->attention != NULL || connection->confirm_until != 0)
		return connection->state != NULL && strcmp(connection->state, "down") == 0 ? 0 : 1;
	for (size_t i = 0; i < COUNT_OF(states); i++) {
		if (connection->state != NULL && strcmp(connection->state, states[i]) == 0)
			return (int)i;
	}
	return COUNT_OF(states);
}

static uint64_t
rate(const struct model_connection *connection)
{
	return (connection->rx_bps != MODEL_UINT_UNSET ? connection->rx_bps : 0) +
	       (connection->tx_bps != MODEL_UINT_UNSET ? connection->tx_bps : 0);
}

static int
compare(const void *a, const void *b, void *context)
{
	const struct overview *o = context;
	const struct model_connection *x = *(const struct model_connection *const *)a,
				      *y = *(const struct model_connection *const *)b;
	int result = 0;

	if (o->order == OVERVIEW_STATE)
		result = rank(x) - rank(y);
	else if (o->order == OVERVIEW_RATE && rate(x) != rate(y))
		result = rate(x) > rate(y) ? -1 : 1;
	if (result == 0)
		result = strverscmp(x->name, y->name);
	return o->descending ? -result : result;
}

/* All connections in the order that was chosen; the configuration's own can be turned around too. */
static size_t
sort(struct overview *o)
{
	const struct model_store *store = o->panel.scene->store;
	size_t all = model_store_count(store, MODEL_KIND_CONNECTION), count = 0;

	for (size_t i = 0; i < all; i++) {
		size_t at = o->order == OVERVIEW_CONFIGURED && o->descending ? all - 1 - i : i;
		const struct model_connection *connection = model_store_at(store, MODEL_KIND_CONNECTION, at);

		if (connection->name != NULL)
			o->sorted[count++] = connection;
	}
	if (o->order != OVERVIEW_CONFIGURED)
		qsort_r(o->sorted, count, sizeof(o->sorted[0]), compare, o);
	return count;
}

static void
collect(struct overview *o)
{
	const struct model_store *store = o->panel.scene->store;
	size_t all = model_store_count(store, MODEL_KIND_CONNECTION);

	if (all * 3 > o->capacity) {
		o->capacity = all * 3 + 16;
		o->items = memory_resize(o->items, o->capacity * sizeof(*o->items));
		o->sorted = memory_resize(o->sorted, o->capacity * sizeof(*o->sorted));
	}
	o->count = o->connections = 0;
	all = all > 0 ? sort(o) : 0;
	for (size_t i = 0; i < all; i++) {
		const struct model_connection *connection = o->sorted[i];
		const struct model_tunnel *tunnels[2];
		size_t count = connection_tunnels(store, connection->name, tunnels);

		if (!passes(o, connection, tunnels, count))
			continue;
		o->connections++;
		o->items[o->count++] = (struct item){.connection = connection};
		for (size_t t = 0; t < count; t++)
			o->items[o->count++] = (struct item){.connection = connection, .tunnel = tunnels[t]};
	}
}

/* Makes the lines true, and finds the selected one again by its key. */
static void
settle(struct overview *o)
{
	uint64_t version = model_store_version(o->panel.scene->store);

	if (!o->dirty && version == o->version)
		return;
	collect(o);
	o->version = version;
	o->dirty = false;
	if (o->selected < o->count && strcmp(overview_item_key(&o->items[o->selected]), o->key) == 0)
		return;
	for (size_t i = 0; i < o->count; i++) {
		if (strcmp(overview_item_key(&o->items[i]), o->key) == 0) {
			o->selected = i;
			return;
		}
	}
	if (o->selected >= o->count)
		o->selected = o->count > 0 ? o->count - 1 : 0;
	snprintf(o->key, sizeof(o->key), "%s", o->count > 0 ? overview_item_key(&o->items[o->selected]) : "");
}

const struct attention *
overview_attention(struct overview *o)
{
	struct scene *scene = o->panel.scene;
	uint64_t version = model_store_version(scene->store);
	usec_t second = scene->now / USEC_PER_SEC;

	if (version != o->attention_version || second != o->attention_second)
		attention_collect(scene, &o->attention);
	o->attention_version = version;
	o->attention_second = second;
	return &o->attention;
}

static void
choose(struct overview *o, size_t i)
{
	o->selected = i;
	o->shown[0] = '\0';
	if (i < o->count)
		snprintf(o->key, sizeof(o->key), "%s", overview_item_key(&o->items[i]));
}

void
overview_scroll(struct overview *o)
{
	if (o->selected < o->top)
		o->top = o->selected;
	/* a tunnel is shown under its connection's line where both fit */
	if (o->page > 3 && o->selected < o->count && o->items[o->selected].tunnel != NULL &&
	    o->selected <= o->top + 1 && o->top > 0 && o->items[o->top].tunnel != NULL)
		o->top--;
	if (o->page > 0 && o->selected >= o->top + o->page)
		o->top = o->selected - o->page + 1;
	if (o->top + o->page > o->count)
		o->top = o->count > o->page ? o->count - o->page : 0;
}

/* --- the panel
 * ------------------------------------------------------------------------------------------------ */

static struct panel *
overview_open(const struct panel_ops *ops, struct scene *scene)
{
	struct overview *o = memory_zeroed(1, sizeof(*o));

	o->panel.ops = ops;
	o->panel.scene = scene;
	o->dirty = true;
	return &o->panel;
}

static void
overview_close(struct panel *panel)
{
	struct overview *o = (struct overview *)panel;

	model_filter_free(o->filter);
	marks_clear(&o->marks);
	free(o->items);
	free(o->sorted);
	free(o);
}

/* The selected line has gone since it was drawn: the one in its place is not what a person means. */
static bool
is_lost(const struct overview *o)
{
	return o->shown[0] != '\0' && strcmp(o->shown, o->key) != 0;
}

/* All lines of tunnels that are shown, or none. */
static void
mark_all(struct overview *o)
{
	size_t before = o->marks.keys.count;

	for (size_t i = 0; i < o->count; i++) {
		if (o->items[i].tunnel != NULL)
			marks_set(&o->marks, overview_item_key(&o->items[i]), true);
	}
	if (o->marks.keys.count == before)
		marks_clear(&o->marks);
}

static const char *const orders[OVERVIEW_ORDERS + 1] = {"configured", "name", "state", "rate", NULL};

static bool
overview_sort(struct panel *panel, const char *order, bool descending)
{
	struct overview *o = (struct overview *)panel;
	size_t next = (size_t)(o->order + 1) % OVERVIEW_ORDERS;

	for (size_t i = 0; order != NULL && i < OVERVIEW_ORDERS; i++) {
		if (strcmp(orders[i], order) == 0) {
			next = i;
			order = NULL;
		}
	}
	if (order != NULL)
		return false;
	o->order = (enum overview_order)next;
	o->descending = descending;
	o->dirty = true;
	return true;
}

static const char *
overview_sorted(struct panel *panel, bool *descending)
{
	const struct overview *o = (const struct overview *)panel;

	*descending = o->descending;
	return orders[o->order];
}

static bool
overview_command(struct panel *panel, const char *command, const char *argument)
{
	struct overview *o = (struct overview *)panel;
	enum table_motion motion;

	(void)argument;
	settle(o);
	if (strcmp(command, "mark-all") == 0) {
		mark_all(o);
		return true;
	}
	motion = TABLE_DOWN;
	if (strcmp(command, "mark") == 0 && is_lost(o))
		return true;
	if (strcmp(command, "mark") == 0 && o->selected < o->count)
		marks_set(&o->marks, o->key, !marks_has(&o->marks, o->key));
	else if (!table_motion_of(command, &motion))
		return false;
	choose(o, table_move(o->selected, o->count, o->page, motion));
	return true;
}

static bool
overview_row(struct panel *panel, uint64_t number, struct error *err)
{
	struct overview *o = (struct overview *)panel;

	settle(o);
	if (!table_has_number(number, o->count, err))
		return false;
	choose(o, number - 1);
	return true;
}

static const void *
overview_selected(struct panel *panel, enum model_kind *kind)
{
	struct overview *o = (struct overview *)panel;

	settle(o);
	if (o->selected >= o->count || is_lost(o))
		return NULL;
	*kind = o->items[o->selected].tunnel != NULL ? MODEL_KIND_TUNNEL : MODEL_KIND_CONNECTION;
	return *kind == MODEL_KIND_TUNNEL ? (const void *)o->items[o->selected].tunnel
					  : (const void *)o->items[o->selected].connection;
}

static bool
overview_select(struct panel *panel, const char *key)
{
	struct overview *o = (struct overview *)panel;

	settle(o);
	for (size_t i = 0; i < o->count; i++) {
		if (strcmp(overview_item_key(&o->items[i]), key) == 0) {
			choose(o, i);
			return true;
		}
	}
	return false;
}

static bool
overview_filter(struct panel *panel, const char *text, struct error *err)
{
	struct overview *o = (struct overview *)panel;
	struct model_filter *filter = NULL;

	if (text[0] != '\0') {
		filter = model_filter_parse(text, err);
		if (filter == NULL)
			return false;
	}
	snprintf(panel->filter, sizeof(panel->filter), "%s", text);
	model_filter_free(o->filter);
	o->filter = filter;
	o->dirty = true;
	o->shown[0] = '\0';
	return true;
}

static void
overview_status(struct panel *panel, char *out, size_t size)
{
	struct overview *o = (struct overview *)panel;
	size_t all = model_store_count(panel->scene->store, MODEL_KIND_CONNECTION), used;

	settle(o);
	if (o->marks.keys.count > 0)
		used = (size_t)snprintf(out, size, "%zu marked", o->marks.keys.count);
	else if (o->filter != NULL)
		used = (size_t)snprintf(out, size, "%zu of %zu", o->connections, all);
	else
		used = (size_t)snprintf(out, size, "%zu connection%s", all, all == 1 ? "" : "s");
	if (used < size && (o->order != OVERVIEW_CONFIGURED || o->descending))
		snprintf(out + used, size - used, " by %s%s", orders[o->order],
			 o->descending ? ", reversed" : "");
}

static void
draw(struct panel *panel, const struct area *area)
{
	struct overview *o = (struct overview *)panel;

	settle(o);
	memcpy(o->shown, o->key, sizeof(o->shown));
	marks_drop_lost(&o->marks, panel->scene->store, panel->ops->kind);
	overview_draw(o, area);
}

static struct marks *
overview_marks(struct panel *panel)
{
	return &((struct overview *)panel)->marks;
}

const struct panel_ops panel_overview = {
    .name = "overview",
    .title = "Overview",
    .kind = MODEL_KIND_CONNECTION,
    .tab = true,
    .open = overview_open,
    .close = overview_close,
    .draw = draw,
    .command = overview_command,
    .selected = overview_selected,
    .select = overview_select,
    .filter = overview_filter,
    .status = overview_status,
    .marks = overview_marks,
    .row = overview_row,
    .orders = orders,
    .sort = overview_sort,
    .sorted = overview_sorted,
};
