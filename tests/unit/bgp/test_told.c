// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What peers are told is what the table holds: sources, rules, conditions, aggregates, limits and sessions
 * change at random, also while something is being told, and whenever it is quiet each sink has exactly what a
 * simple model says.
 */
#include "tests/unit/bgp/nodes.h"

#include <stdlib.h>
#include <sys/socket.h>

#include "core/base/text.h"
#include "tests/unit/lines.h"

enum { SOURCES = 3, INNER = 12, OUTER = 4, PREFIXES = INNER + OUTER };

/* Two are told the same; one has rules and a condition, one is told all paths, one a default route and little
 * else. */
enum { TWIN_A, TWIN_B, RULED, ALL_PATHS, LIMITED, SINKS };

#define AGGREGATE "10.0.0.0/20"
#define DENIED "10.0.4.0/22 le 24"
#define HELD "172.16.0.0/24"
#define WAITED_FOR "172.16.1.0/24"

/* The model: what was wished for. */
static struct {
	bool has[SOURCES + 1][PREFIXES]; /* the last one: the hub's own */
	uint32_t preference[SOURCES];
	bool denies_in[SOURCES]; /* DENIED */
	bool denies_out, conditional, originates;
	uint32_t limit;
	bool aggregated, summary;
	uint32_t med[SINKS];
	bool leaving[SINKS];
} m;

static struct {
	struct node hub, sources[SOURCES], sinks[SINKS];
	struct bgp_peer *from[SOURCES], *at_source[SOURCES], *to[SINKS], *at_sink[SINKS];
	struct bgp_peer_config config_to[SINKS], config_from[SOURCES];
	struct policy *deny;
	struct policy_conditions *conditions;
} w;

static uint64_t seed;

static uint32_t
any(uint32_t below)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(seed >> 33) % below;
}

static struct ip_prefix
numbered(unsigned number)
{
	char text[32];

	if (number < INNER)
		snprintf(text, sizeof(text), "10.0.%u.0/24", number);
	else
		snprintf(text, sizeof(text), "172.16.%u.0/24", number - INNER);
	return prefix(text);
}

/* --- the model --------------------------------------------------------------------------------- */

static bool
is_denied(unsigned number)
{
	return number >= 4 && number < 8;
}

static bool
usable(unsigned source, unsigned number)
{
	return m.has[source][number] && (source == SOURCES || !m.denies_in[source] || !is_denied(number));
}

/* SOURCES: the hub's own; -1: nobody's. */
static int
best_of(unsigned number)
{
	int best = -1;

	if (usable(SOURCES, number))
		return SOURCES;
	for (int i = 0; i < SOURCES; i++) {
		if (usable((unsigned)i, number) && (best < 0 || m.preference[i] > m.preference[best]))
			best = i;
	}
	return best;
}

static void
expect_line(struct lines *lines, unsigned sink, const char *text, int source)
{
	char more[16] = "";

	if (source >= 0 && source < SOURCES)
		snprintf(more, sizeof(more), " %u", w.sources[source].asn);
	lines_add(lines, text_format("%s %u%s med %u%s", text, w.hub.asn, more, m.med[sink],
				     m.leaving[sink] ? " leaving" : ""));
}

static void
expect_of(struct lines *lines, unsigned sink)
{
	bool inner = false, there = best_of(INNER + 1) >= 0;

	for (unsigned number = 0; number < PREFIXES; number++) {
		struct ip_prefix p = numbered(number);
		char text[IP_PREFIX_TEXT];
		int best = best_of(number);

		inner = inner || (number < INNER && best >= 0);
		ip_prefix_format(&p, text);
		if (best < 0 || (number < INNER && m.aggregated && m.summary) ||
		    (sink == RULED &&
		     ((m.denies_out && is_denied(number)) || (m.conditional && number == INNER && !there))))
			continue;
		for (int i = 0; i <= SOURCES; i++) {
			if (i == best || (sink == ALL_PATHS && usable((unsigned)i, number)))
				expect_line(lines, sink, text, i);
		}
	}
	if (inner && m.aggregated)
		expect_line(lines, sink, AGGREGATE, -1);
	if (sink == LIMITED && m.originates)
		expect_line(lines, sink, "0.0.0.0/0", -1);
	lines_sort(lines);
}

