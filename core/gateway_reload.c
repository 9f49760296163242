// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A change of the configuration while the gateway runs, from the wish to the answer:
 *
 *   read and check -> compare (gateway_plan.c) -> refused, or only said (--dry-run) -> the file, where a new
 *   text was given -> traffic leaves the tunnels that go down, while another one can carry it -> what goes is
 *   told to the peers -> a moment later all the rest (gateway_apply.c)
 *
 * Until the last step begins nothing has changed; if it fails, the former configuration is applied in the
 * same way. With --confirm-within the former one is kept, and applied again by itself unless somebody says
 * that the new one is to stay: whoever cut their own way to the gateway can't say so. For those whose way
 * goes through what changes that is so by itself (gateway_guard.c), and they are answered before anything
 * moves.
 */
#include "core/gateway_internal.h"

#include <stdlib.h>
#include <string.h>

/* How long Cease and Delete have to leave before their interface goes. */
#define LEAVE_MS 150
/* How long an answer has to leave by a path that the change moves. */
#define ANSWER_MS 300
/* Lines of change that are answered, and that are events each. */
#define LINES_MOST 1000
#define EVENTS_MOST 200

enum phase { RELOAD_IDLE, RELOAD_ANSWERED, RELOAD_DRAINING, RELOAD_LEAVING };

struct gateway_reload {
	struct gateway *gateway;
	uv_timer_t leaving, confirmer;
	unsigned handles;
	enum phase phase;
	/* The one under way: */
	struct control_request *request;
	char who[CONTROL_WHO];
	struct gateway_path path; /* of who asks */
	enum gateway_own own;     /* what becomes of it */
	struct gateway_plan plan;
	struct config *after;
	struct gateway_source source;
	struct config_secrets secrets; /* that came with the text; written with it */
	unsigned draining;
	struct text_list drained;
	unsigned confirm_s;
	bool wrote;     /* the file was written for it */
	bool returning; /* it puts back what was before */
	bool again;     /* a signal came meanwhile */
	/* What was before the last one, while that waits for its confirmation: */
	struct config *former;
	struct gateway_source former_source;
	struct config_secrets new_secrets; /* which files to take away where it turns back */
	bool former_wrote;
	usec_t until;
};

void
gateway_source_free(struct gateway_source *source)
{
	memory_wipe_free(source->text, source->length);
	*source = (struct gateway_source){0};
}

bool
gateway_reload_busy(const struct gateway *gateway)
{
	return gateway->reload->phase != RELOAD_IDLE;
}

/* --- answers ----------------------------------------------------------------------------------- */

static json_t *
lines_of(const struct text_list *list)
{
	json_t *lines = json_array();

	for (size_t i = 0; i < list->count && i < LINES_MOST; i++)
		json_array_append_new(lines, json_string(list->items[i]));
	if (list->count > LINES_MOST) {
		char *more = text_format("and %zu more", list->count - LINES_MOST);

		json_array_append_new(lines, json_string(more));
		free(more);
	}
	return lines;
}

static json_t *
result_of(const struct gateway_plan *plan, bool applied)
{
	json_t *lines = lines_of(&plan->lines), *drops = lines_of(&plan->drops);

	for (size_t i = 0; !applied && i < json_array_size(drops); i++) {
		char *line = text_format("would go down: %s", json_string_value(json_array_get(drops, i)));

		json_array_append_new(lines, json_string(line));
		free(line);
	}
	return json_pack("{s:b, s:o, s:i, s:o}", "applied", applied, "lines", lines, "changes",
			 (int)plan->lines.count, "drops", drops);
}

static void refuse(struct gateway *gateway, const struct gateway_reload_wish *wish, json_t *result,
		   const char *format, ...) __attribute__((format(printf, 4, 5)));

/* The running configuration stays: said to whoever asked, and as an event. `result` (may be NULL) is taken.
 */
