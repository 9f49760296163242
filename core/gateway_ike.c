// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What IKE tells of the tunnels: figures once a second, and events that become state, errors with their
 * evidence, and events for people.
 *
 * Every event of a tunnel carries the fields of AWS's tunnel activity log beside its own: ike_phase1_state
 * and ike_phase2_state (Established, Rekeying, Negotiating, Down), dpd_enabled, nat_t_detected and details.
 */
#include "core/gateway_operator_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A monotonic instant as wall clock, in whole seconds so that it doesn't change with every reading. */
static usec_t
instant(usec_t monotonic)
{
	return monotonic == 0 ? 0
			      : (clock_wall_of(monotonic) + USEC_PER_SEC / 2) / USEC_PER_SEC * USEC_PER_SEC;
}

/* Who is behind the NAT; NULL where there is none. */
static const char *
nat_side(const struct ike_status *status)
{
	return status->nat_here && status->nat_there ? "both"
	       : status->nat_here                    ? "here"
	       : status->nat_there                   ? "there"
						     : NULL;
}

/* Words with blanks between them become a list. */
static void
set_words(struct text_list *list, const char *words)
{
	text_list_free(list);
	while (*words != '\0') {
		size_t length = strcspn(words, " ");
		char word[IKE_SIDE];

		snprintf(word, sizeof(word), "%.*s", (int)length, words);
		text_list_add(list, word);
		words += length + (words[length] == ' ');
	}
}

void
gateway_tunnel_read_ike(struct gateway_tunnel *tunnel)
{
	struct model_tunnel *row = &tunnel->row;
	struct ike_status status;

	if (!ike_tunnel_status(tunnel->gateway->ike, tunnel->config->id, &status))
		return;
	model_set(&row->ike_state, status.ike_state[0] != '\0' ? status.ike_state : NULL);
	model_set(&row->child_state, status.child_state[0] != '\0' ? status.child_state : NULL);
	row->ike_version = status.ike_up ? status.version : MODEL_UINT_UNSET;
	row->nat = status.nat;
	model_set(&row->nat_side, nat_side(&status));
	model_set(&row->authentication, status.authentication[0] != '\0' ? status.authentication : NULL);
	set_words(&row->local_selectors, status.local_selectors);
	set_words(&row->remote_selectors, status.remote_selectors);
	row->encap = status.encap;
	model_set(&row->ike_proposal, status.ike_proposal[0] != '\0' ? status.ike_proposal : NULL);
	model_set(&row->esp_proposal, status.esp_proposal[0] != '\0' ? status.esp_proposal : NULL);
	if (status.child_up) {
		model_set_format(&row->spi_in, "%08x", status.spi_in);
		model_set_format(&row->spi_out, "%08x", status.spi_out);
	} else {
		model_set(&row->spi_in, NULL);
		model_set(&row->spi_out, NULL);
	}
	if (status.ike_up) {
		gateway_set_address(&row->local, &status.local);
		gateway_set_address(&row->remote, &status.remote);
		if (status.local_id[0] != '\0')
			model_set(&row->local_id, status.local_id);
		if (status.remote_id[0] != '\0')
			model_set(&row->remote_id, status.remote_id);
	}
	row->rekey_at = instant(status.rekey_at);
	row->child_rekey_at = instant(status.child_rekey_at);
	row->dpd_at = instant(status.dpd_at);
	row->next_try_at = tunnel->child_up ? 0 : instant(status.next_try_at);
}

/* --- events ------------------------------------------------------------------------------------ */

static const char *
phase_1(const struct gateway_tunnel *tunnel)
{
	const char *state = tunnel->row.ike_state;

	if (state == NULL)
		return "Down";
	return strcmp(state, "ESTABLISHED") == 0                                   ? "Established"
	       : strcmp(state, "REKEYING") == 0 || strcmp(state, "REKEYED") == 0   ? "Rekeying"
	       : strcmp(state, "CONNECTING") == 0 || strcmp(state, "CREATED") == 0 ? "Negotiating"
										   : "Down";
}

static const char *
phase_2(const struct gateway_tunnel *tunnel)
{
	const char *state = tunnel->row.child_state;

	if (tunnel->child_up)
		return state != NULL && strcmp(state, "REKEYING") == 0 ? "Rekeying" : "Established";
	return strcmp(phase_1(tunnel), "Established") == 0 ? "Negotiating" : "Down";
}

static void tell(const struct gateway_tunnel *tunnel, const char *severity, const char *kind,
		 const char *const *more, const char *format, ...) __attribute__((format(printf, 5, 6)));

