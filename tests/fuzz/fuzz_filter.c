// SPDX-License-Identifier: GPL-2.0-or-later
/* Filters come from whoever may look: any text is refused with a reason, or matched in bounded time. */
#include <stdlib.h>
#include <string.h>

#include "core/model/model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct model_tunnel *
some_tunnel(void)
{
	struct model_tunnel *tunnel = model_row_new(MODEL_KIND_TUNNEL);

	model_set(&tunnel->name, "aws-paris/1");
	model_set(&tunnel->remote, "203.0.113.17");
	tunnel->rtt_ms = 11.2;
	tunnel->rx_bps = 88100000;
	tunnel->established_at = clock_wall() - USEC_PER_SEC;
	tunnel->last_error.set = true;
	model_set(&tunnel->last_error.text, "no answer from 203.0.113.17");
	return tunnel;
}

static struct model_route *
some_route(void)
{
	struct model_route *route = model_row_new(MODEL_KIND_ROUTE);

	model_set(&route->prefix, "10.1.0.0/16");
	model_set(&route->next_hop, "169.254.44.241");
	text_list_add(&route->as_path, "64512");
	route->med = 100;
	return route;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct model_tunnel *tunnel;
	static struct model_route *route;
	struct error err = {""};
	struct model_filter *filter;
	struct ip_prefix prefix;
	char *text;

	if (tunnel == NULL) {
		tunnel = some_tunnel();
		route = some_route();
	}
	text = malloc(size + 1);
	memcpy(text, data, size);
	text[size] = '\0';
	filter = model_filter_parse(text, &err);
	if (filter == NULL && err.text[0] == '\0')
		abort(); /* every refusal has a reason */
	if (filter != NULL) {
		model_filter_match(filter, model_kind_info(MODEL_KIND_TUNNEL)->shape, tunnel);
		if (!model_filter_match(filter, model_kind_info(MODEL_KIND_ROUTE)->shape, route))
			model_filter_contains(filter, &prefix);
	}
	model_filter_free(filter);
	free(text);
	return 0;
}
