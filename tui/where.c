// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * "Where does 10.1.2.3 go?", answered as it is typed: the gateway's `explain` says which prefixes hold the
 * address, the longest first, who offers each and why one is best, and what the kernel does with it. One
 * question is under way at a time; when its answer comes and more was typed meanwhile, that answer is passed
 * over and the next question goes out, so that a slow link is asked as often as it can answer and no old
 * answer stands under a new address.
 *
 * While it is open it asks again each second, since routes move; what stands there stays until it is known
 * better, and where it is scrolled to. Without a gateway it stays too, and says how old it is.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/address.h"
#include "core/base/clock.h"
#include "core/control/protocol.h"
#include "tui/app.h"
#include "tui/format.h"
#include "tui/overlay.h"

#define WIDEST 100
#define OLD (3 * USEC_PER_SEC) /* an answer that could not be had again */
#define PREFIX_COLUMN 20

struct where;

struct question {
	struct where *owner; /* NULL: closed meanwhile */
	char text[INPUT_TEXT];
};

struct where {
	struct overlay overlay;
	struct input input;
	struct question *pending;
	char answered[INPUT_TEXT]; /* what `result` is about; "" for none */
	usec_t answered_at;        /* wall clock */
	char summary[256];
	bool ok;
	json_t *result; /* of explain; NULL where it was refused */
	size_t top;     /* scrolled */
};

/* What is drawn: lines are counted, and drawn where they are in view. */
struct pane {
	const struct area *area;
	size_t row, top;
};

/* --- asking ------------------------------------------------------------------------------------- */

/* The typed text without blanks around it, where it is an address or prefix. */
static bool
typed_target(const struct where *w, char *out, size_t size)
{
	const char *text = w->input.text + strspn(w->input.text, " ");
	struct ip_prefix prefix;

	snprintf(out, size, "%.*s", (int)strcspn(text, " "), text);
	return ip_prefix_parse(out, &prefix);
}

static void ask(struct where *w, bool again);

/* The answer to what is typed. */
static void
take(struct where *w, const char *target, const struct control_reply *reply)
{
	bool same = strcmp(target, w->answered) == 0;

	if (same && reply->exit_code == CONTROL_EXIT_NO_GATEWAY)
		return;
	snprintf(w->answered, sizeof(w->answered), "%s", target);
	w->answered_at = clock_wall();
	text_clean(w->summary, sizeof(w->summary), reply->text != NULL ? reply->text : "");
	w->ok = reply->ok;
	json_decref(w->result);
	w->result = reply->ok ? json_deep_copy(reply->result) : NULL;
	w->top = same ? w->top : 0;
}

static void
on_answer(void *context, const struct control_reply *reply)
{
	struct question *question = context;
	struct where *w = question->owner;
	char now[INPUT_TEXT];

	if (w != NULL) {
		w->pending = NULL;
		if (typed_target(w, now, sizeof(now)) && strcmp(now, question->text) == 0)
			take(w, now, reply);
		ask(w, false);
		app_changed(w->overlay.app);
	}
	free(question);
}

/* Asks about what is typed, unless that is answered already and it is not to be asked again. */
static void
ask(struct where *w, bool again)
{
	struct app *app = w->overlay.app;
	char target[INPUT_TEXT];
	struct question *question;

	if (w->pending != NULL || !typed_target(w, target, sizeof(target)) ||
	    (!again && strcmp(target, w->answered) == 0) || app->state != CONTROL_LIVE)
		return;
	question = memory_zeroed(1, sizeof(*question));
	question->owner = w;
	snprintf(question->text, sizeof(question->text), "%s", target);
	w->pending = question;
	control_client_command(app->client, "explain", json_pack("{s:s}", "target", target), on_answer,
			       question);
}

static void
where_tick(struct overlay *overlay)
{
	ask((struct where *)overlay, true);
}

/* --- drawing ------------------------------------------------------------------------------------ */

