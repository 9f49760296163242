// SPDX-License-Identifier: GPL-2.0-or-later
/* Loads the gateway's plugins: shared objects beside the program or where they were installed (base/paths.h).
 */
#ifndef TWINSPAN_PLUGINS_H
#define TWINSPAN_PLUGINS_H

#include "core/base/error.h"
#include "core/plugin.h"

/**
 * The plugin of that name ("dataplane_userspace"), checked to be of this program's ABI. It stays loaded until
 * the process ends; loading it again returns the same. NULL with an error that names the file.
 */
const struct twinspan_plugin *plugin_load(const char *name, struct error *err);

#endif
