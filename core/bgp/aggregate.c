// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Aggregates (RFC 4271, 9.2.2.2): one wide prefix told in place of, or beside, the routes within it, as long
 * as there is one of them.
 *
 * A route counts for each aggregate that is shorter than it, with the attributes that it had when it was
 * counted: those are remembered by prefix number, so that a change takes the old ones out and puts the new
 * ones in. What is not told to anybody (NO_ADVERTISE), what asks to be discarded (BLACKHOLE, RFC 7999)
 * and aggregates themselves don't count.
 */
#include "core/bgp/origin_internal.h"

#include <stdlib.h>
#include <string.h>

#define PASS_STEP 256u

/* A prefix that counts. */
struct counted {
	struct bgp_attributes *attributes; /* a reference; NULL: it does not */
	uint32_t at;
};

struct aggregates {
	struct aggregate *items;
	size_t count;
	struct {
		struct trie trie; /* their indices + 1 */
		uint8_t lengths[129], length_count;
		struct vector counted; /* by prefix number */
		uint32_t next, end;    /* of the pass over all prefixes */
	} families[BGP_FAMILY_COUNT];
	uint32_t now; /* goes up with each configuration */
	bool passing, dirty;
};

/* --- counting ---------------------------------------------------------------------------------- */

static void
count(struct aggregates *aggregates, struct aggregate *aggregate, const struct bgp_attributes *attributes,
      bool add)
{
	uint64_t step = add ? 1 : UINT64_MAX;

	aggregate->count += step;
	aggregate->origins[attributes->origin] += step;
	if (attributes->present & HAS_ATOMIC)
		aggregate->atomic += step;
	if (aggregate->as_set)
		aggregate_tally(&aggregate->tally, attributes, add);
	aggregate->dirty = aggregates->dirty = true;
}

/* The attributes by which a route counts; NULL: it doesn't. */
static struct bgp_attributes *
counts(const struct bgp_speaker *speaker, const struct path *best)
{
	if (best == NULL || (best->peer == RIB_LOCAL && best->attributes != speaker->local_attributes) ||
	    best->attributes->community_flags & (COMMUNITY_NO_ADVERTISE | COMMUNITY_BLACKHOLE))
		return NULL;
	return best->attributes;
}

static struct aggregate *
covering(const struct aggregates *aggregates, const struct rib *rib, const struct net *net, unsigned length)
{
	struct ip_prefix prefix = rib_prefix(rib, net);
	uint32_t index;

	prefix.length = (uint8_t)length;
	prefix = ip_prefix_network(&prefix);
	index = trie_get(&aggregates->families[rib_family(rib)].trie, prefix.address.bytes, length);
	return index != 0 ? &aggregates->items[index - 1] : NULL;
}

static void
remember(struct bgp_speaker *speaker, struct vector *counted, uint32_t net, struct bgp_attributes *attributes)
{
	bool known = ((size_t)net + 1) * sizeof(struct counted) <= counted->bytes;
	struct counted *slot;

	if (!known && attributes == NULL)
		return;
	vector_need(counted, ((size_t)net + 1) * sizeof(*slot));
	slot = (struct counted *)counted->items + net;
	if (attributes != NULL)
		attributes_hold(attributes);
	attributes_release(&speaker->attributes, slot->attributes);
	*slot = (struct counted){attributes, speaker->aggregates->now};
}

/* Counts a prefix anew. True: whether it is suppressed has changed. */
static bool
look_at(struct bgp_speaker *speaker, struct rib *rib, uint32_t index, const struct path *best)
{
	struct aggregates *aggregates = speaker->aggregates;
	struct vector *counted = &aggregates->families[rib_family(rib)].counted;
	const uint8_t *lengths = aggregates->families[rib_family(rib)].lengths;
	struct bgp_attributes *attributes = counts(speaker, best);
	struct counted old = {0};
	struct net *net = rib_net(rib, index);
	bool covered = false, suppressed = false, was = (net->flags & NET_SUPPRESSED) != 0;

	if (((size_t)index + 1) * sizeof(old) <= counted->bytes)
		old = ((const struct counted *)counted->items)[index];
	if (attributes == NULL && old.attributes == NULL)
		return false;
	for (unsigned i = 0; i < aggregates->families[rib_family(rib)].length_count; i++) {
		struct aggregate *aggregate;
		bool had;

		if (lengths[i] >= net->length)
			break;
		aggregate = covering(aggregates, rib, net, lengths[i]);
		if (aggregate == NULL)
			continue;
		covered = true;
		suppressed = suppressed || (attributes != NULL && aggregate->summary_only);
		had = old.attributes != NULL && (int32_t)(old.at - aggregate->since) >= 0;
		if (had && old.attributes == attributes)
			continue;
		if (attributes != NULL)
			count(aggregates, aggregate, attributes, true);
		if (had)
			count(aggregates, aggregate, old.attributes, false);
	}
	remember(speaker, counted, index, covered ? attributes : NULL);
	net->flags = (uint8_t)(suppressed ? net->flags | NET_SUPPRESSED : net->flags & ~NET_SUPPRESSED);
	return suppressed != was;
}

