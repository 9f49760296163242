noinst_LTLIBRARIES += core/libplugins.la
core_libplugins_la_SOURCES = core/plugins.c core/plugins.h
