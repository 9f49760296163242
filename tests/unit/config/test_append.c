// SPDX-License-Identifier: GPL-2.0-or-later
/* A new connection comes to its place, and every other byte stays; secrets go into files of their own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/config/config.h"
#include "tests/unit/test.h"

#define BLOCK "  # a note\n  - name: b\n    tunnels:\n      - {remote: 192.0.2.2}\n"

static void
becomes(const char *text, const char *block, const char *expected)
{
	struct config_findings findings = {0};
	size_t length;
	char *whole = config_append(text, strlen(text), block, &length, &findings);

	assert_non_null(whole);
	assert_string_equal(whole, expected);
	assert_int_equal(length, strlen(expected));
	memory_wipe_free(whole, length);
	config_findings_free(&findings);
}

static void
it_comes_behind_the_last_connection(void **state)
{
	becomes("connections:\n  - name: a   # é\n\n# of peers\npeers: []\n", BLOCK,
		"connections:\n  - name: a   # é\n" BLOCK "\n# of peers\npeers: []\n");
	becomes("connections:\n  - name: a\n    tunnels:\n      - {remote: 192.0.2.1,\n         start: "
		"respond}\n#end\n",
		BLOCK,
		"connections:\n  - name: a\n    tunnels:\n      - {remote: 192.0.2.1,\n         start: "
		"respond}\n" BLOCK "#end\n");
	becomes("gateway: {connections: 1}\nconnections:\n  - name: a\n    routes: []\n    protect:\n      - "
		"10.0.0.0/8\n",
		BLOCK,
		"gateway: {connections: 1}\nconnections:\n  - name: a\n    routes: []\n    protect:\n      - "
		"10.0.0.0/8\n" BLOCK);
}

static void
it_takes_the_columns_of_the_others(void **state)
{
	becomes("connections:\n- name: a\npeers: []\n", BLOCK,
		"connections:\n- name: a\n# a note\n- name: b\n  tunnels:\n    - {remote: 192.0.2.2}\npeers: "
		"[]\n");
	becomes("connections:\n    -   name: a\n", "- name: b\n  mode: x\n",
		"connections:\n    -   name: a\n    - name: b\n      mode: x\n");
}

static void
it_makes_the_place_where_there_is_none(void **state)
{
	becomes("gateway: {}\n", BLOCK, "gateway: {}\n\nconnections:\n" BLOCK);
	becomes("gateway: {}", BLOCK, "gateway: {}\n\nconnections:\n" BLOCK);
	becomes("connections:\npeers: []\n", BLOCK, "connections:\n" BLOCK "peers: []\n");
	becomes("connections: [ ]  # none yet\npeers: []\n", BLOCK,
		"connections:  # none yet\n" BLOCK "peers: []\n");
}

static void
line_ends_stay_as_they_are(void **state)
{
	becomes("connections:\r\n  - name: a\t# x\r\n", "- name: b\n",
		"connections:\r\n  - name: a\t# x\r\n  - name: b\r\n");
}

static void
what_cannot_take_one_is_said(void **state)
{
	static const char *const texts[] = {"connections: [{name: a}]\n", "connections: [\n"};

	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		struct config_findings findings = {0};
		size_t length;

		assert_null(config_append(texts[i], strlen(texts[i]), BLOCK, &length, &findings));
		assert_int_equal(findings.errors, 1);
		config_findings_free(&findings);
	}
}

/* --- secrets ----------------------------------------------------------------------------------- */

static char folder[64], configuration[128];

