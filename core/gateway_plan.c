// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a change of the configuration asks of the gateway: which objects are made, made anew, dialled anew or
 * told of a new value, which of them carry traffic now, and what can't be done at all.
 *
 * The difference comes field by field from core/config, by its schema. The table below names the fields whose
 * change is less than making their object anew; one that is not named, a new one say, is never forgotten:
 * its tunnel, connection or peer is made anew, and a change of the gateway itself is refused.
 */
#include "core/gateway_configure_internal.h"

#include <stdlib.h>
#include <string.h>

enum effect {
	EFFECT_REMADE,    /* the object is made anew; of the gateway itself: refused */
	EFFECT_LIVE,      /* taken over as it runs: nothing goes down */
	EFFECT_SESSION,   /* the BGP session restarts */
	EFFECT_DIALLED,   /* the SAs are closed and negotiated anew */
	EFFECT_OUTSIDE,   /* the same, or more where the interface has the addresses outside (VTI) */
	EFFECT_INTERFACE, /* a tunnel's interface is another: its connection is made anew */
};

static const struct {
	enum config_part part;
	const char *key; /* one that ends in a dot stands for all keys below it */
	enum effect effect;
} effects[] = {
    {CONFIG_PART_GATEWAY, "networks", EFFECT_LIVE},
    {CONFIG_PART_GATEWAY, "aggregates", EFFECT_LIVE},
    {CONFIG_PART_GATEWAY, "billing.", EFFECT_LIVE},
    {CONFIG_PART_GATEWAY, "mrt.", EFFECT_LIVE},
    {CONFIG_PART_GATEWAY, "bmp.", EFFECT_LIVE},
    {CONFIG_PART_GATEWAY, "allow_same_asn", EFFECT_LIVE},
    {CONFIG_PART_CONNECTION, "routes", EFFECT_LIVE},
    {CONFIG_PART_CONNECTION, "protect", EFFECT_LIVE},
    {CONFIG_PART_CONNECTION, "mode", EFFECT_LIVE},
    {CONFIG_PART_CONNECTION, "prefer", EFFECT_LIVE},
    {CONFIG_PART_CONNECTION, "hold_down", EFFECT_LIVE},
    {CONFIG_PART_TUNNEL, "mtu", EFFECT_LIVE},
    {CONFIG_PART_TUNNEL, "bgp.keepalive", EFFECT_LIVE},
    {CONFIG_PART_TUNNEL, "bgp.max_prefixes.", EFFECT_LIVE},
    {CONFIG_PART_TUNNEL, "bgp.send_hold", EFFECT_LIVE},
    /* its peer is told neither: it is not asked to keep anything */
    {CONFIG_PART_TUNNEL, "bgp.restart_time", EFFECT_LIVE},
    {CONFIG_PART_TUNNEL, "bgp.stale_time", EFFECT_LIVE},
    {CONFIG_PART_TUNNEL, "bgp.import", EFFECT_LIVE},
    {CONFIG_PART_TUNNEL, "bgp.export", EFFECT_LIVE},
    {CONFIG_PART_TUNNEL, "bgp.advertise", EFFECT_LIVE},
    {CONFIG_PART_TUNNEL, "bgp.blackhole.", EFFECT_LIVE},
    {CONFIG_PART_TUNNEL, "bgp.allowas_in", EFFECT_LIVE},
    {CONFIG_PART_TUNNEL, "bgp.as_override", EFFECT_LIVE},
    {CONFIG_PART_TUNNEL, "bgp.remove_private_as", EFFECT_LIVE},
    {CONFIG_PART_TUNNEL, "bgp.next_hop_self", EFFECT_LIVE},
    {CONFIG_PART_TUNNEL, "bgp.default_originate", EFFECT_LIVE},
    {CONFIG_PART_TUNNEL, "bgp.route_reflector_client", EFFECT_LIVE},
    {CONFIG_PART_TUNNEL, "bgp.local_as", EFFECT_REMADE},
    {CONFIG_PART_TUNNEL, "bgp.", EFFECT_SESSION},
    {CONFIG_PART_TUNNEL, "bfd.enabled", EFFECT_LIVE},
    {CONFIG_PART_TUNNEL, "bfd.interval", EFFECT_LIVE},
    {CONFIG_PART_TUNNEL, "bfd.multiplier", EFFECT_LIVE},
    {CONFIG_PART_TUNNEL, "health.", EFFECT_LIVE},
    {CONFIG_PART_TUNNEL, "psk", EFFECT_DIALLED},
    {CONFIG_PART_TUNNEL, "certificate.crl", EFFECT_LIVE},
    {CONFIG_PART_TUNNEL, "certificate.", EFFECT_DIALLED},
    {CONFIG_PART_TUNNEL, "certificate", EFFECT_DIALLED},
    {CONFIG_PART_TUNNEL, "ike.", EFFECT_DIALLED},
    {CONFIG_PART_TUNNEL, "esp.", EFFECT_DIALLED},
    {CONFIG_PART_TUNNEL, "rekey.", EFFECT_DIALLED},
    {CONFIG_PART_TUNNEL, "selectors.", EFFECT_DIALLED},
    {CONFIG_PART_TUNNEL, "dpd.", EFFECT_DIALLED},
    {CONFIG_PART_TUNNEL, "encap", EFFECT_DIALLED},
    {CONFIG_PART_TUNNEL, "interface", EFFECT_INTERFACE},
    {CONFIG_PART_TUNNEL, "interface_id", EFFECT_INTERFACE},
    {CONFIG_PART_TUNNEL, "local", EFFECT_OUTSIDE},
    {CONFIG_PART_TUNNEL, "remote", EFFECT_OUTSIDE},
    {CONFIG_PART_TUNNEL, "local_id", EFFECT_DIALLED},
    {CONFIG_PART_TUNNEL, "remote_id", EFFECT_DIALLED},
    {CONFIG_PART_PEER, "bgp.keepalive", EFFECT_LIVE},
    {CONFIG_PART_PEER, "bgp.max_prefixes.", EFFECT_LIVE},
    {CONFIG_PART_PEER, "bgp.send_hold", EFFECT_LIVE},
    {CONFIG_PART_PEER, "bgp.stale_time", EFFECT_LIVE},
    {CONFIG_PART_PEER, "bgp.import", EFFECT_LIVE},
    {CONFIG_PART_PEER, "bgp.export", EFFECT_LIVE},
    {CONFIG_PART_PEER, "bgp.advertise", EFFECT_LIVE},
    {CONFIG_PART_PEER, "bgp.blackhole.", EFFECT_LIVE},
    {CONFIG_PART_PEER, "bgp.allowas_in", EFFECT_LIVE},
    {CONFIG_PART_PEER, "bgp.as_override", EFFECT_LIVE},
    {CONFIG_PART_PEER, "bgp.remove_private_as", EFFECT_LIVE},
    {CONFIG_PART_PEER, "bgp.next_hop_self", EFFECT_LIVE},
    {CONFIG_PART_PEER, "bgp.default_originate", EFFECT_LIVE},
    {CONFIG_PART_PEER, "bgp.route_reflector_client", EFFECT_LIVE},
};

