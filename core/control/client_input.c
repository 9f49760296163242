// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a client is sent: the greeting, rows of the model for the mirror, answers for who asked. Rows and
 * pages are read from their line as it stands where they can be.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/control/client_state.h"

static void
take_text(char **to, const json_t *value)
{
	char clean[64] = "";

	if (json_is_string(value))
		text_clean(clean, sizeof(clean), json_string_value(value));
	model_set(to, clean);
}

static bool
take_hello(struct control_client *client, const json_t *hello, struct error *err)
{
	json_int_t protocol = json_integer_value(json_object_get(hello, "protocol"));
	char *run = NULL;
	bool other_run;

	if (client->greeted)
		return error_set(err, "the gateway greets twice");
	if (protocol != CONTROL_PROTOCOL)
		return error_set(
		    err, "the gateway speaks version %lld of the control protocol, this program version %d",
		    (long long)protocol, CONTROL_PROTOCOL);
	take_text(&client->role, json_object_get(hello, "role"));
	take_text(&client->version, json_object_get(hello, "version"));
	take_text(&run, json_object_get(hello, "run"));
	other_run = client->run != NULL && strcmp(client->run, run) != 0;
	free(client->run);
	client->run = run;
	client->greeted = client->ever_greeted = true;
	client->greeted_at = clock_monotonic();
	client->trouble = CONTROL_TROUBLE_NONE;
	control_mirror_begin(&client->mirror, other_run);
	control_client_ask_held(client);
	control_client_set_state(
	    client, (client->mirror.kinds | client->mirror.paged_kinds) != 0 ? CONTROL_SYNCING : CONTROL_LIVE,
	    NULL);
	return true;
}

static bool
take_model(struct control_client *client, const json_t *message, bool *known, struct error *err)
{
	bool was_live = client->mirror.live;

	if (!control_mirror_take(&client->mirror, message, known, err))
		return false;
	if (*known)
		client->walking = 0;
	if (client->closed)
		return true;
	if (client->mirror.missed != 0 && client->callbacks.missed != NULL)
		client->callbacks.missed(client->callbacks.context, client->mirror.missed);
	if (client->mirror.live == was_live || client->closed)
		return true;
	if (client->refollows)
		client->refollows = !client->mirror.live;
	else
		control_client_set_state(client, client->mirror.live ? CONTROL_LIVE : CONTROL_SYNCING, NULL);
	return true;
}

static bool
take_message(struct control_client *client, const json_t *message, struct error *err)
{
	const json_t *value;
	bool known = false;

	if ((value = json_object_get(message, "hello")) != NULL)
		return take_hello(client, value, err);
	if ((value = json_object_get(message, "error")) != NULL) {
		char clean[256];

		return error_set(
		    err, "the gateway says: %s",
		    text_clean(clean, sizeof(clean), json_is_string(value) ? json_string_value(value) : "?"));
	}
	if (!client->greeted)
		return error_set(err, "what answers is not a gateway: it does not greet");
	if (!control_pending_answer(&client->pending, message, &known, err))
		return false;
	if (known)
		return true;
	return take_model(client, message, &known, err); /* what is not known is passed over */
}

/* Rows, of which there are thousands, are read from the line as it stands where they can be. */
static bool
take_line(struct control_client *client, const char *line, size_t length, struct error *err)
{
	struct mirror_row row;
	struct control_page_read page;
	json_t *message;
	bool good;

	if (client->greeted && control_mirror_read(line, length, &row)) {
		control_lines_consume(&client->in, length);
		client->walking = 0;
		return control_mirror_put(&client->mirror, &row, err);
	}
	if (client->greeted && control_pending_read_page(&client->pending, line, length, &page)) {
		control_lines_consume(&client->in, length);
		control_pending_give_page(&page);
		return true;
	}
	message = control_line_parse(line, length, err);
	control_lines_consume(&client->in, length);
	good = message != NULL && take_message(client, message, err);
	json_decref(message);
	return good;
}

/* Handles all whole messages of `in`. False where one was wrong. */
bool
control_client_take(struct control_client *client, struct error *err)
{
	const struct link *link = client->link;

	while (!client->closed && client->link == link) {
		const char *line;
		size_t length;
		enum control_taken taken = control_lines_next(&client->in, &line, &length, err);

		if (taken != CONTROL_TAKEN_ONE)
			return taken == CONTROL_TAKEN_NONE;
		if (!take_line(client, line, length, err))
			return false;
	}
	return true;
}
