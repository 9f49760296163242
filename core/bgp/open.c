// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The body of OPEN (RFC 4271, 4.2): optional parameters in the short form and in the extended one (RFC 9072),
 * and the capabilities in them (RFC 5492). A capability that is not known is passed over; one that is said
 * twice counts once, the last of them where they differ, but for the role, which must not differ (RFC 9234,
 * 4.2). What an OPEN means for a session is for session.c to judge.
 */
#include "core/bgp/wire_internal.h"

#include "core/base/text.h"

enum { PARAMETER_CAPABILITIES = 2, PARAMETER_EXTENDED = 255 };
enum {
	CODE_MULTIPROTOCOL = 1,
	CODE_REFRESH = 2,
	CODE_EXTENDED_NEXT_HOP = 5,
	CODE_EXTENDED_MESSAGE = 6,
	CODE_ROLE = 9,
	CODE_RESTART = 64,
	CODE_FOUR_OCTET = 65,
	CODE_ADD_PATH = 69,
	CODE_ENHANCED_REFRESH = 70,
};

#define CAPABILITIES_MOST 1024 /* octets of ours */

/* Flags of the graceful restart capability (RFC 4724, 3; RFC 8538, 2), and of a family in it. */
enum {
	RESTART_STATE = 0x8000,
	RESTART_NOTIFICATION = 0x4000,
	RESTART_TIME = 0x0fff,
	RESTART_FORWARDING = 0x80
};

/* What a speaker does with several paths of a family (RFC 7911, 4). */
enum { ADD_PATH_RECEIVE = 1, ADD_PATH_SEND = 2 };

/* The bit of a family; 0 for one that is not spoken here. */
static unsigned
family_bit(uint16_t afi, uint8_t safi)
{
	return safi != 1  ? 0u
	       : afi == 1 ? (unsigned)CAPABILITY_IPV4
	       : afi == 2 ? (unsigned)CAPABILITY_IPV6
			  : 0u;
}

/* --- reading ----------------------------------------------------------------------------------- */

static bool
read_multiprotocol(struct reader value, struct bgp_open *out, struct bgp_error *error)
{
	uint16_t afi = reader_u16(&value);

	reader_u8(&value); /* reserved */
	out->capabilities |= CAPABILITY_MULTIPROTOCOL | family_bit(afi, reader_u8(&value));
	return true;
}

/* RFC 8950, 4. */
static bool
read_extended_next_hop(struct reader value, struct bgp_open *out, struct bgp_error *error)
{
	while (reader_left(&value) != 0) {
		uint16_t afi = reader_u16(&value), safi = reader_u16(&value);

		if (reader_u16(&value) == 2 && afi == 1 && safi == 1)
			out->capabilities |= CAPABILITY_EXTENDED_NEXT_HOP;
	}
	return true;
}

static bool
read_four_octet(struct reader value, struct bgp_open *out, struct bgp_error *error)
{
	out->capabilities |= CAPABILITY_FOUR_OCTET;
	out->asn = reader_u32(&value);
	return true;
}

/* RFC 9234, 4.2: two that differ are a mismatch whatever ours is. */
static bool
read_role(struct reader value, struct bgp_open *out, struct bgp_error *error)
{
	uint8_t role = reader_u8(&value);

	if (out->capabilities & CAPABILITY_ROLE && out->role != role)
		return bgp_error_set(error, BGP_ERROR_OPEN, OPEN_ROLE_MISMATCH, NULL, 0,
				     "the peer says two roles, %u and %u", out->role, role);
	out->capabilities |= CAPABILITY_ROLE;
	out->role = role;
	return true;
}

/* RFC 4724, 3: of several, the last one counts. */
static bool
read_restart(struct reader value, struct bgp_open *out, struct bgp_error *error)
{
	uint16_t head = reader_u16(&value);

	out->capabilities |= CAPABILITY_RESTART;
	out->restart = (struct bgp_restart){
	    .restarting = (head & RESTART_STATE) != 0,
	    .notification = (head & RESTART_NOTIFICATION) != 0,
	    .time_s = head & RESTART_TIME,
	};
	while (reader_left(&value) >= 4) {
		uint16_t afi = reader_u16(&value);
		unsigned family = family_bit(afi, reader_u8(&value));

		out->restart.families |= family;
		if (reader_u8(&value) & RESTART_FORWARDING)
			out->restart.forwarding |= family;
	}
	return true;
}

