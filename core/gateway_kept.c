// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What operators said of tunnels and what holds over restarts: disabled, drained, pinned. For each of the
 * three the names of its tunnels stand in a file of the state folder, one a line; it is written anew as a
 * whole beside the old one and then takes its place, so that a crash leaves one or the other. Names that the
 * configuration no longer has are dropped with the next change.
 */
#include "core/gateway_reload_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct {
	const char *file, *event, *word, *end, *lost;
} kinds[GATEWAY_KEPT_KINDS] = {
    [GATEWAY_DISABLED] = {"disabled-tunnels", "tunnel.disabled", "disabled", "enable",
			  "tunnels that were disabled may come up"},
    [GATEWAY_DRAINED] = {"drained-tunnels", "tunnel.drained", "drained", "undrain",
			 "tunnels that were drained may carry"},
    [GATEWAY_PINNED] = {"pinned-tunnels", "tunnel.pinned", "pinned", "auto",
			"traffic that was pinned may go elsewhere"},
};

/* --- reading ----------------------------------------------------------------------------------- */

static void
tell_kept(const struct gateway_tunnel *tunnel, enum gateway_kept kind)
{
	const struct gateway_connection *connection = tunnel->connection;

	gateway_event(tunnel->gateway, "notice", kinds[kind].event, tunnel->config->name,
		      "%s by an operator in an earlier run; 'twinspan %s %s' ends that", kinds[kind].word,
		      kinds[kind].end,
		      kind == GATEWAY_PINNED ? connection->config->name : tunnel->config->name);
}

static void
apply(struct gateway_tunnel *tunnel, enum gateway_kept kind)
{
	struct failover *failover = tunnel->connection->failover;

	tunnel->kept |= 1u << kind;
	switch (kind) {
	case GATEWAY_DISABLED:
		tunnel->disabled = true;
		break;
	case GATEWAY_DRAINED:
		failover_member_drain(failover, tunnel->member, true);
		if (tunnel->peer != NULL)
			bgp_peer_set_graceful_shutdown(tunnel->peer, true);
		break;
	case GATEWAY_PINNED:
		failover_pin(failover, tunnel->member);
		break;
	case GATEWAY_KEPT_KINDS:
		break;
	}
}

static void
load(struct gateway *gateway, enum gateway_kept kind)
{
	char *path = text_format("%s/%s", gateway->options->state_dir, kinds[kind].file), line[256];
	FILE *file = fopen(path, "re");

	if (file == NULL && errno != ENOENT)
		gateway_event(gateway, "warning", "state.unreadable", gateway->config->name, "%s: %s: %s",
			      path, strerror(errno), kinds[kind].lost);
	while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
		struct gateway_tunnel *tunnel;

		line[strcspn(line, "\n")] = '\0';
		tunnel = gateway_tunnel_find(gateway, line);
		if (tunnel == NULL || gateway_is_kept(tunnel, kind))
			continue;
		apply(tunnel, kind);
		tell_kept(tunnel, kind);
	}
	if (file != NULL)
		fclose(file);
	free(path);
}

void
gateway_kept_load(struct gateway *gateway)
{
	for (unsigned kind = 0; kind < GATEWAY_KEPT_KINDS; kind++)
		load(gateway, kind);
}

void
gateway_kept_restore(struct gateway_tunnel *tunnel, unsigned kept)
{
	for (unsigned kind = 0; kind < GATEWAY_KEPT_KINDS; kind++) {
		if (kept & 1u << kind && !gateway_is_kept(tunnel, kind))
			apply(tunnel, kind);
	}
}

bool
gateway_is_kept(const struct gateway_tunnel *tunnel, enum gateway_kept kind)
{
	return (tunnel->kept & 1u << kind) != 0;
}

/* --- writing ----------------------------------------------------------------------------------- */

static bool
write_names(const struct gateway *gateway, enum gateway_kept kind, const char *path, struct error *err)
{
	FILE *file = fopen(path, "we");
	struct text_list names = {0};
	bool good = file != NULL;

	for (size_t i = 0; i < gateway->tunnel_count; i++) {
		if (gateway_is_kept(gateway->tunnels[i], kind))
			text_list_add(&names, gateway->tunnels[i]->config->name);
	}
	/* A reload under way has taken them away, and may make them again. */
	gateway_heritage_kept(gateway, kind, &names);
	for (size_t i = 0; good && i < names.count; i++)
		good = fprintf(file, "%s\n", names.items[i]) > 0;
	text_list_free(&names);
	good = good && fflush(file) == 0 && fsync(fileno(file)) == 0;
	if (!good)
		error_set(err, "can't write %s: %s", path, strerror(errno));
	if (file != NULL && fclose(file) != 0 && good)
		good = error_set(err, "can't write %s: %s", path, strerror(errno));
	return good;
}

static bool
write_kind(const struct gateway *gateway, enum gateway_kept kind, struct error *err)
{
	char *path = text_format("%s/%s", gateway->options->state_dir, kinds[kind].file);
	char *fresh = text_format("%s.new", path);
	bool good = write_names(gateway, kind, fresh, err);

	if (good && rename(fresh, path) != 0)
		good = error_set(err, "can't write %s: %s", path, strerror(errno));
	if (!good)
		unlink(fresh);
	free(fresh);
	free(path);
	return good;
}

/* Of the connection exactly these members. */
static bool
keep_members(struct gateway_connection *connection, enum gateway_kept kind, uint32_t members,
	     struct error *err)
{
	unsigned before[FAILOVER_MEMBERS];
	bool changes = false, good;

	for (unsigned i = 0; i < connection->tunnel_count; i++) {
		struct gateway_tunnel *tunnel = &connection->tunnels[i];

		before[i] = tunnel->kept;
		tunnel->kept = (tunnel->kept & ~(1u << kind)) | (members >> i & 1u) << kind;
		changes |= tunnel->kept != before[i];
	}
	good = !changes || write_kind(connection->gateway, kind, err);
	for (unsigned i = 0; !good && i < connection->tunnel_count; i++)
		connection->tunnels[i].kept = before[i];
	return good;
}

bool
gateway_keep(struct gateway_tunnel *tunnel, enum gateway_kept kind, bool kept, struct error *err)
{
	struct gateway_connection *connection = tunnel->connection;
	uint32_t members = 0;

	for (unsigned i = 0; i < connection->tunnel_count; i++)
		members |= gateway_is_kept(&connection->tunnels[i], kind) ? 1u << i : 0;
	members = kept ? members | 1u << tunnel->member : members & ~(1u << tunnel->member);
	return keep_members(connection, kind, members, err);
}

void
gateway_keep_pin(struct gateway_connection *connection)
{
	struct failover_status status;
	struct error err;
	bool failed;

	failover_status(connection->failover, &status);
	if (status.confirm_until != 0) /* it may turn back */
		return;
	failed = !keep_members(connection, GATEWAY_PINNED,
			       status.pinned_member >= 0 ? 1u << status.pinned_member : 0, &err);
	if (failed && !connection->pin_unkept)
		gateway_event(connection->gateway, "warning", "state.unwritable", connection->config->name,
			      "%s: where traffic is pinned is forgotten when the gateway stops", err.text);
	connection->pin_unkept = failed;
}
