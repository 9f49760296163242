// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the sheets' own files share. A sheet stands between a command and the gateway: it says what will
 * happen, asks, and where traffic moves it stays and shows how it goes.
 *
 *   sheet.c        opening, keys, steps, drawing      plan.c         what a move will come to
 *   send.c         requests and their answers         live.c         a move under way
 *   bulk.c         one command for many rows          consequence.c  the others' consequences, in words
 *   rotate.c       a tunnel's next pre-shared key: made, typed, or forgotten again
 *   waiting.c      what waits for its confirmation, seen from any panel
 *
 * Answers may come after the sheet was closed, or after another was opened: each request carries the number
 * of its sheet.
 */
#ifndef TWINSPAN_TUI_SHEETS_SHEETS_H
#define TWINSPAN_TUI_SHEETS_SHEETS_H

#include "tui/app.h"
#include "tui/format.h"
#include "tui/widgets/dialog.h"

enum sheet_step {
	SHEET_ASK,   /* what will happen; shall it? */
	SHEET_FORCE, /* the gateway refused, and --force would do it: a second question */
	SHEET_SENT,  /* waiting for the answer; a move is shown live */
	SHEET_OVER   /* answered, and the answer stays */
};

struct sheet;
struct bulk;

/* What a family of commands needs. */
struct sheet_ops {
	/** Writes the body of the first question. */
	void (*ask)(struct sheet *sheet, struct draft *body);
	/** The same once it was sent; NULL: the sheet closes when it is answered. */
	void (*live)(struct sheet *sheet, struct draft *body);
	/** A key that the dialog doesn't take, once it was sent; may be NULL. */
	bool (*live_key)(struct sheet *sheet, key_code key);
	/** A key of the first question, before the dialog gets it; may be NULL. */
	bool (*ask_key)(struct sheet *sheet, key_code key);
	/** What was chosen goes into the arguments; may be NULL. */
	void (*take)(struct sheet *sheet);
	/** Keys and words of the first question's footer; NULL: the usual ones. */
	const char *const *(*hints)(const struct sheet *sheet);
};

struct sheet {
	struct dialog dialog;
	struct app *app;
	const struct command *command;
	const struct sheet_ops *ops;
	json_t *arguments;
	unsigned number;
	enum sheet_step step;

	/* of the dry run */
	bool asked, refused, lost; /* lost: the gateway was gone since */
	char answer[512];
	json_t *plan;   /* its object; NULL for none */
	char force[32]; /* why it was refused where --force would help; "" */
	char from[128]; /* the tunnel that traffic was to leave when it was asked; "": not clear */

	/* of what can turn back by itself */
	int back_at; /* which of the times to go back after */
	bool back_chosen;

	/* of what was sent */
	char result[512];
	bool result_ok, answered;
	usec_t began_before; /* the connection's last move when it was sent */
	uint64_t lost_ours;  /* packets lost when our direction had moved; MODEL_UINT_UNSET: not yet */
	usec_t lost_of;      /* of which move */
	struct {
		bool set;
		usec_t at, done_at;
		char to[64];
		double outage_ms;
	} noticed; /* of a drill: the move that the gateway made of it; what comes after is not the drill's */

	int way; /* of rotate: which of its ways */
	struct bulk *bulk;
};

/* sheet.c */
/** An argument's text, or NULL. */
const char *sheet_argument(const struct sheet *sheet, const char *name);
bool sheet_is(const struct sheet *sheet, const char *command);
/** "switchover aws-paris": the command with its arguments in the table's order. Returns `out`. */
const char *sheet_describe(const struct command *command, const json_t *arguments, char *out, size_t size);
bool sheet_has_dry_run(const struct command *command);
/** It can turn back by itself unless it is confirmed: the person chooses after what time. */
bool sheet_can_return(const struct sheet *sheet);
/** The gateway can be told something now. */
bool sheet_can_send(const struct sheet *sheet);
void sheet_step_to(struct sheet *sheet, enum sheet_step step);
/** The dry run's answer says where traffic goes: so do the arguments from then on. */
void sheet_pin(const struct sheet *sheet, json_t *arguments, const json_t *answer);
/** The button's word, and what must be typed before it counts. */
void sheet_arm(struct sheet *sheet, const char *action);

