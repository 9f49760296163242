// SPDX-License-Identifier: GPL-2.0-or-later
/* Error texts; see error.h. */
#include "core/base/error.h"

#include <stdio.h>
#include <string.h>

bool
error_set(struct error *err, const char *format, ...)
{
	va_list args;

	if (err == NULL)
		return false;
	va_start(args, format);
	vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	return false;
}

bool
error_prefix(struct error *err, const char *format, ...)
{
	char head[256];
	struct error old;
	va_list args;

	if (err == NULL)
		return false;
	old = *err;
	va_start(args, format);
	vsnprintf(head, sizeof(head), format, args);
	va_end(args);
	return error_set(err, "%s: %s", head, old.text);
}
