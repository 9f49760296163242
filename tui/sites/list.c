// SPDX-License-Identifier: GPL-2.0-or-later
/* The fleet as rows, and what needs a person anywhere. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "tui/panels/attention.h"
#include "tui/sites/fleet_internal.h"

#define LARGE 1000                     /* rows */
#define STALE_AFTER (5 * USEC_PER_SEC) /* a heartbeat comes each second; the way may be slow */

static const struct model_gateway *
gateway_of(const struct fleet_site *site)
{
	return model_store_count(site->scene.store, MODEL_KIND_GATEWAY) > 0
		   ? model_store_at(site->scene.store, MODEL_KIND_GATEWAY, 0)
		   : NULL;
}

static usec_t
heard(const struct fleet_site *site)
{
	return site->scene.client != NULL ? control_client_heard(site->scene.client) : 0;
}

static const char *
state_of(const struct fleet_site *site)
{
	if (site->scene.client == NULL)
		return "off";
	if (site->asks)
		return "asks";
	if (control_client_trouble(site->scene.client) == CONTROL_TROUBLE_LASTING)
		return "refused";
	if (site->state == CONTROL_LIVE)
		return clock_monotonic() - heard(site) > STALE_AFTER ? "stale" : "live";
	if (site->ever_live)
		return "stale";
	if (control_client_trouble(site->scene.client) == CONTROL_TROUBLE_LOST &&
	    site->state != CONTROL_SYNCING)
		return "unreachable";
	return site->state == CONTROL_SYNCING ? "reading" : "connecting";
}

/* In how many seconds the next attempt comes; 0: none is waited for. */
static unsigned
next_try(const struct fleet_site *site)
{
	uint64_t next = site->scene.client != NULL ? control_client_next_try(site->scene.client) : 0;

	return (unsigned)((next + 999) / 1000);
}

/* Why there is no connection, or what is being done about it. */
static void
say_why(const struct fleet_site *site, char *out, size_t size)
{
	out[0] = '\0';
	if (site->asks)
		snprintf(out, size, "%s", site->link->question.text);
	else if (site->state != CONTROL_LIVE && site->why[0] != '\0')
		snprintf(out, size, "%s", site->why);
	else if (site->state != CONTROL_LIVE)
		fleet_phase(site, out, size);
}

/* The same, and when it is tried again. */
static void
say_all(const struct fleet_site *site, char *out, size_t size)
{
	unsigned next = next_try(site);

	say_why(site, out, size);
	if (next != 0)
		snprintf(out + strlen(out), size - strlen(out), "%snext try in %u s",
			 out[0] != '\0' ? "; " : "", next);
}

static void
fill(const struct fleet_site *site, const struct attention *attention, usec_t now, struct model_site *row)
{
	const struct model_gateway *gateway = gateway_of(site);
	usec_t when = heard(site);
	char why[400];

	model_set(&row->name, fleet_name(site));
	model_set(&row->host, site->host[0] != '\0' ? site->host : NULL);
	model_set(&row->group, site->group[0] != '\0' ? site->group : NULL);
	model_set(&row->state, state_of(site));
	say_all(site, why, sizeof(why));
	model_set(&row->why, why[0] != '\0' ? why : NULL);
	row->here = site->link->site == FLEET_HOME;
	row->production = row->here ? settings_production(site->scene.settings, row->name) : site->production;
	row->rtt_ms = site->rtt_ms;
	row->heard_at = when != 0 ? (now - (clock_monotonic() - when)) / USEC_PER_SEC * USEC_PER_SEC : 0;
	if (site->scene.client != NULL) {
		model_set(&row->role, control_client_role(site->scene.client));
		model_set(&row->version, control_client_version(site->scene.client));
	}
	if (gateway == NULL)
		return;
	row->connections_up = gateway->connections_up;
	row->connections_total = gateway->connections_total;
	row->rx_bps = gateway->rx_bps;
	row->tx_bps = gateway->tx_bps;
	row->started_at = gateway->started_at;
	row->alarms = attention->all;
	model_set(&row->attention, attention->count > 0 ? attention->items[0].text : NULL);
}

/* The key of a site's row; two gateways of one name, here and there, are told apart. */
static void
key_of(struct fleet *fleet, size_t index, char *out, size_t size)
{
	const struct fleet_site *site = &fleet->sites[index];
	const char *name = fleet_name(site);

	snprintf(out, size,
		 index == FLEET_HOME && fleet_find(fleet, name) < fleet->count ? "%s (here)" : "%s", name);
}

static void
update(struct fleet *fleet, size_t index, usec_t now)
{
	struct fleet_site *site = &fleet->sites[index];
	struct model_site *row = model_row_new(MODEL_KIND_SITE);
	static struct attention attention; /* large, and used by one at a time */
	char key[80];

	site->scene.now = now;
	attention = (struct attention){.count = 0};
	if (gateway_of(site) != NULL)
		attention_collect(&site->scene, &attention);
	site->alarms = attention.all;
	fill(site, &attention, now, row);
	key_of(fleet, index, key, sizeof(key));
	model_set(&row->name, key);
	model_store_put(fleet->list, MODEL_KIND_SITE, row);
	model_row_free(MODEL_KIND_SITE, row);
	site->dirty = false;
}

