// SPDX-License-Identifier: GPL-2.0-or-later
/* Tries of entries; see table.h. */
#include "core/routing/table.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"

#define CHUNK 512u

static void *
entry_at(const struct table *table, uint32_t number)
{
	return table->chunks[number / CHUNK] + number % CHUNK * table->entry_size;
}

/* Entries that were given back are a list through their first bytes. */
static uint32_t
entry_take(struct table *table)
{
	uint32_t number = table->free;

	if (number != 0) {
		memcpy(&table->free, entry_at(table, number), sizeof(table->free));
		memset(entry_at(table, number), 0, table->entry_size);
		return number;
	}
	number = ++table->used;
	if (number / CHUNK == table->chunk_count) {
		table->chunks =
		    memory_resize(table->chunks, (table->chunk_count + 1) * sizeof(*table->chunks));
		table->chunks[table->chunk_count++] = memory_zeroed(CHUNK, table->entry_size);
	}
	return number;
}

static void
entry_give(struct table *table, uint32_t number)
{
	memcpy(entry_at(table, number), &table->free, sizeof(table->free));
	table->free = number;
}

void
routing_table_open(struct table *table, size_t entry_size)
{
	*table = (struct table){.entry_size = (entry_size + 7) & ~(size_t)7};
	trie_init(&table->tries[0]);
	trie_init(&table->tries[1]);
	table->chunks = memory_zeroed(1, sizeof(*table->chunks));
	table->chunks[table->chunk_count++] = memory_zeroed(CHUNK, table->entry_size);
}

void
routing_table_close(struct table *table)
{
	trie_free(&table->tries[0]);
	trie_free(&table->tries[1]);
	for (size_t i = 0; i < table->chunk_count; i++)
		free(table->chunks[i]);
	free(table->chunks);
	*table = (struct table){0};
}

static unsigned
family_of(const struct ip_prefix *prefix)
{
	return prefix->address.family == AF_INET6;
}

void *
table_find(const struct table *table, const struct ip_prefix *prefix)
{
	uint32_t number = trie_get(&table->tries[family_of(prefix)], prefix->address.bytes, prefix->length);

	return number != 0 ? entry_at(table, number) : NULL;
}

void *
table_insert(struct table *table, const struct ip_prefix *prefix)
{
	uint32_t *number = trie_put(&table->tries[family_of(prefix)], prefix->address.bytes, prefix->length);
	struct table_node *node;

	if (*number != 0)
		return entry_at(table, *number);
	*number = entry_take(table);
	node = entry_at(table, *number);
	node->prefix = *prefix;
	table->count++;
	return node;
}

void
table_remove(struct table *table, const struct ip_prefix *prefix)
{
	struct trie *trie = &table->tries[family_of(prefix)];
	uint32_t number = trie_get(trie, prefix->address.bytes, prefix->length);

	if (number == 0)
		return;
	trie_remove(trie, prefix->address.bytes, prefix->length);
	entry_give(table, number);
	table->count--;
}

void
table_cover(const struct table *table, const struct ip_prefix *prefix,
	    bool (*visit)(void *context, void *entry), void *context)
{
	for (unsigned length = 0; length <= prefix->length; length++) {
		struct ip_prefix shorter = *prefix;
		void *entry;

		shorter.length = (uint8_t)length;
		shorter = ip_prefix_network(&shorter);
		entry = table_find(table, &shorter);
		if (entry != NULL && !visit(context, entry))
			return;
	}
}

void
table_walk_start(struct table_walk *walk, const struct table *table, const struct ip_prefix *after)
{
	walk->table = table;
	walk->family = after != NULL ? family_of(after) : 0;
	trie_seek(&table->tries[walk->family], &walk->cursor, after != NULL ? after->address.bytes : NULL,
		  after != NULL ? after->length : 0);
}

void *
table_next(struct table_walk *walk)
{
	uint32_t number = trie_next(&walk->table->tries[walk->family], &walk->cursor);

	if (number == 0 && walk->family == 0) {
		walk->family = 1;
		trie_seek(&walk->table->tries[1], &walk->cursor, NULL, 0);
		number = trie_next(&walk->table->tries[1], &walk->cursor);
	}
	return number != 0 ? entry_at(walk->table, number) : NULL;
}

void
table_walk_start_back(struct table_walk *walk, const struct table *table, const struct ip_prefix *before)
{
	walk->table = table;
	walk->family = before != NULL ? family_of(before) : 1;
	trie_seek_back(&table->tries[walk->family], &walk->cursor,
		       before != NULL ? before->address.bytes : NULL, before != NULL ? before->length : 0);
}

void *
table_previous(struct table_walk *walk)
{
	uint32_t number = trie_previous(&walk->table->tries[walk->family], &walk->cursor);

	if (number == 0 && walk->family == 1) {
		walk->family = 0;
		trie_seek_back(&walk->table->tries[0], &walk->cursor, NULL, 0);
		number = trie_previous(&walk->table->tries[0], &walk->cursor);
	}
	return number != 0 ? entry_at(walk->table, number) : NULL;
}
