// SPDX-License-Identifier: GPL-2.0-or-later
/* Values that are addresses or prefixes, and lists of them; see values.c. */
#include "core/config/config_internal.h"

#include <stdlib.h>
#include <string.h>

void
read_address(struct reading *reading, const struct field *field, const struct node *value, void *target)
{
	struct ip_address got = {0};

	if (!value_is_text(reading, field, value))
		return;
	if (field->any && strcmp(value->text, "any") == 0) {
		*(struct ip_address *)target = got;
		return;
	}
	if (!ip_address_parse(value->text, &got)) {
		finding_error(reading->findings, value->at, "'%s' must be an IP address%s, not %s",
			      field->key, field->any ? " or any" : "", quoted(value->text));
		return;
	}
	if ((got.family == AF_INET && (got.bytes[0] == 0 || got.bytes[0] >= 224)) ||
	    (got.family == AF_INET6 && got.bytes[0] == 0xff)) {
		finding_error(reading->findings, value->at, "'%s': %s is not the address of a host",
			      field->key, quoted(value->text));
		return;
	}
	*(struct ip_address *)target = got;
}

/* RFC 4271 4.2: four octets, written as an IPv4 address; not zero (RFC 6286). */
void
read_router_id(struct reading *reading, const struct field *field, const struct node *value, void *target)
{
	struct ip_address got;

	if (!value_is_text(reading, field, value))
		return;
	if (!ip_address_parse(value->text, &got) || got.family != AF_INET || ip_address_to_v4(&got) == 0)
		finding_error(reading->findings, value->at,
			      "'%s' must be written as an IPv4 address other than 0.0.0.0, not %s",
			      field->key, quoted(value->text));
	else
		*(struct ip_address *)target = got;
}

static bool
parse_prefix(struct reading *reading, const struct field *field, const struct node *item,
	     struct ip_prefix *out)
{
	char text[IP_PREFIX_TEXT];
	struct ip_prefix network;

	if (!value_is_text(reading, field, item))
		return false;
	if (!ip_prefix_parse(item->text, out)) {
		finding_error(reading->findings, item->at, "'%s' must be %s such as 10.20.0.0/16, not %s",
			      field->key,
			      field->read == read_neighbours ? "an address, or a prefix"
			      : field->read == read_prefix   ? "a prefix"
							     : "prefixes",
			      quoted(item->text));
		return false;
	}
	network = ip_prefix_network(out);
	if (!ip_prefix_equal(&network, out)) {
		finding_error(reading->findings, item->at, "'%s': %s has host bits set: the network is %s",
			      field->key, quoted(item->text), ip_prefix_format(&network, text));
		return false;
	}
	if ((out->address.family == AF_INET && out->address.bytes[0] >= 224) ||
	    (out->address.family == AF_INET6 && out->address.bytes[0] == 0xff)) {
		finding_error(reading->findings, item->at, "'%s': %s is not a network of hosts", field->key,
			      quoted(item->text));
		return false;
	}
	return true;
}

void
read_prefix(struct reading *reading, const struct field *field, const struct node *value, void *target)
{
	struct ip_prefix got;

	if (parse_prefix(reading, field, value, &got))
		*(struct ip_prefix *)target = got;
}

/* An address; or those who may come by themselves: a prefix, or `any`. */
void
read_neighbours(struct reading *reading, const struct field *field, const struct node *value, void *target)
{
	struct config_neighbours *neighbours = target;

	*neighbours = (struct config_neighbours){0};
	if (value->kind == NODE_SCALAR && strcmp(value->text, "any") == 0)
		return;
	if (value->kind == NODE_SCALAR && strchr(value->text, '/') != NULL)
		parse_prefix(reading, field, value, &neighbours->range);
	else
		read_address(reading, field, value, &neighbours->address);
}

void
read_prefixes(struct reading *reading, const struct field *field, const struct node *value, void *target)
{
	struct config_prefixes *prefixes = target;

	if (!value_is_list(reading, field, value, "10.20.0.0/16"))
		return;
	free(prefixes->items);
	*prefixes = (struct config_prefixes){.items = memory_zeroed(value->count, sizeof(*prefixes->items))};
	for (size_t i = 0; i < value->count; i++) {
		if (parse_prefix(reading, field, value->items[i], &prefixes->items[prefixes->count]))
			prefixes->count++;
	}
}

void
read_addresses(struct reading *reading, const struct field *field, const struct node *value, void *target)
{
	struct config_prefixes *hosts = target;

	if (!value_is_list(reading, field, value, "192.0.2.9"))
		return;
	free(hosts->items);
	*hosts = (struct config_prefixes){.items = memory_zeroed(value->count, sizeof(*hosts->items))};
	for (size_t i = 0; i < value->count; i++) {
		struct ip_prefix host = {0};

		read_address(reading, field, value->items[i], &host.address);
		host.length = (uint8_t)ip_family_bits(host.address.family);
		if (ip_address_is_set(&host.address))
			hosts->items[hosts->count++] = host;
	}
}

