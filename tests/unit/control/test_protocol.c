// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/base/text.h"
#include "core/control/protocol.h"
#include "core/model/model.h"
#include "tests/unit/test.h"

static enum control_taken
take(const char *bytes, size_t length, json_t **message)
{
	struct control_lines lines = {0};
	struct error err = {""};
	enum control_taken taken;

	buffer_append(&lines.bytes, bytes, length);
	taken = control_lines_take(&lines, message, &err);
	assert_true((taken == CONTROL_TAKEN_BAD) == (err.text[0] != '\0'));
	buffer_free(&lines.bytes);
	return taken;
}

static void
messages_arrive_whole_whatever_the_pieces(void **state)
{
	static const char text[] = "\n{\"a\": 1}\r\n{\"b\": \"}{\\\"\"}\n{\"c\"";

	for (size_t piece = 1; piece < sizeof(text); piece++) {
		struct control_lines lines = {0};
		size_t count = 0;

		for (size_t at = 0; at < sizeof(text) - 1; at += piece) {
			size_t length = sizeof(text) - 1 - at < piece ? sizeof(text) - 1 - at : piece;
			json_t *message;
			struct error err;
			enum control_taken taken;

			buffer_append(&lines.bytes, text + at, length);
			while ((taken = control_lines_take(&lines, &message, &err)) == CONTROL_TAKEN_ONE) {
				assert_non_null(json_object_get(message, count++ == 0 ? "a" : "b"));
				json_decref(message);
			}
			assert_int_equal(taken, CONTROL_TAKEN_NONE);
		}
		assert_int_equal(count, 2);
		assert_false(control_lines_pending(&lines));
		buffer_free(&lines.bytes);
	}
}

static void
what_is_not_an_object_is_bad(void **state)
{
	static const char *const bad[] = {"x\n",
					  "[]\n",
					  "7\n",
					  "{\n",
					  "{\"a\":1,\"a\":2}\n",
					  "{\"a\":\"\xff\"}\n",
					  "{\"a\":\"\\u0000\"}\n",
					  "{} {}\n"};
	json_t *message;

	for (size_t i = 0; i < COUNT_OF(bad); i++)
		assert_int_equal(take(bad[i], strlen(bad[i]), &message), CONTROL_TAKEN_BAD);
	assert_int_equal(take("{\"a\":\0001}\n", 9, &message), CONTROL_TAKEN_BAD);
}

static void
deep_nesting_is_bad_before_it_is_parsed(void **state)
{
	char text[4096] = "{\"a\":";
	json_t *message;

	memset(text + 5, '[', 2000);
	strcpy(text + 2005, "\n");
	assert_int_equal(take(text, strlen(text), &message), CONTROL_TAKEN_BAD);
	strcpy(text, "{\"a\":\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\"}\n");
	assert_int_equal(take(text, strlen(text), &message), CONTROL_TAKEN_ONE);
	json_decref(message);
}

static void
a_line_too_long_is_bad_even_before_it_ends(void **state)
{
	char *text = memory_zeroed(1, CONTROL_LINE + 2);
	json_t *message;

	memset(text, ' ', CONTROL_LINE + 1);
	assert_int_equal(take(text, CONTROL_LINE, &message), CONTROL_TAKEN_NONE);
	assert_int_equal(take(text, CONTROL_LINE + 1, &message), CONTROL_TAKEN_BAD);
	free(text);
}

static void
a_message_too_large_is_not_sent_at_all(void **state)
{
	struct buffer out = {0};
	char *text = memory_zeroed(1, CONTROL_LINE + 1);

	memset(text, 'x', CONTROL_LINE);
	assert_true(control_append(&out, json_pack("{s:i}", "a", 1)));
	assert_false(control_append(&out, json_pack("{s:s}", "a", text)));
	assert_false(control_append(&out, NULL));
	assert_int_equal(out.length, 8);
	assert_memory_equal(buffer_head(&out), "{\"a\":1}\n", 8);
	buffer_free(&out);
	free(text);
}

static void
cleaned_values_hold_no_control_bytes(void **state)
{
	json_t *value =
	    json_loads("{\"a\\u001b\": [\"\\u009b\\u007f\", {\"b\": \"\\n\"}, 1, null]}", 0, NULL);
	json_t *clean = control_clean(value);
	char *text = json_dumps(clean, JSON_COMPACT);

	assert_string_equal(text, "{\"a?\":[\"??\",{\"b\":\"?\"},1,null]}");
	free(text);
	json_decref(value);
	json_decref(clean);
}

static void
kinds_travel_by_name_and_unknown_ones_are_passed_over(void **state)
{
	json_t *names = json_loads("[\"tunnels\", \"spaceships\", 7, \"peers\"]", 0, NULL);
	uint64_t kinds = control_kinds_from_json(names);
	json_t *back = control_kinds_to_json(kinds);

	assert_true(kinds == (UINT64_C(1) << MODEL_KIND_TUNNEL | UINT64_C(1) << MODEL_KIND_PEER));
	assert_int_equal(json_array_size(back), 2);
	assert_true(control_kinds_from_json(NULL) == 0);
	json_decref(names);
	json_decref(back);
}

TEST_MAIN(cmocka_unit_test(messages_arrive_whole_whatever_the_pieces),
	  cmocka_unit_test(what_is_not_an_object_is_bad),
	  cmocka_unit_test(deep_nesting_is_bad_before_it_is_parsed),
	  cmocka_unit_test(a_line_too_long_is_bad_even_before_it_ends),
	  cmocka_unit_test(a_message_too_large_is_not_sent_at_all),
	  cmocka_unit_test(cleaned_values_hold_no_control_bytes),
	  cmocka_unit_test(kinds_travel_by_name_and_unknown_ones_are_passed_over))
