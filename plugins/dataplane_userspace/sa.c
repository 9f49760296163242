// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Security associations: made, published, moved, removed. Everything here is the control side, under the
 * plane's mutex, but for sa_reserve, which workers call.
 *
 * An inbound SA is found by the index in the low half of its SPI, which we chose; the whole SPI is compared
 * after that. The outbound SA of a tunnel is one pointer: the newest. Older ones stay in the tunnel's list,
 * so that the removal of the newest (a failed rekey) falls back to the one before.
 */
#include "plugins/dataplane_userspace/userspace.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* A whole block of numbers below the end for extended ones, so that no addition anywhere can wrap. */
uint64_t
sa_sequence_end(const struct sa *sa)
{
	return sa->extended ? UINT64_MAX - UINT32_MAX : UINT32_MAX;
}

unsigned
sa_reserve(struct sa *sa, unsigned count, uint64_t *first)
{
	uint64_t last = atomic_load_explicit(&sa->sequence, memory_order_relaxed), take;

	do {
		uint64_t left = sa_sequence_end(sa) - last;

		take = count < left ? count : left;
	} while (!atomic_compare_exchange_weak_explicit(&sa->sequence, &last, last + take,
							memory_order_relaxed, memory_order_relaxed));
	*first = last + 1;
	return (unsigned)take;
}

struct path *
path_create(const struct dataplane_sa *description)
{
	const struct ip_address *remote =
	    description->inbound ? &description->source : &description->destination;
	const struct ip_address *local =
	    description->inbound ? &description->destination : &description->source;
	uint16_t port = description->inbound ? description->source_port : description->destination_port;
	struct path *path = calloc(1, sizeof(*path));

	if (path == NULL)
		return NULL;
	path->encapsulated = description->encapsulated;
	path->destination = description->destination;
	path->remote_length =
	    ip_address_to_sockaddr(remote, description->encapsulated ? port : 0, &path->remote);
	path->control_length = socket_source_control(local, path->control, sizeof(path->control));
	if (path->remote_length == 0 && !description->inbound) {
		free(path);
		return NULL;
	}
	return path;
}

void
sa_free(struct sa *sa)
{
	if (sa == NULL)
		return;
	if (sa->context != NULL)
		sa->suite->ops->destroy(sa->context);
	for (unsigned i = 0; i < HELPERS; i++)
		if (sa->spare[i] != NULL)
			sa->suite->ops->destroy(sa->spare[i]);
	replay_close(&sa->replay);
	selectors_close(&sa->source);
	selectors_close(&sa->destination);
	free(atomic_load(&sa->path));
	free(sa);
}

struct sa *
sa_create(const struct dataplane_sa *description, struct tunnel *tunnel, struct error *err)
{
	const struct suite *suite = suite_find(&description->algorithms, err);
	struct sa *sa;

	if (suite == NULL)
		return NULL;
	sa = calloc(1, sizeof(*sa));
	if (sa == NULL) {
		error_set(err, "out of memory");
		return NULL;
	}
	sa->spi = description->spi;
	sa->inbound = description->inbound;
	sa->extended = description->extended_sequence;
	sa->tunnel = tunnel;
	sa->suite = suite;
	sa->soft_packets = description->soft_packets;
	sa->hard_packets = description->hard_packets;
	sa->soft_bytes = description->soft_bytes;
	sa->hard_bytes = description->hard_bytes;
	atomic_store(&sa->path, path_create(description));
	sa->context =
	    suite->ops->create(suite, &description->algorithms, !description->inbound, sa->extended);
	if (atomic_load(&sa->path) == NULL) {
		error_set(err, "SA %08x has no destination address", description->spi);
	} else if (sa->context == NULL) {
		error_set(err, "the crypto library refuses %s: is it built without, or in FIPS mode?",
			  suite->name);
	} else if (!replay_open(&sa->replay, description->replay_window, sa->extended) ||
		   !selectors_open(&sa->source, description->source_selectors,
				   description->source_selector_count) ||
		   !selectors_open(&sa->destination, description->destination_selectors,
				   description->destination_selector_count)) {
		error_set(err, "out of memory");
	} else {
		return sa;
	}
	sa_free(sa);
	return NULL;
}

