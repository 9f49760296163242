// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The machine that a configuration is for: what of its settings would drop the traffic. Only looked at where
 * this is that machine, which one of the configuration's outside addresses tells; a configuration that names
 * none fits any. A gateway that runs looks every minute, and what is wrong stands in its row until it is
 * mended: by a thread of libuv's pool, since with a thousand tunnels the kernel's list of interfaces alone
 * takes longer than the loop may be busy. That thread has a copy of what it asks. Sources: Linux,
 * Documentation/networking/ip-sysctl.rst; getifaddrs(3).
 */
#include "core/gateway_internal.h"

#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

struct look {
	gateway_host_say say;
	void *context;
};

/* What of a configuration is asked. */
struct question {
	bool carries[2]; /* IPv4, IPv6 */
	struct outside {
		struct ip_address address;
		char *tunnel; /* the first that has it */
	} * outside;
	size_t outside_count;
};

static void tell(const struct look *look, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void
tell(const struct look *look, const char *format, ...)
{
	char text[400];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	look->say(look->context, text);
}

/* A setting below /proc/sys/net; -1 where there is none. */
static int
setting(const char *name)
{
	char path[128], digits[16];
	ssize_t length;
	int fd;

	snprintf(path, sizeof(path), "/proc/sys/net/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	length = read(fd, digits, sizeof(digits) - 1);
	close(fd);
	if (length <= 0 || digits[0] < '0' || digits[0] > '9')
		return -1;
	return digits[0] - '0';
}

/* --- is it this machine? ----------------------------------------------------------------------- */

static struct ip_address
address_of(const struct sockaddr *from)
{
	struct ip_address address = {0};

	if (from != NULL && from->sa_family == AF_INET) {
		address.family = AF_INET;
		memcpy(address.bytes, &((const struct sockaddr_in *)from)->sin_addr, 4);
	} else if (from != NULL && from->sa_family == AF_INET6) {
		address.family = AF_INET6;
		memcpy(address.bytes, &((const struct sockaddr_in6 *)from)->sin6_addr, 16);
	}
	return address;
}

static bool
has_address(const struct ifaddrs *all, const struct ip_address *wanted)
{
	for (const struct ifaddrs *one = all; one != NULL; one = one->ifa_next) {
		struct ip_address address = address_of(one->ifa_addr);

		if (ip_address_is_set(&address) && ip_address_equal(&address, wanted))
			return true;
	}
	return false;
}

/* Some of the outside addresses are here, or none is named. What is named and isn't here is told then. */
static bool
is_this_machine(const struct look *look, const struct question *question, const struct ifaddrs *all)
{
	const struct outside *absent = NULL;
	bool here = false;
	char text[IP_ADDRESS_TEXT];

	for (size_t i = 0; i < question->outside_count; i++) {
		if (has_address(all, &question->outside[i].address))
			here = true;
		else if (absent == NULL)
			absent = &question->outside[i];
	}
	if (here && absent != NULL)
		tell(look, "%s: its outside address %s is not one of this machine's", absent->tunnel,
		     ip_address_format(&absent->address, text));
	return here || question->outside_count == 0;
}

/* --- what would drop the traffic --------------------------------------------------------------- */

static bool
carries(const struct config *config, unsigned family)
{
	for (size_t i = 0; i < config->connection_count; i++) {
		for (size_t j = 0; j < config->connections[i].tunnel_count; j++) {
			const struct config_tunnel *tunnel = &config->connections[i].tunnels[j];

			if (ip_address_is_set(&tunnel->inside[family == AF_INET6].address))
				return true;
		}
	}
	for (size_t i = 0; i < config->networks.count; i++) {
		if (config->networks.items[i].address.family == family)
			return true;
	}
	return false;
}

static void
look_at_forwarding(const struct look *look, const struct question *question)
{
	static const struct {
		unsigned family;
		const char *name, *file;
	} settings[] = {
	    {AF_INET, "net.ipv4.ip_forward", "ipv4/ip_forward"},
	    {AF_INET6, "net.ipv6.conf.all.forwarding", "ipv6/conf/all/forwarding"},
	};

	for (size_t i = 0; i < COUNT_OF(settings); i++) {
		if (question->carries[settings[i].family == AF_INET6] && setting(settings[i].file) == 0)
			tell(look,
			     "this machine forwards nothing: 'sysctl %s=1' mends that (%s is 0: only its own "
			     "traffic goes through the tunnels)",
			     settings[i].name, settings[i].name);
	}
}

/* The kernel takes the higher of the two; 1 is strict. The tunnels' own interfaces are set loose when they
 * are made (core/routing). */
static void
look_at_source_filter(const struct look *look, const struct ifaddrs *all)
{
	int general = setting("ipv4/conf/all/rp_filter");
	const char *strict = NULL;
	char key[64];

	for (const struct ifaddrs *one = all; one != NULL && strict == NULL; one = one->ifa_next) {
		char name[64];
		int own;

		if (one->ifa_addr == NULL || one->ifa_addr->sa_family != AF_INET ||
		    (one->ifa_flags & IFF_LOOPBACK) != 0)
			continue;
		snprintf(name, sizeof(name), "ipv4/conf/%.32s/rp_filter", one->ifa_name);
		own = setting(name);
		if ((own > general ? own : general) == 1)
			strict = one->ifa_name;
	}
	if (strict == NULL)
		return;
	snprintf(key, sizeof(key), "%.32s", strict);
	for (char *dot = key; (dot = strchr(dot, '.')) != NULL;)
		*dot = '/'; /* as sysctl(8) has the dots of a name */
	tell(look,
	     "this machine filters by source on %s (rp_filter is 1, strict): 'sysctl "
	     "net.ipv4.conf.%s.rp_filter=2' loosens it; else what comes in another way than the way back "
	     "leads is dropped, as ESP of a second tunnel by another line",
	     strict, key);
}

/* --- asking ------------------------------------------------------------------------------------ */

static void
question_add(struct question *question, const struct config_tunnel *tunnel)
{
	size_t count = question->outside_count;

	/* Most tunnels of a hub have the same one. */
	if (!ip_address_is_set(&tunnel->local) ||
	    (count != 0 && ip_address_equal(&question->outside[count - 1].address, &tunnel->local)))
		return;
	question->outside = memory_resize(question->outside, (count + 1) * sizeof(*question->outside));
	question->outside[count] =
	    (struct outside){.address = tunnel->local, .tunnel = text_copy(tunnel->name)};
	question->outside_count++;
}

static void
question_open(struct question *question, const struct config *config)
{
	*question = (struct question){.carries = {carries(config, AF_INET), carries(config, AF_INET6)}};
	for (size_t i = 0; i < config->connection_count; i++)
		for (size_t j = 0; j < config->connections[i].tunnel_count; j++)
			question_add(question, &config->connections[i].tunnels[j]);
}

static void
question_close(struct question *question)
{
	for (size_t i = 0; i < question->outside_count; i++)
		free(question->outside[i].tunnel);
	free(question->outside);
}

static void
ask(const struct question *question, gateway_host_say say, void *context)
{
	const struct look look = {say, context};
	struct ifaddrs *all = NULL;

	if (getifaddrs(&all) != 0)
		return;
	if (is_this_machine(&look, question, all)) {
		look_at_forwarding(&look, question);
		look_at_source_filter(&look, all);
	}
	freeifaddrs(all);
}

void
gateway_host_look(const struct config *config, gateway_host_say say, void *context)
{
	struct question question;

	if (config->connection_count == 0)
		return;
	question_open(&question, config);
	ask(&question, say, context);
	question_close(&question);
}

/* --- every minute ------------------------------------------------------------------------------ */

struct watch {
	uv_work_t work;
	struct gateway *gateway;
	bool nothing; /* to be asked: there are no connections */
	struct question question;
	struct text_list found;
};

static void
add(void *context, const char *text)
{
	text_list_add(context, text);
}

/* Takes `now`. */
static void
take(struct gateway *gateway, struct text_list *now)
{
	struct text_list *before = &gateway->row.host_warnings;
	const char *name = gateway->config->name;

	for (size_t i = 0; i < now->count; i++) {
		if (!text_list_has(before, now->items[i]))
			gateway_event(gateway, "warning", "gateway.host", name, "%s", now->items[i]);
	}
	for (size_t i = 0; i < before->count; i++) {
		if (!text_list_has(now, before->items[i]))
			gateway_event(gateway, "notice", "gateway.host", name, "no longer: %s",
				      before->items[i]);
	}
	if (text_list_equal(before, now))
		return;
	text_list_free(before);
	*before = *now;
	*now = (struct text_list){0};
	gateway_publish(gateway);
}

static void
on_work(uv_work_t *work)
{
	struct watch *watch = work->data;

	if (!watch->nothing)
		ask(&watch->question, add, &watch->found);
}

static void
on_looked(uv_work_t *work, int status)
{
	struct watch *watch = work->data;
	struct gateway *gateway = watch->gateway;
	bool again = gateway->host_again;

	gateway->host_looking = gateway->host_again = false;
	if (!gateway->stopping && status == 0 && !again)
		take(gateway, &watch->found);
	text_list_free(&watch->found);
	question_close(&watch->question);
	free(watch);
	if (again && !gateway->stopping)
		gateway_host_watch(gateway);
}

void
gateway_host_watch(struct gateway *gateway)
{
	struct watch *watch;

	if (gateway->host_looking) {
		gateway->host_again = true; /* the question may be another one by now */
		return;
	}
	watch = memory_zeroed(1, sizeof(*watch));
	watch->gateway = gateway;
	watch->work.data = watch;
	watch->nothing = gateway->config->connection_count == 0;
	question_open(&watch->question, gateway->config);
	gateway->host_looking = uv_queue_work(&gateway->loop, &watch->work, on_work, on_looked) == 0;
	if (gateway->host_looking)
		return;
	question_close(&watch->question);
	free(watch);
}
