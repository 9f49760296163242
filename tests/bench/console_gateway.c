// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A gateway for the bench of the console: a real control server over a store of as many connections (two
 * tunnels and two BGP peers each) and routes as are asked for, without IKE, so that it starts at once and
 * does exactly what the bench says. tests/bench/console starts it and speaks to it on stdin, a line each:
 *
 * - "past": it has four minutes behind it, in which all tunnels changed each second
 * - "every N": from now on the figures of N tunnels (and their connections and the gateway) change each
 *   second
 * - "one": one number of the first tunnel changes
 * - "down", "up": the first tunnel, and its connection and peer with it, go down or come up
 * - "event": one event more
 * - "rounds": nothing; as every line it is answered by how many seconds' changes were made so far
 *
 * Routes are made as they are asked for, in the order of their addresses, from either end.
 *
 * Several GATEWAYS in one process listen on SOCKET.0, SOCKET.1 and so on. A line is for all of them; with a
 * number and a blank before it ("7 down"), for that one.
 *
 *   console_gateway SOCKET CONNECTIONS ROUTES [GATEWAYS]
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "core/base/clock.h"
#include "core/base/text.h"
#include "core/control/server.h"
#include "core/model/history.h"

#define DAY (24 * 3600 * USEC_PER_SEC)
#define FIRST_ROUTE 0x10000000U /* 16.0.0.0/24, and so on */
#define MOST_ROUTES 10000000
#define PAST_EVENTS 1000
#define EVENT_EVERY 2 /* rounds; so the ring of them is full in the first quarter of a day */
#define LOOK_AT_CLOCK 64
#define MOST_GATEWAYS 1000

struct gateway {
	char name[32];
	struct control_server *server;
	bool first_down; /* its first tunnel */
	usec_t started_at;
	struct model_store *store;
	size_t connections, routes, changing;
	uint64_t rounds;
	struct history *history;
};

struct bench {
	struct gateway *gateways;
	size_t count;
	char line[64];
	size_t used; /* of the line that is being read */
};

/* --- the rows
 * ------------------------------------------------------------------------------------------ */

static void
put(struct gateway *g, enum model_kind kind, void *row)
{
	model_store_put(g->store, kind, row);
	model_row_free(kind, row);
}

static bool
is_down(const struct gateway *g, size_t i, int number)
{
	return g->first_down && i == 0 && number == 1;
}

static void
put_gateway(struct gateway *g)
{
	struct model_gateway *row = model_row_new(MODEL_KIND_GATEWAY);

	model_set(&row->name, g->name);
	model_set(&row->role, "hub");
	row->asn = 65010;
	model_set(&row->router_id, "192.0.2.10");
	model_set(&row->version, "0.1.0");
	model_set(&row->dataplane, "userspace");
	row->started_at = g->started_at;
	row->connections_total = g->connections;
	row->connections_up = g->connections - (g->first_down && g->connections > 0);
	row->rx_bps = 90400000 + g->rounds % 997 * 1000;
	row->tx_bps = 12400000 + g->rounds % 991 * 1000;
	put(g, MODEL_KIND_GATEWAY, row);
}

static void
put_connection(struct gateway *g, size_t i)
{
	struct model_connection *row = model_row_new(MODEL_KIND_CONNECTION);

	model_set_format(&row->name, "site-%03zu", i);
	model_set(&row->routing, "dynamic");
	model_set(&row->mode, "active_passive");
	row->tunnels_up = row->tunnels_total = 2;
	if (i == 0 && g->first_down) {
		row->tunnels_up = 1;
		model_set(&row->state, "degraded");
	} else {
		model_set(&row->state, "up");
		text_list_add(&row->active, row->name);
	}
	row->remote_asn = 64512;
	row->prefixes_received = g->routes / (g->connections + 1);
	row->prefixes_advertised = 1;
	row->rx_bps = i * 1000 + g->rounds % 97 * 1000;
	row->tx_bps = i * 100 + g->rounds % 89 * 1000;
	put(g, MODEL_KIND_CONNECTION, row);
}

