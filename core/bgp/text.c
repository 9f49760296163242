// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * BGP in words: states, origins, and NOTIFICATIONs with their codes (RFC 4271, 4.5; RFC 4486; RFC 6608; RFC
 * 8538; RFC 9003; IANA's registry), so that an operator never has to look a number up.
 */
#include "core/bgp/bgp.h"
#include "core/bgp/wire_internal.h"

#include <stdio.h>
#include <string.h>

#include "core/base/text.h"

static const char *const header_words[] = {"Unspecific", "Connection Not Synchronized", "Bad Message Length",
					   "Bad Message Type"};
static const char *const open_words[] = {"Unspecific",
					 "Unsupported Version Number",
					 "Bad Peer AS",
					 "Bad BGP Identifier",
					 "Unsupported Optional Parameter",
					 "Authentication Failure",
					 "Unacceptable Hold Time",
					 "Unsupported Capability",
					 NULL,
					 NULL,
					 NULL,
					 "Role Mismatch"};
static const char *const update_words[] = {"Unspecific",
					   "Malformed Attribute List",
					   "Unrecognized Well-known Attribute",
					   "Missing Well-known Attribute",
					   "Attribute Flags Error",
					   "Attribute Length Error",
					   "Invalid ORIGIN Attribute",
					   "AS Routing Loop",
					   "Invalid NEXT_HOP Attribute",
					   "Optional Attribute Error",
					   "Invalid Network Field",
					   "Malformed AS_PATH"};
static const char *const hold_words[] = {NULL};
static const char *const fsm_words[] = {"Unspecified Error", "Unexpected Message in OpenSent State",
					"Unexpected Message in OpenConfirm State",
					"Unexpected Message in Established State"};
static const char *const cease_words[] = {NULL,
					  "Maximum Number of Prefixes Reached",
					  "Administrative Shutdown",
					  "Peer De-configured",
					  "Administrative Reset",
					  "Connection Rejected",
					  "Other Configuration Change",
					  "Connection Collision Resolution",
					  "Out of Resources",
					  "Hard Reset",
					  "BFD Down"};
static const char *const refresh_words[] = {NULL, "Invalid Message Length"};
static const char *const send_hold_words[] = {NULL};

static const struct {
	const char *name;
	const char *const *subcodes;
	size_t count;
} words[] = {
    [1] = {"Message Header Error", header_words, COUNT_OF(header_words)},
    [2] = {"OPEN Message Error", open_words, COUNT_OF(open_words)},
    [3] = {"UPDATE Message Error", update_words, COUNT_OF(update_words)},
    [4] = {"Hold Timer Expired", hold_words, COUNT_OF(hold_words)},
    [5] = {"Finite State Machine Error", fsm_words, COUNT_OF(fsm_words)},
    [6] = {"Cease", cease_words, COUNT_OF(cease_words)},
    [7] = {"ROUTE-REFRESH Message Error", refresh_words, COUNT_OF(refresh_words)},
    [8] = {"Send Hold Timer Expired", send_hold_words, COUNT_OF(send_hold_words)},
};

const char *
bgp_error_words(uint8_t code, uint8_t subcode, char *out, size_t size)
{
	const char *name = code < COUNT_OF(words) ? words[code].name : NULL;

	if (name == NULL)
		snprintf(out, size, "error %u/%u", code, subcode);
	else if (subcode < words[code].count && words[code].subcodes[subcode] != NULL)
		snprintf(out, size, "%s: %s", name, words[code].subcodes[subcode]);
	else if (subcode != 0)
		snprintf(out, size, "%s (subcode %u)", name, subcode);
	else
		snprintf(out, size, "%s", name);
	return out;
}

/* RFC 9003: an octet of length, then that many of UTF-8. Out: cleaned text, or an empty one. */
static void
shutdown_text(const uint8_t *data, size_t length, char *out, size_t size)
{
	char raw[256];

	out[0] = '\0';
	if (length == 0 || data[0] == 0 || data[0] > length - 1)
		return;
	memcpy(raw, data + 1, data[0]);
	raw[data[0]] = '\0';
	for (size_t i = 0; i < data[0]; i++) {
		if (raw[i] == '\0')
			raw[i] = '?';
	}
	text_clean(out, size, raw);
}

const char *
bgp_notification_text(uint8_t code, uint8_t subcode, const uint8_t *data, size_t length, char *out,
		      size_t size)
{
	struct reader r = reader_over(data, length);
	char name[96], extra[800] = "";

	bgp_error_words(code, subcode, name, sizeof(name));
	if (code == BGP_ERROR_CEASE && (subcode == CEASE_SHUTDOWN || subcode == CEASE_RESET)) {
		char message[780];

		shutdown_text(data, length, message, sizeof(message));
		if (message[0] != '\0')
			snprintf(extra, sizeof(extra), " \"%s\"", message);
	} else if (code == BGP_ERROR_CEASE && subcode == CEASE_MAX_PREFIXES && length >= 7) {
		reader_bytes(&r, 3);
		snprintf(extra, sizeof(extra), " (limit %u)", reader_u32(&r));
	} else if (code == BGP_ERROR_OPEN && subcode == OPEN_BAD_VERSION && length >= 2) {
		snprintf(extra, sizeof(extra), " (supports version %u)", reader_u16(&r));
	} else if (code == BGP_ERROR_HEADER && subcode == HEADER_BAD_LENGTH && length >= 2) {
		snprintf(extra, sizeof(extra), " (length %u)", reader_u16(&r));
	} else if (code == BGP_ERROR_HEADER && subcode == HEADER_BAD_TYPE && length >= 1) {
		snprintf(extra, sizeof(extra), " (type %u)", reader_u8(&r));
	} else if (code == BGP_ERROR_UPDATE && length >= 2) {
		reader_u8(&r);
		snprintf(extra, sizeof(extra), " (attribute %u)", reader_u8(&r));
	}
	snprintf(out, size, "%s%s", name, extra);
	/* A cut in the middle of a character would not be UTF-8 any more. */
	if (strlen(name) + strlen(extra) >= size)
		text_clean(out, size, text_clean(extra, sizeof(extra), out));
	return out;
}

void
bgp_shutdown_message(struct bgp_error *error, const char *message)
{
	char clean[256];

	error->data_length = 0;
	if (message == NULL || message[0] == '\0')
		return;
	text_clean(clean, sizeof(clean), message);
	error->data[0] = (uint8_t)strlen(clean);
	memcpy(error->data + 1, clean, error->data[0]);
	error->data_length = (uint16_t)(error->data[0] + 1);
}

const char *
bgp_state_name(enum bgp_state state)
{
	static const char *const names[] = {"Idle",     "Connect",     "Active",
					    "OpenSent", "OpenConfirm", "Established"};

	return (size_t)state < COUNT_OF(names) ? names[state] : "?";
}

const char *
bgp_origin_name(enum bgp_origin origin)
{
	static const char *const names[] = {"igp", "egp", "incomplete"};

	return (size_t)origin < COUNT_OF(names) ? names[origin] : "?";
}
