// SPDX-License-Identifier: GPL-2.0-or-later
/* The server over real sockets, with clients that behave and clients that don't. */
#include <grp.h>
#include <utlist.h>

#include "tests/unit/control/harness.h"

static size_t
session_count(const struct control_server *server)
{
	const struct control_session *session;
	size_t count = 0;

	DL_COUNT(server->sessions, session, count);
	return count;
}

/* --- handlers ---------------------------------------------------------------------------------- */

static struct control_request *kept; /* the request that keep_request() got */
static char kept_text[200];

static void
keep_request(void *context, struct control_request *request)
{
	kept = request;
}

static void
say_what_came(void *context, struct control_request *request)
{
	const char *tunnel = control_request_text(request, "tunnel");

	snprintf(kept_text, sizeof(kept_text), "%s %s %s %s", control_request_text(request, "connection"),
		 tunnel != NULL ? tunnel : "-", control_request_flag(request, "dry_run") ? "dry" : "wet",
		 control_request_who(request));
	control_request_done(request, json_pack("{s:i}", "lost", 0), "moved\nin %d ms", 814);
}

static void
refuse_request(void *context, struct control_request *request)
{
	control_request_fail(request, "no tunnel '%s'", control_request_text(request, "tunnel"));
}

static void
assert_reply(struct harness *h, struct raw *raw, int id, int exit_code, const char *text)
{
	json_t *reply = raw_expect(h, raw, "reply");

	assert_int_equal(json_integer_value(json_object_get(reply, "reply")), id);
	if (strstr(json_string_value(json_object_get(reply, "text")), text) == NULL)
		fail_msg("'%s' does not say '%s'", json_string_value(json_object_get(reply, "text")), text);
	assert_int_equal(json_integer_value(json_object_get(reply, "exit_code")), exit_code);
	json_decref(reply);
}

/* --- tests ------------------------------------------------------------------------------------- */

static void
a_client_is_greeted(void **state)
{
	struct harness *h = harness_new();
	struct raw raw;
	json_t *message, *hello;
	struct stat info;

	harness_serve(h);
	raw = raw_connect(h);
	message = raw_expect(h, &raw, "hello");
	hello = json_object_get(message, "hello");
	assert_int_equal(json_integer_value(json_object_get(hello, "protocol")), CONTROL_PROTOCOL);
	assert_string_equal(json_string_value(json_object_get(hello, "role")), "admin");
	json_decref(message);
	assert_int_equal(stat(h->socket, &info), 0);
	assert_int_equal(info.st_mode & 0777, 0666);
	raw_close(&raw);
	WAIT_FOR(h, session_count(h->server) == 0);
	harness_free(h);
}

static void
a_follower_gets_the_snapshot_and_then_what_changes(void **state)
{
	struct harness *h = harness_new();
	struct raw raw;
	json_t *message;

	put_tunnel(h->store, "a/1", "up", 1);
	model_store_log(h->store, "info", "x", "a", "one");
	model_store_log(h->store, "info", "x", "a", "two");
	harness_serve(h);
	raw = raw_connect(h);
	raw_say(h, &raw, "{\"id\":1,\"do\":\"follow\",\"kinds\":[\"tunnels\",\"events\"],\"events\":1}");
	json_decref(raw_expect(h, &raw, "begin"));
	message = raw_expect(h, &raw, "event");
	assert_string_equal(json_string_value(json_object_get(json_object_get(message, "event"), "text")),
			    "two");
	json_decref(message);
	message = raw_expect(h, &raw, "put");
	assert_true(json_object_size(json_object_get(message, "row")) > 20);
	json_decref(message);
	json_decref(raw_expect(h, &raw, "live"));

	put_tunnel(h->store, "a/1", "up", 2);
	message = raw_expect(h, &raw, "put");
	assert_int_equal(json_object_size(json_object_get(message, "row")), 2);
	assert_int_equal(json_integer_value(json_object_get(json_object_get(message, "row"), "rx_bytes")), 2);
	json_decref(message);
	model_store_log(h->store, "info", "x", "a", "three");
	json_decref(raw_expect(h, &raw, "event"));
	model_store_remove(h->store, MODEL_KIND_TUNNEL, "a/1");
	message = raw_expect(h, &raw, "gone");
	assert_string_equal(json_string_value(json_object_get(message, "key")), "a/1");
	json_decref(message);
	raw_close(&raw);
	harness_free(h);
}

