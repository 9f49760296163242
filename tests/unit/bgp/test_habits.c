// SPDX-License-Identifier: GPL-2.0-or-later
/* What is done with AS paths for the sake of a peer, and route reflection (RFC 4456), between whole speakers.
 */
#include "tests/unit/bgp/nodes.h"

/* "65002 65001 next 127.0.0.3 from 1.1.1.1 by 2.2.2.2 3.3.3.3" */
static void
join(void *context, const char *text)
{
	struct seen *seen = context;
	size_t used = strlen(seen->text);

	snprintf(seen->text + used, sizeof(seen->text) - used, "%s%s", used != 0 ? " " : "", text);
}

static bool
see_path(void *context, const struct bgp_path *path)
{
	struct seen *seen = context;
	const struct bgp_attributes *a = path->attributes;
	const uint8_t *others = a->data + a->as_path_length + a->communities_length;
	struct reader clusters = attributes_other(others, a->others_length, ATTRIBUTE_CLUSTER_LIST);
	struct ip_address address = path->next_hop;
	char text[IP_ADDRESS_TEXT];

	bgp_attributes_as_path(a, join, seen);
	join(seen, "next");
	join(seen, ip_address_format(&address, text));
	if (attributes_originator(a) != 0) {
		address = ip_address_v4(attributes_originator(a));
		join(seen, "from");
		join(seen, ip_address_format(&address, text));
	}
	while (reader_left(&clusters) >= 4) {
		address = ip_address_v4(reader_u32(&clusters));
		join(seen, "by");
		join(seen, ip_address_format(&address, text));
	}
	if (!path->accepted)
		join(seen, path->reason);
	return true;
}

/* Of a peer that told one prefix. */
static const char *
received(struct bgp_peer *peer)
{
	static struct seen seen;

	seen = (struct seen){0};
	bgp_walk_received(peer, NULL, see_path, &seen);
	return seen.text;
}

/* A peer that is told all that others bring. */
static struct bgp_peer_config
generous(const char *name, const struct node *node, const struct node *other)
{
	struct bgp_peer_config config = peer_config(name, node, other);

	config.export_peers = true;
	return config;
}

/* Names a next hop to the peer that isn't a loopback address, which nobody would take from a third one. */
static void
name_next_hop(struct bgp_peer *peer, const char *address)
{
	struct policy *policy = policy_new();

	assert_true(ip_address_parse(address, &policy_add(policy)->set.next_hop));
	policy_seal(policy);
	bgp_peer_set_policy(peer, NULL, policy);
	policy_release(policy);
}

/* a (an AS) - hub (65000) - c (an AS) */
struct chain {
	struct node a, hub, c;
	struct bgp_peer *at_a, *to_a, *to_c, *at_c;
};

static void
open_chain(struct chain *chain, uint32_t asn_a, uint32_t asn_c, const struct bgp_habits *to_c)
{
	struct bgp_peer_config config;

	node_open(&chain->a, 2, asn_a);
	node_open(&chain->hub, 3, 65000);
	node_open(&chain->c, 4, asn_c);
	originate(&chain->a, "10.1.0.0/16");
	chain->at_a = add_simple(&chain->a, "hub", &chain->hub);
	chain->to_a = add_simple(&chain->hub, "a", &chain->a);
	config = generous("c", &chain->hub, &chain->c);
	if (to_c != NULL)
		config.habits = *to_c;
	chain->to_c = add(&chain->hub, &config);
	chain->at_c = add_simple(&chain->c, "hub", &chain->hub);
	WAIT_UNTIL(status_of(chain->at_c).received >= 1);
}

static void
close_chain(struct chain *chain)
{
	close_node(&chain->a);
	close_node(&chain->hub);
	close_node(&chain->c);
}

/* --- AS paths ---------------------------------------------------------------------------------- */

static void
our_own_as_may_stand_in_a_path_as_often_as_is_said(void **state)
{
	struct chain chain;

	(void)state;
	open_chain(&chain, 65001, 65001, NULL);
	assert_string_equal(received(chain.at_c),
			    "65000 65001 next 127.0.0.3 not accepted: as-path contains our own AS");
	/* The peer is asked for it again. */
	bgp_peer_set_habits(chain.at_c, &(struct bgp_habits){.allow_as_in = 1});
	WAIT_UNTIL(has_route(&chain.c, "10.1.0.0/16"));
	assert_int_equal(status_of(chain.at_c).flaps, 0);
	bgp_peer_set_habits(chain.at_c, &(struct bgp_habits){.allow_as_in = 0});
	WAIT_UNTIL(!has_route(&chain.c, "10.1.0.0/16"));
	close_chain(&chain);
}

