// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What differs between two checked configurations, field by field. The walk is driven by the schema table, so
 * that a key that is added there is compared from then on; how a value is compared and shown follows from the
 * function that reads it, and one that is not known here is compared byte by byte and shown as "changed".
 * Connections and peers are told apart by name, tunnels by their number within the connection.
 *
 * Secrets are compared and never shown.
 */
#include "core/config/config_internal.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define PREFIXES_SHOWN 8

/* --- collecting -------------------------------------------------------------------------------- */

static void add(struct config_diff *diff, enum config_part part, enum config_change_kind kind,
		const char *name, const char *key, const char *format, ...)
    __attribute__((format(printf, 6, 7)));

static void
add(struct config_diff *diff, enum config_part part, enum config_change_kind kind, const char *name,
    const char *key, const char *format, ...)
{
	struct config_change *change;
	char text[400];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (diff->count == diff->room) {
		diff->room = diff->room != 0 ? diff->room * 2 : 16;
		diff->items = memory_resize(diff->items, diff->room * sizeof(*diff->items));
	}
	change = &diff->items[diff->count++];
	*change = (struct config_change){
	    .part = part, .kind = kind, .name = text_copy(name), .text = text_copy(text)};
	snprintf(change->key, sizeof(change->key), "%s", key);
}

void
config_diff_free(struct config_diff *diff)
{
	for (size_t i = 0; i < diff->count; i++) {
		free(diff->items[i].name);
		free(diff->items[i].text);
	}
	free(diff->items);
	*diff = (struct config_diff){0};
}

/* --- values ------------------------------------------------------------------------------------ */

static bool
is_text(const struct field *field)
{
	return field->read == read_text || field->read == read_name || field->read == read_word_name ||
	       field->read == read_interface || field->read == read_identity;
}

static bool
is_proposals(const struct field *field)
{
	return field->read == read_ike_proposals || field->read == read_esp_proposals;
}

static bool
has_prefix(const struct config_prefixes *list, const struct ip_prefix *prefix)
{
	for (size_t i = 0; i < list->count; i++) {
		if (ip_prefix_equal(&list->items[i], prefix))
			return true;
	}
	return false;
}

/* As sets: the order of a list of prefixes means nothing. The usual case, no change, is one pass. */
static bool
prefixes_equal(const struct config_prefixes *a, const struct config_prefixes *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		if (!ip_prefix_equal(&a->items[i], &b->items[i]) && !has_prefix(b, &a->items[i]))
			return false;
	}
	return true;
}

static bool
asns_equal(const struct config_asns *a, const struct config_asns *b)
{
	return a->count == b->count && memcmp(a->items, b->items, a->count * sizeof(*a->items)) == 0;
}

static bool
value_equal(const struct field *field, const void *a, const void *b)
{
	if (is_text(field)) {
		const char *left = *(char *const *)a, *right = *(char *const *)b;

		return left == right || (left != NULL && right != NULL && strcmp(left, right) == 0);
	}
	if (field->read == read_prefixes || field->read == read_addresses)
		return prefixes_equal(a, b);
	if (is_proposals(field))
		return text_list_equal(a, b);
	if (field->read == read_policy)
		return policy_equal(*(struct policy *const *)a, *(struct policy *const *)b);
	if (field->read == read_asns)
		return asns_equal(a, b);
	if (field->read == read_aggregates)
		return aggregates_equal(a, b);
	if (field->read == read_advertise)
		return policy_conditions_equal(*(struct policy_conditions *const *)a,
					       *(struct policy_conditions *const *)b);
	return memcmp(a, b, field->size) == 0;
}

static uint64_t
number_of(const struct field *field, const void *value)
{
	return field->size == 8   ? *(const uint64_t *)value
	       : field->size == 4 ? *(const uint32_t *)value
	       : field->size == 2 ? *(const uint16_t *)value
				  : *(const uint8_t *)value;
}

static void
show_duration(uint64_t milliseconds, char *out, size_t size)
{
	static const struct {
		uint64_t span;
		const char *unit;
	} units[] = {{3600000, "h"}, {60000, "m"}, {1000, "s"}, {1, "ms"}};
	size_t i = 0;

	while (milliseconds != 0 && milliseconds % units[i].span != 0)
		i++;
	if (milliseconds == 0)
		i = 2;
	snprintf(out, size, "%llu%s", (unsigned long long)(milliseconds / units[i].span), units[i].unit);
}

static void
show_word(const struct field *field, const void *value, char *out, size_t size)
{
	const struct word *word = field->words;

	while (word->text != NULL && word->value != *(const int *)value)
		word++;
	snprintf(out, size, "%s", word->text != NULL ? word->text : "?");
}

