// SPDX-License-Identifier: GPL-2.0-or-later
/* What the tests of the importer share: the samples, and what becomes of them. */
#ifndef TWINSPAN_TESTS_IMPORTS_H
#define TWINSPAN_TESTS_IMPORTS_H

#include "core/config/config.h"
#include "plugins/import_aws/import_aws.h"
#include "tests/unit/test.h"

/* Made up, as all in the samples. */
#define KEY_ONE "MadeUpKeyForTunnelOne.0123456789"
#define KEY_TWO "MadeUpKeyForTunnelTwo_0123456789"

/** A sample's bytes, new, with a NUL behind them. */
char *sample(const char *name, size_t *length);
/** A sample with the first of a text replaced by another. Returns new. */
char *changed(const char *name, const char *from, const char *to);
/** The open file; the test fails where it is refused. To be closed. */
struct import_file *opened(const char *name);
struct import_file *opened_text(const char *text);
/** What is written of it, with proposals as the configuration accepts them, unless `options` says which.
 * To be freed. */
struct import_result written(struct import_file *file, struct import_options options);
/** The sample, or the file of that text, as the configuration's reader sees it, with the secrets inside. */
struct config *imported(const char *name);
struct config *imported_text(const char *text);
void assert_refused(const char *text, size_t length, unsigned line, const char *words);
void assert_address(const struct ip_address *address, const char *text);
void assert_inside(const struct config_tunnel *tunnel, const char *text);
void assert_psk(const struct config_tunnel *tunnel, const char *text);
bool has_finding(const struct import_result *result, const char *words);

#endif
