noinst_LTLIBRARIES += core/health/libhealth.la
core_health_libhealth_la_SOURCES = \
	core/health/damping.c core/health/damping.h \
	core/health/health.c core/health/health.h \
	core/health/mtu_probing.c core/health/mtu_probing.h \
	core/health/prober.c core/health/prober.h \
	core/health/probing.c core/health/probing.h \
	core/health/traffic.c core/health/traffic.h
core_health_libhealth_la_LIBADD = $(UV_LIBS)
