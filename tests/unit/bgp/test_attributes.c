// SPDX-License-Identifier: GPL-2.0-or-later
/* What each fault of a path attribute leads to, as RFC 7606 has it, and that what is fine comes through
 * unharmed. */
#include "core/bgp/attributes_internal.h"
#include "tests/unit/test.h"

#define ORIGIN "40010100"
#define PATH "4002060201000100e9" /* 65769 */
#define HOP "4003040a000001"
#define FINE ORIGIN PATH HOP

static size_t
hex(const char *text, uint8_t *out)
{
	size_t count = 0;
	unsigned value;

	for (; sscanf(text, "%2x", &value) == 1; text += 2)
		out[count++] = (uint8_t)value;
	return count;
}

static enum update_reaction
read_hex(const char *text, bool ebgp, bool four, bool reachable, struct attribute_set *set,
	 struct bgp_error *error)
{
	static uint8_t bytes[BGP_MESSAGE_MOST];
	struct attribute_context context = {.ebgp = ebgp, .four_octet = four};

	*error = (struct bgp_error){0};
	return attributes_read(reader_over(bytes, hex(text, bytes)), &context, reachable, set, error);
}

enum { FROM_INTERNAL = 1, TWO_OCTETS = 2, NO_PREFIXES = 4 };

static const struct {
	const char *what, *attributes;
	enum update_reaction want;
	unsigned how;
	uint8_t subcode;
} cases[] = {
    {"all that is needed", FINE, UPDATE_FINE, 0, 0},
    {"in another order", HOP PATH ORIGIN, UPDATE_FINE, 0, 0},
    {"an extended length", ORIGIN "50020006020100010001" HOP, UPDATE_FINE, 0, 0},
    {"no ORIGIN", PATH HOP, UPDATE_AS_WITHDRAW, 0, 0},
    {"no AS_PATH", ORIGIN HOP, UPDATE_AS_WITHDRAW, 0, 0},
    {"no NEXT_HOP", ORIGIN PATH, UPDATE_AS_WITHDRAW, 0, 0},
    {"nothing at all", "", UPDATE_AS_WITHDRAW, 0, 0},
    {"ORIGIN 3", "40010103" PATH HOP, UPDATE_AS_WITHDRAW, 0, 0},
    {"ORIGIN of two octets", "4001020000" PATH HOP, UPDATE_AS_WITHDRAW, 0, 0},
    {"ORIGIN of no octets", "400100" PATH HOP, UPDATE_AS_WITHDRAW, 0, 0},
    {"ORIGIN that says optional", "c0010100" PATH HOP, UPDATE_AS_WITHDRAW, 0, 0},
    {"ORIGIN that says not transitive", "00010100" PATH HOP, UPDATE_AS_WITHDRAW, 0, 0},
    {"ORIGIN twice", ORIGIN ORIGIN PATH HOP, UPDATE_DISCARDED_ATTRIBUTE, 0, 0},
    {"an empty path", ORIGIN "400200" HOP, UPDATE_FINE, FROM_INTERNAL, 0},
    {"a path with AS 0", ORIGIN "400206020100000000" HOP, UPDATE_AS_WITHDRAW, 0, 0},
    {"a path segment of no AS", ORIGIN "4002020200" HOP, UPDATE_AS_WITHDRAW, 0, 0},
    {"a path segment of type 9", ORIGIN "400206090100010001" HOP, UPDATE_AS_WITHDRAW, 0, 0},
    {"a confederation's segment", ORIGIN "400206030100010001" HOP, UPDATE_AS_WITHDRAW, 0, 0},
    {"a path segment beyond its end", ORIGIN "400206020200010001" HOP, UPDATE_AS_WITHDRAW, 0, 0},
    {"a path with an octet left", ORIGIN "40020702010001000102" HOP, UPDATE_AS_WITHDRAW, 0, 0},
    {"a two-octet path", ORIGIN "4002040201fde9" HOP, UPDATE_FINE, TWO_OCTETS, 0},
    {"a two-octet path with AS 0", ORIGIN "40020402010000" HOP, UPDATE_AS_WITHDRAW, TWO_OCTETS, 0},
    {"a two-octet path from a four-octet speaker", ORIGIN "4002040201fde9" HOP, UPDATE_AS_WITHDRAW, 0, 0},
    {"NEXT_HOP of three octets", ORIGIN PATH "4003030a0000", UPDATE_AS_WITHDRAW, 0, 0},
    {"NEXT_HOP of sixteen", ORIGIN PATH "40031020010db8000000000000000000000001", UPDATE_AS_WITHDRAW, 0, 0},
    {"MED", FINE "80040400000064", UPDATE_FINE, 0, 0},
    {"MED of three octets", FINE "800403000064", UPDATE_AS_WITHDRAW, 0, 0},
    {"MED that says transitive", FINE "c0040400000064", UPDATE_AS_WITHDRAW, 0, 0},
    {"LOCAL_PREF from inside", FINE "40050400000064", UPDATE_FINE, FROM_INTERNAL, 0},
    {"LOCAL_PREF of two octets from inside", FINE "4005020064", UPDATE_AS_WITHDRAW, FROM_INTERNAL, 0},
    {"LOCAL_PREF from outside", FINE "40050400000064", UPDATE_DISCARDED_ATTRIBUTE, 0, 0},
    {"LOCAL_PREF of two octets from outside", FINE "4005020064", UPDATE_DISCARDED_ATTRIBUTE, 0, 0},
    {"ATOMIC_AGGREGATE", FINE "400600", UPDATE_FINE, 0, 0},
    {"ATOMIC_AGGREGATE of one octet", FINE "40060100", UPDATE_DISCARDED_ATTRIBUTE, 0, 0},
    {"AGGREGATOR", FINE "c00708000100010a000001", UPDATE_FINE, 0, 0},
    {"AGGREGATOR of six octets", FINE "c0070600010a000001", UPDATE_DISCARDED_ATTRIBUTE, 0, 0},
    {"AGGREGATOR of AS 0", FINE "c00708000000000a000001", UPDATE_DISCARDED_ATTRIBUTE, 0, 0},
    {"AGGREGATOR that says well-known", FINE "400708000100010a000001", UPDATE_AS_WITHDRAW, 0, 0},
    {"COMMUNITIES", FINE "c00804fde90001", UPDATE_FINE, 0, 0},
    {"COMMUNITIES of no octets", FINE "c00800", UPDATE_AS_WITHDRAW, 0, 0},
    {"COMMUNITIES of five", FINE "c00805fde9000100", UPDATE_AS_WITHDRAW, 0, 0},
    {"COMMUNITIES that say not transitive", FINE "800804fde90001", UPDATE_AS_WITHDRAW, 0, 0},
    {"ORIGINATOR_ID from outside", FINE "8009040a000001", UPDATE_DISCARDED_ATTRIBUTE, 0, 0},
    {"ORIGINATOR_ID from inside", FINE "8009040a000001", UPDATE_FINE, FROM_INTERNAL, 0},
    {"ORIGINATOR_ID of five octets from inside", FINE "8009050a00000100", UPDATE_AS_WITHDRAW, FROM_INTERNAL,
     0},
    {"CLUSTER_LIST from outside", FINE "800a0400000001", UPDATE_DISCARDED_ATTRIBUTE, 0, 0},
    {"CLUSTER_LIST of no octets from inside", FINE "800a00", UPDATE_AS_WITHDRAW, FROM_INTERNAL, 0},
    {"CLUSTER_LIST of six from inside", FINE "800a06000000010000", UPDATE_AS_WITHDRAW, FROM_INTERNAL, 0},
    {"extended communities", FINE "c010080002fde900000001", UPDATE_FINE, 0, 0},
    {"extended communities of seven octets", FINE "c010070002fde9000000", UPDATE_AS_WITHDRAW, 0, 0},
    {"an IPv6 address's communities", FINE "c01914000220010db80000000000000000000000010001", UPDATE_FINE, 0,
     0},
    {"an IPv6 address's communities of eight octets", FINE "c019080002fde900000001", UPDATE_AS_WITHDRAW, 0,
     0},
    {"large communities", FINE "c0200c000100010000000100000002", UPDATE_FINE, 0, 0},
    {"large communities of eleven octets", FINE "c0200b0001000100000001000000", UPDATE_AS_WITHDRAW, 0, 0},
    {"large communities of no octets", FINE "c02000", UPDATE_AS_WITHDRAW, 0, 0},
    {"AS4_PATH from a four-octet speaker", FINE "c011060201000100e9", UPDATE_FINE, 0, 0},
    {"AS4_PATH with AS 0", ORIGIN "4002040201fde9" HOP "c01106020100000000", UPDATE_DISCARDED_ATTRIBUTE,
     TWO_OCTETS, 0},
    {"AS4_PATH cut short", ORIGIN "4002040201fde9" HOP "c01105020100010000", UPDATE_AS_WITHDRAW, TWO_OCTETS,
     0},
    {"AS4_AGGREGATOR of seven octets", ORIGIN "4002040201fde9" HOP "c01207000100010a0000",
     UPDATE_DISCARDED_ATTRIBUTE, TWO_OCTETS, 0},
    {"an unknown optional transitive one", FINE "c06302abcd", UPDATE_FINE, 0, 0},
    {"an unknown optional one", FINE "806302abcd", UPDATE_FINE, 0, 0},
    {"an unknown well-known one", FINE "406302abcd", UPDATE_RESET, 0, UPDATE_UNKNOWN_WELL_KNOWN},
    {"an attribute beyond the section", FINE "c06309abcd", UPDATE_AS_WITHDRAW, 0, 0},
    {"half a header", FINE "c0", UPDATE_AS_WITHDRAW, 0, 0},
    {"half an extended length", FINE "d06300", UPDATE_AS_WITHDRAW, 0, 0},
    {"MP_REACH of IPv6 with half a prefix",
     FINE "800e1a0002011020010db800000000000000000000000100"
	  "4020010db8",
     UPDATE_RESET, 0, UPDATE_OPTIONAL_ERROR},
    {"MP_REACH beyond the section", FINE "800e1e0002011020010db8", UPDATE_RESET, 0, UPDATE_OPTIONAL_ERROR},
    {"MP_REACH of IPv6 that fits",
     FINE "800e1a0002011020010db800000000000000000000000100"
	  "2020010db8",
     UPDATE_FINE, 0, 0},
    {"MP_REACH with a prefix too long",
     FINE "800e160002011020010db800000000000000000000000100"
	  "81",
     UPDATE_RESET, 0, UPDATE_OPTIONAL_ERROR},
    {"MP_REACH with a next hop of five octets", FINE "800e0a00020105200100000000", UPDATE_RESET, 0,
     UPDATE_OPTIONAL_ERROR},
    {"MP_REACH cut short", FINE "800e03000201", UPDATE_RESET, 0, UPDATE_OPTIONAL_ERROR},
    {"MP_REACH of a family that nobody knows", FINE "800e0b001904040a000001000102", UPDATE_FINE, 0, 0},
    {"MP_UNREACH beyond the section", "800f080002012020010d", UPDATE_RESET, NO_PREFIXES,
     UPDATE_OPTIONAL_ERROR},
    {"MP_UNREACH of IPv6 that fits", "800f080002012020010db8", UPDATE_FINE, NO_PREFIXES, 0},
    {"MP_UNREACH cut short", "800f020002", UPDATE_RESET, NO_PREFIXES, UPDATE_OPTIONAL_ERROR},
    {"MP_UNREACH of no octets", "800f00", UPDATE_RESET, NO_PREFIXES, UPDATE_OPTIONAL_ERROR},
    {"MP_UNREACH with half a prefix", "800f050002012020", UPDATE_RESET, NO_PREFIXES, UPDATE_OPTIONAL_ERROR},
    {"MP_UNREACH twice", "800f03000201800f03000201", UPDATE_RESET, NO_PREFIXES, UPDATE_MALFORMED_LIST},
    {"MP_UNREACH with wrong flags", "c00f03000201", UPDATE_AS_WITHDRAW, NO_PREFIXES, 0},
    {"attributes without prefixes", FINE, UPDATE_FINE, NO_PREFIXES, 0},
    {"malformed attributes without prefixes", "40010109" PATH HOP, UPDATE_RESET, NO_PREFIXES,
     UPDATE_MALFORMED_LIST},
    {"two faults: the severer one counts", "40010103" PATH HOP "406302abcd", UPDATE_RESET, 0,
     UPDATE_UNKNOWN_WELL_KNOWN},
};

