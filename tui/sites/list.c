// SPDX-License-Identifier: GPL-2.0-or-later
/* The fleet as rows of MODEL_KIND_SITE: the one place where the facts about a site are put together, for the
 * console's list and for `show sites`. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "tui/sites/fleet_internal.h"

#define LARGE 1000                     /* rows */
#define STALE_AFTER (5 * USEC_PER_SEC) /* a heartbeat comes each second; the way may be slow */
/* What the link has to change by until it is news: the network is never still. */
#define RTT_SHARE 0.25
#define RTT_LEAST_MS 2

static usec_t
heard(const struct fleet_site *site)
{
	return site->scene.client != NULL ? control_client_heard(site->scene.client) : 0;
}

/* How far the last attempt came that failed; SSH_TROUBLE_NONE where SSH has nothing to do with it. */
static enum ssh_trouble
trouble_of(const struct fleet_site *site)
{
	if (control_client_trouble(site->scene.client) == CONTROL_TROUBLE_NONE)
		return SSH_TROUBLE_NONE;
	if (site->link->way != NULL)
		return ssh_site_trouble(site->link->way);
	return site->link->site == FLEET_HOME ? SSH_TROUBLE_NONE : SSH_TROUBLE_WAY;
}

/* Not live: why not, or what is being done. */
static const char *
state_of_lost(const struct fleet_site *site)
{
	enum control_client_trouble trouble = control_client_trouble(site->scene.client);

	if (trouble_of(site) == SSH_TROUBLE_HOST_KEY)
		return "host key";
	if (trouble_of(site) == SSH_TROUBLE_LOGIN)
		return "login";
	if (trouble == CONTROL_TROUBLE_LASTING)
		return "refused";
	if (site->ever_live)
		return "stale";
	if (site->given_up && site->link->fleet->options.once)
		return "unreachable";
	if (site->state == CONTROL_SYNCING)
		return "reading";
	if (trouble != CONTROL_TROUBLE_LOST)
		return "connecting";
	return trouble_of(site) == SSH_TROUBLE_NONE ? "no gateway" : "unreachable";
}

const char *
fleet_state(const struct fleet_site *site)
{
	if (site->scene.client == NULL)
		return "off";
	if (site->asks)
		return "asks";
	if (site->state != CONTROL_LIVE)
		return state_of_lost(site);
	return clock_monotonic() - heard(site) > STALE_AFTER ? "stale" : "live";
}

unsigned
fleet_next_try(const struct fleet_site *site)
{
	uint64_t next = site->scene.client != NULL ? control_client_next_try(site->scene.client) : 0;

	return (unsigned)((next + 999) / 1000);
}

void
fleet_say_why(const struct fleet_site *site, char *out, size_t size)
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
	unsigned next = site->link->fleet->options.news_only ? 0 : fleet_next_try(site);

	fleet_say_why(site, out, size);
	if (next != 0)
		snprintf(out + strlen(out), size - strlen(out), "%snext try in %u s",
			 out[0] != '\0' ? "; " : "", next);
}

static void
fill(const struct fleet_site *site, usec_t now, struct model_site *row)
{
	const struct model_gateway *gateway = fleet_gateway(site);
	usec_t when = heard(site);
	char why[SITE_WHY + 40];

	model_set(&row->name, fleet_name(site));
	model_set(&row->host, site->host[0] != '\0' ? site->host : NULL);
	model_set(&row->group, site->group[0] != '\0' ? site->group : NULL);
	model_set(&row->state, fleet_state(site));
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
	row->alarms = site->needs.all;
	model_set(&row->attention, site->needs.count > 0 ? site->needs.worst[0].text : NULL);
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

/* Something that is worth a line: not the figures, which are never still. */
static bool
is_news(const struct fleet *fleet, const struct model_site *row)
{
	const struct model_shape *shape = model_kind_info(MODEL_KIND_SITE)->shape;
	const struct model_site *before = model_store_get(fleet->list, MODEL_KIND_SITE, row->name);
	uint64_t quiet = model_fields_figures(shape) | UINT64_C(1) << model_field_find(shape, "heard_at");

	if (before == NULL || (model_row_diff(shape, row, before) & ~quiet) != 0)
		return true;
	return !isnan(row->rtt_ms) &&
	       (isnan(before->rtt_ms) ||
		fabs(row->rtt_ms - before->rtt_ms) > fmax(RTT_LEAST_MS, before->rtt_ms * RTT_SHARE));
}

static void
update(struct fleet *fleet, size_t index, usec_t now)
{
	struct fleet_site *site = &fleet->sites[index];
	struct model_site *row = model_row_new(MODEL_KIND_SITE);
	char key[80];

	fleet_look(site, now);
	fill(site, now, row);
	key_of(fleet, index, key, sizeof(key));
	model_set(&row->name, key);
	if (!fleet->options.news_only || is_news(fleet, row))
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

/* A row with a new key stands behind all others: home, which has said its name, is the first all the same. */
static void
put_in_order(struct fleet *fleet, usec_t now)
{
	const struct model_site *row = model_store_at(fleet->list, MODEL_KIND_SITE, 0);
	char key[80];

	key_of(fleet, fleet_first(fleet), key, sizeof(key));
	if (row == NULL || strcmp(row->name, key) == 0)
		return;
	model_store_clear(fleet->list);
	for (size_t i = fleet_first(fleet); i < fleet->count; i++)
		update(fleet, i, now);
}

bool
fleet_is_large(const struct fleet_site *site)
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
	for (size_t i = fleet_first(fleet); i < fleet->count; i++) {
		/* of a large one once a second will do */
		if (second || (fleet->sites[i].dirty && !fleet_is_large(&fleet->sites[i])))
			update(fleet, i, now);
	}
	if (model_store_count(fleet->list, MODEL_KIND_SITE) > fleet->count) { /* each site has put its own */
		drop_others(fleet);
		put_in_order(fleet, now);
	}
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

	for (size_t i = fleet_first(fleet); i < fleet->count; i++) {
		key_of(fleet, i, own, sizeof(own));
		if (strcmp(own, key) == 0)
			return i;
	}
	return fleet->count;
}