static void
the_peers_as_becomes_ours_in_what_it_is_told(void **state)
{
	struct chain chain;

	(void)state;
	open_chain(&chain, 65001, 65001, &(struct bgp_habits){.as_override = true});
	WAIT_UNTIL(has_route(&chain.c, "10.1.0.0/16"));
	assert_string_equal(received(chain.at_c), "65000 65000 next 127.0.0.3");
	bgp_peer_set_habits(chain.to_c, &(struct bgp_habits){0});
	WAIT_UNTIL(!has_route(&chain.c, "10.1.0.0/16"));
	close_chain(&chain);
}

static void
private_numbers_are_taken_out(void **state)
{
	struct chain chain;

	(void)state;
	open_chain(&chain, 4200000000, 3000, &(struct bgp_habits){.remove_private_as = true});
	/* Our own is private as well, and stays: it is who tells. */
	WAIT_UNTIL(strcmp(received(chain.at_c), "65000 next 127.0.0.3") == 0);
	bgp_peer_set_habits(chain.to_c, &(struct bgp_habits){0});
	WAIT_UNTIL(strcmp(received(chain.at_c), "65000 4200000000 next 127.0.0.3") == 0);
	close_chain(&chain);
}

static void
a_default_route_is_told_to_who_is_to_have_one(void **state)
{
	struct chain chain;
	struct ip_prefix all = prefix("0.0.0.0/0");

	(void)state;
	open_chain(&chain, 65001, 65002, &(struct bgp_habits){.default_originate = true});
	WAIT_UNTIL(has_route(&chain.c, "0.0.0.0/0") && has_route(&chain.c, "10.1.0.0/16"));
	assert_int_equal(status_of(chain.to_c).advertised, 2);
	assert_false(has_route(&chain.hub, "0.0.0.0/0")); /* it has none itself */
	assert_int_equal(status_of(chain.at_a).received, 0);
	/* One of its own is the same to this peer, and told to others as any network. */
	assert_true(bgp_network_add(chain.hub.speaker, &all));
	assert_false(bgp_network_add(chain.hub.speaker, &all));
	WAIT_UNTIL(has_route(&chain.a, "0.0.0.0/0"));
	assert_true(bgp_network_remove(chain.hub.speaker, &all));
	assert_false(bgp_network_remove(chain.hub.speaker, &all));
	WAIT_UNTIL(!has_route(&chain.a, "0.0.0.0/0"));
	assert_true(has_route(&chain.c, "0.0.0.0/0"));
	bgp_peer_set_habits(chain.to_c, &(struct bgp_habits){0});
	WAIT_UNTIL(!has_route(&chain.c, "0.0.0.0/0"));
	bgp_peer_set_habits(chain.to_c, &(struct bgp_habits){.default_originate = true});
	WAIT_UNTIL(has_route(&chain.c, "0.0.0.0/0"));
	assert_int_equal(status_of(chain.at_c).flaps, 0);
	close_chain(&chain);
}

/* Another peer takes its time: the order that it goes through is there before the default route is. */
static void
a_default_route_is_told_while_another_goes_through_an_older_table(void **state)
{
	struct chain chain;
	struct order *slow;

	(void)state;
	open_chain(&chain, 65001, 65002, NULL);
	WAIT_UNTIL(has_route(&chain.c, "10.1.0.0/16"));
	slow = order_take(&chain.hub.speaker->ribs[BGP_IPV4], NULL);
	assert_true(order_build(slow, INT64_MAX));
	bgp_peer_set_habits(chain.to_c, &(struct bgp_habits){.default_originate = true});
	WAIT_UNTIL(has_route(&chain.c, "0.0.0.0/0"));
	/* To a new session too. */
	bgp_peer_reset(chain.to_c, false);
	WAIT_UNTIL(!has_route(&chain.c, "0.0.0.0/0"));
	WAIT_UNTIL(has_route(&chain.c, "0.0.0.0/0"));
	order_release(slow);
	close_chain(&chain);
}

/* --- within an AS ------------------------------------------------------------------------------ */

static void
within_the_as_the_next_hop_is_ours_unless_it_is_kept(void **state)
{
	struct chain chain;

	(void)state;
	open_chain(&chain, 65001, 65000, NULL);
	assert_string_equal(received(chain.at_c), "65001 next 127.0.0.3");
	name_next_hop(chain.at_a, "10.9.0.2");
	bgp_peer_set_habits(chain.to_c, &(struct bgp_habits){.keep_next_hop = true});
	WAIT_UNTIL(strcmp(received(chain.at_c), "65001 next 10.9.0.2") == 0);
	close_chain(&chain);
}

