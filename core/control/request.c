// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A command under way. It is checked against the command table (name, role, arguments) before a handler sees
 * it, and lives until the handler ends it, however late: by then the client may be gone, or the server
 * itself.
 */
#include "core/control/server_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define MOST_TEXT 4096 /* bytes of one argument */

/* --- what the handler asks --------------------------------------------------------------------- */

const char *
control_request_text(const struct control_request *request, const char *name)
{
	return json_string_value(json_object_get(request->arguments, name));
}

bool
control_request_flag(const struct control_request *request, const char *name)
{
	return json_is_true(json_object_get(request->arguments, name));
}

const char *
control_request_who(const struct control_request *request)
{
	return request->who;
}

const char *
control_request_via(const struct control_request *request)
{
	return request->via[0] != '\0' ? request->via : NULL;
}

/* --- its end ----------------------------------------------------------------------------------- */

/* Answers where somebody still listens, and frees it. */
static void
finish(struct control_request *request, int exit_code, json_t *result, const char *format, va_list args)
{
	struct control_session *session = request->session;
	char *text = NULL, *clean;

	if (session != NULL) {
		if (vasprintf(&text, format, args) < 0)
			abort();
		clean = memory_zeroed(1, strlen(text) + 1);
		text_clean(clean, strlen(text) + 1, text);
		session->requests--;
		control_session_reply(session, request->id, exit_code, clean, json_incref(result));
		if (session->server->wake != NULL)
			session->server->wake(session->server, session);
		free(clean);
		free(text);
	}
	json_decref(result);
	if (request->server != NULL)
		DL_DELETE(request->server->requests, request);
	json_decref(request->arguments);
	free(request);
}

void
control_request_done(struct control_request *request, json_t *result, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	finish(request, CONTROL_EXIT_DONE, result, format, args);
	va_end(args);
}

void
control_request_fail(struct control_request *request, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	finish(request, CONTROL_EXIT_FAILED, NULL, format, args);
	va_end(args);
}

void
control_request_refuse(struct control_request *request, json_t *result, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	finish(request, CONTROL_EXIT_FAILED, result, format, args);
	va_end(args);
}

void
control_request_forget_session(struct control_session *session)
{
	struct control_request *request;

	DL_FOREACH(session->server->requests, request)
	{
		if (request->session == session)
			request->session = NULL;
	}
}

void
control_request_forget_server(struct control_server *server)
{
	struct control_request *request, *next;

	DL_FOREACH_SAFE(server->requests, request, next)
	{
		request->server = NULL;
		request->session = NULL;
	}
	server->requests = NULL;
}

/* --- its beginning ----------------------------------------------------------------------------- */

/* Takes a text out of the client's arguments into ours, cleaned. */
static bool
take_text(json_t *to, const char *name, const json_t *value, struct error *err)
{
	char clean[MOST_TEXT];

	if (!json_is_string(value) || json_string_length(value) >= MOST_TEXT)
		return error_set(err, "'%s' has to be a text of less than %d bytes", name, MOST_TEXT);
	json_object_set_new(to, name,
			    json_string(text_clean(clean, sizeof(clean), json_string_value(value))));
	return true;
}

/* The content of a file is taken as it is: whoever reads it checks every byte. */
static bool
take_content(json_t *to, const char *name, const json_t *value, struct error *err)
{
	if (!json_is_string(value) || json_string_length(value) > COMMAND_CONTENT_MOST)
		return error_set(err, "'%s' has to be a text of at most %d bytes", name,
				 COMMAND_CONTENT_MOST);
	json_object_set(to, name, (json_t *)value);
	return true;
}

static bool
take_argument(json_t *to, const struct command *command, const char *name, const json_t *value,
	      struct error *err)
{
	char key[64], clean[64];

	for (size_t i = 0; i < COMMAND_ARGUMENTS && command->arguments[i].name != NULL; i++) {
		if (strcmp(command->arguments[i].name, name) != 0)
			continue;
		return command->arguments[i].kind == COMMAND_ARGUMENT_CONTENT
			   ? take_content(to, name, value, err)
			   : take_text(to, name, value, err);
	}
	for (size_t i = 0; i < COMMAND_OPTIONS && command->options[i].name != NULL; i++) {
		if (strcmp(command_option_key(&command->options[i], key, sizeof(key)), name) != 0)
			continue;
		if (command->options[i].value != NULL)
			return take_text(to, name, value, err);
		if (!json_is_boolean(value))
			return error_set(err, "'%s' has to be true or false", name);
		json_object_set_new(to, name, json_boolean(json_is_true(value)));
		return true;
	}
	return error_set(err, "'%s' takes no '%s'", command->name, text_clean(clean, sizeof(clean), name));
}

