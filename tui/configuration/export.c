// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The page that shows what the other side of a connection has to configure. The gateway gives its
 * configuration without secrets, and the program's exporters (main.c's) make the text of it here, so that it
 * is the same for a gateway that is far away. The command's key goes on to the next format; `save` writes
 * the text to a file.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/configuration/configuration_internal.h"
#include "tui/panels/text.h"

struct export_page;

/* The question for the configuration; the page may be closed before the answer comes. */
struct export_question {
	struct export_page *page;
};

struct export_page {
	struct app *app;
	struct panel *panel;
	struct export_question *question;
	char names[256], format[32];
	char *configuration; /* masked; NULL until it came */
	char *text;          /* NULL: not made */
};

static void
on_close(void *context)
{
	struct export_page *p = context;

	if (p->question != NULL)
		p->question->page = NULL;
	free(p->configuration);
	free(p->text);
	free(p);
}

static const struct text_source source = {.close = on_close};

/* --- filling it ----------------------------------------------------------------------------------- */

static void
put_lines(struct panel *panel, const char *text)
{
	while (*text != '\0') {
		size_t length = strcspn(text, "\n");
		char *line = text_format("%.*s", (int)length, text);

		text_panel_add(panel, line[0] == '#' || line[0] == '!' ? ROLE_dim : ROLE_text, line);
		free(line);
		text += length + (text[length] != '\0');
	}
}

static void
fill(struct export_page *p)
{
	struct error err = {""};
	char title[320];

	FREE_AND_NULL(p->text);
	text_panel_clear(p->panel);
	snprintf(title, sizeof(title), "export %s → the other side of %s", p->format, p->names);
	text_panel_title(p->panel, title);
	text_panel_note(p->panel, ROLE_dim, "%s: another format, :save FILE",
			keys_text(command_find("export")));
	if (p->configuration == NULL)
		text_panel_add(p->panel, ROLE_dim, "asking the gateway for its configuration …");
	else if (!p->app->options->export->write(p->format, p->configuration, p->names, &p->text, &err))
		text_panel_add(p->panel, ROLE_bad, err.text);
	else
		put_lines(p->panel, p->text);
}

static void
take(struct export_page *p, const json_t *lines)
{
	const json_t *line;
	char *text = NULL;
	size_t i, length;
	FILE *out = open_memstream(&text, &length);

	if (out == NULL)
		return;
	json_array_foreach (lines, i, line)
		fprintf(out, "%s\n", json_is_string(line) ? json_string_value(line) : "");
	fclose(out);
	free(p->configuration);
	p->configuration = text;
	fill(p);
}

static void
on_answer(void *context, const struct control_reply *reply)
{
	struct export_question *question = context;
	struct export_page *p = question->page;

	free(question);
	if (p == NULL)
		return;
	p->question = NULL;
	if (reply->ok) {
		take(p, json_object_get(reply->result, "lines"));
	} else {
		text_panel_clear(p->panel);
		text_panel_print(p->panel, ROLE_bad, "%s",
				 reply->text != NULL ? reply->text
						     : "the gateway did not say its configuration");
	}
	if (p->panel->scene->changed != NULL)
		p->panel->scene->changed(p->panel->scene->context);
}

/* --- opening it ----------------------------------------------------------------------------------- */

static struct export_page *
page_of(struct app *app)
{
	struct panel *panel = app_panel(app);

	return is_text_panel(panel) ? text_panel_context(panel, &source) : NULL;
}

static void
open_page(struct app *app, const char *format, const char *names)
{
	struct export_page *p = memory_zeroed(1, sizeof(*p));

	p->app = app;
	snprintf(p->format, sizeof(p->format), "%s", format);
	snprintf(p->names, sizeof(p->names), "%s", names);
	p->panel = text_panel(&app->scene, "", MODEL_KIND_CONNECTION, names);
	text_panel_source(p->panel, &source, p);
	fill(p);
	p->question = memory_zeroed(1, sizeof(*p->question));
	p->question->page = p;
	navigation_leave(app);
	app_push_panel(app, p->panel);
	control_client_command(app->client, "configuration", json_object(), on_answer, p->question);
}

static bool
has_format(struct app *app, const char *format)
{
	struct text_list formats = {0};
	bool known;

	app->options->export->formats(&formats);
	known = text_list_has(&formats, format);
	text_list_free(&formats);
	return known;
}

/* The connection of the selected row, or of the page that is open. */
static const char *
selected_name(struct app *app)
{
	struct panel *panel = app_panel(app);
	enum model_kind kind = panel->ops->kind;
	const void *row = panel->ops->selected(panel, &kind);

	return panel_argument(app->scene.store, kind, row, COMMAND_ARGUMENT_CONNECTION);
}

void
export_run(struct app *app, const json_t *arguments)
{
	const char *format = json_string_value(json_object_get(arguments, "format"));
	const char *names = json_string_value(json_object_get(arguments, "connection"));
	struct export_page *p = page_of(app);
	char clean[64];

	if (app->options->export == NULL)
		app_say(app, ROLE_bad, "nothing can be exported here");
	else if (!has_format(app, format))
		app_say(app, ROLE_bad, "no format to export to is called '%s'",
			text_clean(clean, sizeof(clean), format));
	else if (json_is_true(json_object_get(arguments, "inline_secrets")))
		app_say(
		    app, ROLE_warning,
		    "a gateway gives no secret to a console: `twinspan export --inline-secrets` there does");
	else if (names == NULL && p == NULL && (names = selected_name(app)) == NULL)
		app_say(app, ROLE_warning, "export needs a connection: select one, or name it");
	else if (p != NULL && (names == NULL || strcmp(names, p->names) == 0)) {
		snprintf(p->format, sizeof(p->format), "%s", format);
		fill(p);
	} else if (app->state != CONTROL_LIVE)
		app_say(app, ROLE_bad, "export: no gateway is connected");
	else
		open_page(app, format, names);
}

const char *
export_next_format(struct app *app, char *out, size_t size)
{
	struct text_list formats = {0};
	const struct export_page *p = page_of(app);
	size_t next = 0;

	if (app->options->export == NULL)
		return NULL;
	app->options->export->formats(&formats);
	for (size_t i = 0; p != NULL && i < formats.count; i++) {
		if (strcmp(formats.items[i], p->format) == 0)
			next = (i + 1) % formats.count;
	}
	snprintf(out, size, "%s", formats.count != 0 ? formats.items[next] : "");
	text_list_free(&formats);
	return out[0] != '\0' ? out : NULL;
}

const char *
export_text(struct app *app)
{
	const struct export_page *p = page_of(app);

	return p != NULL ? p->text : NULL;
}
