// SPDX-License-Identifier: GPL-2.0-or-later
/* Addresses, ways, and the life of attempts that never reach an sshd (tests/peers/test_sites.py has those).
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "tests/unit/ssh/home.h"
#include "tui/ssh/ssh_internal.h"

/* --- addresses --------------------------------------------------------------------------------- */

static void
addresses_are_taken_apart(void **state)
{
	static const struct {
		const char *text, *user, *host;
		unsigned port;
	} cases[] = {{"host", NULL, "host", 0},
		     {"root@192.0.2.10:2222", "root", "192.0.2.10", 2222},
		     {"192.0.2.10:22", NULL, "192.0.2.10", 22},
		     {"2001:db8::1", NULL, "2001:db8::1", 0},
		     {"a@[2001:db8::1]:65535", "a", "2001:db8::1", 65535},
		     {"[fe80::1%eth0]", NULL, "fe80::1%eth0", 0},
		     {"user@realm@host", "user@realm", "host", 0}};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char *user, *host;
		unsigned port;
		struct error err = {""};

		if (!ssh_parse_address(cases[i].text, &user, &host, &port, &err))
			fail_msg("%s: %s", cases[i].text, err.text);
		assert_string_equal(host, cases[i].host);
		assert_int_equal(port, cases[i].port);
		if (cases[i].user == NULL)
			assert_null(user);
		else
			assert_string_equal(user, cases[i].user);
		free(user);
		free(host);
	}
}

static void
what_is_no_address_is_refused(void **state)
{
	static const char *const cases[] = {
	    "",      "@",        "@host",   "root@", "host:", "host:0", "host:65536", "host:22x", "host:-1",
	    "-oX",   "root@-oX", "-x@host", "a b",   "a\tb",  "a\nb",   "a;b",        "$(id)",    "`id`@a",
	    "a'b",   "a\"b",     "a|b",     "a&b",   "a>b",   "a\\b",   "[::1",       "[::1]x",   "[]",
	    "[]:22", "a\x1b[2J", "a*",      "{a}",   "a?",    "\x7f",   ":22",        "root@:22",
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char *user, *host;
		unsigned port;
		struct error err = {""};

		if (ssh_parse_address(cases[i], &user, &host, &port, &err))
			fail_msg("taken: '%s' (user '%s', host '%s')", cases[i], user, host);
		assert_null(user);
		assert_null(host);
		assert_true(err.text[0] != '\0');
		assert_null(strpbrk(err.text, "\x1b\n\t\x7f"));
	}
}

/* --- ways -------------------------------------------------------------------------------------- */

static int
set_up(void **state)
{
	unsetenv("SSH_AUTH_SOCK");
	return home_make();
}

static int
tear_down(void **state)
{
	static const char *const names[] = {"config"};

	return home_remove(names, COUNT_OF(names));
}

/* "user@host:port" of all stops, or the fault. */
static const char *
way_to(const struct ssh_target *target, char *out, size_t size)
{
	struct ssh_stop stops[SSH_MOST_JUMPS + 1];
	struct ssh_fault fault = {0};
	size_t count = ssh_route(target, stops, &fault), at = 0;

	if (count == 0)
		snprintf(out, size, "%s", fault.error.text);
	for (size_t i = 0; i < count; i++) {
		at += (size_t)snprintf(out + at, size - at, "%s%s%s%s", i > 0 ? " " : "",
				       stops[i].user != NULL ? stops[i].user : "",
				       stops[i].user != NULL ? "@" : "", stops[i].host);
		if (stops[i].port != 0)
			at += (size_t)snprintf(out + at, size - at, ":%u", stops[i].port);
		ssh_stop_free(&stops[i]);
	}
	return out;
}