static void
line(struct pane *pane, int col, enum theme_role role, const char *text)
{
	const char *rest = text;
	char part[512];

	do {
		part[0] = '\0';
		text_line(&rest, pane->area->cols - col - 1, part, sizeof(part));
		if (pane->row >= pane->top && pane->row - pane->top < (size_t)pane->area->rows)
			area_text(pane->area, (int)(pane->row - pane->top), col, role, part);
		pane->row++;
	} while (*rest != '\0');
}

/* Text at the line that comes next, without going on to another. */
static void
lead(const struct pane *pane, int col, int width, enum theme_role role, const char *text)
{
	if (pane->row >= pane->top && pane->row - pane->top < (size_t)pane->area->rows)
		area_field(pane->area, (int)(pane->row - pane->top), col, width, false, role, text);
}

static const char *
text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text != NULL ? text : "";
}

static void
draw_path(struct pane *pane, const json_t *path, bool used)
{
	bool best = json_is_true(json_object_get(path, "best"));
	const char *hop = text_of(path, "next_hop");
	char text[512];

	snprintf(text, sizeof(text), "%s %s%s%s%s%s", best ? (used ? "●" : "○") : "·", text_of(path, "from"),
		 hop[0] != '\0' ? " via " : "", hop, ": ", text_of(path, "reason"));
	line(pane, PREFIX_COLUMN, best && used ? ROLE_good : best ? ROLE_text : ROLE_dim, text);
}

/* One prefix that holds the address: who has it, and what was offered for it. */
static void
draw_match(struct pane *pane, const json_t *match, bool used)
{
	const char *source = text_of(match, "source"), *connection = text_of(match, "connection");
	bool installed = json_is_true(json_object_get(match, "installed"));
	bool held = strcmp(source, "protected") == 0;
	const json_t *path;
	char text[512];
	size_t i;

	lead(pane, 1, PREFIX_COLUMN - 2, used ? ROLE_title : ROLE_text, text_of(match, "prefix"));
	if (held)
		snprintf(text, sizeof(text), "not routed: protected by %s (unreachable)",
			 connection[0] != '\0' ? connection : "this gateway");
	else
		snprintf(text, sizeof(text), "%s%s%s: %s%s", source, connection[0] != '\0' ? ", " : "",
			 connection, text_of(match, "reason"), installed ? "" : "; not in the kernel");
	line(pane, PREFIX_COLUMN, held ? ROLE_bad : used ? ROLE_text : ROLE_dim, text);
	if (installed && !held)
		line(pane, PREFIX_COLUMN, used ? ROLE_good : ROLE_dim, "● in the kernel");
	json_array_foreach (json_object_get(match, "paths"), i, path)
		draw_path(pane, path, used);
}

static void
draw_result(const struct where *w, struct pane *pane)
{
	const json_t *matches = json_object_get(w->result, "matches"), *match, *guard;
	size_t i;

	line(pane, 1, w->ok ? ROLE_title : ROLE_bad, w->summary);
	pane->row++;
	if (!w->ok)
		return;
	if (json_array_size(matches) == 0)
		line(pane, 1, ROLE_warning, "No prefix of this gateway holds it.");
	json_array_foreach (matches, i, match) {
		if (i == 1)
			line(pane, 1, ROLE_dim, "if that went, the next shorter:");
		draw_match(pane, match, i == 0);
	}
	json_array_foreach (json_object_get(w->result, "protected"), i, guard) {
		char text[320];

		snprintf(text, sizeof(text), "Protected by %s (%s): never sent in the clear.",
			 text_of(guard, "connection"), text_of(guard, "prefix"));
		line(pane, 1, ROLE_dim, text);
	}
}

static void
draw_hint(const struct where *w, struct pane *pane)
{
	const char *text = w->input.text + strspn(w->input.text, " ");
	char said[INPUT_TEXT + 64];

	if (*text == '\0') {
		line(pane, 1, ROLE_dim, "an address or a prefix: 10.1.2.3, 10.1.0.0/16, 2001:db8::1");
		return;
	}
	if (text[strspn(text, "0123456789abcdefABCDEF.:/ ")] == '\0')
		snprintf(said, sizeof(said), "'%s' is no address yet, and no prefix", text);
	else
		snprintf(said, sizeof(said), "'%s' is neither an address nor a prefix", text);
	line(pane, 1, ROLE_warning, said);
}

