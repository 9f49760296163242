include tui/ssh/local.mk
include tui/console.mk
include tui/cli.mk
twinspan_SOURCES = tui/main.c tui/main_export.c tui/main_export.h tui/main_import.c tui/main_import.h
twinspan_LDADD = tui/libconsole.la $(SITES_LIBS) core/lab/liblab.la $(GATEWAY_LIBS) $(NCURSES_LIBS)

# The manual page and the completion are what the program itself says of its commands.
nodist_man1_MANS = twinspan.1
bashcompletiondir = $(datadir)/bash-completion/completions
nodist_bashcompletion_DATA = tui/completion/twinspan
CLEANFILES = twinspan.1 tui/completion/twinspan

twinspan.1: twinspan$(EXEEXT)
	$(AM_V_GEN)./twinspan$(EXEEXT) manual >$@.new && mv -f $@.new $@

tui/completion/twinspan: twinspan$(EXEEXT)
	$(AM_V_GEN)$(MKDIR_P) tui/completion && ./twinspan$(EXEEXT) completion bash >$@.new && mv -f $@.new $@
