// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The room's door: candidates in, states out, and the turn of the loop in which the rest happens. See
 * routing.h for what it promises and routing_internal.h for who does what.
 */
#include "core/routing/routing_internal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"

#define SLICE_US 1000
#define TICK_MS 1000
#define EVENTS_A_SECOND 10

/* --- events --- */

static void
tell(const struct routing *routing, const char *severity, const char *kind, const char *subject,
     const char *text)
{
	if (routing->options.event != NULL)
		routing->options.event(routing->options.context, severity, kind, subject, text);
}

static void
events_window(struct routing *routing)
{
	usec_t now = clock_monotonic();
	char text[120];

	if (now - routing->events_since < USEC_PER_SEC)
		return;
	if (routing->events_suppressed > 0) {
		snprintf(text, sizeof(text), "%u more event%s of this kind within a second %s left out",
			 routing->events_suppressed, PLURAL(routing->events_suppressed, "s"),
			 routing->events_suppressed == 1 ? "was" : "were");
		tell(routing, "warning", "route.more", "", text);
	}
	routing->events_since = now;
	routing->events_in_window = routing->events_suppressed = 0;
}

void
routing_event(struct routing *routing, const char *severity, const char *kind, const char *subject,
	      const char *format, ...)
{
	char text[400];
	va_list args;

	events_window(routing);
	if (routing->events_in_window >= EVENTS_A_SECOND) {
		routing->events_suppressed++;
		return;
	}
	routing->events_in_window++;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	tell(routing, severity, kind, subject, text);
}

/* --- the turn of the loop --- */

static void
on_turn(uv_idle_t *idle)
{
	struct routing *routing = idle->data;
	/* First what the audit queues: what is queued after the last turn would wait for the next audit. */
	bool audited = audit_work(routing), asked = hop_work(routing);
	enum sync_state state = sync_work(routing, SLICE_US);

	if (state == SYNC_SETTLED) {
		sender_crowd(routing->sender, false);
		guard_work(routing);
	}
	if (audited && asked && state != SYNC_MORE) {
		uv_idle_stop(idle);
		routing->woken = false;
	}
}

void
routing_wake(struct routing *routing)
{
	if (routing->woken || uv_is_closing((uv_handle_t *)routing->idle))
		return;
	routing->woken = true;
	uv_idle_start(routing->idle, on_turn);
}

static void
on_tick(uv_timer_t *timer)
{
	struct routing *routing = timer->data;

	events_window(routing);
	if (routing->install)
		audit_tick(routing);
}

void
routing_tick_in(struct routing *routing, uint64_t milliseconds)
{
	if (!uv_is_closing((uv_handle_t *)routing->timer))
		uv_timer_start(routing->timer, on_tick, milliseconds, TICK_MS);
}

/* --- open and close --- */

static void
free_handle(uv_handle_t *handle)
{
	free(handle);
}

static void
free_routing(struct routing *routing)
{
	sync_close(routing);
	guard_close(routing);
	hops_close(routing);
	groups_close(routing);
	routing_table_close(&routing->table);
	netlink_close(&routing->netlink);
	free(routing->paths);
	free(routing->path_heads);
	free(routing->path_next);
	free(routing->targets);
	free(routing);
}

static bool
open_kernel(struct routing *routing, struct error *err)
{
	size_t left;

	if (!nexthops_probe(routing, err) || !monitor_open(routing, err))
		return false;
	if (!audit_open(routing, err)) {
		monitor_close(routing);
		return false;
	}
	left = leftovers_clear(routing, routing->options.keep                   ? LEFTOVERS_ADOPT
					: routing->options.leftover_hold_ms > 0 ? LEFTOVERS_FLOORS
										: LEFTOVERS_NONE);
	if (left > 0)
		routing_event(routing, "info", "route.leftovers", "",
			      "removed %zu route%s or nexthop object%s that an earlier run left behind", left,
			      PLURAL(left, "s"), PLURAL(left, "s"));
	nexthops_open(routing);
	return true;
}

