// SPDX-License-Identifier: GPL-2.0-or-later
/* The console itself: a child on a pseudo terminal. The test turns the gateway's loop while it waits. */
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/console/harness_internal.h"

#define SETTLED (50 * USEC_PER_MS)

/*
 * The child is a copy of the test program. cmocka catches crashes by handlers that jump back into its runner:
 * in the child they would make a crash of the console go on with the tests that follow, as a second runner
 * with consoles of its own, on top of the dead one's signal handles. A crash must be the child's end.
 */
static void
be_nobodys_runner(pid_t parent)
{
	static const int caught[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGSYS, SIGABRT};

	for (size_t i = 0; i < COUNT_OF(caught); i++)
		signal(caught[i], SIG_DFL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
}

/* In the child: before the console reads them. */
static void
write_settings(const struct world *world, const char *text)
{
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "%s/.config", world->folder);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/.config/twinspan", world->folder);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/.config/twinspan/console.yaml", world->folder);
	file = fopen(path, "w");
	if (file == NULL)
		_exit(125);
	fputs(text, file);
	fclose(file);
}

/* Where its stdout goes instead of the terminal. */
static void
redirect_output(const struct screen_options *options)
{
	int ends[2];

	if (options->output != NULL && freopen(options->output, "w", stdout) == NULL)
		_exit(127);
	if (!options->output_closed)
		return;
	if (pipe(ends) != 0 || dup2(ends[1], STDOUT_FILENO) < 0)
		_exit(127);
	close(ends[0]);
	close(ends[1]);
}

static void
be_console(struct world *world, const struct screen_options *options)
{
	char theme[4096];
	struct console_options console = {.socket = world->socket,
					  .ascii = options->ascii,
					  .mouse = options->mouse,
					  .import = options->import,
					  .export = options->export,
					  .colours = options->mono ? "none" : options->colours};

	setenv("TERM", options->term != NULL ? options->term : "xterm-256color", 1);
	setenv("LC_ALL", options->locale != NULL ? options->locale : "C.UTF-8", 1);
	setenv("TZ", "UTC", 1);
	setenv("HOME", world->folder, 1);
	unsetenv("XDG_CONFIG_HOME");
	if (options->settings != NULL)
		write_settings(world, options->settings);
	unsetenv("COLORTERM");
	unsetenv("COLORFGBG");
	unsetenv("NO_COLOR");
	unsetenv("LINES");
	unsetenv("COLUMNS");
	unsetenv("TMUX");
	if (options->no_color != NULL)
		setenv("NO_COLOR", options->no_color, 1);
	if (options->colorterm != NULL)
		setenv("COLORTERM", options->colorterm, 1);
	if (options->colorfgbg != NULL)
		setenv("COLORFGBG", options->colorfgbg, 1);
	snprintf(theme, sizeof(theme), "%s/themes/%s.yaml", TEST_SOURCE,
		 options->theme != NULL ? options->theme : "dark");
	console.theme = options->no_theme ? NULL : theme;
	if (options->tmux != NULL)
		setenv("TMUX", options->tmux, 1);
	unsetenv("STY");
	if (chdir(world->folder) != 0)
		_exit(126);
	redirect_output(options);
	if (options->user != 0 && (setgid(options->user) != 0 || setuid(options->user) != 0))
		_exit(126);
	_exit(options->once != NULL ? console_once(&console, options->once) : console_run(&console));
}

static void
take_bytes(struct world *world)
{
	struct pollfd fd = {.fd = world->fd, .events = POLLIN};
	char bytes[65536];
	ssize_t got;

	while (world->fd >= 0 && poll(&fd, 1, 0) > 0) {
		got = read(world->fd, bytes, sizeof(bytes));
		if (got <= 0) { /* EIO: the child is gone */
			close(world->fd);
			world->fd = -1;
			break;
		}
		vterm_input_write(world->vterm, bytes, (size_t)got);
		world->bytes = memory_resize(world->bytes, world->byte_count + (size_t)got + 1);
		memcpy(world->bytes + world->byte_count, bytes, (size_t)got);
		world->byte_count += (size_t)got;
		world->wrote = clock_monotonic();
		world->bytes[world->byte_count] = '\0';
	}
}

