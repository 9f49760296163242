// SPDX-License-Identifier: GPL-2.0-or-later
/* What is said and heard in Vendor IDs. The messages are charon's own; of the SA there is no more than what
 * is asked of it. */
#include "tests/unit/test.h"

#include <library.h>
#include <encoding/payloads/sa_payload.h>
#include <encoding/payloads/vendor_id_payload.h>

#include "core/ike/ike_internal.h"

static ike_sa_id_t *id;
static ike_version_t version;
static ike_condition_t conditions;

static ike_sa_id_t *
get_id(ike_sa_t *this)
{
	(void)this;
	return id;
}

static ike_version_t
get_version(ike_sa_t *this)
{
	(void)this;
	return version;
}

static ike_cfg_t *
get_ike_cfg(ike_sa_t *this)
{
	(void)this;
	return NULL;
}

static bool
has_condition(ike_sa_t *this, ike_condition_t condition)
{
	(void)this;
	return (conditions & condition) != 0;
}

static void
set_condition(ike_sa_t *this, ike_condition_t condition, bool enable)
{
	(void)this;
	conditions = enable ? conditions | condition : conditions & ~condition;
}

static ike_sa_t sa = {.get_id = get_id,
		      .get_version = get_version,
		      .get_ike_cfg = get_ike_cfg,
		      .has_condition = has_condition,
		      .set_condition = set_condition};

static void
begin_sa(ike_version_t of, bool initiator)
{
	DESTROY_IF(id);
	version = of;
	id = ike_sa_id_create(version == IKEV1 ? IKEV1_MAJOR_VERSION : IKEV2_MAJOR_VERSION, 0x1111, 0x2222,
			      initiator);
	conditions = 0;
}

static int
end_sa(void **state)
{
	(void)state;
	DESTROY_IF(id);
	id = NULL;
	return 0;
}

/* A side's first, with a Vendor ID (NULL: none). */
static message_t *
first_message(const char *vendor_id)
{
	bool v1 = version == IKEV1;
	message_t *message = message_create(v1 ? IKEV1_MAJOR_VERSION : IKEV2_MAJOR_VERSION, 0);

	message->set_exchange_type(message, v1 ? ID_PROT : IKE_SA_INIT);
	message->add_payload(message, (payload_t *)sa_payload_create(v1 ? PLV1_SECURITY_ASSOCIATION
									: PLV2_SECURITY_ASSOCIATION));
	if (vendor_id)
		message->add_payload(message, (payload_t *)vendor_id_payload_create_data(
						  v1 ? PLV1_VENDOR_ID : PLV2_VENDOR_ID,
						  chunk_clone(chunk_from_str((char *)vendor_id))));
	return message;
}

static void
hear(const char *vendor_id)
{
	message_t *message = first_message(vendor_id);

	vendor_ids_note(&sa, message, true);
	message->destroy(message);
}

/* Does our own first say anything of us? */
static bool
we_say(void)
{
	message_t *message = first_message(NULL);
	bool said;

	vendor_ids_note(&sa, message, false);
	said = message->get_payload(message, version == IKEV1 ? PLV1_VENDOR_ID : PLV2_VENDOR_ID) != NULL;
	message->destroy(message);
	return said;
}

#define OURS "twinspan keeps the lower SPI"

static const ike_version_t versions[] = {IKEV1, IKEV2};

static void
rule_is_said_by_the_initiator_and_heard(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(versions); i++) {
		begin_sa(versions[i], true);
		assert_true(we_say());
		assert_false(vendor_ids_keeps_lower_spi(&sa));
		hear(OURS);
		assert_true(vendor_ids_keeps_lower_spi(&sa));
	}
}

static void
responder_says_nothing_to_a_stranger(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(versions); i++) {
		begin_sa(versions[i], false);
		hear("something else");
		assert_false(we_say());
		begin_sa(versions[i], false);
		hear(OURS);
		assert_true(we_say());
	}
}

static void
last_first_message_counts(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(versions); i++) {
		begin_sa(versions[i], true);
		hear(OURS);
		conditions = ~0U; /* a true source was heard, too */
		hear(NULL);
		assert_false(vendor_ids_keeps_lower_spi(&sa));
		assert_false(vendor_ids_true_source(&sa));
		hear(OURS);
		assert_true(vendor_ids_keeps_lower_spi(&sa));
	}
}

static int
begin(void **state)
{
	(void)state;
	return library_init("", "test") && libcharon_init() ? 0 : -1; /* messages log by charon */
}

static int
end(void **state)
{
	(void)state;
	libcharon_deinit();
	library_deinit();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_teardown(rule_is_said_by_the_initiator_and_heard, end_sa),
	    cmocka_unit_test_teardown(responder_says_nothing_to_a_stranger, end_sa),
	    cmocka_unit_test_teardown(last_first_message_counts, end_sa),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, begin, end);
}
