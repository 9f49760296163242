// SPDX-License-Identifier: GPL-2.0-or-later
/* Aggregates: against an implementation that walks the table each time, and between whole speakers. */
#include "core/bgp/origin_internal.h"
#include "tests/unit/bgp/nodes.h"

enum { PEERS = 3, PREFIXES = 40, AGGREGATES = 7 };

static uint32_t seed = 11;

static uint32_t
number(uint32_t below)
{
	seed = seed * 1664525u + 1013904223u;
	return (uint32_t)((uint64_t)seed * below >> 32);
}

static const char *const texts[AGGREGATES] = {"10.0.0.0/8", "10.0.0.0/14",   "10.2.0.0/16",    "10.2.0.0/17",
					      "0.0.0.0/0",  "2001:db8::/32", "2001:db8:2::/48"};

/* Something within 10.0.0.0/13, or within 2001:db8::/45; the aggregates' own prefixes among it. */
static struct ip_prefix
some_prefix(void)
{
	struct ip_prefix p = prefix(number(4) != 0 ? "10.0.0.0/32" : "2001:db8::/64");
	unsigned at = p.address.family == AF_INET ? 1 : 5;

	p.address.bytes[at] = (uint8_t)number(8);
	p.address.bytes[at + 1] = (uint8_t)(number(2) * 128);
	p.length = (uint8_t)(p.address.family == AF_INET ? 8 + number(17) : 32 + number(33));
	return ip_prefix_network(&p);
}

static struct bgp_attributes *
some_attributes(struct bgp_speaker *speaker)
{
	struct attribute_set set;
	uint8_t path[64], communities[16], others[64];
	struct writer w = writer_over(path, sizeof(path)), c = writer_over(communities, sizeof(communities)),
		      o = writer_over(others, sizeof(others));
	unsigned hops = number(4), more = number(4) == 0 ? 2 : 0;

	memset(&set, 0, sizeof(set));
	set.present = HAS_ORIGIN | HAS_AS_PATH | (number(8) == 0 ? HAS_ATOMIC : 0);
	set.origin = (uint8_t)number(3);
	if (hops != 0) {
		writer_u8(&w, SEGMENT_SEQUENCE);
		writer_u8(&w, (uint8_t)hops);
		for (unsigned i = 0; i < hops; i++)
			writer_u32(&w, 1 + number(i == 0 ? 2 : 4));
	}
	if (more != 0) {
		writer_u8(&w, SEGMENT_SET);
		writer_u8(&w, (uint8_t)more);
		for (unsigned i = 0; i < more; i++)
			writer_u32(&w, 6 + number(3));
	}
	for (unsigned i = number(3); i != 0; i--)
		writer_u32(&c, 0xfde80000u + number(4));
	if (number(6) == 0)
		writer_u32(&c, number(2) != 0 ? 0xffffff02u : GRACEFUL_SHUTDOWN); /* no-advertise */
	if (number(3) == 0) {
		writer_u32(&o, 0xc0100008); /* a route target, say */
		writer_u32(&o, 0x00020000 + number(2));
		writer_u32(&o, number(2));
	}
	if (number(3) == 0) {
		writer_u32(&o, 0xc020000c);
		for (unsigned i = 0; i < 3; i++)
			writer_u32(&o, number(2));
	}
	set.others = others;
	set.others_length = writer_length(&o);
	set.as_path = path;
	set.as_path_length = writer_length(&w);
	set.communities = communities;
	set.communities_length = writer_length(&c);
	return attributes_intern(&speaker->attributes, &set);
}

/* --- the slow, obvious way --------------------------------------------------------------------- */

struct obvious {
	uint64_t count;
	uint8_t origin;
	bool atomic;
	uint32_t common[16], asns[64], communities[64];
	size_t common_count, asn_count, community_count;
	/* Whether each that can be is there: values of 0 and 1 in the words that vary. */
	bool extended[4], large[8];
};

static void
put(uint32_t *list, size_t *count, uint32_t value)
{
	size_t i = 0;

	while (i < *count && list[i] < value)
		i++;
	if (i < *count && list[i] == value)
		return;
	memmove(list + i + 1, list + i, (*count - i) * sizeof(*list));
	list[i] = value;
	++*count;
}

