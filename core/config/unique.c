// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Rules that concern the file as a whole: names, outside addresses and prefixes that must not meet.
 * Everything is collected while the file is read, then sorted once, so that a thousand connections cost a few
 * milliseconds. Of two things that meet, the later one in the file is reported and the earlier one named.
 */
#include "core/config/config_internal.h"

#include <stdlib.h>
#include <string.h>

enum thing_kind {
	THING_CONNECTION, /* text: its name */
	THING_PEER,       /* text: its name */
	THING_OUTSIDE,    /* text: remote address or identity; address: local */
	THING_SPEAKER,    /* prefix: the BGP neighbour's address; text: set for a peer of its own */
	THING_INSIDE,     /* prefix: the network of an inside address */
	THING_NETWORK,    /* prefix: of this side; sorts before a route that equals it */
	THING_ROUTE,      /* prefix: static, of the other side */
	THING_PROTECT,    /* prefix; text: its connection */
	THING_INTERFACE,  /* text: its name, or its id as text */
	THING_ASN,        /* text: the peer's AS number, of dynamic connections */
	THING_CALLER,     /* prefix: local address, of IKE version 1, a secret and a peer of any address */
	THING_COUNT
};

struct thing {
	const char *text; /* borrowed from the configuration, or `owned` */
	char *owned;
	struct ip_prefix prefix;
	struct position at;
	const char *owner; /* connection, tunnel or peer; may be NULL */
	const struct config_tunnel *tunnel;
};

struct things {
	struct thing *items;
	size_t count, room;
};

struct unique {
	struct things things[THING_COUNT];
};

struct unique *
unique_new(void)
{
	return memory_zeroed(1, sizeof(struct unique));
}

void
unique_free(struct unique *unique)
{
	if (unique == NULL)
		return;
	for (size_t i = 0; i < THING_COUNT; i++) {
		for (size_t j = 0; j < unique->things[i].count; j++)
			free(unique->things[i].items[j].owned);
		free(unique->things[i].items);
	}
	free(unique);
}

static void
add(struct unique *unique, enum thing_kind kind, struct thing thing)
{
	struct things *things = &unique->things[kind];

	if (things->count == things->room) {
		things->room = things->room != 0 ? things->room * 2 : 64;
		things->items = memory_resize(things->items, things->room * sizeof(*things->items));
	}
	things->items[things->count++] = thing;
}

/* The good prefixes of a list in the file, each with its place. */
static void
add_prefixes(struct unique *unique, enum thing_kind kind, const struct node_entry *entry, const char *owner)
{
	if (entry == NULL || entry->value->kind != NODE_LIST)
		return;
	for (size_t i = 0; i < entry->value->count; i++) {
		const struct node *item = entry->value->items[i];
		struct thing thing = {.at = item->at, .owner = owner, .text = owner};

		if (item->kind == NODE_SCALAR && ip_prefix_parse(item->text, &thing.prefix))
			add(unique, kind, thing);
	}
}

void
unique_connection(struct unique *unique, const struct config_connection *connection,
		  const struct given *given, struct position at)
{
	if (connection->name != NULL)
		add(unique, THING_CONNECTION,
		    (struct thing){.text = connection->name,
				   .at = given_at(given, SECTION_CONNECTION, "name", at)});
	if (connection->routing == CONFIG_ROUTING_DYNAMIC && connection->peer_asn != 0) {
		struct thing asn = {.owner = connection->name,
				    .at = given_at(given, SECTION_CONNECTION, "peer_asn", at)};

		asn.text = asn.owned = text_format("%u", connection->peer_asn);
		add(unique, THING_ASN, asn);
	}
	if (connection->routing == CONFIG_ROUTING_STATIC)
		add_prefixes(unique, THING_ROUTE, given_entry(given, SECTION_CONNECTION, "routes"),
			     connection->name);
	add_prefixes(unique, THING_PROTECT, given_entry(given, SECTION_CONNECTION, "protect"),
		     connection->name);
}

/* Where an inside address of this family stands: the list's item, or the one value. */
static struct position
inside_at(const struct node_entry *entry, uint8_t family)
{
	struct ip_prefix prefix;

	for (size_t i = 0; entry->value->kind == NODE_LIST && i < entry->value->count; i++) {
		const struct node *item = entry->value->items[i];

		if (item->kind == NODE_SCALAR && ip_prefix_parse(item->text, &prefix) &&
		    prefix.address.family == family)
			return item->at;
	}
	return entry->value->at;
}

void
unique_tunnel(struct unique *unique, const struct config_tunnel *tunnel, const struct given *given,
	      struct position at)
{
	const struct node_entry *inside = given_entry(given, SECTION_TUNNEL, "inside");
	struct thing outside = {.owner = tunnel->name, .at = given_at(given, SECTION_TUNNEL, "remote", at)};
	char text[IP_ADDRESS_TEXT];

