// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the TUN devices themselves drop, since nobody came in time to read it: packets that were routed into
 * the tunnel and never reached us. They count as those that waited too long, once a second, for all tunnels
 * at once from /proc/net/dev (proc(5)): asking for one device by rtnetlink waits for the lock under which
 * routes go into the kernel.
 *
 * That file takes milliseconds where there are a thousand devices, which neither the loop has nor a worker.
 * So a thread of its own reads it when somebody asks for counters and the last time is a second ago, and who
 * asks next takes the figure of his tunnel out of the table that it left.
 */
#include "plugins/dataplane_userspace/userspace.h"

#include <inttypes.h>
#include <stdlib.h>

enum {
	READ_EVERY_MS = 1000,
	READ_BYTES = 16 * 1024,
	FIELDS_BEFORE =
	    11, /* eight of what the machine got from it; bytes, packets and errors of what it gave it */
};

struct device {
	char name[16];
	uint64_t dropped;
};

/* One reading, by name. */
struct device_table {
	uint64_t reading;
	size_t count, room;
	struct device devices[];
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

/* --- reading ----------------------------------------------------------------------------------- */

/* False when memory is out; the table stays as it was. */
static bool
add(struct device_table **table, const char *name, uint64_t dropped)
{
	struct device_table *grown = *table;
	size_t room = grown->room * 2;

	if (grown->count == grown->room) {
		grown = realloc(grown, sizeof(*grown) + room * sizeof(grown->devices[0]));
		if (grown == NULL)
			return false;
		grown->room = room;
		*table = grown;
	}
	snprintf(grown->devices[grown->count].name, sizeof(grown->devices[0].name), "%s", name);
	grown->devices[grown->count++].dropped = dropped;
	return true;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(((const struct device *)a)->name, ((const struct device *)b)->name);
}

static int
is_named(const void *name, const void *device)
{
	return strcmp(name, ((const struct device *)device)->name);
}

static struct device_table *
read_table(FILE *in)
{
	enum { ROOM = 64 };
	struct device_table *table = calloc(1, sizeof(*table) + ROOM * sizeof(table->devices[0]));
	char *line = NULL;
	size_t size = 0;

	if (table == NULL)
		return NULL;
	table->room = ROOM;
	while (getline(&line, &size, in) > 0) {
		const char *name;
		uint64_t dropped;

		if (device_drops_read(line, &name, &dropped) && !add(&table, name, dropped))
			break;
	}
	free(line);
	qsort(table->devices, table->count, sizeof(table->devices[0]), by_name);
	return table;
}

void
plane_read_devices(struct dataplane *plane, FILE *in)
{
	struct device_table *table, *old;
	uint64_t reading;

	pthread_mutex_lock(&plane->mutex);
	reading = ++plane->devices.begun;
	pthread_mutex_unlock(&plane->mutex);
	table = read_table(in);
	if (table == NULL)
		return;
	table->reading = reading;
	pthread_mutex_lock(&plane->mutex);
	old = plane->devices.table;
	plane->devices.table = table;
	pthread_mutex_unlock(&plane->mutex);
	free(old);
}

static void
read_devices(struct dataplane *plane)
{
	char buffer[READ_BYTES];
	FILE *in = fopen("/proc/thread-self/net/dev", "re");

	if (in == NULL)
		return;
	setvbuf(in, buffer, _IOFBF, sizeof(buffer));
	plane_read_devices(plane, in);
	fclose(in);
}

static void *
run(void *argument)
{
	struct dataplane *plane = argument;
	struct device_reader *reader = &plane->devices;

	pthread_mutex_lock(&plane->mutex);
	for (;;) {
		while (!reader->wanted && !reader->stopping)
			pthread_cond_wait(&reader->wake, &plane->mutex);
		if (reader->stopping)
			break;
		reader->wanted = false;
		pthread_mutex_unlock(&plane->mutex);
		read_devices(plane);
		pthread_mutex_lock(&plane->mutex);
	}
	pthread_mutex_unlock(&plane->mutex);
	return NULL;
}

/* --- taking ------------------------------------------------------------------------------------ */

void
plane_device_begins(struct dataplane *plane, struct tunnel *tunnel)
{
	tunnel->device.told = 0;
	tunnel->device.reading = plane->devices.begun;
}

void
plane_take_device_drops(struct dataplane *plane, struct tunnel *tunnel)
{
	struct device_reader *reader = &plane->devices;
	const struct device_table *table = reader->table;
	usec_t now = clock_monotonic();

	if (table != NULL && table->reading > tunnel->device.reading) {
		const struct device *device =
		    bsearch(tunnel->name, table->devices, table->count, sizeof(table->devices[0]), is_named);

		tunnel->device.reading = table->reading;
		if (device != NULL)
			device_drops_count(&tunnel->device, device->dropped);
	}
	if (reader->asked != 0 && now - reader->asked < READ_EVERY_MS * USEC_PER_MS)
		return;
	reader->asked = now;
	reader->wanted = true;
	pthread_cond_signal(&reader->wake);
}

/* --- life -------------------------------------------------------------------------------------- */

bool
device_reader_start(struct dataplane *plane, struct error *err)
{
	int result = thread_start(&plane->devices.thread, run, plane);

	plane->devices.started = result == 0;
	return result == 0 ||
	       error_set(err, "can't start the thread that reads the devices' drops: %s", strerror(result));
}

void
device_reader_stop(struct dataplane *plane)
{
	if (!plane->devices.started)
		return;
	pthread_mutex_lock(&plane->mutex);
	plane->devices.stopping = true;
	pthread_cond_signal(&plane->devices.wake);
	pthread_mutex_unlock(&plane->mutex);
	pthread_join(plane->devices.thread, NULL);
	plane->devices.started = false;
}
