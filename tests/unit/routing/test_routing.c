// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Routing against a real kernel, in a network namespace of this process's own: what the room does is looked
 * at with ip(8), and by sending packets. Skipped where namespaces can't be made.
 */
#include "tests/unit/test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/text.h"
#include "core/routing/routing.h"

#define LIMIT (20 * USEC_PER_SEC)

static const char *skipped;
static uv_loop_t loop;
static struct routing *routing;
static int tuns[3];
static char events[16][500];
static unsigned event_count;

static void
on_event(void *context, const char *severity, const char *kind, const char *subject, const char *text)
{
	snprintf(events[event_count++ % COUNT_OF(events)], sizeof(events[0]), "%s %s %s", kind, subject,
		 text);
}

static char lost[IFNAMSIZ];

static void
on_interface_lost(void *context, const char *interface)
{
	snprintf(lost, sizeof(lost), "%s", interface);
}

static bool
had_event(const char *part)
{
	for (unsigned i = 0; i < COUNT_OF(events); i++)
		if (strstr(events[i], part) != NULL)
			return true;
	return false;
}

static void
ip(const char *format, ...)
{
	char arguments[400], command[500];
	va_list args;

	va_start(args, format);
	vsnprintf(arguments, sizeof(arguments), format, args);
	va_end(args);
	snprintf(command, sizeof(command), "ip %s", arguments);
	if (system(command) != 0)
		fail_msg("%s failed", command);
}

/* What `ip -j ARGUMENTS` prints. */
static json_t *
ip_json(const char *format, ...)
{
	char arguments[400], command[500];
	va_list args;
	json_t *out;
	FILE *from;

	va_start(args, format);
	vsnprintf(arguments, sizeof(arguments), format, args);
	va_end(args);
	snprintf(command, sizeof(command), "ip -d -j %s", arguments);
	from = popen(command, "r");
	assert_non_null(from);
	out = json_loadf(from, 0, NULL);
	pclose(from);
	return out != NULL ? out : json_array();
}

static size_t
ip_count(const char *format, ...)
{
	char arguments[400];
	va_list args;
	json_t *out;
	size_t count = 0, i;
	json_t *row;

	va_start(args, format);
	vsnprintf(arguments, sizeof(arguments), format, args);
	va_end(args);
	out = ip_json("%s", arguments);
	json_array_foreach (out, i, row)
		count += json_object_size(row) > 0;
	json_decref(out);
	return count;
}

static struct ip_prefix
prefix(const char *text)
{
	struct ip_prefix out;

	assert_true(ip_prefix_parse(text, &out));
	return out;
}

static struct ip_address
address(const char *text)
{
	struct ip_address out;

	assert_true(ip_address_parse(text, &out));
	return out;
}

/* Runs the loop until `condition` holds. */
#define UNTIL(condition) \
	do { \
		usec_t since = clock_monotonic(); \
		while (!(condition)) { \
			if (clock_monotonic() - since > LIMIT) \
				fail_msg("never became true: %s", #condition); \
			turn(); \
		} \
	} while (0)

static void
woken(uv_timer_t *timer)
{
}

/* One turn of the loop, at most a few milliseconds. */
static void
turn(void)
{
	static uv_timer_t timer;

	uv_timer_init(&loop, &timer);
	uv_timer_start(&timer, woken, 3, 0);
	uv_run(&loop, UV_RUN_ONCE);
	uv_close((uv_handle_t *)&timer, NULL);
	uv_run(&loop, UV_RUN_NOWAIT);
}

static bool
installed(const char *text)
{
	struct ip_prefix wanted = prefix(text);
	struct routing_state state;

	return routing_lookup(routing, &wanted, &state) && state.installed;
}

/* The device of the route that carries, "" where there is none. */
static const char *
device_of(const char *text)
{
	static char out[32];
	json_t *rows = ip_json("%s route show exact %s metric %d", strchr(text, ':') ? "-6" : "-4", text,
			       ROUTING_METRIC);
	const char *device = json_string_value(json_object_get(json_array_get(rows, 0), "dev"));
	json_t *hops = json_object_get(json_array_get(rows, 0), "nexthops");
	const char *type = json_string_value(json_object_get(json_array_get(rows, 0), "type"));

	/* An IPv6 route over a nexthop group is shown as a multipath one. */
	if (device == NULL && json_array_size(hops) == 1)
		device = json_string_value(json_object_get(json_array_get(hops, 0), "dev"));
	if (type != NULL && strcmp(type, "blackhole") == 0)
		device = type;
	snprintf(out, sizeof(out), "%s", device != NULL ? device : "");
	json_decref(rows);
	return out;
}

static bool
has_floor(const char *text)
{
	return ip_count("%s route show exact %s metric %u type unreachable protocol %d",
			strchr(text, ':') ? "-6" : "-4", text, ROUTING_FLOOR_METRIC, ROUTING_PROTOCOL) == 1;
}

static int
tun_open(const char *name)
{
	struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);

	snprintf(request.ifr_name, IFNAMSIZ, "%s", name);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &request) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static void
open_with(struct routing_options options)
{
	struct error err = {0};

	memset(events, 0, sizeof(events));
	event_count = 0;
	options.event = on_event;
	options.interface_lost = on_interface_lost;
	lost[0] = '\0';
	routing = routing_open(&loop, &options, &err);
	if (routing == NULL)
		fail_msg("%s", err.text);
}

static void
add_group(uint32_t group)
{
	const char *const interfaces[] = {"ts1", "ts2"};
	struct error err = {0};

	if (!routing_group_add(routing, group, "aws", interfaces, 2, &err))
		fail_msg("%s", err.text);
}