/* send.c */
/** Asks for the dry run. */
void send_question(struct sheet *sheet);
/** Sends the command itself; its answer comes back to the sheet as long as that is open. */
void send_sheet(struct sheet *sheet);
/** A command without a sheet: its answer is a line on the screen. `arguments` is taken. */
void send_command(struct app *app, const struct command *command, json_t *arguments);

/* plan.c */
extern const struct sheet_ops sheet_move_ops;
void plan_title(struct sheet *sheet);
/** The connection whose traffic moves; NULL where there is none (any more). */
const struct model_connection *plan_connection(const struct sheet *sheet);
/** Seconds until it goes back by itself; 0: it doesn't. */
unsigned plan_back_seconds(const struct sheet *sheet);
/** The next or previous of those times. */
void plan_back_step(struct sheet *sheet, int step);
/** It is asked about as things stand now. / They stand otherwise since: what was asked about would not be
 * what is done. */
void plan_asked(struct sheet *sheet);
bool plan_is_old(const struct sheet *sheet);
/** The dry run was answered: the time to go back that is best for who asks. */
void plan_answered(struct sheet *sheet);
/** The foot: whether it goes back by itself. */
void plan_foot(struct sheet *sheet, struct draft *foot);

/* live.c */
void live_draw(struct sheet *sheet, struct draft *body);
bool live_key(struct sheet *sheet, key_code key);

/* consequence.c */
extern const struct sheet_ops sheet_plain_ops;
/** What the command will do to what it names, in one or two sentences, as things stand there. */
void consequence_say(const struct model_store *store, const struct command *command, const json_t *arguments,
		     char *out, size_t size);

/* rotate.c */
extern const struct sheet_ops sheet_rotate_ops;
/** `rotate` without a word on what the next secret is: that has to be asked. */
bool rotate_asks(const struct command *command, const json_t *arguments);
/** Its title; false (and says so) where the tunnel has no secret. */
bool rotate_begin(struct sheet *sheet);

/* bulk.c */
/** The same for one command on several sites, by the keys of their rows, which are copied. */
void bulk_open_sites(struct sheet *sheet, const json_t *arguments, const struct text_list *sites);
/** Each site its own arguments, all sent at once; `all` is taken. */
void bulk_open_together(struct sheet *sheet, json_t *all, const struct text_list *sites);
/** Where a row's command goes: the site's place in the fleet, which has none of it if it was taken out. */
size_t bulk_site(const struct sheet *sheet, size_t row);
/** NULL where that site is not reached. */
struct control_client *bulk_client(const struct sheet *sheet, size_t row);
/** It goes to other sites than the one that one is at. / One of them is production. */
bool bulk_elsewhere(const struct sheet *sheet);
bool bulk_production(const struct sheet *sheet);
/** The one site that it goes to; `otherwise` where there are more. */
const char *bulk_only(const struct sheet *sheet, const char *otherwise);
/** A sheet for all of them; `all` (an array of arguments) is taken. */
void bulk_open(struct sheet *sheet, json_t *all);
void bulk_free(struct bulk *bulk);
void bulk_draw(struct sheet *sheet, struct draft *body, struct draft *foot);
/** The question was answered with yes: begins. */
void bulk_begin(struct sheet *sheet);
/** Takes keys of its own; false for others. */
bool bulk_key(struct sheet *sheet, key_code key);
/** Asks the dry runs anew: the gateway was gone. */
void bulk_ask(struct sheet *sheet);
/** An answer for its row `row`, of the dry run or of the command. */
void bulk_answer(struct sheet *sheet, size_t row, bool dry, const struct control_reply *reply);
size_t bulk_count(const struct bulk *bulk);
/** A failure can stop the rest of it: they go one after the other. */
bool bulk_stops(const struct bulk *bulk);
/** Those of them that its dry run did not refuse, and whose site is reached. */
size_t bulk_left(const struct bulk *bulk);
/** Sends the dry run, or the command, of a row. `arguments` is taken. */
void send_row(struct sheet *sheet, size_t row, json_t *arguments, bool dry);

#endif
