// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An explanation as a page. It is made from the gateway's structured answer (core/gateway_explain.c): layers
 * from the ground up with the first that fails marked, tunnels of a connection with the reason of the choice,
 * prefixes that hold an address with all paths to them. A gateway that answers in lines only is shown in
 * lines.
 *
 * While the page is on screen it asks again, so that one can watch a repair take hold. What was answered
 * last stays when the gateway is gone; the title says how old it is.
 */
#include "tui/panels/explain.h"

#include <stdio.h>
#include <string.h>

#include "tui/format.h"
#include "tui/panels/text.h"

#define RENEW (3 * USEC_PER_SEC)
#define OLD (2 * RENEW) /* from here on the age is a warning */
#define LABEL 12
#define MARK 11

/* Lives until both the page is closed and no answer is under way. */
struct explanation {
	struct panel *page; /* NULL: closed */
	char target[256];
	usec_t asked, answered; /* monotonic */
	bool waits;
	char trouble[200];
};

static void renew_when_due(struct panel *page, void *context);

static void
on_closed(void *context)
{
	struct explanation *e = context;

	e->page = NULL;
	if (!e->waits)
		free(e);
}

static const struct text_source source = {.tick = renew_when_due, .close = on_closed};

/* --- reading the answer -------------------------------------------------------------------------- */

static const char *
text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text != NULL ? text : "";
}

static bool
flag_of(const json_t *object, const char *name)
{
	return json_is_true(json_object_get(object, name));
}

static struct look_of
look_of_layer(const char *state)
{
	static const struct {
		const char *state;
		struct look_of look;
	} looks[] = {{"ok", {"●", "ok", ROLE_good}},
		     {"warning", {"!", "warning", ROLE_warning}},
		     {"failed", {"✕", "failed", ROLE_bad}}};

	for (size_t i = 0; i < COUNT_OF(looks); i++) {
		if (strcmp(looks[i].state, state) == 0)
			return looks[i].look;
	}
	return (struct look_of){"·", "", ROLE_dim};
}

/* "since 4 min" or "2 s ago": how old the evidence is; "" where the answer doesn't say. */
static void
age_of(const json_t *layer, usec_t now, char *out, size_t size)
{
	char span[FORMAT_TEXT];
	usec_t at;

	out[0] = '\0';
	if (clock_parse(text_of(layer, "seen"), &at))
		snprintf(out, size, "%s ago", format_since(now, at, span));
	else if (clock_parse(text_of(layer, "since"), &at))
		snprintf(out, size, "since %s", format_since(now, at, span));
}

/* --- parts of the page --------------------------------------------------------------------------- */

static void
add_part(struct panel *page, const char *label, struct look_of look, const char *text, const char *tail,
	 enum theme_role tail_role)
{
	char mark[64];

	snprintf(mark, sizeof(mark), "%s %s", look.glyph, look.word);
	text_panel_row(page, &(struct text_row){.label = label,
						.mark = mark,
						.text = text,
						.tail = tail,
						.label_cols = 2 + LABEL,
						.mark_cols = MARK,
						.mark_role = look.role,
						.role = look.role == ROLE_dim ? ROLE_dim : ROLE_text,
						.tail_role = tail_role});
}

/* What the two sides had, and the evidence, under a layer. */
static void
add_evidence(struct panel *page, const json_t *layer)
{
	static const struct {
		const char *name, *title;
	} sides[] = {{"ours", "this side"}, {"theirs", "the other"}};
	const json_t *line;
	size_t i;

	for (i = 0; i < COUNT_OF(sides); i++) {
		if (text_of(layer, sides[i].name)[0] != '\0')
			text_panel_row(page, &(struct text_row){.label = "",
								.mark = sides[i].title,
								.text = text_of(layer, sides[i].name),
								.label_cols = 2 + LABEL,
								.mark_cols = MARK,
								.mark_role = ROLE_dim,
								.role = ROLE_text});
	}
	json_array_foreach (json_object_get(layer, "evidence"), i, line) {
		if (json_is_string(line))
			text_panel_row(page, &(struct text_row){.label = "",
								.text = json_string_value(line),
								.label_cols = 2 + LABEL,
								.mark_cols = MARK,
								.role = ROLE_dim});
	}
}

/* Layers above the first that fails tell nothing: they share a line. */
static void
add_rest(struct panel *page, const char *names)
{
	char text[240];

	snprintf(text, sizeof(text), "not looked at: %s", names);
	if (names[0] != '\0')
		add_part(page, "  above it", look_of_layer(""), text, NULL, ROLE_dim);
}

