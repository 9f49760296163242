// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Explains a tunnel from the ground up: underlay, IKE, child SA, traffic in, traffic out, health (BFD and
 * probes), BGP, routes. The first layer that fails is the answer, since nothing above can work without it;
 * for it a probable cause and what to do are named, on which side, with the evidence that IKE left.
 */
#include "core/gateway_explain_internal.h"
#include "core/gateway_mtu_internal.h"
#include "core/gateway_operator_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *mark, *word;
} layer_states[] = {
    [LAYER_OK] = {"●", "ok"},
    [LAYER_WARNING] = {"!", "warning"},
    [LAYER_FAILED] = {"✕", "failed"},
    [LAYER_UNKNOWN] = {"·", "unknown"},
};

const char *
explain_ago(usec_t monotonic, char *out, size_t size)
{
	double seconds = (double)(clock_monotonic() - monotonic) / USEC_PER_SEC;

	if (monotonic == 0)
		snprintf(out, size, "never");
	else if (seconds < 10)
		snprintf(out, size, "%.1f s ago", seconds);
	else if (seconds < 600)
		snprintf(out, size, "%.0f s ago", seconds);
	else
		snprintf(out, size, "%.0f min ago", seconds / 60);
	return out;
}

/* --- underlay ---------------------------------------------------------------------------------- */

/* What a path of so many bytes outside leaves inside: in UDP or not as the child SA is, where there is one.
 */
static uint32_t
left_inside(const struct gateway_tunnel *tunnel, uint32_t outer)
{
	struct config_tunnel actual = *tunnel->config; /* borrows all of it */

	if (tunnel->child_up)
		actual.encap = tunnel->row.encap ? CONFIG_ENCAP_YES : CONFIG_ENCAP_NO;
	return config_inner_mtu_within(&actual, outer);
}

/* What a full inner packet becomes. */
static uint32_t
outer_size(const struct gateway_tunnel *tunnel)
{
	uint32_t outer = (uint32_t)tunnel->row.mtu;

	while (left_inside(tunnel, outer) < tunnel->row.mtu)
		outer++;
	return outer;
}

/* What the path takes, 0: unknown. A plane that listens to routers itself knows better than the kernel, which
 * believes whoever says something. */
static uint32_t
way_takes(const struct gateway *gateway, const struct routing_way *way)
{
	bool learnt = way->learnt_mtu != 0 && gateway->plane_ops->tunnel_path == NULL;

	return learnt && (way->mtu == 0 || way->learnt_mtu < way->mtu) ? way->learnt_mtu : way->mtu;
}

/* A full packet becomes longer than the path takes. */
static void
say_too_long(const struct gateway_tunnel *tunnel, uint32_t takes, struct finding *out)
{
	enum { LEAST_IPV6 = 1280 };
	size_t used = strlen(out->text);

	if (ip_address_is_set(&tunnel->config->inside[1].address) &&
	    left_inside(tunnel, takes) < LEAST_IPV6) {
		snprintf(out->text + used, sizeof(out->text) - used,
			 "; the path takes %" PRIu32
			 " bytes: IPv6 inside, which needs %d, goes in fragments outside",
			 takes, LEAST_IPV6);
		return;
	}
	out->state = LAYER_WARNING;
	snprintf(out->text + used, sizeof(out->text) - used,
		 "; the path takes %" PRIu32 " bytes and a full packet becomes %" PRIu32
		 ": set 'mtu: %" PRIu32 "'",
		 takes, outer_size(tunnel), left_inside(tunnel, takes));
}

static bool
is_here(struct gateway *gateway, const struct ip_address *local)
{
	struct routing_way way;

	return !ip_address_is_set(local) || (routing_underlay(gateway->routing, local, &way) && way.local);
}

