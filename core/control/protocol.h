// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The control protocol: JSON objects, one a line, over a stream (a unix socket; SSH below it later). Both
 * sides treat the other as hostile: a line has at most CONTROL_LINE bytes, nesting at most CONTROL_DEPTH
 * levels, and what is not such an object ends the connection. Unknown members of a known message are passed
 * over, so that versions may differ.
 *
 * What the gateway says first, unasked:
 *   {"hello": {"protocol": 1, "version": "0.1.0", "role": "operator", "run": "5f0e…", "pid": 411}}
 *     `run` is another with each start of the gateway: then event sequences begin anew.
 *
 * What the bridge (`twinspan bridge`, over SSH) says before anything its user says can come through:
 *   {"id": 0, "do": "bridge", "role": "viewer", "via": "192.0.2.7", "key": "SHA256:…"}
 *     The role is lowered to that one, never raised; `via` is the address from which SSH was used, `key` the
 * key that its server let in, where it tells. The gateway greets anew, with the role that counts from now on.
 *
 * What a client may say of itself, once, without an answer: it stands in the events, as its own word:
 *   {"id": 0, "do": "introduce", "user": "alice@desk", "key": "SHA256:…"}
 *
 * What a client asks; `id` is a number of its choice that comes back in the answer:
 *   {"id": 1, "do": "follow", "kinds": ["tunnels", "events"], "paged": ["routes"], "events": 200}
 *     Rows of the stored kinds as they are and then as they change; single changes of paged kinds; events
 * from the last 200 on. A second one replaces the first and begins anew. With "brief": true what is sent,
 * after the rows as they are, are no changes of figures (rates, counters, times) but the gateway's own, now
 * and then, and fewer heartbeats: for who looks at many gateways over slow links.
 *   {"id": 2, "do": "query", "kind": "routes", "filter": "in:10.0.0.0/8", "after": "KEY", "limit": 100}
 *     A page of rows of any kind; `filter` and `after` may be missing or null. With "before": "KEY" in place
 * of `after` the rows before that key, with "before": null the last ones; in the same order as ever. With
 *     "partial": true a search that takes long is answered with what it has found so far and how far it came;
 * a later one of the same client has it answered at once. With "skip": 500 so many rows that match are passed
 * over first, where the kind is a large one.
 *   {"id": 3, "do": "command", "name": "switchover", "arguments": {"connection": "aws-paris", "dry_run":
 * true}, "via": "192.0.2.7"} A row of the command table whose place is the gateway. `via`, which may be
 * missing: the address from which the user reaches this machine (SSH_CONNECTION), so that the gateway can say
 * when a command would cut that path.
 *
 * What the gateway answers:
 *   {"reply": 3, "exit_code": 0, "text": "…", "result": …}   exit codes as the command line's; result may be
 * missing
 *   {"page": 2, "kind": "routes", "rows": [{…}], "complete": false, "total": null}
 *     `total`: about how many rows the kind has in all, where the gateway knows. A partial page that ends for
 * its time says "reached": "KEY": to go on after (or before) that key. One that passed rows over says how
 * many, "skipped": 500: fewer than were asked for where its time was up or there are no more. A query that
 * can't be answered gets a reply with its text instead. and, to who follows:
 *   {"begin": true}                        a whole walk begins: rows not named until "live" are gone
 *   {"put": "tunnels", "row": {…}}         the changed fields of a row, always with its key fields
 *   {"gone": "tunnels", "key": "a/1"}
 *   {"event": {…}}
 *   {"live": true}                         the copy is true
 *   {"changed": "routes", "row": {…}, "gone": false}   of a paged kind
 *   {"missed": 12}                         so many single changes of paged kinds were left out: the reader is
 * slow and to everybody, each second, where nothing else is under way:
 *   {"heartbeat": true}
 * Before it closes on a client that talks nonsense:
 *   {"error": "…"}
 *
 * Nothing is queued for a slow reader: the gateway writes while less than CONTROL_OUTSTANDING bytes are under
 * way, and goes on from the reader's place in the store when there is room again, by when much has been
 * overtaken.
 */
#ifndef TWINSPAN_CONTROL_PROTOCOL_H
#define TWINSPAN_CONTROL_PROTOCOL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/buffer.h"
#include "core/base/error.h"
#include "core/model/model.h"

#define CONTROL_PROTOCOL 1
#define CONTROL_LINE ((size_t)4 << 20) /* a configuration of COMMAND_CONTENT_MOST fits, escaped */
#define CONTROL_DEPTH 16
#define CONTROL_OUTSTANDING ((size_t)256 << 10)
#define CONTROL_PAGE_ROWS 1000                 /* at most in one page */
#define CONTROL_PAGE_BYTES ((size_t)512 << 10) /* a page ends behind the row that passes this */
#define CONTROL_HEARTBEAT_MS 1000

/* Exit codes of replies, which are those of the command line. */
enum control_exit {
	CONTROL_EXIT_DONE = 0,
	CONTROL_EXIT_FAILED = 1,
	CONTROL_EXIT_USAGE = 2,
	CONTROL_EXIT_NO_GATEWAY = 3,
	CONTROL_EXIT_NOT_PERMITTED = 4
};

/** Lines that come in. Zero-initialise; append to `bytes`; free with buffer_free(&lines->bytes). */
struct control_lines {
	struct buffer bytes;
	size_t searched; /* bytes of the head that hold no newline */
};

enum control_taken {
	CONTROL_TAKEN_NONE, /* no whole line yet */
	CONTROL_TAKEN_ONE,
	CONTROL_TAKEN_BAD /* not a message: the stream can't be trusted any more */
};

/** Takes the next message: `*message` (an object) is new with CONTROL_TAKEN_ONE; `err` says what is bad. */
enum control_taken control_lines_take(struct control_lines *lines, json_t **message, struct error *err);
/**
 * The next line that is not blank, as it stands, without its newline: borrowed until control_lines_consume,
 * which goes on behind it. What it says is not looked at.
 */
enum control_taken control_lines_next(struct control_lines *lines, const char **line, size_t *length,
				      struct error *err);
void control_lines_consume(struct control_lines *lines, size_t length);
/** A line as a message, new; NULL, with `err`, where it is none. */
json_t *control_line_parse(const char *line, size_t length, struct error *err);
/** True where a whole line, or more than a line may have, waits. */
bool control_lines_pending(struct control_lines *lines);

/** Appends a message as one line. `message` is taken. False where it is larger than a line may be: nothing is
 * sent. */
bool control_append(struct buffer *out, json_t *message);
/** Appends the text of a JSON value, without a newline. `value` is borrowed. */
bool control_append_value(struct buffer *out, const json_t *value);

/** Appends a message with a row in it as one line: what stands before, the row, what stands behind. False as
 * control_append. */
bool control_append_row(struct buffer *out, const char *before, const struct model_kind_info *info,
			const void *row, uint64_t fields, const char *behind);

/** A copy of a foreign value whose texts and names are cleaned of control bytes. Returns new. */
json_t *control_clean(const json_t *value);

/** The set of kinds that an array of their names gives; names that this version does not know are passed
 * over. */
uint64_t control_kinds_from_json(const json_t *names);
json_t *control_kinds_to_json(uint64_t kinds);

#endif
