// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Exporting from the program's side: a configuration, the plugin that knows the format, and what the other
 * side of the connections has to configure in it. `twinspan export` is exporter_run(); the console hands the
 * masked configuration of a gateway, which may be far away, to exporter_write().
 *
 *   exporter.c        formats, the command
 *   exporter_view.c   a configuration as the other side sees it
 */
#ifndef TWINSPAN_EXPORTER_H
#define TWINSPAN_EXPORTER_H

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/config/config.h"
#include "core/export.h"

/* --- the other side's view (exporter_view.c) -------------------------------------------------------------
 */

struct exporter_view {
	struct export_view view;
	/* what it points at */
	struct export_connection *connections;
	struct export_tunnel *tunnels;
	struct text_list labels;
};

/**
 * The view of connections or single tunnels by their names; of all connections where none is named. It
 * borrows from `config`, and from `names` nothing. `secrets`: the keys are in it. False with `err` for a name
 * that is not there, or where there are no connections. Freed by exporter_view_free().
 */
bool exporter_view_make(const struct config *config, const struct text_list *names, bool secrets,
			struct exporter_view *out, struct error *err);
void exporter_view_free(struct exporter_view *view);

/* --- writing (exporter.c) ----------------------------------------------------------------------------------
 */

struct exporter_result {
	char *text; /* with a head of comments, and a NUL behind it; may hold secrets */
	size_t length;
	struct text_list notes; /* what a person should look at; also in the text's head */
};

/** The names of the formats that there are plugins for, sorted: "aws-cli". */
void exporter_formats(struct text_list *out);
/** Freed by exporter_result_free(). False with `err`, also where the format can't express it. */
bool exporter_write(const char *format, const struct config *config, const struct text_list *names,
		    bool inline_secrets, struct exporter_result *result, struct error *err);
void exporter_result_free(struct exporter_result *result);

struct exporter_command {
	const char *format, *file; /* file: the configuration */
	const char *names;         /* of connections or tunnels, with blanks between; NULL: all connections */
	bool inline_secrets;       /* only then secrets are read at all */
};

/** Names with blanks between them, each once more into a list. */
void exporter_names(const char *text, struct text_list *out);

/** `twinspan export FORMAT [CONNECTION]...`: to stdout, remarks to stderr. Returns the exit code. */
int exporter_run(const struct exporter_command *command);

#endif
