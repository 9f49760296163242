USERSPACE_TEST_LIBS = plugins/libuserspace.la $(BASE_LIBS) $(CRYPTO_LIBS) $(CMOCKA_LIBS)
IMPORT_TEST_LIBS = plugins/libimportaws.la $(BASE_LIBS) $(JANSSON_LIBS) $(EXPAT_LIBS)

UNIT_TESTS += tests/unit/plugins/test_replay
tests_unit_plugins_test_replay_SOURCES = tests/unit/plugins/test_replay.c
tests_unit_plugins_test_replay_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_plugins_test_replay_LDADD = $(USERSPACE_TEST_LIBS)
UNIT_TESTS += tests/unit/plugins/test_esp
tests_unit_plugins_test_esp_SOURCES = tests/unit/plugins/test_esp.c tests/unit/plugins/esp_end.c tests/unit/plugins/esp_end.h
tests_unit_plugins_test_esp_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_plugins_test_esp_LDADD = $(USERSPACE_TEST_LIBS)
UNIT_TESTS += tests/unit/plugins/test_offload
tests_unit_plugins_test_offload_SOURCES = tests/unit/plugins/test_offload.c tests/unit/plugins/flows.c tests/unit/plugins/flows.h
tests_unit_plugins_test_offload_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_plugins_test_offload_LDADD = $(USERSPACE_TEST_LIBS)
UNIT_TESTS += tests/unit/plugins/test_pipeline
tests_unit_plugins_test_pipeline_SOURCES = tests/unit/plugins/test_pipeline.c tests/unit/plugins/pair.c tests/unit/plugins/pair.h
tests_unit_plugins_test_pipeline_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_plugins_test_pipeline_LDADD = $(USERSPACE_TEST_LIBS)
UNIT_TESTS += tests/unit/plugins/test_queue
tests_unit_plugins_test_queue_SOURCES = tests/unit/plugins/test_queue.c tests/unit/plugins/flows.c tests/unit/plugins/flows.h
tests_unit_plugins_test_queue_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_plugins_test_queue_LDADD = $(USERSPACE_TEST_LIBS)
UNIT_TESTS += tests/unit/plugins/test_deliver
tests_unit_plugins_test_deliver_SOURCES = tests/unit/plugins/test_deliver.c tests/unit/plugins/flows.c tests/unit/plugins/flows.h
tests_unit_plugins_test_deliver_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_plugins_test_deliver_LDADD = $(USERSPACE_TEST_LIBS)
UNIT_TESTS += tests/unit/plugins/test_suites tests/unit/plugins/test_suites_ipsec_mb
SUITES_TEST_SOURCES = tests/unit/plugins/test_suites.c tests/unit/plugins/esp_end.c tests/unit/plugins/esp_end.h
tests_unit_plugins_test_suites_SOURCES = $(SUITES_TEST_SOURCES)
tests_unit_plugins_test_suites_CPPFLAGS = $(AM_CPPFLAGS) -DCRYPTO='"evp"'
tests_unit_plugins_test_suites_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(CRYPTO_CFLAGS)
tests_unit_plugins_test_suites_LDADD = $(USERSPACE_TEST_LIBS)
tests_unit_plugins_test_suites_ipsec_mb_SOURCES = $(SUITES_TEST_SOURCES)
tests_unit_plugins_test_suites_ipsec_mb_CPPFLAGS = $(AM_CPPFLAGS) -DCRYPTO='"ipsec-mb"'
tests_unit_plugins_test_suites_ipsec_mb_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(CRYPTO_CFLAGS)
tests_unit_plugins_test_suites_ipsec_mb_LDADD = $(USERSPACE_TEST_LIBS)
UNIT_TESTS += tests/unit/plugins/test_providers
tests_unit_plugins_test_providers_SOURCES = tests/unit/plugins/test_providers.c tests/unit/plugins/esp_end.c tests/unit/plugins/esp_end.h
tests_unit_plugins_test_providers_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_plugins_test_providers_LDADD = $(USERSPACE_TEST_LIBS)
UNIT_TESTS += tests/unit/plugins/test_packet
tests_unit_plugins_test_packet_SOURCES = tests/unit/plugins/test_packet.c tests/unit/plugins/checksums.h
tests_unit_plugins_test_packet_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_plugins_test_packet_LDADD = $(USERSPACE_TEST_LIBS)
UNIT_TESTS += tests/unit/plugins/test_plane
tests_unit_plugins_test_plane_SOURCES = tests/unit/plugins/test_plane.c tests/unit/plugins/one_plane.c tests/unit/plugins/one_plane.h
tests_unit_plugins_test_plane_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_plugins_test_plane_LDADD = $(USERSPACE_TEST_LIBS)
UNIT_TESTS += tests/unit/plugins/test_device_drops
tests_unit_plugins_test_device_drops_SOURCES = tests/unit/plugins/test_device_drops.c
tests_unit_plugins_test_device_drops_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_plugins_test_device_drops_LDADD = $(USERSPACE_TEST_LIBS)
UNIT_TESTS += tests/unit/plugins/test_sends
tests_unit_plugins_test_sends_SOURCES = tests/unit/plugins/test_sends.c tests/unit/plugins/flows.c tests/unit/plugins/flows.h \
	tests/unit/plugins/one_plane.c tests/unit/plugins/one_plane.h
