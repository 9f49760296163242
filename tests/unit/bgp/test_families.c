// SPDX-License-Identifier: GPL-2.0-or-later
/* IPv6 beside IPv4: which families a session has, what goes over it, and what becomes of one that breaks. */
#include <unistd.h>

#include "tests/unit/bgp/raw.h"

enum { IPV4 = BGP_FAMILY_BIT(BGP_IPV4), IPV6 = BGP_FAMILY_BIT(BGP_IPV6), BOTH = IPV4 | IPV6 };

static struct ip_address
address(const char *text)
{
	struct ip_address out;

	assert_true(ip_address_parse(text, &out));
	return out;
}

/* A session over IPv4 of both families, with an address of IPv6 for the next hops. */
static struct bgp_peer_config
both(const char *name, const struct node *node, const struct node *other, const char *next_hop)
{
	struct bgp_peer_config config = peer_config(name, node, other);

	config.families = BOTH;
	config.next_hop[BGP_IPV6] = address(next_hop);
	return config;
}

static void
both_families_go_over_one_session(void **state)
{
	struct bgp_peer_config config;
	struct bgp_peer *at_a, *at_b;
	struct bgp_walk walk = {0};
	struct seen seen = {0};
	struct ip_prefix from;
	uint64_t asked, told;
	struct node a, b;

	node_open(&a, 2, 65001);
	node_open(&b, 3, 65002);
	originate(&a, "2001:db8:1::/48");
	originate(&a, "10.1.0.0/16");
	originate(&a, "2001:db8:a::/64");
	config = both("b", &a, &b, "fd00::2");
	at_a = add(&a, &config);
	config = both("a", &b, &a, "fd00::3");
	at_b = add(&b, &config);
	WAIT_UNTIL(has_route(&b, "10.1.0.0/16") && has_route(&b, "2001:db8:1::/48") &&
		   has_route(&b, "2001:db8:a::/64"));
	assert_int_equal(status_of(at_b).received, 3);
	assert_int_equal(status_of(at_b).families[BGP_IPV6].accepted, 2);
	assert_int_equal(status_of(at_a).families[BGP_IPV6].advertised, 2);
	assert_int_equal(status_of(at_a).families[BGP_IPV4].advertised, 1);
	assert_int_equal(bgp_path_count(b.speaker), 3);
	bgp_walk_received(at_b, NULL, see, &seen);
	assert_string_equal(seen.text, "10.1.0.0/16 via 127.0.0.2 path 65001 | best: the only path;"
				       "2001:db8:1::/48 via fd00::2 path 65001 | best: the only path;"
				       "2001:db8:a::/64 via fd00::2 path 65001 | best: the only path;");
	seen = (struct seen){0};
	bgp_walk_advertised(at_a, NULL, see, &seen);
	assert_string_equal(seen.text, "10.1.0.0/16 via 127.0.0.2 path 65001 | ;"
				       "2001:db8:1::/48 via fd00::2 path 65001 | ;"
				       "2001:db8:a::/64 via fd00::2 path 65001 | ;");
	/* Backwards from within the second family, on into the first one. */
	from = prefix("2001:db8:a::/64");
	walk = (struct bgp_walk){.from = &from, .backwards = true};
	seen = (struct seen){0};
	bgp_walk_paths(b.speaker, &walk, see, &seen);
	assert_int_equal(seen.count, 2);
	assert_non_null(strstr(seen.text, "only path;10.1.0.0/16"));
	from = prefix("2001:db8:1::/48");
	assert_true(bgp_network_remove(a.speaker, &from));
	WAIT_UNTIL(!has_route(&b, "2001:db8:1::/48"));
	assert_true(has_route(&b, "10.1.0.0/16"));
	assert_int_equal(status_of(at_b).received, 2);
	/* A refresh brings all of both again. */
	asked = status_of(at_a).messages_in;
	told = status_of(at_b).messages_in;
	bgp_peer_reset(at_b, true);
	WAIT_UNTIL(status_of(at_a).messages_in >= asked + 2 && status_of(at_b).messages_in >= told + 2);
	originate(&a, "2001:db8:2::/48");
	WAIT_UNTIL(has_route(&b, "2001:db8:2::/48"));
	bgp_peer_stop(at_b, "over");
	WAIT_UNTIL(!has_route(&b, "10.1.0.0/16") && !has_route(&b, "2001:db8:2::/48") &&
		   !has_route(&b, "2001:db8:a::/64"));
	assert_int_equal(bgp_path_count(b.speaker), 0);
	close_node(&a);
	close_node(&b);
}

