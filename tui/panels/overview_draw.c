// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How the overview looks. From above: what needs a person, a line each, as many as a fifth of the screen; the
 * connections; the last events. Where all connections fit with room to spare, each has charts of its traffic
 * and RTT under its lines; where they fit but for that, the selected one has them in a place of their own,
 * which doesn't move; where they don't fit, a wide screen shows them in two columns, and the list scrolls.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tui/format.h"
#include "tui/panels/cells.h"
#include "tui/panels/overview_internal.h"
#include "tui/widgets/chart.h"
#include "tui/widgets/table.h"

#define DOT_SECONDS 10 /* of a graph in the list, at least */
#define INDENT 2
#define KIND_COL 16 /* where a connection says what it is */
#define CHARTS_INDENT 2
#define CHARTS_MOST_ROWS 14
#define CHARTS_MOST_ALONE 24
#define CHART_WIDE 30   /* columns from which on there is one chart more */
#define TWO_COLUMNS 180 /* columns of screen */
#define COLUMN_GAP 2

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
     .rank = 9,
     .fit = true,
     .cell = cell_tunnel_remote},
    {.title = "Peer", .width = 11, .rank = 1, .cell = cell_tunnel_peer},
    {.title = "Health", .width = 9, .rank = 8, .cell = cell_tunnel_health},
    {.title = "Prefixes", .width = 8, .most = 16, .rank = 6, .right = true, .cell = cell_tunnel_prefixes},
    {.title = "RTT", .width = 7, .rank = 3, .right = true, .cell = cell_tunnel_rtt},
    {.title = "Loss", .width = 7, .rank = 7, .right = true, .cell = cell_tunnel_loss},
    {.title = "In", .width = 10, .right = true, .cell = cell_tunnel_in},
    {.title = "Out", .width = 10, .rank = 4, .right = true, .cell = cell_tunnel_out},
    {.title = "History", .width = 10, .most = 90, .rank = 5, .cell = cell_graph},
    {.title = "Since", .width = 9, .rank = 10, .right = true, .cell = cell_tunnel_since},
    {0},
};

/* --- what needs a person
 * -------------------------------------------------------------------------------------- */

static enum theme_role
role_of(enum attention_urgency urgency)
{
	return urgency <= ATTENTION_BGP ? ROLE_attention : ROLE_warning;
}

/* Returns the lines that it takes. */
static int
draw_attention(struct overview *o, const struct area *area)
{
	const struct attention *attention = overview_attention(o);
	int most = area->rows / 5 > 0 ? area->rows / 5 : 1, rows;
	char more[32];

	if (attention->all == 0) {
		if (model_store_count(o->panel.scene->store, MODEL_KIND_CONNECTION) > 0)
			area_text(area, 0, 1, ROLE_dim,
				  area->dimmed ? "? nothing to do, as last heard" : "● nothing to do");
		return 1;
	}
	rows = attention->all < (size_t)most ? (int)attention->all : most;
	for (int row = 0; row < rows && (size_t)row < attention->count; row++) {
		const struct attention_item *item = &attention->items[row];
		struct area line = area_part(area, row, 1, 1, area->cols - 2);
		enum theme_role role = role_of(item->urgency);
		int end = line.cols;

		if (row + 1 == rows && attention->all > (size_t)rows) {
			snprintf(more, sizeof(more), "+%zu more", attention->all - (size_t)rows);
			end = area_right(&line, 0, ROLE_attention, more) - 2;
		}
		area_text(&line, 0, 0, role, "!");
		area_field(&line, 0, 2, end - 2, false, role, item->text);
	}
	return rows;
}

/* --- a connection and its tunnels
 * ----------------------------------------------------------------------------- */

static void
draw_connection(const struct overview *o, const struct area *line, const struct model_connection *connection)
{
	const struct scene *scene = o->panel.scene;
	struct look_of look = look_of_connection(connection);
	bool well = look.role == ROLE_good && !connection->moving && connection->confirm_until == 0;
	char state[200], move[96], kind[96];
	int right = line->cols - 1, left = 1, width = text_columns(connection->name);

	overview_say_state(scene, connection, state, sizeof(state));
	overview_say_last_move(scene, connection, move, sizeof(move));
	overview_say_kind(connection, kind, sizeof(kind));
	left = area_field(line, 0, left, width < line->cols / 2 ? width : line->cols / 2, false, ROLE_title,
			  connection->name);
	if (move[0] != '\0' && left + 2 + text_columns(state) + 3 + text_columns(move) < right) {
		right -= text_columns(move);
		area_text(line, 0, right, ROLE_dim, move);
		right -= 3;
		area_text(line, 0, right, ROLE_dim, " · ");
	}
	right = right - text_columns(state) < left + 2 ? left + 2 : right - text_columns(state);
	area_field(line, 0, right,
		   text_columns(state) < line->cols - 1 - right ? text_columns(state)
								: line->cols - 1 - right,
		   false, well ? ROLE_dim : ROLE_warning, state);
	left = left + 2 < KIND_COL + 2 ? KIND_COL : left;
	if (left + 2 + text_columns(kind) + 2 < right)
		area_text(line, 0, left + 2, ROLE_dim, kind);
}

