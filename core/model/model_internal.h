// SPDX-License-Identifier: GPL-2.0-or-later
/* What the files of core/model share and nobody else sees. */
#ifndef TWINSPAN_MODEL_MODEL_INTERNAL_H
#define TWINSPAN_MODEL_MODEL_INTERNAL_H

#include "core/model/model.h"

/* Where a field stands in a row. */
static inline void *
field_at(const struct model_field *field, void *row)
{
	return (char *)row + field->offset;
}

static inline const void *
field_at_const(const struct model_field *field, const void *row)
{
	return (const char *)row + field->offset;
}

#define MODEL_MOST_ASN UINT32_MAX

/* The value of the field that stands at `at`. Returns new. */
json_t *model_field_to_json(const struct model_field *field, const void *at);

/* Text written into a caller's buffer; what does not fit is cut at a character's border and `full` set. */
struct text_out {
	char *at;
	size_t size, used;
	bool full;
};

void text_out_put(struct text_out *out, const char *text);
/* Appends a field's text as model_field_text() has it. */
void model_field_put_text(const struct model_field *field, const void *row, struct text_out *out);

/* Frees what one field owns and makes it unset. */
void model_field_clear(const struct model_field *field, void *row);
/* About how much memory a row takes. */
size_t model_row_weight(const struct model_shape *shape, const void *row);
/* Replaces the fields in `fields` by copies of those of another row. */
void model_row_take_fields(const struct model_shape *shape, void *to, const void *from, uint64_t fields);

#endif
