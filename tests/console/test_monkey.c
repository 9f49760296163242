// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A monkey at the console: random keys, sequences, pasted and torn bytes, windows of all sizes, a gateway
 * that goes, falls silent, comes back, answers late or refuses, rows that come and go, and texts that no
 * gateway should send. What must hold all the time: the console lives and shows its footer, Esc and q lead
 * out of anything with the terminal as it was, and nothing dangerous is sent without its sheet's button.
 *
 *     tests/console/test_monkey [--keys N] [--seed N]
 *
 * The seed is printed: the same one types the same keys (the machine's load still differs). A run is made of
 * many short sessions in turn of four tempers (monkey.h). Two of them never go to a button or never press it,
 * and neither may ever send anything dangerous. The third looks at the screen before each press: every
 * dangerous command must have its own press of its own button. The fourth types everything ahead of the
 * screen, and may send no more than it pressed. In between the first three visit sheets on purpose
 * (monkey_sheets.c), and leave them by every way there is.
 */
#include <ftw.h>
#include <stdarg.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/text.h"
#include "tests/console/monkey.h"
#include "tests/console/world.h"

#define KEYS 1500
#define SESSIONS 10 /* at least; keys until it leaves: the n-th part, and no more than that */
#define SESSION 2000
#define MARKED 16   /* rows that one press can mean */
#define VISITS 20   /* tries until a sheet opens and is treated as wanted */
#define UNREAD 1000 /* bytes typed ahead, at most */
#define MANY 50000  /* keys from which on every dangerous command is expected to have been sent */

static size_t wanted = KEYS;
static uint64_t seed;

/* --- the keys
 * --------------------------------------------------------------------------------------------------- */

static const char *const sequences[] = {
    "\x1b[A",
    "\x1b[B",
    "\x1b[C",
    "\x1b[D",
    "\x1bOA",
    "\x1bOB",
    "\x1b[5~",
    "\x1b[6~",
    "\x1b[H",
    "\x1b[F",
    "\x1b[Z",
    "\x1b[2~",
    "\x1b[3~",
    "\x1bOP",
    "\x1bOQ",
    "\x1b[15~",
    "\x1b[1;5C",
    "\x1b[<0;5;3M",
    "\x1b[<0;5;3m",
    "\x1b[<64;9;9M",
    "\x1b[<65;9;9M",
    "\x1b[<0;999;999M",
    "\x1b[M !!",
    "\x1b]11;rgb:ffff/ffff/ffff\x07",
    "\x1b]11;rgb:00/00\x1b\\",
    "\x1b[99999999999~",
    "\x1b[;;;;;;;;;;;;;;;;;;;;m",
    "\x1bP+q544e\x1b\\",
    "\x1b_no end",
    "\x1b[200~pasted\ttext\rwith: /all\x1b[201~",
    "\x1b",
    "\x1b\x1b",
    "\x1b[",
    "\x1bO",
    "\x1b]",
    "\x1b[1;",
    "\xe2\x82",
    "\xe2\x82\xac",
    "\xf0\x9f\x9a\x80",
    "\xff",
    "\xc3",
    "\xcc\x81",
};

/* What people type: whole, so that one gets somewhere. */
static const char *const lines[] = {
    ":switchover aws-paris\r",
    ":down plant/2\r",
    ":down aws-paris/1 --force\r",
    ":drain aws-paris/1\r",
    ":drill aws-paris\r",
    ":shutdown aws-paris/1 --message bye\r",
    ":withdraw 10.20.0.0/16\r",
    ":reload\r",
    ":show routes\r",
    ":show tunnels plant/2\r",
    ":show usage\r",
    ":explain 10.50.3.4\r",
    ":explain plant/2\r",
    ":theme light\r",
    ":theme contrast\r",
    ":columns name,state\r",
    ":columns default\r",
    ":sort state\r",
    ":sort none\r",
    ":go-peer aws-paris/1\r",
    ":sh\t",
    ":switchover \t",
    "/state:up\r",
    "/med>5 !~^10\r",
    "/((\r",
    "/\x15\r",
    "w10.50.3.4",
    "wfe80::1%eth0",
    "**d",
    "  s",
    "2**D",
    "4G",
    "7G",
    "2\r\r",
    "3\r",
    "?/tunnel\r",
    "?",
    "s",
    "d",
    "D",
    "s\t\r",
    "d\t\r",
    "zz",
    "z",
    "e",
    "m",
};

/* Bytes that move to a button, and bytes that press one, wherever they stand in a sequence. */
static bool
moves(char byte)
{
	return byte != '\0' && strchr("\thlCDZMm", byte) != NULL;
}

static bool
presses(char byte)
{
	return byte != '\0' && strchr("\r\nMm", byte) != NULL;
}

static bool
allowed(const struct monkey *m, char byte)
{
	return !(m->temper == NO_BUTTON && moves(byte)) && !(m->temper == NO_ENTER && presses(byte));
}

/* One thing to type. */
static size_t
think(struct monkey *m, char *out, size_t size)
{
	char text[128];
	size_t length = 0, kept = 0;
	const char *whole = NULL;

	switch (monkey_chance(m, 8)) {
	case 0:
		whole = PICK(m, sequences);
		break;
	case 1:
	case 2:
		whole = PICK(m, lines);
		break;
	case 3: /* anything at all */
		for (length = 0; length < 1 + monkey_chance(m, 6); length++)
			text[length] = (char)(1 + monkey_chance(m, 255));
		break;
	case 4: /* a click, somewhere */
		length = (size_t)snprintf(text, sizeof(text), "\x1b[<0;%d;%dM", (int)monkey_chance(m, 210),
					  (int)monkey_chance(m, 55));
		break;
	default:
		text[0] = (char)(' ' + monkey_chance(m, 95));
		length = 1;
	}
	if (whole != NULL) {
		length = strlen(whole);
		if (monkey_chance(m, 10) == 0) /* torn */
			length = 1 + monkey_chance(m, length);
		memcpy(text, whole, length);
	}
	for (size_t i = 0; i < length && kept < size; i++) {
		/* a suspended console is the shell's, and there is none here */
		if (text[i] == 0x1a)
			continue;
		/* leaving is tried at the end of each session, and now and then */
		if ((text[i] == 'q' || text[i] == 3) && monkey_chance(m, 40) != 0)
			continue;
		if (allowed(m, text[i]))
			out[kept++] = text[i];
	}
	return kept;
}

/* --- typing
 * ------------------------------------------------------------------------------------------------------ */

static void
remember(struct monkey *m, const char *bytes, size_t count)
{
	char *out = m->last[m->lasts++ % COUNT_OF(m->last)];
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; i < count && used + 6 < sizeof(m->last[0]); i++)
		used += (size_t)snprintf(out + used, sizeof(m->last[0]) - used,
					 bytes[i] > ' ' && bytes[i] < 0x7f ? "%c" : "\\x%02x",
					 (unsigned char)bytes[i]);
}

