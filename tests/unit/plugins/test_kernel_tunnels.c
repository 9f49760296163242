// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The kernel plane's tunnels, against a kernel that is made up here: the linker gives the plane this file's
 * netlink requests (--wrap). It has interfaces with counters, and a queueing discipline that drops.
 */
#include "plugins/dataplane_kernel/kernel.h"
#include "core/base/text.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <linux/gen_stats.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <unistd.h>

enum { LINKS = 8, PATIENCE_S = 5 };

int __wrap_netlink_request(struct netlink *netlink, struct nlmsghdr *message);
int __wrap_netlink_ask(struct netlink *netlink, struct nlmsghdr *message, netlink_visit *visit,
		       void *context);
int __wrap_netlink_dump(struct netlink *netlink, struct nlmsghdr *message, netlink_visit *visit,
			void *context);
unsigned __wrap_if_nametoindex(const char *name);

struct link {
	char name[16];
	int index; /* 0: there is none */
	bool silent;
	uint64_t dropped; /* by the discipline */
	struct rtnl_link_stats64 statistics;
};

static struct {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	struct link links[LINKS];
	int last;
	bool slow; /* who removes an interface waits until it is no longer so */
	bool waits, waited_in_vain;
} kernel = {.mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static struct link *
link_of(int index)
{
	for (unsigned i = 0; i < LINKS; i++)
		if (kernel.links[i].index == index)
			return &kernel.links[i];
	return NULL;
}

static int
make(const struct nlmsghdr *message)
{
	struct link *link = link_of(0);
	const struct nlattr *attributes[IFLA_MAX + 1];
	const char *name;

	netlink_attributes(message, sizeof(struct ifinfomsg), attributes, IFLA_MAX);
	name = mnl_attr_get_str(attributes[IFLA_IFNAME]);
	for (unsigned i = 0; i < LINKS; i++)
		if (kernel.links[i].index != 0 && strcmp(kernel.links[i].name, name) == 0)
			return -EEXIST;
	*link = (struct link){.index = ++kernel.last};
	snprintf(link->name, sizeof(link->name), "%s", name);
	return 0;
}

/* As slow as a kernel may be, but not for ever. */
static void
wait_while_slow(void)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += PATIENCE_S;
	kernel.waits = true;
	pthread_cond_broadcast(&kernel.changed);
	while (kernel.slow && !kernel.waited_in_vain)
		kernel.waited_in_vain =
		    pthread_cond_timedwait(&kernel.changed, &kernel.mutex, &until) == ETIMEDOUT;
}

static int
work(const struct nlmsghdr *message)
{
	const struct ifinfomsg *header = mnl_nlmsg_get_payload(message);
	const struct tcmsg *discipline = mnl_nlmsg_get_payload(message);
	struct link *link;

	switch (message->nlmsg_type) {
	case RTM_NEWLINK:
		return (message->nlmsg_flags & NLM_F_CREATE) != 0 ? make(message)
		       : link_of(header->ifi_index) != NULL       ? 0
								  : -ENODEV;
	case RTM_DELLINK:
		wait_while_slow();
		link = header->ifi_index != 0 ? link_of(header->ifi_index) : NULL;
		if (link != NULL)
			link->index = 0;
		return link != NULL ? 0 : -ENODEV;
	case RTM_NEWQDISC:
	case RTM_DELQDISC:
		link = link_of(discipline->tcm_ifindex);
		if (link == NULL)
			return -ENODEV;
		link->silent = message->nlmsg_type == RTM_NEWQDISC;
		link->dropped = 0;
		return 0;
	default:
		return 0;
	}
}

int
__wrap_netlink_request(struct netlink *netlink, struct nlmsghdr *message)
{
	int result;

	pthread_mutex_lock(&kernel.mutex);
	result = work(message);
	pthread_mutex_unlock(&kernel.mutex);
	return result;
}

int
__wrap_netlink_ask(struct netlink *netlink, struct nlmsghdr *message, netlink_visit *visit, void *context)
{
	_Alignas(NLMSG_ALIGNTO) uint8_t buffer[1024];
	bool statistics = message->nlmsg_type == RTM_GETSTATS;
	const struct if_stats_msg *wanted = mnl_nlmsg_get_payload(message);
	const struct tcmsg *discipline = mnl_nlmsg_get_payload(message);
	struct gnet_stats_queue queue = {0};
	struct nlmsghdr *answer;
	struct nlattr *nest;
	struct link link = {0}, *found;

	pthread_mutex_lock(&kernel.mutex);
	found = link_of(statistics ? (int)wanted->ifindex : discipline->tcm_ifindex);
	if (found != NULL)
		link = *found;
	pthread_mutex_unlock(&kernel.mutex);
	if (found == NULL)
		return -ENODEV;
	if (statistics) {
		answer = netlink_message(buffer, RTM_NEWSTATS, 0, sizeof(struct if_stats_msg));
		mnl_attr_put(answer, IFLA_STATS_LINK_64, sizeof(link.statistics), &link.statistics);
	} else {
		queue.drops = (uint32_t)link.dropped;
		answer = netlink_message(buffer, RTM_NEWQDISC, 0, sizeof(struct tcmsg));
		nest = mnl_attr_nest_start(answer, TCA_STATS2);
		mnl_attr_put(answer, TCA_STATS_QUEUE, sizeof(queue), &queue);
		mnl_attr_nest_end(answer, nest);
	}
	visit(context, answer);
	return 0;
}

int
__wrap_netlink_dump(struct netlink *netlink, struct nlmsghdr *message, netlink_visit *visit, void *context)
{
	return 0;
}

