// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Liveness: BFD, probes and the tunnels' own traffic, turned into words for health and, where these say that
 * a tunnel is dead, into a failover at once.
 *
 * BFD: a session for every tunnel that is configured for it, while its child SA is up. Down after Up is the
 * verdict and closes the BGP session too (RFC 5882 4.3); a session that never was Up, or that the peer
 * switched off, has no say (RFC 5882 3.2, 4.3.2).
 *
 * Probes: every tunnel with an inside address is asked, by the configured probe, whose thresholds decide, or
 * by a slow ICMP echo that only feeds the figures.
 *
 * Traffic: packets that leave while nothing comes in make suspicious (core/health/traffic.h). Questions
 * follow in quick succession, and their silence is the verdict. Where no probe can be trusted (the peer does
 * not answer ICMP) an Established BGP session is the witness: what it says is acknowledged by the peer's TCP,
 * whatever the peer is busy with. Where there is neither, nothing is decided here.
 *
 * Routes move before anything else is done or told. Then IKE asks the peer for a sign of life, so that an SA
 * that only this side still has does not stand in the way until dead-peer detection's timers have run.
 */
#include "core/gateway_internal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define LOOK_MS 50       /* how often the counters are looked at for silence */
#define SILENCE_MS 800   /* packets out and nothing in for so long: suspicion */
#define RECOVERY_MS 2000 /* packets in for so long: no longer dead */
#define HURRY_COUNT 3    /* questions in quick succession, */
#define HURRY_SPACING_MS 200
#define POKE_MS 1000       /* what BGP said must be acknowledged within; RFC 4271 4.4: not more often */
#define SLOW_PROBE_MS 1000 /* the probe of tunnels that have none in the configuration */

static unsigned
family_of(const struct config_tunnel *config)
{
	return ip_address_is_set(&config->inside[0].address) ? 0 : 1;
}

static void
publish(struct gateway_tunnel *tunnel)
{
	gateway_tunnel_publish(tunnel);
	gateway_connection_publish(tunnel->connection);
}

/* --- what it means for the tunnel's use -------------------------------------------------------- */

bool
gateway_liveness_allows(const struct gateway_tunnel *tunnel)
{
	enum health_verdict verdict;

	if (health_source_says(tunnel->health, HEALTH_BFD, &verdict, NULL, NULL) && verdict == HEALTH_FAILED)
		return false;
	return !health_source_says(tunnel->health, HEALTH_PROBE, &verdict, NULL, NULL) ||
	       verdict != HEALTH_FAILED;
}

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
		publish(tunnel);
	}
	return any;
}

/*
 * The tunnel was found dead while its SAs stand. IKE asks the peer at once: one that was restarted has no
 * such SA and is dialled anew, one that answers keeps its SAs.
 */
static void
doubt(const struct gateway_tunnel *tunnel)
{
	if (tunnel->child_up && !gateway_liveness_allows(tunnel))
		ike_tunnel_probe(tunnel->gateway->ike, tunnel->config->id);
}

/* --- BFD --------------------------------------------------------------------------------------- */

static void
bfd_went_up(struct gateway_tunnel *tunnel)
{
	health_report(tunnel->health, HEALTH_BFD, HEALTH_OK, "BFD is Up");
	gateway_tunnel_judge(tunnel, "BFD is Up");
	gateway_event(tunnel->gateway, "info", "bfd.up", tunnel->config->name, "BFD is Up");
}

static void
bfd_went_down(struct gateway_tunnel *tunnel, const struct bfd_status *status)
{
	char text[120];

	if (status->remote_state == BFD_ADMIN_DOWN) {
		health_report(tunnel->health, HEALTH_BFD, HEALTH_UNKNOWN, "");
		gateway_event(tunnel->gateway, "info", "bfd.down", tunnel->config->name,
			      "the peer switched BFD off");
		return;
	}
	snprintf(text, sizeof(text), "BFD down: %s", bfd_diagnostic_text(status->diagnostic));
	health_report(tunnel->health, HEALTH_BFD, HEALTH_FAILED, text);
	gateway_tunnel_judge(tunnel, text);
	doubt(tunnel);
	if (tunnel->peer != NULL) {
		bgp_peer_stop(tunnel->peer, text);
		bgp_peer_start(tunnel->peer);
	}
	gateway_event(tunnel->gateway, "warning", "bfd.down", tunnel->config->name, "%s", text);
}

