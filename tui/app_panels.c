// SPDX-License-Identifier: GPL-2.0-or-later
/* What is on the screen between the frame's lines: the panels, each opened when it is first looked at, the
 * details and pages on top of them, and what lies over all of these. */
#include <string.h>

#include "tui/app.h"
#include "tui/overlay.h"

struct panel *
app_panel(struct app *app)
{
	return app->detail_count > 0 ? app->details[app->detail_count - 1] : app->opened[app->current];
}

void
app_pop_detail(struct app *app)
{
	struct panel *detail;

	if (app->detail_count == 0)
		return;
	detail = app->details[--app->detail_count];
	detail->ops->close(detail);
}

void
app_push_panel(struct app *app, struct panel *panel)
{
	if (app->detail_count == APP_DETAILS) { /* the one lowest down is forgotten */
		app->details[0]->ops->close(app->details[0]);
		memmove(app->details, app->details + 1, (APP_DETAILS - 1) * sizeof(app->details[0]));
		app->detail_count--;
	}
	app->details[app->detail_count++] = panel;
}

void
app_push_detail(struct app *app, enum model_kind kind, const void *row)
{
	app_push_panel(app, panel_detail(&app->scene, kind, row));
}

void
app_show_panel(struct app *app, size_t index)
{
	while (app->detail_count > 0)
		app_pop_detail(app);
	if (app->opened[index] == NULL) {
		app->opened[index] = panels[index]->open(panels[index], &app->scene);
		arrange_panel(app, app->opened[index]);
	}
	app->current = index;
}

void
overlay_open(struct app *app, struct overlay *overlay)
{
	overlay_close(app);
	overlay->app = app;
	app->overlay = overlay;
}

void
overlay_close(struct app *app)
{
	if (app->overlay != NULL)
		app->overlay->ops->close(app->overlay);
	app->overlay = NULL;
}
