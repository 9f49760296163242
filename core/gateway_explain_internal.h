// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the files of `explain` share: an account is an explanation while it is made, lines for people and the
 * same as objects.
 */
#ifndef TWINSPAN_GATEWAY_EXPLAIN_INTERNAL_H
#define TWINSPAN_GATEWAY_EXPLAIN_INTERNAL_H

#include "core/gateway_internal.h"

struct account {
	struct gateway *gateway;
	json_t *lines, *layers;
	bool failed; /* a layer did: those above are not looked at */
	char first[32], cause[400], remedy[400];
	char summary[600]; /* one line, for who has no room for more */
};

enum layer_state { LAYER_OK, LAYER_WARNING, LAYER_FAILED, LAYER_UNKNOWN };

/* What is found of one layer of a tunnel. */
struct finding {
	enum layer_state state;
	usec_t since, seen; /* wall clock: how long it is so, when it was last heard of; 0: not known */
	char text[500];     /* what is */
	char cause[400], remedy[400];     /* where it fails; an empty cause: the text is */
	const char *ours, *theirs;        /* what the two sides had, borrowed; NULL: not known */
	const struct text_list *evidence; /* more lines, borrowed; NULL: none */
};

/* gateway_explain.c */
/** Appends a line, cleaned of control bytes. */
void explain_say(struct account *account, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** Adds a time to an answer; 0 adds nothing. */
void explain_add_time(json_t *object, const char *name, usec_t wall);
/** The tunnel whose interface it is, or NULL. */
const struct gateway_tunnel *explain_tunnel_of_interface(const struct gateway *gateway,
							 const char *interface);

/* gateway_explain_tunnel.c */
/** A tunnel's layers from the ground up, and of the first that fails the cause and what to do. */
void explain_layers(struct account *account, const struct gateway_tunnel *tunnel);

/** "3.2 s ago", "never". Returns `out`. */
const char *explain_ago(usec_t monotonic, char *out, size_t size);

/* gateway_explain_traffic.c: the layers above the child SA */
void explain_traffic_in(const struct gateway_tunnel *tunnel, struct finding *out);
void explain_traffic_out(const struct gateway_tunnel *tunnel, struct finding *out);
void explain_health(const struct gateway_tunnel *tunnel, struct finding *out);
void explain_bgp(const struct gateway_tunnel *tunnel, struct finding *out);
void explain_routes(const struct gateway_tunnel *tunnel, struct finding *out);

/* gateway_changes.c */
/** The last changes of exactly this prefix, the newest first: told, and put into `match`. */
void explain_changes(struct account *account, const struct ip_prefix *prefix, json_t *match);

/* gateway_explain_prefix.c */
/** Where packets to a prefix (or an address) go. */
void explain_prefix(struct account *account, const struct ip_prefix *target, json_t *result);

#endif
