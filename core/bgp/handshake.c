// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * OPEN from a session's side: what is offered, whether the peer's is accepted (RFC 4271, 6.2; RFC 5492, 3;
 * RFC 6286; RFC 9234, 4.2), and what follows from both.
 */
#include "core/bgp/bmp_internal.h"
#include "core/bgp/chronicle_internal.h"

#include <stdio.h>

#include "core/base/text.h"

/* The role that a peer must have for each that we may have (RFC 9234, 4.2, table 2); as on the wire. */
enum { ROLE_PROVIDER, ROLE_RS, ROLE_RS_CLIENT, ROLE_CUSTOMER, ROLE_PEER };
static const struct {
	uint8_t ours, theirs;
	const char *name;
} roles[] = {
    [BGP_ROLE_PROVIDER] = {ROLE_PROVIDER, ROLE_CUSTOMER, "provider"},
    [BGP_ROLE_RS] = {ROLE_RS, ROLE_RS_CLIENT, "rs"},
    [BGP_ROLE_RS_CLIENT] = {ROLE_RS_CLIENT, ROLE_RS, "rs-client"},
    [BGP_ROLE_CUSTOMER] = {ROLE_CUSTOMER, ROLE_PROVIDER, "customer"},
    [BGP_ROLE_PEER] = {ROLE_PEER, ROLE_PEER, "peer"},
};

const char *
bgp_role_name(enum bgp_role role)
{
	return role != BGP_ROLE_NONE && (size_t)role < COUNT_OF(roles) ? roles[role].name : "none";
}

/* As a number of the wire has it. */
static const char *
role_text(uint8_t wire)
{
	for (size_t i = 1; i < COUNT_OF(roles); i++) {
		if (roles[i].ours == wire)
			return roles[i].name;
	}
	return "unknown";
}

enum bgp_role
session_role(const struct session *s)
{
	for (size_t i = 1; i < COUNT_OF(roles) && s->theirs.capabilities & CAPABILITY_ROLE; i++) {
		if (roles[i].ours == s->theirs.role)
			return (enum bgp_role)i;
	}
	return BGP_ROLE_NONE;
}

/* --- sending ----------------------------------------------------------------------------------- */

/* A speaker that knows no capabilities gets none. */
static unsigned
our_capabilities(const struct bgp_peer *peer)
{
	unsigned families = peer_families(peer);
	unsigned ours = CAPABILITY_REFRESH | CAPABILITY_FOUR_OCTET | CAPABILITY_ENHANCED_REFRESH |
			CAPABILITY_EXTENDED_MESSAGE;

	if (peer->plain_open)
		return 0;
	if (families & BGP_FAMILY_BIT(BGP_IPV4))
		ours |= CAPABILITY_IPV4;
	if (families & BGP_FAMILY_BIT(BGP_IPV6))
		ours |= CAPABILITY_IPV6;
	/* IPv4 over an IPv6 session: there may be no IPv4 address for a next hop. */
	if (families & BGP_FAMILY_BIT(BGP_IPV4) && peer->config.remote.family == AF_INET6)
		ours |= CAPABILITY_EXTENDED_NEXT_HOP;
	if (peer->config.role != BGP_ROLE_NONE && !peer_internal(peer))
		ours |= CAPABILITY_ROLE;
	if (peer->config.graceful_restart != BGP_GRACEFUL_NO)
		ours |= CAPABILITY_RESTART;
	if (peer->config.add_path_receive || peer->config.add_path_send != 0)
		ours |= CAPABILITY_ADD_PATH;
	return ours;
}

/* Of all families that are to be spoken. */
static struct bgp_add_path
our_add_path(const struct bgp_peer *peer)
{
	unsigned families = our_capabilities(peer) & (CAPABILITY_IPV4 | CAPABILITY_IPV6);

	return (struct bgp_add_path){
	    .receive = peer->config.add_path_receive ? families : 0,
	    .send = peer->config.add_path_send != 0 ? families : 0,
	};
}

static unsigned
families_of(unsigned capabilities)
{
	return (capabilities & CAPABILITY_IPV4 ? BGP_FAMILY_BIT(BGP_IPV4) : 0) |
	       (capabilities & CAPABILITY_IPV6 ? BGP_FAMILY_BIT(BGP_IPV6) : 0);
}

