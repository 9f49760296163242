// SPDX-License-Identifier: GPL-2.0-or-later
/* Several paths of a prefix over one session (RFC 7911): what comes in, and what is told. */
#include <unistd.h>

#include "tests/unit/bgp/raw.h"

enum { BOTH = BGP_FAMILY_BIT(BGP_IPV4) | BGP_FAMILY_BIT(BGP_IPV6), SOURCES = 3 };

/* Three sources tell a hub, the hub tells the sink. */
static struct {
	struct node sources[SOURCES], hub, sink;
	struct bgp_peer *at_source[SOURCES], *from_source[SOURCES], *to_sink, *at_sink;
} w;

static struct bgp_peer_config
config_of(const char *name, const struct node *node, const struct node *other)
{
	struct bgp_peer_config config = peer_config(name, node, other);
	char hop[] = "fd00::1";

	hop[sizeof(hop) - 2] = (char)('0' + node->address.bytes[3]);
	config.families = BOTH;
	assert_true(ip_address_parse(hop, &config.next_hop[BGP_IPV6]));
	config.export_peers = true;
	return config;
}

static void
open_world(uint32_t send)
{
	static const char *const names[SOURCES] = {"one", "two", "three"};
	struct bgp_peer_config config;

	memset(&w, 0, sizeof(w));
	node_open(&w.hub, 2, 65001);
	node_open(&w.sink, 3, 65002);
	for (unsigned i = 0; i < SOURCES; i++) {
		node_open(&w.sources[i], 4 + i, 65011 + i);
		config = config_of("hub", &w.sources[i], &w.hub);
		config.add_path_receive = true;
		w.at_source[i] = add(&w.sources[i], &config);
		config = config_of(names[i], &w.hub, &w.sources[i]);
		config.add_path_send = send;
		w.from_source[i] = add(&w.hub, &config);
	}
	config = config_of("sink", &w.hub, &w.sink);
	config.add_path_send = send;
	w.to_sink = add(&w.hub, &config);
	config = config_of("hub", &w.sink, &w.hub);
	config.add_path_receive = true;
	w.at_sink = add(&w.sink, &config);
	WAIT_UNTIL(is_up(w.at_sink) && is_up(w.to_sink) && is_up(w.from_source[0]) &&
		   is_up(w.from_source[1]) && is_up(w.from_source[2]));
}

static void
close_world(void)
{
	for (unsigned i = 0; i < SOURCES; i++)
		close_node(&w.sources[i]);
	close_node(&w.hub);
	close_node(&w.sink);
}

static void
withdraw(struct node *node, const char *text)
{
	struct ip_prefix gone = prefix(text);

	assert_true(bgp_network_remove(node->speaker, &gone));
}

/* The identifiers by AS number of the source, of the paths that a peer told; 0: none. */
struct ids {
	unsigned count;
	uint32_t of[SOURCES];
	uint8_t family;
	uint32_t asn; /* of the one at hand */
};

static void
keep_last_as(void *context, const char *text)
{
	((struct ids *)context)->asn = (uint32_t)atoi(text);
}

static bool
keep_id(void *context, const struct bgp_path *path)
{
	struct ids *ids = context;

	assert_true(path->has_path_id);
	if (path->prefix.address.family != ids->family)
		return true;
	bgp_attributes_as_path(path->attributes, keep_last_as, ids);
	assert_in_range(ids->asn, 65011, 65010 + SOURCES);
	assert_int_equal(ids->of[ids->asn - 65011], 0);
	ids->of[ids->asn - 65011] = path->path_id;
	ids->count++;
	return true;
}

static struct ids
ids_at(struct bgp_peer *peer, uint8_t family)
{
	struct ids ids = {.family = family};

	bgp_walk_received(peer, NULL, keep_id, &ids);
	return ids;
}

static struct ids
ids_told(struct bgp_peer *peer)
{
	struct ids ids = {.family = AF_INET};

	bgp_walk_advertised(peer, NULL, keep_id, &ids);
	return ids;
}