static void
refuse(struct gateway *gateway, const struct gateway_reload_wish *wish, json_t *result, const char *format,
       ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (!wish->dry_run)
		gateway_event(gateway, "error", "config.refused", gateway->config->name,
			      "refused, the running configuration stays (%s): %s", wish->who, text);
	if (wish->request != NULL)
		control_request_refuse(wish->request, result, "%s", text);
	else
		json_decref(result);
}

static void
refuse_findings(struct gateway *gateway, const struct gateway_reload_wish *wish,
		const struct config_findings *findings)
{
	const char *file = gateway->options->config;
	const struct config_finding *first = NULL;
	json_t *lines = json_array(), *result = json_pack("{s:o}", "lines", lines);

	for (size_t i = 0; i < findings->count; i++) {
		const struct config_finding *finding = &findings->items[i];
		char *line;

		if (finding->warning || json_array_size(lines) == LINES_MOST)
			continue;
		if (first == NULL)
			first = finding;
		line = text_format("%s:%u:%u: %s", file, finding->line, finding->column, finding->text);
		json_array_append_new(lines, json_string(line));
		free(line);
	}
	if (findings->errors == 1 && first != NULL) {
		json_decref(result);
		refuse(gateway, wish, NULL, "%s:%u:%u: %s", file, first->line, first->column, first->text);
		return;
	}
	if (first == NULL)
		refuse(gateway, wish, result, "%s can't be read", file);
	else
		refuse(gateway, wish, result, "%zu errors, the first: %s:%u:%u: %s", findings->errors, file,
		       first->line, first->column, first->text);
}

/* --- the end ----------------------------------------------------------------------------------- */

static void
show_confirm(struct gateway *gateway, usec_t until)
{
	gateway->reload->until = until;
	gateway->row.config_confirm_until = until;
	gateway_publish(gateway);
}

static void
forget_former(struct gateway_reload *reload)
{
	config_free(reload->former);
	reload->former = NULL;
	gateway_source_free(&reload->former_source);
	config_secrets_free(&reload->new_secrets);
	uv_timer_stop(&reload->confirmer);
	gateway_unconfirmed_remove(reload->gateway);
	show_confirm(reload->gateway, 0);
}

static void on_confirmer(uv_timer_t *timer);

static void
await_confirmation(struct gateway_reload *reload, struct config *before, struct gateway_source source)
{
	struct gateway *gateway = reload->gateway;
	uint64_t wait = (uint64_t)reload->confirm_s * 1000;

	reload->former = before;
	reload->former_source = source;
	reload->former_wrote = reload->wrote;
	reload->new_secrets = reload->secrets;
	reload->secrets = (struct config_secrets){0};
	uv_update_time(&gateway->loop);
	uv_timer_start(&reload->confirmer, on_confirmer, wait, 0);
	show_confirm(gateway, clock_wall() + (usec_t)wait * USEC_PER_MS);
	gateway_event(gateway, "notice", "config.unconfirmed", gateway->config->name,
		      "the change of the configuration turns back in %u s unless 'twinspan reload --keep'",
		      reload->confirm_s);
}

/* Nothing is under way any more; a signal that came meanwhile is followed. */
static void
finish(struct gateway_reload *reload)
{
	struct gateway *gateway = reload->gateway;
	bool again = reload->again;

	gateway_plan_free(&reload->plan);
	text_list_free(&reload->drained);
	gateway_source_free(&reload->source);
	config_secrets_free(&reload->secrets);
	config_free(reload->after);
	reload->after = NULL;
	reload->request = NULL;
	reload->own = GATEWAY_OWN_STAYS;
	reload->wrote = reload->returning = reload->again = false;
	reload->phase = RELOAD_IDLE;
	if (again && !gateway->stopping)
		gateway_reload_file(gateway);
}

static void
tell_changes(struct gateway *gateway, const struct gateway_plan *plan)
{
	for (size_t i = 0; i < plan->diff.count && i < EVENTS_MOST; i++) {
		const struct config_change *change = &plan->diff.items[i];

		/* Each line stands for the change of the same place: nothing of the gateway was refused. */
		gateway_event(gateway, "info", "config.changed", change->name, "%s", plan->lines.items[i]);
	}
}

