// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Why a negotiation failed, as an event: the cause in a line, both sides' values where they are known, the
 * evidence, and what to do. One event for each IKE_SA, of the first cause that is known.
 *
 * What is known of the other side depends on who asked. A responder reads the peer's proposals, selectors
 * and identity. An initiator is told no more than "no" (RFC 7296 3.10.1): then there is what the peer
 * offered when it asked, or took when it last came up.
 *
 * Called by the listener, on charon's threads, with ike->lock held; the IKE_SA is the calling thread's.
 */
#include "core/ike/ike_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/ike/suites.h"

/* For who is not told what the other side takes. */
#define COMMON_IKE \
	"aes256gcm16-prfsha384-ecp384, aes256-sha256-modp2048 or, on old devices, aes128-sha1-modp1024"
#define COMMON_ESP "aes256gcm16-ecp384, aes256-sha256-modp2048 or, on old devices, aes128-sha1-modp1024"

void
report_failure(struct ike *ike, struct track *track, enum failure failure, const struct ike_failure *known,
	       const char *hint, const char *format, ...)
{
	struct ike_event event = {.kind = IKE_EVENT_FAILED, .failure = known};
	char text[512];
	va_list args;

	if (track->reported || track->ours_to_close || track->rotation)
		return;
	track->reported = true;
	track->failure = failure;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	event.tunnel = track->tunnel ? track->tunnel->id : 0;
	event.count = track->sent;
	text_clean(event.text, sizeof(event.text), text);
	snprintf(event.code, sizeof(event.code), "%s", failure_code(failure));
	if (hint == NULL || *hint == '\0')
		hint = failure_hint(failure);
	text_clean(event.hint, sizeof(event.hint), hint);
	events_post(ike, &event);
}

