// SPDX-License-Identifier: GPL-2.0-or-later
/* What other rules would come to, of all that a peer told or is told; nothing is changed by it. */
#include "core/bgp/speaker_internal.h"

#define LOOK_AT_CLOCK 64 /* prefixes from one look at the clock to the next */

struct preview {
	const struct bgp_peer *peer;
	const struct policy *now, *then;
	/* Of the last attributes, which the next prefix often has too. */
	const struct bgp_attributes *of;
	uint64_t mask_now, mask_then;
	void (*tell)(void *context, const struct ip_prefix *prefix, enum bgp_preview_change change);
	void *context;
};

static void
compare(struct preview *preview, const struct bgp_attributes *attributes, const struct ip_prefix *prefix)
{
	const struct policy *now = preview->now, *then = preview->then;
	struct policy_verdict by_now = {0}, by_then = {0};

	if (preview->of != attributes) {
		preview->of = attributes;
		preview->mask_now = now != NULL ? rules_match(now, attributes) : 0;
		preview->mask_then = then != NULL ? rules_match(then, attributes) : 0;
	}
	if (now != NULL)
		by_now = policy_decide(now, preview->mask_now, prefix);
	if (then != NULL)
		by_then = policy_decide(then, preview->mask_then, prefix);
	if (policy_same_outcome(now, &by_now, then, &by_then))
		return;
	preview->tell(preview->context, prefix,
		      by_then.denied  ? BGP_PREVIEW_DENIED
		      : by_now.denied ? BGP_PREVIEW_ACCEPTED
				      : BGP_PREVIEW_CHANGED);
}

/* A path of the peer's as it came. NULL: nothing that its rules are asked about. */
static const struct bgp_attributes *
received(const struct bgp_peer *peer, const struct rib *rib, uint32_t at)
{
	const struct path *path = rib_path(rib, at);
	const struct bgp_attributes *before = rib_before(rib, at);

	if (path->peer != peer->index || !path_current(rib, path) || !path_verdict_ruled(path->verdict))
		return NULL;
	return before != NULL ? before : path->attributes;
}

/* What the rules are asked about for a path: one of all, or where it takes several (RFC 7911) each. */
static const struct bgp_attributes *
tellable(const struct bgp_peer *peer, const struct rib *rib, const struct net *net, uint32_t at)
{
	const struct path *path = rib_path(rib, at);

	if (peer->out[rib_family(rib)]->paths != NULL)
		return adj_paths_path(peer, rib, net, at) != NULL ? path->attributes : NULL;
	return export_path(peer, rib, net, rib_best(rib, net)) == path ? path->attributes : NULL;
}

/* Returns how many were looked at. */
static uint64_t
preview_net(struct preview *preview, const struct rib *rib, const struct net *net,
	    enum policy_direction direction)
{
	struct ip_prefix prefix = rib_prefix(rib, net);
	uint64_t count = 0;

	for (uint32_t at = net->paths; at != 0; at = rib_path(rib, at)->next) {
		const struct bgp_attributes *attributes = direction == POLICY_IMPORT
							      ? received(preview->peer, rib, at)
							      : tellable(preview->peer, rib, net, at);

		if (attributes == NULL)
			continue;
		compare(preview, attributes, &prefix);
		count++;
	}
	return count;
}

/* False: the time is up. */
static bool
preview_family(struct preview *preview, struct rib *rib, enum policy_direction direction, usec_t until,
	       uint64_t *looked_at)
{
	struct trie_cursor cursor;
	uint32_t index, passed = 0;

	trie_seek(&rib->trie, &cursor, NULL, 0);
	while ((index = trie_next(&rib->trie, &cursor)) != 0) {
		if (++passed % LOOK_AT_CLOCK == 0 && clock_monotonic() >= until)
			return false;
		*looked_at += preview_net(preview, rib, rib_net(rib, index), direction);
	}
	return true;
}

uint64_t
bgp_policy_preview(struct bgp_peer *peer, enum policy_direction direction, const struct policy *policy,
		   usec_t until,
		   void (*tell)(void *context, const struct ip_prefix *prefix,
				enum bgp_preview_change change),
		   void *context, uint64_t *all)
{
	const struct peer_rules *rules = peer->rules[direction];
	struct preview preview = {.peer = peer,
				  .now = rules != NULL ? rules->policy : NULL,
				  .then = policy,
				  .tell = tell,
				  .context = context};
	uint64_t looked_at = 0;
	bool through = true;

	*all = 0;
	for (unsigned f = 0; f < BGP_FAMILY_COUNT; f++) {
		struct rib *rib = &peer->speaker->ribs[f];

		*all += direction == POLICY_IMPORT ? rib_peer(rib, peer->index)->received
						   : (uint64_t)rib->trie.count;
		/* To a peer that is not there nothing is told. */
		if (direction == POLICY_EXPORT && peer->out[f] == NULL)
			continue;
		through = through && preview_family(&preview, rib, direction, until, &looked_at);
	}
	if (through)
		*all = looked_at;
	return looked_at;
}
