// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Jump hosts. A hundred sites behind one host need one session there, not a hundred: whoever goes the same
 * way (the same hosts, named in the same way, with the same choice of keys) shares it. The first one who
 * comes makes it, on its own thread and with its own questions, while the others wait: what it is told,
 * they all are told. If it is given up meanwhile, another one goes on in its place. Once the session stands
 * it belongs to a thread of its own (carry.c), which opens channels for all; when it is lost, whoever goes
 * through it loses its stream, and the first one who comes again makes the next one.
 *
 * A host that goes unheard while sites stand behind it, each of which says something every second, is not
 * gone through any more by those who come anew: its line may be dead, long before TCP says so.
 */
#include "tui/ssh/jump.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define UNHEARD_MS 5000

enum state {
	JUMP_WANTED, /* nobody makes it */
	JUMP_MAKING,
	JUMP_STANDS,
	JUMP_ENDED
};

struct ssh_jump {
	char *way; /* the hosts of it */
	char name[160];
	enum state state;
	bool listed;            /* others may join */
	unsigned users;         /* who go through it, or wait for it */
	bool carried;           /* its thread runs */
	struct ssh_fault fault; /* why it could not be made */
	ssh_session session;    /* its maker's, then its thread's */
	struct ssh_jump *before;
	struct jump_request *requests;
	int wake; /* an eventfd of its thread's */
	usec_t heard;
	struct ssh_jump *next;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER; /* of all of them, but the thread's own part */
static pthread_cond_t moved = PTHREAD_COND_INITIALIZER;
static struct ssh_jump *jumps;

/* --- the list ---------------------------------------------------------------------------------- */

static char *
name_way(const struct ssh_link *link, const struct ssh_stop *stops, size_t count)
{
	char *way = text_copy(ssh_link_identities_only(link) ? "only" : ""), *longer;

	for (size_t i = 0; i < count; i++) {
		longer = text_format("%s %s@%s:%u", way, stops[i].user != NULL ? stops[i].user : "",
				     stops[i].host, stops[i].port);
		free(way);
		way = longer;
	}
	return way;
}

/* Nobody joins it any more. */
static void
unlist(struct ssh_jump *jump)
{
	struct ssh_jump **at = &jumps;

	if (!jump->listed)
		return;
	jump->listed = false;
	while (*at != jump)
		at = &(*at)->next;
	*at = jump->next;
}

static void
free_unused(struct ssh_jump *jump)
{
	if (jump->users > 0 || jump->carried)
		return;
	unlist(jump);
	if (jump->wake >= 0)
		close(jump->wake);
	free(jump->way);
	free(jump);
}

/* Takes `way`. */
static struct ssh_jump *
find_or_add(char *way)
{
	struct ssh_jump *jump;

	for (jump = jumps; jump != NULL && strcmp(jump->way, way) != 0; jump = jump->next)
		;
	if (jump != NULL && jump->state == JUMP_STANDS &&
	    clock_monotonic() - jump->heard > UNHEARD_MS * USEC_PER_MS) {
		unlist(jump);
		jump = NULL;
	}
	if (jump != NULL) {
		free(way);
		return jump;
	}
	jump = memory_zeroed(1, sizeof(*jump));
	jump->way = way;
	jump->wake = -1;
	jump->listed = true;
	jump->next = jumps;
	return jumps = jump;
}

/* --- making one -------------------------------------------------------------------------------- */

bool
ssh_jump_connect(struct ssh_link *link, struct ssh_jump *before, const struct ssh_stop *stop,
		 ssh_session session, struct ssh_fault *fault)
{
	int fd = -1;
	bool open;

	if (!ssh_turn_take(link, session))
		return ssh_fault_set(fault, false, "given up");
	ssh_link_is_at(link, stop);
	open = before == NULL || (fd = ssh_jump_on(before, link, session, fault)) >= 0;
	open = open && ssh_hop_open(link, session, fd, fault);
	ssh_turn_over(link);
	return open;
}

/* The session, logged in, and the jump before it. NULL with `fault`. */
static ssh_session
make_session(struct ssh_link *link, const struct ssh_stop *stops, size_t count, struct ssh_jump **before,
	     struct ssh_fault *fault)
{
	ssh_session session = ssh_hop_new(&stops[count - 1], false, fault);

