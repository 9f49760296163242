// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * charon's kernel-ipsec interface, answered by the data plane. SAs go through with their keys, selectors and
 * addresses; policies are accepted and mean nothing, because routes choose the tunnel (core/dataplane.h).
 *
 * What charon expects of a kernel and a plane does not do is done here:
 * - Lifetimes. charon hands them to the kernel and waits for expire(). A job of charon's scheduler calls it,
 * for the inbound SA only: one soft and one hard expiry for each pair.
 * - The table of SAs by SPI, so that a job or a limit of an SA that is gone is dropped silently, and so that
 * an SPI alone (as the plane names a moved source) leads to the destination that charon wants to hear.
 * - No KERNEL_POLICY_SPI among the features: with it charon would install the outbound SA of a rekey before
 * the peer can decrypt with it. Without, the responder switches over when the old pair is deleted, and
 * nothing is lost.
 *
 * SPIs are in network order in charon, in host order here.
 */
#include "core/ike/ike_internal.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include <kernel/kernel_ipsec.h>
#include <processing/jobs/callback_job.h>

#define MOST_SELECTORS 32

struct installed {
	struct installed *next;
	uint32_t spi, tunnel;
	bool inbound;
	struct ip_address source, destination;
};

static struct {
	pthread_mutex_t lock;
	struct installed *buckets[BUCKETS];
} table = {.lock = PTHREAD_MUTEX_INITIALIZER};

static struct installed **
find(uint32_t spi, const struct ip_address *destination)
{
	struct installed **at = &table.buckets[spi % BUCKETS];

	while (*at &&
	       !((*at)->spi == spi && (!destination || ip_address_equal(&(*at)->destination, destination))))
		at = &(*at)->next;
	return at;
}

static void
remember(const struct dataplane_sa *sa)
{
	struct installed *entry = memory_zeroed(1, sizeof(*entry));
	struct installed **at = &table.buckets[sa->spi % BUCKETS];

	*entry = (struct installed){NULL, sa->spi, sa->tunnel, sa->inbound, sa->source, sa->destination};
	pthread_mutex_lock(&table.lock);
	entry->next = *at;
	*at = entry;
	pthread_mutex_unlock(&table.lock);
}

static void
forget(uint32_t spi, const struct ip_address *destination)
{
	struct installed **at, *entry;

	pthread_mutex_lock(&table.lock);
	at = find(spi, destination);
	entry = *at;
	if (entry)
		*at = entry->next;
	pthread_mutex_unlock(&table.lock);
	free(entry);
}

static bool
is_installed(uint32_t spi, const struct ip_address *destination)
{
	bool found;

	pthread_mutex_lock(&table.lock);
	found = *find(spi, destination) != NULL;
	pthread_mutex_unlock(&table.lock);
	return found;
}

void
kernel_adaptor_forget(void)
{
	for (unsigned bucket = 0; bucket < BUCKETS; bucket++)
		while (table.buckets[bucket]) {
			struct installed *entry = table.buckets[bucket];

			table.buckets[bucket] = entry->next;
			free(entry);
		}
}

/* --- lifetimes
 * ------------------------------------------------------------------------------------------------- */

struct expiry {
	uint32_t spi;
	struct ip_address destination;
	bool hard;
};

static job_requeue_t
expire(void *data)
{
	struct expiry *expiry = data;
	host_t *destination;

	if (!is_installed(expiry->spi, &expiry->destination))
		return JOB_REQUEUE_NONE;
	destination = host_of_address(&expiry->destination, 0);
	charon->kernel->expire(charon->kernel, IPPROTO_ESP, htonl(expiry->spi), destination, expiry->hard);
	destination->destroy(destination);
	return JOB_REQUEUE_NONE;
}

static job_t *
expiry_job(uint32_t spi, const struct ip_address *destination, bool hard)
{
	struct expiry *expiry = memory_zeroed(1, sizeof(*expiry));

	*expiry = (struct expiry){spi, *destination, hard};
	return (job_t *)callback_job_create(expire, expiry, free, NULL);
}

