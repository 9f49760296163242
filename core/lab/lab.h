// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The built-in lab: network namespaces with a customer gateway, an internet, a hub with two outside addresses
 * and a host behind each; both gateways are this program. It touches nothing outside its namespaces.
 */
#ifndef TWINSPAN_LAB_LAB_H
#define TWINSPAN_LAB_LAB_H

#include <stdbool.h>

struct lab_options {
	const char *program; /* path of the twinspan binary to run as gateways */
	bool headless;       /* print readiness as one JSON line, stay until SIGTERM */
	bool keep;           /* leave it running */
	/** Opens the console on a gateway's socket; returns when the operator leaves. Not used when headless.
	 */
	int (*console)(void *context, const char *socket);
	void *context;
};

/** Returns the exit code. */
int lab_run(const struct lab_options *options);

#endif
