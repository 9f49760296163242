// SPDX-License-Identifier: GPL-2.0-or-later
/* Marks; see marks.h. */
#include "tui/widgets/marks.h"

#include <stdlib.h>
#include <string.h>

bool
marks_has(const struct marks *marks, const char *key)
{
	return text_list_has(&marks->keys, key);
}

void
marks_set(struct marks *marks, const char *key, bool marked)
{
	struct text_list *keys = &marks->keys;
	size_t at = 0;

	while (at < keys->count && strcmp(keys->items[at], key) != 0)
		at++;
	if (marked && at == keys->count && at < MARKS_MOST)
		text_list_add(keys, key);
	if (marked || at == keys->count)
		return;
	free(keys->items[at]);
	memmove(keys->items + at, keys->items + at + 1, (keys->count - at - 1) * sizeof(*keys->items));
	keys->count--;
}

void
marks_clear(struct marks *marks)
{
	text_list_free(&marks->keys);
}

void
marks_drop_lost(struct marks *marks, const struct model_store *store, enum model_kind kind)
{
	for (size_t i = marks->keys.count; i-- > 0;) {
		const char *key = marks->keys.items[i];

		if (model_store_get(store, kind, key) == NULL &&
		    (kind != MODEL_KIND_CONNECTION || model_store_get(store, MODEL_KIND_TUNNEL, key) == NULL))
			marks_set(marks, key, false);
	}
}
