// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A live speaker for the fuzzers of BGP: a peer of another AS, one of its own, and a third one that listens.
 * Their connections are pairs of sockets of this process.
 */
#ifndef TWINSPAN_TESTS_FUZZ_BGP_WORLD_H
#define TWINSPAN_TESTS_FUZZ_BGP_WORLD_H

#include "core/bgp/adj_out_internal.h"
#include "tests/fuzz/require.h"

#define BOTH (BGP_FAMILY_BIT(BGP_IPV4) | BGP_FAMILY_BIT(BGP_IPV6))
#define WORLD_ROUTER_ID 2u

struct world {
	uv_loop_t loop;
	struct bgp_speaker *speaker;
	struct bgp_peer *external, *internal, *sink;
	enum bgp_reach reach[2]; /* of all next hops, IPv4 and IPv6 */
	unsigned followed;       /* next hops that changes are told of */
};
extern struct world world;

void world_setup(void);
/** Runs until nothing is left to be done at once. */
void world_settle(void);
/** All next hops of a family (0: IPv4, 1: IPv6) are reached otherwise. */
void world_set_reach(unsigned family, enum bgp_reach reach);
/** Paths are usable where their next hops are reached as their peers may name them. */
void world_check_next_hops(void);
/** A connection of the peer is accepted. Returns its other end. */
int world_attach(struct bgp_peer *peer);
/** An OPEN with a BGP identifier, as the peer sends it. */
void world_say_open(int fd, const struct bgp_peer *peer, unsigned capabilities, uint32_t identifier);
/** That, and a KEEPALIVE. */
void world_say_hello(int fd, const struct bgp_peer *peer, unsigned capabilities);
void world_drain(int fd);
/** What a peer was told is what policy makes of the best paths; nothing, where it is not Established. Returns
 * how many prefixes it was told. */
uint64_t world_check_told(struct bgp_peer *peer);
/** That of the listener, who must be Established, and its rows. */
void world_check_all(void);
/** Nothing is left but what is this side's own. */
void world_require_empty(void);

#endif
