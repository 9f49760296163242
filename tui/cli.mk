# The command line, without the parts that main.c gives it.
# It is of one library with the console: each asks the other for a part (settings, tables).
tui_libconsole_la_SOURCES += \
	tui/cli.c tui/cli.h tui/cli_internal.h \
	tui/cli_ask.c \
	tui/cli_command.c \
	tui/cli_confirm.c \
	tui/cli_errand.c tui/cli_errand.h \
	tui/cli_on.c \
	tui/cli_patience.c \
	tui/cli_place.c \
	tui/cli_shell.c \
	tui/cli_start.c \
	tui/cli_words.c tui/cli_words.h \
	tui/plain.c tui/plain_words.c tui/plain_words.h \
	tui/show.c tui/show_internal.h \
	tui/show_job.h \
	tui/show_name.c \
	tui/show_rows.c \
	tui/show_sites.c \
	tui/show_table.c \
	tui/sites/survey.c tui/sites/survey.h \
	tui/typed.c tui/typed.h
CLI_LIBS = $(CONSOLE_LIBS)
