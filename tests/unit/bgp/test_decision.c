// SPDX-License-Identifier: GPL-2.0-or-later
/* The RIB and its choice, against an implementation that is slow and obvious. */
#include "core/bgp/rib_rounds_internal.h"
#include "core/bgp/speaker_internal.h"
#include "tests/unit/test.h"

/* Each of the routers has several paths of a prefix (RFC 7911). What is called a peer here is one of these by
 * its identifier: 1 and 2 are the first router's, and so on. */
enum { ROUTERS = 6, IDS = 2, PEERS = ROUTERS * IDS, NETS = 12 };

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

static uint16_t peers[PEERS + 1]; /* numbers in the RIB: of the router of each */

/* The first of a router is told by 0, as by one that tells no identifiers, the others by large numbers. */
static uint32_t
id_of(unsigned p)
{
	return p == 0 || (p - 1) % IDS == 0 ? 0 : 0xfffffff0u + p;
}

static struct nlri
nlri_of(unsigned p, unsigned net)
{
	struct nlri nlri = {.path_id = id_of(p), .address = {10, (uint8_t)net}, .length = 16};

	return nlri;
}

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

	return told[p][net].has_local_pref ? told[p][net].local_pref : peer->local_preference;
}

/* A rule set the local preference, and another member of the group has a higher one of its own. */
static bool
stands_by(const struct rib *rib, unsigned p, unsigned net)
{
	const struct rib_peer *peer = rib_peer(rib, peers[p]);

	for (unsigned q = 1; told[p][net].has_local_pref && peer->group != 0 && q <= PEERS; q++) {
		if (rib_peer(rib, peers[q])->group == peer->group &&
		    rib_peer(rib, peers[q])->local_preference > peer->local_preference)
			return true;
	}
	return false;
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
	least = 1;
	for (unsigned p = 1; p <= PEERS; p++)
		least = in[p] && !stands_by(rib, p, net) ? 0 : least;
	for (unsigned p = 1; p <= PEERS; p++)
		in[p] = in[p] && stands_by(rib, p, net) == least;
	least = UINT32_MAX;
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
			return (int)p; /* addresses rise with the number, of one router the identifiers */
	}
	return -1;
}

static void
setup(struct rib *rib)
{
	static struct attribute_table attributes;

	attribute_table_init(&attributes);
	rib_init(rib, AF_INET, &attributes);
	memset(told, 0, sizeof(told));
	for (unsigned router = 1; router <= ROUTERS; router++) {
		uint16_t index = rib_peer_take(rib);
		struct rib_peer *peer = rib_peer(rib, index);

		peer->address = ip_address_v4(0x0a000000 + router);
		peer->identifier = router % 2 == 0 ? 5 : 9;
		peer->local_preference = 100;
		peer->internal = router > 4;
		peer->group = router <= 4 ? 1 + (router - 1) / 2 : 0;
		peer->member = router % 2;
		for (unsigned i = 1; i <= IDS; i++)
			peers[(router - 1) * IDS + i] = index;
	}
}

static void
tear_down(struct rib *rib)
{
	rib_free(rib);
	attribute_table_free(rib->attributes);
}

