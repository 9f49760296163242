// SPDX-License-Identifier: GPL-2.0-or-later
/* What happened to prefixes: between whole speakers in words, and by itself what is kept of how many. */
#include "core/bgp/chronicle_internal.h"

#include "tests/unit/bgp/nodes.h"

/* "text | text | ", the newest first; times are left out. */
struct told {
	unsigned count;
	char text[4000];
};

static bool
tell(void *context, const struct bgp_record *record)
{
	struct told *told = context;
	size_t used = strlen(told->text);

	assert_true(record->at <= clock_monotonic() + USEC_PER_SEC);
	snprintf(told->text + used, sizeof(told->text) - used, "%s%s", told->count++ != 0 ? " | " : "",
		 record->text);
	return true;
}

static const char *
story(struct bgp_speaker *speaker, const char *of)
{
	static struct told told;
	struct ip_prefix p = prefix(of);

	told = (struct told){0};
	bgp_walk_prefix_history(speaker, &p, tell, &told);
	return told.text;
}

static void
the_story_of_a_prefix_names_peers_causes_and_steps(void **state)
{
	struct node near, left, right;
	struct bgp_peer *at_near[2], *at_left, *at_right;
	struct bgp_peer_config config;

	(void)state;
	node_open(&near, 1, 65000);
	node_open(&left, 2, 65001);
	node_open(&right, 3, 65002);
	originate(&left, "10.1.0.0/16");
	config = peer_config("left", &near, &left);
	config.local_preference = 200;
	at_near[0] = add(&near, &config);
	at_near[1] = add_simple(&near, "right", &right);
	at_left = add_simple(&left, "near", &near);
	at_right = add_simple(&right, "near", &near);
	WAIT_UNTIL(is_up(at_near[0]) && is_up(at_near[1]) && is_up(at_right) &&
		   has_route(&near, "10.1.0.0/16"));
	assert_string_equal(
	    story(near.speaker, "10.1.0.0/16"),
	    "announced by left (preference 200, AS path of 1 from AS 65001); best (the only path)");
	originate(&right, "10.1.0.0/16");
	WAIT_UNTIL(status_of(at_near[1]).received == 1);
	assert_non_null(
	    strstr(story(near.speaker, "10.1.0.0/16"),
		   "announced by right (preference 100, AS path of 1 from AS 65002); best stays by "
		   "left (local preference) | announced by left"));
	bgp_network_remove(left.speaker, &(struct ip_prefix){prefix("10.1.0.0/16").address, 16});
	WAIT_UNTIL(status_of(at_near[0]).received == 0);
	assert_ptr_equal(strstr(story(near.speaker, "10.1.0.0/16"),
				"withdrawn by left; best is by right now (the only path), before by left | "),
			 story(near.speaker, "10.1.0.0/16"));
	bgp_peer_shutdown(at_near[1], NULL);
	WAIT_UNTIL(!has_route(&near, "10.1.0.0/16"));
	WAIT_UNTIL(strncmp(story(near.speaker, "10.1.0.0/16"), "the session of right ended; ", 28) == 0);
	assert_non_null(strstr(story(near.speaker, "10.1.0.0/16"),
			       "no path is left, before by right | withdrawn by "
			       "left"));
	assert_string_equal(story(near.speaker, "10.2.0.0/16"), "");
	assert_true(is_up(at_left));
	close_node(&near);
	close_node(&left);
	close_node(&right);
}

static void
other_rules_and_preferences_are_named_as_the_cause(void **state)
{
	struct node near, far, other;
	struct bgp_peer *peer, *second;
	struct policy *deny = policy_new();
	const char *text;

	(void)state;
	node_open(&near, 1, 65000);
	node_open(&far, 2, 65001);
	node_open(&other, 3, 65002);
	originate(&far, "10.1.0.0/16");
	originate(&other, "10.1.0.0/16");
	peer = add_simple(&near, "far", &far);
	second = add_simple(&near, "other", &other);
	add_simple(&far, "near", &near);
	add_simple(&other, "near", &near);
	WAIT_UNTIL(status_of(peer).received == 1 && status_of(second).received == 1);
	bgp_peer_set_preference(second, 300);
	WAIT_UNTIL(
	    strncmp(story(near.speaker, "10.1.0.0/16"),
		    "another preference of other; best is by other now (local preference), before by far",
		    80) == 0);
	policy_add(deny)->action = POLICY_DENY;
	policy_seal(deny);
	bgp_peer_set_policy(second, deny, NULL);
	policy_release(deny);
	WAIT_UNTIL(status_of(second).accepted == 0);
	text = story(near.speaker, "10.1.0.0/16");
	assert_ptr_equal(strstr(text,
				"other rules for other, not accepted: a rule of import denies it; best is by "
				"far now (the only path), before by other"),
			 text);
	close_node(&near);
	close_node(&far);
	close_node(&other);
}