static void
schedule_expiry(const struct dataplane_sa *sa, uint64_t seconds, bool hard)
{
	if (seconds)
		lib->scheduler->schedule_job(lib->scheduler, expiry_job(sa->spi, &sa->destination, hard),
					     seconds > UINT32_MAX ? UINT32_MAX : (uint32_t)seconds);
}

void
kernel_adaptor_limit(uint32_t spi, const struct ip_address *destination, bool hard)
{
	lib->processor->queue_job(lib->processor, expiry_job(spi, destination, hard));
}

struct move {
	uint32_t spi;
	struct ip_address from;
	uint16_t from_port;
};

static job_requeue_t
tell_move(void *data)
{
	struct move *move = data;
	struct ip_address destination = {0};
	struct installed *entry;
	host_t *to, *from;

	pthread_mutex_lock(&table.lock);
	entry = *find(move->spi, NULL);
	if (entry && entry->inbound)
		destination = entry->destination;
	pthread_mutex_unlock(&table.lock);
	if (!ip_address_is_set(&destination))
		return JOB_REQUEUE_NONE;
	to = host_of_address(&destination, 0);
	from = host_of_address(&move->from, move->from_port);
	charon->kernel->mapping(charon->kernel, IPPROTO_ESP, htonl(move->spi), to, from);
	to->destroy(to);
	from->destroy(from);
	return JOB_REQUEUE_NONE;
}

void
kernel_adaptor_moved(uint32_t spi, const struct ip_address *from, uint16_t from_port)
{
	struct move *move = memory_zeroed(1, sizeof(*move));

	*move = (struct move){spi, *from, from_port};
	lib->processor->queue_job(lib->processor, (job_t *)callback_job_create(tell_move, move, free, NULL));
}

/* --- SAs
 * ------------------------------------------------------------------------------------------------------- */

static const struct dataplane_ops *
ops(void)
{
	return the_ike->options.ops;
}

static struct dataplane *
plane(void)
{
	return the_ike->options.plane;
}

static kernel_feature_t
get_features(kernel_ipsec_t *this)
{
	return KERNEL_NO_POLICY_UPDATES;
}

static status_t
get_spi(kernel_ipsec_t *this, host_t *src, host_t *dst, uint8_t protocol, uint32_t *spi)
{
	uint32_t free_spi = protocol == IPPROTO_ESP ? ops()->spi_allocate(plane()) : 0;

	if (!free_spi)
		return FAILED;
	*spi = htonl(free_spi);
	return SUCCESS;
}

static status_t
get_cpi(kernel_ipsec_t *this, host_t *src, host_t *dst, uint16_t *cpi)
{
	return NOT_SUPPORTED;
}

static size_t
read_selectors(linked_list_t *list, struct dataplane_selector out[MOST_SELECTORS])
{
	enumerator_t *selectors = list ? list->create_enumerator(list) : NULL;
	traffic_selector_t *selector;
	size_t count = 0;

	while (selectors && count < MOST_SELECTORS && selectors->enumerate(selectors, &selector)) {
		out[count++] = (struct dataplane_selector){
		    .from = address_of_chunk(selector->get_from_address(selector)),
		    .to = address_of_chunk(selector->get_to_address(selector)),
		    .protocol = selector->get_protocol(selector),
		    .from_port = selector->get_from_port(selector),
		    .to_port = selector->get_to_port(selector),
		};
	}
	DESTROY_IF(selectors);
	return count;
}

static int
encap_of_tunnel(uint32_t id)
{
	struct tunnel *tunnel;
	int encap;

	pthread_mutex_lock(&the_ike->lock);
	tunnel = tunnel_find(the_ike, id);
	encap = tunnel ? tunnel->encap : 0;
	pthread_mutex_unlock(&the_ike->lock);
	return encap;
}

