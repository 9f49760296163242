// SPDX-License-Identifier: GPL-2.0-or-later
/* ~/.ssh/config: what counts for which host. Every expectation is what OpenSSH 9.2's `ssh -G` prints. */
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/ssh/home.h"
#include "tui/ssh/ssh_internal.h"

static int
set_up(void **state)
{
	(void)state;
	return home_make();
}

static int
tear_down(void **state)
{
	static const char *const names[] = {"config", "included", "ran"};

	(void)state;
	return home_remove(names, COUNT_OF(names));
}

/* "user@host:port" of a stop; without a user where none is said, without a port where it is 22. */
static const char *
place_of(const char *host, const char *user, char *out, size_t size)
{
	struct ssh_stop stop = {.host = (char *)host, .user = (char *)user};
	struct ssh_fault fault = {0};
	ssh_session session = ssh_hop_new(&stop, false, &fault);
	char address[256], *name = NULL;
	unsigned port;

	if (session == NULL) {
		snprintf(out, size, "%s", fault.error.text);
		return out;
	}
	ssh_hop_address(session, address, sizeof(address), &port);
	ssh_options_get(session, SSH_OPTIONS_USER, &name);
	snprintf(out, size, "%s%s%s", name != NULL ? name : "", name != NULL ? "@" : "", address);
	if (port != 22)
		snprintf(out + strlen(out), size - strlen(out), ":%u", port);
	ssh_string_free_char(name);
	ssh_free(session);
	return out;
}

struct expectation {
	const char *config, *host, *user, *place;
};

static void
check(const struct expectation *cases, size_t count)
{
	char place[512];

	for (size_t i = 0; i < count; i++) {
		home_write("config", cases[i].config);
		place_of(cases[i].host, cases[i].user, place, sizeof(place));
		if (strcmp(place, cases[i].place) != 0)
			fail_msg("%s%s%s is %s, not %s, by:\n%s", cases[i].user != NULL ? cases[i].user : "",
				 cases[i].user != NULL ? "@" : "", cases[i].host, place, cases[i].place,
				 cases[i].config);
	}
}

static void
a_host_line_is_compared_with_what_was_typed(void **state)
{
	static const struct expectation cases[] = {
	    {"Host lyon\n HostName 192.0.2.10\nHost lyon paris\n User ann\nHost l*\n Port 77\n", "lyon", NULL,
	     "ann@192.0.2.10:77"},
	    {"Host lyon\n HostName 192.0.2.10\nHost 192.0.2.*\n User ann\n", "lyon", NULL, "192.0.2.10"},
	    {"Host \"lyon\" x\n HostName 192.0.2.10\nHost !lyon *\n User bob\nHost *\n User carol\n", "lyon",
	     NULL, "carol@192.0.2.10"},
	    {"Host * !lyon\n User bob\n", "lyon", NULL, "lyon"},
	    {"Host !paris\n User bob\n", "lyon", NULL, "lyon"},
	    {"Host lyon,paris\n User bob\n", "lyon", NULL, "lyon"},
	    {"Host paris # lyon\n User bob\n", "lyon", NULL, "lyon"},
	    {"host=lyon\n hostname=192.0.2.10\nHOST = lyon\r\n Port = 77\r\n", "lyon", NULL, "192.0.2.10:77"},
	    {"\tHost\tlyo?\n\tHostName\t%h.example.com\n", "lyon", NULL, "lyon.example.com"},
	    {"User zoe\nHost lyon\n User bob\n", "lyon", NULL, "zoe@lyon"},
	    {"User zoe\nHost lyon\n User bob\n", "lyon", "ann", "ann@lyon"},
	};

	(void)state;
	check(cases, COUNT_OF(cases));
}

