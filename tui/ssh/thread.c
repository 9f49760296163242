// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The threads of SSH. They wait for networks and never for us, so nobody waits for them: a program that
 * leaves while some run leaves at once.
 */
#include "tui/ssh/thread.h"

#include <openssl/crypto.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/base/text.h"

#define STACK ((size_t)256 << 10)

static atomic_uint threads; /* that run */

struct start {
	void (*run)(void *argument);
	void *argument;
};

static void *
begin(void *argument)
{
	struct start start = *(struct start *)argument;

	free(argument);
	start.run(start.argument);
	OPENSSL_thread_stop(); /* not later, beside an exit() that takes OpenSSL down */
	atomic_fetch_sub(&threads, 1);
	return NULL;
}

/* Threads that still wait for the network don't keep anybody from leaving, and what they use (OpenSSL's and
 * libssh's tables) is not taken from under them. */
static void
leave_at_once(int status, void *context)
{
	(void)context;
	if (atomic_load(&threads) == 0)
		return;
	fflush(NULL);
	_exit(status);
}

/* OpenSSL has to have said before us what it wants done at the end: the last one to say so comes first. */
static void
begin_once(void)
{
	OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CRYPTO_STRINGS | OPENSSL_INIT_ADD_ALL_CIPHERS |
				OPENSSL_INIT_ADD_ALL_DIGESTS | OPENSSL_INIT_LOAD_CONFIG,
			    NULL);
	on_exit(leave_at_once, NULL);
}

bool
ssh_thread_start(void (*run)(void *argument), void *argument)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct start *start = memory_zeroed(1, sizeof(*start));
	pthread_attr_t attributes;
	pthread_t thread;
	bool started;

	pthread_once(&once, begin_once);
	*start = (struct start){run, argument};
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	atomic_fetch_add(&threads, 1);
	started = pthread_create(&thread, &attributes, begin, start) == 0;
	pthread_attr_destroy(&attributes);
	if (!started) {
		atomic_fetch_sub(&threads, 1);
		free(start);
	}
	return started;
}
