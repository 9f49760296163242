// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/model.h"
#include "tests/unit/test.h"

static const struct model_shape *
shape_of(enum model_kind kind)
{
	return model_kind_info(kind)->shape;
}

/* A tunnel with a field of each type set. */
static struct model_tunnel *
some_tunnel(void)
{
	struct model_tunnel *tunnel = model_row_new(MODEL_KIND_TUNNEL);

	model_set(&tunnel->name, "paris/1");
	tunnel->active = true;
	tunnel->rx_bytes = 12;
	tunnel->rtt_ms = 11.25;
	clock_parse("2026-11-23T18:11:28.123Z", &tunnel->established_at);
	tunnel->last_error.set = true;
	model_set(&tunnel->last_error.code, "no_answer");
	return tunnel;
}

static void
check_units(const struct model_shape *shape)
{
	bool figure;

	for (size_t i = 0; i < shape->count; i++) {
		const struct model_field *field = &shape->fields[i];

		if (field->unit[0] != '\0' && !model_unit_find(field->unit, &figure))
			fail_msg("%s.%s has the unit '%s', which MODEL_UNITS has not", shape->name,
				 field->name, field->unit);
		if (field->type == MODEL_SUB)
			check_units(field->sub);
	}
}

/* Just these are figures, of all fields of a kind. */
static void
expect_figures(enum model_kind kind, const char *figures)
{
	const struct model_shape *shape = shape_of(kind);
	uint64_t found = model_fields_figures(shape);

	for (size_t i = 0; i < shape->count; i++) {
		char word[48];

		snprintf(word, sizeof(word), " %s ", shape->fields[i].name);
		if ((found >> i & 1) != (strstr(figures, word) != NULL))
			fail_msg("%s is %sa figure", shape->fields[i].name, found >> i & 1 ? "" : "not ");
	}
}

static void
units_say_which_fields_change_while_nothing_happens(void **state)
{
	for (int kind = 0; kind < MODEL_KIND_COUNT; kind++)
		check_units(shape_of((enum model_kind)kind));
	expect_figures(MODEL_KIND_TUNNEL, " rx_bytes tx_bytes rx_packets tx_packets rx_lost rx_bps tx_bps "
					  "rtt_ms jitter_ms loss_percent drops dpd_at ");
	expect_figures(MODEL_KIND_PEER,
		       " messages_in messages_out messages_received messages_sent input_bytes "
		       "output_bytes ");
}

static void
kinds_are_found_by_plural_and_singular(void **state)
{
	assert_int_equal(model_kind_find("tunnels")->kind, MODEL_KIND_TUNNEL);
	assert_int_equal(model_kind_find("tunnel")->kind, MODEL_KIND_TUNNEL);
	assert_null(model_kind_find("tunne"));
	for (int kind = 0; kind < MODEL_KIND_COUNT; kind++) {
		const struct model_kind_info *info = model_kind_info((enum model_kind)kind);

		assert_int_equal(info->kind, kind);
		assert_non_null(info->key[0]);
		assert_true(info->shape->count > 0 && info->shape->count <= 64);
	}
}

static void
new_rows_are_unset_in_every_field(void **state)
{
	struct model_tunnel *tunnel = model_row_new(MODEL_KIND_TUNNEL);

	assert_null(tunnel->name);
	assert_true(tunnel->rx_bytes == MODEL_UINT_UNSET);
	assert_true(isnan(tunnel->rtt_ms));
	assert_false(tunnel->last_error.set);
	assert_true(tunnel->drops.replay == MODEL_UINT_UNSET);
	model_row_free(MODEL_KIND_TUNNEL, tunnel);
}

static void
copies_are_deep_and_equal(void **state)
{
	struct model_tunnel *tunnel = some_tunnel(), copy;

	model_row_copy(shape_of(MODEL_KIND_TUNNEL), &copy, tunnel);
	assert_true(model_row_diff(shape_of(MODEL_KIND_TUNNEL), tunnel, &copy) == 0);
	assert_ptr_not_equal(copy.name, tunnel->name);
	model_set(&copy.last_error.code, "other");
	assert_string_equal(tunnel->last_error.code, "no_answer");
	model_row_clear(shape_of(MODEL_KIND_TUNNEL), &copy);
	model_row_free(MODEL_KIND_TUNNEL, tunnel);
}

