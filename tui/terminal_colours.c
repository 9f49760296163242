// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Colours of the terminal. The tier is what somebody says (--colours, console.yaml), else what the terminal
 * can: 24 bits where its description has RGB or COLORTERM promises them, else 256, 16 or 8 colours; none
 * with NO_COLOR or on a terminal without. COLORTERM is inherited and lies easily: a Linux console, a VT100
 * and GNU screen, which does not pass 24 bits on, are not believed. tmux is: it makes the nearest of what
 * its own terminal has.
 *
 * A theme becomes a table of pairs and attributes, one for each role on each ground. The palette of the
 * terminal is never redefined: it is not ours.
 */
#include "tui/terminal_internal.h"

#include <stdlib.h>
#include <string.h>
#include <term.h>
#include <unistd.h>

#include "core/base/text.h"

/* --- the tier --------------------------------------------------------------------------------------- */

static bool
is_set(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && value[0] != '\0';
}

static bool
promises_direct(const char *term)
{
	static const char *const liars[] = {"linux", "vt", "cons", "ansi", "dumb"};
	const char *colorterm = getenv("COLORTERM");

	if (colorterm == NULL || (strcmp(colorterm, "truecolor") != 0 && strcmp(colorterm, "24bit") != 0))
		return false;
	for (size_t i = 0; i < COUNT_OF(liars); i++) {
		if (strncmp(term, liars[i], strlen(liars[i])) == 0 && strncmp(term, "vte", 3) != 0)
			return false;
	}
	return strncmp(term, "screen", 6) != 0 || is_set("TMUX");
}

static bool
description_is_direct(void)
{
	const char *string = tigetstr("RGB");

	return tigetflag("RGB") > 0 || tigetnum("RGB") > 0 || (string != NULL && string != (char *)-1);
}

bool
tier_described(enum theme_tier tier)
{
	int colours = tigetnum("colors");

	switch (tier) {
	case TIER_MONO:
		return true;
	case TIER_DIRECT:
		return description_is_direct();
	case TIER_256:
		return colours >= 256 && !description_is_direct();
	default:
		return colours >= (tier == TIER_16 ? 16 : 8) && !description_is_direct();
	}
}

enum theme_tier
tier_choose(const char *term, enum settings_colours wanted)
{
	static const enum theme_tier tiers[] = {[SETTINGS_COLOURS_NONE] = TIER_MONO,
						[SETTINGS_COLOURS_16] = TIER_16,
						[SETTINGS_COLOURS_256] = TIER_256,
						[SETTINGS_COLOURS_24BIT] = TIER_DIRECT};
	int colours = tigetnum("colors");

	if (wanted != SETTINGS_COLOURS_AUTO)
		return tiers[wanted];
	if (is_set("NO_COLOR") || colours < 8)
		return TIER_MONO;
	if (description_is_direct() || promises_direct(term))
		return TIER_DIRECT;
	return colours >= 256 ? TIER_256 : colours >= 16 ? TIER_16 : TIER_8;
}

enum theme_tier
terminal_tier_of(enum settings_colours wanted)
{
	const char *term = getenv("TERM");
	enum theme_tier tier;
	int status;

	if (term == NULL || setupterm(term, STDOUT_FILENO, &status) != OK)
		return wanted == SETTINGS_COLOURS_AUTO ? TIER_MONO : tier_choose("", wanted);
	tier = tier_choose(term, wanted);
	del_curterm(cur_term);
	return tier;
}

enum theme_tier
terminal_tier(const struct terminal *terminal)
{
	return terminal->tier;
}

bool
terminal_colours(const struct terminal *terminal)
{
	return terminal->tier != TIER_MONO;
}

/* --- the theme in them ------------------------------------------------------------------------------ */

static int
colour_number(const struct terminal *terminal, const struct theme_colour *colour)
{
	int number;

	if (!colour->set)
		return -1;
	switch (terminal->tier) {
	case TIER_DIRECT:
		/* 0 to 7 are the basic colours there: the nearest blue that is none of them */
		return colour->rgb < 8 ? (int)colour->rgb + (colour->rgb > 0 ? 8 : 0) : (int)colour->rgb;
	case TIER_256:
		return colour->exact ? theme_nearest_256(colour->rgb) : colour->ansi;
	default:
		number = colour->ansi >= 0 ? colour->ansi : theme_nearest_16(colour->rgb);
		return terminal->tier == TIER_16 ? number : number % 8;
	}
}

static short
colour_pair(struct terminal *terminal, int fg, int bg)
{
	if (fg < 0 && bg < 0)
		return 0;
	for (short i = 1; i < terminal->pair_count; i++) {
		if (terminal->pairs[i].fg == fg && terminal->pairs[i].bg == bg)
			return i;
	}
	if (terminal->pair_count >= TERMINAL_MOST_PAIRS || terminal->pair_count >= COLOR_PAIRS ||
	    init_extended_pair(terminal->pair_count, fg, bg) != OK)
		return 0;
	terminal->pairs[terminal->pair_count].fg = fg;
	terminal->pairs[terminal->pair_count].bg = bg;
	return terminal->pair_count++;
}

static attr_t
ncurses_attributes(unsigned attributes)
{
	static const struct {
		unsigned ours;
		attr_t theirs;
	} map[] = {{THEME_BOLD, A_BOLD},
		   {THEME_DIM, A_DIM},
		   {THEME_UNDERLINE, A_UNDERLINE},
		   {THEME_REVERSE, A_REVERSE},
		   {THEME_ITALIC, A_ITALIC}};
	attr_t out = A_NORMAL;

	for (size_t i = 0; i < COUNT_OF(map); i++) {
		if (attributes & map[i].ours)
			out |= map[i].theirs;
	}
	return out;
}

static struct look
make_look(struct terminal *terminal, const struct theme *theme, enum ground ground, enum theme_role role)
{
	struct theme_style style = canvas_style(theme, terminal->tier, ground, role);
	struct look look = {.attributes = ncurses_attributes(style.attributes)};

	if (terminal->tier != TIER_MONO)
		look.pair = colour_pair(terminal, colour_number(terminal, &style.fg),
					colour_number(terminal, &style.bg));
	return look;
}

void
terminal_theme(struct terminal *terminal, const struct theme *theme)
{
	struct theme mono;

	if (terminal->tier == TIER_MONO) {
		theme_monochrome(&mono);
		theme = &mono;
	}
	terminal->pair_count = 1;
	for (int ground = 0; ground < GROUND_COUNT; ground++) {
		for (int role = 0; role < ROLE_COUNT; role++)
			terminal->looks[ground][role] =
			    make_look(terminal, theme, (enum ground)ground, (enum theme_role)role);
	}
	terminal_redraw(terminal);
}
