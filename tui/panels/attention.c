// SPDX-License-Identifier: GPL-2.0-or-later
/* What needs a person; see attention.h. Each kind of trouble is a function that looks at one row. */
#include "tui/panels/attention.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/format.h"
#include "tui/keys.h"
#include "tui/panels/cells.h"

#define BGP_PATIENCE (10 * USEC_PER_SEC) /* a tunnel that has just come up has no session yet */
#define RTT_TIMES 2                      /* as much as usual */
#define RTT_LEAST_MS 20                  /* more than usual */
#define LOSS_TIMES 3
#define LOSS_LEAST 2.0 /* percent */
#define QUALITY_STEP 30
#define QUALITY_STEPS (HISTORY_SAMPLES / QUALITY_STEP)
#define JOURNAL_FOR (3600 * USEC_PER_SEC)
#define UNTIL_RECOVERED INT64_MAX
#define BUSY_FOR (600 * USEC_PER_SEC)
#define ROTATION_PATIENCE (600 * USEC_PER_SEC)
#define CERTIFICATE_SOON (30 * 24 * 3600 * USEC_PER_SEC)
#define CERTIFICATES_TOLD 8 /* that are told of once for all tunnels that share them */

static void add(struct attention *out, enum attention_urgency urgency, enum model_kind kind, const char *key,
		const char *format, ...) __attribute__((format(printf, 5, 6)));

/* In its place by urgency, behind those of the same. */
static void
add(struct attention *out, enum attention_urgency urgency, enum model_kind kind, const char *key,
    const char *format, ...)
{
	struct attention_item *item;
	size_t at = out->count;
	va_list args;

	out->all++;
	while (at > 0 && out->items[at - 1].urgency > urgency)
		at--;
	if (at == ATTENTION_MOST)
		return;
	if (out->count == ATTENTION_MOST)
		out->count--; /* the least urgent gives way */
	memmove(&out->items[at + 1], &out->items[at], (out->count - at) * sizeof(out->items[0]));
	out->count++;
	item = &out->items[at];
	item->urgency = urgency;
	item->kind = kind;
	snprintf(item->key, sizeof(item->key), "%s", key != NULL ? key : "");
	va_start(args, format);
	vsnprintf(item->text, sizeof(item->text), format, args);
	va_end(args);
}

static const char *
key_of(const char *command, char *out, size_t size)
{
	return keys_name(keys_of(command_find(command), 0), out, size);
}

static bool
state_is(const char *state, const char *wanted)
{
	return state != NULL && strcmp(state, wanted) == 0;
}

/* --- tunnels
 * -------------------------------------------------------------------------------------------------- */

/* It was up or tried, and is not. */
static bool
say_down(const struct scene *scene, const struct model_tunnel *tunnel, enum attention_urgency urgency,
	 struct attention *out)
{
	char span[FORMAT_TEXT], trouble[200];
	bool down = state_is(tunnel->state, "down");

	if (!down && !(state_is(tunnel->state, "connecting") && tunnel->last_error.set))
		return false;
	tunnel_trouble(tunnel, scene->now, trouble, sizeof(trouble));
	add(out, urgency, MODEL_KIND_TUNNEL, tunnel->name, "%s %s%s%s%s%s", tunnel->name, tunnel->state,
	    tunnel->down_since != 0 ? " " : "",
	    tunnel->down_since != 0 ? format_since(scene->now, tunnel->down_since, span) : "",
	    trouble[0] != '\0' ? ": " : "", trouble);
	return true;
}

static bool
say_held(const struct scene *scene, const struct model_tunnel *tunnel, struct attention *out)
{
	char span[FORMAT_TEXT], key[16];

	if (tunnel->held_until <= scene->now)
		return false;
	add(out, ATTENTION_HELD, MODEL_KIND_TUNNEL, tunnel->name,
	    "%s held back %s more: failed too often; %s lets it go", tunnel->name,
	    format_until(scene->now, tunnel->held_until, span), key_of("auto", key, sizeof(key)));
	return true;
}

