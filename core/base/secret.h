// SPDX-License-Identifier: GPL-2.0-or-later
/* Pre-shared keys that are made here rather than thought of by a person. */
#ifndef TWINSPAN_BASE_SECRET_H
#define TWINSPAN_BASE_SECRET_H

#include <stdbool.h>

#define SECRET_MADE 32 /* characters, as AWS makes them: 192 bits */

/**
 * Writes a new secret of letters, digits, '.' and '_' that does not begin with 0, which AWS takes too
 * ("Tunnel options": pre-shared key). The caller wipes it. False where the machine has no random bytes.
 */
bool secret_make(char out[SECRET_MADE + 1]);
/** What is wrong with a secret that a person typed, in words; NULL for nothing. */
const char *secret_trouble(const char *text);

#endif
