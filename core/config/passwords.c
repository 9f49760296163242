// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The password by which a BGP session's segments are signed (RFC 2385): from a file of its own by the rules
 * of psk_file, or, for labs, from the configuration itself. It never stands in a message.
 */
#include "core/config/config_internal.h"

#include <stdlib.h>
#include <string.h>

#define PASSWORD_MOST 80 /* what the kernel takes */
#define FILE_MOST 4096

static void
take(struct reading *reading, struct config_bgp *bgp, const char *key, const uint8_t *bytes, size_t length,
     struct position at)
{
	length = without_line_end(bytes, length);
	if (length == 0 || length > PASSWORD_MOST) {
		finding_error(reading->findings, at, "%s has %zu bytes: a TCP MD5 password has 1 to %d", key,
			      length, PASSWORD_MOST);
		return;
	}
	bgp->password = memory_zeroed(length, 1);
	memcpy(bgp->password, bytes, length);
	bgp->password_length = length;
}

static void
take_file(struct reading *reading, struct config_bgp *bgp, const struct node *value, struct position at)
{
	const uint8_t *borrowed;
	uint8_t *bytes;
	size_t length;

	if (named_secret(reading, value->text, &borrowed, &length)) {
		take(reading, bgp, "password_file", borrowed, length, at);
		return;
	}
	bytes = named_file_read(reading, "password_file", value->text, true, FILE_MOST, &length, at);
	if (bytes == NULL)
		return;
	take(reading, bgp, "password_file", bytes, length, at);
	memory_wipe_free(bytes, length);
}

static bool
is_own(const struct given *given, const struct given *above, const char *key)
{
	const struct node_entry *entry = given_entry(given, SECTION_BGP, key);

	return entry != NULL && entry != given_entry(above, SECTION_BGP, key);
}

void
password_inherit(struct given *given, const struct given *above)
{
	bool file = is_own(given, above, "password_file"), text = is_own(given, above, "password");

	if (file && !text)
		given->entry[field_index(SECTION_BGP, "password")] = NULL;
	if (text && !file)
		given->entry[field_index(SECTION_BGP, "password_file")] = NULL;
}

void
password_read(struct reading *reading, const struct given *given, struct config_bgp *bgp)
{
	const struct node_entry *file = given_entry(given, SECTION_BGP, "password_file");
	const struct node_entry *text = given_entry(given, SECTION_BGP, "password");
	const struct node_entry *one = file != NULL ? file : text;

	if (file != NULL && text != NULL) {
		finding_error(reading->findings, text->key->at,
			      "bgp takes password or password_file, not both");
		return;
	}
	if (one == NULL ||
	    !value_is_text(
		reading,
		&config_fields[field_index(SECTION_BGP, file != NULL ? "password_file" : "password")],
		one->value))
		return;
	bgp->has_password = true;
	if (reading->no_secrets)
		return;
	if (file != NULL) {
		take_file(reading, bgp, file->value, file->key->at);
		return;
	}
	finding_warning(
	    reading->findings, text->key->at,
	    "a secret in the configuration is for labs: put it into a file of mode 0600 and name it "
	    "with password_file");
	take(reading, bgp, "password", (const uint8_t *)text->value->text, text->value->length,
	     text->value->at);
}
