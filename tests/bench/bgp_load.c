// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Load for any BGP speaker, by one process and one clock: sessions that announce prebuilt UPDATEs, and
 * sessions that watch what comes through.
 *
 *   bgp_load [--port 179] --source LOCAL,PEER,ASN [--source ...] --sink LOCAL,PEER,ASN -n PREFIXES
 *            [--share N] [--single] [--fail] [--withdraw] [--late]
 *   bgp_load [--port 179] --source LOCAL,PEER,ASN -n PREFIXES    only announces, and says when it began;
 *                                                                the session stays until it is ended
 *   bgp_load --many COUNT --each PREFIXES LOCAL,PEER,ASN     COUNT peers from LOCAL on, each with prefixes of
 * its own
 *
 * Prefixes are /24s from 16.0.0.0 on in a random order, about --share of them with one set of attributes
 * (--single: each in an UPDATE of its own, sets spread over the whole table). With a second source the paths
 * are three ASes longer; --fail closes the first one's session, and what moves is timed. --withdraw: the last
 * source takes all back. --late: the sink connects when all is there.
 *
 * Prints one JSON object; times are in seconds from the first UPDATE sent, or from the fault.
 */
#include "tests/bench/bgp_load.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct load load = {.random = BGP_ORDER_SEED, .share = 10};

void
load_fail(const char *what)
{
	fprintf(stderr, "bgp_load: %s\n", what);
	exit(2);
}

uint32_t
load_any(void)
{
	return bgp_order_any(&load.random);
}

static double
seconds(usec_t span)
{
	return (double)span / USEC_PER_SEC;
}

static usec_t
await(unsigned by, uint32_t wanted, usec_t *first)
{
	usec_t begun = clock_monotonic(), quiet_since = begun;
	uint32_t before = UINT32_MAX;

	for (;;) {
		uint32_t have = by == 3 ? load.at[1] + load.at[2] : load.at[by];

		if (have != before)
			quiet_since = clock_monotonic();
		before = have;
		if (first != NULL && *first == 0 && load.changed >= begun)
			*first = load.changed;
		if (have == wanted)
			return load.changed;
		if (clock_monotonic() - quiet_since > PATIENCE_S * USEC_PER_SEC)
			return 0;
		turn(50);
	}
}

static void
figure(const char *name, usec_t from, usec_t to)
{
	if (to != 0)
		printf(",\"%s\":%.4f", name, seconds(to - from));
	else
		printf(",\"%s\":null", name);
	fflush(stdout);
}

static void
make_order(uint32_t prefixes)
{
	load.prefixes = prefixes;
	load.via = memory_zeroed(prefixes, 1);
	load.order = bgp_order_make(prefixes);
	load.at[0] = prefixes;
}

/* --- one sink ---------------------------------------------------------------------------------- */

struct course {
	struct load_session *sources[2], *sink;
	bool fail, withdraw, late;
};

static void
through(const struct course *course)
{
	struct load_session *sink = course->sink;
	usec_t begun, first = 0, last;

	if (course->late)
		sink->retry_at = 0;
	establish(load.count - course->late);
	build_announcements(course->sources[0], 0);
	begun = clock_monotonic();
	if (course->late) {
		while (course->sources[0]->stream_sent < course->sources[0]->stream_length)
			turn(50);
		for (usec_t end = clock_monotonic() + 5 * USEC_PER_SEC; clock_monotonic() < end;)
			turn(50);
		begun = clock_monotonic();
		sink->retry_at = 1;
	}
	last = await(1, load.prefixes, &first);
	printf("{\"prefixes\":%u,\"groups\":%u", load.prefixes, load.groups);
	figure("first_s", begun, first);
	figure("last_s", begun, last);
	printf(",\"sink_updates\":%llu,\"sink_prefixes\":%llu", (unsigned long long)sink->updates,
	       (unsigned long long)sink->prefixes);
}

/* Nobody looks at what comes out: when it began, by the clock that all programs of the machine share. */
static void
announce_only(struct load_session *source)
{
	usec_t begun;

	establish(1);
	build_announcements(source, 0);
	begun = clock_monotonic();
	while (source->stream_sent < source->stream_length)
		turn(50);
	printf("{\"prefixes\":%u,\"begun\":%.6f", load.prefixes, seconds(begun));
	figure("sent_s", begun, clock_monotonic());
}

/* The second source has all of it too, by longer paths; then the first one's session ends. */
static void
fail_over(const struct course *course)
{
	struct load_session *second = course->sources[1];
	usec_t begun, first = 0, last;

	build_announcements(second, LONGER);
	while (second->stream_sent < second->stream_length)
		turn(50);
	for (usec_t end = clock_monotonic() + (3 + load.prefixes / 100000) * USEC_PER_SEC;
	     clock_monotonic() < end;)
		turn(50);
	begun = clock_monotonic();
	close(course->sources[0]->fd);
	course->sources[0]->fd = -1;
	course->sources[0]->state = CLOSED;
	course->sources[0]->retry_at = 0;
	last = await(2, load.prefixes, &first);
	figure("moved_first_s", begun, first);
	figure("moved_last_s", begun, last);
}

