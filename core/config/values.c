// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One function for each type of value. Each says what it expects in words when it gets something else, and
 * names the range when a value is out of it. Numbers and booleans stand without quotes, as in any YAML that
 * has types.
 */
#include "core/config/config_internal.h"

#include <stdlib.h>
#include <string.h>

#define NAME_MOST 40
#define PROPOSALS_MOST 32

bool
value_is_text(struct reading *reading, const struct field *field, const struct node *value)
{
	if (value->kind != NODE_SCALAR) {
		finding_error(reading->findings, value->at, "'%s' must be one value, not %s", field->key,
			      node_kind_name(value));
		return false;
	}
	if (node_is_null(value) || value->length == 0) {
		finding_error(reading->findings, value->at, "'%s' has no value", field->key);
		return false;
	}
	return true;
}

static void
set_text(char **target, const char *text)
{
	free(*target);
	*target = text_copy(text);
}

void
read_text(struct reading *reading, const struct field *field, const struct node *value, void *target)
{
	if (!value_is_text(reading, field, value))
		return;
	if (value->length > field->most) {
		finding_error(reading->findings, value->at, "'%s' is longer than %llu bytes", field->key,
			      (unsigned long long)field->most);
		return;
	}
	set_text(target, value->text);
}

/* Names become parts of commands, of "connection/1" and of file names. */
void
read_name(struct reading *reading, const struct field *field, const struct node *value, void *target)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";

	if (!value_is_text(reading, field, value))
		return;
	if (value->length > NAME_MOST) {
		finding_error(reading->findings, value->at, "the name %s is longer than %d characters",
			      quoted(value->text), NAME_MOST);
		return;
	}
	if (strspn(value->text, letters) != value->length || strchr("._-", value->text[0]) != NULL) {
		finding_error(reading->findings, value->at,
			      "%s can't be a name: letters, digits, '.', '_' and '-' only, beginning with a "
			      "letter or digit",
			      quoted(value->text));
		return;
	}
	set_text(target, value->text);
}

/* The name of a plugin: a lower-case word. */
void
read_word_name(struct reading *reading, const struct field *field, const struct node *value, void *target)
{
	if (!value_is_text(reading, field, value))
		return;
	if (value->length > NAME_MOST ||
	    strspn(value->text, "abcdefghijklmnopqrstuvwxyz0123456789_") != value->length) {
		finding_error(reading->findings, value->at,
			      "'%s' must be icmp, tcp or a plugin's name, not %s", field->key,
			      quoted(value->text));
		return;
	}
	set_text(target, value->text);
}

/* Digits without quotes, sign or leading zero (which YAML 1.1 would read as octal). */
static bool
parse_number(struct reading *reading, const struct field *field, const struct node *value, uint64_t *out)
{
	if (!value_is_text(reading, field, value))
		return false;
	if (value->quoted || !text_parse_number(value->text, UINT64_MAX, out) ||
	    (value->text[0] == '0' && value->length > 1)) {
		finding_error(reading->findings, value->at, "'%s' must be a number, not %s%s", field->key,
			      quoted(value->text), value->quoted ? " in quotes" : "");
		return false;
	}
	return true;
}

static void
store_number(const struct field *field, uint64_t value, void *target)
{
	if (field->size == sizeof(uint16_t))
		*(uint16_t *)target = (uint16_t)value;
	else
		*(uint32_t *)target = (uint32_t)value;
}

void
read_number(struct reading *reading, const struct field *field, const struct node *value, void *target)
{
	uint64_t number;

	if (!parse_number(reading, field, value, &number))
		return;
	if ((number < field->least && !(number == 0 && field->zero)) || number > field->most) {
		finding_error(reading->findings, value->at, "'%s' is out of range: %s%llu to %llu, not %s",
			      field->key, field->zero ? "0 or " : "", (unsigned long long)field->least,
			      (unsigned long long)field->most, quoted(value->text));
		return;
	}
	store_number(field, number, target);
}

