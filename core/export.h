// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The exporters' door: a plugin that writes, in another product's language, what the other side of our
 * connections has to configure. What it gets is that side's view already: `local` is theirs, `remote` is
 * ours, and identities, inside addresses, selectors and AS numbers are swapped with them. It touches no file
 * and decides nothing about secrets: a key that may not be shown is not handed to it.
 *
 * All that is pointed at is borrowed for the time of the call. Texts have no control bytes in them.
 */
#ifndef TWINSPAN_EXPORT_H
#define TWINSPAN_EXPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "core/base/address.h"
#include "core/base/text.h"

struct export_prefixes {
	const struct ip_prefix *items; /* network form */
	size_t count;
};

/* What a second IKE SA of the same identities does to the first one (core/config/config.h). */
enum export_unique { EXPORT_UNIQUE_CONTACT, EXPORT_UNIQUE_REPLACE, EXPORT_UNIQUE_KEEP, EXPORT_UNIQUE_NEVER };

struct export_tunnel {
	const char *name;                   /* as this gateway calls it, "aws-paris/1" */
	const char *label;                  /* the same where no '/' may stand, "aws-paris-1" */
	uint32_t id;                        /* from 1, unique in the configuration */
	unsigned number;                    /* 1 or 2, of its connection */
	struct ip_address local, remote;    /* outside addresses, theirs and ours; none: any */
	const char *local_id, *remote_id;   /* IKE identities; NULL: not known here */
	struct ip_prefix inside[2];         /* theirs, IPv4 first; family AF_UNSPEC where there is none */
	struct ip_address inside_remote[2]; /* ours */
	const uint8_t *psk;                 /* NULL: not to be shown */
	size_t psk_length;                  /* bytes */
	const char *psk_file;               /* where this gateway has the key; NULL: in its configuration */
	bool certificate;                   /* both ends show certificates, and there is no key */
	const char *ca_file; /* whom ours trusts, as this gateway's file names it; NULL: not known */
	bool initiates;      /* it is they who begin: this gateway waits */

	unsigned ike_version;                       /* 1 or 2; 0: either */
	const struct text_list *ike_proposals;      /* as strongSwan writes them, at least one */
	const struct text_list *esp_proposals;      /* likewise */
	uint32_t ike_lifetime_s, esp_lifetime_s;    /* when an SA ends that nobody rekeyed */
	uint32_t rekey_margin_s, rekey_fuzz;        /* before that end; per cent of the margin, at random */
	uint32_t replay_window;                     /* packets */
	int fragmentation;                          /* 1: forced, 0: where both can, -1: never */
	enum export_unique unique;                  /* as this side has it */
	bool encap;                                 /* UDP encapsulation is forced */
	uint32_t mtu;                               /* inside; bytes */
	uint32_t dpd_interval_s, dpd_timeout_s;     /* as this side has them */
	struct export_prefixes local_ts, remote_ts; /* selectors; none: everything */

	uint32_t peer_asn;            /* ours, of its session; 0: not known (static) */
	uint32_t keepalive_s, hold_s; /* of BGP; hold 0: none are sent */
	bool bgp_signed;              /* both sign their segments (RFC 2385), by this password: */
	const uint8_t *bgp_password;  /* NULL: not to be shown */
	size_t bgp_password_length;   /* bytes, 80 at most */
	bool ttl_security;            /* this side takes only what no router has passed on (RFC 5082) */
	const char *bgp_role;         /* theirs, as RFC 9234 4.1 calls it, "rs-client"; NULL: none is told */
	bool exchanges[2];            /* IPv4's routes, IPv6's routes, by its session */
	bool bfd;                     /* this side speaks it */
	uint32_t bfd_interval_ms, bfd_multiplier;
};

/** A secret that any language takes as text: printable ASCII without a blank at either end. */
static inline bool
export_is_text(const uint8_t *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (bytes[i] < ' ' || bytes[i] > '~')
			return false;
	}
	return length != 0 && bytes[0] != ' ' && bytes[length - 1] != ' ';
}

struct export_connection {
	const char *name;
	bool dynamic;                    /* BGP; else static routes */
	uint32_t asn, peer_asn;          /* theirs and ours (by the first session); 0: not known (static) */
	struct export_prefixes networks; /* what they are expected to announce, or have */
	struct export_prefixes peer_networks; /* what this side announces, or has */
	uint32_t max_prefixes;                /* of a family, that this side takes from them; 0: no limit */
	bool active_active;
	const struct export_tunnel *tunnels;
	size_t tunnel_count; /* one or two: those that were asked for */
};

struct export_view {
	const char *gateway; /* this side's name */
	const struct export_connection *connections;
	size_t count;
};

/* Where an exporter writes, and says what a person should look at (one line, no secret in it). */
struct export_output {
	FILE *out;
	void (*note)(struct export_output *output, const char *format, ...)
	    __attribute__((format(printf, 2, 3)));
	char why[400]; /* of a view that can't be written in this format */
};

struct export_ops {
	const char *format;  /* "aws-cli" */
	const char *comment; /* what a line of comment begins with: "#" */
	/** False with `why` in `output` where it can't be done. Never looks at what is not in the view. */
	bool (*write)(const struct export_view *view, struct export_output *output);
};

#endif