static void
tell(struct rib *rib, unsigned p, unsigned net)
{
	static const uint8_t numbers[] = {0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4};
	static struct attribute_set set;
	uint8_t path[32];
	struct writer w = writer_over(path, sizeof(path));
	struct bgp_attributes *attributes;
	struct nlri nlri = nlri_of(p, net);

	told[p][net].there = true;
	told[p][net].usable = p == 0 || number(8) != 0;
	told[p][net].hops = 1 + number(2);
	told[p][net].origin = number(4) == 0;
	told[p][net].neighbour_as = 1 + number(2);
	told[p][net].has_med = number(2) != 0;
	told[p][net].med = told[p][net].has_med ? number(3) : 0;
	/* of external ones: as a rule of import sets it */
	told[p][net].has_local_pref = p > 0 && number(2) != 0;
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
	attributes = attributes_intern(rib->attributes, &set);
	rib_announce_path(rib, peers[p], &nlri, attributes, NULL,
			  told[p][net].usable ? PATH_USABLE : PATH_LOOP);
	attributes_release(rib->attributes, attributes);
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

/* "0.0.0.5" or "5" as a number. */
static unsigned long
value_of(const char *text)
{
	unsigned a, b, c, d;

	return sscanf(text, "%u.%u.%u.%u", &a, &b, &c, &d) == 4
		   ? (unsigned long)a << 24 | b << 16 | c << 8 | d
		   : strtoul(text, NULL, 10);
}

/* What a reason says is true of the figures that it has. */
static void
check_words(const char *reason)
{
	const char *figures = strchr(reason, '('), *against = strstr(reason, " against ");
	bool more = strstr(reason, "higher") != NULL || strstr(reason, "longer") != NULL;

	if (figures == NULL || against == NULL || strstr(reason, "origin") != NULL)
		return;
	if (more ? value_of(figures + 1) <= value_of(against + 9)
		 : value_of(figures + 1) >= value_of(against + 9))
		fail_msg("%s", reason);
}

static void
check_reasons(struct rib *rib, const struct net *net)
{
	for (uint32_t at = net->paths; at != 0; at = rib_path(rib, at)->next) {
		bool best = rib_path(rib, at) == rib_best(rib, net),
		     usable = path_usable(rib, rib_path(rib, at));
		char reason[200];

		decision_reason(rib, net, rib_path(rib, at), reason, sizeof(reason));
		assert_int_equal(strncmp(reason, "best: ", 6) == 0, best);
		assert_int_equal(strncmp(reason, "not best: ", 10) == 0, usable && !best);
		if (usable)
			check_words(reason);
	}
}

static void
compare(struct rib *rib)
{
	for (unsigned net = 0; net < NETS; net++) {
		uint32_t index = trie_get(&rib->trie, address_of(net), 16), group, members;
		const struct path *best = index != 0 ? rib_best(rib, rib_net(rib, index)) : NULL;
		int obvious = obvious_best(rib, net);

		assert_int_equal(best == NULL, obvious < 0);
		if (best != NULL) {
			assert_int_equal(best->peer, peers[obvious]);
			assert_int_equal(rib_path_id(rib, rib_path_index(rib, best)),
					 id_of((unsigned)obvious));
		}
		if (best == NULL)
			continue;
		check_reasons(rib, rib_net(rib, index));
		members = rib_members(rib, rib_net(rib, index), &group);
		assert_int_equal(group, rib_peer(rib, best->peer)->group);
		assert_int_equal(members, told_members(rib, net, group));
		compare_backup(rib, net, group);
	}
	for (unsigned p = 1; p <= PEERS; p += IDS) {
		uint64_t received = 0, accepted = 0;

		for (unsigned i = 0; i < IDS * NETS; i++) {
			received += told[p + i / NETS][i % NETS].there;
			accepted += told[p + i / NETS][i % NETS].there && told[p + i / NETS][i % NETS].usable;
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

	for (unsigned q = 1; q <= PEERS; q++) {
		for (unsigned net = 0; net < NETS; net++) {
			if (peers[q] == peers[p] && told[q][net].there && told[q][net].usable &&
			    told[q][net].has_med && told[q][net].med < lowest)
				lowest = told[q][net].med;
		}
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
			struct nlri nlri = nlri_of(p, net);

			assert_int_equal(rib_withdraw_path(&rib, peers[p], &nlri), told[p][net].there);
			told[p][net].there = false;
		} else if (what < 96 && p != 0) {
			rib_peer_prefer(&rib, peers[p], 99 + number(3));
			work_off(&rib);
		} else if (what < 98 && p != 0) {
			rib_peer_down(&rib, peers[p]);
			for (unsigned i = 0; i < NETS * (PEERS + 1); i++) {
				if (peers[i / NETS] == peers[p])
					told[i / NETS][i % NETS].there = false;
			}
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
		for (unsigned net = 0; net < NETS; net++) {
			struct nlri nlri = nlri_of(p, net);

			rib_withdraw_path(&rib, peers[p], &nlri);
		}
	}
	drain(&rib);
	assert_int_equal(rib.trie.count, 0);
	assert_int_equal(rib.live_paths, 0);
	assert_int_equal(rib.attributes->count, 0);
	tear_down(&rib);
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
			struct nlri nlri = nlri_of(p, net);

			rib_withdraw_path(&rib, peers[p], &nlri);
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
	tear_down(&rib);
}

/* Each place is the best of what is left: as if those before it were gone. */
static void
an_order_has_the_best_of_the_rest_at_each_place(void **state)
{
	struct rib rib;

	setup(&rib);
	for (int round = 0; round < 2000; round++) {
		unsigned net = number(NETS), kept[PEERS + 1];
		uint32_t paths[PEERS + 1], most, index;
		size_t count = 0;

		for (unsigned p = 0; p <= PEERS; p++) {
			struct nlri nlri = nlri_of(p, net);

			if (p != 0 && number(3) != 0)
				tell(&rib, p, net);
			else if (rib_withdraw_path(&rib, peers[p], &nlri))
				told[p][net].there = false;
		}
		index = trie_get(&rib.trie, address_of(net), 16);
		for (uint32_t at = index != 0 ? rib_net(&rib, index)->paths : 0; at != 0;
		     at = rib_path(&rib, at)->next) {
			if (path_usable(&rib, rib_path(&rib, at)))
				paths[count++] = at;
		}
		most = number((uint32_t)count + 2);
		decision_order(&rib, paths, count, most);
		for (unsigned p = 0; p <= PEERS; p++)
			kept[p] = told[p][net].there;
		for (size_t i = 0; i < count && i < most; i++) {
			int obvious = obvious_best(&rib, net);

			assert_true(obvious > 0);
			assert_int_equal(rib_path(&rib, paths[i])->peer, peers[obvious]);
			assert_int_equal(rib_path_id(&rib, paths[i]), id_of((unsigned)obvious));
			told[obvious][net].there = false;
		}
		for (unsigned p = 0; p <= PEERS; p++)
			told[p][net].there = kept[p] != 0;
		drain(&rib);
	}
	tear_down(&rib);
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
		attributes = attributes_intern(rib.attributes, &set);
		rib_announce(&rib, peers[1], address_of(1), 16, attributes, PATH_USABLE);
		attributes_release(rib.attributes, attributes);
		set.med = cases[i].med;
		set.origin = cases[i].origin;
		set.as_path = cases[i].hops == 2 ? two : one;
		set.as_path_length = cases[i].hops == 2 ? sizeof(two) : sizeof(one);
		attributes = attributes_intern(rib.attributes, &set);
		rib_peer(&rib, peers[1 + IDS])->local_preference = cases[i].preference;
		rib_announce(&rib, peers[1 + IDS], address_of(1), 16, attributes, PATH_USABLE);
		attributes_release(rib.attributes, attributes);

		net = rib_net(&rib, trie_get(&rib.trie, address_of(1), 16));
		ours = rib_path(&rib, net->paths);
		theirs = rib_path(&rib, ours->next);
		if (cases[i].best != NULL)
			assert_string_equal(decision_reason(&rib, net, ours, text, sizeof(text)),
					    cases[i].best);
		assert_string_equal(decision_reason(&rib, net, theirs, text, sizeof(text)), cases[i].other);
		tear_down(&rib);
	}
}

/* MED compares within an AS only: who fell to a third path's MED may have the lower router id. */
static void
the_reason_of_what_fell_to_the_med_of_a_third_path_is_that_med(void **state)
{
	static const struct {
		uint8_t as;
		uint32_t med, identifier;
		const char *reason;
	} paths[] = {
	    {1, 10, 1, "not best: higher MED (10 against 5)"},
	    {1, 5, 9, "not best: higher router id (0.0.0.9 against 0.0.0.5)"},
	    {2, 7, 5, "best: lower router id (0.0.0.5 against 0.0.0.9)"},
	};
	struct rib rib;
	struct net *net;
	char text[200];

	(void)state;
	setup(&rib);
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		const uint8_t path[] = {2, 1, 0, 0, 0, paths[i].as};
		struct attribute_set set = {.present = HAS_ORIGIN | HAS_AS_PATH | HAS_MED,
					    .med = paths[i].med,
					    .as_path = path,
					    .as_path_length = sizeof(path)};
		struct bgp_attributes *attributes = attributes_intern(rib.attributes, &set);

		rib_peer(&rib, peers[1 + IDS * i])->identifier = paths[i].identifier;
		rib_announce(&rib, peers[1 + IDS * i], address_of(1), 16, attributes, PATH_USABLE);
		attributes_release(rib.attributes, attributes);
	}
	net = rib_net(&rib, trie_get(&rib.trie, address_of(1), 16));
	for (uint32_t at = net->paths; at != 0; at = rib_path(&rib, at)->next) {
		for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
			if (rib_path(&rib, at)->peer == peers[1 + IDS * i])
				assert_string_equal(
				    decision_reason(&rib, net, rib_path(&rib, at), text, sizeof(text)),
				    paths[i].reason);
		}
	}
	assert_int_equal(decision_step_of(&rib, net), STEP_IDENTIFIER);
	tear_down(&rib);
}

