// SPDX-License-Identifier: GPL-2.0-or-later
/* See harness.h. One loop for the gateway, one child for the console; the test turns the loop while it waits.
 */
#include "tests/console/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>
#include <vterm.h>

#include "core/base/clock.h"
#include "core/base/text.h"
#include "tests/console/world.h"

#define PATIENCE (30 * USEC_PER_SEC)
#define SETTLED (50 * USEC_PER_MS)
#define TEXT 65536

struct world {
	uv_loop_t loop;
	struct model_store *store;
	struct control_server *server;
	char folder[64], socket[128];
	struct text_list commands;
	bool holds, guarded, own_path;
	char fails[64];
	struct control_request *held;
	pid_t child;
	int fd, status;
	bool ended, judged; /* the child; its end was looked at */
	VTerm *vterm;
	VTermScreen *screen;
	int rows, cols, margin;
	char *bytes; /* all that the console wrote */
	size_t byte_count;
	usec_t wrote; /* when the last bytes came */
	struct {
		const char *command;
		control_handler handler;
		void *context;
	} handlers[64]; /* of tests with answers of their own */
	size_t handler_count;
};

/* --- the gateway
 * ---------------------------------------------------------------------------------------------- */

/* "aws-paris dry", "aws-paris/1 force done": what came, as tests ask for it. */
static void
note_command(struct world *world, const struct control_request *request)
{
	static const char *const names[] = {"connection", "tunnel", "peer", "confirm_within"};
	static const char *const flags[] = {"back", "force"};
	char text[256] = "";
	size_t used = 0;

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		const char *value = control_request_text(request, names[i]);

		if (value != NULL)
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s ", value);
	}
	for (size_t i = 0; i < COUNT_OF(flags); i++) {
		if (control_request_flag(request, flags[i]))
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s ", flags[i]);
	}
	snprintf(text + used, sizeof(text) - used, "%s",
		 control_request_flag(request, "dry_run") ? "dry" : "done");
	text_list_add(&world->commands, text);
}

static void
answer(struct world *world, struct control_request *request)
{
	const char *connection = control_request_text(request, "connection"),
		   *tunnel = control_request_text(request, "tunnel");
	bool force = control_request_flag(request, "force"), dry = control_request_flag(request, "dry_run");

	if (world->guarded && !force)
		control_request_refuse(request, json_pack("{s:s}", "force", "own_path"),
				       "you reach this gateway through %s (from 192.0.2.7): it would cut "
				       "your own connection; --force does it all the same",
				       tunnel != NULL ? tunnel : "aws-paris/1");
	else if (tunnel != NULL && world->fails[0] != '\0' && strcmp(world->fails, tunnel) == 0)
		control_request_fail(request, "%s is in the middle of a rekey", tunnel);
	else if (dry)
		control_request_done(request, world_plan(world->own_path),
				     "12 prefixes move from aws-paris/1 to aws-paris/2");
	else if (connection != NULL && strcmp(connection, "aws-paris") == 0 && tunnel == NULL) {
		world_move(world->store);
		control_request_done(request, NULL,
				     "moved from aws-paris/1 to aws-paris/2 in 412 ms, longest gap 11 ms");
	} else if (connection != NULL)
		control_request_fail(request, "%s has no other tunnel that is up", connection);
	else
		control_request_done(request, NULL, "asked");
}

static void
on_command(void *context, struct control_request *request)
{
	struct world *world = context;

	note_command(world, request);
	if (world->holds && !control_request_flag(request, "dry_run")) {
		assert_null(world->held);
		world->held = request;
	} else {
		answer(world, request);
	}
}

void
world_hold(struct world *world, bool hold)
{
	struct control_request *held = world->held;

	world->holds = hold;
	world->held = NULL;
	if (held != NULL && !hold)
		answer(world, held);
}

void
world_guard(struct world *world, bool guarded)
{
	world->guarded = guarded;
}

void
world_own_path(struct world *world, bool own)
{
	world->own_path = own;
}

void
world_fail_at(struct world *world, const char *tunnel)
{
	snprintf(world->fails, sizeof(world->fails), "%s", tunnel);
}

