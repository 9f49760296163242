// SPDX-License-Identifier: GPL-2.0-or-later
/* Any bytes as netlink messages of the kernel, and as the text of /proc/net/xfrm_stat: nothing is read behind
 * their ends. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/dataplane_kernel/kernel.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
read_all(const struct nlmsghdr *message)
{
	struct rtnl_link_stats64 statistics;
	struct policy_seen policy;
	struct link_seen link;
	struct sa_seen sa;
	uint64_t dropped;

	message_read_link(message, &link);
	message_read_statistics(message, &statistics);
	message_read_sa(message, &sa);
	message_read_policy(message, &policy);
	message_read_dropped(message, &dropped);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* of their own, so that a sanitizer knows where they end */
	uint8_t *bytes = malloc(size + 1);
	const struct nlmsghdr *at = (const struct nlmsghdr *)bytes;
	struct machine_counters counters;

	if (bytes == NULL)
		return 0;
	memcpy(bytes, data, size);
	for (int left = (int)size; netlink_is_whole(at, left); at = mnl_nlmsg_next(at, &left))
		read_all(at);
	bytes[size] = '\0';
	machine_counters_read((const char *)bytes, &counters);
	free(bytes);
	return 0;
}
