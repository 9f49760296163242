# SPDX-License-Identifier: GPL-2.0-or-later
"""BIRD 2 in a namespace, with a configuration and control socket of its own."""

import re
import subprocess

from process import Daemon
from tap import wait_until

CHANNEL = "{ import all; export where source = RTS_STATIC; }"


def configuration(router_id, *protocols):
    return f"log stderr all;\nrouter id {router_id};\nprotocol device {{}}\n" + "".join(protocols)


def static(networks, version=4):
    """Routes of its own; a dictionary says what each sets besides ("bgp_med = 70;")."""
    more = networks if isinstance(networks, dict) else {}
    routes = "".join(f"    route {network} blackhole {{ {more.get(network, '')} }};\n" for network in networks)
    return f"protocol static nets{version} {{\n    ipv{version};\n{routes}}}\n"


def session(name, local, asn, remote, remote_asn, more="", channels=f"ipv4 {CHANNEL};"):
    """A session of BGP that dials again after a second. `more`: statements besides; `channels`: its families, each with
    what it takes and tells."""
    return (f"protocol bgp {name} {{\n    local {local} as {asn};\n    neighbor {remote} as {remote_asn};\n"
            "    hold time 30; connect retry time 1; error wait time 1, 2; connect delay time 1;\n"
            f"    {more}\n    {channels}\n}}\n")


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

    def heard(self, protocol):
        """The capabilities that its peer has told, as BIRD's lines name them: {"AF preserved": "ipv4", ...}."""
        text = self.birdc("show", "protocols", "all", protocol).split("Neighbor capabilities", 1)[-1].split("Session:", 1)[0]
        return {key: value.strip() for key, _, value in (line.strip().partition(":") for line in text.splitlines())}

    def routes(self, *words):
        return self.birdc("show", "route", *words)

    def has_route(self, prefix):
        return prefix in self.routes(prefix)

    def tail(self, lines=10):
        if not self.running:
            return super().tail(lines)
        return "\n".join([super().tail(lines), self.birdc("show", "protocols"), self.birdc("show", "route", "all")])
