// SPDX-License-Identifier: GPL-2.0-or-later
/* Raw sockets that say what no speaker would. */
#include <poll.h>
#include <unistd.h>

#include "tests/unit/bgp/raw.h"

static const struct {
	const char *what, *bytes;
	uint8_t code, subcode;
	const char *data;
} raw_cases[] = {
    {"garbage for a marker", "00ffffffffffffffffffffffffffffff001304", 1, 1, ""},
    {"a message of 18 octets", MARK "001204", 1, 2, "0012"},
    {"a message of 4097 octets", MARK "100102", 1, 2, "1001"},
    {"type 0", MARK "001300", 1, 3, "00"},
    {"type 255", MARK "0013ff", 1, 3, "ff"},
    {"a KEEPALIVE of 20 octets", OPEN MARK "00140400", 1, 2, "0014"},
    {"version 3", MARK "001d0103fdea005a0a0b0c0d00", 2, 1, "0004"},
    {"another AS", MARK "001d0104fdeb005a0a0b0c0d00", 2, 2, ""},
    {"AS 0 by capability", MARK "00250104fdea005a0a0b0c0d080206410400000000", 2, 2, ""},
    {"identifier 0", MARK "001d0104fdea005a0000000000", 2, 3, ""},
    {"hold time 1", MARK "001d0104fdea00010a0b0c0d00", 2, 6, ""},
    {"hold time 2", MARK "001d0104fdea00020a0b0c0d00", 2, 6, ""},
    {"an unknown parameter", MARK "00210104fdea005a0a0b0c0d0401020000", 2, 4, ""},
    {"IPv6 only", MARK "00250104fdea005a0a0b0c0d080206010400020001", 2, 7, "010400010001"},
    {"KEEPALIVE in OpenSent", KEEPALIVE, 5, 1, ""},
    {"UPDATE in OpenSent", UPDATE_EMPTY, 5, 1, ""},
    {"ROUTE-REFRESH in OpenSent", REFRESH, 5, 1, ""},
    {"OPEN in OpenConfirm", OPEN OPEN, 5, 2, ""},
    {"UPDATE in OpenConfirm", OPEN UPDATE_EMPTY, 5, 2, ""},
    {"ROUTE-REFRESH in OpenConfirm", OPEN REFRESH, 5, 2, ""},
    {"OPEN in Established", OPEN KEEPALIVE OPEN, 5, 3, ""},
    {"withdrawn routes beyond the message",
     OPEN KEEPALIVE MARK "0017020005"
			 "0000",
     3, 1, ""},
    {"attributes beyond the message", OPEN KEEPALIVE MARK "00170200000005", 3, 1, ""},
    {"a prefix of 33 bits",
     OPEN KEEPALIVE MARK "002f02"
			 "0000"
			 "0012" ATTRS "210a000000"
			 "00",
     3, 10, ""},
    {"an unknown well-known attribute",
     OPEN KEEPALIVE MARK "001a02"
			 "0000"
			 "0003"
			 "406300",
     3, 2, "406300"},
    {"MP_UNREACH cut short",
     OPEN KEEPALIVE MARK "001c02"
			 "0000"
			 "0005"
			 "800f020002",
     3, 9, "800f020002"},
};

static void
what_no_speaker_would_say_gets_its_notification(void **state)
{
	static struct raw raw;
	struct node a, b = {.address = ip_address_v4(0x7f000009), .asn = 65002};
	struct bgp_peer_config config;
	struct bgp_peer *peer;

	node_open(&a, 2, 65001);
	config = peer_config("raw", &a, &b);
	config.passive = true;
	peer = add(&a, &config);
	for (size_t i = 0; i < sizeof(raw_cases) / sizeof(*raw_cases); i++) {
		const uint8_t *message;
		unsigned value;

		print_message("case: %s\n", raw_cases[i].what);
		raw_connect(&raw, 9, &a);
		WAIT_UNTIL(raw_message(&raw, BGP_OPEN) != NULL);
		raw_send(&raw, raw_cases[i].bytes);
		WAIT_UNTIL((message = raw_message(&raw, BGP_NOTIFICATION)) != NULL);
		assert_int_equal(message[19], raw_cases[i].code);
		assert_int_equal(message[20], raw_cases[i].subcode);
		assert_int_equal((message[16] << 8 | message[17]) - 21, strlen(raw_cases[i].data) / 2);
		for (size_t j = 0; sscanf(raw_cases[i].data + 2 * j, "%2x", &value) == 1; j++)
			assert_int_equal(message[21 + j], value);
		assert_int_equal(status_of(peer).last_error.code, raw_cases[i].code);
		close(raw.fd);
	}
	close_node(&a);
}

