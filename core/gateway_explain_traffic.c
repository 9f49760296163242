// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Explains what happens above a tunnel's child SA: packets in and out, health, BGP, routes.
 *
 * That packets come in is counted. That those that go out arrive can't be seen from here but by what comes
 * back: answers to the probe that every tunnel has, and an Established BGP session, whose TCP acknowledges.
 * So "in" fails where packets leave and nothing comes, and "out" where packets come and nothing of ours is
 * answered any more. A peer that never answered a probe proves nothing.
 *
 * A peer that sends by an SA which is gone here answers, and is not heard. Its packets have an SPI of
 * nobody's: where such came after the last one of the tunnel, and nothing since, they are the answer that is
 * missing, long before a session's hold time has passed.
 */
#include "core/gateway_explain_internal.h"
#include "core/gateway_operator_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Packets go out and none comes in for so long: nothing comes back. BGP alone is heard more often. */
#define ONE_WAY_AFTER (20 * USEC_PER_SEC)
/* ... where BFD or the probe has said so already. */
#define ONE_WAY_SOON (3 * USEC_PER_SEC)
/* Without an answer to the probe for so long, of which one goes out every second at least. */
#define UNANSWERED_AFTER (5 * USEC_PER_SEC)
#define HOLD_TIMER_EXPIRED 4 /* RFC 4271 4.5 */
#define MOST_PREFIXES 8
#define MOST_CANDIDATES 20000 /* that are looked at to find those of a connection: a few milliseconds */

#define REASON(name) offsetof(struct dataplane_counters, drops.name)

static const struct {
	size_t counter; /* where it stands in the plane's */
	const char *name;
} drop_reasons[] = {
    {REASON(authentication), "authentication"},
    {REASON(replay), "replay"},
    {REASON(selector), "selector"},
    {REASON(too_big), "too big"},
    {REASON(no_sa), "no SA"},
    {REASON(malformed), "malformed"},
    {REASON(queue), "queue"},
};

struct flow {
	struct dataplane_counters now;
	struct prober_status probe;
	bool sending, hearing; /* lately */
	bool answered, asked;  /* by the probe: lately; it has answered before */
	bool established;      /* the BGP session */
	bool stray;            /* packets of no SA came lately, since the tunnel's last one */
	uint64_t drops;
};

static uint64_t
dropped(const struct dataplane_counters *counters, size_t reason)
{
	return *(const uint64_t *)((const char *)counters + drop_reasons[reason].counter);
}

/* "; dropped: 5 (3 replay, 2 queue)"; nothing where nothing was. */
static void
say_drops(const struct flow *flow, char *out, size_t size)
{
	const char *between = " (";

	out[0] = '\0';
	if (flow->drops == 0)
		return;
	snprintf(out, size, "; dropped: %" PRIu64, flow->drops);
	for (size_t i = 0; i < COUNT_OF(drop_reasons); i++) {
		size_t used = strlen(out);

		if (dropped(&flow->now, i) == 0)
			continue;
		snprintf(out + used, size - used, "%s%" PRIu64 " %s", between, dropped(&flow->now, i),
			 drop_reasons[i].name);
		between = ", ";
	}
	snprintf(out + strlen(out), size - strlen(out), ")");
}

/* "; 12 packets of no SA came to the gateway, last 3.1 s ago": their SPI is all they have, so whose they are
 * is not known; nothing where there were none. */
static void
say_unknown(const struct gateway *gateway, char *out, size_t size)
{
	uint64_t count = gateway->row.unknown_spi;
	char last[40];

	out[0] = '\0';
	if (count == 0 || count == MODEL_UINT_UNSET || gateway->unknown_spi_at == 0)
		return;
	snprintf(out, size, "; %" PRIu64 " packet%s of no SA came to the gateway, last %s", count,
		 PLURAL(count, "s"), explain_ago(gateway->unknown_spi_at, last, sizeof(last)));
}

