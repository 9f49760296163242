// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What charon tells: a listener on its bus and a logger. Both run on charon's threads with charon's locks
 * held, so that they only look at what they are handed, note it, and post events.
 *
 * Up and down are edges of the tunnel, not of an SA: the first child SA that carries traffic, the last one
 * that goes. A child counts from child_updown(up) or child_rekey until its state says that it is being
 * deleted, so that a rekey, where old and new overlap, makes no edge.
 *
 * A failure has one event for each IKE_SA. Its cause is the first that is known: an alert, an error
 * notification (RFC 7296 3.10.1) seen in the message hook, or our own timer; charon's log line that told it
 * is the evidence.
 */
#include "core/ike/ike_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <encoding/payloads/delete_payload.h>
#include <encoding/payloads/notify_payload.h>

#define SHORT_LIVED (30 * USEC_PER_SEC)

static void
post(struct ike *ike, struct tunnel *tunnel, enum ike_event_kind kind, unsigned count, bool by_peer)
{
	if (tunnel)
		events_post(ike, &(struct ike_event){
				     .kind = kind, .tunnel = tunnel->id, .count = count, .by_peer = by_peer});
}

/* --- failures
 * -------------------------------------------------------------------------------------------------- */

void
report_failure(struct ike *ike, struct track *track, enum failure failure, const char *format, ...)
{
	struct ike_event event = {.kind = IKE_EVENT_FAILED};
	char text[512];
	va_list args;

	if (track->reported || track->ours_to_close)
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
	snprintf(event.hint, sizeof(event.hint), "%s", failure_hint(failure));
	events_post(ike, &event);
}

static const char *
name_of(const struct track *track, char out[IP_ADDRESS_TEXT])
{
	return ip_address_is_set(&track->remote) ? ip_address_format(&track->remote, out) : "the peer";
}

static const char *
evidence(const struct track *track)
{
	return *track->evidence ? track->evidence : "no reason was given";
}

static void
report_proposals(struct ike *ike, struct track *track, bool child, linked_list_t *list)
{
	char peer[IP_ADDRESS_TEXT];
	enum failure failure = child ? FAILURE_NO_PROPOSAL_ESP : FAILURE_NO_PROPOSAL_IKE;
	const char *what = child ? "ESP" : "IKE";
	char proposals[200];

	/* charon's printf specifier: # makes it read a list. */
	snprintf(proposals, sizeof(proposals), "%#P", list);
	if (track->initiator)
		report_failure(ike, track, failure, "%s accepts none of our %s proposals: %s",
			       name_of(track, peer), what, proposals);
	else
		report_failure(ike, track, failure, "none of the %s proposals of %s is configured here: %s",
			       what, name_of(track, peer), proposals);
}

static void
report_authentication(struct ike *ike, struct track *track, ike_sa_t *sa, bool here)
{
	char peer[IP_ADDRESS_TEXT], us[96], them[96];
	identification_t *mine = sa->get_my_id(sa), *other = sa->get_other_id(sa);

	snprintf(us, sizeof(us), "%Y", mine);
	snprintf(them, sizeof(them), "%Y", other);
	if (here)
		report_failure(ike, track, FAILURE_AUTHENTICATION_HERE, "can't verify %s at %s: %s", them,
			       name_of(track, peer), evidence(track));
	else
		report_failure(ike, track, FAILURE_AUTHENTICATION_THERE,
			       "%s refuses us as '%s' (we ask for '%s')", name_of(track, peer), us, them);
}

