// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * MP_REACH_NLRI and MP_UNREACH_NLRI (RFC 4760, 3 and 4): routes of any family in two attributes of their own.
 * IPv6 has its next hop by RFC 2545, IPv4 may have one of IPv6 where both sides speak RFC 8950.
 *
 * Where one of them can't be read, no prefix in it is known, and nothing can be treated as withdrawn. A
 * session that has another family besides then goes on with that one ("AFI/SAFI disable", RFC 7606, 2 and
 * 7.11); a session that has none is reset.
 */
#include "core/bgp/attributes_internal.h"

#include <string.h>

#define SAFI_UNICAST 1

bool
family_of(uint16_t afi, uint8_t safi, enum bgp_family *family)
{
	if (safi != SAFI_UNICAST || (afi != 1 && afi != 2))
		return false;
	*family = afi == 1 ? BGP_IPV4 : BGP_IPV6;
	return true;
}

bool
prefixes_readable(struct reader r, unsigned bits, bool ids)
{
	struct nlri nlri;

	while (reader_left(&r) != 0) {
		if (!bgp_nlri_read(&r, bits, ids, &nlri))
			return false;
	}
	return !r.failed;
}

static bool
is_link_local(const uint8_t address[16])
{
	return address[0] == 0xfe && (address[1] & 0xc0) == 0x80;
}

/* Nothing that could be reached as an IPv6 address: the unspecified one, or an IPv4 address in the clothes of
 * IPv6. */
static bool
is_hollow(const uint8_t address[16])
{
	static const uint8_t zero[10];

	return memcmp(address, zero, sizeof(zero)) == 0 &&
	       ((address[10] == 0 && address[11] == 0 && memcmp(address + 12, zero, 4) == 0) ||
		(address[10] == 0xff && address[11] == 0xff));
}

/* RFC 2545, 3: a global address, and a link-local one behind it where both ends are on one link. */
static bool
next_hop_read(const uint8_t *at, size_t length, enum bgp_family family, bool extended, struct ip_address *out)
{
	*out = (struct ip_address){.family = length == 4 ? AF_INET : AF_INET6};
	if (family == BGP_IPV4 ? length != 4 && !extended : length == 4)
		return false;
	if (length != 4 && length != 16 && length != 32)
		return false;
	if (length == 32 && is_link_local(at + 16) && (is_hollow(at) || is_link_local(at)))
		at += 16;
	memcpy(out->bytes, at, length == 4 ? 4 : 16);
	return true;
}

enum multiprotocol_reading
multiprotocol_read(struct reader value, bool reach, const struct attribute_context *context,
		   struct multiprotocol *out)
{
	uint16_t afi = reader_u16(&value);
	uint8_t safi = reader_u8(&value);
	enum bgp_family family;
	bool fine = true;

	out->there = false;
	if (value.failed)
		return MULTIPROTOCOL_RESETS;
	if (!family_of(afi, safi, &family)) {
		if (reach)
			reader_bytes(&value, (size_t)reader_u8(&value) + 1);
		return value.failed ? MULTIPROTOCOL_RESETS : MULTIPROTOCOL_IGNORED;
	}
	out->family = family;
	if (context->disabled & BGP_FAMILY_BIT(family))
		return MULTIPROTOCOL_IGNORED;
	if (reach) {
		size_t length = reader_u8(&value);
		const uint8_t *at = reader_bytes(&value, length);

		reader_u8(&value); /* reserved */
		fine = !value.failed &&
		       next_hop_read(at, length, family, context->extended_next_hop, &out->next_hop);
	}
	fine = fine && prefixes_readable(value, family_bits(family),
					 (context->add_path & BGP_FAMILY_BIT(family)) != 0);
	if (!fine)
		return context->families & BGP_FAMILY_BIT(family) &&
			       context->families & ~BGP_FAMILY_BIT(family)
			   ? MULTIPROTOCOL_DISABLES
			   : MULTIPROTOCOL_RESETS;
	if (!(context->families & BGP_FAMILY_BIT(family)))
		return MULTIPROTOCOL_IGNORED;
	out->there = true;
	out->prefixes = value;
	return MULTIPROTOCOL_TAKEN;
}

bool
multiprotocol_cut(struct reader section, struct reader *reach, struct reader *unreach, struct writer *rest)
{
	*reach = *unreach = (struct reader){0};
	while (reader_left(&section) != 0) {
		const uint8_t *whole = section.at;
		uint8_t flags = reader_u8(&section), type = reader_u8(&section);
		size_t length = flags & FLAG_EXTENDED ? reader_u16(&section) : reader_u8(&section);
		struct reader value = reader_sub(&section, length);
		struct reader *to = type == ATTRIBUTE_MP_REACH     ? reach
				    : type == ATTRIBUTE_MP_UNREACH ? unreach
								   : NULL;

		if (section.failed)
			return false;
		if (to != NULL && to->at == NULL &&
		    (flags & (FLAG_OPTIONAL | FLAG_TRANSITIVE)) == FLAG_OPTIONAL)
			*to = value;
		else
			writer_bytes(rest, whole, (size_t)(section.at - whole));
	}
	return !rest->failed && (reach->at != NULL || unreach->at != NULL);
}

size_t
multiprotocol_begin(struct writer *w, enum bgp_family family, const struct ip_address *next_hop)
{
	size_t begin = writer_length(w);

	writer_u8(w, FLAG_OPTIONAL | FLAG_EXTENDED);
	writer_u8(w, next_hop != NULL ? ATTRIBUTE_MP_REACH : ATTRIBUTE_MP_UNREACH);
	writer_u16(w, 0);
	writer_u16(w, family_afi(family));
	writer_u8(w, SAFI_UNICAST);
	if (next_hop != NULL) {
		writer_u8(w, (uint8_t)ip_family_bytes(next_hop->family));
		writer_bytes(w, next_hop->bytes, ip_family_bytes(next_hop->family));
		writer_u8(w, 0); /* reserved */
	}
	return begin;
}

void
multiprotocol_link_local(struct writer *w, size_t begin, const struct ip_address *link_local)
{
	writer_patch_u8(w, begin + 7, 32);
	w->at--; /* the reserved octet stands behind it */
	writer_bytes(w, link_local->bytes, 16);
	writer_u8(w, 0);
}

void
multiprotocol_end(struct writer *w, size_t begin)
{
	writer_patch_u16(w, begin + 2, (uint16_t)(writer_length(w) - begin - 4));
}