/* RFC 7911, 5: identifiers stand where one side says that it tells them, the other one that it takes them. */
static void
agree_on_paths(struct session *s)
{
	struct bgp_add_path ours = our_add_path(s->peer), *theirs = &s->theirs.add_path;

	s->add_path_in = s->families & families_of(ours.receive & theirs->send);
	s->add_path_out = s->families & families_of(ours.send & theirs->receive);
}

void
session_send_open(struct session *s)
{
	const struct bgp_peer *peer = s->peer;
	struct writer w = session_writer(s);
	struct bgp_open open = {
	    .asn = peer->config.local_asn,
	    .hold_s = (uint16_t)peer->config.hold_s,
	    .identifier = peer->speaker->config.router_id,
	    .capabilities = our_capabilities(peer),
	    .role = roles[peer->config.role].ours,
	    .restart = deferral_offer(peer),
	    .add_path = our_add_path(peer),
	};

	bgp_open_write(&w, &open);
	octets_free(&s->sent_open);
	s->sent_open = octets_copy(w.start, writer_length(&w));
	session_sent(s, &w);
	connection_flush(s->connection);
}

void
session_send_keepalive(struct session *s)
{
	struct writer w = session_writer(s);

	bgp_keepalive_write(&w);
	session_sent(s, &w);
	connection_flush(s->connection);
}

/* --- what the peer offers ---------------------------------------------------------------------- */

/* A third of the negotiated hold time, or less where the configuration says so. */
static uint32_t
keepalive_of(const struct session *s)
{
	uint32_t wanted = s->peer->config.keepalive_s, most = s->hold_s / 3;

	return wanted != 0 && wanted < most ? wanted : most;
}

void
session_set_keepalive(struct session *s)
{
	uint32_t before = s->keepalive_s;

	s->keepalive_s = keepalive_of(s);
	/* The next one goes at once: the peer must not wait longer than it would have. */
	if (s->keepalive_s != before && s->keepalive_s != 0) {
		s->keepalive_at = clock_monotonic();
		speaker_alarm(s->peer->speaker, s->keepalive_at);
	}
}

static bool
check_identity(const struct bgp_peer *peer, const struct bgp_open *theirs, struct bgp_error *error)
{
	/* RFC 7607: AS 0 names nobody. */
	if (theirs->asn == 0 || !peer_has_asn(peer, theirs->asn))
		return bgp_error_set(error, BGP_ERROR_OPEN, OPEN_BAD_PEER_AS, NULL, 0,
				     peer->config.remote_asn != 0
					 ? "the peer says AS %u, configured is AS %u"
					 : "the peer says AS %u, which is none of those configured",
				     theirs->asn, peer->config.remote_asn);
	/* RFC 6286, 2.2: not zero; within an AS no two are the same. */
	if (theirs->identifier == 0)
		return bgp_error_set(error, BGP_ERROR_OPEN, OPEN_BAD_IDENTIFIER, NULL, 0,
				     "the peer's BGP identifier is 0");
	if (theirs->asn == peer->config.local_asn && theirs->identifier == peer->speaker->config.router_id)
		return bgp_error_set(error, BGP_ERROR_OPEN, OPEN_BAD_IDENTIFIER, NULL, 0,
				     "the peer has our own BGP identifier");
	if (theirs->hold_s == 1 || theirs->hold_s == 2)
		return bgp_error_set(error, BGP_ERROR_OPEN, OPEN_BAD_HOLD_TIME, NULL, 0, "hold time of %u s",
				     theirs->hold_s);
	return true;
}

/* RFC 9234, 4.2. */
static bool
check_role(const struct bgp_peer *peer, const struct bgp_open *theirs, struct bgp_error *error)
{
	enum bgp_role role = peer->config.role;

	if (role == BGP_ROLE_NONE || theirs->asn == peer->config.local_asn)
		return true;
	if (!(theirs->capabilities & CAPABILITY_ROLE))
		return !peer->config.role_strict ||
		       bgp_error_set(error, BGP_ERROR_OPEN, OPEN_ROLE_MISMATCH, NULL, 0,
				     "the peer says no role, and ours (%s) is strict", roles[role].name);
	if (theirs->role == roles[role].theirs)
		return true;
	return bgp_error_set(error, BGP_ERROR_OPEN, OPEN_ROLE_MISMATCH, NULL, 0,
			     "the peer's role is %u (%s), which does not go with ours (%s)", theirs->role,
			     role_text(theirs->role), roles[role].name);
}