static void
everybody_hears_a_heartbeat(void **state)
{
	struct harness *h = harness_new();
	struct raw raw;

	harness_serve(h);
	raw = raw_connect(h);
	json_decref(raw_expect(h, &raw, "heartbeat"));
	raw_close(&raw);
	harness_free(h);
}

static void
nonsense_gets_an_error_and_the_door(void **state)
{
	static const char *const nonsense[] = {
	    "GET / HTTP/1.1", "{\"do\":\"follow\"}", "[1]", "{\"id\":1}", "{\"id\":\"1\",\"do\":\"query\"}",
	    "\xff\xfe",       "{\"id\":1,\"do\":5}"};
	struct harness *h = harness_new();

	harness_serve(h);
	for (size_t i = 0; i < COUNT_OF(nonsense); i++) {
		struct raw raw = raw_connect(h);

		raw_say(h, &raw, nonsense[i]);
		json_decref(raw_expect(h, &raw, "error"));
		WAIT_FOR(h, (raw_read(&raw, 1024), raw.ended));
		raw_close(&raw);
	}
	WAIT_FOR(h, session_count(h->server) == 0);
	harness_free(h);
}

static void
a_line_without_end_is_cut_off(void **state)
{
	struct harness *h = harness_new();
	struct raw raw;
	char *text = memory_zeroed(1, CONTROL_LINE * 2);

	memset(text, 'x', CONTROL_LINE * 2);
	harness_serve(h);
	raw = raw_connect(h);
	raw_write(h, &raw, text, CONTROL_LINE * 2);
	json_decref(raw_expect(h, &raw, "error"));
	WAIT_FOR(h, session_count(h->server) == 0);
	raw_close(&raw);
	free(text);
	harness_free(h);
}

static void
a_command_reaches_its_handler_and_the_answer_comes_back(void **state)
{
	struct harness *h = harness_new();
	struct raw raw;
	json_t *reply;

	harness_serve(h);
	control_server_handle(h->server, "switchover", say_what_came, NULL);
	raw = raw_connect(h);
	raw_say(h, &raw,
		"{\"id\":7,\"do\":\"command\",\"name\":\"switchover\",\"arguments\":"
		"{\"connection\":\"par\\u001bis\",\"dry_run\":true,\"tunnel\":null}}");
	reply = raw_expect(h, &raw, "reply");
	assert_int_equal(json_integer_value(json_object_get(reply, "exit_code")), 0);
	assert_string_equal(json_string_value(json_object_get(reply, "text")), "moved?in 814 ms");
	assert_int_equal(json_integer_value(json_object_get(json_object_get(reply, "result"), "lost")), 0);
	json_decref(reply);
	assert_memory_equal(kept_text, "par?is - dry ", 13);
	raw_close(&raw);
	harness_free(h);
}

