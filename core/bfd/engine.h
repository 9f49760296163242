// SPDX-License-Identifier: GPL-2.0-or-later
/* What bfd.c (doors, thread) and session.c (packets, timers) share. */
#ifndef TWINSPAN_BFD_ENGINE_H
#define TWINSPAN_BFD_ENGINE_H

#include <pthread.h>

#include "core/bfd/bfd_internal.h"

#define BUCKETS 1024

struct session {
	struct bfd *bfd;
	uint32_t id;
	struct session *next; /* of the same bucket */
	struct bfd_machine machine;
	struct bfd_session_config config; /* interface: owned */
	unsigned interface;               /* index; 0: any, or not there now */
	int fd;                           /* -1: to be opened again */
	usec_t opened_at;
	uv_timer_t timer;
	usec_t armed; /* what the timer waits for; INT64_MAX: nothing */
	uint64_t packets_in, packets_out;
};

struct change {
	uint32_t id;
	struct bfd_status status;
};

/* What a door wants done in the thread. */
struct command {
	void (*run)(struct bfd *bfd, struct command *command);
	uint32_t id;
	const struct bfd_session_config *config;
	uint32_t interval_ms, multiplier;
	bool hold, done, good;
	struct error *err;
};

struct bfd {
	/* The gateway's side. */
	struct bfd_options options;
	uv_async_t told;
	bool closing;

	/* The thread's side, all of it under the mutex. */
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t answered;
	uv_loop_t loop;
	uv_poll_t waking;
	int wake; /* an eventfd: there is a command */
	uv_poll_t polls[2];
	int sockets[2]; /* IPv4, IPv6; -1: this host has none */
	struct command *command;
	struct session *buckets[BUCKETS];
	struct session **slots; /* by the low 16 bits of our discriminator */
	size_t slot_count;
	struct change *changes;
	size_t change_count, change_room;
};

/* All of these run in the thread and under the mutex. */

/** Where a session is in its bucket's list, or would be. */
struct session **engine_place(struct bfd *bfd, uint32_t id);
/** A session under an id that none has yet; the configuration is copied. False with an error. */
bool engine_start(struct bfd *bfd, uint32_t id, const struct bfd_session_config *config, struct error *err);
/** Tells the peer and frees; `place` then holds the next one. */
void engine_end(struct bfd *bfd, struct session **place);
/** Does what the machine asked for: sends, tells the gateway, sets the timer. */
void engine_act(struct session *session, unsigned actions, usec_t now);
void engine_status(const struct session *session, struct bfd_status *out);
/** Reads all that waits in the listening sockets. */
void engine_receive(struct bfd *bfd);

#endif
