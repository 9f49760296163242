// SPDX-License-Identifier: GPL-2.0-or-later
/* What settings.c and settings_sites.c share. */
#ifndef TWINSPAN_TUI_SETTINGS_INTERNAL_H
#define TWINSPAN_TUI_SETTINGS_INTERNAL_H

#include "tui/settings.h"
#include "tui/yaml_file.h"

/* Reads an item of `sites` into the settings. False after yaml_fail(). */
bool settings_read_site(struct yaml_file *r, yaml_node_t *item, void *settings);
void settings_free_sites(struct settings *settings);

#endif