/* Asked for once more while it is under way, and while the table grows. */
static void
a_sweep_leaves_nothing_behind(void **state)
{
	struct attribute_set set = {.present = HAS_ORIGIN | HAS_AS_PATH};
	struct bgp_attributes *attributes;
	struct rib rib;
	uint8_t address[16] = {10};

	(void)state;
	setup(&rib);
	attributes = attributes_intern(rib.attributes, &set);
	for (unsigned i = 0; i < 600; i++) {
		address[1] = (uint8_t)(i >> 8);
		address[2] = (uint8_t)i;
		rib_announce(&rib, peers[1 + IDS * (i % 2)], address, 24, attributes, PATH_USABLE);
	}
	rib_peer_down(&rib, peers[1]);
	assert_true(rib_work(&rib, 0));
	rib_peer_down(&rib, peers[1 + IDS]);
	address[0] = 11;
	for (unsigned i = 0; i < 5000; i++) {
		address[1] = (uint8_t)(i >> 8);
		address[2] = (uint8_t)i;
		rib_announce(&rib, peers[1 + 2 * IDS], address, 24, attributes, PATH_USABLE);
	}
	while (rib_sweeping(&rib))
		rib_work(&rib, 0);
	assert_int_equal(rib.live_paths, 5000);
	attributes_release(rib.attributes, attributes);
	tear_down(&rib);
}