static void
on_bfd(void *context, uint32_t id, const struct bfd_status *status)
{
	struct gateway *gateway = context;
	struct gateway_tunnel *tunnel = gateway_tunnel_by_id(gateway, id);
	bool was_up = tunnel->bfd_state == BFD_UP;

	if (gateway->stopping)
		return;
	tunnel->bfd_state = status->state;
	if (status->state == BFD_UP && !was_up)
		bfd_went_up(tunnel);
	else if (status->state != BFD_UP && was_up)
		bfd_went_down(tunnel, status);
	gateway_peer_publish(tunnel);
	publish(tunnel);
}

void
gateway_liveness_fill_peer(const struct gateway_tunnel *tunnel, struct model_peer *row)
{
	struct bfd_status status;

	if (tunnel->gateway->bfd == NULL || !tunnel->config->bfd.enabled)
		return;
	row->bfd.set = true;
	row->bfd.interval_ms = tunnel->config->bfd.interval_ms;
	row->bfd.multiplier = tunnel->config->bfd.multiplier;
	model_set(&row->bfd.state, bfd_state_name(BFD_DOWN));
	if (!bfd_session_status(tunnel->gateway->bfd, tunnel->config->id, &status))
		return;
	model_set(&row->bfd.state, bfd_state_name(status.state));
	row->bfd.interval_ms = (status.transmit_us + 500) / 1000;
	if (status.state == BFD_UP && status.multiplier != 0)
		row->bfd.multiplier = status.multiplier;
}

static void
start_bfd(struct gateway_tunnel *tunnel)
{
	const struct config_tunnel *config = tunnel->config;
	unsigned family = family_of(config);
	struct bfd_session_config session = {
	    .interface = tunnel->interface,
	    .local = config->inside[family].address,
	    .remote = config->inside_remote[family],
	    .interval_ms = config->bfd.interval_ms,
	    .multiplier = config->bfd.multiplier,
	};
	struct error err;

	if (tunnel->gateway->bfd == NULL || !config->bfd.enabled ||
	    !ip_address_is_set(&config->inside_remote[family]))
		return;
	if (!bfd_session_add(tunnel->gateway->bfd, config->id, &session, &err))
		gateway_event(tunnel->gateway, "error", "bfd.failed", config->name, "%s", err.text);
}

/* --- probes ------------------------------------------------------------------------------------ */

/* A probe's plugin by its name in the configuration, loaded once. */
static const struct probe_ops *
probe_of(struct gateway *gateway, const char *name, struct error *err)
{
	const struct twinspan_plugin *plugin;
	struct model_plugin row;
	char file[80];

	snprintf(file, sizeof(file), "probe_%s", name);
	plugin = plugin_load(file, err);
	if (plugin == NULL)
		return NULL;
	if (plugin->kind != TWINSPAN_PLUGIN_PROBE) {
		error_set(err, "the plugin %s is no probe", file);
		return NULL;
	}
	model_row_init(model_kind_info(MODEL_KIND_PLUGIN)->shape, &row);
	model_set(&row.name, plugin->name);
	model_set(&row.kind, "probe");
	model_set(&row.version, plugin->version);
	model_set(&row.description, plugin->description);
	model_set(&row.state, "in use");
	model_store_put(gateway->store, MODEL_KIND_PLUGIN, &row);
	model_row_clear(model_kind_info(MODEL_KIND_PLUGIN)->shape, &row);
	return plugin->ops;
}

static void
start_probe(struct gateway_tunnel *tunnel)
{
	const struct config_tunnel *config = tunnel->config;
	const struct config_health *health = &config->health;
	unsigned family = family_of(config);
	struct prober_config probe = {
	    .ops = tunnel->probe,
	    .target = {.interface = tunnel->interface,
		       .local = config->inside[family].address,
		       .remote = config->inside_remote[family],
		       .port = health->port},
	    .interval_ms = SLOW_PROBE_MS,
	    .fail = 3,
	    .recover = 3,
	};
	struct error err;

	if (health->enabled) {
		if (ip_address_is_set(&health->target)) {
			probe.target.remote = health->target;
			family = health->target.family == AF_INET ? 0 : 1;
			probe.target.local = config->inside[family].address;
		}
		probe.interval_ms = health->interval_ms;
		probe.fail = health->fail;
		probe.recover = health->recover;
	}
	if (tunnel->probe == NULL || !ip_address_is_set(&probe.target.remote))
		return;
	if (!prober_add(tunnel->gateway->prober, config->id, &probe, &err))
		gateway_event(tunnel->gateway, "warning", "probe.failed", config->name, "%s", err.text);
}

