// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a command will do, in words and with the figures as they stand, where traffic is not what moves: down,
 * disable, rekey, sessions, prefixes, the gateway's end.
 */
#include <stdio.h>
#include <string.h>

#include "tui/sheets/sheets.h"

struct subject {
	const struct model_store *store;
	const struct command *command;
	const json_t *arguments;
};

static const char *
argument(const struct subject *subject, const char *name)
{
	return json_string_value(json_object_get(subject->arguments, name));
}

static bool
is(const struct subject *subject, const char *command)
{
	return strcmp(subject->command->name, command) == 0;
}

/* What taking a tunnel down means for its connection, as things stand. */
static void
say_down(const struct subject *subject, char *out, size_t size)
{
	const char *name = argument(subject, "tunnel");
	bool disable = is(subject, "disable");
	const struct model_tunnel *tunnel = name != NULL
						? model_store_get(subject->store, MODEL_KIND_TUNNEL, name)
						: NULL,
				  *other;
	const struct model_tunnel *tunnels[2];
	char until[160], rate[FORMAT_TEXT];

	if (tunnel == NULL)
		return;
	other = connection_tunnels(subject->store, tunnel->connection, tunnels) < 2 ? NULL
		: tunnels[0] == tunnel                                              ? tunnels[1]
										    : tunnels[0];
	snprintf(until, sizeof(until), "until '%s %s'%s", disable ? "enable" : "up", name,
		 disable ? ", over restarts of the gateway too" : "");
	format_rate(tunnel->rx_bps, rate);
	if (!tunnel->active || tunnel_part(tunnel)[0] == '\0')
		snprintf(out, size, "%s carries no traffic now. It stays down %s.", name, until);
	else if (other != NULL && tunnel_part(other)[0] != '\0')
		snprintf(
		    out, size,
		    "%s carries the traffic of %s (▼ %s): it has to move to %s first. %s stays down %s, and "
		    "%s has no stand-in.",
		    name, tunnel->connection, rate + strspn(rate, " "), other->name, name, until,
		    other->name);
	else
		snprintf(out, size,
			 "%s is the only tunnel of %s that is up (▼ %s): the connection will be down %s.",
			 name, tunnel->connection, rate + strspn(rate, " "), until);
}

static void
say_session(const struct subject *subject, char *out, size_t size)
{
	const char *name = argument(subject, "peer");
	const struct model_peer *peer =
	    name != NULL ? model_store_get(subject->store, MODEL_KIND_PEER, name) : NULL;
	const struct model_tunnel *tunnel =
	    peer != NULL && peer->tunnel != NULL
		? model_store_get(subject->store, MODEL_KIND_TUNNEL, peer->tunnel)
		: NULL;
	char count[FORMAT_TEXT];

	if (json_is_true(json_object_get(subject->arguments, "soft")))
		snprintf(out, size, "%s is asked to send its routes again; the session stays up.", name);
	else if (peer != NULL)
		snprintf(out, size, "The session is %s with %s prefix%s accepted. %s with it%s%s",
			 look_of_peer(peer).word, format_count(peer->accepted, count),
			 PLURAL(peer->accepted, "es"), peer->accepted == 1 ? "It goes" : "They go",
			 is(subject, "shutdown") ? ", and it stays closed until 'start'."
			 : peer->accepted == 1   ? " and comes back when it is Established again."
						 : " and come back when it is Established again.",
			 tunnel != NULL && tunnel->active
			     ? " Its tunnel carries the traffic, which has to move "
			       "to the other one."
			     : "");
}

static void
say_withdraw(const struct subject *subject, char *out, size_t size)
{
	uint64_t told = 0;

	for (size_t i = 0; i < model_store_count(subject->store, MODEL_KIND_PEER); i++) {
		const struct model_peer *peer = model_store_at(subject->store, MODEL_KIND_PEER, i);

		told += peer->state != NULL && strcmp(peer->state, "Established") == 0;
	}
	snprintf(out, size,
		 "Peers will no longer be told of %s (%llu session%s Established): what they send there "
		 "does not come this way any more.",
		 argument(subject, "prefix"), (unsigned long long)told, told == 1 ? " is" : "s are");
}

static void
say_rekey(const struct subject *subject, char *out, size_t size)
{
	(void)subject;
	snprintf(out, size, "New keys for IKE and ESP, without losing a packet.");
}

static void
say_up(const struct subject *subject, char *out, size_t size)
{
	const char *name = argument(subject, "tunnel");
	const struct model_tunnel *tunnel =
	    name != NULL ? model_store_get(subject->store, MODEL_KIND_TUNNEL, name) : NULL;

	snprintf(out, size,
		 tunnel != NULL && tunnel_part(tunnel)[0] != '\0' ? "It is up already." : "It comes up.");
}

static void
say_stop(const struct subject *subject, char *out, size_t size)
{
	bool keep = json_is_true(json_object_get(subject->arguments, "keep_routes"));
	size_t up = 0;

	for (size_t i = 0; i < model_store_count(subject->store, MODEL_KIND_TUNNEL); i++)
		up += tunnel_part(model_store_at(subject->store, MODEL_KIND_TUNNEL, i))[0] != '\0';
	snprintf(out, size,
		 "The gateway ends, and has to be started again on its machine: %zu tunnel%s that %s up go%s "
		 "down. %s",
		 up, PLURAL(up, "s"), up == 1 ? "is" : "are", up == 1 ? "es" : "",
		 keep
		     ? "Peers with 'graceful_restart: yes' are not told, and routes by them stay for a start "
		       "within their restart time."
		     : "Peers are told, and its routes go: packets follow whatever route is left.");
}

static const struct {
	const char *command;
	void (*say)(const struct subject *subject, char *out, size_t size);
} consequences[] = {
    {"down", say_down},         {"disable", say_down}, {"reset", say_session}, {"shutdown", say_session},
    {"withdraw", say_withdraw}, {"rekey", say_rekey},  {"up", say_up},         {"enable", say_up},
    {"stop", say_stop}};

void
consequence_say(const struct model_store *store, const struct command *command, const json_t *arguments,
		char *out, size_t size)
{
	const struct subject subject = {store, command, arguments};

	out[0] = '\0';
	for (size_t i = 0; i < COUNT_OF(consequences); i++) {
		if (strcmp(consequences[i].command, command->name) == 0)
			consequences[i].say(&subject, out, size);
	}
	if (out[0] == '\0')
		snprintf(out, size, "%s", command->help);
}

static void
ask(struct sheet *sheet, struct draft *body)
{
	char text[512];

	consequence_say(sheet->app->scene.store, sheet->command, sheet->arguments, text, sizeof(text));
	draft_wrap(body, 0, false, ROLE_text, text);
	if (!sheet_has_dry_run(sheet->command))
		return;
	draft_gap(body);
	draft_wrap(body, 0, false,
		   !sheet->asked    ? ROLE_dim
		   : sheet->refused ? ROLE_bad
				    : ROLE_text,
		   sheet->asked ? sheet->answer : "asking the gateway what would happen …");
}

const struct sheet_ops sheet_plain_ops = {.ask = ask};
