// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A move while it goes on, in the sheet that began it: each step with its time, how much of either direction
 * has changed over, what was lost so far; then how it ended, and whether it is kept or goes back. It shows
 * the connection's `move`, so that a move back, by hand or by itself, is seen in the same place. Leaving the
 * sheet leaves the move alone.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tui/sheets/sheets.h"

#define STAMP 14 /* columns of a time of day with milliseconds, and what follows it */
#define BAR 20
#define LOST 14 /* columns that " 999,999 lost" is left at the line's end */

/* The move that this sheet began, or one that came after it; NULL: not yet. */
static const struct model_move *
our_move(const struct sheet *sheet, const struct model_connection *connection)
{
	if (connection == NULL || !connection->move.set || connection->move.began_at == sheet->began_before)
		return NULL;
	return &connection->move;
}

static void
put_stamp(struct draft *body, usec_t at)
{
	char clock[FORMAT_TEXT];

	draft_line(body);
	if (at != 0)
		draft_print(body, 0, ROLE_dim, "%s.%03d", format_clock(at, clock),
			    (int)(at % USEC_PER_SEC / USEC_PER_MS));
}

static void
put_lost(struct draft *body, uint64_t lost)
{
	char count[FORMAT_TEXT], text[FORMAT_TEXT + 8];

	if (lost == MODEL_UINT_UNSET)
		return;
	snprintf(text, sizeof(text), "%s lost", format_count(lost, count));
	draft_put(body, body->cols - text_columns(text), 0, lost == 0 ? ROLE_dim : ROLE_bad, text);
}

/* "theirs: ███████████████░░░░░ 74 %". */
static void
put_bar(struct draft *body, const char *whose, double percent)
{
	static const char long_text[] = "no traffic to see it by", percent_text[] = " 100 %";
	char bar[BAR * 3 + 1];
	size_t used = 0;
	int col = draft_print(body, STAMP, ROLE_text, "%s: ", whose), room = body->cols - col - LOST,
	    width = room - (int)sizeof(percent_text) + 1;

	if (isnan(percent)) {
		draft_put(body, col, 0, ROLE_dim,
			  room < (int)sizeof(long_text) - 1 ? "no traffic" : long_text);
		return;
	}
	width = width > BAR ? BAR : width;
	for (int i = 0; i < width; i++)
		used += (size_t)snprintf(bar + used, sizeof(bar) - used, "%s",
					 (i + 0.5) * 100 / width < percent ? "█" : "░");
	bar[used] = '\0';
	col = draft_put(body, col, 0, ROLE_graph, bar);
	draft_print(body, col, ROLE_text, " %3.0f %%", percent);
}

/* --- its steps
 * ------------------------------------------------------------------------------------------------ */

static void
put_steps(struct sheet *sheet, struct draft *body, const struct model_move *move)
{
	const char *to = move->to != NULL ? tunnel_number(move->to) : "no tunnel";

	if (sheet->lost_of != move->began_at) { /* another move */
		sheet->lost_of = move->began_at;
		sheet->lost_ours = MODEL_UINT_UNSET;
	}
	if (move->ours_at != 0 && sheet->lost_ours == MODEL_UINT_UNSET)
		sheet->lost_ours = move->rx_lost;
	put_stamp(body, move->ours_at != 0 ? move->ours_at : move->began_at);
	if (move->ours_at != 0)
		draft_print(body, STAMP, ROLE_text, "our traffic is on %s", to);
	else
		put_bar(body, "ours", move->ours_percent);
	put_lost(body, move->ours_at != 0 ? sheet->lost_ours : move->rx_lost);
	if (move->ours_at == 0)
		return;
	put_stamp(body, move->theirs_at != 0 ? move->theirs_at : sheet->app->scene.now);
	if (move->theirs_at != 0)
		draft_print(body, STAMP, ROLE_text, "theirs is on %s", to);
	else
		put_bar(body, "theirs", move->theirs_percent);
	put_lost(body, move->rx_lost);
}

/* "1 is idle. Moved in 814 ms, 0 of 1,824 packets lost." */
static void
put_end(struct draft *body, const struct model_move *move)
{
	bool good = move->phase != NULL && strcmp(move->phase, "done") == 0;
	uint64_t lost = move->rx_lost;
	char of[FORMAT_TEXT], count[FORMAT_TEXT], span[FORMAT_TEXT], text[320];

	if (move->done_at == 0)
		return;
	put_stamp(body, move->done_at);
	if (!good || move->theirs_at == 0 || move->rx_packets == MODEL_UINT_UNSET) {
		draft_wrap(body, STAMP, true, good ? ROLE_text : ROLE_warning,
			   move->result != NULL ? move->result : "it is over");
		return;
	}
	clock_format_span((usec_t)(move->took_ms * USEC_PER_MS), span, sizeof(span));
	if (lost == MODEL_UINT_UNSET)
		snprintf(text, sizeof(text), "%s is idle. Moved in %s; losses are not counted here.",
			 tunnel_number(move->from), span);
	else
		snprintf(text, sizeof(text), "%s is idle. Moved in %s, %s of %s packet%s lost.",
			 tunnel_number(move->from), span, format_count(lost, count),
			 format_count(move->rx_packets + lost, of), PLURAL(move->rx_packets + lost, "s"));
	draft_wrap(body, STAMP, true, lost == 0 || lost == MODEL_UINT_UNSET ? ROLE_good : ROLE_bad, text);
}

