// SPDX-License-Identifier: GPL-2.0-or-later
/* A way to a site by which nothing ever comes. */
#ifndef TWINSPAN_TESTS_UNIT_SITES_NO_WAY_H
#define TWINSPAN_TESTS_UNIT_SITES_NO_WAY_H

#include "core/control/transport.h"

static inline void *
no_way_open(void *context, uv_loop_t *loop, const struct control_transport_events *events)
{
	return context;
}

static inline const char *
no_way_why(void *attempt, bool *lasting)
{
	return NULL;
}

static inline const char *
no_way_key(void *attempt)
{
	return NULL;
}

static inline void
no_way_close(void *attempt)
{
}

/** As fleet_options ask for one. */
static inline const struct control_transport *
no_way_to(const char *site)
{
	static int nothing;
	static const struct control_transport way = {.open = no_way_open,
						     .why = no_way_why,
						     .key = no_way_key,
						     .close = no_way_close,
						     .context = &nothing};

	return &way;
}

#endif
