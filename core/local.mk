noinst_LTLIBRARIES += core/libplugins.la core/libgateway.la core/libimporter.la core/libexporter.la
core_libplugins_la_SOURCES = core/plugins.c core/plugins.h
core_libimporter_la_SOURCES = core/importer.c core/importer.h
core_libexporter_la_SOURCES = core/exporter.c core/exporter.h core/exporter_view.c
core_libgateway_la_SOURCES = \
	core/gateway.c core/gateway_internal.h core/gateway_bgp_internal.h core/gateway_configure_internal.h core/gateway_mtu_internal.h core/gateway_operator_internal.h \
	core/gateway_apply.c core/gateway_apply_changes.c core/gateway_certificates.c core/gateway_commands.c core/gateway_configure.c core/gateway_damping.c core/gateway_dial.c core/gateway_drill.c \
	core/gateway_drills.c core/gateway_dry_run.c core/gateway_events.c core/gateway_explain.c core/gateway_explain_internal.h \
	core/gateway_explain_prefix.c core/gateway_explain_traffic.c core/gateway_explain_tunnel.c core/gateway_guard.c core/gateway_heritage.c core/gateway_host.c \
	core/gateway_ike.c core/gateway_interfaces.c core/gateway_kept.c core/gateway_liveness.c core/gateway_liveness_internal.h core/gateway_silence.c core/gateway_move.c core/gateway_mtu.c \
	core/gateway_mtu_probe.c core/gateway_operator.c core/gateway_plan.c core/gateway_plane.c core/gateway_policy.c core/gateway_protect.c core/gateway_changes.c core/gateway_records.c \
	core/gateway_reload.c core/gateway_reload_answers.c core/gateway_reload_confirm.c core/gateway_reload_drain.c core/gateway_reload_internal.h core/gateway_reload_return.c \
	core/gateway_restart.c core/gateway_rotate.c core/gateway_routes.c core/gateway_routes_named.c core/gateway_sessions.c core/gateway_switchover.c core/gateway_unconfirmed.c \
	core/gateway_waiting.c \
	core/gateway_tables.c core/gateway_tables_internal.h core/gateway_tables_page.c core/gateway_tables_peers.c core/gateway_tables_routes.c \
	core/gateway_tables_rows.c core/gateway_tunnels.c core/gateway_turns.c core/gateway_usage.c
# The whole gateway, for what links it: the rooms it puts together, then what they stand on.
GATEWAY_LIBS = core/libgateway.la core/libimporter.la core/libexporter.la core/libplugins.la \
	core/control/libcontrol.la core/journal/libjournal.la core/failover/libfailover.la core/bfd/libbfd.la core/health/libhealth.la \
	core/routing/librouting.la core/bgp/libbgp.la core/ike/libike.la core/config/libconfig.la \
	$(MODEL_LIBS) $(CHARON_LIBS) $(CRYPTO_LIBS) $(SQLITE_LIBS) $(MNL_LIBS) $(YAML_LIBS) $(UV_LIBS)
