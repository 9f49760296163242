// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where the program's own files are: beside the binary in a build folder, else where `make install` put them.
 */
#ifndef TWINSPAN_BASE_PATHS_H
#define TWINSPAN_BASE_PATHS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/text.h"

/** Absolute path of this program's binary. False where /proc can't tell. */
bool paths_program(char *out, size_t size);
/** Path of a plugin's shared object by name ("dataplane_userspace"). False where it is nowhere. */
bool paths_plugin(const char *name, char *out, size_t size);
/** The formats that there are plugins for: what follows `prefix` ("export_") in their names, with '-' for
 * '_' ("aws-cli"), each once, sorted; added to `out`. */
void paths_formats(const char *prefix, struct text_list *out);
/** Path of an installed theme by name ("dark"). False where it is nowhere. */
bool paths_theme(const char *name, char *out, size_t size);
/** The folder of the installed themes. */
bool paths_theme_folder(char *out, size_t size);

#endif
