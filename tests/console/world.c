// SPDX-License-Identifier: GPL-2.0-or-later
/* The canned gateway: two connections, one of them on one span, a few routes, a past, and commands that
 * answer. */
#include <stdio.h>
#include <string.h>

#include "core/base/clock.h"
#include "tests/console/world.h"

#define MINUTE (60 * USEC_PER_SEC)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

static void
put_gateway(struct model_store *store)
{
	struct model_gateway *g = model_row_new(MODEL_KIND_GATEWAY);

	model_set(&g->name, "lyon");
	model_set(&g->role, "customer");
	g->asn = 65010;
	model_set(&g->router_id, "192.0.2.10");
	model_set(&g->version, "0.1.0");
	model_set(&g->dataplane, "userspace");
	model_set(&g->outside, "192.0.2.10");
	g->started_at = clock_wall() - 12 * DAY;
	g->connections_up = 2;
	g->connections_total = 2;
	g->rx_bps = 90400000;
	g->tx_bps = 12400000;
	model_store_put(store, MODEL_KIND_GATEWAY, g);
	model_row_free(MODEL_KIND_GATEWAY, g);
}

static void
put_connections(struct model_store *store)
{
	struct model_connection *c = model_row_new(MODEL_KIND_CONNECTION);

	model_set(&c->name, "aws-paris");
	model_set(&c->routing, "dynamic");
	model_set(&c->mode, "active_passive");
	model_set(&c->state, "up");
	text_list_add(&c->active, "aws-paris/1");
	c->tunnels_up = c->tunnels_total = 2;
	c->failovers = 1;
	c->last_failover.set = true;
	c->last_failover.at = clock_wall() - 3 * DAY - HOUR;
	model_set(&c->last_failover.from, "aws-paris/2");
	model_set(&c->last_failover.to, "aws-paris/1");
	model_set(&c->last_failover.cause, "bfd down");
	c->last_failover.outage_ms = 118;
	c->remote_asn = 64512;
	c->prefixes_received = 12;
	c->prefixes_advertised = 1;
	c->rx_bps = 88100000;
	c->tx_bps = 12300000;
	model_store_put(store, MODEL_KIND_CONNECTION, c);
	model_row_free(MODEL_KIND_CONNECTION, c);

	c = model_row_new(MODEL_KIND_CONNECTION);
	model_set(&c->name, "plant");
	model_set(&c->routing, "static");
	model_set(&c->mode, "active_passive");
	model_set(&c->state, "degraded");
	text_list_add(&c->active, "plant/1");
	c->tunnels_up = 1;
	c->tunnels_total = 2;
	c->rx_bps = 2300000;
	c->tx_bps = 100000;
	model_set(&c->attention, "plant/2 is down: no answer from 198.51.100.9");
	model_store_put(store, MODEL_KIND_CONNECTION, c);
	model_row_free(MODEL_KIND_CONNECTION, c);
}

static struct model_tunnel *
new_tunnel(const char *connection, int number, const char *state, bool active)
{
	struct model_tunnel *t = model_row_new(MODEL_KIND_TUNNEL);

	model_set_format(&t->name, "%s/%d", connection, number);
	model_set(&t->connection, connection);
	model_set(&t->state, state);
	t->active = active;
	model_set_format(&t->interface, "ts-%.8s-%d", connection, number);
	model_set(&t->local, "192.0.2.10");
	model_set(&t->local_id, "192.0.2.10");
	t->ike_version = 2;
	t->mtu = 1400;
	model_set(&t->mtu_reason, "the configuration");
	return t;
}

