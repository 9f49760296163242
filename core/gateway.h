// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The gateway: puts the rooms together; nothing else knows all of them. These are the entry points that the
 * program's main() hands its arguments to.
 */
#ifndef TWINSPAN_GATEWAY_H
#define TWINSPAN_GATEWAY_H

#define GATEWAY_DEFAULT_CONFIG "/etc/twinspan/gateway.yaml"
#define GATEWAY_DEFAULT_SOCKET "/run/twinspan/control.sock"
#define GATEWAY_DEFAULT_STATE "/var/lib/twinspan"

struct gateway_options {
	const char *config;    /* file */
	const char *socket;    /* control socket */
	const char *state_dir; /* journal, usage */
	int verbose;           /* 0, 1, 2 */
};

/** Runs in the foreground until SIGTERM or SIGINT. Returns the exit code. */
int gateway_run(const struct gateway_options *options);
/** `twinspan check FILE`. Returns the exit code. */
int gateway_check(const char *file);

#endif
