noinst_LTLIBRARIES += core/journal/libjournal.la
core_journal_libjournal_la_SOURCES = \
	core/journal/database.c \
	core/journal/journal.c core/journal/journal.h \
	core/journal/journal_internal.h \
	core/journal/usage.c core/journal/usage.h core/journal/usage_internal.h core/journal/usage_periods.c
core_journal_libjournal_la_LIBADD = $(SQLITE_LIBS) $(JANSSON_LIBS) $(UV_LIBS)
