// SPDX-License-Identifier: GPL-2.0-or-later
/* `find TEXT`: connections, tunnels and sessions of all sites that match, as a page; the filter's whole
 * language. */
#include "tui/sites/find.h"

#include <stdio.h>
#include <string.h>

#include "tui/panels/text.h"
#include "tui/sites/fleet.h"

#define MOST 500 /* lines */
#define SITE_COLS 16
#define KIND_COLS 12
#define NAME_COLS 24

struct found {
	struct panel *page;
	size_t count;
};

static void
add(struct found *found, const struct fleet_site *site, const struct model_kind_info *info, const void *row)
{
	char key[256], state[64], text[400], tail[96];
	struct model_field field;
	bool live = site->state == CONTROL_LIVE;
	int pad;

	if (++found->count > MOST)
		return;
	state[0] = '\0';
	if (model_field_path(info->shape, "state", &field))
		model_field_text(&field, row, state, sizeof(state));
	snprintf(tail, sizeof(tail), "%s%s", state, live ? "" : ", as last heard");
	model_row_key(info, row, key, sizeof(key));
	pad = NAME_COLS - text_columns(key);
	snprintf(text, sizeof(text), "%-*s %s%*s", KIND_COLS - 1, info->shape->name, key, pad > 0 ? pad : 0,
		 "");
	text_panel_row(found->page, &(struct text_row){.label = fleet_name(site),
						       .mark = " ",
						       .text = text,
						       .tail = tail,
						       .label_cols = SITE_COLS,
						       .mark_cols = 2,
						       .role = ROLE_text,
						       .tail_role = live ? ROLE_dim : ROLE_warning});
}

static void
look_through(struct found *found, const struct fleet_site *site, const struct model_filter *filter)
{
	static const enum model_kind kinds[] = {MODEL_KIND_CONNECTION, MODEL_KIND_TUNNEL, MODEL_KIND_PEER};
	const struct model_store *store = site->scene.store;

	for (size_t k = 0; k < COUNT_OF(kinds); k++) {
		const struct model_kind_info *info = model_kind_info(kinds[k]);

		for (size_t i = 0; i < model_store_count(store, info->kind); i++) {
			const void *row = model_store_at(store, info->kind, i);

			if (model_filter_match(filter, info->shape, row))
				add(found, site, info, row);
		}
	}
}

bool
find_command(struct app *app, const char *command, const char *text)
{
	struct found found = {0};
	struct model_filter *filter;
	struct error err = {""};
	char title[160];

	if (app->fleet == NULL || strcmp(command, "find") != 0 || text == NULL)
		return false;
	filter = model_filter_parse(text, &err);
	if (filter == NULL) {
		app_say(app, ROLE_bad, "%s", err.text);
		return true;
	}
	snprintf(title, sizeof(title), "find → %.100s", text);
	found.page = text_panel(&app->scene, title, MODEL_KIND_SITE, NULL);
	found.page->anywhere = true;
	for (size_t i = 0; i < fleet_count(app->fleet); i++)
		look_through(&found, fleet_at(app->fleet, i), filter);
	model_filter_free(filter);
	if (found.count == 0)
		text_panel_print(found.page, ROLE_dim,
				 "nothing on any site matches; those that were never reached are not known");
	else if (found.count > MOST)
		text_panel_print(found.page, ROLE_warning, "%zu more are not shown: say it more closely",
				 found.count - MOST);
	navigation_leave(app);
	app_push_panel(app, found.page);
	return true;
}
