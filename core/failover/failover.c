// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which tunnel carries, and the moves that follow from it; see failover.h for the rules, and operator.c for
 * the moves that operators ask for.
 *
 * There is one place that decides, failover_choose() (choice.c), and one that acts, failover_settle(): every
 * fact that comes in is written down and then failover_settle() is called. It moves at once where the tunnel
 * that carries can't any more, or where an operator wants it; a MED is followed after a pause, and only if it
 * still says the same then. The pause is what keeps two gateways that follow each other from swapping:
 * whoever moves first announces it, and the other, still waiting, sees that the two agree.
 * FAILOVER_ORDER_FIRST and _SECOND make sure that one of them is first by more than an UPDATE takes.
 *
 * On a loss the routes are moved first, in the same call; preferences, which make BGP work, come after.
 */
#include "core/failover/failover_internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "core/base/text.h"

/* --- names and events --- */

const char *
failover_member_name(const struct failover *failover, int member, char out[80])
{
	if (member < 0)
		snprintf(out, 80, "no tunnel");
	else if (failover->name[0] == '\0')
		snprintf(out, 80, "tunnel %d", member + 1);
	else
		snprintf(out, 80, "%s/%d", failover->name, member + 1);
	return out;
}

void
failover_event(const struct failover *failover, const char *severity, const char *kind, const char *format,
	       ...)
{
	char text[400];
	va_list args;

	if (failover->actions.event == NULL)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	failover->actions.event(failover->actions.context, severity, kind, text);
}

void
failover_tell_changed(const struct failover *failover)
{
	if (failover->actions.changed != NULL)
		failover->actions.changed(failover->actions.context);
}

/* --- acting --- */

static void
set_routes(struct failover *failover, uint32_t active)
{
	uint32_t usable = failover_usable(failover, true);

	if (failover->routes_set && failover->active == active && failover->usable == usable)
		return;
	if (failover->active != active)
		arrival_forget(failover);
	if (active == 0)
		arrival_begin_anew(failover);
	failover->active = active;
	failover->usable = usable;
	failover->routes_set = true;
	failover->actions.set_routes(failover->actions.context, active, usable);
}

uint32_t
failover_med(const struct failover *failover, uint32_t active, uint32_t drained, unsigned member)
{
	if (active & 1u << member)
		return failover->stale ? FAILOVER_MED_ALONE : FAILOVER_MED_ACTIVE;
	return drained & 1u << member ? FAILOVER_MED_DRAINED : FAILOVER_MED_STANDBY;
}

static void
set_preferences(struct failover *failover, uint32_t active)
{
	for (unsigned i = 0; i < failover->count; i++) {
		struct failover_member *member = &failover->members[i];
		bool carries = active & 1u << i;
		uint32_t preference = carries         ? FAILOVER_PREFERENCE_ACTIVE
				      : member->drain ? FAILOVER_PREFERENCE_DRAINED
						      : FAILOVER_PREFERENCE_STANDBY;
		uint32_t med = failover_med(failover, active, member->drain ? 1u << i : 0, i);

		if (member->local_preference == preference && member->announced == med)
			continue;
		member->local_preference = preference;
		member->announced = med;
		failover->actions.set_preference(failover->actions.context, i, preference, med);
	}
}

void
failover_note_move(struct failover *failover, int from, int to, const char *cause)
{
	failover->last =
	    (struct failover_move){.set = true, .at = clock_wall(), .from = from, .to = to, .outage_ms = NAN};
	text_clean(failover->last.cause, sizeof(failover->last.cause), cause);
}

/* What carried is lost: routes first. */
static void
move_lost(struct failover *failover, uint32_t active, const char *cause)
{
	int from = first_of(failover->active & ~active), to = first_of(active & ~failover->active);
	char from_name[80], to_name[80];

	if (to < 0)
		to = first_of(active);
	set_routes(failover, active);
	/* What the lost tunnel announced may stand at the other side until it notices too: undercut it. */
	failover->stale = true;
	/* With nothing left that carries, what was announced stays: no tunnel is better than the other. */
	if (active != 0)
		set_preferences(failover, active);
	watch_abort(failover, "the tunnel was lost during the move");
	failover->failovers++;
	failover_note_move(failover, from, to, cause);
	failover_member_name(failover, from, from_name);
	failover_member_name(failover, to, to_name);
	if (to >= 0)
		failover_event(failover, "warning", "failover", "%s is lost (%s): traffic goes by %s",
			       from_name, cause, to_name);
	else
		failover_event(failover, "error", "failover",
			       "%s is lost (%s) and no other tunnel is usable: nothing can be carried",
			       from_name, cause);
	watch_start(failover, WATCH_LOSS, from, to);
	failover_tell_changed(failover);
}