/* Both at ::1, told apart by their ports. */
static struct bgp_peer *
add_over_ipv6(struct node *node, const char *name, const struct node *other, unsigned families,
	      const char *next_hop_ipv4)
{
	struct bgp_peer_config config = peer_config(name, node, other);

	config.local = config.remote = address("::1");
	config.families = families;
	if (next_hop_ipv4 != NULL)
		config.next_hop[BGP_IPV4] = address(next_hop_ipv4);
	return add(node, &config);
}

static void
a_session_over_ipv6_carries_ipv4_by_either_next_hop(void **state)
{
	static const char *const hops[] = {NULL, "192.0.2.2"};

	for (size_t i = 0; i < 2; i++) {
		struct bgp_peer *at_a, *at_b;
		struct seen seen = {0};
		struct ip_prefix gone = prefix("10.1.0.0/16");
		struct node a, b;

		node_open(&a, 2, 65001);
		node_open(&b, 3, 65002);
		originate(&a, "10.1.0.0/16");
		originate(&a, "2001:db8:1::/48");
		at_a = add_over_ipv6(&a, "b", &b, BOTH, hops[i]);
		at_b = add_over_ipv6(&b, "a", &a, BOTH, NULL);
		WAIT_UNTIL(has_route(&b, "10.1.0.0/16") && has_route(&b, "2001:db8:1::/48"));
		assert_true(at_a->main->common & CAPABILITY_EXTENDED_NEXT_HOP);
		bgp_walk_received(at_b, NULL, see, &seen);
		assert_string_equal(seen.text,
				    i == 0 ? "10.1.0.0/16 via ::1 path 65001 | best: the only path;"
					     "2001:db8:1::/48 via ::1 path 65001 | best: the only path;"
					   : "10.1.0.0/16 via 192.0.2.2 path 65001 | best: the only path;"
					     "2001:db8:1::/48 via ::1 path 65001 | best: the only path;");
		bgp_network_remove(a.speaker, &gone);
		WAIT_UNTIL(!has_route(&b, "10.1.0.0/16"));
		close_node(&a);
		close_node(&b);
	}
}

static void
only_what_both_sides_speak_is_spoken(void **state)
{
	struct bgp_peer *at_a, *at_b;
	struct bgp_peer_config config;
	struct node a, b;

	node_open(&a, 2, 65001);
	node_open(&b, 3, 65002);
	originate(&a, "10.1.0.0/16");
	originate(&a, "2001:db8:1::/48");
	/* Over IPv6 nothing but IPv6 is meant where nothing is said. */
	at_a = add_over_ipv6(&a, "b", &b, 0, NULL);
	at_b = add_over_ipv6(&b, "a", &a, BOTH, NULL);
	WAIT_UNTIL(has_route(&b, "2001:db8:1::/48") && is_up(at_a));
	assert_true(status_of(at_b).families[BGP_IPV6].spoken);
	assert_false(status_of(at_b).families[BGP_IPV4].spoken);
	assert_int_equal(status_of(at_a).advertised, 1);
	bgp_peer_remove(at_a);
	bgp_peer_remove(at_b);
	WAIT_UNTIL(a.speaker->peers == NULL && b.speaker->peers == NULL);
	/* Over IPv4: IPv4 alone, whatever the other side could. */
	config = both("b", &a, &b, "fd00::2");
	at_a = add(&a, &config);
	at_b = add_simple(&b, "a", &a);
	WAIT_UNTIL(has_route(&b, "10.1.0.0/16"));
	assert_false(status_of(at_a).families[BGP_IPV6].spoken);
	assert_int_equal(status_of(at_a).advertised, 1);
	bgp_peer_remove(at_a);
	bgp_peer_remove(at_b);
	WAIT_UNTIL(a.speaker->peers == NULL && b.speaker->peers == NULL);
	/* Nothing in common. */
	config = both("b", &a, &b, "fd00::2");
	config.families = IPV6;
	at_a = add(&a, &config);
	at_b = add_simple(&b, "a", &a);
	WAIT_UNTIL(status_of(at_a).last_error.code == BGP_ERROR_OPEN ||
		   status_of(at_b).last_error.code == BGP_ERROR_OPEN);
	assert_int_equal(status_of(at_a).last_error.subcode | status_of(at_b).last_error.subcode,
			 OPEN_BAD_CAPABILITY);
	close_node(&a);
	close_node(&b);
}

