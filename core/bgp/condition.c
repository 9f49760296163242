// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Conditional advertisement: some routes are told to a peer only while others are there, or only while they
 * are not (a way in reserve, say).
 *
 * What is looked for is the same for many peers mostly, as it stands in the defaults of a configuration: it
 * is followed once, by a *watch*. A bit for each prefix says whether its best path is such a route, and a
 * number how many there are; with the first and the last one those who hang on it are told anew.
 */
#include "core/bgp/origin_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PASS_STEP 256u
#define NAMED_MOST 4u /* peers, in an event */

/* `when` of a condition, of all who have the same. */
struct condition_watch {
	struct condition_watch *next;
	struct policy *when;
	unsigned references;
	struct vector met[BGP_FAMILY_COUNT]; /* bits by prefix number */
	uint64_t count;
	bool known; /* all prefixes have been looked at once */
	bool there; /* as those who hang on it were told */
	uint32_t pass[BGP_FAMILY_COUNT], end[BGP_FAMILY_COUNT];
};

static bool
meets(const struct policy *policy, const struct rib *rib, const struct net *net, const struct path *path)
{
	struct ip_prefix prefix = rib_prefix(rib, net);

	return path != NULL && rules_verdict(policy, path->attributes, &prefix).denied;
}

/* --- watches ----------------------------------------------------------------------------------- */

static struct condition_watch *
watch_take(struct bgp_speaker *speaker, struct policy *when)
{
	struct condition_watch *watch = speaker->watches;

	while (watch != NULL && !policy_equal(watch->when, when))
		watch = watch->next;
	if (watch == NULL) {
		watch = memory_zeroed(1, sizeof(*watch));
		watch->when = policy_hold(when);
		watch->next = speaker->watches;
		speaker->watches = watch;
		for (unsigned f = 0; f < BGP_FAMILY_COUNT; f++) {
			watch->pass[f] = 1;
			watch->end[f] = speaker->ribs[f].net_count;
		}
		speaker_kick(speaker);
	}
	watch->references++;
	return watch;
}

static void
watch_release(struct bgp_speaker *speaker, struct condition_watch *watch)
{
	struct condition_watch **link = &speaker->watches;

	if (--watch->references != 0)
		return;
	while (*link != watch)
		link = &(*link)->next;
	*link = watch->next;
	for (unsigned f = 0; f < BGP_FAMILY_COUNT; f++)
		vector_free(&watch->met[f]);
	policy_release(watch->when);
	free(watch);
}

static void
look_at(struct condition_watch *watch, const struct rib *rib, uint32_t index, const struct path *best)
{
	struct vector *met = &watch->met[rib_family(rib)];
	bool was = bits_get(met, index), is = meets(watch->when, rib, rib_net(rib, index), best);

	if (was == is)
		return;
	if (is)
		bits_set(met, index);
	else
		bits_clear(met, index);
	watch->count += is ? 1 : UINT64_MAX;
}

void
conditions_changed(struct bgp_speaker *speaker, const struct rib *rib, uint32_t net, const struct path *best)
{
	for (struct condition_watch *watch = speaker->watches; watch != NULL; watch = watch->next)
		look_at(watch, rib, net, best);
}

/* True: all prefixes were looked at. */
static bool
pass(struct bgp_speaker *speaker, struct condition_watch *watch, usec_t deadline)
{
	for (unsigned f = 0; f < BGP_FAMILY_COUNT; f++) {
		struct rib *rib = &speaker->ribs[f];

		while (watch->pass[f] < watch->end[f]) {
			uint32_t index = watch->pass[f]++;
			struct net *net = rib_net(rib, index);

			if (net->flags & NET_USED)
				look_at(watch, rib, index, rib_best_now(rib, net));
			if (index % PASS_STEP == 0 && clock_monotonic() >= deadline)
				return false;
		}
	}
	return true;
}

static bool
hangs_on(const struct bgp_peer *peer, const struct condition_watch *watch)
{
	for (size_t i = 0; peer->watches[i] != NULL; i++) {
		if (peer->watches[i] == watch)
			return true;
	}
	return false;
}