static bool
has_capability(const struct bgp_peer *peer, const char *name)
{
	struct bgp_peer_status status = status_of(peer);

	for (size_t i = 0; i < status.capability_count; i++) {
		if (strcmp(status.capabilities[i], name) == 0)
			return true;
	}
	return false;
}

/* Nothing is on its way any longer from the hub to the sink. */
static bool
is_told(unsigned paths)
{
	return status_of(w.to_sink).advertised == paths && status_of(w.at_sink).received == paths &&
	       status_of(w.to_sink).pending == 0;
}

static void
every_path_is_told_by_an_identifier_that_stays(void **state)
{
	struct ids before, now;
	uint64_t updates;

	open_world(BGP_ADD_PATH_ALL);
	assert_true(has_capability(w.to_sink, "add-path-out-ipv4"));
	assert_true(has_capability(w.to_sink, "add-path-out-ipv6"));
	assert_true(has_capability(w.at_sink, "add-path-in-ipv4"));
	assert_false(has_capability(w.at_sink, "add-path-out-ipv4"));
	for (unsigned i = 0; i < 2; i++)
		originate(&w.sources[i], "10.1.0.0/16");
	WAIT_UNTIL(is_told(2));
	before = ids_at(w.at_sink, AF_INET);
	assert_int_equal(before.count, 2);
	assert_int_not_equal(before.of[0], before.of[1]);
	now = ids_told(w.to_sink);
	assert_int_equal(now.of[0], before.of[0]);
	assert_int_equal(now.of[1], before.of[1]);
	/* One more tells no other once more. */
	updates = status_of(w.to_sink).sent_of[BGP_KIND_UPDATE];
	originate(&w.sources[2], "10.1.0.0/16");
	WAIT_UNTIL(is_told(3));
	assert_int_equal(status_of(w.to_sink).sent_of[BGP_KIND_UPDATE], updates + 1);
	now = ids_at(w.at_sink, AF_INET);
	assert_int_equal(now.of[0], before.of[0]);
	assert_int_equal(now.of[1], before.of[1]);
	assert_int_not_equal(now.of[2], 0);
	/* Changed, it keeps its own, and nothing else is told. */
	bgp_peer_set_med(w.at_source[0], 7);
	WAIT_UNTIL(status_of(w.to_sink).sent_of[BGP_KIND_UPDATE] == updates + 2 && is_told(3));
	assert_int_equal(ids_at(w.at_sink, AF_INET).of[0], before.of[0]);
	/* One goes, the others stay. */
	withdraw(&w.sources[0], "10.1.0.0/16");
	WAIT_UNTIL(is_told(2));
	now = ids_at(w.at_sink, AF_INET);
	assert_int_equal(now.of[0], 0);
	assert_int_equal(now.of[1], before.of[1]);
	assert_int_equal(status_of(w.to_sink).sent_of[BGP_KIND_UPDATE], updates + 3);
	/* With its session. */
	bgp_peer_stop(w.at_source[1], "over");
	WAIT_UNTIL(is_told(1));
	withdraw(&w.sources[2], "10.1.0.0/16");
	WAIT_UNTIL(is_told(0));
	WAIT_UNTIL(w.hub.speaker->ribs[BGP_IPV4].trie.count == 0);
	close_world();
}

static void
ipv6_beside_it_has_identifiers_of_its_own(void **state)
{
	struct ids ids;

	open_world(BGP_ADD_PATH_ALL);
	for (unsigned i = 0; i < SOURCES; i++) {
		originate(&w.sources[i], "2001:db8:1::/48");
		originate(&w.sources[i], "10.1.0.0/16");
	}
	WAIT_UNTIL(is_told(6));
	ids = ids_at(w.at_sink, AF_INET6);
	assert_int_equal(ids.count, 3);
	assert_true(ids.of[0] != ids.of[1] && ids.of[1] != ids.of[2] && ids.of[0] != ids.of[2]);
	assert_int_equal(ids_at(w.at_sink, AF_INET).count, 3);
	withdraw(&w.sources[1], "2001:db8:1::/48");
	WAIT_UNTIL(is_told(5));
	assert_int_equal(ids_at(w.at_sink, AF_INET6).of[1], 0);
	assert_int_equal(ids_at(w.at_sink, AF_INET6).of[2], ids.of[2]);
	close_world();
}

