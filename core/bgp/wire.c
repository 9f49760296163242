// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Messages in and out; see wire_internal.h. A message is checked in three steps: the frame (marker, length
 * within bounds and right for the type: RFC 4271, 6.1), then its body by the function of its type (OPEN's is
 * in open.c), then by the session what it means. Errors name the NOTIFICATION that RFC 4271, section 6, asks
 * for, with its data.
 */
#include "core/bgp/wire_internal.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"

static const uint8_t marker[16] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
				   0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

/* The lengths that each type allows; where `extended`, a session may allow more (RFC 8654, 4). */
static const struct {
	uint16_t least, most;
	bool extended;
} lengths[] = {
    [BGP_OPEN] = {29, BGP_MESSAGE_MOST, false},
    [BGP_UPDATE] = {23, BGP_MESSAGE_MOST, true},
    [BGP_NOTIFICATION] = {21, BGP_MESSAGE_MOST, true},
    [BGP_KEEPALIVE] = {19, 19, false},
    [BGP_ROUTE_REFRESH] = {23, 23, false},
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

/* RFC 7313, 5, of a refresh with another length than it has: a mark has an error of its own, which quotes all
 * of it; what has a subtype to come is ignored, whatever it is. False: `error` is set if it was a mark. */
static bool
refresh_passes(const uint8_t *whole, size_t length, struct bgp_error *error)
{
	enum { SUBTYPE_AT = BGP_HEADER + 2 };
	uint8_t subtype = length > SUBTYPE_AT ? whole[SUBTYPE_AT] : BGP_REFRESH_ASK;

	if (subtype == BGP_REFRESH_BEGIN || subtype == BGP_REFRESH_END)
		bgp_error_set(error, BGP_ERROR_REFRESH, REFRESH_BAD_LENGTH, whole, length,
			      "a mark of route refresh with %zu octets", length);
	return subtype > BGP_REFRESH_END;
}

enum bgp_framing
bgp_message_take(struct reader *stream, const struct bgp_framing_rules *rules, struct bgp_message *out,
		 struct bgp_error *error)
{
	struct reader r = *stream;
	const uint8_t *whole, *length_at;
	uint16_t length, most;

	if (reader_left(&r) < BGP_HEADER)
		return BGP_FRAME_NEEDS_MORE;
	whole = reader_bytes(&r, sizeof(marker));
	if (memcmp(whole, marker, sizeof(marker)) != 0) {
		bgp_error_set(error, BGP_ERROR_HEADER, HEADER_NOT_SYNCHRONIZED, NULL, 0,
			      "a message does not begin with the marker");
		return BGP_FRAME_ERROR;
	}
	length_at = r.at;
	length = reader_u16(&r);
	out->type = reader_u8(&r);
	if (length < BGP_HEADER || length > rules->most) {
		bgp_error_set(error, BGP_ERROR_HEADER, HEADER_BAD_LENGTH, length_at, 2,
			      "a message of %u octets", length);
		return BGP_FRAME_ERROR;
	}
	if (out->type < BGP_OPEN || out->type > BGP_ROUTE_REFRESH) {
		bgp_error_set(error, BGP_ERROR_HEADER, HEADER_BAD_TYPE, &out->type, 1, "message type %u",
			      out->type);
		return BGP_FRAME_ERROR;
	}
	most = lengths[out->type].extended ? rules->most : lengths[out->type].most;
	if (length < lengths[out->type].least || length > most) {
		bool refresh =
		    out->type == BGP_ROUTE_REFRESH && rules->enhanced_refresh && length <= BGP_MESSAGE_MOST;

		if (refresh && reader_left(&r) < (size_t)length - BGP_HEADER)
			return BGP_FRAME_NEEDS_MORE;
		bgp_error_set(error, BGP_ERROR_HEADER, HEADER_BAD_LENGTH, length_at, 2,
			      "a message of type %u with %u octets", out->type, length);
		if (!refresh || !refresh_passes(whole, length, error))
			return BGP_FRAME_ERROR;
	}
	if (reader_left(&r) < (size_t)length - BGP_HEADER)
		return BGP_FRAME_NEEDS_MORE;
	out->body = reader_sub(&r, (size_t)length - BGP_HEADER);
	*stream = r;
	return BGP_FRAME_DONE;
}

enum bgp_framing
bgp_message_next(struct reader *stream, struct bgp_message *out, struct bgp_error *error)
{
	static const struct bgp_framing_rules plain = {.most = BGP_MESSAGE_MOST};

	return bgp_message_take(stream, &plain, out, error);
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
bgp_keepalive_write(struct writer *w)
{
	size_t begin = writer_length(w);

	bgp_message_begin(w, BGP_KEEPALIVE);
	bgp_message_end(w, begin);
}

void
bgp_refresh_write(struct writer *w, uint16_t afi, uint8_t safi, enum bgp_refresh_subtype subtype)
{
	size_t begin = writer_length(w);

	bgp_message_begin(w, BGP_ROUTE_REFRESH);
	writer_u16(w, afi);
	writer_u8(w, (uint8_t)subtype);
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
bgp_destination(unsigned bits, const uint8_t *address, uint8_t length)
{
	static const uint8_t zero[15], mapped[12] = {[10] = 0xff, [11] = 0xff};
	uint8_t first = address[0];

	if (bits == 128) /* RFC 4291, 2.4: multicast, link-local, unspecified and loopback, mapped IPv4 */
		return !((length >= 8 && first == 0xff) ||
			 (length >= 10 && first == 0xfe && (address[1] & 0xc0) == 0x80) ||
			 (length == 128 && memcmp(address, zero, 15) == 0 && address[15] <= 1) ||
			 (length >= 96 && memcmp(address, mapped, 12) == 0));
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

bool
bgp_nlri_read(struct reader *r, unsigned bits, bool ids, struct nlri *out)
{
	out->path_id = ids ? reader_u32(r) : 0;
	return bgp_prefix_read(r, bits, out->address, &out->length);
}

void
bgp_prefix_write(struct writer *w, const uint8_t *address, unsigned length)
{
	writer_u8(w, (uint8_t)length);
	writer_bytes(w, address, (length + 7) / 8);
}
