// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Rules of routing policy, for those who look at them: `show policy`, which rules a route met, and what other
 * rules would change before they are applied. BGP works by them (core/bgp/policy.c).
 */
#include "core/gateway_bgp_internal.h"
#include "core/gateway_configure_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAMED_MOST 8        /* prefixes of a kind of change that are named */
#define PREVIEW_US 3000     /* for all peers of a dry run together: the loop waits */
#define PREVIEW_LEAST_US 50 /* for one of them */

static const char *const directions[] = {[POLICY_IMPORT] = "import", [POLICY_EXPORT] = "export"};

/* --- show policy ------------------------------------------------------------------------------- */

struct policy_page {
	const struct model_query *query;
	const struct model_kind_info *info;
	struct model_filter *filter;
	bool skipping; /* up to the row that the query goes on after */
	size_t given;
	bool stopped;
};

/* Rule `at` of a peer; behind the rules, what none of them ended. */
static void
fill_row(struct model_policy *row, const char *peer, enum policy_direction direction,
	 const struct policy *policy, size_t at, uint64_t matched)
{
	char text[1000];

	model_set(&row->peer, peer);
	model_set(&row->direction, directions[direction]);
	row->rule = at + 1;
	row->matched = matched;
	if (at == policy->count) {
		model_set(&row->match, "what no rule ends");
		model_set(&row->action, policy_action_name(POLICY_ACCEPT));
		return;
	}
	model_set(&row->name, policy->rules[at].name);
	model_set(&row->match, policy_match_text(&policy->rules[at].match, text, sizeof(text)));
	policy_change_text(&policy->rules[at].set, text, sizeof(text));
	model_set(&row->changes, text[0] != '\0' ? text : NULL);
	model_set(&row->action, policy_action_name(policy->rules[at].action));
}

static void
give_rule(struct policy_page *page, const char *peer, enum policy_direction direction,
	  const struct policy *policy, size_t at, uint64_t matched)
{
	struct model_policy row;
	char key[256];

	model_row_init(page->info->shape, &row);
	fill_row(&row, peer, direction, policy, at, matched);
	if (page->skipping)
		page->skipping =
		    strcmp(model_row_key(page->info, &row, key, sizeof(key)), page->query->after) != 0;
	else if (model_filter_match(page->filter, page->info->shape, &row))
		page->stopped =
		    !page->query->row(page->query->context, &row) || ++page->given >= page->query->limit;
	model_row_clear(page->info->shape, &row);
}

static bool
give_peer(void *context, struct bgp_peer *peer)
{
	struct policy_page *page = context;
	struct bgp_peer_status status;

	bgp_peer_status(peer, &status);
	for (unsigned d = 0; d < COUNT_OF(directions); d++) {
		const uint64_t *matched;
		const struct policy *policy = bgp_peer_policy(peer, d, &matched);

		for (size_t i = 0; policy != NULL && i <= policy->count && !page->stopped; i++)
			give_rule(page, status.name, d, policy, i, matched[i]);
	}
	return !page->stopped;
}

static bool
provide(void *context, const struct model_query *query)
{
	struct gateway *gateway = context;
	struct policy_page page = {.query = query,
				   .info = model_kind_info(MODEL_KIND_POLICY),
				   .filter = model_filter_parse(query->filter, NULL),
				   .skipping = query->after != NULL};

	if (page.filter == NULL)
		return true;
	bgp_walk_peers(gateway->bgp, give_peer, &page);
	model_filter_free(page.filter);
	return !page.stopped;
}

void
gateway_policy_open(struct gateway *gateway)
{
	model_store_set_provider(gateway->store, MODEL_KIND_POLICY, provide, gateway);
}

/* --- which rules a route met ------------------------------------------------------------------- */

const char *
gateway_rules_text(const struct policy *policy, const struct policy_verdict *verdict, char *out, size_t size)
{
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; i < policy->count && used < size; i++) {
		const char *name = policy->rules[i].name;

		if ((verdict->applied >> i & 1) == 0)
			continue;
		used += (size_t)snprintf(out + used, size - used, "%s%zu%s%s%s", used != 0 ? ", " : "", i + 1,
					 name != NULL ? " (" : "", name != NULL ? name : "",
					 name != NULL ? ")" : "");
	}
	return out;
}

const char *
gateway_rules_of_received(const struct bgp_path *path, char *out, size_t size)
{
	const uint64_t *matched;
	const struct policy *policy =
	    path->peer != NULL ? bgp_peer_policy(path->peer, POLICY_IMPORT, &matched) : NULL;
	struct policy_verdict verdict;

	if (!bgp_policy_import_verdict(path, policy, &verdict) || verdict.applied == 0)
		return NULL;
	return gateway_rules_text(policy, &verdict, out, size);
}

const char *
gateway_rules_of_advertised(struct bgp_peer *peer, const struct bgp_path *path, char *out, size_t size)
{
	const uint64_t *matched;
	const struct policy *policy = bgp_peer_policy(peer, POLICY_EXPORT, &matched);
	struct policy_verdict verdict;
	bool told;

	if (policy == NULL ||
	    !bgp_policy_export_verdict(peer, &path->prefix, path->path_id, &verdict, &told) ||
	    verdict.applied == 0)
		return NULL;
	return gateway_rules_text(policy, &verdict, out, size);
}

/* --- before and after -------------------------------------------------------------------------- */

