// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The generic text file: prose with lines "  - Label : value" in it. Which value a line holds depends on the
 * headings above it: "IPSec Tunnel #1", "#2: IPSec Configuration", "Inside IP Addresses". Labels are compared
 * without their blanks, which are tabs and spaces as it happens.
 */
#include "plugins/import_aws/import_aws.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define LINE_MOST 4096

enum section { NOWHERE, IKE, IPSEC, INTERFACE, ROUTING, SECTIONS };

/* A heading "#N: ..." by what it begins with, in small letters and without blanks. */
static const struct {
	const char *begins;
	enum section section;
} headings[] = {
    {"internetkeyexchange", IKE},       {"ipsecconfiguration", IPSEC}, {"tunnelinterface", INTERFACE},
    {"bordergatewayprotocol", ROUTING}, {"staticrouting", ROUTING},
};

enum group { ANY, OUTSIDE, INSIDE };

static const struct {
	enum section section; /* NOWHERE: in any */
	enum group group;
	const char *label;
	enum aws_field field;
} labels[] = {
    {NOWHERE, ANY, "yourvpnconnectionid", AWS_ID},
    {NOWHERE, ANY, "yourvirtualprivategatewayid", AWS_GATEWAY},
    {NOWHERE, ANY, "yourtransitgatewayid", AWS_GATEWAY},
    {NOWHERE, ANY, "yourcustomergatewayid", AWS_CUSTOMER_GATEWAY},
    {IKE, ANY, "ikeversion", AWS_IKE_VERSION},
    {IKE, ANY, "pre-sharedkey", AWS_PSK},
    {IKE, ANY, "authenticationalgorithm", AWS_IKE_INTEGRITY},
    {IKE, ANY, "encryptionalgorithm", AWS_IKE_ENCRYPTION},
    {IKE, ANY, "lifetime", AWS_IKE_LIFETIME},
    {IKE, ANY, "diffie-hellman", AWS_IKE_GROUP},
    {IKE, ANY, "perfectforwardsecrecy", AWS_IKE_GROUP},
    {IPSEC, ANY, "authenticationalgorithm", AWS_ESP_INTEGRITY},
    {IPSEC, ANY, "encryptionalgorithm", AWS_ESP_ENCRYPTION},
    {IPSEC, ANY, "lifetime", AWS_ESP_LIFETIME},
    {IPSEC, ANY, "perfectforwardsecrecy", AWS_ESP_GROUP},
    {IPSEC, ANY, "dpdinterval", AWS_DPD_INTERVAL},
    {IPSEC, ANY, "dpdretries", AWS_DPD_RETRIES},
    {INTERFACE, OUTSIDE, "customergateway", AWS_OUTSIDE},
    {INTERFACE, OUTSIDE, "virtualprivategateway", AWS_REMOTE},
    {INTERFACE, INSIDE, "customergateway", AWS_INSIDE},
    {INTERFACE, INSIDE, "virtualprivategateway", AWS_INSIDE_AWS},
    {ROUTING, ANY, "customergatewayasn", AWS_ASN},
    {ROUTING, ANY, "virtualprivategatewayasn", AWS_PEER_ASN},
    {ROUTING, ANY, "neighborholdtime", AWS_HOLD},
};

struct text {
	struct aws_reading *reading;
	size_t connection; /* index + 1; 0: none yet */
	struct aws_tunnel *tunnel;
	enum section section;
	enum group group;
	unsigned line;
};

/* Small letters, no blanks. */
static void
squeeze(char *out, size_t size, const char *from, size_t length)
{
	size_t used = 0;

	for (size_t i = 0; i < length && used + 1 < size; i++) {
		if (!isspace((unsigned char)from[i]))
			out[used++] = (char)tolower((unsigned char)from[i]);
	}
	out[used] = '\0';
}

static bool
begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

static struct aws_connection *
connection_of(struct text *text)
{
	if (text->connection == 0 && aws_add_connection(text->reading, text->line) != NULL)
		text->connection = text->reading->file->count;
	return text->connection != 0 ? &text->reading->file->connections[text->connection - 1] : NULL;
}

/* "IPSec Tunnel #1", "#2: ..." or one of the small headings of addresses; `squeezed` is the line's beginning.
 */
static void
read_heading(struct text *text, const char *squeezed)
{
	const char *colon = strchr(squeezed, ':');

	if (begins(squeezed, "ipsectunnel#")) {
		struct aws_connection *connection = connection_of(text);

		text->section = NOWHERE;
		text->tunnel =
		    connection != NULL ? aws_add_tunnel(text->reading, connection, text->line) : NULL;
	} else if (squeezed[0] == '#' && colon != NULL) {
		for (size_t i = 0; i < COUNT_OF(headings); i++) {
			if (begins(colon + 1, headings[i].begins))
				text->section = headings[i].section;
		}
		text->group = ANY;
		if (text->section == ROUTING && begins(colon + 1, "static") && text->connection != 0) {
			connection_of(text)->is_static = true;
			connection_of(text)->routing_known = true;
		}
	} else if (begins(squeezed, "outsideipaddresses")) {
		text->group = OUTSIDE;
	} else if (begins(squeezed, "insideipaddresses")) {
		text->group = INSIDE;
	}
}

static bool
read_value(struct text *text, const char *label, const char *value)
{
	for (size_t i = 0; i < COUNT_OF(labels); i++) {
		if (strcmp(labels[i].label, label) != 0 ||
		    (labels[i].section != NOWHERE && labels[i].section != text->section) ||
		    (labels[i].group != ANY && labels[i].group != text->group))
			continue;
		/* Another file behind this one. */
		if (labels[i].field == AWS_ID && text->tunnel != NULL) {
			text->connection = 0;
			text->tunnel = NULL;
			text->section = NOWHERE;
		}
		return connection_of(text) != NULL &&
		       aws_set(text->reading, connection_of(text), text->tunnel, labels[i].field, value,
			       text->line);
	}
	return true;
}

static bool
read_line(struct text *text, const char *line, size_t length)
{
	const char *colon = memchr(line, ':', length);
	char squeezed[80], value[LINE_MOST];
	bool good;

	squeeze(squeezed, sizeof(squeezed), line, length);
	read_heading(text, squeezed);
	if (text->reading->failed || colon == NULL || squeezed[0] == '#')
		return !text->reading->failed;
	squeeze(squeezed, sizeof(squeezed), line, (size_t)(colon - line));
	length -= (size_t)(colon + 1 - line);
	if (length >= sizeof(value))
		return true; /* no value of AWS's is so long */
	memcpy(value, colon + 1, length);
	value[length] = '\0';
	good = read_value(text, squeezed + (squeezed[0] == '-'), value);
	explicit_bzero(value, sizeof(value));
	return good;
}

bool
aws_read_text(struct aws_reading *reading, const char *bytes, size_t length)
{
	struct text text = {.reading = reading};

	for (size_t at = 0; at < length;) {
		const char *end = memchr(bytes + at, '\n', length - at);
		size_t got = end != NULL ? (size_t)(end - bytes) - at : length - at;

		text.line++;
		if (!read_line(&text, bytes + at, got))
			return false;
		at += got + 1;
	}
	if (reading->file->count == 0)
		return aws_fail(
		    reading, 0,
		    "it is none of AWS's files: neither XML nor JSON, and without a section 'IPSec "
		    "Tunnel #1'");
	return true;
}