static void
look(const struct gateway_tunnel *tunnel, struct flow *flow)
{
	const struct gateway *gateway = tunnel->gateway;
	usec_t at = clock_monotonic(), patience;
	struct bgp_peer_status peer;

	*flow = (struct flow){0};
	gateway->plane_ops->tunnel_counters(gateway->plane, tunnel->config->id, &flow->now);
	if (flow->now.drops.selector == DATAPLANE_NOT_COUNTED)
		flow->now.drops.selector = 0;
	flow->stray = gateway->unknown_spi_at != 0 && at - gateway->unknown_spi_at < ONE_WAY_AFTER &&
		      gateway->unknown_spi_at > (usec_t)flow->now.last_rx;
	if (gateway_liveness_allows(tunnel))
		patience = flow->stray ? ONE_WAY_SOON : ONE_WAY_AFTER;
	else
		patience = flow->stray ? 0 : ONE_WAY_SOON;
	flow->sending = flow->now.last_tx != 0 && at - (usec_t)flow->now.last_tx < ONE_WAY_AFTER;
	flow->hearing = flow->now.last_rx != 0 && at - (usec_t)flow->now.last_rx < patience;
	flow->asked =
	    prober_status(gateway->prober, tunnel->config->id, &flow->probe) && flow->probe.answered;
	flow->answered = flow->asked && at - flow->probe.answer_at < UNANSWERED_AFTER;
	if (tunnel->peer != NULL) {
		bgp_peer_status(tunnel->peer, &peer);
		flow->established = peer.state == BGP_ESTABLISHED;
	}
	for (size_t i = 0; i < COUNT_OF(drop_reasons); i++)
		flow->drops += dropped(&flow->now, i);
}

void
explain_traffic_in(const struct gateway_tunnel *tunnel, struct finding *out)
{
	struct flow flow;
	const struct gateway *gateway = tunnel->gateway;
	char in[40], drops[200], unknown[100];

	look(tunnel, &flow);
	say_drops(&flow, drops, sizeof(drops));
	say_unknown(gateway, unknown, sizeof(unknown));
	snprintf(out->text, sizeof(out->text), "%" PRIu64 " packet%s, last %s%s%s", flow.now.rx_packets,
		 PLURAL(flow.now.rx_packets, "s"), explain_ago((usec_t)flow.now.last_rx, in, sizeof(in)),
		 drops, unknown);
	out->state = flow.drops != 0 ? LAYER_WARNING : LAYER_OK;
	if (flow.hearing || !flow.sending || (flow.established && !flow.stray))
		return;
	/* Nobody has to answer a static tunnel's packets; but then something was heard once. */
	if (tunnel->peer == NULL && !flow.asked && !flow.stray && flow.now.last_rx != 0) {
		out->state = LAYER_WARNING;
		return;
	}
	out->state = LAYER_FAILED;
	if (flow.now.drops.authentication != 0) {
		snprintf(out->cause, sizeof(out->cause),
			 "Packets come in and fail their integrity check: the two sides don't have the same "
			 "keys.");
		snprintf(
		    out->remedy, sizeof(out->remedy),
		    "Here: 'twinspan rekey %s' makes new ones. If it comes back, compare both sides' ESP "
		    "proposals.",
		    tunnel->config->name);
	} else if (flow.now.drops.selector != 0) {
		snprintf(out->cause, sizeof(out->cause),
			 "Packets come in whose inner addresses are outside of the child SA's selectors.");
		snprintf(out->remedy, sizeof(out->remedy),
			 "On both sides: selectors that hold the networks that are routed into the tunnel.");
	} else if (flow.stray) {
		snprintf(
		    out->cause, sizeof(out->cause),
		    "Packets come in that belong to no SA, and none of this tunnel's: the other side may "
		    "send by an SA that this side has no more.");
		snprintf(
		    out->remedy, sizeof(out->remedy),
		    "Here: 'twinspan rekey %s' makes new ones. On the other side: does it send by SPI %s?",
		    tunnel->config->name, tunnel->row.spi_in != NULL ? tunnel->row.spi_in : "?");
	} else {
		snprintf(
		    out->cause, sizeof(out->cause),
		    "Packets go out and none comes in: a filter drops ESP on its way here, or the other side "
		    "sends elsewhere.");
		snprintf(
		    out->remedy, sizeof(out->remedy),
		    "On the way: allow %s in both directions. On the other side: look whether its packets "
		    "for us leave by this tunnel.",
		    tunnel->row.encap ? "UDP 4500" : "ESP (protocol 50), or force UDP with 'encap: yes',");
	}
}