static float
greatest(const float *samples, size_t count, float most)
{
	for (size_t i = 0; i < count; i++)
		most = samples[i] > most ? samples[i] : most;
	return most;
}

/* How many of the span's samples one dot of the list's graphs stands for. Each of them is written when they
 * move: with so many rows, not every second. */
static size_t
graph_step(const struct scene *scene)
{
	unsigned seconds = history_resolutions[scene->span].seconds;

	return seconds < DOT_SECONDS ? DOT_SECONDS / seconds : 1;
}

/* How many dots such a graph has, of so many that have room. */
static size_t
graph_window(const struct scene *scene, size_t dots)
{
	size_t all = history_resolutions[scene->span].samples / graph_step(scene);

	return dots < all ? dots : all;
}

/* Both spans of a connection have one scale, so that their graphs can be compared. */
static void
draw_graph(const struct overview *o, const struct area *area, const struct model_tunnel *tunnel)
{
	const struct scene *scene = o->panel.scene;
	const struct model_tunnel *tunnels[2];
	size_t count = graph_window(scene, graph_samples(scene->graph, area->cols)), spans;
	size_t cell = graph_samples(scene->graph, 1), step = graph_step(scene), known = count;
	int used = (int)(count / cell);
	struct area newest = area_part(area, 0, area->cols - used, 1, used);
	float rates[2][HISTORY_SAMPLES], most = 0;

	if (count == 0)
		return;
	known -= history_ahead(scene->history, scene->span, step, cell);
	past_want(scene->past, tunnel->name, scene->span);
	spans = connection_tunnels(scene->store, tunnel->connection, tunnels);
	for (size_t i = 0; i < spans; i++) {
		history_rates(scene->history, scene->span, tunnels[i]->name, step, known, rates[i]);
		most = greatest(rates[i], known, most);
	}
	for (size_t i = 0; i < spans; i++) {
		for (size_t k = known; k < count; k++)
			rates[i][k] = NAN;
		if (tunnels[i] == tunnel)
			graph_draw(&newest, scene->graph, tunnel->active ? ROLE_graph : ROLE_graph_idle,
				   rates[i], count, graph_top(most));
	}
}

