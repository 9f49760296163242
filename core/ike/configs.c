// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * charon's view of our tunnels: a peer_cfg_t with its ike_cfg_t and one child_cfg_t each, found by charon
 * through a backend_t. Keys and certificates are another matter: credentials.c.
 *
 * Choices, and why:
 * - reqid = the tunnel's id, static, so that two tunnels with 0.0.0.0/0 on both sides never share one, and so
 * that the kernel adaptor knows whose SA it is handed.
 * - keyingtries 1 and no start, close or dpd action: charon never restarts anything by itself. supervisor.c
 * is the one mechanism that does.
 * - By default UNIQUE_NO, which sends and honours INITIAL_CONTACT (RFC 7296 2.4). That names identities, not
 * tunnels, so that a tunnel whose pair of identities another one uses too gets UNIQUE_NEVER: it must not
 * sweep its twin away. Where the other one comes later the listener leaves it out of the messages.
 * - MOBIKE off: the ends of a tunnel are what the configuration says.
 * - A tunnel with a certificate always sends it, and asks for the peer's: not all peers ask. Requests name
 * the CAs that credentials.c offers, so that a tunnel with a secret sends none.
 */
#include "core/ike/ike_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <config/backend.h>

#define DPD_NEVER_S 86400
#define DPD_SLACK_S 30

static bool
add_proposals(const struct text_list *list, protocol_id_t protocol, void *config,
	      void (*add)(void *config, proposal_t *proposal), const char *what, struct error *err)
{
	if (!list || list->count == 0)
		return error_set(err, "no %s proposal is given", what);
	for (size_t i = 0; i < list->count; i++) {
		proposal_t *proposal = proposal_create_from_string(protocol, list->items[i]);

		if (!proposal)
			return error_set(
			    err, "%s proposal '%s' can't be used: an unknown or incomplete set of algorithms",
			    what, list->items[i]);
		add(config, proposal);
	}
	return true;
}

static void
add_ike_proposal(void *config, proposal_t *proposal)
{
	ike_cfg_t *ike = config;

	ike->add_proposal(ike, proposal);
}

static void
add_esp_proposal(void *config, proposal_t *proposal)
{
	child_cfg_t *child = config;

	child->add_proposal(child, proposal);
}

static ike_cfg_t *
build_ike(const struct ike_tunnel *from, struct error *err)
{
	char local[IP_ADDRESS_TEXT] = "%any", remote[IP_ADDRESS_TEXT] = "%any";
	ike_cfg_t *config;

	if (ip_address_is_set(&from->local))
		ip_address_format(&from->local, local);
	if (ip_address_is_set(&from->remote))
		ip_address_format(&from->remote, remote);
	config = ike_cfg_create(&(ike_cfg_create_t){
	    .version = from->version == 0   ? IKE_ANY
		       : from->version == 1 ? IKEV1
					    : IKEV2,
	    .local = local,
	    .local_port = charon->socket->get_port(charon->socket, FALSE),
	    .remote = remote,
	    .remote_port = 500,
	    .force_encap = from->encap > 0,
	    .fragmentation = from->fragmentation > 0   ? FRAGMENTATION_FORCE
			     : from->fragmentation < 0 ? FRAGMENTATION_NO
						       : FRAGMENTATION_YES,
	});
	if (!add_proposals(from->ike_proposals, PROTO_IKE, config, add_ike_proposal, "IKE", err)) {
		config->destroy(config);
		return NULL;
	}
	return config;
}

static void
add_selectors(child_cfg_t *child, bool local, const struct ip_prefix *prefixes, size_t count, bool v6)
{
	char text[IP_PREFIX_TEXT];

	for (size_t i = 0; i < count; i++) {
		ip_prefix_format(&prefixes[i], text);
		child->add_traffic_selector(child, local,
					    traffic_selector_create_from_cidr(text, 0, 0, 65535));
	}
	if (count == 0)
		child->add_traffic_selector(child, local,
					    traffic_selector_create_from_cidr("0.0.0.0/0", 0, 0, 65535));
	if (count == 0 && v6)
		child->add_traffic_selector(child, local,
					    traffic_selector_create_from_cidr("::/0", 0, 0, 65535));
}