static void
set_ends(struct dataplane_sa *sa, host_t *source, host_t *destination, bool encapsulated)
{
	sa->source = address_of_host(source);
	sa->destination = address_of_host(destination);
	sa->encapsulated = encapsulated;
	sa->source_port = encapsulated ? source->get_port(source) : 0;
	sa->destination_port = encapsulated ? destination->get_port(destination) : 0;
}

static void
set_algorithms(struct dataplane_algorithms *to, const kernel_ipsec_add_sa_t *data)
{
	*to = (struct dataplane_algorithms){
	    .encryption = data->enc_alg,
	    .encryption_key = data->enc_key.ptr,
	    .encryption_key_length = data->enc_key.len,
	};
	/* With an AEAD charon leaves the integrity algorithm at a private "undefined". */
	if (data->int_key.len == 0)
		return;
	to->integrity = data->int_alg;
	to->integrity_key = data->int_key.ptr;
	to->integrity_key_length = data->int_key.len;
}

static status_t
add_sa(kernel_ipsec_t *this, kernel_ipsec_sa_id_t *id, kernel_ipsec_add_sa_t *data)
{
	struct dataplane_selector sources[MOST_SELECTORS], destinations[MOST_SELECTORS];
	lifetime_cfg_t *lifetime = data->lifetime;
	struct dataplane_sa sa = {
	    .tunnel = data->reqid,
	    .spi = ntohl(id->spi),
	    .inbound = data->inbound,
	    .extended_sequence = data->esn,
	    .replay_window = data->replay_window,
	    .source_selectors = sources,
	    .destination_selectors = destinations,
	    .soft_packets = lifetime->packets.rekey,
	    .hard_packets = lifetime->packets.life,
	    .soft_bytes = lifetime->bytes.rekey,
	    .hard_bytes = lifetime->bytes.life,
	};
	struct error err = {0};

	if (data->mode != MODE_TUNNEL || data->ipcomp || id->proto != IPPROTO_ESP)
		return NOT_SUPPORTED;
	sa.source_selector_count = read_selectors(data->src_ts, sources);
	sa.destination_selector_count = read_selectors(data->dst_ts, destinations);
	set_ends(&sa, id->src, id->dst, data->encap && encap_of_tunnel(data->reqid) >= 0);
	set_algorithms(&sa.algorithms, data);
	/* First, so that a limit which the plane reports at once finds its SA. */
	remember(&sa);
	if (!ops()->sa_add(plane(), &sa, &err)) {
		forget(sa.spi, &sa.destination);
		DBG1(DBG_KNL, "the data plane does not take SA %08x: %s", sa.spi, err.text);
		return FAILED;
	}
	if (sa.inbound) {
		schedule_expiry(&sa, lifetime->time.rekey, false);
		schedule_expiry(&sa, lifetime->time.life, true);
	}
	return SUCCESS;
}

static status_t
update_sa(kernel_ipsec_t *this, kernel_ipsec_sa_id_t *id, kernel_ipsec_update_sa_t *data)
{
	struct ip_address destination = address_of_host(id->dst);
	struct dataplane_sa moved = {.spi = ntohl(id->spi)};
	struct installed *entry;

	pthread_mutex_lock(&table.lock);
	entry = *find(moved.spi, &destination);
	if (entry) {
		moved.tunnel = entry->tunnel;
		moved.inbound = entry->inbound;
	}
	pthread_mutex_unlock(&table.lock);
	if (!entry)
		return NOT_FOUND;
	set_ends(&moved, data->new_src, data->new_dst, data->new_encap && encap_of_tunnel(moved.tunnel) >= 0);
	if (!ops()->sa_update(plane(), moved.spi, &destination, &moved))
		return FAILED;
	pthread_mutex_lock(&table.lock);
	entry = *find(moved.spi, &destination);
	if (entry) {
		entry->source = moved.source;
		entry->destination = moved.destination;
	}
	pthread_mutex_unlock(&table.lock);
	return SUCCESS;
}

