// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Random sequences of what happens to a connection, against what must always hold: who carries, what is
 * announced of each member, and that what is said with --dry-run is what is done then. No counters and no
 * pauses: a move is over when it has begun.
 */
#include "core/base/text.h"
#include "tests/unit/failover/world.h"

#define SEEDS 20
#define STEPS 10000
#define NAMES \
	(const char *const[]) \
	{ \
		"aws/1", "aws/2", "no tunnel" \
	}

static uint64_t seed;

/* What failover has done. */
static struct {
	uint32_t active;
	uint32_t preference[2], med[2];
} done;

/* Where traffic was pinned before what waits for its confirmation. */
static int waited_pin;

/* The last steps, for whoever reads of a failure. */
static char history[4000];

static unsigned
chance(unsigned below)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return (unsigned)((seed * 2685821657736338717ull >> 33) % below);
}

static void
say(const char *format, ...)
{
	char line[160];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (strlen(history) + strlen(line) + 3 > sizeof(history))
		memmove(history, history + sizeof(history) / 2, sizeof(history) / 2);
	strcat(history, line);
	strcat(history, "\n");
}

static void
note_routes(void *context, uint32_t active, uint32_t usable)
{
	done.active = active;
}

static void
note_preference(void *context, unsigned member, uint32_t local_preference, uint32_t med)
{
	done.preference[member] = local_preference;
	done.med[member] = med;
}

static const struct failover_actions noted = {
    .name = "aws", .set_routes = note_routes, .set_preference = note_preference};

static void
begin(void)
{
	memset(&done, 0, sizeof(done));
	history[0] = '\0';
	failover_timing.teach = 0;
	failover_timing.follow_least = failover_timing.follow_most = 0;
	uv_loop_init(&loop);
	failover = failover_new(&loop, 2, false, &noted);
}

