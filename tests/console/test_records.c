// SPDX-License-Identifier: GPL-2.0-or-later
/* Panels of what happened to prefixes, of rules and of collectors. */
#include "tests/console/harness.h"

#include <string.h>

static const struct screen_options small = {.rows = 24, .cols = 80}, wide = {.rows = 36, .cols = 120},
				   huge = {.rows = 50, .cols = 200},
				   plain = {.rows = 24, .cols = 80, .ascii = true};

static const struct {
	const char *prefix, *cause, *peer, *best, *before, *step, *text;
	uint64_t count, hops, origin_as, med, preference;
} changes[] = {
    {"10.50.0.0/24", "announced", "aws-paris/1", "aws-paris/1", "aws-paris/2", "MED",
     "announced by aws-paris/1 (preference 200, AS path of 1 from AS 64512, MED 100); best is by aws-paris/1 "
     "now "
     "(MED), before by aws-paris/2",
     1, 1, 64512, 100, 200},
    {"10.51.0.0/16", "withdrawn", "aws-paris/2", NULL, "aws-paris/2", NULL,
     "withdrawn by aws-paris/2; no path is left, before by aws-paris/2", 1, MODEL_UINT_UNSET,
     MODEL_UINT_UNSET, MODEL_UINT_UNSET, MODEL_UINT_UNSET},
    {NULL, "session", "core", NULL, NULL, NULL,
     "1000000 paths went with the session of core, in 0.2 s; 4096 of them have a record of their own",
     1000000, MODEL_UINT_UNSET, MODEL_UINT_UNSET, MODEL_UINT_UNSET, MODEL_UINT_UNSET},
    {"2001:db8:50::/48", "rules", "aws-paris/1", "aws-paris/1", "aws-paris/1", "the only path",
     "other rules for aws-paris/1 (preference 100, AS path of 2 from AS 4200000001); best stays by "
     "aws-paris/1 (the "
     "only path)",
     1, 2, 4200000001, MODEL_UINT_UNSET, 100},
};

/* The newest first. */
static bool
give_changes(void *context, const struct model_query *query)
{
	(void)context;
	for (size_t i = 0; i < COUNT_OF(changes) && query->after == NULL; i++) {
		struct model_route_change *c = model_row_new(MODEL_KIND_ROUTE_CHANGE);

		c->number = 412 - i;
		c->at = clock_wall() - (usec_t)(7230 + i) * USEC_PER_SEC;
		model_set(&c->prefix, changes[i].prefix);
		model_set(&c->cause, changes[i].cause);
		model_set(&c->peer, changes[i].peer);
		model_set(&c->best, changes[i].best);
		model_set(&c->before, changes[i].before);
		model_set(&c->step, changes[i].step);
		model_set(&c->text, changes[i].text);
		c->count = changes[i].count;
		c->kept = c->count < 4096 ? c->count : 4096;
		c->as_hops = changes[i].hops;
		c->origin_as = changes[i].origin_as;
		c->med = changes[i].med;
		c->local_pref = changes[i].preference;
		query->row(query->context, c);
		model_row_free(MODEL_KIND_ROUTE_CHANGE, c);
	}
	return true;
}

static bool
give_rules(void *context, const struct model_query *query)
{
	static const struct {
		const char *name, *match, *set, *action;
		uint64_t matched;
	} rules[] = {{"bogons", "prefix set bogons", NULL, "deny", 3},
		     {NULL, "community 64512:7", "local_preference 200", "accept", 12},
		     {"mark", "any", "add 65010:1", "next", 1402},
		     {NULL, "what no rule ends", NULL, "accept", 1390}};

	(void)context;
	for (size_t i = 0; i < COUNT_OF(rules) && query->after == NULL; i++) {
		struct model_policy *p = model_row_new(MODEL_KIND_POLICY);

		model_set(&p->peer, "aws-paris/1");
		model_set(&p->direction, "import");
		p->rule = i + 1;
		model_set(&p->name, rules[i].name);
		model_set(&p->match, rules[i].match);
		model_set(&p->changes, rules[i].set);
		model_set(&p->action, rules[i].action);
		p->matched = rules[i].matched;
		query->row(query->context, p);
		model_row_free(MODEL_KIND_POLICY, p);
	}
	return true;
}