static status_t
query_sa(kernel_ipsec_t *this, kernel_ipsec_sa_id_t *id, kernel_ipsec_query_sa_t *data, uint64_t *bytes,
	 uint64_t *packets, time_t *time)
{
	struct ip_address destination = address_of_host(id->dst);
	uint64_t byte_count = 0, packet_count = 0, used = 0;

	if (!ops()->sa_query(plane(), ntohl(id->spi), &destination, &byte_count, &packet_count, &used))
		return NOT_FOUND;
	if (bytes)
		*bytes = byte_count;
	if (packets)
		*packets = packet_count;
	if (time)
		*time = (time_t)(used / USEC_PER_SEC);
	return SUCCESS;
}

usec_t
kernel_adaptor_last_inbound(ike_sa_t *sa, child_sa_t *child)
{
	struct ip_address destination = address_of_host(sa->get_my_host(sa));
	uint64_t bytes, packets, used = 0;
	time_t seconds = 0;

	if (ops()->sa_query == NULL) { /* the kernel has the SAs, and tells whole seconds */
		child->get_usestats(child, TRUE, &seconds, NULL, NULL);
		return (usec_t)seconds * USEC_PER_SEC;
	}
	if (!ops()->sa_query(plane(), ntohl(child->get_spi(child, TRUE)), &destination, &bytes, &packets,
			     &used))
		return 0;
	return (usec_t)used;
}

static status_t
del_sa(kernel_ipsec_t *this, kernel_ipsec_sa_id_t *id, kernel_ipsec_del_sa_t *data)
{
	struct ip_address destination = address_of_host(id->dst);
	uint32_t spi = ntohl(id->spi);

	forget(spi, &destination);
	ops()->sa_remove(plane(), spi, &destination);
	return SUCCESS;
}

static status_t
flush(kernel_ipsec_t *this)
{
	return SUCCESS;
}

/* --- policies: routes decide
 * ----------------------------------------------------------------------------------- */

static status_t
manage_policy(kernel_ipsec_t *this, kernel_ipsec_policy_id_t *id, kernel_ipsec_manage_policy_t *data)
{
	return SUCCESS;
}

static status_t
query_policy(kernel_ipsec_t *this, kernel_ipsec_policy_id_t *id, kernel_ipsec_query_policy_t *data,
	     time_t *time)
{
	return NOT_SUPPORTED;
}

static bool
bypass_socket(kernel_ipsec_t *this, int fd, int family)
{
	return TRUE;
}

static bool
enable_udp_decap(kernel_ipsec_t *this, int fd, int family, uint16_t port)
{
	return TRUE;
}

static void
destroy(kernel_ipsec_t *this)
{
}

static kernel_ipsec_t *
create(void)
{
	static kernel_ipsec_t kernel = {
	    .get_features = get_features,
	    .get_spi = get_spi,
	    .get_cpi = get_cpi,
	    .add_sa = add_sa,
	    .update_sa = update_sa,
	    .query_sa = query_sa,
	    .del_sa = del_sa,
	    .flush_sas = flush,
	    .add_policy = manage_policy,
	    .query_policy = query_policy,
	    .del_policy = manage_policy,
	    .flush_policies = flush,
	    .bypass_socket = bypass_socket,
	    .enable_udp_decap = enable_udp_decap,
	    .destroy = destroy,
	};

	return &kernel;
}

void
kernel_adaptor_register(struct ike *ike)
{
	static plugin_feature_t features[] = {
	    PLUGIN_CALLBACK(kernel_ipsec_register, create),
	    PLUGIN_PROVIDE(CUSTOM, "kernel-ipsec"),
	};

	lib->plugins->add_static_features(lib->plugins, "twinspan-kernel", features, countof(features), TRUE,
					  NULL, NULL);
}
