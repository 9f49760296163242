// SPDX-License-Identifier: GPL-2.0-or-later
/* The bridge, as a process between pipes and a socket; and what a gateway makes of its word. */
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "core/control/bridge.h"
#include "core/control/bridge_internal.h"
#include "tests/unit/control/harness.h"

/* of a key made for this test; its fingerprint is what `ssh-keygen -lf` prints of it */
static const char key_line[] =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKIUFEeXm1Ju2c0VqYfDqpHq4mbHeJSUBeK4hmpSh5QB";
#define KEY_PRINT "SHA256:O9QOhfFgt5LuRu0kHgjKZnn5LdDWW4zmflDGLeC58JM"

/* --- what sshd leaves -------------------------------------------------------------------------- */

static void
forget_ssh(void)
{
	unsetenv("SSH_CONNECTION");
	unsetenv("SSH_USER_AUTH");
	unsetenv("SSH_ORIGINAL_COMMAND");
}

static void
a_keys_fingerprint_is_what_ssh_keygen_prints(void **state)
{
	const char *base64 = strchr(key_line, ' ') + 1;
	char out[96], small[20];

	assert_string_equal(bridge_fingerprint(base64, strlen(base64), out, sizeof(out)), KEY_PRINT);
	assert_null(bridge_fingerprint(base64, strlen(base64) - 1, out, sizeof(out)));
	assert_null(bridge_fingerprint(base64, 0, out, sizeof(out)));
	assert_null(bridge_fingerprint("!!!!", 4, out, sizeof(out)));
	assert_null(bridge_fingerprint(base64, strlen(base64), small, sizeof(small)));
}

static void
the_last_key_that_let_in_counts(void **state)
{
	char path[] = "/tmp/twinspan-test-XXXXXX", out[96];
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_true(dprintf(fd, "password\npublickey ssh-rsa AAAA\npublickey %s\nkeyboard-interactive\n",
			    key_line) > 0);
	close(fd);
	setenv("SSH_USER_AUTH", path, 1);
	assert_string_equal(bridge_client_key(out, sizeof(out)), KEY_PRINT);
	assert_int_equal(truncate(path, 9), 0);
	assert_null(bridge_client_key(out, sizeof(out)));
	unlink(path);
	assert_null(bridge_client_key(out, sizeof(out)));
	forget_ssh();
	assert_null(bridge_client_key(out, sizeof(out)));
}

static void
the_clients_address_is_the_first_word(void **state)
{
	char out[64], tiny[4];

	setenv("SSH_CONNECTION", "2001:db8::7 50022 192.0.2.1 22", 1);
	assert_string_equal(bridge_client_address(out, sizeof(out)), "2001:db8::7");
	assert_null(bridge_client_address(tiny, sizeof(tiny)));
	setenv("SSH_CONNECTION", "", 1);
	assert_null(bridge_client_address(out, sizeof(out)));
	setenv("SSH_CONNECTION", "\xff\xfe 1 2 3", 1);
	assert_null(bridge_client_address(out, sizeof(out)));
	forget_ssh();
}

static void
a_role_is_found_in_what_the_client_asked_for(void **state)
{
	char out[32];

	setenv("SSH_ORIGINAL_COMMAND", "twinspan bridge --role viewer", 1);
	assert_string_equal(bridge_asked_role(out, sizeof(out)), "viewer");
	setenv("SSH_ORIGINAL_COMMAND", "/opt/twinspan bridge --role=operator; id", 1);
	assert_string_equal(bridge_asked_role(out, sizeof(out)), "operator");
	setenv("SSH_ORIGINAL_COMMAND", "twinspan bridge --role", 1);
	assert_null(bridge_asked_role(out, sizeof(out)));
	setenv("SSH_ORIGINAL_COMMAND", "scp -t /", 1);
	assert_null(bridge_asked_role(out, sizeof(out)));
	forget_ssh();
}

/* --- the process ------------------------------------------------------------------------------- */

struct bridge {
	pid_t pid;
	int in; /* its stdin */
	struct raw out;
};

