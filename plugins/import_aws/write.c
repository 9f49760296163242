// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The model as YAML. What both tunnels have alike stands under the connection, else under each tunnel. What
 * AWS's file doesn't say, or says and we can't do, is a comment at its place, and a finding where a person
 * has to act.
 */
#include "plugins/import_aws/import_aws.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct writing {
	const struct import_options *options;
	struct import_result *result;
	struct aws_findings findings;
	FILE *out;
	struct ip_address outside; /* of the gateway */
};

/* "8h", "50m", "3540s". */
static const char *
duration(uint32_t seconds, char out[16])
{
	if (seconds % 3600 == 0 && seconds != 0)
		snprintf(out, 16, "%uh", seconds / 3600);
	else if (seconds % 60 == 0 && seconds != 0)
		snprintf(out, 16, "%um", seconds / 60);
	else
		snprintf(out, 16, "%us", seconds);
	return out;
}

/* A text from outside in a comment, with what stands before it; nothing where it is NULL. YAML has more line
 * breaks than ASCII has (U+2028), and a comment must not end before its line does. */
static void
put_plain(FILE *out, const char *before, const char *text)
{
	if (text == NULL)
		return;
	fputs(before, out);
	for (size_t i = 0; text[i] != '\0' && i < 100; i++)
		fputc(text[i] >= 0x20 && text[i] < 0x7f ? text[i] : '?', out);
}

/* --- settings of a tunnel ----------------------------------------------------------------------------- */

static void
put_list(FILE *out, const struct text_list *list)
{
	fputs("proposals: [", out);
	for (size_t i = 0; i < list->count; i++)
		fprintf(out, "%s%s", i != 0 ? ", " : "", list->items[i]);
	fputs("], ", out);
}

/* Is what is said of a phase only the sample that all files have? */
static bool
is_sample(const struct aws_tunnel *tunnel, const struct aws_phase *phase)
{
	return !tunnel->options && (aws_is_minimum(phase) || phase->encryption == 0);
}

/* The proposals of a phase, with what there is to say of them before the line that they stand on. */
static void
choose_proposals(struct writing *writing, FILE *out, const struct aws_tunnel *tunnel, bool esp,
		 struct text_list *list)
{
	const struct aws_phase *phase = esp ? &tunnel->esp : &tunnel->ike;
	const char *what = esp ? "ESP" : "IKE";
	char text[200], remote[IP_ADDRESS_TEXT];
	bool nearest;

	if (is_sample(tunnel, phase)) {
		if (esp && is_sample(tunnel, &tunnel->ike))
			fputs("# ESP: as with IKE.\n", out);
		else
			fprintf(
			    out,
			    "# %s: AWS's file shows the least that AWS takes, not what its tunnel options "
			    "allow. These are\n"
			    "# in what `aws ec2 describe-vpn-connections` prints; twinspan's own proposals "
			    "are among AWS's defaults.\n",
			    what);
		return;
	}
	aws_proposals(phase, esp, writing->options->accepts, list, &nearest);
	if (!nearest)
		return;
	aws_phase_text(phase, text, sizeof(text));
	fprintf(out,
		"# %s: AWS's file has %s, which this version does not carry:\n"
		"# this is the nearest that it does, and AWS's tunnel options must allow it.\n",
		what, text);
	aws_note(&writing->findings, tunnel->line,
		 "the tunnel to %s: AWS has %s for %s, which this version of twinspan does not carry: %s is "
		 "written instead, and AWS's tunnel options must allow it",
		 ip_address_format(&tunnel->remote, remote), text, what, list->items[0]);
}

