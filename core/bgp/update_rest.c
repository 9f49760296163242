// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The rest of an UPDATE. One of 64 KiB (RFC 8654) has sixteen thousand prefixes, and each of them may meet
 * sixty rules: more than a turn of the loop may take. What is not done after a millisecond waits here, and is
 * gone on with before the next message is looked at. The same goes for withdrawals, which make decisions
 * among hundreds of paths.
 */
#include "core/bgp/speaker_internal.h"

#include <stdlib.h>
#include <string.h>

#define STEP 128u /* prefixes between two looks at the clock, at most */
#define MOST_US 1000

struct pace
update_begin(const struct rib *rib)
{
	return (struct pace){.rib = rib, .looks = rib->looks};
}

bool
update_late(struct pace *pace)
{
	usec_t now;

	if (++pace->taken % STEP != 0 && !rib_worked(pace->rib, pace->looks))
		return false;
	pace->looks = pace->rib->looks;
	now = clock_monotonic();
	if (pace->until == 0)
		pace->until = now + MOST_US;
	return now >= pace->until;
}

void
update_rest_keep(struct session *s, enum bgp_family family, struct reader prefixes,
		 struct bgp_attributes *attributes)
{
	size_t length = reader_left(&prefixes);

	update_rest_free(&s->rest);
	if (length == 0)
		return;
	s->rest = (struct update_rest){.family = family, .length = length, .bytes = memory_zeroed(length, 1)};
	memcpy(s->rest.bytes, prefixes.at, length);
	s->rest.attributes = attributes != NULL ? attributes_hold(attributes) : NULL;
	s->rest.table = &s->peer->speaker->attributes;
}

bool
update_rest_waits(const struct session *s)
{
	return s->rest.length != 0;
}

void
update_rest_free(struct update_rest *rest)
{
	if (rest->length == 0)
		return;
	attributes_release(rest->table, rest->attributes);
	free(rest->bytes);
	*rest = (struct update_rest){0};
}
