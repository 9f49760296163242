// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The plain mode, for screen readers, dumb terminals and logs: what happens is told as lines, one sentence
 * each, with nothing moved, coloured or drawn over. It begins with how things stand and goes on with what
 * changes; plain_words.c makes the sentences. Commands are typed as lines, with the words of the command
 * line.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tui/cli_internal.h"
#include "tui/plain_words.h"
#include "tui/show_internal.h"
#include "tui/typed.h"

#define LINE 4096
#define WORDS 16
#define MANY_CONNECTIONS 20 /* from here on only those that are not well are told at the start */
#define PAST_EVENTS 1

/* The fields of a kind whose changes are told, and those that are told when somebody asks how things stand.
 */
static const char *const told[MODEL_KIND_COUNT] = {
    [MODEL_KIND_GATEWAY] = "connections_up",
    [MODEL_KIND_CONNECTION] = "state active pinned moving last_failover attention",
    [MODEL_KIND_TUNNEL] = "state active health",
    [MODEL_KIND_PEER] = "state shut_down bfd",
    [MODEL_KIND_SITE] = "state",
    [MODEL_KIND_PLUGIN] = "state",
};
static const char rates[] = "rx_bps tx_bps";

struct plain {
	const struct cli *cli;
	uv_loop_t loop;
	struct control_client *client;
	struct model_watch watch;
	struct model_store *known; /* the rows as they were told */
	bool began, lost, ended, reads;
	uv_poll_t input;
	uv_timer_t interval;
	char line[LINE]; /* what was typed of the next line */
	size_t length;
	bool too_long;
	/* a dangerous command that waits for its yes */
	const struct command *asked;
	json_t *arguments;
};

/* --- sentences --------------------------------------------------------------------------------------- */

static void
end(struct plain *plain)
{
	if (plain->ended)
		return;
	plain->ended = true;
	if (plain->reads)
		uv_close((uv_handle_t *)&plain->input, NULL);
	uv_close((uv_handle_t *)&plain->interval, NULL);
	control_client_close(plain->client);
}

/* One line with the time before it. */
static void
say(struct plain *plain, const char *text)
{
	time_t now = (time_t)(clock_wall() / USEC_PER_SEC);
	char clock[16], clean[PLAIN_SENTENCE * 2];
	struct tm tm;

	localtime_r(&now, &tm);
	strftime(clock, sizeof(clock), "%H:%M:%S", &tm);
	printf("%s %s\n", clock, text_clean(clean, sizeof(clean), text));
	if (!cli_flush())
		end(plain);
}

/* How a row stands, with its rates. */
static void
say_row(struct plain *plain, enum model_kind kind, const void *row, const char *names)
{
	char text[PLAIN_SENTENCE];

	plain_begin(text, model_kind_info(kind), row);
	plain_add_fields(text, model_kind_info(kind), names, row, NULL);
	plain_add(text, ".");
	say(plain, text);
}

static bool
is_well(const struct model_connection *c)
{
	return c->attention == NULL && c->state != NULL && strcmp(c->state, "up") == 0;
}

static void
say_rows(struct plain *plain, enum model_kind kind, const char *names)
{
	const struct model_store *store = control_client_store(plain->client);
	size_t count = model_store_count(store, kind), well = 0;

	for (size_t i = 0; i < count && !plain->ended; i++) {
		const void *row = model_store_at(store, kind, i);

		if (kind == MODEL_KIND_CONNECTION && count > MANY_CONNECTIONS && is_well(row))
			well++;
		else
			say_row(plain, kind, row, names);
	}
	if (well > 0 && !plain->ended) {
		char text[PLAIN_SENTENCE];

		snprintf(text, sizeof(text), "%zu of %zu connection%s %s up and need%s nobody.", well, count,
			 PLURAL(count, "s"), well == 1 ? "is" : "are", well == 1 ? "s" : "");
		say(plain, text);
	}
}

/* How things stand: whose gateway this is, then each connection. */
static void
say_summary(struct plain *plain)
{
	char names[256];

	snprintf(names, sizeof(names), "role asn connections_total %s %s", told[MODEL_KIND_GATEWAY], rates);
	say_rows(plain, MODEL_KIND_GATEWAY, names);
	snprintf(names, sizeof(names), "%s %s", told[MODEL_KIND_CONNECTION], rates);
	if (!plain->ended)
		say_rows(plain, MODEL_KIND_CONNECTION, names);
}