static void
on_explain(void *context, struct control_request *request)
{
	struct world *world = context;
	const char *target = control_request_text(request, "target");
	json_t *answer = world_explain(world->store, target);
	char text[256];

	snprintf(text, sizeof(text), "explain %s", target);
	text_list_add(&world->commands, text);
	if (answer == NULL)
		control_request_fail(request, "'%s' is no address, prefix, tunnel or connection", target);
	else
		control_request_done(request, answer, "in short");
}

static void
on_drill(void *context, struct control_request *request)
{
	struct world *world = context;

	note_command(world, request);
	if (control_request_flag(request, "dry_run") ||
	    (world->guarded && !control_request_flag(request, "force")))
		answer(world, request);
	else
		control_request_done(request, world_drill(), "aws-paris: the other tunnel took over");
}

void
world_serve(struct world *world)
{
	static const char *const commands[] = {"switchover", "auto",  "up",    "down",    "rekey",  "reset",
					       "shutdown",   "start", "drain", "undrain", "confirm"};
	struct error err;

	world->server = control_server_open(&world->loop, world->socket, world->store, &err);
	if (world->server == NULL)
		fail_msg("%s", err.text);
	for (size_t i = 0; i < COUNT_OF(commands); i++)
		control_server_handle(world->server, commands[i], on_command, world);
	control_server_handle(world->server, "explain", on_explain, world);
	control_server_handle(world->server, "drill", on_drill, world);
	for (size_t i = 0; i < world->handler_count; i++)
		control_server_handle(world->server, world->handlers[i].command, world->handlers[i].handler,
				      world->handlers[i].context);
}

void
world_handle(struct world *world, const char *command, control_handler handler, void *context)
{
	assert_true(world->handler_count < COUNT_OF(world->handlers));
	world->handlers[world->handler_count].command = command;
	world->handlers[world->handler_count].handler = handler;
	world->handlers[world->handler_count++].context = context;
	if (world->server != NULL)
		control_server_handle(world->server, command, handler, context);
}

void
world_stop_serving(struct world *world)
{
	control_server_close(world->server);
	world->server = NULL;
	uv_run(&world->loop, UV_RUN_NOWAIT);
}

struct world *
world_new_silent(void)
{
	struct world *world = memory_zeroed(1, sizeof(*world));

	uv_loop_init(&world->loop);
	snprintf(world->folder, sizeof(world->folder), "/tmp/twinspan-console-XXXXXX");
	assert_non_null(mkdtemp(world->folder));
	snprintf(world->socket, sizeof(world->socket), "%s/control.sock", world->folder);
	world->store = model_store_new();
	world_fill(world->store);
	world->fd = -1;
	return world;
}

struct world *
world_new(void)
{
	struct world *world = world_new_silent();

	world_serve(world);
	return world;
}

static void
remove_settings(const struct world *world)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/.config/twinspan/console.yaml", world->folder);
	unlink(path);
	*strrchr(path, '/') = '\0';
	rmdir(path);
	*strrchr(path, '/') = '\0';
	rmdir(path);
}

void
world_free(struct world *world)
{
	if (world->server != NULL)
		world_stop_serving(world);
	uv_run(&world->loop, UV_RUN_DEFAULT);
	uv_loop_close(&world->loop);
	model_store_free(world->store);
	text_list_free(&world->commands);
	unlink(world->socket);
	remove_settings(world);
	rmdir(world->folder);
	free(world);
}

struct model_store *
world_store(struct world *world)
{
	return world->store;
}

size_t
world_commands(const struct world *world, const char *text)
{
	size_t count = 0;

	for (size_t i = 0; i < world->commands.count; i++)
		count += strcmp(world->commands.items[i], text) == 0;
	return count;
}

/* --- the console
 * ---------------------------------------------------------------------------------------------- */

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