static void
the_limit_is_that_of_each_family(void **state)
{
	struct bgp_peer_config config;
	struct bgp_peer *at_b;
	struct node a, b;

	node_open(&a, 2, 65001);
	node_open(&b, 3, 65002);
	originate(&a, "10.1.0.0/16");
	originate(&a, "10.2.0.0/16");
	originate(&a, "2001:db8:1::/48");
	originate(&a, "2001:db8:2::/48");
	config = both("b", &a, &b, "fd00::2");
	add(&a, &config);
	config = both("a", &b, &a, "fd00::3");
	config.max_prefixes = 2;
	at_b = add(&b, &config);
	WAIT_UNTIL(status_of(at_b).accepted == 4);
	assert_true(is_up(at_b));
	originate(&a, "2001:db8:3::/48");
	WAIT_UNTIL(status_of(at_b).last_error.code == BGP_ERROR_CEASE);
	assert_int_equal(status_of(at_b).last_error.subcode, CEASE_MAX_PREFIXES);
	assert_non_null(strstr(status_of(at_b).last_error.text, "more than 2 IPv6 prefixes"));
	close_node(&a);
	close_node(&b);
}

/* --- raw --------------------------------------------------------------------------------------- */

/* 65002, both families; then only IPv6. Neither knows AS numbers of four octets. */
#define OPEN_BOTH MARK "002b0104fdea005a0a0b0c0d0e020c010400010001010400020001"
/* With enhanced route refresh (RFC 7313). */
#define OPEN_BOTH_REFRESH MARK "002d0104fdea005a0a0b0c0d10020e0104000100010104000200014600"
#define OPEN_IPV6 MARK "00250104fdea005a0a0b0c0d080206010400020001"
#define WITHOUT_HOP \
	"4001010040020402" \
	"01fdea"
#define GLOBAL "fd000000000000000000000000000009"
#define LINK_LOCAL "fe800000000000000000000000000009"
#define DB8(n) "3020010db8000" n /* 2001:db8:N::/48, N of one digit */
/* MP_REACH_NLRI of one /48 behind a next hop of 16 octets; of 32. */
#define REACH(hop, n) "800e1c00020110" hop "00" DB8(n)
#define REACH_TWO(first, second, n) "800e2c00020120" first second "00" DB8(n)

static struct bgp_peer *
raw_open(struct raw *raw, struct node *a, const char *open, unsigned families, const char *interface)
{
	struct node b = {.address = ip_address_v4(0x7f000009), .asn = 65002};
	struct bgp_peer_config config = peer_config("raw", a, &b);
	struct bgp_peer *peer;

	config.passive = true;
	config.families = families;
	config.next_hop[BGP_IPV6] = address("fd00::2");
	config.interface = interface;
	config.group = interface != NULL;
	peer = add(a, &config);
	raw_connect(raw, 9, a);
	raw_send(raw, open);
	raw_send(raw, KEEPALIVE);
	WAIT_UNTIL(is_up(peer));
	return peer;
}

