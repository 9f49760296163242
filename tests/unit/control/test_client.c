// SPDX-License-Identifier: GPL-2.0-or-later
/* The client against our own server, over real sockets, and against gateways that lie. */
#include <malloc.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/control/client_state.h"
#include "core/control/commands.h"
#include "tests/unit/control/harness.h"

#define TUNNELS (UINT64_C(1) << MODEL_KIND_TUNNEL)
#define EVENTS (UINT64_C(1) << MODEL_KIND_EVENT)
#define ROUTES (UINT64_C(1) << MODEL_KIND_ROUTE)

#define HELLO "{\"hello\":{\"protocol\":1,\"version\":\"1\",\"role\":\"viewer\",\"run\":\"r\"}}\n"

static char last_why[256];

static void
on_state(void *context, enum control_client_state state, const char *why)
{
	if (why != NULL)
		snprintf(last_why, sizeof(last_why), "%s", why);
}

static struct control_client *
open_client(struct harness *h, uint64_t kinds, bool reconnect)
{
	struct control_client_options options = {.socket = h->socket,
						 .reconnect = reconnect,
						 .kinds = kinds,
						 .events = 100,
						 .callbacks = {.state = on_state}};

	last_why[0] = '\0';
	return control_client_open(&h->loop, &options, NULL);
}

struct answer {
	int calls, exit_code;
	bool ok, complete;
	char text[300];
	json_t *result;
	size_t rows;
	char last_key[64];
	struct control_client *close;
};

static void
on_reply(void *context, const struct control_reply *reply)
{
	struct answer *answer = context;

	answer->calls++;
	answer->ok = reply->ok;
	answer->exit_code = reply->exit_code;
	snprintf(answer->text, sizeof(answer->text), "%s", reply->text);
	answer->result = json_deep_copy(reply->result);
	control_client_close(answer->close);
}

static void
on_page(void *context, const struct control_page *page)
{
	struct answer *answer = context;

	answer->calls++;
	answer->ok = page->ok;
	answer->complete = page->complete;
	answer->rows += page->count;
	if (page->ok && page->count != 0)
		model_row_key(model_kind_info(page->kind), page->rows[page->count - 1], answer->last_key,
			      sizeof(answer->last_key));
	if (!page->ok)
		snprintf(answer->text, sizeof(answer->text), "%s", page->text);
}

static void
done_with(void *context, struct control_request *request)
{
	control_request_done(request, json_pack("{s:s}", "tunnel", control_request_text(request, "tunnel")),
			     "is up");
}

static void
never_done(void *context, struct control_request *request)
{
	*(struct control_request **)context = request;
}

static const struct model_tunnel *
tunnel_of(struct control_client *client, const char *name)
{
	return model_store_get(control_client_store(client), MODEL_KIND_TUNNEL, name);
}

/* --- the copy ---------------------------------------------------------------------------------- */

static void
the_copy_follows_the_original(void **state)
{
	struct harness *h = harness_new();
	struct control_client *client;

	put_tunnel(h->store, "b/1", "up", 1);
	put_tunnel(h->store, "a/1", "up", 1);
	put_tunnel(h->store, "b/1", "up", 2);
	model_store_log(h->store, "info", "x", "a", "hello");
	harness_serve(h);
	client = open_client(h, TUNNELS | EVENTS, false);
	assert_int_equal(control_client_state(client), CONTROL_CONNECTING);
	WAIT_FOR(h, control_client_state(client) == CONTROL_LIVE);
	assert_string_equal(control_client_role(client), "admin");
	assert_string_equal(control_client_version(client), TWINSPAN_VERSION);
	assert_string_equal(
	    ((const struct model_tunnel *)model_store_at(control_client_store(client), MODEL_KIND_TUNNEL, 0))
		->name,
	    "b/1");
	assert_int_equal(model_store_count(control_client_store(client), MODEL_KIND_EVENT), 1);
	put_tunnel(h->store, "a/1", "down", 5);
	WAIT_FOR(h, tunnel_of(client, "a/1")->rx_bytes == 5);
	assert_string_equal(tunnel_of(client, "a/1")->state, "down");
	model_store_remove(h->store, MODEL_KIND_TUNNEL, "b/1");
	WAIT_FOR(h, tunnel_of(client, "b/1") == NULL);
	model_store_log(h->store, "info", "x", "a", "more");
	WAIT_FOR(h, model_store_count(control_client_store(client), MODEL_KIND_EVENT) == 2);
	control_client_close(client);
	harness_free(h);
}

