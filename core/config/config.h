// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The configuration: YAML in, a checked description of the gateway out. Everything is validated here, once,
 * with file, line and column in every error; the rooms get plain structs in which nothing can be missing or
 * out of range. Defaults are applied: a tunnel's struct holds what counts for that tunnel.
 */
#ifndef TWINSPAN_CONFIG_CONFIG_H
#define TWINSPAN_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "core/base/address.h"
#include "core/base/error.h"
#include "core/base/text.h"

enum config_role { CONFIG_ROLE_CUSTOMER, CONFIG_ROLE_HUB };
enum config_dataplane { CONFIG_DATAPLANE_AUTO, CONFIG_DATAPLANE_KERNEL, CONFIG_DATAPLANE_USERSPACE };
enum config_routing { CONFIG_ROUTING_DYNAMIC, CONFIG_ROUTING_STATIC };
enum config_mode { CONFIG_MODE_ACTIVE_PASSIVE, CONFIG_MODE_ACTIVE_ACTIVE };
enum config_start { CONFIG_START_INITIATE, CONFIG_START_RESPOND };
enum config_dpd_action { CONFIG_DPD_RESTART, CONFIG_DPD_CLEAR, CONFIG_DPD_NONE };
enum config_encap { CONFIG_ENCAP_AUTO, CONFIG_ENCAP_YES, CONFIG_ENCAP_NO };

struct config_prefixes {
	struct ip_prefix *items; /* network form, host bits cleared */
	size_t count;
};

/* A suite of proposals as strongSwan writes them ("aes256gcm16-prfsha384-ecp384"), at least one. */
struct config_ike {
	unsigned version; /* 2 (1 comes with a later release) */
	struct text_list proposals;
	uint32_t lifetime_s; /* 900-28800 */
};

struct config_esp {
	struct text_list proposals;
	uint32_t lifetime_s;    /* 900-3600 */
	uint32_t replay_window; /* packets, 64-2048 */
};

struct config_dpd {
	uint32_t interval_s, timeout_s; /* timeout: 2 s and more; a warning below AWS's 30 s */
	enum config_dpd_action action;
};

struct config_bgp {
	uint32_t keepalive_s,
	    hold_s; /* hold: 3-65535, or 0; keepalive: a third of it at most, by default just that */
	uint32_t max_prefixes; /* 0: no limit; a tunnel's default is AWS's: a hub 100, a customer 1000 */
};

struct config_bfd {
	bool enabled;                     /* `bfd:` was given, and not with `enabled: no` */
	uint32_t interval_ms, multiplier; /* 10-60000, 1-255 */
};

struct config_health {
	bool enabled;             /* `health:` was given, and not with `enabled: no` */
	char *probe;              /* "icmp", "tcp" or a plugin's name */
	struct ip_address target; /* none: the peer's inside address */
	uint16_t port;            /* of probes that have ports; 0: the probe's default */
	uint32_t interval_ms, fail, recover;
};

struct config_tunnel {
	char *name;               /* "<connection>/1" */
	uint32_t id;              /* unique from 1, in file order */
	unsigned number;          /* 1 or 2 */
	struct ip_address local;  /* outside address; none: any */
	struct ip_address remote; /* none: any (wait for a peer known by its identity) */
	/* IKE identities. Default: the addresses as text. local_id NULL: that of the address in use (behind
	 * NAT); remote_id NULL: not checked. */
	char *local_id, *remote_id;
	struct ip_prefix
	    inside[2]; /* this side's own address with length; IPv4 first; family AF_UNSPEC where unset */
	struct ip_address inside_remote[2];
	uint8_t *psk; /* secret bytes, wiped when freed */
	size_t psk_length;
	enum config_encap encap;
	uint32_t mtu;            /* inner MTU, 0: worked out */
	enum config_start start; /* always to respond where the remote address is any */
	struct config_ike ike;
	struct config_esp esp;
	struct config_dpd dpd;
	struct config_bgp bgp;
	struct config_bfd bfd;
	struct config_health health;
};

struct config_connection {
	char *name;
	enum config_routing routing;
	enum config_mode mode;
	uint32_t prefer;                /* 1 or 2: this tunnel carries whenever it can; 0: none */
	uint32_t hold_down_ms;          /* how long it must have been well to carry again after a loss */
	uint32_t peer_asn;              /* dynamic: never 0 */
	struct config_prefixes routes;  /* static routing: every prefix on the other side */
	struct config_prefixes protect; /* never sent in the clear */
	struct config_tunnel *tunnels;  /* one or two */
	size_t tunnel_count;
};

/* What `show usage` makes amounts with, in millionths of the currency's unit. */
struct config_billing {
	bool enabled;     /* `billing:` was given */
	char currency[4]; /* ISO 4217 */
	uint64_t connection_hour, gigabyte_out;
};

/* A BGP session that rides no tunnel. */
struct config_peer {
	char *name;
	struct ip_address remote, local; /* local may be none */
	uint32_t asn;
	struct config_bgp bgp;
	bool passive;
	uint16_t port; /* 179 */
};

struct config {
	char *file; /* as given */
	char *name;
	enum config_role role;
	uint32_t asn;
	struct ip_address router_id; /* IPv4; default: outside, or the first usable IPv4 address known */
	struct ip_address outside;   /* none: any */
	struct config_prefixes networks;
	enum config_dataplane dataplane;
	bool install_routes;
	bool allow_same_asn; /* a hub's connections may have the same peer_asn */
	struct config_billing billing;
	struct config_connection *connections;
	size_t connection_count;
	struct config_peer *peers;
	size_t peer_count;
};

/** One finding. Errors come first when printed; line and column from 1; 1:1 for the file as a whole. */
struct config_finding {
	bool warning;
	unsigned line, column;
	char text[400]; /* no control bytes */
};

