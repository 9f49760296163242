// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A move of traffic as the world sees it: the `move` of a connection's row, as failover watches it. While a
 * move is under way it changes some ten times a second; only this row is put into the store then.
 */
#include "core/gateway_operator_internal.h"

static const char *
tunnel_name(const struct gateway_connection *connection, int member)
{
	return member >= 0 && (unsigned)member < connection->tunnel_count
		   ? connection->tunnels[member].config->name
		   : NULL;
}

void
gateway_move_publish(void *context)
{
	static const char *const phases[] = {[FAILOVER_MOVING] = "moving",
					     [FAILOVER_OURS_MOVED] = "ours_moved",
					     [FAILOVER_DONE] = "done",
					     [FAILOVER_FAILED] = "failed"};
	struct gateway_connection *connection = context;
	struct model_move *move = &connection->row.move;
	struct failover_progress progress;

	if (connection->failover == NULL) /* still being made */
		return;
	failover_progress(connection->failover, &progress);
	move->set = progress.set;
	if (!progress.set)
		return;
	model_set(&move->kind, progress.kind);
	model_set(&move->from, tunnel_name(connection, progress.from));
	model_set(&move->to, tunnel_name(connection, progress.to));
	model_set(&move->phase, phases[progress.phase]);
	move->began_at = progress.began_at;
	move->ours_at = progress.ours_at;
	move->theirs_at = progress.theirs_at;
	move->done_at = progress.done_at;
	move->ours_percent = progress.ours_percent;
	move->theirs_percent = progress.theirs_percent;
	move->rx_packets = progress.rx_packets;
	move->tx_packets = progress.tx_packets;
	move->rx_lost = progress.rx_lost != FAILOVER_NOT_COUNTED ? progress.rx_lost : MODEL_UINT_UNSET;
	move->took_ms = progress.took_ms;
	move->outage_ms = progress.outage_ms;
	model_set(&move->result, progress.done_at != 0 ? progress.text : NULL);
	model_store_put(connection->gateway->store, MODEL_KIND_CONNECTION, &connection->row);
}
