# Golden screens: the console on a pseudo terminal, seen through libvterm.
if HAVE_VTERM
UNIT_TESTS += tests/console/test_console
tests_console_test_console_SOURCES = tests/console/test_console.c tests/console/harness.c tests/console/harness.h \
	tests/console/world.c tests/console/world.h
tests_console_test_console_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(VTERM_CFLAGS) -DTEST_SOURCE='"$(abs_top_srcdir)"'
tests_console_test_console_LDADD = $(CONSOLE_LIBS) $(CMOCKA_LIBS) $(VTERM_LIBS) -lutil
endif
