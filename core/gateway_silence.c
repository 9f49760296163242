// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Packets that leave a tunnel while nothing comes in make suspicious (core/health/traffic.h). Questions
 * follow in quick succession, and their silence is the verdict. Where no probe can be trusted (the peer does
 * not answer ICMP) an Established BGP session is the witness: what it says is acknowledged by the peer's TCP,
 * whatever the peer is busy with. Where there is neither, nothing is decided here.
 */
#include "core/gateway_liveness_internal.h"

#include <stdio.h>

#define LOOK_MS 50       /* how often the counters are looked at for silence */
#define LOOK_TUNNELS 256 /* at most, in one turn of the loop: the kernel's plane takes 3 us for each */
#define SILENCE_MS 800   /* packets out and nothing in for so long: suspicion */
#define RECOVERY_MS 2000 /* packets in for so long: no longer dead */
#define HURRY_COUNT 3    /* questions in quick succession, */
#define HURRY_SPACING_MS 200
#define POKE_MS 1000 /* what BGP said must be acknowledged within; RFC 4271 4.4: not more often */

void
silence_forget(struct gateway_tunnel *tunnel)
{
	traffic_init(&tunnel->traffic, SILENCE_MS * 1000, RECOVERY_MS * 1000);
	tunnel->poked_at = 0;
	health_report(tunnel->health, HEALTH_TRAFFIC, HEALTH_UNKNOWN, "");
}

void
silence_hurried(void *context, uint32_t id, bool answered)
{
	struct gateway *gateway = context;
	struct gateway_tunnel *tunnel = gateway_tunnel_by_id(gateway, id);
	usec_t now = clock_monotonic();
	char text[160];

	if (gateway->stopping)
		return;
	if (answered) {
		traffic_answered(&tunnel->traffic, now);
		health_report(tunnel->health, HEALTH_TRAFFIC, HEALTH_UNKNOWN, "");
		return;
	}
	snprintf(text, sizeof(text),
		 "packets leave and nothing came in for %.1f s, nor an answer to %d probes",
		 (double)traffic_silence(&tunnel->traffic, now) / USEC_PER_SEC, HURRY_COUNT);
	if (traffic_unanswered(&tunnel->traffic))
		liveness_probe_failed(tunnel, text);
}

/* Makes the BGP session speak. */
static bool
poke(struct gateway_tunnel *tunnel, usec_t now)
{
	if (tunnel->peer == NULL || !bgp_peer_poke(tunnel->peer))
		return false;
	tunnel->poked_at = now;
	return true;
}

/* BGP is the witness: its TCP has sent the KEEPALIVE some three times when POKE_MS have passed. */
static void
await_poked(struct gateway_tunnel *tunnel, usec_t now)
{
	char text[160];

	if (tunnel->poked_at == 0 || now - tunnel->poked_at < POKE_MS * 1000)
		return;
	if (tunnel->traffic.state == TRAFFIC_DEAD) {
		poke(tunnel, now);
		return;
	}
	snprintf(text, sizeof(text),
		 "packets leave and nothing came in for %.1f s, BGP is not even acknowledged",
		 (double)traffic_silence(&tunnel->traffic, now) / USEC_PER_SEC);
	if (traffic_unanswered(&tunnel->traffic))
		liveness_probe_failed(tunnel, text);
}

static void
ask(struct gateway_tunnel *tunnel, usec_t now)
{
	const struct config_health *health = &tunnel->config->health;
	usec_t interval = (usec_t)(health->enabled ? health->interval_ms : SLOW_PROBE_MS) * 1000;
	struct prober_status status;
	bool pause = tunnel->poked_at != 0 && now - tunnel->poked_at < POKE_MS * 1000;
	char text[120];

	if (prober_status(tunnel->gateway->prober, tunnel->config->id, &status) &&
	    traffic_witness(&tunnel->traffic, status.answer_at, interval)) {
		tunnel->poked_at = 0;
		prober_hurry(tunnel->gateway->prober, tunnel->config->id, HURRY_COUNT, HURRY_SPACING_MS);
	} else if (pause || !poke(tunnel, now)) {
		traffic_answered(&tunnel->traffic, now); /* nobody who could be asked now */
		return;
	}
	snprintf(text, sizeof(text), "packets leave and nothing came in for %.1f s",
		 (double)traffic_silence(&tunnel->traffic, now) / USEC_PER_SEC);
	health_report(tunnel->health, HEALTH_TRAFFIC, HEALTH_SUSPECT, text);
}

/* A configured probe has thresholds of its own. That it fails may be its target's fault, and then other
 * packets that come in don't make it good; that it is answered again may be all that comes in, and seldom. */
static enum health_verdict
probe_says(const struct gateway_tunnel *tunnel)
{
	const struct config_health *health = &tunnel->config->health;
	struct prober_status status;

	if (!health->enabled || !prober_status(tunnel->gateway->prober, tunnel->config->id, &status))
		return HEALTH_UNKNOWN;
	if (status.verdict == HEALTH_FAILED)
		return HEALTH_FAILED;
	return status.hits >= health->recover ? HEALTH_OK : HEALTH_UNKNOWN;
}

static void
recovered(struct gateway_tunnel *tunnel, const char *text)
{
	silence_forget(tunnel);
	if (probe_says(tunnel) != HEALTH_FAILED)
		liveness_probe_recovered(tunnel, text);
}

static void
look(struct gateway_tunnel *tunnel, usec_t now)
{
	struct gateway *gateway = tunnel->gateway;
	struct dataplane_counters counters;
	struct traffic_counters seen;

	if (!gateway->plane_ops->tunnel_counters(gateway->plane, tunnel->config->id, &counters))
		return;
	seen = (struct traffic_counters){
	    .tx_packets = counters.tx_packets,
	    .rx_packets = counters.rx_packets,
	    .last_tx = (usec_t)counters.last_tx,
	    .last_rx = (usec_t)counters.last_rx,
	};
	switch (traffic_look(&tunnel->traffic, &seen, now)) {
	case TRAFFIC_NOTHING:
		if (tunnel->traffic.state == TRAFFIC_DEAD && probe_says(tunnel) == HEALTH_OK)
			recovered(tunnel, "probes are answered again");
		else if (tunnel->traffic.state != TRAFFIC_QUIET)
			await_poked(tunnel, now);
		break;
	case TRAFFIC_ASK:
		ask(tunnel, now);
		break;
	case TRAFFIC_CLEARED:
		health_report(tunnel->health, HEALTH_TRAFFIC, HEALTH_UNKNOWN, "");
		break;
	case TRAFFIC_RECOVERED:
		recovered(tunnel, "packets come in again");
		break;
	}
}

/* Each tunnel is looked at every LOOK_MS; where there are many, some in each turn. */
static void
on_look(uv_timer_t *timer)
{
	struct gateway *gateway = timer->data;
	size_t count = gateway->tunnel_count, turns = (count + LOOK_TUNNELS - 1) / LOOK_TUNNELS;
	usec_t now = clock_monotonic();

	turns = turns == 0 ? 1 : turns > LOOK_MS ? LOOK_MS : turns;
	for (size_t left = (count + turns - 1) / turns; left > 0; left--) {
		size_t i = gateway->looked_at++ % count;

		if (gateway->tunnels[i]->live)
			look(gateway->tunnels[i], now);
	}
	uv_timer_set_repeat(timer, LOOK_MS / turns);
}

void
silence_watch(struct gateway *gateway)
{
	uv_timer_start(&gateway->looking, on_look, LOOK_MS, LOOK_MS);
}
