// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a switchover, a drain, its end or a drill will come to: both spans side by side, live, and below them
 * what the gateway's dry run says will move, what the other side will see, and what could go wrong.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/panels/cells.h"
#include "tui/sheets/sheets.h"

#define LABEL 16
#define LABEL_SMALL 11

/* Seconds after which it goes back by itself; the first: it doesn't. */
static const unsigned back_after[] = {0, 30, 60, 120, 300};
#define BACK_OWN_PATH 2 /* of them, where one's own session goes through the connection */

/* --- which tunnels
 * -------------------------------------------------------------------------------------------- */

static bool
has_tunnel_name(const struct model_tunnel *tunnel, const char *name)
{
	return strcmp(tunnel->name, name) == 0 || strcmp(tunnel_number(tunnel->name), name) == 0;
}

const struct model_connection *
plan_connection(const struct sheet *sheet)
{
	const struct model_store *store = sheet->app->scene.store;
	const char *name = sheet_argument(sheet, "connection"), *tunnel = sheet_argument(sheet, "tunnel");
	const struct model_tunnel *row =
	    tunnel != NULL && name == NULL ? model_store_get(store, MODEL_KIND_TUNNEL, tunnel) : NULL;

	if (row != NULL)
		name = row->connection;
	return name != NULL ? model_store_get(store, MODEL_KIND_CONNECTION, name) : NULL;
}

/* From which tunnel to which, as things stand; false where that is not clear. */
static bool
find_move(const struct sheet *sheet, const struct model_tunnel **from, const struct model_tunnel **to)
{
	const struct model_connection *connection = plan_connection(sheet);
	const char *named = sheet_argument(sheet, "tunnel");
	const struct model_tunnel *tunnels[2];
	int at;

	if (connection == NULL || connection_tunnels(sheet->app->scene.store, connection->name, tunnels) != 2)
		return false;
	at = tunnels[0]->active && !tunnels[1]->active ? 1 : 0; /* the one that doesn't carry */
	if (named != NULL) {
		if (!has_tunnel_name(tunnels[0], named) && !has_tunnel_name(tunnels[1], named))
			return false;
		at = has_tunnel_name(tunnels[0], named) ? 0 : 1;
		at = sheet_is(sheet, "drain") ? 1 - at : at;
	}
	*to = tunnels[at];
	*from = tunnels[1 - at];
	return true;
}

void
plan_title(struct sheet *sheet)
{
	const struct model_connection *connection = plan_connection(sheet);
	const struct model_tunnel *from, *to;
	char *out = sheet->dialog.title;
	size_t size = sizeof(sheet->dialog.title);

	if (connection == NULL || !find_move(sheet, &from, &to))
		return;
	if (sheet_is(sheet, "switchover"))
		snprintf(out, size, "Switch %s from span %s to span %s", connection->name,
			 tunnel_number(from->name), tunnel_number(to->name));
	else if (sheet_is(sheet, "drain"))
		snprintf(out, size, "Drain span %s of %s", tunnel_number(from->name), connection->name);
	else if (sheet_is(sheet, "undrain"))
		snprintf(out, size, "End the drain of span %s of %s", tunnel_number(to->name),
			 connection->name);
	else
		snprintf(out, size, "Drill of %s: span %s is taken away", connection->name,
			 tunnel_number(from->name));
}

void
plan_asked(struct sheet *sheet)
{
	const struct model_tunnel *from, *to;

	snprintf(sheet->from, sizeof(sheet->from), "%s", find_move(sheet, &from, &to) ? from->name : "");
}

bool
plan_is_old(const struct sheet *sheet)
{
	const struct model_tunnel *from, *to;

	return sheet->ops == &sheet_move_ops && sheet->from[0] != '\0' && find_move(sheet, &from, &to) &&
	       strcmp(sheet->from, from->name) != 0;
}

/* --- side by side
 * --------------------------------------------------------------------------------------------- */

