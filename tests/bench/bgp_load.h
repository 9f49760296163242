// SPDX-License-Identifier: GPL-2.0-or-later
/* What the files of bgp_load share: see bgp_load.c. */
#ifndef TWINSPAN_TESTS_BENCH_BGP_LOAD_H
#define TWINSPAN_TESTS_BENCH_BGP_LOAD_H

#include <netinet/in.h>

#include "core/base/buffer.h"
#include "core/base/clock.h"
#include "core/base/text.h"
#include "tests/bench/bgp_order.h"

enum {
	SESSIONS = 1100,
	HEADER = 19,
	MESSAGE = 4096,
	OPEN = 1,
	UPDATE,
	NOTIFICATION,
	KEEPALIVE,
	HOLD_S = 240
};
enum { ESTABLISH_S = 90, PATIENCE_S = 300, LONGER = 3 };
enum state { CLOSED, CONNECTING, SENT_OPEN, CONFIRMING, ESTABLISHED };

struct load_session {
	struct sockaddr_in local, peer;
	uint32_t asn;
	enum state state;
	int fd;
	bool sink;
	usec_t retry_at, kept_alive;
	struct buffer in, out; /* out: messages of the session itself */
	uint8_t *stream;       /* prebuilt */
	size_t stream_length, stream_sent, stream_room;
	uint64_t updates, prefixes;
	uint32_t known, first, end; /* --many: prefixes of others that it has; which are its own */
	uint8_t *has;
};

struct load {
	struct load_session *sessions;
	unsigned count;
	uint32_t prefixes, share, groups;
	bool single;
	uint8_t *via;    /* by prefix: 0 not there, 1 or 2 the source it comes by */
	uint32_t *order; /* a random permutation */
	uint32_t at[3];  /* how many come by each */
	uint32_t second; /* the second source's AS; 0: there is none */
	usec_t changed;  /* when a prefix last changed at a sink */
	uint64_t random;
};
extern struct load load;

/** Says what is wrong and ends the program. */
_Noreturn void load_fail(const char *what);
/** The next of a row of numbers that is the same in every run. */
uint32_t load_any(void);

/* --- bgp_load_messages.c ----------------------------------------------------------------------- */

void say_open(struct load_session *s);
void say_keepalive(struct load_session *s);
/** Appends to a session's stream one UPDATE with prefixes of the order from `first` on, with the attributes
 * of a group; `longer`: so many times its own AS more. */
void announce(struct load_session *s, uint32_t group, unsigned longer, uint32_t first, uint32_t count);
/** The whole table, and the End-of-RIB. */
void build_announcements(struct load_session *s, unsigned longer);
void build_withdrawals(struct load_session *s);

/* --- bgp_load_sessions.c ----------------------------------------------------------------------- */

/** LOCAL,PEER,ASN. It begins with the next turn. */
struct load_session *add_session(const char *text, uint16_t port);
/** Waits for something to read or write, so long at most, and does it. */
void turn(int timeout_ms);
/** Until so many sessions are Established. */
void establish(unsigned count);

#endif
