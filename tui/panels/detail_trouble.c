// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is wrong with a row, under the detail's title: what happened, what to do about it, and for a tunnel
 * whose negotiation failed the evidence and both sides' values beside each other. It never takes more than
 * half of the panel; where that is not enough the fields, which scroll, have all of it too.
 */
#include <stdio.h>
#include <string.h>

#include "tui/format.h"
#include "tui/panels/detail_internal.h"

#define EVENT_ROWS 3 /* of an event's text */
#define TEXT_ROWS 2
#define HINT_ROWS 3
#define SIDE_ROWS 3
#define GAP 1 /* columns between the two sides */

struct trouble {
	const struct area *area;
	int row, last; /* the next row to be drawn; the first that is not ours */
	bool cut;      /* something did not find its room */
};

/* At most so many rows, and no more than are left. */
static void
add(struct trouble *to, int col, int cols, int most, enum theme_role role, const char *text)
{
	int left = to->last - to->row;

	most = most < left ? most : left;
	if (text == NULL)
		return;
	if (most <= 0 || area_wrap(to->area, 0, 0, cols, 0, role, text) > most)
		to->cut = true;
	if (most > 0)
		to->row += area_wrap(to->area, to->row, col, cols, most, role, text);
}

/* Ours on the left, theirs on the right, each in as many rows as it needs. */
static void
add_sides(struct trouble *to, const char *ours, const char *theirs)
{
	int width = (to->area->cols - 3 - GAP) / 2, top = to->row + 1, end;

	if (ours == NULL && theirs == NULL)
		return;
	if (to->last - to->row < 2) {
		to->cut = true;
		return;
	}
	area_field(to->area, to->row, 3, width, false, ROLE_heading, "This side");
	area_field(to->area, to->row, 3 + width + GAP, width, false, ROLE_heading, "The other side");
	to->row = top;
	add(to, 3, width, SIDE_ROWS, ROLE_text, ours != NULL ? ours : FORMAT_NONE);
	end = to->row;
	to->row = top;
	add(to, 3 + width + GAP, width, SIDE_ROWS, theirs != NULL ? ROLE_text : ROLE_dim,
	    theirs != NULL ? theirs : "not told");
	to->row = to->row > end ? to->row : end;
}

static void
add_tunnel(struct trouble *to, const struct model_tunnel *tunnel)
{
	const struct model_tunnel_error *error = &tunnel->last_error;
	int cols = to->area->cols - 4;
	char line[500];

	area_print(to->area, to->row, 1, ROLE_attention, "! ");
	add(to, 3, cols, TEXT_ROWS, ROLE_attention, error->text);
	if (error->hint != NULL && to->row < to->last)
		area_text(to->area, to->row, 1, ROLE_accent, "→ ");
	add(to, 3, cols, HINT_ROWS, ROLE_text, error->hint);
	for (size_t i = 0; i < error->evidence.count; i++) {
		snprintf(line, sizeof(line), "· %s", error->evidence.items[i]);
		add(to, 3, cols, 2, ROLE_dim, line);
	}
	add_sides(to, error->ours, error->theirs);
}

bool
trouble_says(const struct model_shape *shape, const struct model_field *field)
{
	static const char *const said[] = {"text", "hint", "ours", "theirs", "evidence"};

	for (size_t i = 0; i < COUNT_OF(said) && strcmp(shape->name, "tunnel_error") == 0; i++) {
		if (strcmp(field->name, said[i]) == 0)
			return true;
	}
	return false;
}

int
trouble_draw(enum model_kind kind, const void *row, const struct area *area, bool *whole)
{
	const struct model_tunnel *tunnel = row;
	const struct model_peer *peer = row;
	struct trouble to = {.area = area, .row = 1, .last = 1 + area->rows / 2};
	const char *text = NULL;

	*whole = false;
	if (kind == MODEL_KIND_EVENT) {
		add(&to, 1, area->cols - 2, EVENT_ROWS, ROLE_title, ((const struct model_event *)row)->text);
		return to.row - 1;
	}
	if (kind == MODEL_KIND_TUNNEL && tunnel->last_error.set && tunnel_part(tunnel)[0] == '\0') {
		add_tunnel(&to, tunnel);
		*whole = !to.cut;
		return to.row - 1;
	}
	if (kind == MODEL_KIND_CONNECTION)
		text = ((const struct model_connection *)row)->attention;
	else if (kind == MODEL_KIND_PEER && peer->last_error.set && peer->established_at == 0)
		text = peer->last_error.text;
	if (text == NULL)
		return 0;
	area_print(area, 1, 1, ROLE_attention, "! ");
	area_field(area, 1, 3, area->cols - 4, false, ROLE_attention, text);
	return 1;
}
