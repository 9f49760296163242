// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is used, from the data plane's counters and failover's word on which tunnels are usable: the bill's
 * figures per connection, month and day (core/journal/usage.h counts and keeps them), and whether traffic
 * comes back by another tunnel than the one by which it leaves.
 */
#include "core/gateway_internal.h"

#include <stdlib.h>
#include <string.h>

/* Seconds in a row for which the ways must differ before it is said, or agree before that ends. */
#define ASYMMETRIC_S 10
/* Packets a second each way below which nothing is concluded: sessions of BGP and pings ride both tunnels. */
#define PACKETS_LEAST 20

/* --- the bill ---------------------------------------------------------------------------------- */

static void
read_counters(struct gateway_connection *connection, struct usage_counters counters[USAGE_TUNNELS])
{
	struct gateway *gateway = connection->gateway;

	memset(counters, 0, USAGE_TUNNELS * sizeof(*counters));
	for (unsigned i = 0; i < connection->tunnel_count && i < USAGE_TUNNELS; i++) {
		struct dataplane_counters now = {0};

		if (!gateway->plane_ops->tunnel_counters(gateway->plane, connection->tunnels[i].config->id,
							 &now))
			continue;
		counters[i] = (struct usage_counters){now.rx_bytes, now.tx_bytes};
	}
}

void
gateway_usage_note(struct gateway_connection *connection)
{
	struct usage_counters counters[USAGE_TUNNELS];
	struct failover_status status;

	if (connection->usage == NULL)
		return;
	failover_status(connection->failover, &status);
	read_counters(connection, counters);
	usage_count(connection->usage, clock_monotonic(), clock_wall(), status.usable != 0, counters);
	connection->available = status.usable != 0;
}

struct usage_page {
	const struct gateway *gateway;
	const struct model_query *query;
	const struct model_kind_info *info;
	struct model_filter *filter;
	usec_t now;
	size_t given;
	bool stopped;
};

static void
fill_row(const struct usage_page *page, const struct usage_period *period, struct model_usage *row)
{
	const struct config_billing *billing = &page->gateway->config->billing;

	model_row_init(page->info->shape, row); /* a day has the fields of a month */
	model_set(&row->connection, period->connection);
	row->from = period->from;
	row->to = period->to > page->now && period->from <= page->now ? page->now : period->to;
	row->connection_hours = (double)period->connected_us / (3600.0 * USEC_PER_SEC);
	row->rx_bytes = period->rx_bytes;
	row->tx_bytes = period->tx_bytes;
	if (!billing->enabled)
		return;
	row->amount = (double)usage_amount(period->connected_us, period->tx_bytes, billing->connection_hour,
					   billing->gigabyte_out) /
		      1e6;
	model_set(&row->currency, billing->currency);
}

static bool
give_period(void *context, const struct usage_period *period)
{
	struct usage_page *page = context;
	const struct model_kind_info *info = page->info;
	struct model_usage row;
	char key[256];

	fill_row(page, period, &row);
	/* Connections' names hold no byte below the space that joins a key: the walk is in the keys' order.
	 */
	if ((page->query->after == NULL ||
	     strcmp(model_row_key(info, &row, key, sizeof(key)), page->query->after) > 0) &&
	    model_filter_match(page->filter, info->shape, &row))
		page->stopped =
		    !page->query->row(page->query->context, &row) || ++page->given >= page->query->limit;
	model_row_clear(info->shape, &row);
	return !page->stopped;
}

static bool
provide(struct gateway *gateway, const struct model_query *query, enum model_kind kind, enum usage_unit unit)
{
	struct usage_page page = {
	    .gateway = gateway, .query = query, .info = model_kind_info(kind), .now = clock_wall()};

	page.filter = model_filter_parse(query->filter, NULL);
	if (page.filter == NULL)
		return true;
	for (size_t i = 0; i < gateway->connection_count; i++)
		gateway_usage_note(gateway->connections[i]);
	usage_walk(gateway->usage, unit, give_period, &page);
	model_filter_free(page.filter);
	return !page.stopped;
}

static bool
provide_months(void *context, const struct model_query *query)
{
	return provide(context, query, MODEL_KIND_USAGE, USAGE_MONTHS);
}

static bool
provide_days(void *context, const struct model_query *query)
{
	return provide(context, query, MODEL_KIND_USAGE_DAY, USAGE_DAYS);
}

void
gateway_usage_begin(struct gateway_connection *connection)
{
	struct gateway *gateway = connection->gateway;

	if (gateway->usage == NULL)
		return;
	connection->usage = usage_connection(gateway->usage, connection->config->name);
	gateway_usage_note(connection);
}