void
screen_take_in(struct world *world)
{
	take_bytes(world);
	if (world->child > 0 && !world->ended &&
	    waitpid(world->child, &world->status, WNOHANG) == world->child)
		world->ended = true;
}

static void
turn(struct world *world, int patience_ms)
{
	struct pollfd fds[2] = {{.fd = uv_backend_fd(&world->loop), .events = POLLIN},
				{.fd = world->fd, .events = POLLIN}};
	int due = uv_backend_timeout(&world->loop); /* at once where it has work, which no descriptor tells */

	poll(fds, 2, due >= 0 && due < patience_ms ? due : patience_ms);
	uv_run(&world->loop, UV_RUN_NOWAIT);
	screen_take_in(world);
}

void
world_turn(struct world *world)
{
	turn(world, 10);
}

void
world_turn_at_once(struct world *world)
{
	turn(world, 0);
}

void
world_turn_for(struct world *world, usec_t time)
{
	usec_t end = clock_monotonic() + time;

	while (clock_monotonic() < end)
		world_turn(world);
}

void
screen_turn(struct world *world)
{
	struct pollfd fd = {.fd = world->fd, .events = POLLIN};

	poll(&fd, 1, 10);
	screen_take_in(world);
}

/* libvterm 0.1 writes outside of a screen of one column where a wide character comes. */
static int
vterm_cols(const struct world *world, int cols)
{
	return cols + world->margin > 2 ? cols + world->margin : 2;
}

/* Nor does it survive a screen that shrinks while a frame is on its way: the cursor is then outside. So it
 * only ever grows; what is outside of the window is not looked at, and the console draws anew anyway. */
static void
resize_vterm(struct world *world, int rows, int cols)
{
	int rows_now, cols_now;

	rows += world->margin;
	cols = vterm_cols(world, cols);
	vterm_get_size(world->vterm, &rows_now, &cols_now);
	if (rows > rows_now || cols > cols_now)
		vterm_set_size(world->vterm, rows > rows_now ? rows : rows_now,
			       cols > cols_now ? cols : cols_now);
}

static void
make_vterm(struct world *world, int rows, int cols)
{
	world->vterm = vterm_new(rows + world->margin, vterm_cols(world, cols));
	vterm_set_utf8(world->vterm, 1);
	world->screen = vterm_obtain_screen(world->vterm);
	vterm_screen_enable_altscreen(world->screen, 1);
	vterm_screen_reset(world->screen, 1);
	world->rows = rows;
	world->cols = cols;
}

void
screen_open(struct world *world, const struct screen_options *options)
{
	struct winsize size = {.ws_row = (unsigned short)options->rows,
			       .ws_col = (unsigned short)options->cols};

	pid_t parent = getpid();

	world->margin = options->margin;
	make_vterm(world, options->rows, options->cols);
	world->ended = world->judged = false;
	world->byte_count = 0;
	world->child = forkpty(&world->fd, NULL, NULL, &size);
	assert_true(world->child >= 0);
	if (world->child == 0) {
		be_nobodys_runner(parent);
		uv_loop_fork(&world->loop);
		be_console(world, options);
	}
}

void
screen_open_until_live(struct world *world, const struct screen_options *options)
{
	screen_open(world, options);
	screen_wait(world, "● live");
	screen_wait(world, "═1═");
}

struct world *
screen_open_live(const struct screen_options *options)
{
	struct world *world = world_new();

	screen_open_until_live(world, options);
	return world;
}

void
screen_finish(struct world *world)
{
	screen_close(world);
	world_free(world);
}

/* On a busy machine ESC and q can arrive together, which is no key: then both are typed again. */
static void
type_until_ended(struct world *world)
{
	for (int tries = 0; tries < 30 && !world->ended && world->fd >= 0; tries++) {
		usec_t end = clock_monotonic() + USEC_PER_SEC;

		screen_type(world, tries % 4 == 0 ? "\x1b" : "q");
		while (tries % 4 != 0 && !world->ended && clock_monotonic() < end)
			world_turn(world);
	}
}