/* --- what is so -------------------------------------------------------------------------------- */

static void
join(void *context, const char *text)
{
	strcat(context, " ");
	strcat(context, text);
}

static bool
see_line(void *context, const struct bgp_path *path)
{
	char line[200];

	ip_prefix_format(&path->prefix, line);
	bgp_attributes_as_path(path->attributes, join, line);
	snprintf(line + strlen(line), sizeof(line) - strlen(line), " med %u%s", path->med,
		 path->attributes->community_flags & COMMUNITY_GRACEFUL_SHUTDOWN ? " leaving" : "");
	lines_add(context, text_copy(line));
	return true;
}

static bool
is_as_expected(unsigned sink, bool tell)
{
	struct lines is = {0}, wanted = {0};
	uint32_t limit = sink == LIMITED ? m.limit : 0;
	bool right;

	bgp_walk_received(w.at_sink[sink], NULL, see_line, &is);
	lines_sort(&is);
	expect_of(&wanted, sink);
	right = is.count == (limit != 0 && limit < wanted.count ? limit : wanted.count) &&
		status_of(w.to[sink]).advertised == is.count;
	for (size_t i = 0; i < is.count; i++)
		right = right && lines_have(&wanted, is.items[i]) &&
			(i == 0 || strcmp(is.items[i - 1], is.items[i]) != 0);
	for (size_t i = 0; !right && tell && i < is.count; i++)
		print_message("# sink %u has: %s%s\n", sink, is.items[i],
			      lines_have(&wanted, is.items[i]) ? "" : " (!)");
	for (size_t i = 0; !right && tell && i < wanted.count; i++)
		print_message("# sink %u wants: %s%s\n", sink, wanted.items[i],
			      lines_have(&is, wanted.items[i]) ? "" : " (!)");
	lines_free(&is);
	lines_free(&wanted);
	return right;
}

static bool
is_quiet(bool tell)
{
	for (unsigned i = 0; i < SOURCES; i++) {
		if (!is_up(w.from[i]) || !is_up(w.at_source[i]))
			return false;
	}
	for (unsigned i = 0; i < SINKS; i++) {
		if (!is_up(w.to[i]) || !is_up(w.at_sink[i]) || !is_as_expected(i, tell))
			return false;
	}
	return true;
}

/* Without waiting for as long as a peer is left alone that was lost. */
static void
hurry(struct bgp_peer *peer)
{
	if (peer->main->state != BGP_IDLE || peer->main->idle_at == 0)
		return;
	peer->wait_ms = 0;
	peer->main->idle_at = clock_monotonic();
	speaker_alarm(peer->speaker, peer->main->idle_at);
}

static void
hurry_all(void)
{
	for (unsigned i = 0; i < SOURCES; i++) {
		hurry(w.from[i]);
		hurry(w.at_source[i]);
	}
	for (unsigned i = 0; i < SINKS; i++) {
		hurry(w.to[i]);
		hurry(w.at_sink[i]);
	}
}

static void
wait_until_right(unsigned world, unsigned step)
{
	usec_t until = clock_monotonic() + PATIENCE;

	while (!is_quiet(false) && clock_monotonic() < until) {
		hurry_all();
		uv_run(&loop, UV_RUN_ONCE);
	}
	if (!is_quiet(true))
		fail_msg("world %u, step %u: not all are told what they should be", world, step);
}

/* --- the world --------------------------------------------------------------------------------- */

static struct policy *
make_denial(void)
{
	struct policy *policy = policy_new();
	struct policy_rule *rule = policy_add(policy);

	rule->action = POLICY_DENY;
	rule->match.prefix = policy_set_new(POLICY_PREFIXES, NULL);
	assert_true(policy_set_add(rule->match.prefix, DENIED, NULL));
	policy_set_seal(rule->match.prefix);
	policy_seal(policy);
	return policy;
}

static struct policy_conditions *
make_conditions(void)
{
	struct policy_conditions *conditions = policy_conditions_new(1);
	struct policy *const policies[] = {conditions->items[0].what, conditions->items[0].when};
	const char *const patterns[] = {HELD, WAITED_FOR};

	for (unsigned i = 0; i < COUNT_OF(policies); i++) {
		struct policy_rule *rule = policy_add(policies[i]);

		rule->action = POLICY_DENY;
		rule->match.prefix = policy_set_new(POLICY_PREFIXES, NULL);
		assert_true(policy_set_add(rule->match.prefix, patterns[i], NULL));
		policy_set_seal(rule->match.prefix);
		policy_seal(policies[i]);
	}
	return conditions;
}

