// SPDX-License-Identifier: GPL-2.0-or-later
/* From a site of console.yaml to the way that leads there. */
#ifndef TWINSPAN_TUI_SITES_REACH_H
#define TWINSPAN_TUI_SITES_REACH_H

#include "tui/settings.h"
#include "tui/ssh/ssh.h"

/** To be freed with ssh_site_free(), after its client was closed. `asker` is copied. */
struct ssh_site *sites_reach(const struct settings_site *site, const struct ssh_asker *asker);

#endif
