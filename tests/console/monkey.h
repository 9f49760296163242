// SPDX-License-Identifier: GPL-2.0-or-later
/* What the monkey's files share; see test_monkey.c. */
#ifndef TWINSPAN_TESTS_CONSOLE_MONKEY_H
#define TWINSPAN_TESTS_CONSOLE_MONKEY_H

#include "core/control/commands.h"
#include "tests/console/harness.h"

#define MONKEY_PATIENCE (30 * USEC_PER_SEC)
#define COMMANDS 96 /* at least as many as the table has */
#define PICK(m, array) ((array)[monkey_chance(m, COUNT_OF(array))])

/* What a session's monkey does with the buttons of sheets. */
enum temper {
	NO_BUTTON, /* never goes to one: no Tab, arrow or click */
	NO_ENTER,  /* goes there, and never presses */
	WATCHED,   /* looks at the screen before each press, so that each dangerous command has its press */
	BLIND      /* types everything ahead of the screen */
};

/* A sheet as it stands on the screen. */
struct sight {
	bool open;                     /* there is one */
	bool action, focus;            /* with a button that does it; which has the focus */
	const struct command *command; /* that the button sends; NULL: another question comes first */
	size_t count;                  /* how often */
	char label[48];
	int row, cancel_col, action_col;
};

struct monkey {
	uint64_t state; /* of the random numbers */
	struct world *world;
	enum temper temper;
	int rows, cols;
	size_t keys, sessions, asked, restarts, resizes;
	char last[24][96]; /* what was typed last, for whoever looks into a failure */
	size_t lasts;

	/* the gateway */
	bool serving;
	usec_t silent_until;
	struct held {
		struct control_request *request;
		const struct command *command;
	} held[8];
	size_t held_count;
	char sent[64];                   /* the last dangerous command */
	size_t came[COMMANDS];           /* dangerous ones, by their place in the table */
	size_t dangerous, without_leave; /* of this session */
	struct {
		const struct command *command;
		size_t count, back; /* back: by `z` of a sheet that shows a move */
	} leave;

	/* the sheets */
	struct sight sight; /* at the last look */
	size_t moved;       /* keys since then that can move to a button */
	size_t moves, presses;
	size_t opened, cancelled, confirmed;
	size_t confirmed_of[COMMANDS];
};

/* --- monkey_gateway.c --------------------------------------------------------------------------- */

/** A number below `below`, of the seed. */
uint64_t monkey_chance(struct monkey *m, uint64_t below);
/** Its place in the command table. */
size_t command_index(const struct command *command);
void gateway_serve(struct monkey *m);
void gateway_stop(struct monkey *m);
/** Answers what it had not answered yet. */
void gateway_answer_held(struct monkey *m);
/** It shows again what a gateway does show. */
void gateway_restore(struct monkey *m);
/** Something about it changes. */
void gateway_change(struct monkey *m);

/* --- monkey_sheets.c ---------------------------------------------------------------------------- */

/** Waits until all that was typed is done and drawn, or the console has ended. */
void monkey_settle(struct monkey *m);
/** Settles, and says what sheet is on the screen. Fails where a button has the focus that nobody gave it. */
struct sight monkey_look(struct monkey *m);
/** Opens a sheet and treats it as the temper is; ends with none open. */
void monkey_visit_sheet(struct monkey *m);

/* --- test_monkey.c ------------------------------------------------------------------------------ */

/** Types, as the temper allows; a watched monkey looks before each press. */
void monkey_type(struct monkey *m, const char *bytes, size_t count);
/** Esc, alone. */
void monkey_escape(struct monkey *m);
void monkey_resize(struct monkey *m, int rows, int cols);
/** The loop turns; a silent gateway's doesn't. */
void monkey_turn(struct monkey *m, bool wait);
/** Fails the test, with all that may help. */
void monkey_fail(struct monkey *m, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool monkey_footer_there(struct monkey *m);

#endif