/* Both can carry: make before break. Without a `cause` whoever asked for it has been told. */
static void
move_planned(struct failover *failover, uint32_t active, const char *cause, bool automatic)
{
	int from = first_of(failover->active & ~active), to = first_of(active & ~failover->active);
	char from_name[80], to_name[80];

	if (to < 0)
		to = first_of(active);
	watch_abort(failover, "another move took the place of this one");
	failover->noted = automatic;
	/* From before the first change on, so that nothing is missed. */
	watch_start(failover, WATCH_PLANNED, from, to);
	set_preferences(failover, active);
	set_routes(failover, active);
	failover_member_name(failover, from, from_name);
	failover_member_name(failover, to, to_name);
	if (automatic) {
		failover->failovers++;
		failover_note_move(failover, from, to, cause);
	}
	if (cause != NULL)
		failover_event(failover, "info", automatic ? "failover" : failover->deed,
			       "traffic goes by %s instead of %s: %s", to_name, from_name, cause);
	failover_tell_changed(failover);
}

/* Something carries again, or one more does. */
static void
move_joined(struct failover *failover, uint32_t active, const char *cause)
{
	bool first = failover->active == 0;
	int to = first_of(active & ~failover->active);
	char name[80];

	set_routes(failover, active);
	set_preferences(failover, active);
	failover_event(failover, "info", "failover.active", "%s carries traffic%s",
		       failover_member_name(failover, to, name), first ? "" : " too");
	if (first && failover->watch.kind == WATCH_LOSS)
		watch_start(failover, WATCH_LOSS, failover->watch.from, to);
	failover_tell_changed(failover);
}

/* --- following the MED --- */

static unsigned
chance(struct failover *failover, unsigned least, unsigned most)
{
	/* xorshift64*, seeded by the kernel */
	failover->seed ^= failover->seed >> 12;
	failover->seed ^= failover->seed << 25;
	failover->seed ^= failover->seed >> 27;
	return least + (unsigned)((failover->seed * 2685821657736338717ull >> 33) % (most - least + 1));
}

/* Why traffic leaves what carries now although it could go on. */
static void
explain(const struct failover *failover, const struct choice *choice, char *out, size_t size)
{
	int now = first_of(failover->active & ~choice->active), to = first_of(choice->active);
	char name[80];

	failover_member_name(failover, now, name);
	if (choice->untaught)
		snprintf(out, size,
			 failover->members[now].taught ? "the peer of %s withdrew its prefixes"
						       : "the peer of %s advertises nothing",
			 name);
	else if (choice->reason == BY_PREFERENCE)
		snprintf(out, size, "the configuration prefers it");
	else if (choice->reason == BY_MED)
		snprintf(out, size, "the other side prefers it (MED %u against %u)",
			 failover->members[to].med, failover->members[now].med);
	else
		snprintf(out, size, "the other side sends by it");
}

static void
on_follow(uv_timer_t *timer)
{
	struct failover *failover = timer->data;
	struct choice choice = failover_choose(failover);
	char cause[160];

	if (choice.active == failover->active || !choice.patient)
		return;
	explain(failover, &choice, cause, sizeof(cause));
	if (choice.reason == BY_TRAFFIC)
		arrival_followed(failover);
	move_planned(failover, choice.active, cause, true);
}

void
failover_follow_later(struct failover *failover)
{
	const struct failover_timing *timing = &failover_timing;
	unsigned wait;

	if (uv_is_active((uv_handle_t *)&failover->follower))
		return;
	if (failover->order == FAILOVER_ORDER_SECOND)
		wait = chance(failover, timing->second_least, timing->second_most);
	else if (failover->order == FAILOVER_ORDER_FIRST)
		wait = timing->follow_least;
	else
		wait = chance(failover, timing->follow_least, timing->follow_most);
	uv_timer_start(&failover->follower, on_follow, wait, 0);
}

/* --- facts to moves --- */

void
failover_settle(struct failover *failover, const char *cause, bool automatic)
{
	struct choice choice = failover_choose(failover);
	uint32_t usable = failover_usable(failover, true);
	char why[160];

	if (usable == (1u << failover->count) - 1)
		failover->stale = false;
	if (choice.active == failover->active) {
		uv_timer_stop(&failover->follower);
		set_routes(failover, choice.active); /* who may stand in can have changed */
		if (failover->active != 0)
			set_preferences(failover, choice.active);
		return;
	}
	if (choice.patient) {
		set_routes(failover, failover->active);
		failover_follow_later(failover);
		return;
	}
	uv_timer_stop(&failover->follower);
	if (failover->active & ~usable)
		move_lost(failover, choice.active, cause);
	else if (failover->active & ~choice.active && choice.untaught && automatic) {
		explain(failover, &choice, why, sizeof(why));
		move_planned(failover, choice.active, why, true);
	} else if (failover->active & ~choice.active)
		move_planned(failover, choice.active, cause, automatic);
	else
		move_joined(failover, choice.active, cause);
}

