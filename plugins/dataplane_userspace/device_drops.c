// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the TUN devices themselves drop, since nobody came in time to read it: packets that were routed into
 * the tunnel and never reached us. They count as those that waited too long, once a second, for all tunnels
 * at once from /proc/net/dev (proc(5)): asking for one device by rtnetlink waits for the lock under which
 * routes go into the kernel.
 */
#include "plugins/dataplane_userspace/userspace.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	READ_EVERY_MS = 1000,
	READ_BYTES = 64 * 1024,
	FIELDS_BEFORE =
	    11, /* eight of what the machine got from it; bytes, packets and errors of what it gave it */
};

bool
device_drops_read(char *line, const char **name, uint64_t *dropped)
{
	char *colon = strrchr(line, ':'), *at;

	if (colon == NULL)
		return false;
	*colon = '\0';
	*name = line + strspn(line, " ");
	at = colon + 1;
	for (int i = 0; i <= FIELDS_BEFORE; i++) {
		char *end;

		*dropped = strtoumax(at, &end, 10);
		if (end == at)
			return false;
		at = end;
	}
	return true;
}

void
device_drops_count(struct device_drops *drops, uint64_t told)
{
	/* a device that was made anew begins at nothing */
	drops->sum += told >= drops->told ? told - drops->told : told;
	drops->told = told;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp((*(struct tunnel *const *)a)->name, (*(struct tunnel *const *)b)->name);
}

static int
is_named(const void *name, const void *tunnel)
{
	return strcmp(name, (*(struct tunnel *const *)tunnel)->name);
}

static size_t
list(struct dataplane *plane, struct tunnel **out)
{
	size_t count = 0;

	for (uint32_t id = 0; id < TUNNEL_SLOTS; id++) {
		struct tunnel *tunnel = atomic_load_explicit(&plane->tunnels[id], memory_order_relaxed);

		if (tunnel != NULL)
			out[count++] = tunnel;
	}
	qsort(out, count, sizeof(struct tunnel *), by_name);
	return count;
}

static void
read_all(struct dataplane *plane, FILE *in)
{
	struct tunnel **tunnels =
	    calloc(TUNNEL_SLOTS, sizeof(*tunnels)); /* pages that are not written cost nothing */
	size_t count = tunnels != NULL ? list(plane, tunnels) : 0, size = 0;
	char *line = NULL;

	while (getline(&line, &size, in) > 0) {
		struct tunnel **found;
		const char *name;
		uint64_t dropped;

		if (!device_drops_read(line, &name, &dropped))
			continue;
		found = bsearch(name, tunnels, count, sizeof(struct tunnel *), is_named);
		if (found != NULL)
			device_drops_count(&(*found)->device, dropped);
	}
	free(line);
	free(tunnels);
}

void
plane_read_device_drops(struct dataplane *plane)
{
	usec_t now = clock_monotonic();
	FILE *in;

	if (plane->devices_read != 0 && now - plane->devices_read < READ_EVERY_MS * USEC_PER_MS)
		return;
	plane->devices_read = now;
	in = fopen("/proc/thread-self/net/dev", "re");
	if (in == NULL)
		return;
	setvbuf(in, NULL, _IOFBF, READ_BYTES);
	read_all(plane, in);
	fclose(in);
}
