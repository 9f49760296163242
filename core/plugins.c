// SPDX-License-Identifier: GPL-2.0-or-later
/* The plugin loader; see plugins.h. */
#include "core/plugins.h"
#include "core/base/paths.h"
#include "core/base/text.h"

#include <dlfcn.h>
#include <string.h>

/* What is loaded stays and is what is meant from then on: the file may be replaced or removed meanwhile, as
 * by an upgrade, and a gateway that runs goes on with what it has. */
static const struct twinspan_plugin **loaded;
static size_t loaded_count;

static const struct twinspan_plugin *
find_loaded(const char *name)
{
	for (size_t i = 0; i < loaded_count; i++) {
		if (strcmp(loaded[i]->name, name) == 0)
			return loaded[i];
	}
	return NULL;
}

static const struct twinspan_plugin *
remember(const struct twinspan_plugin *plugin)
{
	loaded = memory_resize(loaded, (loaded_count + 1) * sizeof(*loaded));
	loaded[loaded_count++] = plugin;
	return plugin;
}

/* Is what the object exports a plugin of ours, by the name we asked for? */
static bool
fits(const struct twinspan_plugin *plugin, const char *name, const char *path, struct error *err)
{
	if (plugin->abi != TWINSPAN_PLUGIN_ABI)
		return error_set(
		    err, "%s was built for plugin ABI %u and this program has %u: build both together", path,
		    plugin->abi, TWINSPAN_PLUGIN_ABI);
	if (plugin->name == NULL || strcmp(plugin->name, name) != 0 || plugin->ops == NULL)
		return error_set(err, "%s is not the plugin '%s'", path, name);
	return true;
}

const struct twinspan_plugin *
plugin_load(const char *name, struct error *err)
{
	const struct twinspan_plugin *plugin = find_loaded(name);
	char path[4096];
	void *object;

	if (plugin != NULL)
		return plugin;
	if (!paths_plugin(name, path, sizeof(path))) {
		error_set(err,
			  "no plugin '%s': %s.so is neither beside the program nor in " TWINSPAN_PLUGIN_DIR,
			  name, name);
		return NULL;
	}
	object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (object == NULL) {
		error_set(err, "can't load %s: %s", path, dlerror());
		return NULL;
	}
	plugin = dlsym(object, TWINSPAN_PLUGIN_SYMBOL);
	if (plugin == NULL) {
		error_set(err, "%s is no twinspan plugin: it has no symbol " TWINSPAN_PLUGIN_SYMBOL, path);
		dlclose(object);
		return NULL;
	}
	if (fits(plugin, name, path, err))
		return remember(plugin);
	dlclose(object);
	return NULL;
}
