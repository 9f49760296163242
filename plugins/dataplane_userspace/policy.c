// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is looked at in each inner packet: its way out before it is sealed, its way in after it was opened.
 * It must lie in the SA's traffic selectors both ways (RFC 4301 5.1, 5.2).
 */
#include "plugins/dataplane_userspace/userspace.h"
#include "core/base/buffer.h"
#include "core/probe.h"

#include <string.h>

/* Where a selector names a protocol or ports. Seldom: a route-based tunnel carries everything. */
static bool
selected_limited(const struct sa *sa, const struct inner *inner, bool source, bool destination)
{
	struct upper upper;

	return sa->source.limited_count + sa->destination.limited_count != 0 &&
	       upper_read(inner->packet, inner->length, &upper) &&
	       (source ||
		selectors_match_limited(&sa->source, inner->family, inner->source, &upper, upper.source)) &&
	       (destination || selectors_match_limited(&sa->destination, inner->family, inner->destination,
						       &upper, upper.destination));
}

static enum drop
selected(const struct sa *sa, const struct inner *inner)
{
	bool source = selectors_match(&sa->source, inner->family, inner->source),
	     destination = selectors_match(&sa->destination, inner->family, inner->destination);

	return (source && destination) || selected_limited(sa, inner, source, destination) ? DROP_NONE
											   : DROP_SELECTOR;
}

/* The kernel talks to its neighbours (ff02::/16, RFC 4291 2.7) on every interface that it gives IPv6 to, as
 * it does whenever one comes to have an MTU of 1280. That is for nobody, and no packet that is missing. */
static bool
is_for_link(const struct inner *inner)
{
	return inner->family == AF_INET6 && inner->destination[0] == 0xff && inner->destination[1] == 0x02;
}

enum drop
policy_out(const struct sa *sa, const uint8_t *packet, size_t length)
{
	struct inner inner;
	bool good = inner_parse(packet, length, &inner) && inner.length == length;

	if (sa == NULL)
		return good && is_for_link(&inner) ? DROP_SILENTLY : DROP_NO_SA;
	if (!good)
		return DROP_MALFORMED;
	return selected(sa, &inner) == DROP_NONE ? DROP_NONE
	       : is_for_link(&inner)             ? DROP_SILENTLY
						 : DROP_SELECTOR;
}

enum drop
policy_in(const struct sa *sa, const struct inner *inner)
{
	return selected(sa, inner);
}

bool
policy_probe(const struct inside *inside, const uint8_t *packet, size_t length)
{
	enum { ECHO_V4 = 8, ECHO_V6 = 128 };
	struct transport transport;
	struct inner inner;
	const struct ip_address *own;

	if (inside == NULL || !inner_parse(packet, length, &inner) ||
	    !transport_find(packet, inner.length, &transport) || transport.fragment ||
	    transport.may_fragment || transport.length == 0)
		return false;
	own = &inside->address[inner.family == AF_INET6];
	return own->family == inner.family && packet[inner.family == AF_INET6 ? 7 : 8] == PROBE_HOPS &&
	       memcmp(own->bytes, inner.source, ip_family_bytes(inner.family)) == 0 &&
	       (inner.family == AF_INET6
		    ? transport.protocol == IPPROTO_ICMPV6 && packet[transport.offset] == ECHO_V6
		    : transport.protocol == IPPROTO_ICMP && packet[transport.offset] == ECHO_V4);
}

bool
policy_own_pair(const struct inside *inside, const uint8_t *packet, bool in)
{
	bool v6 = packet[0] >> 4 == 6;
	uint8_t family = v6 ? AF_INET6 : AF_INET;
	size_t size = ip_family_bytes(family), first = v6 ? 8 : 12;
	const uint8_t *here = packet + first + (in ? size : 0), *there = packet + first + (in ? 0 : size);

	if (inside->address[v6].family != family || memcmp(here, inside->address[v6].bytes, size) != 0)
		return false;
	for (unsigned i = 0; i < DATAPLANE_PEERS; i++)
		if (inside->peer[i].family == family && memcmp(there, inside->peer[i].bytes, size) == 0)
			return true;
	return false;
}

enum { BGP = 179, BFD = 3784, BFD_MULTIHOP = 4784, SMALL_ICMP = 576 };

/* Of an IPv4 packet that is no fragment, or an IPv6 packet: where its payload starts and what it is. */
static size_t
payload(const uint8_t *packet, size_t length, uint8_t *protocol)
{
	struct reader r = reader_over(packet, length);
	uint8_t first = reader_u8(&r);

	if (first >> 4 == 4) {
		reader_bytes(&r, 5);
		if ((reader_u16(&r) & 0x3fff) != 0)
			return 0;
		reader_u8(&r);
		*protocol = reader_u8(&r);
		return r.failed ? 0 : (size_t)(first & 15) * 4;
	}
	reader_bytes(&r, 5);
	*protocol = reader_u8(&r);
	return r.failed || first >> 4 != 6 ? 0 : 40;
}

/* What a TCP probe sends and is answered by. Of a connection's other packets none may overtake those before.
 */
static bool
knocks(const struct inside *inside, const uint8_t *packet, struct reader tcp)
{
	enum { FLAGS_AT = 13, SYN = 2, RST = 4 };

	reader_bytes(&tcp, FLAGS_AT);
	return (reader_u8(&tcp) & (SYN | RST)) != 0 && !tcp.failed && policy_own(inside, packet, false);
}

bool
policy_urgent(const struct inside *inside, const uint8_t *packet, size_t length)
{
	uint8_t protocol = 0;
	size_t at = payload(packet, length, &protocol);
	uint16_t source, destination;
	struct reader r, tcp;

	if (at == 0 || at >= length)
		return false;
	r = tcp = reader_over(packet + at, length - at);
	source = reader_u16(&r);
	destination = reader_u16(&r);
	switch (protocol) {
	case IPPROTO_TCP:
		return source == BGP || destination == BGP || knocks(inside, packet, tcp);
	case IPPROTO_UDP:
		return destination == BFD || destination == BFD_MULTIHOP || destination == IKE_PORT;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return length <= SMALL_ICMP;
	default:
		return false;
	}
}
