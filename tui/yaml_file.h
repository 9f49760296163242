// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The console's own YAML files (themes, settings): one mapping, read key by key by whoever knows the keys.
 * Every error names file, line and column; an unknown word names the nearest that is known.
 */
#ifndef TWINSPAN_TUI_YAML_FILE_H
#define TWINSPAN_TUI_YAML_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <yaml.h>

#include "core/base/error.h"

#define YAML_FILE_MOST_BYTES ((size_t)1 << 20)

struct yaml_file {
	yaml_document_t document;
	const char *path;
	struct error *err;
};

/** Reads one pair of a mapping; the key is a scalar. False after yaml_fail(). */
typedef bool (*yaml_pair_reader)(struct yaml_file *r, yaml_node_t *key, yaml_node_t *value, void *out);

/** Where a person's own file or folder of that name is: in XDG_CONFIG_HOME/twinspan, else
 * ~/.config/twinspan. */
void yaml_file_path(const char *name, char *out, size_t size);
/** Reads a file that is one mapping ("a theme must be a mapping"). False with `err`; errno is ENOENT where
 * there is no file, ENODATA where nothing stands in it but comments. */
bool yaml_file_read(const char *path, const char *what, yaml_pair_reader read, void *out, struct error *err);

/** "PATH:LINE:COLUMN: text"; returns false. */
bool yaml_fail(const struct yaml_file *r, yaml_mark_t mark, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/** "unknown WHAT 'word' (did you mean 'nearest'?)"; returns false. `names` ends with NULL. */
bool yaml_fail_name(const struct yaml_file *r, const yaml_node_t *node, const char *what,
		    const char *const *names);
bool yaml_is_scalar(const struct yaml_file *r, const yaml_node_t *node, const char *what);
/** A scalar's text; borrowed. */
const char *yaml_text(const yaml_node_t *node);
bool yaml_read_map(struct yaml_file *r, yaml_node_t *node, const char *what, yaml_pair_reader read,
		   void *out);
/** Calls `read` for each item of a list. */
bool yaml_read_list(struct yaml_file *r, yaml_node_t *node, const char *what,
		    bool (*read)(struct yaml_file *r, yaml_node_t *item, void *out), void *out);
/** true or false. */
bool yaml_read_flag(const struct yaml_file *r, const yaml_node_t *node, const char *what, bool *out);
/** The place of a name in a NULL-terminated list; -1 where it is none of them. */
int yaml_index_of(const char *const *names, const char *name);

#endif
