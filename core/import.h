// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The importers' door: a plugin that reads what another product says about a connection and writes it as a
 * configuration of ours. Bytes in; YAML text, secrets and findings out. It touches no file and prints
 * nothing: where secrets go is its caller's business (core/importer.h).
 *
 * An open file lists its connections, so that a person may choose one and name it before it is written.
 */
#ifndef TWINSPAN_IMPORT_H
#define TWINSPAN_IMPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/address.h"

/* What was found while reading or writing. No control bytes, no secrets. */
struct import_finding {
	unsigned line; /* from 1; 0: the file as a whole */
	char text[400];
};

struct import_file; /* an open one, of the plugin's own making */

/* A connection of an open file; what it points at is borrowed from that. */
struct import_connection {
	const char *id;   /* as the other side calls it; "" where the file doesn't say */
	const char *name; /* the one it gets unless another is chosen: valid and unique in the file */
	bool dynamic;
	size_t tunnels;
	struct ip_address remote[2]; /* of its tunnels */
};

struct import_options {
	const char *source;     /* the file's name, for the comment at the head */
	const char *connection; /* only this one, by id or name; NULL: all */
	const char *name;       /* what to call it, where it is one; NULL: as import_connection has it */
	bool connection_only;   /* just the items of `connections:`, to be put below those of another file */
	bool inline_secrets;    /* secrets go into the text and not into `secrets` */
	/* Would a configuration with this proposal be accepted? */
	bool (*accepts)(bool esp, const char *proposal);
};

struct import_secret {
	char *file; /* "psk/aws-paris-1", below the configuration's folder; never has ".." or a leading '/' */
	char *text;
};

/* Zero-initialise to make one; the plugin's `result_free` frees and clears it. */
struct import_result {
	char *text;
	size_t length;
	struct import_secret *secrets;
	size_t secret_count;
	struct import_finding *findings; /* what a person should look at; not errors */
	size_t finding_count;
};

struct import_ops {
	const char *format; /* "aws" */
	/** Reads all of it. NULL with `why` where it is not such a file or is broken. `bytes` is borrowed. */
	struct import_file *(*open)(const char *bytes, size_t length, struct import_finding *why);
	void (*close)(struct import_file *file);
	size_t (*count)(const struct import_file *file);
	void (*describe)(const struct import_file *file, size_t index, struct import_connection *out);
	/** Writes what `options` asks for into `result`. False with `why` where there is nothing to write. */
	bool (*write)(const struct import_file *file, const struct import_options *options,
		      struct import_result *result, struct import_finding *why);
	void (*result_free)(struct import_result *result);
};

#endif