/* A site is followed in brief while it connects; one goes there before it has greeted. */
static void
who_follows_more_before_the_greeting_gets_it(void **state)
{
	struct harness *h = harness_new();
	struct control_client_options options = {
	    .socket = h->socket, .kinds = TUNNELS, .brief = true, .callbacks = {.state = on_state}};
	struct control_client *client;

	put_tunnel(h->store, "a/1", "up", 1);
	model_store_log(h->store, "info", "x", "a", "hello");
	harness_serve(h);
	client = control_client_open(&h->loop, &options, NULL);
	while (!(client->link != NULL && client->link->connected))
		uv_run(&h->loop, UV_RUN_NOWAIT);
	assert_false(client->greeted);
	control_client_follow(client, TUNNELS | EVENTS, 10, false);
	WAIT_FOR(h, control_client_state(client) == CONTROL_LIVE);
	WAIT_FOR(h, model_store_count(control_client_store(client), MODEL_KIND_EVENT) == 1);
	put_tunnel(h->store, "a/1", "up", 5); /* a figure: in brief it would not come */
	WAIT_FOR(h, tunnel_of(client, "a/1")->rx_bytes == 5);
	assert_int_equal(control_client_state(client), CONTROL_LIVE);
	control_client_close(client);
	harness_free(h);
}

static void
figures_of_what_was_followed_in_brief_are_not_taken_for_the_present_ones(void **state)
{
	struct harness *h = harness_new();
	struct control_client_options options = {
	    .socket = h->socket, .kinds = TUNNELS, .brief = true, .callbacks = {.state = on_state}};
	struct control_client *client;
	int old = 0;

	put_tunnel(h->store, "a/1", "up", 1);
	harness_serve(h);
	client = control_client_open(&h->loop, &options, NULL);
	assert_false(control_client_is_whole(client));
	WAIT_FOR(h, control_client_is_whole(client));
	put_tunnel(h->store, "a/1", "up", 5);
	put_tunnel(h->store, "a/2", "up", 1);
	WAIT_FOR(h, tunnel_of(client, "a/2") != NULL);
	assert_int_equal(tunnel_of(client, "a/1")->rx_bytes, 1);
	control_client_follow(client, TUNNELS, 0, false);
	for (; !control_client_is_whole(client) && old < 10000; old++) {
		assert_int_equal(control_client_state(client), CONTROL_LIVE);
		uv_run(&h->loop, UV_RUN_NOWAIT);
	}
	assert_in_range(old, 1, 9999);
	assert_int_equal(tunnel_of(client, "a/1")->rx_bytes, 5);
	control_client_close(client);
	harness_free(h);
}

static void
a_large_model_arrives_whole_in_its_order(void **state)
{
	struct harness *h = harness_new();
	struct control_client *client;

	for (int i = 0; i < 3000; i++) {
		char name[16];

		snprintf(name, sizeof(name), "t%d/1", i * 7919 % 3000);
		put_tunnel(h->store, name, "up", (uint64_t)i);
	}
	harness_serve(h);
	client = open_client(h, TUNNELS, false);
	WAIT_FOR(h, control_client_state(client) == CONTROL_LIVE);
	assert_int_equal(model_store_count(control_client_store(client), MODEL_KIND_TUNNEL), 3000);
	for (size_t i = 0; i < 3000; i++) {
		const struct model_tunnel *ours =
		    model_store_at(control_client_store(client), MODEL_KIND_TUNNEL, i);
		const struct model_tunnel *theirs = model_store_at(h->store, MODEL_KIND_TUNNEL, i);

		assert_string_equal(ours->name, theirs->name);
	}
	control_client_close(client);
	harness_free(h);
}

struct watcher {
	struct model_watch watch;
	int removed;
};

static void
count_removed(void *context, enum model_kind kind, const void *row)
{
	((struct watcher *)context)->removed++;
}

/* Between two turns of the loop at most one piece is read: a console's keys don't wait for a thousand rows.
 */
static void
much_to_read_comes_in_pieces(void **state)
{
	struct harness *h = harness_new();
	struct control_client *client;
	size_t before = 0, most = 0, now;

	for (int i = 0; i < 1000; i++) {
		char name[32];

		snprintf(name, sizeof(name), "site-%d/1", i);
		put_tunnel(h->store, name, "up", 1);
	}
	harness_serve(h);
	client = open_client(h, TUNNELS, false);
	do {
		uv_run(&h->loop, UV_RUN_ONCE);
		now = model_store_count(control_client_store(client), MODEL_KIND_TUNNEL);
		most = now - before > most ? now - before : most;
		before = now;
	} while (control_client_state(client) != CONTROL_LIVE &&
		 control_client_state(client) != CONTROL_STALE);
	assert_int_equal(now, 1000);
	assert_in_range(most, 1, 40);
	control_client_close(client);
	harness_free(h);
}

