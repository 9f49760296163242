// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two userspace planes in this process, in a network namespace each, for tests/bench/dataplane to drive:
 *
 *     bench_pair SUITE [IDLE [WITHOUT [udp|raw [WORKERS]]]]
 *
 * SUITE is a suite's name, or "null": the packets are framed, numbered and checked for replays as ever, but
 * nothing is encrypted, which shows what all the rest costs. That suite is this program's; no configuration
 * can ask for it. IDLE more tunnels stand beside the two that carry (their inside addresses are 10.99.1.0/30
 * and 10.99.2.0/30). WITHOUT: bits of enum dataplane_fast_path. "raw": as protocol 50, not in UDP. WORKERS:
 * threads in each direction, 1 if it is not said.
 *
 * The first line of the output is JSON: both namespaces, the plane's report, the process's memory before and
 * after the idle tunnels. Then it takes commands on stdin, a line each, and answers each by a line:
 *     rekey      tunnel 1 gets new SAs, as IKE does it
 *     counters   tunnel 1's, of both sides
 *     disturb    what IKE's threads and the loop ask of planes while packets pass, all of it once; nothing is
 *                to be lost by it
 */
#include "tests/unit/plugins/pair.h"
#include "tests/unit/test.h"

#include <unistd.h>

static struct pair pair;
static struct pair_sa tunnels[2];
static bool null_cipher;

/* --- the suite that does not encrypt ----------------------------------------------------------- */

static void
null_destroy(void *context)
{
	suite_find(&(struct dataplane_algorithms){20, (const uint8_t *)"", 36, 0, NULL, 0}, NULL)
	    ->ops->destroy(context);
}

static void
null_pass(void *context, struct suite_packet *packets, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		packets[i].good = true;
}

static const struct suite_ops null_ops = {.destroy = null_destroy, .seal = null_pass, .open = null_pass};
static struct suite null_suite;

static struct sa *
sa_of(int at, int from, const struct pair_sa *want)
{
	struct dataplane *plane = pair.side[at].plane;
	uint32_t spi = pair_spi(want, from);

	if (at != from)
		return atomic_load(&plane->inbound[spi % INBOUND_SLOTS]);
	return atomic_load(&((struct tunnel *)atomic_load(&plane->tunnels[want->tunnel]))->outbound);
}

static void
add(int at, int from, const struct pair_sa *want)
{
	struct error err;
	struct sa *sa;

	if (!pair_sa_add(&pair, at, from, want, &err))
		fail_msg("sa_add: %s", err.text);
	if (!null_cipher)
		return;
	sa = sa_of(at, from, want);
	null_suite = *sa->suite;
	null_suite.ops = &null_ops;
	sa->suite = &null_suite;
}

/* --- set-up ------------------------------------------------------------------------------------ */

static void
add_tunnel(const struct pair_sa *want, bool addresses)
{
	for (int side = 0; side < 2; side++) {
		struct error err;
		char name[16];

		pair_at(&pair, side);
		if (!userspace_ops.tunnel_add(pair.side[side].plane,
					      &(struct dataplane_tunnel){.id = want->tunnel, .mtu = 1400},
					      name, &err))
			fail_msg("tunnel_add: %s", err.text);
		if (addresses)
			pair_command(&pair, side, "ip addr add 10.99.%u.%d/30 dev %s", want->tunnel, side + 1,
				     name);
		add(side, 0, want);
		add(side, 1, want);
	}
}

static const struct suite *
suite_named(const char *name)
{
	for (size_t i = 0; suite_at(i) != NULL; i++)
		if (strcmp(suite_at(i)->name, name) == 0)
			return suite_at(i);
	return NULL;
}

