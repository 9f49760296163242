// SPDX-License-Identifier: GPL-2.0-or-later
/* UPDATEs of 64 KiB (RFC 8654) that meet as many rules as there can be: they are taken in parts. So are as
 * long withdrawals. */
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/bgp/raw.h"

enum { LENGTH = 65535, ATTRIBUTES = 20, PREFIXES = (LENGTH - BGP_HEADER - 4 - ATTRIBUTES) / 4 };

/* Each is looked at for each prefix; what is taken is denied in the end. */
static struct policy *
many_rules(void)
{
	struct policy *policy = policy_new();
	struct policy_rule *rule;

	while ((rule = policy_add(policy)) != NULL) {
		rule->action = policy->count == POLICY_RULES_MOST ? POLICY_DENY : POLICY_NEXT;
		rule->match.prefix = policy_set_new(POLICY_PREFIXES, NULL);
		assert_true(policy_set_add(rule->match.prefix, "0.0.0.0/0 le 32", NULL));
		policy_set_seal(rule->match.prefix);
	}
	policy_seal(policy);
	return policy;
}

static size_t
write_update(uint8_t room[LENGTH])
{
	struct writer w = writer_over(room, LENGTH);

	for (unsigned i = 0; i < 16; i++)
		writer_u8(&w, 0xff);
	writer_u16(&w, BGP_HEADER + 4 + ATTRIBUTES + 4 * PREFIXES);
	writer_u8(&w, BGP_UPDATE);
	writer_u16(&w, 0);
	writer_u16(&w, ATTRIBUTES);
	writer_bytes(&w, (const uint8_t[ATTRIBUTES]){0x40, 1,    1,    0,    0x40, 2, 6,   2, 1, 0,
						     0,    0xfd, 0xea, 0x40, 3,    4, 127, 0, 0, 9},
		     ATTRIBUTES);
	for (unsigned i = 0; i < PREFIXES; i++)
		writer_u32(&w, 24u << 24 | 10 << 16 | i);
	assert_false(w.failed);
	return writer_length(&w);
}

/* That all of them are gone again. */
static size_t
write_withdrawal(uint8_t room[LENGTH])
{
	struct writer w = writer_over(room, LENGTH);

	for (unsigned i = 0; i < 16; i++)
		writer_u8(&w, 0xff);
	writer_u16(&w, BGP_HEADER + 4 + 4 * PREFIXES);
	writer_u8(&w, BGP_UPDATE);
	writer_u16(&w, 4 * PREFIXES);
	for (unsigned i = 0; i < PREFIXES; i++)
		writer_u32(&w, 24u << 24 | 10 << 16 | i);
	writer_u16(&w, 0);
	assert_false(w.failed);
	return writer_length(&w);
}

static bool
sent_all(const struct raw *raw, const uint8_t *bytes, size_t length, size_t *done)
{
	ssize_t sent = send(raw->fd, bytes + *done, length - *done, MSG_NOSIGNAL | MSG_DONTWAIT);

	*done += sent > 0 ? (size_t)sent : 0;
	return *done == length;
}

struct scene {
	struct node a, b;
	struct bgp_peer *peer;
	struct raw raw;
};

/* The peer's OPEN: extended messages, and AS numbers of four octets; the other one restarts gracefully, too,
 * with IPv4 unicast and two minutes. */
#define PLAIN \
	MARK "00270104fdea005a0a0b0c0d0a0208" \
	     "0600" \
	     "41040000fdea"
#define RESTARTS \
	MARK "00350104fdea005a0a0b0c0d180216" \
	     "010400010001" \
	     "0600" \
	     "41040000fdea" \
	     "4006007800010180"

static void
open_scene(struct scene *scene, const char *open)
{
	static uint8_t update[LENGTH];
	size_t length = write_update(update), done = 0;
	struct policy *policy = many_rules();
	struct bgp_peer_config config;

	scene->b = (struct node){.address = ip_address_v4(0x7f000009), .asn = 65002};
	node_open(&scene->a, 2, 65001);
	config = peer_config("raw", &scene->a, &scene->b);
	config.passive = true;
	config.graceful_restart = BGP_GRACEFUL_HELPER;
	scene->peer = add(&scene->a, &config);
	bgp_peer_set_policy(scene->peer, policy, NULL);
	policy_release(policy);
	raw_connect(&scene->raw, 9, &scene->a);
	raw_send(&scene->raw, open);
	raw_send(&scene->raw, KEEPALIVE);
	WAIT_UNTIL(is_up(scene->peer));
	WAIT_UNTIL(sent_all(&scene->raw, update, length, &done));
	/* And behind it, that the last of its prefixes is gone. */
	raw_send(&scene->raw, MARK "001b02"
				   "0004"
				   "180a3ff4"
				   "0000");
}

static void
a_long_update_is_taken_in_parts_before_what_follows_it(void **state)
{
	static struct scene scene;
	usec_t begun;

	open_scene(&scene, PLAIN);
	WAIT_UNTIL(update_rest_waits(scene.peer->main));
	assert_true(status_of(scene.peer).received < PREFIXES);
	begun = clock_processor();
	uv_run(&loop, UV_RUN_ONCE);
	assert_true(clock_processor() - begun < 100 * USEC_PER_MS);
	WAIT_UNTIL(!update_rest_waits(scene.peer->main));
	WAIT_UNTIL(status_of(scene.peer).received == PREFIXES - 1);
	assert_int_equal(status_of(scene.peer).received_of[BGP_KIND_UPDATE], 2);
	close(scene.raw.fd);
	close_node(&scene.a);
}

