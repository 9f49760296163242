// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The XML that AWS lets one download, read as a stream with expat: an element's text goes where its path says
 * (the table below). A document type declaration stops the parser before anything in it is looked at, so that
 * no entity is ever declared. A file may hold several connections below one element of any of the known
 * names, or several downloads one after the other.
 */
#include "plugins/import_aws/import_aws.h"

#include <expat.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MOST 16
#define CHUNK (1 << 20)

/* Below <vpn_connection>; those with a tunnel are below its <ipsec_tunnel>. */
static const struct {
	const char *path;
	enum aws_field field;
} paths[] = {
    {"customer_gateway_id", AWS_CUSTOMER_GATEWAY},
    {"vpn_gateway_id", AWS_GATEWAY},
    {"transit_gateway_id", AWS_GATEWAY},
    {"vpn_connection_attributes", AWS_ATTRIBUTES},
    {"ipsec_tunnel/customer_gateway/tunnel_outside_address/ip_address", AWS_OUTSIDE},
    {"ipsec_tunnel/customer_gateway/tunnel_inside_address/ip_address", AWS_INSIDE},
    {"ipsec_tunnel/customer_gateway/tunnel_inside_address/network_cidr", AWS_INSIDE_LENGTH},
    {"ipsec_tunnel/customer_gateway/bgp/asn", AWS_ASN},
    {"ipsec_tunnel/customer_gateway/bgp/hold_time", AWS_HOLD},
    {"ipsec_tunnel/vpn_gateway/tunnel_outside_address/ip_address", AWS_REMOTE},
    {"ipsec_tunnel/vpn_gateway/tunnel_inside_address/ip_address", AWS_INSIDE_AWS},
    {"ipsec_tunnel/vpn_gateway/tunnel_inside_address/network_cidr", AWS_INSIDE_LENGTH},
    {"ipsec_tunnel/vpn_gateway/bgp/asn", AWS_PEER_ASN},
    {"ipsec_tunnel/vpn_gateway/bgp/hold_time", AWS_HOLD},
    {"ipsec_tunnel/ike/authentication_protocol", AWS_IKE_INTEGRITY},
    {"ipsec_tunnel/ike/encryption_protocol", AWS_IKE_ENCRYPTION},
    {"ipsec_tunnel/ike/lifetime", AWS_IKE_LIFETIME},
    {"ipsec_tunnel/ike/perfect_forward_secrecy", AWS_IKE_GROUP},
    {"ipsec_tunnel/ike/pre_shared_key", AWS_PSK},
    {"ipsec_tunnel/ipsec/authentication_protocol", AWS_ESP_INTEGRITY},
    {"ipsec_tunnel/ipsec/encryption_protocol", AWS_ESP_ENCRYPTION},
    {"ipsec_tunnel/ipsec/lifetime", AWS_ESP_LIFETIME},
    {"ipsec_tunnel/ipsec/perfect_forward_secrecy", AWS_ESP_GROUP},
    {"ipsec_tunnel/ipsec/dead_peer_detection/interval", AWS_DPD_INTERVAL},
    {"ipsec_tunnel/ipsec/dead_peer_detection/retries", AWS_DPD_RETRIES},
};

static const char *const wrappers[] = {"CustomerGatewayConfiguration", "customer_gateway_configuration",
				       "vpn_connections", "VpnConnections"};

struct document {
	struct aws_reading *reading;
	XML_Parser parser;
	unsigned first_line;       /* of this document in the file, from 0 */
	size_t connection, tunnel; /* index + 1; 0: outside of one */
	unsigned depth, base;      /* of elements; where <vpn_connection> stands */
	bool ended;                /* the root element */
	char path[512];            /* below <vpn_connection> */
	size_t path_starts[DEPTH_MOST];
	char text[AWS_VALUE_MOST + 1];
	size_t length;
	bool too_long;
};

static unsigned
line_of(const struct document *document)
{
	return document->first_line + (unsigned)XML_GetCurrentLineNumber(document->parser);
}

static struct aws_connection *
connection_of(struct document *document)
{
	return document->connection != 0 ? &document->reading->file->connections[document->connection - 1]
					 : NULL;
}

static void
stop(struct document *document)
{
	XML_StopParser(document->parser, XML_FALSE);
}

static void
on_doctype(void *context, const XML_Char *name, const XML_Char *system, const XML_Char *public, int internal)
{
	struct document *document = context;

	aws_fail(document->reading, line_of(document),
		 "a document type declaration (DTD) is refused: AWS's files have none");
	stop(document);
}

/* Outside of a connection: the root, a wrapper, or a connection's beginning. */
static bool
start_outside(struct document *document, const char *name, const char **attributes)
{
	struct aws_connection *connection;
	unsigned line = line_of(document);

	if (strcmp(name, "vpn_connection") != 0) {
		bool known = false;

		for (size_t i = 0; i < COUNT_OF(wrappers); i++)
			known |= strcmp(name, wrappers[i]) == 0;
		if (document->depth == 1 && !known)
			return aws_fail(document->reading, line,
					"the root element is %s, not AWS's vpn_connection",
					text_quoted(name));
		return true;
	}
	connection = aws_add_connection(document->reading, line);
	if (connection == NULL)
		return false;
	document->connection = document->reading->file->count;
	document->base = document->depth;
	document->path[0] = '\0';
	for (; attributes[0] != NULL; attributes += 2) {
		if (strcmp(attributes[0], "id") == 0 &&
		    !aws_set(document->reading, connection, NULL, AWS_ID, attributes[1], line))
			return false;
	}
	return true;
}

