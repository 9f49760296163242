// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Inside the configuration's room: findings, the tree that YAML becomes, the schema table and what reads by
 * it.
 *
 *   findings.c   errors and warnings with their place
 *   node.c       bytes -> libyaml's events -> tree of nodes, each with line and column
 *   schema.c     the one table: every key, its type, range, default and the struct member it fills
 *   read.c       a map of the tree, checked against the table, into a struct
 *   values.c     one function for each type of value
 *   proposals.c  the words of IKE and ESP proposals
 *   rules.c      rules of routing policy, and the sets that they name
 *   origin.c     aggregates, and what is told only while other routes are there
 *   identities.c what an IKE identity may look like
 *   secrets.c    which way a tunnel authenticates; pre-shared keys; files that nobody else may read
 *   passwords.c  a session's TCP MD5 password
 *   certificates.c       a tunnel's certificate with its key, CA and CRL: loaded once for all that name it
 *   certificate_files.c  PEM, DER and PKCS #12 by OpenSSL
 *   certificate_check.c  what would not work with them, or not for long
 *   check_identity.c     identities, and what proves them
 *   check_selectors.c    what a tunnel is negotiated for
 *   check.c      rules that concern more than one key of a tunnel, a connection, a peer
 *   unique.c     rules that concern the file as a whole: names, addresses and prefixes that must not meet
 *   diff.c       what differs between two configurations
 *   mask.c       the text without its secrets, and back
 *   config.c     the doors: load, parse, free
 */
#ifndef TWINSPAN_CONFIG_INTERNAL_H
#define TWINSPAN_CONFIG_INTERNAL_H

#include "core/config/config.h"

/* --- findings --------------------------------------------------------------------------------- */

struct position {
	unsigned line, column; /* from 1 */
};

#define CONFIG_FINDINGS_KEPT 1000 /* of errors, and as many warnings; the rest is counted */

