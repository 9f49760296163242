// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * charon's view of our tunnels: a peer_cfg_t with its ike_cfg_t and one child_cfg_t each, found by charon
 * through a backend_t, and the pre-shared keys through a credential_set_t.
 *
 * Choices, and why:
 * - reqid = the tunnel's id, static, so that two tunnels with 0.0.0.0/0 on both sides never share one, and so
 * that the kernel adaptor knows whose SA it is handed.
 * - keyingtries 1 and no start, close or dpd action: charon never restarts anything by itself. supervisor.c
 * is the one mechanism that does.
 * - UNIQUE_NO sends and honours INITIAL_CONTACT (RFC 7296 2.4). It names identities, not tunnels, so that a
 * tunnel whose pair of identities another one uses too gets UNIQUE_NEVER: it must not sweep its twin away.
 * - MOBIKE off: the ends of a tunnel are what the configuration says.
 * - A key belongs to one tunnel. While charon authenticates an SA whose tunnel is known, only that tunnel's
 * key is offered; before (IKEv1 needs the key first), those whose identities fit.
 */
#include "core/ike/ike_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <config/backend.h>
#include <credentials/keys/shared_key.h>

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
	    .version = from->version == 1 ? IKEV1 : IKEV2,
	    .local = local,
	    .local_port = charon->socket->get_port(charon->socket, FALSE),
	    .remote = remote,
	    .remote_port = 500,
	    .no_certreq = TRUE,
	    .force_encap = from->encap > 0,
	    .fragmentation = FRAGMENTATION_YES,
	});
	if (!add_proposals(from->ike_proposals, PROTO_IKE, config, add_ike_proposal, "IKE", err)) {
		config->destroy(config);
		return NULL;
	}
	return config;
}

static void
add_everything(child_cfg_t *child, char *cidr)
{
	child->add_traffic_selector(child, TRUE, traffic_selector_create_from_cidr(cidr, 0, 0, 65535));
	child->add_traffic_selector(child, FALSE, traffic_selector_create_from_cidr(cidr, 0, 0, 65535));
}

static child_cfg_t *
build_child(struct ike *ike, const struct ike_tunnel *from, struct error *err)
{
	uint32_t life = from->esp_lifetime_s;
	child_cfg_create_t data = {
	    .reqid = from->id,
	    .mode = MODE_TUNNEL,
	    .lifetime.time = {.life = life, .rekey = life - life / 10, .jitter = life / 20},
	};
	child_cfg_t *child;

	if (ike->options.ops->kernel_sas)
		data.if_id_in = data.if_id_out = from->id;
	child = child_cfg_create((char *)from->name, &data);
	if (!add_proposals(from->esp_proposals, PROTO_ESP, child, add_esp_proposal, "ESP", err)) {
		child->destroy(child);
		return NULL;
	}
	add_everything(child, "0.0.0.0/0");
	if (from->inside_v6)
		add_everything(child, "::/0");
	child->set_replay_window(child, from->replay_window);
	return child;
}

static void
add_identity(peer_cfg_t *peer, bool local, identification_t *identity)
{
	auth_cfg_t *auth = auth_cfg_create();

	auth->add(auth, AUTH_RULE_AUTH_CLASS, AUTH_CLASS_PSK);
	if (identity)
		auth->add(auth, AUTH_RULE_IDENTITY, identity->clone(identity));
	peer->add_auth_cfg(peer, auth, local);
}

static bool
identities_equal(identification_t *a, identification_t *b)
{
	return a == b || (a && b && a->equals(a, b));
}