static void add_evidence(struct ike_failure *known, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void
add_evidence(struct ike_failure *known, const char *format, ...)
{
	char text[400], clean[400];
	size_t used = strlen(known->evidence);
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	text_clean(clean, sizeof(clean), text);
	if (*clean != '\0' && used < sizeof(known->evidence) - 1)
		snprintf(known->evidence + used, sizeof(known->evidence) - used, "%s%s", used > 0 ? "\n" : "",
			 clean);
}

const char *
report_peer(const struct track *track, char out[IP_ADDRESS_TEXT])
{
	return ip_address_is_set(&track->remote) ? ip_address_format(&track->remote, out) : "the peer";
}

static const char *
evidence(const struct track *track)
{
	return *track->evidence ? track->evidence : "no reason was given";
}

/* --- proposals ----------------------------------------------------------------------------------- */

/* Our own list, in charon's words: of the IKE configuration that this SA uses, of the tunnel's child. In
 * IKEv2 the group of a first child SA is that of IKE (RFC 7296 1.2): it is left out. IKEv1 names it always.
 */
static void
our_proposals(const struct track *track, ike_sa_t *sa, bool child, char *out, size_t size)
{
	ike_cfg_t *config = sa->get_ike_cfg(sa);
	linked_list_t *list = NULL;

	out[0] = '\0';
	if (child && track->tunnel)
		list =
		    track->tunnel->child->get_proposals(track->tunnel->child, !track->v1 && !track->carried);
	else if (!child && config)
		list = config->get_proposals(config);
	if (list == NULL)
		return;
	snprintf(out, size, "%#P", list);
	list->destroy_offset(list, offsetof(proposal_t, destroy));
}

/* The peer's list as far as it is known: what it offered when it last asked, else what it took. Says which
 * in `how`. */
static const char *
their_proposals(const struct tunnel *tunnel, bool child, const char **how)
{
	const char *took = !tunnel ? "" : child ? tunnel->status.esp_proposal : tunnel->status.ike_proposal;
	const char *offered = tunnel && tunnel->offered[child] ? tunnel->offered[child] : "";

	*how = *offered ? "it offered these when it last asked us"
	       : *took  ? "it took this one when the tunnel was last up"
			: "it does not tell what it takes";
	return *offered ? offered : took;
}

static void
describe_difference(const struct suites_difference *difference, bool child, struct ike_failure *known,
		    char *hint, size_t size)
{
	const char *setting = child ? "esp.proposals" : "ike.proposals";

	for (unsigned i = 0; i < difference->count; i++)
		add_evidence(known, "%s: we %s, they %s", suite_type_name(difference->types[i]),
			     difference->ours[i], difference->theirs[i]);
	if (difference->count == 0)
		add_evidence(known, "the lists have a suite in common");
	else if (difference->count == 1)
		snprintf(hint, size,
			 "only the %s differs: add %s to %s here, or give the other side %s as %s",
			 suite_type_name(difference->types[0]), difference->match, setting,
			 difference->ours[0], suite_type_name(difference->types[0]));
	else
		snprintf(hint, size, "add %s to %s here, or one of our proposals on the other side",
			 difference->match, setting);
}

void
report_proposals(struct ike *ike, struct track *track, ike_sa_t *sa, bool child, const char *listed)
{
	enum failure failure = child ? FAILURE_NO_PROPOSAL_ESP : FAILURE_NO_PROPOSAL_IKE;
	const char *what = child ? "ESP" : "IKE", *how = NULL, *theirs = listed;
	char peer[IP_ADDRESS_TEXT], ours[800], hint[256] = "";
	struct ike_failure known = {.child = child};
	struct suites_difference difference;

	our_proposals(track, sa, child, ours, sizeof(ours));
	if (listed == NULL)
		theirs = their_proposals(track->tunnel, child, &how);
	else if (track->tunnel) {
		free(track->tunnel->offered[child]);
		track->tunnel->offered[child] = text_copy(listed);
	}
	suites_words(ours, known.ours, sizeof(known.ours));
	suites_words(theirs, known.theirs, sizeof(known.theirs));
	if (how != NULL)
		add_evidence(&known, "%s answers NO_PROPOSAL_CHOSEN; %s", report_peer(track, peer), how);
	if (suites_compare(ours, theirs, &difference))
		describe_difference(&difference, child, &known, hint, sizeof(hint));
	else if (listed == NULL)
		snprintf(hint, sizeof(hint), "give both sides one %s proposal in common (%s), such as %s%s",
			 what, child ? "esp.proposals" : "ike.proposals", child ? COMMON_ESP : COMMON_IKE,
			 child       ? ""
			 : track->v1 ? "; and the same version, which is 1 here"
				     : "; and the same version, which is 2 here");
	if (listed != NULL)
		report_failure(ike, track, failure, &known, hint,
			       "none of the %s proposals of %s is configured here: %s", what,
			       report_peer(track, peer), known.theirs);
	else
		report_failure(ike, track, failure, &known, hint, "%s accepts none of our %s proposals: %s",
			       report_peer(track, peer), what, known.ours);
}

/* --- authentication ------------------------------------------------------------------------------ */

const char *
authentication_of(peer_cfg_t *peer, bool local)
{
	const char *kind = "";
	enumerator_t *rounds;
	auth_cfg_t *round;

	if (peer == NULL)
		return "";
	rounds = peer->create_auth_cfg_enumerator(peer, local);
	if (rounds->enumerate(rounds, &round))
		kind = (uintptr_t)round->get(round, AUTH_RULE_AUTH_CLASS) == AUTH_CLASS_PUBKEY
			   ? "certificate"
			   : "pre-shared key";
	rounds->destroy(rounds);
	return kind;
}

/* The identities that tunnels with this peer's address ask for. Returns whether all of them ask for one. */
static bool
expected_identities(struct ike *ike, const struct track *track, char *out, size_t size)
{
	unsigned count = 0;
	bool named = true;
	size_t used = 0;

	out[0] = '\0';
	for (struct tunnel *tunnel = tunnel_next(ike, NULL); tunnel; tunnel = tunnel_next(ike, tunnel)) {
		if (track->tunnel ? tunnel != track->tunnel
				  : ip_address_is_set(&tunnel->remote) &&
					!ip_address_equal(&tunnel->remote, &track->remote))
			continue;
		if (++count > 3 || used >= size)
			break;
		if (tunnel->remote_id)
			snprintf(out + used, size - used, "%s%Y", used ? ", " : "", tunnel->remote_id);
		else
			snprintf(out + used, size - used, "%sany", used ? ", " : "");
		named = named && tunnel->remote_id;
		used = strlen(out);
	}
	return named && count != 0;
}

/* Who we are: a responder's SA has the identity that the peer asked for until a tunnel is found for it, and
 * in IKEv1 none. */
static void
our_identity(const struct track *track, ike_sa_t *sa, char *out, size_t size)
{
	const struct tunnel *tunnel = track->tunnel;

	snprintf(out, size, "%Y",
		 !track->initiator && tunnel && tunnel->local_id ? tunnel->local_id : sa->get_my_id(sa));
}

/* Whom the peer takes us for, where we are somebody else. */
static bool
is_mistaken(const struct track *track, ike_sa_t *sa)
{
	identification_t *asked = sa->get_my_id(sa), *ours = track->tunnel ? track->tunnel->local_id : NULL;

	return !track->initiator && ours && asked->get_type(asked) != ID_ANY &&
	       !asked->matches(asked, ours) && !ours->matches(ours, asked);
}

static void
report_refused_by_peer(struct ike *ike, struct track *track, struct ike_failure *known, const char *us,
		       const char *them, const char *kind)
{
	char peer[IP_ADDRESS_TEXT];

	snprintf(known->theirs, sizeof(known->theirs), "%s%s", strcmp(them, "%any") ? "asked for as " : "",
		 strcmp(them, "%any") ? them : "any identity is taken");
	add_evidence(known, "%s; it tells no reason, but its log does",
		     *track->evidence ? track->evidence : "it refuses");
	if (report_certificate_refused(ike, track, known, report_peer(track, peer), us, them))
		return;
	report_failure(ike, track, FAILURE_AUTHENTICATION_THERE, known,
		       strcmp(kind, "certificate") == 0
			   ? "on the other side: does it trust the issuer of our certificate, and expect our "
			     "identity?"
			   : NULL,
		       "%s refuses us as '%s' (we ask for '%s')", report_peer(track, peer), us, them);
}

static void
say_mistaken(ike_sa_t *sa, const char *us, struct ike_failure *known, char *hint, size_t size)
{
	add_evidence(known, "it asks us to be '%Y'", sa->get_my_id(sa));
	snprintf(
	    hint, size,
	    "the other side takes us for '%Y': give it '%s' as our identity, or set the tunnel's local_id "
	    "here",
	    sa->get_my_id(sa), us);
}

/* How the peer proves itself, where that is not how the tunnel asks for it; NULL: as it asks, or unknown. */
static const char *
other_way(const struct track *track, const char *kind)
{
	bool by_certificate = track->certificate_failure != FAILURE_NONE ||
			      strncmp(track->evidence, "no trusted", strlen("no trusted")) == 0;

	if (strcmp(kind, "pre-shared key") == 0 && by_certificate)
		return "shows a certificate";
	if (strcmp(kind, "certificate") == 0 &&
	    strncmp(track->evidence, "no shared key", strlen("no shared key")) == 0)
		return "has a pre-shared key";
	return strstr(track->evidence, "but none allows") ? "does not" : NULL;
}

void
report_authentication(struct ike *ike, struct track *track, ike_sa_t *sa, bool here)
{
	char peer[IP_ADDRESS_TEXT], us[96], them[96], expected[160], hint[256] = "";
	peer_cfg_t *config = sa->get_peer_cfg(sa);
	const char *kind =
	    authentication_of(config ? config : (track->tunnel ? track->tunnel->peer : NULL), true);
	const char *way = other_way(track, kind);
	struct ike_failure known = {0};
	bool named;

	our_identity(track, sa, us, sizeof(us));
	snprintf(them, sizeof(them), "%Y", sa->get_other_id(sa));
	snprintf(known.ours, sizeof(known.ours), "%s%s%s", us, *kind ? ", by " : "", kind);
	if (!here) {
		report_refused_by_peer(ike, track, &known, us, them, kind);
		return;
	}
	named = expected_identities(ike, track, expected, sizeof(expected));
	snprintf(known.theirs, sizeof(known.theirs), "%s; expected here: %s", them, expected);
	add_evidence(&known, "%s", *track->certificate_text ? track->certificate_text : evidence(track));
	if (way == NULL && report_certificate(ike, track, &known, them))
		return;
	if (strstr(track->evidence, "MAC mismatched"))
		snprintf(
		    hint, sizeof(hint),
		    "the identities fit, so the pre-shared keys differ: compare them, also for blanks and "
		    "line ends");
	else if (strncmp(track->evidence, "Aggressive Mode", strlen("Aggressive Mode")) == 0)
		snprintf(hint, sizeof(hint), "on the other side: main mode instead of aggressive mode");
	else if (way != NULL)
		snprintf(hint, sizeof(hint),
			 "both sides must authenticate alike: here it is by %s, the other side %s", kind,
			 way);
	else if (is_mistaken(track, sa))
		say_mistaken(sa, us, &known, hint, sizeof(hint));
	else if (named && !strstr(expected, them) && strcmp(them, "%any") != 0)
		snprintf(hint, sizeof(hint),
			 "here: set the tunnel's remote_id to '%s', or give the other side the identity '%s'",
			 them, expected);
	report_failure(ike, track, FAILURE_AUTHENTICATION_HERE, &known, hint, "can't verify %s at %s: %s",
		       them, report_peer(track, peer), evidence(track));
}

void
report_undecipherable(struct ike *ike, struct track *track, ike_sa_t *sa)
{
	char peer[IP_ADDRESS_TEXT], us[96];
	struct ike_failure known = {0};

	our_identity(track, sa, us, sizeof(us));
	snprintf(known.ours, sizeof(known.ours), "%s, by pre-shared key", us);
	expected_identities(ike, track, known.theirs, sizeof(known.theirs));
	add_evidence(
	    &known,
	    "its message can't be decrypted; in IKEv1 the pre-shared key enters the keys (RFC 2409 5)");
	report_failure(ike, track, FAILURE_AUTHENTICATION_HERE, &known,
		       "the pre-shared keys differ: compare them, also for blanks and line ends",
		       "can't decrypt what %s sends: the pre-shared keys differ", report_peer(track, peer));
}

/* --- traffic selectors --------------------------------------------------------------------------- */

static void
our_selectors(const struct track *track, char *out, size_t size)
{
	child_cfg_t *child = track->tunnel ? track->tunnel->child : NULL;
	size_t used;

	out[0] = '\0';
	if (child == NULL)
		return;
	for (int local = 1; local >= 0; local--) {
		linked_list_t *list = child->get_traffic_selectors(child, local, NULL, NULL, FALSE);

		used = strlen(out);
		snprintf(out + used, size - used, "%s%#R", used ? " === " : "", list);
		list->destroy_offset(list, offsetof(traffic_selector_t, destroy));
	}
}

void
report_selectors(struct ike *ike, struct track *track, const char *theirs, const char *answer)
{
	char peer[IP_ADDRESS_TEXT], ours[IKE_SIDE], hint[256] = "";
	struct ike_failure known = {.child = true};

	our_selectors(track, ours, sizeof(ours));
	text_clean(known.ours, sizeof(known.ours), ours);
	if (theirs == NULL) {
		add_evidence(&known, "%s answers %s and does not tell its own", report_peer(track, peer),
			     answer);
		report_failure(ike, track, FAILURE_SELECTORS, &known, NULL,
			       "%s refuses our traffic selectors (%s)", report_peer(track, peer), answer);
		return;
	}
	text_clean(known.theirs, sizeof(known.theirs), theirs);
	add_evidence(&known, "both are written as seen from here: local === remote");
	snprintf(hint, sizeof(hint),
		 "give both sides the same pair, mirrored: here 'selectors' %s, or there ours; a route-based "
		 "tunnel uses 0.0.0.0/0 on both",
		 known.theirs);
	report_failure(ike, track, FAILURE_SELECTORS, &known, hint,
		       "traffic selectors %s of %s are not configured here", known.theirs,
		       report_peer(track, peer));
}

void
report_notify(struct ike *ike, struct track *track, ike_sa_t *sa, enum failure failure)
{
	char peer[IP_ADDRESS_TEXT];
	struct ike_failure known = {0};

	switch (failure) {
	case FAILURE_NO_PROPOSAL_IKE:
	case FAILURE_NO_PROPOSAL_ESP:
		report_proposals(ike, track, sa, failure == FAILURE_NO_PROPOSAL_ESP, NULL);
		break;
	case FAILURE_AUTHENTICATION_THERE:
		report_authentication(ike, track, sa, false);
		break;
	default:
		add_evidence(&known, "%s", evidence(track));
		report_failure(ike, track, failure, &known, NULL, "negotiation with %s ended: %s",
			       report_peer(track, peer), evidence(track));
	}
}

/* --- the end ------------------------------------------------------------------------------------- */

static void
report_key_exchange(struct ike *ike, struct track *track)
{
	char peer[IP_ADDRESS_TEXT], group[24];
	struct ike_failure known = {0};
	char hint[256] = "";

	if (track->tunnel) {
		ike_cfg_t *config = track->tunnel->peer->get_ike_cfg(track->tunnel->peer);
		linked_list_t *list = config->get_proposals(config);
		char text[800];

		snprintf(text, sizeof(text), "%#P", list);
		list->destroy_offset(list, offsetof(proposal_t, destroy));
		suites_words(text, known.ours, sizeof(known.ours));
	}
	if (track->wanted_group) {
		suites_group(track->wanted_group, group, sizeof(group));
		snprintf(known.theirs, sizeof(known.theirs), "asks for the group %s", group);
		if (strstr(known.ours, group))
			add_evidence(&known, "%s is among ours", group);
		else
			add_evidence(&known, "%s is not among ours", group);
		snprintf(
		    hint, sizeof(hint),
		    "add %s to ike.proposals here (and esp.proposals, for PFS), or give the other side one "
		    "of our groups",
		    group);
	}
	add_evidence(&known, "%s", evidence(track));
	report_failure(ike, track, FAILURE_KEY_EXCHANGE, &known, hint, "negotiation with %s ended: %s",
		       report_peer(track, peer), evidence(track));
}

/* "the peer answers on UDP 500 and not on UDP 4500": where there is a NAT the negotiation goes on there. */
static void
say_silence(const struct track *track, char *out, size_t size, char *hint, size_t hint_size)
{
	char peer[IP_ADDRESS_TEXT];

	report_peer(track, peer);
	*hint = '\0';
	if (track->heard_from == 0) {
		snprintf(out, size, "%s does not answer", peer);
	} else if (track->heard_from != track->sent_to) {
		snprintf(out, size, "%s answers on UDP %u and not on UDP %u", peer, track->heard_from,
			 track->sent_to);
		snprintf(hint, hint_size,
			 "let UDP %u pass in both directions, on both sides and on the way: with a NAT, or "
			 "where one "
			 "is pretended, all but the first messages and ESP use it",
			 track->sent_to);
	} else {
		snprintf(out, size, "%s answered at first and is silent now", peer);
		snprintf(hint, hint_size,
			 "look at the other side's log; where large packets are lost on the way, "
			 "'ike.fragmentation: force' makes them small");
	}
}

/* Who is refused by IKEv1's initiator is not told so, nor who begins a thing that is not wanted. */
static void
report_closed(struct ike *ike, struct track *track)
{
	char peer[IP_ADDRESS_TEXT];
	struct ike_failure known = {0};

	if (track->tunnel->local_id)
		snprintf(known.ours, sizeof(known.ours), "%Y", track->tunnel->local_id);
	add_evidence(&known, "IKE was agreed, then a Delete came");
	report_failure(ike, track, FAILURE_CLOSED, &known, NULL,
		       "%s closed the IKE SA before it had a child SA, and told no reason",
		       report_peer(track, peer));
}

void
report_end(struct ike *ike, struct track *track)
{
	char peer[IP_ADDRESS_TEXT], wait[32], lasted[32], silence[128], hint[256];
	struct tunnel *tunnel = track->tunnel;
	usec_t now = clock_monotonic(), next = tunnel && tunnel->next_try_at ? tunnel->next_try_at - now : 0;
	struct ike_failure known = {0};

	if (track->failure == FAILURE_NONE && track->peer_deletes && track->tunnel && track->established_at) {
		report_closed(ike, track);
		return;
	}
	if (track->failure == FAILURE_NONE)
		track->failure = FAILURE_INTERNAL;
	if (track->failure == FAILURE_KEY_EXCHANGE) {
		report_key_exchange(ike, track);
		return;
	}
	if (track->failure != FAILURE_NO_ANSWER) {
		add_evidence(&known, "%s", evidence(track));
		report_failure(ike, track, track->failure, &known, NULL, "negotiation with %s ended: %s",
			       report_peer(track, peer), evidence(track));
		return;
	}
	clock_format_span(next > 0 ? next : 0, wait, sizeof(wait));
	clock_format_span(now - track->begun, lasted, sizeof(lasted));
	add_evidence(&known, "sent %u packet%s in %s%s", track->sent, PLURAL(track->sent, "s"), lasted,
		     *track->evidence         ? "; what came back: "
		     : track->heard_from != 0 ? ", and only the first were answered"
					      : ", and nothing came back");
	if (*track->evidence)
		add_evidence(&known, "%s", track->evidence);
	say_silence(track, silence, sizeof(silence), hint, sizeof(hint));
	report_failure(ike, track, FAILURE_NO_ANSWER, &known, hint, "%s: %u packets sent%s%s", silence,
		       track->sent, next > 0 ? ", next try in " : "", next > 0 ? wait : "");
}