tests_unit_plugins_test_sends_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_plugins_test_sends_LDADD = $(USERSPACE_TEST_LIBS)

UNIT_TESTS += tests/unit/plugins/test_treatment
tests_unit_plugins_test_treatment_SOURCES = tests/unit/plugins/test_treatment.c tests/unit/plugins/one_plane.c tests/unit/plugins/one_plane.h
tests_unit_plugins_test_treatment_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_plugins_test_treatment_LDADD = $(USERSPACE_TEST_LIBS)
UNIT_TESTS += tests/unit/plugins/test_selectors
tests_unit_plugins_test_selectors_SOURCES = tests/unit/plugins/test_selectors.c
tests_unit_plugins_test_selectors_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_plugins_test_selectors_LDADD = $(USERSPACE_TEST_LIBS)
UNIT_TESTS += tests/unit/plugins/test_path
tests_unit_plugins_test_path_SOURCES = tests/unit/plugins/test_path.c tests/unit/plugins/pair.c tests/unit/plugins/pair.h
tests_unit_plugins_test_path_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_plugins_test_path_LDADD = $(USERSPACE_TEST_LIBS)
UNIT_TESTS += tests/unit/plugins/test_wipe
tests_unit_plugins_test_wipe_SOURCES = tests/unit/plugins/test_wipe.c
tests_unit_plugins_test_wipe_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_plugins_test_wipe_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=free
tests_unit_plugins_test_wipe_LDADD = $(USERSPACE_TEST_LIBS)
UNIT_TESTS += tests/unit/plugins/test_tunnels
tests_unit_plugins_test_tunnels_SOURCES = tests/unit/plugins/test_tunnels.c tests/unit/plugins/pair.c tests/unit/plugins/pair.h
tests_unit_plugins_test_tunnels_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_plugins_test_tunnels_LDADD = $(USERSPACE_TEST_LIBS)
UNIT_TESTS += tests/unit/plugins/test_parallel
tests_unit_plugins_test_parallel_SOURCES = tests/unit/plugins/test_parallel.c tests/unit/plugins/one_plane.c tests/unit/plugins/one_plane.h
tests_unit_plugins_test_parallel_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_plugins_test_parallel_LDADD = $(USERSPACE_TEST_LIBS)
UNIT_TESTS += tests/unit/plugins/test_workers
tests_unit_plugins_test_workers_SOURCES = tests/unit/plugins/test_workers.c tests/unit/plugins/pair.c tests/unit/plugins/pair.h
tests_unit_plugins_test_workers_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_plugins_test_workers_LDADD = $(USERSPACE_TEST_LIBS)
UNIT_TESTS += tests/unit/plugins/test_kernel_messages
tests_unit_plugins_test_kernel_messages_SOURCES = tests/unit/plugins/test_kernel_messages.c
tests_unit_plugins_test_kernel_messages_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_plugins_test_kernel_messages_LDADD = plugins/libkernel.la $(BASE_LIBS) $(MNL_LIBS) $(CMOCKA_LIBS)
UNIT_TESTS += tests/unit/plugins/test_probe_tcp
tests_unit_plugins_test_probe_tcp_SOURCES = tests/unit/plugins/test_probe_tcp.c plugins/probe_tcp/probe_tcp.c
tests_unit_plugins_test_probe_tcp_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_plugins_test_probe_tcp_LDADD = $(BASE_LIBS) $(CMOCKA_LIBS)
UNIT_TESTS += tests/unit/plugins/test_kernel_tunnels
tests_unit_plugins_test_kernel_tunnels_SOURCES = tests/unit/plugins/test_kernel_tunnels.c
tests_unit_plugins_test_kernel_tunnels_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_plugins_test_kernel_tunnels_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=netlink_request -Wl,--wrap=netlink_ask \
	-Wl,--wrap=netlink_dump -Wl,--wrap=if_nametoindex