static void
put_ike(struct writing *writing, FILE *out, const struct aws_tunnel *tunnel)
{
	struct text_list list = {0};
	char text[16], remote[IP_ADDRESS_TEXT];

	choose_proposals(writing, out, tunnel, false, &list);
	if (!tunnel->ikev2)
		fprintf(
		    out,
		    "# AWS's file names %s; twinspan speaks version 2, and so does AWS unless its options "
		    "say otherwise.\n",
		    tunnel->ikev1 ? "IKE version 1 only" : "no IKE version");
	if (tunnel->ikev1 && !tunnel->ikev2 && tunnel->options)
		aws_note(&writing->findings, tunnel->line,
			 "the tunnel to %s: AWS's tunnel options allow IKE version 1 only: allow ikev2 there",
			 ip_address_format(&tunnel->remote, remote));
	fputs("ike: {version: 2, ", out);
	if (list.count != 0)
		put_list(out, &list);
	fprintf(out, "lifetime: %s}\n",
		duration(tunnel->ike.lifetime_s != 0 ? tunnel->ike.lifetime_s : 28800, text));
	text_list_free(&list);
}

static void
put_esp(struct writing *writing, FILE *out, const struct aws_tunnel *tunnel)
{
	uint32_t ike = tunnel->ike.lifetime_s != 0 ? tunnel->ike.lifetime_s : 28800;
	uint32_t lifetime = tunnel->esp.lifetime_s != 0 ? tunnel->esp.lifetime_s : 3600;
	struct text_list list = {0};
	char text[16];

	/* ESP's must be the shorter one. */
	if (lifetime >= ike)
		lifetime = ike > 960 ? ike - 60 : 900;
	choose_proposals(writing, out, tunnel, true, &list);
	fputs("esp: {", out);
	if (list.count != 0)
		put_list(out, &list);
	fprintf(out, "lifetime: %s", duration(lifetime, text));
	if (tunnel->replay_window != 0)
		fprintf(out, ", replay_window: %u", tunnel->replay_window);
	fputs("}\n", out);
	text_list_free(&list);
}

static void
put_bgp(struct writing *writing, FILE *out, const struct aws_tunnel *tunnel)
{
	char a[16], b[16];

	if (!tunnel->has_hold)
		return;
	if (tunnel->hold_s != 0)
		fprintf(out, "bgp: {keepalive: %s, hold: %s}\n", duration(tunnel->hold_s / 3, a),
			duration(tunnel->hold_s, b));
	else
		fputs("bgp: {hold: 0}\n", out);
}

static void
put_dpd(struct writing *writing, FILE *out, const struct aws_tunnel *tunnel)
{
	char a[16], b[16];

	fprintf(out, "dpd: {interval: %s, timeout: %s, action: restart}\n",
		duration(tunnel->dpd_interval_s, a), duration(tunnel->dpd_timeout_s, b));
}

static void
put_start(struct writing *writing, FILE *out, const struct aws_tunnel *tunnel)
{
	if (tunnel->starts)
		fputs("# AWS initiates as well; this side does so too, to be up soon after a restart.\n",
		      out);
	fputs("start: initiate\n", out);
}

/* What may stand under a connection or a tunnel, as lines without indentation. */
static void (*const settings[])(struct writing *writing, FILE *out, const struct aws_tunnel *tunnel) = {
    put_bgp, put_ike, put_esp, put_dpd, put_start};

#define SETTINGS COUNT_OF(settings)

/* One of them. Returns new. */
static char *
make_setting(struct writing *writing, size_t which, const struct aws_tunnel *tunnel)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	if (out == NULL)
		abort();
	settings[which](writing, out, tunnel);
	fclose(out);
	return text;
}

static void
put_indented(FILE *out, unsigned indent, const char *lines)
{
	while (*lines != '\0') {
		size_t length = strcspn(lines, "\n");

		fprintf(out, "%*s%.*s\n", (int)indent, "", (int)length, lines);
		lines += length + (lines[length] != '\0');
	}
}

/* --- secrets ------------------------------------------------------------------------------------------ */

static void
add_secret(struct import_result *result, const char *file, const char *text)
{
	result->secrets =
	    memory_resize(result->secrets, (result->secret_count + 1) * sizeof(*result->secrets));
	result->secrets[result->secret_count++] =
	    (struct import_secret){.file = text_copy(file), .text = text_copy(text)};
}

/* A key is printable ASCII without blanks (model.c): of that only two need care between double quotes. */
static void
put_quoted(FILE *out, const char *text)
{
	fputc('"', out);
	for (; *text != '\0'; text++)
		fprintf(out, "%s%c", *text == '"' || *text == '\\' ? "\\" : "", *text);
	fputc('"', out);
}

