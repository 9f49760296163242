// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Netlink (netlink(7)): one socket for requests, batches of requests, dumps. The kernel works a request off
 * within sendmsg(), so its answers are there when that returns, and nothing here waits for anything else;
 * only errors and the last message of a batch are answered (NLM_F_ACK on that one alone), which makes a batch
 * of routes about as cheap as netlink can be. A library of its own beside libbase: it needs libmnl.
 */
#ifndef TWINSPAN_BASE_NETLINK_H
#define TWINSPAN_BASE_NETLINK_H

#include <libmnl/libmnl.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/address.h"
#include "core/base/error.h"

#define NETLINK_BATCH 2048  /* messages */
#define NETLINK_MESSAGE 512 /* bytes that one message of ours may need */

struct netlink {
	int fd;
	uint32_t port, sequence;
	struct error reason; /* the kernel's own words for the last error, or empty */
};

/** What comes before the end of an answer; the message is borrowed. */
typedef void netlink_visit(void *context, const struct nlmsghdr *message);

/** `protocol`: NETLINK_ROUTE, NETLINK_XFRM or NETLINK_NETFILTER. */
bool netlink_open(struct netlink *netlink, int protocol, struct error *err);
/** Nothing where `fd` is negative. */
void netlink_close(struct netlink *netlink);
/** What is `left` of a datagram begins with a whole message, what fills it up to NLMSG_ALIGNTO included:
 * libmnl reads attributes until there, and mnl_nlmsg_ok() neither asks for it nor takes lengths for unsigned.
 */
bool netlink_is_whole(const struct nlmsghdr *message, int left);

/** A new message at `buffer` (with room for all of it, aligned to NLMSG_ALIGNTO) with its family header of
 * `header` zeroed bytes. */
struct nlmsghdr *netlink_message(void *buffer, uint16_t type, uint16_t flags, size_t header);
/** Sends one request and waits for its answer: 0 or a negative errno. Adds NLM_F_REQUEST | NLM_F_ACK. */
int netlink_request(struct netlink *netlink, struct nlmsghdr *message);
/** The same, with what comes before the answer (the object asked for) handed to `visit` (may be NULL). */
int netlink_ask(struct netlink *netlink, struct nlmsghdr *message, netlink_visit *visit, void *context);
/** Sends a dump request and hands each message to `visit`. 0 or a negative errno. */
int netlink_dump(struct netlink *netlink, struct nlmsghdr *message, netlink_visit *visit, void *context);

/** A new message about the interface `index` (0: none yet, or many), with its struct ifinfomsg. */
struct nlmsghdr *netlink_link(void *buffer, uint16_t type, uint16_t flags, int index);
/** The interface, which has to be down yet, comes up without an IPv6 link-local address. A kernel without
 * IPv6 refuses, and all is well. */
void netlink_no_link_local(struct netlink *route, int index);

/**
 * Sends `length` bytes of messages that the kernel takes all or not at all (nfnetlink's batches, from
 * NFNL_MSG_BATCH_BEGIN to NFNL_MSG_BATCH_END); `last` is the last one before the end's. 0 or the first
 * negative errno.
 */
int netlink_transaction(struct netlink *netlink, void *messages, size_t length, struct nlmsghdr *last);

struct netlink_batch {
	struct netlink *netlink;
	size_t used;
	unsigned count;
	_Alignas(NLMSG_ALIGNTO) uint8_t bytes[NETLINK_BATCH * NETLINK_MESSAGE / 4];
};

/** Begins, or begins anew, with an empty batch; `netlink` is borrowed. */
void netlink_batch_start(struct netlink_batch *batch, struct netlink *netlink);
/** Where the next message goes; NULL: full, send first. After building it call netlink_batch_add. */
void *netlink_batch_room(struct netlink_batch *batch);
/** Takes in what was built in netlink_batch_room(). */
void netlink_batch_add(struct netlink_batch *batch, struct nlmsghdr *message);
/**
 * Sends all. `failed` is told the index and negative errno of each message that the kernel refused. False
 * where answers were lost, so that nobody knows what the kernel did with which.
 */
bool netlink_batch_send(struct netlink_batch *batch, void (*failed)(void *context, unsigned index, int error),
			void *context);

/** Attributes of a message as an array by type; `header` bytes of family header before them. */
void netlink_attributes(const struct nlmsghdr *message, size_t header, const struct nlattr **attributes,
			unsigned most);
/** A number in host order; `otherwise` where the attribute is not there or too short. */
uint32_t netlink_u32(const struct nlattr *attribute, uint32_t otherwise);
/** Reads an address of the family; false where the length is wrong. */
bool netlink_address(const struct nlattr *attribute, uint8_t family, struct ip_address *out);

#endif
