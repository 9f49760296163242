// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * BGP messages on the wire: the header (RFC 4271, 4.1), OPEN (4.2) with capabilities (RFC 5492, extended
 * parameters RFC 9072), NOTIFICATION (4.5), KEEPALIVE, ROUTE-REFRESH (RFC 2918), and prefixes in NLRI (4.3).
 * The path attributes of UPDATE are in attributes_internal.h.
 */
#ifndef TWINSPAN_BGP_WIRE_INTERNAL_H
#define TWINSPAN_BGP_WIRE_INTERNAL_H

#include "core/base/address.h"
#include "core/base/buffer.h"

#define BGP_PORT 179
#define BGP_HEADER 19
#define BGP_MESSAGE_MOST 4096
#define BGP_MESSAGE_EXTENDED 65535 /* RFC 8654 */
#define BGP_AS_TRANS 23456u        /* RFC 6793: stands for a number over 65535 towards a two-octet speaker */

enum bgp_message_type { BGP_OPEN = 1, BGP_UPDATE, BGP_NOTIFICATION, BGP_KEEPALIVE, BGP_ROUTE_REFRESH };

/* ROUTE-REFRESH: asks for all again (RFC 2918), or marks where that begins and ends (RFC 7313). */
enum bgp_refresh_subtype { BGP_REFRESH_ASK, BGP_REFRESH_BEGIN, BGP_REFRESH_END };

enum bgp_error_code {
	BGP_ERROR_HEADER = 1,
	BGP_ERROR_OPEN,
	BGP_ERROR_UPDATE,
	BGP_ERROR_HOLD,
	BGP_ERROR_FSM,
	BGP_ERROR_CEASE,
	BGP_ERROR_REFRESH,   /* RFC 7313 */
	BGP_ERROR_SEND_HOLD, /* RFC 9687 */
};

/* Subcodes that are used here by name. */
enum { HEADER_NOT_SYNCHRONIZED = 1, HEADER_BAD_LENGTH, HEADER_BAD_TYPE };
enum {
	OPEN_UNSPECIFIC = 0,
	OPEN_BAD_VERSION = 1,
	OPEN_BAD_PEER_AS,
	OPEN_BAD_IDENTIFIER,
	OPEN_BAD_PARAMETER,
	OPEN_BAD_HOLD_TIME = 6,
	OPEN_BAD_CAPABILITY,
	OPEN_ROLE_MISMATCH = 11,
};
enum {
	UPDATE_MALFORMED_LIST = 1,
	UPDATE_UNKNOWN_WELL_KNOWN,
	UPDATE_OPTIONAL_ERROR = 9,
	UPDATE_BAD_NETWORK,
};
enum {
	CEASE_MAX_PREFIXES = 1,
	CEASE_SHUTDOWN,
	CEASE_DECONFIGURED,
	CEASE_RESET,
	CEASE_REJECTED,
	CEASE_CONFIG_CHANGE,
	CEASE_COLLISION,
	CEASE_RESOURCES,
	CEASE_HARD_RESET, /* RFC 8538 */
};
enum { REFRESH_BAD_LENGTH = 1 };

/** What ends a session: the NOTIFICATION to send, and the detail for people. */
struct bgp_error {
	uint8_t code, subcode;
	uint16_t data_length;
	uint8_t data[BGP_MESSAGE_MOST - BGP_HEADER - 2];
	char detail[160];
};

/** Fills an error; `data` may be NULL. Always returns false. */
bool bgp_error_set(struct bgp_error *error, uint8_t code, uint8_t subcode, const void *data, size_t length,
		   const char *format, ...) __attribute__((format(printf, 6, 7)));

/** A message whole and checked: its type, and a reader over what follows the header. */
struct bgp_message {
	uint8_t type;
	struct reader body;
};

enum bgp_framing { BGP_FRAME_NEEDS_MORE, BGP_FRAME_DONE, BGP_FRAME_ERROR };

/** What a session has negotiated about the frames of its messages. */
struct bgp_framing_rules {
	uint16_t most;         /* the largest message in octets: BGP_MESSAGE_MOST, or BGP_MESSAGE_EXTENDED */
	bool enhanced_refresh; /* RFC 7313: its errors are told as it says */
};

/** Takes the next message off a stream. DONE consumes it from `stream`; ERROR fills `error` (RFC 4271, 6.1;
 * RFC 8654, 5; RFC 7313, 5). */
enum bgp_framing bgp_message_take(struct reader *stream, const struct bgp_framing_rules *rules,
				  struct bgp_message *out, struct bgp_error *error);
/** The same before anything is negotiated. */
enum bgp_framing bgp_message_next(struct reader *stream, struct bgp_message *out, struct bgp_error *error);

