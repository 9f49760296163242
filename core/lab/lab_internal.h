// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the lab's own files share. lab.c is the door and the foreground; keeper.c the process that owns
 * everything; network.c makes and removes namespaces; files.c the folder with configurations, secrets and the
 * state file; process.c starts programs inside namespaces; traffic.c the stream between the two hosts.
 */
#ifndef TWINSPAN_LAB_LAB_INTERNAL_H
#define TWINSPAN_LAB_LAB_INTERNAL_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "core/base/error.h"
#include "core/lab/lab.h"

#define LAB_SITE_HOST "10.20.0.10"
#define LAB_VPC_HOST "10.50.0.10"

/* The namespaces, in the order in which traffic passes them. */
enum lab_node { LAB_SITE, LAB_CUSTOMER, LAB_INTERNET, LAB_HUB, LAB_VPC, LAB_NODES };

struct lab {
	const struct lab_options *options;
	char id[8];       /* "3f2a": names folder and namespaces */
	char folder[64];  /* /run/twinspan-lab-3f2a, of mode 0700 */
	int folder_owned; /* the folder is there and is ours */
};

/** "tsXXXX-customer". Returns `out`. */
#define LAB_NAME 32
const char *lab_namespace(const struct lab *lab, enum lab_node node, char out[LAB_NAME]);
/** "customer", "hub", ... */
const char *lab_node_name(enum lab_node node);

/* --- network.c --- */

/** Makes namespaces, links, addresses and routes. What was made stays for lab_network_remove() after an
 * error. */
bool lab_network_make(const struct lab *lab, struct error *err);
/** Removes every namespace of the lab of that id; what is not there is fine. */
void lab_network_remove(const char *id);
/** The calling process enters a named network namespace. */
bool lab_network_enter(const char *name, struct error *err);

/* --- files.c --- */

#define LAB_PATH 128
/** "FOLDER/customer/NAME"; node LAB_CUSTOMER or LAB_HUB. Returns `out`. */
const char *lab_path(const struct lab *lab, enum lab_node node, const char *name, char out[LAB_PATH]);
/** Chooses a free id, makes the folder with its state file (so that a later run can tell whether we live). */
bool lab_files_make(struct lab *lab, struct error *err);
/** Writes both gateways' configurations and fresh secrets. */
bool lab_files_configure(const struct lab *lab, struct error *err);
/** Removes a lab's folder. */
void lab_files_remove(const char *id);
/** Clears what labs left behind whose keeper is dead: namespaces and folders. Returns how many. */
unsigned lab_files_clear_dead(void);
/** When a process started, in clock ticks since boot; 0 where there is none. With the pid it names it for
 * good. */
uint64_t lab_process_start(pid_t pid);

/* --- process.c --- */

/** Runs a program to its end (within `limit_ms`), in a named network namespace or where we are (NULL),
 * `input` (may be NULL) on its stdin. Its stdout and stderr, cut to `size`, are written to `out`. Returns its
 * exit code, or -1 with `err` where it could not run or was killed. */
int lab_run_program(const char *netns, const char *const *argv, const char *input, char *out, size_t size,
		    int limit_ms, struct error *err);
/** Starts a program inside a node's namespace, output appended to `log`, killed when this process dies. -1
 * and `err` on failure. */
pid_t lab_spawn(const struct lab *lab, enum lab_node node, const char *const *argv, const char *log,
		struct error *err);
/** Forks a process that calls `body` inside a node's namespace and is killed when this process dies. */
pid_t lab_fork(const struct lab *lab, enum lab_node node, void (*body)(void *context), void *context,
	       struct error *err);
/** SIGTERM to all, then, where one is still there after `patience_ms`, SIGKILL. Pids <= 0 are skipped. */
void lab_end_processes(const pid_t *pids, size_t count, int patience_ms);

/* --- traffic.c --- */

/* Counters in memory that the keeper and the traffic processes share. */
struct lab_traffic {
	volatile uint64_t sent, answered;
};

/** The VPC host's side: answers every packet. Never returns. */
void lab_traffic_answer(void *context);
/** The site host's side: sends some fifty to a hundred packets a second; `context` is the struct lab_traffic.
 */
void lab_traffic_send(void *context);

/* --- keeper.c --- */

/* What the keeper tells whoever started it. */
struct lab_report {
	void (*progress)(void *context, const char *text);
	void (*answering)(void *context, const char *customer_socket); /* both control sockets answer */
	void (*ready)(void *context, const char *json);                /* all is up */
	void (*failed)(void *context, const char *text);               /* several lines perhaps */
	void *context;
};

/** Builds the lab, tells of it, stays until SIGTERM, SIGINT or SIGHUP, takes it down. Returns the exit code.
 */
int lab_keeper_run(const struct lab_options *options, const struct lab_report *report);

#endif
