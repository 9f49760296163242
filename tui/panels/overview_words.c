// SPDX-License-Identifier: GPL-2.0-or-later
/* What the overview says of a connection, in words. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tui/format.h"
#include "tui/keys.h"
#include "tui/panels/overview_internal.h"

#define MOST_OUTAGE_MS 1e12

struct sentence {
	char *out;
	size_t size, used;
};

static void add(struct sentence *to, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* One part more, behind a dot. */
static void
add(struct sentence *to, const char *format, ...)
{
	va_list args;

	if (to->used > 0 && to->used < to->size)
		to->used += (size_t)snprintf(to->out + to->used, to->size - to->used, " · ");
	if (to->used >= to->size)
		return;
	va_start(args, format);
	to->used += (size_t)vsnprintf(to->out + to->used, to->size - to->used, format, args);
	va_end(args);
}

static bool
is(const char *state, const char *wanted)
{
	return state != NULL && strcmp(state, wanted) == 0;
}

void
overview_say_state(const struct scene *scene, const struct model_connection *connection, char *out,
		   size_t size)
{
	const struct model_tunnel *tunnels[2];
	size_t count = connection_tunnels(scene->store, connection->name, tunnels);
	uint64_t up = connection->tunnels_up, total = connection->tunnels_total;
	struct sentence to = {.out = out, .size = size};
	char span[FORMAT_TEXT], key[16];

	if (connection->moving)
		add(&to, "moving traffic");
	else if (is(connection->state, "disabled"))
		add(&to, "disabled");
	else if (up == MODEL_UINT_UNSET || total == MODEL_UINT_UNSET)
		add(&to, "%s", look_of_connection(connection).word);
	else if (up == 0)
		add(&to, "down");
	else if (up == total)
		add(&to, "%s", total == 2 ? "both spans up" : "up");
	else
		add(&to, "on one span");
	for (size_t i = 0; i < count; i++) {
		if (is(tunnels[i]->state, "down") && tunnels[i]->down_since != 0)
			add(&to, "%s down %s", tunnel_number(tunnels[i]->name),
			    format_since(scene->now, tunnels[i]->down_since, span));
		else if (tunnels[i]->held_until > scene->now)
			add(&to, "%s held back %s", tunnel_number(tunnels[i]->name),
			    format_until(scene->now, tunnels[i]->held_until, span));
	}
	if (connection->confirm_until != 0)
		add(&to, "goes back in %s: %s keeps it",
		    format_until(scene->now, connection->confirm_until, span),
		    keys_name(keys_of(command_find("confirm"), 0), key, sizeof(key)));
	else if (connection->pinned)
		add(&to, "pinned");
}

void
overview_say_last_move(const struct scene *scene, const struct model_connection *connection, char *out,
		       size_t size)
{
	const struct model_last_failover *last = &connection->last_failover;
	char span[FORMAT_TEXT], outage[FORMAT_TEXT];
	size_t used;

	out[0] = '\0';
	if (!last->set || last->at == 0)
		return;
	used = (size_t)snprintf(out, size, "last move %s ago", format_since(scene->now, last->at, span));
	if (last->outage_ms >= 0 && last->outage_ms < MOST_OUTAGE_MS &&
	    used < size) /* so not where it is unset */
		snprintf(out + used, size - used, ", %s",
			 clock_format_span((usec_t)(last->outage_ms * USEC_PER_MS), outage, sizeof(outage)));
}

void
overview_say_kind(const struct model_connection *connection, char *out, size_t size)
{
	struct sentence to = {.out = out, .size = size};
	char mode[FORMAT_TEXT];

	out[0] = '\0';
	if (connection->routing != NULL)
		add(&to, "%s", connection->routing);
	if (connection->mode != NULL)
		add(&to, "%s", format_mode(connection->mode, mode));
	if (connection->preferred != NULL)
		add(&to, "prefers %s", tunnel_number(connection->preferred));
}