static void
add_layers(struct panel *page, const json_t *answer)
{
	const char *failing = text_of(answer, "failing");
	bool failed = false;
	char rest[200] = "";
	const json_t *layer;
	size_t i;

	json_array_foreach (json_object_get(answer, "layers"), i, layer) {
		bool first = !failed && strcmp(text_of(layer, "state"), "failed") == 0 &&
			     strcmp(text_of(layer, "layer"), failing) == 0;
		const char *text = text_of(layer, "text");
		char age[FORMAT_TEXT], tail[160], label[64];

		if (failed && text[0] == '\0') {
			snprintf(rest + strlen(rest), sizeof(rest) - strlen(rest), "%s%s",
				 rest[0] != '\0' ? ", " : "", text_of(layer, "layer"));
			continue;
		}
		age_of(layer, page->scene->now, age, sizeof(age));
		snprintf(tail, sizeof(tail), "%s%s%s", age, first && age[0] != '\0' ? "  " : "",
			 first ? "← first failing layer" : "");
		snprintf(label, sizeof(label), "  %s", text_of(layer, "layer"));
		add_part(page, label, look_of_layer(text_of(layer, "state")), text, tail,
			 first ? ROLE_bad : ROLE_dim);
		add_evidence(page, layer);
		failed = failed || first;
	}
	add_rest(page, rest);
}

static void
add_cause(struct panel *page, const json_t *answer)
{
	const char *cause = text_of(answer, "cause"), *remedy = text_of(answer, "remedy");

	if (cause[0] == '\0')
		return;
	text_panel_add(page, ROLE_text, "");
	text_panel_row(page, &(struct text_row){.label = "Most likely",
						.text = cause,
						.role = ROLE_attention,
						.label_cols = 2 + LABEL});
	text_panel_row(page, &(struct text_row){.label = "What to do",
						.text = remedy[0] != '\0' ? remedy : "nothing here",
						.role = ROLE_text,
						.label_cols = 2 + LABEL});
}

static void
add_tunnels(struct panel *page, const json_t *answer)
{
	const json_t *tunnel;
	size_t i;

	json_array_foreach (json_object_get(answer, "tunnels"), i, tunnel) {
		const char *name = text_of(tunnel, "tunnel"), *reason = text_of(tunnel, "reason");
		const struct model_tunnel *row = model_store_get(page->scene->store, MODEL_KIND_TUNNEL, name);
		enum theme_role role = flag_of(tunnel, "active")   ? ROLE_accent
				       : flag_of(tunnel, "usable") ? ROLE_text
								   : ROLE_bad;
		char mark[16] = "", label[300], text[400];

		if (row != NULL)
			tunnel_mark(row, mark, &role);
		snprintf(label, sizeof(label), "  %s", name);
		snprintf(text, sizeof(text), "%s%s%s", text_of(tunnel, "part"), reason[0] != '\0' ? ": " : "",
			 reason);
		text_panel_row(page, &(struct text_row){.label = label,
							.mark = mark,
							.text = text,
							.label_cols = text_columns(label) + 2,
							.mark_cols = 5,
							.mark_role = role,
							.role = ROLE_text});
	}
}

static void
add_moves(struct panel *page, const json_t *answer)
{
	const char *last = text_of(answer, "last_move");
	char span[FORMAT_TEXT];
	usec_t at;

	if (clock_parse(text_of(answer, "confirm_until"), &at))
		text_panel_print(page, ROLE_warning,
				 "  A switchover waits for its confirmation, %s more; then it turns back.",
				 format_until(page->scene->now, at, span));
	if (last[0] == '\0')
		return;
	if (clock_parse(text_of(answer, "last_move_at"), &at))
		text_panel_print(page, ROLE_dim, "  last move %s ago: %s",
				 format_since(page->scene->now, at, span), last);
	else
		text_panel_print(page, ROLE_dim, "  last move: %s", last);
}

/* Text of an array, or a number, after its name; nothing where it is empty. */
static void
append_value(char *out, size_t size, const char *name, const json_t *value)
{
	size_t used = strlen(out), i;
	const json_t *item;

	if (json_is_integer(value)) {
		snprintf(out + used, size - used, "%s%s %lld", used > 0 ? " · " : "", name,
			 (long long)json_integer_value(value));
		return;
	}
	if (json_is_string(value) && json_string_length(value) > 0)
		snprintf(out + used, size - used, "%s%s %s", used > 0 ? " · " : "", name,
			 json_string_value(value));
	if (json_array_size(value) == 0)
		return;
	used += (size_t)snprintf(out + used, size - used, "%s%s", used > 0 ? " · " : "", name);
	json_array_foreach (value, i, item) {
		if (used < size && json_is_string(item))
			used += (size_t)snprintf(out + used, size - used, " %s", json_string_value(item));
	}
}

