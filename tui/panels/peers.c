// SPDX-License-Identifier: GPL-2.0-or-later
/* Peers: the BGP sessions, those that ride tunnels and those of their own. */
#include <stdio.h>

#include "tui/format.h"
#include "tui/panels/cells.h"
#include "tui/panels/panels.h"
#include "tui/panels/table_panel.h"

static void
cell_state(const struct table_context *context, const void *row, struct table_cell *out)
{
	struct look_of look = look_of_peer(row);

	(void)context;
	out->role = look.role;
	snprintf(out->text, sizeof(out->text), "%s %s", look.glyph, look.word);
}

static void
cell_since(const struct table_context *context, const void *row, struct table_cell *out)
{
	char span[FORMAT_TEXT];

	snprintf(out->text, sizeof(out->text), "%s",
		 format_since(context->now, ((const struct model_peer *)row)->established_at, span));
}

static void
say_count(struct table_cell *out, uint64_t count)
{
	char text[FORMAT_TEXT];

	snprintf(out->text, sizeof(out->text), "%s", format_count(count, text));
}

/* "75 of 100": how near the limit is. */
static void
cell_received(const struct table_context *context, const void *row, struct table_cell *out)
{
	const struct model_peer *peer = row;
	char count[FORMAT_TEXT], limit[FORMAT_TEXT];

	(void)context;
	say_count(out, peer->received);
	if (peer->max_prefixes == MODEL_UINT_UNSET || peer->received == MODEL_UINT_UNSET)
		return;
	if (peer_near_limit(peer))
		out->role = ROLE_warning;
	snprintf(out->text, sizeof(out->text), "%s of %s", format_count(peer->received, count),
		 format_count(peer->max_prefixes, limit));
}

static void
cell_accepted(const struct table_context *context, const void *row, struct table_cell *out)
{
	const struct model_peer *peer = row;

	(void)context;
	say_count(out, peer->accepted);
	out->role = peer->accepted == peer->received ? ROLE_text : ROLE_warning;
}

static void
cell_advertised(const struct table_context *context, const void *row, struct table_cell *out)
{
	(void)context;
	say_count(out, ((const struct model_peer *)row)->advertised);
}

static void
cell_flaps(const struct table_context *context, const void *row, struct table_cell *out)
{
	(void)context;
	out->role = ROLE_dim;
	say_count(out, ((const struct model_peer *)row)->flaps);
}

static void
cell_bfd(const struct table_context *context, const void *row, struct table_cell *out)
{
	const struct model_peer *peer = row;

	(void)context;
	cell_say_bfd(peer, out);
}

static void
cell_hold(const struct table_context *context, const void *row, struct table_cell *out)
{
	const struct model_peer *peer = row;

	(void)context;
	out->role = ROLE_dim;
	if (peer->hold_seconds != MODEL_UINT_UNSET && peer->keepalive_seconds != MODEL_UINT_UNSET)
		snprintf(out->text, sizeof(out->text), "%llu/%llu s",
			 (unsigned long long)peer->keepalive_seconds, (unsigned long long)peer->hold_seconds);
}

static void
cell_error(const struct table_context *context, const void *row, struct table_cell *out)
{
	const struct model_peer *peer = row;
	char span[FORMAT_TEXT];

	if (!peer->last_error.set || peer->last_error.text == NULL)
		return;
	out->role = ROLE_dim;
	snprintf(out->text, sizeof(out->text), "%s %s ago: %s",
		 peer->last_error.direction != NULL ? peer->last_error.direction : "",
		 format_since(context->now, peer->last_error.at, span), peer->last_error.text);
}

static const struct table_column columns[] = {
    {.field = "name", .title = "Peer", .width = 11, .most = 32, .ends = true, .fit = true},
    {.field = "remote_address", .title = "Remote", .width = 15, .most = 39, .fit = true},
    {.field = "remote_asn", .title = "AS", .width = 10, .rank = 6, .right = true},
    {.field = "state", .title = "State", .width = 13, .cell = cell_state},
    {.field = "established_at", .title = "Since", .width = 8, .rank = 2, .right = true, .cell = cell_since},
    {.field = "received", .title = "Received", .width = 12, .rank = 1, .right = true, .cell = cell_received},
    {.field = "accepted",
     .title = "Accept",
     .width = 7,
     .most = 9,
     .rank = 4,
     .right = true,
     .cell = cell_accepted},
    {.field = "advertised",
     .title = "Advert",
     .width = 7,
     .most = 10,
     .rank = 3,
     .right = true,
     .cell = cell_advertised},
    {.field = "bfd", .title = "BFD", .width = 9, .rank = 5, .cell = cell_bfd},
    {.field = "hold_seconds", .title = "Timers", .width = 8, .rank = 8, .cell = cell_hold},
    {.field = "flaps", .title = "Flaps", .width = 5, .rank = 9, .right = true, .cell = cell_flaps},
    {.field = "med_out", .title = "MED out", .width = 7, .rank = 10, .right = true},
    {.field = "last_error.text",
     .title = "Last error",
     .width = 24,
     .most = 80,
     .rank = 7,
     .cell = cell_error},
    {0},
};

static const struct table_panel_setup setup = {.columns = columns, .empty = "no BGP session is configured"};

const struct panel_ops panel_peers = {
    .name = "peers", .title = "Peers", .kind = MODEL_KIND_PEER, .tab = true, .setup = &setup, TABLE_PANEL};
