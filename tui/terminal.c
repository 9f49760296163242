// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ncurses, and nothing else of the program beside it. The canvas is compared with what was presented last,
 * row by row; rows that differ go to ncurses, which compares again cell by cell and writes the few bytes that
 * change. Synchronized output (mode 2026) is not used: it would cost 16 bytes a frame, where a changed number
 * costs 20 to 40, and a frame here is one write (terminal_frame.c) that most terminals show at once.
 *
 * terminal_colours.c chooses the tier of colours, terminal_description.c makes a description with more of
 * them than TERM's, terminal_keys.c reads.
 *
 * Crash. The bytes that put the terminal back are prepared when it is opened; the handler of fatal signals
 * only writes them and restores the modes, both safe in a handler, then lets the signal do its work.
 */
#include "tui/terminal_internal.h"

#include <errno.h>
#include <langinfo.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <term.h>
#include <termios.h>
#include <unistd.h>

#include "core/base/text.h"

/* What is pasted comes between two marks, so that it can't act as keys. */
#define PASTE_ON "\033[?2004h"
#define PASTE_OFF "\033[?2004l"
/* Presses and the wheel (1000), as SGR reports (1006), which have no limit at column 223. */
#define MOUSE_ON "\033[?1000h\033[?1006h"
#define MOUSE_OFF "\033[?1006l\033[?1000l"
/* OSC 11: what colour is the background? */
#define ASK_BACKGROUND "\033]11;?\033\\"

/* --- putting the terminal back, also from a signal handler
 * ---------------------------------------------------- */

static const int fatal_signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};

static struct {
	volatile sig_atomic_t armed, mouse;
	void (*volatile hook)(void); /* what else is to be done in a crash; NULL: nothing */
	struct termios modes;
	char bytes[256];
	size_t length;
	struct sigaction before[COUNT_OF(fatal_signals)];
} rescue;

static int
rescue_byte(int c)
{
	if (rescue.length < sizeof(rescue.bytes))
		rescue.bytes[rescue.length++] = (char)c;
	return c;
}

static void
rescue_string(const char *capability)
{
	const char *string = tigetstr(capability);

	if (string != NULL && string != (char *)-1)
		tputs(string, 1, rescue_byte);
}

/* Past ncurses, and fit for a signal handler. */
static void
write_bytes(const char *bytes, size_t length)
{
	size_t done = 0;

	while (done < length) {
		ssize_t n = write(STDOUT_FILENO, bytes + done, length - done);

		if (n <= 0)
			break;
		done += (size_t)n;
	}
}

/* Asks the terminal for marks around a paste, or no longer; one that doesn't know them passes over it. */
static void
mark_pastes(const struct terminal *terminal, bool on)
{
	if (terminal->lost)
		return;
	if (on)
		write_bytes(PASTE_ON, sizeof(PASTE_ON) - 1);
	else
		write_bytes(PASTE_OFF, sizeof(PASTE_OFF) - 1);
}

static void
rescue_now(void)
{
	if (rescue.mouse)
		write_bytes(MOUSE_OFF, sizeof(MOUSE_OFF) - 1);
	write_bytes(PASTE_OFF, sizeof(PASTE_OFF) - 1);
	write_bytes(rescue.bytes, rescue.length);
	tcsetattr(STDIN_FILENO, TCSANOW, &rescue.modes);
}

static void
on_fatal(int number)
{
	if (rescue.armed) {
		rescue.armed = 0;
		rescue_now();
	}
	if (rescue.hook != NULL)
		rescue.hook();
	for (size_t i = 0; i < COUNT_OF(fatal_signals); i++) {
		if (fatal_signals[i] == number)
			sigaction(number, &rescue.before[i], NULL);
	}
	raise(number);
}

static void
rescue_arm(void)
{
	static const char *const capabilities[] = {"sgr0", "op", "cnorm", "rmkx", "rmcup"};
	struct sigaction action = {.sa_handler = on_fatal, .sa_flags = SA_NODEFER};

	rescue.length = 0;
	for (size_t i = 0; i < COUNT_OF(capabilities); i++)
		rescue_string(capabilities[i]);
	rescue.armed = 1;
	for (size_t i = 0; i < COUNT_OF(fatal_signals); i++)
		sigaction(fatal_signals[i], &action, &rescue.before[i]);
}

static void
rescue_disarm(void)
{
	rescue.armed = 0;
	for (size_t i = 0; i < COUNT_OF(fatal_signals); i++)
		sigaction(fatal_signals[i], &rescue.before[i], NULL);
}

/* --- opening
 * -------------------------------------------------------------------------------------------------- */

static const char *
term_name(void)
{
	const char *term = getenv("TERM");

	return term != NULL ? term : "";
}

