// SPDX-License-Identifier: GPL-2.0-or-later
/* The RIB and its choice, against an implementation that is slow and obvious. */
#include "core/bgp/rib_internal.h"
#include "tests/unit/test.h"

enum { PEERS = 6, NETS = 12 };

static uint32_t seed = 7;

static uint32_t
number(uint32_t below)
{
	seed = seed * 1664525u + 1013904223u;
	return (uint32_t)((uint64_t)seed * below >> 32);
}

/* What the peers have told, kept by the test itself. */
static struct {
	bool there, usable;
	uint32_t hops, origin, med, neighbour_as, local_pref;
	bool has_local_pref, has_med;
} told[PEERS + 1][NETS];

static uint16_t peers[PEERS + 1];

static const uint8_t *
address_of(unsigned net)
{
	static uint8_t address[16];

	memset(address, 0, sizeof(address));
	address[0] = 10;
	address[1] = (uint8_t)net;
	return address;
}

static uint32_t
preference_of(const struct rib *rib, unsigned p, unsigned net)
{
	const struct rib_peer *peer = rib_peer(rib, peers[p]);

	return peer->internal && told[p][net].has_local_pref ? told[p][net].local_pref
							     : peer->local_preference;
}

/* RFC 4271, 9.1.2.2, word for word: a set of candidates, made smaller by one rule after the other. */
static int
obvious_best(const struct rib *rib, unsigned net)
{
	bool in[PEERS + 1];
	uint32_t most = 0, least = UINT32_MAX;

	for (unsigned p = 0; p <= PEERS; p++)
		in[p] = told[p][net].there && told[p][net].usable;
	if (in[0])
		return 0;
	for (unsigned p = 1; p <= PEERS; p++)
		most = in[p] && preference_of(rib, p, net) > most ? preference_of(rib, p, net) : most;
	for (unsigned p = 1; p <= PEERS; p++)
		in[p] = in[p] && preference_of(rib, p, net) == most;
	for (unsigned p = 1; p <= PEERS; p++)
		least = in[p] && told[p][net].hops < least ? told[p][net].hops : least;
	for (unsigned p = 1; p <= PEERS; p++)
		in[p] = in[p] && told[p][net].hops == least;
	least = UINT32_MAX;
	for (unsigned p = 1; p <= PEERS; p++)
		least = in[p] && told[p][net].origin < least ? told[p][net].origin : least;
	for (unsigned p = 1; p <= PEERS; p++)
		in[p] = in[p] && told[p][net].origin == least;
	{
		bool out[PEERS + 1] = {false};

		for (unsigned p = 1; p <= PEERS; p++) {
			for (unsigned q = 1; q <= PEERS; q++) {
				if (in[p] && in[q] &&
				    told[p][net].neighbour_as == told[q][net].neighbour_as &&
				    told[p][net].med > told[q][net].med)
					out[p] = true;
			}
		}
		for (unsigned p = 1; p <= PEERS; p++)
			in[p] = in[p] && !out[p];
	}
	for (unsigned p = 1; p <= PEERS; p++) {
		if (in[p] && !rib_peer(rib, peers[p])->internal) {
			for (unsigned q = 1; q <= PEERS; q++)
				in[q] = in[q] && !rib_peer(rib, peers[q])->internal;
		}
	}
	least = UINT32_MAX;
	for (unsigned p = 1; p <= PEERS; p++)
		least = in[p] && rib_peer(rib, peers[p])->identifier < least
			    ? rib_peer(rib, peers[p])->identifier
			    : least;
	for (unsigned p = 1; p <= PEERS; p++)
		in[p] = in[p] && rib_peer(rib, peers[p])->identifier == least;
	for (unsigned p = 1; p <= PEERS; p++) {
		if (in[p])
			return (int)p; /* addresses rise with the number */
	}
	return -1;
}

