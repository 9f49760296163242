// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of panels, and what a row is called when a command needs a name. */
#include "tui/panel.h"

#include <string.h>

#include "tui/panels/panels.h"

const struct panel_ops *const panels[] = {&panel_overview,
					  &panel_tunnels,
					  &panel_peers,
					  &panel_routes,
					  &panel_received,
					  &panel_advertised,
					  &panel_events,
					  &panel_usage,
					  &panel_sites,
					  &panel_gateway,
					  &panel_plugins,
					  &panel_history,
					  &panel_usage_days,
					  &panel_policy,
					  &panel_changes,
					  &panel_collectors,
					  NULL};

const struct panel_ops *
panel_of_kind(enum model_kind kind)
{
	for (size_t i = 0; panels[i] != NULL; i++) {
		if (panels[i]->kind == kind)
			return panels[i];
	}
	return NULL;
}

/* The name of an object that a row only mentions, where it is one of that kind. */
static const char *
mentioned(const struct model_store *store, enum model_kind wanted, enum model_kind kind, const void *row)
{
	const char *name = NULL;

	switch (kind) {
	case MODEL_KIND_EVENT:
		name = ((const struct model_event *)row)->subject;
		break;
	case MODEL_KIND_RECEIVED:
		name = ((const struct model_received *)row)->peer;
		break;
	case MODEL_KIND_ROUTE_CHANGE:
		name = ((const struct model_route_change *)row)->peer;
		break;
	case MODEL_KIND_POLICY:
		name = ((const struct model_policy *)row)->peer;
		break;
	case MODEL_KIND_ADVERTISED:
		name = ((const struct model_advertised *)row)->peer;
		break;
	case MODEL_KIND_USAGE:
	case MODEL_KIND_USAGE_DAY:
		name = ((const struct model_usage *)row)->connection;
		break;
	case MODEL_KIND_HISTORY:
		name = ((const struct model_history *)row)->name;
		break;
	default:
		break;
	}
	return name != NULL && model_store_get(store, wanted, name) != NULL ? name : NULL;
}

/* The tunnel that a row is, or hangs on. */
static const char *
tunnel_name(const struct model_store *store, enum model_kind kind, const void *row)
{
	switch (kind) {
	case MODEL_KIND_TUNNEL:
		return ((const struct model_tunnel *)row)->name;
	case MODEL_KIND_PEER:
		return ((const struct model_peer *)row)->tunnel;
	case MODEL_KIND_ROUTE:
		return ((const struct model_route *)row)->tunnel;
	default:
		return mentioned(store, MODEL_KIND_TUNNEL, kind, row);
	}
}

static const char *
connection_name(const struct model_store *store, enum model_kind kind, const void *row)
{
	const char *name = tunnel_name(store, kind, row);
	const struct model_tunnel *tunnel;

	if (kind == MODEL_KIND_CONNECTION)
		return ((const struct model_connection *)row)->name;
	if (kind == MODEL_KIND_TUNNEL)
		return ((const struct model_tunnel *)row)->connection;
	if (name == NULL && kind == MODEL_KIND_ROUTE)
		return ((const struct model_route *)row)->connection;
	if (name == NULL)
		return mentioned(store, MODEL_KIND_CONNECTION, kind, row);
	tunnel = name != NULL ? model_store_get(store, MODEL_KIND_TUNNEL, name) : NULL;
	return tunnel != NULL ? tunnel->connection : NULL;
}

static const char *
peer_name(const struct model_store *store, enum model_kind kind, const void *row)
{
	const char *name = tunnel_name(store, kind, row);
	const struct model_tunnel *tunnel;

	if (kind == MODEL_KIND_PEER)
		return ((const struct model_peer *)row)->name;
	if (name == NULL)
		return mentioned(store, MODEL_KIND_PEER, kind, row);
	tunnel = name != NULL ? model_store_get(store, MODEL_KIND_TUNNEL, name) : NULL;
	return tunnel != NULL ? tunnel->peer : NULL;
}

/* What can be explained: a prefix where the row has one, a peer of its own by its address. */
static const char *
target_name(const struct model_store *store, enum model_kind kind, const void *row)
{
	switch (kind) {
	case MODEL_KIND_ROUTE:
		return ((const struct model_route *)row)->prefix;
	case MODEL_KIND_RECEIVED:
		return ((const struct model_received *)row)->prefix;
	case MODEL_KIND_ADVERTISED:
		return ((const struct model_advertised *)row)->prefix;
	case MODEL_KIND_ROUTE_CHANGE:
		return ((const struct model_route_change *)row)->prefix;
	default:
		break;
	}
	if (tunnel_name(store, kind, row) != NULL)
		return tunnel_name(store, kind, row);
	return kind == MODEL_KIND_PEER ? ((const struct model_peer *)row)->remote_address
				       : connection_name(store, kind, row);
}

/* What the row's events and routes are filed under. */
static const char *
subject_name(const struct model_store *store, enum model_kind kind, const void *row)
{
	const char *name = kind == MODEL_KIND_EVENT  ? ((const struct model_event *)row)->subject
			   : kind == MODEL_KIND_PEER ? ((const struct model_peer *)row)->name
						     : tunnel_name(store, kind, row);

	if (name == NULL)
		name = connection_name(store, kind, row);
	return name != NULL ? name : peer_name(store, kind, row);
}

bool
panel_argument_kind(enum command_argument_kind argument, enum model_kind *out)
{
	switch (argument) {
	case COMMAND_ARGUMENT_TUNNEL:
		*out = MODEL_KIND_TUNNEL;
		return true;
	case COMMAND_ARGUMENT_CONNECTION:
		*out = MODEL_KIND_CONNECTION;
		return true;
	case COMMAND_ARGUMENT_PEER:
		*out = MODEL_KIND_PEER;
		return true;
	default:
		return false;
	}
}

const char *
panel_argument(const struct model_store *store, enum model_kind kind, const void *row,
	       enum command_argument_kind argument)
{
	if (row == NULL)
		return NULL;
	switch (argument) {
	case COMMAND_ARGUMENT_TUNNEL:
		return tunnel_name(store, kind, row);
	case COMMAND_ARGUMENT_CONNECTION:
		return connection_name(store, kind, row);
	case COMMAND_ARGUMENT_PEER:
		return peer_name(store, kind, row);
	case COMMAND_ARGUMENT_TARGET:
		return target_name(store, kind, row);
	case COMMAND_ARGUMENT_SUBJECT:
		return subject_name(store, kind, row);
	default:
		return NULL;
	}
}