static void
an_earlier_connection_that_is_not_up_is_told_why_it_ends(void **state)
{
	static struct raw first, second;
	struct node a, b = {.address = ip_address_v4(0x7f000009), .asn = 65002};
	struct bgp_peer_config config;
	const uint8_t *message;
	struct bgp_peer *peer;

	node_open(&a, 2, 65001);
	config = peer_config("raw", &a, &b);
	config.passive = true;
	peer = add(&a, &config);
	raw_connect(&first, 9, &a);
	raw_send(&first, OPEN);
	WAIT_UNTIL(raw_message(&first, BGP_KEEPALIVE) != NULL);
	raw_connect(&second, 9, &a);
	raw_send(&second, OPEN KEEPALIVE);
	WAIT_UNTIL((message = raw_message(&first, BGP_NOTIFICATION)) != NULL);
	assert_int_equal(message[19], BGP_ERROR_CEASE);
	assert_int_equal(message[20], CEASE_COLLISION);
	WAIT_UNTIL(is_up(peer));
	close(first.fd);
	close(second.fd);
	close_node(&a);
}

static void
a_route_server_need_not_stand_first_in_a_path(void **state)
{
	static const enum bgp_role roles[] = {BGP_ROLE_RS_CLIENT, BGP_ROLE_CUSTOMER};

	for (size_t i = 0; i < sizeof(roles) / sizeof(*roles); i++) {
		static struct raw raw;
		struct node a, b = {.address = ip_address_v4(0x7f000009), .asn = 65002};
		struct bgp_peer_config config;
		struct bgp_peer *peer;

		node_open(&a, 2, 65001);
		config = peer_config("raw", &a, &b);
		config.passive = true;
		config.role = roles[i];
		peer = add(&a, &config);
		raw_connect(&raw, 9, &a);
		raw_send(&raw, OPEN KEEPALIVE);
		/* By way of 65003; and one that begins with a set. */
		raw_update(&raw, "",
			   "4001010040020402"
			   "01fdeb" HOP,
			   "080a");
		raw_update(&raw, "",
			   "4001010040020401"
			   "01fdeb" HOP,
			   "080b");
		WAIT_UNTIL(is_up(peer) && status_of(peer).received == 2);
		assert_int_equal(status_of(peer).accepted, roles[i] == BGP_ROLE_RS_CLIENT ? 1 : 0);
		close(raw.fd);
		close_node(&a);
	}
}

static void
faulty_updates_that_reset_nothing_leave_the_session_up(void **state)
{
	static struct raw raw;
	struct node a, b = {.address = ip_address_v4(0x7f000009), .asn = 65002};
	struct bgp_peer_config config;
	struct bgp_peer *peer;

	node_open(&a, 2, 65001);
	config = peer_config("raw", &a, &b);
	config.passive = true;
	peer = add(&a, &config);
	raw_connect(&raw, 9, &a);
	raw_send(&raw, OPEN KEEPALIVE);
	/* 10.0.0.0/8, 11.0.0.0/8 and 12.0.0.0/8 with what is needed. */
	raw_send(&raw, MARK "002f02"
			    "0000"
			    "0012" ATTRS "080a"
			    "080b"
			    "080c");
	WAIT_UNTIL(is_up(peer) && status_of(peer).accepted == 3);
	/* AS 0 in the path of 10/8: withdrawn by it. */
	raw_send(&raw, MARK "002b02"
			    "0000"
			    "0012"
			    "4001010040020402"
			    "010000" HOP "080a");
	WAIT_UNTIL(status_of(peer).accepted == 2);
	assert_non_null(strstr(a.last_event, "was treated as withdrawal"));
	/* 11/8 by way of a path that does not begin with the peer's AS: stands, but is not accepted. */
	raw_send(&raw, MARK "002b02"
			    "0000"
			    "0012"
			    "4001010040020402"
			    "01fdeb" HOP "080b");
	WAIT_UNTIL(status_of(peer).accepted == 1);
	assert_int_equal(status_of(peer).received, 2);
	/* A ROUTE-REFRESH for IPv6 and an empty UPDATE change nothing. */
	raw_send(&raw, MARK "00170500020001" UPDATE_EMPTY KEEPALIVE);
	raw_send(&raw, MARK "001902"
			    "0002"
			    "080c"
			    "0000");
	WAIT_UNTIL(status_of(peer).accepted == 0);
	assert_true(is_up(peer));
	assert_int_equal(status_of(peer).received, 1);
	close(raw.fd);
	close_node(&a);
}

