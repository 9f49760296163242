// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Detail: all that the model knows of one row. First what it is and whether anything is wrong, then its
 * fields, grouped (detail_fields.c), its recent past (detail_charts.c), and below them its events or whatever
 * hangs together with it (detail_below.c). A row of a stored kind stays live; one of a paged kind is as it
 * was when it was opened.
 *
 * The keys of moving scroll the fields while they don't fit, else what stands below; Enter unfolds that to
 * the whole panel, and folds it again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/format.h"
#include "tui/panels/detail_internal.h"
#include "tui/panels/panels.h"
#include "tui/widgets/table.h"

#define LEAST_PANEL 14 /* rows below which the fields have the panel for themselves */
#define ROOMY 28       /* rows from which on there is room for everything */

struct detail {
	struct panel panel;
	struct panel_ops ops; /* the name is that of the kind's panel, so that its keys count here */
	enum model_kind kind;
	char key[256];
	void *copy;    /* the row as it was last seen */
	usec_t opened; /* wall clock */
	bool gone, unfolded, below_shown;
	size_t top, page;
	struct fields fields;
	struct below *below; /* NULL: nothing stands there */
};

static const struct model_shape *
shape_of(const struct detail *d)
{
	return model_kind_info(d->kind)->shape;
}

/* Takes the row's present state from the store; the last one stays where it is gone. */
static void
renew(struct detail *d)
{
	const void *row = NULL;

	if (model_kind_info(d->kind)->storage != MODEL_STORED)
		return;
	row = model_store_get(d->panel.scene->store, d->kind, d->key);
	d->gone = row == NULL;
	if (row == NULL)
		return;
	model_row_clear(shape_of(d), d->copy);
	model_row_copy(shape_of(d), d->copy, row);
}

/* --- drawing
 * -------------------------------------------------------------------------------------------------- */

static struct look_of
look_of_row(const struct detail *d)
{
	switch (d->kind) {
	case MODEL_KIND_CONNECTION:
		return look_of_connection(d->copy);
	case MODEL_KIND_TUNNEL:
		return look_of_tunnel(d->copy);
	case MODEL_KIND_PEER:
		return look_of_peer(d->copy);
	case MODEL_KIND_EVENT:
		return look_of_severity(((const struct model_event *)d->copy)->severity);
	default:
		return (struct look_of){"", "", ROLE_text};
	}
}

/* "4 min · 12 tries · next in 8 s", or "trying now": how it goes with a tunnel that is not up. */
static void
describe_tries(const struct model_tunnel *tunnel, usec_t now, char *out, size_t size)
{
	char span[FORMAT_TEXT];
	size_t used = 0;

	out[0] = '\0';
	if (tunnel_part(tunnel)[0] != '\0')
		return;
	if (tunnel->down_since != 0)
		used = (size_t)snprintf(out, size, "%s", format_since(now, tunnel->down_since, span));
	if (tunnel->tries != MODEL_UINT_UNSET && tunnel->tries > 0)
		used +=
		    (size_t)snprintf(out + used, size - used, "%s%s %s", used > 0 ? " · " : "",
				     format_count(tunnel->tries, span), tunnel->tries == 1 ? "try" : "tries");
	if (tunnel->next_try_at > now)
		snprintf(out + used, size - used, "%snext in %s", used > 0 ? " · " : "",
			 format_until(now, tunnel->next_try_at, span));
	else if (tunnel->ike_state != NULL && strcmp(tunnel->ike_state, "CONNECTING") == 0)
		snprintf(out + used, size - used, "%strying now", used > 0 ? " · " : "");
}

static void
draw_title(const struct detail *d, const struct area *area)
{
	struct look_of look = look_of_row(d);
	enum theme_role role = ROLE_text;
	char mark[16], tries[3 * FORMAT_TEXT];
	char kind[64], key[sizeof(d->key)];
	int col = 1;

	snprintf(kind, sizeof(kind), "%s", shape_of(d)->name);
	for (char *at = strchr(kind, '_'); at != NULL; at = strchr(at, '_'))
		*at = ' ';
	snprintf(key, sizeof(key), "%s", d->key);
	/* Parts of the key that are unset, behind all that are set. */
	for (size_t length = strlen(key); length > 2 && strcmp(key + length - 2, " -") == 0; length -= 2)
		key[length - 2] = '\0';
	col = area_print(area, 0, col, ROLE_dim, "%s → ", kind);
	if (d->kind == MODEL_KIND_TUNNEL) {
		tunnel_mark(d->copy, mark, &role);
		col = area_text(area, 0, col, role, mark) + 1;
	}
	col = area_text(area, 0, col, ROLE_title, key);
	col = area_print(area, 0, col + 2, look.role, "%s %s", look.glyph, look.word);
	if (d->kind == MODEL_KIND_TUNNEL) {
		describe_tries(d->copy, d->panel.scene->now, tries, sizeof(tries));
		col = area_text(area, 0, col + 2, role, tunnel_part(d->copy));
		area_text(area, 0, col, ROLE_text, tries);
	}
	if (d->gone)
		area_right(area, 0, ROLE_warning, "gone; as it was last ");
}

/* A tunnel that is down has no present: where room is short its fields, which say why, come first. */
static int
rows_of_charts(const struct detail *d, const struct area *area)
{
	if (d->kind == MODEL_KIND_TUNNEL && tunnel_part(d->copy)[0] == '\0' && area->rows < ROOMY)
		return 0;
	return charts_rows(d->kind, area);
}

