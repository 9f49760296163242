// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Bytes to a tree of nodes with their places, by libyaml's events (YAML 1.1, https://yaml.org/spec/1.1/).
 *
 * libyaml's own document loader is not used: it lets duplicate keys pass and expands nothing. Here an alias
 * is a second reference to the same node, so that a tree is never larger than its file, and what all aliases
 * would expand to is counted and bounded, so that whoever walks the tree has a bounded walk too. "<<" merges
 * maps, as YAML users expect. A depth that no configuration has ends the reading before libyaml's own stacks
 * grow.
 */
#include "core/config/config_internal.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#define DEPTH_MOST 32
#define EXPANDED_MOST 200000
#define ANCHORS_MOST 1000

struct anchor {
	char *name;
	struct node *node;
};

struct builder {
	struct tree *tree;
	struct config_findings *findings;
	struct node *stack[DEPTH_MOST]; /* open lists and maps */
	unsigned depth;
	struct anchor *anchors;
	size_t anchor_count;
	uint64_t expanded;
	unsigned documents;
	bool failed; /* nothing sensible can follow */
};

const char *
node_kind_name(const struct node *node)
{
	switch (node->kind) {
	case NODE_LIST:
		return "a list";
	case NODE_MAP:
		return "a map";
	case NODE_SCALAR:
		break;
	}
	return node_is_null(node) ? "nothing" : "text";
}

bool
node_is_null(const struct node *node)
{
	return node->kind == NODE_SCALAR && !node->quoted &&
	       (node->length == 0 || strcmp(node->text, "~") == 0 || strcasecmp(node->text, "null") == 0);
}

static struct position
position_of(const yaml_mark_t *mark)
{
	return (struct position){.line = (unsigned)mark->line + 1, .column = (unsigned)mark->column + 1};
}

static void
fail(struct builder *b, struct position at, const char *text)
{
	finding_error(b->findings, at, "%s", text);
	b->failed = true;
}

static struct node *
node_new(struct builder *b, enum node_kind kind, const yaml_event_t *event)
{
	struct tree *tree = b->tree;
	struct node *node = memory_zeroed(1, sizeof(*node));

	node->kind = kind;
	node->at = position_of(&event->start_mark);
	node->from = event->start_mark.index;
	node->to = event->end_mark.index;
	node->weight = 1;
	if (tree->count == tree->room) {
		tree->room = tree->room != 0 ? tree->room * 2 : 256;
		tree->nodes = memory_resize(tree->nodes, tree->room * sizeof(struct node *));
	}
	tree->nodes[tree->count++] = node;
	return node;
}

/* Puts a complete or just opened node where the document has it: as root, list item, key or value. */
static void
place(struct builder *b, struct node *node)
{
	struct node *parent;

	if (b->depth == 0) {
		b->tree->root = node;
		return;
	}
	parent = b->stack[b->depth - 1];
	if (parent->kind == NODE_LIST) {
		if (parent->count == parent->room) {
			parent->room = parent->room != 0 ? parent->room * 2 : 4;
			parent->items = memory_resize(parent->items, parent->room * sizeof(struct node *));
		}
		parent->items[parent->count++] = node;
		return;
	}
	if (parent->count != 0 && parent->entries[parent->count - 1].value == NULL) {
		parent->entries[parent->count - 1].value = node;
		return;
	}
	if (parent->count == parent->room) {
		parent->room = parent->room != 0 ? parent->room * 2 : 8;
		parent->entries = memory_resize(parent->entries, parent->room * sizeof(*parent->entries));
	}
	parent->entries[parent->count++] = (struct node_entry){.key = node};
}

static void
remember_anchor(struct builder *b, const yaml_char_t *name, struct node *node)
{
	if (name == NULL)
		return;
	/* A later anchor of the same name takes over (YAML 1.1, 3.2.2.2). */
	for (size_t i = 0; i < b->anchor_count; i++) {
		if (strcmp(b->anchors[i].name, (const char *)name) == 0) {
			b->anchors[i].node = node;
			return;
		}
	}
	if (b->anchor_count == ANCHORS_MOST) {
		fail(b, node->at, "more than 1000 anchors");
		return;
	}
	b->anchors = memory_resize(b->anchors, (b->anchor_count + 1) * sizeof(*b->anchors));
	b->anchors[b->anchor_count++] = (struct anchor){.name = text_copy((const char *)name), .node = node};
}

