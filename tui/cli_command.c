// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A command of the gateway from the command line: sent, waited for, its answer printed. An answer is a line
 * of text; where its result has "lines", they follow, or the text itself where that is said exactly and goes
 * into a file. With --json, where the command has it, the result alone
 * is printed, as JSON.
 */
#include "tui/cli_internal.h"

#include <stdio.h>
#include <unistd.h>

#include "core/base/text.h"

struct waiting {
	struct control_client *client;
	int exit_code;
	bool json;
};

static void
print_lines(const json_t *lines, FILE *out)
{
	for (size_t i = 0; i < json_array_size(lines); i++) {
		const char *line = json_string_value(json_array_get(lines, i));

		if (line != NULL)
			fprintf(out, "%s\n", line);
	}
}

/* A text byte by byte, where nobody looks at it. False where it isn't there. */
static bool
print_exact(const json_t *result)
{
	const char *escaped = json_string_value(json_object_get(result, "exact"));
	size_t length = 0;
	char *text = escaped != NULL && !isatty(STDOUT_FILENO) ? text_unescape(escaped, &length) : NULL;

	if (text == NULL)
		return false;
	fwrite(text, 1, length, stdout);
	memory_wipe_free(text, length);
	return true;
}

void
cli_print_reply(const struct control_reply *reply, bool json)
{
	if (!reply->ok) {
		cli_fail(reply->exit_code, "%s", reply->text);
		print_lines(json_object_get(reply->result, "lines"), stderr);
	} else if (json) {
		json_dumpf(reply->result, stdout, MODEL_JSON_FLAGS | JSON_ENCODE_ANY);
		putchar('\n');
	} else {
		if (*reply->text != '\0')
			printf("%s\n", reply->text);
		if (!print_exact(reply->result))
			print_lines(json_object_get(reply->result, "lines"), stdout);
	}
}

static void
on_reply(void *context, const struct control_reply *reply)
{
	struct waiting *waiting = context;

	waiting->exit_code = reply->exit_code;
	cli_print_reply(reply, waiting->json);
	control_client_close(waiting->client);
}

int
cli_command(const struct cli *cli, const struct command *command, json_t *arguments)
{
	struct control_client_options options = {NULL};
	struct waiting waiting = {
	    .exit_code = CONTROL_EXIT_FAILED,
	    .json = json_is_true(json_object_get(arguments, "json")),
	};
	struct error err = {""};
	uv_loop_t loop;

	cli_client_options(cli, &options);
	uv_loop_init(&loop);
	waiting.client = control_client_open(&loop, &options, &err);
	if (waiting.client != NULL) {
		control_client_command(waiting.client, command->name, arguments, on_reply, &waiting);
		uv_run(&loop, UV_RUN_DEFAULT);
	} else {
		json_decref(arguments);
		waiting.exit_code = cli_fail(CONTROL_EXIT_NO_GATEWAY, "%s", err.text);
	}
	uv_loop_close(&loop);
	return waiting.exit_code;
}
