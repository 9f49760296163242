// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the kernel itself takes for a table of routes: the yardstick of tests/bench/bgp's case `kernel`.
 *
 *   kernel_routes -n PREFIXES --via ADDRESS              routes by a gateway's address
 *   kernel_routes -n PREFIXES --device NAME [--floor]    by one nexthop group over the device, each with an
 *                                                        unreachable route of the worst metric under it
 *
 * As fast as netlink can be used by one thread: one message is written and a batch is made of copies in which
 * only the prefix is changed, 256 KiB at a time, nothing is answered but errors and the last message of all.
 * The prefixes and their order are bgp_load's. Run it in a namespace of its own.
 *
 * Prints one JSON object: seconds by the clock, and of processor time.
 */
#include "core/base/netlink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/text.h"
#include "tests/bench/bgp_order.h"

enum { LEG = 1, GROUP, METRIC = 20, PROTOCOL = 116, BATCH = 256 << 10 };

static _Noreturn void
fail(const char *what, int error)
{
	fprintf(stderr, "kernel_routes: %s: %s\n", what, strerror(error));
	exit(2);
}

static void
make_nexthops(struct netlink *netlink, const char *device)
{
	_Alignas(NLMSG_ALIGNTO) uint8_t bytes[NETLINK_MESSAGE];
	const uint16_t flags = NLM_F_CREATE | NLM_F_REPLACE;
	struct nlmsghdr *message = netlink_message(bytes, RTM_NEWNEXTHOP, flags, sizeof(struct nhmsg));
	struct nexthop_grp leg = {.id = LEG};
	int result;

	((struct nhmsg *)mnl_nlmsg_get_payload(message))->nh_family = AF_INET;
	mnl_attr_put_u32(message, NHA_ID, LEG);
	mnl_attr_put_u32(message, NHA_OIF, if_nametoindex(device));
	if ((result = netlink_request(netlink, message)) != 0)
		fail("nexthop", -result);
	message = netlink_message(bytes, RTM_NEWNEXTHOP, flags, sizeof(struct nhmsg));
	mnl_attr_put_u32(message, NHA_ID, GROUP);
	mnl_attr_put(message, NHA_GROUP, sizeof(leg), &leg);
	if ((result = netlink_request(netlink, message)) != 0)
		fail("nexthop group", -result);
}

static struct nlmsghdr *
make_route(void *room, uint32_t metric, uint8_t kind)
{
	struct nlmsghdr *message =
	    netlink_message(room, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, sizeof(struct rtmsg));
	struct rtmsg *header = mnl_nlmsg_get_payload(message);

	header->rtm_family = AF_INET;
	header->rtm_dst_len = 24;
	header->rtm_table = RT_TABLE_MAIN;
	header->rtm_protocol = PROTOCOL;
	header->rtm_type = kind;
	mnl_attr_put_u32(message, RTA_DST, 0); /* the first attribute: its place is the same in both */
	mnl_attr_put_u32(message, RTA_PRIORITY, metric);
	return message;
}

struct plan {
	const struct nlmsghdr *kinds[2];
	unsigned kind_count;
	uint32_t prefixes;
	const uint32_t *order;
};

/* The kernel works a message off within sendto(). */
static void
hand_over(struct netlink *netlink, const uint8_t *bytes, size_t length)
{
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};

	if (sendto(netlink->fd, bytes, length, 0, (struct sockaddr *)&kernel, sizeof(kernel)) !=
	    (ssize_t)length)
		fail("sendto", errno);
}

static void
insert(struct netlink *netlink, const struct plan *plan)
{
	uint8_t *bytes = memory_zeroed(BATCH, 1);
	size_t used = 0;

	for (uint32_t i = 0; i < plan->prefixes; i++) {
		uint32_t address = htonl(bgp_order_prefix(plan->order[i]));

		for (unsigned k = 0; k < plan->kind_count; k++) {
			size_t length = NLMSG_ALIGN(plan->kinds[k]->nlmsg_len);

			if (used + length > BATCH) {
				hand_over(netlink, bytes, used);
				used = 0;
			}
			memcpy(bytes + used, plan->kinds[k], length);
			memcpy(bytes + used + NLMSG_HDRLEN + sizeof(struct rtmsg) + NLA_HDRLEN, &address,
			       sizeof(address));
			used += length;
		}
	}
	hand_over(netlink, bytes, used);
	free(bytes);
}

/* Whatever was refused has been answered before this. */
static void
expect_no_errors(struct netlink *netlink)
{
	_Alignas(NLMSG_ALIGNTO) uint8_t bytes[NETLINK_MESSAGE];
	ssize_t got = recv(netlink->fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	if (got >= (ssize_t)(sizeof(struct nlmsghdr) + sizeof(struct nlmsgerr)))
		fail("a route",
		     -((const struct nlmsgerr *)mnl_nlmsg_get_payload((struct nlmsghdr *)bytes))->error);
}

int
main(int argc, char **argv)
{
	static const struct option options[] = {{"via", required_argument, NULL, 'v'},
						{"device", required_argument, NULL, 'd'},
						{"floor", no_argument, NULL, 'f'},
						{0}};
	_Alignas(NLMSG_ALIGNTO) uint8_t rooms[2][NETLINK_MESSAGE];
	struct nlmsghdr *route = make_route(rooms[0], METRIC, RTN_UNICAST);
	struct plan plan = {.kind_count = 1};
	struct netlink netlink;
	struct error err;
	struct in_addr via;
	bool aimed = false;
	usec_t begun, processor;
	int option;

	if (!netlink_open(&netlink, NETLINK_ROUTE, &err))
		fail(err.text, 0);
	while ((option = getopt_long(argc, argv, "n:", options, NULL)) != -1) {
		if (option == 'n') {
			plan.prefixes = (uint32_t)strtoul(optarg, NULL, 10);
		} else if (option == 'v' && inet_pton(AF_INET, optarg, &via) == 1) {
			mnl_attr_put(route, RTA_GATEWAY, sizeof(via), &via);
			aimed = true;
		} else if (option == 'd') {
			make_nexthops(&netlink, optarg);
			mnl_attr_put_u32(route, RTA_NH_ID, GROUP);
			aimed = true;
		} else if (option == 'f') {
			plan.kinds[0] = make_route(rooms[1], UINT32_MAX - 1, RTN_UNREACHABLE);
		}
	}
	if (plan.prefixes == 0 || !aimed)
		fail("see the head of tests/bench/kernel_routes.c", EINVAL);
	if (plan.kinds[0] != NULL)
		plan.kind_count = 2;
	plan.kinds[plan.kind_count - 1] = route;
	plan.order = bgp_order_make(plan.prefixes);
	begun = clock_monotonic();
	processor = clock_processor();
	insert(&netlink, &plan);
	processor = clock_processor() - processor;
	printf("{\"routes\":%u,\"seconds\":%.4f,\"cpu\":%.4f}\n", plan.prefixes * plan.kind_count,
	       (double)(clock_monotonic() - begun) / USEC_PER_SEC, (double)processor / USEC_PER_SEC);
	expect_no_errors(&netlink);
	return 0;
}