/* Of numbers. */
static bool
has_word(const struct field *field, uint64_t number)
{
	const struct word *word = field->words;

	while (word != NULL && word->text != NULL && (uint64_t)word->value != number)
		word++;
	return word != NULL && word->text != NULL;
}

static void
show_words(const struct field *field, const void *value, char *out, size_t size)
{
	out[0] = '\0';
	for (const struct word *word = field->words; word->text != NULL; word++) {
		if (*(const int *)value & word->value)
			snprintf(out + strlen(out), size - strlen(out), "%s%s", out[0] != '\0' ? ", " : "",
				 word->text);
	}
}

static void
show_inside(const struct ip_prefix *inside, char *out, size_t size)
{
	char text[IP_PREFIX_TEXT];

	out[0] = '\0';
	for (unsigned i = 0; i < 2; i++) {
		if (ip_address_is_set(&inside[i].address))
			snprintf(out + strlen(out), size - strlen(out), "%s%s", out[0] != '\0' ? ", " : "",
				 ip_prefix_format(&inside[i], text));
	}
	if (out[0] == '\0')
		snprintf(out, size, "none");
}

static void
show_list(const struct text_list *list, char *out, size_t size)
{
	out[0] = '\0';
	for (size_t i = 0; i < list->count; i++)
		snprintf(out + strlen(out), size - strlen(out), "%s%s", i != 0 ? " " : "", list->items[i]);
}

static void
show_asns(const struct config_asns *asns, char *out, size_t size)
{
	out[0] = '\0';
	for (size_t i = 0; i < asns->count; i++)
		snprintf(out + strlen(out), size - strlen(out), "%s%u", i != 0 ? " " : "", asns->items[i]);
}

static void
show_neighbours(const struct config_neighbours *neighbours, char *out, size_t size)
{
	char text[IP_PREFIX_TEXT];

	if (ip_address_is_set(&neighbours->address))
		snprintf(out, size, "%s", ip_address_format(&neighbours->address, text));
	else if (ip_address_is_set(&neighbours->range.address))
		snprintf(out, size, "%s", ip_prefix_format(&neighbours->range, text));
	else
		snprintf(out, size, "any");
}

/* False where there is no way known to show it. */
static bool
value_show(const struct field *field, const void *value, char *out, size_t size)
{
	char text[IP_ADDRESS_TEXT];

	if (is_text(field))
		snprintf(out, size, "%s", *(char *const *)value != NULL ? *(char *const *)value : "none");
	else if (field->read == read_word)
		show_word(field, value, out, size);
	else if (field->read == read_words)
		show_words(field, value, out, size);
	else if (field->read == read_bool)
		snprintf(out, size, "%s", *(const bool *)value ? "yes" : "no");
	else if (field->read == read_milliseconds)
		show_duration(number_of(field, value), out, size);
	else if (field->read == read_seconds)
		show_duration(number_of(field, value) * 1000, out, size);
	else if (field->read == read_amount)
		snprintf(out, size, "%g", (double)number_of(field, value) / 1e6);
	else if (field->read == read_currency)
		snprintf(out, size, "%.3s", *(const char *)value != '\0' ? (const char *)value : "-");
	else if (field->read == read_address || field->read == read_router_id)
		snprintf(out, size, "%s", ip_address_is_set(value) ? ip_address_format(value, text) : "any");
	else if (field->read == read_inside)
		show_inside(value, out, size);
	else if (field->read == read_asns)
		show_asns(value, out, size);
	else if (field->read == read_neighbours)
		show_neighbours(value, out, size);
	else if (is_proposals(field))
		show_list(value, out, size);
	else if (field->read == read_size && number_of(field, value) == 0)
		snprintf(out, size, "none");
	else if (field->read == read_size)
		size_text(number_of(field, value), out, size);
	else if (field->read == read_version)
		snprintf(out, size, "%s",
			 number_of(field, value) == 0   ? "any"
			 : number_of(field, value) == 1 ? "1"
							: "2");
	else if (field->read == read_number && has_word(field, number_of(field, value)))
		show_word(field, value, out, size);
	else if (field->read == read_number || field->read == read_asn)
		snprintf(out, size, "%llu", (unsigned long long)number_of(field, value));
	else
		return false;
	return true;
}

