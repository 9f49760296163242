// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A TCP connection's opening as a probe: the question is the SYN, the answer what the target says to it. A
 * refusal (RST) is an answer too, since it came from there over the tunnel, which is what is asked. The
 * connection is aborted at once and nothing is ever sent in it.
 *
 * Every question has a socket of its own for as long as it may be answered; they wait together in one epoll,
 * which is the probe's descriptor. When more are under way than there is room for, the oldest is given up.
 * The kernel sends a SYN again that was not answered within a second: what is answered then says that the
 * target is there, and nothing of the way's length.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/text.h"
#include "core/plugin.h"
#include "core/probe.h"

#define PENDING 32
#define DEFAULT_PORT 179

struct question {
	int fd; /* -1: none */
	uint32_t number;
	usec_t sent_at;
};

struct probe {
	int epoll;
	char interface[64];
	struct ip_address local, remote;
	uint16_t port;
	struct question questions[PENDING]; /* by number */
};

static void
forget(struct question *question)
{
	const struct linger abort_it = {.l_onoff = 1};

	if (question->fd < 0)
		return;
	setsockopt(question->fd, SOL_SOCKET, SO_LINGER, &abort_it, sizeof(abort_it));
	close(question->fd); /* which takes it out of the epoll */
	question->fd = -1;
}

static void
tcp_close(struct probe *probe)
{
	for (size_t i = 0; i < PENDING; i++)
		forget(&probe->questions[i]);
	if (probe->epoll >= 0)
		close(probe->epoll);
	free(probe);
}

static struct probe *
tcp_open(const struct probe_target *target, struct error *err)
{
	struct probe *probe = memory_zeroed(1, sizeof(*probe));

	for (size_t i = 0; i < PENDING; i++)
		probe->questions[i].fd = -1;
	probe->local = target->local;
	probe->remote = target->remote;
	probe->port = target->port != 0 ? target->port : DEFAULT_PORT;
	if (target->interface != NULL)
		text_clean(probe->interface, sizeof(probe->interface), target->interface);
	probe->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (probe->epoll >= 0)
		return probe;
	error_set(err, "TCP probe: %s", strerror(errno));
	tcp_close(probe);
	return NULL;
}

/* The socket through the tunnel, with its SYN under way. */
static bool
ask(const struct probe *probe, int fd)
{
	struct sockaddr_storage address;
	socklen_t length;

	if (probe->interface[0] != '\0' && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, probe->interface,
						      (socklen_t)strlen(probe->interface) + 1) != 0)
		return false;
	if (ip_address_is_set(&probe->local)) {
		length = ip_address_to_sockaddr(&probe->local, 0, &address);
		if (bind(fd, (struct sockaddr *)&address, length) != 0)
			return false;
	}
	length = ip_address_to_sockaddr(&probe->remote, probe->port, &address);
	return connect(fd, (struct sockaddr *)&address, length) == 0 || errno == EINPROGRESS ||
	       errno == ECONNREFUSED;
}

static bool
tcp_send(struct probe *probe, uint32_t number, struct error *err)
{
	struct question *question = &probe->questions[number % PENDING];
	struct epoll_event event = {.events = EPOLLOUT | EPOLLONESHOT, .data.u32 = number % PENDING};

	forget(question);
	question->number = number;
	question->sent_at = clock_monotonic();
	question->fd = socket(probe->remote.family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (question->fd < 0)
		return error_set(err, "TCP probe: %s", strerror(errno));
	if (ask(probe, question->fd) && epoll_ctl(probe->epoll, EPOLL_CTL_ADD, question->fd, &event) == 0)
		return true;
	error_set(err, "TCP probe: %s", strerror(errno));
	forget(question);
	return false;
}

static int
tcp_descriptor(const struct probe *probe)
{
	return probe->epoll;
}

static uint32_t
rtt_of(const struct question *question)
{
	struct tcp_info info = {0};
	socklen_t length = sizeof(info);

	if (getsockopt(question->fd, IPPROTO_TCP, TCP_INFO, &info, &length) == 0 &&
	    info.tcpi_total_retrans != 0)
		return PROBE_RTT_UNKNOWN;
	return (uint32_t)(clock_monotonic() - question->sent_at);
}

static bool
tcp_take(struct probe *probe, struct probe_answer *out)
{
	struct epoll_event event;

	while (epoll_wait(probe->epoll, &event, 1, 0) == 1) {
		struct question *question = &probe->questions[event.data.u32 % PENDING];
		int code = 0;
		socklen_t length = sizeof(code);
		bool answered;

		if (question->fd < 0)
			continue;
		getsockopt(question->fd, SOL_SOCKET, SO_ERROR, &code, &length);
		answered = code == 0 || code == ECONNREFUSED || code == ECONNRESET;
		out->number = question->number;
		out->rtt_us = rtt_of(question);
		forget(question);
		if (answered)
			return true;
	}
	return false;
}

static const struct probe_ops ops = {
    .name = "tcp",
    .open = tcp_open,
    .close = tcp_close,
    .send = tcp_send,
    .descriptor = tcp_descriptor,
    .take = tcp_take,
};

extern const struct twinspan_plugin twinspan_plugin;

TWINSPAN_PLUGIN_EXPORT const struct twinspan_plugin twinspan_plugin = {
    .abi = TWINSPAN_PLUGIN_ABI,
    .kind = TWINSPAN_PLUGIN_PROBE,
    .name = "probe_tcp",
    .version = TWINSPAN_VERSION,
    .description = "asks by opening a TCP connection",
    .ops = &ops,
};
