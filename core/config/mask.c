// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A configuration's text without its secrets, for whoever may look and not know, and the way back: what such
 * a reader edits and hands in gets the secrets that it has to have.
 *
 * Every value of a key `psk` or `password` is replaced where it stands (an alias' at its anchor); the rest of
 * the text stays byte by byte, with its comments. Comments that have a "psk:" or "password:" lose what
 * follows it. On the way back a masked value is looked up by its place (the connection's or peer's name, the
 * tunnel's number) in the present text; a masked comment by its whole line.
 */
#include "core/config/config_internal.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/buffer.h"

#define MASK "********"

/* Bytes of the text that are replaced, or were kept out of the masked one. */
struct span {
	size_t from, to;
	const struct node *value;
	const struct node *secret; /* what comes back in its place */
};

struct spans {
	struct span *items;
	size_t count, room;
};

/* --- where values stand ------------------------------------------------------------------------ */

/* libyaml counts characters, and doesn't count a byte order mark. */
static void
to_bytes(const char *text, size_t length, struct spans *spans)
{
	size_t at = length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0, character = 0;

	for (size_t i = 0; i < spans->count; i++) {
		size_t *ends[] = {&spans->items[i].from, &spans->items[i].to};

		for (unsigned k = 0; k < 2; k++) {
			for (; at < length && character < *ends[k]; character++) {
				at++;
				while (at < length && ((unsigned char)text[at] & 0xc0) == 0x80)
					at++;
			}
			*ends[k] = at;
		}
	}
}

static int
compare_spans(const void *left, const void *right)
{
	const struct span *a = left, *b = right;

	return a->from < b->from ? -1 : a->from > b->from;
}

static void
spans_add(struct spans *spans, const struct node *value)
{
	if (spans->count == spans->room) {
		spans->room = spans->room != 0 ? spans->room * 2 : 16;
		spans->items = memory_resize(spans->items, spans->room * sizeof(*spans->items));
	}
	spans->items[spans->count++] = (struct span){value->from, value->to, value, NULL};
}

/* An anchor and a tag before a value, and the line's end after a block, stay. */
static void
trim(const char *text, struct span *span)
{
	while (span->from < span->to && (text[span->from] == '&' || text[span->from] == '!')) {
		while (span->from < span->to && strchr(" \t\r\n", text[span->from]) == NULL)
			span->from++;
		while (span->from < span->to && strchr(" \t\r\n", text[span->from]) != NULL)
			span->from++;
	}
	while (span->to > span->from && strchr(" \t\r\n", text[span->to - 1]) != NULL)
		span->to--;
}

static void
spans_finish(struct spans *spans, const char *text, size_t length)
{
	size_t kept = 0;

	if (spans->count == 0)
		return;
	qsort(spans->items, spans->count, sizeof(*spans->items), compare_spans);
	for (size_t i = 0; i < spans->count; i++) {
		if (kept == 0 || spans->items[kept - 1].value != spans->items[i].value)
			spans->items[kept++] = spans->items[i];
	}
	spans->count = kept;
	to_bytes(text, length, spans);
	for (size_t i = 0; i < spans->count; i++)
		trim(text, &spans->items[i]);
}

static bool
is_secret(const char *key)
{
	return strcmp(key, "psk") == 0 || strcmp(key, "password") == 0;
}

static void
find_secrets(const struct tree *tree, struct spans *spans)
{
	for (size_t i = 0; i < tree->count; i++) {
		const struct node *map = tree->nodes[i];

		for (size_t k = 0; map->kind == NODE_MAP && k < map->count; k++) {
			const struct node_entry *entry = &map->entries[k];

			if (is_secret(entry->key->text) && entry->value->kind == NODE_SCALAR)
				spans_add(spans, entry->value);
		}
	}
}

/* --- comments ---------------------------------------------------------------------------------- */

/* Behind the first "psk:" or "password:"; NULL: there is none. */
static const char *
secret_key_end(const char *text, size_t length)
{
	static const char *const keys[] = {"psk:", "password:"};
	const char *first = NULL;

	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		const char *key = memmem(text, length, keys[i], strlen(keys[i]));

		if (key != NULL && (first == NULL || key + strlen(keys[i]) < first))
			first = key + strlen(keys[i]);
	}
	return first;
}

/* Where the secret begins in a line's comment; `length` where it has none. */
static size_t
comment_secret(const char *line, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		const char *end;

		if (line[i] != '#' || (i != 0 && line[i - 1] != ' ' && line[i - 1] != '\t'))
			continue;
		end = secret_key_end(line + i, length - i);
		if (end == NULL)
			return length;
		i = (size_t)(end - line);
		while (i < length && (line[i] == ' ' || line[i] == '\t'))
			i++;
		return i;
	}
	return length;
}

