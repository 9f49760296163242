// SPDX-License-Identifier: GPL-2.0-or-later
/* Prefixes to numbers in order; see trie.h for the idea. */
#include "core/base/trie.h"

#include <string.h>

#define KEY_CHILD 15u
#define ROOT 1u

struct node {
	uint32_t block;       /* where its lists begin, in 16-bit units: `room` keys, then `room` values */
	uint16_t count, room; /* room 0: no block */
};

static struct node *
node_at(const struct trie *trie, uint32_t index)
{
	return (struct node *)trie->nodes.items + index;
}

static uint16_t *
keys_of(const struct trie *trie, const struct node *node)
{
	return (uint16_t *)trie->blocks.items + node->block;
}

static uint32_t *
values_of(const struct trie *trie, const struct node *node)
{
	return (uint32_t *)(void *)((uint16_t *)trie->blocks.items + node->block + node->room);
}

/* Which byte a prefix ends in. */
static unsigned
level_of(unsigned length)
{
	return length == 0 ? 0 : (length - 1) / 8;
}

static unsigned
key_of(const uint8_t *address, unsigned length)
{
	unsigned level = level_of(length);

	return length == 0 ? 0 : (unsigned)address[level] << 4 | (length - level * 8);
}

static unsigned
size_class(unsigned room)
{
	return (unsigned)__builtin_ctz(room) - 1;
}

static uint32_t
block_take(struct trie *trie, unsigned room)
{
	uint32_t *head = &trie->free_block[size_class(room)], at = *head;

	if (at != 0) {
		memcpy(head, (uint16_t *)trie->blocks.items + at, sizeof(*head));
		return at;
	}
	at = trie->block_units;
	trie->block_units += 3 * room;
	vector_need(&trie->blocks, (size_t)trie->block_units * sizeof(uint16_t));
	return at;
}

static void
block_give(struct trie *trie, uint32_t block, unsigned room)
{
	uint32_t *head = &trie->free_block[size_class(room)];

	memcpy((uint16_t *)trie->blocks.items + block, head, sizeof(*head));
	*head = block;
}

static uint32_t
node_take(struct trie *trie)
{
	uint32_t index = trie->free_node;

	if (index != 0) {
		trie->free_node = node_at(trie, index)->block;
	} else {
		index = trie->node_count++;
		vector_need(&trie->nodes, (size_t)trie->node_count * sizeof(struct node));
	}
	*node_at(trie, index) = (struct node){0};
	return index;
}

static void
node_give(struct trie *trie, uint32_t index)
{
	struct node *node = node_at(trie, index);

	if (node->room != 0)
		block_give(trie, node->block, node->room);
	*node = (struct node){.block = trie->free_node};
	trie->free_node = index;
}

/* Moves a node's lists into a block of another size. */
static void
node_resize(struct trie *trie, uint32_t index, unsigned room)
{
	uint32_t block = block_take(trie, room);
	struct node *node = node_at(trie, index), old = *node;

	node->block = block;
	node->room = (uint16_t)room;
	if (old.room == 0)
		return;
	memcpy(keys_of(trie, node), keys_of(trie, &old), old.count * sizeof(uint16_t));
	memcpy(values_of(trie, node), values_of(trie, &old), old.count * sizeof(uint32_t));
	block_give(trie, old.block, old.room);
}

/* Position of the first key >= `key`. Nodes are mostly evenly filled, so the first probe is where it should
 * stand. */
static unsigned
find(const struct trie *trie, const struct node *node, unsigned key)
{
	const uint16_t *keys;
	unsigned low = 0, high = node->count, probe;

	if (high == 0)
		return 0;
	keys = keys_of(trie, node);
	probe = key * high >> 12;
	if (probe >= high)
		probe = high - 1;
	while (low < high) {
		if (keys[probe] == key)
			return probe;
		if (keys[probe] < key)
			low = probe + 1;
		else
			high = probe;
		probe = (low + high) / 2;
	}
	return low;
}

static bool
has(const struct trie *trie, const struct node *node, unsigned at, unsigned key)
{
	return at < node->count && keys_of(trie, node)[at] == key;
}

static uint32_t *
insert(struct trie *trie, uint32_t index, unsigned at, unsigned key, uint32_t value)
{
	struct node *node = node_at(trie, index);
	uint16_t *keys;
	uint32_t *values;

	if (node->count == node->room) {
		node_resize(trie, index, node->room == 0 ? 2 : node->room * 2u);
		node = node_at(trie, index);
	}
	keys = keys_of(trie, node);
	values = values_of(trie, node);
	memmove(keys + at + 1, keys + at, (node->count - at) * sizeof(*keys));
	memmove(values + at + 1, values + at, (node->count - at) * sizeof(*values));
	keys[at] = (uint16_t)key;
	values[at] = value;
	node->count++;
	return values + at;
}

static void
erase(struct trie *trie, uint32_t index, unsigned at)
{
	struct node *node = node_at(trie, index);
	uint16_t *keys = keys_of(trie, node);
	uint32_t *values = values_of(trie, node);

	node->count--;
	memmove(keys + at, keys + at + 1, (node->count - at) * sizeof(*keys));
	memmove(values + at, values + at + 1, (node->count - at) * sizeof(*values));
	if (node->room > 2 && node->count * 4u <= node->room)
		node_resize(trie, index, node->room / 2);
}

void
trie_init(struct trie *trie)
{
	*trie = (struct trie){.node_count = ROOT, .block_units = 2};
	node_take(trie);
}

