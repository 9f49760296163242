include tests/unit/base/local.mk
include tests/unit/model/local.mk
include tests/unit/config/local.mk
include tests/unit/ike/local.mk
include tests/unit/bgp/local.mk
include tests/unit/policy/local.mk
include tests/unit/bfd/local.mk
include tests/unit/routing/local.mk
include tests/unit/health/local.mk
include tests/unit/failover/local.mk
include tests/unit/journal/local.mk
include tests/unit/control/local.mk
include tests/unit/lab/local.mk
include tests/unit/sites/local.mk
include tests/unit/ssh/local.mk
include tests/unit/plugins.mk
include tests/console/local.mk
include tests/fuzz/local.mk
include tests/dataplane/local.mk
include tests/bench/local.mk

if HAVE_CMOCKA
check_PROGRAMS += $(UNIT_TESTS)
endif

noinst_HEADERS += tests/unit/lines.h tests/unit/sites/no_way.h tests/unit/test.h
EXTRA_DIST += .ci/run tests/architecture tests/bench/bgp tests/bench/bgp_kernel.py tests/bench/bgp_policy.py tests/bench/bgp_stand.py tests/bench/console tests/bench/dataplane tests/bench/dataplane_worlds.py tests/bench/failover.py tests/bench/failover_worlds.py tests/bench/hub_tunnels.py tests/bench/run tests/bench/sites tests/bench/soak tests/dataplane tests/lib tests/peers tests/run tests/sanitizers tests/setup tests/vm

# The programs that tests/run may build and run; it groups them by their folder.
.PHONY: print-test-programs test-modules
print-test-programs:
	@echo $(check_PROGRAMS) $(noinst_PROGRAMS)

# What the test programs load at run time.
test-modules: $(check_LTLIBRARIES) $(plugin_LTLIBRARIES)

# `make check`: what needs neither root nor another build.
check-local:
	$(top_srcdir)/tests/run --build-dir=$(abs_builddir) unit console
