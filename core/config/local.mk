noinst_LTLIBRARIES += core/config/libconfig.la
core_config_libconfig_la_SOURCES = \
	core/config/append.c \
	core/config/certificate_check.c \
	core/config/certificate_files.c \
	core/config/certificates.c \
	core/config/check.c \
	core/config/check_identity.c \
	core/config/check_selectors.c \
	core/config/config.c core/config/config.h \
	core/config/config_internal.h \
	core/config/diff.c \
	core/config/findings.c \
	core/config/identities.c \
	core/config/mask.c \
	core/config/node.c \
	core/config/origin.c \
	core/config/passwords.c \
	core/config/proposals.c \
	core/config/read.c core/config/rotation.c \
	core/config/rules.c \
	core/config/schema.c \
	core/config/secret_files.c \
	core/config/secrets.c \
	core/config/unique.c \
	core/config/values.c core/config/values_address.c
core_config_libconfig_la_LIBADD = core/policy/libpolicy.la $(YAML_LIBS) $(CRYPTO_LIBS)