/* Zero-initialise to make one. A bounded number is kept; the rest is counted. */
struct config_findings {
	struct config_finding *items;
	size_t count;                      /* of `items` */
	size_t errors;                     /* all errors, kept or not: 0 means that the file is good */
	size_t more_errors, more_warnings; /* of those, not kept */
};

/* Secrets that go into files of their own beside the configuration, when the text that names them does. */
struct config_secret {
	char *file; /* "psk/aws-paris-1": relative, below the configuration's folder */
	char *text;
	bool named; /* a psk_file of the text names it */
	bool made;  /* the file was made by config_secrets_write */
};

struct config_secrets {
	struct config_secret *items;
	size_t count;
};

/**
 * Reads "FILE SECRET" lines; empty ones are passed over. A FILE is one to four names of letters, digits, '.',
 * '_' and '-' with slashes between, none of which begins with a dot. False with `err`, which never has a
 * secret in it.
 */
bool config_secrets_parse(const char *lines, struct config_secrets *out, struct error *err);
/**
 * Could they be written? Each must be named by the text (config_parse_with), and where its file is there
 * already, it has to hold this very secret, be private, and no symlink may be on the way. Nothing is changed.
 */
bool config_secrets_check(const struct config_secrets *secrets, const char *configuration, struct error *err);
/**
 * Writes each that isn't there into a new file of mode 0600 below the folder of the configuration; folders
 * that are missing are made with mode 0700. All or none.
 */
bool config_secrets_write(struct config_secrets *secrets, const char *configuration, struct error *err);
/** Takes away the files that config_secrets_write made, and the folders where those leave them empty. */
void config_secrets_remove(struct config_secrets *secrets, const char *configuration);
void config_secrets_free(struct config_secrets *secrets);

/**
 * Reads and checks a file (at most 10 MB, UTF-8). Returns new, or NULL where there are errors; findings
 * (errors and warnings) are added to `findings` either way, every error of the file and not just the first.
 * Secrets named by psk_file are read here: relative paths start at the file's folder; a file that group or
 * others can read is an error.
 */
struct config *config_load(const char *file, struct config_findings *findings);
/** The same from memory; `file` is used in names and as the start of relative paths. */
struct config *config_parse(const char *file, const char *text, size_t length,
			    struct config_findings *findings);
/** The file's bytes, for config_parse; new, to be wiped (memory_wipe_free). NULL with a finding. */
char *config_read(const char *file, size_t *length, struct config_findings *findings);
/** As config_parse, where each psk_file that `secrets` has (they become `named`) is not there yet. NULL:
 * none. */
struct config *config_parse_with(const char *file, const char *text, size_t length,
				 struct config_secrets *secrets, struct config_findings *findings);
void config_free(struct config *config);
/** By name; NULL where there is none. */
struct config_connection *config_find_connection(const struct config *config, const char *name);
struct config_peer *config_find_peer(const struct config *config, const char *name);
/** Prints "FILE:LINE:COLUMN: text", errors first, "warning: " before a warning's text. */
void config_findings_print(const struct config_findings *findings, const char *file, FILE *out);
void config_findings_free(struct config_findings *findings);

/* --- what differs ------------------------------------------------------------------------------ */

enum config_part { CONFIG_PART_GATEWAY, CONFIG_PART_CONNECTION, CONFIG_PART_TUNNEL, CONFIG_PART_PEER };
enum config_change_kind { CONFIG_ADDED, CONFIG_REMOVED, CONFIG_CHANGED };

#define CONFIG_KEY_TEXT 48

/* One line of difference. A tunnel is only added or removed by itself where its connection stays. */
struct config_change {
	enum config_part part;
	enum config_change_kind kind;
	char *name;                /* of the gateway, connection, tunnel or peer */
	char key[CONFIG_KEY_TEXT]; /* what changed, "bfd.interval"; "psk"; "" for what was added or removed */
	char *text;                /* "bfd interval 50ms -> 100ms"; never a secret */
};

/* Zero-initialise to make one. */
struct config_diff {
	struct config_change *items;
	size_t count, room;
};

/** Adds what `after` has otherwise than `before`, field by field as the schema has them. */
void config_compare(const struct config *before, const struct config *after, struct config_diff *diff);
void config_diff_free(struct config_diff *diff);

/* --- the text without its secrets -------------------------------------------------------------- */

/**
 * A copy in which every inline secret is "********", in comments too. Returns new, with a NUL behind it; NULL
 * with findings for a text that is no YAML.
 */
char *config_mask(const char *text, size_t length, size_t *out_length, struct config_findings *findings);
/**
 * Puts back into `given` the secrets that it has masked, from the present text: those of the same tunnel of
 * the same connection. Returns new, to be wiped; NULL with findings (placed in `given`) where there is none
 * for one.
 */
char *config_unmask(const char *given, size_t length, const char *present, size_t present_length,
		    size_t *out_length, struct config_findings *findings);

/**
 * `text` with the items of `block` (a list in YAML's block form, or the value of one) at the end of its
 * `connections`, indented as those are; every other byte stays. Without such a key it comes to the end of the
 * file. Returns new, to be wiped; NULL with a finding where that can't be done.
 */
char *config_append(const char *text, size_t length, const char *block, size_t *out_length,
		    struct config_findings *findings);

/** Would a configuration with the default data plane be accepted with this proposal? */
bool config_accepts_proposal(bool esp, const char *proposal);

/** "customer", "hub", ... as in the file. */
const char *config_role_name(enum config_role role);
const char *config_routing_name(enum config_routing routing);
const char *config_mode_name(enum config_mode mode);

#endif
