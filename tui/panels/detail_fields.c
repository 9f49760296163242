// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Every field of a row as lines. Their order comes from the schema: groups by rank, each under its heading,
 * nested objects as groups of their own. The lines flow through as many columns as there is room for; a group
 * begins a new column rather than being broken, where that leaves the columns about equal.
 */
#include <stdio.h>
#include <string.h>

#include "tui/format.h"
#include "tui/panels/detail_internal.h"

#define LABEL 14
#define COLUMN 38 /* at least, label and value */
#define MOST_COLUMNS 4
#define SLACK 2 /* rows by which a column may be longer than its share, for a group's sake */

struct maker {
	struct fields *fields;
	usec_t now;
	int width;     /* of a value */
	uint64_t told; /* fields that the gateway tells */
	bool said;     /* what stands above the fields need not stand among them too */
	const char *version;
};

static struct field_line *
add_line(struct fields *fields, const char *label, enum theme_role role)
{
	struct field_line *line;

	if (fields->count >= FIELDS_MOST)
		return NULL;
	line = &fields->lines[fields->count++];
	snprintf(line->label, sizeof(line->label), "%s", label);
	line->value[0] = '\0';
	line->role = role;
	return line;
}

/* A value in as many lines as it needs. */
static void
add_value(struct maker *maker, const char *label, const char *value)
{
	enum theme_role role = strcmp(value, FORMAT_NONE) == 0 ? ROLE_dim : ROLE_text;
	struct field_line *line = add_line(maker->fields, label, role);

	while (line != NULL && text_line(&value, maker->width, line->value, sizeof(line->value)) &&
	       *value != '\0')
		line = add_line(maker->fields, "", role);
}

/* What is still to come counts down by the second; days off, the day counts. */
static void
format_countdown(usec_t at, usec_t now, char *out, size_t size)
{
	long long left = (long long)((at - now) / USEC_PER_SEC);
	char clock[FORMAT_TEXT], span[FORMAT_TEXT];

	if (left >= FORMAT_DAYS_S)
		snprintf(out, size, "in %s (%.10s)", format_until(now, at, span), format_date(at, clock));
	else
		snprintf(out, size, "in %02lld:%02lld:%02lld (%s)", left / 3600, left / 60 % 60, left % 60,
			 format_clock(at, clock));
}

static void
add_map(struct maker *maker, const struct model_field *field, const struct model_map *map)
{
	if (map->names.count == 0)
		add_value(maker, field->title, FORMAT_NONE);
	else
		add_line(maker->fields, field->title, ROLE_heading);
	for (size_t i = 0; i < map->names.count; i++)
		add_value(maker, map->names.items[i], map->values.items[i]);
}

static void
add_field(struct maker *maker, const struct model_field *field, const void *row)
{
	const void *member = (const char *)row + field->offset;
	usec_t at = field->type == MODEL_TIME ? *(const usec_t *)member : 0;
	char text[1024], span[FORMAT_TEXT];

	if (field->type == MODEL_MAP) {
		add_map(maker, field, member);
		return;
	}
	if (at > maker->now)
		format_countdown(at, maker->now, text, sizeof(text));
	else
		format_field(field, row, maker->now, text, sizeof(text));
	if (at == 0 || at > maker->now || text_columns(text) <= maker->width) {
		add_value(maker, field->title, text);
		return;
	}
	snprintf(text, sizeof(text), "%s ago",
		 format_since(maker->now, at, span)); /* the stamp stays whole */
	add_value(maker, field->title, text);
	add_value(maker, "", format_stamp(at, span));
}

/* A nested object; one that is unset is a line. */
static void
add_nested(struct maker *maker, const char *title, const struct model_field *field, const void *row)
{
	const void *sub = (const char *)row + field->offset;

	if (!*(const bool *)sub) { /* `set`, the first member of every shape */
		add_value(maker, title, FORMAT_NONE);
		return;
	}
	add_line(maker->fields, title, ROLE_heading);
	for (size_t i = 0; i < field->sub->count; i++) {
		if (!maker->said || !trouble_says(field->sub, &field->sub->fields[i]))
			add_field(maker, &field->sub->fields[i], sub);
	}
}

/* --- groups -------------------------------------------------------------------------------------- */

struct group {
	const char *title; /* NULL: none */
	int rank;
	size_t first, end; /* fields */
};

