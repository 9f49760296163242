// SPDX-License-Identifier: GPL-2.0-or-later
/* Rules in words, for those who ask which of them did what. */
#include "core/policy/policy_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct line {
	char *out;
	size_t size, used;
};

static void say(struct line *line, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void
say(struct line *line, const char *format, ...)
{
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(line->out + line->used, line->size - line->used, format, args);
	va_end(args);
	line->used += (size_t)length;
	if (line->used >= line->size)
		line->used = line->size - 1;
}

/* ", " before all but the first. */
static void
begin(struct line *line, const char *word)
{
	say(line, "%s%s", line->used != 0 ? ", " : "", word);
}

static void
say_set(struct line *line, const char *word, const struct policy_set *set)
{
	if (set == NULL)
		return;
	begin(line, word);
	if (set->name != NULL) {
		say(line, " of %s", set->name);
		return;
	}
	for (size_t i = 0; i < set->patterns.count; i++)
		say(line, "%s%s", i != 0 ? " or " : " ", set->patterns.items[i]);
}

static const char *
origin_name(int origin)
{
	static const char *const names[] = {"igp", "egp", "incomplete"};

	return names[origin - 1];
}

const char *
policy_action_name(enum policy_action action)
{
	return action == POLICY_DENY ? "deny" : action == POLICY_NEXT ? "next" : "accept";
}

const char *
policy_match_text(const struct policy_match *match, char *out, size_t size)
{
	struct line line = {out, size, 0};

	out[0] = '\0';
	if (match->family != AF_UNSPEC)
		begin(&line, match->family == AF_INET ? "ipv4" : "ipv6");
	say_set(&line, "prefix", match->prefix);
	say_set(&line, "prefix", match->prefixes);
	say_set(&line, "as path", match->as_path);
	say_set(&line, "as path", match->as_paths);
	say_set(&line, "community", match->community);
	say_set(&line, "community", match->communities);
	if (match->origin != 0) {
		begin(&line, "origin ");
		say(&line, "%s", origin_name(match->origin));
	}
	if (match->med.given) {
		begin(&line, "med ");
		say(&line, "%u", match->med.value);
	}
	if (line.used == 0)
		say(&line, "any");
	return out;
}

static void
say_communities(struct line *line, const char *word, const struct policy_set_communities *list)
{
	char text[POLICY_COMMUNITY_TEXT];

	if (list->count == 0)
		return;
	begin(line, word);
	for (size_t i = 0; i < list->count; i++)
		say(line, " %s", policy_community_format(&list->items[i], text));
}

const char *
policy_change_text(const struct policy_change *change, char *out, size_t size)
{
	struct line line = {out, size, 0};
	char address[IP_ADDRESS_TEXT];

	out[0] = '\0';
	if (change->local_preference.given) {
		begin(&line, "local preference ");
		say(&line, "%u", change->local_preference.value);
	}
	if (change->med.given) {
		begin(&line, "med ");
		say(&line, "%u", change->med.value);
	}
	if (change->origin != 0) {
		begin(&line, "origin ");
		say(&line, "%s", origin_name(change->origin));
	}
	if (change->prepend.count != 0 && change->prepend.items[0] == 0) {
		begin(&line, "prepend ");
		say(&line, "%zu times", change->prepend.count);
	} else if (change->prepend.count != 0) {
		begin(&line, "prepend");
		for (size_t i = 0; i < change->prepend.count; i++)
			say(&line, " %u", change->prepend.items[i]);
	}
	say_communities(&line, "remove", &change->remove);
	say_communities(&line, "add", &change->add);
	if (ip_address_is_set(&change->next_hop)) {
		begin(&line, "next hop ");
		say(&line, "%s", ip_address_format(&change->next_hop, address));
	}
	return out;
}