/* `before` and its text are taken. */
static void
applied(struct gateway_reload *reload, struct config *before, struct gateway_source source)
{
	struct gateway *gateway = reload->gateway;
	struct control_request *request = reload->request;
	char more[120] = "";

	tell_changes(gateway, &reload->plan);
	gateway->row.reloads++;
	gateway->row.config_loaded_at = clock_wall();
	gateway_event(gateway, reload->returning ? "warning" : "notice",
		      reload->returning ? "config.reverted" : "config.reloaded", gateway->config->name,
		      "%s: %zu change%s applied%s (%s)", gateway->options->config, reload->plan.lines.count,
		      PLURAL(reload->plan.lines.count, "s"),
		      reload->returning ? ": the former configuration is back" : "", reload->who);
	if (reload->confirm_s != 0) {
		await_confirmation(reload, before, source);
		snprintf(more, sizeof(more), "; it turns back in %u s unless 'twinspan reload --keep'",
			 reload->confirm_s);
	} else {
		if (!reload->returning)
			gateway_unconfirmed_remove(gateway);
		config_free(before);
		gateway_source_free(&source);
		gateway_publish(gateway);
	}
	if (request != NULL)
		control_request_done(request, result_of(&reload->plan, true), "%s: %zu change%s applied%s",
				     gateway->options->config, reload->plan.lines.count,
				     PLURAL(reload->plan.lines.count, "s"), more);
	finish(reload);
}

/* Something could not be made: what was before is applied at once. */
static void
failed(struct gateway_reload *reload, struct config *before, struct gateway_source source,
       const struct error *why)
{
	struct gateway *gateway = reload->gateway;
	struct gateway_reload_wish wish = {.request = reload->request, .who = reload->who};
	struct gateway_source tried = gateway->source;
	struct config *half = NULL;
	struct gateway_plan plan;
	struct error err = {""};

	gateway_plan_make(gateway, before, &plan);
	gateway_apply_begin(gateway, &plan, "the configuration turns back");
	if (!gateway_apply(gateway, &plan, before, &half, &err))
		gateway_event(gateway, "error", "config.damaged", gateway->config->name,
			      "the former configuration could not be put back as a whole: %s; restart the "
			      "gateway",
			      err.text);
	gateway_plan_free(&plan);
	config_free(half);
	gateway->source = source;
	if (reload->wrote && !gateway_source_write(gateway->options->config, &source, &err))
		gateway_event(gateway, "error", "config.damaged", gateway->config->name,
			      "the file could not be put back: %s", err.text);
	gateway_source_free(&tried);
	config_secrets_remove(&reload->secrets, gateway->options->config);
	gateway_unconfirmed_remove(gateway);
	refuse(gateway, &wish, NULL, "it could not be applied: %s", why->text);
	gateway_publish(gateway);
	finish(reload);
}

/* --- the steps --------------------------------------------------------------------------------- */

static void
end_drains(struct gateway_reload *reload)
{
	for (size_t i = 0; i < reload->drained.count; i++) {
		struct gateway_tunnel *tunnel =
		    gateway_tunnel_find(reload->gateway, reload->drained.items[i]);

		if (tunnel == NULL)
			continue;
		failover_member_drain(tunnel->connection->failover, tunnel->member, false);
		if (tunnel->peer != NULL)
			bgp_peer_set_graceful_shutdown(tunnel->peer, false);
	}
}

static void
on_left(uv_timer_t *timer)
{
	struct gateway_reload *reload = timer->data;
	struct gateway *gateway = reload->gateway;
	struct gateway_source source = gateway->source;
	struct config *before = NULL, *after = reload->after;
	struct error err;
	bool good;

	reload->after = NULL;
	good = gateway_apply(gateway, &reload->plan, after, &before, &err);
	end_drains(reload);
	gateway->source = reload->source;
	reload->source = (struct gateway_source){0};
	if (good)
		applied(reload, before, source);
	else
		failed(reload, before, source, &err);
}