static void
after_a_restart_of_the_gateway_the_copy_becomes_true_again(void **state)
{
	struct harness *h = harness_new();
	struct watcher watcher = {.watch = {.removed = count_removed}};
	struct control_client *client;

	watcher.watch.context = &watcher;
	put_tunnel(h->store, "stays/1", "up", 1);
	put_tunnel(h->store, "goes/1", "up", 1);
	model_store_log(h->store, "info", "x", "a", "one");
	model_store_log(h->store, "info", "x", "a", "two");
	harness_serve(h);
	client = open_client(h, TUNNELS | EVENTS, true);
	WAIT_FOR(h, control_client_state(client) == CONTROL_LIVE);
	model_store_watch(control_client_store(client), &watcher.watch);

	harness_stop_serving(h);
	WAIT_FOR(h, control_client_state(client) == CONTROL_STALE);
	assert_true(last_why[0] != '\0');
	assert_non_null(tunnel_of(client, "goes/1"));
	model_store_free(h->store);
	h->store = model_store_new();
	put_tunnel(h->store, "new/1", "up", 3);
	put_tunnel(h->store, "stays/1", "down", 2);
	model_store_log(h->store, "info", "x", "a", "began anew");
	harness_serve(h);
	WAIT_FOR(h, control_client_state(client) == CONTROL_LIVE);
	assert_null(tunnel_of(client, "goes/1"));
	assert_string_equal(tunnel_of(client, "stays/1")->state, "down");
	assert_non_null(tunnel_of(client, "new/1"));
	assert_int_equal(watcher.removed, 1);
	assert_int_equal(model_store_count(control_client_store(client), MODEL_KIND_EVENT), 1);
	assert_string_equal(
	    ((const struct model_event *)model_store_at(control_client_store(client), MODEL_KIND_EVENT, 0))
		->text,
	    "began anew");
	model_store_unwatch(control_client_store(client), &watcher.watch);
	control_client_close(client);
	harness_free(h);
}

static void
a_client_waits_for_a_gateway_that_starts_later(void **state)
{
	struct harness *h = harness_new();
	struct control_client *client = open_client(h, TUNNELS, true);

	WAIT_FOR(h, last_why[0] != '\0');
	assert_int_equal(control_client_state(client), CONTROL_CONNECTING);
	harness_serve(h);
	WAIT_FOR(h, control_client_state(client) == CONTROL_LIVE);
	control_client_close(client);
	harness_free(h);
}

/* --- commands ---------------------------------------------------------------------------------- */

static void
commands_sent_before_the_connection_stands_are_answered(void **state)
{
	struct harness *h = harness_new();
	struct answer answer = {0};
	struct control_client *client;

	harness_serve(h);
	control_server_handle(h->server, "up", done_with, NULL);
	client = open_client(h, 0, false);
	control_client_command(client, "up", json_pack("{s:s}", "tunnel", "a/1"), on_reply, &answer);
	assert_int_equal(answer.calls, 0);
	WAIT_FOR(h, answer.calls == 1);
	assert_true(answer.ok);
	assert_string_equal(answer.text, "is up");
	assert_string_equal(json_string_value(json_object_get(answer.result, "tunnel")), "a/1");
	json_decref(answer.result);
	control_client_close(client);
	harness_free(h);
}

static void
without_a_gateway_commands_fail_with_code_3(void **state)
{
	struct harness *h = harness_new();
	struct answer first = {0}, second = {0};
	struct control_client *client = open_client(h, 0, false);

	control_client_command(client, "up", json_pack("{s:s}", "tunnel", "a/1"), on_reply, &first);
	WAIT_FOR(h, first.calls == 1);
	assert_int_equal(first.exit_code, 3);
	assert_non_null(strstr(first.text, h->socket));
	assert_int_equal(control_client_state(client), CONTROL_STALE);
	control_client_command(client, "up", json_pack("{s:s}", "tunnel", "a/1"), on_reply, &second);
	assert_int_equal(second.calls, 0);
	WAIT_FOR(h, second.calls == 1);
	assert_int_equal(second.exit_code, 3);
	control_client_close(client);
	harness_free(h);
}

static void
a_command_under_way_fails_when_the_gateway_goes(void **state)
{
	struct harness *h = harness_new();
	struct control_request *request = NULL;
	struct answer answer = {0};
	struct control_client *client;

	harness_serve(h);
	control_server_handle(h->server, "up", never_done, &request);
	client = open_client(h, 0, false);
	control_client_command(client, "up", json_pack("{s:s}", "tunnel", "a/1"), on_reply, &answer);
	WAIT_FOR(h, request != NULL);
	harness_stop_serving(h);
	WAIT_FOR(h, answer.calls == 1);
	assert_int_equal(answer.exit_code, 3);
	control_request_done(request, NULL, "late");
	control_client_close(client);
	harness_free(h);
}

static void
a_client_may_be_closed_from_its_own_callback(void **state)
{
	struct harness *h = harness_new();
	struct answer answer = {0}, pending = {0};
	struct control_request *request = NULL;

	harness_serve(h);
	control_server_handle(h->server, "up", done_with, NULL);
	control_server_handle(h->server, "down", never_done, &request);
	answer.close = open_client(h, TUNNELS, true);
	control_client_command(answer.close, "down", json_pack("{s:s}", "tunnel", "a/1"), on_reply, &pending);
	control_client_command(answer.close, "up", json_pack("{s:s}", "tunnel", "a/1"), on_reply, &answer);
	WAIT_FOR(h, answer.calls == 1);
	assert_int_equal(pending.calls, 1);
	assert_int_equal(pending.exit_code, 3);
	json_decref(answer.result);
	WAIT_FOR(h, h->server->sessions == NULL);
	control_request_done(request, NULL, "late");
	harness_free(h);
}

