# The console: everything of tui/ that draws. main.c and the command line link it.
noinst_LTLIBRARIES += tui/libconsole.la
tui_libconsole_la_SOURCES = \
	tui/console.h \
	tui/app.c tui/app.h tui/app_commands.c tui/app_deeds.c tui/app_draw.c tui/app_foot.c tui/app_line.c tui/app_output.c tui/app_panels.c \
	tui/arrange.c tui/overlay.h tui/where.c \
	tui/canvas.c tui/canvas.h \
	tui/complete.c tui/complete.h \
	tui/configuration/change.c tui/configuration/configuration.h tui/configuration/configuration_internal.h \
	tui/configuration/diff.c tui/configuration/editor.c tui/configuration/export.c tui/configuration/form.c tui/configuration/keep.c \
	tui/configuration/new_connection.c tui/configuration/page.c tui/configuration/review.c tui/configuration/surface.c \
	tui/format.c tui/format.h \
	tui/past.c tui/past.h \
	tui/keys.c tui/keys.h \
	tui/navigation.c \
	tui/output/clipboard.c tui/output/clipboard.h \
	tui/output/dump.c tui/output/dump.h tui/output/dump_svg.c \
	tui/output/once.c tui/output/rows_out.c tui/output/rows_out.h \
	tui/report.c \
	tui/panel.c tui/panel.h \
	tui/settings.c tui/settings.h tui/settings_internal.h tui/settings_save.c tui/settings_sites.c \
	tui/sites/both.c tui/sites/both.h \
	tui/sites/find.c tui/sites/find.h \
	tui/sites/fleet.c tui/sites/fleet.h tui/sites/fleet_internal.h tui/sites/list.c \
	tui/sites/show.c tui/sites/show.h \
	tui/sites/question.c tui/sites/reach.c tui/sites/reach.h tui/sites/troubles.c tui/sites/visit.c \
	tui/key_reader.c tui/key_reader.h \
	tui/look.c tui/mouse.c \
	tui/terminal.c tui/terminal.h tui/terminal_internal.h \
	tui/terminal_colours.c tui/terminal_description.c tui/terminal_frame.c tui/terminal_keys.c \
	tui/theme.c tui/theme.h \
	tui/yaml_file.c tui/yaml_file.h \
	tui/panels/cells.c tui/panels/cells.h \
	tui/panels/detail.c tui/panels/detail_below.c tui/panels/detail_charts.c tui/panels/detail_days.c \
	tui/panels/detail_fields.c tui/panels/detail_internal.h tui/panels/detail_trouble.c tui/panels/events.c \
	tui/panels/gateway.c tui/panels/others.c tui/panels/sites.c tui/panels/usage.c \
	tui/panels/overview.c tui/panels/overview_draw.c tui/panels/overview_internal.h \
	tui/panels/attention.c tui/panels/attention.h tui/panels/overview_words.c \
	tui/panels/panels.h tui/panels/peers.c tui/panels/routes.c \
	tui/panels/explain.c tui/panels/explain.h \
	tui/panels/text.c tui/panels/text.h \
	tui/panels/table_panel.c tui/panels/table_panel.h tui/panels/tunnels.c \
	tui/widgets/chart.c tui/widgets/chart.h \
	tui/widgets/columns.c \
	tui/sheets/bulk.c tui/sheets/consequence.c tui/sheets/live.c tui/sheets/plan.c tui/sheets/rotate.c tui/sheets/send.c \
	tui/sheets/sheet.c tui/sheets/sheets.h tui/sheets/waiting.c \
	tui/widgets/dialog.c tui/widgets/dialog.h \
	tui/widgets/draft.c tui/widgets/draft.h \
	tui/widgets/graph.c tui/widgets/graph.h \
	tui/widgets/help.c tui/widgets/help.h \
	tui/widgets/input.c tui/widgets/input.h \
	tui/widgets/marks.c tui/widgets/marks.h \
	tui/widgets/rows.h tui/widgets/rows_paged.c tui/widgets/rows_paged_window.c tui/widgets/rows_paged_internal.h tui/widgets/rows_stored.c \
	tui/widgets/table.c tui/widgets/table.h

# What a program that opens the console links after its own objects.
CONSOLE_LIBS = tui/libconsole.la $(SITES_LIBS) core/control/libcontrol.la $(MODEL_LIBS) $(CRYPTO_LIBS) $(UV_LIBS) $(YAML_LIBS) $(NCURSES_LIBS)