static void
a_match_line_goes_by_what_was_said_before_it(void **state)
{
	static const struct expectation cases[] = {
	    {"Host lyon\n HostName 192.0.2.10\nMatch originalhost lyon\n User ann\n", "lyon", NULL,
	     "ann@192.0.2.10"},
	    {"Match originalhost paris\n User ann\n", "lyon", NULL, "lyon"},
	    {"Match !originalhost paris,nantes\n User ann\n", "lyon", NULL, "ann@lyon"},
	    {"Match originalhost *,!lyon\n User ann\n", "lyon", NULL, "lyon"},
	    {"Match originalhost=LYON\n User ann\n", "lyon", NULL, "ann@lyon"},
	    {"HostName 192.0.2.10\nMatch host 192.0.2.*\n User ann\n", "lyon", NULL, "ann@192.0.2.10"},
	    {"HostName 192.0.2.10\nMatch host lyon\n User ann\n", "lyon", NULL, "192.0.2.10"},
	    {"HostName %h.example\nMatch Host Lyon.Example\n User ann\n", "lyon", NULL, "ann@lyon.example"},
	    {"User ann\nMatch user ann host \"lyon\"\n Port 77\n", "lyon", NULL, "ann@lyon:77"},
	    {"User ann\nMatch user ann host lyon\n Port 77\n", "lyon", "bob", "bob@lyon"},
	    {"Match user bob # ann\n Port 77\n", "lyon", "bob", "bob@lyon:77"},
	    {"Match all\n Port 77\n", "lyon", NULL, "lyon:77"},
	    {"Match localuser *\n Port 77\n", "lyon", NULL, "lyon:77"},
	    {"Match localuser nobody.at.all\n Port 77\n", "lyon", NULL, "lyon"},
	    {"Match user x\n Port 77\nMatch all\n Port 78\n", "lyon", NULL, "lyon:78"},
	    /* the second reading, which only `final` asks for */
	    {"Match canonical\n Port 77\n", "lyon", NULL, "lyon"},
	    {"Match final\n Port 77\nMatch all\n Port 78\n", "lyon", NULL, "lyon:78"},
	    {"Match final host 192.0.2.10\n Port 77\nHost lyon\n HostName 192.0.2.10\n", "lyon", NULL,
	     "192.0.2.10:77"},
	    {"Match canonical all\n Port 77\nMatch final all\n User ann\n", "lyon", NULL, "ann@lyon:77"},
	};

	(void)state;
	check(cases, COUNT_OF(cases));
}

static void
commands_of_match_lines_are_run_where_they_can_count(void **state)
{
	static const struct expectation cases[] = {
	    {"Match exec true\n Port 77\n", "lyon", NULL, "lyon:77"},
	    {"Match exec false\n Port 77\n", "lyon", NULL, "lyon"},
	    {"Match !exec \"test %h = paris\" host lyon\n Port 77\n", "lyon", NULL, "lyon:77"},
	    {"HostName 192.0.2.10\nMatch exec \"test %h = 192.0.2.10\" originalhost lyon # so\n Port 77\n",
	     "lyon", NULL, "192.0.2.10:77"},
	    {"Match host paris exec \"touch ~/.ssh/ran\"\n Port 77\n", "lyon", NULL, "lyon"},
	    {"Host paris\n Include included\n", "lyon", NULL, "lyon"},
	};
	char path[128];

	(void)state;
	home_write("included", "Match exec \"touch ~/.ssh/ran\"\n Port 77\n");
	check(cases, COUNT_OF(cases));
	snprintf(path, sizeof(path), "%s/.ssh/ran", home);
	assert_int_not_equal(access(path, F_OK), 0);
}

static void
a_match_line_that_is_not_understood_is_refused(void **state)
{
	static const char *const bad[] = {"tagged x", "host", "!", "# nothing"};
	char config[64], place[512];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		snprintf(config, sizeof(config), "Match %s\n", bad[i]);
		home_write("config", config);
		if (strstr(place_of("lyon", NULL, place, sizeof(place)), "/config can't be read: 'Match") ==
		    NULL)
			fail_msg("by %s it is %s", config, place);
	}
}

static void
what_is_included_ends_with_its_file(void **state)
{
	static const struct expectation cases[] = {
	    {"Include included\nUser ann\n", "lyon", NULL, "ann@lyon"},
	    {"Include included\nHost l*\n User ann\n", "paris", NULL, "paris:78"},
	    {"Host lyon\n Include included\n User ann\n", "lyon", NULL, "ann@lyon"},
	    {"Match originalhost paris\n Include included\n User ann\n", "paris", NULL, "ann@paris:78"},
	};

	(void)state;
	home_write("included", "Host paris\n Port 78\n");
	check(cases, COUNT_OF(cases));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_host_line_is_compared_with_what_was_typed),
	    cmocka_unit_test(a_match_line_goes_by_what_was_said_before_it),
	    cmocka_unit_test(commands_of_match_lines_are_run_where_they_can_count),
	    cmocka_unit_test(a_match_line_that_is_not_understood_is_refused),
	    cmocka_unit_test(what_is_included_ends_with_its_file),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