static void
jumps_are_gone_through_as_openssh_goes(void **state)
{
	char out[512];

	home_write("config", "Host one\n  ProxyJump a\n"
			     "Host two\n  ProxyJump u@a:2022,b\n"
			     "Host three\n  ProxyJump a,b:23,v@c\n"
			     "Host none\n  ProxyJump none\n"
			     "Host old\n  ProxyCommand ssh -q -W %h:%p -l u -p 2022 a\n"
			     "Host older\n  ProxyCommand ssh -J a,b c -W [%h]:%p\n"
			     "Host foreign\n  ProxyCommand nc -X 5 %h %p\n"
			     "Host options\n  ProxyCommand ssh -o StrictHostKeyChecking=no -W %h:%p a\n"
			     "Host behind\n  ProxyJump one\n"
			     "Host far\n  ProxyJump two,x\n"
			     "Host loop\n  ProxyJump loop\n");
	assert_string_equal(way_to(&(struct ssh_target){.host = "one"}, out, sizeof(out)), "a one");
	assert_string_equal(
	    way_to(&(struct ssh_target){.host = "two", .user = "r", .port = 5}, out, sizeof(out)),
	    "u@a:2022 b r@two:5");
	assert_string_equal(way_to(&(struct ssh_target){.host = "three"}, out, sizeof(out)),
			    "a b:23 v@c three");
	assert_string_equal(way_to(&(struct ssh_target){.host = "none"}, out, sizeof(out)), "none");
	assert_string_equal(way_to(&(struct ssh_target){.host = "old"}, out, sizeof(out)), "u@a:2022 old");
	assert_string_equal(way_to(&(struct ssh_target){.host = "older"}, out, sizeof(out)), "a b c older");
	assert_string_equal(way_to(&(struct ssh_target){.host = "foreign"}, out, sizeof(out)), "foreign");
	assert_string_equal(way_to(&(struct ssh_target){.host = "options"}, out, sizeof(out)), "options");
	assert_string_equal(way_to(&(struct ssh_target){.host = "behind"}, out, sizeof(out)), "a one behind");
	assert_string_equal(way_to(&(struct ssh_target){.host = "far"}, out, sizeof(out)),
			    "u@a:2022 b two x far");
	assert_non_null(
	    strstr(way_to(&(struct ssh_target){.host = "loop"}, out, sizeof(out)), "more than 8"));
}

static void
jumps_of_the_settings_come_before_those_of_the_configuration(void **state)
{
	struct text_list jumps = {0};
	char out[512];

	home_write("config", "Host site\n  ProxyJump a\nHost b\n  ProxyJump before-b\n");
	text_list_add(&jumps, "u@b:23");
	text_list_add(&jumps, "c");
	assert_string_equal(way_to(&(struct ssh_target){.host = "site", .jumps = &jumps}, out, sizeof(out)),
			    "before-b u@b:23 c site");
	text_list_add(&jumps, "d;id");
	assert_non_null(strstr(
	    way_to(&(struct ssh_target){.host = "site", .jumps = &jumps}, out, sizeof(out)), "jump host"));
	text_list_free(&jumps);
}

/* --- key files ---------------------------------------------------------------------------------- */

/* The last parts of their paths; "nothing said" where there is no word of any. */
static const char *
keys_of_host(const char *host, char *out, size_t size)
{
	struct ssh_stop stop = {.host = (char *)host};
	struct text_list files = {0};
	struct ssh_fault fault = {0};
	ssh_session session = ssh_hop_new(&stop, false, &fault);

	if (session == NULL)
		return "";
	snprintf(out, size, "%s", ssh_identities(&stop, session, &files) ? "" : "nothing said");
	ssh_hop_free(session);
	for (size_t i = 0; i < files.count; i++)
		snprintf(out + strlen(out), size - strlen(out), "%s ", strrchr(files.items[i], '/') + 1);
	text_list_free(&files);
	return out;
}

