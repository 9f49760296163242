// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Why a negotiation failed, in words that stay: a code for programs, a hint for people. Free of strongSwan's
 * headers.
 */
#ifndef TWINSPAN_IKE_FAILURE_H
#define TWINSPAN_IKE_FAILURE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/clock.h"

enum failure {
	FAILURE_NONE,
	FAILURE_NO_ANSWER,
	FAILURE_NO_PROPOSAL_IKE,
	FAILURE_NO_PROPOSAL_ESP,
	FAILURE_AUTHENTICATION_HERE,  /* we could not verify the peer */
	FAILURE_AUTHENTICATION_THERE, /* the peer refused us */
	FAILURE_CERTIFICATE_EXPIRED,  /* the peer's, or ours */
	FAILURE_CERTIFICATE_UNTRUSTED,
	FAILURE_CERTIFICATE_REVOKED,
	FAILURE_CERTIFICATE_IDENTITY, /* it does not have the identity that the peer claims */
	FAILURE_CERTIFICATE_THERE,    /* the peer refused ours */
	FAILURE_SELECTORS,
	FAILURE_KEY_EXCHANGE,
	FAILURE_UNFINISHED, /* the peer is there, and leaves an exchange without its end */
	FAILURE_UNREACHABLE,
	FAILURE_DUPLICATE, /* the peer asks for a second IKE SA, and the first is to be kept */
	FAILURE_NO_TUNNEL, /* a peer that no tunnel is configured for */
	FAILURE_VERSION,   /* a peer that begins with the version of IKE that its tunnel has not */
	FAILURE_CLOSED,    /* the peer ended an IKE SA before it had a child, and told no reason */
	FAILURE_INTERNAL,
	FAILURE_COUNT
};

/** The stable word of ike_event.code; "" for none. */
const char *failure_code(enum failure failure);
/** What a person can do about it; "" for none. */
const char *failure_hint(enum failure failure);
/**
 * What an IKEv2 error notification (RFC 7296 3.10.1, type below 16384) of the peer means for the negotiation.
 * `child` tells that it answers for the child SA only, as NO_PROPOSAL_CHOSEN in IKE_AUTH does. FAILURE_NONE
 * for notifications that are no errors or that charon itself retries.
 */
enum failure failure_of_notify(uint16_t type, bool child);
/** The same for IKEv1 (RFC 2408 3.14.1), whose numbers are other words in part. */
enum failure failure_of_notify_1(uint16_t type, bool child);

/**
 * How long to wait before the next try after `failures` failed ones in a row: 0 at once, then 1, 2, 4, 8, 16
 * and 30 seconds, and up to a quarter more by `random`, so that a thousand tunnels don't come back in one
 * instant.
 */
usec_t backoff_delay(unsigned failures, uint32_t random);

#endif
