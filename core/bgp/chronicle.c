// SPDX-License-Identifier: GPL-2.0-or-later
/* Changes of paths, noted; see chronicle_internal.h. chronicle_text.c says them to people. */
#include "core/bgp/chronicle_internal.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/text.h"

#define UNIT (10 * USEC_PER_MS) /* of times that are kept: 32 bits last for 497 days */
#define NAMES_MOST 4096u
#define LOOKED_BACK 16u /* masses that may be under way at once */

struct chronicle *
chronicle_new(void)
{
	struct chronicle *chronicle = memory_zeroed(1, sizeof(*chronicle));

	chronicle->opened = clock_monotonic();
	return chronicle;
}

static char **
names_of(const struct chronicle *chronicle)
{
	return chronicle->names.items;
}

static uint32_t
name_count(const struct chronicle *chronicle)
{
	return (uint32_t)(chronicle->names.bytes / sizeof(char *));
}

void
chronicle_free(struct chronicle *chronicle)
{
	if (chronicle == NULL)
		return;
	for (uint32_t i = 0; i < name_count(chronicle); i++)
		free(names_of(chronicle)[i]);
	vector_free(&chronicle->names);
	vector_free(&chronicle->of_peer);
	vector_free(&chronicle->single.entries);
	vector_free(&chronicle->mass.entries);
	free(chronicle);
}

void
chronicle_tick(struct chronicle *chronicle, usec_t now)
{
	chronicle->now = (uint32_t)((now - chronicle->opened) / UNIT);
}

usec_t
chronicle_time(const struct chronicle *chronicle, uint32_t at)
{
	return chronicle->opened + (usec_t)at * UNIT;
}

void
chronicle_table_begins(struct rib *rib, uint16_t peer)
{
	if (rib->chronicle == NULL)
		return;
	rib_peer(rib, peer)->table_until = rib->chronicle->now + (uint32_t)(CHRONICLE_TABLE_TIME / UNIT);
}

void
chronicle_table_ends(struct rib *rib, uint16_t peer)
{
	rib_peer(rib, peer)->table_until = 0;
}

/* --- names ------------------------------------------------------------------------------------- */

static void
mark_ring(const struct chronicle_ring *ring, struct vector *used)
{
	for (uint32_t i = 0; i < chronicle_kept(ring); i++) {
		const struct chronicle_entry *entry = chronicle_at(ring, i);

		bits_set(used, entry->by);
		bits_set(used, entry->best);
		bits_set(used, entry->before);
	}
}

/* Frees the names that no record and no peer has any more. */
static void
collect_names(struct chronicle *chronicle)
{
	struct vector used = {0};

	bits_set(&used, UINT16_MAX);
	mark_ring(&chronicle->single, &used);
	mark_ring(&chronicle->mass, &used);
	for (uint32_t i = 0; i < CHRONICLE_MASSES && i < chronicle->mass_count; i++)
		bits_set(&used, chronicle->masses[i].by);
	for (size_t i = 0; i < chronicle->of_peer.bytes / sizeof(uint16_t); i++)
		bits_set(&used, ((const uint16_t *)chronicle->of_peer.items)[i]);
	for (uint32_t i = 0; i < name_count(chronicle); i++) {
		if (bits_get(&used, i))
			continue;
		free(names_of(chronicle)[i]);
		names_of(chronicle)[i] = NULL;
	}
	vector_free(&used);
}

/* The number of a name; `room`: a free one. CHRONICLE_NOBODY where there is none. */
static uint16_t
find_name(const struct chronicle *chronicle, const char *name, uint32_t *room)
{
	*room = UINT32_MAX;
	for (uint32_t i = 1; i < name_count(chronicle); i++) {
		const char *known = names_of(chronicle)[i];

		if (known != NULL && strcmp(known, name) == 0)
			return (uint16_t)i;
		if (known == NULL && *room == UINT32_MAX)
			*room = i;
	}
	return CHRONICLE_NOBODY;
}

