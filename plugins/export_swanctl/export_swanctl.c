// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a strongSwan on the other side needs: a file for /etc/swanctl/conf.d, with the interfaces, addresses
 * and routes that go with it as comments (swanctl.conf(5), "Route-based VPN" in strongSwan's documentation).
 * A tunnel is an XFRM interface of its own, as here: both carry 0.0.0.0/0, and its if_id keeps them apart.
 *
 * Times: a lifetime of ours is the end of an SA. strongSwan counts the other way: rekey_time is when a rekey
 * begins, of which a random part of rand_time is taken away; an IKE SA ends over_time after it.
 */
#include <stdlib.h>
#include <string.h>

#include "plugins/export_swanctl/export_swanctl.h"

#define MTU_SAFE 1380 /* fits over 1500 bytes with every suite, UDP encapsulation and IPv6 outside */

/* --- texts ------------------------------------------------------------------------------------------------
 */

/* strongSwan's settings end the name of a section at a '.': such a name gets another form, and the tunnel's
 * id, so that it stays the only one. */
static const char *
section_name(const struct export_tunnel *tunnel, char out[96])
{
	bool dotted = false;

	snprintf(out, 80, "%s", tunnel->label);
	for (char *at = out; *at != '\0'; at++) {
		dotted |= *at == '.';
		*at = *at == '.' ? '_' : *at;
	}
	if (dotted)
		sprintf(out + strlen(out), "_%u", tunnel->id);
	return out;
}

static void
put_quoted(FILE *out, const char *text)
{
	fputc('"', out);
	for (; *text != '\0'; text++)
		fprintf(out, "%s%c", *text == '"' || *text == '\\' ? "\\" : "", *text);
	fputc('"', out);
}

static void
put_base64(FILE *out, const uint8_t *bytes, size_t length)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < length; i += 3) {
		uint32_t group = (uint32_t)bytes[i] << 16;

		group |= i + 1 < length ? (uint32_t)bytes[i + 1] << 8 : 0;
		group |= i + 2 < length ? bytes[i + 2] : 0;
		fputc(digits[group >> 18], out);
		fputc(digits[group >> 12 & 63], out);
		fputc(i + 1 < length ? digits[group >> 6 & 63] : '=', out);
		fputc(i + 2 < length ? digits[group & 63] : '=', out);
	}
}

/* As text where that can't be mistaken: "0x" and "0s" begin other forms of a secret. */
static void
put_secret(FILE *out, const uint8_t *bytes, size_t length)
{
	bool plain = length < 2 || bytes[0] != '0' || (bytes[1] != 'x' && bytes[1] != 's');

	for (size_t i = 0; i < length; i++)
		plain &= bytes[i] > 0x20 && bytes[i] < 0x7f && bytes[i] != '"' && bytes[i] != '\\';
	if (plain) {
		fprintf(out, "\"%.*s\"", (int)length, (const char *)bytes);
	} else {
		fputs("0s", out);
		put_base64(out, bytes, length);
	}
}

static void
put_address(FILE *out, const char *key, const struct ip_address *address)
{
	char text[IP_ADDRESS_TEXT];

	fprintf(out, "        %s = %s\n", key,
		ip_address_is_set(address) ? ip_address_format(address, text) : "%any");
}

static void
put_proposals(FILE *out, const char *indent, const char *key, const struct text_list *list)
{
	fprintf(out, "%s%s = ", indent, key);
	for (size_t i = 0; i < list->count; i++)
		fprintf(out, "%s%s", i != 0 ? ", " : "", list->items[i]);
	fputc('\n', out);
}

/* --- a connection -----------------------------------------------------------------------------------------
 */

static void
put_selectors(FILE *out, const char *key, const struct export_prefixes *list, bool v6)
{
	char text[IP_PREFIX_TEXT];

	fprintf(out, "                %s = %s", key,
		list->count != 0 ? ""
		: v6             ? "0.0.0.0/0, ::/0"
				 : "0.0.0.0/0");
	for (size_t i = 0; i < list->count; i++)
		fprintf(out, "%s%s", i != 0 ? ", " : "", ip_prefix_format(&list->items[i], text));
	fputc('\n', out);
}

static void
put_end(FILE *out, const char *which, const struct export_tunnel *tunnel, const char *id)
{
	bool theirs = strcmp(which, "local") == 0;

	fprintf(out, "        %s {\n            auth = %s\n", which, tunnel->certificate ? "pubkey" : "psk");
	if (tunnel->certificate && theirs)
		fprintf(out,
			"            # certs = ...     # your certificate, from the CA that this side trusts "
			"(%s)\n",
			tunnel->ca_file != NULL ? tunnel->ca_file : "not said here");
	else if (tunnel->certificate)
		fprintf(out, "            # cacerts = ...   # the CA of this side's certificate\n%s",
			id == NULL
			    ? "            # id = ...        # that certificate's subject, or a name in it\n"
			    : "");
	if (id != NULL) {
		fputs("            id = ", out);
		put_quoted(out, id);
		fputc('\n', out);
	}
	fputs("        }\n", out);
}

