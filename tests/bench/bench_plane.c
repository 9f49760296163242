// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Mbit/s through one tunnel by each suite and each provider of them, in UDP 4500 and once as protocol 50: two
 * planes in this process, in a namespace each, iperf3 with one TCP stream (cubic: BBR caps a stream on a
 * veth). BENCH_WORKERS in the environment is how many threads each plane has in each direction, 1 if it is
 * not set. Then what the sealing half alone does with one tunnel by 1, 2 and 4 workers: its datagrams end in
 * a socket that nobody reads. Also prints the CPU seconds for each gigabyte, the figure that other load on
 * the machine disturbs least. Never fails on a time; without root or iperf3 it says so.
 */
#include "tests/unit/plugins/pair.h"
#include "tests/unit/test.h"

#include <arpa/inet.h>
#include <netinet/udp.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static unsigned workers = 1;

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
	struct pair pair = {.workers = workers};
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
		     "for i in 1 2 3 4 5 6 7 8 9 10; do iperf3 -c 10.99.1.2 -C cubic -t 3 >/dev/null 2>&1 && "
		     "exit 0; sleep 0.2; done; exit 1");
	seconds = (double)(clock_monotonic() - began) / 1e6;
	cpu = cpu_seconds() - cpu;
	userspace_ops.tunnel_counters(pair.side[1].plane, 1, &after);
	gigabytes = (double)(after.rx_bytes - before.rx_bytes) / 1e9;
	print_message("%-34s %7.0f Mbit/s  %5.2f CPU s/GB (both planes)\n", what, gigabytes * 8000 / seconds,
		      cpu / gigabytes);
	pair_close(&pair);
}

static void
measure_suite(const struct suite *suite, bool encapsulated)
{
	struct pair_sa sa = {
	    .tunnel = 1,
	    .encapsulated = encapsulated,
	    .encryption = suite->encryption,
	    .key_length = suite->key_length,
	    .integrity = suite->integrity,
	    .integrity_key_length = suite->integrity_key_length,
	};
	char what[64];

	snprintf(what, sizeof(what), "%s%s", suite->name, encapsulated ? "" : ", protocol 50");
	measure(what, sa);
}

static int
open_sink(void)
{
	struct sockaddr_in sink = {.sin_family = AF_INET, .sin_port = htons(NATT_PORT)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&sink, sizeof(sink)) < 0)
		fail_msg("no sink for the datagrams");
	return fd;
}

/* Sends super-packets into the tunnel for a second; what side 0's plane makes of them. */
static void
seal_for_a_second(struct pair *pair, const char *what)
{
	enum { SUPER = 45, WINDOW = 12 * SUPER }; /* datagrams: what the plane's queue takes */
	static const uint8_t super[SUPER * 1300];
	uint64_t sent = 0;
	struct ip_address inside = pair_inside(1, 1);
	struct sockaddr_storage to;
	socklen_t length = ip_address_to_sockaddr(&inside, 9, &to);
	struct dataplane_counters counters;
	int out = pair_socket(pair, 0, 1, 9), size = 1300;
	usec_t began = clock_monotonic();
	double cpu = cpu_seconds(), gigabytes;

	setsockopt(out, SOL_UDP, UDP_SEGMENT, &size, sizeof(size));
	while (clock_monotonic() - began < USEC_PER_SEC) {
		userspace_ops.tunnel_counters(pair->side[0].plane, 1, &counters);
		if (sent - counters.tx_packets > WINDOW)
			usleep(20);
		else if (sendto(out, super, sizeof(super), 0, (struct sockaddr *)&to, length) > 0)
			sent += SUPER;
	}
	cpu = cpu_seconds() - cpu;
	gigabytes = (double)counters.tx_bytes / 1e9;
	print_message("%-44s %7.0f Mbit/s  %5.2f CPU s/GB (sealing, and who sends)\n", what, gigabytes * 8000,
		      cpu / gigabytes);
	close(out);
}

static void
measure_sealing(const struct suite *suite, unsigned count)
{
	struct pair pair = {.workers = count};
	struct pair_sa sa = {
	    .tunnel = 1,
	    .encapsulated = true,
	    .encryption = suite->encryption,
	    .key_length = suite->key_length,
	    .integrity = suite->integrity,
	    .integrity_key_length = suite->integrity_key_length,
	};
	char why[600], what[64];
	int sink;

	if (!pair_open(&pair, why, sizeof(why))) {
		print_message("# skipped: %s\n", why);
		return;
	}
	pair_tunnel(&pair, &sa);
	pair_at(&pair, 1);
	userspace_ops.close(pair.side[1].plane);
	pair.side[1].plane = NULL;
	sink = open_sink();
	snprintf(what, sizeof(what), "%s, %u workers", suite->name, count);
	seal_for_a_second(&pair, what);
	close(sink);
	pair_close(&pair);
}

/* Without arguments all, else the suites of these names. */
static bool
wanted(const struct suite *suite, int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], suite->name) == 0)
			return true;
	return argc < 2;
}

/* The planes of this process ask the environment at open. */
static void
measure_all(const char *provider, int argc, char **argv)
{
	struct error err;
	char text[64];

	setenv("TWINSPAN_CRYPTO", provider, 1);
	if (!suites_use(provider, &err)) {
		print_message("# skipped: %s\n", err.text);
		return;
	}
	print_message("%s\n", suites_describe(text, sizeof(text)));
	for (size_t i = 0; suite_at(i) != NULL; i++)
		if (wanted(suite_at(i), argc, argv))
			measure_suite(suite_at(i), true);
	for (size_t i = 0; suite_at(i) != NULL; i++)
		for (unsigned count = 1; count <= 4 && wanted(suite_at(i), argc, argv); count *= 2)
			measure_sealing(suite_at(i), count);
	if (wanted(suite_at(0), argc, argv))
		measure_suite(suite_at(0), false);
}

int
main(int argc, char **argv)
{
	if (getenv("BENCH_WORKERS") != NULL)
		workers = (unsigned)atoi(getenv("BENCH_WORKERS"));
	if (system("command -v iperf3 >/dev/null") != 0) {
		print_message("# skipped: no iperf3 here\n");
		return 0;
	}
	measure_all("evp", argc, argv);
	measure_all("ipsec-mb", argc, argv);
	return 0;
}