static void
find_underlay(const struct gateway_tunnel *tunnel, struct finding *out)
{
	const struct ip_address *remote = &tunnel->config->remote, *local = &tunnel->config->local;
	char address[IP_ADDRESS_TEXT], own[IP_ADDRESS_TEXT], by[80];
	struct gateway *gateway = tunnel->gateway;
	struct routing_way way;
	uint32_t takes;

	ip_address_format(local, own);
	out->seen = clock_wall(); /* the kernel is asked now */
	if (!is_here(gateway, local)) {
		out->state = LAYER_FAILED;
		snprintf(out->text, sizeof(out->text), "%s is no address of this machine", own);
		snprintf(out->cause, sizeof(out->cause), "The tunnel's local address is not there.");
		snprintf(out->remedy, sizeof(out->remedy),
			 "Here: give an interface the address %s, or set the tunnel's 'local' (or "
			 "gateway.outside) "
			 "to one that this machine has.",
			 own);
		return;
	}
	if (!ip_address_is_set(remote)) {
		out->state = LAYER_UNKNOWN;
		snprintf(out->text, sizeof(out->text), "the other side may come from any address");
		return;
	}
	ip_address_format(remote, address);
	if (!routing_underlay(gateway->routing, remote, &way)) {
		out->state = LAYER_FAILED;
		snprintf(out->text, sizeof(out->text), "no route to %s", address);
		snprintf(out->cause, sizeof(out->cause),
			 "This machine can't reach the other side's address.");
		snprintf(
		    out->remedy, sizeof(out->remedy),
		    "Here: give this machine a route to %s, a default route for example; see 'ip route get "
		    "%s'.",
		    address, address);
		return;
	}
	snprintf(out->text, sizeof(out->text), "%s %s%s%s", address, gateway_way_text(&way, by, sizeof(by)),
		 ip_address_is_set(local) ? ", from " : "", ip_address_is_set(local) ? own : "");
	if (explain_tunnel_of_interface(gateway, way.interface) != NULL) {
		out->state = LAYER_FAILED;
		snprintf(out->cause, sizeof(out->cause),
			 "The other side's outside address is routed into a tunnel.");
		snprintf(out->remedy, sizeof(out->remedy),
			 "Here: add a host route to %s outside of the tunnels.", address);
		return;
	}
	if (gateway_mtu_black_hole(tunnel) != 0) {
		out->state = LAYER_WARNING;
		snprintf(out->text + strlen(out->text), sizeof(out->text) - strlen(out->text),
			 "; a black hole: packets of %" PRIu32
			 " bytes and more inside vanish on the path and no router says so; the tunnel takes "
			 "%" PRIu64,
			 gateway_mtu_black_hole(tunnel), tunnel->row.mtu);
	}
	takes = way_takes(gateway, &way);
	if (takes != 0 && outer_size(tunnel) > takes)
		say_too_long(tunnel, takes, out);
}

/* --- IKE and the child SA ---------------------------------------------------------------------- */

static void
take_error(const struct gateway_tunnel *tunnel, struct finding *out)
{
	const struct model_tunnel_error *error = &tunnel->row.last_error;

	snprintf(out->cause, sizeof(out->cause), "%s", error->text != NULL ? error->text : "");
	snprintf(out->remedy, sizeof(out->remedy), "%s", error->hint != NULL ? error->hint : "");
	out->ours = error->ours;
	out->theirs = error->theirs;
	out->evidence = &error->evidence;
}

static const char call_remedy[] =
    "On the other side: start the tunnel. Here: 'start: initiate' calls it instead.";

#define REFUSED_LATELY (600 * USEC_PER_SEC)

/* Whom no tunnel or more than one was found for, as this one waits: a peer of any address may be its own. */
static void
add_refused(const struct gateway_tunnel *tunnel, struct finding *out)
{
	const struct model_store *store = tunnel->gateway->store;
	size_t left = model_store_count(store, MODEL_KIND_EVENT), used = strlen(out->cause);
	usec_t now = clock_wall();
	char span[32];

	while (!ip_address_is_set(&tunnel->config->remote) && left-- > 0) {
		const struct model_event *event = model_store_at(store, MODEL_KIND_EVENT, left);

		if (event->at < tunnel->row.down_since || now - event->at > REFUSED_LATELY)
			return;
		if (event->kind == NULL || strcmp(event->kind, "ike.refused") != 0)
			continue;
		clock_format_span(now - event->at, span, sizeof(span));
		snprintf(out->cause + used, sizeof(out->cause) - used,
			 " But a peer was refused %s ago, which may be this one's: %s", span,
			 event->text != NULL ? event->text : "");
		return;
	}
}