static void
set_up(struct model_tunnel *t)
{
	model_set(&t->ike_state, "ESTABLISHED");
	model_set(&t->child_state, "INSTALLED");
	model_set(&t->ike_proposal, "AES_GCM_16_256/PRF_HMAC_SHA2_384/ECP_384");
	model_set(&t->esp_proposal, "AES_GCM_16_256/ECP_384");
	model_set(&t->authentication, "pre-shared key");
	text_list_add(&t->local_selectors, "0.0.0.0/0");
	text_list_add(&t->remote_selectors, "0.0.0.0/0");
	t->dpd_at = clock_wall() + 8 * USEC_PER_SEC;
	model_set(&t->spi_in, "c1a2b3c4");
	model_set(&t->spi_out, "0d0e0f10");
	t->established_at = clock_wall() - 12 * DAY;
	t->rekey_at = clock_wall() + 6 * HOUR + 30 * MINUTE + 30 * USEC_PER_SEC;
	t->child_rekey_at = clock_wall() + 40 * MINUTE + 30 * USEC_PER_SEC;
	t->rekeys = 301;
	t->loss_percent = 0;
	model_set(&t->health, "ok");
	model_set(&t->health_reason, "probe answered 200 of 200");
	t->drops.set = true;
	t->drops.no_sa = t->drops.authentication = t->drops.malformed = t->drops.selector = t->drops.too_big =
	    0;
	t->drops.replay = 3;
	t->drops.queue = 0;
}

static void
put_tunnel(struct model_store *store, struct model_tunnel *t)
{
	model_store_put(store, MODEL_KIND_TUNNEL, t);
	model_row_free(MODEL_KIND_TUNNEL, t);
}

static void
put_tunnels(struct model_store *store)
{
	struct model_tunnel *t = new_tunnel("aws-paris", 1, "up", true);

	set_up(t);
	model_set(&t->remote, "203.0.113.17");
	model_set(&t->inside_local, "169.254.44.242");
	model_set(&t->inside_remote, "169.254.44.241");
	t->rx_bps = 88100000;
	t->tx_bps = 12300000;
	t->rx_bytes = 1234567890123;
	t->tx_bytes = 98765432100;
	t->rx_packets = 1234567890;
	t->tx_packets = 87654321;
	t->rx_lost = 0;
	t->rtt_ms = 11.2;
	model_set(&t->peer, "aws-paris/1");
	put_tunnel(store, t);

	t = new_tunnel("aws-paris", 2, "up", false);
	set_up(t);
	model_set(&t->remote, "203.0.113.201");
	model_set(&t->inside_local, "169.254.44.246");
	model_set(&t->inside_remote, "169.254.44.245");
	t->rx_bps = 100;
	t->tx_bps = 0;
	t->rtt_ms = 13.9;
	model_set(&t->peer, "aws-paris/2");
	put_tunnel(store, t);

	t = new_tunnel("plant", 1, "up", true);
	set_up(t);
	model_set(&t->remote, "198.51.100.7");
	t->rx_bps = 2300000;
	t->tx_bps = 100000;
	t->rtt_ms = 8.1;
	put_tunnel(store, t);

	t = new_tunnel("plant", 2, "down", false);
	model_set(&t->remote, "198.51.100.9");
	t->down_since = clock_wall() - 4 * MINUTE - 30 * USEC_PER_SEC;
	t->tries = 12;
	t->next_try_at = clock_wall() + 30 * MINUTE + 30 * USEC_PER_SEC;
	t->last_error.set = true;
	model_set(&t->last_error.code, "no_answer");
	model_set(&t->last_error.text, "no answer from 198.51.100.9");
	model_set(&t->last_error.hint, "the other side must allow UDP 500 and 4500");
	text_list_add(&t->last_error.evidence, "sent 6 packets in 12 s, and nothing came back");
	text_list_add(&t->last_error.evidence, "198.51.100.9 goes out by eth0 via 192.0.2.1");
	t->last_error.at = clock_wall() - 20 * USEC_PER_SEC;
	model_set(&t->health, "failed");
	put_tunnel(store, t);
}