void
aggregates_changed(struct bgp_speaker *speaker, struct rib *rib, uint32_t net, const struct path *best)
{
	look_at(speaker, rib, net, best);
}

/* --- what is told ------------------------------------------------------------------------------ */

static bool
is_aggregate(const struct bgp_speaker *speaker, const struct path *path)
{
	return path != NULL && path->peer == RIB_LOCAL && path->verdict == PATH_USABLE &&
	       path->attributes != speaker->local_attributes;
}

/* Tells an aggregate as it is now, or no longer. A network of the same prefix stands before it. */
static void
publish(struct bgp_speaker *speaker, const struct aggregate *aggregate)
{
	struct rib *rib = speaker_rib(speaker, aggregate->prefix.address.family);
	const struct path *path = speaker_local_path(rib, &aggregate->prefix);
	struct bgp_attributes *attributes;

	if (path != NULL && path->verdict == PATH_USABLE && !is_aggregate(speaker, path))
		return;
	if (aggregate_routes(aggregate) == 0) {
		if (path != NULL && path->verdict == PATH_USABLE)
			speaker_retire(speaker, rib, &aggregate->prefix);
		return;
	}
	attributes = aggregate_attributes(speaker, aggregate);
	speaker_originate(speaker, rib, &aggregate->prefix, attributes, PATH_USABLE);
	attributes_release(&speaker->attributes, attributes);
}

/* --- work in slices ---------------------------------------------------------------------------- */

/* Looks at all prefixes by a changed configuration. True: it is through. */
static bool
pass(struct bgp_speaker *speaker, usec_t deadline)
{
	for (unsigned f = 0; f < BGP_FAMILY_COUNT; f++) {
		struct rib *rib = &speaker->ribs[f];
		uint32_t *next = &speaker->aggregates->families[f].next,
			 end = speaker->aggregates->families[f].end;

		for (; *next < end; ++*next) {
			struct net *net = rib_net(rib, *next);

			if (net->flags & NET_USED && look_at(speaker, rib, *next, rib_best_now(rib, net))) {
				changes_add(rib, *next);
				changes_add_paths(rib, *next);
			}
			if (*next % PASS_STEP == 0 && clock_monotonic() >= deadline) {
				++*next;
				return false;
			}
		}
	}
	return true;
}

static void
free_item(struct aggregate *aggregate)
{
	if (aggregate->as_set)
		tally_free(&aggregate->tally);
}

void
aggregates_free(struct bgp_speaker *speaker)
{
	struct aggregates *aggregates = speaker->aggregates;

	if (aggregates == NULL)
		return;
	for (unsigned f = 0; f < BGP_FAMILY_COUNT; f++) {
		struct vector *counted = &aggregates->families[f].counted;
		/* After a pass without aggregates nothing counts. */
		bool any = aggregates->count != 0 || aggregates->passing;

		for (size_t i = 0; any && i < counted->bytes / sizeof(struct counted); i++)
			attributes_release(&speaker->attributes,
					   ((struct counted *)counted->items)[i].attributes);
		vector_free(counted);
		trie_free(&aggregates->families[f].trie);
	}
	for (size_t i = 0; i < aggregates->count; i++)
		free_item(&aggregates->items[i]);
	free(aggregates->items);
	free(aggregates);
	speaker->aggregates = NULL;
}

bool
aggregates_work(struct bgp_speaker *speaker, usec_t deadline)
{
	struct aggregates *aggregates = speaker->aggregates;

	if (aggregates == NULL)
		return false;
	if (aggregates->passing && !pass(speaker, deadline))
		return true;
	aggregates->passing = false;
	for (size_t i = 0; i < aggregates->count && aggregates->dirty; i++) {
		if (aggregates->items[i].dirty)
			publish(speaker, &aggregates->items[i]);
		aggregates->items[i].dirty = false;
	}
	aggregates->dirty = false;
	if (aggregates->count == 0)
		aggregates_free(speaker);
	return false;
}

/* --- the configuration ------------------------------------------------------------------------- */

static struct aggregate *
find_item(struct aggregate *items, size_t item_count, const struct ip_prefix *prefix)
{
	for (size_t i = 0; i < item_count; i++) {
		if (ip_prefix_equal(&items[i].prefix, prefix))
			return &items[i];
	}
	return NULL;
}

static int
by_length(const void *left, const void *right)
{
	return *(const uint8_t *)left - *(const uint8_t *)right;
}

static void
index_items(struct aggregates *aggregates)
{
	for (unsigned f = 0; f < BGP_FAMILY_COUNT; f++) {
		trie_free(&aggregates->families[f].trie);
		trie_init(&aggregates->families[f].trie);
		aggregates->families[f].length_count = 0;
	}
	for (size_t i = 0; i < aggregates->count; i++) {
		const struct ip_prefix *prefix = &aggregates->items[i].prefix;
		unsigned f = prefix->address.family == AF_INET ? BGP_IPV4 : BGP_IPV6;
		uint8_t *lengths = aggregates->families[f].lengths,
			*length_count = &aggregates->families[f].length_count;

		*trie_put(&aggregates->families[f].trie, prefix->address.bytes, prefix->length) =
		    (uint32_t)i + 1;
		if (memchr(lengths, prefix->length, *length_count) == NULL)
			lengths[(*length_count)++] = prefix->length;
		qsort(lengths, *length_count, 1, by_length);
	}
}