/* A visit of a path costs as much as its prefix has paths: the clock is looked at after as much work, whether
 * that is a prefix or hundreds. */
static void
a_prefix_with_hundreds_of_paths_does_not_hold_a_round(void **state)
{
	enum { MANY = 5, EACH = RIB_PATHS_MOST };
	struct attribute_set set = {.present = HAS_ORIGIN | HAS_AS_PATH};
	struct bgp_attributes *attributes;
	struct rib rib;
	uint16_t of[MANY];
	uint32_t looks;
	struct pace pace;
	struct order *order;

	(void)state;
	setup(&rib);
	attributes = attributes_intern(rib.attributes, &set);
	for (unsigned p = 0; p < MANY; p++) {
		of[p] = rib_peer_take(&rib);
		for (uint32_t i = 0; i < 20 * EACH; i++) {
			struct nlri nlri = {
			    .address = {10, (uint8_t)(i / EACH)}, .length = 24, .path_id = 1 + i % EACH};

			assert_int_not_equal(
			    rib_announce_path(&rib, of[p], &nlri, attributes, NULL, PATH_USABLE), 0);
		}
	}
	/* The same goes for an UPDATE. */
	pace = update_begin(&rib);
	update_late(&pace);
	assert_int_equal(pace.until, 0);
	for (unsigned p = 0; p < MANY; p++)
		rib_decide_again(&rib, 1, false, of[p], CHRONICLE_SESSION);
	update_late(&pace);
	assert_int_not_equal(pace.until, 0);
	rib_peer_down(&rib, of[0]);
	/* And for a walk that comes before the sweep. */
	assert_null(rib_best(&rib, rib_net(&rib, 1)));
	order = order_take(&rib, NULL);
	looks = rib.looks;
	assert_false(order_build(order, 0));
	assert_in_range(rib.looks - looks, 1, RIB_LOOKS_AT_ONCE + MANY * EACH);
	order_release(order);
	looks = rib.looks;
	assert_true(rib_work(&rib, 0));
	assert_in_range(rib.looks - looks, 1, RIB_LOOKS_AT_ONCE + MANY * EACH);
	while (rib_work(&rib, 0))
		;
	assert_int_equal(rib.live_paths, 20 * EACH * (MANY - 1));
	attributes_release(rib.attributes, attributes);
	tear_down(&rib);
}

TEST_MAIN(cmocka_unit_test(a_prefix_with_hundreds_of_paths_does_not_hold_a_round),
	  cmocka_unit_test(a_sweep_leaves_nothing_behind),
	  cmocka_unit_test(the_choice_is_always_that_of_the_obvious_implementation),
	  cmocka_unit_test(every_change_of_the_outcome_is_queued),
	  cmocka_unit_test(an_order_has_the_best_of_the_rest_at_each_place),
	  cmocka_unit_test(the_reason_names_the_step_that_decided),
	  cmocka_unit_test(the_reason_of_what_fell_to_the_med_of_a_third_path_is_that_med))