struct routing *
routing_open(uv_loop_t *loop, const struct routing_options *options, struct error *err)
{
	struct routing *routing = memory_zeroed(1, sizeof(*routing));

	routing->loop = loop;
	routing->options = *options;
	routing->install = options->install;
	routing->compat_fd = -1;
	routing->opened_at = clock_monotonic();
	routing_table_open(&routing->table, sizeof(struct entry));
	routing->idle = memory_zeroed(1, sizeof(*routing->idle));
	routing->timer = memory_zeroed(1, sizeof(*routing->timer));
	uv_idle_init(loop, routing->idle);
	uv_timer_init(loop, routing->timer);
	routing->idle->data = routing->timer->data = routing;
	routing->netlink.fd = -1;
	if (!netlink_open(&routing->netlink, NETLINK_ROUTE, err) || !sync_open(routing, err) ||
	    (routing->install && !open_kernel(routing, err))) {
		uv_close((uv_handle_t *)routing->idle, free_handle);
		uv_close((uv_handle_t *)routing->timer, free_handle);
		free_routing(routing);
		return NULL;
	}
	uv_timer_start(routing->timer, on_tick, TICK_MS, TICK_MS);
	return routing;
}

static void
end(struct routing *routing, enum leftovers_kept keep)
{
	if (routing == NULL)
		return;
	routing->options.changed = NULL;
	sender_wait(routing->sender);
	uv_close((uv_handle_t *)routing->idle, free_handle);
	uv_close((uv_handle_t *)routing->timer, free_handle);
	if (routing->install) {
		monitor_close(routing);
		leftovers_clear(routing, keep);
		audit_close(routing);
	}
	interfaces_close(routing);
	free_routing(routing);
}

void
routing_close(struct routing *routing)
{
	end(routing, LEFTOVERS_NONE);
}

void
routing_leave(struct routing *routing)
{
	end(routing, LEFTOVERS_LEAVE);
}

/* --- candidates --- */

void
routing_offer(struct routing *routing, const struct ip_prefix *prefix,
	      const struct routing_candidate *candidate)
{
	struct ip_prefix network = ip_prefix_network(prefix);
	struct entry *entry;
	uint32_t before;

	if (ip_family_bits(network.address.family) == 0 || candidate->source >= ROUTING_SOURCES)
		return;
	entry = table_insert(&routing->table, &network);
	if (!entry_has_candidate(entry))
		routing->count++;
	if (entry->leftover)
		hop_prefix_changed(routing, &network); /* a tunnel's no longer, perhaps */
	entry->leftover = false;
	before = entry->path[candidate->source];
	if (before == 0 && candidate->source == ROUTING_BGP)
		routing->bgp_count++;
	entry->path[candidate->source] = path_take(routing, candidate);
	if (candidate->source == ROUTING_BGP && entry->stale)
		entry_claim(routing, entry);
	if (before == entry->path[candidate->source]) {
		path_release(routing, before);
		return;
	}
	if (path_is_tunnels(routing, before) != path_is_tunnels(routing, entry->path[candidate->source]))
		hop_prefix_changed(routing, &network);
	path_release(routing, before);
	guard_prefix_changed(routing, &network);
	sync_queue(routing, entry);
}

void
routing_withdraw(struct routing *routing, const struct ip_prefix *prefix, enum routing_source source)
{
	struct ip_prefix network = ip_prefix_network(prefix);
	struct entry *entry = table_find(&routing->table, &network);

	if (entry == NULL || source >= ROUTING_SOURCES || entry->path[source] == 0)
		return;
	if (path_is_tunnels(routing, entry->path[source]))
		hop_prefix_changed(routing, &network);
	path_release(routing, entry->path[source]);
	entry->path[source] = 0;
	entry->unclaimed = entry->unclaimed && source != ROUTING_BGP;
	routing->bgp_count -= source == ROUTING_BGP;
	if (!entry_has_candidate(entry))
		routing->count--;
	routing->unpin = true;
	sync_queue(routing, entry);
}

void
routing_flush(struct routing *routing)
{
	sync_work(routing, 0);
	guard_work(routing);
}

void
routing_entry_changed(struct routing *routing, const struct entry *entry)
{
	struct ip_prefix prefix = entry->node.prefix;

	if (routing->options.changed != NULL)
		routing->options.changed(routing->options.context, &prefix);
}

void
routing_entry_release(struct routing *routing, struct entry *entry)
{
	struct ip_prefix prefix = entry->node.prefix;

	if (entry->queued || entry->in_flight || entry->target != 0 || entry->floor ||
	    entry_has_candidate(entry))
		return;
	table_remove(&routing->table, &prefix);
}