static bool
on_alert(listener_t *this, ike_sa_t *sa, alert_t alert, va_list args)
{
	struct ike *ike = the_ike;
	struct track *track;
	char peer[IP_ADDRESS_TEXT];

	if (!sa)
		return TRUE;
	pthread_mutex_lock(&ike->lock);
	track = track_of(ike, sa);
	switch (alert) {
	case ALERT_RETRANSMIT_SEND:
		(void)va_arg(args, packet_t *);
		track->retransmits = va_arg(args, int);
		track->sent++;
		if (!track->ours_to_close)
			post(ike, track->tunnel, IKE_EVENT_RETRANSMIT, track->retransmits, false);
		break;
	case ALERT_RETRANSMIT_SEND_CLEARED:
		track->retransmits = 0;
		break;
	case ALERT_PROPOSAL_MISMATCH_IKE:
		report_proposals(ike, track, false, va_arg(args, linked_list_t *));
		break;
	case ALERT_PROPOSAL_MISMATCH_CHILD:
		report_proposals(ike, track, true, va_arg(args, linked_list_t *));
		break;
	case ALERT_TS_MISMATCH: {
		linked_list_t *initiator = va_arg(args, linked_list_t *),
			      *responder = va_arg(args, linked_list_t *);
		char ours[100], theirs[100];

		snprintf(ours, sizeof(ours), "%#R", initiator);
		snprintf(theirs, sizeof(theirs), "%#R", responder);
		report_failure(ike, track, FAILURE_SELECTORS,
			       "traffic selectors %s === %s of %s are not configured here", ours, theirs,
			       name_of(track, peer));
		break;
	}
	case ALERT_LOCAL_AUTH_FAILED:
		report_authentication(ike, track, sa, false);
		break;
	case ALERT_PEER_AUTH_FAILED:
		report_authentication(ike, track, sa, true);
		break;
	case ALERT_PEER_ADDR_FAILED:
		report_failure(ike, track, FAILURE_UNREACHABLE, "no address of the peer is known");
		break;
	case ALERT_INSTALL_CHILD_SA_FAILED:
	case ALERT_INSTALL_CHILD_POLICY_FAILED:
		report_failure(ike, track, FAILURE_INTERNAL, "the SA was not installed: %s", evidence(track));
		break;
	case ALERT_AUTHORIZATION_FAILED:
		report_failure(ike, track, FAILURE_AUTHENTICATION_HERE, "%s is not authorised",
			       name_of(track, peer));
		break;
	default:
		break;
	}
	pthread_mutex_unlock(&ike->lock);
	return TRUE;
}

/* --- messages
 * -------------------------------------------------------------------------------------------------- */

static void
look_at_notify(struct ike *ike, struct track *track, message_t *message, notify_payload_t *notify)
{
	uint16_t type = notify->get_notify_type(notify);
	bool child = message->get_exchange_type(message) != IKE_SA_INIT;
	enum failure failure = failure_of_notify(type, child);
	char peer[IP_ADDRESS_TEXT];

	if (failure == FAILURE_NONE)
		return;
	if (track->failure == FAILURE_NONE)
		track->failure = failure;
	snprintf(track->evidence, sizeof(track->evidence), "%s answers %N", name_of(track, peer),
		 notify_type_names, type);
	/* charon raises no alert for this one. */
	if (failure == FAILURE_SELECTORS)
		report_failure(ike, track, failure, "%s refuses our traffic selectors (%N)",
			       name_of(track, peer), notify_type_names, type);
}

/* Each message comes twice; the plain one is decrypted and, where it is protected, authentic. */
static bool
on_message(listener_t *this, ike_sa_t *sa, message_t *message, bool incoming, bool plain)
{
	struct ike *ike = the_ike;
	enumerator_t *payloads;
	payload_t *payload;
	struct track *track;

	if (!sa || !plain)
		return TRUE;
	pthread_mutex_lock(&ike->lock);
	track = track_of(ike, sa);
	if (!incoming) {
		track->sent += message->get_request(message);
		pthread_mutex_unlock(&ike->lock);
		return TRUE;
	}
	track->heard = clock_monotonic();
	if (!message->get_request(message))
		track->retransmits = 0;
	track->peer_deletes = false;
	payloads = message->create_payload_enumerator(message);
	while (payloads->enumerate(payloads, &payload)) {
		payload_type_t type = payload->get_type(payload);

		if ((type == PLV2_DELETE || type == PLV1_DELETE) && message->get_request(message))
			track->peer_deletes = true;
		else if (type == PLV2_NOTIFY && !message->get_request(message))
			look_at_notify(ike, track, message, (notify_payload_t *)payload);
	}
	payloads->destroy(payloads);
	pthread_mutex_unlock(&ike->lock);
	return TRUE;
}

/* --- IKE_SAs
 * --------------------------------------------------------------------------------------------------- */

