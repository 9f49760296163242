// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An attempt to reach a site: a thread that connects, logs in and then carries bytes, and its face on the
 * loop. Both hold a struct ssh_link, the last one frees it: the loop may give an attempt up while its thread
 * still waits for the network.
 */
#include "tui/ssh/ssh_internal.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tui/ssh/attempt.h"

#define FIRST_RETRY_MS 1000
#define LAST_RETRY_MS 60000

struct ssh_site {
	struct ssh_target target;
	struct text_list jumps;
	char *texts[5]; /* of the target, owned */
	struct ssh_asker asker;
	struct control_transport transport;
	struct ssh_link *link; /* the present attempt; NULL for none */
	enum ssh_trouble trouble;
};

struct ssh_link {
	pthread_mutex_t mutex;
	pthread_cond_t answered;
	unsigned holders; /* the loop's side and the thread */

	/* the loop's side only */
	struct ssh_site *site; /* NULL once it is given up */
	struct control_transport_events events;
	bool told, asking;

	uv_async_t *async; /* NULL once it is given up */
	bool abandoned;
	int held; /* a descriptor of our own of the socket below what is being made; -1 for none */

	/* what the thread found; behind the mutex */
	bool opened, failed, lasting;
	enum ssh_trouble trouble;
	int stream;
	char why[256], phase[96], key[96], said[160];
	struct ssh_question question;
	bool question_waits, answer_given, answer_yes;
	char answer[SSH_TEXT];

	/* the thread's own: a copy of where to go, and how far it is */
	const struct ssh_stop *stop;
	struct ssh_door *door;
	struct ssh_target target;
	struct text_list jumps;
	char *texts[5];
};

/* --- copies ------------------------------------------------------------------------------------ */

static void
copy_target(struct ssh_target *to, struct text_list *jumps, char **texts, const struct ssh_target *from)
{
	*to = *from;
	to->name = texts[0] = text_copy(from->name);
	to->host = texts[1] = text_copy(from->host);
	to->user = texts[2] = text_copy(from->user);
	to->command = texts[3] = text_copy(from->command);
	to->role = texts[4] = text_copy(from->role);
	if (from->jumps != NULL)
		text_list_copy(jumps, from->jumps);
	to->jumps = jumps;
}

static void
free_target(struct text_list *jumps, char **texts)
{
	for (size_t i = 0; i < 5; i++)
		free(texts[i]);
	text_list_free(jumps);
}

static void
let_go(struct ssh_link *link)
{
	bool last;

	pthread_mutex_lock(&link->mutex);
	last = --link->holders == 0;
	pthread_mutex_unlock(&link->mutex);
	if (!last)
		return;
	if (link->stream >= 0)
		close(link->stream);
	if (link->held >= 0)
		close(link->held);
	pthread_mutex_destroy(&link->mutex);
	pthread_cond_destroy(&link->answered);
	explicit_bzero(link->answer, sizeof(link->answer));
	free_target(&link->jumps, link->texts);
	free(link);
}

/* --- the thread's side ------------------------------------------------------------------------- */

/* Behind the mutex: the loop has something to look at. */
static void
wake(struct ssh_link *link)
{
	if (link->async != NULL)
		uv_async_send(link->async);
}

const char *
ssh_link_name(const struct ssh_link *link)
{
	return link->target.name;
}

const char *
ssh_link_command(const struct ssh_link *link)
{
	return link->target.command;
}

bool
ssh_link_compress(const struct ssh_link *link)
{
	return link->target.compress;
}

bool
ssh_link_identities_only(const struct ssh_link *link)
{
	return link->target.identities_only;
}

void
ssh_link_is_at(struct ssh_link *link, const struct ssh_stop *stop)
{
	link->stop = stop;
}

const struct ssh_stop *
ssh_link_stop(const struct ssh_link *link)
{
	return link->stop;
}

void
ssh_link_phase(struct ssh_link *link, const char *format, ...)
{
	char text[96];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	pthread_mutex_lock(&link->mutex);
	text_clean(link->phase, sizeof(link->phase), text);
	pthread_mutex_unlock(&link->mutex);
}

void
ssh_link_key(struct ssh_link *link, const char *fingerprint)
{
	pthread_mutex_lock(&link->mutex);
	text_clean(link->key, sizeof(link->key), fingerprint);
	pthread_mutex_unlock(&link->mutex);
}