static void
put_peer(struct model_store *store, const char *name, const char *remote, uint64_t accepted)
{
	struct model_peer *p = model_row_new(MODEL_KIND_PEER);

	model_set(&p->name, name);
	model_set(&p->tunnel, strchr(name, '/') != NULL ? name : NULL);
	p->local_asn = 65010;
	p->remote_asn = strchr(name, '/') != NULL ? 64512 : 65010;
	model_set(&p->remote_address, remote);
	model_set(&p->state, "Established");
	p->established_at = clock_wall() - 12 * DAY;
	p->hold_seconds = 30;
	p->keepalive_seconds = 10;
	p->received = accepted + 2;
	p->accepted = accepted;
	p->advertised = 1;
	p->flaps = 1;
	text_list_add(&p->capabilities, "four-octet AS");
	text_list_add(&p->capabilities, "route refresh");
	text_list_add(&p->families, "ipv4");
	model_store_put(store, MODEL_KIND_PEER, p);
	model_row_free(MODEL_KIND_PEER, p);
}

static void
put_events(struct model_store *store)
{
	static const struct {
		usec_t ago;
		const char *severity, *kind, *subject, *text;
	} events[] = {
	    {50 * MINUTE, "info", "tunnel.up", "aws-paris/2", "up with 203.0.113.201 in 48 ms"},
	    {40 * MINUTE, "debug", "ike.log", "aws-paris/1", "sending DPD request"},
	    {30 * MINUTE, "notice", "failover", "aws-paris",
	     "moved from aws-paris/2 to aws-paris/1 in 118 ms: bfd down"},
	    {20 * MINUTE, "info", "peer.up", "aws-paris/1", "Established with 169.254.44.241"},
	    {5 * MINUTE, "error", "tunnel.down", "plant/2", "down: no answer from 198.51.100.9"},
	    {MINUTE, "warning", "ike.retransmit", "plant/2", "retransmit 12 of IKE_SA_INIT; next in 24 s"},
	};

	for (size_t i = 0; i < COUNT_OF(events); i++) {
		struct model_event *e = model_row_new(MODEL_KIND_EVENT);

		e->at = clock_wall() - events[i].ago;
		model_set(&e->severity, events[i].severity);
		model_set(&e->kind, events[i].kind);
		model_set(&e->subject, events[i].subject);
		model_set(&e->text, events[i].text);
		model_store_event(store, e);
		model_row_free(MODEL_KIND_EVENT, e);
	}
}

/* --- the large kinds
 * ------------------------------------------------------------------------------------------ */

size_t world_routes = 1000;
bool world_routes_changed;

static void
fill_route(struct model_route *r, int i)
{
	if (i < 1000)
		model_set_format(&r->prefix, "10.%d.%d.0/24", 50 + i / 200, i % 200);
	else
		model_set_format(&r->prefix, "%d.%d.%d.0/24", 11 + (i - 1000) / 65536, (i - 1000) / 256 % 256,
				 (i - 1000) % 256);
	model_set(&r->source, "bgp");
	model_set(&r->connection, "aws-paris");
	r->best = i % 2 == 0;
	r->installed = r->best;
	model_set(&r->tunnel, r->best ? "aws-paris/1" : "aws-paris/2");
	model_set(&r->next_hop, r->best ? "169.254.44.241" : "169.254.44.245");
	text_list_add(&r->as_path, "64512");
	model_set(&r->origin, "igp");
	r->med = r->best ? 100 : 200;
	r->local_pref = 100;
	model_set(&r->reason, r->best ? "lower MED" : "MED 200 against 100");
	if (world_routes_changed)
		model_set(&r->reason, "looked at again");
}

size_t
world_route(const char *key)
{
	unsigned a, b, c;

	if (sscanf(key, "%u.%u.%u.0/24", &a, &b, &c) != 3)
		return world_routes;
	if (a == 10)
		return (b - 50) * 200 + c;
	return 1000 + (a - 11) * 65536 + b * 256 + c;
}

