// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Offers tunnels that can carry to failover, but for one that came and went too often: that is held back for
 * a while (core/health/damping.h), unless it is needed.
 */
#include "core/gateway_liveness_internal.h"

static void
offer(struct gateway_tunnel *tunnel, const char *cause)
{
	struct gateway_connection *connection = tunnel->connection;
	struct damping_member members[FAILOVER_MEMBERS];
	struct failover_status status;
	bool held;

	failover_status(connection->failover, &status);
	for (unsigned i = 0; i < connection->tunnel_count; i++)
		members[i] = (struct damping_member){.able = connection->tunnels[i].able,
						     .waits = connection->tunnels[i].held_back,
						     .carries = (status.active & 1u << i) != 0};
	held = damping_holds_back(&tunnel->damping, members, connection->tunnel_count, tunnel->member,
				  clock_monotonic());
	if (held && !tunnel->held_back)
		gateway_event(
		    tunnel->gateway, "warning", "tunnel.damped", tunnel->config->name,
		    "failed too often: it carries nothing for %d s unless the other tunnel fails too",
		    (int)(damping_left(&tunnel->damping, clock_monotonic()) / USEC_PER_SEC));
	tunnel->held_back = held;
	/* in whole seconds, so that it changes only when it does */
	tunnel->row.held_until = held ? (clock_wall() + damping_left(&tunnel->damping, clock_monotonic())) /
					    USEC_PER_SEC * USEC_PER_SEC
				      : 0;
	failover_member_usable(tunnel->connection->failover, tunnel->member, tunnel->able && !held, cause);
}

/* Tunnels that are held back may be needed, or may no longer be. */
static void
offer_others(struct gateway_tunnel *tunnel)
{
	for (unsigned i = 0; i < tunnel->connection->tunnel_count; i++) {
		struct gateway_tunnel *other = &tunnel->connection->tunnels[i];

		if (other != tunnel && other->held_back)
			offer(other, "the other tunnel failed");
	}
}

void
gateway_liveness_offer(struct gateway_tunnel *tunnel, bool able, const char *cause)
{
	bool failed = tunnel->able && !able;

	tunnel->able = able;
	if (failed && !tunnel->disabled && !tunnel->excused)
		damping_failed(&tunnel->damping, clock_monotonic());
	tunnel->excused = false;
	if (failed)
		offer_others(tunnel);
	offer(tunnel, cause);
}

void
gateway_liveness_excuse(struct gateway_tunnel *tunnel)
{
	if (tunnel != NULL)
		tunnel->excused = tunnel->able;
}

bool
gateway_liveness_auto(struct gateway_connection *connection)
{
	bool any = false;

	for (unsigned i = 0; i < connection->tunnel_count; i++) {
		struct gateway_tunnel *tunnel = &connection->tunnels[i];

		any |= tunnel->held_back;
		damping_clear(&tunnel->damping);
		offer(tunnel, "let go by an operator");
		liveness_publish(tunnel);
	}
	return any;
}

void
damping_tick(struct gateway_tunnel *tunnel)
{
	if (tunnel->held_back && !damping_held(&tunnel->damping, clock_monotonic()))
		offer(tunnel, "no longer held back");
}
