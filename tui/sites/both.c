// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The far end of a tunnel is found among the tunnels of all other sites: the security associations are the
 * surest sign (what one side receives by is what the other sends by), then the outside addresses, each side's
 * being the other's, then the inside ones. Those are private, and may be in use more than once: where nothing
 * but them speaks for two tunnels, neither is taken for the far end.
 */
#include "tui/sites/both.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/format.h"
#include "tui/panels/text.h"
#include "tui/sites/fleet.h"

#define MOST_TUNNELS 2 /* of a connection */
#define LABEL 15
#define MARK 3
#define VALUE 27 /* columns of each side */

/* A tunnel there. */
struct far_end {
	size_t site; /* of the fleet */
	const struct model_tunnel *tunnel;
	bool unsure; /* another one may as well be it */
};

#define POINTS_INSIDE 1

/* --- finding it -------------------------------------------------------------------------------- */

static bool
same(const char *a, const char *b)
{
	return a != NULL && b != NULL && a[0] != '\0' && strcmp(a, b) == 0;
}

/* How surely these two are the ends of one tunnel; 0: they are not. */
static int
likeness(const struct model_tunnel *here, const struct model_tunnel *there)
{
	int points = 0;

	if (same(here->spi_in, there->spi_out) && same(here->spi_out, there->spi_in))
		points += 4;
	if (same(here->local, there->remote) && same(here->remote, there->local))
		points += 2;
	if (same(here->inside_local, there->inside_remote) && same(here->inside_remote, there->inside_local))
		points += POINTS_INSIDE;
	return points;
}

static bool
find_far_end(struct fleet *fleet, size_t here, const struct model_tunnel *tunnel, struct far_end *out)
{
	int best = 0;

	for (size_t i = 0; i < fleet_count(fleet); i++) {
		const struct model_store *store = fleet_at(fleet, i)->scene.store;

		for (size_t k = 0; i != here && k < model_store_count(store, MODEL_KIND_TUNNEL); k++) {
			const struct model_tunnel *other = model_store_at(store, MODEL_KIND_TUNNEL, k);
			int points = likeness(tunnel, other);

			out->unsure |= points == best && best == POINTS_INSIDE;
			if (points <= best)
				continue;
			best = points;
			*out = (struct far_end){.site = i, .tunnel = other};
		}
	}
	return best > 0 && !out->unsure;
}

/* The beginning of the sentence: a site that is not connected may well be the one. */
static const char *
no_far_end(struct fleet *fleet, const struct far_end *far)
{
	if (far->unsure)
		return "more than one tunnel of other sites may be";
	for (size_t i = FLEET_HOME + 1; i < fleet_count(fleet); i++) {
		if (!fleet_at(fleet, i)->ever_live)
			return "no site that is connected is";
	}
	return "no site of ours is";
}

/* The tunnels of a connection here. */
static size_t
tunnels_of(const struct model_store *store, const char *connection, const struct model_tunnel **out)
{
	size_t count = 0;

	for (size_t i = 0; i < model_store_count(store, MODEL_KIND_TUNNEL) && count < MOST_TUNNELS; i++) {
		const struct model_tunnel *tunnel = model_store_at(store, MODEL_KIND_TUNNEL, i);

		if (same(tunnel->connection, connection))
			out[count++] = tunnel;
	}
	return count;
}

/* --- the page ---------------------------------------------------------------------------------- */

enum agreement {
	AGREE,  /* both say the same of the same thing */
	MIRROR, /* what is here for one is there for the other */
	BESIDE  /* each its own; nothing to compare */
};

/* What is compared: fields of the kind, by their path. */
struct pair {
	const char *label, *here, *there;
	enum agreement agreement;
};

