// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ncurses, and nothing else of the program beside it. The canvas is compared with what was presented last,
 * row by row; rows that differ go to ncurses, which compares again cell by cell and writes the few bytes that
 * change.
 *
 * Colours. The tier is what the terminal can: direct 24-bit colour where its description says RGB (or where
 * COLORTERM promises it and a "-direct" description is installed), else 256, 16 or 8 colours; none with
 * NO_COLOR or on a terminal without. The palette of the terminal is never redefined: it is not ours.
 *
 * Keys. ESC may begin a sequence or be a key. ncurses waits 25 ms for the rest; sequences that it has no name
 * for are swallowed whole, so that their letters can't act as keys.
 *
 * Crash. The bytes that put the terminal back are prepared when it is opened; the handler of fatal signals
 * only writes them and restores the modes, both safe in a handler, then lets the signal do its work.
 */
#include "tui/terminal.h"

#include <langinfo.h>
#include <ncurses.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <term.h>
#include <termios.h>
#include <unistd.h>

#include "core/base/text.h"

#define MOST_PAIRS 256
#define ESCAPE_DELAY_MS 25

enum tier { TIER_MONO, TIER_8, TIER_16, TIER_256, TIER_DIRECT };

struct look {
	attr_t attributes;
	short pair;
};

struct terminal {
	SCREEN *screen;
	enum tier tier;
	bool ascii, lost, fresh, cursor;
	struct canvas shown; /* what was presented last */
	struct look looks[GROUND_COUNT][ROLE_COUNT];
	struct {
		int fg, bg;
	} pairs[MOST_PAIRS];
	short pair_count;
	cchar_t *line; /* one row on its way to ncurses */
	int line_size;
};

/* --- putting the terminal back, also from a signal handler
 * ---------------------------------------------------- */

static const int fatal_signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};