static void
a_reflector_tells_clients_what_others_bring(void **state)
{
	struct node a, hub, c, d;
	struct bgp_peer_config config;
	struct bgp_peer *to_c, *at_c, *at_d;

	(void)state;
	node_open(&a, 2, 65000);
	node_open(&hub, 3, 65000);
	node_open(&c, 4, 65000);
	node_open(&d, 5, 65000);
	originate(&a, "10.1.0.0/16");
	name_next_hop(add_simple(&a, "hub", &hub), "10.9.0.2");
	config = generous("a", &hub, &a);
	add(&hub, &config);
	config = generous("c", &hub, &c);
	config.habits.reflector_client = true;
	to_c = add(&hub, &config);
	at_c = add_simple(&c, "hub", &hub);
	name_next_hop(at_c, "10.9.0.4");
	config = generous("d", &hub, &d);
	add(&hub, &config);
	at_d = add_simple(&d, "hub", &hub);
	/* a is none of the hub's clients: c is told, d is not. */
	WAIT_UNTIL(status_of(at_c).received == 1 && is_up(at_d));
	assert_string_equal(received(at_c), "next 10.9.0.2 from 0.0.0.2 by 0.0.0.3");
	assert_int_equal(status_of(at_d).received, 0);
	/* What a client brings is told to all; and not back to whom it came from. */
	originate(&c, "10.3.0.0/16");
	WAIT_UNTIL(has_route(&d, "10.3.0.0/16") && has_route(&a, "10.3.0.0/16"));
	assert_string_equal(received(at_d), "next 10.9.0.4 from 0.0.0.4 by 0.0.0.3");
	assert_int_equal(status_of(at_c).received, 1);
	/* No client any more: what was reflected is taken back. */
	bgp_peer_set_habits(to_c, &(struct bgp_habits){0});
	WAIT_UNTIL(!has_route(&c, "10.1.0.0/16") && !has_route(&d, "10.3.0.0/16"));
	assert_int_equal(status_of(at_c).flaps + status_of(at_d).flaps, 0);
	close_node(&a);
	close_node(&hub);
	close_node(&c);
	close_node(&d);
}

/* Two reflectors that are each other's clients, and clients of one cluster: the list grows, and ends loops.
 */
static void
a_cluster_takes_nothing_that_it_has_reflected(void **state)
{
	struct node a, first, second, c;
	struct bgp_peer_config config;
	struct bgp_peer *at_second, *at_c, *at_first;

	(void)state;
	node_open(&a, 2, 65000);
	node_open(&first, 3, 65000);
	node_open(&second, 4, 65000);
	node_open(&c, 5, 65000);
	originate(&a, "10.1.0.0/16");
	name_next_hop(add_simple(&a, "first", &first), "10.9.0.2");
	config = generous("a", &first, &a);
	config.habits.reflector_client = true;
	add(&first, &config);
	config = generous("second", &first, &second);
	config.habits.reflector_client = true;
	at_first = add(&first, &config);
	config = generous("first", &second, &first);
	at_second = add(&second, &config);
	config = generous("c", &second, &c);
	config.habits.reflector_client = true;
	add(&second, &config);
	at_c = add_simple(&c, "second", &second);
	WAIT_UNTIL(has_route(&c, "10.1.0.0/16"));
	assert_string_equal(received(at_second), "next 10.9.0.2 from 0.0.0.2 by 0.0.0.3");
	assert_string_equal(received(at_c), "next 10.9.0.2 from 0.0.0.2 by 0.0.0.4 by 0.0.0.3");
	/* The second one takes the first one's cluster for its own: nothing that came from there is used. */
	assert_int_equal(status_of(at_first).received, 0);
	second.speaker->config.cluster_id = first.speaker->config.router_id;
	bgp_peer_reset(at_second, false);
	WAIT_UNTIL(status_of(at_second).received == 1 && !has_route(&c, "10.1.0.0/16"));
	assert_string_equal(received(at_second), "next 10.9.0.2 from 0.0.0.2 by 0.0.0.3 not accepted: it was "
						 "reflected in our own cluster already (CLUSTER_LIST)");
	close_node(&a);
	close_node(&first);
	close_node(&second);
	close_node(&c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(our_own_as_may_stand_in_a_path_as_often_as_is_said),
	    TEST(the_peers_as_becomes_ours_in_what_it_is_told),
	    TEST(private_numbers_are_taken_out),
	    TEST(a_default_route_is_told_to_who_is_to_have_one),
	    TEST(a_default_route_is_told_while_another_goes_through_an_older_table),
	    TEST(within_the_as_the_next_hop_is_ours_unless_it_is_kept),
	    TEST(a_reflector_tells_clients_what_others_bring),
	    TEST(a_cluster_takes_nothing_that_it_has_reflected),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
