// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * All gateways that a console knows: the one that it was opened on ("home"), and the sites of console.yaml,
 * each with a connection of its own, a copy of its model and what is known of the way there. They connect
 * side by side; none waits for another. Of a site that one is not at only what the list of sites shows is
 * followed.
 *
 * What SSH asks (a host key that is not known, a passphrase) waits until a person turns to that site: nothing
 * comes up on the screen by itself.
 */
#ifndef TWINSPAN_TUI_SITES_FLEET_H
#define TWINSPAN_TUI_SITES_FLEET_H

#include <uv.h>

#include "core/control/client.h"
#include "tui/panel.h"
#include "tui/settings.h"
#include "tui/ssh/ssh.h"

#define FLEET_HOME 0 /* its place in the list */
#define SITE_WHY 400 /* bytes: how to mend it stands at the end of such a text */

struct fleet;

#define FLEET_WORST 4 /* lines that one site has at most among what needs a person */

struct fleet_site {
	char name[64];  /* console.yaml's; "" for home, whose gateway has a name */
	char host[256]; /* where SSH goes; "" for home */
	char group[64];
	bool production;
	struct scene scene; /* its client is NULL while it is disconnected by hand; the store stays */
	enum control_client_state state;
	char why[SITE_WHY]; /* the client's word on its state; "" for none */
	bool ever_live;
	double rtt_ms; /* from a request to its answer; NAN: not measured */
	bool off;      /* disconnected by hand */
	bool given_up; /* `why` is somebody's word on it: it was not waited for any longer */
	bool asks;     /* a question waits (fleet_question) */
	bool wanted;   /* a person turned to it and waits: what it asks may be shown at once */
	bool full;     /* all is followed: one was there */
	bool dirty;    /* its row is older than what is known */
	/* What needs a person there, as of `looked_at` (wall clock): how much that is, and the worst of it,
	 * the most urgent first. Kept, since to find it is to look through all rows. */
	struct {
		bool stirred; /* its rows have changed since */
		usec_t looked_at;
		size_t all, count; /* count: of `worst` */
		struct {
			int urgency;
			char text[240];
		} worst[FLEET_WORST];
	} needs;
	struct fleet_link *link; /* fleet.c's */
};

struct fleet_events {
	void *context;
	void (*state)(void *context, size_t site);
	/** A row of its model changed or went (`row` is NULL then). May be NULL. */
	void (*changed)(void *context, size_t site, enum model_kind kind, const void *row);
	/** A question came or was withdrawn. NULL: nobody can be asked, and what would be is refused. */
	void (*asks)(void *context, size_t site);
	/** Its link was measured. May be NULL. */
	void (*measured)(void *context, size_t site);
};

struct fleet_options {
	const char *socket;                        /* of home */
	const struct control_transport *transport; /* of home, instead; NULL: the socket */
	const char *place; /* what home is called where its gateway has not said its name */
	uint64_t kinds;    /* what is followed of a gateway that one is at */
	size_t events;
	struct fleet_events callbacks;
	bool no_home;   /* only sites: none stands for the gateway here */
	bool once;      /* each is tried once; else for ever */
	bool news_only; /* rows are for who prints each change: figures alone are none, nor is a countdown */
	/** Which of the settings' sites; NULL: all. */
	bool (*wanted)(const void *context, const char *site);
	const void *wanted_context;
	/** The way to a site instead of SSH; NULL: SSH. */
	const struct control_transport *(*transport_to)(const char *site);
};

/** Home connects at once. The settings are borrowed. NULL with `err`. */
struct fleet *fleet_new(uv_loop_t *loop, struct settings *settings, const struct fleet_options *options,
			struct error *err);
/** Closes all connections; the loop has to run afterwards once, then fleet_free(). */
void fleet_close(struct fleet *fleet);
void fleet_free(struct fleet *fleet);
/** All sites begin to connect: once the first screen stands. */
void fleet_begin(struct fleet *fleet);

/**
 * All sites as rows of MODEL_KIND_SITE, in a store of their own, so that they are shown, sorted, filtered and
 * marked as any other rows. Home's key is its gateway's name. True as of the last fleet_refresh().
 */
struct model_store *fleet_list(struct fleet *fleet);
/** Brings the rows up to date; `now`: wall clock. Costs little where nothing has changed. */
void fleet_refresh(struct fleet *fleet, usec_t now);
/** The site whose row has that key; fleet_count() where there is none. */
size_t fleet_of_row(struct fleet *fleet, const char *key);
/** The key of a site's row. Valid until the fourth call after this one. */
const char *fleet_row(struct fleet *fleet, size_t site);
/** Says of a site that has not answered why it is not waited for any longer. */
void fleet_give_up(struct fleet *fleet, size_t site, const char *why);
/** What needs a person anywhere, the most urgent first. */
struct fleet_trouble {
	size_t site;
	int urgency;
	size_t place;       /* within its site, the worst first */
	size_t count;       /* what it stands for: 1, or what a site has beyond its FLEET_WORST lines */
	unsigned next_s;    /* seconds until it is tried again; 0: nothing is tried, or just now */
	bool asks, refused; /* nothing happens until somebody enters it, to answer or to try again */
	char text[SITE_WHY + 20];
};
/**
 * What needs a person, as of the last fleet_refresh(), in at most `most` lines; `*lines` is how many it would
 * be. However much one site has, it takes FLEET_WORST lines, and one if it is not reached. Returns how much
 * there is in all.
 */
size_t fleet_troubles(struct fleet *fleet, struct fleet_trouble *out, size_t most, size_t *lines);

size_t fleet_count(const struct fleet *fleet);
/** Borrowed; its scene may be used as any other. The pointer is good until a site is added or removed. */
struct fleet_site *fleet_at(struct fleet *fleet, size_t site);
/** By console.yaml's name; fleet_count() where there is none. */
size_t fleet_find(struct fleet *fleet, const char *name);
/** What it is called: console.yaml's name, else the gateway's. */
const char *fleet_name(const struct fleet_site *site);
/** "connecting to root@192.0.2.10", what SSH is about; "" where nothing is under way. Copied into `out`. */
const char *fleet_phase(const struct fleet_site *site, char *out, size_t size);

/** Follows all of it from now on. / In brief again: one has left it. */
void fleet_turn_to(struct fleet *fleet, size_t site);
void fleet_turn_from(struct fleet *fleet, size_t site);
/** Connects now, whatever was waited for. / Lets go of it until that. Neither is for home. */
void fleet_connect(struct fleet *fleet, size_t site);
void fleet_disconnect(struct fleet *fleet, size_t site);
/** From the settings, after a change of them: sites that are new are added, those that are gone removed. */
void fleet_reread(struct fleet *fleet);

/** The question that waits; NULL for none. */
const struct ssh_question *fleet_question(const struct fleet_site *site);
/** NULL: no. The text is wiped by whoever has it. */
void fleet_answer(struct fleet *fleet, size_t site, const char *text);

#endif
