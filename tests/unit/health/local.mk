UNIT_TESTS += tests/unit/health/test_health
tests_unit_health_test_health_SOURCES = tests/unit/health/test_health.c
tests_unit_health_test_health_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_health_test_health_LDADD = core/health/libhealth.la $(BASE_LIBS) $(CMOCKA_LIBS)
UNIT_TESTS += tests/unit/health/test_probing
tests_unit_health_test_probing_SOURCES = tests/unit/health/test_probing.c
tests_unit_health_test_probing_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_health_test_probing_LDADD = core/health/libhealth.la $(BASE_LIBS) $(CMOCKA_LIBS) $(UV_LIBS) -lm