/* Three tunnels ts1 ts2 ts3 and an underlay device up0 in a namespace of our own. */
static int
setup(void **state)
{
	if (skipped != NULL)
		return 0;
	for (unsigned i = 0; i < 3; i++) {
		char name[8];

		snprintf(name, sizeof(name), "ts%u", i + 1);
		tuns[i] = tun_open(name);
		assert_true(tuns[i] >= 0);
		ip("link set %s up", name);
	}
	uv_loop_init(&loop);
	open_with((struct routing_options){.install = true});
	return 0;
}

static void
close_room(void)
{
	routing_close(routing);
	routing = NULL;
	while (uv_run(&loop, UV_RUN_NOWAIT) != 0)
		;
}

static int
teardown(void **state)
{
	if (skipped != NULL)
		return 0;
	close_room();
	assert_int_equal(uv_loop_close(&loop), 0);
	for (unsigned i = 0; i < 3; i++)
		close(tuns[i]);
	assert_int_equal(
	    system(
		"ip route flush table main; ip -6 route flush table main; ip nexthop flush >/dev/null 2>&1"),
	    0);
	return 0;
}

#define SKIP_IF_NEEDED() \
	do { \
		if (skipped != NULL) { \
			print_message("# skipped: %s\n", skipped); \
			skip(); \
		} \
	} while (0)

static void
offer(const char *text, enum routing_source source, uint32_t group, uint32_t members)
{
	struct ip_prefix wanted = prefix(text);
	struct routing_candidate candidate = {.source = source, .group = group, .members = members};

	routing_offer(routing, &wanted, &candidate);
}

static void
offer_via(const char *text, enum routing_source source, const char *next_hop)
{
	struct ip_prefix wanted = prefix(text);
	struct routing_candidate candidate = {.source = source, .next_hop = address(next_hop)};

	routing_offer(routing, &wanted, &candidate);
}

static void
withdraw(const char *text, enum routing_source source)
{
	struct ip_prefix wanted = prefix(text);

	routing_withdraw(routing, &wanted, source);
}

/* --- the tests --- */

static void
installs_and_withdraws_both_families(void **state)
{
	SKIP_IF_NEEDED();
	add_group(1);
	routing_group_set(routing, 1, 1, 3);
	offer("10.50.0.0/16", ROUTING_BGP, 1, 3);
	offer("2001:db8:50::/48", ROUTING_BGP, 1, 3);
	UNTIL(installed("10.50.0.0/16") && installed("2001:db8:50::/48"));
	assert_string_equal(device_of("10.50.0.0/16"), "ts1");
	assert_string_equal(device_of("2001:db8:50::/48"), "ts1");
	assert_true(has_floor("10.50.0.0/16"));
	assert_true(has_floor("2001:db8:50::/48"));
	withdraw("10.50.0.0/16", ROUTING_BGP);
	withdraw("2001:db8:50::/48", ROUTING_BGP);
	UNTIL(routing_pending(routing) == 0);
	assert_int_equal(routing_count(routing), 0);
	assert_int_equal(ip_count("-4 route show protocol %d", ROUTING_PROTOCOL), 0);
	assert_int_equal(ip_count("-6 route show protocol %d", ROUTING_PROTOCOL), 0);
}

static void
packets_take_the_tunnel_that_carries(void **state)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(9)};
	struct ip_prefix inside = prefix("169.254.44.242/30"), inside6 = prefix("fd00::1/126");
	struct error err = {0};
	uint8_t packet[2000];
	int fd;

	SKIP_IF_NEEDED();
	assert_true(routing_interface_set(routing, "ts1", &inside, 1400, &err));
	assert_true(routing_interface_set(routing, "ts1", &inside6, 1400, &err));
	add_group(1);
	routing_group_set(routing, 1, 1, 3);
	offer("10.50.0.0/16", ROUTING_STATIC, 1, 3);
	UNTIL(installed("10.50.0.0/16"));
	inet_pton(AF_INET, "10.50.1.1", &to.sin_addr);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	while (read(tuns[0], packet, sizeof(packet)) > 0 || read(tuns[1], packet, sizeof(packet)) > 0)
		;
	assert_int_equal(sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof(to)), 1);
	assert_int_equal(read(tuns[0], packet, sizeof(packet)), 29);
	/* The move is done when the call returns. */
	routing_group_set(routing, 1, 2, 3);
	assert_int_equal(sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof(to)), 1);
	assert_int_equal(read(tuns[0], packet, sizeof(packet)), -1);
	assert_int_equal(read(tuns[1], packet, sizeof(packet)), 29);
	close(fd);
}

static void
a_prefix_known_on_one_tunnel_only_takes_that_one(void **state)
{
	SKIP_IF_NEEDED();
	add_group(1);
	routing_group_set(routing, 1, 1, 3);
	offer("10.51.0.0/16", ROUTING_BGP, 1, 2); /* only on the standby */
	UNTIL(installed("10.51.0.0/16"));
	assert_string_equal(device_of("10.51.0.0/16"), "ts2");
	routing_group_set(routing, 1, 1, 1); /* which may not be used now */
	UNTIL(routing_pending(routing) == 0);
	assert_false(installed("10.51.0.0/16"));
	assert_string_equal(device_of("10.51.0.0/16"), "");
	assert_true(has_floor("10.51.0.0/16"));
}

static void
without_a_usable_member_all_is_unreachable_and_comes_back(void **state)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(9)};
	struct ip_prefix wanted = prefix("10.50.0.0/16");
	struct routing_state now;
	int fd;

	SKIP_IF_NEEDED();
	inet_pton(AF_INET, "10.50.1.1", &to.sin_addr);
	add_group(1);
	offer("10.50.0.0/16", ROUTING_STATIC, 1, 3);
	UNTIL(routing_pending(routing) == 0);
	assert_true(has_floor("10.50.0.0/16")); /* before any tunnel is up */
	routing_group_set(routing, 1, 1, 3);
	UNTIL(installed("10.50.0.0/16"));
	routing_group_set(routing, 1, 0, 0);
	assert_string_equal(device_of("10.50.0.0/16"), "blackhole"); /* at once */
	UNTIL(routing_pending(routing) == 0);
	assert_string_equal(device_of("10.50.0.0/16"), "");
	assert_true(has_floor("10.50.0.0/16"));
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), -1);
	assert_int_equal(errno, EHOSTUNREACH);
	close(fd);
	assert_true(routing_lookup(routing, &wanted, &now));
	assert_false(now.installed);
	assert_non_null(strstr(now.reason, "no usable tunnel"));
	routing_group_set(routing, 1, 2, 2);
	UNTIL(installed("10.50.0.0/16"));
	assert_string_equal(device_of("10.50.0.0/16"), "ts2");
}

