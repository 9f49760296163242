// SPDX-License-Identifier: GPL-2.0-or-later
/* Addresses, ways, and the life of attempts that never reach an sshd (tests/peers/test_sites.py has those).
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "tests/unit/test.h"
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

static char home[64];

static void
write_config(const char *text)
{
	char path[128];
	FILE *out;

	snprintf(path, sizeof(path), "%s/.ssh/config", home);
	out = fopen(path, "w");
	assert_non_null(out);
	fputs(text, out);
	fclose(out);
}

static int
set_up(void **state)
{
	char path[128];

	snprintf(home, sizeof(home), "/tmp/twinspan-test-XXXXXX");
	if (mkdtemp(home) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/.ssh", home);
	setenv("HOME", home, 1);
	unsetenv("SSH_AUTH_SOCK");
	return mkdir(path, 0700);
}

static int
tear_down(void **state)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/.ssh/config", home);
	unlink(path);
	snprintf(path, sizeof(path), "%s/.ssh", home);
	rmdir(path);
	return rmdir(home);
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

	write_config("Host one\n  ProxyJump a\n"
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

	write_config("Host site\n  ProxyJump a\nHost b\n  ProxyJump before-b\n");
	text_list_add(&jumps, "u@b:23");
	text_list_add(&jumps, "c");
	assert_string_equal(way_to(&(struct ssh_target){.host = "site", .jumps = &jumps}, out, sizeof(out)),
			    "before-b u@b:23 c site");
	text_list_add(&jumps, "d;id");
	assert_non_null(strstr(
	    way_to(&(struct ssh_target){.host = "site", .jumps = &jumps}, out, sizeof(out)), "jump host"));
	text_list_free(&jumps);
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

	write_config("");
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
	write_config("");
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

TEST_MAIN(cmocka_unit_test(addresses_are_taken_apart), cmocka_unit_test(what_is_no_address_is_refused),
	  cmocka_unit_test_setup_teardown(jumps_are_gone_through_as_openssh_goes, set_up, tear_down),
	  cmocka_unit_test_setup_teardown(jumps_of_the_settings_come_before_those_of_the_configuration,
					  set_up, tear_down),
	  cmocka_unit_test_setup_teardown(a_host_that_refuses_is_told, set_up, tear_down),
	  cmocka_unit_test_setup_teardown(attempts_that_are_given_up_leave_nothing, set_up, tear_down))