static void
faults_are_answered_as_rfc_7606_says(void **state)
{
	static struct attribute_set set;
	struct bgp_error error;
	int wrong = 0;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		enum update_reaction got =
		    read_hex(cases[i].attributes, !(cases[i].how & FROM_INTERNAL),
			     !(cases[i].how & TWO_OCTETS), !(cases[i].how & NO_PREFIXES), &set, &error);

		if (got == cases[i].want && (got != UPDATE_RESET || (error.code == BGP_ERROR_UPDATE &&
								     error.subcode == cases[i].subcode)))
			continue;
		print_error("%s: reaction %d (want %d), %u/%u, %s\n", cases[i].what, got, cases[i].want,
			    error.code, error.subcode, error.detail);
		wrong++;
	}
	assert_int_equal(wrong, 0);
}

static void
the_lengths_of_an_update_are_checked(void **state)
{
	static const struct {
		const char *body;
		bool ok;
		uint8_t subcode;
	} updates[] = {
	    {"00000000", true, 0},
	    {"0003100a000000", true, 0},
	    {"0002100a0000", false, UPDATE_MALFORMED_LIST},
	    {"0004100a0000", false, UPDATE_MALFORMED_LIST},
	    {"ffff0000", false, UPDATE_MALFORMED_LIST},
	    {"0000ffff", false, UPDATE_MALFORMED_LIST},
	    {"00000000210a000000", false, UPDATE_BAD_NETWORK},
	    {"00000000180a00", false, UPDATE_BAD_NETWORK},
	};
	struct bgp_error error;
	struct update update;
	uint8_t bytes[64];

	for (size_t i = 0; i < sizeof(updates) / sizeof(*updates); i++) {
		struct reader body = reader_over(bytes, hex(updates[i].body, bytes));

		print_message("case %s\n", updates[i].body);
		assert_int_equal(update_split(body, false, &update, &error), updates[i].ok);
		if (!updates[i].ok)
			assert_int_equal(error.subcode, updates[i].subcode);
	}
}

