// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What this kernel has, by trying: an SA that nobody can use, an interface that is never set up; both go at
 * once. The kernel loads its modules by itself where it may.
 */
#include "plugins/dataplane_kernel/kernel.h"

#include <errno.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define CIPHER "rfc4106(gcm(aes))"
#define KEY_BYTES 20 /* AES-128 and its salt */
#define IKE_PORT 500
#define NATT_PORT 4500

static uint32_t
any_number(void)
{
	uint32_t value;

	/* Above all SPIs that are reserved and all ids that anybody would choose. */
	return getrandom(&value, sizeof(value), 0) == (ssize_t)sizeof(value) ? value | 1u << 31 : 1u << 31;
}

/* An SA of the loopback address, with a random key that nobody has. 0 or a negative errno. */
static int
try_sa(struct netlink *xfrm)
{
	_Alignas(uint64_t) uint8_t buffer[REQUEST_BYTES];
	_Alignas(struct xfrm_algo_aead) uint8_t cipher[sizeof(struct xfrm_algo_aead) + KEY_BYTES] = {0};
	struct xfrm_algo_aead *head = (struct xfrm_algo_aead *)cipher; /* the key follows it */
	struct nlmsghdr *message =
	    netlink_message(buffer, XFRM_MSG_NEWSA, 0, sizeof(struct xfrm_usersa_info));
	struct xfrm_usersa_info *info = mnl_nlmsg_get_payload(message);
	struct xfrm_usersa_id *id;
	uint32_t spi = any_number(), loopback = htobe32(0x7f000001);
	int result;

	if (getrandom(cipher + sizeof(*head), KEY_BYTES, 0) != KEY_BYTES)
		return -EIO;
	snprintf(head->alg_name, sizeof(head->alg_name), "%s", CIPHER);
	head->alg_key_len = KEY_BYTES * 8;
	head->alg_icv_len = 128;
	info->id = (struct xfrm_id){.daddr.a4 = loopback, .spi = htobe32(spi), .proto = IPPROTO_ESP};
	info->saddr.a4 = loopback;
	info->family = info->sel.family = AF_INET;
	info->mode = XFRM_MODE_TUNNEL;
	info->lft.soft_byte_limit = info->lft.hard_byte_limit = XFRM_INF;
	info->lft.soft_packet_limit = info->lft.hard_packet_limit = XFRM_INF;
	mnl_attr_put(message, XFRMA_ALG_AEAD, sizeof(cipher), cipher);
	result = netlink_request(xfrm, message);
	explicit_bzero(cipher, sizeof(cipher));
	explicit_bzero(buffer, sizeof(buffer));
	if (result != 0)
		return result;
	message = netlink_message(buffer, XFRM_MSG_DELSA, 0, sizeof(struct xfrm_usersa_id));
	id = mnl_nlmsg_get_payload(message);
	*id = (struct xfrm_usersa_id){
	    .daddr.a4 = loopback, .spi = htobe32(spi), .family = AF_INET, .proto = IPPROTO_ESP};
	return netlink_request(xfrm, message);
}

static int
try_link(struct netlink *route, const char *kind)
{
	char name[IFNAMSIZ];
	/* A VTI without addresses is the kernel's own. */
	struct link_wish wish = {
	    .name = name,
	    .kind = kind,
	    .tie_id = any_number(),
	    .local = ip_address_v4(0x7f000001),
	    .remote = ip_address_v4(0x7f000002),
	};
	int result;

	snprintf(name, sizeof(name), "tsp%d", (int)getpid());
	result = link_create(route, &wish);
	if (result != 0)
		return result;
	return link_remove(route, (int)if_nametoindex(name));
}

static bool
probe_sa(struct error *why)
{
	struct netlink xfrm;
	int result;

	if (!netlink_open(&xfrm, NETLINK_XFRM, why))
		return error_prefix(why, "the kernel has no IPsec (XFRM)");
	result = try_sa(&xfrm);
	netlink_close(&xfrm);
	if (result == -EPERM)
		return error_set(why, "the gateway lacks CAP_NET_ADMIN for the kernel's IPsec");
	if (result != 0)
		return error_set(why, "the kernel has no ESP with AES-GCM (modprobe esp4 loads it): %s",
				 strerror(-result));
	return true;
}

enum dataplane_fit
kernel_probe(bool *vti, struct error *why)
{
	struct netlink route;
	int xfrm_result, vti_result;

	if (vti != NULL)
		*vti = false;
	if (!probe_sa(why))
		return DATAPLANE_UNFIT;
	if (!netlink_open(&route, NETLINK_ROUTE, why))
		return DATAPLANE_UNFIT;
	xfrm_result = try_link(&route, "xfrm");
	vti_result = xfrm_result != 0 ? try_link(&route, "vti") : 0;
	netlink_close(&route);
	if (xfrm_result == 0) {
		error_set(why, "the kernel has ESP and XFRM interfaces");
		return DATAPLANE_FIT;
	}
	if (vti != NULL)
		*vti = true;
	if (vti_result != 0) {
		error_set(why, "the kernel has ESP, but no XFRM interfaces (%s) and no VTI (%s)",
			  strerror(-xfrm_result), strerror(-vti_result));
		return DATAPLANE_UNFIT;
	}
	error_set(why, "the kernel has ESP, but no XFRM interfaces (%s), only VTI", strerror(-xfrm_result));
	return DATAPLANE_LESSER;
}

/* --- ports ------------------------------------------------------------------------------------- */

static int
try_port(uint8_t family, uint16_t port)
{
	struct ip_address any = {.family = family};
	struct sockaddr_storage address;
	socklen_t length = ip_address_to_sockaddr(&any, port, &address);
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0), result, on = 1;

	if (fd < 0)
		return errno == EAFNOSUPPORT ? 0 : errno;
	if (family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	result = bind(fd, (struct sockaddr *)&address, length) == 0 ? 0 : errno;
	close(fd);
	return family == AF_INET6 && result == EADDRNOTAVAIL ? 0 : result;
}

bool
ports_probe(struct error *err)
{
	static const uint8_t families[] = {AF_INET, AF_INET6};
	static const uint16_t ports[] = {IKE_PORT, NATT_PORT};

	for (unsigned i = 0; i < 4; i++) {
		int result = try_port(families[i / 2], ports[i % 2]);

		if (result == EADDRINUSE)
			return error_set(
			    err, "UDP port %u is in use: another IKE daemon runs here? (ss -ulpn names it)",
			    ports[i % 2]);
		if (result == EACCES || result == EPERM)
			return error_set(err,
					 "can't open UDP port %u: the gateway lacks CAP_NET_BIND_SERVICE",
					 ports[i % 2]);
		if (result != 0)
			return error_set(err, "can't open UDP port %u: %s", ports[i % 2], strerror(result));
	}
	return true;
}
