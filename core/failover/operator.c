// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The moves that operators ask for: switchover, with or without a confirmation, drain and its end. All are
 * make-before-break and watched through the counters (watch.c); whoever asked is told how it ended.
 *
 * A switchover pins. A drain only takes a member out of the choice, and its end gives back what it took; so
 * does a switchover that nobody confirmed. Such a move back has no pin to hold it while the other side still
 * names the old tunnel by its MED, and following that would undo the move at once. Therefore the choice
 * insists on the target until the move is over (failover->insist) and looks at MEDs after that.
 */
#include "core/failover/failover_internal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"

/* An unconfirmed switchover is spoken of once more when so much time is left. */
#define REMINDER_MS 10000

static const struct failover_result moved = {
    .ok = true, .ours_moved = true, .theirs_moved = true, .outage_ms = NAN};

/* --- how a move ends --- */

void
failover_planned_done(struct failover *failover, struct failover_result *result)
{
	void (*done)(void *context, const struct failover_result *result) = failover->done;
	char kind[40];

	snprintf(kind, sizeof(kind), "%s.done", done != NULL ? failover->deed : "failover");
	failover->done = NULL;
	failover->asked = false;
	if (failover->noted)
		failover->last.outage_ms = result->outage_ms;
	failover_event(failover, result->ok ? "info" : "warning", kind, "%s", result->text);
	if (failover->insist >= 0) {
		failover->insist = NONE;
		if (!failover->freed)
			failover_follow_later(failover);
	}
	if (done != NULL)
		done(failover->done_context, result);
	if (!failover->freed)
		failover_tell_changed(failover);
}

/* Nothing had to move: the answer is known. */
static void
done_at_once(struct failover *failover, const struct failover_result *result)
{
	struct failover_result copy = *result;

	failover->noted = false;
	failover_planned_done(failover, &copy);
}

/* Begins an operator's deed that ends with a call of `done`. */
static void
begin(struct failover *failover, const char *deed,
      void (*done)(void *context, const struct failover_result *result), void *context)
{
	watch_abort(failover, "an operator's wish took the place of this move");
	uv_timer_stop(&failover->follower);
	failover->deed = deed;
	failover->asked = true;
	failover->done = done;
	failover->done_context = context;
}

/* Acts on what an operator has changed. False where no traffic had to move. */
static bool
move(struct failover *failover, const char *cause)
{
	uint32_t before = failover->active;
	struct failover_result result = moved;
	char from_name[80], to_name[80];
	int from, to;

	failover_settle(failover, cause, false);
	from = first_of(before & ~failover->active);
	if (from < 0)
		return false;
	to = first_of(failover->active & ~before);
	if (to < 0)
		to = first_of(failover->active);
	failover->noted = true;
	failover_note_move(failover, from, to, cause);
	if (failover->watch.kind == WATCH_NONE) {
		snprintf(result.text, sizeof(result.text),
			 "moved from %s to %s; there are no counters to measure by",
			 failover_member_name(failover, from, from_name),
			 failover_member_name(failover, to, to_name));
		failover_planned_done(failover, &result);
	}
	return true;
}

/* --- switchover --- */

/* The member that `member` names (-1: the other one), or NONE with `err`. */
static int
switchover_target(const struct failover *failover, int member, struct error *err)
{
	const char *name = failover->name[0] ? failover->name : "the connection";
	char text[80];

	if (failover->asked) {
		error_set(err, "%s is in the middle of a %s; wait until it is done", name, failover->deed);
		return NONE;
	}
	if (failover->count < 2) {
		error_set(err, "%s has one tunnel only: there is nothing to move to", name);
		return NONE;
	}
	if (member >= (int)failover->count) {
		error_set(err, "%s has no tunnel %d", name, member + 1);
		return NONE;
	}
	if (failover->active == 0) {
		error_set(err, "%s has no tunnel that carries traffic: nothing can be moved", name);
		return NONE;
	}
	if (member < 0 && failover->active & (failover->active - 1)) {
		error_set(err, "all tunnels of %s carry traffic (active_active): name the one to move to",
			  name);
		return NONE;
	}
	if (member < 0)
		member = failover->active & 1 ? 1 : 0;
	failover_member_name(failover, member, text);
	if (!failover->members[member].usable) {
		error_set(err, "%s is not usable%s%s: traffic stays where it is", text,
			  failover->members[member].cause[0] ? ": " : "", failover->members[member].cause);
		return NONE;
	}
	if (failover->members[member].drain) {
		error_set(err, "%s is being drained: undrain it first", text);
		return NONE;
	}
	if (!(failover_teaching(failover) & 1u << member)) {
		error_set(err, "the peer of %s advertises nothing: traffic stays where it is", text);
		return NONE;
	}
	if (failover->members[member].leaving) {
		error_set(err, "the other side drains %s: traffic stays where it is", text);
		return NONE;
	}
	return member;
}

