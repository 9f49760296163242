// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Many sites behind one host: sshd refuses connections at random once ten are not logged in yet (MaxStartups
 * 10:30:100, sshd_config(5)), anybody's. So a few of ours at a time are let in by each host; the others wait
 * here, without a connection. Who asks a person something waits for nobody and keeps nobody waiting.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "tui/ssh/ssh_internal.h"

#define AT_ONCE 8 /* less than ten: other people log in there, too */

struct ssh_door {
	char host[256];
	unsigned port;
	unsigned busy, users; /* at it; those and the ones that wait */
	struct ssh_door *next;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t moved = PTHREAD_COND_INITIALIZER;
static struct ssh_door *doors;

static struct ssh_door *
door_of(const char *host, unsigned port)
{
	struct ssh_door *door;

	for (door = doors; door != NULL; door = door->next) {
		if (door->port == port && strcmp(door->host, host) == 0)
			return door;
	}
	door = memory_zeroed(1, sizeof(*door));
	snprintf(door->host, sizeof(door->host), "%s", host);
	door->port = port;
	door->next = doors;
	doors = door;
	return door;
}

static void
leave(struct ssh_door *door)
{
	struct ssh_door **at = &doors;

	if (--door->users > 0)
		return;
	while (*at != door)
		at = &(*at)->next;
	*at = door->next;
	free(door);
}

bool
ssh_turn_take(struct ssh_link *link, ssh_session session)
{
	struct ssh_door *door, **held = ssh_link_door(link);
	char host[256], name[160];
	unsigned port;
	bool goes_on;

	ssh_hop_address(session, host, sizeof(host), &port);
	pthread_mutex_lock(&mutex);
	door = door_of(host, port);
	door->users++;
	if (door->busy >= AT_ONCE)
		ssh_link_phase(link, "waiting for its turn at %s", ssh_hop_name(session, name, sizeof(name)));
	while ((goes_on = !ssh_link_abandoned(link)) && door->busy >= AT_ONCE)
		pthread_cond_wait(&moved, &mutex);
	if (goes_on) {
		door->busy++;
		*held = door;
	} else {
		leave(door);
	}
	pthread_mutex_unlock(&mutex);
	return goes_on;
}

void
ssh_turn_over(struct ssh_link *link)
{
	struct ssh_door **held = ssh_link_door(link);

	if (*held == NULL)
		return;
	pthread_mutex_lock(&mutex);
	(*held)->busy--;
	leave(*held);
	*held = NULL;
	pthread_cond_broadcast(&moved);
	pthread_mutex_unlock(&mutex);
}

void
ssh_turn_look(void)
{
	pthread_mutex_lock(&mutex);
	pthread_cond_broadcast(&moved);
	pthread_mutex_unlock(&mutex);
}