static void
take_in(struct obvious *all, const struct bgp_attributes *a)
{
	struct reader r = reader_over(a->data, a->as_path_length);
	struct reader c = reader_over(a->data + a->as_path_length, a->communities_length);
	struct reader o;
	const uint8_t *others;
	uint32_t sequence[16];
	size_t hops = 0, same = 0;

	while (reader_left(&r) != 0) {
		uint8_t type = reader_u8(&r), left = reader_u8(&r);

		for (; left != 0; left--) {
			uint32_t asn = reader_u32(&r);

			put(all->asns, &all->asn_count, asn);
			if (type == SEGMENT_SEQUENCE)
				sequence[hops++] = asn;
		}
	}
	if (all->count == 0) {
		memcpy(all->common, sequence, hops * sizeof(*sequence));
		all->common_count = hops;
	}
	while (same < hops && same < all->common_count && all->common[same] == sequence[same])
		same++;
	all->common_count = same;
	while (reader_left(&c) != 0) {
		uint32_t community = reader_u32(&c);

		if (community != GRACEFUL_SHUTDOWN)
			put(all->communities, &all->community_count, community);
	}
	others = a->data + a->as_path_length + a->communities_length;
	o = attributes_other(others, a->others_length, ATTRIBUTE_EXTENDED_COMMUNITIES);
	if (reader_left(&o) != 0) {
		unsigned first = reader_u32(&o) & 1;

		all->extended[first * 2 + reader_u32(&o)] = true;
	}
	o = attributes_other(others, a->others_length, ATTRIBUTE_LARGE_COMMUNITIES);
	if (reader_left(&o) != 0) {
		unsigned first = reader_u32(&o), second = reader_u32(&o);

		all->large[first * 4 + second * 2 + reader_u32(&o)] = true;
	}
	all->count++;
	all->origin = a->origin > all->origin ? a->origin : all->origin;
	all->atomic = all->atomic || a->present & HAS_ATOMIC;
}

static bool
is_one(const struct bgp_attributes *a)
{
	return (a->present & HAS_AGGREGATOR) != 0;
}

static struct obvious
obvious_aggregate(const struct rib *rib, const struct ip_prefix *wide)
{
	struct obvious all = {0};

	for (uint32_t i = 1; i < rib->net_count; i++) {
		const struct net *net = rib_net(rib, i);
		struct ip_prefix p = rib_prefix(rib, net);
		const struct path *best = net->flags & NET_USED ? rib_best(rib, net) : NULL;

		if (best != NULL && net->length > wide->length && ip_prefix_covers(wide, &p) &&
		    !is_one(best->attributes) &&
		    !(best->attributes->community_flags & COMMUNITY_NO_ADVERTISE))
			take_in(&all, best->attributes);
	}
	return all;
}

static void
join_text(void *context, const char *text)
{
	strcat(strcat(context, " "), text);
}

static void
assert_path_is(const struct bgp_attributes *a, const struct obvious *all, bool as_set)
{
	char is[400] = "", wanted[400] = "";
	bool any = false;

	for (size_t i = 0; as_set && i < all->common_count; i++)
		snprintf(wanted + strlen(wanted), 20, " %u", all->common[i]);
	for (size_t i = 0; as_set && i < all->asn_count; i++) {
		bool common = false;

		for (size_t k = 0; k < all->common_count; k++)
			common = common || all->common[k] == all->asns[i];
		if (common)
			continue;
		snprintf(wanted + strlen(wanted), 20, "%s%u", any ? " " : " {", all->asns[i]);
		any = true;
	}
	bgp_attributes_as_path(a, join_text, is);
	assert_string_equal(is, any ? strcat(wanted, "}") : wanted);
}

static void
assert_others_are(const struct bgp_attributes *a, const struct obvious *all)
{
	const uint8_t *others = a->data + a->as_path_length + a->communities_length;
	struct reader extended = attributes_other(others, a->others_length, ATTRIBUTE_EXTENDED_COMMUNITIES),
		      large = attributes_large_communities(a);

	for (unsigned i = 0; i < COUNT_OF(all->extended); i++) {
		if (!all->extended[i])
			continue;
		assert_int_equal(reader_u32(&extended), 0x00020000 + i / 2);
		assert_int_equal(reader_u32(&extended), i % 2);
	}
	for (unsigned i = 0; i < COUNT_OF(all->large); i++) {
		if (!all->large[i])
			continue;
		assert_int_equal(reader_u32(&large), i / 4);
		assert_int_equal(reader_u32(&large), i / 2 % 2);
		assert_int_equal(reader_u32(&large), i % 2);
	}
	assert_int_equal(reader_left(&extended) + reader_left(&large), 0);
}

