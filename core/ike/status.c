// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Live figures. A job walks over all IKE_SAs once a second; listeners read the SA they are handed at once,
 * and store what they read before it counts, so that figures are there with the event that announces them.
 * Either writes into the tunnel's snapshot, and the door copies it under the same short lock: nobody ever
 * waits for charon.
 *
 * During a rekey or with duplicates a tunnel has several SAs. Shown is the newest that works (unique ids
 * rise). charon counts in whole monotonic seconds, the door in microseconds.
 */
#include "core/ike/ike_internal.h"

#include <stdio.h>
#include <string.h>

static usec_t
usec_of_seconds(uint32_t seconds)
{
	return (usec_t)seconds * USEC_PER_SEC;
}

static void
read_identity(char out[128], identification_t *identity)
{
	char text[256];

	snprintf(text, sizeof(text), "%Y", identity);
	text_clean(out, 128, text);
}

static void
read_ike(struct seen *seen, ike_sa_t *sa)
{
	struct ike_status *status = &seen->status;
	host_t *local = sa->get_my_host(sa), *remote = sa->get_other_host(sa);
	proposal_t *proposal = sa->get_proposal(sa);

	seen->unique_id = sa->get_unique_id(sa);
	seen->state = sa->get_state(sa);
	snprintf(status->ike_state, sizeof(status->ike_state), "%N", ike_sa_state_names, seen->state);
	status->version = sa->get_version(sa);
	/* COND_NAT_ANY holds a NAT that we pretend, too */
	status->nat_here = sa->has_condition(sa, COND_NAT_HERE);
	status->nat_there = sa->has_condition(sa, COND_NAT_THERE) && !vendor_ids_true_source(sa);
	status->nat = status->nat_here || status->nat_there;
	snprintf(status->authentication, sizeof(status->authentication), "%s",
		 authentication_of(sa->get_peer_cfg(sa), true));
	status->local = address_of_host(local);
	status->remote = address_of_host(remote);
	status->remote_port = remote->get_port(remote);
	read_identity(status->local_id, sa->get_my_id(sa));
	read_identity(status->remote_id, sa->get_other_id(sa));
	if (proposal)
		snprintf(status->ike_proposal, sizeof(status->ike_proposal), "%P", proposal);
	if (seen->state == IKE_ESTABLISHED || seen->state == IKE_REKEYING)
		status->rekey_at = usec_of_seconds(sa->get_statistic(sa, STAT_REKEY));
}

static void
read_selectors(char out[IKE_SIDE], child_sa_t *child, bool local)
{
	enumerator_t *selectors = child->create_ts_enumerator(child, local);
	traffic_selector_t *selector;
	size_t used = 0;

	out[0] = '\0';
	while (used < IKE_SIDE && selectors->enumerate(selectors, &selector)) {
		snprintf(out + used, IKE_SIDE - used, "%s%R", used > 0 ? " " : "", selector);
		used = strlen(out);
	}
	selectors->destroy(selectors);
}

static void
read_child(struct seen *seen, child_sa_t *child)
{
	struct ike_status *status = &seen->status;
	proposal_t *proposal = child->get_proposal(child);

	seen->child_id = child->get_unique_id(child);
	snprintf(status->child_state, sizeof(status->child_state), "%N", child_sa_state_names,
		 child->get_state(child));
	status->encap = child->has_encap(child);
	if (proposal)
		snprintf(status->esp_proposal, sizeof(status->esp_proposal), "%P", proposal);
	read_selectors(status->local_selectors, child, true);
	read_selectors(status->remote_selectors, child, false);
	status->spi_in = ntohl(child->get_spi(child, TRUE));
	status->spi_out = ntohl(child->get_spi(child, FALSE));
	status->child_rekey_at = usec_of_seconds((uint32_t)child->get_lifetime(child, FALSE));
}

static bool
carries(child_sa_t *child)
{
	child_sa_state_t state = child->get_state(child);

	return state == CHILD_INSTALLED || state == CHILD_REKEYING || state == CHILD_UPDATING;
}

/* Counts what carries and finds the newest; returns it, or NULL. */
static child_sa_t *
read_children(struct seen *seen, ike_sa_t *sa)
{
	enumerator_t *children = sa->create_child_sa_enumerator(sa);
	child_sa_t *child, *newest = NULL;
	usec_t used;

	while (children->enumerate(children, &child)) {
		if (!carries(child))
			continue;
		seen->installed++;
		used = kernel_adaptor_last_inbound(sa, child);
		if (used > seen->traffic)
			seen->traffic = used;
		if (!newest || child->get_unique_id(child) > newest->get_unique_id(newest))
			newest = child;
	}
	children->destroy(children);
	return newest;
}

/* Fields that only the SA knows; those of the tunnel's own (ike_up, established_at, tries) are filled when
 * asked. */
static void
show_ike(struct tunnel *tunnel, const struct seen *seen)
{
	struct ike_status *to = &tunnel->status;
	const struct ike_status *from = &seen->status;

	tunnel->shown_ike = seen->unique_id;
	memcpy(to->ike_state, from->ike_state, sizeof(to->ike_state));
	to->version = from->version;
	to->nat = from->nat;
	to->nat_here = from->nat_here;
	to->nat_there = from->nat_there;
	memcpy(to->authentication, from->authentication, sizeof(to->authentication));
	to->local = from->local;
	to->remote = from->remote;
	to->remote_port = from->remote_port;
	memcpy(to->local_id, from->local_id, sizeof(to->local_id));
	memcpy(to->remote_id, from->remote_id, sizeof(to->remote_id));
	memcpy(to->ike_proposal, from->ike_proposal, sizeof(to->ike_proposal));
	to->rekey_at = from->rekey_at;
}

static void
show_child(struct tunnel *tunnel, const struct seen *seen)
{
	struct ike_status *to = &tunnel->status;
	const struct ike_status *from = &seen->status;

	tunnel->shown_child = seen->child_id;
	memcpy(to->child_state, from->child_state, sizeof(to->child_state));
	memcpy(to->esp_proposal, from->esp_proposal, sizeof(to->esp_proposal));
	to->encap = from->encap;
	memcpy(to->local_selectors, from->local_selectors, sizeof(to->local_selectors));
	memcpy(to->remote_selectors, from->remote_selectors, sizeof(to->remote_selectors));
	to->spi_in = from->spi_in;
	to->spi_out = from->spi_out;
	to->child_rekey_at = from->child_rekey_at;
}

static bool
child_is_carried(const struct tunnel *tunnel, uint32_t child)
{
	for (unsigned i = 0; i < tunnel->child_count; i++)
		if (tunnel->children[i] == child)
			return true;
	return false;
}

void
status_store(struct ike *ike, const struct seen *seen)
{
	struct track *track = track_find(ike, seen->unique_id), *shown;
	struct tunnel *tunnel = track ? track->tunnel : NULL;

	if (!tunnel)
		return;
	tunnel->status.at = clock_monotonic();
	shown = track_find(ike, tunnel->shown_ike);
	if (seen->unique_id == tunnel->shown_ike || !shown || shown->tunnel != tunnel ||
	    shown->established < track->established ||
	    (shown->established == track->established && seen->unique_id > tunnel->shown_ike))
		show_ike(tunnel, seen);
	if (seen->child_id &&
	    (seen->child_id >= tunnel->shown_child || !child_is_carried(tunnel, tunnel->shown_child)))
		show_child(tunnel, seen);
}

void
status_read(struct seen *out, ike_sa_t *sa, child_sa_t *newest)
{
	*out = (struct seen){0};
	read_ike(out, sa);
	if (newest)
		read_child(out, newest);
}

/* What is shown was of an SA that is gone, as the lesser of two that both sides had begun: another takes its
 * place. */
static bool
shown_is_gone(struct ike *ike, const struct tunnel *tunnel)
{
	const struct track *shown = track_find(ike, tunnel->shown_ike);

	return !shown || shown->tunnel != tunnel ||
	       (tunnel->child_count && !child_is_carried(tunnel, tunnel->shown_child));
}