static void
type_at_once(struct monkey *m, const char *bytes, size_t count)
{
	if (count == 0)
		return;
	remember(m, bytes, count);
	for (size_t i = 0; i < count; i++) {
		m->moved += moves(bytes[i]);
		m->moves += moves(bytes[i]);
		m->presses += presses(bytes[i]);
	}
	screen_type_bytes(m->world, bytes, count);
	m->keys += count;
}

/* A press of the button that is seen to have the focus lets its command come; a `z` where a move is shown
 * lets it go back. */
static void
grant(struct monkey *m, char byte)
{
	struct sight sight = monkey_look(m);

	if (byte == 'z') {
		m->leave.back += sight.open && !sight.action;
	} else if (sight.focus && sight.command != NULL) {
		m->leave.command = sight.command;
		m->leave.count = sight.count;
	}
}

void
monkey_type(struct monkey *m, const char *bytes, size_t count)
{
	size_t begin = 0;

	for (size_t i = 0; i < count && m->temper == WATCHED; i++) {
		if (!presses(bytes[i]) && bytes[i] != 'z')
			continue;
		type_at_once(m, bytes + begin, i - begin);
		grant(m, bytes[i]);
		type_at_once(m, bytes + i, 1);
		begin = i + 1;
	}
	type_at_once(m, bytes + begin, count - begin);
}