static void
key_files_are_named_by_what_is_known_of_the_host(void **state)
{
	char out[1024];

	home_write("config",
		   "Host a\n HostName gw.example\n Port 2022\n User op\n IdentityFile ~/.ssh/%n-%h-%p-%r-%%\n"
		   " IdentityFile ~/.ssh/%Q\nHost b\n IdentityFile none\n");
	assert_string_equal(keys_of_host("a", out, sizeof(out)), "a-gw.example-2022-op-% %Q ");
	assert_string_equal(keys_of_host("b", out, sizeof(out)), "");
	assert_string_equal(keys_of_host("c", out, sizeof(out)), "nothing said");
}

static void
key_files_of_included_files_count_where_they_are_included(void **state)
{
	static const char *const names[] = {"part-1", "part-2", "part-3"};
	const struct ssh_stop stop = {.host = (char *)"a"};
	struct ssh_fault fault = {0};
	char out[1024];

	home_write("config",
		   "IdentityFile ~/.ssh/first\nHost a b\n Include \"part-[12]\" ~/.ssh/part-3\nHost b\n"
		   " IdentityFile ~/.ssh/last\n");
	home_write("part-1", "IdentityFile ~/.ssh/one\n");
	home_write("part-2", "Host b\n IdentityFile ~/.ssh/two\n");
	home_write("part-3", "Include nothing\nIdentityFile ~/.ssh/three\n");
	assert_string_equal(keys_of_host("c", out, sizeof(out)), "first ");
	assert_string_equal(keys_of_host("a", out, sizeof(out)), "first one three ");
	assert_string_equal(keys_of_host("b", out, sizeof(out)), "first one two three last ");
	home_write("part-3",
		   "IdentityFile ~/.ssh/three\nInclude part-3 part-3 part-3\n"); /* refused, as by ssh */
	assert_string_equal(keys_of_host("a", out, sizeof(out)), "");
	assert_null(ssh_hop_new(&stop, false, &fault));
	assert_non_null(strstr(fault.error.text, "part-3"));
	for (size_t i = 0; i < COUNT_OF(names); i++)
		unlink(home_path(names[i]));
}

/* --- the life of an attempt -------------------------------------------------------------------- */

struct outcome {
	int opened, failed;
	char why[256];
	bool lasting;
};

static void
on_opened(void *context, int fd)
{
	close(fd);
	((struct outcome *)context)->opened++;
}

static void
on_failed(void *context, const char *why, bool lasting)
{
	struct outcome *outcome = context;

	outcome->failed++;
	outcome->lasting = lasting;
	snprintf(outcome->why, sizeof(outcome->why), "%s", why);
}

static int
listening_socket(unsigned *port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
	*port = ntohs(address.sin_port);
	return fd;
}

static void *
begin(struct ssh_site *site, uv_loop_t *loop, struct outcome *outcome)
{
	const struct control_transport *transport = ssh_site_transport(site);

	return transport->open(
	    transport->context, loop,
	    &(struct control_transport_events){.context = outcome, .opened = on_opened, .failed = on_failed});
}

static size_t
open_descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	size_t count = 0;

	while (readdir(folder) != NULL)
		count++;
	closedir(folder);
	return count;
}

static size_t
threads(void)
{
	DIR *folder = opendir("/proc/self/task");
	size_t count = 0;

	while (readdir(folder) != NULL)
		count++;
	closedir(folder);
	return count;
}

static void
a_host_that_refuses_is_told(void **state)
{
	struct outcome outcome = {0};
	unsigned port;
	int fd = listening_socket(&port); /* it does not listen */
	struct ssh_site *site =
	    ssh_site_new(&(struct ssh_target){.name = "x", .host = "127.0.0.1", .port = port}, NULL);
	uv_loop_t loop;
	void *attempt;

	home_write("config", "");
	uv_loop_init(&loop);
	attempt = begin(site, &loop, &outcome);
	while (outcome.failed == 0)
		uv_run(&loop, UV_RUN_ONCE);
	assert_false(outcome.lasting);
	assert_non_null(strstr(outcome.why, "127.0.0.1"));
	assert_non_null(strstr(outcome.why, "refused"));
	ssh_site_answer(site, "nobody asked");
	ssh_site_transport(site)->close(attempt);
	ssh_site_free(site);
	assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
	assert_int_equal(uv_loop_close(&loop), 0);
	close(fd);
}