static void
differences_name_exactly_the_changed_fields(void **state)
{
	const struct model_shape *shape = shape_of(MODEL_KIND_TUNNEL);
	struct model_tunnel *a = some_tunnel(), *b = some_tunnel();
	uint64_t expected = 0;

	b->tx_bps = 1;
	b->loss_percent = 0;
	b->last_error.set = false;
	expected |= UINT64_C(1) << model_field_find(shape, "tx_bps");
	expected |= UINT64_C(1) << model_field_find(shape, "loss_percent");
	expected |= UINT64_C(1) << model_field_find(shape, "last_error");
	assert_true(model_row_diff(shape, a, b) == expected);
	model_row_free(MODEL_KIND_TUNNEL, a);
	model_row_free(MODEL_KIND_TUNNEL, b);
}

static void
json_says_what_the_contract_says(void **state)
{
	struct model_tunnel *tunnel = some_tunnel();
	json_t *json = model_row_to_json(shape_of(MODEL_KIND_TUNNEL), tunnel, UINT64_MAX);
	char *text;

	assert_string_equal(json_string_value(json_object_get(json, "name")), "paris/1");
	assert_true(json_is_true(json_object_get(json, "active")));
	assert_true(json_is_null(json_object_get(json, "tx_bytes")));
	assert_true(json_is_null(json_object_get(json, "loss_percent")));
	assert_true(json_is_null(json_object_get(json, "rekey_at")));
	assert_true(json_is_null(json_object_get(json, "drops")));
	assert_int_equal(json_integer_value(json_object_get(json, "rx_bytes")), 12);
	assert_string_equal(json_string_value(json_object_get(json, "established_at")),
			    "2026-11-23T18:11:28.123Z");
	text = json_dumps(json_object_get(json, "last_error"), MODEL_JSON_FLAGS);
	assert_string_equal(text, "{\"code\":\"no_answer\",\"text\":null,\"hint\":null,\"ours\":null,"
				  "\"theirs\":null,\"evidence\":[],\"at\":null}");
	free(text);
	text = json_dumps(json_object_get(json, "rtt_ms"), MODEL_JSON_FLAGS | JSON_ENCODE_ANY);
	assert_string_equal(text, "11.25");
	free(text);
	json_decref(json);
	model_row_free(MODEL_KIND_TUNNEL, tunnel);
}

static void
json_of_some_fields_names_only_those(void **state)
{
	struct model_tunnel *tunnel = some_tunnel();
	const struct model_shape *shape = shape_of(MODEL_KIND_TUNNEL);
	json_t *json = model_row_to_json(shape, tunnel, UINT64_C(1) << model_field_find(shape, "rx_bytes"));

	assert_int_equal(json_object_size(json), 1);
	assert_non_null(json_object_get(json, "rx_bytes"));
	json_decref(json);
	model_row_free(MODEL_KIND_TUNNEL, tunnel);
}

/* Something in every field. */
static void
fill(const struct model_shape *shape, char *row)
{
	for (size_t i = 0; i < shape->count; i++) {
		const struct model_field *field = &shape->fields[i];
		void *at = row + field->offset;

		switch (field->type) {
		case MODEL_STR:
			model_set(at, field->name);
			break;
		case MODEL_UINT:
			*(uint64_t *)at = i;
			break;
		case MODEL_REAL:
			*(double *)at = (double)i / 3;
			break;
		case MODEL_BOOL:
			*(bool *)at = true;
			break;
		case MODEL_TIME:
			*(usec_t *)at = (usec_t)(i + 1) * USEC_PER_MS;
			break;
		case MODEL_LIST:
			text_list_add(at, "65010");
			text_list_add(at, "{1 2}");
			break;
		case MODEL_MAP:
			model_map_add(at, "a", "b");
			break;
		case MODEL_SUB:
			*(bool *)at = true;
			break;
		}
	}
}

static void
rows_of_every_kind_survive_json(void **state)
{
	for (int kind = 0; kind < MODEL_KIND_COUNT; kind++) {
		const struct model_shape *shape = shape_of((enum model_kind)kind);
		char *row = model_row_new((enum model_kind)kind),
		     *back = model_row_new((enum model_kind)kind);
		uint64_t seen = 0;
		json_t *json;

		fill(shape, row);
		json = model_row_to_json(shape, row, UINT64_MAX);
		assert_true(model_row_from_json(shape, back, json, &seen, NULL));
		assert_true(seen == model_fields_all(shape));
		assert_true(model_row_diff(shape, row, back) == 0);
		json_decref(json);
		model_row_free((enum model_kind)kind, row);
		model_row_free((enum model_kind)kind, back);
	}
}

