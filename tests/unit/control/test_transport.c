// SPDX-License-Identifier: GPL-2.0-or-later
/* A client over a way of its own: what it does with a stream that comes later, fails, ends with a reason. */
#include "tests/unit/control/harness.h"

#include <fcntl.h>

#define HELLO "{\"hello\":{\"protocol\":1,\"version\":\"7\",\"role\":\"viewer\",\"run\":\"1\",\"pid\":1}}\n"

/* A way whose attempts the test decides about. */
struct way {
	struct control_transport transport;
	struct control_transport_events events; /* of the present attempt */
	struct raw there;                       /* the far end of the stream */
	const char *why, *key;
	bool lasting;
	int opened, closed;
};

static void *
way_open(void *context, uv_loop_t *loop, const struct control_transport_events *events)
{
	struct way *way = context;

	way->events = *events;
	way->opened++;
	return way;
}

static const char *
way_why(void *attempt, bool *lasting)
{
	struct way *way = attempt;

	*lasting = way->lasting;
	return way->why;
}

static const char *
way_key(void *attempt)
{
	return ((struct way *)attempt)->key;
}

static void
way_close(void *attempt)
{
	((struct way *)attempt)->closed++;
}

static struct way
way_new(uint64_t first_retry_ms, uint64_t last_retry_ms)
{
	return (struct way){.transport = {.open = way_open,
					  .why = way_why,
					  .key = way_key,
					  .close = way_close,
					  .first_retry_ms = first_retry_ms,
					  .last_retry_ms = last_retry_ms}};
}

static void
way_stands(struct way *way)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	fcntl(pair[1], F_SETFL, O_NONBLOCK);
	way->there = (struct raw){.fd = pair[1]};
	way->events.opened(way->events.context, pair[0]);
}

struct states {
	enum control_client_state last;
	char why[256];
	int count;
};

static void
on_state(void *context, enum control_client_state state, const char *why)
{
	struct states *states = context;

	states->last = state;
	states->count++;
	if (why != NULL)
		snprintf(states->why, sizeof(states->why), "%s", why);
}

static struct control_client *
open_client(struct harness *h, struct way *way, struct states *states, bool reconnect)
{
	way->transport.context = way;
	return control_client_open(
	    &h->loop,
	    &(struct control_client_options){.transport = &way->transport,
					     .reconnect = reconnect,
					     .callbacks = {.context = states, .state = on_state}},
	    NULL);
}

struct answer {
	int calls, exit_code;
	char text[256];
};

static void
on_reply(void *context, const struct control_reply *reply)
{
	struct answer *answer = context;

	answer->calls++;
	answer->exit_code = reply->exit_code;
	snprintf(answer->text, sizeof(answer->text), "%s", reply->text);
}

static void
a_command_waits_for_the_stream_and_the_client_introduces_itself(void **state)
{
	struct harness *h = harness_new();
	struct way way = way_new(0, 0);
	struct states states = {0};
	struct answer answer = {0};
	struct control_client *client = open_client(h, &way, &states, false);
	json_t *message;

	way.key = "SHA256:abc";
	control_client_command(client, "up", NULL, on_reply, &answer);
	way_stands(&way);
	raw_write(h, &way.there, HELLO, strlen(HELLO));
	message = raw_expect(h, &way.there, "do");
	assert_string_equal(json_string_value(json_object_get(message, "do")), "introduce");
	assert_string_equal(json_string_value(json_object_get(message, "key")), "SHA256:abc");
	assert_non_null(strchr(json_string_value(json_object_get(message, "user")), '@'));
	json_decref(message);
	message = raw_expect(h, &way.there, "name");
	assert_string_equal(json_string_value(json_object_get(message, "name")), "up");
	json_decref(message);
	raw_say(h, &way.there, "{\"reply\":1,\"exit_code\":0,\"text\":\"is up\"}");
	WAIT_FOR(h, answer.calls == 1);
	assert_int_equal(answer.exit_code, 0);
	assert_int_equal(states.last, CONTROL_LIVE);
	assert_int_equal(way.closed, 0);
	control_client_close(client);
	assert_int_equal(way.closed, 1);
	raw_close(&way.there);
	harness_free(h);
}

static void
a_way_that_fails_is_told_with_its_reason(void **state)
{
	struct harness *h = harness_new();
	struct way way = way_new(0, 0);
	struct states states = {0};
	struct answer answer = {0};
	struct control_client *client = open_client(h, &way, &states, false);

	control_client_command(client, "up", NULL, on_reply, &answer);
	way.events.failed(way.events.context, "the host key is another", true);
	WAIT_FOR(h, answer.calls == 1);
	assert_int_equal(answer.exit_code, CONTROL_EXIT_NO_GATEWAY);
	assert_string_equal(answer.text, "the host key is another");
	assert_int_equal(states.last, CONTROL_STALE);
	assert_int_equal(control_client_trouble(client), CONTROL_TROUBLE_LASTING);
	assert_int_equal(way.closed, 1);
	control_client_close(client);
	assert_int_equal(way.closed, 1);
	harness_free(h);
}

