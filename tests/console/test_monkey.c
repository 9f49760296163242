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
 * many short sessions in turn of three tempers: one never moves to a button (no Tab, arrow or mouse), one
 * never presses Enter, and neither may ever send anything dangerous; the third types everything, and may send
 * no more than it pressed.
 */
#include "tests/console/harness.h"

#include <ftw.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/text.h"
#include "core/control/commands.h"
#include "tests/console/world.h"

#define KEYS 1500
#define SESSIONS 9 /* at least; keys until it leaves: the n-th part, and no more than that */
#define SESSION 4000
#define PATIENCE (30 * USEC_PER_SEC)
#define HELD 8
#define MARKED 16 /* rows that one press can mean */
#define LEAVE "\x1b[?1049l"
#define ENTER "\x1b[?1049h"

enum temper { NO_BUTTON, NO_ENTER, ANYTHING, TEMPERS };

struct monkey {
	uint64_t state; /* of the random numbers */
	struct world *world;
	enum temper temper;
	size_t keys, sessions, asked;
	size_t dangerous, dangerous_before; /* of this session, and of those before */
	size_t moves, presses; /* keys that can move to a button; Enters and clicks that came after one */
	bool serving;
	usec_t silent_until;
	struct control_request *held[HELD];
	size_t held_count;
	int rows, cols;
	char last[8][96]; /* what was typed last, for whoever looks into a failure */
	size_t lasts;
	char sent[64]; /* the last dangerous command */
};

static size_t wanted = KEYS;
static uint64_t seed;

/* --- chance
 * ---------------------------------------------------------------------------------------------------- */

/* xorshift64*: the same everywhere. */
static uint64_t
chance(struct monkey *m, uint64_t below)
{
	m->state ^= m->state >> 12;
	m->state ^= m->state << 25;
	m->state ^= m->state >> 27;
	return (m->state * UINT64_C(2685821657736338717) >> 33) % below;
}

#define PICK(m, array) ((array)[chance(m, COUNT_OF(array))])

/* --- the gateway
 * ------------------------------------------------------------------------------------------------ */

static const char *const bad_texts[] = {
    "",
    "\x1b[2J\x1b[31mred\x1b]0;title\x07",
    "two\nlines\r\ttab",
    "\x80\xff\xfe no UTF-8",
    "東京 の 回線 が 切れました 東京 の 回線 が 切れました",
    "e\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81 many marks on one",
    "\xe2\x80\xae right to left \xe2\x80\xad "
    "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7",
    "%s%n%d %1$*2$d",
    "a-very-long-word-without-a-break-a-very-long-word-without-a-break-a-very-long-word-without-a-break-a-"
    "very-"
    "long-word-without-a-break-a-very-long-word-without-a-break-a-very-long-word-without-a-break-a-very-long-"
    "word-without-a-break-a-very-long-word-without-a-break-a-very-long-word-without-a-break-a-very-long-word",
    "up",
    "down",
    "draining",
    "Established",
    "aws-paris/1",
};

static void
answer_request(struct monkey *m, struct control_request *request)
{
	const char *target = control_request_text(request, "target");

	if (target != NULL && chance(m, 3) != 0)
		control_request_done(request, world_explain(world_store(m->world), target), "%s",
				     PICK(m, bad_texts));
	else if (chance(m, 4) == 0)
		control_request_refuse(request, json_pack("{s:s}", "force", "own_path"), "%s",
				       PICK(m, bad_texts));
	else if (chance(m, 3) == 0)
		control_request_fail(request, "%s", PICK(m, bad_texts));
	else if (chance(m, 4) == 0)
		control_request_done(request, world_drill(), "%s", PICK(m, bad_texts));
	else
		control_request_done(request, NULL, "%s", PICK(m, bad_texts));
}

static void
answer_held(struct monkey *m)
{
	while (m->held_count > 0)
		answer_request(m, m->held[--m->held_count]);
}

static void
take_request(struct monkey *m, struct control_request *request, const struct command *command)
{
	m->asked++;
	/* to keep what already runs is one key, as confirm is */
	if (command->dangerous && !control_request_flag(request, "dry_run") &&
	    !control_request_flag(request, "keep")) {
		m->dangerous++;
		snprintf(m->sent, sizeof(m->sent), "%s", command->name);
	}
	if (m->held_count < HELD && chance(m, 3) == 0)
		m->held[m->held_count++] = request; /* later, or when nobody asks any more */
	else
		answer_request(m, request);
}

static struct monkey *the_monkey;

static void
on_any(void *context, struct control_request *request)
{
	take_request(the_monkey, request, context);
}