void
screen_close(struct world *world)
{
	bool judged = world->judged;
	int code;

	type_until_ended(world);
	code = screen_exit(world);
	if (!judged && code != 0)
		fail_msg("the console ended with %d", code);
	if (world->fd >= 0)
		close(world->fd);
	world->fd = -1;
	vterm_free(world->vterm);
	FREE_AND_NULL(world->bytes);
	world->byte_count = 0;
	world->child = 0;
}

void
screen_settle(struct world *world)
{
	usec_t end = clock_monotonic() + PATIENCE;

	do
		world_turn(world);
	while (world->fd >= 0 && clock_monotonic() < world->wrote + SETTLED && clock_monotonic() < end);
}

/* It waits for its turn on a processor, or has one. */
static bool
is_running(const struct world *world)
{
	char path[64], state = ' ';
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)world->child);
	file = fopen(path, "re");
	if (file == NULL)
		return false;
	if (fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
		state = ' ';
	fclose(file);
	return state == 'R';
}

void
screen_type(struct world *world, const char *keys)
{
	usec_t now = clock_monotonic(), end = now + 2 * USEC_PER_SEC, alone = now + 60 * USEC_PER_MS;

	assert_int_equal(write(world->fd, keys, strlen(keys)), (ssize_t)strlen(keys));
	/* ESC is a key of its own only when nothing follows it within the terminal's patience, which begins
	 * when the console reads it. */
	if (strcmp(keys, "\x1b") != 0)
		return;
	while ((now = clock_monotonic()) < alone && now < end) {
		world_turn(world);
		if (screen_unread(world) > 0 || is_running(world))
			alone = clock_monotonic() + 60 * USEC_PER_MS;
	}
}

void
screen_signal(struct world *world, int number)
{
	kill(world->child, number);
}
int
screen_exit(struct world *world)
{
	usec_t end = clock_monotonic() + PATIENCE;

	while (!world->ended && clock_monotonic() < end)
		world_turn(world);
	if (!world->ended) {
		kill(world->child, SIGKILL);
		waitpid(world->child, &world->status, 0);
		world->ended = true;
		screen_print(world);
		fail_msg("the console did not end");
	}
	world->judged = true;
	take_bytes(world);
	return WIFEXITED(world->status) ? WEXITSTATUS(world->status) : 128 + WTERMSIG(world->status);
}

void
screen_hang_up(struct world *world)
{
	close(world->fd);
	world->fd = -1;
}

bool
screen_wrote(struct world *world, const char *bytes)
{
	return world->bytes != NULL && strstr(world->bytes, bytes) != NULL;
}

void
screen_resize(struct world *world, int rows, int cols)
{
	struct winsize size = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)cols};

	take_bytes(world);
	resize_vterm(world, rows, cols);
	world->rows = rows;
	world->cols = cols;
	ioctl(world->fd, TIOCSWINSZ, &size);
}

void
screen_type_bytes(struct world *world, const char *bytes, size_t count)
{
	if (world->fd >= 0 && !world->ended) /* it may leave by any key */
		assert_int_equal(write(world->fd, bytes, count), (ssize_t)count);
}

int
screen_unread(struct world *world)
{
	struct pollfd end = {.events = POLLIN};
	int count = 0;

	if (world->fd < 0 || world->ended)
		return 0;
	end.fd = open(ptsname(world->fd), O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (end.fd < 0)
		return 0;
	poll(&end, 1, 0); /* the kernel passes on what it still holds back; else that would not be counted */
	if (ioctl(end.fd, FIONREAD, &count) != 0)
		count = 0;
	close(end.fd);
	return count;
}

bool
screen_ended(const struct world *world)
{
	return world->ended;
}

const char *
screen_written(const struct world *world)
{
	return world->bytes;
}

size_t
screen_bytes(const struct world *world)
{
	return world->byte_count;
}