static int
make_folder(void **state)
{
	snprintf(folder, sizeof(folder), "/tmp/twinspan-secrets-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(configuration, sizeof(configuration), "%s/gateway.yaml", folder);
	return 0;
}

static const char *
below(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static int
remove_folder(void **state)
{
	static const char *const names[] = {"psk/a-1", "psk/a-2", "psk", "elsewhere/x", "elsewhere"};

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		if (unlink(below(names[i])) != 0)
			rmdir(below(names[i]));
	}
	return rmdir(folder);
}

static void
take(const char *lines, struct config_secrets *out)
{
	struct error err = {""};

	if (!config_secrets_parse(lines, out, &err))
		fail_msg("%s", err.text);
	for (size_t i = 0; i < out->count; i++)
		out->items[i].named = true;
}

static void
write_file(const char *name, const char *text, mode_t mode)
{
	FILE *file = fopen(below(name), "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	chmod(below(name), mode);
}

static void
secrets_are_written_privately_and_taken_away_again(void **state)
{
	struct config_secrets secrets;
	struct stat status;
	struct error err = {""};

	take("psk/a-1 sesame\npsk/a-2 open me\n", &secrets);
	assert_int_equal(secrets.count, 2);
	assert_string_equal(secrets.items[1].text, "open me");
	assert_true(config_secrets_check(&secrets, configuration, &err));
	assert_int_equal(access(below("psk"), F_OK), -1);
	assert_true(config_secrets_write(&secrets, configuration, &err));
	assert_int_equal(stat(below("psk"), &status), 0);
	assert_int_equal(status.st_mode & 07777, 0700);
	assert_int_equal(stat(below("psk/a-1"), &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
	assert_int_equal(status.st_size, strlen("sesame\n"));
	config_secrets_remove(&secrets, configuration);
	assert_int_equal(access(below("psk"), F_OK), -1);
	config_secrets_free(&secrets);
}

static void
a_file_that_was_there_stays(void **state)
{
	struct config_secrets secrets;
	struct error err = {""};

	mkdir(below("psk"), 0700);
	write_file("psk/a-1", "sesame\n", 0600);
	take("psk/a-1 sesame\npsk/a-2 other\n", &secrets);
	assert_true(config_secrets_write(&secrets, configuration, &err));
	config_secrets_remove(&secrets, configuration);
	assert_int_equal(access(below("psk/a-1"), F_OK), 0);
	assert_int_equal(access(below("psk/a-2"), F_OK), -1);
	config_secrets_free(&secrets);
}

static void
refuses(const char *lines, bool named, const char *words)
{
	struct config_secrets secrets;
	struct error err = {""};

	take(lines, &secrets);
	for (size_t i = 0; i < secrets.count; i++)
		secrets.items[i].named = named;
	assert_false(config_secrets_check(&secrets, configuration, &err));
	assert_false(config_secrets_write(&secrets, configuration, &err));
	if (strstr(err.text, words) == NULL)
		fail_msg("'%s' without '%s'", err.text, words);
	assert_null(strstr(err.text, "sesame"));
	config_secrets_free(&secrets);
}

static void
nothing_of_others_is_touched(void **state)
{
	refuses("psk/a-1 sesame\n", false, "no psk_file of the text names psk/a-1");
	mkdir(below("psk"), 0700);
	write_file("psk/a-1", "other\n", 0600);
	refuses("psk/a-1 sesame\n", true, "with another content");
	write_file("psk/a-1", "sesame\n", 0640);
	refuses("psk/a-1 sesame\n", true, "open to others (mode 0640)");
	unlink(below("psk/a-1"));
	assert_int_equal(symlink("/tmp/twinspan-nowhere", below("psk/a-1")), 0);
	refuses("psk/a-1 sesame\n", true, "it is a link");
	/* all or none: the one before it is taken back */
	refuses("psk/a-2 sesame\npsk/a-1 sesame\n", true, "it is a link");
	assert_int_equal(access(below("psk/a-2"), F_OK), -1);
	unlink(below("psk/a-1"));
	rmdir(below("psk"));
	mkdir(below("elsewhere"), 0700);
	assert_int_equal(symlink("elsewhere", below("psk")), 0);
	refuses("psk/a-1 sesame\n", true, "it is a link, or no folder");
	assert_int_equal(access(below("elsewhere/a-1"), F_OK), -1);
}

static void
paths_stay_below_the_folder(void **state)
{
	static const char *const bad[] = {
	    "/etc/x sesame", "../x sesame", "psk/../../x sesame", "psk//x sesame",        "psk/.x sesame",
	    "./x sesame",    "psk/ sesame", "a/b/c/d/e sesame",   "psk/x\xc3\xa9 sesame", " x sesame",
	    "psk/x",         "psk/x  ",     "psk/x a\npsk/x a"};

	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct config_secrets secrets;
		struct error err = {""};

		if (config_secrets_parse(bad[i], &secrets, &err))
			fail_msg("'%s' was taken", bad[i]);
		assert_null(strstr(err.text, "sesame"));
		assert_int_equal(secrets.count, 0);
	}
}

static void
a_text_finds_its_secrets_before_they_are_written(void **state)
{
	static const char text[] =
	    "gateway: {name: a, role: customer, asn: 65010, outside: 192.0.2.10, networks: [10.20.0.0/16]}\n"
	    "connections:\n  - name: b\n    peer_asn: 64512\n    routing: dynamic\n    tunnels:\n"
	    "      - {remote: 192.0.2.2, inside: 169.254.44.242/30, psk_file: psk/a-1}\n";
	struct config_findings findings = {0};
	struct config_secrets secrets;
	struct config *config;
	char *path, *wanted;

	take("psk/a-1 sesame_open\npsk/a-2 sesame_other\n", &secrets);
	secrets.items[0].named = secrets.items[1].named = false;
	config = config_parse_with(configuration, text, strlen(text), &secrets, &findings);
	assert_non_null(config);
	assert_int_equal(config->connections[0].tunnels[0].psk_length, strlen("sesame_open"));
	assert_true(secrets.items[0].named);
	assert_false(secrets.items[1].named);
	/* It can be rotated once it is written, without another reading. */
	path = config_psk_path(config, &config->connections[0].tunnels[0]);
	wanted =
	    text_format("%.*s/psk/a-1", (int)(strrchr(configuration, '/') - configuration), configuration);
	assert_string_equal(path, wanted);
	free(path);
	free(wanted);
	config_free(config);
	assert_null(config_parse(configuration, text, strlen(text), &findings));
	config_findings_free(&findings);
	config_secrets_free(&secrets);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

TEST_MAIN(cmocka_unit_test(it_comes_behind_the_last_connection),
	  cmocka_unit_test(it_takes_the_columns_of_the_others),
	  cmocka_unit_test(it_makes_the_place_where_there_is_none),
	  cmocka_unit_test(line_ends_stay_as_they_are), cmocka_unit_test(what_cannot_take_one_is_said),
	  IN_FOLDER(secrets_are_written_privately_and_taken_away_again),
	  IN_FOLDER(a_file_that_was_there_stays), IN_FOLDER(nothing_of_others_is_touched),
	  cmocka_unit_test(paths_stay_below_the_folder),
	  IN_FOLDER(a_text_finds_its_secrets_before_they_are_written))