static const struct pair tunnel_pairs[] = {
    {"State", "state", "state", AGREE},
    {"Carries", "active", "active", AGREE},
    {"Health", "health", "health", AGREE},
    {"IKE", "ike_state", "ike_state", AGREE},
    {"Child SA", "child_state", "child_state", AGREE},
    {"IKE version", "ike_version", "ike_version", AGREE},
    {"IKE suite", "ike_proposal", "ike_proposal", AGREE},
    {"ESP suite", "esp_proposal", "esp_proposal", AGREE},
    {"Identity", "local_id", "remote_id", MIRROR},
    {"Its identity", "remote_id", "local_id", MIRROR},
    {"NAT", "nat", "nat", AGREE},
    {"Encapsulated", "encap", "encap", AGREE},
    {"Inside", "inside_local", "inside_remote", MIRROR},
    {"SPI in → out", "spi_in", "spi_out", MIRROR},
    {"SPI out → in", "spi_out", "spi_in", MIRROR},
    {"MTU", "mtu", "mtu", AGREE},
    {"Outside", "local", "local", BESIDE},
    {"RTT, ms", "rtt_ms", "rtt_ms", BESIDE},
    {"Loss, %", "loss_percent", "loss_percent", BESIDE},
    {"Packets →", "tx_packets", "rx_packets", BESIDE},
    {"Packets ←", "rx_packets", "tx_packets", BESIDE},
    {"Lost on the way", "rx_lost", "rx_lost", BESIDE},
    {"Rekeys", "rekeys", "rekeys", BESIDE},
    {"Last error", "last_error.text", "last_error.text", BESIDE},
};

static const struct pair peer_pairs[] = {
    {"BGP", "state", "state", AGREE},
    {"AS", "local_asn", "remote_asn", MIRROR},
    {"Its AS", "remote_asn", "local_asn", MIRROR},
    {"Hold time", "hold_seconds", "hold_seconds", AGREE},
    {"BFD", "bfd.state", "bfd.state", AGREE},
    {"Prefixes →", "advertised", "received", MIRROR},
    {"Prefixes ←", "received", "advertised", MIRROR},
    {"Taken", "accepted", "accepted", BESIDE},
};

/* Lives as long as its page. */
struct both {
	struct app *app;
	char connection[128];
};

static const char untold[] = FORMAT_UNTOLD;

/* A field by its path, whether its gateway tells of it. */
static bool
is_told(enum model_kind kind, const char *path, uint64_t told)
{
	char first[48];
	int field;

	snprintf(first, sizeof(first), "%.*s", (int)strcspn(path, "."), path);
	field = model_field_find(model_kind_info(kind)->shape, first);
	return field >= 0 && (told >> field & 1) != 0;
}

static const char *
value_of(enum model_kind kind, const char *path, const void *row, uint64_t told, char *out, size_t size)
{
	struct model_field field;

	if (row == NULL || !model_field_path(model_kind_info(kind)->shape, path, &field))
		return "·";
	if (!is_told(kind, path, told))
		return untold;
	model_field_text(&field, row, out, size);
	return out[0] != '\0' ? out : "·";
}

/* A pair, and the rows that it compares. */
struct comparison {
	const struct pair *pair;
	const char *left, *right; /* "·": not known; "-": not told by an older gateway */
	bool known, differ, untold;
	char a[200], b[200];
};

/* One side of it. */
struct view {
	const struct model_store *store;
	const void *row; /* NULL: there is none */
};

static void
compare(struct comparison *out, enum model_kind kind, const struct pair *pair, struct view here,
	struct view there)
{
	out->pair = pair;
	out->left =
	    value_of(kind, pair->here, here.row, model_store_told(here.store, kind), out->a, sizeof(out->a));
	out->right = value_of(kind, pair->there, there.row, model_store_told(there.store, kind), out->b,
			      sizeof(out->b));
	out->untold = out->left == untold || out->right == untold;
	out->known = here.row != NULL && there.row != NULL && !out->untold && strcmp(out->left, "·") != 0 &&
		     strcmp(out->right, "·") != 0;
	out->differ = pair->agreement != BESIDE && out->known && strcmp(out->left, out->right) != 0;
}