void
ssh_link_said(struct ssh_link *link, const char *bytes, size_t length)
{
	char raw[160];
	size_t begin;

	while (length > 0 && (bytes[length - 1] == '\n' || bytes[length - 1] == '\r'))
		length--;
	for (begin = length; begin > 0 && bytes[begin - 1] != '\n'; begin--)
		;
	if (begin == length)
		return;
	snprintf(raw, sizeof(raw), "%.*s",
		 (int)(length - begin < sizeof(raw) ? length - begin : sizeof(raw) - 1), bytes + begin);
	pthread_mutex_lock(&link->mutex);
	text_clean(link->said, sizeof(link->said), raw);
	pthread_mutex_unlock(&link->mutex);
}

struct ssh_door **
ssh_link_door(struct ssh_link *link)
{
	return &link->door;
}

bool
ssh_link_abandoned(struct ssh_link *link)
{
	bool abandoned;

	pthread_mutex_lock(&link->mutex);
	abandoned = link->abandoned;
	pthread_mutex_unlock(&link->mutex);
	return abandoned;
}

bool
ssh_link_holds(struct ssh_link *link, int fd)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	bool goes_on;

	pthread_mutex_lock(&link->mutex);
	if (link->held >= 0)
		close(link->held);
	link->held = copy;
	goes_on = !link->abandoned;
	pthread_mutex_unlock(&link->mutex);
	return goes_on;
}

bool
ssh_link_lets_go(struct ssh_link *link)
{
	bool goes_on;

	pthread_mutex_lock(&link->mutex);
	if (link->held >= 0)
		close(link->held);
	link->held = -1;
	goes_on = !link->abandoned;
	pthread_mutex_unlock(&link->mutex);
	return goes_on;
}

bool
ssh_link_ask(struct ssh_link *link, const struct ssh_question *question, char *out)
{
	bool yes;

	ssh_turn_over(link);
	pthread_mutex_lock(&link->mutex);
	link->question = *question;
	snprintf(link->question.site, sizeof(link->question.site), "%s", link->target.name);
	link->question_waits = true;
	link->answer_given = false;
	wake(link);
	while (!link->answer_given && !link->abandoned)
		pthread_cond_wait(&link->answered, &link->mutex);
	yes = link->answer_given && link->answer_yes && !link->abandoned;
	if (out != NULL)
		memcpy(out, yes ? link->answer : "", yes ? sizeof(link->answer) : 1);
	explicit_bzero(link->answer, sizeof(link->answer));
	link->question_waits = false;
	pthread_mutex_unlock(&link->mutex);
	return yes;
}

static void
tell_failed(struct ssh_link *link, const struct ssh_fault *fault)
{
	pthread_mutex_lock(&link->mutex);
	link->failed = true;
	link->lasting = fault->lasting;
	link->trouble = fault->trouble != SSH_TROUBLE_NONE ? fault->trouble : SSH_TROUBLE_WAY;
	text_clean(link->why, sizeof(link->why), fault->error.text);
	wake(link);
	pthread_mutex_unlock(&link->mutex);
}

/* The channel stands: the loop gets its end. */
static void
tell_opened(struct ssh_link *link, int stream)
{
	pthread_mutex_lock(&link->mutex);
	link->opened = true;
	link->stream = stream;
	link->phase[0] = '\0';
	wake(link);
	pthread_mutex_unlock(&link->mutex);
}

static void
run(void *argument)
{
	struct ssh_link *link = argument;
	const struct attempt_events events = {.opened = tell_opened, .failed = tell_failed};

	attempt_run(link, &link->target, &events);
	let_go(link);
}

/* --- the loop's side --------------------------------------------------------------------------- */

static void
on_async_closed(uv_handle_t *handle)
{
	free(handle);
}

/* Looks at what the thread found. */
static void
on_async(uv_async_t *async)
{
	struct ssh_link *link = async->data;
	struct ssh_site *site = link->site;
	struct ssh_question question;
	bool ask, opened, failed, lasting;
	char why[256];
	int stream = -1;

	pthread_mutex_lock(&link->mutex);
	ask = link->question_waits && !link->answer_given && !link->asking;
	question = link->question;
	opened = link->opened && !link->told;
	failed = link->failed && !link->told;
	lasting = link->lasting;
	if (link->opened || link->failed)
		site->trouble = link->trouble; /* NONE where it is open */
	snprintf(why, sizeof(why), "%s", link->why);
	if (opened) {
		stream = link->stream;
		link->stream = -1;
	}
	pthread_mutex_unlock(&link->mutex);
	link->told = link->told || opened || failed;
	if (opened) {
		link->events.opened(link->events.context, stream);
	} else if (failed) {
		link->events.failed(link->events.context, why, lasting);
	} else if (ask && site->asker.ask != NULL) {
		link->asking = true;
		site->asker.ask(site->asker.context, site, &question);
	} else if (ask) {
		link->asking = true;
		ssh_site_answer(site, NULL);
	}
}

