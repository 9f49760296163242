// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Routing against a real kernel, in a network namespace of this process's own, with tunnels ts1, ts2 and ts3:
 * what the room does is looked at with ip(8), and by sending packets. Skipped where namespaces can't be made.
 */
#ifndef TWINSPAN_TESTS_UNIT_ROUTING_KERNEL_H
#define TWINSPAN_TESTS_UNIT_ROUTING_KERNEL_H

#include <jansson.h>
#include <net/if.h>

#include "core/base/clock.h"
#include "core/routing/routing.h"
#include "tests/unit/test.h"

/* How long anything is waited for. */
#define LIMIT (20 * USEC_PER_SEC)

/* Why no test of the program can run; NULL where they can. */
extern const char *skipped;
extern uv_loop_t loop;
extern struct routing *routing;
extern int tuns[3];
/* The last interface that was told to be lost; "": none. */
extern char lost[IFNAMSIZ];

int setup(void **state);
int teardown(void **state);
/** A namespace, or a reason why not. */
const char *enter_namespace(void);

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define SKIP_IF_NEEDED() \
	do { \
		if (skipped != NULL) { \
			print_message("# skipped: %s\n", skipped); \
			skip(); \
		} \
	} while (0)
/** As TEST_MAIN, in a namespace. */
#define KERNEL_TEST_MAIN(...) \
	int main(void) \
	{ \
		const struct CMUnitTest tests[] = {__VA_ARGS__}; \
		skipped = enter_namespace(); \
		cmocka_set_message_output(CM_OUTPUT_TAP); \
		return cmocka_run_group_tests(tests, NULL, NULL); \
	}

/** One turn of the loop, at most a few milliseconds. */
void turn(void);
/** Runs the loop until `condition` holds. */
#define UNTIL(condition) \
	do { \
		usec_t since = clock_monotonic(); \
		while (!(condition)) { \
			if (clock_monotonic() - since > LIMIT) \
				fail_msg("never became true: %s", #condition); \
			turn(); \
		} \
	} while (0)

/** Runs ip(8); fails the test where it fails. */
void ip(const char *format, ...) __attribute__((format(printf, 1, 2)));
/** What `ip -d -j ARGUMENTS` prints. Returns new. */
json_t *ip_json(const char *format, ...) __attribute__((format(printf, 1, 2)));
/** How many objects it prints. */
size_t ip_count(const char *format, ...) __attribute__((format(printf, 1, 2)));
struct ip_prefix prefix(const char *text);
struct ip_address address(const char *text);

/** Whether the room says that it stands in the kernel. */
bool installed(const char *text);
/** The device of the route that carries, "" where there is none. */
const char *device_of(const char *text);
/** The gateway of the route that carries, "" where there is none. */
const char *gateway_of(const char *text);
/** Whether an unreachable route stands below it. */
bool has_floor(const char *text);
/** Whether an event had this in it. */
bool had_event(const char *part);

/** A TUN device; -1 where it can't be made. */
int tun_open(const char *name);
/** The room, and its end. */
void open_with(struct routing_options options);
void close_room(void);
/** A connection with ts1 and ts2. */
void add_group(uint32_t group);
void offer(const char *text, enum routing_source source, uint32_t group, uint32_t members);
void offer_via(const char *text, enum routing_source source, const char *next_hop);
void withdraw(const char *text, enum routing_source source);

#endif