static struct {
	volatile sig_atomic_t armed;
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

static void
rescue_now(void)
{
	size_t done = 0;

	while (done < rescue.length) {
		ssize_t n = write(STDOUT_FILENO, rescue.bytes + done, rescue.length - done);

		if (n <= 0)
			break;
		done += (size_t)n;
	}
	tcsetattr(STDIN_FILENO, TCSANOW, &rescue.modes);
}

static void
on_fatal(int number)
{
	if (rescue.armed) {
		rescue.armed = 0;
		rescue_now();
	}
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

static bool
promises_direct(void)
{
	const char *colorterm = getenv("COLORTERM");

	return colorterm != NULL && (strcmp(colorterm, "truecolor") == 0 || strcmp(colorterm, "24bit") == 0);
}

/* TERM, or its "-direct" sister where the terminal promises 24 bits and the sister is installed. */
static void
description_name(char *out, size_t size)
{
	const char *term = getenv("TERM"), *tail;
	char sister[64];
	int status;

	snprintf(out, size, "%s", term != NULL ? term : "");
	if (term == NULL || !promises_direct() || strstr(term, "-direct") != NULL)
		return;
	tail = strstr(term, "-256color");
	snprintf(sister, sizeof(sister), "%.*s-direct",
		 (int)(tail != NULL ? (size_t)(tail - term) : strlen(term)), term);
	if (setupterm(sister, STDOUT_FILENO, &status) == OK) {
		del_curterm(cur_term);
		snprintf(out, size, "%s", sister);
	}
}

static bool
description_is_direct(void)
{
	const char *string = tigetstr("RGB");

	return tigetflag("RGB") > 0 || tigetnum("RGB") > 0 || (string != NULL && string != (char *)-1);
}

static enum tier
find_tier(bool mono)
{
	const char *no_color = getenv("NO_COLOR");

	if (mono || (no_color != NULL && no_color[0] != '\0') || !has_colors() || start_color() != OK)
		return TIER_MONO;
	use_default_colors();
	if (description_is_direct())
		return TIER_DIRECT;
	return COLORS >= 256 ? TIER_256 : COLORS >= 16 ? TIER_16 : TIER_8;
}

/* What terminals send for these keys when they ignore keypad mode, whatever their description says. */
static const struct {
	const char *bytes;
	int key;
} sequences[] = {{"\033[A", KEY_UP},   {"\033[B", KEY_DOWN}, {"\033[C", KEY_RIGHT}, {"\033[D", KEY_LEFT},
		 {"\033[H", KEY_HOME}, {"\033[F", KEY_END},  {"\033[Z", KEY_BTAB}};

struct terminal *
terminal_open(const struct terminal_options *options, struct error *err)
{
	struct terminal *terminal;
	struct theme mono;
	char name[64];
	int status;

	description_name(name, sizeof(name));
	if (setupterm(name, STDOUT_FILENO, &status) != OK || tigetstr("cup") == NULL ||
	    tigetstr("cup") == (char *)-1) {
		error_set(err, "the terminal '%s' (TERM) is not known or can't be drawn on", name);
		return NULL;
	}
	del_curterm(cur_term);
	tcgetattr(STDIN_FILENO, &rescue.modes);
	terminal = memory_zeroed(1, sizeof(*terminal));
	terminal->screen = newterm(name, stdout, stdin);
	if (terminal->screen == NULL) {
		error_set(err, "the terminal '%s' can't be opened", name);
		free(terminal);
		return NULL;
	}
	rescue_arm();
	raw();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	leaveok(stdscr, FALSE);
	for (size_t i = 0; i < COUNT_OF(sequences); i++)
		define_key(sequences[i].bytes, sequences[i].key);
	set_escdelay(ESCAPE_DELAY_MS);
	curs_set(0);
	terminal->ascii = options->ascii || strcmp(nl_langinfo(CODESET), "UTF-8") != 0;
	terminal->tier = find_tier(options->mono);
	terminal->fresh = true;
	theme_monochrome(&mono);
	terminal_theme(terminal, &mono);
	return terminal;
}

void
terminal_close(struct terminal *terminal)
{
	if (terminal == NULL)
		return;
	if (!terminal->lost)
		curs_set(1);
	endwin();
	rescue_disarm();
	delscreen(terminal->screen);
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

bool
terminal_colours(const struct terminal *terminal)
{
	return terminal->tier != TIER_MONO;
}

/* --- colours
 * -------------------------------------------------------------------------------------------------- */

static int
colour_number(const struct terminal *terminal, const struct theme_colour *colour)
{
	int number;

	if (!colour->set)
		return -1;
	switch (terminal->tier) {
	case TIER_DIRECT:
		/* 0 to 7 are the basic colours there: the nearest blue that is none of them */
		return colour->rgb < 8 ? (int)colour->rgb + (colour->rgb > 0 ? 8 : 0) : (int)colour->rgb;
	case TIER_256:
		return colour->exact ? theme_nearest_256(colour->rgb) : colour->ansi;
	default:
		number = colour->ansi >= 0 ? colour->ansi : theme_nearest_16(colour->rgb);
		return terminal->tier == TIER_16 ? number : number % 8;
	}
}

static short
colour_pair(struct terminal *terminal, int fg, int bg)
{
	if (fg < 0 && bg < 0)
		return 0;
	for (short i = 1; i < terminal->pair_count; i++) {
		if (terminal->pairs[i].fg == fg && terminal->pairs[i].bg == bg)
			return i;
	}
	if (terminal->pair_count >= MOST_PAIRS || terminal->pair_count >= COLOR_PAIRS ||
	    init_extended_pair(terminal->pair_count, fg, bg) != OK)
		return 0;
	terminal->pairs[terminal->pair_count].fg = fg;
	terminal->pairs[terminal->pair_count].bg = bg;
	return terminal->pair_count++;
}

static attr_t
ncurses_attributes(unsigned attributes)
{
	static const struct {
		unsigned ours;
		attr_t theirs;
	} map[] = {{THEME_BOLD, A_BOLD},
		   {THEME_DIM, A_DIM},
		   {THEME_UNDERLINE, A_UNDERLINE},
		   {THEME_REVERSE, A_REVERSE},
		   {THEME_ITALIC, A_ITALIC}};
	attr_t out = A_NORMAL;

	for (size_t i = 0; i < COUNT_OF(map); i++) {
		if (attributes & map[i].ours)
			out |= map[i].theirs;
	}
	return out;
}

static struct look
make_look(struct terminal *terminal, const struct theme *theme, enum ground ground, enum theme_role role)
{
	static const enum theme_role ground_roles[] = {[GROUND_PLAIN] = ROLE_text,
						       [GROUND_SELECTED] = ROLE_selection,
						       [GROUND_HEADER] = ROLE_header,
						       [GROUND_DIALOG] = ROLE_dialog,
						       [GROUND_FOOTER] = ROLE_footer};
	const struct theme_style *style = &theme->roles[role], *under = &theme->roles[ground_roles[ground]];
	struct theme_colour fg = style->fg, bg = style->bg;
	unsigned attributes = style->attributes;
	struct look look;

	if (!bg.set)
		bg = under->bg;
	if (!fg.set)
		fg = under->fg.set ? under->fg : theme->roles[ROLE_text].fg;
	if (ground != GROUND_PLAIN)
		attributes |= under->attributes & (ground == GROUND_SELECTED ? ~0U : (unsigned)THEME_REVERSE);
	/* reversed and dim together can't be read on many terminals */
	if (attributes & THEME_REVERSE)
		attributes &= ~(unsigned)THEME_DIM;
	look.attributes = ncurses_attributes(attributes);
	if (terminal->tier == TIER_MONO) {
		look.pair = 0;
		return look;
	}
	/* eight colours: the bright ones are the basic ones in bold */
	if (terminal->tier == TIER_8 && fg.set && fg.ansi >= 8)
		look.attributes |= A_BOLD;
	look.pair = colour_pair(terminal, colour_number(terminal, &fg), colour_number(terminal, &bg));
	return look;
}

void
terminal_theme(struct terminal *terminal, const struct theme *theme)
{
	struct theme mono;

	if (terminal->tier == TIER_MONO) {
		theme_monochrome(&mono);
		theme = &mono;
	}
	terminal->pair_count = 1;
	for (int ground = 0; ground < GROUND_COUNT; ground++) {
		for (int role = 0; role < ROLE_COUNT; role++)
			terminal->looks[ground][role] =
			    make_look(terminal, theme, (enum ground)ground, (enum theme_role)role);
	}
	terminal_redraw(terminal);
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
	if (canvas->cursor != terminal->cursor) {
		terminal->cursor = canvas->cursor;
		curs_set(canvas->cursor ? 1 : 0);
	}
	if (canvas->cursor)
		move(canvas->cursor_row, canvas->cursor_col);
	refresh();
}

/* --- keys
 * ----------------------------------------------------------------------------------------------------- */

static const struct {
	int curses;
	key_code code;
} special[] = {
    {KEY_ENTER, KEYS_ENTER},     {KEY_BTAB, KEYS_BACK_TAB}, {KEY_BACKSPACE, KEYS_BACKSPACE},
    {KEY_DC, KEYS_DELETE},       {KEY_IC, KEYS_INSERT},     {KEY_UP, KEYS_UP},
    {KEY_DOWN, KEYS_DOWN},       {KEY_LEFT, KEYS_LEFT},     {KEY_RIGHT, KEYS_RIGHT},
    {KEY_HOME, KEYS_HOME},       {KEY_END, KEYS_END},       {KEY_PPAGE, KEYS_PAGE_UP},
    {KEY_NPAGE, KEYS_PAGE_DOWN},
};

static const struct {
	wint_t character;
	key_code code;
} control[] = {{'\r', KEYS_ENTER},  {'\n', KEYS_ENTER},     {'\t', KEYS_TAB},
	       {0x1b, KEYS_ESCAPE}, {0x7f, KEYS_BACKSPACE}, {'\b', KEYS_BACKSPACE}};

/* The rest of a control sequence: up to its final byte (ECMA-48 5.4). */
static void
swallow_sequence(void)
{
	wint_t next;

	while (get_wch(&next) == OK && (next < 0x40 || next > 0x7e))
		;
}

/* After an ESC with more behind it: Alt with a key, or a sequence without a name. Both mean nothing here. */
static key_code
after_escape(void)
{
	wint_t next;

	if (get_wch(&next) != OK)
		return KEYS_ESCAPE;
	if (next == '[' || next == 'O') {
		swallow_sequence();
	} else if (next == 0x1b) {
		unget_wch((wchar_t)next);
		return KEYS_ESCAPE;
	}
	return KEYS_UNKNOWN;
}

/* The shell is gone but its terminal lives: keys come that we will never get to read (read(2), EIO). Where
 * the shell lives we would have been stopped instead of coming here. */
static bool
in_orphaned_background(void)
{
	pid_t foreground = tcgetpgrp(STDIN_FILENO);

	return foreground > 0 && foreground != getpgrp();
}

static void
check_lost(struct terminal *terminal)
{
	struct pollfd fd = {.fd = STDIN_FILENO, .events = POLLIN};
	int waiting = 0;

	if (poll(&fd, 1, 0) < 0)
		return;
	if (fd.revents & (POLLHUP | POLLERR | POLLNVAL))
		terminal->lost = true;
	else if ((fd.revents & POLLIN) && ioctl(STDIN_FILENO, FIONREAD, &waiting) == 0 &&
		 (waiting == 0 || in_orphaned_background()))
		terminal->lost = true;
}

bool
terminal_key(struct terminal *terminal, key_code *key)
{
	wint_t c;
	int kind = get_wch(&c);

	if (kind == ERR) {
		check_lost(terminal);
		return false;
	}
	*key = KEYS_UNKNOWN;
	if (kind == KEY_CODE_YES) {
		for (size_t i = 0; i < COUNT_OF(special); i++) {
			if (special[i].curses == (int)c)
				*key = special[i].code;
		}
		if ((int)c == KEY_MOUSE) /* never asked for; what follows its beginning are no keys */
			swallow_sequence();
		if ((int)c >= KEY_F(1) && (int)c <= KEY_F(12))
			*key = (key_code)(KEYS_F1 + (int)c - KEY_F(1));
		return true;
	}
	if (c >= 0x20 && c != 0x7f) {
		*key = c;
		return true;
	}
	for (size_t i = 0; i < COUNT_OF(control); i++) {
		if (control[i].character == c)
			*key = c == 0x1b ? after_escape() : control[i].code;
	}
	if (*key == KEYS_UNKNOWN && c >= 1 && c <= 26 && c != '\t' && c != '\r' && c != '\n' && c != '\b')
		*key = KEYS_CONTROL + 'a' + c - 1;
	return true;
}

bool
terminal_lost(const struct terminal *terminal)
{
	return terminal->lost;
}

void
terminal_suspend(struct terminal *terminal)
{
	rescue.armed = 0;
	endwin();
	raise(SIGSTOP);
	rescue.armed = 1;
	terminal_resized(terminal);
	refresh();
}