/* How long before the end of `life`; never so early that a new SA would be rekeyed at once. */
static uint32_t
rekey_margin(const struct ike_tunnel *from, uint32_t life)
{
	uint32_t margin = from->rekey_margin_s ? from->rekey_margin_s : life / 10;

	return margin < life / 2 ? margin : life / 2;
}

/* The part of what is left before that in which a rekey begins at random. */
static uint32_t
rekey_jitter(const struct ike_tunnel *from, uint32_t life)
{
	uint32_t margin = rekey_margin(from, life);
	uint32_t jitter =
	    from->rekey_margin_s ? (uint32_t)((uint64_t)margin * from->rekey_fuzz / 100) : margin / 2;

	return jitter < (life - margin) / 2 ? jitter : (life - margin) / 2;
}

/* Of bytes or packets. The jitter keeps two ends, which count the same, from beginning at once. */
#define volume_limit(most) \
	{ \
		.life = (most), .rekey = (most) - (most) / 10, .jitter = (most) / 20 \
	}

/* The kernel finds SAs and policies by the interface's if_id, or by its mark. */
static bool
tie_to_interface(struct ike *ike, const struct ike_tunnel *from, child_cfg_create_t *data, struct error *err)
{
	static const hw_offload_t offloads[] = {HW_OFFLOAD_NO, HW_OFFLOAD_YES, HW_OFFLOAD_AUTO};
	struct dataplane_kernel_sa tie;

	if (!ike->options.ops->tunnel_kernel_sa(ike->options.plane, from->id, &tie))
		return error_set(err, "tunnel %s has no interface", from->name);
	data->if_id_in = data->if_id_out = tie.interface_id;
	if (tie.mark) {
		data->mark_in = data->mark_out = (mark_t){.value = tie.mark, .mask = UINT32_MAX};
		data->options |= OPT_MARK_IN_SA;
	}
	data->hw_offload = offloads[from->offload];
	return true;
}

static child_cfg_t *
build_child(struct ike *ike, const struct ike_tunnel *from, struct error *err)
{
	uint32_t life = from->esp_lifetime_s;
	child_cfg_create_t data = {
	    .reqid = from->id,
	    .mode = MODE_TUNNEL,
	    .lifetime.time = {.life = life,
			      .rekey = life - rekey_margin(from, life),
			      .jitter = rekey_jitter(from, life)},
	    .lifetime.bytes = volume_limit(from->esp_lifetime_bytes),
	    .lifetime.packets = volume_limit(from->esp_lifetime_packets),
	};
	child_cfg_t *child;

	if (ike->options.ops->kernel_sas && !tie_to_interface(ike, from, &data, err))
		return NULL;
	child = child_cfg_create((char *)from->name, &data);
	if (!add_proposals(from->esp_proposals, PROTO_ESP, child, add_esp_proposal, "ESP", err)) {
		child->destroy(child);
		return NULL;
	}
	add_selectors(child, true, from->local_selectors, from->local_selector_count, from->inside_v6);
	add_selectors(child, false, from->remote_selectors, from->remote_selector_count, from->inside_v6);
	child->set_replay_window(child, from->replay_window);
	return child;
}

static void
add_identity(peer_cfg_t *peer, bool local, const struct tunnel *tunnel)
{
	identification_t *identity = local ? tunnel->local_id : tunnel->remote_id;
	auth_cfg_t *auth = auth_cfg_create();

	auth->add(auth, AUTH_RULE_AUTH_CLASS, tunnel->credentials ? AUTH_CLASS_PUBKEY : AUTH_CLASS_PSK);
	if (identity)
		auth->add(auth, AUTH_RULE_IDENTITY, identity->clone(identity));
	if (tunnel->credentials)
		credentials_constrain(tunnel->credentials, auth, local);
	peer->add_auth_cfg(peer, auth, local);
}

