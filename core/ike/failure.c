// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The table of failures: each has one code and one hint, whatever path in charon led to it (alert,
 * notification, or our own timer). Codes are part of the contract; several failures may share one.
 */
#include "core/ike/failure.h"

#include "core/base/text.h"

static const struct {
	const char *code, *hint;
} failures[FAILURE_COUNT] = {
    [FAILURE_NONE] = {"", ""},
    [FAILURE_NO_ANSWER] =
	{"no_answer",
	 "check the remote address, the route to it, and that UDP 500 and 4500 pass in both directions"},
    [FAILURE_NO_PROPOSAL_IKE] =
	{"no_proposal_chosen",
	 "give both sides an IKE proposal in common (ike.proposals); some peers also answer so to an "
	 "address they have no connection for"},
    [FAILURE_NO_PROPOSAL_ESP] = {"no_proposal_chosen",
				 "give both sides an ESP proposal in common (esp.proposals)"},
    [FAILURE_AUTHENTICATION_HERE] =
	{"authentication_failed",
	 "compare the pre-shared key and the identities (local_id, remote_id) of both sides"},
    [FAILURE_AUTHENTICATION_THERE] =
	{"authentication_failed",
	 "the peer refuses our pre-shared key or identity: compare the key, local_id and "
	 "remote_id of both sides"},
    [FAILURE_CERTIFICATE_EXPIRED] =
	{"certificate_expired", "renew the certificate, and see that the clocks of both sides are right"},
    [FAILURE_CERTIFICATE_UNTRUSTED] = {"certificate_untrusted",
				       "name the CA that the peer's certificate comes from in 'ca', with its "
				       "root, or have the peer send the intermediate ones"},
    [FAILURE_CERTIFICATE_REVOKED] = {"certificate_revoked",
				     "the CA has withdrawn this certificate: it needs a new one"},
    [FAILURE_CERTIFICATE_IDENTITY] = {"certificate_identity",
				      "remote_id and the peer's own identity must be the subject of its "
				      "certificate, or an alternative name in it"},
    [FAILURE_CERTIFICATE_THERE] =
	{"authentication_failed",
	 "the peer refuses our certificate: see that it trusts its CA, that it expects "
	 "this identity, and that it authenticates by certificates too"},
    [FAILURE_SELECTORS] =
	{"ts_unacceptable",
	 "both sides must agree on traffic selectors: a route-based tunnel uses 0.0.0.0/0 on both"},
    [FAILURE_KEY_EXCHANGE] = {"invalid_ke",
			      "the peer asks for another Diffie-Hellman group: add it to the proposals"},
    [FAILURE_UNFINISHED] = {"no_answer", "what the peer sends last may be lost on the way: see that UDP 500 "
					 "and 4500 pass in both directions"},
    [FAILURE_UNREACHABLE] =
	{"peer_unreachable",
	 "no address to negotiate with: set the tunnel's remote and see that a route leads to it"},
    [FAILURE_DUPLICATE] =
	{"duplicate_refused",
	 "if the peer has lost the first one it is let in once that is found dead; if it wants several, or "
	 "makes a "
	 "new one instead of rekeying (reauthentication), set ike.unique to initial_contact or replace"},
    [FAILURE_NO_TUNNEL] =
	{"no_matching_tunnel",
	 "configure a tunnel for this peer's address and identity, or block it if it has no business here"},
    [FAILURE_VERSION] =
	{"version_mismatch",
	 "set ike.version here, or the other side, to the same version ('any' here takes both)"},
    [FAILURE_CLOSED] = {"closed_by_peer", "look at the other side's log: it may expect another identity than "
					  "ours (local_id), or want no child SA"},
    [FAILURE_INTERNAL] = {"internal", "look at the IKE log lines just before this event"},
};

const char *
failure_code(enum failure failure)
{
	return (unsigned)failure < FAILURE_COUNT ? failures[failure].code : "";
}

const char *
failure_hint(enum failure failure)
{
	return (unsigned)failure < FAILURE_COUNT ? failures[failure].hint : "";
}