static void
commands_that_can_not_be_are_refused_with_the_right_code(void **state)
{
	struct harness *h = harness_new();
	struct raw raw;

	harness_serve(h);
	control_server_handle(h->server, "up", refuse_request, NULL);
	raw = raw_connect(h);
	raw_say(h, &raw, "{\"id\":1,\"do\":\"command\",\"name\":\"up\",\"arguments\":{\"tunnel\":\"x\"}}");
	assert_reply(h, &raw, 1, 1, "no tunnel 'x'");
	raw_say(h, &raw, "{\"id\":2,\"do\":\"command\",\"name\":\"upp\"}");
	assert_reply(h, &raw, 2, 2, "did you mean");
	raw_say(h, &raw,
		"{\"id\":3,\"do\":\"command\",\"name\":\"check\",\"arguments\":{\"file\":\"/etc/shadow\"}}");
	assert_reply(h, &raw, 3, 2, "no command for the gateway");
	raw_say(h, &raw, "{\"id\":4,\"do\":\"command\",\"name\":\"up\",\"arguments\":{}}");
	assert_reply(h, &raw, 4, 2, "needs a tunnel");
	raw_say(h, &raw, "{\"id\":5,\"do\":\"command\",\"name\":\"up\",\"arguments\":{\"tunnel\":[]}}");
	assert_reply(h, &raw, 5, 2, "has to be a text");
	raw_say(h, &raw,
		"{\"id\":6,\"do\":\"command\",\"name\":\"up\",\"arguments\":{\"tunnel\":\"x\",\"y\":1}}");
	assert_reply(h, &raw, 6, 2, "takes no 'y'");
	raw_say(h, &raw, "{\"id\":7,\"do\":\"command\",\"name\":\"up\",\"arguments\":7}");
	assert_reply(h, &raw, 7, 2, "object");
	raw_say(h, &raw, "{\"id\":8,\"do\":\"command\",\"name\":\"down\",\"arguments\":{\"tunnel\":\"x\"}}");
	assert_reply(h, &raw, 8, 1, "can't do 'down'");
	raw_say(h, &raw, "{\"id\":9,\"do\":\"dance\"}");
	assert_reply(h, &raw, 9, 2, "no such request");
	raw_close(&raw);
	harness_free(h);
}

/* The rooms of a gateway close while its loop still runs: nobody may be led into them. */
static void
a_server_that_stops_carries_nothing_out_and_says_so(void **state)
{
	struct harness *h = harness_new();
	struct raw raw;

	harness_serve(h);
	control_server_handle(h->server, "up", refuse_request, NULL);
	control_server_handle(h->server, "switchover", keep_request, NULL);
	kept = NULL;
	raw = raw_connect(h);
	raw_say(h, &raw,
		"{\"id\":1,\"do\":\"command\",\"name\":\"switchover\",\"arguments\":{\"connection\":\"x\"}}");
	WAIT_FOR(h, kept != NULL);
	control_server_stop(h->server);
	raw_say(h, &raw, "{\"id\":2,\"do\":\"command\",\"name\":\"up\",\"arguments\":{\"tunnel\":\"x\"}}");
	assert_reply(h, &raw, 2, 1, "the gateway stops");
	raw_say(h, &raw, "{\"id\":3,\"do\":\"query\",\"kind\":\"tunnels\"}");
	assert_reply(h, &raw, 3, 1, "the gateway stops");
	control_request_done(kept, NULL, "moved");
	assert_reply(h, &raw, 1, 0, "moved");
	raw_close(&raw);
	harness_free(h);
}

static void
who_may_only_view_is_not_permitted_to_act(void **state)
{
	struct harness *h;
	struct raw raw;
	json_t *hello;
	gid_t none = 65534;

	if (geteuid() != 0) {
		skip();
		return;
	}
	h = harness_new();
	harness_serve(h);
	control_server_handle(h->server, "up", keep_request, NULL);
	kept = NULL;
	assert_int_equal(setgroups(1, &none), 0);
	assert_int_equal(seteuid(65534), 0);
	raw = raw_connect(h);
	assert_int_equal(seteuid(0), 0);
	hello = raw_expect(h, &raw, "hello");
	assert_string_equal(json_string_value(json_object_get(json_object_get(hello, "hello"), "role")),
			    "viewer");
	json_decref(hello);
	raw_say(h, &raw, "{\"id\":1,\"do\":\"command\",\"name\":\"up\",\"arguments\":{\"tunnel\":\"x\"}}");
	assert_reply(h, &raw, 1, 4, "not permitted");
	assert_null(kept);
	raw_say(h, &raw, "{\"id\":2,\"do\":\"query\",\"kind\":\"tunnels\"}");
	json_decref(raw_expect(h, &raw, "page"));
	raw_close(&raw);
	harness_free(h);
}