static bool
identities_equal(identification_t *a, identification_t *b)
{
	return a == b || (a && b && a->equals(a, b));
}

bool
tunnel_has_twin(struct ike *ike, struct tunnel *of)
{
	struct tunnel *tunnel = tunnel_next(ike, NULL);

	if (of->twin_looked_for == ike->tunnel_changes)
		return of->twin;
	of->twin_looked_for = ike->tunnel_changes;
	while (tunnel && (tunnel == of || !identities_equal(tunnel->local_id, of->local_id) ||
			  !identities_equal(tunnel->remote_id, of->remote_id)))
		tunnel = tunnel_next(ike, tunnel);
	of->twin = tunnel != NULL;
	return of->twin;
}

static identification_t *
identity_of(const char *text, const struct ip_address *otherwise)
{
	char address[IP_ADDRESS_TEXT];

	if (text)
		return identification_create_from_string((char *)text);
	if (!otherwise || !ip_address_is_set(otherwise))
		return NULL;
	ip_address_format(otherwise, address);
	return identification_create_from_string(address);
}

/* Whether INITIAL_CONTACT is sent and heeded; the rest is done by duplicates.c. */
static unique_policy_t
unique_policy(struct ike *ike, const struct ike_tunnel *from, struct tunnel *tunnel)
{
	bool twin;

	pthread_mutex_lock(&ike->lock);
	twin = tunnel_has_twin(ike, tunnel);
	pthread_mutex_unlock(&ike->lock);
	return from->unique == IKE_UNIQUE_NEVER || twin ? UNIQUE_NEVER : UNIQUE_NO;
}

/* After an R-U-THERE of IKEv1 charon acts by itself when this is over, which must not be before we do; each
 * waits as a job until then. */
static uint32_t
dpd_timeout(const struct ike_tunnel *from)
{
	return from->dpd_action == IKE_DPD_NONE ? DPD_NEVER_S : from->dpd_timeout_s + DPD_SLACK_S;
}

static peer_cfg_t *
build_peer(struct ike *ike, const struct ike_tunnel *from, struct tunnel *tunnel, ike_cfg_t *config)
{
	uint32_t life = from->ike_lifetime_s;
	peer_cfg_t *peer =
	    peer_cfg_create((char *)from->name, config,
			    &(peer_cfg_create_t){
				.cert_policy = tunnel->credentials ? CERT_ALWAYS_SEND : CERT_NEVER_SEND,
				.unique = unique_policy(ike, from, tunnel),
				.keyingtries = 1,
				.rekey_time = life - rekey_margin(from, life),
				.jitter_time = rekey_jitter(from, life),
				.over_time = rekey_margin(from, life),
				.no_mobike = TRUE,
				.dpd = from->version == 2 ? from->dpd_interval_s : 0,
				.dpd_timeout = dpd_timeout(from),
			    });

	add_identity(peer, true, tunnel);
	add_identity(peer, false, tunnel);
	peer->add_child_cfg(peer, tunnel->child->get_ref(tunnel->child));
	return peer;
}

static bool
check(const struct ike_tunnel *from, struct error *err)
{
	if (from->id == 0 || !from->name)
		return error_set(err, "a tunnel needs an id and a name");
	if (!from->certificate && (!from->psk || from->psk_length == 0))
		return error_set(err, "no pre-shared key is given");
	if (from->version > 2)
		return error_set(err, "IKE version %u does not exist: 1 or 2", from->version);
	if (from->initiate && !ip_address_is_set(&from->remote))
		return error_set(err, "a tunnel that initiates needs the remote address");
	if (ip_address_is_set(&from->local) && ip_address_is_set(&from->remote) &&
	    from->local.family != from->remote.family)
		return error_set(err, "local and remote are of different families");
	if (from->ike_lifetime_s < 20 || from->esp_lifetime_s < 20)
		return error_set(err, "lifetimes below 20 s leave no time to rekey");
	return true;
}