void
explain_traffic_out(const struct gateway_tunnel *tunnel, struct finding *out)
{
	struct flow flow;
	char sent[40], answer[40], proof[120] = "";

	look(tunnel, &flow);
	if (flow.asked)
		snprintf(proof, sizeof(proof), "; the probe was last answered %s",
			 explain_ago(flow.probe.answer_at, answer, sizeof(answer)));
	else if (flow.established)
		snprintf(proof, sizeof(proof), "; BGP is acknowledged");
	else if (flow.now.tx_packets != 0)
		snprintf(proof, sizeof(proof), "; nothing proves that they arrive");
	snprintf(out->text, sizeof(out->text), "%" PRIu64 " packet%s, last %s%s", flow.now.tx_packets,
		 PLURAL(flow.now.tx_packets, "s"), explain_ago((usec_t)flow.now.last_tx, sent, sizeof(sent)),
		 proof);
	if (!flow.asked && !flow.established && flow.now.tx_packets != 0)
		out->state = LAYER_WARNING;
	if (flow.established || !flow.asked || flow.answered || !flow.sending)
		return;
	out->state = LAYER_FAILED;
	snprintf(
	    out->cause, sizeof(out->cause),
	    "Packets come in, and nothing that we send is answered any more: what goes out is lost on its "
	    "way.");
	snprintf(out->remedy, sizeof(out->remedy),
		 "On the way and on the other side: allow %s from here. On the other side: do its counters "
		 "of this "
		 "SA (SPI %s) rise?",
		 tunnel->row.encap ? "UDP 4500" : "ESP (protocol 50)",
		 tunnel->row.spi_out != NULL ? tunnel->row.spi_out : "?");
}

/* --- health and BGP ---------------------------------------------------------------------------- */

/* Every source of evidence that has a say, with its verdict and how long it has said so. */
static void
list_evidence(const struct gateway_tunnel *tunnel, char *out, size_t size)
{
	size_t used = 0;

	out[0] = '\0';
	for (enum health_source source = 0; source < HEALTH_SOURCES && used < size; source++) {
		enum health_verdict verdict;
		const char *said;
		char since[40];
		usec_t at;

		if (!health_source_says(tunnel->health, source, &verdict, &said, &at) ||
		    verdict == HEALTH_UNKNOWN)
			continue;
		used += (size_t)snprintf(out + used, size - used, "%s%s %s (%s, %s)", used != 0 ? ", " : "",
					 health_source_name(source), health_verdict_name(verdict), said,
					 explain_ago(at, since, sizeof(since)));
	}
	if (used == 0)
		snprintf(out, size, "nothing is known yet");
}

/* The fused verdict. What IKE or BGP say is their own layers' business: it fails by BFD and probes. */
void
explain_health(const struct gateway_tunnel *tunnel, struct finding *out)
{
	const char *evidence = NULL;
	char list[440];
	enum health_verdict verdict = health_verdict(tunnel->health, &evidence, NULL);

	list_evidence(tunnel, list, sizeof(list));
	snprintf(out->text, sizeof(out->text), "%s: %s", health_verdict_name(verdict), list);
	out->state = verdict == HEALTH_OK ? LAYER_OK : LAYER_WARNING;
	if (gateway_liveness_allows(tunnel))
		return;
	out->state = LAYER_FAILED;
	snprintf(out->cause, sizeof(out->cause), "%s", evidence != NULL ? evidence : "");
	snprintf(
	    out->remedy, sizeof(out->remedy),
	    "On the way and on the other side: packets inside this tunnel are lost; look whether its replies "
	    "use this tunnel, and whether it answers this probe at all.");
}

/* What a NOTIFICATION most likely means (RFC 4271 4.5, RFC 4486). Subcode 255: any. */
static const struct {
	uint8_t code, subcode;
	const char *cause, *remedy;
} notifications[] = {
    {2, 2, "The AS numbers don't agree.",
     "Here: peer_asn and gateway.asn. On the other side: the AS that it expects of us."},
    {2, 3, "Both sides use the same BGP identifier.", "Here: give gateway.router_id another value."},
    {2, 6, "The hold time is not acceptable.", "On both sides: a hold time of 0 or at least 3 s."},
    {4, 255, "Nothing was heard for the hold time: packets are lost, or the other side hangs.",
     "Look at the traffic above: does anything come in? On the other side: is its BGP running?"},
    {6, 1, "More prefixes came than allowed.",
     "Here: bgp.max_prefixes; or fewer prefixes on the side that advertises. Then 'twinspan reset'."},
    {6, 2, "The session was shut down by an operator.",
     "On the side that did: 'twinspan start', or its like."},
    {6, 3, "The other side has no such peer any more.", "On the other side: configure the session again."},
    {6, 5, "The other side refuses the connection: it has no such peer, or not with this address.",
     "On the other side: a peer with our inside address and AS."},
};

