// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reads what the kernel tells of interfaces, SAs and policies: rtnetlink(7), linux/xfrm.h,
 * Documentation/networking/xfrm_proc.rst. Sizes are checked before anything is read; a kernel may be older or
 * newer than the headers.
 */
#include "plugins/dataplane_kernel/kernel.h"

#include <linux/gen_stats.h>
#include <linux/if_tunnel.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

/* The attribute's octets, as far as they go; the rest is zero. */
static void
copy(const struct nlattr *attribute, void *out, size_t size)
{
	size_t length = mnl_attr_get_payload_len(attribute);

	memset(out, 0, size);
	memcpy(out, mnl_attr_get_payload(attribute), length < size ? length : size);
}

static uint32_t
number(const struct nlattr *attribute)
{
	uint32_t value;

	copy(attribute, &value, sizeof(value));
	return value;
}

static bool
is_text(const struct nlattr *attribute, const char *text, bool whole)
{
	size_t length = strlen(text);
	uint16_t got = mnl_attr_get_payload_len(attribute);
	const char *value = mnl_attr_get_payload(attribute);

	return got >= length && memcmp(value, text, length) == 0 &&
	       (!whole || got == length || value[length] == '\0');
}

/* --- interfaces -------------------------------------------------------------------------------- */

static void
read_kind(const struct nlattr *info, struct link_seen *out)
{
	const struct nlattr *attribute, *data = NULL;
	bool xfrm = false, vti = false;

	mnl_attr_for_each_nested(attribute, info)
	{
		switch (mnl_attr_get_type(attribute)) {
		case IFLA_INFO_KIND:
			xfrm = is_text(attribute, "xfrm", true);
			vti = is_text(attribute, "vti", true) || is_text(attribute, "vti6", true);
			break;
		case IFLA_INFO_DATA:
			data = attribute;
			break;
		}
	}
	if (data == NULL)
		return;
	mnl_attr_for_each_nested(attribute, data)
	{
		if (xfrm && mnl_attr_get_type(attribute) == IFLA_XFRM_IF_ID)
			out->tie_id = number(attribute);
		if (vti && mnl_attr_get_type(attribute) == IFLA_VTI_IKEY)
			out->tie_id = be32toh(number(attribute));
	}
}

bool
message_read_link(const struct nlmsghdr *message, struct link_seen *out)
{
	const struct ifinfomsg *header = mnl_nlmsg_get_payload(message);
	const struct nlattr *attribute;

	*out = (struct link_seen){0};
	if (message->nlmsg_type != RTM_NEWLINK || mnl_nlmsg_get_payload_len(message) < sizeof(*header))
		return false;
	out->ifindex = header->ifi_index;
	mnl_attr_for_each(attribute, message, sizeof(*header))
	{
		switch (mnl_attr_get_type(attribute)) {
		case IFLA_IFALIAS:
			out->ours = is_text(attribute, ALIAS, false);
			break;
		case IFLA_GROUP:
			out->group = number(attribute);
			break;
		case IFLA_LINKINFO:
			read_kind(attribute, out);
			break;
		}
	}
	return true;
}

bool
message_read_statistics(const struct nlmsghdr *message, struct rtnl_link_stats64 *out)
{
	const struct nlattr *attribute;

	if (message->nlmsg_type != RTM_NEWSTATS ||
	    mnl_nlmsg_get_payload_len(message) < sizeof(struct if_stats_msg))
		return false;
	mnl_attr_for_each(attribute, message, sizeof(struct if_stats_msg))
	{
		if (mnl_attr_get_type(attribute) != IFLA_STATS_LINK_64)
			continue;
		copy(attribute, out, sizeof(*out));
		return true;
	}
	return false;
}

bool
message_read_dropped(const struct nlmsghdr *message, uint64_t *out)
{
	const struct nlattr *attribute, *inner;
	struct gnet_stats_queue queue;

	if (message->nlmsg_type != RTM_NEWQDISC || mnl_nlmsg_get_payload_len(message) < sizeof(struct tcmsg))
		return false;
	mnl_attr_for_each(attribute, message, sizeof(struct tcmsg))
	{
		if (mnl_attr_get_type(attribute) != TCA_STATS2)
			continue;
		mnl_attr_for_each_nested(inner, attribute)
		{
			if (mnl_attr_get_type(inner) != TCA_STATS_QUEUE)
				continue;
			copy(inner, &queue, sizeof(queue));
			*out = queue.drops;
			return true;
		}
	}
	return false;
}