static void
protected_prefixes_have_a_floor_from_the_start(void **state)
{
	struct ip_prefix wanted = prefix("10.60.0.0/16");
	struct routing_state now;

	SKIP_IF_NEEDED();
	offer("10.60.0.0/16", ROUTING_PROTECT, 1, 3);
	routing_flush(routing);
	assert_true(has_floor("10.60.0.0/16"));
	assert_true(routing_lookup(routing, &wanted, &now));
	assert_int_equal(now.best, ROUTING_PROTECT);
	assert_true(now.installed);
	add_group(1);
	routing_group_set(routing, 1, 1, 1);
	offer("10.60.0.0/16", ROUTING_BGP, 1, 1);
	UNTIL(installed("10.60.0.0/16") && routing_pending(routing) == 0);
	assert_string_equal(device_of("10.60.0.0/16"), "ts1");
	withdraw("10.60.0.0/16", ROUTING_BGP);
	UNTIL(routing_pending(routing) == 0);
	assert_string_equal(device_of("10.60.0.0/16"), "");
	assert_true(has_floor("10.60.0.0/16"));
}

static void
static_goes_before_bgp_unless_it_cannot_carry(void **state)
{
	const char *const interfaces[] = {"ts3"};
	struct ip_prefix wanted = prefix("10.70.0.0/16");
	struct routing_state now;

	SKIP_IF_NEEDED();
	add_group(1);
	assert_true(routing_group_add(routing, 2, "plant", interfaces, 1, NULL));
	routing_group_set(routing, 1, 1, 1);
	routing_group_set(routing, 2, 1, 1);
	offer("10.70.0.0/16", ROUTING_BGP, 1, 1);
	UNTIL(installed("10.70.0.0/16"));
	assert_string_equal(device_of("10.70.0.0/16"), "ts1");
	offer("10.70.0.0/16", ROUTING_STATIC, 2, 1);
	UNTIL(routing_pending(routing) == 0);
	assert_string_equal(device_of("10.70.0.0/16"), "ts3");
	routing_group_set(routing, 2, 0, 0);
	UNTIL(routing_pending(routing) == 0);
	assert_string_equal(device_of("10.70.0.0/16"), "ts1");
	offer("10.70.0.0/16", ROUTING_CONNECTED, 0, 0);
	UNTIL(routing_pending(routing) == 0);
	assert_true(routing_lookup(routing, &wanted, &now));
	assert_int_equal(now.best, ROUTING_CONNECTED);
	assert_int_equal(ip_count("-4 route show protocol %d", ROUTING_PROTOCOL), 0);
}

static void
both_members_active_share_the_flows(void **state)
{
	json_t *rows;

	SKIP_IF_NEEDED();
	add_group(1);
	routing_group_set(routing, 1, 3, 3);
	offer("10.50.0.0/16", ROUTING_BGP, 1, 3);
	offer("2001:db8:50::/48", ROUTING_BGP, 1, 3);
	UNTIL(installed("10.50.0.0/16") && installed("2001:db8:50::/48"));
	rows = ip_json("-4 route show exact 10.50.0.0/16 metric %d", ROUTING_METRIC);
	assert_int_equal(json_array_size(json_object_get(json_array_get(rows, 0), "nexthops")), 2);
	json_decref(rows);
	rows = ip_json("-6 route show exact 2001:db8:50::/48 metric %d", ROUTING_METRIC);
	assert_int_equal(json_array_size(json_object_get(json_array_get(rows, 0), "nexthops")), 2);
	json_decref(rows);
	routing_group_set(routing, 1, 2, 2);
	assert_string_equal(device_of("10.50.0.0/16"), "ts2");
	assert_string_equal(device_of("2001:db8:50::/48"), "ts2");
}

static void
a_gateway_route_is_an_ordinary_one(void **state)
{
	json_t *rows;

	SKIP_IF_NEEDED();
	ip("addr add 192.0.2.1/24 dev ts3");
	ip("addr add 2001:db8:1::1/64 dev ts3 nodad");
	offer_via("10.80.0.0/16", ROUTING_BGP, "192.0.2.9");
	offer_via("2001:db8:80::/48", ROUTING_BGP, "2001:db8:1::9");
	offer_via("10.81.0.0/16", ROUTING_BGP, "2001:db8:1::9");
	UNTIL(installed("10.80.0.0/16") && installed("2001:db8:80::/48") && installed("10.81.0.0/16"));
	rows = ip_json("-4 route show exact 10.80.0.0/16");
	assert_string_equal(json_string_value(json_object_get(json_array_get(rows, 0), "gateway")),
			    "192.0.2.9");
	assert_int_equal(json_array_size(rows), 1); /* without a floor: it rides no tunnel */
	json_decref(rows);
	offer_via("10.80.0.0/16", ROUTING_BGP, "192.0.2.10");
	UNTIL(routing_pending(routing) == 0);
	rows = ip_json("-4 route show exact 10.80.0.0/16");
	assert_string_equal(json_string_value(json_object_get(json_array_get(rows, 0), "gateway")),
			    "192.0.2.10");
	assert_int_equal(json_array_size(rows), 1);
	json_decref(rows);
}

