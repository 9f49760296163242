// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The data plane of a gateway: which one it is and why, what it tells IKE, and what it tells of itself.
 * Another plane than this one may have been in use before, by a run that was killed: it clears what is left
 * of that.
 */
#include "core/gateway_internal.h"
#include "core/plugins.h"

#include <string.h>

static const struct {
	const char *plugin;
	enum config_dataplane name;
} planes[] = {{"dataplane_kernel", CONFIG_DATAPLANE_KERNEL},
	      {"dataplane_userspace", CONFIG_DATAPLANE_USERSPACE}};

/* Picks the data plane that the configuration asks for, or with "auto" the first that works here. */
static bool
choose_plane(struct gateway *gateway, struct error *err)
{
	enum config_dataplane wanted = gateway->config->dataplane;
	struct error why = {""}, passed_over = {"the kernel's data plane is not installed"};

	for (size_t i = 0; i < COUNT_OF(planes); i++) {
		const struct twinspan_plugin *plugin;
		struct model_plugin row;
		enum dataplane_fit fit;

		if (wanted != CONFIG_DATAPLANE_AUTO && wanted != planes[i].name)
			continue;
		plugin = plugin_load(planes[i].plugin, &why);
		fit = plugin != NULL && plugin->kind == TWINSPAN_PLUGIN_DATAPLANE
			  ? ((const struct dataplane_ops *)plugin->ops)->probe(&why)
			  : DATAPLANE_UNFIT;
		if (fit == DATAPLANE_UNFIT || (fit == DATAPLANE_LESSER && wanted == CONFIG_DATAPLANE_AUTO)) {
			if (plugin != NULL)
				passed_over = why;
			continue;
		}
		gateway->plane_ops = plugin->ops;
		model_set(&gateway->row.dataplane, gateway->plane_ops->name);
		if (wanted == CONFIG_DATAPLANE_AUTO)
			model_set_format(&gateway->row.dataplane_reason, "auto: %s",
					 i == 0 ? why.text : passed_over.text);
		else if (fit == DATAPLANE_LESSER)
			model_set_format(&gateway->row.dataplane_reason, "the configuration names it; %s",
					 why.text);
		else
			model_set(&gateway->row.dataplane_reason, "the configuration names it");
		model_row_init(model_kind_info(MODEL_KIND_PLUGIN)->shape, &row);
		model_set(&row.name, plugin->name);
		model_set(&row.kind, "dataplane");
		model_set(&row.version, plugin->version);
		model_set(&row.description, plugin->description);
		model_set(&row.state, "in use");
		model_store_put(gateway->store, MODEL_KIND_PLUGIN, &row);
		model_row_clear(model_kind_info(MODEL_KIND_PLUGIN)->shape, &row);
		return true;
	}
	return error_set(err, "no data plane works here: %s", why.text);
}

static void
plane_message(void *context, const struct ip_address *from, uint16_t from_port, const struct ip_address *to,
	      uint16_t to_port, const uint8_t *message, size_t length)
{
	struct ike *ike = atomic_load(&((struct gateway *)context)->ike);

	if (ike != NULL)
		ike_plane_message(ike, from, from_port, to, to_port, message, length);
}

static void
plane_limit(void *context, uint32_t spi, const struct ip_address *destination, bool hard)
{
	struct ike *ike = atomic_load(&((struct gateway *)context)->ike);

	if (ike != NULL)
		ike_plane_sa_limit(ike, spi, destination, hard);
}

static void
plane_moved(void *context, uint32_t spi, const struct ip_address *from, uint16_t from_port)
{
	struct ike *ike = atomic_load(&((struct gateway *)context)->ike);

	if (ike != NULL)
		ike_plane_source_moved(ike, spi, from, from_port);
}

/* What a killed run left that used the other plane: this one would not know it. IKE's ports are ours by now,
 * so that no such run is still going on. */
static void
clear_others(struct gateway *gateway, const struct dataplane_options *options)
{
	for (size_t i = 0; i < COUNT_OF(planes); i++) {
		const struct twinspan_plugin *plugin = plugin_load(planes[i].plugin, NULL);
		const struct dataplane_ops *ops;
		unsigned count;

		if (plugin == NULL || plugin->kind != TWINSPAN_PLUGIN_DATAPLANE)
			continue;
		ops = plugin->ops;
		if (ops == gateway->plane_ops || ops->clear == NULL)
			continue;
		count = ops->clear(options);
		if (count != 0)
			gateway_event(gateway, "notice", "gateway.cleared", gateway->config->name,
				      "%u interface%s of a killed run with the %s data plane cleared", count,
				      PLURAL(count, "s"), ops->name);
	}
}

bool
gateway_plane_open(struct gateway *gateway, struct error *err)
{
	struct dataplane_options options = {.interface_prefix = "ts",
					    .interface_ids = CONFIG_INTERFACE_IDS,
					    .workers = gateway->config->workers};
	struct dataplane_host host = {
	    .context = gateway,
	    .ike_message = plane_message,
	    .sa_limit = plane_limit,
	    .sa_source_moved = plane_moved,
	};

	if (!choose_plane(gateway, err))
		return false;
	gateway->plane = gateway->plane_ops->open(&options, &host, err);
	if (gateway->plane == NULL)
		return false;
	clear_others(gateway, &options);
	return true;
}

void
gateway_plane_read(struct gateway *gateway)
{
	struct model_gateway *row = &gateway->row;
	struct dataplane_report report = {0};

	gateway->plane_ops->report(gateway->plane, &report);
	model_set(&row->dataplane_report, report.text);
	if (row->unknown_spi != MODEL_UINT_UNSET && report.unknown_spi > row->unknown_spi)
		gateway->unknown_spi_at = clock_monotonic();
	row->sas = report.sas;
	row->unknown_spi = report.unknown_spi;
}