static void
find_ike(const struct gateway_tunnel *tunnel, struct finding *out)
{
	const struct model_tunnel *row = &tunnel->row;
	const struct model_tunnel_error *error = &row->last_error;
	/* The state of an SA that is just being closed outlives it. */
	bool up = row->ike_version != MODEL_UINT_UNSET && row->ike_state != NULL;
	bool established =
	    up && (strcmp(row->ike_state, "ESTABLISHED") == 0 || strcmp(row->ike_state, "REKEYING") == 0);
	const char *name = tunnel->config->name;

	out->since = established ? row->established_at : row->down_since;
	out->state = (established || (error->set && tunnel->child_failed)) && !tunnel->disabled
			 ? LAYER_OK
			 : LAYER_FAILED;
	if (tunnel->disabled) {
		snprintf(out->text, sizeof(out->text), "taken down by an operator");
		snprintf(out->cause, sizeof(out->cause),
			 "An operator took the tunnel down; nothing is broken.");
		snprintf(out->remedy, sizeof(out->remedy), "Here: 'twinspan %s %s' brings it back.",
			 gateway_is_kept(tunnel, GATEWAY_DISABLED) ? "enable" : "up", name);
	} else if (established) {
		snprintf(out->text, sizeof(out->text), "IKEv%" PRIu64 " is established, %s%s%s",
			 row->ike_version, row->ike_proposal != NULL ? row->ike_proposal : "",
			 row->nat ? ", NAT: " : "", row->nat_side != NULL ? row->nat_side : "");
	} else if (error->set && tunnel->child_failed) {
		snprintf(out->text, sizeof(out->text),
			 "agreed, and closed again for want of a child SA (%" PRIu64 " %s)", row->tries,
			 row->tries == 1 ? "try" : "tries");
	} else if (error->set) {
		snprintf(out->text, sizeof(out->text), "%s", error->text != NULL ? error->text : "failed");
		if (row->tries != 0) /* a stranger's is none */
			snprintf(out->text + strlen(out->text), sizeof(out->text) - strlen(out->text),
				 " (%" PRIu64 " %s)", row->tries, row->tries == 1 ? "try" : "tries");
		take_error(tunnel, out);
	} else if (tunnel->config->start == CONFIG_START_RESPOND && row->tries == 0 && tunnel->ever_up) {
		snprintf(out->text, sizeof(out->text),
			 "waits for the other side, which has not called since the tunnel went down");
		snprintf(out->cause, sizeof(out->cause),
			 "The tunnel went down (%s), and is configured to respond: the other side has not "
			 "begun again.",
			 row->health_reason != NULL ? row->health_reason : "no reason was given");
		snprintf(out->remedy, sizeof(out->remedy), "%s", call_remedy);
		add_refused(tunnel, out);
	} else if (tunnel->config->start == CONFIG_START_RESPOND && row->tries == 0) {
		snprintf(out->text, sizeof(out->text), "waits for the other side, which has not called yet");
		snprintf(out->cause, sizeof(out->cause),
			 "The tunnel is configured to respond, and the other side has not begun.");
		snprintf(out->remedy, sizeof(out->remedy), "%s", call_remedy);
		add_refused(tunnel, out);
	} else {
		snprintf(out->text, sizeof(out->text), "is being negotiated");
		snprintf(out->cause, sizeof(out->cause), "The negotiation is under way.");
		snprintf(out->remedy, sizeof(out->remedy), "Wait a few seconds and ask again.");
	}
}