void
gateway_usage_end(struct gateway_connection *connection)
{
	struct usage_counters counters[USAGE_TUNNELS];

	if (connection->usage == NULL)
		return;
	gateway_usage_note(connection);
	/* Where it comes back the time in between must not count. */
	read_counters(connection, counters);
	usage_count(connection->usage, clock_monotonic(), clock_wall(), false, counters);
	connection->usage = NULL;
}

void
gateway_usage_open(struct gateway *gateway)
{
	struct error err;

	gateway->usage = usage_open(gateway->journal, &err);
	if (gateway->usage == NULL) {
		gateway_event(gateway, "error", "usage.failed", gateway->config->name,
			      "what was used before can't be read, so that nothing is counted: %s", err.text);
		return;
	}
	for (size_t i = 0; i < gateway->connection_count; i++)
		gateway_usage_begin(gateway->connections[i]);
	model_store_set_provider(gateway->store, MODEL_KIND_USAGE, provide_months, gateway);
	model_store_set_provider(gateway->store, MODEL_KIND_USAGE_DAY, provide_days, gateway);
}

void
gateway_usage_close(struct gateway *gateway)
{
	for (size_t i = 0; i < gateway->connection_count; i++)
		gateway_usage_end(gateway->connections[i]);
	usage_close(gateway->usage);
	gateway->usage = NULL;
}

/* --- the two ways ------------------------------------------------------------------------------ */

/* The tunnel that has nine tenths of the packets; -1 where none has, or there are too few. */
static int
main_tunnel(const uint64_t packets[FAILOVER_MEMBERS], unsigned count)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < count; i++)
		sum += packets[i];
	for (unsigned i = 0; i < count && sum >= PACKETS_LEAST; i++) {
		if (packets[i] * 10 >= sum * 9)
			return (int)i;
	}
	return -1;
}

static void
say_ways(struct gateway_connection *connection, int out, int in)
{
	struct gateway_ways *ways = &connection->ways;
	const char *name = connection->config->name;

	ways->asymmetric = out != in;
	ways->out = out;
	ways->in = in;
	if (ways->asymmetric)
		gateway_event(
		    connection->gateway, "warning", "traffic.asymmetric", name,
		    "traffic leaves by %s and comes back by %s: the other side prefers another tunnel",
		    connection->tunnels[out].config->name, connection->tunnels[in].config->name);
	else
		gateway_event(connection->gateway, "notice", "traffic.symmetric", name,
			      "traffic leaves and comes back by %s", connection->tunnels[out].config->name);
}

/* Once a second, after the tunnels' counters were read. */
static void
compare_ways(struct gateway_connection *connection)
{
	struct gateway_ways *ways = &connection->ways;
	uint64_t rx[FAILOVER_MEMBERS] = {0}, tx[FAILOVER_MEMBERS] = {0};
	struct failover_status status;
	int in, out;

	for (unsigned i = 0; i < connection->tunnel_count; i++) {
		const struct dataplane_counters *now = &connection->tunnels[i].counters;

		rx[i] = now->rx_packets - ways->rx_packets[i];
		tx[i] = now->tx_packets - ways->tx_packets[i];
		ways->rx_packets[i] = now->rx_packets;
		ways->tx_packets[i] = now->tx_packets;
	}
	in = main_tunnel(rx, connection->tunnel_count);
	out = main_tunnel(tx, connection->tunnel_count);
	failover_status(connection->failover, &status);
	/* Where both carry, a flow may well come back by the other: each side spreads as it likes. */
	if ((status.active & (status.active - 1)) != 0) {
		ways->asymmetric = false;
		ways->seconds = 0;
		return;
	}
	/* Too little to tell, or spread over both, neither proves nor disproves it. */
	if (in < 0 || out < 0 || (in != out) == ways->asymmetric) {
		ways->seconds = 0;
		return;
	}
	if (++ways->seconds < ASYMMETRIC_S)
		return;
	ways->seconds = 0;
	say_ways(connection, out, in);
}

char *
gateway_usage_attention(const struct gateway_connection *connection)
{
	const struct gateway_ways *ways = &connection->ways;

	if (!ways->asymmetric)
		return NULL;
	return text_format("traffic leaves by %s and comes back by %s",
			   connection->tunnels[ways->out].config->name,
			   connection->tunnels[ways->in].config->name);
}

void
gateway_usage_tick(struct gateway *gateway)
{
	for (size_t i = 0; i < gateway->connection_count; i++) {
		gateway_usage_note(gateway->connections[i]);
		compare_ways(gateway->connections[i]);
	}
	if (gateway->usage != NULL)
		usage_write(gateway->usage, clock_monotonic());
}