static void
a_lasting_trouble_is_not_tried_again_until_somebody_says_so(void **state)
{
	struct harness *h = harness_new();
	struct way way = way_new(10, 20);
	struct states states = {0};
	struct control_client *client = open_client(h, &way, &states, true);
	usec_t end;

	way.events.failed(way.events.context, "no", true);
	assert_int_equal(control_client_next_try(client), 0);
	for (end = clock_monotonic() + 100 * USEC_PER_MS; clock_monotonic() < end;)
		uv_run(&h->loop, UV_RUN_ONCE);
	assert_int_equal(way.opened, 1);
	control_client_retry(client);
	assert_int_equal(way.opened, 2);
	control_client_retry(client); /* one is under way */
	assert_int_equal(way.opened, 2);
	way_stands(&way);
	raw_write(h, &way.there, HELLO, strlen(HELLO));
	WAIT_FOR(h, states.last == CONTROL_LIVE);
	assert_int_equal(control_client_trouble(client), CONTROL_TROUBLE_NONE);
	assert_string_equal(control_client_role(client), "viewer");
	control_client_close(client);
	raw_close(&way.there);
	harness_free(h);
}

static void
attempts_are_twice_as_far_apart_each_time_up_to_the_ways_own_limit(void **state)
{
	static const uint64_t apart[] = {30, 60, 100, 100};
	usec_t greeted;
	struct harness *h = harness_new();
	struct way way = way_new(30, 100);
	struct states states = {0};
	struct control_client *client = open_client(h, &way, &states, true);

	for (size_t i = 0; i < COUNT_OF(apart); i++) {
		assert_int_equal(way.opened, i + 1);
		uv_update_time(&h->loop);
		way.events.failed(way.events.context, "not now", false);
		assert_int_equal(control_client_trouble(client), CONTROL_TROUBLE_LOST);
		assert_in_range(control_client_next_try(client), apart[i] - apart[i] / 4, apart[i]);
		assert_int_equal(states.last, CONTROL_CONNECTING);
		WAIT_FOR(h, way.opened == (int)i + 2);
		assert_int_equal(way.closed, i + 1);
	}
	/* a connection that lasts puts it back to the first */
	way_stands(&way);
	raw_write(h, &way.there, HELLO, strlen(HELLO));
	WAIT_FOR(h, states.last == CONTROL_LIVE);
	greeted = clock_monotonic();
	WAIT_FOR(h, clock_monotonic() - greeted > 120 * USEC_PER_MS);
	raw_close(&way.there);
	WAIT_FOR(h, states.last == CONTROL_STALE);
	assert_true(control_client_next_try(client) <= 30);
	control_client_close(client);
	harness_free(h);
}

static void
many_that_fail_at_once_do_not_come_back_at_once(void **state)
{
	enum { MANY = 32 };
	struct harness *h = harness_new();
	struct way ways[MANY];
	struct states states = {0};
	struct control_client *clients[MANY];
	uint64_t first = UINT64_MAX, last = 0;

	uv_update_time(&h->loop);
	for (size_t i = 0; i < MANY; i++) {
		uint64_t next;

		ways[i] = way_new(100000, 200000);
		clients[i] = open_client(h, &ways[i], &states, true);
		ways[i].events.failed(ways[i].events.context, "the line is cut", false);
		next = control_client_next_try(clients[i]);
		first = next < first ? next : first;
		last = next > last ? next : last;
	}
	assert_in_range(first, 75000, 100000);
	assert_in_range(last, 75000, 100000);
	assert_true(last - first > 5000); /* 32 of 1024 steps within a fifth of them: it never happens */
	for (size_t i = 0; i < MANY; i++)
		control_client_close(clients[i]);
	harness_free(h);
}

static void
a_far_side_that_greets_and_goes_again_is_tried_less_and_less_often(void **state)
{
	struct harness *h = harness_new();
	struct way way = way_new(4000, 60000);
	struct states states = {0};
	struct control_client *client = open_client(h, &way, &states, true);

	for (uint64_t apart = 4000; apart <= 32000; apart *= 2) {
		way_stands(&way);
		raw_write(h, &way.there, HELLO, strlen(HELLO));
		WAIT_FOR(h, states.last == CONTROL_LIVE);
		uv_update_time(&h->loop);
		raw_close(&way.there);
		WAIT_FOR(h, states.last == CONTROL_STALE);
		assert_in_range(control_client_next_try(client), apart / 2 + 1, apart);
		control_client_retry(client); /* now, as a person may say */
	}
	control_client_close(client);
	harness_free(h);
}