void
monkey_escape(struct monkey *m)
{
	monkey_settle(m);
	type_at_once(m, "\x1b", 1);
	monkey_settle(m);
}

void
monkey_turn(struct monkey *m, bool wait)
{
	if (clock_monotonic() < m->silent_until)
		screen_turn(m->world);
	else if (wait)
		world_turn(m->world);
	else
		world_turn_at_once(m->world);
}

/* --- what must hold
 * --------------------------------------------------------------------------------------------- */

static void
tell(const struct monkey *m)
{
	fprintf(stderr, "# seed %llu, key %zu, session %zu, temper %d, %dx%d; typed last:\n",
		(unsigned long long)seed, m->keys, m->sessions, m->temper, m->cols, m->rows);
	for (size_t i = 0; i < COUNT_OF(m->last); i++)
		fprintf(stderr, "#   %s\n", m->last[(m->lasts + i) % COUNT_OF(m->last)]);
}

void
monkey_fail(struct monkey *m, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	tell(m);
	screen_print(m->world);
	fail_msg("%s", text);
}

/* The last line: keys and what they do. Below that size it has other uses, or no room for a word. */
bool
monkey_footer_there(struct monkey *m)
{
	static const char *const words[] = {"leave", "Esc", "Enter", "help", "close", "cancel"};
	char text[1024];

	if (m->rows < 8)
		return true;
	screen_row(m->world, m->rows - 1, text, sizeof(text));
	if (m->cols < 40)
		return m->cols < 8 || text[0] != '\0';
	for (size_t i = 0; i < COUNT_OF(words); i++) {
		if (strstr(text, words[i]) != NULL)
			return true;
	}
	return false;
}

/* Where bytes stand last; -1 where they don't. */
static ptrdiff_t
last_place(const struct monkey *m, const char *text)
{
	const char *bytes = screen_written(m->world), *last = NULL;

	for (const char *at = bytes; at != NULL && (at = strstr(at, text)) != NULL; at++)
		last = at;
	return last != NULL ? last - bytes : -1;
}

/* What a sanitizer wrote, else the last that came: it went to the terminal. */
static void
tell_last_words(const struct monkey *m)
{
	static const char *const begins[] = {"runtime error", "Sanitizer", "Assertion"};
	const char *bytes = screen_written(m->world), *at = NULL;

	for (size_t i = 0; i < COUNT_OF(begins) && bytes != NULL && at == NULL; i++)
		at = strstr(bytes, begins[i]);
	if (at == NULL && bytes != NULL)
		at = bytes + strlen(bytes);
	if (at != NULL)
		fprintf(stderr, "%.6000s\n", at - (at - bytes < 200 ? at - bytes : 200));
}

/* It left by itself, and put back what it had changed. */
static void
judge_end(struct monkey *m)
{
	static const char *const pairs[][2] = {
	    {"\x1b[?1049h", "\x1b[?1049l"}, {"\x1b[?25l", "\x1b[?25h"},     {"\x1b[?1000h", "\x1b[?1000l"},
	    {"\x1b[?1002h", "\x1b[?1002l"}, {"\x1b[?1006h", "\x1b[?1006l"}, {"\x1b[?2004h", "\x1b[?2004l"}};
	int code = screen_exit(m->world);

	if (code != 0) {
		tell_last_words(m);
		monkey_fail(m, "the console ended with %d", code);
	}
	for (size_t i = 0; i < COUNT_OF(pairs); i++) {
		if (last_place(m, pairs[i][0]) > last_place(m, pairs[i][1])) {
			monkey_fail(m, "the terminal was not put back: %s", pairs[i][0] + 1);
		}
	}
}

