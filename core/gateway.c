// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The gateway's life: read the configuration, open the rooms from the ground up, run the loop, close them in
 * the opposite order. Rooms don't know each other; what one tells another passes through here.
 *
 *   control (the socket: a second gateway is noticed before anything is touched) -> journal -> data plane ->
 * IKE
 *   -> routing -> BGP -> connections and tunnels
 *
 * A failure on the way up says what is wrong in one line and leaves nothing behind. SIGTERM and SIGINT end
 * the loop; the peers are told (NOTIFICATION, Delete), routes and interfaces go. SIGHUP reloads
 * (gateway_reload.c).
 */
#include "core/gateway_bgp_internal.h"
#include "core/gateway_configure_internal.h"
#include "core/gateway_mtu_internal.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/base/file.h"

/* How many events of earlier runs a console can look back on at once. */
#define EVENTS_REMEMBERED 1000
/* So many of its networks the gateway's row names: a row must fit into a line of the control protocol. */
#define NETWORKS_SHOWN 1000
/* How long prefixes that a killed run protected stay unreachable until somebody claims them. */
#define HOST_EVERY_S 60
#define CERTIFICATES_EVERY_S 3600
#define LEFTOVER_HOLD_MS 30000

/* --- events ------------------------------------------------------------------------------------ */

static void
event_text(struct gateway *gateway, const char *severity, const char *kind, const char *subject,
	   const char *const *fields, const char *format, va_list args)
{
	const struct model_shape *shape = model_kind_info(MODEL_KIND_EVENT)->shape;
	struct model_event event;
	char text[512], clean[512];

	vsnprintf(text, sizeof(text), format, args);
	text_clean(clean, sizeof(clean), text);
	model_row_init(shape, &event);
	model_set(&event.severity, severity);
	model_set(&event.kind, kind);
	model_set(&event.subject, subject);
	model_set(&event.text, clean);
	for (; fields != NULL && fields[0] != NULL; fields += 2) {
		if (fields[1] != NULL && fields[1][0] != '\0')
			model_map_add(&event.fields, fields[0], fields[1]);
	}
	model_store_event(gateway->store, &event);
	model_row_clear(shape, &event);
}

void
gateway_event(struct gateway *gateway, const char *severity, const char *kind, const char *subject,
	      const char *format, ...)
{
	va_list args;

	va_start(args, format);
	event_text(gateway, severity, kind, subject, NULL, format, args);
	va_end(args);
}

void
gateway_event_fields(struct gateway *gateway, const char *severity, const char *kind, const char *subject,
		     const char *const *fields, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	event_text(gateway, severity, kind, subject, fields, format, args);
	va_end(args);
}

/* Notes the last event of a connection or its tunnels on the connection's row. */
static void
note_on_connection(struct gateway *gateway, const struct model_event *event)
{
	struct gateway_connection *connection = gateway_connection_find(gateway, event->subject);

	if (connection == NULL) {
		struct gateway_tunnel *tunnel = gateway_tunnel_find(gateway, event->subject);

		connection = tunnel != NULL ? tunnel->connection : NULL;
	}
	if (connection == NULL)
		return;
	model_set(&connection->row.last_event, event->text);
	connection->row.last_event_at = event->at;
}

/* Every event also goes to the log (but debugging) and the journal. */
static void
on_store_changed(void *context, enum model_kind kind, const void *row, uint64_t fields)
{
	struct gateway *gateway = context;
	const struct model_event *event = row;
	enum log_level level = LOG_LEVEL_INFO;

	if (kind != MODEL_KIND_EVENT || event->severity == NULL || gateway->remembering)
		return;
	if (strcmp(event->severity, "error") == 0)
		level = LOG_LEVEL_ERROR;
	else if (strcmp(event->severity, "warning") == 0)
		level = LOG_LEVEL_WARNING;
	else if (strcmp(event->severity, "debug") == 0)
		level = LOG_LEVEL_DEBUG;
	log_write(level, event->subject != NULL ? event->subject : "gateway", "%s", event->text);
	if (event->subject != NULL && level != LOG_LEVEL_DEBUG && strcmp(event->kind, "ike.log") != 0)
		note_on_connection(gateway, event);
	if (gateway->journal != NULL && level != LOG_LEVEL_DEBUG)
		journal_append(gateway->journal, event);
}

/* --- the rooms that need more than one call ---------------------------------------------------- */

static bool
open_ike(struct gateway *gateway, struct error *err)
{
	struct ike_options options = {
	    .ops = gateway->plane_ops,
	    .plane = gateway->plane,
	    .event = gateway_on_ike,
	    .context = gateway,
	    .log_level = gateway->options->verbose > 1 ? 2 : 1,
	};
	struct ike *ike;

	if (!ike_check_layout(err))
		return false;
	ike = ike_open(&gateway->loop, &options, err);
	atomic_store(&gateway->ike, ike);
	return ike != NULL;
}