static void
put_tunnel(struct gateway *g, size_t i, int number)
{
	struct model_tunnel *row = model_row_new(MODEL_KIND_TUNNEL);

	model_set_format(&row->name, "site-%03zu/%d", i, number);
	model_set_format(&row->connection, "site-%03zu", i);
	model_set(&row->state, is_down(g, i, number) ? "down" : "up");
	row->active = number == 1;
	model_set_format(&row->interface, "ts-%zu-%d", i, number);
	model_set(&row->local, "192.0.2.10");
	model_set_format(&row->remote, "198.18.%zu.%zu", i / 250 + (size_t)number * 4, i % 250);
	model_set_format(&row->inside_local, "169.254.%zu.%zu", i / 60, i % 60 * 4 + 2);
	model_set_format(&row->inside_remote, "169.254.%zu.%zu", i / 60, i % 60 * 4 + 1);
	model_set(&row->local_id, "192.0.2.10");
	model_set(&row->remote_id, row->remote);
	model_set(&row->ike_state, "ESTABLISHED");
	model_set(&row->child_state, "INSTALLED");
	row->ike_version = 2;
	model_set(&row->ike_proposal, "AES_GCM_16_256/PRF_HMAC_SHA2_384/ECP_384");
	model_set(&row->esp_proposal, "AES_GCM_16_256/ECP_384");
	model_set(&row->spi_in, "c1a2b3c4");
	model_set(&row->spi_out, "0d0e0f10");
	row->mtu = 1400;
	row->established_at = row->rekey_at = row->child_rekey_at = clock_wall() / DAY * DAY;
	row->rekeys = 301;
	model_set(&row->peer, row->name);
	model_set(&row->health, is_down(g, i, number) ? "unknown" : "ok");
	model_set(&row->health_reason, "probe answered 200 of 200");
	row->rtt_ms = 8 + (double)((g->rounds + i) % 50) / 10;
	row->loss_percent = 0;
	row->rx_bps = i * 1000 + g->rounds % 97 * 1000;
	row->tx_bps = i * 100 + g->rounds % 89 * 1000;
	row->rx_bytes = 1234567890123 + g->rounds * 4711;
	row->tx_bytes = 98765432100 + g->rounds * 815;
	row->rx_packets = 1234567890 + g->rounds * 47;
	row->tx_packets = 87654321 + g->rounds * 8;
	put(g, MODEL_KIND_TUNNEL, row);
}

static void
put_peer(struct gateway *g, size_t i, int number)
{
	struct model_peer *row = model_row_new(MODEL_KIND_PEER);

	model_set_format(&row->name, "site-%03zu/%d", i, number);
	model_set(&row->tunnel, row->name);
	row->local_asn = 65010;
	row->remote_asn = 64512;
	model_set_format(&row->remote_address, "169.254.%zu.%zu", i / 60, i % 60 * 4 + 1);
	model_set(&row->state, is_down(g, i, number) ? "Idle" : "Established");
	row->established_at = clock_wall() / DAY * DAY;
	row->hold_seconds = 30;
	row->keepalive_seconds = 10;
	row->received = row->accepted = g->routes / (g->connections + 1);
	row->advertised = 1;
	text_list_add(&row->capabilities, "four-octet AS");
	text_list_add(&row->capabilities, "route refresh");
	text_list_add(&row->families, "ipv4");
	put(g, MODEL_KIND_PEER, row);
}

static void
put_event(struct gateway *g, size_t number)
{
	size_t i = g->connections > 0 ? number % g->connections : 0;
	char subject[32];

	snprintf(subject, sizeof(subject), "site-%03zu/%d", i, (int)(number % 2) + 1);
	model_store_log(g->store, number % 7 == 0 ? "warning" : "info", "tunnel.rekey", subject,
			"rekeyed in %zu ms with AES_GCM_16_256/ECP_384", number % 90 + 10);
}

/* A second has passed at the gateway. */
static void
one_round(struct gateway *g)
{
	g->rounds++;
	if (g->changing == 0)
		return;
	put_gateway(g);
	for (size_t n = 0; n < g->changing && n / 2 < g->connections; n++) {
		if (n % 2 == 0)
			put_connection(g, n / 2);
		put_tunnel(g, n / 2, (int)(n % 2) + 1);
	}
	if (g->rounds % EVENT_EVERY == 0)
		put_event(g, g->rounds / EVENT_EVERY);
}

/* Another past than the quiet one that it begins with. */
static void
have_past(struct gateway *g)
{
	usec_t monotonic = clock_monotonic(), wall = clock_wall();
	struct history *quiet = g->history;

	g->history = history_new();
	for (usec_t ago = HISTORY_SAMPLES; ago > 0; ago--) {
		g->rounds++;
		for (size_t i = 0; i < g->connections; i++) {
			put_tunnel(g, i, 1);
			put_tunnel(g, i, 2);
		}
		history_sample(g->history, g->store, monotonic - ago * USEC_PER_SEC,
			       wall - ago * USEC_PER_SEC);
	}
	history_provide(g->history, g->store);
	history_free(quiet);
}

static void
change_one(struct gateway *g)
{
	const struct model_tunnel *now = model_store_get(g->store, MODEL_KIND_TUNNEL, "site-000/1");
	struct model_tunnel *row;

	if (now == NULL)
		return;
	row = model_row_new(MODEL_KIND_TUNNEL);
	model_row_copy(model_kind_info(MODEL_KIND_TUNNEL)->shape, row, now);
	row->rtt_ms = now->rtt_ms < 50 ? 57.3 : 9.1;
	put(g, MODEL_KIND_TUNNEL, row);
}

