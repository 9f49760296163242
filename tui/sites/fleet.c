// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Connections to all sites side by side: each has a client of its own, over SSH or, for home, over the
 * socket, and a store that stays as it was when the client is gone. What comes in only marks its site; the
 * list's rows are made from that when a frame is drawn (list.c).
 */
#include "tui/sites/fleet_internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "tui/sites/reach.h"

#define MEASURE_EVERY 20 /* seconds between two measurements of the way to a site */
#define MEASURE_TICK_MS 1000

/* What the list of sites shows. */
static const uint64_t listed_kinds = UINT64_C(1) << MODEL_KIND_GATEWAY |
				     UINT64_C(1) << MODEL_KIND_CONNECTION | UINT64_C(1) << MODEL_KIND_TUNNEL |
				     UINT64_C(1) << MODEL_KIND_PEER;

/* --- what comes in ----------------------------------------------------------------------------- */

static struct fleet_site *
site_of(struct fleet_link *link)
{
	return &link->fleet->sites[link->site];
}

static void
on_measured(void *context, const struct control_page *page)
{
	struct fleet_link *link = context;

	if (link->fleet->closed || link->measured == 0)
		return;
	if (page->ok) {
		site_of(link)->rtt_ms = (double)(clock_monotonic() - link->measured) / USEC_PER_MS;
		site_of(link)->dirty = true;
	}
	link->measured = 0;
	if (page->ok && link->fleet->options.callbacks.measured != NULL)
		link->fleet->options.callbacks.measured(link->fleet->options.callbacks.context, link->site);
}

/* A request that costs next to nothing: from asking to the answer is what every key has to wait for. */
static void
measure(struct fleet_link *link)
{
	struct fleet_site *site = site_of(link);

	if (site->scene.client == NULL || site->state != CONTROL_LIVE || link->measured != 0)
		return;
	link->measured = clock_monotonic();
	control_client_query(site->scene.client, MODEL_KIND_SITE, NULL, NULL, 1, on_measured, link);
}

static void
on_measure(uv_timer_t *timer)
{
	struct fleet *fleet = timer->data;

	/* some each second: a hundred requests and answers at once would be felt */
	fleet->measuring = (fleet->measuring + 1) % MEASURE_EVERY;
	for (size_t i = FLEET_HOME + 1 + fleet->measuring; i < fleet->count; i += MEASURE_EVERY)
		measure(fleet->sites[i].link);
}

static bool
lasting(const struct fleet_site *site)
{
	return site->scene.client != NULL &&
	       control_client_trouble(site->scene.client) == CONTROL_TROUBLE_LASTING;
}

static void
on_state(void *context, enum control_client_state state, const char *why)
{
	struct fleet_link *link = context;
	struct fleet_site *site = site_of(link);

	site->state = state;
	site->ever_live = site->ever_live || state == CONTROL_LIVE;
	site->wanted = site->wanted && state != CONTROL_LIVE && !lasting(site);
	text_clean(site->why, sizeof(site->why), why != NULL ? why : "");
	site->given_up = false;
	site->dirty = site->needs.stirred = true;
	if (state == CONTROL_LIVE && link->site != FLEET_HOME)
		measure(link);
	if (!link->fleet->closed)
		link->fleet->options.callbacks.state(link->fleet->options.callbacks.context, link->site);
}

static void
note_change(struct fleet_link *link, enum model_kind kind, const void *row)
{
	const struct fleet_events *callbacks = &link->fleet->options.callbacks;
	struct fleet_site *site = site_of(link);

	site->dirty = site->needs.stirred = true;
	if (callbacks->changed != NULL)
		callbacks->changed(callbacks->context, link->site, kind, row);
}

static void
on_row(void *context, enum model_kind kind, const void *row, uint64_t fields)
{
	(void)fields;
	note_change(context, kind, row);
}

static void
on_removed(void *context, enum model_kind kind, const void *row)
{
	(void)row;
	note_change(context, kind, NULL);
}

static void
say_asks(struct fleet_link *link, bool asks)
{
	site_of(link)->asks = asks;
	site_of(link)->dirty = true;
	if (!link->fleet->closed)
		link->fleet->options.callbacks.asks(link->fleet->options.callbacks.context, link->site);
}

static void
on_ask(void *context, struct ssh_site *way, const struct ssh_question *question)
{
	struct fleet_link *link = context;

	(void)way;
	link->question = *question;
	say_asks(link, true);
}

static void
on_withdraw(void *context, struct ssh_site *way)
{
	(void)way;
	say_asks(context, false);
}

/* --- connections ------------------------------------------------------------------------------- */