bool
sa_equip(struct sa *sa, const struct dataplane_sa *description, unsigned helpers, struct error *err)
{
	if (sa->suite->ops->for_all)
		return true;
	for (unsigned i = 0; i < helpers && i < HELPERS; i++) {
		sa->spare[i] =
		    sa->suite->ops->create(sa->suite, &description->algorithms, !sa->inbound, sa->extended);
		if (sa->spare[i] == NULL)
			return error_set(err, "the crypto library refuses one more context of %s",
					 sa->suite->name);
	}
	return true;
}

/* --- tables, under the mutex ------------------------------------------------------------------- */

/* Where the pointer to the SA of this name stands; it is NULL when there is none. */
static struct sa **
find(struct dataplane *plane, uint32_t spi, const struct ip_address *destination)
{
	struct sa **at = &plane->buckets[(spi ^ spi >> 16) % SA_BUCKETS];

	while (*at != NULL &&
	       ((*at)->spi != spi || !ip_address_equal(&atomic_load(&(*at)->path)->destination, destination)))
		at = &(*at)->bucket_next;
	return at;
}

struct sa *
plane_sa_find(struct dataplane *plane, uint32_t spi, const struct ip_address *destination)
{
	return *find(plane, spi, destination);
}

static struct sa *_Atomic *
inbound_slot(struct dataplane *plane, uint32_t spi)
{
	return &plane->inbound[spi % INBOUND_SLOTS];
}

/* Takes the SA out of everything a worker could find it by. */
static void
unpublish(struct dataplane *plane, struct sa *sa)
{
	struct sa **at;

	for (at = &plane->buckets[(sa->spi ^ sa->spi >> 16) % SA_BUCKETS]; *at != sa;
	     at = &(*at)->bucket_next)
		;
	*at = sa->bucket_next;
	for (at = &sa->tunnel->sas[sa->inbound]; *at != sa; at = &(*at)->older)
		;
	*at = sa->older;
	if (sa->inbound) {
		atomic_store(inbound_slot(plane, sa->spi), NULL);
		plane->spi_reserved[sa->spi % INBOUND_SLOTS] = 0;
	} else if (atomic_load(&sa->tunnel->outbound) == sa) {
		atomic_store(&sa->tunnel->outbound, sa->tunnel->sas[0]);
	}
	sa->older = NULL;
	plane->sa_count--;
}

static void
publish(struct dataplane *plane, struct sa *sa)
{
	struct sa **bucket = &plane->buckets[(sa->spi ^ sa->spi >> 16) % SA_BUCKETS];

	sa->bucket_next = *bucket;
	*bucket = sa;
	sa->older = sa->tunnel->sas[sa->inbound];
	sa->tunnel->sas[sa->inbound] = sa;
	plane->sa_count++;
	if (sa->inbound) {
		plane->spi_reserved[sa->spi % INBOUND_SLOTS] = sa->spi;
		atomic_store(inbound_slot(plane, sa->spi), sa);
	} else {
		atomic_store(&sa->tunnel->outbound, sa);
	}
}

/* Can packets be sent this way at all? */
static bool
path_reachable(const struct dataplane *plane, const struct dataplane_sa *description, struct error *err)
{
	uint8_t family = description->destination.family;

	if (plane->sockets.fd[description->encapsulated ? SOCKET_NATT : SOCKET_ESP][family_index(family)] >=
	    0)
		return true;
	return error_set(err, "no %s socket for %s here", family == AF_INET6 ? "IPv6" : "IPv4",
			 description->encapsulated ? "UDP 4500" : "ESP");
}

static bool
add_locked(struct dataplane *plane, const struct dataplane_sa *description, struct error *err)
{
	struct tunnel *tunnel =
	    description->tunnel < TUNNEL_SLOTS ? atomic_load(&plane->tunnels[description->tunnel]) : NULL;
	uint32_t reserved = plane->spi_reserved[description->spi % INBOUND_SLOTS];
	unsigned workers = description->inbound ? plane->decrypt_count : plane->encrypt_count;
	struct sa *sa;

	if (tunnel == NULL)
		return error_set(err, "no tunnel %u to add SA %08x to", description->tunnel,
				 description->spi);
	if (!ip_address_is_set(&description->destination))
		return error_set(err, "SA %08x has no destination address", description->spi);
	if (*find(plane, description->spi, &description->destination) != NULL)
		return error_set(err, "SA %08x exists already", description->spi);
	if (description->inbound && reserved != 0 && reserved != description->spi)
		return error_set(err, "SPI %08x collides with %08x: let spi_allocate choose",
				 description->spi, reserved);
	if (!path_reachable(plane, description, err))
		return false;
	sa = sa_create(description, tunnel, err);
	if (sa == NULL || !sa_equip(sa, description, workers > 1 ? workers - 1 : 0, err)) {
		sa_free(sa);
		return false;
	}
	publish(plane, sa);
	return true;
}