static void
assert_aggregate_is(struct bgp_speaker *speaker, const struct bgp_aggregate *aggregate)
{
	struct rib *rib = speaker_rib(speaker, aggregate->prefix.address.family);
	const struct path *path = speaker_local_path(rib, &aggregate->prefix);
	struct obvious all = obvious_aggregate(rib, &aggregate->prefix);
	struct reader communities;

	/* What others know has an empty path. */
	all.count += aggregate->others;
	if (aggregate->others != 0)
		all.common_count = 0;
	if (all.count == 0) {
		assert_null(path);
		return;
	}
	assert_non_null(path);
	assert_int_equal(aggregates_count(speaker, rib, rib_net(rib, path->net), path), all.count);
	assert_int_equal(path->attributes->origin, all.origin);
	assert_int_equal(path->attributes->aggregator_as, speaker->config.asn);
	assert_int_equal(path->attributes->aggregator_id, speaker->config.router_id);
	assert_int_equal((path->attributes->present & HAS_ATOMIC) != 0, !aggregate->as_set || all.atomic);
	assert_path_is(path->attributes, &all, aggregate->as_set);
	communities = reader_over(path->attributes->data + path->attributes->as_path_length,
				  path->attributes->communities_length);
	for (size_t i = 0; aggregate->as_set && i < all.community_count; i++)
		assert_int_equal(reader_u32(&communities), all.communities[i]);
	assert_int_equal(reader_left(&communities), 0);
	assert_others_are(path->attributes, aggregate->as_set ? &all : &(struct obvious){0});
}

static void
assert_suppressed_is(const struct bgp_speaker *speaker, const struct rib *rib, uint32_t index,
		     const struct bgp_aggregate *list, size_t count)
{
	const struct net *net = rib_net(rib, index);
	struct ip_prefix p = rib_prefix(rib, net), longest = {0}, said;
	const struct path *best = rib_best(rib, net);

	for (size_t i = 0; i < count; i++) {
		if (best != NULL && !is_one(best->attributes) &&
		    !(best->attributes->community_flags & COMMUNITY_NO_ADVERTISE) && list[i].summary_only &&
		    list[i].prefix.length < p.length && ip_prefix_covers(&list[i].prefix, &p) &&
		    (longest.address.family == 0 || list[i].prefix.length > longest.length))
			longest = list[i].prefix;
	}
	said = aggregates_suppressing(speaker, rib, net);
	assert_int_equal((net->flags & NET_SUPPRESSED) != 0, longest.address.family != 0);
	assert_int_equal(said.address.family, longest.address.family);
	assert_int_equal(said.length, longest.length);
}

static void
settle(struct bgp_speaker *speaker)
{
	speaker_kick(speaker);
	WAIT_UNTIL(!speaker->idling);
}

static size_t
some_aggregates(struct bgp_aggregate list[AGGREGATES])
{
	size_t count = 0;

	for (unsigned i = 0; i < AGGREGATES; i++) {
		if (number(2) == 0)
			continue;
		list[count++] = (struct bgp_aggregate){prefix(texts[i]), number(2) != 0, number(2) != 0,
						       number(4) == 0 ? 1 : 0};
	}
	return number(6) == 0 ? 0 : count;
}