/* Groups in the order of their ranks. `out` has room for one per field. */
static size_t
find_groups(const struct model_shape *shape, struct group *out)
{
	size_t count = 0;

	for (size_t i = 0; i < shape->count; i++) {
		const struct model_field *field = &shape->fields[i];
		const struct model_group *at = model_group_at(shape, field);
		bool nested = field->type == MODEL_SUB,
		     after_nested = i > 0 && shape->fields[i - 1].type == MODEL_SUB;

		if (at == NULL && i > 0 && !nested && !after_nested)
			out[count - 1].end = i + 1;
		else
			out[count++] = (struct group){.title = at != NULL ? at->title
							       : nested   ? field->title
									  : NULL,
						      .rank = at != NULL ? at->rank : (int)shape->count,
						      .first = i,
						      .end = i + 1};
	}
	for (size_t i = 1; i < count; i++) { /* stable, and they are few */
		struct group group = out[i];
		size_t to = i;

		for (; to > 0 && out[to - 1].rank > group.rank; to--)
			out[to] = out[to - 1];
		out[to] = group;
	}
	return count;
}

/* An older gateway knows nothing of the field: that is not the same as to have nothing in it. */
static void
add_untold(struct maker *maker, const char *title)
{
	struct field_line *line = add_line(maker->fields, title, ROLE_dim);

	if (line != NULL)
		snprintf(line->value, sizeof(line->value), "not told by %.48s",
			 maker->version != NULL ? maker->version : "its version");
}

static bool
is_left_out(const struct model_shape *shape, const struct model_field *field, const void *row)
{
	char text[8];

	return model_field_seldom(shape, field) &&
	       model_field_text(field, row, text, sizeof(text))[0] == '\0';
}

static void
add_group(struct maker *maker, const struct model_shape *shape, const struct group *group, const void *row)
{
	const struct model_field *first = &shape->fields[group->first];

	if (first->type == MODEL_SUB && (maker->told >> group->first & 1) == 0) {
		add_untold(maker, group->title);
		return;
	}
	if (first->type == MODEL_SUB) {
		/* `set` comes first: see add_nested(). */
		if (!model_field_seldom(shape, first) || *(const bool *)((const char *)row + first->offset))
			add_nested(maker, group->title, first, row);
		return;
	}
	if (group->title != NULL)
		add_line(maker->fields, group->title, ROLE_heading);
	for (size_t i = group->first; i < group->end; i++) {
		if ((maker->told >> i & 1) == 0)
			add_untold(maker, shape->fields[i].title);
		else if (!is_left_out(shape, &shape->fields[i], row))
			add_field(maker, &shape->fields[i], row);
	}
}

/* --- columns ------------------------------------------------------------------------------------- */

static size_t
group_length(const struct fields *fields, size_t first)
{
	size_t end = first + 1;

	while (end < fields->count && fields->lines[end].role != ROLE_heading)
		end++;
	return end - first;
}

static void
flow(struct fields *fields)
{
	size_t share = (fields->count + (size_t)fields->columns - 1) / (size_t)fields->columns, used = 0;
	int column = 0;

	fields->height = 0;
	for (size_t i = 0; i < fields->count; i++) {
		bool heading = fields->lines[i].role == ROLE_heading;
		bool over = heading
				? used + group_length(fields, i) > share + SLACK && used + SLACK >= share / 2
				: used >= share + SLACK;

		if (over && used > 0 && column + 1 < fields->columns) {
			column++;
			used = 0;
		}
		fields->lines[i].column = column;
		fields->lines[i].row = (int)used++;
		fields->height = used > fields->height ? used : fields->height;
	}
}

void
fields_make(struct fields *fields, const struct scene *scene, enum model_kind kind, const void *row, int cols,
	    bool said)
{
	const struct model_shape *shape = model_kind_info(kind)->shape;
	struct group groups[64];
	struct maker maker = {.fields = fields,
			      .said = said,
			      .now = scene->now,
			      .told = model_store_told(scene->store, kind),
			      .version =
				  scene->client != NULL ? control_client_version(scene->client) : NULL};
	size_t count = find_groups(shape, groups);

	fields->columns = cols / COLUMN;
	fields->columns = fields->columns < 1              ? 1
			  : fields->columns > MOST_COLUMNS ? MOST_COLUMNS
							   : fields->columns;
	fields->width = (cols - 1) / fields->columns;
	fields->count = 0;
	maker.width = fields->width - LABEL - 3;
	for (size_t i = 0; i < count; i++)
		add_group(&maker, shape, &groups[i], row);
	flow(fields);
}

void
fields_draw(const struct fields *fields, const struct area *area, size_t top)
{
	for (size_t i = 0; i < fields->count; i++) {
		const struct field_line *line = &fields->lines[i];
		int row = line->row - (int)top, left = 1 + line->column * fields->width;
		bool heading = line->role == ROLE_heading;

		if (row < 0 || row >= area->rows)
			continue;
		area_field(area, row, left, heading ? fields->width - 2 : LABEL, false,
			   heading ? ROLE_title : ROLE_dim, line->label);
		if (!heading)
			area_field(area, row, left + LABEL + 1, fields->width - LABEL - 2, false, line->role,
				   line->value);
	}
}
