// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The window of rows that are here, of the many that stay on the gateway; see rows_paged.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/widgets/rows_paged_internal.h"

static void
drop_rows(struct paged *p, size_t from, size_t count)
{
	if (count == 0)
		return;
	for (size_t i = from; i < from + count; i++)
		model_row_free(p->rows.kind, p->window[i]);
	memmove(p->window + from, p->window + from + count, (p->count - from - count) * sizeof(void *));
	p->count -= count;
}

static void
insert_rows(struct paged *p, size_t at, const struct control_page *answer)
{
	const struct model_shape *shape = model_kind_info(p->rows.kind)->shape;

	p->window = memory_resize(p->window, (p->count + answer->count + 1) * sizeof(void *));
	memmove(p->window + at + answer->count, p->window + at, (p->count - at) * sizeof(void *));
	for (size_t i = 0; i < answer->count; i++) {
		p->window[at + i] = model_row_new(p->rows.kind);
		model_row_clear(shape, p->window[at + i]);
		model_row_copy(shape, p->window[at + i], answer->rows[i]);
	}
	p->count += answer->count;
}

const char *
paged_key_at(const struct paged *p, size_t i, char *out)
{
	return model_row_key(model_kind_info(p->rows.kind), p->window[i], out, KEY_BYTES);
}

/* The window's number among all becomes another: who counts rows by number is told. */
static void
place(struct paged *p, size_t base)
{
	p->rows.moved += (ptrdiff_t)base - (ptrdiff_t)p->base;
	p->base = base;
}

void
paged_forget(struct paged *p)
{
	drop_rows(p, 0, p->count);
	p->base = 0;
	p->begins = p->ends = p->placed = p->searching = false;
	p->head[0] = p->tail[0] = '\0';
	if (p->pending != NULL)
		p->pending->owner = NULL;
	p->pending = NULL;
}

/* Rows far from what is looked at go. */
static void
trim(struct paged *p, bool at_head)
{
	size_t more = p->count > WINDOW_ROWS ? p->count - WINDOW_ROWS : 0;

	if (more == 0)
		return;
	if (at_head) {
		drop_rows(p, 0, more);
		if (p->placed)
			p->base += more;
		else
			p->rows.moved -= (ptrdiff_t)more;
		p->begins = false;
		paged_key_at(p, 0, p->head);
	} else {
		drop_rows(p, p->count - more, more);
		p->ends = false;
		paged_key_at(p, p->count - 1, p->tail);
	}
}

bool
paged_counts_back(const struct paged *p)
{
	return p->filter == NULL && p->total != MODEL_UINT_UNSET;
}

/* The window ends with the last row of all: its number is the total's. */
static void
place_by_end(struct paged *p)
{
	if (p->begins)
		place(p, 0);
	else if (paged_counts_back(p))
		place(p, p->total > p->count ? (size_t)p->total - p->count : 0);
	p->placed = p->begins || paged_counts_back(p);
}

static void
set_edge(char *edge, const struct paged *p, const struct control_page *answer, size_t row)
{
	if (answer->reached != NULL)
		snprintf(edge, KEY_BYTES, "%s", answer->reached);
	else if (p->count > 0)
		paged_key_at(p, row, edge);
}

void
paged_take_after(struct paged *p, const struct control_page *answer)
{
	insert_rows(p, p->count, answer);
	p->ends = answer->complete;
	set_edge(p->tail, p, answer, p->count - 1);
	if (p->ends && !p->placed)
		place_by_end(p);
	trim(p, true);
}

void
paged_take_before(struct paged *p, const struct control_page *answer)
{
	size_t base = p->placed && p->base > answer->count ? p->base - answer->count : 0;

	insert_rows(p, 0, answer);
	p->rows.moved += (ptrdiff_t)answer->count; /* they push the others on */
	place(p, base);
	p->begins = answer->complete;
	set_edge(p->head, p, answer, 0);
	if (p->begins) {
		place(p, 0);
		p->placed = true;
	}
	trim(p, false);
}

void
paged_take_first(struct paged *p, const struct control_page *answer)
{
	drop_rows(p, 0, p->count);
	p->base = 0;
	p->begins = p->placed = true;
	p->head[0] = '\0';
	paged_take_after(p, answer);
}

void
paged_take_last(struct paged *p, const struct control_page *answer)
{
	drop_rows(p, 0, p->count);
	insert_rows(p, 0, answer);
	p->base = 0;
	p->ends = true;
	p->begins = answer->complete;
	p->tail[0] = '\0';
	set_edge(p->head, p, answer, 0);
	place_by_end(p);
	p->rows.moved = 0;
}

size_t
paged_find_from(const struct paged *p, size_t from, const char *key)
{
	char mine[KEY_BYTES];

	while (from < p->count && strcmp(paged_key_at(p, from, mine), key) != 0)
		from++;
	return from;
}

/* Rows that were asked for again. Where the last of them is not known here, what lay behind is asked for
 * anew. */
void
paged_take_again(struct paged *p, const struct control_page *answer, size_t from)
{
	const struct model_kind_info *info = model_kind_info(p->rows.kind);
	size_t to = p->count;
	char key[KEY_BYTES];
	bool known = false;

	if (from > p->count || (answer->count == 0 && !answer->complete))
		return;
	if (!answer->complete) {
		to = paged_find_from(p, from,
				     model_row_key(info, answer->rows[answer->count - 1], key, sizeof(key)));
		known = to < p->count;
		to += known;
	}
	drop_rows(p, from, to - from);
	insert_rows(p, from, answer);
	if (!known) {
		p->ends = answer->complete;
		set_edge(p->tail, p, answer, p->count - 1);
	}
	if (p->ends && !p->begins)
		place_by_end(p);
}

void
paged_take_at(struct paged *p, const struct control_page *answer, size_t base)
{
	drop_rows(p, 0, p->count);
	insert_rows(p, 0, answer);
	p->base = base;
	p->rows.moved = 0;
	p->placed = true;
	p->searching = false;
	p->begins = base == 0 || (p->seek.back && answer->complete);
	p->ends = !p->seek.back ? answer->complete : base + p->count >= answer->total;
	p->head[0] = p->tail[0] = '\0';
	if (p->begins)
		p->base = 0;
	else if (p->count > 0)
		paged_key_at(p, 0, p->head);
	if (!p->ends && p->count > 0)
		paged_key_at(p, p->count - 1, p->tail);
}
