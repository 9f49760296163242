// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The schema at run time: schema.h's table expanded once more, into arrays of field descriptions that the
 * rest of the room walks. The macro table does not tell a field which struct it stands in, so each array is
 * made in a function of its own where a typedef says so; the shapes themselves are filled before main() runs,
 * which keeps every pointer to a shape or a field valid for good.
 */
#include "core/model/model.h"

#include <string.h>

#define FIELD(TYPE, field, unit, title, help) \
	{#field, unit, title, help, MODEL_##TYPE, offsetof(self, field), NULL},
#define FIELD_SUB(shape, field, title, help) \
	{#field, "", title, help, MODEL_SUB, offsetof(self, field), &shape_##shape},

#define DEFINE_SHAPE(shape, MACRO, ...) \
	static struct model_shape shape_##shape; \
	static void fill_shape_##shape(void) \
	{ \
		typedef struct model_##shape self; \
		static const struct model_field fields[] = {MACRO(FIELD, FIELD_SUB)}; \
		_Static_assert(COUNT_OF(fields) <= 64, "a set of fields is one uint64_t"); \
		_Static_assert(offsetof(self, set) == 0, "rows are recognised by their first member"); \
		shape_##shape = (struct model_shape){#shape, sizeof(self), fields, COUNT_OF(fields)}; \
	}
MODEL_SHAPES(DEFINE_SHAPE)
MODEL_KINDS(DEFINE_SHAPE)

#define KIND(shape_name, MACRO, CONSTANT, plural_name, STORAGE, ...) \
	{.kind = MODEL_KIND_##CONSTANT, \
	 .plural = plural_name, \
	 .storage = MODEL_##STORAGE, \
	 .shape = &shape_##shape_name},
static struct model_kind_info kinds[] = {MODEL_KINDS(KIND)};

#define KEY(shape, MACRO, CONSTANT, plural, STORAGE, key) key,
static const char *const keys[] = {MODEL_KINDS(KEY)};

/* Resolves "prefix source tunnel" into the kind's key fields. */
static void
fill_key(struct model_kind_info *info, const char *names)
{
	size_t count = 0;

	while (*names != '\0' && count < COUNT_OF(info->key)) {
		size_t length = strcspn(names, " ");
		char name[32] = "";

		memcpy(name, names, length < sizeof(name) - 1 ? length : sizeof(name) - 1);
		info->key[count++] = &info->shape->fields[model_field_find(info->shape, name)];
		names += length + (names[length] == ' ');
	}
}

__attribute__((constructor)) static void
fill_schema(void)
{
#define FILL(shape, ...) fill_shape_##shape();
	MODEL_SHAPES(FILL)
	MODEL_KINDS(FILL)
	for (size_t i = 0; i < MODEL_KIND_COUNT; i++)
		fill_key(&kinds[i], keys[i]);
}

/* offsetof refuses a field that is not there. */
#define GROUP(shape_name, field, rank, title) \
	{&shape_##shape_name, offsetof(struct model_##shape_name, field), {title, rank}},
static const struct {
	const struct model_shape *shape;
	size_t offset;
	struct model_group group;
} groups[] = {MODEL_GROUPS(GROUP)};

const struct model_group *
model_group_at(const struct model_shape *shape, const struct model_field *field)
{
	for (size_t i = 0; i < COUNT_OF(groups); i++) {
		if (groups[i].shape == shape && groups[i].offset == field->offset)
			return &groups[i].group;
	}
	return NULL;
}

#define SELDOM(shape_name, field) {&shape_##shape_name, offsetof(struct model_##shape_name, field)},
static const struct {
	const struct model_shape *shape;
	size_t offset;
} seldom[] = {MODEL_SELDOM(SELDOM)};

bool
model_field_seldom(const struct model_shape *shape, const struct model_field *field)
{
	for (size_t i = 0; i < COUNT_OF(seldom); i++) {
		if (seldom[i].shape == shape && seldom[i].offset == field->offset)
			return true;
	}
	return false;
}

const struct model_kind_info *
model_kind_info(enum model_kind kind)
{
	return &kinds[kind];
}

const struct model_kind_info *
model_kind_find(const char *name)
{
	for (size_t i = 0; i < MODEL_KIND_COUNT; i++) {
		if (strcmp(kinds[i].plural, name) == 0 || strcmp(kinds[i].shape->name, name) == 0)
			return &kinds[i];
	}
	return NULL;
}

int
model_field_find(const struct model_shape *shape, const char *name)
{
	for (size_t i = 0; i < shape->count; i++) {
		if (strcmp(shape->fields[i].name, name) == 0)
			return (int)i;
	}
	return -1;
}

bool
model_field_path(const struct model_shape *shape, const char *path, struct model_field *out)
{
	const char *dot = strchr(path, '.');
	size_t length = dot != NULL ? (size_t)(dot - path) : strlen(path), offset;
	int member;

	for (size_t i = 0; i < shape->count; i++) {
		if (strncmp(shape->fields[i].name, path, length) != 0 ||
		    shape->fields[i].name[length] != '\0')
			continue;
		*out = shape->fields[i];
		if (dot == NULL)
			return true;
		offset = out->offset;
		member = out->sub != NULL ? model_field_find(out->sub, dot + 1) : -1;
		if (member < 0)
			return false;
		*out = out->sub->fields[member];
		out->offset += offset;
		return true;
	}
	return false;
}

uint64_t
model_fields_all(const struct model_shape *shape)
{
	return shape->count >= 64 ? UINT64_MAX : (UINT64_C(1) << shape->count) - 1;
}

/* Of units: do they change while nothing happens? */
enum { VALUE, FIGURE };
#define UNIT(unit, CHANGES) {#unit, (CHANGES) == FIGURE},
static const struct {
	const char *name;
	bool figure;
} units[] = {MODEL_UNITS(UNIT)};

bool
model_unit_find(const char *unit, bool *figure)
{
	for (size_t i = 0; i < COUNT_OF(units); i++) {
		if (strcmp(units[i].name, unit) != 0)
			continue;
		*figure = units[i].figure;
		return true;
	}
	return false;
}

/* A nested object is one where all that it has are. */
static bool
is_figure(const struct model_field *field)
{
	bool figure = false;

	if (field->type == MODEL_SUB)
		return model_fields_figures(field->sub) == model_fields_all(field->sub);
	return model_unit_find(field->unit, &figure) && figure;
}

uint64_t
model_fields_figures(const struct model_shape *shape)
{
	uint64_t fields = 0;

	for (size_t i = 0; i < shape->count; i++) {
		if (is_figure(&shape->fields[i]))
			fields |= UINT64_C(1) << i;
	}
	return fields;
}
