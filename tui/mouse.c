// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The mouse. What can be pressed was said while it was drawn: zones of the canvas (tabs, keys of the footer,
 * buttons), each with the key that a click there is. A row of a panel is chosen by the panel's own motions:
 * the selection is moved, and drawn, until its line is under the pointer; so a panel need know nothing of a
 * mouse. A double click is Enter, the wheel moves by three rows.
 */
#include <stdlib.h>

#include "tui/app.h"
#include "tui/overlay.h"

#define DOUBLE_CLICK (400 * USEC_PER_MS)
#define WHEEL_ROWS 3

/* The screen's line of the selected row; -1 where the panel has none. */
static int
selected_line(const struct canvas *canvas)
{
	for (int row = 0; row < canvas->rows; row++) {
		if (canvas->cells[(size_t)row * (size_t)canvas->cols].ground == GROUND_SELECTED)
			return row;
	}
	return -1;
}

static int
step(struct app *app, bool down)
{
	app_run(app, down ? "row-down" : "row-up");
	app_compose(app);
	return selected_line(&app->canvas);
}

/* A line without a row (a graph, a blank) belongs to the row above; one below the last row to none. */
static bool
choose_row(struct app *app, int line)
{
	int at = selected_line(&app->canvas), steps = 0;
	bool down = at < line;

	if (at < 0)
		return false;
	while (at != line && steps < app->canvas.rows) {
		int before = at;

		at = step(app, down);
		if (at < 0)
			return false;
		if (at == before) { /* the end: back to where it was */
			while (steps-- > 0)
				step(app, !down);
			return false;
		}
		steps++;
		if (down && at > line) {
			step(app, false);
			break;
		}
		if (!down && at < line)
			break;
	}
	return true;
}

static void
press(struct app *app, struct mouse_event event)
{
	uint32_t key = canvas_zone_key(&app->canvas, event.row, event.col);
	usec_t now = clock_monotonic();
	bool again = now < app->pressed.at + DOUBLE_CLICK && app->pressed.row == event.row &&
		     abs(app->pressed.col - event.col) <= 1;

	app->pressed.at = again ? 0 : now; /* a third press is a first one */
	app->pressed.row = event.row;
	app->pressed.col = event.col;
	if (key >= KEYS_PANEL && key < KEYS_PANEL + APP_PANELS) {
		navigation_leave(app);
		app_show_panel(app, key - KEYS_PANEL);
	} else if (key != 0) {
		app_take_key(app, key);
	} else if (app->sheet == NULL && app->overlay == NULL && app->line == APP_LINE_NONE &&
		   !app->help_open && choose_row(app, event.row) && again) {
		app_run(app, "detail");
	}
}

static void
turn_wheel(struct app *app, bool down)
{
	for (int i = 0; i < WHEEL_ROWS; i++) {
		if (app->sheet == NULL && app->overlay != NULL)
			app_take_key(app, down ? KEYS_DOWN : KEYS_UP);
		else if (app->sheet != NULL)
			sheet_key(app, down ? KEYS_DOWN : KEYS_UP);
		else if (app->line == APP_LINE_NONE)
			app_run(app, down ? "row-down" : "row-up");
	}
}

void
mouse_take(struct app *app, struct mouse_event event)
{
	if (event.button == MOUSE_OTHER)
		return;
	if (app->pause.on) { /* what is under the pointer is a picture of the past */
		app_run(app, "pause");
		return;
	}
	if (event.button == MOUSE_LEFT)
		press(app, event);
	else
		turn_wheel(app, event.button == MOUSE_WHEEL_DOWN);
}
