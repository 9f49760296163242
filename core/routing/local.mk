noinst_LTLIBRARIES += core/routing/librouting.la
core_routing_librouting_la_SOURCES = \
	core/routing/audit.c \
	core/routing/groups.c \
	core/routing/guard.c \
	core/routing/hops.c \
	core/routing/interface.c \
	core/routing/leftovers.c \
	core/routing/messages.c \
	core/routing/monitor.c \
	core/routing/nexthops.c \
	core/routing/outside.c \
	core/routing/paths.c \
	core/routing/routing.c core/routing/routing.h core/routing/routing_internal.h \
	core/routing/sender.c \
	core/routing/sync.c \
	core/routing/table.c core/routing/table.h \
	core/routing/underlay.c
core_routing_librouting_la_LIBADD = core/base/libnetlink.la
