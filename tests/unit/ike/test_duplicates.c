// SPDX-License-Identifier: GPL-2.0-or-later
/* Which of a tunnel's two IKE_SAs goes, and when. Nothing negotiates here: what would be told to charon is
 * noted. */
#include "tests/unit/test.h"

#include "core/ike/ike_internal.h"

static struct track first, second;
static struct tunnel tunnel;
static struct track *closed;
static uint32_t probed;

void
track_close(struct track *track, enum sa_deed deed)
{
	assert_null(closed);
	assert_int_equal(deed, DEED_DELETE);
	closed = track;
	track->ours_to_close = true;
}

void
job_sa(uint32_t unique_id, enum sa_deed deed)
{
	assert_int_equal(deed, DEED_PROBE);
	probed = unique_id;
}

void
supervise_doubt(struct track *track)
{
	fail_msg("SA %u is doubted", track->unique_id);
}

const char *
report_peer(const struct track *track, char out[IP_ADDRESS_TEXT])
{
	(void)track;
	return strcpy(out, "the peer");
}

void
report_failure(struct ike *ike, struct track *track, enum failure failure, const struct ike_failure *known,
	       const char *hint, const char *format, ...)
{
	(void)ike, (void)failure, (void)known, (void)hint;
	fail_msg("SA %u: %s", track->unique_id, format);
}

/* Ours, which we began, and the peer's, half a second later and with the lower SPI; both carry a child. */
static int
begin(void **state)
{
	(void)state;
	first = (struct track){.tunnel = &tunnel,
			       .unique_id = 1,
			       .initiator = true,
			       .established = true,
			       .installed = 1,
			       .state = IKE_ESTABLISHED,
			       .established_at = 100 * USEC_PER_SEC,
			       .initiator_spi = 0x2222};
	second = first;
	second.unique_id = 2;
	second.initiator = false;
	second.established_at += USEC_PER_SEC / 2;
	second.initiator_spi = 0x1111;
	first.sibling = &second;
	tunnel = (struct tunnel){.tracks = &first, .unique = IKE_UNIQUE_CONTACT};
	closed = NULL;
	probed = 0;
	return 0;
}

/* After how many seconds one of them goes; each second as the supervisor has it, and who is asked answers. */
static unsigned
goes_after(unsigned most)
{
	for (unsigned s = 1; s <= most; s++) {
		usec_t now = second.established_at + s * USEC_PER_SEC;

		probed = 0;
		duplicates_thin_out(&tunnel, now);
		if (closed)
			return s;
		if (probed == first.unique_id)
			first.heard = now + 1;
		if (probed == second.unique_id)
			second.heard = now + 1;
	}
	return 0;
}

static void
of_two_begun_at_once_the_higher_spi_goes_soon_where_the_peer_chooses_alike(void **state)
{
	(void)state;
	first.peer_agrees = second.peer_agrees = true;
	assert_int_equal(goes_after(30), 4); /* three of patience, one for the sign of life */
	assert_ptr_equal(closed, &first);
}

static void
a_peer_with_a_rule_of_its_own_has_its_ten_seconds(void **state)
{
	(void)state;
	assert_int_equal(goes_after(30), 13);
	assert_ptr_equal(closed, &first);
}

static void
replace_leaves_two_begun_at_once_to_the_same_rule(void **state)
{
	(void)state;
	tunnel.unique = IKE_UNIQUE_REPLACE;
	assert_int_equal(goes_after(11), 0);
	first.peer_agrees = second.peer_agrees = true;
	assert_int_equal(goes_after(30), 4);
	assert_ptr_equal(closed, &first);
}

static void
of_two_that_the_peer_began_the_newer_stays(void **state)
{
	(void)state;
	first.initiator = false;
	first.established_at -= 60 * USEC_PER_SEC;
	assert_int_equal(goes_after(30), 4);
	assert_ptr_equal(closed, &first);
}

/* A rotation just after the tunnel came up: a stock charon ends the older after ten seconds, whatever its
 * SPI. */
static void
of_two_that_we_began_one_after_the_other_the_newer_stays(void **state)
{
	(void)state;
	second.initiator = true;
	second.initiator_spi = 0x3333;
	assert_int_equal(goes_after(9), 4);
	assert_ptr_equal(closed, &first);
}

static void
never_lets_both_stand(void **state)
{
	(void)state;
	tunnel.unique = IKE_UNIQUE_NEVER;
	first.peer_agrees = second.peer_agrees = true;
	assert_int_equal(goes_after(60), 0);
}

/* Of the peer's word that it has no other SA with us. */
static void
what_we_began_meanwhile_is_no_sa_that_the_peer_forgot(void **state)
{
	(void)state;
	second.begun = 100 * USEC_PER_SEC - 1;
	assert_true(duplicates_crossed(&second));
	first.established_at = second.begun - 1;
	assert_false(duplicates_crossed(&second));
	/* Not established yet, or charon has not said so yet. */
	first.established = false;
	assert_true(duplicates_crossed(&second));
	first.state = IKE_CONNECTING;
	assert_true(duplicates_crossed(&second));
	first.initiator = false;
	assert_false(duplicates_crossed(&second));
	first.initiator = true;
	first.ours_to_close = true;
	assert_false(duplicates_crossed(&second));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(of_two_begun_at_once_the_higher_spi_goes_soon_where_the_peer_chooses_alike,
				   begin),
	    cmocka_unit_test_setup(a_peer_with_a_rule_of_its_own_has_its_ten_seconds, begin),
	    cmocka_unit_test_setup(replace_leaves_two_begun_at_once_to_the_same_rule, begin),
	    cmocka_unit_test_setup(of_two_that_the_peer_began_the_newer_stays, begin),
	    cmocka_unit_test_setup(of_two_that_we_began_one_after_the_other_the_newer_stays, begin),
	    cmocka_unit_test_setup(never_lets_both_stand, begin),
	    cmocka_unit_test_setup(what_we_began_meanwhile_is_no_sa_that_the_peer_forgot, begin),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
