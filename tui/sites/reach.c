// SPDX-License-Identifier: GPL-2.0-or-later
/* See reach.h. */
#include "tui/sites/reach.h"

#include <stdlib.h>

#include "core/base/file.h"

struct ssh_site *
sites_reach(const struct settings_site *site, const struct ssh_asker *asker)
{
	struct error err = {""};
	char *user = NULL, *host = NULL;
	unsigned port = 0;
	struct ssh_site *way;

	file_allow_many(); /* sockets, keys, copies of ~/.ssh/config: of a hundred sites at a time */
	/* the settings have been checked; a name that is no host fails when it is looked up */
	ssh_parse_address(site->host[0] != '\0' ? site->host : site->name, &user, &host, &port, &err);
	way = ssh_site_new(&(struct ssh_target){.name = site->name,
						.host = host != NULL ? host : site->name,
						.user = user,
						.port = port,
						.jumps = &site->jumps,
						.command = site->command[0] != '\0' ? site->command : NULL,
						.role = site->role[0] != '\0' ? site->role : NULL,
						.compress = site->compress,
						.identities_only = site->identities_only},
			   asker);
	free(user);
	free(host);
	return way;
}
