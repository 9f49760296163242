// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a person wants of the console, from console.yaml in their configuration folder
 * (XDG_CONFIG_HOME/twinspan, else ~/.config/twinspan):
 *
 *   theme: light
 *   colours: 256                  # auto | 24bit | 256 | 16 | none
 *   ascii: no
 *   mouse: no
 *   keys: {switchover: s, drain: [D, F5], rekey: none}     # in place of the command table's keys
 *   panels:
 *     tunnels: {columns: [name, state, rtt_ms], sort: rtt_ms, descending: yes}
 *   sites: [{name: lyon, host: root@192.0.2.10:2222, jump: [bastion], group: plants, role: operator,
 *            production: true, compress: yes, identities_only: yes,
 *            command: sudo twinspan bridge}]
 *
 * A file that isn't there is all defaults. What the console itself saves (columns, order, theme) replaces
 * that one part of the file; every other byte of it, comments too, stays.
 */
#ifndef TWINSPAN_TUI_SETTINGS_H
#define TWINSPAN_TUI_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/error.h"
#include "core/base/text.h"

/* How many colours: what the terminal can, or what somebody says. */
enum settings_colours {
	SETTINGS_COLOURS_AUTO,
	SETTINGS_COLOURS_NONE,
	SETTINGS_COLOURS_16,
	SETTINGS_COLOURS_256,
	SETTINGS_COLOURS_24BIT
};

/* What a person made of one panel. */
struct settings_panel {
	char name[32];
	struct text_list columns; /* fields, in their order; none: the panel's own choice */
	char sort[64];            /* a field, or one of the panel's own orders; "" for the natural order */
	bool descending;
};

/* A gateway elsewhere. */
struct settings_site {
	char name[64];
	char host[256];         /* "user@host:port", or a host of ~/.ssh/config; "": the name is one */
	struct text_list jumps; /* the same, from here to there; none: ~/.ssh/config's */
	char group[64];
	char role[16];     /* what a session is limited to; "": nothing */
	char command[256]; /* what is run there; "": "twinspan bridge" */
	bool production, compress;
	bool identities_only; /* of the agent's keys none but those of the host's key files are offered */
};

struct settings {
	char path[512]; /* where it was read, or would be saved */
	char theme[64]; /* "": by the terminal's background */
	enum settings_colours colours;
	bool ascii, mouse;
	struct settings_panel *panels;
	size_t panel_count;
	struct settings_site *sites;
	size_t site_count;
	bool sites_changed; /* by the console: then they are saved too */
};

/**
 * Reads the file (`path` NULL: the usual place) and gives the command table its keys. False with `err`, which
 * names file, line and column: an unknown key, command or panel, a key that two commands would share.
 */
bool settings_load(struct settings *out, const char *path, struct error *err);
void settings_free(struct settings *settings);
/** "24bit", "256", "16", "none", "auto". False for another word. */
bool settings_colours_parse(const char *word, enum settings_colours *out);
/** What is known of a panel; made where there is nothing yet. */
struct settings_panel *settings_panel(struct settings *settings, const char *name);
/** Writes `panels` and `theme` (and `sites`, where they were changed) into the file as they are now. False
 * with `err`; then the file is as it was.
 */
bool settings_save(const struct settings *settings, struct error *err);
/** Adds a site, whose jumps are taken, and saves. False with `err`; then all is as it was. */
bool settings_add_site(struct settings *settings, const struct settings_site *site, struct error *err);
/** Takes it out, and saves. False with `err`; then all is as it was. */
bool settings_remove_site(struct settings *settings, const char *name, struct error *err);
/** The site of that name; NULL where there is none. */
const struct settings_site *settings_site(const struct settings *settings, const char *name);
/** Whether the site of that name is marked as production. */
bool settings_production(const struct settings *settings, const char *site);

#endif