/* "10.41.0.0/16 added, 10.40.0.0/16 removed" */
static void
show_prefixes(const struct config_prefixes *before, const struct config_prefixes *after, char *out,
	      size_t size)
{
	const struct config_prefixes *from[] = {after, before}, *in[] = {before, after};
	static const char *const said[] = {"added", "removed"};
	size_t shown = 0, more = 0;
	char text[IP_PREFIX_TEXT];

	out[0] = '\0';
	for (unsigned k = 0; k < 2; k++) {
		for (size_t i = 0; i < from[k]->count; i++) {
			if (has_prefix(in[k], &from[k]->items[i]))
				continue;
			if (shown == PREFIXES_SHOWN) {
				more++;
				continue;
			}
			snprintf(out + strlen(out), size - strlen(out), "%s%s %s", shown++ != 0 ? ", " : "",
				 ip_prefix_format(&from[k]->items[i], text), said[k]);
		}
	}
	if (more != 0)
		snprintf(out + strlen(out), size - strlen(out), " and %zu more", more);
}

/* "rule 2 is another, 3 rules -> 4 rules" */
static void
show_rules(const struct policy *before, const struct policy *after, char *out, size_t size)
{
	size_t from = before != NULL ? before->count : 0, to = after != NULL ? after->count : 0, first = 0;

	while (first < from && first < to && policy_rule_equal(&before->rules[first], &after->rules[first]))
		first++;
	out[0] = '\0';
	if (first < from && first < to)
		snprintf(out, size, "rule %zu and what follows%s", first + 1, from != to ? ", " : " changed");
	if (from != to)
		snprintf(out + strlen(out), size - strlen(out), "%zu rule%s -> %zu rule%s", from,
			 PLURAL(from, "s"), to, PLURAL(to, "s"));
}

/* --- objects ----------------------------------------------------------------------------------- */

struct object {
	struct config_diff *diff;
	enum config_part part;
	const char *name;
};

static void
field_changed(const struct object *object, const struct field *field, const char *key, const void *before,
	      const void *after)
{
	char words[64], old[160], new[160], prefixes[320];

	snprintf(words, sizeof(words), "%s", key);
	for (char *dot = words; (dot = strchr(dot, '.')) != NULL;)
		*dot = ' ';
	if (field->read == read_policy) {
		show_rules(*(struct policy *const *)before, *(struct policy *const *)after, prefixes,
			   sizeof(prefixes));
		add(object->diff, object->part, CONFIG_CHANGED, object->name, key, "%s: %s", words, prefixes);
	} else if (field->read == read_prefixes || field->read == read_addresses) {
		show_prefixes(before, after, prefixes, sizeof(prefixes));
		add(object->diff, object->part, CONFIG_CHANGED, object->name, key, "%s: %s", words, prefixes);
	} else if (field->read == read_aggregates) {
		show_aggregates(before, after, prefixes, sizeof(prefixes));
		add(object->diff, object->part, CONFIG_CHANGED, object->name, key, "%s: %s", words, prefixes);
	} else if (value_show(field, before, old, sizeof(old)) &&
		   value_show(field, after, new, sizeof(new))) {
		add(object->diff, object->part, CONFIG_CHANGED, object->name, key, "%s %s -> %s", words, old,
		    new);
	} else {
		add(object->diff, object->part, CONFIG_CHANGED, object->name, key, "%s changed", words);
	}
}

static void
compare(const struct object *object, enum section section, const char *above, const void *before,
	const void *after)
{
	for (size_t i = 0; i < config_field_count; i++) {
		const struct field *field = &config_fields[i];
		const char *a = (const char *)before + field->offset,
			   *b = (const char *)after + field->offset;
		char key[CONFIG_KEY_TEXT];

		if (field->section != section)
			continue;
		snprintf(key, sizeof(key), "%s%s%s", above, *above != '\0' ? "." : "", field->key);
		if (field->sub != 0)
			compare(object, field->sub, key, a, b);
		else if (field->size != 0 && !value_equal(field, a, b))
			field_changed(object, field, key, a, b);
	}
}

static void
compare_passwords(struct config_diff *diff, enum config_part part, const char *name,
		  const struct config_bgp *before, const struct config_bgp *after)
{
	if (before->password_length != after->password_length ||
	    (after->password_length != 0 &&
	     memcmp(before->password, after->password, after->password_length) != 0))
		add(diff, part, CONFIG_CHANGED, name, "bgp.password", "bgp password changed");
}

static bool
secrets_equal(const struct config_tunnel *a, const struct config_tunnel *b)
{
	return a->psk_length == b->psk_length &&
	       (a->psk_length == 0 || memcmp(a->psk, b->psk, a->psk_length) == 0);
}