/* The tunnel is up and its health has failed: it carries nothing. */
static bool
say_silent(const struct model_tunnel *tunnel, enum attention_urgency urgency, struct attention *out)
{
	if (!state_is(tunnel->health, "failed") || tunnel_part(tunnel)[0] == '\0')
		return false;
	add(out, urgency, MODEL_KIND_TUNNEL, tunnel->name, "%s carries nothing: %s", tunnel->name,
	    tunnel->health_reason != NULL ? tunnel->health_reason : "its health has failed");
	return true;
}

static bool
say_session(const struct scene *scene, const struct model_peer *peer, usec_t up_since, struct attention *out)
{
	bool own = peer->tunnel == NULL; /* of its own: the overview has no row for it */
	enum model_kind kind = own ? MODEL_KIND_PEER : MODEL_KIND_TUNNEL;

	if (peer->state == NULL || state_is(peer->state, "Established"))
		return false;
	if (peer->shut_down)
		add(out, ATTENTION_BGP, kind, peer->name, "%s: BGP is shut down by an operator", peer->name);
	else if (scene->now - up_since < BGP_PATIENCE)
		return false;
	else
		add(out, ATTENTION_BGP, kind, peer->name, "%s: BGP is %s%s%s", peer->name, peer->state,
		    peer->last_error.set && peer->last_error.text != NULL ? ": "
		    : own                                                 ? ""
									  : " while the tunnel is up",
		    peer->last_error.set && peer->last_error.text != NULL ? peer->last_error.text : "");
	return true;
}

static void
say_limit(const struct model_peer *peer, struct attention *out)
{
	char received[FORMAT_TEXT], limit[FORMAT_TEXT];

	if (!peer_near_limit(peer))
		return;
	add(out, ATTENTION_LIMIT, peer->tunnel != NULL ? MODEL_KIND_TUNNEL : MODEL_KIND_PEER, peer->name,
	    "%s: %s of %s prefix%s; more than %s close the session", peer->name,
	    format_count(peer->received, received), format_count(peer->max_prefixes, limit),
	    PLURAL(peer->max_prefixes, "es"), limit);
}

static int
compare(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return x < y ? -1 : x > y;
}

/* The middle one of the means of half minutes, without the last of them; NAN where too little is known. */
static float
usual(const struct scene *scene, enum history_series series, const char *tunnel)
{
	float samples[QUALITY_STEPS];
	size_t known = 0;

	history_read(scene->history, HISTORY_MINUTES, series, tunnel, QUALITY_STEP, QUALITY_STEPS, samples);
	for (size_t i = 0; i + 1 < QUALITY_STEPS; i++) {
		if (!isnan(samples[i]))
			samples[known++] = samples[i];
	}
	if (known < 2)
		return NAN;
	qsort(samples, known, sizeof(samples[0]), compare);
	return samples[known / 2];
}

/* The mean of the last seconds: one bad answer is nothing that a person must see. */
static float
present(const struct scene *scene, enum history_series series, const char *tunnel)
{
	float samples[2];

	history_read(scene->history, HISTORY_MINUTES, series, tunnel, 10, 2, samples);
	return isnan(samples[0])   ? samples[1]
	       : isnan(samples[1]) ? samples[0]
				   : (samples[0] + samples[1]) / 2;
}

