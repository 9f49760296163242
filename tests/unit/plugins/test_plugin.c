// SPDX-License-Identifier: GPL-2.0-or-later
/* The loader, with the plane's own module and with one of another ABI. */
#include "core/plugins.h"
#include "core/base/paths.h"
#include "core/dataplane.h"
#include "tests/unit/test.h"

static void
the_userspace_plane_loads_and_has_every_operation(void **state)
{
	struct error err;
	const struct twinspan_plugin *plugin = plugin_load("dataplane_userspace", &err);
	const struct dataplane_ops *ops;

	if (plugin == NULL)
		fail_msg("%s", err.text);
	assert_int_equal(plugin->kind, TWINSPAN_PLUGIN_DATAPLANE);
	ops = plugin->ops;
	assert_string_equal(ops->name, "userspace");
	assert_false(ops->kernel_sas);
	assert_true(ops->prefers_udp);
	/* No operation is missing but the one for kernel_sas, and the one for what a killed run left: its
	 * devices went with it. */
	for (void *const *at = (void *const *)&ops->probe; at <= (void *const *)&ops->keepalive_send; at++)
		assert_true((*at != NULL) == (at != (void *const *)&ops->tunnel_kernel_sa &&
					      at != (void *const *)&ops->clear));
	assert_ptr_equal(plugin_load("dataplane_userspace", &err), plugin);
}

static void
the_kernels_plane_loads_without_what_the_kernel_does(void **state)
{
	struct error err;
	const struct twinspan_plugin *plugin = plugin_load("dataplane_kernel", &err);
	const struct dataplane_ops *ops;

	if (plugin == NULL)
		fail_msg("%s", err.text);
	ops = plugin->ops;
	assert_string_equal(ops->name, "kernel");
	assert_true(ops->kernel_sas);
	assert_false(ops->prefers_udp);
	for (void *const *at = (void *const *)&ops->probe; at <= (void *const *)&ops->keepalive_send; at++)
		assert_true((*at != NULL) ==
			    (at < (void *const *)&ops->spi_allocate &&
			     at != (void *const *)&ops->tunnel_path)); /* the kernel does these itself */
}

static void
an_unknown_plugin_is_an_error_that_names_it(void **state)
{
	struct error err;

	assert_null(plugin_load("dataplane_nowhere", &err));
	assert_non_null(strstr(err.text, "dataplane_nowhere"));
	assert_null(plugin_load("../plugins/.libs/dataplane_userspace", &err));
}

static void
a_plugin_of_another_abi_is_refused(void **state)
{
	struct error err;

	assert_null(plugin_load("test_old_abi", &err));
	assert_non_null(strstr(err.text, "ABI"));
}

static void
a_shared_object_that_is_no_plugin_is_refused(void **state)
{
	struct error err;

	assert_null(plugin_load("test_no_plugin", &err));
	assert_non_null(strstr(err.text, "no twinspan plugin"));
}

/* As an upgrade of the package does it: a gateway that runs must not lose what it has loaded. */
static void
a_plugin_that_is_loaded_outlives_its_file(void **state)
{
	const struct twinspan_plugin *plugin;
	struct error err;
	char path[4096], aside[4100];

	assert_true(paths_plugin("test_removed", path, sizeof(path)));
	snprintf(aside, sizeof(aside), "%s.x", path);
	plugin = plugin_load("test_removed", &err);
	if (plugin == NULL)
		fail_msg("%s", err.text);
	assert_int_equal(rename(path, aside), 0);
	assert_ptr_equal(plugin_load("test_removed", &err), plugin);
	assert_int_equal(rename(aside, path), 0);
}

TEST_MAIN(cmocka_unit_test(the_userspace_plane_loads_and_has_every_operation),
	  cmocka_unit_test(the_kernels_plane_loads_without_what_the_kernel_does),
	  cmocka_unit_test(an_unknown_plugin_is_an_error_that_names_it),
	  cmocka_unit_test(a_plugin_of_another_abi_is_refused),
	  cmocka_unit_test(a_shared_object_that_is_no_plugin_is_refused),
	  cmocka_unit_test(a_plugin_that_is_loaded_outlives_its_file))