/* What the members are announced with where `active` carry and `drained` are drained. With none that carries
 * what was announced stays. */
static void
plan_meds(const struct failover *failover, uint32_t active, uint32_t drained, struct failover_plan *out)
{
	for (unsigned i = 0; i < failover->count; i++) {
		out->med[i] = failover->members[i].announced;
		out->med_then[i] = active != 0 ? failover_med(failover, active, drained, i) : out->med[i];
	}
}

static uint32_t
drained_now(const struct failover *failover)
{
	uint32_t bits = 0;

	for (unsigned i = 0; i < failover->count; i++)
		bits |= (failover->members[i].drain ? 1u : 0u) << i;
	return bits;
}

bool
failover_switchover_plan(const struct failover *failover, int member, struct failover_plan *out,
			 struct error *err)
{
	int to = switchover_target(failover, member, err);
	char from_name[80], to_name[80];

	if (to < 0)
		return false;
	*out = (struct failover_plan){.from = first_of(failover->active & ~(1u << to)), .to = to};
	plan_meds(failover, 1u << to, drained_now(failover), out);
	failover_member_name(failover, to, to_name);
	failover_member_name(failover, out->from, from_name);
	if (failover->active == 1u << to)
		snprintf(out->text, sizeof(out->text),
			 "%s carries the traffic already; it would be pinned there", to_name);
	else if (failover->active & 1u << to)
		snprintf(out->text, sizeof(out->text),
			 "traffic would leave %s and stay on %s alone, pinned there until auto", from_name,
			 to_name);
	else
		snprintf(out->text, sizeof(out->text),
			 "traffic would move from %s to %s and be pinned there until auto; %s stays up",
			 from_name, to_name, from_name);
	return true;
}

/* --- confirmation --- */

static void
confirm_forget(struct failover *failover)
{
	failover->confirm.waiting = false;
	uv_timer_stop(&failover->confirmer);
}

/* To the tunnel and the pin that were there before. */
static void
turn_back(struct failover *failover)
{
	int from = failover->confirm.from;
	uint32_t usable = failover_usable(failover, false);
	const char *what = failover->confirm.what;
	char back[80], cause[120];
	bool can = from < 0 || usable & 1u << from;

	confirm_forget(failover);
	failover_member_name(failover, from, back);
	failover_event(failover, can ? "warning" : "error", "switchover.reverted",
		       can ? "the %s was not confirmed within %u s: traffic goes back to %s"
			   : "the %s was not confirmed within %u s, but %s is not usable: traffic stays",
		       what, (unsigned)failover->confirm.seconds, from >= 0 ? back : "all tunnels");
	watch_abort(failover, "it was not confirmed in time");
	failover->pinned = failover->confirm.pinned;
	failover->insist = can && from >= 0 && !failover->active_active ? from : NONE;
	failover->deed = "switchover";
	snprintf(cause, sizeof(cause), "the %s was not confirmed within %u s", what,
		 (unsigned)failover->confirm.seconds);
	if (!move(failover, cause))
		failover->insist = NONE;
	failover_tell_changed(failover);
}

static void
on_confirmer(uv_timer_t *timer)
{
	struct failover *failover = timer->data;

	if (failover->confirm.warned) {
		turn_back(failover);
		return;
	}
	failover->confirm.warned = true;
	failover_event(failover, "warning", "switchover.unconfirmed",
		       "the %s turns back in %u s unless it is confirmed", failover->confirm.what,
		       REMINDER_MS / 1000);
	uv_timer_start(timer, on_confirmer, REMINDER_MS, 0);
}