/* An event with the activity log's fields; `more`: names and values of others, ended by NULL, or NULL. */
static void
tell(const struct gateway_tunnel *tunnel, const char *severity, const char *kind, const char *const *more,
     const char *format, ...)
{
	char text[512];
	const char *fields[24] = {"ike_phase1_state", phase_1(tunnel),
				  "ike_phase2_state", phase_2(tunnel),
				  "dpd_enabled",      tunnel->config->dpd.interval_s != 0 ? "true" : "false",
				  "nat_t_detected",   tunnel->row.nat ? "true" : "false",
				  "details",          text};
	size_t used = 10;
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	for (; more != NULL && more[0] != NULL && used + 3 < COUNT_OF(fields); more += 2) {
		fields[used++] = more[0];
		fields[used++] = more[1];
	}
	gateway_event_fields(tunnel->gateway, severity, kind, tunnel->config->name, fields, "%s", text);
}

/* --- what IKE tells ---------------------------------------------------------------------------- */

/*
 * Whether its session lets a tunnel carry. While a peer restarts gracefully its paths are kept (RFC 4724),
 * but a tunnel whose session stands is the better one: this one goes on only where there is no such.
 */
static bool
session_carries(const struct gateway_tunnel *tunnel)
{
	struct bgp_peer_status status;
	struct failover_status moves;

	if (tunnel->peer == NULL)
		return true;
	bgp_peer_status(tunnel->peer, &status);
	if (!status.restarting)
		return status.state == BGP_ESTABLISHED;
	failover_status(tunnel->connection->failover, &moves);
	return (moves.usable & ~(1u << tunnel->member)) == 0;
}

static bool
is_usable(const struct gateway_tunnel *tunnel)
{
	return tunnel->child_up && !tunnel->disabled && !tunnel->interface_lost &&
	       gateway_liveness_allows(tunnel) && session_carries(tunnel);
}

void
gateway_tunnel_judge(struct gateway_tunnel *tunnel, const char *cause)
{
	struct gateway_connection *connection = tunnel->connection;

	gateway_liveness_offer(tunnel, is_usable(tunnel), cause);
	/* What becomes of this one decides on one whose peer restarts. */
	for (unsigned i = 0; i < connection->tunnel_count; i++) {
		struct gateway_tunnel *other = &connection->tunnels[i];
		struct bgp_peer_status status;

		if (other == tunnel || other->peer == NULL)
			continue;
		bgp_peer_status(other->peer, &status);
		if (status.restarting)
			gateway_liveness_offer(other, is_usable(other), cause);
	}
}

/* Each line of a text, as an item of its own. */
static void
add_lines(struct text_list *list, const char *text)
{
	while (*text != '\0') {
		size_t length = strcspn(text, "\n");
		char line[400];

		snprintf(line, sizeof(line), "%.*s", (int)length, text);
		text_list_add(list, line);
		text += length + (text[length] == '\n');
	}
}

/* Nobody answered: is there a way to the peer at all, and which? */
static void
add_way(struct gateway_tunnel *tunnel, struct model_tunnel_error *error)
{
	const struct ip_address *remote = &tunnel->config->remote;
	char address[IP_ADDRESS_TEXT], by[80], line[200];
	struct routing_way way;

	if (!ip_address_is_set(remote))
		return;
	ip_address_format(remote, address);
	if (routing_underlay(tunnel->gateway->routing, remote, &way)) {
		snprintf(line, sizeof(line), "%s goes out %s", address,
			 gateway_way_text(&way, by, sizeof(by)));
	} else {
		snprintf(line, sizeof(line), "no route to %s", address);
		model_set_format(&error->text, "no route to %s: nothing can reach it", address);
		model_set_format(
		    &error->hint,
		    "give this machine a route to %s, a default route for example ('ip route get %s')",
		    address, address);
	}
	text_list_add(&error->evidence, line);
}

static void
set_error(struct gateway_tunnel *tunnel, const struct ike_event *event)
{
	struct model_tunnel_error *error = &tunnel->row.last_error;
	const struct ike_failure *known = event->failure;

	tunnel->child_failed = known != NULL && known->child;
	error->set = true;
	error->at = clock_wall();
	model_set(&error->code, event->code);
	model_set(&error->text, event->text);
	model_set(&error->hint, event->hint[0] != '\0' ? event->hint : NULL);
	model_set(&error->ours, known != NULL && known->ours[0] != '\0' ? known->ours : NULL);
	model_set(&error->theirs, known != NULL && known->theirs[0] != '\0' ? known->theirs : NULL);
	text_list_free(&error->evidence);
	if (known != NULL)
		add_lines(&error->evidence, known->evidence);
	if (strcmp(event->code, "no_answer") == 0 || strcmp(event->code, "peer_unreachable") == 0)
		add_way(tunnel, error);
}

