// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A way to a gateway other than its unix socket, for a client (client.h): whoever has one, such as SSH, hands
 * it over as functions. What it brings is a connected stream socket that carries the control protocol; how
 * it came about is no matter of the client's.
 *
 * All of them are called on the loop's thread, and so are the events.
 */
#ifndef TWINSPAN_CONTROL_TRANSPORT_H
#define TWINSPAN_CONTROL_TRANSPORT_H

#include <stdbool.h>
#include <uv.h>

/* What an attempt tells, once: never from within open(), and nothing after close(). */
struct control_transport_events {
	void *context;
	/** There is a stream. `fd`, non-blocking or not, is the callee's from now on. */
	void (*opened)(void *context, int fd);
	/** There is none: `why`, for people. `lasting`: to try again by itself is no use (a key is refused).
	 */
	void (*failed)(void *context, const char *why, bool lasting);
};

struct control_transport {
	/** Begins an attempt; what it returns is given to the others. `events` is copied. */
	void *(*open)(void *context, uv_loop_t *loop, const struct control_transport_events *events);
	/**
	 * The stream ended: what the transport knows of that, or NULL. Borrowed until close(). `lasting` as
	 * in failed().
	 */
	const char *(*why)(void *attempt, bool *lasting);
	/** With which key we came in ("SHA256:…"), once it is open; NULL where nobody knows. Borrowed until
	 * close(). */
	const char *(*key)(void *attempt);
	/** Ends it in whatever state; its stream too, whose socket the callee closes itself. */
	void (*close)(void *attempt);
	void *context;
	uint64_t first_retry_ms, last_retry_ms; /* between attempts, doubled each time; 0: the client's own */
};

#endif