static void
leave(struct gateway_reload *reload)
{
	const struct gateway_plan *plan = &reload->plan;

	reload->phase = RELOAD_LEAVING;
	gateway_apply_begin(reload->gateway, plan, "the configuration was changed");
	uv_update_time(&reload->gateway->loop);
	uv_timer_start(&reload->leaving, on_left, plan->drops.count != 0 ? LEAVE_MS : 0, 0);
}

static void
on_drained(void *context, const struct failover_result *result)
{
	struct gateway_reload *reload = context;

	(void)result; /* a limit has passed, or it was lost meanwhile: it goes in any case */
	if (--reload->draining == 0 && reload->phase == RELOAD_DRAINING && !reload->gateway->stopping)
		leave(reload);
}

static bool
is_to_go_down(const struct gateway_plan *plan, const char *name)
{
	return text_list_has(&plan->dialled, name) || text_list_has(&plan->redone, name) ||
	       text_list_has(&plan->restarted, name);
}

/* A tunnel that carries and goes down, beside one that can carry and stays. */
static bool
to_drain(const struct gateway_plan *plan, const struct gateway_tunnel *tunnel)
{
	const struct gateway_connection *connection = tunnel->connection;
	struct failover_status status;

	failover_status(connection->failover, &status);
	if (!is_to_go_down(plan, tunnel->config->name) || (status.active & 1u << tunnel->member) == 0 ||
	    (status.drained & 1u << tunnel->member) != 0 ||
	    text_list_has(&plan->remade, connection->config->name))
		return false;
	for (unsigned i = 0; i < connection->tunnel_count; i++) {
		if (i != tunnel->member &&
		    (status.usable & ~status.drained & ~status.leaving & 1u << i) != 0 &&
		    !is_to_go_down(plan, connection->tunnels[i].config->name))
			return true;
	}
	return false;
}

static void
drain(struct gateway_reload *reload)
{
	struct gateway *gateway = reload->gateway;
	struct error err;

	reload->phase = RELOAD_DRAINING;
	reload->draining = 1; /* this function itself: some are done before it returns */
	for (size_t i = 0; i < gateway->tunnel_count; i++) {
		struct gateway_tunnel *tunnel = gateway->tunnels[i];

		if (!to_drain(&reload->plan, tunnel))
			continue;
		reload->draining++;
		if (!failover_drain(tunnel->connection->failover, tunnel->member, false, on_drained, reload,
				    &err)) {
			reload->draining--; /* a move is under way: it goes down without */
			continue;
		}
		text_list_add(&reload->drained, tunnel->config->name);
		if (tunnel->peer != NULL)
			bgp_peer_set_graceful_shutdown(tunnel->peer, true);
	}
	on_drained(reload, NULL);
}

/* The texts differ at most in comments and order. */
static void
nothing_to_do(struct gateway_reload *reload, const struct gateway_reload_wish *wish)
{
	struct gateway *gateway = reload->gateway;

	gateway_source_free(&gateway->source);
	gateway->source = reload->source;
	reload->source = (struct gateway_source){0};
	gateway->row.config_loaded_at = clock_wall();
	gateway_unconfirmed_remove(gateway);
	gateway_publish(gateway);
	gateway_event(gateway, "notice", "config.reloaded", gateway->config->name,
		      "%s: nothing changed, nothing was touched (%s)", gateway->options->config, wish->who);
	if (wish->request != NULL)
		control_request_done(wish->request, result_of(&reload->plan, true),
				     "%s: nothing changed, nothing was touched", gateway->options->config);
	finish(reload);
}

/* The probes' plugins are there, and BFD's port is free. */
static bool
ready(struct gateway *gateway, const struct config *after, struct error *err)
{
	for (size_t i = 0; i < after->connection_count; i++) {
		for (size_t k = 0; k < after->connections[i].tunnel_count; k++) {
			if (!gateway_liveness_ready(gateway, &after->connections[i].tunnels[k], NULL, err))
				return false;
		}
	}
	return true;
}

