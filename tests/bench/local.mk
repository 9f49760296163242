noinst_PROGRAMS += tests/bench/bgp_speaker
tests_bench_bgp_speaker_SOURCES = tests/bench/bgp_speaker.c
tests_bench_bgp_speaker_LDADD = core/bgp/libbgp.la $(BASE_LIBS) $(UV_LIBS)

# What tests/bench/console runs: a canned gateway, and a module that makes time pass quickly.
noinst_PROGRAMS += tests/bench/console_gateway
tests_bench_console_gateway_SOURCES = tests/bench/console_gateway.c
tests_bench_console_gateway_LDADD = $(CONSOLE_LIBS)
check_LTLIBRARIES += tests/bench/quick_clock.la
tests_bench_quick_clock_la_SOURCES = tests/bench/quick_clock.c
tests_bench_quick_clock_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared -rpath $(plugindir)
