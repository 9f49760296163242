// SPDX-License-Identifier: GPL-2.0-or-later
/* known_hosts: which lines are a host's, and what they say of its key. */
#include <fcntl.h>
#include <pwd.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/ssh/home.h"
#include "tui/ssh/known.h"

static ssh_key ours, another, rsa;
static char *ours_text, *another_text, *rsa_text;

/* With "OURS", "ANOTHER" and "RSA" as these keys. */
static void
write_lines(const char *name, const char *lines)
{
	static const char *const words[] = {"OURS", "ANOTHER", "RSA"};
	const char *const keys[] = {ours_text, another_text, rsa_text};
	char text[16384] = "";
	size_t at = 0;

	while (*lines != '\0') {
		size_t i = 0;

		while (i < COUNT_OF(words) && strncmp(lines, words[i], strlen(words[i])) != 0)
			i++;
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%.*s", i < COUNT_OF(words) ? -1 : 1,
				       i < COUNT_OF(words) ? keys[i] : lines);
		lines += i < COUNT_OF(words) ? strlen(words[i]) : 1;
	}
	assert_true(at < sizeof(text));
	home_write_bytes(name, text, at);
}

static const char *const files[] = {"config", "known_hosts", "known_hosts2", "a", "b", "c d", "included"};

static void
remove_files(void)
{
	for (size_t i = 0; i < COUNT_OF(files); i++)
		unlink(home_path(files[i]));
}

static ssh_key
new_key(enum ssh_keytypes_e type, char **text)
{
	ssh_key key = NULL;

	assert_int_equal(ssh_pki_generate(type, type == SSH_KEYTYPE_RSA ? 2048 : 0, &key), SSH_OK);
	assert_int_equal(ssh_pki_export_pubkey_base64(key, text), SSH_OK);
	return key;
}

static int
set_up(void **state)
{
	ours = new_key(SSH_KEYTYPE_ED25519, &ours_text);
	another = new_key(SSH_KEYTYPE_ED25519, &another_text);
	rsa = new_key(SSH_KEYTYPE_RSA, &rsa_text);
	return home_make();
}

static int
tear_down(void **state)
{
	ssh_key_free(ours);
	ssh_key_free(another);
	ssh_key_free(rsa);
	ssh_string_free_char(ours_text);
	ssh_string_free_char(another_text);
	ssh_string_free_char(rsa_text);
	return home_remove(files, COUNT_OF(files));
}

static ssh_session
session_to(const char *host, unsigned port, struct ssh_known *known)
{
	struct ssh_stop stop = {.host = (char *)host, .port = port};
	struct ssh_fault fault = {0};
	ssh_session session = ssh_hop_new(&stop, false, &fault);

	if (session == NULL)
		fail_msg("%s", fault.error.text);
	ssh_known_open(known, &stop, session);
	return session;
}

static enum ssh_known_as
known_as(const char *host, unsigned port)
{
	struct ssh_known known;
	ssh_session session = session_to(host, port, &known);
	struct ssh_fault fault = {0};
	enum ssh_known_as as = ssh_known_as(&known, ours, NULL, &fault);

	if ((as == SSH_KNOWN_UNREADABLE) != (fault.error.text[0] != '\0'))
		fail_msg("known as %d, '%s'", (int)as, fault.error.text);

	ssh_known_close(&known);
	ssh_free(session);
	return as;
}