static void
find_child(const struct gateway_tunnel *tunnel, struct finding *out)
{
	const struct model_tunnel *row = &tunnel->row;

	out->since = tunnel->child_up ? row->established_at : row->down_since;
	if (tunnel->child_up) {
		snprintf(out->text, sizeof(out->text), "up, %s, SPI %s in, %s out%s",
			 row->esp_proposal != NULL ? row->esp_proposal : "?",
			 row->spi_in != NULL ? row->spi_in : "?", row->spi_out != NULL ? row->spi_out : "?",
			 row->encap ? ", in UDP" : "");
		if (!tunnel->failed || !row->last_error.set || !tunnel->child_failed)
			return;
		out->state = LAYER_WARNING;
		take_error(tunnel, out);
		snprintf(out->text + strlen(out->text), sizeof(out->text) - strlen(out->text),
			 "; another one was tried and failed: %s", out->cause);
		return;
	}
	out->state = LAYER_FAILED;
	snprintf(out->text, sizeof(out->text), "%s",
		 row->last_error.set && row->last_error.text != NULL ? row->last_error.text
								     : "there is none");
	if (row->last_error.set)
		take_error(tunnel, out);
	if (!row->last_error.set || !tunnel->child_failed)
		snprintf(out->cause, sizeof(out->cause),
			 "IKE is up, but both sides did not agree on the child SA: its proposals or traffic "
			 "selectors.");
	if (out->remedy[0] == '\0')
		snprintf(out->remedy, sizeof(out->remedy),
			 "On both sides: the same ESP proposal and PFS group, and selectors 0.0.0.0/0.");
}

/* --- all of them ------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	void (*find)(const struct gateway_tunnel *tunnel, struct finding *out);
} layers[] = {
    {"underlay", find_underlay},
    {"IKE", find_ike},
    {"child SA", find_child},
    {"traffic in", explain_traffic_in},
    {"traffic out", explain_traffic_out},
    {"health", explain_health},
    {"BGP", explain_bgp},
    {"routes", explain_routes},
};

static void
say_more(struct account *account, json_t *row, const char *name, const char *label, const char *text)
{
	char clean[500];

	if (text == NULL || text[0] == '\0')
		return;
	explain_say(account, "  %-11s   %s%s", "", label, text);
	json_object_set_new(row, name, json_string(text_clean(clean, sizeof(clean), text)));
}

static void
add_layer(struct account *account, const char *name, const struct finding *found)
{
	bool first = found->state == LAYER_FAILED && !account->failed;
	char clean[500];
	json_t *row = json_pack("{s:s, s:s, s:s}", "layer", name, "state", layer_states[found->state].word,
				"text", text_clean(clean, sizeof(clean), found->text));
	json_t *evidence = json_array();

	explain_add_time(row, "since", found->since);
	explain_add_time(row, "seen", found->seen);
	explain_say(account, "  %-11s %s%s%s%s", name, layer_states[found->state].mark,
		    found->text[0] != '\0' ? " " : "", found->text, first ? "   <- first failing layer" : "");
	say_more(account, row, "ours", "ours:   ", found->ours);
	say_more(account, row, "theirs", "theirs: ", found->theirs);
	for (size_t i = 0; found->evidence != NULL && i < found->evidence->count; i++) {
		explain_say(account, "  %-11s   %s", "", found->evidence->items[i]);
		json_array_append_new(evidence, json_string(found->evidence->items[i]));
	}
	if (json_array_size(evidence) > 0)
		json_object_set(row, "evidence", evidence);
	json_decref(evidence);
	json_array_append_new(account->layers, row);
	if (!first)
		return;
	account->failed = true;
	snprintf(account->first, sizeof(account->first), "%s", name);
	text_clean(account->cause, sizeof(account->cause),
		   found->cause[0] != '\0' ? found->cause : found->text);
	text_clean(account->remedy, sizeof(account->remedy), found->remedy);
}

void
explain_layers(struct account *account, const struct gateway_tunnel *tunnel)
{
	gateway_plane_read(tunnel->gateway); /* packets of no SA are counted once a second else */
	for (size_t i = 0; i < COUNT_OF(layers); i++) {
		struct finding found = {.state = account->failed ? LAYER_UNKNOWN : LAYER_OK};

		if (!account->failed)
			layers[i].find(tunnel, &found);
		add_layer(account, layers[i].name, &found);
	}
	if (!account->failed)
		return;
	explain_say(account, "Most likely: %s", account->cause);
	if (account->remedy[0] != '\0')
		explain_say(account, "%s", account->remedy);
}
