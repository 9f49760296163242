# libFuzzer targets, each with a seed corpus beside it; tests/run gives each a bounded time.
EXTRA_DIST += tests/fuzz/corpus
FUZZ_LINK = $(AM_LDFLAGS) -fsanitize=fuzzer,address,undefined
if FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_config tests/fuzz/fuzz_esp tests/fuzz/fuzz_control tests/fuzz/fuzz_client \
	tests/fuzz/fuzz_bfd tests/fuzz/fuzz_bgp tests/fuzz/fuzz_filter
endif

tests_fuzz_fuzz_config_SOURCES = tests/fuzz/fuzz_config.c
tests_fuzz_fuzz_config_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_config_LDADD = core/config/libconfig.la $(BASE_LIBS) $(YAML_LIBS)

tests_fuzz_fuzz_esp_SOURCES = tests/fuzz/fuzz_esp.c
tests_fuzz_fuzz_esp_CFLAGS = $(AM_CFLAGS) -fsanitize=address,undefined
tests_fuzz_fuzz_esp_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_esp_LDADD = plugins/libuserspace.la $(BASE_LIBS) $(CRYPTO_LIBS)

tests_fuzz_fuzz_control_SOURCES = tests/fuzz/fuzz_control.c
tests_fuzz_fuzz_control_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_control_LDADD = $(CONTROL_LIBS)

tests_fuzz_fuzz_client_SOURCES = tests/fuzz/fuzz_client.c
tests_fuzz_fuzz_client_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_client_LDADD = $(CONTROL_LIBS)

tests_fuzz_fuzz_bfd_SOURCES = tests/fuzz/fuzz_bfd.c
tests_fuzz_fuzz_bfd_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_bfd_LDADD = core/bfd/libbfd.la $(BASE_LIBS) $(UV_LIBS)

tests_fuzz_fuzz_bgp_SOURCES = tests/fuzz/fuzz_bgp.c
tests_fuzz_fuzz_bgp_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_bgp_LDADD = core/bgp/libbgp.la $(BASE_LIBS) $(UV_LIBS)

tests_fuzz_fuzz_filter_SOURCES = tests/fuzz/fuzz_filter.c
tests_fuzz_fuzz_filter_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_filter_LDADD = $(MODEL_LIBS)
