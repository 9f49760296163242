noinst_LTLIBRARIES += core/bgp/libbgp.la
core_bgp_libbgp_la_SOURCES = core/bgp/bgp.h \
	core/bgp/adj_out.c \
	core/bgp/attributes.c core/bgp/attributes_internal.h \
	core/bgp/attributes_read.c \
	core/bgp/attributes_write.c \
	core/bgp/decision.c \
	core/bgp/fsm.c \
	core/bgp/peer.c \
	core/bgp/rib.c core/bgp/rib_internal.h \
	core/bgp/session.c \
	core/bgp/speaker.c core/bgp/speaker_internal.h \
	core/bgp/text.c \
	core/bgp/transport.c \
	core/bgp/trie.c core/bgp/trie_internal.h \
	core/bgp/vector.c core/bgp/vector_internal.h \
	core/bgp/walk.c \
	core/bgp/wire.c core/bgp/wire_internal.h
