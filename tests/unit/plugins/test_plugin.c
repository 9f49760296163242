// SPDX-License-Identifier: GPL-2.0-or-later
/* The loader, with the plane's own module and with one of another ABI. */
#include "core/plugins.h"
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
	/* no operation is missing: those after kernel_sas are pointers one by one */
	for (void *const *at = (void *const *)&ops->probe; at <= (void *const *)&ops->keepalive_send; at++)
		assert_non_null(*at);
	assert_ptr_equal(plugin_load("dataplane_userspace", &err), plugin);
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

TEST_MAIN(cmocka_unit_test(the_userspace_plane_loads_and_has_every_operation),
	  cmocka_unit_test(an_unknown_plugin_is_an_error_that_names_it),
	  cmocka_unit_test(a_plugin_of_another_abi_is_refused),
	  cmocka_unit_test(a_shared_object_that_is_no_plugin_is_refused))
