// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The MSS clamp: both ends of a TCP connection that is forwarded through a tunnel learn from its SYNs what
 * fits, also where ICMP is filtered. A table of nf_tables does it (nf_tables' netlink, linux/netfilter/
 * nf_tables.h; RFC 9293 3.7.1), for all interfaces of this plane by their device group:
 *
 *   meta l4proto tcp, tcp flags & (syn|rst) == syn, meta iifgroup G (another rule: oifgroup),
 *   tcp option maxseg size set rt mtu
 *
 * The kernel takes the smaller of the two directions' MTU, and makes no MSS larger. The table is owned by
 * this plane's socket (NFT_TABLE_F_OWNER, Linux 5.12): nobody else changes it, and it is gone with the
 * process however that ends.
 */
/* Before Linux's own of the same. */
#include <arpa/inet.h>
#include <netinet/in.h>

#include "plugins/dataplane_kernel/kernel.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CHAIN "forward"
#define PRIORITY (-150) /* nft's "mangle" */
#define TCP_FLAGS 13    /* where in the TCP header */
#define TCP_SYN_RST 0x06
#define TCP_SYN 0x02
#define OPTION_MSS 2 /* kind; its value is behind kind and length */
#define MESSAGES_BYTES 4096

struct script {
	_Alignas(uint64_t) uint8_t bytes[MESSAGES_BYTES];
	size_t used;
	char table[32];
};

static struct nlmsghdr *
begin(struct script *script, uint16_t type, uint16_t flags, uint8_t family, uint16_t resource)
{
	struct nlmsghdr *message =
	    netlink_message(script->bytes + script->used, type, flags, sizeof(struct nfgenmsg));
	struct nfgenmsg *header = mnl_nlmsg_get_payload(message);

	header->nfgen_family = family;
	header->version = NFNETLINK_V0;
	header->res_id = htons(resource);
	return message;
}

static struct nlmsghdr *
begin_object(struct script *script, uint16_t what, uint16_t flags)
{
	return begin(script, NFNL_SUBSYS_NFTABLES << 8 | what, flags, NFPROTO_INET, 0);
}

static void
end(struct script *script, const struct nlmsghdr *message)
{
	script->used += NLMSG_ALIGN(message->nlmsg_len);
}

static void
put_number(struct nlmsghdr *message, uint16_t type, uint32_t number)
{
	mnl_attr_put_u32(message, type, htonl(number));
}

/* --- expressions ------------------------------------------------------------------------------- */

struct expression {
	struct nlattr *element, *data;
};

static struct expression
open_expression(struct nlmsghdr *message, const char *name)
{
	struct expression out = {.element = mnl_attr_nest_start(message, NFTA_LIST_ELEM)};

	mnl_attr_put_strz(message, NFTA_EXPR_NAME, name);
	out.data = mnl_attr_nest_start(message, NFTA_EXPR_DATA);
	return out;
}

static void
close_expression(struct nlmsghdr *message, struct expression expression)
{
	mnl_attr_nest_end(message, expression.data);
	mnl_attr_nest_end(message, expression.element);
}

static void
put_value(struct nlmsghdr *message, uint16_t type, const void *value, size_t length)
{
	struct nlattr *data = mnl_attr_nest_start(message, type);

	mnl_attr_put(message, NFTA_DATA_VALUE, length, value);
	mnl_attr_nest_end(message, data);
}

static void
put_compare(struct nlmsghdr *message, const void *value, size_t length)
{
	struct expression expression = open_expression(message, "cmp");

	put_number(message, NFTA_CMP_SREG, NFT_REG_1);
	put_number(message, NFTA_CMP_OP, NFT_CMP_EQ);
	put_value(message, NFTA_CMP_DATA, value, length);
	close_expression(message, expression);
}

/* What the kernel knows of the packet equals a value of its own byte order. */
static void
put_meta(struct nlmsghdr *message, uint32_t key, const void *value, size_t length)
{
	struct expression expression = open_expression(message, "meta");

	put_number(message, NFTA_META_DREG, NFT_REG_1);
	put_number(message, NFTA_META_KEY, key);
	close_expression(message, expression);
	put_compare(message, value, length);
}

static void
put_is_syn(struct nlmsghdr *message)
{
	const uint8_t mask = TCP_SYN_RST, none = 0, syn = TCP_SYN;
	struct expression expression = open_expression(message, "payload");

	put_number(message, NFTA_PAYLOAD_DREG, NFT_REG_1);
	put_number(message, NFTA_PAYLOAD_BASE, NFT_PAYLOAD_TRANSPORT_HEADER);
	put_number(message, NFTA_PAYLOAD_OFFSET, TCP_FLAGS);
	put_number(message, NFTA_PAYLOAD_LEN, 1);
	close_expression(message, expression);
	expression = open_expression(message, "bitwise");
	put_number(message, NFTA_BITWISE_SREG, NFT_REG_1);
	put_number(message, NFTA_BITWISE_DREG, NFT_REG_1);
	put_number(message, NFTA_BITWISE_LEN, 1);
	put_value(message, NFTA_BITWISE_MASK, &mask, 1);
	put_value(message, NFTA_BITWISE_XOR, &none, 1);
	close_expression(message, expression);
	put_compare(message, &syn, 1);
}