/* Texts are made once for each state and child: a thousand tunnels every second would cost too much. */
static bool
is_described(struct ike *ike, ike_sa_t *sa, child_sa_t *newest)
{
	struct track *track;
	ike_sa_state_t state = sa->get_state(sa);
	uint32_t child = newest ? newest->get_unique_id(newest) << 4 | newest->get_state(newest) : 0;
	bool described;

	pthread_mutex_lock(&ike->lock);
	track = track_find(ike, sa->get_unique_id(sa));
	described = track && track->described && track->described_state == state &&
		    track->described_child == child && !(track->tunnel && shown_is_gone(ike, track->tunnel));
	if (track) {
		track->described = true;
		track->described_state = state;
		track->described_child = child;
	}
	pthread_mutex_unlock(&ike->lock);
	return described;
}

static void
store_counts(struct ike *ike, const struct seen *seen)
{
	struct track *track = track_find(ike, seen->unique_id);

	if (!track)
		return;
	track->installed = seen->installed;
	if (seen->traffic > track->traffic)
		track->traffic = seen->traffic;
	tunnel_revive(ike, track);
	if (track->tunnel)
		track->tunnel->status.at = clock_monotonic();
}

void
status_collect(struct ike *ike)
{
	/* SAs that a thread works on are skipped: their snapshot is a second older then. */
	enumerator_t *all = charon->ike_sa_manager->create_enumerator(charon->ike_sa_manager, FALSE);
	ike_sa_t *sa;

	while (all->enumerate(all, &sa)) {
		struct seen seen = {.unique_id = sa->get_unique_id(sa)};
		child_sa_t *newest = read_children(&seen, sa);
		bool described = is_described(ike, sa, newest);

		if (!described)
			read_ike(&seen, sa);
		if (!described && newest)
			read_child(&seen, newest);
		pthread_mutex_lock(&ike->lock);
		store_counts(ike, &seen);
		if (!described)
			status_store(ike, &seen);
		pthread_mutex_unlock(&ike->lock);
	}
	all->destroy(all);
}

/* The SA whose texts are in the snapshot; where it is gone, another that is up says the same of the peer
 * until the next collection. NULL: none is there. */
static const struct track *
shown_of(struct ike *ike, const struct tunnel *tunnel)
{
	const struct track *track = track_find(ike, tunnel->shown_ike);

	if (track && track->tunnel == tunnel)
		return track;
	for (track = tunnel->tracks; track && !track->established;)
		track = track->sibling;
	return track;
}

bool
ike_tunnel_status(struct ike *ike, uint32_t id, struct ike_status *out)
{
	struct tunnel *tunnel;
	const struct track *shown;

	pthread_mutex_lock(&ike->lock);
	tunnel = tunnel_find(ike, id);
	if (!tunnel) {
		pthread_mutex_unlock(&ike->lock);
		return false;
	}
	*out = tunnel->status;
	shown = shown_of(ike, tunnel);
	if (!shown)
		out->ike_state[0] = '\0';
	else if (shown->unique_id != tunnel->shown_ike)
		snprintf(out->ike_state, sizeof(out->ike_state), "%N", ike_sa_state_names, shown->state);
	if (!shown || shown->unique_id != tunnel->shown_ike)
		out->rekey_at = 0;
	if (!tunnel->child_count) {
		out->child_state[0] = '\0';
		out->spi_in = out->spi_out = 0;
		out->child_rekey_at = 0;
		out->local_selectors[0] = out->remote_selectors[0] = '\0';
	}
	if (shown)
		out->last_inbound = shown->heard;
	if (shown && shown->established && tunnel->dpd_interval_s)
		out->dpd_at = (shown->traffic > shown->heard ? shown->traffic : shown->heard) +
			      usec_of_seconds(tunnel->dpd_interval_s);
	out->ike_up = tunnel->established > 0;
	out->child_up = tunnel->child_count > 0;
	out->established_at = tunnel->ike_up_since;
	out->tries = shown && !shown->established ? shown->sent : 0;
	out->next_try_at = tunnel->wanted && !tunnel->child_count ? tunnel->next_try_at : 0;
	if (!out->at)
		out->at = clock_monotonic();
	pthread_mutex_unlock(&ike->lock);
	return true;
}