char *
text_of_buffer(struct buffer *buffer, size_t *length)
{
	char *text = memory_zeroed(buffer->length + 1, 1);

	*length = buffer->length;
	if (buffer->length != 0) {
		memcpy(text, buffer_head(buffer), buffer->length);
		explicit_bzero(buffer->data + buffer->start, buffer->length);
	}
	buffer_free(buffer);
	return text;
}

/* Calls `line` with each line, without its end; the ends are copied. */
static char *
each_line(const char *text, size_t length, size_t *out_length,
	  void (*line)(void *context, const char *line, size_t length, struct buffer *out), void *context)
{
	struct buffer out = {0};

	for (size_t at = 0; at < length;) {
		const char *end = memchr(text + at, '\n', length - at);
		size_t whole = end != NULL ? (size_t)(end - text) - at : length - at, bare = whole;

		if (bare != 0 && text[at + bare - 1] == '\r')
			bare--;
		line(context, text + at, bare, &out);
		buffer_append(&out, text + at + bare, whole - bare + (end != NULL));
		at += whole + (end != NULL);
	}
	return text_of_buffer(&out, out_length);
}

static void
mask_line(void *context, const char *line, size_t length, struct buffer *out)
{
	size_t secret = comment_secret(line, length);

	(void)context;
	buffer_append(out, line, secret);
	if (secret != length)
		buffer_append(out, MASK, strlen(MASK));
}

/* The line's original: the first of the present lines that looks so when it is masked. */
static void
unmask_line(void *context, const char *line, size_t length, struct buffer *out)
{
	const char *const *present = context;
	size_t secret = comment_secret(line, length);

	if (secret == length || length - secret != strlen(MASK) ||
	    memcmp(line + secret, MASK, strlen(MASK)) != 0) {
		buffer_append(out, line, length);
		return;
	}
	for (const char *at = *present; *at != '\0';) {
		size_t whole = strcspn(at, "\n"),
		       bare = whole != 0 && at[whole - 1] == '\r' ? whole - 1 : whole;

		if (comment_secret(at, bare) == secret && bare > secret && memcmp(at, line, secret) == 0) {
			buffer_append(out, at, bare);
			return;
		}
		at += whole + (at[whole] == '\n');
	}
	buffer_append(out, line, length);
}

/* --- masking ----------------------------------------------------------------------------------- */

/* Replaces the spans by what `with` gives for each (borrowed until the next). */
static char *
replace(const char *text, size_t length, const struct spans *spans, char *(*with)(const struct span *span),
	size_t *out_length)
{
	struct buffer out = {0};
	size_t at = 0;

	for (size_t i = 0; i < spans->count; i++) {
		const struct span *span = &spans->items[i];
		char *piece = with(span);

		buffer_append(&out, text + at, span->from - at);
		buffer_append(&out, piece, strlen(piece));
		at = span->to;
		memory_wipe_free(piece, strlen(piece));
	}
	buffer_append(&out, text + at, length - at);
	return text_of_buffer(&out, out_length);
}

static char *
mask_of(const struct span *span)
{
	(void)span;
	return text_copy("\"" MASK "\"");
}

/* Masks the values; comments are another pass. */
static char *
mask_values(const char *text, size_t length, size_t *out_length, struct config_findings *findings)
{
	struct spans spans = {0};
	struct tree tree;
	char *masked = NULL;

	if (tree_parse(&tree, text, length, findings)) {
		find_secrets(&tree, &spans);
		spans_finish(&spans, text, length);
		masked = replace(text, length, &spans, mask_of, out_length);
	}
	free(spans.items);
	tree_free(&tree);
	return masked;
}

char *
config_mask(const char *text, size_t length, size_t *out_length, struct config_findings *findings)
{
	size_t values_length;
	char *values = mask_values(text, length, &values_length, findings), *masked;

	if (values == NULL)
		return NULL;
	masked = each_line(values, values_length, out_length, mask_line, NULL);
	memory_wipe_free(values, values_length);
	return masked;
}

/* --- and back ---------------------------------------------------------------------------------- */

static const struct node *
value_of(const struct node *map, const char *key, enum node_kind kind)
{
	const struct node_entry *entry = map_find(map, key);

	return entry != NULL && entry->value->kind == kind ? entry->value : NULL;
}

/* The item of a list that has this name; NULL: none has. */
static const struct node *
named_item(const struct node *list, const char *name)
{
	for (size_t i = 0; list != NULL && name != NULL && i < list->count; i++) {
		const struct node *its = value_of(list->items[i], "name", NODE_SCALAR);

		if (its != NULL && strcmp(its->text, name) == 0)
			return list->items[i];
	}
	return NULL;
}

