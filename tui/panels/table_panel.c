// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The panels that are one table. Kinds without columns of their own choosing get them from the schema: every
 * field that is not nested, as wide as its title, most important (first in the schema) first.
 */
#include "tui/panels/table_panel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/format.h"

struct table_panel {
	struct panel panel;
	struct table table;
	struct table_column made[TABLE_COLUMNS + 1]; /* from the schema */
};

static const struct table_panel_setup *
setup_of(const struct panel *panel)
{
	return panel->ops->setup;
}

static bool
is_number(const struct model_field *field)
{
	return field->type == MODEL_UINT || field->type == MODEL_REAL;
}

static const struct table_column *
columns_from_schema(struct table_panel *p)
{
	const struct model_shape *shape = model_kind_info(p->panel.ops->kind)->shape;
	size_t count = 0;

	for (size_t i = 0; i < shape->count && count < TABLE_COLUMNS; i++) {
		const struct model_field *field = &shape->fields[i];
		int width = text_columns(field->title);

		if (field->type == MODEL_SUB || field->type == MODEL_MAP)
			continue;
		p->made[count] = (struct table_column){.field = field->name,
						       .title = field->title,
						       .width = width < 10 ? 10 : width,
						       .most = is_number(field) ? 0 : 60,
						       .rank = (int)count,
						       .right = is_number(field)};
		count++;
	}
	return p->made;
}

static void
on_page(void *context)
{
	struct scene *scene = context;

	scene->changed(scene->context);
}

struct panel *
table_panel_open(const struct panel_ops *ops, struct scene *scene)
{
	struct table_panel *p = memory_zeroed(1, sizeof(*p));
	const struct table_panel_setup *setup = ops->setup;
	bool paged = model_kind_info(ops->kind)->storage == MODEL_PAGED;

	p->panel.ops = ops;
	p->panel.scene = scene;
	table_open(&p->table, setup->columns != NULL ? setup->columns : columns_from_schema(p),
		   paged ? rows_paged(scene->client, ops->kind, on_page, scene)
			 : rows_stored(scene->store, ops->kind, setup->newest_first),
		   setup->newest_first);
	return &p->panel;
}

void
table_panel_close(struct panel *panel)
{
	struct table_panel *p = (struct table_panel *)panel;

	table_close(&p->table);
	free(p);
}

static uint64_t
told_of(const struct panel *panel)
{
	enum model_kind kind = panel->ops->kind;

	return model_kind_info(kind)->storage == MODEL_STORED ? model_store_told(panel->scene->store, kind)
							      : 0;
}

void
table_panel_draw(struct panel *panel, const struct area *area)
{
	struct table_panel *p = (struct table_panel *)panel;
	const struct table_context context = {
	    .store = panel->scene->store, .now = panel->scene->now, .told = told_of(panel)};
	const char *trouble = p->table.rows->ops->trouble(p->table.rows);

	table_draw(&p->table, area, &context,
		   trouble != NULL            ? trouble
		   : panel->filter[0] != '\0' ? "nothing matches the filter; Escape shows all"
					      : setup_of(panel)->empty);
	if (p->table.said[0] != '\0' && panel->scene->say != NULL)
		panel->scene->say(panel->scene->context, p->table.said);
	p->table.said[0] = '\0';
}

bool
table_panel_row(struct panel *panel, uint64_t number, struct error *err)
{
	return table_go_to(&((struct table_panel *)panel)->table, number, err);
}

bool
table_panel_command(struct panel *panel, const char *command, const char *argument)
{
	struct table_panel *p = (struct table_panel *)panel;
	enum table_motion motion;

	(void)argument;
	if (table_motion_of(command, &motion))
		table_go(&p->table, motion);
	else if (strcmp(command, "mark") == 0)
		table_mark(&p->table);
	else if (strcmp(command, "mark-all") == 0)
		table_mark_all(&p->table);
	else
		return false;
	return true;
}

const void *
table_panel_selected(struct panel *panel, enum model_kind *kind)
{
	*kind = panel->ops->kind;
	return table_selected(&((struct table_panel *)panel)->table);
}