void
chronicle_name(struct chronicle *chronicle, uint16_t peer, const char *name)
{
	uint32_t room;
	uint16_t number = find_name(chronicle, name, &room);

	/* Number 0 is this gateway: what is originated here has the number RIB_LOCAL. */
	if (number == CHRONICLE_NOBODY && room == UINT32_MAX) {
		room = name_count(chronicle) != 0 ? name_count(chronicle) : 1;
		if (room >= NAMES_MOST) {
			collect_names(chronicle);
			find_name(chronicle, name, &room);
		} else {
			vector_need(&chronicle->names, ((size_t)room + 1) * sizeof(char *));
		}
	}
	if (number == CHRONICLE_NOBODY && room != UINT32_MAX) {
		names_of(chronicle)[room] = text_copy(name);
		number = (uint16_t)room;
	}
	vector_need(&chronicle->of_peer, ((size_t)peer + 1) * sizeof(uint16_t));
	((uint16_t *)chronicle->of_peer.items)[peer] =
	    number != CHRONICLE_NOBODY ? number : CHRONICLE_UNKNOWN;
}

const char *
chronicle_name_of(const struct chronicle *chronicle, uint16_t number)
{
	const char *name;

	if (number == RIB_LOCAL || number == CHRONICLE_NOBODY)
		return NULL;
	name = number < name_count(chronicle) ? names_of(chronicle)[number] : NULL;
	return name != NULL ? name : "a former peer";
}

uint16_t
chronicle_number(const struct chronicle *chronicle, uint16_t peer)
{
	if (peer == RIB_FREE)
		return CHRONICLE_NOBODY;
	if (peer == RIB_LOCAL)
		return RIB_LOCAL;
	return ((size_t)peer + 1) * sizeof(uint16_t) <= chronicle->of_peer.bytes
		   ? ((const uint16_t *)chronicle->of_peer.items)[peer]
		   : CHRONICLE_UNKNOWN;
}

/* --- rings ------------------------------------------------------------------------------------- */

uint32_t
chronicle_kept(const struct chronicle_ring *ring)
{
	return ring->count < CHRONICLE_RING ? ring->count : CHRONICLE_RING;
}

static struct chronicle_entry *
slot(const struct chronicle_ring *ring, uint32_t i)
{
	return (struct chronicle_entry *)ring->entries.items + i % CHRONICLE_RING;
}

const struct chronicle_entry *
chronicle_at(const struct chronicle_ring *ring, uint32_t i)
{
	return slot(ring, ring->count - chronicle_kept(ring) + i);
}

struct ip_prefix
chronicle_prefix(const struct chronicle_entry *entry)
{
	struct ip_prefix prefix = {.address.family = entry->family, .length = entry->length};

	memcpy(prefix.address.bytes, entry->address, sizeof(entry->address));
	return prefix;
}

static struct chronicle_entry *
add_entry(struct chronicle_ring *ring)
{
	uint32_t need = chronicle_kept(ring) + 1;

	vector_need(&ring->entries,
		    (need < CHRONICLE_RING ? need : CHRONICLE_RING) * sizeof(struct chronicle_entry));
	return slot(ring, ring->count++);
}

/* --- masses ------------------------------------------------------------------------------------ */

static bool
is_of(const struct chronicle *chronicle, const struct chronicle_mass *mass, uint16_t by, uint8_t cause)
{
	return mass->by == by && mass->cause == cause &&
	       (usec_t)(chronicle->now - mass->last) * UNIT <= CHRONICLE_MASS_GAP;
}

/* The mass that a change belongs to, which may be a new one. */
static struct chronicle_mass *
mass_for(struct chronicle *chronicle, uint16_t by, uint8_t cause)
{
	struct chronicle_mass *mass = chronicle->open;

	if (mass != NULL && is_of(chronicle, mass, by, cause))
		return mass;
	for (uint32_t i = 1; i <= LOOKED_BACK && i <= chronicle->mass_count; i++) {
		mass = &chronicle->masses[(chronicle->mass_count - i) % CHRONICLE_MASSES];
		if (is_of(chronicle, mass, by, cause))
			return mass;
	}
	mass = &chronicle->masses[chronicle->mass_count++ % CHRONICLE_MASSES];
	*mass = (struct chronicle_mass){.number = ++chronicle->number,
					.at = chronicle->now,
					.last = chronicle->now,
					.by = by,
					.cause = cause};
	return mass;
}