static void
say_state(const struct sheet *sheet, const struct model_tunnel *tunnel, struct table_cell *out)
{
	struct look_of look = look_of_tunnel(tunnel);
	char span[FORMAT_TEXT];
	bool up = tunnel_part(tunnel)[0] != '\0';

	out->role = look.role;
	snprintf(out->text, sizeof(out->text), "%s %s %s", look.glyph, look.word,
		 format_since(sheet->app->scene.now, up ? tunnel->established_at : tunnel->down_since, span));
}

/* "● ok · bfd 50 ms × 3", or what else the verdict rests on. */
static void
say_health(const struct sheet *sheet, const struct model_tunnel *tunnel, struct table_cell *out)
{
	const struct model_peer *peer = peer_of_tunnel(sheet->app->scene.store, tunnel);
	const char *health = tunnel->health != NULL ? tunnel->health : "unknown";
	bool ok = strcmp(health, "ok") == 0, bad = strcmp(health, "failed") == 0;
	char bfd[64];
	const char *evidence = tunnel->health_reason != NULL ? tunnel->health_reason : "nothing is known";

	out->role = ok ? ROLE_good : bad ? ROLE_bad : ROLE_warning;
	if (ok && peer != NULL && peer->bfd.set && peer->bfd.state != NULL &&
	    strcmp(peer->bfd.state, "Up") == 0) {
		snprintf(bfd, sizeof(bfd), "bfd %llu ms × %llu", (unsigned long long)peer->bfd.interval_ms,
			 (unsigned long long)peer->bfd.multiplier);
		evidence = bfd;
	}
	snprintf(out->text, sizeof(out->text), "%s %s · %s", ok ? "●" : bad ? "✕" : "?", health, evidence);
}

static void
say_quality(const struct sheet *sheet, const struct model_tunnel *tunnel, struct table_cell *out)
{
	char rtt[FORMAT_TEXT], loss[FORMAT_TEXT];

	(void)sheet;
	out->role = tunnel->loss_percent >= 1 ? ROLE_warning : ROLE_text;
	format_ms(tunnel->rtt_ms, rtt);
	format_percent(tunnel->loss_percent, loss);
	snprintf(out->text, sizeof(out->text), "%s · %s", rtt + strspn(rtt, " "), loss + strspn(loss, " "));
}

static void
say_rates(const struct sheet *sheet, const struct model_tunnel *tunnel, struct table_cell *out)
{
	char in[FORMAT_TEXT], sent[FORMAT_TEXT];

	(void)sheet;
	out->role = tunnel->active ? ROLE_text : ROLE_dim;
	format_rate(tunnel->rx_bps, in);
	format_rate(tunnel->tx_bps, sent);
	snprintf(out->text, sizeof(out->text), "▼ %s  ▲ %s", in + strspn(in, " "), sent + strspn(sent, " "));
}

/* "▼ 88.1 Mb/s  ▲ 12.3 Mb/s" where that is too long: "▼88.1M ▲12.3M b/s". */
static void
shorten_rates(struct table_cell *cell)
{
	char *to = cell->text;

	for (const char *from = cell->text; *from != '\0';) {
		if (strncmp(from, "b/s", 3) == 0)
			from += 3;
		else if (from[0] == ' ' && from[1] == ' ')
			from++;
		else if (from[0] == ' ' && (unsigned char)from[1] < 0x80)
			from++;
		else
			*to++ = *from++;
	}
	memcpy(to, " b/s", 5);
}

static void
say_peer(const struct sheet *sheet, const struct model_tunnel *tunnel, struct table_cell *out)
{
	const struct table_context context = {.store = sheet->app->scene.store, .now = sheet->app->scene.now};

	cell_tunnel_peer(&context, tunnel, out);
}

static bool
accepted_by(const struct sheet *sheet, const struct model_tunnel *tunnel, uint64_t *count)
{
	const struct model_peer *peer = peer_of_tunnel(sheet->app->scene.store, tunnel);

	if (peer == NULL || peer->state == NULL || strcmp(peer->state, "Established") != 0)
		return false;
	*count = peer->accepted;
	return true;
}

