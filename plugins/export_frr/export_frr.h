// SPDX-License-Identifier: GPL-2.0-or-later
/* The exporter of FRR's configuration, without its module: see export_frr.c. */
#ifndef TWINSPAN_EXPORT_FRR_H
#define TWINSPAN_EXPORT_FRR_H

#include "core/export.h"

extern const struct export_ops frr_export_ops;

#endif
