// SPDX-License-Identifier: GPL-2.0-or-later
/* Making the control socket; only server.c uses it. */
#ifndef TWINSPAN_CONTROL_LISTEN_H
#define TWINSPAN_CONTROL_LISTEN_H

#include <stdbool.h>
#include <uv.h>

#include "core/base/error.h"

/**
 * Binds an initialised pipe to a path and listens: the folder is made where it is missing (0755), a socket
 * that nobody serves is replaced, everybody may connect (0666). A path that another process serves is an
 * error.
 */
bool control_listen_on(uv_pipe_t *pipe, const char *path, uv_connection_cb on_connection, struct error *err);
/** False, with `err`, for a path that is too long for a unix socket. */
bool control_listen_path_fits(const char *path, struct error *err);

#endif