static void
on_routing_event(void *context, const char *severity, const char *kind, const char *subject, const char *text)
{
	gateway_event(context, severity, kind, subject, "%s", text);
}

static bool
open_routing(struct gateway *gateway, struct error *err)
{
	struct routing_options options = {
	    .install = gateway->config->install_routes,
	    .event = on_routing_event,
	    .changed = gateway_on_route,
	    .interface_lost = gateway_on_interface_lost,
	    .reach_changed = gateway_on_reach_changed,
	    .leftover_hold_ms = LEFTOVER_HOLD_MS,
	    .keep = gateway->restart.happened,
	    .context = gateway,
	};

	gateway->routing = routing_open(&gateway->loop, &options, err);
	return gateway->routing != NULL;
}

static bool
open_connections(struct gateway *gateway, struct error *err)
{
	const struct config *config = gateway->config;

	for (size_t i = 0; i < config->connection_count; i++) {
		if (!gateway_connection_open(gateway, &config->connections[i], 0, NULL, err))
			return false;
	}
	return true;
}

static bool
start_tunnels(struct gateway *gateway, struct error *err)
{
	gateway_kept_load(gateway);
	for (size_t i = 0; i < gateway->tunnel_count; i++) {
		if (!gateway_tunnel_dial(gateway->tunnels[i], err))
			return false;
	}
	for (size_t i = 0; i < gateway->connection_count; i++)
		gateway_connection_publish(gateway->connections[i]);
	return true;
}

void
gateway_show_networks(struct gateway *gateway)
{
	const struct config_prefixes *networks = &gateway->config->networks;
	char text[IP_PREFIX_TEXT];

	text_list_free(&gateway->row.networks);
	for (size_t i = 0; i < networks->count && i < NETWORKS_SHOWN; i++)
		text_list_add(&gateway->row.networks, ip_prefix_format(&networks->items[i], text));
	if (networks->count > NETWORKS_SHOWN) {
		char more[48];

		snprintf(more, sizeof(more), "and %zu more", networks->count - NETWORKS_SHOWN);
		text_list_add(&gateway->row.networks, more);
	}
}

static void
open_row(struct gateway *gateway)
{
	const struct config *config = gateway->config;
	char text[IP_PREFIX_TEXT];

	model_row_init(model_kind_info(MODEL_KIND_GATEWAY)->shape, &gateway->row);
	model_set(&gateway->row.name, config->name);
	model_set(&gateway->row.role, config_role_name(config->role));
	gateway->row.asn = config->asn;
	model_set(&gateway->row.router_id, ip_address_format(&config->router_id, text));
	model_set(&gateway->row.outside, ip_address_format(&config->outside, text));
	model_set(&gateway->row.version, TWINSPAN_VERSION);
	model_set(&gateway->row.config_file, gateway->options->config);
	gateway->row.started_at = gateway->row.config_loaded_at = clock_wall();
	gateway->row.reloads = 0;
	gateway_show_networks(gateway);
}

static void
on_journal_trouble(void *context, const char *severity, const char *kind, const char *text)
{
	struct gateway *gateway = context;

	gateway_event(gateway, severity, kind, gateway->config->name, "%s", text);
}

static bool
remember(void *context, const struct model_event *event)
{
	model_store_event_mirror(context, event);
	return true;
}

/* Opens the journal and brings back the events of earlier runs, so that the console has a past. */
static void
open_journal(struct gateway *gateway)
{
	struct journal_options options = {
	    .folder = gateway->options->state_dir,
	    .trouble = on_journal_trouble,
	    .context = gateway,
	};
	struct error err;

	gateway->journal = journal_open(&gateway->loop, &options, &err);
	if (gateway->journal != NULL) {
		gateway->remembering = true;
		if (journal_recent(gateway->journal, EVENTS_REMEMBERED, remember, gateway->store, &err)) {
			gateway->remembering = false;
			return;
		}
		gateway->remembering = false;
	}
	gateway_event(gateway, "warning", "journal.failed", gateway->config->name,
		      "events of other runs are not at hand: %s", err.text);
}

/* --- signals and the clock --------------------------------------------------------------------- */

/* The loop still runs for a while, in which rooms close that clients ask about. */
static void
begin_to_stop(struct gateway *gateway)
{
	gateway->stopping = true;
	if (gateway->server != NULL)
		control_server_stop(gateway->server);
}

static void
on_signal(uv_signal_t *handle, int number)
{
	struct gateway *gateway = handle->data;

	if (number == SIGHUP) {
		gateway_reload_file(gateway);
		return;
	}
	gateway_event(gateway, "notice", "gateway.stop", gateway->config->name, "stopping (%s)",
		      gateway->leaving    ? "the kernel's routes stay for a restart"
		      : number == SIGTERM ? "SIGTERM"
					  : "SIGINT");
	begin_to_stop(gateway);
	uv_stop(&gateway->loop);
}

