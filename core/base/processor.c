// SPDX-License-Identifier: GPL-2.0-or-later
/* Which processors threads use; see processor.h. */
#include "core/base/processor.h"

#include <dirent.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The last processor of a set, or -1 where there is no other one. */
static int
last_of(const cpu_set_t *set)
{
	int last = CPU_SETSIZE - 1;

	if (CPU_COUNT(set) < 2)
		return -1;
	while (!CPU_ISSET(last, set))
		last--;
	return last;
}

static int
bulk_processor(cpu_set_t *allowed)
{
	return sched_getaffinity(0, sizeof(*allowed), allowed) == 0 ? last_of(allowed) : -1;
}

int
processor_thread(void)
{
	return (int)syscall(SYS_gettid);
}

void
processor_keep_to_bulk(void)
{
	cpu_set_t allowed, one;
	int bulk = bulk_processor(&allowed);

	if (bulk < 0)
		return;
	CPU_ZERO(&one);
	CPU_SET(bulk, &one);
	sched_setaffinity(0, sizeof(one), &one);
}

void
processor_keep_off_bulk(void)
{
	cpu_set_t allowed;
	int bulk = bulk_processor(&allowed);

	if (bulk < 0)
		return;
	CPU_CLR(bulk, &allowed);
	sched_setaffinity(0, sizeof(allowed), &allowed);
}

void
processor_clear_bulk(bool clear, int bulk_thread)
{
	cpu_set_t bulk, set;
	DIR *folder;

	/* The bulk thread's only processor is the one. */
	if (sched_getaffinity(bulk_thread, sizeof(bulk), &bulk) != 0 || CPU_COUNT(&bulk) != 1 ||
	    (folder = opendir("/proc/self/task")) == NULL)
		return;
	for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) {
		int thread = atoi(entry->d_name);

		if (thread == 0 || thread == bulk_thread || sched_getscheduler(thread) == SCHED_RR ||
		    sched_getaffinity(thread, sizeof(set), &set) != 0)
			continue;
		CPU_OR(&set, &set, &bulk);
		if (clear)
			CPU_XOR(&set, &set, &bulk);
		if (CPU_COUNT(&set) != 0)
			sched_setaffinity(thread, sizeof(set), &set);
	}
	closedir(folder);
}