static void
what_the_kernel_refuses_is_told_and_tried_again(void **state)
{
	SKIP_IF_NEEDED();
	offer_via("10.80.0.0/16", ROUTING_BGP, "192.0.2.9");
	UNTIL(routing_pending(routing) == 0);
	assert_false(installed("10.80.0.0/16"));
	assert_true(had_event("route.failed 10.80.0.0/16"));
	ip("addr add 192.0.2.1/24 dev ts3");
	UNTIL(installed("10.80.0.0/16"));
}

static void
a_route_that_somebody_removes_comes_back(void **state)
{
	SKIP_IF_NEEDED();
	add_group(1);
	routing_group_set(routing, 1, 1, 3);
	offer("10.50.0.0/16", ROUTING_BGP, 1, 3);
	offer("2001:db8:50::/48", ROUTING_BGP, 1, 3);
	UNTIL(installed("10.50.0.0/16") && installed("2001:db8:50::/48") && routing_pending(routing) == 0);
	ip("route del 10.50.0.0/16 metric %d", ROUTING_METRIC);
	ip("-6 route del 2001:db8:50::/48 metric %d", ROUTING_METRIC);
	ip("route del unreachable 10.50.0.0/16 metric %u", ROUTING_FLOOR_METRIC);
	UNTIL(strcmp(device_of("10.50.0.0/16"), "ts1") == 0);
	UNTIL(strcmp(device_of("2001:db8:50::/48"), "ts1") == 0);
	UNTIL(has_floor("10.50.0.0/16"));
	assert_true(had_event("route.restored 10.50.0.0/16"));
}

static void
nexthop_objects_that_somebody_removes_come_back(void **state)
{
	SKIP_IF_NEEDED();
	add_group(1);
	routing_group_set(routing, 1, 1, 3);
	offer("10.50.0.0/16", ROUTING_BGP, 1, 3);
	UNTIL(installed("10.50.0.0/16") && routing_pending(routing) == 0);
	ip("nexthop flush protocol %d >/dev/null", ROUTING_PROTOCOL);
	assert_string_equal(device_of("10.50.0.0/16"), "");
	assert_true(has_floor("10.50.0.0/16")); /* meanwhile nothing leaves in the clear */
	UNTIL(strcmp(device_of("10.50.0.0/16"), "ts1") == 0);
	UNTIL(installed("10.50.0.0/16"));
	routing_group_set(routing, 1, 2, 3);
	assert_string_equal(device_of("10.50.0.0/16"), "ts2");
	routing_group_set(routing, 1, 0, 0);
	UNTIL(strcmp(device_of("10.50.0.0/16"), "") == 0);
}

static void
an_interface_that_goes_down_and_up_gets_its_routes_back(void **state)
{
	SKIP_IF_NEEDED();
	add_group(1);
	routing_group_set(routing, 1, 1, 1);
	offer("10.50.0.0/16", ROUTING_BGP, 1, 3);
	offer("10.51.0.0/16", ROUTING_BGP, 1, 2);
	UNTIL(installed("10.50.0.0/16") && routing_pending(routing) == 0);
	ip("link set ts1 down");
	assert_true(has_floor("10.50.0.0/16"));
	assert_string_equal(device_of("10.50.0.0/16"), "");
	UNTIL(!installed("10.50.0.0/16"));
	ip("link set ts1 up");
	UNTIL(installed("10.50.0.0/16"));
	assert_string_equal(device_of("10.50.0.0/16"), "ts1");
	/* Where the other may stand in, it does. */
	routing_group_set(routing, 1, 1, 3);
	ip("link set ts1 down");
	UNTIL(strcmp(device_of("10.50.0.0/16"), "ts2") == 0);
	UNTIL(installed("10.50.0.0/16"));
}

static void
an_interface_set_down_or_robbed_of_its_address_is_mended(void **state)
{
	struct ip_prefix inside = prefix("169.254.44.242/30"), inside6 = prefix("fd00:44::2/126");

	SKIP_IF_NEEDED();
	assert_true(routing_interface_set(routing, "ts1", &inside, 1400, NULL));
	assert_true(routing_interface_set(routing, "ts1", &inside6, 1400, NULL));
	add_group(1);
	routing_group_set(routing, 1, 1, 1);
	offer("10.50.0.0/16", ROUTING_BGP, 1, 3);
	offer("2001:db8:50::/48", ROUTING_BGP, 1, 3);
	UNTIL(installed("10.50.0.0/16") && installed("2001:db8:50::/48") && routing_pending(routing) == 0);
	ip("link set ts1 down");
	UNTIL(had_event("interface.restored ts1 somebody set ts1 down"));
	UNTIL(strcmp(device_of("10.50.0.0/16"), "ts1") == 0 &&
	      strcmp(device_of("2001:db8:50::/48"), "ts1") == 0);
	/* The kernel takes IPv6 addresses away with the link. */
	UNTIL(ip_count("-6 addr show dev ts1 to fd00:44::2") == 1);
	UNTIL(installed("10.50.0.0/16") && installed("2001:db8:50::/48") && routing_pending(routing) == 0);
	ip("addr del 169.254.44.242/30 dev ts1");
	UNTIL(had_event("interface.restored ts1 ts1 had lost its inside address 169.254.44.242/30"));
	assert_int_equal(ip_count("addr show dev ts1 to 169.254.44.242"), 1);
	UNTIL(strcmp(device_of("10.50.0.0/16"), "ts1") == 0);
	assert_string_equal(lost, "");
}

