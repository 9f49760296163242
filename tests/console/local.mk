# Golden screens: the console on a pseudo terminal, seen through libvterm.
CONSOLE_TEST_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(VTERM_CFLAGS) -DTEST_SOURCE='"$(abs_top_srcdir)"'
CONSOLE_TEST_LIBS = tests/console/libharness.la $(CONSOLE_LIBS) $(CMOCKA_LIBS) $(VTERM_LIBS) -lutil
EXTRA_DIST += tests/console/golden

UNIT_TESTS += tests/console/test_diff
tests_console_test_diff_SOURCES = tests/console/test_diff.c
tests_console_test_diff_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_console_test_diff_LDADD = $(CONSOLE_LIBS) $(CMOCKA_LIBS)
UNIT_TESTS += tests/console/test_parts
tests_console_test_parts_SOURCES = tests/console/test_parts.c tests/console/world.c tests/console/world.h
tests_console_test_parts_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) -DTEST_SOURCE='"$(abs_top_srcdir)"'
tests_console_test_parts_LDADD = $(CONSOLE_LIBS) $(CMOCKA_LIBS)

UNIT_TESTS += tests/console/test_question
tests_console_test_question_SOURCES = tests/console/test_question.c
tests_console_test_question_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_console_test_question_LDADD = $(CONSOLE_LIBS) $(CMOCKA_LIBS)
UNIT_TESTS += tests/console/test_selection
tests_console_test_selection_SOURCES = tests/console/test_selection.c
tests_console_test_selection_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_console_test_selection_LDADD = $(CONSOLE_LIBS) $(CMOCKA_LIBS)

UNIT_TESTS += tests/console/test_themes tests/console/test_key_reader
tests_console_test_themes_SOURCES = tests/console/test_themes.c
tests_console_test_themes_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) -DTEST_SOURCE='"$(abs_top_srcdir)"'
tests_console_test_themes_LDADD = $(CONSOLE_LIBS) $(CMOCKA_LIBS)
tests_console_test_key_reader_SOURCES = tests/console/test_key_reader.c
tests_console_test_key_reader_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_console_test_key_reader_LDADD = $(CONSOLE_LIBS) $(CMOCKA_LIBS)

if HAVE_VTERM
if HAVE_CMOCKA
check_LTLIBRARIES += tests/console/libharness.la
endif
tests_console_libharness_la_SOURCES = \
	tests/console/configuration.c \
	tests/console/configuration.h \
	tests/console/harness.h \
	tests/console/harness_console.c \
	tests/console/harness_gateway.c \
	tests/console/harness_golden.c \
	tests/console/harness_internal.h \
	tests/console/harness_screen.c \
	tests/console/screens.c \
	tests/console/screens.h \
	tests/console/world.c \
	tests/console/world.h
tests_console_libharness_la_CFLAGS = $(CONSOLE_TEST_CFLAGS)