/* RFC 7911, 4: one that says something else of a family is not understood, and ignored. Of several the last
 * one counts, as for each family. */
static bool
read_add_path(struct reader value, struct bgp_open *out, struct bgp_error *error)
{
	struct bgp_add_path said = {0};

	while (reader_left(&value) != 0) {
		uint16_t afi = reader_u16(&value);
		unsigned family = family_bit(afi, reader_u8(&value));
		uint8_t how = reader_u8(&value);

		if (how == 0 || how > (ADD_PATH_RECEIVE | ADD_PATH_SEND))
			return true;
		said.receive = how & ADD_PATH_RECEIVE ? said.receive | family : said.receive & ~family;
		said.send = how & ADD_PATH_SEND ? said.send | family : said.send & ~family;
	}
	out->capabilities |= CAPABILITY_ADD_PATH;
	out->add_path = said;
	return true;
}

/* Those that are known: what their length must be, a multiple of `step` more than `least`, and what they set
 * or who reads them. */
static const struct {
	uint8_t code, least, step;
	unsigned bit;
	bool (*read)(struct reader value, struct bgp_open *out, struct bgp_error *error);
} known[] = {
    {CODE_MULTIPROTOCOL, 4, 0, 0, read_multiprotocol},
    {CODE_REFRESH, 0, 0, CAPABILITY_REFRESH, NULL},
    {CODE_EXTENDED_NEXT_HOP, 0, 6, 0, read_extended_next_hop},
    {CODE_EXTENDED_MESSAGE, 0, 0, CAPABILITY_EXTENDED_MESSAGE, NULL},
    {CODE_ROLE, 1, 0, 0, read_role},
    {CODE_RESTART, 2, 4, 0, read_restart},
    {CODE_FOUR_OCTET, 4, 0, 0, read_four_octet},
    {CODE_ADD_PATH, 0, 4, 0, read_add_path},
    {CODE_ENHANCED_REFRESH, 0, 0, CAPABILITY_ENHANCED_REFRESH, NULL},
};

static bool
length_fits(size_t length, size_t least, size_t step)
{
	return length == least || (step != 0 && length > least && (length - least) % step == 0);
}

