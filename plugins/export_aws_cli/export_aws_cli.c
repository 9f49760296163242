// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The commands that make AWS's side of our connections, as a shell script: a customer gateway, a virtual
 * private gateway, the VPN connection with all of its tunnel options, static routes (AWS CLI Command
 * Reference, ec2). AWS chooses its outside addresses itself, so that the last command prints what has to be
 * imported here.
 */
#include "plugins/export_aws_cli/export_aws_cli.h"

#define ASN_PLAIN_MOST 2147483647 /* beyond it --bgp-asn-extended counts */

static bool
fail(struct export_output *output, const char *format, const char *name)
{
	snprintf(output->why, sizeof(output->why), format, name);
	return false;
}

static void
put_customer(struct export_output *output, const struct export_view *view,
	     const struct export_connection *connection)
{
	const struct ip_address *address = &connection->tunnels[0].remote;
	char text[IP_ADDRESS_TEXT];
	FILE *out = output->out;

	if (!ip_address_is_set(address)) {
		fputs("CUSTOMER_ADDRESS=192.0.2.1   # the public address of this gateway\n", out);
		output->note(output,
			     "the outside address of %s is not in its configuration: set CUSTOMER_ADDRESS",
			     view->gateway);
	}
	fprintf(out,
		"CUSTOMER_GATEWAY=$(aws ec2 create-customer-gateway --type ipsec.1 --device-name %s \\\n"
		"  --ip-address %s",
		view->gateway,
		ip_address_is_set(address) ? ip_address_format(address, text) : "\"$CUSTOMER_ADDRESS\"");
	if (connection->dynamic)
		fprintf(out, " %s %u",
			connection->peer_asn > ASN_PLAIN_MOST ? "--bgp-asn-extended" : "--bgp-asn",
			connection->peer_asn);
	fputs(" \\\n  --query CustomerGateway.CustomerGatewayId --output text)\n", out);
}

/* AWS takes an AS number of its own side from the private ranges (RFC 6996). */
static bool
is_private(uint32_t asn)
{
	return (asn >= 64512 && asn <= 65534) || (asn >= 4200000000 && asn <= 4294967294);
}

/* A VPC has one virtual private gateway: a connection that expects the same AS number of it as the one before
 * goes to the same. */
static bool
is_same_gateway(const struct export_connection *before, const struct export_connection *connection)
{
	return before != NULL && (!connection->dynamic || before->asn == connection->asn);
}

static void
put_gateway(struct export_output *output, const struct export_connection *connection)
{
	fputs("# Or one that is there: VPN_GATEWAY=vgw-..., and for a transit gateway --transit-gateway-id "
	      "below.\n"
	      "VPN_GATEWAY=$(aws ec2 create-vpn-gateway --type ipsec.1",
	      output->out);
	if (connection->dynamic)
		fprintf(output->out, " --amazon-side-asn %u", connection->asn);
	fputs(" \\\n  --query VpnGateway.VpnGatewayId --output text)\n"
	      "# aws ec2 attach-vpn-gateway --vpn-gateway-id \"$VPN_GATEWAY\" --vpc-id vpc-...\n",
	      output->out);
	if (connection->dynamic && !is_private(connection->asn))
		output->note(output,
			     "%s: AWS takes an AS number of its own side from the private ranges, not %u",
			     connection->name, connection->asn);
}

static void
put_routes(struct export_output *output, const struct export_view *view,
	   const struct export_connection *connection)
{
	char text[IP_PREFIX_TEXT];

	for (size_t i = 0; !connection->dynamic && i < connection->peer_networks.count; i++)
		fprintf(output->out,
			"aws ec2 create-vpn-connection-route --vpn-connection-id \"$VPN_CONNECTION\" "
			"--destination-cidr-block %s\n",
			ip_prefix_format(&connection->peer_networks.items[i], text));
	if (!connection->dynamic && connection->peer_networks.count == 0)
		output->note(output, "%s has no 'networks': the routes to it are missing", view->gateway);
}

static bool
is_one_customer(const struct export_connection *connection)
{
	for (size_t t = 1; t < connection->tunnel_count; t++) {
		if (!ip_address_equal(&connection->tunnels[t].remote, &connection->tunnels[0].remote))
			return false;
	}
	return true;
}

static bool
put_connection(struct export_output *output, const struct export_view *view,
	       const struct export_connection *before, const struct export_connection *connection)
{
	FILE *out = output->out;

	if (!is_one_customer(connection))
		return fail(
		    output,
		    "the tunnels of %.60s end at two outside addresses of this side, and a connection of "
		    "AWS's has one customer gateway with one address",
		    connection->name);
	fprintf(out, "\n# %s\n", connection->name);
	put_customer(output, view, connection);
	if (!is_same_gateway(before, connection))
		put_gateway(output, connection);
	fprintf(out,
		"VPN_CONNECTION=$(aws ec2 create-vpn-connection --type ipsec.1 --customer-gateway-id "
		"\"$CUSTOMER_GATEWAY\" \\\n"
		"  --vpn-gateway-id \"$VPN_GATEWAY\" \\\n"
		"  --tag-specifications 'ResourceType=vpn-connection,Tags=[{Key=Name,Value=%s}]' \\\n"
		"  --query VpnConnection.VpnConnectionId --output text --options '",
		connection->name);
	if (!aws_options_write(connection, output))
		return false;
	fputs("')\n", out);
	put_routes(output, view, connection);
	fprintf(out,
		"aws ec2 describe-vpn-connections --vpn-connection-ids \"$VPN_CONNECTION\" > %s.json\n"
		"# Then, on %s: twinspan import aws %s.json\n",
		connection->name, view->gateway, connection->name);
	return true;
}

static bool
write_aws_cli(const struct export_view *view, struct export_output *output)
{
	output->note(output,
		     "AWS chooses its outside addresses: import what it chose; each of these costs money "
		     "from the moment it is made");
	fputs("set -eu\n", output->out);
	for (size_t i = 0; i < view->count; i++) {
		if (!put_connection(output, view, i != 0 ? &view->connections[i - 1] : NULL,
				    &view->connections[i]))
			return false;
	}
	return true;
}

const struct export_ops aws_cli_export_ops = {.format = "aws-cli", .comment = "#", .write = write_aws_cli};