/* A negotiation ended without an SA: says why, unless that was said. */
static void
explain_end(struct ike *ike, struct track *track)
{
	char peer[IP_ADDRESS_TEXT], wait[32];
	struct tunnel *tunnel = track->tunnel;
	usec_t next = tunnel && tunnel->next_try_at ? tunnel->next_try_at - clock_monotonic() : 0;

	if (track->failure == FAILURE_NONE)
		track->failure = FAILURE_INTERNAL;
	if (track->failure != FAILURE_NO_ANSWER) {
		report_failure(ike, track, track->failure, "negotiation with %s ended: %s",
			       name_of(track, peer), evidence(track));
		return;
	}
	clock_format_span(next > 0 ? next : 0, wait, sizeof(wait));
	report_failure(ike, track, FAILURE_NO_ANSWER, "%s does not answer: %u packets sent%s%s",
		       name_of(track, peer), track->sent, next > 0 ? ", next try in " : "",
		       next > 0 ? wait : "");
}

static void
forget_sa(struct ike *ike, struct track *track)
{
	struct tunnel *tunnel = track->tunnel;
	bool failed = !track->carried && !track->ours_to_close;

	track_set_established(ike, track, false, true);
	/* The next try is decided first: the event names it. A responder's passing strangers only matter if
	 * they failed. */
	if (tunnel && tunnel->child_count == 0)
		supervise_ended(ike, tunnel, failed);
	/* A rekeyed IKE_SA that lost a collision ends like this too, while the tunnel carries on. */
	if (failed &&
	    (track->failure != FAILURE_NONE || (track->initiator && !(tunnel && tunnel->child_count))))
		explain_end(ike, track);
	track_free(ike, track);
}

static bool
on_ike_state(listener_t *this, ike_sa_t *sa, ike_sa_state_t state)
{
	struct ike *ike = the_ike;
	struct track *track;

	pthread_mutex_lock(&ike->lock);
	track = track_of(ike, sa);
	if (state == IKE_CONNECTING && track->state != IKE_CONNECTING) {
		track->begun = track->heard = clock_monotonic();
		track->failure = FAILURE_NONE;
		if (track->tunnel && track->tunnel->child_count == 0)
			post(ike, track->tunnel, IKE_EVENT_CONNECTING, 0, false);
		else if (track->initiator && !track->tunnel)
			job_sa(track->unique_id, DEED_DESTROY);
	}
	track->state = state;
	track->state_since = clock_monotonic();
	if (state == IKE_DESTROYING)
		forget_sa(ike, track);
	pthread_mutex_unlock(&ike->lock);
	return TRUE;
}

static void
child_gone(struct ike *ike, struct tunnel *tunnel, struct track *track, uint32_t child)
{
	usec_t lived;

	if (!tunnel || !tunnel_child_drop(tunnel, child))
		return;
	lived = clock_monotonic() - tunnel->child_up_since;
	tunnel->child_up_since = 0;
	tunnel->status.child_up = false;
	post(ike, tunnel, IKE_EVENT_CHILD_DOWN, 0, track && track->peer_deletes);
	if (lived >= SHORT_LIVED)
		tunnel->failures = 0;
	supervise_ended(ike, tunnel, lived < SHORT_LIVED && !(track && track->ours_to_close));
}

/* charon downs the children of an IKE_SA after it; for us a tunnel stops carrying first. */
static void
drop_children(struct ike *ike, struct track *track, ike_sa_t *sa)
{
	enumerator_t *children = sa->create_child_sa_enumerator(sa);
	child_sa_t *child;

	while (children->enumerate(children, &child))
		child_gone(ike, track->tunnel, track, child->get_unique_id(child));
	children->destroy(children);
}

static bool
on_ike_updown(listener_t *this, ike_sa_t *sa, bool up)
{
	struct ike *ike = the_ike;
	struct track *track;

	pthread_mutex_lock(&ike->lock);
	track = track_of(ike, sa);
	if (!up)
		drop_children(ike, track, sa);
	track_set_established(ike, track, up, true);
	pthread_mutex_unlock(&ike->lock);
	if (up)
		status_capture(ike, sa, NULL);
	return TRUE;
}

