// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What we ask of charon is done by its own threads: checking out an IKE_SA waits while another thread works
 * on it, and starting one computes a Diffie-Hellman value. Callers only queue.
 */
#include "core/ike/ike_internal.h"

#include <stdlib.h>

#include <processing/jobs/callback_job.h>
#include <processing/jobs/delete_child_sa_job.h>
#include <sa/ikev2/tasks/ike_dpd.h>

/* For replaced child SAs that charon forgot. */
#define LOOKS 3
#define LOOK_EVERY_S 2

struct sa_job {
	uint32_t unique_id;
	enum sa_deed deed;
};

struct start_job {
	struct ike *ike;
	uint32_t tunnel;
	bool rotation;     /* a second one, made with the next key */
	uint32_t existing; /* unique id of an IKE_SA that lacks its child; 0: a new one */
	peer_cfg_t *peer;
	child_cfg_t *child;
};

static void
queue(callback_job_cb_t work, void *data, callback_job_cleanup_t cleanup)
{
	lib->processor->queue_job(lib->processor, (job_t *)callback_job_create(work, data, cleanup, NULL));
}

/* IKEv1 hands the children over to the next IKE_SA as soon as that is begun, and then a Quick Mode that is
 * under way leaves its SA where nobody deletes it: the one comes after the other. */
static void
rekey_when_child_is_there(ike_sa_t *sa)
{
	struct ike *ike = the_ike;

	pthread_mutex_lock(&ike->lock);
	track_of(ike, sa)->rekey_after_child = true;
	pthread_mutex_unlock(&ike->lock);
}

void
job_delete_rekeyed(ike_sa_t *sa, child_sa_t *old)
{
	lib->scheduler->schedule_job(lib->scheduler,
				     (job_t *)delete_child_sa_job_create(old->get_protocol(old),
									 old->get_spi(old, TRUE),
									 sa->get_my_host(sa), FALSE),
				     DELETE_REKEYED_DELAY_S);
}

struct replaced {
	uint32_t child; /* unique id */
	unsigned looks; /* that are left */
};

/* None is found where all is well, and where its IKE_SA is just being replaced: then the next look finds it.
 */
static job_requeue_t
destroy_replaced(void *data)
{
	child_sa_manager_t *manager = charon->child_sa_manager;
	struct replaced *replaced = data;
	child_sa_t *child;
	ike_sa_t *sa = manager->checkout_by_id(manager, replaced->child, &child);

	if (sa) {
		if (child->get_state(child) == CHILD_DELETED)
			sa->destroy_child_sa(sa, child->get_protocol(child), child->get_spi(child, TRUE));
		charon->ike_sa_manager->checkin(charon->ike_sa_manager, sa);
	}
	return --replaced->looks ? JOB_RESCHEDULE(LOOK_EVERY_S) : JOB_REQUEUE_NONE;
}

void
job_destroy_replaced(child_sa_t *child)
{
	struct replaced *replaced = memory_zeroed(1, sizeof(*replaced));

	*replaced = (struct replaced){child->get_unique_id(child), LOOKS};
	lib->scheduler->schedule_job(lib->scheduler,
				     (job_t *)callback_job_create(destroy_replaced, replaced, free, NULL),
				     DELETE_REKEYED_DELAY_S + LOOK_EVERY_S);
}

/* Collects first: rekeying changes the list that is walked. */
static status_t
rekey(ike_sa_t *sa)
{
	struct {
		protocol_id_t protocol;
		uint32_t spi;
	} found[MOST_CHILDREN];
	unsigned count = 0;
	child_sa_t *child;
	enumerator_t *children = sa->create_child_sa_enumerator(sa);
	status_t status = SUCCESS;

	while (count < MOST_CHILDREN && children->enumerate(children, &child)) {
		if (child->get_state(child) != CHILD_INSTALLED)
			continue;
		found[count].protocol = child->get_protocol(child);
		found[count++].spi = child->get_spi(child, TRUE);
	}
	children->destroy(children);
	for (unsigned i = 0; i < count && status != DESTROY_ME; i++)
		status = sa->rekey_child_sa(sa, found[i].protocol, found[i].spi);
	if (status != DESTROY_ME && count && sa->get_version(sa) == IKEV1) {
		rekey_when_child_is_there(sa);
		return status;
	}
	return status == DESTROY_ME ? status : sa->rekey(sa);
}

static status_t
probe(ike_sa_t *sa)
{
	if (sa->get_version(sa) != IKEV2)
		return sa->supports_extension(sa, EXT_DPD) ? sa->send_dpd(sa) : SUCCESS;
	sa->queue_task(sa, (task_t *)ike_dpd_create(TRUE));
	return sa->initiate(sa, NULL, NULL);
}

static status_t
act(ike_sa_t *sa, enum sa_deed deed)
{
	switch (deed) {
	case DEED_DELETE:
		return sa->delete (sa, FALSE);
	case DEED_DESTROY:
		sa->delete (sa, TRUE);
		return DESTROY_ME;
	case DEED_REKEY:
		return rekey(sa);
	case DEED_REKEY_IKE:
		return sa->rekey(sa);
	case DEED_PROBE:
		return probe(sa);
	}
	return SUCCESS;
}

