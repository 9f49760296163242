// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The options of `aws ec2 create-vpn-connection`, as JSON (EC2 API reference,
 * VpnConnectionOptionsSpecification and VpnTunnelOptionsSpecification). Times in seconds, the replay window
 * in packets. What is left out gets AWS's default.
 */
#include <string.h>

#include "plugins/export_aws_cli/export_aws_cli.h"

#define DPD_TIMEOUT_LEAST 30 /* s */
#define WINDOW_LEAST 64      /* packets */
#define WINDOW_MOST 2048
#define PSK_LEAST 8
#define PSK_MOST 64

static bool
fail(struct export_output *output, const char *format, const char *name)
{
	snprintf(output->why, sizeof(output->why), format, name);
	return false;
}

static void
put_values(FILE *out, const char *key, const struct text_list *list, bool number)
{
	if (list->count == 0)
		return;
	fprintf(out, ",\n      \"%s\": [", key);
	for (size_t i = 0; i < list->count; i++)
		fprintf(out, number ? "%s{\"Value\": %s}" : "%s{\"Value\": \"%s\"}", i != 0 ? ", " : "",
			list->items[i]);
	fputc(']', out);
}

/* --- algorithms -------------------------------------------------------------------------------------------
 */

static bool
put_phase(struct export_output *output, const struct export_tunnel *tunnel, unsigned phase,
	  const struct text_list *proposals)
{
	struct aws_lists lists;
	char key[40];
	bool good;

	aws_lists_make(phase, proposals, &lists);
	good = lists.encryption.count != 0;
	for (size_t i = 0; i < lists.unknown.count; i++)
		output->note(output, "%s: AWS has no '%s' in phase %u: proposals with it are left out",
			     tunnel->name, lists.unknown.items[i], phase);
	snprintf(key, sizeof(key), "Phase%uEncryptionAlgorithms", phase);
	put_values(output->out, key, &lists.encryption, false);
	snprintf(key, sizeof(key), "Phase%uIntegrityAlgorithms", phase);
	put_values(output->out, key, &lists.integrity, false);
	snprintf(key, sizeof(key), "Phase%uDHGroupNumbers", phase);
	put_values(output->out, key, &lists.groups, true);
	if (good && lists.groups.count == 0)
		output->note(
		    output,
		    "%s: AWS always uses a DH group, and the proposals of phase %u have none: name one",
		    tunnel->name, phase);
	aws_lists_free(&lists);
	return good || fail(output, "AWS has no algorithms for any of the proposals of %.100s", tunnel->name);
}

/* --- a tunnel ---------------------------------------------------------------------------------------------
 */

/* AWS: a /30 of 169.254.0.0/16 or a /126 of fd00::/8, of which it has the first host itself. */
static bool
is_inside(const struct ip_prefix *inside)
{
	struct ip_prefix network = ip_prefix_network(inside);
	unsigned last = ip_family_bytes(inside->address.family) - 1;

	if (inside->address.family == AF_INET)
		return inside->length == 30 && inside->address.bytes[0] == 169 &&
		       inside->address.bytes[1] == 254 &&
		       inside->address.bytes[last] == network.address.bytes[last] + 1;
	return inside->length == 126 && inside->address.bytes[0] == 0xfd &&
	       inside->address.bytes[last] == network.address.bytes[last] + 1;
}

static void
put_inside(struct export_output *output, const struct export_tunnel *tunnel)
{
	unsigned family = ip_address_is_set(&tunnel->inside[0].address) ? 0 : 1;
	const struct ip_prefix *inside = &tunnel->inside[family];
	struct ip_prefix network = ip_prefix_network(inside);
	char text[IP_PREFIX_TEXT];

	if (!ip_address_is_set(&inside->address))
		return;
	if (is_inside(inside))
		fprintf(output->out, ",\n      \"%s\": \"%s\"",
			family == 0 ? "TunnelInsideCidr" : "TunnelInsideIpv6Cidr",
			ip_prefix_format(&network, text));
	else
		output->note(
		    output,
		    "%s: AWS takes inside networks of 169.254.0.0/16 with /30 or fd00::/8 with /126, and "
		    "has the first host of it: it will choose others, to be imported",
		    tunnel->name);
	if (family == 0 && ip_address_is_set(&tunnel->inside[1].address))
		output->note(
		    output,
		    "%s: a tunnel of AWS carries IPv4 or IPv6: its IPv6 inside addresses are left out",
		    tunnel->name);
}

/* AWS: 8 to 64 of letters, digits, '.' and '_', not beginning with zero. */
static bool
is_key(const struct export_tunnel *tunnel)
{
	bool good =
	    tunnel->psk_length >= PSK_LEAST && tunnel->psk_length <= PSK_MOST && tunnel->psk[0] != '0';

	for (size_t i = 0; i < tunnel->psk_length && good; i++) {
		char c = (char)tunnel->psk[i];

		good = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
		       c == '.' || c == '_';
	}
	return good;
}