/* Split horizon is of each path: a source is told those of the others. */
static void
nobody_is_told_a_path_of_its_own(void **state)
{
	open_world(BGP_ADD_PATH_ALL);
	for (unsigned i = 0; i < SOURCES; i++)
		originate(&w.sources[i], "10.1.0.0/16");
	WAIT_UNTIL(is_told(3));
	for (unsigned i = 0; i < SOURCES; i++) {
		struct ids ids;

		WAIT_UNTIL(status_of(w.at_source[i]).received == 2);
		ids = ids_at(w.at_source[i], AF_INET);
		assert_int_equal(ids.count, 2);
		assert_int_equal(ids.of[i], 0);
	}
	WAIT_UNTIL(is_told(3));
	/* A change of any path is one that is to be told yet. */
	changes_add_paths(&w.hub.speaker->ribs[BGP_IPV4], 1);
	assert_int_equal(status_of(w.to_sink).pending, 1);
	speaker_kick(w.hub.speaker);
	WAIT_UNTIL(is_told(3));
	close_world();
}

/* Source 1 is told with the shortest AS path, 3 with the longest. */
static void
prepend(unsigned times, struct bgp_peer *peer)
{
	struct policy *policy = policy_new();
	struct policy_rule *rule = policy_add(policy);

	rule->action = POLICY_ACCEPT;
	rule->set.prepend.count = times;
	policy_seal(policy);
	bgp_peer_set_policy(peer, NULL, policy);
	policy_release(policy);
}

static bool
sink_has(bool one, bool two, bool three)
{
	struct ids ids = ids_at(w.at_sink, AF_INET);

	return (ids.of[0] != 0) == one && (ids.of[1] != 0) == two && (ids.of[2] != 0) == three;
}

static void
the_best_so_many_are_told_and_another_number_without_a_reset(void **state)
{
	struct bgp_peer_config config;
	struct error err;

	open_world(2);
	for (unsigned i = 0; i < SOURCES; i++) {
		prepend(1 + i, w.at_source[i]);
		originate(&w.sources[i], "10.1.0.0/16");
	}
	WAIT_UNTIL(status_of(w.from_source[2]).received == 1 && is_told(2) && sink_has(true, true, false));
	/* The third stands in for the first. */
	withdraw(&w.sources[0], "10.1.0.0/16");
	WAIT_UNTIL(is_told(2) && sink_has(false, true, true));
	originate(&w.sources[0], "10.1.0.0/16");
	WAIT_UNTIL(is_told(2) && sink_has(true, true, false));
	/* The order changes, not the paths' being there. */
	prepend(5, w.at_source[0]);
	WAIT_UNTIL(is_told(2) && sink_has(false, true, true));
	config = config_of("sink", &w.hub, &w.sink);
	config.add_path_send = 1;
	assert_true(bgp_peer_configure(w.to_sink, &config, &err));
	WAIT_UNTIL(is_told(1) && sink_has(false, true, false));
	config.add_path_send = BGP_ADD_PATH_ALL;
	assert_true(bgp_peer_configure(w.to_sink, &config, &err));
	WAIT_UNTIL(is_told(3));
	assert_int_equal(status_of(w.to_sink).flaps, 0);
	close_world();
}

/* The caller's. */
static struct policy *
denies_as(uint32_t asn)
{
	struct policy *policy = policy_new();
	struct policy_rule *rule = policy_add(policy);
	char pattern[32];

	snprintf(pattern, sizeof(pattern), "%u+", asn);
	rule->action = POLICY_DENY;
	rule->match.as_path = policy_set_new(POLICY_AS_PATHS, NULL);
	assert_true(policy_set_add(rule->match.as_path, pattern, NULL));
	policy_set_seal(rule->match.as_path);
	policy_seal(policy);
	return policy;
}

