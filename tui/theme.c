// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Themes from YAML. A file is one mapping:
 *
 *   name: dark
 *   made_for: "#14171c"                       # the background the colours were chosen for; it is not painted
 *   roles:
 *     good: {fg: ["#86c58b", green]}           # exact, and the name for terminals of 8 or 16 colours
 *     selection: {bg: ["#2b3442", blue], bold: true}
 *
 * A colour is "#rrggbb", one of the 16 names, "default" (the terminal's own), or a list of the first two.
 * Every role that the file leaves out keeps the terminal's own colours. Contrast is computed as WCAG 2.1
 * defines it (relative luminance, section 1.4.3).
 */
#include "tui/theme.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/paths.h"
#include "core/base/text.h"
#include "tui/yaml_file.h"

#define NEAR_GREY 28

#define ROLE_NAME(role, attributes, help) #role,
static const char *const role_names[] = {THEME_ROLES(ROLE_NAME) NULL};

#define ROLE_ATTRIBUTES(role, attributes, help) attributes,
static const unsigned mono_attributes[] = {THEME_ROLES(ROLE_ATTRIBUTES)};

/* The 16 colours with the values of xterm, from which the nearest is computed. */
static const char *const ansi_names[] = {"black",
					 "red",
					 "green",
					 "yellow",
					 "blue",
					 "magenta",
					 "cyan",
					 "white",
					 "bright_black",
					 "bright_red",
					 "bright_green",
					 "bright_yellow",
					 "bright_blue",
					 "bright_magenta",
					 "bright_cyan",
					 "bright_white",
					 NULL};
static const uint32_t ansi_rgb[16] = {0x000000, 0xcd0000, 0x00cd00, 0xcdcd00, 0x0000ee, 0xcd00cd,
				      0x00cdcd, 0xe5e5e5, 0x7f7f7f, 0xff0000, 0x00ff00, 0xffff00,
				      0x5c5cff, 0xff00ff, 0x00ffff, 0xffffff};

static const char *const attribute_names[] = {"bold", "dim", "underline", "reverse", "italic", NULL};

const char *
theme_role_name(enum theme_role role)
{
	return role_names[role];
}

void
theme_monochrome(struct theme *out)
{
	*out = (struct theme){.name = "mono"};
	for (size_t i = 0; i < ROLE_COUNT; i++)
		out->roles[i].attributes = mono_attributes[i];
}

/* --- colours
 * -------------------------------------------------------------------------------------------------- */

static double
channel(uint32_t rgb, int shift)
{
	double value = (double)(rgb >> shift & 0xff) / 255;

	return value <= 0.03928 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4);
}

static double
luminance(uint32_t rgb)
{
	return 0.2126 * channel(rgb, 16) + 0.7152 * channel(rgb, 8) + 0.0722 * channel(rgb, 0);
}

double
theme_contrast(uint32_t a, uint32_t b)
{
	double la = luminance(a) + 0.05, lb = luminance(b) + 0.05;

	return la > lb ? la / lb : lb / la;
}

static int
distance(uint32_t a, uint32_t b)
{
	int total = 0;

	for (int shift = 0; shift <= 16; shift += 8) {
		int d = (int)(a >> shift & 0xff) - (int)(b >> shift & 0xff);

		total += d * d;
	}
	return total;
}

static uint32_t
palette_256(int index)
{
	static const uint8_t steps[] = {0, 95, 135, 175, 215, 255};
	uint32_t grey;

	if (index >= 232) {
		grey = (uint32_t)(8 + (index - 232) * 10);
		return grey << 16 | grey << 8 | grey;
	}
	index -= 16;
	return (uint32_t)steps[index / 36] << 16 | (uint32_t)steps[index / 6 % 6] << 8 | steps[index % 6];
}

/* How far a colour is from grey. */
static int
chroma(uint32_t rgb)
{
	int most = 0, least = 255;

	for (int shift = 0; shift <= 16; shift += 8) {
		int value = (int)(rgb >> shift & 0xff);

		most = value > most ? value : most;
		least = value < least ? value : least;
	}
	return most - least;
}

int
theme_nearest_256(uint32_t rgb)
{
	/* a hint of a hue would become a strong one in the coarse cube: near-greys stay greys */
	int first = chroma(rgb) <= NEAR_GREY ? 232 : 16, best = first;

	for (int i = first; i < 256; i++) {
		if (distance(palette_256(i), rgb) < distance(palette_256(best), rgb))
			best = i;
	}
	return best;
}

int
theme_nearest_16(uint32_t rgb)
{
	int best = 0;

	for (int i = 1; i < 16; i++) {
		if (distance(ansi_rgb[i], rgb) < distance(ansi_rgb[best], rgb))
			best = i;
	}
	return best;
}

/* --- the file
 * ------------------------------------------------------------------------------------------------- */

static bool
parse_rgb(const char *text, uint32_t *rgb)
{
	char *end;

	if (text[0] != '#' || strspn(text + 1, "0123456789abcdefABCDEF") != 6 || text[7] != '\0')
		return false;
	*rgb = (uint32_t)strtoul(text + 1, &end, 16);
	return *end == '\0';
}

/* One word of a colour: "#rrggbb", a name, "default". */
static bool
read_colour_word(struct yaml_file *r, yaml_node_t *node, struct theme_colour *out)
{
	const char *text;
	int ansi;

	if (!yaml_is_scalar(r, node, "a colour"))
		return false;
	text = (const char *)node->data.scalar.value;
	if (strcmp(text, "default") == 0)
		return true;
	if (text[0] == '#') {
		if (!parse_rgb(text, &out->rgb))
			return yaml_fail(r, node->start_mark, "a colour is written \"#rrggbb\"");
		out->exact = true;
	} else {
		ansi = yaml_index_of(ansi_names, text);
		if (ansi < 0)
			return yaml_fail_name(r, node, "colour", ansi_names);
		out->ansi = (int8_t)ansi;
		if (!out->exact)
			out->rgb = ansi_rgb[ansi];
	}
	out->set = true;
	return true;
}

