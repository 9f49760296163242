// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where one has been. A place is a panel with its filter, the selected row and, on top, what was opened in
 * detail. Going somewhere keeps the present place; '-' changes between the last two, '[' and ']' walk through
 * all of them, as in a browser. The jumps lead from a row to what hangs together with it: a tunnel's peer,
 * its routes, its events.
 */
#include <stdio.h>
#include <string.h>

#include "tui/app.h"
#include "tui/panels/attention.h"

/* --- places --------------------------------------------------------------------------------------- */

static void
take_place(struct app *app, struct place *out)
{
	struct panel *panel = app->opened[app->current], *top = app_panel(app);
	enum model_kind kind;
	const void *row;

	*out = (struct place){.tab = app->current};
	snprintf(out->filter, sizeof(out->filter), "%s", panel->filter);
	row = panel->ops->selected(panel, &kind);
	if (row != NULL)
		model_row_key(model_kind_info(kind), row, out->key, sizeof(out->key));
	if (top == panel)
		return;
	row = top->ops->selected(top, &kind);
	if (row == NULL || model_kind_info(kind)->storage != MODEL_STORED)
		return;
	out->detail_kind = kind;
	model_row_key(model_kind_info(kind), row, out->detail, sizeof(out->detail));
}

static bool
same_place(const struct place *a, const struct place *b)
{
	return a->tab == b->tab && strcmp(a->filter, b->filter) == 0 && strcmp(a->detail, b->detail) == 0 &&
	       (a->detail[0] == '\0' || a->detail_kind == b->detail_kind);
}

static void
go_to_place(struct app *app, const struct place *place)
{
	struct panel *panel;
	const void *row;

	if (app->message.role ==
	    ROLE_dim) /* a mere remark, such as that there was no way: the path is news */
		app->message.text[0] = '\0';
	app_show_panel(app, place->tab);
	panel = app_panel(app);
	if (strcmp(panel->filter, place->filter) != 0)
		panel->ops->filter(panel, place->filter, NULL);
	if (place->key[0] != '\0')
		panel->ops->select(panel, place->key);
	if (place->detail[0] == '\0')
		return;
	row = model_store_get(app->scene.store, place->detail_kind, place->detail);
	if (row != NULL)
		app_push_detail(app, place->detail_kind, row);
}

static void
push(struct place *places, size_t *count, const struct place *place)
{
	if (*count > 0 && same_place(&places[*count - 1], place)) {
		places[*count - 1] = *place; /* another row of the same list */
		return;
	}
	if (*count == APP_PLACES) {
		memmove(places, places + 1, (APP_PLACES - 1) * sizeof(*places));
		(*count)--;
	}
	places[(*count)++] = *place;
}

void
navigation_leave(struct app *app)
{
	struct place here;

	take_place(app, &here);
	push(app->behind, &app->behind_count, &here);
	app->ahead_count = 0;
}

/* From one pile to the other: the place on top of `from` that is not where we are. */
static bool
walk(struct app *app, struct place *from, size_t *from_count, struct place *to, size_t *to_count)
{
	struct place here, next;

	take_place(app, &here);
	while (*from_count > 0 && same_place(&from[*from_count - 1], &here))
		(*from_count)--;
	if (*from_count == 0)
		return false;
	next = from[--*from_count];
	push(to, to_count, &here);
	go_to_place(app, &next);
	return true;
}

void
navigation_back(struct app *app)
{
	if (!walk(app, app->behind, &app->behind_count, app->ahead, &app->ahead_count))
		app_say(app, ROLE_dim, "this is where you came in");
}

void
navigation_forward(struct app *app)
{
	if (!walk(app, app->ahead, &app->ahead_count, app->behind, &app->behind_count))
		app_say(app, ROLE_dim, "there is nothing to go forward to");
}

void
navigation_last(struct app *app)
{
	struct place here, last;

	take_place(app, &here);
	while (app->behind_count > 0 && same_place(&app->behind[app->behind_count - 1], &here))
		app->behind_count--;
	if (app->behind_count == 0) {
		app_say(app, ROLE_dim, "there is no other place yet");
		return;
	}
	last = app->behind[--app->behind_count];
	push(app->behind, &app->behind_count, &here);
	go_to_place(app, &last);
}

/* "Tunnels › aws-paris/1": a place in words. */
static void
describe(const struct place *place, char *out, size_t size)
{
	if (place->detail[0] != '\0')
		snprintf(out, size, "%s", place->detail);
	else if (place->filter[0] != '\0')
		snprintf(out, size, "%s /%s", panels[place->tab]->title, place->filter);
	else
		snprintf(out, size, "%s", panels[place->tab]->title);
}

