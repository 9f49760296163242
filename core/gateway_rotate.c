// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `rotate`: a tunnel's next pre-shared key. It stands in FILE.next beside the present one's file, IKE takes
 * both from the peer and tries the next one itself (core/ike/rotation.c); once it has worked the file takes
 * the other's place. Nothing goes down, and a gateway that ends between the steps goes on where it was.
 */
#include "core/base/secret.h"
#include "core/gateway_configure_internal.h"

#include <stdlib.h>
#include <string.h>

#define SECRET_MOST 4096

/* The tunnel's configuration, to be changed. */
static struct config_tunnel *
own_config(const struct gateway_tunnel *tunnel)
{
	struct config_connection *connection =
	    config_find_connection(tunnel->gateway->config, tunnel->connection->config->name);

	return &connection->tunnels[tunnel->config->number - 1];
}

/*
 * Configurations that were read before, and may yet come into force (a reload is under way, or an unconfirmed
 * change turns back), have what the tunnel's secret file and the one beside it hold by now.
 */
static void
follow(const struct gateway_tunnel *tunnel, bool taken)
{
	const struct gateway *gateway = tunnel->gateway;
	const struct config_tunnel *own = tunnel->config;
	struct config *others[GATEWAY_RELOAD_CONFIGS];
	size_t count = gateway_reload_configs(gateway, others);
	char *path = config_psk_path(gateway->config, own);

	for (size_t i = 0; i < count; i++) {
		struct config_connection *connection =
		    config_find_connection(others[i], tunnel->connection->config->name);
		struct config_tunnel *other = connection != NULL && tunnel->member < connection->tunnel_count
						  ? &connection->tunnels[tunnel->member]
						  : NULL;
		char *same =
		    other != NULL && other->psk_file != NULL ? config_psk_path(others[i], other) : NULL;

		if (same != NULL && strcmp(same, path) == 0) {
			if (taken) {
				config_tunnel_set_next(other, own->psk, own->psk_length);
				config_tunnel_take_next(other);
			}
			config_tunnel_set_next(other, own->psk_next, own->psk_next_length);
		}
		free(same);
	}
	free(path);
}

static void
show(struct gateway_tunnel *tunnel, const char *text)
{
	const struct config_tunnel *config = tunnel->config;

	if (config->psk_next == NULL)
		tunnel->row.rotating_since = 0;
	else if (tunnel->row.rotating_since == 0)
		tunnel->row.rotating_since = clock_wall();
	model_set(&tunnel->row.rotation, config->psk_next == NULL ? NULL
					 : text != NULL           ? text
					 : config->start == CONFIG_START_INITIATE
					     ? "the next secret is being tried"
					     : "waits for the peer to use the next secret");
	gateway_tunnel_publish(tunnel);
}

void
gateway_rotation_taken(struct gateway_tunnel *tunnel)
{
	struct gateway *gateway = tunnel->gateway;
	const char *name = tunnel->config->name;
	struct config_tunnel *config = own_config(tunnel);
	struct error err = {""};
	char *path;

	if (config->psk_next == NULL)
		return;
	path = config_psk_path(gateway->config, config);
	if (config_next_take(path, &err))
		gateway_event(
		    gateway, "notice", "psk.rotated", name,
		    "the next secret has worked and is the secret now; the former one is forgotten");
	else
		gateway_event(
		    gateway, "error", "psk.rotated", name,
		    "the next secret has worked, but its file could not take the former one's place, "
		    "which a restart would read: %s",
		    err.text);
	free(path);
	config_tunnel_take_next(config);
	follow(tunnel, true);
	show(tunnel, NULL);
}

void
gateway_rotation_refused(struct gateway_tunnel *tunnel, const struct ike_event *event)
{
	gateway_event(tunnel->gateway, event->count == 1 ? "notice" : "info", "psk.waits",
		      tunnel->config->name,
		      "the peer does not take the next secret yet, the present one stays: %s", event->text);
	show(tunnel, event->text);
}

void
gateway_rotation_sync(struct gateway *gateway)
{
	for (size_t i = 0; i < gateway->tunnel_count; i++) {
		struct gateway_tunnel *tunnel = gateway->tunnels[i];
		const struct config_tunnel *config = tunnel->config;

		ike_tunnel_next_key(gateway->ike, config->id, config->psk_next, config->psk_next_length);
		if ((config->psk_next != NULL) != (tunnel->row.rotating_since != 0))
			show(tunnel, NULL);
	}
}

/* --- the command ------------------------------------------------------------------------------- */

/* Another tunnel whose secret stands in the same file, or NULL. */
static const char *
sharer(const struct gateway_tunnel *tunnel, const char *path)
{
	const struct gateway *gateway = tunnel->gateway;
	const char *found = NULL;

	for (size_t i = 0; i < gateway->tunnel_count && found == NULL; i++) {
		const struct config_tunnel *other = gateway->tunnels[i]->config;
		char *theirs = config_psk_path(gateway->config, other);

		if (other != tunnel->config && theirs != NULL && strcmp(theirs, path) == 0)
			found = other->name;
		free(theirs);
	}
	return found;
}

