// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * UPDATEs from lots (adj_out.c): one for each set of attributes and as many prefixes as fit, written once and
 * copied to all who are told. Withdrawals differ from peer to peer, by what it was told.
 */
#include "core/bgp/adj_out_internal.h"
#include "core/bgp/bmp_internal.h"

#include <string.h>

/* The attributes' length, where no prefix is in the message's own fields. */
static void
end_attributes(struct writer *w)
{
	writer_patch_u16(w, BGP_HEADER + 2, (uint16_t)(writer_length(w) - BGP_HEADER - 4));
}

static size_t
nlri_size(const struct net *net, bool ids)
{
	return bgp_prefix_size(net->length) + (ids ? PATH_ID_OCTETS : 0);
}

/* RFC 7911, 3. */
static void
nlri_write(struct writer *w, const struct net *net, bool ids, uint32_t id)
{
	if (ids)
		writer_u32(w, id);
	bgp_prefix_write(w, net->address, net->length);
}

static struct withdrawal
withdrawal_of(const struct lot *lot, const struct entry *entry)
{
	return (struct withdrawal){.net = entry->net, .id = lot->ids ? entry->path : 0};
}

/* --- withdrawals ------------------------------------------------------------------------------- */

static void
withdrawn(struct bgp_peer *peer, struct adj_out *out, const struct withdrawal *gone)
{
	if (out->paths != NULL)
		adj_paths_clear(out->paths, gone->net, gone->id);
	else
		bits_clear(&out->advertised, gone->net);
	out->count--;
	adj_out_tell_watchers(peer, out->rib, rib_net(out->rib, gone->net), NULL, gone->id);
}

/* Of these, those that the peer was told. */
static void
write_withdrawals(struct bgp_peer *peer, struct adj_out *out, const struct withdrawal *all, size_t count)
{
	struct rib *rib = out->rib;
	bool fields = export_in_fields(peer, rib_family(rib)), ids = out->paths != NULL;
	size_t i = 0;

	for (;;) {
		struct writer w;
		size_t begin = 0;

		while (i < count && !adj_out_has(out, all[i].net, all[i].id))
			i++;
		if (i == count)
			return;
		w = session_writer(peer->main);
		bgp_message_begin(&w, BGP_UPDATE);
		writer_u16(&w, 0);
		if (!fields) {
			writer_u16(&w, 0);
			begin = multiprotocol_begin(&w, rib_family(rib), NULL);
		}
		for (; i < count && !w.failed; i++) {
			const struct net *net = rib_net(rib, all[i].net);

			if (!adj_out_has(out, all[i].net, all[i].id))
				continue;
			if (nlri_size(net, ids) + 2 > writer_room(&w))
				break;
			nlri_write(&w, net, ids, all[i].id);
			withdrawn(peer, out, &all[i]);
		}
		if (w.failed)
			return;
		if (fields) {
			writer_patch_u16(&w, BGP_HEADER, (uint16_t)(writer_length(&w) - BGP_HEADER - 2));
			writer_u16(&w, 0);
		} else {
			multiprotocol_end(&w, begin);
			end_attributes(&w);
		}
		bgp_message_end(&w, 0);
		session_sent(peer->main, &w);
	}
}

/* What a member was told of a chain no longer holds. */
static void
withdraw_chain(const struct lot *lot, const struct member *member, uint32_t first)
{
	for (; first != 0; first = lot->entries[first - 1].next) {
		struct withdrawal gone = withdrawal_of(lot, &lot->entries[first - 1]);

		if (adj_out_has(member->out, gone.net, gone.id))
			write_withdrawals(member->peer, member->out, &gone, 1);
	}
}

/* --- announcements ----------------------------------------------------------------------------- */

/* As many prefixes of a chain as fit, with `spare` octets left behind them. Returns the next of the chain. */
static uint32_t
write_prefixes(const struct lot *lot, uint32_t first, size_t spare, struct writer *w)
{
	while (first != 0) {
		const struct entry *entry = &lot->entries[first - 1];
		const struct net *net = rib_net(lot->rib, entry->net);

		if (nlri_size(net, lot->ids) + spare > writer_room(w))
			break;
		nlri_write(w, net, lot->ids, entry->path);
		first = entry->next;
	}
	return first;
}

/* Sends a member the message, which has the prefixes from `first` on, up to `end`. */
static void
send_to(const struct lot *lot, const struct member *member, const struct writer *message, uint32_t first,
	uint32_t end)
{
	struct adj_out *out = member->out;
	struct writer w = session_writer(member->peer->main);

	writer_bytes(&w, message->start, writer_length(message));
	if (w.failed)
		return;
	for (uint32_t next; first != end; first = next) {
		uint32_t net = lot->entries[first - 1].net, path = lot->entries[first - 1].path;

		next = lot->entries[first - 1].next;
		if (lot->ids) {
			out->count += adj_paths_set(out->paths, net, path, rib_path_version(lot->rib, path));
			continue;
		}
		if (bits_get(&out->advertised, net))
			continue;
		bits_set(&out->advertised, net);
		out->count++;
	}
	session_sent(member->peer->main, &w);
}

