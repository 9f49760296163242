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
#include "core/base/buffer.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/policy/policy.h"

enum config_role { CONFIG_ROLE_CUSTOMER, CONFIG_ROLE_HUB };
enum config_dataplane { CONFIG_DATAPLANE_AUTO, CONFIG_DATAPLANE_KERNEL, CONFIG_DATAPLANE_USERSPACE };
enum config_routing { CONFIG_ROUTING_DYNAMIC, CONFIG_ROUTING_STATIC };
enum config_mode { CONFIG_MODE_ACTIVE_PASSIVE, CONFIG_MODE_ACTIVE_ACTIVE };
enum config_start { CONFIG_START_INITIATE, CONFIG_START_RESPOND };
enum config_dpd_action { CONFIG_DPD_RESTART, CONFIG_DPD_CLEAR, CONFIG_DPD_NONE };
enum config_offload { CONFIG_OFFLOAD_NO, CONFIG_OFFLOAD_YES, CONFIG_OFFLOAD_AUTO };
enum config_limit_action { CONFIG_LIMIT_RESTART, CONFIG_LIMIT_STOP, CONFIG_LIMIT_WARN };
enum config_bgp_role {
	CONFIG_BGP_NONE,
	CONFIG_BGP_PROVIDER,
	CONFIG_BGP_RS,
	CONFIG_BGP_RS_CLIENT,
	CONFIG_BGP_CUSTOMER,
	CONFIG_BGP_PEER
};
enum config_graceful { CONFIG_GRACEFUL_HELPER, CONFIG_GRACEFUL_NO, CONFIG_GRACEFUL_YES };
enum config_encap { CONFIG_ENCAP_AUTO, CONFIG_ENCAP_YES, CONFIG_ENCAP_NO };
enum config_fragmentation { CONFIG_FRAGMENTATION_YES, CONFIG_FRAGMENTATION_FORCE, CONFIG_FRAGMENTATION_NO };
/* What a second IKE SA of the same pair of identities does to the first one. */
enum config_unique {
	CONFIG_UNIQUE_CONTACT, /* replaces it where it says INITIAL_CONTACT (RFC 7296 2.4) */
	CONFIG_UNIQUE_REPLACE, /* replaces it */
	CONFIG_UNIQUE_KEEP,    /* is refused */
	CONFIG_UNIQUE_NEVER    /* stands beside it, INITIAL_CONTACT or not */
};

/* Bits. */
enum config_family { CONFIG_FAMILY_IPV4 = 1, CONFIG_FAMILY_IPV6 = 2 };

struct config_prefixes {
	struct ip_prefix *items; /* network form, host bits cleared */
	size_t count;
};

/* A suite of proposals as strongSwan writes them ("aes256gcm16-prfsha384-ecp384"), at least one. */
struct config_ike {
	unsigned version; /* 1 (main mode) or 2; 0: either, and 2 to begin with */
	struct text_list proposals;
	uint32_t lifetime_s; /* 900-28800 */
	enum config_fragmentation fragmentation;
	enum config_unique unique;
};

struct config_esp {
	struct text_list proposals;
	uint32_t lifetime_s;         /* 900-3600 */
	uint64_t lifetime_bytes;     /* inner ones, 0: as many as come; a rekey begins at nine tenths */
	uint32_t lifetime_packets;   /* likewise */
	uint32_t replay_window;      /* packets, 32-65536; 0: no check */
	enum config_offload offload; /* of the kernel's SAs, to the network card */
};

/* When SAs are rekeyed: `margin` before their lifetime ends, and at random up to `fuzz` percent of it
 * earlier, so that two ends, or a thousand tunnels, don't begin at once. */
struct config_rekey {
	uint32_t margin_s, fuzz; /* 60 s to half of esp's lifetime; 0-100 */
};

/* What the child SA is negotiated for. Empty: everything, which is what a route-based tunnel wants. */
struct config_selectors {
	struct config_prefixes local, remote;
};

