// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What proves who is who: private keys, certificates, CAs and revocation lists, handed to charon through a
 * credential_set_t.
 *
 * - Secrets: shared_keys.c.
 * - An SA that we began knows its tunnel, and gets that tunnel's certificates only. One that a peer began is
 * judged before it is clear which of several tunnels it means: it is offered what belongs to any tunnel
 * between its addresses, and the tunnel's own CA is then asked for by a rule (AUTH_RULE_CA_CERT), by which
 * charon moves on to the next tunnel.
 * - CAs are the only certificates that are trusted. The rest (our own, intermediate ones, what the peer
 * sends) has to lead to them.
 * - Tunnels with the same certificate share one struct credentials, by the digest of what it was made from.
 */
#include "core/ike/ike_internal.h"

#include <stdlib.h>
#include <string.h>

#include <credentials/certificates/certificate.h>
#include <credentials/certificates/crl.h>
#include <credentials/certificates/x509.h>
#include <credentials/keys/private_key.h>

struct credentials {
	struct credentials *next; /* in ike->certificates */
	unsigned references, mark;
	uint8_t digest[sizeof(((struct ike_certificate *)0)->digest)];
	certificate_t *certificate;
	private_key_t *key;
	linked_list_t *chain, *authorities, *crls; /* certificate_t */
};

/* --- loading
 * --------------------------------------------------------------------------------------------------- */

static chunk_t
chunk_of(const struct octets *octets)
{
	return chunk_create(octets->bytes, octets->length);
}

static certificate_t *
load_certificate(const struct octets *octets, certificate_type_t type)
{
	return lib->creds->create(lib->creds, CRED_CERTIFICATE, type, BUILD_BLOB_ASN1_DER, chunk_of(octets),
				  BUILD_END);
}

static bool
load_list(linked_list_t *list, const struct octets *items, size_t count, certificate_type_t type)
{
	for (size_t i = 0; i < count; i++) {
		certificate_t *certificate = load_certificate(&items[i], type);

		if (!certificate)
			return false;
		list->insert_last(list, certificate);
	}
	return true;
}

static void
destroy_certificates(linked_list_t *list)
{
	list->destroy_offset(list, offsetof(certificate_t, destroy));
}

static void
destroy(struct credentials *credentials)
{
	DESTROY_IF(credentials->certificate);
	DESTROY_IF(credentials->key);
	destroy_certificates(credentials->chain);
	destroy_certificates(credentials->authorities);
	destroy_certificates(credentials->crls);
	free(credentials);
}

static struct credentials *
load(const struct ike_certificate *from, struct error *err)
{
	struct credentials *made = memory_zeroed(1, sizeof(*made));
	const char *what = NULL;

	made->references = 1;
	memcpy(made->digest, from->digest, sizeof(made->digest));
	made->chain = linked_list_create();
	made->authorities = linked_list_create();
	made->crls = linked_list_create();
	made->certificate = load_certificate(&from->certificate, CERT_X509);
	made->key = lib->creds->create(lib->creds, CRED_PRIVATE_KEY, KEY_ANY, BUILD_BLOB_ASN1_DER,
				       chunk_of(&from->key), BUILD_END);
	if (!made->certificate)
		what = "certificate";
	else if (!made->key)
		what = "private key";
	else if (!load_list(made->chain, from->chain, from->chain_count, CERT_X509))
		what = "intermediate certificate";
	else if (!load_list(made->authorities, from->authorities, from->authority_count, CERT_X509))
		what = "CA certificate";
	else if (!load_list(made->crls, from->crls, from->crl_count, CERT_X509_CRL))
		what = "revocation list";
	if (!what)
		return made;
	error_set(err, "the %s can't be used: it has something that strongSwan does not know", what);
	destroy(made);
	return NULL;
}

/* With the lock held. */
static struct credentials *
find(struct ike *ike, const uint8_t *digest)
{
	struct credentials *credentials = ike->certificates;

	while (credentials && memcmp(credentials->digest, digest, sizeof(credentials->digest)) != 0)
		credentials = credentials->next;
	if (credentials)
		credentials->references++;
	return credentials;
}

