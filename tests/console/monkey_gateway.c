// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The monkey's gateway: it goes, falls silent, comes back, answers late, refuses or answers nonsense, and
 * what it shows is often what no gateway should show. It counts which dangerous commands came, and whether
 * each of them may have come: the monkey grants a leave (monkey_sheets.c) when it presses a button that it
 * saw.
 */
#include <string.h>

#include "core/base/clock.h"
#include "core/base/text.h"
#include "tests/console/monkey.h"
#include "tests/console/world.h"

/* xorshift64*: the same everywhere. */
uint64_t
monkey_chance(struct monkey *m, uint64_t below)
{
	m->state ^= m->state >> 12;
	m->state ^= m->state << 25;
	m->state ^= m->state >> 27;
	return (m->state * UINT64_C(2685821657736338717) >> 33) % below;
}

static const char *const bad_texts[] = {
    "",
    "\x1b[2J\x1b[31mred\x1b]0;title\x07",
    "two\nlines\r\ttab",
    "\x80\xff\xfe no UTF-8",
    "東京 の 回線 が 切れました 東京 の 回線 が 切れました",
    "e\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81 many marks on one",
    "\xe2\x80\xae right to left \xe2\x80\xad "
    "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7",
    "%s%n%d %1$*2$d",
    "a-very-long-word-without-a-break-a-very-long-word-without-a-break-a-very-long-word-without-a-break-a-"
    "very-"
    "long-word-without-a-break-a-very-long-word-without-a-break-a-very-long-word-without-a-break-a-very-long-"
    "word-without-a-break-a-very-long-word-without-a-break-a-very-long-word-without-a-break-a-very-long-word",
    "up",
    "down",
    "draining",
    "Established",
    "aws-paris/1",
};

/* --- answers
 * --------------------------------------------------------------------------------------------------- */

/* "--force does it all the same", of a command that has it. */
static void
answer_force(struct monkey *m, struct control_request *request, const struct command *command)
{
	bool has = false;

	for (size_t i = 0; i < COMMAND_OPTIONS && command->options[i].name != NULL; i++)
		has = has || strcmp(command->options[i].name, "--force") == 0;
	control_request_refuse(request, has ? json_pack("{s:s}", "force", "own_path") : NULL, "%s",
			       PICK(m, bad_texts));
}

/* What it would do; now and then it would rather not. */
static void
answer_question(struct monkey *m, struct control_request *request, const struct command *command)
{
	switch (monkey_chance(m, 8)) {
	case 0:
		answer_force(m, request, command);
		break;
	case 1:
		control_request_fail(request, "%s", PICK(m, bad_texts));
		break;
	case 2:
		control_request_done(request, NULL, "%s", PICK(m, bad_texts));
		break;
	default:
		control_request_done(request, world_plan(monkey_chance(m, 4) == 0), "%s", PICK(m, bad_texts));
	}
}

static void
answer_request(struct monkey *m, struct control_request *request, const struct command *command)
{
	const char *target = control_request_text(request, "target");

	if (control_request_flag(request, "dry_run"))
		answer_question(m, request, command);
	else if (target != NULL && monkey_chance(m, 3) != 0)
		control_request_done(request, world_explain(world_store(m->world), target), "%s",
				     PICK(m, bad_texts));
	else if (monkey_chance(m, 4) == 0)
		answer_force(m, request, command);
	else if (monkey_chance(m, 3) == 0)
		control_request_fail(request, "%s", PICK(m, bad_texts));
	else if (monkey_chance(m, 4) == 0)
		control_request_done(request, world_drill(), "%s", PICK(m, bad_texts));
	else
		control_request_done(request, NULL, "%s", PICK(m, bad_texts));
}

void
gateway_answer_held(struct monkey *m)
{
	while (m->held_count > 0) {
		m->held_count--;
		answer_request(m, m->held[m->held_count].request, m->held[m->held_count].command);
	}
}

/* A dangerous command came: was it granted? */
static void
take_dangerous(struct monkey *m, const struct command *command)
{
	snprintf(m->sent, sizeof(m->sent), "%s", command->name);
	m->dangerous++;
	m->came[command_index(command)]++;
	if (m->leave.count > 0 && m->leave.command == command)
		m->leave.count--;
	else if (m->leave.back > 0 &&
		 (strcmp(command->name, "switchover") == 0 || strcmp(command->name, "undrain") == 0))
		m->leave.back--;
	else
		m->without_leave++;
}

static void
take_request(struct monkey *m, struct control_request *request, const struct command *command)
{
	m->asked++;
	/* to keep what already runs is one key, as confirm is */
	if (command->dangerous && !control_request_flag(request, "dry_run") &&
	    !control_request_flag(request, "keep"))
		take_dangerous(m, command);
	if (m->held_count < COUNT_OF(m->held) && monkey_chance(m, 3) == 0)
		m->held[m->held_count++] =
		    (struct held){request, command}; /* later, or for nobody any more */
	else
		answer_request(m, request, command);
}

/* --- its life
 * -------------------------------------------------------------------------------------------------- */

static struct monkey *the_monkey;

static void
on_any(void *context, struct control_request *request)
{
	take_request(the_monkey, request, context);
}

size_t
command_index(const struct command *command)
{
	size_t count;
	const struct command *table = command_table(&count);

	assert_true(count <= COMMANDS);
	return (size_t)(command - table);
}

void
gateway_serve(struct monkey *m)
{
	bool first = the_monkey == NULL;
	size_t count;
	const struct command *table = command_table(&count);

	if (m->serving)
		return;
	world_serve(m->world);
	the_monkey = m;
	for (size_t i = 0; i < count && first; i++) { /* the harness knows them from then on */
		if (table[i].place == COMMAND_GATEWAY)
			world_handle(m->world, table[i].name, on_any, (void *)(uintptr_t)&table[i]);
	}
	m->serving = true;
	m->restarts += !first;
}

