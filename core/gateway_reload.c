// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A change of the configuration while the gateway runs, from the wish to the answer:
 *
 *   read and check -> compare (gateway_plan.c) -> refused, or only said (--dry-run) -> the file, where a new
 *   text was given -> traffic leaves the tunnels that go down, while another one can carry it -> all the rest
 *   (gateway_apply.c), in slices
 *
 * Until the last step begins nothing has changed; if it fails, the former configuration is applied in the
 * same way (gateway_reload_return.c). With --confirm-within the former one is kept, and applied again by
 * itself unless somebody says that the new one is to stay: whoever cut their own way to the gateway can't say
 * so. For those whose way goes through what changes that is so by itself (gateway_guard.c), and they are
 * answered before anything moves.
 */
#include "core/gateway_reload_internal.h"
#include "core/gateway_bgp_internal.h"

#include <net/if.h>
#include <stdlib.h>
#include <string.h>

/* How long an answer has to leave by a path that the change moves. */
#define ANSWER_MS 300
/* How long it is applied at a time. */
#define SLICE (2 * USEC_PER_MS)
/* Lines of change that are events each. */
#define EVENTS_MOST 200

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

size_t
gateway_reload_configs(const struct gateway *gateway, struct config *out[GATEWAY_RELOAD_CONFIGS])
{
	const struct gateway_reload *reload = gateway->reload;
	struct config *all[GATEWAY_RELOAD_CONFIGS] = {reload->after, reload->apply.other, reload->former};
	size_t count = 0;

	for (size_t i = 0; i < COUNT_OF(all); i++) {
		if (all[i] != NULL)
			out[count++] = all[i];
	}
	return count;
}

/* --- the end ----------------------------------------------------------------------------------- */

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
	gateway_heritages_free(&reload->heritages);
	text_list_free(&reload->held_down);
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
		reload_await_confirmation(reload, before, source);
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
		control_request_done(request, reload_result(&reload->plan, true),
				     "%s: %zu change%s applied%s", gateway->options->config,
				     reload->plan.lines.count, PLURAL(reload->plan.lines.count, "s"), more);
	finish(reload);
}

/* --- the steps --------------------------------------------------------------------------------- */

/* What was in force comes out of it, with its text. */
static void
over(struct gateway_reload *reload)
{
	struct gateway_apply *apply = &reload->apply;
	struct config *before = apply->other;
	struct gateway_source source = apply->source;
	struct error err = apply->err;

	apply->other = NULL;
	apply->source = (struct gateway_source){0};
	gateway_apply_end(apply);
	if (reload->phase == RELOAD_RETURNING) {
		config_free(before);
		gateway_source_free(&source);
		reload_returned(reload, &err);
		finish(reload);
		return;
	}
	reload_end_drains(reload);
	if (err.text[0] == '\0')
		applied(reload, before, source);
	else
		reload_turn_back(reload, before, source, &err);
}

static void
on_pause(uv_timer_t *timer)
{
	struct gateway_reload *reload = timer->data;

	if (reload->gateway->stopping)
		return;
	if (gateway_apply_continue(&reload->apply, SLICE))
		over(reload);
	else
		reload_go_on(reload);
}

void
reload_go_on(struct gateway_reload *reload)
{
	uv_update_time(&reload->gateway->loop);
	uv_timer_start(&reload->pause, on_pause, reload->apply.pause_ms, 0);
}

void
reload_apply(struct gateway_reload *reload)
{
	reload->phase = RELOAD_APPLYING;
	gateway_apply_start(reload->gateway, &reload->plan, reload->after, reload->source, &reload->apply);
	reload->after = NULL;
	reload->source = (struct gateway_source){0};
	reload_go_on(reload);
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
	gateway_host_watch(gateway); /* perhaps that is what was meant to be mended */
	if (wish->request != NULL)
		control_request_done(wish->request, reload_result(&reload->plan, true),
				     "%s: nothing changed, nothing was touched", gateway->options->config);
	finish(reload);
}

/* An interface that the file names and that some other program made. Those without a name of their own get
 * numbers that are free. */
static bool
interface_is_free(const struct gateway *gateway, const struct config_tunnel *config, struct error *err)
{
	if (config->interface == NULL || if_nametoindex(config->interface) == 0)
		return true;
	for (size_t i = 0; i < gateway->tunnel_count; i++) {
		if (strcmp(gateway->tunnels[i]->interface, config->interface) == 0)
			return true;
	}
	return error_set(err, "%s: the interface %s exists already, and not for a tunnel of this gateway",
			 config->name, config->interface);
}

bool
reload_could(const struct gateway *gateway, const struct config *after, struct error *err)
{
	for (size_t i = 0; i < after->connection_count; i++) {
		for (size_t k = 0; k < after->connections[i].tunnel_count; k++) {
			const struct config_tunnel *tunnel = &after->connections[i].tunnels[k];

			if (!gateway_liveness_could(gateway, tunnel, err) ||
			    !interface_is_free(gateway, tunnel, err))
				return false;
		}
	}
	return true;
}