static void
ignore_route(void *context, const struct bgp_change *change)
{
}

static void
open_node(struct node *node, unsigned number, uint32_t asn)
{
	node_open(node, number, asn);
	node->speaker->config.events.route_changed = ignore_route;
}

static void
open_world(void)
{
	static const char *const names[] = {"one", "two", "three"};
	static const char *const to_names[] = {"first", "second", "third", "fourth", "fifth"};

	memset(&m, 0, sizeof(m));
	memset(&w, 0, sizeof(w));
	w.deny = make_denial();
	w.conditions = make_conditions();
	open_node(&w.hub, 2, 65001);
	for (unsigned i = 0; i < SOURCES; i++) {
		struct bgp_peer_config config, *from = &w.config_from[i];

		m.preference[i] = 100;
		open_node(&w.sources[i], 4 + i, 65011 + i);
		config = peer_config("hub", &w.sources[i], &w.hub);
		config.graceful_restart = i == 0 ? BGP_GRACEFUL_NO : BGP_GRACEFUL_YES;
		w.at_source[i] = add(&w.sources[i], &config);
		*from = peer_config(names[i], &w.hub, &w.sources[i]);
		from->export_networks = false;
		from->graceful_restart = BGP_GRACEFUL_HELPER;
		w.from[i] = add(&w.hub, from);
	}
	for (unsigned i = 0; i < SINKS; i++) {
		struct bgp_peer_config config, *to = &w.config_to[i];
		open_node(&w.sinks[i], 10 + i, 65021 + i);
		*to = peer_config(to_names[i], &w.hub, &w.sinks[i]);
		to->export_peers = true;
		to->med_out = m.med[i] = 100;
		to->add_path_send = i == ALL_PATHS ? BGP_ADD_PATH_ALL : 0;
		w.to[i] = add(&w.hub, to);
		config = peer_config("hub", &w.sinks[i], &w.hub);
		config.add_path_receive = i == ALL_PATHS;
		w.at_sink[i] = add(&w.sinks[i], &config);
	}
}

static void
close_world(void)
{
	for (unsigned i = 0; i < SOURCES; i++)
		close_node(&w.sources[i]);
	for (unsigned i = 0; i < SINKS; i++)
		close_node(&w.sinks[i]);
	close_node(&w.hub);
	policy_release(w.deny);
	policy_conditions_release(w.conditions);
}

/* --- what happens ------------------------------------------------------------------------------ */

static void
change_network(void)
{
	unsigned source = any(SOURCES + 1), number = any(PREFIXES);
	struct node *node = source == SOURCES ? &w.hub : &w.sources[source];
	bool *has = &m.has[source][number];
	struct ip_prefix p = numbered(number);

	*has = !*has;
	assert_true((*has ? bgp_network_add : bgp_network_remove)(node->speaker, &p));
}

static void
change_preference(void)
{
	unsigned source = any(SOURCES);

	m.preference[source] = 50 * (1 + any(3));
	/* Equal ones are told apart by their identifiers, which rise with the number of the source. */
	bgp_peer_set_preference(w.from[source], m.preference[source]);
}

static void
change_words(void)
{
	unsigned sink = any(SINKS);

	if (any(2) == 0) {
		m.med[sink] = any(3);
		bgp_peer_set_med(w.to[sink], m.med[sink]);
	} else {
		m.leaving[sink] = !m.leaving[sink];
		bgp_peer_set_graceful_shutdown(w.to[sink], m.leaving[sink]);
	}
}

static void
reset_session(void)
{
	unsigned session = any(SOURCES + SINKS);

	bgp_peer_reset(session < SOURCES ? w.from[session] : w.to[session - SOURCES], false);
}

static struct bgp_peer_config
options_of(unsigned sink)
{
	struct bgp_peer_config config = w.config_to[sink];

	config.policy[POLICY_EXPORT] = sink == RULED && m.denies_out ? w.deny : NULL;
	config.conditions = sink == RULED && m.conditional ? w.conditions : NULL;
	config.max_prefixes_out = sink == LIMITED ? m.limit : 0;
	config.habits.default_originate = sink == LIMITED && m.originates;
	return config;
}

