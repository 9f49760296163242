// SPDX-License-Identifier: GPL-2.0-or-later
/* Completion for the ":" prompt, from the command table and the names that the model has. */
#ifndef TWINSPAN_TUI_COMPLETE_H
#define TWINSPAN_TUI_COMPLETE_H

#include "core/control/commands.h"
#include "core/model/model.h"
#include "tui/typed.h"

#define COMPLETE_MOST 64

struct completion {
	size_t start;           /* byte where the word under completion begins */
	struct text_list words; /* what it can become, in the table's or the model's order */
};

/** What the last word of `text` can become; `shown`: the kind of the rows on screen, for fields. Free with
 * completion_free. */
void completion_make(const struct model_store *store, enum model_kind shown, const char *text,
		     struct completion *out);
void completion_free(struct completion *completion);
/** The longest beginning that all words share. Returns `out`. */
const char *completion_common(const struct completion *completion, char *out, size_t size);

#endif
