# The plane without its module, for its tests and the fuzzer.
noinst_LTLIBRARIES += plugins/libuserspace.la
plugins_libuserspace_la_SOURCES = \
	plugins/dataplane_userspace/batch.c \
	plugins/dataplane_userspace/checksum.c \
	plugins/dataplane_userspace/coalesce.c \
	plugins/dataplane_userspace/counters.c \
	plugins/dataplane_userspace/decrypt.c \
	plugins/dataplane_userspace/deliver.c \
	plugins/dataplane_userspace/device_drops.c \
	plugins/dataplane_userspace/encrypt.c \
	plugins/dataplane_userspace/esp.c \
	plugins/dataplane_userspace/fragment.c \
	plugins/dataplane_userspace/mss.c \
	plugins/dataplane_userspace/packet.c plugins/dataplane_userspace/packet.h \
	plugins/dataplane_userspace/path_mtu.c \
	plugins/dataplane_userspace/path_watch.c \
	plugins/dataplane_userspace/hold.c \
	plugins/dataplane_userspace/hot.c \
	plugins/dataplane_userspace/inbox.c \
	plugins/dataplane_userspace/jobs.c \
	plugins/dataplane_userspace/parallel.h \
	plugins/dataplane_userspace/offload.h \
	plugins/dataplane_userspace/plane.c \
	plugins/dataplane_userspace/ports.h \
	plugins/dataplane_userspace/policy.c \
	plugins/dataplane_userspace/queue.c \
	plugins/dataplane_userspace/replay.c \
	plugins/dataplane_userspace/rows.c \
	plugins/dataplane_userspace/sa.c plugins/dataplane_userspace/sa.h \
	plugins/dataplane_userspace/segment.c \
	plugins/dataplane_userspace/selectors.c \
	plugins/dataplane_userspace/socket.c \
	plugins/dataplane_userspace/stages.h \
	plugins/dataplane_userspace/steer.c \
	plugins/dataplane_userspace/suite.h \
	plugins/dataplane_userspace/suite_aead.c \
	plugins/dataplane_userspace/suite_cbc.c \
	plugins/dataplane_userspace/suites.c \
	plugins/dataplane_userspace/too_big.c \
	plugins/dataplane_userspace/tos.c \
	plugins/dataplane_userspace/tun.c \
	plugins/dataplane_userspace/tunnel.c \
	plugins/dataplane_userspace/userspace.h \
	plugins/dataplane_userspace/worker.c
plugins_libuserspace_la_LIBADD = core/base/libnetlink.la $(IPSEC_MB_LIBS) $(MNL_LIBS)
if IPSEC_MB
plugins_libuserspace_la_SOURCES += \
	plugins/dataplane_userspace/suite_mb.c plugins/dataplane_userspace/suite_mb.h \
	plugins/dataplane_userspace/suite_mb_aead.c \
	plugins/dataplane_userspace/suite_mb_cbc.c
else
plugins_libuserspace_la_SOURCES += plugins/dataplane_userspace/suite_mb_none.c
endif

plugin_LTLIBRARIES += plugins/dataplane_userspace.la
plugins_dataplane_userspace_la_SOURCES =
plugins_dataplane_userspace_la_LIBADD = plugins/libuserspace.la $(BASE_LIBS) $(CRYPTO_LIBS)
plugins_dataplane_userspace_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared

# The kernel's plane without its module, for its tests and the fuzzer.
noinst_LTLIBRARIES += plugins/libkernel.la
plugins_libkernel_la_SOURCES = \
	plugins/dataplane_kernel/clamp.c \
	plugins/dataplane_kernel/counters.c \
	plugins/dataplane_kernel/kernel.h \
	plugins/dataplane_kernel/leftovers.c \
	plugins/dataplane_kernel/link.c \
	plugins/dataplane_kernel/messages.c \
	plugins/dataplane_kernel/own.c \
	plugins/dataplane_kernel/plane.c \
	plugins/dataplane_kernel/probe.c \
	plugins/dataplane_kernel/tunnel.c
plugins_libkernel_la_LIBADD = core/base/libnetlink.la

plugin_LTLIBRARIES += plugins/dataplane_kernel.la
plugins_dataplane_kernel_la_SOURCES =
plugins_dataplane_kernel_la_LIBADD = plugins/libkernel.la $(BASE_LIBS) $(MNL_LIBS)
plugins_dataplane_kernel_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared

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
	plugins/import_aws/finish.c \
	plugins/import_aws/import_aws.c plugins/import_aws/import_aws.h \
	plugins/import_aws/json.c \
	plugins/import_aws/model.c \
	plugins/import_aws/settings.c \
	plugins/import_aws/text.c \
	plugins/import_aws/write.c \
	plugins/import_aws/xml.c
plugins_libimportaws_la_CFLAGS = $(AM_CFLAGS) $(EXPAT_CFLAGS)

plugin_LTLIBRARIES += plugins/import_aws.la
plugins_import_aws_la_SOURCES = plugins/import_aws/module.c
plugins_import_aws_la_LIBADD = plugins/libimportaws.la $(BASE_LIBS) $(JANSSON_LIBS) $(EXPAT_LIBS)
plugins_import_aws_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared

# The exporters without their modules, for their tests.
noinst_LTLIBRARIES += plugins/libexporters.la
plugins_libexporters_la_SOURCES = \
	plugins/export_aws_cli/algorithms.c \
	plugins/export_aws_cli/export_aws_cli.c plugins/export_aws_cli/export_aws_cli.h \
	plugins/export_aws_cli/options.c \
	plugins/export_bird/export_bird.c plugins/export_bird/export_bird.h \
	plugins/export_frr/export_frr.c plugins/export_frr/export_frr.h \
	plugins/export_swanctl/export_swanctl.c plugins/export_swanctl/export_swanctl.h

plugin_LTLIBRARIES += plugins/export_aws_cli.la plugins/export_bird.la plugins/export_frr.la plugins/export_swanctl.la
EXPORTER_LIBS = plugins/libexporters.la $(BASE_LIBS)
plugins_export_aws_cli_la_SOURCES = plugins/export_aws_cli/module.c
plugins_export_aws_cli_la_LIBADD = $(EXPORTER_LIBS)
plugins_export_aws_cli_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared
plugins_export_bird_la_SOURCES = plugins/export_bird/module.c
plugins_export_bird_la_LIBADD = $(EXPORTER_LIBS)
plugins_export_bird_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared
plugins_export_frr_la_SOURCES = plugins/export_frr/module.c
plugins_export_frr_la_LIBADD = $(EXPORTER_LIBS)
plugins_export_frr_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared
plugins_export_swanctl_la_SOURCES = plugins/export_swanctl/module.c
plugins_export_swanctl_la_LIBADD = $(EXPORTER_LIBS)
plugins_export_swanctl_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared
