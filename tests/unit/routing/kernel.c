// SPDX-License-Identifier: GPL-2.0-or-later
/* See kernel.h. */
#include "tests/unit/routing/kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "core/base/text.h"

const char *skipped;
uv_loop_t loop;
struct routing *routing;
int tuns[3];
static char events[16][500];
static unsigned event_count;

static void
on_event(void *context, const char *severity, const char *kind, const char *subject, const char *text)
{
	snprintf(events[event_count++ % COUNT_OF(events)], sizeof(events[0]), "%s %s %s", kind, subject,
		 text);
}

char lost[IFNAMSIZ];

static void
on_interface_lost(void *context, const char *interface)
{
	snprintf(lost, sizeof(lost), "%s", interface);
}

bool
had_event(const char *part)
{
	for (unsigned i = 0; i < COUNT_OF(events); i++)
		if (strstr(events[i], part) != NULL)
			return true;
	return false;
}

void
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

json_t *
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

size_t
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

struct ip_prefix
prefix(const char *text)
{
	struct ip_prefix out;

	assert_true(ip_prefix_parse(text, &out));
	return out;
}

struct ip_address
address(const char *text)
{
	struct ip_address out;

	assert_true(ip_address_parse(text, &out));
	return out;
}

static void
woken(uv_timer_t *timer)
{
}

void
turn(void)
{
	static uv_timer_t timer;

	uv_timer_init(&loop, &timer);
	uv_timer_start(&timer, woken, 3, 0);
	uv_run(&loop, UV_RUN_ONCE);
	uv_close((uv_handle_t *)&timer, NULL);
	uv_run(&loop, UV_RUN_NOWAIT);
}

bool
installed(const char *text)
{
	struct ip_prefix wanted = prefix(text);
	struct routing_state state;

	return routing_lookup(routing, &wanted, &state) && state.installed;
}

const char *
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

const char *
gateway_of(const char *text)
{
	static char out[64];
	json_t *rows = ip_json("-%d route show exact %s metric %d", strchr(text, ':') != NULL ? 6 : 4, text,
			       ROUTING_METRIC);
	const char *gateway = json_string_value(json_object_get(json_array_get(rows, 0), "gateway"));

	snprintf(out, sizeof(out), "%s", gateway != NULL ? gateway : "");
	json_decref(rows);
	return out;
}

bool
has_floor(const char *text)
{
	return ip_count("%s route show exact %s metric %u type unreachable protocol %d",
			strchr(text, ':') ? "-6" : "-4", text, ROUTING_FLOOR_METRIC, ROUTING_PROTOCOL) == 1;
}

int
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

void
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

void
add_group(uint32_t group)
{
	const char *const interfaces[] = {"ts1", "ts2"};
	struct error err = {0};

	if (!routing_group_add(routing, group, "aws", interfaces, 2, &err))
		fail_msg("%s", err.text);
}

/* Three tunnels ts1 ts2 ts3 and an underlay device up0 in a namespace of our own. */
int
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

void
close_room(void)
{
	routing_close(routing);
	routing = NULL;
	while (uv_run(&loop, UV_RUN_NOWAIT) != 0)
		;
}

int
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

void
offer(const char *text, enum routing_source source, uint32_t group, uint32_t members)
{
	struct ip_prefix wanted = prefix(text);
	struct routing_candidate candidate = {.source = source, .group = group, .members = members};

	routing_offer(routing, &wanted, &candidate);
}

void
offer_via(const char *text, enum routing_source source, const char *next_hop)
{
	struct ip_prefix wanted = prefix(text);
	struct routing_candidate candidate = {.source = source, .next_hop = address(next_hop)};

	routing_offer(routing, &wanted, &candidate);
}

void
withdraw(const char *text, enum routing_source source)
{
	struct ip_prefix wanted = prefix(text);

	routing_withdraw(routing, &wanted, source);
}

const char *
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