static void
a_removed_interface_is_told_and_its_successor_gets_address_and_routes(void **state)
{
	struct ip_prefix inside = prefix("169.254.44.242/30");

	SKIP_IF_NEEDED();
	assert_true(routing_interface_set(routing, "ts1", &inside, 1400, NULL));
	add_group(1);
	routing_group_set(routing, 1, 1, 1);
	offer("10.50.0.0/16", ROUTING_BGP, 1, 3);
	UNTIL(installed("10.50.0.0/16") && routing_pending(routing) == 0);
	ip("link del ts1");
	UNTIL(strcmp(lost, "ts1") == 0);
	assert_true(has_floor("10.50.0.0/16"));
	close(tuns[0]);
	tuns[0] = tun_open("ts1");
	assert_true(tuns[0] >= 0);
	assert_true(routing_interface_set(routing, "ts1", &inside, 1400, NULL));
	UNTIL(strcmp(device_of("10.50.0.0/16"), "ts1") == 0);
	UNTIL(installed("10.50.0.0/16"));
	assert_int_equal(ip_count("addr show dev ts1 to 169.254.44.242"), 1);
	lost[0] = '\0';
	ip("link del ts1"); /* the successor is watched like the first */
	UNTIL(strcmp(lost, "ts1") == 0);
}

static void
routes_of_others_are_never_touched(void **state)
{
	SKIP_IF_NEEDED();
	ip("route add 10.90.0.0/16 dev ts3 metric %d protocol 99", ROUTING_METRIC);
	ip("route add 10.91.0.0/16 dev ts3 protocol static");
	ip("nexthop add id 7 dev ts3 protocol 99");
	add_group(1);
	routing_group_set(routing, 1, 1, 3);
	offer("10.90.0.0/16", ROUTING_BGP, 1, 3);
	offer("10.91.0.0/16", ROUTING_BGP, 1, 3);
	UNTIL(installed("10.91.0.0/16") && routing_pending(routing) == 0);
	assert_false(installed("10.90.0.0/16"));
	assert_true(had_event("route.conflict 10.90.0.0/16"));
	assert_int_equal(ip_count("route show protocol 99"), 1);
	withdraw("10.91.0.0/16", ROUTING_BGP);
	UNTIL(routing_pending(routing) == 0);
	assert_int_equal(ip_count("route show exact 10.91.0.0/16 protocol static"), 1);
	/* When it goes, ours takes its place. */
	ip("route del 10.90.0.0/16 metric %d protocol 99", ROUTING_METRIC);
	UNTIL(installed("10.90.0.0/16"));
	close_room();
	assert_int_equal(ip_count("nexthop show id 7"), 1);
	assert_int_equal(ip_count("route show exact 10.91.0.0/16 protocol static"), 1);
	open_with((struct routing_options){.install = true});
}

static void
routes_under_our_number_that_are_not_ours_are_removed(void **state)
{
	SKIP_IF_NEEDED();
	ip("route add 10.92.0.0/16 dev ts3 metric 7 protocol %d", ROUTING_PROTOCOL);
	UNTIL(ip_count("route show protocol %d", ROUTING_PROTOCOL) == 0);
	UNTIL(had_event("route.removed 10.92.0.0/16"));
}

static void
nothing_is_left_after_close(void **state)
{
	struct ip_prefix inside = prefix("169.254.44.242/30"), other = prefix("169.254.44.250/30");

	SKIP_IF_NEEDED();
	assert_true(routing_interface_set(routing, "ts1", &inside, 1400, NULL));
	assert_int_equal(ip_count("addr show dev ts1 to 169.254.44.242"), 1);
	assert_true(routing_interface_set(routing, "ts1", &other, 1400, NULL));
	assert_int_equal(ip_count("addr show dev ts1 to 169.254.44.242"), 0);
	add_group(1);
	routing_group_set(routing, 1, 1, 3);
	offer("10.50.0.0/16", ROUTING_BGP, 1, 3);
	offer("2001:db8:50::/48", ROUTING_STATIC, 1, 3);
	offer("10.60.0.0/16", ROUTING_PROTECT, 1, 3);
	UNTIL(installed("10.50.0.0/16") && installed("2001:db8:50::/48"));
	close_room();
	assert_int_equal(ip_count("-4 route show protocol %d", ROUTING_PROTOCOL), 0);
	assert_int_equal(ip_count("-6 route show protocol %d", ROUTING_PROTOCOL), 0);
	assert_int_equal(ip_count("nexthop show protocol %d", ROUTING_PROTOCOL), 0);
	assert_int_equal(ip_count("addr show dev ts1 to 169.254.0.0/16"), 0);
	open_with((struct routing_options){.install = true});
}

/* A child in the same namespace installs routes and dies without a chance to clean up. */
static void
killed_run(void)
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0) {
		uv_loop_t own;

		uv_loop_init(&own);
		routing = routing_open(&own, &(struct routing_options){.install = true}, NULL);
		add_group(1);
		routing_group_set(routing, 1, 1, 3);
		offer("10.50.0.0/16", ROUTING_BGP, 1, 3);
		offer("10.60.0.0/16", ROUTING_PROTECT, 1, 3);
		routing_flush(routing);
		kill(getpid(), SIGKILL);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
}

static void
leftovers_of_a_killed_run_are_cleared(void **state)
{
	SKIP_IF_NEEDED();
	close_room();
	killed_run();
	assert_string_equal(device_of("10.50.0.0/16"), "ts1");
	open_with((struct routing_options){.install = true});
	assert_int_equal(ip_count("-4 route show protocol %d", ROUTING_PROTOCOL), 0);
	assert_true(had_event("route.leftovers"));
}

static void
floors_of_a_killed_run_stay_until_claimed_or_timed_out(void **state)
{
	SKIP_IF_NEEDED();
	close_room();
	killed_run();
	open_with((struct routing_options){.install = true, .leftover_hold_ms = 300});
	assert_string_equal(device_of("10.50.0.0/16"), "");
	assert_true(has_floor("10.50.0.0/16"));
	assert_true(has_floor("10.60.0.0/16"));
	assert_int_equal(routing_count(routing), 0);
	offer("10.60.0.0/16", ROUTING_PROTECT, 1, 3);
	UNTIL(!has_floor("10.50.0.0/16"));
	assert_true(has_floor("10.60.0.0/16"));
	assert_true(installed("10.60.0.0/16"));
}

