// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What stands under a row's fields, as a page of text of its own: the events of a tunnel, peer, connection or
 * gateway; what happened around an event, IKE's log among it; all paths to the prefix of a route; the days of
 * a month of usage. Events come from the console's copy and are written anew when one came; paths and days
 * are asked for, and asked again every few seconds.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/format.h"
#include "tui/panels/detail_internal.h"
#include "tui/panels/explain.h"
#include "tui/panels/text.h"

#define MOST_EVENTS 500
#define AROUND 25 /* events before and after one */
#define RENEW (5 * USEC_PER_SEC)

/* Paths that are under way; outlives what asked for them. */
struct asked {
	struct below *below; /* NULL: closed */
};

struct below {
	struct scene *scene;
	struct panel *page;
	enum model_kind kind;
	char key[256], prefix[64];
	uint64_t sequence; /* of the event that is shown in detail */
	char subject[128]; /* of that event */
	size_t count;      /* events when it was last written */
	uint64_t newest;   /* and the sequence of the last of them: a full ring's count stays */
	struct asked *asked;
	struct days *days; /* of a month; NULL for everything else */
	usec_t asked_at;
};

/* --- events -------------------------------------------------------------------------------------- */

/* A tunnel's events belong to its connection too. */
static bool
is_about(const struct model_event *event, const char *name)
{
	size_t length = strlen(name);

	return event->subject != NULL && strncmp(event->subject, name, length) == 0 &&
	       (event->subject[length] == '\0' || event->subject[length] == '/');
}

static void
add_event(struct below *b, const struct model_event *event)
{
	struct look_of look = look_of_severity(event->severity);
	bool this = b->kind == MODEL_KIND_EVENT && event->sequence == b->sequence;
	char at[FORMAT_TEXT], mark[32];

	snprintf(mark, sizeof(mark), "%s%s", look.glyph, this ? " ▸" : "");
	text_panel_row(b->page, &(struct text_row){.label = format_stamp(event->at, at),
						   .mark = mark,
						   .text = event->text,
						   .label_cols = 17,
						   .mark_cols = b->kind == MODEL_KIND_EVENT ? 4 : 2,
						   .mark_role = look.role,
						   .role = this                    ? ROLE_title
							   : look.role == ROLE_dim ? ROLE_dim
										   : ROLE_text});
}

/* All of an object, the newest first. */
static size_t
write_events(struct below *b)
{
	const struct model_store *store = b->scene->store;
	size_t found = 0;

	for (size_t i = model_store_count(store, MODEL_KIND_EVENT); i > 0 && found < MOST_EVENTS; i--) {
		const struct model_event *event = model_store_at(store, MODEL_KIND_EVENT, i - 1);

		if (b->kind != MODEL_KIND_GATEWAY && !is_about(event, b->key))
			continue;
		add_event(b, event);
		found++;
	}
	return found;
}

/* The events of the same subject around one, the newest first. */
static size_t
write_around(struct below *b)
{
	const struct model_store *store = b->scene->store;
	size_t all = model_store_count(store, MODEL_KIND_EVENT), end = 0, before = 0, after = 0, found = 0;

	for (size_t i = 0; i < all; i++) {
		const struct model_event *event = model_store_at(store, MODEL_KIND_EVENT, i);

		after += event->sequence > b->sequence && is_about(event, b->subject);
		if (after <= AROUND)
			end = i + 1;
	}
	for (size_t i = end; i > 0 && before < AROUND; i--) {
		const struct model_event *event = model_store_at(store, MODEL_KIND_EVENT, i - 1);

		if (!is_about(event, b->subject))
			continue;
		before += event->sequence < b->sequence;
		add_event(b, event);
		found++;
	}
	return found;
}

static void
write_log(struct below *b)
{
	const struct model_store *store = b->scene->store;
	size_t count = model_store_count(store, MODEL_KIND_EVENT);
	const struct model_event *last =
	    count > 0 ? model_store_at(store, MODEL_KIND_EVENT, count - 1) : NULL;

	if (last != NULL && count == b->count && last->sequence == b->newest)
		return;
	b->count = count;
	b->newest = last != NULL ? last->sequence : 0;
	text_panel_clear(b->page);
	if ((b->kind == MODEL_KIND_EVENT ? write_around(b) : write_events(b)) == 0)
		text_panel_add(b->page, ROLE_dim, "no event yet");
}

/* --- paths --------------------------------------------------------------------------------------- */

/* What the choice of this very prefix rests on; the answer has shorter ones too. */
static const json_t *
match_of(const json_t *answer, const char *prefix)
{
	const json_t *match;
	size_t i;

	json_array_foreach (json_object_get(answer, "matches"), i, match) {
		const char *text = json_string_value(json_object_get(match, "prefix"));

		if (text != NULL && strcmp(text, prefix) == 0)
			return match;
	}
	return NULL;
}

