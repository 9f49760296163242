// SPDX-License-Identifier: GPL-2.0-or-later
/* Configurations of peers: what can't be, what a peer keeps of one, and its key in the kernel. */
#include "core/bgp/peer_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"

bool
peer_options_check(const struct bgp_peer_config *config, const char *name, struct error *err)
{
	if (config->hold_s == 1 || config->hold_s == 2 || config->hold_s > UINT16_MAX)
		return error_set(err, "BGP peer %s: hold time %u s; allowed are 0 and 3 to 65535", name,
				 config->hold_s);
	if (config->send_hold_s != 0 && config->send_hold_s <= config->hold_s)
		return error_set(
		    err, "BGP peer %s: the send hold time (%u s) must be longer than the hold time (%u s)",
		    name, config->send_hold_s, config->hold_s);
	if (config->password_length > BGP_PASSWORD_MOST)
		return error_set(err, "BGP peer %s: a password of more than %d octets", name,
				 BGP_PASSWORD_MOST);
	if (config->multihop != 0 && config->ttl_security != 0)
		return error_set(err, "BGP peer %s: multihop and TTL security exclude each other", name);
	if (config->add_path_send > BGP_ADD_PATH_ALL)
		return error_set(err, "BGP peer %s: %u paths of a prefix to be told; at most %d", name,
				 config->add_path_send, BGP_ADD_PATH_ALL);
	if (config->restart_s > BGP_RESTART_MOST_S)
		return error_set(err, "BGP peer %s: a restart time of %u s; allowed are %d", name,
				 config->restart_s, BGP_RESTART_MOST_S);
	if (config->limit_warn > 100)
		return error_set(err, "BGP peer %s: a warning at %u %% of a limit", name, config->limit_warn);
	if (config->role != BGP_ROLE_NONE && config->local_asn == config->remote_asn)
		return error_set(err, "BGP peer %s: a role is for eBGP only (RFC 9234)", name);
	return true;
}

bool
peer_config_check(const struct bgp_peer_config *config, struct error *err)
{
	const char *name = config->name != NULL ? config->name : "?";

	if (config->name == NULL || config->name[0] == '\0')
		return error_set(err, "a BGP peer needs a name");
	if (!config->dynamic && !ip_address_is_set(&config->remote))
		return error_set(err, "BGP peer %s: no remote address", name);
	if (ip_address_is_set(&config->local) && !config->dynamic &&
	    config->local.family != config->remote.family)
		return error_set(err, "BGP peer %s: local and remote are of different families", name);
	if (config->local_asn == 0 || (config->remote_asn == 0 && config->asn_count == 0))
		return error_set(err, "BGP peer %s: AS 0 is not allowed (RFC 7607)", name);
	if (config->families >= BGP_FAMILY_BIT(BGP_FAMILY_COUNT))
		return error_set(err, "BGP peer %s: a family that is not known", name);
	for (unsigned f = 0; f < BGP_FAMILY_COUNT; f++) {
		if (ip_address_is_set(&config->next_hop[f]) &&
		    config->next_hop[f].family != family_address(f))
			return error_set(err, "BGP peer %s: a next hop of another family", name);
	}
	if (config->member > 31)
		return error_set(err, "BGP peer %s: member %u; a group has 32 at most", name, config->member);
	return peer_options_check(config, name, err);
}

void
peer_config_own(struct bgp_peer_config *config)
{
	uint32_t *asns = memory_zeroed(config->asn_count + 1, sizeof(*asns));
	uint8_t *password = memory_zeroed(config->password_length + 1, 1);

	if (config->asn_count != 0)
		memcpy(asns, config->asns, config->asn_count * sizeof(*asns));
	if (config->password_length != 0)
		memcpy(password, config->password, config->password_length);
	config->name = text_copy(config->name);
	config->interface = text_copy(config->interface);
	config->asns = asns;
	config->password = password;
	policy_conditions_hold(config->conditions);
}

void
peer_config_disown(struct bgp_peer_config *config)
{
	free((char *)config->name);
	free((char *)config->interface);
	free((uint32_t *)config->asns);
	policy_conditions_release(config->conditions);
	memory_wipe_free((uint8_t *)config->password, config->password_length);
}

bool
peer_set_key(struct bgp_peer *peer, const uint8_t *password, size_t length, struct error *err)
{
	struct ip_prefix from[2];
	size_t count = peer_addresses(peer, from);

	for (size_t i = 0; i < count; i++) {
		if (!listeners_set_key(peer->speaker, &from[i], password, length))
			return error_set(err, "BGP peer %s: the kernel takes no TCP MD5 key: %s",
					 peer->config.name, strerror(errno));
	}
	return true;
}