/* A tunnel's certificate as the file names it, each NULL where it doesn't: either file and key, or pkcs12. */
struct config_certificate {
	char *file, *key;    /* PEM or DER; `file` may have intermediate CAs behind the certificate */
	char *pkcs12;        /* certificate, key and intermediate CAs in one */
	char *password_file; /* of the key or the PKCS #12 */
	char *ca;            /* whom the peer's certificate must come from */
	char *crl;
};

#define CONFIG_DIGEST 32

/* What those files hold, as DER (X.509, PKCS #8). Shared by all tunnels that name the same files. */
struct config_credentials {
	unsigned references;
	char *subject;                  /* "C=FR, O=Example, CN=lyon" */
	char *issuer;                   /* the subject of who signed it, in the same way */
	usec_t not_after;               /* when it ends, wall clock */
	const char *algorithm;          /* of the key: "RSA", "ECDSA", "Ed25519", "Ed448" */
	struct octets certificate, key; /* the key is wiped when freed */
	struct octets *chain, *authorities, *crls;
	size_t chain_count, authority_count, crl_count;
	uint8_t digest[CONFIG_DIGEST];     /* SHA-256 of all but the CRLs */
	uint8_t crl_digest[CONFIG_DIGEST]; /* of those */
};

struct config_dpd {
	uint32_t interval_s, timeout_s; /* timeout: 2 s and more; a warning below AWS's 30 s */
	enum config_dpd_action action;
};

/* Prefixes of each family at most; 0: no limit. */
struct config_limits {
	uint32_t in;                     /* a tunnel's default is AWS's: a hub 100, a customer 1000 */
	uint32_t out;                    /* more are kept back */
	uint32_t warn;                   /* percent of either from which on there is a warning, 1-100 */
	enum config_limit_action action; /* of `in` */
	uint32_t restart_after_s;        /* 0: soon, then less and less often */
};

/* Whether BLACKHOLE (RFC 7999) is honoured, and the shortest prefixes that it may be about. */
struct config_blackhole {
	bool accept;
	uint32_t ipv4, ipv6;
};

#define CONFIG_ADD_PATH_ALL 64

/* Several paths of a prefix (RFC 7911). */
struct config_add_path {
	bool receive;
	uint32_t send; /* so many of the best; 0: one, without an identifier; CONFIG_ADD_PATH_ALL */
};

struct config_bgp {
	uint32_t keepalive_s,
	    hold_s; /* hold: 3-65535, or 0; keepalive: a third of it at most, by default just that */
	uint32_t send_hold_s;        /* RFC 9687, longer than hold; 0: eight minutes, or twice hold */
	struct config_limits limits; /* max_prefixes */
	uint32_t multihop;           /* hops; 0: the peer is on a link of ours */
	uint32_t ttl_security;       /* RFC 5082: hops at most; 0: off; not with multihop */
	uint32_t tcp_mss;            /* octets; 0: the system's choice */
	enum config_bgp_role role;   /* RFC 9234: what this side is */
	bool role_strict;
	enum config_graceful graceful_restart; /* yes: of a tunnel the same as helper */
	uint32_t restart_time_s, stale_time_s; /* 1-4095; 1-3600 */
	struct config_add_path add_path;
	int families; /* to exchange, of enum config_family: those of a tunnel's inside addresses, or that
			 of a peer's, where the file does not say */
	/* RFC 2385, at most 80 bytes, wiped when freed; NULL where there is none, and after
	 * config_parse_public(). */
	uint8_t *password;
	size_t password_length;
	bool has_password;   /* there is one, whether it is known here or not */
	uint32_t allowas_in; /* so many times the own AS number may stand in a path that comes: 0-10 */
	uint32_t local_as;   /* of this session; 0: the gateway's */
	bool as_override, remove_private_as, default_originate;
	bool next_hop_self, route_reflector_client; /* within an AS */
	struct policy *import, *export;             /* rules; NULL: none. References are held */
	struct policy_conditions *advertise;        /* NULL: none; likewise */
	struct config_blackhole blackhole;
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
	 * NAT), or the certificate's subject; remote_id NULL: not checked, or anybody whom the CA vouches
	 * for. */
	char *local_id, *remote_id;
	struct ip_prefix
	    inside[2]; /* this side's own address with length; IPv4 first; family AF_UNSPEC where unset */
	struct ip_address inside_remote[2];
	/* The peer is authenticated by a secret or by certificates: one of the two is set (neither after
	 * config_parse_public()). */
	uint8_t *psk; /* secret bytes, wiped when freed; NULL after config_parse_public() */
	size_t psk_length;
	uint8_t *psk_next; /* that of "FILE.next": it is to take the other's place; NULL: there is none */
	size_t psk_next_length;
	char *psk_file; /* as in the file (config_psk_path); NULL where the secret stands in the configuration
			   itself */
	struct config_certificate certificate;
	struct config_credentials *credentials;
	enum config_encap encap;
	uint32_t mtu;            /* inner MTU, 0: worked out */
	char *interface;         /* what its network interface is called; NULL: "ts" and the id */
	uint32_t interface_id;   /* of the kernel's XFRM interface; 0: config_interface_id() chooses */
	enum config_start start; /* always to respond where the remote address is any */
	struct config_ike ike;
	struct config_esp esp;
	struct config_rekey rekey;
	struct config_selectors selectors;
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

