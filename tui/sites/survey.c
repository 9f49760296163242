// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A site is settled when its row has all that can be known: its model has come and the link is measured, or
 * there is no connection. The link is measured with the smallest request that the protocol has: a page of a
 * kind that a gateway keeps no rows of.
 */
#include "tui/sites/survey.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/panels/attention.h"

/* The gateway's figures, and what attention looks at. */
#define FOLLOWED \
	(UINT64_C(1) << MODEL_KIND_GATEWAY | UINT64_C(1) << MODEL_KIND_CONNECTION | \
	 UINT64_C(1) << MODEL_KIND_TUNNEL | UINT64_C(1) << MODEL_KIND_PEER)
#define LOOK_EVERY_MS 200 /* at what changed: a thousand tunnels have new figures each second */
#define MEASURE_EVERY_MS 10000
#define RTT_SHARE 0.25 /* what the link has to change by until it is told: the network is never still */
#define RTT_LEAST_MS 2

struct surveyed {
	struct survey *survey;
	struct control_client *client;
	struct ssh_site *way;
	struct model_watch watch;
	struct model_site *row; /* as it was last put */
	usec_t asked_at;        /* monotonic; 0: no measurement is under way */
	bool was_live, settled;
	bool dirty; /* its model changed */
};

struct survey {
	uv_loop_t *loop;
	struct model_store *store;
	struct survey_options options;
	struct surveyed **sites;
	size_t count;
	uv_timer_t patience, measure, look;
	uint64_t quiet; /* fields that change all the time: they go with the others */
	bool told, closed;
};

/* --- the row ------------------------------------------------------------------------------------------ */

static uint64_t
quiet_fields(void)
{
	static const char *const names[] = {"rx_bps", "tx_bps"};
	const struct model_shape *shape = model_kind_info(MODEL_KIND_SITE)->shape;
	uint64_t fields = 0;

	for (size_t i = 0; i < COUNT_OF(names); i++)
		fields |= UINT64_C(1) << model_field_find(shape, names[i]);
	return fields;
}

/* Puts the row where it says something new; then what it says is fresh. */
static void
put(struct surveyed *site, struct model_site *row)
{
	const struct model_kind_info *info = model_kind_info(MODEL_KIND_SITE);

	row->heard_at = site->row->heard_at;
	if ((model_row_diff(info->shape, row, site->row) & ~site->survey->quiet) == 0) {
		model_row_free(MODEL_KIND_SITE, row);
		return;
	}
	if (strcmp(row->state, "live") == 0)
		row->heard_at = clock_wall();
	else if (site->was_live && strcmp(site->row->state, "live") == 0)
		row->heard_at = clock_wall_of(control_client_heard(site->client));
	model_store_put(site->survey->store, MODEL_KIND_SITE, row);
	model_row_free(MODEL_KIND_SITE, site->row);
	site->row = row;
}

/* A copy of the row, to be changed and put. */
static struct model_site *
copy_row(const struct surveyed *site)
{
	const struct model_kind_info *info = model_kind_info(MODEL_KIND_SITE);
	struct model_site *row = model_row_new(MODEL_KIND_SITE);
	json_t *json = model_row_to_json(info->shape, site->row, UINT64_MAX);

	model_row_from_json(info->shape, row, json, NULL, NULL);
	json_decref(json);
	return row;
}

/* What the copy of the gateway's model says. */
static void
read_model(const struct surveyed *site, struct model_site *row)
{
	struct model_store *store = control_client_store(site->client);
	struct scene scene = {.store = store, .now = clock_wall()};
	static struct attention attention; /* large, and used by one at a time */
	const struct model_gateway *gateway = model_store_count(store, MODEL_KIND_GATEWAY) != 0
						  ? model_store_at(store, MODEL_KIND_GATEWAY, 0)
						  : NULL;

	model_set(&row->version, control_client_version(site->client));
	model_set(&row->role, control_client_role(site->client));
	if (gateway != NULL) {
		row->connections_up = gateway->connections_up;
		row->connections_total = gateway->connections_total;
		row->rx_bps = gateway->rx_bps;
		row->tx_bps = gateway->tx_bps;
		row->started_at = gateway->started_at;
	}
	attention_collect(&scene, &attention);
	row->alarms = attention.all;
	model_set(&row->attention, attention.count > 0 ? attention.items[0].text : NULL);
}

/* Why there is no connection, in a word. */
static const char *
word_of(const struct surveyed *site)
{
	enum ssh_trouble trouble = site->way != NULL ? ssh_site_trouble(site->way) : SSH_TROUBLE_WAY;

	if (trouble == SSH_TROUBLE_HOST_KEY)
		return "host key";
	if (trouble == SSH_TROUBLE_LOGIN)
		return "login";
	if (site->was_live)
		return "stale";
	return trouble == SSH_TROUBLE_NONE ? "no gateway" : "unreachable";
}

static void
put_lost(struct surveyed *site, const char *word, const char *why)
{
	struct model_site *row = copy_row(site);

	model_set(&row->state, word);
	model_set(&row->why, why);
	put(site, row);
}

static void
put_live(struct surveyed *site)
{
	struct model_site *row = copy_row(site);

	model_set(&row->state, "live");
	model_set(&row->why, NULL);
	read_model(site, row);
	site->dirty = false;
	put(site, row);
}

/* --- settling ----------------------------------------------------------------------------------------- */

static void
tell_settled(struct survey *survey)
{
	for (size_t i = 0; i < survey->count; i++) {
		if (!survey->sites[i]->settled)
			return;
	}
	if (survey->told || survey->closed)
		return;
	survey->told = true;
	survey->options.settled(survey->options.context);
}

static void
settle(struct surveyed *site)
{
	site->settled = true;
	tell_settled(site->survey);
}