/* In double quotes, which can stand wherever the mask stands; values have no control bytes. */
static char *
secret_of(const struct span *span)
{
	const struct node *value = span->secret;
	char *text = memory_zeroed(value->length * 2 + 3, 1), *at = text;

	*at++ = '"';
	for (size_t i = 0; i < value->length; i++) {
		if (value->text[i] == '"' || value->text[i] == '\\')
			*at++ = '\\';
		*at++ = value->text[i];
	}
	*at = '"';
	return text;
}

/* A place in both texts, and what it is called where something is missing. */
struct place {
	struct spans *spans; /* of the masked values, each with the secret's node */
	struct config_findings *findings;
	char what[120];
};

/* The secrets that stand in a map itself; `present`: its counterpart, or NULL. */
static void
match_secrets(struct place *place, const struct node *given, const struct node *present)
{
	for (size_t k = 0; given != NULL && given->kind == NODE_MAP && k < given->count; k++) {
		const struct node_entry *entry = &given->entries[k];
		const struct node *secret;

		if (!is_secret(entry->key->text) || entry->value->kind != NODE_SCALAR ||
		    strcmp(entry->value->text, MASK) != 0)
			continue;
		secret = value_of(present, entry->key->text, NODE_SCALAR);
		if (secret == NULL) {
			finding_error(
			    place->findings, entry->value->at,
			    "the secret is masked, and the present file has none for %s: write it out",
			    place->what);
			continue;
		}
		spans_add(place->spans, entry->value);
		place->spans->items[place->spans->count - 1].secret = secret;
	}
}

/* The same of a map that has settings: its own, and those of its session. */
static void
match_settings(struct place *place, const struct node *given, const struct node *present)
{
	match_secrets(place, given, present);
	match_secrets(place, value_of(given, "bgp", NODE_MAP), value_of(present, "bgp", NODE_MAP));
}

static void
match_list(struct place *place, const char *key, const char *word, const struct tree *given,
	   const struct tree *present)
{
	const struct node *list = value_of(given->root, key, NODE_LIST);
	const struct node *others = value_of(present->root, key, NODE_LIST);

	for (size_t i = 0; list != NULL && i < list->count; i++) {
		const struct node *name = value_of(list->items[i], "name", NODE_SCALAR);
		const struct node *other = named_item(others, name != NULL ? name->text : NULL);
		const struct node *tunnels = value_of(list->items[i], "tunnels", NODE_LIST);
		const struct node *their = value_of(other, "tunnels", NODE_LIST);
		const char *text = quoted(name != NULL ? name->text : "?");

		snprintf(place->what, sizeof(place->what), "%s %s", word, text);
		match_settings(place, list->items[i], other);
		for (size_t k = 0; tunnels != NULL && k < tunnels->count; k++) {
			snprintf(place->what, sizeof(place->what), "tunnel %zu of %s %s", k + 1, word, text);
			match_settings(place, tunnels->items[k],
				       their != NULL && k < their->count ? their->items[k] : NULL);
		}
	}
}

static void
find_masked(const struct tree *given, const struct tree *present, struct spans *spans,
	    struct config_findings *findings)
{
	struct place place = {.spans = spans, .findings = findings, .what = "defaults"};

	match_settings(&place, value_of(given->root, "defaults", NODE_MAP),
		       value_of(present->root, "defaults", NODE_MAP));
	match_list(&place, "connections", "connection", given, present);
	match_list(&place, "peers", "peer", given, present);
}

char *
config_unmask(const char *given, size_t length, const char *present, size_t present_length,
	      size_t *out_length, struct config_findings *findings)
{
	struct config_findings ignored = {0};
	struct spans spans = {0};
	struct tree now, wanted;
	size_t plain_length, lines_length, before = findings->errors;
	char *plain = mask_values(present, present_length, &plain_length, &ignored);
	char *lines = each_line(given, length, &lines_length, unmask_line,
				(const char *[]){plain != NULL ? plain : ""});
	char *full = NULL;
	bool readable = tree_parse(&wanted, lines, lines_length, findings);

	if (!tree_parse(&now, present, present_length, &ignored)) {
		tree_free(&now);
		now = (struct tree){0};
	}
	if (readable) {
		find_masked(&wanted, &now, &spans, findings);
		spans_finish(&spans, lines, lines_length);
		if (findings->errors == before)
			full = replace(lines, lines_length, &spans, secret_of, out_length);
	}
	free(spans.items);
	tree_free(&now);
	tree_free(&wanted);
	memory_wipe_free(plain, plain != NULL ? plain_length : 0);
	memory_wipe_free(lines, lines_length);
	config_findings_free(&ignored);
	return full;
}
