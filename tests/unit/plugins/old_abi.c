// SPDX-License-Identifier: GPL-2.0-or-later
/* A plugin that another program was built for; built twice, the second time without the plugin's symbol. */
#include "core/plugin.h"

extern const struct twinspan_plugin OLD_ABI_SYMBOL;

TWINSPAN_PLUGIN_EXPORT const struct twinspan_plugin OLD_ABI_SYMBOL = {
    .abi = TWINSPAN_PLUGIN_ABI + 1,
    .kind = TWINSPAN_PLUGIN_PROBE,
    .name = "test_old_abi",
};