static void
next_hops_of_ipv6_are_the_global_ones_where_there_are(void **state)
{
	static const char no_host[] = "| not accepted: the next hop is not",
			  bound[] = "fe80::9 path 65002 | best",
			  unbound[] = "| not accepted: the next hop is a link-local address";
	/* `tunnel`: the session is bound to an interface, and belongs to a group. */
	static const struct {
		const char *attributes, *tunnel, *free;
	} cases[] = {
	    {REACH(GLOBAL, "1"), "via fd00::9 path 65002 | best", "via fd00::9 path 65002 | best"},
	    {REACH(LINK_LOCAL, "1"), bound, unbound},
	    {REACH_TWO(GLOBAL, LINK_LOCAL, "1"), "via fd00::9 path 65002 | best",
	     "via fd00::9 path 65002 | best"},
	    {REACH_TWO("00000000000000000000000000000000", LINK_LOCAL, "1"), bound, unbound},
	    {REACH_TWO("00000000000000000000ffff7f000009", LINK_LOCAL, "1"), bound, unbound},
	    {REACH("00000000000000000000ffff7f000009", "1"), "| best: the only path", no_host},
	    {REACH("00000000000000000000ffff7f000008", "1"), no_host, no_host},
	    {REACH("00000000000000000000000000000000", "1"), no_host, no_host},
	    {REACH("ff020000000000000000000000000001", "1"), no_host, no_host},
	    {REACH("fd000000000000000000000000000002", "1"), "| not accepted: the next hop is our own",
	     "| not accepted: the next hop is our own"},
	};

	for (unsigned tunnel = 0; tunnel < 2; tunnel++) {
		static struct raw raw;
		struct bgp_peer *peer;
		struct node a;

		node_open(&a, 2, 65001);
		peer = raw_open(&raw, &a, OPEN_BOTH, BOTH, tunnel ? "lo" : NULL);
		for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
			const char *want = tunnel ? cases[i].tunnel : cases[i].free;
			struct seen seen = {0};
			char text[256];

			print_message("case %zu\n", i);
			snprintf(text, sizeof(text), "%s" WITHOUT_HOP, cases[i].attributes);
			raw_update(&raw, "", text, "");
			WAIT_UNTIL(status_of(peer).families[BGP_IPV6].received == 1);
			bgp_walk_received(peer, NULL, see, &seen);
			if (strstr(seen.text, want) == NULL)
				fail_msg("%s", seen.text);
			/* The same once more changes nothing, and is found among what was read last. */
			raw_update(&raw, "", text, "");
			raw_update(&raw, "", "800f0a000201" DB8("1"), "");
			WAIT_UNTIL(status_of(peer).families[BGP_IPV6].received == 0);
		}
		close(raw.fd);
		close_node(&a);
	}
}

