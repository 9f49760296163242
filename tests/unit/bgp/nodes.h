// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Whole speakers in one process, over real TCP on the loopback addresses: each node has an address 127.0.0.N
 * of its own and a port of its own.
 */
#ifndef TWINSPAN_TESTS_UNIT_BGP_NODES_H
#define TWINSPAN_TESTS_UNIT_BGP_NODES_H

#include "core/bgp/speaker_internal.h"
#include "tests/unit/test.h"

/* How long anything is waited for. */
#define PATIENCE (20 * USEC_PER_SEC)

struct node {
	struct bgp_speaker *speaker;
	struct ip_address address;
	uint32_t asn;
	uint16_t port;
	/* What it was told. */
	unsigned warnings_of_limit, gone;
	struct {
		struct ip_prefix prefix;
		bool there;
		uint32_t group, members;
		char peer[16];
	} routes[64];
	size_t route_count;
	unsigned med_calls, received_rows, advertised_rows;
	uint32_t med;
	bool graceful;
	unsigned graceful_calls;
	bool teaches;
	unsigned teaches_calls;
	char last_event[200];
};

/* Of the test that runs; it turns every few milliseconds. */
extern uv_loop_t loop;
/* A port that nobody was given yet. */
extern uint16_t next_port;

int setup(void **state);
int teardown(void **state);
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

/** Runs the loop until the expression holds. */
#define WAIT_UNTIL(expression) \
	do { \
		usec_t wait_until_ = clock_monotonic() + PATIENCE; \
		while (!(expression)) { \
			if (clock_monotonic() > wait_until_) \
				fail_msg("in vain waited for: %s", #expression); \
			uv_run(&loop, UV_RUN_ONCE); \
		} \
	} while (0)

/** A speaker at 127.0.0.NUMBER. */
void node_open(struct node *node, unsigned number, uint32_t asn);
void close_node(struct node *node);
/** What a session between two nodes is made of. */
struct bgp_peer_config peer_config(const char *name, const struct node *node, const struct node *other);
/** Adds a peer and starts it. */
struct bgp_peer *add(struct node *node, const struct bgp_peer_config *config);
struct bgp_peer *add_simple(struct node *node, const char *name, const struct node *other);
struct bgp_peer_status status_of(const struct bgp_peer *peer);
bool is_up(const struct bgp_peer *peer);

/* Two speakers, a of AS 65001 and b of AS 65002, and the peer that each is to the other. */
struct node_pair {
	struct node a, b;
	struct bgp_peer_config config_at_a, config_at_b;
	struct bgp_peer *at_a, *at_b;
};
/** Both run; the configurations are usual ones, for the test to change. */
void pair_open(struct node_pair *pair);
/** Adds and starts both peers. */
void pair_start(struct node_pair *pair);
bool pair_is_up(const struct node_pair *pair);
void pair_close(struct node_pair *pair);

struct ip_prefix prefix(const char *text);
void originate(struct node *node, const char *text);
/** Where it stands in routes[]; route_count where the node has none. */
size_t route_of(const struct node *node, const char *text);
bool has_route(const struct node *node, const char *text);

struct seen {
	unsigned count;
	char text[400];
};
/** For bgp_walk_…: writes each path into a struct seen. */
bool see(void *context, const struct bgp_path *path);

#endif