/* An amount of money with up to six decimals, into millionths: no binary fraction comes near it. */
void
read_amount(struct reading *reading, const struct field *field, const struct node *value, void *target)
{
	char whole[24] = "", decimals[] = "000000";
	const char *point;
	uint64_t units, millionths;
	size_t length;

	if (!value_is_text(reading, field, value))
		return;
	point = strchr(value->text, '.');
	length = point != NULL ? (size_t)(point - value->text) : value->length;
	if (length != 0 && length < sizeof(whole))
		memcpy(whole, value->text, length);
	if (point != NULL && strlen(point + 1) < sizeof(decimals))
		memcpy(decimals, point + 1, strlen(point + 1));
	if (value->quoted || !text_parse_number(whole, UINT64_MAX, &units) ||
	    (whole[0] == '0' && whole[1] != '\0') ||
	    (point != NULL && (point[1] == '\0' || strlen(point + 1) >= sizeof(decimals) ||
			       strspn(point + 1, "0123456789") != strlen(point + 1))) ||
	    !text_parse_number(decimals, UINT64_MAX, &millionths)) {
		finding_error(reading->findings, value->at,
			      "'%s' must be an amount such as 0.05, with six decimals at most, not %s%s",
			      field->key, quoted(value->text), value->quoted ? " in quotes" : "");
		return;
	}
	if (units > field->most || (units == field->most && millionths != 0)) {
		finding_error(reading->findings, value->at, "'%s' is out of range: 0 to %llu, not %s",
			      field->key, (unsigned long long)field->most, quoted(value->text));
		return;
	}
	*(uint64_t *)target = units * 1000000 + millionths;
}