static void
roles_follow_user_and_group(void **state)
{
	const gid_t groups[] = {100, 200};
	uid_t other = geteuid() + 1000;

	assert_int_equal(control_role_of(0, NULL, 0, 200), COMMAND_ADMIN);
	assert_int_equal(control_role_of(geteuid(), NULL, 0, 200), COMMAND_ADMIN);
	assert_int_equal(control_role_of(other, groups, 2, 200), COMMAND_OPERATOR);
	assert_int_equal(control_role_of(other, groups, 2, 300), COMMAND_VIEWER);
	assert_int_equal(control_role_of(other, groups, 2, (gid_t)-1), COMMAND_VIEWER);
}

static void
a_handler_may_end_after_its_client_went_away(void **state)
{
	struct harness *h = harness_new();
	struct raw raw, other;

	harness_serve(h);
	control_server_handle(h->server, "up", keep_request, NULL);
	kept = NULL;
	raw = raw_connect(h);
	other = raw_connect(h);
	raw_say(h, &raw, "{\"id\":1,\"do\":\"command\",\"name\":\"up\",\"arguments\":{\"tunnel\":\"x\"}}");
	WAIT_FOR(h, kept != NULL);
	raw_say(h, &raw, "{\"id\":2,\"do\":\"follow\"}");
	raw_close(&raw);
	WAIT_FOR(h, session_count(h->server) == 1);
	control_request_done(kept, json_object(), "done");
	json_decref(raw_expect(h, &other, "heartbeat"));
	raw_close(&other);
	harness_free(h);
}

static void
a_handler_may_end_after_the_server_was_closed(void **state)
{
	struct harness *h = harness_new();
	struct raw raw;

	harness_serve(h);
	control_server_handle(h->server, "up", keep_request, NULL);
	kept = NULL;
	raw = raw_connect(h);
	raw_say(h, &raw, "{\"id\":1,\"do\":\"command\",\"name\":\"up\",\"arguments\":{\"tunnel\":\"x\"}}");
	WAIT_FOR(h, kept != NULL);
	harness_stop_serving(h);
	uv_run(&h->loop, UV_RUN_NOWAIT);
	control_request_fail(kept, "too late");
	raw_close(&raw);
	harness_free(h);
}

/* As `echo … | nc -U` does: the writing side is closed, the answer is still wanted. */
static void
a_client_that_ends_its_side_still_gets_its_answers(void **state)
{
	struct harness *h = harness_new();
	struct raw raw;

	harness_serve(h);
	control_server_handle(h->server, "up", keep_request, NULL);
	kept = NULL;
	raw = raw_connect(h);
	raw_say(h, &raw, "{\"id\":1,\"do\":\"command\",\"name\":\"up\",\"arguments\":{\"tunnel\":\"x\"}}");
	shutdown(raw.fd, SHUT_WR);
	WAIT_FOR(h, kept != NULL);
	uv_run(&h->loop, UV_RUN_NOWAIT);
	control_request_done(kept, NULL, "done");
	assert_reply(h, &raw, 1, 0, "done");
	WAIT_FOR(h, (raw_read(&raw, 1024), raw.ended));
	raw_close(&raw);
	harness_free(h);
}

/* A client that does not read costs a bounded number of bytes, and is given the latest state when it reads
 * again. */
static void
a_slow_reader_is_skipped_ahead_and_costs_no_memory(void **state)
{
	struct harness *h = harness_new();
	struct raw slow, quick;
	uint64_t last = 0;
	size_t puts = 0;

	for (int i = 0; i < 200; i++) {
		char name[16];

		snprintf(name, sizeof(name), "t%d", i);
		put_tunnel(h->store, name, "up", 0);
	}
	harness_serve(h);
	slow = raw_connect(h);
	quick = raw_connect(h);
	raw_say(h, &slow, "{\"id\":1,\"do\":\"follow\",\"kinds\":[\"tunnels\"]}");
	raw_say(h, &quick, "{\"id\":1,\"do\":\"follow\",\"kinds\":[\"tunnels\"]}");
	json_decref(raw_expect(h, &quick, "live"));
	for (uint64_t round = 1; round <= 200; round++) {
		usec_t end = clock_monotonic() + 2000;

		for (int i = 0; i < 200; i++) {
			char name[16];

			snprintf(name, sizeof(name), "t%d", i);
			put_tunnel(h->store, name, "up", round);
		}
		while (clock_monotonic() < end) {
			uv_run(&h->loop, UV_RUN_NOWAIT);
			json_decref(raw_message(&quick));
		}
		for (const struct control_session *s = h->server->sessions; s != NULL; s = s->next)
			assert_true(s->out.length + s->in_flight < CONTROL_OUTSTANDING + CONTROL_LINE);
	}
	for (json_t *message; last < 200; json_decref(message)) {
		message = raw_expect(h, &slow, "put");
		last = (uint64_t)json_integer_value(
		    json_object_get(json_object_get(message, "row"), "rx_bytes"));
		puts++;
	}
	assert_true(puts < 40000 / 4);
	raw_close(&slow);
	raw_close(&quick);
	harness_free(h);
}

