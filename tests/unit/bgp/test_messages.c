// SPDX-License-Identifier: GPL-2.0-or-later
/* Messages of a size, a peer that takes none, and what a mark on a route says by the role of who tells it. */
#include <string.h>
#include <unistd.h>

#include "tests/unit/bgp/raw.h"

/* 65002, hold 90, 10.11.12.13; IPv4 unicast and extended messages. */
#define OPEN_EXTENDED \
	MARK "002701" \
	     "04fdea005a0a0b0c0d" \
	     "0a0208" \
	     "010400010001" \
	     "0600"

static struct raw raw;
static struct node a, b;
static struct bgp_peer *peer;

static void
open_raw(const char *open, void (*choose)(struct bgp_peer_config *config))
{
	struct bgp_peer_config config;

	b = (struct node){.address = ip_address_v4(0x7f000009), .asn = 65002};
	node_open(&a, 2, 65001);
	a.speaker->config.events.route_changed = NULL; /* there are more than a node counts */
	config = peer_config("raw", &a, &b);
	config.passive = true;
	if (choose != NULL)
		choose(&config);
	peer = add(&a, &config);
	raw_connect(&raw, 9, &a);
	raw_send(&raw, open);
	raw_send(&raw, KEEPALIVE);
}

static void
close_raw(void)
{
	close(raw.fd);
	close_node(&a);
}

static void
originate_many(unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		struct ip_prefix network = {.address = ip_address_v4(0x0a000000 + (i << 8)), .length = 24};

		bgp_network_add(a.speaker, &network);
	}
}

/* The longest message that has come in, of those that are whole. */
static size_t
longest(void)
{
	size_t most = 0;

	(void)raw_message(&raw, BGP_NOTIFICATION); /* reads */
	for (size_t at = 0; at + 19 <= raw.length;) {
		size_t length = (size_t)raw.in[at + 16] << 8 | raw.in[at + 17];

		if (at + length > raw.length)
			break;
		most = length > most ? length : most;
		at += length;
	}
	return most;
}

static void
messages_beyond_4096_octets_go_both_ways_where_both_speak_them(void **state)
{
	static uint8_t update[6000];
	struct writer w = writer_over(update, sizeof(update));

	open_raw(OPEN_EXTENDED, NULL);
	originate_many(4000);
	WAIT_UNTIL(is_up(peer));
	WAIT_UNTIL(status_of(peer).advertised == 4000 && longest() > BGP_MESSAGE_MOST);
	/* One of 1,200 communities: 4,800 octets. */
	bgp_message_begin(&w, BGP_UPDATE);
	writer_u16(&w, 0);
	writer_u16(&w, 18 + 4 + 4800);
	writer_bytes(&w, "\x40\x01\x01\x00\x40\x02\x04\x02\x01\xfd\xea\x40\x03\x04\x7f\x00\x00\x09", 18);
	writer_bytes(&w, "\xd0\x08\x12\xc0", 4);
	for (unsigned i = 0; i < 1200; i++)
		writer_u32(&w, 65002u << 16 | i);
	writer_bytes(&w, "\x08\x0b", 2);
	bgp_message_end(&w, 0);
	assert_int_equal(send(raw.fd, update, writer_length(&w), MSG_NOSIGNAL), writer_length(&w));
	WAIT_UNTIL(status_of(peer).accepted == 1);
	assert_true(is_up(peer));
	close_raw();
}

static void
one_beyond_4096_octets_is_an_error_where_only_we_speak_them(void **state)
{
	const uint8_t *message;

	open_raw(OPEN, NULL);
	originate_many(4000);
	WAIT_UNTIL(is_up(peer) && status_of(peer).advertised == 4000);
	WAIT_UNTIL(status_of(peer).output_bytes == 0);
	for (unsigned i = 0; i < 20; i++)
		uv_run(&loop, UV_RUN_ONCE);
	assert_in_range(longest(), 4000, BGP_MESSAGE_MOST);
	raw_send(&raw, MARK "100102");
	WAIT_UNTIL((message = raw_message(&raw, BGP_NOTIFICATION)) != NULL);
	assert_memory_equal(message + 19, "\x01\x02\x10\x01", 4);
	close_raw();
}