static bool
open_client(struct fleet_link *link, struct error *err)
{
	struct fleet *fleet = link->fleet;
	struct fleet_site *site = site_of(link);
	bool home = link->site == FLEET_HOME;
	struct control_client_options options = {
	    .socket = fleet->options.socket,
	    .transport = home                ? fleet->options.transport
			 : link->way != NULL ? ssh_site_transport(link->way)
					     : fleet->options.transport_to(site->name),
	    .reconnect = !fleet->options.once,
	    .kinds = home || site->full ? fleet->options.kinds : listed_kinds,
	    .events = home || site->full ? fleet->options.events : 0,
	    .brief = !home && !site->full,
	    .callbacks = {.context = link, .state = on_state},
	};

	site->state = CONTROL_CONNECTING;
	site->why[0] = '\0';
	site->scene.client = control_client_open(fleet->loop, &options, err);
	if (site->scene.client == NULL)
		return false;
	site->scene.store = control_client_store(site->scene.client);
	link->watch = (struct model_watch){.changed = on_row, .removed = on_removed, .context = link};
	model_store_watch(site->scene.store, &link->watch);
	return true;
}

static void
close_client(struct fleet_site *site)
{
	struct control_client *client = site->scene.client;

	if (client == NULL)
		return;
	model_store_unwatch(site->scene.store, &site->link->watch);
	site->scene.client = NULL;
	site->link->measured = 0;
	control_client_close(client);
}

/* A site that was never connected, or no longer is, has an empty copy. */
static void
leave_empty(struct fleet_site *site)
{
	if (site->link->left == NULL)
		site->link->left = model_store_new();
	site->scene.store = site->link->left;
	site->state = CONTROL_STALE;
	site->ever_live = false;
	site->rtt_ms = NAN;
	site->dirty = site->needs.stirred = true;
}

static void
add_site(struct fleet *fleet, const struct settings_site *from)
{
	struct fleet_site *site;
	struct fleet_link *link = memory_zeroed(1, sizeof(*link));
	const struct ssh_asker asker = {.context = link, .ask = on_ask, .withdraw = on_withdraw};

	fleet->sites = memory_resize(fleet->sites, (fleet->count + 1) * sizeof(*fleet->sites));
	site = &fleet->sites[fleet->count];
	*site = (struct fleet_site){.rtt_ms = NAN, .link = link};
	link->fleet = fleet;
	link->site = fleet->count++;
	site->scene.settings = fleet->settings;
	if (from == NULL)
		return;
	snprintf(site->name, sizeof(site->name), "%s", from->name);
	snprintf(site->host, sizeof(site->host), "%s", from->host[0] != '\0' ? from->host : from->name);
	snprintf(site->group, sizeof(site->group), "%s", from->group);
	site->production = from->production;
	if (fleet->options.transport_to == NULL)
		link->way = sites_reach(from, fleet->options.callbacks.asks != NULL ? &asker : NULL);
	leave_empty(site);
}

/* Those of the settings that are wanted and not there yet. */
static void
add_sites(struct fleet *fleet)
{
	const struct fleet_options *options = &fleet->options;

	for (size_t i = 0; i < fleet->settings->site_count; i++) {
		const struct settings_site *site = &fleet->settings->sites[i];

		if (fleet_find(fleet, site->name) < fleet->count ||
		    (options->wanted != NULL && !options->wanted(options->wanted_context, site->name)))
			continue;
		add_site(fleet, site);
		if (fleet->begun)
			fleet_connect(fleet, fleet->count - 1);
	}
}

void
fleet_give_up(struct fleet *fleet, size_t index, const char *why)
{
	struct fleet_site *site = &fleet->sites[index];

	site->given_up = site->dirty = true;
	text_clean(site->why, sizeof(site->why), why);
}

void
fleet_connect(struct fleet *fleet, size_t index)
{
	struct fleet_site *site = &fleet->sites[index];
	struct error err = {""};

	site->off = false;
	if (site->scene.client != NULL)
		control_client_retry(site->scene.client);
	else if (!open_client(site->link, &err))
		text_clean(site->why, sizeof(site->why), err.text);
}

void
fleet_disconnect(struct fleet *fleet, size_t index)
{
	struct fleet_site *site = &fleet->sites[index];

	close_client(site);
	leave_empty(site);
	site->off = true;
	snprintf(site->why, sizeof(site->why), "disconnected by hand");
}

void
fleet_turn_to(struct fleet *fleet, size_t index)
{
	struct fleet_site *site = &fleet->sites[index];

	if (site->full)
		return;
	site->full = true;
	if (site->scene.history == NULL)
		site->scene.history = history_new();
	if (site->scene.client != NULL && index != FLEET_HOME)
		control_client_follow(site->scene.client, fleet->options.kinds, fleet->options.events, false);
}

void
fleet_turn_from(struct fleet *fleet, size_t index)
{
	struct fleet_site *site = &fleet->sites[index];

	if (!site->full || index == FLEET_HOME)
		return;
	site->full = false;
	if (site->scene.client != NULL)
		control_client_follow(site->scene.client, listed_kinds, 0, true);
}

