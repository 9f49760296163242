// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Figures and tunnels as the console writes them: numbers that keep their width and carry their unit, and the
 * marks that stand for a tunnel everywhere: "═1═" carries traffic, "─2─" stands by, "╌2╌" is down, "≈2≈" is
 * being drained.
 */
#ifndef TWINSPAN_TUI_FORMAT_H
#define TWINSPAN_TUI_FORMAT_H

#include <stddef.h>
#include <stdint.h>

#include "core/model/model.h"
#include "tui/theme.h"

#define FORMAT_TEXT 64
#define FORMAT_DAYS_S (48 * 3600LL) /* from so far ahead on a time is told by its day */
#define FORMAT_UNTOLD "-"           /* what an older gateway does not tell */
#define FORMAT_NONE "·"             /* what is not known, or does not apply */

/** "88.1 Mb/s": ten columns, right-aligned. */
const char *format_rate(uint64_t bps, char out[FORMAT_TEXT]);
/** "1.2 GB". */
const char *format_bytes(uint64_t bytes, char out[FORMAT_TEXT]);
/** "1,824". */
const char *format_count(uint64_t count, char out[FORMAT_TEXT]);
/** "11.2 ms", also "0.05 ms", "118 ms" and "12.3 s"; FORMAT_NONE for what can be no time. */
const char *format_ms(double ms, char out[FORMAT_TEXT]);
/** "0.0 %". */
const char *format_percent(double percent, char out[FORMAT_TEXT]);
/** Time since `at` in short: "4 min"; FORMAT_NONE where `at` is unset. */
const char *format_since(usec_t now, usec_t at, char out[FORMAT_TEXT]);
/** The length of a graph: "40 s", "4 min", "3 h", "2 h 50 min". */
const char *format_window(size_t seconds, char out[FORMAT_TEXT]);
/** Time until `at`: "8 s"; "now" where it has passed. */
const char *format_until(usec_t now, usec_t at, char out[FORMAT_TEXT]);
/** Local time of day, "14:03:22". */
const char *format_clock(usec_t at, char out[FORMAT_TEXT]);
/** Local time in 15 columns: "Nov 23 14:03:22". */
const char *format_stamp(usec_t at, char out[FORMAT_TEXT]);
/** "2026-01-02 03:04", for what may be long ago. */
const char *format_date(usec_t at, char out[FORMAT_TEXT]);
/** A field of any type in its unit. */
const char *format_field(const struct model_field *field, const void *row, usec_t now, char *out,
			 size_t size);
/** "active_passive" as "active/passive". */
const char *format_mode(const char *mode, char out[FORMAT_TEXT]);

/* How a state looks. */
struct look_of {
	const char *glyph, *word;
	enum theme_role role;
};
struct look_of look_of_tunnel(const struct model_tunnel *tunnel);
struct look_of look_of_peer(const struct model_peer *peer);
struct look_of look_of_connection(const struct model_connection *connection);
struct look_of look_of_severity(const char *severity);
/** What the tunnel does for its connection: "carries", "standby", "draining", "" where it can do nothing. */
const char *tunnel_part(const struct model_tunnel *tunnel);
/** "═1═" and its role. Returns `out`. */
const char *tunnel_mark(const struct model_tunnel *tunnel, char out[16], enum theme_role *role);
/** What stands after the name's last slash: "1". */
const char *tunnel_number(const char *name);
/** What waits for a confirmation, as it is told: "drain of aws-paris/1"; a switchover by its connection. */
const char *connection_unconfirmed(const struct model_connection *connection);
/** A connection's tunnels, CONNECTION/1 and CONNECTION/2. Returns how many of them there are (0 to 2). */
size_t connection_tunnels(const struct model_store *store, const char *connection,
			  const struct model_tunnel *tunnels[2]);
/** "no answer from 198.51.100.9; next in 8 s, 12 tries"; "" where nothing is known. */
const char *tunnel_trouble(const struct model_tunnel *tunnel, usec_t now, char *out, size_t size);

#endif