/* Called before the addresses change: the next walk reads them. */
static bool
on_ike_update(listener_t *this, ike_sa_t *sa, host_t *local, host_t *remote)
{
	struct ike *ike = the_ike;
	struct track *track;

	pthread_mutex_lock(&ike->lock);
	track = track_of(ike, sa);
	track->described = false;
	track->remote = address_of_host(remote);
	pthread_mutex_unlock(&ike->lock);
	return TRUE;
}

static bool
on_ike_rekey(listener_t *this, ike_sa_t *old, ike_sa_t *new)
{
	struct ike *ike = the_ike;
	struct track *before, *after;

	pthread_mutex_lock(&ike->lock);
	before = track_of(ike, old);
	after = track_of(ike, new);
	after->carried = before->carried = true;
	after->heard = before->heard;
	track_set_established(ike, after, true, false);
	track_set_established(ike, before, false, false);
	before->ours_to_close = true;
	post(ike, after->tunnel, IKE_EVENT_IKE_REKEYED, 0, false);
	pthread_mutex_unlock(&ike->lock);
	status_capture(ike, new, NULL);
	return TRUE;
}

/* --- child SAs
 * ------------------------------------------------------------------------------------------------- */

static bool
on_child_updown(listener_t *this, ike_sa_t *sa, child_sa_t *child, bool up)
{
	struct ike *ike = the_ike;
	struct track *track;

	pthread_mutex_lock(&ike->lock);
	track = track_of(ike, sa);
	if (up && track->tunnel) {
		track->carried = true;
		tunnel_child_add(ike, track->tunnel, child->get_unique_id(child));
		supervise_soon(ike);
	} else if (!up) {
		child_gone(ike, track->tunnel, track, child->get_unique_id(child));
	}
	pthread_mutex_unlock(&ike->lock);
	if (up)
		status_capture(ike, sa, child);
	return TRUE;
}

static bool
on_child_rekey(listener_t *this, ike_sa_t *sa, child_sa_t *old, child_sa_t *new)
{
	struct ike *ike = the_ike;
	struct track *track;

	pthread_mutex_lock(&ike->lock);
	track = track_of(ike, sa);
	if (track->tunnel) {
		tunnel_child_add(ike, track->tunnel, new->get_unique_id(new));
		post(ike, track->tunnel, IKE_EVENT_CHILD_REKEYED, 0, false);
	}
	pthread_mutex_unlock(&ike->lock);
	status_capture(ike, sa, new);
	return TRUE;
}

static bool
on_child_state(listener_t *this, ike_sa_t *sa, child_sa_t *child, child_sa_state_t state)
{
	struct ike *ike = the_ike;
	struct track *track;

	if (!sa || (state != CHILD_DELETING && state != CHILD_DELETED && state != CHILD_DESTROYING))
		return TRUE;
	pthread_mutex_lock(&ike->lock);
	track = track_find(ike, sa->get_unique_id(sa));
	child_gone(ike, track ? track->tunnel : tunnel_of_peer(ike, sa->get_peer_cfg(sa)), track,
		   child->get_unique_id(child));
	pthread_mutex_unlock(&ike->lock);
	return TRUE;
}

/* --- log
 * ------------------------------------------------------------------------------------------------------- */

/* Lines that tell a cause which no alert carries. */
static bool
is_evidence(const char *line)
{
	static const char *const beginnings[] = {
	    "tried ",        "no shared key found",     "no matching peer config",
	    "received IDr",  "constraint check failed", "received netlink error",
	    "no acceptable", "peer didn't accept",      "requested DH group",
	    "the data plane"};

	for (size_t i = 0; i < COUNT_OF(beginnings); i++)
		if (strncmp(line, beginnings[i], strlen(beginnings[i])) == 0)
			return true;
	return strstr(line, "notify error") != NULL;
}

/* Anybody can ask: each address is told of once a minute, and no more than the table holds. */
static bool
is_news(struct ike *ike, const struct ip_address *address)
{
	usec_t now = clock_monotonic();
	unsigned oldest = 0;

	for (unsigned i = 0; i < MOST_STRANGERS; i++) {
		if (ike->strangers[i].at && ip_address_equal(&ike->strangers[i].address, address) &&
		    now - ike->strangers[i].at < 60 * USEC_PER_SEC)
			return false;
		if (ike->strangers[i].at < ike->strangers[oldest].at)
			oldest = i;
	}
	if (ike->strangers[oldest].at && now - ike->strangers[oldest].at < USEC_PER_SEC)
		return false;
	ike->strangers[oldest].address = *address;
	ike->strangers[oldest].at = now;
	return true;
}