/* Of this process, in kilobytes. */
static long
resident(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	long pages = 0;

	if (file == NULL || fscanf(file, "%*d %ld", &pages) != 1)
		fail_msg("no /proc/self/statm");
	fclose(file);
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

/* --- commands ---------------------------------------------------------------------------------- */

/* Both inbound SAs, the initiator's outbound, the responder's; the old ones stay a while for what is on its
 * way. */
static void
rekey(void)
{
	struct pair_sa old = tunnels[0], *new = &tunnels[0];

	new->generation++;
	add(1, 0, new);
	add(0, 1, new);
	add(0, 0, new);
	add(1, 1, new);
	usleep(200000);
	for (int side = 0; side < 2; side++)
		for (int from = 0; from < 2; from++)
			pair_sa_remove(&pair, side, from, &old);
	print_message("{}\n");
}

static void
counters(void)
{
	print_message("[");
	for (int side = 0; side < 2; side++) {
		struct dataplane_report report;
		struct dataplane_counters c;

		userspace_ops.tunnel_counters(pair.side[side].plane, 1, &c);
		userspace_ops.report(pair.side[side].plane, &report);
		print_message(
		    "%s{\"rx_packets\": %lu, \"rx_bytes\": %lu, \"tx_packets\": %lu, \"tx_bytes\": %lu, "
		    "\"rx_lost\": %ld, \"queue\": %lu, \"no_sa\": %lu, \"replay\": %lu, "
		    "\"authentication\": %lu, \"unknown_spi\": %lu, \"sas\": %lu}",
		    side == 0 ? "" : ", ", c.rx_packets, c.rx_bytes, c.tx_packets, c.tx_bytes,
		    (long)c.rx_lost, c.drops.queue, c.drops.no_sa, c.drops.replay, c.drops.authentication,
		    report.unknown_spi, report.sas);
	}
	print_message("]\n");
}

/* Another tunnel comes and goes with its SAs, and an SPI is given out and not used. */
static void
come_and_go(void)
{
	struct pair_sa third = tunnels[0];

	third.tunnel = 3;
	add_tunnel(&third, false);
	for (int side = 0; side < 2; side++) {
		struct dataplane *plane = pair.side[side].plane;
		uint32_t spi = userspace_ops.spi_allocate(plane);

		assert_true(spi != 0);
		userspace_ops.sa_remove(plane, spi, &pair.side[side].outside);
		userspace_ops.tunnel_remove(plane, third.tunnel);
	}
}

static void
disturb(void)
{
	const struct pair_sa *sa = &tunnels[0];

	for (int side = 0; side < 2; side++) {
		struct dataplane *plane = pair.side[side].plane;
		const struct dataplane_inside inside = {
		    .mtu = 1400, .fragments = side != 0, .address = {pair_inside(sa->tunnel, side)}};
		struct dataplane_report report;
		struct dataplane_path path;
		uint64_t bytes, packets, last;

		assert_true(pair_sa_update(&pair, side, side, sa));
		assert_true(pair_sa_update(&pair, side, !side, sa));
		assert_true(userspace_ops.sa_query(plane, pair_spi(sa, side), &pair.side[!side].outside,
						   &bytes, &packets, &last));
		userspace_ops.tunnel_inside(plane, sa->tunnel, &inside);
		userspace_ops.tunnel_path(plane, sa->tunnel, &path);
		userspace_ops.tunnel_silence(plane, tunnels[1].tunnel, true);
		userspace_ops.tunnel_silence(plane, tunnels[1].tunnel, false);
		userspace_ops.report(plane, &report);
	}
	come_and_go();
	print_message("{}\n");
}

static void
serve(void)
{
	char line[64];

	while (fgets(line, sizeof(line), stdin) != NULL) {
		if (strcmp(line, "rekey\n") == 0)
			rekey();
		else if (strcmp(line, "counters\n") == 0)
			counters();
		else if (strcmp(line, "disturb\n") == 0)
			disturb();
		else
			print_message("{\"error\": \"no such command\"}\n");
		fflush(stdout);
	}
}

int
main(int argc, char **argv)
{
	struct dataplane_report report;
	const struct suite *suite;
	bool raw = argc > 4 && strcmp(argv[4], "raw") == 0;
	unsigned idle = argc > 2 ? (unsigned)atoi(argv[2]) : 0;
	char why[600];
	long before;

	null_cipher = argc > 1 && strcmp(argv[1], "null") == 0;
	suite = argc > 1 ? suite_named(null_cipher ? "AES-GCM-16-256" : argv[1]) : NULL;
	if (suite == NULL) {
		fprintf(stderr, "usage: bench_pair SUITE [IDLE [WITHOUT [udp|raw [WORKERS]]]]\n");
		return 2;
	}
	pair.workers = argc > 5 ? (unsigned)atoi(argv[5]) : 1;
	pair.without = argc > 3 ? (unsigned)atoi(argv[3]) : 0;
	if (!pair_open(&pair, why, sizeof(why))) {
		fprintf(stderr, "%s\n", why);
		return 1;
	}
	for (unsigned i = 0; i < 2; i++) {
		tunnels[i] = (struct pair_sa){.tunnel = i + 1,
					      .encapsulated = !raw,
					      .encryption = suite->encryption,
					      .key_length = suite->key_length,
					      .integrity = suite->integrity,
					      .integrity_key_length = suite->integrity_key_length};
		add_tunnel(&tunnels[i], true);
	}
	before = resident();
	for (unsigned i = 0; i < idle; i++) {
		struct pair_sa one = tunnels[0];

		one.tunnel = i + 3;
		add_tunnel(&one, false);
	}
	userspace_ops.report(pair.side[0].plane, &report);
	print_message(
	    "{\"pid\": %d, \"namespaces\": [\"/proc/%d/fd/%d\", \"/proc/%d/fd/%d\"], \"report\": \"%s\", "
	    "\"resident_kb\": [%ld, %ld]}\n",
	    getpid(), getpid(), pair.side[0].namespace, getpid(), pair.side[1].namespace, report.text, before,
	    resident());
	fflush(stdout);
	serve();
	pair_close(&pair);
	return 0;
}