/* --- states --- */

static void
members_text(const struct path *path, uint32_t carriers, char out[2 * IFNAMSIZ + 8])
{
	const struct target of = {.group = path->group, .backup = path->backup};

	out[0] = '\0';
	for (unsigned i = 0; i < 2 * ROUTING_MEMBERS; i++) {
		const struct member *member = target_member(&of, i);

		if (member != NULL && carriers & 1u << i)
			snprintf(out + strlen(out), 2 * IFNAMSIZ + 8 - strlen(out), "%s%s",
				 out[0] ? " and " : "", member->name);
	}
}

static void
via_text(const struct routing *routing, const struct path *path, const char *why, char *out, size_t size)
{
	char next_hop[IP_ADDRESS_TEXT], by[IP_ADDRESS_TEXT];
	uint32_t ifindex;
	struct ip_address router = hop_router(routing, &path->next_hop, &ifindex);
	bool far = !ip_address_equal(&router, &path->next_hop);

	ip_address_format(&path->next_hop, next_hop);
	ip_address_format(&router, by);
	if (path->lost)
		snprintf(out, size,
			 hop_is_inside(routing, &path->next_hop)
			     ? "%s; its next hop %s is in a prefix of a tunnel's"
			     : "%s; nothing leads to its next hop %s",
			 why, next_hop);
	else
		snprintf(out, size, "%s, via %s%s%s", why, next_hop, far ? ", which is behind " : "",
			 far ? by : "");
}

static void
reason_of(const struct routing *routing, const struct entry *entry, const struct path *best, bool installed,
	  char *out, size_t size)
{
	static const char *const why[ROUTING_SOURCES] = {"connected", "static", "learned by BGP",
							 "protected"};
	char devices[2 * IFNAMSIZ + 8];
	uint32_t carriers = path_carriers(routing, best, entry->node.prefix.address.family);

	if (best->source == ROUTING_CONNECTED)
		snprintf(out, size, "connected: the kernel's own route");
	else if (!routing->install)
		snprintf(out, size, "%s; routes are not installed (install_routes: false)",
			 why[best->source]);
	else if (best->source == ROUTING_PROTECT)
		snprintf(out, size, "protected: %s, so that nothing leaves in the clear",
			 installed ? "held unreachable" : "not yet held unreachable");
	else if (best->discard == ROUTING_DISCARD_AGGREGATE)
		snprintf(out, size, "aggregate: what is for none of its routes is %sunreachable",
			 installed ? "" : "not yet ");
	else if (entry->failed == EEXIST)
		snprintf(out, size, "%s; another program has a route with our metric %d", why[best->source],
			 ROUTING_METRIC);
	else if (entry->failed != 0 && !installed)
		snprintf(out, size, "%s; the kernel refused it: %s", why[best->source],
			 strerror(entry->failed));
	else if (best->discard == ROUTING_DISCARD_BLACKHOLE)
		snprintf(out, size, "%s; what goes there is discarded", why[best->source]);
	else if (entry->stale)
		snprintf(
		    out, size,
		    "learned by BGP before the restart; the kernel's route stays until the peers have told "
		    "all that they have");
	else if (best->group_id == 0)
		via_text(routing, best, why[best->source], out, size);
	else if (best->group == NULL)
		snprintf(out, size, "%s; held unreachable: its connection is gone", why[best->source]);
	else if (carriers == 0)
		snprintf(out, size, "%s; held unreachable: %s has no usable tunnel for it", why[best->source],
			 best->group->name);
	else
		members_text(best, carriers, devices),
		    snprintf(out, size, "%s, through %s", why[best->source], devices);
}

static bool
entry_installed(const struct routing *routing, const struct entry *entry, const struct path *best)
{
	unsigned family = FAMILY_INDEX(entry->node.prefix.address.family);

	if (best->source == ROUTING_PROTECT || best->discard == ROUTING_DISCARD_AGGREGATE)
		return entry->floor && entry->target == 0;
	if (entry->target == 0 || entry->target != best->target[family] ||
	    routing->targets[entry->target].dead)
		return false;
	return best->group == NULL || path_carriers(routing, best, entry->node.prefix.address.family) != 0;
}

