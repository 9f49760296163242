// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From ESP packets to packets in a tunnel's device. Packets in a row of one SA and one arrival are opened
 * together, in the receive buffer, and go into the device of the SA's tunnel (deliver.c).
 *
 * A row is closed (looked at, and posted as a job: parallel.h) when the next one begins, and ended (replay
 * window, counters, delivery) when its turn comes. With one worker that is at once; with several, as many
 * rows are under way as a receive gives, and others help to open them while this one delivers.
 */
#include "plugins/dataplane_userspace/userspace.h"
#include "core/base/buffer.h"

#include <stdlib.h>
#include <string.h>

enum {
	MOVED_INTERVAL_S = 1, /* tell of one SA's new source at most this often */
	ENOUGH = 32768,       /* bytes that are worth writing to the device before more are opened */
};

struct row {
	struct sa *sa;
	const struct sockaddr_storage *from;
	bool encapsulated;
	uint8_t tos; /* of their outer headers */
	unsigned count, checked;
	uint8_t *packets[BATCH_PACKETS];
	size_t lengths[BATCH_PACKETS];
	unsigned which[BATCH_PACKETS]; /* of them were worth opening */
	struct opened opened[BATCH_PACKETS];
};

struct rows {
	struct delivery *delivery;
	enum drop last;
	unsigned size, first, closed; /* of the ring; the row behind the closed ones takes packets */
	struct row ring[];
};

struct rows *
rows_create(unsigned size)
{
	struct rows *rows = calloc(1, sizeof(*rows) + size * sizeof(rows->ring[0]));

	if (rows == NULL)
		return NULL;
	rows->size = size;
	rows->delivery = delivery_create();
	if (rows->delivery != NULL)
		return rows;
	free(rows);
	return NULL;
}

void
rows_free(struct rows *rows)
{
	if (rows == NULL)
		return;
	delivery_free(rows->delivery);
	free(rows);
}

enum drop
rows_last(const struct rows *rows)
{
	return rows->last;
}

static bool
same_source(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
	const struct sockaddr_in *a4 = (const void *)a, *b4 = (const void *)b;
	const struct sockaddr_in6 *a6 = (const void *)a, *b6 = (const void *)b;

	if (a->ss_family != b->ss_family)
		return false;
	if (a->ss_family == AF_INET)
		return a4->sin_port == b4->sin_port && a4->sin_addr.s_addr == b4->sin_addr.s_addr;
	return a6->sin6_port == b6->sin6_port && memcmp(&a6->sin6_addr, &b6->sin6_addr, 16) == 0;
}

/*
 * The packet is authentic and the newest: where it came from is where the peer is. Only the newest, so that a
 * packet that took a detour does not bring an old address back.
 */
static void
notice_source(struct worker *worker, struct sa *sa, const struct sockaddr_storage *from, usec_t now)
{
	const struct path *path = atomic_load(&sa->path);
	struct notice notice = {.kind = NOTICE_MOVED, .spi = sa->spi};

	if (!path->encapsulated || same_source(from, &path->remote))
		return;
	if (sa->moved_told != 0 && now - sa->moved_told < MOVED_INTERVAL_S * USEC_PER_SEC)
		return;
	if (ip_address_from_sockaddr((const struct sockaddr *)from, &notice.address, &notice.port) &&
	    worker_notice(worker, &notice))
		sa->moved_told = now;
}

/* What became of an opened packet. Returns its bytes if it is delivered. */
static size_t
pass(struct worker *worker, const struct row *row, const struct opened *opened, usec_t now)
{
	struct tunnel *tunnel = row->sa->tunnel;

	if (row->encapsulated && opened->newest)
		notice_source(worker, row->sa, row->from, now);
	if (opened->lost != 0)
		counter_share(&tunnel->rx.lost, (uint64_t)opened->lost);
	if (opened->drop != DROP_NONE) {
		if (opened->drop < DROP_KINDS)
			counter_share(&tunnel->rx.drops[opened->drop], 1);
		return 0;
	}
	if (!tos_inward(opened->bytes, row->tos)) {
		counter_share(&tunnel->rx.drops[DROP_QUEUE], 1); /* a queue on the way was too long */
		return 0;
	}
	mss_clamp(opened->bytes, opened->length, tunnel_fits(tunnel), false);
	delivery_add(worker->rows->delivery, tunnel, opened->bytes, opened->length, now);
	return opened->length;
}

