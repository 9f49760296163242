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

/* One for both tunnels: it is the customer gateway's. Who AWS's endpoints say they are is told nowhere:
 * whoever the CA vouches for. */
static void
put_certificate(struct aws_writing *writing, const char *name, const struct aws_tunnel *tunnel,
		const char *remote)
{
	aws_note(
	    &writing->findings, tunnel->line,
	    "the tunnel to %s authenticates by certificate: export the customer gateway's from ACM into "
	    "certs/%.40s.pem, its key into certs/%.40s.key (mode 0600) and its CA's into certs/%.40s-ca.pem",
	    remote, name, name, name);
	fputs("        # AWS authenticates this tunnel by certificate: these are not in AWS's file, export "
	      "them from ACM\n",
	      writing->out);
	fprintf(writing->out,
		"        certificate: {file: certs/%.40s.pem, key: certs/%.40s.key, ca: certs/%.40s-ca.pem}\n"
		"        remote_id: any\n",
		name, name, name);
}

static void
put_secret(struct aws_writing *writing, const char *name, const struct aws_tunnel *tunnel, unsigned number)
{
	char file[64], remote[IP_ADDRESS_TEXT];

	snprintf(file, sizeof(file), "psk/%.40s-%u", name, number);
	ip_address_format(&tunnel->remote, remote);
	if (tunnel->certificate && tunnel->psk == NULL) {
		put_certificate(writing, name, tunnel, remote);
		return;
	}
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
put_tunnel(struct aws_writing *writing, const struct aws_tunnel *tunnel, const char *name, unsigned number)
{
	char text[IP_ADDRESS_TEXT], second[IP_ADDRESS_TEXT];
	FILE *out = writing->out;

	fprintf(out, "      - remote: %s\n", ip_address_format(&tunnel->remote, text));
	if (ip_address_is_set(&tunnel->outside) && !writing->options->connection_only &&
	    !ip_address_equal(&tunnel->outside, &writing->outside))
		fprintf(out, "        local: %s\n", ip_address_format(&tunnel->outside, text));
	if (ip_address_is_set(&tunnel->inside_v6))
		fprintf(out, "        inside: [%s/%u, %s/%u]\n", ip_address_format(&tunnel->inside, text),
			tunnel->inside_length, ip_address_format(&tunnel->inside_v6, second), AWS_INSIDE_V6);
	else if (ip_address_is_set(&tunnel->inside))
		fprintf(out, "        inside: %s/%u\n", ip_address_format(&tunnel->inside, text),
			tunnel->inside_length);
	else
		fputs("        # inside: this side's inside address: AWS's file has none\n", out);
	put_secret(writing, name, tunnel, number);
}

static void
put_routing(struct aws_writing *writing, const struct aws_connection *connection)
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

/* What AWS negotiates the tunnels for, where that is not everything. */
static void
put_selectors(struct aws_writing *writing, const struct aws_connection *connection)
{
	const struct aws_prefixes *local = &connection->local_ts, *remote = &connection->remote_ts;

	if (local->count + remote->count == 0)
		return;
	fputs("    selectors: {", writing->out);
	if (local->count != 0) {
		fputs("local: ", writing->out);
		put_prefixes(writing->out, local);
	}
	if (remote->count != 0) {
		fprintf(writing->out, "%sremote: ", local->count != 0 ? ", " : "");
		put_prefixes(writing->out, remote);
	}
	fputs("}   # AWS's local and remote network CIDR\n", writing->out);
	if (!connection->is_static)
		aws_note(
		    &writing->findings, connection->line,
		    "connection %s: AWS's tunnels are for some networks only, and BGP's own packets are not "
		    "among them: make its network CIDRs 0.0.0.0/0",
		    text_quoted(connection->name));
}

/* What the gateway as a whole must be for this connection. */
static void
put_expectations(struct aws_writing *writing, const struct aws_connection *connection)
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
put_connection(struct aws_writing *writing, const struct aws_connection *connection)
{
	const char *name = writing->options->name != NULL ? writing->options->name : connection->name;
	char *made[AWS_SETTINGS][AWS_TUNNELS] = {{NULL}};
	FILE *out = writing->out;
	bool alike[AWS_SETTINGS];

	for (size_t i = 0; i < AWS_SETTINGS; i++) {
		alike[i] = true;
		for (size_t t = 0; t < connection->tunnel_count; t++) {
			made[i][t] = aws_setting(writing, i, &connection->tunnels[t]);
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
	put_selectors(writing, connection);
	for (size_t i = 0; i < AWS_SETTINGS; i++) {
		if (alike[i])
			put_indented(out, 4, made[i][0]);
	}
	fputs("    tunnels:\n", out);
	for (size_t t = 0; t < connection->tunnel_count; t++) {
		put_tunnel(writing, &connection->tunnels[t], name, (unsigned)t + 1);
		for (size_t i = 0; i < AWS_SETTINGS; i++) {
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
choose_asn(struct aws_writing *writing, const struct import_file *file)
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
put_networks(struct aws_writing *writing, const struct import_file *file)
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
put_gateway(struct aws_writing *writing, const struct import_file *file)
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
	struct aws_writing writing = {.options = options, .result = result};

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
