UNIT_TESTS += tests/unit/routing/test_table tests/unit/routing/test_routing
tests_unit_routing_test_table_SOURCES = tests/unit/routing/test_table.c
tests_unit_routing_test_table_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_routing_test_table_LDADD = core/routing/librouting.la $(BASE_LIBS) $(UV_LIBS) $(MNL_LIBS) $(CMOCKA_LIBS)
tests_unit_routing_test_routing_SOURCES = tests/unit/routing/test_routing.c
tests_unit_routing_test_routing_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_routing_test_routing_LDADD = core/routing/librouting.la $(BASE_LIBS) $(UV_LIBS) $(MNL_LIBS) $(JANSSON_LIBS) $(CMOCKA_LIBS)
