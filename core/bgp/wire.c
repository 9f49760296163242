// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Messages in and out; see wire_internal.h. A message is checked in three steps: the frame (marker, length
 * within bounds and right for the type: RFC 4271, 6.1), then its body by the function of its type, then by
 * the session what it means. Errors name the NOTIFICATION that RFC 4271, section 6, asks for, with its data.
 */
#include "core/bgp/wire_internal.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"

static const uint8_t marker[16] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
				   0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

/* The lengths that each type allows. A ROUTE-REFRESH is of one size only. */
static const struct {
	uint16_t least, most;
} lengths[] = {
    [BGP_OPEN] = {29, BGP_MESSAGE_MOST},
    [BGP_UPDATE] = {23, BGP_MESSAGE_MOST},
    [BGP_NOTIFICATION] = {21, BGP_MESSAGE_MOST},
    [BGP_KEEPALIVE] = {19, 19},
    [BGP_ROUTE_REFRESH] = {23, 23},
};

enum { PARAMETER_CAPABILITIES = 2, PARAMETER_EXTENDED = 255 };
enum {
	CODE_MULTIPROTOCOL = 1,
	CODE_REFRESH = 2,
	CODE_EXTENDED_MESSAGE = 6,
	CODE_RESTART = 64,
	CODE_FOUR_OCTET = 65,
	CODE_ENHANCED_REFRESH = 70,
};

bool
bgp_error_set(struct bgp_error *error, uint8_t code, uint8_t subcode, const void *data, size_t length,
	      const char *format, ...)
{
	va_list args;

	error->code = code;
	error->subcode = subcode;
	if (length > sizeof(error->data))
		length = sizeof(error->data);
	error->data_length = (uint16_t)length;
	if (length != 0)
		memcpy(error->data, data, length);
	va_start(args, format);
	vsnprintf(error->detail, sizeof(error->detail), format, args);
	va_end(args);
	return false;
}

enum bgp_framing
bgp_message_next(struct reader *stream, struct bgp_message *out, struct bgp_error *error)
{
	struct reader r = *stream;
	const uint8_t *got_marker, *length_at;
	uint16_t length;

	if (reader_left(&r) < BGP_HEADER)
		return BGP_FRAME_NEEDS_MORE;
	got_marker = reader_bytes(&r, sizeof(marker));
	if (memcmp(got_marker, marker, sizeof(marker)) != 0) {
		bgp_error_set(error, BGP_ERROR_HEADER, HEADER_NOT_SYNCHRONIZED, NULL, 0,
			      "a message does not begin with the marker");
		return BGP_FRAME_ERROR;
	}
	length_at = r.at;
	length = reader_u16(&r);
	out->type = reader_u8(&r);
	if (length < BGP_HEADER || length > BGP_MESSAGE_MOST) {
		bgp_error_set(error, BGP_ERROR_HEADER, HEADER_BAD_LENGTH, length_at, 2,
			      "a message of %u octets", length);
		return BGP_FRAME_ERROR;
	}
	if (out->type < BGP_OPEN || out->type > BGP_ROUTE_REFRESH) {
		bgp_error_set(error, BGP_ERROR_HEADER, HEADER_BAD_TYPE, &out->type, 1, "message type %u",
			      out->type);
		return BGP_FRAME_ERROR;
	}
	if (length < lengths[out->type].least || length > lengths[out->type].most) {
		bgp_error_set(error, BGP_ERROR_HEADER, HEADER_BAD_LENGTH, length_at, 2,
			      "a message of type %u with %u octets", out->type, length);
		return BGP_FRAME_ERROR;
	}
	if (reader_left(&r) < (size_t)length - BGP_HEADER)
		return BGP_FRAME_NEEDS_MORE;
	out->body = reader_sub(&r, (size_t)length - BGP_HEADER);
	*stream = r;
	return BGP_FRAME_DONE;
}