static void
serve(struct monkey *m)
{
	size_t count;
	const struct command *table = command_table(&count);

	bool first = the_monkey == NULL;

	world_serve(m->world);
	the_monkey = m;
	for (size_t i = 0; i < count && first; i++) { /* the harness knows them from then on */
		if (table[i].place == COMMAND_GATEWAY)
			world_handle(m->world, table[i].name, on_any, (void *)(uintptr_t)&table[i]);
	}
	m->serving = true;
}

/* --- what the gateway shows
 * ------------------------------------------------------------------------------------- */

static void
put_tunnel(struct monkey *m)
{
	static const char *const names[] = {"aws-paris/1", "plant/2", "ghost/1", "ghost/2",
					    "a-connection-of-a-very-long-name-indeed-longer-than-most/1"};
	struct model_tunnel *t = model_row_new(MODEL_KIND_TUNNEL);
	char connection[80];

	model_set(&t->name, PICK(m, names));
	snprintf(connection, sizeof(connection), "%s", t->name);
	*strchr(connection, '/') = '\0';
	model_set(&t->connection, connection);
	model_set(&t->state, PICK(m, bad_texts));
	model_set(&t->remote, PICK(m, bad_texts));
	model_set(&t->interface, PICK(m, bad_texts));
	model_set(&t->peer, t->name);
	t->active = chance(m, 2) == 0;
	t->rx_bps = chance(m, 2) == 0 ? UINT64_MAX - 1 : chance(m, 1000000000);
	t->rtt_ms = (double)chance(m, 1000000) * 1e6;
	t->loss_percent = chance(m, 2) == 0 ? 1e9 : -1;
	t->last_error.set = chance(m, 2) == 0;
	model_set(&t->last_error.text, PICK(m, bad_texts));
	model_set(&t->last_error.hint, PICK(m, bad_texts));
	t->down_since = chance(m, 2) == 0 ? 0 : UINT64_MAX / 2;
	model_store_put(world_store(m->world), MODEL_KIND_TUNNEL, t);
	model_row_free(MODEL_KIND_TUNNEL, t);
}

static void
put_connection(struct monkey *m)
{
	static const char *const names[] = {"aws-paris", "plant", "ghost",
					    "a-connection-of-a-very-long-name-indeed-longer-than-most"};
	struct model_connection *c = model_row_new(MODEL_KIND_CONNECTION);

	model_set(&c->name, PICK(m, names));
	model_set(&c->state, PICK(m, bad_texts));
	model_set(&c->mode, PICK(m, bad_texts));
	model_set(&c->attention, PICK(m, bad_texts));
	text_list_add(&c->active, PICK(m, bad_texts));
	c->tunnels_up = chance(m, 3);
	c->tunnels_total = chance(m, 3);
	c->last_failover.set = chance(m, 2) == 0;
	model_set(&c->last_failover.cause, PICK(m, bad_texts));
	model_store_put(world_store(m->world), MODEL_KIND_CONNECTION, c);
	model_row_free(MODEL_KIND_CONNECTION, c);
}

static void
put_peer(struct monkey *m)
{
	static const char *const names[] = {"aws-paris/1", "core", "ghost/1"};
	struct model_peer *p = model_row_new(MODEL_KIND_PEER);

	model_set(&p->name, PICK(m, names));
	model_set(&p->state, PICK(m, bad_texts));
	model_set(&p->remote_address, PICK(m, bad_texts));
	p->accepted = chance(m, 2) == 0 ? UINT64_MAX - 1 : 3;
	text_list_add(&p->capabilities, PICK(m, bad_texts));
	model_store_put(world_store(m->world), MODEL_KIND_PEER, p);
	model_row_free(MODEL_KIND_PEER, p);
}

static void
say_events(struct monkey *m)
{
	static const char *const severities[] = {"debug", "info", "notice", "warning", "error", "no such"};

	for (uint64_t i = chance(m, 40); i > 0; i--)
		model_store_log(world_store(m->world), PICK(m, severities), "monkey.event",
				PICK(m, bad_texts), "%s", PICK(m, bad_texts));
}

/* A row at random goes. */
static void
remove_row(struct monkey *m)
{
	static const enum model_kind kinds[] = {MODEL_KIND_TUNNEL, MODEL_KIND_CONNECTION, MODEL_KIND_PEER};
	enum model_kind kind = PICK(m, kinds);
	struct model_store *store = world_store(m->world);
	size_t count = model_store_count(store, kind);
	char key[256];

	if (count == 0)
		return;
	model_row_key(model_kind_info(kind), model_store_at(store, kind, chance(m, count)), key, sizeof(key));
	model_store_remove(store, kind, key);
}