/* Its SAs are told apart by marks: it is a VTI. */
static bool
interface_has_addresses_outside(const struct gateway *gateway, const char *name)
{
	const struct gateway_tunnel *tunnel = gateway_tunnel_find(gateway, name);
	struct dataplane_kernel_sa sa;

	return gateway->plane_ops->kernel_sas && tunnel != NULL &&
	       gateway->plane_ops->tunnel_kernel_sa(gateway->plane, tunnel->config->id, &sa) && sa.mark != 0;
}

/* A tunnel with static routing has no session: what is said of one there, or in `defaults`, is only kept. */
static bool
is_of_no_session(const struct gateway *gateway, const struct config_change *change)
{
	const struct gateway_tunnel *tunnel =
	    change->part == CONFIG_PART_TUNNEL && strncmp(change->key, "bgp.", 4) == 0
		? gateway_tunnel_find(gateway, change->name)
		: NULL;

	return tunnel != NULL && tunnel->connection->config->routing == CONFIG_ROUTING_STATIC;
}

static enum effect
effect_of(const struct gateway *gateway, const struct config_change *change)
{
	if (is_of_no_session(gateway, change))
		return EFFECT_LIVE;
	for (size_t i = 0; i < COUNT_OF(effects); i++) {
		size_t length = strlen(effects[i].key);
		bool below = effects[i].key[length - 1] == '.';

		if (effects[i].part != change->part ||
		    (below ? strncmp(effects[i].key, change->key, length) != 0
			   : strcmp(effects[i].key, change->key) != 0))
			continue;
		if (effects[i].effect != EFFECT_OUTSIDE)
			return effects[i].effect;
		return interface_has_addresses_outside(gateway, change->name) ? EFFECT_INTERFACE
									      : EFFECT_DIALLED;
	}
	return EFFECT_REMADE;
}

