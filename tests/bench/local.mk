noinst_PROGRAMS += tests/bench/bgp_speaker
tests_bench_bgp_speaker_SOURCES = tests/bench/bgp_speaker.c tests/bench/bgp_speaker_policy.c tests/bench/bgp_speaker_policy.h
tests_bench_bgp_speaker_LDADD = core/bgp/libbgp.la core/routing/librouting.la $(BASE_LIBS) $(UV_LIBS) $(MNL_LIBS)

# What tests/bench/console runs: a canned gateway, and a module that makes time pass quickly.
noinst_PROGRAMS += tests/bench/console_gateway
tests_bench_console_gateway_SOURCES = tests/bench/console_gateway.c
tests_bench_console_gateway_LDADD = $(CONSOLE_LIBS)
check_LTLIBRARIES += tests/bench/quick_clock.la
tests_bench_quick_clock_la_SOURCES = tests/bench/quick_clock.c
tests_bench_quick_clock_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared -rpath $(plugindir)

# What tests/bench/bgp loads speakers with.
noinst_PROGRAMS += tests/bench/bgp_load
tests_bench_bgp_load_SOURCES = tests/bench/bgp_load.c tests/bench/bgp_load_messages.c \
	tests/bench/bgp_load_sessions.c tests/bench/bgp_load.h tests/bench/bgp_order.c tests/bench/bgp_order.h
tests_bench_bgp_load_LDADD = $(BASE_LIBS)
# The kernel's own cost of a table of routes, beside ours.
noinst_PROGRAMS += tests/bench/kernel_routes
tests_bench_kernel_routes_SOURCES = tests/bench/kernel_routes.c tests/bench/bgp_order.c tests/bench/bgp_order.h
tests_bench_kernel_routes_LDADD = core/base/libnetlink.la $(BASE_LIBS) $(MNL_LIBS)