static void
on_interval(uv_timer_t *timer)
{
	struct plain *plain = timer->data;

	if (!plain->began || plain->lost)
		return;
	say_rows(plain, MODEL_KIND_GATEWAY, rates);
	if (!plain->ended)
		say_rows(plain, MODEL_KIND_CONNECTION, rates);
}

/* --- what changes ------------------------------------------------------------------------------------ */

/* Warnings and errors are told as they are; what else happens shows in the fields. */
static void
tell_event(struct plain *plain, const struct model_event *event)
{
	char text[PLAIN_SENTENCE];

	if (event->severity == NULL ||
	    (strcmp(event->severity, "warning") != 0 && strcmp(event->severity, "error") != 0))
		return;
	snprintf(text, sizeof(text), "%s %s: %s", event->severity,
		 event->subject != NULL ? event->subject : "", event->text != NULL ? event->text : "");
	say(plain, text);
}

static void
on_changed(void *context, enum model_kind kind, const void *row, uint64_t fields)
{
	struct plain *plain = context;
	const struct model_kind_info *info = model_kind_info(kind);
	const char *names = told[kind];
	const struct model_field *field;
	char text[PLAIN_SENTENCE], key[256];
	const void *before;
	uint64_t wanted = 0;

	if (!plain->began || plain->ended)
		return;
	if (kind == MODEL_KIND_EVENT)
		tell_event(plain, row);
	if (names == NULL)
		return;
	while ((field = plain_next_field(info->shape, &names)) != NULL)
		wanted |= UINT64_C(1) << (field - info->shape->fields);
	if ((fields & wanted) == 0)
		return;
	before = model_store_get(plain->known, kind, model_row_key(info, row, key, sizeof(key)));
	plain_begin(text, info, row);
	if (before == NULL)
		plain_add(text, " is new");
	if (plain_add_fields(text, info, told[kind], row, before) > 0 || before == NULL) {
		plain_add(text, ".");
		say(plain, text);
	}
	model_store_put(plain->known, kind, row);
}

static void
on_removed(void *context, enum model_kind kind, const void *row)
{
	struct plain *plain = context;
	const struct model_kind_info *info = model_kind_info(kind);
	char text[PLAIN_SENTENCE], key[256];

	if (!plain->began || plain->ended || told[kind] == NULL)
		return;
	plain_begin(text, info, row);
	plain_add(text, " is gone.");
	say(plain, text);
	model_store_remove(plain->known, kind, model_row_key(info, row, key, sizeof(key)));
}

static void
know_all(struct plain *plain)
{
	const struct model_store *store = control_client_store(plain->client);

	for (int kind = 0; kind < MODEL_KIND_COUNT; kind++) {
		size_t count = told[kind] != NULL ? model_store_count(store, (enum model_kind)kind) : 0;

		for (size_t i = 0; i < count; i++)
			model_store_put(plain->known, (enum model_kind)kind,
					model_store_at(store, (enum model_kind)kind, i));
	}
}

static void
on_state(void *context, enum control_client_state state, const char *why)
{
	struct plain *plain = context;
	char text[PLAIN_SENTENCE];

	if (plain->ended)
		return;
	if (state == CONTROL_LIVE && !plain->began) {
		know_all(plain);
		plain->began = true;
		plain->lost = false;
		say_summary(plain);
		if (plain->reads && !plain->ended)
			say(plain, "Enter tells this again, help lists the commands, q leaves.");
	} else if (state == CONTROL_LIVE && plain->lost) {
		plain->lost = false;
		say(plain, "The gateway is back.");
	} else if (state == CONTROL_STALE && !plain->lost) {
		plain->lost = true;
		snprintf(text, sizeof(text), "%s: %s; trying again.",
			 plain->began ? "The gateway is gone" : "No gateway yet",
			 why != NULL ? why : "no answer");
		say(plain, text);
	}
}

/* --- commands ---------------------------------------------------------------------------------------- */

static void
on_reply(void *context, const struct control_reply *reply)
{
	struct plain *plain = context;

	if (plain->ended)
		return;
	cli_print_reply(reply, false);
	if (!cli_flush())
		end(plain);
}

static void
forget_asked(struct plain *plain)
{
	json_decref(plain->arguments);
	plain->arguments = NULL;
	plain->asked = NULL;
}

