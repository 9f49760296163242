// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * MRT files (RFC 6396): the table as it is (mrt_dump.c), and what sessions say as it comes (mrt_log.c). Both
 * write by way of struct mrt_file, whose work with the disk is done by a thread: the loop never waits for it.
 */
#ifndef TWINSPAN_BGP_MRT_INTERNAL_H
#define TWINSPAN_BGP_MRT_INTERNAL_H

#include "core/bgp/speaker_internal.h"

/* RFC 6396, 4; those with path identifiers RFC 8050, 4. */
enum { MRT_TABLE_DUMP_V2 = 13, MRT_BGP4MP = 16 };
enum {
	MRT_PEER_INDEX_TABLE = 1,
	MRT_RIB_IPV4_UNICAST = 2,
	MRT_RIB_IPV6_UNICAST = 4,
	MRT_RIB_IPV4_UNICAST_ADDPATH = 8,
	MRT_RIB_IPV6_UNICAST_ADDPATH = 10,
};
enum {
	MRT_STATE_CHANGE = 0,
	MRT_MESSAGE = 1,
	MRT_MESSAGE_AS4 = 4,
	MRT_STATE_CHANGE_AS4 = 5,
	MRT_MESSAGE_ADDPATH = 8,
	MRT_MESSAGE_AS4_ADDPATH = 9,
};
#define MRT_HEADER 12

/** The header of a record (RFC 6396, 2): now, with a length of 0. */
void mrt_begin(struct writer *w, uint16_t type, uint16_t subtype);
/** Sets the length of the record that the writer holds. */
void mrt_end(struct writer *w);

/* --- mrt_file.c -------------------------------------------------------------------------------- */

/* What the thread does; each writes what waits first. */
enum mrt_job {
	MRT_CREATE,  /* makes PATH.part, which must not be there */
	MRT_APPEND,  /* opens PATH anew, or makes it, before it writes */
	MRT_WRITE,   /* nothing more */
	MRT_ROTATE,  /* PATH becomes PATH.1, that PATH.2, up to PATH.KEEP; then a new PATH */
	MRT_PUBLISH, /* to the disk, and from PATH.part to PATH, which must not be there; closes */
	MRT_ABANDON, /* closes, and removes PATH.part */
	MRT_CLOSE,
};

struct mrt_file {
	uv_work_t work;
	struct bgp_speaker *speaker;
	char *path, *part;
	unsigned keep;
	int fd;
	bool made; /* PATH.part */
	enum mrt_job job;
	bool busy;   /* the thread has it: `writing`, `fd` and the names are its own */
	bool ending; /* freed after `last` */
	enum mrt_job last;
	struct buffer filling, writing;
	char failure[200]; /* of the last job; empty: none */
	void (*ready)(void *context);
	void *context;
};

/** `ready` is called in the loop after each job. */
struct mrt_file *mrt_file_new(struct bgp_speaker *speaker, const char *path, unsigned keep,
			      void (*ready)(void *context), void *context);
/** Hands a job to the thread, with all that waits in `filling`. Not while busy. */
void mrt_file_do(struct mrt_file *file, enum mrt_job job);
/** Does one last job when it can, without a call of `ready`, and frees. */
void mrt_file_end(struct mrt_file *file, enum mrt_job last);

/* --- mrt_dump.c -------------------------------------------------------------------------------- */

struct mrt_dump;
/** A slice of the dump that is under way, if there is one. True: more can be done now. */
bool mrt_dump_work(struct bgp_speaker *speaker, usec_t deadline);
/** Ends it, as failed. */
void mrt_dump_stop(struct bgp_speaker *speaker);

/* --- mrt_log.c --------------------------------------------------------------------------------- */

struct mrt_log;
/* What a session has heard, and what became of its state; only where speaker->log is set. `body`: what
 * follows the header. */
void mrt_log_message(const struct session *session, uint8_t type, struct reader body);
void mrt_log_state(const struct session *session, enum bgp_state before, enum bgp_state after);
void mrt_log_stop(struct bgp_speaker *speaker);

#endif
