// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A map of the tree, read by the schema table: each key is looked up among the rows of the sections that may
 * stand there, its value is read by the row's function into the row's member, and the entry is remembered, so
 * that rules that concern several keys can point at the line they mean.
 */
#include "core/config/config_internal.h"

#include <stdlib.h>
#include <string.h>

static const struct field *
find_field(const char *key, unsigned sections)
{
	for (size_t i = 0; i < config_field_count; i++) {
		if ((IN(config_fields[i].section) & sections) != 0 && strcmp(config_fields[i].key, key) == 0)
			return &config_fields[i];
	}
	return NULL;
}

/*
 * The key that was probably meant: one that has the word in it ("asn" for "peer_asn": edit distance would not
 * find it) or, with `around`, is in the word, the longest first; else the nearest by edit distance.
 */
static const char *
nearest_key(const char *key, const char *const *names, bool around)
{
	const char *best = NULL;

	for (const char *const *name = names; *name != NULL; name++) {
		bool near = around ? strlen(*name) >= 3 && strstr(key, *name) != NULL
				   : strlen(key) >= 3 && strstr(*name, key) != NULL;

		if (near && (best == NULL || strlen(*name) > strlen(best)))
			best = *name;
	}
	return best != NULL || !around ? best : text_nearest(key, names);
}

/* Where a key is at home that is not known here; NULL where it is nowhere. */
static const char *
home_of(const char *key)
{
	for (size_t i = 0; i < config_field_count; i++) {
		if (strcmp(config_fields[i].key, key) == 0)
			return section_name(config_fields[i].section);
	}
	return NULL;
}

/* Says so; returns the key that was probably meant, or NULL. */
static const char *
unknown_key(struct reading *reading, const struct node *key, unsigned sections, const char *what)
{
	const char *names[FIELDS_MOST + 1] = {0}, *nearest, *home;
	char list[300] = "";
	size_t count = 0;

	if (findings_full(reading->findings)) {
		finding_error(reading->findings, key->at, "unknown key");
		return NULL;
	}
	for (size_t i = 0; i < config_field_count; i++) {
		if ((IN(config_fields[i].section) & sections) != 0)
			names[count++] = config_fields[i].key;
	}
	home = home_of(key->text);
	nearest = nearest_key(key->text, names, false);
	if (nearest == NULL && home == NULL)
		nearest = nearest_key(key->text, names, true);
	if (nearest != NULL) {
		finding_error(reading->findings, key->at, "unknown key %s in %s (did you mean '%s'?)",
			      quoted(key->text), what, nearest);
		return nearest;
	}
	if (home != NULL) {
		finding_error(reading->findings, key->at, "unknown key %s in %s: it stands in %s",
			      quoted(key->text), what, home);
		return NULL;
	}
	for (size_t i = 0; i < count; i++) {
		size_t used = strlen(list);

		snprintf(list + used, sizeof(list) - used, "%s%s", i != 0 ? ", " : "", names[i]);
	}
	finding_error(reading->findings, key->at, "unknown key %s in %s (it knows %s)", quoted(key->text),
		      what, list);
	return NULL;
}

/* One value in place of a section: that of its first key, which counts as given by it. */
static void
read_short(struct reading *reading, const struct field *field, const struct node_entry *entry,
	   const struct scope *scope)
{
	for (size_t i = 0; i < config_field_count; i++) {
		if (config_fields[i].section != field->sub)
			continue;
		scope->given->entry[i] = entry;
		break;
	}
	field->read(reading, field, entry->value, (char *)scope->object[field->section] + field->offset);
}

static void
read_entry(struct reading *reading, const struct node_entry *entry, const struct scope *scope,
	   const char *what)
{
	const struct field *field = find_field(entry->key->text, scope->sections);

	if (field == NULL) {
		const char *meant = unknown_key(reading, entry->key, scope->sections, what);

		/* It counts as given, so that its absence isn't a second error for one slip. */
		field = meant != NULL ? find_field(meant, scope->sections) : NULL;
		if (field != NULL && scope->given->entry[field - config_fields] == NULL)
			scope->given->entry[field - config_fields] = entry;
		return;
	}
	scope->given->entry[field - config_fields] = entry;
	if (field->sub != 0 && field->read != NULL && entry->value->kind == NODE_SCALAR &&
	    !node_is_null(entry->value)) {
		read_short(reading, field, entry, scope);
	} else if (field->sub != 0) {
		struct scope below = {.sections = IN(field->sub), .given = scope->given};

		below.object[field->sub] = (char *)scope->object[field->section] + field->offset;
		if (field->sub == SECTION_BFD || field->sub == SECTION_HEALTH ||
		    field->sub == SECTION_BILLING)
			*(bool *)below.object[field->sub] = true;
		read_map(reading, entry->value, &below, field->key);
	} else if (field->read != NULL) {
		field->read(reading, field, entry->value,
			    (char *)scope->object[field->section] + field->offset);
	}
}

void
read_map(struct reading *reading, const struct node *map, const struct scope *scope, const char *what)
{
	if (map->kind != NODE_MAP && !node_is_null(map)) {
		finding_error(reading->findings, map->at, "%s must be a map of keys and values, not %s", what,
			      node_kind_name(map));
		return;
	}
	for (size_t i = 0; i < map->count; i++)
		read_entry(reading, &map->entries[i], scope, what);
	for (size_t i = 0; i < config_field_count; i++) {
		const struct field *field = &config_fields[i];

		if (field->required && (IN(field->section) & scope->sections) != 0 &&
		    scope->given->entry[i] == NULL)
			finding_error(reading->findings,
				      field->section == SECTION_FILE ? (struct position){1, 1} : map->at,
				      "missing key '%s' in %s", field->key, what);
	}
}

void
read_fallbacks(struct reading *reading, enum section section, void *object)
{
	for (size_t i = 0; i < config_field_count; i++) {
		const struct field *field = &config_fields[i];
		void *target = (char *)object + field->offset;

		if (field->section != section)
			continue;
		if (field->sub != 0) {
			read_fallbacks(reading, field->sub, target);
		} else if (field->read == read_ike_proposals || field->read == read_esp_proposals) {
			char words[256], *rest = words;

			snprintf(words, sizeof(words), "%s", field->fallback);
			for (char *word; (word = strsep(&rest, " ")) != NULL;)
				text_list_add(target, word);
		} else if (field->fallback != NULL) {
			char text[64];
			struct node node = {.kind = NODE_SCALAR, .text = text};

			snprintf(text, sizeof(text), "%s", field->fallback);
			node.length = strlen(text);
			field->read(reading, field, &node, target);
		}
	}
}

const struct node_entry *
map_find(const struct node *map, const char *key)
{
	size_t low = 0, high;

	if (map == NULL || map->kind != NODE_MAP)
		return NULL;
	high = map->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(map->entries[middle].key->text, key);

		if (order == 0)
			return &map->entries[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

const struct node_entry *
given_entry(const struct given *given, enum section section, const char *key)
{
	int index = field_index(section, key);

	return index >= 0 ? given->entry[index] : NULL;
}

struct position
given_at(const struct given *given, enum section section, const char *key, struct position otherwise)
{
	const struct node_entry *entry = given_entry(given, section, key);

	return entry != NULL ? entry->value->at : otherwise;
}
