// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The importer of AWS's files from within.
 *
 *   import_aws.c   the plugin's door; which of the three kinds a file is
 *   xml.c          what AWS lets one download as XML (`CustomerGatewayConfiguration`), with expat
 *   json.c         what `aws ec2 describe-vpn-connections` prints, with jansson; that XML is a string in it
 *   text.c         the generic text file
 *   model.c        what all three fill: connections and their tunnels, field by field, each value checked
 *   finish.c       what follows when all is read: names, AS numbers, inside addresses
 *   algorithms.c   AWS's names of algorithms and what becomes of them: proposals of ours
 *   write.c        the model as YAML, with its comments, secrets and findings
 *   settings.c     of that, the settings of a tunnel
 *
 * A value that is there but makes no sense ends the reading with its line; what is absent is said by a
 * comment and a finding. Everything is bounded, and a DTD ends the reading before anything of it is looked
 * at: there are no entities to blow up. Units and structure: AWS Site-to-Site VPN User Guide, "Configuration
 * files" and "Tunnel options"; EC2 API reference, DescribeVpnConnections.
 */
#ifndef TWINSPAN_IMPORT_AWS_H
#define TWINSPAN_IMPORT_AWS_H

#include <stdint.h>
#include <stdio.h>

#include "core/base/text.h"
#include "core/import.h"

#define AWS_TUNNELS 2
#define AWS_CONNECTIONS_MOST 1000
#define AWS_PREFIXES_MOST 1000 /* of one connection */
#define AWS_VALUE_MOST 2048    /* bytes of one value */
#define AWS_FINDINGS_MOST 200
#define AWS_INSIDE_V4 30 /* lengths of inside networks */
#define AWS_INSIDE_V6 126

/* --- the model ---------------------------------------------------------------------------------------- */

/* What a phase may use: bits by the tables of algorithms.c. No bit: the file doesn't say. */
struct aws_phase {
	uint32_t encryption, integrity, groups;
	uint32_t lifetime_s; /* 0: not said */
};

struct aws_tunnel {
	unsigned line;
	struct ip_address remote, outside;    /* AWS's outside address and ours */
	struct ip_address inside, inside_aws; /* ours and AWS's */
	uint32_t inside_length;               /* 0: not said */
	struct ip_address inside_v6;          /* ours, of a second network with AWS_INSIDE_V6 */
	uint32_t asn, peer_asn;               /* ours and AWS's; 0: not said */
	uint32_t hold_s;
	bool has_hold;
	char *psk;
	struct aws_phase ike, esp;
	uint32_t dpd_interval_s, dpd_retries, dpd_timeout_s, replay_window; /* 0: not said */
	uint32_t rekey_margin_s, rekey_fuzz;                                /* margin 0: not said */
	bool has_fuzz;
	bool ikev1, ikev2; /* the versions that the file names */
	bool options;      /* the tunnel's real options are known (JSON), not just a sample's */
	bool starts;       /* AWS initiates as well */
	bool certificate;
};

struct aws_prefixes {
	struct ip_prefix *items;
	size_t count;
};

struct aws_connection {
	unsigned line;
	char *id, *tag, *name; /* name: made of the other two when all is read */
	char *customer_gateway, *gateway;
	bool is_static;
	bool routing_known;                      /* the file says which; else the absence of BGP does */
	struct aws_prefixes networks;            /* of our side */
	struct aws_prefixes routes;              /* of AWS's side */
	struct aws_prefixes local_ts, remote_ts; /* selectors, ours and AWS's; none: everything */
	struct aws_tunnel tunnels[AWS_TUNNELS];
	size_t tunnel_count;
};

struct aws_findings {
	struct import_finding *items;
	size_t count;
};

struct import_file {
	struct aws_connection *connections;
	size_t count;
	struct aws_findings findings;
};

/* --- reading ------------------------------------------------------------------------------------------ */

/* What the readers carry about: the file that grows, and the error that ends it. */
struct aws_reading {
	struct import_file *file;
	struct import_finding *why;
	const char
	    *within; /* before the text of an error: where in a JSON file the XML stands; NULL: nowhere */
	bool failed;
};