void
gateway_stop(struct monkey *m)
{
	if (!m->serving)
		return;
	world_stop_serving(m->world);
	m->serving = false;
}

/* --- what the gateway shows
 * ------------------------------------------------------------------------------------- */

static void
put_tunnel(struct monkey *m)
{
	static const char *const names[] = {"aws-paris/1", "plant/2", "ghost/1", "ghost/2",
					    "a-connection-of-a-very-long-name-indeed-longer-than-most/1"};
	struct model_tunnel *t = model_row_new(MODEL_KIND_TUNNEL);
	char connection[80];

	model_set(&t->name, PICK(m, names));
	snprintf(connection, sizeof(connection), "%s", t->name);
	*strchr(connection, '/') = '\0';
	model_set(&t->connection, connection);
	model_set(&t->state, PICK(m, bad_texts));
	model_set(&t->remote, PICK(m, bad_texts));
	model_set(&t->interface, PICK(m, bad_texts));
	model_set(&t->peer, t->name);
	t->active = monkey_chance(m, 2) == 0;
	t->rx_bps = monkey_chance(m, 2) == 0 ? UINT64_MAX - 1 : monkey_chance(m, 1000000000);
	t->rtt_ms = (double)monkey_chance(m, 1000000) * 1e6;
	t->loss_percent = monkey_chance(m, 2) == 0 ? 1e9 : -1;
	t->last_error.set = monkey_chance(m, 2) == 0;
	model_set(&t->last_error.text, PICK(m, bad_texts));
	model_set(&t->last_error.hint, PICK(m, bad_texts));
	t->down_since = monkey_chance(m, 2) == 0 ? 0 : UINT64_MAX / 2;
	model_store_put(world_store(m->world), MODEL_KIND_TUNNEL, t);
	model_row_free(MODEL_KIND_TUNNEL, t);
}

static void
put_connection(struct monkey *m)
{
	static const char *const names[] = {"aws-paris", "plant", "ghost",
					    "a-connection-of-a-very-long-name-indeed-longer-than-most"};
	struct model_connection *c = model_row_new(MODEL_KIND_CONNECTION);

	model_set(&c->name, PICK(m, names));
	model_set(&c->state, PICK(m, bad_texts));
	model_set(&c->mode, PICK(m, bad_texts));
	model_set(&c->attention, PICK(m, bad_texts));
	text_list_add(&c->active, PICK(m, bad_texts));
	c->tunnels_up = monkey_chance(m, 3);
	c->tunnels_total = monkey_chance(m, 3);
	c->last_failover.set = monkey_chance(m, 2) == 0;
	model_set(&c->last_failover.cause, PICK(m, bad_texts));
	model_store_put(world_store(m->world), MODEL_KIND_CONNECTION, c);
	model_row_free(MODEL_KIND_CONNECTION, c);
}

static void
put_peer(struct monkey *m)
{
	static const char *const names[] = {"aws-paris/1", "core", "ghost/1"};
	struct model_peer *p = model_row_new(MODEL_KIND_PEER);

	model_set(&p->name, PICK(m, names));
	model_set(&p->state, PICK(m, bad_texts));
	model_set(&p->remote_address, PICK(m, bad_texts));
	p->accepted = monkey_chance(m, 2) == 0 ? UINT64_MAX - 1 : 3;
	text_list_add(&p->capabilities, PICK(m, bad_texts));
	model_store_put(world_store(m->world), MODEL_KIND_PEER, p);
	model_row_free(MODEL_KIND_PEER, p);
}

static void
say_events(struct monkey *m)
{
	static const char *const severities[] = {"debug", "info", "notice", "warning", "error", "no such"};

	for (uint64_t i = monkey_chance(m, 40); i > 0; i--)
		model_store_log(world_store(m->world), PICK(m, severities), "monkey.event",
				PICK(m, bad_texts), "%s", PICK(m, bad_texts));
}

/* A row at random goes. */
static void
remove_row(struct monkey *m)
{
	static const enum model_kind kinds[] = {MODEL_KIND_TUNNEL, MODEL_KIND_CONNECTION, MODEL_KIND_PEER};
	enum model_kind kind = PICK(m, kinds);
	struct model_store *store = world_store(m->world);
	size_t count = model_store_count(store, kind);
	char key[256];

	if (count == 0)
		return;
	model_row_key(model_kind_info(kind), model_store_at(store, kind, monkey_chance(m, count)), key,
		      sizeof(key));
	model_store_remove(store, kind, key);
}

void
gateway_restore(struct monkey *m)
{
	world_fill(world_store(m->world));
}

void
gateway_change(struct monkey *m)
{
	static const size_t routes[] = {0, 1, 37, 1000, 5000};

	switch (monkey_chance(m, 9)) {
	case 0:
		put_tunnel(m);
		break;
	case 1:
		put_connection(m);
		break;
	case 2:
		put_peer(m);
		break;
	case 3:
		say_events(m);
		break;
	case 4:
		remove_row(m);
		break;
	case 5:
		world_routes = PICK(m, routes);
		break;
	case 6:
		gateway_answer_held(m);
		break;
	case 7:
		if (monkey_chance(m, 4) == 0)
			m->silent_until = clock_monotonic() + monkey_chance(m, 200) * USEC_PER_MS;
		break;
	default:
		if (!m->serving)
			gateway_serve(m);
		else if (monkey_chance(m, 2) == 0)
			gateway_stop(m);
	}
}
