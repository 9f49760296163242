// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a session's TCP socket is set to: TTL and its check (RFC 4271, 5.1.3 and appendix; RFC 5082), DSCP
 * CS6, segment size, interface, and the signature of segments (RFC 2385).
 *
 * A listener takes connections of all peers, and answers a SYN before it is known whose it is. So it sends
 * with TTL 255, which satisfies a peer that checks it, and has every peer's key; the kernel hands that on to
 * the socket of the connection. What else a peer is configured to have is set on that socket.
 */
#include "core/bgp/speaker_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/log.h"

#define DSCP_CS6 0xc0 /* network control, as the octet of the header */
#define TTL_MOST 255

_Static_assert(BGP_PASSWORD_MOST == TCP_MD5SIG_MAXKEYLEN, "as the kernel has it");

void
socket_number(int fd, int level, int option, int value)
{
	if (setsockopt(fd, level, option, &value, sizeof(value)) != 0)
		log_debug("bgp", "socket option %d/%d: %s", level, option, strerror(errno));
}

static void
set_ttl(int fd, bool v6, int ttl)
{
	socket_number(fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_UNICAST_HOPS : IP_TTL, ttl);
}

static void
set_dscp(int fd, bool v6)
{
	socket_number(fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_TCLASS : IP_TOS, DSCP_CS6);
}

static bool
may_be_internal(const struct bgp_peer_config *config)
{
	for (size_t i = 0; i < config->asn_count && config->remote_asn == 0; i++) {
		if (config->asns[i] == config->local_asn)
			return true;
	}
	return config->local_asn == config->remote_asn;
}

/*
 * RFC 5082, 3: a packet that has come over at most so many hops left with 255 and has that much less by now.
 * Else an external peer is reached by a TTL that dies on the way to anybody farther off than it may be.
 */
static void
set_distance(int fd, const struct bgp_peer_config *config, bool v6)
{
	if (config->ttl_security != 0) {
		set_ttl(fd, v6, TTL_MOST);
		socket_number(fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_MINHOPCOUNT : IP_MINTTL,
			      TTL_MOST + 1 - config->ttl_security);
	} else if (config->multihop != 0) {
		set_ttl(fd, v6, config->multihop);
	} else if (!may_be_internal(config)) {
		set_ttl(fd, v6, 1);
	} else {
		set_ttl(fd, v6, -1); /* the system's own; an accepted socket has the listener's */
	}
}

/* RFC 2385. Without a password the key is taken away. False with errno set. */
static bool
set_key(int fd, const struct ip_prefix *from, const uint8_t *password, size_t length)
{
	bool host = from->length == ip_family_bits(from->address.family);
	struct tcp_md5sig key = {.tcpm_keylen = (uint16_t)length};
	struct sockaddr_storage address = {0};
	bool done;

	ip_address_to_sockaddr(&from->address, 0, &address);
	memcpy(&key.tcpm_addr, &address, sizeof(address));
	if (!host) {
		key.tcpm_flags = TCP_MD5SIG_FLAG_PREFIX;
		key.tcpm_prefixlen = from->length;
	}
	if (length != 0)
		memcpy(key.tcpm_key, password, length);
	done = setsockopt(fd, IPPROTO_TCP, host ? TCP_MD5SIG : TCP_MD5SIG_EXT, &key, sizeof(key)) == 0;
	explicit_bzero(&key, sizeof(key));
	return done;
}

bool
socket_bind_interface(int fd, const struct bgp_peer_config *config)
{
	return config->interface == NULL || setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, config->interface,
						       (socklen_t)strlen(config->interface) + 1) == 0;
}

bool
socket_prepare(int fd, const struct bgp_peer_config *config, bool accepted)
{
	struct ip_prefix from = {.address = config->remote,
				 .length = (uint8_t)ip_family_bits(config->remote.family)};
	bool v6 = config->remote.family == AF_INET6;

	socket_number(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	set_dscp(fd, v6);
	set_distance(fd, config, v6);
	if (config->tcp_mss != 0)
		socket_number(fd, IPPROTO_TCP, TCP_MAXSEG, config->tcp_mss);
	/* One that was accepted has the listener's key. */
	if (!accepted && config->password_length != 0 &&
	    !set_key(fd, &from, config->password, config->password_length))
		return false;
	return socket_bind_interface(fd, config);
}

void
socket_prepare_listener(int fd, uint8_t family)
{
	set_dscp(fd, family == AF_INET6);
	set_ttl(fd, family == AF_INET6, TTL_MOST);
	socket_number(fd, IPPROTO_TCP, TCP_SAVE_SYN, 1); /* for drops_hops() */
}

bool
listeners_set_key(struct bgp_speaker *speaker, const struct ip_prefix *from, const uint8_t *password,
		  size_t length)
{
	int fd = speaker->listener_fds[from->address.family == AF_INET6];

	if (fd < 0 || set_key(fd, from, password, length) || (length == 0 && errno == ENOENT))
		return true;
	return false;
}
