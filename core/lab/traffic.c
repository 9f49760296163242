// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The stream that makes the lab's figures move: the site host sends UDP packets to the VPC host's echo port
 * (RFC 862), which sends each back. Rate and size go up and down slowly, between 30 and 100 packets a second
 * and 100 and 1000 bytes, so that a graph has something to show; less than 1 Mbit/s in all.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/address.h"
#include "core/base/clock.h"
#include "core/lab/lab_internal.h"

#define ECHO_PORT 7
#define LONGEST 1000

static int
open_socket(const char *local, uint16_t local_port)
{
	struct ip_address address;
	struct sockaddr_storage name;
	if (!ip_address_parse(local, &address))
		return -1;
	socklen_t length = ip_address_to_sockaddr(&address, local_port, &name);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && bind(fd, (struct sockaddr *)&name, length) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

void
lab_traffic_answer(void *context)
{
	(void)context;
	int fd = open_socket(LAB_VPC_HOST, ECHO_PORT);
	if (fd < 0)
		return;
	for (;;) {
		char packet[2048];
		struct sockaddr_in from = {0};
		socklen_t from_length = sizeof(from);
		ssize_t length =
		    recvfrom(fd, packet, sizeof(packet), 0, (struct sockaddr *)&from, &from_length);
		/* Two echo ports would answer each other for ever. */
		if (length > 0 && from.sin_port != htons(ECHO_PORT))
			sendto(fd, packet, (size_t)length, 0, (struct sockaddr *)&from, from_length);
	}
}

/* Between 0 and 1, one round in `period_s`. */
static double
wave(usec_t at, double period_s)
{
	return 0.5 + 0.5 * sin(2 * M_PI * (double)at / (double)USEC_PER_SEC / period_s);
}

void
lab_traffic_send(void *context)
{
	struct lab_traffic *counters = context;
	struct ip_address address;
	struct sockaddr_storage to;
	int fd = open_socket(LAB_SITE_HOST, 0);
	if (fd < 0 || !ip_address_parse(LAB_VPC_HOST, &address))
		return;
	socklen_t to_length = ip_address_to_sockaddr(&address, ECHO_PORT, &to);
	char packet[LONGEST] = {0}, answer[2048];
	usec_t next = clock_monotonic();
	for (;;) {
		usec_t now = clock_monotonic();
		if (now >= next) {
			size_t size = 100 + (size_t)(wave(now, 23) * (LONGEST - 100));
			memcpy(packet, &now, sizeof(now));
			if (sendto(fd, packet, size, 0, (struct sockaddr *)&to, to_length) > 0)
				counters->sent++;
			next = now + (usec_t)(USEC_PER_SEC / (30 + 70 * wave(now, 60)));
		}
		struct pollfd wait = {.fd = fd, .events = POLLIN};
		int left_ms = (int)((next - now + USEC_PER_MS - 1) / USEC_PER_MS);
		if (poll(&wait, 1, left_ms > 0 ? left_ms : 0) > 0) {
			/* An error that waits here (unreachable) is taken off by reading. */
			if (recv(fd, answer, sizeof(answer), MSG_DONTWAIT) > 0)
				counters->answered++;
		}
	}
}