/* newterm, with more colours than the description of TERM has where the tier asks for them. */
static SCREEN *
open_screen(enum theme_tier tier, FILE *out)
{
	const char *now = getenv("TERMINFO");
	char *before = text_copy(now);
	bool changed = !tier_described(tier) && description_colour(term_name(), tier);
	SCREEN *screen;

	del_curterm(cur_term);
	screen = newterm(term_name(), out != NULL ? out : stdout, stdin);
	if (changed && before != NULL)
		setenv("TERMINFO", before, 1);
	else if (changed)
		unsetenv("TERMINFO");
	free(before);
	return screen;
}

static bool
check_description(struct error *err)
{
	const char *term = term_name();
	char clean[64];
	int status;

	if (term[0] == '\0')
		return error_set(err, "TERM is not set: it says what kind of terminal this is, such as "
				      "xterm-256color");
	if (setupterm(term, STDOUT_FILENO, &status) != OK)
		return error_set(
		    err,
		    "the terminal '%s' (TERM) is not known on this machine; 'TERM=xterm-256color "
		    "twinspan' fits most",
		    text_clean(clean, sizeof(clean), term));
	if (tigetstr("cup") == NULL || tigetstr("cup") == (char *)-1) {
		del_curterm(cur_term);
		return error_set(err,
				 "the terminal '%s' (TERM) can't be drawn on; 'twinspan show connections' "
				 "prints to any",
				 text_clean(clean, sizeof(clean), term));
	}
	return true;
}

struct terminal *
terminal_open(const struct terminal_options *options, struct error *err)
{
	struct terminal *terminal;
	struct theme mono;

	if (!check_description(err))
		return NULL;
	tcgetattr(STDIN_FILENO, &rescue.modes);
	terminal = memory_zeroed(1, sizeof(*terminal));
	terminal->tier = tier_choose(term_name(), options->colours);
	terminal->screen = open_screen(terminal->tier, frame_open(&terminal->frame));
	if (terminal->screen == NULL) {
		error_set(err, "the terminal '%s' can't be opened", term_name());
		frame_close(&terminal->frame);
		free(terminal);
		return NULL;
	}
	rescue_arm();
	raw();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	leaveok(stdscr, FALSE);
	curs_set(0);
	keys_open(terminal);
	if (terminal->tier != TIER_MONO && start_color() == OK)
		use_default_colors();
	else
		terminal->tier = TIER_MONO;
	terminal->ascii = options->ascii || strcmp(nl_langinfo(CODESET), "UTF-8") != 0;
	terminal->fresh = true;
	theme_monochrome(&mono);
	terminal_theme(terminal, &mono);
	mark_pastes(terminal, true);
	return terminal;
}

void
terminal_close(struct terminal *terminal)
{
	if (terminal == NULL)
		return;
	terminal_mouse(terminal, false);
	mark_pastes(terminal, false);
	if (!terminal->lost)
		curs_set(1);
	endwin();
	rescue_disarm();
	delscreen(terminal->screen);
	frame_close(&terminal->frame);
	canvas_free(&terminal->shown);
	free(terminal->line);
	free(terminal);
}

bool
terminal_ascii(const struct terminal *terminal)
{
	return terminal->ascii;
}

enum terminal_graph
terminal_graph(const struct terminal *terminal)
{
	const char *term = getenv("TERM");

	if (terminal->ascii)
		return TERMINAL_ASCII;
	/* the Linux console has 512 glyphs, blocks among them, braille not */
	return term != NULL && strcmp(term, "linux") == 0 ? TERMINAL_BLOCKS : TERMINAL_BRAILLE;
}

/* --- the screen
 * ----------------------------------------------------------------------------------------------- */

void
terminal_size(struct terminal *terminal, int *rows, int *cols)
{
	struct winsize size;

	(void)terminal;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0) {
		*rows = size.ws_row;
		*cols = size.ws_col;
	} else {
		getmaxyx(stdscr, *rows, *cols);
	}
}

void
terminal_resized(struct terminal *terminal)
{
	int rows, cols;

	terminal_size(terminal, &rows, &cols);
	resizeterm(rows, cols);
	terminal_redraw(terminal);
}

void
terminal_redraw(struct terminal *terminal)
{
	terminal->fresh = true;
	clearok(curscr, TRUE);
}

static void
present_row(struct terminal *terminal, const struct canvas *canvas, int row)
{
	const struct cell *cells = &canvas->cells[(size_t)row * (size_t)canvas->cols];
	int count = 0;

	for (int col = 0; col < canvas->cols; col++) {
		const struct cell *cell = &cells[col];
		wchar_t text[2 + CELL_MARKS] = {0};
		const struct look *look;

		if (cell->text[0] == 0)
			continue; /* the right half of a wide character, drawn with its left one */
		for (int i = 0; i < 1 + CELL_MARKS; i++)
			text[i] = (wchar_t)cell->text[i];
		look = &terminal->looks[cell->ground][cell->role];
		if (setcchar(&terminal->line[count], text, look->attributes, look->pair, NULL) != OK)
			setcchar(&terminal->line[count], L"?", look->attributes, look->pair, NULL);
		count++;
	}
	mvadd_wchnstr(row, 0, terminal->line, count);
}

