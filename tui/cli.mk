# The command line, without the parts that main.c gives it.
noinst_LTLIBRARIES += tui/libcli.la
tui_libcli_la_SOURCES = \
	tui/cli.c tui/cli.h tui/cli_internal.h \
	tui/cli_command.c \
	tui/cli_on.c \
	tui/cli_shell.c \
	tui/cli_start.c \
	tui/plain.c tui/plain_words.c tui/plain_words.h \
	tui/show.c tui/show_internal.h \
	tui/show_name.c \
	tui/show_table.c \
	tui/typed.c tui/typed.h
CLI_LIBS = tui/libcli.la tui/libconsole.la $(SITES_LIBS) $(CONTROL_LIBS) $(YAML_LIBS) $(NCURSES_LIBS)
