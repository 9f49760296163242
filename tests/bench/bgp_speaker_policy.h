// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The rules of bgp_speaker --policy FILE. A line of the file is a rule; words are separated by tabs:
 *
 *   import|export  accept|deny|next  WHAT=VALUE...
 *
 * with the conditions prefixes=FILE (a pattern a line), as_path=PATTERN, community=PATTERN, and the changes
 * local_preference=NUMBER, med=NUMBER, add=COMMUNITY and prepend=ASN, as core/policy/policy.h has them.
 */
#ifndef TWINSPAN_TESTS_BENCH_BGP_SPEAKER_POLICY_H
#define TWINSPAN_TESTS_BENCH_BGP_SPEAKER_POLICY_H

#include "core/policy/policy.h"

/** Adds a file's rules to both, and seals them. False with `err`. */
bool speaker_policy_read(const char *path, struct policy *import, struct policy *export, struct error *err);

#endif