/* The row's text is what the tree of values gives; and where it is plain it is read back as it was. */
static void
assert_text(const struct model_shape *shape, enum model_kind kind, const void *row, uint64_t fields,
	    bool plain)
{
	json_t *json = model_row_to_json(shape, row, fields), *parsed;
	char *tree = json_dumps(json, MODEL_JSON_FLAGS);
	struct buffer out = {0};
	void *back = model_row_new(kind), *from_tree = model_row_new(kind);
	const char *at, *end;
	uint64_t seen = 0, named = 0;

	assert_true(model_row_append_json(&out, shape, row, fields));
	assert_int_equal(out.length, strlen(tree));
	assert_memory_equal(buffer_head(&out), tree, out.length);
	end = (const char *)buffer_head(&out) + out.length;
	at = model_row_read_plain(shape, back, (const char *)buffer_head(&out), end, &seen);
	assert_true((at != NULL) == plain);
	if (plain) {
		assert_ptr_equal(at, end);
		parsed = json_loads(tree, 0, NULL);
		assert_true(model_row_from_json(shape, from_tree, parsed, &named, NULL));
		json_decref(parsed);
		assert_true(seen == named);
		assert_true(model_row_diff(shape, back, from_tree) == 0);
	}
	model_row_free(kind, back);
	model_row_free(kind, from_tree);
	buffer_free(&out);
	free(tree);
	json_decref(json);
}

static void
text_of_a_row_is_what_its_tree_gives(void **state)
{
	static const double reals[] = {0,         -0.0,    0.001,      0.0005, 1e-7, 8,   11.2,
				       0.1 + 0.2, 1.0 / 3, 999999.999, 1e6,    1e21, -3.5};
	static const char *const texts[] = {
	    "", "up", "a \"quoted\" word", "back\\slash", "l\xc3\xa9gal", "\x80 raw", "a\nb\x7f"};
	struct model_tunnel *tunnel = some_tunnel();
	const struct model_shape *shape = shape_of(MODEL_KIND_TUNNEL);

	for (int kind = 0; kind < MODEL_KIND_COUNT; kind++) {
		const struct model_shape *any = shape_of((enum model_kind)kind);
		char *row = model_row_new((enum model_kind)kind);

		assert_text(any, (enum model_kind)kind, row, UINT64_MAX, true);
		assert_text(any, (enum model_kind)kind, row, 0, false);
		fill(any, row);
		assert_text(any, (enum model_kind)kind, row, 1, true);
		model_row_free((enum model_kind)kind, row);
	}
	assert_text(shape, MODEL_KIND_TUNNEL, tunnel, UINT64_MAX, true);
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		model_set(&tunnel->health_reason, texts[i]);
		assert_text(shape, MODEL_KIND_TUNNEL, tunnel, UINT64_MAX,
			    i < 2 || texts[i][0] == '\x80'); /* which becomes a '?' */
	}
	model_set(&tunnel->health_reason, "ok");
	for (size_t i = 0; i < COUNT_OF(reals); i++) {
		tunnel->rtt_ms = reals[i];
		assert_text(shape, MODEL_KIND_TUNNEL, tunnel, UINT64_MAX,
			    !signbit(reals[i]) && reals[i] != 1e-7 && reals[i] != 1e21);
	}
	tunnel->rx_bytes = UINT64_MAX - 1;
	assert_text(shape, MODEL_KIND_TUNNEL, tunnel, UINT64_MAX, false);
	model_row_free(MODEL_KIND_TUNNEL, tunnel);
}

