// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * charon's log lines: some are passed on, some are the evidence of a failure, and some tell of strangers. The
 * logger runs as the listener does (listener.c).
 */
#include "core/ike/ike_internal.h"

#include <stdio.h>
#include <string.h>

/* Lines that tell a cause which no alert carries. */
static bool
is_evidence(const char *line)
{
	static const char *const beginnings[] = {"tried ",
						 "no shared key found",
						 "no matching peer config",
						 "no peer config found",
						 "Aggressive Mode PSK disabled",
						 "received IDr",
						 "constraint check failed",
						 "received netlink error",
						 "no acceptable",
						 "peer didn't accept",
						 "requested DH group",
						 "the data plane",
						 "calculated HASH does not match",
						 "no matching CHILD_SA config found",
						 "ignoring unprotected INFORMATIONAL",
						 "error writing to socket",
						 "no trusted",
						 "certificate was revoked",
						 "constraint requires"};

	for (size_t i = 0; i < COUNT_OF(beginnings); i++)
		if (strncmp(line, beginnings[i], strlen(beginnings[i])) == 0)
			return true;
	return strstr(line, "notify error") != NULL || strstr(line, "but none allows") != NULL;
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

/* The tunnel between two addresses that speaks only another version of IKE; `count`: how many are such. */
static struct tunnel *
tunnel_of_other_version(struct ike *ike, const struct ip_address *local, const struct ip_address *remote,
			unsigned version, unsigned *count)
{
	struct tunnel *found = NULL;

	*count = 0;
	for (struct tunnel *tunnel = tunnel_next(ike, NULL); tunnel; tunnel = tunnel_next(ike, tunnel)) {
		if (tunnel->refused || tunnel->version == 0 || tunnel->version == version ||
		    !tunnel_is_between(tunnel, local, remote))
			continue;
		found = tunnel;
		++*count;
	}
	return found;
}

/* Its SA does not belong to the tunnel: an event is all that comes of it. */
static void
report_version(struct ike *ike, const struct tunnel *tunnel, bool only, const char *peer, unsigned version)
{
	struct ike_failure known = {0};
	struct ike_event event = {
	    .kind = IKE_EVENT_FAILED, .failure = &known, .tunnel = only ? tunnel->id : 0};

	snprintf(known.ours, sizeof(known.ours), "IKEv%u", tunnel->version);
	snprintf(known.theirs, sizeof(known.theirs), "IKEv%u", version);
	snprintf(event.text, sizeof(event.text), "%s begins with IKEv%u, and %s configured for IKEv%u", peer,
		 version, only ? "the tunnel is" : "the tunnels are", tunnel->version);
	snprintf(event.code, sizeof(event.code), "%s", failure_code(FAILURE_VERSION));
	snprintf(event.hint, sizeof(event.hint), "%s", failure_hint(FAILURE_VERSION));
	events_post(ike, &event);
}

/* "no IKE config found for 192.0.2.1...203.0.113.9, sending NO_PROPOSAL_CHOSEN": a peer that nobody
 * configured. */
static void
report_stranger(struct ike *ike, ike_sa_t *sa, const char *line)
{
	static const char beginning[] = "no IKE config found for ";
	char addresses[128], *dots;
	struct ip_address local = {0}, remote;
	struct tunnel *other;
	unsigned count;

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
	ip_address_parse(addresses, &local);
	other = tunnel_of_other_version(ike, &local, &remote, sa->get_version(sa), &count);
	if (other) {
		report_version(ike, other, count == 1, dots + 3, sa->get_version(sa));
		return;
	}
	report_failure(ike, track_of(ike, sa), FAILURE_NO_TUNNEL, NULL, NULL,
		       "%s asks %s for a tunnel that is not configured", dots + 3, addresses);
}

/* What follows `beginning` in a line that begins with it, or NULL. */
static const char *
after(const char *line, const char *beginning)
{
	size_t length = strlen(beginning);

	return strncmp(line, beginning, length) == 0 ? line + length : NULL;
}

/* IKEv1's modes raise no alert: that nothing fits is in the log only, after what the peer offered. */
static void
report_version_1(struct ike *ike, struct track *track, ike_sa_t *sa, const char *line)
{
	const char *offered = after(line, "received proposals: "),
		   *selectors = after(line, "no matching CHILD_SA config found for "); /* theirs === ours */
	const char *middle = selectors ? strstr(selectors, " === ") : NULL;
	char mirrored[IKE_SIDE];

	if (offered) {
		free(track->offered);
		track->offered = text_copy(offered);
	} else if (middle) {
		snprintf(mirrored, sizeof(mirrored), "%s === %.*s", middle + 5, (int)(middle - selectors),
			 selectors);
		report_selectors(ike, track, mirrored, NULL);
	} else if (track->offered &&
		   (after(line, "no proposal found") || after(line, "no matching proposal found"))) {
		report_proposals(ike, track, sa, strncmp(track->offered, "IKE", 3) != 0, track->offered);
	}
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
	if (track && level <= LEVEL_CTRL && sa->get_version(sa) == IKEV1)
		report_version_1(ike, track, sa, message);
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
listener_log_init(struct ike *ike)
{
	ike->logger = (logger_t){.log = on_log, .get_level = log_level};
}