static void
say_quality(const struct scene *scene, const struct model_tunnel *tunnel, struct attention *out)
{
	char now[FORMAT_TEXT], before[FORMAT_TEXT];
	float is, was;

	if (tunnel_part(tunnel)[0] == '\0' || scene->history == NULL)
		return;
	if (tunnel->loss_percent >= LOSS_LEAST) {
		was = usual(scene, HISTORY_LOSS, tunnel->name);
		if (isnan(was))
			add(out, ATTENTION_QUALITY, MODEL_KIND_TUNNEL, tunnel->name,
			    "%s loses %s of its probes", tunnel->name,
			    format_percent(tunnel->loss_percent, now));
		else if (tunnel->loss_percent > LOSS_TIMES * (double)was)
			add(out, ATTENTION_QUALITY, MODEL_KIND_TUNNEL, tunnel->name,
			    "%s loses %s of its probes, usually %s", tunnel->name,
			    format_percent(tunnel->loss_percent, now), format_percent((double)was, before));
	}
	if (!(tunnel->rtt_ms > RTT_LEAST_MS))
		return;
	is = present(scene, HISTORY_RTT, tunnel->name);
	was = usual(scene, HISTORY_RTT, tunnel->name);
	if (is > RTT_TIMES * was && is > was + RTT_LEAST_MS)
		add(out, ATTENTION_QUALITY, MODEL_KIND_TUNNEL, tunnel->name, "%s: RTT %s, usually %s",
		    tunnel->name, format_ms((double)is, now), format_ms((double)was, before));
}

/* True where something was said that the gateway's own word on the connection may repeat. */
static bool
look_at_tunnel(const struct scene *scene, const struct model_tunnel *tunnel, enum attention_urgency urgency,
	       struct attention *out)
{
	const struct model_peer *peer = peer_of_tunnel(scene->store, tunnel);
	bool up = tunnel_part(tunnel)[0] != '\0';
	bool said = say_down(scene, tunnel, urgency, out) || say_held(scene, tunnel, out) ||
		    say_silent(tunnel, urgency, out);

	if (!said && up && peer != NULL)
		said = say_session(scene, peer, tunnel->established_at, out);
	if (peer != NULL)
		say_limit(peer, out);
	say_quality(scene, tunnel, out);
	return said;
}

/* --- keys
 * ----------------------------------------------------------------------------------------------------- */

struct ending {
	const struct model_tunnel *first; /* of those that share the certificate */
	size_t tunnels;
};

static bool
is_same(const struct model_tunnel *a, const struct model_tunnel *b)
{
	return a->certificate_not_after == b->certificate_not_after &&
	       strcmp(a->certificate_subject, b->certificate_subject) == 0;
}

/* Among those that end soon; the last place is everybody's once there are no more. */
static void
note_ending(struct ending endings[CERTIFICATES_TOLD], const struct model_tunnel *tunnel)
{
	size_t at = 0;

	while (at + 1 < CERTIFICATES_TOLD && endings[at].first != NULL && !is_same(endings[at].first, tunnel))
		at++;
	if (endings[at].first == NULL ||
	    endings[at].first->certificate_not_after > tunnel->certificate_not_after)
		endings[at].first = tunnel;
	endings[at].tunnels++;
}

static void
say_ending(const struct scene *scene, const struct ending *ending, struct attention *out)
{
	const struct model_tunnel *tunnel = ending->first;
	usec_t at = tunnel->certificate_not_after;
	bool ended = at <= scene->now;
	char span[FORMAT_TEXT], date[FORMAT_TEXT], more[48] = "";

	if (ending->tunnels > 1)
		snprintf(more, sizeof(more), " and %zu more", ending->tunnels - 1);
	if (ended)
		format_since(scene->now, at, span);
	else
		format_until(scene->now, at, span);
	add(out, ended ? ATTENTION_EXPIRED : ATTENTION_EXPIRES, MODEL_KIND_TUNNEL, tunnel->name,
	    "%s%s: our certificate %s %s%s on %.10s (%s)", tunnel->name, more, ended ? "ended" : "ends in",
	    span, ended ? " ago," : ",", format_date(at, date), tunnel->certificate_subject);
}

