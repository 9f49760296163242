// SPDX-License-Identifier: GPL-2.0-or-later
/* What the overview and the tunnels' table say of a tunnel, so that both say it the same way. */
#include "tui/panels/cells.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tui/format.h"

static void
say(struct table_cell *out, enum theme_role role, const char *text)
{
	out->role = role;
	snprintf(out->text, sizeof(out->text), "%s", text != NULL ? text : "");
}

static void
say_state(struct table_cell *out, struct look_of look)
{
	out->role = look.role;
	snprintf(out->text, sizeof(out->text), "%s %s", look.glyph, look.word);
}

const struct model_peer *
peer_of_tunnel(const struct model_store *store, const struct model_tunnel *tunnel)
{
	return tunnel->peer != NULL ? model_store_get(store, MODEL_KIND_PEER, tunnel->peer) : NULL;
}

static bool
is_up(const struct model_tunnel *tunnel)
{
	return tunnel_part(tunnel)[0] != '\0';
}

bool
peer_near_limit(const struct model_peer *peer)
{
	return peer->max_prefixes != MODEL_UINT_UNSET && peer->received != MODEL_UINT_UNSET &&
	       (double)peer->received >= 0.75 * (double)peer->max_prefixes;
}

void
cell_say_bfd(const struct model_peer *peer, struct table_cell *out)
{
	if (!peer->bfd.set || peer->bfd.state == NULL)
		return;
	say(out,
	    strcmp(peer->bfd.state, "Up") == 0     ? ROLE_good
	    : strcmp(peer->bfd.state, "Down") == 0 ? ROLE_bad
						   : ROLE_warning,
	    peer->bfd.state);
}

/* --- tunnels
 * -------------------------------------------------------------------------------------------------- */

void
cell_tunnel_mark(const struct table_context *context, const void *row, struct table_cell *out)
{
	char mark[16];

	(void)context;
	tunnel_mark(row, mark, &out->role);
	say(out, out->role, mark);
}

void
cell_tunnel_name(const struct table_context *context, const void *row, struct table_cell *out)
{
	const struct model_tunnel *tunnel = row;

	(void)context;
	say(out, is_up(tunnel) && tunnel->active ? ROLE_title : ROLE_text, tunnel->name);
}

void
cell_tunnel_state(const struct table_context *context, const void *row, struct table_cell *out)
{
	(void)context;
	say_state(out, look_of_tunnel(row));
}

/* What it does; for a tunnel that is down, since when. */
void
cell_tunnel_part(const struct table_context *context, const void *row, struct table_cell *out)
{
	const struct model_tunnel *tunnel = row;
	char span[FORMAT_TEXT];

	if (is_up(tunnel))
		say(out, tunnel->active ? ROLE_accent : ROLE_dim, tunnel_part(tunnel));
	else if (tunnel->down_since != 0)
		say(out, ROLE_bad, format_since(context->now, tunnel->down_since, span));
}

/* How its health stands. */
void
cell_tunnel_health(const struct table_context *context, const void *row, struct table_cell *out)
{
	static const struct {
		const char *health, *word;
		enum theme_role role;
	} words[] = {{"ok", "healthy", ROLE_good},
		     {"suspect", "suspect", ROLE_warning},
		     {"failed", "failing", ROLE_bad},
		     {"unknown", "not known", ROLE_dim}};
	const struct model_tunnel *tunnel = row;

	if (tunnel->held_until > context->now) {
		say(out, ROLE_warning, "held back");
		return;
	}
	for (size_t i = 0; i < COUNT_OF(words) && tunnel->health != NULL; i++) {
		if (strcmp(words[i].health, tunnel->health) == 0)
			say(out, words[i].role, words[i].word);
	}
}

