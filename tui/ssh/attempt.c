// SPDX-License-Identifier: GPL-2.0-or-later
/* An attempt: the way to the site, its bridge, its bytes. */
#include "tui/ssh/attempt.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct way {
	struct ssh_stop stops[SSH_MOST_JUMPS + 1];
	size_t count;
	struct ssh_jump *jump; /* the last host before the site; NULL for none */
};

/* A session with the last stop of the way. NULL with `fault`. */
static ssh_session
reach(struct ssh_link *link, struct way *way, struct ssh_fault *fault)
{
	const struct ssh_stop *site = &way->stops[way->count - 1];
	ssh_session session = ssh_hop_new(site, ssh_link_compress(link), fault);

	if (session == NULL)
		return NULL;
	if (way->count > 1)
		way->jump = ssh_jump_join(link, way->stops, way->count - 1, fault);
	if ((way->count == 1 || way->jump != NULL) && ssh_jump_connect(link, way->jump, site, session, fault))
		return session;
	ssh_hop_free(session);
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
	ssh_hop_free(session); /* first: then its jump's thread sees the end */
	ssh_jump_leave(way->jump);
	for (size_t i = 0; i < way->count; i++)
		ssh_stop_free(&way->stops[i]);
	free(way);
}