	if (tunnel->interface != NULL)
		add(unique, THING_INTERFACE,
		    (struct thing){.text = tunnel->interface,
				   .owner = tunnel->name,
				   .at = given_at(given, SECTION_TUNNEL, "interface", at)});
	if (tunnel->interface_id != 0) {
		struct thing id = {.owner = tunnel->name,
				   .at = given_at(given, SECTION_TUNNEL, "interface_id", at)};

		id.text = id.owned = text_format("id %u", tunnel->interface_id);
		add(unique, THING_INTERFACE, id);
	}
	outside.prefix.address = tunnel->local;
	if (ip_address_is_set(&tunnel->remote))
		outside.text = outside.owned = text_copy(ip_address_format(&tunnel->remote, text));
	else if (tunnel->remote_id != NULL)
		outside.text = outside.owned = identity_plain(tunnel->remote_id);
	else
		outside.text = "any";
	if (!ip_address_is_set(&tunnel->remote) && tunnel->psk_length != 0 && tunnel->ike.version != 2)
		add(unique, THING_CALLER,
		    (struct thing){.owner = tunnel->name,
				   .at = outside.at,
				   .prefix = {.address = tunnel->local},
				   .tunnel = tunnel});
	if (outside.text != NULL)
		add(unique, THING_OUTSIDE, outside);
	for (unsigned i = 0; i < 2 && inside != NULL; i++) {
		struct thing thing = {.owner = tunnel->name, .prefix = ip_prefix_network(&tunnel->inside[i])};

		if (!ip_address_is_set(&tunnel->inside[i].address))
			continue;
		thing.at = inside_at(inside, tunnel->inside[i].address.family);
		add(unique, THING_INSIDE, thing);
		thing.prefix = (struct ip_prefix){tunnel->inside_remote[i], (uint8_t)(i == 0 ? 32 : 128)};
		add(unique, THING_SPEAKER, thing);
	}
}

void
unique_peer(struct unique *unique, const struct config_peer *peer, const struct given *given,
	    struct position at)
{
	struct thing speaker = {.owner = peer->name, .text = "peer"};

	if (peer->name != NULL)
		add(unique, THING_PEER,
		    (struct thing){.text = peer->name, .at = given_at(given, SECTION_PEER, "name", at)});
	if (!ip_address_is_set(&peer->remote.address))
		return;
	speaker.at = given_at(given, SECTION_PEER, "remote", at);
	speaker.prefix =
	    (struct ip_prefix){peer->remote.address, (uint8_t)ip_family_bits(peer->remote.address.family)};
	add(unique, THING_SPEAKER, speaker);
}

/* --- comparing -------------------------------------------------------------------------------- */

static int
compare_places(const struct thing *a, const struct thing *b)
{
	if (a->at.line != b->at.line)
		return a->at.line < b->at.line ? -1 : 1;
	return a->at.column < b->at.column ? -1 : a->at.column > b->at.column;
}

static int
compare_texts(const void *left, const void *right)
{
	const struct thing *a = left, *b = right;
	int order = strcmp(a->text != NULL ? a->text : "", b->text != NULL ? b->text : "");

	if (order == 0)
		order = ip_prefix_compare(&a->prefix, &b->prefix);
	return order != 0 ? order : compare_places(a, b);
}

static int
compare_prefixes(const void *left, const void *right)
{
	const struct thing *a = left, *b = right;
	int order = ip_prefix_compare(&a->prefix, &b->prefix);

	return order != 0 ? order : compare_places(a, b);
}

static void
sort(struct things *things, int (*compare)(const void *, const void *))
{
	if (things->count != 0)
		qsort(things->items, things->count, sizeof(*things->items), compare);
}

static const char *
owner_of(const struct thing *thing)
{
	return quoted(thing->owner != NULL ? thing->owner : "?");
}

static void
check_names(struct things *things, const char *what, struct config_findings *findings)
{
	const struct thing *first = NULL;

	sort(things, compare_texts);
	for (size_t i = 0; i < things->count; i++) {
		const struct thing *now = &things->items[i];

		if (first != NULL && strcmp(first->text, now->text) == 0)
			finding_error(findings, now->at, "duplicate %s %s (first on line %u)", what,
				      quoted(now->text), first->at.line);
		else
			first = now;
	}
}

/*
 * One remote may have two tunnels only if they end at different local addresses (a hub has two). An unset
 * local one, which sorts first, is every address.
 */
