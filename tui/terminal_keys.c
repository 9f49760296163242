// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Keys from the terminal. The bytes are read here, not by ncurses: so an ESC waits 25 ms and no longer, a
 * report of the mouse or the terminal's answer to a question comes out as what it is, and a sequence that
 * comes in pieces over a slow link stays one.
 */
#include "tui/terminal_internal.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "core/base/text.h"

#define ESCAPE_DELAY_MS 25
#define FORGET_AFTER (500 * USEC_PER_MS) /* what began a sequence so long ago began none */

static const struct {
	const char *capability;
	key_code key;
} described[] = {
    {"kent", KEYS_ENTER},    {"kcbt", KEYS_BACK_TAB}, {"kbs", KEYS_BACKSPACE}, {"kdch1", KEYS_DELETE},
    {"kich1", KEYS_INSERT},  {"kcuu1", KEYS_UP},      {"kcud1", KEYS_DOWN},    {"kcub1", KEYS_LEFT},
    {"kcuf1", KEYS_RIGHT},   {"khome", KEYS_HOME},    {"kend", KEYS_END},      {"kpp", KEYS_PAGE_UP},
    {"knp", KEYS_PAGE_DOWN},
};

void
keys_open(struct terminal *terminal)
{
	char capability[8];
	const char *bytes;

	key_reader_open(&terminal->keys);
	for (size_t i = 0; i < COUNT_OF(described); i++) {
		bytes = tigetstr(described[i].capability);
		if (bytes != NULL && bytes != (char *)-1 && bytes[0] == '\033')
			key_reader_name(&terminal->keys, bytes, described[i].key);
	}
	for (unsigned i = 1; i <= 12; i++) {
		snprintf(capability, sizeof(capability), "kf%u", i);
		bytes = tigetstr(capability);
		if (bytes != NULL && bytes != (char *)-1 && bytes[0] == '\033')
			key_reader_name(&terminal->keys, bytes, KEYS_F1 + i - 1);
	}
}

/* The shell is gone but its terminal lives: keys come that we will never get to read (read(2), EIO). Where
 * the shell lives we would have been stopped instead of coming here. */
static bool
in_orphaned_background(void)
{
	pid_t foreground = tcgetpgrp(STDIN_FILENO);

	return foreground > 0 && foreground != getpgrp();
}

/* Bytes wait, or the terminal is lost. */
static bool
bytes_wait(struct terminal *terminal, int patience_ms)
{
	struct pollfd fd = {.fd = STDIN_FILENO, .events = POLLIN};
	int waiting = 0;

	if (poll(&fd, 1, patience_ms) <= 0)
		return false;
	if (fd.revents & (POLLERR | POLLNVAL))
		terminal->lost = true;
	else if (ioctl(STDIN_FILENO, FIONREAD, &waiting) == 0 && (waiting == 0 || in_orphaned_background()))
		terminal->lost = true;
	return !terminal->lost;
}

static bool
read_bytes(struct terminal *terminal, int patience_ms)
{
	char bytes[KEY_READER_BYTES];
	usec_t now;
	ssize_t got;

	if (terminal->lost || !bytes_wait(terminal, patience_ms))
		return false;
	got = read(STDIN_FILENO, bytes, sizeof(bytes) - terminal->keys.count);
	if (got <= 0) {
		terminal->lost = got == 0 || (errno != EINTR && errno != EAGAIN);
		return false;
	}
	now = clock_monotonic();
	if (terminal->keys.count > 0 && now > terminal->read_at + FORGET_AFTER)
		key_reader_forget(&terminal->keys);
	terminal->read_at = now;
	key_reader_feed(&terminal->keys, bytes, (size_t)got);
	return true;
}

bool
terminal_key(struct terminal *terminal, key_code *key)
{
	bool final = false;

	for (;;) {
		switch (key_reader_next(&terminal->keys, final, &terminal->event)) {
		case KEY_READER_KEY:
			*key = terminal->event.key;
			return true;
		case KEY_READER_MOUSE:
			*key = KEYS_MOUSE;
			return true;
		case KEY_READER_BACKGROUND:
			terminal->background_known = true;
			*key = KEYS_UNKNOWN;
			return true;
		case KEY_READER_INCOMPLETE:
			if (final)
				return false; /* a longer sequence: its rest may come later */
			final = !read_bytes(terminal, ESCAPE_DELAY_MS);
			break;
		default:
			if (!read_bytes(terminal, 0))
				return false;
			break;
		}
	}
}

struct mouse_event
terminal_mouse_event(const struct terminal *terminal)
{
	return terminal->event.mouse;
}

bool
terminal_background(const struct terminal *terminal, uint32_t *rgb)
{
	*rgb = terminal->event.background;
	return terminal->background_known;
}

bool
terminal_lost(const struct terminal *terminal)
{
	return terminal->lost;
}