static bool
capability_read(unsigned code, struct reader value, struct bgp_open *out, struct bgp_error *error)
{
	size_t length = reader_left(&value);

	switch (code) {
	case CODE_MULTIPROTOCOL: {
		uint16_t afi = reader_u16(&value);
		uint8_t safi;

		reader_u8(&value);
		safi = reader_u8(&value);
		if (length != 4)
			break;
		out->capabilities |= CAPABILITY_MULTIPROTOCOL;
		if (safi == 1 && (afi == 1 || afi == 2))
			out->capabilities |= afi == 1 ? CAPABILITY_IPV4 : CAPABILITY_IPV6;
		return true;
	}
	case CODE_FOUR_OCTET:
		if (length != 4)
			break;
		out->capabilities |= CAPABILITY_FOUR_OCTET;
		out->asn = reader_u32(&value);
		return true;
	case CODE_REFRESH:
		out->capabilities |= CAPABILITY_REFRESH;
		return true;
	case CODE_ENHANCED_REFRESH:
		out->capabilities |= CAPABILITY_ENHANCED_REFRESH;
		return true;
	case CODE_EXTENDED_MESSAGE:
		out->capabilities |= CAPABILITY_EXTENDED_MESSAGE;
		return true;
	case CODE_RESTART:
		out->capabilities |= CAPABILITY_RESTART;
		return true;
	default:
		return true; /* RFC 5492: what is not known is ignored */
	}
	return bgp_error_set(error, BGP_ERROR_OPEN, OPEN_UNSPECIFIC, NULL, 0, "capability %u with %zu octets",
			     code, length);
}

static bool
capabilities_read(struct reader r, struct bgp_open *out, struct bgp_error *error)
{
	while (reader_left(&r) != 0) {
		uint8_t code = reader_u8(&r);
		uint8_t length = reader_u8(&r);
		struct reader value = reader_sub(&r, length);

		if (r.failed)
			return bgp_error_set(error, BGP_ERROR_OPEN, OPEN_UNSPECIFIC, NULL, 0,
					     "capability %u goes beyond its parameter", code);
		if (!capability_read(code, value, out, error))
			return false;
	}
	return true;
}

static bool
parameters_read(struct reader r, bool extended, struct bgp_open *out, struct bgp_error *error)
{
	while (reader_left(&r) != 0) {
		uint8_t type = reader_u8(&r);
		size_t length = extended ? reader_u16(&r) : reader_u8(&r);
		struct reader value = reader_sub(&r, length);

		if (r.failed)
			return bgp_error_set(error, BGP_ERROR_OPEN, OPEN_UNSPECIFIC, NULL, 0,
					     "optional parameter %u goes beyond the message", type);
		if (type != PARAMETER_CAPABILITIES)
			return bgp_error_set(error, BGP_ERROR_OPEN, OPEN_BAD_PARAMETER, NULL, 0,
					     "optional parameter %u is not known", type);
		if (!capabilities_read(value, out, error))
			return false;
	}
	return true;
}

bool
bgp_open_read(struct reader body, struct bgp_open *out, struct bgp_error *error)
{
	static const uint8_t our_version[2] = {0, 4};
	uint8_t version = reader_u8(&body);
	size_t length;
	bool extended = false;

	*out = (struct bgp_open){0};
	out->asn = reader_u16(&body);
	out->hold_s = reader_u16(&body);
	out->identifier = reader_u32(&body);
	length = reader_u8(&body);
	if (version != 4)
		return bgp_error_set(error, BGP_ERROR_OPEN, OPEN_BAD_VERSION, our_version, 2, "version %u",
				     version);
	/* RFC 9072: 255 and a first "parameter" 255 announce the long form, whatever the length says. */
	if (length != 0 && reader_left(&body) >= 3 && body.at[0] == PARAMETER_EXTENDED) {
		extended = true;
		reader_u8(&body);
		length = reader_u16(&body);
	}
	if (body.failed || length != reader_left(&body))
		return bgp_error_set(error, BGP_ERROR_OPEN, OPEN_UNSPECIFIC, NULL, 0,
				     "optional parameters of %zu octets where %zu are left", length,
				     reader_left(&body));
	return parameters_read(body, extended, out, error);
}