unsigned
__wrap_if_nametoindex(const char *name)
{
	for (unsigned i = 0; i < LINKS; i++)
		if (kernel.links[i].index != 0 && strcmp(kernel.links[i].name, name) == 0)
			return (unsigned)kernel.links[i].index;
	return 0;
}

/* --- a plane without sockets and threads -------------------------------------------------------- */

static int
set_up(void **state)
{
	struct dataplane *plane = memory_zeroed(1, sizeof(*plane));

	memset(kernel.links, 0, sizeof(kernel.links));
	kernel.slow = kernel.waits = kernel.waited_in_vain = false;
	plane->route.fd = plane->xfrm.fd = -1;
	plane->remover_route.fd = plane->remover_xfrm.fd = -1;
	snprintf(plane->prefix, sizeof(plane->prefix), "ts");
	pthread_mutex_init(&plane->mutex, NULL);
	pthread_mutex_init(&plane->removing, NULL);
	*state = plane;
	return 0;
}

static int
tear_down(void **state)
{
	struct dataplane *plane = *state;

	plane_tunnels_close(plane);
	pthread_mutex_destroy(&plane->removing);
	pthread_mutex_destroy(&plane->mutex);
	free(plane);
	return 0;
}

static void
add(struct dataplane *plane, uint32_t id)
{
	char name[16];
	struct error err;

	if (!plane_tunnel_add(plane,
			      &(struct dataplane_tunnel){.id = id, .mtu = 1400, .interface_id = 4096 + id},
			      name, &err))
		fail_msg("%s", err.text);
}

/* The interface of a tunnel. */
static struct link *
interface(const struct dataplane *plane, uint32_t id)
{
	return link_of(plane->tunnels[id]->ifindex);
}

static struct dataplane_counters
counters(struct dataplane *plane, uint32_t id)
{
	struct dataplane_counters out;

	assert_true(plane_tunnel_counters(plane, id, &out));
	return out;
}

struct removal {
	struct dataplane *plane;
	uint32_t id;
};

static void *
remove_tunnel(void *argument)
{
	const struct removal *removal = argument;

	plane_tunnel_remove(removal->plane, removal->id);
	return NULL;
}

static void
who_asks_for_counters_does_not_wait_for_the_removal_of_another_tunnel(void **state)
{
	struct dataplane *plane = *state;
	struct removal removal = {plane, 1};
	pthread_t thread;

	add(plane, 1);
	add(plane, 2);
	interface(plane, 2)->statistics.rx_packets = 7;
	kernel.slow = true;
	assert_int_equal(pthread_create(&thread, NULL, remove_tunnel, &removal), 0);
	pthread_mutex_lock(&kernel.mutex);
	while (!kernel.waits)
		pthread_cond_wait(&kernel.changed, &kernel.mutex);
	pthread_mutex_unlock(&kernel.mutex);
	assert_int_equal(counters(plane, 2).rx_packets, 7);
	pthread_mutex_lock(&kernel.mutex);
	kernel.slow = false;
	pthread_cond_broadcast(&kernel.changed);
	pthread_mutex_unlock(&kernel.mutex);
	pthread_join(thread, NULL);
	assert_false(kernel.waited_in_vain);
	assert_int_equal(__wrap_if_nametoindex("ts1"), 0);
	assert_int_not_equal(__wrap_if_nametoindex("ts2"), 0);
}

/* --- silence ----------------------------------------------------------------------------------- */

static void
what_vanishes_in_silence_was_sent_when_it_vanished(void **state)
{
	struct dataplane *plane = *state;
	struct dataplane_counters c;

	add(plane, 1);
	interface(plane, 1)->statistics.tx_packets = 3;
	counters(plane, 1);
	interface(plane, 1)->statistics.rx_packets = 5; /* the last that comes */
	usleep(10);
	c = counters(plane, 1);
	assert_true(c.last_rx > c.last_tx);
	plane_tunnel_silence(plane, 1, true);
	interface(plane, 1)->dropped = 4;
	interface(plane, 1)->statistics.rx_packets = 50;
	usleep(10);
	c = counters(plane, 1);
	assert_int_equal(c.tx_packets, 7);
	assert_int_equal(c.rx_packets, 5);
	assert_true(c.last_tx > c.last_rx); /* packets leave and none comes in */
}

static void
counts_never_fall_whatever_becomes_of_the_interface(void **state)
{
	struct dataplane *plane = *state;
	struct dataplane_counters before, now;
	uint64_t sent = 0, came = 0;
	bool silent = false;
	struct link *link;

	srand(3);
	add(plane, 1);
	before = counters(plane, 1);
	for (int step = 0; step < 20000; step++) {
		link = interface(plane, 1);
		switch (rand() % 8) {
		case 0:
			silent = !silent;
			plane_tunnel_silence(plane, 1, silent);
			break;
		case 1: /* somebody removes it */
			link->index = 0;
			counters(plane, 1);
			assert_true(plane_tunnel_renew(plane, 1, 1400, NULL));
			break;
		case 2:
		case 3:
			link->statistics.rx_packets++;
			came += !silent;
			break;
		default:
			sent++;
			if (link->silent)
				link->dropped++;
			else
				link->statistics.tx_packets++;
			break;
		}
		now = counters(plane, 1);
		assert_true(now.tx_packets >= before.tx_packets && now.rx_packets >= before.rx_packets);
		assert_int_equal(now.tx_packets, sent);
		assert_int_equal(now.rx_packets, came);
		before = now;
	}
}

#define WITH_KERNEL(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

TEST_MAIN(WITH_KERNEL(who_asks_for_counters_does_not_wait_for_the_removal_of_another_tunnel),
	  WITH_KERNEL(what_vanishes_in_silence_was_sent_when_it_vanished),
	  WITH_KERNEL(counts_never_fall_whatever_becomes_of_the_interface))
