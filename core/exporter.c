// SPDX-License-Identifier: GPL-2.0-or-later
/* Exporting from the program's side; see exporter.h. A format "aws-cli" is the plugin export_aws_cli. */
#include "core/exporter.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/paths.h"
#include "core/plugins.h"

#define EXIT_USAGE 2
#define PREFIX "export_"
#define FORMAT_MOST 32

/* --- formats ----------------------------------------------------------------------------------------------
 */

void
exporter_formats(struct text_list *out)
{
	paths_formats(PREFIX, out);
}

static bool
unknown_format(const char *format, struct error *err)
{
	struct text_list formats = {0};
	char list[200] = "none";
	size_t used = 0;

	exporter_formats(&formats);
	for (size_t i = 0; i < formats.count && used < sizeof(list); i++)
		used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s", i != 0 ? ", " : "",
					 formats.items[i]);
	text_list_free(&formats);
	return error_set(err, "no format to export to is called %s (there are: %s)", text_quoted(format),
			 list);
}

static bool
knows(const char *format, struct error *err)
{
	struct text_list formats = {0};
	bool known;

	exporter_formats(&formats);
	known = strlen(format) < FORMAT_MOST && text_list_has(&formats, format);
	text_list_free(&formats);
	return known || unknown_format(format, err);
}

static const struct export_ops *
load(const char *format, struct error *err)
{
	const struct twinspan_plugin *plugin;
	char name[sizeof(PREFIX) + FORMAT_MOST];

	if (!knows(format, err))
		return NULL;
	snprintf(name, sizeof(name), PREFIX "%s", format);
	for (char *at = name; *at != '\0'; at++)
		*at = *at == '-' ? '_' : *at;
	plugin = plugin_load(name, err);
	if (plugin != NULL && plugin->kind != TWINSPAN_PLUGIN_EXPORT_FORMAT) {
		error_set(err, "the plugin '%s' is no exporter", name);
		return NULL;
	}
	return plugin != NULL ? plugin->ops : NULL;
}

/* --- writing ----------------------------------------------------------------------------------------------
 */

/* What a plugin writes to, and where its remarks go. */
struct writing {
	struct export_output output; /* first: a plugin hands it back */
	struct text_list *notes;
};

static void note(struct export_output *output, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void
note(struct export_output *output, const char *format, ...)
{
	struct writing *writing = (struct writing *)output;
	char text[400];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (!text_list_has(writing->notes, text))
		text_list_add(writing->notes, text);
}

static FILE *
open_text(char **text, size_t *length)
{
	FILE *out = open_memstream(text, length);

	if (out == NULL)
		abort();
	return out;
}

static void
put_head(FILE *out, const struct export_ops *ops, const struct export_view *view,
	 const struct text_list *notes)
{
	fprintf(out, "%s What the other side of %s configures for ", ops->comment, view->gateway);
	for (size_t i = 0; i < view->count; i++)
		fprintf(out, "%s%s", i != 0 ? ", " : "", view->connections[i].name);
	fprintf(out, ". Made by `twinspan export %s`.\n", ops->format);
	for (size_t i = 0; i < notes->count; i++)
		fprintf(out, "%s Look at this: %s\n", ops->comment, notes->items[i]);
}

static bool
write_view(const struct export_ops *ops, const struct export_view *view, struct exporter_result *result,
	   struct error *err)
{
	struct writing writing = {.output = {.note = note}, .notes = &result->notes};
	char *body = NULL;
	size_t length = 0;
	FILE *out;
	bool good;

	writing.output.out = open_text(&body, &length);
	good = ops->write(view, &writing.output);
	fclose(writing.output.out);
	if (good) {
		out = open_text(&result->text, &result->length);
		put_head(out, ops, view, &result->notes);
		fwrite(body, 1, length, out);
		fclose(out);
	} else {
		error_set(err, "%s", writing.output.why);
	}
	memory_wipe_free(body, length);
	return good;
}

bool
exporter_write(const char *format, const struct config *config, const struct text_list *names,
	       bool inline_secrets, struct exporter_result *result, struct error *err)
{
	const struct export_ops *ops = load(format, err);
	struct exporter_view view;
	bool good;

	*result = (struct exporter_result){0};
	if (ops == NULL || !exporter_view_make(config, names, inline_secrets, &view, err))
		return false;
	good = write_view(ops, &view.view, result, err);
	exporter_view_free(&view);
	if (!good)
		exporter_result_free(result);
	return good;
}

void
exporter_result_free(struct exporter_result *result)
{
	memory_wipe_free(result->text, result->length);
	text_list_free(&result->notes);
	*result = (struct exporter_result){0};
}

/* --- the command ------------------------------------------------------------------------------------------
 */

static int
fail(int exit_code, const struct error *err)
{
	fprintf(stderr, "twinspan: %s\n", err->text);
	return exit_code;
}

/* Errors only: `twinspan check` is for the warnings. NULL where there are errors, which are said. */
static struct config *
load_config(const struct exporter_command *command)
{
	struct config_findings findings = {0}, errors = {0};
	struct config *config = NULL;
	size_t length = 0;
	char *text = config_read(command->file, &length, &findings);

	if (text != NULL && command->inline_secrets)
		config = config_parse(command->file, text, length, &findings);
	else if (text != NULL)
		config = config_parse_public(command->file, text, length, &findings);
	memory_wipe_free(text, length);
	if (config == NULL) {
		/* They are sorted: errors come first. */
		errors = findings;
		while (errors.count != 0 && errors.items[errors.count - 1].warning)
			errors.count--;
		errors.more_warnings = 0;
		config_findings_print(&errors, command->file, stderr);
	}
	config_findings_free(&findings);
	return config;
}

void
exporter_names(const char *text, struct text_list *out)
{
	char *copy = text_copy(text), *rest = copy, *word;

	while (copy != NULL && (word = strsep(&rest, " ")) != NULL) {
		if (*word != '\0')
			text_list_add(out, word);
	}
	free(copy);
}

static int
print(const struct exporter_command *command, const struct config *config)
{
	struct exporter_result result;
	struct text_list names = {0};
	struct error err = {""};
	char file[4096];
	int code = 1;

	text_clean(file, sizeof(file), command->file);
	exporter_names(command->names, &names);
	if (!exporter_write(command->format, config, &names, command->inline_secrets, &result, &err)) {
		fail(1, &err);
	} else {
		for (size_t i = 0; i < result.notes.count; i++)
			fprintf(stderr, "%s: warning: %s\n", file, result.notes.items[i]);
		if (fwrite(result.text, 1, result.length, stdout) == result.length && fflush(stdout) == 0)
			code = 0;
		else
			fprintf(stderr, "twinspan: cannot write: %s\n", strerror(errno));
		exporter_result_free(&result);
	}
	text_list_free(&names);
	return code;
}

int
exporter_run(const struct exporter_command *command)
{
	struct error err = {""};
	struct config *config;
	int code;

	if (!knows(command->format, &err))
		return fail(EXIT_USAGE, &err);
	config = load_config(command);
	if (config == NULL)
		return 1;
	code = print(command, config);
	config_free(config);
	return code;
}
