// SPDX-License-Identifier: GPL-2.0-or-later
/* What the module exports; apart, so that the tests link the rest without it. */
#include "core/plugin.h"
#include "plugins/export_bird/export_bird.h"

extern const struct twinspan_plugin twinspan_plugin;

TWINSPAN_PLUGIN_EXPORT const struct twinspan_plugin twinspan_plugin = {
    .abi = TWINSPAN_PLUGIN_ABI,
    .kind = TWINSPAN_PLUGIN_EXPORT_FORMAT,
    .name = "export_bird",
    .version = TWINSPAN_VERSION,
    .description = "the other side of a connection as BIRD 2's configuration",
    .ops = &bird_export_ops,
};