/* The others are not waited for any longer. */
static void
on_patience(uv_timer_t *timer)
{
	struct survey *survey = timer->data;

	for (size_t i = 0; i < survey->count; i++) {
		struct surveyed *site = survey->sites[i];
		char phase[96] = "", why[192];

		if (site->settled)
			continue;
		if (site->way != NULL)
			ssh_site_phase(site->way, phase, sizeof(phase));
		snprintf(why, sizeof(why), "no answer in %u s%s%s", survey->options.patience_ms / 1000,
			 phase[0] != '\0' ? ": " : "", phase);
		if (strcmp(site->row->state, "live") != 0)
			put_lost(site, survey->options.goes_on ? "connecting" : "unreachable", why);
		site->settled = true;
	}
	tell_settled(survey);
}

/* --- the link ----------------------------------------------------------------------------------------- */

static bool
is_news(double before, double now)
{
	return isnan(before) || fabs(now - before) > fmax(RTT_LEAST_MS, before * RTT_SHARE);
}

static void
on_answer(void *context, const struct control_page *page)
{
	struct surveyed *site = context;
	double rtt = (double)(clock_monotonic() - site->asked_at) / USEC_PER_MS;
	struct model_site *row;

	site->asked_at = 0;
	if (!page->ok || site->survey->closed)
		return;
	if (is_news(site->row->rtt_ms, rtt)) {
		row = copy_row(site);
		row->rtt_ms = rtt;
		put(site, row);
	}
	settle(site);
}

static void
measure(struct surveyed *site)
{
	if (site->asked_at != 0 || control_client_state(site->client) != CONTROL_LIVE)
		return;
	site->asked_at = clock_monotonic();
	control_client_query(site->client, MODEL_KIND_SITE, NULL, NULL, 1, on_answer, site);
}

static void
on_measure(uv_timer_t *timer)
{
	struct survey *survey = timer->data;

	for (size_t i = 0; i < survey->count; i++)
		measure(survey->sites[i]);
}

/* --- the connections ---------------------------------------------------------------------------------- */

static void
on_look(uv_timer_t *timer)
{
	struct survey *survey = timer->data;

	for (size_t i = 0; i < survey->count; i++) {
		struct surveyed *site = survey->sites[i];

		if (site->dirty && control_client_state(site->client) == CONTROL_LIVE)
			put_live(site);
	}
}

static void
on_state(void *context, enum control_client_state state, const char *why)
{
	struct surveyed *site = context;

	if (site->survey->closed)
		return;
	if (state == CONTROL_LIVE) {
		put_live(site);
		site->was_live = true;
		measure(site);
	} else if (why != NULL) {
		put_lost(site, word_of(site), why);
		settle(site);
	}
}

static void
on_changed(void *context, enum model_kind kind, const void *row, uint64_t fields)
{
	struct surveyed *site = context;

	site->dirty = true;
}

static void
on_removed(void *context, enum model_kind kind, const void *row)
{
	on_changed(context, kind, row, UINT64_MAX);
}

void
survey_add(struct survey *survey, const struct settings_site *settings,
	   const struct control_transport *transport, struct ssh_site *way)
{
	struct surveyed *site = memory_zeroed(1, sizeof(*site));
	struct control_client_options options = {.transport = transport,
						 .reconnect = survey->options.goes_on,
						 .kinds = FOLLOWED,
						 .callbacks = {.context = site, .state = on_state}};
	struct error err;

	survey->sites = memory_resize(survey->sites, (survey->count + 1) * sizeof(struct surveyed *));
	survey->sites[survey->count++] = site;
	site->survey = survey;
	site->way = way;
	site->row = model_row_new(MODEL_KIND_SITE);
	model_set(&site->row->name, settings->name);
	model_set(&site->row->host, settings->host[0] != '\0' ? settings->host : settings->name);
	model_set(&site->row->group, settings->group[0] != '\0' ? settings->group : NULL);
	model_set(&site->row->state, "connecting");
	site->row->production = settings->production;
	model_store_put(survey->store, MODEL_KIND_SITE, site->row);
	site->client = control_client_open(survey->loop, &options, &err);
	site->watch = (struct model_watch){.changed = on_changed, .removed = on_removed, .context = site};
	model_store_watch(control_client_store(site->client), &site->watch);
}

struct survey *
survey_new(uv_loop_t *loop, struct model_store *store, const struct survey_options *options)
{
	struct survey *survey = memory_zeroed(1, sizeof(*survey));

	survey->loop = loop;
	survey->store = store;
	survey->options = *options;
	survey->quiet = quiet_fields();
	uv_timer_init(loop, &survey->patience);
	uv_timer_init(loop, &survey->measure);
	uv_timer_init(loop, &survey->look);
	survey->patience.data = survey->measure.data = survey->look.data = survey;
	return survey;
}

void
survey_begin(struct survey *survey)
{
	if (survey->options.patience_ms != 0)
		uv_timer_start(&survey->patience, on_patience, survey->options.patience_ms, 0);
	if (survey->options.goes_on)
		uv_timer_start(&survey->measure, on_measure, MEASURE_EVERY_MS, MEASURE_EVERY_MS);
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
	for (size_t i = 0; i < survey->count; i++)
		control_client_close(survey->sites[i]->client);
	uv_close((uv_handle_t *)&survey->patience, NULL);
	uv_close((uv_handle_t *)&survey->measure, NULL);
	uv_close((uv_handle_t *)&survey->look, NULL);
}

void
survey_free(struct survey *survey)
{
	for (size_t i = 0; i < survey->count; i++) {
		model_row_free(MODEL_KIND_SITE, survey->sites[i]->row);
		free(survey->sites[i]);
	}
	free(survey->sites);
	free(survey);
}