struct joined {
	char text[400];
	size_t used;
};

static void
join(void *context, const char *text)
{
	struct joined *joined = context;

	joined->used +=
	    (size_t)snprintf(joined->text + joined->used, sizeof(joined->text) - joined->used, " %s", text);
	if (joined->used >= sizeof(joined->text))
		joined->used = sizeof(joined->text) - 1;
}

static void
add_difference(struct text_list *list, const char *name,
	       void (*items)(const struct bgp_attributes *attributes,
			     void (*item)(void *context, const char *text), void *context),
	       const struct bgp_attributes *before, const struct bgp_attributes *after)
{
	struct joined was = {{0}, 0}, is = {{0}, 0};
	char *text;

	items(before, join, &was);
	items(after, join, &is);
	if (strcmp(was.text, is.text) == 0)
		return;
	text = text_format("%s%s", name, was.used != 0 ? was.text : " -");
	text_list_add(list, text);
	free(text);
}

void
gateway_policy_before(const struct bgp_path *path, struct text_list *out)
{
	static const struct {
		const char *name;
		void (*items)(const struct bgp_attributes *attributes,
			      void (*item)(void *context, const char *text), void *context);
	} lists[] = {{"as_path", bgp_attributes_as_path},   {"communities", bgp_attributes_communities},
		     {"med", bgp_attributes_med},           {"local_pref", bgp_attributes_local_preference},
		     {"next_hop", bgp_attributes_next_hop}, {"origin", bgp_attributes_origin}};

	for (size_t i = 0; path->received != NULL && i < COUNT_OF(lists); i++)
		add_difference(out, lists[i].name, lists[i].items, path->received, path->attributes);
}

/* --- what other rules would change ------------------------------------------------------------- */

struct preview {
	struct {
		char named[NAMED_MOST * (IP_PREFIX_TEXT + 2)];
		uint64_t count;
	} kinds[3]; /* by enum bgp_preview_change */
};

static void
note(void *context, const struct ip_prefix *prefix, enum bgp_preview_change change)
{
	struct preview *preview = context;
	size_t used = strlen(preview->kinds[change].named);
	char text[IP_PREFIX_TEXT];

	if (preview->kinds[change].count++ < NAMED_MOST)
		snprintf(preview->kinds[change].named + used, sizeof(preview->kinds[change].named) - used,
			 "%s%s", used != 0 ? ", " : "", ip_prefix_format(prefix, text));
}

static void
preview_peer(struct bgp_peer *peer, const char *name, enum policy_direction direction,
	     const struct policy *policy, usec_t until, struct text_list *lines)
{
	static const char *const words[2][3] = {
	    [POLICY_IMPORT] = {"would be denied", "would be accepted", "would get other attributes"},
	    [POLICY_EXPORT] = {"would be withdrawn", "would be told", "would be told with other attributes"},
	};
	struct preview preview = {0};
	uint64_t all, looked_at;
	bool any = false;
	char *line;

	looked_at = bgp_policy_preview(peer, direction, policy, until, note, &preview, &all);
	for (unsigned i = 0; i < COUNT_OF(preview.kinds); i++) {
		uint64_t count = preview.kinds[i].count;

		if (count == 0)
			continue;
		any = true;
		line = text_format("%s: %s: %llu prefix%s %s: %s%s", name, directions[direction],
				   (unsigned long long)count, PLURAL(count, "es"), words[direction][i],
				   preview.kinds[i].named, count > NAMED_MOST ? ", …" : "");
		text_list_add(lines, line);
		free(line);
	}
	if (looked_at < all || !any) {
		line = looked_at < all
			   ? text_format("%s: %s: that is of the first %llu of %llu prefixes", name,
					 directions[direction], (unsigned long long)looked_at,
					 (unsigned long long)all)
			   : text_format("%s: %s: no prefix would change", name, directions[direction]);
		text_list_add(lines, line);
		free(line);
	}
}

static const struct config_bgp *
bgp_of(const struct config *config, const char *name)
{
	const struct config_peer *peer = config_find_peer(config, name);

	if (peer != NULL)
		return &peer->bgp;
	for (size_t i = 0; i < config->connection_count; i++) {
		for (size_t k = 0; k < config->connections[i].tunnel_count; k++) {
			if (strcmp(config->connections[i].tunnels[k].name, name) == 0)
				return &config->connections[i].tunnels[k].bgp;
		}
	}
	return NULL;
}

void
gateway_policy_preview(struct gateway *gateway, const struct config *after, const struct gateway_plan *plan,
		       struct text_list *lines)
{
	usec_t end = clock_monotonic() + PREVIEW_US;

	for (size_t i = 0; i < plan->diff.count; i++) {
		const struct config_change *change = &plan->diff.items[i];
		bool import = strcmp(change->key, "bgp.import") == 0;
		struct bgp_peer *peer = bgp_peer_find(gateway->bgp, change->name);
		const struct config_bgp *bgp = bgp_of(after, change->name);
		usec_t least = clock_monotonic() + PREVIEW_LEAST_US;

		if ((!import && strcmp(change->key, "bgp.export") != 0) || peer == NULL || bgp == NULL)
			continue;
		preview_peer(peer, change->name, import ? POLICY_IMPORT : POLICY_EXPORT,
			     import ? bgp->import : bgp->export, least > end ? least : end, lines);
	}
}
