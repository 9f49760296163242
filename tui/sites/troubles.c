// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What needs a person on any site. What a gateway has is looked through when its rows change, and once a
 * second for what only time changes (how long something is down); the worst of it is kept with the site, so
 * that a frame costs nothing. A site that has much takes no more lines than any other may: one that is
 * broken, or lies, hides nobody.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/panels/attention.h"
#include "tui/sites/fleet_internal.h"

#define UNREACHED (ATTENTION_DOWN) /* what can't be seen may be the worst */
#define AGES_EVERY USEC_PER_SEC    /* "down 4 s" */
#define AGES_EVERY_LARGE (5 * USEC_PER_SEC)

/* --- of one site ------------------------------------------------------------------------------- */

static bool
is_due(const struct fleet_site *site, usec_t now)
{
	usec_t every = fleet_is_large(site) ? AGES_EVERY_LARGE : AGES_EVERY;

	return site->needs.stirred || now < site->needs.looked_at || now - site->needs.looked_at >= every;
}

void
fleet_look(struct fleet_site *site, usec_t now)
{
	static struct attention attention; /* large, and used by one at a time */

	if (!is_due(site, now))
		return;
	site->scene.now = now;
	attention.count = attention.all = 0;
	if (fleet_gateway(site) != NULL)
		attention_collect(&site->scene, &attention);
	site->needs.stirred = false;
	site->needs.looked_at = now;
	site->needs.all = attention.all;
	site->needs.count = attention.count < FLEET_WORST ? attention.count : FLEET_WORST;
	for (size_t i = 0; i < site->needs.count; i++) {
		site->needs.worst[i].urgency = (int)attention.items[i].urgency;
		snprintf(site->needs.worst[i].text, sizeof(site->needs.worst[i].text), "%s",
			 attention.items[i].text);
	}
}

/* --- of all of them ---------------------------------------------------------------------------- */

/* Lines as they are collected. */
struct noted {
	struct fleet_trouble *out;
	size_t most, lines, all;
};

static int
more_urgent(const void *a, const void *b)
{
	const struct fleet_trouble *one = a, *two = b;

	if (one->urgency != two->urgency)
		return one->urgency < two->urgency ? -1 : 1;
	if (one->site != two->site)
		return one->site < two->site ? -1 : 1;
	return one->place < two->place ? -1 : one->place > two->place;
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

/* Where there are more lines than are wanted, the most urgent are kept. */
static void
note(struct noted *noted, const struct fleet_trouble *trouble)
{
	struct fleet_trouble *place =
	    noted->lines < noted->most ? &noted->out[noted->lines] : least_urgent(noted->out, noted->most);

	if (noted->lines < noted->most || more_urgent(trouble, place) < 0)
		*place = *trouble;
	noted->lines++;
	noted->all += trouble->count;
}

/*
 * What to say of a site's state where that is trouble; NULL where it is none. One that is on its way for the
 * first time is none yet; nor is it that no gateway runs where the console does.
 */
static const char *
trouble_in(const struct fleet_site *site)
{
	static const struct {
		const char *state, *said;
		bool here; /* also where the console is */
	} troubles[] = {{"unreachable", "unreachable", false},
			{"no gateway", "no gateway", false},
			{"stale", "stale", true},
			{"refused", "refused", true},
			{"host key", "host key refused", true},
			{"login", "login refused", true},
			{"asks", "asks", true}};
	const char *state = fleet_state(site);

	for (size_t i = 0; i < COUNT_OF(troubles); i++) {
		if (strcmp(troubles[i].state, state) == 0)
			return troubles[i].here || site->link->site != FLEET_HOME ? troubles[i].said : NULL;
	}
	return NULL;
}

static void
note_state(struct noted *noted, const struct fleet_site *site)
{
	struct fleet_trouble trouble = {
	    .site = site->link->site, .urgency = UNREACHED, .count = 1, .next_s = fleet_next_try(site)};
	const char *said = trouble_in(site);
	char why[SITE_WHY];

	if (said == NULL)
		return;
	fleet_say_why(site, why, sizeof(why));
	trouble.asks = site->asks;
	trouble.refused = !site->asks && site->scene.client != NULL &&
			  control_client_trouble(site->scene.client) == CONTROL_TROUBLE_LASTING;
	snprintf(trouble.text, sizeof(trouble.text), "%s%s%s", said, why[0] != '\0' ? ": " : "", why);
	note(noted, &trouble);
}

/* Its worst, or where it has more than it has lines, all but the last of them and how many those are. */
static void
note_needs(struct noted *noted, const struct fleet_site *site)
{
	size_t all = site->needs.all, shown = site->needs.count - (all > site->needs.count);

	for (size_t i = 0; i < site->needs.count; i++) {
		bool rest = i == shown;
		struct fleet_trouble trouble = {.site = site->link->site,
						.urgency = site->needs.worst[i].urgency,
						.place = i + 1,
						.count = rest ? all - shown : 1};

		if (rest)
			snprintf(trouble.text, sizeof(trouble.text), "and %zu more there", trouble.count);
		else
			snprintf(trouble.text, sizeof(trouble.text), "%s", site->needs.worst[i].text);
		note(noted, &trouble);
	}
}

size_t
fleet_troubles(struct fleet *fleet, struct fleet_trouble *out, size_t most, size_t *lines)
{
	struct noted noted = {.out = out, .most = most};

	for (size_t i = fleet_first(fleet); i < fleet->count; i++) {
		note_state(&noted, &fleet->sites[i]);
		note_needs(&noted, &fleet->sites[i]);
	}
	qsort(out, noted.lines < most ? noted.lines : most, sizeof(*out), more_urgent);
	*lines = noted.lines;
	return noted.all;
}