static void
remember(struct terminal *terminal, const struct canvas *canvas)
{
	if (terminal->shown.rows == canvas->rows && terminal->shown.cols == canvas->cols)
		return;
	canvas_resize(&terminal->shown, canvas->rows, canvas->cols);
	terminal->fresh = true;
	if (canvas->cols > terminal->line_size) {
		terminal->line =
		    memory_resize(terminal->line, (size_t)canvas->cols * sizeof(*terminal->line));
		terminal->line_size = canvas->cols;
	}
}

void
terminal_present(struct terminal *terminal, const struct canvas *canvas)
{
	size_t width;

	remember(terminal, canvas);
	width = (size_t)canvas->cols;
	for (int row = 0; row < canvas->rows; row++) {
		struct cell *before = &terminal->shown.cells[(size_t)row * width];
		const struct cell *now = &canvas->cells[(size_t)row * width];

		if (!terminal->fresh && memcmp(before, now, width * sizeof(*now)) == 0)
			continue;
		memcpy(before, now, width * sizeof(*now));
		present_row(terminal, canvas, row);
	}
	terminal->fresh = false;
	if (terminal->shows)
		frame_begin(&terminal->frame);
	if (canvas->cursor != terminal->cursor) {
		terminal->cursor = canvas->cursor;
		curs_set(canvas->cursor ? 1 : 0);
	}
	if (canvas->cursor)
		move(canvas->cursor_row, canvas->cursor_col);
	refresh();
	frame_end(terminal);
	terminal->shows = true;
}

void
terminal_send(struct terminal *terminal, const char *bytes, size_t count)
{
	(void)terminal;
	while (count > 0) {
		ssize_t n = write(STDOUT_FILENO, bytes, count);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return; /* a terminal that is gone is noticed where keys are read */
		bytes += n;
		count -= (size_t)n;
	}
}

/* --- suspending ---------------------------------------------------------------------------------- */

void
terminal_leave(struct terminal *terminal)
{
	terminal->mouse_again = terminal->mouse;
	terminal_mouse(terminal, false);
	mark_pastes(terminal, false);
	if (!terminal->cursor)
		curs_set(1);
	rescue.armed = 0;
	endwin();
}

void
terminal_return(struct terminal *terminal)
{
	rescue.armed = 1;
	terminal_resized(terminal);
	refresh();
	curs_set(terminal->cursor ? 1 : 0);
	terminal_mouse(terminal, terminal->mouse_again);
	mark_pastes(terminal, true);
}

void
terminal_on_crash(void (*hook)(void))
{
	rescue.hook = hook;
}

void
terminal_suspend(struct terminal *terminal)
{
	terminal_leave(terminal);
	raise(SIGSTOP);
	terminal_return(terminal);
}

/* --- past ncurses ---------------------------------------------------------------------------------- */

void
terminal_mouse(struct terminal *terminal, bool on)
{
	if (terminal->mouse == on)
		return;
	terminal->mouse = on;
	rescue.mouse = on;
	if (terminal->lost)
		return;
	if (on)
		write_bytes(MOUSE_ON, sizeof(MOUSE_ON) - 1);
	else
		write_bytes(MOUSE_OFF, sizeof(MOUSE_OFF) - 1);
}

bool
terminal_has_mouse(const struct terminal *terminal)
{
	return terminal->mouse;
}

/* Those that are known to answer, or to keep silent; others would print the question. */
static bool
understands_questions(void)
{
	static const char *const families[] = {"xterm",        "tmux",    "foot",    "alacritty", "kitty",
					       "rxvt-unicode", "gnome",   "konsole", "wezterm",   "contour",
					       "mintty",       "ghostty", "vte",     "iterm"};
	const char *term = term_name(), *tmux = getenv("TMUX");

	for (size_t i = 0; i < COUNT_OF(families); i++) {
		if (strncmp(term, families[i], strlen(families[i])) == 0)
			return true;
	}
	return strncmp(term, "screen", 6) == 0 && tmux != NULL && tmux[0] != '\0';
}

void
terminal_ask_background(struct terminal *terminal)
{
	if (terminal->tier == TIER_MONO || terminal->lost || !understands_questions())
		return;
	terminal->keys.awaits_background = true;
	write_bytes(ASK_BACKGROUND, sizeof(ASK_BACKGROUND) - 1);
}
