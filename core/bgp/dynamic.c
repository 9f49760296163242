// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Neighbours that are not configured one by one: a peer with a range of addresses stands for all that connect
 * from there. It has no session of its own; each that comes gets a peer by its likeness, called NAME@ADDRESS,
 * which goes again when its session is over. The range that is narrower wins; a configured peer always does.
 */
#include "core/bgp/speaker_internal.h"

#include <stdlib.h>

#include "core/base/text.h"

size_t
peer_addresses(const struct bgp_peer *peer, struct ip_prefix out[2])
{
	const struct bgp_peer_config *config = &peer->config;

	if (!config->dynamic)
		out[0] = (struct ip_prefix){.address = config->remote,
					    .length = (uint8_t)ip_family_bits(config->remote.family)};
	else
		out[0] = config->range;
	if (out[0].address.family != AF_UNSPEC)
		return 1;
	out[0] = (struct ip_prefix){.address.family = AF_INET};
	out[1] = (struct ip_prefix){.address.family = AF_INET6};
	return 2;
}

/* The length of the range that has the address; -1: none has. */
static int
match(const struct bgp_peer *peer, const struct ip_address *remote, const struct ip_address *local)
{
	struct ip_prefix ranges[2];
	size_t count;

	if (!peer->config.dynamic || peer->removed ||
	    (ip_address_is_set(&peer->config.local) && !ip_address_equal(&peer->config.local, local)))
		return -1;
	count = peer_addresses(peer, ranges);
	for (size_t i = 0; i < count; i++) {
		if (ranges[i].address.family == remote->family && ip_prefix_contains(&ranges[i], remote))
			return ranges[i].length;
	}
	return -1;
}

struct bgp_peer *
dynamic_find(struct bgp_speaker *speaker, const struct ip_address *remote, const struct ip_address *local)
{
	struct bgp_peer *best = NULL;
	int longest = -1;

	for (struct bgp_peer *peer = speaker->peers; peer != NULL; peer = peer->next) {
		int length = match(peer, remote, local);

		if (length > longest) {
			longest = length;
			best = peer;
		}
	}
	return best;
}

static bool
is_of(const struct bgp_peer *peer, const struct bgp_peer *template)
{
	return peer->template == template && !peer->removed;
}

uint32_t
dynamic_count(const struct bgp_peer *template)
{
	uint32_t count = 0;

	for (const struct bgp_peer *peer = template->speaker->peers; peer != NULL; peer = peer->next)
		count += is_of(peer, template);
	return count;
}

/* At most one a second: whoever connects decides how many there could be. */
static void
tell_full(struct bgp_peer *template, const struct ip_address *remote)
{
	usec_t now = clock_monotonic();
	char text[IP_ADDRESS_TEXT];

	if (template->malformed_at != 0 && now - template->malformed_at < USEC_PER_SEC)
		return;
	template->malformed_at = now;
	peer_event(template, "warning", "peer.error", "%s is refused: there are %u already",
		   ip_address_format(remote, text), template->config.most_peers);
}

static struct bgp_peer *
make(struct bgp_peer *template, const struct ip_address *remote)
{
	struct bgp_peer_config config = template->config;
	char address[IP_ADDRESS_TEXT], *name;
	struct bgp_peer *peer;

	name = text_format("%s@%s", template->config.name, ip_address_format(remote, address));
	config.name = name;
	config.remote = *remote;
	config.dynamic = false;
	config.passive = true;
	if (config.asn_count == 1)
		config.remote_asn = config.asns[0];
	/* Its key is the template's; the kernel has it. */
	config.password_length = 0;
	for (unsigned d = 0; d < COUNT_OF(template->rules); d++)
		config.policy[d] = template->rules[d] != NULL ? template->rules[d]->policy : NULL;
	peer = bgp_peer_add(template->speaker, &config, NULL);
	free(name);
	if (peer != NULL)
		peer->template = template;
	return peer;
}

void
dynamic_accept(struct bgp_peer *template, int fd, const struct ip_address *remote,
	       const struct ip_address *local)
{
	struct bgp_peer *peer = NULL;

	if (!template->wanted || template->shut_down) {
		connection_refuse(template->speaker, fd, CEASE_REJECTED);
		return;
	}
	if (template->config.most_peers != 0 && dynamic_count(template) >= template->config.most_peers)
		tell_full(template, remote);
	else
		peer = make(template, remote);
	if (peer == NULL) {
		connection_refuse(template->speaker, fd, CEASE_REJECTED);
		return;
	}
	peer_touch(template, false);
	bgp_peer_start(peer);
	peer_accept(peer, fd, local);
}

void
dynamic_end_all(struct bgp_peer *template, const struct bgp_error *error, bool removed)
{
	for (struct bgp_peer *peer = template->speaker->peers; peer != NULL; peer = peer->next) {
		if (!is_of(peer, template))
			continue;
		session_end(peer->main, &(struct session_end){.send = error, .stay = true});
		if (removed) {
			peer->template = peer; /* of nobody else any more */
			peer->wanted = false;
		}
	}
	speaker_kick(template->speaker);
}

void
dynamic_configure_all(struct bgp_peer *template, const struct bgp_peer_config *config)
{
	struct bgp_peer_config like = *config;

	like.password_length = 0;
	for (struct bgp_peer *peer = template->speaker->peers; peer != NULL; peer = peer->next) {
		if (is_of(peer, template) && peer != template)
			bgp_peer_configure(peer, &like, NULL);
	}
}

void
dynamic_dismiss(struct bgp_speaker *speaker)
{
	const struct bgp_events *events = &speaker->config.events;

	for (struct bgp_peer *peer = speaker->peers; peer != NULL; peer = peer->next) {
		if (peer->template == NULL || peer->removed || peer->second != NULL ||
		    (peer->main->state != BGP_IDLE && peer->main->state != BGP_ACTIVE))
			continue;
		if (events->peer_gone != NULL)
			events->peer_gone(events->context, peer);
		peer_touch(peer->template, false);
		bgp_peer_remove(peer);
	}
}