static void
cancel(struct gateway_tunnel *tunnel, struct control_request *request)
{
	struct config_tunnel *config = own_config(tunnel);
	struct error err = {""};
	char *path;
	bool gone;

	if (config->psk_next == NULL) {
		control_request_fail(request, "%s has no next secret", config->name);
		return;
	}
	path = config_psk_path(tunnel->gateway->config, config);
	gone = config_next_remove(path, &err);
	free(path);
	if (!gone) {
		control_request_fail(request, "%s", err.text);
		return;
	}
	config_tunnel_set_next(config, NULL, 0);
	follow(tunnel, false);
	ike_tunnel_next_key(tunnel->gateway->ike, config->id, NULL, 0);
	gateway_event(tunnel->gateway, "notice", "operator.rotate", config->name,
		      "%s cancels the rotation of the secret", control_request_who(request));
	show(tunnel, NULL);
	control_request_done(request, NULL, "%s: the next secret is forgotten, the present one stays",
			     config->name);
}

static void
rotate(struct gateway_tunnel *tunnel, const char *secret, size_t length, bool made,
       struct control_request *request)
{
	struct config_tunnel *config = own_config(tunnel);
	const char *other;
	struct error err = {""};
	char *path, *file;

	if (length == config->psk_length && memcmp(secret, config->psk, length) == 0) {
		control_request_fail(request, "that is the present secret of %s", config->name);
		return;
	}
	path = config_psk_path(tunnel->gateway->config, config);
	file = config_next_path(path);
	if (!config_next_write(path, (const uint8_t *)secret, length, &err)) {
		control_request_fail(request, "%s", err.text);
		free(path);
		free(file);
		return;
	}
	other = sharer(tunnel, path);
	free(path);
	config_tunnel_set_next(config, (const uint8_t *)secret, length);
	follow(tunnel, false);
	ike_tunnel_next_key(tunnel->gateway->ike, config->id, config->psk_next, length);
	gateway_event(tunnel->gateway, "notice", "operator.rotate", config->name,
		      "%s gives the tunnel its next secret: both are accepted until it has worked",
		      control_request_who(request));
	tunnel->row.rotating_since = 0;
	show(tunnel, NULL);
	control_request_done(request, NULL,
			     "%s: both secrets are accepted; the next one%s%s%s takes over once it has "
			     "worked: give it to the other side%s%s%s",
			     config->name, made ? ", in " : "", made ? file : "", made ? "," : "",
			     other != NULL ? "; careful: the same file has the secret of " : "",
			     other != NULL ? other : "",
			     other != NULL ? ", which is to be rotated too before the next reload" : "");
	free(file);
}

static void
do_rotate(void *context, struct control_request *request)
{
	struct gateway_tunnel *tunnel = gateway_asked_tunnel(context, request);
	const char *given = control_request_text(request, "secret");
	bool generate = control_request_flag(request, "generate"),
	     stop = control_request_flag(request, "cancel");
	char made[SECRET_MADE + 1];
	size_t length;

	if (tunnel == NULL)
		return;
	if (gateway_reload_busy(context)) {
		/* What is to come in force has been read without it. */
		control_request_fail(request, "a reload is under way; wait until it is done");
	} else if (tunnel->config->credentials != NULL) {
		control_request_fail(request, "%s authenticates by a certificate: it has no secret",
				     tunnel->config->name);
	} else if (tunnel->config->psk_file == NULL) {
		control_request_fail(
		    request,
		    "the secret of %s stands in the configuration itself: put it into a file of "
		    "mode 0600 and name that with psk_file first",
		    tunnel->config->name);
	} else if ((given != NULL) + generate + stop != 1) {
		control_request_fail(request,
				     "give the next secret (a file, or - for the standard input), or "
				     "--generate, or --cancel");
	} else if (stop) {
		cancel(tunnel, request);
	} else if (generate) {
		if (secret_make(made))
			rotate(tunnel, made, SECRET_MADE, true, request);
		else
			control_request_fail(request, "the machine has no random bytes");
		explicit_bzero(made, sizeof(made));
	} else {
		for (length = strlen(given); length != 0 && strchr("\r\n", given[length - 1]) != NULL;)
			length--;
		if (length == 0 || length > SECRET_MOST || memchr(given, '\n', length) != NULL)
			control_request_fail(request, "a secret is one line of 1 to %d bytes", SECRET_MOST);
		else
			rotate(tunnel, given, length, false, request);
	}
}

void
gateway_rotate_register(struct gateway *gateway)
{
	control_server_handle(gateway->server, "rotate", do_rotate, gateway);
}