static bool
give_routes(void *context, const struct model_query *query)
{
	const struct model_kind_info *info = model_kind_info(MODEL_KIND_ROUTE);
	struct model_filter *filter = query->filter != NULL ? model_filter_parse(query->filter, NULL) : NULL;
	ptrdiff_t step = query->backwards ? -1 : 1, count = (ptrdiff_t)world_routes, i;
	bool go_on = true;
	size_t given = 0, looked_at = 0;

	(void)context;
	i = query->after != NULL ? (ptrdiff_t)world_route(query->after) + step
	    : query->backwards   ? count - 1
				 : 0;
	for (; i >= 0 && i < count && go_on; i += step) {
		struct model_route *r = model_row_new(MODEL_KIND_ROUTE);

		fill_route(r, (int)i);
		if (filter != NULL && !model_filter_match(filter, info->shape, r))
			;
		else if (query->skip != NULL && *query->skip > 0)
			--*query->skip;
		else
			go_on = query->row(query->context, r) && ++given < query->limit;
		if (go_on && query->until != 0 && ++looked_at % 64 == 0 &&
		    clock_monotonic() >= query->until) {
			model_row_key(info, r, query->reached, MODEL_REACHED);
			go_on = false;
		}
		model_row_free(MODEL_KIND_ROUTE, r);
	}
	if (query->total != NULL)
		*query->total = world_routes;
	model_filter_free(filter);
	return go_on || i < 0 || i >= count;
}

static bool
give_received(void *context, const struct model_query *query)
{
	(void)context;
	for (int i = 0; i < 3 && query->after == NULL; i++) {
		struct model_received *r = model_row_new(MODEL_KIND_RECEIVED);

		model_set(&r->peer, "aws-paris/1");
		model_set_format(&r->prefix, "10.50.%d.0/24", i);
		model_set(&r->next_hop, "169.254.44.241");
		text_list_add(&r->as_path, "64512");
		r->med = 100;
		r->accepted = i != 2;
		model_set(&r->reason, i == 2 ? "overlaps our own 10.50.2.0/24" : NULL);
		query->row(query->context, r);
		model_row_free(MODEL_KIND_RECEIVED, r);
	}
	return true;
}

static bool
give_advertised(void *context, const struct model_query *query)
{
	(void)context;
	for (int i = 1; i <= 2 && query->after == NULL; i++) {
		struct model_advertised *a = model_row_new(MODEL_KIND_ADVERTISED);

		model_set_format(&a->peer, "aws-paris/%d", i);
		model_set(&a->prefix, "10.20.0.0/16");
		model_set_format(&a->next_hop, "169.254.44.24%d", i == 1 ? 2 : 6);
		text_list_add(&a->as_path, "65010");
		model_set(&a->origin, "igp");
		a->med = (uint64_t)(100 * i);
		query->row(query->context, a);
		model_row_free(MODEL_KIND_ADVERTISED, a);
	}
	return true;
}

void
world_fill(struct model_store *store)
{
	put_gateway(store);
	put_connections(store);
	put_tunnels(store);
	put_peer(store, "aws-paris/1", "169.254.44.241", 12);
	put_peer(store, "aws-paris/2", "169.254.44.245", 12);
	put_peer(store, "core", "10.20.0.254", 420);
	put_events(store);
	model_store_set_provider(store, MODEL_KIND_ROUTE, give_routes, NULL);
	model_store_provider_goes_back(store, MODEL_KIND_ROUTE);
	model_store_set_provider(store, MODEL_KIND_RECEIVED, give_received, NULL);
	model_store_set_provider(store, MODEL_KIND_ADVERTISED, give_advertised, NULL);
}