static void
on_second(uv_timer_t *handle)
{
	struct gateway *gateway = handle->data;

	gateway_tick(gateway);
	gateway_waiting_tick(gateway);
	gateway_protect_tick(gateway);
	gateway_records_tick(gateway);
	gateway_changes_tick(gateway);
	gateway_interfaces_tick(gateway);
	gateway_usage_tick(gateway);
	gateway_restart_tick(gateway);
	gateway->seconds++;
	if (gateway->seconds % HOST_EVERY_S == 0)
		gateway_host_watch(gateway);
	if (gateway->seconds % CERTIFICATES_EVERY_S == 0)
		gateway_certificates_look(gateway);
	/* last, of what the others have just published */
	history_sample(gateway->history, gateway->store, clock_monotonic(), clock_wall());
	history_tell(gateway->history, gateway->store);
}

/* Tells systemd (sd_notify(3)'s protocol: one datagram to NOTIFY_SOCKET), where it asked to be told. */
static void
notify_ready(void)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	static const char text[] = "READY=1";
	size_t length = path != NULL ? strlen(path) : 0;
	int fd;

	if (length == 0 || length >= sizeof(to.sun_path) || (path[0] != '/' && path[0] != '@'))
		return;
	memcpy(to.sun_path, path, length);
	if (path[0] == '@')
		to.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	if (sendto(fd, text, sizeof(text) - 1, MSG_NOSIGNAL, (struct sockaddr *)&to,
		   (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)) < 0)
		log_warning("gateway", "systemd could not be told: %s", strerror(errno));
	close(fd);
}

/* --- life -------------------------------------------------------------------------------------- */

static bool
open_rooms(struct gateway *gateway, struct error *err)
{
	gateway->server = control_server_open(&gateway->loop, gateway->options->socket, gateway->store, err);
	if (gateway->server == NULL)
		return false;
	open_journal(gateway);
	gateway_events_open(gateway);
	gateway_restart_open(gateway);
	if (!gateway_plane_open(gateway, err) || !open_ike(gateway, err) || !open_routing(gateway, err) ||
	    !gateway_bgp_open(gateway, err) || !open_connections(gateway, err) ||
	    !gateway_routes_open(gateway, err) || !gateway_liveness_open(gateway, err))
		return false;
	gateway_usage_open(gateway);
	return start_tunnels(gateway, err);
}

static void
close_rooms(struct gateway *gateway)
{
	begin_to_stop(gateway);
	uv_timer_stop(
	    &gateway->second); /* the loop runs once more below, and the rooms that it asks are gone */
	gateway_waiting_close(gateway);
	gateway_interfaces_close(gateway); /* the loop may run in it: all is open still */
	gateway_reload_close(gateway);
	gateway_drill_close(gateway);
	gateway_usage_close(gateway);
	for (size_t i = 0; i < gateway->connection_count; i++)
		failover_free(gateway->connections[i]->failover);
	gateway_liveness_close(gateway);
	if (gateway->bgp != NULL) {
		(gateway->leaving ? bgp_speaker_leave : bgp_speaker_close)(gateway->bgp);
		uv_run(&gateway->loop, UV_RUN_NOWAIT); /* NOTIFICATIONs leave through the tunnels */
	}
	ike_close(atomic_exchange(&gateway->ike, NULL));
	gateway_restart_close(gateway);
	if (gateway->plane != NULL)
		gateway->plane_ops->close(gateway->plane);
	while (gateway->connection_count != 0)
		gateway_connection_free(gateway->connections[gateway->connection_count - 1]);
	free(gateway->connections);
	free(gateway->tunnels);
	free(gateway->tunnel_ids);
	free(gateway->doomed);
	if (gateway->journal != NULL)
		journal_close(gateway->journal);
	gateway->journal = NULL;
	if (gateway->server != NULL)
		control_server_close(gateway->server);
}

static void
open_loop(struct gateway *gateway)
{
	static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};

	uv_loop_init(&gateway->loop);
	gateway->store = model_store_new();
	gateway->history = history_new();
	history_provide(gateway->history, gateway->store);
	gateway->watch = (struct model_watch){.changed = on_store_changed, .context = gateway};
	model_store_watch(gateway->store, &gateway->watch);
	for (size_t i = 0; i < COUNT_OF(numbers); i++) {
		uv_signal_init(&gateway->loop, &gateway->signals[i]);
		gateway->signals[i].data = gateway;
		uv_signal_start(&gateway->signals[i], on_signal, numbers[i]);
	}
	uv_timer_init(&gateway->loop, &gateway->second);
	gateway->second.data = gateway;
	uv_timer_init(&gateway->loop, &gateway->looking);
	gateway->looking.data = gateway;
	gateway_mtu_probe_open(gateway);
	gateway_turns_open(gateway);
}