static bool
read_colour(struct yaml_file *r, yaml_node_t *node, struct theme_colour *out)
{
	*out = (struct theme_colour){.ansi = -1};
	if (node->type != YAML_SEQUENCE_NODE)
		return read_colour_word(r, node, out);
	for (yaml_node_item_t *i = node->data.sequence.items.start; i < node->data.sequence.items.top; i++) {
		if (!read_colour_word(r, yaml_document_get_node(&r->document, *i), out))
			return false;
	}
	return true;
}

static bool
read_attribute(struct yaml_file *r, yaml_node_t *node, unsigned bit, unsigned *out)
{
	bool on;

	if (!yaml_read_flag(r, node, "an attribute", &on))
		return false;
	if (on)
		*out |= bit;
	return true;
}

static bool
read_style_pair(struct yaml_file *r, yaml_node_t *key, yaml_node_t *value, void *out)
{
	static const char *const names[] = {"fg",        "bg",      "bold",   "dim",
					    "underline", "reverse", "italic", NULL};
	struct theme_style *style = out;
	const char *name = (const char *)key->data.scalar.value;
	int attribute = yaml_index_of(attribute_names, name);

	if (strcmp(name, "fg") == 0)
		return read_colour(r, value, &style->fg);
	if (strcmp(name, "bg") == 0)
		return read_colour(r, value, &style->bg);
	if (attribute < 0)
		return yaml_fail_name(r, key, "key", names);
	return read_attribute(r, value, 1U << attribute, &style->attributes);
}

static bool
read_role_pair(struct yaml_file *r, yaml_node_t *key, yaml_node_t *value, void *out)
{
	struct theme *theme = out;
	int role = yaml_index_of(role_names, (const char *)key->data.scalar.value);

	if (role < 0)
		return yaml_fail_name(r, key, "role", role_names);
	theme->roles[role] = (struct theme_style){0};
	return yaml_read_map(r, value, "a role", read_style_pair, &theme->roles[role]);
}

static bool
read_theme_pair(struct yaml_file *r, yaml_node_t *key, yaml_node_t *value, void *out)
{
	static const char *const names[] = {"name", "made_for", "roles", NULL};
	struct theme *theme = out;

	switch (yaml_index_of(names, (const char *)key->data.scalar.value)) {
	case 0:
		if (!yaml_is_scalar(r, value, "name"))
			return false;
		text_clean(theme->name, sizeof(theme->name), (const char *)value->data.scalar.value);
		return true;
	case 1:
		if (!yaml_is_scalar(r, value, "made_for"))
			return false;
		if (!parse_rgb((const char *)value->data.scalar.value, &theme->made_for))
			return yaml_fail(r, value->start_mark, "a colour is written \"#rrggbb\"");
		return true;
	case 2:
		return yaml_read_map(r, value, "roles", read_role_pair, theme);
	default:
		return yaml_fail_name(r, key, "key", names);
	}
}

bool
theme_load(const char *path, struct theme *out, struct error *err)
{
	*out = (struct theme){0};
	/* a theme that knows nothing of it must not hide it */
	out->roles[ROLE_production].attributes = mono_attributes[ROLE_production];
	return yaml_file_read(path, "a theme", read_theme_pair, out, err);
}

bool
theme_find(const char *name, struct theme *out, struct error *err)
{
	char path[4096], file[300], clean[80];

	if (strchr(name, '/') != NULL)
		return theme_load(name, out, err);
	snprintf(file, sizeof(file), "themes/%s.yaml", name);
	yaml_file_path(file, path, sizeof(path));
	if (access(path, R_OK) == 0 || paths_theme(name, path, sizeof(path)))
		return theme_load(path, out, err);
	if (strcmp(name, "mono") == 0) { /* needs no file */
		theme_monochrome(out);
		return true;
	}
	yaml_file_path("themes", path, sizeof(path));
	return error_set(err, "no theme '%s': neither in %s nor installed",
			 text_clean(clean, sizeof(clean), name), path);
}

static void
add_names(struct text_list *out, const char *folder)
{
	DIR *dir = opendir(folder);
	const struct dirent *entry;
	char name[64];

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		size_t length = strlen(entry->d_name);

		if (length < 6 || length - 5 >= sizeof(name) || entry->d_name[0] == '.' ||
		    strcmp(entry->d_name + length - 5, ".yaml") != 0)
			continue;
		snprintf(name, sizeof(name), "%.*s", (int)(length - 5), entry->d_name);
		if (!text_list_has(out, name))
			text_list_add(out, name);
	}
	if (dir != NULL)
		closedir(dir);
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void
theme_names(struct text_list *out)
{
	char folder[4096];

	yaml_file_path("themes", folder, sizeof(folder));
	add_names(out, folder);
	if (paths_theme_folder(folder, sizeof(folder)))
		add_names(out, folder);
	if (!text_list_has(out, "mono"))
		text_list_add(out, "mono");
	qsort(out->items, out->count, sizeof(*out->items), by_name);
}

bool
theme_is_light(uint32_t background)
{
	/* where black and white stand out alike */
	return theme_contrast(background, 0x000000) > theme_contrast(background, 0xffffff);
}
