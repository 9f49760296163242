// SPDX-License-Identifier: GPL-2.0-or-later
/* Records of what happened to prefixes, handed out and said to people; see chronicle_internal.h. */
#include "core/bgp/chronicle_internal.h"

#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "core/bgp/speaker_internal.h"

#define HERE "this gateway"

static const char *const cause_names[] = {
    [CHRONICLE_ANNOUNCED] = "announced",   [CHRONICLE_WITHDRAWN] = "withdrawn",
    [CHRONICLE_MALFORMED] = "malformed",   [CHRONICLE_SESSION] = "session",
    [CHRONICLE_STALE] = "stale",           [CHRONICLE_RULES] = "rules",
    [CHRONICLE_PREFERENCE] = "preference", [CHRONICLE_NEXT_HOP] = "next-hop"};

/* How to say it: of one path, with the peer's name; of many, with their number before it. */
static const struct {
	const char *one, *many;
} phrases[] = {
    [CHRONICLE_ANNOUNCED] = {"announced by %s", "changes by %s"},
    [CHRONICLE_WITHDRAWN] = {"withdrawn by %s", "withdrawals by %s"},
    [CHRONICLE_MALFORMED] = {"in a malformed UPDATE of %s, treated as a withdrawal",
			     "in malformed UPDATEs of %s, treated as withdrawals"},
    [CHRONICLE_SESSION] = {"the session of %s ended", "paths went with the session of %s"},
    [CHRONICLE_STALE] = {"not told again by %s", "paths were not told again by %s"},
    [CHRONICLE_RULES] = {"other rules for %s", "paths changed by other rules for %s"},
    [CHRONICLE_PREFERENCE] = {"another preference of %s", "choices changed by another preference of %s"},
    [CHRONICLE_NEXT_HOP] = {"the way to a next hop of %s changed",
			    "paths changed with the way to next hops of %s"},
};

static const char *const step_names[STEP_PATH_ID + 1] = {
    [STEP_ONLY] = "the only path",
    [STEP_LOCAL] = "originated here",
    [STEP_LOCAL_PREFERENCE] = "local preference",
    [STEP_AS_PATH] = "AS path",
    [STEP_ORIGIN] = "origin",
    [STEP_MED] = "MED",
    [STEP_EXTERNAL] = "external",
    [STEP_IDENTIFIER] = "router id",
    [STEP_CLUSTER_LIST] = "cluster list",
    [STEP_ADDRESS] = "peer address",
    [STEP_PATH_ID] = "path identifier",
};

struct teller {
	const struct chronicle *chronicle;
	bool (*visit)(void *context, const struct bgp_record *record);
	void *context;
};

static const char *
name_of(const struct chronicle *chronicle, uint16_t number)
{
	return number == CHRONICLE_NOBODY ? NULL
	       : number == RIB_LOCAL      ? HERE
					  : chronicle_name_of(chronicle, number);
}

static size_t
put(char *out, size_t size, size_t used, const char *text)
{
	return used + (size_t)snprintf(out + used, size - used, "%s", text);
}

/* The phrase, which has one %s. */
static size_t
phrase(char *out, size_t size, const char *of, const char *name)
{
	const char *at = strstr(of, "%s");

	return (size_t)snprintf(out, size, "%.*s%s%s", (int)(at - of), of, name, at + 2);
}

static void
say_entry(const struct chronicle_entry *entry, const struct bgp_record *record, char *out, size_t size)
{
	size_t used = phrase(out, size, phrases[entry->cause].one, record->peer);
	char part[300];

	if (entry->cause == CHRONICLE_ANNOUNCED && entry->again)
		used = put(out, size, used, " anew");
	if (record->path_id != 0) {
		snprintf(part, sizeof(part), ", path %u", record->path_id);
		used = put(out, size, used, part);
	}
	if (record->known && entry->verdict == PATH_USABLE && entry->by != RIB_LOCAL) {
		snprintf(part, sizeof(part), " (preference %u, AS path of %u", record->local_preference,
			 record->as_hops);
		used = put(out, size, used, part);
		if (record->origin_as != 0) {
			snprintf(part, sizeof(part), " from AS %u", record->origin_as);
			used = put(out, size, used, part);
		}
		if (record->has_med) {
			snprintf(part, sizeof(part), ", MED %u", record->med);
			used = put(out, size, used, part);
		}
		used = put(out, size, used, ")");
	} else if (record->known && entry->verdict != PATH_USABLE) {
		snprintf(part, sizeof(part), ", not accepted: %s", path_verdict_text(entry->verdict));
		used = put(out, size, used, part);
	}
	if (record->best == NULL && record->before == NULL)
		return;
	if (record->best == NULL)
		snprintf(part, sizeof(part), "; no path is left, before by %s", record->before);
	else if (record->before == NULL)
		snprintf(part, sizeof(part), "; best (%s)", record->step);
	else if (strcmp(record->best, record->before) != 0)
		snprintf(part, sizeof(part), "; best is by %s now (%s), before by %s", record->best,
			 record->step, record->before);
	else
		snprintf(part, sizeof(part), "; best stays by %s (%s)", record->best, record->step);
	put(out, size, used, part);
}