static void
choose_send_hold(struct bgp_peer_config *config)
{
	config->hold_s = 3;
	config->send_hold_s = 4;
	config->tcp_mss = 500;
}

static void
a_peer_that_takes_nothing_is_let_go_by_the_send_hold_timer(void **state)
{
	usec_t begun, said = 0;

	open_raw(OPEN, choose_send_hold);
	WAIT_UNTIL(is_up(peer));
	/* What the kernel would take for it is little. */
	assert_int_equal(setsockopt(raw.fd, SOL_SOCKET, SO_RCVBUF, &(int){4096}, sizeof(int)), 0);
	assert_int_equal(
	    setsockopt(peer->main->connection->fd, SOL_SOCKET, SO_SNDBUF, &(int){4096}, sizeof(int)), 0);
	begun = clock_monotonic();
	for (unsigned i = 0; i < 65536; i++) {
		struct ip_prefix network = {.address = ip_address_v4(0x0a000000 + i), .length = 32};

		bgp_network_add(a.speaker, &network);
	}
	while (status_of(peer).last_out.code != BGP_ERROR_SEND_HOLD) {
		assert_true(clock_monotonic() - begun < PATIENCE);
		/* It lives, and says so: its own hold timer is not what ends it. */
		if (is_up(peer) && clock_monotonic() - said > USEC_PER_SEC) {
			raw_send(&raw, KEEPALIVE);
			said = clock_monotonic();
		}
		uv_run(&loop, UV_RUN_ONCE);
	}
	assert_true(clock_monotonic() - begun >= 4 * USEC_PER_SEC);
	assert_non_null(strstr(status_of(peer).last_out.text, "Send Hold Timer Expired"));
	assert_false(is_up(peer));
	close_raw();
}

/* --- ONLY_TO_CUSTOMER (RFC 9234, 5) -------------------------------------------------------------- */

static enum bgp_role role;

static void
choose_role(struct bgp_peer_config *config)
{
	config->role = role;
}

static void
a_mark_from_below_or_of_another_is_a_leak(void **state)
{
	static const struct {
		enum bgp_role ours;
		const char *marked; /* by whom; NULL: by nobody */
		bool accepted;
	} cases[] = {
	    {BGP_ROLE_PROVIDER, NULL, true},        {BGP_ROLE_PROVIDER, "0000fdea", false},
	    {BGP_ROLE_RS, "0000fdea", false},       {BGP_ROLE_PEER, "0000fdea", true},
	    {BGP_ROLE_PEER, "0000fdeb", false},     {BGP_ROLE_CUSTOMER, "0000fdeb", true},
	    {BGP_ROLE_RS_CLIENT, "0000fdeb", true}, {BGP_ROLE_NONE, "0000fdeb", true},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char attributes[80];

		role = cases[i].ours;
		print_message("case: %s, marked by %s\n", bgp_role_name(role),
			      cases[i].marked != NULL ? cases[i].marked : "nobody");
		open_raw(OPEN, choose_role);
		snprintf(attributes, sizeof(attributes), "%s%s%s", ATTRS,
			 cases[i].marked != NULL ? "c02304" : "",
			 cases[i].marked != NULL ? cases[i].marked : "");
		WAIT_UNTIL(is_up(peer));
		raw_update(&raw, "", attributes, "080b");
		WAIT_UNTIL(status_of(peer).received == 1);
		assert_int_equal(status_of(peer).accepted, cases[i].accepted);
		close_raw();
	}
	role = BGP_ROLE_NONE;
	open_raw(OPEN, NULL);
	WAIT_UNTIL(is_up(peer));
	raw_update(&raw, "", ATTRS, "080b");
	WAIT_UNTIL(status_of(peer).received == 1);
	raw_update(&raw, "", ATTRS "c023020001", "080b"); /* of two octets: as withdrawn */
	WAIT_UNTIL(status_of(peer).received == 0);
	assert_int_equal(status_of(peer).treated_as_withdraw, 1);
	assert_true(is_up(peer));
	close_raw();
}