/* The same for one that asks and asks and never reads. */
static void
answers_stop_while_a_client_does_not_read(void **state)
{
	struct harness *h = harness_new();
	struct raw raw;
	const char line[] = "{\"id\":1,\"do\":\"query\",\"kind\":\"tunnels\"}\n";
	size_t sent = 0;

	for (int i = 0; i < 300; i++) {
		char name[16];

		snprintf(name, sizeof(name), "t%d", i);
		put_tunnel(h->store, name, "up", 0);
	}
	harness_serve(h);
	raw = raw_connect(h);
	for (int quiet = 0; quiet < 50;) {
		ssize_t put = send(raw.fd, line, sizeof(line) - 1, MSG_NOSIGNAL);

		if (put == sizeof(line) - 1) {
			sent++;
			quiet = 0;
		} else {
			quiet++;
		}
		uv_run(&h->loop, UV_RUN_NOWAIT);
		assert_true(h->server->sessions->out.length + h->server->sessions->in_flight <
			    CONTROL_OUTSTANDING + 2 * CONTROL_LINE);
	}
	assert_true(sent > 100);
	for (size_t i = 0; i < 100; i++)
		json_decref(raw_expect(h, &raw, "page"));
	raw_close(&raw);
	harness_free(h);
}

static void
many_clients_see_the_same(void **state)
{
	struct harness *h = harness_new();
	struct raw raws[100];

	harness_serve(h);
	for (size_t i = 0; i < COUNT_OF(raws); i++) {
		raws[i] = raw_connect(h);
		raw_say(h, &raws[i], "{\"id\":1,\"do\":\"follow\",\"kinds\":[\"tunnels\"]}");
	}
	WAIT_FOR(h, session_count(h->server) == COUNT_OF(raws));
	put_tunnel(h->store, "a/1", "up", 77);
	for (size_t i = 0; i < COUNT_OF(raws); i++) {
		json_t *message = raw_expect(h, &raws[i], "put");

		assert_int_equal(
		    json_integer_value(json_object_get(json_object_get(message, "row"), "rx_bytes")), 77);
		json_decref(message);
		raw_close(&raws[i]);
	}
	harness_free(h);
}

static void
single_changes_of_large_kinds_go_to_who_asked_and_are_counted_when_left_out(void **state)
{
	struct harness *h = harness_new();
	struct raw raw;
	struct model_route *route = model_row_new(MODEL_KIND_ROUTE);
	json_t *message;

	model_set(&route->prefix, "10.0.0.0/8");
	harness_serve(h);
	raw = raw_connect(h);
	raw_say(h, &raw, "{\"id\":1,\"do\":\"follow\",\"paged\":[\"routes\"]}");
	json_decref(raw_expect(h, &raw, "live"));
	assert_true(model_store_paged_watched(h->store, MODEL_KIND_ROUTE));
	model_store_paged_changed(h->store, MODEL_KIND_ROUTE, route, true);
	message = raw_expect(h, &raw, "changed");
	assert_true(json_is_true(json_object_get(message, "gone")));
	json_decref(message);
	for (int i = 0; i < 10000; i++) {
		model_store_paged_changed(h->store, MODEL_KIND_ROUTE, route, false);
		if (i % 100 == 0)
			uv_run(&h->loop, UV_RUN_NOWAIT);
	}
	message = raw_expect(h, &raw, "missed");
	assert_in_range(json_integer_value(json_object_get(message, "missed")), 1, 10000);
	json_decref(message);
	raw_close(&raw);
	WAIT_FOR(h, !model_store_paged_watched(h->store, MODEL_KIND_ROUTE));
	model_row_free(MODEL_KIND_ROUTE, route);
	harness_free(h);
}

