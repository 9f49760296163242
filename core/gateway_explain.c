// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Explains which way traffic goes and why.
 *
 * A tunnel is its layers (gateway_explain_tunnel.c), a connection its tunnels and why one of them carries; an
 * address or a prefix is what gateway_explain_prefix.c says.
 *
 * The answer is lines for people and the same as objects.
 */
#include "core/gateway_explain_internal.h"
#include "core/gateway_operator_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
explain_say(struct account *account, const char *format, ...)
{
	char text[600], clean[600];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	json_array_append_new(account->lines, json_string(text_clean(clean, sizeof(clean), text)));
}

void
explain_add_time(json_t *object, const char *name, usec_t wall)
{
	char text[CLOCK_TEXT];

	if (wall != 0)
		json_object_set_new(object, name, json_string(clock_format(wall, text)));
}

const char *
gateway_way_text(const struct routing_way *way, char *out, size_t size)
{
	char gateway[IP_ADDRESS_TEXT];

	snprintf(out, size, "by %s%s%s", way->interface[0] != '\0' ? way->interface : "an unnamed link",
		 ip_address_is_set(&way->gateway) ? " via " : "",
		 ip_address_is_set(&way->gateway) ? ip_address_format(&way->gateway, gateway) : "");
	return out;
}

const struct gateway_tunnel *
explain_tunnel_of_interface(const struct gateway *gateway, const char *interface)
{
	for (size_t i = 0; i < gateway->tunnel_count; i++) {
		if (interface[0] != '\0' && strcmp(gateway->tunnels[i]->interface, interface) == 0)
			return gateway->tunnels[i];
	}
	return NULL;
}

/* --- a tunnel ---------------------------------------------------------------------------------- */

static void
summarize(struct account *account, const char *name, const char *otherwise)
{
	if (account->failed)
		snprintf(account->summary, sizeof(account->summary), "%s: %s fails: %s", name, account->first,
			 account->cause);
	else
		snprintf(account->summary, sizeof(account->summary), "%s %s", name, otherwise);
}

static void
explain_tunnel(struct account *account, const struct gateway_tunnel *tunnel)
{
	size_t title = json_array_size(account->lines);
	char text[200];

	explain_say(account, "%s", tunnel->config->name);
	explain_layers(account, tunnel);
	if (account->failed)
		snprintf(text, sizeof(text), "Why can't %s carry?", tunnel->config->name);
	else
		snprintf(text, sizeof(text), "%s can carry: every layer is fine.", tunnel->config->name);
	json_array_set_new(account->lines, title, json_string(text));
	summarize(account, tunnel->config->name, "is fine on every layer");
}

/* --- a connection ------------------------------------------------------------------------------ */

/* What a tunnel does for its connection now. */
static const char *
part_of(const struct failover_status *status, unsigned member)
{
	uint32_t bit = 1u << member;

	return status->active & bit    ? "carries"
	       : status->drained & bit ? "is drained by an operator"
	       : status->leaving & bit ? "is drained by the other side"
	       : status->usable & bit  ? "stands by"
				       : "is not usable";
}

/* Why the member carries, or what keeps it from it; "" where there is nothing to say. */
static void
explain_member(const struct gateway_tunnel *tunnel, const struct failover_status *status, char *out,
	       size_t size)
{
	const struct config_connection *config = tunnel->connection->config;
	int at = (int)tunnel->member;
	uint32_t bit = 1u << tunnel->member;
	double wait = (double)status->hold_down_left / USEC_PER_SEC;

	out[0] = '\0';
	if (tunnel->held_back)
		snprintf(out, size,
			 ": it failed too often and is held back for %.0f s more ('auto' lets it go)",
			 (double)damping_left(&tunnel->damping, clock_monotonic()) / USEC_PER_SEC);
	else if (!(status->active & bit))
		snprintf(out, size, "%s%s%s", status->untaught & bit ? ": its peer advertises nothing" : "",
			 status->pinned_member == at ? "; an operator pinned the traffic to it" : "",
			 status->preferred_member == at ? "; the configuration prefers it" : "");
	else if (status->pinned_member == at)
		snprintf(out, size, ": an operator pinned it");
	else if ((status->usable & ~status->drained & ~status->untaught) == bit)
		snprintf(out, size, ": no other is usable");
	else if (config->mode == CONFIG_MODE_ACTIVE_ACTIVE)
		snprintf(out, size, ": all usable tunnels do");
	else if (status->preferred_member == at)
		snprintf(out, size, ": the configuration prefers it");
	else if (config->routing == CONFIG_ROUTING_STATIC)
		snprintf(out, size, ": the other side sends by it, or it carried before");
	else
		snprintf(out, size, ": by the other side's MED, or because it carried before");
	if (status->preferred_member == at && wait > 0 && !(status->active & bit))
		snprintf(out + strlen(out), size - strlen(out), " and carries again in %.0f s", wait);
}