void
explain_bgp(const struct gateway_tunnel *tunnel, struct finding *out)
{
	struct bgp_peer_status status;
	char shown[IP_ADDRESS_TEXT];
	struct flow flow;

	if (tunnel->peer == NULL) {
		out->state = LAYER_UNKNOWN;
		snprintf(out->text, sizeof(out->text), "static routing: none");
		return;
	}
	bgp_peer_status(tunnel->peer, &status);
	if (status.established_at != 0)
		out->since = clock_wall() - (clock_monotonic() - status.established_at);
	if (status.state == BGP_ESTABLISHED) {
		snprintf(out->text, sizeof(out->text),
			 "Established, %" PRIu64 " received, %" PRIu64 " advertised%s", status.received,
			 status.advertised, status.graceful_shutdown ? ", with GRACEFUL_SHUTDOWN" : "");
		return;
	}
	out->state = LAYER_FAILED;
	snprintf(out->text, sizeof(out->text), "%s%s%s", bgp_state_name(status.state),
		 status.last_error.set ? ": " : "", status.last_error.set ? status.last_error.text : "");
	snprintf(out->cause, sizeof(out->cause), "The other side does not answer on TCP 179.");
	snprintf(out->remedy, sizeof(out->remedy),
		 "On the other side: BGP must listen on its inside address %s, with us as AS %u; no filter "
		 "may drop "
		 "TCP 179.",
		 ip_address_format(&status.remote, shown), status.local_asn);
	for (size_t i = 0; status.last_error.set && i < COUNT_OF(notifications); i++) {
		if (notifications[i].code != status.last_error.code ||
		    (notifications[i].subcode != 255 &&
		     notifications[i].subcode != status.last_error.subcode))
			continue;
		snprintf(out->cause, sizeof(out->cause), "%s", notifications[i].cause);
		snprintf(out->remedy, sizeof(out->remedy), "%s", notifications[i].remedy);
		break;
	}
	look(tunnel, &flow);
	if (status.last_error.set && status.last_error.code == HOLD_TIMER_EXPIRED && flow.answered) {
		snprintf(out->cause, sizeof(out->cause),
			 "BGP was not heard for the hold time, while the tunnel passes packets: a filter "
			 "drops TCP "
			 "179, or the other side's BGP hangs.");
		snprintf(out->remedy, sizeof(out->remedy),
			 "On the other side: is its BGP running, and may TCP 179 pass between the inside "
			 "addresses "
			 "(%s there)?",
			 ip_address_format(&status.remote, shown));
	}
	if (status.shut_down) {
		snprintf(out->cause, sizeof(out->cause), "An operator shut the session down here.");
		snprintf(out->remedy, sizeof(out->remedy), "Here: 'twinspan start %s'.", status.name);
	}
}

/* --- routes ------------------------------------------------------------------------------------ */

struct sample {
	const struct gateway_tunnel *tunnel;
	unsigned looked_at, count;
	struct ip_prefix prefixes[MOST_PREFIXES];
};

static bool
take_sample(void *context, const struct ip_prefix *prefix, const struct routing_state *state)
{
	struct sample *sample = context;

	if (state->candidate.group == sample->tunnel->connection->group && state->best != ROUTING_PROTECT)
		sample->prefixes[sample->count++] = *prefix;
	return sample->count < MOST_PREFIXES && ++sample->looked_at < MOST_CANDIDATES;
}

/* An address of the prefix that is nobody's own: the first host. */
static struct ip_address
some_address(const struct ip_prefix *prefix)
{
	struct ip_address address = ip_prefix_network(prefix).address;

	if (prefix->length < ip_family_bits(address.family))
		address.bytes[ip_family_bytes(address.family) - 1] |= 1;
	return address;
}