static void
tell_chain_to_watchers(const struct lot *lot, struct bgp_peer *peer, uint32_t first, uint32_t end)
{
	if (!peer->speaker->watch_advertised)
		return;
	for (; first != end; first = lot->entries[first - 1].next) {
		const struct entry *entry = &lot->entries[first - 1];

		adj_out_tell_watchers(peer, lot->rib, rib_net(lot->rib, entry->net),
				      rib_path(lot->rib, entry->path), withdrawal_of(lot, entry).id);
	}
}

/* Takes what is beyond the peer's limit out of a chain. Returns its first. */
static uint32_t
keep_back(struct lot *lot, uint32_t first)
{
	struct bgp_peer *peer = lot->members[0].peer;
	struct adj_out *out = lot->members[0].out;
	uint64_t told = out->count;
	uint32_t *link = &first;

	while (*link != 0) {
		struct entry *entry = &lot->entries[*link - 1];

		if (adj_out_has(out, entry->net, lot->ids ? entry->path : 0)) {
			link = &entry->next;
		} else if (limits_allow_out(peer, out)) {
			out->count++; /* it will be, as far as the next one is concerned */
			link = &entry->next;
		} else {
			*link = entry->next;
		}
	}
	out->count = told;
	return first;
}

/* Whether the prefixes of a message, the last ones of a chain, are the last ones of the lot. */
static bool
ends_lot(const struct lot *lot, uint32_t first)
{
	uint32_t count = 0;

	for (uint32_t at = first; at != 0; at = lot->entries[at - 1].next)
		count++;
	return lot->entry_count - (first - 1) == count;
}

/* Who is told of a chain. False: nobody is. */
static bool
choose_members(struct lot *lot, uint32_t first)
{
	const struct path *path = rib_path(lot->rib, lot->entries[first - 1].path);
	bool any = lot->member_count == 1;

	lot->members[0].told = true;
	for (uint32_t i = 0; i < lot->member_count && lot->member_count > 1; i++) {
		struct member *member = &lot->members[i];

		member->told = !export_returns(member->peer, lot->rib, path);
		any = any || member->told;
		if (!member->told)
			withdraw_chain(lot, member, first);
	}
	return any;
}

/* Begins a message with everything but the prefixes. Returns what multiprotocol_end() has to know. */
static size_t
begin_message(struct lot *lot, const struct ip_address *next_hop, size_t length, struct writer *w)
{
	bgp_message_begin(w, BGP_UPDATE);
	writer_u16(w, 0);
	writer_u16(w, (uint16_t)length);
	if (next_hop != NULL) {
		const struct ip_address *link_local =
		    export_link_local(lot->members[0].peer, rib_family(lot->rib), next_hop);
		size_t begin = multiprotocol_begin(w, rib_family(lot->rib), next_hop);

		if (link_local != NULL)
			multiprotocol_link_local(w, begin, link_local);
		return begin;
	}
	writer_bytes(w, lot->section, length);
	return 0;
}

/* The prefixes of one chain, which share their attributes, in as few messages as they fit. MP_REACH_NLRI
 * stands before the other attributes (RFC 7606, 5.1). `last`: no other chain follows. */
static void
write_chain(struct lot *lot, uint32_t first, bool last)
{
	const struct bgp_peer *peer = lot->members[0].peer;
	uint16_t most = peer->main->message_most;
	struct writer attributes =
	    writer_over(lot->section, most - BGP_HEADER - 4u - 5u - (lot->ids ? PATH_ID_OCTETS : 0u));
	bool fields = export_in_fields(peer, rib_family(lot->rib));
	uint32_t begin_of_chain = first;
	struct attribute_set set;
	size_t length;

	if (!choose_members(lot, first))
		return;
	if (!fields)
		attributes.end -= MULTIPROTOCOL_MOST;
	if (!export_set(peer, lot->rib, rib_path(lot->rib, lot->entries[first - 1].path),
			lot->entries[first - 1].applied, &set))
		attributes.failed = true;
	else
		attributes_write(&attributes, &set, peer->main->four_octet);
	if (attributes.failed) {
		/* Too long for a message: it can't be told. */
		for (uint32_t i = 0; i < lot->member_count; i++)
			withdraw_chain(lot, &lot->members[i], first);
		return;
	}
	if (peer->config.max_prefixes_out != 0)
		first = keep_back(lot, first);
	length = writer_length(&attributes);
	while (first != 0) {
		struct writer w = writer_over(lot->message, most);
		size_t begin = begin_message(lot, fields ? NULL : &set.next_hop, length, &w);
		uint32_t end = write_prefixes(lot, first, fields ? 0 : length, &w);

		if (end == 0 && last && lot->goes_on && (first != begin_of_chain || lot->order_count > 1) &&
		    ends_lot(lot, first)) {
			lot->rewind = lot->entries[first - 1].net;
			return;
		}
		if (!fields) {
			multiprotocol_end(&w, begin);
			writer_bytes(&w, lot->section, length);
			end_attributes(&w);
		}
		bgp_message_end(&w, 0);
		for (uint32_t i = 0; i < lot->member_count; i++) {
			if (lot->members[i].told)
				send_to(lot, &lot->members[i], &w, first, end);
		}
		tell_chain_to_watchers(lot, lot->members[0].peer, first, end);
		first = end;
	}
}