/* Its BGP session; where it has none, how its health stands. */
void
cell_tunnel_peer(const struct table_context *context, const void *row, struct table_cell *out)
{
	const struct model_tunnel *tunnel = row;
	const struct model_peer *peer = peer_of_tunnel(context->store, tunnel);
	struct look_of look;

	if (peer != NULL) {
		look = look_of_peer(peer);
		say(out, look.role, look.word);
		return;
	}
	if (tunnel->peer == NULL)
		cell_tunnel_health(context, row, out);
}

void
cell_tunnel_rtt(const struct table_context *context, const void *row, struct table_cell *out)
{
	const struct model_tunnel *tunnel = row;
	char text[FORMAT_TEXT];

	(void)context;
	say(out, isnan(tunnel->rtt_ms) ? ROLE_dim : ROLE_text, format_ms(tunnel->rtt_ms, text));
}

void
cell_tunnel_loss(const struct table_context *context, const void *row, struct table_cell *out)
{
	const struct model_tunnel *tunnel = row;
	double loss = tunnel->loss_percent;
	char text[FORMAT_TEXT];

	(void)context;
	say(out,
	    isnan(loss) || loss < 0.05 ? ROLE_dim
	    : loss < 5                 ? ROLE_warning
				       : ROLE_bad,
	    format_percent(loss, text));
}

static void
say_rate(struct table_cell *out, const struct model_tunnel *tunnel, uint64_t bps)
{
	char text[FORMAT_TEXT];

	if (!is_up(tunnel)) {
		say(out, ROLE_dim, FORMAT_NONE);
		return;
	}
	say(out, tunnel->active && bps > 0 ? ROLE_text : ROLE_dim, format_rate(bps, text));
}

void
cell_tunnel_in(const struct table_context *context, const void *row, struct table_cell *out)
{
	(void)context;
	say_rate(out, row, ((const struct model_tunnel *)row)->rx_bps);
}

void
cell_tunnel_out(const struct table_context *context, const void *row, struct table_cell *out)
{
	(void)context;
	say_rate(out, row, ((const struct model_tunnel *)row)->tx_bps);
}

/* "12 ▼ 1 ▲": accepted from the peer, advertised to it. */
void
cell_tunnel_prefixes(const struct table_context *context, const void *row, struct table_cell *out)
{
	const struct model_peer *peer = peer_of_tunnel(context->store, row);
	char in[FORMAT_TEXT], advertised[FORMAT_TEXT];

	if (peer == NULL || peer->state == NULL || strcmp(peer->state, "Established") != 0)
		return;
	snprintf(out->text, sizeof(out->text), "%s ▼ %s ▲", format_count(peer->accepted, in),
		 format_count(peer->advertised, advertised));
}

void
cell_tunnel_remote(const struct table_context *context, const void *row, struct table_cell *out)
{
	(void)context;
	say(out, ROLE_dim, ((const struct model_tunnel *)row)->remote);
}

void
cell_tunnel_since(const struct table_context *context, const void *row, struct table_cell *out)
{
	const struct model_tunnel *tunnel = row;
	bool up = is_up(tunnel);
	char span[FORMAT_TEXT];

	say(out, up ? ROLE_text : ROLE_dim,
	    format_since(context->now, up ? tunnel->established_at : tunnel->down_since, span));
}

void
cell_tunnel_bfd(const struct table_context *context, const void *row, struct table_cell *out)
{
	const struct model_peer *peer = peer_of_tunnel(context->store, row);

	if (peer != NULL)
		cell_say_bfd(peer, out);
}

/* What went wrong last, and for a tunnel that is not up when it is tried again. */
void
cell_tunnel_error(const struct table_context *context, const void *row, struct table_cell *out)
{
	const struct model_tunnel *tunnel = row;

	out->role = is_up(tunnel) ? ROLE_dim : ROLE_text;
	if (!is_up(tunnel))
		tunnel_trouble(tunnel, context->now, out->text, sizeof(out->text));
	else if (tunnel->last_error.set && tunnel->last_error.text != NULL)
		say(out, ROLE_dim, tunnel->last_error.text);
}