/* One line, or two where the values are long. */
static void
add_pair(struct panel *page, const struct comparison *it)
{
	char text[480];
	int pad = VALUE - text_columns(it->left);

	if (strcmp(it->left, "·") == 0 && strcmp(it->right, "·") == 0)
		return;
	if (!it->differ && it->known && it->pair->agreement == AGREE && text_columns(it->left) > VALUE)
		snprintf(text, sizeof(text), "%s (both)", it->left);
	else if (pad < 0 || text_columns(it->right) > VALUE)
		snprintf(text, sizeof(text), "%s\n%*s%s", it->left, VALUE + 2, "", it->right);
	else
		snprintf(text, sizeof(text), "%s%*s  %s", it->left, pad, "", it->right);
	text_panel_row(page, &(struct text_row){.label = it->pair->label,
						.mark = it->differ ? "≠" : " ",
						.text = text,
						.label_cols = LABEL + 2,
						.mark_cols = MARK,
						.mark_role = ROLE_bad,
						.role = it->differ ? ROLE_warning : ROLE_text});
}

/* What they disagree about comes first: the page is longer than a screen. */
static void
add_verdict(struct panel *page, const struct comparison *all, size_t count)
{
	char names[200] = "";
	size_t length = 0;

	for (size_t i = 0; i < count; i++) {
		if (all[i].differ && length < sizeof(names))
			length += (size_t)snprintf(names + length, sizeof(names) - length, "%s%s",
						   length > 0 ? ", " : "", all[i].pair->label);
	}
	if (length == 0)
		text_panel_print(page, ROLE_good, "  ● both sides agree");
	else
		text_panel_print(page, ROLE_warning, "  ≠ the two sides see differently: %s", names);
}

/* The legend of "-". */
static void
add_untold(struct panel *page, const struct comparison *all, size_t count)
{
	bool any = false;

	for (size_t i = 0; i < count; i++)
		any |= all[i].untold;
	if (any)
		text_panel_print(page, ROLE_dim,
				 "  " FORMAT_UNTOLD " is what the older of the two gateways does not tell");
}

static const struct model_peer *
peer_of(const struct model_store *store, const struct model_tunnel *tunnel)
{
	return tunnel->peer != NULL ? model_store_get(store, MODEL_KIND_PEER, tunnel->peer) : NULL;
}

static void
add_heads(struct panel *page, const char *here, const char *there)
{
	int pad = VALUE - text_columns(here);
	char text[400];

	snprintf(text, sizeof(text), "%s%*s  %s", here, pad > 0 ? pad : 0, "", there);
	text_panel_row(page, &(struct text_row){.label = "",
						.mark = " ",
						.text = text,
						.label_cols = LABEL + 2,
						.mark_cols = MARK,
						.role = ROLE_title});
}

static void
add_tunnel(struct both *both, struct panel *page, const struct model_tunnel *tunnel)
{
	struct app *app = both->app;
	struct far_end far = {0};
	const struct model_peer *here, *there;
	const struct fleet_site *site;
	struct comparison all[COUNT_OF(tunnel_pairs) + COUNT_OF(peer_pairs)];
	size_t count = 0;
	char head[160], own[160];

	if (!find_far_end(app->fleet, app->site, tunnel, &far)) {
		text_panel_print(page, ROLE_title, "%s", tunnel->name);
		text_panel_print(page, ROLE_dim, "  %s its other end%s", no_far_end(app->fleet, &far),
				 fleet_count(app->fleet) < 2 ? ": console.yaml has no sites" : "");
		return;
	}
	fleet_turn_to(app->fleet, far.site); /* in brief its figures would be old */
	site = fleet_at(app->fleet, far.site);
	snprintf(head, sizeof(head), "%s %s", fleet_name(site), far.tunnel->name);
	snprintf(own, sizeof(own), "%s %s", fleet_name(fleet_at(app->fleet, app->site)), tunnel->name);
	add_heads(page, own, head);
	if (site->state != CONTROL_LIVE)
		text_panel_print(page, ROLE_bad, "  ? %s is not reached: its side is as it was last heard",
				 fleet_name(site));
	here = peer_of(app->scene.store, tunnel);
	there = peer_of(site->scene.store, far.tunnel);
	for (size_t i = 0; i < COUNT_OF(tunnel_pairs); i++)
		compare(&all[count++], MODEL_KIND_TUNNEL, &tunnel_pairs[i],
			(struct view){app->scene.store, tunnel},
			(struct view){site->scene.store, far.tunnel});
	for (size_t i = 0; i < COUNT_OF(peer_pairs) && (here != NULL || there != NULL); i++)
		compare(&all[count++], MODEL_KIND_PEER, &peer_pairs[i], (struct view){app->scene.store, here},
			(struct view){site->scene.store, there});
	add_verdict(page, all, count);
	add_untold(page, all, count);
	for (size_t i = 0; i < count; i++)
		add_pair(page, &all[i]);
}

