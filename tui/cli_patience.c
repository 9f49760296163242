// SPDX-License-Identifier: GPL-2.0-or-later
/* Some sites are slow, and some never answer: a person is told whom the silence is for. */
#include "tui/cli_internal.h"

#include <stdlib.h>
#include <unistd.h>

#define PATIENCE_MS 2000

static void
on_timer(uv_timer_t *timer)
{
	const struct cli_patience *patience = timer->data;
	size_t count = 0;

	for (size_t i = 0; i < patience->cli->place_count; i++) {
		if (patience->waits(patience->context, i))
			fprintf(stderr, "%s%s", count++ == 0 ? "waiting for " : ", ",
				patience->cli->places[i].name);
	}
	if (count != 0)
		fprintf(stderr, " …\n");
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
	if (cli_place_many(patience->cli) && isatty(STDERR_FILENO))
		uv_timer_start(&patience->timer, on_timer, PATIENCE_MS, 0);
}

void
cli_patience_stop(struct cli_patience *patience)
{
	uv_close((uv_handle_t *)&patience->timer, NULL);
}
