// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Feeds bytes to the BGP decoder, and to a live speaker as what a peer sends. The first byte chooses:
 *   bit 0  the decoder alone: what it takes must come out the same after being written and read again
 *   bit 1  the peer is an internal one
 *   bit 2  the session is not brought up first: the bytes meet the state machine in OpenSent
 *   bit 3  the peer knows no four-octet AS numbers
 * A second peer listens. After each input the RIB and what was told must agree; after the end nothing may be
 * left.
 */
#include "core/bgp/speaker_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { DECODER = 1, INTERNAL = 2, FROM_OPENSENT = 4, TWO_OCTETS = 8 };

#define REQUIRE(condition) \
	do { \
		if (!(condition)) { \
			fprintf(stderr, "does not hold: %s\n", #condition); \
			abort(); \
		} \
	} while (0)

static uv_loop_t loop;
static struct bgp_speaker *speaker;
static struct bgp_peer *external, *internal, *sink;

/* --- the decoder ------------------------------------------------------------------------------- */

static void
decode_update(struct reader body, bool ebgp, bool four_octet)
{
	static struct attribute_set set, again;
	struct attribute_context context = {.ebgp = ebgp, .four_octet = four_octet};
	struct bgp_attributes *first, *second;
	struct bgp_error error;
	struct update update;
	static uint8_t bytes[4 * BGP_MESSAGE_MOST];
	struct writer w = writer_over(bytes, sizeof(bytes));

	if (!update_split(body, &update, &error) ||
	    attributes_read(update.attributes, &context, true, &set, &error) > UPDATE_DISCARDED_ATTRIBUTE)
		return;
	first = attributes_intern(&speaker->rib.attributes, &set);
	attributes_to_set(first, &set);
	attributes_write(&w, &set, true);
	REQUIRE(!w.failed);
	context.four_octet = true;
	REQUIRE(attributes_read(reader_over(bytes, writer_length(&w)), &context, true, &again, &error) ==
		UPDATE_FINE);
	second = attributes_intern(&speaker->rib.attributes, &again);
	REQUIRE(first == second);
	attributes_release(&speaker->rib.attributes, first);
	attributes_release(&speaker->rib.attributes, second);
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
			decode_update(message.body, !(how & INTERNAL), !(how & TWO_OCTETS));
	}
}

/* --- a live speaker ---------------------------------------------------------------------------- */

static bool
on_path(void *context, const struct bgp_path *path)
{
	(*(unsigned *)context)++;
	return true;
}

static struct bgp_peer *
add(const char *name, const char *remote, uint32_t asn)
{
	struct bgp_peer_config config = {.name = name,
					 .local_asn = 65001,
					 .remote_asn = asn,
					 .hold_s = 90,
					 .local_preference = 100,
					 .med_out = UINT32_MAX,
					 .passive = true,
					 .export_peers = true,
					 .export_groups = true,
					 .export_networks = true};
	struct bgp_peer *peer;

	ip_address_parse(remote, &config.remote);
	peer = bgp_peer_add(speaker, &config, NULL);
	bgp_peer_start(peer);
	return peer;
}

static void
setup(void)
{
	struct bgp_speaker_config config = {.asn = 65001, .router_id = 2};
	struct ip_prefix network = {.address = ip_address_v4(0x0a000000), .length = 8};

	uv_loop_init(&loop);
	for (unsigned i = 0; speaker == NULL && i < 1000; i++) {
		config.port = (uint16_t)(20000 + (getpid() * 7u + i) % 40000);
		speaker = bgp_speaker_open(&loop, &config, NULL);
	}
	REQUIRE(speaker != NULL);
	external = add("external", "192.0.2.1", 65002);
	internal = add("internal", "192.0.2.2", 65001);
	sink = add("sink", "192.0.2.3", 65003);
	bgp_network_add(speaker, &network);
}

/* Runs until nothing is left to be done at once. */
static void
settle(void)
{
	for (unsigned i = 0; i < 100000; i++) {
		uv_run(&loop, UV_RUN_NOWAIT);
		if (!speaker->idling && i > 2)
			return;
	}
	REQUIRE(!"the speaker comes to rest");
}

static int
attach(struct bgp_peer *peer)
{
	int pair[2];

	REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) == 0);
	peer_accept(peer, pair[0], &peer->config.remote);
	peer->main->local = ip_address_v4(0xc0000264);
	return pair[1];
}

static void
say_hello(int fd, const struct bgp_peer *peer, unsigned capabilities)
{
	struct bgp_open open = {
	    .asn = peer->config.remote_asn, .hold_s = 90, .identifier = 77, .capabilities = capabilities};
	uint8_t bytes[256];
	struct writer w = writer_over(bytes, sizeof(bytes));

	bgp_open_write(&w, &open);
	bgp_keepalive_write(&w);
	(void)!write(fd, bytes, writer_length(&w));
}

static void
drain(int fd)
{
	char waste[65536];

	while (read(fd, waste, sizeof(waste)) > 0)
		;
}

/* What was told is what policy makes of the best paths. */
static void
check(void)
{
	const struct rib *rib = &speaker->rib;
	uint64_t told = 0;
	unsigned rows = 0;

	REQUIRE(peer_established(sink) != NULL);
	for (uint32_t i = 1; i < rib->net_count; i++) {
		const struct net *net = rib_net(rib, i);
		const struct path *best = net->flags & NET_USED ? rib_best(rib, net) : NULL;
		bool due = best != NULL && export_allowed(sink, best);

		REQUIRE(bits_get(&sink->out->advertised, i) == due ||
			(due && best->attributes->as_path_length + best->attributes->others_length > 2000));
		told += bits_get(&sink->out->advertised, i);
	}
	REQUIRE(told == sink->out->count);
	bgp_walk_advertised(sink, NULL, on_path, &rows);
	REQUIRE(rows == told);
}

static void
live(const uint8_t *data, size_t size, unsigned how)
{
	struct bgp_peer *peer = how & INTERNAL ? internal : external;
	unsigned capabilities = CAPABILITY_IPV4 | CAPABILITY_REFRESH;
	int fd = attach(peer), sink_fd = attach(sink);

	say_hello(sink_fd, sink, capabilities | CAPABILITY_FOUR_OCTET);
	if (!(how & FROM_OPENSENT))
		say_hello(fd, peer, how & TWO_OCTETS ? capabilities : capabilities | CAPABILITY_FOUR_OCTET);
	settle();
	for (size_t at = 0; at < size;) {
		ssize_t sent = write(fd, data + at, size - at);

		settle();
		drain(fd);
		if (sent <= 0)
			break;
		at += (size_t)sent;
	}
	drain(sink_fd);
	settle();
	check();
	bgp_peer_stop(peer, "over");
	bgp_peer_stop(sink, "over");
	settle();
	REQUIRE(speaker->rib.live_paths == 1);
	REQUIRE(speaker->rib.trie.count == 1);
	REQUIRE(speaker->rib.attributes.count == 1);
	close(fd);
	close(sink_fd);
	while (speaker->connections != NULL)
		uv_run(&loop, UV_RUN_NOWAIT);
	bgp_peer_start(peer);
	bgp_peer_start(sink);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (speaker == NULL)
		setup();
	if (size == 0)
		return 0;
	if (data[0] & DECODER)
		decode(data + 1, size - 1, data[0]);
	else
		live(data + 1, size - 1, data[0]);
	return 0;
}