static void
lines_of_a_host_are_found_as_ssh_finds_them(void **state)
{
	static const struct {
		const char *lines, *host;
		unsigned port;
		enum ssh_known_as as;
	} cases[] = {
	    {"", "gw.example", 22, SSH_KNOWN_AS_NOBODY},
	    {"gw.example ssh-ed25519 OURS\n", "gw.example", 22, SSH_KNOWN_AS_THIS},
	    {"gw.example ssh-ed25519 OURS", "gw.example", 22, SSH_KNOWN_AS_THIS},
	    {"GW.Example ssh-ed25519 OURS a comment\r\n", "gw.EXAMPLE", 22, SSH_KNOWN_AS_THIS},
	    {"a,gw.example,b ssh-ed25519 OURS\n", "gw.example", 22, SSH_KNOWN_AS_THIS},
	    {"*.example ssh-ed25519 OURS\n", "gw.example", 22, SSH_KNOWN_AS_THIS},
	    {"g?.e*e ssh-ed25519 OURS\n", "gw.example", 22, SSH_KNOWN_AS_THIS},
	    {"gw.exampl ssh-ed25519 OURS\n", "gw.example", 22, SSH_KNOWN_AS_NOBODY},
	    {"gw.example. ssh-ed25519 OURS\n", "gw.example", 22, SSH_KNOWN_AS_NOBODY},
	    {"*.org ssh-ed25519 ANOTHER\n", "gw.example", 22, SSH_KNOWN_AS_NOBODY},
	    {"gw.example ssh-ed25519 ANOTHER\n", "gw.example", 22, SSH_KNOWN_AS_OTHER},
	    {"gw.example ssh-rsa RSA\n", "gw.example", 22, SSH_KNOWN_AS_OTHER},
	    {"gw.example ssh-ed25519 ANOTHER\ngw.example ssh-ed25519 OURS\n", "gw.example", 22,
	     SSH_KNOWN_AS_THIS},
	    /* exceptions */
	    {"!gw.example,*.example ssh-ed25519 OURS\n", "gw.example", 22, SSH_KNOWN_AS_NOBODY},
	    {"*.example,!gw.* ssh-ed25519 OURS\n", "gw.example", 22, SSH_KNOWN_AS_NOBODY},
	    {"!other.example,*.example ssh-ed25519 OURS\n", "gw.example", 22, SSH_KNOWN_AS_THIS},
	    {"!other.example ssh-ed25519 OURS\n", "gw.example", 22, SSH_KNOWN_AS_NOBODY},
	    /* ports: a line without one vouches for the same key, and accuses nobody */
	    {"[gw.example]:2222 ssh-ed25519 OURS\n", "gw.example", 2222, SSH_KNOWN_AS_THIS},
	    {"[gw.example]:2222 ssh-ed25519 OURS\n", "gw.example", 2223, SSH_KNOWN_AS_NOBODY},
	    {"[gw.example]:2222 ssh-ed25519 OURS\n", "gw.example", 22, SSH_KNOWN_AS_NOBODY},
	    {"gw.example ssh-ed25519 OURS\n", "gw.example", 2222, SSH_KNOWN_AS_THIS},
	    {"gw.example ssh-ed25519 ANOTHER\n", "gw.example", 2222, SSH_KNOWN_AS_NOBODY},
	    {"gw.example ssh-ed25519 OURS\n[gw.example]:2222 ssh-ed25519 ANOTHER\n", "gw.example", 2222,
	     SSH_KNOWN_AS_OTHER},
	    /* `printf salt | openssl base64`, `printf NAME | openssl sha1 -hmac salt -binary | openssl
	       base64` */
	    {"|1|c2FsdA==|tJ4DJ9DpmP6t2cmquxVHGInXx+g= ssh-ed25519 OURS\n", "gw.example", 22,
	     SSH_KNOWN_AS_THIS},
	    {"|1|c2FsdA==|tJ4DJ9DpmP6t2cmquxVHGInXx+g= ssh-ed25519 OURS\n", "hw.example", 22,
	     SSH_KNOWN_AS_NOBODY},
	    /* marks */
	    {"@revoked * ssh-ed25519 OURS\ngw.example ssh-ed25519 OURS\n", "gw.example", 22,
	     SSH_KNOWN_AS_REVOKED},
	    {"@revoked gw.example ssh-ed25519 ANOTHER\ngw.example ssh-ed25519 OURS\n", "gw.example", 22,
	     SSH_KNOWN_AS_THIS},
	    {"@cert-authority * ssh-ed25519 OURS\n", "gw.example", 22, SSH_KNOWN_AS_NOBODY},
	    {"@later * ssh-ed25519 OURS\n", "gw.example", 22, SSH_KNOWN_AS_NOBODY},
	    {"# gw.example ssh-ed25519 OURS\n", "gw.example", 22, SSH_KNOWN_AS_NOBODY},
	};

	remove_files();
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		enum ssh_known_as as;

		write_lines("known_hosts", cases[i].lines);
		as = known_as(cases[i].host, cases[i].port);
		if (as != cases[i].as)
			fail_msg("%s:%u is known as %d, not %d, by:\n%s", cases[i].host, cases[i].port,
				 (int)as, (int)cases[i].as, cases[i].lines);
	}
}

