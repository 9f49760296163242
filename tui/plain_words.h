// SPDX-License-Identifier: GPL-2.0-or-later
/* The sentences of the plain mode. Each is made in a buffer of PLAIN_SENTENCE bytes, and cut there. */
#ifndef TWINSPAN_TUI_PLAIN_WORDS_H
#define TWINSPAN_TUI_PLAIN_WORDS_H

#include "core/model/model.h"

#define PLAIN_SENTENCE 1024

/** Takes the next name off a list of fields, which blanks separate; NULL at its end. */
const struct model_field *plain_next_field(const struct model_shape *shape, const char **names);
/** Begins with what it is about: "tunnel plant/2". */
void plain_begin(char *out, const struct model_kind_info *info, const void *row);
/** Adds to it. */
void plain_add(char *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
/**
 * Adds the named fields of a row (names separated by blanks): ": state down; role standby". With `before`,
 * only those that differ from it, with what they were. Returns how many.
 */
int plain_add_fields(char *out, const struct model_kind_info *info, const char *names, const void *row,
		     const void *before);

#endif
