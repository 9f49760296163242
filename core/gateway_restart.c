// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The gateway's own restart, gracefully (RFC 4724, RFC 8538): having been killed, or after `stop
 * --keep-routes`. Peers of `peers` with `graceful_restart: yes` keep our paths meanwhile, and the kernel goes
 * on forwarding by routes to them. The next run takes these routes over instead of removing them, and BGP
 * waits with what it tells until those peers have told all; then the kernel's table is brought in line.
 *
 * Whether this is such a restart is seen from a record in the state folder, written once a second while there
 * is such a peer and removed at an orderly end: how old it is says for how long nobody was here, and its line
 * "routes IPV4 IPV6 tunnels IPV4 IPV6" what was forwarded. A family was forwarded all the time if its routes
 * by gateways are still there and none led through a tunnel: those went with their security associations.
 */
#include "core/gateway_bgp_internal.h"
#include "core/gateway_operator_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RECORD_MOST 128 /* bytes of it; each number has its room, so that a shorter one hides the longer */

static char *
path_of(const struct gateway *gateway)
{
	return text_format("%s/running", gateway->options->state_dir);
}

/* How long the peers wait for us that are asked to, in seconds: the longest of them. 0: none is. */
static uint32_t
restart_time(const struct config *config)
{
	uint32_t most = 0;

	for (size_t i = 0; i < config->peer_count; i++) {
		const struct config_bgp *bgp = &config->peers[i].bgp;

		if (bgp->graceful_restart == CONFIG_GRACEFUL_YES && bgp->restart_time_s > most)
			most = bgp->restart_time_s;
	}
	return most;
}

/* --- what an earlier run left ------------------------------------------------------------------- */

static bool
read_record(FILE *file, struct routing_census *out)
{
	return fscanf(file, "routes %zu %zu tunnels %zu %zu", &out->gateways[0], &out->gateways[1],
		      &out->tunnels[0], &out->tunnels[1]) == 4;
}

void
gateway_restart_open(struct gateway *gateway)
{
	struct gateway_restart *restart = &gateway->restart;
	char *path = path_of(gateway);
	FILE *file = fopen(path, "re");
	usec_t most = (usec_t)restart_time(gateway->config) * USEC_PER_SEC;
	struct stat status;

	if (file != NULL && fstat(fileno(file), &status) == 0) {
		usec_t written = (usec_t)status.st_mtim.tv_sec * USEC_PER_SEC + status.st_mtim.tv_nsec / 1000;

		/* One from the future is none of a moment ago: the clock was set back, or has forgotten. */
		restart->happened = read_record(file, &restart->former) && clock_wall() - written < most &&
				    written - clock_wall() < most;
	}
	if (file != NULL)
		fclose(file);
	if (!restart->happened)
		unlink(path);
	free(path);
}

unsigned
gateway_restart_forwarding(struct gateway *gateway)
{
	const struct routing_census *former = &gateway->restart.former;
	struct routing_census now;
	unsigned families = 0;

	if (!gateway->restart.happened)
		return 0;
	routing_count_kernel(gateway->routing, &now);
	for (unsigned f = 0; f < BGP_FAMILY_COUNT; f++) {
		if (former->tunnels[f] == 0 && (former->gateways[f] == 0 || now.kept[f] != 0))
			families |= BGP_FAMILY_BIT(f);
	}
	gateway_event(
	    gateway, "notice", "gateway.restart", gateway->config->name,
	    "restarted: %zu route%s to peers stay%s in the kernel until the peers have told all that "
	    "they have",
	    now.kept[0] + now.kept[1], PLURAL(now.kept[0] + now.kept[1], "s"),
	    now.kept[0] + now.kept[1] == 1 ? "s" : "");
	return families;
}

void
gateway_on_settled(void *context)
{
	struct gateway *gateway = context;

	routing_settle(gateway->routing);
}

/* --- for the next one --------------------------------------------------------------------------- */

static void
forget(struct gateway *gateway)
{
	struct gateway_restart *restart = &gateway->restart;
	char *path;

	if (restart->file < 0 && !restart->happened)
		return;
	if (restart->file >= 0)
		close(restart->file);
	restart->file = -1;
	restart->happened = false;
	path = path_of(gateway);
	unlink(path);
	free(path);
}

static bool
write_record(struct gateway *gateway)
{
	struct gateway_restart *restart = &gateway->restart;
	struct routing_census now;
	char text[RECORD_MOST];
	int length;

	if (restart->file < 0) {
		char *path = path_of(gateway);

		restart->file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
		free(path);
	}
	routing_count_kernel(gateway->routing, &now);
	length = snprintf(text, sizeof(text), "routes %20zu %20zu tunnels %20zu %20zu\n", now.gateways[0],
			  now.gateways[1], now.tunnels[0], now.tunnels[1]);
	return restart->file >= 0 && pwrite(restart->file, text, (size_t)length, 0) == length;
}

void
gateway_restart_tick(struct gateway *gateway)
{
	struct gateway_restart *restart = &gateway->restart;

	if (restart_time(gateway->config) == 0) {
		forget(gateway);
		return;
	}
	if (write_record(gateway)) {
		restart->untold = false;
		return;
	}
	if (!restart->untold)
		gateway_event(gateway, "warning", "state.unwritable", gateway->config->name,
			      "%s/running: %s: the next start will be none that peers wait for",
			      gateway->options->state_dir, strerror(errno));
	restart->untold = true;
}

void
gateway_restart_close(struct gateway *gateway)
{
	bool leaves = gateway->leaving && gateway->restart.file >= 0;

	if (gateway->routing != NULL) {
		leaves = leaves && write_record(gateway);
		(leaves ? routing_leave : routing_close)(gateway->routing);
	}
	if (!leaves)
		forget(gateway);
	else
		close(gateway->restart.file);
}

/* Whoever manages the gateway through a tunnel of its own could not start it again, and nobody is left here
 * to turn back. */
static bool
cuts_own_way(struct gateway *gateway, struct control_request *request)
{
	struct gateway_path path = gateway_path_of(gateway, request);

	if (path.connection == NULL || control_request_flag(request, "force"))
		return false;
	control_request_refuse(request, gateway_unforced("own_path"),
			       "you reach this gateway through %s (from %s): its end would cut your own "
			       "connection, and nothing turns back; --force does it all the same",
			       path.connection->config->name, path.via);
	return true;
}

static void
do_stop(void *context, struct control_request *request)
{
	struct gateway *gateway = context;
	bool keep = control_request_flag(request, "keep_routes");

	if (cuts_own_way(gateway, request))
		return;
	if (keep && restart_time(gateway->config) == 0) {
		control_request_fail(request, "no peer of 'peers' has 'graceful_restart: yes'");
		return;
	}
	/* The record is there, and as things are now. */
	if (keep && !write_record(gateway)) {
		control_request_fail(request, "can't write %s/running: %s", gateway->options->state_dir,
				     strerror(errno));
		return;
	}
	gateway->leaving = keep;
	gateway_event(gateway, "notice", "operator.stop", gateway->config->name, "%s stops the gateway%s",
		      control_request_who(request), keep ? " for a restart" : "");
	if (keep)
		control_request_done(request, NULL, "the gateway stops; start it again within %u s",
				     restart_time(gateway->config));
	else
		control_request_done(request, NULL, "the gateway stops");
	raise(SIGTERM); /* in its turn, by the loop */
}

void
gateway_restart_register(struct gateway *gateway)
{
	control_server_handle(gateway->server, "stop", do_stop, gateway);
}