/* A line that can't be read must not hide that the key is another one. */
static void
lines_that_cannot_be_read_hide_no_other(void **state)
{
	static const char *const bad[] = {
	    "garbage",
	    "gw.example",
	    "gw.example ssh-ed25519",
	    "gw.example ssh-ed25519 AAAA",
	    "gw.example ssh-ed25519 !!!!",
	    "gw.example ssh-dss AAAAB3NzaC1kc3MAAACBAO",
	    "gw.example ssh-later@example.com AAAAB3NzaC1kc3MAAACBAO",
	    "gw.example 1024 35 14231213123123123123123",
	    "|1| ssh-ed25519 AAAA",
	    "|1|c2FsdA== ssh-ed25519 AAAA",
	    "|1|====|x ssh-ed25519 AAAA",
	    "|1||tJ4DJ9DpmP6t2cmquxVHGInXx+g= ssh-ed25519 AAAA",
	    "|1|c2FsdHNhbHRzYWx0c2FsdHNhbHRzYWx0c2FsdHNhbHRzYWx0c2FsdHNhbHRzYWx0|x ssh-rsa AAAA",
	    "@cert-authority",
	    "\xff\xfe\x01",
	};
	char lines[512];

	remove_files();
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		snprintf(lines, sizeof(lines), "%s\ngw.example ssh-ed25519 ANOTHER\r\n", bad[i]);
		write_lines("known_hosts", lines);
		if (known_as("gw.example", 22) != SSH_KNOWN_AS_OTHER)
			fail_msg("hidden by '%s'", bad[i]);
		snprintf(lines, sizeof(lines), "%s\ngw.example ssh-ed25519 OURS\n", bad[i]);
		write_lines("known_hosts", lines);
		if (known_as("gw.example", 22) != SSH_KNOWN_AS_THIS)
			fail_msg("kept from us by '%s'", bad[i]);
	}
	home_write_bytes("known_hosts", "\0a\0\n\0", 5);
	assert_int_equal(known_as("gw.example", 22), SSH_KNOWN_AS_NOBODY);
}

/* As ssh does: a NUL ends what is read of a line, and takes back no mark before it. */
static void
a_line_counts_up_to_a_nul(void **state)
{
	char line[512];
	int length;

	remove_files();
	length = snprintf(line, sizeof(line), "@revoked * ssh-ed25519 %s%cx\n", ours_text, '\0');
	home_write_bytes("known_hosts", line, (size_t)length);
	assert_int_equal(known_as("gw.example", 22), SSH_KNOWN_AS_REVOKED);
	length = snprintf(line, sizeof(line), "gw.example ssh-ed25519%c %s\n", '\0', ours_text);
	home_write_bytes("known_hosts", line, (size_t)length);
	assert_int_equal(known_as("gw.example", 22), SSH_KNOWN_AS_NOBODY);
}

static void
files_and_aliases_of_the_configuration_count(void **state)
{
	remove_files();
	write_lines("a", "gw.example ssh-ed25519 OURS\n");
	write_lines("b", "other.example ssh-ed25519 OURS\n");
	write_lines("c d", "third.example ssh-ed25519 OURS\nhub ssh-ed25519 OURS\n");
	write_lines("known_hosts2", "fourth.example ssh-ed25519 OURS\n");
	assert_int_equal(known_as("gw.example", 22), SSH_KNOWN_AS_NOBODY);
	assert_int_equal(known_as("fourth.example", 22), SSH_KNOWN_AS_THIS);

	write_lines("config", "Host third.example\n UserKnownHostsFile \"%d/.ssh/c d\"\n"
			      "Host aliased\n HostName 192.0.2.7\n Port 2022\n HostKeyAlias hub\n"
			      " UserKnownHostsFile \"~/.ssh/c d\"\n"
			      "Host *\n UserKnownHostsFile ~/.ssh/a ~/.ssh/b # both\n");
	assert_int_equal(known_as("gw.example", 22), SSH_KNOWN_AS_THIS);
	assert_int_equal(known_as("other.example", 22), SSH_KNOWN_AS_THIS);
	assert_int_equal(known_as("third.example", 22), SSH_KNOWN_AS_THIS);
	assert_int_equal(known_as("fourth.example", 22), SSH_KNOWN_AS_NOBODY);
	assert_int_equal(known_as("aliased", 0), SSH_KNOWN_AS_THIS);

	write_lines("config", "UserKnownHostsFile none\nGlobalKnownHostsFile ~/.ssh/b ~/.ssh/a\n");
	assert_int_equal(known_as("gw.example", 22), SSH_KNOWN_AS_THIS);
	write_lines("included", "Host gw.*\n UserKnownHostsFile ~/.ssh/%h ~/.ssh/b\n");
	write_lines("config", "Host gw.example third.example\n Include included\n");
	assert_int_equal(known_as("gw.example", 22), SSH_KNOWN_AS_NOBODY);
	write_lines("b", "gw.example,third.example ssh-ed25519 OURS\n");
	assert_int_equal(known_as("gw.example", 22), SSH_KNOWN_AS_THIS);
	assert_int_equal(known_as("third.example", 22), SSH_KNOWN_AS_NOBODY);
}