/* The files may be others under the same names. */
static void
compare_credentials(struct config_diff *diff, const char *name, const struct config_credentials *before,
		    const struct config_credentials *after)
{
	if (before == NULL || after == NULL || before == after)
		return;
	if (memcmp(before->digest, after->digest, sizeof(before->digest)) != 0)
		add(diff, CONFIG_PART_TUNNEL, CONFIG_CHANGED, name, "certificate", "certificate changed");
	if (memcmp(before->crl_digest, after->crl_digest, sizeof(before->crl_digest)) != 0)
		add(diff, CONFIG_PART_TUNNEL, CONFIG_CHANGED, name, "certificate.crl",
		    "revocation list changed");
}

static void
compare_tunnel(struct config_diff *diff, const struct config_tunnel *before,
	       const struct config_tunnel *after)
{
	struct object object = {diff, CONFIG_PART_TUNNEL, after->name};

	compare(&object, SECTION_TUNNEL, "", before, after);
	compare(&object, SECTION_SETTINGS, "", before, after);
	if (!secrets_equal(before, after))
		add(diff, CONFIG_PART_TUNNEL, CONFIG_CHANGED, after->name, "psk", "psk changed");
	compare_credentials(diff, after->name, before->credentials, after->credentials);
	compare_passwords(diff, CONFIG_PART_TUNNEL, after->name, &before->bgp, &after->bgp);
}

static void
compare_connection(struct config_diff *diff, const struct config_connection *before,
		   const struct config_connection *after)
{
	struct object object = {diff, CONFIG_PART_CONNECTION, after->name};

	compare(&object, SECTION_CONNECTION, "", before, after);
	for (size_t i = 0; i < before->tunnel_count || i < after->tunnel_count; i++) {
		if (i >= before->tunnel_count)
			add(diff, CONFIG_PART_TUNNEL, CONFIG_ADDED, after->tunnels[i].name, "",
			    "tunnel added");
		else if (i >= after->tunnel_count)
			add(diff, CONFIG_PART_TUNNEL, CONFIG_REMOVED, before->tunnels[i].name, "",
			    "tunnel removed");
		else
			compare_tunnel(diff, &before->tunnels[i], &after->tunnels[i]);
	}
}

struct config_connection *
config_find_connection(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->connection_count; i++) {
		if (strcmp(config->connections[i].name, name) == 0)
			return &config->connections[i];
	}
	return NULL;
}

struct config_peer *
config_find_peer(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->peer_count; i++) {
		if (strcmp(config->peers[i].name, name) == 0)
			return &config->peers[i];
	}
	return NULL;
}

/* Mostly the one at the same place in the file. */
static const struct config_connection *
counterpart(const struct config *config, size_t at, const char *name)
{
	if (at < config->connection_count && strcmp(config->connections[at].name, name) == 0)
		return &config->connections[at];
	return config_find_connection(config, name);
}

static void
compare_peers(const struct config *before, const struct config *after, struct config_diff *diff)
{
	for (size_t i = 0; i < before->peer_count; i++) {
		if (config_find_peer(after, before->peers[i].name) == NULL)
			add(diff, CONFIG_PART_PEER, CONFIG_REMOVED, before->peers[i].name, "",
			    "peer removed");
	}
	for (size_t i = 0; i < after->peer_count; i++) {
		const struct config_peer *peer = &after->peers[i],
					 *old = config_find_peer(before, peer->name);
		struct object object = {diff, CONFIG_PART_PEER, peer->name};

		if (old == NULL) {
			add(diff, CONFIG_PART_PEER, CONFIG_ADDED, peer->name, "", "peer added");
			continue;
		}
		compare(&object, SECTION_PEER, "", old, peer);
		compare_passwords(diff, CONFIG_PART_PEER, peer->name, &old->bgp, &peer->bgp);
	}
}

void
config_compare(const struct config *before, const struct config *after, struct config_diff *diff)
{
	struct object gateway = {diff, CONFIG_PART_GATEWAY, before->name};

	compare(&gateway, SECTION_GATEWAY, "", before, after);
	for (size_t i = 0; i < before->connection_count; i++) {
		const char *name = before->connections[i].name;

		if (counterpart(after, i, name) == NULL)
			add(diff, CONFIG_PART_CONNECTION, CONFIG_REMOVED, name, "", "connection removed");
	}
	for (size_t i = 0; i < after->connection_count; i++) {
		const struct config_connection *connection = &after->connections[i];
		const struct config_connection *old = counterpart(before, i, connection->name);

		if (old == NULL)
			add(diff, CONFIG_PART_CONNECTION, CONFIG_ADDED, connection->name, "",
			    "connection added");
		else
			compare_connection(diff, old, connection);
	}
	compare_peers(before, after, diff);
}