static void
put_confirmation(const struct sheet *sheet, struct draft *body, const struct model_connection *connection)
{
	char span[FORMAT_TEXT];
	int col = STAMP;

	if (!sheet_is(sheet, "switchover") && !sheet_is(sheet, "drain"))
		return;
	draft_line(body);
	if (connection->confirm_until != 0) {
		col = draft_put(body, col, 0, ROLE_key, "c");
		col = draft_print(body, col, ROLE_accent, " confirm (%s left)",
				  format_until(sheet->app->scene.now, connection->confirm_until, span));
		col = draft_put(body, col + (body->cols < 60 ? 2 : 5), 0, ROLE_key, "z");
		draft_put(body, col, 0, ROLE_text,
			  sheet_is(sheet, "drain") ? " end the drain" : " go back now");
	} else {
		col = draft_put(body, col, 0, ROLE_key, "z");
		draft_put(body, col, 0, ROLE_text, sheet_is(sheet, "drain") ? " end the drain" : " go back");
	}
}

/* --- a drill
 * -------------------------------------------------------------------------------------------------- */

/* Keeps the first move that came of it, as long as that goes on. */
static void
take_noticed(struct sheet *sheet, const struct model_move *move)
{
	if (sheet->noticed.set && sheet->noticed.at != move->began_at)
		return;
	sheet->noticed.set = true;
	sheet->noticed.at = move->began_at;
	sheet->noticed.done_at = move->done_at;
	sheet->noticed.outage_ms = move->outage_ms;
	snprintf(sheet->noticed.to, sizeof(sheet->noticed.to), "%s",
		 move->to != NULL ? tunnel_number(move->to) : "no tunnel");
}

static void
put_drill(struct sheet *sheet, struct draft *body, const struct model_move *move)
{
	bool over;
	char span[FORMAT_TEXT];

	if (move != NULL)
		take_noticed(sheet, move);
	if (!sheet->noticed.set) {
		if (!sheet->answered)
			draft_wrap(body, 0, false, ROLE_warning,
				   "The tunnel is silent. The gateway must notice by itself …");
		return;
	}
	over = sheet->noticed.done_at != 0;
	put_stamp(body, sheet->noticed.at);
	draft_print(body, STAMP, ROLE_text, "noticed: traffic goes by %s", sheet->noticed.to);
	put_stamp(body, over ? sheet->noticed.done_at : sheet->app->scene.now);
	if (isnan(sheet->noticed.outage_ms))
		draft_put(body, STAMP, 0, ROLE_dim, "no traffic to measure an outage by");
	else
		draft_print(
		    body, STAMP, over ? ROLE_text : ROLE_warning, over ? "outage %s" : "outage so far %s",
		    clock_format_span((usec_t)(sheet->noticed.outage_ms * USEC_PER_MS), span, sizeof(span)));
	if (!sheet->answered) {
		draft_line(body);
		draft_wrap(body, STAMP, true, ROLE_dim, "waiting until the tunnel is usable again …");
	}
}

/* --- the whole
 * ------------------------------------------------------------------------------------------------ */

static void
put_result(const struct sheet *sheet, struct draft *body)
{
	draft_gap(body);
	draft_line(body);
	draft_wrap(body, 0, true, sheet->result_ok ? ROLE_good : ROLE_bad, sheet->result_ok ? "✓" : "✕");
	draft_wrap(body, 2, true, sheet->result_ok ? ROLE_text : ROLE_bad, sheet->result);
}

void
live_draw(struct sheet *sheet, struct draft *body)
{
	const struct model_connection *connection = plan_connection(sheet);
	const struct model_move *move = our_move(sheet, connection);

	if (sheet_is(sheet, "drill"))
		put_drill(sheet, body, move);
	else if (move != NULL) {
		put_steps(sheet, body, move);
		put_end(body, move);
	} else if (!sheet->answered)
		draft_wrap(body, 0, false, ROLE_dim, "sent; nothing has moved yet …");
	if (connection != NULL && (sheet->result_ok || (!sheet->answered && move != NULL)))
		put_confirmation(sheet, body, connection);
	if (sheet->answered)
		put_result(sheet, body);
	if (move != NULL && move->rx_lost != MODEL_UINT_UNSET && !sheet_is(sheet, "drill")) {
		draft_gap(body);
		draft_wrap(
		    body, 0, false, ROLE_dim,
		    "Lost: of what the other side sent to us. What it did not get can't be seen from here.");
	}
}

/* --- keys
 * ----------------------------------------------------------------------------------------------------- */

static void
go_back(struct sheet *sheet, const struct model_connection *connection)
{
	const struct model_move *move = our_move(sheet, connection);
	json_t *arguments;

	if (sheet_is(sheet, "drain")) {
		send_command(sheet->app, command_find("undrain"),
			     json_pack("{s:s}", "tunnel", sheet_argument(sheet, "tunnel")));
		return;
	}
	if (connection->confirm_until != 0)
		arguments = json_pack("{s:s, s:b}", "connection", connection->name, "back", 1);
	else if (move != NULL && move->from != NULL)
		arguments = json_pack("{s:s, s:s}", "connection", connection->name, "tunnel", move->from);
	else
		return;
	send_command(sheet->app, sheet->command, arguments);
}

bool
live_key(struct sheet *sheet, key_code key)
{
	const struct model_connection *connection = plan_connection(sheet);

	if (connection == NULL || !sheet_can_send(sheet) ||
	    (!sheet_is(sheet, "switchover") && !sheet_is(sheet, "drain")))
		return false;
	if (key == 'c' && connection->confirm_until != 0) {
		send_command(sheet->app, command_find("confirm"),
			     json_pack("{s:s}", "connection", connection->name));
		return true;
	}
	if (key != 'z')
		return false;
	go_back(sheet, connection);
	return true;
}