static void
change_the_gateway(struct monkey *m)
{
	static const size_t routes[] = {0, 1, 37, 1000, 5000};

	switch (chance(m, 9)) {
	case 0:
		put_tunnel(m);
		break;
	case 1:
		put_connection(m);
		break;
	case 2:
		put_peer(m);
		break;
	case 3:
		say_events(m);
		break;
	case 4:
		remove_row(m);
		break;
	case 5:
		world_routes = PICK(m, routes);
		break;
	case 6:
		answer_held(m);
		break;
	case 7:
		if (chance(m, 4) == 0)
			m->silent_until = clock_monotonic() + chance(m, 200) * USEC_PER_MS;
		break;
	default:
		if (!m->serving) {
			serve(m);
		} else if (chance(m, 8) == 0) {
			world_stop_serving(m->world);
			m->serving = false;
		}
	}
}

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

/* Bytes that move to a button or press it, wherever they stand in a sequence. */
static bool
allowed(const struct monkey *m, unsigned char byte)
{
	if (m->temper == NO_BUTTON)
		return strchr("\thlCDZMm", byte) == NULL;
	if (m->temper == NO_ENTER)
		return strchr("\r\nMm", byte) == NULL;
	return true;
}

/* One thing to type. */
static size_t
think(struct monkey *m, char *out, size_t size)
{
	char text[128];
	size_t length = 0, kept = 0;
	const char *whole = NULL;

	switch (chance(m, 8)) {
	case 0:
		whole = PICK(m, sequences);
		break;
	case 1:
	case 2:
		whole = PICK(m, lines);
		break;
	case 3: /* anything at all */
		for (length = 0; length < 1 + chance(m, 6); length++)
			text[length] = (char)(1 + chance(m, 255));
		break;
	case 4: /* a click, somewhere */
		length = (size_t)snprintf(text, sizeof(text), "\x1b[<0;%d;%dM", (int)chance(m, 210),
					  (int)chance(m, 55));
		break;
	default:
		text[0] = (char)(' ' + chance(m, 95));
		length = 1;
	}
	if (whole != NULL) {
		length = strlen(whole);
		if (chance(m, 10) == 0) /* torn */
			length = 1 + chance(m, length);
		memcpy(text, whole, length);
	}
	for (size_t i = 0; i < length && kept < size; i++) {
		/* a suspended console is the shell's, and there is none here */
		if (text[i] == 0x1a)
			continue;
		/* leaving is tried at the end of each session, and now and then */
		if ((text[i] == 'q' || text[i] == 3) && chance(m, 40) != 0)
			continue;
		if (allowed(m, (unsigned char)text[i]))
			out[kept++] = text[i];
	}
	return kept;
}

/* What could come to a press of a sheet's button. */
static void
count_presses(struct monkey *m, const char *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		m->moves += strchr("\thlCDZ", bytes[i]) != NULL;
		if (strchr("\r\nMm", bytes[i]) != NULL && bytes[i] != '\0')
			m->presses++;
	}
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
turn(struct monkey *m)
{
	if (clock_monotonic() < m->silent_until)
		screen_turn(m->world);
	else
		world_turn(m->world);
}

/* The last line: keys and what they do. Below that size it has other uses, or no room for a word. */
static bool
footer_there(struct monkey *m)
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

/* All bytes were read, and the screen is whole; or the console has ended. */
static void
catch_up(struct monkey *m)
{
	usec_t end = clock_monotonic() + PATIENCE;

	while (!screen_ended(m->world) && (screen_unread(m->world) > 0 || !footer_there(m)) &&
	       clock_monotonic() < end)
		turn(m);
	if (screen_ended(m->world) || clock_monotonic() < end)
		return;
	tell(m);
	screen_print(m->world);
	fail_msg("%s", screen_unread(m->world) > 0 ? "it takes no keys" : "it shows no footer");
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
		tell(m);
		tell_last_words(m);
		fail_msg("the console ended with %d", code);
	}
	for (size_t i = 0; i < COUNT_OF(pairs); i++) {
		if (last_place(m, pairs[i][0]) > last_place(m, pairs[i][1])) {
			tell(m);
			fail_msg("the terminal was not put back: %s", pairs[i][0] + 1);
		}
	}
}

static void
judge_danger(struct monkey *m)
{
	size_t most = m->temper == ANYTHING ? (m->moves < m->presses ? m->moves : m->presses) * MARKED : 0;

	if (m->dangerous <= most)
		return;
	tell(m);
	fail_msg("%zu dangerous commands were sent, with %zu presses; the last was %s", m->dangerous,
		 m->presses, m->sent);
}

/* --- a session
 * -------------------------------------------------------------------------------------------------- */

static void
open_session(struct monkey *m)
{
	static const char *const themes[] = {"dark", "light", "contrast", "mono"}, *const colours[] = {
										       "24bit", "256", "16",
										       "none"};
	struct screen_options options = {
	    .rows = 24,
	    .cols = 80,
	    .theme = PICK(m, themes),
	    .colours = PICK(m, colours),
	    .ascii = chance(m, 4) == 0,
	    .mouse = chance(m, 2) == 0,
	    .settings = chance(m, 4) == 0 ? "sites: [{name: lyon, host: lyon, production: true}]\n" : NULL};

	m->rows = 24;
	m->cols = 80;
	m->dangerous_before += m->dangerous;
	m->moves = m->presses = m->dangerous = 0;
	m->temper = (enum temper)(m->sessions++ % TEMPERS);
	screen_open(m->world, &options);
	catch_up(m);
}