static void
an_outside_address_is_never_routed_into_a_tunnel(void **state)
{
	struct ip_address outside = address("203.0.113.17");
	json_t *rows;

	SKIP_IF_NEEDED();
	ip("addr add 192.0.2.1/24 dev ts3");
	ip("route add default via 192.0.2.254 metric 100");
	add_group(1);
	routing_group_set(routing, 1, 1, 3);
	routing_guard_add(routing, &outside);
	offer("203.0.113.0/24", ROUTING_BGP, 1, 3);
	routing_flush(routing);
	rows = ip_json("route get 203.0.113.17");
	assert_string_equal(json_string_value(json_object_get(json_array_get(rows, 0), "dev")), "ts3");
	assert_string_equal(json_string_value(json_object_get(json_array_get(rows, 0), "gateway")),
			    "192.0.2.254");
	json_decref(rows);
	rows = ip_json("route get 203.0.113.18");
	assert_string_equal(json_string_value(json_object_get(json_array_get(rows, 0), "dev")), "ts1");
	json_decref(rows);
	assert_true(had_event("guard.pinned 203.0.113.17"));
	/* It follows the underlay. */
	ip("route replace default via 192.0.2.253 metric 100");
	UNTIL(ip_count("route show exact 203.0.113.17/32 via 192.0.2.253") == 1);
	ip("route del 203.0.113.17/32 metric %d", ROUTING_GUARD_METRIC);
	UNTIL(ip_count("route show exact 203.0.113.17/32 via 192.0.2.253") == 1);
	ip("route del default");
	UNTIL(ip_count("route show exact 203.0.113.17/32 type unreachable metric %d", ROUTING_GUARD_METRIC) ==
	      1);
	ip("route add default via 192.0.2.254 metric 100");
	UNTIL(ip_count("route show exact 203.0.113.17/32 via 192.0.2.254") == 1);
	withdraw("203.0.113.0/24", ROUTING_BGP);
	UNTIL(ip_count("route show protocol %d", ROUTING_PROTOCOL) == 0);
}

static void
a_guard_added_after_the_covering_route_finds_the_underlay(void **state)
{
	struct ip_address outside = address("203.0.113.17");

	SKIP_IF_NEEDED();
	ip("addr add 192.0.2.1/24 dev ts3");
	ip("route add default via 192.0.2.254 metric 100");
	add_group(1);
	routing_group_set(routing, 1, 1, 3);
	offer("0.0.0.0/0", ROUTING_BGP, 1, 3);
	UNTIL(installed("0.0.0.0/0"));
	routing_guard_add(routing, &outside);
	UNTIL(ip_count("route show exact 203.0.113.17/32 via 192.0.2.254") == 1);
	routing_guard_remove(routing, &outside);
	assert_int_equal(ip_count("route show exact 203.0.113.17/32"), 0);
}

static void
without_nexthop_objects_each_route_is_rewritten(void **state)
{
	SKIP_IF_NEEDED();
	close_room();
	open_with((struct routing_options){.install = true, .plain_routes = true});
	add_group(1);
	routing_group_set(routing, 1, 1, 3);
	offer("10.50.0.0/16", ROUTING_BGP, 1, 3);
	offer("2001:db8:50::/48", ROUTING_BGP, 1, 3);
	UNTIL(installed("10.50.0.0/16") && installed("2001:db8:50::/48"));
	assert_int_equal(ip_count("nexthop show protocol %d", ROUTING_PROTOCOL), 0);
	routing_group_set(routing, 1, 2, 3);
	UNTIL(routing_pending(routing) == 0);
	assert_string_equal(device_of("10.50.0.0/16"), "ts2");
	assert_string_equal(device_of("2001:db8:50::/48"), "ts2");
	routing_group_set(routing, 1, 3, 3);
	UNTIL(routing_pending(routing) == 0);
	assert_int_equal(ip_count("nexthop show protocol %d", ROUTING_PROTOCOL), 0);
	routing_group_set(routing, 1, 0, 0);
	UNTIL(routing_pending(routing) == 0);
	assert_string_equal(device_of("10.50.0.0/16"), "");
	assert_true(has_floor("10.50.0.0/16"));
	routing_group_set(routing, 1, 1, 3);
	UNTIL(installed("10.50.0.0/16"));
	ip("link set ts1 down");
	UNTIL(strcmp(device_of("10.50.0.0/16"), "ts2") == 0);
}

static void
a_removed_group_holds_its_prefixes_until_they_are_withdrawn(void **state)
{
	SKIP_IF_NEEDED();
	add_group(1);
	routing_group_set(routing, 1, 1, 3);
	offer("10.50.0.0/16", ROUTING_STATIC, 1, 3);
	UNTIL(installed("10.50.0.0/16"));
	routing_group_remove(routing, 1);
	UNTIL(routing_pending(routing) == 0);
	assert_false(installed("10.50.0.0/16"));
	assert_true(has_floor("10.50.0.0/16"));
	assert_string_equal(device_of("10.50.0.0/16"), "");
	add_group(1);
	routing_group_set(routing, 1, 2, 2);
	UNTIL(installed("10.50.0.0/16"));
	assert_string_equal(device_of("10.50.0.0/16"), "ts2");
}

static bool
count_visit(void *context, const struct ip_prefix *visited, const struct routing_state *now)
{
	(*(unsigned *)context)++;
	return true;
}

static void
a_route_server_leaves_the_kernel_alone(void **state)
{
	struct ip_address inside = address("10.50.1.1");
	struct ip_prefix found, after = prefix("10.50.0.0/16");
	struct routing_state now;
	unsigned count = 0;

	SKIP_IF_NEEDED();
	close_room();
	open_with((struct routing_options){.install = false});
	offer_via("10.50.0.0/16", ROUTING_BGP, "192.0.2.9");
	offer_via("10.50.1.0/24", ROUTING_BGP, "192.0.2.9");
	offer_via("2001:db8::/32", ROUTING_BGP, "2001:db8::1");
	routing_flush(routing);
	assert_int_equal(ip_count("route show protocol %d", ROUTING_PROTOCOL), 0);
	assert_true(routing_match(routing, &inside, &found, &now));
	assert_int_equal(found.length, 24);
	assert_false(now.installed);
	routing_walk(routing, &after, count_visit, &count);
	assert_int_equal(count, 2);
	assert_int_equal(routing_count(routing), 3);
}