/* Takes what has to be there: the probes' plugins, BFD's port. */
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
answer_plan(struct gateway_reload *reload, const struct gateway_reload_wish *wish)
{
	size_t changes = reload->plan.lines.count;
	const char *file = reload->gateway->options->config;
	char *warning = reload->own != GATEWAY_OWN_STAYS
			    ? gateway_own_warning(&reload->path, reload->confirm_s, "reload --keep")
			    : NULL;

	gateway_policy_preview(reload->gateway, reload->after, &reload->plan, &reload->plan.preview);
	if (changes == 0)
		control_request_done(wish->request, reload_result(&reload->plan, false),
				     "%s: nothing would change", file);
	else
		control_request_done(wish->request, reload_result(&reload->plan, false),
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
		reload_refuse(gateway, wish,
			      plan->refused.count > 1
				  ? json_pack("{s:o}", "lines", reload_lines(&plan->refused))
				  : NULL,
			      "%s", plan->refused.items[0]);
		return false;
	}
	if (reload->own == GATEWAY_OWN_CUT && !wish->force) {
		gateway_own_refusal(&reload->path, NULL, "this change", &err);
		reload_refuse(gateway, wish, gateway_unforced("own_path"), "%s", err.text);
		return false;
	}
	if (!config_secrets_check(&reload->secrets, gateway->options->config, &err)) {
		reload_refuse(gateway, wish, NULL, "%s", err.text);
		return false;
	}
	if (!(wish->dry_run ? reload_could(gateway, reload->after, &err)
			    : ready(gateway, reload->after, &err))) {
		reload_refuse(gateway, wish, NULL, "%s", err.text);
		return false;
	}
	if (wish->dry_run) {
		answer_plan(reload, wish);
		return false;
	}
	if (!write_files(reload, wish, &err)) {
		reload_refuse(gateway, wish, NULL, "%s", err.text);
		return false;
	}
	return true;
}

static void
on_answered(uv_timer_t *timer)
{
	reload_drain(timer->data);
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
	control_request_done(reload->request, reload_result(&reload->plan, true),
			     "%s: %zu change%s will be applied now; %s", gateway->options->config, changes,
			     PLURAL(changes, "s"), warning);
	free(warning);
	reload->request = NULL;
	reload->phase = RELOAD_ANSWERED;
	uv_update_time(&gateway->loop);
	uv_timer_start(&reload->pause, on_answered, ANSWER_MS, 0);
}

void
reload_begin(struct gateway_reload *reload, const struct gateway_reload_wish *wish)
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
		reload_drain(reload);
}

/* --- the doors --------------------------------------------------------------------------------- */

/* It is another for each run where the file names none: the address that it came from may go. */
static void
keep_router_id(const struct config *config, struct config *after)
{
	if (after->router_id_chosen && ip_address_is_set(&config->router_id))
		after->router_id = config->router_id;
}

static bool
may_ask(struct gateway *gateway, const struct gateway_reload_wish *wish)
{
	struct gateway_reload *reload = gateway->reload;

	if (gateway_reload_busy(gateway))
		reload_refuse(gateway, wish, NULL, "another reload is under way");
	else if (gateway->drill != NULL && !wish->dry_run)
		reload_refuse(gateway, wish, NULL, "a drill is under way; wait until it is done");
	else if (reload->former != NULL && !wish->dry_run)
		reload_refuse(
		    gateway, wish, NULL,
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
		reload_refuse_findings(gateway, wish, &findings);
		gateway_source_free(&wish->source);
		config_secrets_free(&wish->secrets);
	} else {
		keep_router_id(gateway->config, reload->after);
		reload->source = wish->source;
		reload->secrets = wish->secrets;
		reload_begin(reload, wish);
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

/* --- its life ---------------------------------------------------------------------------------- */

void
gateway_reload_open(struct gateway *gateway)
{
	struct gateway_reload *reload = memory_zeroed(1, sizeof(*reload));

	reload->gateway = gateway;
	uv_timer_init(&gateway->loop, &reload->pause);
	uv_timer_init(&gateway->loop, &reload->confirmer);
	reload->pause.data = reload->confirmer.data = reload;
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
		if (reload_put_file_back(reload))
			gateway_unconfirmed_remove(gateway);
	}
	gateway_plan_free(&reload->plan);
	text_list_free(&reload->drained);
	config_free(reload->after);
	gateway_apply_end(&reload->apply);
	gateway_heritages_free(&reload->heritages);
	text_list_free(&reload->held_down);
	config_free(reload->former);
	gateway_source_free(&reload->source);
	gateway_source_free(&reload->former_source);
	config_secrets_free(&reload->secrets);
	config_secrets_free(&reload->new_secrets);
	reload->phase = RELOAD_IDLE;
	uv_close((uv_handle_t *)&reload->pause, on_closed);
	uv_close((uv_handle_t *)&reload->confirmer, on_closed);
}