struct credentials *
credentials_get(struct ike *ike, const struct ike_certificate *from, struct error *err)
{
	struct credentials *found;

	pthread_mutex_lock(&ike->lock);
	found = find(ike, from->digest);
	pthread_mutex_unlock(&ike->lock);
	if (found)
		return found;
	/* Only the loop's thread adds: nobody else does meanwhile. */
	found = load(from, err);
	if (!found)
		return NULL;
	pthread_mutex_lock(&ike->lock);
	found->next = ike->certificates;
	ike->certificates = found;
	pthread_mutex_unlock(&ike->lock);
	return found;
}

void
credentials_put(struct ike *ike, struct credentials *credentials)
{
	struct credentials **at;
	bool last;

	if (!credentials)
		return;
	pthread_mutex_lock(&ike->lock);
	last = --credentials->references == 0;
	for (at = &ike->certificates; last && *at && *at != credentials; at = &(*at)->next)
		;
	if (last && *at)
		*at = credentials->next;
	pthread_mutex_unlock(&ike->lock);
	if (last)
		destroy(credentials);
}

certificate_t *
credentials_certificate(const struct credentials *credentials)
{
	return credentials->certificate;
}

void
credentials_constrain(const struct credentials *credentials, auth_cfg_t *auth, bool local)
{
	certificate_t *certificate = credentials->certificate;
	enumerator_t *authorities;

	if (local) {
		auth->add(auth, AUTH_RULE_SUBJECT_CERT, certificate->get_ref(certificate));
		return;
	}
	authorities = credentials->authorities->create_enumerator(credentials->authorities);
	while (authorities->enumerate(authorities, &certificate))
		auth->add(auth, AUTH_RULE_CA_CERT, certificate->get_ref(certificate));
	authorities->destroy(authorities);
}

/* --- enumerators: a list of what was found, each with a reference
 * ------------------------------------------------------------------------------ */

/* The tunnels whose credentials an SA may need, each credentials once, with a reference. */
static linked_list_t *
candidates(struct ike *ike)
{
	ike_sa_t *sa = charon->bus->get_sa(charon->bus);
	ike_sa_id_t *id = sa ? sa->get_id(sa) : NULL;
	host_t *local = sa ? sa->get_my_host(sa) : NULL, *remote = sa ? sa->get_other_host(sa) : NULL;
	linked_list_t *list = linked_list_create();
	struct tunnel *known;
	unsigned mark;

	pthread_mutex_lock(&ike->lock);
	mark = ++ike->certificate_marks;
	known = id && id->is_initiator(id) ? tunnel_of_peer(ike, sa->get_peer_cfg(sa)) : NULL;
	for (struct tunnel *tunnel = known               ? known
				     : ike->certificates ? tunnel_next(ike, NULL)
							 : NULL;
	     tunnel; tunnel = known ? NULL : tunnel_next(ike, tunnel)) {
		struct credentials *credentials = tunnel->credentials;

		if (!credentials || credentials->mark == mark ||
		    (!known && (tunnel->refused || !tunnel_may_be_between(tunnel, local, remote))))
			continue;
		credentials->mark = mark;
		credentials->references++;
		list->insert_last(list, credentials);
	}
	pthread_mutex_unlock(&ike->lock);
	return list;
}

static void
put_candidates(struct ike *ike, linked_list_t *list)
{
	struct credentials *credentials;

	while (list->remove_first(list, (void **)&credentials) == SUCCESS)
		credentials_put(ike, credentials);
	list->destroy(list);
}

static void
destroy_keys(void *data)
{
	linked_list_t *list = data;

	list->destroy_offset(list, offsetof(private_key_t, destroy));
}

static enumerator_t *
enumerate_private_keys(credential_set_t *this, key_type_t type, identification_t *id)
{
	struct ike *ike = the_ike;
	linked_list_t *list = candidates(ike), *found = linked_list_create();
	enumerator_t *all = list->create_enumerator(list);
	struct credentials *credentials;

	while (all->enumerate(all, &credentials)) {
		private_key_t *key = credentials->key;

		if ((type == KEY_ANY || type == key->get_type(key)) &&
		    (!id || key->has_fingerprint(key, id->get_encoding(id))))
			found->insert_last(found, key->get_ref(key));
	}
	all->destroy(all);
	put_candidates(ike, list);
	return enumerator_create_cleaner(found->create_enumerator(found), destroy_keys, found);
}

