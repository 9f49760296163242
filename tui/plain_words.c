// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The sentences of the plain mode, made from the model alone: the kind, the row's key, and its fields by the
 * schema's titles, the new value before the old one.
 */
#include "tui/plain_words.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tui/show_internal.h"

void
plain_add(char *out, const char *format, ...)
{
	size_t used = strlen(out);
	va_list args;

	va_start(args, format);
	vsnprintf(out + used, PLAIN_SENTENCE - used, format, args);
	va_end(args);
}

/* "Last move" within a sentence is "last move"; "BFD" and "RTT" stay. */
static const char *
word_of(const struct model_field *field, char out[64])
{
	snprintf(out, 64, "%s", field->title);
	if (!isupper((unsigned char)out[1]))
		out[0] = (char)tolower((unsigned char)out[0]);
	return out;
}

/* A field in words; "" where there is nothing to say. */
static void
value_of(const struct model_kind_info *info, const struct model_field *field, const void *row, char *out)
{
	const void *at = (const char *)row + field->offset;
	char word[64], inner[PLAIN_SENTENCE];
	const char *separator = "";

	out[0] = '\0';
	if (field->type != MODEL_SUB) {
		show_field_text(info, field, row, out, PLAIN_SENTENCE);
		if (strcmp(out, "-") == 0)
			out[0] = '\0';
		return;
	}
	for (size_t i = 0; *(const bool *)at && i < field->sub->count; i++) {
		if (field->sub->fields[i].type == MODEL_TIME) /* it is told as it happens */
			continue;
		value_of(info, &field->sub->fields[i], at, inner);
		if (inner[0] == '\0')
			continue;
		plain_add(out, "%s%s %s", separator, word_of(&field->sub->fields[i], word), inner);
		separator = ", ";
	}
}

const struct model_field *
plain_next_field(const struct model_shape *shape, const char **names)
{
	char name[32];
	size_t length;
	int field;

	while (**names != '\0') {
		length = strcspn(*names, " ");
		snprintf(name, sizeof(name), "%.*s", (int)length, *names);
		*names += length + ((*names)[length] == ' ');
		field = model_field_find(shape, name);
		if (field >= 0)
			return &shape->fields[field];
	}
	return NULL;
}

int
plain_add_fields(char *out, const struct model_kind_info *info, const char *names, const void *row,
		 const void *before)
{
	const struct model_field *field;
	char now[PLAIN_SENTENCE], was[PLAIN_SENTENCE], word[64];
	int count = 0;

	while ((field = plain_next_field(info->shape, &names)) != NULL) {
		value_of(info, field, row, now);
		if (before != NULL)
			value_of(info, field, before, was);
		if (before == NULL && field->type == MODEL_BOOL && strcmp(now, "no") == 0)
			continue; /* what is not so is not worth a word */
		if (before != NULL ? strcmp(now, was) == 0 : now[0] == '\0')
			continue;
		plain_add(out, "%s%s %s", count++ == 0 ? ": " : "; ", word_of(field, word),
			  now[0] != '\0' ? now : "none");
		if (before != NULL && was[0] != '\0' && field->type != MODEL_SUB)
			plain_add(out, ", was %s", was);
	}
	return count;
}

void
plain_begin(char *out, const struct model_kind_info *info, const void *row)
{
	char key[256];

	snprintf(out, PLAIN_SENTENCE, "%s %s", info->shape->name, model_row_key(info, row, key, sizeof(key)));
}
