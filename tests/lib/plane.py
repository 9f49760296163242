# SPDX-License-Identifier: GPL-2.0-or-later
"""Which data plane the tests of tests/dataplane are about: TWINSPAN_PLANE, "userspace" where it isn't set. The kernel's runs
in the virtual machine (vm.py), whatever this machine's kernel has; in there stock strongSwan has the kernel's ESP too.

    if __name__ == "__main__":
        main(suite)
"""

import os

from vm import main_inside

PLANES = ("userspace", "kernel")
PLANE = os.environ.get("TWINSPAN_PLANE", PLANES[0])
IN_KERNEL = PLANE == "kernel"


def main(suite):
    """Never returns."""
    if PLANE not in PLANES:
        raise SystemExit(f"TWINSPAN_PLANE is '{PLANE}': there are {' and '.join(PLANES)}")
    if IN_KERNEL:
        main_inside(suite, environment={"TWINSPAN_PLANE": PLANE})
    suite.main()