static void
aggregates_are_what_a_walk_over_the_table_makes_of_it(void **state)
{
	struct bgp_aggregate list[AGGREGATES];
	struct ip_prefix pool[PREFIXES];
	struct bgp_peer *peers[PEERS];
	size_t count = 0, present = 0, suppressed = 0;
	struct node node, other;

	(void)state;
	node_open(&node, 2, 65000);
	node.speaker->config.events.route_changed = NULL; /* there are more than a node counts */
	for (unsigned i = 0; i < PEERS; i++) {
		char name[8];
		struct bgp_peer_config config;

		other = (struct node){.address = ip_address_v4(0x7f000010 + i), .asn = 65001, .port = 1};
		snprintf(name, sizeof(name), "p%u", i);
		config = peer_config(name, &node, &other);
		peers[i] = bgp_peer_add(node.speaker, &config, NULL);
		assert_non_null(peers[i]);
	}
	for (unsigned i = 0; i < PREFIXES; i++)
		pool[i] = i < AGGREGATES ? prefix(texts[i]) : some_prefix();
	for (unsigned round = 0; round < 600; round++) {
		for (unsigned i = number(12); i != 0; i--) {
			const struct ip_prefix *p = &pool[number(PREFIXES)];
			struct rib *rib = speaker_rib(node.speaker, p->address.family);
			uint16_t peer = peers[number(PEERS)]->index;
			struct bgp_attributes *attributes;

			if (number(3) == 0) {
				rib_withdraw(rib, peer, p->address.bytes, p->length);
				continue;
			}
			attributes = some_attributes(node.speaker);
			rib_announce(rib, peer, p->address.bytes, p->length, attributes,
				     number(10) != 0 ? PATH_USABLE : PATH_DENIED);
			attributes_release(&node.speaker->attributes, attributes);
		}
		if (number(20) == 0)
			rib_peer_down(&node.speaker->ribs[number(2)], peers[number(PEERS)]->index);
		if (number(8) == 0) {
			count = some_aggregates(list);
			bgp_aggregates_set(node.speaker, list, count);
		}
		settle(node.speaker);
		for (size_t i = 0; i < count; i++) {
			assert_aggregate_is(node.speaker, &list[i]);
			present +=
			    speaker_local_path(speaker_rib(node.speaker, list[i].prefix.address.family),
					       &list[i].prefix) != NULL;
		}
		for (unsigned f = 0; f < BGP_FAMILY_COUNT; f++) {
			const struct rib *rib = &node.speaker->ribs[f];

			for (uint32_t i = 1; i < rib->net_count; i++) {
				if (!(rib_net(rib, i)->flags & NET_USED))
					continue;
				assert_suppressed_is(node.speaker, rib, i, list, count);
				suppressed += (rib_net(rib, i)->flags & NET_SUPPRESSED) != 0;
			}
		}
	}
	assert_true(present > 500 && suppressed > 1000);
	/* Without aggregates nothing is left of them. */
	bgp_aggregates_set(node.speaker, NULL, 0);
	settle(node.speaker);
	assert_null(node.speaker->aggregates);
	close_node(&node);
}

static void
a_tally_counts_many_values(void **state)
{
	enum { VALUES = 3000 };
	static uint32_t told[2][VALUES]; /* below a root, and below a value of that */
	const uint32_t above = 77;
	struct tally tally;
	uint32_t parents[2] = {TALLY_ASNS, 0};

	(void)state;
	tally_init(&tally);
	parents[1] = tally_add(&tally, TALLY_PATHS, above);
	for (unsigned i = 0; i < 20 * VALUES; i++) {
		unsigned which = number(2), value = number(VALUES);
		/* First it grows, then it shrinks to nearly nothing, and grows again. */
		bool grows = number(10) < (i / (5 * VALUES) % 2 == 0 ? 8u : 1u);

		if (grows) {
			tally_add(&tally, parents[which], value * 4096);
			told[which][value]++;
		} else if (told[which][value] != 0) {
			tally_drop(&tally, tally_find(&tally, parents[which], value * 4096));
			told[which][value]--;
		}
	}
	for (unsigned which = 0; which < 2; which++) {
		uint32_t listed = 0, there = 0;

		for (unsigned value = 0; value < VALUES; value++) {
			uint32_t at = tally_find(&tally, parents[which], value * 4096);

			assert_int_equal(at != 0 ? tally_node(&tally, at)->count : 0, told[which][value]);
			there += at != 0;
		}
		for (uint32_t at = tally_node(&tally, parents[which])->child; at != 0;
		     at = tally_node(&tally, at)->next)
			listed++;
		assert_int_equal(listed, there);
		assert_true(there > 100);
	}
	tally_free(&tally);
}

/* --- between speakers -------------------------------------------------------------------------- */

/* a tells b and c the same; d takes several paths of a prefix (RFC 7911). */
struct star {
	struct node a, b, c, d;
	struct bgp_peer *at_b, *at_c, *at_d;
};

static void
open_star(struct star *star)
{
	struct bgp_peer_config config;

	node_open(&star->a, 2, 65001);
	node_open(&star->b, 3, 65002);
	node_open(&star->c, 4, 65003);
	node_open(&star->d, 5, 65004);
	add_simple(&star->a, "b", &star->b);
	add_simple(&star->a, "c", &star->c);
	star->at_b = add_simple(&star->b, "a", &star->a);
	star->at_c = add_simple(&star->c, "a", &star->a);
	config = peer_config("d", &star->a, &star->d);
	config.add_path_send = BGP_ADD_PATH_ALL;
	add(&star->a, &config);
	config = peer_config("a", &star->d, &star->a);
	config.add_path_receive = true;
	star->at_d = add(&star->d, &config);
	WAIT_UNTIL(is_up(star->at_b) && is_up(star->at_c) && is_up(star->at_d));
}