static void
put_collector(struct model_store *store, const char *name, bool up)
{
	struct model_collector *c = model_row_new(MODEL_KIND_COLLECTOR);

	model_set(&c->name, name);
	c->port = 11019;
	model_set(&c->state, up ? "connected" : "waiting");
	c->since = clock_wall() - 40 * 60 * USEC_PER_SEC;
	text_list_add(&c->views, "pre-policy");
	text_list_add(&c->views, "loc-rib");
	c->messages = up ? 1402 : 0;
	c->bytes = up ? 65536000 : 0;
	c->queue_bytes = 0;
	c->connections = up;
	model_set(&c->last_error, up ? NULL : "connection refused");
	model_store_put(store, MODEL_KIND_COLLECTOR, c);
	model_row_free(MODEL_KIND_COLLECTOR, c);
}

static struct world *
open_records(const struct screen_options *options)
{
	struct world *world = world_new();
	struct model_store *store = world_store(world);

	model_store_set_provider(store, MODEL_KIND_ROUTE_CHANGE, give_changes, NULL);
	model_store_set_provider(store, MODEL_KIND_POLICY, give_rules, NULL);
	put_collector(store, "192.0.2.9", true);
	put_collector(store, "192.0.2.10", false);
	screen_open(world, options);
	screen_wait(world, "live");
	return world;
}

static void
changes_say_whose_path_is_the_best_since(void **state)
{
	static const struct {
		const struct screen_options *options;
		const char *golden;
	} all[] = {{&small, "changes-80x24"},
		   {&wide, "changes-120x36"},
		   {&huge, "changes-200x50"},
		   {&plain, "changes-ascii-80x24"}};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(all); i++) {
		struct world *world = open_records(all[i].options);

		screen_type(world, ":show changes\r");
		screen_wait_row(world, "10.51.0.0/16", "none");
		screen_wait_row(world, "1,000,000 paths", "session");
		screen_golden(world, all[i].golden);
		screen_finish(world);
	}
}

static void
a_change_is_told_in_full_and_leads_to_its_prefix(void **state)
{
	struct world *world = open_records(&small);

	(void)state;
	screen_type(world, ":show changes\r");
	screen_wait_row(world, "▸", "10.50.0.0/24");
	screen_type(world, "\r");
	screen_wait(world, "route change → 412");
	screen_wait(world, "before by");
	screen_golden(world, "detail-change-80x24");
	screen_type(world, "\x1b");
	screen_wait_row(world, "▸", "10.50.0.0/24");
	screen_type(world, "e");
	screen_wait(world, "explain → 10.50.0.0/24");
	screen_wait(world, "Last changes");
	screen_wait(world, "withdrawn by aws-paris/2");
	screen_finish(world);
}

static void
rules_stand_in_their_order_with_what_met_them(void **state)
{
	static const struct {
		const struct screen_options *options;
		const char *golden;
	} all[] = {{&small, "policy-80x24"}, {&wide, "policy-120x36"}};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(all); i++) {
		struct world *world = open_records(all[i].options);

		screen_type(world, ":show policy\r");
		screen_wait(world, "4 rules");
		screen_wait_row(world, "✕ deny", "bogons");
		screen_wait_row(world, "↓ next", "1,402");
		screen_golden(world, all[i].golden);
		screen_finish(world);
	}
}

static void
collectors_are_connected_or_say_why_not(void **state)
{
	static const struct {
		const struct screen_options *options;
		const char *golden;
	} all[] = {{&small, "collectors-80x24"}, {&wide, "collectors-120x36"}};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(all); i++) {
		struct world *world = open_records(all[i].options);

		screen_type(world, ":show collectors\r");
		screen_wait_row(world, "192.0.2.9", "● connected");
		screen_wait_row(world, "○ waiting", "refused");
		screen_golden(world, all[i].golden);
		screen_finish(world);
	}
}

TEST_MAIN(cmocka_unit_test(changes_say_whose_path_is_the_best_since),
	  cmocka_unit_test(a_change_is_told_in_full_and_leads_to_its_prefix),
	  cmocka_unit_test(rules_stand_in_their_order_with_what_met_them),
	  cmocka_unit_test(collectors_are_connected_or_say_why_not))