static bool
pair_is_shared(struct ike *ike, const struct tunnel *with)
{
	bool shared = false;

	pthread_mutex_lock(&ike->lock);
	for (struct tunnel *tunnel = tunnel_next(ike, NULL); tunnel && !shared;
	     tunnel = tunnel_next(ike, tunnel))
		shared = identities_equal(tunnel->local_id, with->local_id) &&
			 identities_equal(tunnel->remote_id, with->remote_id);
	pthread_mutex_unlock(&ike->lock);
	return shared;
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

static peer_cfg_t *
build_peer(struct ike *ike, const struct ike_tunnel *from, const struct tunnel *tunnel, ike_cfg_t *config)
{
	uint32_t life = from->ike_lifetime_s;
	peer_cfg_t *peer =
	    peer_cfg_create((char *)from->name, config,
			    &(peer_cfg_create_t){
				.cert_policy = CERT_NEVER_SEND,
				.unique = pair_is_shared(ike, tunnel) ? UNIQUE_NEVER : UNIQUE_NO,
				.keyingtries = 1,
				.rekey_time = life - life / 10,
				.jitter_time = life / 20,
				.over_time = life / 10,
				.no_mobike = TRUE,
				.dpd = from->dpd_interval_s,
				.dpd_timeout = from->dpd_timeout_s,
			    });

	add_identity(peer, true, tunnel->local_id);
	add_identity(peer, false, tunnel->remote_id);
	peer->add_child_cfg(peer, tunnel->child->get_ref(tunnel->child));
	return peer;
}

static bool
check(const struct ike_tunnel *from, struct error *err)
{
	if (from->id == 0 || !from->name)
		return error_set(err, "a tunnel needs an id and a name");
	if (!from->psk || from->psk_length == 0)
		return error_set(err, "no pre-shared key is given");
	if (from->version != 1 && from->version != 2)
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
	tunnel->dpd_restart = from->dpd_restart;
	tunnel->initiate = from->initiate;
	tunnel->wanted = from->initiate && !from->down;
	tunnel->refused = from->down;
	tunnel->encap = from->encap;
	tunnel->local_id = identity_of(from->local_id, &from->local);
	tunnel->remote_id = identity_of(from->remote_id, NULL);
	tunnel->key =
	    shared_key_create(SHARED_IKE, chunk_clone(chunk_create((u_char *)from->psk, from->psk_length)));
	tunnel->child = build_child(ike, from, err);
	config = tunnel->child ? build_ike(from, err) : NULL;
	if (!config) {
		tunnel_free(tunnel);
		error_prefix(err, "tunnel %s", from->name);
		return NULL;
	}
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

		if (tunnel->refused || !may_be(&tunnel->local, me) || !may_be(&tunnel->remote, other) ||
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
		if (!tunnel->refused && may_be(&tunnel->local, local) && may_be(&tunnel->remote, remote) &&
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

/* --- pre-shared keys
 * ------------------------------------------------------------------------------------------- */

struct key_match {
	shared_key_t *key;
	id_match_t local, remote;
};

struct key_enumerator {
	enumerator_t public;
	linked_list_t *matches; /* struct key_match */
	struct key_match *current;
};

static void
free_match(struct key_match *match)
{
	if (!match)
		return;
	match->key->destroy(match->key);
	free(match);
}

static bool
next_key(enumerator_t *public, va_list args)
{
	struct key_enumerator *this = (struct key_enumerator *)public;
	shared_key_t **key;
	id_match_t *local, *remote;

	VA_ARGS_VGET(args, key, local, remote);
	free_match(this->current);
	this->current = NULL;
	if (this->matches->remove_first(this->matches, (void **)&this->current) != SUCCESS)
		return FALSE;
	*key = this->current->key;
	if (local)
		*local = this->current->local;
	if (remote)
		*remote = this->current->remote;
	return TRUE;
}

static void
free_keys(enumerator_t *public)
{
	struct key_enumerator *this = (struct key_enumerator *)public;

	free_match(this->current);
	this->matches->destroy_function(this->matches, (void (*)(void *))free_match);
	free(this);
}

static id_match_t
match(identification_t *asked, identification_t *ours)
{
	if (!asked || !ours)
		return ID_MATCH_ANY;
	return asked->matches(asked, ours);
}

static void
offer(linked_list_t *matches, struct tunnel *tunnel, id_match_t local, id_match_t remote)
{
	struct key_match *item = memory_zeroed(1, sizeof(*item));

	*item = (struct key_match){tunnel->key->get_ref(tunnel->key), local, remote};
	matches->insert_last(matches, item);
}

static enumerator_t *
enumerate_keys(credential_set_t *this, shared_key_type_t type, identification_t *me, identification_t *other)
{
	struct ike *ike = the_ike;
	ike_sa_t *sa = charon->bus->get_sa(charon->bus);
	struct key_enumerator *enumerator;
	struct tunnel *known;

	if (type != SHARED_IKE && type != SHARED_ANY)
		return NULL;
	enumerator = memory_zeroed(1, sizeof(*enumerator));
	enumerator->public.enumerate = enumerator_enumerate_default;
	enumerator->public.venumerate = next_key;
	enumerator->public.destroy = free_keys;
	enumerator->matches = linked_list_create();
	pthread_mutex_lock(&ike->lock);
	known = sa ? tunnel_of_peer(ike, sa->get_peer_cfg(sa)) : NULL;
	if (known)
		offer(enumerator->matches, known, ID_MATCH_PERFECT, ID_MATCH_PERFECT);
	for (struct tunnel *tunnel = known ? NULL : tunnel_next(ike, NULL); tunnel;
	     tunnel = tunnel_next(ike, tunnel)) {
		id_match_t local = match(me, tunnel->local_id), remote = match(other, tunnel->remote_id);

		if (local != ID_MATCH_NONE && remote != ID_MATCH_NONE && !tunnel->refused)
			offer(enumerator->matches, tunnel, local, remote);
	}
	pthread_mutex_unlock(&ike->lock);
	return &enumerator->public;
}

static enumerator_t *
no_private_keys(credential_set_t *this, key_type_t type, identification_t *id)
{
	return NULL;
}

static enumerator_t *
no_certificates(credential_set_t *this, certificate_type_t cert, key_type_t key, identification_t *id,
		bool trusted)
{
	return NULL;
}

static enumerator_t *
no_distribution_points(credential_set_t *this, certificate_type_t type, identification_t *id)
{
	return NULL;
}

static void
cache_nothing(credential_set_t *this, certificate_t *certificate)
{
}

void
configs_init(struct ike *ike)
{
	ike->backend = (backend_t){
	    .create_ike_cfg_enumerator = enumerate_ike,
	    .create_peer_cfg_enumerator = enumerate_peers,
	    .get_peer_cfg_by_name = find_peer,
	};
	ike->credentials = (credential_set_t){
	    .create_private_enumerator = no_private_keys,
	    .create_cert_enumerator = no_certificates,
	    .create_shared_enumerator = enumerate_keys,
	    .create_cdp_enumerator = no_distribution_points,
	    .cache_cert = cache_nothing,
	};
}
