# SPDX-License-Identifier: GPL-2.0-or-later
"""BIRD 2 in a namespace, with a configuration and control socket of its own."""

import re
import subprocess

from process import Daemon
from tap import wait_until


class Bird(Daemon):
    def __init__(self, suite, name, folder, namespace, configuration):
        self.home = folder / name
        self.home.mkdir(mode=0o700)
        self.configuration = self.home / "bird.conf"
        self.configuration.write_text(configuration)
        self.control = self.home / "bird.ctl"
        super().__init__(suite, name, folder, namespace,
                         ["bird", "-f", "-c", self.configuration, "-s", self.control, "-P", self.home / "bird.pid"])

    def start(self):
        super().start()
        wait_until(self.control.exists, 10, f"{self.name} has its control socket")
        return self

    def birdc(self, *words, seconds=10):
        """What birdc says, without its greeting. Empty where BIRD doesn't answer."""
        done = subprocess.run(["birdc", "-s", str(self.control), *words], capture_output=True, text=True,
                              timeout=seconds)
        return "\n".join(done.stdout.splitlines()[1:]) if done.returncode == 0 else ""

    def configure(self, configuration):
        self.configuration.write_text(configuration)
        return self.birdc("configure")

    def established(self, protocol):
        return re.search(rf"^{protocol}\s+BGP\s.*Established", self.birdc("show", "protocols"), re.MULTILINE) is not None

    def routes(self, *words):
        return self.birdc("show", "route", *words)

    def has_route(self, prefix):
        return prefix in self.routes(prefix)

    def tail(self, lines=25):
        if not self.running:
            return super().tail(lines)
        return "\n".join([super().tail(lines), self.birdc("show", "protocols"), self.birdc("show", "route", "all")])
