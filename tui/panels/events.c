// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Events, the newest first. The list follows, or it stands still: then what is new is only counted, and every
 * filter goes on working on what stood there. One leaves the top and it stands still; 'f', or going to the
 * first row, lets it follow again. IKE's own log is hidden until somebody asks for it.
 *
 * The console has the last thousand events; whoever goes to the end gets what is older from the gateway,
 * which has it in its journal, page by page. The gateway is given the same conditions, so that a search for
 * what is rare doesn't carry everything over.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/format.h"
#include "tui/panels/panels.h"
#include "tui/panels/table_panel.h"

#define OLDER_PAGE 200
#define OLDER_MOST 10000 /* that are kept here; a few hundred bytes each */

/* --- cells
 * ---------------------------------------------------------------------------------------------------- */

static void
cell_at(const struct table_context *context, const void *row, struct table_cell *out)
{
	char text[FORMAT_TEXT];

	(void)context;
	out->role = ROLE_dim;
	snprintf(out->text, sizeof(out->text), "%s",
		 format_stamp(((const struct model_event *)row)->at, text));
}

static void
cell_severity(const struct table_context *context, const void *row, struct table_cell *out)
{
	struct look_of look = look_of_severity(((const struct model_event *)row)->severity);

	(void)context;
	out->role = look.role;
	snprintf(out->text, sizeof(out->text), "%s", look.word);
}

static void
cell_glyph(const struct table_context *context, const void *row, struct table_cell *out)
{
	struct look_of look = look_of_severity(((const struct model_event *)row)->severity);

	(void)context;
	out->role = look.role;
	snprintf(out->text, sizeof(out->text), "%s", look.glyph);
}

static void
cell_kind(const struct table_context *context, const void *row, struct table_cell *out)
{
	const struct model_event *event = row;

	(void)context;
	out->role = ROLE_dim;
	snprintf(out->text, sizeof(out->text), "%s", event->kind != NULL ? event->kind : "");
}

static void
cell_text(const struct table_context *context, const void *row, struct table_cell *out)
{
	const struct model_event *event = row;
	struct look_of look = look_of_severity(event->severity);

	(void)context;
	out->role = look.role == ROLE_dim ? ROLE_dim : ROLE_text;
	snprintf(out->text, sizeof(out->text), "%s", event->text != NULL ? event->text : "");
}

static const struct table_column columns[] = {
    {.field = "at", .title = "At", .width = 15, .cell = cell_at},
    {.title = "", .width = 1, .cell = cell_glyph},
    {.field = "severity", .title = "Severity", .width = 8, .rank = 1, .cell = cell_severity},
    {.field = "subject", .title = "Subject", .width = 11, .most = 28, .ends = true, .fit = true},
    {.field = "kind", .title = "Kind", .width = 16, .rank = 2, .cell = cell_kind},
    {.field = "text", .title = "Text", .width = 40, .roomy = 56, .most = 500, .cell = cell_text},
    {0},
};

static const struct table_panel_setup setup = {
    .columns = columns, .empty = "nothing has happened yet", .newest_first = true};

/* --- which events are shown
 * ----------------------------------------------------------------------------------- */

/* From the least on; `v` goes through those that have a word. */
static const struct {
	const char *severity, *word;
} severities[] = {
    {"debug", "all"}, {"info", NULL}, {"notice", "notice+"}, {"warning", "warning+"}, {"error", "errors"}};

struct request;

struct events {
	struct panel panel;
	struct panel *list;          /* the table; its filter is ours */
	struct model_filter *filter; /* the same as the list's */
	bool following, ike;
	uint64_t still_at; /* the last event that is shown while it stands still */
	size_t least;      /* of `severities` */
	/* what the gateway had beyond the console's own events, the newest first */
	struct model_event **older;
	size_t older_count, older_size;
	uint64_t reached; /* the sequence before which to go on; 0: that of the oldest one in the store */
	uint64_t seen;    /* the newest one in the store when it was last drawn */
	struct request *pending;
	struct rows_more more;
};

