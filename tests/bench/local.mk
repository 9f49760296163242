noinst_PROGRAMS += tests/bench/bgp_speaker
tests_bench_bgp_speaker_SOURCES = tests/bench/bgp_speaker.c
tests_bench_bgp_speaker_LDADD = core/bgp/libbgp.la $(BASE_LIBS) $(UV_LIBS)
noinst_PROGRAMS += tests/bench/console_latency
tests_bench_console_latency_SOURCES = tests/bench/console_latency.c tests/console/world.c tests/console/world.h
tests_bench_console_latency_CFLAGS = $(AM_CFLAGS) -DTEST_SOURCE='"$(abs_top_srcdir)"'
tests_bench_console_latency_LDADD = $(CONSOLE_LIBS) -lutil