static void
write_paths(struct below *b, const struct control_reply *reply)
{
	const json_t *match = match_of(reply->result, b->prefix), *paths = json_object_get(match, "paths");
	const char *source = json_string_value(json_object_get(match, "source")),
		   *reason = json_string_value(json_object_get(match, "reason"));

	if (!reply->ok) { /* what was known stays */
		text_panel_note(b->page, ROLE_bad, "%s", reply->text != NULL ? reply->text : "no answer");
		return;
	}
	text_panel_note(b->page, ROLE_dim, "%s", "");
	text_panel_clear(b->page);
	if (match == NULL) {
		text_panel_add(b->page, ROLE_warning,
			       "none is in use: what was offered was not accepted, or is gone");
		explain_last_changes(b->page, reply->result);
		return;
	}
	text_panel_print(b->page, ROLE_text, "%s: %s%s", source != NULL ? source : "?",
			 reason != NULL ? reason : "",
			 json_is_true(json_object_get(match, "installed")) ? "; in the kernel" : "");
	explain_paths(b->page, paths);
	explain_last_changes(b->page, match);
}

static void
on_paths(void *context, const struct control_reply *reply)
{
	struct asked *asked = context;
	struct below *b = asked->below;

	free(asked);
	if (b == NULL)
		return;
	b->asked = NULL;
	write_paths(b, reply);
	b->scene->changed(b->scene->context);
}

static void
ask_paths(struct below *b)
{
	if (b->asked != NULL || b->scene->client == NULL)
		return;
	b->asked = memory_zeroed(1, sizeof(*b->asked));
	b->asked->below = b;
	b->asked_at = clock_monotonic();
	control_client_command(b->scene->client, "explain", json_pack("{s:s}", "target", b->prefix), on_paths,
			       b->asked);
}

static void
ask_days(struct below *b)
{
	b->asked_at = clock_monotonic();
	days_ask(b->days);
}

/* --- the part ------------------------------------------------------------------------------------ */

static const char *
prefix_of(enum model_kind kind, const void *row)
{
	switch (kind) {
	case MODEL_KIND_ROUTE:
		return ((const struct model_route *)row)->prefix;
	case MODEL_KIND_RECEIVED:
		return ((const struct model_received *)row)->prefix;
	case MODEL_KIND_ADVERTISED:
		return ((const struct model_advertised *)row)->prefix;
	default:
		return NULL;
	}
}

static bool
has_events(enum model_kind kind)
{
	return kind == MODEL_KIND_TUNNEL || kind == MODEL_KIND_PEER || kind == MODEL_KIND_CONNECTION ||
	       kind == MODEL_KIND_GATEWAY || kind == MODEL_KIND_EVENT;
}

struct below *
below_new(struct scene *scene, enum model_kind kind, const char *key, const void *row)
{
	const char *prefix = prefix_of(kind, row);
	const struct model_event *event = row;
	char title[128];
	struct below *b;

	if (prefix == NULL && !has_events(kind) && kind != MODEL_KIND_USAGE)
		return NULL;
	b = memory_zeroed(1, sizeof(*b));
	b->scene = scene;
	b->kind = kind;
	snprintf(b->key, sizeof(b->key), "%s", key);
	snprintf(b->prefix, sizeof(b->prefix), "%s", prefix != NULL ? prefix : "");
	if (kind == MODEL_KIND_EVENT) {
		b->sequence = event->sequence;
		snprintf(b->subject, sizeof(b->subject), "%s", event->subject != NULL ? event->subject : "");
	}
	if (prefix != NULL)
		snprintf(title, sizeof(title), "All paths to %s ", prefix);
	else
		snprintf(title, sizeof(title), "%s ",
			 kind == MODEL_KIND_EVENT   ? "Around it"
			 : kind == MODEL_KIND_USAGE ? "By day"
						    : "Events");
	b->page = text_panel(scene, title, kind, NULL);
	text_panel_compact(b->page);
	if (prefix != NULL) {
		text_panel_add(b->page, ROLE_dim, "asking the gateway …");
		ask_paths(b);
	} else if (kind == MODEL_KIND_USAGE) {
		b->days = days_new(scene, row);
		ask_days(b);
	}
	return b;
}

void
below_free(struct below *below)
{
	if (below == NULL)
		return;
	if (below->asked != NULL)
		below->asked->below = NULL;
	days_free(below->days);
	below->page->ops->close(below->page);
	free(below);
}

void
below_draw(struct below *below, const struct area *area)
{
	if (below->days != NULL)
		days_write(below->days, below->page, area->cols);
	else if (below->prefix[0] == '\0')
		write_log(below);
	below->page->ops->draw(below->page, area);
}

bool
below_command(struct below *below, const char *command)
{
	return below->page->ops->command(below->page, command, NULL);
}

void
below_tick(struct below *below)
{
	if (clock_monotonic() - below->asked_at < RENEW)
		return;
	if (below->prefix[0] != '\0')
		ask_paths(below);
	else if (below->days != NULL)
		ask_days(below);
}

bool
below_is_large(const struct below *below)
{
	return below->prefix[0] != '\0' || below->kind == MODEL_KIND_EVENT || below->days != NULL;
}