struct request {
	struct events *owner; /* NULL: nobody waits any more */
};

static size_t
severity_of(const struct model_event *event)
{
	for (size_t i = 0; i < COUNT_OF(severities); i++) {
		if (event->severity != NULL && strcmp(severities[i].severity, event->severity) == 0)
			return i;
	}
	return COUNT_OF(severities);
}

/* But for standing still. */
static bool
wanted(const struct events *e, const struct model_event *event)
{
	return severity_of(event) >= e->least &&
	       (e->ike || event->kind == NULL || strcmp(event->kind, "ike.log") != 0);
}

static bool
pass(void *context, const void *row)
{
	const struct events *e = context;
	const struct model_event *event = row;

	return (e->following || event->sequence <= e->still_at) && wanted(e, event);
}

static uint64_t
newest(const struct events *e)
{
	const struct model_store *store = e->panel.scene->store;
	size_t count = model_store_count(store, MODEL_KIND_EVENT);

	return count > 0 ? ((const struct model_event *)model_store_at(store, MODEL_KIND_EVENT, count - 1))
			       ->sequence
			 : 0;
}

static uint64_t
oldest(const struct events *e)
{
	const struct model_store *store = e->panel.scene->store;

	return model_store_count(store, MODEL_KIND_EVENT) > 0
		   ? ((const struct model_event *)model_store_at(store, MODEL_KIND_EVENT, 0))->sequence
		   : 0;
}

/* How many have come since it stands still, of those that would be shown. */
static size_t
count_above(const struct events *e)
{
	const struct model_store *store = e->panel.scene->store;
	const struct model_shape *shape = model_kind_info(MODEL_KIND_EVENT)->shape;
	size_t above = 0;

	for (size_t i = model_store_count(store, MODEL_KIND_EVENT); !e->following && i-- > 0;) {
		const struct model_event *event = model_store_at(store, MODEL_KIND_EVENT, i);

		if (event->sequence <= e->still_at)
			break;
		above +=
		    wanted(e, event) && (e->filter == NULL || model_filter_match(e->filter, shape, event));
	}
	return above;
}

static void
stand_still(struct events *e)
{
	if (!e->following)
		return;
	e->following = false;
	e->still_at = newest(e);
	e->more.version++;
}

static void
follow(struct events *e)
{
	e->following = true;
	e->more.version++;
	table_panel_command(e->list, "first-row", NULL);
}

/* --- older ones, from the gateway
 * ----------------------------------------------------------------------------- */

static void
forget_older(struct events *e)
{
	for (size_t i = 0; i < e->older_count; i++)
		model_row_free(MODEL_KIND_EVENT, e->older[i]);
	e->older_count = e->more.count = 0;
	e->reached = 0;
	e->more.complete = false;
	e->more.version++;
	if (e->pending != NULL)
		e->pending->owner = NULL;
	e->pending = NULL;
}

static void
keep_older(struct events *e, const struct model_event *event)
{
	struct model_event *copy = model_row_new(MODEL_KIND_EVENT);

	if (e->older_count == e->older_size) {
		e->older_size = e->older_size != 0 ? e->older_size * 2 : OLDER_PAGE;
		e->older = memory_resize(e->older, e->older_size * sizeof(*e->older));
	}
	model_row_clear(model_kind_info(MODEL_KIND_EVENT)->shape, copy);
	model_row_copy(model_kind_info(MODEL_KIND_EVENT)->shape, copy, event);
	e->older[e->older_count++] = copy;
	e->reached = event->sequence;
}

static void ask_older(void *context);