static struct bridge
start_bridge(const char *socket, const char *role)
{
	struct bridge bridge = {0};
	int in[2], out[2], nowhere;

	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	bridge.pid = fork();
	assert_true(bridge.pid >= 0);
	if (bridge.pid == 0) {
		nowhere = open("/dev/null", O_WRONLY);
		dup2(in[0], STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		dup2(nowhere, STDERR_FILENO);
		close(in[1]);
		alarm(30);
		_exit(control_bridge_run(socket, role));
	}
	close(in[0]);
	close(out[1]);
	fcntl(out[0], F_SETFL, O_NONBLOCK);
	bridge.in = in[1];
	bridge.out.fd = out[0];
	return bridge;
}

static void
tell(struct bridge *bridge, const char *line)
{
	assert_true(dprintf(bridge->in, "%s\n", line) > 0);
}

/* Its exit code, after its stdin has ended. */
static int
end_bridge(struct harness *h, struct bridge *bridge)
{
	int status = -1;
	bool over = false;

	close(bridge->in);
	WAIT_FOR(h, over || (over = waitpid(bridge->pid, &status, WNOHANG) == bridge->pid));
	raw_close(&bridge->out);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
expect_role(struct harness *h, struct bridge *bridge, const char *role)
{
	json_t *message = raw_expect(h, &bridge->out, "hello");

	assert_string_equal(json_string_value(json_object_get(json_object_get(message, "hello"), "role")),
			    role);
	json_decref(message);
}

static void
on_up(void *context, struct control_request *request)
{
	snprintf(context, CONTROL_WHO, "%s", control_request_who(request));
	control_request_done(request, json_pack("{s:s*}", "via", control_request_via(request)), "up");
}

static int
up_exit_code(struct harness *h, struct bridge *bridge)
{
	json_t *message;
	int code;

	tell(bridge, "{\"id\":5,\"do\":\"command\",\"name\":\"up\",\"arguments\":{\"tunnel\":\"a/"
		     "1\"},\"via\":\"198.51.100.66\"}");
	message = raw_expect(h, &bridge->out, "reply");
	code = (int)json_integer_value(json_object_get(message, "exit_code"));
	if (code == 0)
		assert_string_equal(
		    json_string_value(json_object_get(json_object_get(message, "result"), "via")),
		    "192.0.2.7"); /* the bridge's word, not the client's */
	json_decref(message);
	return code;
}

/* The user of a test may be anybody: no role is raised, so only that of the owner (admin) is certain. */
static void
roles_are_lowered_and_never_raised(void **state)
{
	static const struct {
		const char *given, *asked, *is;
		int code;
	} cases[] = {{NULL, NULL, "admin", 0},
		     {"viewer", NULL, "viewer", 4},
		     {"viewer", "twinspan bridge --role admin", "viewer", 4},
		     {"operator", "twinspan bridge --role viewer", "viewer", 4},
		     {"admin", "twinspan bridge --role operator", "operator", 0},
		     {"operator", "rm -rf /", "operator", 0}};
	char who[CONTROL_WHO] = "";

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct harness *h = harness_new();
		struct bridge bridge;

		forget_ssh();
		harness_serve(h);
		control_server_handle(h->server, "up", on_up, who);
		setenv("SSH_CONNECTION", "192.0.2.7 1 192.0.2.1 22", 1);
		if (cases[i].asked != NULL)
			setenv("SSH_ORIGINAL_COMMAND", cases[i].asked, 1);
		bridge = start_bridge(h->socket, cases[i].given);
		expect_role(h, &bridge, cases[i].is);
		assert_int_equal(up_exit_code(h, &bridge), cases[i].code);
		if (cases[i].code == 0)
			assert_non_null(strstr(who, ", from 192.0.2.7"));
		/* a second word of that kind ends the connection */
		tell(&bridge, "{\"id\":6,\"do\":\"bridge\",\"role\":\"admin\"}");
		json_decref(raw_expect(h, &bridge.out, "error"));
		assert_int_equal(end_bridge(h, &bridge), 0);
		harness_free(h);
	}
	forget_ssh();
}

static void
what_the_client_says_of_itself_is_marked_as_its_word(void **state)
{
	struct harness *h = harness_new();
	char who[CONTROL_WHO] = "", line[700], name[256];
	struct bridge bridge;

	forget_ssh();
	setenv("SSH_CONNECTION", "192.0.2.7 1 192.0.2.1 22", 1);
	harness_serve(h);
	control_server_handle(h->server, "up", on_up, who);
	bridge = start_bridge(h->socket, NULL);
	/* what it says can't pass for what others say, and is cut between two characters */
	for (size_t i = 0; i + 2 < sizeof(name); i += 2)
		memcpy(name + i, "\xc3\xa9", 3);
	snprintf(
	    line, sizeof(line),
	    "{\"id\":0,\"do\":\"introduce\",\"user\":\"eve, key SHA256:x %s\",\"key\":\"SHA256:own %s\"}",
	    name, name);
	tell(&bridge, line);
	tell(&bridge, "{\"id\":0,\"do\":\"introduce\",\"user\":\"second\"}");
	assert_int_equal(up_exit_code(h, &bridge), 0);
	assert_non_null(strstr(who, ", from 192.0.2.7, as eve__key_SHA256:x_"));
	assert_null(strstr(who, "second"));
	assert_true(text_is_utf8(who, strlen(who)));
	assert_int_equal(end_bridge(h, &bridge), 0);
	harness_free(h);
	forget_ssh();
}

static void
without_a_gateway_the_bridge_says_so_in_the_protocols_way(void **state)
{
	struct harness *h = harness_new();
	struct bridge bridge = start_bridge(h->socket, NULL);
	json_t *message = raw_expect(h, &bridge.out, "error");

	assert_non_null(strstr(json_string_value(json_object_get(message, "error")), "no gateway answers"));
	json_decref(message);
	assert_int_equal(end_bridge(h, &bridge), CONTROL_EXIT_NO_GATEWAY);
	bridge = start_bridge(h->socket, "king");
	message = raw_expect(h, &bridge.out, "error");
	assert_non_null(strstr(json_string_value(json_object_get(message, "error")), "king"));
	json_decref(message);
	assert_int_equal(end_bridge(h, &bridge), CONTROL_EXIT_USAGE);
	harness_free(h);
}

/* A gateway of another kind: says `first`, then, when something came in, `second`. Returns the bridge's exit
 * code; the first message that came out is left in `*out`. */
static int
against_canned(const char *first, const char *second, json_t **out)
{
	struct harness *h = harness_new();
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), fd;
	char path[80], bytes[512];
	struct bridge bridge;
	struct pollfd wait;
	int code;

	snprintf(path, sizeof(path), "%s/canned", h->folder);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	assert_int_equal(bind(listening, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(listening, 1), 0);
	bridge = start_bridge(path, "viewer");
	fd = accept(listening, NULL, NULL);
	assert_true(fd >= 0 && send(fd, first, strlen(first), MSG_NOSIGNAL) >= 0);
	if (second != NULL) {
		wait = (struct pollfd){.fd = fd, .events = POLLIN};
		assert_int_equal(poll(&wait, 1, 20000), 1);
		assert_true(recv(fd, bytes, sizeof(bytes), 0) > 0);
		assert_true(send(fd, second, strlen(second), MSG_NOSIGNAL) >= 0);
	}
	shutdown(fd, SHUT_WR);
	*out = raw_expect(h, &bridge.out, "error");
	code = end_bridge(h, &bridge);
	close(fd);
	close(listening);
	unlink(path);
	harness_free(h);
	return code;
}

#define GREETING "{\"hello\":{\"protocol\":1,\"version\":\"0\",\"role\":\"admin\",\"run\":\"1\",\"pid\":1}}\n"

static void
gateways_that_can_not_limit_roles_are_not_used(void **state)
{
	static const struct {
		const char *first, *second, *word;
		int code;
	} cases[] = {{GREETING, "{\"reply\":0,\"exit_code\":2,\"text\":\"knows no such request\"}\n",
		      "too old", CONTROL_EXIT_NOT_PERMITTED},
		     {GREETING, "{\"heartbeat\":true}\n", "closed", CONTROL_EXIT_NO_GATEWAY},
		     {"", NULL, "closed", CONTROL_EXIT_NO_GATEWAY},
		     {"SSH-2.0-x\n", NULL, "JSON", CONTROL_EXIT_NO_GATEWAY},
		     /* its own word is the best */
		     {"{\"error\":\"too many connections\"}\n", NULL, "too many", CONTROL_EXIT_DONE}};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		json_t *message;
		int code = against_canned(cases[i].first, cases[i].second, &message);

		assert_int_equal(code, cases[i].code);
		assert_non_null(strstr(json_string_value(json_object_get(message, "error")), cases[i].word));
		json_decref(message);
	}
}

TEST_MAIN(cmocka_unit_test(a_keys_fingerprint_is_what_ssh_keygen_prints),
	  cmocka_unit_test(the_last_key_that_let_in_counts),
	  cmocka_unit_test(the_clients_address_is_the_first_word),
	  cmocka_unit_test(a_role_is_found_in_what_the_client_asked_for),
	  cmocka_unit_test(roles_are_lowered_and_never_raised),
	  cmocka_unit_test(what_the_client_says_of_itself_is_marked_as_its_word),
	  cmocka_unit_test(without_a_gateway_the_bridge_says_so_in_the_protocols_way),
	  cmocka_unit_test(gateways_that_can_not_limit_roles_are_not_used))