/* Never so early that a new SA would be rekeyed at once. */
static uint32_t
margin_of(const struct export_tunnel *tunnel, uint32_t life)
{
	return tunnel->rekey_margin_s < life / 2 ? tunnel->rekey_margin_s : life / 2;
}

static uint32_t
jitter_of(const struct export_tunnel *tunnel, uint32_t life)
{
	uint32_t margin = margin_of(tunnel, life), jitter = margin * tunnel->rekey_fuzz / 100;

	return jitter < (life - margin) / 2 ? jitter : (life - margin) / 2;
}

static void
put_child(FILE *out, const struct export_tunnel *tunnel, const char *name)
{
	uint32_t life = tunnel->esp_lifetime_s, margin = margin_of(tunnel, life);
	bool v6 = ip_address_is_set(&tunnel->inside[1].address);

	fprintf(out, "        children {\n            %s {\n", name);
	put_selectors(out, "local_ts", &tunnel->local_ts, v6);
	put_selectors(out, "remote_ts", &tunnel->remote_ts, v6);
	put_proposals(out, "                ", "esp_proposals", tunnel->esp_proposals);
	fprintf(out,
		"                rekey_time = %us\n                rand_time = %us\n                "
		"life_time = %us\n"
		"                replay_window = %u\n",
		life - margin, jitter_of(tunnel, life), life, tunnel->replay_window);
	fprintf(out, "                if_id_in = %u\n                if_id_out = %u\n", tunnel->id,
		tunnel->id);
	fprintf(
	    out,
	    "                start_action = %s\n                dpd_action = %s\n            }\n        }\n",
	    tunnel->initiates ? "start" : "none", tunnel->initiates ? "restart" : "clear");
}

static void
put_connection(FILE *out, const struct export_tunnel *tunnel, const char *name)
{
	static const char *const uniques[] = {
	    [EXPORT_UNIQUE_CONTACT] = "no",
	    [EXPORT_UNIQUE_REPLACE] = "replace",
	    [EXPORT_UNIQUE_KEEP] = "keep",
	    [EXPORT_UNIQUE_NEVER] = "never",
	};
	uint32_t life = tunnel->ike_lifetime_s, margin = margin_of(tunnel, life);

	fprintf(out, "    # %s there.%s\n    %s {\n        version = %u\n", tunnel->name,
		tunnel->initiates ? " It waits: this side begins." : " It begins: this side waits.", name,
		tunnel->ike_version);
	put_address(out, "local_addrs", &tunnel->local);
	put_address(out, "remote_addrs", &tunnel->remote);
	put_proposals(out, "        ", "proposals", tunnel->ike_proposals);
	fprintf(out, "        rekey_time = %us\n        over_time = %us\n        rand_time = %us\n",
		life - margin, margin, jitter_of(tunnel, life));
	fprintf(out, "        dpd_delay = %us\n", tunnel->dpd_interval_s);
	if (tunnel->ike_version != 2) /* IKEv2 has retransmissions instead */
		fprintf(out, "        dpd_timeout = %us\n", tunnel->dpd_timeout_s);
	fprintf(out, "        fragmentation = %s\n        unique = %s\n        mobike = no\n",
		tunnel->fragmentation > 0   ? "force"
		: tunnel->fragmentation < 0 ? "no"
					    : "yes",
		uniques[tunnel->unique]);
	if (tunnel->encap)
		fputs("        encap = yes\n", out);
	put_end(out, "local", tunnel, tunnel->local_id);
	put_end(out, "remote", tunnel, tunnel->remote_id);
	put_child(out, tunnel, name);
	fputs("    }\n", out);
}

static void
put_owner(FILE *out, unsigned number, const char *id)
{
	if (id == NULL)
		return;
	fprintf(out, "        id-%u = ", number);
	put_quoted(out, id);
	fputc('\n', out);
}

static void
put_key(FILE *out, const struct export_view *view, const struct export_tunnel *tunnel, const char *name)
{
	fprintf(out, "    ike-%s {\n", name);
	put_owner(out, 1, tunnel->local_id);
	put_owner(out, 2, tunnel->remote_id);
	if (tunnel->psk != NULL) {
		fputs("        secret = ", out);
		put_secret(out, tunnel->psk, tunnel->psk_length);
		fputc('\n', out);
	} else {
		fprintf(out, "        # secret = \"...\"   # the key of %s: %s has it in %s\n", tunnel->name,
			view->gateway, tunnel->psk_file != NULL ? tunnel->psk_file : "its configuration");
	}
	fputs("    }\n", out);
}