/* What is given up lets go of its socket at once, though nobody ever answered. */
static void
attempts_that_are_given_up_leave_nothing(void **state)
{
	size_t descriptors, running = threads();
	unsigned port;
	int fd = listening_socket(&port);
	uv_loop_t loop;
	usec_t end;

	listen(fd, 64);
	home_write("config", "");
	uv_loop_init(&loop);
	descriptors = open_descriptors();
	for (int i = 0; i < 20; i++) {
		struct outcome outcome = {0};
		struct ssh_site *site =
		    ssh_site_new(&(struct ssh_target){.name = "x", .host = "127.0.0.1", .port = port}, NULL);
		void *attempt = begin(site, &loop, &outcome);
		char phase[96];

		if (i % 2 == 0) {
			while (ssh_site_phase(site, phase, sizeof(phase))[0] == '\0')
				usleep(200);
			assert_non_null(strstr(phase, "connecting"));
			ssh_site_transport(site)->close(attempt);
		} else {
			ssh_site_transport(site)->close(attempt); /* perhaps before its thread began */
		}
		ssh_site_free(site);
		uv_run(&loop, UV_RUN_DEFAULT);
		assert_int_equal(outcome.opened + outcome.failed, 0);
	}
	for (end = clock_monotonic() + 15 * USEC_PER_SEC; threads() > running; usleep(1000))
		assert_true(clock_monotonic() < end);
	assert_int_equal(open_descriptors(), descriptors);
	assert_int_equal(uv_loop_close(&loop), 0);
	close(fd);
}

static void
await_phase(struct ssh_site *site, const char *word)
{
	usec_t end = clock_monotonic() + 10 * USEC_PER_SEC;
	char phase[96];

	while (strstr(ssh_site_phase(site, phase, sizeof(phase)), word) == NULL) {
		if (clock_monotonic() > end)
			fail_msg("'%s' does not come: '%s'", word, phase);
		usleep(500);
	}
}

