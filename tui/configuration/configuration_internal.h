// SPDX-License-Identifier: GPL-2.0-or-later
/* What the files of this room share. */
#ifndef TWINSPAN_TUI_CONFIGURATION_INTERNAL_H
#define TWINSPAN_TUI_CONFIGURATION_INTERNAL_H

#include <jansson.h>

#include "core/base/text.h"
#include "tui/configuration/configuration.h"
#include "tui/overlay.h"

/* --- diff.c --- */

struct diff_line {
	char mark;        /* ' ', '-', '+', or '@' for what is left out between two places */
	unsigned number;  /* of the line, in the new text ('-': in the old one); from 1 */
	const char *text; /* borrowed from the texts, `length` bytes */
	size_t length;
};

struct diff {
	struct diff_line *lines;
	size_t count, added, removed;
};

/** Compares two texts line by line, with `context` lines around each change. Free with diff_free(). */
void diff_make(const char *before, const char *after, unsigned context, struct diff *out);
void diff_free(struct diff *diff);

/* --- review.c: lines to read, and buttons under them --- */

#define REVIEW_BUTTONS 3

struct review_line {
	char *text;
	enum theme_role role;
	int hang; /* columns at which what is broken off goes on */
};

struct review {
	char title[128];
	struct review_line *lines;
	size_t count, room;
	const char *buttons[REVIEW_BUTTONS]; /* NULL for none */
	int focus;                           /* of the buttons */
	char foot[160];                      /* a line above the buttons that is always seen; "" for none */
	enum theme_role foot_role;
	size_t top, page, height; /* in drawn lines */
};

/** Empties it and gives it another title and buttons; the first has the focus. */
void review_begin(struct review *review, const char *title, const char *first, const char *second,
		  const char *third);