static bool
state_of(const struct routing *routing, const struct entry *entry, struct routing_state *out)
{
	const struct path *best = entry_best(routing, entry);

	if (best == NULL)
		return false;
	if (out == NULL)
		return true;
	out->best = best->source;
	out->candidate = path_candidate(best);
	out->installed = entry_installed(routing, entry, best);
	reason_of(routing, entry, best, out->installed, out->reason, sizeof(out->reason));
	return true;
}

bool
routing_lookup(const struct routing *routing, const struct ip_prefix *prefix, struct routing_state *out)
{
	struct ip_prefix network = ip_prefix_network(prefix);
	const struct entry *entry = table_find(&routing->table, &network);

	return entry != NULL && state_of(routing, entry, out);
}

bool
routing_candidate_of(const struct routing *routing, const struct ip_prefix *prefix,
		     enum routing_source source, struct routing_candidate *out)
{
	struct ip_prefix network = ip_prefix_network(prefix);
	const struct entry *entry = table_find(&routing->table, &network);

	if (entry == NULL || entry->path[source] == 0)
		return false;
	*out = path_candidate(&routing->paths[entry->path[source]]);
	return true;
}

static bool
match_visit(void *context, void *entry)
{
	if (entry_has_candidate(entry))
		*(struct entry **)context = entry;
	return true;
}

bool
routing_match(const struct routing *routing, const struct ip_address *address, struct ip_prefix *prefix,
	      struct routing_state *out)
{
	struct ip_prefix host = {*address, (uint8_t)ip_family_bits(address->family)};
	struct entry *entry = NULL;

	if (host.length == 0)
		return false;
	table_cover(&routing->table, &host, match_visit, &entry);
	if (entry == NULL)
		return false;
	if (prefix != NULL)
		*prefix = entry->node.prefix;
	return state_of(routing, entry, out);
}

static void
walk_entries(const struct routing *routing, struct table_walk *walk, void *(*next)(struct table_walk *walk),
	     bool (*visit)(void *context, const struct ip_prefix *prefix, const struct routing_state *state),
	     void *context)
{
	struct routing_state state;
	struct entry *entry;

	while ((entry = next(walk)) != NULL)
		if (state_of(routing, entry, &state) && !visit(context, &entry->node.prefix, &state))
			return;
}

void
routing_walk(const struct routing *routing, const struct ip_prefix *after,
	     bool (*visit)(void *context, const struct ip_prefix *prefix, const struct routing_state *state),
	     void *context)
{
	struct ip_prefix from = after != NULL ? ip_prefix_network(after) : (struct ip_prefix){0};
	struct table_walk walk;

	table_walk_start(&walk, &routing->table, after != NULL ? &from : NULL);
	walk_entries(routing, &walk, table_next, visit, context);
}

void
routing_walk_back(const struct routing *routing, const struct ip_prefix *before,
		  bool (*visit)(void *context, const struct ip_prefix *prefix,
				const struct routing_state *state),
		  void *context)
{
	struct ip_prefix from = before != NULL ? ip_prefix_network(before) : (struct ip_prefix){0};
	struct table_walk walk;

	table_walk_start_back(&walk, &routing->table, before != NULL ? &from : NULL);
	walk_entries(routing, &walk, table_previous, visit, context);
}

void
routing_count_kernel(const struct routing *routing, struct routing_census *out)
{
	*out = (struct routing_census){.kept = {routing->kept[0], routing->kept[1]}};
	for (size_t i = 1; i < routing->target_count; i++) {
		const struct target *target = &routing->targets[i];
		unsigned family = FAMILY_INDEX(target->family);

		if (target->kind == TARGET_GATEWAY)
			out->gateways[family] += target->refs;
		else if (target->kind != TARGET_FREE && target->carriers != 0 && !target->dead)
			out->tunnels[family] += target->refs;
	}
}

size_t
routing_count(const struct routing *routing)
{
	return routing->count;
}

size_t
routing_count_without_bgp(const struct routing *routing)
{
	return routing->count - routing->bgp_count;
}

size_t
routing_pending(const struct routing *routing)
{
	return routing->queue_length + routing->batch->count + (routing->scanning ? 1 : 0) +
	       (sender_busy(routing->sender) ? 1 : 0);
}
