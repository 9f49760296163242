// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What charon tells: a listener on its bus. It runs on charon's threads with charon's locks held, so that it
 * only looks at what it is handed, notes it, and posts events. Its log lines are listener_log.c's.
 *
 * Up and down are edges of the tunnel, not of an SA: the first child SA that carries traffic, the last one
 * that goes. A child counts from child_updown(up) or child_rekey until its state says that it is being
 * deleted, so that a rekey, where old and new overlap, makes no edge.
 *
 * A failure has one event for each IKE_SA (reports.c). Its cause is the first that is known: an alert, an
 * error notification (RFC 7296 3.10.1, RFC 2408 3.14.1) seen in the message hook, or our own timer; charon's
 * log line that told it is the evidence.
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

/* An initiator is handed its own list, a responder the peer's. */
static void
on_proposals(struct ike *ike, struct track *track, ike_sa_t *sa, bool child, linked_list_t *list)
{
	char listed[800];

	snprintf(listed, sizeof(listed), "%#P", list); /* charon's specifier: # makes it read a list */
	report_proposals(ike, track, sa, child, track->initiator ? NULL : listed);
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
		supervise_unfinished(ike, track, track->retransmits);
		break;
	case ALERT_RETRANSMIT_SEND_CLEARED:
		track->retransmits = 0;
		break;
	case ALERT_PROPOSAL_MISMATCH_IKE:
		on_proposals(ike, track, sa, false, va_arg(args, linked_list_t *));
		break;
	case ALERT_PROPOSAL_MISMATCH_CHILD:
		on_proposals(ike, track, sa, true, va_arg(args, linked_list_t *));
		break;
	case ALERT_TS_MISMATCH: {
		linked_list_t *initiator = va_arg(args, linked_list_t *),
			      *responder = va_arg(args, linked_list_t *);
		char theirs[IKE_SIDE];

		/* of the responder, who we are, and of the initiator */
		snprintf(theirs, sizeof(theirs), "%#R === %#R", responder, initiator);
		report_selectors(ike, track, theirs, NULL);
		break;
	}
	case ALERT_LOCAL_AUTH_FAILED:
		report_authentication(ike, track, sa, false);
		break;
	case ALERT_PEER_AUTH_FAILED:
		report_authentication(ike, track, sa, true);
		break;
	case ALERT_CERT_EXPIRED:
	case ALERT_CERT_REVOKED:
	case ALERT_CERT_NO_ISSUER:
	case ALERT_CERT_UNTRUSTED_ROOT:
	case ALERT_CERT_EXCEEDED_PATH_LEN:
	case ALERT_CERT_POLICY_VIOLATION:
		note_certificate(track, alert, va_arg(args, certificate_t *));
		break;
	case ALERT_PEER_ADDR_FAILED:
		report_failure(ike, track, FAILURE_UNREACHABLE, NULL, NULL,
			       "no address of the peer is known");
		break;
	case ALERT_INSTALL_CHILD_SA_FAILED:
	case ALERT_INSTALL_CHILD_POLICY_FAILED:
		report_failure(ike, track, FAILURE_INTERNAL, NULL, NULL, "the SA was not installed: %s",
			       *track->evidence ? track->evidence : "no reason was given");
		break;
	case ALERT_KEEP_ON_CHILD_SA_FAILURE:
		supervise_refused(ike, track);
		break;
	case ALERT_AUTHORIZATION_FAILED:
		report_failure(ike, track, FAILURE_AUTHENTICATION_HERE, NULL, NULL, "%s is not authorised",
			       report_peer(track, peer));
		break;
	case ALERT_PARSE_ERROR_BODY:
		/* With other keys there is nothing in it that could be read. */
		if (sa->get_version(sa) == IKEV1 && track->state == IKE_CONNECTING && track->sent > 0)
			report_undecipherable(ike, track, sa);
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
look_at_notify(struct ike *ike, struct track *track, ike_sa_t *sa, message_t *message,
	       notify_payload_t *notify)
{
	uint16_t type = notify->get_notify_type(notify);
	bool version_1 = notify->payload_interface.get_type(&notify->payload_interface) == PLV1_NOTIFY;
	bool child = version_1 ? track->established : message->get_exchange_type(message) != IKE_SA_INIT;
	enum failure failure = version_1 ? failure_of_notify_1(type, child) : failure_of_notify(type, child);
	chunk_t data = notify->get_notification_data(notify);
	char peer[IP_ADDRESS_TEXT], answer[64];

	if (failure == FAILURE_NONE)
		return;
	if (track->failure == FAILURE_NONE)
		track->failure = failure;
	if (failure == FAILURE_KEY_EXCHANGE && data.len == 2)
		track->wanted_group = (uint16_t)(data.ptr[0] << 8 | data.ptr[1]);
	snprintf(answer, sizeof(answer), "%N", notify_type_names, type);
	snprintf(track->evidence, sizeof(track->evidence), "%s answers %s", report_peer(track, peer), answer);
	/* charon raises no alert for this one. */
	if (failure == FAILURE_SELECTORS)
		report_selectors(ike, track, NULL, answer);
	else if (version_1)
		report_notify(ike, track, sa, failure);
}

/* An INITIAL_CONTACT that is not to be read: both sides began at once, and it would end our SA without a word
 * to the peer, who has it too; or it would end that of another tunnel between the same identities. */
static bool
is_wrong_contact(struct ike *ike, const struct track *track, message_t *message, payload_t *payload)
{
	payload_type_t kind = payload->get_type(payload);
	notify_type_t type;

	if (kind != PLV1_NOTIFY && !(kind == PLV2_NOTIFY && message->get_request(message)))
		return false;
	type = ((notify_payload_t *)payload)->get_notify_type((notify_payload_t *)payload);
	return type == (kind == PLV1_NOTIFY ? INITIAL_CONTACT_IKEV1 : INITIAL_CONTACT) &&
	       (duplicates_crossed(track) || (track->tunnel && tunnel_has_twin(ike, track->tunnel)));
}

static void
leave_contacts_out(struct ike *ike, const struct track *track, message_t *message)
{
	enumerator_t *payloads = message->create_payload_enumerator(message);
	payload_t *payload;

	while (payloads->enumerate(payloads, &payload)) {
		if (!is_wrong_contact(ike, track, message, payload))
			continue;
		message->remove_payload_at(message, payloads);
		payload->destroy(payload);
	}
	payloads->destroy(payloads);
}

/* Each message comes twice; the plain one is decrypted and, where it is protected, authentic. */
static bool
on_message(listener_t *this, ike_sa_t *sa, message_t *message, bool incoming, bool plain)
{
	struct ike *ike = the_ike;
	enumerator_t *payloads;
	payload_t *payload;
	struct track *track;
	bool agrees;

	if (!sa || !plain)
		return TRUE;
	vendor_ids_note(sa, message, incoming);
	agrees = vendor_ids_keeps_lower_spi(sa);
	pthread_mutex_lock(&ike->lock);
	track = track_of(ike, sa);
	track->peer_agrees = agrees;
	leave_contacts_out(ike, track, message);
	if (!incoming) {
		track->sent += message->get_request(message);
		track->sent_to =
		    message->get_destination(message)->get_port(message->get_destination(message));
		pthread_mutex_unlock(&ike->lock);
		return TRUE;
	}
	track->heard = clock_monotonic();
	track->heard_from = message->get_source(message)->get_port(message->get_source(message));
	if (track->v1 || !message->get_request(message))
		track->retransmits = 0;
	track->peer_deletes = false;
	payloads = message->create_payload_enumerator(message);
	while (payloads->enumerate(payloads, &payload)) {
		payload_type_t type = payload->get_type(payload);

		if ((type == PLV2_DELETE || type == PLV1_DELETE) && message->get_request(message))
			track->peer_deletes = true;
		else if (type == PLV1_NOTIFY || (type == PLV2_NOTIFY && !message->get_request(message)))
			look_at_notify(ike, track, sa, message, (notify_payload_t *)payload);
	}
	payloads->destroy(payloads);
	pthread_mutex_unlock(&ike->lock);
	return TRUE;
}

/* --- IKE_SAs
 * --------------------------------------------------------------------------------------------------- */

/* Of a responder's SAs: what the peer ended without a child, where nothing else of the tunnel is under way.
 */
static bool
is_closed_early(const struct track *track)
{
	const struct tunnel *tunnel = track->tunnel;

	return tunnel && !tunnel->child_count && tunnel->tracks == track && !track->sibling &&
	       track->established_at && track->peer_deletes;
}

static void
forget_sa(struct ike *ike, struct track *track)
{
	struct tunnel *tunnel = track->tunnel;
	bool failed = !track->carried && !track->ours_to_close;

	if (track->rotation && !track->established && !track->carried)
		rotation_ended(ike, track);
	else if (failed && tunnel && tunnel->next_key && !track->carried)
		tunnel->next_turn = !tunnel->next_turn;
	track_set_established(ike, track, false, true);
	/* The next try is decided first: the event names it. A responder's passing strangers only matter if
	 * they failed. */
	if (tunnel && tunnel->child_count == 0)
		supervise_ended(ike, tunnel, failed);
	/* A rekeyed IKE_SA that lost a collision ends like this too, while the tunnel carries on. */
	if (failed && (track->failure != FAILURE_NONE || is_closed_early(track) ||
		       (track->initiator && !(tunnel && tunnel->child_count))))
		report_end(ike, track);
	track_free(ike, track);
}

/* While the one before was being rekeyed. */
static void
rekey_if_asked(struct track *track)
{
	if (!track->tunnel || !track->tunnel->rekey_again || !track->established ||
	    track->state != IKE_ESTABLISHED)
		return;
	track->tunnel->rekey_again = false;
	job_sa(track->unique_id, DEED_REKEY);
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
		track->failure = track->certificate_failure = FAILURE_NONE;
		track->sent_to = track->heard_from = 0;
		if (track->tunnel && track->tunnel->child_count == 0)
			post(ike, track->tunnel, IKE_EVENT_CONNECTING, 0, false);
		else if (track->initiator && !track->tunnel)
			job_sa(track->unique_id, DEED_DESTROY);
	}
	track->state = state;
	track->state_since = clock_monotonic();
	rekey_if_asked(track);
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
	tunnel->buried = 0;
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

/* IKEv1 knows no rekeying: an SA takes over from another, and is handed its children, without a word on the
 * bus. */
static void
note_successor(struct ike *ike, struct track *track)
{
	if (!track->v1 || !track->tunnel || track->tunnel->established == 0 || track->established)
		return;
	track->carried = true;
	post(ike, track->tunnel, IKE_EVENT_IKE_REKEYED, 0, false);
}

static bool
on_authorize(listener_t *this, ike_sa_t *sa, bool final, bool *success)
{
	struct ike *ike = the_ike;

	if (!final || !*success)
		return TRUE;
	pthread_mutex_lock(&ike->lock);
	*success = duplicates_admit(ike, track_of(ike, sa));
	pthread_mutex_unlock(&ike->lock);
	return TRUE;
}

static bool
on_ike_updown(listener_t *this, ike_sa_t *sa, bool up)
{
	struct ike *ike = the_ike;
	struct track *track;
	struct seen seen;

	if (up)
		status_read(&seen, sa, NULL);
	pthread_mutex_lock(&ike->lock);
	track = track_of(ike, sa);
	if (!up)
		drop_children(ike, track, sa);
	else
		note_successor(ike, track);
	track_set_established(ike, track, up, true);
	if (up)
		status_store(ike, &seen);
	pthread_mutex_unlock(&ike->lock);
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
	struct seen seen;

	status_read(&seen, new, NULL);
	pthread_mutex_lock(&ike->lock);
	before = track_of(ike, old);
	after = track_of(ike, new);
	after->carried = before->carried = true;
	after->heard = before->heard;
	after->child_asked = before->child_asked;
	track_set_established(ike, after, true, false);
	track_set_established(ike, before, false, false);
	before->ours_to_close = true;
	post(ike, after->tunnel, IKE_EVENT_IKE_REKEYED, 0, false);
	rekey_if_asked(after);
	status_store(ike, &seen);
	pthread_mutex_unlock(&ike->lock);
	return TRUE;
}

/* --- child SAs
 * ------------------------------------------------------------------------------------------------- */

static bool
on_child_updown(listener_t *this, ike_sa_t *sa, child_sa_t *child, bool up)
{
	struct ike *ike = the_ike;
	struct track *track;
	struct seen seen;

	if (up)
		status_read(&seen, sa, child);
	pthread_mutex_lock(&ike->lock);
	track = track_of(ike, sa);
	if (up && track->tunnel) {
		track->carried = true;
		track->child_asked = 0;
		if (track->v1 && track->tunnel->child_count != 0)
			post(ike, track->tunnel, IKE_EVENT_CHILD_REKEYED, 0, false);
		tunnel_child_add(ike, track->tunnel, child->get_unique_id(child));
		supervise_next(ike);
	} else if (!up) {
		child_gone(ike, track->tunnel, track, child->get_unique_id(child));
	}
	if (up)
		status_store(ike, &seen);
	pthread_mutex_unlock(&ike->lock);
	return TRUE;
}

static bool
on_child_rekey(listener_t *this, ike_sa_t *sa, child_sa_t *old, child_sa_t *new)
{
	struct ike *ike = the_ike;
	struct track *track;
	struct seen seen;

	status_read(&seen, sa, new);
	pthread_mutex_lock(&ike->lock);
	track = track_of(ike, sa);
	if (track->tunnel) {
		tunnel_child_add(ike, track->tunnel, new->get_unique_id(new));
		post(ike, track->tunnel, IKE_EVENT_CHILD_REKEYED, 0, false);
	}
	if (track->rekey_after_child)
		job_sa(track->unique_id, DEED_REKEY_IKE);
	track->rekey_after_child = false;
	status_store(ike, &seen);
	pthread_mutex_unlock(&ike->lock);
	if (sa->get_version(sa) == IKEV1)
		job_delete_rekeyed(sa, old);
	return TRUE;
}

static bool
on_child_state(listener_t *this, ike_sa_t *sa, child_sa_t *child, child_sa_state_t state)
{
	struct ike *ike = the_ike;
	struct track *track;

	if (!sa || (state != CHILD_DELETING && state != CHILD_DELETED && state != CHILD_DESTROYING))
		return TRUE;
	if (state == CHILD_DELETED)
		job_destroy_replaced(child);
	pthread_mutex_lock(&ike->lock);
	track = track_find(ike, sa->get_unique_id(sa));
	child_gone(ike, track ? track->tunnel : tunnel_of_peer(ike, sa->get_peer_cfg(sa)), track,
		   child->get_unique_id(child));
	pthread_mutex_unlock(&ike->lock);
	return TRUE;
}

void
listener_init(struct ike *ike)
{
	ike->listener = (listener_t){
	    .alert = on_alert,
	    .ike_state_change = on_ike_state,
	    .child_state_change = on_child_state,
	    .message = on_message,
	    .authorize = on_authorize,
	    .ike_updown = on_ike_updown,
	    .ike_rekey = on_ike_rekey,
	    .ike_update = on_ike_update,
	    .child_updown = on_child_updown,
	    .child_rekey = on_child_rekey,
	};
	listener_log_init(ike);
}
