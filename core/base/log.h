// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Logging for the person who runs the gateway in the foreground: one line on stderr (or wherever the sink
 * says). What operators should see goes into events (core/model), not here. Secrets go to neither.
 */
#ifndef TWINSPAN_BASE_LOG_H
#define TWINSPAN_BASE_LOG_H

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/** Where lines go; may be called from any thread. The text has no newline and no control bytes. */
typedef void (*log_sink)(enum log_level level, const char *subsystem, const char *text);

/** NULL brings back stderr. Set once, before threads start. */
void log_set_sink(log_sink sink);
/** Lines above this level are dropped. Default LOG_LEVEL_INFO. */
void log_set_level(enum log_level level);
void log_write(enum log_level level, const char *subsystem, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#define log_error(subsystem, ...) log_write(LOG_LEVEL_ERROR, subsystem, __VA_ARGS__)
#define log_warning(subsystem, ...) log_write(LOG_LEVEL_WARNING, subsystem, __VA_ARGS__)
#define log_info(subsystem, ...) log_write(LOG_LEVEL_INFO, subsystem, __VA_ARGS__)
#define log_debug(subsystem, ...) log_write(LOG_LEVEL_DEBUG, subsystem, __VA_ARGS__)

#endif
