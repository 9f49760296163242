// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `twinspan bridge`: what a remote console runs over SSH. It carries bytes between its own stdin and stdout
 * and the control socket; the protocol's sizes and roles are the gateway's business. First it tells the
 * gateway for whom it stands: a role that the session may not exceed, the address from which SSH was used
 * (SSH_CONNECTION) and the key that sshd let in (SSH_USER_AUTH, where sshd has `ExposeAuthInfo yes`).
 */
#ifndef TWINSPAN_CONTROL_BRIDGE_H
#define TWINSPAN_CONTROL_BRIDGE_H

/**
 * Runs until one side ends. `role`: "viewer", "operator" or "admin"; NULL: the caller's own. What an
 * authorized_keys entry forces and what the client asked for (SSH_ORIGINAL_COMMAND) both count: the lower
 * one. What goes wrong is said as an error of the protocol on stdout. Returns the exit code: 0, 2 for a role
 * that there is not, 3 where no gateway answers, 4 where the gateway can't limit roles.
 */
int control_bridge_run(const char *socket, const char *role);

#endif