const char *
world_folder(const struct world *world)
{
	return world->folder;
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

static void
take_in(struct world *world)
{
	take_bytes(world);
	if (world->child > 0 && !world->ended &&
	    waitpid(world->child, &world->status, WNOHANG) == world->child)
		world->ended = true;
}

void
world_turn(struct world *world)
{
	struct pollfd fds[2] = {{.fd = uv_backend_fd(&world->loop), .events = POLLIN},
				{.fd = world->fd, .events = POLLIN}};

	poll(fds, 2, 10);
	uv_run(&world->loop, UV_RUN_NOWAIT);
	take_in(world);
}

void
screen_turn(struct world *world)
{
	struct pollfd fd = {.fd = world->fd, .events = POLLIN};

	poll(&fd, 1, 10);
	take_in(world);
}

static void
make_vterm(struct world *world, int rows, int cols)
{
	world->vterm = vterm_new(rows + world->margin, cols + world->margin);
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

struct world *
screen_open_live(const struct screen_options *options)
{
	struct world *world = world_new();

	screen_open(world, options);
	screen_wait(world, "● live");
	screen_wait(world, "═1═");
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

/* A frame comes in several reads: its top can be new while its bottom is old. */
static void
settle(struct world *world)
{
	usec_t end = clock_monotonic() + PATIENCE;

	do
		world_turn(world);
	while (world->fd >= 0 && clock_monotonic() < world->wrote + SETTLED && clock_monotonic() < end);
}

void
screen_type(struct world *world, const char *keys)
{
	assert_int_equal(write(world->fd, keys, strlen(keys)), (ssize_t)strlen(keys));
	/* ESC is a key of its own only when nothing follows it within the terminal's patience */
	if (keys[0] == '\x1b' && keys[1] == '\0') {
		usec_t end = clock_monotonic() + 60 * USEC_PER_MS;

		while (clock_monotonic() < end)
			world_turn(world);
	}
}

void
screen_signal(struct world *world, int number)
{
	kill(world->child, number);
}

static void print_screen(struct world *world);

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
		print_screen(world);
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
	vterm_set_size(world->vterm, rows + world->margin, cols + world->margin);
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
	int count = 0, end;

	if (world->fd < 0 || world->ended)
		return 0;
	end = open(ptsname(world->fd), O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (end < 0)
		return 0;
	if (ioctl(end, FIONREAD, &count) != 0)
		count = 0;
	close(end);
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

/* --- looking at it
 * -------------------------------------------------------------------------------------------- */

static size_t
put_utf8(uint32_t c, char *out)
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	out[0] = (char)(0xe0 | c >> 12);
	out[1] = (char)(0x80 | (c >> 6 & 0x3f));
	out[2] = (char)(0x80 | (c & 0x3f));
	return 3;
}

static void
row_text(struct world *world, int row, char *out, size_t size)
{
	size_t used = 0, end = 0;

	for (int col = 0; col < world->cols && used + 8 < size; col++) {
		VTermScreenCell cell;

		vterm_screen_get_cell(world->screen, (VTermPos){.row = row, .col = col}, &cell);
		used += put_utf8(cell.chars[0] != 0 && cell.chars[0] != (uint32_t)-1 ? cell.chars[0] : ' ',
				 out + used);
		end = out[used - 1] != ' ' ? used : end;
	}
	out[end] = '\0';
}

static bool
row_has(struct world *world, const char *a, const char *b)
{
	char text[4096];

	for (int row = 0; row < world->rows; row++) {
		row_text(world, row, text, sizeof(text));
		if (strstr(text, a) != NULL && (b == NULL || strstr(text, b) != NULL))
			return true;
	}
	return false;
}

bool
screen_has(struct world *world, const char *text)
{
	settle(world);
	return row_has(world, text, NULL);
}

static void
print_screen(struct world *world)
{
	char text[4096];

	for (int row = 0; row < world->rows; row++) {
		row_text(world, row, text, sizeof(text));
		fprintf(stderr, "# |%s\n", text);
	}
}

void
screen_row(struct world *world, int row, char *out, size_t size)
{
	row_text(world, row, out, size);
}

bool
screen_is_coloured(struct world *world)
{
	for (int row = 0; row < world->rows; row++) {
		for (int col = 0; col < world->cols; col++) {
			VTermScreenCell cell;

			vterm_screen_get_cell(world->screen, (VTermPos){.row = row, .col = col}, &cell);
			if (!VTERM_COLOR_IS_DEFAULT_FG(&cell.fg) || !VTERM_COLOR_IS_DEFAULT_BG(&cell.bg))
				return true;
		}
	}
	return false;
}

bool
screen_margin_is_blank(struct world *world)
{
	for (int row = 0; row < world->rows + world->margin; row++) {
		for (int col = row < world->rows ? world->cols : 0; col < world->cols + world->margin;
		     col++) {
			VTermScreenCell cell;

			vterm_screen_get_cell(world->screen, (VTermPos){.row = row, .col = col}, &cell);
			if (cell.chars[0] != 0 && cell.chars[0] != ' ')
				return false;
		}
	}
	return true;
}

void
screen_print(struct world *world)
{
	print_screen(world);
}

static void
wait_for(struct world *world, const char *a, const char *b, bool there)
{
	usec_t end = clock_monotonic() + PATIENCE;

	while (row_has(world, a, b) != there && clock_monotonic() < end && !world->ended)
		world_turn(world);
	if (row_has(world, a, b) == there)
		return;
	print_screen(world);
	fail_msg("'%s'%s%s %s the screen", a, b != NULL ? " with " : "", b != NULL ? b : "",
		 there ? "did not come to" : "did not leave");
}

void
screen_wait(struct world *world, const char *text)
{
	wait_for(world, text, NULL, true);
}

void
screen_wait_gone(struct world *world, const char *text)
{
	wait_for(world, text, NULL, false);
}

void
screen_wait_row(struct world *world, const char *a, const char *b)
{
	wait_for(world, a, b, true);
}

bool
screen_find(struct world *world, const char *text, int *row, int *col)
{
	char line[4096];

	for (*row = 0; *row < world->rows; (*row)++) {
		const char *at;

		row_text(world, *row, line, sizeof(line));
		at = strstr(line, text);
		if (at == NULL)
			continue;
		*col = 0;
		for (const char *p = line; p < at; p++)
			*col += ((unsigned char)*p & 0xc0) != 0x80;
		return true;
	}
	return false;
}

bool
screen_is_ascii(struct world *world)
{
	char line[4096];

	settle(world);
	for (int row = 0; row < world->rows; row++) {
		row_text(world, row, line, sizeof(line));
		for (const char *p = line; *p != '\0'; p++) {
			if ((unsigned char)*p >= 0x80)
				return false;
		}
	}
	return true;
}

static bool
find_cell(struct world *world, const char *text, VTermScreenCell *out)
{
	int row, col;

	if (!screen_find(world, text, &row, &col)) {
		print_screen(world);
		fail_msg("'%s' is not on the screen", text);
	}
	vterm_screen_get_cell(world->screen, (VTermPos){.row = row, .col = col}, out);
	return true;
}

/* 0xrrggbb; -1 for the terminal's own. */
static int
colour_value(struct world *world, VTermColor *colour, bool own)
{
	if (own)
		return -1;
	vterm_screen_convert_color_to_rgb(world->screen, colour);
	return colour->rgb.red << 16 | colour->rgb.green << 8 | colour->rgb.blue;
}

int
screen_colour(struct world *world, const char *text)
{
	VTermScreenCell cell;

	settle(world);
	find_cell(world, text, &cell);
	return colour_value(world, &cell.fg, VTERM_COLOR_IS_DEFAULT_FG(&cell.fg));
}

int
screen_background(struct world *world, const char *text)
{
	VTermScreenCell cell;

	settle(world);
	find_cell(world, text, &cell);
	return colour_value(world, &cell.bg, VTERM_COLOR_IS_DEFAULT_BG(&cell.bg));
}

size_t
screen_bytes(const struct world *world)
{
	return world->byte_count;
}

void
screen_wait_colour(struct world *world, const char *text, int other)
{
	usec_t end = clock_monotonic() + PATIENCE;

	screen_wait(world, text);
	while (screen_colour(world, text) == other && clock_monotonic() < end)
		world_turn(world);
	assert_int_not_equal(screen_colour(world, text), other);
}

bool
screen_reversed(struct world *world, const char *text)
{
	VTermScreenCell cell;

	settle(world);
	find_cell(world, text, &cell);
	return cell.attrs.reverse;
}

/* --- goldens
 * -------------------------------------------------------------------------------------------------- */

static bool
is_clock(const char *p)
{
	static const char shape[] = "dd:dd:dd";

	for (size_t i = 0; i < sizeof(shape) - 1; i++) {
		if (shape[i] == 'd' ? p[i] < '0' || p[i] > '9' : p[i] != shape[i])
			return false;
	}
	return true;
}

/* Blanks what differs from run to run: times of day, dates before them, braille. */
static void
normalise(char *text)
{
	size_t to = 0, end = 0;

	for (char *p = text; *p != '\0';) {
		if (is_clock(p)) {
			memcpy(p, "hh:mm:ss", 8);
			if (to >= 7 && text[to - 1] == ' ' && text[to - 4] == ' ' && text[to - 2] >= '0' &&
			    text[to - 2] <= '9')
				memcpy(text + to - 7, "Mon dd ", 7);
			for (int i = 0; i < 8; i++)
				text[to++] = *p++;
		} else if ((unsigned char)p[0] == 0xe2 &&
			   ((unsigned char)p[1] >= 0xa0 && (unsigned char)p[1] <= 0xa3)) {
			text[to++] = ' ';
			p += 3;
		} else {
			text[to++] = *p++;
		}
	}
	for (size_t i = 0; i < to; i++)
		end = text[i] != ' ' ? i + 1 : end;
	text[end] = '\0';
}

static void
whole_text(struct world *world, char *out, size_t size)
{
	char row[4096];
	size_t used = 0;

	for (int r = 0; r < world->rows; r++) {
		row_text(world, r, row, sizeof(row));
		normalise(row);
		used += (size_t)snprintf(out + used, size - used, "%s\n", row);
	}
}

static bool
read_golden(const char *path, char *out, size_t size)
{
	FILE *file = fopen(path, "re");
	size_t got;

	if (file == NULL)
		return false;
	got = fread(out, 1, size - 1, file);
	out[got] = '\0';
	fclose(file);
	return true;
}

void
screen_golden(struct world *world, const char *name)
{
	char path[4096], *is = memory_zeroed(1, TEXT), *should = memory_zeroed(1, TEXT);
	usec_t end = clock_monotonic() + PATIENCE / 4;
	FILE *file;

	snprintf(path, sizeof(path), "%s/tests/console/golden/%s.txt", TEST_SOURCE, name);
	if (getenv("GENERATE") != NULL) {
		end = clock_monotonic() + 300 * USEC_PER_MS;
		while (clock_monotonic() < end)
			world_turn(world);
		whole_text(world, is, TEXT);
		file = fopen(path, "we");
		assert_non_null(file);
		fputs(is, file);
		fclose(file);
	} else {
		if (!read_golden(path, should, TEXT))
			fail_msg("no golden %s: make it with GENERATE=1", path);
		do {
			world_turn(world);
			whole_text(world, is, TEXT);
		} while (strcmp(is, should) != 0 && clock_monotonic() < end);
		if (strcmp(is, should) != 0) {
			fprintf(stderr, "# is:\n%s# should be (%s):\n%s", is, name, should);
			fail_msg("the screen differs from golden %s", name);
		}
	}
	free(is);
	free(should);
}

/* --- whole stories
 * --------------------------------------------------------------------------------------------- */

void
world_wait_command(struct world *world, const char *text)
{
	usec_t end = clock_monotonic() + PATIENCE;

	while (world_commands(world, text) == 0 && clock_monotonic() < end)
		world_turn(world);
	if (world_commands(world, text) != 1)
		fail_msg("'%s' came %zu times", text, world_commands(world, text));
}

struct world *
world_open_live(const struct screen_options *options)
{
	struct world *world = world_new();

	screen_open(world, options);
	screen_wait(world, "● live");
	screen_wait(world, "═1═");
	return world;
}

void
world_finish(struct world *world)
{
	screen_close(world);
	world_free(world);
}