/* An SA that has reached its hard limit, maybe by the row before. */
static void
drop_all(struct row *row)
{
	counter_share(&row->sa->tunnel->rx.drops[DROP_NO_SA], row->count);
	for (unsigned i = 0; i < row->count; i++)
		row->opened[i] = (struct opened){.drop = DROP_NO_SA};
}

/* The oldest row that is closed. */
static void
end_row(struct worker *worker, usec_t now)
{
	struct rows *rows = worker->rows;
	struct row *row = &rows->ring[rows->first];
	struct job *job = row->checked != 0 ? jobs_end(worker) : NULL;
	unsigned good = 0;
	uint64_t bytes = 0;

	if (sa_spent(row->sa)) {
		drop_all(row);
	} else {
		if (job != NULL)
			esp_open_end(row->sa, job->packets, row->which, row->checked, row->opened);
		for (unsigned i = 0; i < row->count; i++) {
			size_t length = pass(worker, row, &row->opened[i], now);

			good += length != 0;
			bytes += length;
		}
	}
	if (good != 0)
		worker_sa_used(worker, row->sa, good, bytes, now);
	rows->last = row->opened[row->count - 1].drop;
	row->count = 0;
	rows->first = (rows->first + 1) % rows->size;
	rows->closed--;
	if (delivery_waiting(rows->delivery) >= ENOUGH)
		delivery_flush(rows->delivery, now);
}

static struct row *
open_row(struct rows *rows)
{
	return &rows->ring[(rows->first + rows->closed) % rows->size];
}

/* The row that takes packets takes no more. */
static void
close_row(struct worker *worker)
{
	struct row *row = open_row(worker->rows);
	struct job *job = jobs_next(worker); /* there are as many as rows */

	worker->rows->closed++;
	row->checked = 0;
	if (sa_spent(row->sa))
		return;
	row->checked = esp_open_begin(row->sa, row->packets, row->lengths, row->count, job->packets,
				      row->which, row->opened);
	if (row->checked == 0)
		return;
	job->sa = row->sa;
	job->count = row->checked;
	jobs_post(worker);
}

enum drop
rows_add(struct worker *worker, const struct arrival *arrival, uint8_t *packet, size_t length, usec_t now)
{
	struct rows *rows = worker->rows;
	struct row *row = open_row(rows);
	struct reader r = reader_over(packet, length);
	uint32_t spi = reader_u32(&r);
	struct sa *sa = row->count != 0 && row->sa->spi == spi ? row->sa : plane_inbound(worker->plane, spi);

	if (sa == NULL)
		return DROP_NO_SA;
	if (atomic_load_explicit(&sa->tunnel->silent, memory_order_relaxed))
		return DROP_SILENTLY;
	if (row->count != 0 && (sa != row->sa || arrival->from != row->from || row->count == BATCH_PACKETS)) {
		close_row(worker);
		if (rows->closed == rows->size)
			end_row(worker, now);
		row = open_row(rows);
	}
	row->sa = sa;
	row->from = arrival->from;
	row->encapsulated = arrival->encapsulated;
	row->tos = arrival->tos;
	row->packets[row->count] = packet;
	row->lengths[row->count++] = length;
	return DROP_NONE;
}

void
rows_flush(struct worker *worker, usec_t now)
{
	struct rows *rows = worker->rows;

	if (open_row(rows)->count != 0)
		close_row(worker);
	while (rows->closed != 0)
		end_row(worker, now);
	delivery_flush(rows->delivery, now);
}
