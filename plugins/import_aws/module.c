// SPDX-License-Identifier: GPL-2.0-or-later
/* What the module exports; apart, so that the tests link the rest without it. */
#include "core/plugin.h"
#include "plugins/import_aws/import_aws.h"

extern const struct twinspan_plugin twinspan_plugin;

TWINSPAN_PLUGIN_EXPORT const struct twinspan_plugin twinspan_plugin = {
    .abi = TWINSPAN_PLUGIN_ABI,
    .kind = TWINSPAN_PLUGIN_IMPORT,
    .name = "import_aws",
    .version = TWINSPAN_VERSION,
    .description = "connections from AWS's configuration files",
    .ops = &aws_import_ops,
};