static bool
capability_read(uint8_t code, struct reader value, struct bgp_open *out, struct bgp_error *error)
{
	for (size_t i = 0; i < COUNT_OF(known); i++) {
		if (known[i].code != code)
			continue;
		if (!length_fits(reader_left(&value), known[i].least, known[i].step))
			return bgp_error_set(error, BGP_ERROR_OPEN, OPEN_UNSPECIFIC, NULL, 0,
					     "capability %u with %zu octets", code, reader_left(&value));
		out->capabilities |= known[i].bit;
		return known[i].read == NULL || known[i].read(value, out, error);
	}
	return true; /* RFC 5492, 3: what is not known is ignored */
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
	/* RFC 9072, 2: a first "parameter" 255 announces the long form, whatever the length says but 0. */
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

/* --- writing ----------------------------------------------------------------------------------- */

void
bgp_capabilities_write(struct writer *w, const void *capabilities, size_t length)
{
	/* RFC 9072, 2: the long form only where the short one can't say it. */
	if (length == 0) {
		writer_u8(w, 0);
	} else if (length + 2 <= UINT8_MAX) {
		writer_u8(w, (uint8_t)(length + 2));
		writer_u8(w, PARAMETER_CAPABILITIES);
		writer_u8(w, (uint8_t)length);
	} else {
		writer_u8(w, UINT8_MAX);
		writer_u8(w, PARAMETER_EXTENDED);
		writer_u16(w, (uint16_t)(length + 3));
		writer_u8(w, PARAMETER_CAPABILITIES);
		writer_u16(w, (uint16_t)length);
	}
	writer_bytes(w, capabilities, length);
}

static void
write_families(struct writer *w, unsigned families,
	       void (*write)(struct writer *w, uint16_t afi, unsigned bit, const struct bgp_open *open),
	       const struct bgp_open *open)
{
	if (families & CAPABILITY_IPV4)
		write(w, 1, CAPABILITY_IPV4, open);
	if (families & CAPABILITY_IPV6)
		write(w, 2, CAPABILITY_IPV6, open);
}

static void
write_multiprotocol(struct writer *w, uint16_t afi, unsigned bit, const struct bgp_open *open)
{
	writer_u8(w, CODE_MULTIPROTOCOL);
	writer_u8(w, 4);
	writer_u16(w, afi);
	writer_u8(w, 0);
	writer_u8(w, 1);
}

static void
write_restart_family(struct writer *w, uint16_t afi, unsigned bit, const struct bgp_open *open)
{
	writer_u16(w, afi);
	writer_u8(w, 1);
	writer_u8(w, open->restart.forwarding & bit ? RESTART_FORWARDING : 0);
}

static void
write_restart(struct writer *w, const struct bgp_open *open)
{
	const struct bgp_restart *restart = &open->restart;
	size_t length_at;

	writer_u8(w, CODE_RESTART);
	length_at = writer_length(w);
	writer_u8(w, 0);
	writer_u16(w, (uint16_t)((restart->restarting ? RESTART_STATE : 0) |
				 (restart->notification ? RESTART_NOTIFICATION : 0) |
				 (restart->time_s & RESTART_TIME)));
	write_families(w, restart->families, write_restart_family, open);
	writer_patch_u8(w, length_at, (uint8_t)(writer_length(w) - length_at - 1));
}

static void
write_add_path_family(struct writer *w, uint16_t afi, unsigned bit, const struct bgp_open *open)
{
	writer_u16(w, afi);
	writer_u8(w, 1);
	writer_u8(w, (open->add_path.receive & bit ? ADD_PATH_RECEIVE : 0) |
			 (open->add_path.send & bit ? ADD_PATH_SEND : 0));
}

static void
write_add_path(struct writer *w, const struct bgp_open *open)
{
	unsigned families = open->add_path.receive | open->add_path.send;
	size_t length_at;

	writer_u8(w, CODE_ADD_PATH);
	length_at = writer_length(w);
	writer_u8(w, 0);
	write_families(w, families, write_add_path_family, open);
	writer_patch_u8(w, length_at, (uint8_t)(writer_length(w) - length_at - 1));
}

void
bgp_open_write(struct writer *w, const struct bgp_open *open)
{
	uint8_t room[CAPABILITIES_MOST];
	struct writer c = writer_over(room, sizeof(room));
	size_t begin = writer_length(w);

	write_families(&c, open->capabilities, write_multiprotocol, open);
	if (open->capabilities & CAPABILITY_REFRESH)
		writer_bytes(&c, (const uint8_t[]){CODE_REFRESH, 0}, 2);
	if (open->capabilities & CAPABILITY_EXTENDED_NEXT_HOP)
		writer_bytes(&c, (const uint8_t[]){CODE_EXTENDED_NEXT_HOP, 6, 0, 1, 0, 1, 0, 2}, 8);
	if (open->capabilities & CAPABILITY_EXTENDED_MESSAGE)
		writer_bytes(&c, (const uint8_t[]){CODE_EXTENDED_MESSAGE, 0}, 2);
	if (open->capabilities & CAPABILITY_ROLE)
		writer_bytes(&c, (const uint8_t[]){CODE_ROLE, 1, open->role}, 3);
	if (open->capabilities & CAPABILITY_RESTART)
		write_restart(&c, open);
	if (open->capabilities & CAPABILITY_FOUR_OCTET) {
		writer_bytes(&c, (const uint8_t[]){CODE_FOUR_OCTET, 4}, 2);
		writer_u32(&c, open->asn);
	}
	if (open->capabilities & CAPABILITY_ADD_PATH)
		write_add_path(&c, open);
	if (open->capabilities & CAPABILITY_ENHANCED_REFRESH)
		writer_bytes(&c, (const uint8_t[]){CODE_ENHANCED_REFRESH, 0}, 2);

	bgp_message_begin(w, BGP_OPEN);
	writer_u8(w, 4);
	writer_u16(w, (uint16_t)(open->asn > UINT16_MAX ? BGP_AS_TRANS : open->asn));
	writer_u16(w, open->hold_s);
	writer_u32(w, open->identifier);
	bgp_capabilities_write(w, room, writer_length(&c));
	bgp_message_end(w, begin);
}
