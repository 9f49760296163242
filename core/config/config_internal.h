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
 *   secrets.c    pre-shared keys and their files
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
	SECTION_SETTINGS, /* what defaults, a connection and a tunnel may say */
	SECTION_CONNECTION,
	SECTION_TUNNEL,
	SECTION_PEER,
	SECTION_IKE,
	SECTION_ESP,
	SECTION_DPD,
	SECTION_BGP,
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
	field_reader read;   /* NULL: a section, or what config.c reads (the skeleton of the file, secrets) */
	size_t offset, size; /* of the member in the section's struct */
	const char *fallback;     /* the default, as it would stand in the file; lists with spaces between */
	uint64_t least, most;     /* numbers; durations in milliseconds */
	const struct word *words; /* what a word may be; ends with a NULL text */
	enum section sub;         /* the value is a map with the keys of this section; 0: it is not */
	bool required, zero;      /* zero: 0 is allowed though below `least` */
	bool any;                 /* addresses: the word `any` */
};

#define FIELDS_MOST 120
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
	char folder[4096];              /* where relative paths start */
	struct config_secrets *secrets; /* whose files are not there yet; NULL: none */
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
void read_amount(struct reading *, const struct field *, const struct node *, void *);
void read_currency(struct reading *, const struct field *, const struct node *, void *);
void read_bool(struct reading *, const struct field *, const struct node *, void *);
void read_milliseconds(struct reading *, const struct field *, const struct node *, void *);
void read_seconds(struct reading *, const struct field *, const struct node *, void *);
void read_word(struct reading *, const struct field *, const struct node *, void *);
void read_address(struct reading *, const struct field *, const struct node *, void *);
void read_router_id(struct reading *, const struct field *, const struct node *, void *);
void read_prefixes(struct reading *, const struct field *, const struct node *, void *);
void read_inside(struct reading *, const struct field *, const struct node *, void *);
void read_ike_proposals(struct reading *, const struct field *, const struct node *, void *);
void read_esp_proposals(struct reading *, const struct field *, const struct node *, void *);
/** False, with a finding, for a value that is no scalar or has nothing in it. */
bool value_is_text(struct reading *reading, const struct field *field, const struct node *value);

/* --- proposals, secrets ----------------------------------------------------------------------- */

/** Checks one proposal; findings at `at`. False: an error was found. */
bool proposal_check(struct reading *reading, bool esp, const char *text, struct position at);

/** The tunnel's secret from `psk` or `psk_file` as given. */
void secret_read(struct reading *reading, const struct given *given, struct position at,
		 struct config_tunnel *tunnel);

/* --- rules ------------------------------------------------------------------------------------ */

void check_gateway(struct reading *reading, const struct given *given, struct position at);
/** Fills in what follows from other keys (identities, the peer's inside address) and checks the whole. */
void check_tunnel(struct reading *reading, const struct config_connection *connection,
		  struct config_tunnel *tunnel, const struct given *given, struct position at);
void check_connection(struct reading *reading, struct config_connection *connection,
		      const struct given *given, struct position at);
void check_peer(struct reading *reading, struct config_peer *peer, const struct given *given,
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