static bool
tell_entry(const struct teller *teller, const struct chronicle_entry *entry)
{
	const struct chronicle *chronicle = teller->chronicle;
	struct bgp_record record = {
	    .number = entry->number,
	    .at = chronicle_time(chronicle, entry->at),
	    .prefix = chronicle_prefix(entry),
	    .count = 1,
	    .kept = 1,
	    .cause = cause_names[entry->cause],
	    .peer = name_of(chronicle, entry->by),
	    .path_id = entry->path_id,
	    .best = name_of(chronicle, entry->best),
	    .before = name_of(chronicle, entry->before),
	    .step = entry->best != CHRONICLE_NOBODY ? step_names[entry->step] : NULL,
	    .known = !entry->gone && (entry->cause == CHRONICLE_ANNOUNCED ||
				      entry->cause == CHRONICLE_RULES || entry->cause == CHRONICLE_NEXT_HOP),
	    .has_med = entry->has_med,
	    .as_hops = entry->hops,
	    .origin_as = entry->origin_as,
	    .med = entry->med,
	    .local_preference = entry->local_preference,
	};
	char text[1024];

	say_entry(entry, &record, text, sizeof(text));
	record.text = text;
	return teller->visit(teller->context, &record);
}

static bool
tell_mass(const struct teller *teller, const struct chronicle_mass *mass)
{
	const struct chronicle *chronicle = teller->chronicle;
	struct bgp_record record = {
	    .number = mass->number,
	    .at = chronicle_time(chronicle, mass->at),
	    .count = mass->count,
	    .kept = mass->kept,
	    .cause = cause_names[mass->cause],
	    .peer = name_of(chronicle, mass->by),
	};
	char what[300], text[600];
	size_t used;

	if (mass->count < CHRONICLE_MASS_TOLD)
		return true;
	phrase(what, sizeof(what), phrases[mass->cause].many, record.peer);
	used = (size_t)snprintf(
	    text, sizeof(text), "%llu %s, in %.1f s", (unsigned long long)mass->count, what,
	    (double)(chronicle_time(chronicle, mass->last) - record.at) / (double)USEC_PER_SEC);
	if (mass->kept < mass->count)
		snprintf(text + used, sizeof(text) - used, "; %u of them have a record of their own",
			 mass->kept);
	record.text = text;
	return teller->visit(teller->context, &record);
}

/* --- in their order ---------------------------------------------------------------------------- */

/* Three lists, each in the order of its numbers, merged. */
struct merge {
	const struct chronicle *chronicle;
	uint32_t at[3], end[3]; /* what is left of each: [at, end) */
};

static uint32_t
mass_kept(const struct chronicle *chronicle)
{
	return chronicle->mass_count < CHRONICLE_MASSES ? chronicle->mass_count : CHRONICLE_MASSES;
}

static const struct chronicle_mass *
mass_at(const struct chronicle *chronicle, uint32_t i)
{
	return &chronicle->masses[(chronicle->mass_count - mass_kept(chronicle) + i) % CHRONICLE_MASSES];
}

static uint32_t
number_at(const struct merge *merge, unsigned list, uint32_t i)
{
	return list == 0   ? chronicle_at(&merge->chronicle->single, i)->number
	       : list == 1 ? chronicle_at(&merge->chronicle->mass, i)->number
			   : mass_at(merge->chronicle, i)->number;
}