static char *
ike_key(const struct ike_tunnel *from)
{
	char local[IP_ADDRESS_TEXT], remote[IP_ADDRESS_TEXT];
	char *key = text_format("%s %s %u %d", ip_address_format(&from->local, local),
				ip_address_format(&from->remote, remote), from->version, from->encap > 0);

	for (size_t i = 0; i < from->ike_proposals->count; i++) {
		char *longer = text_format("%s %s", key, from->ike_proposals->items[i]);

		free(key);
		key = longer;
	}
	return key;
}

static identification_t *
subject_of(const struct credentials *credentials)
{
	certificate_t *certificate = credentials_certificate(credentials);
	identification_t *subject = certificate->get_subject(certificate);

	return subject->clone(subject);
}

/* What proves who we are, and so who we may say we are. */
static bool
take_credentials(struct ike *ike, struct tunnel *tunnel, const struct ike_tunnel *from, struct error *err)
{
	tunnel->remote_id = identity_of(from->remote_id, NULL);
	if (from->certificate) {
		tunnel->credentials = credentials_get(ike, from->certificate, err);
		if (!tunnel->credentials)
			return false;
		tunnel->local_id =
		    from->local_id ? identity_of(from->local_id, NULL) : subject_of(tunnel->credentials);
		return true;
	}
	tunnel->local_id = identity_of(from->local_id, &from->local);
	tunnel->key =
	    shared_key_create(SHARED_IKE, chunk_clone(chunk_create((u_char *)from->psk, from->psk_length)));
	return true;
}

struct tunnel *
tunnel_build(struct ike *ike, const struct ike_tunnel *from, struct error *err)
{
	struct tunnel *tunnel;
	ike_cfg_t *config;

	if (!check(from, err))
		return NULL;
	tunnel = memory_zeroed(1, sizeof(*tunnel));
	tunnel->id = from->id;
	tunnel->name = text_copy(from->name);
	tunnel->local = from->local;
	tunnel->remote = from->remote;
	tunnel->version = from->version;
	tunnel->dpd_interval_s = from->dpd_interval_s;
	tunnel->dpd_timeout_s = from->dpd_timeout_s;
	tunnel->dpd_action = from->dpd_action;
	tunnel->unique = from->unique;
	tunnel->initiate = from->initiate;
	tunnel->wanted = from->initiate && !from->down;
	tunnel->refused = from->down;
	tunnel->encap = from->encap;
	if (take_credentials(ike, tunnel, from, err))
		tunnel->child = build_child(ike, from, err);
	config = tunnel->child ? build_ike(from, err) : NULL;
	if (!config) {
		tunnel_free(ike, tunnel);
		error_prefix(err, "tunnel %s", from->name);
		return NULL;
	}
	if (from->next_psk && from->next_psk_length)
		tunnel->next_key = shared_key_create(
		    SHARED_IKE, chunk_clone(chunk_create((u_char *)from->next_psk, from->next_psk_length)));
	tunnel->rotate_at = tunnel->next_key && tunnel->initiate ? clock_monotonic() : 0;
	tunnel->ike_key = ike_key(from);
	tunnel->peer = build_peer(ike, from, tunnel, config);
	return tunnel;
}

/* --- back end
 * -------------------------------------------------------------------------------------------------- */

static bool
may_be(const struct ip_address *configured, host_t *seen)
{
	struct ip_address address;

	if (!seen || seen->is_anyaddr(seen) || !ip_address_is_set(configured))
		return true;
	address = address_of_host(seen);
	return ip_address_equal(configured, &address);
}

