USERSPACE_TEST_LIBS = plugins/libuserspace.la $(BASE_LIBS) $(CRYPTO_LIBS) $(CMOCKA_LIBS)

UNIT_TESTS += tests/unit/plugins/test_replay
tests_unit_plugins_test_replay_SOURCES = tests/unit/plugins/test_replay.c
tests_unit_plugins_test_replay_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_plugins_test_replay_LDADD = $(USERSPACE_TEST_LIBS)
UNIT_TESTS += tests/unit/plugins/test_esp
tests_unit_plugins_test_esp_SOURCES = tests/unit/plugins/test_esp.c
tests_unit_plugins_test_esp_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_plugins_test_esp_LDADD = $(USERSPACE_TEST_LIBS)
UNIT_TESTS += tests/unit/plugins/test_plane
tests_unit_plugins_test_plane_SOURCES = tests/unit/plugins/test_plane.c
tests_unit_plugins_test_plane_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_plugins_test_plane_LDADD = $(USERSPACE_TEST_LIBS)
UNIT_TESTS += tests/unit/plugins/test_tunnels
tests_unit_plugins_test_tunnels_SOURCES = tests/unit/plugins/test_tunnels.c tests/unit/plugins/pair.c tests/unit/plugins/pair.h
tests_unit_plugins_test_tunnels_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_plugins_test_tunnels_LDADD = $(USERSPACE_TEST_LIBS)