static void
draw_tunnel(const struct overview *o, const struct area *line, const struct table_layout *layout,
	    const struct model_tunnel *tunnel)
{
	const struct table_context context = {.store = o->panel.scene->store,
					      .now = o->panel.scene->now,
					      .told =
						  model_store_told(o->panel.scene->store, MODEL_KIND_TUNNEL)};
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

/* --- charts
 * --------------------------------------------------------------------------------------------------- */

/* A series of both tunnels together. */
static void
add_up(const struct scene *scene, enum history_series series, const struct model_tunnel *const *tunnels,
       size_t spans, size_t step, size_t count, float *sum)
{
	float samples[HISTORY_SAMPLES];

	for (size_t k = 0; k < count; k++)
		sum[k] = NAN;
	for (size_t i = 0; i < spans; i++) {
		past_want(scene->past, tunnels[i]->name, scene->span);
		history_read(scene->history, scene->span, series, tunnels[i]->name, step, count, samples);
		for (size_t k = 0; k < count; k++)
			sum[k] = isnan(sum[k])       ? samples[k]
				 : isnan(samples[k]) ? sum[k]
						     : sum[k] + samples[k];
	}
}

static float
as_float(uint64_t bps)
{
	return bps != MODEL_UINT_UNSET ? (float)bps : NAN;
}

/* In, out, and the RTT of the tunnel that carries, side by side; as many as there is room for. */
static void
draw_charts(const struct overview *o, const struct area *area, const struct model_connection *connection)
{
	const struct scene *scene = o->panel.scene;
	const struct model_tunnel *tunnels[2], *carries = NULL;
	size_t spans = connection_tunnels(scene->store, connection->name, tunnels), charts;
	size_t all = history_resolutions[scene->span].samples;
	struct area room = area_part(area, 0, CHARTS_INDENT, area->rows, area->cols - CHARTS_INDENT - 1);
	char title[24];

	for (size_t i = spans; i-- > 0;)
		carries = tunnels[i]->active || carries == NULL ? tunnels[i] : carries;
	charts = room.cols >= 3 * CHART_WIDE && carries != NULL ? 3 : 2;
	snprintf(title, sizeof(title), "RTT %.1s", carries != NULL ? tunnel_number(carries->name) : "");
	for (size_t i = 0; i < charts; i++) {
		static const enum history_series series[] = {HISTORY_IN, HISTORY_OUT, HISTORY_RTT};
		int width = (room.cols - 2 * ((int)charts - 1)) / (int)charts;
		struct area part = area_part(&room, 0, (int)i * (width + 2), room.rows, width);
		float samples[HISTORY_SAMPLES], each[HISTORY_SAMPLES];
		const struct chart chart = {.title = i == 0   ? "In"
						     : i == 1 ? "Out"
							      : title,
					    .unit = i < 2 ? CHART_RATE : CHART_MS,
					    .role = i < 2 ? ROLE_graph : ROLE_graph_idle,
					    .span = scene->span,
					    .all = each,
					    .now = i == 0   ? as_float(connection->rx_bps)
						   : i == 1 ? as_float(connection->tx_bps)
							    : (float)carries->rtt_ms};
		struct chart_scale scale = chart_scale(scene->graph, scene->history, scene->span, width);
		size_t count = scale.count - scale.ahead;

		if (i < 2) {
			add_up(scene, series[i], tunnels, spans, scale.step, count, samples);
			add_up(scene, series[i], tunnels, spans, 1, all, each);
		} else {
			history_read(scene->history, scene->span, series[i], carries->name, scale.step, count,
				     samples);
			history_read(scene->history, scene->span, series[i], carries->name, 1, all, each);
		}
		chart_draw(&part, scene->graph, &chart, &scale, samples);
	}
}

/* --- the list
 * ------------------------------------------------------------------------------------------------- */

/* How the room for connections is used. */
struct plan {
	int columns, width; /* of lists beside each other */
	bool spacious;      /* an empty line between connections */
	int charts;         /* rows of charts under each connection; 0: none */
	int own;            /* rows of charts for the selected one, under all; 0: none */
};

static struct plan
make_plan(const struct overview *o, const struct area *area)
{
	int connections = (int)o->connections, lines = 1 + (int)o->count, spare = area->rows - lines, most;
	struct plan plan = {.columns = 1, .width = area->cols};

	if (connections == 0)
		return plan;
	if (spare < 0) {
		plan.columns = area->cols >= TWO_COLUMNS ? 2 : 1;
		plan.width = (area->cols - COLUMN_GAP * (plan.columns - 1)) / plan.columns;
		return plan;
	}
	plan.spacious = spare >= connections - 1;
	spare -= plan.spacious ? connections - 1 : 0;
	plan.charts = spare / connections;
	most = connections == 1 ? CHARTS_MOST_ALONE : CHARTS_MOST_ROWS;
	plan.charts = plan.charts > most ? most : plan.charts;
	if (plan.charts >= CHART_LEAST_ROWS)
		return plan;
	plan.charts = 0;
	plan.own = spare - 1 >= CHART_LEAST_ROWS ? spare - 1 : 0; /* and a title */
	plan.own = plan.own > CHARTS_MOST_ROWS ? CHARTS_MOST_ROWS : plan.own;
	return plan;
}

/* "Last 20 s": how far a graph of that width reaches back. */
static const char *
write_window(const struct scene *scene, int width, char out[FORMAT_TEXT])
{
	size_t samples = graph_window(scene, graph_samples(scene->graph, width));
	char window[FORMAT_TEXT];

	format_window(samples * graph_step(scene) * history_resolutions[scene->span].seconds, window);
	snprintf(out, FORMAT_TEXT, "Last %.32s", window);
	return (int)strlen(out) <= width ? out : strcpy(out, window);
}

static void
draw_titles(const struct scene *scene, const struct area *line, const struct table_layout *layout)
{
	struct area cells = area_part(line, 0, INDENT, 1, line->cols - INDENT - 1);
	char window[FORMAT_TEXT];

	for (size_t i = 0; i < layout->count; i++) {
		const struct table_column *column = layout->slots[i].column;
		int width = layout->slots[i].width;

		area_field(&cells, 0, layout->slots[i].left, width, column->right, ROLE_heading,
			   column->cell == cell_graph ? write_window(scene, width, window) : column->title);
	}
}

static void
draw_item(const struct overview *o, const struct area *at, size_t i, const struct table_layout *layout)
{
	const struct item *item = &o->items[i];
	struct area line = *at;

	if (i == o->selected) {
		line.ground = GROUND_SELECTED;
		area_blank(&line, 0, 0, 1, line.cols);
		area_text(&line, 0, 0, ROLE_accent, "▸");
	}
	if (o->marks.keys.count > 0 && marks_has(&o->marks, overview_item_key(item)))
		area_text(&line, 0, 1, ROLE_accent, "√");
	if (item->tunnel != NULL)
		draw_tunnel(o, &line, layout, item->tunnel);
	else
		draw_connection(o, &line, item->connection);
}

/* The lines from `first` on in one column. Returns the line behind the last one. */
static size_t
draw_column(const struct overview *o, const struct area *area, size_t first, const struct plan *plan)
{
	struct table_layout layout;
	struct area titles = area_part(area, 0, 0, 1, area->cols);
	size_t i = first;

	table_fit(o->measured, area->cols - INDENT - 1, 2, &layout);
	draw_titles(o->panel.scene, &titles, &layout);
	for (int row = 1; i < o->count && row < area->rows; i++, row++) {
		struct area line;

		if (plan->spacious && i > 0 && o->items[i].tunnel == NULL)
			row++;
		line = area_part(area, row, 0, 1, area->cols);
		draw_item(o, &line, i, &layout);
		if (plan->charts > 0 && (i + 1 == o->count || o->items[i + 1].tunnel == NULL)) {
			struct area charts = area_part(area, row + 1, 0, plan->charts, area->cols);

			draw_charts(o, &charts, o->items[i].connection);
			row += plan->charts;
		}
	}
	return i;
}

static void
draw_items(struct overview *o, const struct area *area)
{
	const struct model_store *store = o->panel.scene->store;
	struct plan plan = make_plan(o, area);
	size_t next;

	if (o->measured[0].title == NULL || o->measured_at != model_store_version(store)) {
		table_measure(columns, o->measured, store, MODEL_KIND_TUNNEL);
		o->measured_at = model_store_version(store);
	}

	o->page = area->rows > 1 ? (size_t)(area->rows - 1) * (size_t)plan.columns : 0;
	overview_scroll(o);
	next = o->top;
	for (int column = 0; column < plan.columns; column++) {
		struct area part =
		    area_part(area, 0, column * (plan.width + COLUMN_GAP), area->rows, plan.width);

		next = draw_column(o, &part, next, &plan);
	}
	if (plan.own > 0 && o->selected < o->count) {
		const struct model_connection *connection = o->items[o->selected].connection;
		struct area charts = area_part(area, area->rows - plan.own, 0, plan.own, area->cols);

		area_text(area, area->rows - plan.own - 1, 1, ROLE_title, connection->name);
		draw_charts(o, &charts, connection);
	}
	if (o->count == 0)
		area_text(area, 2, INDENT, ROLE_dim,
			  o->panel.filter[0] != '\0' ? "nothing matches the filter; Escape shows all"
						     : "no connection is configured");
}

/* --- the last events
 * ------------------------------------------------------------------------------------------ */

static void
draw_event(const struct area *text, const struct model_event *event)
{
	struct look_of look = look_of_severity(event->severity);
	char at[FORMAT_TEXT];
	int col;

	area_text(text, 0, 0, ROLE_dim, format_clock(event->at, at));
	area_text(text, 0, 10, look.role, look.glyph);
	col = area_field(text, 0, 12, text->cols >= 98 ? 18 : 12, false, ROLE_text,
			 event->subject != NULL ? event->subject : "");
	area_field(text, 0, col + 1, text->cols - col - 1, false, ROLE_dim,
		   event->text != NULL ? event->text : "");
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
		struct area text = area_part(area, row, 1, 1, area->cols - 2);

		/* debug and IKE's own log: only in the events panel */
		if (look_of_severity(event->severity).role == ROLE_dim ||
		    (event->kind != NULL && strcmp(event->kind, "ike.log") == 0))
			continue;
		draw_event(&text, event);
		row++;
	}
}

void
overview_draw(struct overview *o, const struct area *area)
{
	int events = area->rows >= 40 ? 8 : area->rows >= 28 ? 5 : area->rows >= 18 ? 2 : 0;
	int foot = events > 0 ? events + 1 : 0, head = draw_attention(o, area);
	struct area part = area_part(area, head, 0, area->rows - head - foot, area->cols);

	draw_items(o, &part);
	part = area_part(area, area->rows - foot, 0, foot, area->cols);
	if (foot > 0)
		draw_events(o, &part);
}
