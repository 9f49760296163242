// SPDX-License-Identifier: GPL-2.0-or-later
/* Patterns of hosts and users (ssh_config(5), PATTERNS). */
#ifndef TWINSPAN_TUI_SSH_PATTERN_H
#define TWINSPAN_TUI_SSH_PATTERN_H

#include <stdbool.h>

/* "*" and "?". `end`: of the pattern. `fold`: upper and lower case are alike. */
bool ssh_pattern_matches(const char *pattern, const char *end, const char *name, bool fold);
/* "a,b*,!c": does one of them match, and none of the exceptions? */
bool ssh_pattern_list_has(const char *list, const char *name, bool fold);

#endif
