// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sequences of what can happen to two peers of a speaker: connections that come, two at a time, "ours" among
 * them; messages in any order, whole and in part; connections that break; timers that run out; rules that
 * change; ways to next hops that come and go; and an operator. Each octet is a step, some with octets of
 * their own behind it. After each step what the speaker holds has to agree with itself: states with
 * connections, rows with counters, and what each peer was told with the best paths. In the end nothing may be
 * left.
 */
#include "tests/fuzz/bgp_world.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define STEPS_MOST 64
#define CONNECTIONS 2 /* connections of a peer */

/* A peer, the far ends of its connections (-1: none), and what was counted before. */
struct side {
	struct bgp_peer *peer;
	int fds[CONNECTIONS];
	uint64_t flaps;
	bool was_up;
};

static struct side sides[2];
static int sink_fd;

/* What a step is done to. */
struct step {
	struct reader *more; /* the rest of the input: what a step wants to know it takes from here */
	struct side *side;
	int *fd;
};

static uint8_t
take(struct step *step)
{
	return reader_left(step->more) != 0 ? reader_u8(step->more) : 0;
}

static void
say(const struct step *step, const void *octets, size_t length)
{
	if (*step->fd >= 0)
		(void)!send(*step->fd, octets, length, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void
say_message(const struct step *step, enum bgp_message_type type, const void *body, size_t length)
{
	uint8_t bytes[BGP_MESSAGE_MOST];
	struct writer w = writer_over(bytes, sizeof(bytes));

	bgp_message_begin(&w, type);
	writer_bytes(&w, body, length);
	bgp_message_end(&w, 0);
	say(step, bytes, writer_length(&w));
}

/* --- connections and timers -------------------------------------------------------------------- */

static void
connects(struct step *step)
{
	if (*step->fd < 0)
		*step->fd = world_attach(step->side->peer);
}

/* As if this side had opened it: only its opener makes a difference to what follows. */
static void
connects_by_us(struct step *step)
{
	struct session *main = step->side->peer->main;
	bool free = main->state == BGP_IDLE || main->state == BGP_ACTIVE;

	connects(step);
	if (free && step->side->peer->main->connection != NULL)
		step->side->peer->main->outgoing = true;
}

static void
breaks(struct step *step)
{
	if (*step->fd >= 0)
		close(*step->fd);
	*step->fd = -1;
}

static void
closes_its_half(struct step *step)
{
	if (*step->fd >= 0)
		shutdown(*step->fd, SHUT_WR);
}

static void
a_timer_runs_out(struct step *step)
{
	struct bgp_peer *peer = step->side->peer;
	uint8_t which = take(step);
	struct session *s = which & 8 && peer->second != NULL ? peer->second : peer->main;
	usec_t *timers[] = {&s->retry_at, &s->hold_at,  &s->keepalive_at,
			    &s->idle_at,  &s->stuck_at, &peer->stale_until};
	usec_t *timer = timers[(which & 7) % COUNT_OF(timers)];

	if (*timer == 0)
		return;
	*timer = clock_monotonic();
	speaker_alarm(world.speaker, *timer);
	/* It looks at deadlines a millisecond later. */
	for (usec_t until = *timer + 3 * USEC_PER_MS; clock_monotonic() < until;)
		uv_run(&world.loop, UV_RUN_NOWAIT);
}

/* --- messages ---------------------------------------------------------------------------------- */

static void
says_open(struct step *step)
{
	static const unsigned sets[] = {CAPABILITY_IPV4 | CAPABILITY_REFRESH,
					CAPABILITY_FOUR_OCTET | CAPABILITY_IPV6 | CAPABILITY_RESTART,
					CAPABILITY_EXTENDED_MESSAGE | CAPABILITY_ENHANCED_REFRESH,
					CAPABILITY_ROLE | CAPABILITY_EXTENDED_NEXT_HOP};
	uint8_t how = take(step);
	unsigned capabilities = 0;

	for (unsigned i = 0; i < COUNT_OF(sets); i++)
		capabilities |= how >> i & 1 ? sets[i] : 0;
	/* Zero, lower than ours, ours, higher. */
	if (*step->fd >= 0)
		world_say_open(*step->fd, step->side->peer, capabilities, how >> 4 & 3);
}

static void
says_keepalive(struct step *step)
{
	say_message(step, BGP_KEEPALIVE, NULL, 0);
}

/* A usual beginning: what most inputs would otherwise have to find out first. */
static void
comes_up(struct step *step)
{
	connects(step);
	says_open(step);
	says_keepalive(step);
}

static void
says_update(struct step *step)
{
	uint8_t how = take(step), number = take(step);
	bool internal = step->side->peer == world.internal, v6 = how & 1;
	uint8_t body[256], prefix[7] = {24, 20, number, how >> 4};
	struct writer w = writer_over(body, sizeof(body));
	size_t section;

	if (v6)
		memcpy(prefix, (const uint8_t[]){48, 0x30, 0, 0, 0, number, how >> 4}, 7);
	if (how & 2 && !v6) { /* gone */
		writer_u16(&w, 4);
		writer_bytes(&w, prefix, 4);
		writer_u16(&w, 0);
		say_message(step, BGP_UPDATE, body, writer_length(&w));
		return;
	}
	writer_u16(&w, 0);
	section = writer_length(&w);
	writer_u16(&w, 0);
	if (v6 && how & 2) {
		writer_bytes(&w, (const uint8_t[]){0x80, 15, 10, 0, 2, 1}, 6);
		writer_bytes(&w, prefix, 7);
	} else {
		if (v6) {
			writer_bytes(&w, (const uint8_t[]){0x80, 14, 28, 0, 2, 1, 16, 0xfd}, 8);
			writer_bytes(&w, (const uint8_t[15]){[14] = 9}, 15);
			writer_u8(&w, 0);
			writer_bytes(&w, prefix, 7);
		}
		writer_bytes(&w, (const uint8_t[]){0x40, 1, 1, how >> 2 & 1}, 4);
		/* With four octets or two, whatever was agreed on. */
		if (internal)
			writer_bytes(&w, (const uint8_t[]){0x40, 2, 0}, 3);
		else if (how & 8)
			writer_bytes(&w, (const uint8_t[]){0x40, 2, 4, 2, 1, 0xfd, 0xea}, 7);
		else
			writer_bytes(&w, (const uint8_t[]){0x40, 2, 6, 2, 1, 0, 0, 0xfd, 0xea}, 9);
		if (!v6)
			writer_bytes(&w, (const uint8_t[]){0x40, 3, 4, 192, 0, 2, 9}, 7);
		if (internal)
			writer_bytes(&w, (const uint8_t[]){0x40, 5, 4, 0, 0, 0, number}, 7);
		/* no-export, no-advertise and the like */
		if (number & 1)
			writer_bytes(&w, (const uint8_t[]){0xc0, 8, 4, 0xff, 0xff, 0xff, number}, 7);
	}
	writer_patch_u16(&w, section, (uint16_t)(writer_length(&w) - section - 2));
	if (!v6)
		writer_bytes(&w, prefix, 4);
	say_message(step, BGP_UPDATE, body, writer_length(&w));
}

static void
says_end_of_rib(struct step *step)
{
	static const uint8_t v4[] = {0, 0, 0, 0}, v6[] = {0, 0, 0, 6, 0x80, 15, 3, 0, 2, 1};

	if (take(step) & 1)
		say_message(step, BGP_UPDATE, v6, sizeof(v6));
	else
		say_message(step, BGP_UPDATE, v4, sizeof(v4));
}

static void
says_notification(struct step *step)
{
	uint8_t body[] = {take(step), take(step), 6, 2};

	say_message(step, BGP_NOTIFICATION, body, body[0] & 1 ? 4 : 2);
}

static void
says_refresh(struct step *step)
{
	uint8_t how = take(step), body[] = {0, 1 + (how & 1), how >> 1 & 3, 1};

	say_message(step, BGP_ROUTE_REFRESH, body, sizeof(body));
}

static void
says_some_octets(struct step *step)
{
	size_t length = take(step) % 32u, left = reader_left(step->more);

	length = length < left ? length : left;
	say(step, reader_bytes(step->more, length), length);
}

/* The beginning or the rest of a KEEPALIVE. */
static void
says_half_a_message(struct step *step)
{
	static const uint8_t header[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
					 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0,    19,   4};
	uint8_t how = take(step), where = (how >> 1) % sizeof(header);

	if (how & 1)
		say(step, header + where, sizeof(header) - where);
	else
		say(step, header, where);
}

/* --- rules ------------------------------------------------------------------------------------- */

static void
add_rule(struct policy *policy, enum policy_set_kind kind, const char *pattern, enum policy_action action,
	 struct policy_change change)
{
	struct policy_set *set = policy_set_new(kind, NULL);
	struct policy_rule *rule = policy_add(policy);

	REQUIRE(policy_set_add(set, pattern, NULL));
	policy_set_seal(set);
	if (kind == POLICY_PREFIXES)
		rule->match.prefix = set;
	else
		rule->match.community = set;
	rule->action = action;
	rule->set = change;
}

/* Some of these, by the bits; NULL: none. */
static struct policy *
rules(unsigned bits)
{
	struct policy *policy = (bits & 7) != 0 ? policy_new() : NULL;

	if (bits & 1)
		add_rule(policy, POLICY_COMMUNITIES, "65535:*", POLICY_NEXT,
			 (struct policy_change){.med = {true, bits}, .prepend = {.count = 1}});
	if (bits & 2)
		add_rule(policy, POLICY_PREFIXES, "20.0.0.0/9 le 24", POLICY_DENY, (struct policy_change){0});
	if (bits & 4)
		add_rule(policy, POLICY_PREFIXES, "0.0.0.0/0 le 32", POLICY_ACCEPT,
			 (struct policy_change){.local_preference = {true, bits}});
	if (policy != NULL)
		policy_seal(policy);
	return policy;
}

static void
rules_change(struct step *step)
{
	uint8_t bits = take(step);
	struct policy *import = rules(bits), *export = rules(bits >> 4);

	bgp_peer_set_policy(step->side->peer, import, export);
	policy_release(import);
	policy_release(export);
}

/* --- next hops --------------------------------------------------------------------------------- */

static void
ways_change(struct step *step)
{
	uint8_t how = take(step);

	world_set_reach(how & 1, (enum bgp_reach)((how >> 1) % 3));
}

/* --- the operator ------------------------------------------------------------------------------ */

static void
the_operator_acts(struct step *step)
{
	struct bgp_peer *peer = step->side->peer;
	uint8_t how = take(step);
	struct bgp_habits habits = peer->config.habits;

	switch (how % 10) {
	case 0:
		bgp_peer_stop(peer, "fuzzed");
		break;
	case 1:
		bgp_peer_start(peer);
		break;
	case 2:
		bgp_peer_shutdown(peer, "fuzzed");
		break;
	case 3:
		bgp_peer_enable(peer);
		break;
	case 4:
		bgp_peer_reset(peer, false);
		break;
	case 5:
		bgp_peer_reset(peer, true);
		break;
	case 6:
		bgp_peer_set_graceful_shutdown(peer, how & 0x80);
		break;
	case 7:
		bgp_peer_set_med(peer, how & 0x80 ? UINT32_MAX : how);
		break;
	case 8:
		habits.reflector_client = how & 0x80;
		bgp_peer_set_habits(peer, &habits);
		break;
	case 9:
		bgp_peer_set_preference(peer, how);
		break;
	}
}

static void (*const steps[])(struct step *) = {
    comes_up,          says_update,      says_update,     says_update,         connects,
    connects_by_us,    says_open,        says_keepalive,  says_end_of_rib,     says_notification,
    says_refresh,      says_some_octets, closes_its_half, says_half_a_message, a_timer_runs_out,
    the_operator_acts, breaks,           rules_change,    ways_change,
};

/* --- what holds after each step ---------------------------------------------------------------- */

struct rows {
	uint64_t all, accepted;
};

static bool
on_received(void *context, const struct bgp_path *path)
{
	struct rows *rows = context;

	rows->all++;
	rows->accepted += path->accepted;
	return true;
}

static bool
has_stale(const struct bgp_peer *peer)
{
	for (unsigned f = 0; f < BGP_FAMILY_COUNT; f++) {
		if (rib_peer_has_stale(&world.speaker->ribs[f], peer->index))
			return true;
	}
	return false;
}

/* Paths that count as accepted, and that were not told again since a restart or in a refresh. */
static void
check_stale(const struct bgp_peer *peer)
{
	for (unsigned f = 0; f < BGP_FAMILY_COUNT; f++) {
		const struct rib *rib = &world.speaker->ribs[f];
		const struct rib_peer *known = rib_peer(rib, peer->index);
		uint64_t count = 0;

		for (uint32_t i = 1; i < rib->path_count; i++) {
			const struct path *path = rib_path(rib, i);

			count += path->peer == peer->index && path_usable(rib, path) &&
				 path->generation != known->generation;
		}
		REQUIRE(count == known->accepted_stale);
	}
}

static void
check_session(const struct session *s)
{
	/* Nobody connects by itself here. */
	REQUIRE(s->state != BGP_CONNECT);
	REQUIRE((s->connection != NULL) == (s->state >= BGP_OPENSENT));
	REQUIRE(s->connection == NULL || s->connection->session == s);
	REQUIRE(s->hold_at == 0 || s->connection != NULL);
	REQUIRE(s->keepalive_at == 0 || s->state >= BGP_OPENCONFIRM);
}

static void
check_side(struct side *side)
{
	struct bgp_peer *peer = side->peer;
	struct bgp_peer_status status;
	struct rows rows = {0};
	bool up = peer_established(peer) != NULL;

	check_session(peer->main);
	if (peer->second != NULL) {
		check_session(peer->second);
		REQUIRE(peer->second->connection != NULL && peer->second->state != BGP_ESTABLISHED && !up);
	}
	bgp_peer_status(peer, &status);
	REQUIRE((status.state == BGP_ESTABLISHED) == up && (peer->established_at != 0) == up);
	/* A session that was lost is a flap, also where another one has come up since. */
	REQUIRE(peer->flaps >= side->flaps && peer->flaps <= side->flaps + 1 + (side->was_up ? 1 : 0));
	REQUIRE(!side->was_up || up || peer->flaps > side->flaps);
	side->flaps = peer->flaps;
	side->was_up = up;
	bgp_walk_received(peer, NULL, on_received, &rows);
	if (!has_stale(peer))
		REQUIRE(rows.all == status.received && rows.accepted == status.accepted);
	REQUIRE(status.accepted <= status.received);
	check_stale(peer);
	REQUIRE(status.advertised == world_check_told(peer));
	REQUIRE(up || peer->restarting || rows.all == 0);
	REQUIRE(peer->wanted || !up);
}

static void
rest(void)
{
	/* What one is told at the end of a turn may be room for more. */
	for (unsigned i = 0; i < 2; i++) {
		world_settle();
		for (unsigned k = 0; k < COUNT_OF(sides) * CONNECTIONS; k++) {
			if (sides[k / CONNECTIONS].fds[k % CONNECTIONS] >= 0)
				world_drain(sides[k / CONNECTIONS].fds[k % CONNECTIONS]);
		}
		world_drain(sink_fd);
	}
	world_settle();
}

static void
begin(void)
{
	struct bgp_peer *peers[] = {world.external, world.internal};

	sink_fd = world_attach(world.sink);
	world_say_hello(sink_fd, world.sink,
			CAPABILITY_IPV4 | CAPABILITY_REFRESH | CAPABILITY_FOUR_OCTET | CAPABILITY_IPV6);
	for (unsigned i = 0; i < COUNT_OF(sides); i++)
		sides[i] = (struct side){.peer = peers[i], .fds = {-1, -1}, .flaps = peers[i]->flaps};
	rest();
}

/* Everything ends, and is as it was before. */
static void
end(void)
{
	struct bgp_habits none = {0};

	for (unsigned i = 0; i < COUNT_OF(sides); i++) {
		struct bgp_peer *peer = sides[i].peer;

		for (unsigned k = 0; k < CONNECTIONS; k++) {
			if (sides[i].fds[k] >= 0)
				close(sides[i].fds[k]);
		}
		bgp_peer_stop(peer, "over");
		bgp_peer_enable(peer);
		bgp_peer_set_graceful_shutdown(peer, false);
		bgp_peer_set_med(peer, UINT32_MAX);
		bgp_peer_set_preference(peer, 100);
		bgp_peer_set_habits(peer, &none);
		bgp_peer_set_policy(peer, NULL, NULL);
	}
	bgp_peer_stop(world.sink, "over");
	world_set_reach(0, BGP_REACH_LINK);
	world_set_reach(1, BGP_REACH_LINK);
	world_settle();
	world_require_empty();
	close(sink_fd);
	while (world.speaker->connections != NULL)
		uv_run(&world.loop, UV_RUN_NOWAIT);
	bgp_peer_start(world.external);
	bgp_peer_start(world.internal);
	bgp_peer_start(world.sink);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader more = reader_over(data, size);

	if (world.speaker == NULL)
		world_setup();
	begin();
	for (unsigned count = 0; reader_left(&more) != 0 && count < STEPS_MOST; count++) {
		uint8_t octet = reader_u8(&more);
		struct side *side = &sides[octet >> 6 & 1];
		struct step step = {.more = &more, .side = side, .fd = &side->fds[octet >> 7]};

		steps[(octet & 63) % COUNT_OF(steps)](&step);
		rest();
		for (unsigned i = 0; i < COUNT_OF(sides); i++)
			check_side(&sides[i]);
		world_check_all();
		world_check_next_hops();
	}
	end();
	return 0;
}
