// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What one gateway of ours tells another in Vendor IDs (RFC 7296 3.12; RFC 2408 3.16), which others do not
 * know and pass over.
 *
 * A NAT that is pretended. Whoever forces encapsulation sends a NAT_DETECTION_SOURCE_IP that fits no address
 * (RFC 7296 2.23), so that its peer finds a NAT where there is none. We tell the truth beside it: sixteen
 * bytes that name it, then the hash that the notification would have held, SHA-1 over both SPIs, the source
 * address and its port. A peer of our own that finds it right knows that no NAT lies before the sender; where
 * there is one it is wrong, as the notification would have been.
 *
 * The rule for duplicates. Of two IKE_SAs that both ends began at once, one of ours ends the one with the
 * higher initiator's SPI (duplicates.c). A peer that says it does the same need not be waited for; others
 * have rules of their own.
 *
 * They are in each side's first message, unprotected as NAT detection itself is. In IKEv2 AUTH covers them:
 * what counts is the message that AUTH covers. In IKEv1 they are in no hash (RFC 2409 5), so that who is on
 * the path can put them in or take them out. All that he has of it: of two SAs begun at once one goes after
 * three seconds instead of twelve, or after twelve instead of three; and a NAT before the peer is shown where
 * there is none, or isn't where there is one.
 *
 * The second is answered only where the peer said it, so that strangers don't read in it what we are.
 */
#include "core/ike/ike_internal.h"

#include <encoding/payloads/vendor_id_payload.h>

/* Bits that charon leaves; it keeps them over the rekeying of an IKE_SA. */
#define SOURCE_IS_TRUE ((ike_condition_t)(1U << 30))
#define KEEPS_LOWER_SPI ((ike_condition_t)(1U << 29))

static const char source_magic[] = "twinspan source ", lower_spi[] = "twinspan keeps the lower SPI";

enum { SOURCE_MAGIC = sizeof(source_magic) - 1, LOWER_SPI = sizeof(lower_spi) - 1 };

/* The hash of RFC 7296 2.23; empty where charon has no SHA-1. Returns new. */
static chunk_t
hash_of(ike_sa_id_t *id, host_t *source)
{
	hasher_t *hasher = lib->crypto->create_hasher(lib->crypto, HASH_SHA1);
	uint64_t initiator = id->get_initiator_spi(id), responder = id->get_responder_spi(id);
	uint16_t port = htons(source->get_port(source));
	chunk_t text, hash = chunk_empty;

	if (!hasher)
		return chunk_empty;
	text = chunk_cat("cccc", chunk_from_thing(initiator), chunk_from_thing(responder),
			 source->get_address(source), chunk_from_thing(port));
	if (!hasher->allocate_hash(hasher, text, &hash))
		hash = chunk_empty;
	chunk_free(&text);
	hasher->destroy(hasher);
	return hash;
}

/* Is it a side's first message? */
static bool
is_first(message_t *message)
{
	switch (message->get_exchange_type(message)) {
	case IKE_SA_INIT:
		return message->get_payload(message, PLV2_SECURITY_ASSOCIATION) != NULL;
	case ID_PROT:
	case AGGRESSIVE:
		return message->get_payload(message, PLV1_SECURITY_ASSOCIATION) != NULL;
	default:
		return false;
	}
}

static void
add(ike_sa_t *sa, message_t *message, chunk_t data)
{
	message->add_payload(message,
			     (payload_t *)vendor_id_payload_create_data(
				 sa->get_version(sa) == IKEV1 ? PLV1_VENDOR_ID : PLV2_VENDOR_ID, data));
}

static void
say_source(ike_sa_t *sa, message_t *message)
{
	ike_cfg_t *config = sa->get_ike_cfg(sa);
	host_t *source = message->get_source(message);
	chunk_t hash;

	if (!config || !config->force_encap(config) || source->is_anyaddr(source))
		return;
	hash = hash_of(sa->get_id(sa), source);
	if (hash.len == 0)
		return;
	add(sa, message, chunk_cat("cm", chunk_create((u_char *)source_magic, SOURCE_MAGIC), hash));
}

static void
hear_source(ike_sa_t *sa, message_t *message, chunk_t told)
{
	chunk_t hash = hash_of(message->get_ike_sa_id(message), message->get_source(message));

	if (hash.len != 0 && chunk_equals(told, hash))
		sa->set_condition(sa, SOURCE_IS_TRUE, TRUE);
	chunk_free(&hash);
}

static void
hear(ike_sa_t *sa, message_t *message)
{
	enumerator_t *payloads = message->create_payload_enumerator(message);
	payload_t *payload;

	/* Should an SA hear more than one the last counts, which AUTH covers. */
	sa->set_condition(sa, SOURCE_IS_TRUE, FALSE);
	sa->set_condition(sa, KEEPS_LOWER_SPI, FALSE);
	while (payloads->enumerate(payloads, &payload)) {
		payload_type_t type = payload->get_type(payload);
		chunk_t data;

		if (type != PLV1_VENDOR_ID && type != PLV2_VENDOR_ID)
			continue;
		data = ((vendor_id_payload_t *)payload)->get_data((vendor_id_payload_t *)payload);
		if (chunk_equals(data, chunk_create((u_char *)lower_spi, LOWER_SPI)))
			sa->set_condition(sa, KEEPS_LOWER_SPI, TRUE);
		else if (data.len > SOURCE_MAGIC && memcmp(data.ptr, source_magic, SOURCE_MAGIC) == 0)
			hear_source(sa, message, chunk_skip(data, SOURCE_MAGIC));
	}
	payloads->destroy(payloads);
}

void
vendor_ids_note(ike_sa_t *sa, message_t *message, bool incoming)
{
	ike_sa_id_t *id = sa->get_id(sa);

	if (!is_first(message))
		return;
	if (incoming) {
		hear(sa, message);
		return;
	}
	say_source(sa, message);
	if (id->is_initiator(id) || vendor_ids_keeps_lower_spi(sa))
		add(sa, message, chunk_clone(chunk_create((u_char *)lower_spi, LOWER_SPI)));
}

bool
vendor_ids_true_source(ike_sa_t *sa)
{
	return sa->has_condition(sa, SOURCE_IS_TRUE);
}

bool
vendor_ids_keeps_lower_spi(ike_sa_t *sa)
{
	return sa->has_condition(sa, KEEPS_LOWER_SPI);
}
