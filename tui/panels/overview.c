// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The overview: every connection as two spans to one shore. A connection takes a line of its own (how it
 * stands, in words) and one line for each tunnel; the selection walks over both. Above them the one line that
 * says what needs a person, below them the last events.
 *
 * The lines are counted, not stored: each draw walks the connections that pass the filter and draws those in
 * view.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/format.h"
#include "tui/keys.h"
#include "tui/panels/cells.h"
#include "tui/panels/panels.h"
#include "tui/widgets/table.h"

#define INDENT 3
#define MOST_OUTAGE_MS 1e12
#define TRAFFIC_LEAST 3 /* rows of a connection's own graph */
#define TRAFFIC_MOST 4

/* A line that can be selected: a connection (tunnel == NULL) or one of its tunnels. */
struct item {
	const struct model_connection *connection;
	const struct model_tunnel *tunnel;
};

struct overview {
	struct panel panel;
	struct model_filter *filter;
	struct item *items;
	size_t count, capacity, connections; /* of `items`; those that pass the filter */
	bool dirty;
	uint64_t version;
	size_t selected, top, page;
	char key[256]; /* of the selected line */
	struct marks marks;
};

static void
cell_graph(const struct table_context *context, const void *row, struct table_cell *out)
{
	(void)context;
	(void)row;
	out->text[0] = ' '; /* drawn over */
	out->text[1] = '\0';
}

static const struct table_column columns[] = {
    {.title = "", .width = 3, .cell = cell_tunnel_mark},
    {.field = "name",
     .title = "Tunnel",
     .width = 11,
     .most = 32,
     .rank = 2,
     .fit = true,
     .cell = cell_tunnel_name},
    {.title = "State", .width = 12, .cell = cell_tunnel_state},
    {.title = "Role", .width = 8, .cell = cell_tunnel_part},
    {.field = "remote",
     .title = "Remote",
     .width = 15,
     .most = 39,
     .rank = 6,
     .fit = true,
     .cell = cell_tunnel_remote},
    {.title = "Peer", .width = 11, .rank = 1, .cell = cell_tunnel_peer},
    {.title = "Prefixes", .width = 10, .most = 16, .rank = 4, .right = true, .cell = cell_tunnel_prefixes},
    {.title = "RTT", .width = 8, .rank = 3, .right = true, .cell = cell_tunnel_rtt},
    {.title = "Loss", .width = 7, .rank = 7, .right = true, .cell = cell_tunnel_loss},
    {.title = "In", .width = 10, .right = true, .cell = cell_tunnel_in},
    {.title = "Out", .width = 10, .rank = 8, .right = true, .cell = cell_tunnel_out},
    {.title = "History", .width = 10, .most = 90, .rank = 5, .cell = cell_graph},
    {0},
};

/* --- the lines
 * ------------------------------------------------------------------------------------------------ */

static const char *
item_key(const struct item *item)
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