static void
an_update_may_have_prefixes_of_both_families(void **state)
{
	static struct raw raw;
	struct bgp_peer *peer;
	struct seen seen = {0};
	struct node a;

	node_open(&a, 2, 65001);
	peer = raw_open(&raw, &a, OPEN_BOTH, BOTH, "lo");
	/* RFC 7606, 5.1: it should not be sent, and must be understood. Each has its own next hop. */
	raw_update(&raw, "", REACH(GLOBAL, "1") ATTRS, "080a");
	WAIT_UNTIL(status_of(peer).accepted == 2);
	bgp_walk_received(peer, NULL, see, &seen);
	assert_string_equal(seen.text, "10.0.0.0/8 via 127.0.0.9 path 65002 | best: the only path;"
				       "2001:db8:1::/48 via fd00::9 path 65002 | best: the only path;");
	/* Without NEXT_HOP there is none for the IPv4 prefix: all of the message is withdrawn. */
	raw_update(&raw, "", REACH(GLOBAL, "1") WITHOUT_HOP, "080a");
	WAIT_UNTIL(status_of(peer).received == 0);
	assert_non_null(strstr(a.last_event, "NEXT_HOP is missing"));
	/* One comes, another one goes in the same message. */
	raw_update(&raw, "", REACH(GLOBAL, "1") WITHOUT_HOP, "");
	raw_update(&raw, "", "800f0a000201" DB8("1") REACH(GLOBAL, "2") WITHOUT_HOP, "");
	raw_update(&raw, "", REACH(GLOBAL, "3") WITHOUT_HOP, "");
	WAIT_UNTIL(status_of(peer).accepted == 2 && has_route(&a, "2001:db8:2::/48"));
	assert_false(has_route(&a, "2001:db8:1::/48"));
	/* The next hop is part of what two messages must have in common. */
	raw_update(&raw, "", REACH(LINK_LOCAL, "3") WITHOUT_HOP, "");
	raw_update(&raw, "", ATTRS, "080a");
	WAIT_UNTIL(status_of(peer).accepted == 3);
	seen = (struct seen){0};
	bgp_walk_received(peer, NULL, see, &seen);
	assert_non_null(strstr(seen.text, "2001:db8:3::/48 via fe80::9"));
	assert_non_null(strstr(seen.text, "10.0.0.0/8 via 127.0.0.9"));
	/* AS 0 in the path: as withdrawal, the prefixes of MP_REACH_NLRI too. */
	raw_update(&raw, "",
		   REACH(GLOBAL, "3") "4001010040020402"
				      "010000",
		   "");
	WAIT_UNTIL(status_of(peer).received == 2);
	assert_true(is_up(peer));
	/* The empty one that ends the table (RFC 4724, 2) says nothing else. */
	raw_update(&raw, "", "800f03000201", "");
	raw_update(&raw, "080a", "", "");
	WAIT_UNTIL(status_of(peer).received == 1);
	assert_true(is_up(peer));
	close(raw.fd);
	close_node(&a);
}

static void
prefixes_of_ipv6_that_are_no_destination_are_not_accepted(void **state)
{
	/* Length and octets of each; what covers the others is a destination. */
	static const struct {
		const char *prefix;
		bool accepted;
	} cases[] = {
	    {"00", true},
	    {"0320", true},
	    {"08ff", false},
	    {"10ff02", false},
	    {"07fe", true},
	    {"0afe80", false},
	    {"40fe80000000000000", false},
	    {"07fc", true},
	    {"8000000000000000000000000000000000", false},
	    {"8000000000000000000000000000000001", false},
	    {"8000000000000000000000000000000002", true},
	    {"6000000000000000000000ffff", false},
	    {"8000000000000000000000ffff0a000001", false},
	};
	static struct raw raw;
	struct bgp_peer *peer;
	struct node a;

	node_open(&a, 2, 65001);
	peer = raw_open(&raw, &a, OPEN_BOTH, BOTH, NULL);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char text[256];

		print_message("case %s\n", cases[i].prefix);
		snprintf(text, sizeof(text), "800e%02zx00020110" GLOBAL "00%s" WITHOUT_HOP,
			 21 + strlen(cases[i].prefix) / 2, cases[i].prefix);
		raw_update(&raw, "", text, "");
		WAIT_UNTIL(status_of(peer).received == 1);
		assert_int_equal(status_of(peer).accepted, cases[i].accepted);
		snprintf(text, sizeof(text), "800f%02zx000201%s", 3 + strlen(cases[i].prefix) / 2,
			 cases[i].prefix);
		raw_update(&raw, "", text, "");
		WAIT_UNTIL(status_of(peer).received == 0);
	}
	close(raw.fd);
	close_node(&a);
}

/* UPDATEs that have come in with more than the end of a table in them; *longest: octets. */
static unsigned
updates_in(const struct raw *raw, size_t *longest)
{
	unsigned count = 0;

	*longest = 0;
	for (size_t at = 0; at + BGP_HEADER <= raw->length;) {
		size_t length = (size_t)raw->in[at + 16] << 8 | raw->in[at + 17];

		if (raw->in[at + 18] == BGP_UPDATE && length > 40) {
			count++;
			*longest = length > *longest ? length : *longest;
		}
		at += length;
	}
	return count;
}