static size_t
kernel_routes(const char *device)
{
	char command[120];
	unsigned count = 0;
	FILE *from;

	snprintf(command, sizeof(command), "ip route show dev %s metric %d | wc -l", device, ROUTING_METRIC);
	from = popen(command, "r");
	assert_int_equal(fscanf(from, "%u", &count), 1);
	pclose(from);
	return count;
}

static double
move_ms(uint32_t active)
{
	usec_t from = clock_monotonic();

	routing_group_set(routing, 1, active, 3);
	return (double)(clock_monotonic() - from) / USEC_PER_MS;
}

#define MOVES 21

static int
compare_ms(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* Median of an odd number of moves; the last one is to member 2. */
static double
median_move_ms(double *worst)
{
	double took[MOVES];

	for (unsigned i = 0; i < MOVES; i++)
		took[i] = move_ms(i % 2 == 0 ? 2 : 1);
	qsort(took, MOVES, sizeof(took[0]), compare_ms);
	if (worst != NULL)
		*worst = took[MOVES - 1];
	return took[MOVES / 2];
}

static void
a_hundred_thousand_prefixes_move_as_fast_as_ten(void **state)
{
	const unsigned many = 100000;
	struct routing_candidate candidate = {.source = ROUTING_BGP, .group = 1, .members = 3};
	usec_t from;
	double few_ms, many_ms, worst_ms, slice, worst = 0;

	SKIP_IF_NEEDED();
	add_group(1);
	routing_group_set(routing, 1, 1, 3);
	for (unsigned i = 0; i < 10; i++) {
		struct ip_prefix at = {ip_address_v4(0x0b000000u + (i << 8)), 24};

		routing_offer(routing, &at, &candidate);
	}
	routing_flush(routing);
	few_ms = median_move_ms(NULL);
	move_ms(1);
	from = clock_monotonic();
	for (unsigned i = 0; i < many; i++) {
		struct ip_prefix at = {ip_address_v4(0x0b000000u + (i << 8)), 24};

		routing_offer(routing, &at, &candidate);
	}
	while (routing_pending(routing) > 0) {
		usec_t before = clock_monotonic();

		uv_run(&loop, UV_RUN_NOWAIT);
		slice = (double)(clock_monotonic() - before) / USEC_PER_MS;
		worst = slice > worst ? slice : worst;
	}
	print_message(
	    "# %u prefixes (and as many floors) installed in %.0f ms, longest turn of the loop %.1f ms\n",
	    many, (double)(clock_monotonic() - from) / USEC_PER_MS, worst);
	assert_int_equal(kernel_routes("ts1"), many);
	many_ms = median_move_ms(&worst_ms);
	print_message(
	    "# a move takes %.3f ms with 10 prefixes, %.3f ms with %u (median of %d; worst %.3f ms)\n",
	    few_ms, many_ms, many, MOVES, worst_ms);
	assert_int_equal(kernel_routes("ts2"), many);
	/* Both are one message; routes one by one would take hundreds of milliseconds. */
	assert_true(many_ms < 50);
	from = clock_monotonic();
	print_message("# to blackhole in %.3f ms\n", move_ms(0));
	routing_group_set(routing, 1, 0, 0);
	UNTIL(routing_pending(routing) == 0);
	print_message("# all unreachable after %.0f ms\n", (double)(clock_monotonic() - from) / USEC_PER_MS);
	assert_int_equal(kernel_routes("ts2"), 0);
	from = clock_monotonic();
	routing_group_set(routing, 1, 1, 3);
	routing_flush(routing);
	print_message("# all back after %.0f ms\n", (double)(clock_monotonic() - from) / USEC_PER_MS);
	assert_int_equal(kernel_routes("ts1"), many);
	from = clock_monotonic();
	close_room();
	print_message("# removed at close in %.0f ms\n", (double)(clock_monotonic() - from) / USEC_PER_MS);
	assert_int_equal(kernel_routes("ts1"), 0);
	open_with((struct routing_options){.install = true});
}

/* Two connections, ts1 with ts2 and ts3 alone; each prefix is known of both. */
static void
a_backup_connection_takes_all_over_at_once(void **state)
{
	const unsigned many = 100000;
	const char *const third[] = {"ts3"};
	struct routing_candidate candidate = {
	    .source = ROUTING_BGP, .group = 1, .members = 3, .backup_group = 2, .backup_members = 1};
	struct routing_state now;
	struct ip_prefix at = {.length = 24};
	struct error err = {0};
	usec_t from;

	SKIP_IF_NEEDED();
	add_group(1);
	assert_true(routing_group_add(routing, 2, "second", third, 1, &err));
	routing_group_set(routing, 1, 1, 3);
	routing_group_set(routing, 2, 1, 1);
	for (unsigned i = 0; i < many; i++) {
		at.address = ip_address_v4(0x0b000000u + (i << 8));
		routing_offer(routing, &at, &candidate);
	}
	routing_flush(routing);
	assert_int_equal(kernel_routes("ts1"), many);
	/* Its last member goes: no route is written, and all are elsewhere when the call returns. */
	from = clock_monotonic();
	routing_group_set(routing, 1, 0, 0);
	print_message("# %u prefixes were with the backup after %.3f ms\n", many,
		      (double)(clock_monotonic() - from) / USEC_PER_MS);
	assert_int_equal(kernel_routes("ts3"), many);
	assert_true(routing_lookup(routing, &at, &now));
	assert_true(now.installed);
	assert_string_equal(now.reason, "learned by BGP, through ts3");
	UNTIL(routing_pending(routing) == 0);
	assert_int_equal(kernel_routes("ts3"), many);
	/* A member that is back goes first. */
	routing_group_set(routing, 1, 2, 2);
	assert_int_equal(kernel_routes("ts2"), many);
	/* Neither: unreachable. */
	routing_group_set(routing, 1, 0, 0);
	routing_group_set(routing, 2, 0, 0);
	UNTIL(routing_pending(routing) == 0);
	assert_int_equal(kernel_routes("ts3"), 0);
	assert_true(routing_lookup(routing, &at, &now));
	assert_false(now.installed);
	/* A backup that is removed leaves them where they are. */
	routing_group_set(routing, 1, 1, 1);
	routing_group_set(routing, 2, 1, 1);
	routing_flush(routing);
	routing_group_remove(routing, 2);
	assert_int_equal(kernel_routes("ts1"), many);
	UNTIL(routing_pending(routing) == 0);
	assert_int_equal(kernel_routes("ts1"), many);
	routing_group_set(routing, 1, 0, 0);
	UNTIL(routing_pending(routing) == 0);
	assert_int_equal(kernel_routes("ts1") + kernel_routes("ts3"), 0);
}

static void
without_nexthop_objects_a_backup_takes_over_too(void **state)
{
	const char *const third[] = {"ts3"};
	struct routing_candidate candidate = {
	    .source = ROUTING_BGP, .group = 1, .members = 3, .backup_group = 2, .backup_members = 1};
	struct ip_prefix at = prefix("11.0.0.0/24");
	struct error err = {0};

	SKIP_IF_NEEDED();
	close_room();
	open_with((struct routing_options){.install = true, .plain_routes = true});
	add_group(1);
	assert_true(routing_group_add(routing, 2, "second", third, 1, &err));
	routing_group_set(routing, 1, 1, 3);
	routing_group_set(routing, 2, 1, 1);
	routing_offer(routing, &at, &candidate);
	routing_flush(routing);
	assert_int_equal(kernel_routes("ts1"), 1);
	routing_group_set(routing, 1, 0, 0);
	routing_flush(routing);
	assert_int_equal(kernel_routes("ts3"), 1);
}

static void
a_table_being_loaded_can_be_moved_and_closed(void **state)
{
	const unsigned many = 30000;
	struct routing_candidate candidate = {.source = ROUTING_BGP, .group = 1, .members = 3};

	SKIP_IF_NEEDED();
	add_group(1);
	routing_group_set(routing, 1, 1, 3);
	for (unsigned i = 0; i < many; i++) {
		struct ip_prefix at = {ip_address_v4(0x0b000000u + (i << 8)), 24};

		routing_offer(routing, &at, &candidate);
	}
	turn();
	assert_true(routing_pending(routing) > 0);
	routing_group_set(routing, 1, 2, 3);
	assert_int_equal(kernel_routes("ts1"), 0);
	UNTIL(routing_pending(routing) == 0);
	assert_int_equal(kernel_routes("ts2"), many);
	for (unsigned i = 0; i < many; i++) {
		struct ip_prefix at = {ip_address_v4(0x0b000000u + (i << 8)), 24};

		routing_withdraw(routing, &at, ROUTING_BGP);
	}
	turn();
	close_room(); /* in the middle of it */
	assert_int_equal(ip_count("-4 route show protocol %d", ROUTING_PROTOCOL), 0);
	open_with((struct routing_options){.install = true});
}

/* A namespace, or a reason why not. */
static const char *
enter_namespace(void)
{
	if (geteuid() != 0)
		return "needs root";
	if (unshare(CLONE_NEWNET) < 0)
		return "can't make a network namespace";
	if (access("/dev/net/tun", R_OK | W_OK) < 0)
		return "no /dev/net/tun";
	if (system("ip link set lo up") != 0)
		return "no ip(8)";
	return NULL;
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(installs_and_withdraws_both_families),
	    CASE(packets_take_the_tunnel_that_carries),
	    CASE(a_prefix_known_on_one_tunnel_only_takes_that_one),
	    CASE(without_a_usable_member_all_is_unreachable_and_comes_back),
	    CASE(protected_prefixes_have_a_floor_from_the_start),
	    CASE(static_goes_before_bgp_unless_it_cannot_carry),
	    CASE(both_members_active_share_the_flows),
	    CASE(a_gateway_route_is_an_ordinary_one),
	    CASE(what_the_kernel_refuses_is_told_and_tried_again),
	    CASE(a_route_that_somebody_removes_comes_back),
	    CASE(nexthop_objects_that_somebody_removes_come_back),
	    CASE(an_interface_that_goes_down_and_up_gets_its_routes_back),
	    CASE(an_interface_set_down_or_robbed_of_its_address_is_mended),
	    CASE(a_removed_interface_is_told_and_its_successor_gets_address_and_routes),
	    CASE(routes_of_others_are_never_touched),
	    CASE(routes_under_our_number_that_are_not_ours_are_removed),
	    CASE(nothing_is_left_after_close),
	    CASE(leftovers_of_a_killed_run_are_cleared),
	    CASE(floors_of_a_killed_run_stay_until_claimed_or_timed_out),
	    CASE(an_outside_address_is_never_routed_into_a_tunnel),
	    CASE(a_guard_added_after_the_covering_route_finds_the_underlay),
	    CASE(without_nexthop_objects_each_route_is_rewritten),
	    CASE(a_removed_group_holds_its_prefixes_until_they_are_withdrawn),
	    CASE(a_route_server_leaves_the_kernel_alone),
	    CASE(a_table_being_loaded_can_be_moved_and_closed),
	    CASE(a_hundred_thousand_prefixes_move_as_fast_as_ten),
	    CASE(a_backup_connection_takes_all_over_at_once),
	    CASE(without_nexthop_objects_a_backup_takes_over_too),
	};

	skipped = enter_namespace();
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
