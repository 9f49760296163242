UNIT_TESTS += tests/unit/ssh/test_ssh
tests_unit_ssh_test_ssh_SOURCES = tests/unit/ssh/test_ssh.c tests/unit/ssh/home.h
tests_unit_ssh_test_ssh_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_ssh_test_ssh_LDADD = $(SITES_LIBS) $(CONTROL_LIBS) $(CMOCKA_LIBS)

UNIT_TESTS += tests/unit/ssh/test_agent_keys
tests_unit_ssh_test_agent_keys_SOURCES = tests/unit/ssh/test_agent_keys.c
tests_unit_ssh_test_agent_keys_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_ssh_test_agent_keys_LDADD = $(SITES_LIBS) $(CONTROL_LIBS) $(CMOCKA_LIBS)

UNIT_TESTS += tests/unit/ssh/test_known
tests_unit_ssh_test_known_SOURCES = tests/unit/ssh/test_known.c tests/unit/ssh/home.h
tests_unit_ssh_test_known_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_ssh_test_known_LDADD = $(SITES_LIBS) $(CONTROL_LIBS) $(CMOCKA_LIBS)

UNIT_TESTS += tests/unit/ssh/test_config_lines
tests_unit_ssh_test_config_lines_SOURCES = tests/unit/ssh/test_config_lines.c tests/unit/ssh/home.h
tests_unit_ssh_test_config_lines_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_ssh_test_config_lines_LDADD = $(SITES_LIBS) $(CONTROL_LIBS) $(CMOCKA_LIBS)