static void
collect(void *context, const char *text)
{
	strcat(context, text);
	strcat(context, " ");
}

/* Attributes as text, by way of the interned form. */
static const char *
path_text(const struct attribute_set *set)
{
	static char text[512];
	struct bgp_attributes *attributes = attributes_copy(set);

	text[0] = '\0';
	bgp_attributes_as_path(attributes, collect, text);
	free(attributes);
	return text;
}

static void
an_old_speakers_path_is_made_whole(void **state)
{
	static struct attribute_set set;
	struct bgp_error error;

	/* 65001 AS_TRANS AS_TRANS with AS4_PATH of the last two. */
	assert_int_equal(read_hex(ORIGIN "4002080203fde95ba05ba0" HOP "c0110a02020001000000010001", true,
				  false, true, &set, &error),
			 UPDATE_FINE);
	assert_string_equal(path_text(&set), "65001 65536 65537 ");
	/* One segment, as a new speaker would have it. */
	assert_int_equal(set.as_path_length, 14);
	/* A confederation's segment is left out, a set stays one of its own. */
	assert_int_equal(read_hex(ORIGIN "40020c0202fde95ba001025ba05ba0" HOP "c01116"
					 "03010000ffff"
					 "020100010000"
					 "01020001000100010002",
				  true, false, true, &set, &error),
			 UPDATE_FINE);
	assert_int_equal(set.as_path_length, 20);
	/* An AS4_PATH that is longer than the path is ignored. */
	assert_int_equal(read_hex(ORIGIN "40020402015ba0" HOP "c0110a02020001000000010001", true, false, true,
				  &set, &error),
			 UPDATE_FINE);
	assert_string_equal(path_text(&set), "23456 ");
	/* An old speaker has aggregated since: AGGREGATOR without AS_TRANS makes both new attributes stale.
	 */
	assert_int_equal(read_hex(ORIGIN "4002060202fde95ba0" HOP "c00706fde90a000001"
					 "c0110602010001000"
					 "0c01208000100010a000002",
				  true, false, true, &set, &error),
			 UPDATE_FINE);
	assert_string_equal(path_text(&set), "65001 23456 ");
	assert_int_equal(set.aggregator_as, 65001);
	assert_int_equal(read_hex(ORIGIN "4002060202fde95ba0" HOP "c007065ba00a000001"
					 "c0110602010001000"
					 "0c01208000100010a000002",
				  true, false, true, &set, &error),
			 UPDATE_FINE);
	assert_string_equal(path_text(&set), "65001 65536 ");
	assert_int_equal(set.aggregator_as, 65537);
}

