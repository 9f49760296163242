// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Themes: what each named role looks like. Panels speak of roles ("good", "dim"), never of colours; a theme
 * is a YAML file that gives each role a foreground, a background and attributes; the terminal turns that into
 * what it can show (24 bits, 256, 16 or 8 colours, none).
 */
#ifndef TWINSPAN_TUI_THEME_H
#define TWINSPAN_TUI_THEME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"
#include "core/base/text.h"

enum theme_attribute {
	THEME_BOLD = 1,
	THEME_DIM = 2,
	THEME_UNDERLINE = 4,
	THEME_REVERSE = 8,
	THEME_ITALIC = 16
};

/*
 * X(role, attributes without colour, what it is for). The second column is the whole look in monochrome,
 * where word and glyph must carry the meaning.
 */
#define THEME_ROLES(X) \
	X(text, 0, "what is read") \
	X(dim, THEME_DIM, "what can be overlooked: units, idle, old") \
	X(title, THEME_BOLD, "names") \
	X(accent, THEME_BOLD, "what the eye should find: the active tunnel") \
	X(good, 0, "up, Established") \
	X(warning, THEME_BOLD, "on its way, or half") \
	X(bad, THEME_BOLD, "down, refused") \
	X(attention, THEME_BOLD, "the line that says what needs a person") \
	X(header, THEME_BOLD, "the first line") \
	X(production, THEME_BOLD | THEME_REVERSE, \
	  "the first line of a gateway that is marked as production") \
	X(tab, THEME_DIM, "names of the other panels") \
	X(tab_active, THEME_BOLD | THEME_UNDERLINE, "name of this panel") \
	X(heading, THEME_DIM, "titles of columns and sections") \
	X(border, THEME_DIM, "rules and frames") \
	X(key, THEME_BOLD, "keys in the footer and the help") \
	X(label, 0, "words beside them") \
	X(graph, 0, "graph of the tunnel that carries") \
	X(graph_idle, THEME_DIM, "graph of the other one") \
	X(selection, THEME_REVERSE, "ground of the selected row") \
	X(dialog, 0, "ground of dialogs and help") \
	X(footer, 0, "ground of the last line") \
	X(button, 0, "a button") \
	X(focus, THEME_REVERSE, "the button that Enter presses")

#define THEME_ENUM(role, attributes, help) ROLE_##role,
enum theme_role { THEME_ROLES(THEME_ENUM) ROLE_COUNT };

/* How many colours there are to show it with. */
enum theme_tier { TIER_MONO, TIER_8, TIER_16, TIER_256, TIER_DIRECT };

struct theme_colour {
	bool set;     /* false: the terminal's own */
	bool exact;   /* `rgb` was given, not only a name */
	uint32_t rgb; /* 0xrrggbb */
	int8_t ansi;  /* 0-15 for terminals of 8 or 16 colours; -1: the nearest */
};

struct theme_style {
	struct theme_colour fg, bg;
	unsigned attributes; /* of enum theme_attribute */
};

struct theme {
	char name[64];
	uint32_t made_for; /* the terminal background that the colours were chosen for, 0xrrggbb */
	struct theme_style roles[ROLE_COUNT];
};

/** The theme without colours. */
void theme_monochrome(struct theme *out);
/** Reads a file. Errors name file, line and column; unknown keys and roles are errors. */
bool theme_load(const char *path, struct theme *out, struct error *err);
/**
 * By name: themes/NAME.yaml in the person's configuration folder (yaml_file_path), then the installed ones; a
 * name with a slash is a path.
 */
bool theme_find(const char *name, struct theme *out, struct error *err);
/** Adds the names that theme_find finds, in order. */
void theme_names(struct text_list *out);
/** Whether a background is nearer to white than to black, to the eye. */
bool theme_is_light(uint32_t background);
const char *theme_role_name(enum theme_role role);
/** WCAG 2.1 contrast ratio of two colours, 1 to 21. */
double theme_contrast(uint32_t a, uint32_t b);
/** The nearest of the 256-colour palette's colours 16-255. */
int theme_nearest_256(uint32_t rgb);
/** The nearest of the 16 colours, where the theme names none. */
int theme_nearest_16(uint32_t rgb);

#endif
