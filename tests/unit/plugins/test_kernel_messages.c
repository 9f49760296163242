// SPDX-License-Identifier: GPL-2.0-or-later
/* What the kernel's plane reads from netlink messages, and that it reads nothing behind their ends. */
#include "plugins/dataplane_kernel/kernel.h"
#include "tests/unit/test.h"

#include <linux/if_tunnel.h>
#include <linux/rtnetlink.h>
#include <string.h>

struct built {
	_Alignas(uint64_t) uint8_t bytes[REQUEST_BYTES];
};

static struct nlmsghdr *
link_of_kind(struct built *built, const char *kind, uint16_t attribute, uint32_t value, const char *alias)
{
	struct nlmsghdr *message = netlink_message(built->bytes, RTM_NEWLINK, 0, sizeof(struct ifinfomsg));
	struct nlattr *info, *data;

	((struct ifinfomsg *)mnl_nlmsg_get_payload(message))->ifi_index = 7;
	if (alias != NULL)
		mnl_attr_put_strz(message, IFLA_IFALIAS, alias);
	mnl_attr_put_u32(message, IFLA_GROUP, 99);
	info = mnl_attr_nest_start(message, IFLA_LINKINFO);
	mnl_attr_put_strz(message, IFLA_INFO_KIND, kind);
	data = mnl_attr_nest_start(message, IFLA_INFO_DATA);
	mnl_attr_put_u32(message, attribute, value);
	mnl_attr_nest_end(message, data);
	mnl_attr_nest_end(message, info);
	return message;
}

static void
an_interface_is_ours_by_its_alias_and_has_its_id(void **state)
{
	struct link_seen link;
	struct built built;

	assert_true(message_read_link(
	    link_of_kind(&built, "xfrm", IFLA_XFRM_IF_ID, 4097, "twinspan tunnel 1"), &link));
	assert_true(link.ours);
	assert_int_equal(link.ifindex, 7);
	assert_int_equal(link.group, 99);
	assert_int_equal(link.tie_id, 4097);
	assert_true(message_read_link(
	    link_of_kind(&built, "vti6", IFLA_VTI_IKEY, htobe32(4098), "twinspan tunnel 2"), &link));
	assert_int_equal(link.tie_id, 4098);
}

static void
others_interfaces_are_not_ours(void **state)
{
	struct link_seen link;
	struct built built;

	assert_true(
	    message_read_link(link_of_kind(&built, "xfrm", IFLA_XFRM_IF_ID, 4097, "twinspan"), &link));
	assert_false(link.ours);
	assert_true(message_read_link(link_of_kind(&built, "xfrm", IFLA_XFRM_IF_ID, 4097, NULL), &link));
	assert_false(link.ours);
	/* a kind whose attribute of that number means something else */
	assert_true(message_read_link(link_of_kind(&built, "veth", IFLA_XFRM_IF_ID, 4097, NULL), &link));
	assert_int_equal(link.tie_id, 0);
}

static struct nlmsghdr *
an_sa(struct built *built, bool extended)
{
	struct nlmsghdr *message =
	    netlink_message(built->bytes, XFRM_MSG_NEWSA, 0, sizeof(struct xfrm_usersa_info));
	struct xfrm_usersa_info *info = mnl_nlmsg_get_payload(message);
	struct xfrm_replay_state_esn esn = {.seq = 5, .seq_hi = 2, .bmp_len = 32};
	struct xfrm_replay_state plain = {.seq = 900};
	struct xfrm_mark mark = {.v = 4099, .m = UINT32_MAX};

	info->id.spi = htobe32(0xc0000001);
	info->reqid = 3;
	info->curlft.packets = 890;
	info->stats.replay = 4;
	info->stats.replay_window = 2;
	info->stats.integrity_failed = 1;
	mnl_attr_put_u32(message, XFRMA_IF_ID, 4099);
	mnl_attr_put(message, XFRMA_MARK, sizeof(mark), &mark);
	if (extended)
		mnl_attr_put(message, XFRMA_REPLAY_ESN_VAL, sizeof(esn), &esn);
	else
		mnl_attr_put(message, XFRMA_REPLAY_VAL, sizeof(plain), &plain);
	return message;
}