/* --- the routes
 * ---------------------------------------------------------------------------------------- */

static void
name_route(struct model_route *row, size_t i)
{
	uint32_t address = FIRST_ROUTE + ((uint32_t)i << 8);

	model_set_format(&row->prefix, "%u.%u.%u.0/24", address >> 24, address >> 16 & 255,
			 address >> 8 & 255);
}

/* The number of the route that a key names; `none` where it names no route of ours. */
static size_t
route_of_key(const char *key, size_t none)
{
	char prefix[32];
	struct in_addr address;

	snprintf(prefix, sizeof(prefix), "%.*s", (int)strcspn(key, "/ "), key);
	if (inet_pton(AF_INET, prefix, &address) != 1 || ntohl(address.s_addr) < FIRST_ROUTE)
		return none;
	return (ntohl(address.s_addr) - FIRST_ROUTE) >> 8;
}

static bool
give_routes(void *context, const struct model_query *query)
{
	const struct gateway *g = context;
	const struct model_kind_info *info = model_kind_info(MODEL_KIND_ROUTE);
	struct model_filter *filter = query->filter != NULL ? model_filter_parse(query->filter, NULL) : NULL;
	struct model_route *row = model_row_new(MODEL_KIND_ROUTE);
	ptrdiff_t step = query->backwards ? -1 : 1, count = (ptrdiff_t)g->routes, i;
	size_t given = 0, looked_at = 0;
	bool go_on = true;

	model_set(&row->source, "bgp");
	model_set(&row->connection, "site-000");
	model_set(&row->tunnel, "site-000/1");
	model_set(&row->next_hop, "169.254.0.1");
	model_set(&row->origin, "igp");
	model_set(&row->reason, "the only one");
	text_list_add(&row->as_path, "64512");
	row->best = row->installed = true;
	row->med = row->local_pref = 100;
	i = query->after != NULL ? (ptrdiff_t)route_of_key(query->after, g->routes) + step
	    : query->backwards   ? count - 1
				 : 0;
	for (; i >= 0 && i < count && go_on; i += step) {
		name_route(row, (size_t)i);
		if (filter == NULL || model_filter_match(filter, info->shape, row))
			go_on = query->row(query->context, row) && ++given < query->limit;
		if (go_on && query->until != 0 && ++looked_at % LOOK_AT_CLOCK == 0 &&
		    clock_monotonic() >= query->until) {
			model_row_key(info, row, query->reached, MODEL_REACHED);
			go_on = false;
		}
	}
	if (query->total != NULL)
		*query->total = g->routes;
	model_row_free(MODEL_KIND_ROUTE, row);
	model_filter_free(filter);
	return go_on || i < 0 || i >= count;
}

/* --- its life
 * ------------------------------------------------------------------------------------------ */

static void
fill(struct gateway *g)
{
	put_gateway(g);
	for (size_t i = 0; i < g->connections; i++) {
		put_connection(g, i);
		for (int number = 1; number <= 2; number++) {
			put_tunnel(g, i, number);
			put_peer(g, i, number);
		}
	}
	for (size_t i = 0; i < PAST_EVENTS; i++)
		put_event(g, i);
	model_store_set_provider(g->store, MODEL_KIND_ROUTE, give_routes, g);
	model_store_provider_goes_back(g->store, MODEL_KIND_ROUTE);
}

/* The first tunnel changes its state, and what hangs on it with it. */
static void
turn_first(struct gateway *g, bool down)
{
	g->first_down = down;
	put_tunnel(g, 0, 1);
	put_peer(g, 0, 1);
	put_connection(g, 0);
	put_gateway(g);
}

static void
take_order(struct gateway *g, const char *order)
{
	uint64_t count;

	if (strncmp(order, "every ", 6) == 0 && text_parse_number(order + 6, MOST_ROUTES, &count))
		g->changing = (size_t)count;
	else if (strcmp(order, "past") == 0)
		have_past(g);
	else if (strcmp(order, "one") == 0)
		change_one(g);
	else if (strcmp(order, "down") == 0 || strcmp(order, "up") == 0)
		turn_first(g, order[0] == 'd');
	else if (strcmp(order, "event") == 0)
		put_event(g, g->rounds);
	else if (strcmp(order, "rounds") != 0)
		fprintf(stderr, "console_gateway: no such line: %s\n", order);
}

