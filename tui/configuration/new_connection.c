// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The guided form for a new connection: from AWS's file, or by hand. It gives a list of one connection in
 * YAML and the secrets for files of their own; what that means is the gateway's to check. The fields' words
 * say what a person has to find out, and from whom; values are checked here as far as their form goes, which
 * is what can be said at once.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/address.h"
#include "core/base/secret.h"
#include "tui/configuration/configuration_internal.h"

#define NAME_MOST 40
#define IMPORTS_MOST 100

struct new_connection {
	struct form form;
	const struct console_import *import;
	const struct model_store *store;
	void *file;                    /* the opened one; NULL: none */
	char opened[INPUT_TEXT];       /* its name */
	char why[FORM_PROBLEM];        /* why it could not be opened */
	char *names[IMPORTS_MOST + 1]; /* the choice of its connections */
};

static const char *const ways[] = {"by hand", "from an AWS file", NULL};
static const char *const only_hand[] = {"by hand", NULL};
static const char *const routings[] = {"dynamic (BGP)", "static", NULL};
static const char *const watches[] = {"traffic, BGP and IKE", "ping", "BFD 300 ms x 3", "BFD 50 ms x 3",
				      NULL};
static const char *const watch_yaml[] = {NULL, "health: {probe: icmp, interval: 500ms, fail: 3, recover: 5}",
					 "bfd: {interval: 300ms, multiplier: 3}",
					 "bfd: {interval: 50ms, multiplier: 3}"};
static const char *const proofs[] = {"pre-shared keys", "certificate", NULL};
static const char *const no_file[] = {"-", NULL};

/* --- what is shown ------------------------------------------------------------------------------- */

static bool
from_file(const struct form *form)
{
	return form_field((struct form *)form, "way")->choice == 1;
}

static bool
by_hand(const struct form *form)
{
	return !from_file(form);
}

static bool
file_is_open(const struct form *form)
{
	const struct new_connection *n = form->context;

	return from_file(form) && n->file != NULL;
}

static void
describe(const struct new_connection *n, struct console_import_item *out)
{
	*out = (struct console_import_item){.dynamic = true};
	if (n->file != NULL)
		n->import->describe(n->file, form_field((struct form *)&n->form, "connection")->choice, out);
}

static bool
is_dynamic(const struct form *form)
{
	struct console_import_item item;

	if (by_hand(form))
		return form_field((struct form *)form, "routing")->choice == 0;
	describe(form->context, &item);
	return item.dynamic;
}

static bool
by_hand_dynamic(const struct form *form)
{
	return by_hand(form) && is_dynamic(form);
}

static bool
is_static(const struct form *form)
{
	return (by_hand(form) || file_is_open(form)) && !is_dynamic(form);
}

static bool
has_second(const struct form *form)
{
	return by_hand(form) && form_text(form, "remote2")[0] != '\0';
}

static bool
by_certificate(const struct form *form)
{
	return by_hand(form) && form_field((struct form *)form, "proof")->choice == 1;
}

static bool
by_secret(const struct form *form)
{
	return by_hand(form) && !by_certificate(form);
}

static bool
has_second_secret(const struct form *form)
{
	return by_secret(form) && has_second(form);
}

/* --- checks -------------------------------------------------------------------------------------- */

static bool
bad(char problem[FORM_PROBLEM], const char *text)
{
	snprintf(problem, FORM_PROBLEM, "%s", text);
	return false;
}

