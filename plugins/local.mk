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