static void
a_second_gateway_on_a_socket_is_told_who_serves_it(void **state)
{
	struct harness *h = harness_new();
	struct model_store *store = model_store_new();
	struct error err = {""};
	char expected[200];
	struct raw raw;

	harness_serve(h);
	assert_null(control_server_open(&h->loop, h->socket, store, &err));
	snprintf(expected, sizeof(expected), "another gateway (pid %d) serves %s", (int)getpid(), h->socket);
	assert_string_equal(err.text, expected);
	uv_run(&h->loop, UV_RUN_NOWAIT);
	raw = raw_connect(h);
	json_decref(raw_expect(h, &raw, "hello"));
	raw_close(&raw);
	model_store_free(store);
	harness_free(h);
}

static void
a_stale_socket_is_replaced_and_another_file_is_not(void **state)
{
	struct harness *h = harness_new();
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct error err = {""};
	char folder[96], file[128];
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(folder, sizeof(folder), "%s/run", h->folder);
	mkdir(folder, 0755);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", h->socket);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);
	assert_int_equal(access(h->socket, F_OK), 0);
	harness_serve(h);

	snprintf(file, sizeof(file), "%s/precious", folder);
	fclose(fopen(file, "w"));
	assert_null(control_server_open(&h->loop, file, h->store, &err));
	assert_non_null(strstr(err.text, "not a socket"));
	assert_int_equal(unlink(file), 0);
	harness_free(h);
}

static void
a_path_too_long_for_a_socket_is_an_error(void **state)
{
	struct harness *h = harness_new();
	struct error err = {""};
	char path[200];

	memset(path, 'x', sizeof(path) - 1);
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	assert_null(control_server_open(&h->loop, path, h->store, &err));
	assert_non_null(strstr(err.text, "at most 107 bytes"));
	harness_free(h);
}

TEST_MAIN(cmocka_unit_test(a_client_is_greeted),
	  cmocka_unit_test(a_follower_gets_the_snapshot_and_then_what_changes),
	  cmocka_unit_test(everybody_hears_a_heartbeat),
	  cmocka_unit_test(nonsense_gets_an_error_and_the_door),
	  cmocka_unit_test(a_line_without_end_is_cut_off),
	  cmocka_unit_test(a_command_reaches_its_handler_and_the_answer_comes_back),
	  cmocka_unit_test(commands_that_can_not_be_are_refused_with_the_right_code),
	  cmocka_unit_test(a_server_that_stops_carries_nothing_out_and_says_so),
	  cmocka_unit_test(who_may_only_view_is_not_permitted_to_act),
	  cmocka_unit_test(roles_follow_user_and_group),
	  cmocka_unit_test(a_handler_may_end_after_its_client_went_away),
	  cmocka_unit_test(a_handler_may_end_after_the_server_was_closed),
	  cmocka_unit_test(a_client_that_ends_its_side_still_gets_its_answers),
	  cmocka_unit_test(a_slow_reader_is_skipped_ahead_and_costs_no_memory),
	  cmocka_unit_test(answers_stop_while_a_client_does_not_read),
	  cmocka_unit_test(many_clients_see_the_same),
	  cmocka_unit_test(single_changes_of_large_kinds_go_to_who_asked_and_are_counted_when_left_out),
	  cmocka_unit_test(a_second_gateway_on_a_socket_is_told_who_serves_it),
	  cmocka_unit_test(a_stale_socket_is_replaced_and_another_file_is_not),
	  cmocka_unit_test(a_path_too_long_for_a_socket_is_an_error))