static void
put_secret(struct writing *writing, const char *name, const struct aws_tunnel *tunnel, unsigned number)
{
	char file[64], remote[IP_ADDRESS_TEXT];

	snprintf(file, sizeof(file), "psk/%.40s-%u", name, number);
	ip_address_format(&tunnel->remote, remote);
	if (tunnel->certificate)
		aws_note(
		    &writing->findings, tunnel->line,
		    "the tunnel to %s authenticates by certificate, which this version does not: give it a "
		    "pre-shared key in AWS's tunnel options",
		    remote);
	if (tunnel->psk == NULL) {
		aws_note(
		    &writing->findings, tunnel->line,
		    "the pre-shared key of the tunnel to %s is not in the file (AWS may keep it in Secrets "
		    "Manager): write it into %s, mode 0600",
		    remote, file);
		fprintf(writing->out,
			"        # the key is not in AWS's file: write it into this one, mode 0600\n");
	}
	if (tunnel->psk != NULL && writing->options->inline_secrets) {
		fputs("        psk: ", writing->out);
		put_quoted(writing->out, tunnel->psk);
		fputc('\n', writing->out);
		return;
	}
	fprintf(writing->out, "        psk_file: %s\n", file);
	if (tunnel->psk != NULL)
		add_secret(writing->result, file, tunnel->psk);
}

/* --- connections -------------------------------------------------------------------------------------- */

static void
put_prefixes(FILE *out, const struct aws_prefixes *list)
{
	char text[IP_PREFIX_TEXT];

	fputc('[', out);
	for (size_t i = 0; i < list->count; i++)
		fprintf(out, "%s%s", i != 0 ? ", " : "", ip_prefix_format(&list->items[i], text));
	fputc(']', out);
}

static void
put_tunnel(struct writing *writing, const struct aws_tunnel *tunnel, const char *name, unsigned number)
{
	char text[IP_ADDRESS_TEXT];
	FILE *out = writing->out;

	fprintf(out, "      - remote: %s\n", ip_address_format(&tunnel->remote, text));
	if (ip_address_is_set(&tunnel->outside) && !writing->options->connection_only &&
	    !ip_address_equal(&tunnel->outside, &writing->outside))
		fprintf(out, "        local: %s\n", ip_address_format(&tunnel->outside, text));
	if (ip_address_is_set(&tunnel->inside))
		fprintf(out, "        inside: %s/%u\n", ip_address_format(&tunnel->inside, text),
			tunnel->inside_length);
	else
		fputs("        # inside: this side's inside address: AWS's file has none\n", out);
	put_secret(writing, name, tunnel, number);
}

static void
put_routing(struct writing *writing, const struct aws_connection *connection)
{
	FILE *out = writing->out;

	fprintf(out, "    routing: %s\n", connection->is_static ? "static" : "dynamic");
	if (!connection->is_static) {
		fprintf(out, "    peer_asn: %u\n", connection->tunnels[0].peer_asn);
		fputs("    # protect: [10.50.0.0/16]   # AWS's networks, never sent in the clear: AWS's file "
		      "doesn't say them\n",
		      out);
		return;
	}
	if (connection->routes.count != 0) {
		fputs("    routes: ", out);
		put_prefixes(out, &connection->routes);
		fputc('\n', out);
	} else {
		fputs("    # routes: [10.50.0.0/16]    # AWS's networks (the VPC's): AWS's file doesn't say "
		      "them\n",
		      out);
	}
	fputs("    # health: {probe: icmp, interval: 500ms, fail: 3, recover: 5}   # where AWS's inside "
	      "address answers ping\n",
	      out);
}

