// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A tunnel on its way from one pre-shared key to the next, without an end between. Both are taken from the
 * peer. Where this side initiates, a second IKE SA made with the next key is tried beside the one that
 * carries: established, it takes over (supervisor.c thins out duplicates); refused, it is tried again later,
 * and the tunnel knows nothing of it. A negotiation from nothing takes turns between the keys.
 */
#include "core/ike/ike_internal.h"

#include <stdio.h>
#include <string.h>

#define FIRST_WAIT (30 * USEC_PER_SEC)
#define PUT_OFF USEC_PER_SEC
#define DOUBLINGS 4 /* 30 s, 1, 2, 4 and 8 minutes */

static shared_key_t *
new_key(const uint8_t *key, size_t length)
{
	return shared_key_create(SHARED_IKE, chunk_clone(chunk_create((u_char *)key, length)));
}

static bool
is_key(shared_key_t *key, const uint8_t *bytes, size_t length)
{
	return key && chunk_equals_const(key->get_key(key), chunk_create((u_char *)bytes, length));
}

void
ike_tunnel_next_key(struct ike *ike, uint32_t id, const uint8_t *key, size_t length)
{
	struct tunnel *tunnel;

	pthread_mutex_lock(&ike->lock);
	tunnel = tunnel_find(ike, id);
	if (tunnel && (!key || !is_key(tunnel->next_key, key, length))) {
		DESTROY_IF(tunnel->next_key);
		tunnel->next_key = key && !is_key(tunnel->key, key, length) ? new_key(key, length) : NULL;
		tunnel->refusals = 0;
		tunnel->next_turn = false;
		tunnel->rotate_at = tunnel->next_key && tunnel->initiate ? clock_monotonic() : 0;
		supervise_soon(ike);
	}
	pthread_mutex_unlock(&ike->lock);
}

enum key_choice
rotation_choose(struct tunnel *tunnel, struct track *track)
{
	/* A responder of IKEv1 is asked before it knows the peer: here too they take turns. */
	return track->rotation || tunnel->next_turn ? KEY_NEXT : KEY_PRESENT;
}

bool
rotation_is_due(const struct tunnel *tunnel, usec_t now)
{
	return tunnel->next_key && tunnel->wanted && tunnel->child_count && !tunnel->starting &&
	       tunnel->rotate_at && tunnel->rotate_at <= now;
}

void
rotation_put_off(struct tunnel *tunnel)
{
	if (tunnel->next_key && tunnel->initiate)
		tunnel->rotate_at = clock_monotonic() + PUT_OFF;
}

void
rotation_established(struct ike *ike, struct track *track)
{
	struct tunnel *tunnel = track->tunnel;

	if (!tunnel || !tunnel->next_key ||
	    (track->made_with != KEY_NEXT && track->verified_with != KEY_NEXT))
		return;
	tunnel->key->destroy(tunnel->key);
	tunnel->key = tunnel->next_key;
	tunnel->next_key = NULL;
	tunnel->rotate_at = 0;
	tunnel->refusals = 0;
	tunnel->next_turn = false;
	events_post(ike, &(struct ike_event){.kind = IKE_EVENT_KEY_TAKEN, .tunnel = tunnel->id});
}

void
rotation_ended(struct ike *ike, struct track *track)
{
	struct ike_event event = {.kind = IKE_EVENT_KEY_REFUSED};
	struct tunnel *tunnel = track->tunnel;
	usec_t wait;
	char span[32];

	if (!tunnel || !tunnel->next_key)
		return;
	wait = FIRST_WAIT << (tunnel->refusals < DOUBLINGS ? tunnel->refusals : DOUBLINGS);
	tunnel->refusals++;
	tunnel->rotate_at = clock_monotonic() + wait;
	clock_format_span(wait, span, sizeof(span));
	event.tunnel = tunnel->id;
	event.count = tunnel->refusals;
	snprintf(event.text, sizeof(event.text), "%s; it is tried again in %s",
		 track->failure == FAILURE_NO_ANSWER ? "the peer did not answer"
		 : *track->evidence                  ? track->evidence
						     : "the peer refused it",
		 span);
	events_post(ike, &event);
}
