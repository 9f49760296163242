// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Lines of the control protocol, for both sides; see protocol.h. The depth of nesting is counted before the
 * JSON parser sees a line, because the parser recurses and its own limit is far higher than any message of
 * ours needs.
 */
#include "core/control/protocol.h"

#include <stdlib.h>
#include <string.h>

#include "core/model/model.h"

/* Does the line nest no deeper than it may? Brackets within strings don't count. */
static bool
shallow(const char *line, size_t length)
{
	size_t depth = 0;
	bool quoted = false;

	for (size_t i = 0; i < length; i++) {
		char c = line[i];

		if (quoted) {
			if (c == '\\')
				i++;
			else if (c == '"')
				quoted = false;
		} else if (c == '"') {
			quoted = true;
		} else if (c == '{' || c == '[') {
			if (++depth > CONTROL_DEPTH)
				return false;
		} else if ((c == '}' || c == ']') && depth != 0) {
			depth--;
		}
	}
	return true;
}

json_t *
control_line_parse(const char *line, size_t length, struct error *err)
{
	json_error_t why;
	json_t *message;

	if (!shallow(line, length)) {
		error_set(err, "a message nests deeper than %d levels", CONTROL_DEPTH);
		return NULL;
	}
	message = json_loadb(line, length, JSON_REJECT_DUPLICATES, &why);
	if (message == NULL) {
		char clean[JSON_ERROR_TEXT_LENGTH];

		error_set(err, "not a JSON object: %s", text_clean(clean, sizeof(clean), why.text));
		return NULL;
	}
	if (!json_is_object(message)) {
		json_decref(message);
		error_set(err, "not a JSON object");
		return NULL;
	}
	return message;
}

/* Length of the first line without its newline, SIZE_MAX where it is not whole yet. */
static size_t
line_length(struct control_lines *lines)
{
	const uint8_t *head, *newline;

	if (lines->bytes.length == lines->searched)
		return SIZE_MAX;
	head = buffer_head(&lines->bytes);
	newline = memchr(head + lines->searched, '\n', lines->bytes.length - lines->searched);
	if (newline == NULL) {
		lines->searched = lines->bytes.length;
		return SIZE_MAX;
	}
	lines->searched = (size_t)(newline - head);
	return lines->searched;
}

bool
control_lines_pending(struct control_lines *lines)
{
	return line_length(lines) != SIZE_MAX || lines->bytes.length > CONTROL_LINE;
}

enum control_taken
control_lines_next(struct control_lines *lines, const char **line, size_t *length, struct error *err)
{
	for (;;) {
		*length = line_length(lines);
		if ((*length == SIZE_MAX && lines->bytes.length > CONTROL_LINE) ||
		    (*length != SIZE_MAX && *length > CONTROL_LINE)) {
			error_set(err, "a line has more than %zu bytes", CONTROL_LINE);
			return CONTROL_TAKEN_BAD;
		}
		if (*length == SIZE_MAX)
			return CONTROL_TAKEN_NONE;
		*line = (const char *)buffer_head(&lines->bytes);
		if (*length > 1 || (*length == 1 && **line != '\r'))
			return CONTROL_TAKEN_ONE;
		control_lines_consume(lines, *length);
	}
}

void
control_lines_consume(struct control_lines *lines, size_t length)
{
	buffer_consume(&lines->bytes, length + 1);
	lines->searched = 0;
}

enum control_taken
control_lines_take(struct control_lines *lines, json_t **message, struct error *err)
{
	const char *line;
	size_t length;
	enum control_taken taken = control_lines_next(lines, &line, &length, err);

	*message = NULL;
	if (taken != CONTROL_TAKEN_ONE)
		return taken;
	*message = control_line_parse(line, length, err);
	control_lines_consume(lines, length);
	return *message != NULL ? CONTROL_TAKEN_ONE : CONTROL_TAKEN_BAD;
}

static int
append_piece(const char *bytes, size_t length, void *context)
{
	return buffer_append(context, bytes, length) ? 0 : -1;
}

bool
control_append_value(struct buffer *out, const json_t *value)
{
	return json_dump_callback(value, append_piece, out, MODEL_JSON_FLAGS | JSON_ENCODE_ANY) == 0;
}

bool
control_append(struct buffer *out, json_t *message)
{
	size_t before = out->length;
	bool good = message != NULL && control_append_value(out, message) &&
		    out->length - before <= CONTROL_LINE && buffer_append(out, "\n", 1);

	json_decref(message);
	if (!good)
		out->length = before;
	return good;
}

bool
control_append_row(struct buffer *out, const char *before, const struct model_kind_info *info,
		   const void *row, uint64_t fields, const char *behind)
{
	size_t start = out->length;
	bool good = buffer_append(out, before, strlen(before)) &&
		    model_row_append_json(out, info->shape, row, fields) &&
		    buffer_append(out, behind, strlen(behind)) && out->length - start <= CONTROL_LINE &&
		    buffer_append(out, "\n", 1);

	if (!good)
		out->length = start;
	return good;
}

static char *
clean_copy(const char *text)
{
	size_t size = strlen(text) + 1;
	char *clean = memory_zeroed(1, size);

	text_clean(clean, size, text);
	return clean;
}

/* Depth is bounded: values come from control_lines_take(). */
json_t *
control_clean(const json_t *value)
{
	const char *name;
	json_t *copy, *member;
	char *clean;

	if (json_is_object(value)) {
		copy = json_object();
		json_object_foreach ((json_t *)value, name, member) {
			clean = clean_copy(name);
			json_object_set_new(copy, clean, control_clean(member));
			free(clean);
		}
	} else if (json_is_array(value)) {
		copy = json_array();
		for (size_t i = 0; i < json_array_size(value); i++)
			json_array_append_new(copy, control_clean(json_array_get(value, i)));
	} else if (json_is_string(value)) {
		clean = clean_copy(json_string_value(value));
		copy = json_string(clean);
		free(clean);
	} else {
		copy = json_deep_copy(value);
	}
	return copy;
}

uint64_t
control_kinds_from_json(const json_t *names)
{
	uint64_t kinds = 0;

	for (size_t i = 0; i < json_array_size(names); i++) {
		const char *name = json_string_value(json_array_get(names, i));
		const struct model_kind_info *info = name != NULL ? model_kind_find(name) : NULL;

		if (info != NULL)
			kinds |= UINT64_C(1) << info->kind;
	}
	return kinds;
}

json_t *
control_kinds_to_json(uint64_t kinds)
{
	json_t *names = json_array();

	for (int kind = 0; kind < MODEL_KIND_COUNT; kind++) {
		if ((kinds >> kind & 1) != 0)
			json_array_append_new(names,
					      json_string(model_kind_info((enum model_kind)kind)->plural));
	}
	return names;
}
