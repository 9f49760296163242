// SPDX-License-Identifier: GPL-2.0-or-later
/* The gateway: there is one, so its panel is its detail, without a list of one row before it. */
#include <stdlib.h>
#include <string.h>

#include "tui/panels/panels.h"

struct gateway_panel {
	struct panel panel;
	struct panel *detail; /* NULL as long as there is no row */
};

/* The detail of the row that there is. */
static struct panel *
detail_of(struct panel *panel)
{
	struct gateway_panel *g = (struct gateway_panel *)panel;
	const struct model_store *store = panel->scene->store;

	if (g->detail == NULL && model_store_count(store, MODEL_KIND_GATEWAY) > 0)
		g->detail = panel_detail(panel->scene, MODEL_KIND_GATEWAY,
					 model_store_at(store, MODEL_KIND_GATEWAY, 0));
	return g->detail;
}

static struct panel *
gateway_open(const struct panel_ops *ops, struct scene *scene)
{
	struct gateway_panel *g = memory_zeroed(1, sizeof(*g));

	g->panel.ops = ops;
	g->panel.scene = scene;
	return &g->panel;
}

static void
gateway_close(struct panel *panel)
{
	struct gateway_panel *g = (struct gateway_panel *)panel;

	if (g->detail != NULL)
		g->detail->ops->close(g->detail);
	free(g);
}

static void
gateway_draw(struct panel *panel, const struct area *area)
{
	struct panel *detail = detail_of(panel);

	if (detail != NULL)
		detail->ops->draw(detail, area);
	else
		area_text(area, 1, 2, ROLE_dim, "the gateway has said nothing of itself yet");
}

static bool
gateway_command(struct panel *panel, const char *command, const char *argument)
{
	struct panel *detail = detail_of(panel);

	return detail != NULL && detail->ops->command(detail, command, argument);
}

/* Nothing that could be opened in detail once more. */
static const void *
gateway_selected(struct panel *panel, enum model_kind *kind)
{
	(void)panel;
	*kind = MODEL_KIND_GATEWAY;
	return NULL;
}

static bool
gateway_select(struct panel *panel, const char *key)
{
	return model_store_get(panel->scene->store, MODEL_KIND_GATEWAY, key) != NULL;
}

static bool
gateway_filter(struct panel *panel, const char *text, struct error *err)
{
	struct panel *detail = detail_of(panel);

	return detail == NULL || detail->ops->filter(detail, text, err);
}

static void
gateway_status(struct panel *panel, char *out, size_t size)
{
	struct panel *detail = detail_of(panel);

	out[0] = '\0';
	if (detail != NULL)
		detail->ops->status(detail, out, size);
}

const struct panel_ops panel_gateway = {
    .name = "gateway",
    .title = "Gateway",
    .kind = MODEL_KIND_GATEWAY,
    .open = gateway_open,
    .close = gateway_close,
    .draw = gateway_draw,
    .command = gateway_command,
    .selected = gateway_selected,
    .select = gateway_select,
    .filter = gateway_filter,
    .status = gateway_status,
};