static void
an_sa_has_its_figures(void **state)
{
	struct built built;
	struct sa_seen sa;

	assert_true(message_read_sa(an_sa(&built, false), &sa));
	assert_int_equal(sa.if_id, 4099);
	assert_int_equal(sa.mark.v, 4099);
	assert_int_equal(sa.reqid, 3);
	assert_int_equal(sa.replayed, 6);
	assert_int_equal(sa.forged, 1);
	assert_int_equal(sa.sequence, 900);
	assert_int_equal(sa.packets, 890);
	assert_true(message_read_sa(an_sa(&built, true), &sa));
	assert_true(sa.sequence == (2ull << 32 | 5));
}

static void
a_policy_has_the_reqid_of_its_first_template(void **state)
{
	struct xfrm_user_tmpl templates[2] = {{.reqid = 6}, {.reqid = 7}};
	struct policy_seen policy;
	struct built built;
	struct nlmsghdr *message =
	    netlink_message(built.bytes, XFRM_MSG_NEWPOLICY, 0, sizeof(struct xfrm_userpolicy_info));

	((struct xfrm_userpolicy_info *)mnl_nlmsg_get_payload(message))->dir = XFRM_POLICY_FWD;
	assert_true(message_read_policy(message, &policy));
	assert_int_equal(policy.reqid, 0);
	mnl_attr_put(message, XFRMA_TMPL, sizeof(templates), templates);
	assert_true(message_read_policy(message, &policy));
	assert_int_equal(policy.reqid, 6);
	assert_int_equal(policy.direction, XFRM_POLICY_FWD);
}

static void
messages_that_are_cut_or_of_another_kind_are_refused(void **state)
{
	struct built built;
	struct nlmsghdr *message = an_sa(&built, false);
	struct policy_seen policy;
	struct link_seen link;
	struct sa_seen sa;
	uint64_t dropped;
	struct rtnl_link_stats64 statistics;

	/* (RTM_NEWLINK and XFRM_MSG_NEWSA are the same number of two protocols.) */
	assert_false(message_read_policy(message, &policy));
	assert_false(message_read_statistics(message, &statistics));
	assert_false(message_read_dropped(message, &dropped));
	message->nlmsg_len = NLMSG_LENGTH(sizeof(struct xfrm_usersa_info) - 4);
	assert_false(message_read_sa(message, &sa));
	message->nlmsg_len = NLMSG_LENGTH(sizeof(struct ifinfomsg) - 4);
	assert_false(message_read_link(message, &link));
	/* an attribute that is shorter than its type: what there is, and zeros */
	message = netlink_message(built.bytes, XFRM_MSG_NEWSA, 0, sizeof(struct xfrm_usersa_info));
	mnl_attr_put_u16(message, XFRMA_IF_ID, htole16(5));
	assert_true(message_read_sa(message, &sa));
	assert_int_equal(sa.if_id, 5);
}

static void
the_machines_counters_are_added_up_by_what_they_mean(void **state)
{
	struct machine_counters counters;

	machine_counters_read("XfrmInError             \t1\n"
			      "XfrmInNoStates          \t20\n"
			      "XfrmInTmplMismatch      \t300\n"
			      "XfrmInNoPols            \t4000\n"
			      "XfrmInPolBlock          \t50000\n"
			      "XfrmOutNoStates         \t600000\n"
			      "XfrmInStateExpired      \t7",
			      &counters);
	assert_int_equal(counters.no_sa, 20);
	assert_int_equal(counters.selector, 54300);
	assert_int_equal(counters.other, 8);
	machine_counters_read("XfrmInNoStates\nXfrmIn", &counters);
	assert_int_equal(counters.no_sa + counters.other, 0);
}

TEST_MAIN(cmocka_unit_test(an_interface_is_ours_by_its_alias_and_has_its_id),
	  cmocka_unit_test(others_interfaces_are_not_ours), cmocka_unit_test(an_sa_has_its_figures),
	  cmocka_unit_test(a_policy_has_the_reqid_of_its_first_template),
	  cmocka_unit_test(messages_that_are_cut_or_of_another_kind_are_refused),
	  cmocka_unit_test(the_machines_counters_are_added_up_by_what_they_mean))