/* Without any multiprotocol capability, IPv4 unicast is meant (RFC 4760, 8). */
static unsigned
families_in(const struct bgp_open *open)
{
	if (!(open->capabilities & CAPABILITY_MULTIPROTOCOL))
		return BGP_FAMILY_BIT(BGP_IPV4);
	return families_of(open->capabilities);
}

/* RFC 5492, 3 and 5: the capabilities that would be needed are in the data. */
static bool
no_family(unsigned families, struct bgp_error *error)
{
	static const char *const names[] = {"no family", "IPv4 unicast", "IPv6 unicast",
					    "IPv4 or IPv6 unicast"};
	uint8_t data[6 * BGP_FAMILY_COUNT];
	struct writer w = writer_over(data, sizeof(data));

	for (unsigned f = 0; f < BGP_FAMILY_COUNT; f++) {
		if (families & BGP_FAMILY_BIT(f))
			writer_bytes(&w, (const uint8_t[]){1, 4, 0, (uint8_t)family_afi(f), 0, 1}, 6);
	}
	return bgp_error_set(error, BGP_ERROR_OPEN, OPEN_BAD_CAPABILITY, data, writer_length(&w),
			     "the peer does not speak %s", names[families & 3]);
}

/* As it came, for BMP. */
static void
keep_open(struct session *s, struct reader body)
{
	uint8_t room[BGP_MESSAGE_MOST];
	struct writer w = writer_over(room, sizeof(room));

	bgp_message_begin(&w, BGP_OPEN);
	writer_bytes(&w, body.at, reader_left(&body));
	bgp_message_end(&w, 0);
	octets_free(&s->received_open);
	s->received_open = octets_copy(room, writer_length(&w));
}

bool
session_take_open(struct session *s, struct reader body, struct bgp_error *error)
{
	struct bgp_peer *peer = s->peer;
	const struct bgp_peer_config *config = &peer->config;
	struct bgp_open *theirs = &s->theirs;
	unsigned ours = our_capabilities(peer);

	if (!bgp_open_read(body, theirs, error) || !check_identity(peer, theirs, error) ||
	    !check_role(peer, theirs, error))
		return false;
	keep_open(s, body);
	s->common = ours & theirs->capabilities;
	s->families = peer_families(peer) & families_in(theirs);
	s->disabled = 0;
	agree_on_paths(s);
	if (s->families == 0)
		return no_family(peer_families(peer), error);
	if (config->remote_asn == 0)
		peer_set_asn(peer, theirs->asn);
	s->four_octet = (s->common & CAPABILITY_FOUR_OCTET) != 0;
	/* RFC 8654, 4. Of a peer that does not speak them none is taken either, as others have it. */
	s->message_most = s->common & CAPABILITY_EXTENDED_MESSAGE ? BGP_MESSAGE_EXTENDED : BGP_MESSAGE_MOST;
	s->framing.most = s->message_most;
	s->framing.enhanced_refresh = (s->common & CAPABILITY_ENHANCED_REFRESH) != 0;
	s->hold_s = theirs->hold_s < config->hold_s ? theirs->hold_s : config->hold_s;
	s->keepalive_s = keepalive_of(s);
	return true;
}

void
session_establish(struct session *s)
{
	struct bgp_peer *peer = s->peer;
	char router_id[IP_ADDRESS_TEXT];
	struct ip_address id = ip_address_v4(s->theirs.identifier);

	for (unsigned f = 0; f < BGP_FAMILY_COUNT; f++) {
		peer_known(peer, f)->identifier = s->theirs.identifier;
		chronicle_table_begins(&peer->speaker->ribs[f], peer->index);
	}
	peer->established_at = clock_monotonic();
	peer->retry_ms = 0;
	peer->said_paths = false;
	restart_session_up(s);
	deferral_session_up(s);
	if (peer->speaker->bmp != NULL)
		bmp_peer_up(peer);
	link_local_learn(s);
	adj_out_open(peer, s);
	peer_event(peer, "notice", "peer.up", "session established with AS %u (router id %s), hold time %u s",
		   s->theirs.asn, ip_address_format(&id, router_id), s->hold_s);
	peer_touch(peer, true);
}
