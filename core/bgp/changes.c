// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The changes of a RIB: the prefixes whose best path changed, in the order of their last change, once for all
 * peers; and beside that those of which any path changed, for peers who are told several. Each reader has a
 * place in it, and what all have passed goes. So a change costs the same whether it is told to one peer or to
 * hundreds, and a peer that takes nothing for hours holds no more than a place.
 *
 * A prefix stands in it once. One that changes again moves to the end; readers whose place it was go on with
 * the next. The links are beside the prefixes, since only while somebody is told is there a need of them.
 */
#include "core/bgp/rib_internal.h"

#include "core/base/clock.h"

struct link {
	uint32_t previous, next; /* 0: none */
};

static struct link *
link_of(const struct changes *changes, uint32_t net)
{
	return (struct link *)changes->links.items + net;
}

/* The reader's place is that prefix now, or with 0 the end. */
static void
stand_at(struct rib *rib, struct changes_cursor *cursor, uint32_t net)
{
	cursor->at = net;
	if (net != 0)
		rib_net(rib, net)->readers++;
	else
		cursor->of->at_end++;
}

static void
leave(struct rib *rib, struct changes_cursor *cursor)
{
	if (cursor->at != 0)
		rib_net(rib, cursor->at)->readers--;
	else
		cursor->of->at_end--;
}

static void
begin(struct rib *rib, struct changes *changes, struct changes_cursor *cursor)
{
	cursor->of = changes;
	cursor->next = changes->cursors;
	changes->cursors = cursor;
	stand_at(rib, cursor, 0);
}

void
changes_open(struct rib *rib, struct changes_cursor *cursor)
{
	begin(rib, &rib->changes, cursor);
}

void
changes_open_paths(struct rib *rib, struct changes_cursor *cursor)
{
	begin(rib, &rib->path_changes, cursor);
}

void
changes_close(struct rib *rib, struct changes_cursor *cursor)
{
	struct changes_cursor **link = &cursor->of->cursors;

	while (*link != cursor)
		link = &(*link)->next;
	*link = cursor->next;
	leave(rib, cursor);
}

void
changes_move(struct rib *rib, struct changes_cursor *cursor, uint32_t net)
{
	leave(rib, cursor);
	stand_at(rib, cursor, net);
}

uint32_t
changes_next(struct rib *rib, struct changes_cursor *cursor)
{
	uint32_t net = cursor->at;

	if (net != 0)
		changes_move(rib, cursor, link_of(cursor->of, net)->next);
	return net;
}

static void
move_readers(struct rib *rib, const struct changes *changes, uint32_t from, uint32_t to)
{
	for (struct changes_cursor *cursor = changes->cursors; cursor != NULL; cursor = cursor->next) {
		if (cursor->at == from)
			changes_move(rib, cursor, to);
	}
}

static void
take_out(struct rib *rib, struct changes *changes, uint32_t index)
{
	const struct link *link = link_of(changes, index);

	if (rib_net(rib, index)->readers != 0)
		move_readers(rib, changes, index, link->next);
	if (link->previous != 0)
		link_of(changes, link->previous)->next = link->next;
	else
		changes->head = link->next;
	if (link->next != 0)
		link_of(changes, link->next)->previous = link->previous;
	else
		changes->tail = link->previous;
	changes->count--;
	rib_net(rib, index)->flags &= (uint8_t)~changes->listed;
}

static void
add(struct rib *rib, struct changes *changes, uint32_t index)
{
	if (rib_net(rib, index)->flags & changes->listed)
		take_out(rib, changes, index);
	if (changes->cursors == NULL)
		return;
	vector_need(&changes->links, ((size_t)index + 1) * sizeof(struct link));
	*link_of(changes, index) = (struct link){.previous = changes->tail};
	if (changes->tail != 0)
		link_of(changes, changes->tail)->next = index;
	else
		changes->head = index;
	changes->tail = index;
	changes->count++;
	rib_net(rib, index)->flags |= changes->listed;
	if (changes->at_end != 0)
		move_readers(rib, changes, 0, index);
}

void
changes_add(struct rib *rib, uint32_t index)
{
	add(rib, &rib->changes, index);
}

void
changes_add_paths(struct rib *rib, uint32_t index)
{
	add(rib, &rib->path_changes, index);
}

/* The count of readers is of both lists. */
static bool
is_place(const struct rib *rib, const struct changes *changes, uint32_t index)
{
	const struct changes_cursor *cursor = changes->cursors;

	if (rib_net(rib, index)->readers == 0)
		return false;
	while (cursor != NULL && cursor->at != index)
		cursor = cursor->next;
	return cursor != NULL;
}

static bool
trim(struct rib *rib, struct changes *changes, int64_t deadline)
{
	for (unsigned i = 1; changes->head != 0; i++) {
		uint32_t index = changes->head;

		if (is_place(rib, changes, index))
			return false;
		take_out(rib, changes, index);
		rib_net_tidy(rib, index);
		if (i % 256 == 0 && clock_monotonic() >= deadline)
			return true;
	}
	return false;
}

bool
changes_trim(struct rib *rib, int64_t deadline)
{
	bool more = trim(rib, &rib->changes, deadline);

	return trim(rib, &rib->path_changes, deadline) || more;
}

void
changes_free(struct rib *rib)
{
	vector_free(&rib->changes.links);
	vector_free(&rib->path_changes.links);
}
