// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `show sites`: no gateway is asked for them; they stand in console.yaml, and how each one is, is looked up
 * here (sites/survey.h). Its rows are those of any other kind from there on.
 */
#include "tui/show_job.h"

#include <stdlib.h>
#include <string.h>

#include "tui/sites/survey.h"

#define PATIENCE_MS 10000

/* Only those that --on or NAME chose, where one does. */
static bool
is_chosen(const void *context, const char *name)
{
	const struct show *show = context;
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

static int
look_at(struct show *show, struct settings *settings)
{
	struct cli_place place = {.out = stdout};
	struct show_part part = {.show = show, .place = &place, .close = close_survey, .told = UINT64_MAX};
	const struct survey_options options = {.goes_on = show->watch,
					       .patience_ms = PATIENCE_MS,
					       .wanted = is_chosen,
					       .wanted_context = show,
					       .transport_to = show->cli->parts->transport,
					       .context = &part,
					       .settled = on_settled};

	show->parts = &part;
	show->part_count = 1;
	uv_loop_init(&show->loop);
	part.source = survey_new(&show->loop, settings, &options);
	show_part_watch(&part, survey_rows(part.source), 0);
	survey_begin(part.source);
	uv_run(&show->loop, UV_RUN_DEFAULT);
	uv_loop_close(&show->loop);
	survey_free(part.source);
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
