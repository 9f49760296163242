// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Communities: of four octets (RFC 1997) and large ones of twelve (RFC 8092), and the names of those that are
 * well known (IANA, "BGP Well-known Communities").
 */
#include "core/policy/policy_internal.h"

#include <stdio.h>
#include <string.h>

#include "core/base/buffer.h"

static const struct {
	const char *name;
	uint32_t value;
} names[] = {
    {"graceful-shutdown", 0xffff0000}, /* RFC 8326 */
    {"llgr-stale", 0xffff0006},        /* RFC 9494 */
    {"no-llgr", 0xffff0007},           /* RFC 9494 */
    {"blackhole", 0xffff029a},         /* RFC 7999 */
    {"no-export", 0xffffff01},         /* RFC 1997, as are the next two */
    {"no-advertise", 0xffffff02},      {"no-export-subconfed", 0xffffff03},
    {"no-peer", 0xffffff04}, /* RFC 3765 */
};

const char *
policy_community_name(uint32_t value)
{
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		if (names[i].value == value)
			return names[i].name;
	}
	return NULL;
}

static bool
named(const char *text, struct policy_community *out)
{
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		if (strcmp(names[i].name, text) == 0) {
			*out = (struct policy_community){
			    .parts = {names[i].value >> 16, names[i].value & 0xffff}};
			return true;
		}
	}
	return false;
}

static bool
no_community(const char *text, bool patterns, struct error *err)
{
	const char *all[COUNT_OF(names) + 1] = {0}, *nearest;

	for (size_t i = 0; i < COUNT_OF(names); i++)
		all[i] = names[i].name;
	nearest = text_nearest(text, all);
	if (nearest != NULL)
		return error_set(err, "%s is no community (did you mean '%s'?)", text_quoted(text), nearest);
	return error_set(err,
			 "%s is no community: A:B with parts up to 65535%s, a large one A:B:C, or a name "
			 "such as no-export",
			 text_quoted(text), patterns ? " (or * for any)" : "");
}

bool
policy_community_parse(const char *text, bool patterns, struct policy_community *out, struct error *err)
{
	char copy[POLICY_COMMUNITY_TEXT], *rest = copy, *part;
	unsigned count = 0;

	*out = (struct policy_community){0};
	if (strlen(text) >= sizeof(copy))
		return no_community(text, patterns, err);
	if (named(text, out))
		return true;
	snprintf(copy, sizeof(copy), "%s", text);
	while ((part = strsep(&rest, ":")) != NULL) {
		uint64_t number = 0;

		if (count == 3)
			return no_community(text, patterns, err);
		if (patterns && strcmp(part, "*") == 0)
			out->any |= (uint8_t)(1u << count);
		else if (!text_parse_number(part, UINT32_MAX, &number))
			return no_community(text, patterns, err);
		out->parts[count++] = (uint32_t)number;
	}
	out->large = count == 3;
	if (count < 2 || (!out->large && (out->parts[0] > UINT16_MAX || out->parts[1] > UINT16_MAX)))
		return no_community(text, patterns, err);
	return true;
}

const char *
policy_community_format(const struct policy_community *community, char out[POLICY_COMMUNITY_TEXT])
{
	const char *name = !community->large && community->any == 0
			       ? policy_community_name(community->parts[0] << 16 | community->parts[1])
			       : NULL;
	size_t used = 0;

	if (name != NULL) {
		snprintf(out, POLICY_COMMUNITY_TEXT, "%s", name);
		return out;
	}
	for (unsigned i = 0; i < (community->large ? 3 : 2); i++) {
		if (community->any >> i & 1)
			used += (size_t)snprintf(out + used, POLICY_COMMUNITY_TEXT - used, "%s*",
						 i != 0 ? ":" : "");
		else
			used += (size_t)snprintf(out + used, POLICY_COMMUNITY_TEXT - used, "%s%u",
						 i != 0 ? ":" : "", community->parts[i]);
	}
	return out;
}

bool
policy_community_equal(const struct policy_community *a, const struct policy_community *b)
{
	return a->large == b->large && a->any == b->any && memcmp(a->parts, b->parts, sizeof(a->parts)) == 0;
}

bool
policy_community_fits(const struct policy_community *pattern, bool large, const uint32_t parts[3])
{
	if (pattern->large != large)
		return false;
	for (unsigned i = 0; i < (large ? 3 : 2); i++) {
		if ((pattern->any >> i & 1) == 0 && pattern->parts[i] != parts[i])
			return false;
	}
	return true;
}

static bool
any_fits(const struct policy_set *set, bool large, const uint32_t parts[3])
{
	for (size_t i = 0; i < set->count; i++) {
		if (policy_community_fits(&set->communities[i], large, parts))
			return true;
	}
	return false;
}

bool
communities_match(const struct policy_set *set, const struct policy_attributes *attributes)
{
	struct reader r = reader_over(attributes->communities, attributes->communities_length);
	uint32_t parts[3] = {0};

	while (reader_left(&r) >= 4) {
		parts[0] = reader_u16(&r);
		parts[1] = reader_u16(&r);
		if (any_fits(set, false, parts))
			return true;
	}
	r = reader_over(attributes->large, attributes->large_length);
	while (reader_left(&r) >= 12) {
		for (unsigned i = 0; i < 3; i++)
			parts[i] = reader_u32(&r);
		if (any_fits(set, true, parts))
			return true;
	}
	return false;
}
