CONFIG_LIBS = core/config/libconfig.la $(BASE_LIBS) $(YAML_LIBS)

UNIT_TESTS += tests/unit/config/test_findings
tests_unit_config_test_findings_SOURCES = tests/unit/config/test_findings.c
tests_unit_config_test_findings_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_config_test_findings_LDADD = $(CONFIG_LIBS) $(CMOCKA_LIBS)
UNIT_TESTS += tests/unit/config/test_config
tests_unit_config_test_config_SOURCES = tests/unit/config/test_config.c
tests_unit_config_test_config_CPPFLAGS = $(AM_CPPFLAGS) -DTEST_CORPUS='"$(abs_top_srcdir)/tests/fuzz/corpus/config"'
tests_unit_config_test_config_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_config_test_config_LDADD = $(CONFIG_LIBS) $(CMOCKA_LIBS)
UNIT_TESTS += tests/unit/config/test_diff
tests_unit_config_test_diff_SOURCES = tests/unit/config/test_diff.c
tests_unit_config_test_diff_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_config_test_diff_LDADD = $(CONFIG_LIBS) $(CMOCKA_LIBS)
UNIT_TESTS += tests/unit/config/test_mask
tests_unit_config_test_mask_SOURCES = tests/unit/config/test_mask.c
tests_unit_config_test_mask_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_config_test_mask_LDADD = $(CONFIG_LIBS) $(CMOCKA_LIBS)
UNIT_TESTS += tests/unit/config/test_append
tests_unit_config_test_append_SOURCES = tests/unit/config/test_append.c
tests_unit_config_test_append_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_config_test_append_LDADD = $(CONFIG_LIBS) $(CMOCKA_LIBS)