static void
fill(struct panel *page, struct both *both)
{
	const struct model_tunnel *tunnels[MOST_TUNNELS];
	size_t count = tunnels_of(both->app->scene.store, both->connection, tunnels);

	text_panel_clear(page);
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			text_panel_add(page, ROLE_text, "");
		add_tunnel(both, page, tunnels[i]);
	}
	if (count == 0)
		text_panel_print(page, ROLE_dim, "%s is gone", both->connection);
}

static void
on_tick(struct panel *page, void *context)
{
	fill(page, context);
}

/* Only the page needs the figures of a site that one is not at. */
static void
on_close(void *context)
{
	struct both *both = context;

	for (size_t i = 0; i < fleet_count(both->app->fleet); i++) {
		if (i != both->app->site)
			fleet_turn_from(both->app->fleet, i);
	}
	free(both);
}

static const struct text_source source = {.tick = on_tick, .close = on_close};

static void
open_page(struct app *app, const char *connection)
{
	struct both *both = memory_zeroed(1, sizeof(*both));
	struct panel *page;
	char title[160];

	both->app = app;
	snprintf(both->connection, sizeof(both->connection), "%s", connection);
	snprintf(title, sizeof(title), "both ends → %s", both->connection);
	page = text_panel(&app->scene, title, MODEL_KIND_CONNECTION, both->connection);
	text_panel_source(page, &source, both);
	fill(page, both);
	navigation_leave(app);
	app_push_panel(app, page);
}

bool
both_is_page(const struct panel *panel)
{
	return text_panel_context(panel, &source) != NULL;
}

/* --- moving both ------------------------------------------------------------------------------- */

/* The tunnel that traffic is to go to: the one that does not carry. */
static const struct model_tunnel *
other_tunnel(const struct model_tunnel *const *tunnels, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!tunnels[i]->active)
			return tunnels[i];
	}
	return NULL;
}

static void
move_both(struct app *app, const char *connection)
{
	const struct model_tunnel *tunnels[MOST_TUNNELS], *to;
	size_t count = tunnels_of(app->scene.store, connection, tunnels);
	struct far_end far = {0};
	struct text_list sites = {0};
	json_t *all;

	to = other_tunnel(tunnels, count);
	if (to == NULL) {
		app_say(app, ROLE_warning, "%s has no tunnel that stands by", connection);
		return;
	}
	if (!find_far_end(app->fleet, app->site, to, &far)) {
		app_say(app, ROLE_warning, "%s the other end of %s: s moves this end",
			no_far_end(app->fleet, &far), to->name);
		return;
	}
	all = json_pack("[{s:s, s:s}, {s:s, s:s}]", "connection", connection, "tunnel", to->name,
			"connection", far.tunnel->connection, "tunnel", far.tunnel->name);
	text_list_add(&sites, fleet_row(app->fleet, app->site));
	text_list_add(&sites, fleet_row(app->fleet, far.site));
	sheet_together(app, command_find("switchover"), all, &sites);
	text_list_free(&sites);
}

bool
both_command(struct app *app, const char *command, const char *connection)
{
	if (app->fleet == NULL || connection == NULL)
		return false;
	if (strcmp(command, "both-ends") == 0)
		open_page(app, connection);
	else if (strcmp(command, "both-switchover") == 0)
		move_both(app, connection);
	else
		return false;
	return true;
}
