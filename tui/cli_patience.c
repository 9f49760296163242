// SPDX-License-Identifier: GPL-2.0-or-later
/* Some sites are slow, and some never answer: a person is told whom the silence is for, how long it may be
 * (control/client.h sees to that) and that one may leave. */
#include "tui/cli_internal.h"

#include <stdlib.h>
#include <unistd.h>

#define MANY_PATIENCE_MS 2000
#define PATIENCE_MS 5000 /* nothing else is waited for, and what is asked for may take its time */

static void
on_timer(uv_timer_t *timer)
{
	const struct cli_patience *patience = timer->data;
	size_t count = 0;

	for (size_t i = 0; i < patience->cli->place_count; i++) {
		const char *name = patience->cli->places[i].name;

		if (patience->waits(patience->context, i))
			fprintf(stderr, "%s%s", count++ == 0 ? "waiting for " : ", ",
				*name != '\0' ? name : "the gateway");
	}
	if (count != 0)
		fprintf(stderr, " (%u s at most; Ctrl-C leaves) …\n", patience->most_s);
}

void
cli_patience_start(struct cli_patience *patience, uv_loop_t *loop)
{
	uv_timer_init(loop, &patience->timer);
	patience->timer.data = patience;
	uv_unref((uv_handle_t *)&patience->timer);
	cli_patience_again(patience);
}

void
cli_patience_again(struct cli_patience *patience)
{
	uv_update_time(patience->timer.loop);
	if (isatty(STDERR_FILENO))
		uv_timer_start(&patience->timer, on_timer,
			       cli_place_many(patience->cli) ? MANY_PATIENCE_MS : PATIENCE_MS, 0);
}

void
cli_patience_stop(struct cli_patience *patience)
{
	uv_close((uv_handle_t *)&patience->timer, NULL);
}
