UNIT_TESTS += tests/unit/ssh/test_ssh
tests_unit_ssh_test_ssh_SOURCES = tests/unit/ssh/test_ssh.c
tests_unit_ssh_test_ssh_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_ssh_test_ssh_LDADD = $(SITES_LIBS) $(CONTROL_LIBS) $(CMOCKA_LIBS)