/* Of so many that each is compared with each, and of so many that they are sorted. */
static void
large_communities_that_are_said_again_count_once(void **state)
{
	static const unsigned counts[] = {1, 2, 16, 17, 100};
	static struct attribute_set set;
	struct bgp_error error;

	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
		unsigned count = counts[i], seen[100] = {0};
		char text[8192];
		struct reader r;
		int length = snprintf(text, sizeof(text), "%sd020%04x", FINE, 2 * count * 12);

		for (unsigned k = 0; k < 2 * count; k++)
			length +=
			    snprintf(text + length, sizeof(text) - (size_t)length, "0000fde900000007%08x",
				     2 * count - k > count ? k : 2 * count - 1 - k);
		assert_int_equal(read_hex(text, true, true, true, &set, &error), UPDATE_FINE);
		r = attributes_other(set.others, set.others_length, ATTRIBUTE_LARGE_COMMUNITIES);
		assert_int_equal(reader_left(&r), count * 12);
		while (reader_left(&r) != 0) {
			uint32_t number;

			assert_int_equal(reader_u32(&r), 65001);
			assert_int_equal(reader_u32(&r), 7);
			number = reader_u32(&r);
			assert_true(number < count && seen[number]++ == 0);
		}
	}
}

static void
sets_stand_in_braces_and_count_as_one(void **state)
{
	static struct attribute_set set;
	struct bgp_attributes *attributes;
	struct bgp_error error;

	assert_int_equal(read_hex(ORIGIN "400210020100010001010200000001"
					 "00000002" HOP,
				  true, true, true, &set, &error),
			 UPDATE_FINE);
	assert_string_equal(path_text(&set), "65537 {1 2} ");
	attributes = attributes_copy(&set);
	assert_int_equal(attributes->path_hops, 2);
	assert_int_equal(attributes->neighbour_as, 65537);
	free(attributes);
}

