// SPDX-License-Identifier: GPL-2.0-or-later
/* When a tunnel is said to be up and down, as its child SAs come and go. Nothing negotiates here. */
#include "tests/unit/test.h"

#include "core/base/clock.h"
#include "core/ike/ike_internal.h"

static struct ike ike;
static struct tunnel tunnel;
static unsigned ups;

void
events_post(struct ike *of, const struct ike_event *event)
{
	(void)of;
	assert_int_equal(event->kind, IKE_EVENT_CHILD_UP);
	assert_int_equal(event->tunnel, 7);
	ups++;
}

/* The rest of what the registry calls, and doesn't here. */

struct ip_address
address_of_host(host_t *host)
{
	(void)host;
	fail();
	return (struct ip_address){0};
}

void
credentials_put(struct ike *of, struct credentials *credentials)
{
	(void)of, (void)credentials;
	fail();
}

void
rotation_established(struct ike *of, struct track *track)
{
	(void)of, (void)track;
	fail();
}

static int
begin(void **state)
{
	(void)state;
	tunnel = (struct tunnel){.id = 7};
	ups = 0;
	return 0;
}

static void
a_rekey_is_no_second_time(void **state)
{
	(void)state;
	tunnel_child_add(&ike, &tunnel, 1);
	assert_int_equal(ups, 1);
	tunnel_child_add(&ike, &tunnel, 1);
	tunnel_child_add(&ike, &tunnel, 2);
	assert_false(tunnel_child_drop(&tunnel, 1));
	tunnel_child_add(&ike, &tunnel, 3);
	assert_false(tunnel_child_drop(&tunnel, 2));
	assert_true(tunnel_child_drop(&tunnel, 3));
	assert_int_equal(ups, 1);
}

/* Its gateway has taken the tunnel for down; charon clears the dead SA away when it comes to it. */
static void
a_peer_that_is_back_before_its_dead_sa_is_gone_is_told(void **state)
{
	(void)state;
	tunnel_child_add(&ike, &tunnel, 1);
	tunnel.buried = clock_monotonic();
	tunnel_child_add(&ike, &tunnel, 2);
	assert_int_equal(ups, 2);
	assert_false(tunnel_child_drop(&tunnel, 1));
	tunnel_child_add(&ike, &tunnel, 3);
	assert_int_equal(ups, 2);
}

/* The same where its new child came a moment before: it is known by what is read of the SAs. */
static void
a_peer_that_came_back_just_before_is_told(void **state)
{
	usec_t now = clock_monotonic();
	struct track dead = {
	    .tunnel = &tunnel, .established = true, .installed = 1, .heard = now, .ours_to_close = true};
	struct track back = {.tunnel = &tunnel, .established = true, .heard = now};

	(void)state;
	tunnel_child_add(&ike, &tunnel, 1);
	tunnel_child_add(&ike, &tunnel, 2);
	tunnel.buried = now - 1;
	tunnel_revive(&ike, &dead);
	tunnel_revive(&ike, &back);
	assert_int_equal(ups, 1);
	back.installed = 1;
	back.heard = now - 2;
	tunnel_revive(&ike, &back);
	assert_int_equal(ups, 1);
	back.traffic = now;
	tunnel_revive(&ike, &back);
	assert_int_equal(ups, 2);
	tunnel_revive(&ike, &back);
	assert_int_equal(ups, 2);
	assert_false(tunnel_child_drop(&tunnel, 1));
}

/* A responder that was told to dial once, while its former SA goes, and whose peer was faster. */
static void
child_of_the_peer_ends_a_single_try(void **state)
{
	(void)state;
	tunnel_child_add(&ike, &tunnel, 1);
	tunnel.once = true;
	tunnel.next_try_at = clock_monotonic();
	tunnel_child_add(&ike, &tunnel, 2);
	assert_false(tunnel.once);
	assert_int_equal(tunnel.next_try_at, 0);
}

TEST_MAIN(cmocka_unit_test_setup(a_rekey_is_no_second_time, begin),
	  cmocka_unit_test_setup(a_peer_that_is_back_before_its_dead_sa_is_gone_is_told, begin),
	  cmocka_unit_test_setup(a_peer_that_came_back_just_before_is_told, begin),
	  cmocka_unit_test_setup(child_of_the_peer_ends_a_single_try, begin))