/* --- rules ------------------------------------------------------------------------------------- */

/* Takes those that met the same rules as the first out of a chain. Returns the first of the others. */
static uint32_t
split_chain(struct lot *lot, uint32_t first)
{
	uint64_t applied = lot->entries[first - 1].applied;
	uint32_t others = 0, *end = &others, last = first;

	for (uint32_t at = lot->entries[first - 1].next, next; at != 0; at = next) {
		struct entry *entry = &lot->entries[at - 1];

		next = entry->next;
		entry->next = 0;
		if (entry->applied == applied) {
			lot->entries[last - 1].next = at;
			last = at;
		} else {
			*end = at;
			end = &entry->next;
		}
	}
	lot->entries[last - 1].next = 0;
	return others;
}

/* Puts the prefixes of a chain through the peer's rules. What they deny is withdrawn or was never told; the
 * rest is told, what met the same rules together. */
static void
rule_chain(struct lot *lot, uint32_t first)
{
	struct bgp_peer *peer = lot->members[0].peer;
	struct adj_out *out = lot->members[0].out;
	struct peer_rules *rules = peer->rules[POLICY_EXPORT];
	uint64_t mask = rules_match(rules->policy, lot->entries[first - 1].attributes);
	uint32_t told = 0, *end = &told;

	lot->withdrawn_count = 0;
	for (uint32_t at = first, next; at != 0; at = next) {
		struct entry *entry = &lot->entries[at - 1];
		struct ip_prefix prefix = rib_prefix(lot->rib, rib_net(lot->rib, entry->net));
		struct policy_verdict verdict = policy_decide(rules->policy, mask, &prefix);

		next = entry->next;
		rules_count(rules, &verdict);
		entry->applied = verdict.applied;
		if (!verdict.denied) {
			entry->next = 0;
			*end = at;
			end = &entry->next;
		} else {
			lot->withdrawn[lot->withdrawn_count++] = withdrawal_of(lot, entry);
		}
	}
	write_withdrawals(peer, out, lot->withdrawn, lot->withdrawn_count);
	while (told != 0) {
		uint32_t others = split_chain(lot, told);

		write_chain(lot, told, false);
		told = others;
	}
}

/* Tells collectors what there is for a member before its rules are asked. Not of several paths of a prefix:
 * of these a lot has those only that change what the peer has. */
static void
tell_collectors(const struct lot *lot, const struct bgp_peer *peer)
{
	for (uint32_t i = 0; i < lot->withdrawn_count; i++)
		bmp_may_tell(peer, lot->rib, rib_net(lot->rib, lot->withdrawn[i].net), NULL);
	for (uint32_t i = 0; i < lot->entry_count; i++) {
		const struct path *path = rib_path(lot->rib, lot->entries[i].path);

		bmp_may_tell(peer, lot->rib, rib_net(lot->rib, lot->entries[i].net),
			     export_returns(peer, lot->rib, path) ? NULL : path);
	}
}

void
adj_out_write(struct lot *lot)
{
	bool ruled = lot->members[0].peer->rules[POLICY_EXPORT] != NULL;

	for (uint32_t i = 0; i < lot->member_count && lot->watched && !lot->ids; i++)
		tell_collectors(lot, lot->members[i].peer);
	for (uint32_t i = 0; i < lot->member_count; i++)
		write_withdrawals(lot->members[i].peer, lot->members[i].out, lot->withdrawn,
				  lot->withdrawn_count);
	for (uint32_t i = 0; i < lot->order_count; i++) {
		uint32_t first = lot->chains[lot->order[i]].first;

		if (ruled)
			rule_chain(lot, first);
		else
			write_chain(lot, first, i + 1 == lot->order_count);
	}
}

/* --- ends and marks ---------------------------------------------------------------------------- */

/* An empty UPDATE for IPv4, an empty MP_UNREACH_NLRI for others. */
void
adj_out_write_end_of_rib(struct bgp_peer *peer, struct adj_out *out)
{
	struct writer w = session_writer(peer->main);

	bgp_message_begin(&w, BGP_UPDATE);
	writer_u32(&w, 0);
	if (rib_family(out->rib) != BGP_IPV4) {
		multiprotocol_end(&w, multiprotocol_begin(&w, rib_family(out->rib), NULL));
		end_attributes(&w);
	}
	bgp_message_end(&w, 0);
	session_sent(peer->main, &w);
	out->end_of_rib = false;
}

void
adj_out_write_mark(struct bgp_peer *peer, const struct adj_out *out, enum bgp_refresh_subtype subtype)
{
	struct writer w = session_writer(peer->main);

	bgp_refresh_write(&w, out->rib->family == AF_INET6 ? 2 : 1, 1, subtype);
	session_sent(peer->main, &w);
}