static void
prefixes_that_are_no_destination_are_kept_but_not_accepted(void **state)
{
	static struct raw raw;
	struct node a, b = {.address = ip_address_v4(0x7f000009), .asn = 65002};
	struct bgp_peer_config config;
	struct bgp_peer *peer;

	node_open(&a, 2, 65001);
	config = peer_config("raw", &a, &b);
	config.passive = true;
	peer = add(&a, &config);
	raw_connect(&raw, 9, &a);
	raw_send(&raw, OPEN KEEPALIVE);
	/* 127.0.0.0/8, 224.0.0.0/4 and 0.0.0.0/8; with them a default route and 1.0.0.0/8. */
	raw_send(&raw, MARK "003202"
			    "0000"
			    "0012" ATTRS "087f"
			    "04e0"
			    "0800"
			    "00"
			    "0801");
	WAIT_UNTIL(is_up(peer) && status_of(peer).received == 5);
	assert_int_equal(status_of(peer).accepted, 2);
	WAIT_UNTIL(has_route(&a, "0.0.0.0/0") && has_route(&a, "1.0.0.0/8"));
	assert_false(has_route(&a, "127.0.0.0/8"));
	assert_false(has_route(&a, "224.0.0.0/4"));
	assert_false(has_route(&a, "0.0.0.0/8"));
	assert_true(is_up(peer));
	close(raw.fd);
	close_node(&a);
}

static void
silence_ends_in_hold_timer_expired(void **state)
{
	static struct raw raw;
	struct node a, b = {.address = ip_address_v4(0x7f000009), .asn = 65002};
	struct bgp_peer_config config;
	const uint8_t *message;
	struct bgp_peer *peer;
	usec_t begun = clock_monotonic();

	node_open(&a, 2, 65001);
	config = peer_config("raw", &a, &b);
	config.passive = true;
	peer = add(&a, &config);
	raw_connect(&raw, 9, &a);
	raw_send(&raw, MARK "001d0104fdea00030a0b0c0d00" KEEPALIVE);
	WAIT_UNTIL(is_up(peer));
	assert_int_equal(status_of(peer).hold_s, 3);
	assert_int_equal(status_of(peer).keepalive_s, 1);
	WAIT_UNTIL((message = raw_message(&raw, BGP_NOTIFICATION)) != NULL);
	assert_int_equal(message[19], BGP_ERROR_HOLD);
	assert_int_equal(message[20], 0);
	assert_true(clock_monotonic() - begun >= 3 * USEC_PER_SEC);
	assert_non_null(raw_message(&raw, BGP_KEEPALIVE));
	assert_false(is_up(peer));
	close(raw.fd);
	close_node(&a);
}

