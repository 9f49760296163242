// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What paths look like to the world: a path of the table with all that is known of it, and one as a peer is
 * told it.
 */
#include "core/bgp/origin_internal.h"

#include <stdio.h>
#include <string.h>

#include "core/base/text.h"

struct bgp_peer *
speaker_peer_of(const struct bgp_speaker *speaker, uint16_t index)
{
	return index == RIB_LOCAL ? NULL : ((struct bgp_peer **)speaker->by_index.items)[index];
}

struct bgp_path
path_view(struct bgp_speaker *speaker, struct rib *rib, const struct net *net, const struct path *path,
	  char *reason, size_t size)
{
	struct bgp_path view = {
	    .prefix = rib_prefix(rib, net),
	    .peer = speaker_peer_of(speaker, path->peer),
	    .attributes = path->attributes,
	    .received = rib_before(rib, rib_path_index(rib, path)),
	    .ruled = path_verdict_ruled(path->verdict),
	    .next_hop = attributes_next_hop(path->attributes),
	    .local_preference = path_local_preference(rib, path),
	    .med = path->attributes->med,
	    .has_med = (path->attributes->present & HAS_MED) != 0,
	    .best = path == rib_best(rib, net),
	    .accepted = path->verdict == PATH_USABLE,
	    .origin = path->attributes->origin,
	    .reason = reason,
	    .path_id = rib_path_id(rib, rib_path_index(rib, path)),
	};

	view.has_path_id = view.path_id != 0 || (view.peer != NULL && view.peer->main->add_path_in &
									  BGP_FAMILY_BIT(rib_family(rib)));
	if (reason == NULL)
		view.reason = "";
	else if (path->verdict != PATH_DENIED || !import_denial(&view, reason, size))
		decision_reason(rib, net, path, reason, size);
	view.aggregates = aggregates_count(speaker, rib, net, path);
	view.discard =
	    view.peer != NULL && view.accepted && import_discards(view.peer, rib, path->attributes);
	if (view.discard && reason != NULL)
		snprintf(reason + strlen(reason), size - strlen(reason), "; discard by BLACKHOLE");
	if (view.aggregates != 0 && view.best && reason != NULL)
		snprintf(reason, size, "best: aggregate of %llu route%s", (unsigned long long)view.aggregates,
			 PLURAL(view.aggregates, "s"));
	view.suppressed_by = aggregates_suppressing(speaker, rib, net);
	return view;
}

struct bgp_path
export_view(const struct bgp_peer *peer, const struct rib *rib, const struct net *net,
	    const struct path *path, struct bgp_attributes **attributes)
{
	struct attribute_set set;
	struct bgp_path view = {.prefix = rib_prefix(rib, net), .peer = peer, .reason = ""};
	struct policy_verdict verdict = export_verdict(peer, rib, net, path);

	view.has_path_id = (peer->main->add_path_out & BGP_FAMILY_BIT(rib_family(rib))) != 0;
	view.path_id = view.has_path_id ? rib_path_index(rib, path) : 0;
	*attributes = NULL;
	if (verdict.denied || !export_set(peer, rib, path, verdict.applied, &set))
		return view;
	*attributes = attributes_copy(&set);
	view.attributes = *attributes;
	view.next_hop = set.next_hop;
	view.local_preference = set.present & HAS_LOCAL_PREF ? set.local_pref : 0;
	view.has_med = (set.present & HAS_MED) != 0;
	view.med = view.has_med ? set.med : 0;
	view.origin = set.origin;
	view.best = view.accepted = true;
	return view;
}