static void
what_is_left_of_an_update_goes_with_its_session(void **state)
{
	static struct scene scene;

	open_scene(&scene, PLAIN);
	WAIT_UNTIL(update_rest_waits(scene.peer->main));
	bgp_peer_stop(scene.peer, NULL);
	assert_false(update_rest_waits(scene.peer->main));
	WAIT_UNTIL(status_of(scene.peer).received == 0);
	close(scene.raw.fd);
	close_node(&scene.a);
}

static void
what_a_peer_said_last_is_heard_behind_a_long_update(void **state)
{
	static struct scene scene;
	static struct raw again;

	open_scene(&scene, PLAIN);
	WAIT_UNTIL(update_rest_waits(scene.peer->main));
	raw_send(&scene.raw, MARK "0015030602");
	assert_int_equal(shutdown(scene.raw.fd, SHUT_WR), 0);
	/* It is there anew before we got to that. */
	raw_connect(&again, 9, &scene.a);
	WAIT_UNTIL(!is_up(scene.peer));
	assert_true(scene.peer->last_in.set);
	assert_int_equal(scene.peer->last_in.code, BGP_ERROR_CEASE);
	assert_int_equal(scene.peer->last_in.subcode, CEASE_SHUTDOWN);
	close(scene.raw.fd);
	close(again.fd);
	close_node(&scene.a);
}

static void
a_long_withdrawal_is_taken_in_parts_before_what_follows_it(void **state)
{
	static struct scene scene;
	static uint8_t bytes[LENGTH];
	size_t length = write_withdrawal(bytes), done = 0;

	open_scene(&scene, PLAIN);
	WAIT_UNTIL(status_of(scene.peer).received == PREFIXES - 1);
	WAIT_UNTIL(sent_all(&scene.raw, bytes, length, &done));
	/* And behind it, one of them anew. */
	raw_send(&scene.raw, MARK "002f02"
				  "0000"
				  "0014"
				  "40010100"
				  "4002060201"
				  "0000fdea"
				  "4003047f000009"
				  "180a0000");
	WAIT_UNTIL(update_rest_waits(scene.peer->main));
	assert_null(scene.peer->main->rest.attributes);
	assert_in_range(status_of(scene.peer).received, 1, PREFIXES - 2);
	WAIT_UNTIL(!update_rest_waits(scene.peer->main));
	WAIT_UNTIL(status_of(scene.peer).received_of[BGP_KIND_UPDATE] == 4);
	assert_int_equal(status_of(scene.peer).received, 1);
	close(scene.raw.fd);
	close_node(&scene.a);
}

/* This end of a connection, as it was accepted; the other one's in `theirs`. */
static int
another_connection(int *theirs)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(at);
	int listening = socket(AF_INET, SOCK_STREAM, 0), ours;

	assert_int_equal(bind(listening, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(listening, 1), 0);
	assert_int_equal(getsockname(listening, (struct sockaddr *)&at, &length), 0);
	*theirs = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(*theirs, (struct sockaddr *)&at, sizeof(at)), 0);
	ours = accept(listening, NULL, NULL);
	assert_true(ours >= 0);
	close(listening);
	return ours;
}

static void
withdraw_and_begin_anew(bool closed)
{
	static struct scene scene;
	static uint8_t bytes[LENGTH];
	size_t length = write_withdrawal(bytes), done = 0;
	int again;

	open_scene(&scene, RESTARTS);
	WAIT_UNTIL(status_of(scene.peer).received == PREFIXES - 1);
	WAIT_UNTIL(sent_all(&scene.raw, bytes, length, &done));
	WAIT_UNTIL(update_rest_waits(scene.peer->main));
	assert_null(scene.peer->main->rest.attributes);
	assert_in_range(status_of(scene.peer).received, 1, PREFIXES - 2);
	if (closed)
		assert_int_equal(shutdown(scene.raw.fd, SHUT_WR), 0);
	/* It is there anew before we got to the rest. */
	peer_accept(scene.peer, another_connection(&again), &scene.a.address);
	assert_false(is_up(scene.peer));
	assert_int_equal(status_of(scene.peer).received, 0);
	close(scene.raw.fd);
	close(again);
	close_node(&scene.a);
}

static void
what_a_peer_withdrew_last_is_not_kept_while_it_restarts(void **state)
{
	withdraw_and_begin_anew(true);
}

static void
nor_where_its_connection_was_lost_without_a_word(void **state)
{
	withdraw_and_begin_anew(false);
}

TEST_MAIN(TEST(what_a_peer_withdrew_last_is_not_kept_while_it_restarts),
	  TEST(nor_where_its_connection_was_lost_without_a_word),
	  TEST(a_long_withdrawal_is_taken_in_parts_before_what_follows_it),
	  TEST(a_long_update_is_taken_in_parts_before_what_follows_it),
	  TEST(what_is_left_of_an_update_goes_with_its_session),
	  TEST(what_a_peer_said_last_is_heard_behind_a_long_update))