static void
judge_danger(struct monkey *m)
{
	size_t pairs = m->moves < m->presses ? m->moves : m->presses;

	if (m->temper == WATCHED ? m->without_leave > 0
				 : m->dangerous > (m->temper == BLIND ? pairs * MARKED : 0))
		monkey_fail(m, "%zu dangerous commands were sent, with %zu presses; the last was %s",
			    m->dangerous, m->presses, m->sent);
}

/* Else the check above would check nothing. */
static void
judge_figures(struct monkey *m)
{
	size_t count;
	const struct command *table = command_table(&count);

	assert_true(m->opened >= m->sessions / 2);
	assert_true(m->cancelled >= m->sessions / 4);
	assert_true(m->confirmed >= m->sessions / 4);
	assert_true(m->resizes > 0);
	assert_true(m->restarts > 0 || wanted < MANY);
	for (size_t i = 0; i < count && wanted >= MANY; i++) {
		if (table[i].dangerous && strcmp(table[i].name, "configure") != 0 && m->confirmed_of[i] == 0)
			fail_msg("no sheet of '%s' was ever confirmed", table[i].name);
	}
}

static void
print_figures(const struct monkey *m, usec_t took)
{
	size_t count;
	const struct command *table = command_table(&count);

	printf(
	    "# %zu keys in %zu sessions and %.1f s; %zu restarts of the gateway, %zu resizes; %zu commands "
	    "came\n",
	    m->keys, m->sessions, (double)took / USEC_PER_SEC, m->restarts, m->resizes, m->asked);
	printf("# %zu sheets visited, %zu cancelled, %zu confirmed:", m->opened, m->cancelled, m->confirmed);
	for (size_t i = 0; i < count; i++) {
		if (table[i].dangerous)
			printf(" %s %zu (%zu came)", table[i].name, m->confirmed_of[i], m->came[i]);
	}
	printf("\n");
}

/* --- a session
 * -------------------------------------------------------------------------------------------------- */

/* Whatever chance does later: each session of those tempers has come to a sheet's end. */
static void
visit_at_first(struct monkey *m)
{
	size_t *done = m->temper == WATCHED ? &m->confirmed : &m->cancelled, before = *done;

	gateway_restore(m);
	for (int i = 0; i < VISITS && *done == before && !screen_ended(m->world); i++)
		monkey_visit_sheet(m);
}

static void
open_session(struct monkey *m)
{
	static const enum temper tempers[] = {WATCHED, NO_BUTTON, WATCHED, NO_ENTER, BLIND};
	static const char *const themes[] = {"dark", "light", "contrast", "mono"}, *const colours[] = {
										       "24bit", "256", "16",
										       "none"};
	struct screen_options options = {
	    .rows = 24,
	    .cols = 80,
	    .theme = PICK(m, themes),
	    .colours = PICK(m, colours),
	    .ascii = monkey_chance(m, 4) == 0,
	    .mouse = monkey_chance(m, 2) == 0,
	    .settings =
		monkey_chance(m, 4) == 0 ? "sites: [{name: lyon, host: lyon, production: true}]\n" : NULL};
	usec_t end = clock_monotonic() + MONKEY_PATIENCE;

	m->rows = 24;
	m->cols = 80;
	m->moves = m->presses = m->dangerous = m->without_leave = m->moved = 0;
	m->sight = (struct sight){0};
	m->leave.count = m->leave.back = 0;
	m->temper = tempers[m->sessions++ % COUNT_OF(tempers)];
	screen_open(m->world, &options);
	while (!monkey_footer_there(m) && !screen_ended(m->world) && clock_monotonic() < end)
		monkey_turn(m, true);
	visit_at_first(m);
}

void
monkey_resize(struct monkey *m, int rows, int cols)
{
	monkey_settle(m);
	if (screen_ended(m->world))
		return;
	m->rows = rows;
	m->cols = cols;
	m->resizes++;
	screen_resize(m->world, rows, cols);
}