/* What has to be typed: on a site that is production, its name. */
static const char *
word_for_yes(const struct plain *plain)
{
	const struct cli_place *place = &plain->cli->places[0];

	return place->production ? place->name : "yes";
}

static void
ask_now(struct plain *plain)
{
	char text[PLAIN_SENTENCE];

	snprintf(text, sizeof(text), "%s%s: type %s to do it, anything else leaves things as they are.",
		 plain->asked->name, plain->cli->places[0].production ? " in production" : "",
		 word_for_yes(plain));
	say(plain, text);
}

/* What would happen, said by the gateway; then the question. */
static void
on_dry_run(void *context, const struct control_reply *reply)
{
	struct plain *plain = context;

	if (plain->ended)
		return;
	cli_print_reply(reply, false);
	if (plain->asked == NULL)
		return;
	if (reply->ok)
		ask_now(plain);
	else
		forget_asked(plain);
}

static bool
has_dry_run(const struct command *command)
{
	for (size_t i = 0; i < COMMAND_OPTIONS && command->options[i].name != NULL; i++) {
		if (strcmp(command->options[i].name, "--dry-run") == 0)
			return true;
	}
	return false;
}

/* A command of the gateway; takes `arguments`. */
static void
do_command(struct plain *plain, const struct command *command, json_t *arguments)
{
	if (!command->dangerous || json_is_true(json_object_get(arguments, "dry_run"))) {
		control_client_command(plain->client, command->name, arguments, on_reply, plain);
		return;
	}
	plain->asked = command;
	plain->arguments = arguments;
	if (!has_dry_run(command)) {
		ask_now(plain);
		return;
	}
	arguments = json_copy(arguments);
	json_object_set_new(arguments, "dry_run", json_true());
	control_client_command(plain->client, command->name, arguments, on_dry_run, plain);
}

static void
print_commands(struct plain *plain)
{
	size_t count;
	const struct command *table = command_table(&count);
	char usage[200];

	for (size_t i = 0; i < count; i++) {
		if (table[i].place == COMMAND_GATEWAY || table[i].place == COMMAND_CLIENT)
			printf("%s: %s\n", command_usage(&table[i], usage, sizeof(usage)), table[i].help);
	}
	printf("Enter: how things stand\nq: %s\n", command_find("quit")->help);
	if (!cli_flush())
		end(plain);
}

static void
run_show(struct plain *plain, const json_t *arguments)
{
	if (json_is_true(json_object_get(arguments, "watch")))
		say(plain, "Changes are told anyway; 'show' without --watch prints what is there now.");
	else if (show_run(plain->cli, arguments) == CONTROL_EXIT_DONE && !cli_flush())
		end(plain);
}

static void
run_command(struct plain *plain, const struct command *command, int count, const char *const *words)
{
	struct error err = {"'-' is for the shell: name a file."}; /* our input has the commands */
	json_t *arguments =
	    command_reads_input(command, count, words) ? NULL : command_parse(command, count, words, &err);
	char text[PLAIN_SENTENCE];

	if (arguments == NULL) {
		say(plain, err.text);
	} else if (command->place == COMMAND_GATEWAY) {
		do_command(plain, command, json_incref(arguments));
	} else if (command->place == COMMAND_CLIENT) {
		run_show(plain, arguments);
	} else {
		snprintf(text, sizeof(text), "'%s' has no meaning here; help lists what has.", command->name);
		say(plain, text);
	}
	json_decref(arguments);
}

static void
run_line(struct plain *plain, const char *line)
{
	char buffer[LINE], text[PLAIN_SENTENCE], clean[64];
	const char *words[WORDS], *near;
	int count = words_split(line, buffer, sizeof(buffer), words, WORDS);
	const struct command *command;

	if (plain->asked != NULL) {
		if (count == 1 && strcmp(words[0], word_for_yes(plain)) == 0)
			control_client_command(plain->client, plain->asked->name,
					       json_incref(plain->arguments), on_reply, plain);
		else
			say(plain, "Nothing was done.");
		forget_asked(plain);
		return;
	}
	if (count == 0) {
		say_summary(plain);
		return;
	}
	command = command_find(words[0]);
	if (strcmp(words[0], "q") == 0 || (command != NULL && strcmp(command->name, "quit") == 0)) {
		end(plain);
	} else if (command != NULL && strcmp(command->name, "help") == 0) {
		print_commands(plain);
	} else if (command != NULL) {
		run_command(plain, command, count - 1, words + 1);
	} else {
		near = command_nearest(words[0]);
		text_clean(clean, sizeof(clean), words[0]);
		snprintf(text, sizeof(text), "There is no command '%s'%s%s%s.", clean,
			 near != NULL ? "; did you mean '" : "; help lists them", near != NULL ? near : "",
			 near != NULL ? "'?" : "");
		say(plain, text);
	}
}