static void
put_clamp(struct nlmsghdr *message)
{
	struct expression expression = open_expression(message, "rt");

	put_number(message, NFTA_RT_DREG, NFT_REG_1);
	put_number(message, NFTA_RT_KEY, NFT_RT_TCPMSS);
	close_expression(message, expression);
	expression = open_expression(message, "byteorder");
	put_number(message, NFTA_BYTEORDER_SREG, NFT_REG_1);
	put_number(message, NFTA_BYTEORDER_DREG, NFT_REG_1);
	put_number(message, NFTA_BYTEORDER_OP, NFT_BYTEORDER_HTON);
	put_number(message, NFTA_BYTEORDER_LEN, 2);
	put_number(message, NFTA_BYTEORDER_SIZE, 2);
	close_expression(message, expression);
	expression = open_expression(message, "exthdr");
	mnl_attr_put_u8(message, NFTA_EXTHDR_TYPE, OPTION_MSS);
	put_number(message, NFTA_EXTHDR_OFFSET, 2);
	put_number(message, NFTA_EXTHDR_LEN, 2);
	put_number(message, NFTA_EXTHDR_OP, NFT_EXTHDR_OP_TCPOPT);
	put_number(message, NFTA_EXTHDR_SREG, NFT_REG_1);
	close_expression(message, expression);
}

/* --- the table --------------------------------------------------------------------------------- */

static void
add_table(struct script *script)
{
	struct nlmsghdr *message = begin_object(script, NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_EXCL);

	mnl_attr_put_strz(message, NFTA_TABLE_NAME, script->table);
	put_number(message, NFTA_TABLE_FLAGS, NFT_TABLE_F_OWNER);
	end(script, message);
}

static void
add_chain(struct script *script)
{
	struct nlmsghdr *message = begin_object(script, NFT_MSG_NEWCHAIN, NLM_F_CREATE);
	struct nlattr *hook;

	mnl_attr_put_strz(message, NFTA_CHAIN_TABLE, script->table);
	mnl_attr_put_strz(message, NFTA_CHAIN_NAME, CHAIN);
	mnl_attr_put_strz(message, NFTA_CHAIN_TYPE, "filter");
	put_number(message, NFTA_CHAIN_POLICY, NF_ACCEPT);
	hook = mnl_attr_nest_start(message, NFTA_CHAIN_HOOK);
	put_number(message, NFTA_HOOK_HOOKNUM, NF_INET_FORWARD);
	put_number(message, NFTA_HOOK_PRIORITY, (uint32_t)PRIORITY);
	mnl_attr_nest_end(message, hook);
	end(script, message);
}

/* `key`: whose group it is. */
static struct nlmsghdr *
add_rule(struct script *script, uint32_t key, uint32_t group)
{
	struct nlmsghdr *message = begin_object(script, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
	const uint8_t tcp = IPPROTO_TCP;
	struct nlattr *expressions;

	mnl_attr_put_strz(message, NFTA_RULE_TABLE, script->table);
	mnl_attr_put_strz(message, NFTA_RULE_CHAIN, CHAIN);
	expressions = mnl_attr_nest_start(message, NFTA_RULE_EXPRESSIONS);
	put_meta(message, NFT_META_L4PROTO, &tcp, 1);
	put_is_syn(message);
	put_meta(message, key, &group, sizeof(group));
	put_clamp(message);
	mnl_attr_nest_end(message, expressions);
	end(script, message);
	return message;
}

bool
clamp_open(struct netlink *netfilter, uint32_t group, struct error *err)
{
	struct script script = {.used = 0};
	struct nlmsghdr *last;
	int result;

	if (group == 0)
		return error_set(err, "the interfaces have no group of their own");
	if (!netlink_open(netfilter, NETLINK_NETFILTER, err))
		return false;
	snprintf(script.table, sizeof(script.table), "twinspan-%ld", (long)getpid());
	end(&script, begin(&script, NFNL_MSG_BATCH_BEGIN, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES));
	add_table(&script);
	add_chain(&script);
	add_rule(&script, NFT_META_IIFGROUP, group);
	last = add_rule(&script, NFT_META_OIFGROUP, group);
	end(&script, begin(&script, NFNL_MSG_BATCH_END, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES));
	result = netlink_transaction(netfilter, script.bytes, script.used, last);
	if (result == 0)
		return true;
	netlink_close(netfilter);
	return error_set(err, "nf_tables (Linux 5.12): %s%s%s", strerror(-result),
			 netfilter->reason.text[0] != '\0' ? ": " : "", netfilter->reason.text);
}
