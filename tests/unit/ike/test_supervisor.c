// SPDX-License-Identifier: GPL-2.0-or-later
/* Which SA goes because its peer never ends a negotiation, or answers nothing, and when the next try is.
 * Nothing negotiates here: what would be told to charon is noted. */
#include "tests/unit/test.h"

#include "core/base/clock.h"
#include "core/ike/ike_internal.h"

static struct ike ike;
static struct tunnel tunnel;
static struct track track;
static unsigned closed, reported;

void
track_close(struct track *which, enum sa_deed deed)
{
	assert_int_equal(deed, which->v1 ? DEED_DELETE : DEED_DESTROY);
	closed++;
	which->ours_to_close = true;
}

const char *
report_peer(const struct track *which, char out[IP_ADDRESS_TEXT])
{
	(void)which;
	return strcpy(out, "the peer");
}

void
report_failure(struct ike *of, struct track *which, enum failure failure, const struct ike_failure *known,
	       const char *hint, const char *format, ...)
{
	(void)of, (void)which, (void)known, (void)hint, (void)format;
	assert_int_equal(failure, FAILURE_UNFINISHED);
	reported++;
}

/* The rest of what the supervisor calls, and doesn't here. */

void
job_sa(uint32_t unique_id, enum sa_deed deed)
{
	(void)deed;
	fail_msg("SA %u is told something", unique_id);
}

void
job_initiate(struct ike *of, struct tunnel *which, uint32_t existing)
{
	(void)of, (void)existing;
	fail_msg("tunnel %u is started", which->id);
}

void
job_rotate(struct ike *of, struct tunnel *which)
{
	(void)of;
	fail_msg("the key of tunnel %u is tried", which->id);
}

bool
rotation_is_due(const struct tunnel *which, usec_t now)
{
	(void)which, (void)now;
	return false;
}

struct tunnel *
tunnel_next(struct ike *of, struct tunnel *which)
{
	(void)of;
	return which ? NULL : &tunnel;
}

void
events_post(struct ike *of, const struct ike_event *event)
{
	(void)of;
	fail_msg("event %d", event->kind);
}

void
status_collect(struct ike *of)
{
	(void)of;
}

void
duplicates_thin_out(struct tunnel *which, usec_t now)
{
	(void)which, (void)now;
}

/* An SA whose peer was heard just now by IKE, and by ESP a minute ago. */
static void
begin_track(void)
{
	usec_t now = clock_monotonic();

	track = (struct track){.tunnel = &tunnel,
			       .unique_id = 1,
			       .v1 = true,
			       .established = true,
			       .state = IKE_ESTABLISHED,
			       .heard = now,
			       .traffic = now - 60 * USEC_PER_SEC};
	closed = reported = 0;
}

static int
begin(void **state)
{
	(void)state;
	tunnel = (struct tunnel){.id = 7, .tracks = &track, .wanted = true};
	begin_track();
	return 0;
}

/* After how many sends more it goes; 0: not after `most`. */
static unsigned
goes_after(unsigned most)
{
	for (unsigned again = 1; again <= most; again++) {
		supervise_unfinished(&ike, &track, again);
		if (closed)
			return again;
	}
	return 0;
}

static void
sa_without_a_child_goes_soon(void **state)
{
	(void)state;
	assert_int_equal(goes_after(30), 5);
	assert_int_equal(reported, 1);
}

static void
idle_sa_with_a_child_is_given_longer(void **state)
{
	(void)state;
	track.carried = true;
	track.installed = 1;
	assert_int_equal(goes_after(30), 15);
	assert_int_equal(reported, 1);
}

static void
sa_whose_packets_come_in_stays(void **state)
{
	(void)state;
	track.carried = true;
	track.installed = 1;
	track.traffic = clock_monotonic();
	assert_int_equal(goes_after(30), 0);
	assert_int_equal(reported, 0);
}

/* The peer answers the first negotiation and no second: each time, the next try comes later. */
static void
tries_of_a_peer_that_never_ends_one_back_off(void **state)
{
	static const usec_t seconds[] = {1, 2, 4, 8};

	for (size_t i = 0; i < COUNT_OF(seconds); i++) {
		usec_t now = clock_monotonic();

		begin_track();
		tunnel.next_try_at = 0;
		assert_int_equal(goes_after(30), 5);
		assert_int_equal(tunnel.failures, i + 1);
		supervise_ended(&ike, &tunnel, false); /* as of an SA that we closed */
		assert_true(tunnel.next_try_at >= now + seconds[i] * USEC_PER_SEC);
	}
	(void)state;
}

static void
sa_that_carried_is_tried_anew_without_delay(void **state)
{
	(void)state;
	track.carried = true;
	assert_int_equal(goes_after(30), 5);
	assert_int_equal(tunnel.failures, 0);
}

/* In IKEv2 no request of ours goes out any more: the SA goes when charon itself would have let it go, unless
 * it still carries, or its silence is told and borne. */
static void
sa_whose_peer_answers_nothing_goes_although_it_is_there(void **state)
{
	(void)state;
	track.v1 = false;
	track.carried = true;
	track.installed = 1;
	assert_int_equal(goes_after(60), 43);
	assert_int_equal(reported, 1);
	begin_track();
	track.v1 = false;
	track.state = IKE_REKEYING;
	assert_int_equal(goes_after(60), 43);
	begin_track();
	track.v1 = false;
	track.traffic = clock_monotonic();
	assert_int_equal(goes_after(60), 0);
	begin_track();
	track.v1 = false;
	track.heard -= 60 * USEC_PER_SEC; /* dead-peer detection's */
	assert_int_equal(goes_after(60), 0);
	begin_track();
	track.v1 = false;
	tunnel.dpd_action = IKE_DPD_NONE;
	assert_int_equal(goes_after(60), 0);
	assert_int_equal(reported, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(sa_without_a_child_goes_soon, begin),
	    cmocka_unit_test_setup(idle_sa_with_a_child_is_given_longer, begin),
	    cmocka_unit_test_setup(sa_whose_packets_come_in_stays, begin),
	    cmocka_unit_test_setup(tries_of_a_peer_that_never_ends_one_back_off, begin),
	    cmocka_unit_test_setup(sa_that_carried_is_tried_anew_without_delay, begin),
	    cmocka_unit_test_setup(sa_whose_peer_answers_nothing_goes_although_it_is_there, begin),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
