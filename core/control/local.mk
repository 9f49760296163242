noinst_LTLIBRARIES += core/control/libcontrol.la
core_control_libcontrol_la_SOURCES = \
	core/control/answers.c \
	core/control/bridge.c core/control/bridge.h core/control/bridge_internal.h core/control/bridge_user.c \
	core/control/client.c core/control/client.h core/control/client_internal.h core/control/client_state.h \
	core/control/client_input.c core/control/client_requests.c core/control/transport.h \
	core/control/commands.c core/control/commands.h \
	core/control/identity.c \
	core/control/listen.c core/control/listen.h \
	core/control/mirror.c \
	core/control/protocol.c core/control/protocol.h \
	core/control/query.c \
	core/control/request.c \
	core/control/roles.c \
	core/control/server.c core/control/server.h core/control/server_internal.h \
	core/control/session.c \
	core/control/versions.c \
	core/control/words.c
CONTROL_LIBS = core/control/libcontrol.la $(MODEL_LIBS) $(CRYPTO_LIBS) $(UV_LIBS)
