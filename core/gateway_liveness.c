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
 * Traffic: gateway_silence.c. What carries of what lives: gateway_damping.c.
 *
 * Routes move before anything else is done or told. Then IKE asks the peer for a sign of life, so that an SA
 * that only this side still has does not stand in the way until dead-peer detection's timers have run.
 */
#include "core/gateway_liveness_internal.h"
#include "core/gateway_bgp_internal.h"
#include "core/gateway_mtu_internal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static unsigned
family_of(const struct config_tunnel *config)
{
	return ip_address_is_set(&config->inside[0].address) ? 0 : 1;
}

void
liveness_publish(struct gateway_tunnel *tunnel)
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
bfd_switched_off(struct gateway_tunnel *tunnel)
{
	health_report(tunnel->health, HEALTH_BFD, HEALTH_UNKNOWN, "");
	gateway_tunnel_judge(tunnel, "the peer switched BFD off");
	gateway_event(tunnel->gateway, "info", "bfd.down", tunnel->config->name, "the peer switched BFD off");
}

/* It was Down: what it said then does not count any longer. */
static void
bfd_stayed_down(struct gateway_tunnel *tunnel, const struct bfd_status *status)
{
	enum health_verdict verdict;

	if (status->remote_state == BFD_ADMIN_DOWN &&
	    health_source_says(tunnel->health, HEALTH_BFD, &verdict, NULL, NULL) && verdict == HEALTH_FAILED)
		bfd_switched_off(tunnel);
}

static void
bfd_went_down(struct gateway_tunnel *tunnel, const struct bfd_status *status)
{
	char text[120];

	if (status->remote_state == BFD_ADMIN_DOWN) {
		bfd_switched_off(tunnel);
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
	else if (status->state != BFD_UP)
		bfd_stayed_down(tunnel, status);
	gateway_peer_publish(tunnel);
	liveness_publish(tunnel);
}

void
gateway_liveness_fill_peer(const struct gateway_tunnel *tunnel, struct model_peer *row)
{
	struct bfd_status status;

	if (!tunnel->config->bfd.enabled)
		return;
	row->bfd.set = true;
	row->bfd.interval_ms = tunnel->config->bfd.interval_ms;
	row->bfd.multiplier = tunnel->config->bfd.multiplier;
	model_set(&row->bfd.state, bfd_state_name(BFD_DOWN));
	if (tunnel->gateway->bfd == NULL ||
	    !bfd_session_status(tunnel->gateway->bfd, tunnel->config->id, &status))
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
static const struct twinspan_plugin *
find_probe(const char *name, struct error *err)
{
	const struct twinspan_plugin *plugin;
	char file[80];

	snprintf(file, sizeof(file), "probe_%s", name);
	plugin = plugin_load(file, err);
	if (plugin == NULL || plugin->kind == TWINSPAN_PLUGIN_PROBE)
		return plugin;
	error_set(err, "the plugin %s is no probe", file);
	return NULL;
}

static const struct probe_ops *
probe_of(struct gateway *gateway, const char *name, struct error *err)
{
	const struct twinspan_plugin *plugin = find_probe(name, err);
	struct model_plugin row;

	if (plugin == NULL)
		return NULL;
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

void
liveness_probe_failed(struct gateway_tunnel *tunnel, const char *text)
{
	health_report(tunnel->health, HEALTH_PROBE, HEALTH_FAILED, text);
	gateway_tunnel_judge(tunnel, text);
	doubt(tunnel);
	gateway_event(tunnel->gateway, "warning", "tunnel.unhealthy", tunnel->config->name, "%s", text);
	liveness_publish(tunnel);
}

void
liveness_probe_recovered(struct gateway_tunnel *tunnel, const char *text)
{
	enum health_verdict before = HEALTH_UNKNOWN;

	health_source_says(tunnel->health, HEALTH_PROBE, &before, NULL, NULL);
	health_report(tunnel->health, HEALTH_PROBE, HEALTH_OK, text);
	gateway_tunnel_judge(tunnel, text);
	if (before == HEALTH_FAILED)
		gateway_event(tunnel->gateway, "notice", "tunnel.healthy", tunnel->config->name, "%s", text);
	liveness_publish(tunnel);
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
		liveness_probe_failed(tunnel, text);
	} else {
		silence_forget(tunnel);
		snprintf(text, sizeof(text), "%s probes are answered", health->probe);
		liveness_probe_recovered(tunnel, text);
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
	silence_forget(tunnel);
	start_bfd(tunnel);
	start_probe(tunnel);
	gateway_mtu_probe_up(tunnel);
}

void
gateway_liveness_down(struct gateway_tunnel *tunnel)
{
	static const enum health_source sources[] = {HEALTH_BFD, HEALTH_PROBE, HEALTH_TRAFFIC};

	if (!tunnel->live)
		return;
	tunnel->live = false;
	gateway_mtu_probe_down(tunnel);
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
	gateway_mtu_probe_down(tunnel);
	gateway_mtu_probe_up(tunnel);
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

	damping_tick(tunnel);
	doubt(tunnel);
	if (!tunnel->live || !prober_status(tunnel->gateway->prober, tunnel->config->id, &status))
		return;
	tunnel->row.rtt_ms = hundredths(status.figures.rtt_ms);
	tunnel->row.jitter_ms = hundredths(status.figures.jitter_ms);
	tunnel->row.loss_percent = status.answered ? hundredths(status.figures.loss_percent) : NAN;
}

bool
gateway_liveness_could(const struct gateway *gateway, const struct config_tunnel *config, struct error *err)
{
	if (config->health.enabled && find_probe(config->health.probe, err) == NULL)
		return error_prefix(err, "%s", config->name);
	return !config->bfd.enabled || gateway->bfd != NULL || bfd_port_is_free(err);
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
	if (probe)
		gateway_interface_tell(tunnel); /* it may ask another target */
	if (!tunnel->live || !(bfd || probe))
		return;
	if (bfd)
		change_bfd(tunnel, before);
	if (probe) {
		/* The new one begins without a verdict: what the former one found is not held against it. */
		prober_remove(tunnel->gateway->prober, tunnel->config->id);
		health_report(tunnel->health, HEALTH_PROBE, HEALTH_UNKNOWN, "");
		silence_forget(tunnel);
		start_probe(tunnel);
	}
	gateway_tunnel_judge(tunnel, "its health is watched in another way");
	gateway_peer_publish(tunnel);
}

bool
gateway_liveness_open(struct gateway *gateway, struct error *err)
{
	struct prober_options prober = {
	    .verdict = on_probe_verdict, .hurried = silence_hurried, .context = gateway};

	gateway->prober = prober_open(&gateway->loop, &prober, err);
	if (gateway->prober == NULL)
		return false;
	gateway->echo = probe_of(gateway, "icmp", err); /* whoever can't do without it says so below */
	for (size_t i = 0; i < gateway->tunnel_count; i++) {
		if (!gateway_liveness_ready(gateway, gateway->tunnels[i]->config, &gateway->tunnels[i]->probe,
					    err))
			return false;
	}
	silence_watch(gateway);
	return true;
}

void
gateway_liveness_close(struct gateway *gateway)
{
	uv_timer_stop(&gateway->looking);
	for (size_t i = 0; i < gateway->tunnel_count; i++)
		gateway_mtu_probe_down(gateway->tunnels[i]);
	bfd_close(gateway->bfd);
	prober_close(gateway->prober);
	gateway->bfd = NULL;
	gateway->prober = NULL;
}