/* --- inside addresses ------------------------------------------------------------------------- */

/* What AWS keeps for itself: a tunnel there would never come up (VPN User Guide, "Tunnel options"). */
static const char *const reserved_insides[] = {"169.254.0.0/30",    "169.254.1.0/30", "169.254.2.0/30",
					       "169.254.3.0/30",    "169.254.4.0/30", "169.254.5.0/30",
					       "169.254.169.252/30"};

static bool
inside_is_reserved(const struct ip_prefix *inside)
{
	for (size_t i = 0; i < COUNT_OF(reserved_insides); i++) {
		struct ip_prefix reserved;

		if (ip_prefix_parse(reserved_insides[i], &reserved) && ip_prefix_overlaps(&reserved, inside))
			return true;
	}
	return false;
}

/* The two hosts of a /30 or /126, for the message that says which they are. */
static void
not_a_host(struct reading *reading, const struct node *item, const struct ip_prefix *inside)
{
	struct ip_prefix first = ip_prefix_network(inside), second = first;
	unsigned last = ip_family_bytes(inside->address.family) - 1;
	char a[IP_PREFIX_TEXT], b[IP_PREFIX_TEXT];

	first.address.bytes[last] |= 1;
	second.address.bytes[last] |= 2;
	finding_error(
	    reading->findings, item->at,
	    "'inside' must be this side's own address, not the network or broadcast address %s: %s or %s",
	    quoted(item->text), ip_prefix_format(&first, a), ip_prefix_format(&second, b));
}

static bool
parse_inside(struct reading *reading, const struct field *field, const struct node *item,
	     struct ip_prefix *out)
{
	static const struct ip_prefix link_local = {{AF_INET, {169, 254}}, 16},
				      unique_local = {{AF_INET6, {0xfd}}, 8};
	struct ip_address other;
	unsigned bits, free_bits;

	if (!value_is_text(reading, field, item))
		return false;
	if (!ip_prefix_parse(item->text, out) || strchr(item->text, '/') == NULL) {
		finding_error(reading->findings, item->at,
			      "'inside' must be an address with its length such as 169.254.44.242/30, not %s",
			      quoted(item->text));
		return false;
	}
	bits = ip_family_bits(out->address.family);
	free_bits = bits - out->length;
	if (free_bits != 2 && free_bits != 1) {
		finding_error(reading->findings, item->at, "'inside' must be a /%u, not %s", bits - 2,
			      quoted(item->text));
		return false;
	}
	if (!ip_prefix_other_host(out, &other)) {
		not_a_host(reading, item, out);
		return false;
	}
	if (inside_is_reserved(out)) {
		finding_error(reading->findings, item->at,
			      "'inside': %s lies in a range reserved by AWS (169.254.0.0/30 "
			      "to 169.254.5.0/30 and 169.254.169.252/30)",
			      quoted(item->text));
		return false;
	}
	if (free_bits == 1)
		finding_warning(reading->findings, item->at, "'inside': AWS uses a /%u, this is %s", bits - 2,
				quoted(item->text));
	else if (bits == 32 && !ip_prefix_covers(&link_local, out))
		finding_warning(reading->findings, item->at,
				"'inside': AWS takes addresses of 169.254.0.0/16 only, this is %s",
				quoted(item->text));
	else if (bits == 128 && !ip_prefix_covers(&unique_local, out))
		finding_warning(reading->findings, item->at,
				"'inside': AWS takes addresses of fd00::/8 only, this is %s",
				quoted(item->text));
	return true;
}

/* One address, or a list with at most one of each family. */
void
read_inside(struct reading *reading, const struct field *field, const struct node *value, void *target)
{
	struct ip_prefix *inside = target;
	const struct node *const *items = value->kind == NODE_LIST ? value->items : &value;
	size_t count = value->kind == NODE_LIST ? value->count : 1;

	inside[0] = inside[1] = (struct ip_prefix){0};
	if (count == 0)
		finding_error(reading->findings, value->at, "'inside' has no address");
	for (size_t i = 0; i < count; i++) {
		struct ip_prefix got;
		unsigned slot;

		if (!parse_inside(reading, field, items[i], &got))
			continue;
		slot = got.address.family == AF_INET6;
		if (ip_address_is_set(&inside[slot].address))
			finding_error(reading->findings, items[i]->at,
				      "'inside' takes one address of each family, not two");
		else
			inside[slot] = got;
	}
}
