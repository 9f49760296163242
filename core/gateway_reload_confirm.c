// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A change of the configuration that waits for its confirmation: the former one is kept, and applied again by
 * itself unless somebody says that the new one is to stay.
 */
#include "core/gateway_reload_internal.h"

#include <stdlib.h>
#include <string.h>

#define AGAIN_MS 10000 /* from one try to turn back to the next */

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

void
reload_await_confirmation(struct gateway_reload *reload, struct config *before, struct gateway_source source)
{
	struct gateway *gateway = reload->gateway;
	uint64_t wait = (uint64_t)reload->confirm_s * 1000;

	reload->former = before;
	reload->former_source = source;
	reload->former_wrote = reload->wrote;
	reload->hindered = false;
	reload->new_secrets = reload->secrets;
	reload->secrets = (struct config_secrets){0};
	uv_update_time(&gateway->loop);
	uv_timer_start(&reload->confirmer, on_confirmer, wait, 0);
	show_confirm(gateway, clock_wall() + (usec_t)wait * USEC_PER_MS);
	gateway_event(gateway, "notice", "config.unconfirmed", gateway->config->name,
		      "the change of the configuration turns back in %u s unless 'twinspan reload --keep'",
		      reload->confirm_s);
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

bool
reload_put_file_back(struct gateway_reload *reload)
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

/* Nothing was touched yet, and nothing is lost by waiting: whoever cut themselves off depends on it. */
static void
wait_until_it_could(struct gateway_reload *reload, const struct error *why)
{
	struct gateway *gateway = reload->gateway;

	if (!reload->hindered)
		gateway_event(gateway, "error", "config.unconfirmed", gateway->config->name,
			      "the change of the configuration was not confirmed and can't turn back: %s; it "
			      "is tried every %d s, unless 'twinspan reload --keep'",
			      why->text, AGAIN_MS / 1000);
	reload->hindered = true;
	show_confirm(gateway, clock_wall() + (usec_t)AGAIN_MS * USEC_PER_MS);
	uv_timer_start(&reload->confirmer, on_confirmer, AGAIN_MS, 0);
}

static void
on_confirmer(uv_timer_t *timer)
{
	struct gateway_reload *reload = timer->data;
	struct gateway *gateway = reload->gateway;
	struct gateway_reload_wish wish = {.who = "not confirmed in time"};
	struct error err = {""};

	if (gateway_reload_busy(gateway) || gateway->drill != NULL) {
		uv_timer_start(timer, on_confirmer, 1000, 0);
		return;
	}
	if (!reload_could(gateway, reload->former, &err)) {
		wait_until_it_could(reload, &err);
		return;
	}
	gateway_event(gateway, "warning", "config.unconfirmed", gateway->config->name,
		      "the change of the configuration was not confirmed: it turns back");
	if (reload_put_file_back(reload))
		gateway_unconfirmed_remove(gateway);
	config_secrets_free(&reload->new_secrets);
	reload->after = reload->former;
	reload->source = reload->former_source;
	reload->former = NULL;
	reload->former_source = (struct gateway_source){0};
	reload->returning = true;
	show_confirm(gateway, 0);
	reload_begin(reload, &wish);
}