static void
probe_failed(struct gateway_tunnel *tunnel, const char *text)
{
	health_report(tunnel->health, HEALTH_PROBE, HEALTH_FAILED, text);
	gateway_tunnel_judge(tunnel, text);
	doubt(tunnel);
	gateway_event(tunnel->gateway, "warning", "tunnel.unhealthy", tunnel->config->name, "%s", text);
	publish(tunnel);
}

static void
probe_recovered(struct gateway_tunnel *tunnel, const char *text)
{
	enum health_verdict before = HEALTH_UNKNOWN;

	health_source_says(tunnel->health, HEALTH_PROBE, &before, NULL, NULL);
	health_report(tunnel->health, HEALTH_PROBE, HEALTH_OK, text);
	gateway_tunnel_judge(tunnel, text);
	if (before == HEALTH_FAILED)
		gateway_event(tunnel->gateway, "notice", "tunnel.healthy", tunnel->config->name, "%s", text);
	publish(tunnel);
}

static void
watch_traffic_anew(struct gateway_tunnel *tunnel)
{
	traffic_init(&tunnel->traffic, SILENCE_MS * 1000, RECOVERY_MS * 1000);
	tunnel->poked_at = 0;
	health_report(tunnel->health, HEALTH_TRAFFIC, HEALTH_UNKNOWN, "");
}

/* The configured probe's thresholds were reached. */
static void
on_probe_verdict(void *context, uint32_t id, enum health_verdict verdict)
{
	struct gateway *gateway = context;
	struct gateway_tunnel *tunnel = gateway_tunnel_by_id(gateway, id);
	const struct config_health *health = &tunnel->config->health;
	char text[120];

	if (gateway->stopping || !health->enabled)
		return;
	if (verdict == HEALTH_FAILED) {
		snprintf(text, sizeof(text), "no answer to %u probe%s (%s, every %u ms)", health->fail,
			 PLURAL(health->fail, "s"), health->probe, health->interval_ms);
		probe_failed(tunnel, text);
	} else {
		watch_traffic_anew(tunnel);
		snprintf(text, sizeof(text), "%s probes are answered", health->probe);
		probe_recovered(tunnel, text);
	}
}

/* --- traffic ----------------------------------------------------------------------------------- */

static void
on_hurried(void *context, uint32_t id, bool answered)
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
		probe_failed(tunnel, text);
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
		probe_failed(tunnel, text);
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
		if (tunnel->traffic.state != TRAFFIC_QUIET)
			await_poked(tunnel, now);
		break;
	case TRAFFIC_ASK:
		ask(tunnel, now);
		break;
	case TRAFFIC_CLEARED:
		health_report(tunnel->health, HEALTH_TRAFFIC, HEALTH_UNKNOWN, "");
		break;
	case TRAFFIC_RECOVERED:
		health_report(tunnel->health, HEALTH_TRAFFIC, HEALTH_UNKNOWN, "");
		probe_recovered(tunnel, "packets come in again");
		break;
	}
}

static void
on_look(uv_timer_t *timer)
{
	struct gateway *gateway = timer->data;
	usec_t now = clock_monotonic();

	for (size_t i = 0; i < gateway->tunnel_count; i++) {
		if (gateway->tunnels[i]->live)
			look(gateway->tunnels[i], now);
	}
}

/* --- a tunnel's life --------------------------------------------------------------------------- */

void
gateway_liveness_up(struct gateway_tunnel *tunnel)
{
	if (tunnel->live)
		return;
	tunnel->live = true;
	tunnel->bfd_state = BFD_DOWN;
	watch_traffic_anew(tunnel);
	start_bfd(tunnel);
	start_probe(tunnel);
}

void
gateway_liveness_down(struct gateway_tunnel *tunnel)
{
	static const enum health_source sources[] = {HEALTH_BFD, HEALTH_PROBE, HEALTH_TRAFFIC};

	if (!tunnel->live)
		return;
	tunnel->live = false;
	if (tunnel->gateway->bfd != NULL)
		bfd_session_remove(tunnel->gateway->bfd, tunnel->config->id);
	prober_remove(tunnel->gateway->prober, tunnel->config->id);
	for (size_t i = 0; i < COUNT_OF(sources); i++)
		health_report(tunnel->health, sources[i], HEALTH_UNKNOWN, "");
	tunnel->row.rtt_ms = tunnel->row.jitter_ms = tunnel->row.loss_percent = NAN;
	if (tunnel->peer != NULL && tunnel->config->bfd.enabled)
		gateway_peer_publish(tunnel);
}

