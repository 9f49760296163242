if FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_esp
endif
tests_fuzz_fuzz_esp_SOURCES = tests/fuzz/fuzz_esp.c
tests_fuzz_fuzz_esp_CFLAGS = $(AM_CFLAGS) -fsanitize=address,undefined
tests_fuzz_fuzz_esp_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer,address,undefined
tests_fuzz_fuzz_esp_LDADD = plugins/libuserspace.la $(BASE_LIBS) $(CRYPTO_LIBS)
