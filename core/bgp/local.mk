noinst_LTLIBRARIES += core/bgp/libbgp.la
core_bgp_libbgp_la_SOURCES = core/bgp/bgp.h \
	core/bgp/aggregate.c core/bgp/aggregate_attributes.c core/bgp/origin_internal.h core/bgp/tally.c \
	core/bgp/adj_out.c core/bgp/adj_out_internal.h core/bgp/adj_out_write.c \
	core/bgp/adj_paths.c \
	core/bgp/attributes.c core/bgp/attributes_internal.h \
	core/bgp/attributes_read.c core/bgp/attributes_read_internal.h core/bgp/attributes_values.c \
	core/bgp/attributes_text.c \
	core/bgp/attributes_write.c \
	core/bgp/bmp.c core/bgp/bmp_internal.h core/bgp/bmp_messages.c core/bgp/bmp_rows.c \
	core/bgp/bmp_tell.c \
	core/bgp/changes.c \
	core/bgp/condition.c \
	core/bgp/decision.c \
	core/bgp/deferral.c \
	core/bgp/drops.c \
	core/bgp/dynamic.c \
	core/bgp/export.c \
	core/bgp/fsm.c \
	core/bgp/handshake.c \
	core/bgp/chronicle.c core/bgp/chronicle_internal.h core/bgp/chronicle_text.c \
	core/bgp/limits.c \
	core/bgp/link_local.c \
	core/bgp/mrt_dump.c core/bgp/mrt_file.c core/bgp/mrt_internal.h core/bgp/mrt_log.c \
	core/bgp/multiprotocol.c \
	core/bgp/networks.c \
	core/bgp/next_hops.c \
	core/bgp/open.c \
	core/bgp/order.c \
	core/bgp/path_view.c \
	core/bgp/peer.c core/bgp/peer_internal.h core/bgp/peer_accept.c core/bgp/peer_config.c core/bgp/peer_steer.c \
	core/bgp/policy.c core/bgp/policy_apply.c core/bgp/policy_internal.h core/bgp/policy_preview.c \
	core/bgp/peer_status.c \
	core/bgp/restart.c \
	core/bgp/rib.c core/bgp/rib_internal.h core/bgp/rib_rounds.c core/bgp/rib_rounds_internal.h \
	core/bgp/role.c \
	core/bgp/session.c core/bgp/session_internal.h \
	core/bgp/socket.c \
	core/bgp/speaker.c core/bgp/speaker_internal.h core/bgp/speaker_turns.c \
	core/bgp/text.c \
	core/bgp/transport.c \
	core/bgp/update.c core/bgp/update_rest.c \
	core/bgp/walk.c \
	core/bgp/wire.c core/bgp/wire_internal.h
core_bgp_libbgp_la_LIBADD = core/policy/libpolicy.la
