// SPDX-License-Identifier: GPL-2.0-or-later
/* The exporter of BIRD 2's configuration, without its module: see export_bird.c. */
#ifndef TWINSPAN_EXPORT_BIRD_H
#define TWINSPAN_EXPORT_BIRD_H

#include "core/export.h"

extern const struct export_ops bird_export_ops;

#endif