static void
check_outsides(struct things *things, struct config_findings *findings)
{
	const struct thing *first = NULL;

	sort(things, compare_texts);
	for (size_t i = 0; i < things->count; i++) {
		const struct thing *now = &things->items[i], *earlier = first, *later = now;

		if (first == NULL || strcmp(first->text, now->text) != 0 ||
		    (ip_address_is_set(&first->prefix.address) &&
		     !ip_address_equal(&first->prefix.address, &now->prefix.address))) {
			first = now;
			continue;
		}
		if (compare_places(earlier, later) > 0) {
			earlier = now;
			later = first;
		}
		finding_error(findings, later->at,
			      "tunnels %s and %s (line %u) have the same remote %s and local address",
			      owner_of(later), owner_of(earlier), earlier->at.line, quoted(now->text));
	}
}

/*
 * In main mode the secret is needed before the peer has said who it is (RFC 2409 5.4): peers that have no
 * address to be known by can't have secrets of their own. An unset local address, which sorts first, is every
 * address.
 */
static void
check_callers(struct things *things, struct config_findings *findings)
{
	const struct thing *first = things->items;

	sort(things, compare_prefixes);
	for (size_t i = 1; i < things->count; i++) {
		const struct thing *now = &things->items[i];
		const struct config_tunnel *a = first->tunnel, *b = now->tunnel;
		bool both = a->ike.version == 1 && b->ike.version == 1;

		if (ip_address_is_set(&a->local) && !ip_address_equal(&a->local, &b->local)) {
			first = now;
			continue;
		}
		if (a->psk_length == b->psk_length && memcmp(a->psk, b->psk, a->psk_length) == 0)
			continue;
		(both ? finding_error : finding_warning)(
		    findings, now->at,
		    "tunnels %s and %s (line %u) have 'remote: any' and different secrets: IKE version 1 "
		    "can't "
		    "tell such peers apart; use version 2, certificates, or one secret for both",
		    owner_of(now), owner_of(first), first->at.line);
	}
}

static void
check_speakers(struct things *things, struct config_findings *findings)
{
	sort(things, compare_prefixes);
	for (size_t i = 1; i < things->count; i++) {
		const struct thing *a = &things->items[i - 1], *b = &things->items[i];
		char text[IP_ADDRESS_TEXT];

		/* Two tunnels that meet here have inside networks that overlap: that was said. */
		if ((a->text != NULL || b->text != NULL) && ip_prefix_equal(&a->prefix, &b->prefix))
			finding_error(findings, b->at, "two BGP sessions go to %s: %s and %s (line %u)",
				      ip_address_format(&b->prefix.address, text), owner_of(b), owner_of(a),
				      a->at.line);
	}
}

/* Prefixes nest or are apart: in sorted order, the last one that nothing covers is all that need be
 * remembered. */
static void
check_overlaps(struct things *things, const char *what, struct config_findings *findings)
{
	const struct thing *outer = NULL;

	sort(things, compare_prefixes);
	for (size_t i = 0; i < things->count; i++) {
		const struct thing *now = &things->items[i], *earlier = outer, *later = now;
		char a[IP_PREFIX_TEXT], b[IP_PREFIX_TEXT];

		if (outer == NULL || !ip_prefix_covers(&outer->prefix, &now->prefix)) {
			outer = now;
			continue;
		}
		if (compare_places(earlier, later) > 0) {
			earlier = now;
			later = outer;
		}
		finding_error(findings, later->at, "%s %s of %s overlaps %s of %s (line %u)", what,
			      ip_prefix_format(&later->prefix, a), owner_of(later),
			      ip_prefix_format(&earlier->prefix, b), owner_of(earlier), earlier->at.line);
	}
}

static void
check_repeated(struct things *things, int (*compare)(const void *, const void *),
	       struct config_findings *findings)
{
	sort(things, compare);
	for (size_t i = 1; i < things->count; i++) {
		const struct thing *a = &things->items[i - 1], *b = &things->items[i];
		char text[IP_PREFIX_TEXT];

		/* Owners are borrowed strings: the same connection has the same pointer. */
		if (a->owner == b->owner && ip_prefix_equal(&a->prefix, &b->prefix))
			finding_error(findings, b->at, "duplicate prefix %s (first on line %u)",
				      ip_prefix_format(&b->prefix, text), a->at.line);
	}
}

/* A walk along sorted prefixes, which may nest, beside another sorted list. */
struct covers {
	const struct things *things;
	const struct thing *outer;
	size_t next;
};

/* The widest one that covers the prefix, or NULL; asked in sorted order. */
static const struct thing *
covered_by(struct covers *covers, const struct ip_prefix *prefix)
{
	for (; covers->next < covers->things->count; covers->next++) {
		const struct thing *now = &covers->things->items[covers->next];

		if (ip_prefix_compare(&now->prefix, prefix) > 0)
			break;
		if (covers->outer == NULL || !ip_prefix_covers(&covers->outer->prefix, &now->prefix))
			covers->outer = now;
	}
	return covers->outer != NULL && ip_prefix_covers(&covers->outer->prefix, prefix) ? covers->outer
											 : NULL;
}