static void
deny_as(uint32_t asn, struct bgp_peer *peer)
{
	struct policy *policy = denies_as(asn);

	bgp_peer_set_policy(peer, NULL, policy);
	policy_release(policy);
}

static void
count_denied(void *context, const struct ip_prefix *gone, enum bgp_preview_change change)
{
	assert_int_equal(change, BGP_PREVIEW_DENIED);
	++*(unsigned *)context;
}

static void
a_dry_run_of_rules_looks_at_each_path(void **state)
{
	struct policy *policy = denies_as(65011);
	unsigned denied = 0;
	uint64_t all;

	open_world(BGP_ADD_PATH_ALL);
	for (unsigned i = 0; i < SOURCES; i++)
		originate(&w.sources[i], "10.1.0.0/16");
	WAIT_UNTIL(is_told(3));
	assert_int_equal(
	    bgp_policy_preview(w.to_sink, POLICY_EXPORT, policy, INT64_MAX, count_denied, &denied, &all), 3);
	assert_int_equal(all, 3);
	assert_int_equal(denied, 1);
	policy_release(policy);
	policy = denies_as(65001); /* as the hub tells them */
	denied = 0;
	assert_int_equal(
	    bgp_policy_preview(w.at_sink, POLICY_IMPORT, policy, INT64_MAX, count_denied, &denied, &all), 3);
	assert_int_equal(denied, 0);
	policy_release(policy);
	close_world();
}

static void
rules_of_export_come_before_the_choice_of_the_best(void **state)
{
	static const uint32_t numbers[] = {1, 2, BGP_ADD_PATH_ALL};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		open_world(numbers[i]);
		for (unsigned k = 0; k < SOURCES; k++) {
			prepend(1 + k, w.at_source[k]);
			originate(&w.sources[k], "10.1.0.0/16");
		}
		WAIT_UNTIL(is_told(numbers[i] < 3 ? numbers[i] : 3));
		deny_as(65011, w.to_sink);
		WAIT_UNTIL(is_told(numbers[i] < 2 ? numbers[i] : 2) && sink_has(false, true, numbers[i] > 1));
		bgp_peer_set_policy(w.to_sink, NULL, NULL);
		WAIT_UNTIL(is_told(numbers[i] < 3 ? numbers[i] : 3) &&
			   sink_has(true, numbers[i] > 1, numbers[i] > 2));
		close_world();
	}
}

static void
a_refresh_and_a_limit_count_each_path(void **state)
{
	struct bgp_peer_config config;
	struct error err;
	uint64_t told;

	open_world(BGP_ADD_PATH_ALL);
	bgp_speaker_watch(w.hub.speaker, false, true);
	for (unsigned i = 0; i < SOURCES; i++)
		originate(&w.sources[i], "10.1.0.0/16");
	WAIT_UNTIL(is_told(3));
	told = status_of(w.at_sink).received_of[BGP_KIND_UPDATE];
	w.hub.advertised_rows = 0;
	bgp_peer_reset(w.at_sink, true);
	WAIT_UNTIL(status_of(w.at_sink).received_of[BGP_KIND_UPDATE] >= told + 3 && is_told(3));
	assert_int_equal(w.hub.advertised_rows, 3);
	config = config_of("sink", &w.hub, &w.sink);
	config.add_path_send = BGP_ADD_PATH_ALL;
	config.max_prefixes_out = 2;
	assert_true(bgp_peer_configure(w.to_sink, &config, &err));
	withdraw(&w.sources[0], "10.1.0.0/16");
	WAIT_UNTIL(is_told(2));
	originate(&w.sources[0], "10.1.0.0/16");
	WAIT_UNTIL(w.hub.warnings_of_limit != 0 && is_told(2));
	withdraw(&w.sources[1], "10.1.0.0/16");
	WAIT_UNTIL(is_told(2) && sink_has(true, false, true));
	close_world();
}

static bool
keep_originator(void *context, const struct bgp_path *path)
{
	struct seen *seen = context;

	assert_int_not_equal(path->path_id, 0);
	seen->count++;
	snprintf(seen->text + strlen(seen->text), sizeof(seen->text) - strlen(seen->text), "%u:%u ",
		 attributes_originator(path->attributes), path->local_preference);
	return true;
}

