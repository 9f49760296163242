// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * console.yaml; see settings.h. Read through yaml_file.h; saving is textual (settings_save.c), since a
 * library that writes YAML would lose the person's comments.
 */
#include "tui/settings.h"
#include "tui/settings_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/model/model.h"
#include "tui/keys.h"
#include "tui/panel.h"
#include "tui/yaml_file.h"

static const char *const colour_words[] = {"auto", "none", "16", "256", "24bit", NULL};

bool
settings_colours_parse(const char *word, enum settings_colours *out)
{
	int found = yaml_index_of(colour_words, word);

	if (found >= 0)
		*out = (enum settings_colours)found;
	return found >= 0;
}

struct settings_panel *
settings_panel(struct settings *settings, const char *name)
{
	struct settings_panel *panel;

	for (size_t i = 0; i < settings->panel_count; i++) {
		if (strcmp(settings->panels[i].name, name) == 0)
			return &settings->panels[i];
	}
	settings->panels =
	    memory_resize(settings->panels, (settings->panel_count + 1) * sizeof(*settings->panels));
	panel = &settings->panels[settings->panel_count++];
	*panel = (struct settings_panel){0};
	snprintf(panel->name, sizeof(panel->name), "%s", name);
	return panel;
}

/* --- keys --------------------------------------------------------------------------------------- */

static bool
bind_keys(struct yaml_file *r, const yaml_node_t *at, const struct command *command, const char *keys)
{
	char word[16];
	int length, used = 0;

	for (const char *rest = keys; sscanf(rest, " %15s%n", word, &length) == 1; rest += length, used++) {
		if (keys_parse(word) == 0) {
			char clean[32];

			return yaml_fail(r, at->start_mark, "'%s' is no key; '?' in the console lists some",
					 text_clean(clean, sizeof(clean), word));
		}
	}
	keys_bind(command, used > 0 ? keys : NULL);
	return true;
}

struct joined {
	char text[128];
};

static bool
join_key(struct yaml_file *r, yaml_node_t *item, void *out)
{
	struct joined *joined = out;
	size_t used = strlen(joined->text);

	if (!yaml_is_scalar(r, item, "a key"))
		return false;
	snprintf(joined->text + used, sizeof(joined->text) - used, "%s%s", used > 0 ? " " : "",
		 yaml_text(item));
	return true;
}

static const struct command *
find_command(struct yaml_file *r, yaml_node_t *key)
{
	const struct command *command = command_find(yaml_text(key));
	char clean[64];
	const char *nearest;

	if (command != NULL && (command->place == COMMAND_GATEWAY || command->place == COMMAND_CONSOLE))
		return command;
	text_clean(clean, sizeof(clean), yaml_text(key));
	nearest = command_nearest(yaml_text(key));
	if (command != NULL)
		yaml_fail(r, key->start_mark, "'%s' can't have a key: it is no command of the console",
			  clean);
	else if (nearest != NULL)
		yaml_fail(r, key->start_mark, "unknown command '%s' (did you mean '%s'?)", clean, nearest);
	else
		yaml_fail(r, key->start_mark, "unknown command '%s'", clean);
	return NULL;
}

static bool
read_key_pair(struct yaml_file *r, yaml_node_t *key, yaml_node_t *value, void *out)
{
	const struct command *command = find_command(r, key);
	struct joined joined = {""};

	(void)out;
	if (command == NULL)
		return false;
	if (value->type == YAML_SEQUENCE_NODE)
		return yaml_read_list(r, value, "keys", join_key, &joined) &&
		       bind_keys(r, value, command, joined.text);
	if (!join_key(r, value, &joined))
		return false;
	return bind_keys(r, value, command, strcmp(joined.text, "none") == 0 ? "" : joined.text);
}

/* --- panels ------------------------------------------------------------------------------------- */

struct panel_reading {
	struct settings_panel *panel;
	const struct panel_ops *ops;
	const struct model_shape *shape;
};

static bool
check_field(struct yaml_file *r, const yaml_node_t *node, const struct model_shape *shape)
{
	const char *names[128];
	struct model_field field;
	size_t count = 0;

	if (!yaml_is_scalar(r, node, "a column"))
		return false;
	if (model_field_path(shape, yaml_text(node), &field))
		return true;
	for (size_t i = 0; i < shape->count && count < COUNT_OF(names) - 1; i++)
		names[count++] = shape->fields[i].name;
	names[count] = NULL;
	return yaml_fail_name(r, node, "column", names);
}

