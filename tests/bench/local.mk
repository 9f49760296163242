noinst_PROGRAMS += tests/bench/bgp_speaker
tests_bench_bgp_speaker_SOURCES = tests/bench/bgp_speaker.c
tests_bench_bgp_speaker_LDADD = core/bgp/libbgp.la $(BASE_LIBS) $(UV_LIBS)
