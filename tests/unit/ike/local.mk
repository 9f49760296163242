UNIT_TESTS += tests/unit/ike/test_failure
tests_unit_ike_test_failure_SOURCES = tests/unit/ike/test_failure.c
tests_unit_ike_test_failure_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_ike_test_failure_LDADD = $(IKE_LIBS) $(CMOCKA_LIBS)
UNIT_TESTS += tests/unit/ike/test_layout
tests_unit_ike_test_layout_SOURCES = tests/unit/ike/test_layout.c tests/unit/ike/plane.c tests/unit/ike/plane.h
tests_unit_ike_test_layout_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_ike_test_layout_LDADD = $(IKE_LIBS) $(CMOCKA_LIBS)
UNIT_TESTS += tests/unit/ike/test_negotiation
tests_unit_ike_test_negotiation_SOURCES = tests/unit/ike/test_negotiation.c tests/unit/ike/end.c \
	tests/unit/ike/end.h tests/unit/ike/plane.c tests/unit/ike/plane.h
tests_unit_ike_test_negotiation_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_ike_test_negotiation_LDADD = $(IKE_LIBS) $(CMOCKA_LIBS)
