// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A dump of the table as MRT's TABLE_DUMP_V2 (RFC 6396, 4.3): the peers, then each prefix in order with all
 * its usable paths, the best first. It is made in slices, so a prefix stands in it as it was when the walk
 * came by. Next hops of IPv6 stand in the short form of MP_REACH_NLRI (4.3.4).
 *
 * Peer 0 is this speaker, for what is originated here. The time of a path is that from when its session is
 * Established: when each one came is not kept.
 */
#include "core/bgp/mrt_internal.h"

#include <stdlib.h>
#include <unistd.h>

#include "core/base/text.h"

#define WRITE_FROM (256u * 1024) /* octets that are worth a job */
#define WAIT_FROM (1024u * 1024) /* no more is made while so much waits */
#define PEER_ENTRY 25            /* octets at most */

/* A peer as it was when the dump began: its number may go to another one. */
struct dumped_peer {
	struct ip_address address;
	uint32_t asn, identifier;
	uint32_t since; /* wall clock, in seconds */
	uint16_t place; /* in the index table */
	bool there;
};

struct mrt_dump {
	struct mrt_file *file;
	struct ip_prefix reached;
	bool begun, going, walked; /* going: `reached` is set */
	struct dumped_peer *peers; /* by their numbers in the RIB */
	size_t peer_count;
	uint32_t sequence;
	struct bgp_dump_result result;
	void (*done)(void *context, const struct bgp_dump_result *result);
	void *context;
};

void
mrt_begin(struct writer *w, uint16_t type, uint16_t subtype)
{
	writer_u32(w, (uint32_t)(clock_wall() / USEC_PER_SEC));
	writer_u16(w, type);
	writer_u16(w, subtype);
	writer_u32(w, 0);
}

void
mrt_end(struct writer *w)
{
	uint32_t length = (uint32_t)(writer_length(w) - MRT_HEADER);

	writer_patch_u16(w, 8, (uint16_t)(length >> 16));
	writer_patch_u16(w, 10, (uint16_t)length);
}

/* --- the peers --------------------------------------------------------------------------------- */

static struct dumped_peer
describe(const struct bgp_peer *peer)
{
	usec_t since = peer->established_at != 0 ? clock_wall_of(peer->established_at) : clock_wall();

	return (struct dumped_peer){
	    .since = (uint32_t)(since / USEC_PER_SEC),
	    .address = peer->config.remote,
	    .asn = peer->config.remote_asn,
	    .identifier = peer_known(peer, 0)->identifier,
	    .there = true,
	};
}

/* RFC 6396, 4.3.1: AS numbers of four octets always. */
static void
write_peer(struct writer *w, const struct dumped_peer *peer)
{
	bool ipv6 = peer->address.family == AF_INET6;

	writer_u8(w, ipv6 ? 3 : 2);
	writer_u32(w, peer->identifier);
	writer_bytes(w, peer->address.bytes, ipv6 ? 16 : 4);
	writer_u32(w, peer->asn);
}

static void
write_peers(struct bgp_speaker *speaker, struct mrt_dump *dump)
{
	size_t size = MRT_HEADER + 8 + (dump->peer_count + 1) * PEER_ENTRY;
	struct writer w = writer_over(memory_zeroed(size, 1), size);
	uint16_t place = 0;
	size_t count_at;

	mrt_begin(&w, MRT_TABLE_DUMP_V2, MRT_PEER_INDEX_TABLE);
	writer_u32(&w, speaker->config.router_id);
	writer_u16(&w, 0); /* no name of a view */
	count_at = writer_length(&w);
	writer_u16(&w, 0);
	dump->peers[RIB_LOCAL] = (struct dumped_peer){.address = {.family = AF_INET},
						      .asn = speaker->config.asn,
						      .identifier = speaker->config.router_id,
						      .since = (uint32_t)(clock_wall() / USEC_PER_SEC),
						      .there = true};
	write_peer(&w, &dump->peers[RIB_LOCAL]);
	for (const struct bgp_peer *peer = speaker->peers; peer != NULL; peer = peer->next) {
		if (peer->removed || peer->config.dynamic)
			continue;
		dump->peers[peer->index] = describe(peer);
		dump->peers[peer->index].place = ++place;
		write_peer(&w, &dump->peers[peer->index]);
	}
	writer_patch_u16(&w, count_at, (uint16_t)(place + 1));
	mrt_end(&w);
	buffer_append(&dump->file->filling, w.start, writer_length(&w));
	free(w.start);
}