/* Takes over what stays as it was; what was told of the others goes, unless their prefix stays. */
static void
replace_items(struct bgp_speaker *speaker, const struct bgp_aggregate *list, size_t list_count)
{
	struct aggregates *aggregates = speaker->aggregates;
	struct aggregate *old = aggregates->items, *items = memory_zeroed(list_count + 1, sizeof(*items));
	size_t old_count = aggregates->count, item_count = 0;

	for (size_t i = 0; i < list_count; i++) {
		struct ip_prefix prefix = ip_prefix_network(&list[i].prefix);
		struct aggregate *was = find_item(old, old_count, &prefix), *item;

		if (speaker_rib(speaker, prefix.address.family) == NULL ||
		    find_item(items, item_count, &prefix) != NULL)
			continue;
		item = &items[item_count++];
		if (was != NULL && was->as_set == list[i].as_set) {
			*item = *was;
			was->as_set = false; /* its tally has another owner */
		} else {
			*item = (struct aggregate){.since = aggregates->now, .as_set = list[i].as_set};
			if (item->as_set)
				tally_init(&item->tally);
		}
		item->prefix = prefix;
		item->summary_only = list[i].summary_only;
		item->others = list[i].others;
		item->dirty = true;
	}
	aggregates->items = items;
	aggregates->count = item_count;
	for (size_t i = 0; i < old_count; i++) {
		struct rib *rib = speaker_rib(speaker, old[i].prefix.address.family);

		if (find_item(items, item_count, &old[i].prefix) == NULL &&
		    is_aggregate(speaker, speaker_local_path(rib, &old[i].prefix)))
			speaker_retire(speaker, rib, &old[i].prefix);
		free_item(&old[i]);
	}
	free(old);
}

static bool
unchanged(const struct aggregates *aggregates, const struct bgp_aggregate *list, size_t list_count)
{
	for (size_t i = 0; aggregates->count == list_count && i < list_count; i++) {
		const struct aggregate *item = &aggregates->items[i];
		struct ip_prefix prefix = ip_prefix_network(&list[i].prefix);

		if (!ip_prefix_equal(&item->prefix, &prefix) || item->as_set != list[i].as_set ||
		    item->others != list[i].others || item->summary_only != list[i].summary_only)
			return false;
	}
	return aggregates->count == list_count;
}

void
bgp_aggregates_set(struct bgp_speaker *speaker, const struct bgp_aggregate *list, size_t list_count)
{
	struct aggregates *aggregates = speaker->aggregates;

	if (aggregates == NULL ? list_count == 0 : unchanged(aggregates, list, list_count))
		return;
	if (aggregates == NULL)
		speaker->aggregates = aggregates = memory_zeroed(1, sizeof(*aggregates));
	aggregates->now++;
	replace_items(speaker, list, list_count);
	index_items(aggregates);
	for (unsigned f = 0; f < BGP_FAMILY_COUNT; f++) {
		aggregates->families[f].next = 1;
		aggregates->families[f].end = speaker->ribs[f].net_count;
	}
	aggregates->passing = aggregates->dirty = true;
	speaker_kick(speaker);
}

void
aggregates_look_at(struct bgp_speaker *speaker, const struct ip_prefix *prefix)
{
	struct aggregates *aggregates = speaker->aggregates;
	struct aggregate *aggregate =
	    aggregates != NULL ? find_item(aggregates->items, aggregates->count, prefix) : NULL;

	if (aggregate != NULL)
		aggregate->dirty = aggregates->dirty = true;
}

/* --- for those who look ------------------------------------------------------------------------ */

uint64_t
aggregates_count(const struct bgp_speaker *speaker, const struct rib *rib, const struct net *net,
		 const struct path *path)
{
	const struct aggregate *aggregate;

	if (speaker->aggregates == NULL || !is_aggregate(speaker, path))
		return 0;
	aggregate = covering(speaker->aggregates, rib, net, net->length);
	return aggregate != NULL ? aggregate_routes(aggregate) : 0;
}

struct ip_prefix
aggregates_suppressing(const struct bgp_speaker *speaker, const struct rib *rib, const struct net *net)
{
	unsigned i;

	if (speaker->aggregates == NULL || !(net->flags & NET_SUPPRESSED))
		return (struct ip_prefix){0};
	for (i = speaker->aggregates->families[rib_family(rib)].length_count; i > 0; i--) {
		uint8_t length = speaker->aggregates->families[rib_family(rib)].lengths[i - 1];
		const struct aggregate *aggregate =
		    length < net->length ? covering(speaker->aggregates, rib, net, length) : NULL;

		if (aggregate != NULL && aggregate->summary_only)
			return aggregate->prefix;
	}
	return (struct ip_prefix){0};
}
