// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How long the loop is held. All state belongs to one thread, so whatever takes long there keeps keepalives,
 * the reaction to BFD and the screen waiting; long work is done in slices for that reason. This measures each
 * turn of the loop: the time between two of its waits, without what it spent waiting (uv_metrics_idle_time).
 * The longest so far is on the gateway's row; a turn of more than a tenth of a second is an event, with the
 * processor time that it took: where that is much less, the machine was busy with something else.
 *
 * It costs a few readings of the clock a turn.
 */
#include "core/gateway_internal.h"

#define HELD_TOO_LONG (100 * USEC_PER_MS)
/* So often at most is it told, unless it is twice as bad as what was told last. */
#define TELL_AGAIN (10 * USEC_PER_SEC)

static void
tell(struct gateway_turns *turns, usec_t held, usec_t processor)
{
	struct gateway *gateway = turns->prepare.data;

	if (turns->told_at != 0 && turns->ended_at - turns->told_at < TELL_AGAIN && held < turns->told * 2)
		return;
	turns->told_at = turns->ended_at;
	turns->told = held;
	gateway_event(
	    gateway, "warning", "gateway.busy", gateway->config->name,
	    "the gateway did nothing else for %lld ms (%lld ms of them on the processor): keepalives "
	    "and answers waited for so long",
	    (long long)(held / USEC_PER_MS), (long long)(processor / USEC_PER_MS));
}

/* A turn has ended: the loop is about to wait again. */
static void
on_prepare(uv_prepare_t *handle)
{
	struct gateway *gateway = handle->data;
	struct gateway_turns *turns = &gateway->turns;
	usec_t waited = (usec_t)(uv_metrics_idle_time(&gateway->loop) / 1000);
	usec_t now = clock_monotonic(), processor = clock_processor();
	usec_t held = now - turns->ended_at - (waited - turns->waited);
	usec_t spent = processor - turns->processor;
	bool first = turns->ended_at == 0;

	turns->ended_at = now;
	turns->waited = waited;
	turns->processor = processor;
	if (first)
		return;
	if (held > turns->longest)
		turns->longest = held;
	if (held > HELD_TOO_LONG)
		tell(turns, held, spent);
}

void
gateway_turns_open(struct gateway *gateway)
{
	struct gateway_turns *turns = &gateway->turns;

	uv_loop_configure(&gateway->loop, UV_METRICS_IDLE_TIME);
	uv_prepare_init(&gateway->loop, &turns->prepare);
	turns->prepare.data = gateway;
}

void
gateway_turns_start(struct gateway *gateway)
{
	uv_prepare_start(&gateway->turns.prepare, on_prepare);
}

void
gateway_turns_close(struct gateway *gateway)
{
	uv_close((uv_handle_t *)&gateway->turns.prepare, NULL);
}