/* Its place in the index table; NULL: it came after that was written. */
static const struct dumped_peer *
known_peer(const struct bgp_speaker *speaker, const struct mrt_dump *dump, const struct path *path)
{
	const struct dumped_peer *known = path->peer < dump->peer_count ? &dump->peers[path->peer] : NULL;
	const struct bgp_peer *peer = speaker_peer_of(speaker, path->peer);

	if (known == NULL || !known->there)
		return NULL;
	if (peer != NULL && (!ip_address_equal(&peer->config.remote, &known->address) ||
			     peer->config.remote_asn != known->asn))
		return NULL;
	return known;
}

/* --- prefixes ---------------------------------------------------------------------------------- */

/* RFC 6396, 4.3.4. */
static void
write_attributes(struct writer *w, const struct path *path, const struct rib *rib)
{
	struct attribute_set set;

	attributes_to_set(path->attributes, &set);
	if (set.next_hop.family == AF_UNSPEC)
		set.next_hop = (struct ip_address){.family = rib->family};
	attributes_write(w, &set, true);
	if (set.next_hop.family != AF_INET6)
		return;
	writer_u8(w, FLAG_OPTIONAL);
	writer_u8(w, ATTRIBUTE_MP_REACH);
	writer_u8(w, 17);
	writer_u8(w, 16);
	writer_bytes(w, set.next_hop.bytes, 16);
}

static bool
write_entry(const struct rib *rib, const struct path *path, const struct dumped_peer *known, bool ids,
	    struct writer *w)
{
	uint8_t *begin = w->at;
	size_t length_at;

	writer_u16(w, known->place);
	writer_u32(w, known->since);
	if (ids)
		writer_u32(w, rib_path_id(rib, rib_path_index(rib, path)));
	length_at = writer_length(w);
	writer_u16(w, 0);
	write_attributes(w, path, rib);
	if (w->failed || writer_length(w) - length_at - 2 > UINT16_MAX) {
		w->failed = false;
		w->at = begin;
		return false;
	}
	writer_patch_u16(w, length_at, (uint16_t)(writer_length(w) - length_at - 2));
	return true;
}

/* So much an entry needs at most: three octets for the header of each attribute, and the next hop twice. */
static size_t
entry_room(const struct path *path)
{
	const struct bgp_attributes *a = path->attributes;

	return 8u + PATH_ID_OCTETS + 128u + a->as_path_length + a->communities_length + a->others_length;
}

static bool
dump_net(void *context, struct rib *rib, const struct net *net)
{
	struct bgp_speaker *speaker = context;
	struct mrt_dump *dump = speaker->dump;
	struct buffer *out = &dump->file->filling;
	size_t room = MRT_HEADER + 4 + 17 + 2, count_at;
	uint16_t count = 0;
	bool ids = false;
	struct writer w;

	for (uint32_t at = net->paths; at != 0; at = rib_path(rib, at)->next) {
		if (!path_usable(rib, rib_path(rib, at)))
			continue;
		room += entry_room(rib_path(rib, at));
		ids = ids || rib_path_id(rib, at) != 0;
	}
	w = writer_over(buffer_reserve(out, room), room);
	mrt_begin(&w, MRT_TABLE_DUMP_V2,
		  rib->family == AF_INET ? ids ? MRT_RIB_IPV4_UNICAST_ADDPATH : MRT_RIB_IPV4_UNICAST
		  : ids                  ? MRT_RIB_IPV6_UNICAST_ADDPATH
					 : MRT_RIB_IPV6_UNICAST);
	writer_u32(&w, dump->sequence);
	bgp_prefix_write(&w, net->address, net->length);
	count_at = writer_length(&w);
	writer_u16(&w, 0);
	for (uint32_t at = net->paths; at != 0 && count < UINT16_MAX; at = rib_path(rib, at)->next) {
		const struct path *path = rib_path(rib, at);
		const struct dumped_peer *known =
		    path_usable(rib, path) ? known_peer(speaker, dump, path) : NULL;

		if (known != NULL && write_entry(rib, path, known, ids, &w))
			count++;
	}
	if (count != 0) {
		writer_patch_u16(&w, count_at, count);
		mrt_end(&w);
		buffer_added(out, writer_length(&w));
		dump->sequence++;
		dump->result.prefixes++;
		dump->result.paths += count;
	}
	dump->reached = rib_prefix(rib, net);
	dump->going = true;
	return out->length < WAIT_FROM;
}

