UNIT_TESTS += tests/unit/lab/test_lab
tests_unit_lab_test_lab_SOURCES = tests/unit/lab/test_lab.c
tests_unit_lab_test_lab_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_lab_test_lab_LDADD = core/lab/liblab.la $(BASE_LIBS) $(JANSSON_LIBS) -lm $(CMOCKA_LIBS)