static void
check_tag(struct builder *b, const yaml_char_t *tag, struct position at)
{
	if (tag != NULL && strcmp((const char *)tag, "!") != 0 &&
	    strncmp((const char *)tag, "tag:yaml.org,2002:", 18) != 0)
		finding_error(b->findings, at, "the tag %s has no meaning here: leave it out",
			      quoted((const char *)tag));
}

static bool
has_control(const yaml_char_t *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (text[i] < 0x20 || text[i] == 0x7f)
			return true;
		if (text[i] == 0xc2 && i + 1 < length && text[i + 1] < 0xa0)
			return true;
	}
	return false;
}

static void
on_scalar(struct builder *b, yaml_event_t *event)
{
	struct node *node = node_new(b, NODE_SCALAR, event);
	size_t length = event->data.scalar.length;

	check_tag(b, event->data.scalar.tag, node->at);
	node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	if (has_control(event->data.scalar.value, length)) {
		finding_error(b->findings, node->at, "a value has a control byte or a line break in it");
		length = 0;
		node->quoted = true;
	}
	node->text = memory_zeroed(length + 1, 1);
	memcpy(node->text, event->data.scalar.value, length);
	node->length = length;
	node->closed = true;
	explicit_bzero(event->data.scalar.value, event->data.scalar.length);
	place(b, node);
	remember_anchor(b, event->data.scalar.anchor, node);
}

static void
on_start(struct builder *b, const yaml_event_t *event, enum node_kind kind, const yaml_char_t *anchor,
	 const yaml_char_t *tag)
{
	struct node *node = node_new(b, kind, event);

	check_tag(b, tag, node->at);
	place(b, node);
	remember_anchor(b, anchor, node);
	if (b->depth == DEPTH_MOST)
		fail(b, node->at, "lists and maps are nested too deeply");
	else
		b->stack[b->depth++] = node;
}

static void
on_alias(struct builder *b, const yaml_event_t *event)
{
	struct position at = position_of(&event->start_mark);
	const char *name = (const char *)event->data.alias.anchor;
	struct node *node = NULL;

	for (size_t i = 0; i < b->anchor_count && node == NULL; i++) {
		if (strcmp(b->anchors[i].name, name) == 0)
			node = b->anchors[i].node;
	}
	if (node == NULL) {
		finding_error(b->findings, at, "no anchor %s stands before this alias", quoted(name));
		b->failed = true;
		return;
	}
	if (!node->closed) {
		fail(b, at, "an alias stands within what it names");
		return;
	}
	b->expanded += node->weight;
	if (b->expanded > EXPANDED_MOST) {
		fail(b, at, "the aliases of this file expand to more than 200000 values");
		return;
	}
	place(b, node);
}

/* --- closing a map: merges, order, duplicates ------------------------------------------------- */

/* An entry on its way into a map: `order` is lower for what takes precedence. */
struct draft {
	struct node_entry entry;
	size_t order;
	bool merged;
};

static int
compare_drafts(const void *left, const void *right)
{
	const struct draft *a = left, *b = right;
	int order = strcmp(a->entry.key->text, b->entry.key->text);

	return order != 0 ? order : a->order < b->order ? -1 : 1;
}

static bool
is_merge(const struct node_entry *entry)
{
	return entry->key->kind == NODE_SCALAR && !entry->key->quoted && strcmp(entry->key->text, "<<") == 0;
}

static void
draft_add(struct draft **drafts, size_t *count, size_t *room, struct node_entry entry, bool merged)
{
	if (*count == *room) {
		*room = *room != 0 ? *room * 2 : 16;
		*drafts = memory_resize(*drafts, *room * sizeof(**drafts));
	}
	(*drafts)[*count] = (struct draft){.entry = entry, .order = *count, .merged = merged};
	(*count)++;
}