/* --- its course -------------------------------------------------------------------------------- */

/* `failure`: NULL where there is none. */
static void
finish(struct bgp_speaker *speaker, const char *failure)
{
	struct mrt_dump *dump = speaker->dump;

	speaker->dump = NULL;
	dump->result.failure = failure;
	dump->done(dump->context, &dump->result);
	mrt_file_end(dump->file, failure != NULL ? MRT_ABANDON : MRT_CLOSE);
	free(dump->peers);
	free(dump);
}

/* After a job of the thread. */
static void
on_ready(void *context)
{
	struct bgp_speaker *speaker = context;
	struct mrt_dump *dump = speaker->dump;

	if (dump->file->failure[0] != '\0')
		finish(speaker, dump->file->failure);
	else if (dump->file->job == MRT_PUBLISH)
		finish(speaker, NULL);
	else
		speaker_kick(speaker);
}

bool
mrt_dump_work(struct bgp_speaker *speaker, usec_t deadline)
{
	struct mrt_dump *dump = speaker->dump;

	if (dump == NULL || (!dump->begun && dump->file->busy))
		return false;
	if (!dump->begun) {
		write_peers(speaker, dump);
		dump->begun = true;
	}
	if (!dump->walked && dump->file->filling.length < WAIT_FROM) {
		struct bgp_walk walk = {.from = dump->going ? &dump->reached : NULL, .until = deadline};

		dump->walked = speaker_walk_nets(speaker, &walk, dump_net, speaker) && !walk.ran_out;
	}
	if (dump->file->busy)
		return !dump->walked && dump->file->filling.length < WAIT_FROM;
	if (dump->walked || dump->file->filling.length >= WRITE_FROM)
		mrt_file_do(dump->file, dump->walked ? MRT_PUBLISH : MRT_WRITE);
	return !dump->walked;
}

bool
bgp_table_dump(struct bgp_speaker *speaker, const char *path,
	       void (*done)(void *context, const struct bgp_dump_result *result), void *context,
	       struct error *err)
{
	struct mrt_dump *dump;

	if (speaker->dump != NULL)
		return error_set(err, "another dump of the table is under way");
	if (access(path, F_OK) == 0)
		return error_set(err, "%s is there already", path);
	dump = memory_zeroed(1, sizeof(*dump));
	for (const struct bgp_peer *peer = speaker->peers; peer != NULL; peer = peer->next)
		dump->peer_count = peer->index >= dump->peer_count ? peer->index + 1u : dump->peer_count;
	dump->peer_count = dump->peer_count != 0 ? dump->peer_count : 1;
	dump->peers = memory_zeroed(dump->peer_count, sizeof(*dump->peers));
	dump->done = done;
	dump->context = context;
	dump->file = mrt_file_new(speaker, path, 0, on_ready, speaker);
	speaker->dump = dump;
	mrt_file_do(dump->file, MRT_CREATE);
	return true;
}

void
mrt_dump_stop(struct bgp_speaker *speaker)
{
	if (speaker->dump == NULL)
		return;
	finish(speaker, "the speaker is being closed");
}