static bool
is_refused(struct ike *ike, const struct ip_address *remote)
{
	for (struct tunnel *tunnel = tunnel_next(ike, NULL); tunnel; tunnel = tunnel_next(ike, tunnel))
		if (tunnel->refused && ip_address_equal(&tunnel->remote, remote))
			return true;
	return false;
}

/* "no IKE config found for 192.0.2.1...203.0.113.9, sending NO_PROPOSAL_CHOSEN": a peer that nobody
 * configured. */
static void
report_stranger(struct ike *ike, ike_sa_t *sa, const char *line)
{
	static const char beginning[] = "no IKE config found for ";
	char addresses[128], *dots;
	struct ip_address remote;

	if (strncmp(line, beginning, sizeof(beginning) - 1) != 0)
		return;
	snprintf(addresses, sizeof(addresses), "%s", line + sizeof(beginning) - 1);
	addresses[strcspn(addresses, ",")] = '\0';
	dots = strstr(addresses, "...");
	if (!dots || !ip_address_parse(dots + 3, &remote))
		return;
	*dots = '\0';
	if (is_refused(ike, &remote) || !is_news(ike, &remote))
		return;
	report_failure(ike, track_of(ike, sa), FAILURE_NO_TUNNEL,
		       "%s asks %s for a tunnel that is not configured", dots + 3, addresses);
}

/* Keeps what a line tells of its SA; returns the tunnel's id. */
static uint32_t
note_line(struct ike *ike, ike_sa_t *sa, level_t level, const char *message)
{
	struct track *track;
	uint32_t tunnel = 0;

	pthread_mutex_lock(&ike->lock);
	/* Only looked up: an SA still logs while it is destroyed, after its track went. */
	track = track_find(ike, sa->get_unique_id(sa));
	if (track && track->tunnel)
		tunnel = track->tunnel->id;
	if (track && level <= LEVEL_CTRL && is_evidence(message))
		text_clean(track->evidence, sizeof(track->evidence), message);
	if (level <= LEVEL_CTRL)
		report_stranger(ike, sa, message);
	pthread_mutex_unlock(&ike->lock);
	return tunnel;
}

static void
on_log(logger_t *this, debug_t group, level_t level, int thread, ike_sa_t *sa, const char *message)
{
	struct ike *ike = the_ike;
	struct ike_event event = {.kind = IKE_EVENT_LOG, .at = clock_monotonic(), .level = (int)level};
	char line[256];

	snprintf(line, sizeof(line), "[%N] %s", debug_names, group, message);
	text_clean(event.text, sizeof(event.text), line);
	/* A line of no SA takes no lock: charon's thread pool writes some while it holds one that our jobs
	 * need. */
	if (sa)
		event.tunnel = note_line(ike, sa, level, message);
	if ((int)level <= ike->options.log_level)
		events_post(ike, &event);
}

/* Level 4 would print keys, 3 decrypted messages: no setting of ours goes beyond 2. Level 1 is read in any
 * case, for the evidence in it. */
static level_t
log_level(logger_t *this, debug_t group)
{
	int level = the_ike ? the_ike->options.log_level : 1;

	return level < LEVEL_CTRL ? LEVEL_CTRL : level > LEVEL_DIAG ? LEVEL_DIAG : level;
}

void
listener_init(struct ike *ike)
{
	ike->listener = (listener_t){
	    .alert = on_alert,
	    .ike_state_change = on_ike_state,
	    .child_state_change = on_child_state,
	    .message = on_message,
	    .ike_updown = on_ike_updown,
	    .ike_rekey = on_ike_rekey,
	    .ike_update = on_ike_update,
	    .child_updown = on_child_updown,
	    .child_rekey = on_child_rekey,
	};
	ike->logger = (logger_t){.log = on_log, .get_level = log_level};
}