/* --- lines ------------------------------------------------------------------------------------------- */

static void
take_byte(struct plain *plain, char c)
{
	if (c != '\n') {
		if (plain->length + 1 < sizeof(plain->line))
			plain->line[plain->length++] = c == '\t' || c == '\r' ? ' ' : c;
		else
			plain->too_long = true;
		return;
	}
	plain->line[plain->length] = '\0';
	if (plain->too_long)
		say(plain, "That line is too long.");
	else
		run_line(plain, plain->line);
	plain->length = 0;
	plain->too_long = false;
}

static void
on_input(uv_poll_t *poll, int status, int events)
{
	struct plain *plain = poll->data;
	char bytes[1024];
	ssize_t got = status < 0 ? 0 : read(STDIN_FILENO, bytes, sizeof(bytes));

	(void)events;
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		end(plain);
		return;
	}
	for (ssize_t i = 0; i < got && !plain->ended; i++)
		take_byte(plain, bytes[i]);
}

/* Commands come from a terminal or a pipe; whatever else stdin is (/dev/null of a service) is left alone. */
static bool
open_input(struct plain *plain)
{
	struct stat status;
	int flags;

	if (!isatty(STDIN_FILENO) &&
	    (fstat(STDIN_FILENO, &status) != 0 || (!S_ISFIFO(status.st_mode) && !S_ISSOCK(status.st_mode))))
		return false;
	if (uv_poll_init(&plain->loop, &plain->input, STDIN_FILENO) != 0)
		return false;
	/* libuv made it non-blocking, and a terminal's output with it: stdout would lose lines */
	flags = fcntl(STDIN_FILENO, F_GETFL);
	if (flags >= 0)
		fcntl(STDIN_FILENO, F_SETFL, flags & ~O_NONBLOCK);
	plain->input.data = plain;
	uv_poll_start(&plain->input, UV_READABLE | UV_DISCONNECT, on_input);
	return true;
}

static uint64_t
told_kinds(void)
{
	uint64_t kinds = UINT64_C(1) << MODEL_KIND_EVENT;

	for (int kind = 0; kind < MODEL_KIND_COUNT; kind++)
		kinds |= told[kind] != NULL ? UINT64_C(1) << kind : 0;
	return kinds;
}

static void
run(struct plain *plain, uint64_t seconds)
{
	uv_timer_init(&plain->loop, &plain->interval);
	plain->interval.data = plain;
	if (seconds > 0)
		uv_timer_start(&plain->interval, on_interval, seconds * 1000, seconds * 1000);
	plain->reads = open_input(plain);
	plain->watch = (struct model_watch){.changed = on_changed, .removed = on_removed, .context = plain};
	model_store_watch(control_client_store(plain->client), &plain->watch);
	uv_run(&plain->loop, UV_RUN_DEFAULT);
}

int
plain_run(const struct cli *cli, uint64_t interval_seconds)
{
	struct plain *plain = memory_zeroed(1, sizeof(*plain));
	struct control_client_options options = {.reconnect = true,
						 .kinds = told_kinds(),
						 .events = PAST_EVENTS,
						 .callbacks = {.context = plain, .state = on_state}};
	struct error err = {""};
	int code;

	cli_client_options(cli, &cli->places[0], &options);
	plain->cli = cli;
	plain->known = model_store_new();
	uv_loop_init(&plain->loop);
	plain->client = control_client_open(&plain->loop, &options, &err);
	if (plain->client != NULL)
		run(plain, interval_seconds);
	uv_loop_close(&plain->loop);
	if (plain->client == NULL)
		code = cli_fail(CONTROL_EXIT_NO_GATEWAY, "%s", err.text);
	else
		code = plain->began ? CONTROL_EXIT_DONE : CONTROL_EXIT_NO_GATEWAY;
	forget_asked(plain);
	model_store_free(plain->known);
	free(plain);
	return code;
}