void
gateway_liveness_rebind(struct gateway_tunnel *tunnel)
{
	if (!tunnel->live)
		return;
	/* BFD opens its socket again by itself, as soon as it can't send. */
	prober_remove(tunnel->gateway->prober, tunnel->config->id);
	start_probe(tunnel);
}

/* To whole hundredths: a row that says the same as before is not sent again. */
static double
hundredths(double value)
{
	return isnan(value) ? value : round(value * 100) / 100;
}

void
gateway_liveness_tick(struct gateway_tunnel *tunnel)
{
	struct prober_status status;

	if (tunnel->held_back && !damping_held(&tunnel->damping, clock_monotonic()))
		offer(tunnel, "no longer held back");
	doubt(tunnel);
	if (!tunnel->live || !prober_status(tunnel->gateway->prober, tunnel->config->id, &status))
		return;
	tunnel->row.rtt_ms = hundredths(status.figures.rtt_ms);
	tunnel->row.jitter_ms = hundredths(status.figures.jitter_ms);
	tunnel->row.loss_percent = status.answered ? hundredths(status.figures.loss_percent) : NAN;
}

bool
gateway_liveness_ready(struct gateway *gateway, const struct config_tunnel *config,
		       const struct probe_ops **probe, struct error *err)
{
	struct bfd_options bfd = {.changed = on_bfd, .context = gateway};
	const struct config_health *health = &config->health;
	const struct probe_ops *found = probe_of(gateway, health->enabled ? health->probe : "icmp", err);

	if (found == NULL && health->enabled)
		return error_prefix(err, "%s", config->name);
	if (probe != NULL)
		*probe = found;
	if (config->bfd.enabled && gateway->bfd == NULL) {
		gateway->bfd = bfd_open(&gateway->loop, &bfd, err);
		if (gateway->bfd == NULL)
			return false;
	}
	return true;
}

static void
change_bfd(struct gateway_tunnel *tunnel, const struct config_bfd *before)
{
	const struct config_bfd *now = &tunnel->config->bfd;
	struct bfd *bfd = tunnel->gateway->bfd;

	if (now->enabled && before->enabled) {
		bfd_session_change(bfd, tunnel->config->id, now->interval_ms, now->multiplier);
	} else if (now->enabled) {
		start_bfd(tunnel);
	} else if (before->enabled && bfd != NULL) {
		bfd_session_remove(bfd, tunnel->config->id);
		tunnel->bfd_state = BFD_DOWN;
		health_report(tunnel->health, HEALTH_BFD, HEALTH_UNKNOWN, "");
	}
}

void
gateway_liveness_change(struct gateway_tunnel *tunnel, const struct config_bfd *before, bool bfd, bool probe)
{
	struct error err;

	if (!gateway_liveness_ready(tunnel->gateway, tunnel->config, &tunnel->probe, &err))
		gateway_event(tunnel->gateway, "error", "probe.failed", tunnel->config->name, "%s", err.text);
	if (!tunnel->live || !(bfd || probe))
		return;
	if (bfd)
		change_bfd(tunnel, before);
	if (probe) {
		/* The new one begins without a verdict: what the former one found is not held against it. */
		prober_remove(tunnel->gateway->prober, tunnel->config->id);
		health_report(tunnel->health, HEALTH_PROBE, HEALTH_UNKNOWN, "");
		watch_traffic_anew(tunnel);
		start_probe(tunnel);
	}
	gateway_tunnel_judge(tunnel, "its health is watched in another way");
	gateway_peer_publish(tunnel);
}

bool
gateway_liveness_open(struct gateway *gateway, struct error *err)
{
	struct prober_options prober = {
	    .verdict = on_probe_verdict, .hurried = on_hurried, .context = gateway};

	gateway->prober = prober_open(&gateway->loop, &prober, err);
	if (gateway->prober == NULL)
		return false;
	for (size_t i = 0; i < gateway->tunnel_count; i++) {
		if (!gateway_liveness_ready(gateway, gateway->tunnels[i]->config, &gateway->tunnels[i]->probe,
					    err))
			return false;
	}
	uv_timer_start(&gateway->looking, on_look, LOOK_MS, LOOK_MS);
	return true;
}

void
gateway_liveness_close(struct gateway *gateway)
{
	uv_timer_stop(&gateway->looking);
	bfd_close(gateway->bfd);
	prober_close(gateway->prober);
	gateway->bfd = NULL;
	gateway->prober = NULL;
}