static void
resize_somehow(struct monkey *m)
{
	static const int sizes[][2] = {{1, 1},   {2, 3},   {5, 20},   {7, 39},   {20, 60},
				       {24, 80}, {24, 80}, {36, 120}, {50, 200}, {100, 300}};
	size_t i = monkey_chance(m, COUNT_OF(sizes) + 4);

	if (i < COUNT_OF(sizes))
		monkey_resize(m, sizes[i][0], sizes[i][1]);
	else
		monkey_resize(m, 1 + (int)monkey_chance(m, 100), 1 + (int)monkey_chance(m, 300));
}

static void
play(struct monkey *m)
{
	char bytes[128];
	size_t count = think(m, bytes, sizeof(bytes));

	if (count == 0)
		return;
	/* else it would soon do nothing but fill one line */
	if (monkey_chance(m, bytes[0] == ':' ? 2 : 10) == 0)
		monkey_escape(m);
	if (monkey_chance(m, m->temper == WATCHED ? 3 : 8) == 0)
		monkey_visit_sheet(m);
	monkey_type(m, bytes, count);
	if (monkey_chance(m, 6) == 0 || screen_unread(m->world) > UNREAD) {
		monkey_look(m);
		judge_danger(m);
	} else {
		monkey_turn(m, false);
	}
	if (monkey_chance(m, 5) == 0)
		gateway_change(m);
	if (monkey_chance(m, 20) == 0)
		resize_somehow(m);
}

/* Whatever is open: some Escs close it, and q leaves. */
static void
leave(struct monkey *m)
{
	usec_t end = clock_monotonic() + MONKEY_PATIENCE;

	m->silent_until = 0;
	for (int tries = 1; !screen_ended(m->world) && clock_monotonic() < end; tries++) {
		/* each alone: an ESC with a q behind it would be another key */
		if (tries % 5 != 0) {
			monkey_escape(m);
			continue;
		}
		type_at_once(m, "q", 1);
		monkey_settle(m);
	}
	if (!screen_ended(m->world))
		monkey_fail(m, "neither Esc nor q leads out");
}

static int
remove_one(const char *path, const struct stat *status, int type, struct FTW *at)
{
	(void)status;
	(void)type;
	return at->level > 0 ? remove(path) : 0;
}

static void
a_monkey_finds_no_way_to_break_it(void **state)
{
	struct monkey m = {.state = seed * UINT64_C(0x9e3779b97f4a7c15) | 1};
	usec_t begun = clock_monotonic();

	(void)state;
	setenv("EDITOR", "true", 1);
	unsetenv("VISUAL");
	m.world = world_new_silent();
	gateway_serve(&m);
	while (m.keys < wanted) {
		size_t until = m.keys + (wanted / SESSIONS < SESSION ? wanted / SESSIONS + 1 : SESSION);

		gateway_serve(&m);
		open_session(&m);
		while (m.keys < until && !screen_ended(m.world))
			play(&m);
		leave(&m);
		judge_end(&m);
		for (int i = 0; i < 5; i++) /* what it sent last */
			world_turn_at_once(m.world);
		judge_danger(&m);
		screen_close(m.world);
	}
	print_figures(&m, clock_monotonic() - begun);
	judge_figures(&m);
	gateway_answer_held(&m);
	nftw(world_folder(m.world), remove_one, 8, FTW_DEPTH | FTW_PHYS); /* what it dumped and saved */
	world_free(m.world);
}

int
main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {cmocka_unit_test(a_monkey_finds_no_way_to_break_it)};
	uint64_t number;

	seed = 1; /* another one by hand: a test that is run by a machine should do the same each time */
	for (int i = 1; i + 1 < argc; i += 2) {
		if (!text_parse_number(argv[i + 1], UINT32_MAX, &number)) {
			fprintf(stderr, "usage: %s [--keys N] [--seed N]\n", argv[0]);
			return 2;
		}
		if (strcmp(argv[i], "--seed") == 0)
			seed = number;
		else if (strcmp(argv[i], "--keys") == 0)
			wanted = number;
	}
	printf("# seed %llu\n", (unsigned long long)seed);
	fflush(stdout);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
