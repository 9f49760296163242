EXTRA_DIST += tests/fuzz/corpus/config
if FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_config
tests_fuzz_fuzz_config_SOURCES = tests/fuzz/fuzz_config.c
tests_fuzz_fuzz_config_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer,address,undefined
tests_fuzz_fuzz_config_LDADD = core/config/libconfig.la $(BASE_LIBS) $(YAML_LIBS)
endif
EXTRA_DIST += tests/fuzz/corpus/bfd
if FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_bfd
tests_fuzz_fuzz_bfd_SOURCES = tests/fuzz/fuzz_bfd.c
tests_fuzz_fuzz_bfd_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer,address,undefined
tests_fuzz_fuzz_bfd_LDADD = core/bfd/libbfd.la $(BASE_LIBS) $(UV_LIBS)
endif
