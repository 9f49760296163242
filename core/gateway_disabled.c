// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tunnels that an operator disabled stay so when the gateway is started again. Their names stand in a file of
 * the state folder, one a line; it is written anew as a whole beside the old one and then takes its place, so
 * that a crash leaves one or the other. Names that the configuration no longer has are dropped with the next
 * change.
 */
#include "core/gateway_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_NAME "disabled-tunnels"

void
gateway_disabled_load(struct gateway *gateway)
{
	char *path = text_format("%s/" FILE_NAME, gateway->options->state_dir), line[256];
	FILE *file = fopen(path, "re");

	if (file == NULL && errno != ENOENT)
		gateway_event(gateway, "warning", "state.unreadable", gateway->config->name,
			      "%s: %s: tunnels that were disabled may come up", path, strerror(errno));
	while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
		struct gateway_tunnel *tunnel;

		line[strcspn(line, "\n")] = '\0';
		tunnel = gateway_tunnel_find(gateway, line);
		if (tunnel == NULL)
			continue;
		tunnel->disabled = tunnel->remembered = true;
		gateway_event(gateway, "notice", "tunnel.disabled", line,
			      "disabled by an operator in an earlier run; 'twinspan enable %s' ends that",
			      line);
	}
	if (file != NULL)
		fclose(file);
	free(path);
}

static bool
write_names(const struct gateway *gateway, const char *path, struct error *err)
{
	FILE *file = fopen(path, "we");
	bool good = file != NULL;

	for (size_t i = 0; good && i < gateway->tunnel_count; i++) {
		if (gateway->tunnels[i]->remembered)
			good = fprintf(file, "%s\n", gateway->tunnels[i]->config->name) > 0;
	}
	good = good && fflush(file) == 0 && fsync(fileno(file)) == 0;
	if (!good)
		error_set(err, "can't write %s: %s", path, strerror(errno));
	if (file != NULL && fclose(file) != 0 && good)
		good = error_set(err, "can't write %s: %s", path, strerror(errno));
	return good;
}

bool
gateway_disabled_set(struct gateway_tunnel *tunnel, bool disabled, struct error *err)
{
	const struct gateway *gateway = tunnel->gateway;
	char *path = text_format("%s/" FILE_NAME, gateway->options->state_dir);
	char *fresh = text_format("%s.new", path);
	bool before = tunnel->remembered, good;

	tunnel->remembered = disabled;
	good = write_names(gateway, fresh, err);
	if (good && rename(fresh, path) != 0)
		good = error_set(err, "can't write %s: %s", path, strerror(errno));
	if (!good) {
		tunnel->remembered = before;
		unlink(fresh);
	}
	free(fresh);
	free(path);
	return good;
}