static void
setup(struct rib *rib)
{
	rib_init(rib, AF_INET);
	memset(told, 0, sizeof(told));
	for (unsigned p = 1; p <= PEERS; p++) {
		struct rib_peer *peer;

		peers[p] = rib_peer_take(rib);
		peer = rib_peer(rib, peers[p]);
		peer->address = ip_address_v4(0x0a000000 + p);
		peer->identifier = p % 2 == 0 ? 5 : 9;
		peer->local_preference = 100;
		peer->internal = p > 4;
		peer->group = p <= 4 ? 1 + (p - 1) / 2 : 0;
		peer->member = p % 2;
	}
}

static void
tell(struct rib *rib, unsigned p, unsigned net)
{
	static const uint8_t numbers[] = {0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4};
	static struct attribute_set set;
	uint8_t path[32];
	struct writer w = writer_over(path, sizeof(path));
	struct bgp_attributes *attributes;

	told[p][net].there = true;
	told[p][net].usable = p == 0 || number(8) != 0;
	told[p][net].hops = 1 + number(2);
	told[p][net].origin = number(4) == 0;
	told[p][net].neighbour_as = 1 + number(2);
	told[p][net].has_med = number(2) != 0;
	told[p][net].med = told[p][net].has_med ? number(3) : 0;
	told[p][net].has_local_pref = p > 4 && number(2) != 0;
	told[p][net].local_pref = 99 + number(3);
	set = (struct attribute_set){.present = HAS_ORIGIN | HAS_AS_PATH,
				     .origin = (uint8_t)told[p][net].origin,
				     .med = told[p][net].med,
				     .local_pref = told[p][net].local_pref};
	set.present |=
	    (told[p][net].has_med ? HAS_MED : 0) | (told[p][net].has_local_pref ? HAS_LOCAL_PREF : 0);
	writer_u8(&w, SEGMENT_SEQUENCE);
	writer_u8(&w, (uint8_t)told[p][net].hops);
	writer_bytes(&w, numbers + 4 * (told[p][net].neighbour_as - 1), (size_t)told[p][net].hops * 4);
	set.as_path = path;
	set.as_path_length = writer_length(&w);
	attributes = attributes_intern(&rib->attributes, &set);
	rib_announce(rib, peers[p], address_of(net), 16, attributes,
		     told[p][net].usable ? PATH_USABLE : PATH_LOOP);
	attributes_release(&rib->attributes, attributes);
}

/* Members of a group that have a usable path. */
static uint32_t
told_members(const struct rib *rib, unsigned net, uint32_t group)
{
	uint32_t members = 0;

	for (unsigned p = 1; p <= PEERS && group != 0; p++) {
		if (told[p][net].there && told[p][net].usable && rib_peer(rib, peers[p])->group == group)
			members |= 1u << rib_peer(rib, peers[p])->member;
	}
	return members;
}

/* The backup is another group with a usable path, wherever there is one and the best path has a group. */
static void
compare_backup(const struct rib *rib, unsigned net, uint32_t group)
{
	uint32_t index = trie_get(&rib->trie, address_of(net), 16), backup, members;
	bool wanted = false;

	for (unsigned p = 1; p <= PEERS && group != 0; p++) {
		uint32_t other = rib_peer(rib, peers[p])->group;

		wanted = wanted || (other != 0 && other != group && told_members(rib, net, other) != 0);
	}
	members = rib_backup_members(rib, rib_net(rib, index), &backup);
	assert_int_equal(backup != 0, wanted);
	assert_int_equal(members, told_members(rib, net, backup));
	if (wanted)
		assert_int_not_equal(backup, group);
}

static void
compare(struct rib *rib)
{
	for (unsigned net = 0; net < NETS; net++) {
		uint32_t index = trie_get(&rib->trie, address_of(net), 16), group, members;
		const struct path *best = index != 0 ? rib_best(rib, rib_net(rib, index)) : NULL;
		int obvious = obvious_best(rib, net);
		char reason[200];

		assert_int_equal(best == NULL      ? -1
				 : best->peer == 0 ? 0
						   : best->peer - peers[1] + 1,
				 obvious);
		if (best == NULL)
			continue;
		decision_reason(rib, rib_net(rib, index), best, reason, sizeof(reason));
		assert_int_equal(strncmp(reason, "best: ", 6), 0);
		members = rib_members(rib, rib_net(rib, index), &group);
		assert_int_equal(group, rib_peer(rib, best->peer)->group);
		assert_int_equal(members, told_members(rib, net, group));
		compare_backup(rib, net, group);
	}
	for (unsigned p = 1; p <= PEERS; p++) {
		uint64_t received = 0, accepted = 0;

		for (unsigned net = 0; net < NETS; net++) {
			received += told[p][net].there;
			accepted += told[p][net].there && told[p][net].usable;
		}
		assert_int_equal(rib_peer(rib, peers[p])->received, received);
		assert_int_equal(rib_peer(rib, peers[p])->accepted, accepted);
	}
}