/* Whether there were so many single changes lately that this one is counted only. */
static bool
too_many(struct chronicle *chronicle)
{
	if ((usec_t)(chronicle->now - chronicle->window_from) * UNIT > CHRONICLE_WINDOW) {
		chronicle->window_from = chronicle->now;
		chronicle->window_count = 0;
	}
	return ++chronicle->window_count > CHRONICLE_SINGLE_MOST;
}

/* --- a change ---------------------------------------------------------------------------------- */

/* Whether what changed follows from one thing that happened to a whole table. */
static bool
is_mass(const struct chronicle *chronicle, const struct rib *rib, const struct chronicle_change *change,
	enum chronicle_cause cause)
{
	if (cause >= CHRONICLE_SESSION)
		return true;
	return change->peer != RIB_LOCAL && chronicle->now < rib_peer(rib, change->peer)->table_until;
}

/* The last AS of a path, which brought the prefix into BGP; 0: it is empty or ends with a set. */
static uint32_t
origin_as(const struct bgp_attributes *attributes)
{
	struct reader r = reader_over(attributes->data, attributes->as_path_length);
	uint32_t last = 0;

	while (reader_left(&r) != 0 && !r.failed) {
		uint8_t type = reader_u8(&r), count = reader_u8(&r);

		while (count-- != 0)
			last = reader_u32(&r);
		last = type == SEGMENT_SEQUENCE ? last : 0;
	}
	return r.failed ? 0 : last;
}

static void
fill(struct chronicle_entry *entry, const struct chronicle *chronicle, struct rib *rib,
     const struct chronicle_change *change)
{
	const struct path *path = change->path;

	*entry = (struct chronicle_entry){
	    .at = chronicle->now,
	    .by = chronicle_number(chronicle, change->peer),
	    .best = chronicle_number(chronicle, change->best),
	    .before = chronicle_number(chronicle, change->before),
	    .family = rib->family,
	    .length = change->net->length,
	    .gone = path == NULL && !change->again,
	    .again = change->again,
	    .path_id = change->path_id,
	    .step = change->best != RIB_FREE ? (uint8_t)decision_step_of(rib, change->net) : 0,
	};
	memcpy(entry->address, change->net->address, rib->address_bytes);
	if (path == NULL)
		return;
	entry->verdict = path->verdict;
	entry->hops =
	    path->attributes->path_hops < UINT8_MAX ? (uint8_t)path->attributes->path_hops : UINT8_MAX;
	entry->origin_as = origin_as(path->attributes);
	entry->has_med = (path->attributes->present & HAS_MED) != 0;
	entry->med = path->attributes->med;
	entry->local_preference = path_local_preference(rib, path);
}

void
chronicle_note(struct chronicle *chronicle, struct rib *rib, const struct chronicle_change *change)
{
	enum chronicle_cause cause = chronicle->why != CHRONICLE_ANNOUNCED ? chronicle->why : change->cause;
	struct chronicle_ring *ring = &chronicle->single;
	struct chronicle_entry *entry;

	if (is_mass(chronicle, rib, change, cause) || too_many(chronicle)) {
		struct chronicle_mass *mass =
		    mass_for(chronicle, chronicle_number(chronicle, change->peer), cause);

		chronicle->open = mass;
		mass->last = chronicle->now;
		mass->count++;
		ring = &chronicle->mass;
		if (mass->kept >= CHRONICLE_MASS_KEPT) {
			ring->gap = chronicle->now;
			return;
		}
		mass->kept++;
	}
	entry = add_entry(ring);
	fill(entry, chronicle, rib, change);
	entry->number = ++chronicle->number;
	entry->cause = (uint8_t)cause;
}