/* ssh_config(5), TOKENS: %k is the alias, else the name as it was typed. */
static void
names_of_files_are_as_ssh_has_them(void **state)
{
	static const struct {
		const char *host_lines, *name, *file;
	} cases[] = {
	    {"", "%k", "gw.example"},
	    {" HostName 192.0.2.7\n", "%k", "gw.example"},
	    {" HostName 192.0.2.7\n", "%h", "192.0.2.7"},
	    {" HostName 192.0.2.7\n HostKeyAlias hub\n", "%k", "hub"},
	    {" HostName 192.0.2.7\n", "a-%p-%n", "a-22-gw.example"},
	    {" User ann\n", "%r", "ann"},
	    {"", "%%h~", "%h~"},
	    {"", "..//.ssh/a$b", "a$b"},
	};
	static const char *const unknown[] = {"%C", "%j", "a%", "${HOME}"};
	char lines[300];

	remove_files();
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		enum ssh_known_as as;

		snprintf(lines, sizeof(lines), "Host gw.example\n%s UserKnownHostsFile ~/.ssh/%s\n",
			 cases[i].host_lines, cases[i].name);
		write_lines("config", lines);
		write_lines(cases[i].file, "*,192.* ssh-ed25519 OURS\n");
		as = known_as("gw.example", 22);
		unlink(home_path(cases[i].file));
		if (as != SSH_KNOWN_AS_THIS)
			fail_msg("known as %d by:\n%s", (int)as, lines);
	}
	for (size_t i = 0; i < COUNT_OF(unknown); i++) {
		snprintf(lines, sizeof(lines), "UserKnownHostsFile ~/.ssh/%s\n", unknown[i]);
		write_lines("config", lines);
		if (known_as("gw.example", 22) != SSH_KNOWN_UNREADABLE)
			fail_msg("not refused:\n%s", lines);
	}
	snprintf(lines, sizeof(lines), "%s-%u-%s", getpwuid(getuid())->pw_name, (unsigned)getuid(),
		 getpwuid(getuid())->pw_name);
	write_lines(lines, "gw.example ssh-ed25519 OURS\n");
	write_lines("config", "UserKnownHostsFile ~/.ssh/%u-%i-%r\n");
	assert_int_equal(known_as("gw.example", 22), SSH_KNOWN_AS_THIS);
	unlink(home_path(lines));
	write_lines("config", "UserKnownHostsFile ~ann/.ssh/known_hosts\n");
	assert_int_equal(known_as("gw.example", 22), SSH_KNOWN_UNREADABLE);
}

static void
a_list_of_revoked_keys_counts(void **state)
{
	remove_files();
	write_lines("known_hosts", "gw.example ssh-ed25519 OURS\n");
	write_lines("config", "RevokedHostKeys ~/.ssh/a\n");
	assert_int_equal(known_as("gw.example", 22), SSH_KNOWN_UNREADABLE);
	write_lines("a", "ssh-ed25519 ANOTHER\n");
	assert_int_equal(known_as("gw.example", 22), SSH_KNOWN_AS_THIS);
	write_lines("a", "ssh-ed25519 ANOTHER x\nssh-ed25519 OURS\n");
	assert_int_equal(known_as("gw.example", 22), SSH_KNOWN_AS_REVOKED);
	write_lines("a", "SSHKRL\n");
	assert_int_equal(known_as("gw.example", 22), SSH_KNOWN_UNREADABLE);
	write_lines("config", "RevokedHostKeys ~/.ssh\n"); /* it opens, and can't be read */
	assert_int_equal(known_as("gw.example", 22), SSH_KNOWN_UNREADABLE);
}

