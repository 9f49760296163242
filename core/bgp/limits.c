// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Limits of prefixes, each of a family (RFC 4271, 6.7; RFC 4486, 4), of which each path counts where there
 * are several (RFC 7911): a warning when most of a limit is used up, and what is done about one prefix more.
 * Inwards the session ends, or it is only said; outwards the prefix is kept back, since a peer that closes
 * the session for it would take all the others along.
 */
#include "core/bgp/speaker_internal.h"

#include <string.h>

#include "core/base/text.h"

#define WARN_PERCENT 75

static const char *
word_for(enum bgp_family family)
{
	return family == BGP_IPV4 ? "prefix" : "IPv6 prefix";
}

static bool
is_near(const struct bgp_peer *peer, uint64_t count, uint32_t limit)
{
	uint32_t percent = peer->config.limit_warn != 0 ? peer->config.limit_warn : WARN_PERCENT;

	return limit != 0 && count * 100 >= (uint64_t)limit * percent;
}

/* Each time that the level is reached, once; `again`: what was told before is being told anew. */
static void
tell_nearly_full(struct bgp_peer *peer, enum bgp_family family, uint64_t accepted, bool again)
{
	static const char *const then[] = {
	    [BGP_LIMIT_RESTART] = "one more than that closes the session",
	    [BGP_LIMIT_STOP] = "one more than that closes the session for good",
	    [BGP_LIMIT_WARN] = "more than that are taken all the same",
	};
	bool near = is_near(peer, accepted, peer->config.max_prefixes);

	if (near && !peer->near_limit[family])
		peer_event(peer, "warning", "peer.prefixes", "%llu %s%s of at most %u: %s",
			   (unsigned long long)accepted, word_for(family), PLURAL(accepted, "es"),
			   peer->config.max_prefixes, then[peer->config.limit_action]);
	peer->near_limit[family] = near || (again && peer->near_limit[family]);
}

/* RFC 4486, 4: AFI, SAFI and the limit in the data. */
static bool
too_many(const struct bgp_peer *peer, enum bgp_family family, struct bgp_error *error)
{
	uint32_t limit = peer->config.max_prefixes;
	uint8_t data[7];
	struct writer w = writer_over(data, sizeof(data));

	writer_u16(&w, family_afi(family));
	writer_u8(&w, 1);
	writer_u32(&w, limit);
	return bgp_error_set(error, BGP_ERROR_CEASE, CEASE_MAX_PREFIXES, data, sizeof(data),
			     "more than %u %s%s", limit, word_for(family), PLURAL(limit, "es"));
}

bool
limits_allow(struct bgp_peer *peer, enum bgp_family family, struct bgp_error *error)
{
	/* What a restarting peer told before, and may tell otherwise now, does not count: until it has told
	 * all there are twice as many as the limit at most, however often it begins anew (RFC 7313). */
	uint64_t most = peer->config.max_prefixes;
	uint64_t stale = peer_known(peer, family)->accepted_stale;
	uint64_t accepted = peer_known(peer, family)->accepted - (stale < most ? stale : most);
	bool over = accepted > peer->config.max_prefixes;

	if (peer->config.max_prefixes == 0)
		return true;
	tell_nearly_full(peer, family, accepted, stale != 0);
	if (over && peer->config.limit_action != BGP_LIMIT_WARN)
		return too_many(peer, family, error);
	if (over && !peer->over_limit[family])
		peer_event(peer, "warning", "peer.prefixes", "more than %u %s%s: taken all the same",
			   peer->config.max_prefixes, word_for(family),
			   PLURAL(peer->config.max_prefixes, "es"));
	peer->over_limit[family] = over || (stale != 0 && peer->over_limit[family]);
	return true;
}

void
limits_tell_paths(struct bgp_peer *peer, const struct rib *rib, const struct nlri *nlri)
{
	struct ip_prefix prefix = {.address.family = rib->family, .length = nlri->length};
	char text[IP_PREFIX_TEXT];

	if (peer->said_paths)
		return;
	peer->said_paths = true;
	memcpy(prefix.address.bytes, nlri->address, rib->address_bytes);
	peer_event(peer, "warning", "peer.paths",
		   "more than %d paths of %s: of no prefix more than so many are taken", RIB_PATHS_MOST,
		   ip_prefix_format(&prefix, text));
}

bool
limits_allow_out(struct bgp_peer *peer, struct adj_out *out)
{
	uint32_t limit = peer->config.max_prefixes_out;
	bool near = is_near(peer, out->count + 1, limit);

	if (near && !out->near_limit)
		peer_event(peer, "warning", "peer.prefixes",
			   "%llu prefix%s of at most %u advertised: more than that are kept back",
			   (unsigned long long)out->count + 1, PLURAL(out->count + 1, "es"), limit);
	out->near_limit = near;
	if (limit == 0 || out->count < limit)
		return true;
	if (!out->said_kept_back)
		peer_event(peer, "warning", "peer.prefixes",
			   "there are more than %u prefix%s to advertise: those beyond are kept back", limit,
			   PLURAL(limit, "es"));
	out->kept_back = out->said_kept_back = true;
	return false;
}

bool
limits_make_room(const struct bgp_peer *peer, struct adj_out *out)
{
	if (!out->kept_back ||
	    (peer->config.max_prefixes_out != 0 && out->count >= peer->config.max_prefixes_out))
		return false;
	out->kept_back = false;
	return true;
}
