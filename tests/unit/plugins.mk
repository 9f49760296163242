USERSPACE_TEST_LIBS = plugins/libuserspace.la $(BASE_LIBS) $(CRYPTO_LIBS) $(CMOCKA_LIBS)
IMPORT_TEST_LIBS = plugins/libimportaws.la $(BASE_LIBS) $(JANSSON_LIBS) $(EXPAT_LIBS)

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
UNIT_TESTS += tests/unit/plugins/test_plugin
tests_unit_plugins_test_plugin_SOURCES = tests/unit/plugins/test_plugin.c
tests_unit_plugins_test_plugin_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_plugins_test_plugin_LDADD = core/libplugins.la $(BASE_LIBS) $(CMOCKA_LIBS)
UNIT_TESTS += tests/unit/plugins/test_import
tests_unit_plugins_test_import_SOURCES = tests/unit/plugins/test_import.c
tests_unit_plugins_test_import_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_plugins_test_import_LDADD = core/libimporter.la core/libplugins.la core/config/libconfig.la $(IMPORT_TEST_LIBS) $(YAML_LIBS) \
	$(CMOCKA_LIBS)
EXTRA_DIST += tests/unit/plugins/samples

# Modules that the loader must refuse; -rpath makes them shared objects, nothing installs them.
check_LTLIBRARIES = plugins/test_old_abi.la plugins/test_no_plugin.la
plugins_test_old_abi_la_SOURCES = tests/unit/plugins/old_abi.c
plugins_test_old_abi_la_CPPFLAGS = $(AM_CPPFLAGS) -DOLD_ABI_SYMBOL=twinspan_plugin
plugins_test_old_abi_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared -rpath $(plugindir)
plugins_test_no_plugin_la_SOURCES = tests/unit/plugins/old_abi.c
plugins_test_no_plugin_la_CPPFLAGS = $(AM_CPPFLAGS) -DOLD_ABI_SYMBOL=twinspan_no_plugin
plugins_test_no_plugin_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared -rpath $(plugindir)

if HAVE_CMOCKA
check_PROGRAMS += tests/bench/bench_plane
endif
tests_bench_bench_plane_SOURCES = tests/bench/bench_plane.c tests/unit/plugins/pair.c tests/unit/plugins/pair.h
tests_bench_bench_plane_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_bench_bench_plane_LDADD = $(USERSPACE_TEST_LIBS)