/* --- the list ---------------------------------------------------------------------------------- */

size_t
fleet_first(const struct fleet *fleet)
{
	return fleet->options.no_home ? FLEET_HOME + 1 : FLEET_HOME;
}

const struct model_gateway *
fleet_gateway(const struct fleet_site *site)
{
	const struct model_store *store = site->scene.store;

	return model_store_count(store, MODEL_KIND_GATEWAY) > 0 ? model_store_at(store, MODEL_KIND_GATEWAY, 0)
								: NULL;
}

size_t
fleet_count(const struct fleet *fleet)
{
	return fleet->count;
}

struct fleet_site *
fleet_at(struct fleet *fleet, size_t site)
{
	return &fleet->sites[site];
}

size_t
fleet_find(struct fleet *fleet, const char *name)
{
	size_t i;

	for (i = FLEET_HOME + 1; i < fleet->count && strcmp(fleet->sites[i].name, name) != 0; i++)
		;
	return i;
}

const char *
fleet_name(const struct fleet_site *site)
{
	const struct model_gateway *gateway = fleet_gateway(site);

	if (site->name[0] != '\0')
		return site->name;
	if (gateway != NULL && gateway->name != NULL)
		return gateway->name;
	return site->link->fleet->options.place != NULL ? site->link->fleet->options.place : "this gateway";
}

const char *
fleet_phase(const struct fleet_site *site, char *out, size_t size)
{
	out[0] = '\0';
	return site->link->way != NULL ? ssh_site_phase(site->link->way, out, size) : out;
}

const struct ssh_question *
fleet_question(const struct fleet_site *site)
{
	return site->asks ? &site->link->question : NULL;
}

void
fleet_answer(struct fleet *fleet, size_t index, const char *text)
{
	struct fleet_site *site = &fleet->sites[index];

	if (!site->asks)
		return;
	site->asks = false;
	site->dirty = true;
	ssh_site_answer(site->link->way, text);
}

static void
free_site(struct fleet_site *site)
{
	close_client(site);
	ssh_site_free(site->link->way);
	history_free(site->scene.history);
	if (site->link->left != NULL)
		model_store_free(site->link->left);
	free(site->link);
}

void
fleet_reread(struct fleet *fleet)
{
	for (size_t i = fleet->count; i-- > FLEET_HOME + 1;) {
		if (settings_site(fleet->settings, fleet->sites[i].name) != NULL)
			continue;
		close_client(&fleet->sites[i]);
		leave_empty(&fleet->sites[i]);
		free_site(&fleet->sites[i]);
		fleet->count--;
		memmove(&fleet->sites[i], &fleet->sites[i + 1], (fleet->count - i) * sizeof(*fleet->sites));
	}
	for (size_t i = 0; i < fleet->count; i++)
		fleet->sites[i].link->site = i;
	add_sites(fleet);
}

struct fleet *
fleet_new(uv_loop_t *loop, struct settings *settings, const struct fleet_options *options, struct error *err)
{
	struct fleet *fleet = memory_zeroed(1, sizeof(*fleet));

	fleet->loop = loop;
	fleet->settings = settings;
	fleet->options = *options;
	fleet->list = model_store_new();
	uv_timer_init(loop, &fleet->measure);
	fleet->measure.data = fleet;
	add_site(fleet, NULL);
	add_sites(fleet);
	leave_empty(&fleet->sites[FLEET_HOME]);
	if (options->no_home)
		return fleet;
	fleet->sites[FLEET_HOME].full = true;
	fleet->sites[FLEET_HOME].scene.history = history_new();
	if (open_client(fleet->sites[FLEET_HOME].link, err))
		return fleet;
	fleet_close(fleet);
	uv_run(loop, UV_RUN_NOWAIT);
	fleet_free(fleet);
	return NULL;
}

void
fleet_begin(struct fleet *fleet)
{
	if (fleet->begun)
		return;
	fleet->begun = true;
	for (size_t i = FLEET_HOME + 1; i < fleet->count; i++) {
		if (!fleet->sites[i].off)
			fleet_connect(fleet, i);
	}
	uv_timer_start(&fleet->measure, on_measure, MEASURE_TICK_MS, MEASURE_TICK_MS);
}

void
fleet_close(struct fleet *fleet)
{
	fleet->closed = true;
	for (size_t i = 0; i < fleet->count; i++)
		close_client(&fleet->sites[i]);
	uv_close((uv_handle_t *)&fleet->measure, NULL);
}

void
fleet_free(struct fleet *fleet)
{
	if (fleet == NULL)
		return;
	for (size_t i = 0; i < fleet->count; i++)
		free_site(&fleet->sites[i]);
	model_store_free(fleet->list);
	free(fleet->sites);
	free(fleet);
}