/* Traffic moves from one tunnel of aws-paris to the other, as a gateway would tell it. */
void
world_move(struct model_store *store)
{
	const struct model_connection *now = model_store_get(store, MODEL_KIND_CONNECTION, "aws-paris");
	struct model_connection *c = model_row_new(MODEL_KIND_CONNECTION);

	model_row_clear(model_kind_info(MODEL_KIND_CONNECTION)->shape, c);
	model_row_copy(model_kind_info(MODEL_KIND_CONNECTION)->shape, c, now);
	c->last_failover.at = clock_wall();
	c->last_failover.outage_ms = 11;
	c->pinned = true;
	model_store_put(store, MODEL_KIND_CONNECTION, c);
	model_row_free(MODEL_KIND_CONNECTION, c);
	for (int i = 1; i <= 2; i++) {
		struct model_tunnel *t = model_row_new(MODEL_KIND_TUNNEL);
		const struct model_shape *shape = model_kind_info(MODEL_KIND_TUNNEL)->shape;

		model_row_clear(shape, t);
		model_row_copy(
		    shape, t,
		    model_store_get(store, MODEL_KIND_TUNNEL, i == 1 ? "aws-paris/1" : "aws-paris/2"));
		t->active = i == 2;
		put_tunnel(store, t);
	}
}

/* --- answers at length --------------------------------------------------------------------------- */

static json_t *
lines_of(const char *const *lines, size_t count)
{
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(array, json_string(lines[i]));
	return array;
}

static void
add_layer(json_t *layers, const char *name, const char *state, const char *text, const char *age, usec_t ago)
{
	json_t *layer = json_pack("{s:s, s:s, s:s}", "layer", name, "state", state, "text", text);
	char at[CLOCK_TEXT];

	if (age != NULL)
		json_object_set_new(layer, age, json_string(clock_format(clock_wall() - ago, at)));
	json_array_append_new(layers, layer);
}

static json_t *
explain_plant_2(bool up)
{
	static const char *const failed[] = {"Why can't plant/2 carry?", "(as lines)"},
				 *const fine[] = {"plant/2 can carry: every layer is fine.", "(as lines)"};
	json_t *layers = json_array();

	add_layer(layers, "underlay", "ok", "198.51.100.9 by eth0 via 192.0.2.1", "seen", 0);
	if (up) {
		add_layer(layers, "IKE", "ok", "IKEv2 is established", "since", 5 * MINUTE);
	} else {
		add_layer(layers, "IKE", "failed", "no answer from 198.51.100.9 (12 tries)", "since",
			  4 * MINUTE + 30 * USEC_PER_SEC);
		add_layer(layers, "child SA", "unknown", "", NULL, 0);
		json_object_set_new(json_array_get(layers, 1), "evidence",
				    json_pack("[s, s]", "sent 6 packets in 12 s, and nothing came back",
					      "198.51.100.9 goes out by eth0 via 192.0.2.1"));
		add_layer(layers, "traffic in", "unknown", "", NULL, 0);
		add_layer(layers, "traffic out", "unknown", "", NULL, 0);
		add_layer(layers, "BGP", "unknown", "", NULL, 0);
		add_layer(layers, "routes", "unknown", "", NULL, 0);
	}
	return json_pack("{s:s, s:s, s:o, s:s?, s:s?, s:s?, s:o}", "target", "plant/2", "layers_of",
			 "plant/2", "layers", layers, "failing", up ? NULL : "IKE", "cause",
			 up ? NULL
			    : "The other side does not listen on UDP 500 and 4500, or a filter between "
			      "drops it.",
			 "remedy",
			 up ? NULL
			    : "On the other side: allow UDP 500/4500 and ESP from 192.0.2.10. Here: "
			      "nothing to change; tries go on.",
			 "lines", lines_of(up ? fine : failed, 2));
}

static json_t *
explain_connection(const char *name)
{
	const char *lines[] = {"Which tunnel of aws-paris carries, and why?", "(as lines)"};
	char at[CLOCK_TEXT];

	return json_pack(
	    "{s:s, s:[{s:s, s:s, s:b, s:b, s:s}, {s:s, s:s, s:b, s:b, s:s}], s:s, s:s, s:n, s:o}", "target",
	    name, "tunnels", "tunnel", "aws-paris/1", "part", "carries", "active", 1, "usable", 1, "reason",
	    "by the other side's MED, or because it carried before", "tunnel", "aws-paris/2", "part",
	    "stands by", "active", 0, "usable", 1, "reason", "", "last_move", "bfd down", "last_move_at",
	    clock_format(clock_wall() - 3 * DAY - HOUR, at), "failing", "lines",
	    lines_of(lines, COUNT_OF(lines)));
}