/* --- what is kept ------------------------------------------------------------------------------ */

struct book {
	struct attribute_table table;
	struct rib rib;
	struct chronicle *chronicle;
	struct bgp_attributes *attributes;
	struct bgp_speaker speaker; /* of which nothing but these is looked at */
};

static void
open_book(struct book *book)
{
	struct attribute_set set = {.present = HAS_ORIGIN | HAS_AS_PATH};

	*book = (struct book){0};
	attribute_table_init(&book->table);
	rib_init(&book->rib, AF_INET, &book->table);
	book->attributes = attributes_intern(&book->table, &set);
	book->chronicle = book->rib.chronicle = book->speaker.chronicle = chronicle_new();
	chronicle_tick(book->chronicle, clock_monotonic());
}

static void
close_book(struct book *book)
{
	attributes_release(&book->table, book->attributes);
	rib_free(&book->rib);
	attribute_table_free(&book->table);
	chronicle_free(book->chronicle);
}

static uint16_t
new_peer(struct book *book, const char *name)
{
	uint16_t peer = rib_peer_take(&book->rib);

	chronicle_name(book->chronicle, peer, name);
	return peer;
}

/* 10.0.0.0/24 and those that follow it. */
static void
announce(struct book *book, uint16_t peer, uint32_t from, uint32_t count)
{
	for (uint32_t i = from; i < from + count; i++)
		rib_announce(&book->rib, peer,
			     (uint8_t[]){10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i}, 32,
			     book->attributes, PATH_USABLE);
}

static void
pass(struct book *book, usec_t span)
{
	static usec_t later;

	later += span;
	chronicle_tick(book->chronicle, clock_monotonic() + later);
}

struct counts {
	unsigned all, masses, named;
	uint64_t last, count, kept;
	const char *name;
	char mass[300];
};

static bool
count(void *context, const struct bgp_record *record)
{
	struct counts *counts = context;

	assert_true(counts->last == 0 || record->number > counts->last);
	counts->last = record->number;
	counts->all++;
	counts->named +=
	    record->peer != NULL && counts->name != NULL && strcmp(record->peer, counts->name) == 0;
	if (record->prefix.address.family == 0) {
		counts->masses++;
		counts->count = record->count;
		counts->kept = record->kept;
		snprintf(counts->mass, sizeof(counts->mass), "%s", record->text);
	}
	return true;
}

static void
a_large_table_does_not_wash_out_single_changes(void **state)
{
	struct book book;
	struct bgp_record_span span;
	struct counts counts = {0};
	uint16_t one, table;

	(void)state;
	open_book(&book);
	one = new_peer(&book, "one");
	table = new_peer(&book, "table");
	announce(&book, one, 0, 3);
	chronicle_table_begins(&book.rib, table);
	announce(&book, table, 0, 200000);
	rib_withdraw(&book.rib, one, (uint8_t[]){10, 0, 0, 1}, 32);
	bgp_walk_history(&book.speaker, 0, false, count, &counts);
	assert_int_equal(counts.masses, 1);
	assert_int_equal(counts.count, 200000);
	assert_int_equal(counts.kept, CHRONICLE_MASS_KEPT);
	assert_int_equal(counts.all, 3 + 1 + CHRONICLE_MASS_KEPT + 1);
	assert_non_null(strstr(counts.mass, "200000 changes by table, in 0.0 s; 4096 of them have a record"));
	bgp_history_span(&book.speaker, &span);
	assert_true(span.singles == book.chronicle->opened);
	assert_true(span.masses >= span.singles);
	/* What it tells once its table is through is single again. */
	chronicle_table_ends(&book.rib, table);
	announce(&book, table, 300000, 5);
	assert_int_equal(book.chronicle->single.count, 3 + 1 + 5);
	close_book(&book);
}