/* The values that XML and text have alike. */
enum aws_field {
	AWS_ID,
	AWS_CUSTOMER_GATEWAY,
	AWS_GATEWAY,
	AWS_ATTRIBUTES,
	AWS_OUTSIDE,
	AWS_REMOTE,
	AWS_INSIDE,
	AWS_INSIDE_LENGTH,
	AWS_INSIDE_AWS,
	AWS_ASN,
	AWS_PEER_ASN,
	AWS_HOLD,
	AWS_PSK,
	AWS_IKE_VERSION,
	AWS_IKE_ENCRYPTION,
	AWS_IKE_INTEGRITY,
	AWS_IKE_GROUP,
	AWS_IKE_LIFETIME,
	AWS_ESP_ENCRYPTION,
	AWS_ESP_INTEGRITY,
	AWS_ESP_GROUP,
	AWS_ESP_LIFETIME,
	AWS_DPD_INTERVAL,
	AWS_DPD_RETRIES,
	AWS_DPD_TIMEOUT,
	AWS_REPLAY_WINDOW,
	AWS_REKEY_MARGIN,
	AWS_REKEY_FUZZ,
	AWS_INSIDE_CIDR,    /* the /30, by its network or one of its hosts */
	AWS_INSIDE_CIDR_V6, /* the /126, likewise */
	AWS_TAG,
	AWS_NETWORK,
	AWS_LOCAL_TS,  /* also a network of ours */
	AWS_REMOTE_TS, /* also a route */
	AWS_FIELDS
};

/** Ends the reading with an error; only the first counts. Returns false. */
bool aws_fail(struct aws_reading *reading, unsigned line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/** Adds a finding that is no error, with its line; 0: none. */
void aws_note(struct aws_findings *findings, unsigned line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/** NULL, with an error, for one too many. */
struct aws_connection *aws_add_connection(struct aws_reading *reading, unsigned line);
/** The same for a tunnel of a connection. */
struct aws_tunnel *aws_add_tunnel(struct aws_reading *reading, struct aws_connection *connection,
				  unsigned line);
/**
 * Sets a value from its text, which is trimmed; nothing in it is as if it were not there. `tunnel` may be
 * NULL for those of a connection. False, with an error, for what makes no sense.
 */
bool aws_set(struct aws_reading *reading, struct aws_connection *connection, struct aws_tunnel *tunnel,
	     enum aws_field field, const char *text, unsigned line);
/** All is read: names, what follows from what, what can't be used. False where nothing is left. */
bool aws_finish(struct aws_reading *reading);
/** Wipes its secrets and frees what it owns. */
void aws_connection_clear(struct aws_connection *connection);
/** Can it be the name of a connection (core/config has the same rule)? */
bool aws_is_name(const char *text);

/** Each adds the connections that it finds. False with an error. */
bool aws_read_xml(struct aws_reading *reading, const char *bytes, size_t length);
bool aws_read_json(struct aws_reading *reading, const char *bytes, size_t length);
bool aws_read_text(struct aws_reading *reading, const char *bytes, size_t length);

/* --- algorithms --------------------------------------------------------------------------------------- */

enum aws_kind { AWS_ENCRYPTION, AWS_INTEGRITY, AWS_GROUP };

/** The bit of an algorithm by any of AWS's names ("AES256-GCM-16", "hmac-sha1-96", "Group 14"); 0: unknown.
 */
uint32_t aws_algorithm(enum aws_kind kind, const char *text);
/** Is it what the samples show whatever the options are: AES128, SHA1, DH group 2? */
bool aws_is_minimum(const struct aws_phase *phase);
/** The phase without GCM, which IKE version 1 has not (RFC 5282 8). */
struct aws_phase aws_phase_of_version_1(const struct aws_phase *phase);
/** "AES128, AES256 with SHA2-256". Returns `out`. */
const char *aws_phase_text(const struct aws_phase *phase, char *out, size_t size);
/**
 * Proposals for a phase, those that `accepts` takes; none where the phase says nothing. `*nearest`: none of
 * it was accepted, and what `out` has is something near it.
 */
void aws_proposals(const struct aws_phase *phase, bool esp, bool (*accepts)(bool esp, const char *proposal),
		   struct text_list *out, bool *nearest);

/* --- writing ------------------------------------------------------------------------------------------ */

struct aws_writing {
	const struct import_options *options;
	struct import_result *result;
	struct aws_findings findings;
	FILE *out;
	struct ip_address outside; /* of the gateway */
};

#define AWS_SETTINGS 6
/** One of a tunnel's settings, below AWS_SETTINGS, as lines without indentation; "" for none. Returns new. */
char *aws_setting(struct aws_writing *writing, size_t which, const struct aws_tunnel *tunnel);

/** Writes the configuration into `result`, which aws_result_free() frees. False with `why`. */
bool aws_write(const struct import_file *file, const struct import_options *options,
	       struct import_result *result, struct import_finding *why);
void aws_result_free(struct import_result *result);

extern const struct import_ops aws_import_ops;

#endif