/* A peer took its path away a moment ago and came back with it. */
static json_t *
last_changes(void)
{
	static const char *const texts[] = {
	    "announced by aws-paris/2 (preference 100, AS path of 1 from AS 64512, MED 200); best stays by "
	    "aws-paris/1 (MED)",
	    "withdrawn by aws-paris/2; best stays by aws-paris/1 (the only path)"};
	json_t *changes = json_array();

	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		char at[CLOCK_TEXT];

		clock_format(clock_wall() - (usec_t)(60 + 20 * i) * USEC_PER_SEC, at);
		json_array_append_new(changes, json_pack("{s:s, s:s}", "at", at, "text", texts[i]));
	}
	return changes;
}

static json_t *
explain_address(const char *target, const char *prefix)
{
	char first[80];
	const char *lines[] = {first, "(as lines)"};

	snprintf(first, sizeof(first), "Where does %s go?", target);
	return json_pack(
	    "{s:s, s:[{s:s, s:s, s:s, s:b, s:s, s:["
	    "{s:s, s:s, s:b, s:s, s:[s], s:s, s:i, s:i, s:[s]}, {s:s, s:s, s:b, s:s, s:[s], s:s, s:i, s:i, "
	    "s:[]}], s:o},"
	    " {s:s, s:s, s:b, s:s, s:[]}], s:[{s:s, s:s}], s:s, s:s, s:n, s:o}",
	    "target", target, "matches", "prefix", prefix, "source", "BGP", "connection", "aws-paris",
	    "installed", 1, "reason", "the only source", "paths", "from", "aws-paris/1", "next_hop",
	    "169.254.44.241", "best", 1, "reason", "best: lower MED (100 against 200)", "as_path", "64512",
	    "origin", "igp", "local_pref", 100, "med", 100, "communities", "64512:7", "from", "aws-paris/2",
	    "next_hop", "169.254.44.245", "best", 0, "reason", "MED 200 against 100", "as_path", "64512",
	    "origin", "igp", "local_pref", 100, "med", 200, "communities", "changes", last_changes(),
	    "prefix", "0.0.0.0/0", "source", "static", "installed", 0, "reason", "configured", "paths",
	    "protected", "connection", "aws-paris", "prefix", "10.50.0.0/16", "kernel", "ts-aws-pari-1",
	    "tunnel", "aws-paris/1", "failing", "lines", lines_of(lines, COUNT_OF(lines)));
}

json_t *
world_explain(const struct model_store *store, const char *target)
{
	const struct model_tunnel *tunnel = model_store_get(store, MODEL_KIND_TUNNEL, "plant/2");

	if (strcmp(target, "plant/2") == 0)
		return explain_plant_2(tunnel != NULL && tunnel->state != NULL &&
				       strcmp(tunnel->state, "up") == 0);
	if (strcmp(target, "aws-paris") == 0)
		return explain_connection(target);
	if (strncmp(target, "10.50.", 6) == 0)
		return explain_address(target, strchr(target, '/') != NULL ? target : "10.50.0.0/24");
	return NULL;
}

json_t *
world_drills_before(void)
{
	return json_pack("[{s:s, s:s, s:s, s:f, s:f, s:s}, {s:s, s:s, s:n, s:n, s:s}]", "at",
			 "2026-01-01T10:20:30Z", "by", "anna", "to", "aws-paris/2", "noticed_ms", 990.0,
			 "outage_ms", 1001.0, "result", "the other tunnel took over", "at",
			 "2025-11-30T08:00:00Z", "by", "root", "noticed_ms", "outage_ms", "result",
			 "the loss was not noticed in time");
}