/* What a tunnel uses or keeps from the clear, in what this side has itself. */
static void
check_in_networks(const struct things *things, const struct things *networks, const char *what,
		  const char *then, struct config_findings *findings)
{
	struct covers covers = {.things = networks};

	for (size_t i = 0; i < things->count; i++) {
		const struct thing *now = &things->items[i], *outer = covered_by(&covers, &now->prefix);
		char a[IP_PREFIX_TEXT], b[IP_PREFIX_TEXT];

		if (outer != NULL)
			finding_warning(findings, now->at,
					"%s %s of %s lies within this gateway's own network %s%s", what,
					ip_prefix_format(&now->prefix, a), owner_of(now),
					ip_prefix_format(&outer->prefix, b), then);
	}
}

/* A static route into what this side has itself. */
static void
check_routes_in_networks(const struct things *routes, const struct things *networks,
			 struct config_findings *findings)
{
	struct covers covers = {.things = networks};

	for (size_t i = 0; i < routes->count; i++) {
		const struct thing *route = &routes->items[i], *outer = covered_by(&covers, &route->prefix);
		char a[IP_PREFIX_TEXT], b[IP_PREFIX_TEXT];

		if (outer == NULL)
			continue;
		if (covers.next != 0 &&
		    ip_prefix_equal(&networks->items[covers.next - 1].prefix, &route->prefix))
			finding_error(findings, route->at,
				      "route %s of %s is one of this gateway's own networks",
				      ip_prefix_format(&route->prefix, a), owner_of(route));
		else
			finding_warning(findings, route->at,
					"route %s of %s lies within this gateway's own network %s",
					ip_prefix_format(&route->prefix, a), owner_of(route),
					ip_prefix_format(&outer->prefix, b));
	}
}

/*
 * A hub passes on what each site brings, and a site refuses what has its own AS number in the path (RFC 4271
 * 9.1.2): two sites with one number don't reach each other. Two gateways of one site may well have the same.
 */
static void
check_asns(struct things *things, bool allowed, struct config_findings *findings)
{
	const struct thing *first = NULL;

	sort(things, compare_texts);
	for (size_t i = 0; i < things->count; i++) {
		const struct thing *now = &things->items[i];

		if (first == NULL || strcmp(first->text, now->text) != 0) {
			first = now;
			continue;
		}
		if (allowed)
			finding_warning(
			    findings, now->at,
			    "connections %s and %s (line %u) have the same peer_asn %s: right for "
			    "two gateways of one site, but different sites won't reach each other",
			    owner_of(now), owner_of(first), first->at.line, now->text);
		else
			finding_error(
			    findings, now->at,
			    "connections %s and %s (line %u) have the same peer_asn %s: two sites of "
			    "a hub need different ones ('allow_same_asn: yes' in gateway where they "
			    "are one site)",
			    owner_of(now), owner_of(first), first->at.line, now->text);
	}
}

void
unique_check(struct unique *unique, const struct config *config, const struct given *gateway,
	     struct config_findings *findings)
{
	struct things *things = unique->things;

	add_prefixes(unique, THING_NETWORK, given_entry(gateway, SECTION_GATEWAY, "networks"), NULL);
	check_names(&things[THING_CONNECTION], "connection", findings);
	check_names(&things[THING_PEER], "peer", findings);
	check_outsides(&things[THING_OUTSIDE], findings);
	check_callers(&things[THING_CALLER], findings);
	check_overlaps(&things[THING_INSIDE], "inside network", findings);
	check_speakers(&things[THING_SPEAKER], findings);
	check_overlaps(&things[THING_ROUTE], "route", findings);
	check_repeated(&things[THING_NETWORK], compare_prefixes, findings);
	check_repeated(&things[THING_PROTECT], compare_texts, findings);
	check_names(&things[THING_INTERFACE], "interface", findings);
	check_routes_in_networks(&things[THING_ROUTE], &things[THING_NETWORK], findings);
	check_in_networks(&things[THING_INSIDE], &things[THING_NETWORK], "inside network", "", findings);
	sort(&things[THING_PROTECT], compare_prefixes);
	check_in_networks(&things[THING_PROTECT], &things[THING_NETWORK], "protected prefix",
			  ": hosts of this side there can't be reached while the connection is down",
			  findings);
	if (config->role == CONFIG_ROLE_HUB)
		check_asns(&things[THING_ASN], config->allow_same_asn, findings);
}