void
explain_paths(struct panel *page, const json_t *paths)
{
	static const struct {
		const char *name, *title;
	} values[] = {{"local_pref", "pref"},
		      {"med", "MED"},
		      {"as_path", "AS path"},
		      {"origin", "origin"},
		      {"communities", "communities"}};
	const json_t *path;
	size_t i;

	json_array_foreach (paths, i, path) {
		bool best = flag_of(path, "best");
		const char *hop = text_of(path, "next_hop");
		char text[500], facts[500] = "";

		snprintf(text, sizeof(text), "by %s%s%s: %s", text_of(path, "from"),
			 hop[0] != '\0' ? " via " : "", hop, text_of(path, "reason"));
		text_panel_row(page, &(struct text_row){.mark = best ? "● best" : "· other",
							.text = text,
							.label_cols = 4,
							.mark_cols = 9,
							.mark_role = best ? ROLE_good : ROLE_dim,
							.role = ROLE_text});
		for (size_t k = 0; k < COUNT_OF(values); k++)
			append_value(facts, sizeof(facts), values[k].title,
				     json_object_get(path, values[k].name));
		text_panel_row(page, &(struct text_row){.text = facts, .label_cols = 13, .role = ROLE_dim});
	}
}

void
explain_last_changes(struct panel *page, const json_t *match)
{
	const json_t *changes = json_object_get(match, "changes"), *change;
	size_t i;

	if (json_array_size(changes) != 0)
		text_panel_add(page, ROLE_dim, "    Last changes");
	json_array_foreach (changes, i, change) {
		char at[FORMAT_TEXT] = "";
		usec_t when;

		if (clock_parse(text_of(change, "at"), &when))
			format_stamp(when, at);
		text_panel_row(page, &(struct text_row){.mark = at,
							.text = text_of(change, "text"),
							.label_cols = 4,
							.mark_cols = 17,
							.mark_role = ROLE_dim,
							.role = ROLE_text});
	}
}

static void
add_matches(struct panel *page, const json_t *answer)
{
	const json_t *matches = json_object_get(answer, "matches"), *match;
	const char *longest = NULL;
	size_t i;

	if (json_is_array(matches) && json_array_size(matches) == 0)
		text_panel_add(page, ROLE_warning, "  No prefix of this gateway holds it.");
	explain_last_changes(page, answer); /* of one that is gone */
	json_array_foreach (matches, i, match) {
		const char *prefix = text_of(match, "prefix"), *connection = text_of(match, "connection");
		bool installed = flag_of(match, "installed"), used = longest == NULL;
		char text[500], tail[128];

		snprintf(text, sizeof(text), "%s%s%s: %s", text_of(match, "source"),
			 connection[0] != '\0' ? ", " : "", connection, text_of(match, "reason"));
		snprintf(tail, sizeof(tail), "%s%s%s",
			 used ? "← longest match" : "not used, for this is longer: ", used ? "" : longest,
			 installed ? "  ● in the kernel" : "");
		text_panel_row(page, &(struct text_row){.label = prefix,
							.text = text,
							.tail = tail,
							.label_cols = 20,
							.role = used ? ROLE_title : ROLE_text,
							.tail_role = used ? ROLE_good : ROLE_dim});
		explain_paths(page, json_object_get(match, "paths"));
		explain_last_changes(page, match);
		longest = used ? prefix : longest;
	}
}

static void
add_kernel(struct panel *page, const json_t *answer)
{
	const char *kernel = text_of(answer, "kernel"), *tunnel = text_of(answer, "tunnel");
	struct look_of look = {"●", "sends", ROLE_good};
	const json_t *protect;
	char text[300];
	size_t i;

	if (kernel[0] == '\0')
		return;
	if (strcmp(kernel, "unreachable") == 0) {
		look = (struct look_of){"✕", "refuses", ROLE_bad};
		snprintf(text, sizeof(text), "no route, or held unreachable: it does not leave");
	} else if (strcmp(kernel, "local") == 0) {
		look.word = "takes";
		snprintf(text, sizeof(text), "it is an address of this machine");
	} else if (tunnel[0] != '\0') {
		snprintf(text, sizeof(text), "into %s (%s)", tunnel, kernel);
	} else {
		if (json_array_size(json_object_get(answer, "protected")) > 0)
			look = (struct look_of){"!", "sends", ROLE_warning};
		snprintf(text, sizeof(text), "by %s, outside of the tunnels", kernel);
	}
	text_panel_add(page, ROLE_text, "");
	add_part(page, "The kernel", look, text, NULL, ROLE_dim);
	json_array_foreach (json_object_get(answer, "protected"), i, protect) {
		snprintf(text, sizeof(text), "%s, by %s: never in the clear, also while it is down",
			 text_of(protect, "prefix"), text_of(protect, "connection"));
		add_part(page, "Protected", (struct look_of){"●", "yes", ROLE_good}, text, NULL, ROLE_dim);
	}
}