static void
take_line(struct bench *bench)
{
	size_t digits = strspn(bench->line, "0123456789");
	size_t one = digits > 0 ? strtoul(bench->line, NULL, 10) : bench->count;

	if (digits > 0 && (one >= bench->count || bench->line[digits] != ' '))
		fprintf(stderr, "console_gateway: no such gateway: %s\n", bench->line);
	else if (digits > 0)
		take_order(&bench->gateways[one], bench->line + digits + 1);
	else
		for (size_t i = 0; i < bench->count; i++)
			take_order(&bench->gateways[i], bench->line);
	printf("%llu\n", (unsigned long long)bench->gateways[0].rounds);
	fflush(stdout);
}

/* stdin that ends, ends the gateways. */
static void
on_input(uv_poll_t *poll, int status, int events)
{
	struct bench *bench = poll->data;
	char bytes[256];
	ssize_t got = status == 0 ? read(STDIN_FILENO, bytes, sizeof(bytes)) : 0;

	(void)events;
	if (got <= 0) {
		uv_stop(poll->loop);
		return;
	}
	for (ssize_t i = 0; i < got; i++) {
		if (bytes[i] != '\n') {
			if (bench->used + 1 < sizeof(bench->line))
				bench->line[bench->used++] = bytes[i];
			continue;
		}
		bench->line[bench->used] = '\0';
		bench->used = 0;
		take_line(bench);
	}
}

static void
on_second(uv_timer_t *timer)
{
	struct bench *bench = timer->data;

	for (size_t i = 0; i < bench->count; i++) {
		struct gateway *g = &bench->gateways[i];

		one_round(g);
		history_sample(g->history, g->store, clock_monotonic(), clock_wall());
	}
}

/* The last minutes, so that a console that opens is given graphs. */
static void
remember(struct gateway *g)
{
	usec_t monotonic = clock_monotonic(), wall = clock_wall();

	g->history = history_new();
	for (usec_t ago = HISTORY_SAMPLES; ago > 0; ago--)
		history_sample(g->history, g->store, monotonic - ago * USEC_PER_SEC,
			       wall - ago * USEC_PER_SEC);
	history_provide(g->history, g->store);
}

static bool
open_gateway(struct gateway *g, uv_loop_t *loop, const char *socket)
{
	struct error err;

	g->started_at = clock_wall() - 12 * DAY;
	g->store = model_store_new();
	fill(g);
	remember(g);
	g->server = control_server_open(loop, socket, g->store, &err);
	if (g->server == NULL)
		fprintf(stderr, "console_gateway: %s\n", err.text);
	return g->server != NULL;
}

static bool
open_gateways(struct bench *bench, uv_loop_t *loop, const char *socket, size_t connections, size_t routes)
{
	char path[256];

	bench->gateways = memory_zeroed(bench->count, sizeof(*bench->gateways));
	for (size_t i = 0; i < bench->count; i++) {
		struct gateway *g = &bench->gateways[i];

		g->connections = connections;
		g->routes = routes;
		snprintf(g->name, sizeof(g->name), bench->count > 1 ? "gateway-%03zu" : "lyon", i);
		snprintf(path, sizeof(path), bench->count > 1 ? "%s.%zu" : "%s", socket, i);
		if (!open_gateway(g, loop, path))
			return false;
	}
	return true;
}

int
main(int argc, char **argv)
{
	struct bench bench = {.count = 1};
	uint64_t connections, routes, gateways = 1;
	uv_loop_t loop;
	uv_poll_t input;
	uv_timer_t second;

	if (argc < 4 || argc > 5 || !text_parse_number(argv[2], 10000, &connections) ||
	    !text_parse_number(argv[3], MOST_ROUTES, &routes) ||
	    (argc == 5 && !text_parse_number(argv[4], MOST_GATEWAYS, &gateways)) || gateways == 0) {
		fprintf(stderr, "usage: console_gateway SOCKET CONNECTIONS ROUTES [GATEWAYS]\n");
		return 2;
	}
	bench.count = (size_t)gateways;
	uv_loop_init(&loop);
	if (!open_gateways(&bench, &loop, argv[1], (size_t)connections, (size_t)routes))
		return 1;
	uv_poll_init(&loop, &input, STDIN_FILENO);
	input.data = &bench;
	uv_poll_start(&input, UV_READABLE, on_input);
	uv_timer_init(&loop, &second);
	second.data = &bench;
	uv_timer_start(&second, on_second, 1000, 1000);
	puts("ready");
	fflush(stdout);
	uv_run(&loop, UV_RUN_DEFAULT);
	uv_close((uv_handle_t *)&input, NULL);
	uv_close((uv_handle_t *)&second, NULL);
	for (size_t i = 0; i < bench.count; i++)
		control_server_close(bench.gateways[i].server);
	uv_run(&loop, UV_RUN_DEFAULT);
	uv_loop_close(&loop);
	for (size_t i = 0; i < bench.count; i++) {
		model_store_free(bench.gateways[i].store);
		history_free(bench.gateways[i].history);
	}
	free(bench.gateways);
	return 0;
}