void
ssh_site_answer(struct ssh_site *site, const char *text)
{
	struct ssh_link *link = site->link;

	if (link == NULL || !link->asking)
		return;
	link->asking = false;
	pthread_mutex_lock(&link->mutex);
	link->answer_given = true;
	link->answer_yes = text != NULL;
	memset(link->answer, 0, sizeof(link->answer));
	if (text != NULL)
		snprintf(link->answer, sizeof(link->answer), "%s", text);
	pthread_cond_signal(&link->answered);
	pthread_mutex_unlock(&link->mutex);
}

static void
abandon(void *attempt)
{
	struct ssh_link *link = attempt;
	struct ssh_site *site = link->site;
	uv_async_t *async;

	pthread_mutex_lock(&link->mutex);
	link->abandoned = true;
	async = link->async;
	link->async = NULL;
	if (link->held >= 0)
		shutdown(link->held, SHUT_RDWR);
	pthread_cond_signal(&link->answered);
	pthread_mutex_unlock(&link->mutex);
	ssh_turn_look();
	ssh_jump_look();
	uv_close((uv_handle_t *)async, on_async_closed);
	link->site = NULL;
	if (site->link == link)
		site->link = NULL;
	if (link->asking && site->asker.withdraw != NULL)
		site->asker.withdraw(site->asker.context, site);
	let_go(link);
}

static void *
attempt_open(void *context, uv_loop_t *loop, const struct control_transport_events *events)
{
	struct ssh_site *site = context;
	struct ssh_link *link = memory_zeroed(1, sizeof(*link));

	pthread_mutex_init(&link->mutex, NULL);
	pthread_cond_init(&link->answered, NULL);
	link->site = site;
	link->events = *events;
	link->held = link->stream = -1;
	copy_target(&link->target, &link->jumps, link->texts, &site->target);
	link->async = memory_zeroed(1, sizeof(*link->async));
	uv_async_init(loop, link->async, on_async);
	link->async->data = link;
	site->link = link;
	link->holders = 2;
	if (!ssh_thread_start(run, link)) {
		link->holders = 1;
		tell_failed(link, &(struct ssh_fault){.error = {"cannot start a thread"}});
	}
	return link;
}

static const char *
attempt_why(void *attempt, bool *lasting)
{
	struct ssh_link *link = attempt;
	bool known;

	pthread_mutex_lock(&link->mutex);
	known = link->why[0] != '\0';
	*lasting = known && link->lasting;
	if (!known && link->said[0] != '\0') {
		snprintf(link->why, sizeof(link->why), "the far side says: %s", link->said);
		known = true;
	}
	pthread_mutex_unlock(&link->mutex);
	return known ? link->why : NULL;
}

static const char *
attempt_key(void *attempt)
{
	struct ssh_link *link = attempt; /* it is open: the thread writes it no more */

	return link->key[0] != '\0' ? link->key : NULL;
}

/* --- the site ---------------------------------------------------------------------------------- */

struct ssh_site *
ssh_site_new(const struct ssh_target *target, const struct ssh_asker *asker)
{
	struct ssh_site *site = memory_zeroed(1, sizeof(*site));

	copy_target(&site->target, &site->jumps, site->texts, target);
	if (asker != NULL)
		site->asker = *asker;
	site->transport = (struct control_transport){.open = attempt_open,
						     .why = attempt_why,
						     .key = attempt_key,
						     .close = abandon,
						     .context = site,
						     .first_retry_ms = FIRST_RETRY_MS,
						     .last_retry_ms = LAST_RETRY_MS};
	site->trouble = SSH_TROUBLE_WAY;
	return site;
}

void
ssh_site_free(struct ssh_site *site)
{
	if (site == NULL)
		return;
	free_target(&site->jumps, site->texts);
	free(site);
}

const struct control_transport *
ssh_site_transport(struct ssh_site *site)
{
	return &site->transport;
}

enum ssh_trouble
ssh_site_trouble(const struct ssh_site *site)
{
	return site->trouble;
}

const char *
ssh_site_phase(struct ssh_site *site, char *out, size_t size)
{
	struct ssh_link *link = site->link;

	out[0] = '\0';
	if (link == NULL)
		return out;
	pthread_mutex_lock(&link->mutex);
	snprintf(out, size, "%s", link->phase);
	pthread_mutex_unlock(&link->mutex);
	return out;
}
