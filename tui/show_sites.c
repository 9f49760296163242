// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `show sites`: no gateway is asked for them; they stand in console.yaml, and how each one is, is looked up
 * here (sites/survey.h). Its rows are those of any other kind from there on.
 */
#include "tui/show_job.h"

#include <stdlib.h>
#include <string.h>

#include "tui/sites/reach.h"
#include "tui/sites/survey.h"

#define PATIENCE_MS 10000

/* Only those that --on or NAME chose, where one does. */
static bool
is_chosen(const struct show *show, const char *name)
{
	const struct cli *cli = show->cli;

	if (show->name != NULL && strcmp(show->name, name) != 0)
		return false;
	for (size_t i = 0; cli->on && i < cli->place_count; i++) {
		if (strcmp(cli->places[i].name, name) == 0)
			return true;
	}
	return !cli->on;
}

static void
on_settled(void *context)
{
	show_part_came(context);
}

static void
close_survey(struct show_part *part)
{
	survey_close(part->source);
}

/* Connects to one site. Returns the SSH below, to be freed; NULL without. */
static struct ssh_site *
add(struct survey *survey, const struct cli *cli, const struct settings_site *site)
{
	struct ssh_site *way = NULL;

	if (cli->parts->transport != NULL) {
		survey_add(survey, site, cli->parts->transport(site->name), NULL);
	} else {
		way = sites_reach(site, NULL);
		survey_add(survey, site, ssh_site_transport(way), way);
	}
	return way;
}

static int
look_at(struct show *show, const struct settings *settings)
{
	struct cli_place place = {.out = stdout};
	struct show_part part = {.show = show, .place = &place, .close = close_survey};
	const struct survey_options options = {
	    .goes_on = show->watch, .patience_ms = PATIENCE_MS, .context = &part, .settled = on_settled};
	struct ssh_site **ways = memory_zeroed(settings->site_count + 1, sizeof(struct ssh_site *));
	struct model_store *store = model_store_new();

	show->parts = &part;
	show->part_count = 1;
	uv_loop_init(&show->loop);
	part.source = survey_new(&show->loop, store, &options);
	show_part_watch(&part, store, 0);
	for (size_t i = 0; i < settings->site_count; i++) {
		if (is_chosen(show, settings->sites[i].name))
			ways[i] = add(part.source, show->cli, &settings->sites[i]);
	}
	survey_begin(part.source);
	uv_run(&show->loop, UV_RUN_DEFAULT);
	uv_loop_close(&show->loop);
	survey_free(part.source);
	for (size_t i = 0; i < settings->site_count; i++)
		ssh_site_free(ways[i]);
	free(ways);
	model_store_free(store);
	return part.exit_code;
}

int
show_sites(struct show *show)
{
	struct settings settings;
	struct error err = {""};
	int code = CONTROL_EXIT_DONE;

	if (!settings_load(&settings, show->cli->console->settings, &err))
		return cli_fail(CONTROL_EXIT_USAGE, "%s", err.text);
	if (settings.site_count != 0 || show->json)
		code = look_at(show, &settings);
	else
		cli_has_sites(&settings);
	settings_free(&settings);
	return code;
}