/* Who may be on the other side: one address, or all of a range (family AF_UNSPEC: any at all). */
struct config_neighbours {
	struct ip_address address; /* unset: a range */
	struct ip_prefix range;
};

/* The first one is the peer's, where there is just one. */
struct config_asns {
	uint32_t *items;
	size_t count;
};

/* A BGP session that rides no tunnel, or all that come from a range. */
struct config_peer {
	char *name;
	struct config_neighbours remote;
	struct ip_address local;    /* may be none */
	struct ip_address next_hop; /* this side's address of the other family; may be none */
	struct config_asns asns;
	uint32_t limit; /* so many at once of a range; 0: any number */
	struct config_bgp bgp;
	bool passive;
	uint16_t port; /* 179 */
};

/* What BGP sessions hear, as files (RFC 6396). */
struct config_mrt {
	char *updates;     /* path; NULL: none */
	uint32_t rotate_s; /* 0: never */
	uint32_t keep;     /* older files */
};

/* As bits. */
enum config_bmp_view {
	CONFIG_BMP_PRE_POLICY = 1,
	CONFIG_BMP_POST_POLICY = 2,
	CONFIG_BMP_OUT_PRE_POLICY = 4,
	CONFIG_BMP_OUT_POST_POLICY = 8,
	CONFIG_BMP_LOC_RIB = 16,
};

/* And to programs (RFC 7854). */
struct config_bmp {
	struct config_prefixes collectors; /* hosts */
	uint16_t port;
	struct ip_address source; /* none: the system's choice; of its family only */
	int views;                /* of enum config_bmp_view */
	uint32_t statistics_s;    /* 0: none */
};

/* A prefix that is told for all that lie within it. */
struct config_aggregate {
	struct ip_prefix prefix;
	bool summary_only, as_set;
};

struct config_aggregates {
	struct config_aggregate *items;
	size_t count;
};

