EXTRA_DIST += tests/fuzz/corpus/config
if FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_config
tests_fuzz_fuzz_config_SOURCES = tests/fuzz/fuzz_config.c
tests_fuzz_fuzz_config_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer,address,undefined
tests_fuzz_fuzz_config_LDADD = core/config/libconfig.la $(BASE_LIBS) $(YAML_LIBS)
endif
if FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_esp
endif
tests_fuzz_fuzz_esp_SOURCES = tests/fuzz/fuzz_esp.c
tests_fuzz_fuzz_esp_CFLAGS = $(AM_CFLAGS) -fsanitize=address,undefined
tests_fuzz_fuzz_esp_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer,address,undefined
tests_fuzz_fuzz_esp_LDADD = plugins/libuserspace.la $(BASE_LIBS) $(CRYPTO_LIBS)
EXTRA_DIST += tests/fuzz/corpus/control tests/fuzz/corpus/client
if FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_control tests/fuzz/fuzz_client
tests_fuzz_fuzz_control_SOURCES = tests/fuzz/fuzz_control.c
tests_fuzz_fuzz_control_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer,address,undefined
tests_fuzz_fuzz_control_LDADD = $(CONTROL_LIBS)
tests_fuzz_fuzz_client_SOURCES = tests/fuzz/fuzz_client.c
tests_fuzz_fuzz_client_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer,address,undefined
tests_fuzz_fuzz_client_LDADD = $(CONTROL_LIBS)
EXTRA_DIST += tests/fuzz/corpus/bfd
if FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_bfd
tests_fuzz_fuzz_bfd_SOURCES = tests/fuzz/fuzz_bfd.c
tests_fuzz_fuzz_bfd_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer,address,undefined
tests_fuzz_fuzz_bfd_LDADD = core/bfd/libbfd.la $(BASE_LIBS) $(UV_LIBS)
EXTRA_DIST += tests/fuzz/corpus/bgp
if FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_bgp
tests_fuzz_fuzz_bgp_SOURCES = tests/fuzz/fuzz_bgp.c
tests_fuzz_fuzz_bgp_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer,address,undefined
tests_fuzz_fuzz_bgp_LDADD = core/bgp/libbgp.la $(BASE_LIBS) $(UV_LIBS)
endif