static void
on_older(void *context, const struct control_page *page)
{
	struct request *request = context;
	struct events *e = request->owner;
	uint64_t reached;

	free(request);
	if (e == NULL)
		return;
	e->pending = NULL;
	for (size_t i = page->ok ? page->count : 0; i-- > 0;)
		keep_older(e, page->rows[i]);
	if (page->ok && page->reached != NULL && text_parse_number(page->reached, UINT64_MAX, &reached))
		e->reached = reached;
	e->more.rows = (const void *const *)e->older;
	e->more.count = e->older_count;
	/* a gateway that went is asked again when it is back; one that can't say will not know better then */
	e->more.complete = page->ok ? page->complete || e->older_count >= OLDER_MOST
				    : control_client_state(e->panel.scene->client) == CONTROL_LIVE;
	e->more.version++;
	if (page->ok && page->count == 0 && !e->more.complete)
		ask_older(e); /* a part in which nothing matched */
	e->panel.scene->changed(e->panel.scene->context);
}

/* The conditions as the gateway takes them. */
static void
say_conditions(const struct events *e, char *out, size_t size)
{
	size_t used = (size_t)snprintf(out, size, "%s%s", e->panel.filter, e->ike ? "" : " !kind=ike.log");

	for (size_t i = 0; i < e->least && used < size; i++)
		used += (size_t)snprintf(out + used, size - used, " !severity=%s", severities[i].severity);
}

static void
ask_older(void *context)
{
	struct events *e = context;
	const struct scene *scene = e->panel.scene;
	uint64_t first = oldest(e);
	struct control_page_request ask = {
	    .kind = MODEL_KIND_EVENT, .before = true, .partial = true, .limit = OLDER_PAGE};
	char filter[512], key[24];

	if (e->pending != NULL || e->more.complete || first == 0 || scene->client == NULL ||
	    control_client_state(scene->client) != CONTROL_LIVE)
		return;
	say_conditions(e, filter, sizeof(filter));
	snprintf(key, sizeof(key), "%" PRIu64, e->reached != 0 ? e->reached : first);
	ask.filter = filter;
	ask.key = key;
	e->pending = memory_zeroed(1, sizeof(*e->pending));
	e->pending->owner = e;
	control_client_page(scene->client, &ask, on_older, e->pending);
}

/* --- the panel
 * ------------------------------------------------------------------------------------------------ */

static struct panel *
events_open(const struct panel_ops *ops, struct scene *scene)
{
	struct events *e = memory_zeroed(1, sizeof(*e));

	e->panel.ops = ops;
	e->panel.scene = scene;
	e->following = true;
	e->list = table_panel_open(ops, scene);
	e->more.pass = pass;
	e->more.wanted = ask_older;
	e->more.context = e;
	rows_stored_more(table_panel_table(e->list)->rows, &e->more);
	return &e->panel;
}

static void
events_close(struct panel *panel)
{
	struct events *e = (struct events *)panel;

	table_panel_close(e->list);
	forget_older(e);
	model_filter_free(e->filter);
	free(e->older);
	free(e);
}

/* A gateway that was started again and has no journal counts from 1: where the list stands still, and what is
 * from before the console's own events, are another run's. And where the console's own begin behind all that
 * it had, as after a long loss, what is before them is not what was asked for once. */
static void
note_run(struct events *e)
{
	const struct control_client *client = e->panel.scene->client;
	uint64_t last = newest(e);

	if (last == 0 || (client != NULL && control_client_state(client) != CONTROL_LIVE))
		return; /* the past of the same run may be on its way */
	if (e->older_count > 0 && (e->older[0]->sequence > last || oldest(e) > e->seen + 1))
		forget_older(e);
	e->seen = last;
	if (!e->following && e->still_at > last) {
		e->still_at = last;
		e->more.version++;
	}
}

static void
events_draw(struct panel *panel, const struct area *area)
{
	struct events *e = (struct events *)panel;

	note_run(e);
	table_panel_draw(e->list, area);
}

/* What is shown has changed: what came from the gateway was chosen by other conditions. */
static void
choose_anew(struct events *e)
{
	forget_older(e);
	table_chosen(table_panel_table(e->list));
	if (e->following)
		table_panel_command(e->list, "first-row", NULL);
}

static void
next_severity(struct events *e)
{
	do
		e->least = (e->least + 1) % COUNT_OF(severities);
	while (severities[e->least].word == NULL);
	choose_anew(e);
}