bool
plane_sa_add(struct dataplane *plane, const struct dataplane_sa *description, struct error *err)
{
	bool added;

	pthread_mutex_lock(&plane->mutex);
	added = add_locked(plane, description, err);
	pthread_mutex_unlock(&plane->mutex);
	return added;
}

bool
plane_sa_update(struct dataplane *plane, uint32_t spi, const struct ip_address *destination,
		const struct dataplane_sa *moved)
{
	struct path *fresh = NULL, *old = NULL;
	struct sa *sa;

	pthread_mutex_lock(&plane->mutex);
	sa = *find(plane, spi, destination);
	if (sa != NULL) {
		struct dataplane_sa description = *moved;

		description.inbound = sa->inbound;
		if (path_reachable(plane, &description, NULL) && (fresh = path_create(&description)) != NULL)
			old = atomic_exchange(&sa->path, fresh);
	}
	pthread_mutex_unlock(&plane->mutex);
	if (fresh == NULL)
		return false;
	workers_quiesce(plane);
	free(old);
	return true;
}

bool
plane_sa_query(struct dataplane *plane, uint32_t spi, const struct ip_address *destination, uint64_t *bytes,
	       uint64_t *packets, uint64_t *last)
{
	struct sa *sa;

	pthread_mutex_lock(&plane->mutex);
	sa = *find(plane, spi, destination);
	if (sa != NULL) {
		if (bytes != NULL)
			*bytes = counter_read(&sa->bytes);
		if (packets != NULL)
			*packets = counter_read(&sa->packets);
		if (last != NULL)
			*last = counter_read(&sa->last);
	}
	pthread_mutex_unlock(&plane->mutex);
	return sa != NULL;
}

void
plane_sa_remove(struct dataplane *plane, uint32_t spi, const struct ip_address *destination)
{
	uint32_t slot = spi % INBOUND_SLOTS;
	struct sa *sa;

	pthread_mutex_lock(&plane->mutex);
	sa = *find(plane, spi, destination);
	if (sa != NULL)
		unpublish(plane, sa);
	else if (plane->spi_reserved[slot] == spi && atomic_load(inbound_slot(plane, spi)) == NULL)
		plane->spi_reserved[slot] = 0; /* allocated and never added */
	pthread_mutex_unlock(&plane->mutex);
	if (sa == NULL)
		return;
	workers_quiesce(plane);
	sa_free(sa);
}

struct sa *
plane_sas_unlink(struct dataplane *plane, struct tunnel *tunnel)
{
	struct sa *list = NULL;

	for (int direction = 0; direction < 2; direction++) {
		while (tunnel->sas[direction] != NULL) {
			struct sa *sa = tunnel->sas[direction];

			unpublish(plane, sa);
			sa->older = list;
			list = sa;
		}
	}
	return list;
}

void
sa_list_free(struct sa *first)
{
	while (first != NULL) {
		struct sa *sa = first;

		first = sa->older;
		sa_free(sa);
	}
}

/* A free SPI that belongs to this decrypt worker; 0 when there is none. Under the mutex. */
static uint32_t
spi_of_owner(struct dataplane *plane, const uint16_t random[2], unsigned owner)
{
	for (uint32_t i = 0; i < INBOUND_SLOTS; i++) {
		uint32_t slot = (random[1] + i) % INBOUND_SLOTS, spi = (uint32_t)random[0] << 16 | slot;

		if (plane->spi_reserved[slot] != 0 || plane_owner(plane, spi) != owner)
			continue;
		plane->spi_reserved[slot] = spi;
		return spi;
	}
	return 0;
}

uint32_t
plane_spi_allocate(struct dataplane *plane)
{
	uint16_t random[2];
	uint32_t spi = 0;

	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return 0;
	if (random[0] == 0)
		random[0] = 1; /* the upper half is never 0, so that no SPI is below 65536 */
	pthread_mutex_lock(&plane->mutex);
	/* the workers in turn; one whose SPIs are all in use is left out */
	for (unsigned i = 0; i < plane->decrypt_count && spi == 0; i++)
		spi = spi_of_owner(plane, random, plane->next_owner++ % plane->decrypt_count);
	pthread_mutex_unlock(&plane->mutex);
	return spi;
}