json_t *
world_drill(void)
{
	const char *lines[] = {"drill of aws-paris", "(as lines)"};

	return json_pack(
	    "{s:s, s:s, s:s, s:s, s:b, s:f, s:f, s:s, s:s, s:f, s:b, s:f, s:I, s:I, s:o, s:s, s:o}",
	    "connection", "aws-paris", "tunnel", "aws-paris/1", "at", "2026-01-02T03:04:05Z", "by", "root",
	    "forced", 0, "silenced_ms", 1204.0, "noticed_ms", 162.0, "cause", "bfd down", "to", "aws-paris/2",
	    "outage_ms", 171.0, "traffic", 1, "usable_again_ms", 2310.0, "rx_bps_before",
	    (json_int_t)88100000, "tx_bps_before", (json_int_t)12300000, "lines",
	    lines_of(lines, COUNT_OF(lines)), "file",
	    "/var/lib/twinspan/drills/aws-paris-20260102T030405Z.json", "earlier", world_drills_before());
}

/* A copy of a connection's row to be changed and put back. */
static struct model_connection *
copy_connection(struct model_store *store, const char *name)
{
	const struct model_shape *shape = model_kind_info(MODEL_KIND_CONNECTION)->shape;
	struct model_connection *c = model_row_new(MODEL_KIND_CONNECTION);

	model_row_clear(shape, c);
	model_row_copy(shape, c, model_store_get(store, MODEL_KIND_CONNECTION, name));
	return c;
}

void
world_move_step(struct model_store *store, const struct world_step *step)
{
	struct model_connection *c = copy_connection(store, "aws-paris");
	struct model_move *move = &c->move;
	bool done = strcmp(step->phase, "done") == 0;

	if (!move->set || strcmp(step->phase, "moving") == 0)
		move->began_at = clock_wall();
	move->set = true;
	model_set(&move->kind, "switchover");
	model_set(&move->from, "aws-paris/1");
	model_set(&move->to, "aws-paris/2");
	model_set(&move->phase, step->phase);
	move->ours_percent = step->ours;
	move->theirs_percent = step->theirs;
	move->ours_at = step->ours >= 100 ? move->began_at + 100 * USEC_PER_MS : 0;
	move->theirs_at = done ? move->began_at + 814 * USEC_PER_MS : 0;
	move->done_at = done ? move->began_at + 900 * USEC_PER_MS : 0;
	move->rx_packets = step->packets;
	move->tx_packets = step->packets / 2;
	move->rx_lost = step->lost != (unsigned)-1 ? step->lost : MODEL_UINT_UNSET;
	move->took_ms = 814;
	model_set(&move->result, done ? "moved from aws-paris/1 to aws-paris/2 in 814 ms" : NULL);
	c->moving = !done;
	model_store_put(store, MODEL_KIND_CONNECTION, c);
	model_row_free(MODEL_KIND_CONNECTION, c);
}

void
world_wait(struct model_store *store, const char *connection, int seconds)
{
	world_wait_for(store, connection, seconds, "switchover");
}

void
world_wait_for(struct model_store *store, const char *connection, int seconds, const char *what)
{
	struct model_connection *c = copy_connection(store, connection);

	c->confirm_until = seconds > 0 ? clock_wall() + seconds * USEC_PER_SEC : 0;
	model_set(&c->unconfirmed, seconds > 0 ? what : NULL);
	model_store_put(store, MODEL_KIND_CONNECTION, c);
	model_row_free(MODEL_KIND_CONNECTION, c);
}

json_t *
world_plan(bool own_path)
{
	json_t *plan =
	    json_pack("{s:s, s:s, s:s, s:i, s:i, s:i, s:i, s:[s], s:[s]}", "connection", "aws-paris", "from",
		      "aws-paris/1", "to", "aws-paris/2", "prefixes", 12, "prefixes_then", 12, "rx_bps",
		      88100000, "tx_bps", 12300000, "there", "MED 100/200 becomes 200/100", "warnings",
		      "traffic leaves by aws-paris/1 and comes back by aws-paris/2 already");

	json_object_set_new(plan, "earlier", world_drills_before()); /* of a drill */
	json_object_set_new(plan, "own_path", own_path ? json_string("moves") : json_null());
	return plan;
}
