// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Regular expressions for filters, whose text comes from anybody: what is read is a POSIX extended one
 * without counted repetition and without back-references, and matching takes time in proportion to the text
 * times the pattern, whatever both say. Upper and lower case are the same.
 */
#ifndef TWINSPAN_MODEL_PATTERN_H
#define TWINSPAN_MODEL_PATTERN_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/error.h"

#define PATTERN_STEPS 96
#define PATTERN_SETS 16

struct pattern_step {
	uint8_t what, byte; /* `byte`: the character, or the number of a set */
	uint8_t next[2];    /* where it goes on */
};

struct pattern {
	struct pattern_step steps[PATTERN_STEPS];
	uint8_t count, first;
	uint8_t set_count;
	uint8_t sets[PATTERN_SETS][32]; /* bit per byte */
};

/** False with `err` where the text is no such expression, is not complete, or is too large. */
bool pattern_compile(struct pattern *out, const char *text, struct error *err);
/** Is the pattern found anywhere in the text? Allocates nothing. */
bool pattern_match(const struct pattern *pattern, const char *text);

#endif