UNIT_TESTS += tests/console/test_colours
tests_console_test_colours_SOURCES = tests/console/test_colours.c
tests_console_test_colours_CFLAGS = $(CONSOLE_TEST_CFLAGS)
tests_console_test_colours_LDADD = $(CONSOLE_TEST_LIBS)
UNIT_TESTS += tests/console/test_look
tests_console_test_look_SOURCES = tests/console/test_look.c
tests_console_test_look_CFLAGS = $(CONSOLE_TEST_CFLAGS)
tests_console_test_look_LDADD = $(CONSOLE_TEST_LIBS)
UNIT_TESTS += tests/console/test_mouse
tests_console_test_mouse_SOURCES = tests/console/test_mouse.c
tests_console_test_mouse_CFLAGS = $(CONSOLE_TEST_CFLAGS)
tests_console_test_mouse_LDADD = $(CONSOLE_TEST_LIBS)
UNIT_TESTS += tests/console/test_cost
tests_console_test_cost_SOURCES = tests/console/test_cost.c
tests_console_test_cost_CFLAGS = $(CONSOLE_TEST_CFLAGS)
tests_console_test_cost_LDADD = $(CONSOLE_TEST_LIBS)
UNIT_TESTS += tests/console/test_console
tests_console_test_console_SOURCES = tests/console/test_console.c
tests_console_test_console_CFLAGS = $(CONSOLE_TEST_CFLAGS)
tests_console_test_console_LDADD = $(CONSOLE_TEST_LIBS)
UNIT_TESTS += tests/console/test_actions
tests_console_test_actions_SOURCES = tests/console/test_actions.c
tests_console_test_actions_CFLAGS = $(CONSOLE_TEST_CFLAGS)
tests_console_test_actions_LDADD = $(CONSOLE_TEST_LIBS)
UNIT_TESTS += tests/console/test_config_export
tests_console_test_config_export_SOURCES = tests/console/test_config_export.c
tests_console_test_config_export_CFLAGS = $(CONSOLE_TEST_CFLAGS)
tests_console_test_config_export_LDADD = $(CONSOLE_TEST_LIBS)
UNIT_TESTS += tests/console/test_config_page
tests_console_test_config_page_SOURCES = tests/console/test_config_page.c
tests_console_test_config_page_CFLAGS = $(CONSOLE_TEST_CFLAGS)
tests_console_test_config_page_LDADD = $(CONSOLE_TEST_LIBS)
UNIT_TESTS += tests/console/test_config_editor
tests_console_test_config_editor_SOURCES = tests/console/test_config_editor.c
tests_console_test_config_editor_CFLAGS = $(CONSOLE_TEST_CFLAGS)
tests_console_test_config_editor_LDADD = $(CONSOLE_TEST_LIBS)
UNIT_TESTS += tests/console/test_config_form
tests_console_test_config_form_SOURCES = tests/console/test_config_form.c
tests_console_test_config_form_CFLAGS = $(CONSOLE_TEST_CFLAGS)
tests_console_test_config_form_LDADD = $(CONSOLE_TEST_LIBS)
UNIT_TESTS += tests/console/test_navigation
tests_console_test_navigation_SOURCES = tests/console/test_navigation.c
tests_console_test_navigation_CFLAGS = $(CONSOLE_TEST_CFLAGS)
tests_console_test_navigation_LDADD = $(CONSOLE_TEST_LIBS)
UNIT_TESTS += tests/console/test_output
tests_console_test_output_SOURCES = tests/console/test_output.c
tests_console_test_output_CFLAGS = $(CONSOLE_TEST_CFLAGS)
tests_console_test_output_LDADD = $(CONSOLE_TEST_LIBS)
UNIT_TESTS += tests/console/test_sites
tests_console_test_sites_SOURCES = tests/console/test_sites.c $(CONSOLE_TEST_SOURCES)
tests_console_test_sites_CFLAGS = $(CONSOLE_TEST_CFLAGS)
tests_console_test_sites_LDADD = $(CONSOLE_TEST_LIBS)
UNIT_TESTS += tests/console/test_records
tests_console_test_records_SOURCES = tests/console/test_records.c $(CONSOLE_TEST_SOURCES)
tests_console_test_records_CFLAGS = $(CONSOLE_TEST_CFLAGS)
tests_console_test_records_LDADD = $(CONSOLE_TEST_LIBS)
UNIT_TESTS += tests/console/test_history
tests_console_test_history_SOURCES = tests/console/test_history.c $(CONSOLE_TEST_SOURCES)
tests_console_test_history_CFLAGS = $(CONSOLE_TEST_CFLAGS)
tests_console_test_history_LDADD = $(CONSOLE_TEST_LIBS)
UNIT_TESTS += tests/console/test_detail
tests_console_test_detail_SOURCES = tests/console/test_detail.c
tests_console_test_detail_CFLAGS = $(CONSOLE_TEST_CFLAGS)
tests_console_test_detail_LDADD = $(CONSOLE_TEST_LIBS)
UNIT_TESTS += tests/console/test_explain
tests_console_test_explain_SOURCES = tests/console/test_explain.c
tests_console_test_explain_CFLAGS = $(CONSOLE_TEST_CFLAGS)
tests_console_test_explain_LDADD = $(CONSOLE_TEST_LIBS)
UNIT_TESTS += tests/console/test_rows
tests_console_test_rows_SOURCES = tests/console/test_rows.c
tests_console_test_rows_CFLAGS = $(CONSOLE_TEST_CFLAGS)
tests_console_test_rows_LDADD = $(CONSOLE_TEST_LIBS)
UNIT_TESTS += tests/console/test_tables
tests_console_test_tables_SOURCES = tests/console/test_tables.c
tests_console_test_tables_CFLAGS = $(CONSOLE_TEST_CFLAGS)
tests_console_test_tables_LDADD = $(CONSOLE_TEST_LIBS)
UNIT_TESTS += tests/console/test_where
tests_console_test_where_SOURCES = tests/console/test_where.c
tests_console_test_where_CFLAGS = $(CONSOLE_TEST_CFLAGS)
tests_console_test_where_LDADD = $(CONSOLE_TEST_LIBS)
UNIT_TESTS += tests/console/test_screens_panels
tests_console_test_screens_panels_SOURCES = tests/console/test_screens_panels.c
tests_console_test_screens_panels_CFLAGS = $(CONSOLE_TEST_CFLAGS)
tests_console_test_screens_panels_LDADD = $(CONSOLE_TEST_LIBS)
UNIT_TESTS += tests/console/test_screens_dialogs
tests_console_test_screens_dialogs_SOURCES = tests/console/test_screens_dialogs.c
tests_console_test_screens_dialogs_CFLAGS = $(CONSOLE_TEST_CFLAGS)
tests_console_test_screens_dialogs_LDADD = $(CONSOLE_TEST_LIBS)
UNIT_TESTS += tests/console/test_screens_config
tests_console_test_screens_config_SOURCES = tests/console/test_screens_config.c
tests_console_test_screens_config_CFLAGS = $(CONSOLE_TEST_CFLAGS)
tests_console_test_screens_config_LDADD = $(CONSOLE_TEST_LIBS)
UNIT_TESTS += tests/console/test_monkey
tests_console_test_monkey_SOURCES = tests/console/test_monkey.c tests/console/monkey.h \
	tests/console/monkey_gateway.c tests/console/monkey_sheets.c
