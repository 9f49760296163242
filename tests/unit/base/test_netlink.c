// SPDX-License-Identifier: GPL-2.0-or-later
/* Against the kernel that runs: what needs no privilege. */
#include <errno.h>
#include <net/if.h>
#include <string.h>

#include "core/base/netlink.h"
#include "tests/unit/test.h"

static void
only_whole_messages_are_read(void **state)
{
	struct nlmsghdr padded[2] = {{.nlmsg_len = sizeof(*padded) + 1}};
	struct nlmsghdr message = {.nlmsg_len = sizeof(message)};

	assert_true(netlink_is_whole(padded, sizeof(*padded) + NLMSG_ALIGNTO));
	assert_false(
	    netlink_is_whole(padded, sizeof(*padded) + 1)); /* what would be read as its attribute's end */
	assert_true(netlink_is_whole(&message, sizeof(message)));
	assert_false(netlink_is_whole(&message, sizeof(message) - 1));
	assert_false(netlink_is_whole(&message, -1));
	message.nlmsg_len = sizeof(message) - 1;
	assert_false(netlink_is_whole(&message, sizeof(message)));
	message.nlmsg_len = UINT32_MAX; /* less than any length, if it were signed */
	assert_false(netlink_is_whole(&message, sizeof(message)));
}

struct seen {
	unsigned links;
	bool loopback;
};

static void
link_visit(void *context, const struct nlmsghdr *message)
{
	const struct ifinfomsg *link = mnl_nlmsg_get_payload(message);
	struct seen *seen = context;

	assert_int_equal(message->nlmsg_type, RTM_NEWLINK);
	seen->links++;
	seen->loopback = seen->loopback || (link->ifi_flags & IFF_LOOPBACK) != 0;
}

static int
ask_for_link(struct netlink *netlink, int ifindex, struct seen *seen)
{
	_Alignas(NLMSG_ALIGNTO) uint8_t buffer[NETLINK_MESSAGE];
	struct nlmsghdr *message = netlink_link(buffer, RTM_GETLINK, 0, ifindex);

	*seen = (struct seen){0};
	if (ifindex == 0)
		return netlink_dump(netlink, message, link_visit, seen);
	return netlink_ask(netlink, message, link_visit, seen);
}

static void
a_dump_and_a_question_are_answered(void **state)
{
	struct netlink netlink;
	struct seen seen;
	struct error err;

	if (!netlink_open(&netlink, NETLINK_ROUTE, &err))
		fail_msg("%s", err.text);
	assert_int_equal(ask_for_link(&netlink, 0, &seen), 0);
	assert_true(seen.links >= 1 && seen.loopback);
	assert_int_equal(ask_for_link(&netlink, (int)if_nametoindex("lo"), &seen), 0);
	assert_int_equal(seen.links, 1);
	assert_true(seen.loopback);
	assert_int_equal(ask_for_link(&netlink, INT32_MAX, &seen), -ENODEV);
	assert_int_equal(seen.links, 0);
	netlink_close(&netlink);
	netlink_close(&netlink); /* once more is nothing */
}

static void
a_protocol_that_is_not_there_is_an_error(void **state)
{
	struct netlink netlink;
	struct error err;

	assert_false(netlink_open(&netlink, 9999, &err));
	assert_non_null(strstr(err.text, "can't open a netlink socket"));
}

TEST_MAIN(cmocka_unit_test(only_whole_messages_are_read),
	  cmocka_unit_test(a_dump_and_a_question_are_answered),
	  cmocka_unit_test(a_protocol_that_is_not_there_is_an_error))