/* Files that include each other: "chain-1" is included first, "chain-N" says what is revoked. */
static void
write_chain(int count)
{
	char name[32], line[96];

	write_lines("config", "Include chain-1\n");
	for (int i = 1; i <= count; i++) {
		snprintf(name, sizeof(name), "chain-%d", i);
		if (i < count)
			snprintf(line, sizeof(line), "Include chain-%d\n", i + 1);
		else
			snprintf(line, sizeof(line), "RevokedHostKeys ~/.ssh/a\n");
		write_lines(name, line);
	}
}

static void
remove_chain(int count)
{
	char name[32];

	for (int i = 1; i <= count; i++) {
		snprintf(name, sizeof(name), "chain-%d", i);
		unlink(home_path(name));
	}
}

/* The configuration can't be read, for a reason that names both words. */
static void
refused_for(const char *word, const char *another_word)
{
	struct ssh_stop stop = {.host = (char *)"gw.example"};
	struct ssh_fault fault = {0};
	ssh_session session = ssh_hop_new(&stop, false, &fault);

	assert_null(session);
	if (strstr(fault.error.text, word) == NULL || strstr(fault.error.text, another_word) == NULL)
		fail_msg("'%s' names no '%s', '%s'", fault.error.text, word, another_word);
}

/* What is left out might be what forbids a key. */
static void
no_included_file_is_lost(void **state)
{
	char words[1600] = "Include";

	remove_files();
	write_lines("known_hosts", "gw.example ssh-ed25519 OURS\n");
	write_lines("a", "ssh-ed25519 OURS\n");
	write_lines("included", "RevokedHostKeys ~/.ssh/a\n");
	while (strlen(words) < 1200)
		snprintf(words + strlen(words), sizeof(words) - strlen(words), " missing/%zu", strlen(words));
	snprintf(words + strlen(words), sizeof(words) - strlen(words), " included\n");
	write_lines("config", words);
	assert_int_equal(known_as("gw.example", 22), SSH_KNOWN_AS_REVOKED);

	write_lines("config", "");
	for (int i = 0; i < 100; i++)
		snprintf(words + (size_t)i * 11, sizeof(words) - (size_t)i * 11, "Include b2\n");
	snprintf(words + 1100, sizeof(words) - 1100, "Include included\n");
	write_lines("b2", "User root\n");
	write_lines("config", words);
	assert_int_equal(known_as("gw.example", 22), SSH_KNOWN_AS_REVOKED);
	unlink(home_path("b2"));

	write_chain(16);
	assert_int_equal(known_as("gw.example", 22), SSH_KNOWN_AS_REVOKED);
	write_chain(17);
	refused_for("chain-17", "16 deep");
	remove_chain(17);

	write_lines("config", "Include b b\n");
	write_lines("b", "Include config config\n");
	refused_for("config", "deep");
	write_lines("config", "Include included included\n");
	write_lines("included", "# nothing\n");
	assert_int_equal(known_as("gw.example", 22), SSH_KNOWN_AS_THIS);
}

static void
files_that_include_too_many_are_refused(void **state)
{
	static char text[(1 << 20) + 1], words[12 * 1100];

	remove_files();
	for (size_t i = 0; i + 1 < sizeof(words) / 12; i++)
		memcpy(words + i * 12, "Include   b\n", 12);
	home_write_bytes("config", words, sizeof(words) - 12);
	write_lines("b", "User root\n");
	refused_for(".ssh/b", "1024 files");

	memset(text, '#', sizeof(text));
	home_write_bytes("b", text, sizeof(text));
	write_lines("config", "Include b\n");
	refused_for(".ssh/b", "larger");
	home_write_bytes("b", text, sizeof(text) - 1);
	assert_int_equal(known_as("gw.example", 22), SSH_KNOWN_AS_NOBODY);
}

/* How many more descriptors there may be. */
static void
allow_more(struct rlimit *usual, int count)
{
	int next = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct rlimit less;

	assert_true(next >= 0);
	close(next);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, usual), 0);
	less = *usual;
	less.rlim_cur = (rlim_t)(next + count);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &less), 0);
}

