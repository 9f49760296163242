// SPDX-License-Identifier: GPL-2.0-or-later
/* Whole files into memory, with a limit; how many may be open. */
#ifndef TWINSPAN_BASE_FILE_H
#define TWINSPAN_BASE_FILE_H

#include <stddef.h>

#include "core/base/error.h"

/**
 * Reads a file of at most `most` bytes; of a larger one `most` + 1 bytes come back, so that the caller sees
 * that it is too large. Returns new (to be freed with memory_wipe_free, as it may hold secrets), with a NUL
 * behind its `*length` bytes; NULL with "can't be opened: ..." or "can't be read: ...".
 */
char *file_read(const char *path, size_t most, size_t *length, struct error *err);

/** Lets the process have as many descriptors as are usual for many peers, as far as it is allowed: the soft
 * limit (RLIMIT_NOFILE) is raised, never lowered. Again and again is no harm. */
void file_allow_many(void);

#endif
