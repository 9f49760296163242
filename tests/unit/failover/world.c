// SPDX-License-Identifier: GPL-2.0-or-later
/* See world.h. */
#include "tests/unit/failover/world.h"

#include <math.h>

#include "core/base/text.h"

uv_loop_t loop;
struct world world;
struct failover *failover;

static void
packets(struct stream *stream, usec_t now, int member, bool in)
{
	usec_t distance = stream->per_second > 0 ? (usec_t)(USEC_PER_SEC / stream->per_second) : 0;

	if (stream->next == 0)
		stream->next = now;
	for (; distance > 0 && stream->next <= now; stream->next += distance) {
		int by = member;

		if (in && stream == &world.in && world.moves_at != 0 && stream->next >= world.moves_at)
			by = world.in_by = world.wants;
		if (by < 0 || (world.dead & 1u << by && in))
			continue;
		if (in && stream == &world.in && world.lose > 0) {
			world.lose--;
			world.counters[by].rx_lost++;
			continue;
		}
		if (in) {
			world.counters[by].rx_packets++;
			if (stream->next > world.counters[by].last_rx)
				world.counters[by].last_rx = stream->next;
		} else {
			world.counters[by].tx_packets++;
			world.counters[by].last_tx = stream->next;
		}
	}
}

static void
run_world(void)
{
	usec_t now = clock_monotonic();

	packets(&world.in, now, world.in_by, true);
	packets(&world.out, now, world.out_by, false);
	for (int i = 0; i < 2; i++)
		packets(&world.control[i], now, i, true);
	if (world.moves_at != 0 && now >= world.moves_at) {
		world.in_by = world.wants;
		world.moves_at = 0;
	}
}

static void
note(const char *format, ...)
{
	size_t used = strlen(world.log);
	va_list args;

	va_start(args, format);
	vsnprintf(world.log + used, sizeof(world.log) - used, format, args);
	va_end(args);
}

static void
set_routes(void *context, uint32_t active, uint32_t usable)
{
	run_world();
	world.out_by = active != 0 ? __builtin_ctz(active) : -1;
	note("routes %u/%u; ", active, usable);
}

static void
set_preference(void *context, unsigned member, uint32_t local_preference, uint32_t med)
{
	run_world();
	note("prefer %u %u/%u; ", member, local_preference, med);
	if (med <= FAILOVER_MED_ACTIVE && world.follows >= 0) {
		world.wants = (int)member;
		world.moves_at = clock_monotonic() + world.follows * USEC_PER_MS;
	}
}

static void
read_counters(void *context, unsigned member, struct failover_counters *out)
{
	run_world();
	*out = world.counters[member];
}

void
on_event(void *context, const char *severity, const char *kind, const char *text)
{
	note("[%s] %s; ", kind, text);
}

void
on_done(void *context, const struct failover_result *result)
{
	world.result = *result;
	world.results++;
	note("done %d: %s; ", result->ok, result->text);
}

static void
on_progress(void *context)
{
	struct failover_progress progress;

	failover_progress(failover, &progress);
	world.told++;
	world.phases |= 1u << progress.phase;
}

const struct failover_actions actions = {
    .name = "aws",
    .set_routes = set_routes,
    .set_preference = set_preference,
    .read_counters = read_counters,
    .progress = on_progress,
    .event = on_event,
};

/* The rates are learned sooner than in life. */
static void
set_timing(void)
{
	static struct failover_timing usual;
	static bool known;

	if (!known)
		usual = failover_timing;
	known = true;
	failover_timing = usual;
	failover_timing.sample = 50;
	failover_timing.traffic_first = 250;
	failover_timing.traffic_second = 700;
}

int
setup(void **state)
{
	set_timing();
	world = (struct world){.in_by = -1, .out_by = -1, .follows = 0};
	uv_loop_init(&loop);
	failover = failover_new(&loop, 2, false, &actions);
	return 0;
}

int
teardown(void **state)
{
	failover_free(failover);
	while (uv_run(&loop, UV_RUN_NOWAIT) != 0)
		;
	assert_int_equal(uv_loop_close(&loop), 0);
	return 0;
}

static void
woken(uv_timer_t *timer)
{
}

void
turn(void)
{
	static uv_timer_t timer;

	uv_timer_init(&loop, &timer);
	uv_timer_start(&timer, woken, 1, 0);
	uv_run(&loop, UV_RUN_ONCE);
	uv_close((uv_handle_t *)&timer, NULL);
	uv_run(&loop, UV_RUN_NOWAIT);
}

void
run_for(usec_t span)
{
	usec_t since = clock_monotonic();

	UNTIL(clock_monotonic() - since >= span);
}

double
best_of_some(void **state, double (*measure)(void), double most)
{
	double found = measure();

	for (unsigned again = 0; again < 4 && !(found < most); again++) {
		teardown(state);
		setup(state);
		found = measure();
	}
	return found;
}

void
forget(void)
{
	world.log[0] = '\0';
}

bool
said(const char *part)
{
	return strstr(world.log, part) != NULL;
}

struct failover_status
status(void)
{
	struct failover_status out;

	failover_status(failover, &out);
	return out;
}

void
both_up(void)
{
	failover_member_usable(failover, 0, true, "up");
	failover_member_usable(failover, 1, true, "up");
	assert_int_equal(status().active, 1);
}

void
traffic_known(double in, double control)
{
	world.in = world.out = (struct stream){.per_second = in};
	world.control[0] = world.control[1] = (struct stream){.per_second = control};
	UNTIL(failover->members[0].rate.per_second >= in * 0.8 &&
	      failover->members[0].rate.per_second <= (in + control) * 1.2 &&
	      (control == 0 || fabs(failover->members[1].rate.per_second - control) < control * 0.2));
}