bool
tunnel_may_be_between(const struct tunnel *tunnel, host_t *local, host_t *remote)
{
	return may_be(&tunnel->local, local) && may_be(&tunnel->remote, remote);
}

static void
destroy_ike_list(void *data)
{
	linked_list_t *list = data;

	list->destroy_offset(list, offsetof(ike_cfg_t, destroy));
}

static void
destroy_peer_list(void *data)
{
	linked_list_t *list = data;

	list->destroy_offset(list, offsetof(peer_cfg_t, destroy));
}

static bool
was_offered(struct tunnel *const *offered, unsigned count, const char *key)
{
	for (unsigned i = 0; i < count; i++)
		if (strcmp(offered[i]->ike_key, key) == 0)
			return true;
	return false;
}

/* A hub may have a thousand tunnels for peers of any address, told apart by identity only. What charon is to
 * choose from here differs in addresses and proposals, so that of those that are alike one is enough. */
static enumerator_t *
enumerate_ike(backend_t *this, host_t *me, host_t *other)
{
	struct ike *ike = the_ike;
	linked_list_t *list = linked_list_create();
	struct tunnel *offered[64];
	unsigned count = 0;

	pthread_mutex_lock(&ike->lock);
	for (struct tunnel *tunnel = tunnel_next(ike, NULL); tunnel; tunnel = tunnel_next(ike, tunnel)) {
		ike_cfg_t *config = tunnel->peer->get_ike_cfg(tunnel->peer);

		if (tunnel->refused || !tunnel_may_be_between(tunnel, me, other) ||
		    was_offered(offered, count, tunnel->ike_key))
			continue;
		list->insert_last(list, config->get_ref(config));
		if (count < COUNT_OF(offered))
			offered[count++] = tunnel;
	}
	pthread_mutex_unlock(&ike->lock);
	return enumerator_create_cleaner(list->create_enumerator(list), destroy_ike_list, list);
}

/* As charon matches: an identity may be a pattern on either side. */
static bool
may_be_called(identification_t *configured, identification_t *seen)
{
	return !configured || !seen || seen->matches(seen, configured) ||
	       configured->matches(configured, seen);
}

static enumerator_t *
enumerate_peers(backend_t *this, identification_t *me, identification_t *other)
{
	struct ike *ike = the_ike;
	ike_sa_t *sa = charon->bus->get_sa(charon->bus);
	host_t *local = sa ? sa->get_my_host(sa) : NULL, *remote = sa ? sa->get_other_host(sa) : NULL;
	linked_list_t *list = linked_list_create();

	pthread_mutex_lock(&ike->lock);
	for (struct tunnel *tunnel = tunnel_next(ike, NULL); tunnel; tunnel = tunnel_next(ike, tunnel))
		if (!tunnel->refused && tunnel_may_be_between(tunnel, local, remote) &&
		    may_be_called(tunnel->remote_id, other) && may_be_called(tunnel->local_id, me))
			list->insert_last(list, tunnel->peer->get_ref(tunnel->peer));
	pthread_mutex_unlock(&ike->lock);
	return enumerator_create_cleaner(list->create_enumerator(list), destroy_peer_list, list);
}

static peer_cfg_t *
find_peer(backend_t *this, char *name)
{
	struct ike *ike = the_ike;
	peer_cfg_t *found = NULL;

	pthread_mutex_lock(&ike->lock);
	for (struct tunnel *tunnel = tunnel_next(ike, NULL); tunnel && !found;
	     tunnel = tunnel_next(ike, tunnel))
		if (strcmp(tunnel->name, name) == 0)
			found = tunnel->peer->get_ref(tunnel->peer);
	pthread_mutex_unlock(&ike->lock);
	return found;
}

void
configs_init(struct ike *ike)
{
	ike->backend = (backend_t){
	    .create_ike_cfg_enumerator = enumerate_ike,
	    .create_peer_cfg_enumerator = enumerate_peers,
	    .get_peer_cfg_by_name = find_peer,
	};
}