void finding_error(struct config_findings *findings, struct position at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void finding_warning(struct config_findings *findings, struct position at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/** Enough errors are kept: texts that cost something to make need not be made. */
bool findings_full(const struct config_findings *findings);
/** Errors before warnings, each in the order of the file; what was said twice of one place is said once. */
void findings_sort(struct config_findings *findings);

/* --- the tree --------------------------------------------------------------------------------- */

enum node_kind { NODE_SCALAR, NODE_LIST, NODE_MAP };

struct node_entry {
	const struct node *key, *value;
};

struct node {
	enum node_kind kind;
	bool quoted; /* a scalar in quotes or a block: text even where it looks like a number */
	bool closed; /* all of it was read: only then may an alias name it */
	struct position at;
	size_t from, to; /* scalars: where it stands in the text, in characters */
	char *text;      /* scalars: no control bytes in it */
	size_t length;
	const struct node **items;  /* lists */
	struct node_entry *entries; /* maps: sorted by key, each key once */
	size_t count, room;
	uint64_t weight; /* nodes in it with every alias expanded */
};

struct tree {
	struct node **nodes; /* all of them: aliases share */
	size_t count, room;
	const struct node *root; /* NULL: an empty file */
};

/** Parses one document. False when it could not be read to its end (the findings say why); `tree` is to be
 * freed. */
bool tree_parse(struct tree *tree, const char *text, size_t length, struct config_findings *findings);
/** Wipes and frees: there may be secrets in it. */
void tree_free(struct tree *tree);
/** "a list", "a map", "text", for messages. */
const char *node_kind_name(const struct node *node);
/** True for a plain empty value, "~" or "null". */
bool node_is_null(const struct node *node);

struct buffer;
/** The buffer's bytes as a text of its own, to be wiped; the buffer is wiped. */
char *text_of_buffer(struct buffer *buffer, size_t *length);

/* --- the schema ------------------------------------------------------------------------------- */

enum section {
	SECTION_FILE,
	SECTION_GATEWAY,
	SECTION_BILLING,
	SECTION_MRT,
	SECTION_BMP,
	SECTION_SETTINGS, /* what defaults, a connection and a tunnel may say */
	SECTION_CONNECTION,
	SECTION_TUNNEL,
	SECTION_PEER,
	SECTION_IKE,
	SECTION_ESP,
	SECTION_REKEY,
	SECTION_SELECTORS,
	SECTION_CERTIFICATE,
	SECTION_DPD,
	SECTION_BGP,
	SECTION_RULE, /* of bgp's import and export */
	SECTION_MATCH,
	SECTION_SET,
	SECTION_SETS, /* what rules name */
	SECTION_AGGREGATE,
	SECTION_ADVERTISE, /* an entry of bgp's advertise */
	SECTION_BLACKHOLE,
	SECTION_LIMITS,
	SECTION_ADD_PATH,
	SECTION_BFD,
	SECTION_HEALTH,
	SECTION_COUNT
};
#define IN(section) (1u << (section))

struct field;
struct reading;

/** Reads a value into `target`; says what is wrong in the findings and leaves `target` usable then. */
typedef void (*field_reader)(struct reading *reading, const struct field *field, const struct node *value,
			     void *target);

struct word {
	const char *text;
	int value;
};

struct field {
	enum section section;
	const char *key;
	/* NULL: a section, or what config.c reads (the skeleton of the file, secrets). With `sub`: a scalar
	 * is read by this, and stands for the section's first key. */
	field_reader read;
	size_t offset, size;      /* of the member in the section's struct */
	const char *fallback;     /* the default, as it would stand in the file; lists with spaces between */
	uint64_t least, most;     /* numbers; durations in milliseconds */
	const struct word *words; /* what a word may be; ends with a NULL text. Of numbers: words for some */
	enum section sub;         /* the value is a map with the keys of this section; 0: it is not */
	bool required, zero;      /* zero: 0 is allowed though below `least` */
	bool any;                 /* addresses: the word `any` */
};

#define FIELDS_MOST 256
extern const struct field config_fields[];
extern const size_t config_field_count;

/** "gateway", "a connection", ...: where a section's keys stand. */
const char *section_name(enum section section);
/** Index in the table, by section and key; -1 for an unknown one. */
int field_index(enum section section, const char *key);

/* --- reading ---------------------------------------------------------------------------------- */

/** What stood in the file for each row of the table, so that later rules can point at it. */
struct given {
	const struct node_entry *entry[FIELDS_MOST];
};

struct unique;

struct reading {
	struct config *config;
	struct config_findings *findings;
	struct unique *unique;
	struct config_secrets *secrets; /* whose files are not there yet; NULL: none */
	bool no_secrets;                /* no secret is read */
	struct loaded *certificates;    /* what certificates.c has loaded so far */
	struct policy_set **sets;       /* of `sets`, in order of the file */
	size_t set_count;
};

struct scope {
	unsigned sections;           /* IN(...) of the sections whose keys may stand here */
	void *object[SECTION_COUNT]; /* what they fill */
	struct given *given;
};

/** Reads a map. `what` names it in messages ("connection 'aws-paris'" or "a tunnel"). Missing keys are
 * errors. */
void read_map(struct reading *reading, const struct node *map, const struct scope *scope, const char *what);
/** Fills in the defaults of a section's rows, and of the sections below it. */
void read_fallbacks(struct reading *reading, enum section section, void *object);
/** The value of a key, or NULL. `map` may be NULL or no map. */
const struct node_entry *map_find(const struct node *map, const char *key);
/** Where a key's value stands; `otherwise` where the file doesn't have it. */
struct position given_at(const struct given *given, enum section section, const char *key,
			 struct position otherwise);
const struct node_entry *given_entry(const struct given *given, enum section section, const char *key);

/* The types of values (values.c). */
void read_text(struct reading *, const struct field *, const struct node *, void *);
void read_name(struct reading *, const struct field *, const struct node *, void *);
void read_word_name(struct reading *, const struct field *, const struct node *, void *);
void read_number(struct reading *, const struct field *, const struct node *, void *);
void read_asn(struct reading *, const struct field *, const struct node *, void *);
void read_version(struct reading *, const struct field *, const struct node *, void *);
void read_size(struct reading *, const struct field *, const struct node *, void *);
void read_amount(struct reading *, const struct field *, const struct node *, void *);
void read_currency(struct reading *, const struct field *, const struct node *, void *);
void read_bool(struct reading *, const struct field *, const struct node *, void *);
void read_milliseconds(struct reading *, const struct field *, const struct node *, void *);
void read_seconds(struct reading *, const struct field *, const struct node *, void *);
void read_word(struct reading *, const struct field *, const struct node *, void *);
void read_words(struct reading *, const struct field *, const struct node *, void *);
void read_address(struct reading *, const struct field *, const struct node *, void *);
void read_identity(struct reading *, const struct field *, const struct node *, void *);
void read_router_id(struct reading *, const struct field *, const struct node *, void *);
void read_prefix(struct reading *, const struct field *, const struct node *, void *);
void read_prefixes(struct reading *, const struct field *, const struct node *, void *);
void read_addresses(struct reading *, const struct field *, const struct node *, void *);
void read_asns(struct reading *, const struct field *, const struct node *, void *);
void read_neighbours(struct reading *, const struct field *, const struct node *, void *);
void read_interface(struct reading *, const struct field *, const struct node *, void *);
void read_inside(struct reading *, const struct field *, const struct node *, void *);
void read_ike_proposals(struct reading *, const struct field *, const struct node *, void *);
void read_esp_proposals(struct reading *, const struct field *, const struct node *, void *);
/* Rules and what they are made of (rules.c). */
void read_policy(struct reading *, const struct field *, const struct node *, void *);
void read_prefix_set(struct reading *, const struct field *, const struct node *, void *);
void read_as_path_set(struct reading *, const struct field *, const struct node *, void *);
void read_community_set(struct reading *, const struct field *, const struct node *, void *);
void read_prefix_sets(struct reading *, const struct field *, const struct node *, void *);
void read_as_path_sets(struct reading *, const struct field *, const struct node *, void *);
void read_community_sets(struct reading *, const struct field *, const struct node *, void *);
void read_set_name(struct reading *, const struct field *, const struct node *, void *);
void read_given_number(struct reading *, const struct field *, const struct node *, void *);
void read_communities(struct reading *, const struct field *, const struct node *, void *);
void read_prepend(struct reading *, const struct field *, const struct node *, void *);
/* What is originated, and when (origin.c). */
void read_aggregates(struct reading *, const struct field *, const struct node *, void *);
void read_advertise(struct reading *, const struct field *, const struct node *, void *);
bool aggregates_equal(const struct config_aggregates *a, const struct config_aggregates *b);
void show_aggregates(const struct config_aggregates *before, const struct config_aggregates *after, char *out,
		     size_t size);
/** What an entry of `advertise` is made of. */
struct config_advertise {
	struct policy_match match, present, absent;
};
/** Frees the named sets; rules hold those that they use. */
void sets_free(struct reading *reading);
/** "100 GB", in the largest unit that it is a whole number of. */
const char *size_text(uint64_t bytes, char *out, size_t size);
/** False, with a finding, for a value that is no scalar or has nothing in it. */
bool value_is_text(struct reading *reading, const struct field *field, const struct node *value);
/** A list, or nothing at all. `example`: of an item, for the error. */
bool value_is_list(struct reading *reading, const struct field *field, const struct node *value,
		   const char *example);

/* --- proposals, secrets ----------------------------------------------------------------------- */

/** Checks one proposal; findings at `at`. False: an error was found. */
bool proposal_check(struct reading *reading, bool esp, const char *text, struct position at);

/** A secret that comes with the text (config_parse_with), by its file's name: borrowed, and `named` from now
 * on. */
bool named_secret(struct reading *reading, const char *name, const uint8_t **bytes, size_t *length);
/** Without the line ends behind it. */
size_t without_line_end(const uint8_t *bytes, size_t length);
/** A file that a key of the configuration names, relative to its folder. `private`: one that group or others
 * can read is an error. NULL with a finding at `at`; else new, to be wiped (memory_wipe_free). */
uint8_t *named_file_read(struct reading *reading, const char *key, const char *name, bool private,
			 size_t most, size_t *length, struct position at);
/** The tunnel's secret, or its certificate: what stands nearest to it counts. `above` is what was given to
 * the tunnel's connection and defaults. */
void secret_read(struct reading *reading, const struct given *given, const struct given *above,
		 struct position at, struct config_tunnel *tunnel);

/** The level that was read last says another password than the one above, be it by `password_file` or
 * `password`. */
void password_inherit(struct given *given, const struct given *above);
/** The TCP MD5 password of a session (RFC 2385). */
void password_read(struct reading *reading, const struct given *given, struct config_bgp *bgp);

/* --- certificates ----------------------------------------------------------------------------- */

/** The level that was read last says another certificate than the one above: its file or pkcs12 replaces
 * both, with the key and the password; ca and crl stay unless they are named too. */
void certificate_inherit(struct config_certificate *certificate, const struct given *given,
			 const struct given *above);
/** Loads what the tunnel's `certificate` names, or shares it where that was loaded before. */
void certificate_load(struct reading *reading, const struct given *given, struct position at,
		      struct config_tunnel *tunnel);
void certificates_free(struct reading *reading);
/** Frees the texts. */
void certificate_names_free(struct config_certificate *certificate);
void certificate_names_copy(struct config_certificate *to, const struct config_certificate *from);

/* What the files hold, as OpenSSL has it. */
struct certificate_set {
	struct x509_st *certificate;
	struct evp_pkey_st *key;
	struct stack_st_X509 *chain, *authorities;
	struct stack_st_X509_CRL *crls;
};

/* Where a tunnel's certificate stands in the file, for findings. */
struct certificate_places {
	struct position file, key, password_file, ca, crl;
};

/** Reads all files. False: an error was found. `set` is to be freed in any case. */
bool certificate_files_read(struct reading *reading, const struct config_certificate *names,
			    const struct certificate_places *places, struct certificate_set *set);
void certificate_set_free(struct certificate_set *set);
/** Says what would not work, or not for long. */
void certificate_check(struct reading *reading, const struct config_certificate *names,
		       const struct certificate_places *places, const struct certificate_set *set);

/* --- identities ------------------------------------------------------------------------------- */

enum identity_kind {
	IDENTITY_BAD,
	IDENTITY_IPV4,
	IDENTITY_IPV6,
	IDENTITY_FQDN,
	IDENTITY_EMAIL, /* user@fqdn */
	IDENTITY_DN,
	IDENTITY_KEY_ID
};
/** The type that charon takes a text for (RFC 7296 3.5), BAD where it makes no sense as that. `value` is set
 * to where the identity begins, behind a prefix such as "fqdn:". */
enum identity_kind identity_kind(const char *text, const char **value);
/** The identity as one text, however it is written: two that charon takes for one are equal. Returns new. */
char *identity_plain(const char *text);
/** Does a certificate have this identity: as its subject, or among its alternative names? (RFC 4945 5.1.3) */
bool identity_in_certificate(const char *text, const struct x509_st *certificate);

/* --- rules ------------------------------------------------------------------------------------ */

/** RFC 7999, 3.3: rules are to say what a peer may have discarded. */
void check_blackhole(struct reading *reading, const struct config_bgp *bgp, const struct given *given,
		     struct position at);
/** All is there: networks may stand behind the aggregates in the file. */
void check_aggregates(struct reading *reading, const struct given *given);
void check_gateway(struct reading *reading, const struct given *given, struct position at);
/** Fills in what follows from other keys (identities, the peer's inside address) and checks the whole. */
void check_tunnel(struct reading *reading, const struct config_connection *connection,
		  struct config_tunnel *tunnel, const struct given *given, struct position at);
/** The file says `remote: any`: an unset address may also be one that could not be read. */
bool remote_is_any(const struct given *given);
/** Fills in the identities that the file doesn't name (check_identity.c). */
void check_identities(struct reading *reading, struct config_tunnel *tunnel, const struct given *given,
		      struct position at);
/** Warns of what selectors leave out that the tunnel has to carry (check_selectors.c). */
void check_selectors(struct reading *reading, const struct config_connection *connection,
		     const struct config_tunnel *tunnel, const struct given *given, struct position at);
void check_connection(struct reading *reading, struct config_connection *connection,
		      const struct given *given, struct position at);
void check_peer(struct reading *reading, struct config_peer *peer, const struct given *given,
		struct position at);

/** What rules of export set that won't do what their writer hopes (rules.c): between two ASes, for a tunnel.
 */
void check_export_rules(struct reading *reading, const struct policy *policy, bool external, bool tunnel,
			struct position at);

struct unique *unique_new(void);
void unique_free(struct unique *unique);
void unique_connection(struct unique *unique, const struct config_connection *connection,
		       const struct given *given, struct position at);
void unique_tunnel(struct unique *unique, const struct config_tunnel *tunnel, const struct given *given,
		   struct position at);
void unique_peer(struct unique *unique, const struct config_peer *peer, const struct given *given,
		 struct position at);
/** All has been told: says what meets what. */
void unique_check(struct unique *unique, const struct config *config, const struct given *gateway,
		  struct config_findings *findings);

/** text_quoted() under a short name: nearly every message here has it. */
static inline const char *
quoted(const char *text)
{
	return text_quoted(text);
}

#endif
