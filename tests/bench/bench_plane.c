// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Mbit/s through one tunnel: two planes in this process, in a namespace each, iperf3 with one TCP stream
 * (cubic: BBR caps a stream on a veth). Also prints the CPU seconds of both planes for each gigabyte, the
 * figure that other load on the machine disturbs least. Never fails on a time; without root or iperf3 it says
 * so.
 */
#include "tests/unit/plugins/pair.h"
#include "tests/unit/test.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static double
cpu_seconds(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void
measure(const char *what, struct pair_sa sa)
{
	struct pair pair;
	char why[600];
	struct dataplane_counters before, after;
	double seconds, cpu, gigabytes;
	usec_t began;

	if (!pair_open(&pair, why, sizeof(why))) {
		print_message("# skipped: %s\n", why);
		return;
	}
	pair_tunnel(&pair, &sa);
	pair_command(&pair, 1, "iperf3 -s -1 -D -B 10.99.1.2 >/dev/null");
	userspace_ops.tunnel_counters(pair.side[1].plane, 1, &before);
	began = clock_monotonic();
	cpu = cpu_seconds();
	pair_command(&pair, 0,
		     "for i in 1 2 3 4 5 6 7 8 9 10; do iperf3 -c 10.99.1.2 -C cubic -t 5 >/dev/null 2>&1 && "
		     "exit 0; sleep 0.2; done; exit 1");
	seconds = (double)(clock_monotonic() - began) / 1e6;
	cpu = cpu_seconds() - cpu;
	userspace_ops.tunnel_counters(pair.side[1].plane, 1, &after);
	gigabytes = (double)(after.rx_bytes - before.rx_bytes) / 1e9;
	print_message("%-28s %7.0f Mbit/s  %5.2f CPU s/GB (both planes)\n", what, gigabytes * 8000 / seconds,
		      cpu / gigabytes);
	pair_close(&pair);
}

int
main(void)
{
	struct pair_sa sa = {.tunnel = 1, .encapsulated = true, .encryption = 20, .key_length = 36};

	if (system("command -v iperf3 >/dev/null") != 0) {
		print_message("# skipped: no iperf3 here\n");
		return 0;
	}
	measure("AES-256-GCM in UDP 4500", sa);
	sa.key_length = 20;
	measure("AES-128-GCM in UDP 4500", sa);
	sa.encapsulated = false;
	measure("AES-128-GCM, protocol 50", sa);
	return 0;
}
