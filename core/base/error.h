// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An error is a text that a person can act on: what failed, where, and what to do.
 * Functions that can fail take a `struct error *` (which may be NULL) and return false or NULL;
 * nothing is printed from the depths, the caller at the surface prints or turns it into an event.
 */
#ifndef TWINSPAN_BASE_ERROR_H
#define TWINSPAN_BASE_ERROR_H

#include <stdarg.h>
#include <stdbool.h>

struct error {
	char text[512];
};

/** Writes the text. Always returns false, so that `return error_set(err, ...)` reads as it acts. `err` may be
 * NULL. */
bool error_set(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** Puts "prefix: " before what `err` already says. Returns false. */
bool error_prefix(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