void
bgp_message_begin(struct writer *w, enum bgp_message_type type)
{
	writer_bytes(w, marker, sizeof(marker));
	writer_u16(w, 0);
	writer_u8(w, (uint8_t)type);
}

void
bgp_message_end(struct writer *w, size_t begin)
{
	writer_patch_u16(w, begin + 16, (uint16_t)(writer_length(w) - begin));
}

void
bgp_open_write(struct writer *w, const struct bgp_open *open)
{
	size_t begin = writer_length(w), length_at;

	bgp_message_begin(w, BGP_OPEN);
	writer_u8(w, 4);
	writer_u16(w, (uint16_t)(open->asn > UINT16_MAX ? BGP_AS_TRANS : open->asn));
	writer_u16(w, open->hold_s);
	writer_u32(w, open->identifier);
	length_at = writer_length(w);
	writer_u8(w, 0);
	if (open->capabilities != 0) {
		writer_u8(w, PARAMETER_CAPABILITIES);
		writer_u8(w, 0);
		if (open->capabilities & CAPABILITY_IPV4)
			writer_bytes(w, (const uint8_t[]){CODE_MULTIPROTOCOL, 4, 0, 1, 0, 1}, 6);
		if (open->capabilities & CAPABILITY_IPV6)
			writer_bytes(w, (const uint8_t[]){CODE_MULTIPROTOCOL, 4, 0, 2, 0, 1}, 6);
		if (open->capabilities & CAPABILITY_REFRESH)
			writer_bytes(w, (const uint8_t[]){CODE_REFRESH, 0}, 2);
		if (open->capabilities & CAPABILITY_FOUR_OCTET) {
			writer_bytes(w, (const uint8_t[]){CODE_FOUR_OCTET, 4}, 2);
			writer_u32(w, open->asn);
		}
		writer_patch_u8(w, length_at + 2, (uint8_t)(writer_length(w) - length_at - 3));
		writer_patch_u8(w, length_at, (uint8_t)(writer_length(w) - length_at - 1));
	}
	bgp_message_end(w, begin);
}

void
bgp_keepalive_write(struct writer *w)
{
	size_t begin = writer_length(w);

	bgp_message_begin(w, BGP_KEEPALIVE);
	bgp_message_end(w, begin);
}

void
bgp_refresh_write(struct writer *w, uint16_t afi, uint8_t safi)
{
	size_t begin = writer_length(w);

	bgp_message_begin(w, BGP_ROUTE_REFRESH);
	writer_u16(w, afi);
	writer_u8(w, 0);
	writer_u8(w, safi);
	bgp_message_end(w, begin);
}

void
bgp_notification_write(struct writer *w, const struct bgp_error *error)
{
	size_t begin = writer_length(w);

	bgp_message_begin(w, BGP_NOTIFICATION);
	writer_u8(w, error->code);
	writer_u8(w, error->subcode);
	writer_bytes(w, error->data, error->data_length);
	bgp_message_end(w, begin);
}

/*
 * RFC 4271, 6.3: a prefix that can't be meant is ignored, the others of its message count. What covers such
 * addresses without lying within them (a default route, or its two halves) is a fair destination.
 */
bool
bgp_destination(const uint8_t *address, uint8_t length)
{
	uint8_t first = address[0];

	return !((length >= 8 && (first == 0 || first == 127)) || (length >= 4 && (first & 0xf0) == 0xe0));
}

bool
bgp_prefix_read(struct reader *r, unsigned bits, uint8_t address[16], uint8_t *length)
{
	unsigned got = reader_u8(r), bytes = (got + 7) / 8;
	const uint8_t *at;

	if (r->failed || got > bits)
		return false;
	at = reader_bytes(r, bytes);
	if (at == NULL)
		return false;
	memset(address, 0, 16);
	memcpy(address, at, bytes);
	if (got % 8 != 0)
		address[bytes - 1] &= (uint8_t)(0xff00u >> (got % 8));
	*length = (uint8_t)got;
	return true;
}

void
bgp_prefix_write(struct writer *w, const uint8_t *address, unsigned length)
{
	writer_u8(w, (uint8_t)length);
	writer_bytes(w, address, (length + 7) / 8);
}
