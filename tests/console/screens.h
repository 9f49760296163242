// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Every place of the console, at every size and in every tier of colours: not what it says (the goldens tell
 * that) but what must hold for all of them. Whose gateway it is and how fresh it is stands above, to the
 * window's edge, and what can be pressed below; buttons and boxes are whole; one sees what is selected; a
 * state's mark has its word beside it; a tier has its own colours and no others, text is never that of its
 * ground, ASCII is ASCII; nothing is written beyond the window's edges (the terminal is larger than the
 * console knows).
 */
#ifndef TWINSPAN_TESTS_CONSOLE_SCREENS_H
#define TWINSPAN_TESTS_CONSOLE_SCREENS_H

#include "tests/console/harness.h"

struct tier {
	const char *name, *colours; /* as --colours takes them */
	bool ascii, mono;
	/* What the console writes for colours, NULL where it is not told; and what it may not write. */
	const char *writes, *never[3];
};
extern const struct tier tier_24_bits, tier_256, tier_16, tier_mono, tier_ascii;

/* A place: how to get there, and what stands there. */
struct place {
	bool on;            /* goes on from the place before, instead of from the overview */
	const char *keys;   /* typed there */
	const char *sign;   /* stands there at 120x36; "" where only `reach` knows */
	const char *leave;  /* keys typed at the end, one by one; NULL: none */
	bool selection;     /* a row is selected, and seen */
	bool form;          /* a mark stands behind its field; the words are below */
	const char *all[4]; /* stands there at every size; the first is gone once keys have left the place */
	void (*reach)(struct world *world); /* does what keys alone can't; NULL: nothing */
	void (*left)(struct world *world);  /* puts the gateway right again; NULL: nothing */
};

/* How a program of such tests begins. */
struct tour {
	const struct place *places;
	size_t count;
	const char *settings;
	void (*prepare)(struct world *world); /* before the gateway is served; NULL: nothing */
};

/** Goes to all places of a tour in a tier, and looks at each at 60x20, 80x24, 120x36 and 200x50. */
void screens_tour(const struct tour *tour, const struct tier *tier);
/** Types the keys, waits for what stands there. */
void screens_go(struct world *world, const char *keys, const char *sign);

/** A console of its own, of 24 rows and 80 columns, once the keys have led to the sign, against a golden. */
void screens_at_80x24(const char *keys, const char *sign, const char *golden);

/* The five tests of a program that has a `tour`. */
#define TESTS_IN_ALL_TIERS \
	static void in_24_bits(void **state) \
	{ \
		screens_tour(&tour, &tier_24_bits); \
	} \
	static void in_256_colours(void **state) \
	{ \
		screens_tour(&tour, &tier_256); \
	} \
	static void in_16_colours(void **state) \
	{ \
		screens_tour(&tour, &tier_16); \
	} \
	static void without_colours(void **state) \
	{ \
		screens_tour(&tour, &tier_mono); \
	} \
	static void in_ascii(void **state) \
	{ \
		screens_tour(&tour, &tier_ascii); \
	}

#endif
