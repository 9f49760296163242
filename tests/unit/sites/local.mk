UNIT_TESTS += tests/unit/sites/test_fleet
tests_unit_sites_test_fleet_SOURCES = tests/unit/sites/test_fleet.c
tests_unit_sites_test_fleet_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_sites_test_fleet_LDADD = $(CONSOLE_LIBS) $(CMOCKA_LIBS)
