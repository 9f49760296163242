// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of prefixes, compared with a sorted array that does the same the slow way. */
#include "tests/unit/test.h"

#include "core/base/text.h"
#include "core/routing/table.h"

#define MANY 3000

struct item {
	struct table_node node;
	unsigned value;
};

static unsigned seed = 1;

static unsigned
roll(void)
{
	seed = seed * 1103515245 + 12345;
	return seed >> 8 & 0xffffff;
}

/* Prefixes that often cover one another and share long beginnings. */
static struct ip_prefix
random_prefix(void)
{
	struct ip_prefix prefix = {0};
	bool six = roll() % 3 == 0;

	prefix.address.family = six ? AF_INET6 : AF_INET;
	for (unsigned i = 0; i < (six ? 16u : 4u); i++)
		prefix.address.bytes[i] = (uint8_t)(roll() % 4 == 0 ? roll() : i < 2 ? 10 : 0);
	prefix.length = (uint8_t)(roll() % (six ? 129 : 33));
	return ip_prefix_network(&prefix);
}

static int
compare(const void *a, const void *b)
{
	return ip_prefix_compare(a, b);
}

static struct ip_prefix
parse(const char *text)
{
	struct ip_prefix prefix;

	assert_true(ip_prefix_parse(text, &prefix));
	return prefix;
}

struct model {
	struct ip_prefix prefixes[MANY];
	size_t count;
};

static size_t
model_find(const struct model *model, const struct ip_prefix *prefix)
{
	for (size_t i = 0; i < model->count; i++)
		if (ip_prefix_equal(&model->prefixes[i], prefix))
			return i;
	return model->count;
}

static void
check_order(const struct table *table, struct model *model)
{
	struct table_walk walk;
	struct item *item;

	qsort(model->prefixes, model->count, sizeof(model->prefixes[0]), compare);
	table_walk_start(&walk, table, NULL);
	for (size_t i = 0; i < model->count; i++) {
		item = table_next(&walk);
		assert_non_null(item);
		assert_true(ip_prefix_equal(&item->node.prefix, &model->prefixes[i]));
	}
	assert_null(table_next(&walk));
	table_walk_start_back(&walk, table, NULL);
	for (size_t i = model->count; i-- > 0;) {
		item = table_previous(&walk);
		assert_non_null(item);
		assert_true(ip_prefix_equal(&item->node.prefix, &model->prefixes[i]));
	}
	assert_null(table_previous(&walk));
	assert_int_equal(table->count, model->count);
}

static void
check_resume(const struct table *table, const struct model *model)
{
	for (unsigned i = 0; i < 200; i++) {
		struct ip_prefix after = random_prefix();
		struct table_walk walk;
		struct item *item;
		size_t next = 0;

		while (next < model->count && ip_prefix_compare(&model->prefixes[next], &after) <= 0)
			next++;
		table_walk_start_back(&walk, table, &after);
		for (size_t left = next; left-- > 0;) {
			if (ip_prefix_equal(&model->prefixes[left], &after))
				continue;
			item = table_previous(&walk);
			assert_non_null(item);
			assert_true(ip_prefix_equal(&item->node.prefix, &model->prefixes[left]));
			break;
		}
		table_walk_start(&walk, table, &after);
		item = table_next(&walk);
		if (next == model->count) {
			assert_null(item);
			continue;
		}
		assert_non_null(item);
		assert_true(ip_prefix_equal(&item->node.prefix, &model->prefixes[next]));
	}
}

static bool
count_cover(void *context, void *entry)
{
	struct ip_prefix *last = context;
	struct item *item = entry;

	assert_true(last->address.family == AF_UNSPEC || ip_prefix_covers(last, &item->node.prefix));
	*last = item->node.prefix;
	return true;
}

static void
check_match(const struct table *table, const struct model *model)
{
	for (unsigned i = 0; i < 200; i++) {
		struct ip_prefix host = random_prefix(), best = {0}, got = {0};

		host.length = (uint8_t)ip_family_bits(host.address.family);
		for (size_t j = 0; j < model->count; j++)
			if (ip_prefix_contains(&model->prefixes[j], &host.address) &&
			    (best.address.family == AF_UNSPEC || model->prefixes[j].length > best.length))
				best = model->prefixes[j];
		table_cover(table, &host, count_cover, &got);
		assert_true(ip_prefix_equal(&best, &got));
	}
}

static void
agrees_with_a_sorted_array_through_random_changes(void **state)
{
	struct table table;
	static struct model model;

	routing_table_open(&table, sizeof(struct item));
	for (unsigned round = 0; round < 8; round++) {
		for (unsigned i = 0; i < 600; i++) {
			struct ip_prefix prefix = random_prefix();
			size_t at = model_find(&model, &prefix);

			if (roll() % 3 != 0 && model.count < MANY) {
				struct item *item = table_insert(&table, &prefix);

				if (at == model.count) {
					assert_int_equal(item->value, 0);
					item->value = 7;
					model.prefixes[model.count++] = prefix;
				}
				assert_int_equal(item->value, 7);
			} else if (at < model.count) {
				table_remove(&table, &prefix);
				model.prefixes[at] = model.prefixes[--model.count];
				assert_null(table_find(&table, &prefix));
			} else if (model.count > 0) {
				at = roll() % model.count;
				table_remove(&table, &model.prefixes[at]);
				model.prefixes[at] = model.prefixes[--model.count];
			}
		}
		check_order(&table, &model);
		check_resume(&table, &model);
		check_match(&table, &model);
	}
	while (model.count > 0)
		table_remove(&table, &model.prefixes[--model.count]);
	assert_int_equal(table.count, 0);
	assert_int_equal(table.tries[0].count, 0);
	assert_int_equal(table.tries[1].count, 0);
	routing_table_close(&table);
}

static void
finds_only_the_very_prefix(void **state)
{
	struct table table;
	struct ip_prefix eight = parse("10.0.0.0/8"), nine = parse("10.0.0.0/9"),
			 none = parse("10.64.0.0/10");

	routing_table_open(&table, sizeof(struct item));
	table_insert(&table, &eight);
	table_insert(&table, &none);
	assert_null(table_find(&table, &nine));
	assert_non_null(table_find(&table, &eight));
	table_remove(&table, &nine); /* not there: nothing happens */
	assert_int_equal(table.count, 2);
	routing_table_close(&table);
}

TEST_MAIN(cmocka_unit_test(agrees_with_a_sorted_array_through_random_changes),
	  cmocka_unit_test(finds_only_the_very_prefix))