static void
resize(struct monkey *m)
{
	static const int sizes[][2] = {{1, 1},   {2, 3},   {5, 20},   {7, 39},   {20, 60},
				       {24, 80}, {24, 80}, {36, 120}, {50, 200}, {100, 300}};
	size_t i = chance(m, COUNT_OF(sizes) + 4);

	m->rows = i < COUNT_OF(sizes) ? sizes[i][0] : 1 + (int)chance(m, 100);
	m->cols = i < COUNT_OF(sizes) ? sizes[i][1] : 1 + (int)chance(m, 300);
	screen_resize(m->world, m->rows, m->cols);
}

/* ESC is a key of its own where nothing follows it for a moment. */
static void
escape(struct monkey *m)
{
	usec_t alone = clock_monotonic() + 60 * USEC_PER_MS;

	screen_type_bytes(m->world, "\x1b", 1);
	m->keys++;
	while (!screen_ended(m->world) && (screen_unread(m->world) > 0 || clock_monotonic() < alone))
		turn(m);
}

/* What only a person does, who waits for the answer: else nothing would ever be pressed. */
static void
press_deliberately(struct monkey *m)
{
	static const char *const steps[] = {"1", "g", "s", "\t", "\r"};

	if (!m->serving)
		serve(m);
	m->silent_until = 0;
	for (size_t i = 0; i < COUNT_OF(steps) && !screen_ended(m->world); i++) {
		if (!allowed(m, (unsigned char)steps[i][0]))
			continue;
		remember(m, steps[i], 1);
		count_presses(m, steps[i], 1);
		screen_type_bytes(m->world, steps[i], 1);
		m->keys++;
		catch_up(m);
		answer_held(m);
		for (int turns = 0; turns < 10; turns++)
			turn(m);
	}
}

static void
play(struct monkey *m)
{
	char bytes[128];
	size_t count = think(m, bytes, sizeof(bytes));

	if (count == 0)
		return;
	/* else it would soon do nothing but fill one line */
	if (chance(m, bytes[0] == ':' ? 2 : 10) == 0)
		escape(m);
	if (chance(m, 15) == 0) {
		escape(m);
		press_deliberately(m);
	}
	remember(m, bytes, count);
	count_presses(m, bytes, count);
	screen_type_bytes(m->world, bytes, count);
	m->keys += count;
	if (chance(m, 6) == 0) {
		catch_up(m);
		judge_danger(m);
	} else {
		turn(m);
	}
	if (chance(m, 8) == 0)
		change_the_gateway(m);
	if (chance(m, 40) == 0) {
		catch_up(m);
		if (!screen_ended(m->world))
			resize(m);
	}
}

/* Whatever is open: some Escs close it, and q leaves. */
static void
leave(struct monkey *m)
{
	usec_t end = clock_monotonic() + PATIENCE;

	catch_up(m);
	m->silent_until = 0;
	for (int tries = 1; !screen_ended(m->world) && clock_monotonic() < end; tries++) {
		usec_t wait = clock_monotonic() + (tries % 5 == 0 ? USEC_PER_SEC : 100 * USEC_PER_MS);

		/* each alone: an ESC with a q behind it would be another key */
		screen_type_bytes(m->world, tries % 5 == 0 ? "q" : "\x1b", 1);
		while (!screen_ended(m->world) && (clock_monotonic() < wait || screen_unread(m->world) > 0) &&
		       clock_monotonic() < end)
			turn(m);
	}
	if (!screen_ended(m->world)) {
		tell(m);
		screen_print(m->world);
		fail_msg("neither Esc nor q leads out");
	}
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

	(void)state;
	setenv("EDITOR", "true", 1);
	unsetenv("VISUAL");
	m.world = world_new_silent();
	serve(&m);
	while (m.keys < wanted) {
		size_t until = m.keys + (wanted / SESSIONS < SESSION ? wanted / SESSIONS + 1 : SESSION);

		if (!m.serving)
			serve(&m);
		open_session(&m);
		while (m.keys < until && !screen_ended(m.world))
			play(&m);
		leave(&m);
		judge_end(&m);
		for (int i = 0; i < 5; i++) /* what it sent last */
			world_turn(m.world);
		judge_danger(&m);
		screen_close(m.world);
	}
	printf("# %zu keys in %zu sessions; %zu commands came, %zu of them dangerous and pressed\n", m.keys,
	       m.sessions, m.asked, m.dangerous_before + m.dangerous);
	answer_held(&m);
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
