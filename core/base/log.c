// SPDX-License-Identifier: GPL-2.0-or-later
/* The log's one door; see log.h. */
#include "core/base/log.h"
#include "core/base/clock.h"
#include "core/base/text.h"

#include <stdarg.h>
#include <stdio.h>

static log_sink current_sink;
static enum log_level current_level = LOG_LEVEL_INFO;

static void
to_stderr(enum log_level level, const char *subsystem, const char *text)
{
	static const char *const names[] = {"error", "warning", "info", "debug"};
	char at[CLOCK_TEXT];

	fprintf(stderr, "%s %-7s %s: %s\n", clock_format(clock_wall(), at), names[level], subsystem, text);
}

void
log_set_sink(log_sink sink)
{
	current_sink = sink;
}

void
log_set_level(enum log_level level)
{
	current_level = level;
}

void
log_write(enum log_level level, const char *subsystem, const char *format, ...)
{
	char raw[1024], clean[1024];
	va_list args;

	if (level > current_level)
		return;
	va_start(args, format);
	vsnprintf(raw, sizeof(raw), format, args);
	va_end(args);
	text_clean(clean, sizeof(clean), raw);
	(current_sink != NULL ? current_sink : to_stderr)(level, subsystem, clean);
}