/* Empties the queue of changes, as the speaker does. */
static void
drain(struct rib *rib)
{
	while (rib->changed.count != 0) {
		uint32_t index = fifo_pop(&rib->changed);

		rib_net(rib, index)->flags &= (uint8_t) ~(NET_CHANGED | NET_EXPORT);
		rib_net_tidy(rib, index);
	}
}

static void
work_off(struct rib *rib)
{
	while (rib_work(rib, 0))
		;
	drain(rib);
}

static uint32_t
lowest_told(unsigned p)
{
	uint32_t lowest = UINT32_MAX;

	for (unsigned net = 0; net < NETS; net++) {
		if (told[p][net].there && told[p][net].usable && told[p][net].has_med &&
		    told[p][net].med < lowest)
			lowest = told[p][net].med;
	}
	return lowest;
}

static void
the_choice_is_always_that_of_the_obvious_implementation(void **state)
{
	struct rib rib;

	setup(&rib);
	for (int round = 0; round < 20000; round++) {
		unsigned p = number(PEERS + 1), net = number(NETS), what = number(100);

		if (what < 60) {
			tell(&rib, p, net);
		} else if (what < 92) {
			assert_int_equal(rib_withdraw(&rib, peers[p], address_of(net), 16),
					 told[p][net].there);
			told[p][net].there = false;
		} else if (what < 96 && p != 0) {
			rib_peer(&rib, peers[p])->local_preference = 99 + number(3);
			rib_peer_preferred(&rib, peers[p]);
			work_off(&rib);
		} else if (what < 98 && p != 0) {
			rib_peer_down(&rib, peers[p]);
			for (unsigned i = 0; i < NETS; i++)
				told[p][i].there = false;
			/* Some of it is said again before the sweep has come by. */
			if (number(2) != 0)
				tell(&rib, p, net);
			work_off(&rib);
		}
		if (number(4) == 0)
			work_off(&rib);
		compare(&rib);
		if (round % 50 == 0) {
			work_off(&rib);
			for (p = 1; p <= PEERS; p++)
				assert_int_equal(rib_peer(&rib, peers[p])->lowest_med, lowest_told(p));
		}
	}
	for (unsigned p = 0; p <= PEERS; p++) {
		for (unsigned net = 0; net < NETS; net++)
			rib_withdraw(&rib, peers[p], address_of(net), 16);
	}
	drain(&rib);
	assert_int_equal(rib.trie.count, 0);
	assert_int_equal(rib.live_paths, 0);
	assert_int_equal(rib.attributes.count, 0);
	rib_free(&rib);
}