/* `from` and `pinned`: as they were before; `what`: the deed that waits, for people. */
static void
confirm_wait(struct failover *failover, const char *what, unsigned seconds, int from, int pinned)
{
	uint64_t wait = (uint64_t)seconds * 1000;
	char back[80];

	failover->confirm.waiting = true;
	failover->confirm.what = what;
	failover->confirm.warned = wait <= 2 * REMINDER_MS;
	failover->confirm.from = from;
	failover->confirm.pinned = pinned;
	failover->confirm.seconds = seconds;
	failover->confirm.until = clock_wall() + (usec_t)wait * USEC_PER_MS;
	uv_update_time(failover->loop);
	uv_timer_start(&failover->confirmer, on_confirmer,
		       failover->confirm.warned ? wait : wait - REMINDER_MS, 0);
	failover_event(failover, "notice", "switchover.unconfirmed",
		       "the %s turns back to %s in %u s unless it is confirmed", what,
		       from >= 0 ? failover_member_name(failover, from, back) : "all tunnels", seconds);
}

bool
failover_switchover_back(struct failover *failover,
			 void (*done)(void *context, const struct failover_result *result), void *context,
			 struct error *err)
{
	int from = failover->confirm.from, pinned = failover->confirm.pinned;
	struct failover_result result = moved;
	char name[80];

	if (!failover->confirm.waiting)
		return error_set(err, "no switchover of %s waits for a confirmation",
				 failover->name[0] ? failover->name : "the connection");
	failover_member_name(failover, from, name);
	if (from >= 0 && !(failover_usable(failover, false) & 1u << from))
		return error_set(err, "%s is not usable: traffic stays where it is", name);
	confirm_forget(failover);
	begin(failover, "switchover", done, context);
	failover->pinned = pinned;
	failover->insist = from >= 0 && !failover->active_active ? from : NONE;
	failover_event(failover, "notice", "switchover.reverted",
		       "an operator turns the switchover back to %s", from >= 0 ? name : "all tunnels");
	if (move(failover, "an operator turned the switchover back"))
		return true;
	snprintf(result.text, sizeof(result.text), "%s carries the traffic already",
		 from >= 0 ? name : "every tunnel");
	done_at_once(failover, &result);
	return true;
}

bool
failover_confirm(struct failover *failover, struct error *err)
{
	if (!failover->confirm.waiting)
		return error_set(err, "no switchover of %s waits for a confirmation",
				 failover->name[0] ? failover->name : "the connection");
	confirm_forget(failover);
	failover_event(failover, "notice", "switchover.confirmed", "the %s is confirmed and stays",
		       failover->confirm.what);
	failover_tell_changed(failover);
	return true;
}

bool
failover_switchover_confirm(struct failover *failover, int member, unsigned seconds,
			    void (*done)(void *context, const struct failover_result *result), void *context,
			    struct error *err)
{
	int to = switchover_target(failover, member, err), from, pinned = failover->pinned;
	bool several = (failover->active & (failover->active - 1)) != 0;
	struct failover_result result = moved;
	char to_name[80], from_name[80];

	if (to < 0)
		return false;
	from = first_of(failover->active & ~(1u << to));
	failover_member_name(failover, to, to_name);
	failover_member_name(failover, from, from_name);
	confirm_forget(failover);
	begin(failover, "switchover", done, context);
	failover->insist = NONE;
	failover->pinned = to;
	if (seconds != 0)
		confirm_wait(failover, "switchover", seconds, several ? NONE : from < 0 ? to : from, pinned);
	if (from < 0) {
		snprintf(result.text, sizeof(result.text), "%s carries the traffic already; pinned there",
			 to_name);
		done_at_once(failover, &result);
		return true;
	}
	failover_event(failover, "info", "switchover", "an operator moves the traffic from %s to %s",
		       from_name, to_name);
	move(failover, "switchover by an operator");
	return true;
}

bool
failover_switchover(struct failover *failover, int member,
		    void (*done)(void *context, const struct failover_result *result), void *context,
		    struct error *err)
{
	return failover_switchover_confirm(failover, member, 0, done, context, err);
}

