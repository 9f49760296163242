// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What needs a person, in words and in the order of urgency. It is read off the rows of the model, off what
 * the console remembers of their figures, and off the few events that stay true for a while (the journal
 * can't be written, the gateway was busy).
 */
#ifndef TWINSPAN_TUI_PANELS_ATTENTION_H
#define TWINSPAN_TUI_PANELS_ATTENTION_H

#include "tui/panel.h"

#define ATTENTION_MOST 64

/* The most urgent first. */
enum attention_urgency {
	ATTENTION_DOWN,    /* a connection that carries nothing */
	ATTENTION_CONFIRM, /* a switchover that will turn back */
	ATTENTION_SPAN,    /* one of two tunnels */
	ATTENTION_EXPIRED, /* our certificate */
	ATTENTION_BGP,
	ATTENTION_HOST, /* a setting of the gateway's machine */
	ATTENTION_ASYMMETRIC,
	ATTENTION_HELD,
	ATTENTION_EXPIRES,
	ATTENTION_ROTATION,
	ATTENTION_LIMIT,
	ATTENTION_QUALITY, /* RTT, loss */
	ATTENTION_JOURNAL,
	ATTENTION_BUSY
};

struct attention_item {
	enum attention_urgency urgency;
	enum model_kind kind; /* of the row that it is about */
	char key[128];
	char text[240];
};

struct attention {
	struct attention_item items[ATTENTION_MOST];
	size_t count, all; /* of `items`; with those that had no room in them */
};

/** Collects all of it as of scene->now. */
void attention_collect(struct scene *scene, struct attention *out);
/**
 * The one behind that of the given row, around the end; the first where the row has none. NULL where there is
 * nothing to do.
 */
const struct attention_item *attention_next(const struct attention *attention, enum model_kind kind,
					    const char *key);

#endif