/* Nobody is trusted because there are no descriptors left to read who is revoked. */
static void
without_descriptors_nobody_is_trusted(void **state)
{
	struct ssh_stop stop = {.host = (char *)"gw.example", .port = 22};
	struct ssh_fault fault = {0};
	struct ssh_known known;
	struct rlimit usual;
	enum ssh_known_as as;
	ssh_session session;

	remove_files();
	write_lines("known_hosts", "gw.example ssh-ed25519 OURS\n");
	write_lines("a", "ssh-ed25519 OURS\n");
	write_lines("config", "Include included included\n");
	write_lines("included", "Host gw.*\n RevokedHostKeys ~/.ssh/a\n");
	assert_int_equal(known_as("gw.example", 22), SSH_KNOWN_AS_REVOKED);
	for (int i = 0; i < 16; i++) {
		session = ssh_hop_new(&stop, false, &fault);
		assert_non_null(session);
		allow_more(&usual, i);
		ssh_known_open(&known, &stop, session);
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &usual), 0);
		as = ssh_known_as(&known, ours, NULL, &fault);
		ssh_known_close(&known);
		ssh_free(session);
		if (as == SSH_KNOWN_AS_REVOKED && i > 0)
			continue; /* there were enough */
		if (as != SSH_KNOWN_UNREADABLE || strstr(fault.error.text, "open files") == NULL ||
		    fault.lasting)
			fail_msg("with %d: known as %d, '%s'", i, (int)as, fault.error.text);
	}
	write_lines("config", "");
	session = session_to("gw.example", 22, &known);
	allow_more(&usual, 0);
	fault = (struct ssh_fault){0};
	as = ssh_known_as(&known, ours, NULL, &fault);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &usual), 0);
	ssh_known_close(&known);
	ssh_free(session);
	assert_int_equal(as, SSH_KNOWN_UNREADABLE);
	assert_non_null(strstr(fault.error.text, "known_hosts"));
}

static bool
file_has(const char *name, const char *part)
{
	char text[4096] = "";
	FILE *in = fopen(home_path(name), "r");

	assert_non_null(in);
	assert_true(fread(text, 1, sizeof(text) - 1, in) > 0);
	fclose(in);
	return strstr(text, part) != NULL;
}

static void
take_ours(const char *host, unsigned port)
{
	struct ssh_known known;
	struct error err;
	ssh_session session = session_to(host, port, &known);

	if (!ssh_known_add(&known, ours, &err))
		fail_msg("%s", err.text);
	ssh_known_close(&known);
	ssh_free(session);
}

static void
a_key_is_added_on_a_line_of_its_own(void **state)
{
	struct ssh_known known;
	struct error err;
	ssh_session session;

	remove_files();
	write_lines("known_hosts", "other.example ssh-ed25519 ANOTHER");
	take_ours("gw.example", 2222);
	assert_int_equal(known_as("gw.example", 2222), SSH_KNOWN_AS_THIS);
	assert_int_equal(known_as("other.example", 22), SSH_KNOWN_AS_OTHER);

	write_lines("config", "Host gw.example\n HostName 192.0.2.7\nHost gw.*\n HashKnownHosts yes\n");
	take_ours("gw.example", 2222);
	assert_int_equal(known_as("gw.example", 2222), SSH_KNOWN_AS_THIS);
	assert_true(file_has("known_hosts", "\n|1|"));
	assert_false(file_has("known_hosts", "192.0.2.7"));

	write_lines("config", "UserKnownHostsFile none\n");
	session = session_to("gw.example", 2222, &known);
	if (!ssh_known_add(&known, another, &err)) /* wanted nowhere: good for now */
		fail_msg("%s", err.text);
	ssh_known_close(&known);
	ssh_free(session);
	unlink(home_path("config"));
	assert_int_equal(known_as("gw.example", 2222), SSH_KNOWN_AS_THIS);

	write_lines("config", "UserKnownHostsFile ~/.ssh/missing/a\n");
	session = session_to("gw.example", 2222, &known);
	assert_false(ssh_known_add(&known, ours, &err));
	assert_non_null(strstr(err.text, "missing/a"));
	ssh_known_close(&known);
	ssh_free(session);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lines_of_a_host_are_found_as_ssh_finds_them),
	    cmocka_unit_test(lines_that_cannot_be_read_hide_no_other),
	    cmocka_unit_test(a_line_counts_up_to_a_nul),
	    cmocka_unit_test(files_and_aliases_of_the_configuration_count),
	    cmocka_unit_test(names_of_files_are_as_ssh_has_them),
	    cmocka_unit_test(a_list_of_revoked_keys_counts),
	    cmocka_unit_test(no_included_file_is_lost),
	    cmocka_unit_test(files_that_include_too_many_are_refused),
	    cmocka_unit_test(without_descriptors_nobody_is_trusted),
	    cmocka_unit_test(a_key_is_added_on_a_line_of_its_own),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
