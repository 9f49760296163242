// SPDX-License-Identifier: GPL-2.0-or-later
/* See bgp_world.h. */
#include "tests/fuzz/bgp_world.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct world world;

static struct bgp_peer *
add(const char *name, const char *remote, uint32_t asn, enum bgp_role role)
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
					 .export_networks = true,
					 .role = role,
					 .graceful_restart = true,
					 .max_prefixes = 1000,
					 .add_path_receive = true,
					 .add_path_send = BGP_ADD_PATH_ALL,
					 .limit_action = BGP_LIMIT_WARN,
					 .families = BOTH};
	struct bgp_peer *peer;

	ip_address_parse(remote, &config.remote);
	ip_address_parse("fd00::1", &config.next_hop[BGP_IPV6]);
	peer = bgp_peer_add(world.speaker, &config, NULL);
	bgp_peer_start(peer);
	return peer;
}

static enum bgp_reach
on_follow(void *context, const struct ip_address *next_hop)
{
	world.followed++;
	return world.reach[next_hop->family == AF_INET6];
}

static void
on_unfollow(void *context, const struct ip_address *next_hop)
{
	REQUIRE(world.followed-- != 0);
}

void
world_set_reach(unsigned family, enum bgp_reach reach)
{
	struct next_hops *all = &world.speaker->attributes.next_hops;

	world.reach[family] = reach;
	for (uint32_t i = 1; i < all->count; i++) {
		struct ip_address address = ((struct next_hop *)all->items.items)[i].address;

		if (address.family == (family != 0 ? AF_INET6 : AF_INET))
			bgp_next_hop_changed(world.speaker, &address, reach);
	}
}

static void
check_next_hop(const struct path *path)
{
	struct ip_address next_hop = attributes_next_hop(path->attributes);
	const struct bgp_peer *peer = speaker_peer_of(world.speaker, path->peer);
	enum bgp_reach reach = world.reach[next_hop.family == AF_INET6];
	bool far = peer == world.internal;

	if (ip_address_equal(&next_hop, &peer->config.remote))
		reach = BGP_REACH_LINK;
	REQUIRE(path->verdict != PATH_USABLE || reach == BGP_REACH_LINK || (far && reach == BGP_REACH_FAR));
	REQUIRE(path->verdict != PATH_NEXT_HOP_UNREACHABLE || reach == BGP_REACH_NONE);
	REQUIRE(path->verdict != PATH_NEXT_HOP_FAR || (!far && reach == BGP_REACH_FAR));
}

void
world_check_next_hops(void)
{
	for (unsigned f = 0; f < BGP_FAMILY_COUNT; f++) {
		const struct rib *rib = &world.speaker->ribs[f];

		for (uint32_t i = 1; i < rib->path_count; i++) {
			const struct path *path = rib_path(rib, i);

			if (path->peer != RIB_FREE && path->peer != RIB_LOCAL && path_current(rib, path))
				check_next_hop(path);
		}
	}
}

void
world_setup(void)
{
	struct bgp_speaker_config config = {
	    .asn = 65001,
	    .router_id = WORLD_ROUTER_ID,
	    .events = {.next_hop_follow = on_follow, .next_hop_unfollow = on_unfollow},
	};
	struct ip_prefix network = {.address = ip_address_v4(0x0a000000), .length = 8};

	world.reach[0] = world.reach[1] = BGP_REACH_LINK;
	uv_loop_init(&world.loop);
	for (unsigned i = 0; world.speaker == NULL && i < 1000; i++) {
		config.port = (uint16_t)(20000 + (getpid() * 7u + i) % 40000);
		world.speaker = bgp_speaker_open(&world.loop, &config, NULL);
	}
	REQUIRE(world.speaker != NULL);
	world.external = add("external", "192.0.2.1", 65002, BGP_ROLE_PROVIDER);
	world.internal = add("internal", "192.0.2.2", 65001, BGP_ROLE_NONE);
	world.sink = add("sink", "192.0.2.3", 65003, BGP_ROLE_NONE);
	bgp_network_add(world.speaker, &network);
	REQUIRE(ip_prefix_parse("fd00:1::/32", &network));
	bgp_network_add(world.speaker, &network);
}

void
world_settle(void)
{
	for (unsigned i = 0; i < 100000; i++) {
		uv_run(&world.loop, UV_RUN_NOWAIT);
		if (!world.speaker->idling && i > 2)
			return;
	}
	REQUIRE(!"the speaker comes to rest");
}

int
world_attach(struct bgp_peer *peer)
{
	struct ip_address local = ip_address_v4(0xc0000264);
	struct session *sessions[2];
	int pair[2];

	REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) == 0);
	peer_accept(peer, pair[0], &peer->config.remote);
	/* This kind of socket has no address that could be a next hop. */
	sessions[0] = peer->main;
	sessions[1] = peer->second;
	for (unsigned i = 0; i < 2; i++) {
		if (sessions[i] != NULL && sessions[i]->connection != NULL)
			sessions[i]->local = local;
	}
	return pair[1];
}