/* A checked copy of the arguments, or NULL. */
static json_t *
check_arguments(const struct command *command, const json_t *arguments, struct error *err)
{
	json_t *checked = json_object(), *value;
	const char *name;

	if (arguments != NULL && !json_is_object(arguments) && !json_is_null(arguments)) {
		error_set(err, "the arguments have to be an object");
		goto bad;
	}
	json_object_foreach ((json_t *)arguments, name, value) {
		if (!json_is_null(value) && !take_argument(checked, command, name, value, err))
			goto bad;
	}
	for (size_t i = 0; i < COMMAND_ARGUMENTS && command->arguments[i].name != NULL; i++) {
		const struct command_argument *argument = &command->arguments[i];

		if (!argument->optional && json_object_get(checked, argument->name) == NULL) {
			error_set(err, "'%s' needs a %s", command->name, argument->name);
			goto bad;
		}
	}
	return checked;
bad:
	json_decref(checked);
	return NULL;
}

static const struct control_handler_row *
find_handler(const struct control_server *server, const struct command *command)
{
	for (size_t i = 0; i < server->handler_count; i++) {
		if (server->handlers[i].command == command)
			return &server->handlers[i];
	}
	return NULL;
}

static void
refuse_unknown(struct control_session *session, json_int_t id, const char *name)
{
	const char *near = command_nearest(name);
	char clean[64], text[256];

	text_clean(clean, sizeof(clean), name);
	if (command_find(name) != NULL)
		snprintf(text, sizeof(text), "'%s' is no command for the gateway: run it where you are",
			 clean);
	else if (near != NULL)
		snprintf(text, sizeof(text), "no command is called '%s' (did you mean '%s'?)", clean, near);
	else
		snprintf(text, sizeof(text), "no command is called '%s' in this gateway (version %s)", clean,
			 TWINSPAN_VERSION);
	control_session_reply(session, id, CONTROL_EXIT_USAGE, text, NULL);
}

/* Refuses with a formatted text. */
static void refuse(struct control_session *session, json_int_t id, int exit_code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static void
refuse(struct control_session *session, json_int_t id, int exit_code, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	control_session_reply(session, id, exit_code, text, NULL);
}

void
control_request_begin(struct control_session *session, json_int_t id, const char *name,
		      const json_t *arguments)
{
	struct control_server *server = session->server;
	const struct command *command = command_find(name);
	const struct control_handler_row *handler;
	struct control_request *request;
	struct error err = {""};
	json_t *checked;

	if (command == NULL || command->place != COMMAND_GATEWAY) {
		refuse_unknown(session, id, name);
		return;
	}
	if (session->role < command->role) {
		refuse(session, id, CONTROL_EXIT_NOT_PERMITTED,
		       "not permitted: '%s' needs the role %s, and yours is %s", name,
		       command_role_name(command->role), command_role_name(session->role));
		return;
	}
	handler = find_handler(server, command);
	if (handler == NULL) {
		refuse(session, id, CONTROL_EXIT_FAILED, "this gateway can't do '%s'", name);
		return;
	}
	if (session->requests >= SESSION_REQUESTS) {
		refuse(session, id, CONTROL_EXIT_FAILED, "%d commands of yours are still under way",
		       SESSION_REQUESTS);
		return;
	}
	checked = check_arguments(command, arguments, &err);
	if (checked == NULL) {
		refuse(session, id, CONTROL_EXIT_USAGE, "%s", err.text);
		return;
	}
	request = memory_zeroed(1, sizeof(*request));
	*request =
	    (struct control_request){.server = server, .session = session, .id = id, .arguments = checked};
	snprintf(request->who, sizeof(request->who), "%s", session->who);
	snprintf(request->via, sizeof(request->via), "%s", session->via);
	DL_APPEND(server->requests, request);
	session->requests++;
	handler->handler(handler->context, request);
}