/* A connection breaks without a word: what two of the sources told is kept until they have told all again. */
static void
lose_connection(void)
{
	unsigned session = any(SOURCES + SINKS);
	struct bgp_peer *peer = session < SOURCES ? w.from[session] : w.to[session - SOURCES];

	if (is_up(peer))
		shutdown(peer->main->connection->fd, SHUT_RDWR);
}

/* The session is made anew, as by a reload that changes what can't be changed while it stands. */
static void
make_anew(void)
{
	unsigned session = any(SOURCES + SINKS), sink = session - SOURCES;
	struct bgp_peer_config config;

	if (session < SOURCES) {
		bgp_peer_remove(w.from[session]);
		config = w.config_from[session];
		config.local_preference = m.preference[session];
		config.policy[POLICY_IMPORT] = m.denies_in[session] ? w.deny : NULL;
		w.from[session] = add(&w.hub, &config);
		return;
	}
	bgp_peer_remove(w.to[sink]);
	config = options_of(sink);
	config.med_out = m.med[sink];
	w.to[sink] = add(&w.hub, &config);
	bgp_peer_set_graceful_shutdown(w.to[sink], m.leaving[sink]);
}

/* At either end: what there is is told again, or asked for. */
static void
refresh_session(void)
{
	unsigned session = any(SOURCES + SINKS);

	if (session < SOURCES)
		bgp_peer_reset(w.from[session], true);
	else
		bgp_peer_reset(any(2) == 0 ? w.to[session - SOURCES] : w.at_sink[session - SOURCES], true);
}

static void
change_import(void)
{
	unsigned source = any(SOURCES);

	m.denies_in[source] = !m.denies_in[source];
	bgp_peer_set_policy(w.from[source], m.denies_in[source] ? w.deny : NULL, NULL);
}

static void
configure(unsigned sink)
{
	struct bgp_peer_config config = options_of(sink);

	assert_true(bgp_peer_configure(w.to[sink], &config, NULL));
}

static void
change_rules(void)
{
	if (any(2) == 0)
		m.denies_out = !m.denies_out;
	else
		m.conditional = !m.conditional;
	configure(RULED);
}

/* A limit that is lowered takes nothing back: it comes with a new session. */
static void
change_limit(void)
{
	uint32_t before = m.limit;

	if (any(2) == 0)
		m.originates = !m.originates;
	else
		m.limit = any(2) * (4 + any(4));
	configure(LIMITED);
	if (m.limit != 0 && (before == 0 || m.limit < before))
		bgp_peer_reset(w.to[LIMITED], false);
}

static void
change_aggregate(void)
{
	struct bgp_aggregate aggregate = {.prefix = prefix(AGGREGATE)};

	m.aggregated = any(3) != 0;
	m.summary = any(2) == 0;
	aggregate.summary_only = m.summary;
	bgp_aggregates_set(w.hub.speaker, &aggregate, m.aggregated);
}

static void
happen(void)
{
	static void (*const rare[])(void) = {
	    change_preference, change_words,  reset_session, lose_connection, make_anew,
	    refresh_session,   change_import, change_rules,  change_limit,    change_aggregate};

	if (any(3) != 0)
		change_network();
	else
		rare[any(COUNT_OF(rare))]();
	for (unsigned turns = any(4); turns != 0; turns--)
		uv_run(&loop, UV_RUN_NOWAIT);
}

static void
each_is_told_what_the_table_holds_for_it(void **state)
{
	const char *first = getenv("TWINSPAN_SEED"), *worlds = getenv("TWINSPAN_WORLDS");
	unsigned from = first != NULL ? (unsigned)atoi(first) : 1;

	(void)state;
	for (unsigned world = from; world < from + (worlds != NULL ? (unsigned)atoi(worlds) : 2u); world++) {
		seed = world;
		open_world();
		for (unsigned step = 0; step < 400; step++) {
			happen();
			if (step % 25 == 24)
				wait_until_right(world, step);
		}
		close_world();
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {TEST(each_is_told_what_the_table_holds_for_it)};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