/* The first of a list whose number is beyond `after`. */
static uint32_t
seek(const struct merge *merge, unsigned list, uint64_t after)
{
	uint32_t low = 0, high = merge->end[list];

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (number_at(merge, list, middle) <= after)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool
give(const struct teller *teller, unsigned list, uint32_t i)
{
	if (list == 2)
		return tell_mass(teller, mass_at(teller->chronicle, i));
	return tell_entry(teller,
			  chronicle_at(list == 0 ? &teller->chronicle->single : &teller->chronicle->mass, i));
}

/* The next record, of whichever list; false: there is none, or `visit` has enough. */
static bool
step(struct merge *merge, const struct teller *teller, bool backwards)
{
	unsigned list = 3;
	uint32_t best = 0;

	for (unsigned i = 0; i < 3; i++) {
		uint32_t number;

		if (merge->at[i] >= merge->end[i])
			continue;
		number = number_at(merge, i, backwards ? merge->end[i] - 1 : merge->at[i]);
		if (list != 3 && (backwards ? number < best : number > best))
			continue;
		list = i;
		best = number;
	}
	if (list == 3)
		return false;
	return give(teller, list, backwards ? --merge->end[list] : merge->at[list]++);
}

void
bgp_walk_history(const struct bgp_speaker *speaker, uint64_t after, bool backwards,
		 bool (*visit)(void *context, const struct bgp_record *record), void *context)
{
	const struct chronicle *chronicle = speaker->chronicle;
	struct teller teller = {chronicle, visit, context};
	struct merge merge = {.chronicle = chronicle,
			      .end = {chronicle_kept(&chronicle->single), chronicle_kept(&chronicle->mass),
				      mass_kept(chronicle)}};

	for (unsigned i = 0; i < 3 && after != 0; i++) {
		if (backwards)
			merge.end[i] = seek(&merge, i, after - 1);
		else
			merge.at[i] = seek(&merge, i, after);
	}
	while (step(&merge, &teller, backwards)) {
	}
}

static usec_t
span_of(const struct chronicle *chronicle, const struct chronicle_ring *ring)
{
	uint32_t from = ring->count > CHRONICLE_RING ? chronicle_at(ring, 0)->at : 0;

	return chronicle_time(chronicle, from > ring->gap ? from : ring->gap);
}

void
bgp_history_span(const struct bgp_speaker *speaker, struct bgp_record_span *out)
{
	out->singles = span_of(speaker->chronicle, &speaker->chronicle->single);
	out->masses = span_of(speaker->chronicle, &speaker->chronicle->mass);
	out->count = chronicle_kept(&speaker->chronicle->single) + chronicle_kept(&speaker->chronicle->mass);
}

/* --- of one prefix ----------------------------------------------------------------------------- */

struct of_prefix {
	const struct chronicle *chronicle;
	struct ip_prefix prefix;
	struct vector peers; /* bits by their numbers in the chronicle */
};

static bool
is_about(const struct of_prefix *of, const struct chronicle_entry *entry)
{
	return entry->length == of->prefix.length && entry->family == of->prefix.address.family &&
	       memcmp(entry->address, of->prefix.address.bytes, ip_family_bytes(entry->family)) == 0;
}

static void
find_peers(struct of_prefix *of, const struct chronicle_ring *ring)
{
	for (uint32_t i = 0; i < chronicle_kept(ring); i++) {
		if (is_about(of, chronicle_at(ring, i)))
			bits_set(&of->peers, chronicle_at(ring, i)->by);
	}
}

/* Passes over the records of a list, from its end, that are about something else. */
static void
pass_over(struct merge *merge, const struct of_prefix *of)
{
	const struct chronicle_ring *rings[] = {&merge->chronicle->single, &merge->chronicle->mass};

	for (unsigned list = 0; list < 2; list++) {
		while (merge->end[list] > 0 && !is_about(of, chronicle_at(rings[list], merge->end[list] - 1)))
			merge->end[list]--;
	}
	while (merge->end[2] > 0) {
		const struct chronicle_mass *mass = mass_at(merge->chronicle, merge->end[2] - 1);

		if (mass->kept < mass->count && bits_get(&of->peers, mass->by))
			return;
		merge->end[2]--;
	}
}

void
bgp_walk_prefix_history(struct bgp_speaker *speaker, const struct ip_prefix *prefix,
			bool (*visit)(void *context, const struct bgp_record *record), void *context)
{
	const struct chronicle *chronicle = speaker->chronicle;
	struct of_prefix of = {.chronicle = chronicle, .prefix = ip_prefix_network(prefix)};
	struct rib *rib = speaker_rib(speaker, of.prefix.address.family);
	struct teller teller = {chronicle, visit, context};
	struct merge merge = {.chronicle = chronicle,
			      .end = {chronicle_kept(&chronicle->single), chronicle_kept(&chronicle->mass),
				      mass_kept(chronicle)}};
	uint32_t net = rib != NULL ? trie_get(&rib->trie, of.prefix.address.bytes, of.prefix.length) : 0;

	for (uint32_t at = net != 0 ? rib_net(rib, net)->paths : 0; at != 0; at = rib_path(rib, at)->next)
		bits_set(&of.peers, chronicle_number(chronicle, rib_path(rib, at)->peer));
	find_peers(&of, &chronicle->single);
	find_peers(&of, &chronicle->mass);
	do
		pass_over(&merge, &of);
	while (step(&merge, &teller, true));
	vector_free(&of.peers);
}