/** What both sides can tell each other in OPEN; as bits. */
enum bgp_capability {
	CAPABILITY_IPV4 = 1, /* multiprotocol, IPv4 unicast */
	CAPABILITY_IPV6 = 2,
	CAPABILITY_REFRESH = 4,
	CAPABILITY_FOUR_OCTET = 8,
	CAPABILITY_MULTIPROTOCOL = 16, /* any multiprotocol capability was there */
	CAPABILITY_ENHANCED_REFRESH = 32,
	CAPABILITY_RESTART = 64,
	CAPABILITY_EXTENDED_MESSAGE = 128,
	CAPABILITY_EXTENDED_NEXT_HOP = 256, /* of IPv6 for IPv4 unicast (RFC 8950) */
	CAPABILITY_ROLE = 512,
	CAPABILITY_ADD_PATH = 1024, /* of some family, in some direction (RFC 7911) */
};

/* Several paths of a prefix, told apart by identifiers (RFC 7911, 4): families for which a speaker takes
 * them, and for which it tells them, as CAPABILITY_IPV4 and CAPABILITY_IPV6. */
struct bgp_add_path {
	unsigned receive, send;
};

/* What a speaker says about its restarts (RFC 4724, 3); families as CAPABILITY_IPV4 and CAPABILITY_IPV6. */
struct bgp_restart {
	uint16_t time_s;     /* it is back within that, 0 to 4095 */
	bool restarting;     /* R: it has just restarted */
	bool notification;   /* N: a NOTIFICATION ends a session as gracefully as a loss does (RFC 8538) */
	unsigned families;   /* for which its paths may be kept meanwhile */
	unsigned forwarding; /* F: of those, for which it went on forwarding */
};

struct bgp_open {
	uint32_t asn; /* the four-octet one where it was there */
	uint16_t hold_s;
	uint32_t identifier;
	unsigned capabilities;
	uint8_t role;                 /* as on the wire (RFC 9234, 4.1), with CAPABILITY_ROLE */
	struct bgp_restart restart;   /* with CAPABILITY_RESTART */
	struct bgp_add_path add_path; /* with CAPABILITY_ADD_PATH */
};

/** Reads an OPEN's body. What it says about the peer's identity is for the caller to judge. */
bool bgp_open_read(struct reader body, struct bgp_open *out, struct bgp_error *error);
/** Writes a whole OPEN; no optional parameters where capabilities is 0. */
void bgp_open_write(struct writer *w, const struct bgp_open *open);
/** The optional parameters of an OPEN with their length: one parameter with these capabilities, in the long
 * form where the short one has no room for it (RFC 9072). */
void bgp_capabilities_write(struct writer *w, const void *capabilities, size_t length);
void bgp_keepalive_write(struct writer *w);
void bgp_refresh_write(struct writer *w, uint16_t afi, uint8_t safi, enum bgp_refresh_subtype subtype);
void bgp_notification_write(struct writer *w, const struct bgp_error *error);
/** Begins a message; its length is set by bgp_message_end. */
void bgp_message_begin(struct writer *w, enum bgp_message_type type);
void bgp_message_end(struct writer *w, size_t begin);

/** Whether a prefix can be meant as a destination of unicast; `bits`: 32 or 128, of its family. */
bool bgp_destination(unsigned bits, const uint8_t *address, uint8_t length);
/** Reads one prefix; host bits beyond the length are cleared. False where the length is over `bits` or bytes
 * lack. */
bool bgp_prefix_read(struct reader *r, unsigned bits, uint8_t address[16], uint8_t *length);
/* One prefix of NLRI, and which of its paths is meant. */
struct nlri {
	uint32_t path_id; /* 0 where the family has none in this session */
	uint8_t address[16], length;
};
#define PATH_ID_OCTETS 4

/** Reads one entry of NLRI: with `ids` a path identifier stands before the prefix (RFC 7911, 3). */
bool bgp_nlri_read(struct reader *r, unsigned bits, bool ids, struct nlri *out);
static inline size_t
bgp_prefix_size(unsigned length)
{
	return 1 + (length + 7) / 8;
}
void bgp_prefix_write(struct writer *w, const uint8_t *address, unsigned length);

/** "Cease: Administrative Shutdown" for 6/2; numbers where there is no name. Returns `out`. */
const char *bgp_error_words(uint8_t code, uint8_t subcode, char *out, size_t size);
/**
 * The text of a NOTIFICATION for people: words, then the shutdown communication of RFC 9003 where there is
 * one (cleaned), or what the data tells. Returns `out`.
 */
const char *bgp_notification_text(uint8_t code, uint8_t subcode, const uint8_t *data, size_t length,
				  char *out, size_t size);
/** Puts a shutdown communication (RFC 9003) into the error's data: UTF-8, at most 255 octets, cut at a
 * character. */
void bgp_shutdown_message(struct bgp_error *error, const char *message);

#endif
