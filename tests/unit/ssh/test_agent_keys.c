// SPDX-License-Identifier: GPL-2.0-or-later
/* The list of an agent's keys (tests/peers/test_sites_keys.py has a real agent). */
#include "tests/unit/test.h"
#include "tui/ssh/agent_keys.h"

static const uint8_t two[] = {12, 0, 0, 0, 2,                                /* two keys */
			      0,  0, 0, 3, 'o', 'n', 'e', 0,   0, 0, 1, 'a', /* a blob, a comment */
			      0,  0, 0, 4, 't', 'w', 'o', '2', 0, 0, 0, 0};

static void
a_list_is_read_and_one_of_it_is_written(void **state)
{
	struct agent_keys keys, again;
	struct buffer out = {0};
	struct error err = {""};

	assert_true(agent_keys_read(&keys, two, sizeof(two), &err));
	assert_int_equal(keys.count, 2);
	assert_string_equal(keys.items[0].text, "b25l");
	assert_string_equal(keys.items[0].comment, "a");
	assert_string_equal(keys.items[1].text, "dHdvMg==");
	assert_string_equal(keys.items[1].comment, "");
	agent_keys_write(&keys.items[1], &out);
	assert_true(agent_keys_read(&again, buffer_head(&out) + 4, out.length - 4, &err));
	assert_int_equal(again.count, 1);
	assert_string_equal(again.items[0].text, "dHdvMg==");
	agent_keys_free(&again);
	buffer_free(&out);
	agent_keys_write(NULL, &out);
	assert_int_equal(out.length, 9);
	assert_true(agent_keys_read(&again, buffer_head(&out) + 4, out.length - 4, &err));
	assert_int_equal(again.count, 0);
	agent_keys_free(&again);
	buffer_free(&out);
	agent_keys_free(&keys);
}

static void
a_list_that_is_cut_or_too_long_is_refused(void **state)
{
	static const uint8_t many[] = {12, 0, 0, 8, 1}, failure[] = {5},
			     lies[] = {12, 0, 0, 0, 1, 255, 255, 255, 255};
	struct agent_keys keys;
	struct error err;

	for (size_t length = 0; length < sizeof(two); length++) {
		err.text[0] = '\0';
		assert_false(agent_keys_read(&keys, two, length, &err));
		assert_int_equal(keys.count, 0);
		assert_true(err.text[0] != '\0');
	}
	assert_false(agent_keys_read(&keys, many, sizeof(many), &err));
	assert_non_null(strstr(err.text, "2048"));
	assert_false(agent_keys_read(&keys, failure, sizeof(failure), &err));
	assert_false(agent_keys_read(&keys, lies, sizeof(lies), &err));
}

static void
a_fingerprint_is_as_ssh_keygen_prints_it(void **state)
{
	char text[96];

	agent_fingerprint((const uint8_t *)"abc", 3, text, sizeof(text)); /* FIPS 180-2, B.1 */
	assert_string_equal(text, "SHA256:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0");
}

TEST_MAIN(cmocka_unit_test(a_list_is_read_and_one_of_it_is_written),
	  cmocka_unit_test(a_list_that_is_cut_or_too_long_is_refused),
	  cmocka_unit_test(a_fingerprint_is_as_ssh_keygen_prints_it))