/* --- names ------------------------------------------------------------------------------------- */

static void
add_once(struct text_list *list, const char *name)
{
	if (!text_list_has(list, name))
		text_list_add(list, name);
}

/* The connection of a tunnel's name. */
static void
add_connection_of(struct text_list *list, const char *tunnel)
{
	const char *slash = strrchr(tunnel, '/');
	char *name = text_format("%.*s", (int)(slash != NULL ? slash - tunnel : 0), tunnel);

	add_once(list, name);
	free(name);
}

static void say(struct text_list *list, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void
say(struct text_list *list, const char *format, ...)
{
	char text[512], clean[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	text_list_add(list, text_clean(clean, sizeof(clean), text));
}

/* --- changes ----------------------------------------------------------------------------------- */

static void
plan_field(const struct gateway *gateway, struct gateway_plan *plan, const struct config_change *change)
{
	static const char *const remade[] = {
	    [CONFIG_PART_CONNECTION] = "the connection is made anew",
	    [CONFIG_PART_TUNNEL] = "the tunnel and its session are made anew",
	    [CONFIG_PART_PEER] = "the session is made anew",
	};
	const char *what = "";

	switch (effect_of(gateway, change)) {
	case EFFECT_LIVE:
		break;
	case EFFECT_SESSION:
		add_once(&plan->restarted, change->name);
		what = "the session restarts";
		break;
	case EFFECT_OUTSIDE: /* resolved to one of the next two */
	case EFFECT_DIALLED:
		add_once(&plan->dialled, change->name);
		what = "the tunnel is dialled anew";
		break;
	case EFFECT_INTERFACE:
		add_connection_of(&plan->remade, change->name);
		what = remade[CONFIG_PART_CONNECTION];
		break;
	case EFFECT_REMADE:
		if (change->part == CONFIG_PART_GATEWAY) {
			say(&plan->refused,
			    "gateway: %s: it can't change while the gateway runs; restart the gateway",
			    change->text);
			return;
		}
		add_once(change->part == CONFIG_PART_TUNNEL ? &plan->redone
			 : change->part == CONFIG_PART_PEER ? &plan->peers_remade
							    : &plan->remade,
			 change->name);
		what = remade[change->part];
	}
	say(&plan->lines, "%s: %s%s%s", change->part == CONFIG_PART_GATEWAY ? "gateway" : change->name,
	    change->text, *what != '\0' ? ": " : "", what);
}

static void
plan_change(const struct gateway *gateway, struct gateway_plan *plan, const struct config_change *change)
{
	const char *word = change->part == CONFIG_PART_PEER ? "peer" : "connection";

	if (change->kind == CONFIG_CHANGED) {
		plan_field(gateway, plan, change);
	} else if (change->part == CONFIG_PART_TUNNEL) {
		/* Whether there is a second tunnel decides much of what a connection is. */
		add_connection_of(&plan->remade, change->name);
		say(&plan->lines, "%s: %s: the connection is made anew", change->name, change->text);
	} else {
		say(&plan->lines, "%s %s %s", word, change->name,
		    change->kind == CONFIG_ADDED ? "added" : "removed");
	}
}

/* What goes down by the plan and is up now. */
static void
plan_drops(struct gateway *gateway, const struct config *after, struct gateway_plan *plan)
{
	struct bgp_peer_status status;

	for (size_t i = 0; i < gateway->tunnel_count; i++) {
		const struct gateway_tunnel *tunnel = gateway->tunnels[i];
		const char *name = tunnel->config->name, *of = tunnel->connection->config->name;
		bool goes = config_find_connection(after, of) == NULL || text_list_has(&plan->remade, of) ||
			    text_list_has(&plan->dialled, name) || text_list_has(&plan->redone, name);

		if (goes && tunnel->child_up) {
			text_list_add(&plan->drops, name);
		} else if (text_list_has(&plan->restarted, name) && tunnel->peer != NULL) {
			bgp_peer_status(tunnel->peer, &status);
			if (status.state == BGP_ESTABLISHED)
				text_list_add(&plan->drops, name);
		}
	}
	for (size_t i = 0; i < gateway->config->peer_count; i++) {
		const char *name = gateway->config->peers[i].name;
		const struct bgp_peer *peer = bgp_peer_find(gateway->bgp, name);

		if (peer == NULL ||
		    (config_find_peer(after, name) != NULL && !text_list_has(&plan->peers_remade, name)))
			continue;
		bgp_peer_status(peer, &status);
		if (status.state == BGP_ESTABLISHED)
			text_list_add(&plan->drops, name);
	}
}

void
gateway_plan_make(struct gateway *gateway, const struct config *after, struct gateway_plan *plan)
{
	*plan = (struct gateway_plan){0};
	config_compare(gateway->config, after, &plan->diff);
	for (size_t i = 0; i < plan->diff.count; i++)
		plan_change(gateway, plan, &plan->diff.items[i]);
	plan_drops(gateway, after, plan);
}

void
gateway_plan_free(struct gateway_plan *plan)
{
	struct text_list *lists[] = {&plan->preview, &plan->lines,  &plan->drops,
				     &plan->refused, &plan->remade, &plan->peers_remade,
				     &plan->dialled, &plan->redone, &plan->restarted};

	for (size_t i = 0; i < COUNT_OF(lists); i++)
		text_list_free(lists[i]);
	config_diff_free(&plan->diff);
}

/* --- the operator's own way -------------------------------------------------------------------- */

static bool
tunnel_goes(const struct gateway_plan *plan, const struct gateway_tunnel *tunnel)
{
	const char *name = tunnel->config->name;

	return text_list_has(&plan->dialled, name) || text_list_has(&plan->redone, name) ||
	       text_list_has(&plan->restarted, name);
}

/* Neither the tunnel that carries, nor one that could take over, is left as it is. */
static bool
all_carriers_go(const struct gateway_plan *plan, const struct gateway_connection *connection)
{
	struct failover_status status;
	bool any = false;

	failover_status(connection->failover, &status);
	for (unsigned i = 0; i < connection->tunnel_count; i++) {
		if ((status.usable & ~status.untaught & 1u << i) == 0)
			continue;
		if (!tunnel_goes(plan, &connection->tunnels[i]))
			return false;
		any = true;
	}
	return any;
}

static bool
routes_cover(const struct config_connection *connection, const struct ip_address *address)
{
	for (size_t i = 0; i < connection->routes.count; i++) {
		if (ip_prefix_contains(&connection->routes.items[i], address))
			return true;
	}
	return false;
}

/* Anything of the connection changes, or what its peers are told of this side's networks. */
static bool
touches(const struct gateway_plan *plan, const struct gateway_connection *connection)
{
	const char *name = connection->config->name;
	size_t length = strlen(name);

	for (size_t i = 0; i < plan->diff.count; i++) {
		const struct config_change *change = &plan->diff.items[i];

		if (change->part == CONFIG_PART_GATEWAY &&
		    (strcmp(change->key, "networks") == 0 || strcmp(change->key, "aggregates") == 0))
			return true;
		if ((change->part == CONFIG_PART_CONNECTION && strcmp(change->name, name) == 0) ||
		    (change->part == CONFIG_PART_TUNNEL && strncmp(change->name, name, length) == 0 &&
		     change->name[length] == '/'))
			return true;
	}
	return false;
}

enum gateway_own
gateway_plan_own(const struct gateway_plan *plan, const struct config *after, const struct gateway_path *path)
{
	const struct config_connection *is;
	struct ip_address via;
	const char *name;
	bool cuts;

	if (path->connection == NULL)
		return GATEWAY_OWN_STAYS;
	name = path->connection->config->name;
	is = config_find_connection(after, name);
	if (is == NULL || text_list_has(&plan->remade, name))
		cuts = true;
	else if (path->member >= 0)
		cuts = tunnel_goes(plan, &path->connection->tunnels[path->member]);
	else
		cuts = all_carriers_go(plan, path->connection) ||
		       (ip_address_parse(path->via, &via) && routes_cover(path->connection->config, &via) &&
			!routes_cover(is, &via));
	return cuts                              ? GATEWAY_OWN_CUT
	       : touches(plan, path->connection) ? GATEWAY_OWN_MOVES
						 : GATEWAY_OWN_STAYS;
}