static job_requeue_t
run_sa_job(void *data)
{
	struct sa_job *job = data;
	ike_sa_t *sa = charon->ike_sa_manager->checkout_by_id(charon->ike_sa_manager, job->unique_id);

	if (sa && act(sa, job->deed) == DESTROY_ME)
		charon->ike_sa_manager->checkin_and_destroy(charon->ike_sa_manager, sa);
	else if (sa)
		charon->ike_sa_manager->checkin(charon->ike_sa_manager, sa);
	return JOB_REQUEUE_NONE;
}

void
job_sa(uint32_t unique_id, enum sa_deed deed)
{
	struct sa_job *job = memory_zeroed(1, sizeof(*job));

	*job = (struct sa_job){unique_id, deed};
	queue(run_sa_job, job, free);
}

void
track_close(struct track *track, enum sa_deed deed)
{
	track->ours_to_close = true;
	track->closing = clock_monotonic();
	job_sa(track->unique_id, deed);
}

static void
free_start(void *data)
{
	struct start_job *job = data;

	DESTROY_IF(job->peer);
	DESTROY_IF(job->child);
	free(job);
}

/* The tunnel, if it is still the one that the job was made for and is still to be started. With the lock
 * held. */
static struct tunnel *
still_wanted(const struct start_job *job)
{
	struct tunnel *tunnel = tunnel_find(job->ike, job->tunnel);

	if (!tunnel || tunnel->peer != job->peer)
		return NULL;
	if (job->rotation)
		return tunnel->next_key && tunnel->wanted && tunnel->child_count ? tunnel : NULL;
	if (tunnel->child_count)
		return NULL;
	return tunnel->wanted || tunnel->once ? tunnel : NULL;
}

static ike_sa_t *
checkout_for_start(const struct start_job *job)
{
	ike_sa_manager_t *manager = charon->ike_sa_manager;
	ike_sa_t *sa = job->existing ? manager->checkout_by_id(manager, job->existing) : NULL;

	if (sa && sa->get_state(sa) != IKE_ESTABLISHED) {
		manager->checkin(manager, sa);
		return NULL;
	}
	return job->existing ? sa : manager->checkout_by_config(manager, job->peer);
}

/* Gives the SA its child to negotiate and lets go of it. An SA made for this alone goes where it is not
 * wanted, and it returns false. */
static bool
start_on(const struct start_job *job, ike_sa_t *sa)
{
	ike_sa_manager_t *manager = charon->ike_sa_manager;
	bool wanted;

	pthread_mutex_lock(&job->ike->lock);
	wanted = still_wanted(job) != NULL;
	if (wanted) {
		struct track *track = track_of(job->ike, sa);

		track->rotation = job->rotation;
		track->child_asked = job->existing ? clock_monotonic() : 0;
	}
	pthread_mutex_unlock(&job->ike->lock);
	if (wanted ? sa->initiate(sa, job->child->get_ref(job->child), NULL) == SUCCESS : job->existing != 0)
		manager->checkin(manager, sa);
	else
		manager->checkin_and_destroy(manager, sa);
	return wanted;
}

static job_requeue_t
run_start(void *data)
{
	struct start_job *job = data;
	struct ike *ike = job->ike;
	struct tunnel *tunnel;
	ike_sa_t *sa = NULL;
	bool wanted, begun;

	pthread_mutex_lock(&ike->lock);
	wanted = still_wanted(job) != NULL;
	pthread_mutex_unlock(&ike->lock);
	if (wanted)
		sa = checkout_for_start(job);
	begun = sa && start_on(job, sa);
	pthread_mutex_lock(&ike->lock);
	tunnel = tunnel_find(ike, job->tunnel);
	if (tunnel && tunnel->peer == job->peer) {
		tunnel->starting = false;
		if (job->rotation && !begun)
			rotation_put_off(tunnel);
		else if (wanted && !sa)
			supervise_ended(ike, tunnel, true);
	}
	pthread_mutex_unlock(&ike->lock);
	return JOB_REQUEUE_NONE;
}

static void
start(struct ike *ike, struct tunnel *tunnel, uint32_t existing, bool rotation)
{
	struct start_job *job = memory_zeroed(1, sizeof(*job));

	*job = (struct start_job){.ike = ike,
				  .tunnel = tunnel->id,
				  .rotation = rotation,
				  .existing = existing,
				  .peer = tunnel->peer->get_ref(tunnel->peer),
				  .child = tunnel->child->get_ref(tunnel->child)};
	tunnel->starting = true;
	queue(run_start, job, free_start);
}

void
job_initiate(struct ike *ike, struct tunnel *tunnel, uint32_t existing)
{
	start(ike, tunnel, existing, false);
}

void
job_rotate(struct ike *ike, struct tunnel *tunnel)
{
	start(ike, tunnel, 0, true);
}
