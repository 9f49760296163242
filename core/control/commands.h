// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The one command table. From it come the command line, the ":" prompt with its completion, the key bindings
 * and their collision check, the footer, the help overlay, shell completion and the man page; the server
 * enforces roles from the same rows. A new command is one row in commands.c.
 */
#ifndef TWINSPAN_CONTROL_COMMANDS_H
#define TWINSPAN_CONTROL_COMMANDS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/base/error.h"

enum command_role { COMMAND_VIEWER, COMMAND_OPERATOR, COMMAND_ADMIN };

/* Who carries a command out. */
enum command_place {
	COMMAND_GATEWAY, /* sent to the gateway; one handler there */
	COMMAND_CLIENT,  /* the command line answers it with the help of the gateway (show) */
	COMMAND_LOCAL,   /* this program, no gateway needed (check, lab, gateway); with keys the console's too
			  */
	COMMAND_CONSOLE  /* only in the console: moving about, filter, help */
};

/* What an argument names; completion and the console's selection come from it. */
enum command_argument_kind {
	COMMAND_ARGUMENT_NONE,
	COMMAND_ARGUMENT_TUNNEL,
	COMMAND_ARGUMENT_CONNECTION,
	COMMAND_ARGUMENT_PEER,
	COMMAND_ARGUMENT_PREFIX,
	COMMAND_ARGUMENT_KIND,    /* of the model: tunnels, peers, ... */
	COMMAND_ARGUMENT_TARGET,  /* address, prefix, tunnel or connection */
	COMMAND_ARGUMENT_SUBJECT, /* what has events and routes: tunnel, connection, peer */
	COMMAND_ARGUMENT_SITE,    /* of console.yaml */
	COMMAND_ARGUMENT_FILE,
	COMMAND_ARGUMENT_CONTENT, /* a file here, whose content is sent; "-" is the standard input */
	COMMAND_ARGUMENT_THEME,   /* of the console */
	COMMAND_ARGUMENT_FORMAT,  /* of `export` */
	COMMAND_ARGUMENT_WORD,
	COMMAND_ARGUMENT_FIELD,      /* of the panel's rows */
	COMMAND_ARGUMENT_FIELDS,     /* and as many more as follow, in one text */
	COMMAND_ARGUMENT_CONNECTIONS /* or tunnels, likewise */
};

struct command_argument {
	const char *name; /* "tunnel"; the key in the request's arguments */
	enum command_argument_kind kind;
	bool optional;
};

struct command_option {
	const char *name;  /* "--dry-run"; the key is the name without dashes, '-' as '_' */
	const char *value; /* what it takes, "SECONDS"; NULL for a flag */
	const char *help;
	char letter;       /* short form, 0 for none */
	const char *since; /* as a command's; NULL: the command's own */
};

#define COMMAND_ARGUMENTS 2
#define COMMAND_OPTIONS 6

struct command {
	const char *name;
	struct command_argument arguments[COMMAND_ARGUMENTS];
	struct command_option options[COMMAND_OPTIONS];
	enum command_place place;
	enum command_role role;
	bool dangerous;   /* the console asks first, with Cancel in focus */
	const char *keys; /* console keys, separated by spaces: "s", "F5", "C-l"; NULL for none */
	const char
	    *panels; /* where the keys count, separated by spaces ("overview tunnels"); NULL: everywhere */
	const char *help;  /* one line, in the imperative */
	const char *label; /* the footer's word, "switch over"; NULL: not in the footer */
	unsigned answer_s; /* how long the gateway may take to answer; 0: COMMAND_ANSWER_S */
	const char *since; /* the version that it came with, "0.4.0"; NULL: COMMAND_FIRST_VERSION */
};

#define COMMAND_FIRST_VERSION "0.1.0"
#define COMMAND_ANSWER_S 120
/** Seconds for which the answer to a command is waited for; of an unknown one the usual. */
unsigned command_answer_s(const char *name);

/** All rows, in the order in which help lists them. */
const struct command *command_table(size_t *count);
/** By name; NULL where there is none. */
const struct command *command_find(const char *name);
/** The nearest command name to a misspelt word, or NULL. */
const char *command_nearest(const char *word);
const char *command_role_name(enum command_role role);
bool command_role_parse(const char *name, enum command_role *out);
/**
 * Whether a gateway of that version ("0.3.1"; NULL or no such text: as new as this program) has the command,
 * and the options that stand in `arguments` (which may be NULL). False with `err`: "the gateway runs 0.3.1,
 * and 'drain' came with 0.4.0".
 */
bool command_in_version(const struct command *command, const json_t *arguments, const char *version,
			struct error *err);
/** Whether the console has it: all but what only the shell does. */
bool command_in_console(const struct command *command);
/** The argument takes all words that follow. */
bool command_takes_many(const struct command_argument *argument);
/** "switchover CONNECTION [TUNNEL] [--dry-run] ...". Returns `out`. */
const char *command_usage(const struct command *command, char *out, size_t size);

/** The key of an option in a request's arguments: "--dry-run" gives "dry_run". Returns `out`. */
const char *command_option_key(const struct command_option *option, char *out, size_t size);

/** Whether these words have the command read the standard input: "-" for a content. */
bool command_reads_input(const struct command *command, int count, const char *const *words);

#define COMMAND_CONTENT_MOST 1000000 /* bytes of a COMMAND_ARGUMENT_CONTENT */

/**
 * Words (without the command's own name) into the request's "arguments" object: {"connection": "a",
 * "dry_run": true}. The prompt, a key and the command line all come through here. Of a
 * COMMAND_ARGUMENT_CONTENT the file is read. Returns new, or NULL with `err` (usage).
 */
json_t *command_parse(const struct command *command, int count, const char *const *words, struct error *err);

#endif
