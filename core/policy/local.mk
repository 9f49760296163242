noinst_LTLIBRARIES += core/policy/libpolicy.la
core_policy_libpolicy_la_SOURCES = core/policy/policy.h \
	core/policy/as_path.c core/policy/conditions.c \
	core/policy/communities.c \
	core/policy/policy_internal.h \
	core/policy/prefixes.c \
	core/policy/rules.c \
	core/policy/sets.c \
	core/policy/text.c