static void
what_is_written_reads_the_same_for_both_kinds_of_speakers(void **state)
{
	static const char all[] = ORIGIN PATH HOP "80040400000064"
						  "400600"
						  "c00708000100010a000001"
						  "c00808fde90001ffffff01"
						  "c010080002fde900000001"
						  "c0200c000100010000000100000002"
						  "c70001ee"
						  "c06302abcd";
	static struct attribute_set set, again;
	struct attribute_table table;
	struct bgp_attributes *first, *second;
	struct bgp_error error;

	attribute_table_init(&table);
	assert_int_equal(read_hex(all, true, true, true, &set, &error), UPDATE_FINE);
	first = attributes_intern(&table, &set);
	assert_int_equal(first->community_flags, COMMUNITY_NO_EXPORT);
	for (int four = 0; four < 2; four++) {
		struct attribute_context context = {.ebgp = true, .four_octet = four};
		uint8_t bytes[512];
		struct writer w = writer_over(bytes, sizeof(bytes));

		attributes_to_set(first, &set);
		attributes_write(&w, &set, four);
		assert_false(w.failed);
		assert_int_equal(
		    attributes_read(reader_over(bytes, writer_length(&w)), &context, true, &again, &error),
		    UPDATE_FINE);
		second = attributes_intern(&table, &again);
		assert_ptr_equal(first, second);
		attributes_release(&table, second);
	}
	/* The unknown one is passed on as partial. */
	attributes_to_set(first, &set);
	assert_int_equal(set.others[set.others_length - 6], FLAG_OPTIONAL | FLAG_TRANSITIVE | FLAG_PARTIAL);
	attributes_release(&table, first);
	assert_int_equal(table.count, 0);
	attribute_table_free(&table);
}

static void
prepending_begins_a_new_segment_after_255(void **state)
{
	static struct attribute_set set;
	struct bgp_attributes *attributes;

	set = (struct attribute_set){.present = HAS_AS_PATH};
	for (uint32_t i = 1; i <= 300; i++)
		assert_true(attributes_prepend(&set, i));
	attributes = attributes_copy(&set);
	assert_int_equal(attributes->path_hops, 300);
	assert_int_equal(attributes->neighbour_as, 300);
	assert_int_equal(set.as_path[1], 45);
	assert_int_equal(attributes_path_count(attributes, 1), 1);
	assert_int_equal(attributes_path_count(attributes, 301), 0);
	free(attributes);
}

static void
equal_attributes_are_one_object_while_the_table_grows(void **state)
{
	enum { COUNT = 5000 };
	static struct bgp_attributes *all[COUNT];
	struct attribute_table table;
	struct attribute_set set = {.present = HAS_ORIGIN | HAS_MED};

	attribute_table_init(&table);
	for (uint32_t i = 0; i < COUNT; i++) {
		set.med = i;
		all[i] = attributes_intern(&table, &set);
		set.med = i / 2;
		assert_ptr_equal(attributes_intern(&table, &set), all[i / 2]);
		attributes_release(&table, all[i / 2]);
	}
	assert_int_equal(table.count, COUNT);
	for (uint32_t i = 0; i < COUNT; i++)
		attributes_release(&table, all[(i * 7919) % COUNT]);
	assert_int_equal(table.count, 0);
	attribute_table_free(&table);
}

TEST_MAIN(cmocka_unit_test(faults_are_answered_as_rfc_7606_says),
	  cmocka_unit_test(the_lengths_of_an_update_are_checked),
	  cmocka_unit_test(an_old_speakers_path_is_made_whole),
	  cmocka_unit_test(large_communities_that_are_said_again_count_once),
	  cmocka_unit_test(sets_stand_in_braces_and_count_as_one),
	  cmocka_unit_test(what_is_written_reads_the_same_for_both_kinds_of_speakers),
	  cmocka_unit_test(prepending_begins_a_new_segment_after_255),
	  cmocka_unit_test(equal_attributes_are_one_object_while_the_table_grows))