struct wanted {
	certificate_type_t type;
	key_type_t key;
	identification_t *id;
};

/* An identity may also be the fingerprint of the certificate's key. */
static bool
is_wanted(const struct wanted *wanted, certificate_t *certificate)
{
	public_key_t *public;
	bool fits;

	if (wanted->type != CERT_ANY && wanted->type != certificate->get_type(certificate))
		return false;
	fits = !wanted->id || certificate->has_subject(certificate, wanted->id);
	public = certificate->get_public_key(certificate);
	if (!public)
		return fits && wanted->key == KEY_ANY;
	fits = fits || public->has_fingerprint(public, wanted->id->get_encoding(wanted->id));
	fits = fits && (wanted->key == KEY_ANY || wanted->key == public->get_type(public));
	public->destroy(public);
	return fits;
}

static void
add_wanted(linked_list_t *found, const struct wanted *wanted, linked_list_t *list)
{
	enumerator_t *all = list->create_enumerator(list);
	certificate_t *certificate;

	while (all->enumerate(all, &certificate))
		if (is_wanted(wanted, certificate))
			found->insert_last(found, certificate->get_ref(certificate));
	all->destroy(all);
}

/* charon looks for a CRL by the key identifier of its issuer, which not every CRL has (RFC 5280 5.2.1 asks
 * for it, but not all CAs know that): then by the name of the CA that has this key. */
static bool
is_nameless_list_of(certificate_t *list, struct credentials *credentials, identification_t *key_id)
{
	crl_t *crl = (crl_t *)list;
	enumerator_t *authorities;
	certificate_t *authority;
	bool found = false;

	if (!key_id || crl->get_authKeyIdentifier(crl).len)
		return false;
	authorities = credentials->authorities->create_enumerator(credentials->authorities);
	while (!found && authorities->enumerate(authorities, &authority)) {
		x509_t *x509 = (x509_t *)authority;

		found = chunk_equals(x509->get_subjectKeyIdentifier(x509), key_id->get_encoding(key_id)) &&
			list->has_issuer(list, authority->get_subject(authority));
	}
	authorities->destroy(authorities);
	return found;
}

static void
add_lists(linked_list_t *found, const struct wanted *wanted, struct credentials *credentials)
{
	enumerator_t *lists = credentials->crls->create_enumerator(credentials->crls);
	certificate_t *list;

	while (lists->enumerate(lists, &list))
		if (is_wanted(wanted, list) ||
		    (wanted->type == CERT_X509_CRL && is_nameless_list_of(list, credentials, wanted->id)))
			found->insert_last(found, list->get_ref(list));
	lists->destroy(lists);
}

static void
destroy_found(void *data)
{
	destroy_certificates(data);
}

static enumerator_t *
enumerate_certificates(credential_set_t *this, certificate_type_t type, key_type_t key, identification_t *id,
		       bool trusted)
{
	struct ike *ike = the_ike;
	linked_list_t *list = candidates(ike), *found = linked_list_create();
	enumerator_t *all = list->create_enumerator(list);
	struct wanted wanted = {type, key, id};
	struct credentials *credentials;

	while (all->enumerate(all, &credentials)) {
		certificate_t *own = credentials->certificate;

		if (!trusted && is_wanted(&wanted, own))
			found->insert_last(found, own->get_ref(own));
		if (!trusted) {
			add_wanted(found, &wanted, credentials->chain);
			add_lists(found, &wanted, credentials);
		}
		add_wanted(found, &wanted, credentials->authorities);
	}
	all->destroy(all);
	put_candidates(ike, list);
	return enumerator_create_cleaner(found->create_enumerator(found), destroy_found, found);
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
credentials_init(struct ike *ike)
{
	ike->credential_set = (credential_set_t){
	    .create_private_enumerator = enumerate_private_keys,
	    .create_cert_enumerator = enumerate_certificates,
	    .create_shared_enumerator = shared_keys_enumerate,
	    .create_cdp_enumerator = no_distribution_points,
	    .cache_cert = cache_nothing,
	};
}
