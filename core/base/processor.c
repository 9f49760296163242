// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/base/processor.h"

#include <sched.h>
#include <stdbool.h>

/* A thread starts with the processors of the process; the last of them is for bulk. */
static void
keep(bool to_bulk)
{
	cpu_set_t allowed, wanted;
	int last = CPU_SETSIZE - 1;

	if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0 || CPU_COUNT(&allowed) < 2)
		return;
	while (!CPU_ISSET(last, &allowed))
		last--;
	if (to_bulk) {
		CPU_ZERO(&wanted);
		CPU_SET(last, &wanted);
	} else {
		wanted = allowed;
		CPU_CLR(last, &wanted);
	}
	sched_setaffinity(0, sizeof(wanted), &wanted);
}

void
processor_keep_to_bulk(void)
{
	keep(true);
}

void
processor_keep_off_bulk(void)
{
	keep(false);
}