enum failure
failure_of_notify(uint16_t type, bool child)
{
	/* Values of the IANA registry "IKEv2 Notify Message Types - Error Types". */
	static const struct {
		uint16_t type;
		enum failure ike, child;
	} table[] = {
	    {5, FAILURE_INTERNAL, FAILURE_INTERNAL},                          /* INVALID_MAJOR_VERSION */
	    {7, FAILURE_INTERNAL, FAILURE_INTERNAL},                          /* INVALID_SYNTAX */
	    {14, FAILURE_NO_PROPOSAL_IKE, FAILURE_NO_PROPOSAL_ESP},           /* NO_PROPOSAL_CHOSEN */
	    {17, FAILURE_KEY_EXCHANGE, FAILURE_KEY_EXCHANGE},                 /* INVALID_KE_PAYLOAD */
	    {24, FAILURE_AUTHENTICATION_THERE, FAILURE_AUTHENTICATION_THERE}, /* AUTHENTICATION_FAILED */
	    {34, FAILURE_SELECTORS, FAILURE_SELECTORS},                       /* SINGLE_PAIR_REQUIRED */
	    {35, FAILURE_INTERNAL, FAILURE_INTERNAL},                         /* NO_ADDITIONAL_SAS */
	    {36, FAILURE_INTERNAL, FAILURE_INTERNAL},                         /* INTERNAL_ADDRESS_FAILURE */
	    {37, FAILURE_INTERNAL, FAILURE_INTERNAL},                         /* FAILED_CP_REQUIRED */
	    {38, FAILURE_SELECTORS, FAILURE_SELECTORS},                       /* TS_UNACCEPTABLE */
	    {39, FAILURE_SELECTORS, FAILURE_SELECTORS},                       /* INVALID_SELECTORS */
	};

	for (size_t i = 0; i < COUNT_OF(table); i++)
		if (table[i].type == type)
			return child ? table[i].child : table[i].ike;
	return FAILURE_NONE;
}

enum failure
failure_of_notify_1(uint16_t type, bool child)
{
	static const struct {
		uint16_t type;
		enum failure ike, child;
	} table[] = {
	    {14, FAILURE_NO_PROPOSAL_IKE, FAILURE_NO_PROPOSAL_ESP}, /* NO-PROPOSAL-CHOSEN */
	    {15, FAILURE_NO_PROPOSAL_IKE, FAILURE_NO_PROPOSAL_ESP}, /* BAD-PROPOSAL-SYNTAX */
	    {16, FAILURE_AUTHENTICATION_THERE, FAILURE_INTERNAL},   /* PAYLOAD-MALFORMED: it can't decrypt */
	    {17, FAILURE_KEY_EXCHANGE, FAILURE_KEY_EXCHANGE},       /* INVALID-KEY-INFORMATION */
	    {18, FAILURE_AUTHENTICATION_THERE, FAILURE_SELECTORS},  /* INVALID-ID-INFORMATION */
	    {20, FAILURE_AUTHENTICATION_THERE, FAILURE_NONE},       /* INVALID-CERTIFICATE */
	    {22, FAILURE_AUTHENTICATION_THERE, FAILURE_NONE},       /* INVALID-CERT-AUTHORITY */
	    {23, FAILURE_AUTHENTICATION_THERE, FAILURE_NONE},       /* INVALID-HASH-INFORMATION */
	    {24, FAILURE_AUTHENTICATION_THERE, FAILURE_NONE},       /* AUTHENTICATION-FAILED */
	    {25, FAILURE_AUTHENTICATION_THERE, FAILURE_NONE},       /* INVALID-SIGNATURE */
	};

	for (size_t i = 0; i < COUNT_OF(table); i++)
		if (table[i].type == type)
			return child ? table[i].child : table[i].ike;
	return FAILURE_NONE;
}

usec_t
backoff_delay(unsigned failures_in_a_row, uint32_t random)
{
	static const unsigned char seconds[] = {0, 1, 2, 4, 8, 16, 30};
	unsigned step = failures_in_a_row < COUNT_OF(seconds) ? failures_in_a_row : COUNT_OF(seconds) - 1;
	usec_t delay = seconds[step] * USEC_PER_SEC;

	return delay + (delay ? (usec_t)(random % (uint32_t)(delay / 4)) : 0);
}