/** Adds the lines of a text; they are cleaned of control bytes, and wrapped when drawn. */
void review_add(struct review *review, enum theme_role role, const char *text);
void review_print(struct review *review, enum theme_role role, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void review_add_diff(struct review *review, const struct diff *diff);
void review_draw(struct review *review, const struct area *area);
/** The button that the key pressed, from 0; -1: none (it scrolled, moved the focus); -2: Escape. */
int review_key(struct review *review, key_code key);
void review_free(struct review *review);

/* --- editor.c --- */

struct editor;

/**
 * How the editor ended: `text` is new, NULL where the file can't be read (`why`). It has no NUL within, but
 * may be no UTF-8.
 */
struct editor_end {
	int exit_code, signal;
	char *text;
	size_t length;
	const char *why;
	char kept[512]; /* where the file is kept that can't be taken; "" for none */
};
typedef void (*editor_done_fn)(void *context, struct editor_end *end);

/** "vim", as VISUAL, EDITOR or the first that is there say. False with `err` where there is none. */
bool editor_find(char *out, size_t size, struct error *err);
/**
 * Writes the text into a private file called `name` and runs the editor on it, on our terminal, which the
 * caller has left. `done` is called from the loop when it has ended; the file is gone by then. NULL with
 * `err`.
 */
struct editor *editor_start(uv_loop_t *loop, const char *command, const char *name, const char *text,
			    editor_done_fn done, void *context, struct error *err);
/** Ends the editor where it still runs; `text` (may be NULL) gets what it had saved, new. */
void editor_stop(struct editor *editor, char **text);

/* --- keep.c --- */

/** Keeps a text in a private file below ~/.local/state/twinspan. `path` says where. False with `err`. */
bool keep_text(const char *text, char *path, size_t size, struct error *err);

/* --- form.c: fields under each other, each with a word of help --- */

#define FORM_FIELDS 20
#define FORM_PROBLEM 200

enum form_kind { FORM_TEXT, FORM_SECRET, FORM_PATH, FORM_CHOICE };

struct form;

struct form_field {
	const char *key;   /* for form_text() */
	const char *label; /* at most 16 columns */
	const char *help;
	enum form_kind kind;
	const char *const *choices; /* NULL-terminated; of FORM_CHOICE */
	/** Says in `problem` what is wrong with the value; may be NULL. */
	bool (*check)(const struct form *form, const char *text, char problem[FORM_PROBLEM]);
	bool (*shown)(const struct form *form); /* NULL: always */
	void (*left)(struct form *form);        /* its value may be another now; may be NULL */
	struct input input;
	size_t choice;
	bool visited, plain; /* it was left once; a secret that is shown */
	char problem[FORM_PROBLEM];
};

struct form {
	const char *title;
	struct form_field fields[FORM_FIELDS];
	size_t count, focus; /* count: the buttons */
	int button;          /* 0: go on, 1: cancel */
	size_t top;          /* first row of fields on the screen */
	void *context;
};

enum form_answer { FORM_STAYS, FORM_GO, FORM_LEAVE };

struct form_field *form_field(struct form *form, const char *key);
const char *form_text(const struct form *form, const char *key);
/** The chosen word of a choice. */
const char *form_choice(const struct form *form, const char *key);
/** Checks all that is shown; the first that is wrong gets the focus. */
bool form_check(struct form *form);
void form_draw(struct form *form, const struct area *area);
enum form_answer form_key(struct form *form, key_code key);
/** Overwrites all values. */
void form_wipe(struct form *form);

/* --- new_connection.c --- */

struct new_connection;

/** The form; `import` (may be NULL) reads AWS's files. */
struct new_connection *new_connection_open(const struct console_import *import,
					   const struct model_store *store);
struct form *new_connection_form(struct new_connection *form);
/** The list of one connection in YAML, and its secrets as lines "FILE SECRET": both new, the latter to be
 * wiped; `notes` (new) what the file's reader remarked. False with `err`. */
bool new_connection_write(struct new_connection *form, char **yaml, char **secrets, char **notes,
			  struct error *err);
const char *new_connection_name(const struct new_connection *form);
void new_connection_close(struct new_connection *form);

/* --- change.c: a change on its way, and surface.c: how a person meets it --- */

#define CHANGE_WAITS 3 /* choices of how long until it goes back by itself */

enum step {
	STEP_NONE,
	STEP_FETCHING, /* before the editor, or before the dry run of a form */
	STEP_EDITOR,
	STEP_CHECKING,
	STEP_TROUBLE, /* a review that says why not */
	STEP_REVIEW,
	STEP_APPLYING
};

/* What a button of the review does. */
enum deed { DEED_DROP, DEED_AGAIN, DEED_CHECK, DEED_APPLY, DEED_CANCEL, DEED_FETCH, DEED_FORCE };

struct configuring {
	struct overlay overlay; /* the review's, or the form's */
	struct app *app;
	enum step step;
	unsigned number; /* of the present step: answers to others are late */
	bool by_form, form_open, surfacing, waiting_closed;
	bool force; /* the gateway refused this text once, and it is to be asked with --force */
	char file[256], hash[32], kept[512];
	char *base, *text;     /* as fetched, and as edited: or the form's block */
	char *secrets, *notes; /* of the form */
	struct new_connection *form;
	struct editor *editor;
	struct review review;
	enum deed deeds[REVIEW_BUTTONS];
	size_t wait; /* in waits[] */
};

void change_wipe(char **text);
void change_step(struct configuring *c, enum step step);
void change_show_form(struct configuring *c, bool open);
/** Asks for the file as it is; then the editor, or the form's dry run. */
void change_fetch(struct configuring *c);
/** The dry run, of what was edited. */
void change_check(struct configuring *c);
void change_edit(struct configuring *c);
void change_apply(struct configuring *c);
/** Writes below the review how long it is until it goes back, by `wait`. */
void change_say_wait(struct configuring *c);
/** Puts the edited text into a file that is named, once. */
void change_keep(struct configuring *c);
/** Back to the form; or to nothing, saying where the text is. */
void change_drop(struct configuring *c);
void change_forget(struct configuring *c);
const char *change_words(const struct control_reply *reply);
/** Opens or closes the overlay, as the step has it (surface.c). */
void change_surface(struct configuring *c);

#endif
