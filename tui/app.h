// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The console's inside: one struct app that owns the loop, the connection to the gateway, the terminal and
 * the panels. app.c runs it, app_panels.c opens the panels, app_draw.c and app_foot.c draw the frame around
 * them, app_commands.c carries out what the command table says, app_line.c takes what is typed, navigation.c
 * knows where one has been, app_output.c writes what is seen elsewhere, sheets/ asks before what is dangerous
 * and shows what comes of it.
 */
#ifndef TWINSPAN_TUI_APP_H
#define TWINSPAN_TUI_APP_H

#include <uv.h>

#include "core/control/client.h"
#include "core/control/commands.h"
#include "tui/console.h"
#include "tui/panel.h"
#include "tui/settings.h"
#include "tui/terminal.h"
#include "tui/widgets/dialog.h"
#include "tui/widgets/help.h"
#include "tui/widgets/input.h"

#define APP_PANELS 16  /* more than there are */
#define APP_DETAILS 8  /* opened upon each other */
#define APP_HISTORY 50 /* lines of the prompt */
#define APP_PLACES 32  /* that one can go back to */

enum app_line { APP_LINE_NONE, APP_LINE_PROMPT, APP_LINE_FILTER };

struct overlay;
struct sheet;
struct configuring;

/* Where one was: a panel, how it was filtered, the selected row, and what was opened on top. */
struct place {
	size_t tab;
	char filter[128], key[256];
	enum model_kind detail_kind;
	char detail[256]; /* the key of a detail's row; "" for none */
};

struct app {
	const struct console_options *options;
	struct settings settings;
	uv_loop_t loop;
	uv_poll_t input_poll;
	uv_signal_t signals[5];
	uv_timer_t second, frame, begin, rest;
	bool frame_waits, quitting;
	usec_t answered; /* monotonic: when an answer was last drawn at once */

	struct fleet *fleet;
	size_t site;                   /* of the fleet: where one is; what follows is that one's */
	struct control_client *client; /* NULL: disconnected by hand */
	enum control_client_state state;
	char why[400]; /* the client's word on its state; "" for none */
	bool ever_live;

	struct terminal *terminal;
	struct canvas canvas;
	struct theme theme;

	struct scene scene;
	struct panel *opened[APP_PANELS]; /* as in panels[]; NULL until first looked at */
	size_t current;
	struct panel *details[APP_DETAILS]; /* details and pages of text */
	size_t detail_count;
	struct place behind[APP_PLACES], ahead[APP_PLACES]; /* what '[' and ']' go to, the next one last */
	size_t behind_count, ahead_count;

	char status[160]; /* of the panel, where the line of tabs had no room for it */
	enum app_line line;
	struct input input;
	char *history[APP_HISTORY];
	size_t history_count, history_at;
	bool help_open, help_opens; /* opens: it is not drawn yet, and the panel under it was a key ago */
	struct help help;
	struct sheet *sheet;             /* the dialog that is open; NULL for none */
	struct overlay *overlay;         /* what lies over the panel; NULL for nothing */
	struct configuring *configuring; /* tui/configuration; NULL before it was first needed */
	char last_words[600];            /* said on stderr when the terminal is back; "" for none */

	bool theme_by_background; /* nobody chose it: what the terminal says of its background counts */
	char theme_name[64];      /* by which app->theme was found */
	const json_t *arguments;  /* of the console's command that is being carried out; NULL for none */
	struct {
		bool on;
		usec_t since; /* monotonic */
		size_t changes, events;
	} pause;
	struct {
		usec_t at; /* monotonic */
		int row, col;
	} pressed; /* where the mouse was last: a second time is a double click */

	struct {
		char lead[176]; /* what the text is about; left out where both don't fit */
		char text[512];
		enum theme_role role;
		usec_t until; /* monotonic */
	} message;

	struct {
		size_t step;   /* what the last `copy` took: the next one takes more */
		char key[256]; /* of the row */
		usec_t until;  /* monotonic: later it begins anew */
	} copied;
};

/* --- app.c --- */
/** The kinds of which a console keeps a copy: all but the large ones. */
uint64_t app_followed_kinds(void);
/** Draws soon, once for all changes until then. */
void app_changed(struct app *app);
void app_quit(struct app *app);
/** Leaves the terminal to an editor: nothing is drawn and no key is read until it is taken again. */
void app_leave_terminal(struct app *app);
void app_take_terminal(struct app *app);
/** The gateway was not heard for longer than a heartbeat may be late. */
bool app_stale(const struct app *app);
/** A key, to whatever is on top. */
void app_take_key(struct app *app, key_code key);

/* --- app_panels.c --- */
/** The panel that has the keys: the topmost detail, else that of the tab. */
struct panel *app_panel(struct app *app);
/** Goes to a tab (details are closed). */
void app_show_panel(struct app *app, size_t index);
void app_push_detail(struct app *app, enum model_kind kind, const void *row);
/** Puts a panel (a page of text) on top; takes it. */
void app_push_panel(struct app *app, struct panel *panel);
void app_pop_detail(struct app *app);

/* --- app_draw.c --- */
void app_draw(struct app *app);
/** Draws the canvas, and not yet the screen. */
void app_compose(struct app *app);
/** The first line: whose gateway this is, and how fresh. */
void app_draw_header(struct app *app, const struct area *line);