static void
look_at_keys(const struct scene *scene, struct attention *out)
{
	struct ending endings[CERTIFICATES_TOLD] = {0};
	char span[FORMAT_TEXT];

	for (size_t i = 0; i < model_store_count(scene->store, MODEL_KIND_TUNNEL); i++) {
		const struct model_tunnel *tunnel = model_store_at(scene->store, MODEL_KIND_TUNNEL, i);

		if (tunnel->name == NULL)
			continue;
		if (tunnel->certificate_subject != NULL && tunnel->certificate_not_after != 0 &&
		    tunnel->certificate_not_after <= scene->now + CERTIFICATE_SOON)
			note_ending(endings, tunnel);
		if (tunnel->rotating_since != 0 && tunnel->rotating_since <= scene->now - ROTATION_PATIENCE)
			add(out, ATTENTION_ROTATION, MODEL_KIND_TUNNEL, tunnel->name,
			    "%s: its next secret has not worked for %s: %s", tunnel->name,
			    format_since(scene->now, tunnel->rotating_since, span),
			    tunnel->rotation != NULL ? tunnel->rotation : "not tried yet");
	}
	for (size_t i = 0; i < CERTIFICATES_TOLD && endings[i].first != NULL; i++)
		say_ending(scene, &endings[i], out);
}

/* --- connections
 * ---------------------------------------------------------------------------------------------- */

static bool
begins_with(const char *text, const char *name)
{
	return strncmp(text, name, strlen(name)) == 0;
}

static void
look_at_connection(const struct scene *scene, const struct model_connection *connection,
		   struct attention *out)
{
	bool down = state_is(connection->state, "down"), said = false;
	enum attention_urgency urgency = down ? ATTENTION_DOWN : ATTENTION_SPAN;
	const char *word = connection->attention;
	const struct model_tunnel *tunnels[2];
	size_t count = connection_tunnels(scene->store, connection->name, tunnels), before = out->all;
	char span[FORMAT_TEXT], key[16];

	if (connection->confirm_until != 0)
		add(out, ATTENTION_CONFIRM, MODEL_KIND_CONNECTION, connection->name,
		    "%s waits for confirmation: goes back in %s; %s keeps it",
		    connection_unconfirmed(connection),
		    format_until(scene->now, connection->confirm_until, span),
		    key_of("confirm", key, sizeof(key)));
	for (size_t i = 0; i < count; i++) {
		bool told = look_at_tunnel(scene, tunnels[i], urgency, out);

		said |= told && word != NULL && begins_with(word, tunnels[i]->name);
	}
	if (word != NULL && word[0] != '\0' && !said) {
		bool whose = begins_with(word, connection->name);
		bool ways = begins_with(word, "traffic leaves");

		add(out, ways ? ATTENTION_ASYMMETRIC : urgency, MODEL_KIND_CONNECTION, connection->name,
		    "%s%s%s", whose ? "" : connection->name, whose ? "" : ": ", word);
	} else if (down && out->all == before) {
		add(out, ATTENTION_DOWN, MODEL_KIND_CONNECTION, connection->name,
		    "%s is down: no tunnel of it can carry", connection->name);
	}
}

/* --- the gateway's machine
 * ------------------------------------------------------------------------------------- */

static void
look_at_host(const struct scene *scene, struct attention *out)
{
	for (size_t i = 0; i < model_store_count(scene->store, MODEL_KIND_GATEWAY); i++) {
		const struct model_gateway *gateway = model_store_at(scene->store, MODEL_KIND_GATEWAY, i);

		for (size_t k = 0; k < gateway->host_warnings.count; k++)
			add(out, ATTENTION_HOST, MODEL_KIND_GATEWAY, gateway->name, "%s",
			    gateway->host_warnings.items[k]);
	}
}

/* --- events that stay true
 * ------------------------------------------------------------------------------------ */

static void
keep(struct past_trouble *trouble, const struct model_event *event, usec_t until)
{
	trouble->sequence = event->sequence;
	trouble->at = event->at;
	trouble->until = until;
	snprintf(trouble->text, sizeof(trouble->text), "%s", event->text != NULL ? event->text : "");
}

