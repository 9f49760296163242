// SPDX-License-Identifier: GPL-2.0-or-later
/* What is originated here: networks, and the default route that some peers are told. */
#include "core/bgp/chronicle_internal.h"
#include "core/bgp/origin_internal.h"

bool
bgp_prefix_usable(const struct ip_prefix *prefix)
{
	return bgp_destination(ip_family_bits(prefix->address.family), prefix->address.bytes, prefix->length);
}

const struct path *
speaker_local_path(const struct rib *rib, const struct ip_prefix *network)
{
	uint32_t index = trie_get(&rib->trie, network->address.bytes, network->length);

	for (uint32_t at = index != 0 ? rib_net(rib, index)->paths : 0; at != 0;
	     at = rib_path(rib, at)->next) {
		if (rib_path(rib, at)->peer == RIB_LOCAL)
			return rib_path(rib, at);
	}
	return NULL;
}

void
speaker_originate(struct bgp_speaker *speaker, struct rib *rib, const struct ip_prefix *network,
		  struct bgp_attributes *attributes, enum path_verdict verdict)
{
	chronicle_tick(speaker->chronicle, clock_monotonic());
	rib_announce(rib, RIB_LOCAL, network->address.bytes, network->length, attributes, verdict);
	speaker_kick(speaker);
}

void
speaker_need_default(struct bgp_speaker *speaker)
{
	for (unsigned f = 0; f < BGP_FAMILY_COUNT; f++) {
		struct rib *rib = &speaker->ribs[f];
		struct ip_prefix all = {.address.family = rib->family};

		uint32_t net;

		if (speaker_local_path(rib, &all) != NULL)
			continue;
		speaker_originate(speaker, rib, &all, speaker->local_attributes, PATH_DEFAULT);
		/* It is nobody's best path, but an order that was begun before may lack the prefix. */
		net = trie_get(&rib->trie, all.address.bytes, 0);
		changes_add(rib, net);
		changes_add_paths(rib, net);
	}
}

static bool
default_needed(const struct bgp_speaker *speaker)
{
	for (const struct bgp_peer *peer = speaker->peers; peer != NULL; peer = peer->next) {
		if (!peer->removed && peer->config.habits.default_originate)
			return true;
	}
	return false;
}

void
speaker_retire(struct bgp_speaker *speaker, struct rib *rib, const struct ip_prefix *network)
{
	chronicle_tick(speaker->chronicle, clock_monotonic());
	if (network->length == 0 && default_needed(speaker))
		speaker_originate(speaker, rib, network, speaker->local_attributes, PATH_DEFAULT);
	else
		rib_withdraw(rib, RIB_LOCAL, network->address.bytes, network->length);
	speaker_kick(speaker);
}

/* An aggregate has other attributes. */
static bool
is_network(const struct bgp_speaker *speaker, const struct path *path)
{
	return path != NULL && path->verdict == PATH_USABLE && path->attributes == speaker->local_attributes;
}

bool
bgp_network_add(struct bgp_speaker *speaker, const struct ip_prefix *prefix)
{
	struct ip_prefix network = ip_prefix_network(prefix);
	struct rib *rib = speaker_rib(speaker, network.address.family);
	const struct path *path = rib != NULL ? speaker_local_path(rib, &network) : NULL;

	if (rib == NULL || is_network(speaker, path))
		return false;
	speaker_originate(speaker, rib, &network, speaker->local_attributes, PATH_USABLE);
	return true;
}

bool
bgp_network_remove(struct bgp_speaker *speaker, const struct ip_prefix *prefix)
{
	struct ip_prefix network = ip_prefix_network(prefix);
	struct rib *rib = speaker_rib(speaker, network.address.family);

	if (rib == NULL || !is_network(speaker, speaker_local_path(rib, &network)))
		return false;
	speaker_retire(speaker, rib, &network);
	aggregates_look_at(speaker, &network);
	return true;
}
