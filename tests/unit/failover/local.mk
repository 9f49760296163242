UNIT_TESTS += tests/unit/failover/test_failover
tests_unit_failover_test_failover_SOURCES = tests/unit/failover/test_failover.c
tests_unit_failover_test_failover_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_failover_test_failover_LDADD = core/failover/libfailover.la $(BASE_LIBS) $(UV_LIBS) $(CMOCKA_LIBS) -lm