/* --- gateways that live and do not answer ------------------------------------------------------- */

static void
an_answer_is_waited_for_so_long_and_no_longer(void **state)
{
	struct harness *h = harness_new();
	struct control_request *request = NULL, *other = NULL;
	struct answer late = {0}, good = {0}, last = {0};
	struct control_client *client;

	harness_serve(h);
	control_server_handle(h->server, "up", never_done, &request);
	control_server_handle(h->server, "down", never_done, &other);
	control_server_handle(h->server, "rekey", done_with, NULL);
	client = control_client_open(
	    &h->loop, &(struct control_client_options){.socket = h->socket, .answer_s = 1}, NULL);
	control_client_command(client, "up", json_pack("{s:s}", "tunnel", "a/1"), on_reply, &late);
	WAIT_FOR(h, late.calls == 1);
	assert_int_equal(late.exit_code, 3);
	assert_non_null(strstr(late.text, "no answer for 1 s"));
	/* the connection stands, and an answer that comes too late disturbs nobody */
	control_request_done(request, NULL, "late");
	control_client_command(client, "rekey", json_pack("{s:s}", "tunnel", "a/1"), on_reply, &good);
	WAIT_FOR(h, good.calls == 1);
	assert_true(good.ok);
	assert_int_equal(late.calls, 1);
	json_decref(good.result);
	/* who is told may close it: the others are told then */
	late = good = (struct answer){.close = client};
	request = NULL;
	control_client_command(client, "up", json_pack("{s:s}", "tunnel", "a/1"), on_reply, &late);
	control_client_command(client, "down", json_pack("{s:s}", "tunnel", "a/1"), on_reply, &last);
	WAIT_FOR(h, late.calls == 1);
	assert_int_equal(last.calls, 1);
	assert_int_equal(last.exit_code, 3);
	WAIT_FOR(h, h->server->sessions == NULL);
	control_request_done(request, NULL, "late");
	control_request_done(other, NULL, "late");
	harness_free(h);
}

static void
a_drill_may_take_longer_than_other_commands(void **state)
{
	assert_int_equal(command_answer_s("down"), COMMAND_ANSWER_S);
	assert_int_equal(command_answer_s("nothing of that name"), COMMAND_ANSWER_S);
	/* gateway_drill.c: 75 s silent, 5 s for the traffic's return, 90 s until it is usable */
	assert_true(command_answer_s("drill") > 75 + 5 + 90);
}

/* A way to a gateway that greets, whose heart beats, and that says nothing else. */
struct mute {
	struct control_transport_events events;
	uv_timer_t timer;
	int fd; /* its end; -1 before */
};

static void
on_beat(uv_timer_t *timer)
{
	static const char beat[] = "{\"heartbeat\":true}\n", hello[] = HELLO;
	struct mute *mute = timer->data;
	int pair[2];

	if (mute->fd >= 0) {
		assert_int_equal(write(mute->fd, beat, sizeof(beat) - 1), sizeof(beat) - 1);
		return;
	}
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	mute->fd = pair[1];
	assert_int_equal(write(mute->fd, hello, sizeof(hello) - 1), sizeof(hello) - 1);
	mute->events.opened(mute->events.context, pair[0]);
}

static void *
mute_open(void *context, uv_loop_t *loop, const struct control_transport_events *events)
{
	struct mute *mute = context;

	mute->events = *events;
	uv_timer_init(loop, &mute->timer);
	mute->timer.data = mute;
	uv_timer_start(&mute->timer, on_beat, 0, 200);
	return mute;
}

static const char *
mute_why(void *attempt, bool *lasting)
{
	return NULL;
}

static const char *
mute_key(void *attempt)
{
	return NULL;
}

static void
mute_close(void *attempt)
{
	struct mute *mute = attempt;

	uv_close((uv_handle_t *)&mute->timer, NULL);
	close(mute->fd);
}

static void
a_gateway_that_greets_and_never_tells_what_it_has_is_left(void **state)
{
	struct harness *h = harness_new();
	struct mute mute = {.fd = -1};
	const struct control_transport transport = {
	    .open = mute_open, .why = mute_why, .key = mute_key, .close = mute_close, .context = &mute};
	struct control_client *client = control_client_open(
	    &h->loop,
	    &(struct control_client_options){
		.transport = &transport, .kinds = TUNNELS, .answer_s = 1, .callbacks = {.state = on_state}},
	    NULL);

	last_why[0] = '\0';
	WAIT_FOR(h, control_client_state(client) == CONTROL_SYNCING);
	WAIT_FOR(h, control_client_state(client) == CONTROL_STALE);
	assert_non_null(strstr(last_why, "no answer for 1 s"));
	control_client_close(client);
	harness_free(h);
}

/* --- pages ------------------------------------------------------------------------------------- */