static void
text_that_is_not_plain_is_left_to_the_parser(void **state)
{
	static const char *const texts[] = {
	    "",
	    "{",
	    "{}",
	    "[]",
	    "{\"name\":\"a\"",
	    "{\"name\":\"a\",}",
	    "{\"name\":\"a",
	    "{\"name\": \"a\"}",
	    "{\"name\":5}",
	    "{\"name\":\"a\\u0041\"}",
	    "{\"name\":\"\x1b[2J\"}",
	    "{\"name\":\"a\",\"name\":\"b\"}",
	    "{\"colour\":\"red\"}",
	    "{\"state\":\"up\",\"name\":\"a\"}",
	    "{\"rx_bytes\":01}",
	    "{\"rx_bytes\":-1}",
	    "{\"rx_bytes\":1.5}",
	    "{\"rx_bytes\":1e3}",
	    "{\"rx_bytes\":18446744073709551616}",
	    "{\"rx_bytes\":\"5\"}",
	    "{\"rtt_ms\":1.}",
	    "{\"rtt_ms\":.5}",
	    "{\"rtt_ms\":1e-3}",
	    "{\"rtt_ms\":nan}",
	    "{\"active\":1}",
	    "{\"active\":truest}",
	    "{\"established_at\":\"yesterday\"}",
	    "{\"last_error\":[]}",
	    "{\"last_error\":{\"code\":1}}",
	    "{\"last_error\":{\"code\":\"a\"}",
	};
	const struct model_shape *shape = shape_of(MODEL_KIND_TUNNEL);

	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		struct model_tunnel *tunnel = some_tunnel();
		size_t length = strlen(texts[i]);
		char *exact =
		    memory_zeroed(1, length + (length == 0)); /* so that a byte too far is noticed */

		memcpy(exact, texts[i], length);
		assert_null(model_row_read_plain(shape, tunnel, exact, exact + length, NULL));
		free(exact);
		model_row_free(MODEL_KIND_TUNNEL, tunnel);
	}
}

static void
as_paths_are_numbers_in_json_and_sets_stay_text(void **state)
{
	struct model_route *route = model_row_new(MODEL_KIND_ROUTE);
	const struct model_shape *shape = shape_of(MODEL_KIND_ROUTE);
	json_t *json;
	char *text;

	text_list_add(&route->as_path, "65010");
	text_list_add(&route->as_path, "4294967295");
	text_list_add(&route->as_path, "{1 2}");
	text_list_add(&route->communities, "65010:1");
	json = model_row_to_json(shape, route, UINT64_MAX);
	text = json_dumps(json_object_get(json, "as_path"), MODEL_JSON_FLAGS);
	assert_string_equal(text, "[65010,4294967295,\"{1 2}\"]");
	free(text);
	json_decref(json);

	json = json_loads("{\"as_path\": [\"65010\", 64512], \"communities\": [\"1:2\"]}", 0, NULL);
	assert_true(model_row_from_json(shape, route, json, NULL, NULL));
	assert_int_equal(route->as_path.count, 2);
	assert_string_equal(route->as_path.items[1], "64512");
	json_decref(json);
	json = json_loads("{\"communities\": [1]}", 0, NULL);
	assert_false(model_row_from_json(shape, route, json, NULL, NULL));
	json_decref(json);
	model_row_free(MODEL_KIND_ROUTE, route);
}

static void
fields_that_json_does_not_name_stay_and_unknown_ones_are_passed_over(void **state)
{
	struct model_tunnel *tunnel = some_tunnel();
	const struct model_shape *shape = shape_of(MODEL_KIND_TUNNEL);
	json_t *json = json_loads("{\"tx_bytes\": 5, \"rx_bytes\": null, \"colour\": \"red\"}", 0, NULL);
	uint64_t seen;

	assert_true(model_row_from_json(shape, tunnel, json, &seen, NULL));
	assert_true(tunnel->tx_bytes == 5 && tunnel->rx_bytes == MODEL_UINT_UNSET);
	assert_string_equal(tunnel->name, "paris/1");
	assert_int_equal(__builtin_popcountll(seen), 2);
	json_decref(json);
	model_row_free(MODEL_KIND_TUNNEL, tunnel);
}

static void
wrong_types_are_errors_that_name_the_field(void **state)
{
	static const char *const wrong[] = {"{\"name\": 5}",
					    "{\"rx_bytes\": \"5\"}",
					    "{\"rx_bytes\": -1}",
					    "{\"active\": 1}",
					    "{\"established_at\": \"yesterday\"}",
					    "{\"last_error\": []}",
					    "{\"last_error\": {\"code\": 1}}",
					    "{\"rtt_ms\": \"fast\"}",
					    "[]",
					    "7"};

	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		struct model_tunnel *tunnel = some_tunnel();
		json_t *json = json_loads(wrong[i], JSON_DECODE_ANY, NULL);
		struct error err = {""};

		assert_non_null(json);
		assert_false(model_row_from_json(shape_of(MODEL_KIND_TUNNEL), tunnel, json, NULL, &err));
		assert_true(err.text[0] != '\0');
		json_decref(json);
		model_row_free(MODEL_KIND_TUNNEL, tunnel);
	}
}

