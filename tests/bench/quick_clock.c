// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Time, compressed: preloaded into a program, its clocks run TWINSPAN_BENCH_SPEED times as fast and its waits
 * in epoll are as much shorter, so that a day passes in minutes. What the program does in that day, it does
 * all of it. Only what libuv's loop and core/base/clock.h use is replaced.
 */
#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>

#define NSEC 1000000000LL
#define CLOCKS 16

#define EXPORT __attribute__((visibility("default")))

EXPORT int clock_gettime(clockid_t clock, struct timespec *out);
EXPORT int epoll_pwait(int fd, struct epoll_event *events, int most, int timeout, const sigset_t *mask);
EXPORT int epoll_wait(int fd, struct epoll_event *events, int most, int timeout);

static long long speed;
static long long begin[CLOCKS];
static int (*real_clock)(clockid_t, struct timespec *);
static int (*real_pwait2)(int, struct epoll_event *, int, const struct timespec *, const sigset_t *);

static long long
real_time(clockid_t clock)
{
	struct timespec now = {0};

	real_clock(clock, &now);
	return now.tv_sec * NSEC + now.tv_nsec;
}

__attribute__((constructor)) static void
start(void)
{
	const char *text = getenv("TWINSPAN_BENCH_SPEED");

	*(void **)&real_clock = dlsym(RTLD_NEXT, "clock_gettime");
	*(void **)&real_pwait2 = dlsym(RTLD_NEXT, "epoll_pwait2");
	if (real_clock == NULL || real_pwait2 == NULL)
		abort();
	for (int i = 0; i < CLOCKS; i++)
		begin[i] = real_time(i);
	speed = text != NULL && atoll(text) > 1 ? atoll(text) : 1;
}

EXPORT int
clock_gettime(clockid_t clock, struct timespec *out)
{
	long long now;

	if (speed == 0 || clock < 0 || clock >= CLOCKS || clock == CLOCK_PROCESS_CPUTIME_ID ||
	    clock == CLOCK_THREAD_CPUTIME_ID) {
		if (real_clock == NULL)
			*(void **)&real_clock = dlsym(RTLD_NEXT, "clock_gettime");
		return real_clock(clock, out);
	}
	now = begin[clock] + (real_time(clock) - begin[clock]) * speed;
	out->tv_sec = now / NSEC;
	out->tv_nsec = now % NSEC;
	return 0;
}

EXPORT int
epoll_pwait(int fd, struct epoll_event *events, int most, int timeout, const sigset_t *mask)
{
	struct timespec wait;
	long long nsec = timeout * (NSEC / 1000) / (speed > 0 ? speed : 1);

	if (timeout < 0)
		return real_pwait2(fd, events, most, NULL, mask);
	wait.tv_sec = nsec / NSEC;
	wait.tv_nsec = nsec % NSEC;
	return real_pwait2(fd, events, most, &wait, mask);
}

EXPORT int
epoll_wait(int fd, struct epoll_event *events, int most, int timeout)
{
	return epoll_pwait(fd, events, most, timeout, NULL);
}