/* Rows of sites that are gone, or of a name that home no longer has. */
static void
drop_others(struct fleet *fleet)
{
	for (size_t i = model_store_count(fleet->list, MODEL_KIND_SITE); i-- > 0;) {
		const struct model_site *row = model_store_at(fleet->list, MODEL_KIND_SITE, i);

		if (fleet_of_row(fleet, row->name) == fleet->count) {
			char key[80];

			snprintf(key, sizeof(key), "%s", row->name);
			model_store_remove(fleet->list, MODEL_KIND_SITE, key);
		}
	}
}

/* So many rows that looking through all of them for each change would be felt: once a second will do. */
static bool
is_large(const struct fleet_site *site)
{
	return model_store_count(site->scene.store, MODEL_KIND_TUNNEL) +
		   model_store_count(site->scene.store, MODEL_KIND_CONNECTION) >
	       LARGE;
}

void
fleet_refresh(struct fleet *fleet, usec_t now)
{
	bool second = now / USEC_PER_SEC != fleet->refreshed / USEC_PER_SEC;

	fleet->refreshed = now;
	for (size_t i = 0; i < fleet->count; i++) {
		if (second || (fleet->sites[i].dirty && !is_large(&fleet->sites[i])))
			update(fleet, i, now);
	}
	if (model_store_count(fleet->list, MODEL_KIND_SITE) > fleet->count) /* each site has put its own */
		drop_others(fleet);
}

struct model_store *
fleet_list(struct fleet *fleet)
{
	return fleet->list;
}

const char *
fleet_row(struct fleet *fleet, size_t site)
{
	static char keys[4][80];
	static unsigned next;
	char *key = keys[next++ % COUNT_OF(keys)];

	key_of(fleet, site, key, sizeof(keys[0]));
	return key;
}

size_t
fleet_of_row(struct fleet *fleet, const char *key)
{
	char own[80];

	for (size_t i = 0; i < fleet->count; i++) {
		key_of(fleet, i, own, sizeof(own));
		if (strcmp(own, key) == 0)
			return i;
	}
	return fleet->count;
}

/* --- trouble ----------------------------------------------------------------------------------- */

#define UNREACHED (ATTENTION_DOWN) /* what can't be seen may be the worst */

static int
more_urgent(const void *a, const void *b)
{
	const struct fleet_trouble *one = a, *two = b;

	if (one->urgency != two->urgency)
		return one->urgency < two->urgency ? -1 : 1;
	return one->site < two->site ? -1 : one->site > two->site;
}

/* The least urgent of those that are noted. */
static struct fleet_trouble *
least_urgent(struct fleet_trouble *troubles, size_t count)
{
	struct fleet_trouble *least = &troubles[0];

	for (size_t i = 1; i < count; i++) {
		if (more_urgent(least, &troubles[i]) < 0)
			least = &troubles[i];
	}
	return least;
}

/* Where there are more than are wanted, the most urgent are kept. */
static void
note(struct fleet_trouble *out, size_t most, size_t *all, const struct fleet_trouble *trouble)
{
	struct fleet_trouble *place = *all < most ? &out[*all] : least_urgent(out, most);

	if (*all < most || more_urgent(trouble, place) < 0)
		*place = *trouble;
	(*all)++;
}

/* One that is on its way for the first time is none yet; nor is it that no gateway runs where the console
 * does. */
static bool
is_trouble(const struct fleet_site *site, const char *state)
{
	if (strcmp(state, "unreachable") == 0)
		return site->link->site != FLEET_HOME;
	return strcmp(state, "stale") == 0 || strcmp(state, "refused") == 0 || strcmp(state, "asks") == 0;
}

/* Its state, what a person can do where nothing happens without one, and why. */
static void
note_site(struct fleet *fleet, size_t index, struct fleet_trouble *out, size_t most, size_t *all)
{
	const struct fleet_site *site = &fleet->sites[index];
	const char *state = state_of(site);
	struct fleet_trouble trouble = {.site = index, .urgency = UNREACHED, .next_s = next_try(site)};
	char why[400];

	if (!is_trouble(site, state))
		return;
	say_why(site, why, sizeof(why));
	snprintf(trouble.text, sizeof(trouble.text), "%s%s%s%.200s", state,
		 strcmp(state, "asks") == 0      ? ", Enter there answers"
		 : strcmp(state, "refused") == 0 ? ", Enter there tries again"
						 : "",
		 why[0] != '\0' ? ": " : "", why);
	note(out, most, all, &trouble);
}

size_t
fleet_troubles(struct fleet *fleet, struct fleet_trouble *out, size_t most)
{
	static struct attention attention;
	size_t all = 0;

	for (size_t i = 0; i < fleet->count; i++) {
		struct fleet_site *site = &fleet->sites[i];

		note_site(fleet, i, out, most, &all);
		if (gateway_of(site) == NULL || site->alarms == 0)
			continue;
		site->scene.now = fleet->refreshed;
		attention_collect(&site->scene, &attention);
		for (size_t k = 0; k < attention.count; k++) {
			struct fleet_trouble trouble = {.site = i,
							.urgency = (int)attention.items[k].urgency};

			snprintf(trouble.text, sizeof(trouble.text), "%.239s", attention.items[k].text);
			note(out, most, &all, &trouble);
		}
	}
	qsort(out, all < most ? all : most, sizeof(*out), more_urgent);
	return all;
}
