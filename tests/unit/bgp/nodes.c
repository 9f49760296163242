// SPDX-License-Identifier: GPL-2.0-or-later
/* See nodes.h. */
#include "tests/unit/bgp/nodes.h"

#include <unistd.h>

uv_loop_t loop;
uint16_t next_port;

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
on_gone(void *context, struct bgp_peer *peer)
{
	((struct node *)context)->gone++;
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
on_speaker_event(void *context, const char *severity, const char *kind, const char *text)
{
	struct node *node = context;

	snprintf(node->last_event, sizeof(node->last_event), "%s %s", kind, text);
}

void
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
						       .speaker_event = on_speaker_event,
						       .peer_gone = on_gone,
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

struct bgp_peer_config
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

struct bgp_peer *
add(struct node *node, const struct bgp_peer_config *config)
{
	struct error err;
	struct bgp_peer *peer = bgp_peer_add(node->speaker, config, &err);

	assert_non_null(peer);
	bgp_peer_start(peer);
	return peer;
}

struct bgp_peer *
add_simple(struct node *node, const char *name, const struct node *other)
{
	struct bgp_peer_config config = peer_config(name, node, other);

	return add(node, &config);
}

void
pair_open(struct node_pair *pair)
{
	node_open(&pair->a, 2, 65001);
	node_open(&pair->b, 3, 65002);
	pair->config_at_a = peer_config("b", &pair->a, &pair->b);
	pair->config_at_b = peer_config("a", &pair->b, &pair->a);
}

void
pair_start(struct node_pair *pair)
{
	pair->at_a = add(&pair->a, &pair->config_at_a);
	pair->at_b = add(&pair->b, &pair->config_at_b);
}

bool
pair_is_up(const struct node_pair *pair)
{
	return is_up(pair->at_a) && is_up(pair->at_b);
}

void
pair_close(struct node_pair *pair)
{
	close_node(&pair->a);
	close_node(&pair->b);
}

static void
on_wake(uv_timer_t *timer)
{
}

static uv_timer_t wake;

struct bgp_peer_status
status_of(const struct bgp_peer *peer)
{
	struct bgp_peer_status status;

	bgp_peer_status(peer, &status);
	return status;
}

bool
is_up(const struct bgp_peer *peer)
{
	return status_of(peer).state == BGP_ESTABLISHED;
}

struct ip_prefix
prefix(const char *text)
{
	struct ip_prefix out;

	assert_true(ip_prefix_parse(text, &out));
	return out;
}

void
originate(struct node *node, const char *text)
{
	struct ip_prefix p = prefix(text);

	assert_true(bgp_network_add(node->speaker, &p));
}

size_t
route_of(const struct node *node, const char *text)
{
	struct ip_prefix p = prefix(text);
	size_t i = 0;

	while (i < node->route_count &&
	       (!ip_prefix_equal(&node->routes[i].prefix, &p) || !node->routes[i].there))
		i++;
	return i;
}

bool
has_route(const struct node *node, const char *text)
{
	return route_of(node, text) < node->route_count;
}

void
close_node(struct node *node)
{
	bgp_speaker_close(node->speaker);
	node->speaker = NULL;
	uv_run(&loop, UV_RUN_NOWAIT);
}

int
setup(void **state)
{
	uv_loop_init(&loop);
	uv_timer_init(&loop, &wake);
	uv_timer_start(&wake, on_wake, 5, 5);
	if (next_port == 0)
		next_port = (uint16_t)(20000 + getpid() % 20000);
	return 0;
}

int
teardown(void **state)
{
	usec_t until = clock_monotonic() + PATIENCE;

	uv_close((uv_handle_t *)&wake, NULL);
	/* What a thread still has to do is waited for. */
	while (uv_run(&loop, UV_RUN_NOWAIT) != 0 && clock_monotonic() < until)
		usleep(1000);
	assert_int_equal(uv_loop_close(&loop), 0);
	return 0;
}

static void
join(void *context, const char *text)
{
	strcat(context, text);
	strcat(context, " ");
}

bool
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
