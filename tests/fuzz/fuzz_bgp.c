// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Feeds bytes to the BGP decoder, and to a live speaker as what a peer sends. The first byte chooses:
 *   bit 0  the decoder alone: what it takes must come out the same after being written and read again
 *   bit 1  the peer is an internal one
 *   bit 2  the session is not brought up first: the bytes meet the state machine in OpenSent
 *   bit 3  the peer knows no four-octet AS numbers
 *   bit 4  the peer speaks IPv4 only, else IPv6 too
 *   bit 5  the peer speaks extended messages, enhanced refresh and roles, and restarts gracefully: it goes
 * without a word in the end, and its paths are kept
 *   bit 6  prefixes have path identifiers (RFC 7911), and the listener is told all paths
 * A second peer listens. After each input the RIB and what
 * was told must agree; after the end nothing may be left.
 */
#include "tests/fuzz/bgp_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { DECODER = 1, INTERNAL = 2, FROM_OPENSENT = 4, TWO_OCTETS = 8, IPV4_ONLY = 16, MORE = 32, PATHS = 64 };

/* --- the decoder ------------------------------------------------------------------------------- */

/* MP_REACH_NLRI written again and parted from the rest reads the same. */
static void
decode_reach(const struct multiprotocol *reach, const struct attribute_context *context)
{
	static uint8_t bytes[4 * BGP_MESSAGE_MOST], rest[BGP_MESSAGE_MOST];
	struct writer w = writer_over(bytes, sizeof(bytes)), left = writer_over(rest, sizeof(rest));
	size_t begin = multiprotocol_begin(&w, reach->family, &reach->next_hop),
	       length = reader_left(&reach->prefixes);
	struct reader value, unreach;
	struct multiprotocol again;

	writer_bytes(&w, reach->prefixes.at, length);
	multiprotocol_end(&w, begin);
	REQUIRE(!w.failed);
	REQUIRE(multiprotocol_cut(reader_over(bytes, writer_length(&w)), &value, &unreach, &left));
	REQUIRE(writer_length(&left) == 0 && unreach.at == NULL);
	REQUIRE(multiprotocol_read(value, true, context, &again) == MULTIPROTOCOL_TAKEN);
	REQUIRE(again.family == reach->family && ip_address_equal(&again.next_hop, &reach->next_hop));
	REQUIRE(reader_left(&again.prefixes) == length &&
		(length == 0 || memcmp(again.prefixes.at, reach->prefixes.at, length) == 0));
}

static void
decode_update(struct reader body, bool ebgp, bool four_octet, bool ids)
{
	static struct attribute_set set, again;
	struct attribute_context context = {.ebgp = ebgp,
					    .four_octet = four_octet,
					    .extended_next_hop = true,
					    .families = BOTH,
					    .add_path = ids ? BOTH : 0};
	struct bgp_attributes *first, *second;
	struct bgp_error error;
	struct update update;
	static uint8_t bytes[4 * BGP_MESSAGE_MOST];
	struct writer w = writer_over(bytes, sizeof(bytes));

	if (!update_split(body, ids, &update, &error) ||
	    attributes_read(update.attributes, &context, reader_left(&update.reachable) != 0, &set, &error) >
		UPDATE_DISCARDED_ATTRIBUTE)
		return;
	if (set.reach.there)
		decode_reach(&set.reach, &context);
	if (!(set.present & HAS_NEXT_HOP) || !(set.present & HAS_AS_PATH) || !(set.present & HAS_ORIGIN))
		return;
	first = attributes_intern(&world.speaker->attributes, &set);
	attributes_to_set(first, &set);
	attributes_write(&w, &set, true);
	REQUIRE(!w.failed);
	context.four_octet = true;
	REQUIRE(attributes_read(reader_over(bytes, writer_length(&w)), &context, true, &again, &error) ==
		UPDATE_FINE);
	second = attributes_intern(&world.speaker->attributes, &again);
	REQUIRE(first == second);
	attributes_release(&world.speaker->attributes, first);
	attributes_release(&world.speaker->attributes, second);
}

static void
decode(const uint8_t *data, size_t size, unsigned how)
{
	struct reader stream = reader_over(data, size);
	struct bgp_message message;
	struct bgp_error error;
	struct bgp_open open;
	char text[256];

	while (bgp_message_next(&stream, &message, &error) == BGP_FRAME_DONE) {
		if (message.type == BGP_OPEN)
			bgp_open_read(message.body, &open, &error);
		else if (message.type == BGP_NOTIFICATION)
			bgp_notification_text(message.body.at[0], message.body.at[1], message.body.at + 2,
					      reader_left(&message.body) - 2, text, sizeof(text));
		else if (message.type == BGP_UPDATE)
			decode_update(message.body, !(how & INTERNAL), !(how & TWO_OCTETS),
				      (how & PATHS) != 0);
	}
}

/* --- a live speaker ---------------------------------------------------------------------------- */

static void
live(const uint8_t *data, size_t size, unsigned how)
{
	struct bgp_peer *peer = how & INTERNAL ? world.internal : world.external;
	unsigned capabilities = CAPABILITY_IPV4 | CAPABILITY_REFRESH;
	unsigned sink_capabilities = capabilities | CAPABILITY_FOUR_OCTET | CAPABILITY_IPV6;
	int fd = world_attach(peer), sink_fd = world_attach(world.sink);

	if (!(how & IPV4_ONLY))
		capabilities |= CAPABILITY_IPV6;
	if (how & PATHS) {
		capabilities |= CAPABILITY_ADD_PATH;
		sink_capabilities |= CAPABILITY_ADD_PATH;
	}
	if (how & MORE)
		capabilities |= CAPABILITY_EXTENDED_MESSAGE | CAPABILITY_ENHANCED_REFRESH | CAPABILITY_ROLE |
				CAPABILITY_RESTART;
	world_say_hello(sink_fd, world.sink, sink_capabilities);
	if (!(how & FROM_OPENSENT))
		world_say_hello(fd, peer,
				how & TWO_OCTETS ? capabilities : capabilities | CAPABILITY_FOUR_OCTET);
	world_settle();
	for (size_t at = 0; at < size;) {
		ssize_t sent = write(fd, data + at, size - at);

		world_settle();
		world_drain(fd);
		if (sent <= 0)
			break;
		at += (size_t)sent;
	}
	world_drain(sink_fd);
	world_settle();
	world_check_all();
	if (how & MORE) {
		shutdown(fd, SHUT_RDWR);
		world_settle();
		world_check_all();
	}
	bgp_peer_stop(peer, "over");
	bgp_peer_stop(world.sink, "over");
	world_settle();
	world_require_empty();
	close(fd);
	close(sink_fd);
	while (world.speaker->connections != NULL)
		uv_run(&world.loop, UV_RUN_NOWAIT);
	bgp_peer_start(peer);
	bgp_peer_start(world.sink);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (world.speaker == NULL)
		world_setup();
	if (size == 0)
		return 0;
	if (data[0] & DECODER)
		decode(data + 1, size - 1, data[0]);
	else
		live(data + 1, size - 1, data[0]);
	return 0;
}