/* "<<: *map" or "<<: [*map, *map]" (https://yaml.org/type/merge.html). */
static void
merge(struct builder *b, const struct node *source, struct draft **drafts, size_t *count, size_t *room)
{
	if (source->kind == NODE_LIST) {
		for (size_t i = 0; i < source->count; i++) {
			if (source->items[i]->kind == NODE_MAP)
				merge(b, source->items[i], drafts, count, room);
			else
				finding_error(b->findings, source->items[i]->at, "'<<' merges maps, not %s",
					      node_kind_name(source->items[i]));
		}
	} else if (source->kind == NODE_MAP) {
		for (size_t i = 0; i < source->count; i++)
			draft_add(drafts, count, room, source->entries[i], true);
	} else {
		finding_error(b->findings, source->at, "'<<' merges maps, not %s", node_kind_name(source));
	}
}

static void
close_map(struct builder *b, struct node *map)
{
	struct draft *drafts = NULL;
	size_t count = 0, room = 0, kept = 0;

	for (size_t i = 0; i < map->count; i++) {
		const struct node_entry *entry = &map->entries[i];

		if (entry->key->kind != NODE_SCALAR)
			finding_error(b->findings, entry->key->at, "a key must be a word, not %s",
				      node_kind_name(entry->key));
		else if (!is_merge(entry))
			draft_add(&drafts, &count, &room, *entry, false);
	}
	for (size_t i = 0; i < map->count; i++) {
		if (is_merge(&map->entries[i]))
			merge(b, map->entries[i].value, &drafts, &count, &room);
	}
	if (count > map->room) {
		map->room = count;
		map->entries = memory_resize(map->entries, count * sizeof(*map->entries));
	}
	if (count != 0)
		qsort(drafts, count, sizeof(*drafts), compare_drafts);
	for (size_t i = 0; i < count; i++) {
		const struct node_entry *last = kept != 0 ? &map->entries[kept - 1] : NULL;

		if (last != NULL && strcmp(last->key->text, drafts[i].entry.key->text) == 0) {
			if (!drafts[i].merged)
				finding_error(b->findings, drafts[i].entry.key->at,
					      "duplicate key %s (first on line %u)", quoted(last->key->text),
					      last->key->at.line);
			continue;
		}
		map->entries[kept++] = drafts[i].entry;
	}
	map->count = kept;
	free(drafts);
}

static void
on_end(struct builder *b)
{
	struct node *node = b->stack[--b->depth];

	if (node->kind == NODE_MAP)
		close_map(b, node);
	for (size_t i = 0; i < node->count; i++)
		node->weight +=
		    node->kind == NODE_LIST ? node->items[i]->weight : node->entries[i].value->weight + 1;
	node->closed = true;
}

/* --- the whole -------------------------------------------------------------------------------- */

/* True when the event ended the stream. */
static bool
on_event(struct builder *b, yaml_event_t *event)
{
	switch (event->type) {
	case YAML_STREAM_END_EVENT:
		return true;
	case YAML_DOCUMENT_START_EVENT:
		if (b->documents++ != 0)
			fail(b, position_of(&event->start_mark),
			     "a second document begins here: a configuration is one document");
		break;
	case YAML_SCALAR_EVENT:
		on_scalar(b, event);
		break;
	case YAML_SEQUENCE_START_EVENT:
		on_start(b, event, NODE_LIST, event->data.sequence_start.anchor,
			 event->data.sequence_start.tag);
		break;
	case YAML_MAPPING_START_EVENT:
		on_start(b, event, NODE_MAP, event->data.mapping_start.anchor, event->data.mapping_start.tag);
		break;
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		on_end(b);
		break;
	case YAML_ALIAS_EVENT:
		on_alias(b, event);
		break;
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_DOCUMENT_END_EVENT:
		break;
	}
	return false;
}

/* The byte that a mark points at; marks count characters, which is why the text is walked. */
static char
byte_at(const char *text, size_t length, size_t character)
{
	size_t at = 0;

	for (; at < length && character != 0; character--) {
		at++;
		while (at < length && ((unsigned char)text[at] & 0xc0) == 0x80)
			at++;
	}
	return at < length ? text[at] : '\0';
}