void
world_say_open(int fd, const struct bgp_peer *peer, unsigned capabilities, uint32_t identifier)
{
	struct bgp_open open = {.asn = peer->config.remote_asn,
				.hold_s = 90,
				.identifier = identifier,
				.capabilities = capabilities,
				.role = 3, /* customer */
				.restart = {.time_s = 60,
					    .notification = true,
					    .families = CAPABILITY_IPV4 | CAPABILITY_IPV6,
					    .forwarding = CAPABILITY_IPV4},
				.add_path = {.receive = CAPABILITY_IPV4 | CAPABILITY_IPV6,
					     .send = CAPABILITY_IPV4 | CAPABILITY_IPV6}};
	uint8_t bytes[256];
	struct writer w = writer_over(bytes, sizeof(bytes));

	bgp_open_write(&w, &open);
	(void)!send(fd, bytes, writer_length(&w), MSG_NOSIGNAL);
}

void
world_say_hello(int fd, const struct bgp_peer *peer, unsigned capabilities)
{
	uint8_t bytes[BGP_HEADER];
	struct writer w = writer_over(bytes, sizeof(bytes));

	world_say_open(fd, peer, capabilities, 77);
	bgp_keepalive_write(&w);
	(void)!send(fd, bytes, writer_length(&w), MSG_NOSIGNAL);
}

void
world_drain(int fd)
{
	char waste[65536];

	while (read(fd, waste, sizeof(waste)) > 0)
		;
}

/* With our AS number, or with a cluster more, it may not fit into a message any more. */
static bool
is_long(const struct bgp_attributes *attributes)
{
	return attributes->as_path_length + attributes->communities_length + attributes->others_length > 2000;
}

static bool
may_be_told(const struct bgp_peer *peer, const struct rib *rib, const struct net *net,
	    const struct path *path)
{
	return export_allowed(peer, rib, path) && !export_verdict(peer, rib, net, path).denied;
}

/* With several paths of a prefix: each that may be told is, and nothing else. */
static uint64_t
check_paths(const struct bgp_peer *peer, const struct adj_out *out)
{
	const struct rib *rib = out->rib;
	uint64_t told = 0;

	for (uint32_t i = 1; i < rib->net_count; i++) {
		const struct net *net = rib_net(rib, i);
		uint32_t place = 0, id, due = 0;

		for (uint32_t at = net->flags & NET_USED ? net->paths : 0; at != 0;
		     at = rib_path(rib, at)->next) {
			const struct path *path = rib_path(rib, at);
			bool tellable = path_usable(rib, path) && may_be_told(peer, rib, net, path);

			due += tellable;
			REQUIRE(adj_paths_has(out->paths, i, at) == tellable ||
				(tellable && is_long(path->attributes)));
		}
		while ((id = adj_paths_next(out->paths, i, &place)) != 0) {
			REQUIRE(rib_path(rib, id)->net == i && rib_path(rib, id)->peer != RIB_FREE);
			REQUIRE(due-- != 0);
			told++;
		}
	}
	REQUIRE(told == out->count);
	return told;
}

static uint64_t
check(const struct bgp_peer *peer, const struct adj_out *out)
{
	const struct rib *rib = out->rib;
	uint64_t told = 0;

	if (out->paths != NULL)
		return check_paths(peer, out);
	for (uint32_t i = 1; i < rib->net_count; i++) {
		const struct net *net = rib_net(rib, i);
		const struct path *best = net->flags & NET_USED ? rib_best(rib, net) : NULL;
		bool due = best != NULL && may_be_told(peer, rib, net, best);

		REQUIRE(bits_get(&out->advertised, i) == due || (due && is_long(best->attributes)));
		told += bits_get(&out->advertised, i);
	}
	REQUIRE(told == out->count);
	return told;
}

uint64_t
world_check_told(struct bgp_peer *peer)
{
	const struct session *session = peer_established(peer);
	uint64_t told = 0;

	for (unsigned f = 0; f < BGP_FAMILY_COUNT; f++) {
		REQUIRE((peer->out[f] != NULL) == (session != NULL && session->families & BGP_FAMILY_BIT(f)));
		told += peer->out[f] != NULL ? check(peer, peer->out[f]) : 0;
	}
	return told;
}

static bool
on_path(void *context, const struct bgp_path *path)
{
	(*(unsigned *)context)++;
	return true;
}

void
world_check_all(void)
{
	unsigned rows = 0;

	REQUIRE(peer_established(world.sink) != NULL);
	bgp_walk_advertised(world.sink, NULL, on_path, &rows);
	REQUIRE(rows == world_check_told(world.sink));
}

void
world_require_empty(void)
{
	for (unsigned f = 0; f < BGP_FAMILY_COUNT; f++)
		REQUIRE(world.speaker->ribs[f].live_paths == 1 && world.speaker->ribs[f].trie.count == 1);
	REQUIRE(world.speaker->attributes.count == 1);
	for (unsigned i = 0; i < 2; i++)
		REQUIRE(world.speaker->attributes.next_hops.tries[i].count == 0);
	REQUIRE(world.followed == 0);
}