static void
where_draw(struct overlay *overlay, const struct area *body)
{
	struct where *w = (struct where *)overlay;
	int cols = body->cols - 2 < WIDEST ? body->cols : WIDEST;
	struct area box = area_part(body, 0, (body->cols - cols) / 2, body->rows, cols), inside, rest;
	struct pane pane = {.area = &rest, .top = w->top};
	char target[INPUT_TEXT], title[80], age[FORMAT_TEXT];
	bool typed = typed_target(w, target, sizeof(target)),
	     known = typed && strcmp(target, w->answered) == 0;
	usec_t now = overlay->app->scene.now;

	snprintf(title, sizeof(title), "Where does it go?");
	if (known && now > w->answered_at + OLD)
		snprintf(title, sizeof(title), "Where does it go? (as it was %s ago)",
			 format_since(now, w->answered_at, age));
	box.ground = GROUND_DIALOG;
	box.dimmed = false;
	area_frame(&box, ROLE_border, title);
	inside = area_part(&box, 1, 1, box.rows - 2, box.cols - 2);
	input_draw(&w->input, &inside, 0, " › ");
	rest = area_part(&inside, 2, 0, inside.rows - 2, inside.cols);
	if (!typed)
		draw_hint(w, &pane);
	else if (known)
		draw_result(w, &pane);
	else
		line(&pane, 1, ROLE_dim,
		     overlay->app->state == CONTROL_LIVE ? "asking the gateway" : "no gateway is connected");
	if (pane.row > pane.top + (size_t)rest.rows)
		area_text(&inside, inside.rows - 1, inside.cols - 3, ROLE_dim, "…");
	else if (w->top > 0 && pane.row <= w->top)
		w->top = 0;
}

/* --- keys --------------------------------------------------------------------------------------- */

/* Routes, with only the prefixes that hold it. */
static bool
go_to_routes(struct where *w)
{
	struct app *app = w->overlay.app;
	char target[INPUT_TEXT], filter[INPUT_TEXT + 8];

	if (!typed_target(w, target, sizeof(target)))
		return true;
	snprintf(filter, sizeof(filter), "has:%s", target);
	navigation_show(app, MODEL_KIND_ROUTE, filter);
	return false;
}

static bool
where_key(struct overlay *overlay, key_code key)
{
	struct where *w = (struct where *)overlay;

	switch (key) {
	case KEYS_ESCAPE:
	case KEYS_CONTROL + 'c':
		return false;
	case KEYS_ENTER:
		return go_to_routes(w);
	case KEYS_DOWN:
	case KEYS_PAGE_DOWN:
		w->top++;
		break;
	case KEYS_UP:
	case KEYS_PAGE_UP:
		w->top -= w->top > 0;
		break;
	default:
		if (input_key(&w->input, key)) {
			w->top = 0;
			ask(w, false);
		}
		break;
	}
	return true;
}

static void
where_close(struct overlay *overlay)
{
	struct where *w = (struct where *)overlay;

	if (w->pending != NULL)
		w->pending->owner = NULL;
	json_decref(w->result);
	free(w);
}

void
where_open(struct app *app, const char *address)
{
	static const char *const hints[] = {"Enter", "its routes", "↑ ↓", "scroll", "Esc", "close", NULL};
	static const struct overlay_ops ops = {
	    .draw = where_draw, .key = where_key, .tick = where_tick, .close = where_close, .hints = hints};
	struct where *w = memory_zeroed(1, sizeof(*w));

	w->overlay.ops = &ops;
	w->overlay.app = app;
	input_set(&w->input, address != NULL ? address : "");
	overlay_open(app, &w->overlay);
	ask(w, false);
}