/* "12", and of the other one "12, the same" or "10, 2 fewer". */
static void
say_prefixes(const struct sheet *sheet, const struct model_tunnel *tunnel, const struct model_tunnel *other,
	     struct table_cell *out)
{
	char text[FORMAT_TEXT], differ[FORMAT_TEXT];
	uint64_t mine, theirs;

	out->role = ROLE_text;
	if (!accepted_by(sheet, tunnel, &mine)) {
		snprintf(out->text, sizeof(out->text), FORMAT_NONE);
		return;
	}
	format_count(mine, text);
	if (other == NULL || !accepted_by(sheet, other, &theirs)) {
		snprintf(out->text, sizeof(out->text), "%s", text);
	} else if (mine == theirs) {
		snprintf(out->text, sizeof(out->text), "%s, the same", text);
	} else {
		out->role = mine < theirs ? ROLE_warning : ROLE_text;
		snprintf(out->text, sizeof(out->text), "%s, %s %s", text,
			 format_count(mine < theirs ? theirs - mine : mine - theirs, differ),
			 mine < theirs ? "fewer" : "more");
	}
}

static const struct {
	const char *label;
	void (*say)(const struct sheet *sheet, const struct model_tunnel *tunnel, struct table_cell *out);
} compared[] = {{"state", say_state},
		{"health", say_health},
		{"peer", say_peer},
		{"rtt · loss", say_quality},
		{"rate", say_rates}};

static void
put_cell(struct draft *body, int col, int width, const struct table_cell *cell)
{
	draft_put(body, col, width - 1, cell->role, cell->text[0] != '\0' ? cell->text : FORMAT_NONE);
}

static void
put_span(struct draft *body, int col, int width, const struct model_tunnel *tunnel, const char *part)
{
	enum theme_role role = ROLE_text;
	char mark[16];

	tunnel_mark(tunnel, mark, &role);
	col = draft_put(body, col, width, role, mark) + 1;
	draft_put(body, col, width - 5, role, part);
}

static void
compare(const struct sheet *sheet, struct draft *body)
{
	int label = body->cols >= 60 ? LABEL : LABEL_SMALL, width = (body->cols - label) / 2;
	const struct model_tunnel *spans[2];
	const char *then = sheet_is(sheet, "undrain") ? "drained until now" : "will carry";

	if (!find_move(sheet, &spans[0], &spans[1]))
		return;
	draft_line(body);
	put_span(body, label, width, spans[0], spans[0]->active ? "carries now" : tunnel_part(spans[0]));
	put_span(body, label + width, width, spans[1],
		 spans[1]->active    ? "carries now"
		 : !spans[0]->active ? tunnel_part(spans[1])
				     : then);
	for (size_t i = 0; i < COUNT_OF(compared); i++) {
		draft_line(body);
		draft_put(body, 0, label - 1, ROLE_dim, compared[i].label);
		for (int s = 0; s < 2; s++) {
			struct table_cell cell = {.role = ROLE_dim};

			compared[i].say(sheet, spans[s], &cell);
			if (compared[i].say == say_rates && text_columns(cell.text) >= width)
				shorten_rates(&cell);
			put_cell(body, label + s * width, width, &cell);
		}
		if (compared[i].say != say_quality)
			continue;
		draft_line(body);
		draft_put(body, 0, label - 1, ROLE_dim, "prefixes");
		for (int s = 0; s < 2; s++) {
			struct table_cell cell = {.role = ROLE_dim};

			say_prefixes(sheet, spans[s], s == 1 ? spans[0] : NULL, &cell);
			put_cell(body, label + s * width, width, &cell);
		}
	}
	draft_gap(body);
}

/* --- what the gateway says of it
 * ------------------------------------------------------------------------------ */

static bool
number(const json_t *plan, const char *name, uint64_t *out)
{
	const json_t *value = json_object_get(plan, name);

	if (!json_is_integer(value) || json_integer_value(value) < 0)
		return false;
	*out = (uint64_t)json_integer_value(value);
	return true;
}

