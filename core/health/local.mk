noinst_LTLIBRARIES += core/health/libhealth.la
core_health_libhealth_la_SOURCES = core/health/health.c core/health/health.h