static void
on_child_up(struct gateway_tunnel *tunnel)
{
	tunnel->child_up = tunnel->ever_up = true;
	tunnel->failed = false;
	tunnel->row.established_at = clock_wall();
	tunnel->row.down_since = tunnel->row.next_try_at = 0;
	tunnel->row.tries = tunnel->row.rekeys = 0;
	health_report(tunnel->health, HEALTH_IKE, HEALTH_OK, "the IKE SA is established");
	health_report(tunnel->health, HEALTH_CHILD, HEALTH_OK, "the child SA is up");
	gateway_tunnel_read_ike(tunnel);
	tell(tunnel, "notice", "tunnel.up", NULL, "tunnel is up");
	gateway_tunnel_judge(tunnel, "the tunnel came up");
	gateway_liveness_up(tunnel);
	if (tunnel->peer != NULL)
		bgp_peer_start(tunnel->peer);
}

void
gateway_tunnel_went_down(struct gateway_tunnel *tunnel, const char *cause)
{
	if (!tunnel->child_up)
		return;
	tunnel->child_up = false;
	tunnel->row.established_at = 0;
	tunnel->row.down_since = clock_wall();
	if (!tunnel->failed)
		tunnel->row.last_error.set = false; /* of a former time: it is not why it is down now */
	health_report(tunnel->health, HEALTH_CHILD, HEALTH_FAILED, cause);
	/* routes first, then the session, so that traffic moves before the bookkeeping */
	gateway_tunnel_judge(tunnel, cause);
	if (tunnel->peer != NULL)
		bgp_peer_stop(tunnel->peer, cause);
	gateway_liveness_down(tunnel);
	gateway_tunnel_read_ike(tunnel);
	tell(tunnel, tunnel->disabled ? "notice" : "warning", "tunnel.down", NULL, "tunnel is down: %s",
	     cause);
}

static void
on_failed(struct gateway_tunnel *tunnel, const struct ike_event *event)
{
	struct model_tunnel_error *error = &tunnel->row.last_error;
	bool again =
	    tunnel->failed && error->set && error->code != NULL && strcmp(error->code, event->code) == 0;

	tunnel->failed = true;
	if (tunnel->row.down_since == 0 && !tunnel->child_up)
		tunnel->row.down_since = clock_wall();
	set_error(tunnel, event);
	/* What else was tried, by whomever, says nothing of the SAs that carry. */
	if (!tunnel->child_up || event->kind == IKE_EVENT_PEER_DEAD)
		health_report(tunnel->health, HEALTH_IKE, HEALTH_FAILED, error->text);
	tell(tunnel, again ? "info" : "warning", "tunnel.failed",
	     (const char *const[]){"code", error->code, "hint", error->hint, "ours", error->ours, "theirs",
				   error->theirs, NULL},
	     "%s", error->text);
}

/* What charon says of every packet and timer; of use to who debugs IKE itself. */
static bool
is_chatter(const struct ike_event *event)
{
	static const char *const groups[] = {"[ENC]", "[NET]", "[JOB]", "[KNL]", "[MGR]", "[LIB]"};

	for (size_t i = 0; event->level > 0 && i < COUNT_OF(groups); i++) {
		if (strncmp(event->text, groups[i], strlen(groups[i])) == 0)
			return true;
	}
	return false;
}

/* A line of charon's log: the operator reads what is above debugging; the rest is there on demand. */
static void
on_log(struct gateway *gateway, const struct ike_event *event, const char *subject)
{
	if (gateway->options->verbose == 0 && is_chatter(event))
		return;
	gateway_event(gateway, "debug", "ike.log", subject, "%s", event->text);
}

