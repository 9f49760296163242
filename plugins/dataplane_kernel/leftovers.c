// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Removing what is ours in the kernel, and nothing else. A gateway that was killed leaves its interfaces, and
 * SAs and policies that go on carrying packets until the SAs' hard lifetime. The next start collects from
 * dumps what it knows as its own, then removes each by name.
 *
 * Ours is an interface with our alias; SAs and policies that are tied to such an interface; and those whose
 * if_id (or mark) is interface_ids + N while their reqid is N, as only this gateway's are: its interface may
 * be gone.
 */
#include "plugins/dataplane_kernel/kernel.h"

#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"

struct list {
	void *items;
	size_t count, size; /* of an item, bytes */
};

static void
list_add(struct list *list, const void *item)
{
	/* Grows by doubling: at each power of two. */
	if ((list->count & (list->count - 1)) == 0)
		list->items =
		    memory_resize(list->items, (list->count != 0 ? list->count * 2 : 1) * list->size);
	memcpy((uint8_t *)list->items + list->count++ * list->size, item, list->size);
}

/* What an SA or a policy is asked. */
struct claim {
	const struct tie *ties; /* interfaces of ours */
	size_t tie_count;
	uint32_t reqid;         /* and only with this one, or none; 0: any */
	uint32_t interface_ids; /* or those of this range with the reqid that goes with it; 0: no */
};

static bool
is_tied(const struct tie *tie, uint32_t if_id, const struct xfrm_mark *mark)
{
	return tie->mark ? if_id == 0 && mark->v == tie->id && mark->m == UINT32_MAX : if_id == tie->id;
}

static bool
is_claimed(const struct claim *claim, uint32_t if_id, const struct xfrm_mark *mark, uint32_t reqid)
{
	uint32_t id = if_id != 0 ? if_id : mark->m == UINT32_MAX ? mark->v : 0;

	if (id == 0)
		return false;
	if (claim->interface_ids != 0 && reqid != 0 && reqid < TUNNEL_SLOTS &&
	    id == claim->interface_ids + reqid)
		return true;
	if (claim->reqid != 0 && reqid != 0 && reqid != claim->reqid)
		return false;
	for (size_t i = 0; i < claim->tie_count; i++)
		if (is_tied(&claim->ties[i], if_id, mark))
			return true;
	return false;
}

struct search {
	const struct claim *claim;
	struct list found;
};

static void
sa_visit(void *context, const struct nlmsghdr *message)
{
	struct search *search = context;
	struct sa_seen sa;

	if (message_read_sa(message, &sa) && is_claimed(search->claim, sa.if_id, &sa.mark, sa.reqid))
		list_add(&search->found, &sa);
}

static void
policy_visit(void *context, const struct nlmsghdr *message)
{
	struct search *search = context;
	struct policy_seen policy;

	if (message_read_policy(message, &policy) &&
	    is_claimed(search->claim, policy.if_id, &policy.mark, policy.reqid))
		list_add(&search->found, &policy);
}

static void
put_tie(struct nlmsghdr *message, uint32_t if_id, const struct xfrm_mark *mark)
{
	if (if_id != 0)
		mnl_attr_put_u32(message, XFRMA_IF_ID, if_id);
	if (mark->m != 0)
		mnl_attr_put(message, XFRMA_MARK, sizeof(*mark), mark);
}

static void
remove_sa(struct netlink *xfrm, const struct sa_seen *sa)
{
	_Alignas(uint64_t) uint8_t buffer[REQUEST_BYTES];
	struct nlmsghdr *message = netlink_message(buffer, XFRM_MSG_DELSA, 0, sizeof(struct xfrm_usersa_id));
	struct xfrm_usersa_id *id = mnl_nlmsg_get_payload(message);

	id->daddr = sa->destination;
	id->spi = sa->spi;
	id->family = sa->family;
	id->proto = sa->protocol;
	put_tie(message, sa->if_id, &sa->mark);
	netlink_request(xfrm, message);
}

static int
remove_policy(struct netlink *xfrm, const struct policy_seen *policy)
{
	_Alignas(uint64_t) uint8_t buffer[REQUEST_BYTES];
	struct nlmsghdr *message =
	    netlink_message(buffer, XFRM_MSG_DELPOLICY, 0, sizeof(struct xfrm_userpolicy_id));
	struct xfrm_userpolicy_id *id = mnl_nlmsg_get_payload(message);

	id->sel = policy->selector;
	id->dir = policy->direction;
	put_tie(message, policy->if_id, &policy->mark);
	return netlink_request(xfrm, message);
}