static void
the_ways_reason_for_an_end_is_better_than_the_streams(void **state)
{
	static const char *const reasons[] = {"the far side says: not found", NULL};

	for (size_t i = 0; i < COUNT_OF(reasons); i++) {
		struct harness *h = harness_new();
		struct way way = way_new(0, 0);
		struct states states = {0};
		struct control_client *client = open_client(h, &way, &states, false);

		way_stands(&way);
		way.why = reasons[i];
		way.lasting = reasons[i] != NULL;
		json_decref(raw_expect(h, &way.there, "do"));
		raw_close(&way.there);
		WAIT_FOR(h, states.last == CONTROL_STALE);
		assert_string_equal(states.why,
				    reasons[i] != NULL ? reasons[i] : "the gateway closed the connection");
		assert_int_equal(control_client_trouble(client),
				 reasons[i] != NULL ? CONTROL_TROUBLE_LASTING : CONTROL_TROUBLE_LOST);
		control_client_close(client);
		harness_free(h);
	}
}

static void
a_client_is_closed_while_its_way_is_being_made(void **state)
{
	struct harness *h = harness_new();
	struct way way = way_new(0, 0);
	struct states states = {0};
	struct answer answer = {0};
	struct control_client *client = open_client(h, &way, &states, true);

	control_client_command(client, "up", NULL, on_reply, &answer);
	control_client_close(client);
	assert_int_equal(way.closed, 1);
	assert_int_equal(answer.calls, 1);
	harness_free(h);
}

static void
blank_lines_without_end_are_no_greeting(void **state)
{
	struct harness *h = harness_new();
	struct way way = way_new(0, 0);
	struct states states = {0};
	struct control_client *client = open_client(h, &way, &states, false);
	usec_t end = clock_monotonic() + 40 * USEC_PER_SEC;

	way_stands(&way);
	while (states.last != CONTROL_STALE) {
		if (send(way.there.fd, "\n", 1, MSG_NOSIGNAL) < 0)
			assert_true(errno == EAGAIN || states.last == CONTROL_STALE || errno == EPIPE);
		uv_run(&h->loop, UV_RUN_ONCE);
		assert_true(clock_monotonic() < end);
	}
	assert_non_null(strstr(states.why, "does not greet"));
	control_client_close(client);
	raw_close(&way.there);
	harness_free(h);
}

static void
a_message_that_dribbles_without_end_is_no_sign_of_life(void **state)
{
	struct harness *h = harness_new();
	struct way way = way_new(0, 0);
	struct states states = {0};
	struct control_client *client = open_client(h, &way, &states, false);
	usec_t end = clock_monotonic() + 60 * USEC_PER_SEC, last = 0;

	way_stands(&way);
	raw_write(h, &way.there, HELLO, strlen(HELLO));
	WAIT_FOR(h, states.last == CONTROL_LIVE);
	while (states.last == CONTROL_LIVE) {
		if (clock_monotonic() - last > USEC_PER_SEC / 2) {
			send(way.there.fd, "x", 1, MSG_NOSIGNAL);
			last = clock_monotonic();
		}
		uv_run(&h->loop, UV_RUN_ONCE);
		assert_true(clock_monotonic() < end);
	}
	assert_non_null(strstr(states.why, "nothing was heard"));
	control_client_close(client);
	raw_close(&way.there);
	harness_free(h);
}

TEST_MAIN(cmocka_unit_test(a_command_waits_for_the_stream_and_the_client_introduces_itself),
	  cmocka_unit_test(a_way_that_fails_is_told_with_its_reason),
	  cmocka_unit_test(a_lasting_trouble_is_not_tried_again_until_somebody_says_so),
	  cmocka_unit_test(attempts_are_twice_as_far_apart_each_time_up_to_the_ways_own_limit),
	  cmocka_unit_test(many_that_fail_at_once_do_not_come_back_at_once),
	  cmocka_unit_test(a_far_side_that_greets_and_goes_again_is_tried_less_and_less_often),
	  cmocka_unit_test(the_ways_reason_for_an_end_is_better_than_the_streams),
	  cmocka_unit_test(a_client_is_closed_while_its_way_is_being_made),
	  cmocka_unit_test(blank_lines_without_end_are_no_greeting),
	  cmocka_unit_test(a_message_that_dribbles_without_end_is_no_sign_of_life))
