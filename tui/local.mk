include tui/cli.mk
include tui/console.mk
twinspan_SOURCES = tui/main.c
twinspan_LDADD = tui/libconsole.la tui/libcli.la core/lab/liblab.la $(GATEWAY_LIBS) $(NCURSES_LIBS)