/* --- SAs and policies -------------------------------------------------------------------------- */

/* What ties one to its interface: XFRMA_IF_ID, or XFRMA_MARK. */
static void
read_interface(const struct nlattr *attribute, uint32_t *if_id, struct xfrm_mark *mark)
{
	if (mnl_attr_get_type(attribute) == XFRMA_IF_ID)
		*if_id = number(attribute);
	else
		copy(attribute, mark, sizeof(*mark));
}

bool
message_read_sa(const struct nlmsghdr *message, struct sa_seen *out)
{
	struct xfrm_usersa_info header;
	struct xfrm_replay_state_esn extended;
	struct xfrm_replay_state plain;
	const struct nlattr *attribute;

	*out = (struct sa_seen){0};
	if (message->nlmsg_type != XFRM_MSG_NEWSA || mnl_nlmsg_get_payload_len(message) < sizeof(header))
		return false;
	/* In a dump it stands at a multiple of 4, and has members of 8. */
	memcpy(&header, mnl_nlmsg_get_payload(message), sizeof(header));
	out->destination = header.id.daddr;
	out->spi = header.id.spi;
	out->protocol = header.id.proto;
	out->family = header.family;
	out->reqid = header.reqid;
	out->packets = header.curlft.packets;
	out->replayed = header.stats.replay + header.stats.replay_window;
	out->forged = header.stats.integrity_failed;
	mnl_attr_for_each(attribute, message, sizeof(header))
	{
		switch (mnl_attr_get_type(attribute)) {
		case XFRMA_IF_ID:
		case XFRMA_MARK:
			read_interface(attribute, &out->if_id, &out->mark);
			break;
		case XFRMA_REPLAY_VAL:
			copy(attribute, &plain, sizeof(plain));
			out->sequence = plain.seq;
			break;
		case XFRMA_REPLAY_ESN_VAL:
			copy(attribute, &extended, sizeof(extended));
			out->sequence = (uint64_t)extended.seq_hi << 32 | extended.seq;
			break;
		}
	}
	return true;
}

bool
message_read_policy(const struct nlmsghdr *message, struct policy_seen *out)
{
	struct xfrm_userpolicy_info header;
	struct xfrm_user_tmpl template;
	const struct nlattr *attribute;

	*out = (struct policy_seen){0};
	if (message->nlmsg_type != XFRM_MSG_NEWPOLICY || mnl_nlmsg_get_payload_len(message) < sizeof(header))
		return false;
	/* In a dump it stands at a multiple of 4, and has members of 8. */
	memcpy(&header, mnl_nlmsg_get_payload(message), sizeof(header));
	out->selector = header.sel;
	out->direction = header.dir;
	mnl_attr_for_each(attribute, message, sizeof(header))
	{
		switch (mnl_attr_get_type(attribute)) {
		case XFRMA_IF_ID:
		case XFRMA_MARK:
			read_interface(attribute, &out->if_id, &out->mark);
			break;
		case XFRMA_TMPL:
			copy(attribute, &template, sizeof(template));
			out->reqid = template.reqid;
			break;
		}
	}
	return true;
}

/* --- the machine's ----------------------------------------------------------------------------- */

static bool
begins(const char *line, const char *with, size_t length)
{
	return strlen(with) <= length && memcmp(line, with, strlen(with)) == 0;
}

void
machine_counters_read(const char *text, struct machine_counters *out)
{
	*out = (struct machine_counters){0};
	while (*text != '\0') {
		size_t line = strcspn(text, "\n"), name = strcspn(text, " \t\n");
		uint64_t value = name < line ? strtoull(text + name, NULL, 10) : 0;

		if (begins(text, "XfrmInNoStates", name))
			out->no_sa += value;
		else if (begins(text, "XfrmInNoPols", name) || begins(text, "XfrmInTmplMismatch", name) ||
			 begins(text, "XfrmInPolBlock", name))
			out->selector += value;
		else if (begins(text, "XfrmIn", name))
			out->other += value;
		text += line + (text[line] == '\n');
	}
}