	if (session == NULL)
		return NULL;
	*before = count > 1 ? ssh_jump_join(link, stops, count - 1, fault) : NULL;
	if ((count == 1 || *before != NULL) &&
	    ssh_jump_connect(link, *before, &stops[count - 1], session, fault) && ssh_link_lets_go(link))
		return session;
	ssh_hop_free(session);
	ssh_jump_leave(*before);
	*before = NULL;
	return NULL;
}

/* Whatever comes of it stands in the jump. The mutex is held, and let go meanwhile. */
static void
make(struct ssh_jump *jump, struct ssh_link *link, const struct ssh_stop *stops, size_t count)
{
	struct ssh_fault fault = {0};
	struct ssh_jump *before = NULL;
	ssh_session session;

	jump->state = JUMP_MAKING;
	pthread_mutex_unlock(&mutex);
	session = make_session(link, stops, count, &before, &fault);
	pthread_mutex_lock(&mutex);
	jump->fault = fault;
	jump->session = session;
	jump->before = before;
	jump->heard = clock_monotonic();
	if (session != NULL) {
		ssh_hop_name(session, jump->name, sizeof(jump->name));
		jump->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		jump->state = JUMP_STANDS;
		jump->carried = jump->wake >= 0 && ssh_thread_start(jump_carry, jump);
		if (!jump->carried) {
			ssh_fault_set(&jump->fault, false, "cannot start a thread");
			ssh_hop_free(session);
			jump->session = NULL;
			jump->before = NULL;
		}
	}
	if (!jump->carried) {
		jump->state = session == NULL && ssh_link_abandoned(link) ? JUMP_WANTED : JUMP_ENDED;
		if (jump->state == JUMP_ENDED)
			unlist(jump);
	}
	pthread_cond_broadcast(&moved);
	if (session == NULL || jump->carried)
		return;
	pthread_mutex_unlock(&mutex);
	ssh_jump_leave(before);
	pthread_mutex_lock(&mutex);
}

struct ssh_jump *
ssh_jump_join(struct ssh_link *link, const struct ssh_stop *stops, size_t count, struct ssh_fault *fault)
{
	struct ssh_jump *jump;
	bool goes_on;

	pthread_mutex_lock(&mutex);
	jump = find_or_add(name_way(link, stops, count));
	jump->users++;
	while ((goes_on = !ssh_link_abandoned(link)) && jump->state < JUMP_STANDS) {
		if (jump->state == JUMP_WANTED) {
			make(jump, link, stops, count);
			continue;
		}
		ssh_link_phase(link, "waiting for the way over %s", stops[count - 1].host);
		pthread_cond_wait(&moved, &mutex);
	}
	goes_on = goes_on && jump->state == JUMP_STANDS;
	if (!goes_on && jump->state == JUMP_ENDED && jump->fault.error.text[0] != '\0')
		*fault = jump->fault;
	else if (!goes_on)
		ssh_fault_set(fault, false, "the way over %s was lost", stops[count - 1].host);
	pthread_mutex_unlock(&mutex);
	if (goes_on)
		return jump;
	ssh_jump_leave(jump);
	return NULL;
}

void
ssh_jump_leave(struct ssh_jump *jump)
{
	if (jump == NULL)
		return;
	pthread_mutex_lock(&mutex);
	if (--jump->users == 0) {
		unlist(jump);
		if (jump->carried)
			eventfd_write(jump->wake, 1);
	}
	free_unused(jump);
	pthread_mutex_unlock(&mutex);
}

void
ssh_jump_look(void)
{
	pthread_mutex_lock(&mutex);
	pthread_cond_broadcast(&moved);
	pthread_mutex_unlock(&mutex);
}

/* --- going on from it -------------------------------------------------------------------------- */

/* Gives the thread a request. False where it has ended. */
static bool
request(struct ssh_jump *jump, const char *host, unsigned port, int fd)
{
	struct jump_request *request = memory_zeroed(1, sizeof(*request));
	bool stands;

	snprintf(request->host, sizeof(request->host), "%s", host);
	request->port = port;
	request->fd = fd;
	pthread_mutex_lock(&mutex);
	stands = jump->state == JUMP_STANDS;
	if (stands) {
		request->next = jump->requests;
		jump->requests = request;
		eventfd_write(jump->wake, 1);
	}
	pthread_mutex_unlock(&mutex);
	if (!stands)
		free(request);
	return stands;
}

/* Where the program is stopped meanwhile, by Ctrl-Z, the wait begins anew: with a limit recv() does not go on
 * by itself (signal(7)). */
static ssize_t
hear(int fd, void *bytes, size_t size)
{
	ssize_t got;

	do
		got = recv(fd, bytes, size, 0);
	while (got < 0 && errno == EINTR);
	return got;
}

/* Waits for what the thread says of it. An attempt that is given up has its socket shut down. */
static bool
wait_open(const struct ssh_jump *jump, const char *host, int fd, struct ssh_fault *fault)
{
	const struct timeval patience = {.tv_sec = SSH_PATIENCE_S};
	char word, why[200] = "";
	ssize_t got, at = 0;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	got = hear(fd, &word, 1);
	if (got == 1 && word == JUMP_OPEN) {
		fcntl(fd, F_SETFL, O_NONBLOCK); /* as a socket of libssh's own would be */
		return true;
	}
	while (got == 1 && at + 1 < (ssize_t)sizeof(why)) {
		ssize_t more = hear(fd, why + at, sizeof(why) - 1 - (size_t)at);

		if (more <= 0)
			break;
		at += more;
	}
	return ssh_fault_set(fault, false, "%s does not let us on to %s: %s", jump->name, host,
			     got < 0    ? "it does not answer"
			     : got == 0 ? "the connection to it was lost"
					: why);
}

int
ssh_jump_on(struct ssh_jump *jump, struct ssh_link *link, ssh_session next, struct ssh_fault *fault)
{
	char host[256];
	unsigned port;
	int pair[2];

	ssh_hop_address(next, host, sizeof(host), &port);
	ssh_link_phase(link, "connecting to %s over %s", host, jump->name);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
		ssh_fault_set(fault, false, "cannot make a socket");
		return -1;
	}
	if (!ssh_link_holds(link, pair[0]))
		ssh_fault_set(fault, false, "given up");
	else if (!request(jump, host, port, pair[1]))
		ssh_fault_set(fault, false, "%s: the connection to it was lost", jump->name);
	else if (wait_open(jump, host, pair[0], fault))
		return pair[0];
	else
		pair[1] = -1; /* the thread's */
	close(pair[0]);
	if (pair[1] >= 0)
		close(pair[1]);
	return -1;
}

