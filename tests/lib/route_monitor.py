# SPDX-License-Identifier: GPL-2.0-or-later
"""What becomes of routes in a namespace, as `ip monitor route` has it: also what is gone for a moment only."""

import time

from process import Daemon
from tap import wait_until


class RouteMonitor:
    """Listens from when it is made."""

    def __init__(self, suite, folder, namespace):
        self.daemon = Daemon(suite, f"monitor-{namespace.role}-{time.monotonic_ns()}", folder, namespace,
                             ["ip", "monitor", "route"]).start()
        wait_until(lambda: self._hears(namespace), 10, f"{self.daemon.name} listens")

    def _hears(self, namespace):
        for what in ("add", "del"):
            namespace.ip(f"route {what} blackhole 198.18.0.0/30 proto 200")
        return "Deleted blackhole 198.18.0.0/30" in self.daemon.text()

    def lines(self, *prefixes):
        """What it has heard of these."""
        return [line for line in self.daemon.text().splitlines() if any(prefix in line.split() for prefix in prefixes)]

    def deleted(self, *prefixes):
        return [line for line in self.lines(*prefixes) if line.startswith("Deleted")]

    def end(self):
        self.daemon.kill()
