// SPDX-License-Identifier: GPL-2.0-or-later
/* Finding the program's own files; see paths.h. */
#include "core/base/paths.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool
paths_program(char *out, size_t size)
{
	ssize_t got = readlink("/proc/self/exe", out, size - 1);

	if (got <= 0 || (size_t)got >= size - 1)
		return false;
	out[got] = '\0';
	return true;
}

/* The first of some places that exists; a place with a leading slash stands as it is, others are beside the
 * binary. */
static bool
first_folder(const char *const *places, char *out, size_t size)
{
	char program[4096], *slash;

	if (!paths_program(program, sizeof(program)) || (slash = strrchr(program, '/')) == NULL)
		program[0] = '\0';
	else
		*slash = '\0';
	for (; *places != NULL; places++) {
		int length = **places == '/' ? snprintf(out, size, "%s", *places)
					     : snprintf(out, size, "%s/%s", program, *places);

		if (length > 0 && (size_t)length < size && access(out, R_OK | X_OK) == 0)
			return true;
	}
	return false;
}

/* "folder/name.suffix" where that can be read. */
static bool
file_in(const char *folder, const char *name, const char *suffix, char *out, size_t size)
{
	int length;

	if (strchr(name, '/') != NULL)
		return false;
	length = snprintf(out, size, "%s/%s%s", folder, name, suffix);
	return length > 0 && (size_t)length < size && access(out, R_OK) == 0;
}

/* test programs lie deeper in the build folder than the program itself */
static const char *const plugin_places[] = {"plugins/.libs",       "../plugins/.libs",
					    "../../plugins/.libs", "../../../plugins/.libs",
					    TWINSPAN_PLUGIN_DIR,   NULL};

bool
paths_plugin(const char *name, char *out, size_t size)
{
	char folder[4096];

	/* the first folder that exists may be another's .libs, without the plugin */
	for (size_t i = 0; plugin_places[i] != NULL; i++) {
		const char *one[] = {plugin_places[i], NULL};

		if (first_folder(one, folder, sizeof(folder)) && file_in(folder, name, ".so", out, size))
			return true;
	}
	return false;
}

static void
add_formats(const char *folder, const char *prefix, struct text_list *out)
{
	DIR *list = opendir(folder);
	struct dirent *entry;

	while (list != NULL && (entry = readdir(list)) != NULL) {
		size_t length = strlen(entry->d_name), suffix = strlen(".so");
		char name[256];

		if (length <= suffix || strcmp(entry->d_name + length - suffix, ".so") != 0 ||
		    strncmp(entry->d_name, prefix, strlen(prefix)) != 0)
			continue;
		length -= suffix + strlen(prefix);
		snprintf(name, sizeof(name), "%.*s", (int)length, entry->d_name + strlen(prefix));
		for (char *at = name; *at != '\0'; at++)
			*at = *at == '_' ? '-' : *at;
		if (!text_list_has(out, name))
			text_list_add(out, name);
	}
	if (list != NULL)
		closedir(list);
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void
paths_formats(const char *prefix, struct text_list *out)
{
	char folder[4096];

	for (size_t i = 0; plugin_places[i] != NULL; i++) {
		const char *one[] = {plugin_places[i], NULL};

		if (first_folder(one, folder, sizeof(folder)))
			add_formats(folder, prefix, out);
	}
	if (out->count > 1)
		qsort(out->items, out->count, sizeof(*out->items), compare_names);
}

bool
paths_theme_folder(char *out, size_t size)
{
	static const char *const places[] = {"themes",          "../themes",        "../../themes",
					     "../../../themes", TWINSPAN_THEME_DIR, NULL};
	char probe[4200];

	/* an out-of-tree build folder has a themes/ of its own without files */
	for (size_t i = 0; places[i] != NULL; i++) {
		const char *one[] = {places[i], NULL};

		if (first_folder(one, out, size) && file_in(out, "dark", ".yaml", probe, sizeof(probe)))
			return true;
	}
	return false;
}

bool
paths_theme(const char *name, char *out, size_t size)
{
	char folder[4096];

	return paths_theme_folder(folder, sizeof(folder)) && file_in(folder, name, ".yaml", out, size);
}
