noinst_LTLIBRARIES += core/failover/libfailover.la
core_failover_libfailover_la_SOURCES = \
	core/failover/arrival.c core/failover/choice.c core/failover/progress.c core/failover/failover.c core/failover/failover.h core/failover/failover_internal.h \
	core/failover/operator.c core/failover/watch.c
