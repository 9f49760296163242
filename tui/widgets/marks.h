// SPDX-License-Identifier: GPL-2.0-or-later
/* Rows that a person marked, by their keys, so that marks stay on their rows whatever is sorted or filtered.
 */
#ifndef TWINSPAN_TUI_WIDGETS_MARKS_H
#define TWINSPAN_TUI_WIDGETS_MARKS_H

#include "core/base/text.h"

#define MARKS_MOST 10000

struct marks {
	struct text_list keys; /* in the order in which they were marked */
};

bool marks_has(const struct marks *marks, const char *key);
void marks_set(struct marks *marks, const char *key, bool marked);
void marks_clear(struct marks *marks);

#endif