void
failover_member_usable(struct failover *failover, unsigned at, bool usable, const char *cause)
{
	struct failover_member *member = &failover->members[at];
	bool standby;
	char name[80], text[160];

	if (at >= failover->count || member->usable == usable)
		return;
	standby = !usable && !(failover->active & 1u << at) && failover->active != 0;
	member->lost |= member->usable && !usable;
	member->usable = usable;
	member->usable_since = clock_monotonic();
	member->taught = member->teaches;
	member->med_lowered = 0;
	text_clean(member->cause, sizeof(member->cause), cause != NULL ? cause : "");
	failover_member_name(failover, (int)at, name);
	if (usable)
		snprintf(text, sizeof(text), "%s, where the traffic is pinned, is usable again", name);
	else
		snprintf(text, sizeof(text), "%s", member->cause);
	failover_settle(failover, text, true);
	if (standby) {
		failover_event(failover, "warning", "failover.unprotected",
			       "%s is lost (%s): no other tunnel can stand in", name, member->cause);
		if (failover->watch.kind == WATCH_PLANNED && failover->watch.from == (int)at)
			watch_abort(
			    failover,
			    "the tunnel that was moved away from was lost; nothing is left to wait for");
	}
	failover_tell_changed(failover);
}

void
failover_member_med(struct failover *failover, unsigned member, uint32_t med)
{
	if (member >= failover->count || failover->members[member].med == med)
		return;
	if (med == FAILOVER_NO_MED)
		failover->members[member].med_lowered = 0;
	else if (failover->members[member].med != FAILOVER_NO_MED && med < failover->members[member].med)
		failover->members[member].med_lowered = clock_monotonic();
	failover->members[member].med = med;
	failover_settle(failover, "the other side prefers it", true);
}

void
failover_member_teaches(struct failover *failover, unsigned member, bool teaches)
{
	if (member >= failover->count || failover->members[member].teaches == teaches)
		return;
	failover->members[member].teaches = teaches;
	failover->members[member].taught |= teaches;
	failover_settle(failover, "its peer advertises prefixes again", true);
}

void
failover_member_drain(struct failover *failover, unsigned at, bool drain)
{
	char name[80], cause[120];

	if (at >= failover->count || failover->members[at].drain == drain)
		return;
	failover->members[at].drain = drain;
	snprintf(cause, sizeof(cause), "%s is %s", failover_member_name(failover, (int)at, name),
		 drain ? "being drained" : "no longer drained");
	failover->deed = drain ? "drain" : "undrain";
	failover_settle(failover, cause, !drain);
	failover_tell_changed(failover);
}

void
failover_member_leaving(struct failover *failover, unsigned at, bool leaving)
{
	char name[80], cause[120];

	if (at >= failover->count || failover->members[at].leaving == leaving)
		return;
	failover->members[at].leaving = leaving;
	failover_member_name(failover, (int)at, name);
	failover_event(failover, "notice", "failover.leaving",
		       leaving ? "the other side drains %s (GRACEFUL_SHUTDOWN)"
			       : "the other side no longer drains %s",
		       name);
	snprintf(cause, sizeof(cause), "the other side drains %s", name);
	failover_settle(failover, cause, true);
	failover_tell_changed(failover);
}

void
failover_prefer(struct failover *failover, int member, unsigned hold_down_ms)
{
	failover->preferred = member < (int)failover->count ? member : NONE;
	failover->hold_down = (usec_t)hold_down_ms * USEC_PER_MS;
}

void
failover_static(struct failover *failover, bool follow)
{
	failover->is_static = true;
	failover->follows_traffic = follow;
}

void
failover_pin(struct failover *failover, unsigned member)
{
	if (member < failover->count)
		failover->pinned = (int)member;
}

void
failover_set_mode(struct failover *failover, bool active_active)
{
	failover->active_active = active_active;
	failover->deed = "failover";
	failover_settle(failover, "the configuration was changed", false);
	failover_tell_changed(failover);
}