/* The rows of what stands below: a few for events, all that the fields leave for what matters more. */
static int
below_rows(const struct detail *d, int rows)
{
	int left = rows - (int)d->fields.height;

	if (d->below == NULL || rows < LEAST_PANEL / 2)
		return 0;
	if (below_is_large(d->below))
		return left > rows / 2 ? left : rows / 2;
	return left > (rows >= 20 ? 9 : 4) ? left : rows >= 20 ? 9 : 4;
}

/* `title` is the panel's first line, which says what is in view. */
static void
draw_fields(struct detail *d, const struct area *area, const struct area *title)
{
	char place[3 * FORMAT_TEXT] = "", clock[FORMAT_TEXT];
	size_t most, used = 0;

	d->page = area->rows > 0 ? (size_t)area->rows : 1;
	most = d->fields.height > d->page ? d->fields.height - d->page : 0;
	d->top = d->top > most ? most : d->top;
	fields_draw(&d->fields, area, d->top);
	if (d->gone)
		return; /* which the title says there */
	if (model_kind_info(d->kind)->storage == MODEL_PAGED)
		used = (size_t)snprintf(place, sizeof(place), "as of %s ", format_clock(d->opened, clock));
	if (most > 0)
		snprintf(place + used, sizeof(place) - used, "%s%zu-%zu of %zu ", used > 0 ? "· " : "",
			 d->top + 1, d->top + d->page, d->fields.height);
	area_right(title, 0, ROLE_dim, place);
}

static void
detail_draw(struct panel *panel, const struct area *area)
{
	struct detail *d = (struct detail *)panel;
	int top, charts, foot, rows;
	struct area part;
	bool said;

	renew(d);
	charts = rows_of_charts(d, area);
	draw_title(d, area);
	top = 1 + trouble_draw(d->kind, d->copy, area, &said);
	fields_make(&d->fields, panel->scene, d->kind, d->copy, area->cols, said);
	d->below_shown = false;
	if (d->unfolded) {
		part = area_part(area, top, 0, area->rows - top, area->cols);
		d->below_shown = true;
		below_draw(d->below, &part);
		return;
	}
	rows = area->rows - top - charts;
	foot = area->rows >= LEAST_PANEL ? below_rows(d, rows) : 0;
	part = area_part(area, top, 0, rows - foot, area->cols);
	draw_fields(d, &part, area);
	part = area_part(area, top + rows - foot, 0, charts, area->cols);
	if (charts > 0)
		charts_draw(panel->scene, d->kind, d->copy, &part);
	part = area_part(area, area->rows - foot, 0, foot, area->cols);
	d->below_shown = foot > 0;
	if (foot > 0)
		below_draw(d->below, &part);
}

/* --- the panel
 * ------------------------------------------------------------------------------------------------ */

static void
detail_close(struct panel *panel)
{
	struct detail *d = (struct detail *)panel;

	model_row_free(d->kind, d->copy);
	below_free(d->below);
	free(d->fields.lines);
	free(d);
}

static bool
detail_command(struct panel *panel, const char *command, const char *argument)
{
	struct detail *d = (struct detail *)panel;
	size_t positions = d->fields.height > d->page ? d->fields.height - d->page + 1 : 1;
	enum table_motion motion;

	(void)argument;
	if (strcmp(command, "detail") == 0 && d->below != NULL) {
		d->unfolded = !d->unfolded;
		return true;
	}
	if (!table_motion_of(command, &motion))
		return false;
	if (d->below_shown && (d->unfolded || positions == 1))
		return below_command(d->below, command);
	d->top = table_move(d->top, positions, d->page, motion);
	return true;
}

static void
detail_tick(struct panel *panel)
{
	struct detail *d = (struct detail *)panel;

	if (d->below != NULL)
		below_tick(d->below);
}

static const void *
detail_selected(struct panel *panel, enum model_kind *kind)
{
	struct detail *d = (struct detail *)panel;

	*kind = d->kind;
	return d->copy;
}

static bool
detail_select(struct panel *panel, const char *key)
{
	return strcmp(((struct detail *)panel)->key, key) == 0;
}

static bool
detail_filter(struct panel *panel, const char *text, struct error *err)
{
	(void)panel;
	(void)text;
	return error_set(err, "there is nothing to filter here");
}

static void
detail_status(struct panel *panel, char *out, size_t size)
{
	(void)panel; /* the panel's own first line says it */
	(void)size;
	out[0] = '\0';
}

struct panel *
panel_detail(struct scene *scene, enum model_kind kind, const void *row)
{
	static const struct panel_ops ops = {
	    .title = "Detail",
	    .close = detail_close,
	    .draw = detail_draw,
	    .command = detail_command,
	    .selected = detail_selected,
	    .select = detail_select,
	    .filter = detail_filter,
	    .status = detail_status,
	    .tick = detail_tick,
	};
	struct detail *d = memory_zeroed(1, sizeof(*d));

	d->ops = ops;
	d->ops.kind = kind;
	d->ops.name = panel_of_kind(kind)->name;
	d->panel.ops = &d->ops;
	d->panel.scene = scene;
	d->kind = kind;
	d->opened = clock_wall();
	d->fields.lines = memory_zeroed(FIELDS_MOST, sizeof(*d->fields.lines));
	model_row_key(model_kind_info(kind), row, d->key, sizeof(d->key));
	d->copy = model_row_new(kind);
	model_row_clear(shape_of(d), d->copy);
	model_row_copy(shape_of(d), d->copy, row);
	d->below = below_new(scene, kind, d->key, d->copy);
	return &d->panel;
}
