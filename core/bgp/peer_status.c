// SPDX-License-Identifier: GPL-2.0-or-later
/* What peers are like, for the world: state, counters, queues, the last errors. */
#include "core/bgp/speaker_internal.h"

#include <string.h>

#include "core/base/text.h"

void
peer_record_error(struct bgp_peer *peer, bool received, uint8_t code, uint8_t subcode, const char *text,
		  struct reader data)
{
	struct bgp_peer_error *last = &peer->last;
	size_t kept = reader_left(&data) < sizeof(last->data) ? reader_left(&data) : sizeof(last->data);

	*last = (struct bgp_peer_error){
	    .set = true,
	    .received = received,
	    .code = code,
	    .subcode = subcode,
	    .data_length = (uint16_t)reader_left(&data),
	    .at = clock_monotonic(),
	};
	text_clean(last->text, sizeof(last->text), text);
	if (kept != 0)
		memcpy(last->data, data.at, kept);
	if (code != 0 && code != BGP_ERROR_CEASE)
		peer->errors++;
	if (code != 0)
		*(received ? &peer->last_in : &peer->last_out) = *last;
}

static void
count_messages(const struct bgp_peer *peer, struct bgp_peer_status *out)
{
	for (unsigned kind = 0; kind < BGP_KIND_COUNT; kind++) {
		out->received_of[kind] = peer->received_of[kind];
		out->sent_of[kind] = peer->sent_of[kind];
		out->messages_in += peer->received_of[kind];
		out->messages_out += peer->sent_of[kind];
	}
}

static void
count_queues(const struct bgp_peer *peer, struct bgp_peer_status *out)
{
	const struct session *sessions[] = {peer->main, peer->second};

	for (unsigned i = 0; i < COUNT_OF(sessions); i++) {
		if (sessions[i] == NULL || sessions[i]->connection == NULL)
			continue;
		out->input_bytes += sessions[i]->connection->in.length;
		out->output_bytes += sessions[i]->connection->out.length;
	}
	for (unsigned f = 0; f < BGP_FAMILY_COUNT; f++)
		out->pending += adj_out_pending(peer->out[f]);
}

/* RFC 7911, by family and direction, as this side sees it. */
static void
add_paths(const struct session *session, struct bgp_peer_status *out)
{
	static const struct {
		enum bgp_family family;
		const char *in, *out;
	} names[] = {{BGP_IPV4, "add-path-in-ipv4", "add-path-out-ipv4"},
		     {BGP_IPV6, "add-path-in-ipv6", "add-path-out-ipv6"}};

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		if (session->add_path_in & BGP_FAMILY_BIT(names[i].family))
			out->capabilities[out->capability_count++] = names[i].in;
		if (session->add_path_out & BGP_FAMILY_BIT(names[i].family))
			out->capabilities[out->capability_count++] = names[i].out;
	}
}

void
bgp_peer_status(const struct bgp_peer *peer, struct bgp_peer_status *out)
{
	static const struct {
		unsigned bit;
		const char *name;
	} names[] = {{CAPABILITY_IPV4, "multiprotocol-ipv4"},
		     {CAPABILITY_IPV6, "multiprotocol-ipv6"},
		     {CAPABILITY_EXTENDED_NEXT_HOP, "extended-next-hop"},
		     {CAPABILITY_FOUR_OCTET, "four-octet-as"},
		     {CAPABILITY_REFRESH, "route-refresh"},
		     {CAPABILITY_ENHANCED_REFRESH, "enhanced-route-refresh"},
		     {CAPABILITY_EXTENDED_MESSAGE, "extended-message"},
		     {CAPABILITY_RESTART, "graceful-restart"},
		     {CAPABILITY_ROLE, "role"}};
	const struct session *session = peer_established(peer);

	*out = (struct bgp_peer_status){
	    .name = peer->config.name,
	    .state = peer_state(peer),
	    .shut_down = peer->shut_down,
	    .local_asn = peer->config.local_asn,
	    .remote_asn = peer->config.remote_asn,
	    .local = peer->config.local,
	    .remote = peer->config.remote,
	    .established_at = peer->established_at,
	    .max_prefixes = peer->config.max_prefixes,
	    .max_prefixes_out = peer->config.max_prefixes_out,
	    .local_preference = peer->config.local_preference,
	    .med_out = peer->config.med_out,
	    .graceful_shutdown = peer->graceful_shutdown,
	    .flaps = peer->flaps,
	    .treated_as_withdraw = peer->treated_as_withdraw,
	    .attributes_discarded = peer->attributes_discarded,
	    .errors = peer->errors,
	    .stopped = peer->stopped,
	    .restarting = peer->restarting,
	    .restart_until = peer->restarting ? peer->stale_until : 0,
	    .deferred_until = deferral_until(peer),
	    .role = peer->config.role,
	    .dynamic = peer->template != NULL,
	    .template = peer->config.dynamic,
	    .range = peer->config.range,
	    .neighbours = peer->config.dynamic ? dynamic_count(peer) : 0,
	    .last_error = peer->last,
	    .last_in = peer->last_in,
	    .last_out = peer->last_out,
	};
	count_messages(peer, out);
	count_queues(peer, out);
	for (unsigned f = 0; f < BGP_FAMILY_COUNT; f++) {
		out->families[f].spoken = session != NULL && session->families & BGP_FAMILY_BIT(f);
		out->families[f].disabled = session != NULL && session->disabled & BGP_FAMILY_BIT(f);
		out->clearing = out->clearing || peer_known(peer, f)->clearing;
		out->families[f].received = peer_known(peer, f)->received;
		out->families[f].accepted = peer_known(peer, f)->accepted;
		out->families[f].advertised = peer->out[f] != NULL ? peer->out[f]->count : 0;
		out->received += out->families[f].received;
		out->accepted += out->families[f].accepted;
		out->advertised += out->families[f].advertised;
	}
	if (session != NULL) {
		out->local = session->local;
		out->remote_router_id = session->theirs.identifier;
		out->remote_role = session_role(session);
		out->hold_s = session->hold_s;
		out->keepalive_s = session->keepalive_s;
		for (size_t i = 0; i < COUNT_OF(names); i++) {
			if (session->common & names[i].bit)
				out->capabilities[out->capability_count++] = names[i].name;
		}
		add_paths(session, out);
	}
}