/* --- app_foot.c --- */
/** One line for the person, for a while. */
void app_say(struct app *app, enum theme_role role, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/** The same, with what it is about before it. */
void app_answer(struct app *app, enum theme_role role, const char *mark, const char *about, const char *text);
/** The line for messages and typing. A change that waits for its confirmation is said on every screen,
 * whatever else the line has to say. */
void app_draw_line(struct app *app, const struct area *line);
/** The keys that count here. */
void app_draw_footer(struct app *app, const struct area *line);

/* --- app_commands.c --- */
/** A key that neither dialog, help nor line took. */
void app_key(struct app *app, key_code key);
/** Carries out a command of the console that needs no argument, as its key would. */
void app_run(struct app *app, const char *command);
/** A line typed at the prompt. */
void app_prompt_run(struct app *app, const char *text);
/** Whether our role on the gateway is enough (or not known yet). */
bool app_may(const struct app *app, const struct command *command);

/* --- app_deeds.c --- */
/** Carries out a command of the console itself; the first argument, or NULL. */
void app_run_console(struct app *app, const struct command *command, const char *argument);
/** A key's command wants words that no row has: they are typed behind it at the prompt. */
void app_ask_for_words(struct app *app, const struct command *command);

/* --- app_line.c --- */
/** A key for the prompt's or filter's line. */
void app_line_key(struct app *app, key_code key);

/* --- navigation.c --- */
/** Keeps the present place, before one goes to another. */
void navigation_leave(struct app *app);
void navigation_back(struct app *app);
void navigation_forward(struct app *app);
/** To where one was before, and from there back here. */
void navigation_last(struct app *app);
/** Carries out a command that jumps ("go-peer") to what is named; false for another command. */
bool navigation_jump(struct app *app, const char *command, const char *name);
/** To the panel of a kind, with a filter. */
void navigation_show(struct app *app, enum model_kind kind, const char *filter);
/** To the row of the next thing that needs a person. */
void navigation_attention(struct app *app);
/** "Overview › aws-paris/1": the last places and this one, as many as fit into `cols`; "" before one went
 * anywhere. */
void navigation_trail(struct app *app, int cols, char *out, size_t size);

/* --- look.c --- */
/** The theme where nobody chose one: dark, or light where the terminal says that it is (COLORFGBG). */
const char *app_usual_theme(void);
/** The theme of the command line, else of the settings, else the usual one; the terminal is open. False where
 * the command line's can't be read. */
bool look_open_theme(struct app *app, struct error *err);
bool app_use_theme(struct app *app, const char *name, struct error *err);
/** The gateway is a site that console.yaml marks as production. */
bool app_production(const struct app *app);
/** Takes the theme of that name (NULL: the next one, unless the present one is only to be kept), and says so.
 */
void look_theme(struct app *app, const char *name, bool save);
/** The terminal may have told its background. */
void look_take_background(struct app *app);
/** Turns the mouse on or off. */
void look_mouse(struct app *app);
/** Freezes the screen, or shows the present again. */
void look_pause(struct app *app);
/** On a frozen screen, before a command: false where it is not to be carried out. */
bool look_leaves_pause(struct app *app, const struct command *command);

/* --- sites/visit.c --- */
/** Carries out "enter-site" and what else concerns sites; false for another command. */
bool visit_command(struct app *app, const char *command, const char *argument);
/** Makes a site of the fleet the one that one is at: every panel is its own from now on. */
void visit_enter(struct app *app, size_t site);
/** The scene becomes that of the site that one is at. */
void visit_take_scene(struct app *app);
/* --- sites/question.c --- */
/** Opens the question of a site, where one waits. */
void question_open(struct app *app, size_t site);
/** It is no longer asked. It stays on the screen until a person has seen that: they may be typing a secret,
 * whose letters would be keys. */
void question_withdraw(struct app *app, size_t site);
/** Its site goes. */
void question_close(struct app *app, size_t site);

/* --- mouse.c --- */
void mouse_take(struct app *app, struct mouse_event event);

/* --- app_output.c --- */
/** Carries out dump, save and copy; false for another command. */
bool output_command(struct app *app, const char *command, const char *argument);
/* --- report.c --- */
/**
 * Opens a page for an answer that says more than a line; `what` is its title. True where the page says all:
 * then the message line need not.
 */
bool report_open(struct app *app, const char *command, const json_t *arguments, const char *what,
		 const struct control_reply *reply);

/* --- sheets/ --- */
/** Sends a command of place COMMAND_GATEWAY; a dangerous one is asked about first. Takes `arguments`. */
void sheet_command(struct app *app, const struct command *command, json_t *arguments);
/** The same command for several rows: `all` is an array of arguments, which is taken. */
void sheet_commands(struct app *app, const struct command *command, json_t *all);
/** One command on several sites, by the keys of their rows: `arguments` is taken, `sites` copied. */
void sheet_on_sites(struct app *app, const struct command *command, json_t *arguments,
		    const struct text_list *sites);
/** Each site its own: `all` (an array of arguments, which is taken) has one for each of `sites`; sent at
 * once. */
void sheet_together(struct app *app, const struct command *command, json_t *all,
		    const struct text_list *sites);
/** Where the gateway refused and --force would do it, for that reason: what speaks against it, and a
 * question.
 */
void sheet_force_words(const char *why, const char **against, const char **question);
void sheet_close(struct app *app);
void sheet_draw(struct app *app, const struct area *screen);
void sheet_key(struct app *app, key_code key);
/** Keys that count in the open sheet and what they do, alternating; NULL-terminated. */
const char *const *sheet_hints(const struct app *app);
/** The connection to the gateway was lost or is back. */
void sheet_link_changed(struct app *app);
/** The connection whose switchover waits for its confirmation, where it is exactly one; else NULL. */
const struct model_connection *waiting_only(const struct model_store *store);
/** "aws-paris goes back in 42 s: c keeps it". False where none waits. */
bool waiting_say(const struct model_store *store, usec_t now, char *out, size_t size);

#endif
