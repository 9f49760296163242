# libFuzzer targets, each with a seed corpus beside it; tests/run gives each a bounded time.
EXTRA_DIST += tests/fuzz/corpus
FUZZ_LINK = $(AM_LDFLAGS) -fsanitize=fuzzer,address,undefined
if FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_agent tests/fuzz/fuzz_config tests/fuzz/fuzz_esp tests/fuzz/fuzz_kernel tests/fuzz/fuzz_coalesce tests/fuzz/fuzz_packet tests/fuzz/fuzz_control tests/fuzz/fuzz_client \
	tests/fuzz/fuzz_bfd tests/fuzz/fuzz_bgp tests/fuzz/fuzz_bgp_sequence tests/fuzz/fuzz_filter tests/fuzz/fuzz_policy tests/fuzz/fuzz_export tests/fuzz/fuzz_suites \
	tests/fuzz/fuzz_import_xml tests/fuzz/fuzz_import_json tests/fuzz/fuzz_import_text
endif

tests_fuzz_fuzz_agent_SOURCES = tests/fuzz/fuzz_agent.c
tests_fuzz_fuzz_agent_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_agent_LDADD = $(SITES_LIBS) $(CONTROL_LIBS)

tests_fuzz_fuzz_config_SOURCES = tests/fuzz/fuzz_config.c
tests_fuzz_fuzz_config_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_config_LDADD = core/config/libconfig.la $(BASE_LIBS) $(YAML_LIBS) $(CRYPTO_LIBS)

tests_fuzz_fuzz_suites_SOURCES = tests/fuzz/fuzz_suites.c core/ike/suites.c
tests_fuzz_fuzz_suites_LDFLAGS = $(FUZZ_LINK)

tests_fuzz_fuzz_export_SOURCES = tests/fuzz/fuzz_export.c
tests_fuzz_fuzz_export_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_export_LDADD = core/libexporter.la core/libplugins.la plugins/libexporters.la core/config/libconfig.la $(BASE_LIBS) $(YAML_LIBS)

tests_fuzz_fuzz_esp_SOURCES = tests/fuzz/fuzz_esp.c
tests_fuzz_fuzz_esp_CFLAGS = $(AM_CFLAGS) -fsanitize=address,undefined
tests_fuzz_fuzz_esp_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_esp_LDADD = plugins/libuserspace.la $(BASE_LIBS) $(CRYPTO_LIBS)

tests_fuzz_fuzz_kernel_SOURCES = tests/fuzz/fuzz_kernel.c
tests_fuzz_fuzz_kernel_CFLAGS = $(AM_CFLAGS) -fsanitize=address,undefined
tests_fuzz_fuzz_kernel_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_kernel_LDADD = plugins/libkernel.la $(BASE_LIBS) $(MNL_LIBS)

tests_fuzz_fuzz_packet_SOURCES = tests/fuzz/fuzz_packet.c tests/unit/plugins/checksums.h
tests_fuzz_fuzz_packet_CFLAGS = $(AM_CFLAGS) -fsanitize=address,undefined
tests_fuzz_fuzz_packet_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_packet_LDADD = plugins/libuserspace.la $(BASE_LIBS) $(CRYPTO_LIBS)

tests_fuzz_fuzz_coalesce_SOURCES = tests/fuzz/fuzz_coalesce.c tests/unit/plugins/flows.c tests/unit/plugins/flows.h
tests_fuzz_fuzz_coalesce_CFLAGS = $(AM_CFLAGS) -fsanitize=address,undefined
tests_fuzz_fuzz_coalesce_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_coalesce_LDADD = plugins/libuserspace.la $(BASE_LIBS) $(CRYPTO_LIBS)

tests_fuzz_fuzz_control_SOURCES = tests/fuzz/fuzz_control.c
tests_fuzz_fuzz_control_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_control_LDADD = $(CONTROL_LIBS)

tests_fuzz_fuzz_client_SOURCES = tests/fuzz/fuzz_client.c
tests_fuzz_fuzz_client_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_client_LDADD = $(CONTROL_LIBS)

tests_fuzz_fuzz_bfd_SOURCES = tests/fuzz/fuzz_bfd.c
tests_fuzz_fuzz_bfd_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_bfd_LDADD = core/bfd/libbfd.la $(BASE_LIBS) $(UV_LIBS)

tests_fuzz_fuzz_bgp_SOURCES = tests/fuzz/fuzz_bgp.c tests/fuzz/bgp_world.c tests/fuzz/bgp_world.h tests/fuzz/require.h
tests_fuzz_fuzz_bgp_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_bgp_LDADD = core/bgp/libbgp.la $(BASE_LIBS) $(UV_LIBS)

tests_fuzz_fuzz_bgp_sequence_SOURCES = tests/fuzz/fuzz_bgp_sequence.c tests/fuzz/bgp_world.c tests/fuzz/bgp_world.h tests/fuzz/require.h
tests_fuzz_fuzz_bgp_sequence_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_bgp_sequence_LDADD = core/bgp/libbgp.la $(BASE_LIBS) $(UV_LIBS)

tests_fuzz_fuzz_import_xml_SOURCES = tests/fuzz/fuzz_import.c
tests_fuzz_fuzz_import_xml_CPPFLAGS = $(AM_CPPFLAGS) -DREADER=aws_read_xml
tests_fuzz_fuzz_import_xml_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_import_xml_LDADD = $(IMPORT_TEST_LIBS)

tests_fuzz_fuzz_import_json_SOURCES = tests/fuzz/fuzz_import.c
tests_fuzz_fuzz_import_json_CPPFLAGS = $(AM_CPPFLAGS) -DREADER=aws_read_json
tests_fuzz_fuzz_import_json_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_import_json_LDADD = $(IMPORT_TEST_LIBS)

tests_fuzz_fuzz_import_text_SOURCES = tests/fuzz/fuzz_import.c
tests_fuzz_fuzz_import_text_CPPFLAGS = $(AM_CPPFLAGS) -DREADER=aws_read_text
tests_fuzz_fuzz_import_text_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_import_text_LDADD = $(IMPORT_TEST_LIBS)

tests_fuzz_fuzz_policy_SOURCES = tests/fuzz/fuzz_policy.c tests/fuzz/require.h
tests_fuzz_fuzz_policy_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_policy_LDADD = core/policy/libpolicy.la $(BASE_LIBS)

tests_fuzz_fuzz_filter_SOURCES = tests/fuzz/fuzz_filter.c
tests_fuzz_fuzz_filter_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_filter_LDADD = $(MODEL_LIBS)
