EXTRA_DIST += tests/fuzz/corpus/bgp
if FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_bgp
tests_fuzz_fuzz_bgp_SOURCES = tests/fuzz/fuzz_bgp.c
tests_fuzz_fuzz_bgp_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer,address,undefined
tests_fuzz_fuzz_bgp_LDADD = core/bgp/libbgp.la $(BASE_LIBS) $(UV_LIBS)
endif
