// SPDX-License-Identifier: GPL-2.0-or-later
/* What differs between two configurations is found for every key of the schema, and said without secrets. */
#include "tests/unit/test.h"

#include <stdlib.h>

#include "core/config/config_internal.h"

#define GATEWAY "gateway: {name: lyon, asn: 65010, outside: 192.0.2.10}\n"
#define TUNNEL "{remote: 203.0.113.17, inside: 169.254.44.242/30, psk: sesame_one_1"
#define CONNECTION "connections:\n- {name: aws, peer_asn: 64512, tunnels: [" TUNNEL "}]}\n"

static struct config *
parse(const char *text)
{
	struct config_findings findings = {0};
	struct config *config = config_parse("f", text, strlen(text), &findings);

	for (size_t i = 0; i < findings.count && config == NULL; i++)
		print_message("%u:%u: %s\n", findings.items[i].line, findings.items[i].column,
			      findings.items[i].text);
	config_findings_free(&findings);
	assert_non_null(config);
	return config;
}

static struct config_diff
compare(const char *before, const char *after)
{
	struct config *a = parse(before), *b = parse(after);
	struct config_diff diff = {0};

	config_compare(a, b, &diff);
	config_free(a);
	config_free(b);
	return diff;
}

static void
expect_one(const char *before, const char *after, enum config_part part, enum config_change_kind kind,
	   const char *name, const char *key, const char *text)
{
	struct config_diff diff = compare(before, after);

	for (size_t i = 0; i < diff.count && diff.count != 1; i++)
		print_message("%s %s: %s\n", diff.items[i].name, diff.items[i].key, diff.items[i].text);
	assert_int_equal(diff.count, 1);
	assert_int_equal(diff.items[0].part, part);
	assert_int_equal(diff.items[0].kind, kind);
	assert_string_equal(diff.items[0].name, name);
	assert_string_equal(diff.items[0].key, key);
	assert_string_equal(diff.items[0].text, text);
	config_diff_free(&diff);
}

static const char full[] =
    "gateway: {name: lyon, role: hub, asn: 65010, router_id: 192.0.2.10, outside: any, networks: "
    "[10.1.0.0/16, 10.2.0.0/16], dataplane: userspace, workers: 3, install_routes: no, allow_same_asn: yes, "
    "billing: {currency: USD, connection_hour: 0.05, gigabyte_out: 0.09}}\n"
    "defaults: {ike: {version: 2, lifetime: 7h}, esp: {replay_window: 128}, dpd: {action: clear}, "
    "start: respond, encap: yes, mtu: 1400, bfd: {interval: 50ms}, health: {probe: tcp, port: 179, "
    "target: 169.254.44.241}}\n"
    "connections:\n- {name: aws, peer_asn: 64512, protect: [10.50.0.0/16], mode: active_active, "
    "tunnels: [" TUNNEL ", local: 192.0.2.11, local_id: here, remote_id: there}]}\n"
    "- {name: plant, routing: static, routes: [10.40.0.0/16], tunnels: [{remote: any, remote_id: "
    "plant, inside: 169.254.45.2/30, psk: sesame_two_2}]}\n"
    "peers: [{name: core, remote: 10.1.0.254, local: 10.1.0.1, asn: 65011, passive: yes, port: 1179}]\n";

static void
a_text_read_twice_has_no_difference(void **state)
{
	struct config_diff diff = compare(full, full);

	assert_int_equal(diff.count, 0);
}

/* The struct that a section's keys fill, and the keys above it. */
static void *
object_of(struct config *config, enum section section, const char **above)
{
	struct config_tunnel *tunnel = &config->connections[0].tunnels[0];
	const struct {
		void *object;
		const char *above;
	} objects[SECTION_COUNT] = {
	    [SECTION_GATEWAY] = {config, ""},
	    [SECTION_BILLING] = {&config->billing, "billing."},
	    [SECTION_MRT] = {&config->mrt, "mrt."},
	    [SECTION_BMP] = {&config->bmp, "bmp."},
	    [SECTION_SETTINGS] = {tunnel, ""},
	    [SECTION_CONNECTION] = {&config->connections[0], ""},
	    [SECTION_TUNNEL] = {tunnel, ""},
	    [SECTION_PEER] = {&config->peers[0], ""},
	    [SECTION_IKE] = {&tunnel->ike, "ike."},
	    [SECTION_ESP] = {&tunnel->esp, "esp."},
	    [SECTION_DPD] = {&tunnel->dpd, "dpd."},
	    [SECTION_BGP] = {&tunnel->bgp, "bgp."},
	    [SECTION_LIMITS] = {&tunnel->bgp.limits, "bgp.max_prefixes."},
	    [SECTION_BLACKHOLE] = {&tunnel->bgp.blackhole, "bgp.blackhole."},
	    [SECTION_ADD_PATH] = {&tunnel->bgp.add_path, "bgp.add_path."},
	    [SECTION_REKEY] = {&tunnel->rekey, "rekey."},
	    [SECTION_SELECTORS] = {&tunnel->selectors, "selectors."},
	    [SECTION_CERTIFICATE] = {&tunnel->certificate, "certificate."},
	    [SECTION_BFD] = {&tunnel->bfd, "bfd."},
	    [SECTION_HEALTH] = {&tunnel->health, "health."},
	};

	*above = objects[section].above;
	return objects[section].object;
}

