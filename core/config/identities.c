// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * IKE identities as text (RFC 7296 3.5): which type one is, and whether a certificate has it (RFC 4945 3.1).
 *
 * charon takes any text for some identity, and what it can't make sense of for a name or a key ID that no
 * peer has. So the same rules are applied here first, and what makes no sense is an error.
 */
#include "core/config/config_internal.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include <openssl/x509v3.h>

#define RDN_MOST 32

static const struct {
	const char *prefix;
	enum identity_kind kind;
} prefixes[] = {
    {"ipv4:", IDENTITY_IPV4},      {"ipv6:", IDENTITY_IPV6},    {"fqdn:", IDENTITY_FQDN},
    {"dns:", IDENTITY_FQDN},       {"email:", IDENTITY_EMAIL},  {"rfc822:", IDENTITY_EMAIL},
    {"userfqdn:", IDENTITY_EMAIL}, {"keyid:", IDENTITY_KEY_ID},
};

/* Attribute types of a distinguished name that charon and OpenSSL both know, as charon writes them. */
static const struct {
	const char *name;
	int nid;
} attributes[] = {
    {"C", NID_countryName},
    {"ST", NID_stateOrProvinceName},
    {"L", NID_localityName},
    {"O", NID_organizationName},
    {"OU", NID_organizationalUnitName},
    {"CN", NID_commonName},
    {"serialNumber", NID_serialNumber},
    {"SN", NID_surname},
    {"G", NID_givenName},
    {"I", NID_initials},
    {"T", NID_title},
    {"D", NID_description},
    {"E", NID_pkcs9_emailAddress},
    {"emailAddress", NID_pkcs9_emailAddress},
    {"DC", NID_domainComponent},
    {"UID", NID_userId},
    {"dnQualifier", NID_dnQualifier},
    {"unstructuredName", NID_pkcs9_unstructuredName},
};

static int
attribute_nid(const char *name, size_t length)
{
	for (size_t i = 0; i < COUNT_OF(attributes); i++) {
		if (strlen(attributes[i].name) == length &&
		    strncasecmp(attributes[i].name, name, length) == 0)
			return attributes[i].nid;
	}
	return NID_undef;
}

/* One "type=value" after another, separated by commas, or by slashes where the text begins with one. Adds
 * each to `name` where that is given. */
static bool
read_dn(const char *text, X509_NAME *name)
{
	char separator = *text == '/' ? '/' : ',';
	unsigned count = 0;

	while (*text != '\0') {
		const char *equals, *end;
		int nid;

		text += *text == separator && (count != 0 || separator == '/');
		while (*text == ' ')
			text++;
		equals = strchr(text, '=');
		if (equals == NULL || ++count > RDN_MOST)
			return false;
		nid = attribute_nid(text, strcspn(text, "= "));
		text = equals + 1;
		while (*text == ' ')
			text++;
		end = strchr(text, separator);
		if (end == NULL)
			end = text + strlen(text);
		if (nid == NID_undef || end == text)
			return false;
		const char *last = end;

		while (last > text && last[-1] == ' ')
			last--;
		if (name != NULL &&
		    X509_NAME_add_entry_by_NID(name, nid, MBSTRING_UTF8, (const unsigned char *)text,
					       (int)(last - text), -1, 0) != 1)
			return false;
		text = end;
	}
	return count != 0;
}

static bool
is_host_name(const char *text)
{
	size_t length = strlen(text);

	if (length == 0 || length > 253 || text[0] == '.' || text[0] == '-')
		return false;
	for (const char *c = text; *c != '\0'; c++) {
		if (!isalnum((unsigned char)*c) && strchr(".-_*", *c) == NULL)
			return false;
	}
	return strstr(text, "..") == NULL;
}

static bool
is_email(const char *text)
{
	const char *at = strchr(text, '@');

	return at != NULL && at != text && strpbrk(text, " \t,=") == NULL && is_host_name(at + 1);
}

static bool
is_hex(const char *text)
{
	size_t length = strspn(text, "0123456789abcdefABCDEF:");

	return length != 0 && text[length] == '\0';
}

static bool
is_address(const char *text, int family)
{
	struct ip_address address;

	return ip_address_parse(text, &address) && address.family == family;
}

static bool
is_of_kind(enum identity_kind kind, const char *text)
{
	switch (kind) {
	case IDENTITY_IPV4:
		return is_address(text, AF_INET);
	case IDENTITY_IPV6:
		return is_address(text, AF_INET6);
	case IDENTITY_FQDN:
		return is_host_name(text);
	case IDENTITY_EMAIL:
		return is_email(text);
	case IDENTITY_DN:
		return read_dn(text, NULL);
	case IDENTITY_KEY_ID:
		return *text == '#' ? is_hex(text + 1) : *text != '\0';
	case IDENTITY_BAD:
		break;
	}
	return false;
}