static void
close_star(struct star *star)
{
	assert_int_equal(
	    status_of(star->at_b).flaps + status_of(star->at_c).flaps + status_of(star->at_d).flaps, 0);
	close_node(&star->a);
	close_node(&star->b);
	close_node(&star->c);
	close_node(&star->d);
}

static bool
all_have(const struct star *star, const char *text)
{
	return has_route(&star->b, text) && has_route(&star->c, text) && has_route(&star->d, text);
}

static bool
none_has(const struct star *star, const char *text)
{
	return !has_route(&star->b, text) && !has_route(&star->c, text) && !has_route(&star->d, text);
}

static void
an_aggregate_is_told_while_there_is_a_route_within_it(void **state)
{
	struct bgp_aggregate wide = {prefix("10.0.0.0/8"), false, false, 0};
	struct ip_prefix first = prefix("10.1.0.0/16"), second = prefix("10.2.0.0/16");
	struct star star;

	(void)state;
	open_star(&star);
	bgp_aggregates_set(star.a.speaker, &wide, 1);
	originate(&star.a, "192.0.2.0/24");
	WAIT_UNTIL(all_have(&star, "192.0.2.0/24"));
	assert_true(none_has(&star, "10.0.0.0/8"));
	originate(&star.a, "10.1.0.0/16");
	WAIT_UNTIL(all_have(&star, "10.0.0.0/8") && all_have(&star, "10.1.0.0/16"));
	originate(&star.a, "10.2.0.0/16");
	WAIT_UNTIL(all_have(&star, "10.2.0.0/16"));
	/* Other settings: what lies within it goes from the peer, and comes back, with no new session. */
	wide.summary_only = true;
	bgp_aggregates_set(star.a.speaker, &wide, 1);
	WAIT_UNTIL(none_has(&star, "10.1.0.0/16") && none_has(&star, "10.2.0.0/16"));
	assert_true(all_have(&star, "10.0.0.0/8") && all_have(&star, "192.0.2.0/24"));
	bgp_network_remove(star.a.speaker, &first);
	wide.summary_only = false;
	bgp_aggregates_set(star.a.speaker, &wide, 1);
	WAIT_UNTIL(all_have(&star, "10.2.0.0/16"));
	assert_true(none_has(&star, "10.1.0.0/16"));
	bgp_network_remove(star.a.speaker, &second);
	WAIT_UNTIL(none_has(&star, "10.0.0.0/8"));
	close_star(&star);
}

static void
a_network_of_the_same_prefix_stands_before_an_aggregate(void **state)
{
	struct bgp_aggregate wide = {prefix("10.0.0.0/8"), true, false, 0};
	struct star star;
	struct seen seen = {0};

	(void)state;
	open_star(&star);
	bgp_aggregates_set(star.a.speaker, &wide, 1);
	originate(&star.a, "10.1.0.0/16");
	WAIT_UNTIL(all_have(&star, "10.0.0.0/8"));
	originate(&star.a, "10.0.0.0/8");
	assert_false(bgp_network_add(star.a.speaker, &wide.prefix));
	settle(star.a.speaker);
	originate(&star.a, "10.2.0.0/16");
	settle(star.a.speaker);
	bgp_walk_prefix(star.a.speaker, &wide.prefix, see, &seen);
	assert_null(strstr(seen.text, "aggregate"));
	assert_true(bgp_network_remove(star.a.speaker, &wide.prefix));
	assert_false(bgp_network_remove(star.a.speaker, &wide.prefix));
	settle(star.a.speaker);
	seen = (struct seen){0};
	bgp_walk_prefix(star.a.speaker, &wide.prefix, see, &seen);
	assert_non_null(strstr(seen.text, "best: aggregate of 2 routes"));
	close_star(&star);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_tally_counts_many_values),
	    TEST(aggregates_are_what_a_walk_over_the_table_makes_of_it),
	    TEST(an_aggregate_is_told_while_there_is_a_route_within_it),
	    TEST(a_network_of_the_same_prefix_stands_before_an_aggregate),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
