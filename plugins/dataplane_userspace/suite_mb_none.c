// SPDX-License-Identifier: GPL-2.0-or-later
/* In the place of suite_mb.c where ipsec-mb is missing: it is for x86 only, and configure looks for it. */
#include "plugins/dataplane_userspace/userspace.h"

#include <stdio.h>

static bool
none_usable(void)
{
	return false;
}

static const struct suite_ops *
none_ops(const struct suite *suite)
{
	return suite->ops;
}

static void
none_describe(char *out, size_t size)
{
	snprintf(out, size, "built without ipsec-mb");
}

const struct suite_provider suite_provider_mb = {
    .name = "ipsec-mb",
    .usable = none_usable,
    .ops = none_ops,
    .describe = none_describe,
};
