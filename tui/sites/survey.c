// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A fleet that nobody looks at on a screen: its rows are for lines that are printed. A site is settled when
 * its row has all that can be known: its model has come and the link is measured, or there is no connection.
 */
#include "tui/sites/survey.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_EVERY_MS 200 /* at what changed: a thousand tunnels have new figures each second */

struct survey {
	struct survey_options options;
	struct fleet *fleet;
	bool *settled; /* of each of the fleet's places */
	uv_timer_t patience, look;
	bool told, closed;
};

struct model_store *
survey_rows(struct survey *survey)
{
	return fleet_list(survey->fleet);
}

static void
look(struct survey *survey)
{
	fleet_refresh(survey->fleet, clock_wall());
}

static void
tell_settled(struct survey *survey)
{
	for (size_t i = FLEET_HOME + 1; i < fleet_count(survey->fleet); i++) {
		if (!survey->settled[i])
			return;
	}
	if (survey->told || survey->closed)
		return;
	survey->told = true;
	look(survey);
	survey->options.settled(survey->options.context);
}

static void
settle(struct survey *survey, size_t site)
{
	survey->settled[site] = true;
	tell_settled(survey);
}

/* The others are not waited for any longer. */
static void
on_patience(uv_timer_t *timer)
{
	struct survey *survey = timer->data;

	for (size_t i = FLEET_HOME + 1; i < fleet_count(survey->fleet); i++) {
		const struct fleet_site *site = fleet_at(survey->fleet, i);
		char phase[96], why[192];

		if (survey->settled[i])
			continue;
		survey->settled[i] = true;
		fleet_phase(site, phase, sizeof(phase));
		snprintf(why, sizeof(why), "no answer in %u s%s%s", survey->options.patience_ms / 1000,
			 phase[0] != '\0' ? ": " : "", phase);
		if (site->state != CONTROL_LIVE)
			fleet_give_up(survey->fleet, i, why);
	}
	tell_settled(survey);
}

static void
on_look(uv_timer_t *timer)
{
	look(timer->data);
}

static void
on_state(void *context, size_t site)
{
	struct survey *survey = context;
	const struct fleet_site *it = fleet_at(survey->fleet, site);

	if (survey->closed)
		return;
	look(survey);
	if (it->state != CONTROL_LIVE && it->why[0] != '\0')
		settle(survey, site);
}

static void
on_measured(void *context, size_t site)
{
	struct survey *survey = context;

	if (!survey->closed)
		settle(survey, site);
}

struct survey *
survey_new(uv_loop_t *loop, struct settings *settings, const struct survey_options *options)
{
	struct survey *survey = memory_zeroed(1, sizeof(*survey));
	const struct fleet_options fleet = {
	    .no_home = true,
	    .once = !options->goes_on,
	    .news_only = true,
	    .wanted = options->wanted,
	    .wanted_context = options->wanted_context,
	    .transport_to = options->transport_to,
	    .callbacks = {.context = survey, .state = on_state, .measured = on_measured},
	};

	survey->options = *options;
	survey->fleet = fleet_new(loop, settings, &fleet, NULL);
	survey->settled = memory_zeroed(fleet_count(survey->fleet), sizeof(*survey->settled));
	uv_timer_init(loop, &survey->patience);
	uv_timer_init(loop, &survey->look);
	survey->patience.data = survey->look.data = survey;
	return survey;
}

void
survey_begin(struct survey *survey)
{
	fleet_begin(survey->fleet);
	look(survey); /* all are there from the beginning */
	if (survey->options.patience_ms != 0)
		uv_timer_start(&survey->patience, on_patience, survey->options.patience_ms, 0);
	if (survey->options.goes_on)
		uv_timer_start(&survey->look, on_look, LOOK_EVERY_MS, LOOK_EVERY_MS);
	tell_settled(survey);
}

void
survey_close(struct survey *survey)
{
	if (survey->closed)
		return;
	survey->closed = true;
	fleet_close(survey->fleet);
	uv_close((uv_handle_t *)&survey->patience, NULL);
	uv_close((uv_handle_t *)&survey->look, NULL);
}

void
survey_free(struct survey *survey)
{
	fleet_free(survey->fleet);
	free(survey->settled);
	free(survey);
}