tests_console_test_monkey_CFLAGS = $(CONSOLE_TEST_CFLAGS)
tests_console_test_monkey_LDADD = $(CONSOLE_TEST_LIBS)
UNIT_TESTS += tests/console/test_attention
tests_console_test_attention_SOURCES = tests/console/test_attention.c
tests_console_test_attention_CFLAGS = $(CONSOLE_TEST_CFLAGS)
tests_console_test_attention_LDADD = $(CONSOLE_TEST_LIBS)
UNIT_TESTS += tests/console/test_rotate
tests_console_test_rotate_SOURCES = tests/console/test_rotate.c
tests_console_test_rotate_CFLAGS = $(CONSOLE_TEST_CFLAGS)
tests_console_test_rotate_LDADD = $(CONSOLE_TEST_LIBS)
UNIT_TESTS += tests/console/test_both
tests_console_test_both_SOURCES = tests/console/test_both.c
tests_console_test_both_CFLAGS = $(CONSOLE_TEST_CFLAGS)
tests_console_test_both_LDADD = $(CONSOLE_TEST_LIBS)
UNIT_TESTS += tests/console/test_sheets
tests_console_test_sheets_SOURCES = tests/console/test_sheets.c
tests_console_test_sheets_CFLAGS = $(CONSOLE_TEST_CFLAGS)
tests_console_test_sheets_LDADD = $(CONSOLE_TEST_LIBS)
UNIT_TESTS += tests/console/test_panels
tests_console_test_panels_SOURCES = tests/console/test_panels.c
tests_console_test_panels_CFLAGS = $(CONSOLE_TEST_CFLAGS)
tests_console_test_panels_LDADD = $(CONSOLE_TEST_LIBS)
endif