static void
withdraw(struct load_session *source)
{
	usec_t begun, last;

	build_withdrawals(source);
	begun = clock_monotonic();
	last = await(3, 0, NULL);
	figure("withdrawn_s", begun, last);
}

/* --- many peers -------------------------------------------------------------------------------- */

static void
many(unsigned count, uint32_t each, const char *first, uint16_t port)
{
	usec_t begun, quiet;
	uint64_t have, wanted = (uint64_t)count * (count - 1) * each, before = 0;

	make_order(count * each);
	for (uint32_t i = 0; i < count * each; i++)
		load.order[i] = i;
	for (unsigned i = 0; i < count; i++) {
		struct load_session *s = add_session(first, port);

		s->local.sin_addr.s_addr = htonl(ntohl(s->local.sin_addr.s_addr) + i);
		s->asn += i;
		s->has = memory_zeroed((size_t)count * each, 1);
		s->first = i * each;
		s->end = s->first + each;
	}
	establish(count);
	for (unsigned i = 0; i < count; i++) {
		load.groups = 0;
		for (uint32_t at = 0; at < each; at += 10)
			announce(&load.sessions[i], i * each + at, 0, i * each + at,
				 each - at < 10 ? each - at : 10);
	}
	quiet = begun = clock_monotonic();
	do {
		turn(50);
		have = 0;
		for (unsigned i = 0; i < count; i++)
			have += load.sessions[i].known;
		if (have != before)
			quiet = clock_monotonic();
		before = have;
	} while (have < wanted && clock_monotonic() - quiet < 60 * USEC_PER_SEC);
	printf("{\"peers\":%u,\"each\":%u,\"advertisements\":%llu,\"wanted\":%llu", count, each,
	       (unsigned long long)have, (unsigned long long)wanted);
	figure("last_s", begun, have == wanted ? load.changed : 0);
}

int
main(int argc, char **argv)
{
	static const struct option options[] = {
	    {"port", required_argument, NULL, 'p'}, {"source", required_argument, NULL, 's'},
	    {"sink", required_argument, NULL, 'k'}, {"share", required_argument, NULL, 'g'},
	    {"single", no_argument, NULL, '1'},     {"fail", no_argument, NULL, 'f'},
	    {"withdraw", no_argument, NULL, 'w'},   {"late", no_argument, NULL, 'l'},
	    {"many", required_argument, NULL, 'm'}, {"each", required_argument, NULL, 'e'},
	    {"stay", no_argument, NULL, 'y'},       {0}};
	struct course course = {0};
	const char *sources[2] = {NULL, NULL}, *sink = NULL;
	unsigned peers = 0, each = 0, given = 0;
	uint16_t port = 179;
	bool stay = false;
	int option;

	signal(SIGPIPE, SIG_IGN);
	load.sessions = memory_zeroed(SESSIONS + 1, sizeof(*load.sessions));
	while ((option = getopt_long(argc, argv, "n:", options, NULL)) != -1) {
		switch (option) {
		case 'p':
			port = (uint16_t)strtoul(optarg, NULL, 10);
			break;
		case 's':
			if (given == 2)
				load_fail("two sources at most");
			sources[given++] = optarg;
			break;
		case 'k':
			sink = optarg;
			break;
		case 'g':
			load.share = (uint32_t)strtoul(optarg, NULL, 10);
			break;
		case '1':
			load.single = true;
			break;
		case 'f':
			course.fail = true;
			break;
		case 'w':
			course.withdraw = true;
			break;
		case 'l':
			course.late = true;
			break;
		case 'm':
			peers = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case 'e':
			each = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case 'y':
			stay = true;
			break;
		case 'n':
			load.prefixes = (uint32_t)strtoul(optarg, NULL, 10);
			break;
		default:
			load_fail("see the head of tests/bench/bgp_load.c");
		}
	}
	if (peers != 0 && each != 0 && optind < argc) {
		many(peers, each, argv[optind], port);
	} else {
		if (given == 0 || load.prefixes == 0 || (course.fail && given < 2) ||
		    (sink == NULL && (given > 1 || course.withdraw || course.late)))
			load_fail("see the head of tests/bench/bgp_load.c");
		make_order(load.prefixes);
		for (unsigned i = 0; i < given; i++)
			course.sources[i] = add_session(sources[i], port);
		load.second = given == 2 ? course.sources[1]->asn : 0;
		if (sink != NULL) {
			course.sink = add_session(sink, port);
			course.sink->sink = true;
			through(&course);
		} else {
			announce_only(course.sources[0]);
			stay = true;
		}
		if (course.fail)
			fail_over(&course);
		if (course.withdraw)
			withdraw(course.sources[given - 1]);
	}
	printf("}\n");
	fflush(stdout);
	while (stay) /* until we are ended: the speaker's memory and tables can be looked at */
		turn(1000);
	return 0;
}
