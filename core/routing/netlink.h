// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * RTNETLINK as this room uses it: one socket for requests, batches of requests, dumps. The kernel works a
 * request off within sendmsg(), so its answers are there when that returns; only errors and the last message
 * of a batch are answered (NLM_F_ACK on that one alone), which makes a batch of routes about as cheap as
 * netlink can be. Used in this room only.
 */
#ifndef TWINSPAN_ROUTING_NETLINK_H
#define TWINSPAN_ROUTING_NETLINK_H

#include <libmnl/libmnl.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/address.h"
#include "core/base/error.h"

#define NETLINK_BATCH 256   /* messages */
#define NETLINK_MESSAGE 512 /* bytes that one message of ours may need */

struct netlink {
	int fd;
	uint32_t port, sequence;
	struct error reason; /* the kernel's own words for the last error, or empty */
};

bool netlink_open(struct netlink *netlink, struct error *err);
void netlink_close(struct netlink *netlink);

/** A new message at `buffer` (NETLINK_MESSAGE bytes) with its family header of `header` zeroed bytes. */
struct nlmsghdr *netlink_message(void *buffer, uint16_t type, uint16_t flags, size_t header);
/** Sends one request and waits for its answer: 0 or a negative errno. Adds NLM_F_REQUEST | NLM_F_ACK. */
int netlink_request(struct netlink *netlink, struct nlmsghdr *message);
/** The same, with what comes before the answer (the object asked for) handed to `visit`. */
int netlink_ask(struct netlink *netlink, struct nlmsghdr *message,
		void (*visit)(void *context, const struct nlmsghdr *message), void *context);
/** Sends a dump request and hands each message to `visit`. 0 or a negative errno. */
int netlink_dump(struct netlink *netlink, struct nlmsghdr *message,
		 void (*visit)(void *context, const struct nlmsghdr *message), void *context);

struct netlink_batch {
	struct netlink *netlink;
	size_t used;
	unsigned count;
	_Alignas(NLMSG_ALIGNTO) uint8_t bytes[NETLINK_BATCH * NETLINK_MESSAGE / 4];
};

void netlink_batch_start(struct netlink_batch *batch, struct netlink *netlink);
/** Where the next message goes; NULL: full, send first. After building it call netlink_batch_add. */
void *netlink_batch_room(struct netlink_batch *batch);
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
uint32_t netlink_u32(const struct nlattr *attribute, uint32_t otherwise);
/** Reads an address of the family; false where the length is wrong. */
bool netlink_address(const struct nlattr *attribute, uint8_t family, struct ip_address *out);

#endif