static void
text_that_comes_in_loses_its_control_bytes(void **state)
{
	struct model_event *event = model_row_new(MODEL_KIND_EVENT);
	json_t *json =
	    json_loads("{\"text\": \"a\\u001b[2Jb\", \"fields\": {\"x\\u0007\": \"\\u009by\"}}", 0, NULL);

	assert_true(model_row_from_json(shape_of(MODEL_KIND_EVENT), event, json, NULL, NULL));
	assert_string_equal(event->text, "a?[2Jb");
	assert_string_equal(event->fields.names.items[0], "x?");
	assert_string_equal(event->fields.values.items[0], "?y");
	json_decref(json);
	model_row_free(MODEL_KIND_EVENT, event);
}

static void
lists_without_end_are_refused(void **state)
{
	struct model_route *route = model_row_new(MODEL_KIND_ROUTE);
	json_t *json = json_object(), *list = json_array();

	for (int i = 0; i < 100000; i++)
		json_array_append_new(list, json_string(""));
	json_object_set_new(json, "communities", list);
	assert_false(model_row_from_json(shape_of(MODEL_KIND_ROUTE), route, json, NULL, NULL));
	json_decref(json);
	model_row_free(MODEL_KIND_ROUTE, route);
}

static void
keys_join_the_key_fields_with_a_dash_for_what_is_unset(void **state)
{
	struct model_route *route = model_row_new(MODEL_KIND_ROUTE);
	char key[128], small[12];

	model_set(&route->prefix, "10.0.0.0/8");
	model_set(&route->source, "bgp");
	model_set(&route->next_hop, "192.0.2.1");
	assert_string_equal(model_row_key(model_kind_info(MODEL_KIND_ROUTE), route, key, sizeof(key)),
			    "10.0.0.0/8 bgp - 192.0.2.1");
	/* One that is seldom set makes no key longer that has it not. */
	route->path_id = 7;
	assert_string_equal(model_row_key(model_kind_info(MODEL_KIND_ROUTE), route, key, sizeof(key)),
			    "10.0.0.0/8 bgp - 192.0.2.1 7");
	assert_string_equal(model_row_key(model_kind_info(MODEL_KIND_ROUTE), route, small, sizeof(small)),
			    "10.0.0.0/8 ");
	model_row_free(MODEL_KIND_ROUTE, route);
}

static void
field_texts_are_for_people(void **state)
{
	const struct model_shape *shape = shape_of(MODEL_KIND_TUNNEL);
	struct model_tunnel *tunnel = some_tunnel();
	static const struct {
		const char *field, *text;
	} cases[] = {{"name", "paris/1"},  {"active", "yes"},
		     {"nat", "no"},        {"rx_bytes", "12"},
		     {"tx_bytes", ""},     {"rtt_ms", "11.2"},
		     {"loss_percent", ""}, {"established_at", "2026-11-23T18:11:28.123Z"},
		     {"rekey_at", ""},     {"last_error", "no_answer"},
		     {"drops", ""}};
	char text[64];

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct model_field *field = &shape->fields[model_field_find(shape, cases[i].field)];

		assert_string_equal(model_field_text(field, tunnel, text, sizeof(text)), cases[i].text);
	}
	assert_string_equal(model_field_text(&shape->fields[0], tunnel, text, 4), "par");
	model_row_free(MODEL_KIND_TUNNEL, tunnel);
}

TEST_MAIN(cmocka_unit_test(units_say_which_fields_change_while_nothing_happens),
	  cmocka_unit_test(kinds_are_found_by_plural_and_singular),
	  cmocka_unit_test(new_rows_are_unset_in_every_field), cmocka_unit_test(copies_are_deep_and_equal),
	  cmocka_unit_test(differences_name_exactly_the_changed_fields),
	  cmocka_unit_test(json_says_what_the_contract_says),
	  cmocka_unit_test(json_of_some_fields_names_only_those),
	  cmocka_unit_test(rows_of_every_kind_survive_json),
	  cmocka_unit_test(text_of_a_row_is_what_its_tree_gives),
	  cmocka_unit_test(text_that_is_not_plain_is_left_to_the_parser),
	  cmocka_unit_test(as_paths_are_numbers_in_json_and_sets_stay_text),
	  cmocka_unit_test(fields_that_json_does_not_name_stay_and_unknown_ones_are_passed_over),
	  cmocka_unit_test(wrong_types_are_errors_that_name_the_field),
	  cmocka_unit_test(text_that_comes_in_loses_its_control_bytes),
	  cmocka_unit_test(lists_without_end_are_refused),
	  cmocka_unit_test(keys_join_the_key_fields_with_a_dash_for_what_is_unset),
	  cmocka_unit_test(field_texts_are_for_people))