/* RFC 4456 of each path: who brought it is its originator; and its local preference is its own. */
static void
a_reflector_tells_its_clients_paths_each_with_its_originator(void **state)
{
	struct node sources[2], hub, sink;
	struct bgp_peer *from[2], *to_sink, *at_sink;
	struct bgp_peer_config config;
	struct seen seen = {0};

	node_open(&hub, 2, 65001);
	node_open(&sink, 3, 65001);
	for (unsigned i = 0; i < 2; i++) {
		node_open(&sources[i], 4 + i, 65001);
		config = peer_config("hub", &sources[i], &hub);
		add(&sources[i], &config);
		config = peer_config(i == 0 ? "one" : "two", &hub, &sources[i]);
		config.habits.reflector_client = true;
		from[i] = add(&hub, &config);
		originate(&sources[i], "10.1.0.0/16");
	}
	config = peer_config("sink", &hub, &sink);
	config.habits.reflector_client = true;
	config.export_peers = true;
	config.add_path_send = BGP_ADD_PATH_ALL;
	to_sink = add(&hub, &config);
	config = peer_config("hub", &sink, &hub);
	config.add_path_receive = true;
	at_sink = add(&sink, &config);
	WAIT_UNTIL(status_of(at_sink).received == 2 && status_of(to_sink).advertised == 2);
	bgp_walk_received(at_sink, NULL, keep_originator, &seen);
	assert_non_null(strstr(seen.text, "4:100 "));
	assert_non_null(strstr(seen.text, "5:100 "));
	bgp_peer_stop(from[0], "over");
	WAIT_UNTIL(status_of(at_sink).received == 1);
	seen = (struct seen){0};
	bgp_walk_received(at_sink, NULL, keep_originator, &seen);
	assert_string_equal(seen.text, "5:100 ");
	for (unsigned i = 0; i < 2; i++)
		close_node(&sources[i]);
	close_node(&hub);
	close_node(&sink);
}