static void
close_loop(struct gateway *gateway)
{
	for (size_t i = 0; i < COUNT_OF(gateway->signals); i++)
		uv_close((uv_handle_t *)&gateway->signals[i], NULL);
	uv_close((uv_handle_t *)&gateway->second, NULL);
	uv_close((uv_handle_t *)&gateway->looking, NULL);
	gateway_mtu_probe_close(gateway);
	gateway_turns_close(gateway);
	uv_run(&gateway->loop, UV_RUN_DEFAULT);
	uv_loop_close(&gateway->loop);
	model_store_unwatch(gateway->store, &gateway->watch);
	model_store_free(gateway->store);
	history_free(gateway->history);
	model_row_clear(model_kind_info(MODEL_KIND_GATEWAY)->shape, &gateway->row);
	config_free(gateway->config);
	gateway_source_free(&gateway->source);
}

/* `source` (may be NULL) is given the text: that of the file, or `instead` (may be NULL; taken). */
static struct config *
load(const char *file, struct gateway_source *instead, struct gateway_source *source)
{
	struct config_findings findings = {0};
	struct gateway_source read = {0};
	struct config *config = NULL;

	if (instead != NULL)
		read = *instead;
	else
		read.text = config_read(file, &read.length, &findings);
	if (read.text != NULL)
		config = config_parse(file, read.text, read.length, &findings);
	config_findings_print(&findings, file, stderr);
	config_findings_free(&findings);
	if (source != NULL && config != NULL)
		*source = read;
	else
		gateway_source_free(&read);
	return config;
}

/* What the gateway runs: the file, unless that was applied and nobody confirmed it. */
static void
load_own(struct gateway *gateway)
{
	const struct gateway_options *options = gateway->options;
	struct gateway_source former;

	if (gateway_unconfirmed_read(options, &former)) {
		gateway->config = load(options->config, &former, &gateway->source);
		gateway->unconfirmed = gateway->config != NULL;
	}
	if (gateway->config == NULL)
		gateway->config = load(options->config, NULL, &gateway->source);
}

static void
limit_process(void)
{
	struct rlimit no_core = {0, 0};

	/* secrets must not reach a core dump, nor be read by another process of the same user */
	setrlimit(RLIMIT_CORE, &no_core);
	prctl(PR_SET_DUMPABLE, 0);
	file_allow_many();
}

int
gateway_run(const struct gateway_options *options)
{
	struct gateway *gateway = memory_zeroed(1, sizeof(*gateway));
	struct error err = {""};
	int code = 0;

	gateway->options = options;
	gateway->restart.file = -1;
	log_set_level(options->verbose > 0 ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);
	load_own(gateway);
	if (gateway->config == NULL) {
		free(gateway);
		return 1;
	}
	limit_process();
	memory_join_at_once();
	signal(SIGPIPE, SIG_IGN);
	open_loop(gateway);
	open_row(gateway);
	gateway_reload_open(gateway);
	if (open_rooms(gateway, &err)) {
		gateway_commands_register(gateway);
		gateway_plane_read(gateway);
		gateway_publish(gateway);
		gateway_event(gateway, "notice", "gateway.start", gateway->config->name,
			      "twinspan " TWINSPAN_VERSION " started: %zu connection%s, data plane %s",
			      gateway->connection_count, PLURAL(gateway->connection_count, "s"),
			      gateway->row.dataplane);
		if (gateway->unconfirmed)
			gateway_event(gateway, "warning", "config.reverted", gateway->config->name,
				      "the last change of the configuration was not confirmed before the "
				      "gateway ended: the former one is in force; 'twinspan reload' takes "
				      "over what is in the file");
		gateway_rotation_sync(gateway);
		gateway_host_watch(gateway);
		gateway_certificates_look(gateway);
		uv_timer_start(&gateway->second, on_second, 1000, 1000);
		gateway_turns_start(gateway);
		notify_ready();
		uv_run(&gateway->loop, UV_RUN_DEFAULT);
	} else {
		fprintf(stderr, "twinspan: %s\n", err.text);
		code = 1;
	}
	close_rooms(gateway);
	close_loop(gateway);
	free(gateway);
	return code;
}

static void
warn_of_host(void *context, const char *text)
{
	fprintf(stderr, "%s:1:1: warning: %s\n", (const char *)context, text);
}

int
gateway_check(const char *file)
{
	struct config *config = load(file, NULL, NULL);
	char name[512];

	if (config == NULL)
		return 1;
	gateway_host_look(config, warn_of_host, (void *)text_clean(name, sizeof(name), file));
	puts("ok");
	config_free(config);
	return 0;
}