/* Hands out 2,500 routes in the order of their keys. */
static bool
provide_routes(void *context, const struct model_query *query)
{
	struct model_filter *filter = model_filter_parse(query->filter, NULL);
	struct model_route *route = model_row_new(MODEL_KIND_ROUTE);
	size_t given = 0;
	bool go_on = true;
	int i;

	for (i = 0; i < 2500 && go_on && given < query->limit; i++) {
		char key[128];

		model_set_format(&route->prefix, "10.%03d.%03d.0/24", i / 250, i % 250);
		model_set(&route->source, i % 2 ? "bgp" : "static");
		model_row_key(model_kind_info(MODEL_KIND_ROUTE), route, key, sizeof(key));
		if (query->after != NULL && strcmp(key, query->after) <= 0)
			continue;
		if (!model_filter_match(filter, model_kind_info(MODEL_KIND_ROUTE)->shape, route))
			continue;
		given++;
		go_on = query->row(query->context, route);
	}
	model_filter_free(filter);
	model_row_free(MODEL_KIND_ROUTE, route);
	return i == 2500;
}

struct got {
	int calls;
	bool ok, complete;
	size_t count;
	uint64_t total;
	char first[64], last[64], reached[128];
};

static void
on_got(void *context, const struct control_page *page)
{
	struct got *got = context;

	got->calls++;
	got->ok = page->ok;
	got->complete = page->complete;
	got->count = page->count;
	got->total = page->total;
	snprintf(got->reached, sizeof(got->reached), "%s", page->reached != NULL ? page->reached : "");
	got->first[0] = got->last[0] = '\0';
	if (page->count == 0)
		return;
	snprintf(got->first, sizeof(got->first), "%s", ((const struct model_route *)page->rows[0])->prefix);
	snprintf(got->last, sizeof(got->last), "%s",
		 ((const struct model_route *)page->rows[page->count - 1])->prefix);
}

static void
pages_are_read_backwards_from_the_end(void **state)
{
	struct harness *h = harness_new();
	struct control_page_request request = {
	    .kind = MODEL_KIND_ROUTE, .filter = "source:bgp", .before = true, .limit = 100};
	struct control_client *client;
	struct got got = {0};
	char key[128];

	model_store_set_provider(h->store, MODEL_KIND_ROUTE, provide_routes, NULL);
	harness_serve(h);
	client = open_client(h, 0, false);
	control_client_page(client, &request, on_got, &got);
	WAIT_FOR(h, got.calls == 1);
	assert_int_equal(got.count, 100);
	assert_false(got.complete);
	assert_string_equal(got.first, "10.009.051.0/24");
	assert_string_equal(got.last, "10.009.249.0/24");
	snprintf(key, sizeof(key), "%s bgp - -", "10.000.005.0/24");
	request.key = key;
	control_client_page(client, &request, on_got, &got);
	WAIT_FOR(h, got.calls == 2);
	assert_int_equal(got.count, 2); /* 1 and 3 */
	assert_true(got.complete);
	assert_string_equal(got.first, "10.000.001.0/24");
	control_client_close(client);
	harness_free(h);
}

/* A table of a million rows none of which match: a row is looked at in no time, a slice at a time. */
struct slow {
	size_t rows, asked;
	usec_t longest;
};

static bool
provide_slowly(void *context, const struct model_query *query)
{
	struct slow *slow = context;
	usec_t begun = clock_monotonic(), took;
	uint64_t i = 0;
	bool more = true;

	slow->asked++;
	if (query->after != NULL)
		text_parse_number(query->after, slow->rows, &i);
	for (; i < slow->rows && more; i++) {
		for (volatile int spin = 0; spin < 200; spin++)
			continue;
		more = i % 64 != 63 || query->until == 0 || clock_monotonic() < query->until;
	}
	if (!more)
		snprintf(query->reached, MODEL_REACHED, "%llu", (unsigned long long)i);
	if (query->total != NULL)
		*query->total = slow->rows;
	took = clock_monotonic() - begun;
	slow->longest = took > slow->longest ? took : slow->longest;
	return more;
}

static void
a_long_search_is_answered_in_parts_to_who_can_go_on(void **state)
{
	struct harness *h = harness_new();
	struct slow slow = {.rows = 20000000};
	struct control_page_request request = {
	    .kind = MODEL_KIND_ROUTE, .filter = "x", .partial = true, .limit = 100};
	struct control_client *client;
	struct got got = {0}, late = {0};
	char key[128];

	model_store_set_provider(h->store, MODEL_KIND_ROUTE, provide_slowly, &slow);
	harness_serve(h);
	client = open_client(h, 0, false);
	control_client_page(client, &request, on_got, &got);
	WAIT_FOR(h, got.calls == 1);
	assert_true(got.ok && !got.complete && got.count == 0);
	assert_int_equal(got.total, slow.rows);
	assert_true(atoi(got.reached) > 0 && slow.asked > 3); /* many slices, one answer */
	snprintf(key, sizeof(key), "%s", got.reached);
	request.key = key;
	control_client_page(client, &request, on_got, &late); /* goes on there; a newer one ends it early */
	request.key = NULL;
	control_client_page(client, &request, on_got, &got);
	WAIT_FOR(h, late.calls == 1);
	assert_true(late.ok && !late.complete && atoi(late.reached) >= atoi(key));
	assert_true((atoi(late.reached) - atoi(key)) * 4 < atoi(key)); /* it had far less time */
	WAIT_FOR(h, got.calls == 2);
	control_client_close(client);
	harness_free(h);
}

