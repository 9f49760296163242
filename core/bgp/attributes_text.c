// SPDX-License-Identifier: GPL-2.0-or-later
/* Attributes for people: as one text, or one for each item of a list. */
#include "core/bgp/attributes_internal.h"

#include <stdio.h>

void
bgp_attributes_as_path(const struct bgp_attributes *attributes, void (*item)(void *context, const char *text),
		       void *context)
{
	struct reader r = reader_over(attributes->data, attributes->as_path_length);
	char text[16 + 255 * 11];

	while (reader_left(&r) != 0) {
		bool set = reader_u8(&r) == SEGMENT_SET;
		unsigned count = reader_u8(&r);
		size_t used = 0;

		if (!set) {
			for (; count != 0; count--) {
				snprintf(text, sizeof(text), "%u", reader_u32(&r));
				item(context, text);
			}
			continue;
		}
		for (unsigned i = 0; i < count; i++)
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%u", i == 0 ? "{" : " ",
						 reader_u32(&r));
		snprintf(text + used, sizeof(text) - used, "}");
		item(context, text);
	}
}

void
bgp_attributes_communities(const struct bgp_attributes *attributes,
			   void (*item)(void *context, const char *text), void *context)
{
	struct reader r =
	    reader_over(attributes->data + attributes->as_path_length, attributes->communities_length);
	char text[40];

	while (reader_left(&r) >= 4) {
		unsigned high = reader_u16(&r);

		snprintf(text, sizeof(text), "%u:%u", high, reader_u16(&r));
		item(context, text);
	}
	r = attributes_large_communities(attributes);
	while (reader_left(&r) >= 12) {
		unsigned administrator = reader_u32(&r), first = reader_u32(&r);

		snprintf(text, sizeof(text), "%u:%u:%u", administrator, first, reader_u32(&r));
		item(context, text);
	}
}

static void
number_item(bool there, uint32_t number, void (*item)(void *context, const char *text), void *context)
{
	char text[16];

	if (!there)
		return;
	snprintf(text, sizeof(text), "%u", number);
	item(context, text);
}

void
bgp_attributes_med(const struct bgp_attributes *attributes, void (*item)(void *context, const char *text),
		   void *context)
{
	number_item((attributes->present & HAS_MED) != 0, attributes->med, item, context);
}

void
bgp_attributes_local_preference(const struct bgp_attributes *attributes,
				void (*item)(void *context, const char *text), void *context)
{
	number_item((attributes->present & HAS_LOCAL_PREF) != 0, attributes->local_pref, item, context);
}

void
bgp_attributes_next_hop(const struct bgp_attributes *attributes,
			void (*item)(void *context, const char *text), void *context)
{
	struct ip_address next_hop = attributes_next_hop(attributes);
	char text[IP_ADDRESS_TEXT];

	if (ip_address_is_set(&next_hop))
		item(context, ip_address_format(&next_hop, text));
}

void
bgp_attributes_origin(const struct bgp_attributes *attributes, void (*item)(void *context, const char *text),
		      void *context)
{
	item(context, bgp_origin_name(attributes->origin));
}