static bool
at_the_end(struct events *e)
{
	const struct table *table = table_panel_table(e->list);

	return table->selected + 1 >= table->rows->ops->count(table->rows);
}

static bool
events_command(struct panel *panel, const char *command, const char *argument)
{
	struct events *e = (struct events *)panel;
	enum table_motion motion;

	if (strcmp(command, "follow") == 0) {
		if (e->following)
			stand_still(e);
		else
			follow(e);
		return true;
	}
	if (strcmp(command, "severity") == 0) {
		next_severity(e);
		return true;
	}
	if (strcmp(command, "ike-log") == 0) {
		e->ike = !e->ike;
		choose_anew(e);
		return true;
	}
	if (!table_motion_of(command, &motion))
		return table_panel_command(e->list, command, argument);
	if (motion == TABLE_FIRST) {
		follow(e);
		return true;
	}
	if (motion == TABLE_UP || motion == TABLE_PAGE_UP)
		return table_panel_command(e->list, command, argument);
	stand_still(e);
	table_panel_command(e->list, command, argument);
	if (at_the_end(e))
		ask_older(e);
	return true;
}

static bool
events_row(struct panel *panel, uint64_t number, struct error *err)
{
	struct events *e = (struct events *)panel;

	if (!table_panel_row(e->list, number, err))
		return false;
	stand_still(e);
	if (at_the_end(e))
		ask_older(e);
	return true;
}

static const void *
events_selected(struct panel *panel, enum model_kind *kind)
{
	return table_panel_selected(((struct events *)panel)->list, kind);
}

static bool
events_select(struct panel *panel, const char *key)
{
	struct events *e = (struct events *)panel;

	if (!table_panel_select(e->list, key))
		return false;
	if (table_panel_table(e->list)->selected > 0)
		stand_still(e);
	return true;
}

static bool
events_filter(struct panel *panel, const char *text, struct error *err)
{
	struct events *e = (struct events *)panel;

	if (!table_panel_filter(e->list, text, err))
		return false;
	snprintf(panel->filter, sizeof(panel->filter), "%s", text);
	model_filter_free(e->filter);
	e->filter = text[0] != '\0' ? model_filter_parse(text, NULL) : NULL;
	if (strstr(text, "ike.log") != NULL)
		e->ike = true; /* whoever names it wants to see it */
	choose_anew(e);
	return true;
}

static void
events_status(struct panel *panel, char *out, size_t size)
{
	struct events *e = (struct events *)panel;
	struct rows *rows = table_panel_table(e->list)->rows;
	size_t above = count_above(e), used;

	rows->ops->refresh(rows);
	if (e->following)
		used = (size_t)snprintf(out, size, "following");
	else if (above > 0)
		used = (size_t)snprintf(out, size, "%zu new above", above);
	else
		used = (size_t)snprintf(out, size, "standing still");
	if (panel->filter[0] != '\0' && used < size)
		used += (size_t)snprintf(out + used, size - used, " · %zu shown", rows->ops->count(rows));
	if (e->least > 0 && used < size)
		used += (size_t)snprintf(out + used, size - used, " · %s", severities[e->least].word);
	if (e->ike && used < size)
		used += (size_t)snprintf(out + used, size - used, " · IKE");
	if (e->pending != NULL && used < size)
		snprintf(out + used, size - used, " · asking");
}

static void
events_tick(struct panel *panel)
{
	table_panel_tick(((struct events *)panel)->list);
}

static struct table *
events_table(struct panel *panel)
{
	return table_panel_table(((struct events *)panel)->list);
}

const struct panel_ops panel_events = {
    .name = "events",
    .title = "Events",
    .kind = MODEL_KIND_EVENT,
    .tab = true,
    .setup = &setup,
    .open = events_open,
    .close = events_close,
    .draw = events_draw,
    .command = events_command,
    .selected = events_selected,
    .select = events_select,
    .filter = events_filter,
    .status = events_status,
    .tick = events_tick,
    .row = events_row,
    .table = events_table,
};