bool
table_panel_select(struct panel *panel, const char *key)
{
	return table_select(&((struct table_panel *)panel)->table, key);
}

bool
table_panel_filter(struct panel *panel, const char *text, struct error *err)
{
	struct table_panel *p = (struct table_panel *)panel;
	struct model_filter *filter = NULL;

	if (text[0] != '\0') {
		filter = model_filter_parse(text, err);
		if (filter == NULL)
			return false;
	}
	snprintf(panel->filter, sizeof(panel->filter), "%s", text);
	p->table.rows->ops->filter(p->table.rows, text, filter);
	table_chosen(&p->table);
	return true;
}

/* "10.60.0.0/16" of a key's "10.60.0.0/16 bgp ...". */
static const char *
first_word(const char *key, char out[FORMAT_TEXT])
{
	snprintf(out, FORMAT_TEXT, "%.*s", (int)strcspn(key, " "), key);
	return out;
}

/* What FORMAT_UNTOLD in the table means. */
static void
say_untold(const struct panel *panel, char *out, size_t size)
{
	const struct scene *scene = panel->scene;
	uint64_t told = told_of(panel);
	const char *version = scene->client != NULL ? control_client_version(scene->client) : NULL;
	size_t used = strlen(out);

	if (told != 0 && told != model_fields_all(model_kind_info(panel->ops->kind)->shape))
		snprintf(out + used, size - used, " · " FORMAT_UNTOLD ": not told by %s",
			 version != NULL ? version : "its version");
}

void
table_panel_status(struct panel *panel, char *out, size_t size)
{
	struct table_panel *p = (struct table_panel *)panel;
	struct rows *rows = p->table.rows;
	const struct model_kind_info *info = model_kind_info(panel->ops->kind);
	char shown[FORMAT_TEXT], all[FORMAT_TEXT];
	const struct table_panel_setup *setup = panel->ops->setup;
	const char *plural, *many;
	uint64_t total, count;

	if (p->table.marks.keys.count > 0) {
		snprintf(out, size, "%zu marked", p->table.marks.keys.count);
		return;
	}
	rows->ops->refresh(rows);
	total = rows->ops->total(rows);
	count = rows->ops->count(rows);
	many = setup->many != NULL ? setup->many : info->plural;
	plural = count != 1 ? many : setup->one != NULL ? setup->one : info->shape->name;
	format_count(count, shown);
	if (p->table.sought != 0)
		snprintf(out, size, "to row %s …", format_count(p->table.sought, all));
	else if (rows->ops->searching(rows) != NULL)
		snprintf(out, size, "%s found, searching at %s", shown,
			 first_word(rows->ops->searching(rows), all));
	else if (info->storage == MODEL_PAGED && count > p->table.page && rows->ops->placed(rows))
		snprintf(out, size, "%*s of %s%s", (int)strlen(shown),
			 format_count(p->table.selected + 1, all), shown,
			 rows->ops->complete(rows) || panel->filter[0] == '\0' ? "" : "+");
	else if (total == MODEL_UINT_UNSET || total == count)
		snprintf(out, size, "%s%s %s", shown, rows->ops->complete(rows) ? "" : "+", plural);
	else if (panel->filter[0] == '\0') /* only a part of them is here yet */
		snprintf(out, size, "%s %s", format_count(total, all), many);
	else
		snprintf(out, size, "%s%s of %s", shown, rows->ops->complete(rows) ? "" : "+",
			 format_count(total, all));
	say_untold(panel, out, size);
}

void
table_panel_tick(struct panel *panel)
{
	struct rows *rows = ((struct table_panel *)panel)->table.rows;

	rows->ops->tick(rows);
}

struct table *
table_panel_table(struct panel *panel)
{
	return &((struct table_panel *)panel)->table;
}

struct marks *
table_panel_marks(struct panel *panel)
{
	/* what isn't kept here can't be acted upon together */
	return model_kind_info(panel->ops->kind)->storage == MODEL_STORED
		   ? &((struct table_panel *)panel)->table.marks
		   : NULL;
}