#define HOLDS(condition) \
	do { \
		if (!(condition)) \
			fail_msg("%s\n%s", #condition, history); \
	} while (0)

/* Members that carry if anything does: usable, not drained, taught. */
static uint32_t
fit(void)
{
	return failover_usable(failover, false) & failover_teaching(failover);
}

static void
check(void)
{
	struct failover_status now = status();

	HOLDS(done.active == now.active);
	HOLDS((now.active & ~now.usable) == 0);
	HOLDS((now.active == 0) == (now.usable == 0));
	if (now.pinned_member >= 0 && fit() & 1u << now.pinned_member)
		HOLDS(now.active == 1u << now.pinned_member);
	else if (failover->active_active && fit() != 0)
		HOLDS(now.active == fit());
	if (!failover->active_active)
		HOLDS((now.active & (now.active - 1)) == 0);
	for (unsigned i = 0; i < 2 && now.active != 0; i++) {
		bool carries = now.active & 1u << i, drained = now.drained & 1u << i;

		HOLDS(done.preference[i] == (carries   ? FAILOVER_PREFERENCE_ACTIVE
					     : drained ? FAILOVER_PREFERENCE_DRAINED
						       : FAILOVER_PREFERENCE_STANDBY));
		HOLDS(carries ? done.med[i] <= FAILOVER_MED_ACTIVE
			      : done.med[i] == (drained ? FAILOVER_MED_DRAINED : FAILOVER_MED_STANDBY));
	}
}

/* Is what has become of it what was said before? `before`: who carried. */
static bool
is_as_planned(const struct failover_plan *plan, uint32_t before)
{
	uint32_t now = status().active;
	int from = first_of(before & ~now), to = first_of(now & ~before);

	if (plan->from != from || (from >= 0 && plan->to != (to >= 0 ? to : first_of(now))))
		return false;
	for (unsigned i = 0; i < 2 && now != 0; i++) {
		if (plan->med_then[i] != done.med[i])
			return false;
	}
	return true;
}

/* At once, or as soon as a preference is followed. */
static void
check_plan(const struct failover_plan *plan, uint32_t before)
{
	bool good = is_as_planned(plan, before);

	say("    %s", plan->text);
	say("    planned %s -> %s, MED %u/%u; active %u became %u, MED %u/%u",
	    NAMES[plan->from < 0 ? 2 : plan->from], NAMES[plan->to < 0 ? 2 : plan->to], plan->med_then[0],
	    plan->med_then[1], before, status().active, done.med[0], done.med[1]);
	uv_run(&loop, UV_RUN_NOWAIT);
	HOLDS(good || is_as_planned(plan, before));
}

static void
ignore(void *context, const struct failover_result *result)
{
}

/* One that waits for its confirmation: it is begun, and turned back, with the pin that was there before. */
static void
wait_or_turn_back(void)
{
	int pinned = status().pinned_member, from = status().confirm_from;
	bool waits = status().confirm_until != 0;
	struct error err;

	if (!waits) {
		unsigned at = chance(2);

		say("  switchover %u --confirm-within 3600", at + 1);
		if (!failover_switchover_confirm(failover, (int)at, 3600, ignore, NULL, &err))
			return;
		HOLDS(status().confirm_until != 0 && status().pinned_member == (int)at);
		waited_pin = pinned;
	} else if (chance(2) == 0) {
		say("  confirm");
		HOLDS(failover_confirm(failover, &err));
		HOLDS(status().pinned_member == pinned);
	} else {
		say("  switchover --back, to %d, pinned to %d", from + 1, waited_pin + 1);
		if (!failover_switchover_back(failover, ignore, NULL, &err)) {
			HOLDS(from >= 0 && (failover_usable(failover, false) & 1u << from) == 0);
			return;
		}
		HOLDS(status().pinned_member == waited_pin);
	}
}

static void
operate(void)
{
	uint32_t before = status().active;
	unsigned what = chance(3), at = chance(2);
	bool force = chance(2), planned, begun;
	struct failover_plan plan;
	struct error err;

	if (what == 0) {
		say("  drain %u%s", at + 1, force ? " --force" : "");
		planned = failover_drain_plan(failover, at, force, &plan, &err);
		begun = failover_drain(failover, at, force, ignore, NULL, &err);
	} else if (what == 1) {
		say("  undrain %u", at + 1);
		planned = failover_undrain_plan(failover, at, &plan, &err);
		begun = failover_undrain(failover, at, ignore, NULL, &err);
	} else {
		say("  switchover %u", at + 1);
		planned = failover_switchover_plan(failover, (int)at, &plan, &err);
		begun = failover_switchover(failover, (int)at, ignore, NULL, &err);
	}
	HOLDS(planned == begun);
	if (planned)
		check_plan(&plan, before);
	else
		say("    refused: %s", err.text);
}

static void
happen(void)
{
	unsigned what = chance(8), at = chance(2), value = chance(3);

	if (what <= 1) {
		say("  usable %u %s", at + 1, value != 0 ? "yes" : "no");
		failover_member_usable(failover, at, value != 0, "so it is");
	} else if (what == 2) {
		say("  med %u %u", at + 1, value * 100);
		failover_member_med(failover, at, value != 0 ? value * 100 : FAILOVER_NO_MED);
	} else if (what == 3) {
		say("  teaches %u %s", at + 1, value != 0 ? "yes" : "no");
		failover_member_teaches(failover, at, value != 0);
	} else if (what == 4) {
		say("  leaving %u %s", at + 1, value == 0 ? "yes" : "no");
		failover_member_leaving(failover, at, value == 0);
	} else if (what == 5) {
		say("  auto");
		failover_auto(failover);
	} else if (what == 6) {
		say("  mode %s", value == 0 ? "active_active" : "active_passive");
		failover_set_mode(failover, value == 0);
	} else {
		say("  prefer %d", (int)value);
		failover_prefer(failover, (int)value - 1, 0);
		failover_set_mode(failover, failover->active_active);
	}
}

static void
what_is_planned_is_done_and_the_right_one_carries(void **state)
{
	for (seed = 1; seed <= SEEDS; seed++) {
		uint64_t next = seed;

		begin();
		for (unsigned step = 0; step < STEPS; step++) {
			if (chance(10) == 0)
				wait_or_turn_back();
			else if (chance(2) == 0)
				operate();
			else
				happen();
			uv_run(&loop, UV_RUN_NOWAIT);
			check();
		}
		teardown(state);
		seed = next;
	}
}

TEST_MAIN(cmocka_unit_test(what_is_planned_is_done_and_the_right_one_carries))
