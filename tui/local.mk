twinspan_SOURCES = tui/main.c
twinspan_LDADD = $(BASE_LIBS)
include tui/console.mk