/* Who does not know of parts waits for the whole answer; others are answered meanwhile. */
static void
a_long_search_does_not_keep_others_waiting(void **state)
{
	struct harness *h = harness_new();
	struct slow slow = {.rows = 3000000};
	struct control_client *client, *other;
	struct answer reply = {0};
	struct got got = {0};

	model_store_set_provider(h->store, MODEL_KIND_ROUTE, provide_slowly, &slow);
	harness_serve(h);
	control_server_handle(h->server, "up", done_with, NULL);
	client = open_client(h, 0, false);
	other = open_client(h, 0, false);
	control_client_query(client, MODEL_KIND_ROUTE, "x", NULL, 10, on_got, &got);
	control_client_command(other, "up", json_pack("{s:s}", "tunnel", "a/1"), on_reply, &reply);
	WAIT_FOR(h, reply.calls == 1);
	assert_int_equal(got.calls, 0);
	WAIT_FOR(h, got.calls == 1);
	assert_true(got.ok && got.complete && got.count == 0 && got.reached[0] == '\0');
	json_decref(reply.result);
	control_client_close(client);
	control_client_close(other);
	harness_free(h);
}

static void
large_kinds_are_read_page_by_page(void **state)
{
	struct harness *h = harness_new();
	struct answer answer = {0};
	struct control_client *client;
	int pages = 0;

	model_store_set_provider(h->store, MODEL_KIND_ROUTE, provide_routes, NULL);
	harness_serve(h);
	client = open_client(h, 0, false);
	while (!answer.complete) {
		control_client_query(client, MODEL_KIND_ROUTE, "source:bgp",
				     pages != 0 ? answer.last_key : NULL, 300, on_page, &answer);
		pages++;
		WAIT_FOR(h, answer.calls == pages);
		assert_true(answer.ok);
	}
	assert_int_equal(answer.rows, 1250);
	assert_int_equal(pages, 5);
	control_client_close(client);
	harness_free(h);
}

static void
a_query_that_can_not_be_answered_says_why(void **state)
{
	struct harness *h = harness_new();
	struct answer answer = {0};
	struct control_client *client;

	harness_serve(h);
	client = open_client(h, 0, false);
	control_client_query(client, MODEL_KIND_ROUTE, "sourc:bgp", NULL, 10, on_page, &answer);
	WAIT_FOR(h, answer.calls == 1);
	assert_false(answer.ok);
	assert_non_null(strstr(answer.text, "'source'"));
	control_client_query(client, MODEL_KIND_RECEIVED, NULL, NULL, 10, on_page, &answer);
	WAIT_FOR(h, answer.calls == 2);
	assert_true(answer.ok && answer.complete);
	control_client_close(client);
	harness_free(h);
}

static void
commands_that_a_gateway_is_too_old_for_are_not_sent(void **state)
{
	struct harness *h = harness_new();
	struct answer answers[2] = {{0}};
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0), fd = -1;
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct control_client *client;
	char asked[4096] = "";
	ssize_t got;

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/old", h->folder);
	assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(listener, 1), 0);
	client =
	    control_client_open(&h->loop, &(struct control_client_options){.socket = address.sun_path}, NULL);
	/* one that waits for the greeting, one that comes after it */
	control_client_command(client, "drain", json_pack("{s:s}", "tunnel", "a/1"), on_reply, &answers[0]);
	WAIT_FOR(h, (fd = accept(listener, NULL, NULL)) >= 0);
	dprintf(fd, "{\"hello\":{\"protocol\":1,\"version\":\"0.0.9\",\"role\":\"admin\",\"run\":\"r\"}}\n");
	WAIT_FOR(h, answers[0].calls == 1);
	control_client_command(client, "up", json_pack("{s:s}", "tunnel", "a/1"), on_reply, &answers[1]);
	assert_int_equal(answers[1].calls, 0);
	WAIT_FOR(h, answers[1].calls == 1);
	assert_int_equal(answers[0].exit_code, CONTROL_EXIT_FAILED);
	assert_string_equal(answers[0].text, "the gateway runs 0.0.9, and 'drain' came with 0.1.0");
	assert_string_equal(answers[1].text, "the gateway runs 0.0.9, and 'up' came with 0.1.0");
	got = recv(fd, asked, sizeof(asked) - 1, MSG_DONTWAIT);
	asked[got > 0 ? got : 0] = '\0';
	assert_null(strstr(asked, "command"));
	control_client_close(client);
	close(fd);
	close(listener);
	unlink(address.sun_path);
	harness_free(h);
}

/* --- gateways that lie ------------------------------------------------------------------------- */