void
failover_member_renewed(struct failover *failover, unsigned at)
{
	struct failover_member *member = &failover->members[at];

	if (at >= failover->count)
		return;
	member->med = FAILOVER_NO_MED;
	member->med_lowered = 0;
	member->leaving = member->teaches = member->taught = false;
	member->local_preference = member->announced = 0;
	set_preferences(failover, failover->active);
}

void
failover_order(struct failover *failover, enum failover_order order)
{
	failover->order = order;
}

void
failover_status(const struct failover *failover, struct failover_status *out)
{
	*out = (struct failover_status){
	    .active = failover->active,
	    .usable = failover_usable(failover, true),
	    .pinned = failover->pinned >= 0,
	    .moving = failover->watch.kind == WATCH_PLANNED,
	    .measuring = failover->watch.kind == WATCH_LOSS,
	    .pinned_member = failover->pinned,
	    .preferred_member = failover->preferred,
	    .hold_down_left = failover->preferred >= 0 ? failover_hold_down_left(failover) : 0,
	    .untaught = failover_usable(failover, true) & ~failover_teaching(failover),
	    .failovers = failover->failovers,
	    .confirm_until = failover->confirm.waiting ? failover->confirm.until : 0,
	    .confirm_what = failover->confirm.waiting ? failover->confirm.what : NULL,
	    .confirm_from = failover->confirm.waiting ? failover->confirm.from : NONE,
	    .last = failover->last,
	};
	for (unsigned i = 0; i < failover->count; i++) {
		out->drained |= (failover->members[i].drain ? 1u : 0u) << i;
		out->leaving |= (failover->members[i].leaving ? 1u : 0u) << i;
	}
}

/* --- measured --- */

void
failover_outage_known(struct failover *failover, double outage_ms, const char *text)
{
	failover->last.outage_ms = outage_ms;
	failover_event(failover, "info", "failover.done", "%s", text);
	failover_tell_changed(failover);
}

/* --- make and free --- */

/* Looks, and acts on what only time or traffic has changed. */
static void
on_sample(uv_timer_t *timer)
{
	struct failover *failover = timer->data;
	struct choice choice;

	watch_sample(failover);
	arrival_sample(failover);
	choice = failover_choose(failover);
	if (choice.active != failover->active)
		failover_settle(failover, "the gateway chooses anew", true);
	else if (uv_is_active((uv_handle_t *)&failover->follower))
		uv_timer_stop(&failover->follower);
}

struct failover *
failover_new(uv_loop_t *loop, unsigned members, bool active_active, const struct failover_actions *actions)
{
	struct failover *failover = memory_zeroed(1, sizeof(*failover));
	uv_timer_t *timers[] = {&failover->sampler, &failover->poller, &failover->follower,
				&failover->confirmer};

	failover->loop = loop;
	failover->actions = *actions;
	if (actions->name != NULL)
		snprintf(failover->name, sizeof(failover->name), "%s", actions->name);
	failover->count = members < FAILOVER_MEMBERS ? members : FAILOVER_MEMBERS;
	failover->active_active = active_active;
	failover->pinned = failover->preferred = failover->insist = failover->arrival.by = NONE;
	failover->deed = "switchover";
	failover->last.from = failover->last.to = NONE;
	failover->last.outage_ms = NAN;
	failover->watch.from = failover->watch.to = NONE;
	for (unsigned i = 0; i < FAILOVER_MEMBERS; i++)
		failover->members[i].med = FAILOVER_NO_MED;
	if (getrandom(&failover->seed, sizeof(failover->seed), 0) != sizeof(failover->seed) ||
	    failover->seed == 0)
		failover->seed = (uint64_t)clock_monotonic() | 1;
	for (size_t i = 0; i < COUNT_OF(timers); i++) {
		uv_timer_init(loop, timers[i]);
		timers[i]->data = failover;
		failover->open_handles++;
	}
	uv_timer_start(&failover->sampler, on_sample, failover_timing.sample, failover_timing.sample);
	return failover;
}

static void
on_closed(uv_handle_t *handle)
{
	struct failover *failover = handle->data;

	if (--failover->open_handles == 0)
		free(failover);
}

void
failover_free(struct failover *failover)
{
	if (failover == NULL)
		return;
	failover->freed = true;
	failover->actions.changed = failover->actions.progress = NULL;
	watch_abort(failover, "the connection was taken away during the move");
	watch_stop(failover);
	uv_close((uv_handle_t *)&failover->sampler, on_closed);
	uv_close((uv_handle_t *)&failover->poller, on_closed);
	uv_close((uv_handle_t *)&failover->follower, on_closed);
	uv_close((uv_handle_t *)&failover->confirmer, on_closed);
}
