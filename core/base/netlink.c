// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Netlink requests, batches and dumps; see netlink.h. Sources: netlink(7), rtnetlink(7),
 * Documentation/userspace-api/netlink.
 */
#include "core/base/netlink.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define RECEIVE_BYTES 65536
#define ROOM_FOR_ANSWERS (4 << 20)

bool
netlink_open(struct netlink *netlink, int protocol, struct error *err)
{
	struct sockaddr_nl address = {.nl_family = AF_NETLINK};
	socklen_t length = sizeof(address);
	struct timeval limit = {.tv_sec = 2};
	int on = 1, room = ROOM_FOR_ANSWERS;

	*netlink = (struct netlink){.fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol)};
	if (netlink->fd < 0)
		return error_set(err, "can't open a netlink socket: %s", strerror(errno));
	if (bind(netlink->fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    getsockname(netlink->fd, (struct sockaddr *)&address, &length) < 0) {
		error_set(err, "can't bind a netlink socket: %s", strerror(errno));
		netlink_close(netlink);
		return false;
	}
	netlink->port = address.nl_pid;
	/* All of these only make things better; older kernels may lack some. */
	if (setsockopt(netlink->fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) < 0)
		setsockopt(netlink->fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	setsockopt(netlink->fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	setsockopt(netlink->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(netlink->fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
	setsockopt(netlink->fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
	setsockopt(netlink->fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof(on));
	return true;
}

void
netlink_close(struct netlink *netlink)
{
	if (netlink->fd >= 0)
		close(netlink->fd);
	netlink->fd = -1;
}

bool
netlink_is_whole(const struct nlmsghdr *message, int left)
{
	return left >= (int)sizeof(*message) && message->nlmsg_len >= sizeof(*message) &&
	       message->nlmsg_len <= (uint32_t)left && MNL_ALIGN(message->nlmsg_len) <= (uint32_t)left;
}

struct nlmsghdr *
netlink_message(void *buffer, uint16_t type, uint16_t flags, size_t header)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);

	message->nlmsg_type = type;
	message->nlmsg_flags = NLM_F_REQUEST | flags;
	mnl_nlmsg_put_extra_header(message, header);
	return message;
}

struct nlmsghdr *
netlink_link(void *buffer, uint16_t type, uint16_t flags, int index)
{
	struct nlmsghdr *message = netlink_message(buffer, type, flags, sizeof(struct ifinfomsg));

	((struct ifinfomsg *)mnl_nlmsg_get_payload(message))->ifi_index = index;
	return message;
}

void
netlink_no_link_local(struct netlink *route, int index)
{
	_Alignas(NLMSG_ALIGNTO) uint8_t buffer[NETLINK_MESSAGE];
	struct nlmsghdr *message = netlink_link(buffer, RTM_NEWLINK, 0, index);
	struct nlattr *families = mnl_attr_nest_start(message, IFLA_AF_SPEC);
	struct nlattr *inet6 = mnl_attr_nest_start(message, AF_INET6);

	mnl_attr_put_u8(message, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
	mnl_attr_nest_end(message, inet6);
	mnl_attr_nest_end(message, families);
	netlink_request(route, message);
}

static bool
send_bytes(struct netlink *netlink, const void *bytes, size_t length)
{
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	ssize_t sent;

	do
		sent = sendto(netlink->fd, bytes, length, 0, (struct sockaddr *)&kernel, sizeof(kernel));
	while (sent < 0 && errno == EINTR);
	return sent == (ssize_t)length;
}

/* One datagram from the kernel (others are dropped); its length or a negative errno. */
static ssize_t
receive_bytes(struct netlink *netlink, void *bytes, size_t size)
{
	for (;;) {
		struct sockaddr_nl from;
		struct iovec part = {.iov_base = bytes, .iov_len = size};
		struct msghdr header = {
		    .msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &part, .msg_iovlen = 1};
		ssize_t got = recvmsg(netlink->fd, &header, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (header.msg_flags & MSG_TRUNC)
			return -EMSGSIZE;
		if (from.nl_pid == 0)
			return got;
	}
}

/* The error number of an NLMSG_ERROR, and the kernel's text beside it (NLMSGERR_ATTR_MSG). */
static int
read_answer(struct netlink *netlink, const struct nlmsghdr *message)
{
	const struct nlmsgerr *answer = mnl_nlmsg_get_payload(message);
	size_t offset = sizeof(*answer);
	const struct nlattr *attribute;

	if (mnl_nlmsg_get_payload_len(message) < sizeof(*answer))
		return -EPROTO;
	if (answer->error == 0)
		return 0;
	netlink->reason.text[0] = '\0';
	if (!(message->nlmsg_flags & NLM_F_ACK_TLVS))
		return answer->error;
	if (!(message->nlmsg_flags & NLM_F_CAPPED))
		offset += answer->msg.nlmsg_len - sizeof(answer->msg);
	mnl_attr_for_each(attribute, message,
			  offset) if (mnl_attr_get_type(attribute) == NLMSGERR_ATTR_MSG &&
				      mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING) >= 0)
	    error_set(&netlink->reason, "%s", mnl_attr_get_str(attribute));
	return answer->error;
}

int
netlink_request(struct netlink *netlink, struct nlmsghdr *message)
{
	return netlink_ask(netlink, message, NULL, NULL);
}

int
netlink_ask(struct netlink *netlink, struct nlmsghdr *message, netlink_visit *visit, void *context)
{
	_Alignas(NLMSG_ALIGNTO) uint8_t bytes[8192];

	message->nlmsg_flags |= NLM_F_ACK;
	message->nlmsg_seq = ++netlink->sequence;
	if (!send_bytes(netlink, message, message->nlmsg_len))
		return -errno;
	for (;;) {
		ssize_t got = receive_bytes(netlink, bytes, sizeof(bytes));
		int left = (int)got;

		if (got < 0)
			return (int)got;
		for (const struct nlmsghdr *at = (const void *)bytes; netlink_is_whole(at, left);
		     at = mnl_nlmsg_next(at, &left)) {
			if (at->nlmsg_seq != netlink->sequence)
				continue;
			if (at->nlmsg_type == NLMSG_ERROR)
				return read_answer(netlink, at);
			if (visit != NULL)
				visit(context, at);
		}
	}
}

int
netlink_dump(struct netlink *netlink, struct nlmsghdr *message, netlink_visit *visit, void *context)
{
	uint8_t *bytes = malloc(RECEIVE_BYTES);
	int result = bytes != NULL ? 1 : -ENOMEM;

	message->nlmsg_flags |= NLM_F_DUMP;
	message->nlmsg_seq = ++netlink->sequence;
	if (bytes != NULL && !send_bytes(netlink, message, message->nlmsg_len))
		result = -errno;
	while (result > 0) {
		ssize_t got = receive_bytes(netlink, bytes, RECEIVE_BYTES);
		int left = (int)got;

		if (got < 0) {
			result = (int)got;
			break;
		}
		for (const struct nlmsghdr *at = (const void *)bytes;
		     result > 0 && netlink_is_whole(at, left); at = mnl_nlmsg_next(at, &left)) {
			if (at->nlmsg_seq != netlink->sequence)
				continue;
			if (at->nlmsg_type == NLMSG_DONE)
				result = 0;
			else if (at->nlmsg_type == NLMSG_ERROR)
				result = read_answer(netlink, at);
			else
				visit(context, at);
		}
	}
	free(bytes);
	return result;
}

/* Numbers messages, and returns the number of the first. */
static uint32_t
number_messages(struct netlink *netlink, void *messages, size_t length)
{
	uint32_t first = netlink->sequence + 1;
	struct nlmsghdr *message;

	for (size_t at = 0; at < length; at += NLMSG_ALIGN(message->nlmsg_len)) {
		message = (struct nlmsghdr *)((uint8_t *)messages + at);
		message->nlmsg_seq = ++netlink->sequence;
	}
	return first;
}

int
netlink_transaction(struct netlink *netlink, void *messages, size_t length, struct nlmsghdr *last)
{
	_Alignas(NLMSG_ALIGNTO) uint8_t bytes[8192];
	uint32_t first = number_messages(netlink, messages, length);
	int result = 0;

	last->nlmsg_flags |= NLM_F_ACK;
	if (!send_bytes(netlink, messages, length))
		return -errno;
	for (;;) {
		ssize_t got = receive_bytes(netlink, bytes, sizeof(bytes));
		int left = (int)got;

		if (got < 0)
			return result != 0 ? result : (int)got;
		for (const struct nlmsghdr *at = (const void *)bytes; netlink_is_whole(at, left);
		     at = mnl_nlmsg_next(at, &left)) {
			int error;

			if (at->nlmsg_type != NLMSG_ERROR ||
			    at->nlmsg_seq - first >= netlink->sequence - first)
				continue;
			error = read_answer(netlink, at);
			result = result != 0 ? result : error;
			/* Without nf_tables the beginning is refused, and nothing else is looked at. */
			if (at->nlmsg_seq == last->nlmsg_seq || (error != 0 && at->nlmsg_seq == first))
				return result;
		}
	}
}

void
netlink_batch_start(struct netlink_batch *batch, struct netlink *netlink)
{
	batch->netlink = netlink;
	batch->used = 0;
	batch->count = 0;
}

void *
netlink_batch_room(struct netlink_batch *batch)
{
	if (batch->count == NETLINK_BATCH || batch->used + NETLINK_MESSAGE > sizeof(batch->bytes))
		return NULL;
	return batch->bytes + batch->used;
}

void
netlink_batch_add(struct netlink_batch *batch, struct nlmsghdr *message)
{
	batch->count++;
	batch->used += NLMSG_ALIGN(message->nlmsg_len);
}

bool
netlink_batch_send(struct netlink_batch *batch, void (*failed)(void *context, unsigned index, int error),
		   void *context)
{
	_Alignas(NLMSG_ALIGNTO) uint8_t bytes[8192];
	struct netlink *netlink = batch->netlink;
	struct nlmsghdr *last = (void *)batch->bytes;
	uint32_t first = netlink->sequence + 1;
	bool done = false;

	if (batch->count == 0)
		return true;
	last->nlmsg_seq = first;
	for (unsigned i = 1; i < batch->count; i++) {
		last = (void *)((uint8_t *)last + NLMSG_ALIGN(last->nlmsg_len));
		last->nlmsg_seq = first + i;
	}
	last->nlmsg_flags |= NLM_F_ACK;
	netlink->sequence = last->nlmsg_seq;
	if (!send_bytes(netlink, batch->bytes, batch->used))
		return false;
	while (!done) {
		ssize_t got = receive_bytes(netlink, bytes, sizeof(bytes));
		int left = (int)got;

		if (got < 0)
			return false;
		for (const struct nlmsghdr *at = (const void *)bytes; netlink_is_whole(at, left);
		     at = mnl_nlmsg_next(at, &left)) {
			uint32_t index = at->nlmsg_seq - first;
			int error;

			if (at->nlmsg_type != NLMSG_ERROR || index >= batch->count)
				continue;
			error = read_answer(netlink, at);
			if (error != 0)
				failed(context, index, error);
			done = done || index == batch->count - 1;
		}
	}
	return true;
}

void
netlink_attributes(const struct nlmsghdr *message, size_t header, const struct nlattr **attributes,
		   unsigned most)
{
	const struct nlattr *attribute;

	memset(attributes, 0, (most + 1) * sizeof(*attributes));
	mnl_attr_for_each(attribute, message, (unsigned)header) if (mnl_attr_get_type(attribute) <= most)
	    attributes[mnl_attr_get_type(attribute)] = attribute;
}

uint32_t
netlink_u32(const struct nlattr *attribute, uint32_t otherwise)
{
	return attribute != NULL && mnl_attr_get_payload_len(attribute) >= 4 ? mnl_attr_get_u32(attribute)
									     : otherwise;
}

bool
netlink_address(const struct nlattr *attribute, uint8_t family, struct ip_address *out)
{
	unsigned bytes = ip_family_bytes(family);

	*out = (struct ip_address){0};
	if (attribute == NULL || bytes == 0 || mnl_attr_get_payload_len(attribute) != bytes)
		return false;
	out->family = family;
	memcpy(out->bytes, mnl_attr_get_payload(attribute), bytes);
	return true;
}