/* A raw peer that both takes the speaker's connection and opens one of its own. */
static void
of_two_colliding_connections_the_higher_identifiers_is_kept(void **state)
{
	/* The speaker's identifier is 2: below 10.11.12.13, above 0.0.0.1. */
	static const struct {
		const char *open;
		bool keeps_theirs;
	} rounds[] = {{OPEN, true}, {MARK "001d0104fdea005a0000000100", false}};

	for (size_t i = 0; i < 2; i++) {
		static struct raw ours, theirs; /* ours: opened by the speaker */
		struct node a, b = {.address = ip_address_v4(0x7f000009), .asn = 65002};
		struct sockaddr_storage at;
		int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		struct bgp_peer_config config;
		struct bgp_peer *peer;
		struct raw *loser, *winner;

		node_open(&a, 2, 65001);
		do {
			b.port = next_port++;
		} while (bind(listener, (struct sockaddr *)&at,
			      ip_address_to_sockaddr(&b.address, b.port, &at)) != 0);
		assert_int_equal(listen(listener, 1), 0);
		config = peer_config("raw", &a, &b);
		peer = add(&a, &config);
		ours = (struct raw){.fd = -1};
		WAIT_UNTIL((ours.fd = accept(listener, NULL, NULL)) >= 0);
		raw_connect(&theirs, 9, &a);
		WAIT_UNTIL(raw_message(&ours, BGP_OPEN) != NULL && raw_message(&theirs, BGP_OPEN) != NULL);
		raw_send(&ours, rounds[i].open);
		WAIT_UNTIL(raw_message(&ours, BGP_KEEPALIVE) != NULL);
		raw_send(&theirs, rounds[i].open);
		winner = rounds[i].keeps_theirs ? &theirs : &ours;
		loser = rounds[i].keeps_theirs ? &ours : &theirs;
		WAIT_UNTIL(raw_message(loser, BGP_NOTIFICATION) != NULL);
		assert_int_equal(raw_message(loser, BGP_NOTIFICATION)[19], BGP_ERROR_CEASE);
		assert_int_equal(raw_message(loser, BGP_NOTIFICATION)[20], CEASE_COLLISION);
		raw_send(winner, KEEPALIVE);
		WAIT_UNTIL(is_up(peer));
		assert_null(peer->second);
		assert_null(raw_message(winner, BGP_NOTIFICATION));
		/* One more while it is up is refused. */
		close(loser->fd);
		raw_connect(loser, 9, &a);
		WAIT_UNTIL(raw_message(loser, BGP_NOTIFICATION) != NULL);
		assert_int_equal(raw_message(loser, BGP_NOTIFICATION)[20], CEASE_COLLISION);
		assert_true(is_up(peer));
		close(ours.fd);
		close(theirs.fd);
		close(listener);
		close_node(&a);
	}
}

static void
a_speaker_of_two_octets_is_understood_both_ways(void **state)
{
	static struct raw raw;
	struct node a, b = {.address = ip_address_v4(0x7f000009), .asn = 65002};
	struct attribute_context context = {.ebgp = true};
	static struct attribute_set set;
	struct bgp_peer_config config;
	struct bgp_peer *peer;
	struct bgp_error error;
	struct update update;
	const uint8_t *message;
	struct seen seen = {0};

	node_open(&a, 2, 4200000001u);
	originate(&a, "10.1.0.0/16");
	config = peer_config("raw", &a, &b);
	config.passive = true;
	peer = add(&a, &config);
	raw_connect(&raw, 9, &a);
	raw_send(&raw, OPEN KEEPALIVE MARK "003602"
					   "0000"
					   "001d"
					   "4001010040020602"
					   "02fdea5ba0" HOP "c0110602010001000"
					   "1"
					   "080a");
	WAIT_UNTIL(is_up(peer) && status_of(peer).accepted == 1);
	bgp_walk_received(peer, NULL, see, &seen);
	assert_non_null(strstr(seen.text, "path 65002 65537 |"));
	assert_int_equal(status_of(peer).capability_count, 0);
	WAIT_UNTIL((message = raw_message(&raw, BGP_UPDATE)) != NULL);
	assert_true(update_split(reader_over(message + 19, (size_t)(message[16] << 8 | message[17]) - 19),
				 false, &update, &error));
	assert_int_equal(attributes_read(update.attributes, &context, true, &set, &error), UPDATE_FINE);
	assert_int_equal(set.as_path_length, 6);
	assert_memory_equal(set.as_path, "\x02\x01\xfa\x56\xea\x01", 6);
	close(raw.fd);
	close_node(&a);
}

TEST_MAIN(TEST(what_no_speaker_would_say_gets_its_notification),
	  TEST(an_earlier_connection_that_is_not_up_is_told_why_it_ends),
	  TEST(a_route_server_need_not_stand_first_in_a_path),
	  TEST(faulty_updates_that_reset_nothing_leave_the_session_up),
	  TEST(prefixes_that_are_no_destination_are_kept_but_not_accepted),
	  TEST(silence_ends_in_hold_timer_expired),
	  TEST(of_two_colliding_connections_the_higher_identifiers_is_kept),
	  TEST(a_speaker_of_two_octets_is_understood_both_ways))