tests_unit_plugins_test_kernel_tunnels_LDADD = plugins/libkernel.la $(BASE_LIBS) $(MNL_LIBS) $(CMOCKA_LIBS)
UNIT_TESTS += tests/unit/plugins/test_kernel_own
tests_unit_plugins_test_kernel_own_SOURCES = tests/unit/plugins/test_kernel_own.c
tests_unit_plugins_test_kernel_own_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_plugins_test_kernel_own_LDADD = plugins/libkernel.la $(BASE_LIBS) $(MNL_LIBS) $(CMOCKA_LIBS)
UNIT_TESTS += tests/unit/plugins/test_plugin
tests_unit_plugins_test_plugin_SOURCES = tests/unit/plugins/test_plugin.c
tests_unit_plugins_test_plugin_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_plugins_test_plugin_LDADD = core/libplugins.la $(BASE_LIBS) $(CMOCKA_LIBS)
UNIT_TESTS += tests/unit/plugins/test_import
tests_unit_plugins_test_import_SOURCES = tests/unit/plugins/test_import.c tests/unit/plugins/imports.c tests/unit/plugins/imports.h
tests_unit_plugins_test_import_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_plugins_test_import_LDADD = core/libimporter.la core/libplugins.la core/config/libconfig.la $(IMPORT_TEST_LIBS) $(YAML_LIBS) $(CRYPTO_LIBS) \
	$(CMOCKA_LIBS)
UNIT_TESTS += tests/unit/plugins/test_import_traps
tests_unit_plugins_test_import_traps_SOURCES = tests/unit/plugins/test_import_traps.c tests/unit/plugins/imports.c tests/unit/plugins/imports.h
tests_unit_plugins_test_import_traps_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_plugins_test_import_traps_LDADD = core/config/libconfig.la $(IMPORT_TEST_LIBS) $(YAML_LIBS) $(CMOCKA_LIBS)
UNIT_TESTS += tests/unit/plugins/test_export
tests_unit_plugins_test_export_SOURCES = tests/unit/plugins/test_export.c
tests_unit_plugins_test_export_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_plugins_test_export_LDADD = core/libexporter.la core/libplugins.la core/config/libconfig.la $(BASE_LIBS) $(YAML_LIBS) $(CMOCKA_LIBS)
EXTRA_DIST += tests/unit/plugins/samples

# Modules that the loader must refuse; -rpath makes them shared objects, nothing installs them.
check_LTLIBRARIES = plugins/test_old_abi.la plugins/test_no_plugin.la plugins/test_removed.la
plugins_test_old_abi_la_SOURCES = tests/unit/plugins/old_abi.c
plugins_test_old_abi_la_CPPFLAGS = $(AM_CPPFLAGS) -DOLD_ABI_SYMBOL=twinspan_plugin
plugins_test_old_abi_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared -rpath $(plugindir)
plugins_test_no_plugin_la_SOURCES = tests/unit/plugins/old_abi.c
plugins_test_no_plugin_la_CPPFLAGS = $(AM_CPPFLAGS) -DOLD_ABI_SYMBOL=twinspan_no_plugin
plugins_test_no_plugin_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared -rpath $(plugindir)
plugins_test_removed_la_SOURCES = tests/unit/plugins/removed.c
plugins_test_removed_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared -rpath $(plugindir)

if HAVE_CMOCKA
check_PROGRAMS += tests/bench/bench_plane tests/bench/bench_pair
endif
tests_bench_bench_plane_SOURCES = tests/bench/bench_plane.c tests/unit/plugins/pair.c tests/unit/plugins/pair.h
tests_bench_bench_plane_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_bench_bench_plane_LDADD = $(USERSPACE_TEST_LIBS)
tests_bench_bench_pair_SOURCES = tests/bench/bench_pair.c tests/unit/plugins/pair.c tests/unit/plugins/pair.h
tests_bench_bench_pair_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_bench_bench_pair_LDADD = $(USERSPACE_TEST_LIBS)
check_PROGRAMS += tests/bench/bench_crypto
tests_bench_bench_crypto_SOURCES = tests/bench/bench_crypto.c
tests_bench_bench_crypto_LDADD = plugins/libuserspace.la $(BASE_LIBS) $(CRYPTO_LIBS)
