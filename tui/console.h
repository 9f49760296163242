// SPDX-License-Identifier: GPL-2.0-or-later
/* The console: what `twinspan` without a command opens. main.c knows no more of it than this. */
#ifndef TWINSPAN_TUI_CONSOLE_H
#define TWINSPAN_TUI_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>

struct control_transport;
struct text_list;
struct error;

/* A connection in the file of another product. */
struct console_import_item {
	char id[64], name[64]; /* as the file calls it, and what it would be called here */
	char remotes[128];     /* of its tunnels, for people */
	bool dynamic;
	unsigned tunnels;
};

/*
 * Reading such files, which the console can't do itself: main.c gives it. What `write` makes is new: a list
 * of one connection in YAML, its secrets as lines "FILE SECRET" (to be wiped), remarks as lines.
 */
struct console_import {
	void *(*open)(const char *format, const char *file, struct error *err);
	void (*close)(void *import);
	size_t (*count)(const void *import);
	void (*describe)(const void *import, size_t index, struct console_import_item *out);
	bool (*write)(const void *import, size_t index, const char *name, char **yaml, char **secrets,
		      char **notes, struct error *err);
};

/* Likewise what the other side of a connection has to configure. */
struct console_export {
	/** The formats that there are, in order. */
	void (*formats)(struct text_list *out);
	/** From a configuration whose secrets may be masked, of connections or tunnels with blanks between
	 * their names. `*text` is new. */
	bool (*write)(const char *format, const char *configuration, const char *names, char **text,
		      struct error *err);
};

struct console_options {
	const char *socket;                        /* of the gateway; borrowed for the time of the call */
	const struct control_transport *transport; /* instead of the socket; NULL: the socket */
	const char *place;    /* what the gateway is called before it says its name; NULL: by the socket */
	const char *theme;    /* a name or a path; NULL: the settings', else by the terminal's background */
	const char *colours;  /* "auto", "24bit", "256", "16", "none"; NULL: the settings' */
	const char *settings; /* console.yaml; NULL: the usual place */
	bool ascii;           /* no character beyond ASCII, whatever the locale says */
	bool mouse;           /* begin with the mouse on */
	const struct console_import *import; /* NULL: no files can be imported */
	const struct console_export *export; /* NULL: nothing can be exported */
};

/* One look at a panel. */
struct console_once {
	const char *panel;  /* a panel's or a kind's name; NULL: the overview */
	const char *name;   /* the row to show in full; NULL: the panel itself */
	const char *filter; /* as "/" takes it; NULL: all */
	int cols, rows; /* 0: as wide as the terminal, COLUMNS or 120; as long as there is something to say */
};

/**
 * Prints a panel to stdout and returns the program's exit code: 0 printed, 1 not written or nothing of that
 * name, 2 no such panel, 3 where no gateway answers within ten seconds. Coloured where stdout is a terminal.
 */
int console_once(const struct console_options *options, const struct console_once *once);

/**
 * Opens the console on the calling terminal and runs until the user leaves, SIGTERM, SIGHUP or the loss of
 * the terminal; puts the terminal back as it was. Returns the program's exit code: 0 left, 2 a theme that
 * can't be used or a table of keys that collide, 1 where stdin is no terminal (said on stderr). Where stdout
 * is none the overview is printed, as console_once does.
 */
int console_run(const struct console_options *options);

#endif