static void
prefixes_of_ipv6_share_as_few_messages_as_they_fit(void **state)
{
	enum { MANY = 1500 };
	static struct raw raw;
	struct bgp_peer *peer;
	struct node a;
	size_t longest;

	node_open(&a, 2, 65001);
	/* It hears of each from itself; the node has no room for so many. */
	a.speaker->config.events.route_changed = NULL;
	for (unsigned i = 0; i < MANY; i++) {
		char text[IP_PREFIX_TEXT];

		snprintf(text, sizeof(text), "2001:db8:%x::/48", i + 1);
		originate(&a, text);
	}
	peer = raw_open(&raw, &a, OPEN_BOTH, BOTH, NULL);
	WAIT_UNTIL(status_of(peer).families[BGP_IPV6].advertised == MANY &&
		   raw_message(&raw, BGP_UPDATE) != NULL && raw.length > MANY * 7);
	/* Three full ones would do; a turn of the loop that ends early leaves one half filled. */
	assert_in_range(updates_in(&raw, &longest), 3, 8);
	assert_in_range(longest, BGP_MESSAGE_MOST / 2, BGP_MESSAGE_MOST);
	/* Withdrawn in as many. */
	raw.length = 0;
	for (unsigned i = 0; i < MANY; i++) {
		char text[IP_PREFIX_TEXT];
		struct ip_prefix p;

		snprintf(text, sizeof(text), "2001:db8:%x::/48", i + 1);
		p = prefix(text);
		bgp_network_remove(a.speaker, &p);
	}
	WAIT_UNTIL(status_of(peer).advertised == 0 && raw_message(&raw, BGP_UPDATE) != NULL &&
		   raw.length > MANY * 7);
	assert_in_range(updates_in(&raw, &longest), 3, 8);
	assert_in_range(longest, BGP_MESSAGE_MOST / 2, BGP_MESSAGE_MOST);
	close(raw.fd);
	close_node(&a);
}

static void
a_family_that_breaks_ends_alone_where_another_goes_on(void **state)
{
	static const char *const broken[] = {
	    "800e0a00020105200100000000" WITHOUT_HOP,        /* a next hop of five octets */
	    "800e0d000201040a00000900" DB8("1") WITHOUT_HOP, /* of four; the length cuts the prefix */
	    "800e1600020110" GLOBAL "0081" WITHOUT_HOP,      /* a prefix of 129 bits */
	    "800f050002013020",                              /* half a prefix */
	};

	for (size_t i = 0; i < sizeof(broken) / sizeof(*broken); i++) {
		static struct raw raw;
		struct bgp_peer *peer;
		struct node a;

		print_message("case %zu\n", i);
		node_open(&a, 2, 65001);
		peer = raw_open(&raw, &a, OPEN_BOTH, BOTH, "lo");
		raw_update(&raw, "", ATTRS, "080a");
		raw_update(&raw, "", REACH(GLOBAL, "1") WITHOUT_HOP, "");
		WAIT_UNTIL(status_of(peer).accepted == 2);
		raw_update(&raw, "", broken[i], "");
		WAIT_UNTIL(!has_route(&a, "2001:db8:1::/48"));
		assert_non_null(strstr(a.last_event, "IPv6 routes of this session are ignored"));
		assert_true(status_of(peer).families[BGP_IPV6].disabled);
		/* What comes of it is passed over, malformed or not; IPv4 goes on. */
		raw_update(&raw, "", broken[i], "");
		raw_update(&raw, "", REACH(GLOBAL, "2") WITHOUT_HOP, "");
		raw_update(&raw, "", ATTRS, "080b");
		WAIT_UNTIL(status_of(peer).accepted == 2);
		assert_true(is_up(peer) && has_route(&a, "11.0.0.0/8"));
		assert_int_equal(status_of(peer).families[BGP_IPV6].received, 0);
		close(raw.fd);
		close_node(&a);
	}
}

