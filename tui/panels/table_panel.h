// SPDX-License-Identifier: GPL-2.0-or-later
/* A panel that is one table. Its setup says which columns; everything else is the same for all of them. */
#ifndef TWINSPAN_TUI_PANELS_TABLE_PANEL_H
#define TWINSPAN_TUI_PANELS_TABLE_PANEL_H

#include "tui/panel.h"
#include "tui/widgets/table.h"

struct table_panel_setup {
	const struct table_column *columns; /* NULL: made from the schema */
	const char *empty;                  /* said where there is no row */
	bool newest_first;
	const char *one, *many; /* what its rows are called where they are counted; NULL: as the kind */
};

struct panel *table_panel_open(const struct panel_ops *ops, struct scene *scene);
void table_panel_close(struct panel *panel);
void table_panel_draw(struct panel *panel, const struct area *area);
bool table_panel_command(struct panel *panel, const char *command, const char *argument);
bool table_panel_row(struct panel *panel, uint64_t number, struct error *err);
const void *table_panel_selected(struct panel *panel, enum model_kind *kind);
bool table_panel_select(struct panel *panel, const char *key);
bool table_panel_filter(struct panel *panel, const char *text, struct error *err);
void table_panel_status(struct panel *panel, char *out, size_t size);
void table_panel_tick(struct panel *panel);
struct marks *table_panel_marks(struct panel *panel);
struct table *table_panel_table(struct panel *panel);

/* The functions of a panel_ops. */
#define TABLE_PANEL \
	.open = table_panel_open, .close = table_panel_close, .draw = table_panel_draw, \
	.command = table_panel_command, .selected = table_panel_selected, .select = table_panel_select, \
	.filter = table_panel_filter, .status = table_panel_status, .tick = table_panel_tick, \
	.marks = table_panel_marks, .table = table_panel_table, .row = table_panel_row

#endif
