UNIT_TESTS += tests/unit/journal/test_journal
tests_unit_journal_test_journal_SOURCES = tests/unit/journal/test_journal.c
tests_unit_journal_test_journal_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_journal_test_journal_LDADD = core/journal/libjournal.la $(BASE_LIBS) $(SQLITE_LIBS) $(JANSSON_LIBS) \
	$(UV_LIBS) $(CMOCKA_LIBS)
UNIT_TESTS += tests/unit/journal/test_usage
tests_unit_journal_test_usage_SOURCES = tests/unit/journal/test_usage.c
tests_unit_journal_test_usage_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_journal_test_usage_LDADD = core/journal/libjournal.la $(BASE_LIBS) $(SQLITE_LIBS) $(JANSSON_LIBS) \
	$(UV_LIBS) $(CMOCKA_LIBS)
