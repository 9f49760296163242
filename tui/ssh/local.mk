# SSH to other gateways: the one room that knows libssh.
noinst_LTLIBRARIES += tui/ssh/libtsssh.la
tui_ssh_libtsssh_la_SOURCES = \
	tui/ssh/attempt.c tui/ssh/attempt.h \
	tui/ssh/hop.c \
	tui/ssh/identities.c \
	tui/ssh/link.c \
	tui/ssh/login.c \
	tui/ssh/pump.c \
	tui/ssh/route.c \
	tui/ssh/ssh.h tui/ssh/ssh_internal.h \
	tui/ssh/trust.c \
	tui/ssh/turn.c
SITES_LIBS = tui/ssh/libtsssh.la $(LIBSSH_LIBS) -lpthread
