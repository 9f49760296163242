// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What comes from one of several gateways: each line for people stands behind the site's name, each object of
 * JSON begins with it. Where there is only one gateway nothing of this is seen.
 */
#include "tui/cli_internal.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "tui/show_internal.h"

/* A stream that puts a name before each line. */
struct named {
	char label[CLI_LABEL];
	bool within; /* a line has begun */
};

bool
cli_place_many(const struct cli *cli)
{
	return cli->place_count > 1;
}

void
cli_client_options(const struct cli *cli, const struct cli_place *place, struct control_client_options *out)
{
	out->socket = cli->socket;
	out->transport = place->transport;
}

const char *
cli_place_label(const struct cli *cli, const char *name, char *out, size_t size)
{
	if (cli_place_many(cli))
		snprintf(out, size, "%s%*s  ", name, cli->name_width - show_width(name), "");
	else
		out[0] = '\0';
	return out;
}

static ssize_t
write_named(void *cookie, const char *bytes, size_t length)
{
	struct named *named = cookie;

	for (size_t at = 0, end; at < length; at = end) {
		const char *newline = memchr(bytes + at, '\n', length - at);

		end = newline != NULL ? (size_t)(newline - bytes) + 1 : length;
		if (!named->within)
			fputs(named->label, stdout);
		fwrite(bytes + at, 1, end - at, stdout);
		named->within = newline == NULL;
	}
	return ferror(stdout) ? 0 : (ssize_t)length;
}

static int
close_named(void *cookie)
{
	free(cookie);
	return 0;
}

void
cli_places_name_lines(struct cli *cli)
{
	cli->name_width = (int)strlen("Site");
	for (size_t i = 0; i < cli->place_count; i++) {
		int width = show_width(cli->places[i].name);

		cli->name_width = width > cli->name_width ? width : cli->name_width;
	}
	for (size_t i = 0; cli_place_many(cli) && i < cli->place_count; i++) {
		struct named *named = memory_zeroed(1, sizeof(*named));

		cli_place_label(cli, cli->places[i].name, named->label, sizeof(named->label));
		cli->places[i].out = fopencookie(
		    named, "w", (cookie_io_functions_t){.write = write_named, .close = close_named});
	}
}

int
cli_place_fail(const struct cli *cli, const struct cli_place *place, int exit_code, const char *format, ...)
{
	va_list args;
	char text[1024];

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (cli_place_many(cli))
		return cli_fail(exit_code, "%s: %s", place->name, text);
	return cli_fail(exit_code, "%s", text);
}

bool
cli_place_flush(const struct cli_place *place)
{
	return (place->out == stdout || fflush(place->out) == 0) && cli_flush();
}

json_t *
cli_place_json(const struct cli *cli, const struct cli_place *place, const json_t *value)
{
	json_t *named;

	if (!cli_place_many(cli))
		return json_incref((json_t *)value);
	named = json_pack("{s:s}", "site", place->name);
	if (json_is_object(value))
		json_object_update_missing(named, (json_t *)value);
	else if (value != NULL)
		json_object_set(named, "result", (json_t *)value);
	return named;
}
