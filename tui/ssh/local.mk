# SSH to other gateways: the one room that knows libssh.
noinst_LTLIBRARIES += tui/ssh/libtsssh.la
tui_ssh_libtsssh_la_SOURCES = \
	tui/ssh/agent.c tui/ssh/agent.h \
	tui/ssh/agent_keys.c tui/ssh/agent_keys.h \
	tui/ssh/attempt.c tui/ssh/attempt.h \
	tui/ssh/carry.c \
	tui/ssh/config_lines.c tui/ssh/config_lines.h \
	tui/ssh/config_match.c \
	tui/ssh/configured.c tui/ssh/configured.h \
	tui/ssh/hop.c \
	tui/ssh/identities.c \
	tui/ssh/jump.c tui/ssh/jump.h \
	tui/ssh/keys.c \
	tui/ssh/known.c tui/ssh/known.h \
	tui/ssh/known_files.c \
	tui/ssh/link.c \
	tui/ssh/login.c tui/ssh/login.h \
	tui/ssh/pattern.c tui/ssh/pattern.h \
	tui/ssh/pump.c \
	tui/ssh/route.c \
	tui/ssh/ssh.h tui/ssh/ssh_internal.h \
	tui/ssh/stream.c tui/ssh/stream.h \
	tui/ssh/thread.c tui/ssh/thread.h \
	tui/ssh/tokens.c tui/ssh/tokens.h \
	tui/ssh/trust.c \
	tui/ssh/turn.c
SITES_LIBS = tui/ssh/libtsssh.la $(LIBSSH_LIBS) $(CRYPTO_LIBS) -lpthread