/* --- what goes with it ------------------------------------------------------------------------------------
 */

static void
put_recipe(FILE *out, const struct export_connection *connection, const struct export_tunnel *tunnel)
{
	char text[IP_PREFIX_TEXT];

	fprintf(out, "#   ip link add xfrm%u type xfrm dev OUTSIDE if_id %u    # %s\n", tunnel->id,
		tunnel->id, tunnel->name);
	for (unsigned i = 0; i < 2; i++) {
		if (ip_address_is_set(&tunnel->inside[i].address))
			fprintf(out, "#   ip address add %s dev xfrm%u\n",
				ip_prefix_format(&tunnel->inside[i], text), tunnel->id);
	}
	fprintf(out, "#   ip link set xfrm%u up mtu %u\n", tunnel->id,
		tunnel->mtu != 0 ? tunnel->mtu : MTU_SAFE);
	for (size_t i = 0; !connection->dynamic && i < connection->peer_networks.count; i++)
		fprintf(out, "#   ip route add %s dev xfrm%u metric %u\n",
			ip_prefix_format(&connection->peer_networks.items[i], text), tunnel->id,
			tunnel->number * 100);
}

static void
put_recipes(FILE *out, const struct export_view *view)
{
	bool is_static = false;

	fputs(
	    "#\n# Each tunnel is an interface; charon must not make routes of its own for its 0.0.0.0/0: in\n"
	    "# strongswan.conf, charon { install_routes = no }. OUTSIDE is the interface to the internet.\n"
	    "# The number of an interface (if_id) may be any that is free, the same in both places.\n"
	    "#   sysctl net.ipv4.ip_forward=1\n",
	    out);
	for (size_t i = 0; i < view->count; i++) {
		is_static |= !view->connections[i].dynamic;
		for (size_t t = 0; t < view->connections[i].tunnel_count; t++)
			put_recipe(out, &view->connections[i], &view->connections[i].tunnels[t]);
	}
	if (is_static)
		fputs("# A route over an interface stays when its tunnel is down: something has to take it "
		      "away\n"
		      "# then, such as a probe of the inside address.\n",
		      out);
	fputc('\n', out);
}

static void
look_at(struct export_output *output, const struct export_view *view,
	const struct export_connection *connection, const struct export_tunnel *tunnel)
{
	if (tunnel->certificate)
		output->note(
		    output,
		    "%s: both ends show certificates: name yours and the CA of this side's where it says so",
		    tunnel->name);
	else if (tunnel->psk == NULL)
		output->note(
		    output, "the pre-shared key is not in it: each secret is to be written where it says so");
	if (!ip_address_is_set(&tunnel->remote) && tunnel->initiates)
		output->note(output,
			     "%s: %s waits, and its outside address is not in its configuration: write it "
			     "to remote_addrs",
			     tunnel->name, view->gateway);
	if (tunnel->remote_id == NULL && tunnel->certificate)
		output->note(
		    output,
		    "%s: %s shows its certificate's subject, which was not looked at: whoever that CA "
		    "vouches for is taken",
		    tunnel->name, view->gateway);
	else if (tunnel->remote_id == NULL)
		output->note(
		    output,
		    "%s: the identity that %s uses is the address that it happens to have: any is taken",
		    tunnel->name, view->gateway);
	if (!connection->dynamic && connection->peer_networks.count == 0)
		output->note(output, "%s has no 'networks': the routes to it are missing", view->gateway);
}

static bool
write_swanctl(const struct export_view *view, struct export_output *output)
{
	FILE *out = output->out;
	char name[96];

	put_recipes(out, view);
	fputs("connections {\n", out);
	for (size_t i = 0; i < view->count; i++) {
		const struct export_connection *connection = &view->connections[i];

		for (size_t t = 0; t < connection->tunnel_count; t++) {
			put_connection(out, &connection->tunnels[t],
				       section_name(&connection->tunnels[t], name));
			look_at(output, view, connection, &connection->tunnels[t]);
		}
	}
	fputs("}\n\nsecrets {\n", out);
	for (size_t i = 0; i < view->count; i++) {
		for (size_t t = 0; t < view->connections[i].tunnel_count; t++) {
			const struct export_tunnel *tunnel = &view->connections[i].tunnels[t];

			if (!tunnel->certificate)
				put_key(out, view, tunnel, section_name(tunnel, name));
		}
	}
	fputs("}\n", out);
	return true;
}

const struct export_ops swanctl_export_ops = {.format = "swanctl", .comment = "#", .write = write_swanctl};
