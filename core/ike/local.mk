noinst_LTLIBRARIES += core/ike/libike.la
core_ike_libike_la_SOURCES = \
	core/ike/certificate_failure.c \
	core/ike/configs.c \
	core/ike/credentials.c core/ike/duplicates.c \
	core/ike/events.c \
	core/ike/failure.c core/ike/failure.h \
	core/ike/ike.c core/ike/ike.h \
	core/ike/ike_internal.h \
	core/ike/jobs.c \
	core/ike/kernel_adaptor.c \
	core/ike/layout.c \
	core/ike/listener.c core/ike/listener_log.c \
	core/ike/registry.c core/ike/reports.c core/ike/rotation.c \
	core/ike/shared_keys.c \
	core/ike/socket_adaptor.c \
	core/ike/status.c \
	core/ike/strongswan_config.h \
	core/ike/suites.c core/ike/suites.h \
	core/ike/supervisor.c \
	core/ike/vendor_ids.c
core_ike_libike_la_CPPFLAGS = $(AM_CPPFLAGS) $(CHARON_CPPFLAGS)
# strongSwan adds printf specifiers of its own (%N, %H, %Y, %P, %R), which no compiler knows.
core_ike_libike_la_CFLAGS = $(AM_CFLAGS) -Wno-format -Wno-format-extra-args
# What a program needs that uses this room.
IKE_LIBS = core/ike/libike.la $(CHARON_LIBS) $(UV_LIBS) $(BASE_LIBS)
