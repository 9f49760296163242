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

# The importer without its module, for its tests and the fuzzers.
noinst_LTLIBRARIES += plugins/libimportaws.la
plugins_libimportaws_la_SOURCES = \
	plugins/import_aws/algorithms.c \
	plugins/import_aws/import_aws.c plugins/import_aws/import_aws.h \
	plugins/import_aws/json.c \
	plugins/import_aws/model.c \
	plugins/import_aws/text.c \
	plugins/import_aws/write.c \
	plugins/import_aws/xml.c
plugins_libimportaws_la_CFLAGS = $(AM_CFLAGS) $(EXPAT_CFLAGS)

plugin_LTLIBRARIES += plugins/import_aws.la
plugins_import_aws_la_SOURCES = plugins/import_aws/module.c
plugins_import_aws_la_LIBADD = plugins/libimportaws.la $(BASE_LIBS) $(JANSSON_LIBS) $(EXPAT_LIBS)
plugins_import_aws_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared
