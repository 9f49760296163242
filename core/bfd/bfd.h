// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Bidirectional Forwarding Detection: RFC 5880 in asynchronous mode, over a single hop (RFC 5881). No
 * authentication, no echo, no demand mode of our own (a peer that uses it is served).
 *
 * Sessions live in a thread of their own with its own timers and sockets, so that a busy loop neither delays
 * a packet nor declares a living peer dead. All functions are called from the loop's thread and so is the
 * callback.
 */
#ifndef TWINSPAN_BFD_BFD_H
#define TWINSPAN_BFD_BFD_H

#include <uv.h>

#include "core/base/address.h"
#include "core/base/clock.h"
#include "core/base/error.h"

struct bfd;

/* RFC 5880 4.1: the numbers on the wire. */
enum bfd_state { BFD_ADMIN_DOWN, BFD_DOWN, BFD_INIT, BFD_UP };
/** RFC 5880's words: "AdminDown", "Down", "Init", "Up". */
const char *bfd_state_name(enum bfd_state state);
/** A diagnostic code in words ("control detection time expired"); "" for 0. */
const char *bfd_diagnostic_text(uint8_t diagnostic);

struct bfd_session_config {
	const char *interface;   /* packets leave and must come in through it; NULL: any */
	struct ip_address local; /* may be none where there is an interface or a route */
	struct ip_address remote;
	uint32_t interval_ms; /* both directions, 1 to 60000 */
	uint32_t multiplier;  /* missed packets until down, 1 to 255 */
	bool passive;         /* say nothing until the peer does */
};

struct bfd_status {
	enum bfd_state state, remote_state;
	uint8_t diagnostic, remote_diagnostic; /* why it went down last, here and there */
	usec_t since;                          /* monotonic: when the state began */
	uint32_t transmit_us;  /* the negotiated interval of our packets; 1 s or more unless Up */
	uint32_t detection_us; /* silence of the peer that means down; 0: nothing heard yet */
	uint32_t multiplier;   /* the peer's, which counts here; 0: nothing heard yet */
	uint64_t packets_in, packets_out, flaps; /* flaps: times that it left Up */
};

struct bfd_options {
	/** A session's state changed, or the peer switched the session off, in whatever state that was here.
	 * `status` is as of the change; a change that a later one overtook is told too. */
	void (*changed)(void *context, uint32_t id, const struct bfd_status *status);
	void *context;
};

/** Binds UDP 3784 of both families and starts the thread. NULL with `err` where the port is taken. */
struct bfd *bfd_open(uv_loop_t *loop, const struct bfd_options *options, struct error *err);
/** Could it be opened now? Where no engine runs; takes the port for a moment and sends nothing. */
bool bfd_port_is_free(struct error *err);
/** Tells all peers (AdminDown), stops the thread, frees. NULL is fine. The loop must run afterwards once. */
void bfd_close(struct bfd *bfd);

/** Starts a session under an id of the caller's (the tunnel's). False: the id is taken, no such interface or
 * address. */
bool bfd_session_add(struct bfd *bfd, uint32_t id, const struct bfd_session_config *config,
		     struct error *err);
/** Tells the peer (AdminDown) and forgets the session; nothing more is told of it. */
void bfd_session_remove(struct bfd *bfd, uint32_t id);
/** New interval and multiplier by a poll sequence, without losing the session (RFC 5880 6.8.3). */
void bfd_session_change(struct bfd *bfd, uint32_t id, uint32_t interval_ms, uint32_t multiplier);
/** An operator's hold (AdminDown) and its end. */
void bfd_session_hold(struct bfd *bfd, uint32_t id, bool hold);
/** False for an unknown id. */
bool bfd_session_status(struct bfd *bfd, uint32_t id, struct bfd_status *out);

#endif