static void
look_at_event(struct scene *scene, const struct model_event *event)
{
	if (event->kind == NULL)
		return;
	if (strcmp(event->kind, "journal.recovered") == 0)
		scene->journal.until = 0;
	else if (strcmp(event->kind, "journal.failing") == 0)
		keep(&scene->journal, event, UNTIL_RECOVERED);
	else if (strncmp(event->kind, "journal.", 8) == 0)
		keep(&scene->journal, event, event->at + JOURNAL_FOR);
	else if (strcmp(event->kind, "gateway.busy") == 0)
		keep(&scene->busy, event, event->at + BUSY_FOR);
}

/* Only what is new since the last time, in the order in which it came. */
static void
look_at_events(struct scene *scene, struct attention *out)
{
	size_t count = model_store_count(scene->store, MODEL_KIND_EVENT), at = count;
	const struct model_gateway *gateway;
	const struct model_event *event;
	char key[32];

	if (count > 0 && (event = model_store_at(scene->store, MODEL_KIND_EVENT, count - 1))->sequence <
			     scene->events_seen)
		scene->events_seen = 0; /* another run, which counts anew */
	while (at > 0 && (event = model_store_at(scene->store, MODEL_KIND_EVENT, at - 1))->sequence >
			     scene->events_seen)
		at--;
	for (; at < count; at++) {
		event = model_store_at(scene->store, MODEL_KIND_EVENT, at);
		scene->events_seen = event->sequence;
		look_at_event(scene, event);
	}
	gateway = model_store_count(scene->store, MODEL_KIND_GATEWAY) > 0
		      ? model_store_at(scene->store, MODEL_KIND_GATEWAY, 0)
		      : NULL;
	if (scene->journal.until == UNTIL_RECOVERED && gateway != NULL &&
	    scene->journal.at < gateway->started_at)
		scene->journal.until = 0; /* it said so of an earlier run */
	if (scene->journal.until > scene->now) {
		snprintf(key, sizeof(key), "%llu", (unsigned long long)scene->journal.sequence);
		add(out, ATTENTION_JOURNAL, MODEL_KIND_EVENT, key, "journal: %s", scene->journal.text);
	}
	if (scene->busy.until > scene->now) {
		snprintf(key, sizeof(key), "%llu", (unsigned long long)scene->busy.sequence);
		add(out, ATTENTION_BUSY, MODEL_KIND_EVENT, key, "gateway: %s", scene->busy.text);
	}
}

/* --- the whole
 * ------------------------------------------------------------------------------------------------ */

void
attention_collect(struct scene *scene, struct attention *out)
{
	const struct model_store *store = scene->store;
	size_t connections = model_store_count(store, MODEL_KIND_CONNECTION),
	       peers = model_store_count(store, MODEL_KIND_PEER);

	out->count = out->all = 0;
	for (size_t i = 0; i < connections; i++) {
		const struct model_connection *connection = model_store_at(store, MODEL_KIND_CONNECTION, i);

		if (connection->name != NULL)
			look_at_connection(scene, connection, out);
	}
	for (size_t i = 0; i < peers; i++) {
		const struct model_peer *peer = model_store_at(store, MODEL_KIND_PEER, i);

		if (peer->name == NULL || peer->tunnel != NULL)
			continue;
		say_session(scene, peer, 0, out);
		say_limit(peer, out);
	}
	look_at_keys(scene, out);
	look_at_host(scene, out);
	look_at_events(scene, out);
}

const struct attention_item *
attention_next(const struct attention *attention, enum model_kind kind, const char *key)
{
	size_t found = SIZE_MAX;

	for (size_t i = 0; i < attention->count; i++) {
		const struct attention_item *item = &attention->items[i];

		if (item->kind == kind && strcmp(item->key, key) == 0)
			found = i; /* of several about one row the last */
	}
	if (attention->count == 0)
		return NULL;
	return &attention->items[found == SIZE_MAX || found + 1 >= attention->count ? 0 : found + 1];
}
