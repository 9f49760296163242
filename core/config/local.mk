noinst_LTLIBRARIES += core/config/libconfig.la
core_config_libconfig_la_SOURCES = \
	core/config/append.c \
	core/config/check.c \
	core/config/config.c core/config/config.h \
	core/config/config_internal.h \
	core/config/diff.c \
	core/config/findings.c \
	core/config/mask.c \
	core/config/node.c \
	core/config/proposals.c \
	core/config/read.c \
	core/config/schema.c \
	core/config/secret_files.c \
	core/config/secrets.c \
	core/config/unique.c \
	core/config/values.c
core_config_libconfig_la_LIBADD = $(YAML_LIBS)