/* What --dry-run answers. */
static void
answer_plan(const struct gateway_reload *reload, const struct gateway_reload_wish *wish)
{
	size_t changes = reload->plan.lines.count;
	const char *file = reload->gateway->options->config;
	char *warning = reload->own != GATEWAY_OWN_STAYS
			    ? gateway_own_warning(&reload->path, reload->confirm_s, "reload --keep")
			    : NULL;

	if (changes == 0)
		control_request_done(wish->request, result_of(&reload->plan, false),
				     "%s: nothing would change", file);
	else
		control_request_done(wish->request, result_of(&reload->plan, false),
				     "%s: %zu change%s would be applied%s%s", file, changes,
				     PLURAL(changes, "s"), warning != NULL ? "; " : "",
				     warning != NULL ? warning : "");
	free(warning);
}

/* What becomes of the path of whoever asks, and whether the change waits for a confirmation. */
static void
look_at_path(struct gateway_reload *reload, const struct gateway_reload_wish *wish)
{
	reload->own = GATEWAY_OWN_STAYS;
	if (wish->request != NULL) {
		reload->path = gateway_path_of(reload->gateway, wish->request);
		reload->own = gateway_plan_own(&reload->plan, reload->after, &reload->path);
	}
	reload->confirm_s = gateway_seconds(wish->confirm_s, reload->own != GATEWAY_OWN_STAYS);
}

/* The files, where a new text came; and what is to come back if nobody confirms it before the gateway ends.
 */
static bool
write_files(struct gateway_reload *reload, const struct gateway_reload_wish *wish, struct error *err)
{
	struct gateway *gateway = reload->gateway;
	const char *file = gateway->options->config;
	struct error why = {""};

	if (reload->confirm_s != 0 && reload->plan.diff.count != 0 &&
	    !gateway_unconfirmed_write(gateway, &gateway->source, &reload->source, wish->configure, &why))
		gateway_event(gateway, "warning", "state.unwritable", gateway->config->name,
			      "%s: the change holds after a restart of the gateway, confirmed or not",
			      why.text);
	if (!wish->configure)
		return true;
	if (config_secrets_write(&reload->secrets, file, err) &&
	    gateway_source_write(file, &reload->source, err))
		return true;
	config_secrets_remove(&reload->secrets, file);
	gateway_unconfirmed_remove(gateway);
	return false;
}

/* What speaks against it, in the order of what can be mended; answers then. */
static bool
may_begin(struct gateway_reload *reload, const struct gateway_reload_wish *wish)
{
	struct gateway *gateway = reload->gateway;
	const struct gateway_plan *plan = &reload->plan;
	struct error err = {""};

	if (plan->refused.count != 0) {
		refuse(gateway, wish,
		       plan->refused.count > 1 ? json_pack("{s:o}", "lines", lines_of(&plan->refused)) : NULL,
		       "%s", plan->refused.items[0]);
		return false;
	}
	if (reload->own == GATEWAY_OWN_CUT && !wish->force) {
		gateway_own_refusal(&reload->path, NULL, "this change", &err);
		refuse(gateway, wish, gateway_unforced("own_path"), "%s", err.text);
		return false;
	}
	if (!config_secrets_check(&reload->secrets, gateway->options->config, &err)) {
		refuse(gateway, wish, NULL, "%s", err.text);
		return false;
	}
	if (wish->dry_run) {
		answer_plan(reload, wish);
		return false;
	}
	if (!ready(gateway, reload->after, &err)) {
		refuse(gateway, wish, NULL, "%s", err.text);
		return false;
	}
	if (!write_files(reload, wish, &err)) {
		refuse(gateway, wish, NULL, "%s", err.text);
		return false;
	}
	return true;
}

static void
on_answered(uv_timer_t *timer)
{
	drain(timer->data);
}