struct config {
	char *file; /* as given */
	char *name;
	enum config_role role;
	uint32_t asn;
	struct ip_address router_id;  /* IPv4; default: outside, or the first usable address known; 10.x.y.z
					 made of one of IPv6 */
	bool router_id_chosen;        /* by that default */
	struct ip_address cluster_id; /* of route reflection, IPv4; none: the router id */
	struct ip_address outside;    /* none: any */
	struct config_prefixes networks;
	struct config_aggregates aggregates;
	enum config_dataplane dataplane;
	uint32_t workers; /* threads of the userspace plane in each direction, up to 16; 0: it chooses */
	bool install_routes;
	bool allow_same_asn; /* a hub's connections may have the same peer_asn */
	struct config_billing billing;
	struct config_mrt mrt;
	struct config_bmp bmp;
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
/**
 * As config_parse, but no secret is read: not from the files of psk_file, which need not be there, and not
 * from `psk`, which may be masked (config_mask). For what shows a configuration; no gateway can run on it.
 */
struct config *config_parse_public(const char *file, const char *text, size_t length,
				   struct config_findings *findings);
/** The file's bytes, for config_parse; new, to be wiped (memory_wipe_free). NULL with a finding. */
char *config_read(const char *file, size_t *length, struct config_findings *findings);
/** As config_parse, where each psk_file that `secrets` has (they become `named`) is not there yet. NULL:
 * none. */
struct config *config_parse_with(const char *file, const char *text, size_t length,
				 struct config_secrets *secrets, struct config_findings *findings);
void config_free(struct config *config);
/** One tunnel less uses them; with the last one they are wiped. NULL is fine. */
void config_credentials_release(struct config_credentials *credentials);
/** By name; NULL where there is none. */
struct config_connection *config_find_connection(const struct config *config, const char *name);
struct config_peer *config_find_peer(const struct config *config, const char *name);
/** Prints "FILE:LINE:COLUMN: text", errors first, "warning: " before a warning's text. */
void config_findings_print(const struct config_findings *findings, const char *file, FILE *out);
void config_findings_free(struct config_findings *findings);

/** Where a tunnel's secret is: new, or NULL for one that stands in the configuration itself. */
char *config_psk_path(const struct config *config, const struct config_tunnel *tunnel);

/* --- the next secret of a tunnel (rotation.c) -------------------------------------------------- */

/** Where the next secret of the one in the file `path` stands. Returns new. */
char *config_next_path(const char *path);
/** Writes the next secret of the one in `path`: a file of mode 0600, whole or not at all. */
bool config_next_write(const char *path, const uint8_t *secret, size_t length, struct error *err);
/** The next secret's file takes the place of the present one's. */
bool config_next_take(const char *path, struct error *err);
/** Forgets the next secret; fine where there is none. */
bool config_next_remove(const char *path, struct error *err);
/** The same in a configuration that was read: a length of 0 forgets. `secret` is copied. */
void config_tunnel_set_next(struct config_tunnel *tunnel, const uint8_t *secret, size_t length);
void config_tunnel_take_next(struct config_tunnel *tunnel);

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

/**
 * The tunnel's `mtu`; where it gives none, the largest inner packet in bytes that fits 1500 bytes outside
 * with whichever of its ESP proposals is agreed on, in UDP unless `encap: no` rules that out (RFC 4303 2, RFC
 * 3948 2.1; AWS's table of MTUs says the same).
 */
uint32_t config_inner_mtu(const struct config_tunnel *tunnel);
/** The largest inner packet in bytes that fits `outer` bytes outside, 576 or more, with whichever of the
 * tunnel's proposals is agreed on, whatever its `mtu`. */
uint32_t config_inner_mtu_within(const struct config_tunnel *tunnel, uint32_t outer);
#define CONFIG_OUTER_MTU 1500 /* what a path is taken to have */

/* Tunnels without an `interface_id` get this and their id; nobody may ask for one of these. */
#define CONFIG_INTERFACE_IDS 4096
#define CONFIG_INTERFACE_IDS_END (CONFIG_INTERFACE_IDS + 65535)
/** The if_id of the tunnel's XFRM interface, its SAs and policies. */
uint32_t config_interface_id(const struct config_tunnel *tunnel);

/** "customer", "hub", ... as in the file. */
const char *config_role_name(enum config_role role);
const char *config_routing_name(enum config_routing routing);
const char *config_mode_name(enum config_mode mode);

#endif
