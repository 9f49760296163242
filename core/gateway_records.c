// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * BGP's routes for other programs: the table as a file, updates as files (MRT), and collectors that are told
 * (BMP). The speaker makes them; here is who asks for them.
 */
#include "core/gateway_bgp_internal.h"

#include <stdlib.h>
#include <string.h>

void
gateway_on_speaker_event(void *context, const char *severity, const char *kind, const char *text)
{
	struct gateway *gateway = context;

	gateway_event(gateway, severity, kind, gateway->config->name, "%s", text);
}

/* In the order of enum bgp_view. */
static const int views[BGP_VIEW_COUNT] = {
    [BGP_VIEW_IN_PRE] = CONFIG_BMP_PRE_POLICY,      [BGP_VIEW_IN_POST] = CONFIG_BMP_POST_POLICY,
    [BGP_VIEW_OUT_PRE] = CONFIG_BMP_OUT_PRE_POLICY, [BGP_VIEW_OUT_POST] = CONFIG_BMP_OUT_POST_POLICY,
    [BGP_VIEW_LOC_RIB] = CONFIG_BMP_LOC_RIB,
};

static unsigned
views_of(int configured)
{
	unsigned all = 0;

	for (unsigned i = 0; i < COUNT_OF(views); i++)
		all |= configured & views[i] ? 1u << i : 0;
	return all;
}

static void
set_collectors(struct gateway *gateway)
{
	const struct config_bmp *config = &gateway->config->bmp;
	size_t count = config->collectors.count;
	struct bgp_collector_config *list = memory_zeroed(count + 1, sizeof(*list));
	char(*names)[IP_ADDRESS_TEXT] = memory_zeroed(count + 1, sizeof(*names));

	for (size_t i = 0; i < count; i++) {
		list[i] = (struct bgp_collector_config){
		    .name = ip_address_format(&config->collectors.items[i].address, names[i]),
		    .system = gateway->config->name,
		    .description = "twinspan " TWINSPAN_VERSION,
		    .remote = config->collectors.items[i].address,
		    .local = config->source,
		    .port = config->port,
		    .views = views_of(config->views),
		    .statistics_s = config->statistics_s,
		};
	}
	bgp_collectors_set(gateway->bgp, list, count);
	free(list);
	free(names);
}

void
gateway_records_configure(struct gateway *gateway)
{
	const struct config_mrt *mrt = &gateway->config->mrt;

	set_collectors(gateway);
	bgp_updates_keep(
	    gateway->bgp,
	    &(struct bgp_updates_config){.path = mrt->updates, .rotate_s = mrt->rotate_s, .keep = mrt->keep});
	gateway_records_tick(gateway);
}

/* --- collectors as rows ------------------------------------------------------------------------ */

static void
put_collector(void *context, const struct bgp_collector_status *status)
{
	struct gateway *gateway = context;
	const struct model_kind_info *info = model_kind_info(MODEL_KIND_COLLECTOR);
	struct model_collector row;

	model_row_init(info->shape, &row);
	model_set(&row.name, status->name);
	row.port = status->port;
	model_set(&row.state, status->connected    ? "connected"
			      : status->connecting ? "connecting"
						   : "waiting");
	row.since = status->since != 0 ? clock_wall_of(status->since) / USEC_PER_SEC * USEC_PER_SEC : 0;
	for (unsigned i = 0; i < BGP_VIEW_COUNT; i++) {
		if (status->views & 1u << i)
			text_list_add(&row.views, bgp_view_name(i));
	}
	row.dumping = status->dumping;
	row.messages = status->messages;
	row.bytes = status->bytes;
	row.queue_bytes = status->queue_bytes;
	row.connections = status->connections;
	model_set(&row.last_error, status->failure[0] != '\0' ? status->failure : NULL);
	model_store_put(gateway->store, MODEL_KIND_COLLECTOR, &row);
	model_row_clear(info->shape, &row);
}

static bool
is_configured(const struct gateway *gateway, const char *name)
{
	const struct config_prefixes *collectors = &gateway->config->bmp.collectors;
	char text[IP_ADDRESS_TEXT];

	for (size_t i = 0; i < collectors->count; i++) {
		if (strcmp(ip_address_format(&collectors->items[i].address, text), name) == 0)
			return true;
	}
	return false;
}

void
gateway_records_tick(struct gateway *gateway)
{
	for (size_t i = model_store_count(gateway->store, MODEL_KIND_COLLECTOR); i > 0; i--) {
		const struct model_collector *row =
		    model_store_at(gateway->store, MODEL_KIND_COLLECTOR, i - 1);

		if (!is_configured(gateway, row->name))
			model_store_remove(gateway->store, MODEL_KIND_COLLECTOR, row->name);
	}
	bgp_walk_collectors(gateway->bgp, put_collector, gateway);
}

/* --- dump -------------------------------------------------------------------------------------- */

struct dump {
	struct gateway *gateway;
	struct control_request *request;
	char *path, *who;
};

static void
on_dumped(void *context, const struct bgp_dump_result *result)
{
	struct dump *dump = context;

	if (result->failure != NULL) {
		control_request_fail(dump->request, "no dump: %s", result->failure);
	} else {
		gateway_event(dump->gateway, "notice", "operator.dump", dump->gateway->config->name,
			      "%s wrote the table to %s: %llu prefixes", dump->who, dump->path,
			      (unsigned long long)result->prefixes);
		control_request_done(dump->request,
				     json_pack("{s:s, s:I, s:I}", "file", dump->path, "prefixes",
					       (json_int_t)result->prefixes, "paths",
					       (json_int_t)result->paths),
				     "%s: %llu prefixes, %llu paths", dump->path,
				     (unsigned long long)result->prefixes, (unsigned long long)result->paths);
	}
	free(dump->path);
	free(dump->who);
	free(dump);
}

static void
do_dump(void *context, struct control_request *request)
{
	struct gateway *gateway = context;
	const char *path = control_request_text(request, "file");
	struct dump *dump;
	struct error err;

	if (path == NULL || path[0] != '/') {
		control_request_fail(request, "the file is written by the gateway, on its own disk: give a "
					      "path from the root, such as /var/tmp/table.mrt");
		return;
	}
	dump = memory_zeroed(1, sizeof(*dump));
	*dump = (struct dump){.gateway = gateway,
			      .request = request,
			      .path = text_copy(path),
			      .who = text_copy(control_request_who(request))};
	if (bgp_table_dump(gateway->bgp, path, on_dumped, dump, &err))
		return;
	control_request_fail(request, "no dump: %s", err.text);
	free(dump->path);
	free(dump->who);
	free(dump);
}

void
gateway_records_register(struct gateway *gateway)
{
	control_server_handle(gateway->server, "dump-table", do_dump, gateway);
}
