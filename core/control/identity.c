// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who asks, where the control socket's peer is not the person: `twinspan bridge` stands in for somebody at
 * the other end of SSH. What it says only takes away (a lower role) and adds to the name in the events; so
 * it needs no more trust than any other client, and counts only as the first word of a connection, before
 * the person's own can come through.
 */
#include "core/control/server_internal.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

void
control_session_greet(struct control_session *session)
{
	control_append(&session->out,
		       json_pack("{s:{s:i, s:s, s:s, s:s, s:i}}", "hello", "protocol", CONTROL_PROTOCOL,
				 "version", TWINSPAN_VERSION, "role", command_role_name(session->role), "run",
				 session->server->run, "pid", (int)getpid()));
}

/* Adds ", WORD TEXT" of a message's member to the session's name. The fingerprint of a key has no blank. */
static void
add_to_name(struct control_session *session, const char *word, const json_t *value, const char *remark)
{
	char clean[96], joined[CONTROL_WHO + 256];

	if (!json_is_string(value) || json_string_length(value) == 0)
		return;
	text_clean(clean, sizeof(clean), json_string_value(value));
	for (char *at = clean; *at != '\0'; at++) {
		if (*at == ' ' || *at == ',')
			*at = '_';
	}
	snprintf(joined, sizeof(joined), "%s, %s %s%s", session->who, word, clean, remark);
	text_clean(session->who, sizeof(session->who), joined); /* cut where a character ends */
}

bool
control_session_bridge(struct control_session *session, const json_t *message)
{
	const char *role = json_string_value(json_object_get(message, "role"));
	const char *via = json_string_value(json_object_get(message, "via"));
	enum command_role limit;

	if (session->asked) {
		control_session_refuse(session, "a bridge has to say so first");
		return false;
	}
	if (role != NULL && !command_role_parse(role, &limit)) {
		control_session_refuse(session, "the bridge asks for a role that there is not");
		return false;
	}
	if (role != NULL && limit < session->role)
		session->role = limit;
	session->bridged = true;
	text_clean(session->via, sizeof(session->via), via != NULL ? via : "");
	add_to_name(session, "key", json_object_get(message, "key"), "");
	session->key_known = json_is_string(json_object_get(message, "key"));
	add_to_name(session, "from", json_object_get(message, "via"), "");
	control_session_greet(session);
	return true;
}

void
control_session_introduce(struct control_session *session, const json_t *message)
{
	if (session->introduced)
		return;
	session->introduced = true;
	add_to_name(session, "as", json_object_get(message, "user"), "");
	if (!session->key_known)
		add_to_name(session, "key", json_object_get(message, "key"), " by its own word");
}
