// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The exporter of commands of AWS's command line, without its module.
 *
 *   export_aws_cli.c   the commands
 *   options.c          the options of create-vpn-connection, as JSON
 *   algorithms.c       our proposals as AWS's lists of algorithms
 */
#ifndef TWINSPAN_EXPORT_AWS_CLI_H
#define TWINSPAN_EXPORT_AWS_CLI_H

#include "core/export.h"

/* What AWS calls the algorithms of proposals, each once, in order of preference. */
struct aws_lists {
	struct text_list encryption, integrity, groups;
	struct text_list unknown; /* words that AWS has no algorithm for */
};

/** Of the proposals of IKE, which is phase 1, or ESP, phase 2. Those that have a word which AWS lacks are
 * left out, and the word is told.
 */
void aws_lists_make(unsigned phase, const struct text_list *proposals, struct aws_lists *out);
void aws_lists_free(struct aws_lists *lists);

/** The JSON of `--options`, which has no apostrophe in it. False with `why` in `output`. */
bool aws_options_write(const struct export_connection *connection, struct export_output *output);

extern const struct export_ops aws_cli_export_ops;

#endif
