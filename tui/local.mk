include tui/cli.mk
include tui/console.mk
twinspan_SOURCES = tui/main.c
twinspan_LDADD = tui/libcli.la tui/libconsole.la core/lab/liblab.la $(GATEWAY_LIBS) $(NCURSES_LIBS)
