// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tunnels are handed to IKE, as the configuration has them, and taken back: with a change of it, and by an
 * operator's word.
 */
#include "core/gateway_internal.h"

#include <string.h>

/* The same octets under the names that core/ike has for them. */
static struct ike_certificate
certificate_of(const struct config_credentials *from)
{
	struct ike_certificate certificate = {
	    .certificate = from->certificate,
	    .key = from->key,
	    .chain = from->chain,
	    .chain_count = from->chain_count,
	    .authorities = from->authorities,
	    .authority_count = from->authority_count,
	    .crls = from->crls,
	    .crl_count = from->crl_count,
	};

	_Static_assert(sizeof(certificate.digest) == sizeof(from->digest) + sizeof(from->crl_digest),
		       "both digests");
	memcpy(certificate.digest, from->digest, sizeof(from->digest));
	memcpy(certificate.digest + sizeof(from->digest), from->crl_digest, sizeof(from->crl_digest));
	return certificate;
}

bool
gateway_tunnel_certify(struct gateway_tunnel *tunnel, struct error *err)
{
	const struct config_tunnel *config = tunnel->config;
	struct ike_certificate certificate;

	if (config->credentials == NULL)
		return true;
	certificate = certificate_of(config->credentials);
	return ike_tunnel_certify(tunnel->gateway->ike, config->id, &certificate, err) ||
	       error_prefix(err, "%s", config->name);
}

/* As struct ike_tunnel has it. A peer that knows no NAT traversal gets protocol 50 in any case. */
static int
encap_of(const struct gateway_tunnel *tunnel)
{
	switch (tunnel->config->encap) {
	case CONFIG_ENCAP_YES:
		return 1;
	case CONFIG_ENCAP_NO:
		return -1;
	default:
		return tunnel->gateway->plane_ops->prefers_udp ? 1 : 0;
	}
}

/* What the plane takes of the window that is configured; where that is less, it is said. */
static uint32_t
replay_window(struct gateway_tunnel *tunnel)
{
	uint32_t wanted = tunnel->config->esp.replay_window,
		 most = tunnel->gateway->plane_ops->replay_window_most;

	if (wanted <= most)
		return wanted;
	gateway_event(
	    tunnel->gateway, "warning", "tunnel.replay_window", tunnel->config->name,
	    "the %s data plane has replay windows of %u packets at most: that is taken instead of %u",
	    tunnel->gateway->plane_ops->name, most, wanted);
	return most;
}

bool
gateway_tunnel_dial(struct gateway_tunnel *tunnel, struct error *err)
{
	const struct config_tunnel *config = tunnel->config;
	struct ike_certificate certificate;
	struct ike_tunnel wanted = {
	    .id = config->id,
	    .name = config->name,
	    .local = config->local,
	    .remote = config->remote,
	    .local_id = config->local_id,
	    .remote_id = config->remote_id,
	    .psk = config->psk,
	    .psk_length = config->psk_length,
	    .next_psk = config->psk_next,
	    .next_psk_length = config->psk_next_length,
	    .version = config->ike.version,
	    .ike_proposals = &config->ike.proposals,
	    .esp_proposals = &config->esp.proposals,
	    .ike_lifetime_s = config->ike.lifetime_s,
	    .esp_lifetime_s = config->esp.lifetime_s,
	    .esp_lifetime_bytes = config->esp.lifetime_bytes,
	    .esp_lifetime_packets = config->esp.lifetime_packets,
	    .replay_window = replay_window(tunnel),
	    .dpd_interval_s = config->dpd.interval_s,
	    .dpd_timeout_s = config->dpd.timeout_s,
	    .rekey_margin_s = config->rekey.margin_s,
	    .rekey_fuzz = config->rekey.fuzz,
	    .local_selectors = config->selectors.local.items,
	    .local_selector_count = config->selectors.local.count,
	    .remote_selectors = config->selectors.remote.items,
	    .remote_selector_count = config->selectors.remote.count,
	    .dpd_action = config->dpd.action == CONFIG_DPD_RESTART ? IKE_DPD_RESTART
			  : config->dpd.action == CONFIG_DPD_CLEAR ? IKE_DPD_CLEAR
								   : IKE_DPD_NONE,
	    .fragmentation = config->ike.fragmentation == CONFIG_FRAGMENTATION_FORCE ? 1
			     : config->ike.fragmentation == CONFIG_FRAGMENTATION_NO  ? -1
										     : 0,
	    .unique = config->ike.unique == CONFIG_UNIQUE_REPLACE ? IKE_UNIQUE_REPLACE
		      : config->ike.unique == CONFIG_UNIQUE_KEEP  ? IKE_UNIQUE_KEEP
		      : config->ike.unique == CONFIG_UNIQUE_NEVER ? IKE_UNIQUE_NEVER
								  : IKE_UNIQUE_CONTACT,
	    .inside_v6 = ip_address_is_set(&config->inside[1].address),
	    .initiate = config->start == CONFIG_START_INITIATE,
	    .down = tunnel->disabled,
	    .offload = config->esp.offload == CONFIG_OFFLOAD_YES    ? 1
		       : config->esp.offload == CONFIG_OFFLOAD_AUTO ? 2
								    : 0,
	    .encap = encap_of(tunnel),
	};

	if (config->credentials != NULL) {
		certificate = certificate_of(config->credentials);
		wanted.certificate = &certificate;
	}
	if (!ike_tunnel_add(tunnel->gateway->ike, &wanted, err))
		return error_prefix(err, "%s", config->name);
	gateway_tunnel_publish(tunnel);
	return true;
}

void
gateway_tunnel_hang_up(struct gateway_tunnel *tunnel, const char *cause)
{
	gateway_tunnel_went_down(tunnel, cause);
	ike_tunnel_remove(tunnel->gateway->ike, tunnel->config->id);
	gateway_tunnel_begin_anew(tunnel);
	tunnel->row.tries = 0;
}

/* --- by an operator's word --------------------------------------------------------------------- */

void
gateway_tunnel_enable(struct gateway_tunnel *tunnel)
{
	tunnel->disabled = false;
	if (!tunnel->child_up)
		gateway_tunnel_begin_anew(tunnel);
	ike_tunnel_up(tunnel->gateway->ike, tunnel->config->id);
	gateway_tunnel_judge(tunnel, "brought up by an operator");
	gateway_tunnel_publish(tunnel);
	gateway_connection_publish(tunnel->connection);
}

void
gateway_tunnel_disable(struct gateway_tunnel *tunnel)
{
	tunnel->disabled = true;
	gateway_tunnel_went_down(tunnel, "taken down by an operator");
	ike_tunnel_down(tunnel->gateway->ike, tunnel->config->id);
	gateway_tunnel_publish(tunnel);
	gateway_connection_publish(tunnel->connection);
}