/* Identifiers stand where one side sends and the other receives, and nowhere else. */
static void
each_direction_is_agreed_on_by_itself(void **state)
{
	static const struct {
		bool receive_a;
		uint32_t send_a;
		bool receive_b;
		uint32_t send_b;
		bool to_b, to_a;
	} cases[] = {
	    {false, 0, true, 2, false, false},  {true, 0, true, 0, false, false},
	    {false, 2, false, 2, false, false}, {false, 2, true, 0, true, false},
	    {true, 0, false, 2, false, true},   {true, 2, true, 2, true, true},
	    {true, 2, true, 0, true, false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct bgp_peer_config config;
		struct bgp_peer *at_a, *at_b;
		struct node a, b;

		node_open(&a, 2, 65001);
		node_open(&b, 3, 65002);
		originate(&a, "10.1.0.0/16");
		originate(&b, "10.2.0.0/16");
		config = peer_config("b", &a, &b);
		config.add_path_receive = cases[i].receive_a;
		config.add_path_send = cases[i].send_a;
		at_a = add(&a, &config);
		config = peer_config("a", &b, &a);
		config.add_path_receive = cases[i].receive_b;
		config.add_path_send = cases[i].send_b;
		at_b = add(&b, &config);
		WAIT_UNTIL(has_route(&a, "10.2.0.0/16") && has_route(&b, "10.1.0.0/16"));
		assert_int_equal(has_capability(at_a, "add-path-out-ipv4"), cases[i].to_b);
		assert_int_equal(has_capability(at_b, "add-path-in-ipv4"), cases[i].to_b);
		assert_int_equal(has_capability(at_a, "add-path-in-ipv4"), cases[i].to_a);
		assert_int_equal(has_capability(at_b, "add-path-out-ipv4"), cases[i].to_a);
		assert_false(has_capability(at_b, "add-path-in-ipv6"));
		close_node(&a);
		close_node(&b);
	}
}

/* --- octet by octet ----------------------------------------------------------------------------- */

/* IPv4 unicast; four octets; add-path of IPv4, both directions; graceful restart where it is asked for. */
#define OPEN_PATHS \
	MARK "003301" \
	     "04fdea005a0a0b0c0d" \
	     "16" \
	     "0214" \
	     "010400010001" \
	     "41040000fdea" \
	     "450400010103" \
	     "0600"
#define OPEN_RESTARTS \
	MARK "003901" \
	     "04fdea005a0a0b0c0d" \
	     "1c" \
	     "021a" \
	     "010400010001" \
	     "41040000fdea" \
	     "450400010103" \
	     "4006407800010180"
#define ATTRS4 "4001010040020602010000fdea" HOP
#define END_OF_RIB MARK "00170200000000"

static struct {
	struct node a, b;
	struct bgp_peer *peer;
	struct raw raw;
} r;

static void
connect_raw(const char *open)
{
	raw_connect(&r.raw, 9, &r.a);
	raw_send(&r.raw, open);
	raw_send(&r.raw, KEEPALIVE);
	WAIT_UNTIL(is_up(r.peer));
}

static void
open_raw(const char *open)
{
	struct bgp_peer_config config;

	memset(&r, 0, sizeof(r));
	r.b = (struct node){.address = ip_address_v4(0x7f000009), .asn = 65002};
	node_open(&r.a, 2, 65001);
	config = peer_config("raw", &r.a, &r.b);
	config.passive = true;
	config.graceful_restart = true;
	config.add_path_receive = true;
	r.peer = add(&r.a, &config);
	connect_raw(open);
}

static void
close_raw(void)
{
	close(r.raw.fd);
	close_node(&r.a);
}

struct standing {
	size_t count;
	struct {
		uint32_t id;
		bool best, med;
	} paths[RIB_PATHS_MOST];
};

/* Into its place by identifier. */
static bool
see_id(void *context, const struct bgp_path *path)
{
	struct standing *all = context;
	size_t at = all->count++;

	assert_true(path->has_path_id);
	for (; at > 0 && all->paths[at - 1].id > path->path_id; at--)
		all->paths[at] = all->paths[at - 1];
	all->paths[at].id = path->path_id;
	all->paths[at].best = path->best;
	all->paths[at].med = path->has_med;
	return true;
}

/* "1* 2m ": the identifiers of what stands, the best with a star, with a MED "m". */
static bool
stands(const char *text)
{
	struct standing all = {0};
	char got[400] = "";

	bgp_walk_received(r.peer, NULL, see_id, &all);
	for (size_t i = 0; i < all.count; i++)
		snprintf(got + strlen(got), sizeof(got) - strlen(got), "%u%s%s ", all.paths[i].id,
			 all.paths[i].best ? "*" : "", all.paths[i].med ? "m" : "");
	return strcmp(got, text) == 0;
}

static void
a_path_is_replaced_and_withdrawn_by_its_identifier(void **state)
{
	struct seen seen = {0};

	open_raw(OPEN_PATHS);
	raw_update(&r.raw, "", ATTRS4,
		   "00000002080a"
		   "00000001080a"
		   "00000000080a");
	WAIT_UNTIL(status_of(r.peer).received == 3);
	assert_int_equal(status_of(r.peer).accepted, 3);
	/* Equal but for these: the lowest is best. */
	WAIT_UNTIL(stands("0* 1 2 "));
	bgp_walk_received(r.peer, NULL, see, &seen);
	assert_non_null(strstr(seen.text, "| best: lower path id (0 against 1);"));
	assert_non_null(strstr(seen.text, "| not best: higher path id (2 against 0);"));
	/* The same prefix with the same identifier takes the other's place: an implicit withdrawal. */
	raw_update(&r.raw, "", ATTRS4 "80040400000009", "00000000080a");
	WAIT_UNTIL(stands("0m 1* 2 "));
	/* None of that name: nothing. */
	raw_update(&r.raw,
		   "00000007080a"
		   "00000001080b",
		   "", "");
	raw_update(&r.raw, "00000001080a", "", "");
	WAIT_UNTIL(stands("0m 2* "));
	raw_update(&r.raw, "00000002080a", "", "");
	WAIT_UNTIL(stands("0*m "));
	assert_true(has_route(&r.a, "10.0.0.0/8"));
	/* RFC 7606: treated as withdrawn, by its identifier too. */
	raw_update(&r.raw, "", ATTRS4, "ffffffff080a");
	WAIT_UNTIL(status_of(r.peer).received == 2);
	raw_update(&r.raw, "",
		   "40010109"
		   "40020602010000fdea" HOP,
		   "ffffffff080a");
	WAIT_UNTIL(stands("0*m "));
	assert_int_equal(status_of(r.peer).treated_as_withdraw, 1);
	bgp_peer_stop(r.peer, "over");
	WAIT_UNTIL(!has_route(&r.a, "10.0.0.0/8"));
	WAIT_UNTIL(r.a.speaker->ribs[BGP_IPV4].live_paths == 0);
	close_raw();
}

static void
a_prefix_without_its_identifier_ends_the_session(void **state)
{
	static const struct {
		const char *withdrawn, *reachable;
		uint8_t subcode;
	} cases[] = {
	    {"", "080a", 10}, {"", "00000001", 10}, {"", "00000001210a00000001", 10},
	    {"080a", "", 1},  {"000000", "", 1},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const uint8_t *message;

		open_raw(OPEN_PATHS);
		raw_update(&r.raw, cases[i].withdrawn, cases[i].reachable[0] != '\0' ? ATTRS4 : "",
			   cases[i].reachable);
		WAIT_UNTIL((message = raw_message(&r.raw, BGP_NOTIFICATION)) != NULL);
		assert_int_equal(message[19], BGP_ERROR_UPDATE);
		assert_int_equal(message[20], cases[i].subcode);
		close_raw();
	}
}

static void
of_one_prefix_so_many_paths_are_taken_and_no_more(void **state)
{
	char nlri[12 * (RIB_PATHS_MOST + 2) + 1] = "";

	open_raw(OPEN_PATHS);
	for (unsigned i = 0; i <= RIB_PATHS_MOST + 1; i++)
		snprintf(nlri + strlen(nlri), sizeof(nlri) - strlen(nlri), "%08x080a", i + 1);
	raw_update(&r.raw, "", ATTRS4, nlri);
	WAIT_UNTIL(strstr(r.a.last_event, "peer.paths more than 64 paths of 10.0.0.0/8") != NULL);
	assert_int_equal(status_of(r.peer).received, RIB_PATHS_MOST);
	/* Another prefix has its own. */
	raw_update(&r.raw, "00000001080a", ATTRS4,
		   "00000001080b"
		   "00000fff080a");
	WAIT_UNTIL(has_route(&r.a, "11.0.0.0/8"));
	assert_int_equal(status_of(r.peer).received, RIB_PATHS_MOST + 1);
	assert_true(is_up(r.peer));
	close_raw();
}

/* Its session is lost and there again. */
static void
restart_raw(void)
{
	close(r.raw.fd);
	WAIT_UNTIL(!is_up(r.peer));
	connect_raw(OPEN_RESTARTS);
}

static void
each_path_is_stale_by_itself(void **state)
{
	open_raw(OPEN_RESTARTS);
	raw_update(&r.raw, "", ATTRS4,
		   "00000001080a"
		   "00000002080a"
		   "00000003080a");
	raw_send(&r.raw, END_OF_RIB);
	WAIT_UNTIL(stands("1* 2 3 "));
	close(r.raw.fd);
	WAIT_UNTIL(!is_up(r.peer));
	assert_true(has_route(&r.a, "10.0.0.0/8"));
	assert_true(stands("1* 2 3 "));
	connect_raw(OPEN_RESTARTS);
	raw_update(&r.raw, "", ATTRS4,
		   "00000002080a"
		   "00000004080a");
	WAIT_UNTIL(status_of(r.peer).received == 4);
	raw_send(&r.raw, END_OF_RIB);
	WAIT_UNTIL(stands("2* 4 "));
	assert_true(has_route(&r.a, "10.0.0.0/8"));
	close_raw();
}

/* So many of 10.0.0.0/8, by identifiers from `first` on. */
static void
tell_paths(uint32_t first, unsigned count)
{
	char nlri[12 * RIB_PATHS_MOST + 1] = "";

	for (unsigned i = 0; i < count; i++)
		snprintf(nlri + strlen(nlri), sizeof(nlri) - strlen(nlri), "%08x080a", first + i);
	raw_update(&r.raw, "", ATTRS4, nlri);
}

static void
identifiers_may_be_others_after_a_restart(void **state)
{
	open_raw(OPEN_RESTARTS);
	tell_paths(1, RIB_PATHS_MOST);
	raw_send(&r.raw, END_OF_RIB);
	WAIT_UNTIL(status_of(r.peer).received == RIB_PATHS_MOST);
	restart_raw();
	/* As many again: those of before don't take their room. */
	tell_paths(1001, RIB_PATHS_MOST);
	WAIT_UNTIL(status_of(r.peer).received == 2 * RIB_PATHS_MOST);
	tell_paths(2001, 1);
	WAIT_UNTIL(strstr(r.a.last_event, "peer.paths more than 64 paths of 10.0.0.0/8") != NULL);
	raw_send(&r.raw, END_OF_RIB);
	WAIT_UNTIL(status_of(r.peer).received == RIB_PATHS_MOST);
	assert_true(has_route(&r.a, "10.0.0.0/8"));
	WAIT_UNTIL(r.a.speaker->ribs[BGP_IPV4].live_paths == RIB_PATHS_MOST);
	raw_update(&r.raw, "000003e9080a", "", "");
	WAIT_UNTIL(status_of(r.peer).received == RIB_PATHS_MOST - 1);
	close_raw();
}

static void
what_a_restart_left_does_not_count_for_the_limit(void **state)
{
	const uint8_t *message;

	open_raw(OPEN_RESTARTS);
	r.peer->config.max_prefixes = 3;
	tell_paths(1, 3);
	raw_send(&r.raw, END_OF_RIB);
	WAIT_UNTIL(status_of(r.peer).received == 3);
	restart_raw();
	tell_paths(11, 3);
	WAIT_UNTIL(status_of(r.peer).received == 6);
	assert_true(is_up(r.peer));
	raw_send(&r.raw, END_OF_RIB);
	WAIT_UNTIL(stands("11* 12 13 "));
	tell_paths(14, 1);
	WAIT_UNTIL((message = raw_message(&r.raw, BGP_NOTIFICATION)) != NULL);
	assert_int_equal(message[19], BGP_ERROR_CEASE);
	close_raw();
	/* And not without end. */
	open_raw(OPEN_RESTARTS);
	r.peer->config.max_prefixes = 3;
	tell_paths(1, 3);
	WAIT_UNTIL(status_of(r.peer).received == 3);
	restart_raw();
	tell_paths(11, 4);
	WAIT_UNTIL(raw_message(&r.raw, BGP_NOTIFICATION) != NULL);
	close_raw();
}

TEST_MAIN(TEST(every_path_is_told_by_an_identifier_that_stays),
	  TEST(ipv6_beside_it_has_identifiers_of_its_own), TEST(nobody_is_told_a_path_of_its_own),
	  TEST(the_best_so_many_are_told_and_another_number_without_a_reset),
	  TEST(rules_of_export_come_before_the_choice_of_the_best),
	  TEST(a_refresh_and_a_limit_count_each_path), TEST(a_dry_run_of_rules_looks_at_each_path),
	  TEST(a_reflector_tells_its_clients_paths_each_with_its_originator),
	  TEST(each_direction_is_agreed_on_by_itself),
	  TEST(a_path_is_replaced_and_withdrawn_by_its_identifier),
	  TEST(a_prefix_without_its_identifier_ends_the_session),
	  TEST(of_one_prefix_so_many_paths_are_taken_and_no_more), TEST(each_path_is_stale_by_itself),
	  TEST(identifiers_may_be_others_after_a_restart),
	  TEST(what_a_restart_left_does_not_count_for_the_limit))
