noinst_LTLIBRARIES += core/bfd/libbfd.la
core_bfd_libbfd_la_SOURCES = \
	core/bfd/bfd.c core/bfd/bfd.h \
	core/bfd/bfd_internal.h \
	core/bfd/engine.h \
	core/bfd/machine.c \
	core/bfd/packet.c \
	core/bfd/session.c \
	core/bfd/socket.c
core_bfd_libbfd_la_LIBADD = $(UV_LIBS)