static void
clear(struct netlink *xfrm, const struct claim *claim)
{
	_Alignas(uint64_t) uint8_t buffer[REQUEST_BYTES];
	struct search policies = {.claim = claim, .found.size = sizeof(struct policy_seen)};
	struct search sas = {.claim = claim, .found.size = sizeof(struct sa_seen)};

	/* Policies first: no packet may ask IKE for an SA that has just gone. */
	netlink_dump(xfrm, netlink_message(buffer, XFRM_MSG_GETPOLICY, 0, sizeof(struct xfrm_userpolicy_id)),
		     policy_visit, &policies);
	for (size_t i = 0; i < policies.found.count; i++)
		remove_policy(xfrm, (struct policy_seen *)policies.found.items + i);
	netlink_dump(xfrm, netlink_message(buffer, XFRM_MSG_GETSA, 0, sizeof(struct xfrm_usersa_id)),
		     sa_visit, &sas);
	for (size_t i = 0; i < sas.found.count; i++)
		remove_sa(xfrm, (struct sa_seen *)sas.found.items + i);
	free(policies.found.items);
	free(sas.found.items);
}

void
tie_clear(struct netlink *xfrm, const struct tie *tie, uint32_t reqid)
{
	clear(xfrm, &(struct claim){.ties = tie, .tie_count = 1, .reqid = reqid});
}

/* --- refusing policies ------------------------------------------------------------------------- */

/* Half of a family's addresses: the kernel tells policies apart by their selectors, and all of them
 * (0.0.0.0/0) is charon's. */
static struct xfrm_selector
half_of(uint16_t family, bool upper)
{
	struct xfrm_selector half = {.family = family, .prefixlen_d = 1};

	((uint8_t *)&half.daddr)[0] = upper ? 0x80 : 0;
	return half;
}

/* Before all others: priority 0. */
static int
block(struct netlink *xfrm, const struct policy_seen *policy)
{
	_Alignas(uint64_t) uint8_t buffer[REQUEST_BYTES];
	struct nlmsghdr *message =
	    netlink_message(buffer, XFRM_MSG_UPDPOLICY, 0, sizeof(struct xfrm_userpolicy_info));
	struct xfrm_userpolicy_info *info = mnl_nlmsg_get_payload(message);

	info->sel = policy->selector;
	info->dir = policy->direction;
	info->action = XFRM_POLICY_BLOCK;
	info->lft.soft_byte_limit = info->lft.hard_byte_limit = XFRM_INF;
	info->lft.soft_packet_limit = info->lft.hard_packet_limit = XFRM_INF;
	put_tie(message, policy->if_id, &policy->mark);
	return netlink_request(xfrm, message);
}

int
tie_block(struct netlink *xfrm, const struct tie *tie, bool blocked)
{
	static const uint16_t families[] = {AF_INET, AF_INET6};
	static const uint8_t directions[] = {XFRM_POLICY_IN, XFRM_POLICY_FWD};
	int result = 0;

	for (unsigned i = 0; i < 8 && (result == 0 || !blocked); i++) {
		struct policy_seen policy = {.selector = half_of(families[i / 4], i % 2 != 0),
					     .direction = directions[i / 2 % 2]};

		if (tie->mark)
			policy.mark = (struct xfrm_mark){.v = tie->id, .m = UINT32_MAX};
		else
			policy.if_id = tie->id;
		result = blocked ? block(xfrm, &policy) : remove_policy(xfrm, &policy);
	}
	return result;
}

/* --- at the start ------------------------------------------------------------------------------ */

static void
link_visit(void *context, const struct nlmsghdr *message)
{
	struct link_seen link;

	if (message_read_link(message, &link))
		list_add(context, &link);
}

/* A group of which all are ours goes at once. */
static bool
group_is_ours(const struct list *links, uint32_t group)
{
	const struct link_seen *link = links->items;

	for (size_t i = 0; i < links->count; i++)
		if (link[i].group == group && !link[i].ours)
			return false;
	return group != 0;
}

static void
remove_links(struct netlink *route, struct list *links)
{
	struct link_seen *link = links->items;

	for (size_t i = 0; i < links->count; i++) {
		if (!link[i].ours)
			continue;
		if (!group_is_ours(links, link[i].group)) {
			link_remove(route, link[i].ifindex);
			continue;
		}
		link_remove_group(route, link[i].group);
		for (size_t k = i + 1; k < links->count; k++)
			if (link[k].group == link[i].group)
				link[k].ours = false; /* done */
	}
}

unsigned
leftovers_clear(struct netlink *route, struct netlink *xfrm, uint32_t interface_ids)
{
	_Alignas(uint64_t) uint8_t buffer[REQUEST_BYTES];
	struct list links = {.size = sizeof(struct link_seen)}, ties = {.size = sizeof(struct tie)};
	unsigned count = 0;

	netlink_dump(route, netlink_message(buffer, RTM_GETLINK, 0, sizeof(struct ifinfomsg)), link_visit,
		     &links);
	for (size_t i = 0; i < links.count; i++) {
		const struct link_seen *link = (struct link_seen *)links.items + i;

		if (!link->ours)
			continue;
		count++;
		if (link->tie_id != 0) {
			list_add(&ties, &(struct tie){.id = link->tie_id, .mark = false});
			list_add(&ties, &(struct tie){.id = link->tie_id, .mark = true});
		}
	}
	clear(xfrm,
	      &(struct claim){.ties = ties.items, .tie_count = ties.count, .interface_ids = interface_ids});
	remove_links(route, &links);
	free(links.items);
	free(ties.items);
	return count;
}