static void
put_key(struct export_output *output, const struct export_tunnel *tunnel)
{
	if (tunnel->certificate)
		output->note(
		    output,
		    "%s: AWS shows a certificate where the customer gateway has one: add --certificate-arn "
		    "ARN, of one from AWS Private CA, to create-customer-gateway",
		    tunnel->name);
	else if (tunnel->psk == NULL)
		output->note(
		    output,
		    "the pre-shared key is not in it: AWS makes keys of its own, to be imported, unless "
		    "PreSharedKey is added to each of TunnelOptions");
	else if (is_key(tunnel))
		fprintf(output->out, ",\n      \"PreSharedKey\": \"%.*s\"", (int)tunnel->psk_length,
			(const char *)tunnel->psk);
	else
		output->note(
		    output,
		    "%s: AWS does not take its pre-shared key (8 to 64 letters, digits, '.' and '_', not "
		    "beginning with 0): it will make one, to be imported",
		    tunnel->name);
}

static void
put_version(FILE *out, const struct export_tunnel *tunnel)
{
	fprintf(out, "      \"IKEVersions\": [");
	if (tunnel->ike_version != 2)
		fputs("{\"Value\": \"ikev1\"}", out);
	if (tunnel->ike_version != 1)
		fprintf(out, "%s{\"Value\": \"ikev2\"}", tunnel->ike_version == 0 ? ", " : "");
	fputc(']', out);
}

static void
put_start(struct export_output *output, const struct export_tunnel *tunnel)
{
	bool starts = tunnel->initiates && tunnel->ike_version != 1 && ip_address_is_set(&tunnel->remote);

	fprintf(output->out, ",\n      \"StartupAction\": \"%s\",\n      \"DPDTimeoutAction\": \"%s\"",
		starts ? "start" : "add", starts ? "restart" : "clear");
	if (tunnel->initiates && !starts)
		output->note(
		    output,
		    "%s: this side waits, and AWS begins only with IKEv2 and where it knows the address",
		    tunnel->name);
}

static bool
put_tunnel(struct export_output *output, const struct export_tunnel *tunnel)
{
	FILE *out = output->out;
	uint32_t timeout = tunnel->dpd_timeout_s, window = tunnel->replay_window;

	if (timeout < DPD_TIMEOUT_LEAST) {
		timeout = DPD_TIMEOUT_LEAST;
		output->note(output, "%s: AWS takes no DPD timeout below %d s: that is written", tunnel->name,
			     DPD_TIMEOUT_LEAST);
	}
	if (window < WINDOW_LEAST || window > WINDOW_MOST) {
		window = window < WINDOW_LEAST ? WINDOW_LEAST : WINDOW_MOST;
		output->note(output, "%s: AWS takes a replay window of %d to %d packets: %u is written",
			     tunnel->name, WINDOW_LEAST, WINDOW_MOST, window);
	}
	fputs("    {\n", out);
	put_version(out, tunnel);
	put_inside(output, tunnel);
	put_key(output, tunnel);
	if (!put_phase(output, tunnel, 1, tunnel->ike_proposals) ||
	    !put_phase(output, tunnel, 2, tunnel->esp_proposals))
		return false;
	fprintf(out,
		",\n      \"Phase1LifetimeSeconds\": %u,\n      \"Phase2LifetimeSeconds\": %u"
		",\n      \"RekeyMarginTimeSeconds\": %u,\n      \"RekeyFuzzPercentage\": %u"
		",\n      \"ReplayWindowSize\": %u,\n      \"DPDTimeoutSeconds\": %u",
		tunnel->ike_lifetime_s, tunnel->esp_lifetime_s, tunnel->rekey_margin_s, tunnel->rekey_fuzz,
		window, timeout);
	put_start(output, tunnel);
	fputs("\n    }", out);
	return true;
}

/* --- a connection -----------------------------------------------------------------------------------------
 */

static void
put_selector(struct export_output *output, const struct export_connection *connection, const char *side,
	     const struct export_prefixes *list)
{
	char text[IP_PREFIX_TEXT];

	if (list->count == 1)
		fprintf(output->out, ",\n  \"%sIpv%uNetworkCidr\": \"%s\"", side,
			list->items[0].address.family == AF_INET ? 4 : 6,
			ip_prefix_format(&list->items[0], text));
	else if (list->count > 1)
		output->note(output,
			     "%s: AWS takes one selector a side and family: they are left out, and AWS has "
			     "0.0.0.0/0",
			     connection->name);
}

bool
aws_options_write(const struct export_connection *connection, struct export_output *output)
{
	const struct export_tunnel *first = &connection->tunnels[0];
	bool v6 =
	    !ip_address_is_set(&first->inside[0].address) && ip_address_is_set(&first->inside[1].address);

	fprintf(output->out, "{\n  \"StaticRoutesOnly\": %s,\n  \"TunnelInsideIpVersion\": \"%s\"",
		connection->dynamic ? "false" : "true", v6 ? "ipv6" : "ipv4");
	if (first->remote.family == AF_INET6)
		fputs(",\n  \"OutsideIpAddressType\": \"Ipv6\"", output->out);
	if (v6 || first->remote.family == AF_INET6)
		output->note(output, "%s: AWS has IPv6 tunnels on a transit gateway only", connection->name);
	/* AWS's "local" is the customer's side. */
	put_selector(output, connection, "Local", &first->remote_ts);
	put_selector(output, connection, "Remote", &first->local_ts);
	fputs(",\n  \"TunnelOptions\": [\n", output->out);
	for (size_t t = 0; t < connection->tunnel_count; t++) {
		if (t != 0)
			fputs(",\n", output->out);
		if (!put_tunnel(output, &connection->tunnels[t]))
			return false;
	}
	fputs("\n  ]\n}", output->out);
	return true;
}