static int
connections_at(int fd)
{
	int count = 0, one;

	while ((one = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		count++;
		close(one);
	}
	return count;
}

/* Of five that go over one host one connects; when that one is given up another one does. */
static void
a_jump_host_is_reached_by_one_for_all_and_by_another_when_that_one_is_given_up(void **state)
{
	enum { MANY = 5 };
	struct ssh_site *sites[MANY];
	struct outcome outcomes[MANY] = {{0}};
	struct text_list jumps = {0};
	void *attempts[MANY];
	size_t descriptors, running = threads();
	unsigned port;
	int fd = listening_socket(&port), second = 0;
	char jump[32];
	uv_loop_t loop;
	usec_t end;

	listen(fd, 64);
	home_write("config", "");
	uv_loop_init(&loop);
	descriptors = open_descriptors();
	snprintf(jump, sizeof(jump), "127.0.0.1:%u", port);
	text_list_add(&jumps, jump);
	for (int i = 0; i < MANY; i++) {
		sites[i] = ssh_site_new(
		    &(struct ssh_target){.name = "x", .host = "site.invalid", .jumps = &jumps}, NULL);
		attempts[i] = begin(sites[i], &loop, &outcomes[i]);
		await_phase(sites[i], i == 0 ? "connecting to" : "waiting for the way over 127.0.0.1");
	}
	ssh_site_transport(sites[0])->close(attempts[0]);
	for (end = clock_monotonic() + 10 * USEC_PER_SEC;; usleep(500)) {
		int connecting = 0;

		for (int i = 1; i < MANY; i++) {
			char phase[96];

			if (strstr(ssh_site_phase(sites[i], phase, sizeof(phase)), "connecting") == NULL)
				continue;
			connecting++;
			second = i;
		}
		if (connecting == 1)
			break;
		assert_true(clock_monotonic() < end);
	}
	/* It comes last: else one of those that wait would take its place. */
	for (int i = 1; i < MANY; i++) {
		if (i != second)
			ssh_site_transport(sites[i])->close(attempts[i]);
	}
	ssh_site_transport(sites[second])->close(attempts[second]);
	uv_run(&loop, UV_RUN_DEFAULT);
	for (end = clock_monotonic() + 15 * USEC_PER_SEC; threads() > running; usleep(1000))
		assert_true(clock_monotonic() < end);
	for (int i = 0; i < MANY; i++) {
		assert_int_equal(outcomes[i].opened + outcomes[i].failed, 0);
		ssh_site_free(sites[i]);
	}
	fcntl(fd, F_SETFL, O_NONBLOCK);
	assert_in_range(connections_at(fd), 1, 2); /* the second one may not have come so far */
	assert_int_equal(open_descriptors(), descriptors);
	assert_int_equal(uv_loop_close(&loop), 0);
	text_list_free(&jumps);
	close(fd);
}

/* What the one that connects is told, all are told. */
static void
a_jump_host_that_refuses_is_told_to_all(void **state)
{
	enum { MANY = 5 };
	struct ssh_site *sites[MANY];
	struct outcome outcomes[MANY] = {{0}};
	struct text_list jumps = {0};
	void *attempts[MANY];
	unsigned port;
	int fd = listening_socket(&port); /* it does not listen */
	char jump[32];
	uv_loop_t loop;

	home_write("config", "");
	uv_loop_init(&loop);
	snprintf(jump, sizeof(jump), "127.0.0.1:%u", port);
	text_list_add(&jumps, jump);
	for (int i = 0; i < MANY; i++) {
		sites[i] = ssh_site_new(
		    &(struct ssh_target){.name = "x", .host = "site.invalid", .jumps = &jumps}, NULL);
		attempts[i] = begin(sites[i], &loop, &outcomes[i]);
	}
	for (int i = 0; i < MANY; i++) {
		while (outcomes[i].failed == 0)
			uv_run(&loop, UV_RUN_ONCE);
		assert_non_null(strstr(outcomes[i].why, "refused"));
		assert_non_null(strstr(outcomes[i].why, "127.0.0.1"));
	}
	for (int i = 0; i < MANY; i++) {
		ssh_site_transport(sites[i])->close(attempts[i]);
		ssh_site_free(sites[i]);
	}
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
	text_list_free(&jumps);
	close(fd);
}

TEST_MAIN(cmocka_unit_test(addresses_are_taken_apart), cmocka_unit_test(what_is_no_address_is_refused),
	  cmocka_unit_test_setup_teardown(jumps_are_gone_through_as_openssh_goes, set_up, tear_down),
	  cmocka_unit_test_setup_teardown(jumps_of_the_settings_come_before_those_of_the_configuration,
					  set_up, tear_down),
	  cmocka_unit_test_setup_teardown(key_files_are_named_by_what_is_known_of_the_host, set_up,
					  tear_down),
	  cmocka_unit_test_setup_teardown(key_files_of_included_files_count_where_they_are_included, set_up,
					  tear_down),
	  cmocka_unit_test_setup_teardown(a_host_that_refuses_is_told, set_up, tear_down),
	  cmocka_unit_test_setup_teardown(attempts_that_are_given_up_leave_nothing, set_up, tear_down),
	  cmocka_unit_test_setup_teardown(
	      a_jump_host_is_reached_by_one_for_all_and_by_another_when_that_one_is_given_up, set_up,
	      tear_down),
	  cmocka_unit_test_setup_teardown(a_jump_host_that_refuses_is_told_to_all, set_up, tear_down))
