// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `--on SITE,SITE`, `--on @GROUP`, `--on all`: the command line on gateways elsewhere. All names are looked
 * up before anything is connected.
 */
#include "tui/cli_internal.h"

#include <stdlib.h>
#include <string.h>

#include "tui/sites/reach.h"

static void
add_place(struct cli *cli, const struct settings_site *site)
{
	struct cli_place *place;

	for (size_t i = 0; i < cli->place_count; i++) {
		if (strcmp(cli->places[i].name, site->name) == 0)
			return; /* named twice, or in a group too */
	}
	cli->places = memory_resize(cli->places, (cli->place_count + 1) * sizeof(*cli->places));
	place = &cli->places[cli->place_count++];
	*place = (struct cli_place){.production = site->production, .out = stdout};
	snprintf(place->name, sizeof(place->name), "%s", site->name);
	if (cli->parts->transport != NULL) {
		place->transport = cli->parts->transport(site->name);
	} else {
		place->way = sites_reach(site, &cli_asker);
		place->transport = ssh_site_transport(place->way);
	}
}

/* "no site is called 'lyn' (did you mean 'lyon'?)" */
static int
unknown(const struct settings *settings, const char *name, bool group)
{
	const char **names = memory_zeroed(settings->site_count + 1, sizeof(*names)), *near;
	char clean[64], meant[96] = "";

	for (size_t i = 0; i < settings->site_count; i++)
		names[i] = group ? settings->sites[i].group : settings->sites[i].name;
	near = text_nearest(name, names);
	if (near != NULL)
		snprintf(meant, sizeof(meant), " (did you mean '%s'?)", near);
	free(names);
	return cli_fail(CONTROL_EXIT_USAGE,
			group ? "no site is in a group called '%s' in %s%s"
			      : "no site is called '%s' in %s%s",
			text_clean(clean, sizeof(clean), name), settings->path, meant);
}

static int
add_group(struct cli *cli, const struct settings *settings, const char *group)
{
	bool found = false;

	for (size_t i = 0; i < settings->site_count; i++) {
		if (group != NULL && (*group == '\0' || strcmp(settings->sites[i].group, group) != 0))
			continue;
		add_place(cli, &settings->sites[i]);
		found = true;
	}
	return found ? CONTROL_EXIT_DONE : unknown(settings, group, true);
}

static int
add_named(struct cli *cli, const struct settings *settings, const char *name)
{
	const struct settings_site *site;

	if (strcmp(name, "all") == 0)
		return add_group(cli, settings, NULL);
	if (name[0] == '@')
		return add_group(cli, settings, name + 1);
	site = settings_site(settings, name);
	if (site == NULL)
		return unknown(settings, name, false);
	add_place(cli, site);
	return CONTROL_EXIT_DONE;
}

bool
cli_has_sites(const struct settings *settings)
{
	if (settings->site_count != 0)
		return true;
	cli_fail(CONTROL_EXIT_USAGE,
		 "there are no sites yet; add one to %s:\nsites:\n- {name: lyon, host: root@192.0.2.10}",
		 settings->path);
	return false;
}

static int
add_all(struct cli *cli, const struct settings *settings, const char *names)
{
	char *copy = text_copy(names), *next = copy, *name;
	int code = CONTROL_EXIT_DONE;

	if (!cli_has_sites(settings))
		code = CONTROL_EXIT_USAGE;
	while (code == CONTROL_EXIT_DONE && (name = strsep(&next, ",")) != NULL)
		code = add_named(cli, settings, name);
	free(copy);
	return code;
}

int
cli_places_open(struct cli *cli, const char *names)
{
	struct settings settings;
	struct error err = {""};
	int code;

	if (names == NULL) {
		cli->places = memory_zeroed(1, sizeof(*cli->places));
		cli->places[cli->place_count++].out = stdout;
		return CONTROL_EXIT_DONE;
	}
	cli->on = true;
	if (!settings_load(&settings, cli->console->settings, &err))
		return cli_fail(CONTROL_EXIT_USAGE, "%s", err.text);
	code = add_all(cli, &settings, names);
	settings_free(&settings);
	cli_places_name_lines(cli);
	return code;
}

void
cli_places_close(struct cli *cli)
{
	for (size_t i = 0; i < cli->place_count; i++) {
		if (cli->places[i].out != stdout)
			fclose(cli->places[i].out);
		ssh_site_free(cli->places[i].way);
	}
	FREE_AND_NULL(cli->places);
	cli->place_count = 0;
	cli_ask_forget();
}