static bool
check_order(struct yaml_file *r, const yaml_node_t *node, const char *const *orders)
{
	return yaml_is_scalar(r, node, "sort") &&
	       (yaml_index_of(orders, yaml_text(node)) >= 0 || yaml_fail_name(r, node, "order", orders));
}

static bool
read_column(struct yaml_file *r, yaml_node_t *item, void *out)
{
	struct panel_reading *reading = out;

	if (!check_field(r, item, reading->shape))
		return false;
	if (!text_list_has(&reading->panel->columns, yaml_text(item)))
		text_list_add(&reading->panel->columns, yaml_text(item));
	return true;
}

static bool
read_panel_setting(struct yaml_file *r, yaml_node_t *key, yaml_node_t *value, void *out)
{
	static const char *const names[] = {"columns", "sort", "descending", NULL};
	struct panel_reading *reading = out;

	switch (yaml_index_of(names, yaml_text(key))) {
	case 0:
		text_list_free(&reading->panel->columns);
		return yaml_read_list(r, value, "columns", read_column, reading);
	case 1:
		if (reading->ops->orders != NULL ? !check_order(r, value, reading->ops->orders)
						 : !check_field(r, value, reading->shape))
			return false;
		snprintf(reading->panel->sort, sizeof(reading->panel->sort), "%s", yaml_text(value));
		return true;
	case 2:
		return yaml_read_flag(r, value, "descending", &reading->panel->descending);
	default:
		return yaml_fail_name(r, key, "key", names);
	}
}

static bool
read_panel_pair(struct yaml_file *r, yaml_node_t *key, yaml_node_t *value, void *out)
{
	const char *names[32];
	size_t count = 0;
	struct panel_reading reading;

	for (; panels[count] != NULL && count < COUNT_OF(names) - 1; count++)
		names[count] = panels[count]->name;
	names[count] = NULL;
	if (yaml_index_of(names, yaml_text(key)) < 0)
		return yaml_fail_name(r, key, "panel", names);
	reading.panel = settings_panel(out, yaml_text(key));
	reading.ops = panels[yaml_index_of(names, yaml_text(key))];
	reading.shape = model_kind_info(reading.ops->kind)->shape;
	return yaml_read_map(r, value, "a panel", read_panel_setting, &reading);
}

/* --- the whole ---------------------------------------------------------------------------------- */

static bool
read_pair(struct yaml_file *r, yaml_node_t *key, yaml_node_t *value, void *out)
{
	static const char *const names[] = {"theme", "colours", "ascii", "mouse",
					    "keys",  "panels",  "sites", NULL};
	struct settings *settings = out;

	switch (yaml_index_of(names, yaml_text(key))) {
	case 0:
		if (!yaml_is_scalar(r, value, "theme"))
			return false;
		text_clean(settings->theme, sizeof(settings->theme), yaml_text(value));
		return true;
	case 1:
		return yaml_is_scalar(r, value, "colours") &&
		       (settings_colours_parse(yaml_text(value), &settings->colours) ||
			yaml_fail_name(r, value, "word", colour_words));
	case 2:
		return yaml_read_flag(r, value, "ascii", &settings->ascii);
	case 3:
		return yaml_read_flag(r, value, "mouse", &settings->mouse);
	case 4:
		return yaml_read_map(r, value, "keys", read_key_pair, settings);
	case 5:
		return yaml_read_map(r, value, "panels", read_panel_pair, settings);
	case 6:
		return yaml_read_list(r, value, "sites", settings_read_site, settings);
	default:
		return yaml_fail_name(r, key, "key", names);
	}
}

bool
settings_load(struct settings *out, const char *path, struct error *err)
{
	size_t count;
	const struct command *table = command_table(&count);
	struct error why = {""};

	*out = (struct settings){0};
	if (path != NULL)
		snprintf(out->path, sizeof(out->path), "%s", path);
	else
		yaml_file_path("console.yaml", out->path, sizeof(out->path));
	keys_reset();
	if (!yaml_file_read(out->path, "the settings", read_pair, out, &why) &&
	    !(errno == ENOENT || errno == ENOTDIR || errno == ENODATA)) {
		settings_free(out);
		return error_set(err, "%s", why.text);
	}
	if (!keys_check(table, count, &why)) {
		error_set(err, "%s: keys: %s", out->path, why.text);
		settings_free(out);
		return false;
	}
	return true;
}

void
settings_free(struct settings *settings)
{
	for (size_t i = 0; i < settings->panel_count; i++)
		text_list_free(&settings->panels[i].columns);
	FREE_AND_NULL(settings->panels);
	settings_free_sites(settings);
	settings->panel_count = 0;
}
