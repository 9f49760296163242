// SPDX-License-Identifier: GPL-2.0-or-later
/* YAML files of the console; see yaml_file.h. */
#include "tui/yaml_file.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"

bool
yaml_fail(const struct yaml_file *r, yaml_mark_t mark, const char *format, ...)
{
	char text[384];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return error_set(r->err, "%s:%zu:%zu: %s", r->path, mark.line + 1, mark.column + 1, text);
}

bool
yaml_fail_name(const struct yaml_file *r, const yaml_node_t *node, const char *what, const char *const *names)
{
	char clean[64];
	const char *nearest = text_nearest(yaml_text(node), names);

	text_clean(clean, sizeof(clean), yaml_text(node));
	if (nearest != NULL)
		return yaml_fail(r, node->start_mark, "unknown %s '%s' (did you mean '%s'?)", what, clean,
				 nearest);
	return yaml_fail(r, node->start_mark, "unknown %s '%s'", what, clean);
}

int
yaml_index_of(const char *const *names, const char *name)
{
	for (int i = 0; names[i] != NULL; i++) {
		if (strcmp(names[i], name) == 0)
			return i;
	}
	return -1;
}

bool
yaml_is_scalar(const struct yaml_file *r, const yaml_node_t *node, const char *what)
{
	if (node->type != YAML_SCALAR_NODE)
		return yaml_fail(r, node->start_mark, "%s must be a single value", what);
	return true;
}

const char *
yaml_text(const yaml_node_t *node)
{
	return (const char *)node->data.scalar.value;
}

bool
yaml_read_map(struct yaml_file *r, yaml_node_t *node, const char *what, yaml_pair_reader read, void *out)
{
	if (node->type != YAML_MAPPING_NODE)
		return yaml_fail(r, node->start_mark, "%s must be a mapping", what);
	for (yaml_node_pair_t *p = node->data.mapping.pairs.start; p < node->data.mapping.pairs.top; p++) {
		yaml_node_t *key = yaml_document_get_node(&r->document, p->key);

		if (!yaml_is_scalar(r, key, "a key") ||
		    !read(r, key, yaml_document_get_node(&r->document, p->value), out))
			return false;
	}
	return true;
}

bool
yaml_read_list(struct yaml_file *r, yaml_node_t *node, const char *what,
	       bool (*read)(struct yaml_file *r, yaml_node_t *item, void *out), void *out)
{
	if (node->type != YAML_SEQUENCE_NODE)
		return yaml_fail(r, node->start_mark, "%s must be a list", what);
	for (yaml_node_item_t *i = node->data.sequence.items.start; i < node->data.sequence.items.top; i++) {
		if (!read(r, yaml_document_get_node(&r->document, *i), out))
			return false;
	}
	return true;
}

bool
yaml_read_flag(const struct yaml_file *r, const yaml_node_t *node, const char *what, bool *out)
{
	static const char *const words[] = {"false", "true", "no", "yes", "off", "on", NULL};
	int word = node->type == YAML_SCALAR_NODE ? yaml_index_of(words, yaml_text(node)) : -1;

	if (word < 0)
		return yaml_fail(r, node->start_mark, "%s is true or false", what);
	*out = word % 2 == 1;
	return true;
}

/* The file's bytes; new. NULL with `err`. */
static unsigned char *
read_bytes(const char *path, size_t *size, struct error *err)
{
	unsigned char *bytes;
	FILE *file = fopen(path, "re");
	int why = errno;

	if (file == NULL) {
		error_set(err, "%s: %m", path);
		errno = why;
		return NULL;
	}
	bytes = memory_zeroed(1, YAML_FILE_MOST_BYTES);
	*size = fread(bytes, 1, YAML_FILE_MOST_BYTES, file);
	fclose(file);
	errno = 0;
	if (*size < YAML_FILE_MOST_BYTES)
		return bytes;
	free(bytes);
	error_set(err, "%s:1:1: larger than such a file can be (%zu bytes)", path, YAML_FILE_MOST_BYTES);
	return NULL;
}

void
yaml_file_path(const char *name, char *out, size_t size)
{
	const char *folder = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

	if (folder != NULL && folder[0] == '/')
		snprintf(out, size, "%s/twinspan/%s", folder, name);
	else
		snprintf(out, size, "%s/.config/twinspan/%s", home != NULL ? home : "", name);
}

bool
yaml_file_read(const char *path, const char *what, yaml_pair_reader read, void *out, struct error *err)
{
	struct yaml_file r = {.path = path, .err = err};
	size_t size;
	unsigned char *bytes = read_bytes(path, &size, err);
	yaml_parser_t parser;
	yaml_node_t *root;
	bool ok, empty = false;

	if (bytes == NULL)
		return false;
	yaml_parser_initialize(&parser);
	yaml_parser_set_input_string(&parser, bytes, size);
	if (!yaml_parser_load(&parser, &r.document)) {
		ok = yaml_fail(&r, parser.problem_mark, "%s",
			       parser.problem != NULL ? parser.problem : "not YAML");
	} else {
		root = yaml_document_get_root_node(&r.document);
		empty = root == NULL;
		ok = root != NULL ? yaml_read_map(&r, root, what, read, out)
				  : error_set(err, "%s:1:1: the file is empty", path);
		yaml_document_delete(&r.document);
	}
	yaml_parser_delete(&parser);
	free(bytes);
	errno = empty ? ENODATA : 0;
	return ok;
}
