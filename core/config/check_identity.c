// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who the two ends of a tunnel say they are: the identities where the file names none, and whether they go
 * together with the way they are proved.
 */
#include "core/config/config_internal.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509.h>

static bool
id_is_any(const char *id)
{
	return id != NULL && (strcmp(id, "any") == 0 || strcmp(id, "%any") == 0);
}

bool
remote_is_any(const struct given *given)
{
	const struct node_entry *entry = given_entry(given, SECTION_TUNNEL, "remote");

	return entry != NULL && entry->value->kind == NODE_SCALAR && strcmp(entry->value->text, "any") == 0;
}

/* Also where it could not be loaded: that was told already. */
static bool
by_certificate(const struct config_tunnel *tunnel)
{
	return tunnel->certificate.file != NULL || tunnel->certificate.pkcs12 != NULL;
}

static void
check_remote_id(struct reading *reading, struct config_tunnel *tunnel, const struct given *given,
		struct position at)
{
	bool has_remote = ip_address_is_set(&tunnel->remote);
	char text[IP_ADDRESS_TEXT];

	if (by_certificate(tunnel)) {
		if (given_entry(given, SECTION_TUNNEL, "remote_id") == NULL)
			finding_warning(
			    reading->findings, at,
			    "no 'remote_id' is given: whoever has a certificate of the CA is taken "
			    "for the peer ('remote_id: any' where that is meant)");
		if (id_is_any(tunnel->remote_id)) {
			free(tunnel->remote_id);
			tunnel->remote_id = NULL;
		}
	} else if (id_is_any(tunnel->remote_id) || (!has_remote && tunnel->remote_id == NULL)) {
		if (remote_is_any(given))
			finding_error(
			    reading->findings, at,
			    "'remote: any' needs 'remote_id': the identity that tells this peer from others");
		free(tunnel->remote_id);
		tunnel->remote_id = NULL;
	} else if (tunnel->remote_id == NULL) {
		tunnel->remote_id = text_copy(ip_address_format(&tunnel->remote, text));
	}
}

static void
check_local_id(struct reading *reading, const struct config_tunnel *tunnel, struct position at)
{
	const struct octets *octets = &tunnel->credentials->certificate;
	const unsigned char *bytes = octets->bytes;
	X509 *certificate;

	if (tunnel->local_id == NULL)
		return;
	certificate = d2i_X509(NULL, &bytes, (long)octets->length);
	if (!identity_in_certificate(tunnel->local_id, certificate))
		finding_error(
		    reading->findings, at,
		    "'local_id' %s is not in the certificate (%s, nor an alternative name of it): a "
		    "peer would refuse it",
		    quoted(tunnel->local_id), quoted(tunnel->credentials->subject));
	X509_free(certificate);
	ERR_clear_error();
}

/* RFC 2409 and RFC 4754 know no Edwards curves: RFC 8420 is for IKEv2. */
static void
check_signature(struct reading *reading, const struct config_tunnel *tunnel, struct position at)
{
	const char *algorithm = tunnel->credentials->algorithm;

	if (tunnel->ike.version == 1 && strncmp(algorithm, "Ed", 2) == 0)
		finding_error(reading->findings, at,
			      "IKE version 1 has no signatures with %s: use version 2, or a certificate with "
			      "RSA or ECDSA",
			      algorithm);
}

void
check_identities(struct reading *reading, struct config_tunnel *tunnel, const struct given *given,
		 struct position at)
{
	char text[IP_ADDRESS_TEXT];

	check_remote_id(reading, tunnel, given, given_at(given, SECTION_TUNNEL, "remote", at));
	if (tunnel->credentials != NULL) {
		check_local_id(reading, tunnel, given_at(given, SECTION_TUNNEL, "local_id", at));
		check_signature(reading, tunnel,
				given_at(given, SECTION_IKE, "version",
					 given_at(given, SECTION_SETTINGS, "certificate", at)));
	} else if (!by_certificate(tunnel) && tunnel->local_id == NULL && ip_address_is_set(&tunnel->local)) {
		tunnel->local_id = text_copy(ip_address_format(&tunnel->local, text));
	}
}