/* Whoever follows the queue of changes never misses one: what it last saw is what is. */
static void
every_change_of_the_outcome_is_queued(void **state)
{
	struct {
		const struct bgp_attributes *attributes;
		int peer;
		uint32_t members, backup, backup_members;
	} seen[NETS];
	struct rib rib;

	setup(&rib);
	memset(seen, 0, sizeof(seen));
	for (unsigned i = 0; i < NETS; i++)
		seen[i].peer = -1;
	for (int round = 0; round < 20000; round++) {
		unsigned p = number(PEERS + 1), net = number(NETS);

		if (number(3) != 0) {
			tell(&rib, p, net);
		} else if (number(20) != 0 || p == 0) {
			rib_withdraw(&rib, peers[p], address_of(net), 16);
		} else {
			rib_peer_down(&rib, peers[p]);
		}
		if (number(3) != 0)
			continue;
		while (rib_work(&rib, 0))
			;
		while (rib.changed.count != 0) {
			uint32_t index = fifo_pop(&rib.changed), group;
			struct net *n = rib_net(&rib, index);
			const struct path *best = rib_best(&rib, n);
			unsigned at = n->address[1];

			n->flags &= (uint8_t) ~(NET_CHANGED | NET_EXPORT);
			seen[at].attributes = best != NULL ? best->attributes : NULL;
			seen[at].peer = best != NULL ? best->peer : -1;
			seen[at].members = rib_members(&rib, n, &group);
			seen[at].backup_members = rib_backup_members(&rib, n, &seen[at].backup);
			rib_net_tidy(&rib, index);
		}
		for (unsigned at = 0; at < NETS; at++) {
			uint32_t index = trie_get(&rib.trie, address_of(at), 16), group;
			const struct path *best = index != 0 ? rib_best(&rib, rib_net(&rib, index)) : NULL;

			assert_int_equal(seen[at].peer, best != NULL ? best->peer : -1);
			assert_ptr_equal(seen[at].attributes, best != NULL ? best->attributes : NULL);
			if (best == NULL)
				continue;
			assert_int_equal(seen[at].members, rib_members(&rib, rib_net(&rib, index), &group));
			assert_int_equal(seen[at].backup_members,
					 rib_backup_members(&rib, rib_net(&rib, index), &group));
			assert_int_equal(seen[at].backup, group);
		}
	}
	rib_free(&rib);
}

static void
the_reason_names_the_step_that_decided(void **state)
{
	static const struct {
		uint32_t preference, med;
		uint8_t origin, hops;
		const char *best, *other;
	} cases[] = {
	    {200, 0, 0, 1, "best: higher local preference (200 against 100)",
	     "not best: lower local preference (100 against 200)"},
	    {100, 50, 0, 1, "best: lower MED (50 against 100)", "not best: higher MED (100 against 50)"},
	    {100, 100, 0, 1, "best: lower router id (0.0.0.5 against 0.0.0.9)",
	     "not best: higher router id (0.0.0.9 against 0.0.0.5)"},
	    {100, 100, 1, 1, NULL, "not best: higher origin (egp against igp)"},
	    {100, 100, 0, 2, NULL, "not best: longer AS path (2 against 1)"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		static const uint8_t one[] = {2, 1, 0, 0, 0, 1}, two[] = {2, 2, 0, 0, 0, 1, 0, 0, 0, 1};
		struct attribute_set set = {.present = HAS_ORIGIN | HAS_AS_PATH | HAS_MED,
					    .med = 100,
					    .as_path = one,
					    .as_path_length = sizeof(one)};
		struct bgp_attributes *attributes;
		const struct path *ours, *theirs;
		struct rib rib;
		struct net *net;
		char text[200];

		setup(&rib);
		attributes = attributes_intern(&rib.attributes, &set);
		rib_announce(&rib, peers[1], address_of(1), 16, attributes, PATH_USABLE);
		attributes_release(&rib.attributes, attributes);
		set.med = cases[i].med;
		set.origin = cases[i].origin;
		set.as_path = cases[i].hops == 2 ? two : one;
		set.as_path_length = cases[i].hops == 2 ? sizeof(two) : sizeof(one);
		attributes = attributes_intern(&rib.attributes, &set);
		rib_peer(&rib, peers[2])->local_preference = cases[i].preference;
		rib_announce(&rib, peers[2], address_of(1), 16, attributes, PATH_USABLE);
		attributes_release(&rib.attributes, attributes);

		net = rib_net(&rib, trie_get(&rib.trie, address_of(1), 16));
		ours = rib_path(&rib, net->paths);
		theirs = rib_path(&rib, ours->next);
		if (cases[i].best != NULL)
			assert_string_equal(decision_reason(&rib, net, ours, text, sizeof(text)),
					    cases[i].best);
		assert_string_equal(decision_reason(&rib, net, theirs, text, sizeof(text)), cases[i].other);
		rib_free(&rib);
	}
}

TEST_MAIN(cmocka_unit_test(the_choice_is_always_that_of_the_obvious_implementation),
	  cmocka_unit_test(every_change_of_the_outcome_is_queued),
	  cmocka_unit_test(the_reason_names_the_step_that_decided))