void
failover_return_within(struct failover *failover, unsigned at, const char *what, unsigned seconds)
{
	confirm_wait(failover, what, seconds, (int)at, failover->pinned);
	failover_tell_changed(failover);
}

bool
failover_give_back(struct failover *failover, unsigned at, const char *cause, struct error *err)
{
	uint32_t bit = 1u << at;
	char name[80];

	if (failover->asked)
		return error_set(err, "a %s is under way", failover->deed);
	if ((failover_usable(failover, false) & bit) == 0)
		return error_set(err, "%s is not usable", failover_member_name(failover, (int)at, name));
	if (failover->active & bit || failover->active_active ||
	    (failover->pinned >= 0 && failover->pinned != (int)at))
		return true;
	watch_abort(failover, "what an operator did is turned back");
	failover->deed = "switchover";
	failover->insist = (int)at;
	if (!move(failover, cause))
		failover->insist = NONE;
	failover_tell_changed(failover);
	return true;
}

void
failover_auto(struct failover *failover)
{
	bool waited = failover->confirm.waiting;

	confirm_forget(failover);
	if (failover->pinned < 0 && !waited)
		return;
	failover->pinned = NONE;
	failover_event(failover, "info", "failover.auto", "the gateway chooses the tunnel again");
	failover_settle(failover, "the gateway chooses again", true);
	failover_tell_changed(failover);
}

/* --- drain --- */

/* What both refuse. */
static bool
drain_possible(const struct failover *failover, unsigned at, struct error *err)
{
	const char *name = failover->name[0] ? failover->name : "the connection";

	if (at >= failover->count)
		return error_set(err, "%s has no tunnel %u", name, at + 1);
	if (failover->asked)
		return error_set(err, "%s is in the middle of a %s; wait until it is done", name,
				 failover->deed);
	return true;
}

/* The member must exist, no move be under way, and, without `force`, another one usable. */
static bool
drain_allowed(const struct failover *failover, unsigned at, bool force, struct error *err)
{
	uint32_t others;
	char name[80];

	if (!drain_possible(failover, at, err))
		return false;
	others = failover_usable(failover, false) & ~(1u << at);
	if (force || failover->members[at].drain || (others & failover_teaching(failover)) != 0)
		return true;
	if (others != 0)
		return error_set(err, "the peer of %s advertises nothing: traffic has nowhere to go",
				 failover_member_name(failover, first_of(others), name));
	return error_set(err, "no other tunnel than %s is usable: traffic has nowhere to go",
			 failover_member_name(failover, (int)at, name));
}

/* What would carry if the member were drained, or no longer, by an operator's deed that is begun now. */
static uint32_t
carries_with(const struct failover *failover, unsigned at, bool drain, int insist)
{
	struct failover then = *failover; /* looked at only */

	then.members[at].drain = drain;
	then.insist = insist;
	return failover_choose(&then).active;
}

/* From where to where traffic goes when `active` carry; and what is announced. */
static void
plan_move(const struct failover *failover, uint32_t active, uint32_t drained, struct failover_plan *out)
{
	int from = first_of(failover->active & ~active), to = first_of(active & ~failover->active);

	*out = (struct failover_plan){.from = from, .to = from < 0 ? NONE : to >= 0 ? to : first_of(active)};
	plan_meds(failover, active, drained, out);
}

bool
failover_drain_plan(const struct failover *failover, unsigned at, bool force, struct failover_plan *out,
		    struct error *err)
{
	bool before = at < failover->count && failover->members[at].drain;
	char name[80], to_name[80];

	if (!drain_allowed(failover, at, force, err))
		return false;
	plan_move(failover, before ? failover->active : carries_with(failover, at, true, NONE),
		  drained_now(failover) | 1u << at, out);
	failover_member_name(failover, (int)at, name);
	failover_member_name(failover, out->to, to_name);
	if (before)
		snprintf(out->text, sizeof(out->text), "%s is drained already", name);
	else if (out->from >= 0)
		snprintf(out->text, sizeof(out->text),
			 "traffic would move from %s to %s and stay off %s until undrain; it stays up", name,
			 to_name, name);
	else if (failover->active & 1u << at)
		snprintf(out->text, sizeof(out->text),
			 "%s would go on carrying, for no other tunnel is usable; traffic leaves it when one "
			 "is",
			 name);
	else
		snprintf(out->text, sizeof(out->text),
			 "%s carries nothing; it would not be used until undrain", name);
	return true;
}