/* Whoever stands on what changes hears of it while their path is as it was. */
static void
answer_first(struct gateway_reload *reload)
{
	struct gateway *gateway = reload->gateway;
	size_t changes = reload->plan.lines.count;
	char *warning = gateway_own_warning(&reload->path, reload->confirm_s, "reload --keep");

	gateway_event(gateway, "notice", "operator.own_path", gateway->config->name,
		      "%s changes the configuration: %s", reload->who, warning);
	control_request_done(reload->request, result_of(&reload->plan, true),
			     "%s: %zu change%s will be applied now; %s", gateway->options->config, changes,
			     PLURAL(changes, "s"), warning);
	free(warning);
	reload->request = NULL;
	reload->phase = RELOAD_ANSWERED;
	uv_update_time(&gateway->loop);
	uv_timer_start(&reload->leaving, on_answered, ANSWER_MS, 0);
}

/* With `after` and the source of the reload. */
static void
begin(struct gateway_reload *reload, const struct gateway_reload_wish *wish)
{
	struct gateway *gateway = reload->gateway;

	gateway_plan_make(gateway, reload->after, &reload->plan);
	look_at_path(reload, wish);
	if (!may_begin(reload, wish)) {
		finish(reload);
		return;
	}
	reload->request = wish->request;
	snprintf(reload->who, sizeof(reload->who), "%s", wish->who);
	reload->wrote = wish->configure;
	if (reload->plan.diff.count == 0) {
		nothing_to_do(reload, wish);
		return;
	}
	gateway_event(gateway, "notice", "operator.reload", gateway->config->name,
		      "%s changes the configuration: %zu change%s; tunnels and sessions that go down: %zu",
		      wish->who, reload->plan.lines.count, PLURAL(reload->plan.lines.count, "s"),
		      reload->plan.drops.count);
	if (reload->own != GATEWAY_OWN_STAYS)
		answer_first(reload);
	else
		drain(reload);
}

/* --- the doors --------------------------------------------------------------------------------- */

static bool
may_ask(struct gateway *gateway, const struct gateway_reload_wish *wish)
{
	struct gateway_reload *reload = gateway->reload;

	if (gateway_reload_busy(gateway))
		refuse(gateway, wish, NULL, "another reload is under way");
	else if (gateway->drill != NULL && !wish->dry_run)
		refuse(gateway, wish, NULL, "a drill is under way; wait until it is done");
	else if (reload->former != NULL && !wish->dry_run)
		refuse(gateway, wish, NULL,
		       "the last change waits for its confirmation: 'twinspan reload --keep' keeps it");
	else
		return true;
	return false;
}

void
gateway_reload(struct gateway *gateway, struct gateway_reload_wish *wish)
{
	struct gateway_reload *reload = gateway->reload;
	struct config_findings findings = {0};
	const char *file = gateway->options->config;

	if (!may_ask(gateway, wish)) {
		gateway_source_free(&wish->source);
		config_secrets_free(&wish->secrets);
		return;
	}
	if (wish->source.text == NULL)
		wish->source.text = config_read(file, &wish->source.length, &findings);
	if (wish->source.text != NULL)
		reload->after = config_parse_with(file, wish->source.text, wish->source.length,
						  &wish->secrets, &findings);
	if (reload->after == NULL) {
		refuse_findings(gateway, wish, &findings);
		gateway_source_free(&wish->source);
		config_secrets_free(&wish->secrets);
	} else {
		reload->source = wish->source;
		reload->secrets = wish->secrets;
		begin(reload, wish);
	}
	config_findings_free(&findings);
}

void
gateway_reload_file(struct gateway *gateway)
{
	struct gateway_reload_wish wish = {.who = "SIGHUP"};

	if (gateway->stopping)
		return;
	if (gateway_reload_busy(gateway))
		gateway->reload->again = true;
	else
		gateway_reload(gateway, &wish);
}

