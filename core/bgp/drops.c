// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the kernel drops before a session sees it, told as the probable cause where a session does not come
 * up.
 *
 * A segment with a wrong signature (RFC 2385), or one from farther than TTL security allows (RFC 5082), never
 * reaches a socket. The kernel counts it for the network namespace as a whole (/proc/net/netstat), so what it
 * counts while a peer is connected to or waited for is a hint, not a proof: with several such peers it is
 * said that it may be another's. Of a connection that was accepted the kernel has kept the SYN: from how far
 * that one came is known for certain.
 */
#include "core/bgp/speaker_internal.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define COUNTERS "/proc/net/netstat"
#define STALE (USEC_PER_SEC / 5) /* hundreds of peers that fail at once read it once */
#define TTL_MOST 255
#define TTL_AT_IPV4 8 /* in the header */
#define TTL_AT_IPV6 7

/* A column of the TcpExt lines: names in one, values in the next. */
static uint64_t
column(const char *names, const char *values, const char *wanted)
{
	size_t length = strlen(wanted);

	while (*names != '\0' && *names != '\n' && *values != '\0' && *values != '\n') {
		size_t name = strcspn(names, " \n"), value = strcspn(values, " \n");

		if (name == length && memcmp(names, wanted, length) == 0)
			return strtoull(values, NULL, 10);
		names += name + strspn(names + name, " ");
		values += value + strspn(values + value, " ");
	}
	return 0;
}

static struct drops
read_counters(void)
{
	static const char title[] = "TcpExt: ";
	struct drops out = {0};
	char text[16384];
	const char *names, *values;
	int fd = open(COUNTERS, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;

	if (fd >= 0)
		close(fd);
	if (got <= 0)
		return out;
	text[got] = '\0';
	names = strstr(text, title);
	values = names != NULL ? strstr(names + sizeof(title) - 1, title) : NULL;
	if (values == NULL)
		return out;
	out.key_missing = column(names, values, "TCPMD5NotFound");
	out.key_unexpected = column(names, values, "TCPMD5Unexpected");
	out.key_wrong = column(names, values, "TCPMD5Failure");
	out.distant = column(names, values, "TCPMinTTLDrop");
	return out;
}

struct drops
drops_read(struct bgp_speaker *speaker)
{
	usec_t now = clock_monotonic();

	if (speaker->drops_at == 0 || now - speaker->drops_at >= STALE) {
		speaker->drops = read_counters();
		speaker->drops_at = now;
	}
	return speaker->drops;
}

static const char *
cause_of(const struct drops *before, const struct drops *now, const struct bgp_peer_config *config)
{
	bool has_password = config->password_length != 0;

	if (has_password && now->key_wrong != before->key_wrong)
		return "segments came with a wrong TCP MD5 signature: is it the same password on both sides?";
	if (has_password && now->key_missing != before->key_missing)
		return "segments came without a TCP MD5 signature: has the peer no password?";
	if (!has_password && now->key_unexpected != before->key_unexpected)
		return "segments came with a TCP MD5 signature: has the peer a password, and this side none?";
	if (config->ttl_security != 0 && now->distant != before->distant)
		return "segments came from farther than ttl_security allows";
	return NULL;
}

/* Whom else it may have been for. */
static unsigned
others(const struct bgp_peer *peer)
{
	unsigned count = 0;

	for (const struct bgp_peer *other = peer->speaker->peers; other != NULL; other = other->next)
		count += other != peer && other->wanted && !other->removed &&
			 peer_established(other) == NULL &&
			 (other->config.password_length != 0) == (peer->config.password_length != 0);
	return count;
}

bool
drops_tell(const struct bgp_peer *peer, struct drops *before, char *text, size_t size)
{
	struct drops now = drops_read(peer->speaker);
	const char *cause = cause_of(before, &now, &peer->config);
	unsigned more = cause != NULL ? others(peer) : 0;

	*before = now;
	if (cause == NULL)
		return false;
	if (more != 0)
		snprintf(text, size, "%s (perhaps of another peer: %u more %s not up)", cause, more,
			 more == 1 ? "is" : "are");
	else
		snprintf(text, size, "%s", cause);
	return true;
}

int
drops_hops(int fd)
{
	uint8_t header[256];
	socklen_t length = sizeof(header);
	size_t at;

	if (getsockopt(fd, IPPROTO_TCP, TCP_SAVED_SYN, header, &length) != 0 || length == 0)
		return 0;
	at = header[0] >> 4 == 6 ? TTL_AT_IPV6 : TTL_AT_IPV4;
	return at < length ? TTL_MOST - header[at] + 1 : 0;
}