/* Another value for the key, whatever it is; what it holds can still be freed. */
static void
alter(const struct field *field, void *member)
{
	if (field->read == read_text || field->read == read_name || field->read == read_word_name ||
	    field->read == read_interface || field->read == read_identity) {
		free(*(char **)member);
		*(char **)member = text_copy("another");
	} else if (field->read == read_prefixes || field->read == read_addresses) {
		struct config_prefixes *prefixes = member;

		free(prefixes->items);
		*prefixes = (struct config_prefixes){memory_zeroed(1, sizeof(*prefixes->items)), 1};
		ip_prefix_parse("10.99.0.0/16", &prefixes->items[0]);
	} else if (field->read == read_policy) {
		struct policy *policy = policy_new();

		policy_add(policy);
		policy_release(*(struct policy **)member);
		*(struct policy **)member = policy;
	} else if (field->read == read_aggregates) {
		struct config_aggregates *aggregates = member;

		free(aggregates->items);
		*aggregates = (struct config_aggregates){memory_zeroed(1, sizeof(*aggregates->items)), 1};
		ip_prefix_parse("10.0.0.0/8", &aggregates->items[0].prefix);
	} else if (field->read == read_advertise) {
		policy_conditions_release(*(struct policy_conditions **)member);
		*(struct policy_conditions **)member = policy_conditions_new(1);
	} else if (field->read == read_asns) {
		((struct config_asns *)member)->items[0]++;
	} else if (field->read == read_ike_proposals || field->read == read_esp_proposals) {
		text_list_add(member, "another");
	} else {
		*(uint8_t *)member ^= 1;
	}
}

/* Whatever key the schema has, now or later: that it is another is seen, and nothing else is. */
static void
every_key_of_the_schema_is_compared(void **state)
{
	size_t tried = 0;

	for (size_t i = 0; i < config_field_count; i++) {
		const struct field *field = &config_fields[i];
		struct config *before, *after;
		struct config_diff diff = {0};
		const char *above;
		char key[80];

		/* The skeleton of the file, secrets, what is within a rule, a condition or an aggregate (its
		 * list is compared as a whole), and what objects are told apart by. */
		if (field->size == 0 || field->sub != 0 || field->section == SECTION_RULE ||
		    field->section == SECTION_MATCH || field->section == SECTION_SET ||
		    field->section == SECTION_AGGREGATE || field->section == SECTION_ADVERTISE ||
		    (strcmp(field->key, "name") == 0 && field->section != SECTION_GATEWAY))
			continue;
		before = parse(full);
		after = parse(full);
		alter(field, (char *)object_of(after, field->section, &above) + field->offset);
		config_compare(before, after, &diff);
		snprintf(key, sizeof(key), "%s%s", above, field->key);
		if (diff.count != 1 || strcmp(diff.items[0].key, key) != 0)
			print_message("%s: %zu differences\n", key, diff.count);
		assert_int_equal(diff.count, 1);
		assert_string_equal(diff.items[0].key, key);
		config_diff_free(&diff);
		config_free(before);
		config_free(after);
		tried++;
	}
	assert_true(tried > 40);
}