static bool
check_name(const struct form *form, const char *text, char problem[FORM_PROBLEM])
{
	const struct new_connection *n = form->context;
	size_t length = strlen(text);

	if (length == 0)
		return bad(problem, "it needs a name");
	if (length > NAME_MOST || text[0] == '-' || text[0] == '.' || text[0] == '_' ||
	    strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") != length)
		return bad(problem,
			   "letters, digits, '.', '_' and '-' only, a letter or digit first, 40 at most");
	if (model_store_get(n->store, MODEL_KIND_CONNECTION, text) != NULL)
		return bad(problem, "there is a connection of that name");
	return true;
}

static bool
check_asn(const struct form *form, const char *text, char problem[FORM_PROBLEM])
{
	uint64_t number;

	(void)form;
	if (!text_parse_number(text, 4294967294, &number) || number == 0)
		return bad(problem, "a number from 1 to 4294967294, such as 64512");
	return true;
}

static bool
is_first(const struct form *form, const char *key, const char *text)
{
	return form_text(form, key) == text;
}

static bool
check_remote(const struct form *form, const char *text, char problem[FORM_PROBLEM])
{
	struct ip_address address;

	if (text[0] == '\0' && !is_first(form, "remote1", text))
		return true;
	if (!ip_address_parse(text, &address))
		return bad(problem, "an address such as 203.0.113.17 (no name)");
	if (!is_first(form, "remote1", text) && strcmp(form_text(form, "remote1"), text) == 0)
		return bad(problem, "tunnel 1 goes there already: two tunnels need two addresses");
	return true;
}

static bool
check_inside(const struct form *form, const char *text, char problem[FORM_PROBLEM])
{
	struct ip_prefix inside, other;
	struct ip_address peer;

	if (!ip_prefix_parse(text, &inside) || strchr(text, '/') == NULL)
		return bad(problem, "an address with its length, such as 169.254.44.242/30");
	if (!ip_prefix_other_host(&inside, &peer))
		return bad(problem, "one of the two hosts of a /30: not its first or last address");
	if (!is_first(form, "inside1", text) && ip_prefix_parse(form_text(form, "inside1"), &other) &&
	    ip_prefix_overlaps(&inside, &other))
		return bad(problem, "tunnel 1 has that /30: each tunnel needs its own");
	return true;
}

static bool
check_secret(const struct form *form, const char *text, char problem[FORM_PROBLEM])
{
	const char *trouble = secret_trouble(text);

	(void)form;
	if (trouble == NULL)
		return true;
	snprintf(problem, FORM_PROBLEM, "%s; Ctrl-G makes one", trouble);
	return false;
}

/* Of a file at the gateway: whether it is there is the gateway's to say. */
static bool
check_gateway_file(const struct form *form, const char *text, char problem[FORM_PROBLEM])
{
	(void)form;
	if (text[0] == '\0')
		return bad(problem, "it needs a file, such as certs/lyon.pem");
	if (strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/+@-") !=
	    strlen(text))
		return bad(problem, "letters, digits and . _ / + @ - only; edit the file for another name");
	return true;
}

/* Prefixes between blanks or commas. Each is given to `each` in turn; false where one is none. */
static bool
walk_prefixes(const char *text, char problem[FORM_PROBLEM], FILE *out)
{
	const char *between = "";
	char word[64], shown[IP_PREFIX_TEXT];
	struct ip_prefix prefix, network;

	while (*(text += strspn(text, " ,")) != '\0') {
		size_t length = strcspn(text, " ,");

		snprintf(word, sizeof(word), "%.*s", (int)length, text);
		text += length;
		if (!ip_prefix_parse(word, &prefix) || strchr(word, '/') == NULL) {
			snprintf(problem, FORM_PROBLEM, "'%.40s' is no prefix such as 10.50.0.0/16", word);
			return false;
		}
		network = ip_prefix_network(&prefix);
		if (!ip_prefix_equal(&prefix, &network)) {
			snprintf(problem, FORM_PROBLEM, "%.40s has host bits: do you mean %s?", word,
				 ip_prefix_format(&network, shown));
			return false;
		}
		if (out != NULL)
			fprintf(out, "%s%s", between, ip_prefix_format(&prefix, shown));
		between = ", ";
	}
	return true;
}

static bool
check_prefixes(const struct form *form, const char *text, char problem[FORM_PROBLEM])
{
	(void)form;
	return walk_prefixes(text, problem, NULL);
}

static bool
check_routes(const struct form *form, const char *text, char problem[FORM_PROBLEM])
{
	if (by_hand(form) && text[strspn(text, " ,")] == '\0')
		return bad(problem, "static routing needs the other side's networks, such as 10.40.0.0/16");
	return walk_prefixes(text, problem, NULL);
}

static bool
check_file(const struct form *form, const char *text, char problem[FORM_PROBLEM])
{
	const struct new_connection *n = form->context;

	if (n->file != NULL && strcmp(n->opened, text) == 0)
		return true;
	return bad(problem, text[0] == '\0'     ? "which file? Tab completes"
			    : n->why[0] != '\0' ? n->why
						: "not read yet");
}

/* --- the file ------------------------------------------------------------------------------------ */

static void
close_file(struct new_connection *n)
{
	if (n->file != NULL)
		n->import->close(n->file);
	n->file = NULL;
	for (size_t i = 0; n->names[i] != NULL; i++)
		FREE_AND_NULL(n->names[i]);
	form_field(&n->form, "connection")->choices = no_file;
	form_field(&n->form, "connection")->choice = 0;
}

/* The connection that was chosen gives the name. */
static void
take_name(struct form *form)
{
	struct console_import_item item;

	describe(form->context, &item);
	if (item.name[0] != '\0')
		input_set(&form_field(form, "name")->input, item.name);
}

static void
open_file(struct form *form)
{
	struct new_connection *n = form->context;
	const char *text = form_text(form, "file"), *home = getenv("HOME");
	char path[INPUT_TEXT * 2];
	struct error err = {""};
	size_t count;

	if (text[0] == '\0' || (n->file != NULL && strcmp(n->opened, text) == 0))
		return;
	close_file(n);
	snprintf(n->opened, sizeof(n->opened), "%s", text);
	snprintf(path, sizeof(path), "%s%s", strncmp(text, "~/", 2) == 0 && home != NULL ? home : "",
		 strncmp(text, "~/", 2) == 0 && home != NULL ? text + 1 : text);
	n->file = n->import->open("aws", path, &err);
	text_clean(n->why, sizeof(n->why), err.text);
	if (n->file == NULL)
		return;
	count = n->import->count(n->file);
	for (size_t i = 0; i < count && i < IMPORTS_MOST; i++) {
		struct console_import_item item;

		n->import->describe(n->file, i, &item);
		n->names[i] =
		    text_format("%s  %s, %u tunnel%s", item.id[0] != '\0' ? item.id : item.name,
				item.dynamic ? "BGP" : "static", item.tunnels, PLURAL(item.tunnels, "s"));
	}
	form_field(form, "connection")->choices = count > 0 ? (const char *const *)n->names : no_file;
	take_name(form);
}

/* --- the form ------------------------------------------------------------------------------------ */

static const struct form_field fields[] = {
    {.key = "way",
     .label = "How",
     .kind = FORM_CHOICE,
     .choices = ways,
     .help = "AWS: Site-to-Site VPN connections, Download configuration (Generic), or what 'aws ec2 "
	     "describe-vpn-connections' prints. Left and Right choose."},
    {.key = "file",
     .label = "AWS file",
     .kind = FORM_PATH,
     .shown = from_file,
     .check = check_file,
     .left = open_file,
     .help = "The downloaded file, on this machine. Tab completes."},
    {.key = "connection",
     .label = "Which one",
     .kind = FORM_CHOICE,
     .choices = no_file,
     .shown = file_is_open,
     .left = take_name,
     .help = "The connections that the file has. Left and Right choose."},
    {.key = "name",
     .label = "Name",
     .check = check_name,
     .help =
	 "What you want to call it; its tunnels are NAME/1 and NAME/2. It stays, so take the other side's "
	 "place or purpose."},
    {.key = "routing",
     .label = "Routing",
     .kind = FORM_CHOICE,
     .choices = routings,
     .shown = by_hand,
     .help =
	 "Dynamic: BGP tells the networks and which tunnel is preferred. Static: you name the other side's "
	 "networks. Ask the other side."},
    {.key = "peer_asn",
     .label = "Peer's AS number",
     .check = check_asn,
     .shown = by_hand_dynamic,
     .help = "The other side's autonomous system number (AWS's is 64512 unless it was chosen)."},
    {.key = "routes",
     .label = "Routes",
     .check = check_routes,
     .shown = is_static,
     .help = "Every network on the other side, with blanks between. Left empty for a file that has them."},
    {.key = "protect",
     .label = "Protect",
     .check = check_prefixes,
     .help = "Networks whose traffic is never sent in the clear, also before they were ever learned. May be "
	     "left empty."},
    {.key = "watch",
     .label = "Watched by",
     .kind = FORM_CHOICE,
     .choices = watches,
     .help = "How a dead tunnel is found out: traffic, BGP and IKE need nothing of the other side and take "
	     "seconds; ping and BFD are faster, where the other side answers them (AWS has no BFD here)."},
    {.key = "proof",
     .label = "Authentication",
     .kind = FORM_CHOICE,
     .choices = proofs,
     .shown = by_hand,
     .help =
	 "How both sides prove who they are: a pre-shared key for each tunnel, or an X.509 certificate of "
	 "each side."},
    {.key = "certificate",
     .label = "Certificate",
     .check = check_gateway_file,
     .shown = by_certificate,
     .help =
	 "This side's certificate, with intermediate ones behind it: a file at the gateway, seen from the "
	 "folder of its configuration. PEM or DER."},
    {.key = "key",
     .label = "Its key",
     .check = check_gateway_file,
     .shown = by_certificate,
     .help = "The private key of that certificate: a file at the gateway of mode 0600."},
    {.key = "ca",
     .label = "Peer's CA",
     .check = check_gateway_file,
     .shown = by_certificate,
     .help = "The CA that the other side's certificate has to come from. Whoever has one of it is taken for "
	     "the peer, until a remote_id stands in the configuration."},
    {.key = "remote1",
     .label = "1: remote",
     .check = check_remote,
     .shown = by_hand,
     .help = "The other side's outside address for tunnel 1."},
    {.key = "inside1",
     .label = "1: inside",
     .check = check_inside,
     .shown = by_hand,
     .help = "This side's address in the tunnel with /30; the other host of it is the peer. Both sides must "
	     "agree "
	     "on it."},
    {.key = "secret1",
     .label = "1: secret",
     .kind = FORM_SECRET,
     .check = check_secret,
     .shown = by_secret,
     .help =
	 "The pre-shared key, the same on both sides. It goes into a private file beside the configuration. "
	 "Ctrl-G makes a strong one, Ctrl-T shows it."},
    {.key = "remote2",
     .label = "2: remote",
     .check = check_remote,
     .shown = by_hand,
     .help = "The other side's second outside address; left empty: only one tunnel, and nothing that takes "
	     "over."},
    {.key = "inside2",
     .label = "2: inside",
     .check = check_inside,
     .shown = has_second,
     .help = "This side's address in tunnel 2: another /30."},
    {.key = "secret2",
     .label = "2: secret",
     .kind = FORM_SECRET,
     .check = check_secret,
     .shown = has_second_secret,
     .help = "The pre-shared key of tunnel 2. Ctrl-G makes a strong one, Ctrl-T shows it."},
};

struct new_connection *
new_connection_open(const struct console_import *import, const struct model_store *store)
{
	struct new_connection *n = memory_zeroed(1, sizeof(*n));

	n->import = import;
	n->store = store;
	n->form.title = "New connection";
	n->form.context = n;
	n->form.count = COUNT_OF(fields);
	memcpy(n->form.fields, fields, sizeof(fields));
	if (import == NULL)
		form_field(&n->form, "way")->choices = only_hand;
	return n;
}

struct form *
new_connection_form(struct new_connection *n)
{
	return &n->form;
}

const char *
new_connection_name(const struct new_connection *n)
{
	return form_text(&n->form, "name");
}

void
new_connection_close(struct new_connection *n)
{
	if (n == NULL)
		return;
	close_file(n);
	form_wipe(&n->form);
	free(n);
}

/* --- the YAML ------------------------------------------------------------------------------------ */

static void
put_prefixes(FILE *out, const struct form *form, const char *key)
{
	const char *text = form_text(form, key);
	char problem[FORM_PROBLEM];

	if (text[strspn(text, " ,")] == '\0')
		return;
	fprintf(out, "    %s: [", key);
	walk_prefixes(text, problem, out);
	fputs("]\n", out);
}

static void
put_watch(FILE *out, const struct form *form)
{
	const char *yaml = watch_yaml[form_field((struct form *)form, "watch")->choice];

	if (yaml != NULL)
		fprintf(out, "    %s\n", yaml);
}

static void
put_tunnel(FILE *out, FILE *secrets, const struct form *form, unsigned number)
{
	char remote[16], inside[16], secret[16];
	const char *name = form_text(form, "name");

	snprintf(remote, sizeof(remote), "remote%u", number);
	snprintf(inside, sizeof(inside), "inside%u", number);
	snprintf(secret, sizeof(secret), "secret%u", number);
	fprintf(out, "      - {remote: %s, inside: %s", form_text(form, remote), form_text(form, inside));
	if (by_certificate(form)) {
		fputs("}\n", out);
		return;
	}
	fprintf(out, ", psk_file: psk/%s-%u}\n", name, number);
	fprintf(secrets, "psk/%s-%u %s\n", name, number, form_text(form, secret));
}

static void
write_by_hand(FILE *out, FILE *secrets, const struct form *form)
{
	const char *name = form_text(form, "name");
	bool quoted = strcasecmp(name, "null") == 0;

	fprintf(out, "  - name: %s%s%s\n    routing: %s\n", quoted ? "\"" : "", name, quoted ? "\"" : "",
		is_dynamic(form) ? "dynamic" : "static");
	if (is_dynamic(form))
		fprintf(out, "    peer_asn: %s\n", form_text(form, "peer_asn"));
	else
		put_prefixes(out, form, "routes");
	put_prefixes(out, form, "protect");
	put_watch(out, form);
	if (by_certificate(form))
		fprintf(out, "    certificate: {file: \"%s\", key: \"%s\", ca: \"%s\"}\n",
			form_text(form, "certificate"), form_text(form, "key"), form_text(form, "ca"));
	fputs("    tunnels:\n", out);
	put_tunnel(out, secrets, form, 1);
	if (has_second(form))
		put_tunnel(out, secrets, form, 2);
}

/* What was said in the form comes before the tunnels of what the file's reader wrote. */
static void
write_from_file(FILE *out, const struct form *form, const char *yaml)
{
	static const char mark[] = "\n    tunnels:";
	const char *at = strstr(yaml, mark);
	size_t head = at != NULL ? (size_t)(at - yaml) + 1 : strlen(yaml);

	fwrite(yaml, 1, head, out);
	if (!is_dynamic(form) && strstr(yaml, "\n    routes:") == NULL)
		put_prefixes(out, form, "routes");
	put_prefixes(out, form, "protect");
	put_watch(out, form);
	fputs(yaml + head, out);
}

bool
new_connection_write(struct new_connection *n, char **yaml, char **secrets, char **notes, struct error *err)
{
	char *from = NULL;
	size_t length, secret_length;
	FILE *out, *psk = NULL;

	*yaml = *secrets = *notes = NULL;
	if (from_file(&n->form) && !n->import->write(n->file, form_field(&n->form, "connection")->choice,
						     new_connection_name(n), &from, secrets, notes, err))
		return false;
	out = open_memstream(yaml, &length);
	if (out == NULL)
		abort();
	if (from != NULL) {
		write_from_file(out, &n->form, from);
	} else {
		psk = open_memstream(secrets, &secret_length);
		if (psk == NULL)
			abort();
		write_by_hand(out, psk, &n->form);
		fclose(psk);
	}
	fclose(out);
	free(from);
	return true;
}