static void
of_a_family_that_breaks_nothing_is_waited_for(void **state)
{
	static struct raw raw;
	struct bgp_peer *peer;
	struct node a;

	node_open(&a, 2, 65001);
	peer = raw_open(&raw, &a, OPEN_BOTH_REFRESH, BOTH, "lo");
	raw_update(&raw, "", REACH(GLOBAL, "1") WITHOUT_HOP, "");
	WAIT_UNTIL(status_of(peer).accepted == 1);
	raw_send(&raw, MARK "00170500020101"); /* all of IPv6 is told anew from here on */
	WAIT_UNTIL(peer->stale_until != 0);
	raw_update(&raw, "", "800f050002013020", "");
	WAIT_UNTIL(status_of(peer).families[BGP_IPV6].disabled);
	assert_int_equal(peer->stale_until, 0);
	assert_int_equal(peer->refreshing, 0);
	assert_true(is_up(peer));
	close(raw.fd);
	close_node(&a);
}

static void
the_only_family_takes_the_session_with_it(void **state)
{
	static struct raw raw;
	struct bgp_peer *peer;
	const uint8_t *message;
	struct node a;

	node_open(&a, 2, 65001);
	peer = raw_open(&raw, &a, OPEN_IPV6, BOTH, NULL);
	assert_false(status_of(peer).families[BGP_IPV4].spoken);
	/* IPv4 is not spoken: a prefix of it is passed over. */
	raw_update(&raw, "", REACH(GLOBAL, "1") ATTRS, "080a");
	WAIT_UNTIL(status_of(peer).accepted == 1);
	assert_int_equal(status_of(peer).received, 1);
	raw_update(&raw, "", "800f050002013020", "");
	WAIT_UNTIL((message = raw_message(&raw, BGP_NOTIFICATION)) != NULL);
	assert_int_equal(message[19], BGP_ERROR_UPDATE);
	assert_int_equal(message[20], UPDATE_OPTIONAL_ERROR);
	assert_int_equal(status_of(peer).received, 0);
	close(raw.fd);
	close_node(&a);
}

static void
a_next_hop_of_ipv6_for_ipv4_needs_its_capability(void **state)
{
	static struct raw raw;
	struct bgp_peer *peer;
	struct node a;

	node_open(&a, 2, 65001);
	peer = raw_open(&raw, &a, OPEN_BOTH, BOTH, "lo");
	/* IPv4 in MP_REACH_NLRI with a next hop of its own: as good as in the UPDATE's fields. */
	raw_update(&raw, "",
		   "800e0b00010104"
		   "7f000009"
		   "00"
		   "080a" WITHOUT_HOP,
		   "");
	raw_update(&raw, "", REACH(GLOBAL, "1") WITHOUT_HOP, "");
	WAIT_UNTIL(status_of(peer).accepted == 2);
	/* One of IPv6 was not agreed on (RFC 8950, 4): IPv4 ends, IPv6 goes on. */
	raw_update(&raw, "",
		   "800e1700010110" GLOBAL "00"
		   "080a" WITHOUT_HOP,
		   "");
	WAIT_UNTIL(status_of(peer).accepted == 1);
	assert_true(status_of(peer).families[BGP_IPV4].disabled);
	assert_true(is_up(peer) && has_route(&a, "2001:db8:1::/48"));
	close(raw.fd);
	close_node(&a);
}

TEST_MAIN(TEST(both_families_go_over_one_session), TEST(a_session_over_ipv6_carries_ipv4_by_either_next_hop),
	  TEST(only_what_both_sides_speak_is_spoken), TEST(the_limit_is_that_of_each_family),
	  TEST(next_hops_of_ipv6_are_the_global_ones_where_there_are),
	  TEST(an_update_may_have_prefixes_of_both_families),
	  TEST(prefixes_of_ipv6_that_are_no_destination_are_not_accepted),
	  TEST(prefixes_of_ipv6_share_as_few_messages_as_they_fit),
	  TEST(a_family_that_breaks_ends_alone_where_another_goes_on),
	  TEST(of_a_family_that_breaks_nothing_is_waited_for),
	  TEST(the_only_family_takes_the_session_with_it),
	  TEST(a_next_hop_of_ipv6_for_ipv4_needs_its_capability))
