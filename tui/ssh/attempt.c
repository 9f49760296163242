// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An attempt, from the nearest host to the site. Each jump is a session of its own whose channel to the next
 * host (direct-tcpip, RFC 4254 7.2) is joined to a socket pair by a thread, so that the next session speaks
 * over what looks like any socket.
 */
#include "tui/ssh/attempt.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define STACK ((size_t)256 << 10)

struct jump {
	struct ssh_link *link;
	ssh_session session;
	ssh_channel channel;
	int fd;
	pthread_t thread;
	bool runs;
};

struct way {
	struct ssh_stop stops[SSH_MOST_JUMPS + 1];
	size_t count;
	struct jump jumps[SSH_MOST_JUMPS];
	size_t jump_count;
};

static void *
carry_jump(void *argument)
{
	struct jump *jump = argument;

	ssh_pump(jump->link, jump->session, jump->channel, jump->fd);
	close(jump->fd);
	return NULL;
}

static bool
start_jump(struct jump *jump)
{
	pthread_attr_t attributes;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK);
	jump->runs = pthread_create(&jump->thread, &attributes, carry_jump, jump) == 0;
	pthread_attr_destroy(&attributes);
	return jump->runs;
}

/* Opens a channel from the jump host to the next stop. Returns our end of the pair, -1 with `fault`. */
static int
jump_to(struct ssh_link *link, struct jump *jump, ssh_session next, struct ssh_fault *fault)
{
	char name[160], host[256];
	unsigned port = 22;
	int pair[2];

	if (!ssh_turn_take(link, next)) {
		ssh_fault_set(fault, false, "given up");
		return -1;
	}
	ssh_hop_address(next, host, sizeof(host), &port);
	jump->channel = ssh_channel_new(jump->session);
	if (jump->channel == NULL ||
	    ssh_channel_open_forward(jump->channel, host, (int)port, "127.0.0.1", 0) != SSH_OK) {
		ssh_fault_set(fault, false, "%s does not let us on to %s: %s",
			      ssh_hop_name(jump->session, name, sizeof(name)), host,
			      ssh_get_error(jump->session));
		return -1;
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
		ssh_fault_set(fault, false, "cannot make a socket");
		return -1;
	}
	jump->fd = pair[1];
	fcntl(pair[0], F_SETFL, O_NONBLOCK); /* as a socket of libssh's own would be */
	if (start_jump(jump))
		return pair[0];
	ssh_fault_set(fault, false, "cannot start a thread");
	close(pair[0]);
	close(pair[1]);
	return -1;
}

/* A session with the last stop of the way. NULL with `fault`. */
static ssh_session
reach(struct ssh_link *link, struct way *way, struct ssh_fault *fault)
{
	ssh_session session = ssh_hop_new(&way->stops[0], way->count == 1 && ssh_link_compress(link), fault),
		    next;
	int fd = -1;

	if (session != NULL && !ssh_turn_take(link, session)) {
		ssh_fault_set(fault, false, "given up");
		ssh_hop_free(session);
		return NULL;
	}
	for (size_t i = 0; session != NULL; i++) {
		struct jump *jump;
		bool open;

		ssh_link_is_at(link, &way->stops[i]);
		open = ssh_hop_open(link, session, fd, fault);
		ssh_turn_over(link);
		if (!open) {
			ssh_hop_free(session);
			return NULL;
		}
		if (i + 1 == way->count)
			return session;
		jump = &way->jumps[way->jump_count++];
		*jump = (struct jump){.link = link, .session = session};
		next = ssh_hop_new(&way->stops[i + 1], i + 2 == way->count && ssh_link_compress(link), fault);
		if (next != NULL && (fd = jump_to(link, jump, next, fault)) < 0) {
			ssh_hop_free(next);
			next = NULL;
		}
		session = next;
	}
	ssh_turn_over(link);
	return NULL;
}

/* Runs the bridge on the far side. NULL with `fault`. */
static ssh_channel
run_bridge(struct ssh_link *link, ssh_session session, const struct ssh_target *target,
	   struct ssh_fault *fault)
{
	ssh_channel channel = ssh_channel_new(session);
	char command[512], name[160];

	snprintf(command, sizeof(command), "%s%s%s",
		 target->command != NULL ? target->command : "twinspan bridge",
		 target->role != NULL ? " --role " : "", target->role != NULL ? target->role : "");
	if (channel != NULL && ssh_channel_open_session(channel) == SSH_OK &&
	    ssh_channel_request_exec(channel, command) == SSH_OK)
		return channel;
	ssh_fault_set(fault, false, "%s does not run '%s': %s", ssh_hop_name(session, name, sizeof(name)),
		      command, ssh_get_error(session));
	if (channel != NULL)
		ssh_channel_free(channel);
	return NULL;
}

/* The far side's command is over: what its exit code says, where its stderr said nothing. */
static void
note_exit(struct ssh_link *link, int status)
{
	static const char missing[] =
	    "twinspan is not found there: is it installed, and in that user's PATH?";

	if (status == 127)
		ssh_link_said(link, missing, sizeof(missing) - 1);
}

static void
serve(struct ssh_link *link, ssh_session session, const struct ssh_target *target,
      const struct attempt_events *events)
{
	struct ssh_fault fault = {0};
	ssh_channel channel = run_bridge(link, session, target, &fault);
	int pair[2];

	if (channel == NULL) {
		events->failed(link, &fault);
		return;
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
		ssh_fault_set(&fault, false, "cannot make a socket");
		events->failed(link, &fault);
	} else {
		events->opened(link, pair[0]);
		note_exit(link, ssh_pump(link, session, channel, pair[1]));
		close(pair[1]);
	}
	ssh_channel_free(channel);
}

static void
leave(struct way *way)
{
	while (way->jump_count > 0) {
		struct jump *jump = &way->jumps[--way->jump_count];

		if (jump->runs)
			pthread_join(jump->thread, NULL);
		if (jump->channel != NULL)
			ssh_channel_free(jump->channel);
		ssh_hop_free(jump->session);
	}
	for (size_t i = 0; i < way->count; i++)
		ssh_stop_free(&way->stops[i]);
}

void
attempt_run(struct ssh_link *link, const struct ssh_target *target, const struct attempt_events *events)
{
	struct way *way = memory_zeroed(1, sizeof(*way));
	struct ssh_fault fault = {0};
	ssh_session session = NULL;

	way->count = ssh_route(target, way->stops, &fault);
	if (way->count > 0)
		session = reach(link, way, &fault);
	if (session != NULL)
		serve(link, session, target, events);
	else
		events->failed(link, &fault);
	ssh_hop_free(session); /* the last one first: then its jump's pump sees the end */
	leave(way);
	free(way);
}