/* What the gateway as a whole must be for this connection. */
static void
put_expectations(struct writing *writing, const struct aws_connection *connection)
{
	const struct aws_tunnel *first = &connection->tunnels[0];
	char text[IP_ADDRESS_TEXT];

	if (!connection->is_static)
		fprintf(writing->out, "  # AWS expects AS number %u of this gateway", first->asn);
	if (ip_address_is_set(&first->outside))
		fprintf(writing->out, "%s the outside address %s",
			connection->is_static ? "  # AWS expects" : " and",
			ip_address_format(&first->outside, text));
	if (!connection->is_static || ip_address_is_set(&first->outside))
		fputs(".\n", writing->out);
}

static void
put_connection(struct writing *writing, const struct aws_connection *connection)
{
	const char *name = writing->options->name != NULL ? writing->options->name : connection->name;
	char *made[SETTINGS][AWS_TUNNELS] = {{NULL}};
	FILE *out = writing->out;
	bool alike[SETTINGS];

	for (size_t i = 0; i < SETTINGS; i++) {
		alike[i] = true;
		for (size_t t = 0; t < connection->tunnel_count; t++) {
			made[i][t] = make_setting(writing, i, &connection->tunnels[t]);
			alike[i] &= strcmp(made[i][t], made[i][0]) == 0;
		}
	}
	put_plain(out, "  # ", connection->id != NULL ? connection->id : "no id in the file");
	put_plain(out, ", customer gateway ", connection->customer_gateway);
	put_plain(out, ", gateway ", connection->gateway);
	fputc('\n', out);
	if (writing->options->connection_only)
		put_expectations(writing, connection);
	fprintf(out, "  - name: %s\n", name);
	put_routing(writing, connection);
	for (size_t i = 0; i < SETTINGS; i++) {
		if (alike[i])
			put_indented(out, 4, made[i][0]);
	}
	fputs("    tunnels:\n", out);
	for (size_t t = 0; t < connection->tunnel_count; t++) {
		put_tunnel(writing, &connection->tunnels[t], name, (unsigned)t + 1);
		for (size_t i = 0; i < SETTINGS; i++) {
			if (!alike[i])
				put_indented(out, 8, made[i][t]);
			free(made[i][t]);
		}
	}
}

/* --- the gateway -------------------------------------------------------------------------------------- */

static bool
is_wanted(const struct import_options *options, const struct aws_connection *connection)
{
	return options->connection == NULL || strcmp(options->connection, connection->name) == 0 ||
	       (connection->id != NULL && strcmp(options->connection, connection->id) == 0);
}

/* This gateway has one AS number: what another connection expects is said. */
static uint32_t
choose_asn(struct writing *writing, const struct import_file *file)
{
	uint32_t asn = 0;

	for (size_t i = 0; i < file->count; i++) {
		const struct aws_connection *connection = &file->connections[i];

		if (!is_wanted(writing->options, connection) || connection->is_static)
			continue;
		if (asn == 0)
			asn = connection->tunnels[0].asn;
		else if (asn != connection->tunnels[0].asn)
			aws_note(&writing->findings, connection->line,
				 "connection %s expects AS number %u of this side and another one %u: a "
				 "gateway has one",
				 text_quoted(connection->name), connection->tunnels[0].asn, asn);
	}
	return asn;
}

static void
put_networks(struct writing *writing, const struct import_file *file)
{
	struct aws_prefixes all = {0};

	for (size_t i = 0; i < file->count; i++) {
		const struct aws_prefixes *networks = &file->connections[i].networks;

		for (size_t n = 0; is_wanted(writing->options, &file->connections[i]) && n < networks->count;
		     n++) {
			bool known = false;

			for (size_t k = 0; k < all.count; k++)
				known |= ip_prefix_equal(&all.items[k], &networks->items[n]);
			if (known)
				continue;
			all.items = memory_resize(all.items, (all.count + 1) * sizeof(*all.items));
			all.items[all.count++] = networks->items[n];
		}
	}
	if (all.count != 0) {
		fputs("  networks: ", writing->out);
		put_prefixes(writing->out, &all);
		fputs("   # this side's, as AWS has them\n", writing->out);
	} else {
		fputs("  # networks: [10.20.0.0/16]   # what this side has: AWS's file doesn't say\n",
		      writing->out);
	}
	free(all.items);
}