static void
a_gateway_that_breaks_the_protocol_is_left(void **state)
{
	static const char *const lies[] = {
	    "SSH-2.0-OpenSSH_9.2\n",
	    "{\"put\":\"tunnels\",\"row\":{\"name\":\"a\"}}\n",
	    "{\"hello\":{\"protocol\":2}}\n",
	    "{\"hello\":5}\n",
	    HELLO HELLO,
	    HELLO "{\"error\":\"too many\\u001b[2J\"}\n",
	    HELLO "{\"put\":\"tunnels\",\"row\":{\"state\":\"up\"}}\n",
	    HELLO "{\"put\":\"tunnels\",\"row\":{\"name\":7}}\n",
	    HELLO "{\"put\":\"tunnels\",\"row\":[]}\n",
	    HELLO "{\"put\":\"peers\",\"row\":{\"name\":\"a\"}}\n",
	    HELLO "{\"put\":\"routes\",\"row\":{\"prefix\":\"a\"}}\n",
	    HELLO "{\"put\":7}\n",
	    HELLO "{\"gone\":\"tunnels\",\"key\":null}\n",
	    HELLO "{\"event\":{\"text\":\"x\"}}\n",
	    HELLO "{\"changed\":\"tunnels\",\"row\":{}}\n",
	    HELLO "{\"page\":1,\"kind\":\"tunnels\",\"rows\":[]}\n",
	    HELLO "{\"page\":1,\"kind\":\"routes\",\"rows\":[5]}\n",
	    HELLO "{\"page\":1,\"kind\":\"routes\",\"rows\":{}}\n",
	    HELLO "{\"page\":2,\"kind\":\"routes\",\"rows\":[]}\n",
	};

	for (size_t i = 0; i < COUNT_OF(lies); i++) {
		struct control_client *client = control_client_new_detached(TUNNELS, ROUTES);
		struct error err = {""};

		if (control_client_input(client, lies[i], strlen(lies[i]), &err))
			fail_msg("believed: %s", lies[i]);
		assert_true(err.text[0] != '\0');
		assert_null(strchr(err.text, '\x1b'));
		if (strstr(lies[i], "{\"name\":7}") != NULL)
			assert_string_equal(err.text, "a bad row came: field 'name': a text was expected");
		control_client_free_detached(client);
	}
}

static void
what_a_newer_gateway_says_is_passed_over(void **state)
{
	static const char words[] = HELLO "{\"begin\":true}\n{\"weather\":\"fine\"}\n"
					  "{\"put\":\"tunnels\",\"row\":{\"name\":\"a\",\"colour\":[{}]}}\n"
					  "{\"reply\":99,\"exit_code\":0}\n{\"live\":true}\n";
	struct control_client *client = control_client_new_detached(TUNNELS, 0);
	struct error err = {""};

	if (!control_client_input(client, words, sizeof(words) - 1, &err))
		fail_msg("%s", err.text);
	assert_int_equal(control_client_state(client), CONTROL_LIVE);
	assert_non_null(tunnel_of(client, "a"));
	control_client_free_detached(client);
}

static void
what_an_older_gateway_does_not_tell_is_known(void **state)
{
	static const char words[] =
	    HELLO "{\"begin\":true}\n{\"put\":\"tunnels\",\"row\":{\"name\":\"a\",\"state\":null}}\n"
		  "{\"live\":true}\n{\"put\":\"tunnels\",\"row\":{\"name\":\"b\",\"mtu\":1400}}\n";
	const struct model_shape *shape = model_kind_info(MODEL_KIND_TUNNEL)->shape;
	struct control_client *client = control_client_new_detached(TUNNELS, 0);
	const struct model_store *store = control_client_store(client);
	struct error err = {""};

	assert_int_equal(model_store_told(store, MODEL_KIND_TUNNEL), model_fields_all(shape));
	assert_true(control_client_input(client, words, sizeof(words) - 1, &err));
	assert_int_equal(model_store_told(store, MODEL_KIND_TUNNEL),
			 UINT64_C(1) << model_field_find(shape, "name") |
			     UINT64_C(1) << model_field_find(shape, "state") |
			     UINT64_C(1) << model_field_find(shape, "mtu"));
	assert_int_equal(model_store_told(store, MODEL_KIND_PEER),
			 model_fields_all(model_kind_info(MODEL_KIND_PEER)->shape));
	control_client_free_detached(client);
}

static void
a_gateway_can_not_fill_our_memory(void **state)
{
	struct control_client *client = control_client_new_detached(TUNNELS, 0);
	struct error err = {""};
	char *line = memory_zeroed(1, CONTROL_LINE);
	bool good = control_client_input(client, HELLO, strlen(HELLO), &err);
	size_t sent = 0;

	assert_true(good);
	for (int i = 0; i < 100000 && good; i++) {
		int at = snprintf(line, 200, "{\"put\":\"tunnels\",\"row\":{\"name\":\"%d\"", i);
		static const char *const fields[] = {"state",     "interface", "local", "remote",
						     "ike_state", "health",    "peer"};

		for (size_t f = 0; f < COUNT_OF(fields); f++) {
			at += sprintf(line + at, ",\"%s\":\"", fields[f]);
			memset(line + at, 'x', 8000);
			at += 8000;
			line[at++] = '"';
		}
		at += sprintf(line + at, "}}\n");
		sent += (size_t)at;
		good = control_client_input(client, line, (size_t)at, &err);
	}
	assert_false(good);
	assert_non_null(strstr(err.text, "more than this program holds"));
	assert_in_range(sent, MIRROR_BYTES / 2, MIRROR_BYTES * 2);
	free(line);
	control_client_free_detached(client);
}

