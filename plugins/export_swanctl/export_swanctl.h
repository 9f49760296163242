// SPDX-License-Identifier: GPL-2.0-or-later
/* The exporter of strongSwan's swanctl.conf, without its module: see export_swanctl.c. */
#ifndef TWINSPAN_EXPORT_SWANCTL_H
#define TWINSPAN_EXPORT_SWANCTL_H

#include "core/export.h"

extern const struct export_ops swanctl_export_ops;

#endif
