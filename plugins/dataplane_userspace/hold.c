// SPDX-License-Identifier: GPL-2.0-or-later
/* Packets that wait for their keys; see userspace.h. The decrypt worker's own. */
#include "plugins/dataplane_userspace/userspace.h"

#include <stdlib.h>
#include <string.h>

enum { HELD_MOST = 64, HELD_LENGTH = 2048 };

struct hold {
	unsigned count;
	struct place {
		uint16_t length;
		bool encapsulated;
		uint8_t tos;
		usec_t since;
		struct sockaddr_storage from;
		uint8_t bytes[HELD_LENGTH];
	} places[HELD_MOST];
};

struct hold *
hold_create(void)
{
	return calloc(1, sizeof(struct hold));
}

void
hold_free(struct hold *hold)
{
	free(hold);
}

bool
hold_empty(const struct hold *hold)
{
	return hold->count == 0;
}

bool
hold_keep(struct hold *hold, const uint8_t *packet, size_t length, const struct sockaddr_storage *from,
	  bool encapsulated, uint8_t tos, usec_t now)
{
	struct place *place = &hold->places[hold->count];

	if (hold->count == HELD_MOST || length > HELD_LENGTH)
		return false;
	place->length = (uint16_t)length;
	place->encapsulated = encapsulated;
	place->tos = tos;
	place->since = now;
	place->from = *from;
	memcpy(place->bytes, packet, length);
	hold->count++;
	return true;
}

bool
hold_at(struct hold *hold, unsigned n, struct held *out)
{
	struct place *place = &hold->places[n];

	if (n >= hold->count)
		return false;
	*out = (struct held){
	    .bytes = place->bytes,
	    .length = place->length,
	    .from = &place->from,
	    .encapsulated = place->encapsulated,
	    .tos = place->tos,
	    .since = place->since,
	};
	return true;
}

void
hold_remove(struct hold *hold, unsigned n)
{
	hold->count--;
	memmove(&hold->places[n], &hold->places[n + 1], (hold->count - n) * sizeof(hold->places[0]));
}