static void
explain_choice(struct account *account, const struct gateway_connection *connection, json_t *result)
{
	const char *name = connection->config->name;
	json_t *tunnels = json_array();
	struct failover_status status;
	char why[200], *waits;
	usec_t until;

	failover_status(connection->failover, &status);
	if (status.active == 0)
		explain_say(
		    account,
		    "%s carries nothing: no tunnel is usable. Its prefixes are unreachable, not in the "
		    "clear.",
		    name);
	for (unsigned i = 0; i < connection->tunnel_count; i++) {
		const char *tunnel = connection->tunnels[i].config->name, *part = part_of(&status, i);

		explain_member(&connection->tunnels[i], &status, why, sizeof(why));
		explain_say(account, "  %-16s %s%s", tunnel, part, why);
		json_array_append_new(
		    tunnels, json_pack("{s:s, s:s, s:b, s:b, s:s}", "tunnel", tunnel, "part", part, "active",
				       (status.active & 1u << i) != 0, "usable",
				       (status.usable & 1u << i) != 0, "reason", why + strspn(why, ":; ")));
	}
	json_object_set_new(result, "tunnels", tunnels);
	json_object_set_new(result, "last_move",
			    status.last.set ? json_string(status.last.cause) : json_null());
	if (status.last.set)
		explain_add_time(result, "last_move_at", status.last.at);
	until = gateway_waiting_first(connection, &waits);
	explain_add_time(result, "confirm_until", until);
	if (until != 0)
		explain_say(account,
			    "  A %s waits for its confirmation for %.0f s more: 'twinspan confirm %s'.",
			    waits, (double)(until - clock_wall()) / USEC_PER_SEC, name);
	free(waits);
	if (status.last.set)
		explain_say(account, "  Last move: %s", status.last.cause);
}

static void
explain_connection(struct account *account, const struct gateway_connection *connection, json_t *result)
{
	struct failover_status status;

	explain_say(account, "Which tunnel of %s carries, and why?", connection->config->name);
	explain_choice(account, connection, result);
	failover_status(connection->failover, &status);
	for (unsigned i = 0; i < connection->tunnel_count; i++) {
		if ((status.usable & 1u << i) != 0 || account->failed)
			continue;
		explain_say(account, "Why can't %s carry?", connection->tunnels[i].config->name);
		json_object_set_new(result, "layers_of", json_string(connection->tunnels[i].config->name));
		explain_layers(account, &connection->tunnels[i]);
	}
	summarize(account, connection->config->name, "can carry by all of its tunnels");
}

/* --- the command ------------------------------------------------------------------------------- */

/* What the word names, or false where it is none of ours. */
static bool
explain_target(struct account *account, const char *target, json_t *result)
{
	const struct gateway_tunnel *tunnel = gateway_tunnel_find(account->gateway, target);
	const struct gateway_connection *connection = gateway_connection_find(account->gateway, target);
	struct ip_prefix prefix;

	if (tunnel != NULL) {
		json_object_set_new(result, "layers_of", json_string(target));
		explain_tunnel(account, tunnel);
	} else if (connection != NULL) {
		explain_connection(account, connection, result);
	} else if (ip_address_parse(target, &prefix.address) && ip_address_is_set(&prefix.address)) {
		prefix.length = (uint8_t)ip_family_bits(prefix.address.family);
		explain_prefix(account, &prefix, result);
	} else if (ip_prefix_parse(target, &prefix)) {
		explain_prefix(account, &prefix, result);
	} else {
		return false;
	}
	return true;
}

static void
refuse_unknown(struct gateway *gateway, struct control_request *request, const char *target)
{
	const char **names =
	    memory_zeroed(gateway->tunnel_count + gateway->connection_count + 1, sizeof(*names));
	size_t used = 0;
	const char *near;

	for (size_t i = 0; i < gateway->connection_count; i++)
		names[used++] = gateway->connections[i]->config->name;
	for (size_t i = 0; i < gateway->tunnel_count; i++)
		names[used++] = gateway->tunnels[i]->config->name;
	near = text_nearest(target, names);
	control_request_fail(request, "'%s' is no address, prefix, tunnel or connection%s%s%s", target,
			     near != NULL ? " (did you mean '" : "", near != NULL ? near : "",
			     near != NULL ? "'?)" : "");
	free(names);
}

static void
do_explain(void *context, struct control_request *request)
{
	struct gateway *gateway = context;
	const char *target = control_request_text(request, "target");
	struct account account = {.gateway = gateway, .lines = json_array(), .layers = json_array()};
	json_t *result = json_object();

	if (!explain_target(&account, target, result)) {
		refuse_unknown(gateway, request, target);
		json_decref(account.lines);
		json_decref(account.layers);
		json_decref(result);
		return;
	}
	json_object_set_new(result, "target", json_string(target));
	if (json_array_size(account.layers) != 0)
		json_object_set(result, "layers", account.layers);
	json_object_set_new(result, "failing", account.failed ? json_string(account.first) : json_null());
	json_object_set_new(result, "cause", account.failed ? json_string(account.cause) : json_null());
	json_object_set_new(result, "remedy", account.failed ? json_string(account.remedy) : json_null());
	json_object_set_new(result, "lines", account.lines);
	json_decref(account.layers);
	control_request_done(request, result, "%s", account.summary);
}

void
gateway_explain_register(struct gateway *gateway)
{
	control_server_handle(gateway->server, "explain", do_explain, gateway);
}
