// SPDX-License-Identifier: GPL-2.0-or-later
/* What settings.c and settings_sites.c share. */
#ifndef TWINSPAN_TUI_SETTINGS_INTERNAL_H
#define TWINSPAN_TUI_SETTINGS_INTERNAL_H

#include <stdio.h>

#include "tui/settings.h"
#include "tui/yaml_file.h"

/* Reads an item of `sites` into the settings. False after yaml_fail(). */
bool settings_read_site(struct yaml_file *r, yaml_node_t *item, void *settings);
/* Writes `sites:` as YAML; nothing where there are none. */
void settings_write_sites(FILE *out, const struct settings *settings);
void settings_free_sites(struct settings *settings);

#endif