/* ISO 4217: three letters. */
void
read_currency(struct reading *reading, const struct field *field, const struct node *value, void *target)
{
	if (!value_is_text(reading, field, value))
		return;
	if (value->length != 3 || strspn(value->text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != 3) {
		finding_error(reading->findings, value->at,
			      "'%s' must be a currency's three capital letters (USD, EUR), not %s",
			      field->key, quoted(value->text));
		return;
	}
	memcpy(target, value->text, 4);
}

/* RFC 7607 (0), RFC 6793 (23456), RFC 7300 (the last of each width). */
void
read_asn(struct reading *reading, const struct field *field, const struct node *value, void *target)
{
	uint64_t number;

	if (!parse_number(reading, field, value, &number))
		return;
	if (number < 1 || number > UINT32_MAX)
		finding_error(reading->findings, value->at, "'%s' is out of range: 1 to 4294967295, not %s",
			      field->key, quoted(value->text));
	else if (number == 23456 || number == 65535 || number == UINT32_MAX)
		finding_error(reading->findings, value->at,
			      "'%s': AS number %s is reserved and can't be used", field->key,
			      quoted(value->text));
	else
		store_number(field, number, target);
}

/* IKE's version. IKEv1 is a row's worth of work here once core/ike has it. */
void
read_version(struct reading *reading, const struct field *field, const struct node *value, void *target)
{
	uint64_t number;

	if (!parse_number(reading, field, value, &number))
		return;
	if (number == 1)
		finding_error(reading->findings, value->at,
			      "IKE version 1 is not supported by this version of twinspan: use 2");
	else if (number != 2)
		finding_error(reading->findings, value->at, "'%s' must be 2, not %s", field->key,
			      quoted(value->text));
	else
		store_number(field, number, target);
}

void
read_bool(struct reading *reading, const struct field *field, const struct node *value, void *target)
{
	static const char *const yes[] = {"yes", "true", "on"}, *const no[] = {"no", "false", "off"};

	if (!value_is_text(reading, field, value))
		return;
	for (size_t i = 0; i < COUNT_OF(yes) && !value->quoted; i++) {
		if (strcasecmp(value->text, yes[i]) == 0 || strcasecmp(value->text, no[i]) == 0) {
			*(bool *)target = strcasecmp(value->text, yes[i]) == 0;
			return;
		}
	}
	finding_error(reading->findings, value->at, "'%s' must be true or false, not %s%s", field->key,
		      quoted(value->text), value->quoted ? " in quotes" : "");
}

/* Shared by both units of durations: the table has milliseconds. */
static bool
parse_duration(struct reading *reading, const struct field *field, const struct node *value, uint64_t *out)
{
	bool seconds = field->read == read_seconds;
	unsigned unit = seconds ? 1000 : 1;

	if (!value_is_text(reading, field, value))
		return false;
	if (strcmp(value->text, "0") == 0) {
		*out = 0;
	} else if (!text_parse_duration(value->text, out)) {
		finding_error(reading->findings, value->at,
			      "'%s' must be a duration, a number with ms, s, m, h or d, not %s", field->key,
			      quoted(value->text));
		return false;
	}
	if ((*out < field->least && !(*out == 0 && field->zero)) || *out > field->most) {
		finding_error(reading->findings, value->at,
			      "'%s' is out of range: %s%llu %s to %llu %s, not %s", field->key,
			      field->zero ? "0 or " : "", (unsigned long long)field->least / unit,
			      seconds ? "s" : "ms", (unsigned long long)field->most / unit,
			      seconds ? "s" : "ms", quoted(value->text));
		return false;
	}
	if (*out % unit != 0) {
		finding_error(reading->findings, value->at, "'%s' must be whole seconds, not %s", field->key,
			      quoted(value->text));
		return false;
	}
	*out /= unit;
	return true;
}

void
read_milliseconds(struct reading *reading, const struct field *field, const struct node *value, void *target)
{
	uint64_t number;

	if (parse_duration(reading, field, value, &number))
		store_number(field, number, target);
}

void
read_seconds(struct reading *reading, const struct field *field, const struct node *value, void *target)
{
	read_milliseconds(reading, field, value, target);
}

void
read_word(struct reading *reading, const struct field *field, const struct node *value, void *target)
{
	const char *names[8] = {0}, *nearest;
	char list[120] = "";

	if (!value_is_text(reading, field, value))
		return;
	for (size_t i = 0; field->words[i].text != NULL; i++) {
		if (strcmp(field->words[i].text, value->text) == 0) {
			*(int *)target = field->words[i].value;
			return;
		}
		names[i] = field->words[i].text;
	}
	nearest = text_nearest(value->text, names);
	/* Synonyms (a value that came before) are taken but not recommended. */
	for (size_t i = 0; names[i] != NULL; i++) {
		bool synonym = false;
		size_t used = strlen(list);

		for (size_t j = 0; j < i; j++)
			synonym |= field->words[j].value == field->words[i].value;
		if (!synonym)
			snprintf(list + used, sizeof(list) - used, "%s%s", i != 0 ? ", " : "", names[i]);
	}
	finding_error(reading->findings, value->at, "'%s' must be one of %s, not %s%s%s%s", field->key, list,
		      quoted(value->text), nearest != NULL ? " (did you mean '" : "",
		      nearest != NULL ? nearest : "", nearest != NULL ? "'?)" : "");
}

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
		finding_error(reading->findings, item->at,
			      "'%s' must be prefixes such as 10.20.0.0/16, not %s", field->key,
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

/* What both list readers share: a list, or nothing at all. */
static bool
value_is_list(struct reading *reading, const struct field *field, const struct node *value,
	      const char *example)
{
	if (value->kind == NODE_LIST || node_is_null(value))
		return true;
	finding_error(reading->findings, value->at, "'%s' must be a list such as [%s], not %s", field->key,
		      example, node_kind_name(value));
	return false;
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

/* --- proposals -------------------------------------------------------------------------------- */

static void
read_proposals(struct reading *reading, const struct field *field, const struct node *value, void *target,
	       bool esp)
{
	struct text_list *list = target;

	if (!value_is_list(reading, field, value,
			   esp ? "aes256gcm16-ecp384" : "aes256gcm16-prfsha384-ecp384"))
		return;
	if (value->count == 0 || value->count > PROPOSALS_MOST) {
		finding_error(reading->findings, value->at, "'%s' must have 1 to %d proposals", field->key,
			      PROPOSALS_MOST);
		return;
	}
	text_list_free(list);
	for (size_t i = 0; i < value->count; i++) {
		const struct node *item = value->items[i];

		if (!value_is_text(reading, field, item) ||
		    !proposal_check(reading, esp, item->text, item->at))
			continue;
		if (text_list_has(list, item->text))
			finding_warning(reading->findings, item->at, "the proposal %s stands here twice",
					quoted(item->text));
		else
			text_list_add(list, item->text);
	}
}

void
read_ike_proposals(struct reading *reading, const struct field *field, const struct node *value, void *target)
{
	read_proposals(reading, field, value, target, false);
}

void
read_esp_proposals(struct reading *reading, const struct field *field, const struct node *value, void *target)
{
	read_proposals(reading, field, value, target, true);
}