static void
put_gateway(struct writing *writing, const struct import_file *file)
{
	const struct aws_connection *first = NULL;
	uint32_t asn = choose_asn(writing, file);
	char text[IP_ADDRESS_TEXT];
	FILE *out = writing->out;

	for (size_t i = 0; i < file->count && first == NULL; i++) {
		if (is_wanted(writing->options, &file->connections[i]))
			first = &file->connections[i];
	}
	put_plain(out, "# Made by `twinspan import aws` from ",
		  writing->options->source != NULL ? writing->options->source : "AWS's file");
	fputs(".\n# What that file does not say stands here as a comment: look it through, then `twinspan "
	      "check` it.\n\ngateway:\n",
	      out);
	fprintf(out, "  name: %s\n  role: customer\n",
		first->customer_gateway != NULL && aws_is_name(first->customer_gateway)
		    ? first->customer_gateway
		    : "customer");
	if (asn != 0)
		fprintf(out, "  asn: %u\n", asn);
	else
		fputs("  # asn: 65000                 # only BGP needs one\n", out);
	writing->outside = first->tunnels[0].outside;
	if (ip_address_is_set(&writing->outside))
		fprintf(out, "  outside: %s   # `any` where this machine is behind NAT\n",
			ip_address_format(&writing->outside, text));
	else
		fputs(
		    "  outside: any                 # this side's outside address: AWS's file doesn't say\n",
		    out);
	put_networks(writing, file);
	fputs("\nconnections:\n", out);
}

/* --- the door ----------------------------------------------------------------------------------------- */

static bool
refuse(struct import_finding *why, const char *format, const char *text)
{
	why->line = 0;
	snprintf(why->text, sizeof(why->text), format, text_quoted(text));
	return false;
}

/* Can it be done as asked? */
static bool
check_options(const struct import_file *file, const struct import_options *options,
	      struct import_finding *why)
{
	size_t wanted = 0;

	for (size_t i = 0; i < file->count; i++)
		wanted += is_wanted(options, &file->connections[i]);
	if (wanted == 0)
		return refuse(why, "there is no connection %s in it", options->connection);
	if (options->name == NULL)
		return true;
	if (wanted > 1)
		return refuse(why, "the name %s is for one connection, and there are several: choose one",
			      options->name);
	return aws_is_name(options->name) || refuse(why,
						    "%s can't be a name: letters, digits, '.', '_' and '-' "
						    "only, beginning with a letter or digit, 40 "
						    "at most",
						    options->name);
}

/* Findings without those that say the same of the same line. */
static void
add_findings(struct import_result *result, const struct aws_findings *from)
{
	for (size_t i = 0; i < from->count; i++) {
		bool said = false;

		for (size_t k = 0; k < result->finding_count; k++)
			said |= result->findings[k].line == from->items[i].line &&
				strcmp(result->findings[k].text, from->items[i].text) == 0;
		if (said)
			continue;
		result->findings =
		    memory_resize(result->findings, (result->finding_count + 1) * sizeof(*result->findings));
		result->findings[result->finding_count++] = from->items[i];
	}
}

bool
aws_write(const struct import_file *file, const struct import_options *options, struct import_result *result,
	  struct import_finding *why)
{
	struct writing writing = {.options = options, .result = result};

	if (!check_options(file, options, why))
		return false;
	writing.out = open_memstream(&result->text, &result->length);
	if (writing.out == NULL)
		abort();
	if (!options->connection_only)
		put_gateway(&writing, file);
	for (size_t i = 0; i < file->count; i++) {
		if (is_wanted(options, &file->connections[i]))
			put_connection(&writing, &file->connections[i]);
	}
	fclose(writing.out);
	add_findings(result, &file->findings);
	add_findings(result, &writing.findings);
	free(writing.findings.items);
	return true;
}

void
aws_result_free(struct import_result *result)
{
	memory_wipe_free(result->text, result->length);
	for (size_t i = 0; i < result->secret_count; i++) {
		memory_wipe_free(result->secrets[i].text, strlen(result->secrets[i].text));
		free(result->secrets[i].file);
	}
	free(result->secrets);
	free(result->findings);
	*result = (struct import_result){0};
}