static void
values_are_shown_as_the_file_has_them(void **state)
{
	expect_one(GATEWAY CONNECTION, GATEWAY "defaults: {ike: {lifetime: 7h}}\n" CONNECTION,
		   CONFIG_PART_TUNNEL, CONFIG_CHANGED, "aws/1", "ike.lifetime", "ike lifetime 8h -> 7h");
	expect_one(GATEWAY "defaults: {bfd: {interval: 50ms}}\n" CONNECTION,
		   GATEWAY "defaults: {bfd: {interval: 100ms}}\n" CONNECTION, CONFIG_PART_TUNNEL,
		   CONFIG_CHANGED, "aws/1", "bfd.interval", "bfd interval 50ms -> 100ms");
	expect_one(GATEWAY CONNECTION, GATEWAY "defaults: {esp: {lifetime_bytes: 100 GB}}\n" CONNECTION,
		   CONFIG_PART_TUNNEL, CONFIG_CHANGED, "aws/1", "esp.lifetime_bytes",
		   "esp lifetime_bytes none -> 100 GB");
	expect_one(GATEWAY CONNECTION, GATEWAY "defaults: {dpd: {action: clear}}\n" CONNECTION,
		   CONFIG_PART_TUNNEL, CONFIG_CHANGED, "aws/1", "dpd.action", "dpd action restart -> clear");
}

static void
a_changed_secret_is_said_and_not_shown(void **state)
{
	expect_one(GATEWAY CONNECTION,
		   GATEWAY "connections:\n- {name: aws, peer_asn: 64512, tunnels: [{remote: 203.0.113.17, "
			   "inside: 169.254.44.242/30, psk: another_1}]}\n",
		   CONFIG_PART_TUNNEL, CONFIG_CHANGED, "aws/1", "psk", "psk changed");
}

static void
prefixes_are_told_one_by_one_and_their_order_means_nothing(void **state)
{
	static const char form[] = "gateway: {name: lyon, asn: 65010, networks: [%s]}\n" CONNECTION;
	char before[500], after[500], turned[500];
	struct config_diff diff;

	snprintf(before, sizeof(before), form, "10.1.0.0/16, 10.2.0.0/16");
	snprintf(turned, sizeof(turned), form, "10.2.0.0/16, 10.1.0.0/16");
	snprintf(after, sizeof(after), form, "10.2.0.0/16, 10.3.0.0/16");
	expect_one(before, after, CONFIG_PART_GATEWAY, CONFIG_CHANGED, "lyon", "networks",
		   "networks: 10.3.0.0/16 added, 10.1.0.0/16 removed");
	diff = compare(before, turned);
	assert_int_equal(diff.count, 0);
}

static void
objects_come_and_go_by_name(void **state)
{
	static const char peer[] = "peers: [{name: core, remote: 10.1.0.1, asn: 65020}]\n";
	static const char two[] =
	    "connections:\n- {name: first, peer_asn: 64513, tunnels: [{remote: 203.0.113.99, inside: "
	    "169.254.44.250/30, psk: sesame_one_1}]}\n- {name: aws, peer_asn: 64512, tunnels: [" TUNNEL
	    "}]}\n";
	char with[1000], without[1000];

	/* one that comes first in the file moves the others, and changes nothing of them */
	expect_one(GATEWAY CONNECTION, strcat(strcpy(with, GATEWAY), two), CONFIG_PART_CONNECTION,
		   CONFIG_ADDED, "first", "", "connection added");
	expect_one(with, GATEWAY CONNECTION, CONFIG_PART_CONNECTION, CONFIG_REMOVED, "first", "",
		   "connection removed");
	strcat(strcpy(with, GATEWAY CONNECTION), peer);
	strcpy(without, GATEWAY CONNECTION);
	expect_one(without, with, CONFIG_PART_PEER, CONFIG_ADDED, "core", "", "peer added");
	expect_one(with, without, CONFIG_PART_PEER, CONFIG_REMOVED, "core", "", "peer removed");
}

static void
a_second_tunnel_is_a_change_of_its_connection(void **state)
{
	static const char second[] =
	    GATEWAY "connections:\n- {name: aws, peer_asn: 64512, tunnels: [" TUNNEL
		    "}, {remote: 203.0.113.18, inside: 169.254.44.246/30, psk: sesame_two_2}]}\n";

	expect_one(GATEWAY CONNECTION, second, CONFIG_PART_TUNNEL, CONFIG_ADDED, "aws/2", "", "tunnel added");
	expect_one(second, GATEWAY CONNECTION, CONFIG_PART_TUNNEL, CONFIG_REMOVED, "aws/2", "",
		   "tunnel removed");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_text_read_twice_has_no_difference),
	    cmocka_unit_test(every_key_of_the_schema_is_compared),
	    cmocka_unit_test(values_are_shown_as_the_file_has_them),
	    cmocka_unit_test(a_changed_secret_is_said_and_not_shown),
	    cmocka_unit_test(prefixes_are_told_one_by_one_and_their_order_means_nothing),
	    cmocka_unit_test(objects_come_and_go_by_name),
	    cmocka_unit_test(a_second_tunnel_is_a_change_of_its_connection),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