/* Tells all who hang on it anew. */
static void
turn(struct bgp_speaker *speaker, const struct condition_watch *watch, bool quiet)
{
	char names[200] = "", match[200];
	unsigned peers = 0;

	for (struct bgp_peer *peer = speaker->peers; peer != NULL; peer = peer->next) {
		if (peer->removed || peer_established(peer) == NULL || !hangs_on(peer, watch))
			continue;
		if (peers++ < NAMED_MOST)
			snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s%s",
				 peers > 1 ? ", " : "", peer->config.name);
		adj_out_dump(peer);
	}
	if (peers == 0 || quiet)
		return;
	policy_match_text(&watch->when->rules[0].match, match, sizeof(match));
	speaker_event(speaker, "notice", "bgp.condition",
		      "there is %s of %s: what %s%s told by that condition changes",
		      watch->there ? "a route now" : "no route any more", match, names,
		      peers > NAMED_MOST ? " and others are"
		      : peers > 1        ? " are"
					 : " is");
}

bool
conditions_work(struct bgp_speaker *speaker, usec_t deadline)
{
	bool more = false;

	for (struct condition_watch *watch = speaker->watches; watch != NULL; watch = watch->next) {
		bool fresh = !watch->known;

		if (fresh && !pass(speaker, watch, deadline)) {
			more = true;
			continue;
		}
		watch->known = true;
		if (!fresh && watch->there == (watch->count != 0))
			continue;
		watch->there = watch->count != 0;
		turn(speaker, watch, fresh);
	}
	return more;
}

/* --- of a peer --------------------------------------------------------------------------------- */

void
conditions_attach(struct bgp_peer *peer)
{
	const struct policy_conditions *conditions = peer->config.conditions;
	size_t count = conditions != NULL ? conditions->count : 0;

	peer->watches = memory_zeroed(count + 1, sizeof(struct condition_watch *));
	for (size_t i = 0; i < count; i++)
		peer->watches[i] = watch_take(peer->speaker, conditions->items[i].when);
}

void
conditions_detach(struct bgp_speaker *speaker, struct condition_watch **watches)
{
	for (size_t i = 0; watches[i] != NULL; i++)
		watch_release(speaker, watches[i]);
	free(watches);
}

/* Until all has been looked at, what hangs on it is not told. */
static bool
holds(const struct policy_condition *condition, const struct condition_watch *watch)
{
	return watch->known && watch->there != condition->absent;
}

bool
conditions_withhold(const struct bgp_peer *peer, const struct rib *rib, const struct net *net,
		    const struct path *path)
{
	for (size_t i = 0; peer->watches[i] != NULL; i++) {
		const struct policy_condition *condition = &peer->config.conditions->items[i];

		if (!holds(condition, peer->watches[i]) && meets(condition->what, rib, net, path))
			return true;
	}
	return false;
}

bool
bgp_peer_conditions(const struct bgp_peer *peer, const struct ip_prefix *prefix, bool *held, char *out,
		    size_t size)
{
	struct rib *rib =
	    peer->config.conditions != NULL ? speaker_rib(peer->speaker, prefix->address.family) : NULL;
	struct ip_prefix network = ip_prefix_network(prefix);
	uint32_t index = rib != NULL ? trie_get(&rib->trie, network.address.bytes, network.length) : 0;
	const struct net *net = index != 0 ? rib_net(rib, index) : NULL;
	const struct path *path = net != NULL ? rib_best(rib, net) : NULL;

	if (net != NULL && path == NULL)
		path = speaker_local_path(rib, &network); /* a default route that some are told */
	out[0] = '\0';
	*held = true;
	for (size_t i = 0; path != NULL && peer->watches[i] != NULL; i++) {
		const struct policy_condition *condition = &peer->config.conditions->items[i];
		char match[200];

		if (!meets(condition->what, rib, net, path))
			continue;
		policy_match_text(&condition->when->rules[0].match, match, sizeof(match));
		snprintf(out + strlen(out), size - strlen(out), "%s%s %s", out[0] != '\0' ? ", " : "",
			 condition->absent ? "unless" : "while", match);
		*held = *held && holds(condition, peer->watches[i]);
	}
	return out[0] != '\0';
}