static bool
start_inside(struct document *document, const char *name)
{
	size_t used = strlen(document->path);

	document->path_starts[document->depth - 1] = used;
	if (strlen(name) + used + 2 > sizeof(document->path))
		return aws_fail(document->reading, line_of(document), "the element's name %s is too long",
				text_quoted(name));
	sprintf(document->path + used, "%s%s", used != 0 ? "/" : "", name);
	if (strcmp(document->path, "ipsec_tunnel") != 0)
		return true;
	if (aws_add_tunnel(document->reading, connection_of(document), line_of(document)) == NULL)
		return false;
	document->tunnel = connection_of(document)->tunnel_count;
	return true;
}

static void
on_start(void *context, const XML_Char *name, const XML_Char **attributes)
{
	struct document *document = context;
	bool good;

	if (++document->depth > DEPTH_MOST)
		good = aws_fail(document->reading, line_of(document), "elements are nested more than %d deep",
				DEPTH_MOST);
	else
		good = document->connection == 0 ? start_outside(document, name, attributes)
						 : start_inside(document, name);
	document->length = 0;
	document->too_long = false;
	if (!good)
		stop(document);
}

static bool
end_value(struct document *document)
{
	struct aws_connection *connection = connection_of(document);
	struct aws_tunnel *tunnel = document->tunnel != 0 ? &connection->tunnels[document->tunnel - 1] : NULL;

	for (size_t i = 0; i < COUNT_OF(paths); i++) {
		if (strcmp(document->path, paths[i].path) != 0)
			continue;
		if (document->too_long)
			return aws_fail(document->reading, line_of(document),
					"the value of <%s> is longer than %d bytes", paths[i].path,
					AWS_VALUE_MOST);
		document->text[document->length] = '\0';
		return aws_set(document->reading, connection, tunnel, paths[i].field, document->text,
			       line_of(document));
	}
	return true;
}

static void
on_end(void *context, const XML_Char *name)
{
	struct document *document = context;

	if (document->reading->failed)
		return;
	if (document->connection != 0 && document->depth == document->base) {
		document->connection = document->tunnel = 0;
	} else if (document->connection != 0) {
		if (!end_value(document))
			stop(document);
		if (strcmp(document->path, "ipsec_tunnel") == 0)
			document->tunnel = 0;
		document->path[document->path_starts[document->depth - 1]] = '\0';
	}
	document->length = 0;
	document->ended = --document->depth == 0;
}

static void
on_text(void *context, const XML_Char *text, int length)
{
	struct document *document = context;
	size_t more = (size_t)length;

	if (document->length + more > AWS_VALUE_MOST) {
		document->too_long = true;
		return;
	}
	memcpy(document->text + document->length, text, more);
	document->length += more;
}

/* Another download after the first? Then `*at` moves to its beginning. */
static bool
another_follows(struct document *document, enum XML_Error code, const char *bytes, size_t length, size_t *at,
		size_t from)
{
	XML_Index index = XML_GetCurrentByteIndex(document->parser);

	if (!document->ended || index <= 0 || from + (size_t)index >= length ||
	    (code != XML_ERROR_JUNK_AFTER_DOC_ELEMENT && code != XML_ERROR_MISPLACED_XML_PI) ||
	    bytes[from + (size_t)index] != '<')
		return false;
	*at = from + (size_t)index;
	document->first_line += (unsigned)XML_GetCurrentLineNumber(document->parser) - 1;
	return true;
}

/* One document from `*at`, which is then behind it. */
static bool
read_document(struct document *document, const char *bytes, size_t length, size_t *at)
{
	size_t from = *at;
	enum XML_Status status = XML_STATUS_OK;

	while (status == XML_STATUS_OK && *at < length) {
		size_t chunk = length - *at < CHUNK ? length - *at : CHUNK;

		status = XML_Parse(document->parser, bytes + *at, (int)chunk, *at + chunk == length);
		*at += chunk;
	}
	if (document->reading->failed)
		return false;
	if (status == XML_STATUS_OK)
		return true;
	if (another_follows(document, XML_GetErrorCode(document->parser), bytes, length, at, from))
		return true;
	return aws_fail(document->reading, line_of(document), "it is not well-formed XML: %s",
			XML_ErrorString(XML_GetErrorCode(document->parser)));
}

bool
aws_read_xml(struct aws_reading *reading, const char *bytes, size_t length)
{
	struct document *document = memory_zeroed(1, sizeof(*document));
	size_t at = 0;

	document->reading = reading;
	for (unsigned count = 0; at < length && !reading->failed; count++) {
		if (count == AWS_CONNECTIONS_MOST) {
			aws_fail(reading, document->first_line + 1, "there are more than %d documents in it",
				 AWS_CONNECTIONS_MOST);
			break;
		}
		/* Whatever the file says of itself, it was found to be UTF-8. */
		document->parser = XML_ParserCreate("UTF-8");
		if (document->parser == NULL)
			abort();
		document->depth = 0;
		document->ended = false;
		XML_SetUserData(document->parser, document);
		XML_SetElementHandler(document->parser, on_start, on_end);
		XML_SetCharacterDataHandler(document->parser, on_text);
		XML_SetStartDoctypeDeclHandler(document->parser, on_doctype);
		read_document(document, bytes, length, &at);
		XML_ParserFree(document->parser);
	}
	explicit_bzero(document, sizeof(*document));
	free(document);
	return !reading->failed;
}