static void
collect(struct overview *o)
{
	const struct model_store *store = o->panel.scene->store;
	size_t all = model_store_count(store, MODEL_KIND_CONNECTION);

	if (all * 3 > o->capacity) {
		o->capacity = all * 3 + 16;
		o->items = memory_resize(o->items, o->capacity * sizeof(*o->items));
	}
	o->count = o->connections = 0;
	for (size_t i = 0; i < all; i++) {
		const struct model_connection *connection = model_store_at(store, MODEL_KIND_CONNECTION, i);
		const struct model_tunnel *tunnels[2];
		size_t count = connection_tunnels(store, connection->name, tunnels);

		if (connection->name == NULL || !passes(o, connection, tunnels, count))
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
	if (o->selected < o->count && strcmp(item_key(&o->items[o->selected]), o->key) == 0)
		return;
	for (size_t i = 0; i < o->count; i++) {
		if (strcmp(item_key(&o->items[i]), o->key) == 0) {
			o->selected = i;
			return;
		}
	}
	if (o->selected >= o->count)
		o->selected = o->count > 0 ? o->count - 1 : 0;
	snprintf(o->key, sizeof(o->key), "%s", o->count > 0 ? item_key(&o->items[o->selected]) : "");
}

static void
choose(struct overview *o, size_t i)
{
	o->selected = i;
	if (i < o->count)
		snprintf(o->key, sizeof(o->key), "%s", item_key(&o->items[i]));
}

/* --- words
 * ---------------------------------------------------------------------------------------------------- */

/* "both spans up", "on one span · 2 down 4 min". */
static void
say_spans(const struct overview *o, const struct model_connection *connection, char *out, size_t size)
{
	const struct model_tunnel *tunnels[2];
	size_t count = connection_tunnels(o->panel.scene->store, connection->name, tunnels), used;
	uint64_t up = connection->tunnels_up, total = connection->tunnels_total;
	char span[FORMAT_TEXT], key[16];

	if (connection->confirm_until != 0)
		used = (size_t)snprintf(out, size, "goes back in %s: %s keeps it",
					format_until(o->panel.scene->now, connection->confirm_until, span),
					keys_name(keys_of(command_find("confirm"), 0), key, sizeof(key)));
	else if (connection->moving)
		used = (size_t)snprintf(out, size, "moving traffic");
	else if (connection->state != NULL && strcmp(connection->state, "disabled") == 0)
		used = (size_t)snprintf(out, size, "disabled");
	else if (up == MODEL_UINT_UNSET || total == MODEL_UINT_UNSET)
		used = (size_t)snprintf(out, size, "%s", look_of_connection(connection).word);
	else if (up == 0)
		used = (size_t)snprintf(out, size, "down");
	else if (up == total)
		used = (size_t)snprintf(out, size, total == 2 ? "both spans up" : "up");
	else
		used = (size_t)snprintf(out, size, "on one span");
	for (size_t i = 0; i < count && used < size; i++) {
		const struct model_tunnel *t = tunnels[i];

		if (t->state != NULL && strcmp(t->state, "down") == 0 && t->down_since != 0)
			used +=
			    (size_t)snprintf(out + used, size - used, " · %s down %s", tunnel_number(t->name),
					     format_since(o->panel.scene->now, t->down_since, span));
	}
}

static void
say_last_move(const struct overview *o, const struct model_connection *connection, char *out, size_t size)
{
	const struct model_last_failover *last = &connection->last_failover;
	char span[FORMAT_TEXT], outage[FORMAT_TEXT];
	size_t used = 0;

	out[0] = '\0';
	if (connection->pinned)
		used = (size_t)snprintf(out, size, "pinned");
	if (!last->set || last->at == 0)
		return;
	used += (size_t)snprintf(out + used, size - used, "%slast move %s ago", used > 0 ? " · " : "",
				 format_since(o->panel.scene->now, last->at, span));
	if (last->outage_ms >= 0 && last->outage_ms < MOST_OUTAGE_MS &&
	    used < size) /* so not where it is unset */
		snprintf(out + used, size - used, ", %s",
			 clock_format_span((usec_t)(last->outage_ms * USEC_PER_MS), outage, sizeof(outage)));
}

/* --- drawing
 * -------------------------------------------------------------------------------------------------- */

static void
draw_attention(const struct overview *o, const struct area *area)
{
	const struct model_store *store = o->panel.scene->store;
	size_t all = model_store_count(store, MODEL_KIND_CONNECTION), more = 0;
	const struct model_connection *first = NULL;
	struct area text = area_part(area, 0, 1, 1, area->cols - 2);
	char line[400], count[32];
	int end = text.cols;

	for (size_t i = 0; i < all; i++) {
		const struct model_connection *connection = model_store_at(store, MODEL_KIND_CONNECTION, i);

		if (connection->attention == NULL || connection->attention[0] == '\0')
			continue;
		if (first == NULL)
			first = connection;
		else
			more++;
	}
	if (first == NULL) {
		if (all > 0)
			area_text(&text, 0, 0, ROLE_dim, "● nothing to do");
		return;
	}
	if (more > 0) {
		snprintf(count, sizeof(count), "and %zu more", more);
		end = area_right(&text, 0, ROLE_attention, count) - 2;
	}
	if (first->name != NULL && strstr(first->attention, first->name) == NULL)
		snprintf(line, sizeof(line), "! %s: %s", first->name, first->attention);
	else
		snprintf(line, sizeof(line), "! %s", first->attention);
	area_field(&text, 0, 0, end, false, ROLE_attention, line);
}

static void
draw_connection(const struct overview *o, const struct area *line, const struct model_connection *connection)
{
	struct look_of look = look_of_connection(connection);
	bool well = look.role == ROLE_good && !connection->moving && connection->confirm_until == 0;
	char spans[160], move[160], mode[FORMAT_TEXT];
	int right = line->cols - 1, left = 1, width;

	say_spans(o, connection, spans, sizeof(spans));
	say_last_move(o, connection, move, sizeof(move));
	width = text_columns(connection->name);
	left = area_field(line, 0, left, width < line->cols / 2 ? width : line->cols / 2, false, ROLE_title,
			  connection->name);
	if (move[0] != '\0' && left + 2 + text_columns(spans) + 3 + text_columns(move) < right) {
		right -= text_columns(move);
		area_text(line, 0, right, ROLE_dim, move);
		right -= 3;
		area_text(line, 0, right, ROLE_dim, " · ");
	}
	right -= text_columns(spans);
	area_text(line, 0, right < left + 2 ? left + 2 : right, well ? ROLE_dim : ROLE_warning, spans);
	if (connection->routing == NULL)
		return;
	snprintf(spans, sizeof(spans), "%s · %s", connection->routing, format_mode(connection->mode, mode));
	if (left + 2 < 18)
		left = 16;
	if (left + 2 + text_columns(spans) + 2 < right)
		area_text(line, 0, left + 2, ROLE_dim, spans);
}

static float
greatest(const float *samples, size_t count, float most)
{
	for (size_t i = 0; i < count; i++)
		most = samples[i] > most ? samples[i] : most;
	return most;
}

/* Both spans of a connection have one scale, so that their graphs can be compared. */
static void
draw_graph(const struct overview *o, const struct area *area, const struct model_tunnel *tunnel)
{
	const struct scene *scene = o->panel.scene;
	const struct model_tunnel *tunnels[2];
	size_t count = graph_samples(scene->graph, area->cols), spans;
	float samples[HISTORY_SAMPLES], most = 0;

	count = count > HISTORY_SAMPLES ? HISTORY_SAMPLES : count;
	spans = connection_tunnels(scene->store, tunnel->connection, tunnels);
	for (size_t i = 0; i < spans; i++) {
		history_rates(scene->history, tunnels[i]->name, count, samples);
		most = greatest(samples, count, most);
	}
	history_rates(scene->history, tunnel->name, count, samples);
	graph_draw(area, scene->graph, tunnel->active ? ROLE_graph : ROLE_graph_idle, samples, count,
		   graph_top(most));
}

static void
draw_tunnel(const struct overview *o, const struct area *line, const struct table_layout *layout,
	    const struct model_tunnel *tunnel)
{
	const struct table_context context = {.store = o->panel.scene->store, .now = o->panel.scene->now};
	struct area cells = area_part(line, 0, INDENT, 1, line->cols - INDENT - 1);
	char trouble[256];

	table_draw_row(&cells, 0, layout, &context, model_kind_info(MODEL_KIND_TUNNEL)->shape, tunnel);
	tunnel_trouble(tunnel, context.now, trouble, sizeof(trouble));
	for (size_t i = 0; i < layout->count; i++) {
		const struct table_column *column = layout->slots[i].column;
		int left = layout->slots[i].left;

		/* a tunnel that is down has no figures: their room goes to what is wrong */
		if (column->cell == cell_tunnel_peer && tunnel_part(tunnel)[0] == '\0' &&
		    trouble[0] != '\0') {
			area_field(&cells, 0, left, cells.cols - left, false, ROLE_text, trouble);
			return;
		}
		if (column->cell == cell_graph) {
			struct area graph = area_part(&cells, 0, left, 1, layout->slots[i].width);

			draw_graph(o, &graph, tunnel);
		}
	}
}

/* Where there is room to spare: all traffic of a connection in a graph of several rows. */
static void
draw_traffic(const struct overview *o, const struct area *area, const struct model_connection *connection)
{
	const struct scene *scene = o->panel.scene;
	const struct model_tunnel *tunnels[2];
	float samples[HISTORY_SAMPLES], sum[HISTORY_SAMPLES], most = 0;
	struct area graph = area_part(area, 0, INDENT + 5, area->rows, area->cols - INDENT - 6);
	size_t count = graph_samples(scene->graph, graph.cols), spans;
	char text[FORMAT_TEXT];

	if (count > HISTORY_SAMPLES) {
		count = HISTORY_SAMPLES;
		graph = area_part(&graph, 0, graph.cols - (int)(count / graph_samples(scene->graph, 1)),
				  graph.rows, (int)(count / graph_samples(scene->graph, 1)));
	}
	spans = connection_tunnels(scene->store, connection->name, tunnels);
	for (size_t i = 0; i < spans; i++) {
		history_rates(scene->history, tunnels[i]->name, count, samples);
		for (size_t k = 0; k < count; k++)
			sum[k] = i == 0 || isnan(sum[k]) ? samples[k]
				 : isnan(samples[k])     ? sum[k]
							 : sum[k] + samples[k];
	}
	if (spans == 0 || (most = graph_top(greatest(sum, count, 0))) <= 0)
		return;
	graph_draw(&graph, scene->graph, ROLE_graph, sum, count, most);
	area_print(area, 0, INDENT + 5, ROLE_dim, "in and out, up to %s ",
		   format_rate((uint64_t)most, text) + strspn(text, " "));
}

static void
draw_titles(const struct area *line, const struct table_layout *layout)
{
	struct area cells = area_part(line, 0, INDENT, 1, line->cols - INDENT - 1);

	for (size_t i = 0; i < layout->count; i++)
		area_field(&cells, 0, layout->slots[i].left, layout->slots[i].width,
			   layout->slots[i].column->right, ROLE_heading, layout->slots[i].column->title);
}

static void
scroll(struct overview *o)
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

static void
draw_items(struct overview *o, const struct area *area)
{
	int spare = area->rows - 1 - (int)(o->count + o->connections);
	bool spacious = spare >= 0;
	int traffic = o->connections > 0 && spare > 0 ? spare / (int)o->connections : 0;
	struct table_column measured[TABLE_COLUMNS + 1];
	struct table_layout layout;
	struct area titles = area_part(area, 0, 0, 1, area->cols);
	int row = 1;

	table_fit(table_measure(columns, measured, o->panel.scene->store, MODEL_KIND_TUNNEL),
		  area->cols - INDENT - 1, 2, &layout);
	draw_titles(&titles, &layout);
	o->page = area->rows > 1 ? (size_t)area->rows - 1 : 0;
	traffic = traffic > TRAFFIC_MOST ? TRAFFIC_MOST : traffic < TRAFFIC_LEAST ? 0 : traffic;
	scroll(o);
	for (size_t i = o->top; i < o->count && row < area->rows; i++, row++) {
		struct area line;

		if (spacious && i > 0 && o->items[i].tunnel == NULL)
			row++;
		line = area_part(area, row, 0, 1, area->cols);
		if (i == o->selected) {
			line.ground = GROUND_SELECTED;
			area_blank(&line, 0, 0, 1, line.cols);
			area_text(&line, 0, 0, ROLE_accent, "▸");
		}
		if (o->marks.keys.count > 0 && marks_has(&o->marks, item_key(&o->items[i])))
			area_text(&line, 0, 1, ROLE_accent, "√");
		if (o->items[i].tunnel != NULL)
			draw_tunnel(o, &line, &layout, o->items[i].tunnel);
		else
			draw_connection(o, &line, o->items[i].connection);
		if (traffic > 0 && (i + 1 == o->count || o->items[i + 1].tunnel == NULL)) {
			struct area graph = area_part(area, row + 1, 0, traffic, area->cols);

			draw_traffic(o, &graph, o->items[i].connection);
			row += traffic;
		}
	}
	if (o->count == 0)
		area_text(area, 2, INDENT, ROLE_dim,
			  o->panel.filter[0] != '\0' ? "nothing matches the filter; Escape shows all"
						     : "no connection is configured");
}

static void
draw_events(const struct overview *o, const struct area *area)
{
	const struct model_store *store = o->panel.scene->store;
	size_t all = model_store_count(store, MODEL_KIND_EVENT);

	area_repeat(area, 0, 0, area->cols, ROLE_border, U'─');
	for (int row = 1, shown = 0; row < area->rows && (size_t)shown < all; shown++) {
		const struct model_event *event =
		    model_store_at(store, MODEL_KIND_EVENT, all - 1 - (size_t)shown);
		struct look_of look = look_of_severity(event->severity);
		struct area text = area_part(area, row, 1, 1, area->cols - 2);
		char at[FORMAT_TEXT];
		int col;

		if (look.role == ROLE_dim) /* debug: only in the events panel */
			continue;
		area_text(&text, 0, 0, ROLE_dim, format_clock(event->at, at));
		area_text(&text, 0, 10, look.role, look.glyph);
		col = area_field(&text, 0, 12, area->cols >= 100 ? 18 : 12, false, ROLE_text,
				 event->subject != NULL ? event->subject : "");
		area_field(&text, 0, col + 1, text.cols - col - 1, false, ROLE_dim,
			   event->text != NULL ? event->text : "");
		row++;
	}
}

static void
overview_draw(struct panel *panel, const struct area *area)
{
	struct overview *o = (struct overview *)panel;
	int events = area->rows >= 40 ? 8 : area->rows >= 28 ? 5 : area->rows >= 18 ? 2 : 0;
	int foot = events > 0 ? events + 1 : 0;
	struct area part;

	settle(o);
	marks_drop_lost(&o->marks, panel->scene->store, panel->ops->kind);
	draw_attention(o, area);
	part = area_part(area, 1, 0, area->rows - 1 - foot, area->cols);
	draw_items(o, &part);
	part = area_part(area, area->rows - foot, 0, foot, area->cols);
	if (foot > 0)
		draw_events(o, &part);
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
	free(o);
}

/* All lines of tunnels that are shown, or none. */
static void
mark_all(struct overview *o)
{
	size_t before = o->marks.keys.count;

	for (size_t i = 0; i < o->count; i++) {
		if (o->items[i].tunnel != NULL)
			marks_set(&o->marks, item_key(&o->items[i]), true);
	}
	if (o->marks.keys.count == before)
		marks_clear(&o->marks);
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
	if (strcmp(command, "mark") == 0 && o->selected < o->count)
		marks_set(&o->marks, o->key, !marks_has(&o->marks, o->key));
	else if (!table_motion_of(command, &motion))
		return false;
	choose(o, table_move(o->selected, o->count, o->page, motion));
	return true;
}

static const void *
overview_selected(struct panel *panel, enum model_kind *kind)
{
	struct overview *o = (struct overview *)panel;

	settle(o);
	if (o->selected >= o->count)
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
		if (strcmp(item_key(&o->items[i]), key) == 0) {
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
	return true;
}

static void
overview_status(struct panel *panel, char *out, size_t size)
{
	struct overview *o = (struct overview *)panel;
	size_t all = model_store_count(panel->scene->store, MODEL_KIND_CONNECTION);

	settle(o);
	if (o->marks.keys.count > 0)
		snprintf(out, size, "%zu marked", o->marks.keys.count);
	else if (o->filter != NULL)
		snprintf(out, size, "%zu of %zu", o->connections, all);
	else
		snprintf(out, size, "%zu connection%s", all, all == 1 ? "" : "s");
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
    .draw = overview_draw,
    .command = overview_command,
    .selected = overview_selected,
    .select = overview_select,
    .filter = overview_filter,
    .status = overview_status,
    .marks = overview_marks,
};
