// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A change of the configuration that could not be applied as a whole: the former one is, in the same slices,
 * while all that a reload keeps waiting goes on to wait; then whoever asked is answered. Where something of
 * it can't be put back, all the rest is.
 */
#include "core/gateway_reload_internal.h"

/* First of all: the gateway may be ended before it is done. */
static void
put_files_back(struct gateway_reload *reload, const struct gateway_source *former)
{
	struct gateway *gateway = reload->gateway;
	const char *file = gateway->options->config;
	struct error err = {""};

	if (reload->wrote && !gateway_source_write(file, former, &err))
		gateway_event(gateway, "error", "config.damaged", gateway->config->name,
			      "the file could not be put back: %s", err.text);
	config_secrets_remove(&reload->secrets, file);
	gateway_unconfirmed_remove(gateway);
}

void
reload_turn_back(struct gateway_reload *reload, struct config *before, struct gateway_source source,
		 const struct error *why)
{
	struct gateway *gateway = reload->gateway;

	reload->phase = RELOAD_RETURNING;
	reload->failure = *why;
	put_files_back(reload, &source);
	gateway_plan_free(&reload->plan);
	gateway_plan_make(gateway, before, &reload->plan);
	gateway_apply_start(gateway, &reload->plan, before, source, &reload->apply);
	reload->apply.cause = "the configuration turns back";
	reload->apply.turns_back = true;
	reload_go_on(reload);
}

void
reload_returned(struct gateway_reload *reload, const struct error *err)
{
	struct gateway *gateway = reload->gateway;
	struct gateway_reload_wish wish = {.request = reload->request, .who = reload->who};

	if (err->text[0] != '\0')
		gateway_event(gateway, "error", "config.damaged", gateway->config->name,
			      "the former configuration could not be put back as a whole: %s; restart the "
			      "gateway",
			      err->text);
	gateway_publish(gateway);
	reload_refuse(gateway, &wish, NULL, "it could not be applied: %s", reload->failure.text);
}