static void
put_labelled(struct draft *body, const char *label, enum theme_role role, const char *text)
{
	draft_line(body);
	draft_put(body, 0, 7, ROLE_dim, label);
	draft_wrap(body, 7, true, role, text);
}

/* "2 preferred for 12 prefixes; ▼ 88.1 Mb/s ▲ 12.3 Mb/s move". */
static void
put_here(const struct sheet *sheet, struct draft *body)
{
	const char *to = json_string_value(json_object_get(sheet->plan, "to"));
	char count[FORMAT_TEXT], in[FORMAT_TEXT] = "", out[FORMAT_TEXT] = "", text[320];
	uint64_t prefixes, rx = 0, tx = 0;

	if (to == NULL) {
		put_labelled(body, "Here", ROLE_text, sheet->answer);
		return;
	}
	number(sheet->plan, "rx_bps", &rx);
	number(sheet->plan, "tx_bps", &tx);
	format_rate(rx, in);
	format_rate(tx, out);
	if (number(sheet->plan, "prefixes", &prefixes))
		snprintf(text, sizeof(text), "%s %s for %s prefix%s; ▼ %s ▲ %s move", tunnel_number(to),
			 sheet_is(sheet, "drill") ? "takes over" : "preferred", format_count(prefixes, count),
			 prefixes == 1 ? "" : "es", in + strspn(in, " "), out + strspn(out, " "));
	else
		snprintf(text, sizeof(text), "%s preferred", tunnel_number(to));
	put_labelled(body, "Here", ROLE_text, text);
}

static void
put_all(struct draft *body, const json_t *texts, const char *label, enum theme_role role)
{
	const json_t *text;
	size_t i;

	json_array_foreach (texts, i, text) {
		if (json_string_value(text) != NULL)
			put_labelled(body, i == 0 || role == ROLE_warning ? label : "", role,
				     json_string_value(text));
	}
}

/* What lasts, and for how long. */
static void
put_course(const struct sheet *sheet, struct draft *body)
{
	const struct model_tunnel *from, *to;
	char text[400];
	uint64_t most = 0;

	if (!find_move(sheet, &from, &to))
		return;
	if (sheet_is(sheet, "switchover")) {
		snprintf(text, sizeof(text),
			 "%s stays up until its traffic has moved, and after. Nothing is torn down.",
			 tunnel_number(from->name));
	} else if (sheet_is(sheet, "drain")) {
		snprintf(text, sizeof(text),
			 "%s stays up and is not used, over restarts of the gateway too, until undrain.",
			 tunnel_number(from->name));
	} else if (sheet_is(sheet, "undrain")) {
		snprintf(text, sizeof(text), "Nothing is torn down.");
	} else {
		const char *noticed = json_string_value(json_object_get(sheet->plan, "noticed"));

		number(sheet->plan, "silence_most_ms", &most);
		snprintf(
		    text, sizeof(text),
		    "%s passes no packet in either direction until the gateway has noticed by itself and "
		    "moved, at most %llu s. Traffic is interrupted that long. %s%sThen %s is given back.",
		    tunnel_number(from->name), (unsigned long long)(most / 1000),
		    noticed != NULL ? noticed : "", noticed != NULL ? ". " : "", tunnel_number(from->name));
	}
	draft_wrap(body, 0, false, sheet_is(sheet, "drill") ? ROLE_warning : ROLE_dim, text);
}

/* When it was drilled last, and with which outage. */
static void
put_last_drill(const struct sheet *sheet, struct draft *body)
{
	const json_t *earlier = json_object_get(sheet->plan, "earlier"), *last = json_array_get(earlier, 0);
	const char *at = json_string_value(json_object_get(last, "at"));
	const char *result = json_string_value(json_object_get(last, "result"));
	const json_t *outage = json_object_get(last, "outage_ms");
	char date[FORMAT_TEXT] = "?", one[FORMAT_TEXT], text[300];
	usec_t wall;

	if (!sheet_is(sheet, "drill") || !json_is_array(earlier))
		return;
	if (at != NULL && clock_parse(at, &wall))
		format_date(wall, date);
	if (last == NULL)
		snprintf(text, sizeof(text), "No drill of it is kept yet.");
	else if (json_is_number(outage))
		snprintf(text, sizeof(text), "The last drill, %s: outage %s.", date,
			 format_ms(json_number_value(outage), one));
	else
		snprintf(text, sizeof(text), "The last drill, %s: %s, outage not measured.", date,
			 result != NULL ? result : "?");
	draft_wrap(body, 0, false, ROLE_dim, text);
}