/* While its walk never ends, either. */
static void
rows_that_come_and_go_leave_nothing_behind(void **state)
{
	struct control_client *client = control_client_new_detached(TUNNELS, 0);
	size_t before = 0;
	struct error err = {""};
	char line[1024];

	assert_true(control_client_input(client, HELLO, strlen(HELLO), &err));
	for (int i = 0; i < 20000; i++) {
		int length =
		    snprintf(line, sizeof(line),
			     "{\"put\":\"tunnels\",\"row\":{\"name\":\"%0400d\"}}\n{\"gone\":\"tunnels\","
			     "\"key\":\"%0400d\"}\n",
			     i, i);

		assert_true(control_client_input(client, line, (size_t)length, &err));
		if (i == 10000) /* the store remembers what went last */
			before = mallinfo2().uordblks;
	}
	assert_true(mallinfo2().uordblks < before + 1000000);
	assert_int_equal(model_store_count(control_client_store(client), MODEL_KIND_TUNNEL), 0);
	control_client_free_detached(client);
}

static void
rows_vanish_only_when_the_new_walk_is_whole(void **state)
{
	static const char first[] = HELLO "{\"begin\":true}\n{\"put\":\"tunnels\",\"row\":{\"name\":\"a\"}}\n"
					  "{\"put\":\"tunnels\",\"row\":{\"name\":\"b\"}}\n{\"live\":true}\n";
	static const char second[] = "{\"begin\":true}\n{\"put\":\"tunnels\",\"row\":{\"name\":\"b\"}}\n";
	struct control_client *client = control_client_new_detached(TUNNELS, 0);
	struct error err = {""};

	assert_true(control_client_input(client, first, sizeof(first) - 1, &err));
	assert_true(control_client_input(client, second, sizeof(second) - 1, &err));
	assert_int_equal(control_client_state(client), CONTROL_SYNCING);
	assert_non_null(tunnel_of(client, "a"));
	assert_true(control_client_input(client, "{\"live\":true}\n", 14, &err));
	assert_null(tunnel_of(client, "a"));
	assert_non_null(tunnel_of(client, "b"));
	control_client_free_detached(client);
}

TEST_MAIN(cmocka_unit_test(the_copy_follows_the_original),
	  cmocka_unit_test(who_follows_more_before_the_greeting_gets_it),
	  cmocka_unit_test(figures_of_what_was_followed_in_brief_are_not_taken_for_the_present_ones),
	  cmocka_unit_test(a_large_model_arrives_whole_in_its_order),
	  cmocka_unit_test(much_to_read_comes_in_pieces),
	  cmocka_unit_test(after_a_restart_of_the_gateway_the_copy_becomes_true_again),
	  cmocka_unit_test(a_client_waits_for_a_gateway_that_starts_later),
	  cmocka_unit_test(commands_sent_before_the_connection_stands_are_answered),
	  cmocka_unit_test(without_a_gateway_commands_fail_with_code_3),
	  cmocka_unit_test(a_command_under_way_fails_when_the_gateway_goes),
	  cmocka_unit_test(a_client_may_be_closed_from_its_own_callback),
	  cmocka_unit_test(an_answer_is_waited_for_so_long_and_no_longer),
	  cmocka_unit_test(a_drill_may_take_longer_than_other_commands),
	  cmocka_unit_test(a_gateway_that_greets_and_never_tells_what_it_has_is_left),
	  cmocka_unit_test(pages_are_read_backwards_from_the_end),
	  cmocka_unit_test(a_long_search_is_answered_in_parts_to_who_can_go_on),
	  cmocka_unit_test(a_long_search_does_not_keep_others_waiting),
	  cmocka_unit_test(large_kinds_are_read_page_by_page),
	  cmocka_unit_test(a_query_that_can_not_be_answered_says_why),
	  cmocka_unit_test(commands_that_a_gateway_is_too_old_for_are_not_sent),
	  cmocka_unit_test(what_an_older_gateway_does_not_tell_is_known),
	  cmocka_unit_test(a_gateway_that_breaks_the_protocol_is_left),
	  cmocka_unit_test(what_a_newer_gateway_says_is_passed_over),
	  cmocka_unit_test(a_gateway_can_not_fill_our_memory),
	  cmocka_unit_test(rows_that_come_and_go_leave_nothing_behind),
	  cmocka_unit_test(rows_vanish_only_when_the_new_walk_is_whole))