static void
syntax_error(struct builder *b, const yaml_parser_t *parser, const char *text, size_t length)
{
	const char *hint = "";

	if (parser->error == YAML_SCANNER_ERROR && byte_at(text, length, parser->problem_mark.index) == '\t')
		hint = "; indent with spaces, not with tabs";
	finding_error(b->findings, position_of(&parser->problem_mark), "YAML: %s%s%s%s",
		      parser->problem != NULL ? parser->problem : "not readable",
		      parser->context != NULL ? " " : "", parser->context != NULL ? parser->context : "",
		      hint);
	b->failed = true;
}

/*
 * YAML 1.1 section 4.1.1: which characters a stream may have. libyaml would say so too, but gives no line.
 * Returns the offset of the first bad byte, or `length`.
 */
static size_t
first_bad_byte(const char *text, size_t length)
{
	static const size_t lengths[16] = {1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 2, 2, 3, 4};
	size_t at = 0;

	while (at < length) {
		const unsigned char *c = (const unsigned char *)text + at;
		size_t size = lengths[c[0] >> 4];

		if (size == 0 || size > length - at || (size > 1 && !text_is_utf8(text + at, size)))
			break;
		if ((c[0] < 0x20 && c[0] != '\t' && c[0] != '\n' && c[0] != '\r') || c[0] == 0x7f)
			break;
		if (c[0] == 0xc2 && c[1] < 0xa0 && c[1] != 0x85)
			break;
		if (c[0] == 0xef &&
		    ((c[1] == 0xbb && c[2] == 0xbf && at != 0) || (c[1] == 0xbf && c[2] >= 0xbe)))
			break;
		at += size;
	}
	return at;
}

static void
bad_byte(struct config_findings *findings, const char *text, size_t offset)
{
	struct position at = {1, 1};
	unsigned char byte = (unsigned char)text[offset];

	for (size_t i = 0; i < offset; i++) {
		if (text[i] == '\n')
			at = (struct position){at.line + 1, 1};
		else if (((unsigned char)text[i] & 0xc0) != 0x80)
			at.column++;
	}
	if (byte < 0x20 || byte == 0x7f)
		finding_error(findings, at, "a control byte (0x%02x) may not stand in a configuration", byte);
	else
		finding_error(findings, at, "not UTF-8 text (byte 0x%02x): save the file as UTF-8", byte);
}

static void
run(struct builder *b, yaml_parser_t *parser, const char *text, size_t length)
{
	for (bool ended = false; !ended && !b->failed;) {
		yaml_event_t event;

		if (!yaml_parser_parse(parser, &event)) {
			syntax_error(b, parser, text, length);
			return;
		}
		ended = on_event(b, &event);
		yaml_event_delete(&event);
	}
}

bool
tree_parse(struct tree *tree, const char *text, size_t length, struct config_findings *findings)
{
	struct builder b = {.tree = tree, .findings = findings};
	size_t bad = first_bad_byte(text, length);
	yaml_parser_t parser;

	*tree = (struct tree){0};
	if (bad != length) {
		bad_byte(findings, text, bad);
		return false;
	}
	if (!yaml_parser_initialize(&parser)) {
		finding_error(findings, (struct position){1, 1}, "not enough memory to read the file");
		return false;
	}
	/* No encoding is set: libyaml then skips a byte order mark. What is not UTF-8 was refused above. */
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, length);
	run(&b, &parser, text, length);
	yaml_parser_delete(&parser);
	for (size_t i = 0; i < b.anchor_count; i++)
		free(b.anchors[i].name);
	free(b.anchors);
	return !b.failed;
}

void
tree_free(struct tree *tree)
{
	for (size_t i = 0; i < tree->count; i++) {
		struct node *node = tree->nodes[i];

		memory_wipe_free(node->text, node->length);
		free(node->items);
		free(node->entries);
		free(node);
	}
	free(tree->nodes);
	*tree = (struct tree){0};
}
