// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Whole speakers in one process, over real TCP on the loopback addresses: each node has an address 127.0.0.N
 * of its own and a port of its own; and raw sockets that say what no speaker would.
 */
#include "core/bgp/speaker_internal.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#define PATIENCE (20 * USEC_PER_SEC)

struct node {
	struct bgp_speaker *speaker;
	struct ip_address address;
	uint32_t asn;
	uint16_t port;
	/* What it was told. */
	unsigned warnings_of_limit;
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

static uv_loop_t loop;
static uint16_t next_port;

static void
on_route(void *context, const struct bgp_change *change)
{
	struct node *node = context;
	size_t i = 0;

	while (i < node->route_count && !ip_prefix_equal(&node->routes[i].prefix, &change->prefix))
		i++;
	assert_true(i < 64);
	if (i == node->route_count)
		node->route_count++;
	node->routes[i].prefix = change->prefix;
	node->routes[i].there = change->best != NULL;
	node->routes[i].group = change->group;
	node->routes[i].members = change->members;
	node->routes[i].peer[0] = '\0';
	if (change->best != NULL && change->best->peer != NULL) {
		struct bgp_peer_status status;

		bgp_peer_status(change->best->peer, &status);
		snprintf(node->routes[i].peer, sizeof(node->routes[i].peer), "%s", status.name);
	}
}

static void
on_med(void *context, struct bgp_peer *peer, uint32_t med)
{
	struct node *node = context;

	node->med_calls++;
	node->med = med;
}

static void
on_graceful(void *context, struct bgp_peer *peer, bool graceful)
{
	struct node *node = context;

	node->graceful_calls++;
	node->graceful = graceful;
}

static void
on_teaches(void *context, struct bgp_peer *peer, bool teaches)
{
	struct node *node = context;

	node->teaches_calls++;
	node->teaches = teaches;
}

static void
on_event(void *context, struct bgp_peer *peer, const char *severity, const char *kind, const char *text)
{
	struct node *node = context;

	snprintf(node->last_event, sizeof(node->last_event), "%s %s", kind, text);
	node->warnings_of_limit += strcmp(kind, "peer.prefixes") == 0;
}

static void
on_received(void *context, struct bgp_peer *peer, const struct bgp_path *path, bool gone)
{
	((struct node *)context)->received_rows++;
}

static void
on_advertised(void *context, struct bgp_peer *peer, const struct bgp_path *path, bool gone)
{
	((struct node *)context)->advertised_rows++;
}

static void
node_open(struct node *node, unsigned number, uint32_t asn)
{
	struct bgp_speaker_config config = {.asn = asn,
					    .router_id = number,
					    .events = {.context = node,
						       .route_changed = on_route,
						       .med_changed = on_med,
						       .teaches_changed = on_teaches,
						       .graceful_changed = on_graceful,
						       .peer_event = on_event,
						       .received_changed = on_received,
						       .advertised_changed = on_advertised}};
	struct error err;

	*node = (struct node){.address = ip_address_v4(0x7f000000 + number), .asn = asn};
	for (unsigned i = 0; node->speaker == NULL && i < 50; i++) {
		config.port = node->port = next_port++;
		node->speaker = bgp_speaker_open(&loop, &config, &err);
	}
	assert_non_null(node->speaker);
}

static struct bgp_peer_config
peer_config(const char *name, const struct node *node, const struct node *other)
{
	return (struct bgp_peer_config){.name = name,
					.local = node->address,
					.remote = other->address,
					.port = other->port,
					.local_asn = node->asn,
					.remote_asn = other->asn,
					.hold_s = 90,
					.keepalive_s = 30,
					.export_networks = true,
					.local_preference = 100,
					.med_out = UINT32_MAX};
}

static struct bgp_peer *
add(struct node *node, const struct bgp_peer_config *config)
{
	struct error err;
	struct bgp_peer *peer = bgp_peer_add(node->speaker, config, &err);

	assert_non_null(peer);
	bgp_peer_start(peer);
	return peer;
}

static struct bgp_peer *
add_simple(struct node *node, const char *name, const struct node *other)
{
	struct bgp_peer_config config = peer_config(name, node, other);

	return add(node, &config);
}

static void
on_wake(uv_timer_t *timer)
{
}

static uv_timer_t wake;

/* Runs the loop until the expression holds. */
#define WAIT_UNTIL(expression) \
	do { \
		usec_t wait_until_ = clock_monotonic() + PATIENCE; \
		while (!(expression)) { \
			if (clock_monotonic() > wait_until_) \
				fail_msg("in vain waited for: %s", #expression); \
			uv_run(&loop, UV_RUN_ONCE); \
		} \
	} while (0)

static struct bgp_peer_status
status_of(const struct bgp_peer *peer)
{
	struct bgp_peer_status status;

	bgp_peer_status(peer, &status);
	return status;
}

static bool
is_up(const struct bgp_peer *peer)
{
	return status_of(peer).state == BGP_ESTABLISHED;
}

static struct ip_prefix
prefix(const char *text)
{
	struct ip_prefix out;

	assert_true(ip_prefix_parse(text, &out));
	return out;
}

static void
originate(struct node *node, const char *text)
{
	struct ip_prefix p = prefix(text);

	assert_true(bgp_network_add(node->speaker, &p));
}

static size_t
route_of(const struct node *node, const char *text)
{
	struct ip_prefix p = prefix(text);
	size_t i = 0;

	while (i < node->route_count &&
	       (!ip_prefix_equal(&node->routes[i].prefix, &p) || !node->routes[i].there))
		i++;
	return i;
}

static bool
has_route(const struct node *node, const char *text)
{
	return route_of(node, text) < node->route_count;
}

static void
close_node(struct node *node)
{
	bgp_speaker_close(node->speaker);
	node->speaker = NULL;
	uv_run(&loop, UV_RUN_NOWAIT);
}

static int
setup(void **state)
{
	uv_loop_init(&loop);
	uv_timer_init(&loop, &wake);
	uv_timer_start(&wake, on_wake, 5, 5);
	if (next_port == 0)
		next_port = (uint16_t)(20000 + getpid() % 20000);
	return 0;
}

static int
teardown(void **state)
{
	uv_close((uv_handle_t *)&wake, NULL);
	uv_run(&loop, UV_RUN_NOWAIT);
	assert_int_equal(uv_loop_close(&loop), 0);
	return 0;
}

/* --- two speakers ------------------------------------------------------------------------------ */

static void
join(void *context, const char *text)
{
	strcat(context, text);
	strcat(context, " ");
}

struct seen {
	unsigned count;
	char text[400];
};

static bool
see(void *context, const struct bgp_path *path)
{
	struct seen *seen = context;
	char p[IP_PREFIX_TEXT], hop[IP_ADDRESS_TEXT];

	seen->count++;
	snprintf(seen->text + strlen(seen->text), sizeof(seen->text) - strlen(seen->text), "%s via %s path ",
		 ip_prefix_format(&path->prefix, p), ip_address_format(&path->next_hop, hop));
	if (path->attributes != NULL)
		bgp_attributes_as_path(path->attributes, join, seen->text);
	snprintf(seen->text + strlen(seen->text), sizeof(seen->text) - strlen(seen->text), "| %s;",
		 path->reason);
	return true;
}

static void
join_community(void *context, const char *text)
{
	struct seen *seen = context;

	snprintf(seen->text + strlen(seen->text), sizeof(seen->text) - strlen(seen->text), " %s", text);
}

static bool
see_preference(void *context, const struct bgp_path *path)
{
	struct seen *seen = context;
	char p[IP_PREFIX_TEXT];

	snprintf(seen->text + strlen(seen->text), sizeof(seen->text) - strlen(seen->text), "%s %u",
		 ip_prefix_format(&path->prefix, p), path->local_preference);
	if (path->attributes != NULL)
		bgp_attributes_communities(path->attributes, join_community, seen);
	snprintf(seen->text + strlen(seen->text), sizeof(seen->text) - strlen(seen->text), ";");
	return true;
}

static void
two_speakers_with_long_as_numbers_exchange_networks(void **state)
{
	struct node a, b;
	struct bgp_peer *at_a, *at_b;
	struct bgp_peer_config config;
	struct seen seen = {0};

	node_open(&a, 2, 4200000001u);
	node_open(&b, 3, 4200000002u);
	originate(&a, "10.1.0.0/16");
	config = peer_config("b", &a, &b);
	config.hold_s = 12;
	config.keepalive_s = 5;
	at_a = add(&a, &config);
	at_b = add_simple(&b, "a", &a);
	WAIT_UNTIL(is_up(at_a) && is_up(at_b));
	originate(&b, "10.2.0.0/16");
	WAIT_UNTIL(has_route(&a, "10.2.0.0/16") && has_route(&b, "10.1.0.0/16"));
	assert_int_equal(status_of(at_a).hold_s, 12);
	assert_int_equal(status_of(at_b).hold_s, 12);
	assert_int_equal(status_of(at_a).keepalive_s, 4);
	assert_int_equal(status_of(at_a).capability_count, 3);
	assert_int_equal(status_of(at_a).received, 1);
	assert_int_equal(status_of(at_a).advertised, 1);
	assert_int_equal(status_of(at_a).remote_router_id, 3);
	assert_null(at_a->second);
	assert_null(at_b->second);
	bgp_walk_received(at_a, NULL, see, &seen);
	assert_string_equal(seen.text, "10.2.0.0/16 via 127.0.0.3 path 4200000002 | best: the only path;");
	seen = (struct seen){0};
	bgp_walk_advertised(at_a, NULL, see, &seen);
	assert_string_equal(seen.text, "10.1.0.0/16 via 127.0.0.2 path 4200000001 | ;");
	assert_true(bgp_network_remove(b.speaker, &b.routes[route_of(&b, "10.2.0.0/16")].prefix));
	WAIT_UNTIL(!has_route(&a, "10.2.0.0/16"));
	assert_int_equal(status_of(at_a).received, 0);
	close_node(&a);
	WAIT_UNTIL(!is_up(at_b) && !has_route(&b, "10.1.0.0/16"));
	assert_true(status_of(at_b).last_error.received);
	assert_int_equal(status_of(at_b).last_error.code, 6);
	assert_int_equal(status_of(at_b).last_error.subcode, CEASE_SHUTDOWN);
	close_node(&b);
}

static void
a_wrong_as_number_is_refused_with_2_2(void **state)
{
	struct node a, b;
	struct bgp_peer *at_a, *at_b;
	struct bgp_peer_config config;

	node_open(&a, 2, 65001);
	node_open(&b, 3, 65002);
	config = peer_config("b", &a, &b);
	config.remote_asn = 65009;
	at_a = add(&a, &config);
	config = peer_config("a", &b, &a);
	config.passive = true;
	at_b = add(&b, &config);
	WAIT_UNTIL(status_of(at_a).last_error.code == 2 && status_of(at_b).last_error.code == 2);
	assert_int_equal(status_of(at_a).last_error.subcode, OPEN_BAD_PEER_AS);
	assert_false(status_of(at_a).last_error.received);
	assert_true(status_of(at_b).last_error.received);
	assert_non_null(strstr(status_of(at_b).last_error.text, "Bad Peer AS"));
	assert_false(is_up(at_a));
	close_node(&a);
	close_node(&b);
}

static void
a_shutdown_tells_its_reason_and_lasts_until_enabled(void **state)
{
	struct node a, b;
	struct bgp_peer *at_a, *at_b;

	node_open(&a, 2, 65001);
	node_open(&b, 3, 65002);
	originate(&a, "10.1.0.0/16");
	at_a = add_simple(&a, "b", &b);
	at_b = add_simple(&b, "a", &a);
	WAIT_UNTIL(is_up(at_a) && is_up(at_b) && has_route(&b, "10.1.0.0/16"));
	bgp_peer_shutdown(at_a, "new \x1b[31mrouter\x1b, back at 10");
	WAIT_UNTIL(!is_up(at_b) && !has_route(&b, "10.1.0.0/16"));
	assert_string_equal(status_of(at_b).last_error.text,
			    "Cease: Administrative Shutdown \"new ?[31mrouter?, back at 10\"");
	assert_true(status_of(at_a).shut_down);
	assert_int_equal(status_of(at_a).state, BGP_IDLE);
	/* Neither its own start nor the other side's attempts bring it back. */
	bgp_peer_stop(at_a, "the tunnel went");
	bgp_peer_start(at_a);
	bgp_peer_reset(at_b, false);
	WAIT_UNTIL(status_of(at_b).last_error.subcode == CEASE_REJECTED);
	assert_int_equal(status_of(at_a).state, BGP_IDLE);
	bgp_peer_enable(at_a);
	WAIT_UNTIL(is_up(at_a) && is_up(at_b));
	assert_false(status_of(at_a).shut_down);
	close_node(&a);
	close_node(&b);
}

static void
a_stop_drops_the_session_and_a_start_brings_it_back_at_once(void **state)
{
	struct node a, b;
	struct bgp_peer *at_a, *at_b;
	usec_t begun;

	node_open(&a, 2, 65001);
	node_open(&b, 3, 65002);
	originate(&b, "10.2.0.0/16");
	at_a = add_simple(&a, "b", &b);
	at_b = add_simple(&b, "a", &a);
	for (int i = 0; i < 5; i++) {
		begun = clock_monotonic();
		WAIT_UNTIL(is_up(at_a) && has_route(&a, "10.2.0.0/16"));
		assert_true(clock_monotonic() - begun < 5 * USEC_PER_SEC);
		bgp_peer_stop(at_a, "the tunnel went");
		assert_int_equal(status_of(at_a).state, BGP_IDLE);
		assert_int_equal(status_of(at_a).received, 0);
		WAIT_UNTIL(!has_route(&a, "10.2.0.0/16") && !is_up(at_b));
		bgp_peer_start(at_a);
	}
	WAIT_UNTIL(is_up(at_a) && is_up(at_b));
	assert_int_equal(status_of(at_a).flaps, 5);
	close_node(&a);
	close_node(&b);
}

static void
one_prefix_too_many_draws_6_1_and_a_new_attempt_is_heard_at_once(void **state)
{
	struct node a, b;
	struct bgp_peer *at_a, *at_b;
	struct bgp_peer_config config;

	node_open(&a, 2, 65001);
	node_open(&b, 3, 65002);
	originate(&a, "10.1.0.0/16");
	originate(&a, "10.2.0.0/16");
	at_a = add_simple(&a, "b", &b);
	config = peer_config("a", &b, &a);
	config.max_prefixes = 2;
	at_b = add(&b, &config);
	WAIT_UNTIL(is_up(at_b) && status_of(at_b).accepted == 2);
	assert_int_equal(b.warnings_of_limit, 1);
	originate(&a, "10.3.0.0/16");
	WAIT_UNTIL(!is_up(at_b) && status_of(at_a).last_error.code == 6);
	assert_int_equal(status_of(at_a).last_error.subcode, CEASE_MAX_PREFIXES);
	assert_non_null(strstr(status_of(at_a).last_error.text, "limit 2"));
	assert_true(at_b->main->idle_at - clock_monotonic() > 50 * USEC_PER_SEC);
	/* b waits a minute before it tries again, a only a second: b takes it, and refuses it again for the
	 * same cause. */
	WAIT_UNTIL(status_of(at_b).flaps == 2);
	assert_int_equal(status_of(at_b).last_error.subcode, CEASE_MAX_PREFIXES);
	WAIT_UNTIL(!has_route(&b, "10.1.0.0/16"));
	bgp_network_remove(a.speaker, &a.routes[0].prefix);
	bgp_peer_reset(at_b, false);
	WAIT_UNTIL(is_up(at_b) && status_of(at_b).accepted == 2);
	close_node(&a);
	close_node(&b);
}

static void
a_soft_reset_says_all_again_without_losing_the_session(void **state)
{
	struct node a, b;
	struct bgp_peer *at_a, *at_b;
	uint64_t out_a, in_a;

	node_open(&a, 2, 65001);
	node_open(&b, 3, 65002);
	originate(&a, "10.1.0.0/16");
	originate(&b, "10.2.0.0/16");
	at_a = add_simple(&a, "b", &b);
	at_b = add_simple(&b, "a", &a);
	WAIT_UNTIL(is_up(at_a) && is_up(at_b) && has_route(&a, "10.2.0.0/16") &&
		   has_route(&b, "10.1.0.0/16"));
	bgp_speaker_watch(a.speaker, true, true);
	out_a = status_of(at_a).messages_out;
	in_a = status_of(at_a).messages_in;
	bgp_peer_reset(at_a, true);
	/* Out: ROUTE-REFRESH and the UPDATE again. In: the UPDATE that was asked for. */
	WAIT_UNTIL(status_of(at_a).messages_out >= out_a + 2 && status_of(at_a).messages_in >= in_a + 1);
	assert_int_equal(a.advertised_rows, 1);
	assert_true(is_up(at_a));
	assert_int_equal(status_of(at_a).flaps + status_of(at_b).flaps, 0);
	/* Who watches is told too when all rows go with the session. */
	a.advertised_rows = a.received_rows = 0;
	bgp_peer_shutdown(at_a, NULL);
	WAIT_UNTIL(a.advertised_rows == 1 && a.received_rows == 1);
	close_node(&a);
	close_node(&b);
}

static void
a_new_med_reaches_the_peer_without_a_reset(void **state)
{
	struct node a, b;
	struct bgp_peer *at_a, *at_b;

	node_open(&a, 2, 65001);
	node_open(&b, 3, 65002);
	originate(&a, "10.1.0.0/16");
	originate(&a, "10.2.0.0/16");
	at_a = add_simple(&a, "b", &b);
	at_b = add_simple(&b, "a", &a);
	WAIT_UNTIL(is_up(at_a) && is_up(at_b) && status_of(at_b).received == 2);
	assert_int_equal(b.med_calls, 0);
	bgp_peer_set_med(at_a, 200);
	WAIT_UNTIL(b.med == 200);
	bgp_peer_set_med(at_a, 100);
	WAIT_UNTIL(b.med == 100);
	bgp_peer_set_med(at_a, 300);
	WAIT_UNTIL(b.med == 300);
	bgp_peer_set_med(at_a, UINT32_MAX);
	WAIT_UNTIL(b.med == UINT32_MAX);
	assert_int_equal(status_of(at_b).flaps, 0);
	assert_int_equal(status_of(at_b).received, 2);
	close_node(&a);
	close_node(&b);
}

/* With and without a MED. */
static void
a_peer_that_withdraws_all_is_told_of_and_when_it_advertises_again(void **state)
{
	struct ip_prefix first = prefix("10.1.0.0/16"), second = prefix("10.2.0.0/16");
	struct node a, b;
	struct bgp_peer *at_a, *at_b;

	node_open(&a, 2, 65001);
	node_open(&b, 3, 65002);
	originate(&a, "10.1.0.0/16");
	originate(&a, "10.2.0.0/16");
	at_a = add_simple(&a, "b", &b);
	at_b = add_simple(&b, "a", &a);
	WAIT_UNTIL(is_up(at_a) && is_up(at_b) && b.teaches);
	assert_int_equal(b.med_calls, 0);
	assert_false(a.teaches); /* b has nothing to tell */
	bgp_network_remove(a.speaker, &first);
	WAIT_UNTIL(status_of(at_b).received == 1);
	assert_true(b.teaches);
	bgp_network_remove(a.speaker, &second);
	WAIT_UNTIL(!b.teaches);
	assert_true(is_up(at_b));
	originate(&a, "10.2.0.0/16");
	WAIT_UNTIL(b.teaches);
	bgp_peer_stop(at_a, "gone");
	WAIT_UNTIL(!b.teaches);
	assert_int_equal(b.teaches_calls, 4);
	close_node(&a);
	close_node(&b);
}

static void
new_limits_count_for_the_session_that_stands(void **state)
{
	struct node a, b;
	struct bgp_peer *at_a, *at_b;
	uint32_t hold;

	node_open(&a, 2, 65001);
	node_open(&b, 3, 65002);
	originate(&a, "10.1.0.0/16");
	originate(&a, "10.2.0.0/16");
	at_a = add_simple(&a, "b", &b);
	at_b = add_simple(&b, "a", &a);
	WAIT_UNTIL(is_up(at_a) && is_up(at_b) && status_of(at_b).received == 2);
	hold = status_of(at_b).hold_s;
	bgp_peer_set_limits(at_b, hold + 60, 1, 2);
	assert_int_equal(status_of(at_b).keepalive_s, 1);
	assert_int_equal(status_of(at_b).hold_s, hold); /* as negotiated */
	assert_true(is_up(at_b));
	originate(&a, "10.3.0.0/16");
	WAIT_UNTIL(!is_up(at_b));
	assert_int_equal(status_of(at_b).last_error.subcode, 1);
	close_node(&a);
	close_node(&b);
}

/* RFC 8326: what is announced, and what it does on the other side. */
static void
graceful_shutdown_is_told_and_honoured_with_preference_0(void **state)
{
	struct node a, b;
	struct bgp_peer *at_a, *at_b;
	struct seen seen = {0};

	node_open(&a, 2, 65001);
	node_open(&b, 3, 65002);
	originate(&a, "10.1.0.0/16");
	originate(&a, "10.2.0.0/16");
	at_a = add_simple(&a, "b", &b);
	at_b = add_simple(&b, "a", &a);
	WAIT_UNTIL(is_up(at_a) && is_up(at_b) && status_of(at_b).received == 2);
	bgp_walk_received(at_b, NULL, see_preference, &seen);
	assert_string_equal(seen.text, "10.1.0.0/16 100;10.2.0.0/16 100;");
	bgp_peer_set_graceful_shutdown(at_a, true);
	WAIT_UNTIL(b.graceful);
	assert_true(status_of(at_a).graceful_shutdown);
	seen = (struct seen){0};
	bgp_walk_received(at_b, NULL, see_preference, &seen);
	assert_string_equal(seen.text, "10.1.0.0/16 0 65535:0;10.2.0.0/16 0 65535:0;");
	/* A network that comes later carries it too. */
	originate(&a, "10.3.0.0/16");
	WAIT_UNTIL(status_of(at_b).received == 3);
	assert_true(b.graceful);
	bgp_peer_set_graceful_shutdown(at_a, false);
	WAIT_UNTIL(!b.graceful);
	WAIT_UNTIL((seen = (struct seen){0}, bgp_walk_received(at_b, NULL, see_preference, &seen),
		    strcmp(seen.text, "10.1.0.0/16 100;10.2.0.0/16 100;10.3.0.0/16 100;") == 0));
	assert_int_equal(b.graceful_calls, 2);
	assert_int_equal(status_of(at_b).flaps, 0);
	close_node(&a);
	close_node(&b);
}

/* A hub with two tunnels to one customer (group 1) and a session to another one (group 2). */
static void
a_group_is_one_for_split_horizon_and_shows_its_members(void **state)
{
	struct node hub, site, other, second;
	struct bgp_peer *hub_first, *hub_second, *site_first, *site_second, *at_other;
	struct bgp_peer_config config;
	struct seen seen = {0};

	node_open(&hub, 2, 64512);
	node_open(&site, 3, 65001);
	node_open(&other, 4, 65002);
	second = site; /* the site's other address */
	second.address = ip_address_v4(0x7f000005);
	originate(&site, "10.1.0.0/16");
	originate(&other, "10.2.0.0/16");
	originate(&hub, "10.0.0.0/16");

	config = peer_config("site/1", &hub, &site);
	config.export_peers = config.export_groups = true;
	config.group = 1;
	hub_first = add(&hub, &config);
	config = peer_config("site/2", &hub, &second);
	config.export_peers = config.export_groups = true;
	config.group = 1;
	config.member = 1;
	hub_second = add(&hub, &config);
	config = peer_config("other", &hub, &other);
	config.export_peers = config.export_groups = true;
	config.group = 2;
	add(&hub, &config);
	site_first = add_simple(&site, "hub/1", &hub);
	config = peer_config("hub/2", &second, &hub);
	site_second = add(&site, &config);
	at_other = add_simple(&other, "hub", &hub);

	WAIT_UNTIL(is_up(hub_first) && is_up(hub_second) && is_up(at_other));
	WAIT_UNTIL(has_route(&hub, "10.1.0.0/16") && hub.routes[route_of(&hub, "10.1.0.0/16")].members == 3);
	assert_int_equal(hub.routes[route_of(&hub, "10.1.0.0/16")].group, 1);
	WAIT_UNTIL(has_route(&other, "10.1.0.0/16") && status_of(site_first).received == 2 &&
		   status_of(site_second).received == 2);
	/* The site hears of the hub and of the other site by both, and never of its own network. */
	bgp_walk_received(site_second, NULL, see, &seen);
	assert_null(strstr(seen.text, "10.1.0.0"));
	assert_non_null(strstr(seen.text, "10.2.0.0/16 via 127.0.0.2 path 64512 65002 "));

	/* Preference moves the best path within the group, without a word to the others. */
	bgp_peer_set_preference(hub_second, 200);
	WAIT_UNTIL(strcmp(hub.routes[route_of(&hub, "10.1.0.0/16")].peer, "site/2") == 0);
	bgp_peer_set_preference(hub_first, 300);
	WAIT_UNTIL(strcmp(hub.routes[route_of(&hub, "10.1.0.0/16")].peer, "site/1") == 0);
	/* Lower MED wins where preference is equal. */
	bgp_peer_set_preference(hub_first, 200);
	bgp_peer_set_med(site_first, 20);
	bgp_peer_set_med(site_second, 10);
	WAIT_UNTIL(strcmp(hub.routes[route_of(&hub, "10.1.0.0/16")].peer, "site/2") == 0);
	seen = (struct seen){0};
	bgp_walk_paths(hub.speaker, NULL, see, &seen);
	assert_non_null(strstr(seen.text, "best: lower MED (10 against 20);"));
	assert_non_null(strstr(seen.text, "not best: higher MED (20 against 10);"));
	seen = (struct seen){0};
	bgp_walk_prefix(hub.speaker, &hub.routes[route_of(&hub, "10.1.0.0/16")].prefix, see, &seen);
	assert_int_equal(seen.count, 2);

	bgp_peer_stop(hub_second, "the tunnel went");
	WAIT_UNTIL(hub.routes[route_of(&hub, "10.1.0.0/16")].members == 1);
	assert_string_equal(hub.routes[route_of(&hub, "10.1.0.0/16")].peer, "site/1");
	assert_true(has_route(&other, "10.1.0.0/16"));
	bgp_peer_remove(hub_first);
	WAIT_UNTIL(!has_route(&other, "10.1.0.0/16") && !has_route(&hub, "10.1.0.0/16"));
	assert_null(bgp_peer_find(hub.speaker, "site/1"));
	close_node(&hub);
	close_node(&site);
	close_node(&other);
}

static void
a_path_with_our_own_as_is_kept_but_not_accepted(void **state)
{
	struct node a, b, c;
	struct bgp_peer *at_c;
	struct bgp_peer_config config;
	struct seen seen = {0};

	node_open(&a, 2, 65001);
	node_open(&b, 3, 65002);
	node_open(&c, 4, 65001); /* another site with a's number */
	originate(&a, "10.1.0.0/16");
	add_simple(&a, "b", &b);
	add_simple(&b, "a", &a);
	config = peer_config("c", &b, &c);
	config.export_peers = config.export_groups = true;
	add(&b, &config);
	at_c = add_simple(&c, "b", &b);
	WAIT_UNTIL(is_up(at_c) && status_of(at_c).received == 1);
	assert_int_equal(status_of(at_c).accepted, 0);
	assert_false(has_route(&c, "10.1.0.0/16"));
	bgp_walk_received(at_c, NULL, see, &seen);
	assert_string_equal(
	    seen.text,
	    "10.1.0.0/16 via 127.0.0.3 path 65002 65001 | not accepted: as-path contains our own AS;");
	close_node(&a);
	close_node(&b);
	close_node(&c);
}

static void
an_internal_peer_gets_preferences_and_no_internal_routes(void **state)
{
	struct node a, b, c, d;
	struct bgp_peer *at_b, *at_d;
	struct bgp_peer_config config;

	/* a (outside) - b - c - d, the last three in one AS: c tells d nothing of what it has from b. */
	node_open(&a, 2, 65001);
	node_open(&b, 3, 65002);
	node_open(&c, 4, 65002);
	node_open(&d, 5, 65002);
	originate(&a, "10.1.0.0/16");
	originate(&c, "10.3.0.0/16");
	add_simple(&a, "b", &b);
	config = peer_config("a", &b, &a);
	config.local_preference = 321;
	add(&b, &config);
	config = peer_config("c", &b, &c);
	config.export_peers = config.export_groups = true;
	add(&b, &config);
	at_b = add_simple(&c, "b", &b);
	config = peer_config("d", &c, &d);
	config.export_peers = config.export_groups = true;
	add(&c, &config);
	at_d = add_simple(&d, "c", &c);
	WAIT_UNTIL(has_route(&c, "10.1.0.0/16") && has_route(&d, "10.3.0.0/16"));
	assert_int_equal(path_local_preference(
			     &c.speaker->rib,
			     rib_best(&c.speaker->rib,
				      rib_net(&c.speaker->rib, trie_get(&c.speaker->rib.trie,
									(const uint8_t[16]){10, 1}, 16)))),
			 321);
	assert_int_equal(status_of(at_b).received, 1);
	assert_int_equal(status_of(at_d).received, 1);
	assert_false(has_route(&d, "10.1.0.0/16"));
	close_node(&a);
	close_node(&b);
	close_node(&c);
	close_node(&d);
}

/* --- raw peers --------------------------------------------------------------------------------- */

struct raw {
	int fd;
	uint8_t in[65536];
	size_t length;
	bool ended;
};

static void
raw_connect(struct raw *raw, unsigned from, const struct node *to)
{
	struct sockaddr_storage local, remote;
	struct ip_address here = ip_address_v4(0x7f000000 + from);

	*raw = (struct raw){.fd = socket(AF_INET, SOCK_STREAM, 0)};
	assert_true(raw->fd >= 0);
	assert_int_equal(bind(raw->fd, (struct sockaddr *)&local, ip_address_to_sockaddr(&here, 0, &local)),
			 0);
	assert_int_equal(connect(raw->fd, (struct sockaddr *)&remote,
				 ip_address_to_sockaddr(&to->address, to->port, &remote)),
			 0);
}

static void
raw_send(struct raw *raw, const char *text)
{
	uint8_t bytes[4096];
	size_t count = 0;
	unsigned value;

	for (; sscanf(text, "%2x", &value) == 1; text += 2)
		bytes[count++] = (uint8_t)value;
	assert_int_equal(send(raw->fd, bytes, count, MSG_NOSIGNAL), count);
}

static void
raw_read(struct raw *raw)
{
	ssize_t got = recv(raw->fd, raw->in + raw->length, sizeof(raw->in) - raw->length, MSG_DONTWAIT);

	if (got > 0)
		raw->length += (size_t)got;
	else if (got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK))
		raw->ended = true;
}

/* The first message of a type that has come in; NULL: none yet. */
static const uint8_t *
raw_message(struct raw *raw, uint8_t type)
{
	raw_read(raw);
	for (size_t at = 0; at + 19 <= raw->length;) {
		size_t length = (size_t)raw->in[at + 16] << 8 | raw->in[at + 17];

		if (length < 19 || at + length > raw->length)
			return NULL;
		if (raw->in[at + 18] == type)
			return raw->in + at;
		at += length;
	}
	return NULL;
}

#define MARK "ffffffffffffffffffffffffffffffff"
#define KEEPALIVE MARK "001304"
#define UPDATE_EMPTY MARK "00170200000000"
#define REFRESH MARK "00170500010001"
#define OPEN MARK "001d0104fdea005a0a0b0c0d00" /* 65002, hold 90, 10.11.12.13 */
#define HOP "4003047f000009"
#define ATTRS \
	"4001010040020402" \
	"01fdea" HOP

static const struct {
	const char *what, *bytes;
	uint8_t code, subcode;
	const char *data;
} raw_cases[] = {
    {"garbage for a marker", "00ffffffffffffffffffffffffffffff001304", 1, 1, ""},
    {"a message of 18 octets", MARK "001204", 1, 2, "0012"},
    {"a message of 4097 octets", MARK "100102", 1, 2, "1001"},
    {"type 0", MARK "001300", 1, 3, "00"},
    {"type 255", MARK "0013ff", 1, 3, "ff"},
    {"a KEEPALIVE of 20 octets", OPEN MARK "00140400", 1, 2, "0014"},
    {"version 3", MARK "001d0103fdea005a0a0b0c0d00", 2, 1, "0004"},
    {"another AS", MARK "001d0104fdeb005a0a0b0c0d00", 2, 2, ""},
    {"AS 0 by capability", MARK "00250104fdea005a0a0b0c0d080206410400000000", 2, 2, ""},
    {"identifier 0", MARK "001d0104fdea005a0000000000", 2, 3, ""},
    {"hold time 1", MARK "001d0104fdea00010a0b0c0d00", 2, 6, ""},
    {"hold time 2", MARK "001d0104fdea00020a0b0c0d00", 2, 6, ""},
    {"an unknown parameter", MARK "00210104fdea005a0a0b0c0d0401020000", 2, 4, ""},
    {"IPv6 only", MARK "00250104fdea005a0a0b0c0d080206010400020001", 2, 7, "010400010001"},
    {"KEEPALIVE in OpenSent", KEEPALIVE, 5, 1, ""},
    {"UPDATE in OpenSent", UPDATE_EMPTY, 5, 1, ""},
    {"ROUTE-REFRESH in OpenSent", REFRESH, 5, 1, ""},
    {"OPEN in OpenConfirm", OPEN OPEN, 5, 2, ""},
    {"UPDATE in OpenConfirm", OPEN UPDATE_EMPTY, 5, 2, ""},
    {"ROUTE-REFRESH in OpenConfirm", OPEN REFRESH, 5, 2, ""},
    {"OPEN in Established", OPEN KEEPALIVE OPEN, 5, 3, ""},
    {"withdrawn routes beyond the message",
     OPEN KEEPALIVE MARK "0017020005"
			 "0000",
     3, 1, ""},
    {"attributes beyond the message", OPEN KEEPALIVE MARK "00170200000005", 3, 1, ""},
    {"a prefix of 33 bits",
     OPEN KEEPALIVE MARK "002f02"
			 "0000"
			 "0012" ATTRS "210a000000"
			 "00",
     3, 10, ""},
    {"an unknown well-known attribute",
     OPEN KEEPALIVE MARK "001a02"
			 "0000"
			 "0003"
			 "406300",
     3, 2, "406300"},
    {"MP_UNREACH cut short",
     OPEN KEEPALIVE MARK "001c02"
			 "0000"
			 "0005"
			 "800f020002",
     3, 9, "800f020002"},
};

static void
what_no_speaker_would_say_gets_its_notification(void **state)
{
	static struct raw raw;
	struct node a, b = {.address = ip_address_v4(0x7f000009), .asn = 65002};
	struct bgp_peer_config config;
	struct bgp_peer *peer;

	node_open(&a, 2, 65001);
	config = peer_config("raw", &a, &b);
	config.passive = true;
	peer = add(&a, &config);
	for (size_t i = 0; i < sizeof(raw_cases) / sizeof(*raw_cases); i++) {
		const uint8_t *message;
		unsigned value;

		print_message("case: %s\n", raw_cases[i].what);
		raw_connect(&raw, 9, &a);
		WAIT_UNTIL(raw_message(&raw, BGP_OPEN) != NULL);
		raw_send(&raw, raw_cases[i].bytes);
		WAIT_UNTIL((message = raw_message(&raw, BGP_NOTIFICATION)) != NULL);
		assert_int_equal(message[19], raw_cases[i].code);
		assert_int_equal(message[20], raw_cases[i].subcode);
		assert_int_equal((message[16] << 8 | message[17]) - 21, strlen(raw_cases[i].data) / 2);
		for (size_t j = 0; sscanf(raw_cases[i].data + 2 * j, "%2x", &value) == 1; j++)
			assert_int_equal(message[21 + j], value);
		assert_int_equal(status_of(peer).last_error.code, raw_cases[i].code);
		close(raw.fd);
	}
	close_node(&a);
}

static void
faulty_updates_that_reset_nothing_leave_the_session_up(void **state)
{
	static struct raw raw;
	struct node a, b = {.address = ip_address_v4(0x7f000009), .asn = 65002};
	struct bgp_peer_config config;
	struct bgp_peer *peer;

	node_open(&a, 2, 65001);
	config = peer_config("raw", &a, &b);
	config.passive = true;
	peer = add(&a, &config);
	raw_connect(&raw, 9, &a);
	raw_send(&raw, OPEN KEEPALIVE);
	/* 10.0.0.0/8, 11.0.0.0/8 and 12.0.0.0/8 with what is needed. */
	raw_send(&raw, MARK "002f02"
			    "0000"
			    "0012" ATTRS "080a"
			    "080b"
			    "080c");
	WAIT_UNTIL(is_up(peer) && status_of(peer).accepted == 3);
	/* AS 0 in the path of 10/8: withdrawn by it. */
	raw_send(&raw, MARK "002b02"
			    "0000"
			    "0012"
			    "4001010040020402"
			    "010000" HOP "080a");
	WAIT_UNTIL(status_of(peer).accepted == 2);
	assert_non_null(strstr(a.last_event, "was treated as withdrawal"));
	/* 11/8 by way of a path that does not begin with the peer's AS: stands, but is not accepted. */
	raw_send(&raw, MARK "002b02"
			    "0000"
			    "0012"
			    "4001010040020402"
			    "01fdeb" HOP "080b");
	WAIT_UNTIL(status_of(peer).accepted == 1);
	assert_int_equal(status_of(peer).received, 2);
	/* A ROUTE-REFRESH for IPv6 and an empty UPDATE change nothing. */
	raw_send(&raw, MARK "00170500020001" UPDATE_EMPTY KEEPALIVE);
	raw_send(&raw, MARK "001902"
			    "0002"
			    "080c"
			    "0000");
	WAIT_UNTIL(status_of(peer).accepted == 0);
	assert_true(is_up(peer));
	assert_int_equal(status_of(peer).received, 1);
	close(raw.fd);
	close_node(&a);
}

static void
prefixes_that_are_no_destination_are_kept_but_not_accepted(void **state)
{
	static struct raw raw;
	struct node a, b = {.address = ip_address_v4(0x7f000009), .asn = 65002};
	struct bgp_peer_config config;
	struct bgp_peer *peer;

	node_open(&a, 2, 65001);
	config = peer_config("raw", &a, &b);
	config.passive = true;
	peer = add(&a, &config);
	raw_connect(&raw, 9, &a);
	raw_send(&raw, OPEN KEEPALIVE);
	/* 127.0.0.0/8, 224.0.0.0/4 and 0.0.0.0/8; with them a default route and 1.0.0.0/8. */
	raw_send(&raw, MARK "003202"
			    "0000"
			    "0012" ATTRS "087f"
			    "04e0"
			    "0800"
			    "00"
			    "0801");
	WAIT_UNTIL(is_up(peer) && status_of(peer).received == 5);
	assert_int_equal(status_of(peer).accepted, 2);
	WAIT_UNTIL(has_route(&a, "0.0.0.0/0") && has_route(&a, "1.0.0.0/8"));
	assert_false(has_route(&a, "127.0.0.0/8"));
	assert_false(has_route(&a, "224.0.0.0/4"));
	assert_false(has_route(&a, "0.0.0.0/8"));
	assert_true(is_up(peer));
	close(raw.fd);
	close_node(&a);
}

static void
silence_ends_in_hold_timer_expired(void **state)
{
	static struct raw raw;
	struct node a, b = {.address = ip_address_v4(0x7f000009), .asn = 65002};
	struct bgp_peer_config config;
	const uint8_t *message;
	struct bgp_peer *peer;
	usec_t begun = clock_monotonic();

	node_open(&a, 2, 65001);
	config = peer_config("raw", &a, &b);
	config.passive = true;
	peer = add(&a, &config);
	raw_connect(&raw, 9, &a);
	raw_send(&raw, MARK "001d0104fdea00030a0b0c0d00" KEEPALIVE);
	WAIT_UNTIL(is_up(peer));
	assert_int_equal(status_of(peer).hold_s, 3);
	assert_int_equal(status_of(peer).keepalive_s, 1);
	WAIT_UNTIL((message = raw_message(&raw, BGP_NOTIFICATION)) != NULL);
	assert_int_equal(message[19], BGP_ERROR_HOLD);
	assert_int_equal(message[20], 0);
	assert_true(clock_monotonic() - begun >= 3 * USEC_PER_SEC);
	assert_non_null(raw_message(&raw, BGP_KEEPALIVE));
	assert_false(is_up(peer));
	close(raw.fd);
	close_node(&a);
}

/* A raw peer that both takes the speaker's connection and opens one of its own. */
static void
of_two_colliding_connections_the_higher_identifiers_is_kept(void **state)
{
	/* The speaker's identifier is 2: below 10.11.12.13, above 0.0.0.1. */
	static const struct {
		const char *open;
		bool keeps_theirs;
	} rounds[] = {{OPEN, true}, {MARK "001d0104fdea005a0000000100", false}};

	for (size_t i = 0; i < 2; i++) {
		static struct raw ours, theirs; /* ours: opened by the speaker */
		struct node a, b = {.address = ip_address_v4(0x7f000009), .asn = 65002};
		struct sockaddr_storage at;
		int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		struct bgp_peer_config config;
		struct bgp_peer *peer;
		struct raw *loser, *winner;

		node_open(&a, 2, 65001);
		do {
			b.port = next_port++;
		} while (bind(listener, (struct sockaddr *)&at,
			      ip_address_to_sockaddr(&b.address, b.port, &at)) != 0);
		assert_int_equal(listen(listener, 1), 0);
		config = peer_config("raw", &a, &b);
		peer = add(&a, &config);
		ours = (struct raw){.fd = -1};
		WAIT_UNTIL((ours.fd = accept(listener, NULL, NULL)) >= 0);
		raw_connect(&theirs, 9, &a);
		WAIT_UNTIL(raw_message(&ours, BGP_OPEN) != NULL && raw_message(&theirs, BGP_OPEN) != NULL);
		raw_send(&ours, rounds[i].open);
		WAIT_UNTIL(raw_message(&ours, BGP_KEEPALIVE) != NULL);
		raw_send(&theirs, rounds[i].open);
		winner = rounds[i].keeps_theirs ? &theirs : &ours;
		loser = rounds[i].keeps_theirs ? &ours : &theirs;
		WAIT_UNTIL(raw_message(loser, BGP_NOTIFICATION) != NULL);
		assert_int_equal(raw_message(loser, BGP_NOTIFICATION)[19], BGP_ERROR_CEASE);
		assert_int_equal(raw_message(loser, BGP_NOTIFICATION)[20], CEASE_COLLISION);
		raw_send(winner, KEEPALIVE);
		WAIT_UNTIL(is_up(peer));
		assert_null(peer->second);
		assert_null(raw_message(winner, BGP_NOTIFICATION));
		/* One more while it is up is refused. */
		close(loser->fd);
		raw_connect(loser, 9, &a);
		WAIT_UNTIL(raw_message(loser, BGP_NOTIFICATION) != NULL);
		assert_int_equal(raw_message(loser, BGP_NOTIFICATION)[20], CEASE_COLLISION);
		assert_true(is_up(peer));
		close(ours.fd);
		close(theirs.fd);
		close(listener);
		close_node(&a);
	}
}

static void
a_speaker_of_two_octets_is_understood_both_ways(void **state)
{
	static struct raw raw;
	struct node a, b = {.address = ip_address_v4(0x7f000009), .asn = 65002};
	struct attribute_context context = {.ebgp = true};
	static struct attribute_set set;
	struct bgp_peer_config config;
	struct bgp_peer *peer;
	struct bgp_error error;
	struct update update;
	const uint8_t *message;
	struct seen seen = {0};

	node_open(&a, 2, 4200000001u);
	originate(&a, "10.1.0.0/16");
	config = peer_config("raw", &a, &b);
	config.passive = true;
	peer = add(&a, &config);
	raw_connect(&raw, 9, &a);
	raw_send(&raw, OPEN KEEPALIVE MARK "003602"
					   "0000"
					   "001d"
					   "4001010040020602"
					   "02fdea5ba0" HOP "c0110602010001000"
					   "1"
					   "080a");
	WAIT_UNTIL(is_up(peer) && status_of(peer).accepted == 1);
	bgp_walk_received(peer, NULL, see, &seen);
	assert_non_null(strstr(seen.text, "path 65002 65537 |"));
	assert_int_equal(status_of(peer).capability_count, 0);
	WAIT_UNTIL((message = raw_message(&raw, BGP_UPDATE)) != NULL);
	assert_true(update_split(reader_over(message + 19, (size_t)(message[16] << 8 | message[17]) - 19),
				 &update, &error));
	assert_int_equal(attributes_read(update.attributes, &context, true, &set, &error), UPDATE_FINE);
	assert_int_equal(set.as_path_length, 6);
	assert_memory_equal(set.as_path, "\x02\x01\xfa\x56\xea\x01", 6);
	close(raw.fd);
	close_node(&a);
}

static void
a_busy_port_is_an_error_that_says_so(void **state)
{
	struct node a;
	struct bgp_speaker_config config = {.asn = 1, .router_id = 1};
	struct error err;

	node_open(&a, 2, 65001);
	config.port = a.port;
	assert_null(bgp_speaker_open(&loop, &config, &err));
	assert_non_null(strstr(err.text, "Address already in use"));
	close_node(&a);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

TEST_MAIN(TEST(two_speakers_with_long_as_numbers_exchange_networks),
	  TEST(a_wrong_as_number_is_refused_with_2_2),
	  TEST(a_shutdown_tells_its_reason_and_lasts_until_enabled),
	  TEST(a_stop_drops_the_session_and_a_start_brings_it_back_at_once),
	  TEST(one_prefix_too_many_draws_6_1_and_a_new_attempt_is_heard_at_once),
	  TEST(a_soft_reset_says_all_again_without_losing_the_session),
	  TEST(a_new_med_reaches_the_peer_without_a_reset),
	  TEST(a_peer_that_withdraws_all_is_told_of_and_when_it_advertises_again),
	  TEST(new_limits_count_for_the_session_that_stands),
	  TEST(graceful_shutdown_is_told_and_honoured_with_preference_0),
	  TEST(a_group_is_one_for_split_horizon_and_shows_its_members),
	  TEST(a_path_with_our_own_as_is_kept_but_not_accepted),
	  TEST(an_internal_peer_gets_preferences_and_no_internal_routes),
	  TEST(what_no_speaker_would_say_gets_its_notification),
	  TEST(faulty_updates_that_reset_nothing_leave_the_session_up),
	  TEST(prefixes_that_are_no_destination_are_kept_but_not_accepted),
	  TEST(silence_ends_in_hold_timer_expired),
	  TEST(of_two_colliding_connections_the_higher_identifiers_is_kept),
	  TEST(a_speaker_of_two_octets_is_understood_both_ways), TEST(a_busy_port_is_an_error_that_says_so))