static void
ask(struct sheet *sheet, struct draft *body)
{
	compare(sheet, body);
	if (!sheet->asked) {
		draft_wrap(body, 0, false, ROLE_dim, "asking the gateway what would happen …");
		return;
	}
	if (sheet->refused) {
		put_labelled(body, "✕", ROLE_bad, sheet->answer);
		return;
	}
	if (sheet->plan == NULL) {
		draft_wrap(body, 0, false, ROLE_text, sheet->answer);
		return;
	}
	put_here(sheet, body);
	put_all(body, json_object_get(sheet->plan, "there"), "There", ROLE_text);
	put_all(body, json_object_get(sheet->plan, "warnings"), "!", ROLE_warning);
	put_course(sheet, body);
	put_last_drill(sheet, body);
}

const struct sheet_ops sheet_move_ops = {.ask = ask, .live = live_draw, .live_key = live_key};

/* --- going back by itself
 * ------------------------------------------------------------------------------------- */

unsigned
plan_back_seconds(const struct sheet *sheet)
{
	return back_after[sheet->back_at];
}

void
plan_back_step(struct sheet *sheet, int step)
{
	sheet->back_at = (sheet->back_at + step + (int)COUNT_OF(back_after)) % (int)COUNT_OF(back_after);
	sheet->back_chosen = true;
}

void
plan_answered(struct sheet *sheet)
{
	const char *own = json_string_value(json_object_get(sheet->plan, "own_path"));

	if (!sheet->back_chosen && own != NULL && strcmp(own, "moves") == 0 && sheet_can_return(sheet) &&
	    sheet_argument(sheet, "confirm_within") == NULL)
		sheet->back_at = BACK_OWN_PATH;
}

/* What holds without a time. Where no dry run says whether one comes by it, the gateway knows, and gives it a
 * minute. */
static void
put_stays(const struct sheet *sheet, struct draft *foot)
{
	static const char *const ends[][2] = {
	    {"switchover", "auto"}, {"drain", "undrain"}, {"down", "up"}, {"disable", "enable"}};
	const char *end = NULL;
	bool told = sheet->ops == &sheet_move_ops || sheet->back_chosen;
	int col;

	for (size_t i = 0; i < COUNT_OF(ends); i++)
		end = sheet_is(sheet, ends[i][0]) ? ends[i][1] : end;
	col = draft_print(foot, 0, ROLE_text, "Stays%s%s%s.", end != NULL ? " until " : "",
			  end != NULL ? end : "", told ? "" : "; 60 s where you come by it");
	draft_put(foot, col + 1, 0, ROLE_dim, told ? "+ - : go back unless confirmed" : "+ -");
}

void
plan_foot(struct sheet *sheet, struct draft *foot)
{
	const char *asked = sheet_argument(sheet, "confirm_within");
	unsigned seconds = plan_back_seconds(sheet);
	int col;

	if (!sheet_can_return(sheet) || sheet->refused)
		return;
	draft_line(foot);
	if (seconds == 0 && asked != NULL && !sheet->back_chosen) {
		draft_print(foot, 0, ROLE_accent, "Goes back by itself unless you confirm within %s s",
			    asked);
		return;
	}
	if (seconds == 0) {
		put_stays(sheet, foot);
		return;
	}
	col = draft_print(foot, 0, ROLE_text, "Goes back by itself unless you confirm within ");
	col = draft_print(foot, col, ROLE_accent, " %u s", seconds);
	draft_put(foot, col + 2, 0, ROLE_dim, "+ -");
}
