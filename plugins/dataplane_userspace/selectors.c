// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Traffic selectors as every packet is compared with them (RFC 4301 4.4.1): ranges of addresses, made into a
 * sorted list without overlaps for each family when the SA is made. A packet then costs a look at a flag
 * where everything may pass, as with 0.0.0.0/0, and a binary search where not, however many ranges a peer
 * asked for. Only addresses count there, so fragments are no different from whole packets.
 *
 * A peer may have narrowed the child SA to a protocol, or to ports of it. Those selectors are a list of their
 * own, gone through where the others don't match. A later fragment shows no ports: it passes where any port
 * may, or where the selector is for such packets (OPAQUE, RFC 4301 4.4.1.1).
 */
#include "plugins/dataplane_userspace/userspace.h"
#include "core/base/buffer.h"

#include <stdlib.h>
#include <string.h>

/* An address as a number of 128 bits; IPv4 in the lower half. */
struct number {
	uint64_t high, low;
};

struct selector_range {
	struct number from, to;
};

static struct number
number_of(uint8_t family, const uint8_t *address)
{
	struct reader r = reader_over(address, family == AF_INET6 ? 16 : 4);
	struct number number = {0};

	if (family == AF_INET6) {
		number.high = reader_u64(&r);
		number.low = reader_u64(&r);
	} else {
		number.low = reader_u32(&r);
	}
	return number;
}

static bool
at_most(const struct number *a, const struct number *b)
{
	return a->high < b->high || (a->high == b->high && a->low <= b->low);
}

static int
by_start(const void *a, const void *b)
{
	const struct selector_range *ra = a, *rb = b;

	return at_most(&ra->from, &rb->from) ? at_most(&rb->from, &ra->from) ? 0 : -1 : 1;
}

/* Makes one of ranges that overlap. */
static size_t
merge(struct selector_range *ranges, size_t count)
{
	size_t kept = 0;

	qsort(ranges, count, sizeof(*ranges), by_start);
	for (size_t i = 0; i < count; i++) {
		struct selector_range *last = kept != 0 ? &ranges[kept - 1] : NULL;

		if (last == NULL || !at_most(&ranges[i].from, &last->to))
			ranges[kept++] = ranges[i];
		else if (!at_most(&ranges[i].to, &last->to))
			last->to = ranges[i].to;
	}
	return kept;
}

static bool
is_all(uint8_t family, const struct selector_range *range)
{
	const struct number last =
	    family == AF_INET6 ? (struct number){UINT64_MAX, UINT64_MAX} : (struct number){0, UINT32_MAX};

	return range->from.high == 0 && range->from.low == 0 && at_most(&last, &range->to);
}

/* Those that name a protocol, as they are. False when memory is out, and nothing is left to close then. */
static bool
keep_limited(struct selectors *selectors, const struct dataplane_selector *from, size_t count)
{
	selectors->limited = calloc(count != 0 ? count : 1, sizeof(*selectors->limited));
	if (selectors->limited == NULL) {
		selectors_close(selectors);
		return false;
	}
	for (size_t i = 0; i < count; i++)
		if (from[i].protocol != 0)
			selectors->limited[selectors->limited_count++] = from[i];
	return true;
}

bool
selectors_open(struct selectors *selectors, const struct dataplane_selector *from, size_t count)
{
	static const uint8_t families[2] = {AF_INET, AF_INET6};

	*selectors = (struct selectors){.all = {count == 0, count == 0}};
	for (int f = 0; f < 2; f++) {
		struct selector_range *ranges = calloc(count != 0 ? count : 1, sizeof(*ranges));
		size_t found = 0;

		if (ranges == NULL) {
			selectors_close(selectors);
			return false;
		}
		for (size_t i = 0; i < count; i++) {
			struct selector_range range = {number_of(families[f], from[i].from.bytes),
						       number_of(families[f], from[i].to.bytes)};

			/* one that ends before it begins holds nothing */
			if (from[i].from.family == families[f] && from[i].protocol == 0 &&
			    at_most(&range.from, &range.to))
				ranges[found++] = range;
		}
		selectors->ranges[f] = ranges;
		selectors->count[f] = merge(ranges, found);
		if (selectors->count[f] != 0 && is_all(families[f], &ranges[0]))
			selectors->all[f] = true;
	}
	return keep_limited(selectors, from, count);
}

void
selectors_close(struct selectors *selectors)
{
	for (int f = 0; f < 2; f++)
		free(selectors->ranges[f]);
	free(selectors->limited);
	*selectors = (struct selectors){0};
}

bool
selectors_match(const struct selectors *selectors, uint8_t family, const uint8_t *address)
{
	int f = family_index(family);
	size_t low = 0, high = selectors->count[f];
	struct number number;

	if (selectors->all[f])
		return true;
	number = number_of(family, address);
	/* the last range that does not begin behind the address */
	while (low < high) {
		size_t middle = (low + high) / 2;

		if (at_most(&selectors->ranges[f][middle].from, &number))
			low = middle + 1;
		else
			high = middle;
	}
	return low != 0 && at_most(&number, &selectors->ranges[f][low - 1].to);
}

bool
upper_read(const uint8_t *packet, size_t length, struct upper *out)
{
	struct transport transport;
	struct reader r;

	if (!transport_find(packet, length, &transport))
		return false;
	*out = (struct upper){.protocol = transport.protocol};
	if (!transport.first)
		return true;
	r = reader_over(packet + transport.offset, transport.length);
	out->source = reader_u16(&r);
	switch (transport.protocol) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
	case IPPROTO_SCTP:
	case IPPROTO_DCCP:
		out->destination = reader_u16(&r);
		break;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		out->destination = out->source;
		break;
	default:
		return true;
	}
	out->ports = !r.failed;
	return true;
}

static bool
port_passes(const struct dataplane_selector *selector, const struct upper *upper, uint16_t port)
{
	bool any = selector->from_port == 0 && selector->to_port == UINT16_MAX,
	     opaque = selector->from_port == UINT16_MAX && selector->to_port == 0;

	if (!upper->ports)
		return any || opaque;
	return port >= selector->from_port && port <= selector->to_port;
}

bool
selectors_match_limited(const struct selectors *selectors, uint8_t family, const uint8_t *address,
			const struct upper *upper, uint16_t port)
{
	struct number number = number_of(family, address);

	for (size_t i = 0; i < selectors->limited_count; i++) {
		const struct dataplane_selector *one = &selectors->limited[i];
		struct number from = number_of(family, one->from.bytes),
			      to = number_of(family, one->to.bytes);

		if (one->from.family == family && one->protocol == upper->protocol &&
		    at_most(&from, &number) && at_most(&number, &to) && port_passes(one, upper, port))
			return true;
	}
	return false;
}
