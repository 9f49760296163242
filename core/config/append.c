// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A new connection in a configuration's text. The text is a person's, with comments and an order of its own,
 * so nothing is written anew: libyaml says where the last connection ends, and the block is put there, moved
 * to the column where the others stand.
 */
#include "core/config/config_internal.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "core/base/buffer.h"

#define FILE_INDENT 2

struct end {
	bool found;      /* there is a key `connections` at the top */
	bool flow;       /* its value stands in brackets */
	bool empty;      /* it has nothing */
	size_t indent;   /* column of its dashes */
	size_t line;     /* the line after its last, from 0 */
	size_t key_line; /* the line of the key */
};

/* Walks the events of the top map until the value of `connections` is over. */
static bool
find_end(const char *text, size_t length, struct end *out)
{
	yaml_parser_t parser;
	yaml_event_t event;
	unsigned depth = 0;
	bool key = true, inside = false, good = true, done = false;

	yaml_parser_initialize(&parser);
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, length);
	while (good && !done && yaml_parser_parse(&parser, &event)) {
		size_t last = event.end_mark.line + (event.end_mark.column > 0);
		bool leaf = event.type == YAML_SCALAR_EVENT || event.type == YAML_ALIAS_EVENT;
		bool begin =
		    event.type == YAML_SEQUENCE_START_EVENT || event.type == YAML_MAPPING_START_EVENT;
		bool close = event.type == YAML_SEQUENCE_END_EVENT || event.type == YAML_MAPPING_END_EVENT;

		if (depth == 1 && !inside && key && event.type == YAML_SCALAR_EVENT &&
		    strcmp((const char *)event.data.scalar.value, "connections") == 0) {
			inside = out->found = out->empty = true;
			out->key_line = event.start_mark.line;
			key = false;
		} else if (inside) {
			if (depth == 1 && event.type == YAML_SEQUENCE_START_EVENT) {
				out->flow = event.data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE;
				out->indent = event.start_mark.column;
			} else if (!(close && depth == 2)) {
				out->empty = depth == 1 && leaf && event.type == YAML_SCALAR_EVENT &&
					     event.data.scalar.length == 0;
			}
			/* an end in brackets is a place in the text; one of a block is where the next thing
			 * is */
			if (leaf || (close && event.end_mark.index > event.start_mark.index))
				out->line = last;
			done = depth == 1 ? leaf : close && depth == 2;
		} else if (depth == 1 && (leaf || begin)) {
			key = !key;
		}
		depth += begin;
		depth -= close;
		done = done || event.type == YAML_STREAM_END_EVENT;
		yaml_event_delete(&event);
	}
	good = parser.error == YAML_NO_ERROR;
	yaml_parser_delete(&parser);
	return good;
}

/* Where a line begins; the end of the text for one past the last. */
static size_t
line_start(const char *text, size_t length, size_t line)
{
	size_t at = 0;

	for (; line > 0 && at < length; line--) {
		const char *end = memchr(text + at, '\n', length - at);

		at = end != NULL ? (size_t)(end - text) + 1 : length;
	}
	return at;
}

static size_t
indent_of(const char *line)
{
	return strspn(line, " ");
}

/* The column of the block's first dash. */
static size_t
block_indent(const char *block)
{
	while (*block != '\0') {
		size_t indent = indent_of(block);

		if (block[indent] == '-')
			return indent;
		block += strcspn(block, "\n");
		block += *block == '\n';
	}
	return 0;
}

static void
put(struct buffer *out, const char *text)
{
	buffer_append(out, text, strlen(text));
}

/* All up to `to`; the line of `connections: []`, which begins at `line`, loses its brackets. */
static void
put_without_brackets(struct buffer *out, const char *text, size_t line, size_t to)
{
	const char *open = memchr(text + line, '[', to - line), *shut = memchr(text + line, ']', to - line);
	size_t from = open != NULL ? (size_t)(open - text) : to;

	while (from > line && text[from - 1] == ' ')
		from--;
	buffer_append(out, text, from);
	if (shut != NULL)
		buffer_append(out, shut + 1, to - (size_t)(shut + 1 - text));
}

/* The block's lines, moved so that its dashes stand at `indent`. */
static void
put_block(struct buffer *out, const char *block, size_t indent, const char *line_end)
{
	size_t from = block_indent(block);

	while (*block != '\0') {
		size_t length = strcspn(block, "\r\n"), own = indent_of(block), lead;

		own = own > length ? length : own;
		lead = own + indent > from ? own + indent - from : 0;
		for (size_t i = 0; i < lead && length > own; i++)
			put(out, " ");
		buffer_append(out, block + own, length - own);
		put(out, line_end);
		block += length;
		block += *block == '\r';
		block += *block == '\n';
	}
}

char *
config_append(const char *text, size_t length, const char *block, size_t *out_length,
	      struct config_findings *findings)
{
	struct end end = {0};
	const char *first = memchr(text, '\n', length);
	const char *line_end = first != NULL && first > text && first[-1] == '\r' ? "\r\n" : "\n";
	struct buffer out = {0};
	size_t at;

	if (!find_end(text, length, &end)) {
		finding_error(findings, (struct position){1, 1}, "it can't be read: mend it first");
		return NULL;
	}
	if (end.found && end.flow && !end.empty) {
		finding_error(
		    findings, (struct position){(unsigned)end.key_line + 1, 1},
		    "the connections stand in brackets here: write them as a list of lines that begin "
		    "with '- ', then one can be added");
		return NULL;
	}
	at = !end.found ? length : line_start(text, length, end.empty ? end.key_line + 1 : end.line);
	if (end.empty && end.flow)
		put_without_brackets(&out, text, line_start(text, length, end.key_line), at);
	else
		buffer_append(&out, text, at);
	if (at > 0 && text[at - 1] != '\n')
		put(&out, line_end);
	if (!end.found) {
		put(&out, line_end);
		put(&out, "connections:");
		put(&out, line_end);
	}
	put_block(&out, block, end.found && !end.empty ? end.indent : FILE_INDENT, line_end);
	buffer_append(&out, text + at, length - at);
	return text_of_buffer(&out, out_length);
}
