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

bool
value_is_list(struct reading *reading, const struct field *field, const struct node *value,
	      const char *example)
{
	if (value->kind == NODE_LIST || node_is_null(value))
		return true;
	finding_error(reading->findings, value->at, "'%s' must be a list such as [%s], not %s", field->key,
		      example, node_kind_name(value));
	return false;
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

/* As Linux takes names of network interfaces (dev_valid_name), less what would need quotes elsewhere. "ts1"
 * and so on are those that the data plane gives by itself. */
void
read_interface(struct reading *reading, const struct field *field, const struct node *value, void *target)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
	const char *text = value->text;

	if (!value_is_text(reading, field, value))
		return;
	if (value->length > field->most || strspn(text, letters) != value->length ||
	    strchr(".-", text[0]) != NULL || strcmp(text, "lo") == 0)
		finding_error(reading->findings, value->at,
			      "%s can't name an interface: 1 to %llu letters, digits, '.', '_' and '-'",
			      quoted(text), (unsigned long long)field->most);
	else if (strncmp(text, "ts", 2) == 0 && strspn(text + 2, "0123456789") == value->length - 2)
		finding_error(
		    reading->findings, value->at,
		    "%s can't name an interface: 'ts' with a number is what tunnels without a name of "
		    "their own get",
		    quoted(text));
	else
		set_text(target, text);
}

/* A number below zero, or with more digits than any has: it is none of a range, and no slip of another kind.
 * What stands behind the digits has to be a unit of a duration, or nothing. */
static bool
is_beyond(const struct node *value, bool duration)
{
	const char *digits = value->text + (value->text[0] == '-');
	size_t count = strspn(digits, "0123456789");
	char unit[8];
	uint64_t one;

	if (value->quoted || count == 0 || (digits == value->text && (count < 10 || *digits == '0')) ||
	    strlen(digits + count) > 2)
		return false;
	snprintf(unit, sizeof(unit), "1%s", digits + count);
	return duration ? text_parse_duration(unit, &one) : digits[count] == '\0';
}

/* Digits without quotes, sign or leading zero (which YAML 1.1 would read as octal). */
static bool
parse_number(struct reading *reading, const struct field *field, const struct node *value, uint64_t *out)
{
	if (!value_is_text(reading, field, value))
		return false;
	if (value->quoted || !text_parse_number(value->text, UINT64_MAX, out) ||
	    (value->text[0] == '0' && value->length > 1)) {
		*out = UINT64_MAX; /* out of any range */
		if (is_beyond(value, false))
			return true;
		char words[80] = "";

		for (const struct word *word = field->words; word != NULL && word->text != NULL; word++)
			snprintf(words + strlen(words), sizeof(words) - strlen(words), "%s, ", word->text);
		finding_error(reading->findings, value->at, "'%s' must be %s%sa number, not %s%s", field->key,
			      words, words[0] != '\0' ? "or " : "", quoted(value->text),
			      value->quoted ? " in quotes" : "");
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

	for (const struct word *word = field->words; word != NULL && word->text != NULL; word++) {
		if (value->kind == NODE_SCALAR && strcmp(word->text, value->text) == 0) {
			store_number(field, (uint64_t)word->value, target);
			return;
		}
	}
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

static const struct {
	const char *unit;
	uint64_t bytes;
} sizes[] = {{"TB", UINT64_C(1000000000000)}, {"GB", 1000000000}, {"MB", 1000000}, {"kB", 1000}, {"B", 1}};

/* A number of bytes with its unit: "100 GB" is 10^11. */
void
read_size(struct reading *reading, const struct field *field, const struct node *value, void *target)
{
	char digits[24] = "", range[64];
	uint64_t number, unit = 0;
	size_t length;

	if (!value_is_text(reading, field, value))
		return;
	length = strspn(value->text, "0123456789");
	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		const char *after = value->text + length;

		if (strcmp(after + (*after == ' '), sizes[i].unit) == 0)
			unit = sizes[i].bytes;
	}
	if (length < sizeof(digits))
		memcpy(digits, value->text, length);
	if (unit == 0 || !text_parse_number(digits, UINT64_MAX, &number)) {
		finding_error(reading->findings, value->at,
			      "'%s' must be a number of kB, MB, GB or TB such as 100 GB, not %s", field->key,
			      quoted(value->text));
		return;
	}
	if (number > field->most / unit || number * unit < field->least) {
		finding_error(reading->findings, value->at, "'%s' is out of range: %s to %s, not %s",
			      field->key, size_text(field->least, range, 32),
			      size_text(field->most, range + 32, 32), quoted(value->text));
		return;
	}
	*(uint64_t *)target = number * unit;
}

const char *
size_text(uint64_t bytes, char *out, size_t size)
{
	size_t i = 0;

	while (i + 1 < COUNT_OF(sizes) && (bytes == 0 || bytes % sizes[i].bytes != 0))
		i++;
	snprintf(out, size, "%llu %s", (unsigned long long)(bytes / sizes[i].bytes), sizes[i].unit);
	return out;
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

/* One number, or a list of those that a range of neighbours may have. */
void
read_asns(struct reading *reading, const struct field *field, const struct node *value, void *target)
{
	const struct field number = {.key = field->key, .size = sizeof(uint32_t)};
	const struct node *const *items = value->kind == NODE_LIST ? value->items : &value;
	size_t count = value->kind == NODE_LIST ? value->count : 1;
	struct config_asns *asns = target;

	free(asns->items);
	*asns = (struct config_asns){.items = memory_zeroed(count + 1, sizeof(*asns->items))};
	if (count == 0)
		finding_error(reading->findings, value->at, "'%s' has no number", field->key);
	for (size_t i = 0; i < count; i++) {
		uint32_t asn = 0;

		read_asn(reading, &number, items[i], &asn);
		if (asn != 0)
			asns->items[asns->count++] = asn;
	}
}

/* IKE's version: 1, 2, or "any". */
void
read_version(struct reading *reading, const struct field *field, const struct node *value, void *target)
{
	bool any = value->kind == NODE_SCALAR && strcmp(value->text, "any") == 0;
	uint64_t number = 0;

	if (!any && !parse_number(reading, field, value, &number))
		return;
	if (!any && number != 1 && number != 2)
		finding_error(reading->findings, value->at, "'%s' must be 1, 2 or any, not %s", field->key,
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
	} else if (is_beyond(value, true) && !text_parse_duration(value->text, out)) {
		*out = UINT64_MAX; /* out of any range */
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

/* One word, or a list of them: the bits of each. */
void
read_words(struct reading *reading, const struct field *field, const struct node *value, void *target)
{
	const struct node *const *items = value->kind == NODE_LIST ? value->items : &value;
	size_t count = value->kind == NODE_LIST ? value->count : 1;
	int all = 0;

	if (count == 0)
		finding_error(reading->findings, value->at, "'%s' is empty", field->key);
	for (size_t i = 0; i < count; i++) {
		int one = 0;

		read_word(reading, field, items[i], &one);
		if (one != 0 && (all & one) == one)
			finding_warning(reading->findings, items[i]->at, "%s stands here twice",
					quoted(items[i]->text));
		all |= one;
	}
	if (all != 0)
		*(int *)target = all;
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