static void
on_tunnel_event(struct gateway_tunnel *tunnel, const struct ike_event *event)
{
	if (event->kind != IKE_EVENT_LOG)
		gateway_tunnel_read_ike(tunnel); /* events tell the states */
	switch (event->kind) {
	case IKE_EVENT_CONNECTING:
		tunnel->row.tries++;
		break;
	case IKE_EVENT_IKE_UP:
		health_report(tunnel->health, HEALTH_IKE, HEALTH_OK, "the IKE SA is established");
		tell(tunnel, "info", "ike.up", NULL, "IKE SA is established");
		break;
	case IKE_EVENT_CHILD_UP:
		on_child_up(tunnel);
		break;
	case IKE_EVENT_CHILD_DOWN:
		gateway_tunnel_went_down(tunnel, tunnel->disabled         ? "taken down by an operator"
						 : event->by_peer         ? "the peer deleted it"
						 : event->text[0] != '\0' ? event->text
									  : "the child SA is gone");
		break;
	case IKE_EVENT_IKE_DOWN:
		health_report(tunnel->health, HEALTH_IKE, HEALTH_FAILED,
			      event->by_peer ? "the peer closed the IKE SA" : "the IKE SA is gone");
		tell(tunnel, "info", "ike.down", NULL, "IKE SA is gone%s",
		     event->by_peer ? ": the peer closed it" : "");
		break;
	case IKE_EVENT_IKE_REKEYED:
	case IKE_EVENT_CHILD_REKEYED:
		tunnel->row.rekeys++;
		if (tunnel->child_up && tunnel->child_failed == (event->kind == IKE_EVENT_CHILD_REKEYED))
			tunnel->failed = false; /* the last one may have been refused */
		tell(tunnel, "info", "tunnel.rekeyed", NULL, "%s SA rekeyed",
		     event->kind == IKE_EVENT_IKE_REKEYED ? "IKE" : "child");
		break;
	case IKE_EVENT_RETRANSMIT:
		tell(tunnel, "info", "ike.retransmit", NULL, "no answer to IKE yet: sent %u times",
		     event->count + 1);
		break;
	case IKE_EVENT_FAILED:
		on_failed(tunnel, event);
		break;
	case IKE_EVENT_PEER_DEAD:
		on_failed(tunnel, event);
		if (tunnel->config->dpd.action != CONFIG_DPD_NONE)
			gateway_tunnel_went_down(tunnel,
						 "the peer is dead: no answer to dead-peer detection");
		break;
	case IKE_EVENT_PEER_ALIVE:
		tunnel->failed = false;
		health_report(tunnel->health, HEALTH_IKE, HEALTH_OK, "the peer answers again");
		tell(tunnel, "notice", "ike.alive", NULL, "the peer answers again");
		break;
	case IKE_EVENT_KEY_TAKEN:
		gateway_rotation_taken(tunnel);
		break;
	case IKE_EVENT_KEY_REFUSED:
		gateway_rotation_refused(tunnel, event);
		break;
	case IKE_EVENT_LOG:
		on_log(tunnel->gateway, event, tunnel->config->name);
		return;
	}
	gateway_tunnel_read_ike(tunnel);
	gateway_tunnel_publish(tunnel);
	gateway_connection_publish(tunnel->connection);
	gateway_publish(tunnel->gateway);
}

/* Of a peer for which no tunnel was found, or of which several may be meant. */
static void
tell_refused(struct gateway *gateway, const struct ike_event *event)
{
	const struct ike_failure *known = event->failure;
	const char *const fields[] = {"code",     event->code,
				      "hint",     event->hint,
				      "ours",     known != NULL ? known->ours : NULL,
				      "theirs",   known != NULL ? known->theirs : NULL,
				      "evidence", known != NULL ? known->evidence : NULL,
				      NULL};

	gateway_event_fields(gateway, "warning", "ike.refused", gateway->config->name, fields, "%s%s%s",
			     event->text, event->hint[0] != '\0' ? ": " : "", event->hint);
}

void
gateway_on_ike(void *context, const struct ike_event *event)
{
	struct gateway *gateway = context;
	struct gateway_tunnel *tunnel = gateway_tunnel_by_id(gateway, event->tunnel);

	if (gateway->stopping && event->kind != IKE_EVENT_LOG)
		return;
	if (tunnel != NULL)
		on_tunnel_event(tunnel, event);
	else if (event->tunnel != 0)
		return; /* it was removed */
	else if (event->kind == IKE_EVENT_LOG)
		on_log(gateway, event, gateway->config->name);
	else if (event->kind == IKE_EVENT_FAILED)
		tell_refused(gateway, event);
}

/* What was before says nothing of the try that comes. */
void
gateway_tunnel_begin_anew(struct gateway_tunnel *tunnel)
{
	tunnel->ever_up = tunnel->failed = false;
	tunnel->row.tries = 1;
	tunnel->row.last_error.set = false;
	tunnel->row.down_since = 0;
	health_report(tunnel->health, HEALTH_CHILD, HEALTH_UNKNOWN, "");
	health_report(tunnel->health, HEALTH_IKE, HEALTH_UNKNOWN, "");
}