static void
a_flood_of_single_changes_is_counted_as_a_mass(void **state)
{
	struct book book;
	uint16_t one;
	struct counts counts = {0};
	struct bgp_record_span span;

	(void)state;
	open_book(&book);
	one = new_peer(&book, "one");
	announce(&book, one, 0, CHRONICLE_SINGLE_MOST + 10000);
	assert_int_equal(book.chronicle->single.count, CHRONICLE_SINGLE_MOST);
	assert_int_equal(book.chronicle->mass.count, CHRONICLE_MASS_KEPT);
	/* Later there is room again; and the rings have an end. */
	for (unsigned i = 0; i < 10; i++) {
		pass(&book, CHRONICLE_WINDOW + USEC_PER_SEC);
		announce(&book, one, 100000 + i * 100000, CHRONICLE_SINGLE_MOST);
	}
	assert_int_equal(book.chronicle->single.count, 11 * CHRONICLE_SINGLE_MOST);
	bgp_walk_history(&book.speaker, 0, false, count, &counts);
	assert_int_equal(counts.all, CHRONICLE_RING + CHRONICLE_MASS_KEPT + 1);
	bgp_history_span(&book.speaker, &span);
	assert_true(span.singles > book.chronicle->opened + 60 * USEC_PER_SEC);
	assert_true(book.chronicle->single.entries.bytes + book.chronicle->mass.entries.bytes <=
		    2 * 1024 * 1024);
	close_book(&book);
}

static void
pages_of_it_fit_together_in_both_directions(void **state)
{
	struct book book;
	struct counts counts = {0};
	struct told told = {0};
	uint16_t one;

	(void)state;
	open_book(&book);
	one = new_peer(&book, "one");
	announce(&book, one, 0, 10);
	bgp_walk_history(&book.speaker, 7, false, count, &counts);
	assert_int_equal(counts.all, 3);
	bgp_walk_history(&book.speaker, 4, true, tell, &told);
	assert_int_equal(told.count, 3);
	close_book(&book);
}

static void
records_keep_the_name_of_a_peer_that_is_gone(void **state)
{
	struct book book;
	struct counts counts = {.name = "first"};
	uint16_t peer;

	(void)state;
	open_book(&book);
	peer = new_peer(&book, "first");
	announce(&book, peer, 0, 2);
	rib_peer_down(&book.rib, peer);
	rib_work(&book.rib, INT64_MAX);
	rib_peer_give(&book.rib, peer);
	assert_int_equal(new_peer(&book, "second"), peer);
	announce(&book, peer, 5, 1);
	/* More names than there is room for: those that nobody needs go. */
	for (unsigned i = 0; i < 9000; i++) {
		char name[32];

		snprintf(name, sizeof(name), "comes-and-goes-%u", i);
		chronicle_name(book.chronicle, (uint16_t)(peer + 1), name);
	}
	bgp_walk_history(&book.speaker, 0, false, count, &counts);
	assert_int_equal(counts.all, 2 + 2 + 1); /* told, swept, told */
	assert_int_equal(counts.named, 4);
	assert_string_equal(chronicle_name_of(book.chronicle, chronicle_number(book.chronicle, peer)),
			    "second");
	assert_string_equal(
	    chronicle_name_of(book.chronicle, chronicle_number(book.chronicle, (uint16_t)(peer + 1))),
	    "comes-and-goes-8999");
	assert_true(book.chronicle->names.bytes < 200 * 1024);
	close_book(&book);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(the_story_of_a_prefix_names_peers_causes_and_steps),
	    TEST(other_rules_and_preferences_are_named_as_the_cause),
	    TEST(a_large_table_does_not_wash_out_single_changes),
	    TEST(a_flood_of_single_changes_is_counted_as_a_mass),
	    TEST(pages_of_it_fit_together_in_both_directions),
	    TEST(records_keep_the_name_of_a_peer_that_is_gone),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
