// SPDX-License-Identifier: GPL-2.0-or-later
/* A plugin whose file goes while the program that loaded it runs. */
#include "core/plugin.h"

static const int nothing;

TWINSPAN_PLUGIN_EXPORT const struct twinspan_plugin twinspan_plugin = {
    .abi = TWINSPAN_PLUGIN_ABI,
    .kind = TWINSPAN_PLUGIN_PROBE,
    .name = "test_removed",
    .ops = &nothing,
};