enum identity_kind
identity_kind(const char *text, const char **value)
{
	enum identity_kind kind;

	*value = text;
	for (size_t i = 0; i < COUNT_OF(prefixes); i++) {
		size_t length = strlen(prefixes[i].prefix);

		if (strncasecmp(text, prefixes[i].prefix, length) != 0)
			continue;
		*value = text + length;
		return is_of_kind(prefixes[i].kind, *value) ? prefixes[i].kind : IDENTITY_BAD;
	}
	if (strncmp(text, "@#", 2) == 0) {
		*value = text + 2;
		return is_hex(*value) ? IDENTITY_KEY_ID : IDENTITY_BAD;
	}
	if (strncmp(text, "@@", 2) == 0) {
		*value = text + 2;
		kind = IDENTITY_EMAIL;
	} else if (*text == '@') {
		*value = text + 1;
		kind = IDENTITY_FQDN;
	} else if (strchr(text, '=') != NULL) {
		kind = IDENTITY_DN;
	} else if (strchr(text, '@') != NULL) {
		kind = IDENTITY_EMAIL;
	} else if (strchr(text, ':') != NULL) {
		kind = IDENTITY_IPV6;
	} else if (strspn(text, "0123456789.") == strlen(text)) {
		kind = IDENTITY_IPV4;
	} else {
		kind = IDENTITY_FQDN;
	}
	return is_of_kind(kind, *value) ? kind : IDENTITY_BAD;
}

/* Names are compared whatever their case (RFC 4343), the parts of a distinguished name without blanks around
 * them (RFC 5280 7.1). A key ID is bytes. */
char *
identity_plain(const char *text)
{
	const char *value;
	enum identity_kind kind = identity_kind(text, &value);
	char out[IP_ADDRESS_TEXT], *plain;
	struct ip_address address;
	size_t used = 0;

	if (kind == IDENTITY_BAD || kind == IDENTITY_KEY_ID)
		return text_copy(text);
	if (kind != IDENTITY_FQDN && ip_address_parse(value, &address))
		return text_copy(ip_address_format(&address, out));
	plain = text_copy(value);
	for (const char *from = value; *from != '\0'; from++) {
		size_t blanks = kind == IDENTITY_DN ? strspn(from, " ") : 0;

		if (blanks != 0 && (used == 0 || strchr(",=", plain[used - 1]) != NULL ||
				    from[blanks] == '\0' || strchr(",=", from[blanks]) != NULL))
			from += blanks;
		if (*from == '\0')
			break;
		plain[used++] = (char)tolower((unsigned char)*from);
	}
	plain[used] = '\0';
	return plain;
}

void
read_identity(struct reading *reading, const struct field *field, const struct node *value, void *target)
{
	const char *identity;

	if (!value_is_text(reading, field, value))
		return;
	if (!(field->any && (strcmp(value->text, "any") == 0 || strcmp(value->text, "%any") == 0)) &&
	    identity_kind(value->text, &identity) == IDENTITY_BAD) {
		finding_error(reading->findings, value->at,
			      "'%s' must be an address, a name (vpn.example.com), user@vpn.example.com, a "
			      "distinguished name (C=FR, O=Example, CN=lyon) or a key ID (keyid:lyon, "
			      "@#0a1b2c), not %s",
			      field->key, quoted(value->text));
		return;
	}
	read_text(reading, field, value, target);
}

/* --- in certificates --------------------------------------------------------------------------- */

static bool
dn_is(const char *text, const X509 *certificate)
{
	X509_NAME *name = X509_NAME_new();
	bool same = name != NULL && read_dn(text, name) &&
		    X509_NAME_cmp(name, X509_get_subject_name(certificate)) == 0;

	X509_NAME_free(name);
	return same;
}

static bool
text_is(const char *text, const ASN1_STRING *string)
{
	int length = ASN1_STRING_length(string);

	return strlen(text) == (size_t)length &&
	       strncasecmp(text, (const char *)ASN1_STRING_get0_data(string), (size_t)length) == 0;
}

static bool
address_is(const char *text, const ASN1_OCTET_STRING *bytes)
{
	struct ip_address address;

	return ip_address_parse(text, &address) &&
	       ASN1_STRING_length(bytes) == (int)ip_family_bytes(address.family) &&
	       memcmp(ASN1_STRING_get0_data(bytes), address.bytes, ip_family_bytes(address.family)) == 0;
}

static bool
name_is(enum identity_kind kind, const char *text, const GENERAL_NAME *name)
{
	switch (name->type) {
	case GEN_DNS:
		return kind == IDENTITY_FQDN && text_is(text, name->d.dNSName);
	case GEN_EMAIL:
		return kind == IDENTITY_EMAIL && text_is(text, name->d.rfc822Name);
	case GEN_IPADD:
		return (kind == IDENTITY_IPV4 || kind == IDENTITY_IPV6) &&
		       address_is(text, name->d.iPAddress);
	default:
		return false;
	}
}

bool
identity_in_certificate(const char *text, const X509 *certificate)
{
	const char *value;
	enum identity_kind kind = identity_kind(text, &value);
	GENERAL_NAMES *names;
	bool found = false;

	if (kind == IDENTITY_DN)
		return dn_is(value, certificate);
	names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
	for (int i = 0; i < sk_GENERAL_NAME_num(names) && !found; i++)
		found = name_is(kind, value, sk_GENERAL_NAME_value(names, i));
	GENERAL_NAMES_free(names);
	return found;
}
