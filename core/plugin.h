// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Plugins: shared objects that export one symbol, `twinspan_plugin`. A plugin includes this header and the
 * door of its kind (core/dataplane.h, core/probe.h, core/import.h, core/export.h), and nothing else of the
 * gateway but core/base, which it links statically.
 */
#ifndef TWINSPAN_PLUGIN_H
#define TWINSPAN_PLUGIN_H

#include <stdint.h>

/* Rises with every incompatible change of this header or of a kind's door. */
#define TWINSPAN_PLUGIN_ABI 9

enum twinspan_plugin_kind {
	TWINSPAN_PLUGIN_DATAPLANE = 1,
	TWINSPAN_PLUGIN_PROBE = 2,
	TWINSPAN_PLUGIN_IMPORT = 3,
	TWINSPAN_PLUGIN_EXPORT_FORMAT = 4
};

struct twinspan_plugin {
	uint32_t abi; /* TWINSPAN_PLUGIN_ABI */
	enum twinspan_plugin_kind kind;
	const char *name; /* dataplane_userspace */
	const char *version, *description;
	const void *ops; /* const struct dataplane_ops * and so on */
};

#define TWINSPAN_PLUGIN_SYMBOL "twinspan_plugin"
#define TWINSPAN_PLUGIN_EXPORT __attribute__((visibility("default")))

#endif
