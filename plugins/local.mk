# The plane without its module, for its tests and the fuzzer.
noinst_LTLIBRARIES += plugins/libuserspace.la
plugins_libuserspace_la_SOURCES = \
	plugins/dataplane_userspace/counters.c \
	plugins/dataplane_userspace/crypto.c \
	plugins/dataplane_userspace/decrypt.c \
	plugins/dataplane_userspace/encrypt.c \
	plugins/dataplane_userspace/esp.c \
	plugins/dataplane_userspace/plane.c \
	plugins/dataplane_userspace/replay.c \
	plugins/dataplane_userspace/sa.c \
	plugins/dataplane_userspace/socket.c \
	plugins/dataplane_userspace/tun.c \
	plugins/dataplane_userspace/tunnel.c \
	plugins/dataplane_userspace/userspace.h \
	plugins/dataplane_userspace/worker.c

plugin_LTLIBRARIES += plugins/dataplane_userspace.la
plugins_dataplane_userspace_la_SOURCES =
plugins_dataplane_userspace_la_LIBADD = plugins/libuserspace.la $(BASE_LIBS) $(CRYPTO_LIBS)
plugins_dataplane_userspace_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared

plugin_LTLIBRARIES += plugins/probe_icmp.la plugins/probe_tcp.la
plugins_probe_icmp_la_SOURCES = plugins/probe_icmp/probe_icmp.c
plugins_probe_icmp_la_LIBADD = $(BASE_LIBS)
plugins_probe_icmp_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared
plugins_probe_tcp_la_SOURCES = plugins/probe_tcp/probe_tcp.c
plugins_probe_tcp_la_LIBADD = $(BASE_LIBS)
plugins_probe_tcp_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared
