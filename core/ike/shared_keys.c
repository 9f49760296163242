// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pre-shared keys. A key belongs to one tunnel. While charon authenticates an SA whose tunnel is known, only
 * that tunnel's key is offered, or its two while they are rotated; before (IKEv1 needs the key first), those
 * whose identities fit.
 */
#include "core/ike/ike_internal.h"

#include <stdlib.h>

#include <credentials/keys/shared_key.h>

struct key_match {
	shared_key_t *key;
	id_match_t local, remote;
	enum key_choice choice;
};

struct key_enumerator {
	enumerator_t public;
	linked_list_t *matches; /* struct key_match */
	struct key_match *current;
	uint32_t
	    verifying; /* unique id of the SA whose peer is verified by these keys, one by one; 0: none */
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
note_verified(uint32_t unique_id, enum key_choice choice)
{
	struct track *track;

	pthread_mutex_lock(&the_ike->lock);
	track = track_find(the_ike, unique_id);
	if (track)
		track->verified_with = choice;
	pthread_mutex_unlock(&the_ike->lock);
}

static void
free_keys(enumerator_t *public)
{
	struct key_enumerator *this = (struct key_enumerator *)public;

	/* charon stops at the key that fits. */
	if (this->verifying && this->current)
		note_verified(this->verifying, this->current->choice);
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
offer(linked_list_t *matches, struct tunnel *tunnel, enum key_choice choice, id_match_t local,
      id_match_t remote)
{
	struct key_match *item = memory_zeroed(1, sizeof(*item));
	shared_key_t *key = choice == KEY_NEXT ? tunnel->next_key : tunnel->key;

	*item = (struct key_match){key->get_ref(key), local, remote, choice};
	matches->insert_last(matches, item);
}

/*
 * The keys of the tunnel that an SA belongs to. Where it has two: in IKEv2 an initiator makes its AUTH first
 * and then verifies the peer's, a responder the other way about and answers with the key that the peer has
 * shown (RFC 7296 2.15). In IKEv1 the key is asked for once (RFC 2409 5.4).
 */
static void
offer_known(struct key_enumerator *enumerator, struct tunnel *tunnel, struct track *track, bool v1)
{
	bool makes = track->initiator ? track->made_with == KEY_NONE : track->verified_with != KEY_NONE;

	if (!tunnel->next_key) {
		offer(enumerator->matches, tunnel, KEY_PRESENT, ID_MATCH_PERFECT, ID_MATCH_PERFECT);
		return;
	}
	if (makes || v1) {
		track->made_with =
		    track->initiator || v1 ? rotation_choose(tunnel, track) : track->verified_with;
		offer(enumerator->matches, tunnel, track->made_with, ID_MATCH_PERFECT, ID_MATCH_PERFECT);
		return;
	}
	enumerator->verifying = track->unique_id;
	offer(enumerator->matches, tunnel, KEY_PRESENT, ID_MATCH_PERFECT, ID_MATCH_PERFECT);
	offer(enumerator->matches, tunnel, KEY_NEXT, ID_MATCH_PERFECT, ID_MATCH_PERFECT);
}

enumerator_t *
shared_keys_enumerate(credential_set_t *this, shared_key_type_t type, identification_t *me,
		      identification_t *other)
{
	struct ike *ike = the_ike;
	ike_sa_t *sa = charon->bus->get_sa(charon->bus);
	bool v1 = sa && sa->get_version(sa) == IKEV1;
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
	if (known && known->key)
		offer_known(enumerator, known, track_of(ike, sa), v1);
	for (struct tunnel *tunnel = known ? NULL : tunnel_next(ike, NULL); tunnel;
	     tunnel = tunnel_next(ike, tunnel)) {
		id_match_t local = match(me, tunnel->local_id), remote = match(other, tunnel->remote_id);
		enum key_choice choice = tunnel->next_key && tunnel->next_turn ? KEY_NEXT : KEY_PRESENT;

		if (local == ID_MATCH_NONE || remote == ID_MATCH_NONE || tunnel->refused || !tunnel->key)
			continue;
		offer(enumerator->matches, tunnel, choice, local, remote);
		if (v1 && tunnel->next_key && track_of(ike, sa)->tunnel == tunnel)
			track_of(ike, sa)->made_with = choice;
	}
	pthread_mutex_unlock(&ike->lock);
	return &enumerator->public;
}