void
navigation_trail(struct app *app, int cols, char *out, size_t size)
{
	char text[320] = "", word[160], longer[480];
	struct place here;

	out[0] = '\0';
	take_place(app, &here);
	if (app->detail_count == 0 &&
	    (app->behind_count == 0 || (app->behind_count == 1 && same_place(&app->behind[0], &here))))
		return; /* there is nothing to go back to */
	snprintf(text, sizeof(text), "%s", here.detail[0] != '\0' ? here.detail : panels[here.tab]->title);
	for (size_t i = app->behind_count; i > 0; i--) {
		if (same_place(&app->behind[i - 1], &here) && i == app->behind_count)
			continue;
		describe(&app->behind[i - 1], word, sizeof(word));
		snprintf(longer, sizeof(longer), "%s › %s", word, text);
		if (text_columns(longer) > cols || strlen(longer) >= sizeof(text))
			break;
		memcpy(text, longer, strlen(longer) + 1);
	}
	snprintf(out, size, "%s", text);
}

/* --- jumps ---------------------------------------------------------------------------------------- */

/* A jump selects the named row in the panel of a kind, or shows only rows whose field names it. */
static const struct {
	const char *command;
	enum model_kind kind;
	const char *field; /* NULL: the row itself is selected */
} jumps[] = {
    {"go-connection", MODEL_KIND_CONNECTION, NULL},
    {"go-tunnel", MODEL_KIND_TUNNEL, NULL},
    {"go-peer", MODEL_KIND_PEER, NULL},
    {"go-routes", MODEL_KIND_ROUTE, "tunnel"},
    {"go-received", MODEL_KIND_RECEIVED, "peer"},
    {"go-advertised", MODEL_KIND_ADVERTISED, "peer"},
    {"go-events", MODEL_KIND_EVENT, "subject"},
};

static size_t
panel_place(enum model_kind kind)
{
	size_t i = 0;

	while (panels[i] != NULL && panels[i]->kind != kind)
		i++;
	return i;
}

/* The filter that shows what belongs to `name`. */
static void
filter_for(const struct app *app, const char *field, const char *name, char *out, size_t size)
{
	bool connection = model_store_get(app->scene.store, MODEL_KIND_CONNECTION, name) != NULL;

	if (strcmp(field, "tunnel") == 0 && connection)
		field = "connection";
	snprintf(out, size, "%s:%s", field, name);
}

void
navigation_show(struct app *app, enum model_kind kind, const char *filter)
{
	struct panel *panel;

	navigation_leave(app);
	app_show_panel(app, panel_place(kind));
	panel = app_panel(app);
	if (strcmp(panel->filter, filter) != 0)
		panel->ops->filter(panel, filter, NULL);
}

bool
navigation_jump(struct app *app, const char *command, const char *name)
{
	char key[256], filter[300];
	struct panel *panel;

	for (size_t i = 0; i < COUNT_OF(jumps); i++) {
		if (strcmp(jumps[i].command, command) != 0)
			continue;
		snprintf(key, sizeof(key), "%s",
			 name != NULL ? name : ""); /* the row may go with its panel */
		if (jumps[i].field == NULL && model_store_get(app->scene.store, jumps[i].kind, key) == NULL) {
			app_say(app, ROLE_bad, "there is no %s '%s'",
				model_kind_info(jumps[i].kind)->shape->name, key);
			return true;
		}
		filter[0] = '\0';
		if (jumps[i].field != NULL)
			filter_for(app, jumps[i].field, key, filter, sizeof(filter));
		navigation_show(app, jumps[i].kind, filter);
		panel = app_panel(app);
		if (jumps[i].field == NULL)
			panel->ops->select(panel, key);
		return true;
	}
	return false;
}

void
navigation_attention(struct app *app)
{
	struct panel *panel = app->opened[app->current];
	enum model_kind kind = panel->ops->kind;
	const void *row = panel->ops->selected(panel, &kind);
	const struct attention_item *next;
	struct attention attention;
	char key[256] = "";

	if (row != NULL)
		model_row_key(model_kind_info(kind), row, key, sizeof(key));
	else if (kind == MODEL_KIND_GATEWAY && model_store_count(app->scene.store, kind) > 0)
		model_row_key(model_kind_info(kind), model_store_at(app->scene.store, kind, 0), key,
			      sizeof(key));
	attention_collect(&app->scene, &attention);
	next = attention_next(&attention, kind, key);
	if (next == NULL) {
		app_say(app, ROLE_dim, "nothing needs a person");
		return;
	}
	navigation_leave(app);
	app_show_panel(app,
		       panel_place(next->kind == MODEL_KIND_TUNNEL ? MODEL_KIND_CONNECTION : next->kind));
	panel = app_panel(app);
	if (!panel->ops->select(panel, next->key) && panel->ops->filter(panel, "", NULL))
		panel->ops->select(panel, next->key);
	app_say(app, ROLE_attention, "%zu of %zu: %s", (size_t)(next - attention.items) + 1, attention.all,
		next->text);
}
