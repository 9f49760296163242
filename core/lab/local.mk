noinst_LTLIBRARIES += core/lab/liblab.la
core_lab_liblab_la_SOURCES = \
	core/lab/files.c \
	core/lab/keeper.c \
	core/lab/lab.c core/lab/lab.h core/lab/lab_internal.h \
	core/lab/network.c \
	core/lab/process.c \
	core/lab/traffic.c
core_lab_liblab_la_LIBADD = $(BASE_LIBS) $(JANSSON_LIBS) -lm