void
trie_free(struct trie *trie)
{
	vector_free(&trie->nodes);
	vector_free(&trie->blocks);
	*trie = (struct trie){0};
}

uint32_t
trie_get(const struct trie *trie, const uint8_t *address, unsigned length)
{
	unsigned level = level_of(length), at, key;
	const struct node *node = node_at(trie, ROOT);

	for (unsigned i = 0; i < level; i++) {
		key = (unsigned)address[i] << 4 | KEY_CHILD;
		at = find(trie, node, key);
		if (!has(trie, node, at, key))
			return 0;
		node = node_at(trie, values_of(trie, node)[at]);
	}
	key = key_of(address, length);
	at = find(trie, node, key);
	return has(trie, node, at, key) ? values_of(trie, node)[at] : 0;
}

uint32_t *
trie_put(struct trie *trie, const uint8_t *address, unsigned length)
{
	unsigned level = level_of(length), at, key;
	uint32_t index = ROOT;

	for (unsigned i = 0; i < level; i++) {
		key = (unsigned)address[i] << 4 | KEY_CHILD;
		at = find(trie, node_at(trie, index), key);
		if (has(trie, node_at(trie, index), at, key)) {
			index = values_of(trie, node_at(trie, index))[at];
		} else {
			uint32_t child = node_take(trie);

			insert(trie, index, at, key, child);
			index = child;
		}
	}
	key = key_of(address, length);
	at = find(trie, node_at(trie, index), key);
	if (has(trie, node_at(trie, index), at, key))
		return values_of(trie, node_at(trie, index)) + at;
	trie->count++;
	return insert(trie, index, at, key, 0);
}

bool
trie_remove(struct trie *trie, const uint8_t *address, unsigned length)
{
	unsigned level = level_of(length), key, at[TRIE_LEVELS];
	uint32_t path[TRIE_LEVELS] = {ROOT};

	for (unsigned i = 0; i <= level; i++) {
		const struct node *node = node_at(trie, path[i]);

		key = i == level ? key_of(address, length) : ((unsigned)address[i] << 4 | KEY_CHILD);
		at[i] = find(trie, node, key);
		if (!has(trie, node, at[i], key))
			return false;
		if (i < level)
			path[i + 1] = values_of(trie, node)[at[i]];
	}
	trie->count--;
	erase(trie, path[level], at[level]);
	for (unsigned i = level; i > 0 && node_at(trie, path[i])->count == 0; i--) {
		node_give(trie, path[i]);
		erase(trie, path[i - 1], at[i - 1]);
	}
	return true;
}

static void
push(struct trie_cursor *cursor, uint32_t node, unsigned at)
{
	cursor->stack[cursor->depth].node = node;
	cursor->stack[cursor->depth++].at = at;
}

void
trie_seek(const struct trie *trie, struct trie_cursor *cursor, const uint8_t *address, unsigned length)
{
	unsigned level = level_of(length);
	uint32_t index = ROOT;

	cursor->depth = 0;
	if (address == NULL) {
		push(cursor, ROOT, 0);
		return;
	}
	for (unsigned i = 0; i <= level; i++) {
		const struct node *node = node_at(trie, index);
		unsigned key = i == level ? key_of(address, length) : ((unsigned)address[i] << 4 | KEY_CHILD);
		unsigned at = find(trie, node, key);
		bool here = has(trie, node, at, key);

		/* What stands at the key itself is passed: it is either the prefix, or the node gone into. */
		push(cursor, index, here ? at + 1 : at);
		if (!here)
			return;
		index = values_of(trie, node)[at];
	}
}

uint32_t
trie_next(const struct trie *trie, struct trie_cursor *cursor)
{
	while (cursor->depth != 0) {
		unsigned top = cursor->depth - 1, at = cursor->stack[top].at++;
		const struct node *node = node_at(trie, cursor->stack[top].node);
		uint32_t value;

		if (at >= node->count) {
			cursor->depth--;
			continue;
		}
		value = values_of(trie, node)[at];
		if ((keys_of(trie, node)[at] & 15) != KEY_CHILD)
			return value;
		push(cursor, value, 0);
	}
	return 0;
}

/* Backwards, `at` on the stack is how many items of the node are left. */
void
trie_seek_back(const struct trie *trie, struct trie_cursor *cursor, const uint8_t *address, unsigned length)
{
	unsigned level = level_of(length);
	uint32_t index = ROOT;

	cursor->depth = 0;
	if (address == NULL) {
		push(cursor, ROOT, node_at(trie, ROOT)->count);
		return;
	}
	for (unsigned i = 0; i <= level; i++) {
		const struct node *node = node_at(trie, index);
		unsigned key = i == level ? key_of(address, length) : ((unsigned)address[i] << 4 | KEY_CHILD);
		unsigned at = find(trie, node, key);

		push(cursor, index, at);
		if (!has(trie, node, at, key))
			return;
		index = values_of(trie, node)[at];
	}
}

uint32_t
trie_previous(const struct trie *trie, struct trie_cursor *cursor)
{
	while (cursor->depth != 0) {
		unsigned top = cursor->depth - 1, at;
		const struct node *node = node_at(trie, cursor->stack[top].node);
		uint32_t value;

		if (cursor->stack[top].at == 0) {
			cursor->depth--;
			continue;
		}
		at = --cursor->stack[top].at;
		value = values_of(trie, node)[at];
		if ((keys_of(trie, node)[at] & 15) != KEY_CHILD)
			return value;
		push(cursor, value, node_at(trie, value)->count);
	}
	return 0;
}