static void
what_is_told_downwards_or_sideways_is_marked_by_our_as_number(void **state)
{
	static const enum bgp_role marking[] = {BGP_ROLE_PROVIDER, BGP_ROLE_RS, BGP_ROLE_PEER},
				   silent[] = {BGP_ROLE_CUSTOMER, BGP_ROLE_RS_CLIENT, BGP_ROLE_NONE};

	for (unsigned i = 0; i < 6; i++) {
		const uint8_t *message;
		size_t length;
		bool marked;

		role = i < 3 ? marking[i] : silent[i - 3];
		print_message("case: %s\n", bgp_role_name(role));
		open_raw(OPEN, choose_role);
		originate_many(1);
		WAIT_UNTIL(is_up(peer) && (message = raw_message(&raw, BGP_UPDATE)) != NULL);
		length = (size_t)message[16] << 8 | message[17];
		marked = memmem(message, length, "\xc0\x23\x04\x00\x00\xfd\xe9", 7) != NULL;
		assert_int_equal(marked, i < 3);
		close_raw();
	}
}

static void
counters_and_the_last_notification_say_what_went_wrong(void **state)
{
	struct bgp_peer_status s;

	(void)state;
	open_raw(OPEN, NULL);
	WAIT_UNTIL(is_up(peer));
	raw_update(&raw, "", ATTRS, "080b");
	raw_update(&raw, "", ATTRS "c0070100",
		   "080b"); /* an AGGREGATOR of one octet: dropped (RFC 7606, 7.7) */
	raw_update(&raw, "", ATTRS "80040101", "080b"); /* a MED of one: as withdrawn (7.4) */
	raw_send(&raw, REFRESH);
	WAIT_UNTIL(status_of(peer).received_of[BGP_KIND_REFRESH] == 1);
	s = status_of(peer);
	assert_int_equal(s.received_of[BGP_KIND_OPEN], 1);
	assert_int_equal(s.received_of[BGP_KIND_UPDATE], 3);
	assert_int_equal(s.received_of[BGP_KIND_KEEPALIVE], 1);
	assert_int_equal(s.messages_in, 6);
	assert_int_equal(s.sent_of[BGP_KIND_OPEN], 1);
	assert_int_equal(s.attributes_discarded, 1);
	assert_int_equal(s.treated_as_withdraw, 1);
	assert_int_equal(s.errors + s.flaps, 0);
	/* A header of type 9 ends the session: 1/3, whose data is that octet (RFC 4271, 6.1). */
	raw_send(&raw, MARK "001309");
	WAIT_UNTIL(status_of(peer).flaps == 1);
	s = status_of(peer);
	assert_int_equal(s.errors, 1);
	assert_int_equal(s.sent_of[BGP_KIND_NOTIFICATION], 1);
	assert_true(s.last_out.set && !s.last_out.received && !s.last_in.set);
	assert_int_equal(s.last_out.code << 8 | s.last_out.subcode, 0x0103);
	assert_int_equal(s.last_out.data_length, 1);
	assert_int_equal(s.last_out.data[0], 9);
	close(raw.fd);
	/* One that is received, with data; a Cease is no error. */
	bgp_peer_reset(peer, false);
	raw_connect(&raw, 9, &a);
	raw_send(&raw, OPEN);
	raw_send(&raw, KEEPALIVE);
	WAIT_UNTIL(is_up(peer));
	raw_send(&raw, MARK "0017030309abcd");
	WAIT_UNTIL(status_of(peer).flaps == 2);
	s = status_of(peer);
	assert_int_equal(s.errors, 2);
	assert_int_equal(s.received_of[BGP_KIND_NOTIFICATION], 1);
	assert_int_equal(s.last_in.code << 8 | s.last_in.subcode, 0x0309);
	assert_int_equal(s.last_in.data_length, 2);
	assert_memory_equal(s.last_in.data, "\xab\xcd", 2);
	assert_int_equal(s.last_out.code, 1);
	bgp_peer_shutdown(peer, "enough");
	assert_int_equal(status_of(peer).errors, 2);
	close_raw();
}

TEST_MAIN(TEST(counters_and_the_last_notification_say_what_went_wrong),
	  TEST(messages_beyond_4096_octets_go_both_ways_where_both_speak_them),
	  TEST(one_beyond_4096_octets_is_an_error_where_only_we_speak_them),
	  TEST(a_peer_that_takes_nothing_is_let_go_by_the_send_hold_timer),
	  TEST(a_mark_from_below_or_of_another_is_a_leak),
	  TEST(what_is_told_downwards_or_sideways_is_marked_by_our_as_number))