static bool
is_structured(const json_t *answer)
{
	return json_object_get(answer, "layers") != NULL || json_object_get(answer, "tunnels") != NULL ||
	       json_object_get(answer, "matches") != NULL;
}

static void
fill(struct panel *page, const json_t *answer)
{
	const json_t *lines = json_object_get(answer, "lines"), *line;
	const char *about = text_of(answer, "layers_of");
	size_t i;

	text_panel_clear(page);
	json_array_foreach (lines, i, line) {
		if (json_is_string(line) && (i == 0 || !is_structured(answer)))
			text_panel_add(page, i == 0 ? ROLE_title : ROLE_text, json_string_value(line));
	}
	add_tunnels(page, answer);
	add_moves(page, answer);
	if (json_object_get(answer, "tunnels") != NULL && about[0] != '\0') {
		text_panel_add(page, ROLE_text, "");
		text_panel_print(page, ROLE_title, "Why can't %s carry?", about);
	}
	add_layers(page, answer);
	add_cause(page, answer);
	add_matches(page, answer);
	add_kernel(page, answer);
}

/* --- asking again -------------------------------------------------------------------------------- */

static void
say_age(const struct explanation *e)
{
	usec_t age = clock_monotonic() - e->answered;
	char span[FORMAT_TEXT];

	format_since(e->answered + age, e->answered, span);
	if (e->trouble[0] != '\0')
		text_panel_note(e->page, ROLE_bad, "as it was %s ago: %s", span, e->trouble);
	else
		text_panel_note(e->page, age < OLD ? ROLE_dim : ROLE_warning, "as of %s ago", span);
}

void
explain_panel_renew(struct panel *panel, const json_t *answer)
{
	struct explanation *e = text_panel_context(panel, &source);

	fill(panel, answer);
	e->answered = clock_monotonic();
	e->trouble[0] = '\0';
	say_age(e);
}

static void
on_answer(void *context, const struct control_reply *reply)
{
	struct explanation *e = context;

	e->waits = false;
	if (e->page == NULL) {
		free(e);
		return;
	}
	if (reply->ok && reply->result != NULL) {
		explain_panel_renew(e->page, reply->result);
	} else {
		text_clean(e->trouble, sizeof(e->trouble), reply->text != NULL ? reply->text : "no answer");
		say_age(e);
	}
	e->page->scene->changed(e->page->scene->context);
}

static void
renew_when_due(struct panel *page, void *context)
{
	struct explanation *e = context;

	if (!e->waits && page->scene->client != NULL && clock_monotonic() - e->asked >= RENEW) {
		e->waits = true;
		e->asked = clock_monotonic();
		control_client_command(page->scene->client, "explain",
				       json_pack("{s:s}", "target", e->target), on_answer, e);
	}
	say_age(e);
}

/* --- the page ------------------------------------------------------------------------------------ */

bool
explain_panel_of(const struct panel *panel, const char *target)
{
	const struct explanation *e = text_panel_context(panel, &source);

	return e != NULL && strcmp(e->target, target) == 0;
}

/* What the target is, so that the keys of its panel count; a route's row where it is neither tunnel nor
 * connection. */
static enum model_kind
kind_of(const struct model_store *store, const char *target)
{
	static const enum model_kind kinds[] = {MODEL_KIND_TUNNEL, MODEL_KIND_CONNECTION, MODEL_KIND_PEER};

	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		if (model_store_get(store, kinds[i], target) != NULL)
			return kinds[i];
	}
	return MODEL_KIND_ROUTE;
}

struct panel *
explain_panel(struct scene *scene, const char *target, const json_t *answer)
{
	struct explanation *e = memory_zeroed(1, sizeof(*e));
	char title[300];

	snprintf(title, sizeof(title), "explain → %s", target);
	snprintf(e->target, sizeof(e->target), "%s", target);
	e->asked = clock_monotonic();
	e->page = text_panel(scene, title, kind_of(scene->store, target), target);
	text_panel_source(e->page, &source, e);
	explain_panel_renew(e->page, answer);
	return e->page;
}