/* --- for its thread ---------------------------------------------------------------------------- */

ssh_session
jump_session(const struct ssh_jump *jump)
{
	return jump->session; /* written before the thread began */
}

int
jump_wake_fd(const struct ssh_jump *jump)
{
	return jump->wake;
}

struct jump_request *
jump_take_requests(struct ssh_jump *jump, usec_t heard, bool *used)
{
	struct jump_request *requests;

	pthread_mutex_lock(&mutex);
	requests = jump->requests;
	jump->requests = NULL;
	*used = jump->users > 0;
	if (heard > jump->heard)
		jump->heard = heard;
	pthread_mutex_unlock(&mutex);
	return requests;
}

void
jump_stop(struct ssh_jump *jump)
{
	struct jump_request *requests, *next;

	pthread_mutex_lock(&mutex);
	jump->state = JUMP_ENDED;
	unlist(jump);
	requests = jump->requests;
	jump->requests = NULL;
	pthread_mutex_unlock(&mutex);
	for (; requests != NULL; requests = next) {
		next = requests->next;
		close(requests->fd);
		free(requests);
	}
}

void
jump_end(struct ssh_jump *jump)
{
	struct ssh_jump *before = jump->before;

	ssh_hop_free(jump->session);
	pthread_mutex_lock(&mutex);
	jump->carried = false;
	free_unused(jump);
	pthread_mutex_unlock(&mutex);
	ssh_jump_leave(before);
}