/* Whether the kernel sends what the connection has into one of its tunnels that carry. False with `out`
 * filled where somebody else's route or rule takes it, or ours is gone. */
static bool
kernel_agrees(const struct gateway_tunnel *tunnel, uint32_t active, struct finding *out)
{
	const struct gateway_connection *connection = tunnel->connection;
	struct sample sample = {.tunnel = tunnel};

	routing_walk(tunnel->gateway->routing, NULL, take_sample, &sample);
	for (unsigned i = 0; i < sample.count; i++) {
		struct ip_address address = some_address(&sample.prefixes[i]);
		char prefix[IP_PREFIX_TEXT], shown[IP_ADDRESS_TEXT], by[80];
		const struct gateway_tunnel *into;
		struct routing_way way;
		bool reachable = routing_underlay(tunnel->gateway->routing, &address, &way);

		into = reachable ? explain_tunnel_of_interface(tunnel->gateway, way.interface) : NULL;
		if (into != NULL && into->connection == connection && (active & 1u << into->member))
			continue;
		ip_prefix_format(&sample.prefixes[i], prefix);
		ip_address_format(&address, shown);
		snprintf(out->text, sizeof(out->text), "carries %s, but the kernel %s%s", prefix,
			 reachable ? "sends it " : "has no way for it",
			 reachable ? gateway_way_text(&way, by, sizeof(by)) : "");
		snprintf(out->cause, sizeof(out->cause), "%s",
			 reachable ? "A route or rule of somebody else takes what this tunnel should carry."
				   : "Somebody took this gateway's route away, or a rule forbids the way.");
		snprintf(
		    out->remedy, sizeof(out->remedy),
		    "Here: see 'ip route get %s' and 'ip rule'. A route of ours that was removed is put back "
		    "within seconds.",
		    shown);
		return false;
	}
	return true;
}

static const char *
use_of(const struct failover_status *status, uint32_t bit)
{
	return status->active & bit    ? "carries"
	       : status->drained & bit ? "drained by an operator, not used"
	       : status->leaving & bit ? "drained by the other side, not used"
	       : status->usable & bit  ? "stands by"
				       : "not usable";
}

void
explain_routes(const struct gateway_tunnel *tunnel, struct finding *out)
{
	const struct gateway_connection *connection = tunnel->connection;
	uint64_t count = connection->config->routing == CONFIG_ROUTING_DYNAMIC
			     ? connection->learned.prefixes
			     : connection->config->routes.count;
	struct failover_status status;
	uint32_t bit = 1u << tunnel->member;
	const char *evidence = NULL;

	failover_status(connection->failover, &status);
	out->since = status.last.set ? status.last.at : 0;
	snprintf(out->text, sizeof(out->text), "%s for %" PRIu64 " prefix%s%s%s", use_of(&status, bit), count,
		 PLURAL(count, "es"), status.pinned ? "; pinned to " : "",
		 status.pinned ? connection->tunnels[status.pinned_member].config->name : "");
	out->state = LAYER_FAILED;
	if ((status.usable & bit) == 0 && tunnel->held_back) {
		snprintf(out->cause, sizeof(out->cause),
			 "The tunnel came and went too often and is held back until it has been quiet for a "
			 "while.");
		snprintf(out->remedy, sizeof(out->remedy),
			 "Here: find what makes it flap ('twinspan show events'); 'twinspan auto' lets it "
			 "carry at "
			 "once.");
	} else if ((status.usable & bit) == 0) {
		bool failed =
		    health_verdict(tunnel->health, &evidence, NULL) == HEALTH_FAILED && evidence != NULL;

		snprintf(out->cause, sizeof(out->cause), "%s",
			 failed ? evidence : "The tunnel is not judged usable yet.");
		snprintf(out->remedy, sizeof(out->remedy), "Wait a few seconds and ask again.");
	} else if (count == 0) {
		snprintf(out->cause, sizeof(out->cause), "The other side has advertised no prefix.");
		snprintf(out->remedy, sizeof(out->remedy),
			 "On the other side: advertise what lies behind it.");
	} else if (!(status.active & bit) || kernel_agrees(tunnel, status.active, out)) {
		out->state = LAYER_OK;
	}
}