/* The member that the end of its drain insists on; NONE. */
static int
gives_back(const struct failover *failover, unsigned at)
{
	const struct failover_member *member = &failover->members[at];

	return member->carried && member->usable && !failover->active_active ? (int)at : NONE;
}

bool
failover_undrain_plan(const struct failover *failover, unsigned at, struct failover_plan *out,
		      struct error *err)
{
	const struct failover_member *member;
	char name[80], from_name[80];

	if (!drain_possible(failover, at, err))
		return false;
	member = &failover->members[at];
	plan_move(failover,
		  member->drain ? carries_with(failover, at, false, gives_back(failover, at))
				: failover->active,
		  drained_now(failover) & ~(1u << at), out);
	failover_member_name(failover, (int)at, name);
	failover_member_name(failover, out->from, from_name);
	if (!member->drain)
		snprintf(out->text, sizeof(out->text), "%s is not drained", name);
	else if (out->to == (int)at)
		snprintf(out->text, sizeof(out->text),
			 "%s would carry again, as it did before: traffic moves back from %s", name,
			 from_name);
	else if (!member->usable)
		snprintf(out->text, sizeof(out->text), "%s would no longer be drained; it is not usable now",
			 name);
	else if (failover->active & 1u << at)
		snprintf(out->text, sizeof(out->text), "%s would no longer be drained; it carries already",
			 name);
	else
		snprintf(out->text, sizeof(out->text),
			 failover->active_active ? "%s would carry traffic again, beside the others"
						 : "%s would stand by again",
			 name);
	return true;
}

bool
failover_drain(struct failover *failover, unsigned at, bool force,
	       void (*done)(void *context, const struct failover_result *result), void *context,
	       struct error *err)
{
	struct failover_result result = moved;
	struct failover_member *member;
	char name[80], cause[120];

	if (!drain_allowed(failover, at, force, err))
		return false;
	member = &failover->members[at];
	failover_member_name(failover, (int)at, name);
	begin(failover, "drain", done, context);
	if (member->drain) {
		snprintf(result.text, sizeof(result.text), "%s is drained already", name);
		done_at_once(failover, &result);
		return true;
	}
	member->drain = true;
	member->carried = failover->active & 1u << at;
	snprintf(cause, sizeof(cause), "%s is drained by an operator", name);
	if (move(failover, cause))
		return true;
	if (failover->active & 1u << at)
		snprintf(result.text, sizeof(result.text),
			 "%s goes on carrying, for no other tunnel is usable; traffic leaves it when one is",
			 name);
	else
		snprintf(result.text, sizeof(result.text), "%s carried nothing; it is not used until undrain",
			 name);
	done_at_once(failover, &result);
	return true;
}

bool
failover_undrain(struct failover *failover, unsigned at,
		 void (*done)(void *context, const struct failover_result *result), void *context,
		 struct error *err)
{
	struct failover_result result = moved;
	struct failover_member *member;
	char name[80], cause[120];

	if (!drain_possible(failover, at, err))
		return false;
	member = &failover->members[at];
	failover_member_name(failover, (int)at, name);
	begin(failover, "undrain", done, context);
	if (!member->drain) {
		snprintf(result.text, sizeof(result.text), "%s is not drained", name);
		done_at_once(failover, &result);
		return true;
	}
	member->drain = false;
	failover->insist = gives_back(failover, at);
	snprintf(cause, sizeof(cause), "%s is no longer drained", name);
	if (move(failover, cause))
		return true;
	snprintf(result.text, sizeof(result.text), "%s %s", name,
		 !member->usable               ? "is no longer drained, but not usable"
		 : failover->active & 1u << at ? "carries traffic"
					       : "stands by again");
	done_at_once(failover, &result);
	return true;
}
