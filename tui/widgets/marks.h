// SPDX-License-Identifier: GPL-2.0-or-later
/* Rows that a person marked, by their keys, so that marks stay on their rows whatever is sorted or filtered.
 */
#ifndef TWINSPAN_TUI_WIDGETS_MARKS_H
#define TWINSPAN_TUI_WIDGETS_MARKS_H

#include "core/base/text.h"
#include "core/model/model.h"

#define MARKS_MOST 10000

struct marks {
	struct text_list keys; /* in the order in which they were marked */
};

bool marks_has(const struct marks *marks, const char *key);
void marks_set(struct marks *marks, const char *key, bool marked);
void marks_clear(struct marks *marks);
/** Marks of rows that are gone go with them: no command acts on what nobody sees. Rows of the overview
 * (connections) are tunnels too. */
void marks_drop_lost(struct marks *marks, const struct model_store *store, enum model_kind kind);

#endif