bool
gateway_reload_keep(struct gateway *gateway, const char *who, struct error *err)
{
	struct gateway_reload *reload = gateway->reload;

	if (reload->former == NULL)
		return error_set(err, "no change of the configuration waits for a confirmation");
	forget_former(reload);
	gateway_event(gateway, "notice", "config.kept", gateway->config->name,
		      "%s keeps the change of the configuration", who);
	return true;
}

/* The file goes back too where it was written for the change, unless somebody changed it since. True where it
 * is back, and a restart needs nothing else. */
static bool
put_file_back(struct gateway_reload *reload)
{
	struct gateway *gateway = reload->gateway;
	const char *file = gateway->options->config;
	struct gateway_source now = {0};
	char is[17], ours[17];
	struct error err = {""};

	if (!reload->former_wrote)
		return false;
	gateway_source_digest(&gateway->source, ours);
	if (gateway_source_read(file, &now, &err)) {
		gateway_source_digest(&now, is);
		if (strcmp(is, ours) != 0)
			error_set(&err, "somebody changed it meanwhile");
		else if (gateway_source_write(file, &reload->former_source, &err))
			config_secrets_remove(&reload->new_secrets, file);
	}
	gateway_source_free(&now);
	if (err.text[0] != '\0')
		gateway_event(gateway, "error", "config.file", gateway->config->name,
			      "%s is not turned back: %s", file, err.text);
	return err.text[0] == '\0';
}

static void
on_confirmer(uv_timer_t *timer)
{
	struct gateway_reload *reload = timer->data;
	struct gateway *gateway = reload->gateway;
	struct gateway_reload_wish wish = {.who = "not confirmed in time"};

	if (gateway_reload_busy(gateway) || gateway->drill != NULL) {
		uv_timer_start(timer, on_confirmer, 1000, 0);
		return;
	}
	gateway_event(gateway, "warning", "config.unconfirmed", gateway->config->name,
		      "the change of the configuration was not confirmed: it turns back");
	if (put_file_back(reload))
		gateway_unconfirmed_remove(gateway);
	config_secrets_free(&reload->new_secrets);
	reload->after = reload->former;
	reload->source = reload->former_source;
	reload->former = NULL;
	reload->former_source = (struct gateway_source){0};
	reload->returning = true;
	show_confirm(gateway, 0);
	begin(reload, &wish);
}

/* --- its life ---------------------------------------------------------------------------------- */

void
gateway_reload_open(struct gateway *gateway)
{
	struct gateway_reload *reload = memory_zeroed(1, sizeof(*reload));

	reload->gateway = gateway;
	uv_timer_init(&gateway->loop, &reload->leaving);
	uv_timer_init(&gateway->loop, &reload->confirmer);
	reload->leaving.data = reload->confirmer.data = reload;
	reload->handles = 2;
	gateway->reload = reload;
}

static void
on_closed(uv_handle_t *handle)
{
	struct gateway_reload *reload = handle->data;

	if (--reload->handles == 0)
		free(reload);
}

void
gateway_reload_close(struct gateway *gateway)
{
	struct gateway_reload *reload = gateway->reload;

	if (reload->request != NULL)
		control_request_fail(reload->request, "the gateway stops");
	if (reload->former != NULL) {
		gateway_event(gateway, "warning", "config.unconfirmed", gateway->config->name,
			      "the gateway stops before the change of the configuration was confirmed");
		if (put_file_back(reload))
			gateway_unconfirmed_remove(gateway);
	}
	gateway_plan_free(&reload->plan);
	text_list_free(&reload->drained);
	config_free(reload->after);
	config_free(reload->former);
	gateway_source_free(&reload->source);
	gateway_source_free(&reload->former_source);
	config_secrets_free(&reload->secrets);
	config_secrets_free(&reload->new_secrets);
	reload->phase = RELOAD_IDLE;
	uv_close((uv_handle_t *)&reload->leaving, on_closed);
	uv_close((uv_handle_t *)&reload->confirmer, on_closed);
}
